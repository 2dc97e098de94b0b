//! How many instances the tasks that wait for a capacity provider call for (CAS-005, CAS-011 to CAS-016).
//!
//! *What it does.* Divides each group of like tasks by what one instance holds, takes the largest result, bounds it by
//! the step sizes and adds it to the instances there are.
//!
//! *What AWS documents.* Grouping, per-dimension extremes, incompatible groups, step sizes (CAS-011, CAS-013). From its
//! blog: the maximum over the groups, not the sum (CAS-012), and the algorithm of 2020 (CAS-016). Ours: at most one task
//! an instance with a static host port or `distinctInstance`, daemons subtracted (CAS-015). Static ports: a port that
//! some type has taken is taken in the smallest, one that every type has taken is taken in the largest.
//!
//! *What we left out.* Zones, `spread` and `memberOf` (CAS-014): AWS leaves them out as well.
//!
//! *How we know it is right.* The arithmetic of EX-A07, EX-A08, EX-A09, EX-A14, MEAS-105, and properties.

use ecsim_cluster::{GpuNeed, Port, PortSet, Resources};

/// What a new instance of one type has for tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// CPU units.
    pub cpu: u64,
    /// MiB.
    pub memory: u64,
    /// How many `awsvpc` tasks it can hold (RES-040).
    pub enis: u64,
    /// GPUs, counted as in [`Resources::gpus`].
    pub gpus: u64,
    /// The host ports in use on it from the start: the agent's own, and those of daemons.
    pub ports_in_use: PortSet,
}

impl Capacity {
    /// What is left beside the daemons, of which every new instance runs one each (CAS-015).
    #[must_use]
    pub fn beside_daemons(&self, reserve: &Capacity) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(reserve.cpu),
            memory: self.memory.saturating_sub(reserve.memory),
            enis: self.enis.saturating_sub(reserve.enis),
            gpus: self.gpus.saturating_sub(reserve.gpus),
            ports_in_use: PortSet::new(self.ports_in_use.iter().chain(reserve.ports_in_use.iter())),
        }
    }

    /// The least of each dimension, perhaps of different types (CAS-011, step 2); `None` without types.
    #[must_use]
    pub fn smallest(types: &[Capacity]) -> Option<Self> {
        types.iter().cloned().reduce(|a, b| Self {
            cpu: a.cpu.min(b.cpu),
            memory: a.memory.min(b.memory),
            enis: a.enis.min(b.enis),
            gpus: a.gpus.min(b.gpus),
            ports_in_use: PortSet::new(a.ports_in_use.iter().chain(b.ports_in_use.iter())),
        })
    }

    /// The most of each dimension, perhaps of different types (CAS-011, step 2); `None` without types.
    #[must_use]
    pub fn largest(types: &[Capacity]) -> Option<Self> {
        types.iter().cloned().reduce(|a, b| Self {
            cpu: a.cpu.max(b.cpu),
            memory: a.memory.max(b.memory),
            enis: a.enis.max(b.enis),
            gpus: a.gpus.max(b.gpus),
            ports_in_use: PortSet::new(a.ports_in_use.iter().filter(|port| b.ports_in_use.contains(*port))),
        })
    }
}

impl From<Resources> for Capacity {
    fn from(resources: Resources) -> Self {
        Self {
            cpu: u64::from(resources.cpu),
            memory: u64::from(resources.memory),
            enis: u64::from(resources.enis),
            gpus: u64::from(resources.gpus),
            ports_in_use: PortSet::default(),
        }
    }
}

/// Waiting tasks with identical requirements (CAS-011, step 1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingGroup {
    /// How many tasks wait.
    pub count: u64,
    /// CPU units of one task.
    pub cpu: u64,
    /// MiB of one task.
    pub memory: u64,
    /// GPUs of one task; `ALL` are all that an instance has.
    pub gpus: GpuNeed,
    /// In how many parts GPUs are counted where tasks share them; 0 where they do not, as in ECS.
    pub gpu_parts: u16,
    /// Whether one task takes a network interface.
    pub awsvpc: bool,
    /// The static host ports of one task: with any, an instance holds at most one.
    pub ports: Vec<Port>,
    /// Whether an instance holds at most one for another reason, `distinctInstance`.
    pub one_per_instance: bool,
}

impl WaitingGroup {
    /// How many of these tasks an empty instance holds; [`u64::MAX`] if they use nothing that runs out.
    #[must_use]
    pub fn tasks_per_instance(&self, capacity: &Capacity) -> u64 {
        let gpus = match self.gpus {
            // A share does not reach over two devices.
            GpuNeed::Count(count) if count > 0 && count < self.gpu_parts => {
                let parts = u64::from(self.gpu_parts);
                (capacity.gpus / parts).saturating_mul(parts / u64::from(count))
            }
            GpuNeed::Count(count) => fits(capacity.gpus, u64::from(count)),
            GpuNeed::All => capacity.gpus.min(1),
        };
        let ports_taken = self.ports.iter().any(|port| capacity.ports_in_use.contains(*port));
        let ports = if self.ports.is_empty() { u64::MAX } else { u64::from(!ports_taken) };
        let distinct = if self.one_per_instance { 1 } else { u64::MAX };
        [
            fits(capacity.cpu, self.cpu),
            fits(capacity.memory, self.memory),
            fits(capacity.enis, u64::from(self.awsvpc)),
            gpus,
            ports,
            distinct,
        ]
        .into_iter()
        .fold(u64::MAX, u64::min)
    }
}

/// How often `need` goes into `room`; without bound if nothing is needed.
fn fits(room: u64, need: u64) -> u64 {
    room.checked_div(need).unwrap_or(u64::MAX)
}

/// `cas_algorithm` (CAS-016).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// Groups divided by what an instance holds, for every Auto Scaling group.
    #[default]
    Current,
    /// M = N + `minimumScalingStepSize` with several instance types or zones, and the current one otherwise.
    Historic2020,
}

/// The step sizes of managed scaling (CAS-002).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepSizes {
    /// `minimumScalingStepSize`, 1 to 10,000.
    pub minimum: u64,
    /// `maximumScalingStepSize`, 1 to 10,000.
    pub maximum: u64,
}

impl Default for StepSizes {
    fn default() -> Self {
        Self { minimum: 1, maximum: 10_000 }
    }
}

impl StepSizes {
    /// CAS-011, step 4.
    const fn bound(self, need: u64) -> u64 {
        if need < self.minimum {
            self.minimum
        } else if need > self.maximum {
            self.maximum
        } else {
            need
        }
    }
}

/// The Auto Scaling group, as far as the estimate looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Fleet<'a> {
    /// The types it may launch, without what daemons take (CAS-015).
    pub types: &'a [Capacity],
    /// In how many Availability Zones it may launch.
    pub zones: u32,
    /// N: the instances there are (CAS-004).
    pub n: u64,
    /// Those among them with a task that counts (CAS-005).
    pub used: u64,
}

/// What one group of tasks asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupNeed {
    /// How many tasks the largest instance holds.
    pub per_instance: u64,
    /// Whether even the smallest instance holds one (CAS-013); if not, the group is left out.
    pub compatible: bool,
    /// How many of the largest instances hold all of them; 0 if left out.
    pub instances: u64,
}

/// What M was computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// No task waits: M is the number of used instances (CAS-005).
    Used,
    /// Tasks wait, but none of them fits the smallest instance: M is the number of used instances, and the metric is
    /// published as the target (CAS-013).
    AllIncompatible,
    /// M = N + need (CAS-011).
    Waiting,
    /// M = N + `minimumScalingStepSize`, whatever waits (CAS-016).
    MinimumStep,
}

/// The estimate, with all that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Each group, in the order given.
    pub groups: Vec<GroupNeed>,
    /// The largest of them, before the step sizes.
    pub largest_group: u64,
    /// How many instances more are called for, after the step sizes.
    pub need: u64,
    /// M: how many instances are called for in all.
    pub m: u64,
    /// What M was computed from.
    pub basis: Basis,
}

/// M and how it came about (CAS-005, CAS-011, CAS-016). Groups of no tasks count as none.
#[must_use]
pub fn need(algorithm: Algorithm, fleet: Fleet<'_>, waiting: &[WaitingGroup], steps: StepSizes) -> Need {
    let extremes = Capacity::smallest(fleet.types).zip(Capacity::largest(fleet.types));
    let groups: Vec<GroupNeed> = waiting.iter().map(|group| group_need(group, extremes.as_ref())).collect();
    let largest_group = groups.iter().map(|group| group.instances).max().unwrap_or(0);
    let is_diverse = fleet.types.len() > 1 || fleet.zones > 1;
    let basis = if waiting.iter().all(|group| group.count == 0) {
        Basis::Used
    } else if algorithm == Algorithm::Historic2020 && is_diverse {
        Basis::MinimumStep
    } else if largest_group == 0 {
        Basis::AllIncompatible
    } else {
        Basis::Waiting
    };
    let need = match basis {
        Basis::Used | Basis::AllIncompatible => 0,
        Basis::MinimumStep => steps.minimum,
        Basis::Waiting => steps.bound(largest_group),
    };
    let m = match basis {
        Basis::Used | Basis::AllIncompatible => fleet.used,
        Basis::MinimumStep | Basis::Waiting => fleet.n.saturating_add(need),
    };
    Need { groups, largest_group, need, m, basis }
}

fn group_need(group: &WaitingGroup, extremes: Option<&(Capacity, Capacity)>) -> GroupNeed {
    let Some((small, large)) = extremes else {
        return GroupNeed { per_instance: 0, compatible: false, instances: 0 };
    };
    let per_instance = group.tasks_per_instance(large);
    let compatible = group.tasks_per_instance(small) >= 1;
    // What fits the smallest fits the largest: no division by zero.
    let instances = if compatible { group.count.div_ceil(per_instance) } else { 0 };
    GroupNeed { per_instance, compatible, instances }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecsim_cluster::Protocol;
    use proptest::prelude::*;

    fn capacity(cpu: u64, memory: u64, enis: u64) -> Capacity {
        Capacity { cpu, memory, enis, ..Capacity::default() }
    }

    fn group(count: u64, cpu: u64, memory: u64) -> WaitingGroup {
        WaitingGroup { count, cpu, memory, ..WaitingGroup::default() }
    }

    fn estimate(types: &[Capacity], n: u64, waiting: &[WaitingGroup], steps: StepSizes) -> Need {
        need(Algorithm::Current, Fleet { types, zones: 3, n, used: n }, waiting, steps)
    }

    #[test]
    fn ex_a07_the_neediest_group_not_the_sum() {
        let types = [capacity(4_096, 15_500, 3)];
        let waiting =
            [group(37, 512, 1_024), group(10, 256, 4_096), WaitingGroup { awsvpc: true, ..group(13, 256, 512) }];
        let found = estimate(&types, 12, &waiting, StepSizes::default());
        let rows: Vec<(u64, u64)> = found.groups.iter().map(|it| (it.per_instance, it.instances)).collect();
        assert_eq!(rows, [(8, 5), (3, 4), (3, 5)]);
        assert_eq!((found.need, found.m, found.basis), (5, 17, Basis::Waiting));
    }

    // proves: CAS-013
    #[test]
    fn ex_a08_extremes_of_each_dimension() {
        let types = [capacity(4_096, 7_600, 3), capacity(2_048, 15_500, 2)];
        let waiting = [group(5, 3_072, 4_096), group(18, 1_024, 2_048), group(4, 512, 9_000)];
        let found = estimate(&types, 4, &waiting, StepSizes::default());
        let compatible: Vec<bool> = found.groups.iter().map(|it| it.compatible).collect();
        assert_eq!(compatible, [false, true, false]);
        assert_eq!(found.groups[1], GroupNeed { per_instance: 4, compatible: true, instances: 5 });
        assert_eq!(found.m, 9);
    }

    #[test]
    fn ex_a09_minimum_step() {
        let found =
            estimate(&[capacity(2_048, 1, 0)], 8, &[group(3, 1_024, 0)], StepSizes { minimum: 5, maximum: 10_000 });
        assert_eq!((found.largest_group, found.need, found.m), (2, 5, 13));
    }

    // proves: CAS-012
    #[test]
    fn meas_105_twelve_tasks_on_fourteen_full_instances() {
        let waiting = [WaitingGroup { one_per_instance: true, ..group(12, 256, 512) }];
        assert_eq!(estimate(&[capacity(2_048, 3_800, 2)], 14, &waiting, StepSizes::default()).m, 26);
    }

    #[test]
    fn cas_011_both_step_sizes_bound_the_need() {
        let types = [capacity(1_024, 1_024, 1)];
        for (tasks, minimum, maximum, need) in [(7, 1, 5, 5), (7, 9, 10, 9), (7, 7, 7, 7), (7, 1, 10_000, 7)] {
            let found = estimate(&types, 2, &[group(tasks, 1_024, 1)], StepSizes { minimum, maximum });
            assert_eq!((found.need, found.m), (need, 2 + need));
        }
    }

    #[test]
    fn cas_011_what_one_instance_holds() {
        let instance = Capacity { gpus: 4, ..capacity(4_096, 8_192, 3) };
        let task = group(1, 256, 256);
        assert_eq!(task.tasks_per_instance(&instance), 16);
        assert_eq!(WaitingGroup { awsvpc: true, ..task.clone() }.tasks_per_instance(&instance), 3);
        assert_eq!(WaitingGroup { one_per_instance: true, ..task.clone() }.tasks_per_instance(&instance), 1);
        assert_eq!(WaitingGroup { gpus: GpuNeed::Count(2), ..task.clone() }.tasks_per_instance(&instance), 2);
        assert_eq!(WaitingGroup { gpus: GpuNeed::All, ..task.clone() }.tasks_per_instance(&instance), 1);
        // Not ECS: shares lie on one device each, two of 0.46 on every one of four; whole GPUs as ever.
        let shared = Capacity { gpus: 4_000, ..instance.clone() };
        let of = |thousandths| WaitingGroup { gpus: GpuNeed::Count(thousandths), gpu_parts: 1_000, ..task.clone() };
        assert_eq!([460, 1_000, 2_000].map(|it| of(it).tasks_per_instance(&shared)), [8, 4, 2]);
        let no_gpus = capacity(4_096, 8_192, 3);
        assert_eq!(WaitingGroup { gpus: GpuNeed::All, ..task }.tasks_per_instance(&no_gpus), 0);
        assert_eq!(WaitingGroup::default().tasks_per_instance(&Capacity::default()), u64::MAX);
        assert_eq!(estimate(&[Capacity::default()], 0, &[group(9, 0, 0)], StepSizes::default()).need, 1);
    }

    #[test]
    fn cas_011_static_ports() {
        let tcp = |number| Port { protocol: Protocol::Tcp, number };
        let with = |taken: &[u16]| Capacity {
            ports_in_use: PortSet::new(taken.iter().map(|number| tcp(*number))),
            ..capacity(4_096, 8_192, 3)
        };
        let web = WaitingGroup { ports: vec![tcp(80)], ..group(3, 1, 1) };
        assert_eq!(web.tasks_per_instance(&with(&[22])), 1);
        assert_eq!(web.tasks_per_instance(&with(&[22, 80])), 0);
        let found = estimate(&[with(&[22]), with(&[22])], 0, std::slice::from_ref(&web), StepSizes::default());
        assert_eq!(found.need, 3);
        let mixed = estimate(&[with(&[22]), with(&[80])], 0, &[web], StepSizes::default());
        assert_eq!(mixed.groups[0], GroupNeed { per_instance: 1, compatible: false, instances: 0 });
    }

    #[test]
    fn cas_005_nothing_waiting() {
        let types = [capacity(1_024, 1_024, 1)];
        let fleet = Fleet { types: &types, zones: 1, n: 5, used: 2 };
        for waiting in [vec![], vec![group(0, 1, 1)]] {
            let found = need(Algorithm::Current, fleet, &waiting, StepSizes { minimum: 3, maximum: 9 });
            assert_eq!((found.m, found.need, found.basis), (2, 0, Basis::Used));
        }
    }

    #[test]
    fn cas_013_all_groups_incompatible() {
        let types = [capacity(1_024, 1_024, 1)];
        let fleet = Fleet { types: &types, zones: 1, n: 5, used: 2 };
        let found = need(Algorithm::Current, fleet, &[group(7, 2_048, 1)], StepSizes::default());
        assert_eq!((found.m, found.basis), (2, Basis::AllIncompatible));
        let none = Fleet { types: &[], ..fleet };
        assert_eq!(
            need(Algorithm::Current, none, &[group(7, 1, 1)], StepSizes::default()).basis,
            Basis::AllIncompatible
        );
    }

    #[test]
    fn cas_015_daemons_are_subtracted() {
        let reserve = capacity(128, 256, 1);
        let types = [capacity(2_048, 4_096, 3).beside_daemons(&reserve)];
        let found = estimate(&types, 0, &[group(8, 1_024, 1)], StepSizes::default());
        assert_eq!((found.groups[0].per_instance, found.need), (1, 8), "two fitted without the daemon");
        assert_eq!(capacity(1, 1, 1).beside_daemons(&reserve), Capacity::default());
    }

    #[test]
    fn cas_016_the_algorithm_of_2020() {
        let types = [capacity(1_024, 1_024, 1), capacity(2_048, 2_048, 1)];
        let steps = StepSizes { minimum: 2, maximum: 10 };
        let waiting = [group(12, 1_024, 1)];
        let m = |types: &[Capacity], zones, waiting: &[WaitingGroup]| {
            let found = need(Algorithm::Historic2020, Fleet { types, zones, n: 14, used: 3 }, waiting, steps);
            (found.m, found.basis)
        };
        assert_eq!(m(&types, 1, &waiting), (16, Basis::MinimumStep));
        assert_eq!(m(&types[..1], 3, &waiting), (16, Basis::MinimumStep));
        assert_eq!(m(&types[..1], 1, &waiting), (24, Basis::Waiting), "12 bounded by the maximum of 10");
        assert_eq!(m(&types, 3, &[]), (3, Basis::Used));
    }

    proptest! {
        #[test]
        fn cas_012_a_lower_bound(
            groups in proptest::collection::vec((1..60_u64, 64..2_048_u64, 64..4_096_u64), 1..5),
            cpu in 2_048..8_192_u64, memory in 4_096..16_384_u64,
        ) {
            let types = [capacity(cpu, memory, 0)];
            let waiting: Vec<WaitingGroup> = groups.iter().map(|(n, cpu, memory)| group(*n, *cpu, *memory)).collect();
            let found = estimate(&types, 0, &waiting, StepSizes::default());
            // No packing needs fewer instances for any one group than its share of the resources.
            for (group, need) in waiting.iter().zip(&found.groups) {
                prop_assert!(need.instances * cpu >= group.count * group.cpu);
                prop_assert!(need.instances * memory >= group.count * group.memory);
                prop_assert!((need.instances - 1) * need.per_instance < group.count);
                prop_assert!(need.instances <= found.need);
            }
        }
    }
}
