//! `ecsim import`: make a scenario of what a user has, and tell what could not be carried over.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use ecsim_scenario::disk::DiskFiles;
use ecsim_scenario::import::{FindingKind, Imported, Options, Scenario, import};
use serde_json::json;

use crate::app::{Import, ImportFormat};
use crate::exit::{Done, Failure, Outcome};
use crate::output;
use crate::session;
use crate::terminal::{self, Terminal};

/// Where a scenario is taken to lie that is printed: paths in it are relative to here.
const HERE: &str = "imported.yaml";

/// Imports the files.
///
/// # Errors
/// [`Failure::InputReported`] where they make no scenario.
pub fn run(command: &Import, terminal: &Terminal) -> Outcome {
    let paths: Vec<String> = command.files.iter().map(|path| slashes(path)).collect();
    let out = command.out.as_deref().map_or_else(|| HERE.to_owned(), slashes);
    if let Some(path) = &command.out {
        output::can_be_file(path)?;
        let same = |one: &Path| {
            one == path || one.canonicalize().is_ok_and(|one| path.canonicalize().is_ok_and(|it| it == one))
        };
        if command.files.iter().any(|file| same(file)) {
            return Err(Failure::Input(format!("--out {} would overwrite a file that is imported", path.display())));
        }
    }
    let mut parameters = BTreeMap::new();
    for (name, value) in &command.parameter {
        if parameters.insert(name.clone(), value.clone()).is_some_and(|before| before != *value) {
            return Err(Failure::Input(format!("--parameter {name} is given twice, with different values")));
        }
    }
    let options = Options {
        parameters,
        region: command.region.clone(),
        cluster: command.cluster.clone(),
        out: absolute(&out, &paths),
    };
    let data = command.data.clone().filter(|root| !root.as_os_str().is_empty());
    let imported = import(&DiskFiles::new(data), &paths, &options, &session::LIMITS);
    session::print_diagnostics(&imported.diagnostics, &imported.sources, terminal);
    let Some(scenario) = &imported.scenario else {
        return Err(Failure::InputReported);
    };
    let text = match command.format {
        ImportFormat::Yaml => scenario.yaml.clone(),
        ImportFormat::Json => as_json(&imported, scenario),
    };
    match &command.out {
        Some(path) => output::write_file(path, text.as_bytes())?,
        None => terminal::print(&text)?,
    }
    if !command.quiet {
        tell(&imported, scenario, command.out.as_deref(), terminal);
    }
    Ok(Done::Fine)
}

/// Paths of scenarios are written with `/` on every machine.
fn slashes(path: &Path) -> String {
    let path = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { path.into_owned() } else { path.replace('\\', "/") }
}

/// The way from a scenario elsewhere on the disk to a table here begins at the root.
fn absolute(out: &str, paths: &[String]) -> String {
    let climbs = out.starts_with("..") || out.starts_with('/') || paths.iter().any(|path| path.starts_with(".."));
    if !climbs {
        return out.to_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    slashes(&here.join(out))
}

fn as_json(imported: &Imported, scenario: &Scenario) -> String {
    let findings: Vec<_> = imported.findings.iter().map(|finding| finding.to_json(&imported.sources)).collect();
    let mut text =
        serde_json::to_string_pretty(&json!({"scenario": scenario.value, "findings": findings})).unwrap_or_default();
    text.push('\n');
    text
}

/// The findings, for reading, on stderr.
fn tell(imported: &Imported, scenario: &Scenario, out: Option<&Path>, terminal: &Terminal) {
    let (bold, plain) = if terminal.color_stderr { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let to = out.map(|path| format!(" to {}", path.display())).unwrap_or_default();
    let mut text = format!("{bold}imported{plain} {}{to}\n", scenario.summary);
    for kind in FindingKind::ALL {
        let of_kind: Vec<_> = imported.findings.iter().filter(|finding| finding.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let count = if kind == FindingKind::NotNeeded { String::new() } else { format!(" ({})", of_kind.len()) };
        text.push_str(&format!("\n{bold}{}{count}{plain}\n", kind.heading()));
        for finding in of_kind {
            wrapped(&mut text, &finding.line(&imported.sources), terminal.width);
        }
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A remark, broken into lines.
fn wrapped(text: &mut String, remark: &str, width: usize) {
    let mut line = String::from(" ");
    for word in remark.split(' ') {
        if line.chars().count() + word.chars().count() + 1 > width && !line.trim().is_empty() {
            text.push_str(&line);
            text.push('\n');
            line = String::from("   ");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
