//! Every rule of `spec/` is proven by a test that names it, or listed as not modelled with the reason; this makes the list.

mod excuses;
mod proofs;
mod render;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

pub use excuses::{Excuse, When};
pub use proofs::Evidence;
pub use render::{json, markdown, table};
pub use rules::{Pattern, Rule, RuleId, Specification};

use crate::Error;
use crate::files::ProjectFile;

/// Where the generated list lies.
pub const PAGE: &str = "spec/CONFORMANCE.md";

/// What is known about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Something proves it.
    Proven,
    /// It is listed as not modelled.
    NotModelled {
        /// When it will be.
        when: String,
        /// Why it is not.
        reason: String,
    },
    /// Nobody has said anything.
    Missing,
}

impl Status {
    /// The status in a word or two.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::NotModelled { .. } => "not modelled",
            Self::Missing => "missing",
        }
    }
}

/// A rule and what is known about it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The rule.
    pub rule: Rule,
    /// How it stands.
    pub status: Status,
    /// What of a modelled rule is left out.
    pub left_out: Option<String>,
    /// The tests and scenarios that prove it.
    pub proofs: BTreeSet<String>,
    /// The tests that would, were they not ignored.
    pub ignored: BTreeSet<String>,
    /// The files whose documentation names it.
    pub implementations: BTreeSet<String>,
}

/// How many rules of a family stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All rules.
    pub rules: usize,
    /// Those that something proves.
    pub proven: usize,
    /// Those that are listed.
    pub not_modelled: usize,
    /// Those that nobody has said anything about.
    pub missing: usize,
}

/// A family of rules.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its letters.
    pub name: String,
    /// Whether no rule of it may be missing.
    pub is_required: bool,
    /// Its rules, in order.
    pub entries: Vec<Entry>,
}

impl Family {
    /// How many rules stand how.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let count = |name| self.entries.iter().filter(|entry| entry.status.name() == name).count();
        Counts {
            rules: self.entries.len(),
            proven: count("proven"),
            not_modelled: count("not modelled"),
            missing: count("missing"),
        }
    }
}

/// The whole list.
#[derive(Clone, Debug)]
pub struct Conformance {
    /// The families in the order of `spec/`.
    pub families: Vec<Family>,
    /// Stale rows, ids that do not exist, claims without a test.
    pub problems: Vec<String>,
}

impl Conformance {
    /// Makes the list from the files of the project.
    ///
    /// # Errors
    /// Where `spec/not-modelled.csv` cannot be read at all.
    pub fn of(files: &[ProjectFile]) -> Result<Self, Error> {
        let specification = Specification::read(files);
        let evidence = Evidence::gather(files, &specification);
        let mut problems = specification.problems.clone();
        problems.extend(evidence.problems.iter().cloned());
        let list = files.iter().find(|file| file.path == excuses::PATH);
        let excuses = excuses::parse(list.map_or("rules,when,reason\n", |file| file.text()), &mut problems)?;
        check_excuses(&excuses, &specification, &evidence.proofs, &mut problems);
        let families = specification.families.iter().map(|name| Family {
            name: name.clone(),
            is_required: excuses
                .iter()
                .any(|it| it.when == When::Required && it.pattern == Pattern::Family(name.clone())),
            entries: specification.family(name).map(|rule| entry(rule, &evidence, &excuses)).collect(),
        });
        Ok(Self { families: families.collect(), problems })
    }

    /// Only this family.
    ///
    /// # Errors
    /// Where there is no such family.
    pub fn only(mut self, name: &str) -> Result<Self, Error> {
        let known: Vec<&str> = self.families.iter().map(|it| it.name.as_str()).collect();
        let name = name.to_ascii_uppercase();
        if !known.contains(&name.as_str()) {
            return Err(format!("there is no family {name} in spec/, only {}", known.join(", ")).into());
        }
        self.families.retain(|it| it.name == name);
        Ok(self)
    }

    /// The problems, and each missing rule of the required families.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let missing = self.families.iter().filter(|family| family.is_required).flat_map(|family| &family.entries);
        let missing = missing.filter(|entry| entry.status == Status::Missing).map(|entry| {
            let Rule { id, title, file, line } = &entry.rule;
            format!("{file}:{line}: {id} is neither proven nor listed in {}: {title}", excuses::PATH)
        });
        self.problems.iter().cloned().chain(missing).collect()
    }
}

fn entry(rule: &Rule, evidence: &Evidence, excuses: &[Excuse]) -> Entry {
    let of = |map: &BTreeMap<RuleId, BTreeSet<String>>| map.get(&rule.id).cloned().unwrap_or_default();
    let proofs = of(&evidence.proofs);
    let covering = |exact: bool| {
        excuses.iter().find(move |it| matches!(it.pattern, Pattern::One(_)) == exact && it.pattern.covers(&rule.id))
    };
    let excuse = covering(true).or_else(|| {
        let mut wide = excuses.iter().filter(|it| it.pattern.covers(&rule.id) && it.when != When::Required);
        wide.find(|it| matches!(it.pattern, Pattern::Range(..))).or_else(|| {
            excuses.iter().find(|it| {
                matches!(it.pattern, Pattern::Family(_)) && it.pattern.covers(&rule.id) && it.when != When::Required
            })
        })
    });
    let (mut status, mut left_out) = (Status::Missing, None);
    if let Some(excuse) = excuse {
        match &excuse.when {
            When::Later(_) | When::Never => {
                status = Status::NotModelled { when: excuse.when.to_string(), reason: excuse.reason.clone() };
            }
            When::Partly(what) => left_out = Some(format!("{what}: {}", excuse.reason)),
            When::Required => {}
        }
    }
    if !proofs.is_empty() {
        status = Status::Proven;
    }
    Entry {
        rule: rule.clone(),
        status,
        left_out,
        proofs,
        ignored: of(&evidence.ignored),
        implementations: of(&evidence.implementations),
    }
}

/// Every row has to be about something that exists and still be needed.
fn check_excuses(
    excuses: &[Excuse],
    specification: &Specification,
    proofs: &BTreeMap<RuleId, BTreeSet<String>>,
    problems: &mut Vec<String>,
) {
    for Excuse { pattern, when, line, .. } in excuses {
        let place = format!("{}:{line}", excuses::PATH);
        if !specification.knows(pattern) {
            problems.push(format!("{place}: {pattern} is not in spec/"));
            continue;
        }
        if matches!(when, When::Required | When::Partly(_)) {
            continue;
        }
        match pattern {
            Pattern::One(id) => {
                if let Some(proof) = proofs.get(id).and_then(BTreeSet::first) {
                    problems.push(format!("{place}: {id} is listed as not modelled and proven by {proof}"));
                }
            }
            Pattern::Range(..) | Pattern::Family(_) => {
                if specification.covered_by(pattern).all(|id| proofs.contains_key(id)) {
                    problems.push(format!("{place}: all of {pattern} is proven; the row is not needed"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(excuses: &str) -> Conformance {
        let spec = "**PLC-001** One.\n**PLC-002** Two.\n**PLC-003** Three.\n**CAS-001** Scale.\n**CAS-002** In.\n";
        let test =
            "#[test]\nfn plc_001_one() {}\n#[test]\nfn cas_001_scale() {}\n#[test]\n#[ignore]\nfn plc_002_two() {}\n";
        let files = [
            ("spec/10-x.md", spec.to_owned()),
            (excuses::PATH, format!("rules,when,reason\n{excuses}")),
            ("crates/x/src/tests.rs", test.to_owned()),
        ];
        let files = files.map(|(path, text)| ProjectFile { path: path.to_owned(), text: Some(text) });
        Conformance::of(&files).unwrap()
    }

    fn statuses(conformance: &Conformance) -> String {
        let entries = conformance.families.iter().flat_map(|family| &family.entries);
        entries.map(|entry| format!("{} {}", entry.rule.id, entry.status.name())).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_rule_is_proven_listed_or_missing() {
        let list = of("CAS-*,later: capacity,x\nPLC-002,never,x\n");
        assert_eq!(
            statuses(&list),
            "PLC-001 proven, PLC-002 not modelled, PLC-003 missing, CAS-001 proven, CAS-002 not modelled"
        );
        assert_eq!(list.failures(), [""; 0]);
        let counts = list.families[0].counts();
        assert_eq!(counts, Counts { rules: 3, proven: 1, not_modelled: 1, missing: 1 });
    }

    #[test]
    fn a_required_family_may_miss_nothing() {
        let list = of("PLC-*,required,now\nPLC-002,never,x\n");
        let expected = ["spec/10-x.md:3: PLC-003 is neither proven nor listed in spec/not-modelled.csv: Three"];
        assert_eq!(list.failures(), expected);
    }

    #[test]
    fn stale_rows_and_unknown_rules_are_problems() {
        let list = of("PLC-001,never,x\nPLC-009,never,x\nABC-*,never,x\nPLC-001..PLC-002,never,x\n");
        let expected = [
            "spec/not-modelled.csv:2: PLC-001 is listed as not modelled and proven by crates/x/src/tests.rs::plc_001_one",
            "spec/not-modelled.csv:3: PLC-009 is not in spec/",
            "spec/not-modelled.csv:4: ABC-* is not in spec/",
        ];
        assert_eq!(list.problems, expected);
    }

    #[test]
    fn a_partly_modelled_rule_still_has_to_be_proven() {
        let list = of(
            "PLC-*,required,now\nPLC-001,partly: Fargate,no Fargate\nPLC-003,partly: Fargate,no Fargate\nPLC-002,never,x\n",
        );
        assert_eq!(list.families[0].entries[0].left_out.as_deref(), Some("Fargate: no Fargate"));
        assert_eq!(list.failures().len(), 1);
        assert!(list.failures()[0].contains("PLC-003"));
    }

    #[test]
    fn the_narrowest_row_gives_the_reason() {
        let list = of("CAS-*,later: a,family\nCAS-001..CAS-002,later: b,range\nCAS-002,later: c,exact\n");
        let Status::NotModelled { reason, .. } = &list.families[1].entries[1].status else { panic!() };
        assert_eq!(reason, "exact");
    }

    #[test]
    fn all_forms_of_the_list_name_every_rule() {
        let list = of("CAS-*,later: capacity,x\nPLC-002,never,the console\n");
        for text in [table(&list, None), markdown(&list), json(&list)] {
            for part in ["PLC-001", "CAS-002", "the console", "crates/x/src/tests.rs::plc_001_one", "missing"] {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
        assert!(!table(&list, Some("missing")).contains("PLC-001"));
    }
}
