//! A run from Rust: scenario text in, totals out, with an observer of one's own.
//!
//! ```text
//! cargo run --release --example run_from_rust
//! ```

use ecsim::cluster::{Cluster, Fact, Observer};
use ecsim::engine::Simulation;
use ecsim::kernel::SimTime;
use ecsim::report::summary::SummaryBuilder;
use ecsim::scenario::{document::Limits, prepare, source::MemoryFiles};

const SCENARIO: &str = "
name: two-hours
simulation: {duration: 2h, seed: 7}
containerInstances: [{name: node, instanceType: m5.large, count: 2}]
taskDefinitions:
  - {family: job, containerDefinitions: [{name: main, image: job, cpu: 512, memory: 1024}]}
workload:
  - runTask: {taskDefinition: job}
    every: {poisson: {ratePerHour: 60}}
    duration: {lognormal: {median: 5m, p95: 15m}}
    whenUnplaced: queue
";

/// How many copies found no place at once, and when that first happened. Any fold over the facts can be written so.
#[derive(Default)]
struct Unplaced {
    copies: u64,
    first: Option<SimTime>,
}

impl Observer for Unplaced {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        if let Fact::RequestQueued { .. } = fact {
            self.copies += 1;
            self.first.get_or_insert(now);
        }
    }
}

/// Runs the scenario and prints what came of it.
pub fn main() {
    // Files come through a trait; `ecsim::scenario::disk::DiskFiles` reads them from the disk.
    let files = MemoryFiles::new().with("scenario.yaml", SCENARIO);
    let prepared = prepare(&files, "scenario.yaml", &[], &Limits::default());
    let Some(ready) = prepared.ready else {
        // Every problem at once, with file, line, column and excerpt.
        eprintln!("{}", prepared.diagnostics.render(&prepared.sources, Default::default()));
        return;
    };

    let mut simulation = Simulation::new(ready.model);
    let mut summary = SummaryBuilder::new(simulation.cluster().definitions());
    let mut unplaced = Unplaced::default();
    simulation.run(&mut (&mut summary, &mut unplaced));

    let summary = summary.finish(simulation.now(), simulation.cluster());
    println!("{} tasks asked for, {} started", summary.tasks.requested, summary.tasks.started);
    println!("{} copies had to wait for a place", unplaced.copies);
    if let Some(first) = unplaced.first {
        println!("the first of them at {first}");
    }
    println!("95 % were RUNNING within {:.0} s", summary.time_to_running.total.p95.unwrap_or_default());
}
