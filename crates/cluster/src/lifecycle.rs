//! The states of tasks, instances and services, and the moves AWS allows (TSK-001, INS-001, SVC-005).

use core::fmt;

/// `lastStatus` of a task, in the order in which a task passes them (TSK-001).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskStatus {
    /// Work before launch, such as attaching the network interface (TSK-002).
    Provisioning,
    /// Waits for the agent, or for its resources on the host (TSK-002, RES-015).
    Pending,
    /// Work after the launch but before RUNNING (TSK-002).
    Activating,
    /// All containers have started (TSK-006).
    Running,
    /// Work before the stop, such as leaving a target group (TSK-003).
    Deactivating,
    /// Containers got the stop signal (TSK-003).
    Stopping,
    /// Work after the stop, such as detaching the network interface (TSK-003).
    Deprovisioning,
    /// Final.
    Stopped,
}

impl TaskStatus {
    /// All states, in order.
    pub const ALL: [Self; 8] = [
        Self::Provisioning,
        Self::Pending,
        Self::Activating,
        Self::Running,
        Self::Deactivating,
        Self::Stopping,
        Self::Deprovisioning,
        Self::Stopped,
    ];

    /// A task moves only forward; states that have nothing to do are passed over (TSK-001).
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        self < next
    }

    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `desiredStatus` of a task: what ECS wants (TSK-001).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DesiredStatus {
    /// It shall run.
    Running,
    /// It shall stop; never taken back.
    Stopped,
}

impl DesiredStatus {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// State of a container instance (INS-001). `Absent` stands for "not registered yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceStatus {
    /// Planned, or booting: ECS does not know it.
    #[default]
    Absent,
    /// The trunk interface is being made.
    Registering,
    /// Trunk set-up failed.
    RegistrationFailed,
    /// May receive tasks, if its agent is connected (PLC-004).
    Active,
    /// Receives nothing; its service tasks are moved (INS-004).
    Draining,
    /// The trunk interface is being removed.
    Deregistering,
    /// Deregistered or terminated.
    Inactive,
}

impl InstanceStatus {
    /// The moves of INS-001.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use InstanceStatus::{Absent, Active, Deregistering, Draining, Inactive, Registering, RegistrationFailed};
        matches!(
            (self, next),
            (Absent, Registering | Active)
                | (Registering, Active | RegistrationFailed)
                | (RegistrationFailed, Deregistering | Inactive)
                | (Active, Draining | Deregistering | Inactive)
                | (Draining, Active | Deregistering | Inactive)
                | (Deregistering, Inactive)
        )
    }

    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "ABSENT",
            Self::Registering => "REGISTERING",
            Self::RegistrationFailed => "REGISTRATION_FAILED",
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Deregistering => "DEREGISTERING",
            Self::Inactive => "INACTIVE",
        }
    }

    /// Whether the instance counts as registered with the cluster.
    #[must_use]
    pub const fn is_registered(self) -> bool {
        matches!(self, Self::Active | Self::Draining)
    }
}

impl fmt::Display for InstanceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Life cycle of a service (SVC-005). `Absent` stands for "not created yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceStatus {
    /// The timeline will create it.
    #[default]
    Absent,
    /// Holds its desired count.
    Active,
    /// Deleted; tasks are still stopping.
    Draining,
    /// Gone.
    Inactive,
}

impl ServiceStatus {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "ABSENT",
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }

    /// The moves of SVC-005.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Absent, Self::Active) | (Self::Active, Self::Draining) | (Self::Draining, Self::Inactive)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tsk_001_a_task_moves_only_forward() {
        for (at, from) in TaskStatus::ALL.into_iter().enumerate() {
            for (to_at, to) in TaskStatus::ALL.into_iter().enumerate() {
                assert_eq!(from.may_become(to), to_at > at, "{from} -> {to}");
            }
        }
    }

    #[test]
    fn ins_001_the_table_of_moves() {
        use InstanceStatus::*;
        let all = [Absent, Registering, RegistrationFailed, Active, Draining, Deregistering, Inactive];
        let allowed = [
            (Absent, Registering),
            (Absent, Active),
            (Registering, Active),
            (Registering, RegistrationFailed),
            (RegistrationFailed, Deregistering),
            (RegistrationFailed, Inactive),
            (Active, Draining),
            (Active, Deregistering),
            (Active, Inactive),
            (Draining, Active),
            (Draining, Deregistering),
            (Draining, Inactive),
            (Deregistering, Inactive),
        ];
        for from in all {
            for to in all {
                assert_eq!(from.may_become(to), allowed.contains(&(from, to)), "{from} -> {to}");
            }
        }
    }
}
