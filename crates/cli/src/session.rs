//! Reading a scenario on behalf of a command: files, data root, `--set`, and what is printed when something is wrong.

use std::io::Write as _;
use std::path::Path;

use ecsim_scenario::diagnostic::{Diagnostics, RenderOptions, SourceMap};
use ecsim_scenario::disk::DiskFiles;
use ecsim_scenario::document::Limits;
use ecsim_scenario::source::SourceFiles;
use ecsim_scenario::{Prepared, Ready, prepare};

use crate::app::ScenarioOptions;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// What is refused within a second or two rather than read: a scenario is written by people, or generated for people.
pub const LIMITS: Limits = Limits {
    max_bytes: 32 << 20,
    max_nodes: 1_000_000,
    max_alias_nodes: 1_000_000,
    max_depth: 128,
    max_include_depth: 16,
    max_files: 1000,
};

/// Reads and checks a scenario; prints nothing.
#[must_use]
pub fn read(path: &Path, options: &ScenarioOptions) -> Prepared {
    // An empty ECSIM_DATA is as good as none.
    let data = options.data.clone().filter(|root| !root.as_os_str().is_empty());
    let path = path.to_string_lossy();
    // Paths of scenarios are written with `/` on every machine.
    let path = if std::path::MAIN_SEPARATOR == '/' { path.into_owned() } else { path.replace('\\', "/") };
    read_from(&DiskFiles::new(data), &path, options)
}

/// The same from files that need not lie on a disk.
#[must_use]
pub fn read_from(files: &dyn SourceFiles, path: &str, options: &ScenarioOptions) -> Prepared {
    let mut overrides = options.set.clone();
    if let Some(seed) = options.seed {
        overrides.push(format!("simulation.seed={seed}"));
    }
    prepare(files, path, &overrides, &LIMITS)
}

/// Reads a scenario that is to be run; prints every problem to stderr.
///
/// # Errors
/// [`Failure::InputReported`] where there is an error.
pub fn open(path: &Path, options: &ScenarioOptions, terminal: &Terminal) -> Result<Ready, Failure> {
    let prepared = read(path, options);
    print_diagnostics(&prepared.diagnostics, &prepared.sources, terminal);
    prepared.ready.ok_or(Failure::InputReported)
}

/// Prints problems to stderr, with a closing line that counts them.
pub fn print_diagnostics(diagnostics: &Diagnostics, sources: &SourceMap, terminal: &Terminal) {
    if diagnostics.is_empty() {
        return;
    }
    let options = RenderOptions { colour: terminal.color_stderr, width: terminal.width, ..RenderOptions::default() };
    let mut text = diagnostics.render(sources, options);
    if let Some(summary) = diagnostics.summary() {
        text.push_str(&summary);
        text.push('\n');
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}
