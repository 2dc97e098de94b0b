//! Container instances come and go, drain, lose their agents and get them back (INS and QTA rules).

mod kit;

use ecsim_cluster::definitions::LaunchType;
use ecsim_cluster::fact::CallError;
use ecsim_cluster::{
    Fact, InstanceId, InstanceStatus, ServiceId, SourceId, StopReason, TaskDefinitionId, TaskId, TaskStatus,
};
use ecsim_engine::builder::{Builder, constant};
use ecsim_engine::model::{Call, InstanceSelector};
use ecsim_kernel::SimTime;
use ecsim_policies::settings::RegistrationRate;
use kit::{Run, arrange, at, caller, fleet, named, run_task, secs, set_status, start_on};

const I: InstanceId = InstanceId::new(0);

fn two_hosts() -> (Builder, Vec<InstanceId>, TaskDefinitionId, SourceId) {
    let mut builder = Builder::new();
    let all = fleet(&mut builder, &[("a", "a", 4096, 4000), ("b", "b", 4096, 4000)]);
    let job = builder.task_definition("job", Builder::needs(1, 1000));
    let jobs = caller(&mut builder, "jobs", job, &["spread(instanceId)"]);
    (builder, all, job, jobs)
}

/// One instance with a trunk: 20 s to make it, 5 s to remove it.
fn trunk() -> Builder {
    let mut builder = Builder::new();
    builder.instance_behavior.trunk_attach = constant(20.0);
    builder.instance_behavior.trunk_detach = constant(5.0);
    let shape = builder.shape("c5.large", kit::room(4096, 4000));
    builder.shape_mut(shape).trunk = true;
    builder.instances("i", shape, "us-east-1a", 1);
    builder
}

/// The states an instance entered, and when.
fn states(run: &Run, instance: InstanceId) -> Vec<(u64, InstanceStatus)> {
    run.facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::InstanceStatusChanged { instance: of, to } if of == instance => Some((time.ms(), to)),
            _ => None,
        })
        .collect()
}

fn connections(run: &Run, instance: InstanceId) -> Vec<(u64, bool)> {
    run.facts()
        .iter()
        .filter_map(|(time, fact)| match *fact {
            Fact::AgentConnectionChanged { instance: of, connected } if of == instance => Some((time.ms(), connected)),
            _ => None,
        })
        .collect()
}

use InstanceStatus::{Absent, Active, Deregistering, Draining, Inactive, Registering, RegistrationFailed};

#[test]
fn ins_001_a_trunk_leads_through_registering_and_deregistering() {
    let mut builder = trunk();
    let job = builder.task_definition("job", Builder::needs(1, 1000));
    let jobs = caller(&mut builder, "jobs", job, &[]);
    run_task(&mut builder, jobs, &[10, 101]);
    builder.call(at(100), Call::DeregisterContainerInstance { instances: named(&[I]), force: false });
    let run = Run::whole(builder);
    assert_eq!(states(&run, I), [(0, Registering), (20_000, Active), (100_000, Deregistering), (105_000, Inactive)]);
    assert!(run.tasks(jobs).is_empty(), "neither state receives tasks");
    assert_eq!(run.refused().len(), 2, "no registered instance: {:?}", run.refused());
}

#[test]
fn ins_001_a_trunk_that_cannot_be_made_fails_the_registration() {
    let mut builder = trunk();
    builder.instance_behavior.trunk_failure = 1.0;
    builder.call(at(30), set_status(&[I], Draining));
    builder.call(at(40), Call::DeregisterContainerInstance { instances: named(&[I]), force: false });
    let run = Run::whole(builder);
    assert_eq!(states(&run, I), [(0, Registering), (20_000, RegistrationFailed), (40_000, Inactive)]);
    assert_eq!(run.refused(), [(30_000, CallError::InstanceState { instance: I, status: RegistrationFailed })]);
}

#[test]
fn ins_001_a_machine_terminated_before_it_is_registered_never_is() {
    let mut builder = trunk();
    builder.call(at(10), Call::TerminateInstances { instances: named(&[I]) });
    let run = Run::whole(builder);
    assert_eq!(states(&run, I), [(0, Registering), (10_000, RegistrationFailed), (10_000, Inactive)]);

    let (mut builder, all, ..) = two_hosts();
    builder.instance_behavior.registration = constant(60.0);
    builder.instance_mut(all[1]).join_at = at(100);
    for (second, instance) in [(10, all[0]), (20, all[1])] {
        builder.call(at(second), Call::TerminateInstances { instances: named(&[instance]) });
    }
    let run = Run::whole(builder);
    assert!(all.iter().all(|instance| run.cluster().instances()[*instance].status == Absent));
}

#[test]
fn ins_001_an_instance_that_is_going_cannot_be_deregistered_again() {
    let mut builder = trunk();
    for second in [10, 100, 102, 110] {
        builder.call(at(second), Call::DeregisterContainerInstance { instances: named(&[I]), force: true });
    }
    let run = Run::whole(builder);
    let refused = [(10_000, Registering), (102_000, Deregistering), (110_000, Inactive)]
        .map(|(time, status)| (time, CallError::InstanceState { instance: I, status }));
    assert_eq!(run.refused(), refused);
}

#[test]
fn ins_002_without_a_trunk_an_instance_is_active_and_connected_at_once() {
    let (mut builder, all, ..) = two_hosts();
    builder.instance_behavior.registration = constant(30.0);
    builder.instance_mut(all[1]).join_at = at(50);
    let run = Run::whole(builder);
    assert_eq!(states(&run, all[0]), [(30_000, Active)]);
    assert_eq!(states(&run, all[1]), [(80_000, Active)]);
    assert!(all.iter().all(|instance| run.cluster().instances()[*instance].connected));
    assert_eq!(run.cluster().instances()[all[1]].registered_at, at(80));
}

#[test]
fn ins_003_between_active_and_draining_and_from_nowhere_else() {
    let (mut builder, all, ..) = two_hosts();
    builder.call(at(1), set_status(&all[..1], Draining));
    builder.call(at(2), set_status(&all[..1], Active));
    builder.call(at(3), Call::DeregisterContainerInstance { instances: named(&all[..1]), force: false });
    for (second, status) in [(4, Active), (5, Draining)] {
        builder.call(at(second), set_status(&[all[1], all[0]], status));
    }
    let run = Run::whole(builder);
    assert_eq!(states(&run, all[0]), [(0, Active), (1_000, Draining), (2_000, Active), (3_000, Inactive)]);
    let inactive = CallError::InstanceState { instance: all[0], status: Inactive };
    assert_eq!(run.refused(), [(4_000, inactive), (5_000, inactive)]);
    assert_eq!(states(&run, all[1]), [(0, Active)], "all or none");
}

#[test]
fn plc_054_a_daemon_leaves_a_draining_instance_last() {
    let (mut builder, all, _, jobs) = two_hosts();
    let agent = builder.task_definition("agent", Builder::needs(1, 1));
    let anywhere = builder.rules(&[], &[]);
    let daemon = builder.daemon("agent", agent, anywhere);
    start_on(&mut builder, 1, jobs, &all[..1]);
    builder.source_mut(jobs).duration = Some(constant(100.0));
    builder.call(at(10), set_status(&all[..1], Draining));
    let run = Run::whole(builder);
    assert_eq!(run.victims(daemon, 0), [("a", StopReason::Draining)]);
    assert_eq!(run.stopped(run.service_tasks(daemon)[0]), Some((101_001, StopReason::Draining)));
}

#[test]
fn ins_005_a_stopped_machine_stays_active_and_its_agent_counts_as_connected_for_a_while() {
    let (mut builder, all, _, jobs) = two_hosts();
    start_on(&mut builder, 1, jobs, &all[..1]);
    builder.call(at(100), Call::StopInstances { instances: named(&all[..1]) });
    start_on(&mut builder, 150, jobs, &all[..1]);
    start_on(&mut builder, 300, jobs, &all[..1]);
    builder.call(at(400), Call::StartInstances { instances: named(&all[..1]) });
    start_on(&mut builder, 500, jobs, &all[..1]);
    let run = Run::whole(builder);
    let tasks = run.tasks(jobs);
    let stopped = StopReason::HostStopped(all[0]);
    assert_eq!(run.stopped(tasks[0]), Some((100_000, stopped)));
    assert_eq!(run.entered(tasks[0], TaskStatus::Stopped), Some(100_000), "no stop signal");
    assert_eq!(run.created_ms(tasks[1]), 150_000, "ECS does not know yet");
    assert_eq!(run.entered(tasks[1], TaskStatus::Running), None);
    assert_eq!(run.stopped(tasks[1]), Some((280_000, stopped)));
    assert_eq!(connections(&run, all[0]), [(280_000, false), (400_000, true)]);
    let refused = run.times(|fact| matches!(fact, Fact::StartTaskFailed { failure, .. } if failure.code() == "AGENT"));
    assert_eq!(refused, [300_000]);
    assert_eq!(run.created_ms(tasks[2]), 500_000);
    assert_eq!(states(&run, all[0]), [(0, Active)]);
}

#[test]
fn ins_005_a_start_in_between_begins_the_wait_anew() {
    let (mut builder, all, _, jobs) = two_hosts();
    let one = || named(&[InstanceId::new(0)]);
    builder.call(at(100), Call::StopInstances { instances: one() });
    start_on(&mut builder, 110, jobs, &all[..1]);
    builder.call(at(120), Call::StartInstances { instances: one() });
    builder.call(at(200), Call::StopInstances { instances: one() });
    let run = Run::whole(builder);
    assert_eq!(run.entered(run.tasks(jobs)[0], TaskStatus::Running), Some(120_000), "it waited for the machine");
    assert_eq!(connections(&run, all[0]), [(380_000, false)]);
}

#[test]
fn ins_006_a_disconnected_agent_takes_nothing_new_and_its_tasks_run_on() {
    let (mut builder, all, job, jobs) = two_hosts();
    builder.behavior_mut(job).eni_attach = constant(15.0);
    builder.task_definition_mut(job).requirements.eni = true;
    let needs = builder.definitions().task_definitions[job].requirements;
    builder.source_mut(jobs).template.requirements = needs;
    start_on(&mut builder, 1, jobs, &all[..1]);
    start_on(&mut builder, 90, jobs, &all[..1]);
    builder.call(at(100), Call::DisconnectAgent { instances: named(&all[..1]), duration: Some(secs(60)) });
    start_on(&mut builder, 110, jobs, &all[..1]);
    let run = Run::whole(builder);
    let tasks = run.tasks(jobs);
    assert_eq!(tasks.len(), 2);
    assert_eq!(run.stopped(tasks[0]), None);
    assert_eq!(run.entered(tasks[1], TaskStatus::Pending), Some(105_000));
    assert_eq!(run.entered(tasks[1], TaskStatus::Running), Some(160_000), "the agent goes on with its queue");
    assert_eq!(connections(&run, all[0]), [(100_000, false), (160_000, true)]);
}

#[test]
fn ins_006_the_last_word_on_a_disconnection_counts() {
    let (mut builder, all, ..) = two_hosts();
    let one = || named(&[InstanceId::new(0)]);
    builder.call(at(100), Call::DisconnectAgent { instances: one(), duration: Some(secs(100)) });
    builder.call(at(120), Call::ConnectAgent { instances: one() });
    builder.call(at(150), Call::DisconnectAgent { instances: one(), duration: Some(secs(200)) });
    builder.call(at(400), Call::DisconnectAgent { instances: one(), duration: Some(secs(100)) });
    builder.call(at(450), Call::DisconnectAgent { instances: one(), duration: None });
    builder.call(at(900), Call::ConnectAgent { instances: one() });
    let run = Run::whole(builder);
    assert_eq!(
        connections(&run, all[0]),
        [(100_000, false), (120_000, true), (150_000, false), (350_000, true), (400_000, false), (900_000, true),]
    );
}

#[test]
fn ins_007_terminating_a_connected_instance_deregisters_it() {
    let (mut builder, all, _, jobs) = two_hosts();
    start_on(&mut builder, 1, jobs, &all[..1]);
    builder.call(at(10), Call::TerminateInstances { instances: named(&all[..1]) });
    builder.call(at(20), Call::StartInstances { instances: named(&all[..1]) });
    let run = Run::whole(builder);
    assert_eq!(states(&run, all[0]), [(0, Active), (10_000, Inactive)]);
    assert_eq!(run.stopped(TaskId::new(0)), Some((10_000, StopReason::HostTerminated(all[0]))));
    assert!(!run.cluster().instances()[all[0]].connected);
}

#[test]
fn ins_007_a_stopped_or_disconnected_one_lingers() {
    let (mut builder, all, ..) = two_hosts();
    builder.call(at(10), Call::StopInstances { instances: named(&all[..1]) });
    builder.call(at(10), Call::DisconnectAgent { instances: named(&all[1..]), duration: Some(secs(100)) });
    builder.call(at(20), Call::TerminateInstances { instances: named(&all) });
    builder.call(at(300), Call::StartInstances { instances: named(&all) });
    builder.call(at(400), Call::ConnectAgent { instances: named(&all) });
    let run = Run::whole(builder);
    for instance in &all {
        assert_eq!(states(&run, *instance), [(0, Active)]);
        let row = &run.cluster().instances()[*instance];
        assert!(!row.connected && !row.host_running, "nothing brings back a terminated machine");
    }
    assert_eq!(connections(&run, all[0]), [(190_000, false)]);
    assert_eq!(connections(&run, all[1]), [(10_000, false)]);
}

#[test]
fn ins_008_deregistering_with_tasks_needs_force_and_orphans_them() {
    let service = ServiceId::new(0);
    let (mut builder, all, job, _) = two_hosts();
    let default = builder.service_default(&[]);
    builder.service("web", job, 0, default);
    arrange(&mut builder, service, &all, &[all[0], all[0]]);
    for (second, force) in [(10, false), (20, true)] {
        builder.call(at(second), Call::DeregisterContainerInstance { instances: named(&all), force });
        builder.call(at(second + 5), Call::DeregisterContainerInstance { instances: named(&all[..1]), force });
    }
    // The calls for both come too early or would take the second one too: only the first shall go.
    let mut run = Run::new(builder);
    run.to(at(19));
    assert_eq!(
        run.refused(),
        [
            (10_000, CallError::TasksStillRunning { instance: all[0] }),
            (15_000, CallError::TasksStillRunning { instance: all[0] }),
        ]
    );
    assert!(states(&run, all[1]) == [(0, Active)], "all or none");
    run.finish();
    let lost = run.service_tasks(service);
    for task in &lost[..2] {
        assert_eq!(run.stopped(*task), Some((20_000, StopReason::HostDeregistered(all[0]))));
    }
    assert_eq!(states(&run, all[1]), [(0, Active), (20_000, Inactive)]);
}

#[test]
fn ins_008_tasks_of_a_deregistered_instance_are_replaced_elsewhere() {
    let service = ServiceId::new(0);
    let (mut builder, all, job, _) = two_hosts();
    let default = builder.service_default(&[]);
    builder.service("web", job, 0, default);
    arrange(&mut builder, service, &all, &[all[0], all[0]]);
    builder.call(at(20), Call::DeregisterContainerInstance { instances: named(&all[..1]), force: true });
    let run = Run::whole(builder);
    assert_eq!(run.service_places(service, 20_000), ["b", "b"]);
    assert_eq!(run.created_ms(run.service_tasks(service)[2]), 20_001);
}

#[test]
fn ins_010_external_instances_serve_only_their_launch_type() {
    let mut builder = Builder::new();
    let inside = builder.shape("ec2", kit::room(4096, 4000));
    let outside = builder.shape("external", kit::room(4096, 4000));
    builder.shape_mut(outside).external = true;
    builder.instances("cloud", inside, "us-east-1a", 1);
    builder.instances("cellar", outside, "us-east-1a", 1);
    let job = builder.task_definition("job", Builder::needs(1, 1000));
    let ec2 = caller(&mut builder, "ec2", job, &["spread(instanceId)"]);
    let external = caller(&mut builder, "external", job, &["spread(instanceId)"]);
    builder.source_mut(external).template.launch_type = LaunchType::External;
    run_task(&mut builder, ec2, &[1, 2]);
    run_task(&mut builder, external, &[3, 4]);
    let default = builder.service_default(&[]);
    let service = builder.service("web", job, 2, default);
    builder.service_mut(service).launch_type = LaunchType::External;
    let run = Run::whole(builder);
    assert_eq!(run.places(ec2), ["cloud", "cloud"]);
    assert_eq!(run.places(external), ["cellar", "cellar"]);
    assert_eq!(run.service_places(service, 0), ["cellar", "cellar"]);
}

#[test]
fn qta_002_no_more_instances_than_the_quota_register() {
    let mut builder = Builder::new();
    builder.settings.container_instances_per_cluster = 2;
    let all = fleet(&mut builder, &[("a", "a", 1024, 1000), ("b", "a", 1024, 1000), ("c", "a", 1024, 1000)]);
    let run = Run::whole(builder);
    let status: Vec<InstanceStatus> = all.iter().map(|id| run.cluster().instances()[*id].status).collect();
    assert_eq!(status, [Active, Active, Absent]);
    assert_eq!(run.cluster().totals().registered_instances, 2);

    let mut builder = trunk();
    builder.settings.container_instances_per_cluster = 0;
    let run = Run::whole(builder);
    assert_eq!(states(&run, I), [(0, Registering), (20_000, RegistrationFailed)]);
}

#[test]
fn qta_019_registrations_are_spread_over_time() {
    let mut builder = Builder::new();
    builder.settings.registration_rate = Some(RegistrationRate { per_second: 1, per_minute: 3 });
    let shape = builder.shape("test", kit::room(1024, 1000));
    let all = builder.instances("i", shape, "us-east-1a", 5);
    let run = Run::whole(builder);
    let times: Vec<u64> = all.iter().map(|id| states(&run, *id)[0].0).collect();
    assert_eq!(times, [0, 1_000, 2_000, 60_000, 61_000]);
}

#[test]
fn a_selector_takes_registered_instances_in_the_order_of_registration() {
    let filter = |count: Option<u32>, random: bool| InstanceSelector::Filter {
        group: None,
        provider: None,
        market: None,
        empty: None,
        zone: None,
        instance_type: None,
        name_prefix: Some("i-".into()),
        attribute: None,
        expression: None,
        count,
        random,
    };
    let drained = |selector: InstanceSelector, seed: u64| {
        let mut builder = Builder::new();
        builder.seed = seed;
        let shape = builder.shape("test", kit::room(1024, 1000));
        builder.instances("other", shape, "us-east-1a", 3);
        let all = builder.instances("i", shape, "us-east-1a", 6);
        for (number, instance) in all.iter().enumerate() {
            builder.instance_mut(*instance).join_at = at(100 - number as u64 * 10);
        }
        builder.call(at(80), Call::UpdateContainerInstancesState { instances: selector, status: Draining });
        let run = Run::whole(builder);
        let mut names: Vec<String> = Vec::new();
        for (_, fact) in run.facts() {
            if let Fact::InstanceStatusChanged { instance, to: Draining } = *fact {
                names.push(run.name(instance).to_owned());
            }
        }
        names
    };
    assert_eq!(drained(filter(None, false), 1), ["i-6", "i-5", "i-4", "i-3"], "at 80 s");
    assert_eq!(drained(filter(Some(2), false), 1), ["i-6", "i-5"]);
    let mut chosen = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let names = drained(filter(Some(1), true), seed);
        assert_eq!((names.len(), &names), (1, &drained(filter(Some(1), true), seed)));
        chosen.extend(names);
    }
    assert_eq!(chosen.len(), 4, "each of the four may be picked");
    assert_eq!(SimTime::ZERO + secs(80), at(80));
}
