//! The worked studies in `reports/`: run again, drawn again, and checked to be what they say.
//!
//! A study is a folder with a `study.yaml` ([`study`]), experiments in the language of `ecsim sweep` beside it, and a
//! `README.md`. Its experiments are run by the `ecsim` that anybody has ([`experiment`]); what comes of them is kept as
//! `results/*.csv` ([`results`]), and from these files alone follow the tables ([`tables`]), the figures ([`figures`]) and the
//! numbers in the text ([`page`]). What the text says in words is written down as claims, which must hold ([`expression`]).
//!
//! Small, an experiment has fewer runs, shorter ones, or fewer points, as its study says. What comes of that is kept too, so
//! that a change of behaviour shows in seconds.

pub mod experiment;
pub mod expression;
pub mod figures;
pub mod page;
pub mod results;
pub mod study;
pub mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, docs};
use experiment::Ecsim;
use results::Results;
use study::Study;

/// Where studies lie.
pub const FOLDER: &str = "reports";
/// What small experiments came to.
const SMALL: &str = "results/small.csv";

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The workspace.
    pub root: PathBuf,
    /// Which studies; all where there is no name.
    pub names: Vec<String>,
    /// The `ecsim` that runs them.
    pub binary: PathBuf,
    /// Where `data:` paths are found.
    pub data: Option<PathBuf>,
    /// How many runs at a time; all cores where nothing is said.
    pub jobs: Option<usize>,
    /// What is done.
    pub work: Work,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Everything is run and written anew.
    All,
    /// The small experiments are run, and what they come to is written, or compared with what is there.
    Small {
        /// Whether it is only compared.
        check: bool,
    },
    /// Nothing is run: pages and figures are made from the results that are there, or compared with what is there.
    Pages {
        /// Whether they are only compared.
        check: bool,
    },
}

/// Does it; gives a line for each study, and whether all is well.
///
/// # Errors
/// A study that is wrong, an experiment that fails, a claim that does not hold.
pub fn run(wanted: &Wanted) -> Result<(Vec<String>, bool), Error> {
    let folder = wanted.root.join(FOLDER);
    let studies = Study::all(&folder)?;
    if let Some(unknown) = wanted.names.iter().find(|name| !studies.iter().any(|study| study.name == **name)) {
        let known: Vec<&str> = studies.iter().map(|study| study.name.as_str()).collect();
        return Err(format!("there is no study `{unknown}`; there are: {}", known.join(", ")).into());
    }
    let mut lines = Vec::new();
    let mut well = true;
    for study in studies.iter().filter(|study| wanted.names.is_empty() || wanted.names.contains(&study.name)) {
        if let (Some(missing), false) =
            (study.missing(wanted.data.as_deref()), matches!(wanted.work, Work::Pages { .. }))
        {
            lines.push(format!("{}: skipped: {missing}", study.name));
            continue;
        }
        let (line, is_well) = one(wanted, study).map_err(|error| format!("{FOLDER}/{}: {error}", study.name))?;
        lines.push(format!("{}: {line}", study.name));
        well &= is_well;
    }
    if !matches!(wanted.work, Work::Small { .. }) {
        let check = wanted.work == Work::Pages { check: true };
        let path = folder.join("README.md");
        let page = page::index(&read(&path)?, &studies)?;
        if docs::refresh_file(&path, &page, check)? && check {
            lines.push(format!("{FOLDER}/README.md: is stale; run `cargo xtask reports --pages`"));
            well = false;
        }
    }
    Ok((lines, well))
}

fn one(wanted: &Wanted, study: &Study) -> Result<(String, bool), Error> {
    let ecsim = Ecsim {
        binary: wanted.binary.clone(),
        data: wanted.data.clone(),
        jobs: wanted.jobs,
        folder: study.folder.clone(),
    };
    let mut done = Vec::new();
    match wanted.work {
        Work::Pages { check } => {
            let stale = pages(study, check)?;
            return Ok(match (stale.is_empty(), check) {
                (true, _) => ("all is well".into(), true),
                (false, false) => (format!("written: {}", stale.join(", ")), true),
                (false, true) => (format!("stale: {}; run `cargo xtask reports --pages`", stale.join(", ")), false),
            });
        }
        Work::Small { check } => {
            let text = small(study, &ecsim)?;
            let path = study.folder.join(SMALL);
            if docs::refresh_file(&path, &text, check)? {
                if check {
                    return Ok((moved(&fs::read_to_string(&path).unwrap_or_default(), &text), false));
                }
                done.push(SMALL.to_owned());
            }
        }
        Work::All => {
            for experiment in &study.experiments {
                let results = ecsim.full(study, experiment)?;
                let path = Results::path(&experiment.name);
                if docs::refresh_file(&study.folder.join(&path), &results.csv(study, experiment), false)? {
                    done.push(path);
                }
            }
            if docs::refresh_file(&study.folder.join(SMALL), &small(study, &ecsim)?, false)? {
                done.push(SMALL.to_owned());
            }
            done.extend(pages(study, false)?);
        }
    }
    Ok((if done.is_empty() { "as it was".into() } else { format!("written: {}", done.join(", ")) }, true))
}

/// What the small experiments come to.
fn small(study: &Study, ecsim: &Ecsim) -> Result<String, Error> {
    let all: Vec<Results> =
        study.experiments.iter().map(|experiment| ecsim.small(study, experiment)).collect::<Result<_, _>>()?;
    Ok(results::together(study, &all))
}

/// Makes the page and the figures from the results; gives those that were stale.
fn pages(study: &Study, check: bool) -> Result<Vec<String>, Error> {
    let results: Vec<Results> =
        study.experiments.iter().map(|experiment| Results::read(study, experiment)).collect::<Result<_, _>>()?;
    page::claims(study, &results)?;
    let mut stale = Vec::new();
    for figure in &study.figures {
        let path = format!("figures/{}.svg", figure.name);
        if docs::refresh_file(&study.folder.join(&path), &figures::svg(study, &results, figure)?, check)? {
            stale.push(path);
        }
    }
    let path = study.folder.join("README.md");
    if docs::refresh_file(&path, &page::filled(&read(&path)?, study, &results)?, check)? {
        stale.push("README.md".to_owned());
    }
    Ok(stale)
}

/// Says where two texts differ first.
fn moved(before: &str, now: &str) -> String {
    let mut lines = before.lines().zip(now.lines()).enumerate();
    let place = lines.find(|(_, (one, other))| one != other).map_or_else(
        || format!("{} lines became {}", before.lines().count(), now.lines().count()),
        |(at, (one, other))| format!("line {}\n  was {one}\n  is  {other}", at + 1),
    );
    format!(
        "{SMALL} has moved: {place}\n  if that is right, run `cargo xtask reports` and read whether the text of the study still holds"
    )
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| format!("failed to read {}: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_moved_is_said() {
        assert!(moved("a\nb\n", "a\nc\n").contains("line 2\n  was b\n  is  c\n"));
        assert!(moved("a\n", "a\nb\n").contains("1 lines became 2"));
    }
}
