//! Who asked for a place, who found none, and why (FLR-001).
//!
//! `failures.CODE` counts entries of failure lists: one for every instance that fell out for that reason, in every
//! attempt that found no place (FLR-004), as the API would have returned them.

use ecsim_cluster::fact::StartTaskFailure;
use ecsim_cluster::{Rejection, RejectionCounts, SourceId};
use ecsim_kernel::Table;

use super::{Inputs, Metric, Read, Reading, Unit, Value};

/// Attempts that found no place.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    rejected: [u64; Rejection::ALL.len()],
    /// `MISSING` of `StartTask`.
    pub missing: u64,
    /// `INACTIVE` of `StartTask`.
    pub inactive: u64,
    /// Attempts of services and callers that left a task without a place.
    pub failed_attempts: u64,
    /// Calls rejected as a whole.
    pub refused_calls: u64,
    by_source: Table<SourceId, u64>,
}

impl Counts {
    pub(crate) fn new(sources: usize) -> Self {
        let mut counts = Self::default();
        for _ in 0..sources {
            counts.by_source.push(0);
        }
        counts
    }

    /// How many entries of failure lists gave this reason.
    #[must_use]
    pub const fn rejected(&self, reason: Rejection) -> u64 {
        self.rejected[reason as usize]
    }

    /// Failed attempts of a source.
    #[must_use]
    pub fn of_source(&self, source: SourceId) -> u64 {
        self.by_source[source]
    }

    pub(crate) fn unplaced(&mut self, source: Option<SourceId>, rejections: &RejectionCounts) {
        self.failed_attempts += 1;
        if let Some(source) = source {
            self.by_source[source] += 1;
        }
        for (reason, count) in rejections.iter() {
            self.rejected[reason as usize] += u64::from(count);
        }
    }

    pub(crate) fn refused(&mut self, source: SourceId) {
        self.refused_calls += 1;
        self.by_source[source] += 1;
    }

    pub(crate) fn start_task_failed(&mut self, source: SourceId, failure: StartTaskFailure) {
        self.failed_attempts += 1;
        self.by_source[source] += 1;
        match failure {
            StartTaskFailure::Rejected(reason) => self.rejected[reason as usize] += 1,
            StartTaskFailure::Missing => self.missing += 1,
            StartTaskFailure::Inactive => self.inactive += 1,
        }
    }
}

const fn cluster(name: &'static str, help: &'static str, read: fn(&Reading<'_>) -> Value) -> Metric {
    Metric::new(name, Unit::Count, Inputs::REQUESTS, help, Read::Cluster(read))
}

/// The metrics of this family.
pub const METRICS: &[Metric] = &[
    cluster(
        "tasksRequested",
        "Copies asked for by calls, and tasks that services came to want, since the start.",
        |at| at.tally.requests.requested.into(),
    ),
    cluster("waitingRequests", "Unplaced copies that their callers keep.", |at| at.tally.requests.waiting.into()),
    cluster("droppedRequests", "Unplaced copies that their callers gave up since the start.", |at| {
        at.tally.requests.dropped.into()
    }),
    cluster("tasksUnplaced", "Placement attempts that left a task without a place since the start.", |at| {
        at.tally.placement.failed_attempts.into()
    })
    .aliases(&["placementFailures"]),
    cluster("refusedCalls", "API calls rejected as a whole since the start.", |at| {
        at.tally.placement.refused_calls.into()
    }),
    cluster("failures.ATTRIBUTE", "Instances that lacked a required attribute (PLC-006).", |at| {
        at.tally.placement.rejected(Rejection::Attribute).into()
    }),
    cluster("failures.LOCATION", "Instances in no zone of the task's subnets (PLC-007).", |at| {
        at.tally.placement.rejected(Rejection::Location).into()
    }),
    cluster("failures.RESOURCE:CPU", "Instances with too little CPU left.", |at| {
        at.tally.placement.rejected(Rejection::Cpu).into()
    }),
    cluster("failures.RESOURCE:MEMORY", "Instances with too little memory left.", |at| {
        at.tally.placement.rejected(Rejection::Memory).into()
    }),
    cluster("failures.RESOURCE:PORTS", "Instances with a port taken, or too many reserved (RES-024).", |at| {
        at.tally.placement.rejected(Rejection::Ports).into()
    }),
    cluster("failures.RESOURCE:ENI", "Instances without a free task network interface (RES-040).", |at| {
        at.tally.placement.rejected(Rejection::Eni).into()
    }),
    cluster("failures.RESOURCE:GPU", "Instances with too few GPUs left (RES-030).", |at| {
        at.tally.placement.rejected(Rejection::Gpu).into()
    }),
    cluster("failures.MemberOf", "Instances for which a memberOf constraint does not hold (PLC-040).", |at| {
        at.tally.placement.rejected(Rejection::MemberOf).into()
    }),
    cluster("failures.DistinctInstance", "Instances that hold a task of the group already (PLC-041).", |at| {
        at.tally.placement.rejected(Rejection::DistinctInstance).into()
    }),
    cluster("failures.AGENT", "Instances whose agent is not connected (PLC-004).", |at| {
        at.tally.placement.rejected(Rejection::Agent).into()
    }),
    cluster("failures.MISSING", "StartTask: instances that do not exist (PLC-059).", |at| {
        at.tally.placement.missing.into()
    }),
    cluster("failures.INACTIVE", "StartTask: instances that are not ACTIVE (PLC-059).", |at| {
        at.tally.placement.inactive.into()
    }),
];
