//! Task traces: a CSV row becomes a `RunTask` call of its own, with its sizes as overrides (RES-010).

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::{GpuNeed, GroupId, PlacementId, Requirements};
use ecsim_engine::model::{TaskTemplate, TraceTask};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::placement::constraints::Constraint;
use ecsim_policies::placement::constraints::query::Expression;

use super::Context;
use super::tables::CsvTable;
use super::task_definitions::sizes;
use crate::document::Locator;
use crate::schema::{Column, CpuColumn, CpuUnit, MemoryColumn, TimeColumn, TimeUnit, Trace};

/// More rows than this are refused: a guard against the wrong file.
const MOST_ROWS: usize = 20_000_000;

/// More copies of one row are a slip of the finger.
const MOST_COPIES: u32 = 1_000_000;

/// Which columns say what a task needs.
#[derive(Clone, Copy)]
struct SizeColumns {
    cpu: Option<usize>,
    memory: Option<usize>,
    gpus: Option<usize>,
    gpu_share: Option<usize>,
}

/// A row before all of them are sorted.
struct Row {
    arrival_ms: f64,
    copies: u32,
    task: TraceTask,
}

impl<'a> Context<'a> {
    /// All rows of a trace, by arrival; rows of one instant stay in the order of the file.
    pub(super) fn trace(&mut self, given: &Trace, template: &TaskTemplate, at: &Locator<'a>) -> Option<Vec<TraceTask>> {
        let columns_at = at.clone().key("columns");
        let sane = self.check_trace(given, at);
        let mut table = self.open_table(&given.file, &at.clone().key("file"))?;
        let columns = &given.columns;
        let mut missing = false;
        let mut find = |context: &mut Self, name: Option<&str>, place: &Locator<'a>| {
            let name = name?;
            let found = context.column(&table, name, place);
            missing |= found.is_none();
            found
        };
        let plain = |column: &'_ Option<Column>| column.as_ref().map(|column| column.column.clone());
        let of = |key: &str| columns_at.clone().key(key);
        let name = find(self, plain(&columns.name).as_deref(), &of("name"));
        let arrival = find(self, Some(&columns.arrival.column), &of("arrival"));
        let end = find(self, columns.end.as_ref().map(|column| column.column.as_str()), &of("end"));
        let duration = find(self, columns.duration.as_ref().map(|column| column.column.as_str()), &of("duration"));
        let cpu = find(self, columns.cpu.as_ref().map(|column| column.column.as_str()), &of("cpu"));
        let memory = find(self, columns.memory.as_ref().map(|column| column.column.as_str()), &of("memory"));
        let gpus = find(self, plain(&columns.gpus).as_deref(), &of("gpus"));
        let gpu_share = find(self, plain(&columns.gpu_share).as_deref(), &of("gpuShare"));
        let group = find(self, plain(&columns.group).as_deref(), &of("group"));
        let exit_code = find(self, plain(&columns.exit_code).as_deref(), &of("exitCode"));
        let count = find(self, plain(&columns.count).as_deref(), &of("count"));
        let member_of = find(self, columns.member_of.as_ref().map(|it| it.column.as_str()), &of("memberOf"));
        let mut filters = Vec::new();
        for (column, values) in &given.filter {
            if let Some(index) = find(self, Some(column), &at.clone().key("where").key(column)) {
                filters.push((index, values.0.iter().map(|value| value.as_str().to_owned()).collect::<Vec<_>>()));
            }
        }
        if missing || !sane {
            return None;
        }
        let arrival = arrival?;
        let before = self.diagnostics.errors();
        let mut placements: BTreeMap<String, Option<PlacementId>> = BTreeMap::new();
        let mut groups: BTreeMap<String, Option<GroupId>> = BTreeMap::new();
        let mut rows: Vec<Row> = Vec::new();
        let mut tasks = 0_usize;
        while self.next_row(&mut table, at) {
            if filters.iter().any(|(index, values)| !values.iter().any(|value| value == table.cell(*index))) {
                continue;
            }
            let Some(arrival_ms) = self.time_cell(&mut table, arrival, &columns.arrival, given.time_scale, at) else {
                continue;
            };
            let Some(duration_ms) = self.row_duration(&mut table, given, arrival_ms, (duration, end), at) else {
                continue;
            };
            let sizes = SizeColumns { cpu, memory, gpus, gpu_share };
            let Some(requirements) = self.row_requirements(&mut table, given, template, sizes, at) else {
                continue;
            };
            let Some(exit_code) = self.small_number(&mut table, (exit_code, &columns.exit_code), 0, 255, at) else {
                continue;
            };
            let Some(copies) = self.small_number(&mut table, (count, &columns.count), 1, MOST_COPIES, at) else {
                continue;
            };
            let Some(group) = self.row_group(&mut table, group, template.group, &columns.group, &mut groups, at) else {
                continue;
            };
            let placement = match (member_of, &columns.member_of) {
                (Some(index), Some(column)) if !table.cell(index).is_empty() => {
                    let value = table.cell(index).to_owned();
                    let known = match placements.get(&value) {
                        Some(known) => *known,
                        None => {
                            let placement = match self.placement_with(template.placement, &column.expression, &value) {
                                Ok(placement) => Some(placement),
                                Err(why) => {
                                    self.bad_cell(&mut table, at, &column.column, &why);
                                    None
                                }
                            };
                            placements.insert(value, placement);
                            placement
                        }
                    };
                    match known {
                        Some(placement) => placement,
                        None => continue,
                    }
                }
                _ => template.placement,
            };
            let name = name.map(|index| self.definitions.texts.intern(table.cell(index)));
            let duration = duration_ms.map(|ms| Span::from_secs_f64(ms * given.duration_scale / 1000.0));
            tasks += copies as usize;
            if tasks > MOST_ROWS {
                self.error(at, "E365", format!("more than {MOST_ROWS} tasks in one trace"), Some("use `limit`".into()));
                return None;
            }
            let task = TraceTask {
                arrival: SimTime::ZERO,
                duration,
                requirements,
                group,
                placement,
                exit_code: exit_code as i32,
                name,
            };
            rows.push(Row { arrival_ms, copies, task });
        }
        // What is missing because of bad rows is no problem of its own.
        if self.diagnostics.errors() > before { None } else { self.finish_trace(rows, given, at) }
    }

    /// What is wrong with a trace before its file is opened.
    fn check_trace(&mut self, given: &Trace, at: &Locator<'a>) -> bool {
        let before = self.diagnostics.errors();
        let columns = &given.columns;
        let columns_at = at.clone().key("columns");
        for (key, scale) in [("timeScale", given.time_scale), ("durationScale", given.duration_scale)] {
            if !(scale > 0.0 && scale.is_finite()) {
                let help = Some("0.1 is ten times faster".into());
                self.error(&at.clone().key(key), "E365", format!("`{key}` must be above 0"), help);
            }
        }
        let has_dates = columns.arrival.unit.is_none();
        if let Some(end) = &columns.end {
            let place = columns_at.clone().key("end");
            if columns.duration.is_some() {
                self.error(&place, "E365", "both `end` and `duration`", Some("write one of them".into()));
            }
            if end.unit.is_none() != has_dates {
                let message = "`arrival` and `end` are both dates and times, or both numbers with a unit";
                self.error(&place, "E365", message, Some(format!("for example {{column: {}, unit: s}}", end.column)));
            }
        }
        if let Some(duration) = columns.duration.as_ref().filter(|duration| duration.unit.is_none()) {
            let help = format!("write {{column: {}, unit: s}}: ms, s, m or h", duration.column);
            self.error(&columns_at.key("duration"), "E365", "a column of durations needs its unit", Some(help));
        }
        if given.origin.is_some() && !has_dates {
            let help = Some("numbers count from the trace's own zero; `skipBefore` moves it".into());
            self.error(&at.clone().key("origin"), "E365", "`origin` is for arrivals that are dates and times", help);
        }
        self.diagnostics.errors() == before
    }

    /// How long the task of the current row runs, in milliseconds: `Some(None)` where the row does not say.
    fn row_duration(
        &mut self,
        table: &mut CsvTable,
        given: &Trace,
        arrival_ms: f64,
        (duration, end): (Option<usize>, Option<usize>),
        at: &Locator<'a>,
    ) -> Option<Option<f64>> {
        let (index, column, is_end) = match (duration, &given.columns.duration, end, &given.columns.end) {
            (Some(index), Some(column), ..) => (index, column, false),
            (_, _, Some(index), Some(column)) => (index, column, true),
            _ => return Some(None),
        };
        if table.cell(index).is_empty() {
            return Some(None);
        }
        let ms = self.time_cell(table, index, column, given.time_scale, at)?;
        if is_end && ms < arrival_ms {
            self.bad_cell(table, at, &column.column, "ends the task before it arrives");
            return None;
        }
        Some(Some(if is_end { ms - arrival_ms } else { ms }))
    }

    /// A whole number of the current row; the default where there is no such column, or nothing in it.
    fn small_number(
        &mut self,
        table: &mut CsvTable,
        (index, column): (Option<usize>, &Option<Column>),
        default: u32,
        most: u32,
        at: &Locator<'a>,
    ) -> Option<u32> {
        let (Some(index), Some(column)) = (index, column) else { return Some(default) };
        if table.cell(index).is_empty() {
            return Some(default);
        }
        let number = self.number(table, index, &column.column, at)? * column.scale.unwrap_or(1.0);
        if number.fract() != 0.0 || !(0.0..=f64::from(most)).contains(&number) {
            let why = format!("holds `{number}`; a whole number from 0 to {most} is expected");
            self.bad_cell(table, at, &column.column, &why);
            return None;
        }
        Some(number as u32)
    }

    /// The task group of the current row (PLC-030, PLC-031); each bad name is said once.
    fn row_group(
        &mut self,
        table: &mut CsvTable,
        index: Option<usize>,
        default: GroupId,
        column: &Option<Column>,
        groups: &mut BTreeMap<String, Option<GroupId>>,
        at: &Locator<'a>,
    ) -> Option<GroupId> {
        let (Some(index), Some(column)) = (index, column) else { return Some(default) };
        let name = table.cell(index);
        if name.is_empty() {
            return Some(default);
        }
        if let Some(known) = groups.get(name) {
            return *known;
        }
        let name = name.to_owned();
        let group = match self.check_group(&name) {
            Ok(()) => Some(self.definitions.groups.intern(&name)),
            Err((_, why)) => {
                let why = format!("holds `{}`: {why}", crate::diagnostic::shown(&name));
                self.bad_cell(table, at, &column.column, &why);
                None
            }
        };
        groups.insert(name, group);
        group
    }

    /// Sorts the rows, moves the origin to 0, and cuts what is not wanted.
    fn finish_trace(&mut self, mut rows: Vec<Row>, given: &Trace, at: &Locator<'a>) -> Option<Vec<TraceTask>> {
        if rows.is_empty() {
            let help = (!given.filter.is_empty()).then(|| "no row has the values that `where` asks for".to_owned());
            self.error(at, "E324", format!("no row of `{}` asks for a task", given.file), help);
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
        if rows.is_empty() {
            let message = format!("`origin`, `skipBefore` and `limit` leave no row of `{}`", given.file);
            self.error(at, "E324", message, None);
            return None;
        }
        let mut tasks = Vec::with_capacity(rows.len());
        for row in rows {
            let arrival = SimTime::ZERO + Span::from_secs_f64((row.arrival_ms - zero) / 1000.0);
            for _ in 0..row.copies {
                tasks.push(TraceTask { arrival, ..row.task.clone() });
            }
        }
        Some(tasks)
    }

    /// A time of the current row in milliseconds, `timeScale` applied.
    pub(super) fn time_cell(
        &mut self,
        table: &mut CsvTable,
        index: usize,
        column: &TimeColumn,
        time_scale: f64,
        at: &Locator<'a>,
    ) -> Option<f64> {
        let scale = column.scale.unwrap_or(1.0) * time_scale;
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
        of: SizeColumns,
        at: &Locator<'a>,
    ) -> Option<Requirements> {
        let mut requirements = template.requirements;
        if let (Some(index), Some(column)) = (of.cpu, &given.columns.cpu) {
            requirements.cpu = self.cpu_cell(table, index, column, at)?;
        }
        if let (Some(index), Some(column)) = (of.memory, &given.columns.memory) {
            requirements.memory = self.memory_cell(table, index, column, at)?;
        }
        if let (Some(index), Some(column)) = (of.gpus, &given.columns.gpus)
            && !table.cell(index).is_empty()
        {
            let mut number = self.number(table, index, &column.column, at)? * column.scale.unwrap_or(1.0);
            if !(0.0..=64.0).contains(&number) {
                self.bad_cell(table, at, &column.column, &format!("holds `{number}`; 0 to 64 GPUs are possible"));
                return None;
            }
            if let (Some(index), Some(column)) = (of.gpu_share, &given.columns.gpu_share)
                && !table.cell(index).is_empty()
            {
                let share = self.number(table, index, &column.column, at)? * column.scale.unwrap_or(1.0);
                if !(0.0..=1.0).contains(&share) {
                    let why = format!("holds `{share}`; a share of a GPU is from 0 to 1");
                    self.bad_cell(table, at, &column.column, &why);
                    return None;
                }
                number *= share;
            }
            match self.gpus_of(number) {
                Ok(gpus) => requirements.gpus = gpus,
                Err(why) => {
                    self.bad_cell(table, at, &column.column, &why);
                    return None;
                }
            }
        }
        Some(requirements)
    }

    /// GPUs of a task, a part of a thousandth rounded up; a fraction makes a whole one where tasks do not share (RES-030).
    fn gpus_of(&self, gpus: f64) -> Result<GpuNeed, String> {
        let sharing = self.definitions.gpu_sharing;
        // A hair above is a rounding error of the file.
        let amount = (gpus * f64::from(sharing.parts()) - 1e-6).ceil().max(0.0) as u16;
        sizes::check_share(amount, sharing)?;
        Ok(GpuNeed::Count(amount))
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

    /// The template's placement with one more `memberOf`, or what is wrong with it (PLC-009, CQL-003).
    fn placement_with(&mut self, base: PlacementId, template: &str, value: &str) -> Result<PlacementId, String> {
        let settings = &self.scenario.settings;
        let (longest, most) = (settings.expression_length as usize, settings.max_constraints as usize);
        let text = template.replace("{}", value);
        let expression = Expression::parse_with_limit(&text, longest).map_err(|error| {
            let shown = crate::diagnostic::shown(&text);
            format!("gives the expression `{shown}`, which cannot be read: {}", error.message)
        })?;
        let mut placement = self.placements[base].clone();
        placement.constraints.push(Constraint::MemberOf(Arc::new(expression)));
        if placement.constraints.len() > most {
            return Err(format!("gives one placement constraint more than {most}, which are allowed (PLC-009)"));
        }
        Ok(self.intern_placement(placement))
    }
}
