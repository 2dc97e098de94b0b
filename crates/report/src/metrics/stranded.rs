//! Stranded capacity: what is free, but cannot be used because another dimension of the same instance is exhausted.
//!
//! Definition. For each dimension (CPU, memory, GPU) the *typical task* is the lower median, dimension by dimension, of
//! the last 63 tasks that ask for that dimension and were placed, or that a service failed to place. Fill every
//! instance that can receive tasks (ACTIVE, agent connected) with as many more typical tasks as fit. What is then
//! still free of the dimension, and would be enough for one task more, is stranded: something else ran out first. The
//! metric is that sum over what ACTIVE and DRAINING instances registered. Where nothing of the kind was ever asked for
//! it has no value.
//!
//! What is too little for one more typical task is not stranded, it is left over. Ports, attributes and placement
//! constraints are not looked at, nor on which device the shares of GPUs lie where tasks share them. The cost is one pass over the instances, so it is sampled when a period ends.

use ecsim_cluster::{Cluster, GpuNeed, Requirements, Resources};

use super::{Inputs, Metric, Read, Tally, Unit, Value};

const MEMORY_OF_TASKS: usize = 63;

/// A dimension that can be stranded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// CPU units.
    Cpu,
    /// MiB.
    Memory,
    /// GPUs, counted as in [`Resources::gpus`].
    Gpu,
}

impl Dimension {
    const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Gpu];

    fn of(self, amount: Resources) -> u32 {
        match self {
            Self::Cpu => amount.cpu,
            Self::Memory => amount.memory,
            Self::Gpu => u32::from(amount.gpus),
        }
    }
}

/// The last tasks that asked for each dimension.
#[derive(Clone, Debug, Default)]
pub struct Typical {
    recent: [Recent; 3],
}

#[derive(Clone, Debug, Default)]
struct Recent {
    tasks: Vec<Resources>,
    next: usize,
}

impl Typical {
    pub(crate) fn saw(&mut self, requirements: Requirements) {
        let mut need = requirements.least();
        if requirements.gpus == GpuNeed::All {
            // Without an instance `ALL` is not a number; one is the least it can be.
            need.gpus = 1;
        }
        for (at, dimension) in Dimension::ALL.into_iter().enumerate() {
            if dimension.of(need) == 0 {
                continue;
            }
            let recent = &mut self.recent[at];
            if recent.tasks.len() < MEMORY_OF_TASKS {
                recent.tasks.push(need);
            } else {
                recent.tasks[recent.next] = need;
                recent.next = (recent.next + 1) % MEMORY_OF_TASKS;
            }
        }
    }

    /// What the typical task that asks for `dimension` reserves.
    #[must_use]
    pub fn task(&self, dimension: Dimension) -> Option<Resources> {
        let tasks = &self.recent[dimension as usize].tasks;
        if tasks.is_empty() {
            return None;
        }
        let median = |of: fn(&Resources) -> u32| {
            let mut amounts: Vec<u32> = tasks.iter().map(of).collect();
            amounts.sort_unstable();
            amounts[(amounts.len() - 1) / 2]
        };
        Some(Resources {
            cpu: median(|task| task.cpu),
            memory: median(|task| task.memory),
            gpus: u16::try_from(median(|task| u32::from(task.gpus))).unwrap_or(u16::MAX),
            enis: u16::try_from(median(|task| u32::from(task.enis))).unwrap_or(u16::MAX),
        })
    }
}

/// Percent of the registered amount of `dimension` that is stranded.
#[must_use]
pub fn stranded(cluster: &Cluster, tally: &Tally, dimension: Dimension) -> Value {
    let Some(task) = tally.typical.task(dimension) else { return Value::Missing };
    let registered = &cluster.totals().registered;
    let whole = match dimension {
        Dimension::Cpu => registered.cpu,
        Dimension::Memory => registered.memory,
        Dimension::Gpu => registered.gpus,
    };
    let part = tally.instances.free_to_receive().map(|free| u64::from(stranded_on(free, task, dimension))).sum();
    Value::percent(part, whole)
}

/// What stays free of `dimension` after filling `free` with copies of `task`, if one more would not fail for it.
fn stranded_on(free: Resources, task: Resources, dimension: Dimension) -> u32 {
    if dimension.of(free) < dimension.of(task) {
        return 0;
    }
    let copies = [
        (free.cpu, task.cpu),
        (free.memory, task.memory),
        (u32::from(free.gpus), u32::from(task.gpus)),
        (u32::from(free.enis), u32::from(task.enis)),
    ]
    .into_iter()
    .filter_map(|(free, need)| free.checked_div(need))
    .min()
    .unwrap_or(0);
    let need = dimension.of(task);
    let left = dimension.of(free) - copies * need;
    if left >= need { left } else { 0 }
}

const fn percent(name: &'static str, help: &'static str, read: fn(&super::Reading<'_>) -> Value) -> Metric {
    Metric::new(name, Unit::Percent, Inputs::PERIODS, help, Read::Cluster(read))
}

/// The metrics of this family.
pub const METRICS: &[Metric] = &[
    percent("strandedCPU", "Registered CPU that is free but of no use, as something else ran out beside it.", |at| {
        stranded(at.cluster, at.tally, Dimension::Cpu)
    }),
    percent(
        "strandedMemory",
        "Registered memory that is free but of no use, as something else ran out beside it.",
        |at| stranded(at.cluster, at.tally, Dimension::Memory),
    ),
    percent(
        "strandedGPU",
        "Registered GPUs that are free but of no use, as something else ran out beside them.",
        |at| stranded(at.cluster, at.tally, Dimension::Gpu),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(cpu: u32, memory: u32, gpus: u16) -> Resources {
        Resources { cpu, memory, gpus, enis: 0 }
    }

    #[test]
    fn what_another_dimension_blocks_is_stranded() {
        let task = amount(1024, 2048, 0);
        // Memory for one more, CPU for four: the CPU of three is stranded.
        assert_eq!(stranded_on(amount(4096, 3000, 0), task, Dimension::Cpu), 3072);
        assert_eq!(stranded_on(amount(4096, 3000, 0), task, Dimension::Memory), 0);
        // Both are too little: left over, not stranded.
        assert_eq!(stranded_on(amount(500, 1000, 0), task, Dimension::Cpu), 0);
        // CPU gone: all the memory is stranded.
        assert_eq!(stranded_on(amount(0, 8000, 0), task, Dimension::Memory), 8000);
        // A fit without rest.
        assert_eq!(stranded_on(amount(4096, 8192, 0), task, Dimension::Cpu), 0);
        // GPUs behind exhausted CPU.
        assert_eq!(stranded_on(amount(100, 8000, 3), amount(1024, 2048, 1), Dimension::Gpu), 3);
    }

    #[test]
    fn the_typical_task_is_the_median_of_the_last_that_asked() {
        let mut typical = Typical::default();
        assert_eq!(typical.task(Dimension::Cpu), None);
        for cpu in [100, 300, 200] {
            typical.saw(Requirements { cpu, memory: 10, ..Requirements::default() });
        }
        assert_eq!(typical.task(Dimension::Cpu), Some(amount(200, 10, 0)));
        assert_eq!(typical.task(Dimension::Gpu), None);
        for _ in 0..MEMORY_OF_TASKS {
            typical.saw(Requirements { cpu: 0, memory: 99, gpus: GpuNeed::Count(2), eni: false });
        }
        assert_eq!(typical.task(Dimension::Memory), Some(amount(0, 99, 2)));
        assert_eq!(typical.task(Dimension::Cpu), Some(amount(200, 10, 0)), "the others did not ask for CPU");
    }
}
