//! Rules about the code itself, each a function from the files of the project to what is wrong in them.
//!
//! One check, one file or one function here, one line in [`CHECKS`].

mod edges;
mod words;

use std::collections::BTreeSet;

use crate::files::{ProjectFile, TestFiles};
use crate::rust_source::RustSource;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, from the root.
    pub file: String,
    /// The line, from 1; 0 where it is about the whole file.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl core::fmt::Display for Finding {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.file, self.message),
            line => write!(out, "{}:{line}: {}", self.file, self.message),
        }
    }
}

/// A check: its name, and what it does.
pub type Check = (&'static str, fn(&[ProjectFile]) -> Vec<Finding>);

/// All checks.
pub const CHECKS: [Check; 8] = [
    ("every .rs file says at its head why it exists", headers),
    ("crates depend on each other as ARCHITECTURE.md draws it", edges::check),
    ("no word is committed that belongs to a machine or to a way of working", words::check),
    ("nothing unfinished", nothing_unfinished),
    ("no file is longer than anybody reads", lengths),
    ("no order and no clock that differ between runs", nothing_random),
    ("libraries do no input and no output", no_io_in_libraries),
    ("data files are tables", data_files),
];

/// Runs all checks; the findings are in the order of files and lines.
#[must_use]
pub fn findings(files: &[ProjectFile]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|(_, check)| check(files)).collect();
    findings.sort();
    findings
}

fn rust_files(files: &[ProjectFile]) -> impl Iterator<Item = &ProjectFile> {
    files.iter().filter(|file| file.has_extension(&["rs"]))
}

fn finding(file: &ProjectFile, line: usize, message: impl Into<String>) -> Finding {
    Finding { file: file.path.clone(), line, message: message.into() }
}

/// The lines on which a piece of code stands as a word of its own.
fn lines_with<'a>(code: &'a str, piece: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    code.lines().enumerate().filter_map(move |(index, line)| {
        let found = line.match_indices(piece).any(|(at, _)| {
            let starts_word = piece.starts_with(is_word);
            let ends_word = piece.ends_with(is_word);
            !(starts_word && line[..at].ends_with(is_word)
                || ends_word && line[at + piece.len()..].starts_with(is_word))
        });
        found.then_some(index + 1)
    })
}

fn headers(files: &[ProjectFile]) -> Vec<Finding> {
    let bare = rust_files(files).filter(|file| {
        let first = file.text().lines().next().unwrap_or_default();
        first.strip_prefix("//!").is_none_or(|text| text.trim().is_empty())
    });
    bare.map(|file| finding(file, 1, "the first line has to say why the file exists: `//! …`")).collect()
}

fn nothing_unfinished(files: &[ProjectFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in rust_files(files) {
        let source = RustSource::new(file.text());
        for piece in ["todo!", "unimplemented!", "dbg!"] {
            findings.extend(
                lines_with(source.code(), piece)
                    .map(|line| finding(file, line, format!("`{piece}` is unfinished work"))),
            );
        }
    }
    findings
}

/// Files longer than this are split by reason.
const LINES_MAX: usize = 1_500;

fn lengths(files: &[ProjectFile]) -> Vec<Finding> {
    let written = files.iter().filter(|file| file.has_extension(&["rs", "md", "yaml", "yml", "toml"]));
    // The generated list grows with the rules.
    let written = written.filter(|file| file.path != crate::conformance::PAGE);
    let long = written.map(|file| (file, file.text().lines().count())).filter(|(_, lines)| *lines > LINES_MAX);
    long.map(|(file, lines)| finding(file, 0, format!("{lines} lines, more than {LINES_MAX}: split it by reason")))
        .collect()
}

/// What differs from run to run; `clippy.toml` bans the same, but looks neither at macros nor at code that is not built.
fn nothing_random(files: &[ProjectFile]) -> Vec<Finding> {
    let containers = ["HashMap", "HashSet", "thread_rng"];
    let clocks = ["Instant::now", "time::Instant", "SystemTime"];
    let mut findings = Vec::new();
    for file in rust_files(files) {
        let source = RustSource::new(file.text());
        let may_look_at_clock = file.path.starts_with("benches/")
            || file.path.contains("/examples/")
            || file.path.starts_with("crates/cli/") && file.path.ends_with("/wall_clock.rs");
        for piece in containers {
            let message = format!("`{piece}` has an order that differs between runs; see clippy.toml");
            findings.extend(lines_with(source.code(), piece).map(|line| finding(file, line, message.clone())));
        }
        if may_look_at_clock {
            continue;
        }
        let message = "a clock: only the module `wall_clock` of the command line has one";
        let lines: BTreeSet<usize> = clocks.iter().flat_map(|piece| lines_with(source.code(), piece)).collect();
        findings.extend(lines.into_iter().map(|line| finding(file, line, message)));
    }
    findings
}

fn no_io_in_libraries(files: &[ProjectFile]) -> Vec<Finding> {
    const LIBRARIES: [&str; 8] = ["kernel", "cluster", "policies", "engine", "catalog", "report", "html", "scenario"];
    const IO: [&str; 12] = [
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "File::open",
        "File::create",
        "println!",
        "eprintln!",
        "print!",
        "eprint!",
        "stdout()",
    ];
    let mut findings = Vec::new();
    let tests = TestFiles::of(files);
    for file in rust_files(files).filter(|file| !tests.hold(file)) {
        let is_library = LIBRARIES.iter().any(|it| file.path.starts_with(&format!("crates/{it}/src/")));
        // The one way in which a scenario reads files, behind a trait that a browser implements otherwise.
        if !is_library || file.path == "crates/scenario/src/disk.rs" {
            continue;
        }
        let source = RustSource::new(file.text());
        for piece in IO {
            let lines = lines_with(source.code(), piece).filter(|line| !source.is_test_line(*line));
            let message = format!("`{piece}` in a library: input and output belong to the command line");
            findings.extend(lines.map(|line| finding(file, line, message.clone())));
        }
    }
    findings
}

fn data_files(files: &[ProjectFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.has_extension(&["csv"])) {
        let Some(text) = &file.text else {
            findings.push(finding(file, 0, "is not UTF-8"));
            continue;
        };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns: Vec<String> =
            reader.headers().map(|it| it.iter().map(ToOwned::to_owned).collect()).unwrap_or_default();
        if columns.iter().any(|column| column.trim().is_empty()) || columns.is_empty() {
            findings.push(finding(file, 1, "every column needs a name"));
        }
        for error in reader.records().filter_map(Result::err) {
            let line = error.position().map_or(0, |it| usize::try_from(it.line()).unwrap_or(0));
            findings.push(finding(file, line, format!("is no row of this table: {error}")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(check: fn(&[ProjectFile]) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
        let file = ProjectFile { path: path.to_owned(), text: Some(text.to_owned()) };
        check(&[file]).into_iter().map(|it| it.line).collect()
    }

    #[test]
    fn heads() {
        assert_eq!(check(headers, "a.rs", "//! Why.\n"), [0; 0]);
        for bad in ["", "//!\n", "// Why.\n", "\n//! Why.\n", "#![allow(x)]\n//! Why.\n"] {
            assert_eq!(check(headers, "a.rs", bad), [1], "{bad}");
        }
    }

    #[test]
    fn unfinished_work_is_code_not_talk() {
        let text = "// todo!\nfn a() { todo!() }\nlet b = \"dbg!\";\nmy_todo!();\nstd::unimplemented!();\n";
        assert_eq!(check(nothing_unfinished, "a.rs", text), [2, 5]);
    }

    #[test]
    fn clocks_have_their_place() {
        let text = "let a = std::time::Instant::now();\nmy::Instant::parse();\nlet a: HashMap<u8, u8>;\n";
        assert_eq!(check(nothing_random, "crates/kernel/src/a.rs", text), [3, 1]);
        assert_eq!(check(nothing_random, "crates/cli/src/wall_clock.rs", text), [3]);
        assert_eq!(check(nothing_random, "benches/src/a.rs", text), [3]);
    }

    #[test]
    fn libraries_are_silent_outside_their_tests() {
        let text = "println!();\n#[cfg(test)]\nmod tests {\n println!();\n}\nuse std::fs;\neprint!();\nmy_print!();\n";
        assert_eq!(check(no_io_in_libraries, "crates/kernel/src/a.rs", text), [6, 1, 7]);
        for free in
            ["crates/cli/src/a.rs", "crates/kernel/tests/a.rs", "crates/kernel/build.rs", "crates/scenario/src/disk.rs"]
        {
            assert_eq!(check(no_io_in_libraries, free, text), [0; 0], "{free}");
        }
    }

    #[test]
    fn tables_are_rectangles() {
        assert_eq!(check(data_files, "a.csv", "a,b\n1,2\n\"1,\n2\",3\n"), [0; 0]);
        assert_eq!(check(data_files, "a.csv", "a,b\n1\n1,2\n1,2,3\n"), [2, 4]);
        assert_eq!(check(data_files, "a.csv", "a,\n1,2\n"), [1]);
        assert_eq!(check(data_files, "a.csv", ""), [1]);
    }

    #[test]
    fn long_files() {
        assert_eq!(check(lengths, "a.md", &"x\n".repeat(LINES_MAX)), [0; 0]);
        assert_eq!(check(lengths, "a.md", &"x\n".repeat(LINES_MAX + 1)), [0]);
        assert_eq!(check(lengths, "a.csv", &"x\n".repeat(LINES_MAX + 1)), [0; 0]);
    }
}
