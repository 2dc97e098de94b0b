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

/// `healthStatus` of a container, or of a task (TSK-041, TSK-043).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthStatus {
    /// There is no check, or it has not said anything yet.
    #[default]
    Unknown,
    /// The check passes.
    Healthy,
    /// The check failed so often in a row that it counts.
    Unhealthy,
}

impl HealthStatus {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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

/// `LifecycleState` of an instance in its Auto Scaling group (ASG-002). `Unmanaged` stands for an instance of no group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceLifecycle {
    /// Belongs to no group: planned by the scenario, or ECS's own (Managed Instances).
    #[default]
    Unmanaged,
    /// Launching into the warm pool (ASG-041).
    WarmedPending,
    /// The same, while a launch hook runs.
    WarmedPendingWait,
    /// In the warm pool, stopped.
    WarmedStopped,
    /// In the warm pool, running.
    WarmedRunning,
    /// In the warm pool, hibernated.
    WarmedHibernated,
    /// Launching, or started from the warm pool.
    Pending,
    /// The same, while a launch hook runs (ASG-040).
    PendingWait,
    /// Its launch hooks have ended.
    PendingProceed,
    /// Part of the group's capacity and ready.
    InService,
    /// Taken out by hand; kept.
    Standby,
    /// Chosen to go.
    Terminating,
    /// The same, while a termination hook runs: also managed draining (DRN-020).
    TerminatingWait,
    /// Its termination hooks have ended.
    TerminatingProceed,
    /// Gone from the group.
    Terminated,
    /// Taken out of the group by hand; it runs on.
    Detached,
}

impl InstanceLifecycle {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unmanaged => "",
            Self::WarmedPending => "Warmed:Pending",
            Self::WarmedPendingWait => "Warmed:Pending:Wait",
            Self::WarmedStopped => "Warmed:Stopped",
            Self::WarmedRunning => "Warmed:Running",
            Self::WarmedHibernated => "Warmed:Hibernated",
            Self::Pending => "Pending",
            Self::PendingWait => "Pending:Wait",
            Self::PendingProceed => "Pending:Proceed",
            Self::InService => "InService",
            Self::Standby => "Standby",
            Self::Terminating => "Terminating",
            Self::TerminatingWait => "Terminating:Wait",
            Self::TerminatingProceed => "Terminating:Proceed",
            Self::Terminated => "Terminated",
            Self::Detached => "Detached",
        }
    }

    /// Counts towards the desired capacity: launching or in service, not warm, standing by or leaving. It is also what the
    /// cluster auto scaling metric counts as running (CAS-004).
    #[must_use]
    pub const fn is_capacity(self) -> bool {
        matches!(self, Self::Pending | Self::PendingWait | Self::PendingProceed | Self::InService)
    }

    /// Launching into service.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Pending | Self::PendingWait | Self::PendingProceed)
    }

    /// In the warm pool, or on the way there (ASG-041).
    #[must_use]
    pub const fn is_warm(self) -> bool {
        matches!(
            self,
            Self::WarmedPending
                | Self::WarmedPendingWait
                | Self::WarmedStopped
                | Self::WarmedRunning
                | Self::WarmedHibernated
        )
    }

    /// On the way out.
    #[must_use]
    pub const fn is_terminating(self) -> bool {
        matches!(self, Self::Terminating | Self::TerminatingWait | Self::TerminatingProceed)
    }

    /// Still one of the group's instances.
    #[must_use]
    pub const fn is_member(self) -> bool {
        !matches!(self, Self::Unmanaged | Self::Terminated | Self::Detached)
    }

    /// The moves of ASG-002, with warm pools (ASG-041) and standby.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Unmanaged => matches!(next, Self::Pending | Self::WarmedPending | Self::InService),
            Self::WarmedPending => {
                matches!(
                    next,
                    Self::WarmedPendingWait
                        | Self::WarmedStopped
                        | Self::WarmedRunning
                        | Self::WarmedHibernated
                        | Self::Terminating
                        | Self::Terminated
                )
            }
            Self::WarmedPendingWait => {
                matches!(
                    next,
                    Self::WarmedStopped
                        | Self::WarmedRunning
                        | Self::WarmedHibernated
                        | Self::Terminating
                        | Self::Terminated
                )
            }
            Self::WarmedStopped | Self::WarmedRunning | Self::WarmedHibernated => {
                matches!(next, Self::Pending | Self::Terminating | Self::Terminated)
            }
            Self::Pending => {
                matches!(next, Self::PendingWait | Self::InService | Self::Terminating | Self::Terminated)
            }
            Self::PendingWait => matches!(next, Self::PendingProceed | Self::Terminating | Self::Terminated),
            Self::PendingProceed => matches!(next, Self::InService | Self::Terminating | Self::Terminated),
            Self::InService => {
                matches!(
                    next,
                    Self::Standby
                        | Self::Detached
                        | Self::Terminating
                        | Self::Terminated
                        | Self::WarmedStopped
                        | Self::WarmedRunning
                        | Self::WarmedHibernated
                )
            }
            Self::Standby => matches!(next, Self::Pending | Self::Detached | Self::Terminating | Self::Terminated),
            Self::Terminating => matches!(next, Self::TerminatingWait | Self::TerminatingProceed | Self::Terminated),
            Self::TerminatingWait => matches!(next, Self::TerminatingProceed | Self::Terminated),
            Self::TerminatingProceed => matches!(next, Self::Terminated),
            Self::Terminated | Self::Detached => false,
        }
    }
}

impl fmt::Display for InstanceLifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How an EC2 instance is bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Market {
    /// On demand.
    #[default]
    OnDemand,
    /// Spot: AWS may take it back (SPT-002).
    Spot,
}

impl Market {
    /// As EC2's `InstanceLifecycle` and the price lists spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
        }
    }
}

/// Status of a capacity provider (CP-001). `Absent` stands for "not created yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderStatus {
    /// The timeline will create it.
    #[default]
    Absent,
    /// Associated with the cluster, usable in strategies.
    Active,
    /// Exists, but is not associated with the cluster (CP-004).
    Disassociated,
    /// Deleted (CP-006).
    Inactive,
}

impl ProviderStatus {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "ABSENT",
            Self::Active | Self::Disassociated => "ACTIVE",
            Self::Inactive => "INACTIVE",
        }
    }

    /// The moves of CP-001, CP-004 and CP-006.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Absent, Self::Active | Self::Disassociated)
                | (Self::Active, Self::Disassociated)
                | (Self::Disassociated, Self::Active | Self::Inactive)
        )
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
