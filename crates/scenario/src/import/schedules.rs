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

/// How long a run must be to show when it is due, in seconds: whole days from the start on, a week at most; nothing where it
/// is not due in the first week.
pub(super) fn days_to_show(expression: &Expression) -> Option<u64> {
    const DAY: u64 = 86_400;
    // A time that is the start itself is due too.
    let first = expression.next_after(START - 1)?;
    let seconds = u64::try_from((first - START) / 1_000).ok()?;
    Some((seconds / DAY + 1) * DAY).filter(|length| *length <= 7 * DAY)
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
