//! The victim order: worked examples, a test per rule, and the definition in twenty lines to compare with.

use std::cmp::Reverse;

use ecsim_cluster::{ServiceId, StopReason, TaskId};
use proptest::prelude::*;

use super::{Bench, instances, replica, replica_with, secs};
use crate::placement::strategies::{BinpackResource, SpreadField, Strategy};
use crate::services::scale_in::{Class, Victims};
use crate::settings::TieBreak;
use crate::testkit::Plan;

/// A bench with tasks of `web`, each RUNNING on the instance named, in that order.
fn bench(strategies: &[&str], names: &[&str], tasks: &[&str]) -> Bench {
    let mut plan = Plan::new();
    instances(&mut plan, names, 8_000, 8_000);
    let placement = if strategies.is_empty() { plan.service_default(&[]) } else { plan.placement(strategies, &[]) };
    replica_with(&mut plan, "web", tasks.len() as u32, placement, (100, 1_000));
    let mut bench = Bench::new(plan.start());
    for instance in tasks {
        bench.running("web", instance);
    }
    bench
}

/// Scales in by so many and names the victims by `task@instance`, numbers from 1 as in the examples.
fn victims(bench: &mut Bench, count: u32) -> Vec<String> {
    if bench.controllers.is_empty() {
        bench.begin();
        bench.until(100);
    }
    let live = bench.lab.cluster.services()[ServiceId::new(0)].live;
    bench.take_log();
    bench.scale("web", live - count);
    let now = bench.lab.now.whole_secs();
    bench.until(now + 1);
    bench
        .lines("stop")
        .iter()
        .map(|line| {
            let (task, instance) = line.split(' ').nth(2).unwrap()[1..].split_once('@').unwrap();
            format!("t{}@{instance}", task.parse::<u32>().unwrap() + 1)
        })
        .collect()
}

#[test]
fn px_20_scale_in_without_a_strategy() {
    let tasks = ["A1", "B1", "C1", "B1", "C2"];
    let mut fixed = bench(&[], &["A1", "B1", "C1", "C2"], &tasks);
    assert_eq!(victims(&mut fixed, 2), ["t4@B1", "t5@C2"]);
    assert_eq!(fixed.layout("web"), "A1=1 B1=1 C1=1");
    for seed in 0..50 {
        let mut random = bench(&[], &["A1", "B1", "C1", "C2"], &tasks);
        random.lab.settings.placement_tie_break = TieBreak::Random;
        random.lab.streams.seed = seed;
        let stopped = victims(&mut random, 2);
        assert!(stopped[0].ends_with("@B1") && stopped[1].contains("@C"), "{stopped:?}");
    }
}

#[test]
fn px_21_scale_in_with_binpack() {
    let set_up = || {
        let mut plan = Plan::new();
        for (name, memory) in [("A1", 8_000), ("A2", 4_000), ("A3", 8_000)] {
            plan.instance(name, "a", crate::testkit::room(8_000, memory), &[]);
        }
        let placement = plan.placement(&["binpack(memory)"], &[]);
        replica_with(&mut plan, "web", 11, placement, (100, 1_000));
        let other = plan.task("other", 0, 2_000);
        let group = plan.group("family:other");
        let mut bench = Bench::new(plan.start());
        let request = bench.lab.request(other, group, placement);
        bench.lab.put(&request, bench.lab.instance("A1"));
        for (instance, count) in [("A1", 4), ("A2", 1), ("A3", 6)] {
            for _ in 0..count {
                bench.running("web", instance);
            }
        }
        bench
    };
    // Task 0 is somebody else's, so the numbers are one higher: t6 is the example's t5.
    assert_eq!(victims(&mut set_up(), 3), ["t6@A2", "t12@A3", "t11@A3"]);
    for seed in 0..50 {
        let mut random = set_up();
        random.lab.settings.placement_tie_break = TieBreak::Random;
        random.lab.streams.seed = seed;
        let stopped = victims(&mut random, 3);
        assert_eq!(stopped[0], "t6@A2");
        assert_eq!(stopped[1].split_once('@').unwrap().1, stopped[2].split_once('@').unwrap().1, "{stopped:?}");
    }
}

#[test]
fn plc_070_counts_are_taken_again_after_each_stop() {
    let mut bench = bench(&["spread(instanceId)"], &["A1", "A2"], &["A1", "A1", "A1", "A2", "A2"]);
    assert_eq!(victims(&mut bench, 3), ["t3@A1", "t5@A2", "t2@A1"]);
}

#[test]
fn plc_071_zone_with_most_then_instance_with_most() {
    let mut bench = bench(&[], &["A1", "A2", "B1"], &["A1", "A2", "A2", "B1", "B1"]);
    assert_eq!(victims(&mut bench, 2), ["t3@A2", "t5@B1"], "zone a has three, and A2 two of them");
}

#[test]
fn plc_072_the_chain_runs_backwards_and_random_ends_it() {
    let zone_then_binpack = ["spread(attribute:ecs.availability-zone)", "binpack(memory)"];
    let mut packed = bench(&zone_then_binpack, &["A1", "A2", "B1"], &["A1", "A1", "A2", "B1"]);
    assert_eq!(victims(&mut packed, 1), ["t3@A2"], "zone a is fuller, and A2 will have more left than A1");
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut random = bench(&["random", "spread(instanceId)"], &["A1", "A2"], &["A1", "A1", "A1", "A2"]);
        random.lab.settings.placement_tie_break = TieBreak::Random;
        random.lab.streams.seed = seed;
        seen.extend(victims(&mut random, 1));
    }
    assert_eq!(seen.len(), 4, "uniform, and what follows has no effect: {seen:?}");
    let mut ordinal = bench(&["random", "spread(instanceId)"], &["A1", "A2"], &["A1", "A1", "A1", "A2"]);
    assert_eq!(victims(&mut ordinal, 1), ["t4@A2"], "in ordinal mode nothing is left to luck (PLC-074)");
}

#[test]
fn plc_073_explicit_zone_spread_is_random_inside_the_zone() {
    let mut counts = std::collections::BTreeMap::new();
    for seed in 0..400 {
        let mut random =
            bench(&["spread(attribute:ecs.availability-zone)"], &["A1", "A2", "B1"], &["A1", "A1", "A1", "A2", "B1"]);
        random.lab.settings.placement_tie_break = TieBreak::Random;
        random.lab.streams.seed = seed;
        *counts.entry(victims(&mut random, 1).remove(0)).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 4, "every task of zone a, none of zone b: {counts:?}");
    assert!(counts.values().all(|count| (70..=130).contains(count)), "uniform over tasks: {counts:?}");
}

#[test]
fn plc_074_ordinal_ties_go_to_the_newest() {
    let mut bench = bench(&["spread(attribute:ecs.availability-zone)"], &["A1", "A2"], &["A2", "A1", "A1", "A2", "A1"]);
    assert_eq!(victims(&mut bench, 3), ["t5@A1", "t4@A2", "t3@A1"]);
}

#[test]
fn plc_074_random_ties_change_with_each_stop_and_repeat_with_the_seed() {
    let run = |seed| {
        let mut random = bench(&["random"], &["A1", "A2"], &["A1"; 8]);
        random.lab.settings.placement_tie_break = TieBreak::Random;
        random.lab.streams.seed = seed;
        victims(&mut random, 4)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn plc_075_protected_tasks_count_in_buckets_and_are_never_stopped() {
    let mut bench = bench(&[], &["A1", "B1"], &["A1", "A1", "A1", "B1"]);
    for task in [0, 2] {
        bench.protect(TaskId::new(task), secs(10_000));
    }
    assert_eq!(victims(&mut bench, 1), ["t2@A1"], "zone a is fullest with its protected tasks counted");
    assert_eq!(victims(&mut bench, 1), ["t4@B1"], "zone a still is, but all its tasks are protected");
}

#[test]
fn plc_076_tasks_that_do_not_run_yet_go_first() {
    let mut plan = Plan::new();
    instances(&mut plan, &["A1", "B1"], 8_000, 8_000);
    replica(&mut plan, "web", 4);
    let mut bench = Bench::new(plan.start());
    for instance in ["A1", "A1", "A1"] {
        bench.running("web", instance);
    }
    bench.pending("web", "B1");
    assert_eq!(victims(&mut bench, 2), ["t4@B1", "t3@A1"]);
}

#[test]
fn plc_077_zone_spread_never_empties_an_instance_on_purpose() {
    let mut bench = bench(&[], &["A1", "A2", "A3"], &["A1", "A2", "A3", "A1", "A2", "A3"]);
    victims(&mut bench, 3);
    assert_eq!(bench.layout("web"), "A1=1 A2=1 A3=1");
}

#[test]
fn svc_025_with_a_strategy_the_rest_stays_best() {
    let mut spread = bench(&["spread(instanceId)"], &["A1", "A2"], &["A1", "A1", "A1", "A2"]);
    assert_eq!(victims(&mut spread, 2), ["t3@A1", "t2@A1"]);
    let mut packed = bench(&["binpack(cpu)"], &["A1", "A2"], &["A1", "A1", "A1", "A2"]);
    assert_eq!(victims(&mut packed, 1), ["t4@A2"]);
}

/// The definition: look at every task, every time.
fn by_definition(bench: &Bench, candidates: &[(TaskId, Class)]) -> Option<TaskId> {
    let view = bench.lab.view();
    let row = &view.cluster.services()[ServiceId::new(0)];
    let live: Vec<_> = row.tasks.iter().map(|task| view.cluster.task(*task)).filter(|task| task.is_live()).collect();
    let key = |id: TaskId| -> Vec<u64> {
        let task = view.cluster.task(id);
        let instance = &view.cluster.instances()[task.instance.unwrap()];
        view.placements[row.placement]
            .strategies
            .iter()
            .map(|strategy| match strategy {
                Strategy::Spread(SpreadField::Instance) => {
                    live.iter().filter(|other| other.instance == task.instance).count() as u64
                }
                Strategy::Spread(SpreadField::Attribute(attribute)) => live
                    .iter()
                    .filter(|other| {
                        view.cluster.instances()[other.instance.unwrap()].attribute(*attribute)
                            == instance.attribute(*attribute)
                    })
                    .count() as u64,
                Strategy::Binpack(BinpackResource::Cpu) => u64::from(instance.remaining.cpu + task.reserved.cpu),
                Strategy::Binpack(BinpackResource::Memory) => {
                    u64::from(instance.remaining.memory + task.reserved.memory)
                }
                Strategy::Random | Strategy::Custom(_) => 0,
            })
            .collect()
    };
    candidates
        .iter()
        .filter(|(task, _)| view.cluster.tasks().get(*task).is_some_and(ecsim_cluster::Task::is_live))
        .max_by_key(|(task, class)| (Reverse(*class), key(*task), *task))
        .map(|(task, _)| *task)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn plc_072_victims_equal_the_definition(
        chain in prop::collection::vec(0..5_usize, 1..=5),
        tasks in prop::collection::vec((0..6_usize, 0..3_u8), 1..40),
        started in prop::collection::vec(0..6_usize, 0..4),
    ) {
        let strategies = [
            "spread(attribute:ecs.availability-zone)", "spread(instanceId)", "binpack(cpu)", "binpack(memory)",
            "spread(attribute:rack)",
        ];
        let names = ["A1", "A2", "B1", "B2", "C1", "C2"];
        let mut plan = Plan::new();
        for (at, name) in names.iter().enumerate() {
            let rack = ["rack=1", "rack=2", "other"][at % 3];
            let size = crate::testkit::room(9_000 + 100 * at as u32, 90_000 - 1_000 * (at as u32 % 2));
            plan.instance(name, &name[..1].to_lowercase(), size, &[rack]);
        }
        let chain: Vec<&str> = chain.iter().map(|at| strategies[*at]).collect();
        let placement = plan.placement(&chain, &[]);
        replica_with(&mut plan, "web", 0, placement, (100, 1_000));
        let mut bench = Bench::new(plan.start());
        let service = ServiceId::new(0);
        let mut candidates = Vec::new();
        for (at, class) in tasks {
            let task = bench.pending("web", names[at]);
            // The third kind of task is no candidate, but counts.
            match class {
                0 => candidates.push((task, Class::NotRunning)),
                1 => candidates.push((task, Class::Rest)),
                _ => {}
            }
        }
        let mut victims = Victims::new(&bench.lab.view(), service, candidates.iter().copied());
        prop_assert_eq!(victims.len(), candidates.len());
        let mut started = started.into_iter();
        while let Some(task) = victims.next(&bench.lab.view()) {
            prop_assert_eq!(Some(task), by_definition(&bench, &candidates));
            let instance = bench.lab.cluster.task(task).instance.unwrap();
            bench.lose(task, StopReason::ScaleIn);
            victims.changed(&bench.lab.view(), instance);
            if let Some(at) = started.next() {
                let task = bench.pending("web", names[at]);
                let instance = bench.lab.cluster.task(task).instance.unwrap();
                victims.changed(&bench.lab.view(), instance);
            }
        }
        prop_assert!(victims.is_empty());
        prop_assert_eq!(by_definition(&bench, &candidates), None);
    }
}
