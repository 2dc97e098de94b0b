//! What the tests of the command line share: calling the binary in a directory of its own, and golden files.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is there")
}

/// A folder below `tests`.
pub fn tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// `ecsim` with nothing of this machine in its environment.
pub fn ecsim(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecsim"));
    command.current_dir(directory).args(arguments);
    for name in ["ECSIM_DATA", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("COLUMNS", "100");
    command
}

/// Runs it to its end.
pub fn run(directory: &Path, arguments: &[&str]) -> Output {
    ecsim(directory, arguments).output().expect("the binary starts")
}

/// An empty directory, gone with its value.
pub fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// The scenarios that people meet first.
pub const SCENARIOS: [&str; 4] = ["batch-lcg.yaml", "openb.yaml", "quickstart.yaml", "scale-from-zero.yaml"];

/// A directory that holds [`SCENARIOS`] under `scenarios/` and the fixtures of the tests.
pub fn workplace() -> tempfile::TempDir {
    let place = directory();
    fs::create_dir(place.path().join("scenarios")).expect("a directory");
    for name in SCENARIOS {
        let path = Path::new("scenarios").join(name);
        fs::copy(root().join(&path), place.path().join(&path)).expect("a copy");
    }
    for (name, content) in files(&tests("fixtures")) {
        fs::write(place.path().join(name), content).expect("a copy");
    }
    place
}

/// Every file below a directory: its name with `/`, and its bytes, in name order.
pub fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("below").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    found
}

/// Holds a text against a file of the repository; with `ECSIM_UPDATE=1` the file is written instead.
pub fn expect_file(path: &Path, actual: &str) {
    if std::env::var_os("ECSIM_UPDATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a directory");
        fs::write(path, actual).expect("the file is written");
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    if expected == actual {
        return;
    }
    let line = expected.lines().zip(actual.lines()).take_while(|(one, other)| one == other).count();
    panic!(
        "{} differs from line {} on (ECSIM_UPDATE=1 writes it anew)\n expected: {}\n   actual: {}\n\nall of it:\n{actual}",
        path.display(),
        line + 1,
        expected.lines().nth(line).unwrap_or("(the end)"),
        actual.lines().nth(line).unwrap_or("(the end)"),
    );
}

/// What stands in the `yaml` blocks of a page, one after the other.
pub fn yaml_blocks(page: &str) -> String {
    let mut inside = false;
    let mut text = String::new();
    for line in page.lines() {
        match line {
            "```yaml" => inside = true,
            "```" => inside = false,
            line if inside => {
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    text
}

/// Random numbers for tests: the same on every machine, from a seed (SplitMix64).
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, or 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { usize::try_from(self.next() % end as u64).expect("below usize") }
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
