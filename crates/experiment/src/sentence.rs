//! A comparison in words, as a colleague would say it.
//!
//! `binpack:memory costs 11.8 % ± 0.9 % less than spread:zone and waits 2.1 ± 0.4 s longer at p95; no difference in
//! lost tasks shown with 30 seeds.`

use crate::numbers::{decimals_for, fixed, with_uncertainty};
use crate::paired::{Paired, Verdict};

/// How a response is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Money: it costs less or more.
    Cost,
    /// Seconds: it waits shorter or longer.
    Wait,
    /// A level in percent: so many points lower or higher.
    Percent,
    /// A count of things: fewer or more of them.
    Count,
    /// Anything else: lower or higher.
    Level,
}

/// A response and what the pairs say of it.
#[derive(Clone, Copy, Debug)]
pub struct Topic<'a> {
    /// What it is called, such as `lost tasks`.
    pub name: &'a str,
    /// How it is spoken of.
    pub manner: Manner,
    /// Behind the verb, such as `at p95`; empty for nothing.
    pub aside: &'a str,
    /// In what it is measured, such as `$`; empty for a plain number.
    pub unit: &'a str,
    /// What the pairs say; nothing where there were none.
    pub paired: Option<&'a Paired>,
}

/// The sentence for one variant against the baseline. `runs` is what there were so many of, such as `30 seeds`.
#[must_use]
pub fn compare(variant: &str, baseline: &str, topics: &[Topic<'_>], runs: &str) -> String {
    let of = |wanted: Verdict| {
        let topics = topics.iter().filter(move |it| it.paired.is_some_and(|paired| paired.verdict == wanted));
        topics.map(|it| it.name.to_owned()).collect::<Vec<_>>()
    };
    let mut clauses: Vec<Clause> = Vec::new();
    for topic in topics {
        if let Some(paired) = topic.paired
            && matches!(paired.verdict, Verdict::Higher | Verdict::Lower)
        {
            clauses.push(clause(topic, paired));
        }
    }
    let mut parts = Vec::new();
    if !clauses.is_empty() {
        parts.push(format!("{variant} {}", together(&clauses, baseline)));
    }
    let (open, same) = (of(Verdict::NotShown), of(Verdict::Same));
    if !open.is_empty() {
        let against = if clauses.is_empty() { format!(" between {variant} and {baseline}") } else { String::new() };
        parts.push(format!("no difference in {}{against} shown with {runs}", list(&open, "or")));
    }
    if !same.is_empty() {
        let verb = if same.len() == 1 && !is_plural(&same[0]) { "is" } else { "are" };
        let against = if parts.is_empty() { format!(" for {variant} and {baseline}") } else { String::new() };
        parts.push(format!("{} {verb} the same{against} in every run", list(&same, "and")));
    }
    if parts.is_empty() {
        return format!("{variant} and {baseline}: one run says nothing about a difference; give more seeds.");
    }
    let text = parts.join("; ");
    // A name keeps its spelling; everything else begins as a sentence does.
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if clauses.is_empty() && !open.is_empty() => {
            format!("{}{}.", first.to_uppercase(), letters.as_str())
        }
        _ => format!("{text}."),
    }
}

/// `cost is`, `lost tasks are`, `minutes out of SLO are`.
fn is_plural(name: &str) -> bool {
    let first = name.split(' ').next().unwrap_or_default();
    name.ends_with('s') || name.len() > first.len() && first.ends_with('s')
}

/// A verb, and what it says.
struct Clause {
    verb: &'static str,
    what: String,
}

/// Clauses of one verb share it: `waits 4 s longer on average and 9 s longer at p95, and has 2 more instances`.
fn together(clauses: &[Clause], baseline: &str) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for (at, clause) in clauses.iter().enumerate() {
        let than = if at == 0 { format!(" than {baseline}") } else { String::new() };
        let what = format!("{}{than}", clause.what);
        match groups.last_mut().filter(|(verb, _)| *verb == clause.verb) {
            Some((_, list)) => list.push(what),
            None => groups.push((clause.verb, vec![what])),
        }
    }
    let nested = groups.len() > 1 && groups.iter().any(|(_, whats)| whats.len() > 1);
    let said: Vec<String> = groups.iter().map(|(verb, whats)| format!("{verb} {}", list(whats, "and"))).collect();
    match said.as_slice() {
        [first @ .., last] if nested && !first.is_empty() => format!("{}, and {last}", first.join(", ")),
        _ => list(&said, "and"),
    }
}

fn clause(topic: &Topic<'_>, paired: &Paired) -> Clause {
    let higher = paired.verdict == Verdict::Higher;
    let aside = if topic.aside.is_empty() { String::new() } else { format!(" {}", topic.aside) };
    let absolute = amount(paired, topic.unit);
    let way = |less: &'static str, more: &'static str| if higher { more } else { less };
    let (verb, what) = match topic.manner {
        Manner::Cost => ("costs", format!("{} {}", share(paired).unwrap_or(absolute), way("less", "more"))),
        Manner::Wait => ("waits", format!("{absolute} {}", way("shorter", "longer"))),
        Manner::Percent => ("has", format!("{absolute} {} {}", way("less", "more"), topic.name)),
        Manner::Count => {
            // One more instance is no plural; a name of several words keeps its own.
            let single =
                if absolute == "1" && !topic.name.contains(" of ") { topic.name.strip_suffix('s') } else { None };
            ("has", format!("{absolute} {} {}", way("fewer", "more"), single.unwrap_or(topic.name)))
        }
        Manner::Level => {
            ("has", format!("{} {} {}", topic.name, share(paired).unwrap_or(absolute), way("lower", "higher")))
        }
    };
    Clause { verb, what: format!("{what}{aside}") }
}

/// `11.8 % ± 0.9 %`.
fn share(paired: &Paired) -> Option<String> {
    let relative = paired.relative?;
    let percent = relative.share.abs() * 100.0;
    let half = relative.half_width.map(|half| half * 100.0);
    Some(match half {
        Some(half) if half > 0.0 => {
            let decimals = decimals_for(half);
            format!("{} % ± {} %", fixed(percent, decimals), fixed(half, decimals))
        }
        _ => format!("{} %", with_uncertainty(percent, None).0),
    })
}

/// `2.1 ± 0.4 s`.
fn amount(paired: &Paired, unit: &str) -> String {
    let (number, half) = with_uncertainty(paired.difference.mean.abs(), paired.difference.half_width);
    let with = |number: &str| with_unit(number, unit);
    match half.as_deref() {
        Some("0") | None => with(&number),
        // `$2.5 ± $0.1`, and `2.5 ± 0.1 s`.
        Some(half) if unit == "$" || unit == "¥" => format!("{} ± {}", with(&number), with(half)),
        Some(half) => with(&format!("{number} ± {half}")),
    }
}

/// A number with its unit: a currency before it, everything else behind it.
#[must_use]
pub fn with_unit(number: &str, unit: &str) -> String {
    match (unit, number.strip_prefix('-')) {
        ("", _) => number.to_owned(),
        ("$" | "¥", Some(number)) => format!("-{unit}{number}"),
        ("$" | "¥", None) => format!("{unit}{number}"),
        _ => format!("{number} {unit}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn list(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::{Confidence, Estimate};
    use crate::paired::Relative;

    fn paired(mean: f64, half: f64, relative: Option<(f64, f64)>, verdict: Verdict) -> Paired {
        Paired {
            difference: Estimate { n: 30, mean, sd: Some(1.0), half_width: Some(half) },
            relative: relative.map(|(share, half)| Relative { share, half_width: Some(half) }),
            verdict,
            correlation: None,
            needed: None,
        }
    }

    #[test]
    fn the_manner_of_a_colleague() {
        let cost = paired(-3.1, 0.24, Some((-0.1181, 0.009)), Verdict::Lower);
        let wait = paired(2.123, 0.41, Some((0.3, 0.1)), Verdict::Higher);
        let lost = paired(0.1, 0.4, None, Verdict::NotShown);
        let memory = paired(-1.25, 0.05, None, Verdict::Lower);
        let nothing = Paired::of(&[(0.0, 0.0), (0.0, 0.0)], Confidence::default()).unwrap();
        let topic = |name, manner, aside, unit, paired| Topic { name, manner, aside, unit, paired: Some(paired) };
        let topics = [
            topic("cost", Manner::Cost, "", "$", &cost),
            topic("wait", Manner::Wait, "at p95", "s", &wait),
            topic("lost tasks", Manner::Count, "", "", &lost),
            topic("memory reservation", Manner::Percent, "", "points", &memory),
            topic("unplaced tasks", Manner::Count, "", "", &nothing),
        ];
        assert_eq!(
            compare("binpack:memory", "spread:zone", &topics, "30 seeds"),
            "binpack:memory costs 11.8 % ± 0.9 % less than spread:zone, waits 2.1 ± 0.4 s longer at p95 and has 1.25 ± 0.05 \
             points less memory reservation; no difference in lost tasks shown with 30 seeds; unplaced tasks are the same \
             in every run."
        );
        assert_eq!(
            compare("b", "a", &topics[2..3], "30 seeds"),
            "No difference in lost tasks between b and a shown with 30 seeds."
        );
        assert_eq!(compare("b", "a", &topics[4..], "2 seeds"), "unplaced tasks are the same for b and a in every run.");
        let minutes = Topic { name: "minutes out of SLO", ..topics[4] };
        assert!(compare("b", "a", &[minutes], "2 seeds").starts_with("minutes out of SLO are the same"));
        assert!(compare("b", "a", &[], "1 seed").contains("one run"));
        let twice = [topics[1], Topic { aside: "on average", ..topics[1] }, topics[3]];
        assert_eq!(
            compare("b", "a", &twice, "30 seeds"),
            "b waits 2.1 ± 0.4 s longer at p95 than a and 2.1 ± 0.4 s longer on average, and has 1.25 ± 0.05 points less \
             memory reservation."
        );
    }

    #[test]
    fn units() {
        assert_eq!(with_unit("-2.5", "$"), "-$2.5");
        assert_eq!(with_unit("2.5", "s"), "2.5 s");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()], "or"), "a, b or c");
    }
}
