//! The numbers of `summary.json` that come first. What a summary does not have is left out.

use serde_json::Value;

use crate::bill::{money, thousands};

/// A headline number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// What it is.
    pub title: &'static str,
    /// The number.
    pub value: String,
    /// Its unit, where it is not a part of it.
    pub unit: String,
    /// What belongs to it, in small letters.
    pub more: String,
    /// Whether somebody should worry.
    pub alarming: bool,
}

/// The headline numbers of a summary.
#[must_use]
pub fn numbers(summary: &Value) -> Vec<Number> {
    [
        cost(summary),
        tasks(summary),
        waiting(summary),
        reservation(summary),
        instances(summary),
        lost(summary),
        unplaced(summary),
        spot(summary),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn float(summary: &Value, path: &str) -> Option<f64> {
    summary.pointer(path).and_then(Value::as_f64)
}

fn count(summary: &Value, path: &str) -> Option<i64> {
    summary.pointer(path).and_then(Value::as_i64)
}

fn number(title: &'static str, value: String, more: Vec<String>, alarming: bool) -> Number {
    Number { title, value, unit: String::new(), more: more.join(" · "), alarming }
}

#[expect(clippy::cast_possible_truncation, reason = "what a summary counts is far from the limits of i64")]
const fn whole(value: f64) -> i64 {
    value.round() as i64
}

fn amount(value: f64) -> String {
    money(whole(value * 1e6))
}

fn cost(summary: &Value) -> Option<Number> {
    let total = float(summary, "/cost/total")?;
    let currency = summary.pointer("/cost/currency").and_then(Value::as_str).unwrap_or("USD");
    let mut more = Vec::new();
    if let Some(rate) = float(summary, "/cost/meanPerHour") {
        more.push(format!("{} an hour", amount(rate)));
    }
    if let Some(idle) = float(summary, "/cost/idle").filter(|idle| *idle > 0.0 && total > 0.0) {
        more.push(format!("{:.1} % of it idle", 100.0 * idle / total));
    }
    Some(Number { unit: currency.to_owned(), ..number("Cost", amount(total), more, false) })
}

fn tasks(summary: &Value) -> Option<Number> {
    let started = count(summary, "/tasks/started")?;
    let more = [("running at the end", "/tasks/running"), ("requested", "/tasks/requested")];
    let more = more.iter().filter_map(|(what, path)| Some(format!("{} {what}", thousands(count(summary, path)?))));
    Some(number("Tasks started", thousands(started), more.collect(), false))
}

/// Seconds for a reader.
#[must_use]
pub fn seconds(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.1} s"),
        ..120.0 => format!("{value:.0} s"),
        ..7200.0 => format!("{:.1} min", value / 60.0),
        ..172_800.0 => format!("{:.1} h", value / 3600.0),
        _ => format!("{:.1} d", value / 86400.0),
    }
}

fn waiting(summary: &Value) -> Option<Number> {
    let p95 = float(summary, "/timeToRunning/total/p95")?;
    let more =
        [("p50", "/timeToRunning/total/p50"), ("p99", "/timeToRunning/total/p99"), ("max", "/timeToRunning/total/max")];
    let more = more.iter().filter_map(|(what, path)| Some(format!("{what} {}", seconds(float(summary, path)?))));
    Some(number("Request to RUNNING, p95", seconds(p95), more.collect(), false))
}

fn reservation(summary: &Value) -> Option<Number> {
    let list = summary.get("capacity")?.as_array()?;
    let mut told = list.iter().filter_map(|resource| {
        let name = resource.get("resource")?.as_str()?;
        let mean = float(resource, "/reservation/mean")?;
        Some((name, mean))
    });
    let (name, mean) = told.next()?;
    let more = told.filter(|(_, mean)| *mean > 0.0).map(|(name, mean)| format!("{name} {mean:.1} %"));
    let title = if name == "CPU" { "CPU reserved, mean" } else { "Reserved, mean" };
    Some(number(title, format!("{mean:.1} %"), more.collect(), false))
}

fn instances(summary: &Value) -> Option<Number> {
    let mean = float(summary, "/instances/registeredMean")?;
    let mut more = Vec::new();
    for (what, path) in [("at most", "/instances/registeredPeak"), ("at the end", "/instances/registered")] {
        more.extend(count(summary, path).map(|number| format!("{} {what}", thousands(number))));
    }
    let value = if mean < 100.0 { format!("{mean:.1}") } else { thousands(whole(mean)) };
    Some(number("Instances, mean", value, more, false))
}

fn lost(summary: &Value) -> Option<Number> {
    let lost = count(summary, "/tasks/lost")?;
    let mut more = Vec::new();
    let of_spot = count(summary, "/fleet/tasksLostToSpot").filter(|number| *number > 0);
    more.extend(of_spot.map(|number| format!("{} to Spot", thousands(number))));
    let work = float(summary, "/fleet/workLostSeconds").filter(|work| *work > 0.0);
    more.extend(work.map(|work| format!("{} of work", seconds(work))));
    let killed = count(summary, "/tasks/outOfMemoryKills").filter(|number| *number > 0);
    more.extend(killed.map(|number| format!("{} killed for memory", thousands(number))));
    Some(number("Tasks lost with their host", thousands(lost), more, lost > 0))
}

fn unplaced(summary: &Value) -> Option<Number> {
    let parts =
        [("waiting", "/tasks/waiting"), ("missing of services", "/tasks/missing"), ("given up", "/tasks/dropped")];
    let parts: Vec<(&str, i64)> =
        parts.iter().filter_map(|(what, path)| Some((*what, count(summary, path)?))).collect();
    let sum: i64 = parts.iter().map(|(_, number)| number).sum();
    let more =
        parts.iter().filter(|(_, number)| *number > 0).map(|(what, number)| format!("{} {what}", thousands(*number)));
    (!parts.is_empty()).then(|| number("Never placed", thousands(sum), more.collect(), sum > 0))
}

fn spot(summary: &Value) -> Option<Number> {
    let noticed = count(summary, "/fleet/interruptionsNoticed").filter(|number| *number > 0)?;
    let reclaimed = count(summary, "/fleet/interruptionsReclaimed").unwrap_or_default();
    let mut more = vec![format!("{} taken", thousands(reclaimed))];
    more.extend(count(summary, "/fleet/tasksDrained").map(|number| format!("{} tasks drained", thousands(number))));
    Some(number("Spot interruption notices", thousands(noticed), more, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_summary_has_not_is_left_out() {
        assert_eq!(numbers(&json!({})), []);
        let told = numbers(&json!({"tasks": {"started": 1234, "lost": 2}, "cost": {"total": 10.0, "idle": 2.5}}));
        let told: Vec<_> = told.iter().map(|it| (it.title, it.value.as_str(), it.more.as_str(), it.alarming)).collect();
        assert_eq!(
            told,
            [
                ("Cost", "10.00", "25.0 % of it idle", false),
                ("Tasks started", "1,234", "", false),
                ("Tasks lost with their host", "2", "", true),
            ]
        );
    }
}
