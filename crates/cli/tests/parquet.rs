//! Parquet says what CSV says: every cell of every table is read back and held against its CSV, with the type that the
//! column has.

mod kit;

use std::fs::{self, File};
use std::path::Path;

use ecsim::report::clock;
use ecsim::report::sinks::{Cells, cells};
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

/// How many cells of a Parquet file were held against the CSV beside it.
fn agrees(directory: &Path, csv: &str, kind: impl Fn(&str) -> Cells) -> usize {
    let path = directory.join(csv.replace(".csv", ".parquet"));
    let reader = SerializedFileReader::new(File::open(&path).expect("the file")).expect("Parquet");
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let mut table = csv::Reader::from_path(directory.join(csv)).expect("the table");
    let head: Vec<String> = table.headers().expect("a head").iter().map(str::to_owned).collect();
    assert_eq!(schema.columns().iter().map(|it| it.name()).collect::<Vec<_>>(), head, "{csv}");
    for column in schema.columns() {
        let expected = match kind(column.name()) {
            Cells::Text => Physical::BYTE_ARRAY,
            Cells::Whole | Cells::Instant => Physical::INT64,
            Cells::Number => Physical::DOUBLE,
            Cells::Flag => Physical::BOOLEAN,
        };
        assert_eq!(column.physical_type(), expected, "{csv}: {}", column.name());
        let is_instant = kind(column.name()) == Cells::Instant;
        let is_utc = matches!(column.logical_type_ref(), Some(LogicalType::Timestamp(it)) if it.is_adjusted_to_u_t_c);
        assert_eq!(is_instant, is_utc && column.converted_type() == ConvertedType::TIMESTAMP_MILLIS, "{csv}");
    }
    let mut rows = reader.get_row_iter(None).expect("rows");
    let mut held = 0;
    for record in table.records() {
        let record = record.expect("a row");
        let row = rows.next().expect("as many rows").expect("a row");
        for ((name, field), cell) in row.get_column_iter().zip(&record) {
            let place = || format!("{csv}, row {held}, {name}: {field} for `{cell}`");
            match field {
                Field::Null => assert_eq!(cell, "", "{}", place()),
                Field::Str(text) => assert_eq!(text, cell, "{}", place()),
                Field::Long(number) => assert_eq!(number.to_string(), cell, "{}", place()),
                Field::Double(number) => assert_eq!(Ok(*number), cell.parse(), "{}", place()),
                Field::Bool(flag) => assert_eq!(flag.to_string(), cell, "{}", place()),
                Field::TimestampMillis(at) => assert_eq!(Some(*at), clock::parse(cell), "{}", place()),
                _ => panic!("{}", place()),
            }
            held += 1;
        }
    }
    assert!(rows.next().is_none(), "{csv}: more rows than the table");
    held
}

#[test]
fn traces_are_the_same_in_parquet() {
    let place = kit::workplace();
    // Services with deployments and scaling, and a fleet with Spot, launches and bills.
    for (scenario, least) in [("scenarios/quickstart.yaml", 20_000), ("scenarios/spot-interruption.yaml", 2_000)] {
        let out = |directory: &str| {
            let scenario = kit::root().join(scenario);
            let scenario = scenario.to_str().expect("UTF-8");
            let arguments = ["run", scenario, "--out", directory, "--parquet", "--quiet", "--no-report"];
            let output = kit::run(place.path(), &arguments);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            kit::files(&place.path().join(directory))
        };
        let files = out("one");
        let directory = place.path().join("one");
        let tables: Vec<&str> = files.iter().map(|it| it.0.as_str()).filter(|it| it.ends_with(".csv")).collect();
        assert!(tables.len() > 8, "{tables:?}");
        let held: usize = tables
            .iter()
            .map(|csv| agrees(&directory, csv, |column| cells::of(csv, column).expect("a known column")))
            .sum();
        assert!(held > least, "only {held} cells");
        // The manifest knows them, and the same run writes the same bytes.
        let manifest = fs::read_to_string(directory.join("manifest.json")).expect("the manifest");
        assert!(tables.iter().all(|csv| manifest.contains(&csv.replace(".csv", ".parquet"))), "{manifest}");
        let parquet = |files: &[(String, Vec<u8>)]| {
            files.iter().filter(|it| it.0.ends_with(".parquet")).cloned().collect::<Vec<_>>()
        };
        assert_eq!(parquet(&files).len(), tables.len());
        assert!(parquet(&files) == parquet(&out("two")), "two runs differ");
    }
}

#[test]
fn comparisons_are_the_same_in_parquet() {
    let place = kit::workplace();
    let arguments = [
        "compare",
        "scenarios/quickstart.yaml",
        "--until",
        "30m",
        "--seeds",
        "3",
        "--vary",
        "containerInstances.web.count=5,6",
        "--vary",
        "services.web.desiredCount=4,6",
        "--out",
        "out",
        "--quiet",
    ];
    let output = kit::run(place.path(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let whole = ["replication", "runIndex", "batch", "n", "seedsNeeded"];
    let text = ["variant", "baseline", "factor", "level", "response", "path", "unit", "verdict"];
    let kind = |column: &str| match column {
        it if whole.contains(&it) => Cells::Whole,
        it if text.contains(&it) || it.contains('.') => Cells::Text,
        "antithetic" => Cells::Flag,
        _ => Cells::Number,
    };
    let out = place.path().join("out");
    for (csv, least) in [("runs.csv", 800), ("estimates.csv", 300), ("differences.csv", 300), ("effects.csv", 200)] {
        let held = agrees(&out, csv, kind);
        assert!(held >= least, "{csv}: only {held} cells");
    }
}
