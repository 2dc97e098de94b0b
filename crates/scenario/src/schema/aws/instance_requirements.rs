//! Attribute-based choice of instance types, as EC2, EC2 Auto Scaling and ECS Managed Instances share it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::KeptObject;

/// What an instance type must have; every type of the catalogue that has it may be chosen (CP-041).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceRequirements {
    /// vCPUs.
    pub v_cpu_count: IntegerRange,
    /// Memory in MiB.
    #[serde(rename = "memoryMiB")]
    pub memory_mib: IntegerRange,
    /// Who makes the CPU. Default: anyone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpu_manufacturers: Vec<CpuManufacturer>,
    /// Memory in GiB for each vCPU.
    #[serde(rename = "memoryGiBPerVCpu")]
    pub memory_gib_per_v_cpu: Option<NumberRange>,
    /// Only these types, with `*` for any text, at most 400. Not with `excludedInstanceTypes`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_instance_types: Vec<String>,
    /// Not these types, with `*` for any text, at most 400.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_instance_types: Vec<String>,
    /// Generations. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance_generations: Vec<InstanceGeneration>,
    /// Spot: percent above the cheapest type that is still taken. Default 100.
    pub spot_max_price_percentage_over_lowest_price: Option<u32>,
    /// Spot: percent of the cheapest on-demand type that is still taken.
    pub max_spot_price_as_percentage_of_optimal_on_demand_price: Option<u32>,
    /// On-demand: percent above the cheapest type that is still taken. Default 20.
    pub on_demand_max_price_percentage_over_lowest_price: Option<u32>,
    /// Bare metal. Default `excluded`.
    pub bare_metal: Option<Inclusion>,
    /// Burstable types. Default `excluded`.
    pub burstable_performance: Option<Inclusion>,
    /// Whether the type can hibernate.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub require_hibernate_support: Option<bool>,
    /// Network interfaces.
    pub network_interface_count: Option<IntegerRange>,
    /// Local disks. Default `included`.
    pub local_storage: Option<Inclusion>,
    /// Kinds of local disks. Default: both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub local_storage_types: Vec<LocalStorageType>,
    /// GB on local disks together.
    #[serde(rename = "totalLocalStorageGB")]
    pub total_local_storage_gb: Option<NumberRange>,
    /// Bandwidth to EBS in Mbps.
    pub baseline_ebs_bandwidth_mbps: Option<IntegerRange>,
    /// Network bandwidth in Gbps.
    pub network_bandwidth_gbps: Option<NumberRange>,
    /// Kinds of accelerators. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accelerator_types: Vec<AcceleratorType>,
    /// Accelerators; `max: 0` leaves out types that have any.
    pub accelerator_count: Option<IntegerRange>,
    /// Who makes the accelerator. Default: anyone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accelerator_manufacturers: Vec<AcceleratorManufacturer>,
    /// Accelerators by AWS's names, such as `t4` or `a10g`. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accelerator_names: Vec<String>,
    /// Memory of all accelerators together in MiB.
    #[serde(rename = "acceleratorTotalMemoryMiB")]
    pub accelerator_total_memory_mib: Option<IntegerRange>,
    /// CPU performance, as that of an instance family.
    #[schemars(extend("x-ecsim" = "later"))]
    pub baseline_performance_factors: Option<KeptObject>,
    /// Whether traffic between instances is encrypted.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub require_encryption_in_transit: Option<bool>,
}

/// From a whole number to another; an end that is absent is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct IntegerRange {
    /// The smallest. Default 0.
    pub min: Option<u64>,
    /// The largest. Default: no limit.
    pub max: Option<u64>,
}

/// From a number to another; an end that is absent is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NumberRange {
    /// The smallest. Default 0.
    pub min: Option<f64>,
    /// The largest. Default: no limit.
    pub max: Option<f64>,
}

/// Whether types of a kind may be, must not be, or must be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Inclusion {
    /// They may be chosen.
    Included,
    /// They are not chosen.
    Excluded,
    /// Only they are chosen.
    Required,
}

/// Who makes a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CpuManufacturer {
    /// Intel.
    Intel,
    /// AMD.
    Amd,
    /// AWS: Graviton.
    AmazonWebServices,
    /// Apple.
    Apple,
}

/// Generations of instance types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InstanceGeneration {
    /// Those that AWS recommends.
    Current,
    /// Older ones.
    Previous,
}

/// Kinds of local disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LocalStorageType {
    /// Hard disks.
    Hdd,
    /// Solid state disks.
    Ssd,
}

/// Kinds of accelerators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AcceleratorType {
    /// GPUs.
    Gpu,
    /// FPGAs.
    Fpga,
    /// Chips for inference.
    Inference,
    /// Chips for video.
    Media,
}

/// Who makes an accelerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AcceleratorManufacturer {
    /// AWS.
    AmazonWebServices,
    /// AMD.
    Amd,
    /// NVIDIA.
    Nvidia,
    /// Xilinx.
    Xilinx,
    /// Habana.
    Habana,
}
