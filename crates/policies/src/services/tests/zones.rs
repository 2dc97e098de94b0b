//! Rebalancing over zones: who may have it, what balance is, and the procedure row by row of PX-23.

use ecsim_cluster::definitions::{LaunchType, NetworkMode, SchedulingStrategy};
use ecsim_cluster::{Fact, InstanceStatus, ServiceId, StopReason, TaskId, ZoneId};
use proptest::prelude::*;

use super::{Bench, instances, replica, replica_with, secs};
use crate::services::zone_rebalancing::{
    Counted, DAEMON, EXTERNAL, Eligibility, First, MAXIMUM_PERCENT, ONLY_ZONE_SPREAD, ZONE_CONSTRAINT, ZoneCount,
    is_balanced, set_targets, starts, stops, zone_counts,
};
use crate::testkit::Plan;

const WEB: ServiceId = ServiceId::new(0);

fn counts(tasks: &[u32], desired: u32) -> Vec<ZoneCount> {
    let mut counts: Vec<ZoneCount> = (0..)
        .zip(tasks)
        .map(|(zone, tasks)| ZoneCount { zone: ZoneId::new(zone), configured: true, tasks: *tasks, target: 0 })
        .collect();
    set_targets(&mut counts, desired);
    counts
}

fn targets(tasks: &[u32], desired: u32) -> Vec<u32> {
    counts(tasks, desired).iter().map(|count| count.target).collect()
}

const ELIGIBLE: Eligibility<'static> = Eligibility {
    scheduling: SchedulingStrategy::Replica,
    launch_type: LaunchType::Ec2,
    first_strategy: None,
    zone_constraint: false,
    maximum_percent: 200,
};

#[test]
fn azr_002_azr_003_who_may_be_rebalanced_and_what_the_others_are_told() {
    let zone = First::SpreadAttribute("ecs.availability-zone");
    for (service, expected) in [
        (ELIGIBLE, Ok(())),
        (Eligibility { first_strategy: Some(zone), ..ELIGIBLE }, Ok(())),
        (Eligibility { first_strategy: Some(First::Other), ..ELIGIBLE }, Err(ONLY_ZONE_SPREAD)),
        (Eligibility { first_strategy: Some(First::SpreadAttribute("rack")), ..ELIGIBLE }, Err(ONLY_ZONE_SPREAD)),
        (Eligibility { zone_constraint: true, ..ELIGIBLE }, Err(ZONE_CONSTRAINT)),
        (Eligibility { scheduling: SchedulingStrategy::Daemon, ..ELIGIBLE }, Err(DAEMON)),
        (Eligibility { launch_type: LaunchType::External, ..ELIGIBLE }, Err(EXTERNAL)),
        (Eligibility { maximum_percent: 100, ..ELIGIBLE }, Err(MAXIMUM_PERCENT)),
        (Eligibility { maximum_percent: 101, ..ELIGIBLE }, Ok(())),
    ] {
        assert_eq!(service.check(), expected, "{service:?}");
        assert_eq!(service.on_create(Some(true)), expected.map(|()| true), "an explicit ENABLED");
        assert_eq!(service.on_create(None), Ok(expected.is_ok()), "an absent value resolves by itself");
        assert_eq!(service.on_create(Some(false)), Ok(false));
        assert_eq!(service.on_update(true, None), expected.map(|()| true), "what is stored must stay possible");
        assert_eq!(service.on_update(true, Some(false)), Ok(false));
        assert_eq!(service.on_update(false, None), Ok(false));
    }
    assert_eq!(
        [ONLY_ZONE_SPREAD, MAXIMUM_PERCENT, DAEMON],
        [
            "Availability Zone Rebalancing only supports availability zone spread as task placement strategy",
            "Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.",
            "Availability Zone Rebalancing does not support DAEMON services",
        ],
    );
}

#[test]
fn px_23_eligible_or_not() {
    let mut plan = Plan::new();
    for (strategies, expected) in [
        (&["spread(attribute:ecs.availability-zone)", "binpack(memory)"][..], true),
        (&["binpack(memory)"], false),
        (&["spread(instanceId)", "spread(attribute:ecs.availability-zone)"], false),
        (&["random"], false),
        (&[], true),
    ] {
        let placement = plan.placement(strategies, &[]);
        let first =
            First::of(&plan.placements[placement].strategies, |attribute| plan.definitions.attributes.name(attribute));
        let service = Eligibility { first_strategy: first, ..ELIGIBLE };
        assert_eq!(service.check().is_ok(), expected, "{strategies:?}");
    }
}

#[test]
fn azr_004_balanced_is_floor_or_ceil_in_every_zone() {
    for (tasks, desired, expected) in [
        (&[1, 1][..], 2, true),
        (&[1, 2], 3, true),
        (&[2, 1], 3, true),
        (&[1, 2, 2], 5, true),
        (&[3, 2, 0], 5, false),
        (&[2, 0], 2, false),
        (&[3, 0], 3, false),
        (&[0, 1, 0], 1, true),
        (&[1, 0, 1], 2, true),
        (&[0, 0, 2], 2, false),
        (&[0, 0], 0, true),
        (&[2, 2, 2], 5, false),
    ] {
        assert_eq!(is_balanced(&counts(tasks, desired)), expected, "{tasks:?} for {desired}");
    }
}

#[test]
fn azr_006_the_zones_with_most_tasks_get_the_larger_number() {
    assert_eq!(targets(&[3, 2, 0], 5), [2, 2, 1]);
    assert_eq!(targets(&[0, 3], 3), [1, 2]);
    assert_eq!(targets(&[0, 5, 1, 2], 8), [2, 2, 2, 2]);
    assert_eq!(targets(&[1, 1, 3], 5), [2, 1, 2], "the first of equals");
    assert_eq!(starts(&counts(&[6, 0, 0], 6), 3), [(ZoneId::new(1), 2), (ZoneId::new(2), 1)]);
    assert_eq!(stops(&counts(&[6, 2, 1], 6), 3), [(ZoneId::new(0), 3)]);
    assert_eq!(stops(&counts(&[4, 4, 0, 0], 8), 3), [(ZoneId::new(0), 2), (ZoneId::new(1), 1)]);
}

proptest! {
    #[test]
    fn azr_006_no_balanced_target_needs_fewer_moves(tasks in prop::collection::vec(0..5_u32, 1..5)) {
        let desired: u32 = tasks.iter().sum();
        let found = counts(&tasks, desired);
        prop_assert_eq!(found.iter().map(|count| count.target).sum::<u32>(), desired);
        let moves: u32 = found.iter().map(ZoneCount::lack).sum();
        let (zones, extra) = (tasks.len() as u32, desired % tasks.len() as u32);
        for choice in 0..1_u32 << zones {
            if choice.count_ones() == extra {
                let lack = |at: usize| (desired / zones + (choice >> at & 1)).saturating_sub(tasks[at]);
                prop_assert!(moves <= (0..tasks.len()).map(lack).sum());
            }
        }
    }
}

#[test]
fn azr_005_zones_of_the_subnets_or_of_instances_that_would_do() {
    let mut plan = Plan::new();
    let size = crate::testkit::room(1_000, 1_000);
    plan.instance("A1", "a", size, &["role=web"]);
    plan.instance("B1", "b", size, &[]);
    let connected = plan.instance("C1", "c", size, &["role=web"]);
    let draining = plan.instance("D1", "d", size, &["role=web"]);
    let placement = plan.service_default(&["attribute:role == web"]);
    replica_with(&mut plan, "web", 2, placement, (10, 10));
    let awsvpc = replica(&mut plan, "zoned", 2);
    let task = plan.definitions.services[awsvpc].task_definition();
    plan.definitions.task_definitions[task].network_mode = NetworkMode::Awsvpc;
    let subnets = vec![plan.subnet("one", "b", 100), plan.subnet("two", "e", 100), plan.subnet("three", "b", 100)];
    plan.definitions.services[awsvpc].revisions[0].subnets = subnets;
    let mut lab = plan.start();
    let zones = |lab: &crate::testkit::Lab, service| -> Vec<u32> {
        zone_counts(&lab.view(), service, Counted::OnInstances, 0).iter().map(|count| count.zone.get()).collect()
    };
    assert_eq!(zones(&lab, WEB), [0, 2, 3]);
    lab.apply(Fact::AgentConnectionChanged { instance: connected, connected: false });
    lab.apply(Fact::InstanceStatusChanged { instance: draining, to: InstanceStatus::Draining });
    assert_eq!(zones(&lab, WEB), [0]);
    assert_eq!(zones(&lab, awsvpc), [1, 4]);
}

/// `web` with rebalancing, its tasks RUNNING since 0 on the instances named: steady at 40, looked at from 640 on.
fn bench(names: &[&str], tasks: &[&str], maximum: u32) -> Bench {
    let mut plan = Plan::new();
    instances(&mut plan, names, 8_000, 8_000);
    rebalanced(plan, tasks, maximum)
}

fn rebalanced(mut plan: Plan, tasks: &[&str], maximum: u32) -> Bench {
    let service = replica(&mut plan, "web", tasks.len() as u32);
    plan.definitions.services[service].availability_zone_rebalancing = true;
    plan.definitions.services[service].maximum_percent = maximum;
    let mut bench = Bench::new(plan.start());
    for instance in tasks {
        bench.running("web", instance);
    }
    bench.begin();
    bench.until(639);
    assert_eq!(bench.take_log(), ["40 event SteadyState"]);
    bench
}

#[test]
fn px_23_five_over_three_balanced() {
    let mut balanced = bench(&["A1", "B1", "C1"], &["A1", "B1", "B1", "C1", "C1"], 200);
    balanced.until(10_000);
    assert_eq!(balanced.take_log(), [""; 0]);
}

#[test]
fn px_23_five_over_three_one_zone_empty() {
    let mut skewed = bench(&["A1", "B1", "C1"], &["A1", "A1", "A1", "B1", "B1"], 200);
    skewed.until(10_000);
    assert_eq!(
        skewed.take_log(),
        [
            "640 event RebalancingStarted",
            "640 start t5@C1",
            "640 event t5+1 started in c",
            "681 stop t2@A1 Rebalancing",
            "681 event t2 stopped in a",
            "681 event RebalancingCompleted",
            "681 event SteadyState",
        ],
    );
    assert_eq!(skewed.layout("web"), "A1=2 B1=2 C1=1");
}

#[test]
fn px_23_two_and_three_over_two() {
    for (tasks, after) in [(&["A1", "A1"][..], "A1=1 B1=1"), (&["A1", "A1", "A1"], "A1=2 B1=1")] {
        let mut skewed = bench(&["A1", "B1"], tasks, 200);
        skewed.until(10_000);
        assert_eq!(skewed.layout("web"), after);
        assert_eq!(skewed.lines("start t").len(), 1);
        assert_eq!(skewed.lines("stop t").len(), 1);
    }
    let mut balanced = bench(&["A1", "B1"], &["A1", "A1", "B1"], 200);
    balanced.until(10_000);
    assert_eq!(balanced.take_log(), [""; 0], "3 over 2: (2,1)");
}

#[test]
fn px_23_four_over_two_without_room() {
    let mut plan = Plan::new();
    instances(&mut plan, &["A1"], 8_000, 8_000);
    instances(&mut plan, &["B1"], 50, 50);
    let mut stuck = rebalanced(plan, &["A1"; 4], 200);
    stuck.until(10_000);
    let log = stuck.take_log();
    assert_eq!(log[..3], ["640 event RebalancingStarted", "640 unplaced web", "640 event no room in b"]);
    assert!(log.iter().all(|line| !line.contains("stop") && !line.contains("Steady")), "{log:?}");
    assert_eq!(stuck.layout("web"), "A1=4");
    assert_eq!(log[3], "1240 event RebalancingStarted", "it looks again every ten minutes while steady");
}

#[test]
fn azr_007_the_ceiling_bounds_what_is_in_flight() {
    let mut skewed = bench(&["A1", "B1", "C1"], &["A1"; 6], 150);
    skewed.until(10_000);
    let log = skewed.take_log();
    assert_eq!(
        log.iter().filter(|line| line.contains("started in") || line.contains("Rebalancing")).collect::<Vec<_>>(),
        [
            "640 event RebalancingStarted",
            "640 event t6+2 started in b",
            "640 event t8+1 started in c",
            "681 stop t5@A1 Rebalancing",
            "681 stop t4@A1 Rebalancing",
            "681 stop t3@A1 Rebalancing",
            "681 event t9+1 started in c",
            "722 stop t2@A1 Rebalancing",
            "722 event RebalancingCompleted",
        ],
    );
    assert_eq!(skewed.layout("web"), "A1=2 B1=2 C1=2");
}

#[test]
fn azr_007_a_lost_task_is_replaced_while_tasks_move() {
    let mut skewed = bench(&["A1", "B1"], &["A1"; 4], 200);
    skewed.until(650);
    skewed.lose(TaskId::new(0), StopReason::UserInitiated(None));
    skewed.until(10_000);
    assert_eq!(skewed.layout("web"), "A1=2 B1=2");
    assert_eq!(skewed.lines("start t")[2..], ["650 start t6@B1"], "one was lost and is no surplus");
    assert_eq!(skewed.lines("RebalancingCompleted"), ["681 event RebalancingCompleted"]);
}

#[test]
fn azr_007_what_was_lost_in_a_full_zone_need_not_be_stopped_there() {
    let mut plan = Plan::new();
    instances(&mut plan, &["A1"], 400, 400);
    instances(&mut plan, &["B1"], 200, 200);
    let (job, group) = (plan.task("job", 100, 100), plan.group("family:job"));
    let placement = plan.placement(&[], &[]);
    let mut skewed = rebalanced(plan, &["A1"; 4], 200);
    skewed.until(666);
    skewed.take_log();
    skewed.lose(TaskId::new(0), StopReason::UserInitiated(None));
    let request = skewed.lab.request(job, group, placement);
    skewed.lab.put(&request, skewed.lab.instance("A1"));
    skewed.until(2_000);
    assert_eq!(
        skewed.take_log(),
        [
            "666 unplaced web",
            "666 event PlacementFailed",
            "681 stop t3@A1 Rebalancing",
            "681 event t3 stopped in a",
            "681 event RebalancingCompleted",
            "681 event SteadyState",
        ],
        "two were moved, one was lost: one stop is enough, and nothing is started for it",
    );
}

#[test]
fn azr_007_a_lost_newcomer_ends_the_move() {
    let mut skewed = bench(&["A1", "B1"], &["A1"; 2], 200);
    skewed.until(650);
    skewed.lose(TaskId::new(2), StopReason::UserInitiated(None));
    skewed.until(1_200);
    assert_eq!(skewed.lines("stop"), [""; 0], "nothing is stopped for a task that is gone");
    skewed.until(10_000);
    assert_eq!(skewed.layout("web"), "A1=1 B1=1", "the next look moves again");
}

#[test]
fn azr_008_other_constraints_hold_for_the_target_zone() {
    let mut plan = Plan::new();
    let size = crate::testkit::room(8_000, 8_000);
    plan.instance("A1", "a", size, &["role=web"]);
    plan.instance("B1", "b", size, &[]);
    plan.instance("B2", "b", size, &["role=web"]);
    let placement = plan.service_default(&["attribute:role == web"]);
    let service = replica_with(&mut plan, "web", 2, placement, (10, 10));
    plan.definitions.services[service].availability_zone_rebalancing = true;
    let mut bench = Bench::new(plan.start());
    bench.running("web", "A1");
    bench.running("web", "A1");
    bench.begin();
    bench.until(1_000);
    assert_eq!(bench.layout("web"), "A1=1 B2=1");
}

#[test]
fn azr_009_protection_that_blocks_the_stop_ends_it() {
    let mut skewed = bench(&["A1", "B1"], &["A1"; 2], 200);
    for task in 0..2 {
        skewed.protect(TaskId::new(task), secs(5_000));
    }
    skewed.until(690);
    assert_eq!(
        skewed.take_log(),
        [
            "640 event RebalancingStarted",
            "640 start t2@B1",
            "640 event t2+1 started in b",
            "681 event RebalancingStopped",
            "681 stop t2@B1 ScaleIn",
            "681 event SteadyState",
        ],
        "the newcomer is surplus again",
    );
}

#[test]
fn azr_009_an_update_ends_it() {
    let mut skewed = bench(&["A1", "B1"], &["A1"; 4], 200);
    skewed.until(650);
    skewed.take_log();
    skewed.scale("web", 5);
    skewed.until(2_000);
    assert_eq!(
        skewed.take_log(),
        ["650 event RebalancingStopped", "650 stop t3@A1 ScaleIn", "681 event SteadyState"],
        "six are live, five are wanted",
    );
    assert_eq!(skewed.layout("web"), "A1=3 B1=2");
}

#[test]
fn azr_011_events_come_in_the_order_of_the_procedure() {
    let mut skewed = bench(&["A1", "B1"], &["A1"; 2], 200);
    skewed.until(2_000);
    let events: Vec<&str> = skewed.lines("event");
    assert_eq!(
        events,
        [
            "640 event RebalancingStarted",
            "640 event t2+1 started in b",
            "681 event t1 stopped in a",
            "681 event RebalancingCompleted",
            "681 event SteadyState",
        ],
    );
}

#[test]
fn azr_012_without_the_switch_nothing_is_moved() {
    let mut plan = Plan::new();
    instances(&mut plan, &["A1", "B1"], 8_000, 8_000);
    let placement = plan.placement(&["spread(instanceId)"], &[]);
    replica_with(&mut plan, "web", 4, placement, (10, 10));
    let mut bench = Bench::new(plan.start());
    for _ in 0..4 {
        bench.running("web", "A1");
    }
    bench.begin();
    bench.until(10_000);
    assert_eq!(bench.take_log(), ["40 event SteadyState"]);
}

#[test]
fn azr_006_a_zone_that_appears_later_is_seen_at_the_next_look() {
    let mut plan = Plan::new();
    instances(&mut plan, &["A1", "B1"], 8_000, 8_000);
    let service = replica(&mut plan, "web", 2);
    plan.definitions.services[service].availability_zone_rebalancing = true;
    let mut lab = plan.start_empty();
    lab.apply(Fact::InstanceStatusChanged { instance: lab.instance("A1"), to: InstanceStatus::Active });
    lab.apply(Fact::ServiceStatusChanged { service, to: ecsim_cluster::ServiceStatus::Active });
    let mut bench = Bench::new(lab);
    bench.running("web", "A1");
    bench.running("web", "A1");
    bench.begin();
    bench.until(2_000);
    let turns = bench.turns;
    bench.until(3_000);
    assert_eq!(bench.turns, turns, "one zone is balance: nothing is looked at");
    let instance = bench.lab.instance("B1");
    bench.fact(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
    bench.until(4_000);
    assert_eq!(bench.lines("RebalancingStarted"), ["3040 event RebalancingStarted"], "600 s times five after 40");
}
