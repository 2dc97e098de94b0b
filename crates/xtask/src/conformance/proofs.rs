//! What proves a rule: a test whose name begins with its id, a test below `// proves: PLC-021, PLC-023`, or a scenario
//! with `proves: [PLC-032]` (or a line `# proves: PLC-032`) and an `expect:` block. And who says that he carries it out.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{Pattern, RuleId, Specification};
use crate::files::{ProjectFile, TestFiles};
use crate::rust_source::RustSource;

/// What the code says about the rules.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The tests and scenarios that prove each rule: `FILE::test` or `FILE`.
    pub proofs: BTreeMap<RuleId, BTreeSet<String>>,
    /// The tests that would, were they not ignored.
    pub ignored: BTreeMap<RuleId, BTreeSet<String>>,
    /// The files whose documentation names each rule.
    pub implementations: BTreeMap<RuleId, BTreeSet<String>>,
    /// Ids that do not exist, and claims without a test.
    pub problems: Vec<String>,
}

impl Evidence {
    /// Looks through all files of the project.
    #[must_use]
    pub fn gather(files: &[ProjectFile], specification: &Specification) -> Self {
        let mut evidence = Self::default();
        let tests = TestFiles::of(files);
        for file in files {
            let is_code = file.path.starts_with("crates/") || file.path.starts_with("benches/");
            // The chores speak about rules all the time and carry out none.
            if is_code && file.has_extension(&["rs"]) && !file.path.starts_with("crates/xtask/") {
                evidence.read_rust(file, tests.hold(file), specification);
            } else if ["scenarios/", "labs/"].iter().any(|folder| file.path.starts_with(folder))
                && file.has_extension(&["yaml", "yml"])
            {
                evidence.read_scenario(file, specification);
            }
        }
        evidence
    }

    fn read_rust(&mut self, file: &ProjectFile, is_for_tests: bool, specification: &Specification) {
        let source = RustSource::new(file.text());
        let claims = claims(&source);
        let mut used = BTreeSet::new();
        for function in source.functions().iter().filter(|it| it.is_test) {
            let proof = format!("{}::{}", file.path, function.name);
            let by_name =
                RuleId::of_function(&function.name, |it| specification.families.iter().any(|known| known == it));
            let mut patterns: Vec<Pattern> = by_name.into_iter().map(Pattern::One).collect();
            for (line, claimed) in claims.range(function.first_line..=function.line) {
                used.insert(*line);
                patterns.extend(claimed.iter().cloned());
            }
            let place = format!("{}:{}", file.path, function.line);
            let into = if function.is_ignored { &mut self.ignored } else { &mut self.proofs };
            enter(into, &patterns, &proof, specification, &place, &mut self.problems);
        }
        for line in claims.keys().filter(|line| !used.contains(line)) {
            self.problems.push(format!("{}:{line}: `proves:` is not directly above a test", file.path));
        }
        if file.path.contains("/src/") && !is_for_tests {
            for comment in source.comments().iter().filter(|it| it.is_doc && !source.is_test_line(it.line)) {
                for pattern in Pattern::all_in(&comment.text) {
                    for id in specification.covered_by(&pattern) {
                        self.implementations.entry(id.clone()).or_default().insert(file.path.clone());
                    }
                }
            }
        }
    }

    fn read_scenario(&mut self, file: &ProjectFile, specification: &Specification) {
        let text = file.text();
        let mut patterns = Vec::new();
        let mut claims = false;
        for claimed in text.lines().filter_map(|line| line.strip_prefix('#')?.trim_start().strip_prefix("proves:")) {
            claims = true;
            patterns.extend(Pattern::all_in(claimed));
        }
        // Files that are parts of others need not be complete; only those that claim something are read.
        if text.lines().any(|line| line.starts_with("proves:")) {
            claims = true;
            match serde_yaml::from_str::<serde_yaml::Value>(text) {
                Ok(value) => patterns.extend(proves_key(&value)),
                Err(error) => self.problems.push(format!("{}: `proves:` cannot be read: {error}", file.path)),
            }
        }
        if !claims {
            return;
        }
        if patterns.is_empty() {
            self.problems.push(format!("{}: `proves:` names no rule", file.path));
        }
        if !text.lines().any(|line| line.starts_with("expect:")) {
            self.problems.push(format!("{}: `proves:` without `expect:` proves nothing", file.path));
            return;
        }
        enter(&mut self.proofs, &patterns, &file.path, specification, &file.path, &mut self.problems);
    }
}

/// The comments `proves: …` of a file by line; one that ends with a comma goes on in the next line.
fn claims(source: &RustSource) -> BTreeMap<usize, Vec<Pattern>> {
    let mut claims: BTreeMap<usize, Vec<Pattern>> = BTreeMap::new();
    let mut goes_on = None;
    for comment in source.comments() {
        let first = match comment.text.strip_prefix("proves:") {
            Some(_) => comment.line,
            None => match goes_on.take() {
                Some((first, line)) if line == comment.line => first,
                _ => continue,
            },
        };
        claims.entry(first).or_default().extend(Pattern::all_in(&comment.text));
        goes_on = comment.text.ends_with(',').then_some((first, comment.line + 1));
    }
    claims
}

fn proves_key(value: &serde_yaml::Value) -> Vec<Pattern> {
    let texts: Vec<&str> = match value.get("proves") {
        Some(serde_yaml::Value::Sequence(items)) => items.iter().filter_map(serde_yaml::Value::as_str).collect(),
        Some(serde_yaml::Value::String(text)) => vec![text],
        _ => Vec::new(),
    };
    texts.into_iter().flat_map(Pattern::all_in).collect()
}

fn enter(
    into: &mut BTreeMap<RuleId, BTreeSet<String>>,
    patterns: &[Pattern],
    proof: &str,
    specification: &Specification,
    place: &str,
    problems: &mut Vec<String>,
) {
    for pattern in patterns {
        if !specification.knows(pattern) {
            problems.push(format!("{place}: {pattern} is not in spec/"));
        }
        for id in specification.covered_by(pattern) {
            into.entry(id.clone()).or_default().insert(proof.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> ProjectFile {
        ProjectFile { path: path.to_owned(), text: Some(text.to_owned()) }
    }

    fn gather(path: &str, text: &str) -> Evidence {
        let rules: String = (1..=9).map(|it| format!("**PLC-00{it}** Rule.\n")).collect();
        let specification = Specification::read(&[file("spec/10-x.md", &rules)]);
        Evidence::gather(&[file(path, text)], &specification)
    }

    fn ids(map: &BTreeMap<RuleId, BTreeSet<String>>) -> String {
        map.keys().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_and_comments_of_tests_prove() {
        let text = "
            #[test]
            fn plc_001_plc_002_a() {}
            fn plc_003_a_helper() {}
            #[test] #[ignore] fn plc_004_later() {}
            // proves: PLC-005, PLC-006,
            // and PLC-007
            /// Says.
            #[test]
            fn named_otherwise() {}
        ";
        let evidence = gather("crates/x/tests/a.rs", text);
        assert_eq!(ids(&evidence.proofs), "PLC-001 PLC-002 PLC-005 PLC-006 PLC-007");
        assert_eq!(ids(&evidence.ignored), "PLC-004");
        assert_eq!(evidence.problems, [""; 0]);
        let proofs = &evidence.proofs[&RuleId::parse("PLC-006").unwrap()];
        assert_eq!(proofs.iter().collect::<Vec<_>>(), ["crates/x/tests/a.rs::named_otherwise"]);
        assert_eq!(ids(&gather("crates/xtask/src/a.rs", text).proofs), "");
    }

    #[test]
    fn claims_without_a_test_or_a_rule_are_problems() {
        let text = "// proves: PLC-001\nfn helper() {}\n#[test]\nfn plc_111_x() {}\n";
        let expected = [
            "crates/x/src/a.rs:4: PLC-111 is not in spec/",
            "crates/x/src/a.rs:1: `proves:` is not directly above a test",
        ];
        assert_eq!(gather("crates/x/src/a.rs", text).problems, expected);
    }

    #[test]
    fn documentation_says_who_carries_a_rule_out() {
        let text = "//! Fit (PLC-001..003).\n// PLC-004\n/// PLC-005/006.\nfn f() {}\n#[cfg(test)]\nmod tests {\n    /// PLC-007\n    fn g() {}\n}\n";
        let found = ids(&gather("crates/x/src/a.rs", text).implementations);
        assert_eq!(found, "PLC-001 PLC-002 PLC-003 PLC-005 PLC-006");
        assert_eq!(ids(&gather("crates/x/tests/a.rs", text).implementations), "");
    }

    #[test]
    fn scenarios_prove_only_what_they_expect() {
        let path = "scenarios/a/b.yaml";
        assert_eq!(
            ids(&gather(path, "name: x\nproves: [PLC-001, PLC-003]\nexpect:\n  - a\n").proofs),
            "PLC-001 PLC-003"
        );
        assert_eq!(ids(&gather(path, "proves:\n  - PLC-001\n  - PLC-003\nexpect: [a]\n").proofs), "PLC-001 PLC-003");
        assert_eq!(ids(&gather(path, "# proves: PLC-002\nexpect: [a]\n").proofs), "PLC-002");
        let without = gather(path, "proves: [PLC-001]\n");
        assert_eq!(ids(&without.proofs), "");
        assert_eq!(without.problems, ["scenarios/a/b.yaml: `proves:` without `expect:` proves nothing"]);
        assert_eq!(
            gather(path, "proves: [PLC-111]\nexpect: [a]\n").problems,
            ["scenarios/a/b.yaml: PLC-111 is not in spec/"]
        );
        assert_eq!(gather(path, "a: *b\nexpect: {").problems, [""; 0]);
    }
}
