//! What a controller can want. It asks for one command at a time; the engine carries it out or refuses it, and either
//! way answers with facts.

use crate::events::ServiceEvent;
use crate::ids::{InstanceId, ServiceId, TaskId, ZoneId};
use crate::lifecycle::ServiceStatus;
use crate::reasons::StopReason;

/// A wish of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Start one more task of a REPLICA service wherever its placement says (PLC-002).
    StartServiceTask {
        /// Which.
        service: ServiceId,
        /// Only in this zone (AZR-007).
        zone: Option<ZoneId>,
    },
    /// Start the task of a DAEMON service on one instance (PLC-051).
    StartDaemonTask {
        /// Which.
        service: ServiceId,
        /// Where.
        instance: InstanceId,
    },
    /// Stop a task of a service.
    StopTask {
        /// Which.
        task: TaskId,
        /// Why.
        reason: StopReason,
    },
    /// The number of tasks a DAEMON service wants (PLC-051).
    SetDaemonCount {
        /// Which.
        service: ServiceId,
        /// How many instances qualify.
        count: u32,
    },
    /// Write an entry into the service's event list, unless FLR-012 holds it back.
    Announce {
        /// Which.
        service: ServiceId,
        /// What.
        event: ServiceEvent,
    },
    /// A service that is being deleted has no task left (SVC-005).
    SetServiceStatus {
        /// Which.
        service: ServiceId,
        /// The new state.
        to: ServiceStatus,
    },
}
