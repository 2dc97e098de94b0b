//! The DAEMON pass: the life of PX-22, and a test or more for each rule.

use ecsim_cluster::definitions::{SchedulingStrategy, ServiceRevision};
use ecsim_cluster::deployments::{CircuitBreaker, DeploymentPolicy, Threshold};
use ecsim_cluster::reasons::StartError;
use ecsim_cluster::{DeploymentCause, Fact, InstanceStatus, RolloutState, ServiceId, StopReason, TaskId};
use ecsim_kernel::Span;

use super::{Bench, replica_with, secs};
use crate::testkit::{Plan, room};

/// A DAEMON service `logd` of 100 CPU units and 200 MiB, and its plan.
fn daemon(plan: &mut Plan, constraints: &[&str]) -> ServiceId {
    let placement = plan.placement(&[], constraints);
    let task = plan.task("logd", 100, 200);
    let service = plan.service("logd", SchedulingStrategy::Daemon, task, placement);
    let definition = &mut plan.definitions.services[service];
    (definition.minimum_healthy_percent, definition.maximum_percent) = (0, 100);
    service
}

fn begin(plan: Plan) -> Bench {
    let mut bench = Bench::new(plan.start());
    bench.begin();
    bench
}

#[test]
fn px_22_daemon_life() {
    let mut plan = Plan::new();
    plan.instance("e1", "a", room(1_000, 4_000), &["role=edge"]);
    plan.instance("e2", "a", room(1_000, 4_000), &["role=edge"]);
    plan.instance("e3", "a", room(1_000, 1_000), &["role=edge"]);
    plan.instance("e4", "a", room(1_000, 4_000), &["role=edge"]);
    plan.instance("n1", "a", room(1_000, 4_000), &[]);
    daemon(&mut plan, &["attribute:role == edge"]);
    let small = plan.placement(&[], &[]);
    replica_with(&mut plan, "small", 0, small, (10, 100));
    let other = plan.task("other", 10, 750);
    let group = plan.group("family:other");
    let mut lab = plan.start();
    let e3 = lab.instance("e3");
    lab.put(&lab.request(other, group, small), e3);
    lab.apply(Fact::InstanceStatusChanged { instance: lab.instance("e2"), to: InstanceStatus::Draining });
    lab.apply(Fact::AgentConnectionChanged { instance: lab.instance("e4"), connected: false });
    let mut bench = Bench::new(lab);
    let replica = bench.running("small", "e3");
    bench.scale("small", 1);
    bench.begin();
    bench.until(45);
    assert_eq!(
        bench.take_log(),
        [
            "0 desired logd 3",
            "0 start t2@e1",
            "0 unplaced logd@e3 RESOURCE:MEMORY",
            "0 unplaced logd@e4 AGENT",
            "0 event t2+1 started",
            "40 event SteadyState",
        ],
        "the steady state is that of the replica",
    );
    bench.until(50);
    bench.scale("small", 0);
    bench.until(51);
    assert!(!bench.lab.cluster.tasks().get(replica).is_some_and(ecsim_cluster::Task::is_live));
    assert_eq!(bench.lines("start t"), ["50 start t3@e3"], "{:?}", bench.log);
    bench.take_log();
    bench.until(80);
    let n1 = bench.lab.instance("n1");
    let definitions = bench.lab.cluster.definitions();
    let (attribute, value) = (definitions.attributes.get("role").unwrap(), definitions.values.get("edge"));
    bench.fact(Fact::AttributePut { instance: n1, attribute, value });
    bench.until(99);
    assert_eq!(bench.take_log(), ["80 desired logd 4", "80 start t4@n1", "80 event t4+1 started"]);
    bench.until(100);
    bench.drain("e1");
    bench.until(101);
    assert_eq!(bench.take_log(), ["100 desired logd 3", "100 stop t2@e1 Draining"]);
}

#[test]
fn plc_051_one_task_on_every_active_instance_connected_or_not() {
    let mut plan = Plan::new();
    for name in ["i1", "i2", "i3"] {
        plan.instance(name, "a", room(1_000, 1_000), &[]);
    }
    let service = daemon(&mut plan, &[]);
    let mut lab = plan.start_empty();
    lab.apply(Fact::ServiceStatusChanged { service, to: ecsim_cluster::ServiceStatus::Active });
    let mut bench = Bench::new(lab);
    bench.begin();
    bench.until(10);
    assert_eq!(bench.take_log(), ["0 event SteadyState"], "no instance, no task wanted");
    for name in ["i1", "i2"] {
        let instance = bench.lab.instance(name);
        bench.fact(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
    }
    let offline = bench.lab.instance("i2");
    bench.fact(Fact::AgentConnectionChanged { instance: offline, connected: false });
    bench.until(100);
    assert_eq!(
        bench.take_log(),
        ["10 desired logd 2", "10 start t0@i1", "10 unplaced logd@i2 AGENT", "10 event t0+1 started"],
    );
    bench.fact(Fact::AgentConnectionChanged { instance: offline, connected: true });
    bench.until(200);
    assert_eq!(bench.take_log(), ["100 start t1@i2", "100 event t1+1 started", "141 event SteadyState"]);
    bench.lose(TaskId::new(0), StopReason::UserInitiated(None));
    bench.until(201);
    assert_eq!(bench.take_log(), ["200 start t2@i1", "200 event t2+1 started"]);
}

#[test]
fn plc_053_constraints_are_tested_again_for_running_tasks() {
    let mut plan = Plan::new();
    for name in ["i1", "i2"] {
        plan.instance(name, "a", room(1_000, 1_000), &["role=edge"]);
    }
    daemon(&mut plan, &["attribute:role == edge"]);
    let mut bench = begin(plan);
    bench.until(50);
    bench.take_log();
    let instance = bench.lab.instance("i2");
    let attribute = bench.lab.cluster.definitions().attributes.get("role").unwrap();
    bench.fact(Fact::AttributeDeleted { instance, attribute });
    bench.until(51);
    assert_eq!(
        bench.take_log(),
        ["50 desired logd 1", "50 stop t1@i2 DaemonConstraint", "50 event t1 violates at i2", "50 event SteadyState",],
    );
}

#[test]
fn plc_054_daemons_leave_a_draining_instance_last() {
    let mut plan = Plan::new();
    for name in ["i1", "i2"] {
        plan.instance(name, "a", room(1_000, 1_000), &[]);
    }
    daemon(&mut plan, &[]);
    let second = plan.service(
        "metrics",
        SchedulingStrategy::Daemon,
        plan.definitions.services[ServiceId::new(0)].task_definition(),
        plan.definitions.services[ServiceId::new(0)].placement,
    );
    plan.definitions.services[second].maximum_percent = 100;
    let job = plan.task("job", 10, 10);
    let group = plan.group("family:job");
    let placement = plan.placement(&[], &[]);
    let mut lab = plan.start();
    let standalone = lab.put(&lab.request(job, group, placement), lab.instance("i1"));
    let mut bench = Bench::new(lab);
    bench.begin();
    bench.until(50);
    bench.take_log();
    bench.drain("i1");
    bench.until(60);
    assert_eq!(bench.lines("stop"), [""; 0], "a standalone task is still there");
    bench.stop_after = Span::from_secs(30);
    bench.lose(standalone, StopReason::UserInitiated(None));
    bench.until(89);
    assert_eq!(bench.lines("stop"), [""; 0], "it has not reached STOPPED");
    bench.until(91);
    assert_eq!(bench.lines("stop"), ["90 stop t1@i1 Draining", "90 stop t3@i1 Draining"]);
    assert_eq!(bench.lines("start"), [""; 0]);
}

#[test]
fn drn_011_protection_delays_the_drain_of_a_daemon() {
    let mut plan = Plan::new();
    plan.instance("i1", "a", room(1_000, 1_000), &[]);
    daemon(&mut plan, &[]);
    let mut bench = begin(plan);
    bench.until(50);
    bench.protect(TaskId::new(0), secs(300));
    bench.drain("i1");
    bench.until(1_000);
    assert_eq!(bench.lines("stop"), ["300 stop t0@i1 Draining"]);
}

#[test]
fn flr_033_a_failed_placement_waits_for_a_change_of_that_instance_only() {
    let mut plan = Plan::new();
    plan.instance("i1", "a", room(1_000, 250), &[]);
    plan.instance("i2", "a", room(1_000, 1_000), &[]);
    daemon(&mut plan, &[]);
    let job = plan.task("job", 10, 100);
    let small = plan.task("tiny", 10, 10);
    let group = plan.group("family:job");
    let placement = plan.placement(&[], &[]);
    let mut lab = plan.start();
    let (i1, i2) = (lab.instance("i1"), lab.instance("i2"));
    let blocking = lab.put(&lab.request(job, group, placement), i1);
    let elsewhere = lab.put(&lab.request(job, group, placement), i2);
    let tiny = lab.put(&lab.request(small, group, placement), i1);
    let mut bench = Bench::new(lab);
    bench.begin();
    bench.until(10_000);
    assert_eq!(bench.lines("unplaced"), ["0 unplaced logd@i1 RESOURCE:MEMORY"], "no FLR-032 for daemons");
    bench.lose(elsewhere, StopReason::UserInitiated(None));
    bench.until(10_010);
    assert_eq!(bench.lines("unplaced").len(), 1, "another instance changed");
    bench.lose(tiny, StopReason::UserInitiated(None));
    bench.until(10_020);
    assert_eq!(bench.lines("unplaced").last(), Some(&"10010 unplaced logd@i1 RESOURCE:MEMORY"), "more, not enough");
    bench.lose(blocking, StopReason::UserInitiated(None));
    bench.until(10_030);
    assert_eq!(bench.lines("start t").last(), Some(&"10020 start t4@i1"));
}

#[test]
fn flr_033_an_update_tries_every_instance_again() {
    let mut plan = Plan::new();
    plan.instance("i1", "a", room(1_000, 100), &[]);
    let service = daemon(&mut plan, &[]);
    let mut bench = begin(plan);
    bench.until(50);
    bench.fact(Fact::ServiceUpdated { service });
    bench.until(100);
    assert_eq!(bench.lines("unplaced").len(), 2);
}

#[test]
fn svc_033_a_crashed_daemon_is_replaced_later_a_new_instance_gets_its_own_at_once() {
    let mut plan = Plan::new();
    for name in ["i1", "i2", "i3"] {
        plan.instance(name, "a", room(1_000, 1_000), &[]);
    }
    let service = daemon(&mut plan, &[]);
    let mut lab = plan.start_empty();
    lab.apply(Fact::ServiceStatusChanged { service, to: ecsim_cluster::ServiceStatus::Active });
    for name in ["i1", "i2"] {
        lab.apply(Fact::InstanceStatusChanged { instance: lab.instance(name), to: InstanceStatus::Active });
    }
    let mut bench = Bench::new(lab);
    bench.begin();
    bench.until(50);
    bench.take_log();
    bench.lose(TaskId::new(0), StopReason::EssentialContainerExited);
    bench.until(52);
    let instance = bench.lab.instance("i3");
    bench.fact(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
    bench.until(70);
    assert_eq!(bench.lines("start t"), ["52 start t2@i3", "60 start t3@i1"]);
}

#[test]
fn qta_014_daemons_keep_the_launch_rate_too() {
    let mut plan = Plan::new();
    for at in 0..5 {
        plan.instance(&format!("i{at}"), "a", room(1_000, 1_000), &[]);
    }
    daemon(&mut plan, &[]);
    let mut bench = Bench::new(plan.start());
    bench.lab.settings.service_launches_per_minute = 2;
    bench.begin();
    bench.until(200);
    assert_eq!(bench.lines("started"), ["0 event t0+2 started", "60 event t2+2 started", "120 event t4+1 started"]);
}

/// `logd` on six instances at 100 s, every copy healthy, with a second revision.
fn updated(minimum: u32, policy: DeploymentPolicy) -> Bench {
    let mut plan = Plan::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        plan.instance(name, "a", room(1_000, 4_000), &[]);
    }
    let service = daemon(&mut plan, &[]);
    let next = ServiceRevision::plain(plan.task("logd-2", 100, 200));
    let definition = &mut plan.definitions.services[service];
    definition.minimum_healthy_percent = minimum;
    definition.revisions.push(next);
    plan.definitions.deployment_policies.insert(service, vec![policy]);
    let mut bench = begin(plan);
    bench.run_after = Some(Span::from_secs(20));
    let first: Vec<TaskId> = bench.lab.cluster.services()[service].tasks.to_vec();
    for task in first {
        bench.run(task);
    }
    bench.until(99);
    bench.take_log();
    bench.lab.now = secs(100);
    bench.run_after = None;
    let deployment = bench.lab.cluster.services()[service].deployments_started;
    bench.fact(Fact::DeploymentStarted { service, deployment, revision: 1, cause: DeploymentCause::Updated });
    bench.fact(Fact::ServiceUpdated { service });
    bench
}

fn breaker(rollback: bool) -> DeploymentPolicy {
    let threshold = Threshold::BoundedPercent(50);
    let breaker = CircuitBreaker { rollback, reset_on_healthy: true, threshold };
    DeploymentPolicy { breaker: Some(breaker), ..DeploymentPolicy::default() }
}

/// Of each deployment its revision, its live tasks and its rollout.
fn rollouts(bench: &Bench) -> Vec<(u32, u32, RolloutState)> {
    let row = &bench.lab.cluster.services()[ServiceId::new(0)];
    row.deployments.iter().map(|it| (it.revision, it.live, it.rollout)).collect()
}

/// A task of the new revision fails before it runs.
fn fail_a_new_one(bench: &mut Bench) {
    let row = &bench.lab.cluster.services()[ServiceId::new(0)];
    let primary = row.primary().expect("ACTIVE").number;
    let mut tasks = row.tasks.iter().map(|task| bench.lab.cluster.task(*task));
    let task = tasks.find(|task| task.is_live() && task.deployment() == Some(primary)).expect("a new task").id;
    bench.lose(task, StopReason::FailedToStart(StartError::CannotPullContainer));
}

#[test]
fn dep_030_dep_034_and_dep_016_the_breaker_of_a_daemon() {
    // ceil(0.5 * 6) = 3 failures are too many. At 50 % three old tasks stay.
    for rollback in [false, true] {
        let mut bench = updated(50, breaker(rollback));
        bench.until(101);
        assert_eq!(rollouts(&bench), [(0, 3, RolloutState::Completed), (1, 3, RolloutState::InProgress)]);
        for second in 102..=103 {
            fail_a_new_one(&mut bench);
            bench.until(second);
            assert_eq!(rollouts(&bench).last().unwrap().2, RolloutState::InProgress);
        }
        fail_a_new_one(&mut bench);
        bench.run_after = Some(Span::from_secs(20));
        bench.until(104);
        if rollback {
            bench.until(300);
            assert_eq!(rollouts(&bench), [(0, 6, RolloutState::Completed)]);
        } else {
            bench.until(2_000);
            assert_eq!(rollouts(&bench)[0], (0, 3, RolloutState::Completed), "the old ones stay as they are");
            assert_eq!(rollouts(&bench)[1].2, RolloutState::Failed);
            assert_eq!(rollouts(&bench)[1].1, 2, "nothing starts any more");
        }
    }
}

#[test]
fn dep_014_a_daemon_update_at_a_hundred_percent_is_stuck_and_says_so() {
    let mut bench = updated(100, DeploymentPolicy::default());
    bench.until(1_000);
    assert_eq!(rollouts(&bench), [(0, 6, RolloutState::Completed), (1, 0, RolloutState::InProgress)]);
    assert_eq!(bench.lines("DeploymentConfiguration").len(), 1, "{:?}", bench.log);
}

#[test]
fn svc_041_svc_042_a_daemon_that_never_starts_waits_longer_and_longer() {
    let mut plan = Plan::new();
    plan.instance("a", "a", room(1_000, 4_000), &[]);
    daemon(&mut plan, &[]);
    let mut bench = begin(plan);
    for second in 0..900 {
        bench.until(second);
        let row = &bench.lab.cluster.services()[ServiceId::new(0)];
        let live = row.tasks.iter().copied().find(|task| bench.lab.cluster.task(*task).is_live());
        if let Some(task) = live {
            bench.lose(task, StopReason::FailedToStart(StartError::CannotPullContainer));
        }
    }
    let starts: Vec<u64> = bench
        .lines(" start ")
        .iter()
        .map(|line| line.split_once(' ').unwrap().0.parse::<f64>().unwrap() as u64)
        .collect();
    let gaps: Vec<u64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps.iter().filter(|gap| **gap <= 1).count(), 2, "{gaps:?}");
    let waits: Vec<u64> = gaps.iter().copied().filter(|gap| *gap > 1).collect();
    assert_eq!(waits.len(), 4, "{gaps:?}");
    for (wait, expected) in waits.iter().zip([30, 60, 120, 240]) {
        assert!(wait.abs_diff(expected) <= 1, "{gaps:?}");
    }
    assert_eq!(bench.lines("StartsImpaired").len(), 1);
}
