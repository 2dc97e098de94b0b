//! `MixedInstancesPolicy`: several instance types in one group, and how many of them are Spot.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::money::Usd;
use super::super::units::Text;
use super::instance_requirements::InstanceRequirements;
use super::launch_template::LaunchTemplateSpecification;

/// Several instance types in one group, and how many of them are Spot (ASG-009).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MixedInstancesPolicy {
    /// The launch template, and the instance types that stand in for its own.
    pub launch_template: MixedLaunchTemplate,
    /// How many instances are Spot, and how types are chosen. Default: on-demand only.
    #[serde(default)]
    pub instances_distribution: InstancesDistribution,
}

/// A launch template, and the instance types that stand in for its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MixedLaunchTemplate {
    /// The launch template; AWS needs one, the simulator only where the overrides do not say everything.
    pub launch_template_specification: Option<LaunchTemplateSpecification>,
    /// Instance types in the order of priority, or one set of requirements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<LaunchTemplateOverrides>,
}

/// An instance type that a group may launch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LaunchTemplateOverrides {
    /// An instance type of the catalogue or of `instanceTypes`.
    pub instance_type: Option<String>,
    /// What the instance type must have, in place of a type.
    pub instance_requirements: Option<InstanceRequirements>,
    /// How many units it counts for, 1 to 999 (ASG-012); not allowed with a capacity provider (CP-021).
    pub weighted_capacity: Option<Text>,
    /// A launch template of its own, for another architecture say.
    pub launch_template_specification: Option<LaunchTemplateSpecification>,
    /// A machine image of its own.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub image_id: Option<String>,
}

/// How many instances are Spot, and how types are chosen (ASG-009 to ASG-011).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstancesDistribution {
    /// How on-demand types are chosen (ASG-010). Default `prioritized` with a list of types, `lowest-price` with
    /// requirements.
    pub on_demand_allocation_strategy: Option<OnDemandAllocationStrategy>,
    /// On-demand instances that come first (ASG-009). Default 0.
    pub on_demand_base_capacity: Option<u32>,
    /// Percent of on-demand instances beyond those (ASG-009). Default 100.
    #[schemars(range(max = 100))]
    pub on_demand_percentage_above_base_capacity: Option<u32>,
    /// How Spot pools are chosen (ASG-011). Default `lowest-price`.
    pub spot_allocation_strategy: Option<SpotAllocationStrategy>,
    /// With `lowest-price`: how many of the cheapest pools of a zone are used, 1 to 20 (ASG-011). Default 2.
    #[schemars(range(max = 20))]
    pub spot_instance_pools: Option<u32>,
    /// The most to pay for an hour, in USD. Default: the on-demand price.
    #[serde(default, deserialize_with = "Usd::optional")]
    #[schemars(with = "Option<super::super::money::OptionalUsd>")]
    pub spot_max_price: Option<Usd>,
}

/// How on-demand types are chosen (ASG-010).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnDemandAllocationStrategy {
    /// The cheapest.
    LowestPrice,
    /// In the order of the overrides.
    Prioritized,
}

/// How Spot pools are chosen (ASG-011).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpotAllocationStrategy {
    /// The cheapest pools.
    #[default]
    LowestPrice,
    /// The pools that are least likely to be interrupted.
    CapacityOptimized,
    /// The same, in the order of the overrides where that costs little.
    CapacityOptimizedPrioritized,
    /// Cheap pools that are unlikely to be interrupted.
    PriceCapacityOptimized,
}
