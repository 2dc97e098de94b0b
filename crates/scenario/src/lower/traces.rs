//! Task traces: a CSV row becomes a `RunTask` call of its own, with its sizes as overrides (RES-010).

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::{GpuNeed, PlacementId, Requirements};
use ecsim_engine::model::{TaskTemplate, TraceTask};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::placement::constraints::Constraint;

use super::tables::CsvTable;
use super::Context;
use crate::document::Locator;
use crate::schema::{Column, CpuColumn, CpuUnit, MemoryColumn, TimeColumn, TimeUnit, Trace, aws};

/// More rows than this are refused: a guard against the wrong file.
const MOST_ROWS: usize = 20_000_000;

/// A row before all of them are sorted.
struct Row {
    arrival_ms: f64,
    task: TraceTask,
}

impl<'a> Context<'a> {
    /// All rows of a trace, by arrival; rows of one instant stay in the order of the file.
    pub(super) fn trace(
        &mut self,
        given: &Trace,
        template: &TaskTemplate,
        call: &aws::RunTask,
        at: &Locator<'a>,
    ) -> Option<Vec<TraceTask>> {
        let columns_at = at.clone().key("columns");
        for (key, scale) in [("timeScale", given.time_scale), ("durationScale", given.duration_scale)] {
            if !(scale > 0.0 && scale.is_finite()) {
                self.error(&at.clone().key(key), "E365", format!("`{key}` must be above 0"), None);
                return None;
            }
        }
        let mut table = self.open_table(&given.file, &at.clone().key("file"))?;
        let columns = &given.columns;
        let mut missing = false;
        let mut find = |context: &mut Self, name: Option<&str>, key: &str| {
            let name = name?;
            let found = context.column(&table, name, &columns_at.clone().key(key));
            missing |= found.is_none();
            found
        };
        let plain = |column: &'_ Option<Column>| column.as_ref().map(|column| column.column.clone());
        let name = find(self, plain(&columns.name).as_deref(), "name");
        let arrival = find(self, Some(&columns.arrival.column), "arrival");
        let end = find(self, columns.end.as_ref().map(|column| column.column.as_str()), "end");
        let duration = find(self, columns.duration.as_ref().map(|column| column.column.as_str()), "duration");
        let cpu = find(self, columns.cpu.as_ref().map(|column| column.column.as_str()), "cpu");
        let memory = find(self, columns.memory.as_ref().map(|column| column.column.as_str()), "memory");
        let gpus = find(self, plain(&columns.gpus).as_deref(), "gpus");
        let group = find(self, plain(&columns.group).as_deref(), "group");
        let exit_code = find(self, plain(&columns.exit_code).as_deref(), "exitCode");
        let count = find(self, plain(&columns.count).as_deref(), "count");
        let member_of = find(self, columns.member_of.as_ref().map(|column| column.column.as_str()), "memberOf");
        let mut filters = Vec::new();
        for (column, values) in &given.filter {
            if let Some(index) = find(self, Some(column), "where") {
                filters.push((index, values.0.iter().map(|value| value.as_str().to_owned()).collect::<Vec<_>>()));
            }
        }
        if missing {
            return None;
        }
        let arrival = arrival?;
        if columns.end.is_some() && columns.duration.is_some() {
            self.error(&columns_at.clone().key("end"), "E365", "both `end` and `duration`", Some("write one of them".into()));
            return None;
        }
        let mut placements: BTreeMap<String, Option<PlacementId>> = BTreeMap::new();
        let mut groups: BTreeMap<String, ecsim_cluster::GroupId> = BTreeMap::new();
        let mut rows: Vec<Row> = Vec::new();
        while self.next_row(&mut table, at) {
            if filters.iter().any(|(index, values)| !values.iter().any(|value| value == table.cell(*index))) {
                continue;
            }
            let Some(arrival_ms) = self.time_cell(&mut table, arrival, &columns.arrival, given, at) else { continue };
            let duration_ms = if let (Some(index), Some(column)) = (duration, &columns.duration) {
                if table.cell(index).is_empty() { Some(None) } else { self.time_cell(&mut table, index, column, given, at).map(Some) }
            } else if let (Some(index), Some(column)) = (end, &columns.end) {
                if table.cell(index).is_empty() {
                    Some(None)
                } else {
                    match self.time_cell(&mut table, index, column, given, at) {
                        Some(end_ms) if end_ms < arrival_ms => {
                            let (name, line) = (column.column.clone(), table.line);
                            self.bad_cell(&mut table, at, &name, &format!("ends the task before it arrives (line {line})"));
                            None
                        }
                        Some(end_ms) => Some(Some(end_ms - arrival_ms)),
                        None => None,
                    }
                }
            } else {
                Some(None)
            };
            let Some(duration_ms) = duration_ms else { continue };
            let Some(requirements) = self.row_requirements(&mut table, given, template, (cpu, memory, gpus), at) else { continue };
            let code = match (exit_code, &columns.exit_code) {
                (Some(index), Some(column)) if !table.cell(index).is_empty() => {
                    match self.number(&mut table, index, &column.column, at) {
                        Some(code) => code as i32,
                        None => continue,
                    }
                }
                _ => 0,
            };
            let copies = match (count, &columns.count) {
                (Some(index), Some(column)) => match self.number(&mut table, index, &column.column, at) {
                    Some(copies) if (0.0..=1e6).contains(&copies) => copies as u32,
                    Some(_) => {
                        self.bad_cell(&mut table, at, &column.column, "is no number of copies");
                        continue;
                    }
                    None => continue,
                },
                _ => 1,
            };
            let group = match group.map(|index| table.cell(index)) {
                Some(name) if !name.is_empty() => {
                    if let Some(known) = groups.get(name) {
                        *known
                    } else {
                        let name = name.to_owned();
                        let id = self.group(Some(&name), "", &columns_at);
                        groups.insert(name, id);
                        id
                    }
                }
                _ => template.group,
            };
            let placement = match (member_of, &columns.member_of) {
                (Some(index), Some(column)) if !table.cell(index).is_empty() => {
                    let value = table.cell(index).to_owned();
                    let known = match placements.get(&value) {
                        Some(known) => *known,
                        None => {
                            let expression = column.expression.replace("{}", &value);
                            let placement = self.placement_with(template.placement, &expression, &columns_at.clone().key("memberOf"));
                            placements.insert(value, placement);
                            placement
                        }
                    };
                    match known {
                        Some(placement) => placement,
                        None => break,
                    }
                }
                _ => template.placement,
            };
            let name = name.map(|index| self.definitions.texts.intern(table.cell(index)));
            let duration = duration_ms.map(|ms| Span::from_secs_f64(ms * given.duration_scale / 1000.0));
            if rows.len() + copies as usize > MOST_ROWS {
                self.error(at, "E365", format!("more than {MOST_ROWS} tasks in one trace"), None);
                return None;
            }
            for _ in 0..copies {
                rows.push(Row {
                    arrival_ms,
                    task: TraceTask {
                        arrival: SimTime::ZERO,
                        duration,
                        requirements,
                        group,
                        placement,
                        exit_code: code,
                        name,
                    },
                });
            }
        }
        let _ = call;
        self.finish_trace(rows, given, at)
    }

    /// Sorts the rows, moves the origin to 0, and cuts what is not wanted.
    fn finish_trace(&mut self, mut rows: Vec<Row>, given: &Trace, at: &Locator<'a>) -> Option<Vec<TraceTask>> {
        if rows.is_empty() {
            self.error(at, "E324", format!("no row of `{}` asks for a task", given.file), None);
            return None;
        }
        rows.sort_by(|a, b| a.arrival_ms.total_cmp(&b.arrival_ms));
        // Dates count from the earliest row, or from `origin`; plain numbers count from the trace's own zero.
        let is_date = given.columns.arrival.unit.is_none();
        let origin = match given.origin {
            Some(origin) => origin.unix_ms() as f64 * given.time_scale,
            None if is_date => rows[0].arrival_ms,
            None => 0.0,
        };
        let skip = given.skip_before.map_or(0.0, |skip| skip.0.ms() as f64 * given.time_scale);
        let zero = origin + skip;
        rows.retain(|row| row.arrival_ms >= zero);
        if let Some(limit) = given.limit {
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Some(
            rows.into_iter()
                .map(|row| TraceTask {
                    arrival: SimTime::ZERO + Span::from_secs_f64((row.arrival_ms - zero) / 1000.0),
                    ..row.task
                })
                .collect(),
        )
    }

    /// A time of the current row in milliseconds, `timeScale` applied.
    fn time_cell(
        &mut self,
        table: &mut CsvTable,
        index: usize,
        column: &TimeColumn,
        given: &Trace,
        at: &Locator<'a>,
    ) -> Option<f64> {
        let scale = column.scale.unwrap_or(1.0) * given.time_scale;
        match column.unit {
            Some(unit) => {
                let number = self.number(table, index, &column.column, at)?;
                let ms = number * TimeUnit::ms(unit) as f64 * scale;
                if !(0.0..=1e16).contains(&ms) {
                    self.bad_cell(table, at, &column.column, &format!("holds `{number}`, which is no time of a run"));
                    return None;
                }
                Some(ms)
            }
            None => {
                let cell = table.cell(index);
                let stamp = cell.parse::<jiff::Timestamp>().map(|stamp| stamp.as_millisecond()).or_else(|_| {
                    // A date and time without a zone is UTC.
                    cell.parse::<jiff::civil::DateTime>()
                        .and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC))
                        .map(|zoned| zoned.timestamp().as_millisecond())
                });
                match stamp {
                    Ok(ms) => Some(ms as f64 * scale),
                    Err(_) => {
                        let why = format!(
                            "holds `{}`; a date and time such as 2026-03-02T10:00:00Z is expected, or write its unit: {{column: {}, unit: s}}",
                            crate::diagnostic::shown(cell),
                            column.column
                        );
                        self.bad_cell(table, at, &column.column, &why);
                        None
                    }
                }
            }
        }
    }

    fn row_requirements(
        &mut self,
        table: &mut CsvTable,
        given: &Trace,
        template: &TaskTemplate,
        (cpu, memory, gpus): (Option<usize>, Option<usize>, Option<usize>),
        at: &Locator<'a>,
    ) -> Option<Requirements> {
        let mut requirements = template.requirements;
        if let (Some(index), Some(column)) = (cpu, &given.columns.cpu) {
            requirements.cpu = self.cpu_cell(table, index, column, at)?;
        }
        if let (Some(index), Some(column)) = (memory, &given.columns.memory) {
            requirements.memory = self.memory_cell(table, index, column, at)?;
        }
        if let (Some(index), Some(column)) = (gpus, &given.columns.gpus) {
            if !table.cell(index).is_empty() {
                let number = self.number(table, index, &column.column, at)? * column.scale.unwrap_or(1.0);
                if !(0.0..=64.0).contains(&number) {
                    self.bad_cell(table, at, &column.column, &format!("holds `{number}`, which is no number of GPUs"));
                    return None;
                }
                // ECS hands out whole GPUs only (RES-030).
                requirements.gpus = GpuNeed::Count(number.ceil() as u16);
            }
        }
        Some(requirements)
    }

    /// CPU units of the current row; a fraction of a unit is rounded up.
    pub(super) fn cpu_cell(
        &mut self,
        table: &mut CsvTable,
        index: usize,
        column: &CpuColumn,
        at: &Locator<'a>,
    ) -> Option<u32> {
        let number = self.number(table, index, &column.column, at)? * column.scale.unwrap_or(1.0);
        let units = match column.unit {
            CpuUnit::Vcpu => number * 1024.0,
            CpuUnit::Millicores => number * 1.024,
            CpuUnit::CpuUnits => number,
        };
        self.whole(table, &column.column, units, at)
    }

    /// MiB of the current row; a fraction is rounded up.
    pub(super) fn memory_cell(
        &mut self,
        table: &mut CsvTable,
        index: usize,
        column: &MemoryColumn,
        at: &Locator<'a>,
    ) -> Option<u32> {
        let number = self.number(table, index, &column.column, at)? * column.scale.unwrap_or(1.0);
        self.whole(table, &column.column, number * column.unit.bytes() as f64 / f64::from(1 << 20), at)
    }

    fn whole(&mut self, table: &mut CsvTable, column: &str, value: f64, at: &Locator<'a>) -> Option<u32> {
        // A hair above a whole number is a rounding error of the file, not one unit more.
        let rounded = (value - 1e-6).ceil();
        if (0.0..=f64::from(u32::MAX)).contains(&rounded.max(0.0)) && value >= 0.0 {
            return Some(rounded.max(0.0) as u32);
        }
        self.bad_cell(table, at, column, &format!("holds `{value}`, which is out of range"));
        None
    }

    /// The template's placement with one more `memberOf`.
    fn placement_with(&mut self, base: PlacementId, expression: &str, at: &Locator<'a>) -> Option<PlacementId> {
        let expression = self.expression(expression, at)?;
        let mut placement = self.placements[base].clone();
        placement.constraints.push(Constraint::MemberOf(Arc::clone(&expression)));
        Some(self.intern_placement(placement))
    }
}
