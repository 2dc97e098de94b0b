//! Everything that can be due: a closed list, so that one sees all of it and the compiler finds every place.

use ecsim_cluster::reasons::StartError;
use ecsim_cluster::{CallId, InstanceId, ServiceId, SourceId, TaskId};
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
    /// Room appeared: those who wait in line are served.
    ServeQueues,
    /// An entry of the timeline.
    Call(CallId),
    /// A service that exists from the start is there.
    ServiceExists(ServiceId),
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
    /// The containers of a task have started.
    ContainersStarted(TaskId),
    /// A container exits.
    ContainerExits {
        /// Of which task.
        task: TaskId,
        /// Which.
        container: u8,
        /// How it came to that.
        cause: ExitCause,
        /// With which code.
        exit_code: i32,
    },
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
