//! The worked examples of `spec/21-capacity-examples.md` and the rules behind them, run whole: groups, providers, cluster
//! auto scaling, draining, Spot, with the invariants checked after every event.

mod kit;

use ecsim_cluster::definitions::ManagedScaling;
use ecsim_cluster::fact::{LaunchFailure, TerminationReason};
use ecsim_cluster::scaling::Withheld;
use ecsim_cluster::{
    AsgId, Fact, InstanceLifecycle, InstanceStatus, Market, ProviderId, Resources, ServiceId, StopReason, TaskStatus,
};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Arrivals, Call, InstanceSelector, WhenUnplaced};
use ecsim_kernel::Span;
use ecsim_policies::capacity::auto_scaling_group::mixed::InstancesDistribution;
use ecsim_policies::capacity::settings::DrainCount;
use ecsim_policies::capacity::spec::{Hook, Transition, WarmPoolSpec, WarmState};
use kit::capacity::{Plan, ZONES, cpu, desired, desired_at, sample_at};
use kit::{Run, at, scale};

#[test]
fn ex_a12_full_timeline_from_zero() {
    let mut plan = Plan::new((0, 0, 50), 1_000, 90.0, 100);
    plan.service("web", 100, 100);
    let (run, group, provider) = plan.run(600);
    assert_eq!(desired_at(&run, group), [(60, 2), (360, 10)]);
    assert_eq!(sample_at(&run, provider, 60).micros(), 200_000_000);
    for second in [180, 240, 300] {
        let sample = sample_at(&run, provider, second);
        assert_eq!((sample.m, sample.n), (10, 2), "at {second}");
        assert_eq!(sample.micros(), 500_000_000);
    }
    assert_eq!(sample_at(&run, provider, 480).micros(), 100_000_000);
    let placed: Vec<(u64, usize)> = [150, 450]
        .map(|second| {
            let there = run
                .facts()
                .iter()
                .filter(|(time, fact)| matches!(fact, Fact::TaskPlaced { .. }) && time.ms() / 1_000 == second);
            (second, there.count())
        })
        .to_vec();
    assert_eq!(placed, [(150, 20), (450, 80)]);
    let withheld = run.facts().iter().filter(|(_, fact)| {
        matches!(fact, Fact::ScalingWithheld { withheld: Withheld::WarmingUp { out: true, .. }, .. })
    });
    assert_eq!(withheld.count(), 2, "said once after each scale-out, not every minute");
}

#[test]
fn ex_a06_from_zero_ignores_demand_and_minimum_step() {
    for (max, expected) in [(10, 2), (1, 1)] {
        let mut plan = Plan::new((0, 0, max), 4_000, 600.0, 100);
        plan.builder.provider_mut(plan.provider).managed_scaling =
            Some(ManagedScaling { target: 100, minimum_step: 5, maximum_step: 10_000, warmup: Span::from_secs(300) });
        plan.service("web", 1_000, 37);
        let (run, group, provider) = plan.run(120);
        assert_eq!(sample_at(&run, provider, 60).micros(), 200_000_000);
        assert_eq!(desired_at(&run, group)[0], (60, expected));
    }
}

#[test]
fn ex_a10_scale_in_with_the_half_limit() {
    let mut plan = Plan::new((0, 334, 400), 1_000, 60.0, 100);
    let service = plan.service("web", 1_000, 334);
    plan.scale_at(30, service, 34);
    let (run, group, _) = plan.run(1_300);
    assert_eq!(desired_at(&run, group), [(900, 167), (960, 84), (1020, 42), (1080, 34)]);
    // Managed termination protection: no task was lost, and the last ones are those in use.
    assert_eq!(run.cluster().groups()[group].counts.used, 34);
    assert_eq!(run.cluster().services()[service].running, 34);
    assert!(
        !run.facts()
            .iter()
            .any(|(_, fact)| matches!(fact, Fact::TaskStopRequested { reason: StopReason::HostTerminated(_), .. }))
    );
}

#[test]
fn ex_a13_low_alarm_counter() {
    let mut plan = Plan::new((0, 10, 20), 1_000, 60.0, 100);
    let service = plan.service("web", 1_000, 10);
    plan.scale_at(30, service, 8);
    plan.scale_at(590, service, 9);
    plan.scale_at(770, service, 10);
    plan.scale_at(800, service, 8);
    let (run, group, provider) = plan.run(1_800);
    assert_eq!(sample_at(&run, provider, 780).micros(), 100_000_000);
    assert_eq!(sample_at(&run, provider, 840).micros(), 80_000_000);
    assert_eq!(desired_at(&run, group), [(1680, 8)]);
}

#[test]
fn ex_a26_exactly_the_empty_instances_go() {
    let mut plan = Plan::new((0, 6, 20), 1_000, 60.0, 100);
    let service = plan.service("web", 1_000, 6);
    plan.scale_at(30, service, 4);
    let (run, group, provider) = plan.run(1_100);
    let sample = sample_at(&run, provider, 900);
    assert_eq!((sample.m, sample.n), (4, 6));
    assert_eq!(desired_at(&run, group), [(900, 4)]);
    let lifted: Vec<_> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::InstanceProtectionChanged { instance, protected: false } => Some(instance),
            _ => None,
        })
        .collect();
    let terminated: Vec<_> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::InstanceTerminated { instance, reason: TerminationReason::ScaleIn } => Some(instance),
            _ => None,
        })
        .collect();
    assert_eq!(lifted.len(), 2);
    let (mut lifted, mut terminated) = (lifted, terminated);
    lifted.sort_unstable();
    terminated.sort_unstable();
    assert_eq!(lifted, terminated);
    assert_eq!(run.cluster().services()[service].running, 4);
}

#[test]
fn ex_a05_what_counts_as_used() {
    let mut plan = Plan::new((0, 5, 20), 1_000, 60.0, 100);
    let web = plan.service("web", 500, 2);
    // A RunTask task through the provider, a daemon on two instances, a task started with launch type EC2.
    let once = plan.builder.task_definition("once", Builder::needs(600, 1));
    let any = plan.builder.rules(&["binpack(cpu)"], &[]);
    let spread = plan.builder.rules(&["spread(instanceId)"], &[]);
    let source = plan.builder.source("once", once, any, Arrivals::At(vec![at(1)]), None, WhenUnplaced::Drop);
    let strategy = plan.builder.capacity_strategy(&[(plan.provider, 0, 1)]);
    plan.builder.source_mut(source).template.strategy = Some(strategy);
    let plain = plan.builder.task_definition("plain", Builder::needs(1_000, 1));
    plan.builder.source("plain", plain, spread, Arrivals::At(vec![at(2)]), None, WhenUnplaced::Drop);
    let agent = plan.builder.task_definition("agent", Builder::needs(0, 1));
    plan.builder.daemon("agent", agent, any);
    let (run, group, provider) = plan.run(1_100);
    let sample = sample_at(&run, provider, 60);
    assert_eq!((sample.m, sample.n), (2, 5), "web's instance and that of `once`");
    assert_eq!(sample.micros(), 40_000_000);
    assert_eq!(desired_at(&run, group), [(900, 3), (960, 2)]);
    assert_eq!(run.cluster().services()[web].running, 2);
}

#[test]
fn ex_a02_grow_and_measure_over_two_providers() {
    let mut builder = Builder::new();
    let od = builder.auto_scaling_group("od", (0, 1, 20), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
    let spot = builder.auto_scaling_group("spot", (0, 2, 20), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
    builder.group_mut(spot).1.spot_only = true;
    let cp_od = builder.group_provider("cp-od", od, 100, Span::from_secs(300));
    let cp_spot = builder.group_provider("cp-spot", spot, 100, Span::from_secs(300));
    let task = builder.task_definition("web", Builder::needs(1_000, 1));
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    let service = builder.service("web", task, 10, placement);
    builder.use_strategy(service, &[(cp_od, 2, 1), (cp_spot, 0, 3)]);
    builder.call(at(200), scale(service, 22));
    builder.duration = Span::from_secs(400);
    let run = Run::whole(builder);
    // EX-A01: the split of ten, and of twenty-two.
    let before: Vec<ProviderId> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::TaskCreated { provider, .. } => provider,
            _ => None,
        })
        .collect();
    let picks: Vec<bool> = before[..10].iter().map(|provider| *provider == cp_od).collect();
    assert_eq!(picks, [true, true, false, true, false, false, false, true, false, false]);
    let row = &run.cluster().services()[service];
    assert_eq!((row.live_on(cp_od), row.live_on(cp_spot)), (7, 15));
    let of = |provider| {
        let sample = sample_at(&run, provider, 240);
        (sample.waiting, sample.m, sample.n, sample.micros())
    };
    assert_eq!(of(cp_od), (3, 2, 1, 200_000_000));
    assert_eq!(of(cp_spot), (7, 4, 2, 200_000_000));
    assert_eq!(desired_at(&run, od), [(240, 2)]);
    assert_eq!(desired_at(&run, spot), [(240, 4)]);
    assert_eq!(row.running, 22);
}

#[test]
fn ex_a14_optimistic_size_assumption() {
    let mut builder = Builder::new();
    let types = [("small", cpu(2_000)), ("large", cpu(8_000))];
    let group = builder.auto_scaling_group("asg", (0, 1, 50), &["us-east-1a"], &types, 60.0);
    let provider = builder.group_provider("cp", group, 100, Span::from_secs(300));
    // The first instance is a large one, all later ones are small: the first choice at the start has room for one.
    builder.pools_mut(|pool, spec, _| spec.on_demand_limit = (pool.instance_type == "large").then_some(1));
    let options = builder.group_mut(group).1.options.clone();
    builder.group_mut(group).1.options = options.into_iter().rev().collect();
    let task = builder.task_definition("web", Builder::needs(1_000, 1));
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    let service = builder.service("web", task, 8, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    builder.call(at(30), scale(service, 24));
    builder.duration = Span::from_hours(1);
    let run = Run::whole(builder);
    let sequence: Vec<u32> = desired(&run, group).into_iter().map(|(_, to)| to).collect();
    assert_eq!(sequence, [3, 5, 6, 7, 8, 9]);
    assert_eq!(run.cluster().services()[service].running, 24);
}

#[test]
fn ex_a08_and_cas_013_groups_that_fit_no_type_keep_waiting() {
    let mut builder = Builder::new();
    let x = Resources { cpu: 4_096, memory: 7_600, gpus: 0, enis: 3 };
    let y = Resources { cpu: 2_048, memory: 15_500, gpus: 0, enis: 2 };
    let group = builder.auto_scaling_group("asg", (0, 4, 50), &["us-east-1a"], &[("x", x), ("y", y)], 600.0);
    let provider = builder.group_provider("cp", group, 100, Span::ZERO);
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    // Nothing fits on the instances there are: they are full of a service of one task each.
    let full = builder.task_definition("full", Builder::needs(4_096, 7_600));
    let full_service = builder.service("full", full, 4, placement);
    builder.use_strategy(full_service, &[(provider, 0, 1)]);
    for (name, count, cpu, memory) in [("g1", 5, 3_072, 4_096), ("g2", 18, 1_024, 2_048), ("g3", 4, 512, 9_000)] {
        let task = builder.task_definition(name, Builder::needs(cpu, memory));
        let service = builder.service(name, task, 0, placement);
        builder.use_strategy(service, &[(provider, 0, 1)]);
        builder.call(at(30), scale(service, count));
    }
    builder.duration = Span::from_secs(110);
    let run = Run::whole(builder);
    let sample = sample_at(&run, provider, 60);
    assert_eq!((sample.m, sample.n, sample.incompatible), (9, 4, 9));
    assert_eq!(sample.micros(), 225_000_000);
    assert_eq!(desired_at(&run, group), [(60, 9)]);
}

#[test]
fn ex_a11_target_80_rests_at_four_of_three() {
    for (instances, used, later) in [(4, 3, None), (5, 4, Some(3))] {
        let mut plan = Plan::new((0, instances, 20), 1_000, 60.0, 80);
        let service = plan.service("web", 1_000, used);
        if let Some(later) = later {
            plan.scale_at(1_210, service, later);
        }
        let (run, group, provider) = plan.run(3_000);
        if later.is_none() {
            assert_eq!(sample_at(&run, provider, 60).micros(), 75_000_000);
            assert_eq!(desired_at(&run, group), []);
        } else {
            assert_eq!(sample_at(&run, provider, 60).micros(), 80_000_000);
            assert_eq!(desired_at(&run, group), [(2_100, 4)]);
        }
    }
}

#[test]
fn meas_105_fourteen_to_twenty_six_in_one_activity() {
    let mut plan = Plan::new((0, 14, 100), 1_000, 60.0, 100);
    let service = plan.service("web", 1_000, 14);
    plan.scale_at(30, service, 26);
    let (run, group, provider) = plan.run(900);
    assert_eq!(desired_at(&run, group), [(60, 26)]);
    assert_eq!(sample_at(&run, provider, 60).micros(), 185_714_286);
    let texts: Vec<String> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::ScalingDecided { from, to, decision, .. } => {
                Some(decision.text(run.cluster().definitions(), *from, *to))
            }
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["N=14, M=26, CPR 185.7 > 100: desired 14 → 26 (12 tasks wait)"]);
}

#[test]
fn cas_010_a_waiting_task_gives_up_and_its_service_asks_again() {
    let mut plan = Plan::new((0, 0, 0), 1_000, 60.0, 100);
    let service = plan.service("web", 100, 1);
    let (run, _, _) = plan.run(4_000);
    let stops: Vec<(u64, StopReason)> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::TaskStopRequested { reason, .. } => Some((time.ms() / 1_000, reason)),
            _ => None,
        })
        .collect();
    assert_eq!(stops.len(), 2);
    assert!(matches!(stops[0], (1800, StopReason::NoCapacity(_))), "{stops:?}");
    assert_eq!(run.cluster().services()[service].live, 1, "it has asked again");
}

#[test]
fn cas_009_no_more_tasks_wait_than_the_quota_allows() {
    let mut plan = Plan::new((0, 0, 0), 1_000, 60.0, 100);
    plan.builder.settings.capacity.provisioning_tasks = 7;
    let service = plan.service("web", 100, 20);
    let (run, _, provider) = plan.run(100);
    assert_eq!(run.cluster().providers()[provider].waiting.len(), 7);
    assert_eq!(run.cluster().services()[service].live, 7);
}

#[test]
fn cas_009_a_run_task_call_that_would_cross_the_quota_is_rejected_whole() {
    let mut plan = Plan::new((0, 1, 1), 1_000, 60.0, 100);
    plan.builder.settings.capacity.provisioning_tasks = 3;
    let task = plan.builder.task_definition("job", Builder::needs(500, 1));
    let placement = plan.builder.rules(&["binpack(cpu)"], &[]);
    let strategy = plan.builder.capacity_strategy(&[(plan.provider, 0, 1)]);
    for (name, second, count) in [("first", 1, 5), ("second", 2, 1)] {
        let arrivals = Arrivals::At(vec![at(second)]);
        let source = plan.builder.source(name, task, placement, arrivals, None, WhenUnplaced::Drop);
        plan.builder.source_mut(source).count = count;
        plan.builder.source_mut(source).template.strategy = Some(strategy);
    }
    let (run, _, provider) = plan.run(50);
    // Two fit and three wait: just the quota. One more is one too many.
    assert_eq!(run.cluster().providers()[provider].waiting.len(), 3);
    assert_eq!(run.cluster().tasks().len(), 5);
    let dropped = run.facts().iter().filter(|(_, fact)| matches!(fact, Fact::RequestDropped { .. })).count();
    assert_eq!(dropped, 1);
    let refused: Vec<(u64, u32, &str)> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::RequestRefused { count, by, .. } => Some((time.ms() / 1_000, count, by.exception())),
            Fact::RequestUnplaced { .. } => panic!("nobody looked for an instance"),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [(2, 1, "ClientException")]);
}

#[test]
fn cp_017_without_managed_scaling_a_task_fails_at_once() {
    let mut plan = Plan::new((0, 0, 10), 1_000, 60.0, 100);
    let provider = plan.builder.provider_mut(plan.provider);
    provider.managed_scaling = None;
    provider.termination_protection = false;
    let service = plan.service("web", 100, 1);
    let (run, group, _) = plan.run(300);
    assert_eq!(run.cluster().services()[service].live, 0);
    assert!(run.cluster().services()[service].placement_failures > 0);
    assert_eq!(desired(&run, group), []);
}

#[test]
fn cas_030_protected_instances_hold_up_a_lowered_desired_capacity() {
    let mut plan = Plan::new((0, 2, 4), 1_000, 60.0, 100);
    let service = plan.service("web", 1_000, 2);
    plan.builder.call(at(30), Call::SetDesiredCapacity { group: plan.group, to: 1 });
    plan.scale_at(90, service, 1);
    let (run, group, _) = plan.run(200);
    let said = run.facts().iter().find_map(|(time, fact)| match fact {
        Fact::ScalingWithheld { withheld: Withheld::AllProtected, .. } => Some(time.ms() / 1_000),
        _ => None,
    });
    assert_eq!(said, Some(30));
    let gone = run.facts().iter().find_map(|(time, fact)| match fact {
        Fact::InstanceTerminated { .. } => Some(time.ms() / 1_000),
        _ => None,
    });
    assert_eq!(gone, Some(90), "as soon as an instance is empty");
    assert_eq!(run.cluster().groups()[group].counts.capacity, 1);
    assert_eq!(run.cluster().services()[service].running, 1);
}

// ---- Draining

/// A service of `desired` tasks, `on` of them on the one instance that drains at 300 s, the others on one with room for
/// everybody that is there from 50 s on.
fn drain(
    desired: u32,
    percent: (u32, u32),
    on: u32,
    healthy_after: u64,
    stop: f64,
    count: DrainCount,
) -> (Run, ServiceId, ecsim_cluster::InstanceId) {
    let mut builder = Builder::new();
    let shape = builder.shape("host", cpu(100_000));
    let first = builder.instances("first", shape, "us-east-1a", 1)[0];
    let second = builder.instances("second", shape, "us-east-1a", 1)[0];
    builder.instance_mut(second).join_at = at(50);
    let task = builder.task_definition("web", Builder::needs(1, 1));
    builder.behavior_mut(task).containers[0].stop = constant(stop);
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    let service = builder.service("web", task, on, placement);
    builder.settings.healthy_wait = Span::from_secs(healthy_after);
    builder.settings.capacity.drain_count = count;
    let row = builder.service_mut(service);
    (row.minimum_healthy_percent, row.maximum_percent) = percent;
    if desired > on {
        // The others find only the second instance connected.
        let duration = Some(Span::from_secs(5));
        builder.call(at(60), Call::DisconnectAgent { instances: kit::named(&[first]), duration });
        builder.call(at(61), scale(service, desired));
    }
    builder.call(at(300), kit::set_status(&[first], InstanceStatus::Draining));
    builder.duration = Span::from_secs(1_000);
    (Run::whole(builder), service, first)
}

/// Seconds after the start of the drain at which tasks were told to stop, were started, and the instance was empty.
fn waves(run: &Run) -> (Vec<u64>, Vec<u64>, Option<u64>) {
    let (mut stops, mut starts, mut empty) = (Vec::new(), Vec::new(), None);
    for (time, fact) in run.facts() {
        let Some(second) = (time.ms() / 1_000).checked_sub(300) else { continue };
        match fact {
            Fact::TaskStopRequested { .. } => stops.push(second),
            Fact::TaskCreated { .. } => starts.push(second),
            Fact::TaskStatusChanged { to: TaskStatus::Stopped, .. } => empty = Some(second),
            _ => {}
        }
    }
    (stops, starts, empty)
}

#[test]
fn ex_a22_drain_of_four_in_two_waves() {
    let of = |count| {
        let (run, service, first) = drain(4, (50, 100), 4, 60, 30.0, count);
        assert_eq!(run.cluster().services()[service].running, 4);
        assert!(run.cluster().instances()[first].tasks.is_empty());
        waves(&run)
    };
    assert_eq!(of(DrainCount::DesiredStatus), (vec![0, 0, 60, 60], vec![0, 0, 60, 60], Some(90)));
    assert_eq!(of(DrainCount::LastStatus), (vec![0, 0, 90, 90], vec![30, 30, 120, 120], Some(120)));
}

#[test]
fn ex_a23_drains_with_and_without_a_binding_maximum() {
    for count in [DrainCount::DesiredStatus, DrainCount::LastStatus] {
        let (run, _, _) = drain(12, (75, 150), 6, 50, 20.0, count);
        assert_eq!(waves(&run), (vec![0, 0, 0, 50, 50, 50], vec![0; 6], Some(70)), "{count:?}");
    }
    let of = |count| {
        let (run, service, _) = drain(10, (90, 110), 3, 60, 30.0, count);
        assert_eq!(run.cluster().services()[service].running, 10);
        waves(&run)
    };
    assert_eq!(of(DrainCount::DesiredStatus), (vec![0, 60, 60], vec![0, 0, 60], Some(90)));
    assert_eq!(of(DrainCount::LastStatus), (vec![0, 60, 90], vec![0, 30, 90], Some(120)));
}

#[test]
fn drn_006_at_100_and_100_a_drain_never_gets_anywhere() {
    let (run, service, first) = drain(4, (100, 100), 4, 0, 0.0, DrainCount::DesiredStatus);
    assert_eq!(run.cluster().instances()[first].tasks.len(), 4);
    assert_eq!(run.cluster().services()[service].running, 4);
    let (run, service, first) = drain(4, (100, 200), 4, 0, 0.0, DrainCount::DesiredStatus);
    assert!(run.cluster().instances()[first].tasks.is_empty(), "four start before four stop");
    assert_eq!(run.cluster().services()[service].running, 4);
}

#[test]
fn ex_a25_managed_draining_with_a_standalone_task() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 2, 4), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
    let provider = builder.group_provider("cp", group, 100, Span::from_secs(300));
    let row = builder.provider_mut(provider);
    row.managed_draining = true;
    row.termination_protection = false;
    row.managed_scaling = None;
    builder.group_mut(group).0.protects_new_instances = false;
    let any = builder.rules(&["binpack(cpu)"], &[]);
    let web = builder.task_definition("web", Builder::needs(100, 1));
    builder.behavior_mut(web).containers[0].stop = constant(60.0);
    builder.task_definition_mut(web).containers[0].stop_timeout = Some(Span::from_secs(120));
    let service = builder.service("web", web, 2, any);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    builder.settings.healthy_wait = Span::from_secs(60);
    let agent = builder.task_definition("agent", Builder::needs(1, 1));
    let daemon = builder.daemon("agent", agent, any);
    let job = builder.task_definition("job", Builder::needs(100, 1));
    let source =
        builder.source("job", job, any, Arrivals::At(vec![at(10)]), Some(constant(5.0 * 3_600.0)), WhenUnplaced::Drop);
    let strategy = builder.capacity_strategy(&[(provider, 0, 1)]);
    builder.source_mut(source).template.strategy = Some(strategy);
    let first = InstanceSelector::Launched(vec!["asg-1".to_owned()]);
    builder.call(at(100), Call::TerminateInGroup { instances: first, decrement: true });
    builder.duration = Span::from_hours(60);
    let run = Run::whole(builder);
    let times = |what: &dyn Fn(&Fact) -> bool| -> Vec<u64> {
        run.facts().iter().filter(|(_, fact)| what(fact)).map(|(time, _)| time.ms() / 1_000).collect()
    };
    assert_eq!(times(&|fact| matches!(fact, Fact::InstanceStatusChanged { to: InstanceStatus::Draining, .. })), [100]);
    let moved = times(&|fact| matches!(fact, Fact::TaskStopRequested { reason: StopReason::Draining, .. }));
    assert_eq!(moved[..2], [160, 160], "both service tasks as soon as their replacements are healthy");
    let job_ends = 10 + 5 * 3_600;
    let daemon_stops: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::TaskStopRequested { task, .. } if run.origin(task).service() == Some(daemon) => {
                Some(time.ms() / 1_000)
            }
            _ => None,
        })
        .collect();
    assert_eq!(daemon_stops, [job_ends], "the daemon is stopped last");
    let terminated = times(&|fact| matches!(fact, Fact::InstanceTerminated { .. }));
    assert_eq!(terminated, [job_ends], "not at 48 hours");
}

#[test]
fn drn_021_managed_draining_ends_after_48_hours() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 1, 4), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
    let provider = builder.group_provider("cp", group, 100, Span::from_secs(300));
    let row = builder.provider_mut(provider);
    row.managed_draining = true;
    row.termination_protection = false;
    row.managed_scaling = None;
    builder.group_mut(group).0.protects_new_instances = false;
    let any = builder.rules(&["binpack(cpu)"], &[]);
    let job = builder.task_definition("job", Builder::needs(100, 1));
    let source = builder.source("job", job, any, Arrivals::At(vec![at(10)]), None, WhenUnplaced::Drop);
    let strategy = builder.capacity_strategy(&[(provider, 0, 1)]);
    builder.source_mut(source).template.strategy = Some(strategy);
    builder.call(at(100), Call::SetDesiredCapacity { group, to: 0 });
    builder.duration = Span::from_hours(60);
    let run = Run::whole(builder);
    let terminated = run.facts().iter().find_map(|(time, fact)| match fact {
        Fact::InstanceTerminated { .. } => Some(time.ms() / 1_000),
        _ => None,
    });
    assert_eq!(terminated, Some(100 + 48 * 3_600));
    let lost = run
        .facts()
        .iter()
        .any(|(_, fact)| matches!(fact, Fact::TaskStopRequested { reason: StopReason::HostTerminated(_), .. }));
    assert!(lost, "whatever runs goes with it");
}

// ---- Auto Scaling groups

#[test]
fn asg_003_launches_balance_the_zones() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 0, 20), &ZONES, &[("big", cpu(1_000))], 10.0);
    builder.call(at(10), Call::SetDesiredCapacity { group, to: 7 });
    builder.duration = Span::from_secs(100);
    let run = Run::whole(builder);
    let counts: Vec<u32> = run.cluster().groups()[group].by_zone.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [3, 2, 2]);
}

#[test]
fn asg_004_and_005_a_dry_zone_sends_launches_elsewhere_and_a_dry_region_backs_off() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 0, 20), &ZONES, &[("big", cpu(1_000))], 10.0);
    let pools: Vec<_> = builder.definitions().pools.ids().collect();
    builder.call(at(5), Call::InsufficientCapacity { pools: pools[..1].to_vec(), market: None, duration: None });
    builder.call(at(10), Call::SetDesiredCapacity { group, to: 4 });
    builder.call(
        at(20),
        Call::InsufficientCapacity { pools: pools.clone(), market: None, duration: Some(Span::from_secs(280)) },
    );
    builder.call(at(30), Call::SetDesiredCapacity { group, to: 5 });
    builder.duration = Span::from_secs(1_000);
    let run = Run::whole(builder);
    let counts: Vec<u32> = run.cluster().groups()[group].by_zone.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts.iter().sum::<u32>(), 5);
    let failures: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::LaunchFailed { failure: LaunchFailure::InsufficientInstanceCapacity, .. } => Some(time.ms() / 1_000),
            _ => None,
        })
        .collect();
    // 60 s and 120 s later, 20 % more or less; at 300 s there is capacity again.
    assert!(failures.len() >= 2 && failures[0] == 30, "{failures:?}");
    assert!((78..=102).contains(&failures[1]), "{failures:?}");
}

#[test]
fn asg_009_mixed_instances_keep_their_split() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 0, 40), &ZONES, &[("big", cpu(1_000))], 10.0);
    builder.group_mut(group).1.mixed = Some(InstancesDistribution { on_demand_base: 3, on_demand_percentage: 35 });
    builder.call(at(10), Call::SetDesiredCapacity { group, to: 17 });
    builder.call(at(60), Call::SetDesiredCapacity { group, to: 6 });
    builder.duration = Span::from_secs(200);
    let run = Run::whole(builder);
    let markets = |until: u64| {
        let launched = run.facts().iter().filter_map(|(time, fact)| match *fact {
            Fact::InstanceLaunched { market, .. } if time.ms() / 1_000 < until => Some(market),
            _ => None,
        });
        launched.filter(|market| *market == Market::OnDemand).count()
    };
    assert_eq!(markets(60), 8, "EX-A15 (c)");
    let counts = &run.cluster().groups()[group].counts;
    assert_eq!((counts.on_demand, counts.spot), (5, 1), "3 + ceil(3 x 0.35)");
}

#[test]
fn asg_006_a_dead_instance_is_replaced_and_lat_021_says_when() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 2, 4), &ZONES, &[("big", cpu(1_000))], 10.0);
    builder.fleet.health_notice = constant(30.0);
    let first = InstanceSelector::Launched(vec!["asg-1".to_owned()]);
    builder.call(at(100), Call::TerminateInstances { instances: first });
    builder.duration = Span::from_secs(300);
    let run = Run::whole(builder);
    let launched: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::InstanceLaunched { .. } => Some(time.ms() / 1_000),
            _ => None,
        })
        .collect();
    assert_eq!(launched, [0, 0, 130]);
    assert_eq!(run.cluster().groups()[group].counts.in_service, 2);
}

#[test]
fn asg_007_failing_instances_go_a_tenth_at_a_time_and_the_next_after_the_warm_up() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 20, 30), &ZONES, &[("big", cpu(1_000))], 10.0);
    builder.group_mut(group).1.default_warmup = Some(Span::from_secs(120));
    builder.fleet.status_check_wait = Span::from_secs(300);
    let five = InstanceSelector::Launched((1..=5).map(|number| format!("asg-{number}")).collect());
    builder.call(at(100), Call::StatusCheckFails { instances: five, duration: None });
    builder.duration = Span::from_secs(1_000);
    let run = Run::whole(builder);
    let terminated: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::InstanceTerminated { reason: TerminationReason::Unhealthy, .. } => Some(time.ms() / 1_000),
            _ => None,
        })
        .collect();
    assert_eq!(terminated, [400, 400, 520, 520, 640]);
    assert_eq!(run.cluster().groups()[group].counts.in_service, 20);
}

#[test]
fn asg_044_a_maintenance_policy_has_replacements_come_first() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 10, 30), &ZONES, &[("big", cpu(1_000))], 10.0);
    builder.group_mut(group).1.default_warmup = Some(Span::from_secs(120));
    builder.group_mut(group).1.maintenance = Some((100, 120));
    builder.fleet.status_check_wait = Span::from_secs(300);
    let three = InstanceSelector::Launched((1..=3).map(|number| format!("asg-{number}")).collect());
    builder.call(at(100), Call::StatusCheckFails { instances: three, duration: None });
    builder.duration = Span::from_secs(1_000);
    let run = Run::whole(builder);
    let (mut launched, mut terminated, mut in_service, mut least) = (vec![], vec![], 0, u32::MAX);
    for (time, fact) in run.facts() {
        match *fact {
            Fact::InstanceLaunched { .. } if time.ms() > 0 => launched.push(time.ms() / 1_000),
            Fact::InstanceLifecycleChanged { to: InstanceLifecycle::InService, .. } => in_service += 1,
            Fact::InstanceLifecycleChanged { to: InstanceLifecycle::Terminating, .. } => {
                terminated.push(time.ms() / 1_000);
                in_service -= 1;
                least = least.min(in_service);
            }
            _ => {}
        }
    }
    // Two of twelve at a time: 400, and when those two are warm the third.
    assert_eq!((launched, terminated), (vec![400, 400, 520], vec![520, 520, 640]));
    assert_eq!((least, run.cluster().groups()[group].counts.in_service), (10, 10));
}

#[test]
fn asg_008_instances_terminated_by_hand_have_the_zones_evened_out() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 6, 6), &ZONES, &[("big", cpu(1_000))], 10.0);
    let zone = InstanceSelector::Launched(vec!["asg-1".to_owned(), "asg-4".to_owned()]);
    builder.call(at(100), Call::TerminateInGroup { instances: zone, decrement: true });
    builder.duration = Span::from_secs(300);
    let run = Run::whole(builder);
    let row = &run.cluster().groups()[group];
    let there: Vec<u32> = row.by_zone.iter().map(|(_, count)| *count).collect();
    assert_eq!(there, [1, 1, 2], "0, 2, 2 is uneven");
    let reasons = run.facts().iter().filter_map(|(_, fact)| match *fact {
        Fact::InstanceTerminated { reason, .. } => Some(reason),
        _ => None,
    });
    use TerminationReason::{AzRebalance, UserInGroup};
    assert_eq!(reasons.collect::<Vec<_>>(), [UserInGroup, UserInGroup, AzRebalance]);
}

#[test]
fn asg_040_hooks_hold_an_instance_up_and_abandon_replaces_it() {
    let hook = |builder: &mut Builder, transition, seconds: f64, proceeds| Hook {
        name: builder.definitions_mut().policies.intern("install"),
        transition,
        heartbeat: Span::from_secs(3_600),
        default_continue: false,
        duration: Some(constant(seconds)),
        from_warm_pool: None,
        answers_continue: proceeds,
    };
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 0, 4), &ZONES, &[("big", cpu(1_000))], 10.0);
    let launching = hook(&mut builder, Transition::Launching, 200.0, true);
    let terminating = hook(&mut builder, Transition::Terminating, 90.0, true);
    builder.group_mut(group).1.hooks = vec![launching, terminating];
    builder.call(at(10), Call::SetDesiredCapacity { group, to: 1 });
    builder.call(at(500), Call::SetDesiredCapacity { group, to: 0 });
    builder.duration = Span::from_secs(1_000);
    let run = Run::whole(builder.clone());
    let states: Vec<(u64, InstanceLifecycle)> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::InstanceLifecycleChanged { to, .. } => Some((time.ms() / 1_000, to)),
            _ => None,
        })
        .collect();
    use InstanceLifecycle::{
        InService, PendingProceed, PendingWait, Terminated, Terminating, TerminatingProceed, TerminatingWait,
    };
    assert_eq!(
        states,
        [
            (10, PendingWait),
            (210, PendingProceed),
            (210, InService),
            (500, Terminating),
            (500, TerminatingWait),
            (590, TerminatingProceed),
            (590, Terminated),
        ]
    );
    // ABANDON at launch: it goes, and the group tries again.
    let abandoned = hook(&mut builder, Transition::Launching, 20.0, false);
    builder.group_mut(group).1.hooks = vec![abandoned];
    let run = Run::whole(builder);
    let reasons = run.facts().iter().filter(|(_, fact)| {
        matches!(fact, Fact::InstanceTerminated { reason: TerminationReason::LaunchAbandoned, .. })
    });
    assert!(reasons.count() > 3);
}

#[test]
fn meas_110_and_asg_041_a_warm_pool_is_faster_than_a_cold_launch() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (0, 0, 2), &["us-east-1a"], &[("big", cpu(1_000))], 40.0);
    let name = builder.definitions_mut().policies.intern("install");
    let (_, spec, machine) = builder.group_mut(group);
    spec.hooks = vec![Hook {
        name,
        transition: Transition::Launching,
        heartbeat: Span::from_secs(3_600),
        default_continue: false,
        duration: Some(constant(230.0)),
        from_warm_pool: None,
        answers_continue: true,
    }];
    machine.pending = constant(13.0);
    machine.warm_stop = constant(17.0);
    machine.warm_start = constant(15.0);
    machine.warm_poll = constant(21.0);
    spec.warm_pool = Some(WarmPoolSpec {
        size: ecsim_policies::capacity::auto_scaling_group::warm_pool::WarmPool {
            max_group_prepared_capacity: Some(1),
            min_size: 0,
        },
        state: WarmState::Stopped,
    });
    builder.call(at(1_000), Call::SetDesiredCapacity { group, to: 1 });
    builder.call(at(2_000), Call::SetDesiredCapacity { group, to: 2 });
    builder.duration = Span::from_secs(3_000);
    let run = Run::whole(builder);
    let when = |to: InstanceLifecycle| -> Vec<u64> {
        let found = run
            .facts()
            .iter()
            .filter(|(_, fact)| matches!(*fact, Fact::InstanceLifecycleChanged { to: of, .. } if of == to));
        found.map(|(time, _)| time.ms() / 1_000).collect()
    };
    let into_pool = when(InstanceLifecycle::WarmedStopped)[0];
    let in_service = when(InstanceLifecycle::InService);
    assert_eq!(into_pool, 260, "13 s to run, 230 s of installing, 17 s to stop");
    assert_eq!(in_service[0], 1_015, "from the pool");
    assert_eq!(in_service[1], 2_243, "cold");
    let registered: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::InstanceStatusChanged { to: InstanceStatus::Active, .. } => Some(time.ms() / 1_000),
            _ => None,
        })
        .collect();
    assert_eq!(registered[0], 1_036, "36 s: the agent looks at the life cycle");
}

// ---- Spot

fn spot_service(draining: bool, percent: (u32, u32)) -> (Builder, AsgId, ServiceId) {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("spot", (0, 3, 6), &["us-east-1a"], &[("big", cpu(4_000))], 60.0);
    builder.group_mut(group).1.spot_only = true;
    builder.group_mut(group).1.spot_draining = draining;
    let provider = builder.group_provider("cp", group, 100, Span::from_secs(300));
    builder.provider_mut(provider).managed_draining = false;
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    let placement = builder.rules(&["spread(instanceId)"], &[]);
    let service = builder.service("web", web, 6, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    let row = builder.service_mut(service);
    (row.minimum_healthy_percent, row.maximum_percent) = percent;
    builder.call(
        at(1_000),
        Call::SpotInterruption {
            instances: InstanceSelector::Launched(vec!["spot-1".to_owned()]),
            notice: Span::from_secs(120),
        },
    );
    builder.duration = Span::from_secs(1_500);
    (builder, group, service)
}

#[test]
fn spt_006_without_draining_tasks_die_with_the_host() {
    let (builder, group, service) = spot_service(false, (100, 200));
    let run = Run::whole(builder);
    let lost: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::TaskStopRequested { reason: StopReason::HostTerminated(_), .. } => Some(time.ms() / 1_000),
            _ => None,
        })
        .collect();
    assert_eq!(lost, [1_120, 1_120]);
    assert_eq!(run.cluster().services()[service].running, 6);
    assert_eq!(run.cluster().groups()[group].counts.in_service, 3, "the group replaced it");
    let reason = run.facts().iter().find_map(|(_, fact)| match *fact {
        Fact::InstanceTerminated { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reason, Some(TerminationReason::SpotInterruption));
}

#[test]
fn spt_004_and_007_draining_moves_tasks_before_the_end() {
    let (builder, _, service) = spot_service(true, (50, 200));
    let run = Run::whole(builder);
    let drained = run.facts().iter().find_map(|(time, fact)| match fact {
        Fact::InstanceStatusChanged { to: InstanceStatus::Draining, .. } => Some(time.ms() / 1_000),
        _ => None,
    });
    assert_eq!(drained, Some(1_000));
    assert!(
        !run.facts()
            .iter()
            .any(|(_, fact)| matches!(fact, Fact::TaskStopRequested { reason: StopReason::HostTerminated(_), .. }))
    );
    assert_eq!(run.cluster().services()[service].running, 6);
}

#[test]
fn spt_010_capacity_rebalancing_launches_before_it_terminates() {
    let (mut builder, group, _) = spot_service(true, (50, 200));
    builder.group_mut(group).1.capacity_rebalance = true;
    let provider = ProviderId::new(0);
    builder.provider_mut(provider).termination_protection = false;
    builder.provider_mut(provider).managed_draining = true;
    builder.group_mut(group).0.protects_new_instances = false;
    builder.call(
        at(300),
        Call::RebalanceRecommendation { instances: InstanceSelector::Launched(vec!["spot-2".to_owned()]) },
    );
    let run = Run::whole(builder);
    let launched = run.facts().iter().find_map(|(time, fact)| match fact {
        Fact::InstanceLaunched { .. } if time.ms() > 0 => Some(time.ms() / 1_000),
        _ => None,
    });
    assert_eq!(launched, Some(300));
    let gone = run.facts().iter().find_map(|(time, fact)| match fact {
        Fact::InstanceLifecycleChanged { to: InstanceLifecycle::Terminating, .. } => Some(time.ms() / 1_000),
        _ => None,
    });
    assert_eq!(gone, Some(360), "when its replacement has booted and passes its health check");
    let reason = run.facts().iter().find_map(|(_, fact)| match *fact {
        Fact::InstanceTerminated { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reason, Some(TerminationReason::CapacityRebalance));
}

#[test]
fn a_zone_outage_moves_everything_and_the_zone_is_used_again_after_it() {
    let mut builder = Builder::new();
    let group = builder.auto_scaling_group("asg", (6, 6, 12), &ZONES, &[("big", cpu(4_000))], 60.0);
    let provider = builder.group_provider("cp", group, 100, Span::from_secs(300));
    builder.provider_mut(provider).termination_protection = false;
    builder.group_mut(group).0.protects_new_instances = false;
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    let placement = builder.rules(&["spread(attribute:ecs.availability-zone)"], &[]);
    let service = builder.service("web", web, 18, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    let zone = builder.definitions().zones.get("us-east-1b").unwrap();
    builder.call(at(600), Call::ZoneOutage { zone, duration: Some(Span::from_secs(1_200)) });
    builder.duration = Span::from_secs(4_000);
    let run = Run::whole(builder);
    let lost = run
        .facts()
        .iter()
        .filter(|(_, fact)| matches!(fact, Fact::TaskStopRequested { reason: StopReason::HostStopped(_), .. }));
    assert_eq!(lost.count(), 6);
    assert_eq!(run.cluster().services()[service].running, 18);
    let counts: Vec<u32> = run.cluster().groups()[group].by_zone.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [2, 2, 2], "ASG-008: evened out once the zone is back");
}

// ---- Fargate

#[test]
fn sx_030_launch_rates_of_fargate() {
    let mut builder = Builder::new();
    let provider = builder.fargate_provider(false);
    let task = builder.task_definition("web", Builder::needs(256, 512));
    builder.fargate(task, 0.0, 0.0);
    let placement = builder.rules(&[], &[]);
    let service = builder.service("web", task, 1_200, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    builder.duration = Span::from_secs(200);
    let run = Run::whole(builder);
    let mut starts: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::TaskStatusChanged { to: TaskStatus::Running, .. } => Some(time.ms()),
            _ => None,
        })
        .collect();
    starts.sort_unstable();
    for (nth, expected) in [
        (100, 0),
        (101, 50),
        (500, 20_000),
        (501, 60_000),
        (600, 60_000),
        (1_000, 80_000),
        (1_001, 120_000),
        (1_200, 125_000),
    ] {
        let found = starts[nth - 1];
        assert!((expected..=expected + 50).contains(&found), "task {nth}: {found} ms, not {expected}");
    }
}

#[test]
fn fgt_010_the_vcpu_quota_stops_a_service_exactly() {
    let mut builder = Builder::new();
    let provider = builder.fargate_provider(false);
    let task = builder.task_definition("web", Builder::needs(512, 1_024));
    builder.fargate(task, 20.0, 27.0);
    let placement = builder.rules(&[], &[]);
    let service = builder.service("web", task, 100, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    builder.settings.capacity.fargate_vcpu_quota = Some(6);
    builder.duration = Span::from_secs(400);
    let run = Run::whole(builder);
    assert_eq!(run.cluster().services()[service].running, 12);
    assert_eq!(run.cluster().totals().fargate_cpu, 6 * 1_024);
}

#[test]
fn spt_011_fargate_spot_gives_30_seconds_after_the_signal() {
    let mut builder = Builder::new();
    let od = builder.fargate_provider(false);
    let spot = builder.fargate_provider(true);
    let task = builder.task_definition("web", Builder::needs(256, 512));
    builder.fargate(task, 20.0, 10.0);
    builder.behavior_mut(task).containers[0].stop = constant(600.0);
    let placement = builder.rules(&[], &[]);
    let service = builder.service("web", task, 4, placement);
    builder.use_strategy(service, &[(od, 1, 1), (spot, 0, 1)]);
    let tasks = ecsim_engine::model::TaskSelector { service: Some(service), ..Default::default() };
    builder.call(at(300), Call::FargateSpotInterruption { tasks });
    builder.duration = Span::from_secs(600);
    let run = Run::whole(builder);
    let stops: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::TaskStopRequested { reason: StopReason::SpotInterruption, .. } => Some(time.ms() / 1_000),
            _ => None,
        })
        .collect();
    let spot_tasks = stops.len();
    assert_eq!(
        spot_tasks,
        1,
        "base 1, then one and one: 3 on demand, 1 Spot? the split is {:?}",
        run.cluster().services()[service].by_provider
    );
    let killed: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::ContainerExited { exit_code: 137, .. } => Some(time.ms() / 1_000),
            _ => None,
        })
        .collect();
    assert_eq!(killed, vec![330; spot_tasks]);
    assert_eq!(run.cluster().services()[service].running, 4, "replaced at the signal");
}

#[test]
fn fgt_006_a_retired_platform_is_left_start_first() {
    let mut builder = Builder::new();
    let od = builder.fargate_provider(false);
    let task = builder.task_definition("web", Builder::needs(256, 512));
    builder.fargate(task, 20.0, 0.0);
    let placement = builder.rules(&[], &[]);
    let service = builder.service("web", task, 2, placement);
    builder.use_strategy(service, &[(od, 0, 1)]);
    builder.settings.healthy_wait = Span::from_secs(40);
    let tasks = ecsim_engine::model::TaskSelector { service: Some(service), count: Some(1), ..Default::default() };
    builder.call(at(300), Call::FargateRetirement { tasks, wait: Span::from_secs(100) });
    builder.duration = Span::from_secs(1_000);
    let run = Run::whole(builder);
    let stop = run.facts().iter().find_map(|(time, fact)| match fact {
        Fact::TaskStopRequested { reason: StopReason::FargateRetirement, .. } => Some(time.ms() / 1_000),
        _ => None,
    });
    assert_eq!(stop, Some(460), "20 s to start and 40 s to be healthy after the wait");
    assert_eq!(run.cluster().services()[service].running, 2);
}

// ---- Managed Instances

#[test]
fn cp_041_042_and_045_managed_instances_come_cheap_and_spread_and_go_when_idle() {
    let mut builder = Builder::new();
    let types = [("small", cpu(2_000)), ("large", cpu(8_000))];
    let provider = builder.managed_instances_provider("mi", &ZONES, &types, 40.0);
    let task = builder.task_definition("web", Builder::needs(500, 1));
    let placement = builder.service_default(&[]);
    let service = builder.service("web", task, 6, placement);
    builder.use_strategy(service, &[(provider, 0, 1)]);
    builder.call(at(1_000), scale(service, 0));
    builder.duration = Span::from_secs(2_000);
    let run = Run::whole(builder);
    let launched: Vec<(u64, &str)> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::InstanceLaunched { option, .. } => {
                let pool = run.cluster().definitions().launch_options[option].pool;
                Some((time.ms() / 1_000, run.cluster().definitions().pools[pool].instance_type.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(launched, [(0, "small"), (0, "small"), (0, "small")], "six tasks of 500 units: two a zone");
    let zones: std::collections::BTreeMap<_, usize> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::TaskPlaced { instance, .. } => Some(run.cluster().instances()[instance].zone),
            _ => None,
        })
        .fold(std::collections::BTreeMap::new(), |mut counts, zone| {
            *counts.entry(zone).or_insert(0) += 1;
            counts
        });
    assert_eq!(zones.into_values().collect::<Vec<_>>(), [2, 2, 2]);
    let gone: Vec<u64> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match fact {
            Fact::InstanceTerminated { reason: TerminationReason::Idle, .. } => Some(time.ms() / 1_000),
            _ => None,
        })
        .collect();
    assert_eq!(gone, [1_300; 3], "scaleInAfter");
}
