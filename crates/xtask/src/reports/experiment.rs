//! Runs the experiments of a study with `ecsim sweep`, as anybody could.
//!
//! What is run is a copy of the experiment file, changed in two ways: it has no `objective` and no `constraints`, so that
//! points keep their order and the first is what all are held against; and where it is to be small, it is as small as the
//! study says. Both change no number of any run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::{Mapping, Value};

use super::results::Results;
use super::study::{Experiment, Study};
use crate::Error;

/// Runs of each point of a small experiment, where its study says nothing.
const SMALL_SEEDS: usize = 2;

/// The program, and what it is called with.
#[derive(Clone, Debug)]
pub struct Ecsim {
    /// The program.
    pub binary: PathBuf,
    /// Where `data:` paths are found.
    pub data: Option<PathBuf>,
    /// Runs at a time.
    pub jobs: Option<usize>,
    /// The folder of the study.
    pub folder: PathBuf,
}

impl Ecsim {
    /// Runs an experiment as it stands.
    ///
    /// # Errors
    /// Where its file is wrong, or `ecsim` fails.
    pub fn full(&self, study: &Study, experiment: &Experiment) -> Result<Results, Error> {
        let mut text = self.text(experiment)?;
        as_it_stands(&mut text);
        self.run(study, experiment, &text)
    }

    /// Runs it small.
    ///
    /// # Errors
    /// Where its file is wrong, or `ecsim` fails.
    pub fn small(&self, study: &Study, experiment: &Experiment) -> Result<Results, Error> {
        let mut text = self.text(experiment)?;
        as_it_stands(&mut text);
        shrink(&mut text, experiment)?;
        self.run(study, experiment, &text)
    }

    /// The experiment file, with its base named from anywhere.
    fn text(&self, experiment: &Experiment) -> Result<Mapping, Error> {
        let path = self.folder.join(experiment.file());
        let wrong = |what: &str| format!("{}: {what}", path.display());
        let text: Value = serde_yaml::from_str(&super::read(&path)?).map_err(|error| wrong(&error.to_string()))?;
        let Value::Mapping(mut text) = text else { return Err(wrong("is no experiment").into()) };
        let base = text.get("base").and_then(Value::as_str).ok_or_else(|| wrong("has no `base`"))?;
        let base = path.parent().unwrap_or(Path::new("")).join(base);
        let base = fs::canonicalize(&base).map_err(|error| wrong(&format!("`base: {}`: {error}", base.display())))?;
        text.insert("base".into(), base.to_string_lossy().into_owned().into());
        Ok(text)
    }

    fn run(&self, study: &Study, experiment: &Experiment, text: &Mapping) -> Result<Results, Error> {
        let scratch = tempfile::tempdir()?;
        let file = scratch.path().join("experiment.yaml");
        fs::write(&file, serde_yaml::to_string(text)?)?;
        let out = scratch.path().join("out");
        let mut command = Command::new(&self.binary);
        command.arg("sweep").arg(&file).arg("--out").arg(&out).arg("--quiet");
        if let Some(data) = &self.data {
            command.arg("--data").arg(data);
        }
        if let Some(jobs) = self.jobs {
            command.arg("--jobs").arg(jobs.to_string());
        }
        let output = command.output().map_err(|error| format!("failed to start {}: {error}", self.binary.display()))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`ecsim sweep {}` failed:\n{}", experiment.file().display(), message.trim()).into());
        }
        let table = |name: &str| super::read(&out.join(name));
        Results::of_sweep(study, experiment, &table("estimates.csv")?, &table("differences.csv")?)
    }
}

fn as_it_stands(text: &mut Mapping) {
    text.remove("objective");
    text.remove("constraints");
}

/// Makes an experiment small, as its study says.
fn shrink(text: &mut Mapping, experiment: &Experiment) -> Result<(), Error> {
    let small = &experiment.small;
    text.insert("seeds".into(), small.seeds.unwrap_or(SMALL_SEEDS).into());
    if !small.set.is_empty() {
        let set = text.entry("set".into()).or_insert_with(|| Mapping::new().into());
        let Value::Mapping(set) = set else { return Err("`set` of the experiment is no map".into()) };
        for (path, value) in &small.set {
            set.insert(path.as_str().into(), value.clone());
        }
    }
    for (short, kept) in &small.levels {
        let wanted = experiment.factor(short)?;
        let factors = text.get_mut("factors").and_then(Value::as_sequence_mut);
        let called = |factor: &Value| {
            ["path", "name"].iter().any(|key| factor.get(*key).and_then(Value::as_str) == Some(wanted))
        };
        let factor = factors.and_then(|all| all.iter_mut().find(|factor| called(factor)));
        let levels = factor.and_then(|factor| {
            let key = if factor.get("values").is_some() { "values" } else { "choices" };
            factor.get_mut(key).and_then(Value::as_sequence_mut)
        });
        let levels = levels.ok_or_else(|| format!("the experiment has no list of levels of `{wanted}`"))?;
        *levels = kept
            .iter()
            .map(|at| levels.get(*at).cloned().ok_or_else(|| format!("`{wanted}` has no level number {at}")))
            .collect::<Result<_, _>>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_is_what_the_study_says() {
        let experiment: Experiment = serde_yaml::from_str(
            "{name: e, factors: {f: x.y, g: fleet}, small: {seeds: 3, set: {simulation.duration: 1h}, levels: {f: [0, 2], g: [1]}}}",
        )
        .unwrap();
        let text = "
base: a.yaml
seeds: 20
objective: {minimize: cost}
constraints: [cost < 3]
factors:
  - {path: x.y, values: [1, 2, 3]}
  - {name: fleet, choices: [{name: a, set: {}}, {name: b, set: {}}]}
";
        let mut it: Mapping = serde_yaml::from_str(text).unwrap();
        as_it_stands(&mut it);
        shrink(&mut it, &experiment).unwrap();
        let expected = "
base: a.yaml
seeds: 3
factors:
  - {path: x.y, values: [1, 3]}
  - {name: fleet, choices: [{name: b, set: {}}]}
set: {simulation.duration: 1h}
";
        assert_eq!(Value::Mapping(it), serde_yaml::from_str::<Value>(expected).unwrap());
        let mut it: Mapping = serde_yaml::from_str("{factors: [{path: x.y, values: [1]}]}").unwrap();
        assert!(shrink(&mut it, &experiment).unwrap_err().to_string().contains("no level number 2"));
    }
}
