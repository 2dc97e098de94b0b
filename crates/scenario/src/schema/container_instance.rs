//! The fixed fleet: container instances written one by one, in groups, or as rows of a CSV file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aws::{Attribute, OsFamily};
use super::columns::{Column, CpuColumn, MemoryColumn};
use super::union::OneOrMany;
use super::units::{DateTime, Duration, MemorySize, Text};

/// Container instances of one kind: what they are, how many there are, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("x-ecsim-noun" = "container instances"))]
pub struct ContainerInstances {
    /// Their name. With `count: 1` the instance is called so, otherwise `NAME-1`, `NAME-2`, ... over all zones.
    /// Default: the instance type and zone, such as `m5.large-us-east-1a`. With `fromCsv`: the prefix where there is no
    /// name column.
    pub name: Option<String>,
    /// An instance type of the catalogue or of `instanceTypes`. Needed unless `registeredResources` or `fromCsv` say
    /// what there is.
    pub instance_type: Option<String>,
    /// The Availability Zone. Default: that of `subnet`, or the Region's zone `a`.
    pub availability_zone: Option<String>,
    /// Several Availability Zones; the `count` goes round them in this order. Instead of `availabilityZone`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub availability_zones: Vec<String>,
    /// How many there are. Default 1.
    pub count: Option<u32>,
    /// Custom attributes, at most 10, each with a name and perhaps a value (CQL-017).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// The id of the EC2 instance, such as `i-abcd1234`; only with `count: 1`. Default: derived from the seed.
    pub ec2_instance_id: Option<String>,
    /// What expressions on `registeredAt` see; may lie before the start of the run (CQL-013). Default: when it
    /// registers.
    pub registered_at: Option<DateTime>,
    /// The version of the ECS agent (CQL-014). Default: a current one.
    pub agent_version: Option<Text>,
    /// Whether the agent is connected when the instance registers (PLC-004). Default true.
    pub agent_connected: Option<bool>,
    /// The operating system: the attribute `ecs.os-family` (CQL-015). Default LINUX.
    pub operating_system: Option<OsFamily>,
    /// Measured memory as the operating system sees it, before `ECS_RESERVED_MEMORY` (RES-002). Default: by RES-004.
    pub memory: Option<MemorySize>,
    /// What the instance registers, in AWS's units; overrides everything the type says (RES-012).
    pub registered_resources: Option<RegisteredResources>,
    /// Settings of the ECS agent, in the agent's own names.
    #[serde(default)]
    pub agent: AgentConfig,
    /// Whether the account setting `awsvpcTrunking` was on when the instance registered (RES-041). Default:
    /// `accountSettings`.
    pub awsvpc_trunking: Option<bool>,
    /// Whether it is an external instance, of ECS Anywhere (INS-010). Default false.
    pub external: Option<bool>,
    /// Capability attributes of the agent taken away or added (RES-060).
    #[serde(default)]
    pub capabilities: Capabilities,
    /// The subnet of its primary network interface, one of `vpc.subnets`: the attribute `ecs.subnet-id` (CQL-015).
    pub subnet: Option<String>,
    /// Network interfaces that somebody attached to the instance by hand. ECS counts only its own, so a task can be placed
    /// that then fails for want of an interface (RES-042). Default 0.
    pub enis_attached_by_hand: Option<u16>,
    /// When it registers, counted from the start. Default 0s.
    pub join_at: Option<Duration>,
    /// One instance for each row of a CSV file, instead of `instanceType` and `count`. Everything else here holds for
    /// all rows.
    pub from_csv: Option<InstancesFromCsv>,
}

/// What an instance registers, in AWS's units (RES-012).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RegisteredResources {
    /// CPU units; 1024 are one vCPU (RES-001).
    pub cpu: Option<u32>,
    /// Memory in MiB, after the agent's reserve (RES-002).
    pub memory: Option<u32>,
    /// Whole GPUs (RES-030).
    pub gpus: Option<u32>,
    /// Slots for `awsvpc` tasks (RES-040).
    pub enis: Option<u32>,
}

/// Capability attributes of the agent taken away or added (RES-060).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Capabilities {
    /// Attributes that these instances do not have, such as `ecs.capability.task-eni`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Attributes that they have besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<String>,
}

/// Settings of the ECS agent, in the agent's own names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "SCREAMING_SNAKE_CASE")]
pub struct AgentConfig {
    /// Memory in MiB kept back from the scheduler (RES-002). Default 0.
    pub ecs_reserved_memory: Option<u16>,
    /// Reserved TCP ports, in place of the default list (RES-020, RES-021).
    pub ecs_reserved_ports: Option<Vec<u16>>,
    /// Reserved UDP ports, in place of the default list, which is empty (RES-020, RES-021).
    pub ecs_reserved_ports_udp: Option<Vec<u16>>,
    /// Whether GPUs are registered (RES-030). Default: whether the type has any.
    pub ecs_enable_gpu_support: Option<bool>,
    /// When images are pulled (TSK-050). Default `default`.
    pub ecs_image_pull_behavior: Option<ImagePullBehavior>,
    /// Where dynamic host ports come from, `FIRST-LAST` (RES-025). Default `32768-60999`.
    pub ecs_dynamic_host_port_range: Option<String>,
    /// From the stop signal to SIGKILL where the container says nothing (TSK-025). Default 30s, at least 1s.
    pub ecs_container_stop_timeout: Option<Duration>,
    /// Custom attributes that the agent registers (CQL-017).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ecs_instance_attributes: BTreeMap<String, Text>,
    /// Log drivers the agent offers, each a `com.amazonaws.ecs.capability.logging-driver.*` attribute (RES-060).
    /// Default: those of the ECS-optimized image.
    pub ecs_available_logging_drivers: Option<Vec<String>>,
    /// The cluster to join.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_cluster: Option<Text>,
    /// Whether tasks may have roles.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_enable_task_iam_role: Option<bool>,
    /// Whether tasks in `host` mode may have roles.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_enable_task_iam_role_network_host: Option<bool>,
    /// Whether `awsvpc` tasks are possible; use `capabilities` to take that away.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_enable_task_eni: Option<bool>,
    /// Whether the agent drains the instance on a Spot notice (SPT-004). Default false.
    pub ecs_enable_spot_instance_draining: Option<bool>,
    /// Whether the agent of an instance in a warm pool waits until it is taken out before it registers (ASG-041).
    /// Default false.
    pub ecs_warm_pools_check: Option<bool>,
    /// Whether the agent serves metrics; see the setting `reserve_prometheus_port`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_enable_prometheus_metrics: Option<bool>,
    /// Whether Container Metadata files are written.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_enable_container_metadata: Option<bool>,
    /// How long a stopped task's containers are kept; they still use their images (TSK-052). Default 3h.
    pub ecs_engine_task_cleanup_wait_duration: Option<Duration>,
    /// Whether unused images are left alone (TSK-052). Default false; with `prefer-cached` they always are.
    pub ecs_disable_image_cleanup: Option<bool>,
    /// How often unused images are removed (TSK-052). Default 30m.
    pub ecs_image_cleanup_interval: Option<Duration>,
    /// How old an image is before it may be removed (TSK-052). Default 1h.
    pub ecs_image_minimum_cleanup_age: Option<Duration>,
    /// How many images one sweep may remove (TSK-052). Default 5.
    pub ecs_num_images_delete_per_cycle: Option<u32>,
    /// How long starting a container may take.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_container_start_timeout: Option<Text>,
    /// How long creating a container may take.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_container_create_timeout: Option<Text>,
    /// How long a pull may go without progress.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_image_pull_inactivity_timeout: Option<Text>,
    /// How much the agent logs.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ecs_loglevel: Option<Text>,
}

/// `ECS_IMAGE_PULL_BEHAVIOR` (TSK-050).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImagePullBehavior {
    /// Pull every time; the cached image serves where the pull fails.
    #[default]
    Default,
    /// Pull every time; a failed pull fails the task.
    Always,
    /// Pull only what this agent never pulled on this instance.
    Once,
    /// Pull only where there is no cached copy.
    PreferCached,
}

/// Container instances as rows of a CSV file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstancesFromCsv {
    /// The file, relative to this one; `data:` is the data root.
    pub file: String,
    /// Which column holds what.
    pub columns: InstanceColumns,
    /// Availability Zones given to the rows in turn. Default: `availabilityZone` or `availabilityZones` beside
    /// `fromCsv`.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub availability_zones: OneOrMany<String>,
}

/// Which column of the file holds what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceColumns {
    /// The name of the instance. Default: the prefix `name` and the number of the row.
    pub name: Option<Column>,
    /// CPU, with its unit.
    pub cpu: CpuColumn,
    /// Memory, with its unit; registered as it stands.
    pub memory: MemoryColumn,
    /// Whole GPUs. Default: none.
    pub gpus: Option<Column>,
    /// Custom attributes: the attribute's name, and the column its value comes from; an empty cell gives no attribute
    /// (CQL-017).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}
