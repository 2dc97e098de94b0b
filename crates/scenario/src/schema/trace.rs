//! A task trace: a CSV file with one task in each row.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{Column, CpuColumn, MemberOfColumn, MemoryColumn, TimeColumn};
use super::union::OneOrMany;
use super::units::{DateTime, Duration, Text};

/// A CSV file with one task in each row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Trace {
    /// The file, relative to this one; `data:` is the data root.
    pub file: String,
    /// Which column holds what.
    pub columns: TraceColumns,
    /// Keep only rows whose column has one of these values.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, OneOrMany<Text>>,
    /// What stands for time zero where the file has dates and times. Default: the earliest row.
    pub origin: Option<DateTime>,
    /// Times, arrivals and durations alike, are multiplied by it: 0.1 runs the trace ten times faster.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub time_scale: f64,
    /// Durations are multiplied by it too.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub duration_scale: f64,
    /// Read at most so many rows. Default: all.
    pub limit: Option<u64>,
    /// Start reading at this time of the trace, which becomes time zero. Default 0s.
    pub skip_before: Option<Duration>,
    /// Whether rows change places: times of arrival stay, and which row comes at which is drawn anew for each seed and each
    /// replication. Default false.
    #[serde(default)]
    pub shuffle: bool,
}

fn one() -> f64 {
    1.0
}

/// Which column of a trace holds what. Task sizes become overrides of the task definition (RES-010).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TraceColumns {
    /// The name of the task in outputs. Default: the workload's name and the number of the row.
    pub name: Option<Column>,
    /// When it is asked for.
    pub arrival: TimeColumn,
    /// When it ended; it runs from arrival to then. Either this or `duration`, or neither.
    pub end: Option<TimeColumn>,
    /// How long it runs; the unit is needed.
    pub duration: Option<TimeColumn>,
    /// CPU of the task, with its unit. Default: the task definition's.
    pub cpu: Option<CpuColumn>,
    /// Memory of the task, with its unit. Default: the task definition's.
    pub memory: Option<MemoryColumn>,
    /// GPUs. Default: the task definition's. A fraction is rounded up, for ECS has none (RES-030); where `gpu_sharing` is
    /// on, less than one is a share of one GPU.
    pub gpus: Option<Column>,
    /// How much of each of its `gpus` the task uses, from 0 to 1 (not ECS, see `gpu_sharing`): they are multiplied. Default
    /// 1.
    pub gpu_share: Option<Column>,
    /// The task group (PLC-030).
    pub group: Option<Column>,
    /// The exit code of its essential container. Default 0.
    pub exit_code: Option<Column>,
    /// How many tasks the row stands for. Default 1.
    pub count: Option<Column>,
    /// A `memberOf` constraint made from the cell (PLC-040).
    pub member_of: Option<MemberOfColumn>,
}
