//! Strict reading of the tables: a number that does not parse is an error with its place, never a silent gap.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use csv::StringRecord;

use crate::embedded::Embedded;
use crate::rate::Rate;

/// What is wrong with a table of `data/`, and where. A released binary never shows one: the tests read every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// File name under `data/`.
    pub table: String,
    /// Line in the file, 1 for the header; 0 where the file as a whole is at fault.
    pub line: u64,
    /// Column name; empty where the whole line is at fault.
    pub column: String,
    /// What is wrong.
    pub problem: String,
}

impl DataError {
    pub(crate) fn new(table: &str, line: u64, column: &str, problem: impl Into<String>) -> Self {
        Self { table: table.to_owned(), line, column: column.to_owned(), problem: problem.into() }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.table, self.line)?;
        if !self.column.is_empty() {
            write!(f, ", column `{}`", self.column)?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for DataError {}

/// Reads all rows of a table whose header must be exactly `columns`; `parse` must take every field, in order.
pub(crate) fn read<T>(
    table: &str,
    columns: &'static [&'static str],
    text: &str,
    mut parse: impl FnMut(&mut Fields<'_>) -> Result<T, DataError>,
) -> Result<Vec<T>, DataError> {
    let mut rows = Vec::new();
    each_record(table, columns, text, |line, record| {
        rows.push(parse_record(table, columns, line, record, &mut parse)?);
        Ok(())
    })?;
    Ok(rows)
}

/// Hands every record with its line number to `visit`, after checking the header.
pub(crate) fn each_record(
    table: &str,
    columns: &'static [&'static str],
    text: &str,
    mut visit: impl FnMut(u64, &mut StringRecord) -> Result<(), DataError>,
) -> Result<(), DataError> {
    // The reader refuses rows of unequal length by itself; its error names the line.
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut next = |record: &mut StringRecord| {
        reader.read_record(record).map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            DataError::new(table, line, "", error.to_string())
        })
    };
    if !next(&mut record)? || record.iter().ne(columns.iter().copied()) {
        let problem = format!("the header should be `{}`", columns.join(","));
        return Err(DataError::new(table, 1, "", problem));
    }
    while next(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        visit(line, &mut record)?;
    }
    Ok(())
}

/// Parses one record and checks that no field was left over.
pub(crate) fn parse_record<T>(
    table: &str,
    columns: &'static [&'static str],
    line: u64,
    record: &StringRecord,
    parse: impl FnOnce(&mut Fields<'_>) -> Result<T, DataError>,
) -> Result<T, DataError> {
    let mut fields = Fields { table, columns, line, record, at: 0 };
    let value = parse(&mut fields)?;
    if fields.at != columns.len() {
        let problem = format!("{} of {} fields were read", fields.at, columns.len());
        return Err(DataError::new(table, line, "", problem));
    }
    Ok(value)
}

/// The fields of one row, taken from left to right. An empty field means "unknown".
pub(crate) struct Fields<'a> {
    table: &'a str,
    columns: &'static [&'static str],
    line: u64,
    record: &'a StringRecord,
    at: usize,
}

impl<'a> Fields<'a> {
    fn take(&mut self) -> &'a str {
        let field = self.record.get(self.at).unwrap_or_default();
        self.at += 1;
        field
    }

    /// An error about the field taken last.
    pub(crate) fn error(&self, problem: impl Into<String>) -> DataError {
        let column = self.at.checked_sub(1).and_then(|at| self.columns.get(at)).copied().unwrap_or_default();
        DataError::new(self.table, self.line, column, problem)
    }

    /// A field that may not be empty.
    pub(crate) fn text(&mut self) -> Result<&'a str, DataError> {
        self.optional_text().ok_or_else(|| self.error("is empty"))
    }

    /// A field that may be empty.
    pub(crate) fn optional_text(&mut self) -> Option<&'a str> {
        Some(self.take()).filter(|field| !field.is_empty())
    }

    /// A whole number.
    pub(crate) fn number<T: FromStr>(&mut self) -> Result<T, DataError> {
        let field = self.text()?;
        self.converted(field, "a whole number in range", |field| field.parse().ok())
    }

    /// A whole number, or unknown.
    pub(crate) fn optional_number<T: FromStr>(&mut self) -> Result<Option<T>, DataError> {
        self.optional("a whole number in range", |field| field.parse().ok())
    }

    /// A finite number, or unknown.
    pub(crate) fn optional_decimal(&mut self) -> Result<Option<f64>, DataError> {
        self.optional("a decimal number", |field| field.parse().ok().filter(|number: &f64| number.is_finite()))
    }

    /// An amount of money.
    pub(crate) fn rate(&mut self) -> Result<Rate, DataError> {
        let field = self.text()?;
        self.converted(field, "an amount with at most nine decimals", Rate::parse)
    }

    /// An amount of money, or unknown.
    pub(crate) fn optional_rate(&mut self) -> Result<Option<Rate>, DataError> {
        self.optional("an amount with at most nine decimals", Rate::parse)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self) -> Result<bool, DataError> {
        let field = self.text()?;
        self.converted(field, "`true` or `false`", |field| field.parse().ok())
    }

    /// `true`, `false`, or unknown.
    pub(crate) fn optional_flag(&mut self) -> Result<Option<bool>, DataError> {
        self.optional("`true` or `false`", |field| field.parse().ok())
    }

    /// A field with a vocabulary of its own.
    pub(crate) fn word<T>(&mut self, expected: &str, convert: impl FnOnce(&str) -> Option<T>) -> Result<T, DataError> {
        let field = self.text()?;
        self.converted(field, expected, convert)
    }

    /// A field with a vocabulary of its own, or unknown.
    pub(crate) fn optional<T>(
        &mut self,
        expected: &str,
        convert: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, DataError> {
        match self.optional_text() {
            Some(field) => self.converted(field, expected, convert).map(Some),
            None => Ok(None),
        }
    }

    fn converted<T>(
        &self,
        field: &str,
        expected: &str,
        convert: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DataError> {
        convert(field).ok_or_else(|| self.error(format!("`{field}` should be {expected}")))
    }
}

/// Values by region and instance type, which is how AWS keys prices, zones and the Spot advisor.
#[derive(Debug)]
pub(crate) struct ByRegionAndType<V>(BTreeMap<String, BTreeMap<String, V>>);

impl<V> Default for ByRegionAndType<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V> ByRegionAndType<V> {
    /// Reads a table that begins with a region and an instance type; `parse` takes the fields that follow.
    pub(crate) fn read(
        table: &Embedded,
        columns: &'static [&'static str],
        mut parse: impl FnMut(&mut Fields<'_>) -> Result<V, DataError>,
    ) -> Result<Self, DataError> {
        let mut index = Self::default();
        read(table.name, columns, &table.text()?, |fields| {
            let (region, instance_type) = (fields.text()?, fields.text()?);
            let value = parse(fields)?;
            index.insert(region, instance_type, value).map_err(|problem| fields.error(problem))
        })?;
        Ok(index)
    }

    /// Adds a value; a pair that comes twice is an error, as one of the two would be lost silently.
    pub(crate) fn insert(&mut self, region: &str, instance_type: &str, value: V) -> Result<(), String> {
        // Thousands of rows share a region, so its name is copied only for the first.
        if !self.0.contains_key(region) {
            self.0.insert(region.to_owned(), BTreeMap::new());
        }
        let types = self.0.get_mut(region);
        match types.and_then(|types| types.insert(instance_type.to_owned(), value)) {
            Some(_) => Err(format!("`{instance_type}` comes twice in `{region}`")),
            None => Ok(()),
        }
    }

    pub(crate) fn get(&self, region: &str, instance_type: &str) -> Option<&V> {
        self.0.get(region)?.get(instance_type)
    }

    pub(crate) fn has_region(&self, region: &str) -> bool {
        self.0.contains_key(region)
    }

    pub(crate) fn regions(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn in_region(&self, region: &str) -> impl Iterator<Item = (&str, &V)> {
        self.0.get(region).into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[&str] = &["name", "count"];

    fn parse(text: &str) -> Result<Vec<(String, Option<u32>)>, DataError> {
        read("t.csv", COLUMNS, text, |fields| Ok((fields.text()?.to_owned(), fields.optional_number()?)))
    }

    #[test]
    fn an_empty_field_is_unknown_and_a_wrong_one_is_an_error_with_its_place() {
        assert_eq!(parse("name,count\na,1\nb,\n").unwrap(), [("a".to_owned(), Some(1)), ("b".to_owned(), None)]);
        let error = parse("name,count\na,1\nb,x\n").unwrap_err();
        assert_eq!(error.to_string(), "t.csv:3, column `count`: `x` should be a whole number in range");
        assert_eq!(parse("name,count\n,1\n").unwrap_err().to_string(), "t.csv:2, column `name`: is empty");
    }

    #[test]
    fn a_foreign_header_and_a_ragged_row_are_errors() {
        assert_eq!(parse("count,name\n").unwrap_err().line, 1);
        assert_eq!(parse("").unwrap_err().line, 1);
        assert_eq!(parse("name,count\na,1\nb\n").unwrap_err().line, 3);
    }

    #[test]
    fn fields_left_over_are_an_error() {
        let result = read("t.csv", COLUMNS, "name,count\na,1\n", |fields| fields.text().map(str::to_owned));
        assert_eq!(result.unwrap_err().problem, "1 of 2 fields were read");
    }

    #[test]
    fn a_repeated_pair_is_an_error() {
        let mut index = ByRegionAndType::default();
        assert_eq!(index.insert("r", "t", 1), Ok(()));
        assert_eq!(index.insert("r", "t", 1), Err("`t` comes twice in `r`".to_owned()));
    }
}
