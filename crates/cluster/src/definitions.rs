//! What the scenario wrote and nothing changes during a run: names, shapes of instances, task definitions, services.
//!
//! Everything is interned here before the run, so that facts and the cluster speak in small integers only.

use ecsim_kernel::{Names, SimTime, Span, Table};

use crate::ids::{
    AttributeId, GroupId, ImageId, InstanceId, PlacementId, ServiceId, ShapeId, SourceId, SubnetId, TaskDefinitionId,
    TextId, ValueId, ZoneId,
};
use crate::resources::{Port, PortSet, Requirements, Resources};

/// The immutable part of a run that everybody may read.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// `us-east-1`.
    pub region: String,
    /// Twelve digits; AWS's own sample account where the scenario names none.
    pub account: String,
    /// The cluster's name.
    pub cluster_name: String,
    /// Start of the run, in milliseconds since the Unix epoch, UTC.
    pub start_unix_ms: i64,
    /// Availability Zones by name, in name order.
    pub zones: Names<ZoneId>,
    /// Subnets by name, in name order, with their zone and how many addresses are free at the start.
    pub subnets: Table<SubnetId, Subnet>,
    /// Names of instance attributes.
    pub attributes: Names<AttributeId>,
    /// Values of instance attributes.
    pub values: Names<ValueId>,
    /// Task groups (PLC-030).
    pub groups: Names<GroupId>,
    /// Container images.
    pub images: Names<ImageId>,
    /// Free texts: stop reasons, `startedBy`, trace names.
    pub texts: Names<TextId>,
    /// What instances have in common.
    pub shapes: Table<ShapeId, InstanceShape>,
    /// The instances the scenario plans, by id.
    pub instances: Table<InstanceId, PlannedInstance>,
    /// Task definitions, in order of family and revision.
    pub task_definitions: Table<TaskDefinitionId, TaskDefinition>,
    /// Services, in name order.
    pub services: Table<ServiceId, ServiceDefinition>,
    /// What asks for standalone tasks, in name order, the timeline's calls last.
    pub sources: Table<SourceId, Source>,
    /// At most so many reserved ports an instance, the agent's included (RES-024, QTA-022).
    pub max_reserved_ports: usize,
    /// Whether CPU, memory, ports and GPUs come free when the desired status turns STOPPED (RES-014, TSK-008)
    /// or only when the task has stopped.
    pub release_at_desired_stopped: bool,
}

/// A subnet of the VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// As the scenario names it.
    pub name: String,
    /// Where it lies (PLC-007).
    pub zone: ZoneId,
    /// Free addresses at the start; each task network interface takes one.
    pub free_addresses: u32,
}

/// What instances of one kind register (RES-001 to RES-004, RES-020, RES-040).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceShape {
    /// `m5.large`, or the name of a custom type.
    pub instance_type: String,
    /// What it registers, fixed from then on (RES-012).
    pub registered: Resources,
    /// Ports in use before any task (RES-020, RES-021).
    pub reserved_ports: PortSet,
    /// Attributes at registration: built-in, capabilities and custom ones, ascending by id. `None` = no value.
    pub attributes: Vec<(AttributeId, Option<ValueId>)>,
    /// `1.103.0` (CQL-014).
    pub agent_version: String,
    /// Whether registration goes through REGISTERING because a trunk interface is attached (INS-001, INS-002).
    pub trunk: bool,
    /// ECS Anywhere (INS-010).
    pub external: bool,
    /// How the agent pulls images (TSK-050).
    pub pull_behavior: PullBehavior,
    /// `ECS_CONTAINER_STOP_TIMEOUT` (TSK-025).
    pub stop_timeout: Span,
    /// Network interfaces somebody attached by hand, which ECS does not see (RES-042).
    pub hidden_enis: u16,
    /// How many dynamic host ports there are (RES-025).
    pub dynamic_ports: u32,
    /// Free EBS attachment slots (RES-053).
    pub ebs_slots: u16,
    /// Whether EBS slots and task network interfaces share one limit (RES-053).
    pub ebs_shared_with_enis: bool,
}

/// `ECS_IMAGE_PULL_BEHAVIOR` (TSK-050).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullBehavior {
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

/// A container instance that the scenario plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedInstance {
    /// The name people use for it; it is also its container instance id where the scenario gave it.
    pub name: String,
    /// Whether the scenario gave the name.
    pub named: bool,
    /// `i-...`: given by the scenario, or derived.
    pub ec2_instance_id: Option<String>,
    /// What it registers.
    pub shape: ShapeId,
    /// Where it runs.
    pub zone: ZoneId,
    /// The subnet of its primary network interface.
    pub subnet: Option<SubnetId>,
    /// `registeredAt` where the scenario sets it, in milliseconds since the Unix epoch.
    pub registered_at_unix_ms: Option<i64>,
    /// When it registers.
    pub join_at: SimTime,
    /// Whether its agent is connected at registration.
    pub agent_connected: bool,
}

/// The Docker network mode of a task definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkMode {
    /// A network interface of its own.
    Awsvpc,
    /// Docker's bridge; host ports may be static or dynamic (RES-023).
    #[default]
    Bridge,
    /// The host's network: host port = container port (RES-023, RES-026).
    Host,
    /// No network; no port mapping allowed (RES-023).
    None,
}

/// A registered revision of a task definition, reduced to what a simulation needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDefinition {
    /// `web`.
    pub family: String,
    /// From 1.
    pub revision: u32,
    /// How its containers reach the network.
    pub network_mode: NetworkMode,
    /// What it reserves without overrides (RES-005, RES-006).
    pub requirements: Requirements,
    /// Static host ports it reserves (RES-023), ascending.
    pub ports: Vec<Port>,
    /// Attributes an instance must have (RES-060, PLC-006); with `Some` value it must be that one.
    pub required_attributes: Vec<(AttributeId, Option<ValueId>)>,
    /// Memory limit of the whole task in MiB, where it has one.
    pub task_memory: Option<u32>,
    /// Its containers, in the order of the definition.
    pub containers: Vec<ContainerDefinition>,
    /// Whether it needs an EBS volume attached (RES-052).
    pub ebs_volume: bool,
}

impl TaskDefinition {
    /// `family:revision`.
    #[must_use]
    pub fn display_name(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }
}

/// One container of a task definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerDefinition {
    /// Its name, unique in the definition.
    pub name: String,
    /// Whether the task stops with it (TSK-020).
    pub essential: bool,
    /// CPU units, 0 = none.
    pub cpu: u32,
    /// `memory`: the hard limit in MiB (TSK-026).
    pub memory: Option<u32>,
    /// `memoryReservation`: the soft limit in MiB.
    pub memory_reservation: Option<u32>,
    /// GPUs it asks for.
    pub gpus: crate::resources::GpuNeed,
    /// `stopTimeout` (TSK-025).
    pub stop_timeout: Option<Span>,
    /// Its image.
    pub image: ImageId,
    /// How many dynamic host ports it maps (RES-025, RES-027).
    pub dynamic_ports: u32,
}

/// `schedulingStrategy` (PLC-050).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchedulingStrategy {
    /// Keeps the desired count.
    #[default]
    Replica,
    /// One task on every eligible instance (PLC-051).
    Daemon,
}

/// `launchType`, as far as container instances are concerned (PLC-011).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LaunchType {
    /// Every ACTIVE instance that is not external.
    #[default]
    Ec2,
    /// Only instances with `ecs.capability.external`.
    External,
}

/// A service as created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDefinition {
    /// `serviceName`.
    pub name: String,
    /// `service:NAME` (PLC-030).
    pub group: GroupId,
    /// REPLICA or DAEMON.
    pub scheduling: SchedulingStrategy,
    /// Which instances it may use (PLC-011).
    pub launch_type: LaunchType,
    /// What its tasks run.
    pub task_definition: TaskDefinitionId,
    /// `desiredCount` at creation; 0 for DAEMON, which has none (PLC-051).
    pub desired_count: u32,
    /// `minimumHealthyPercent`.
    pub minimum_healthy_percent: u32,
    /// `maximumPercent`.
    pub maximum_percent: u32,
    /// Strategies and constraints at creation.
    pub placement: PlacementId,
    /// `availabilityZoneRebalancing` at creation (AZR-001).
    pub availability_zone_rebalancing: bool,
    /// Subnets of an `awsvpc` service (PLC-007).
    pub subnets: Vec<SubnetId>,
    /// Whether it exists from the start of the run; otherwise the timeline creates it.
    pub exists_at_start: bool,
}

/// What asks for standalone tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name of the workload entry, or of the timeline's call.
    pub name: String,
    /// `startedBy`, if given.
    pub started_by: Option<TextId>,
}
