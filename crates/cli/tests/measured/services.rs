//! Services and tasks on EC2, as far as this version has them (MEAS-109, MEAS-112, MEAS-114, MEAS-115, LAT-009 to LAT-011,
//! LAT-013, LAT-018, LAT-030).

use ecsim::cluster::Fact;

use super::kit::{holds, in_parallel, least, median, most, over_seeds, quantile, run};

/// A service that fills its instance, and a second instance that comes a while after a second task is wanted.
const SHORTAGE: &str = "
simulation: {duration: 40m}
containerInstances:
  - {name: full, instanceType: m5.large}
  - {name: late, instanceType: m5.large, joinAt: 15m}
taskDefinitions:
  - {family: big, containerDefinitions: [{name: big, image: big, cpu: 2048, memory: 1000}]}
services: [{serviceName: big, taskDefinition: big, launchType: EC2, desiredCount: 1}]
timeline: [{at: 15m, updateService: {service: big, desiredCount: 2}}]
";

/// From the instant there is capacity to the second task being RUNNING; median over twenty phases.
fn start_after(shortage: f64) -> f64 {
    let waits = in_parallel(20, |phase| {
        let change = 900.0 + phase as f64 * 3.1;
        let free = change + shortage;
        let sets = [
            format!("timeline.0.at={change}s"),
            format!("containerInstances.late.joinAt={free}s"),
            format!("simulation.seed={}", phase + 1),
        ];
        run(SHORTAGE, &sets).starts()[1] - free
    });
    median(waits)
}

#[test]
fn meas_109_meas_052_a_short_shortage_is_over_soon_and_a_long_one_waits_five_minutes() {
    for shortage in [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0] {
        holds(&format!("MEAS-109 start after a shortage of {shortage} s"), start_after(shortage), 0.0, 45.0);
    }
    for shortage in [35.0, 40.0] {
        holds(&format!("MEAS-109 start after a shortage of {shortage} s"), start_after(shortage), 0.0, 45.0);
    }
    holds("MEAS-109 start after a shortage of 60 s", start_after(60.0), 120.0, 360.0);
    holds("MEAS-109 start after a shortage of 90 s", start_after(90.0), 120.0, 360.0);
}

#[test]
fn meas_112_meas_022_a_cached_image_starts_in_seconds() {
    for mode in ["bridge", "host"] {
        let text = format!(
            "
simulation: {{duration: 61m}}
containerInstances: [{{name: i, instanceType: m5.large}}]
taskDefinitions:
  - {{family: job, networkMode: {mode}, containerDefinitions: [{{name: job, image: job, cpu: 100, memory: 100}}]}}
workload: [{{name: job, runTask: {{taskDefinition: job}}, every: {{interval: 1m}}, duration: 20s}}]
"
        );
        let seen = over_seeds(&text, |run| {
            // The first one pulls the image.
            let tasks = run.tasks();
            let waits: Vec<f64> = tasks.iter().skip(1).filter_map(|it| Some(it.running? - it.created)).collect();
            assert!(waits.len() >= 58);
            (median(waits.iter().copied()), quantile(&waits, 0.95))
        });
        holds(&format!("MEAS-112 {mode}, median"), median(seen.iter().map(|it| it.0)), 1.0, 5.0);
        holds(&format!("MEAS-022 {mode}, p95"), median(seen.iter().map(|it| it.1)), 2.0, 8.0);
    }
}

#[test]
fn meas_114_meas_050_a_task_that_exits_at_once_is_replaced_after_a_pause() {
    for (network, code) in [("bridge", 0), ("bridge", 1), ("host", 1)] {
        let text = format!(
            "
simulation: {{duration: 15m}}
containerInstances: [{{name: i, instanceType: m5.large}}]
taskDefinitions:
  - {{family: exits, networkMode: {network}, containerDefinitions: [{{name: exits, image: exits, cpu: 100, memory: 100}}]}}
services: [{{serviceName: exits, taskDefinition: exits, launchType: EC2, desiredCount: 1}}]
behavior: {{taskDefinitions: {{exits: {{crash: {{after: 100ms, exitCode: {code}}}}}}}}}
"
        );
        let gaps = over_seeds(&text, |run| {
            let starts = run.starts();
            assert!(starts.len() > 11, "no throttling in the first ten: {starts:?}");
            let gaps: Vec<f64> = starts.windows(2).take(10).map(|pair| pair[1] - pair[0]).collect();
            (median(gaps.iter().copied()), most(gaps))
        });
        holds(&format!("MEAS-114 gap, exit code {code}"), median(gaps.iter().map(|it| it.0)), 10.0, 30.0);
        holds("MEAS-114 longest of ten gaps", median(gaps.iter().map(|it| it.1)), 10.0, 40.0);
    }
}

#[test]
fn meas_115_meas_053_an_idle_service_says_so_every_six_hours() {
    let text = "
simulation: {duration: 2d}
containerInstances: [{name: i, instanceType: m5.large}]
taskDefinitions: [{family: web, containerDefinitions: [{name: web, image: web, cpu: 100, memory: 100}]}]
services: [{serviceName: web, taskDefinition: web, launchType: EC2, desiredCount: 1}]
";
    let gaps = over_seeds(text, |run| {
        let said: Vec<f64> = run
            .events()
            .into_iter()
            .filter(|(_, text)| text == "(service web) has reached a steady state.")
            .map(|(at, _)| at)
            .collect();
        said.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<f64>>()
    });
    let gaps: Vec<f64> = gaps.into_iter().flatten().collect();
    assert!(gaps.len() >= 20 * 7);
    holds("MEAS-115 shortest gap", least(gaps.iter().copied()), 21_609.0, 21_645.0);
    holds("MEAS-115 longest gap", most(gaps.iter().copied()), 21_609.0, 21_645.0);
    holds("MEAS-053 mean gap", gaps.iter().sum::<f64>() / gaps.len() as f64, 21_622.0, 21_632.0);
}

/// MEAS-024, LAT-009: the network interface of a task on EC2; MEAS-025: creating and starting.
#[test]
fn lat_009_meas_024_meas_025_parts_of_a_start_on_ec2() {
    let text = "
simulation: {duration: 1h}
vpc: {subnets: {s: us-east-1a}}
containerInstances: [{name: i, instanceType: m5.24xlarge, count: 10, availabilityZone: us-east-1a}]
taskDefinitions:
  - family: job
    networkMode: awsvpc
    containerDefinitions: [{name: job, image: job, cpu: 100, memory: 100}]
workload:
  - name: job
    runTask: {taskDefinition: job, networkConfiguration: {awsvpcConfiguration: {subnets: [s]}}}
    every: {interval: 2s}
    duration: 10s
";
    let run = run(text, &[]);
    let tasks = run.tasks();
    let attach: Vec<f64> = tasks.iter().filter_map(|it| Some(it.pull_started? - it.created)).collect();
    let start: Vec<f64> = tasks.iter().filter_map(|it| Some(it.running? - it.pulled?)).collect();
    assert!(attach.len() > 1_500);
    holds("eni_attach, median", median(attach.iter().copied()), 10.5, 11.5);
    holds("eni_attach, p95", quantile(&attach, 0.95), 18.5, 21.5);
    holds("container_start, median", median(start.iter().copied()), 0.92, 1.08);
    holds("container_start, p95", quantile(&start, 0.95), 4.4, 5.6);
    // LAT-011: but for the first on each instance, the image is there.
    let cached: Vec<f64> = tasks.iter().skip(200).filter_map(|it| Some(it.pulled? - it.pull_started?)).collect();
    holds("cached_pull, least", least(cached.iter().copied()), 0.5, 0.51);
    holds("cached_pull, most", most(cached.iter().copied()), 1.99, 2.001);
    holds("cached_pull, median", median(cached), 1.2, 1.3);
}

/// LAT-010: a cold pull on EC2 is a second and the size at 10 MB/s.
#[test]
fn lat_010_a_cold_pull_in_a_run() {
    for (size, expected) in [("413MB", 42.3), ("60MB", 7.0), ("2000MB", 201.0)] {
        let text = format!(
            "
containerInstances: [{{name: i, instanceType: m5.large}}]
taskDefinitions: [{{family: web, containerDefinitions: [{{name: web, image: web, cpu: 100, memory: 100}}]}}]
services: [{{serviceName: web, taskDefinition: web, desiredCount: 1}}]
behavior: {{taskDefinitions: {{web: {{imageSize: {size}}}}}}}
"
        );
        let task = run(&text, &[]).tasks().remove(0);
        let pull = task.pulled.expect("it pulls") - task.pull_started.expect("it pulls");
        assert!((pull - expected).abs() < 0.002, "{size}: {pull} s");
    }
}

/// LAT-013: a drained task has its replacement RUNNING on spare capacity about 13 s later.
#[test]
fn lat_013_from_drain_to_the_replacement_on_spare_capacity() {
    let text = "
simulation: {duration: 20m}
containerInstances: [{name: old, instanceType: m5.large}, {name: spare, instanceType: m5.large, joinAt: 5m}]
taskDefinitions: [{family: web, containerDefinitions: [{name: web, image: web, cpu: 200, memory: 200}]}]
services: [{serviceName: web, taskDefinition: web, desiredCount: 3}]
timeline: [{at: 10m, updateContainerInstancesState: {containerInstances: [old], status: DRAINING}}]
";
    let waits = over_seeds(text, |run| run.starts()[3] - 600.0);
    holds("LAT-013 drain to replacement RUNNING", median(waits), 9.0, 18.0);
}

/// LAT-018, MEAS-066: what has not ended 30 s after its stop signal is killed.
#[test]
fn lat_018_meas_066_thirty_seconds_to_stop() {
    let text = "
simulation: {duration: 20m}
containerInstances: [{name: i, instanceType: m5.large}]
taskDefinitions: [{family: web, containerDefinitions: [{name: web, image: web, cpu: 200, memory: 200}]}]
services: [{serviceName: web, taskDefinition: web, desiredCount: 1}]
behavior: {taskDefinitions: {web: {stop: 5m}}}
timeline: [{at: 10m, updateService: {service: web, desiredCount: 0}}]
";
    let run = run(text, &[]);
    let task = run.tasks().remove(0);
    let asked = task.stop_requested.expect("it stops");
    let killed = run.found(|fact| match *fact {
        Fact::ContainerExited { exit_code, .. } => Some(exit_code),
        _ => None,
    });
    assert_eq!(killed.len(), 1);
    assert_eq!(killed[0].1, 137);
    assert!((killed[0].0 - asked - 30.0).abs() < 0.002, "{} s", killed[0].0 - asked);
}

/// LAT-030: how many `awsvpc` tasks a c5.large takes, without trunking and with it; what counts is what was on when the
/// instance was launched.
#[test]
fn lat_030_trunking_takes_a_c5_large_from_two_tasks_to_ten() {
    let text = |account: &str, instance: &str| {
        format!(
            "
simulation: {{duration: 20m}}
accountSettings: {{awsvpcTrunking: {account}}}
vpc: {{subnets: {{s: us-east-1a}}}}
containerInstances: [{{name: planned, instanceType: c5.large, availabilityZone: us-east-1a{instance}}}]
autoScalingGroups:
  - {{autoScalingGroupName: g, minSize: 1, maxSize: 1, availabilityZones: [us-east-1a], launchTemplate: {{instanceType: c5.large}}}}
taskDefinitions:
  - {{family: web, networkMode: awsvpc, containerDefinitions: [{{name: web, image: web, cpu: 10, memory: 10}}]}}
services:
  - serviceName: web
    taskDefinition: web
    desiredCount: 50
    networkConfiguration: {{awsvpcConfiguration: {{subnets: [s]}}}}
"
        )
    };
    for (account, instance, expected) in [
        ("disabled", "", [2, 2]),
        ("enabled", "", [10, 10]),
        // The planned one was there before somebody opted in.
        ("enabled", ", awsvpcTrunking: false", [2, 10]),
    ] {
        let run = run(&text(account, instance), &[]);
        let running: Vec<usize> = run.cluster().instances().values().map(|row| row.tasks.len()).collect();
        assert_eq!(running, expected, "{account}{instance}");
        assert_eq!(run.starts().len(), expected.iter().sum::<usize>());
    }
}
