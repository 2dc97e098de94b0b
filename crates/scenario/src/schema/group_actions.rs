//! Calls of EC2 Auto Scaling and of capacity providers, as actions of the timeline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aws::{
    AutoScalingGroupProvider, AvailabilityZoneDistribution, CapacityProviderStrategyItem, DesiredCapacityType,
    InstanceMaintenancePolicy, KeptObject, LaunchTemplateSpecification, LifecycleResult, ManagedInstancesProvider,
    MixedInstancesPolicy, ScalingProcess, SubnetNames, TerminationPolicy,
};
use super::selectors::InstanceSelector;
use super::union::Count;
use super::units::Text;

/// A change of an Auto Scaling group, as in AWS's `UpdateAutoScalingGroup`. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateAutoScalingGroup {
    /// The group.
    pub auto_scaling_group_name: String,
    /// The smallest number of instances (ASG-001).
    pub min_size: Option<u32>,
    /// The largest number of instances (ASG-001).
    pub max_size: Option<u32>,
    /// How many instances it should have (ASG-001).
    pub desired_capacity: Option<u32>,
    /// Where its instances go; a change of zones rebalances (ASG-008).
    pub availability_zones: Option<Vec<String>>,
    /// Where its instances go, by subnets of `vpc.subnets`.
    pub vpc_zone_identifier: Option<SubnetNames>,
    /// What instances launched from now on are.
    pub launch_template: Option<LaunchTemplateSpecification>,
    /// What instances launched from now on are.
    pub mixed_instances_policy: Option<MixedInstancesPolicy>,
    /// In which order instances are chosen for scale-in (ASG-030 to ASG-033).
    pub termination_policies: Option<Vec<TerminationPolicy>>,
    /// Whether instances launched from now on are protected from scale-in (ASG-013).
    pub new_instances_protected_from_scale_in: Option<bool>,
    /// Whether a replacement is launched when EC2 recommends to rebalance (SPT-010).
    pub capacity_rebalance: Option<bool>,
    /// Seconds that a simple policy waits after the last one (ASG-024).
    pub default_cooldown: Option<u32>,
    /// Seconds after InService for which an instance counts as warming up (ASG-023).
    pub default_instance_warmup: Option<u32>,
    /// What makes an instance unhealthy (ASG-006).
    #[schemars(extend(
        "pattern" = "^(EC2|ELB|EBS|VPC_LATTICE)(\\s*,\\s*(EC2|ELB|EBS|VPC_LATTICE))*$",
        "x-ecsim-expected" = "EC2, ELB, EBS or VPC_LATTICE, or several of them with commas"
    ))]
    pub health_check_type: Option<String>,
    /// Seconds after InService in which failed checks do not count (ASG-006).
    pub health_check_grace_period: Option<u32>,
    /// Seconds after which an instance is replaced, at least 86400, or 0 for never (ASG-045).
    pub max_instance_lifetime: Option<u32>,
    /// How many healthy instances there must and may be while some are replaced (ASG-044).
    pub instance_maintenance_policy: Option<InstanceMaintenancePolicy>,
    /// What to do where a zone has no capacity (ASG-004).
    pub availability_zone_distribution: Option<AvailabilityZoneDistribution>,
    /// What the sizes count (ASG-012).
    pub desired_capacity_type: Option<DesiredCapacityType>,
    /// Capacity Reservations to use.
    #[schemars(extend("x-ecsim" = "later"))]
    pub capacity_reservation_specification: Option<KeptObject>,
    /// What health checks do in a zone from which traffic is shifted away.
    #[schemars(extend("x-ecsim" = "later"))]
    pub availability_zone_impairment_policy: Option<KeptObject>,
    /// What happens to instances whose terminate hook is abandoned.
    #[schemars(extend("x-ecsim" = "later"))]
    pub instance_lifecycle_policy: Option<KeptObject>,
    /// Zones by their id, which the simulator does not know; use `availabilityZones`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub availability_zone_ids: Option<Vec<String>>,
    /// A launch configuration; say with `launchTemplate` what its instances are.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub launch_configuration_name: Option<String>,
    /// Whether the impairment policy may be combined with cross-zone load balancing.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub skip_zonal_shift_validation: Option<bool>,
    /// A placement group.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub placement_group: Option<String>,
    /// What keeps the group from being deleted.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub deletion_protection: Option<Text>,
    /// The role that EC2 Auto Scaling takes.
    #[serde(rename = "serviceLinkedRoleARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub service_linked_role_arn: Option<String>,
    /// Reserved by AWS.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub context: Option<String>,
}

/// Sets the desired capacity of a group, as in AWS's `SetDesiredCapacity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SetDesiredCapacity {
    /// The group.
    pub auto_scaling_group_name: String,
    /// How many instances it should have, between its bounds (ASG-001).
    pub desired_capacity: u32,
    /// Whether the call is turned away while a cooldown lasts (ASG-024). Default false.
    pub honor_cooldown: Option<bool>,
}

/// Protects instances from scale-in, or ends that, as in AWS's `SetInstanceProtection` (ASG-013).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SetInstanceProtection {
    /// The group. Default: that of the instances.
    pub auto_scaling_group_name: Option<String>,
    /// Which instances.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
    /// Whether they are protected.
    pub protected_from_scale_in: bool,
}

/// Says that instances are healthy or not, as in AWS's `SetInstanceHealth` (ASG-006, ASG-007).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SetInstanceHealth {
    /// Which instances.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
    /// What they are.
    pub health_status: HealthStatus,
    /// Whether it does not count within the grace period. Default true.
    pub should_respect_grace_period: Option<bool>,
}

/// `healthStatus` of an instance of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HealthStatus {
    /// Healthy.
    Healthy,
    /// To be replaced.
    Unhealthy,
}

/// Terminates instances, as in AWS's `TerminateInstanceInAutoScalingGroup`; protection from scale-in does not matter
/// (ASG-013).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TerminateInstanceInAutoScalingGroup {
    /// Which instances.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
    /// Whether the desired capacity goes down with them; otherwise they are replaced.
    pub should_decrement_desired_capacity: bool,
}

/// Takes instances out of service or out of the group, as in AWS's `EnterStandby` and `DetachInstances`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TakeInstances {
    /// The group. Default: that of the instances.
    pub auto_scaling_group_name: Option<String>,
    /// Which instances.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
    /// Whether the desired capacity goes down with them; otherwise they are replaced.
    pub should_decrement_desired_capacity: bool,
}

/// Takes instances back into service, as in AWS's `ExitStandby`; the desired capacity goes up with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExitStandby {
    /// The group. Default: that of the instances.
    pub auto_scaling_group_name: Option<String>,
    /// Which instances.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
}

/// Suspends or resumes processes of a group, as in AWS's `SuspendProcesses` and `ResumeProcesses` (ASG-042).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ScalingProcesses {
    /// The group.
    pub auto_scaling_group_name: String,
    /// Which processes. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaling_processes: Vec<ScalingProcess>,
}

/// Replaces all instances of a group, as in AWS's `StartInstanceRefresh` (ASG-043).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StartInstanceRefresh {
    /// The group.
    pub auto_scaling_group_name: String,
    /// How instances are replaced. Default `Rolling`.
    pub strategy: Option<RefreshStrategy>,
    /// What the new instances are; the group takes it over at the end. Default: what the group says.
    pub desired_configuration: Option<DesiredConfiguration>,
    /// How fast, and what to do with instances that cannot just go.
    #[serde(default)]
    pub preferences: RefreshPreferences,
}

/// How an instance refresh replaces instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RefreshStrategy {
    /// Old ones are terminated and new ones launched, a few at a time.
    #[default]
    Rolling,
    /// Only the root volume is replaced; this version does not simulate it.
    ReplaceRootVolume,
}

/// What the new instances of a refresh are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DesiredConfiguration {
    /// A launch template, or an instance type in place.
    pub launch_template: Option<LaunchTemplateSpecification>,
    /// Several instance types.
    pub mixed_instances_policy: Option<MixedInstancesPolicy>,
}

/// How fast an instance refresh goes (ASG-043).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RefreshPreferences {
    /// Percent of the desired capacity that must stay healthy. Default 90, or the group's maintenance policy.
    #[schemars(range(max = 100))]
    pub min_healthy_percentage: Option<u32>,
    /// Percent of the desired capacity that there may be; above 100 new ones come first. Default 100, or the group's
    /// maintenance policy.
    #[schemars(range(min = 100, max = 200))]
    pub max_healthy_percentage: Option<u32>,
    /// Seconds until a new instance counts. Default: the group's default warm-up, or its grace period.
    pub instance_warmup: Option<u32>,
    /// Percentages of the group at which it pauses, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoint_percentages: Vec<u32>,
    /// Seconds of each pause. Default 3600.
    pub checkpoint_delay: Option<u32>,
    /// Whether instances that are already as desired stay. Default false.
    pub skip_matching: Option<bool>,
    /// Whether a failed refresh is undone. Default false.
    pub auto_rollback: Option<bool>,
    /// What becomes of instances that are protected from scale-in. Default `Wait`.
    pub scale_in_protected_instances: Option<ProtectedInstances>,
    /// What becomes of instances in Standby. Default `Wait`.
    pub standby_instances: Option<StandbyInstances>,
    /// Alarms that let it fail.
    #[schemars(extend("x-ecsim" = "later"))]
    pub alarm_specification: Option<KeptObject>,
    /// Seconds for which alarms are watched after the last replacement.
    pub bake_time: Option<u32>,
}

/// What becomes of protected instances in a refresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProtectedInstances {
    /// They are replaced.
    Refresh,
    /// They stay.
    Ignore,
    /// The refresh waits an hour for the protection to end, then fails.
    #[default]
    Wait,
}

/// What becomes of instances in Standby in a refresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StandbyInstances {
    /// They are terminated and replaced.
    Terminate,
    /// They stay.
    Ignore,
    /// The refresh waits an hour for them to return, then fails.
    #[default]
    Wait,
}

/// Ends the instance refresh of a group, as in AWS's `CancelInstanceRefresh`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CancelInstanceRefresh {
    /// The group.
    pub auto_scaling_group_name: String,
    /// Whether replacements that have begun are finished first. Default true.
    pub wait_for_transitioning_instances: Option<bool>,
}

/// Answers a lifecycle hook, as in AWS's `CompleteLifecycleAction` (ASG-040).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CompleteLifecycleAction {
    /// The group.
    pub auto_scaling_group_name: String,
    /// The hook.
    pub lifecycle_hook_name: String,
    /// The answer.
    pub lifecycle_action_result: LifecycleResult,
    /// For which instances. Default: all that wait in this hook.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: Option<InstanceSelector>,
    /// For how many of those that wait, the longest first. Default `all`.
    pub count: Option<Count>,
    /// The token of the action; the simulator has none.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub lifecycle_action_token: Option<String>,
}

/// A change of a capacity provider, as in AWS's `UpdateCapacityProvider`. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateCapacityProvider {
    /// The capacity provider.
    pub name: String,
    /// What changes of its Auto Scaling group; not which group it is.
    pub auto_scaling_group_provider: Option<AutoScalingGroupProvider>,
    /// What changes of its Managed Instances.
    pub managed_instances_provider: Option<ManagedInstancesProvider>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// The cluster's capacity providers and its default strategy, as in AWS's `PutClusterCapacityProviders`: both are
/// replaced as a whole (CP-004).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PutClusterCapacityProviders {
    /// All its capacity providers; one that still has tasks cannot go.
    pub capacity_providers: Vec<String>,
    /// Its whole default strategy; `[]` for none.
    pub default_capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}

/// Deletes a capacity provider that no cluster and no service uses, as in AWS's `DeleteCapacityProvider` (CP-006).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteCapacityProvider {
    /// Its name.
    pub capacity_provider: String,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
}
