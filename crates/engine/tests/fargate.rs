//! Fargate (FGT, FGP, AZR-010) run whole: zones, want of capacity, sizes, times, isolation.

mod kit;

use std::collections::BTreeMap;

use ecsim_cluster::definitions::ProviderKind;
use ecsim_cluster::fact::HeldBack;
use ecsim_cluster::{Fact, ProviderId, ServiceId, SourceId, StopReason, TaskId, TaskStatus, ZoneId};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::fleet::FargateBehavior;
use ecsim_engine::model::{Arrivals, Call, MemoryUse, TaskSelector, WhenUnplaced};
use ecsim_kernel::SimTime;
use ecsim_policies::settings::TieBreak;
use kit::capacity::{ZONES, is_at};
use kit::{Run, at, scale, secs};

/// A service on Fargate in three zones: on demand and Spot with these bases and weights.
fn fargate(desired: u32, items: [(u32, u32); 2]) -> (Builder, ServiceId, [ProviderId; 2]) {
    let mut builder = Builder::new();
    let providers = [builder.fargate_provider(false), builder.fargate_provider(true)];
    let web = builder.task_definition("web", Builder::needs(256, 512));
    builder.fargate(web, 20.0, 0.0);
    let subnets = ZONES.map(|zone| builder.subnet(&format!("subnet-{zone}"), zone, 100));
    let placement = builder.rules(&[], &[]);
    let service = builder.service("web", web, desired, placement);
    builder.service_mut(service).revisions[0].subnets = subnets.to_vec();
    let items: Vec<_> = providers.iter().zip(items).map(|(id, (base, weight))| (*id, base, weight)).collect();
    builder.use_strategy(service, &items);
    builder.duration = secs(2_000);
    (builder, service, providers)
}

/// Live tasks by provider and zone.
fn by_zone(run: &Run, providers: &[ProviderId]) -> Vec<Vec<usize>> {
    let cluster = run.cluster();
    let zones: Vec<ZoneId> = cluster.definitions().zones.iter().map(|(zone, _)| zone).collect();
    let count = |provider: ProviderId, zone: ZoneId| {
        let live = cluster.tasks().iter().filter(|task| task.is_live());
        live.filter(|task| task.provider == Some(provider) && task.zone == Some(zone)).count()
    };
    providers.iter().map(|provider| zones.iter().map(|zone| count(*provider, *zone)).collect()).collect()
}

#[test]
fn fgp_001_a_service_is_spread_over_the_zones_of_its_subnets_when_it_starts_and_stops() {
    for ties in [TieBreak::Fixed, TieBreak::Random] {
        let (mut builder, service, providers) = fargate(7, [(0, 1), (0, 0)]);
        builder.settings.placement_tie_break = ties;
        // A zone of the cluster in which the service has no subnet.
        builder.definitions_mut().zones.intern("us-east-1d");
        builder.call(at(500), scale(service, 11));
        builder.call(at(1_000), scale(service, 4));
        let mut run = Run::new(builder);
        let sorted = |run: &Run| {
            let mut counts = by_zone(run, &providers[..1]).remove(0);
            assert_eq!(counts[3], 0, "no subnet, no task");
            counts.sort_unstable();
            counts
        };
        run.to(at(499));
        assert_eq!(sorted(&run), [0, 2, 2, 3]);
        run.to(at(999));
        assert_eq!(sorted(&run), [0, 3, 4, 4]);
        run.finish();
        assert_eq!(sorted(&run), [0, 1, 1, 2]);
        for task in run.cluster().tasks().iter() {
            let subnet = task.subnet.expect("in a subnet");
            assert_eq!(Some(run.cluster().definitions().subnets[subnet].zone), task.zone);
        }
    }
}

#[test]
fn fgp_001_the_zone_with_fewest_tasks_gets_the_next_whatever_was_lost() {
    let (mut builder, service, providers) = fargate(6, [(0, 1), (0, 0)]);
    let zone = builder.definitions().zones.get(ZONES[1]).unwrap();
    // The second zone is away for a while: its tasks move to the other two, and new ones go there first.
    builder.call(at(300), Call::ZoneOutage { zone, duration: Some(secs(300)) });
    builder.call(at(900), scale(service, 8));
    let mut run = Run::new(builder);
    run.to(at(899));
    assert_eq!(by_zone(&run, &providers[..1]), [[3, 0, 3]]);
    run.finish();
    assert_eq!(by_zone(&run, &providers[..1]), [[3, 2, 3]]);
}

#[test]
fn fgp_001_and_plc_076_what_does_not_run_goes_first_and_leaves_the_zones_even() {
    // Nine run, three in each zone; a tenth comes, and is not yet RUNNING when it is too many: it goes first (PLC-076), and
    // the zones are even again.
    let (mut builder, service, providers) = fargate(9, [(0, 1), (0, 0)]);
    builder.call(at(300), scale(service, 10));
    builder.call(at(310), scale(service, 9));
    let run = Run::whole(builder);
    assert_eq!(by_zone(&run, &providers[..1]), [[3, 3, 3]]);
    let (time, task, reason) = run.stops()[0];
    assert!(is_at(time, 310) && reason == StopReason::ScaleIn);
    assert_eq!(run.entered(task, TaskStatus::Running), None, "the newcomer");
}

#[test]
fn fgp_001_ties_differ_with_the_seed_and_standalone_tasks_are_spread_by_family() {
    let zones_of = |seed: u64| -> BTreeMap<SourceId, Vec<ZoneId>> {
        let mut builder = Builder::new();
        builder.seed = seed;
        builder.settings.placement_tie_break = TieBreak::Random;
        let provider = builder.fargate_provider(false);
        let strategy = builder.capacity_strategy(&[(provider, 0, 1)]);
        let subnets = ZONES.map(|zone| builder.subnet(&format!("subnet-{zone}"), zone, 100));
        let placement = builder.run_task_default(&[]);
        for (name, count) in [("one", 6), ("other", 4)] {
            let task = builder.task_definition(name, Builder::needs(256, 512));
            builder.fargate(task, 20.0, 0.0);
            let times = (1..=count).map(at).collect();
            let source = builder.source(name, task, placement, Arrivals::At(times), None, WhenUnplaced::Drop);
            builder.source_mut(source).template.strategy = Some(strategy);
            builder.source_mut(source).template.subnets = subnets.to_vec();
        }
        let run = Run::whole(builder);
        let mut zones: BTreeMap<SourceId, Vec<ZoneId>> = BTreeMap::new();
        for (_, fact) in run.facts() {
            if let Fact::TaskCreated { origin: ecsim_cluster::fact::TaskOrigin::Source { source, .. }, zone, .. } =
                *fact
            {
                zones.entry(source).or_default().push(zone.unwrap());
            }
        }
        zones
    };
    let first = zones_of(1);
    for zones in first.values() {
        let mut counts: Vec<usize> = zones.iter().map(|zone| zones.iter().filter(|it| *it == zone).count()).collect();
        counts.sort_unstable();
        counts.dedup();
        assert!(counts.last().unwrap() - counts.first().unwrap() <= 1, "each family for itself: {zones:?}");
        assert_eq!(zones.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
    }
    assert_eq!(first, zones_of(1));
    assert!((2..20).any(|seed| zones_of(seed) != first), "ties are drawn");
}

#[test]
fn fgp_002_without_capacity_a_service_says_so_and_tries_again_as_flr_032() {
    let (mut builder, service, providers) = fargate(2, [(0, 1), (0, 0)]);
    builder.fleet.fargate.unavailable = vec![(SimTime::ZERO, at(400), false)];
    let run = Run::whole(builder);
    let tries = run.times(|fact| matches!(fact, Fact::ServiceHeldBack { by: HeldBack::FargateCapacity, .. }));
    for (second, time) in [0, 15, 45, 345].into_iter().zip(&tries) {
        assert!(is_at(*time, second), "{tries:?}");
    }
    assert_eq!(tries.len(), 4, "{tries:?}");
    let said = run.said(service);
    assert_eq!(
        said[0].1,
        "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later \
         or in a different availability zone. For more information, see the Troubleshooting section of the Amazon ECS \
         Developer Guide."
    );
    assert_eq!(said.iter().filter(|(_, text)| text.contains("Capacity is unavailable")).count(), 1, "FLR-012");
    // There are 600 s between the fourth attempt and the fifth.
    let created = run.times(|fact| matches!(fact, Fact::TaskCreated { .. }));
    assert!(created.len() == 2 && created.iter().all(|time| is_at(*time, 945)), "{created:?}");
    assert_eq!(by_zone(&run, &providers[..1])[0].iter().sum::<usize>(), 2);
}

#[test]
fn fgp_002_without_a_zone_that_works_run_task_fails() {
    let mut builder = Builder::new();
    let provider = builder.fargate_provider(false);
    let strategy = builder.capacity_strategy(&[(provider, 0, 1)]);
    let subnet = builder.subnet("subnet-a", ZONES[0], 2);
    // The cluster has other zones, but the task may not go there.
    builder.definitions_mut().zones.intern(ZONES[1]);
    let zone = builder.definitions().zones.get(ZONES[0]).unwrap();
    let task = builder.task_definition("job", Builder::needs(256, 512));
    builder.fargate(task, 20.0, 0.0);
    let placement = builder.run_task_default(&[]);
    let arrivals = Arrivals::At(vec![at(10), at(200)]);
    let source = builder.source("job", task, placement, arrivals, Some(constant(10.0)), WhenUnplaced::Drop);
    builder.source_mut(source).count = 3;
    builder.source_mut(source).template.strategy = Some(strategy);
    builder.source_mut(source).template.subnets = vec![subnet];
    builder.call(at(5), Call::ZoneOutage { zone, duration: Some(secs(100)) });
    let run = Run::whole(builder);
    let failed: Vec<_> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::RequestUnplaced { count, held_back, .. } => Some((time.ms(), count, held_back)),
            _ => None,
        })
        .collect();
    // All three in the outage; later two find an address in the subnet, the third does not.
    let why = Some(HeldBack::FargateCapacity);
    assert_eq!(failed, [(10_000, 3, why), (200_000, 1, why)]);
    assert_eq!(
        HeldBack::FargateCapacity.text(),
        "Capacity is unavailable at this time. Please try again later or in a different availability zone"
    );
}

#[test]
fn azr_010_fargate_and_fargate_spot_are_balanced_apart() {
    let (mut builder, service, providers) = fargate(12, [(0, 1), (0, 1)]);
    builder.service_mut(service).availability_zone_rebalancing = true;
    builder.settings.az_rebalance_interval = secs(100);
    let zone = builder.definitions().zones.get(ZONES[1]).unwrap();
    builder.call(at(300), Call::ZoneOutage { zone, duration: Some(secs(200)) });
    let mut run = Run::new(builder);
    run.to(at(299));
    assert_eq!(by_zone(&run, &providers), [[2, 2, 2], [2, 2, 2]]);
    run.to(at(350));
    assert_eq!(by_zone(&run, &providers), [[3, 0, 3], [3, 0, 3]]);
    run.finish();
    assert_eq!(by_zone(&run, &providers), [[2, 2, 2], [2, 2, 2]], "each provider on its own");
    let moved = run.stops().into_iter().filter(|(_, _, reason)| *reason == StopReason::Rebalancing).count();
    assert_eq!(moved, 4, "one from each of the two zones, for each provider");
    let said = |text: &str| run.said(service).iter().filter(|(_, said)| said.contains(text)).count();
    assert!(said("is not AZ balanced with") >= 1);
    assert_eq!(said("is AZ balanced with"), 1);
    assert_eq!(run.cluster().balance(service), ZONES.map(|zone| (zone.to_owned(), 4)), "what that message lists");
}

// ---- Sizes, times, isolation

#[test]
fn fgt_003_the_storage_that_comes_with_a_task_is_20_gib() {
    let (builder, ..) = fargate(1, [(0, 1), (0, 0)]);
    let definitions = builder.definitions();
    let size = definitions.task_definitions.values().next().unwrap().fargate.unwrap();
    assert_eq!(size.ephemeral_gib, 20);
}

#[test]
fn fgt_004_fargate_spot_waits_for_capacity_and_never_falls_back_to_on_demand() {
    let (mut builder, service, [on_demand, spot]) = fargate(6, [(0, 1), (0, 1)]);
    builder.fleet.fargate.unavailable = vec![(SimTime::ZERO, at(400), true)];
    let web = builder.definitions().task_definitions.ids().next().unwrap();
    builder.behavior_mut(web).containers[0].stop = constant(600.0);
    let tasks = TaskSelector { service: Some(service), provider: Some(spot), ..TaskSelector::default() };
    builder.call(at(1_500), Call::FargateSpotInterruption { tasks });
    let mut run = Run::new(builder);
    run.to(at(399));
    let row = &run.cluster().services()[service];
    assert_eq!((row.live_on(on_demand), row.live_on(spot)), (3, 0), "its share on demand, and no more");
    run.to(at(1_499));
    let row = &run.cluster().services()[service];
    assert_eq!((row.live_on(on_demand), row.live_on(spot)), (3, 3));
    run.finish();
    // Warning and signal at once, the kill after 30 s, the replacements at once.
    let stops: Vec<(u64, TaskId)> = run
        .stops()
        .into_iter()
        .filter(|(_, _, reason)| *reason == StopReason::SpotInterruption)
        .map(|(time, task, _)| (time, task))
        .collect();
    assert!(stops.len() == 3 && stops.iter().all(|(time, _)| *time == 1_500_000));
    for (_, task) in stops {
        assert_eq!(run.exits(task), [(1_530_000, 0, 137, false)]);
    }
    let row = &run.cluster().services()[service];
    assert_eq!((row.live_on(on_demand), row.live_on(spot), row.running), (3, 3, 6));
}

#[test]
fn fgt_020_created_pulled_running_and_torn_down() {
    let (mut builder, service, _) = fargate(1, [(0, 1), (0, 0)]);
    let web = builder.definitions().task_definitions.ids().next().unwrap();
    builder.behavior_mut(web).fargate = Some(FargateBehavior {
        provision: constant(16.0),
        pull: constant(7.0),
        start: constant(1.0),
        deprovision: constant(27.0),
    });
    builder.behavior_mut(web).containers[0].stop = constant(12.0);
    builder.call(at(300), scale(service, 0));
    let run = Run::whole(builder);
    let task = run
        .facts()
        .iter()
        .find_map(|(_, fact)| match *fact {
            Fact::TaskCreated { task, .. } => Some(task),
            _ => None,
        })
        .unwrap();
    let created = run.when(|fact| matches!(fact, Fact::TaskCreated { .. })).unwrap();
    let after = |from: u64, wanted: &dyn Fn(&Fact) -> bool| run.when(wanted).unwrap() - from;
    assert_eq!(after(created, &|fact| matches!(fact, Fact::ImagePullStarted { .. })), 16_000);
    assert_eq!(after(created, &|fact| matches!(fact, Fact::ImagePullStopped { .. })), 23_000);
    assert_eq!(run.entered(task, TaskStatus::Running).unwrap() - created, 24_000);
    let stop = run.stopped(task).unwrap().0;
    let exited = run.exits(task)[0].0;
    assert_eq!(exited - stop, 12_000);
    assert_eq!(run.entered(task, TaskStatus::Stopped).unwrap() - exited, 27_000);
    // A second task pulls everything again: nothing is cached.
    let (mut builder, service, _) = fargate(1, [(0, 1), (0, 0)]);
    builder.behavior_mut(web).fargate.as_mut().unwrap().pull = constant(7.0);
    builder.call(at(300), scale(service, 2));
    let run = Run::whole(builder);
    let pulls = |of: fn(&Fact) -> bool| run.times(of);
    let started = pulls(|fact| matches!(fact, Fact::ImagePullStarted { .. }));
    let ended = pulls(|fact| matches!(fact, Fact::ImagePullStopped { .. }));
    assert_eq!(ended.iter().zip(&started).map(|(end, start)| end - start).collect::<Vec<_>>(), [7_000, 7_000]);
}

#[test]
fn fgt_021_a_task_has_its_machine_for_itself_and_dies_at_its_own_size() {
    // Fifty at once are as quick as one; the one that needs more than its memory is killed, and nobody else.
    let (mut builder, service, _) = fargate(50, [(0, 1), (0, 0)]);
    let greedy = builder.task_definition("greedy", Builder::needs(256, 512));
    builder.fargate(greedy, 20.0, 0.0);
    builder.task_definition_mut(greedy).task_memory = Some(512);
    builder.behavior_mut(greedy).containers[0].memory =
        Some(MemoryUse { at_start: constant(256.0), growth_per_hour: 3_600.0 });
    let strategy = builder.definitions().services[service].strategy;
    let placement = builder.run_task_default(&[]);
    let arrivals = Arrivals::At(vec![at(0)]);
    let source = builder.source("greedy", greedy, placement, arrivals, None, WhenUnplaced::Drop);
    builder.source_mut(source).template.strategy = strategy;
    let run = Run::whole(builder);
    let running: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::TaskStatusChanged { to: TaskStatus::Running, .. } => Some(time.ms()),
            _ => None,
        })
        .collect();
    assert!(running.len() == 51 && running.iter().all(|time| is_at(*time, 20)), "{running:?}");
    let killed: Vec<_> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::ContainerExited { exit_code, out_of_memory, .. } => Some((time.ms(), exit_code, out_of_memory)),
            _ => None,
        })
        .collect();
    assert_eq!(killed, [(20_000 + 256_000, 137, true)], "one MiB a second from 256 to 512");
    assert_eq!(run.cluster().services()[service].running, 50);
    assert!(
        run.cluster()
            .definitions()
            .capacity_providers
            .values()
            .all(|it| { matches!(it.kind, ProviderKind::Fargate | ProviderKind::FargateSpot) })
    );
}
