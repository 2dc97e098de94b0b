//! Whatever comes in, an import ends with a scenario that passes the check, or with a reason; never with a panic.

use ecsim_scenario::document::Limits;
use ecsim_scenario::import::Imported;

use crate::kit::*;
use crate::{answers, others, templates};

/// SplitMix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }
}

fn fixtures() -> Vec<(&'static str, &'static str)> {
    let mut all = answers::all();
    all.extend([("shop.yaml", templates::STACK), ("compose.yaml", others::COMPOSE), ("jobs.csv", others::TASKS)]);
    all
}

/// A text with a few words, lines or values changed, dropped, doubled or swapped.
fn mutated(text: &str, random: &mut Random) -> String {
    const WORDS: [&str; 16] = [
        "null",
        "{}",
        "[]",
        "\"\"",
        "-1",
        "1e300",
        "true",
        "!Ref Group",
        "{Ref: Task}",
        "[[[]]]",
        "\"arn:aws:ecs\"",
        "99999999999",
        "x",
        "~",
        "\"service//\"",
        "\"0\"",
    ];
    let mut text = text.to_owned();
    for _ in 0..1 + random.below(3) {
        let tokens: Vec<(usize, usize)> = {
            let mut found = Vec::new();
            let mut start = None;
            for (at, letter) in text.char_indices() {
                let is_word = letter.is_alphanumeric() || "_-:./".contains(letter);
                match (is_word, start) {
                    (true, None) => start = Some(at),
                    (false, Some(from)) => {
                        found.push((from, at));
                        start = None;
                    }
                    _ => {}
                }
            }
            found
        };
        if tokens.is_empty() {
            break;
        }
        let (from, to) = tokens[random.below(tokens.len())];
        let other = tokens[random.below(tokens.len())];
        let new = match random.below(5) {
            0 => WORDS[random.below(WORDS.len())].to_owned(),
            1 => String::new(),
            2 => text[other.0..other.1].to_owned(),
            3 => text[from..to].repeat(2),
            _ => text[from..to].chars().rev().collect(),
        };
        text.replace_range(from..to, &new);
        if random.below(6) == 0 {
            // A line less.
            let lines: Vec<&str> = text.lines().collect();
            let gone = random.below(lines.len());
            text =
                lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| format!("{line}\n")).collect();
        }
    }
    text
}

/// The scenario passes the check as it is printed, or a reason is given.
#[track_caller]
fn ends_well(imported: &Imported, files: &[(&str, &str)], case: u64) {
    let codes: Vec<&str> = imported.diagnostics.iter().map(|it| it.code).collect();
    assert!(!codes.contains(&"E413"), "case {case}: {:#?}", problems(imported));
    match &imported.scenario {
        None => assert!(imported.diagnostics.has_errors(), "case {case}: neither a scenario nor a reason"),
        Some(made) => {
            let all = memory(files).with("imported.yaml", made.yaml.as_bytes());
            let prepared = ecsim_scenario::prepare(&all, "imported.yaml", &[], &Limits::default());
            assert!(prepared.ready.is_some(), "case {case}: {:#?}\n{}", prepared.diagnostics, made.yaml);
        }
    }
}

#[test]
fn subsets_of_the_files_make_scenarios() {
    let fixtures = fixtures();
    let mut random = Random(7);
    for case in 0..40 {
        let chosen: Vec<(&str, &str)> = fixtures.iter().copied().filter(|_| random.below(3) == 0).collect();
        if chosen.is_empty() {
            continue;
        }
        ends_well(&imported(&chosen), &chosen, case);
    }
}

#[test]
fn mutated_files_never_panic() {
    let fixtures = fixtures();
    let cases = std::env::var("ECSIM_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150);
    for case in 0..cases {
        let mut random = Random(1000 + case);
        let count = 1 + random.below(3);
        let mut chosen: Vec<(&str, String)> = Vec::new();
        for _ in 0..count {
            let (name, text) = fixtures[random.below(fixtures.len())];
            let text = mutated(text, &mut random);
            chosen.push((name, text));
        }
        let files: Vec<(&str, &str)> = chosen.iter().map(|(name, text)| (*name, text.as_str())).collect();
        ends_well(&imported(&files), &files, case);
    }
}
