//! `scaling_activities.csv`: every decision of an auto scaler with its arithmetic.

use serde_json::{Value, json};

use crate::events::{Kind, Log};
use crate::limits::DECISIONS;
use crate::pack::{Code, Pack, Words};
use crate::table::Table;
use crate::{About, PageError, TraceFiles};

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    at: i64,
    owner: u32,
    kind: u32,
    policy: u32,
    from: Option<i64>,
    to: Option<i64>,
    metric: u32,
    value: u32,
    target: u32,
    cause: u32,
    count: i64,
}

/// Reads the decisions; launches and terminations are in the list of events, and why an instance came is told with it.
///
/// # Errors
/// Where the file cannot be read.
pub fn read(files: &dyn TraceFiles, about: &mut About, pack: &mut Pack, log: &mut Log) -> Result<Value, PageError> {
    let Some(table) = Table::open(files, "scaling_activities.csv")? else { return Ok(json!({"words": [""]})) };
    let [at, group, provider, kind, policy, from, to, metric, value, target, cause] = [
        "secondsSinceStart",
        "autoScalingGroup",
        "capacityProvider",
        "kind",
        "policy",
        "from",
        "to",
        "metric",
        "value",
        "target",
        "cause",
    ]
    .map(|name| table.column(name));
    let [service, detail, status] = ["service", "detail", "status"].map(|name| table.column(name));
    let mut words = Words::default();
    let mut rows = Vec::new();
    table.each(|row| {
        let when = at.seconds(row).unwrap_or_default();
        let owner = [group, service, provider].map(|column| column.text(row)).into_iter().find(|text| !text.is_empty());
        let owner = owner.unwrap_or_default();
        match kind.text(row) {
            "Launch" | "Terminate" => return,
            "LaunchFailed" => {
                log.push(Kind::Trouble, when, owner, &format!("launch failed: {}", cause.text(row)), None)
            }
            _ => {}
        }
        let mut word = |text: &str| words.number(text);
        rows.push(Decision {
            at: when,
            owner: word(owner),
            kind: word(kind.text(row)),
            policy: word(policy.text(row)),
            from: from.whole(row),
            to: to.whole(row),
            metric: word(metric.text(row)),
            value: word(value.text(row)),
            target: word(target.text(row)),
            cause: word(&told([detail.text(row), cause.text(row), status.text(row)])),
            count: 1,
        });
    })?;
    let (mut rows, within) = fewer(rows);
    if within > 0 {
        about.notes.push(format!(
            "Scaling decisions of one owner and kind that follow each other within {} min are one row with a count.",
            within / 60_000
        ));
    }
    rows.sort_by_key(|row| row.at);
    for row in &rows {
        let kind = words.text(row.kind);
        if kind != "LaunchFailed" {
            let change = match (row.from, row.to) {
                (Some(from), Some(to)) => format!(" {from} → {to}"),
                _ => String::new(),
            };
            let text = format!("{kind}{change}: {}", words.text(row.cause));
            log.push(Kind::Scaling, row.at, words.text(row.owner), &text, None);
        }
    }
    let word = |value: u32| Some(i64::from(value));
    let mut column = |name: &str, code, decimals, get: &dyn Fn(&Decision) -> Option<i64>| {
        pack.column(&format!("scaling.{name}"), code, decimals, rows.iter().map(get));
    };
    column("at", Code::Delta, 3, &|row| Some(row.at));
    column("owner", Code::Plain, 0, &|row| word(row.owner));
    column("kind", Code::Plain, 0, &|row| word(row.kind));
    column("policy", Code::Plain, 0, &|row| word(row.policy));
    column("from", Code::Plain, 0, &|row| row.from);
    column("to", Code::Plain, 0, &|row| row.to);
    column("metric", Code::Plain, 0, &|row| word(row.metric));
    column("value", Code::Plain, 0, &|row| word(row.value));
    column("target", Code::Plain, 0, &|row| word(row.target));
    column("cause", Code::Plain, 0, &|row| word(row.cause));
    column("count", Code::Plain, 0, &|row| Some(row.count));
    Ok(json!({"words": words.list()}))
}

/// What a row says of its reasons, in one text.
fn told(parts: [&str; 3]) -> String {
    let parts: Vec<&str> = parts.into_iter().filter(|text| !text.is_empty()).collect();
    parts.join(" · ")
}

/// Merges alike rows that follow each other until the list is short enough; gives the span within which it did, or 0.
fn fewer(rows: Vec<Decision>) -> (Vec<Decision>, i64) {
    let mut within = 0;
    let mut short = rows.clone();
    while short.len() > DECISIONS && within < 1_000_000_000 {
        within = if within == 0 { 60_000 } else { within * 5 };
        let mut last: std::collections::BTreeMap<(u32, u32, u32), usize> = std::collections::BTreeMap::new();
        short.clear();
        for row in &rows {
            let key = (row.owner, row.kind, row.policy);
            match last.get(&key).map(|at| &mut short[*at]) {
                Some(before) if before.at / within == row.at / within => {
                    before.to = row.to;
                    before.count += row.count;
                    before.cause = row.cause;
                    before.value = row.value;
                }
                _ => {
                    last.insert(key, short.len());
                    short.push(row.clone());
                }
            }
        }
    }
    (short, within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_decisions_are_told_together_and_counted() {
        let decision = |at: i64| Decision {
            at: at * 1000,
            owner: 0,
            kind: 0,
            policy: 0,
            from: Some(at),
            to: Some(at + 1),
            metric: 0,
            value: 0,
            target: 0,
            cause: 0,
            count: 1,
        };
        let (rows, within) = fewer((0..100_000).map(decision).collect());
        assert!(rows.len() <= DECISIONS && within == 60_000);
        assert_eq!(rows.iter().map(|row| row.count).sum::<i64>(), 100_000);
        assert_eq!((rows[0].from, rows[0].to), (Some(0), Some(60)));
        assert_eq!(fewer(vec![decision(1)]).1, 0);
    }
}
