//! What the cells of a column hold, for formats that have types: the files of a run are CSV, and whatever makes something
//! else of them (Parquet) asks here, so that names, units and types of a column are said in one place.

use super::{Column, TRACES};
use crate::metrics::{self, Scope, Unit};

/// What the cells of a column hold. An empty cell is no value in each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Names and texts.
    Text,
    /// Whole numbers.
    Whole,
    /// Numbers with a fraction.
    Number,
    /// `true` or `false`.
    Flag,
    /// Instants, as ISO 8601 in UTC with milliseconds.
    Instant,
}

impl Column {
    /// What its cells hold, going by its unit.
    #[must_use]
    pub fn cells(&self) -> Cells {
        match self.unit {
            "" => Cells::Text,
            "ISO 8601" => Cells::Instant,
            "true or false" => Cells::Flag,
            "count" | "whole number" | "exit code" | "CPU units" | "MiB" => Cells::Whole,
            _ => Cells::Number,
        }
    }
}

impl Unit {
    /// What the cells of a metric in this unit hold: counts have fractions where they are means over a period.
    #[must_use]
    pub const fn cells(self) -> Cells {
        match self {
            Self::Flag => Cells::Flag,
            Self::Text(_) => Cells::Text,
            Self::Count | Self::Percent | Self::Seconds | Self::CpuUnits | Self::MiB | Self::Money => Cells::Number,
        }
    }
}

/// What the cells of a column of a file of a run hold; nothing for a file or a column that no run has.
#[must_use]
pub fn of(file: &str, column: &str) -> Option<Cells> {
    if let Some(trace) = TRACES.iter().find(|trace| trace.file == file) {
        let known = |name: &str| trace.columns.iter().find(|it| it.name == name).map(Column::cells);
        // Where AWS bills in yuan the header says so.
        return known(column).or_else(|| known(&column.replace("Cny", "Usd")));
    }
    let scope = Scope::TABLES.into_iter().find(|scope| scope.table() == Some(file))?;
    match column {
        "timestamp" => Some(Cells::Instant),
        "secondsSinceStart" => Some(Cells::Number),
        _ if column == scope.entity() => Some(Cells::Text),
        _ => {
            // A column that the names of a scenario make, such as `liveTasks.us-east-1a`, counts.
            let more = || {
                let mut begins = scope.more_columns().iter().filter_map(|it| it.split_once('.'));
                begins.any(|(begin, _)| column.strip_prefix(begin).is_some_and(|rest| rest.starts_with('.')))
            };
            let metric = metrics::of_scope(scope).find(|metric| metric.column && metric.name == column);
            metric.map(|metric| metric.unit.cells()).or_else(|| more().then_some(Cells::Number))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_cells_of_its_kind() {
        for trace in TRACES {
            for column in trace.columns {
                assert!(of(trace.file, column.name).is_some(), "{}: {}", trace.file, column.name);
            }
        }
        for (file, column, cells) in [
            ("tasks.csv", "task", Cells::Whole),
            ("tasks.csv", "taskId", Cells::Text),
            ("tasks.csv", "createdAt", Cells::Instant),
            ("tasks.csv", "createdSeconds", Cells::Number),
            ("tasks.csv", "costCny", Cells::Number),
            ("container_instances.csv", "agentConnected", Cells::Flag),
            ("scaling_activities.csv", "value", Cells::Number),
            ("deployments.csv", "tasksFailed", Cells::Whole),
            ("metrics/cluster.csv", "timestamp", Cells::Instant),
            ("metrics/cluster.csv", "RunningTaskCount", Cells::Number),
            ("metrics/services.csv", "ServiceName", Cells::Text),
            ("metrics/services.csv", "liveTasks.us-east-1a", Cells::Number),
            ("metrics/services.csv", "providers.cp-spot", Cells::Number),
        ] {
            assert_eq!(of(file, column), Some(cells), "{file}: {column}");
        }
        for (file, column) in [("tasks.csv", "tusk"), ("nothing.csv", "task"), ("metrics/cluster.csv", "liveTasks.a")] {
            assert_eq!(of(file, column), None, "{file}: {column}");
        }
    }

    /// What the sinks write can be read as what the columns say.
    #[test]
    fn cells_are_what_their_columns_say() {
        let kit = crate::sinks::kit::Kit::busy();
        for trace in TRACES.iter().filter(|trace| !trace.columns.is_empty()) {
            for row in crate::sinks::kit::cells(&kit, trace.kind) {
                for (name, cell) in row.iter().filter(|(_, cell)| !cell.is_empty()) {
                    let fits = match of(trace.file, name).expect("a column") {
                        Cells::Text => true,
                        Cells::Whole => cell.parse::<i64>().is_ok(),
                        Cells::Number => cell.parse::<f64>().is_ok_and(f64::is_finite),
                        Cells::Flag => cell.parse::<bool>().is_ok(),
                        Cells::Instant => crate::clock::parse(cell).is_some(),
                    };
                    assert!(fits, "{}: {name} is {cell}", trace.file);
                }
            }
        }
    }
}
