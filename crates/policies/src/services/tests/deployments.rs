//! Deployments of a REPLICA service: the worked examples SX-001 to SX-012 and SX-031 to SX-033, and a test or more for each
//! rule.
//!
//! With `T` seconds from a task's start to its health as the examples have it: RUNNING after `T - 40`.

use ecsim_cluster::definitions::ServiceRevision;
use ecsim_cluster::deployments::{CircuitBreaker, DeploymentPolicy, EarlySuccess, Threshold};
use ecsim_cluster::{DeploymentCause, Fact, RolloutState, ServiceId, StopReason, TaskId};
use ecsim_kernel::Span;

use super::{Bench, instances, replica, secs};
use crate::testkit::Plan;

const WEB: ServiceId = ServiceId::new(0);

/// `web` on one instance with room for everything.
fn roomy(desired: u32) -> Plan {
    let mut plan = Plan::new();
    instances(&mut plan, &["A1"], 100_000, 100_000);
    replica(&mut plan, "web", desired);
    plan
}

/// So many tasks of `web` run at its start; it is 100 s now, and what was written down until then is forgotten.
fn settled(mut bench: Bench, tasks: u32) -> Bench {
    for _ in 0..tasks {
        bench.running("web", "A1");
    }
    bench.begin();
    bench.until(99);
    bench.take_log();
    bench.lab.now = secs(100);
    bench
}

/// `web` with four revisions, its tasks healthy for a minute at 100 s; new ones are healthy after `t` seconds.
fn steady(desired: u32, percents: (u32, u32), t: u64, policy: DeploymentPolicy) -> Bench {
    let mut plan = roomy(desired);
    let revisions: Vec<_> =
        ["web-2", "web-3", "web-4"].map(|name| ServiceRevision::plain(plan.task(name, 1, 1))).to_vec();
    let definition = &mut plan.definitions.services[WEB];
    (definition.minimum_healthy_percent, definition.maximum_percent) = percents;
    definition.revisions.extend(revisions);
    plan.definitions.deployment_policies.insert(WEB, vec![policy]);
    let mut bench = Bench::new(plan.start());
    bench.lab.settings.replace_crashed_delay = Span::ZERO;
    bench.run_after = Some(Span::from_secs(t - 40));
    settled(bench, desired)
}

/// `UpdateService` with another task definition.
fn deploy(bench: &mut Bench, revision: u32) {
    let deployment = bench.lab.cluster.services()[WEB].deployments_started;
    let cause = DeploymentCause::Updated;
    bench.fact(Fact::DeploymentStarted { service: WEB, deployment, revision, cause });
    bench.fact(Fact::ServiceUpdated { service: WEB });
}

/// Live tasks of each deployment that is not INACTIVE, the oldest first, then all that are healthy.
fn counts(bench: &Bench) -> (Vec<u32>, usize) {
    let row = &bench.lab.cluster.services()[WEB];
    let ok = row
        .tasks
        .iter()
        .filter(|task| crate::services::health::is_ok(&bench.lab.view(), bench.lab.cluster.task(**task)));
    (row.deployments.iter().map(|deployment| deployment.live).collect(), ok.count())
}

/// Starts and stops written down since the last call.
fn moves(bench: &mut Bench) -> (usize, usize) {
    let counted = (bench.lines(" start ").len(), bench.lines(" stop ").len());
    bench.take_log();
    counted
}

fn breaker(rollback: bool, reset_on_healthy: bool) -> DeploymentPolicy {
    let breaker = CircuitBreaker { rollback, reset_on_healthy, threshold: Threshold::BoundedPercent(50) };
    DeploymentPolicy { breaker: Some(breaker), ..DeploymentPolicy::default() }
}

#[test]
fn svc_003_and_sx_001_what_may_start_and_stop_first() {
    for (desired, minimum, maximum, starts, stops) in [
        (3, 50, 150, 1, 1),
        (7, 66, 134, 2, 2),
        (1, 100, 200, 1, 0),
        (5, 90, 110, 0, 0),
        (12, 33, 133, 3, 8),
        (4, 50, 100, 0, 2),
        (2, 75, 100, 0, 0),
        (4, 100, 200, 4, 0),
        (3, 100, 125, 0, 0),
    ] {
        let mut bench = steady(desired, (minimum, maximum), 70, DeploymentPolicy::default());
        deploy(&mut bench, 1);
        bench.until(101);
        let what = format!("{desired} {minimum} {maximum}: {:?}", bench.log);
        let first_stop = bench.log.iter().position(|line| line.contains(" stop ")).unwrap_or(bench.log.len());
        let before = bench.log[..first_stop].iter().filter(|line| line.contains(" start ")).count();
        assert_eq!((before, bench.lines(" stop ").len()), (starts, stops), "{what}");
        // DEP-014: where nothing can happen, it says so, once.
        bench.until(200);
        let stuck = bench.lines("DeploymentConfiguration").len();
        assert_eq!(stuck, usize::from(starts + stops == 0), "{what}");
    }
}

#[test]
fn dep_011_dep_012_and_sx_002_six_tasks_with_75_and_125() {
    let mut bench = steady(6, (75, 125), 70, DeploymentPolicy::default());
    deploy(&mut bench, 1);
    for (at, started_stopped, old_new, ok) in
        [(100, (2, 1), vec![5, 2], 5), (170, (2, 2), vec![3, 4], 5), (240, (2, 2), vec![1, 6], 5)]
    {
        bench.until(at);
        assert_eq!((counts(&bench), moves(&mut bench)), ((old_new, ok), started_stopped), "at {at}");
    }
    bench.until(310);
    assert_eq!(bench.take_log(), ["310 stop t0@A1 Deployment"]);
    assert_eq!(bench.said_stopped, [(100, 5, 1), (170, 3, 2), (240, 1, 2), (310, 0, 1)]);
    assert_eq!(counts(&bench), (vec![0, 6], 6));
    bench.until(320);
    assert_eq!(
        bench.take_log(),
        ["311 deployment 0 INACTIVE COMPLETED", "311 deployment 1 PRIMARY COMPLETED", "311 event SteadyState"],
        "DEP-003: when the last old task has STOPPED",
    );
}

#[test]
fn dep_003_and_sx_003_completed_when_the_last_old_task_has_stopped() {
    let mut bench = steady(10, (100, 150), 60, DeploymentPolicy::default());
    bench.stop_after = Span::from_secs(32);
    deploy(&mut bench, 1);
    bench.until(100);
    assert_eq!(moves(&mut bench), (5, 0));
    bench.until(160);
    assert_eq!(moves(&mut bench), (5, 5));
    bench.until(220);
    assert_eq!(moves(&mut bench), (0, 5));
    bench.until(300);
    assert_eq!(bench.lines("1 PRIMARY COMPLETED"), ["252 deployment 1 PRIMARY COMPLETED"]);
}

#[test]
fn dep_012_and_sx_004_rounding_on_both_sides() {
    let mut bench = steady(3, (66, 134), 70, DeploymentPolicy::default());
    deploy(&mut bench, 1);
    bench.until(100);
    assert_eq!((moves(&mut bench), counts(&bench)), ((2, 1), (vec![2, 2], 2)));
    bench.until(170);
    assert_eq!((moves(&mut bench), counts(&bench)), ((1, 2), (vec![0, 3], 2)));
    bench.until(240);
    assert_eq!(counts(&bench), (vec![3], 3));
}

#[test]
fn svc_023_dep_011_and_sx_033_a_lost_old_task_is_replaced_by_its_own_revision() {
    let mut bench = steady(4, (100, 150), 60, DeploymentPolicy::default());
    deploy(&mut bench, 1);
    bench.until(130);
    assert_eq!(moves(&mut bench), (2, 0));
    bench.lose(TaskId::new(0), StopReason::EssentialContainerExited);
    bench.until(131);
    assert_eq!((moves(&mut bench), counts(&bench)), ((1, 0), (vec![4, 2], 3)), "one old, of its own revision");
    bench.until(160);
    assert_eq!((moves(&mut bench), counts(&bench)), ((2, 2), (vec![2, 4], 4)));
    bench.until(220);
    assert_eq!((moves(&mut bench), counts(&bench)), ((0, 2), (vec![0, 4], 4)));
    // Before November 2025 everything new used the PRIMARY revision.
    let mut before = steady(4, (100, 150), 60, DeploymentPolicy::default());
    before.lab.settings.deployments.own_revision_replacement = false;
    deploy(&mut before, 1);
    before.until(130);
    before.lose(TaskId::new(0), StopReason::EssentialContainerExited);
    before.until(131);
    assert_eq!(counts(&before).0, [3, 3]);
}

#[test]
fn svc_023_more_tasks_in_mid_update_are_of_both_revisions() {
    let mut bench = steady(4, (100, 150), 60, DeploymentPolicy::default());
    deploy(&mut bench, 1);
    bench.until(110);
    bench.scale("web", 6);
    bench.until(111);
    assert_eq!(counts(&bench).0, [6, 3], "floor(6 * 1.5) = 9: two more old ones, one more new one");
}

#[test]
fn dep_001_a_second_deployment_in_the_middle_of_one() {
    let mut bench = steady(4, (100, 200), 60, DeploymentPolicy::default());
    deploy(&mut bench, 1);
    bench.until(110);
    deploy(&mut bench, 2);
    bench.until(111);
    let row = &bench.lab.cluster.services()[WEB];
    let statuses: Vec<_> = row.deployments.iter().map(|it| (it.status.name(), it.live)).collect();
    assert_eq!(statuses, [("ACTIVE", 4), ("ACTIVE", 0), ("PRIMARY", 4)], "the newest old one is given up first");
    bench.until(400);
    let row = &bench.lab.cluster.services()[WEB];
    assert_eq!((row.deployments.len(), row.deployments[0].number, row.live), (1, 2, 4));
    assert_eq!(row.deployments[0].rollout, RolloutState::Completed);
}

#[test]
fn dep_013_without_eager_stop_old_tasks_wait_for_new_ones() {
    let mut bench = steady(4, (50, 200), 60, DeploymentPolicy::default());
    bench.lab.settings.deployments.eager_stop = false;
    deploy(&mut bench, 1);
    bench.until(101);
    assert_eq!(counts(&bench).0, [4, 4]);
    bench.until(160);
    assert_eq!(counts(&bench).0, [0, 4]);
}

#[test]
fn tsk_007_stopping_tasks_fill_the_maximum_only_where_they_are_told_to() {
    for (counted, starts) in [(false, 2), (true, 0)] {
        let mut bench = steady(4, (50, 100), 60, DeploymentPolicy::default());
        bench.lab.settings.deployments.count_stopping_in_max = counted;
        bench.stop_after = Span::from_secs(30);
        deploy(&mut bench, 1);
        bench.until(110);
        assert_eq!(moves(&mut bench), (starts, 2));
    }
}

#[test]
fn dep_004_the_first_task_of_a_revision_resolves_its_digests() {
    let mut bench = steady(4, (100, 200), 60, DeploymentPolicy::default());
    bench.lab.settings.deployments.first_task_digest_gate = true;
    deploy(&mut bench, 1);
    bench.until(110);
    assert_eq!(counts(&bench).0, [4, 1]);
    bench.fact(Fact::ImagePullStarted { task: TaskId::new(4) });
    bench.fact(Fact::ServiceUpdated { service: WEB });
    bench.until(111);
    assert_eq!(counts(&bench).0, [4, 4]);
}

#[test]
fn dep_030_dep_031_and_sx_006_thresholds() {
    use Threshold::{BoundedPercent, Count, UnboundedPercent};
    for (desired, threshold, expected) in [
        (1, BoundedPercent(50), 3),
        (5, BoundedPercent(50), 3),
        (10, BoundedPercent(50), 5),
        (25, BoundedPercent(50), 13),
        (101, BoundedPercent(50), 51),
        (400, BoundedPercent(50), 200),
        (800, BoundedPercent(50), 200),
        (800, UnboundedPercent(50), 400),
        (401, UnboundedPercent(50), 201),
        (101, BoundedPercent(20), 21),
        (5_000, Count(4), 4),
    ] {
        assert_eq!(threshold.of(desired, 3), expected, "{desired} {threshold:?}");
    }
    assert_eq!(BoundedPercent(50).of(1, 10), 10, "before January 2024");
}

/// The newest task fails before RUNNING.
fn fail_newest(bench: &mut Bench) {
    let task = *bench.lab.cluster.services()[WEB]
        .tasks
        .iter()
        .rfind(|task| !bench.lab.cluster.task(**task).is_running() && bench.lab.cluster.task(**task).is_live())
        .expect("one that starts");
    bench.lose(task, StopReason::FailedToStart(ecsim_cluster::reasons::StartError::CannotPullContainer));
}

fn rollout(bench: &Bench) -> (u32, RolloutState) {
    let primary = bench.lab.cluster.services()[WEB].primary().unwrap();
    (primary.revision, primary.rollout)
}

#[test]
fn dep_032_dep_033_dep_034_and_sx_007_the_count_of_the_breaker() {
    // F, F, H, F, F, F: with a reset the sixth event is one too many, without the fourth.
    for (resets, fails_at) in [(true, 6), (false, 4)] {
        let mut bench = steady(4, (100, 125), 60, breaker(false, resets));
        bench.lab.settings.deployments.throttle_free_failures = 100;
        deploy(&mut bench, 1);
        let mut now = 100;
        for (number, event) in ["F", "F", "H", "F", "F", "F"].iter().enumerate() {
            now += 1;
            bench.until(now);
            if *event == "H" {
                now += 60;
            } else {
                fail_newest(&mut bench);
            }
            bench.until(now + 1);
            now += 1;
            let failed = rollout(&bench).1 == RolloutState::Failed;
            assert_eq!(failed, number + 1 >= fails_at, "event {} with reset {resets}", number + 1);
            if failed {
                break;
            }
        }
        bench.take_log();
        bench.until(now + 1_000);
        assert_eq!(bench.lines(" start "), [""; 0], "no task of a failed revision starts any more");
        assert_eq!(
            counts(&bench).0[0] + counts(&bench).0[1],
            5 - u32::from(counts(&bench).0[1] == 1),
            "the rest stays as it is"
        );
    }
}

#[test]
fn dep_034_dep_035_and_sx_008_the_target_of_a_rollback_is_used_up() {
    let mut bench = steady(4, (100, 125), 60, breaker(true, true));
    deploy(&mut bench, 1);
    for second in 0..3 {
        bench.until(101 + second);
        fail_newest(&mut bench);
    }
    bench.until(105);
    assert_eq!(rollout(&bench), (0, RolloutState::Completed), "revision 0 again, its four tasks count");
    assert_eq!(counts(&bench).0.last(), Some(&4));
    assert_eq!(bench.lab.cluster.services()[WEB].primary().unwrap().cause, DeploymentCause::RolledBack);
    // Before it completes the next one comes, and fails too.
    let mut again = steady(4, (100, 125), 60, breaker(true, true));
    again.stop_after = Span::from_secs(600);
    deploy(&mut again, 1);
    for second in 0..3 {
        again.until(101 + second);
        fail_newest(&mut again);
    }
    again.until(105);
    assert_eq!(rollout(&again), (0, RolloutState::InProgress));
    deploy(&mut again, 2);
    for second in 0..3 {
        again.until(106 + second);
        fail_newest(&mut again);
    }
    again.until(300);
    assert_eq!(rollout(&again), (2, RolloutState::Failed), "nothing to go back to");
    again.take_log();
    again.until(2_000);
    assert_eq!(again.lines(" start "), [""; 0]);
}

#[test]
fn dep_036_crashes_before_the_first_health_count_too() {
    for (counted, state) in [(true, RolloutState::Failed), (false, RolloutState::InProgress)] {
        let mut bench = steady(4, (100, 125), 60, breaker(false, true));
        bench.lab.settings.deployments.breaker_counts_crashes = counted;
        deploy(&mut bench, 1);
        for number in 0..3 {
            bench.until(100 + 25 * (number + 1));
            let newest = *bench.lab.cluster.services()[WEB].tasks.last().unwrap();
            assert!(bench.lab.cluster.task(newest).is_running());
            bench.lose(newest, StopReason::EssentialContainerExited);
        }
        bench.until(180);
        assert_eq!(rollout(&bench).1, state);
    }
}

#[test]
fn dep_037_after_completion_failures_trip_nothing() {
    let mut bench = steady(4, (100, 200), 60, breaker(true, true));
    deploy(&mut bench, 1);
    bench.until(200);
    assert_eq!(rollout(&bench).1, RolloutState::Completed);
    bench.run_after = None;
    bench.scale("web", 5);
    for second in 0..5 {
        bench.until(201 + second);
        fail_newest(&mut bench);
        bench.lab.settings.deployments.throttle_free_failures = 100;
    }
    bench.until(300);
    assert_eq!(rollout(&bench), (1, RolloutState::Completed));
}

#[test]
fn dep_050_dep_051_and_sx_012_early_success() {
    for (desired, percent, needs) in [(1, 50, 1), (3, 50, 2), (10, 80, 8), (100, 90, 90), (10, 100, 10), (7, 60, 5)] {
        assert_eq!(EarlySuccess { percent, deferred: false }.needs(desired), needs);
    }
    let early = EarlySuccess { percent: 60, deferred: true };
    let policy = DeploymentPolicy { early_success: Some(early), ..DeploymentPolicy::default() };
    let mut bench = steady(7, (50, 200), 60, policy);
    deploy(&mut bench, 1);
    bench.until(160);
    assert_eq!(bench.lines("1 PRIMARY"), ["160 deployment 1 PRIMARY COMPLETED"], "old ones are still STOPPING");
}

#[test]
fn svc_030_svc_032_svc_041_and_sx_031_a_service_that_never_starts() {
    let mut plan = Plan::new();
    instances(&mut plan, &["A1"], 1_000, 1_000);
    replica(&mut plan, "web", 1);
    let mut bench = Bench::new(plan.start());
    bench.run_after = None;
    bench.begin();
    let (mut attempts, mut said) = (Vec::new(), Vec::new());
    for second in 0..6_000 {
        bench.until(second);
        if let Some(line) = bench.lines(" start ").first() {
            attempts.push(line.split_once(' ').unwrap().0.parse::<u64>().unwrap());
        }
        said.extend(bench.lines("StartsImpaired").into_iter().map(str::to_owned));
        bench.take_log();
        let due: Vec<TaskId> = bench.lab.cluster.services()[WEB].tasks.clone();
        for task in due {
            let row = bench.lab.cluster.task(task);
            if row.is_live() && bench.lab.now.since(row.created_at) >= Span::from_secs(20) {
                let error = ecsim_cluster::reasons::StartError::CannotPullContainer;
                bench.lab.now = row.created_at + Span::from_secs(20);
                bench.lose(task, StopReason::FailedToStart(error));
            }
        }
    }
    assert_eq!(attempts, [0, 20, 40, 90, 170, 310, 570, 1070, 2050, 3690, 5330]);
    assert_eq!(said, ["60 event StartsImpaired"]);
}

/// A deployment with stages of that strategy: when it gets which share, and when its old tasks stop, in seconds after the
/// first shift.
fn shifts(policy: DeploymentPolicy) -> (Vec<(u64, u32)>, u64) {
    let mut bench = steady(2, (100, 200), 60, policy);
    deploy(&mut bench, 1);
    bench.until(20_000);
    let at = |line: &str| line.split_once(' ').unwrap().0.parse::<u64>().unwrap();
    let gets: Vec<(u64, u32)> = bench
        .lines("deployment 1 gets")
        .into_iter()
        .map(|line| (at(line), line.rsplit_once(' ').unwrap().1.parse::<u32>().unwrap() / 10_000))
        .collect();
    let first = gets[0].0;
    assert_eq!(first, 160, "when both are healthy");
    let stop = bench.lines(" stop ")[0];
    (gets.into_iter().map(|(at, share)| (at - first, share)).collect(), at(stop) - first)
}

#[test]
fn dep_061_dep_062_dep_063_dep_064_and_sx_010_traffic_moves_in_steps() {
    use ecsim_cluster::deployments::DeploymentStrategy::{BlueGreen, Canary, Linear};
    let mins = Span::from_mins;
    let policy = |strategy, bake| DeploymentPolicy { strategy, bake: Some(mins(bake)), ..DeploymentPolicy::default() };
    let (gets, stop) = shifts(policy(Linear { step: 100_000, bake: mins(6) }, 15));
    assert_eq!(gets, (1..=10).map(|step| (u64::from(step - 1) * 360, step * 10)).collect::<Vec<_>>());
    assert_eq!(stop, 69 * 60);
    let (gets, stop) = shifts(policy(Linear { step: 300_000, bake: mins(5) }, 10));
    assert_eq!((gets, stop), (vec![(0, 30), (300, 60), (600, 90), (900, 100)], 25 * 60));
    let (gets, stop) = shifts(policy(Linear { step: 30_000, bake: mins(2) }, 0));
    assert_eq!((gets.len(), gets.last(), stop), (34, Some(&(66 * 60, 100)), 66 * 60));
    let (gets, stop) = shifts(policy(Canary { share: 50_000, bake: mins(10) }, 5));
    assert_eq!((gets, stop), (vec![(0, 5), (600, 100)], 15 * 60));
    let (gets, stop) = shifts(policy(BlueGreen, 5));
    assert_eq!((gets, stop), (vec![(0, 100)], 300));
    // CodeDeploy, 10 % every 3 minutes: the first step at once.
    let (gets, _) = shifts(policy(Linear { step: 100_000, bake: mins(3) }, 60));
    assert_eq!(gets.last(), Some(&(27 * 60, 100)));
}

#[test]
fn dep_060_dep_061_a_second_deployment_reconciles_first() {
    use ecsim_cluster::deployments::DeploymentStrategy::{BlueGreen, Canary};
    let mins = Span::from_mins;
    // At 200 s green has all traffic and bakes: blue goes. At 200 s of a canary blue still has most of it: green goes.
    for (strategy, survivor) in [(BlueGreen, 1), (Canary { share: 50_000, bake: mins(10) }, 0)] {
        let policy = DeploymentPolicy { strategy, bake: Some(mins(5)), ..DeploymentPolicy::default() };
        let mut bench = steady(4, (100, 200), 60, policy);
        deploy(&mut bench, 1);
        bench.until(200);
        assert_eq!(counts(&bench).0, [4, 4]);
        bench.take_log();
        bench.lab.now = secs(200);
        deploy(&mut bench, 2);
        bench.until(205);
        let row = &bench.lab.cluster.services()[WEB];
        let left: Vec<(u32, u32)> = row.deployments.iter().map(|it| (it.revision, it.live)).collect();
        assert_eq!(left, [(survivor, 4), (2, 4)], "never more than twice the desired count");
        assert_eq!(row.deployments[0].traffic, 1_000_000, "who stays has all of the traffic");
        let stages = bench.lines("2 RECONCILE_SERVICE").len();
        assert_eq!((stages, bench.lines(" stop ").len()), (1, 4), "{:?}", bench.log);
        // The new tasks begin only when the others have gone.
        let first = |what: &str| bench.log.iter().position(|line| line.contains(what)).unwrap();
        let last_stop = bench.log.iter().rposition(|line| line.contains(" stop ")).unwrap();
        assert!(last_stop < first("2 PRE_SCALE_UP") && first("2 PRE_SCALE_UP") < first(" start "), "{:?}", bench.log);
        bench.until(5_000);
        assert_eq!((rollout(&bench), counts(&bench).0), ((2, RolloutState::Completed), vec![4]));
    }
}

#[test]
fn dep_072_a_scaling_may_last_five_minutes_while_codedeploy_shifts() {
    use ecsim_cluster::deployments::{DeploymentController, DeploymentStrategy};
    // New tasks are healthy after 60 s, or never again: the shift takes 27 minutes from 160 s on.
    for (come_up, ends_in) in [(true, (1, RolloutState::Completed)), (false, (0, RolloutState::InProgress))] {
        let policy = DeploymentPolicy {
            controller: DeploymentController::CodeDeploy { termination_wait: Span::from_mins(60) },
            strategy: DeploymentStrategy::Linear { step: 100_000, bake: Span::from_mins(3) },
            ..DeploymentPolicy::default()
        };
        let mut bench = steady(4, (100, 200), 60, policy);
        deploy(&mut bench, 1);
        bench.until(400);
        assert_eq!(rollout(&bench), (1, RolloutState::InProgress));
        if !come_up {
            bench.run_after = None;
        }
        bench.lab.now = secs(400);
        bench.scale("web", 6);
        bench.until(699);
        assert_eq!(rollout(&bench), (1, RolloutState::InProgress), "it goes on");
        assert!(bench.lab.cluster.services()[WEB].primary().unwrap().traffic >= 200_000);
        bench.until(701);
        // The old revision comes back, and wants six tasks as well.
        let revision = u32::from(come_up);
        assert_eq!(rollout(&bench), (revision, RolloutState::InProgress));
        bench.until(10_000);
        assert_eq!(rollout(&bench), ends_in);
    }
}

#[test]
fn dep_068_dep_069_a_stage_that_takes_a_day_takes_the_traffic_back() {
    let policy = DeploymentPolicy {
        strategy: ecsim_cluster::deployments::DeploymentStrategy::BlueGreen,
        ..DeploymentPolicy::default()
    };
    let mut bench = steady(2, (100, 200), 60, policy);
    bench.run_after = None;
    deploy(&mut bench, 1);
    bench.until(86_000);
    assert_eq!(counts(&bench).0, [2, 2], "the new tasks never run");
    bench.until(87_000);
    assert_eq!((rollout(&bench), counts(&bench).0), ((0, RolloutState::Completed), vec![2]));
    assert_eq!(bench.lab.cluster.services()[WEB].primary().unwrap().traffic, 1_000_000);
}

/// `web` with revision 1 coming, watched by alarms A (60 s, 3 periods) and B (300 s, 1 period).
fn watched(rollback: bool, in_alarm_before: bool) -> Bench {
    use ecsim_cluster::cloudwatch::{
        AlarmDefinition, Comparison, MissingData, SeriesDefinition, SeriesSource, Statistic,
    };
    let mut plan = roomy(2);
    let next = ServiceRevision::plain(plan.task("web-2", 1, 1));
    plan.definitions.services[WEB].revisions.push(next);
    let metric = plan.metric("errors");
    let mut alarms = Vec::new();
    for (name, period, evaluation_periods) in [("A", 60, 3), ("B", 300, 1)] {
        let series = plan.definitions.series.push(SeriesDefinition {
            source: SeriesSource::Custom(metric),
            statistic: Statistic::Average,
            period: Span::from_secs(period),
        });
        alarms.push(plan.definitions.alarms.push(AlarmDefinition {
            name: name.into(),
            series,
            comparison: Comparison::Greater,
            threshold: 0,
            evaluation_periods,
            datapoints_to_alarm: evaluation_periods,
            missing: MissingData::Missing,
            exists_at_start: true,
        }));
    }
    let alarms = Some(ecsim_cluster::deployments::DeploymentAlarms { alarms, rollback });
    plan.definitions.deployment_policies.insert(WEB, vec![DeploymentPolicy { alarms, ..DeploymentPolicy::default() }]);
    let mut bench = Bench::new(plan.start());
    bench.run_after = Some(Span::from_secs(20));
    bench = settled(bench, 2);
    if in_alarm_before {
        alarm(&mut bench, true);
    }
    deploy(&mut bench, 1);
    bench
}

fn alarm(bench: &mut Bench, on: bool) {
    use ecsim_cluster::cloudwatch::AlarmState;
    let to = if on { AlarmState::Alarm } else { AlarmState::Ok };
    bench.fact(Fact::AlarmStateChanged { alarm: ecsim_cluster::AlarmId::new(1), to });
}

#[test]
fn dep_045_dep_046_and_sx_009_a_deployment_with_alarms_bakes() {
    let mut bench = watched(true, false);
    bench.stop_after = Span::from_secs(92);
    bench.until(1_000);
    // Healthy after 60 s, the old ones gone 92 s later, then max(3 * 60, 300) s.
    assert_eq!(bench.lines("1 BAKE_TIME"), ["252 deployment 1 BAKE_TIME"]);
    assert_eq!(bench.lines("1 PRIMARY"), ["552 deployment 1 PRIMARY COMPLETED"]);
}

#[test]
fn dep_040_dep_042_an_alarm_fails_the_deployment_when_it_is_looked_at() {
    let mut bench = watched(true, false);
    bench.until(125);
    alarm(&mut bench, true);
    bench.until(129);
    assert_eq!(rollout(&bench), (1, RolloutState::InProgress), "it looks every 30 s");
    bench.until(135);
    assert_eq!(rollout(&bench).0, 0, "revision 0 again");
    let mut late = watched(false, false);
    late.until(300);
    alarm(&mut late, true);
    late.until(331);
    assert_eq!(rollout(&late), (1, RolloutState::Failed), "in bake time too, and no rollback was asked for");
}

#[test]
fn dep_041_an_alarm_from_before_has_no_say_and_a_short_one_is_missed() {
    let mut bench = watched(true, true);
    bench.until(1_000);
    assert_eq!(rollout(&bench), (1, RolloutState::Completed));
    let mut short = watched(true, false);
    short.until(111);
    alarm(&mut short, true);
    short.until(128);
    alarm(&mut short, false);
    short.until(1_000);
    assert_eq!(rollout(&short), (1, RolloutState::Completed));
}

#[test]
fn dep_015_without_room_old_tasks_go_where_the_floor_allows_it() {
    for (minimum, placed) in [(100, 0), (50, 2)] {
        let mut plan = Plan::new();
        instances(&mut plan, &["A1"], 4, 4);
        let placement = plan.service_default(&[]);
        super::replica_with(&mut plan, "web", 4, placement, (1, 1));
        let next = ServiceRevision::plain(plan.task("web-2", 1, 1));
        let definition = &mut plan.definitions.services[WEB];
        definition.revisions.push(next);
        definition.minimum_healthy_percent = minimum;
        let mut bench = settled(Bench::new(plan.start()), 4);
        deploy(&mut bench, 1);
        bench.until(105);
        assert_eq!(bench.lines(" start ").len(), placed, "{:?}", bench.log);
        assert!(!bench.lines("unplaced").is_empty(), "it tries before it makes room");
    }
}

#[test]
fn dep_061_dep_065_a_network_load_balancer_takes_ten_minutes_more_and_twice_with_a_test_listener() {
    for (test_listener, test_shift) in [(true, 600), (false, 0)] {
        shift_behind_a_network_load_balancer(test_listener, test_shift);
    }
}

fn shift_behind_a_network_load_balancer(test_listener: bool, test_shift: u64) {
    use ecsim_cluster::targets::{BalancerKind, TargetGroupDefinition};
    let mut plan = roomy(2);
    let group = plan
        .definitions
        .target_groups
        .push(TargetGroupDefinition { balancer: BalancerKind::Network, ..TargetGroupDefinition::application("web") });
    let mut next = ServiceRevision::plain(plan.task("web-2", 1, 1));
    next.target_groups.push(group);
    next.routing.test_listener = test_listener;
    plan.definitions.services[WEB].revisions.push(next);
    let policy = DeploymentPolicy {
        strategy: ecsim_cluster::deployments::DeploymentStrategy::BlueGreen,
        bake: Some(Span::from_mins(5)),
        ..DeploymentPolicy::default()
    };
    plan.definitions.deployment_policies.insert(WEB, vec![policy]);
    let mut bench = Bench::new(plan.start());
    bench.run_after = Some(Span::from_secs(20));
    bench = settled(bench, 2);
    deploy(&mut bench, 1);
    bench.until(5_000);
    // Whether a task is healthy behind a load balancer is not this test's business: the stages are.
    let at = |stage: &str| {
        let line = bench.lines(stage)[0].split_once(' ').unwrap().0;
        line.parse::<f64>().unwrap() as u64
    };
    assert_eq!(at("1 POST_TEST_TRAFFIC_SHIFT") - at("1 TEST_TRAFFIC_SHIFT"), test_shift);
    assert_eq!(at("1 POST_PRODUCTION_TRAFFIC_SHIFT") - at("1 PRODUCTION_TRAFFIC_SHIFT"), 600);
    assert_eq!(at("1 CLEAN_UP") - at("1 PRODUCTION_TRAFFIC_SHIFT"), 900);
}

#[test]
fn dep_080_and_sx_011_shares_of_task_sets_are_rounded_up() {
    for (desired, percent, expected) in [(5, 30, 2), (10, 25, 3), (7, 50, 4), (5, 50, 3)] {
        let mut bench = steady(desired, (100, 200), 60, DeploymentPolicy::default());
        deploy(&mut bench, 1);
        bench.fact(Fact::TaskSetScaled { service: WEB, deployment: 1, scale: percent * 10_000, deleted: false });
        let row = &bench.lab.cluster.services()[WEB];
        assert_eq!(row.primary().unwrap().computed_desired_count(desired), Some(expected));
        assert_eq!((row.wanted(), row.is_deploying()), (expected, false), "DEP-082");
    }
}
