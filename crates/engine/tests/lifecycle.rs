//! What becomes of tasks: reservations, the agent's queue, start, exit, stop, image pulls (RES and TSK rules).

mod kit;

use ecsim_cluster::definitions::{ContainerDependency, DependencyCondition, NetworkMode, PullBehavior};
use ecsim_cluster::reasons::{StartError, StopError};
use ecsim_cluster::{
    Fact, InstanceId, Port, Protocol, Rejection, Requirements, Resources, ServiceId, SourceId, StopCode, StopReason,
    TaskDefinitionId, TaskId, TaskStatus,
};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Call, Crash, MemoryUse, TaskSelector};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::settings::Bucket;
use kit::{Run, arrange, at, caller, fleet, named, run_task, scale, secs, stop_oldest};

const HOST: InstanceId = InstanceId::new(0);

/// One instance and a definition of so much CPU and memory, with the source that runs it.
fn one_host(memory: u32, needs: Requirements) -> (Builder, TaskDefinitionId, SourceId) {
    let mut builder = Builder::new();
    fleet(&mut builder, &[("i", "a", 4096, memory)]);
    let job = builder.task_definition("job", needs);
    let jobs = caller(&mut builder, "jobs", job, &[]);
    (builder, job, jobs)
}

fn another(builder: &mut Builder, name: &str, needs: Requirements) -> (TaskDefinitionId, SourceId) {
    let definition = builder.task_definition(name, needs);
    (definition, caller(builder, name, definition, &[]))
}

fn vpc(cpu: u32, memory: u32) -> Requirements {
    Requirements { eni: true, ..Builder::needs(cpu, memory) }
}

fn left(run: &Run) -> Resources {
    run.cluster().instances()[HOST].remaining
}

#[test]
fn res_012_remaining_is_registered_less_reserved_and_ports_are_those_in_use() {
    let (mut builder, job, jobs) = one_host(4000, vpc(100, 1000));
    builder.task_definition_mut(job).ports = vec![Port { protocol: Protocol::Udp, number: 53 }];
    run_task(&mut builder, jobs, &[1]);
    let mut run = Run::new(builder);
    run.to(at(2));
    let row = &run.cluster().instances()[HOST];
    assert_eq!(row.registered, kit::room(4096, 4000), "fixed at registration");
    assert_eq!(row.remaining, Resources { cpu: 3996, memory: 3000, gpus: 0, enis: 9 });
    assert_eq!(row.ports.of(Protocol::Udp).collect::<Vec<_>>(), [53]);
    assert_eq!(row.ports.of(Protocol::Tcp).count(), 6);
}

#[test]
fn res_013_a_reservation_begins_when_the_task_is_placed() {
    let (mut builder, job, jobs) = one_host(4000, Builder::needs(100, 1000));
    builder.behavior_mut(job).containers[0].cold_pull = constant(60.0);
    run_task(&mut builder, jobs, &[1]);
    let mut run = Run::new(builder);
    run.to(at(1));
    assert_eq!(left(&run).memory, 3000);
    assert_eq!(run.entered(TaskId::new(0), TaskStatus::Running), None);
    run.finish();
    assert_eq!(run.entered(TaskId::new(0), TaskStatus::Running), Some(61_000));
}

#[test]
fn res_014_books_are_free_as_soon_as_a_stop_is_wanted() {
    let (mut builder, job, jobs) = one_host(4000, Builder::needs(100, 1000));
    builder.behavior_mut(job).containers[0].stop = constant(20.0);
    builder.task_definition_mut(job).ports = vec![Port { protocol: Protocol::Tcp, number: 80 }];
    run_task(&mut builder, jobs, &[1]);
    stop_oldest(&mut builder, 10, jobs);
    let mut run = Run::new(builder);
    run.to(at(10));
    assert_eq!(left(&run), kit::room(4096, 4000));
    let row = &run.cluster().instances()[HOST];
    assert_eq!((row.ports.len(), row.host_ports.len()), (6, 7), "the host still has it");
    assert_eq!(row.host_free.memory, 3000);
    run.to(at(30));
    assert_eq!(run.cluster().instances()[HOST].host_free.memory, 4000);
}

#[test]
fn tsk_008_the_switch_keeps_everything_booked_until_stopped() {
    let (mut builder, job, jobs) = one_host(1000, Builder::needs(100, 1000));
    builder.definitions_mut().release_at_desired_stopped = false;
    builder.behavior_mut(job).containers[0].stop = constant(20.0);
    run_task(&mut builder, jobs, &[1, 11, 31]);
    stop_oldest(&mut builder, 10, jobs);
    let run = Run::whole(builder);
    assert_eq!(run.unplaced(jobs).len(), 1);
    assert_eq!(run.unplaced(jobs)[0].2.of(Rejection::Memory), 1, "at 11 s");
    assert_eq!(run.created_ms(run.tasks(jobs)[1]), 31_000);
}

#[test]
fn res_015_the_head_of_the_queue_blocks_even_who_would_fit() {
    let (mut builder, first, a) = one_host(1000, Builder::needs(0, 600));
    builder.behavior_mut(first).containers[0].stop = constant(30.0);
    let (_, b) = another(&mut builder, "b", Builder::needs(0, 700));
    let (_, c) = another(&mut builder, "c", Builder::needs(0, 300));
    run_task(&mut builder, a, &[1]);
    stop_oldest(&mut builder, 10, a);
    run_task(&mut builder, b, &[11]);
    run_task(&mut builder, c, &[12]);
    let mut run = Run::new(builder);
    run.to(at(13));
    let row = &run.cluster().instances()[HOST];
    assert_eq!(row.host_free.memory, 400, "room for c, not for b");
    assert_eq!(row.queue, run.tasks(b).into_iter().chain(run.tasks(c)).collect::<Vec<_>>());
    run.finish();
    for source in [b, c] {
        assert_eq!(run.entered(run.tasks(source)[0], TaskStatus::Running), Some(40_000));
    }
}

#[test]
fn res_015_who_leaves_the_queue_lets_the_next_one_through() {
    let (mut builder, first, a) = one_host(1000, Builder::needs(0, 600));
    builder.behavior_mut(first).containers[0].stop = constant(30.0);
    let (_, b) = another(&mut builder, "b", Builder::needs(0, 700));
    let (_, c) = another(&mut builder, "c", Builder::needs(0, 300));
    run_task(&mut builder, a, &[1]);
    stop_oldest(&mut builder, 10, a);
    run_task(&mut builder, b, &[11]);
    run_task(&mut builder, c, &[12]);
    stop_oldest(&mut builder, 20, b);
    let run = Run::whole(builder);
    let (b, c) = (run.tasks(b)[0], run.tasks(c)[0]);
    assert_eq!((run.entered(b, TaskStatus::Running), run.entered(b, TaskStatus::Stopped)), (None, Some(20_000)));
    assert_eq!(run.entered(c, TaskStatus::Running), Some(20_000));
}

#[test]
fn res_016_the_network_interface_comes_free_at_stopped() {
    let (mut builder, job, jobs) = one_host(4000, vpc(100, 1000));
    builder.behavior_mut(job).containers[0].stop = constant(5.0);
    builder.behavior_mut(job).eni_detach = constant(7.0);
    run_task(&mut builder, jobs, &[1]);
    stop_oldest(&mut builder, 10, jobs);
    let mut run = Run::new(builder);
    for (second, memory, enis) in [(9, 3000, 9), (10, 4000, 9), (15, 4000, 9), (21, 4000, 9), (22, 4000, 10)] {
        run.to(at(second));
        assert_eq!((left(&run).memory, left(&run).enis), (memory, enis), "at {second} s");
    }
}

#[test]
fn res_017_a_disconnect_changes_no_reservation() {
    let (mut builder, _, jobs) = one_host(4000, Builder::needs(100, 1000));
    run_task(&mut builder, jobs, &[1]);
    builder.call(at(10), Call::DisconnectAgent { instances: named(&[HOST]), duration: None });
    let mut run = Run::new(builder);
    run.finish();
    assert_eq!(left(&run).memory, 3000);
    assert!(run.cluster().task(TaskId::new(0)).is_running());
}

#[test]
fn res_024_exceeding_a_hundred_ports_is_like_a_collision() {
    let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
    builder.task_definition_mut(job).ports =
        (1_000..1_095).map(|number| Port { protocol: Protocol::Udp, number }).collect();
    run_task(&mut builder, jobs, &[1]);
    let run = Run::whole(builder);
    assert_eq!(run.unplaced(jobs)[0].2.of(Rejection::Ports), 1, "6 of the agent and 95 are 101");
}

#[test]
fn res_025_running_out_of_dynamic_ports_fails_the_task_on_the_host() {
    let mut builder = Builder::new();
    let shape = builder.shape("test", kit::room(4096, 4000));
    builder.shape_mut(shape).dynamic_ports = 3;
    builder.instances("i", shape, "us-east-1a", 1);
    let (job, jobs) = another(&mut builder, "job", Builder::needs(1, 1));
    builder.task_definition_mut(job).containers[0].dynamic_ports = 2;
    run_task(&mut builder, jobs, &[1, 2, 11]);
    stop_oldest(&mut builder, 10, jobs);
    let run = Run::whole(builder);
    let tasks = run.tasks(jobs);
    assert!(run.unplaced(jobs).is_empty(), "placement never looks at them");
    let reason = StopReason::FailedToStart(StartError::NoDynamicPort);
    assert_eq!(run.stopped(tasks[1]), Some((2_000, reason)));
    assert_eq!(run.entered(tasks[1], TaskStatus::Stopped), Some(2_000));
    assert_eq!(run.entered(tasks[2], TaskStatus::Running), Some(11_000));
}

#[test]
fn res_025_a_service_does_not_start_for_ever_within_an_instant() {
    let mut builder = Builder::new();
    let shape = builder.shape("test", kit::room(4096, 4000));
    builder.shape_mut(shape).dynamic_ports = 0;
    builder.instances("i", shape, "us-east-1a", 1);
    let web = builder.task_definition("web", Builder::needs(1, 1));
    builder.task_definition_mut(web).containers[0].dynamic_ports = 1;
    let default = builder.service_default(&[]);
    let service = builder.service("web", web, 3, default);
    builder.settings.scheduler_latency = secs(5);
    builder.settings.service_launches_per_minute = 0;
    builder.duration = secs(60);
    let run = Run::whole(builder);
    // SVC-042: three make one failure; after the third, noticed 5 s later, the next three wait for 30 s.
    assert_eq!(run.service_tasks(service).len(), 3 * 4, "three every five seconds, then the throttle");
}

#[test]
fn res_026_host_mode_with_ports_is_one_a_host_and_without_ports_many() {
    for (ports, placed) in [(vec![Port { protocol: Protocol::Tcp, number: 8080 }], 1), (Vec::new(), 3)] {
        let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
        let definition = builder.task_definition_mut(job);
        definition.network_mode = NetworkMode::Host;
        definition.ports = ports;
        run_task(&mut builder, jobs, &[1, 2, 3]);
        assert_eq!(Run::whole(builder).tasks(jobs).len(), placed);
    }
}

#[test]
fn res_041_a_trunk_raises_what_an_instance_registers() {
    let mut builder = Builder::new();
    let shape = builder.shape("c5.large", Resources { enis: 10, ..kit::room(4096, 4000) });
    builder.shape_mut(shape).trunk = true;
    builder.instances("i", shape, "us-east-1a", 1);
    let (_, jobs) = another(&mut builder, "job", vpc(1, 1));
    builder.source_mut(jobs).count = 10;
    run_task(&mut builder, jobs, &[1, 2]);
    let run = Run::whole(builder);
    assert_eq!(run.tasks(jobs).len(), 10);
    assert_eq!(run.unplaced(jobs)[0].2.of(Rejection::Eni), 1);
}

#[test]
fn res_042_a_hidden_interface_fails_the_attachment_and_not_the_placement() {
    let mut builder = Builder::new();
    let shape = builder.shape("c5.large", Resources { enis: 2, ..kit::room(4096, 4000) });
    builder.shape_mut(shape).hidden_enis = 1;
    builder.instances("i", shape, "us-east-1a", 1);
    let (job, jobs) = another(&mut builder, "job", vpc(1, 1));
    builder.behavior_mut(job).eni_attach = constant(10.0);
    builder.behavior_mut(job).eni_detach = constant(3.0);
    builder.source_mut(jobs).count = 2;
    run_task(&mut builder, jobs, &[1]);
    let run = Run::whole(builder);
    let tasks = run.tasks(jobs);
    assert_eq!(run.entered(tasks[0], TaskStatus::Running), Some(11_000), "one of the two gets the slot");
    assert_eq!(run.stopped(tasks[1]), Some((11_000, StopReason::FailedToStart(StartError::EniAttach))));
    assert_eq!(run.entered(tasks[1], TaskStatus::Stopped), Some(14_000));
}

#[test]
fn res_053_a_shortage_of_attachment_slots_fails_the_task_after_placement() {
    for (shared, alive) in [(false, 2), (true, 1)] {
        let mut builder = Builder::new();
        let shape = builder.shape("m5.large", kit::room(4096, 4000));
        let row = builder.shape_mut(shape);
        (row.ebs_slots, row.ebs_shared_with_enis) = (2, shared);
        builder.instances("i", shape, "us-east-1a", 1);
        let (_, with_eni) = another(&mut builder, "vpc", vpc(1, 1));
        run_task(&mut builder, with_eni, &[1]);
        let (job, jobs) = another(&mut builder, "job", Builder::needs(1, 1));
        builder.task_definition_mut(job).ebs_volume = true;
        run_task(&mut builder, jobs, &[2, 3, 4]);
        let run = Run::whole(builder);
        let running = run.tasks(jobs).iter().filter(|task| run.entered(**task, TaskStatus::Running).is_some()).count();
        assert_eq!(running, alive, "shared: {shared}");
        let reason = StopReason::FailedToStart(StartError::VolumeAttach);
        assert_eq!(run.stopped(run.tasks(jobs)[2]), Some((4_000, reason)));
        assert!(run.unplaced(jobs).is_empty());
    }
}

/// The states a task passed, after the one it was created in.
fn passed(run: &Run, task: TaskId) -> Vec<TaskStatus> {
    run.facts()
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::TaskStatusChanged { task: of, to } if of == task => Some(to),
            _ => None,
        })
        .collect()
}

#[test]
fn tsk_001_states_with_nothing_to_do_are_passed_over() {
    use TaskStatus::{Deprovisioning, Pending, Running, Stopped, Stopping};
    for (needs, states) in [
        (Builder::needs(1, 1), vec![Running, Stopping, Stopped]),
        (vpc(1, 1), vec![Pending, Running, Stopping, Deprovisioning, Stopped]),
    ] {
        let (mut builder, _, jobs) = one_host(4000, needs);
        run_task(&mut builder, jobs, &[1]);
        stop_oldest(&mut builder, 10, jobs);
        assert_eq!(passed(&Run::whole(builder), TaskId::new(0)), states);
    }
}

#[test]
fn tsk_002_tsk_003_and_tsk_004_which_states_take_time() {
    use TaskStatus::{Deprovisioning, Pending, Provisioning, Running, Stopped, Stopping};
    // Attaching and detaching the interface, the pull, and the stop: only with an interface of its own do the first and
    // the last state take time.
    for (needs, expected) in [
        (Builder::needs(1, 1), vec![(Running, 6_000), (Stopping, 50_000), (Stopped, 53_000)]),
        (
            vpc(1, 1),
            vec![(Pending, 12_000), (Running, 17_000), (Stopping, 50_000), (Deprovisioning, 53_000), (Stopped, 60_000)],
        ),
    ] {
        let (mut builder, job, jobs) = one_host(4000, needs);
        let behavior = builder.behavior_mut(job);
        (behavior.eni_attach, behavior.eni_detach) = (constant(11.0), constant(7.0));
        behavior.containers[0].cold_pull = constant(5.0);
        behavior.containers[0].stop = constant(3.0);
        run_task(&mut builder, jobs, &[1]);
        stop_oldest(&mut builder, 50, jobs);
        let mut run = Run::new(builder);
        run.to(at(1));
        let first = if needs.eni { Provisioning } else { Pending };
        assert_eq!(run.cluster().task(TaskId::new(0)).last, first);
        run.finish();
        let entered: Vec<(TaskStatus, u64)> = TaskStatus::ALL
            .into_iter()
            .filter_map(|status| run.entered(TaskId::new(0), status).map(|time| (status, time)))
            .collect();
        assert_eq!(entered, expected, "ACTIVATING and DEACTIVATING have nothing to do without a load balancer");
    }
}

#[test]
fn tsk_002_a_task_is_pending_while_its_resources_are_not_free() {
    let (mut builder, job, jobs) = one_host(1000, Builder::needs(1, 1000));
    builder.behavior_mut(job).containers[0].stop = constant(20.0);
    run_task(&mut builder, jobs, &[1, 11]);
    stop_oldest(&mut builder, 10, jobs);
    let mut run = Run::new(builder);
    run.to(at(29));
    let task = run.tasks(jobs)[1];
    assert_eq!(run.cluster().task(task).last, TaskStatus::Pending);
    run.finish();
    assert_eq!(run.entered(task, TaskStatus::Running), Some(30_000));
}

#[test]
fn tsk_005_every_time_stamp() {
    let (mut builder, job, jobs) = one_host(4000, vpc(1, 1));
    let behavior = builder.behavior_mut(job);
    behavior.eni_attach = constant(5.0);
    behavior.containers[0].cold_pull = constant(10.0);
    behavior.start = constant(2.0);
    behavior.containers[0].stop = constant(3.0);
    behavior.eni_detach = constant(4.0);
    run_task(&mut builder, jobs, &[1]);
    stop_oldest(&mut builder, 50, jobs);
    let mut run = Run::new(builder);
    run.to(at(49));
    let task = TaskId::new(0);
    let row = run.cluster().task(task);
    assert_eq!((row.created_at, row.started_at, row.stopping_at), (at(1), Some(at(18)), None));
    run.to(at(50));
    assert_eq!(run.cluster().task(task).stopping_at, Some(at(50)));
    run.finish();
    assert_eq!(run.entered(task, TaskStatus::Pending), Some(6_000));
    assert_eq!(run.when(|fact| *fact == Fact::ImagePullStarted { task }), Some(6_000), "pullStartedAt");
    assert_eq!(run.when(|fact| *fact == Fact::ImagePullStopped { task }), Some(16_000), "pullStoppedAt");
    assert_eq!(run.entered(task, TaskStatus::Running), Some(18_000), "startedAt");
    assert_eq!(run.when(|fact| *fact == Fact::TaskExecutionStopped { task }), Some(53_000), "executionStoppedAt");
    assert_eq!(run.entered(task, TaskStatus::Stopped), Some(57_000), "stoppedAt");
}

#[test]
fn tsk_006_a_task_runs_when_all_its_containers_have_started() {
    let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
    let mut side = builder.task_definition_mut(job).containers[0].clone();
    side.image = builder.definitions_mut().images.intern("side");
    builder.task_definition_mut(job).containers.push(side);
    let behavior = builder.behavior_mut(job);
    behavior.containers.push(behavior.containers[0].clone());
    behavior.containers[0].cold_pull = constant(3.0);
    behavior.containers[1].cold_pull = constant(20.0);
    run_task(&mut builder, jobs, &[1]);
    let run = Run::whole(builder);
    assert_eq!(run.entered(TaskId::new(0), TaskStatus::Running), Some(21_000), "different images pull side by side");
}

#[test]
fn tsk_007_the_running_count_drops_when_the_stop_is_wanted() {
    let mut builder = Builder::new();
    fleet(&mut builder, &[("i", "a", 4096, 4000)]);
    let web = builder.task_definition("web", Builder::needs(1, 1));
    builder.behavior_mut(web).containers[0].stop = constant(20.0);
    let default = builder.service_default(&[]);
    let service = builder.service("web", web, 2, default);
    builder.call(at(10), scale(service, 1));
    let mut run = Run::new(builder);
    run.to(at(11));
    let row = &run.cluster().services()[service];
    assert_eq!((row.running, row.live, row.tasks.len()), (1, 1, 2));
    assert_eq!((run.cluster().totals().running_tasks, run.cluster().totals().stopping_tasks), (1, 1));
}

#[test]
fn tsk_010_codes_and_texts_of_a_run() {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("a", "a", 4096, 4000), ("b", "a", 4096, 4000), ("c", "a", 4096, 4000)]);
    let (ends, ending) = another(&mut builder, "ends", Builder::needs(1, 1));
    builder.behavior_mut(ends).containers[0].duration = Some(constant(5.0));
    let (fails, failing) = another(&mut builder, "fails", Builder::needs(1, 1));
    builder.behavior_mut(fails).fail_to_start = Some((1.0, StartError::CannotPullContainer));
    let (_, stays) = another(&mut builder, "stays", Builder::needs(1, 1));
    run_task(&mut builder, ending, &[1]);
    run_task(&mut builder, failing, &[2]);
    let why = builder.definitions_mut().texts.intern("tired");
    for instance in [all[0], all[0], all[0], all[1], all[2]] {
        kit::start_on(&mut builder, 3, stays, &[instance]);
    }
    let first = TaskSelector { source: Some(stays), count: Some(1), ..TaskSelector::default() };
    builder.call(at(10), Call::StopTask { tasks: first.clone(), reason: Some(why) });
    builder.call(at(11), Call::StopTask { tasks: first, reason: None });
    builder.call(at(12), Call::DeregisterContainerInstance { instances: named(&all[..1]), force: true });
    builder.call(at(13), Call::TerminateInstances { instances: named(&all[1..2]) });
    builder.call(at(14), Call::StopInstances { instances: named(&all[2..]) });
    let run = Run::whole(builder);
    let said: Vec<(&str, String)> = run
        .facts()
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::TaskStopRequested { reason, .. } => Some((reason.code().name(), reason.text(run.cluster(), None))),
            _ => None,
        })
        .collect();
    let host = |name: usize, what: &str| {
        let id =
            ecsim_cluster::arn::ec2_instance_id(run.cluster().definitions(), &run.cluster().instances()[all[name]]);
        ("TerminationNotice", format!("Host EC2 (instance {id}) {what}."))
    };
    assert_eq!(
        said,
        [
            ("TaskFailedToStart", StartError::CannotPullContainer.text().to_owned()),
            ("EssentialContainerExited", "Essential container in task exited".to_owned()),
            ("UserInitiated", "tired".to_owned()),
            ("UserInitiated", "Task stopped by user".to_owned()),
            host(0, "deregistered"),
            host(1, "terminated"),
            host(2, "stopped"),
        ]
    );
    assert_eq!(StopReason::ScaleIn.code(), StopCode::ServiceSchedulerInitiated);
}

/// A task of three containers: essential, essential, not.
fn three_containers() -> (Builder, TaskDefinitionId, SourceId) {
    let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
    for (name, essential) in [("other", true), ("side", false)] {
        let mut container = builder.task_definition_mut(job).containers[0].clone();
        (container.name, container.essential) = (name.into(), essential);
        builder.task_definition_mut(job).containers.push(container);
        let behavior = builder.behavior_mut(job);
        behavior.containers.push(behavior.containers[0].clone());
    }
    run_task(&mut builder, jobs, &[1]);
    (builder, job, jobs)
}

#[test]
fn tsk_020_an_essential_exit_stops_the_others_and_another_leaves_the_task_alone() {
    let (mut builder, job, _) = three_containers();
    let containers = &mut builder.behavior_mut(job).containers;
    containers[2].duration = Some(constant(10.0));
    containers[1].duration = Some(constant(20.0));
    containers[1].exit_code = 3;
    containers[0].stop = constant(5.0);
    containers[0].stop_exit_code = 143;
    let run = Run::whole(builder);
    let task = TaskId::new(0);
    assert_eq!(run.exits(task), [(11_000, 2, 0, false), (21_000, 1, 3, false), (26_000, 0, 143, false)]);
    assert_eq!(run.stopped(task), Some((21_000, StopReason::EssentialContainerExited)));
    assert_eq!(run.entered(task, TaskStatus::Stopping), Some(21_000));
    assert_eq!(run.entered(task, TaskStatus::Stopped), Some(26_000));
}

#[test]
fn tsk_025_past_the_stop_timeout_a_container_is_killed() {
    // The container's own timeout (more than 120 s is accepted), else the agent's; 137 is SIGKILL.
    for (timeout, stop, after, code) in [
        (None, 29.0, 29, 143),
        (None, 30.0, 30, 143),
        (None, 31.0, 30, 137),
        (Some(2), 3.0, 2, 137),
        (Some(300), 200.0, 200, 143),
        (Some(300), 400.0, 300, 137),
    ] {
        let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
        builder.task_definition_mut(job).containers[0].stop_timeout = timeout.map(secs);
        let container = &mut builder.behavior_mut(job).containers[0];
        (container.stop, container.stop_exit_code) = (constant(stop), 143);
        run_task(&mut builder, jobs, &[1]);
        stop_oldest(&mut builder, 10, jobs);
        let run = Run::whole(builder);
        assert_eq!(run.exits(TaskId::new(0)), [((10 + after) * 1_000, 0, code, false)], "{timeout:?} {stop}");
    }
}

#[test]
fn tsk_025_nobody_waits_for_a_container_that_ends_by_itself_meanwhile() {
    let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
    let container = &mut builder.behavior_mut(job).containers[0];
    (container.stop, container.duration, container.exit_code) = (constant(20.0), Some(constant(12.0)), 4);
    run_task(&mut builder, jobs, &[1]);
    stop_oldest(&mut builder, 10, jobs);
    let run = Run::whole(builder);
    assert_eq!(run.exits(TaskId::new(0)), [(13_000, 0, 4, false)]);
    assert_eq!(run.entered(TaskId::new(0), TaskStatus::Stopped), Some(13_000));
}

#[test]
fn tsk_026_tsk_027_memory_runs_out_at_the_very_instant() {
    let uses = |at_start: f64, growth_per_hour: f64| Some(MemoryUse { at_start: constant(at_start), growth_per_hour });
    // One MiB a second from 100 on; the hard limit, the task's, whichever comes first, or no limit at all.
    for (hard, task_level, memory, exit) in [
        (Some(160), None, uses(100.0, 3_600.0), Some(61_000)),
        (None, Some(130), uses(100.0, 3_600.0), Some(31_000)),
        (Some(160), Some(130), uses(100.0, 3_600.0), Some(31_000)),
        (Some(99), None, uses(100.0, 0.0), Some(1_000)),
        (Some(100), None, uses(100.0, 0.0), None),
        (None, None, uses(100.0, 3_600.0), None),
    ] {
        let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 50));
        let definition = builder.task_definition_mut(job);
        (definition.containers[0].memory, definition.task_memory) = (hard, task_level);
        builder.behavior_mut(job).containers[0].memory = memory;
        run_task(&mut builder, jobs, &[1]);
        let run = Run::whole(builder);
        let expected: Vec<_> = exit.map(|time| (time, 0, 137, true)).into_iter().collect();
        assert_eq!(run.exits(TaskId::new(0)), expected, "{hard:?} {task_level:?}");
    }
}

#[test]
fn tsk_027_whatever_comes_first_ends_a_container() {
    let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 50));
    builder.task_definition_mut(job).containers[0].memory = Some(160);
    let container = &mut builder.behavior_mut(job).containers[0];
    container.memory = Some(MemoryUse { at_start: constant(100.0), growth_per_hour: 3_600.0 });
    container.crash = Some(Crash { after: constant(45.0), probability: 1.0, exit_code: 9 });
    builder.source_mut(jobs).duration = Some(constant(50.0));
    run_task(&mut builder, jobs, &[1]);
    assert_eq!(Run::whole(builder).exits(TaskId::new(0)), [(46_000, 0, 9, false)]);
}

#[test]
fn tsk_050_image_pulls_by_the_agents_setting() {
    for (setting, later) in [
        (PullBehavior::Default, 3),
        (PullBehavior::Always, 3),
        (PullBehavior::Once, 0),
        (PullBehavior::PreferCached, 0),
    ] {
        let mut builder = Builder::new();
        let shape = builder.shape("test", kit::room(4096, 4000));
        builder.shape_mut(shape).pull_behavior = setting;
        let all = builder.instances("i", shape, "us-east-1a", 2);
        let (job, jobs) = another(&mut builder, "job", Builder::needs(1, 1));
        let container = &mut builder.behavior_mut(job).containers[0];
        (container.cold_pull, container.cached_pull) = (constant(20.0), constant(3.0));
        for (second, instance) in [(1, all[0]), (10, all[0]), (100, all[0]), (200, all[1])] {
            kit::start_on(&mut builder, second, jobs, &[instance]);
        }
        let run = Run::whole(builder);
        let waits: Vec<u64> = run
            .tasks(jobs)
            .into_iter()
            .map(|task| (run.entered(task, TaskStatus::Running).unwrap() - run.created_ms(task)) / 1_000)
            .collect();
        assert_eq!(waits, [20, 20, later, 20], "{setting:?}: cold until it is there, and on another host again");
    }
}

#[test]
fn tsk_054_what_fails_before_running_failed_to_start() {
    for (error, pulled) in [(StartError::CannotPullContainer, None), (StartError::CannotStartContainer, Some(11_000))] {
        let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
        builder.behavior_mut(job).containers[0].cold_pull = constant(10.0);
        builder.behavior_mut(job).fail_to_start = Some((1.0, error));
        run_task(&mut builder, jobs, &[1]);
        let run = Run::whole(builder);
        let task = TaskId::new(0);
        assert_eq!(run.stopped(task), Some((11_000, StopReason::FailedToStart(error))));
        assert_eq!(run.when(|fact| *fact == Fact::ImagePullStopped { task }), pulled);
        assert_eq!(passed(&run, task), [TaskStatus::Stopped]);
        assert_eq!(left(&run).memory, 4000);
    }
}

#[test]
fn tsk_053_a_start_that_fails_takes_the_time_of_a_start() {
    use StartError::{CannotCreateContainer, CannotStartContainer, DockerTimeout, OutOfMemory};
    for (error, start, fails_at) in [
        (CannotCreateContainer, 20.0, 11),
        (CannotStartContainer, 20.0, 31),
        (OutOfMemory, 20.0, 31),
        // The agent waits three minutes, whatever the scenario says of a start.
        (DockerTimeout, 20.0, 191),
    ] {
        let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
        let behavior = builder.behavior_mut(job);
        behavior.containers[0].cold_pull = constant(10.0);
        behavior.start = constant(start);
        behavior.fail_to_start = Some((1.0, error));
        run_task(&mut builder, jobs, &[1]);
        let run = Run::whole(builder);
        let task = TaskId::new(0);
        assert_eq!(run.stopped(task), Some((fails_at * 1_000, StopReason::FailedToStart(error))));
        assert_eq!(run.when(|fact| *fact == Fact::ImagePullStopped { task }), Some(11_000), "{error:?}");
    }
}

#[test]
fn tsk_051_lat_018_the_agent_waits_so_long_for_a_start_and_a_pull() {
    const TWO_HOURS: f64 = 7_200.0;
    for (windows, pull, start, fails) in [
        (false, 10.0, 180.0, None),
        (false, 10.0, 180.5, Some((10 + 180, StartError::DockerTimeout))),
        (true, 10.0, 480.0, None),
        (true, 10.0, 481.0, Some((10 + 480, StartError::DockerTimeoutOnWindows))),
        (false, TWO_HOURS, 1.0, None),
        (false, TWO_HOURS + 1.0, 1.0, Some((7_200, StartError::DockerPullTimeout))),
    ] {
        for ordered in [false, true] {
            let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
            let behavior = builder.behavior_mut(job);
            behavior.containers[0].cold_pull = constant(pull);
            (behavior.start, behavior.on_windows) = (constant(start), windows);
            builder.duration = Span::from_hours(3);
            if ordered {
                wait_for_the_first(&mut builder, job);
            }
            run_task(&mut builder, jobs, &[0]);
            let run = Run::whole(builder);
            let stopped = run.stopped(TaskId::new(0));
            let expected = fails.map(|(at, error)| (at * 1_000, StopReason::FailedToStart(error)));
            assert_eq!(stopped, expected, "windows {windows}, pull {pull}, start {start}, ordered {ordered}");
        }
    }
}

/// A second container that starts after the first, and takes no time.
fn wait_for_the_first(builder: &mut Builder, job: TaskDefinitionId) {
    let definition = builder.task_definition_mut(job);
    let mut second = definition.containers[0].clone();
    second.name = "second".into();
    second.essential = false;
    second.depends_on = vec![ContainerDependency { container: 0, condition: DependencyCondition::Start }];
    definition.containers.push(second);
    let behavior = builder.behavior_mut(job);
    let mut second = behavior.containers[0].clone();
    second.cold_pull = constant(0.0);
    behavior.containers.push(second);
}

#[test]
fn tsk_051_a_cached_image_stands_in_for_a_pull_that_does_not_end() {
    for (setting, fails) in [(PullBehavior::Default, false), (PullBehavior::Always, true)] {
        let mut builder = Builder::new();
        let shape = builder.shape("test", kit::room(4096, 4000));
        builder.shape_mut(shape).pull_behavior = setting;
        builder.instances("i", shape, "us-east-1a", 1);
        let (job, jobs) = another(&mut builder, "job", Builder::needs(1, 1));
        builder.behavior_mut(job).containers[0].cached_pull = constant(10_000.0);
        builder.duration = Span::from_hours(3);
        run_task(&mut builder, jobs, &[0, 10]);
        let run = Run::whole(builder);
        let second = TaskId::new(1);
        let error = StopReason::FailedToStart(StartError::DockerPullTimeout);
        assert_eq!(run.stopped(second), fails.then_some((7_210_000, error)), "{setting:?}");
        assert_eq!(run.entered(second, TaskStatus::Running), (!fails).then_some(7_210_000), "{setting:?}");
    }
}

#[test]
fn tsk_053_a_container_that_cannot_be_stopped_counts_as_stopped_after_five_attempts() {
    // Pauses of 1, 1.3, 1.69 and 2.197 s, each up to a fifth longer; without an answer five times the 30 s and 2 minutes.
    for (error, least, most) in
        [(StopError::CannotStopContainer, 6_186, 7_425), (StopError::DockerTimeout, 756_186, 757_425)]
    {
        let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
        builder.behavior_mut(job).fail_to_stop = Some((1.0, error));
        run_task(&mut builder, jobs, &[0]);
        stop_oldest(&mut builder, 100, jobs);
        let run = Run::whole(builder);
        let task = TaskId::new(0);
        let given_up = run.when(|fact| *fact == Fact::ContainerStopFailed { task, container: 0, error });
        let after = given_up.expect("the agent gives up") - 100_000;
        assert!((least..=most).contains(&after), "{error:?} after {after} ms");
        assert_eq!(run.entered(task, TaskStatus::Stopped), given_up);
        assert_eq!(run.exits(task), [], "it has no exit code");
        assert_eq!(left(&run), kit::room(4096, 4000), "its room is free, whatever still runs there");
        assert_eq!(run.stopped(task).map(|(at, reason)| (at, reason.code())), Some((100_000, StopCode::UserInitiated)));
    }
}

#[test]
fn tsk_053_every_error_has_its_name() {
    for (error, name) in [
        (StartError::CannotPullContainer, "CannotPullContainerError: "),
        (StartError::CannotPullEcrContainer, "CannotPullECRContainerError: "),
        (StartError::CannotPullImageManifest, "CannotPullImageManifestError: "),
        (StartError::CannotCreateContainer, "CannotCreateContainerError: "),
        (StartError::CannotStartContainer, "CannotStartContainerError: "),
        (StartError::CannotInspectContainer, "CannotInspectContainerError: "),
        (StartError::DockerTimeout, "DockerTimeoutError: Could not transition to started; timed out after waiting "),
        (StartError::ResourceInitialization, "ResourceInitializationError: "),
        (StartError::OutOfMemory, "OutOfMemoryError: "),
    ] {
        let (mut builder, job, jobs) = one_host(4000, Builder::needs(1, 1));
        builder.behavior_mut(job).fail_to_start = Some((1.0, error));
        run_task(&mut builder, jobs, &[1]);
        let run = Run::whole(builder);
        let (_, reason) = run.stopped(TaskId::new(0)).expect("it failed");
        assert!(reason.text(run.cluster(), None).starts_with(name), "{error:?}");
        assert_eq!(reason.code(), StopCode::TaskFailedToStart);
        let pulled = run.when(|fact| matches!(fact, Fact::ImagePullStopped { .. })).is_some();
        assert_eq!(pulled, error.is_after_pull(), "{error:?}");
    }
}

#[test]
fn a_stop_while_the_interface_or_the_image_is_on_its_way() {
    for stop_at in [3, 10] {
        let (mut builder, job, jobs) = one_host(4000, vpc(1, 1));
        let behavior = builder.behavior_mut(job);
        (behavior.eni_attach, behavior.eni_detach) = (constant(5.0), constant(2.0));
        behavior.containers[0].cold_pull = constant(60.0);
        run_task(&mut builder, jobs, &[1]);
        stop_oldest(&mut builder, stop_at, jobs);
        let run = Run::whole(builder);
        let task = TaskId::new(0);
        assert_eq!(run.entered(task, TaskStatus::Stopped), Some((stop_at + 2) * 1_000));
        assert_eq!(run.entered(task, TaskStatus::Running), None);
        assert_eq!(left(&run), kit::room(4096, 4000));
    }
}

#[test]
fn svc_004_events_within_the_latency_make_one_pass() {
    let service = ServiceId::new(0);
    let mut builder = Builder::new();
    builder.settings.scheduler_latency = secs(5);
    fleet(&mut builder, &[("i", "a", 4096, 4000)]);
    let web = builder.task_definition("web", Builder::needs(1, 1));
    let default = builder.service_default(&[]);
    builder.service("web", web, 3, default);
    for second in [20, 22, 26] {
        let tasks = TaskSelector { service: Some(service), count: Some(1), ..TaskSelector::default() };
        builder.call(at(second), Call::StopTask { tasks, reason: None });
    }
    let run = Run::whole(builder);
    let starts: Vec<u64> = run.created().map(|(time, ..)| time).collect();
    // Stops at 20 and 22 make one pass; its tasks run at once, and that is the first news of the next pass.
    assert_eq!(starts, [5_000, 5_000, 5_000, 25_000, 25_000, 30_000]);
}

#[test]
fn svc_005_a_deleted_service_drains_and_is_gone() {
    let service = ServiceId::new(0);
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("i", "a", 4096, 4000)]);
    let web = builder.task_definition("web", Builder::needs(1, 1));
    builder.behavior_mut(web).containers[0].stop = constant(20.0);
    let default = builder.service_default(&[]);
    builder.service("web", web, 0, default);
    arrange(&mut builder, service, &all, &[all[0], all[0]]);
    builder.call(at(10), Call::DeleteService { service, force: false });
    builder.call(at(11), Call::DeleteService { service, force: true });
    builder.call(at(12), scale(service, 5));
    builder.call(at(13), Call::DeleteService { service, force: true });
    let mut run = Run::new(builder);
    run.to(at(12));
    let status = run.cluster().services()[service].status;
    assert_eq!(status, ecsim_cluster::ServiceStatus::Inactive, "once every task is STOPPING");
    run.finish();
    use ecsim_cluster::fact::CallError::{ServiceNotActive, ServiceNotScaledDown};
    assert_eq!(
        run.refused(),
        [
            (10_000, ServiceNotScaledDown { service }),
            (12_000, ServiceNotActive { service }),
            (13_000, ServiceNotActive { service }),
        ]
    );
    assert_eq!(run.victims(service, 0), [("i", StopReason::ServiceDeleted); 2]);
    assert!(run.cluster().tasks().is_empty());
}

#[test]
fn svc_033_a_crashed_task_is_replaced_later_than_a_stopped_one() {
    let service = ServiceId::new(0);
    let mut builder = Builder::new();
    builder.settings.scheduler_latency = secs(5);
    builder.settings.replace_crashed_delay = secs(10);
    fleet(&mut builder, &[("i", "a", 4096, 4000)]);
    let web = builder.task_definition("web", Builder::needs(1, 1));
    builder.behavior_mut(web).containers[0].crash =
        Some(Crash { after: constant(100.0), probability: 1.0, exit_code: 1 });
    let default = builder.service_default(&[]);
    builder.service("web", web, 1, default);
    let tasks = TaskSelector { service: Some(service), ..TaskSelector::default() };
    builder.call(at(130), Call::StopTask { tasks, reason: None });
    builder.duration = secs(240);
    let run = Run::whole(builder);
    let starts: Vec<u64> = run.created().map(|(time, ..)| time).collect();
    assert_eq!(starts, [5_000, 120_000, 135_000], "crash at 105: 15 s later; stop at 130: 5 s later");
    assert_eq!(run.cluster().services()[service].crashes, 2, "one more at 235 s");
    assert_eq!(SimTime::ZERO + secs(240), run.sim.now());
}

#[test]
fn qta_018_launches_wait_for_tokens_and_placements_do_not() {
    for needs in [Builder::needs(1, 1), vpc(1, 1)] {
        let (mut builder, _, jobs) = one_host(4000, needs);
        builder.settings.ec2_launch_bucket = Some(Bucket { capacity: 3, refill_per_second: 2 });
        builder.source_mut(jobs).count = 6;
        run_task(&mut builder, jobs, &[1, 100]);
        let first = TaskSelector { source: Some(jobs), newest: true, count: Some(1), ..TaskSelector::default() };
        builder.call(at(2), Call::StopTask { tasks: first, reason: None });
        let run = Run::whole(builder);
        let tasks = run.tasks(jobs);
        assert!(tasks[..6].iter().all(|task| run.created_ms(*task) == 1_000), "placed at once");
        let running: Vec<Option<u64>> = tasks.iter().map(|task| run.entered(*task, TaskStatus::Running)).collect();
        let after = |start: u64, waits: [u64; 6]| waits.map(|wait| Some(start + wait));
        let mut expected =
            [after(1_000, [0, 0, 0, 500, 1_000, 1_500]), after(100_000, [0, 0, 0, 500, 1_000, 1_500])].concat();
        expected[5] = None;
        // Ten interfaces, so that the last of the others finds no place.
        expected.truncate(running.len());
        assert!(running.len() >= 11);
        assert_eq!(running, expected, "the last of the first six was stopped before its turn");
    }
}

/// A task-level limit is held against the sum of all containers, and the one with the largest overuse is killed.
#[test]
fn tsk_027_a_task_limit_counts_the_sum_and_kills_the_worst() {
    let (mut builder, job, jobs) = one_host(8000, Builder::needs(0, 1000));
    let row = builder.task_definition_mut(job);
    row.task_memory = Some(1000);
    let mut second = row.containers[0].clone();
    second.name = "second".into();
    row.containers.push(second);
    // Together 600 MiB and 200 MiB more each hour: 1,000 MiB after two hours, when `second` uses 700 of them.
    let memory = |start: f64, growth_per_hour: f64| Some(MemoryUse { at_start: constant(start), growth_per_hour });
    let behavior = builder.behavior_mut(job);
    let mut other = behavior.containers[0].clone();
    behavior.containers[0].memory = memory(300.0, 0.0);
    other.memory = memory(300.0, 200.0);
    behavior.containers.push(other);
    run_task(&mut builder, jobs, &[0]);
    builder.duration = ecsim_kernel::Span::from_hours(4);
    let run = Run::whole(builder);
    assert_eq!(run.exits(TaskId::new(0))[0], (7_200_000, 1, 137, true));
}
