//! What the scenario wrote and nothing changes during a run: names, shapes of instances, task definitions, services.
//!
//! Everything is interned here before the run, so that facts and the cluster speak in small integers only.

use std::collections::BTreeMap;

use ecsim_kernel::{Names, SimTime, Span, Table};

use crate::capacity::Processes;
use crate::cloudwatch::{AlarmDefinition, SeriesDefinition};
use crate::deployments::DeploymentPolicy;
use crate::gpus::GpuSharing;
use crate::ids::{
    AlarmId, AsgId, AttributeId, GroupId, ImageId, InstanceId, LaunchOptionId, MetricId, PlacementId, PolicyId, PoolId,
    ProviderId, SeriesId, ServiceId, ShapeId, SourceId, StrategyId, SubnetId, TargetGroupId, TaskDefinitionId, TextId,
    ValueId, ZoneId,
};
use crate::resources::{Port, PortSet, Requirements, Resources};
use crate::service_scaling::ScalableTarget;
use crate::targets::TargetGroupDefinition;

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
    /// How services deploy: at creation, then as calls of the timeline say, in their order. A service that is not here
    /// has the default throughout.
    pub deployment_policies: BTreeMap<ServiceId, Vec<DeploymentPolicy>>,
    /// What asks for standalone tasks, in name order, the timeline's calls last.
    pub sources: Table<SourceId, Source>,
    /// EC2 Auto Scaling groups, in name order.
    pub auto_scaling_groups: Table<AsgId, GroupDefinition>,
    /// Capacity providers, in name order.
    pub capacity_providers: Table<ProviderId, CapacityProviderDefinition>,
    /// Capacity provider strategies (CP-007).
    pub capacity_strategies: Table<StrategyId, Vec<StrategyItem>>,
    /// Capacity pools, in the order of type and zone (SPT-001).
    pub pools: Table<PoolId, CapacityPool>,
    /// Every way in which a group or provider may launch an instance.
    pub launch_options: Table<LaunchOptionId, LaunchOption>,
    /// Names of scaling policies, scheduled actions and lifecycle hooks.
    pub policies: Names<PolicyId>,
    /// Names of the metrics that scaling policies look at.
    pub metrics: Names<MetricId>,
    /// Target groups, in name order.
    pub target_groups: Table<TargetGroupId, TargetGroupDefinition>,
    /// CloudWatch metrics that somebody watches.
    pub series: Table<SeriesId, SeriesDefinition>,
    /// CloudWatch alarms, in name order.
    pub alarms: Table<AlarmId, AlarmDefinition>,
    /// How many datapoints somebody looks back at, for series of which that is many.
    pub look_back: BTreeMap<SeriesId, usize>,
    /// Scalable targets that exist from the start (SAS-001).
    pub scalable_targets: BTreeMap<ServiceId, ScalableTarget>,
    /// At most so many reserved ports an instance, the agent's included (RES-024, QTA-022).
    pub max_reserved_ports: usize,
    /// Whether CPU, memory, ports and GPUs come free when the desired status turns STOPPED (RES-014, TSK-008)
    /// or only when the task has stopped.
    pub release_at_desired_stopped: bool,
    /// Whether tasks may share GPUs, which they cannot in ECS (RES-030).
    pub gpu_sharing: GpuSharing,
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
    /// How its agent removes unused images; `None`: it does not (TSK-052).
    pub image_cleanup: Option<ImageCleanup>,
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

impl InstanceShape {
    /// An instance of a type that says nothing special about itself: no attributes, no ports in use, agent 1.103.0.
    #[must_use]
    pub fn plain(instance_type: &str, registered: Resources) -> Self {
        Self {
            instance_type: instance_type.to_owned(),
            registered,
            reserved_ports: PortSet::default(),
            attributes: Vec::new(),
            agent_version: "1.103.0".to_owned(),
            trunk: false,
            external: false,
            pull_behavior: PullBehavior::Default,
            image_cleanup: Some(ImageCleanup::default()),
            stop_timeout: Span::from_secs(30),
            hidden_enis: 0,
            dynamic_ports: 28_232,
            ebs_slots: 27,
            ebs_shared_with_enis: false,
        }
    }
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

/// How an agent removes images that nothing uses any more (TSK-052, LAT-019).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageCleanup {
    /// `ECS_IMAGE_CLEANUP_INTERVAL`: from one sweep to the next.
    pub interval: Span,
    /// `ECS_IMAGE_MINIMUM_CLEANUP_AGE`: younger images stay.
    pub minimum_age: Span,
    /// `ECS_NUM_IMAGES_DELETE_PER_CYCLE`: so many go in one sweep, those first that were used longest ago.
    pub per_sweep: u32,
    /// `ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION`: stopped containers, which still use their images, are kept for so long.
    pub containers_kept: Span,
}

impl Default for ImageCleanup {
    fn default() -> Self {
        Self {
            interval: Span::from_mins(30),
            minimum_age: Span::from_hours(1),
            per_sweep: 5,
            containers_kept: Span::from_hours(3),
        }
    }
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
    /// CPU limit of the whole task in CPU units, where it has one (CW-031).
    pub task_cpu: Option<u32>,
    /// Memory limit of the whole task in MiB, where it has one.
    pub task_memory: Option<u32>,
    /// Its containers, in the order of the definition.
    pub containers: Vec<ContainerDefinition>,
    /// Whether it needs an EBS volume attached (RES-052).
    pub ebs_volume: bool,
    /// What AWS Fargate has to know of it; `None`: it cannot run there (FGT-001, FGT-002).
    pub fargate: Option<FargateSize>,
}

/// A task definition as Fargate sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FargateSize {
    /// CPU units of the task (FGT-001).
    pub cpu: u32,
    /// MiB of the task.
    pub memory: u32,
    /// GiB of ephemeral storage, the 20 that are included too (FGT-003).
    pub ephemeral_gib: u32,
    /// `runtimePlatform`.
    pub platform: FargatePlatform,
}

/// Operating system and processor of a Fargate task: each has prices of its own (BIL-002).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FargatePlatform {
    /// Linux on x86-64.
    #[default]
    LinuxX86,
    /// Linux on Arm.
    LinuxArm,
    /// Windows on x86-64. There is no Fargate Spot for it.
    Windows,
}

impl FargatePlatform {
    /// As in `runtimePlatform`: operating system and architecture.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LinuxX86 => "LINUX/X86_64",
            Self::LinuxArm => "LINUX/ARM64",
            Self::Windows => "WINDOWS/X86_64",
        }
    }
}

impl TaskDefinition {
    /// `family:revision`.
    #[must_use]
    pub fn display_name(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }

    /// Whether some of its containers wait for others (TSK-021): then they start and stop one after the other.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.containers.iter().any(|container| !container.depends_on.is_empty())
    }

    /// The bit set of all its containers.
    #[must_use]
    pub fn all_containers(&self) -> u32 {
        u32::MAX.checked_shr(32_u32.saturating_sub(self.containers.len() as u32)).unwrap_or(0)
    }

    /// The bit set of the containers whose health is the task's: essential ones that have a check (TSK-043).
    #[must_use]
    pub fn checked_containers(&self) -> u32 {
        let checked = |container: &ContainerDefinition| container.essential && container.health_check.is_some();
        self.containers.iter().enumerate().filter(|(_, it)| checked(it)).fold(0, |set, (at, _)| set | 1 << at)
    }

    /// Whether its containers have a life of their own: an order, a restart policy or a health check.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.containers.iter().any(|container| {
            !container.depends_on.is_empty() || container.restart_policy.is_some() || container.health_check.is_some()
        })
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
    /// `dependsOn`: what it waits for before it starts (TSK-021).
    pub depends_on: Vec<ContainerDependency>,
    /// `startTimeout`: how long its dependents wait for it (TSK-023).
    pub start_timeout: Option<Span>,
    /// `restartPolicy`, where it is enabled (TSK-030).
    pub restart_policy: Option<RestartPolicy>,
    /// `healthCheck` (TSK-040).
    pub health_check: Option<HealthCheck>,
    /// Its image.
    pub image: ImageId,
    /// How many dynamic host ports it maps (RES-025, RES-027).
    pub dynamic_ports: u32,
}

/// What a container waits for before it starts (TSK-021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerDependency {
    /// The index of the other container in the task definition.
    pub container: u8,
    /// What must have happened to it.
    pub condition: DependencyCondition,
}

/// How far a container must have come (TSK-021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DependencyCondition {
    /// It has started; it may have stopped since (TSK-022).
    Start,
    /// It has run to its exit, with any code.
    Complete,
    /// It has exited with code 0.
    Success,
    /// Its health check has passed.
    Healthy,
}

impl DependencyCondition {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Success => "SUCCESS",
            Self::Healthy => "HEALTHY",
        }
    }
}

/// When a container that exited is started again in place (TSK-030, TSK-031).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Exit codes after which it is not, ascending.
    pub ignored_exit_codes: Vec<i32>,
    /// It must have run for so long, 60 to 1800 s.
    pub attempt_period: Span,
}

/// How a container's health is checked (TSK-040).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// From the start, or from the end of the last probe, to the next probe: 5 to 300 s.
    pub interval: Span,
    /// How long a probe may take: 2 to 60 s.
    pub timeout: Span,
    /// Failures in a row that make the container UNHEALTHY: 1 to 10.
    pub retries: u32,
    /// Failures of probes that begin within it do not count until one has passed: 0 to 300 s.
    pub start_period: Span,
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
    /// AWS Fargate: no container instance (FGT-002).
    Fargate,
}

impl LaunchType {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::External => "EXTERNAL",
            Self::Fargate => "FARGATE",
        }
    }
}

/// An item of a capacity provider strategy (CP-007).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrategyItem<P = ProviderId> {
    /// Which provider.
    pub provider: P,
    /// So many tasks go there first, 0 to 100,000.
    pub base: u32,
    /// Its share of the tasks beyond every base, 0 to 1,000.
    pub weight: u32,
}

/// `managedScaling` of a capacity provider (CAS-002).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManagedScaling {
    /// `targetCapacity` in percent, 1 to 100.
    pub target: u32,
    /// `minimumScalingStepSize`.
    pub minimum_step: u32,
    /// `maximumScalingStepSize`.
    pub maximum_step: u32,
    /// `instanceWarmupPeriod`.
    pub warmup: Span,
}

/// What a capacity provider stands for (CP-001).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderKind {
    /// One Auto Scaling group (CP-003).
    AutoScalingGroup(AsgId),
    /// Instances that ECS itself buys (CP-040).
    ManagedInstances,
    /// `FARGATE`.
    Fargate,
    /// `FARGATE_SPOT`.
    FargateSpot,
}

/// A capacity provider as created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityProviderDefinition {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub kind: ProviderKind,
    /// Managed scaling; `None`: DISABLED.
    pub managed_scaling: Option<ManagedScaling>,
    /// `managedTerminationProtection` (CP-022).
    pub termination_protection: bool,
    /// `managedDraining` (CP-023).
    pub managed_draining: bool,
    /// Whether it exists and is associated with the cluster from the start.
    pub exists_at_start: bool,
}

/// What the cluster has to know of an Auto Scaling group; how it behaves is the policies' business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDefinition {
    /// Its name.
    pub name: String,
    /// `MinSize`.
    pub min_size: u32,
    /// `MaxSize`.
    pub max_size: u32,
    /// `DesiredCapacity` (ASG-001).
    pub desired_capacity: u32,
    /// Its zones, in the order of the configuration (ASG-003).
    pub zones: Vec<ZoneId>,
    /// `NewInstancesProtectedFromScaleIn` (ASG-013).
    pub protects_new_instances: bool,
    /// Suspended processes (ASG-042).
    pub suspended: Processes,
}

/// An instance type in a zone: what Spot prices, interruptions and shortages are about (SPT-001).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CapacityPool {
    /// `m5.large`.
    pub instance_type: String,
    /// Where.
    pub zone: ZoneId,
}

/// One way in which a group or a Managed Instances provider may launch an instance: a type in a zone, and what such an
/// instance registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaunchOption {
    /// Whose it is.
    pub owner: LaunchOwner,
    /// Type and zone.
    pub pool: PoolId,
    /// What such an instance registers.
    pub shape: ShapeId,
    /// The zone, as in the pool.
    pub zone: ZoneId,
    /// The subnet of its primary network interface.
    pub subnet: Option<SubnetId>,
    /// The place of its type in the list of overrides, from 0 (ASG-010).
    pub rank: u32,
    /// The version of the group's template that has this option, from 1.
    pub template: u32,
    /// Size of its volumes in GiB, for the bill.
    pub volume_gib: u32,
}

/// Who launches instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LaunchOwner {
    /// An Auto Scaling group.
    Group(AsgId),
    /// A Managed Instances provider.
    Provider(ProviderId),
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
    /// Which instances it may use (PLC-011), where no strategy says otherwise.
    pub launch_type: LaunchType,
    /// Its capacity provider strategy at creation (CP-011, CP-019).
    pub strategy: Option<StrategyId>,
    /// Its revisions: the one it is created with, then those that calls of the timeline may deploy, in their order.
    pub revisions: Vec<ServiceRevision>,
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
    /// `healthCheckGracePeriodSeconds` at creation (SVC-014).
    pub health_check_grace: Span,
    /// Whether it exists from the start of the run; otherwise the timeline creates it.
    pub exists_at_start: bool,
}

impl ServiceDefinition {
    /// What its tasks run at creation.
    ///
    /// # Panics
    /// Where it was made without a revision: a bug of whoever made it.
    #[must_use]
    pub fn task_definition(&self) -> TaskDefinitionId {
        self.revisions.first().expect("a service has a revision").task_definition
    }
}

/// What a deployment deploys: everything whose change starts another one (SVC-060).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRevision {
    /// What its tasks run.
    pub task_definition: TaskDefinitionId,
    /// Subnets of an `awsvpc` service (PLC-007).
    pub subnets: Vec<SubnetId>,
    /// Target groups that its tasks register with (LB-001).
    pub target_groups: Vec<TargetGroupId>,
    /// How else its tasks are found.
    pub routing: ServiceRouting,
    /// `platformVersion` on Fargate; `None`: LATEST.
    pub platform_version: Option<String>,
    /// What else makes another revision and has no other effect on a run: `volumeConfigurations`, `vpcLatticeConfigurations`
    /// and `monitoring` (SVC-060), as a number that differs where they differ. 0: nothing of it is written.
    pub extras: u64,
}

/// How requests find the tasks of a service revision, beyond the names of its target groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceRouting {
    /// For each target group: which container is reached, and at which port.
    pub ends: Vec<TargetEnd>,
    /// For each target group: the one with which it takes turns in a blue/green deployment
    /// (`advancedConfiguration.alternateTargetGroupArn`).
    pub alternates: Vec<Option<TargetGroupId>>,
    /// Whether some load balancer has a `testListenerRule` (DEP-061).
    pub test_listener: bool,
    /// Whether tasks register with Cloud Map (LB-040).
    pub discovery: bool,
    /// Whether callers reach them through Service Connect or App Mesh (LB-041).
    pub mesh: bool,
}

/// What a load balancer reaches of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetEnd {
    /// The index of the container in the task definition.
    pub container: u8,
    /// The container port of an `ip` target, the host port of an `instance` target; 0: a dynamic one (LB-002).
    pub port: u16,
}

impl ServiceRevision {
    /// Tasks of a definition, without a network of their own or a load balancer.
    #[must_use]
    pub const fn plain(task_definition: TaskDefinitionId) -> Self {
        Self {
            task_definition,
            subnets: Vec::new(),
            target_groups: Vec::new(),
            platform_version: None,
            extras: 0,
            routing: ServiceRouting {
                ends: Vec::new(),
                alternates: Vec::new(),
                test_listener: false,
                discovery: false,
                mesh: false,
            },
        }
    }
}

/// What asks for standalone tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name of the workload entry, or of the timeline's call.
    pub name: String,
    /// `startedBy`, if given.
    pub started_by: Option<TextId>,
}
