//! Why something was stopped, or not placed, in AWS's own words (FLR-001, FLR-003, TSK-010).

use core::fmt;

use crate::ids::{InstanceId, TargetGroupId, TextId};

/// Why an instance was not chosen for a task: one reason an instance, the first failing check in this order (FLR-003).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejection {
    /// Lacks a required attribute (PLC-006).
    Attribute,
    /// Lies in no zone of the task's subnets (PLC-007).
    Location,
    /// Not enough CPU units.
    Cpu,
    /// Not enough memory.
    Memory,
    /// A host port is taken, or too many are reserved (RES-024).
    Ports,
    /// No free task network interface (RES-040).
    Eni,
    /// Not enough GPUs (RES-030).
    Gpu,
    /// A `memberOf` constraint does not hold.
    MemberOf,
    /// A task of the group is there already (PLC-041).
    DistinctInstance,
    /// The agent is not connected (PLC-004).
    Agent,
}

impl Rejection {
    /// All reasons, in the order of FLR-003.
    pub const ALL: [Self; 10] = [
        Self::Attribute,
        Self::Location,
        Self::Cpu,
        Self::Memory,
        Self::Ports,
        Self::Eni,
        Self::Gpu,
        Self::MemberOf,
        Self::DistinctInstance,
        Self::Agent,
    ];

    /// The `reason` of a failure, exactly as the API gives it (FLR-001).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Attribute => "ATTRIBUTE",
            Self::Location => "LOCATION",
            Self::Cpu => "RESOURCE:CPU",
            Self::Memory => "RESOURCE:MEMORY",
            Self::Ports => "RESOURCE:PORTS",
            Self::Eni => "RESOURCE:ENI",
            Self::Gpu => "RESOURCE:GPU",
            Self::MemberOf => "MemberOf placement constraint unsatisfied.",
            Self::DistinctInstance => "DistinctInstance placement constraint unsatisfied.",
            Self::Agent => "AGENT",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How many instances fell out for each reason when one task could not be placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RejectionCounts([u32; Rejection::ALL.len()]);

impl RejectionCounts {
    /// Counts one instance.
    pub fn add(&mut self, reason: Rejection) {
        self.0[reason as usize] += 1;
    }

    /// How many instances fell out for `reason`.
    #[must_use]
    pub const fn of(&self, reason: Rejection) -> u32 {
        self.0[reason as usize]
    }

    /// The reasons that occurred, with their counts, in the order of FLR-003.
    pub fn iter(&self) -> impl Iterator<Item = (Rejection, u32)> + '_ {
        Rejection::ALL.into_iter().map(|reason| (reason, self.of(reason))).filter(|(_, count)| *count > 0)
    }

    /// All instances that fell out.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// The reason that got furthest in the order of FLR-003 (FLR-005), if any instance was looked at.
    #[must_use]
    pub fn furthest(&self) -> Option<Rejection> {
        Rejection::ALL.into_iter().rev().find(|reason| self.of(*reason) > 0)
    }
}

/// `stopCode` of a task (TSK-010).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopCode {
    /// It never reached RUNNING.
    TaskFailedToStart,
    /// An essential container exited.
    EssentialContainerExited,
    /// A `StopTask` call.
    UserInitiated,
    /// Scale-in, deployment, ill health, draining.
    ServiceSchedulerInitiated,
    /// Its instance was terminated or stopped.
    TerminationNotice,
    /// Fargate Spot took its capacity back (SPT-011).
    SpotInterruption,
}

impl StopCode {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
            Self::TerminationNotice => "TerminationNotice",
            Self::SpotInterruption => "SpotInterruption",
        }
    }
}

/// The errors before RUNNING that the simulator can produce (TSK-053).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartError {
    /// The image could not be pulled.
    CannotPullContainer,
    /// The container could not be created.
    CannotCreateContainer,
    /// The container could not be started.
    CannotStartContainer,
    /// No dynamic host port was left (RES-025).
    NoDynamicPort,
    /// The network interface could not be attached (RES-042).
    EniAttach,
    /// The EBS volume could not be attached (RES-053).
    VolumeAttach,
    /// A resource of the task could not be set up.
    ResourceInitialization,
    /// A container that another one waits for ended otherwise than it should (TSK-021, TSK-023).
    DependencyFailed,
    /// A container that another one waits for took longer than its `startTimeout` (TSK-023).
    DependencyTimedOut,
    /// The image could not be pulled from ECR.
    CannotPullEcrContainer,
    /// The manifest of the image could not be read.
    CannotPullImageManifest,
    /// The container could not be described.
    CannotInspectContainer,
    /// Docker did not start the container in the time that the agent waits for it (TSK-051).
    DockerTimeout,
    /// It ran out of memory at the start.
    OutOfMemory,
    /// As `DockerTimeout` on Windows, where the agent waits longer.
    DockerTimeoutOnWindows,
    /// The image was not pulled in the time that the agent waits for it (TSK-051).
    DockerPullTimeout,
}

impl StartError {
    /// Whether the images were there when it happened.
    #[must_use]
    pub const fn is_after_pull(self) -> bool {
        matches!(
            self,
            Self::CannotCreateContainer
                | Self::CannotStartContainer
                | Self::CannotInspectContainer
                | Self::DockerTimeout
                | Self::DockerTimeoutOnWindows
                | Self::OutOfMemory
        )
    }

    /// Whether it is a pull that fails.
    #[must_use]
    pub const fn is_pull(self) -> bool {
        matches!(self, Self::CannotPullContainer | Self::CannotPullEcrContainer | Self::CannotPullImageManifest)
    }

    /// The error text as `stoppedReason` shows it (TSK-053).
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::CannotPullContainer => "CannotPullContainerError: the image could not be pulled",
            Self::CannotCreateContainer => "CannotCreateContainerError: the container could not be created",
            Self::CannotStartContainer => "CannotStartContainerError: the container could not be started",
            Self::NoDynamicPort => "CannotStartContainerError: all dynamic host ports are in use",
            Self::EniAttach => "ResourceInitializationError: the elastic network interface could not be attached",
            Self::VolumeAttach => {
                "ResourceInitializationError: the EBS volume could not be attached, no free attachment slot"
            }
            Self::ResourceInitialization => "ResourceInitializationError: a resource of the task could not be set up",
            Self::DependencyFailed => "Task failed to start: a container that another one depends on ended otherwise",
            Self::DependencyTimedOut => {
                "Task failed to start: a container that another one depends on exceeded its startTimeout"
            }
            Self::CannotPullEcrContainer => "CannotPullECRContainerError: the image could not be pulled from ECR",
            Self::CannotPullImageManifest => "CannotPullImageManifestError: the image's manifest could not be read",
            Self::CannotInspectContainer => "CannotInspectContainerError: the container could not be described",
            Self::DockerTimeout => "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
            Self::DockerTimeoutOnWindows => {
                "DockerTimeoutError: Could not transition to started; timed out after waiting 8m0s"
            }
            Self::DockerPullTimeout => {
                "DockerTimeoutError: Could not transition to pulled; timed out after waiting 2h0m0s"
            }
            Self::OutOfMemory => "OutOfMemoryError: Container killed due to memory usage",
        }
    }
}

/// The errors with which a container is not stopped (TSK-053).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopError {
    /// Docker said that it could not stop it.
    CannotStopContainer,
    /// Docker did not answer in time.
    DockerTimeout,
}

impl StopError {
    /// The error text as the container's `reason` shows it; how long the agent waits depends on `stopTimeout` (TSK-051).
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::CannotStopContainer => "CannotStopContainerError: the container could not be stopped",
            Self::DockerTimeout => "DockerTimeoutError: Could not transition to stopped; timed out",
        }
    }
}

/// What kept a task in PROVISIONING until it gave up (FLR-002).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unprovisioned {
    /// The reason of the instance that got furthest.
    Rejected(Rejection),
    /// The provider has no active instance.
    NoActiveInstances,
    /// No instance is registered in the cluster.
    EmptyCapacityProvider,
}

impl Unprovisioned {
    /// The reason as `stoppedReason` gives it after `TaskFailedToStart: `.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Rejected(Rejection::MemberOf) => "MemberOf placement constraint unsatisfied",
            Self::Rejected(reason) => reason.code(),
            Self::NoActiveInstances => "NO ACTIVE INSTANCES",
            Self::EmptyCapacityProvider => "EMPTY CAPACITY PROVIDER",
        }
    }
}

/// Why a task was asked to stop, or stopped by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// An error before RUNNING.
    FailedToStart(StartError),
    /// `Essential container in task exited`.
    EssentialContainerExited,
    /// `StopTask`, with the caller's reason.
    UserInitiated(Option<TextId>),
    /// The service has more tasks than it wants.
    ScaleIn,
    /// A deployment replaces it (DEP-012).
    Deployment,
    /// The instance drains (INS-004).
    Draining,
    /// A better zone got a task of its own (AZR-007).
    Rebalancing,
    /// The instance of a daemon task no longer qualifies (PLC-053).
    DaemonConstraint,
    /// The service is being deleted (SVC-005).
    ServiceDeleted,
    /// The instance was terminated under the task.
    HostTerminated(InstanceId),
    /// The instance was stopped under the task (INS-005).
    HostStopped(InstanceId),
    /// The instance was deregistered under the task (INS-008): ECS no longer counts it.
    HostDeregistered(InstanceId),
    /// It waited in PROVISIONING for capacity until it gave up (CAS-010, FLR-002).
    NoCapacity(Unprovisioned),
    /// Fargate Spot took its capacity back (SPT-011).
    SpotInterruption,
    /// Fargate retires the platform under it (FGT-006).
    FargateRetirement,
    /// The Availability Zone of a Fargate task failed.
    ZoneOutage,
    /// Its container health checks fail, and its service replaces it (SVC-020).
    Unhealthy,
    /// A load balancer finds its target unhealthy, and its service replaces it (SVC-020).
    UnhealthyTarget(TargetGroupId),
}

impl StopReason {
    /// The `stopCode` that goes with it (TSK-010).
    #[must_use]
    pub const fn code(self) -> StopCode {
        match self {
            Self::FailedToStart(_) => StopCode::TaskFailedToStart,
            Self::EssentialContainerExited => StopCode::EssentialContainerExited,
            Self::UserInitiated(_) => StopCode::UserInitiated,
            Self::ScaleIn
            | Self::Deployment
            | Self::Draining
            | Self::Rebalancing
            | Self::DaemonConstraint
            | Self::ServiceDeleted
            | Self::Unhealthy
            | Self::UnhealthyTarget(_) => StopCode::ServiceSchedulerInitiated,
            Self::HostTerminated(_)
            | Self::HostStopped(_)
            | Self::HostDeregistered(_)
            | Self::FargateRetirement
            | Self::ZoneOutage => StopCode::TerminationNotice,
            Self::NoCapacity(_) => StopCode::TaskFailedToStart,
            Self::SpotInterruption => StopCode::SpotInterruption,
        }
    }

    /// Whether the service scheduler itself asked for the stop (FLR-032: such a stop resets the wait).
    #[must_use]
    pub const fn by_service(self) -> bool {
        matches!(self.code(), StopCode::ServiceSchedulerInitiated)
    }

    /// Whether the scheduler says so in the message `has stopped N running tasks` (SVC-051); a rebalancing and a daemon's
    /// violated constraint have messages of their own.
    #[must_use]
    pub const fn is_announced(self) -> bool {
        matches!(
            self,
            Self::ScaleIn
                | Self::Deployment
                | Self::Draining
                | Self::FargateRetirement
                | Self::Unhealthy
                | Self::UnhealthyTarget(_)
        )
    }

    /// Whether the work of the task was lost with its host.
    #[must_use]
    pub const fn lost_with_host(self) -> bool {
        matches!(self, Self::HostTerminated(_) | Self::HostStopped(_) | Self::HostDeregistered(_) | Self::ZoneOutage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flr_001_the_codes_are_exact() {
        let codes: Vec<&str> = Rejection::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(
            codes,
            [
                "ATTRIBUTE",
                "LOCATION",
                "RESOURCE:CPU",
                "RESOURCE:MEMORY",
                "RESOURCE:PORTS",
                "RESOURCE:ENI",
                "RESOURCE:GPU",
                "MemberOf placement constraint unsatisfied.",
                "DistinctInstance placement constraint unsatisfied.",
                "AGENT",
            ]
        );
    }

    #[test]
    fn flr_005_furthest_is_the_last_check_that_somebody_failed() {
        let mut counts = RejectionCounts::default();
        assert_eq!(counts.furthest(), None);
        counts.add(Rejection::Cpu);
        counts.add(Rejection::Eni);
        counts.add(Rejection::Cpu);
        assert_eq!(counts.furthest(), Some(Rejection::Eni));
        assert_eq!(counts.iter().collect::<Vec<_>>(), [(Rejection::Cpu, 2), (Rejection::Eni, 1)]);
        assert_eq!(counts.total(), 3);
    }
}
