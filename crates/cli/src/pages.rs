//! `report.html`: the page of a run from its files on a disk.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use ecsim_html::{PageError, TraceFiles};
use ecsim_report::sinks::{HashingWriter, Manifest, TraceFile};

use crate::exit::Failure;

/// The files of a run in their directory, with a manifest that need not have been written yet.
#[derive(Debug)]
pub struct RunFiles<'a> {
    directory: &'a Path,
    manifest: &'a Manifest,
}

impl<'a> RunFiles<'a> {
    /// The files that `manifest` lists, in `directory`.
    #[must_use]
    pub const fn new(directory: &'a Path, manifest: &'a Manifest) -> Self {
        Self { directory, manifest }
    }
}

impl TraceFiles for RunFiles<'_> {
    fn names(&self) -> Vec<String> {
        self.manifest.files.iter().map(|file| file.name.clone()).filter(|name| name != ecsim_html::FILE).collect()
    }

    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        if name == "manifest.json" {
            let text = self.manifest.to_json()?;
            return Ok(Some(Box::new(io::Cursor::new(text))));
        }
        if !self.manifest.files.iter().any(|file| file.name == name) {
            return Ok(None);
        }
        File::open(self.directory.join(name)).map(|file| Some(Box::new(file) as Box<dyn Read>))
    }
}

/// The page.
///
/// # Errors
/// Where a file cannot be read, or is not what a run writes.
pub fn build(files: &RunFiles<'_>) -> Result<Vec<u8>, Failure> {
    ecsim_html::page(files).map_err(|error| match error {
        PageError::Read { file, error } if error.kind() == io::ErrorKind::NotFound => {
            Failure::Input(format!("{file} is missing, which manifest.json lists"))
        }
        PageError::Read { file, error } => Failure::io(format_args!("failed to read {file}"), &error),
        PageError::Content { .. } => Failure::Input(format!("{error}: not what ecsim run writes")),
    })
}

/// Writes a page and gives its line in the manifest.
///
/// # Errors
/// Where the machine refuses.
pub fn write(page: &[u8], file: File) -> Result<TraceFile, Failure> {
    let fail = |error: &io::Error| Failure::io(format_args!("failed to write {}", ecsim_html::FILE), error);
    let mut writer = HashingWriter::new(file);
    writer.write_all(page).map_err(|error| fail(&error))?;
    let (mut file, seal) = writer.into_parts();
    file.flush().map_err(|error| fail(&error))?;
    Ok(TraceFile::new(ecsim_html::FILE, seal))
}
