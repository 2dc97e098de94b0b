//! Words that must not be committed: paths of somebody's machine, and talk about how the code came about.
//!
//! This file is the only one that may hold them.

use super::{Finding, finding};
use crate::files::ProjectFile;

/// Where this list lies.
const HOME: &str = "crates/xtask/src/tidy/words.rs";

/// The words, in small letters, each with what is wrong about it.
const FORBIDDEN: [(&str, &str); 16] = [
    ("/work/", "a path of one machine"),
    ("/tmp/target", "a path of one machine"),
    ("/tmp/bash_jobs", "a path of one machine"),
    ("/root/", "a path of one machine"),
    ("/home/", "a path of one machine"),
    ("/users/", "a path of one machine"),
    ("claude", "how the code came about does not matter to its readers"),
    ("anthropic", "how the code came about does not matter to its readers"),
    ("chatgpt", "how the code came about does not matter to its readers"),
    ("language model", "how the code came about does not matter to its readers"),
    ("subagent", "how the code came about does not matter to its readers"),
    ("sub-agent", "how the code came about does not matter to its readers"),
    ("this session", "how the code came about does not matter to its readers"),
    ("the brief", "how the code came about does not matter to its readers"),
    ("context window", "how the code came about does not matter to its readers"),
    ("as requested", "how the code came about does not matter to its readers"),
];

pub(super) fn check(files: &[ProjectFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path != HOME) {
        for (index, line) in file.text().lines().enumerate() {
            let line = line.to_lowercase();
            for (word, why) in FORBIDDEN.iter().filter(|(word, _)| holds(&line, word)) {
                findings.push(finding(file, index + 1, format!("`{word}`: {why}")));
            }
        }
    }
    findings
}

/// Whether the word stands there; a word of letters must not go on, a path must not be the end of an address or a longer path.
fn holds(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        if word.starts_with('/') {
            return !before.is_some_and(|it| it.is_alphanumeric() || "._-}*)".contains(it));
        }
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_words() {
        for bad in [
            "see /work/main",
            "\"/tmp/target-x\"",
            "The brief says",
            "file:///home/me",
            "(/root/.cargo)",
            "in This Session.",
        ] {
            let file = ProjectFile { path: "a.md".to_owned(), text: Some(format!("x\n{bad}\n")) };
            assert_eq!(check(&[file]).len(), 1, "{bad}");
        }
        for good in ["https://x.org/home/a", "framework/work/", "the briefest", "$HOME/work/", "a context", "teamwork"]
        {
            let file = ProjectFile { path: "a.md".to_owned(), text: Some(good.to_owned()) };
            assert_eq!(check(&[file]), [], "{good}");
        }
        let home = ProjectFile { path: HOME.to_owned(), text: Some("/work/".to_owned()) };
        assert_eq!(check(&[home]), []);
    }
}
