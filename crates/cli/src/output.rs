//! Whole or not at all: everything a run writes appears under its name only when all of it is there.
//!
//! Files are written into a hidden directory beside the wanted one, which is renamed at the end. An error, a panic or
//! Ctrl-C leaves nothing that looks finished.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// A directory in the making.
#[derive(Debug)]
pub struct OutputDirectory {
    target: PathBuf,
    staging: tempfile::TempDir,
}

/// What tells a directory written by ecsim from anything else.
const MARK: &str = "manifest.json";

impl OutputDirectory {
    /// Prepares to write `target`. An existing directory is replaced only if ecsim wrote it.
    ///
    /// # Errors
    /// Where something else is there, or the directory beside it cannot be written to.
    pub fn begin(target: &Path) -> Result<Self, Failure> {
        if target.exists() {
            let is_empty =
                target.is_dir() && fs::read_dir(target).map(|mut entries| entries.next().is_none()).unwrap_or(false);
            if !target.is_dir() {
                return Err(Failure::Input(format!("{} exists and is not a directory", target.display())));
            }
            if !is_empty && !target.join(MARK).is_file() {
                return Err(Failure::Input(format!(
                    "{} exists and holds something that ecsim did not write (no {MARK}); name another directory",
                    target.display()
                )));
            }
        }
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        fs::create_dir_all(&parent).map_err(|error| Failure::path("create", &parent, &error))?;
        let staging = tempfile::Builder::new()
            .prefix(".ecsim-unfinished-")
            .tempdir_in(&parent)
            .map_err(|error| Failure::path("create a directory in", &parent, &error))?;
        Ok(Self { target: target.to_owned(), staging })
    }

    /// Where files are written meanwhile.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.staging.path()
    }

    /// Creates a file in the making, with its parent directories.
    ///
    /// # Errors
    /// Where the machine refuses.
    pub fn create(&self, name: &str) -> Result<fs::File, Failure> {
        let path = self.staging.path().join(name);
        let create = || -> io::Result<fs::File> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::File::create(&path)
        };
        create().map_err(|error| Failure::path("create", &self.target.join(name), &error))
    }

    /// All is written: the directory takes its name.
    ///
    /// # Errors
    /// Where the machine refuses; then the old directory, if there was one, is still there.
    pub fn finish(self) -> Result<PathBuf, Failure> {
        let fail = |error: &io::Error| Failure::path("write", &self.target, error);
        #[cfg(unix)]
        {
            // A temporary directory is private to its owner; the result is as readable as any other directory.
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(self.staging.path(), fs::Permissions::from_mode(0o755)).map_err(|error| fail(&error))?;
        }
        if self.target.exists() {
            let old = tempfile::Builder::new()
                .prefix(".ecsim-replaced-")
                .tempdir_in(self.target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
                .map_err(|error| fail(&error))?;
            let aside = old.path().join("old");
            fs::rename(&self.target, &aside).map_err(|error| fail(&error))?;
            if let Err(error) = fs::rename(self.staging.path(), &self.target) {
                let _ = fs::rename(&aside, &self.target);
                return Err(fail(&error));
            }
        } else {
            fs::rename(self.staging.path(), &self.target).map_err(|error| fail(&error))?;
        }
        // The staging directory has its final name now: there is nothing left to remove.
        let _ = self.staging.keep();
        Ok(self.target)
    }
}

/// Writes one file whole or not at all.
///
/// # Errors
/// Where the machine refuses.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let write = || -> io::Result<()> {
        fs::create_dir_all(&parent)?;
        let mut file = tempfile::Builder::new().prefix(".ecsim-unfinished-").tempfile_in(&parent)?;
        io::Write::write_all(&mut file, bytes)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        }
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| Failure::path("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_appears_before_it_is_finished_and_strangers_are_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        let output = OutputDirectory::begin(&target).unwrap();
        output.create("metrics/cluster.csv").unwrap();
        output.create(MARK).unwrap();
        assert!(!target.exists());
        drop(output);
        assert!(!target.exists());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nothing is left behind");

        let output = OutputDirectory::begin(&target).unwrap();
        output.create(MARK).unwrap();
        output.finish().unwrap();
        assert!(target.join(MARK).is_file());
        // A second run replaces the first.
        let output = OutputDirectory::begin(&target).unwrap();
        output.create(MARK).unwrap();
        output.create("second").unwrap();
        output.finish().unwrap();
        assert!(target.join("second").is_file());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        // What ecsim did not write is not touched.
        let foreign = home.path().join("mine");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(OutputDirectory::begin(&foreign), Err(Failure::Input(_))));
    }
}
