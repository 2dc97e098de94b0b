//! What `RunTask`, `StartTask`, `UpdateService` and their kin do, and the callers who wait (PLC, FLR and QTA rules).

mod kit;

use ecsim_cluster::fact::{CallError, StartTaskFailure, TaskOrigin};
use ecsim_cluster::{
    Fact, GpuNeed, InstanceId, InstanceStatus, Port, Protocol, Rejection, Requirements, ServiceId, SourceId,
    StopReason, TaskDefinitionId,
};
use ecsim_engine::builder::{Builder, TASK_ENI, constant};
use ecsim_engine::model::{Call, TaskSelector, WhenUnplaced};
use ecsim_kernel::Span;
use kit::{Run, arrange, at, caller, fleet, named, regroup, run_task, scale, secs, set_status, start_on, stop_oldest};

/// Instances of 1,000 MiB each and a job of 400, spread over them.
fn hosts(names: &[&str]) -> (Builder, Vec<InstanceId>, TaskDefinitionId, SourceId) {
    let mut builder = Builder::new();
    let list: Vec<(&str, &str, u32, u32)> = names.iter().map(|name| (*name, "a", 4096, 1000)).collect();
    let all = fleet(&mut builder, &list);
    let job = builder.task_definition("job", Builder::needs(1, 400));
    let jobs = caller(&mut builder, "jobs", job, &["spread(instanceId)"]);
    (builder, all, job, jobs)
}

/// When a source's copies were created, in seconds, by ordinal.
fn created(run: &Run, source: SourceId) -> Vec<(u32, u64)> {
    run.created()
        .filter_map(|(time, _, origin, _)| match origin {
            TaskOrigin::Source { source: of, ordinal } if of == source => Some((ordinal, time / 1_000)),
            _ => None,
        })
        .collect()
}

fn unplaced_at(run: &Run, source: SourceId) -> Vec<u64> {
    run.unplaced(source).iter().map(|(time, ..)| time / 1_000).collect()
}

fn dropped(run: &Run) -> Vec<(u32, u64)> {
    run.facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::RequestDropped { ordinal, .. } => Some((ordinal, time.ms() / 1_000)),
            _ => None,
        })
        .collect()
}

#[test]
fn plc_003_each_copy_sees_the_one_before() {
    let (mut builder, _, _, jobs) = hosts(&["a", "b"]);
    builder.source_mut(jobs).count = 4;
    run_task(&mut builder, jobs, &[1]);
    assert_eq!(Run::whole(builder).places(jobs), ["a", "b", "a", "b"]);
}

#[test]
fn plc_004_only_active_and_connected_instances_receive() {
    let (mut builder, all, _, jobs) = hosts(&["draining", "disconnected", "absent", "fine", "inactive"]);
    builder.instance_mut(all[1]).agent_connected = false;
    builder.instance_mut(all[2]).join_at = at(100);
    builder.call(at(1), set_status(&all[..1], InstanceStatus::Draining));
    builder.call(at(1), Call::DeregisterContainerInstance { instances: named(&all[4..]), force: false });
    builder.source_mut(jobs).count = 3;
    run_task(&mut builder, jobs, &[10]);
    let run = Run::whole(builder);
    assert_eq!(run.places(jobs), ["fine", "fine"]);
    let reasons: Vec<(Rejection, u32)> = run.unplaced(jobs)[0].2.iter().collect();
    assert_eq!(reasons, [(Rejection::Memory, 1), (Rejection::Agent, 1)], "who is not ACTIVE has no entry");
}

#[test]
fn plc_010_a_later_change_stops_neither_replicas_nor_standalone_tasks() {
    let (mut builder, all, _, _) = hosts(&["a"]);
    let job = builder.task_definition("small", Builder::needs(1, 10));
    let stack = builder.attribute("stack");
    let prod = Some(builder.value("prod"));
    let constrained = builder.rules(&[], &["attribute:stack == prod"]);
    builder.call(at(0), Call::PutAttributes { instances: named(&all), attributes: vec![(stack, prod)] });
    let web = builder.service("web", job, 1, constrained);
    let jobs = caller(&mut builder, "more", job, &[]);
    builder.source_mut(jobs).template.placement = constrained;
    run_task(&mut builder, jobs, &[1, 20]);
    builder.call(at(10), Call::DeleteAttributes { instances: named(&all), attributes: vec![stack] });
    let run = Run::whole(builder);
    assert_eq!((run.cluster().services()[web].running, run.tasks(jobs).len()), (1, 1));
    assert_eq!(run.unplaced(jobs)[0].2.of(Rejection::MemberOf), 1, "only what comes later is tested");
}

#[test]
fn plc_012_what_cannot_be_placed_never_becomes_a_task() {
    let (mut builder, _, job, jobs) = hosts(&["a"]);
    let nowhere = builder.rules(&[], &["attribute:stack == prod"]);
    builder.source_mut(jobs).template.placement = nowhere;
    run_task(&mut builder, jobs, &[1]);
    let web = builder.service("web", job, 2, nowhere);
    let run = Run::whole(builder);
    assert_eq!(run.created().count(), 0);
    assert_eq!(run.unplaced(jobs)[0].2.of(Rejection::MemberOf), 1);
    assert_eq!(run.cluster().services()[web].live, 0);
    assert!(run.said(web)[0].1.contains("encountered error \"MemberOf placement constraint unsatisfied.\"."));
}

#[test]
fn plc_030_standalone_tasks_are_in_the_group_of_their_family() {
    let (mut builder, ..) = hosts(&["a", "b"]);
    let job = builder.task_definition("small", Builder::needs(1, 10));
    let jobs = caller(&mut builder, "small", job, &[]);
    let distinct = builder.rules(&[], &["distinctInstance"]);
    builder.source_mut(jobs).template.placement = distinct;
    let twin = caller(&mut builder, "twin", job, &[]);
    builder.source_mut(twin).template.placement = distinct;
    builder.service("small", job, 2, distinct);
    run_task(&mut builder, jobs, &[1]);
    run_task(&mut builder, twin, &[2, 3]);
    let run = Run::whole(builder);
    assert_eq!((run.places(jobs), run.places(twin)), (vec!["a"], vec!["b"]), "family:small is one group");
    assert_eq!(run.unplaced(twin)[0].2.of(Rejection::DistinctInstance), 2);
    assert_eq!(run.cluster().services()[ServiceId::new(0)].live, 2, "service:small is another");
}

#[test]
fn plc_044_affinity_restricts_only_the_new_task() {
    let (mut builder, all, job, jobs) = hosts(&["a"]);
    let apart = builder.rules(&[], &["not(task:group == database)"]);
    builder.source_mut(jobs).template.placement = apart;
    let database = caller(&mut builder, "database", job, &[]);
    regroup(&mut builder, database, "database");
    run_task(&mut builder, jobs, &[1, 20]);
    run_task(&mut builder, database, &[10]);
    let run = Run::whole(builder);
    assert_eq!((run.tasks(jobs).len(), run.tasks(database).len()), (1, 1), "the database may come to it");
    assert_eq!(run.stopped(run.tasks(jobs)[0]), None);
    assert_eq!(unplaced_at(&run, jobs), [20]);
    assert_eq!(run.cluster().instances()[all[0]].live_tasks, 2);
}

#[test]
fn plc_056_some_copies_start_and_the_rest_are_failures() {
    let (mut builder, _, _, jobs) = hosts(&["a", "b"]);
    builder.source_mut(jobs).count = 10;
    run_task(&mut builder, jobs, &[1]);
    let run = Run::whole(builder);
    assert_eq!(run.tasks(jobs).len(), 4);
    let (time, count, reasons) = run.unplaced(jobs)[0];
    assert_eq!((time, count, reasons.of(Rejection::Memory)), (1_000, 6, 2));
    assert!(run.refused().is_empty(), "the call itself succeeds");
    assert_eq!(dropped(&run), (4..10).map(|ordinal| (ordinal, 1)).collect::<Vec<_>>());
}

#[test]
fn plc_057_run_task_never_tries_again_by_itself() {
    let (mut builder, all, _, jobs) = hosts(&["a", "later"]);
    builder.instance_mut(all[1]).join_at = at(50);
    builder.source_mut(jobs).count = 3;
    run_task(&mut builder, jobs, &[1]);
    let run = Run::whole(builder);
    assert_eq!((run.tasks(jobs).len(), unplaced_at(&run, jobs)), (2, vec![1]));
}

#[test]
fn plc_058_without_a_registered_instance_the_call_fails_as_a_whole() {
    let (mut builder, all, _, jobs) = hosts(&["a"]);
    builder.instance_mut(all[0]).join_at = at(10);
    builder.source_mut(jobs).count = 2;
    run_task(&mut builder, jobs, &[1, 11]);
    let run = Run::whole(builder);
    assert_eq!(run.refused(), [(1_000, CallError::NoContainerInstances)]);
    assert_eq!(CallError::NoContainerInstances.exception(), "InvalidParameterException");
    let (_, count, reasons) = run.unplaced(jobs)[0];
    assert_eq!((count, reasons.total()), (2, 0));
    assert_eq!(run.tasks(jobs).len(), 2, "the second call finds room");
}

#[test]
fn plc_059_start_task_ignores_strategies_and_constraints_and_nothing_else() {
    let mut builder = Builder::new();
    let shape = builder.shape("test", kit::room(4096, 1000));
    let bare = builder.shape("bare", kit::room(4096, 1000));
    let task_eni = builder.attribute(TASK_ENI);
    builder.shape_mut(bare).attributes.retain(|(name, _)| *name != task_eni);
    let fine = builder.instances("fine", shape, "us-east-1a", 1)[0];
    let full = builder.instances("full", shape, "us-east-1a", 1)[0];
    let poor = builder.instances("poor", bare, "us-east-1a", 1)[0];
    let away = builder.instances("away", shape, "us-east-1b", 1)[0];
    let silent = builder.instances("silent", shape, "us-east-1a", 1)[0];
    let draining = builder.instances("draining", shape, "us-east-1a", 1)[0];
    let gone = builder.instances("gone", shape, "us-east-1a", 1)[0];
    let absent = builder.instances("absent", shape, "us-east-1a", 1)[0];
    builder.instance_mut(silent).agent_connected = false;
    builder.instance_mut(absent).join_at = at(999);
    builder.call(at(1), set_status(&[draining], InstanceStatus::Draining));
    builder.call(at(1), Call::DeregisterContainerInstance { instances: named(&[gone]), force: false });
    let filler = builder.task_definition("filler", Builder::needs(1, 900));
    let filler = caller(&mut builder, "filler", filler, &[]);
    start_on(&mut builder, 1, filler, &[full]);
    let subnet = builder.subnet("subnet", "us-east-1a", 100);
    let job = builder.task_definition("job", Requirements { eni: true, ..Builder::needs(1, 200) });
    let jobs = caller(&mut builder, "jobs", job, &[]);
    let impossible = builder.rules(&["spread(instanceId)"], &["attribute:stack == prod", "distinctInstance"]);
    let template = &mut builder.source_mut(jobs).template;
    (template.placement, template.subnets) = (impossible, vec![subnet]);
    let instances = [fine, fine, full, poor, away, silent, draining, gone, absent].map(Some);
    builder.call(at(10), Call::StartTask { source: jobs, instances: [&instances[..], &[None]].concat() });
    let run = Run::whole(builder);
    assert_eq!(run.places(jobs), ["fine", "fine"]);
    let failures: Vec<(u32, &str)> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::StartTaskFailed { ordinal, failure, .. } => Some((*ordinal, failure.code())),
            _ => None,
        })
        .collect();
    assert_eq!(
        failures,
        [
            (2, "RESOURCE:MEMORY"),
            (3, "ATTRIBUTE"),
            (4, "LOCATION"),
            (5, "AGENT"),
            (6, "INACTIVE"),
            (7, "INACTIVE"),
            (8, "MISSING"),
            (9, "MISSING"),
        ]
    );
    assert_eq!(StartTaskFailure::Rejected(Rejection::Cpu).code(), "RESOURCE:CPU");
    assert_eq!(dropped(&run).len(), 8);
}

#[test]
fn qta_009_qta_030_eleven_instances_are_too_many_and_nothing_is_placed() {
    let (mut builder, all, _, jobs) = hosts(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]);
    start_on(&mut builder, 1, jobs, &all);
    start_on(&mut builder, 2, jobs, &all[..10]);
    let run = Run::whole(builder);
    assert_eq!(run.refused(), [(1_000, CallError::TooManyInstances { named: 11, limit: 10 })]);
    assert_eq!(created(&run, jobs), (0..10).map(|ordinal| (ordinal, 2)).collect::<Vec<_>>());
}

#[test]
fn qta_004_a_service_may_not_want_more_than_the_quota() {
    let (mut builder, _, job, _) = hosts(&["a"]);
    builder.settings.tasks_per_service = 2;
    let default = builder.service_default(&[]);
    let service = builder.service("web", job, 1, default);
    builder.call(at(10), scale(service, 3));
    let run = Run::whole(builder);
    assert_eq!(run.refused(), [(10_000, CallError::TooManyTasks { limit: 2 })]);
    assert_eq!(run.cluster().services()[service].desired_count, 1);
}

#[test]
fn qta_014_qta_031_the_launch_rate_holds_in_any_sixty_seconds() {
    let (mut builder, _, _, _) = hosts(&["a"]);
    builder.settings.service_launches_per_minute = 4;
    let small = builder.task_definition("small", Builder::needs(1, 1));
    builder.behavior_mut(small).containers[0].duration = Some(constant(13.0));
    let default = builder.service_default(&[]);
    builder.service("web", small, 3, default);
    builder.duration = secs(900);
    let run = Run::whole(builder);
    let starts: Vec<u64> = run.created().map(|(time, ..)| time).collect();
    assert!(starts.len() > 50);
    for window in starts.windows(5) {
        assert!(window[4] - window[0] >= 60_000, "{window:?}");
    }
}

#[test]
fn cql_017_qta_021_at_most_ten_custom_attributes_and_the_call_is_all_or_nothing() {
    let (mut builder, all, _, _) = hosts(&["a", "b"]);
    let names: Vec<_> = (0..11).map(|number| (builder.attribute(&format!("custom-{number}")), None)).collect();
    let put = |instances: &[InstanceId], from: usize, to: usize| Call::PutAttributes {
        instances: named(instances),
        attributes: names[from..to].to_vec(),
    };
    builder.call(at(1), put(&all[1..], 0, 10));
    builder.call(at(2), put(&all[1..], 5, 10));
    builder.call(at(3), put(&all, 10, 11));
    let first = names[0].0;
    builder.call(at(4), Call::DeleteAttributes { instances: named(&all[1..]), attributes: vec![first] });
    builder.call(at(5), put(&all, 10, 11));
    let run = Run::whole(builder);
    assert_eq!(run.refused(), [(3_000, CallError::AttributeLimitExceeded { instance: all[1] })]);
    assert_eq!(run.refused()[0].1.exception(), "AttributeLimitExceededException");
    let eleventh: Vec<u64> =
        run.times(|fact| matches!(fact, Fact::AttributePut { attribute, .. } if *attribute == names[10].0));
    assert_eq!(eleventh, [5_000, 5_000]);
}

#[test]
fn plc_060_new_rules_move_nothing_and_only_later_placements_follow_them() {
    let service = ServiceId::new(0);
    let (mut builder, all, _, _) = hosts(&["a", "b"]);
    let web = builder.task_definition("web", Builder::needs(1, 100));
    let spread = builder.rules(&["spread(instanceId)"], &["distinctInstance"]);
    let packed = builder.rules(&["binpack(memory)"], &[]);
    builder.service("web", web, 2, spread);
    let update = |desired_count, placement| Call::UpdateService {
        capacity: None,
        service,
        desired_count,
        placement,
        healthy_percent: None,
        rebalancing: None,
        grace: None,
    };
    builder.call(at(10), update(None, Some(packed)));
    builder.call(at(20), update(Some(4), None));
    let mut run = Run::new(builder);
    run.to(at(19));
    assert_eq!(run.counts(service, &all), [1, 1]);
    assert_eq!(run.created().count(), 2, "no deployment");
    run.finish();
    assert_eq!(
        run.service_places(service, 20_000),
        ["a", "a"],
        "`[]` cleared the constraint, `null` kept the strategy"
    );
    assert!(run.victims(service, 0).is_empty());
}

#[test]
fn plc_061_a_new_instance_stays_empty_until_something_is_placed() {
    let (mut builder, all, job, _) = hosts(&["a", "b"]);
    builder.instance_mut(all[1]).join_at = at(10);
    let default = builder.service_default(&[]);
    let service = builder.service("web", job, 2, default);
    builder.duration = Span::from_hours(24);
    let run = Run::whole(builder);
    assert_eq!(run.counts(service, &all), [2, 0]);
}

// proves: SVC-028
#[test]
fn plc_075_flr_021_protected_tasks_are_never_stopped_and_the_service_says_so() {
    let service = ServiceId::new(0);
    let (mut builder, all, job, _) = hosts(&["a", "b"]);
    let default = builder.service_default(&[]);
    builder.service("web", job, 0, default);
    arrange(&mut builder, service, &all, &[all[0], all[1], all[0]]);
    let on = |instance| TaskSelector { instance: Some(instance), ..TaskSelector::default() };
    let protect = |tasks, protect_for| Call::UpdateTaskProtection { tasks, protect_for };
    builder.call(at(10), protect(on(all[0]), Some(secs(100))));
    builder.call(at(20), scale(service, 1));
    builder.call(at(30), protect(on(all[1]), None));
    let mut run = Run::new(builder);
    run.to(at(100));
    assert_eq!(run.victims(service, 0), [("b", StopReason::ScaleIn)]);
    assert_eq!(run.refused(), [(30_000, CallError::NoSuchTask)]);
    let said: Vec<u64> = run
        .said(service)
        .iter()
        .filter(|(_, text)| text.contains("The number of protected tasks are more than the desired count of tasks."))
        .map(|(time, _)| *time)
        .collect();
    assert_eq!(said, [20_001]);
    run.finish();
    assert_eq!(run.counts(service, &all), [1, 0], "110 s: the protection is over");
    assert_eq!(run.stopped(run.service_tasks(service)[2]).map(|(time, _)| time), Some(110_001));
}

#[test]
fn azr_003_an_update_may_not_leave_rebalancing_where_it_is_impossible() {
    let service = ServiceId::new(0);
    let (mut builder, _, job, _) = hosts(&["a"]);
    let default = builder.service_default(&[]);
    builder.service("web", job, 1, default);
    builder.service_mut(service).availability_zone_rebalancing = true;
    let update = |healthy_percent, rebalancing| Call::UpdateService {
        capacity: None,
        service,
        desired_count: Some(2),
        placement: None,
        healthy_percent,
        rebalancing,
        grace: None,
    };
    builder.call(at(10), update(Some((0, 100)), None));
    builder.call(at(20), update(Some((0, 100)), Some(false)));
    let mut run = Run::new(builder);
    run.to(at(15));
    assert_eq!(run.refused(), [(10_000, CallError::RebalancingNotPossible { service })]);
    assert_eq!(run.cluster().services()[service].desired_count, 1, "nothing of a refused call");
    run.finish();
    let row = &run.cluster().services()[service];
    assert_eq!((row.desired_count, row.maximum_percent, row.availability_zone_rebalancing), (2, 100, false));
}

#[test]
fn svc_005_a_daemon_service_is_deleted_without_force() {
    let (mut builder, _, job, _) = hosts(&["a", "b"]);
    let anywhere = builder.rules(&[], &[]);
    let service = builder.daemon("agent", job, anywhere);
    builder.call(at(10), Call::DeleteService { service, force: false });
    let run = Run::whole(builder);
    assert!(run.refused().is_empty());
    assert_eq!(run.cluster().services()[service].status, ecsim_cluster::ServiceStatus::Inactive);
}

/// What a service says that cannot place its task, with one instance changed by `change`.
fn complaint(change: impl Fn(&mut Builder, InstanceId, TaskDefinitionId)) -> String {
    let (mut builder, all, job, _) = hosts(&["box"]);
    change(&mut builder, all[0], job);
    let default = builder.service_default(&[]);
    let service = builder.service("web", job, 1, default);
    let run = Run::whole(builder);
    assert_eq!(run.said(service).len(), 1, "once in an hour");
    run.said(service)[0].1.clone()
}

#[test]
fn flr_001_flr_010_every_cause_in_its_own_words() {
    let needs = |change: fn(&mut Requirements)| {
        move |builder: &mut Builder, _: InstanceId, job: TaskDefinitionId| {
            change(&mut builder.task_definition_mut(job).requirements);
        }
    };
    let box_ = "The closest matching (container-instance box)";
    let expected = [
        (complaint(needs(|needs| needs.cpu = 9_999)), format!("{box_} has insufficient CPU units available.")),
        (complaint(needs(|needs| needs.memory = 1_001)), format!("{box_} has insufficient memory available.")),
        (
            complaint(needs(|needs| needs.gpus = GpuNeed::Count(1))),
            format!("{box_} encountered error \"RESOURCE:GPU\"."),
        ),
        (
            complaint(|builder, _, job| {
                builder.task_definition_mut(job).ports = vec![Port { protocol: Protocol::Tcp, number: 22 }];
            }),
            format!("{box_} is already using a port required by your task."),
        ),
        (
            complaint(|builder, _, job| {
                let missing = builder.attribute("ecs.capability.efs");
                builder.task_definition_mut(job).required_attributes = vec![(missing, None)];
            }),
            format!("{box_} is missing an attribute required by your task."),
        ),
        (
            complaint(|builder, instance, _| builder.instance_mut(instance).agent_connected = false),
            format!("{box_} encountered error \"AGENT\"."),
        ),
        (
            complaint(|builder, instance, _| builder.instance_mut(instance).join_at = at(99_999)),
            "Reason: No Container Instances were found in your cluster.".to_owned(),
        ),
    ];
    for (said, tail) in expected {
        assert_eq!(
            said,
            format!(
                "(service web) was unable to place a task because no container instance met all of its requirements. \
                 {tail} For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
            )
        );
    }
}

#[test]
fn flr_004_one_entry_for_each_instance_and_not_for_each_copy() {
    let (mut builder, _, _, jobs) = hosts(&["a", "b"]);
    builder.source_mut(jobs).count = 9;
    run_task(&mut builder, jobs, &[1, 2]);
    let run = Run::whole(builder);
    let entries: Vec<(u32, u32)> =
        run.unplaced(jobs).iter().map(|(_, copies, reasons)| (*copies, reasons.total())).collect();
    assert_eq!(entries, [(5, 2), (9, 2)]);
}

#[test]
fn flr_012_the_same_message_is_not_repeated_within_six_hours() {
    let (mut builder, all, job, _) = hosts(&["a", "b"]);
    builder.instance_mut(all[1]).join_at = at(3 * 3_600);
    builder.task_definition_mut(job).requirements.memory = 2_000;
    builder.instance_mut(all[0]).join_at = at(1);
    let default = builder.service_default(&[]);
    let service = builder.service("web", job, 1, default);
    builder.duration = Span::from_hours(14);
    builder.call(at(1), scale(service, 1));
    let run = Run::whole(builder);
    let failed: Vec<(u64, bool)> = run
        .said(service)
        .iter()
        .filter(|(_, text)| text.contains("unable to place"))
        .map(|(time, text)| (time / 1_000, text.contains("No Container Instances")))
        .collect();
    assert!(run.service_unplaced(service).len() > 25, "it goes on trying");
    assert_eq!(failed[..2], [(0, true), (1, false)], "another cause is news: {failed:?}");
    assert_eq!(failed.len(), 4);
    for pair in failed[1..].windows(2) {
        let gap = pair[1].0 - pair[0].0;
        assert!((6 * 3_600..6 * 3_600 + 1_620).contains(&gap), "{failed:?}");
    }
}

#[test]
fn svc_053_each_steady_state_is_announced_when_it_is_entered() {
    let (mut builder, _, job, _) = hosts(&["a", "b"]);
    let default = builder.service_default(&[]);
    let service = builder.service("web", job, 2, default);
    let one = TaskSelector { service: Some(service), count: Some(1), ..TaskSelector::default() };
    builder.call(at(100), Call::StopTask { tasks: one, reason: None });
    let run = Run::whole(builder);
    let steady = |(_, text): &&(u64, String)| text.contains("steady state");
    assert_eq!(run.said(service).iter().filter(steady).map(|(time, _)| time / 1_000).collect::<Vec<_>>(), [0, 100]);
}

#[test]
fn flr_032_an_update_and_a_stop_of_its_own_reset_the_wait() {
    let (mut builder, _, job, _) = hosts(&["a"]);
    let default = builder.service_default(&[]);
    let service = builder.service("web", job, 3, default);
    builder.call(at(100), scale(service, 3));
    let run = Run::whole(builder);
    let attempts: Vec<u64> = run.service_unplaced(service).iter().map(|(time, ..)| time / 1_000).collect();
    assert_eq!(attempts, [0, 15, 45, 100, 115, 145, 445, 1_045, 2_245]);
}

#[test]
fn a_caller_that_queues_is_served_first_come_first_served_over_all_lines() {
    let (mut builder, all, job, one) = hosts(&["a"]);
    let two = caller(&mut builder, "two", job, &["spread(instanceId)"]);
    let filler = caller(&mut builder, "filler", job, &[]);
    for source in [one, two] {
        builder.source_mut(source).when_unplaced = WhenUnplaced::Queue;
    }
    start_on(&mut builder, 0, filler, &[all[0], all[0]]);
    run_task(&mut builder, one, &[1, 3]);
    run_task(&mut builder, two, &[2, 4]);
    for second in [10, 20] {
        stop_oldest(&mut builder, second, filler);
    }
    for second in [30, 40] {
        stop_oldest(&mut builder, second, one);
    }
    let run = Run::whole(builder);
    assert_eq!(created(&run, one), [(0, 10), (1, 30)]);
    assert_eq!(created(&run, two), [(0, 20), (1, 40)]);
    assert_eq!(run.unplaced(one).len() + run.unplaced(two).len(), 2, "who gets in line behind others asks nobody");
}

#[test]
fn a_queue_is_served_when_affinity_a_daemon_or_an_agent_makes_room() {
    // Affinity: the task it wants to be with comes.
    let (mut builder, _, job, jobs) = hosts(&["a"]);
    let with = builder.rules(&[], &["task:group == database"]);
    builder.source_mut(jobs).template.placement = with;
    builder.source_mut(jobs).when_unplaced = WhenUnplaced::Queue;
    let database = caller(&mut builder, "database", job, &[]);
    regroup(&mut builder, database, "database");
    run_task(&mut builder, jobs, &[1]);
    run_task(&mut builder, database, &[10]);
    assert_eq!(created(&Run::whole(builder), jobs), [(0, 10)]);
    // A daemon that cannot run anyway gives back the room it withholds (PLC-052).
    let (mut builder, all, job, jobs) = hosts(&["a"]);
    builder.source_mut(jobs).when_unplaced = WhenUnplaced::Queue;
    let agent = builder.task_definition("agent", Builder::needs(1, 800));
    let anywhere = builder.rules(&[], &[]);
    let daemon = builder.daemon("agent", agent, anywhere);
    builder.service_mut(daemon).exists_at_start = false;
    let filler = caller(&mut builder, "filler", job, &[]);
    start_on(&mut builder, 0, filler, &all);
    builder.call(at(0), Call::CreateService { service: daemon });
    run_task(&mut builder, jobs, &[1]);
    builder.call(at(10), Call::DeleteService { service: daemon, force: true });
    assert_eq!(created(&Run::whole(builder), jobs), [(0, 10)]);
    // An agent comes back.
    let (mut builder, all, _, jobs) = hosts(&["a"]);
    builder.source_mut(jobs).when_unplaced = WhenUnplaced::Queue;
    builder.call(at(1), Call::DisconnectAgent { instances: named(&all), duration: Some(secs(30)) });
    run_task(&mut builder, jobs, &[2]);
    assert_eq!(created(&Run::whole(builder), jobs), [(0, 31)]);
}

#[test]
fn a_caller_that_retries_waits_longer_and_longer_and_gives_up() {
    let (mut builder, _, job, jobs) = hosts(&["a"]);
    builder.task_definition_mut(job).requirements.memory = 5_000;
    let needs = builder.definitions().task_definitions[job].requirements;
    let retry =
        |max_attempts, backoff| WhenUnplaced::Retry { every: secs(10), backoff, max_interval: secs(35), max_attempts };
    let source = builder.source_mut(jobs);
    (source.template.requirements, source.when_unplaced) = (needs, retry(6, 2.0));
    let once = caller(&mut builder, "once", job, &[]);
    builder.source_mut(once).when_unplaced = retry(1, 1.0);
    run_task(&mut builder, jobs, &[0]);
    run_task(&mut builder, once, &[500]);
    let run = Run::whole(builder);
    assert_eq!(unplaced_at(&run, jobs), [0, 10, 30, 65, 100, 135], "six attempts in all");
    assert_eq!(unplaced_at(&run, once), [500]);
    assert_eq!(dropped(&run), [(0, 135), (0, 500)]);
}

// proves: SVC-006
#[test]
fn plc_052_the_room_of_a_daemon_is_kept_free_before_its_task_runs() {
    let (mut builder, all, _, jobs) = hosts(&["a"]);
    builder.settings.scheduler_latency = secs(30);
    let agent = builder.task_definition("agent", Builder::needs(1, 700));
    let anywhere = builder.rules(&[], &[]);
    let daemon = builder.daemon("agent", agent, anywhere);
    run_task(&mut builder, jobs, &[1]);
    let run = Run::whole(builder);
    assert_eq!(run.unplaced(jobs)[0].2.of(Rejection::Memory), 1);
    assert_eq!(run.counts(daemon, &all), [1]);
    assert_eq!(run.created_ms(run.service_tasks(daemon)[0]), 30_000);
}

#[test]
fn azr_007_a_newcomer_that_scale_in_takes_away_moves_nothing_any_more() {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("a", "a", 8_000, 8_000), ("b", "b", 8_000, 8_000), ("c", "c", 8_000, 8_000)]);
    builder.instance_mut(all[2]).join_at = at(50);
    let web = builder.task_definition("web", Builder::needs(100, 1));
    builder.behavior_mut(web).containers[0].cold_pull = constant(60.0);
    builder.settings.az_rebalance_interval = secs(100);
    let placement = builder.service_default(&[]);
    let service = builder.service("web", web, 6, placement);
    builder.service_mut(service).availability_zone_rebalancing = true;
    // The newcomers in the third zone still pull their image when there are too many tasks.
    builder.call(at(180), scale(service, 4));
    let run = Run::whole(builder);
    let started = run.service_places(service, 100_000);
    assert!(started.starts_with(&["c"]), "{started:?}: a move was under way");
    let row = &run.cluster().services()[service];
    assert_eq!((row.live, row.running), (4, 4));
    assert!(run.counts(service, &all).iter().all(|count| (1..=2).contains(count)), "{:?}", run.counts(service, &all));
}
