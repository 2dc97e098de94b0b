//! What can happen: the closed list of facts a run consists of. Everything else is a fold over them.
//!
//! Facts are small, `Copy`, comparable and hashable, so that two runs can be compared fact by fact and a run has a
//! digest. They say what happened, never why a number was chosen. Only the engine makes them.

use ecsim_kernel::SimTime;

use crate::events::ServiceEvent;
use crate::ids::{
    AttributeId, CallId, GroupId, InstanceId, PlacementId, ServiceId, SourceId, SubnetId, TaskDefinitionId, TaskId,
    ValueId, ZoneId,
};
use crate::lifecycle::{InstanceStatus, ServiceStatus, TaskStatus};
use crate::reasons::{RejectionCounts, StopReason};
use crate::resources::Requirements;

/// Something that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// A container instance entered a state (INS-001). `Absent` to `Registering` or `Active` is its registration.
    InstanceStatusChanged {
        /// Which.
        instance: InstanceId,
        /// The new state.
        to: InstanceStatus,
    },
    /// The agent's connection was lost or came back (INS-005, INS-006).
    AgentConnectionChanged {
        /// Which instance.
        instance: InstanceId,
        /// `agentConnected`.
        connected: bool,
    },
    /// An attribute was set (`PutAttributes`).
    AttributePut {
        /// Which instance.
        instance: InstanceId,
        /// Its name.
        attribute: AttributeId,
        /// Its value; values are optional (CQL-008).
        value: Option<ValueId>,
    },
    /// An attribute was taken away (`DeleteAttributes`).
    AttributeDeleted {
        /// Which instance.
        instance: InstanceId,
        /// Its name.
        attribute: AttributeId,
    },
    /// The EC2 instance under a container instance changed: running or not. Its containers die with it.
    HostPowerChanged {
        /// Which instance.
        instance: InstanceId,
        /// `false`: stopped or terminated.
        running: bool,
    },
    /// Somebody called `RunTask` or `StartTask` for the first time for these copies.
    TaskRequested {
        /// Who.
        source: SourceId,
        /// The first copy; copies are numbered from 0 within their source.
        ordinal: u32,
        /// How many copies.
        count: u32,
    },
    /// A call could not place these copies now (FLR-004): one attempt, `count` copies from `ordinal` on.
    RequestUnplaced {
        /// Who asked.
        source: SourceId,
        /// The first copy.
        ordinal: u32,
        /// How many copies.
        count: u32,
        /// How many instances fell out for which reason.
        rejections: RejectionCounts,
        /// The instance that got furthest (FLR-005).
        closest: Option<InstanceId>,
    },
    /// The caller keeps an unplaced copy and will try again.
    RequestQueued {
        /// Who asked.
        source: SourceId,
        /// Which copy.
        ordinal: u32,
    },
    /// The caller gave up on an unplaced copy.
    RequestDropped {
        /// Who asked.
        source: SourceId,
        /// Which copy.
        ordinal: u32,
    },
    /// `StartTask` failed on one of the instances it named (PLC-059).
    StartTaskFailed {
        /// Who asked.
        source: SourceId,
        /// Which copy.
        ordinal: u32,
        /// The instance.
        instance: InstanceId,
        /// Why.
        failure: StartTaskFailure,
    },
    /// A call of the timeline was rejected as a whole (QTA-030).
    CallRefused {
        /// Which call.
        call: CallId,
        /// Why.
        error: CallError,
    },
    /// A task was assigned to an instance and its resources are reserved (RES-013).
    TaskCreated {
        /// The new id: always the next one.
        task: TaskId,
        /// What it runs.
        definition: TaskDefinitionId,
        /// Its group (PLC-030).
        group: GroupId,
        /// Who wanted it.
        origin: TaskOrigin,
        /// Where.
        instance: InstanceId,
        /// What it reserves.
        requirements: Requirements,
        /// The subnet its network interface lies in (PLC-007).
        subnet: Option<SubnetId>,
    },
    /// `lastStatus` moved on (TSK-001).
    TaskStatusChanged {
        /// Which.
        task: TaskId,
        /// The new state.
        to: TaskStatus,
    },
    /// The agent found the resources free on the host and begins to work on the task (RES-015).
    TaskAdmitted {
        /// Which.
        task: TaskId,
    },
    /// `pullStartedAt`.
    ImagePullStarted {
        /// Which task.
        task: TaskId,
    },
    /// `pullStoppedAt`; the images are on the instance now.
    ImagePullStopped {
        /// Which task.
        task: TaskId,
    },
    /// A container exited.
    ContainerExited {
        /// Which task.
        task: TaskId,
        /// Its index in the task definition.
        container: u8,
        /// The exit code.
        exit_code: i32,
        /// Whether it was killed for crossing its hard memory limit (TSK-026).
        out_of_memory: bool,
    },
    /// The task's desired status became STOPPED (`stoppingAt`).
    TaskStopRequested {
        /// Which.
        task: TaskId,
        /// Why.
        reason: StopReason,
    },
    /// The last container exited (`executionStoppedAt`): the host's resources are free.
    TaskExecutionStopped {
        /// Which task.
        task: TaskId,
    },
    /// Scale-in protection was set until an instant, or lifted (PLC-075).
    TaskProtectionChanged {
        /// Which task.
        task: TaskId,
        /// Until when.
        until: Option<SimTime>,
    },
    /// A service was created, deleted, or is gone (SVC-005).
    ServiceStatusChanged {
        /// Which.
        service: ServiceId,
        /// The new state.
        to: ServiceStatus,
    },
    /// `UpdateService` was called: waits after failed placements end (FLR-032).
    ServiceUpdated {
        /// Which.
        service: ServiceId,
    },
    /// The desired count changed. For DAEMON it is what the scheduler counted (PLC-051).
    DesiredCountChanged {
        /// Which service.
        service: ServiceId,
        /// The new count.
        to: u32,
    },
    /// Strategies or constraints were replaced (PLC-060).
    ServicePlacementChanged {
        /// Which service.
        service: ServiceId,
        /// The new set.
        placement: PlacementId,
    },
    /// `deploymentConfiguration` changed.
    HealthyPercentChanged {
        /// Which service.
        service: ServiceId,
        /// `minimumHealthyPercent`.
        minimum: u32,
        /// `maximumPercent`.
        maximum: u32,
    },
    /// `availabilityZoneRebalancing` changed (AZR-001).
    RebalancingChanged {
        /// Which service.
        service: ServiceId,
        /// ENABLED or not.
        enabled: bool,
    },
    /// The service found no instance for a task: one attempt.
    ServiceUnplaced {
        /// Which service.
        service: ServiceId,
        /// The instance of a daemon task (PLC-053).
        instance: Option<InstanceId>,
        /// The zone a rebalancing task was meant for (AZR-008).
        zone: Option<ZoneId>,
        /// How many instances fell out for which reason.
        rejections: RejectionCounts,
        /// The instance that got furthest (FLR-005).
        closest: Option<InstanceId>,
    },
    /// An entry of the service's event list (FLR-010 to FLR-021).
    ServiceEvent {
        /// Which service.
        service: ServiceId,
        /// What it says.
        event: ServiceEvent,
    },
}

/// Who wanted a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskOrigin {
    /// A service: its `ordinal`-th start.
    Service {
        /// Which.
        service: ServiceId,
        /// From 0.
        ordinal: u32,
    },
    /// A workload entry or a call: its `ordinal`-th copy.
    Source {
        /// Which.
        source: SourceId,
        /// From 0.
        ordinal: u32,
    },
}

impl TaskOrigin {
    /// The service, if one wanted the task.
    #[must_use]
    pub const fn service(self) -> Option<ServiceId> {
        match self {
            Self::Service { service, .. } => Some(service),
            Self::Source { .. } => None,
        }
    }
}

/// Why `StartTask` failed on one instance (FLR-001, PLC-059).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartTaskFailure {
    /// A reason a placement could have too.
    Rejected(crate::reasons::Rejection),
    /// The id is unknown.
    Missing,
    /// The instance is not ACTIVE.
    Inactive,
}

impl StartTaskFailure {
    /// The `reason` as the API gives it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Rejected(reason) => reason.code(),
            Self::Missing => "MISSING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// Why a whole API call was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallError {
    /// `RunTask` without any registered instance (PLC-058).
    NoContainerInstances,
    /// The instance is in a state the call does not allow (INS-003).
    InstanceState {
        /// Which instance.
        instance: InstanceId,
        /// Its state.
        status: InstanceStatus,
    },
    /// More instances than one call may name (INS-003, QTA-009).
    TooManyInstances {
        /// How many were named.
        named: u32,
        /// The quota.
        limit: u32,
    },
    /// No instance matched what the call names.
    NoSuchInstance,
    /// No task matched what the call names.
    NoSuchTask,
    /// The instance still runs tasks and `force` was not given (INS-008).
    TasksStillRunning {
        /// Which instance.
        instance: InstanceId,
    },
    /// The service does not exist or is not ACTIVE.
    ServiceNotActive {
        /// Which service.
        service: ServiceId,
    },
    /// `DeleteService` needs a desired count of 0 or `force` (SVC-005).
    ServiceNotScaledDown {
        /// Which service.
        service: ServiceId,
    },
    /// More custom attributes than a resource may have (CQL-017, QTA-021).
    AttributeLimitExceeded {
        /// Which instance.
        instance: InstanceId,
    },
    /// More tasks than a service may want (QTA-004).
    TooManyTasks {
        /// The quota.
        limit: u32,
    },
    /// More instances than a cluster may have (QTA-002).
    TooManyContainerInstances {
        /// The quota.
        limit: u32,
    },
    /// An UpdateService call would leave rebalancing ENABLED where it is not possible (AZR-003).
    RebalancingNotPossible {
        /// Which service.
        service: ServiceId,
    },
}

impl CallError {
    /// AWS's exception name.
    #[must_use]
    pub const fn exception(self) -> &'static str {
        match self {
            Self::ServiceNotActive { .. } => "ServiceNotActiveException",
            Self::AttributeLimitExceeded { .. } => "AttributeLimitExceededException",
            Self::TooManyContainerInstances { .. } => "LimitExceededException",
            Self::NoContainerInstances
            | Self::InstanceState { .. }
            | Self::TooManyInstances { .. }
            | Self::NoSuchInstance
            | Self::NoSuchTask
            | Self::TasksStillRunning { .. }
            | Self::ServiceNotScaledDown { .. }
            | Self::TooManyTasks { .. }
            | Self::RebalancingNotPossible { .. } => "InvalidParameterException",
        }
    }
}
