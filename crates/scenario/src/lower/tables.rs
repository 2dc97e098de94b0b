//! CSV files that a scenario reads: columns by name, and every complaint with the file, the line and the row.

use std::collections::BTreeMap;
use std::io::Read;

use super::{Context, did_you_mean};
use crate::document::Locator;
use crate::source::DATA_PREFIX;

/// After so many bad rows the rest of a file is not looked at.
const MOST_BAD_ROWS: usize = 10;

/// A CSV file being read.
pub(super) struct CsvTable {
    reader: csv::Reader<Box<dyn Read>>,
    header: BTreeMap<String, usize>,
    /// What the scenario calls it.
    pub(super) name: String,
    record: csv::StringRecord,
    /// The line of the current row, from 1.
    pub(super) line: u64,
    bad_rows: usize,
}

impl CsvTable {
    /// A cell of the current row, trimmed.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or("").trim()
    }

    /// Whether there is a column of that name.
    pub(super) fn has(&self, column: &str) -> bool {
        self.header.contains_key(column)
    }

    /// The whole current row, for messages.
    fn row(&self) -> String {
        let mut text = self.record.iter().collect::<Vec<_>>().join(",").replace(char::is_control, " ");
        if text.len() > 120 {
            let end = (0..=117).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
            text.push_str("...");
        }
        text
    }
}

impl<'a> Context<'a> {
    /// Opens a CSV file named at a place of the scenario; complains there where it cannot.
    pub(super) fn open_table(&mut self, file: &str, at: &Locator<'a>) -> Option<CsvTable> {
        let from = self.sources.name(at.span().file).to_owned();
        let path = self.files.resolve(&from, file);
        let stream = match self.files.open(&path) {
            Ok(stream) => stream,
            Err(error) => {
                let help = error.is_data_root_missing().then(|| {
                    format!("`{DATA_PREFIX}` paths lie under the data root: give it with --data DIR or ECSIM_DATA")
                });
                self.error(at, "E320", error.to_string(), help);
                return None;
            }
        };
        let mut reader = csv::ReaderBuilder::new().from_reader(stream);
        let header = match reader.headers() {
            Ok(header) if !header.is_empty() => header.clone(),
            Ok(_) => {
                let help = Some("the first row names the columns".into());
                self.error(at, "E321", format!("`{file}` has no header row"), help);
                return None;
            }
            Err(error) => {
                self.error(at, "E321", format!("`{file}` cannot be read as CSV: {error}"), None);
                return None;
            }
        };
        let header = header
            .iter()
            .enumerate()
            .map(|(at, name)| (name.trim().trim_start_matches('\u{feff}').to_owned(), at))
            .collect();
        Some(CsvTable { reader, header, name: file.to_owned(), record: csv::StringRecord::new(), line: 1, bad_rows: 0 })
    }

    /// The number of a column, or a complaint with near names.
    pub(super) fn column(&mut self, table: &CsvTable, column: &str, at: &Locator<'a>) -> Option<usize> {
        if let Some(found) = table.header.get(column) {
            return Some(*found);
        }
        let known: Vec<&str> = table.header.keys().map(String::as_str).collect();
        let help = did_you_mean(column, &known);
        self.error(at, "E322", format!("`{}` has no column `{column}`", table.name), help);
        None
    }

    /// Goes to the next row that is CSV; false at the end, or after too many bad ones.
    pub(super) fn next_row(&mut self, table: &mut CsvTable, at: &Locator<'a>) -> bool {
        loop {
            if table.bad_rows >= MOST_BAD_ROWS {
                let message = format!(
                    "`{}` has at least {MOST_BAD_ROWS} bad rows: the rest from line {} on was not looked at",
                    table.name,
                    table.line + 1
                );
                self.error(at, "E323", message, None);
                return false;
            }
            let error = match table.reader.read_record(&mut table.record) {
                Ok(more) => {
                    table.line = table.record.position().map_or(table.line, csv::Position::line);
                    return more;
                }
                Err(error) => error,
            };
            table.line = error.position().map_or(table.line + 1, csv::Position::line);
            let (why, goes_on) = match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    (format!("it has {len} fields, the header has {expected_len}"), true)
                }
                csv::ErrorKind::Utf8 { .. } => ("it is not valid UTF-8".to_owned(), true),
                _ => (error.to_string(), false),
            };
            let row = table.row();
            let message = format!("bad row in `{}`, line {}: {why}", table.name, table.line);
            let mut diagnostic = at.error("E323", message, "");
            if !row.is_empty() {
                diagnostic = diagnostic.note(format!("the row is: {row}"));
            }
            self.push(diagnostic);
            table.bad_rows += 1;
            if !goes_on {
                return false;
            }
        }
    }

    /// Complains about a cell of the current row.
    pub(super) fn bad_cell(&mut self, table: &mut CsvTable, at: &Locator<'a>, column: &str, why: &str) {
        table.bad_rows += 1;
        let message = format!("bad row in `{}`, line {}: column `{column}` {why}", table.name, table.line);
        let diagnostic = at.error("E323", message, "").note(format!("the row is: {}", table.row()));
        self.push(diagnostic);
    }

    /// A number in the current row; `None` and a complaint where it is none.
    pub(super) fn number(&mut self, table: &mut CsvTable, column: usize, name: &str, at: &Locator<'a>) -> Option<f64> {
        let cell = table.cell(column);
        match cell.parse::<f64>() {
            Ok(number) if number.is_finite() => Some(number),
            _ => {
                let why = if cell.is_empty() {
                    "is empty; a number is expected".to_owned()
                } else {
                    format!("holds `{}`; a number is expected", crate::diagnostic::shown(cell))
                };
                self.bad_cell(table, at, name, &why);
                None
            }
        }
    }

    /// All numbers of one column; empty cells are passed over.
    pub(super) fn read_numbers(&mut self, file: &str, column: &str, at: &Locator<'a>) -> Option<Vec<f64>> {
        let mut table = self.open_table(file, at)?;
        let index = self.column(&table, column, at)?;
        let before = self.diagnostics.errors();
        let mut values = Vec::new();
        while self.next_row(&mut table, at) {
            if table.cell(index).is_empty() {
                continue;
            }
            if let Some(value) = self.number(&mut table, index, column, at) {
                values.push(value);
            }
        }
        // What is missing because of bad rows is no problem of its own.
        (self.diagnostics.errors() == before).then_some(values)
    }
}
