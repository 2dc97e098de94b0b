//! Changing one policy leaves all other luck as it was: arrivals and durations are the same to the millisecond. And what
//! is written in another order, or does nothing, changes nothing.

#[path = "swarm/dice.rs"]
mod dice;
#[path = "swarm/fleet.rs"]
mod fleets;
mod kit;

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::Fact;
use ecsim_cluster::definitions::{CapacityPool, GroupDefinition, LaunchOption, LaunchOwner};
use ecsim_cluster::fact::TaskOrigin;
use ecsim_engine::Model;
use ecsim_engine::builder::Builder;
use ecsim_engine::fleet::SpotProcess;
use ecsim_engine::model::{Arrivals, Crash, WhenUnplaced};
use ecsim_kernel::{Distribution, SimTime};
use ecsim_policies::capacity::spec::{GroupSpec, PoolSpec};
use ecsim_policies::settings::TieBreak;
use kit::{Run, at, digest_of, fleet};

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
            Fact::TaskCreated { instance: Some(instance), .. } => places.push(run.name(instance).to_owned()),
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

/// A fleet's model with lists in another order where order says nothing, and with things that never do anything.
fn rearranged(model: &Model) -> Model {
    let mut definitions = (*model.definitions).clone();
    let mut capacity = (*model.capacity).clone();
    let mut fleet = (*model.fleet).clone();
    // Series of different metrics, times without Fargate, daemons: sets, written as lists.
    fleet.metrics.reverse();
    fleet.fargate.unavailable.reverse();
    // A group that wants nothing, in pools of its own, behind all others.
    let zone = definitions.zones.iter().next().map(|(zone, _)| zone).expect("a zone");
    let mut idle = Builder::new();
    let (name, first) = (definitions.zones.name(zone).to_owned(), [("idle", kit::room(1, 1))]);
    let idle_id = idle.auto_scaling_group("zzz", (0, 0, 5), &[&name], &first, 1.0);
    let (row, spec, machine) = idle.group_mut(idle_id);
    let group = definitions.auto_scaling_groups.push(GroupDefinition { zones: vec![zone], ..row.clone() });
    let pool = definitions.pools.push(CapacityPool { instance_type: "idle".into(), zone });
    let shape = definitions.shapes.values().next().expect("a shape").clone();
    let shape = definitions.shapes.push(shape);
    let option = definitions.launch_options.push(LaunchOption {
        owner: LaunchOwner::Group(group),
        pool,
        shape,
        zone,
        subnet: None,
        rank: 0,
        template: 1,
        volume_gib: 0,
    });
    capacity.groups.push(GroupSpec { options: vec![option], ..spec.clone() });
    fleet.groups.push(machine.clone());
    let unpriced = PoolSpec {
        on_demand_nano_dollars: 1,
        spot_nano_dollars: 0,
        monthly_interruption: 0.5,
        on_demand_limit: None,
        spot_limit: None,
    };
    capacity.pools.push(unpriced);
    fleet.spot.push(SpotProcess::Advisor);
    Model { definitions: Arc::new(definitions), capacity: Arc::new(capacity), fleet: Arc::new(fleet), ..model.clone() }
}

#[test]
fn what_is_written_in_another_order_or_does_nothing_changes_nothing() {
    for seed in 1..=40 {
        let model = fleets::make_full(seed).model;
        let other = Arc::new(rearranged(&model));
        assert_eq!(digest_of(&model), digest_of(&other), "seed {seed}");
    }
}
