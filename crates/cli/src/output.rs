//! Whole or not at all: everything a run writes appears under its name only when all of it is there.
//!
//! Files are written into a hidden directory beside the wanted one, which is renamed at the end. An error, a panic or
//! Ctrl-C leaves nothing that looks finished.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::exit::Failure;

/// A directory in the making.
#[derive(Debug)]
pub struct OutputDirectory {
    target: PathBuf,
    // The order matters: the staging directory goes before the directories it lies in.
    staging: tempfile::TempDir,
    created: MadeDirectories,
}

/// Directories that did not exist before; those that are empty go again unless they are kept.
#[derive(Debug, Default)]
struct MadeDirectories(Vec<PathBuf>);

impl MadeDirectories {
    fn make(path: &Path) -> io::Result<Self> {
        let mut made = Self(path.ancestors().take_while(|it| !it.exists()).map(Path::to_owned).collect());
        made.0.retain(|it| !it.as_os_str().is_empty());
        fs::create_dir_all(path)?;
        Ok(made)
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for MadeDirectories {
    fn drop(&mut self) {
        // The deepest comes first. What is not empty by now belongs to somebody.
        for directory in &self.0 {
            let _ = fs::remove_dir(directory);
        }
    }
}

/// What tells a directory written by ecsim from anything else.
const MARK: &str = "manifest.json";

/// What a directory holds: one kind is never replaced by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The traces of a run.
    Run,
    /// What `ecsim compare` writes.
    Comparison,
    /// What `ecsim sweep` writes: its journal is the work of many runs.
    Sweep,
}

impl Holds {
    /// What a directory with this manifest holds.
    fn of(manifest: &Value) -> Self {
        let files = manifest.get("files").and_then(Value::as_array);
        let has_journal = files.is_some_and(|files| files.iter().any(|file| file["name"] == "journal.csv"));
        match manifest.get("kind") {
            None => Self::Run,
            Some(_) if has_journal => Self::Sweep,
            Some(_) => Self::Comparison,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Run => "a run",
            Self::Comparison => "a comparison",
            Self::Sweep => "a sweep",
        }
    }
}

impl OutputDirectory {
    /// Prepares to write `target`. An existing directory is replaced only if ecsim wrote it, and something of the same kind.
    ///
    /// # Errors
    /// Where something else is there, or the directory beside it cannot be written to.
    pub fn begin(target: &Path, what: Holds) -> Result<Self, Failure> {
        if target.file_name().is_none() {
            // `.` and `..` cannot be replaced while somebody stands in them.
            return Err(Failure::Input(format!("{} has no name of its own; name a directory in it", target.display())));
        }
        if target.exists() {
            if !target.is_dir() {
                return Err(Failure::Input(format!("{} exists and is not a directory", target.display())));
            }
            let manifest = manifest_of(target);
            if let Some(held) = manifest.as_ref().map(Holds::of).filter(|held| *held != what) {
                return Err(Failure::Input(format!(
                    "{} holds {}, which {} would replace; name another directory",
                    target.display(),
                    held.name(),
                    what.name()
                )));
            }
            if let Some(foreign) =
                foreign_file(target, manifest.as_ref()).map_err(|error| Failure::path("read", target, &error))?
            {
                return Err(Failure::Input(format!(
                    "{} exists and holds `{}`, which ecsim did not write; name another directory",
                    target.display(),
                    foreign.display()
                )));
            }
        }
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if let Some(file) = parent.ancestors().find(|ancestor| ancestor.exists()).filter(|ancestor| !ancestor.is_dir())
        {
            return Err(Failure::Input(format!("{} is not a directory", file.display())));
        }
        let created = MadeDirectories::make(&parent).map_err(|error| Failure::path("create", &parent, &error))?;
        let staging = tempfile::Builder::new()
            .prefix(".ecsim-unfinished-")
            .tempdir_in(&parent)
            .map_err(|error| Failure::path("create a directory in", &parent, &error))?;
        Ok(Self { target: target.to_owned(), staging, created })
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
            fs::set_permissions(self.staging.path(), fs::Permissions::from_mode(0o755))
                .map_err(|error| fail(&error))?;
        }
        if self.target.exists() {
            let old = tempfile::Builder::new()
                .prefix(".ecsim-replaced-")
                .tempdir_in(
                    self.target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")),
                )
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
        self.created.keep();
        Ok(self.target)
    }
}

/// The manifest of a directory that ecsim wrote.
fn manifest_of(directory: &Path) -> Option<Value> {
    let manifest: Value = serde_json::from_slice(&fs::read(directory.join(MARK)).ok()?).ok()?;
    manifest.get("tracesDigest").is_some().then_some(manifest)
}

/// The first file in a directory that is not of a run of ecsim, going by the run's manifest: replacing the directory
/// would lose it.
fn foreign_file(directory: &Path, manifest: Option<&Value>) -> io::Result<Option<PathBuf>> {
    let files = manifest.and_then(|manifest| manifest.get("files")).and_then(Value::as_array);
    let known: Vec<&Path> =
        files.into_iter().flatten().filter_map(|file| file.get("name")?.as_str()).map(Path::new).collect();
    let mut waiting = vec![directory.to_owned()];
    while let Some(folder) = waiting.pop() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        entries.sort();
        for entry in entries {
            let name = entry.strip_prefix(directory).unwrap_or(&entry).to_owned();
            if entry.is_dir() && !entry.is_symlink() {
                waiting.push(entry);
            } else if manifest.is_none() || name != Path::new(MARK) && !known.contains(&name.as_path()) {
                return Ok(Some(name));
            }
        }
    }
    Ok(None)
}

/// Whether a file can have this path: asked before the work of which it holds the result.
///
/// # Errors
/// A directory, or a file on the way there.
pub fn can_be_file(path: &Path) -> Result<(), Failure> {
    if path.is_dir() || path.file_name().is_none() {
        return Err(Failure::Input(format!("{} is a directory; name a file in it", path.display())));
    }
    let on_the_way = path.ancestors().skip(1).find(|ancestor| ancestor.exists());
    match on_the_way.filter(|ancestor| !ancestor.is_dir()) {
        Some(file) => Err(Failure::Input(format!("{} is not a directory", file.display()))),
        None => Ok(()),
    }
}

/// Writes one file whole or not at all.
///
/// # Errors
/// Where it cannot be a file, or the machine refuses.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    can_be_file(path)?;
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
    fn a_directory_is_no_file() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        write_file(&file, b"x").unwrap();
        write_file(&home.path().join("a/b"), b"x").unwrap();
        for wrong in [home.path(), Path::new("."), Path::new(".."), &file.join("below"), &file.join("a/b")] {
            assert!(matches!(write_file(wrong, b""), Err(Failure::Input(_))), "{}", wrong.display());
        }
    }

    #[test]
    fn nothing_appears_before_it_is_finished_and_strangers_are_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        let output = OutputDirectory::begin(&target, Holds::Run).unwrap();
        output.create("metrics/cluster.csv").unwrap();
        output.create(MARK).unwrap();
        assert!(!target.exists());
        drop(output);
        assert!(!target.exists());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nothing is left behind");

        let finish = |names: &[&str]| {
            let output = OutputDirectory::begin(&target, Holds::Run).unwrap();
            let files: Vec<Value> = names.iter().map(|name| serde_json::json!({"name": name})).collect();
            names.iter().for_each(|name| drop(output.create(name).unwrap()));
            let manifest = serde_json::json!({"tracesDigest": "", "files": files}).to_string();
            io::Write::write_all(&mut output.create(MARK).unwrap(), manifest.as_bytes()).unwrap();
            output.finish().unwrap();
        };
        finish(&["metrics/cluster.csv"]);
        assert!(target.join(MARK).is_file());
        // A second run replaces the first.
        finish(&["second"]);
        assert!(target.join("second").is_file() && !target.join("metrics").exists());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        // Unless somebody has put something of his own there.
        fs::write(target.join("notes.md"), "what I saw").unwrap();
        assert!(matches!(OutputDirectory::begin(&target, Holds::Run), Err(Failure::Input(_))));
        // Directories on the way there go with it, and stay with it.
        let deep = home.path().join("a/b/run");
        drop(OutputDirectory::begin(&deep, Holds::Run).unwrap());
        assert!(!home.path().join("a").exists());
        let output = OutputDirectory::begin(&deep, Holds::Run).unwrap();
        output.create(MARK).unwrap();
        output.finish().unwrap();
        assert!(deep.join(MARK).is_file());
        // What ecsim did not write is not touched.
        let foreign = home.path().join("mine");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("thesis.txt"), "years of work").unwrap();
        for wrong in [&foreign, &foreign.join("thesis.txt"), &foreign.join("thesis.txt/run"), &foreign.join("..")] {
            assert!(matches!(OutputDirectory::begin(wrong, Holds::Run), Err(Failure::Input(_))), "{}", wrong.display());
        }
        assert!(foreign.join("thesis.txt").is_file());
    }
}
