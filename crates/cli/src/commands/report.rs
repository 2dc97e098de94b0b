//! `ecsim report`: build `report.html` of a run again from its traces.

use std::fs;
use std::io::{self, Write as _};

use ecsim_report::sinks::{HashingWriter, Manifest, TraceFile};

use crate::app::Report;
use crate::exit::{Done, Failure, Outcome};
use crate::output;
use crate::pages::{self, RunFiles};
use crate::terminal::Terminal;

/// Builds the page.
///
/// # Errors
/// Where the directory holds no run, or the machine refuses; the page that was there is there still.
pub fn run(command: &Report, terminal: &Terminal) -> Outcome {
    let directory = &command.directory;
    let path = directory.join("manifest.json");
    let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Failure::Input(format!(
            "{} holds no run: there is no manifest.json; `ecsim run SCENARIO --out DIR` writes one",
            directory.display()
        )),
        io::ErrorKind::InvalidData => {
            Failure::Input(format!("{} is not a manifest of ecsim: not UTF-8", path.display()))
        }
        _ => Failure::path("read", &path, &error),
    })?;
    let mut manifest: Manifest = serde_json::from_str(&text)
        .map_err(|error| Failure::Input(format!("{} is not a manifest of ecsim: {error}", path.display())))?;
    if manifest.format != Manifest::FORMAT {
        return Err(Failure::Input(format!(
            "{} has format {}; this version of ecsim reads format {}",
            path.display(),
            manifest.format,
            Manifest::FORMAT
        )));
    }
    let page = pages::build(&RunFiles::new(directory, &manifest))?;
    let mut writer = HashingWriter::new(io::sink());
    // Nothing is written, so nothing can fail.
    let _ = writer.write_all(&page);
    manifest.put_file(TraceFile::new(ecsim_html::FILE, writer.into_parts().1));
    let target = directory.join(ecsim_html::FILE);
    output::write_file(&target, &page)?;
    output::write_file(&path, manifest.to_json().unwrap_or_default().as_bytes())?;
    if !command.quiet {
        terminal.note(&format!("the report is {}", target.display()));
    }
    Ok(Done::Fine)
}
