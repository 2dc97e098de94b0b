//! `RegisterTaskDefinition`: what a task is made of; also in the form in which `DescribeTaskDefinition` prints it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::common::{Attribute, CpuArchitecture, KeptObject, OsFamily, PlacementConstraint, Tag};
use super::container_definition::ContainerDefinition;
use super::task_size::{TaskCpu, TaskMemory};
use super::volume::Volume;

/// A task definition, as in AWS's `RegisterTaskDefinition`. Several of one family are its revisions, numbered in the
/// order of the file unless `revision` says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TaskDefinition {
    /// The family; together with the revision its name.
    pub family: String,
    /// CPU of the whole task, in CPU units or vCPUs; it is what the task reserves (RES-005, RES-008). Default: the sum
    /// of its containers'.
    #[serde(default, deserialize_with = "TaskCpu::optional")]
    #[schemars(with = "Option<TaskCpu>")]
    pub cpu: Option<TaskCpu>,
    /// Memory of the whole task, in MiB or GB; it is what the task reserves (RES-006, RES-008). Default: the sum of its
    /// containers'.
    #[serde(default, deserialize_with = "TaskMemory::optional")]
    #[schemars(with = "Option<TaskMemory>")]
    pub memory: Option<TaskMemory>,
    /// How its containers reach the network (RES-023, RES-040). Default `bridge` on Linux.
    pub network_mode: Option<NetworkMode>,
    /// Its containers, at most 10 (QTA-005).
    pub container_definitions: Vec<ContainerDefinition>,
    /// Volumes its containers mount (RES-050 to RES-052).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    /// Constraints that hold for each of its tasks; only `memberOf` (PLC-009).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement_constraints: Vec<PlacementConstraint>,
    /// Launch types it must suit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires_compatibilities: Vec<Compatibility>,
    /// Operating system and CPU architecture the instance must have (PLC-006).
    pub runtime_platform: Option<RuntimePlatform>,
    /// The role of the containers; makes an instance attribute necessary (RES-060).
    pub task_role_arn: Option<String>,
    /// The role of the agent; makes instance attributes necessary (RES-060).
    pub execution_role_arn: Option<String>,
    /// Whose processes the containers see; makes an instance attribute necessary (RES-060).
    pub pid_mode: Option<PidMode>,
    /// Whose IPC the containers share; makes an instance attribute necessary (RES-060).
    pub ipc_mode: Option<IpcMode>,
    /// Storage of a Fargate task (RES-054, FGT-003).
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// The App Mesh proxy.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub proxy_configuration: Option<KeptObject>,
    /// Elastic Inference accelerators; no longer offered by AWS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub inference_accelerators: Vec<KeptObject>,
    /// Whether fault injection may reach its tasks; makes an instance attribute necessary (RES-060).
    pub enable_fault_injection: Option<bool>,
    /// Isolation and attestation of the task.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub trusted_execution_configuration: Option<KeptObject>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<Tag>,
    /// The revision, as AWS prints it. Default: one more than the one before, from 1.
    pub revision: Option<u32>,
    /// The ARN, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub task_definition_arn: Option<String>,
    /// `ACTIVE`, `INACTIVE` or `DELETE_IN_PROGRESS`, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub status: Option<String>,
    /// Instance attributes its tasks need, as AWS prints them; the simulator derives them itself (RES-060).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub requires_attributes: Vec<Attribute>,
    /// Launch types it suits, as AWS prints them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub compatibilities: Vec<Compatibility>,
    /// When it was registered, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub registered_at: Option<Value>,
    /// Who registered it, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub registered_by: Option<String>,
    /// When it was deregistered, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub deregistered_at: Option<Value>,
    /// When its deletion was asked for, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub delete_requested_at: Option<Value>,
}

/// `networkMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NetworkMode {
    /// Docker's bridge; host ports may be static or dynamic (RES-023).
    #[default]
    Bridge,
    /// The host's network: host port = container port (RES-023, RES-026).
    Host,
    /// A network interface of its own (RES-040).
    Awsvpc,
    /// No network, and no port mappings (RES-023).
    None,
}

/// A launch type a task definition suits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Compatibility {
    /// Container instances.
    Ec2,
    /// AWS Fargate.
    Fargate,
    /// ECS Anywhere.
    External,
    /// ECS Managed Instances.
    ManagedInstances,
}

impl Compatibility {
    /// The name as AWS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Fargate => "FARGATE",
            Self::External => "EXTERNAL",
            Self::ManagedInstances => "MANAGED_INSTANCES",
        }
    }
}

/// Operating system and CPU architecture of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RuntimePlatform {
    /// The CPU architecture the instance must have. Default: any.
    pub cpu_architecture: Option<CpuArchitecture>,
    /// The operating system the instance must have. Default: any.
    pub operating_system_family: Option<OsFamily>,
}

/// Whose processes the containers see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PidMode {
    /// Those of the host.
    Host,
    /// Those of the task.
    Task,
}

/// Whose IPC the containers share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IpcMode {
    /// That of the host.
    Host,
    /// That of the task.
    Task,
    /// Nobody's.
    None,
}

/// Storage of a Fargate task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EphemeralStorage {
    /// Its size in GiB, 21 to 200; 20 GiB are included where nothing is said (FGT-003).
    #[serde(rename = "sizeInGiB")]
    pub size_in_gib: u32,
}

/// An element of `taskDefinitions`: a task definition; one wrapped in `taskDefinition`, as `DescribeTaskDefinition`
/// prints it; or the `include` of a file with either, which is resolved before anything is read.
pub(crate) struct TaskDefinitionItem;

/// The answer of `DescribeTaskDefinition` and of `RegisterTaskDefinition`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "DescribedTaskDefinition", extend("x-ecsim-noun" = "a task definition as AWS prints it"))]
struct Described {
    /// The task definition, as AWS prints it.
    task_definition: TaskDefinition,
    /// Its tags.
    #[serde(default)]
    #[schemars(extend("x-ecsim" = "kept"))]
    tags: Vec<Tag>,
}

impl JsonSchema for TaskDefinitionItem {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TaskDefinitionItem".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (plain, described) = (generator.subschema_for::<TaskDefinition>(), generator.subschema_for::<Described>());
        // All branches are maps, so the key decides: messages then come from the branch that was meant.
        json_schema!({
            "type": "object",
            "x-ecsim-expected": "a task definition, or {include: FILE}",
            "if": {"required": ["taskDefinition"]},
            "then": described,
            "else": {
                "if": {"required": ["include"]},
                "then": {
                    "type": "object",
                    "properties": {"include": {
                        "type": "string",
                        "description": "A JSON or YAML file with the task definition, relative to this one.",
                    }},
                    "required": ["include"],
                    "additionalProperties": false,
                },
                "else": plain,
            },
        })
    }
}

/// Reads `taskDefinitions`, unwrapping what AWS wraps.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TaskDefinition>, D::Error> {
    let unwrap = |item: Value| {
        if item.get("taskDefinition").is_none() {
            return TaskDefinition::deserialize(item).map_err(D::Error::custom);
        }
        let described = Described::deserialize(item).map_err(D::Error::custom)?;
        let mut task_definition = described.task_definition;
        task_definition.tags.extend(described.tags);
        Ok(task_definition)
    };
    Vec::<Value>::deserialize(deserializer)?.into_iter().map(unwrap).collect()
}
