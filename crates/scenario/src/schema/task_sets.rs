//! Task sets of services with the controller `EXTERNAL` (DEP-080 to DEP-082).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Creates a task set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateTaskSet {
    /// The name of the service.
    pub service: String,
    /// The name that later calls know it by.
    pub external_id: Option<String>,
    /// What its tasks run.
    pub task_definition: String,
    /// How many tasks it has. Default 0 percent.
    pub scale: Option<Scale>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Scales a task set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateTaskSet {
    /// The name of the service.
    pub service: String,
    /// Its `externalId`.
    pub task_set: String,
    /// How many tasks it has from now on.
    pub scale: Scale,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Deletes a task set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteTaskSet {
    /// The name of the service.
    pub service: String,
    /// Its `externalId`.
    pub task_set: String,
    /// Needed where it is not scaled to 0. Default false.
    pub force: Option<bool>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Says which task set is PRIMARY: the traffic is its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateServicePrimaryTaskSet {
    /// The name of the service.
    pub service: String,
    /// Its `externalId`.
    pub primary_task_set: String,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// How many tasks a task set has: a share of the desired count, rounded up (DEP-080).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Scale {
    /// 0 to 100.
    pub value: f64,
    /// `PERCENT`.
    pub unit: Option<ScaleUnit>,
}

/// What the number of a scale means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ScaleUnit {
    /// Percent of the desired count.
    #[default]
    Percent,
}
