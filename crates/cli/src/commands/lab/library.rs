//! The labs that come with the program, in the order in which one would take them; and how a name finds one.

use std::path::Path;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use ecsim_scenario::Prepared;
use ecsim_scenario::schema::LabLevel;
use ecsim_scenario::source::MemoryFiles;
use ecsim_scenario::validate::nearest;
use serde_json::Value;

use crate::app::ScenarioOptions;
use crate::exit::Failure;
use crate::session;

macro_rules! labs {
    ($($name:literal)*) => {
        /// Names and texts of the labs.
        pub const LABS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../../../labs/", $name, ".yaml")))),*];
    };
}

// The easy ones first; a test sees to it that every file of labs/ is here.
labs! {
    "second-copy"
    "host-port"
    "soft-limit"
    "eni-limit"
    "spread-or-binpack"
    "provider-split"
    "fargate-size"
    "daemon-only"
    "target-80"
    "grace-period"
    "distinct-instance"
    "one-task-deployment"
    "circuit-breaker"
    "drain-waits"
    "scale-from-zero"
    "idle-cluster"
    "fifteen-minutes"
    "waiting-tasks"
    "protection"
    "target-tracking"
    "reservation"
    "step-cooldown"
    "spot-notice"
    "asleep"
    "fargate-or-ec2"
}

/// A lab that was asked for.
pub struct Found {
    /// What it is called in the list, or the name of its file.
    pub name: String,
    /// What stands in a command for its scenario, once that is saved.
    pub file: String,
    /// Whether it came with the program.
    pub is_built_in: bool,
    /// The scenario with its lab.
    pub prepared: Prepared,
}

/// Reads a lab that came with the program.
#[must_use]
pub fn read(name: &str, text: &str) -> Prepared {
    let path = format!("{name}.yaml");
    let files = MemoryFiles::new().with(path.as_str(), text);
    session::read_from(&files, &path, &ScenarioOptions::default())
}

/// What the list says of a lab that came with the program: its level, its title, and how many choices it has. Nothing is
/// checked: that every lab can be posed is a test's business.
#[must_use]
pub fn summary(text: &str) -> Option<(LabLevel, String, usize)> {
    let lab = serde_yaml::from_str::<Value>(text).ok()?.get("lab")?.clone();
    let level = serde_json::from_value(lab.get("level")?.clone()).ok()?;
    Some((level, lab.get("title")?.as_str()?.to_owned(), lab.get("choices")?.as_array()?.len()))
}

/// Finds a lab by its name, or reads the file of one.
///
/// # Errors
/// Where no lab has that name, with a near one.
pub fn find(name: &str) -> Result<Found, Failure> {
    if let Some((name, text)) = LABS.iter().find(|(known, _)| *known == name) {
        let file = format!("{name}.yaml");
        return Ok(Found { name: (*name).to_owned(), file, is_built_in: true, prepared: read(name, text) });
    }
    let path = Path::new(name);
    let is_path = path.extension().is_some_and(|it| it == "yaml" || it == "yml") || path.components().count() > 1;
    if is_path || path.is_file() {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let prepared = session::read(path, &ScenarioOptions::default());
        return Ok(Found { name: stem, file: name.to_owned(), is_built_in: false, prepared });
    }
    let help = match nearest(name, LABS.iter().map(|(name, _)| *name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`ecsim lab` lists them; a lab of your own is given by its file, such as my-lab.yaml".to_owned(),
    };
    Err(Failure::Input(format!("no lab is called `{name}`; {help}")))
}

/// Any text; shells complete it to the names of the labs.
#[derive(Clone, Copy, Debug)]
pub struct LabName;

impl TypedValueParser for LabName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(LABS.iter().map(|(name, _)| PossibleValue::new(*name))))
    }
}
