//! A teaching lab: a question about the scenario it stands in, the choices, and an explanation that is read off the run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expect::Expectation;
use super::union::OneOrMany;
use super::units::{Duration, Text};

/// A teaching lab: a question about this scenario. `ecsim lab` poses it, takes the answer, runs, and explains.
///
/// In its texts, a number of the run stands in braces: `{at 5m: services.web.runningCount}`, `{max: cluster.tasks}`; or the
/// moment at which something became true: `{eventually: services.web.runningCount == 2}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Lab {
    /// The question in a few words, for the list.
    #[schemars(length(min = 1))]
    pub title: String,
    /// How much one must know: `basic`, `intermediate` or `advanced`.
    pub level: LabLevel,
    /// The question, with all that is needed to answer it.
    #[schemars(length(min = 1))]
    pub question: String,
    /// What `?` shows to those who are stuck.
    pub hint: Option<String>,
    /// The choices, called a, b, c, ... in their order. Exactly one is correct.
    #[schemars(length(min = 2, max = 8))]
    pub choices: Vec<LabChoice>,
    /// Why, step by step, with what the run shows.
    #[schemars(length(min = 1))]
    pub explanation: Vec<LabStep>,
    /// What to try next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<LabTrial>,
}

/// How much one must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LabLevel {
    /// What everybody meets in the first week.
    Basic,
    /// What one meets when running services.
    Intermediate,
    /// What takes arithmetic, or knowing how several parts work together.
    Advanced,
}

impl LabLevel {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Intermediate => "intermediate",
            Self::Advanced => "advanced",
        }
    }
}

/// One of the choices of a lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LabChoice {
    /// The answer.
    pub answer: Text,
    /// Whether it is the right one.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub correct: bool,
    /// Why it is right; or why it is tempting, and wrong.
    #[schemars(length(min = 1))]
    pub remark: String,
    /// What would have to be different for this answer to be right, run and checked.
    #[serde(rename = "if")]
    pub variant: Option<LabVariant>,
}

/// The scenario with a few values changed, and what holds then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LabVariant {
    /// What is changed, as `--set` takes it: `services.web.desiredCount=1`.
    #[schemars(length(min = 1))]
    pub set: Vec<String>,
    /// What it is like then. Numbers in braces are those of the changed run.
    #[schemars(length(min = 1))]
    pub say: String,
    /// What must hold then.
    #[schemars(length(min = 1))]
    pub expect: Vec<Expectation>,
}

/// One step of the explanation of a lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LabStep {
    /// What is to be understood.
    #[schemars(length(min = 1))]
    pub say: String,
    /// What the run says to that: expectations, checked, and printed with what was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shows: Vec<Expectation>,
    /// What `ecsim explain` says about a task, a service, a workload entry or an instance.
    pub explain: Option<LabExplain>,
    /// Rows of a file of the run.
    pub table: Option<LabTable>,
}

/// What `ecsim explain` is asked: exactly one of `task`, `service`, `workload` and `instance`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct LabExplain {
    /// A task by its number.
    #[schemars(range(min = 1))]
    pub task: Option<u32>,
    /// A service.
    pub service: Option<String>,
    /// A workload entry.
    pub workload: Option<String>,
    /// A container instance.
    pub instance: Option<String>,
    /// With `service` or `workload`: the moment.
    pub at: Option<Duration>,
    /// With `workload`: the copy, counted from 0.
    pub copy: Option<u32>,
    /// Show only so many lines of the answer.
    #[schemars(range(min = 1))]
    pub lines: Option<u32>,
}

/// Rows of a file of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LabTable {
    /// The file, as `ecsim run --out` writes it: `scaling_activities.csv`.
    pub file: String,
    /// Which columns, in this order. Moments are shown as a clock does; `time` is the first of them.
    #[schemars(length(min = 1))]
    pub columns: Vec<String>,
    /// Keep only rows whose column has one of these values.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, OneOrMany<Text>>,
    /// Keep only rows from this time on.
    pub from: Option<Duration>,
    /// Keep only rows up to this time.
    pub until: Option<Duration>,
    /// Show at most so many rows. Default 12.
    #[schemars(range(min = 1))]
    pub limit: Option<u32>,
}

/// Something to try next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LabTrial {
    /// What to look for.
    #[schemars(length(min = 1))]
    pub say: String,
    /// What is changed, as `--set` takes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// What `ecsim explain` is asked then; without it the scenario is run.
    pub explain: Option<LabExplain>,
}
