//! The table of services: what each wants and which tasks it has.

use ecsim_kernel::SimTime;

use crate::definitions::ServiceDefinition;
use crate::events::LastEvents;
use crate::ids::{GroupId, PlacementId, ServiceId, TaskDefinitionId, TaskId};
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

/// Removes from an ascending list; a missing item is a bug.
pub(crate) fn remove_sorted<T: Ord + core::fmt::Debug>(list: &mut Vec<T>, item: &T) {
    match list.binary_search(item) {
        Ok(at) => {
            list.remove(at);
        }
        Err(_) => panic!("{item:?} is not listed"),
    }
}
