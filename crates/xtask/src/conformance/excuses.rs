//! `spec/not-modelled.csv`: which rules nothing has to prove, and which families must be complete.
//!
//! Columns: `rules` (an id, a range `DEP-001..DEP-060`, or a family `CAS-*`), `when`, `reason`. What `when` may say:
//!
//! * `later: WHAT`: not modelled yet;
//! * `never`: not modelled, and not planned;
//! * `partly: WHAT`: the rule has to be proven, and this much of it is left out;
//! * `required`: the family has to be complete; `cargo xtask conformance --check` fails where a rule is missing.

use super::rules::Pattern;
use crate::Error;

/// Where the list lies.
pub const PATH: &str = "spec/not-modelled.csv";

/// When a rule will be modelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// With a later part of the product, which it names.
    Later(String),
    /// Not as far as anybody plans.
    Never,
    /// It is modelled, but for something.
    Partly(String),
    /// Now: no rule of the family may be missing.
    Required,
}

impl core::fmt::Display for When {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Later(what) => write!(out, "later: {what}"),
            Self::Never => write!(out, "never"),
            Self::Partly(what) => write!(out, "partly: {what}"),
            Self::Required => write!(out, "required"),
        }
    }
}

impl When {
    fn parse(text: &str) -> Option<Self> {
        let named =
            |prefix| text.strip_prefix(prefix).map(str::trim).filter(|it| !it.is_empty()).map(ToOwned::to_owned);
        match text {
            "never" => Some(Self::Never),
            "required" => Some(Self::Required),
            _ => named("later:").map(Self::Later).or_else(|| named("partly:").map(Self::Partly)),
        }
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excuse {
    /// The rules it is about.
    pub pattern: Pattern,
    /// When they will be modelled.
    pub when: When,
    /// Why they are not.
    pub reason: String,
    /// The line, from 1.
    pub line: u64,
}

/// Reads the list. What is wrong with single rows goes to `problems`.
///
/// # Errors
/// Where the text is no CSV with the three columns.
pub fn parse(text: &str, problems: &mut Vec<String>) -> Result<Vec<Excuse>, Error> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    if reader.headers()? != vec!["rules", "when", "reason"] {
        return Err(format!("{PATH}: its columns have to be rules,when,reason").into());
    }
    let mut excuses: Vec<Excuse> = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let (rules, when, reason) = (&record[0], &record[1], &record[2]);
        let Some(pattern) = Pattern::parse(rules) else {
            problems.push(format!(
                "{PATH}:{line}: `{rules}` is no id, no range like DEP-001..DEP-060, no family like CAS-*"
            ));
            continue;
        };
        let Some(when) = When::parse(when) else {
            let known = "`later: WHAT`, `never`, `partly: WHAT`, `required`";
            problems.push(format!("{PATH}:{line}: `{when}` is not one of {known}"));
            continue;
        };
        if reason.is_empty() {
            problems.push(format!("{PATH}:{line}: {pattern} has no reason"));
        }
        if let Some(old) = excuses.iter().find(|old| old.pattern == pattern) {
            problems.push(format!("{PATH}:{line}: {pattern} is already on line {}", old.line));
        }
        match (&pattern, &when) {
            (Pattern::Family(_), _) | (Pattern::One(_), When::Later(_) | When::Never | When::Partly(_)) => {}
            (Pattern::Range(..), When::Later(_) | When::Never) => {}
            _ => problems.push(format!("{PATH}:{line}: `{when}` is not for {pattern}")),
        }
        excuses.push(Excuse { pattern, when, reason: reason.to_owned(), line });
    }
    Ok(excuses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read() {
        let text = "rules,when,reason\nCAS-*,later: capacity,\"providers, later\"\nPLC-035,never,the console\nPLC-*,required,now\nPLC-011,partly: providers,x\n";
        let mut problems = Vec::new();
        let excuses = parse(text, &mut problems).unwrap();
        assert_eq!(problems, [""; 0]);
        assert_eq!(excuses[0].when, When::Later("capacity".to_owned()));
        assert_eq!(excuses[0].reason, "providers, later");
        assert_eq!((&excuses[1].when, excuses[1].line), (&When::Never, 3));
        assert_eq!(excuses[3].when.to_string(), "partly: providers");
    }

    #[test]
    fn bad_rows_are_told() {
        let text =
            "rules,when,reason\nX,never,x\nCAS-*,someday,x\nCAS-001,never,\nCAS-001,never,x\nCAS-002,required,x\n";
        let mut problems = Vec::new();
        parse(text, &mut problems).unwrap();
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!(parse("a,b\n", &mut problems).is_err());
        assert!(parse("rules,when,reason\na\n", &mut problems).is_err());
    }
}
