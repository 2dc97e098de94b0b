//! A placement strategy of one's own, in one file: best fit over CPU and memory together, compared with AWS's binpack.
//!
//! AWS's `binpack` looks at one resource: a chain `binpack(memory)`, `binpack(cpu)` uses the second only to break ties of
//! the first. [`BestFit`] adds up what would be left of both.
//!
//! ```text
//! cargo run --release --example custom_strategy
//! ```

use std::sync::Arc;

use ecsim::engine::{Model, Simulation};
use ecsim::policies::placement::Request;
use ecsim::policies::placement::strategies::{BinpackResource, Candidate, CustomStrategy, Strategy};
use ecsim::report::summary::SummaryBuilder;
use ecsim::scenario::{document::Limits, prepare, source::MemoryFiles};

/// The instance on which the least is left, in parts of what it registered, CPU and memory together.
#[derive(Debug)]
struct BestFit;

impl CustomStrategy for BestFit {
    fn name(&self) -> &str {
        "best-fit"
    }

    // Whole numbers only, so that every machine ranks alike: parts per million. The smallest key wins.
    fn key(&self, candidate: &Candidate<'_>, request: &Request<'_>) -> u64 {
        let registered = candidate.instance.registered;
        let left = |remaining: u32, needed: u32, registered: u32| {
            u64::from(remaining.saturating_sub(needed)) * 1_000_000 / u64::from(registered.max(1))
        };
        left(candidate.remaining.cpu, request.requirements.cpu, registered.cpu)
            + left(candidate.remaining.memory, request.requirements.memory, registered.memory)
    }
}

// Tasks that want much of one resource and little of the other, on instances of two shapes.
const SCENARIO: &str = "
name: shapes
simulation: {duration: 12h, seed: 1}
containerInstances:
  - {name: compute, instanceType: c5.2xlarge, count: 8}
  - {name: memory, instanceType: r5.xlarge, count: 8}
taskDefinitions:
  - {family: cruncher, containerDefinitions: [{name: main, image: x, cpu: 2048, memory: 1024}]}
  - {family: cache, containerDefinitions: [{name: main, image: x, cpu: 512, memory: 7168}]}
workload:
  - {name: crunch, runTask: {taskDefinition: cruncher}, every: {poisson: {ratePerHour: 150}},
     duration: {lognormal: {median: 8m, p95: 30m}}}
  - {name: cache, runTask: {taskDefinition: cache}, every: {poisson: {ratePerHour: 90}},
     duration: {lognormal: {median: 10m, p95: 30m}}}
";

/// The scenario's model with every call placed by these strategies.
fn model(strategies: &[Strategy]) -> Model {
    let files = MemoryFiles::new().with("scenario.yaml", SCENARIO);
    let mut model =
        prepare(&files, "scenario.yaml", &[], &Limits::default()).ready.expect("the scenario is fine").model;
    for placement in Arc::make_mut(&mut model.placements).values_mut() {
        placement.strategies = strategies.to_vec();
    }
    model
}

/// Runs the scenario under each chain and prints how many calls found no place.
pub fn main() {
    let binpack = |resource| Strategy::Binpack(resource);
    for strategies in [
        vec![Strategy::Random],
        vec![binpack(BinpackResource::Cpu)],
        vec![binpack(BinpackResource::Memory), binpack(BinpackResource::Cpu)],
        vec![Strategy::Custom(Arc::new(BestFit))],
    ] {
        let mut simulation = Simulation::new(model(&strategies));
        let definitions = Arc::clone(&simulation.model().definitions);
        let mut summary = SummaryBuilder::new(&definitions);
        simulation.run(&mut summary);
        let tasks = summary.finish(simulation.now(), simulation.cluster()).tasks;
        let names: Vec<String> = strategies.iter().map(|strategy| strategy.describe(&definitions)).collect();
        println!(
            "{:<31} {:>5} tasks asked for, {:>4} found no place",
            names.join(", "),
            tasks.requested,
            tasks.dropped
        );
    }
}
