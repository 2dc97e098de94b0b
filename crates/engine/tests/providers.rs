//! Capacity providers and cluster auto scaling run whole: no spill-over, what is invisible, N and M, switching it off.

mod kit;

use ecsim_cluster::definitions::LaunchType;
use ecsim_cluster::fact::{HeldBack, TerminationReason};
use ecsim_cluster::reasons::StopCode;
use ecsim_cluster::{AsgId, Fact, ProviderId, Requirements, ServiceId, SourceId, StopReason, TaskStatus};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::fleet::MetricSeries;
use ecsim_engine::model::{Arrivals, Call, WhenUnplaced};
use ecsim_policies::capacity::auto_scaling_group::termination::Policy;
use ecsim_policies::capacity::settings::CountedInstances;
use ecsim_policies::capacity::spec::{
    AlarmSpec, Comparison, Hook, MissingData, PolicyKind, ScalingMetric, ScalingPolicy, Transition, WarmPoolSpec,
    WarmState,
};
use ecsim_policies::scaling::simple::SimplePolicy;
use ecsim_policies::scaling::step::AdjustmentType;
use kit::capacity::{Plan, cpu, desired, desired_at, is_at, launched, sample_at};
use kit::{Run, at, secs};

/// Two groups of instances for two tasks each, with their providers, and a service on both.
fn two(sizes: [(u32, u32, u32); 2], wanted: u32) -> (Builder, [AsgId; 2], [ProviderId; 2], ServiceId) {
    let mut builder = Builder::new();
    let mut groups = [AsgId::new(0); 2];
    let mut providers = [ProviderId::new(0); 2];
    for (at, (name, sizes)) in ["a", "b"].into_iter().zip(sizes).enumerate() {
        groups[at] = builder.auto_scaling_group(name, sizes, &["us-east-1a"], &[("big", cpu(2_000))], 60.0);
        providers[at] = builder.group_provider(&format!("cp-{name}"), groups[at], 100, secs(300));
    }
    let web = builder.task_definition("web", Builder::needs(1_000, 1));
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    let service = builder.service("web", web, wanted, placement);
    builder.use_strategy(service, &[(providers[0], 0, 1), (providers[1], 0, 1)]);
    builder.duration = secs(1_000);
    (builder, groups, providers, service)
}

#[test]
fn cp_015_a_task_waits_for_its_own_provider_however_much_room_another_has() {
    // Room for two on `a`, which cannot grow; for twenty on `b`.
    let (mut builder, _, [a, b], service) = two([(1, 1, 1), (10, 10, 10)], 8);
    builder.fleet.provisioning_timeout = constant(900.0);
    let run = Run::whole(builder);
    let row = &run.cluster().services()[service];
    assert_eq!((row.live_on(a), row.live_on(b)), (4, 4));
    assert_eq!(run.cluster().providers()[a].waiting.len(), 2, "two wait in PROVISIONING");
    // For life: who waits is never placed on an instance of the other.
    for (_, fact) in run.facts() {
        if let Fact::TaskPlaced { task, instance, .. } = *fact {
            assert_eq!(run.cluster().instances()[instance].provider, run.cluster().task(task).provider);
        }
    }
    assert!(run.created().all(|(.., instance)| {
        let name = run.name(instance);
        name.starts_with("a-") || name.starts_with("b-")
    }));
    // And who gave up is asked for again on the same provider.
    let gave_up = run.stops().into_iter().filter(|(_, _, reason)| matches!(reason, StopReason::NoCapacity(_))).count();
    assert_eq!(gave_up, 2);
    assert_eq!(run.providers_of(service).iter().filter(|provider| **provider == Some(a)).count(), 6);
}

#[test]
fn cp_015_where_one_provider_fails_at_once_the_others_still_get_their_share() {
    // Managed scaling is off on `a` (CP-017): its tasks fail at once. `b` gets its half and not one more.
    let (mut builder, _, [a, b], service) = two([(1, 1, 1), (10, 10, 10)], 12);
    let row = builder.provider_mut(a);
    row.managed_scaling = None;
    row.termination_protection = false;
    let run = Run::whole(builder);
    let row = &run.cluster().services()[service];
    assert_eq!((row.live_on(a), row.live_on(b)), (2, 6));
    assert!(row.placement_failures > 0);
}

#[test]
fn cp_015_a_call_starts_the_copies_of_whichever_provider_has_room() {
    let (mut builder, _, [a, b], _) = two([(1, 1, 1), (10, 10, 10)], 0);
    let row = builder.provider_mut(a);
    row.managed_scaling = None;
    row.termination_protection = false;
    let task = builder.task_definition("job", Builder::needs(1_000, 1));
    let placement = builder.rules(&["binpack(cpu)"], &[]);
    let arrivals = Arrivals::At(vec![at(10)]);
    let source = builder.source("job", task, placement, arrivals, None, WhenUnplaced::Drop);
    let strategy = builder.capacity_strategy(&[(a, 0, 1), (b, 0, 1)]);
    builder.source_mut(source).count = 10;
    builder.source_mut(source).template.strategy = Some(strategy);
    let run = Run::whole(builder);
    let places = run.places(source);
    let on = |name: &str| places.iter().filter(|place| place.starts_with(name)).count();
    assert_eq!((on("a-"), on("b-")), (2, 5));
    assert_eq!(run.unplaced(source).iter().map(|(time, count, _)| (*time, *count)).collect::<Vec<_>>(), [(10_000, 3)]);
    assert_eq!(run.times(|fact| matches!(fact, Fact::RequestDropped { .. })).len(), 3);
}

#[test]
fn cp_016_tasks_with_a_launch_type_are_invisible_to_the_provider() {
    let mut plan = Plan::new((0, 2, 10), 1_000, 60.0, 100);
    plan.builder.group_mut(plan.group).0.protects_new_instances = true;
    let plain = plan.builder.task_definition("plain", Builder::needs(1_000, 1));
    let placement = plan.builder.rules(&["binpack(cpu)"], &[]);
    // Two fill the group, the third finds no room: it fails, and nobody scales out for it.
    let service = plan.builder.service("plain", plain, 3, placement);
    let (run, group, provider) = plan.run(1_200);
    for second in [60, 600] {
        let sample = sample_at(&run, provider, second);
        assert_eq!((sample.m, sample.n, sample.waiting), (0, 2, 0), "never in M");
    }
    assert!(run.cluster().services()[service].placement_failures > 0, "no PROVISIONING for it");
    assert_eq!(desired_at(&run, group), [(900, 1), (960, 0)], "its instances are empty to it");
    let scaled_in =
        run.times(|fact| matches!(fact, Fact::InstanceTerminated { reason: TerminationReason::ScaleIn, .. }));
    assert_eq!(scaled_in.len(), 2);
    assert_eq!(run.lost_with_host().len(), 2);
}

#[test]
fn cp_011_a_strategy_or_a_launch_type_and_never_both() {
    // One and the same instance: a task of the strategy counts for the provider, one of launch type EC2 does not.
    let mut plan = Plan::new((0, 1, 1), 1_000, 60.0, 100);
    let by_strategy = plan.service("by-strategy", 100, 1);
    let task = plan.builder.task_definition("plain", Builder::needs(100, 1));
    let placement = plan.builder.rules(&[], &[]);
    let by_type = plan.builder.service("by-type", task, 1, placement);
    // On Fargate by its launch type alone: the on-demand kind, which needs no provider. Spot is reached by a strategy only.
    let other = plan.builder.task_definition("other", Builder::needs(256, 512));
    plan.builder.fargate(other, 20.0, 0.0);
    let on_fargate = plan.builder.service("on-fargate", other, 1, placement);
    plan.builder.service_mut(on_fargate).launch_type = LaunchType::Fargate;
    let (run, _, provider) = plan.run(300);
    assert_eq!(run.providers_of(by_strategy), [Some(provider)]);
    assert_eq!((run.providers_of(by_type), run.providers_of(on_fargate)), (vec![None], vec![None]));
    let launch_types: Vec<LaunchType> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::TaskCreated { launch_type, origin, .. } if origin.service() != Some(by_strategy) => Some(launch_type),
            _ => None,
        })
        .collect();
    assert_eq!(launch_types, [LaunchType::Ec2, LaunchType::Fargate]);
    assert_eq!(run.cluster().providers()[provider].tasks, 1);
    assert_eq!((run.cluster().totals().fargate_cpu, run.cluster().totals().fargate_spot_cpu), (256, 0));
}

#[test]
fn cas_004_n_counts_what_was_launched_or_with_the_switch_what_is_registered() {
    for (counted, before) in [(CountedInstances::LaunchingAndRunning, 6), (CountedInstances::Registered, 2)] {
        let mut plan = Plan::new((0, 2, 20), 1_000, 90.0, 100);
        plan.builder.settings.capacity.counted_instances = counted;
        plan.service("web", 1_000, 2);
        // 30 s to InService, 90 s to the registration; one of the six then stands by, and a warm pool has more.
        let (_, spec, machine) = plan.builder.group_mut(plan.group);
        machine.pending = constant(30.0);
        machine.warm_start = constant(30.0);
        machine.warm_poll = constant(60.0);
        spec.warm_pool = Some(WarmPoolSpec {
            size: ecsim_policies::capacity::auto_scaling_group::warm_pool::WarmPool {
                max_group_prepared_capacity: Some(0),
                min_size: 3,
            },
            state: WarmState::Stopped,
        });
        plan.builder.call(at(100), Call::SetDesiredCapacity { group: plan.group, to: 6 });
        let status = ecsim_cluster::InstanceStatus::Draining;
        let drained = || launched(&["asg-1"]);
        plan.builder.call(at(250), Call::UpdateContainerInstancesState { instances: drained(), status });
        plan.builder.call(at(250), Call::DisconnectAgent { instances: launched(&["asg-2"]), duration: None });
        plan.builder.call(at(310), Call::EnterStandby { instances: launched(&["asg-1"]), decrement: true });
        let (run, group, provider) = plan.run(400);
        let n = |second| sample_at(&run, provider, second).n;
        assert!(run.cluster().groups()[group].counts.warm > 0, "there is a warm pool");
        assert_eq!(n(60), 2, "{counted:?}: warm instances are not in N");
        assert_eq!(n(120), before, "{counted:?}: four are Pending");
        assert_eq!(n(180), before, "{counted:?}: four are InService and not registered");
        assert_eq!(n(240), 6, "{counted:?}");
        assert_eq!(n(300), 6, "{counted:?}: DRAINING or without its agent, it is in N");
        assert_eq!(n(360), 5, "{counted:?}: Standby is not");
    }
}

#[test]
fn cas_004_who_registers_before_its_launch_hook_ends_is_not_in_service_yet() {
    for (counted, during) in [(CountedInstances::LaunchingAndRunning, 2), (CountedInstances::Registered, 1)] {
        let mut plan = Plan::new((0, 1, 20), 1_000, 30.0, 100);
        plan.builder.settings.capacity.counted_instances = counted;
        plan.service("web", 1_000, 1);
        let name = plan.builder.definitions_mut().policies.intern("install");
        plan.builder.group_mut(plan.group).1.hooks.push(Hook {
            name,
            transition: Transition::Launching,
            heartbeat: secs(3_600),
            default_continue: false,
            duration: Some(constant(200.0)),
            from_warm_pool: None,
            answers_continue: true,
        });
        plan.builder.call(at(10), Call::SetDesiredCapacity { group: plan.group, to: 2 });
        let (run, _, provider) = plan.run(400);
        assert!(is_at(run.statuses(run.instance("asg-2"))[0].0, 40), "registered at 40 s, in service at 210 s");
        assert_eq!(sample_at(&run, provider, 120).n, during, "{counted:?}");
        assert_eq!(sample_at(&run, provider, 240).n, 2, "{counted:?}");
    }
}

#[test]
fn cas_005_m_is_the_instances_with_a_task_of_a_provider_from_pending_to_stopping() {
    let mut plan = Plan::new((0, 3, 20), 1_000, 60.0, 100);
    let any = plan.builder.rules(&["binpack(cpu)"], &[]);
    // A task that pulls until 130 s, runs, is told to stop at 200 s and takes until 290 s; daemons everywhere.
    let slow = plan.builder.task_definition("slow", Builder::needs(500, 1));
    plan.builder.behavior_mut(slow).containers[0].cold_pull = constant(130.0);
    plan.builder.behavior_mut(slow).containers[0].stop = constant(90.0);
    plan.builder.task_definition_mut(slow).containers[0].stop_timeout = Some(secs(120));
    let service = plan.builder.service("slow", slow, 1, any);
    plan.builder.use_strategy(service, &[(plan.provider, 0, 1)]);
    plan.scale_at(200, service, 0);
    let agent = plan.builder.task_definition("agent", Builder::needs(1, 1));
    let daemon = plan.builder.daemon("agent", agent, any);
    plan.builder.use_strategy(daemon, &[(plan.provider, 0, 1)]);
    let (run, _, provider) = plan.run(400);
    let m_and_n = |second| {
        let sample = sample_at(&run, provider, second);
        (sample.m, sample.n)
    };
    assert_eq!(m_and_n(60), (1, 3), "PENDING");
    assert_eq!(m_and_n(180), (1, 3), "RUNNING");
    assert_eq!(m_and_n(240), (1, 3), "stopping");
    assert_eq!(m_and_n(300), (0, 3), "only daemons: empty");
    assert_eq!(run.cluster().services()[daemon].running, 3);
}

#[test]
fn cas_005_a_waiting_task_that_fits_no_type_leaves_m_at_the_used_instances() {
    let mut plan = Plan::new((0, 3, 20), 1_000, 60.0, 100);
    plan.service("web", 600, 2);
    plan.service("huge", 5_000, 1);
    let (run, _, provider) = plan.run(100);
    let sample = sample_at(&run, provider, 60);
    assert_eq!((sample.m, sample.n, sample.waiting, sample.incompatible), (2, 3, 1, 1));
}

#[test]
fn cas_028_without_protection_the_groups_own_policy_chooses_and_busy_instances_die() {
    for (policy, victim) in [(Policy::OldestInstance, "asg-1"), (Policy::NewestInstance, "asg-3")] {
        let mut plan = Plan::new((0, 1, 6), 1_000, 60.0, 100);
        plan.builder.provider_mut(plan.provider).termination_protection = false;
        plan.builder.group_mut(plan.group).0.protects_new_instances = false;
        plan.builder.group_mut(plan.group).1.termination = vec![policy];
        // One task on each; the second instance, in the middle by age, is the one that becomes empty.
        let service = plan.service("web", 1_000, 1);
        plan.builder.call(at(10), Call::SetDesiredCapacity { group: plan.group, to: 2 });
        plan.builder.call(at(20), Call::SetDesiredCapacity { group: plan.group, to: 3 });
        plan.scale_at(200, service, 3);
        plan.scale_at(300, service, 2);
        let (run, group, provider) = plan.run(1_800);
        let sample = sample_at(&run, provider, 360);
        assert_eq!((sample.m, sample.n), (2, 3));
        assert_eq!(desired(&run, group).last().map(|(_, to)| *to), Some(2));
        let (time, reason) = run.terminated(run.instance(victim)).expect("the policy's choice");
        assert_eq!(reason, TerminationReason::ScaleIn, "{policy:?}");
        let busy = run.lost_with_host();
        if !busy.is_empty() {
            assert_eq!(busy, [time]);
        }
        assert_eq!(run.cluster().services()[service].running, 2, "{policy:?}: rescheduled");
    }
}

#[test]
fn cas_033_switched_off_or_disassociated_nothing_scales_and_the_desired_capacity_stays() {
    for disassociate in [false, true] {
        let mut plan = Plan::new((0, 2, 20), 1_000, 60.0, 100);
        let service = plan.service("web", 1_000, 2);
        plan.builder.provider_mut(plan.provider).termination_protection = false;
        plan.builder.group_mut(plan.group).0.protects_new_instances = false;
        let provider = plan.provider;
        if disassociate {
            plan.scale_at(400, service, 0);
            plan.builder.call(at(410), Call::PutClusterCapacityProviders { providers: Vec::new() });
        } else {
            plan.builder.call(
                at(410),
                Call::UpdateCapacityProvider {
                    provider,
                    managed_scaling: Some(None),
                    termination_protection: None,
                    managed_draining: None,
                    configuration: None,
                },
            );
            plan.scale_at(500, service, 9);
            plan.scale_at(1_000, service, 0);
        }
        let (run, group, provider) = plan.run(4_000);
        assert!(run.refused().is_empty(), "{:?}", run.refused());
        assert_eq!(desired(&run, group), [], "it stays where it is");
        let samples = run.times(|fact| matches!(fact, Fact::ReservationSampled { .. }));
        assert_eq!(samples.last().map(|time| time / 1_000), Some(360), "the metric is gone");
        assert!(run.times(|fact| matches!(fact, Fact::AlarmChanged { .. })).is_empty());
        assert!(run.cluster().providers()[provider].waiting.is_empty(), "nobody waits for it any more");
        assert_eq!(run.cluster().groups()[group].counts.in_service, 2);
    }
}

#[test]
fn plc_011_a_strategy_names_the_instances_and_launch_type_ec2_takes_any() {
    let (mut builder, _, [a, b], _) = two([(1, 1, 1), (2, 2, 2)], 0);
    let shape = builder.shape("fixed", cpu(2_000));
    builder.instances("fixed", shape, "us-east-1a", 1);
    let external = builder.shape("external", cpu(2_000));
    builder.shape_mut(external).external = true;
    builder.instances("outside", external, "us-east-1a", 1);
    let task = builder.task_definition("other", Builder::needs(500, 1));
    let spread = builder.rules(&["spread(instanceId)"], &[]);
    let only_b = builder.service("only-b", task, 4, spread);
    builder.use_strategy(only_b, &[(b, 0, 1)]);
    let anywhere = builder.service("anywhere", task, 4, spread);
    let run = Run::whole(builder);
    let places = |service| {
        let mut places = run.service_places(service, 0);
        places.sort_unstable();
        places
    };
    assert_eq!(places(only_b), ["b-1", "b-1", "b-2", "b-2"]);
    assert_eq!(places(anywhere), ["a-1", "b-1", "b-2", "fixed"], "those of providers too");
    assert_eq!(run.cluster().providers()[a].tasks, 0);
}

/// A source of one copy, with a strategy of the plan's provider, that asks at second 10.
fn one_copy(plan: &mut Plan, needs: Requirements, constraints: &[&str]) -> SourceId {
    let task = plan.builder.task_definition("job", needs);
    let placement = plan.builder.rules(&[], constraints);
    let arrivals = Arrivals::At(vec![at(10)]);
    let source = plan.builder.source("job", task, placement, arrivals, Some(constant(5.0)), WhenUnplaced::Drop);
    let strategy = plan.builder.capacity_strategy(&[(plan.provider, 0, 1)]);
    plan.builder.source_mut(source).template.strategy = Some(strategy);
    source
}

#[test]
fn plc_057_run_task_never_retries_but_managed_scaling_lets_its_tasks_wait() {
    for managed in [true, false] {
        let mut plan = Plan::new((0, 0, 5), 1_000, 60.0, 100);
        if !managed {
            let row = plan.builder.provider_mut(plan.provider);
            row.managed_scaling = None;
            row.termination_protection = false;
        }
        let source = one_copy(&mut plan, Builder::needs(100, 1), &[]);
        let group = plan.group;
        if !managed {
            // Room comes later; nobody asks again.
            plan.builder.call(at(60), Call::SetDesiredCapacity { group, to: 2 });
        }
        let (run, ..) = plan.run(400);
        let waited = run.when(|fact| matches!(fact, Fact::TaskCreated { instance: None, .. }));
        assert_eq!(waited, managed.then_some(10_000));
        let placed = run.when(|fact| matches!(fact, Fact::TaskPlaced { .. }));
        assert_eq!(placed.map(|time| time / 1_000), managed.then_some(120), "launched at 60 s, there at 120 s");
        assert_eq!(run.unplaced(source).len(), usize::from(!managed));
    }
}

#[test]
fn qta_013_and_plc_057_over_500_waiting_tasks_the_call_fails() {
    assert_eq!(ecsim_policies::Settings::default().capacity.provisioning_tasks, 500);
    let mut plan = Plan::new((0, 0, 0), 1_000, 60.0, 100);
    let task = plan.builder.task_definition("job", Builder::needs(100, 1));
    let placement = plan.builder.rules(&[], &[]);
    let strategy = plan.builder.capacity_strategy(&[(plan.provider, 0, 1)]);
    let arrivals = Arrivals::At((1..=51).map(at).collect());
    let source = plan.builder.source("job", task, placement, arrivals, None, WhenUnplaced::Drop);
    plan.builder.source_mut(source).count = 10;
    plan.builder.source_mut(source).template.strategy = Some(strategy);
    let (run, _, provider) = plan.run(100);
    assert_eq!(run.cluster().providers()[provider].waiting.len(), 500);
    let refused: Vec<_> = run
        .facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::RequestRefused { count, by, .. } => Some((time.ms(), count, by)),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [(51_000, 10, HeldBack::ProvisioningQuota)], "the whole call");
}

#[test]
fn flr_002_what_a_task_that_gave_up_waiting_says() {
    let told = |plan: Plan, constraints: &[&str], needs: Requirements, change: &dyn Fn(&mut Builder)| {
        let mut plan = plan;
        plan.builder.fleet.provisioning_timeout = constant(300.0);
        let source = one_copy(&mut plan, needs, constraints);
        change(&mut plan.builder);
        let (run, ..) = plan.run(400);
        let task = run
            .facts()
            .iter()
            .find_map(|(_, fact)| match *fact {
                Fact::TaskCreated { task, instance: None, .. } => Some(task),
                _ => None,
            })
            .expect("it waits");
        let (time, reason) = run.stopped(task).expect("it gave up");
        assert_eq!((time, reason.code()), (310_000, StopCode::TaskFailedToStart));
        assert_eq!(run.entered(task, TaskStatus::Stopped), Some(310_000));
        let _ = source;
        reason.text(run.cluster(), None)
    };
    // Groups that cannot grow, so that nothing comes.
    let small = || Plan::new((0, 1, 1), 1_000, 60.0, 100);
    let none = || Plan::new((0, 0, 0), 1_000, 60.0, 100);
    let fits = Builder::needs(100, 1);
    let eni = Requirements { eni: true, ..Builder::needs(100, 1) };
    let nothing: &dyn Fn(&mut Builder) = &|_| {};
    assert_eq!(told(small(), &[], Builder::needs(1_001, 1), nothing), "TaskFailedToStart: RESOURCE:CPU");
    assert_eq!(told(small(), &[], Builder::needs(100, 1_000_001), nothing), "TaskFailedToStart: RESOURCE:MEMORY");
    assert_eq!(
        told(small(), &["attribute:stack == prod"], fits, nothing),
        "TaskFailedToStart: MemberOf placement constraint unsatisfied"
    );
    let no_enis: &dyn Fn(&mut Builder) = &|builder| {
        let option = builder.group_mut(AsgId::new(0)).1.options[0];
        let shape = builder.definitions().launch_options[option].shape;
        builder.shape_mut(shape).registered.enis = 0;
    };
    assert_eq!(told(small(), &[], eni, no_enis), "TaskFailedToStart: RESOURCE:ENI");
    let no_attribute: &dyn Fn(&mut Builder) = &|builder| {
        let option = builder.group_mut(AsgId::new(0)).1.options[0];
        let shape = builder.definitions().launch_options[option].shape;
        let eni = builder.attribute(ecsim_engine::builder::TASK_ENI);
        builder.shape_mut(shape).attributes.retain(|(name, _)| *name != eni);
    };
    assert_eq!(told(small(), &[], eni, no_attribute), "TaskFailedToStart: ATTRIBUTE");
    let mute: &dyn Fn(&mut Builder) = &|builder| {
        builder.call(at(5), Call::DisconnectAgent { instances: launched(&["asg-1"]), duration: None });
    };
    assert_eq!(told(small(), &[], fits, mute), "TaskFailedToStart: AGENT");
    assert_eq!(told(none(), &[], fits, nothing), "TaskFailedToStart: EMPTY CAPACITY PROVIDER");
    let elsewhere: &dyn Fn(&mut Builder) = &|builder| {
        let shape = builder.shape("fixed", cpu(1_000));
        builder.instances("fixed", shape, "us-east-1a", 1);
    };
    assert_eq!(told(none(), &[], fits, elsewhere), "TaskFailedToStart: NO ACTIVE INSTANCES");
    let drains: &dyn Fn(&mut Builder) = &|builder| {
        let status = ecsim_cluster::InstanceStatus::Draining;
        builder.call(at(5), Call::UpdateContainerInstancesState { instances: launched(&["asg-1"]), status });
    };
    assert_eq!(told(small(), &[], fits, drains), "TaskFailedToStart: NO ACTIVE INSTANCES");
}

#[test]
fn flr_010_an_empty_provider_is_said_to_be_empty() {
    let mut plan = Plan::new((0, 0, 5), 1_000, 60.0, 100);
    let row = plan.builder.provider_mut(plan.provider);
    row.managed_scaling = None;
    row.termination_protection = false;
    let service = plan.service("web", 100, 1);
    let shape = plan.builder.shape("fixed", cpu(1_000));
    let fixed = plan.builder.instances("fixed", shape, "us-east-1a", 1)[0];
    plan.builder.instance_mut(fixed).join_at = at(5);
    let (run, ..) = plan.run(60);
    let said: Vec<String> = run.said(service).into_iter().map(|(_, text)| text).collect();
    assert!(said[0].contains("Reason: No Container Instances were found in your cluster."), "{said:?}");
    assert!(said[1].contains("Reason: No Container Instances were found in your capacity provider."), "{said:?}");
    assert!(is_at(run.said(service)[1].0, 15));
}

#[test]
fn cas_024_scale_in_of_awss_own_test() {
    // 334 instances, 34 used: four steps at 50 %, 51 at 5 %; a step a minute, or one in two as the measurement suggests.
    use ecsim_policies::capacity::managed_scaling::step::ScaleInCap;
    for (cap, period, steps) in [(ScaleInCap::HALF, 60, 4), (ScaleInCap::HALF, 120, 4), (ScaleInCap::TWENTIETH, 60, 51)]
    {
        let mut plan = Plan::new((0, 334, 400), 1_000, 60.0, 100);
        plan.builder.settings.capacity.scale_in_cap = cap;
        plan.builder.settings.capacity.scale_in_step_period = secs(period);
        let service = plan.service("web", 1_000, 334);
        plan.scale_at(30, service, 34);
        let (run, group, _) = plan.run(900 + 60 * 60);
        let changes = desired_at(&run, group);
        assert_eq!((changes.len(), changes.last().map(|(_, to)| *to)), (steps, Some(34)));
        let gaps: Vec<u64> = changes.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        assert!(gaps.iter().all(|gap| *gap == period), "{gaps:?}");
        if steps == 51 {
            assert_eq!(changes[0], (900, 334 - 16), "5 % of 334, rounded down");
        }
    }
}

#[test]
fn asg_001_and_ex_a17_desired_stays_between_minimum_and_maximum() {
    let change = |sizes, call: &dyn Fn(AsgId) -> Call| {
        let mut builder = Builder::new();
        let group = builder.auto_scaling_group("asg", sizes, &["us-east-1a"], &[("big", cpu(1_000))], 10.0);
        builder.call(at(10), call(group));
        builder.duration = secs(100);
        let run = Run::whole(builder);
        (run.cluster().groups()[group].desired, run.refused().len())
    };
    // A call may not ask for what is not allowed.
    assert_eq!(change((0, 2, 3), &|group| Call::SetDesiredCapacity { group, to: 5 }), (2, 1));
    assert_eq!(change((2, 3, 9), &|group| Call::SetDesiredCapacity { group, to: 1 }), (3, 1));
    assert_eq!(change((0, 2, 3), &|group| Call::SetDesiredCapacity { group, to: 3 }), (3, 0));
    // New limits take the desired capacity along.
    let limits = |min_size, max_size| {
        move |group| Call::UpdateAutoScalingGroup {
            group,
            min_size: Some(min_size),
            max_size: Some(max_size),
            desired_capacity: None,
            protects_new_instances: None,
            template: None,
            configuration: None,
        }
    };
    assert_eq!(change((0, 2, 3), &limits(3, 5)), (3, 0));
    assert_eq!(change((0, 3, 9), &limits(0, 1)), (1, 0));
    assert_eq!(change((0, 3, 9), &limits(5, 4)), (3, 1), "a minimum above the maximum");
    // The result of a policy is cut to the limits: adding 3 to 2 stops at 3, removing 2 from 3 at 2.
    for (sizes, adjustment, expected) in [((0, 2, 3), 3, 3), ((2, 3, 9), -2, 2)] {
        let mut builder = Builder::new();
        let group = builder.auto_scaling_group("asg", sizes, &["us-east-1a"], &[("big", cpu(1_000))], 10.0);
        let metric = builder.definitions_mut().metrics.intern("load");
        let name = builder.definitions_mut().policies.intern("policy");
        builder.fleet.metrics.push(MetricSeries { metric, values: vec![(at(0), Some(90_000_000))].into() });
        let alarm = AlarmSpec {
            metric: ScalingMetric::Custom(metric),
            period: secs(60),
            evaluation_periods: 1,
            datapoints_to_alarm: 1,
            threshold: 50_000_000,
            comparison: Comparison::Greater,
            missing: MissingData::Missing,
        };
        let policy = SimplePolicy {
            adjustment_type: AdjustmentType::ChangeInCapacity,
            adjustment,
            min_adjustment_magnitude: 0,
            cooldown: None,
        };
        let kind = PolicyKind::Simple { alarm, policy };
        builder.group_mut(group).1.policies = vec![ScalingPolicy { name, kind, warmup: None }];
        builder.duration = secs(200);
        let run = Run::whole(builder);
        assert_eq!(desired(&run, group).first().map(|(_, to)| *to), Some(expected), "{sizes:?} {adjustment}");
    }
}
