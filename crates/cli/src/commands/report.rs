//! `ecsim report`: build `report.html` of a run again from its traces, or draw them on the terminal.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use ecsim_html::TraceFiles as _;
use ecsim_report::sinks::{HashingWriter, Manifest, TraceFile};
use serde_json::Value;

use crate::app::Report;
use crate::exit::{Done, Failure, Outcome};
use crate::output;
use crate::pages::{self, RunFiles};
use crate::plot::{self, Tables, Wanted};
use crate::terminal::{self, Terminal};

/// Builds the page, or draws.
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
    let found: Option<Value> = serde_json::from_str(&text).ok();
    if let Some(kind) = found.as_ref().and_then(|it| it.get("kind")).and_then(Value::as_str) {
        return Err(Failure::Input(format!(
            "{} holds a {kind} and no single run; its page is {}",
            directory.display(),
            directory.join("comparison.html").display()
        )));
    }
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
    if let Some(wanted) = &command.plot {
        // The traces are drawn, and nothing is written.
        let wanted = Wanted::parse(wanted)?;
        let files = RunFiles::new(directory, &manifest);
        return terminal::print(&plot::render(&Tables::read(|name| files.open(name))?, &wanted, terminal)?)
            .map(|()| Done::Fine);
    }
    for file in &manifest.files {
        // The page itself may be an older one.
        if file.name != ecsim_html::FILE && digest(&directory.join(&file.name)).is_some_and(|it| it != file.sha256) {
            let message = format!("{} is not what the run has written, going by manifest.json", file.name);
            terminal.warning(&message);
        }
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

/// The SHA-256 of a file, where it can be read.
fn digest(path: &Path) -> Option<String> {
    let mut writer = HashingWriter::new(io::sink());
    io::copy(&mut fs::File::open(path).ok()?, &mut writer).ok()?;
    Some(writer.into_parts().1.sha256)
}
