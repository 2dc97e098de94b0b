//! The checked scenario, in the engine's terms: every default is filled in and every name is an id.

use std::sync::Arc;

use ecsim_cluster::definitions::{Definitions, LaunchType};
use ecsim_cluster::reasons::StartError;
use ecsim_cluster::{
    AttributeId, CallId, GroupId, InstanceId, InstanceStatus, PlacementId, Requirements, ServiceId, SourceId, SubnetId,
    TaskDefinitionId, TextId, ValueId, ZoneId,
};
use ecsim_kernel::{Distribution, SimTime, Span, Table};
use ecsim_policies::Settings;
use ecsim_policies::placement::Placement;
use ecsim_policies::placement::constraints::query::Expression;

/// Everything a run needs. Built by the scenario crate, or by hand from Rust.
#[derive(Clone, Debug)]
pub struct Model {
    /// The scenario's name.
    pub name: String,
    /// Names, shapes, definitions: what the cluster knows.
    pub definitions: Arc<Definitions>,
    /// Strategies and constraints by id.
    pub placements: Arc<Table<PlacementId, Placement>>,
    /// The numbers AWS does not publish.
    pub settings: Settings,
    /// Seed of every random stream.
    pub seed: u64,
    /// Which replication this is; mixed into every stream.
    pub run_index: u64,
    /// Draws 1 - u where another run draws u.
    pub antithetic: bool,
    /// How long the run lasts.
    pub duration: Span,
    /// How often metrics are taken.
    pub metrics_period: Span,
    /// What asks for standalone tasks; parallel to `definitions.sources`.
    pub sources: Arc<Table<SourceId, SourceModel>>,
    /// How tasks behave on their hosts; parallel to `definitions.task_definitions`.
    pub behaviors: Arc<Table<TaskDefinitionId, TaskBehavior>>,
    /// How instances behave.
    pub instance_behavior: InstanceBehavior,
    /// Calls of the timeline, by time and then by place in the scenario.
    pub timeline: Arc<[(SimTime, CallId)]>,
    /// What they do.
    pub calls: Arc<Table<CallId, Call>>,
}

/// What asks for standalone tasks, and how.
#[derive(Clone, Debug)]
pub struct SourceModel {
    /// What each copy is, unless a trace says otherwise.
    pub template: TaskTemplate,
    /// When calls are made.
    pub arrivals: Arrivals,
    /// Copies a call (`count`).
    pub count: u32,
    /// How long such a task runs, in seconds; overrides the definition's behaviour.
    pub duration: Option<Distribution>,
    /// What the caller does about copies that found no place.
    pub when_unplaced: WhenUnplaced,
}

/// One `RunTask` or `StartTask` call, reduced.
#[derive(Clone, Debug)]
pub struct TaskTemplate {
    /// What it runs.
    pub definition: TaskDefinitionId,
    /// Its group (PLC-030).
    pub group: GroupId,
    /// Its strategies and constraints.
    pub placement: PlacementId,
    /// What it reserves, overrides applied (RES-010).
    pub requirements: Requirements,
    /// Its launch type (PLC-011).
    pub launch_type: LaunchType,
    /// Its subnets (PLC-007).
    pub subnets: Vec<SubnetId>,
}

/// When a source calls.
#[derive(Clone, Debug)]
pub enum Arrivals {
    /// Only the timeline calls.
    Never,
    /// At fixed times, ascending.
    At(Vec<SimTime>),
    /// A renewal process: times between calls are drawn, in seconds.
    Renewal {
        /// Between calls; exponential for a Poisson process.
        interval: Distribution,
        /// Whether the first call comes at `from` itself, as with a fixed interval, or one drawn interval after it.
        first_at_start: bool,
        /// The process begins here.
        from: SimTime,
        /// No call at or after this.
        until: SimTime,
        /// No more than so many calls.
        limit: u64,
    },
    /// Replays a trace: one call a row.
    Trace(Arc<[TraceTask]>),
}

/// A row of a task trace: one copy. A row that asks for several is repeated.
#[derive(Clone, Debug)]
pub struct TraceTask {
    /// When it was asked for.
    pub arrival: SimTime,
    /// How long it runs; `None`: as the behaviour says.
    pub duration: Option<Span>,
    /// What it reserves.
    pub requirements: Requirements,
    /// Its group.
    pub group: GroupId,
    /// Its strategies and constraints.
    pub placement: PlacementId,
    /// Exit code at its end.
    pub exit_code: i32,
    /// Its name in the trace.
    pub name: Option<TextId>,
}

/// What a caller does about copies that found no place. `RunTask` itself never retries (PLC-057).
#[derive(Clone, Debug)]
pub enum WhenUnplaced {
    /// Gives up.
    Drop,
    /// Waits in line, first come first served; the head is tried again whenever room appears.
    Queue,
    /// Tries again on its own clock.
    Retry {
        /// First wait.
        every: Span,
        /// Factor by which the wait grows.
        backoff: f64,
        /// It grows no further than this.
        max_interval: Span,
        /// Gives up after so many attempts in all; 0 = never.
        max_attempts: u32,
    },
}

/// How a task definition's tasks behave on their host. Times in seconds.
#[derive(Clone, Debug)]
pub struct TaskBehavior {
    /// Attaching the network interface of an `awsvpc` task (LAT-009).
    pub eni_attach: Distribution,
    /// Detaching it.
    pub eni_detach: Distribution,
    /// Creating and starting the containers after the pull.
    pub start: Distribution,
    /// How often, and how, a task fails before RUNNING.
    pub fail_to_start: Option<(f64, StartError)>,
    /// Its containers, as in the definition.
    pub containers: Vec<ContainerBehavior>,
}

/// How one container behaves. Times in seconds.
#[derive(Clone, Debug)]
pub struct ContainerBehavior {
    /// Pulling its image where it is not on the instance (LAT-010).
    pub cold_pull: Distribution,
    /// Checking the registry where it is (LAT-011).
    pub cached_pull: Distribution,
    /// How long it runs by itself; `None`: until it is stopped.
    pub duration: Option<Distribution>,
    /// Its exit code then.
    pub exit_code: i32,
    /// A crash in waiting.
    pub crash: Option<Crash>,
    /// From the stop signal to its exit; beyond the stop timeout it is killed (TSK-025).
    pub stop: Distribution,
    /// Its exit code when it obeys the signal: 0, or 143 where it dies of it (TSK-027).
    pub stop_exit_code: i32,
    /// Its real use of memory.
    pub memory: Option<MemoryUse>,
}

/// A container crashes with some probability, some time after it started.
#[derive(Clone, Debug)]
pub struct Crash {
    /// When, in seconds after RUNNING.
    pub after: Distribution,
    /// How likely, 0 to 1.
    pub probability: f64,
    /// With which code.
    pub exit_code: i32,
}

/// What a container really uses, as opposed to what it reserves.
#[derive(Clone, Debug)]
pub struct MemoryUse {
    /// MiB at its start.
    pub at_start: Distribution,
    /// MiB more each hour.
    pub growth_per_hour: f64,
}

/// How instances behave. Times in seconds.
#[derive(Clone, Debug)]
pub struct InstanceBehavior {
    /// From joining to ACTIVE, without a trunk (INS-002).
    pub registration: Distribution,
    /// From REGISTERING to ACTIVE: the trunk interface is made (INS-001).
    pub trunk_attach: Distribution,
    /// From DEREGISTERING to INACTIVE: the trunk interface is removed.
    pub trunk_detach: Distribution,
    /// How likely making the trunk fails, 0 to 1 (INS-001: REGISTRATION_FAILED).
    pub trunk_failure: f64,
}

/// A call of the timeline.
#[derive(Clone, Debug)]
pub enum Call {
    /// `RunTask`.
    RunTask {
        /// Carries the template and the count.
        source: SourceId,
    },
    /// `StartTask`: one copy on each instance, `None` for an unknown id (PLC-059).
    StartTask {
        /// Carries the template.
        source: SourceId,
        /// Where.
        instances: Vec<Option<InstanceId>>,
    },
    /// `StopTask`.
    StopTask {
        /// Which.
        tasks: TaskSelector,
        /// The caller's reason.
        reason: Option<TextId>,
    },
    /// `UpdateService`; `None` keeps.
    UpdateService {
        /// Which.
        service: ServiceId,
        /// `desiredCount`.
        desired_count: Option<u32>,
        /// Strategies and constraints (PLC-060).
        placement: Option<PlacementId>,
        /// `minimumHealthyPercent` and `maximumPercent`.
        healthy_percent: Option<(u32, u32)>,
        /// `availabilityZoneRebalancing`.
        rebalancing: Option<bool>,
    },
    /// `CreateService`.
    CreateService {
        /// Which.
        service: ServiceId,
    },
    /// `DeleteService`.
    DeleteService {
        /// Which.
        service: ServiceId,
        /// Even with a desired count above 0 (SVC-005).
        force: bool,
    },
    /// `UpdateContainerInstancesState` (INS-003).
    UpdateContainerInstancesState {
        /// Which.
        instances: InstanceSelector,
        /// ACTIVE or DRAINING.
        status: InstanceStatus,
    },
    /// `PutAttributes`.
    PutAttributes {
        /// Where.
        instances: InstanceSelector,
        /// What.
        attributes: Vec<(AttributeId, Option<ValueId>)>,
    },
    /// `DeleteAttributes`.
    DeleteAttributes {
        /// Where.
        instances: InstanceSelector,
        /// What.
        attributes: Vec<AttributeId>,
    },
    /// `DeregisterContainerInstance` (INS-008).
    DeregisterContainerInstance {
        /// Which.
        instances: InstanceSelector,
        /// Even with tasks.
        force: bool,
    },
    /// EC2 `TerminateInstances` (INS-007).
    TerminateInstances {
        /// Which.
        instances: InstanceSelector,
    },
    /// EC2 `StopInstances` (INS-005).
    StopInstances {
        /// Which.
        instances: InstanceSelector,
    },
    /// EC2 `StartInstances`.
    StartInstances {
        /// Which.
        instances: InstanceSelector,
    },
    /// The agent loses its connection (INS-006).
    DisconnectAgent {
        /// Which.
        instances: InstanceSelector,
        /// For how long; `None`: until `ConnectAgent`.
        duration: Option<Span>,
    },
    /// The agent connects again.
    ConnectAgent {
        /// Which.
        instances: InstanceSelector,
    },
    /// `UpdateTaskProtection` (PLC-075).
    UpdateTaskProtection {
        /// Which.
        tasks: TaskSelector,
        /// For how long from now; `None` lifts it.
        protect_for: Option<Span>,
    },
}

/// Which instances a call means, resolved when it is made.
#[derive(Clone, Debug)]
pub enum InstanceSelector {
    /// By name.
    Named(Vec<InstanceId>),
    /// Whoever matches all that is given, among the registered ones.
    Filter {
        /// In this zone.
        zone: Option<ZoneId>,
        /// Of this instance type.
        instance_type: Option<String>,
        /// Whose name begins so.
        name_prefix: Option<String>,
        /// Which have this attribute, and this value of it if given.
        attribute: Option<(AttributeId, Option<ValueId>)>,
        /// `filter` of `ListContainerInstances` (CQL-003).
        expression: Option<Arc<Expression>>,
        /// At most so many.
        count: Option<u32>,
        /// A random choice of them instead of the first.
        random: bool,
    },
}

/// Which tasks a call means, resolved when it is made. All that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct TaskSelector {
    /// Of this service.
    pub service: Option<ServiceId>,
    /// Of this group.
    pub group: Option<GroupId>,
    /// Started by this.
    pub started_by: Option<TextId>,
    /// On this instance.
    pub instance: Option<InstanceId>,
    /// Asked for by this source.
    pub source: Option<SourceId>,
    /// At most so many; `None` = all.
    pub count: Option<u32>,
    /// The newest first instead of the oldest.
    pub newest: bool,
}
