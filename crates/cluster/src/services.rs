//! The table of services: what each wants and which tasks it has.

use ecsim_kernel::{SimTime, Span};

use crate::definitions::{LaunchType, ServiceDefinition};
use crate::deployments::{Deployment, RolloutState};
use crate::events::LastEvents;
use crate::ids::{GroupId, PlacementId, ProviderId, ServiceId, StrategyId, TaskDefinitionId, TaskId};
use crate::lifecycle::ServiceStatus;

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// Its state (SVC-005).
    pub status: ServiceStatus,
    /// `desiredCount`; for DAEMON what the scheduler counted (PLC-051).
    pub desired_count: u32,
    /// `minimumHealthyPercent`.
    pub minimum_healthy_percent: u32,
    /// `maximumPercent`.
    pub maximum_percent: u32,
    /// Strategies and constraints in force (PLC-060).
    pub placement: PlacementId,
    /// `availabilityZoneRebalancing`.
    pub availability_zone_rebalancing: bool,
    /// `healthCheckGracePeriodSeconds` (SVC-014).
    pub health_check_grace: Span,
    /// What the tasks of its PRIMARY deployment run.
    pub task_definition: TaskDefinitionId,
    /// Its deployments that are not INACTIVE, the oldest first; the last one is PRIMARY (DEP-001). Empty before it exists.
    pub deployments: Vec<Deployment>,
    /// How many deployments it ever had: the number of the next one.
    pub deployments_started: u32,
    /// How many of its deployments failed or were stopped.
    pub deployments_failed: u32,
    /// The latest COMPLETED deployment and its revision, until it is used: what a failed one is rolled back to (DEP-035).
    pub completed: Option<(u32, u32)>,
    /// Which of its deployment policies is in force: an index into [`crate::Definitions::deployment_policies`].
    pub policy: u32,
    /// `service:NAME`.
    pub group: GroupId,
    /// The capacity provider strategy in force (CP-018).
    pub strategy: Option<StrategyId>,
    /// The launch type in force, where there is no strategy.
    pub launch_type: LaunchType,
    /// Live tasks by capacity provider, ascending; never zero (CP-013, CP-014).
    pub by_provider: Vec<(ProviderId, u32)>,
    /// How often it was held back from creating a task (CAS-009, FGT-010).
    pub held_back: u64,
    /// Tasks that have not reached STOPPED, ascending by id.
    pub tasks: Vec<TaskId>,
    /// Live tasks: desired status RUNNING.
    pub live: u32,
    /// Live tasks that are RUNNING: `runningCount` (TSK-007).
    pub running: u32,
    /// How many tasks it ever started: the ordinal of the next one.
    pub started: u32,
    /// How many placement attempts failed since it was created.
    pub placement_failures: u64,
    /// How many tasks the scheduler itself stopped (FLR-032).
    pub scheduler_stops: u64,
    /// How many of its tasks ran and then stopped by themselves (SVC-033).
    pub crashes: u64,
    /// When a task of it reached STOPPED last.
    pub last_stopped: Option<SimTime>,
    /// How often it was updated (FLR-032).
    pub updates: u64,
    /// Messages held back from repetition (FLR-012).
    pub last_events: LastEvents,
    /// When it was created.
    pub created_at: SimTime,
}

impl Service {
    /// A service of the scenario before it is created.
    #[must_use]
    pub fn planned(id: ServiceId, definition: &ServiceDefinition) -> Self {
        Self {
            id,
            status: ServiceStatus::Absent,
            desired_count: definition.desired_count,
            minimum_healthy_percent: definition.minimum_healthy_percent,
            maximum_percent: definition.maximum_percent,
            placement: definition.placement,
            availability_zone_rebalancing: definition.availability_zone_rebalancing,
            health_check_grace: definition.health_check_grace,
            task_definition: definition.task_definition(),
            deployments: Vec::new(),
            deployments_started: 0,
            deployments_failed: 0,
            completed: None,
            policy: 0,
            group: definition.group,
            strategy: definition.strategy,
            launch_type: definition.launch_type,
            by_provider: Vec::new(),
            held_back: 0,
            tasks: Vec::new(),
            live: 0,
            running: 0,
            started: 0,
            placement_failures: 0,
            scheduler_stops: 0,
            crashes: 0,
            last_stopped: None,
            updates: 0,
            last_events: LastEvents::default(),
            created_at: SimTime::ZERO,
        }
    }

    /// Live tasks of one capacity provider, all revisions (CP-013).
    #[must_use]
    pub fn live_on(&self, provider: ProviderId) -> u32 {
        self.by_provider.binary_search_by_key(&provider, |(id, _)| *id).map_or(0, |at| self.by_provider[at].1)
    }

    pub(crate) fn deployment_at(&self, number: u32) -> Option<usize> {
        self.deployments.binary_search_by_key(&number, |deployment| deployment.number).ok()
    }

    /// Counts a task of a deployment, while there is one.
    pub(crate) fn count_deployment(&mut self, number: u32, count: impl FnOnce(&mut Deployment)) {
        if let Some(at) = self.deployment_at(number) {
            count(&mut self.deployments[at]);
        }
    }

    pub(crate) fn count_provider(&mut self, provider: ProviderId, up: bool) {
        count_sorted(&mut self.by_provider, provider, up);
    }

    /// The PRIMARY deployment; `None` before the service exists.
    #[must_use]
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.last()
    }

    /// A deployment that is not INACTIVE, by its number.
    #[must_use]
    pub fn deployment(&self, number: u32) -> Option<&Deployment> {
        Some(&self.deployments[self.deployment_at(number)?])
    }

    /// Whether a deployment is in progress: then auto scaling does not scale in (SAS-040), and zones are not balanced.
    #[must_use]
    pub fn is_deploying(&self) -> bool {
        // DEP-082: task sets hold nobody up.
        !self.has_task_sets() && self.deployments.len() > 1
            || !self.has_task_sets()
                && self.primary().is_some_and(|primary| primary.rollout == RolloutState::InProgress)
    }

    /// Whether somebody else replaces its tasks, by task sets (DEP-080).
    #[must_use]
    pub fn has_task_sets(&self) -> bool {
        self.deployments.iter().any(|deployment| deployment.scale.is_some())
    }

    /// How many live tasks it wants in all: its desired count, or those of its task sets, which may be more (DEP-080).
    #[must_use]
    pub fn wanted(&self) -> u32 {
        if !self.has_task_sets() {
            return self.desired_count;
        }
        let of_set = |it: &Deployment| it.computed_desired_count(self.desired_count).unwrap_or(0);
        self.deployments.iter().map(of_set).sum()
    }

    /// Live tasks that are not RUNNING yet: `pendingCount`.
    #[must_use]
    pub const fn pending(&self) -> u32 {
        self.live - self.running
    }

    /// `ceil(desired * minimumHealthyPercent / 100)` (SVC-003), in whole numbers.
    #[must_use]
    pub const fn healthy_floor(&self) -> u32 {
        self.healthy_floor_of(self.desired_count)
    }

    /// The floor of another count: a DAEMON service's, before it is the desired one.
    #[must_use]
    pub const fn healthy_floor_of(&self, count: u32) -> u32 {
        let product = count as u64 * self.minimum_healthy_percent as u64;
        product.div_ceil(100) as u32
    }

    /// `floor(desired * maximumPercent / 100)` (SVC-003), in whole numbers.
    #[must_use]
    pub const fn live_ceiling(&self) -> u32 {
        let product = self.desired_count as u64 * self.maximum_percent as u64;
        (product / 100) as u32
    }
}

/// One more or one less of a kind, in an ascending list of counts that are never zero.
pub(crate) fn count_sorted<K: Ord + Copy + core::fmt::Debug>(counts: &mut Vec<(K, u32)>, kind: K, up: bool) {
    match (counts.binary_search_by_key(&kind, |(known, _)| *known), up) {
        (Ok(at), true) => counts[at].1 += 1,
        (Err(at), true) => counts.insert(at, (kind, 1)),
        (Ok(at), false) if counts[at].1 > 1 => counts[at].1 -= 1,
        (Ok(at), false) => {
            counts.remove(at);
        }
        (Err(_), false) => panic!("nothing of {kind:?} is left to take away"),
    }
}

/// Removes from an ascending list; a missing item is a bug.
pub(crate) fn remove_sorted<T: Ord + core::fmt::Debug>(list: &mut Vec<T>, item: &T) {
    match list.binary_search(item) {
        Ok(at) => {
            list.remove(at);
        }
        Err(_) => panic!("{item:?} is not listed"),
    }
}
