//! How a service goes from one revision to the next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a service goes from one revision to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeploymentConfiguration {
    /// Upper bound of live tasks, in percent of the desired count, rounded down. Default 200, for DAEMON 100 (PLC-051).
    pub maximum_percent: Option<u32>,
    /// Lower bound of healthy tasks, in percent of the desired count, rounded up. Default 100, for DAEMON 0 (PLC-051).
    pub minimum_healthy_percent: Option<u32>,
    /// When a deployment counts as failed (DEP-030).
    pub deployment_circuit_breaker: Option<DeploymentCircuitBreaker>,
    /// Alarms that make a deployment fail (DEP-040).
    pub alarms: Option<DeploymentAlarms>,
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR` or `CANARY` (DEP-060).
    pub strategy: Option<DeploymentStrategy>,
    /// How long both revisions stay after the shift of traffic, in minutes (DEP-062).
    pub bake_time_in_minutes: Option<u32>,
    /// What is called at the stages of a deployment (DEP-060).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifecycle_hooks: Vec<LifecycleHook>,
    /// Steps of a linear deployment.
    pub linear_configuration: Option<LinearConfiguration>,
    /// Steps of a canary deployment (DEP-063).
    pub canary_configuration: Option<CanaryConfiguration>,
    /// When a rolling deployment counts as done before it is (DEP-050).
    pub early_success_criteria: Option<EarlySuccessCriteria>,
}

/// When a deployment counts as failed (DEP-030).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeploymentCircuitBreaker {
    /// Whether failures are counted.
    pub enable: bool,
    /// Whether a failed deployment is rolled back.
    pub rollback: bool,
    /// Whether a healthy task sets the count back to 0 (DEP-033). Default true.
    pub reset_on_healthy_task: Option<bool>,
    /// How many failures are too many (DEP-031). Default: 50 percent of the desired count, from 3 to 200.
    pub threshold_configuration: Option<ThresholdConfiguration>,
}

/// How many failures are too many (DEP-031).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ThresholdConfiguration {
    /// What the value means.
    #[serde(rename = "type")]
    pub kind: ThresholdType,
    /// A number of failures, or percent of the desired count.
    pub value: u32,
}

/// What a threshold's value means (DEP-031).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ThresholdType {
    /// A number of failures.
    Count,
    /// Percent of the desired count, from 3 to 200.
    #[default]
    BoundedPercent,
    /// Percent of the desired count, without bounds.
    UnboundedPercent,
}

/// Alarms that make a deployment fail (DEP-040).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeploymentAlarms {
    /// Their names.
    pub alarm_names: Vec<String>,
    /// Whether a failed deployment is rolled back.
    pub rollback: bool,
    /// Whether they are watched.
    pub enable: bool,
}

/// The deployment strategy (DEP-060).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeploymentStrategy {
    /// Old tasks are replaced by new ones, step by step.
    #[default]
    Rolling,
    /// All traffic moves to a second set of tasks at once.
    BlueGreen,
    /// Traffic moves in equal steps.
    Linear,
    /// A little traffic moves first, then the rest.
    Canary,
}

/// What is called at the stages of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "DeploymentLifecycleHook")]
pub struct LifecycleHook {
    /// `AWS_LAMBDA` or `PAUSE`.
    pub target_type: Option<String>,
    /// The function's ARN.
    pub hook_target_arn: Option<String>,
    /// The role that may call it.
    pub role_arn: Option<String>,
    /// The stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifecycle_stages: Vec<String>,
    /// What is passed on.
    pub hook_details: Option<serde_json::Value>,
    /// How long it may take, and what then (DEP-067).
    pub timeout_configuration: Option<HookTimeout>,
}

/// How long a lifecycle hook may take, and what then (DEP-067).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "DeploymentLifecycleHookTimeout")]
pub struct HookTimeout {
    /// In minutes, 1 to 20160. Default 1440.
    pub timeout_in_minutes: Option<u32>,
    /// `ROLLBACK` or `CONTINUE`. Default `ROLLBACK`.
    pub action: Option<HookTimeoutAction>,
}

/// What happens when the time of a lifecycle hook is over (DEP-067).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "DeploymentLifecycleHookTimeoutAction")]
pub enum HookTimeoutAction {
    /// The deployment is rolled back.
    #[default]
    Rollback,
    /// It goes on.
    Continue,
}

/// Steps of a linear deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LinearConfiguration {
    /// Percent of the traffic in each step.
    pub step_percent: Option<f64>,
    /// Minutes after each step.
    pub step_bake_time_in_minutes: Option<u32>,
}

/// Steps of a canary deployment (DEP-063).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CanaryConfiguration {
    /// Percent of the traffic that moves first. Default 5.
    pub canary_percent: Option<f64>,
    /// Minutes until the rest follows. Default 10.
    pub canary_bake_time_in_minutes: Option<u32>,
}

/// When a rolling deployment counts as done before it is (DEP-050, DEP-051).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "DeploymentEarlySuccessCriteria")]
pub struct EarlySuccessCriteria {
    /// Whether it may.
    pub enable: bool,
    /// Percent of the desired count that must be healthy.
    pub healthy_percent: Option<u32>,
    /// Whether success waits for the old tasks to be gone.
    pub source_service_revision_cleanup: Option<SourceRevisionCleanup>,
}

/// Whether early success waits for the old tasks to be gone (DEP-051).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "ServiceRevisionCleanup")]
pub enum SourceRevisionCleanup {
    /// It does.
    Blocking,
    /// It does not.
    Deferred,
}

/// Who replaces the tasks of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeploymentController {
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    #[serde(rename = "type")]
    pub kind: DeploymentControllerType,
}

/// Who replaces the tasks of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeploymentControllerType {
    /// ECS itself.
    #[default]
    Ecs,
    /// AWS CodeDeploy (DEP-070).
    CodeDeploy,
    /// Somebody else, through task sets (DEP-080).
    External,
}
