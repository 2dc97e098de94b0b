//! Files on a disk: the only place in this crate that touches the machine, and therefore absent from the browser.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use crate::source::{DATA_PREFIX, SourceError, SourceErrorKind, SourceFiles};

/// The files of this machine; a path that begins with `data:` lies under the data root.
#[derive(Debug, Clone, Default)]
pub struct DiskFiles {
    /// Where `data:` paths lie, when somebody has said so (`--data DIR` or `ECSIM_DATA`).
    pub data_root: Option<PathBuf>,
}

impl DiskFiles {
    /// The files of this machine, with this data root.
    pub fn new(data_root: Option<PathBuf>) -> Self {
        Self { data_root }
    }

    fn place(&self, path: &str) -> Result<PathBuf, SourceError> {
        let Some(below) = path.strip_prefix(DATA_PREFIX) else { return Ok(PathBuf::from(path)) };
        let root = self.data_root.as_ref().ok_or_else(|| SourceError::data_root_missing(path))?;
        let below = Path::new(below);
        // `data:` promises that a scenario works wherever the data are, which a path that leaves them would break.
        if below.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            let reason = "a path after `data:` stays below the data root: no leading `/` and no `..`";
            return Err(SourceError::new(path, SourceErrorKind::Unreadable, reason));
        }
        Ok(root.join(below))
    }

    fn file(&self, path: &str) -> Result<File, SourceError> {
        let place = self.place(path)?;
        let file = File::open(&place).map_err(|error| describe(path, &place, &error))?;
        // Opening a directory works on Unix and only reading it fails, with words nobody understands.
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(SourceError::new(path, SourceErrorKind::Unreadable, "it is a directory"));
        }
        Ok(file)
    }
}

impl SourceFiles for DiskFiles {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        let file = self.file(path)?;
        // Ask first, so that a huge file is refused at once; pipes and devices do not know their size.
        if let Ok(metadata) = file.metadata()
            && metadata.len() > limit
        {
            return Err(SourceError::too_large(path, Some(metadata.len()), limit));
        }
        let mut content = Vec::new();
        file.take(limit.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|error| describe(path, Path::new(path), &error))?;
        if content.len() as u64 > limit { Err(SourceError::too_large(path, None, limit)) } else { Ok(content) }
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read>, SourceError> {
        Ok(Box::new(self.file(path)?))
    }
}

fn describe(path: &str, place: &Path, error: &std::io::Error) -> SourceError {
    match error.kind() {
        ErrorKind::NotFound if path.starts_with(DATA_PREFIX) => {
            let reason = format!("there is no file `{}`", place.display());
            SourceError::new(path, SourceErrorKind::NotFound, reason)
        }
        ErrorKind::NotFound => SourceError::new(path, SourceErrorKind::NotFound, "there is no such file"),
        ErrorKind::PermissionDenied => {
            SourceError::new(path, SourceErrorKind::Unreadable, "permission to read it is missing")
        }
        _ => SourceError::new(path, SourceErrorKind::Unreadable, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there_and_says_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), "name: x").unwrap();
        let here = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let files = DiskFiles::new(Some(folder.path().to_owned()));

        assert_eq!(files.read(&here("a.yaml"), 100).unwrap(), b"name: x");
        assert_eq!(files.read("data:a.yaml", 100).unwrap(), b"name: x");
        assert_eq!(files.read(&here("a.yaml"), 3).unwrap_err().kind, SourceErrorKind::TooLarge);
        assert_eq!(files.read(&here("b.yaml"), 3).unwrap_err().kind, SourceErrorKind::NotFound);
        assert_eq!(files.read(&here(""), 3).unwrap_err().reason, "it is a directory");
        assert!(files.read("data:b.yaml", 9).unwrap_err().reason.ends_with("b.yaml`"));
        assert!(files.read("data:../b.yaml", 9).unwrap_err().reason.contains("below the data root"));
        assert!(DiskFiles::default().read("data:a.yaml", 9).unwrap_err().is_data_root_missing());
    }

    #[test]
    #[cfg(unix)]
    fn an_endless_file_is_refused_too() {
        assert_eq!(DiskFiles::default().read("/dev/zero", 1000).unwrap_err().kind, SourceErrorKind::TooLarge);
    }
}
