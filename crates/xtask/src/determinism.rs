//! The same scenario gives the same bytes: run again, run beside another run, and run with its lists written backwards.
//!
//! Every run has a directory of its own with a copy of `scenarios/`, and is called with the same relative paths, so that
//! nothing but the run itself could make a difference.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_yaml::Value;

use crate::Error;

/// What is tried on the scenarios.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The workspace, whose `scenarios/` are run.
    pub root: PathBuf,
    /// The `ecsim` to be tried.
    pub binary: PathBuf,
    /// Where `data:` paths are found.
    pub data: Option<PathBuf>,
}

/// How a scenario did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All runs left the same so many files.
    Same {
        /// How many files were compared.
        files: usize,
        /// The lists that were also tried backwards.
        reversed: Vec<&'static str>,
    },
    /// It was not run, for this reason.
    Skipped(String),
    /// A run failed, or two differ: which, and where.
    Different(String),
}

/// The lists of a scenario whose order must not matter.
const LISTS: [&str; 5] = ["autoScalingGroups", "capacityProviders", "services", "taskDefinitions", "workload"];

/// The fields of `manifest.json` that say how long the run took.
const WALL_TIME: [&str; 1] = ["wallSeconds"];

/// The fields of `manifest.json` that tell one text of a scenario from another.
const SCENARIO_TEXT: [&str; 1] = ["scenarioDigest"];

impl Trial {
    /// Tries every scenario directly below `scenarios/`, in the order of their names.
    ///
    /// # Errors
    /// Where the machine fails: files that cannot be read, a program that cannot be started.
    pub fn run(&self) -> Result<Vec<(String, Outcome)>, Error> {
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(self.root.join("scenarios"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".yaml") {
                names.push(name);
            }
        }
        if names.is_empty() {
            return Err("there is no scenario in scenarios/, so nothing was tried".into());
        }
        names.sort();
        names.into_iter().map(|name| self.scenario(&name).map(|outcome| (name, outcome))).collect()
    }

    fn scenario(&self, name: &str) -> Result<Outcome, Error> {
        let text = fs::read_to_string(self.root.join("scenarios").join(name))?;
        let mut value: Value = match serde_yaml::from_str(&text) {
            Ok(value) => value,
            Err(error) => return Ok(Outcome::Different(format!("cannot be read: {error}"))),
        };
        if value.get("simulation").is_none() {
            return Ok(Outcome::Skipped("a part of other scenarios: no `simulation:`".to_owned()));
        }
        if self.data.is_none() && needs_data(&value) {
            return Ok(Outcome::Skipped("needs --data".to_owned()));
        }
        let first = match self.once(name, None)? {
            Ok(files) => files,
            Err(message) => return Ok(Outcome::Different(format!("failed: {message}"))),
        };
        if first.is_empty() {
            return Ok(Outcome::Different("left no files, so there is nothing to compare".to_owned()));
        }
        // Two at the same time, on two threads: neither may disturb the other.
        let (second, third) = thread::scope(|scope| {
            let beside = scope.spawn(|| self.once(name, None));
            let second = self.once(name, None);
            let third = beside.join().unwrap_or_else(|_| Err("the thread of a run panicked".into()));
            (second, third)
        });
        for (what, run) in [("again, beside another run", second?), ("beside that one", third?)] {
            if let Some(difference) = difference(what, &first, run, &WALL_TIME) {
                return Ok(Outcome::Different(difference));
            }
        }
        let reversed = reverse_lists(&mut value);
        if !reversed.is_empty() {
            let run = self.once(name, Some(&serde_yaml::to_string(&value)?))?;
            let what = format!("with {} backwards", reversed.join(", "));
            let ignored: Vec<&str> = WALL_TIME.into_iter().chain(SCENARIO_TEXT).collect();
            if let Some(difference) = difference(&what, &first, run, &ignored) {
                return Ok(Outcome::Different(difference));
            }
        }
        Ok(Outcome::Same { files: first.len(), reversed })
    }

    /// Runs a scenario, or another text in its place; gives what it left, or what it said when it failed.
    fn once(&self, name: &str, text: Option<&str>) -> Result<Result<Files, String>, Error> {
        let directory = tempfile::tempdir()?;
        copy(&self.root.join("scenarios"), &directory.path().join("scenarios"))?;
        let scenario = Path::new("scenarios").join(name);
        if let Some(text) = text {
            fs::write(directory.path().join(&scenario), text)?;
        }
        let mut command = Command::new(fs::canonicalize(&self.binary)?);
        command.current_dir(directory.path()).stdin(Stdio::null());
        command.arg("run").arg(&scenario).args(["--out", "out", "--events", "--quiet"]);
        command.env_remove("ECSIM_DATA");
        if let Some(data) = &self.data {
            command.arg("--data").arg(fs::canonicalize(data)?);
        }
        let output = command.output().map_err(|error| format!("failed to start {}: {error}", self.binary.display()))?;
        let out = directory.path().join("out");
        // Status 1 says that an expectation failed: the run is there all the same.
        if !matches!(output.status.code(), Some(0 | 1)) || !out.is_dir() {
            let message = String::from_utf8_lossy(&output.stderr);
            let message = message.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message").to_owned();
            return Ok(Err(format!("{}: {message}", output.status)));
        }
        let mut files = Files::new();
        read_all(&out, "", &mut files)?;
        Ok(Ok(files))
    }
}

/// What a run left, by path.
type Files = BTreeMap<String, Vec<u8>>;

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn read_all(root: &Path, below: &str, files: &mut Files) -> Result<(), Error> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            read_all(root, &path, files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// Whether any text of the scenario is a path that begins with `data:`.
fn needs_data(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with("data:"),
        Value::Sequence(items) => items.iter().any(needs_data),
        Value::Mapping(fields) => fields.iter().any(|(_, field)| needs_data(field)),
        _ => false,
    }
}

/// Turns the lists round that have more than one entry, and names them.
fn reverse_lists(value: &mut Value) -> Vec<&'static str> {
    let mut reversed = Vec::new();
    for list in LISTS {
        if let Some(Value::Sequence(items)) = value.get_mut(list)
            && items.len() > 1
        {
            let before = items.clone();
            items.reverse();
            keep_revisions(items);
            if *items != before {
                reversed.push(list);
            }
        }
    }
    reversed
}

/// Task definitions of one family are revisions, numbered in the order of the list: among themselves they stay as they were.
fn keep_revisions(items: &mut [Value]) {
    let family = |item: &Value| item.get("family").and_then(Value::as_str).map(str::to_owned);
    let families: Vec<Option<String>> = items.iter().map(family).collect();
    for name in families.iter().flatten().collect::<std::collections::BTreeSet<_>>() {
        let places: Vec<usize> = (0..items.len()).filter(|at| families[*at].as_ref() == Some(name)).collect();
        for (first, last) in places.iter().zip(places.iter().rev()).take(places.len() / 2) {
            items.swap(*first, *last);
        }
    }
}

/// The first difference between what two runs left, in words.
fn difference(what: &str, expected: &Files, run: Result<Files, String>, ignored: &[&str]) -> Option<String> {
    let run = match run {
        Ok(files) => files,
        Err(message) => return Some(format!("{what}: failed: {message}")),
    };
    for name in expected.keys().chain(run.keys()) {
        let (Some(left), Some(right)) = (expected.get(name), run.get(name)) else {
            return Some(format!("{what}: {name} is not in both runs"));
        };
        let (left, right) = match name.as_str() {
            "manifest.json" => (without(left, ignored), without(right, ignored)),
            _ => (left.clone(), right.clone()),
        };
        if left != right {
            let (left, right) = (String::from_utf8_lossy(&left), String::from_utf8_lossy(&right));
            let line = left.lines().zip(right.lines()).take_while(|(left, right)| left == right).count();
            let show =
                |text: &str| text.lines().nth(line).unwrap_or("(end of file)").chars().take(160).collect::<String>();
            let (left, right) = (show(&left), show(&right));
            return Some(format!("{what}: {name}:{}\n    first: {left}\n    then:  {right}", line + 1));
        }
    }
    None
}

/// A JSON object without some of its fields; anything else as it is.
fn without(bytes: &[u8], fields: &[&str]) -> Vec<u8> {
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(serde_json::Value::Object(mut object)) => {
            for field in fields {
                object.shift_remove(*field);
            }
            format!("{:#}", serde_json::Value::Object(object)).into_bytes()
        }
        _ => bytes.to_vec(),
    }
}

/// The outcomes as a table.
#[must_use]
pub fn table(outcomes: &[(String, Outcome)]) -> String {
    let width = outcomes.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max("scenario".len());
    let mut lines = vec![format!("{:<width$}  outcome", "scenario")];
    for (name, outcome) in outcomes {
        let text = match outcome {
            Outcome::Same { files, reversed } if reversed.is_empty() => {
                format!("same ({files} files; nothing to reorder)")
            }
            Outcome::Same { files, reversed } => {
                format!("same ({files} files; also with {} backwards)", reversed.join(", "))
            }
            Outcome::Skipped(reason) => format!("skipped: {reason}"),
            Outcome::Different(reason) => format!("DIFFERENT {reason}"),
        };
        lines.push(format!("{name:<width$}  {text}"));
    }
    lines.join("\n") + "\n"
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Tries scenarios with a shell script in the place of `ecsim`: `$2` is the scenario, `out` is where traces go.
    fn outcomes(script: &str, scenarios: &[(&str, &str)]) -> Vec<Outcome> {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("scenarios")).unwrap();
        for (name, text) in scenarios {
            fs::write(directory.path().join("scenarios").join(name), text).unwrap();
        }
        let binary = directory.path().join("ecsim");
        fs::write(&binary, format!("#!/bin/sh\nmkdir -p out/metrics\n{script}\n")).unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
        let trial = Trial { root: directory.path().to_owned(), binary, data: None };
        trial.run().unwrap().into_iter().map(|(_, outcome)| outcome).collect()
    }

    const SCENARIO: &str =
        "simulation: {duration: 1h}\nservices:\n  - {serviceName: a}\n  - {serviceName: b}\nworkload: [x]\n";

    #[test]
    fn equal_runs_are_the_same() {
        let script = "sort \"$2\" | tr -dc 'a-b' | fold -w1 | sort > out/metrics/a.csv\n\
                      echo \"{\\\"wallSeconds\\\": $$, \\\"scenarioDigest\\\": \\\"$(cksum < \"$2\")\\\", \\\"seed\\\": 1}\" > out/manifest.json";
        let expected = [Outcome::Same { files: 2, reversed: vec!["services"] }];
        assert_eq!(outcomes(script, &[("a.yaml", SCENARIO)]), expected);
    }

    #[test]
    fn the_first_differing_line_is_shown() {
        let [Outcome::Different(text)] =
            &outcomes("echo same > out/a.csv; echo $$ >> out/a.csv", &[("a.yaml", SCENARIO)])[..]
        else {
            panic!("the runs are the same");
        };
        assert!(text.starts_with("again, beside another run: a.csv:2\n    first: "), "{text}");
    }

    #[test]
    fn an_order_that_matters_is_found() {
        let [Outcome::Different(text)] =
            &outcomes("grep serviceName \"$2\" | tr -d ' -' | tail -n 1 > out/a.csv", &[("a.yaml", SCENARIO)])[..]
        else {
            panic!("the order does not matter");
        };
        assert!(text.starts_with("with services backwards: a.csv:1"), "{text}");
    }

    #[test]
    fn nothing_compared_is_not_the_same() {
        let [Outcome::Different(text)] = &outcomes("exit 0", &[("a.yaml", SCENARIO)])[..] else { panic!() };
        assert!(text.contains("no files"), "{text}");
    }

    #[test]
    fn failures_and_parts_and_data() {
        let scenarios = [
            ("a.yaml", "simulation: {}\n"),
            ("b.yaml", "services: []\n"),
            ("c.yaml", "simulation: {}\nworkload: [{trace: \"data:x.csv\"}]\n"),
            ("d.txt", "x"),
        ];
        let outcomes = outcomes("echo 'it broke' >&2; exit 2", &scenarios);
        assert_eq!(outcomes[0], Outcome::Different("failed: exit status: 2: it broke".to_owned()));
        assert!(matches!(&outcomes[1], Outcome::Skipped(reason) if reason.contains("simulation")));
        assert_eq!(outcomes[2], Outcome::Skipped("needs --data".to_owned()));
        assert_eq!(outcomes.len(), 3);
    }
}
