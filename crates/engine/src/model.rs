//! The checked scenario, in the engine's terms: every default is filled in and every name is an id.

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::cloudwatch::AlarmState;
use ecsim_cluster::definitions::ManagedScaling;
use ecsim_cluster::definitions::{Definitions, LaunchType};
use ecsim_cluster::reasons::{StartError, StopError};
use ecsim_cluster::{
    AlarmId, AsgId, AttributeId, CallId, GroupId, InstanceId, InstanceStatus, Market, MetricId, PlacementId, PolicyId,
    PoolId, Processes, ProviderId, Requirements, ServiceId, SourceId, StopType, StrategyId, SubnetId, Suspended,
    TargetGroupId, TaskDefinitionId, TextId, ValueId, ZoneId,
};
use ecsim_kernel::{Distribution, SimTime, Span, Table};
use ecsim_policies::Settings;
use ecsim_policies::capacity::spec::CapacityModel;
use ecsim_policies::placement::Placement;
use ecsim_policies::placement::constraints::query::Expression;
use ecsim_policies::scaling::service::spec::ScalingModel;

use crate::demand::DemandModel;
use crate::fleet::{FargateBehavior, FleetModel};

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
    /// How tasks answer the probes of single target groups, in place of what their containers do otherwise.
    pub target_behaviors: Arc<BTreeMap<TargetGroupId, HealthBehavior>>,
    /// How instances behave.
    pub instance_behavior: InstanceBehavior,
    /// Groups, providers and pools as configured.
    pub capacity: Arc<CapacityModel>,
    /// How they behave.
    pub fleet: Arc<FleetModel>,
    /// Alarms and service auto scaling as configured.
    pub scaling: Arc<ScalingModel>,
    /// Calls of the timeline, by time and then by place in the scenario.
    pub timeline: Arc<[(SimTime, CallId)]>,
    /// What they do.
    pub calls: Arc<Table<CallId, Call>>,
    /// Requests to services.
    pub demand: Arc<DemandModel>,
}

/// What asks for standalone tasks, and how.
#[derive(Clone, Debug)]
pub struct SourceModel {
    /// What each copy is, unless a trace says otherwise.
    pub template: TaskTemplate,
    /// When calls are made.
    pub arrivals: Arrivals,
    /// Whether the rows of a trace change places: their times of arrival stay, and which row comes at which is drawn.
    pub shuffled: bool,
    /// Copies a call (`count`).
    pub count: u32,
    /// How long such a task runs, in seconds; overrides the definition's behaviour.
    pub duration: Option<Distribution>,
    /// What the caller does about copies that found no place.
    pub when_unplaced: WhenUnplaced,
    /// Whether it asks again for copies that are lost with their host.
    pub reruns: bool,
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
    /// Its launch type (PLC-011), where there is no strategy.
    pub launch_type: LaunchType,
    /// Its capacity provider strategy (CP-011, CP-014).
    pub strategy: Option<StrategyId>,
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
    /// How often, and how, its first essential container cannot be stopped.
    pub fail_to_stop: Option<(f64, StopError)>,
    /// Whether its containers are Windows': an agent waits longer for their start (TSK-051).
    pub on_windows: bool,
    /// CPU time of a request, in seconds; `None`: what its load says.
    pub request_cpu: Option<f64>,
    /// The share of its answers that are errors, beside those that its load has anyway.
    pub request_errors: f64,
    /// Its containers, as in the definition.
    pub containers: Vec<ContainerBehavior>,
    /// The same on Fargate.
    pub fargate: Option<FargateBehavior>,
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
    /// How its health check goes, where it has one.
    pub health: HealthBehavior,
    /// How it answers the probes of load balancers (LB-014), from its start.
    pub probes: HealthBehavior,
}

/// How the health check of a container, or a probe of a load balancer, goes. Times in seconds, from the container's start.
/// By default it passes at once.
#[derive(Clone, Debug, Default)]
pub struct HealthBehavior {
    /// Probes that begin earlier fail; `None`: it is ready at once.
    pub ready: Option<Distribution>,
    /// How long a probe takes, drawn once a start; beyond the check's timeout it fails. `None`: no time.
    pub probe: Option<Distribution>,
    /// It fails after a while.
    pub failure: Option<HealthFailure>,
    /// Whether a probe that fails hangs until its timeout; else it fails at once.
    pub hangs: bool,
}

/// A health check begins to fail, some time after the container's start.
#[derive(Clone, Debug)]
pub struct HealthFailure {
    /// When.
    pub after: Distribution,
    /// For how long; `None`: for good.
    pub lasts: Option<Distribution>,
    /// How likely, 0 to 1.
    pub probability: f64,
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
        /// The strategy, or the launch type where there is none any more (CP-018).
        capacity: Option<(Option<StrategyId>, LaunchType)>,
        /// `healthCheckGracePeriodSeconds` (SVC-014).
        grace: Option<Span>,
    },
    /// `UpdateService` with something that may start a deployment (SVC-060, SVC-062), or that changes how the service
    /// deploys (SVC-061).
    Deploy {
        /// The rest of the call.
        update: Box<Self>,
        /// Which.
        service: ServiceId,
        /// The revision that the service has from now on; `None`: as before.
        revision: Option<u32>,
        /// `forceNewDeployment`.
        force: bool,
        /// The number of the deployment policy from now on; `None`: as before.
        policy: Option<u32>,
    },
    /// `CreateTaskSet` (DEP-080): the next deployment of the service.
    CreateTaskSet {
        /// Of which service.
        service: ServiceId,
        /// What it runs.
        revision: u32,
        /// In millionths of the desired count.
        scale: u32,
    },
    /// `UpdateTaskSet` and `DeleteTaskSet` (DEP-080).
    ScaleTaskSet {
        /// Of which service.
        service: ServiceId,
        /// The number of its deployment.
        deployment: u32,
        /// In millionths of the desired count; 0 where it is deleted.
        scale: u32,
        /// Whether it is deleted, and whether by force.
        deleted: Option<bool>,
    },
    /// `UpdateServicePrimaryTaskSet`: the traffic is its own from now on (DEP-080).
    SetPrimaryTaskSet {
        /// Of which service.
        service: ServiceId,
        /// The number of its deployment.
        deployment: u32,
    },
    /// `StopServiceDeployment` (DEP-002).
    StopServiceDeployment {
        /// Of which service.
        service: ServiceId,
        /// `stopType`.
        how: StopType,
    },
    /// `ContinueServiceDeployment` (DEP-066).
    ContinueServiceDeployment {
        /// Of which service.
        service: ServiceId,
        /// CONTINUE; else ROLLBACK.
        proceed: bool,
    },
    /// `UpdateAutoScalingGroup`; `None` keeps.
    UpdateAutoScalingGroup {
        /// Which.
        group: AsgId,
        /// `MinSize`.
        min_size: Option<u32>,
        /// `MaxSize`.
        max_size: Option<u32>,
        /// `DesiredCapacity`.
        desired_capacity: Option<u32>,
        /// `NewInstancesProtectedFromScaleIn`.
        protects_new_instances: Option<bool>,
        /// The version of the template from now on.
        template: Option<u32>,
        /// The number of the configuration from now on.
        configuration: Option<u32>,
    },
    /// `SetDesiredCapacity`.
    SetDesiredCapacity {
        /// Which.
        group: AsgId,
        /// The new capacity.
        to: u32,
    },
    /// `SetDesiredCapacity` with `HonorCooldown`: turned away while the group's cooldown lasts (ASG-024).
    SetDesiredCapacityAfterCooldown {
        /// Which.
        group: AsgId,
        /// The new capacity.
        to: u32,
    },
    /// `SetInstanceProtection`.
    SetInstanceProtection {
        /// Which.
        instances: InstanceSelector,
        /// Whether they are protected from scale-in.
        protected: bool,
    },
    /// `SetInstanceHealth` (ASG-007: at once).
    SetInstanceHealth {
        /// Which.
        instances: InstanceSelector,
        /// Whether they are healthy.
        healthy: bool,
        /// `ShouldRespectGracePeriod`: within the grace period an instance is not marked unhealthy.
        respects_grace: bool,
    },
    /// `TerminateInstanceInAutoScalingGroup`.
    TerminateInGroup {
        /// Which.
        instances: InstanceSelector,
        /// `ShouldDecrementDesiredCapacity`.
        decrement: bool,
    },
    /// `EnterStandby`.
    EnterStandby {
        /// Which.
        instances: InstanceSelector,
        /// `ShouldDecrementDesiredCapacity`.
        decrement: bool,
    },
    /// `ExitStandby`.
    ExitStandby {
        /// Which.
        instances: InstanceSelector,
    },
    /// `DetachInstances`.
    DetachInstances {
        /// Which.
        instances: InstanceSelector,
        /// `ShouldDecrementDesiredCapacity`.
        decrement: bool,
    },
    /// `SuspendProcesses`.
    SuspendProcesses {
        /// Which group.
        group: AsgId,
        /// Which processes.
        processes: Processes,
    },
    /// `ResumeProcesses`.
    ResumeProcesses {
        /// Which group.
        group: AsgId,
        /// Which processes.
        processes: Processes,
    },
    /// `StartInstanceRefresh` (ASG-043).
    StartInstanceRefresh {
        /// Which group.
        group: AsgId,
        /// Which of the group's refreshes.
        refresh: u32,
        /// The version of the template it brings.
        template: Option<u32>,
        /// The number of the configuration it brings.
        configuration: Option<u32>,
    },
    /// `CancelInstanceRefresh`.
    CancelInstanceRefresh {
        /// Which group.
        group: AsgId,
    },
    /// `CompleteLifecycleAction` (ASG-040).
    CompleteLifecycleAction {
        /// Which.
        instances: InstanceSelector,
        /// Which hook; `None`: whichever waits.
        hook: Option<PolicyId>,
        /// Whether the result is CONTINUE; else ABANDON.
        proceed: bool,
        /// At most so many of those that wait, the longest first; `None`: all.
        count: Option<u32>,
    },
    /// `UpdateCapacityProvider`; `None` keeps.
    UpdateCapacityProvider {
        /// Which.
        provider: ProviderId,
        /// Managed scaling; the inner `None`: DISABLED.
        managed_scaling: Option<Option<ManagedScaling>>,
        /// `managedTerminationProtection`.
        termination_protection: Option<bool>,
        /// `managedDraining`.
        managed_draining: Option<bool>,
        /// The number of the configuration of Managed Instances from now on.
        configuration: Option<u32>,
    },
    /// `PutClusterCapacityProviders`: the whole list (CP-004).
    PutClusterCapacityProviders {
        /// All that are associated from now on.
        providers: Vec<ProviderId>,
    },
    /// `CreateCapacityProvider`.
    CreateCapacityProvider {
        /// Which.
        provider: ProviderId,
    },
    /// `DeleteCapacityProvider` (CP-006).
    DeleteCapacityProvider {
        /// Which.
        provider: ProviderId,
    },
    /// Fate: AWS takes Spot instances back.
    SpotInterruption {
        /// Which.
        instances: InstanceSelector,
        /// From the notice to the end.
        notice: Span,
    },
    /// Fate: a rebalance recommendation.
    RebalanceRecommendation {
        /// Which.
        instances: InstanceSelector,
    },
    /// Fate: an Availability Zone fails.
    ZoneOutage {
        /// Which.
        zone: ZoneId,
        /// For how long; `None`: until the end.
        duration: Option<Span>,
    },
    /// Fate: capacity pools have nothing to give.
    InsufficientCapacity {
        /// Which.
        pools: Vec<PoolId>,
        /// Of what kind; `None`: of either.
        market: Option<Market>,
        /// For how long; `None`: until the end.
        duration: Option<Span>,
    },
    /// Fate: from now on pools hold so many instances; Spot instances beyond that get their notice (SPT-001, ASG-005).
    PoolCapacity {
        /// Which.
        pools: Vec<PoolId>,
        /// Of what kind; `None`: so many of either.
        market: Option<Market>,
        /// How many.
        instances: u32,
    },
    /// Fate: instances fail their status checks (ASG-006).
    StatusCheckFails {
        /// Which.
        instances: InstanceSelector,
        /// For how long; `None`: for good.
        duration: Option<Span>,
    },
    /// Fate: Fargate Spot takes tasks back (SPT-011).
    FargateSpotInterruption {
        /// Which; only those that run on Fargate Spot.
        tasks: TaskSelector,
    },
    /// Fate: tasks fail a share of their requests, whatever their load.
    SetErrorRate {
        /// Which.
        tasks: TaskSelector,
        /// In millionths.
        share: u32,
        /// For how long; `None`: until they end.
        duration: Option<Span>,
        /// Whether load balancers' health checks of them fail, too.
        fails_health_checks: bool,
    },
    /// Fate: Fargate retires the platform of tasks (FGT-006).
    FargateRetirement {
        /// Which; only those that run on Fargate.
        tasks: TaskSelector,
        /// How long after the notice it stops them.
        wait: Span,
    },
    /// `SetAlarmState`.
    SetAlarmState {
        /// Which.
        alarm: AlarmId,
        /// The state until the next evaluation.
        to: AlarmState,
    },
    /// `EnableAlarmActions`, `DisableAlarmActions`.
    SetAlarmActions {
        /// Which.
        alarms: Vec<AlarmId>,
        /// Whether they act.
        enabled: bool,
    },
    /// `RegisterScalableTarget`; `None` keeps (SAS-001, SAS-003).
    RegisterScalableTarget {
        /// Of which service.
        service: ServiceId,
        /// `MinCapacity`.
        min: Option<u32>,
        /// `MaxCapacity`.
        max: Option<u32>,
        /// What is suspended.
        suspended: Option<Suspended>,
    },
    /// `DeregisterScalableTarget`.
    DeregisterScalableTarget {
        /// Of which service.
        service: ServiceId,
    },
    /// A custom metric gets a value.
    SetMetric {
        /// Which.
        metric: MetricId,
        /// In millionths; `None`: no data from now on.
        value: Option<i64>,
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
    /// By the names that a group or provider gives its instances during the run, such as `spot-3`.
    Launched(Vec<String>),
    /// Whoever matches all that is given, among the registered ones.
    Filter {
        /// In this zone.
        zone: Option<ZoneId>,
        /// Of this instance type.
        instance_type: Option<String>,
        /// Whose name begins so.
        name_prefix: Option<String>,
        /// Of this Auto Scaling group.
        group: Option<AsgId>,
        /// Of this capacity provider.
        provider: Option<ProviderId>,
        /// Bought so.
        market: Option<Market>,
        /// Whether they must be without tasks, or must have some.
        empty: Option<bool>,
        /// Which have this attribute, and this value of it if given.
        attribute: Option<(AttributeId, Option<ValueId>)>,
        /// `filter` of `ListContainerInstances` (CQL-003).
        expression: Option<Arc<Expression>>,
        /// At most so many.
        count: Option<u32>,
        /// A random choice of them instead of the first.
        random: bool,
    },
    /// Whoever one of these means.
    Any(Vec<Self>),
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
    /// On the instance of this name, one that is launched during the run.
    pub launched: Option<String>,
    /// Of this capacity provider.
    pub provider: Option<ProviderId>,
    /// Asked for by this source.
    pub source: Option<SourceId>,
    /// At most so many; `None` = all.
    pub count: Option<u32>,
    /// The newest first instead of the oldest.
    pub newest: bool,
}
