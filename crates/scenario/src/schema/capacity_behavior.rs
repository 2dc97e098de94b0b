//! What AWS cannot tell us about capacity: how long instances take to come and go, and when they fail.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aws::{Attribute, LifecycleResult, OsFamily};
use super::container_instance::{AgentConfig, Capabilities, RegisteredResources};
use super::distribution::DurationDistribution;
use super::spot_behavior::{PoolCapacity, SpotInterruptions};
use super::units::{MemorySize, Percent, Text};

/// How the instances of an Auto Scaling group behave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct AutoScalingGroupBehavior {
    /// From the launch of an instance to its registration with ECS, without user data and hooks. Default: the setting
    /// `cold_launch` (LAT-004).
    pub launch: Option<DurationDistribution>,
    /// What the script of the first boot adds to that. Default 0s.
    pub user_data: Option<DurationDistribution>,
    /// From a change of the desired capacity to the launches or terminations it asks for. Default: the setting
    /// `asg_reaction` (LAT-004).
    pub reaction: Option<DurationDistribution>,
    /// From taking an instance out of the warm pool to its registration. Default: the settings `warm_start` and
    /// `warm_poll` (LAT-005).
    pub warm_start: Option<DurationDistribution>,
    /// From the order to terminate to the end of the instance. Default: the setting `instance_shutdown` (LAT-020).
    pub shutdown: Option<DurationDistribution>,
    /// What the group's lifecycle hooks do, by name (ASG-040). Default: nobody answers, and each ends with its
    /// heartbeat.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lifecycle_hooks: BTreeMap<String, LifecycleHookBehavior>,
    /// How its Spot instances are interrupted. Default: `behavior.spot.interruptions`.
    pub spot_interruptions: Option<SpotInterruptions>,
    /// How many instances the pools can give this group. Default: `behavior.spot.poolCapacity`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pool_capacity: Vec<PoolCapacity>,
    /// How many of its launches fail for no reason of the scenario's (ASG-005). Default 0%.
    pub launch_failure: Option<Percent>,
    /// An instance fails its status checks after a while (ASG-006). Default: never.
    pub status_check_failure: Option<StatusCheckFailure>,
    /// What only ECS knows of its instances.
    pub container_instance: LaunchedContainerInstance,
}

/// What a lifecycle hook does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct LifecycleHookBehavior {
    /// From the start of the hook to the answer; longer than the heartbeat means none. Default: nobody answers.
    pub duration: Option<DurationDistribution>,
    /// The answer. Default `CONTINUE`.
    pub result: Option<LifecycleResult>,
}

/// An instance fails its status checks after a while (ASG-006).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatusCheckFailure {
    /// From the launch to the first failed check.
    pub after: DurationDistribution,
    /// How many of the instances fail so. Default 100%.
    #[serde(default = "all")]
    pub probability: Percent,
}

fn all() -> Percent {
    Percent::ALL
}

/// What only ECS knows of instances that are launched during the run; the same fields as under `containerInstances`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct LaunchedContainerInstance {
    /// Settings of the ECS agent, in the agent's own names.
    pub agent: AgentConfig,
    /// Custom attributes, at most 10, each with a name and perhaps a value (CQL-017).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// The operating system: the attribute `ecs.os-family` (CQL-015). Default LINUX.
    pub operating_system: Option<OsFamily>,
    /// The version of the ECS agent (CQL-014). Default: a current one.
    pub agent_version: Option<Text>,
    /// Whether the account setting `awsvpcTrunking` is on when they register (RES-041). Default: `accountSettings`.
    pub awsvpc_trunking: Option<bool>,
    /// What they register, in AWS's units; overrides everything the type says (RES-012).
    pub registered_resources: Option<RegisteredResources>,
    /// Measured memory as the operating system sees it, before `ECS_RESERVED_MEMORY` (RES-002). Default: by RES-004.
    pub memory: Option<MemorySize>,
    /// Capability attributes of the agent taken away or added (RES-060).
    pub capabilities: Capabilities,
    /// Network interfaces that somebody attaches to them by hand; ECS counts only its own (RES-042). Default 0.
    pub enis_attached_by_hand: Option<u16>,
}

/// How the instances of a Managed Instances provider behave (CP-040).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct ManagedInstancesBehavior {
    /// From the launch of an instance to its registration with ECS. Default: the setting `mi_launch` (LAT-008).
    pub launch: Option<DurationDistribution>,
    /// From the order to terminate to the end of the instance. Default: the setting `instance_shutdown` (LAT-020).
    pub shutdown: Option<DurationDistribution>,
    /// How its Spot instances are interrupted. Default: `behavior.spot.interruptions`.
    pub spot_interruptions: Option<SpotInterruptions>,
    /// How many instances the pools can give this provider. Default: `behavior.spot.poolCapacity`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pool_capacity: Vec<PoolCapacity>,
    /// How many of its launches fail for no reason of the scenario's. Default 0%.
    pub launch_failure: Option<Percent>,
    /// An instance becomes IMPAIRED after a while (CP-048). Default: never.
    pub status_check_failure: Option<StatusCheckFailure>,
}
