//! CodeDeploy's `CreateDeployment`, as far as it concerns a service (DEP-070, DEP-071).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// CodeDeploy deploys a task definition to a service with the controller `CODE_DEPLOY`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateDeployment {
    /// The name of the service, as the deployment group has it.
    pub service: String,
    /// What the replacement task set runs, as the AppSpec file has it: `family` or `family:revision`.
    pub task_definition: String,
    /// `CodeDeployDefault.ECSAllAtOnce` and its like (DEP-070). Default `CodeDeployDefault.ECSAllAtOnce`.
    pub deployment_config_name: Option<String>,
    /// The steps of a configuration of one's own, in place of a name.
    pub traffic_routing_config: Option<TrafficRoutingConfig>,
    /// How long the original task set stays after the shift of traffic, in minutes, up to 2880 (DEP-071). Default 60.
    pub termination_wait_time_in_minutes: Option<u32>,
    /// The application.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub application_name: Option<String>,
    /// The deployment group.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub deployment_group_name: Option<String>,
}

/// `trafficRoutingConfig` of CodeDeploy's `CreateDeploymentConfig` (DEP-070).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TrafficRoutingConfig {
    /// How traffic moves.
    #[serde(rename = "type")]
    pub kind: TrafficRoutingType,
    /// Steps of a canary.
    pub time_based_canary: Option<TimeBasedCanary>,
    /// Steps of a linear shift.
    pub time_based_linear: Option<TimeBasedLinear>,
}

/// How CodeDeploy moves traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TrafficRoutingType {
    /// All at once.
    #[default]
    AllAtOnce,
    /// A little first, then the rest.
    TimeBasedCanary,
    /// In equal steps.
    TimeBasedLinear,
}

/// A canary of CodeDeploy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TimeBasedCanary {
    /// Percent of the traffic that moves first.
    pub canary_percentage: u32,
    /// Minutes until the rest follows.
    pub canary_interval: u32,
}

/// A linear shift of CodeDeploy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TimeBasedLinear {
    /// Percent of the traffic in each step.
    pub linear_percentage: u32,
    /// Minutes between the steps.
    pub linear_interval: u32,
}
