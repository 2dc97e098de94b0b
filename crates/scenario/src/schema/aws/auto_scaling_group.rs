//! `CreateAutoScalingGroup`, with what belongs to a group in other calls of EC2 Auto Scaling: its scaling policies,
//! scheduled actions, warm pool and suspended processes.
//!
//! EC2 Auto Scaling begins its fields with a capital letter; the document layer takes both spellings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::units::Text;
use super::common::KeptObject;
use super::group_parts::{
    AvailabilityZoneDistribution, DesiredCapacityType, InstanceMaintenancePolicy, LifecycleHookSpecification,
    SubnetNames, SuspendedProcess, TerminationPolicy, WarmPool,
};
use super::launch_template::LaunchTemplateSpecification;
use super::mixed_instances_policy::MixedInstancesPolicy;
use super::scaling_policy::ScalingPolicy;
use super::scheduled_action::ScheduledAction;

/// An Auto Scaling group, as in AWS's `CreateAutoScalingGroup`, or as `DescribeAutoScalingGroups` prints it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AutoScalingGroup {
    /// Its name.
    pub auto_scaling_group_name: String,
    /// The smallest number of instances (ASG-001).
    pub min_size: u32,
    /// The largest number of instances (ASG-001); at least 1 where a capacity provider is to scale out (CP-021).
    pub max_size: u32,
    /// How many instances it has at the start. Default: `minSize` (ASG-001).
    pub desired_capacity: Option<u32>,
    /// Where its instances go; ties between zones are broken in this order (ASG-003). Default: the zones of its
    /// subnets, or all zones of the Region that the catalogue knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub availability_zones: Vec<String>,
    /// Where its instances go, by subnets of `vpc.subnets`: a list, or one text with commas as AWS writes it.
    pub vpc_zone_identifier: Option<SubnetNames>,
    /// What its instances are: an entry of `launchTemplates`, or the instance type itself.
    pub launch_template: Option<LaunchTemplateSpecification>,
    /// Several instance types, and how many of them are Spot (ASG-009). Instead of `launchTemplate`.
    pub mixed_instances_policy: Option<MixedInstancesPolicy>,
    /// A launch configuration, which AWS no longer lets new accounts make; say with `launchTemplate` what its instances
    /// are.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub launch_configuration_name: Option<String>,
    /// An instance to take everything from; say with `launchTemplate` what its instances are.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub instance_id: Option<String>,
    /// In which order instances are chosen for scale-in (ASG-030 to ASG-033). Default: `Default`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub termination_policies: Vec<TerminationPolicy>,
    /// Whether new instances are protected from scale-in (ASG-013); managed termination protection needs it (CP-022).
    /// Default false.
    pub new_instances_protected_from_scale_in: Option<bool>,
    /// Whether a replacement is launched when EC2 recommends to rebalance (SPT-010). Default false.
    pub capacity_rebalance: Option<bool>,
    /// Seconds that a simple policy waits after the last one (ASG-024). Default 300.
    pub default_cooldown: Option<u32>,
    /// Seconds after InService for which an instance counts as warming up (ASG-023). Default: none, and
    /// `defaultCooldown` stands in.
    pub default_instance_warmup: Option<u32>,
    /// What makes an instance unhealthy: `EC2`, and with commas `ELB`, `EBS` or `VPC_LATTICE` (ASG-006). Default `EC2`.
    #[schemars(extend(
        "pattern" = "^(EC2|ELB|EBS|VPC_LATTICE)(\\s*,\\s*(EC2|ELB|EBS|VPC_LATTICE))*$",
        "x-ecsim-expected" = "EC2, ELB, EBS or VPC_LATTICE, or several of them with commas"
    ))]
    pub health_check_type: Option<String>,
    /// Seconds after InService in which failed checks do not count; an instance that no longer runs counts at once
    /// (ASG-006). Default 0.
    pub health_check_grace_period: Option<u32>,
    /// Lifecycle hooks, at most 50 (ASG-040). How long each takes is under `behavior.autoScalingGroups`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifecycle_hook_specification_list: Vec<LifecycleHookSpecification>,
    /// Seconds after which an instance is replaced, at least 86400, or 0 for never (ASG-045). Default 0.
    pub max_instance_lifetime: Option<u32>,
    /// How many healthy instances there must and may be while some are replaced (ASG-044).
    pub instance_maintenance_policy: Option<InstanceMaintenancePolicy>,
    /// What to do where a zone has no capacity (ASG-004).
    pub availability_zone_distribution: Option<AvailabilityZoneDistribution>,
    /// Its warm pool, as in AWS's `PutWarmPool` (ASG-041). Default: it has none.
    pub warm_pool: Option<WarmPool>,
    /// Processes that are suspended at the start, as in AWS's `SuspendProcesses` (ASG-042).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended_processes: Vec<SuspendedProcess>,
    /// What `minSize`, `maxSize` and `desiredCapacity` count (ASG-012). Default `units`.
    pub desired_capacity_type: Option<DesiredCapacityType>,
    /// Its scaling policies, each as in AWS's `PutScalingPolicy` (ASG-020 to ASG-024). A group whose capacity provider
    /// has managed scaling should have none (CAS-001).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaling_policies: Vec<ScalingPolicy>,
    /// Its scheduled actions, each as in AWS's `PutScheduledUpdateGroupAction`, at most 125 (ASG-025).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scheduled_actions: Vec<ScheduledAction>,
    /// Capacity Reservations to use.
    #[schemars(extend("x-ecsim" = "later"))]
    pub capacity_reservation_specification: Option<KeptObject>,
    /// Classic Load Balancers its instances register with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "later"))]
    pub load_balancer_names: Vec<String>,
    /// Target groups its instances register with.
    #[serde(rename = "targetGroupARNs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "later"))]
    pub target_group_arns: Vec<String>,
    /// Target groups, load balancers or VPC Lattice target groups its instances register with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "later"))]
    pub traffic_sources: Vec<KeptObject>,
    /// What happens to instances whose terminate hook is abandoned.
    #[schemars(extend("x-ecsim" = "later"))]
    pub instance_lifecycle_policy: Option<KeptObject>,
    /// What health checks do in a zone from which traffic is shifted away.
    #[schemars(extend("x-ecsim" = "later"))]
    pub availability_zone_impairment_policy: Option<KeptObject>,
    /// Zones by their id, which the simulator does not know; use `availabilityZones`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub availability_zone_ids: Vec<String>,
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
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<AutoScalingTag>,
    /// Its ARN, as AWS prints it.
    #[serde(rename = "autoScalingGroupARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub auto_scaling_group_arn: Option<String>,
    /// When it was created, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub created_time: Option<Value>,
    /// Its instances, as AWS prints them; those of the run are new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub instances: Vec<KeptObject>,
    /// Whether it is being deleted, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub status: Option<String>,
    /// Metrics that are published, as AWS prints them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub enabled_metrics: Vec<KeptObject>,
    /// What predictive scaling foresees, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub predicted_capacity: Option<u32>,
    /// Its warm pool, as AWS prints it; the same as `warmPool`.
    pub warm_pool_configuration: Option<WarmPool>,
    /// How many instances its warm pool has, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub warm_pool_size: Option<u32>,
}

impl AutoScalingGroup {
    /// How many instances it has at the start (ASG-001).
    #[must_use]
    pub fn desired(&self) -> u32 {
        self.desired_capacity.unwrap_or(self.min_size)
    }

    /// Its warm pool, under either name.
    #[must_use]
    pub fn warm_pool(&self) -> Option<&WarmPool> {
        self.warm_pool.as_ref().or(self.warm_pool_configuration.as_ref())
    }
}

/// A tag of an Auto Scaling group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AutoScalingTag {
    /// Its key.
    pub key: Text,
    /// Its value.
    pub value: Option<Text>,
    /// Whether new instances get it too.
    pub propagate_at_launch: Option<bool>,
    /// The group, as AWS prints it.
    pub resource_id: Option<String>,
    /// `auto-scaling-group`, as AWS prints it.
    pub resource_type: Option<String>,
}
