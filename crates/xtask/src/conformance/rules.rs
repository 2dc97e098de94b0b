//! What a rule's id looks like, and which rules `spec/` has.

use std::collections::BTreeMap;

use crate::files::ProjectFile;

/// The id of a rule or of a worked example: `PLC-001`, `PX-26`, `EX-A01`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId {
    /// The letters, such as `PLC`.
    pub family: String,
    /// What stands behind the hyphen, such as `001` or `A01`.
    pub ordinal: String,
}

impl core::fmt::Display for RuleId {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "{}-{}", self.family, self.ordinal)
    }
}

impl RuleId {
    /// Reads an id that is the whole text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_start(text).filter(|(_, rest)| rest.is_empty()).map(|(id, _)| id)
    }

    /// Reads an id at the start of a text, and gives the rest of it.
    #[must_use]
    pub fn parse_start(text: &str) -> Option<(Self, &str)> {
        let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
        let rest = text[letters..].strip_prefix('-').filter(|_| (2..=4).contains(&letters))?;
        let ordinal = ordinal_length(rest)?;
        let id = Self { family: text[..letters].to_owned(), ordinal: rest[..ordinal].to_owned() };
        Some((id, &rest[ordinal..]))
    }

    /// The ids that a function's name begins with: `plc_020_plc_037_limits` is about `PLC-020` and `PLC-037`.
    ///
    /// Only families of the specification count, as any two words could look like an id.
    #[must_use]
    pub fn of_function(name: &str, is_family: impl Fn(&str) -> bool) -> Vec<Self> {
        let mut words = name.split('_').peekable();
        let mut ids = Vec::new();
        loop {
            // `cas_012_and_cp_013_...` reads better than `cas_012_cp_013_...` and means the same.
            if !ids.is_empty() {
                words.next_if_eq(&"and");
            }
            let (Some(family), Some(ordinal)) = (words.next(), words.next()) else { break };
            match Self::parse(&format!("{family}-{ordinal}").to_ascii_uppercase()) {
                Some(id) if is_family(&id.family) => ids.push(id),
                _ => break,
            }
        }
        ids
    }
}

/// How much of the text is an ordinal: a letter or none, then two or three digits, then no more of a word.
fn ordinal_length(text: &str) -> Option<usize> {
    let letter = usize::from(text.starts_with(|it: char| it.is_ascii_uppercase()));
    let digits = text[letter..].bytes().take_while(u8::is_ascii_digit).count();
    let end = letter + digits;
    let goes_on = text[end..].starts_with(|it: char| it.is_alphanumeric() || it == '_');
    ((2..=3).contains(&digits) && !goes_on).then_some(end)
}

/// One or several ids as people write them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// `PLC-001`.
    One(RuleId),
    /// `PLC-001..PLC-009`, both included.
    Range(RuleId, RuleId),
    /// `PLC-*`.
    Family(String),
}

impl core::fmt::Display for Pattern {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::One(id) => write!(out, "{id}"),
            Self::Range(first, last) => write!(out, "{first}..{last}"),
            Self::Family(family) => write!(out, "{family}-*"),
        }
    }
}

impl Pattern {
    /// Reads a pattern that is the whole text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(family) = text.strip_suffix("-*") {
            let is_family = (2..=4).contains(&family.len()) && family.bytes().all(|it| it.is_ascii_uppercase());
            return is_family.then(|| Self::Family(family.to_owned()));
        }
        match text.split_once("..") {
            None => RuleId::parse(text).map(Self::One),
            Some((first, last)) => {
                let (first, last) = (RuleId::parse(first)?, RuleId::parse(last)?);
                (first.family == last.family && first < last).then_some(Self::Range(first, last))
            }
        }
    }

    /// Whether the pattern covers this rule.
    #[must_use]
    pub fn covers(&self, id: &RuleId) -> bool {
        match self {
            Self::One(one) => one == id,
            Self::Range(first, last) => (first..=last).contains(&id),
            Self::Family(family) => *family == id.family,
        }
    }

    /// All patterns in a running text: `PLC-071/072`, `QTA-001..003`, `CAS-020.`; families are not looked for.
    #[must_use]
    pub fn all_in(text: &str) -> Vec<Self> {
        let mut patterns = Vec::new();
        let mut rest = text;
        let mut is_word_before = false;
        while let Some(character) = rest.chars().next() {
            let start = RuleId::parse_start(rest).filter(|_| !is_word_before);
            let Some((id, mut after)) = start else {
                is_word_before = character.is_alphanumeric() || character == '-' || character == '_';
                rest = &rest[character.len_utf8()..];
                continue;
            };
            patterns.push(Self::One(id.clone()));
            loop {
                if let Some((next, behind)) = further_ordinal(&id, after.strip_prefix('/')) {
                    patterns.push(Self::One(next));
                    after = behind;
                } else if let Some((last, behind)) =
                    further_ordinal(&id, after.strip_prefix("..").or_else(|| after.strip_prefix(" to ")))
                {
                    patterns.pop();
                    patterns.push(if id < last { Self::Range(id.clone(), last) } else { Self::One(id.clone()) });
                    after = behind;
                } else {
                    break;
                }
            }
            rest = after;
            is_word_before = true;
        }
        patterns
    }
}

/// Reads `PLC-072` or only `072` behind another id.
fn further_ordinal<'a>(id: &RuleId, text: Option<&'a str>) -> Option<(RuleId, &'a str)> {
    let text = text?.trim_start_matches('=');
    if let Some((next, rest)) = RuleId::parse_start(text) {
        return (next.family == id.family).then_some((next, rest));
    }
    let length = ordinal_length(text)?;
    Some((RuleId { family: id.family.clone(), ordinal: text[..length].to_owned() }, &text[length..]))
}

/// A rule of the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// The beginning of its text.
    pub title: String,
    /// The file in `spec/`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// All rules, each family in the order of its ordinals.
#[derive(Clone, Debug, Default)]
pub struct Specification {
    /// The families in the order in which `spec/` introduces them.
    pub families: Vec<String>,
    /// The rules by id.
    pub rules: BTreeMap<RuleId, Rule>,
    /// Rules that are there twice.
    pub problems: Vec<String>,
}

impl Specification {
    /// Reads the rules of the files `spec/NN-….md`.
    #[must_use]
    pub fn read(files: &[ProjectFile]) -> Self {
        let mut specification = Self::default();
        for file in files.iter().filter(|file| is_specification(&file.path)) {
            let mut is_fenced = false;
            for (index, line) in file.text().lines().enumerate() {
                is_fenced ^= line.starts_with("```");
                if let Some((id, text)) = definition(line).filter(|_| !is_fenced) {
                    let rule = Rule { id, title: title(text), file: file.path.clone(), line: index + 1 };
                    specification.add(rule);
                }
            }
        }
        specification
    }

    fn add(&mut self, rule: Rule) {
        if !self.families.contains(&rule.id.family) {
            self.families.push(rule.id.family.clone());
        }
        if let Some(old) = self.rules.get(&rule.id) {
            let place = format!("{}:{}", rule.file, rule.line);
            self.problems.push(format!("{place}: {} is already a rule at {}:{}", rule.id, old.file, old.line));
        } else {
            self.rules.insert(rule.id.clone(), rule);
        }
    }

    /// The rules of a family in the order of their ordinals.
    pub fn family<'a>(&'a self, family: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.values().filter(move |rule| rule.id.family == family)
    }

    /// The rules that a pattern covers.
    pub fn covered_by<'a>(&'a self, pattern: &'a Pattern) -> impl Iterator<Item = &'a RuleId> {
        self.rules.keys().filter(move |id| pattern.covers(id))
    }

    /// Whether the pattern names only what exists; a range is known by its ends.
    #[must_use]
    pub fn knows(&self, pattern: &Pattern) -> bool {
        match pattern {
            Pattern::One(id) => self.rules.contains_key(id),
            Pattern::Range(first, last) => self.rules.contains_key(first) && self.rules.contains_key(last),
            Pattern::Family(family) => self.families.contains(family),
        }
    }
}

fn is_specification(path: &str) -> bool {
    let name = path.strip_prefix("spec/").unwrap_or_default();
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    digits == 2 && name[digits..].starts_with('-') && name.ends_with(".md") && !name.contains('/')
}

/// The id that a line of the specification defines, and the text behind it: `**PLC-001** …`, `**DRN-001 Entering.** …`,
/// `| QTA-001 | …`, `| **LAT-001** | …`, `### PX-01 …`.
fn definition(line: &str) -> Option<(RuleId, &str)> {
    if let Some(row) = line.strip_prefix('|') {
        let (cell, rest) = row.split_once('|')?;
        let cell = cell.trim();
        let cell = cell.strip_prefix("**").and_then(|it| it.strip_suffix("**")).unwrap_or(cell);
        return RuleId::parse(cell).map(|id| (id, rest.split('|').next().unwrap_or_default()));
    }
    let heading = line.trim_start_matches('#');
    if heading.len() < line.len() {
        return RuleId::parse_start(heading.strip_prefix(' ')?);
    }
    RuleId::parse_start(line.strip_prefix("**")?)
}

/// The first words of a rule, without its tags, sources and markup.
fn title(text: &str) -> String {
    const LENGTH: usize = 80;
    let text = text.replace("**", "");
    let mut text = text.trim_start_matches(|it: char| it.is_whitespace() || "—-–:,*".contains(it));
    loop {
        let close = match text.chars().next() {
            Some('[') => ']',
            Some('(') => ')',
            _ => break,
        };
        let Some(end) = text.find(close) else { break };
        text = text[end + 1..].trim_start();
    }
    let sources =
        text.match_indices(" (S").map(|it| it.0).find(|at| text[at + 3..].starts_with(|it: char| it.is_ascii_digit()));
    let text = text[..sources.unwrap_or(text.len())].split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LENGTH {
        return text.trim_end_matches(['.', ' ', ',', ':']).to_owned();
    }
    let mut short: String = text.chars().take(LENGTH).collect();
    if let Some(end) = short.rfind(' ') {
        short.truncate(end);
    }
    let mut short = short.trim_end_matches(['.', ',', ';', ':']).to_owned();
    // Half a piece of code would swallow what follows it in Markdown.
    if short.matches('`').count() % 2 == 1 {
        short.push('`');
    }
    short + " …"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Specification {
        Specification::read(&[ProjectFile { path: "spec/10-x.md".to_owned(), text: Some(text.to_owned()) }])
    }

    #[test]
    fn every_form_of_a_definition_is_found_and_no_mention() {
        let text = "# 10 - PLC-000 is none\n\n**PLC-001** Placement, see **PLC-009**.\n**PLC-003** is `a | b`\n\nAs PLC-002 says.\n\
                    | id | quota |\n| --- | --- |\n| QTA-001 | clusters | yes |\n| see QTA-002 | x |\n| **LAT-001** | call | 1 s |\n\
                    ### PX-01 Default\n#### PX-02\n**EX-A01 — split (AWS).** Service.\n**DRN-001 Entering.** Sets.\n\
                    ```\n**PLC-004** in a picture\n```\n **PLC-005** indented\n";
        let specification = read(text);
        let ids: Vec<String> = specification.rules.keys().map(ToString::to_string).collect();
        assert_eq!(ids, ["DRN-001", "EX-A01", "LAT-001", "PLC-001", "PLC-003", "PX-01", "PX-02", "QTA-001"]);
        assert_eq!(specification.families, ["PLC", "QTA", "LAT", "PX", "EX", "DRN"]);
        assert_eq!(specification.problems, [""; 0]);
    }

    #[test]
    fn a_rule_that_is_there_twice_is_a_problem() {
        let specification = read("**PLC-001** One.\n\n**PLC-001** Two.\n");
        assert_eq!(specification.problems, ["spec/10-x.md:3: PLC-001 is already a rule at spec/10-x.md:1"]);
    }

    #[test]
    fn only_numbered_files_are_the_specification() {
        for (path, expected) in [("spec/10-placement.md", true), ("spec/CONFORMANCE.md", false), ("spec/1-a.md", false)]
        {
            assert_eq!(is_specification(path), expected, "{path}");
        }
    }

    #[test]
    fn titles_are_without_tags() {
        let cases = [
            (" Types.** A provider has", "Types. A provider has"),
            ("** [documented] (LIFE) lastStatus order: A.", "lastStatus order: A"),
            (" — strategy split (AWS).** Ten", "strategy split (AWS). Ten"),
            (" clusters per account ", "clusters per account"),
            ("** CPU is a share. (S10, S28) [documented]", "CPU is a share"),
        ];
        for (text, expected) in cases {
            assert_eq!(title(text), expected);
        }
        let long =
            title("** word `code that is far too long to be shown whole because it goes on and on for ever` and on");
        assert!(long.ends_with("` …") && long.chars().count() <= 83, "{long}");
    }

    #[test]
    fn function_names_begin_with_the_ids_they_prove() {
        let of = |name: &str| {
            let ids = RuleId::of_function(name, |family| ["PLC", "PX", "EX", "RES"].contains(&family));
            ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("plc_007_subnets"), "PLC-007");
        assert_eq!(of("plc_020_plc_037_limits"), "PLC-020 PLC-037");
        assert_eq!(of("plc_020_and_plc_037_limits"), "PLC-020 PLC-037");
        assert_eq!(of("plc_020_and_more"), "PLC-020");
        assert_eq!(of("px_26_a_retries"), "PX-26");
        assert_eq!(of("ex_a01_split"), "EX-A01");
        assert_eq!(of("plc_001"), "PLC-001");
        assert_eq!(of("res_004_fits_res_003"), "RES-004");
        assert_eq!(of("plc_020_at_500"), "PLC-020");
        for none in ["the_plc_001", "plc_1_x", "abc_001_x", "plc", "plc_0011_x", "plc001_x"] {
            assert_eq!(of(none), "", "{none}");
        }
    }

    #[test]
    fn patterns_in_a_text() {
        let of = |text: &str| Pattern::all_in(text).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(of("PLC-071/072, (QTA-031) and CAS-020."), "PLC-071 PLC-072 QTA-031 CAS-020");
        assert_eq!(
            of("DEP-062..065; SVC-010..SVC-013, DRN-020.., PX-01"),
            "DEP-062..DEP-065 SVC-010..SVC-013 DRN-020 PX-01"
        );
        assert_eq!(of("RES-050 to RES-052, FLR-010 to CQL-001"), "RES-050..RES-052 FLR-010 CQL-001");
        assert_eq!(of("XPLC-0011 a-PLC-001 PLC-1 UTF-16LE sha-256 PLC-001b EX-A01"), "EX-A01");
    }

    #[test]
    fn patterns_cover() {
        let covers = |pattern: &str, id: &str| Pattern::parse(pattern).unwrap().covers(&RuleId::parse(id).unwrap());
        assert!(covers("CAS-*", "CAS-001") && !covers("CAS-*", "CP-001"));
        assert!(covers("DEP-001..DEP-060", "DEP-060") && !covers("DEP-001..DEP-060", "DEP-061"));
        assert!(covers("DEP-001", "DEP-001") && !covers("DEP-001", "DEP-002"));
        for bad in ["", "*", "DEP-*1", "DEP-001..", "DEP-002..DEP-001", "DEP-001..CAS-002", "dep-*", "DEP"] {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }
}
