//! ECS Managed Instances: the part of `CreateCapacityProvider` that lets ECS choose and renew instances itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::Enabled;
use super::instance_requirements::InstanceRequirements;

/// A Managed Instances provider (CP-040).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ManagedInstancesProvider {
    /// The role with which ECS launches instances.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub infrastructure_role_arn: Option<String>,
    /// Which instances it launches, and where. Needed when it is created.
    pub instance_launch_template: Option<InstanceLaunchTemplate>,
    /// When instances that are empty or little used go (CP-045, CP-046).
    pub infrastructure_optimization: Option<InfrastructureOptimization>,
    /// Whether impaired instances are replaced (CP-048).
    pub auto_repair_configuration: Option<AutoRepairConfiguration>,
    /// Where the tags of its instances come from.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub propagate_tags: Option<ManagedInstancesTags>,
}

/// Which instances a Managed Instances provider launches, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceLaunchTemplate {
    /// Subnets and security groups. Needed when the provider is created.
    pub network_configuration: Option<ManagedInstancesNetworkConfiguration>,
    /// What instance types must have. Default: the cheapest general-purpose type that fits the task (CP-041).
    pub instance_requirements: Option<InstanceRequirements>,
    /// On-demand, Spot or reserved (CP-040). Default `ON_DEMAND`.
    pub capacity_option_type: Option<CapacityOptionType>,
    /// Capacity Reservations to use (CP-048).
    pub capacity_reservations: Option<CapacityReservationRequest>,
    /// The data volume (CP-040).
    pub storage_configuration: Option<ManagedInstancesStorageConfiguration>,
    /// Local disks in place of the data volume.
    pub local_storage_configuration: Option<ManagedInstancesLocalStorageConfiguration>,
    /// The role of the instances.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ec2_instance_profile_arn: Option<String>,
    /// CloudWatch monitoring of the instances.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub monitoring: Option<ManagedInstancesMonitoring>,
    /// Whether instances see their tags.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub instance_metadata_tags_propagation: Option<bool>,
    /// FIPS 140.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub fips_enabled: Option<bool>,
}

/// Where Managed Instances go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ManagedInstancesNetworkConfiguration {
    /// Subnets of `vpc.subnets`; with a single one ECS packs instead of spreading (CP-042).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<String>,
    /// Security groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub security_groups: Vec<String>,
}

/// The data volume of Managed Instances (CP-040).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ManagedInstancesStorageConfiguration {
    /// Its size in GiB, 30 to 16384; part of what the instance costs. Default 80.
    #[serde(rename = "storageSizeGiB")]
    #[schemars(range(min = 30, max = 16_384))]
    pub storage_size_gib: Option<u32>,
}

/// Local disks of Managed Instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ManagedInstancesLocalStorageConfiguration {
    /// Whether tasks use them in place of the data volume. Default false.
    pub use_local_storage: Option<bool>,
}

/// CloudWatch monitoring of Managed Instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ManagedInstancesMonitoring {
    /// Every five minutes.
    Basic,
    /// Every minute.
    Detailed,
}

/// How Managed Instances are bought (CP-040).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CapacityOptionType {
    /// On-demand.
    #[default]
    OnDemand,
    /// Spot.
    Spot,
    /// Capacity Reservations.
    Reserved,
}

/// Capacity Reservations of Managed Instances (CP-048).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CapacityReservationRequest {
    /// The resource group of the reservations.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub reservation_group_arn: Option<String>,
    /// Whether only, first or never reservations are used.
    pub reservation_preference: Option<ReservationPreference>,
}

/// Whether Capacity Reservations are used (CP-048).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReservationPreference {
    /// Nothing else.
    ReservationsOnly,
    /// Before anything else.
    ReservationsFirst,
    /// Never.
    ReservationsExcluded,
}

/// When Managed Instances that are empty or little used go (CP-045, CP-046).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InfrastructureOptimization {
    /// Seconds to wait before that, 0 to 3600; -1 turns it off. Default: the setting `mi_scale_in_after_default`.
    #[schemars(range(min = -1, max = 3_600))]
    pub scale_in_after: Option<i32>,
}

/// Whether impaired Managed Instances are replaced (CP-048).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AutoRepairConfiguration {
    /// Whether they are. Default `ENABLED`.
    pub actions_status: Option<Enabled>,
}

/// Where the tags of Managed Instances come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ManagedInstancesTags {
    /// From the capacity provider.
    CapacityProvider,
    /// From nowhere.
    None,
}
