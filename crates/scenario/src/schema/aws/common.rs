//! What several AWS objects share: placement, network, attributes, tags.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::units::Text;

/// An object whose inside does not matter to the simulator: kept as it is written.
pub type KeptObject = BTreeMap<String, Value>;

/// `launchType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LaunchType {
    /// Container instances of the cluster that are not external (PLC-011).
    #[default]
    Ec2,
    /// AWS Fargate (FGT-002).
    Fargate,
    /// External instances, of ECS Anywhere (INS-010).
    External,
    /// ECS Managed Instances, which are reached only through a capacity provider (CP-011).
    ManagedInstances,
}

/// `ENABLED` or `DISABLED`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Enabled {
    /// On.
    Enabled,
    /// Off.
    #[default]
    Disabled,
}

/// A placement strategy (PLC-020).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PlacementStrategy {
    /// `spread`, `binpack` or `random`.
    #[serde(rename = "type")]
    pub kind: PlacementStrategyType,
    /// What to spread over (`instanceId`, `host` or `attribute:NAME`, PLC-023) or to pack by (`cpu` or `memory`,
    /// PLC-028); `random` takes none.
    pub field: Option<String>,
}

/// The type of a placement strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlacementStrategyType {
    /// Any instance that qualifies, at random (PLC-029).
    Random,
    /// The bucket with the fewest tasks (PLC-023).
    Spread,
    /// The instance with the least left that still fits (PLC-028).
    Binpack,
}

/// A placement constraint (PLC-008).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PlacementConstraint {
    /// `distinctInstance` or `memberOf`; in a task definition only `memberOf` (PLC-009).
    #[serde(rename = "type")]
    pub kind: PlacementConstraintType,
    /// The cluster-query expression of `memberOf`, at most 2000 characters (CQL-003); `distinctInstance` takes none.
    pub expression: Option<String>,
}

/// The type of a placement constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PlacementConstraintType {
    /// No instance holds two live tasks of the group (PLC-041).
    DistinctInstance,
    /// The instance satisfies the expression (PLC-040).
    MemberOf,
}

/// An attribute of a container instance: a name, and perhaps a value (CQL-017).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Attribute {
    /// 1 to 128 of letters, digits, `-`, `_`, `/`, `\` and `.`.
    pub name: String,
    /// 1 to 128 of letters, digits, `-`, `_`, `.`, `@`, `/`, `\`, `:` and inner spaces. Default: no value (CQL-008).
    pub value: Option<Text>,
    /// `container-instance`, the only target there is.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub target_type: Option<String>,
    /// The target in AWS's call; here `containerInstances` says which instances.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub target_id: Option<String>,
}

/// The network of `awsvpc` tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NetworkConfiguration {
    /// Subnets and security groups; needed for `awsvpc`.
    pub awsvpc_configuration: Option<AwsVpcConfiguration>,
}

/// Subnets and security groups of `awsvpc` tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AwsVpcConfiguration {
    /// Where the tasks may go, at most 16: each a subnet of `vpc.subnets` (PLC-007, QTA-010).
    pub subnets: Vec<String>,
    /// Security groups, at most 5 (QTA-010).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub security_groups: Vec<String>,
    /// Whether the task gets a public address.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub assign_public_ip: Option<Enabled>,
}

/// One capacity provider of a strategy (CP-007).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CapacityProviderStrategyItem {
    /// Its name.
    pub capacity_provider: String,
    /// Its share of the tasks beyond the base, 0 to 1000 (CP-012, CP-013). Default 0.
    #[schemars(range(max = 1_000))]
    pub weight: Option<u32>,
    /// How many tasks it takes first, 0 to 100000; at most one item of a strategy has a base (CP-014). Default 0.
    #[schemars(range(max = 100_000))]
    pub base: Option<u32>,
}

/// Something a container needs besides CPU and memory (RES-030).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ResourceRequirement {
    /// `GPU`; the other types are kept.
    #[serde(rename = "type")]
    pub kind: ResourceRequirementType,
    /// How many whole GPUs, or `ALL` of the instance (RES-030); the device's name for the other types.
    pub value: Text,
    /// How a GPU is shared among tasks.
    #[schemars(extend("x-ecsim" = "later"))]
    pub sharing_strategy: Option<KeptObject>,
}

/// The type of a resource requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResourceRequirementType {
    /// GPUs.
    #[serde(rename = "GPU")]
    Gpu,
    /// Elastic Inference; no longer offered by AWS.
    InferenceAccelerator,
    /// AWS Inferentia and Trainium.
    NeuronDevice,
}

/// A name and a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct KeyValuePair {
    /// The name.
    pub name: Option<String>,
    /// The value.
    pub value: Option<Text>,
}

/// A tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Tag {
    /// Its key.
    pub key: Option<Text>,
    /// Its value.
    pub value: Option<Text>,
}

/// Where the tags of a task come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PropagateTags {
    /// From its task definition.
    TaskDefinition,
    /// From its service.
    Service,
    /// From nowhere.
    #[default]
    None,
}

/// The CPU architecture a task needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CpuArchitecture {
    /// 64-bit Intel or AMD.
    #[default]
    #[serde(rename = "X86_64")]
    X8664,
    /// 64-bit Arm (Graviton).
    #[serde(rename = "ARM64")]
    Arm64,
}

/// The operating system of an instance or a task: the attribute `ecs.os-family` (CQL-015).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OsFamily {
    /// Linux.
    #[default]
    #[serde(rename = "LINUX")]
    Linux,
    /// Windows Server 2025 Full.
    #[serde(rename = "WINDOWS_SERVER_2025_FULL")]
    WindowsServer2025Full,
    /// Windows Server 2025 Core.
    #[serde(rename = "WINDOWS_SERVER_2025_CORE")]
    WindowsServer2025Core,
    /// Windows Server 2022 Full.
    #[serde(rename = "WINDOWS_SERVER_2022_FULL")]
    WindowsServer2022Full,
    /// Windows Server 2022 Core.
    #[serde(rename = "WINDOWS_SERVER_2022_CORE")]
    WindowsServer2022Core,
    /// Windows Server 20H2 Core.
    #[serde(rename = "WINDOWS_SERVER_20H2_CORE")]
    WindowsServer20h2Core,
    /// Windows Server 2019 Full.
    #[serde(rename = "WINDOWS_SERVER_2019_FULL")]
    WindowsServer2019Full,
    /// Windows Server 2019 Core.
    #[serde(rename = "WINDOWS_SERVER_2019_CORE")]
    WindowsServer2019Core,
    /// Windows Server 2016 Full.
    #[serde(rename = "WINDOWS_SERVER_2016_FULL")]
    WindowsServer2016Full,
    /// Windows Server 2004 Core.
    #[serde(rename = "WINDOWS_SERVER_2004_CORE")]
    WindowsServer2004Core,
}

impl OsFamily {
    /// The name as AWS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "LINUX",
            Self::WindowsServer2025Full => "WINDOWS_SERVER_2025_FULL",
            Self::WindowsServer2025Core => "WINDOWS_SERVER_2025_CORE",
            Self::WindowsServer2022Full => "WINDOWS_SERVER_2022_FULL",
            Self::WindowsServer2022Core => "WINDOWS_SERVER_2022_CORE",
            Self::WindowsServer20h2Core => "WINDOWS_SERVER_20H2_CORE",
            Self::WindowsServer2019Full => "WINDOWS_SERVER_2019_FULL",
            Self::WindowsServer2019Core => "WINDOWS_SERVER_2019_CORE",
            Self::WindowsServer2016Full => "WINDOWS_SERVER_2016_FULL",
            Self::WindowsServer2004Core => "WINDOWS_SERVER_2004_CORE",
        }
    }

    /// Whether it is a Windows.
    #[must_use]
    pub const fn is_windows(self) -> bool {
        !matches!(self, Self::Linux)
    }
}
