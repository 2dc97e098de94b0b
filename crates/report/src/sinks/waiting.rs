//! Who waits for a place, since when, and what the last attempt failed on: what `tasks.csv` says beyond a task's own life.

use std::collections::BTreeMap;

use ecsim_cluster::fact::{HeldBack, StartTaskFailure, TaskOrigin};
use ecsim_cluster::lifecycle::{InstanceStatus, ServiceStatus};
use ecsim_cluster::{Cluster, Fact, InstanceId, Rejection, RejectionCounts, ServiceId, SourceId};
use ecsim_kernel::SimTime;

/// Why the last attempt to place something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The reason that got furthest (FLR-005).
    Rejected(Rejection),
    /// `StartTask` on a named instance.
    StartTask(StartTaskFailure),
    /// There was no instance to look at (FLR-010).
    NoInstances,
    /// A quota, or Fargate (CAS-009, FGT-010, FGP-002).
    HeldBack(HeldBack),
}

impl Failure {
    /// AWS's words.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Rejected(reason) => reason.code(),
            Self::StartTask(failure) => failure.code(),
            Self::NoInstances => NO_INSTANCES,
            Self::HeldBack(by) => by.text(),
        }
    }
}

/// AWS's words where there is no instance to name (FLR-010, PLC-058).
pub(super) const NO_INSTANCES: &str = "No Container Instances were found in your cluster.";
/// The same of a capacity provider (FLR-010).
pub(super) const NO_INSTANCES_IN_PROVIDER: &str = "No Container Instances were found in your capacity provider.";

/// A wait for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// Since when.
    pub(super) since: SimTime,
    /// How many attempts failed.
    pub(super) failed: u32,
    /// What the last of them failed on.
    pub(super) failure: Option<Failure>,
}

impl Wait {
    const fn from(since: SimTime) -> Self {
        Self { since, failed: 0, failure: None }
    }

    fn fail(&mut self, failure: Failure) {
        self.failed = self.failed.saturating_add(1);
        self.failure = Some(failure);
    }
}

/// A copy that a service wants and has not got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MissingCopy {
    pub(super) service: ServiceId,
    /// The number its start would have had.
    pub(super) ordinal: u32,
    /// Where a daemon's task was meant to run.
    pub(super) instance: Option<InstanceId>,
    pub(super) wait: Wait,
}

/// Everybody who waits.
#[derive(Default)]
pub(super) struct Waiting {
    /// Copies that were asked for and are not placed.
    copies: BTreeMap<(SourceId, u32), Wait>,
    /// Services that want more than they have; for DAEMON, by instance.
    services: BTreeMap<(ServiceId, Option<InstanceId>), Wait>,
}

impl Waiting {
    /// Takes in a fact that is no task's.
    pub(super) fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        match *fact {
            Fact::TaskRequested { source, ordinal, count } => {
                for copy in ordinal..ordinal.saturating_add(count) {
                    self.copies.entry((source, copy)).or_insert(Wait::from(now));
                }
            }
            Fact::RequestUnplaced { source, ordinal, count, rejections, held_back, .. } => {
                let failure = held_back.map_or_else(|| furthest(&rejections), Failure::HeldBack);
                for copy in ordinal..ordinal.saturating_add(count) {
                    self.copies.entry((source, copy)).or_insert(Wait::from(now)).fail(failure);
                }
            }
            Fact::RequestRefused { source, ordinal, count, by } => {
                for copy in ordinal..ordinal.saturating_add(count) {
                    self.copies.entry((source, copy)).or_insert(Wait::from(now)).fail(Failure::HeldBack(by));
                }
            }
            Fact::ServiceHeldBack { service, by } => {
                self.services.entry((service, None)).or_insert(Wait::from(now)).fail(Failure::HeldBack(by));
            }
            Fact::StartTaskFailed { source, ordinal, failure, .. } => {
                self.copies.entry((source, ordinal)).or_insert(Wait::from(now)).fail(Failure::StartTask(failure));
            }
            // A rebalancing task that finds no room is not missing: the service has all it wants (AZR-008).
            Fact::ServiceUnplaced { service, instance, zone: None, rejections, .. } => {
                self.services.entry((service, instance)).or_insert(Wait::from(now)).fail(furthest(&rejections));
            }
            Fact::DesiredCountChanged { service, .. } => self.settle(service, cluster),
            Fact::ServiceStatusChanged { service, to } if to != ServiceStatus::Active => {
                self.services.retain(|(waiting, _), _| *waiting != service);
            }
            Fact::InstanceStatusChanged { instance, to } if to != InstanceStatus::Active => {
                self.services.retain(|(_, meant), _| *meant != Some(instance));
            }
            _ => {}
        }
    }

    /// A task was created: the wait that ends with it.
    pub(super) fn placed(
        &mut self,
        origin: TaskOrigin,
        instance: Option<InstanceId>,
        cluster: &Cluster,
    ) -> Option<Wait> {
        match origin {
            TaskOrigin::Source { source, ordinal } => self.copies.remove(&(source, ordinal)),
            TaskOrigin::Service { service, .. } => {
                instance.and_then(|at| self.services.remove(&(service, Some(at)))).or_else(|| {
                    let wait = self.services.get(&(service, None)).copied();
                    self.settle(service, cluster);
                    wait
                })
            }
        }
    }

    /// A service that has what it wants waits no longer.
    fn settle(&mut self, service: ServiceId, cluster: &Cluster) {
        if cluster.services().get(service).is_none_or(|row| row.live >= row.desired_count) {
            self.services.remove(&(service, None));
        }
    }

    /// The copies that were asked for and never placed, in the order of source and number.
    pub(super) fn copies(&self) -> impl Iterator<Item = (SourceId, u32, Wait)> {
        self.copies.iter().map(|((source, ordinal), wait)| (*source, *ordinal, *wait))
    }

    /// What services want at the end of a run and could not place.
    pub(super) fn missing(&self, cluster: &Cluster) -> Vec<MissingCopy> {
        let mut missing = Vec::new();
        let mut next: Option<(ServiceId, u32)> = None;
        for (&(service, instance), &wait) in &self.services {
            let Some(row) = cluster.services().get(service).filter(|row| row.status == ServiceStatus::Active) else {
                continue;
            };
            let count = match instance {
                Some(_) => 1,
                None => row.desired_count.saturating_sub(row.live),
            };
            let first = next.filter(|(of, _)| *of == service).map_or(row.started, |(_, ordinal)| ordinal);
            let end = first.saturating_add(count);
            missing.extend((first..end).map(|ordinal| MissingCopy { service, ordinal, instance, wait }));
            next = Some((service, end));
        }
        missing
    }
}

fn furthest(rejections: &RejectionCounts) -> Failure {
    rejections.furthest().map_or(Failure::NoInstances, Failure::Rejected)
}
