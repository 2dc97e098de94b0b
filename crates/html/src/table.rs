//! Rows of a CSV file by the names of their columns; numbers as whole numbers, so that nothing is rounded on the way.

use std::io::Read;

use csv::ByteRecord;

use crate::{PageError, TraceFiles};

/// A CSV file of a run.
pub struct Table<'a> {
    name: String,
    header: Vec<String>,
    reader: csv::Reader<Box<dyn Read + 'a>>,
}

/// A column that may not be there.
#[derive(Clone, Copy, Debug)]
pub struct At(Option<usize>);

impl At {
    /// What a row has in it.
    #[must_use]
    pub fn of(self, row: &ByteRecord) -> &[u8] {
        self.0.and_then(|at| row.get(at)).unwrap_or_default()
    }

    /// The same as text.
    #[must_use]
    pub fn text(self, row: &ByteRecord) -> &str {
        core::str::from_utf8(self.of(row)).unwrap_or("\u{fffd}")
    }

    /// Seconds, as milliseconds.
    #[must_use]
    pub fn seconds(self, row: &ByteRecord) -> Option<i64> {
        decimal(self.of(row)).map(|number| number.at(3))
    }

    /// An ISO 8601 time stamp, as milliseconds since the start of a run.
    #[must_use]
    pub fn stamp(self, row: &ByteRecord, start_ms: i64) -> Option<i64> {
        unix_ms(self.text(row)).map(|ms| ms - start_ms)
    }

    /// A whole number.
    #[must_use]
    pub fn whole(self, row: &ByteRecord) -> Option<i64> {
        decimal(self.of(row)).map(|number| number.at(0))
    }
}

impl<'a> Table<'a> {
    /// Opens a table; nothing where there is no such file.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn open(files: &'a dyn TraceFiles, name: &str) -> Result<Option<Self>, PageError> {
        let read = |error| PageError::Read { file: name.to_owned(), error };
        let Some(file) = files.open(name).map_err(read)? else { return Ok(None) };
        let mut reader = csv::Reader::from_reader(file);
        let header = reader.headers().map_err(|error| wrong(name, &error))?.iter().map(ToOwned::to_owned).collect();
        Ok(Some(Self { name: name.to_owned(), header, reader }))
    }

    /// The names of the columns.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Where a column is.
    #[must_use]
    pub fn column(&self, name: &str) -> At {
        At(self.header.iter().position(|column| column == name))
    }

    /// Calls for every row.
    ///
    /// # Errors
    /// Where the file cannot be read, or is no CSV.
    pub fn each(mut self, mut take: impl FnMut(&ByteRecord)) -> Result<(), PageError> {
        let mut row = ByteRecord::new();
        loop {
            match self.reader.read_byte_record(&mut row) {
                Ok(true) => take(&row),
                Ok(false) => return Ok(()),
                Err(error) => return Err(wrong(&self.name, &error)),
            }
        }
    }
}

fn wrong(name: &str, error: &csv::Error) -> PageError {
    PageError::Content { file: name.to_owned(), problem: error.to_string() }
}

/// Milliseconds since 1970 of an ISO 8601 time stamp.
#[must_use]
pub fn unix_ms(text: &str) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// A number of a CSV file, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// Its digits.
    pub digits: i64,
    /// How many of them are behind the point.
    pub decimals: u32,
}

/// The most decimals that are kept: a millionth of a dollar.
pub const DECIMALS: u32 = 6;

impl Decimal {
    /// The digits with so many decimals; further ones are cut.
    #[must_use]
    pub fn at(self, decimals: u32) -> i64 {
        if decimals >= self.decimals {
            self.digits.saturating_mul(10_i64.saturating_pow(decimals - self.decimals))
        } else {
            self.digits / 10_i64.saturating_pow(self.decimals - decimals)
        }
    }
}

/// Reads a number; nothing where there is none.
#[must_use]
pub fn decimal(text: &[u8]) -> Option<Decimal> {
    let (negative, text) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some(_) => (false, text),
        None => return None,
    };
    let mut number = Decimal { digits: 0, decimals: 0 };
    let mut behind = false;
    let mut any = false;
    for byte in text {
        match byte {
            b'.' if !behind => behind = true,
            b'0'..=b'9' => {
                any = true;
                if behind && number.decimals == DECIMALS {
                    continue;
                }
                number.digits = number.digits.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                number.decimals += u32::from(behind);
            }
            _ => return None,
        }
    }
    if negative {
        number.digits = -number.digits;
    }
    any.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        let number = |text: &str| decimal(text.as_bytes()).map(|it| (it.digits, it.decimals));
        assert_eq!(number("12.50"), Some((1250, 2)));
        assert_eq!(number("-3"), Some((-3, 0)));
        assert_eq!(number("0.12345678"), Some((123_456, 6)));
        assert_eq!([number(""), number("-"), number("."), number("1e5"), number("1.2.3")], [None; 5]);
        assert_eq!(number("99999999999999999999"), None);
        assert_eq!(decimal(b"1.5").map(|it| (it.at(3), it.at(0))), Some((1500, 1)));
    }

    #[test]
    fn time_stamps_are_read() {
        assert_eq!(unix_ms("1970-01-02T00:00:00.250Z"), Some(86_400_250));
        assert_eq!([unix_ms(""), unix_ms("yesterday")], [None; 2]);
    }
}
