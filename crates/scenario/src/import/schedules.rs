//! When rules and schedules of EventBridge are due: `rate(...)` and `cron(...)`.

use ecsim_policies::scaling::expression::Expression;

/// The start of a run where a scenario says none, in milliseconds since 1970: 2026-01-01.
const START: i64 = 1_767_225_600_000;

/// A schedule in the terms of a workload.
pub(super) enum When {
    /// Every so many seconds.
    Every(u64),
    /// At the times of a cron expression.
    Cron(Box<Expression>),
}

/// Reads an expression.
pub(super) fn read(text: &str, zone: Option<&str>) -> Result<When, String> {
    let expression = Expression::parse(text, zone, (None, None), START).map_err(|error| error.to_string())?;
    if text.trim_start().starts_with("rate") {
        let next = expression.next_after(START).ok_or_else(|| "it is never due".to_owned())?;
        return Ok(When::Every(u64::try_from((next - START) / 1_000).unwrap_or(0).max(1)));
    }
    Ok(When::Cron(Box::new(expression)))
}

/// The times at which it is due in the first so many seconds of a run, at most so many.
pub(super) fn times(expression: &Expression, seconds: u64, most: usize) -> Vec<u64> {
    let end = START.saturating_add(i64::try_from(seconds).unwrap_or(0) * 1_000);
    let mut times = Vec::new();
    // A time that is the start itself is due too.
    let mut after = START - 1;
    while times.len() < most {
        let Some(next) = expression.next_after(after).filter(|next| *next < end && *next > after) else { break };
        times.push(u64::try_from((next - START) / 1_000).unwrap_or(0));
        after = next;
    }
    times
}

/// A length of time as a scenario writes it: `24h`, `90m`, `5s`.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0 => "0s".to_owned(),
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}
