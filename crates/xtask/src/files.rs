//! The files of the project: those that would be committed, in the order of their names.
//!
//! What `.gitignore` at the root names is skipped. Only its simple patterns are understood (`/out`, `/target-*`,
//! `*.profraw`), which is all that it needs.

use std::fs;
use std::path::Path;

use crate::Error;
use crate::rust_source::RustSource;

/// A file of the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProjectFile {
    /// The path from the root, with `/`.
    pub path: String,
    /// What it holds; absent where that is not text.
    pub text: Option<String>,
}

impl ProjectFile {
    /// What it holds; empty where that is not text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Whether the name ends with one of these, given without the dot.
    #[must_use]
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        Path::new(&self.path).extension().and_then(|it| it.to_str()).is_some_and(|it| extensions.contains(&it))
    }
}

/// The files that are only there for tests, as a whole.
#[derive(Clone, Debug, Default)]
pub struct TestFiles {
    /// The beginnings of their paths, as some `#[cfg(test)] mod name;` says.
    declared: Vec<String>,
}

impl TestFiles {
    /// Finds out which these are.
    #[must_use]
    pub fn of(files: &[ProjectFile]) -> Self {
        let mut declared = Vec::new();
        for file in files.iter().filter(|file| file.has_extension(&["rs"])) {
            let (directory, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let directory = match name {
                "lib.rs" | "main.rs" | "mod.rs" => directory,
                _ => file.path.trim_end_matches(".rs"),
            };
            for module in RustSource::new(file.text()).test_modules() {
                declared.push(format!("{directory}/{module}.rs"));
                declared.push(format!("{directory}/{module}/"));
            }
        }
        Self { declared }
    }

    /// Whether the file is one of them: named by its parent, or below a directory `tests`.
    #[must_use]
    pub fn hold(&self, file: &ProjectFile) -> bool {
        let (directory, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        directory.split('/').any(|it| it == "tests")
            || name == "tests.rs"
            || self.declared.iter().any(|it| file.path.starts_with(it))
    }
}

/// Reads every file below `root` that would be committed.
///
/// # Errors
/// Where a directory or a file cannot be read.
pub fn committed(root: &Path) -> Result<Vec<ProjectFile>, Error> {
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let mut files = Vec::new();
    walk(root, "", &ignored, &mut files)?;
    files.sort();
    Ok(files)
}

fn walk(root: &Path, below: &str, ignored: &str, files: &mut Vec<ProjectFile>) -> Result<(), Error> {
    let directory = root.join(below);
    let entries =
        fs::read_dir(&directory).map_err(|error| format!("failed to list {}: {error}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if name == ".git" || is_ignored(&path, ignored) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            walk(root, &path, ignored, files)?;
        } else {
            match fs::read(entry.path()) {
                Ok(bytes) => files.push(ProjectFile { path, text: String::from_utf8(bytes).ok() }),
                // An editor's temporary file may be gone again.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("failed to read {path}: {error}").into()),
            }
        }
    }
    Ok(())
}

fn is_ignored(path: &str, ignored: &str) -> bool {
    ignored.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#')).any(|pattern| {
        match pattern.trim_end_matches('/').strip_prefix('/') {
            Some(rooted) => matches_glob(path, rooted),
            None => path.split('/').any(|part| matches_glob(part, pattern.trim_end_matches('/'))),
        }
    })
}

/// Whether `text` is `pattern`, where one `*` stands for anything.
fn matches_glob(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_ignored() {
        let ignored = "/target\n/target-*\n/out\n*.profraw\n";
        for path in ["target", "target-web", "out", "a.profraw", "crates/kernel/b.profraw"] {
            assert!(is_ignored(path, ignored), "{path}");
        }
        for path in ["crates/policies/src/scaling/target_tracking", "crates/out", "targets", "README.md"] {
            assert!(!is_ignored(path, ignored), "{path}");
        }
    }

    #[test]
    fn test_files_are_known_by_their_place_and_by_their_parents() {
        let file = |path: &str, text: &str| ProjectFile { path: path.to_owned(), text: Some(text.to_owned()) };
        let parents = [
            file("crates/x/src/lib.rs", "#[cfg(test)]\nmod kit;\nmod real;\n"),
            file("crates/x/src/real.rs", "#[cfg(test)]\nmod below;\n"),
        ];
        let tests = TestFiles::of(&parents);
        for path in [
            "crates/x/tests/a.rs",
            "crates/x/src/query/tests.rs",
            "crates/x/src/kit.rs",
            "crates/x/src/kit/a.rs",
            "crates/x/src/real/below.rs",
        ] {
            assert!(tests.hold(&file(path, "")), "{path}");
        }
        for path in
            ["crates/x/src/contests.rs", "crates/x/src/real.rs", "crates/x/src/below.rs", "crates/x/src/a/kit.rs"]
        {
            assert!(!tests.hold(&file(path, "")), "{path}");
        }
    }
}
