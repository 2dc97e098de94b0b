//! Numbers of the summary by their path, as `ecsim run --format csv` writes it; elements of lists also by name.

use serde_json::Value;

use crate::metrics::Unit;

/// What the summary has at its top, and `expect:` has not.
const ROOTS: [&str; 8] =
    ["tasks", "placement", "timeToRunning", "capacity", "instances", "fleet", "cost", "durationSeconds"];

/// Whether a text is a path into the summary, rather than a measure.
pub(super) fn is_one(text: &str) -> bool {
    let first = text.split('.').next().unwrap_or_default();
    let is_plain = !text.contains([' ', '+', '*', '/', '(']);
    is_plain && ROOTS.contains(&first)
}

/// In what a number of the summary is measured, by its path.
pub(super) fn unit(path: &str) -> Unit {
    let last = path.rsplit('.').next().unwrap_or_default();
    let first = path.split('.').next().unwrap_or_default();
    match (first, last) {
        ("cost", _) => Unit::Money,
        ("capacity", _) | (_, "percent") => Unit::Percent,
        (_, last) if last.ends_with("Seconds") => Unit::Seconds,
        ("timeToRunning", "p50" | "p95" | "p99" | "max") | (_, "p50" | "p95" | "p99") => Unit::Seconds,
        _ => Unit::Count,
    }
}

/// The number at a path: nothing where the path leads nowhere, `Some(None)` where there is no number now.
#[must_use]
pub fn look_up(value: &Value, path: &str) -> Option<Option<f64>> {
    let steps: Vec<&str> = path.split('.').collect();
    walk(value, &steps)
}

fn walk(value: &Value, steps: &[&str]) -> Option<Option<f64>> {
    if steps.is_empty() {
        return match value {
            Value::Number(number) => Some(number.as_f64()),
            Value::Null => Some(None),
            Value::Bool(flag) => Some(Some(f64::from(u8::from(*flag)))),
            _ => None,
        };
    }
    // Names may have dots in them.
    (1..=steps.len()).find_map(|count| {
        let name = steps[..count].join(".");
        walk(child(value, &name)?, &steps[count..])
    })
}

fn child<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(name),
        Value::Array(list) => list
            .iter()
            .find(|element| called(element).is_some_and(|it| it == name))
            .or_else(|| list.get(name.parse::<usize>().ok()?)),
        _ => None,
    }
}

/// What an element of a list is called: its first text.
fn called(element: &Value) -> Option<&str> {
    element.as_object()?.values().find_map(Value::as_str)
}

/// The most similar path that leads to a number.
#[must_use]
pub fn nearest_path(value: &Value, path: &str) -> Option<String> {
    let mut known = Vec::new();
    list(value, "", &mut known);
    known
        .into_iter()
        .map(|it| (strsim::damerau_levenshtein(&it.to_lowercase(), &path.to_lowercase()), it))
        .filter(|(distance, _)| *distance <= (path.len() / 3).clamp(1, 6))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}

fn list(value: &Value, path: &str, known: &mut Vec<String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| list(value, &below(name), known)),
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                let name = called(element).map_or_else(|| at.to_string(), str::to_owned);
                list(element, &below(&name), known);
            }
        }
        Value::Number(_) => known.push(path.to_owned()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_walked_by_name() {
        let summary = serde_json::json!({
            "cost": {"total": 2.5, "byService": [{"name": "a.b", "amount": 1.5}]},
            "capacity": [{"resource": "CPU", "reservation": {"mean": 40.0, "last": null}}],
        });
        assert_eq!(look_up(&summary, "cost.total"), Some(Some(2.5)));
        assert_eq!(look_up(&summary, "cost.byService.a.b.amount"), Some(Some(1.5)));
        assert_eq!(look_up(&summary, "capacity.CPU.reservation.mean"), Some(Some(40.0)));
        assert_eq!(look_up(&summary, "capacity.0.reservation.last"), Some(None));
        assert_eq!(look_up(&summary, "capacity.memory.reservation.mean"), None);
        assert_eq!(nearest_path(&summary, "cost.totl").as_deref(), Some("cost.total"));
        assert_eq!((unit("cost.total"), unit("capacity.CPU.placed.mean")), (Unit::Money, Unit::Percent));
        assert_eq!(unit("fleet.workLostSeconds"), Unit::Seconds);
    }
}
