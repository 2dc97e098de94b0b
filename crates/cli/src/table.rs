//! Rows of data as a table for reading, as JSON or as CSV: `--format` means the same wherever a command prints data.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;

use crate::app::DataFormat;
use crate::exit::Failure;
use crate::terminal;

/// Prints rows (each a JSON object with the given columns) to stdout; a table without rows is nothing.
///
/// # Errors
/// Where stdout cannot be written to.
pub fn print_rows(columns: &[&str], rows: &[Value], format: DataFormat) -> Result<(), Failure> {
    terminal::print(&text(columns, rows, format))
}

/// The same as a text.
#[must_use]
pub fn text(columns: &[&str], rows: &[Value], format: DataFormat) -> String {
    match format {
        DataFormat::Json => {
            let mut text = serde_json::to_string_pretty(rows).unwrap_or_default();
            text.push('\n');
            text
        }
        DataFormat::Csv => csv(columns, rows),
        DataFormat::Table => table(columns, rows),
    }
}

/// `1 service`, `3 services`.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    match (number, noun) {
        (1, noun) => format!("1 {noun}"),
        (number, "source of tasks") => format!("{number} sources of tasks"),
        (number, noun) => format!("{number} {noun}s"),
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn csv(columns: &[&str], rows: &[Value]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(columns);
    for row in rows {
        let _ = writer.write_record(columns.iter().map(|column| cell(row.get(*column))));
    }
    String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()).into_owned()
}

fn table(columns: &[&str], rows: &[Value]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns);
    for row in rows {
        table.add_row(columns.iter().map(|column| cell(row.get(*column))));
    }
    for (at, name) in columns.iter().enumerate() {
        let numeric = rows.iter().any(|row| row.get(*name).is_some_and(Value::is_number));
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
            if numeric {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
