//! Changing one policy leaves all other luck as it was: arrivals and durations are the same to the millisecond.

mod kit;

use std::collections::BTreeMap;

use ecsim_cluster::Fact;
use ecsim_cluster::fact::TaskOrigin;
use ecsim_engine::builder::Builder;
use ecsim_engine::model::{Arrivals, Crash, WhenUnplaced};
use ecsim_kernel::{Distribution, SimTime};
use ecsim_policies::settings::TieBreak;
use kit::{Run, at, fleet};

/// Times of requests, and how long each task ran, by who wanted it.
#[derive(Debug, PartialEq, Eq)]
struct Luck {
    requests: Vec<(u64, Fact)>,
    lives: BTreeMap<TaskOrigin, u64>,
}

fn luck(strategies: &[&str], ties: TieBreak, fast: bool) -> (Luck, Vec<String>) {
    let mut builder = Builder::new();
    builder.seed = 11;
    builder.settings.placement_tie_break = ties;
    fleet(
        &mut builder,
        &[("a1", "a", 8192, 16_000), ("a2", "a", 8192, 16_000), ("b1", "b", 8192, 24_000), ("c1", "c", 16_384, 32_000)],
    );
    let job = builder.task_definition("job", Builder::needs(128, 256));
    builder.behavior_mut(job).containers[0].cold_pull = Distribution::log_normal(4.0, 30.0).unwrap();
    builder.behavior_mut(job).containers[0].cached_pull = Distribution::log_normal(1.0, 3.0).unwrap();
    let placement = builder.rules(strategies, &[]);
    let arrivals = |mean: f64| Arrivals::Renewal {
        interval: Distribution::exponential(mean).unwrap(),
        first_at_start: false,
        from: SimTime::ZERO,
        until: at(3_000),
        limit: u64::MAX,
    };
    let duration = Some(Distribution::log_normal(60.0, 400.0).unwrap());
    builder.source("jobs", job, placement, arrivals(8.0), duration.clone(), WhenUnplaced::Queue);
    builder.source("more", job, placement, arrivals(20.0), duration, WhenUnplaced::Drop);
    let web = builder.task_definition("web", Builder::needs(64, 128));
    builder.behavior_mut(web).containers[0].crash =
        Some(Crash { after: Distribution::exponential(300.0).unwrap(), probability: 1.0, exit_code: 1 });
    builder.service("web", web, 6, placement);
    if fast {
        builder.behavior_mut(job).start = ecsim_engine::builder::constant(3.0);
    }
    builder.duration = kit::secs(7_200);
    let run = Run::whole(builder);
    let mut requests = Vec::new();
    let mut lives = BTreeMap::new();
    let mut running = BTreeMap::new();
    let mut places = Vec::new();
    let origins: BTreeMap<_, _> = run.created().map(|(_, task, origin, _)| (task, origin)).collect();
    for (time, fact) in run.facts() {
        match *fact {
            Fact::TaskRequested { .. } => requests.push((time.ms(), *fact)),
            Fact::TaskCreated { instance, .. } => places.push(run.name(instance).to_owned()),
            Fact::TaskStatusChanged { task, to: ecsim_cluster::TaskStatus::Running } => {
                running.insert(task, time.ms());
            }
            Fact::ContainerExited { task, .. } => {
                lives.insert(origins[&task], time.ms() - running[&task]);
            }
            _ => {}
        }
    }
    (Luck { requests, lives }, places)
}

#[test]
fn the_strategy_shifts_no_arrival_and_no_duration() {
    let (packed, packed_places) = luck(&["binpack(memory)"], TieBreak::Fixed, false);
    assert!(packed.requests.len() > 400 && packed.lives.len() > 400);
    let zones = "spread(attribute:ecs.availability-zone)";
    for (strategies, ties) in [
        (&[zones, "spread(instanceId)"][..], TieBreak::Fixed),
        (&["random"][..], TieBreak::Random),
        (&[zones][..], TieBreak::Random),
    ] {
        let (other, places) = luck(strategies, ties, false);
        assert_ne!(places, packed_places, "{strategies:?}: the test must change something");
        assert_eq!(other.requests, packed.requests, "{strategies:?}");
        // The last crash of a service may fall beyond the end in one of the runs.
        for (origin, life) in &packed.lives {
            if matches!(origin, TaskOrigin::Source { .. }) || other.lives.contains_key(origin) {
                assert_eq!(other.lives.get(origin), Some(life), "{strategies:?} {origin:?}");
            }
        }
    }
}

#[test]
fn a_slower_start_shifts_no_arrival_and_no_duration() {
    let (one, _) = luck(&["random"], TieBreak::Random, false);
    let (two, _) = luck(&["random"], TieBreak::Random, true);
    assert_eq!(one.requests, two.requests);
    for (origin, life) in one.lives.iter().filter(|(origin, _)| matches!(origin, TaskOrigin::Source { .. })) {
        assert_eq!(two.lives.get(origin), Some(life), "{origin:?}");
    }
}
