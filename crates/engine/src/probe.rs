//! Asks for the placement funnel of one decision while a run goes by: what `ecsim explain` is made of.

use ecsim_cluster::{InstanceId, ServiceId, SourceId, TaskId};
use ecsim_kernel::SimTime;
use ecsim_policies::placement::Funnel;

/// Which decision is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Every attempt to place this task: the one that created it, and those while it waited in PROVISIONING.
    Task(TaskId),
    /// Every attempt for one copy of a workload entry or call.
    Copy {
        /// Who asked.
        source: SourceId,
        /// Which copy.
        ordinal: u32,
    },
    /// Every attempt of a service from an instant on, at most `limit`.
    Service {
        /// Which.
        service: ServiceId,
        /// From when.
        from: SimTime,
        /// How many attempts are kept.
        limit: u32,
    },
}

/// A decision, explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// When it was taken.
    pub at: SimTime,
    /// What it was about.
    pub subject: Subject,
    /// Who fell out where, and how the rest was ranked.
    pub funnel: Funnel,
    /// Who got the task; `None`: nobody.
    pub chosen: Option<InstanceId>,
}

/// What a decision was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A start of a service: the `ordinal`-th.
    Service {
        /// Which.
        service: ServiceId,
        /// From 0.
        ordinal: u32,
    },
    /// A copy of a workload entry or call.
    Copy {
        /// Who asked.
        source: SourceId,
        /// From 0.
        ordinal: u32,
    },
}

impl Probe {
    /// Whether this decision is wanted. `of` is the id that the task has or would get.
    #[must_use]
    pub fn wants(self, now: SimTime, subject: Subject, of: TaskId) -> bool {
        match (self, subject) {
            (Self::Task(task), _) => task == of,
            (Self::Copy { source, ordinal }, Subject::Copy { source: of, ordinal: at }) => {
                (source, ordinal) == (of, at)
            }
            (Self::Service { service, from, limit }, Subject::Service { service: of, .. }) => {
                service == of && now >= from && limit > 0
            }
            _ => false,
        }
    }
}
