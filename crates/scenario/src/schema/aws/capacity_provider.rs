//! `CreateCapacityProvider`: what stands between a cluster and the instances that are launched for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{Enabled, Tag};
use super::managed_instances::ManagedInstancesProvider;

/// A capacity provider, as in AWS's `CreateCapacityProvider`, or as `DescribeCapacityProviders` prints it (CP-001).
/// `FARGATE` and `FARGATE_SPOT` always exist and need no entry (CP-005).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CapacityProvider {
    /// Its name.
    pub name: String,
    /// An Auto Scaling group, of which it is the only provider (CP-003).
    pub auto_scaling_group_provider: Option<AutoScalingGroupProvider>,
    /// ECS Managed Instances (CP-040). Instead of `autoScalingGroupProvider`.
    pub managed_instances_provider: Option<ManagedInstancesProvider>,
    /// The cluster of a Managed Instances provider; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<Tag>,
    /// Its ARN, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub capacity_provider_arn: Option<String>,
    /// `ACTIVE` and the like, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub status: Option<String>,
    /// How far its last change is, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub update_status: Option<String>,
    /// Why its last change is there, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub update_status_reason: Option<String>,
    /// `EC2_AUTOSCALING` and the like, as AWS prints it.
    #[serde(rename = "type")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub kind: Option<String>,
}

/// The Auto Scaling group of a capacity provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AutoScalingGroupProvider {
    /// The name of an entry of `autoScalingGroups`.
    pub auto_scaling_group: Option<String>,
    /// The same as AWS writes it: an ARN that ends in the name of the group, or the name.
    pub auto_scaling_group_arn: Option<String>,
    /// Cluster auto scaling (CAS-002). Default: on, with AWS's defaults.
    pub managed_scaling: Option<ManagedScaling>,
    /// Whether instances with tasks are protected from scale-in (CAS-029); needs managed scaling, and the group's
    /// `newInstancesProtectedFromScaleIn` (CP-022). Default `DISABLED`.
    pub managed_termination_protection: Option<Enabled>,
    /// Whether instances are drained before they are terminated (CP-023, DRN-020). Default `ENABLED`.
    pub managed_draining: Option<Enabled>,
}

impl AutoScalingGroupProvider {
    /// The name of the group: the last part of the ARN where no name is given.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        let from_arn = self.auto_scaling_group_arn.as_deref().and_then(|arn| arn.rsplit('/').next());
        self.auto_scaling_group.as_deref().or(from_arn)
    }
}

/// Cluster auto scaling of a capacity provider (CAS-002).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ManagedScaling {
    /// Whether it is on. Default `ENABLED` where `managedScaling` stands or nothing does.
    pub status: Option<Enabled>,
    /// Percent of the instances that should be in use, 1 to 100. Default 100.
    #[schemars(range(min = 1, max = 100))]
    pub target_capacity: Option<u32>,
    /// The fewest instances a step adds, 1 to 10000. Default 1.
    #[schemars(range(min = 1, max = 10_000))]
    pub minimum_scaling_step_size: Option<u32>,
    /// The most instances a step adds, 1 to 10000. Default 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub maximum_scaling_step_size: Option<u32>,
    /// Seconds after the launch of an instance in which nothing more is added, 0 to 10000 (CAS-021). Default 300.
    #[schemars(range(max = 10_000))]
    pub instance_warmup_period: Option<u32>,
}
