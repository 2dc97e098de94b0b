//! What AWS cannot tell us about Fargate: how long tasks take, when there is no capacity, and how often Spot is
//! interrupted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distribution::DurationDistribution;
use super::spot_behavior::Market;
use super::units::{Duration, Percent};

/// How Fargate behaves. Under `behavior.taskDefinitions`, `imagePull` and `start` of a task win.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct FargateBehavior {
    /// From the creation of a task to the start of its image pull. Default: the setting `fargate_provision_s`
    /// (FGT-020).
    pub provision: Option<DurationDistribution>,
    /// A pull, whatever the size. Default: the size over `fargate_pull_mb_per_s`, or `pull_s` (FGT-020).
    pub image_pull: Option<DurationDistribution>,
    /// Creating and starting the containers after the pull. Default: the setting `start_s` (FGT-020).
    pub start: Option<DurationDistribution>,
    /// From the exit of the containers to STOPPED. Default: the setting `deprovision_s` (FGT-020).
    pub deprovision: Option<DurationDistribution>,
    /// Times in which no task can be started for want of capacity (CP-025).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capacity_unavailable: Vec<FargateShortage>,
    /// How often tasks on Fargate Spot are interrupted (FGT-004). Default: never.
    pub spot_interruptions: Option<FargateInterruptions>,
}

/// A time in which Fargate has no capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FargateShortage {
    /// When it begins, counted from the start. Default 0s.
    pub from: Option<Duration>,
    /// When it ends, counted from the start. Default: it does not.
    pub until: Option<Duration>,
    /// `spot` or `on-demand`. Default `spot`.
    pub market: Option<Market>,
}

/// How often tasks on Fargate Spot are interrupted: one of the two (FGT-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FargateInterruptions {
    /// Interruptions of one task in an hour, on average.
    #[schemars(range(min = 0))]
    pub rate_per_hour: Option<f64>,
    /// The probability that one task is interrupted within 30 days.
    pub monthly: Option<Percent>,
}
