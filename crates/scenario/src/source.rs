//! Where text comes from: the one door through which this crate reads files, so that it runs without a disk as well.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Cursor, Read};

/// What stands before a path that lies under the data root, wherever that is on this machine.
pub const DATA_PREFIX: &str = "data:";

/// The files a scenario can name. Everything this crate reads comes through here.
pub trait SourceFiles {
    /// The whole file, or [`SourceErrorKind::TooLarge`] as soon as it is known to have more than `limit` bytes.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError>;

    /// The name under which `path`, written in the file `from`, can be read.
    fn resolve(&self, from: &str, path: &str) -> String {
        resolve_path(from, path)
    }

    /// A reader for a file that may be too large to hold, such as a trace in CSV.
    fn open(&self, path: &str) -> Result<Box<dyn Read>, SourceError>;
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// The path as it was asked for.
    pub path: String,
    /// What kind of failure it is.
    pub kind: SourceErrorKind,
    /// The failure in words, without the path.
    pub reason: String,
}

/// The kinds of failure that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceErrorKind {
    /// There is no such file.
    NotFound,
    /// The file is there but has more bytes than may be read.
    TooLarge,
    /// The path begins with `data:` and nobody has said where the data are.
    DataRootMissing,
    /// Anything else: no permission, a directory, a failing disk.
    Unreadable,
}

impl SourceError {
    /// An error of this kind.
    pub fn new(path: &str, kind: SourceErrorKind, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), kind, reason: reason.into() }
    }

    /// The file has more than `limit` bytes; `size` is how many, where that is known.
    pub fn too_large(path: &str, size: Option<u64>, limit: u64) -> Self {
        let has = size.map_or_else(|| "it has more".to_owned(), |size| format!("it has {}", human_size(size)));
        Self::new(path, SourceErrorKind::TooLarge, format!("{has}, and at most {} are read", human_size(limit)))
    }

    /// The path wants a data root and there is none.
    pub fn data_root_missing(path: &str) -> Self {
        Self::new(
            path,
            SourceErrorKind::DataRootMissing,
            "it lies under the data root, which is not set: give `--data DIR` or set ECSIM_DATA",
        )
    }

    /// Whether the only trouble is that nobody has said where the data are: a test that needs them skips then.
    pub fn is_data_root_missing(&self) -> bool {
        self.kind == SourceErrorKind::DataRootMissing
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot read `{}`: {}", crate::diagnostic::shown(&self.path), self.reason)
    }
}

impl std::error::Error for SourceError {}

/// Files held in memory: for tests, for the browser, and for text that never was a file.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryFiles {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or replaces the one of this name.
    pub fn insert(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), content.into());
    }

    /// The same files and one more.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.insert(path, content);
        self
    }

    fn find(&self, path: &str) -> Result<&Vec<u8>, SourceError> {
        self.files.get(path).ok_or_else(|| {
            if path.starts_with(DATA_PREFIX) {
                SourceError::data_root_missing(path)
            } else {
                SourceError::new(path, SourceErrorKind::NotFound, "there is no such file")
            }
        })
    }
}

impl SourceFiles for MemoryFiles {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        let content = self.find(path)?;
        let size = content.len() as u64;
        if size > limit { Err(SourceError::too_large(path, Some(size), limit)) } else { Ok(content.clone()) }
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read>, SourceError> {
        Ok(Box::new(Cursor::new(self.find(path)?.clone())))
    }
}

/// `path` as seen from the folder of the file `from`, with `.` and `..` worked out on the text alone.
pub fn resolve_path(from: &str, path: &str) -> String {
    let is_absolute = path.starts_with('/') || path.starts_with('\\') || path.as_bytes().get(1) == Some(&b':');
    if is_absolute || path.starts_with(DATA_PREFIX) {
        return path.to_owned();
    }
    // A file under the data root names its neighbours relative to itself, and they lie under the data root too.
    let (prefix, from) = from.strip_prefix(DATA_PREFIX).map_or(("", from), |rest| (DATA_PREFIX, rest));
    let folder = from.rfind(['/', '\\']).map_or("", |end| &from[..=end]);
    let mut parts: Vec<&str> = Vec::new();
    let joined = format!("{folder}{path}");
    let rooted = joined.starts_with('/');
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    format!("{prefix}{}{}", if rooted { "/" } else { "" }, parts.join("/"))
}

/// A number of bytes as people say it: `64 MiB`, `1.5 GiB`, `300 bytes`.
pub fn human_size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, size) in UNITS {
        if bytes >= size {
            let tenths = (u128::from(bytes) * 10 / u128::from(size)) as u64;
            let (whole, tenth) = (tenths / 10, tenths % 10);
            return if tenth == 0 { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") };
        }
    }
    format!("{bytes} {}", if bytes == 1 { "byte" } else { "bytes" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_that_names_them() {
        for (from, path, expected) in [
            ("main.yaml", "a.yaml", "a.yaml"),
            ("lab/main.yaml", "a.yaml", "lab/a.yaml"),
            ("lab/main.yaml", "../a.yaml", "a.yaml"),
            ("main.yaml", "../a.yaml", "../a.yaml"),
            ("../main.yaml", "../a.yaml", "../../a.yaml"),
            ("/x/lab/main.yaml", "./b/../a.yaml", "/x/lab/a.yaml"),
            ("/main.yaml", "../../a.yaml", "/a.yaml"),
            ("lab/main.yaml", "/abs/a.yaml", "/abs/a.yaml"),
            ("lab/main.yaml", "C:\\a.yaml", "C:\\a.yaml"),
            ("lab/main.yaml", "data:openb/x.csv", "data:openb/x.csv"),
            ("data:openb/main.yaml", "x.csv", "data:openb/x.csv"),
        ] {
            assert_eq!(resolve_path(from, path), expected, "{from} -> {path}");
        }
    }

    #[test]
    fn sizes_are_said_as_people_say_them() {
        let said: Vec<String> = [0, 1, 1023, 1024, 1536, 64 << 20, 100_000_000].into_iter().map(human_size).collect();
        assert_eq!(said, ["0 bytes", "1 byte", "1023 bytes", "1 KiB", "1.5 KiB", "64 MiB", "95.3 MiB"]);
    }

    #[test]
    fn memory_files_answer_as_a_disk_would() {
        let files = MemoryFiles::new().with("a", "12345");
        assert_eq!(files.read("a", 5).unwrap(), b"12345");
        let errors: Vec<String> = [("a", 4), ("b", 4), ("data:x", 4)]
            .iter()
            .map(|(p, l)| files.read(p, *l).unwrap_err().to_string())
            .collect();
        assert_eq!(
            errors,
            [
                "cannot read `a`: it has 5 bytes, and at most 4 bytes are read",
                "cannot read `b`: there is no such file",
                "cannot read `data:x`: it lies under the data root, which is not set: give `--data DIR` or set ECSIM_DATA",
            ]
        );
        assert!(files.read("data:x", 4).unwrap_err().is_data_root_missing());
        let mut text = String::new();
        files.open("a").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "12345");
    }
}
