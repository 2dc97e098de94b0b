//! Tasks and their load balancers: states of tasks and targets, and what holds whatever happens (LB-010 to LB-023, TSK-004).

mod kit;

use ecsim_cluster::definitions::{RestartPolicy, ServiceRouting};
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::targets::TargetGroupDefinition;
use ecsim_cluster::{Fact, ServiceId, TargetGroupId, TargetState, TaskId, TaskStatus};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Call, Crash, HealthFailure, TaskSelector};
use ecsim_kernel::{Distribution, Span};
use kit::{Run, at, fleet, named, scale, secs};

const FIRST: TaskId = TaskId::new(0);

fn group(name: &str, delay: u64, registration: u64) -> TargetGroupDefinition {
    TargetGroupDefinition {
        deregistration_delay: secs(delay),
        registration: secs(registration),
        ..TargetGroupDefinition::application(name)
    }
}

/// A service behind these target groups, with room for everything.
fn behind(groups: Vec<TargetGroupDefinition>, count: u32) -> (Builder, ServiceId) {
    let mut builder = Builder::new();
    fleet(&mut builder, &[("i", "a", 100_000, 100_000), ("j", "b", 100_000, 100_000)]);
    let web = builder.task_definition("web", Builder::needs(1, 1));
    let anywhere = builder.service_default(&[]);
    let service = builder.service("web", web, count, anywhere);
    let groups = groups.into_iter().map(|group| builder.target_group(group)).collect();
    builder.service_mut(service).revisions[0].target_groups = groups;
    (builder, service)
}

/// The states that a task entered, with the second.
fn life(run: &Run, task: TaskId) -> Vec<(u64, TaskStatus)> {
    let of = |fact: &Fact| match *fact {
        Fact::TaskStatusChanged { task: of, to } if of == task => Some(to),
        _ => None,
    };
    run.facts().iter().filter_map(|(at, fact)| of(fact).map(|to| (at.ms() / 1_000, to))).collect()
}

fn deregistered(run: &Run, task: TaskId) -> Option<u64> {
    run.when(|fact| matches!(*fact, Fact::TargetDeregistered { task: of, .. } if of == task)).map(|ms| ms / 1_000)
}

#[test]
fn tsk_004_and_lb_021_the_states_of_a_task_with_several_target_groups() {
    let (mut builder, service) = behind(vec![group("a", 60, 5), group("b", 90, 7)], 1);
    builder.call(at(100), scale(service, 0));
    builder.settings.scheduler_latency = secs(2);
    let run = Run::whole(builder);
    use TaskStatus::{Activating, Deactivating, Running, Stopped, Stopping};
    // The scheduler looks after 2 s; both registrations take the longer of the two; the longer delay and 2 s more.
    let expected = [(2, Activating), (9, Running), (102, Deactivating), (194, Stopping), (194, Stopped)];
    assert_eq!(life(&run, FIRST), expected);
}

#[test]
fn lb_022_and_tsk_004_without_a_load_balancer_there_is_nothing_to_wait_for() {
    let (mut builder, service) = behind(Vec::new(), 1);
    builder.call(at(100), scale(service, 0));
    let run = Run::whole(builder);
    use TaskStatus::{Running, Stopped, Stopping};
    assert_eq!(life(&run, FIRST), [(0, Running), (100, Stopping), (100, Stopped)]);
}

#[test]
fn lb_010_a_task_that_stops_before_it_is_registered_drains_nothing() {
    let (mut builder, service) = behind(vec![group("a", 60, 50)], 1);
    builder.call(at(20), scale(service, 0));
    let run = Run::whole(builder);
    use TaskStatus::{Running, Stopped, Stopping};
    assert_eq!(life(&run, FIRST), [(0, Running), (20, Stopping), (20, Stopped)]);
    assert_eq!(run.when(|fact| matches!(fact, Fact::TargetRegistered { .. })), None);
}

#[test]
fn lb_023_a_crash_ends_a_registration_at_once() {
    let (mut builder, service) = behind(vec![group("a", 300, 0)], 1);
    let web = builder.service_mut(service).task_definition();
    builder.behavior_mut(web).containers[0].crash =
        Some(Crash { after: constant(50.0), probability: 1.0, exit_code: 1 });
    let run = Run::whole(builder);
    use TaskStatus::{Running, Stopped, Stopping};
    let states: Vec<TaskStatus> = life(&run, FIRST).into_iter().map(|(_, to)| to).collect();
    assert!(states == [Running, Stopped] || states == [Running, Stopping, Stopped], "{states:?}");
    assert_eq!(deregistered(&run, FIRST), Some(50));
}

#[test]
fn tsk_032_a_container_that_restarts_keeps_its_registration() {
    let (mut builder, service) = behind(vec![group("a", 300, 0)], 1);
    builder.duration = secs(3_000);
    let web = builder.service_mut(service).task_definition();
    builder.task_definition_mut(web).containers[0].restart_policy =
        Some(RestartPolicy { ignored_exit_codes: Vec::new(), attempt_period: secs(60) });
    let behavior = &mut builder.behavior_mut(web).containers[0];
    behavior.crash = Some(Crash { after: constant(610.0), probability: 1.0, exit_code: 1 });
    behavior.probes.ready = Some(constant(50.0));
    builder.service_mut(service).health_check_grace = Span::from_hours(9);
    let run = Run::whole(builder);
    assert_eq!(run.times(|fact| matches!(fact, Fact::TargetRegistered { .. })).len(), 1);
    // Ready 50 s after each start: at 0, 610, 1220. Probes at 0 and 30 fail, so it takes five passes, too, at the beginning.
    let changes: Vec<(u64, TargetState)> = run
        .facts()
        .iter()
        .filter_map(|(at, fact)| match *fact {
            Fact::TargetStateChanged { to, .. } => Some((at.ms() / 1_000, to)),
            _ => None,
        })
        .take(4)
        .collect();
    let (healthy, unhealthy) = (TargetState::Healthy, TargetState::Unhealthy);
    // One failure at 630 is none; those at 1230 and 1260 count.
    assert_eq!(changes, [(30, unhealthy), (180, healthy), (1_260, unhealthy), (1_410, healthy)]);
}

#[test]
fn lb_021_a_host_that_dies_ends_the_drain() {
    let (mut builder, service) = behind(vec![group("a", 300, 0)], 2);
    builder.call(at(100), scale(service, 0));
    let hosts: Vec<_> = builder.definitions_mut().instances.ids().collect();
    builder.call(at(200), Call::TerminateInstances { instances: named(&hosts) });
    let run = Run::whole(builder);
    let ends: Vec<u64> = run.times(|fact| matches!(fact, Fact::TargetDeregistered { .. }));
    assert_eq!(ends, [200_000, 200_000]);
}

#[test]
fn svc_051_services_say_what_becomes_of_their_targets() {
    let (mut builder, service) = behind(vec![group("a", 60, 0)], 3);
    builder.call(at(100), scale(service, 1));
    let run = Run::whole(builder);
    let said: Vec<ServiceEvent> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::ServiceEvent { event, .. } => Some(event),
            _ => None,
        })
        .filter(|event| !matches!(event, ServiceEvent::SteadyState | ServiceEvent::TasksStarted { .. }))
        .collect();
    let group = TargetGroupId::new(0);
    assert_eq!(
        said,
        [
            ServiceEvent::TargetsRegistered { group, count: 3 },
            ServiceEvent::TasksStopped { first: TaskId::new(1), count: 2 },
            ServiceEvent::DrainingStarted { count: 2 },
            ServiceEvent::TargetsDeregistered { group, count: 2 },
        ]
    );
}

#[test]
fn svc_053_there_is_no_steady_state_while_a_target_drains() {
    let (mut builder, service) = behind(vec![group("a", 60, 0)], 2);
    builder.call(at(100), scale(service, 1));
    let run = Run::whole(builder);
    let steady = run.times(|fact| matches!(fact, Fact::ServiceEvent { event: ServiceEvent::SteadyState, .. }));
    assert_eq!(steady.iter().map(|ms| ms / 1_000).collect::<Vec<_>>(), [0, 160]);
}

#[test]
fn dep_061_in_a_blue_green_deployment_newcomers_take_the_other_target_group() {
    // Without a deployment that shifts traffic everybody is in the first.
    let (mut builder, service) = behind(vec![group("blue", 60, 0)], 2);
    let green = builder.target_group(group("green", 60, 0));
    builder.service_mut(service).revisions[0].routing =
        ServiceRouting { alternates: vec![Some(green)], ..ServiceRouting::default() };
    let run = Run::whole(builder);
    assert_eq!(run.cluster().target_group(TargetGroupId::new(0)).healthy, 2);
    assert_eq!(run.cluster().target_group(green).targets.len(), 0);
}

// proves: LB-014, LB-021, LB-023
#[test]
fn whatever_happens_the_books_of_targets_are_right() {
    for seed in 0..40 {
        let groups = (0..seed % 4).map(|at| TargetGroupDefinition {
            before_probes: secs(seed % 3 * 20),
            slow_start: secs(seed % 2 * 60),
            ..group(&format!("g{at}"), [0, 10, 100, 300][(at + seed) as usize % 4], seed % 7)
        });
        let (mut builder, service) = behind(groups.collect(), 6);
        builder.seed = seed;
        builder.settings.scheduler_latency = secs(seed % 3);
        let uniform = |from: f64, to: f64| Distribution::uniform(from, to).unwrap();
        let web = builder.service_mut(service).task_definition();
        let behavior = &mut builder.behavior_mut(web).containers[0];
        behavior.probes.ready = Some(uniform(0.0, 120.0));
        behavior.probes.failure =
            Some(HealthFailure { after: uniform(100.0, 900.0), lasts: Some(uniform(10.0, 500.0)), probability: 0.7 });
        behavior.probes.hangs = seed % 2 == 0;
        behavior.crash = Some(Crash { after: uniform(50.0, 2_000.0), probability: 0.5, exit_code: 1 });
        behavior.stop = uniform(0.0, 60.0);
        if seed % 5 == 0 {
            builder.task_definition_mut(web).containers[0].restart_policy =
                Some(RestartPolicy { ignored_exit_codes: Vec::new(), attempt_period: secs(60) });
        }
        builder.service_mut(service).health_check_grace = secs(seed % 4 * 50);
        builder.service_mut(service).minimum_healthy_percent = [0, 50, 100][seed as usize % 3];
        builder.service_mut(service).revisions[0].routing.discovery = seed % 3 == 0;
        for time in 1..12 {
            let call = match (seed + time) % 5 {
                0 => scale(service, ((seed * time) % 9) as u32),
                1 => Call::StopTask {
                    tasks: TaskSelector { service: Some(service), count: Some(2), ..TaskSelector::default() },
                    reason: None,
                },
                2 => {
                    let host = builder.definitions_mut().instances.ids().nth((time % 2) as usize).unwrap();
                    Call::StopInstances { instances: named(&[host]) }
                }
                3 => {
                    let host = builder.definitions_mut().instances.ids().nth((time % 2) as usize).unwrap();
                    Call::StartInstances { instances: named(&[host]) }
                }
                _ => scale(service, 5),
            };
            builder.call(at(time * 173), call);
        }
        builder.call(at(2_500), Call::DeleteService { service, force: true });
        let run = Run::whole(builder);
        for id in run.cluster().definitions().target_groups.ids() {
            assert!(run.cluster().target_group(id).targets.is_empty(), "seed {seed}: {}", run.last(20));
        }
    }
}
