//! Which instance ECS Managed Instances buys, where, and which it gives up again (CP-041, CP-042, CP-045 to CP-047).
//!
//! *What it does.* The cheapest type that holds a task; the zone of a task; when an idle instance goes; whether an
//! instance may be emptied into others; when an instance is renewed.
//!
//! *What AWS documents.* The cheapest general-purpose type that fits, or the cheapest that meets the requirements
//! (CP-041); three zones before bin packing, bin packing with a single subnet (CP-042); `scaleInAfter` (CP-045); what is
//! never consolidated and that every start or stop begins the wait anew (CP-046); day 14 and day 21 (CP-047).
//!
//! *Where AWS leaves a choice.* A type is chosen for one task at a time, the first of equally cheap ones. Once the tasks
//! of a service are in three zones (or in all there are), further ones go to the one of those zones with the fewest of
//! them; a new zone is preferred where an instance has room. An instance is underutilised if all its tasks that are not
//! daemons fit into the room of others, the largest first, each into the first that holds it. The default of
//! `scaleInAfter` is not published (`mi_scale_in_after_default`).
//!
//! *What we left out.* Consolidation into a cheaper instance that is bought for it.
//!
//! *How we know it is right.* A test for each clause.

pub mod controller;

use ecsim_cluster::Resources;
use ecsim_kernel::{SimTime, Span};

use super::managed_scaling::need::{Capacity, WaitingGroup};

/// An instance type on offer.
#[derive(Clone, Debug)]
pub struct Offer<A> {
    /// What it has for tasks.
    pub capacity: Capacity,
    /// Its processor architecture, or whatever else a task insists on.
    pub architecture: A,
    /// Whether it is of a general-purpose family.
    pub is_general_purpose: bool,
    /// Whether it meets the instance requirements of the provider; ignored without any.
    pub meets_requirements: bool,
    /// Nano-dollars an hour.
    pub price: u64,
}

/// The type that is bought for a task (CP-041), by its place in the list; `None` if none fits.
#[must_use]
pub fn cheapest<A: PartialEq>(
    offers: &[Offer<A>],
    task: &WaitingGroup,
    architecture: &A,
    has_requirements: bool,
) -> Option<usize> {
    (0..offers.len())
        .filter(|at| {
            let offer = &offers[*at];
            let may = if has_requirements { offer.meets_requirements } else { offer.is_general_purpose };
            may && offer.architecture == *architecture && task.tasks_per_instance(&offer.capacity) >= 1
        })
        .min_by_key(|at| offers[*at].price)
}

/// In how many zones a service is spread before its tasks are packed (CP-042).
pub const SPREAD_ZONES: usize = 3;

/// A zone of the provider, as a task of one service sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneForTask {
    /// Tasks of the service there.
    pub service_tasks: u32,
    /// Whether an instance there has room for one more.
    pub has_room: bool,
}

/// The zone of the next task (CP-042), by its place in the list; `None` without zones.
#[must_use]
pub fn zone_of_next_task(zones: &[ZoneForTask]) -> Option<usize> {
    let in_use = zones.iter().filter(|zone| zone.service_tasks > 0).count();
    let spreads = in_use < zones.len().min(SPREAD_ZONES);
    (0..zones.len())
        .filter(|at| spreads != (zones[*at].service_tasks > 0))
        .min_by_key(|at| (zones[*at].service_tasks, !zones[*at].has_room))
}

/// `infrastructureOptimization.scaleInAfter` (CP-045).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleInAfter {
    /// null: AWS's own, `mi_scale_in_after_default`.
    #[default]
    Default,
    /// -1: nothing is optimised.
    Off,
    /// 0 to 3,600 seconds.
    After(Span),
}

impl ScaleInAfter {
    /// `mi_scale_in_after_default`.
    pub const DEFAULT: Span = Span::from_secs(300);

    /// From the value of the API; `None` if AWS rejects it.
    #[must_use]
    pub fn from_secs(secs: Option<i64>) -> Option<Self> {
        match secs {
            None => Some(Self::Default),
            Some(-1) => Some(Self::Off),
            Some(secs @ 0..=3_600) => Some(Self::After(Span::from_secs(secs.unsigned_abs()))),
            Some(_) => None,
        }
    }

    /// The wait; `None` is for ever.
    #[must_use]
    pub const fn wait(self, default: Span) -> Option<Span> {
        match self {
            Self::Default => Some(default),
            Self::Off => None,
            Self::After(span) => Some(span),
        }
    }
}

/// What is known about an instance that might be emptied.
#[derive(Clone, Copy, Debug)]
pub struct Consolidation<'a> {
    /// Whether it is Spot.
    pub is_spot: bool,
    /// Whether it runs a standalone task.
    pub has_standalone_tasks: bool,
    /// What each of its service tasks takes, daemons apart.
    pub tasks: &'a [Resources],
    /// The room that each other instance in service has.
    pub others: &'a [Resources],
}

/// Whether an instance is underutilised and may be emptied into the others (CP-046). An idle one is not meant: CP-045.
#[must_use]
pub fn may_consolidate(instance: Consolidation<'_>) -> bool {
    if instance.is_spot || instance.has_standalone_tasks || instance.tasks.is_empty() {
        return false;
    }
    let mut tasks = instance.tasks.to_vec();
    tasks.sort_unstable_by(|a, b| b.cmp(a));
    let mut others = instance.others.to_vec();
    tasks.into_iter().all(|task| match others.iter_mut().find(|room| room.holds(task)) {
        Some(room) => {
            *room = room.saturating_sub(task);
            true
        }
        None => false,
    })
}

/// When ECS begins to drain an instance for renewal (CP-047).
#[must_use]
pub fn renewal_drains_at(launched_at: SimTime) -> SimTime {
    launched_at + Span::from_days(14)
}

/// When an instance whose renewal began at that instant is deregistered with all it still runs (CP-047).
#[must_use]
pub fn renewal_ends_at(drain_started_at: SimTime) -> SimTime {
    drain_started_at + Span::from_days(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(cpu: u64, memory: u64, price: u64) -> Offer<&'static str> {
        Offer {
            capacity: Capacity { cpu, memory, enis: 2, ..Capacity::default() },
            architecture: "X86_64",
            is_general_purpose: true,
            meets_requirements: false,
            price,
        }
    }

    fn task(cpu: u64, memory: u64) -> WaitingGroup {
        WaitingGroup { count: 1, cpu, memory, awsvpc: true, ..WaitingGroup::default() }
    }

    #[test]
    fn cp_041_cheapest_that_fits() {
        let mut offers = vec![offer(4_096, 16_000, 192), offer(2_048, 8_000, 96), offer(1_024, 4_000, 48)];
        let chosen = |offers: &[Offer<&'static str>], task, has_requirements| {
            cheapest(offers, &task, &"X86_64", has_requirements)
        };
        assert_eq!(chosen(&offers, task(1_024, 4_000), false), Some(2));
        assert_eq!(chosen(&offers, task(1_024, 4_001), false), Some(1));
        assert_eq!(chosen(&offers, task(8_192, 1), false), None);
        offers.push(Offer { is_general_purpose: false, meets_requirements: true, ..offer(1_024, 8_000, 60) });
        assert_eq!(chosen(&offers, task(1_024, 8_000), false), Some(1), "not a general-purpose type");
        assert_eq!(chosen(&offers, task(1_024, 8_000), true), Some(3), "the requirements alone count");
        assert_eq!(chosen(&offers, task(2_048, 1), true), None);
        offers[1].architecture = "ARM64";
        assert_eq!(chosen(&offers, task(2_048, 1), false), Some(0));
        offers[2].capacity.enis = 0;
        assert_eq!(chosen(&offers, task(1, 1), false), Some(0), "no network interface for the task");
    }

    #[test]
    fn cp_042_three_zones_before_bin_packing() {
        let mut zones = [ZoneForTask { service_tasks: 0, has_room: false }; 4];
        zones[3].has_room = true;
        let mut order = Vec::new();
        for _ in 0..7 {
            let at = zone_of_next_task(&zones).unwrap();
            zones[at].service_tasks += 1;
            order.push(at);
        }
        assert_eq!(order, [3, 0, 1, 3, 0, 1, 3], "room first, then three zones in turn");
        assert_eq!(zone_of_next_task(&[ZoneForTask { service_tasks: 9, has_room: false }]), Some(0));
        assert_eq!(zone_of_next_task(&[]), None);
    }

    #[test]
    fn cp_045_scale_in_after() {
        let wait = |secs| ScaleInAfter::from_secs(secs).map(|it| it.wait(ScaleInAfter::DEFAULT));
        assert_eq!(wait(None), Some(Some(Span::from_secs(300))));
        assert_eq!(wait(Some(-1)), Some(None));
        assert_eq!(wait(Some(0)), Some(Some(Span::ZERO)));
        assert_eq!(wait(Some(3_600)), Some(Some(Span::from_hours(1))));
        assert_eq!((wait(Some(3_601)), wait(Some(-2))), (None, None));
    }

    #[test]
    fn cp_046_what_may_be_emptied() {
        let room = |cpu| Resources { cpu, memory: 1_000, gpus: 0, enis: 5 };
        let need = |cpu| Resources { cpu, memory: 10, gpus: 0, enis: 1 };
        let (tasks, others) = ([need(100), need(300), need(200)], [room(300), room(300)]);
        let instance = Consolidation { is_spot: false, has_standalone_tasks: false, tasks: &tasks, others: &others };
        assert!(may_consolidate(instance), "300 into the one, 200 and 100 into the other");
        assert!(!may_consolidate(Consolidation { others: &others[..1], ..instance }));
        assert!(!may_consolidate(Consolidation { is_spot: true, ..instance }));
        assert!(!may_consolidate(Consolidation { has_standalone_tasks: true, ..instance }));
        assert!(!may_consolidate(Consolidation { tasks: &[], ..instance }), "an idle instance just goes");
    }

    #[test]
    fn cp_047_day_14_and_day_21() {
        let drain = renewal_drains_at(SimTime::from_ms(7));
        assert_eq!(drain.ms(), 14 * 86_400_000 + 7);
        assert_eq!(renewal_ends_at(drain).ms(), 21 * 86_400_000 + 7);
    }
}
