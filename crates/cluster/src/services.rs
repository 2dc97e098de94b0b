//! The table of services: what each wants and which tasks it has.

use ecsim_kernel::SimTime;

use crate::definitions::{LaunchType, ServiceDefinition};
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
    /// What its tasks run.
    pub task_definition: TaskDefinitionId,
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
            task_definition: definition.task_definition,
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

    pub(crate) fn count_provider(&mut self, provider: ProviderId, up: bool) {
        count_sorted(&mut self.by_provider, provider, up);
    }

    /// Live tasks that are not RUNNING yet: `pendingCount`.
    #[must_use]
    pub const fn pending(&self) -> u32 {
        self.live - self.running
    }

    /// `ceil(desired * minimumHealthyPercent / 100)` (SVC-003), in whole numbers.
    #[must_use]
    pub const fn healthy_floor(&self) -> u32 {
        let product = self.desired_count as u64 * self.minimum_healthy_percent as u64;
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
