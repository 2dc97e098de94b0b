//! Traces of requests: columns of a CSV file become points of a rate (`docs/load.md`).

use ecsim_engine::load::Rate;

use super::Context;
use crate::document::Locator;
use crate::schema::{RateTrace, TraceGaps, TracePer};

/// More rows than this are refused: a guard against the wrong file.
const MOST_ROWS: usize = 5_000_000;

impl<'a> Context<'a> {
    /// A trace; its numbers become requests in `unit` seconds.
    pub(super) fn rate_trace(&mut self, given: &RateTrace, unit: f64, at: &Locator<'a>) -> Option<Rate> {
        let time_scale = given.time_scale.unwrap_or(1.0);
        let scale = given.scale.unwrap_or(1.0);
        for (key, value) in [("timeScale", time_scale), ("scale", scale)] {
            if !(value > 0.0 && value.is_finite()) {
                self.error(&at.clone().key(key), "E365", format!("`{key}` must be above 0"), None);
                return None;
            }
        }
        let is_date = given.time_column.as_ref().is_some_and(|column| column.unit.is_none());
        match (&given.time_column, given.every) {
            (Some(_), Some(_)) => {
                let help = Some("times come from the column, or from `every`".into());
                self.error(&at.clone().key("every"), "E365", "both `timeColumn` and `every`", help);
            }
            (None, None) => {
                let help = Some("write `timeColumn`, or `every: 1m` where one row follows the other".into());
                self.error(at, "E365", "nothing says when the requests of a row come", help);
                return None;
            }
            _ => {}
        }
        if given.origin.is_some() && !is_date {
            let help = Some("`offset` moves the start within the trace".into());
            self.error(&at.clone().key("origin"), "E365", "`origin` is for times that are dates", help);
        }
        let rows = self.rate_rows(given, scale, time_scale, at)?;
        self.rate_points(given, rows, unit, is_date, at)
    }

    /// Rows in the order of time: milliseconds of the trace, and the number; `None` where it is a gap.
    fn rate_rows(
        &mut self,
        given: &RateTrace,
        scale: f64,
        time_scale: f64,
        at: &Locator<'a>,
    ) -> Option<Vec<(i64, Option<f64>)>> {
        let before = self.diagnostics.errors();
        let mut table = self.open_table(&given.file, &at.clone().key("file"))?;
        let value = self.column(&table, &given.column, &at.clone().key("column"));
        let time = given
            .time_column
            .as_ref()
            .map(|column| (self.column(&table, &column.column, &at.clone().key("timeColumn")), column));
        let mut filters = Vec::new();
        for (column, values) in &given.filter {
            let index = self.column(&table, column, &at.clone().key("where").key(column))?;
            filters.push((index, values.0.iter().map(|value| value.as_str().to_owned()).collect::<Vec<_>>()));
        }
        let value = value?;
        let mut rows = Vec::new();
        let every = given.every.map_or(0.0, |it| it.0.ms() as f64) * time_scale;
        while self.next_row(&mut table, at) {
            if filters.iter().any(|(index, values)| !values.iter().any(|value| value == table.cell(*index))) {
                continue;
            }
            let when = match &time {
                Some((index, column)) => {
                    let Some(ms) = self.time_cell(&mut table, (*index)?, column, time_scale, at) else { continue };
                    ms
                }
                None => rows.len() as f64 * every,
            };
            let number = if table.cell(value).is_empty() {
                None
            } else {
                let Some(number) = self.number(&mut table, value, &given.column, at) else { continue };
                if number < 0.0 {
                    self.bad_cell(&mut table, at, &given.column, "holds less than no requests");
                    continue;
                }
                Some(number * scale).filter(|it| *it > 0.0 || given.zero_is_gap != Some(true))
            };
            rows.push((when.round() as i64, number));
            if rows.len() > MOST_ROWS {
                self.error(at, "E365", format!("more than {MOST_ROWS} rows in one trace"), None);
                return None;
            }
        }
        if self.diagnostics.errors() > before {
            return None;
        }
        rows.sort_by_key(|(when, _)| *when);
        if rows.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            let help = Some("keep one series of the file: where: {COLUMN: VALUE}".into());
            self.error(at, "E365", format!("`{}` has two rows of the same time", given.file), help);
            return None;
        }
        if rows.len() < 2 {
            self.error(at, "E324", format!("`{}` has fewer than two rows that count", given.file), None);
            return None;
        }
        Some(rows)
    }

    fn rate_points(
        &mut self,
        given: &RateTrace,
        rows: Vec<(i64, Option<f64>)>,
        unit: f64,
        is_date: bool,
        at: &Locator<'a>,
    ) -> Option<Rate> {
        let mut gaps: Vec<i64> = rows.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        gaps.sort_unstable();
        let usual = gaps[gaps.len() / 2].max(1);
        let most = given.gap_after.map_or(usual * 5 / 2, |it| it.0.ms() as i64).max(usual);
        let (first, last) = (rows[0].0, rows[rows.len() - 1].0);
        let end = last + usual;
        // What one row says for a second.
        let each = |value: f64, length: i64| {
            let per = match given.per {
                None => unit,
                Some(TracePer::Second) => 1.0,
                Some(TracePer::Minute) => 60.0,
                Some(TracePer::Hour) => 3_600.0,
                Some(TracePer::Row) => length as f64 / 1_000.0,
            };
            value * unit / per
        };
        let mut points: Vec<(i64, f64)> = Vec::with_capacity(rows.len());
        let mut known: Vec<(i64, i64, f64)> = Vec::with_capacity(rows.len());
        for (index, (when, value)) in rows.iter().enumerate() {
            let next = rows.get(index + 1).map_or(end, |next| next.0);
            let length = (next - when).min(if next - when > most { usual } else { i64::MAX });
            if let Some(value) = value {
                known.push((*when, length, each(*value, length)));
            }
        }
        if known.is_empty() {
            self.error(at, "E324", format!("`{}` has no number in column `{}`", given.file, given.column), None);
            return None;
        }
        for (index, (when, length, value)) in known.iter().enumerate() {
            points.push((*when, *value));
            let (until, next) = known.get(index + 1).map_or((end, 0.0), |next| (next.0, next.2));
            let gap = when + length;
            if until > gap {
                match given.gaps.unwrap_or_default() {
                    TraceGaps::Hold => {}
                    TraceGaps::Zero => points.push((gap, 0.0)),
                    TraceGaps::Interpolate => {
                        let steps = ((until - gap) / usual).clamp(1, 100_000);
                        for step in 0..steps {
                            let part = (step + 1) as f64 / (steps + 1) as f64;
                            points.push((gap + (until - gap) * step / steps, value + (next - value) * part));
                        }
                    }
                }
            }
        }
        if known[0].0 > first {
            points.insert(0, (first, if given.gaps == Some(TraceGaps::Zero) { 0.0 } else { known[0].2 }));
        }
        if let Some(step) = given.resample.map(|it| it.0.ms() as i64) {
            if step < 1_000 {
                self.error(&at.clone().key("resample"), "E365", "`resample` is at least a second", None);
                return None;
            }
            points = resampled(&points, end, step);
        }
        let time_scale = given.time_scale.unwrap_or(1.0);
        let zero = match given.origin {
            Some(origin) => (origin.unix_ms() as f64 * time_scale) as i64,
            None if is_date => first,
            None => 0,
        } + given.offset.map_or(0, |it| (it.0.ms() as f64 * time_scale) as i64);
        if given.repeat == Some(true) {
            let period = end - first;
            for point in &mut points {
                point.0 = (point.0 - zero).rem_euclid(period);
            }
            points.sort_by_key(|(when, _)| *when);
            points.dedup_by_key(|(when, _)| *when);
            return Some(Rate::Points { points: points.into(), period, step: None, clock: None });
        }
        if end <= zero {
            let message = format!("`origin` and `offset` leave no row of `{}`", given.file);
            self.error(at, "E324", message, None);
            return None;
        }
        points.push((end, 0.0));
        for point in &mut points {
            point.0 -= zero;
        }
        // What lies before the run: only the last of it matters.
        let start = points.partition_point(|(when, _)| *when <= 0);
        if start == 0 {
            points.insert(0, (0, 0.0));
        } else {
            points.drain(..start - 1);
        }
        Some(Rate::Points { points: points.into(), period: 0, step: None, clock: None })
    }
}

/// Means over steps of a curve whose values hold until the next point.
fn resampled(points: &[(i64, f64)], end: i64, step: i64) -> Vec<(i64, f64)> {
    let Some(first) = points.first() else { return Vec::new() };
    let mut result = Vec::new();
    let mut from = first.0;
    let mut at = 0;
    while from < end {
        let to = (from + step).min(end);
        let mut sum = 0.0;
        let mut now = from;
        while now < to {
            while points.get(at + 1).is_some_and(|next| next.0 <= now) {
                at += 1;
            }
            let until = points.get(at + 1).map_or(end, |next| next.0).min(to);
            sum += points[at].1 * (until - now) as f64;
            now = until;
        }
        result.push((from, sum / (to - from) as f64));
        from = to;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::resampled;

    #[test]
    fn means_over_steps_keep_the_sum() {
        let points = [(0, 6.0), (57, 12.0), (114, 0.0)];
        let got = resampled(&points, 171, 60);
        assert_eq!(got, [(0, 6.3), (60, (54.0 * 12.0) / 60.0), (120, 0.0)]);
    }
}
