//! Spot (SPT rules) run whole: who is drained and by whom, what a notice leaves time for, capacity rebalancing.

mod kit;

use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::{AsgId, Fact, InstanceLifecycle, InstanceStatus, ServiceId, StopReason, TaskStatus};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Arrivals, Call, WhenUnplaced};
use ecsim_policies::capacity::auto_scaling_group::allocation::SpotStrategy;
use ecsim_policies::capacity::spec::{Hook, Transition};
use kit::capacity::{ZONES, cpu, is_at, launched};
use kit::{Run, at, secs};

/// A Spot group of three in one zone, with two tasks of a service on each and room for all on the other two. The first
/// instance has its notice at 1,000 s.
fn fleet(agent: bool, managed: bool, percent: (u32, u32)) -> (Builder, AsgId, ServiceId) {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("spot", (0, 3, 6), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
    builder.group_mut(group).1.spot_only = true;
    builder.group_mut(group).1.spot_draining = agent;
    builder.group_mut(group).0.protects_new_instances = false;
    let provider = builder.group_provider("cp", group, 100, secs(300));
    builder.group_mut(group).0.protects_new_instances = false;
    let row = builder.provider_mut(provider);
    row.managed_draining = managed;
    row.termination_protection = false;
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    let placement = builder.rules(&["spread(instanceId)"], &[]);
    let service = builder.service("web", web, 6, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    let row = builder.service_mut(service);
    (row.minimum_healthy_percent, row.maximum_percent) = percent;
    builder.duration = secs(1_500);
    (builder, group, service)
}

fn notice(builder: &mut Builder) {
    builder.call(at(1_000), Call::SpotInterruption { instances: launched(&["spot-1"]), notice: secs(120) });
}

#[test]
fn spt_005_managed_draining_sees_the_notice_whatever_the_agent_does() {
    for (agent, managed) in [(false, true), (true, true), (true, false), (false, false)] {
        let (mut builder, _, service) = fleet(agent, managed, (50, 200));
        builder.fleet.spot_drain_delay = constant(0.7);
        notice(&mut builder);
        let run = Run::whole(builder);
        let first = run.instance("spot-1");
        let draining: Vec<u64> = run
            .statuses(first)
            .into_iter()
            .filter(|(_, status)| *status == InstanceStatus::Draining)
            .map(|(time, _)| time)
            .collect();
        // The flag of the agent is redundant beside managed draining: it drains once.
        let expected: &[u64] = if agent || managed { &[1_000_700] } else { &[] };
        assert_eq!(draining, expected, "agent {agent}, managed {managed}");
        assert_eq!(run.lost_with_host().is_empty(), agent || managed);
        assert_eq!(run.cluster().services()[service].running, 6);
    }
}

#[test]
fn spt_005_only_managed_draining_sees_what_rebalancing_terminates() {
    for (agent, managed) in [(false, true), (true, false)] {
        let (mut builder, group, service) = fleet(agent, managed, (50, 200));
        builder.group_mut(group).1.capacity_rebalance = true;
        builder.call(at(1_000), Call::RebalanceRecommendation { instances: launched(&["spot-1"]) });
        let run = Run::whole(builder);
        let first = run.instance("spot-1");
        assert_eq!(run.terminated(first).map(|(_, why)| why), Some(TerminationReason::CapacityRebalance));
        assert_eq!(run.drained(first).is_some(), managed);
        let waits = run.lifecycle(first).iter().any(|(_, to)| *to == InstanceLifecycle::TerminatingWait);
        assert_eq!(waits, managed, "through the terminate hook");
        assert_eq!(run.lost_with_host().len(), if managed { 0 } else { 2 });
        assert_eq!(run.cluster().services()[service].running, 6);
    }
}

#[test]
fn spt_007_two_minutes_are_a_wall_and_a_floor_of_100_percent_leaves_too_little_of_them() {
    // A replacement needs 100 s to run and 40 s to be healthy.
    for (percent, lost) in [((100, 200), 2), ((50, 200), 0)] {
        let (mut builder, _, service) = fleet(true, false, percent);
        let web = builder.definitions().task_definitions.ids().next().unwrap();
        builder.behavior_mut(web).start = constant(100.0);
        builder.settings.healthy_wait = secs(40);
        builder.duration = secs(1_400);
        notice(&mut builder);
        let run = Run::whole(builder);
        assert_eq!(run.lost_with_host(), vec![1_120_000; lost], "{percent:?}");
        let moved: Vec<u64> = run
            .stops()
            .into_iter()
            .filter(|(_, _, reason)| *reason == StopReason::Draining)
            .map(|(time, ..)| time)
            .collect();
        assert_eq!(moved.len(), 2 - lost, "{percent:?}");
        assert!(
            moved.iter().all(|time| is_at(*time, 1_000)),
            "{moved:?}: two of six may go at once above a floor of 3"
        );
        let starts: Vec<u64> = run.created().map(|(time, ..)| time).filter(|time| *time > 500_000).collect();
        assert!(starts.iter().all(|time| is_at(*time, 1_000)) && starts.len() == 2, "{starts:?}");
        assert_eq!(run.cluster().services()[service].running, 6);
        // A task that does not stop in time goes with its host.
        let (mut builder, _, _) = fleet(true, false, (50, 200));
        builder.behavior_mut(web).containers[0].stop = constant(600.0);
        builder.task_definition_mut(web).containers[0].stop_timeout = Some(secs(300));
        notice(&mut builder);
        let run = Run::whole(builder);
        let stopped = run.times(|fact| matches!(fact, Fact::TaskStatusChanged { to: TaskStatus::Stopped, .. }));
        assert_eq!(stopped, [1_120_000; 2]);
    }
}

#[test]
fn spt_008_stop_signal_then_timeout_then_kill() {
    // Without a load balancer nothing comes before the signal; what the timeout leaves is within the two minutes.
    let (mut builder, _, _) = fleet(true, false, (50, 200));
    let web = builder.definitions().task_definitions.ids().next().unwrap();
    builder.behavior_mut(web).containers[0].stop = constant(600.0);
    notice(&mut builder);
    let run = Run::whole(builder);
    let stops = run.stops();
    assert!(stops.len() == 2 && stops.iter().all(|(time, ..)| is_at(*time, 1_000)), "{stops:?}");
    for (time, task, _) in stops {
        let (killed, _, code, _) = run.exits(task)[0];
        assert_eq!((killed - time, code), (30_000, 137));
    }
}

#[test]
fn spt_009_standalone_tasks_run_to_the_end_of_the_notice_and_die_with_the_host() {
    let (mut builder, ..) = fleet(true, true, (50, 200));
    let provider = ecsim_cluster::ProviderId::new(0);
    let strategy = builder.capacity_strategy(&[(provider, 0, 1)]);
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    for (name, second, pull) in [("running", 900, 0.0), ("pending", 990, 500.0)] {
        let task = builder.task_definition(name, Builder::needs(500, 1));
        builder.behavior_mut(task).containers[0].cold_pull = constant(pull);
        let arrivals = Arrivals::At(vec![at(second)]);
        let source = builder.source(name, task, placement, arrivals, None, WhenUnplaced::Drop);
        builder.source_mut(source).template.strategy = Some(strategy);
    }
    notice(&mut builder);
    let run = Run::whole(builder);
    let first = run.instance("spot-1");
    assert_eq!(run.drained(first), Some(1_000_000));
    for source in 0..2 {
        let tasks = run.tasks(ecsim_cluster::SourceId::new(source));
        assert_eq!(tasks.len(), 1, "nobody starts it again");
        assert_eq!(run.place(tasks[0]), "spot-1");
        assert_eq!(run.stopped(tasks[0]), Some((1_120_000, StopReason::HostTerminated(first))));
    }
}

#[test]
fn ex_a20_a_notice_without_a_load_balancer() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("spot", (0, 14, 20), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
    builder.group_mut(group).1.spot_only = true;
    builder.group_mut(group).1.spot_draining = true;
    let provider = builder.group_provider("cp", group, 100, secs(300));
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    builder.behavior_mut(web).start = constant(13.0);
    builder.behavior_mut(web).containers[0].stop = constant(600.0);
    let placement = builder.rules(&["spread(instanceId)"], &[]);
    // 40 tasks on 14 instances: three on each of twelve, two on each of the last two.
    let service = builder.service("web", web, 40, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    let row = builder.service_mut(service);
    (row.minimum_healthy_percent, row.maximum_percent) = (50, 200);
    builder.fleet.spot_drain_delay = constant(1.0);
    builder.settings.healthy_wait = secs(60);
    notice(&mut builder);
    builder.duration = secs(1_300);
    let run = Run::whole(builder);
    let first = run.instance("spot-1");
    assert_eq!(run.created().filter(|(.., instance)| *instance == first).count(), 3);
    assert_eq!(run.drained(first), Some(1_001_000));
    let starts: Vec<_> =
        run.created().filter(|(time, ..)| *time > 500_000).map(|(time, task, ..)| (time, task)).collect();
    assert!(starts.len() == 3 && starts.iter().all(|(time, _)| is_at(*time, 1_001)), "{starts:?}");
    for (_, task) in &starts {
        assert!(run.entered(*task, TaskStatus::Running).is_some_and(|time| is_at(time, 1_014)));
    }
    let stops = run.stops();
    assert!(stops.len() == 3 && stops.iter().all(|(time, ..)| is_at(*time, 1_001)), "{stops:?}");
    for (_, task, _) in stops {
        assert_eq!(run.exits(task)[0].2, 137);
        assert!(run.entered(task, TaskStatus::Stopped).unwrap() <= 1_120_000, "gone by the end of the notice");
    }
    assert_eq!(run.cluster().services()[service].running, 40);
}

// ---- Capacity rebalancing

/// The same fleet with capacity rebalancing and instances that take 30 s to be in service.
fn rebalancing(managed: bool) -> (Builder, AsgId, ServiceId) {
    let (mut builder, group, service) = fleet(false, managed, (50, 200));
    let (_, spec, machine) = builder.group_mut(group);
    spec.capacity_rebalance = true;
    machine.pending = constant(30.0);
    (builder, group, service)
}

fn recommend(builder: &mut Builder, second: u64, names: &[&str]) {
    builder.call(at(second), Call::RebalanceRecommendation { instances: launched(names) });
}

fn most_instances(run: &Run, group: AsgId) -> u32 {
    let mut now = 0_i64;
    let mut most = 0_i64;
    for (_, fact) in run.facts() {
        match *fact {
            Fact::InstanceLaunched { instance, .. } if run.cluster().instances()[instance].group == Some(group) => {
                now += 1
            }
            Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminating }
                if run.cluster().instances()[instance].group == Some(group) =>
            {
                now -= 1;
            }
            _ => {}
        }
        most = most.max(now);
    }
    u32::try_from(most).unwrap()
}

#[test]
fn asg_046_and_spt_010_a_replacement_comes_first_and_only_then_the_old_one_goes() {
    let (mut builder, _, service) = rebalancing(true);
    recommend(&mut builder, 1_000, &["spot-1"]);
    let run = Run::whole(builder);
    let (launched, new) = run.launches()[0];
    assert!(is_at(launched, 1_000));
    let new = run.instance(new);
    let in_service = run.lifecycle(new).iter().find(|(_, to)| *to == InstanceLifecycle::InService).unwrap().0;
    let first = run.instance("spot-1");
    let goes = run.lifecycle(first).iter().find(|(_, to)| *to == InstanceLifecycle::Terminating).unwrap().0;
    assert!(is_at(in_service, 1_030), "{in_service}");
    assert!(is_at(goes, 1_060), "it waits until the replacement has booted: {goes}");
    assert_eq!(run.lost_with_host(), [] as [u64; 0]);
    assert_eq!(run.cluster().services()[service].running, 6);
    // Off by default: nothing happens at the recommendation, and the replacement starts after the instance is gone.
    let (mut builder, group, _) = rebalancing(false);
    builder.group_mut(group).1.capacity_rebalance = false;
    recommend(&mut builder, 500, &["spot-1"]);
    notice(&mut builder);
    let run = Run::whole(builder);
    assert_eq!(run.terminated(run.instance("spot-1")), Some((1_120_000, TerminationReason::SpotInterruption)));
    let launches: Vec<u64> = run.launches().into_iter().map(|(time, _)| time).collect();
    assert!(launches.len() == 1 && is_at(launches[0], 1_120), "{launches:?}");
}

#[test]
fn spt_010_rebalancing_exceeds_the_maximum_by_a_tenth_of_the_desired_capacity() {
    for (sizes, most) in [((0, 20, 20), 22), ((0, 20, 40), 25)] {
        let mut builder = Builder::new();
        let group = builder.auto_scaling_group("spot", sizes, &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
        let (_, spec, machine) = builder.group_mut(group);
        spec.spot_only = true;
        spec.capacity_rebalance = true;
        machine.pending = constant(30.0);
        recommend(&mut builder, 1_000, &["spot-1", "spot-2", "spot-3", "spot-4", "spot-5"]);
        builder.duration = secs(1_500);
        let run = Run::whole(builder);
        assert_eq!(most_instances(&run, group), most, "{sizes:?}");
        let gone = run.times(|fact| {
            matches!(fact, Fact::InstanceTerminated { reason: TerminationReason::CapacityRebalance, .. })
        });
        assert_eq!(gone.len(), 5, "{sizes:?}");
        assert_eq!(run.cluster().groups()[group].counts.in_service, 20, "{sizes:?}");
    }
}

#[test]
fn spt_010_a_protected_instance_is_not_terminated_for_a_recommendation() {
    let (mut builder, group, _) = rebalancing(false);
    builder.group_mut(group).0.protects_new_instances = true;
    recommend(&mut builder, 1_000, &["spot-1"]);
    let run = Run::whole(builder);
    assert_eq!(run.terminated(run.instance("spot-1")), None);
    assert_eq!(run.cluster().groups()[group].counts.in_service, 3);
}

#[test]
fn spt_010_no_replacement_comes_from_a_pool_that_is_less_safe_until_the_notice() {
    for (hazard, replaced_at) in [(0.05, 1_000), (0.2, 1_000), (0.3, 1_200)] {
        let mut builder = Builder::new();
        let types = [("first", cpu(4_000)), ("second", cpu(4_000))];
        let group = builder.auto_scaling_group("spot", (0, 2, 6), &ZONES[..1], &types, 60.0);
        let (_, spec, machine) = builder.group_mut(group);
        spec.spot_only = true;
        spec.capacity_rebalance = true;
        machine.pending = constant(30.0);
        // The first pool holds two instances and no more; whatever comes then is of the second.
        builder.pools_mut(|pool, spec, _| {
            let first = pool.instance_type == "first";
            spec.spot_limit = first.then_some(2);
            spec.monthly_interruption = if first { 0.2 } else { hazard };
            spec.spot_nano_dollars = if first { 1_000_000 } else { 90_000_000 };
        });
        recommend(&mut builder, 1_000, &["spot-1"]);
        builder.call(at(1_200), Call::SpotInterruption { instances: launched(&["spot-1"]), notice: secs(120) });
        builder.duration = secs(1_500);
        let run = Run::whole(builder);
        let launches: Vec<u64> = run.launches().into_iter().map(|(time, _)| time).collect();
        assert!(launches.len() == 1 && is_at(launches[0], replaced_at), "{hazard}: {launches:?}");
    }
}

#[test]
fn spt_010_at_the_notice_the_terminate_hook_is_called() {
    for (hook, managed) in [(true, false), (false, true), (false, false)] {
        let (mut builder, group, service) = rebalancing(managed);
        if hook {
            let name = builder.definitions_mut().policies.intern("save");
            builder.group_mut(group).1.hooks.push(Hook {
                name,
                transition: Transition::Terminating,
                heartbeat: secs(3_600),
                default_continue: true,
                duration: None,
                from_warm_pool: None,
                answers_continue: true,
            });
            // The replacement is slow to be in service: the notice runs out before.
            builder.group_mut(group).2.pending = constant(200.0);
            builder.group_mut(group).2.launch = constant(200.0);
        }
        notice(&mut builder);
        let run = Run::whole(builder);
        let first = run.instance("spot-1");
        let called = run.lifecycle(first).into_iter().find(|(_, to)| *to == InstanceLifecycle::TerminatingWait);
        assert_eq!(called.is_some_and(|(time, _)| is_at(time, 1_000)), hook || managed, "{hook} {managed}");
        let launches: Vec<u64> = run.launches().into_iter().map(|(time, _)| time).collect();
        assert!(launches.len() == 1 && is_at(launches[0], 1_000), "{launches:?}");
        let (ended, why) = run.terminated(first).unwrap();
        if hook {
            // ASG-040: a hook never delays the reclaim.
            assert_eq!((ended, why), (1_120_000, TerminationReason::SpotInterruption));
        } else {
            assert!(ended < 1_120_000, "its tasks were gone, or its replacement was in service");
            assert_eq!(why, TerminationReason::CapacityRebalance);
        }
        assert_eq!(run.cluster().services()[service].running, 6);
    }
}

#[test]
fn spt_001_a_pool_is_a_type_in_a_zone_with_a_price_and_capacity_of_its_own() {
    let mut builder = Builder::new();
    let types = [("one", cpu(1_000)), ("two", cpu(1_000))];
    let group = builder.auto_scaling_group("spot", (0, 0, 20), &ZONES[..2], &types, 10.0);
    builder.group_mut(group).1.spot_only = true;
    builder.group_mut(group).1.spot = SpotStrategy::LowestPrice { pools: 1 };
    // Cheapest: `one` in the first zone, `two` in the second; and of `one` in the first zone there are two.
    let zone = builder.definitions().zones.get(ZONES[0]).unwrap();
    builder.pools_mut(|pool, spec, _| {
        let cheap = (pool.instance_type == "one") == (pool.zone == zone);
        spec.spot_nano_dollars = if cheap { 10_000_000 } else { 20_000_000 };
        spec.spot_limit = (pool.instance_type == "one" && pool.zone == zone).then_some(2);
    });
    builder.call(at(10), Call::SetDesiredCapacity { group, to: 8 });
    builder.duration = secs(100);
    let run = Run::whole(builder);
    let definitions = run.cluster().definitions();
    let mut counts = std::collections::BTreeMap::new();
    for (_, fact) in run.facts() {
        if let Fact::InstanceLaunched { option, .. } = *fact {
            let pool = &definitions.pools[definitions.launch_options[option].pool];
            *counts.entry((definitions.zones.name(pool.zone), pool.instance_type.as_str())).or_insert(0) += 1;
        }
    }
    let expected = [((ZONES[0], "one"), 2), ((ZONES[0], "two"), 2), ((ZONES[1], "two"), 4)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(definitions.pools.len(), 4);
}
