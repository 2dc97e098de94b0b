//! `RunTask` and `StartTask`: standalone tasks, and how they may differ from their task definition.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::selectors::InstanceSelector;
use super::super::units::Text;
use super::common::{
    CapacityProviderStrategyItem, KeptObject, KeyValuePair, LaunchType, NetworkConfiguration, PlacementConstraint,
    PlacementStrategy, PropagateTags, ResourceRequirement, Tag,
};
use super::container_definition::EnvironmentFile;
use super::task_definition::EphemeralStorage;
use super::task_size::{TaskCpu, TaskMemory};
use super::volume::TaskVolumeConfiguration;

/// A call of AWS's `RunTask`: ECS places each task once and does not try again (PLC-056, PLC-057).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RunTask {
    /// What the tasks run: `family` (the latest revision), `family:revision` or an ARN.
    pub task_definition: String,
    /// How many tasks, 1 to 10 (PLC-056). Default 1.
    pub count: Option<u32>,
    /// The task group, at most 255 characters, not beginning with `service:` (PLC-030, PLC-031). Default
    /// `family:FAMILY`.
    pub group: Option<String>,
    /// Who started them; at most 128 characters.
    pub started_by: Option<String>,
    /// `EC2`, `EXTERNAL` (PLC-011) or `FARGATE`; not with `capacityProviderStrategy` (CP-011). Default: the cluster's
    /// strategy, or `EC2` where it has none.
    pub launch_type: Option<LaunchType>,
    /// Where the tasks go, at most 5 (PLC-020). Default: at random (PLC-034).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement_strategy: Vec<PlacementStrategy>,
    /// Where the tasks may go, at most 10 with those of the task definition (PLC-009). Default: everywhere (PLC-036).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement_constraints: Vec<PlacementConstraint>,
    /// How the tasks differ from their task definition (RES-010).
    pub overrides: Option<TaskOverride>,
    /// Subnets of `awsvpc` tasks (PLC-007).
    pub network_configuration: Option<NetworkConfiguration>,
    /// EBS volumes (RES-052).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_configurations: Vec<TaskVolumeConfiguration>,
    /// Whether `ExecuteCommand` works; makes an instance attribute necessary (RES-060). Default false.
    pub enable_execute_command: Option<bool>,
    /// Capacity providers of the tasks, at most 20 and all of one family (CP-002, CP-010, CP-014).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
    /// The Fargate platform version, such as `1.4.0` (FGT-002, CP-025). Default `LATEST`.
    pub platform_version: Option<String>,
    /// A reference of the caller's.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub reference_id: Option<String>,
    /// Makes the call idempotent.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub client_token: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<Tag>,
    /// Whether ECS tags the tasks.
    #[serde(rename = "enableECSManagedTags")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub enable_ecs_managed_tags: Option<bool>,
    /// Where the tags of the tasks come from.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub propagate_tags: Option<PropagateTags>,
}

/// A call of AWS's `StartTask`: one task on each of the named container instances, past strategies and constraints
/// (PLC-059).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StartTask {
    /// What the tasks run: `family` (the latest revision), `family:revision` or an ARN.
    pub task_definition: String,
    /// The container instances, 1 to 10.
    pub container_instances: InstanceSelector,
    /// The task group, at most 255 characters, not beginning with `service:` (PLC-030, PLC-031). Default
    /// `family:FAMILY`.
    pub group: Option<String>,
    /// Who started them; at most 128 characters.
    pub started_by: Option<String>,
    /// How the tasks differ from their task definition (RES-010).
    pub overrides: Option<TaskOverride>,
    /// Subnets of `awsvpc` tasks (PLC-007).
    pub network_configuration: Option<NetworkConfiguration>,
    /// EBS volumes (RES-052).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_configurations: Vec<TaskVolumeConfiguration>,
    /// Whether `ExecuteCommand` works; makes an instance attribute necessary (RES-060). Default false.
    pub enable_execute_command: Option<bool>,
    /// The cluster; there is only one.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub cluster: Option<String>,
    /// A reference of the caller's.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub reference_id: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<Tag>,
    /// Whether ECS tags the tasks.
    #[serde(rename = "enableECSManagedTags")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub enable_ecs_managed_tags: Option<bool>,
    /// Where the tags of the tasks come from.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub propagate_tags: Option<PropagateTags>,
}

/// How tasks differ from their task definition (RES-010); at most 8192 characters of JSON (QTA-025).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TaskOverride {
    /// CPU of the whole task, in CPU units or vCPUs (RES-008).
    #[serde(default, deserialize_with = "TaskCpu::optional")]
    #[schemars(with = "Option<TaskCpu>")]
    pub cpu: Option<TaskCpu>,
    /// Memory of the whole task, in MiB or GB (RES-008).
    #[serde(default, deserialize_with = "TaskMemory::optional")]
    #[schemars(with = "Option<TaskMemory>")]
    pub memory: Option<TaskMemory>,
    /// By container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub container_overrides: Vec<ContainerOverride>,
    /// The role of the containers.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub task_role_arn: Option<String>,
    /// The role of the agent.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub execution_role_arn: Option<String>,
    /// Storage of a Fargate task (FGT-003).
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Elastic Inference accelerators; no longer offered by AWS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub inference_accelerator_overrides: Vec<KeptObject>,
}

/// How a container differs from its definition (RES-010).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContainerOverride {
    /// The container's name.
    pub name: Option<String>,
    /// CPU units.
    pub cpu: Option<u32>,
    /// Hard limit of its memory in MiB (TSK-026).
    pub memory: Option<u32>,
    /// Soft limit of its memory in MiB (RES-006).
    pub memory_reservation: Option<u32>,
    /// GPUs and other devices (RES-030).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_requirements: Vec<ResourceRequirement>,
    /// Arguments of the entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub command: Vec<Text>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub environment: Vec<KeyValuePair>,
    /// Files with environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub environment_files: Vec<EnvironmentFile>,
}
