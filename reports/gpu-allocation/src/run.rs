//! One run: a list of pods, one after the other, into an empty cluster that nothing leaves.

use std::sync::Arc;

use ecsim::cluster::fact::TaskOrigin;
use ecsim::cluster::{Cluster, Fact, Observer};
use ecsim::engine::Simulation;
use ecsim::kernel::SimTime;
use ecsim::scenario::document::Limits;
use ecsim::scenario::prepare;

use crate::files::{RunFiles, SCENARIO_NAME};
use crate::policies::Policy;
use crate::protocol::Pod;
use crate::{Failure, MOST_LOAD};

/// What came out of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// GPUs given to pods in percent of all, by the load that has arrived in percent, 0 to 130.
    pub allocated: Vec<f64>,
    /// The same, counting only what the pods asked for: less where a pod that wants a part gets a whole GPU.
    pub served: Vec<f64>,
    /// How many pods found no place.
    pub dropped: u64,
    /// How many pods there were.
    pub pods: u64,
}

/// Which pods found a place.
#[derive(Debug, Default)]
struct Placed {
    /// By the place in the list: thousandths of GPUs that the pod holds.
    held: Vec<Option<u64>>,
}

impl Observer for Placed {
    fn observe(&mut self, _: SimTime, fact: &Fact, cluster: &Cluster) {
        if let Fact::TaskCreated { task, origin: TaskOrigin::Source { ordinal, .. }, .. } = *fact {
            let parts = u64::from(cluster.definitions().gpu_sharing.parts());
            self.held[ordinal as usize] = Some(u64::from(cluster.task(task).reserved.gpus) * 1_000 / parts);
        }
    }
}

/// Runs a list of pods under a policy. `whole`: a pod that wants a part of a GPU gets a whole one, as in ECS.
///
/// # Errors
/// Where the scenario cannot be read, or the books do not add up.
pub fn run(files: &RunFiles, list: &[Pod], policy: Policy, whole: bool, seed: u64) -> Result<Outcome, Failure> {
    let overrides = [
        format!("settings.gpu_sharing={}", if whole { "off" } else { policy.device() }),
        format!("simulation.seed={seed}"),
        format!("simulation.duration={}s", list.len() + 1),
    ];
    let prepared = prepare(files, SCENARIO_NAME, &overrides, &Limits::default());
    let Some(ready) = prepared.ready else {
        let said: Vec<String> = prepared.diagnostics.iter().map(|it| it.message.clone()).collect();
        return Err(said.join("; "));
    };
    let mut model = ready.model;
    for placement in Arc::make_mut(&mut model.placements).values_mut() {
        placement.strategies = policy.strategies();
    }
    let parts = u64::from(model.definitions.gpu_sharing.parts());
    let mut placed = Placed { held: vec![None; list.len()] };
    let mut simulation = Simulation::new(model);
    simulation.run(&mut placed);
    let totals = simulation.cluster().totals();
    let held: u64 = placed.held.iter().flatten().sum();
    if held != totals.reserved.gpus * 1_000 / parts {
        return Err(format!("{held} thousandths of GPUs were given, the books say {}", totals.reserved.gpus));
    }
    Ok(by_load(list, &placed.held, totals.registered.gpus * 1_000 / parts))
}

/// As the published tables: after every pod the allocation is noted, and the row of a load is the mean of what was noted
/// while the load that had arrived, rounded, was that.
fn by_load(list: &[Pod], held: &[Option<u64>], all: u64) -> Outcome {
    let percent = |amount: u64| amount as f64 * 100.0 / all as f64;
    let mut sums = vec![(0.0, 0.0, 0_u32); MOST_LOAD + 1];
    let (mut arrived, mut allocated, mut served, mut dropped) = (0, 0, 0, 0);
    for (pod, held) in list.iter().zip(held) {
        arrived += pod.asked();
        match held {
            Some(held) => {
                allocated += held;
                served += pod.asked();
            }
            None => dropped += 1,
        }
        // Rounded to the nearest: a load of exactly a half and a GPU too little does not come up in whole thousandths.
        let load = usize::try_from((arrived * 200 + all) / (2 * all)).unwrap_or(MOST_LOAD);
        if let Some(sum) = sums.get_mut(load) {
            *sum = (sum.0 + percent(allocated), sum.1 + percent(served), sum.2 + 1);
        }
    }
    let mut outcome = Outcome { allocated: Vec::new(), served: Vec::new(), dropped, pods: list.len() as u64 };
    for (allocated, served, count) in sums {
        let mean = |sum: f64| if count == 0 { f64::NAN } else { sum / f64::from(count) };
        outcome.allocated.push(mean(allocated));
        outcome.served.push(mean(served));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_the_mean_of_what_was_noted_while_it_was_that() {
        let pod = |gpu_milli| Pod {
            name: String::new(),
            cpu_milli: 1,
            memory_mib: 1,
            gpus: 1,
            gpu_milli,
            gpu_spec: String::new(),
        };
        let list = [pod(500), pod(500), pod(4), pod(996)];
        // Ten GPUs: loads of 5, 10, 10 (10.04) and 20 percent; the second got nothing, the last one a whole GPU.
        let outcome = by_load(&list, &[Some(500), None, Some(4), Some(1_000)], 10_000);
        assert_eq!(outcome.allocated[5], 5.0);
        assert!((outcome.allocated[10] - 5.02).abs() < 1e-9);
        assert!((outcome.allocated[20] - 15.04).abs() < 1e-9 && (outcome.served[20] - 15.0).abs() < 1e-9);
        assert!(outcome.allocated[7].is_nan());
        assert_eq!((outcome.dropped, outcome.pods), (1, 4));
    }
}
