//! What a control loop costs: counted, not timed. A quiet hour costs the same whatever ran before it and whatever idles.

mod kit;

use ecsim_cluster::Fact;
use ecsim_engine::RunCounts;
use ecsim_engine::Simulation;
use ecsim_engine::builder::constant;
use ecsim_engine::model::{Arrivals, Call, WhenUnplaced};
use kit::capacity::Plan;
use kit::{Recorder, at, secs};

/// How much one quiet hour does, after an hour in which so many tasks ran and ended and so many instances came and went,
/// beside so many idle instances.
fn quiet_hour(finished: u64, gone: u32, idle: u32) -> RunCounts {
    let mut plan = Plan::new((idle + 1, idle + 1, idle + 1 + gone), 1_000, 30.0, 100);
    plan.service("web", 1_000, 1);
    let task = plan.builder.task_definition("job", ecsim_engine::builder::Builder::needs(1, 1));
    let anywhere = plan.builder.rules(&["binpack(cpu)"], &[]);
    let arrivals = Arrivals::At((0..finished).map(|number| at(number % 3_000)).collect());
    let duration = Some(constant(30.0));
    let shape = plan.builder.shape("fixed", kit::room(1_000_000, 1_000_000));
    plan.builder.instances("fixed", shape, "us-east-1a", 1);
    plan.builder.source("jobs", task, anywhere, arrivals, duration, WhenUnplaced::Drop);
    // Instances that come and go again: those that are gone are rows for ever.
    let group = plan.group;
    plan.builder.call(at(100), Call::SetDesiredCapacity { group, to: idle + 1 + gone });
    plan.builder.call(at(200), Call::SetDesiredCapacity { group, to: idle + 1 });
    plan.builder.metrics_period = secs(60);
    plan.builder.duration = secs(9_000);
    let mut sim = Simulation::new(plan.builder.build());
    let mut recorder = Recorder::default();
    sim.run_until(at(5_400), &mut recorder);
    let before = sim.counts();
    let terminated = recorder.facts.iter().filter(|(_, fact)| matches!(fact, Fact::InstanceTerminated { .. })).count();
    assert_eq!(terminated, gone as usize);
    assert_eq!(sim.cluster().tasks().created(), finished as usize + 1);
    sim.run_until(at(9_000), &mut recorder);
    let after = sim.counts();
    RunCounts {
        events: after.events - before.events,
        facts: after.facts - before.facts,
        turns: after.turns - before.turns,
        placements: after.placements - before.placements,
    }
}

#[test]
fn a_quiet_hour_costs_the_same_after_a_busy_one_and_beside_idle_instances() {
    let least = quiet_hour(1, 0, 1);
    // A sample, and its turn a datapoint later, each minute; an entry of the periods; nothing else but a few alarms.
    assert!(least.turns <= 2 * 60 + 5 && least.events <= 4 * 60, "{least:?}");
    assert_eq!(least.placements, 0);
    for (finished, gone, idle) in [(3_000, 0, 1), (1, 200, 1), (1, 0, 300), (3_000, 200, 300)] {
        let more = quiet_hour(finished, gone, idle);
        assert_eq!(more, least, "{finished} tasks ended, {gone} instances are gone, {idle} idle");
    }
}
