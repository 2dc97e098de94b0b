//! Parquet from CSV: every table is written as CSV once, and Parquet is made of that with the types of its columns, so the
//! two cannot say different things.
//!
//! Texts are UTF8, whole numbers INT64, other numbers DOUBLE, flags BOOLEAN, instants TIMESTAMP(MILLIS, UTC); an empty cell is
//! null, and every column may have some. Pages are compressed with Snappy, which every reader knows. The same table gives the
//! same bytes.

use std::io::{self, Read, Write};
use std::sync::Arc;

use csv::StringRecord;
use ecsim_report::clock;
use ecsim_report::sinks::Cells;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

/// So many rows make a row group: they are held in memory, and are the least that a reader skips.
const ROWS: usize = 1 << 16;

/// The name of the Parquet file beside a CSV file.
#[must_use]
pub fn beside(csv: &str) -> String {
    format!("{}.parquet", csv.trim_end_matches(".csv"))
}

/// Makes Parquet of a CSV table. `cells` tells what the cells of a column hold, by its number and name.
///
/// # Errors
/// Where `csv` cannot be read or `writer` not be written to, and for a cell that is not what its column holds.
pub fn convert<W: Write + Send>(
    csv: impl Read,
    cells: impl Fn(usize, &str) -> Option<Cells>,
    writer: W,
) -> io::Result<W> {
    let mut reader = csv::Reader::from_reader(csv);
    let head = reader.headers()?.clone();
    let mut columns = head
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let cells =
                cells(at, name).ok_or_else(|| io::Error::other(format!("nothing is known of column {name}")))?;
            Ok(Column { name: name.to_owned(), cells, present: Vec::new(), values: Values::new(cells) })
        })
        .collect::<io::Result<Vec<Column>>>()?;
    let fields: Vec<_> =
        columns.iter().map(|column| column.field().map(Arc::new)).collect::<Result<_, _>>().map_err(io_error)?;
    let schema = Type::group_type_builder("table").with_fields(fields).build().map_err(io_error)?;
    let properties = WriterProperties::builder()
        .set_created_by(concat!("ecsim version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        .build();
    let mut file = SerializedFileWriter::new(writer, Arc::new(schema), Arc::new(properties)).map_err(io_error)?;
    let mut record = StringRecord::new();
    let mut rows = 0;
    while reader.read_record(&mut record)? {
        for (column, cell) in columns.iter_mut().zip(&record) {
            column.push(cell)?;
        }
        rows += 1;
        if rows == ROWS {
            put(&mut file, &mut columns).map_err(io_error)?;
            rows = 0;
        }
    }
    if rows > 0 {
        put(&mut file, &mut columns).map_err(io_error)?;
    }
    file.into_inner().map_err(io_error)
}

/// Writes a row group, and forgets its rows.
fn put<W: Write + Send>(file: &mut SerializedFileWriter<W>, columns: &mut [Column]) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    for column in columns {
        column.put(&mut group)?;
        column.present.clear();
        column.values = Values::new(column.cells);
    }
    group.close()?;
    Ok(())
}

/// A column in the making.
struct Column {
    name: String,
    cells: Cells,
    /// 1 for a cell with a value, 0 for an empty one.
    present: Vec<i16>,
    /// The values of those that have one.
    values: Values,
}

enum Values {
    Bytes(Vec<ByteArray>),
    Whole(Vec<i64>),
    Number(Vec<f64>),
    Flag(Vec<bool>),
}

impl Values {
    const fn new(cells: Cells) -> Self {
        match cells {
            Cells::Text => Self::Bytes(Vec::new()),
            Cells::Whole | Cells::Instant => Self::Whole(Vec::new()),
            Cells::Number => Self::Number(Vec::new()),
            Cells::Flag => Self::Flag(Vec::new()),
        }
    }
}

impl Column {
    fn field(&self) -> Result<Type, ParquetError> {
        let (physical, logical) = match self.cells {
            Cells::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Cells::Whole => (Physical::INT64, None),
            Cells::Number => (Physical::DOUBLE, None),
            Cells::Flag => (Physical::BOOLEAN, None),
            Cells::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        };
        Type::primitive_type_builder(&self.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
    }

    fn push(&mut self, cell: &str) -> io::Result<()> {
        if cell.is_empty() {
            self.present.push(0);
            return Ok(());
        }
        let fits = match &mut self.values {
            Values::Bytes(values) => keep(values, Some(cell.into())),
            Values::Whole(values) if self.cells == Cells::Instant => keep(values, clock::parse(cell)),
            Values::Whole(values) => keep(values, cell.parse().ok()),
            Values::Number(values) => keep(values, cell.parse().ok()),
            Values::Flag(values) => keep(values, cell.parse().ok()),
        };
        self.present.push(1);
        if fits {
            return Ok(());
        }
        let message = format!("column {}: `{cell}` is not of its kind ({:?})", self.name, self.cells);
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }

    fn put<W: Write + Send>(&self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        let Some(mut column) = group.next_column()? else {
            return Err(ParquetError::General("there are fewer columns than there were".into()));
        };
        self.write(&mut column)?;
        column.close()
    }

    fn write(&self, column: &mut SerializedColumnWriter<'_>) -> Result<usize, ParquetError> {
        let present = Some(self.present.as_slice());
        match &self.values {
            Values::Bytes(values) => column.typed::<ByteArrayType>().write_batch(values, present, None),
            Values::Whole(values) => column.typed::<Int64Type>().write_batch(values, present, None),
            Values::Number(values) => column.typed::<DoubleType>().write_batch(values, present, None),
            Values::Flag(values) => column.typed::<BoolType>().write_batch(values, present, None),
        }
    }
}

/// Adds a value, if it is one; tells whether it was.
fn keep<T>(values: &mut Vec<T>, value: Option<T>) -> bool {
    let is_one = value.is_some();
    values.extend(value);
    is_one
}

/// The writer's own error, with its kind: a full disk must be known as such.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::Field;

    const TABLE: &str = "name,count,share,here,at\n\
                         \"a, \"\"b\"\"\",3,0.25,true,2026-03-02T00:00:00.250Z\n\
                         ,,,,\n\
                         ü,-7,1e-9,false,1969-12-31T23:59:59.999Z\n";
    const CELLS: [Cells; 5] = [Cells::Text, Cells::Whole, Cells::Number, Cells::Flag, Cells::Instant];

    fn made(table: &str) -> io::Result<Vec<u8>> {
        convert(table.as_bytes(), |at, _| CELLS.get(at).copied(), Vec::new())
    }

    fn read(bytes: &[u8]) -> SerializedFileReader<std::fs::File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        SerializedFileReader::new(file).unwrap()
    }

    #[test]
    fn a_table_is_read_back_cell_by_cell() {
        let bytes = made(TABLE).unwrap();
        assert_eq!(bytes, made(TABLE).unwrap(), "the same table gives the same bytes");
        let reader = read(&bytes);
        let by = reader.metadata().file_metadata().created_by().unwrap();
        assert_eq!(by, concat!("ecsim version ", env!("CARGO_PKG_VERSION")));
        let rows: Vec<Vec<Field>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect())
            .collect();
        let text = |it: &str| Field::Str(it.to_owned());
        assert_eq!(
            rows,
            [
                vec![
                    text("a, \"b\""),
                    Field::Long(3),
                    Field::Double(0.25),
                    Field::Bool(true),
                    Field::TimestampMillis(1_772_409_600_250)
                ],
                vec![Field::Null; 5],
                vec![text("ü"), Field::Long(-7), Field::Double(1e-9), Field::Bool(false), Field::TimestampMillis(-1)],
            ]
        );
    }

    #[test]
    fn row_groups_go_on_where_the_last_one_ended() {
        let table: String = core::iter::once("name,count\n".to_owned())
            .chain((0..ROWS + 3).map(|row| format!("{},{row}\n", row % 7)))
            .collect();
        let reader = read(&made(&table).unwrap());
        assert_eq!(reader.num_row_groups(), 2);
        let rows = reader.get_row_iter(None).unwrap();
        for (at, row) in rows.enumerate() {
            let cells: Vec<Field> = row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect();
            assert_eq!(cells, [Field::Str((at % 7).to_string()), Field::Long(i64::try_from(at).unwrap())]);
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for (table, part) in [
            ("name,count\na,1.5\n", "column count: `1.5`"),
            ("name,count,share,here,at\na,1,2,yes,\n", "column here: `yes`"),
            ("name,count,share,here,at\na,1,2,true,noon\n", "column at: `noon`"),
            ("a,b,c,d,e,f\n", "nothing is known of column f"),
        ] {
            let error = made(table).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full"))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let full = convert(TABLE.as_bytes(), |at, _| CELLS.get(at).copied(), Full).err().map(|error| error.kind());
        assert_eq!(full, Some(io::ErrorKind::StorageFull));
    }
}
