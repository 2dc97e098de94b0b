//! Everything that can be due: a closed list, so that one sees all of it and the compiler finds every place.

use ecsim_cluster::reasons::{StartError, StopError};
use ecsim_cluster::{CallId, InstanceId, PoolId, SeriesId, ServiceId, SourceId, TargetGroupId, TaskId, ZoneId};
use ecsim_kernel::Phase;

/// Something due at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The next call of a workload entry.
    Arrival(SourceId),
    /// A caller tries a copy again.
    RetryRequest {
        /// Who.
        source: SourceId,
        /// Which copy.
        ordinal: u32,
        /// How many attempts were made.
        attempts: u16,
    },
    /// A caller asks again for a copy whose task was lost.
    Rerun {
        /// Who.
        source: SourceId,
        /// Which copy.
        ordinal: u32,
    },
    /// Room appeared: those who wait in line are served.
    ServeQueues,
    /// An entry of the timeline.
    Call(CallId),
    /// A service that exists from the start is there.
    ServiceExists(ServiceId),
    /// The run begins: providers and groups are there.
    Opens,
    /// An instance launched by a group or provider runs: its hooks may begin (ASG-002).
    InstanceRuns(InstanceId),
    /// A lifecycle hook of an instance ends (ASG-040).
    HookEnds {
        /// Of which instance.
        instance: InstanceId,
        /// Which hook of its group.
        hook: u8,
        /// CONTINUE; else ABANDON.
        proceed: bool,
        /// Whether the hook runs because the instance leaves the warm pool.
        from_pool: bool,
    },
    /// An instance stands ready in the warm pool.
    WarmReady(InstanceId),
    /// Managed draining of an instance has taken as long as it may (DRN-021).
    DrainLimit(InstanceId),
    /// A terminated instance is gone from its group.
    InstanceGone(InstanceId),
    /// A group learns that an instance does not run any more (LAT-021).
    HealthNoticed(InstanceId),
    /// An instance begins to fail its status checks (ASG-006).
    StatusCheckFails(InstanceId),
    /// A group believes that the status checks of an instance fail, if they still do (ASG-006).
    StatusCheckBelieved(InstanceId),
    /// The status checks of an instance pass again.
    StatusCheckPasses(InstanceId),
    /// AWS gives notice to a Spot instance (SPT-002); `after` milliseconds later it is gone.
    SpotNotice {
        /// Which.
        instance: InstanceId,
        /// In milliseconds.
        after: u32,
    },
    /// The notice of a Spot instance has run out.
    SpotReclaim(InstanceId),
    /// A Spot instance with a notice is set to DRAINING (SPT-004, SPT-005).
    SpotDrain(InstanceId),
    /// A rebalance recommendation (SPT-003).
    Recommend(InstanceId),
    /// A pool loses instances, goes down or comes up (SPT-017, SPT-018).
    SpotPool(PoolId),
    /// The next row of a pool's recorded availability.
    SpotTrace(PoolId),
    /// The daily step of a pool's price (SPT-013).
    SpotPrice(PoolId),
    /// A shortage of pools that a call of the timeline brought is over.
    ShortageEnds(CallId),
    /// A zone works again.
    ZoneRecovers(ZoneId),
    /// A custom metric has its next value.
    MetricValue(u32),
    /// A period of a custom metric that somebody watches ends.
    MetricPeriodEnds(SeriesId),
    /// A datapoint of a custom metric becomes visible (CW-050).
    MetricPublished(SeriesId),
    /// A task has waited in PROVISIONING as long as it will (CAS-010).
    ProvisioningTimeout(TaskId),
    /// Fargate Spot takes a task back (SPT-011).
    FargateSpotReclaim(TaskId),
    /// Fargate retires the platform under a task (FGT-006).
    FargateRetires(TaskId),
    /// A planned instance joins.
    InstanceJoins(InstanceId),
    /// A registering instance becomes ACTIVE, or fails to.
    InstanceRegisters(InstanceId),
    /// The trunk interface is gone.
    InstanceDeregistered(InstanceId),
    /// ECS notices that a stopped instance's agent is gone.
    AgentLost(InstanceId),
    /// A disconnected agent comes back.
    AgentReconnects(InstanceId),
    /// A task that waited for it may be launched (QTA-018).
    Launched(TaskId),
    /// The network interface of a task is attached.
    EniAttached(TaskId),
    /// The network interface of a task is gone.
    EniDetached(TaskId),
    /// The host has too little of something for the task at the head of its queue: the task fails there.
    HostLacks {
        /// Which.
        task: TaskId,
        /// Of what.
        error: StartError,
    },
    /// The images of a task are there.
    ImagesPulled(TaskId),
    /// The agent gives up pulling an image or starting a container (TSK-051, TSK-053).
    StartFails {
        /// Of which task.
        task: TaskId,
        /// With which error.
        error: StartError,
    },
    /// The containers of a task have started.
    ContainersStarted(TaskId),
    /// A container exits.
    ContainerExits {
        /// Of which task.
        task: TaskId,
        /// Which.
        container: u8,
        /// Which of its runs: how often it had been started again when this was planned (TSK-031).
        run: u16,
        /// How it came to that.
        cause: ExitCause,
        /// With which code.
        exit_code: i32,
    },
    /// The image of one container of a task is there, where containers wait for one another (TSK-022).
    ContainerPulled {
        /// Of which task.
        task: TaskId,
        /// Which.
        container: u8,
    },
    /// One container of such a task starts.
    ContainerStarts {
        /// Of which task.
        task: TaskId,
        /// Which.
        container: u8,
    },
    /// The `startTimeout` of a container is over (TSK-023).
    StartTimeout {
        /// Of which task.
        task: TaskId,
        /// Which.
        container: u8,
    },
    /// The health check of a container says something new (TSK-041).
    HealthChanges {
        /// Of which task.
        task: TaskId,
        /// Which.
        container: u8,
        /// In which of its runs.
        run: u16,
    },
    /// A task has been registered wherever it has to be before it is RUNNING (TSK-004).
    Activated(TaskId),
    /// The registration of a task with a target group is complete (LB-010).
    TargetRegisters {
        /// Which task.
        task: TaskId,
        /// Where.
        group: TargetGroupId,
    },
    /// The probes of a target say something new (LB-014).
    TargetChanges {
        /// Which task.
        task: TaskId,
        /// Where.
        group: TargetGroupId,
        /// Which of its plans: it was made anew where a container ended or started again.
        plan: u16,
    },
    /// A task fails no more requests than others, if the time of its `setErrorRate` is over.
    ErrorRateEnds(TaskId),
    /// The deregistration delay of a target is over (LB-021).
    TargetDrained {
        /// Which task.
        task: TaskId,
        /// Where.
        group: TargetGroupId,
    },
    /// ECS has seen that no load balancer drains a task any more: it gets the stop signal (LB-021).
    Deactivated(TaskId),
    /// The grace period of a task is over (SVC-014).
    GraceEnds(TaskId),
    /// What services have to say of their targets, gathered over an instant (SVC-051).
    TargetsTold,
    /// Requests to services, or what becomes of them, change; or a period of a watched metric ends.
    DemandMoves,
    /// Datapoints become visible (CW-050).
    DatapointsAppear,
    /// A metrics period ends.
    PeriodEnded,
}

/// Why a container exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCause {
    /// By itself: its work is done, or it crashed.
    Itself,
    /// It crossed its memory limit (TSK-026).
    OutOfMemory,
    /// It was told to stop.
    Stopped,
    /// It was told to stop, and the agent gives up waiting for it (TSK-053).
    StopFails(StopError),
}

/// The order inside an instant: a controller sees the whole instant, metrics see what controllers did.
///
/// World before publication before control before measurement; then the order in which things were scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// What happens by itself.
    World,
    /// What AWS publishes of it.
    Publish,
    /// What controllers do about it.
    Control,
    /// What is measured.
    Measure,
}

impl From<Order> for Phase {
    fn from(order: Order) -> Self {
        Self::new(order as u8)
    }
}

const _: () = assert!(core::mem::size_of::<Event>() <= 16, "an event must stay small: millions of them wait in a heap");
