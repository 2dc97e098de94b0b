//! The tables of `metrics/`: whatever columns they have, by the names in their headers.

use serde_json::{Value, json};

use crate::limits::METRIC_VALUES;
use crate::pack::{Code, Pack, Words};
use crate::table::{Decimal, Table, decimal};
use crate::{About, PageError, TraceFiles};

/// Stands for a cell without a value.
const BLANK: i64 = i64::MIN;

/// One metric of one entity.
#[derive(Clone, Debug, Default)]
pub struct Series {
    decimals: u32,
    values: Vec<i64>,
}

impl Series {
    fn push(&mut self, period: usize, value: Option<Decimal>) {
        self.values.resize(period, BLANK);
        let Some(value) = value else {
            self.values.push(BLANK);
            return;
        };
        if value.decimals > self.decimals {
            let factor = 10_i64.saturating_pow(value.decimals - self.decimals);
            self.values.iter_mut().filter(|it| **it != BLANK).for_each(|it| *it = it.saturating_mul(factor));
            self.decimals = value.decimals;
        }
        self.values.push(value.at(self.decimals));
    }

    /// Whether it ever says something: neither blank throughout nor zero throughout.
    #[must_use]
    pub fn says_something(&self) -> bool {
        self.values.iter().any(|value| *value != BLANK && *value != 0)
    }

    /// Whether it is not the same throughout.
    #[must_use]
    pub fn changes(&self) -> bool {
        let mut known = self.values.iter().filter(|value| **value != BLANK);
        let first = known.next();
        known.any(|value| Some(value) != first)
    }

    /// Whether it has a value at all.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.values.iter().any(|value| *value != BLANK)
    }

    /// Of every so many periods, the lowest and the highest value in the order in which they came.
    fn merge(&mut self, periods: usize) {
        let mut merged = Vec::with_capacity(2 * self.values.len() / periods + 2);
        for bin in self.values.chunks(periods) {
            let known = || bin.iter().enumerate().filter(|(_, value)| **value != BLANK);
            let low = known().min_by_key(|(_, value)| **value);
            let high = known().max_by_key(|(_, value)| **value);
            let (Some((low_at, low)), Some((high_at, high))) = (low, high) else {
                merged.extend([BLANK, BLANK]);
                continue;
            };
            merged.extend(if low_at <= high_at { [*low, *high] } else { [*high, *low] });
        }
        self.values = merged;
    }
}

/// A table.
#[derive(Clone, Debug)]
pub struct MetricTable {
    /// Its name: `cluster`, `services`, and so on.
    pub name: String,
    /// What its rows are about, by name.
    pub entities: Words,
    /// Its metrics.
    pub columns: Vec<String>,
    /// The end of each period, in milliseconds.
    times: Vec<i64>,
    /// By entity, then by column.
    series: Vec<Vec<Series>>,
}

impl MetricTable {
    /// A metric of an entity.
    #[must_use]
    pub fn series(&self, entity: usize, column: usize) -> Option<&Series> {
        self.series.get(entity)?.get(column)
    }

    fn values(&self) -> usize {
        self.series.iter().flatten().filter(|series| series.has_values()).map(|series| series.values.len()).sum()
    }
}

/// All tables.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// In the order of their names.
    pub tables: Vec<MetricTable>,
}

/// Columns that every table begins with: the time stamp, the seconds, the entity.
const LEADING: usize = 3;

/// Reads the metrics.
///
/// # Errors
/// Where a file cannot be read.
pub fn read(files: &dyn TraceFiles, about: &mut About, pack: &mut Pack) -> Result<Metrics, PageError> {
    let mut names: Vec<String> = files.names();
    names.retain(|name| name.starts_with("metrics/") && name.ends_with(".csv"));
    names.sort();
    let mut tables = Vec::new();
    for file in names {
        let Some(table) = Table::open(files, &file)? else { continue };
        if table.header().len() > LEADING {
            let name = file.trim_start_matches("metrics/").trim_end_matches(".csv");
            tables.push(read_table(name, table)?);
        }
    }
    let total: usize = tables.iter().map(MetricTable::values).sum();
    if total > METRIC_VALUES {
        let periods = (2 * total).div_ceil(METRIC_VALUES).max(3);
        for table in &mut tables {
            let slots = table.times.chunks(periods).flat_map(|bin| [bin[0], bin[bin.len() - 1]]).collect();
            table.times = slots;
            table.series.iter_mut().flatten().for_each(|series| series.merge(periods));
        }
        about.notes.push(format!(
            "{total} values of metrics: of every {periods} periods, the page keeps the lowest and the highest value of each metric."
        ));
    }
    for table in &tables {
        pack.column(&format!("m.{}", table.name), Code::Delta, 3, table.times.iter().map(|at| Some(*at)));
        for (entity, of_entity) in table.series.iter().enumerate() {
            for (column, series) in of_entity.iter().enumerate().filter(|(_, series)| series.has_values()) {
                let name = format!("m.{}.{entity}.{column}", table.name);
                let values = series.values.iter().map(|value| (*value != BLANK).then_some(*value));
                pack.column(&name, Code::Delta, series.decimals, values);
            }
        }
    }
    Ok(Metrics { tables })
}

fn read_table(name: &str, table: Table<'_>) -> Result<MetricTable, PageError> {
    let columns: Vec<String> = table.header().iter().skip(LEADING).cloned().collect();
    let seconds = table.column("secondsSinceStart");
    let mut read = MetricTable {
        name: name.to_owned(),
        entities: Words::default(),
        columns,
        times: Vec::new(),
        series: Vec::new(),
    };
    table.each(|row| {
        let at = seconds.seconds(row).unwrap_or_default();
        if read.times.last() != Some(&at) {
            read.times.push(at);
        }
        let period = read.times.len() - 1;
        let entity = core::str::from_utf8(row.get(LEADING - 1).unwrap_or_default()).unwrap_or_default();
        let entity = read.entities.number(entity) as usize;
        if entity == read.series.len() {
            read.series.push(vec![Series::default(); read.columns.len()]);
        }
        for (series, cell) in read.series[entity].iter_mut().zip(row.iter().skip(LEADING)) {
            series.push(period, decimal(cell));
        }
    })?;
    let periods = read.times.len();
    read.series.iter_mut().flatten().for_each(|series| series.values.resize(periods, BLANK));
    Ok(read)
}

impl Metrics {
    /// A table by its name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&MetricTable> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The names of tables, entities and columns.
    #[must_use]
    pub fn index(&self) -> Value {
        let table = |table: &MetricTable| json!({"name": table.name, "entities": table.entities.list(), "columns": table.columns});
        Value::Array(self.tables.iter().map(table).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Files;

    fn cells(series: &Series) -> Vec<Option<i64>> {
        series.values.iter().map(|value| (*value != BLANK).then_some(*value)).collect()
    }

    #[test]
    fn columns_are_found_by_their_names_and_entities_may_come_later() {
        let text = "timestamp,secondsSinceStart,ServiceName,RunningTaskCount,newMetric\n\
                    t,60,a,1,\nt,120,a,2,0.5\nt,120,b,7,0.25\nt,180,a,3,1\n";
        let files = Files::default().with("metrics/services.csv", text);
        let metrics = read(&files, &mut About::default(), &mut Pack::default()).expect("a table");
        let table = metrics.table("services").expect("it is there");
        assert_eq!(table.columns, ["RunningTaskCount", "newMetric"]);
        assert_eq!(cells(table.series(0, 0).expect("a")), [Some(1), Some(2), Some(3)]);
        let new = table.series(0, 1).expect("a");
        assert_eq!((cells(new), new.decimals), (vec![None, Some(5), Some(10)], 1));
        assert_eq!(cells(table.series(1, 1).expect("b")), [None, Some(25), None]);
    }

    #[test]
    fn merging_keeps_the_extremes() {
        let mut series = Series::default();
        for (period, value) in [3, 9, 1, 4, 4, 2, 8].into_iter().enumerate() {
            series.push(period, Some(Decimal { digits: value, decimals: 0 }));
        }
        series.merge(3);
        assert_eq!(series.values, [9, 1, 4, 2, 8, 8]);
    }
}
