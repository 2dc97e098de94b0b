//! Draining (DRN rules) run whole: by hand, by ECS for a group, whose tasks move and when, and what deregistration does.

mod kit;

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::{CallError, TerminationReason};
use ecsim_cluster::scaling::Withheld;
use ecsim_cluster::{
    AsgId, Fact, InstanceId, InstanceLifecycle, InstanceStatus, ProviderId, ServiceId, StopReason, TaskStatus,
};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Arrivals, Call, WhenUnplaced};
use ecsim_kernel::Span;
use ecsim_policies::capacity::settings::{CountedInstances, DrainCount};
use ecsim_policies::capacity::spec::{Kept, Refresh};
use kit::capacity::{cpu, desired_at, is_at, launched, sample_at};
use kit::{Run, at, fleet, named, scale, secs, set_status};

/// A standalone task that runs so many seconds from second 1 on, or for ever.
fn job(builder: &mut Builder, cpu_units: u32, duration: Option<f64>) -> ecsim_cluster::SourceId {
    let task = builder.task_definition("job", Builder::needs(cpu_units, 1));
    let anywhere = builder.rules(&["binpack(cpu)"], &[]);
    builder.source("job", task, anywhere, Arrivals::At(vec![at(1)]), duration.map(constant), WhenUnplaced::Drop)
}

// ---- By hand

#[test]
fn drn_001_only_an_active_instance_drains_ten_a_call_and_gets_no_new_task() {
    let mut builder = Builder::new();
    let list: Vec<(String, &str)> = (1..=11).map(|number| (format!("i{number}"), "a")).collect();
    let list: Vec<(&str, &str, u32, u32)> =
        list.iter().map(|(name, zone)| (name.as_str(), *zone, 1_000, 1_000)).collect();
    let all = fleet(&mut builder, &list);
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    let placement = builder.rules(&["spread(instanceId)"], &[]);
    let service = builder.service("web", web, 0, placement);
    builder.call(at(10), set_status(&all, InstanceStatus::Draining));
    builder.call(at(20), set_status(&all[..10], InstanceStatus::Draining));
    builder.call(at(30), set_status(&all[..1], InstanceStatus::Draining));
    builder.call(at(40), scale(service, 3));
    builder.call(at(300), set_status(&all[4..6], InstanceStatus::Active));
    let mut run = Run::new(builder);
    run.to(at(39));
    assert_eq!(
        run.refused(),
        [
            (10_000, CallError::TooManyInstances { named: 11, limit: 10 }),
            (30_000, CallError::InstanceState { instance: all[0], status: InstanceStatus::Draining }),
        ]
    );
    assert_eq!(run.drained(all[0]), Some(20_000));
    assert_eq!(run.drained(all[10]), None, "the call that named one too many changed nothing");
    run.to(at(299));
    assert_eq!(run.service_places(service, 0), ["i11"], "the others drain");
    assert!(run.said(service).iter().any(|(_, text)| text.contains("was unable to place a task")));
    run.finish();
    assert_eq!(run.service_places(service, 0), ["i11", "i5", "i6"], "ACTIVE again, they are places again");
}

#[test]
fn drn_001_who_waits_in_provisioning_is_not_placed_on_a_draining_instance() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 1, 1), &["us-east-1a"], &[("big", cpu(1_000))], 60.0);
    let provider = builder.group_provider("cp", group, 100, secs(300));
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    let placement = builder.rules(&[], &[]);
    let service = builder.service("web", web, 0, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    let one = || launched(&["asg-1"]);
    builder.call(at(5), Call::UpdateContainerInstancesState { instances: one(), status: InstanceStatus::Draining });
    builder.call(at(10), scale(service, 1));
    builder.call(at(200), Call::UpdateContainerInstancesState { instances: one(), status: InstanceStatus::Active });
    builder.duration = secs(300);
    let mut run = Run::new(builder);
    run.to(at(199));
    assert_eq!(run.cluster().providers()[provider].waiting.len(), 1);
    run.finish();
    let placed = run.times(|fact| matches!(fact, Fact::TaskPlaced { .. }));
    assert_eq!(placed, [200_000]);
}

#[test]
fn drn_002_pending_service_tasks_stop_at_once_and_start_elsewhere_or_the_service_says_so() {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("first", "a", 4_000, 1_000), ("second", "a", 1_000, 1_000)]);
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    builder.behavior_mut(web).containers[0].cold_pull = constant(500.0);
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    let service = builder.service("web", web, 2, placement);
    // Both on the first; neither floor nor ceiling has a say in it.
    builder.instance_mut(all[1]).join_at = at(50);
    let row = builder.service_mut(service);
    (row.minimum_healthy_percent, row.maximum_percent) = (100, 100);
    builder.call(at(100), set_status(&all[..1], InstanceStatus::Draining));
    builder.duration = secs(200);
    let run = Run::whole(builder);
    let stops = run.stops();
    assert_eq!(stops.len(), 2);
    assert!(stops.iter().all(|(time, _, reason)| is_at(*time, 100) && *reason == StopReason::Draining), "{stops:?}");
    assert_eq!(run.service_places(service, 100_000), ["second"], "as much as there is room for");
    let texts: Vec<String> =
        run.said(service).into_iter().filter(|(time, _)| is_at(*time, 100)).map(|it| it.1).collect();
    assert!(texts.iter().any(|text| text.contains("was unable to place a task")), "{texts:?}");
}

/// A service whose tasks all run on the instance that drains at 300 s, beside one with room for everybody.
fn moving(desired: u32, percent: (u32, u32)) -> (Builder, ServiceId, Vec<InstanceId>) {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("first", "a", 100_000, 100_000), ("second", "a", 100_000, 100_000)]);
    builder.instance_mut(all[1]).join_at = at(50);
    let web = builder.task_definition("web", Builder::needs(100, 1));
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    let service = builder.service("web", web, desired, placement);
    let row = builder.service_mut(service);
    (row.minimum_healthy_percent, row.maximum_percent) = percent;
    builder.settings.healthy_wait = secs(60);
    builder.call(at(300), set_status(&all[..1], InstanceStatus::Draining));
    builder.duration = secs(1_000);
    (builder, service, all)
}

/// Seconds after 300 at which tasks were started and stopped.
fn moves(run: &Run) -> (Vec<u64>, Vec<u64>) {
    let after = |time: u64| (time / 1_000).checked_sub(300);
    let starts = run.created().filter_map(|(time, ..)| after(time)).collect();
    let stops = run.stops().into_iter().filter_map(|(time, ..)| after(time)).collect();
    (starts, stops)
}

#[test]
fn drn_003_running_tasks_move_between_the_floor_and_the_ceiling() {
    // D = 5, 50 % and 150 %: no fewer than ceil(2.5) = 3 healthy, no more than floor(7.5) = 7 live.
    let (builder, service, all) = moving(5, (50, 150));
    let run = Run::whole(builder);
    let (starts, stops) = moves(&run);
    // Two fit under the ceiling, two may stop above the floor, and their places are free at once; the last three stop
    // when the four newcomers are healthy, and the fifth comes.
    assert_eq!((starts, stops), (vec![0, 0, 0, 0, 60], vec![0, 0, 60, 60, 60]));
    assert_eq!(run.counts(service, &all), [0, 5]);
    // With `drain_count = last_status` the ceiling holds those that stop as well.
    let (mut builder, service, all) = moving(5, (50, 150));
    builder.settings.capacity.drain_count = DrainCount::LastStatus;
    for definition in builder.definitions().task_definitions.ids().collect::<Vec<_>>() {
        builder.behavior_mut(definition).containers[0].stop = constant(20.0);
    }
    let run = Run::whole(builder);
    let (starts, stops) = moves(&run);
    assert_eq!((starts, stops[..2].to_vec()), (vec![0, 0, 20, 20, 80], vec![0, 0]));
    assert_eq!(run.counts(service, &all), [0, 5]);
    // The defaults of a REPLICA service are 100 % and 200 %: all start before any stops.
    let (builder, service, all) = moving(5, (100, 200));
    let run = Run::whole(builder);
    assert_eq!(moves(&run), (vec![0; 5], vec![60; 5]));
    assert_eq!(run.counts(service, &all), [0, 5]);
}

#[test]
fn drn_005_a_newcomer_is_healthy_40_seconds_after_it_runs() {
    let (mut builder, service, all) = moving(1, (100, 200));
    builder.settings.healthy_wait = ecsim_policies::Settings::default().healthy_wait;
    let web = builder.definitions().task_definitions.ids().next().unwrap();
    builder.behavior_mut(web).start = constant(13.0);
    let run = Run::whole(builder);
    assert_eq!(moves(&run), (vec![0], vec![13 + 40]));
    assert_eq!(run.counts(service, &all), [0, 1]);
}

#[test]
fn drn_007_the_stop_signal_then_the_kill_after_the_timeout() {
    // The definition's own timeout, the agent's, and the agent's default of 30 s; who obeys in time exits by itself.
    for (own, agent, takes, exits) in [
        (Some(50), 30, 600.0, (50, 137)),
        (None, 20, 600.0, (20, 137)),
        (None, 30, 600.0, (30, 137)),
        (Some(50), 30, 12.0, (12, 0)),
    ] {
        let mut builder = Builder::new();
        let mut shape = builder.shape("host", cpu(1_000));
        builder.shape_mut(shape).stop_timeout = secs(agent);
        let first = builder.instances("first", shape, "us-east-1a", 1)[0];
        shape = builder.shape("other", cpu(1_000));
        builder.instances("second", shape, "us-east-1a", 1);
        let web = builder.task_definition("web", Builder::needs(1_000, 1));
        builder.behavior_mut(web).containers[0].stop = constant(takes);
        builder.task_definition_mut(web).containers[0].stop_timeout = own.map(secs);
        let placement = builder.rules(&["binpack(cpu)"], &[]);
        builder.service("web", web, 1, placement);
        builder.call(at(300), set_status(&[first], InstanceStatus::Draining));
        builder.duration = secs(1_000);
        let run = Run::whole(builder);
        let (stop, task, _) = run.stops()[0];
        assert!(is_at(stop, 300));
        let (time, _, code, _) = run.exits(task)[0];
        assert_eq!((time - stop, code), (exits.0 * 1_000, exits.1), "{own:?} {agent} {takes}");
    }
}

#[test]
fn drn_007_on_fargate_nobody_has_more_than_120_seconds() {
    let mut builder = Builder::new();
    let provider = builder.fargate_provider(false);
    let web = builder.task_definition("web", Builder::needs(256, 512));
    builder.fargate(web, 10.0, 0.0);
    builder.behavior_mut(web).containers[0].stop = constant(600.0);
    builder.task_definition_mut(web).containers[0].stop_timeout = Some(secs(300));
    let placement = builder.rules(&[], &[]);
    let service = builder.service("web", web, 1, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    builder.call(at(300), scale(service, 0));
    builder.duration = secs(1_000);
    let run = Run::whole(builder);
    let (stop, task, _) = run.stops()[0];
    let (time, _, code, _) = run.exits(task)[0];
    assert_eq!((time - stop, code), (120_000, 137));
}

#[test]
fn drn_008_standalone_tasks_stay_where_they_are_until_they_end() {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("first", "a", 1_000, 1_000), ("second", "a", 1_000, 1_000)]);
    builder.instance_mut(all[1]).join_at = at(60);
    let running = job(&mut builder, 100, Some(400.0));
    let task = builder.task_definition("slow", Builder::needs(100, 1));
    builder.behavior_mut(task).containers[0].cold_pull = constant(200.0);
    let anywhere = builder.rules(&["binpack(cpu)"], &[]);
    let arrivals = Arrivals::At(vec![at(50)]);
    let pending = builder.source("slow", task, anywhere, arrivals, Some(constant(300.0)), WhenUnplaced::Drop);
    builder.call(at(100), set_status(&all[..1], InstanceStatus::Draining));
    builder.duration = secs(700);
    let run = Run::whole(builder);
    let (running, pending) = (run.tasks(running)[0], run.tasks(pending)[0]);
    assert_eq!((run.place(running), run.place(pending)), ("first", "first"));
    assert_eq!(run.entered(pending, TaskStatus::Running), Some(250_000), "it starts while the instance drains");
    assert_eq!(run.stopped(running), Some((401_000, StopReason::EssentialContainerExited)));
    assert_eq!(run.stopped(pending), Some((550_000, StopReason::EssentialContainerExited)));
    assert_eq!(run.created().count(), 2, "nobody replaces them");
    assert_eq!(run.cluster().instances()[all[0]].status, InstanceStatus::Draining);
}

#[test]
fn drn_009_daemons_leave_last_and_none_comes_to_a_draining_instance() {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("first", "a", 2_000, 1_000), ("second", "a", 2_000, 1_000)]);
    builder.instance_mut(all[1]).join_at = at(50);
    let web = builder.task_definition("web", Builder::needs(500, 1));
    builder.behavior_mut(web).containers[0].stop = constant(10.0);
    let any = builder.rules(&["binpack(cpu)"], &[]);
    builder.service("web", web, 1, any);
    let source = job(&mut builder, 100, Some(500.0));
    let agent = builder.task_definition("agent", Builder::needs(100, 1));
    builder.behavior_mut(agent).containers[0].stop = constant(5.0);
    let daemon = builder.daemon("agent", agent, any);
    let late = builder.task_definition("late", Builder::needs(100, 1));
    let late = builder.daemon("late", late, any);
    builder.service_mut(late).exists_at_start = false;
    builder.call(at(100), set_status(&all[..1], InstanceStatus::Draining));
    builder.call(at(200), Call::CreateService { service: late });
    builder.duration = secs(700);
    let run = Run::whole(builder);
    let standalone = run.tasks(source)[0];
    let ends = run.entered(standalone, TaskStatus::Stopped).unwrap();
    assert_eq!(ends, 501_000);
    let daemons: Vec<_> = run.service_tasks(daemon);
    assert_eq!(daemons.iter().map(|task| run.place(*task)).collect::<Vec<_>>(), ["first", "second"]);
    let (stop, reason) = run.stopped(daemons[0]).unwrap();
    assert!(is_at(stop, 501) && reason == StopReason::Draining, "after all other tasks: {stop}");
    assert_eq!(run.service_places(late, 0), ["second"], "none is placed on a DRAINING instance");
    assert!(run.cluster().instances()[all[0]].tasks.is_empty());
}

#[test]
fn drn_010_a_drain_by_hand_ends_with_its_last_task_and_never_by_time() {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("first", "a", 1_000, 1_000), ("second", "a", 1_000, 1_000)]);
    let hours = 100_u32;
    let source = job(&mut builder, 1_000, Some(f64::from(hours) * 3_600.0));
    builder.call(at(100), set_status(&all[..1], InstanceStatus::Draining));
    builder.call(at(200), set_status(&all[1..], InstanceStatus::Draining));
    let end = 1 + u64::from(hours) * 3_600;
    builder.call(at(end + 500), set_status(&all[..1], InstanceStatus::Active));
    builder.call(at(end + 500), Call::DeregisterContainerInstance { instances: named(&all[1..]), force: false });
    builder.duration = Span::from_hours(200);
    let mut run = Run::new(builder);
    run.to(at(end + 499));
    let task = run.tasks(source)[0];
    assert_eq!(run.stopped(task), Some((end * 1_000, StopReason::EssentialContainerExited)), "no limit of 48 hours");
    for instance in &all {
        let row = &run.cluster().instances()[*instance];
        assert!(row.tasks.is_empty());
        // Empty, and still there: nobody lets the machine go, so the bill goes on.
        assert_eq!((row.status, row.terminated_at, row.host_running), (InstanceStatus::Draining, None, true));
    }
    run.finish();
    let status = |at: usize| run.cluster().instances()[all[at]].status;
    assert_eq!((status(0), status(1)), (InstanceStatus::Active, InstanceStatus::Inactive));
}

// ---- By ECS, for a group

/// A group of two, a service with one task on each that takes 20 s to stop, and room for both on either.
fn pair(protection: bool, draining: bool) -> (Builder, AsgId, ProviderId, ServiceId) {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 2, 4), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
    builder.group_mut(group).1.spot_only = true;
    let provider = builder.group_provider("cp", group, 100, secs(300));
    let row = builder.provider_mut(provider);
    row.termination_protection = protection;
    row.managed_draining = draining;
    builder.group_mut(group).0.protects_new_instances = protection;
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    builder.behavior_mut(web).containers[0].stop = constant(20.0);
    let placement = builder.rules(&["spread(instanceId)"], &[]);
    let service = builder.service("web", web, 2, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    builder.duration = secs(800);
    (builder, group, provider, service)
}

#[test]
fn drn_020_whatever_ends_an_instance_of_the_group_it_drains_first() {
    type Change = fn(&mut Builder, AsgId);
    let ends: [(&str, Change, TerminationReason); 7] = [
        (
            "scale-in",
            |builder, group| {
                builder.call(at(300), Call::SetDesiredCapacity { group, to: 1 });
            },
            TerminationReason::ScaleIn,
        ),
        (
            "by hand",
            |builder, _| {
                let instances = launched(&["asg-1"]);
                builder.call(at(300), Call::TerminateInGroup { instances, decrement: false });
            },
            TerminationReason::UserInGroup,
        ),
        (
            "health",
            |builder, _| {
                builder.call(
                    at(300),
                    Call::SetInstanceHealth { instances: launched(&["asg-1"]), healthy: false, respects_grace: false },
                );
            },
            TerminationReason::Unhealthy,
        ),
        (
            "refresh",
            |builder, group| {
                builder.group_mut(group).1.refreshes.push(Refresh {
                    min_healthy: 50,
                    max_healthy: 100,
                    warmup: Some(secs(600)),
                    skip_matching: false,
                    protected: Kept::Refresh,
                    standby: Kept::Ignore,
                    checkpoints: Vec::new(),
                    checkpoint_delay: secs(3_600),
                });
                builder.call(
                    at(300),
                    Call::StartInstanceRefresh { group, refresh: 0, template: None, configuration: None },
                );
            },
            TerminationReason::Refresh,
        ),
        (
            "lifetime",
            |builder, group| {
                builder.group_mut(group).1.max_lifetime = Some(Span::from_days(1));
                builder.group_mut(group).1.default_warmup = Some(Span::from_hours(2));
                builder.duration = Span::from_hours(25);
            },
            TerminationReason::Lifetime,
        ),
        (
            "capacity rebalancing",
            |builder, group| {
                builder.group_mut(group).1.capacity_rebalance = true;
                builder.call(at(300), Call::RebalanceRecommendation { instances: launched(&["asg-1"]) });
            },
            TerminationReason::CapacityRebalance,
        ),
        (
            "Spot",
            |builder, _| {
                builder.call(at(300), Call::SpotInterruption { instances: launched(&["asg-1"]), notice: secs(120) });
            },
            TerminationReason::SpotInterruption,
        ),
    ];
    for (what, change, reason) in ends {
        let (mut builder, group, _, service) = pair(false, true);
        change(&mut builder, group);
        let run = Run::whole(builder);
        let (terminated, why) = run
            .facts()
            .iter()
            .find_map(|(_, fact)| match *fact {
                Fact::InstanceTerminated { instance, reason } => Some((instance, reason)),
                _ => None,
            })
            .unwrap_or_else(|| panic!("{what}: nobody was terminated"));
        assert_eq!(why, reason, "{what}");
        let (drained, ended) = (run.drained(terminated), run.terminated(terminated).map(|(time, _)| time));
        let (drained, ended) = (drained.unwrap_or_else(|| panic!("{what}: it did not drain")), ended.unwrap());
        assert_eq!(run.lost_with_host(), [] as [u64; 0], "{what}: its task moved before");
        let stopped = run.times(|fact| matches!(fact, Fact::TaskStatusChanged { to: TaskStatus::Stopped, .. }))[0];
        assert_eq!(stopped - drained, 20_000 + (stopped - drained) % 1_000, "{what}");
        if reason == TerminationReason::SpotInterruption {
            assert_eq!(ended - drained, 120_000, "the notice runs out");
        } else {
            assert!(
                run.lifecycle(terminated).iter().any(|(_, to)| *to == InstanceLifecycle::TerminatingWait),
                "{what}"
            );
            assert_eq!(ended, stopped, "{what}: the hook ends with the last task");
        }
        assert_eq!(run.cluster().services()[service].running, 2, "{what}");
    }
}

#[test]
fn drn_020_without_managed_draining_nothing_drains() {
    let (mut builder, group, _, _) = pair(false, false);
    builder.call(at(300), Call::SetDesiredCapacity { group, to: 1 });
    let run = Run::whole(builder);
    assert!(
        !run.facts()
            .iter()
            .any(|(_, fact)| { matches!(fact, Fact::InstanceStatusChanged { to: InstanceStatus::Draining, .. }) })
    );
    assert_eq!(run.lost_with_host(), [300_001]);
}

#[test]
fn drn_022_the_four_combinations_of_protection_and_draining() {
    for (protection, draining) in [(true, true), (false, true), (true, false), (false, false)] {
        let what = format!("protection {protection}, draining {draining}");
        // Scale-in while both instances are busy.
        let (mut builder, group, _, service) = pair(protection, draining);
        builder.call(at(300), Call::SetDesiredCapacity { group, to: 1 });
        let run = Run::whole(builder);
        let gone = run.cluster().groups()[group].counts.capacity < 2;
        assert_eq!(gone, !protection, "{what}: busy instances are scaled in");
        if protection {
            assert!(
                run.facts().iter().any(|(_, fact)| {
                    matches!(fact, Fact::ScalingWithheld { withheld: Withheld::AllProtected, .. })
                }),
                "{what}"
            );
            assert!(run.stops().is_empty(), "{what}");
        } else {
            let drains = run.cluster().instances().ids().any(|instance| run.drained(instance).is_some());
            assert_eq!(drains, draining, "{what}");
            assert_eq!(run.lost_with_host().is_empty(), draining, "{what}: they drain first, or die at once");
        }
        assert_eq!(run.cluster().services()[service].running, 2, "{what}");
        // A termination that no protection holds up.
        let (mut builder, _, _, service) = pair(protection, draining);
        builder.call(at(300), Call::SpotInterruption { instances: launched(&["asg-1"]), notice: secs(120) });
        let run = Run::whole(builder);
        let first = run.instance("asg-1");
        assert_eq!(run.drained(first).is_some(), draining, "{what}");
        assert!(run.terminated(first).is_some(), "{what}");
        let lost = run.lost_with_host();
        let started = run.created().map(|(time, ..)| time).filter(|time| *time > 10_000).collect::<Vec<_>>();
        if draining {
            assert!(lost.is_empty() && is_at(started[0], 300), "{what}: {started:?}");
        } else {
            assert_eq!(lost, [420_000], "{what}: killed at the end of the notice");
            assert!(is_at(started[0], 420), "{what}: and replaced after it: {started:?}");
        }
        assert_eq!(run.cluster().services()[service].running, 2, "{what}");
    }
}

#[test]
fn drn_023_who_drains_for_the_group_is_out_of_n_and_who_drains_by_hand_is_in_it() {
    for counted in [CountedInstances::LaunchingAndRunning, CountedInstances::Registered] {
        let mut builder = Builder::new();
        builder.settings.capacity.counted_instances = counted;
        let group = builder.auto_scaling_group("asg", (0, 4, 6), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
        let provider = builder.group_provider("cp", group, 100, secs(300));
        builder.provider_mut(provider).managed_draining = true;
        let any = builder.rules(&["spread(instanceId)"], &[]);
        let web = builder.task_definition("web", Builder::needs(1_000, 1));
        let service = builder.service("web", web, 4, any);
        builder.use_strategy(service, &[(provider, 0, 1)]);
        // A task of the provider on the first and the second: it ends at 200 s and at 400 s.
        let strategy = builder.capacity_strategy(&[(provider, 0, 1)]);
        for (name, seconds) in [("short", 199.0), ("long", 399.0)] {
            let task = builder.task_definition(name, Builder::needs(100, 1));
            let arrivals = Arrivals::At(vec![at(1)]);
            // The second finds the first on its instance and goes to the next.
            let apart = builder.rules(&["spread(instanceId)"], &["runningTasksCount < 2"]);
            let source = builder.source(name, task, apart, arrivals, Some(constant(seconds)), WhenUnplaced::Drop);
            builder.source_mut(source).template.strategy = Some(strategy);
        }
        let drains = |builder: &mut Builder, name: &str| {
            let status = InstanceStatus::Draining;
            builder.call(at(70), Call::UpdateContainerInstancesState { instances: launched(&[name]), status });
        };
        drains(&mut builder, "asg-1");
        builder.call(at(90), Call::TerminateInGroup { instances: launched(&["asg-2"]), decrement: true });
        builder.duration = secs(1_300);
        let run = Run::whole(builder);
        let m_and_n = |second| {
            let sample = sample_at(&run, provider, second);
            (sample.m, sample.n)
        };
        let second = run.instance("asg-2");
        assert_eq!(run.place(run.tasks(ecsim_cluster::SourceId::new(0))[0]), "asg-1");
        assert_eq!(run.place(run.tasks(ecsim_cluster::SourceId::new(1))[0]), "asg-2");
        assert_eq!(m_and_n(60), (4, 4));
        // The second is in Terminating:Wait, for its task runs on: out of the desired capacity and out of N. The first
        // drains by hand: in N, and in M while it has a task that is no daemon's.
        assert_eq!(
            run.lifecycle(second)[1..3],
            [(90_000, InstanceLifecycle::Terminating), (90_000, InstanceLifecycle::TerminatingWait)]
        );
        assert_eq!(desired_at(&run, group)[0], (90, 3));
        assert_eq!(m_and_n(120), (3, 3));
        assert_eq!(m_and_n(180), (3, 3));
        assert_eq!(m_and_n(240), (2, 3), "empty, it draws scale-in");
        assert_eq!(run.terminated(second), Some((400_000, TerminationReason::UserInGroup)));
        // 15 datapoints below the target: 240 s to 1,080 s.
        assert_eq!(desired_at(&run, group)[1..], [(1_080, 2)]);
        let first = run.instance("asg-1");
        assert_eq!(run.terminated(first).map(|(_, why)| why), Some(TerminationReason::ScaleIn));
        assert_eq!(run.cluster().services()[service].running, 4);
    }
}

// ---- Deregistration

#[test]
fn drn_030_a_terminated_instance_is_deregistered_only_if_its_agent_is_connected() {
    let mut builder = Builder::new();
    let all = fleet(
        &mut builder,
        &[("gone", "a", 1_000, 1_000), ("stopped", "a", 1_000, 1_000), ("mute", "a", 1_000, 1_000)],
    );
    builder.call(at(10), Call::StopInstances { instances: named(&all[1..2]) });
    builder.call(at(10), Call::DisconnectAgent { instances: named(&all[2..]), duration: None });
    builder.call(at(20), Call::TerminateInstances { instances: named(&all) });
    builder.duration = secs(600);
    let run = Run::whole(builder);
    let statuses = all.iter().map(|instance| run.cluster().instances()[*instance].status).collect::<Vec<_>>();
    assert_eq!(statuses, [InstanceStatus::Inactive, InstanceStatus::Active, InstanceStatus::Active]);
    assert!(!run.cluster().instances()[all[1]].connected && !run.cluster().instances()[all[2]].connected);
}

#[test]
fn drn_030_deregistering_needs_force_while_tasks_run_and_leaves_the_machine_alone() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 2, 2), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
    builder.group_mut(group).0.protects_new_instances = false;
    let needs = ecsim_cluster::Requirements { eni: true, ..Builder::needs(1_000, 1) };
    let web = builder.task_definition("web", needs);
    let subnet = builder.subnet("subnet-a", "us-east-1a", 10);
    let placement = builder.rules(&["spread(instanceId)"], &[]);
    let service = builder.service("web", web, 2, placement);
    builder.service_mut(service).revisions[0].subnets = vec![subnet];
    let deregister = |force| Call::DeregisterContainerInstance { instances: launched(&["asg-1"]), force };
    builder.call(at(100), deregister(false));
    builder.call(at(200), deregister(true));
    builder.duration = secs(400);
    let mut run = Run::new(builder);
    run.to(at(199));
    let first = run.instance("asg-1");
    assert_eq!(run.refused(), [(100_000, CallError::TasksStillRunning { instance: first })]);
    assert_eq!(run.cluster().instances()[first].status, InstanceStatus::Active);
    assert_eq!(run.cluster().free_addresses(subnet), 8);
    run.finish();
    let orphan = run.service_tasks(service)[0];
    assert_eq!(run.stopped(orphan), Some((200_000, StopReason::HostDeregistered(first))));
    assert_eq!(run.service_places(service, 200_000), ["asg-2"], "a copy starts elsewhere");
    assert_eq!(run.cluster().free_addresses(subnet), 8, "the interface of the orphan is deleted");
    let row = &run.cluster().instances()[first];
    assert_eq!((row.status, row.terminated_at, row.host_running), (InstanceStatus::Inactive, None, true));
    assert_eq!(row.lifecycle, InstanceLifecycle::InService, "its group has it still");
}

#[test]
fn drn_031_registering_and_deregistering_are_seen_where_a_trunk_is_made() {
    for trunk in [false, true] {
        let mut builder = Builder::new();
        let shape = builder.shape("host", cpu(1_000));
        builder.shape_mut(shape).trunk = trunk;
        let one = builder.instances("one", shape, "us-east-1a", 1)[0];
        builder.instance_behavior.trunk_attach = constant(30.0);
        builder.instance_behavior.trunk_detach = constant(20.0);
        builder.call(at(100), set_status(&[one], InstanceStatus::Draining));
        builder.call(at(200), Call::DeregisterContainerInstance { instances: named(&[one]), force: false });
        builder.duration = secs(400);
        let run = Run::whole(builder);
        use InstanceStatus::{Active, Deregistering, Draining, Inactive, Registering};
        let expected = if trunk {
            vec![(0, Registering), (30_000, Active), (100_000, Draining), (200_000, Deregistering), (220_000, Inactive)]
        } else {
            vec![(0, Active), (100_000, Draining), (200_000, Inactive)]
        };
        assert_eq!(run.statuses(one), expected);
    }
    let mut builder = Builder::new();
    let shape = builder.shape("host", cpu(1_000));
    builder.shape_mut(shape).trunk = true;
    let one = builder.instances("one", shape, "us-east-1a", 1)[0];
    builder.instance_behavior.trunk_attach = constant(30.0);
    builder.instance_behavior.trunk_failure = 1.0;
    let run = Run::whole(builder);
    assert_eq!(run.statuses(one), [(0, InstanceStatus::Registering), (30_000, InstanceStatus::RegistrationFailed)]);
}

#[test]
fn drn_002_a_drain_that_finds_no_room_says_so_once() {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("only", "a", 1_000, 1_000)]);
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    let placement = builder.rules(&[], &[]);
    let service = builder.service("web", web, 1, placement);
    builder.call(at(100), set_status(&all, InstanceStatus::Draining));
    let run = Run::whole(builder);
    let said = run.times(|fact| {
        matches!(fact, Fact::ServiceEvent { service: of, event: ServiceEvent::PlacementFailed { .. } } if *of == service)
    });
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(run.cluster().instances()[all[0]].tasks.len(), 1, "100 % healthy: it stays");
}
