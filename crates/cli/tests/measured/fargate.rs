//! Fargate: how fast tasks are launched (MEAS-101 to MEAS-103) and how long one takes to start (MEAS-111, LAT-007, LAT-012).

use std::collections::BTreeMap;

use ecsim::cluster::Fact;
use ecsim::cluster::fact::HeldBack;

use super::kit::{Life, Run, holds, in_parallel, least, median, most, over_seeds, quantile, run};

/// Services of 1 vCPU and 2 GiB on Fargate that all want their tasks from the start.
fn services(profile: &str, duration: &str, desired: &[u32]) -> String {
    let mut text = format!(
        "
simulation: {{duration: {duration}}}
settings: {{profile: {profile}}}
taskDefinitions:
  - family: web
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: 1024
    memory: 2048
    containerDefinitions: [{{name: web, image: web}}]
services:
"
    );
    for (at, desired) in desired.iter().enumerate() {
        text.push_str(&format!(
            "  - {{serviceName: s{at}, taskDefinition: web, launchType: FARGATE, desiredCount: {desired}}}\n"
        ));
    }
    text
}

/// How many of these ascending times are not later.
fn until(times: &[f64], second: f64) -> f64 {
    times.partition_point(|time| *time <= second) as f64
}

/// The straight line through R(t), a point a minute: slope a minute, and the largest distance from it.
fn line(starts: &[f64], minutes: u32) -> (f64, f64) {
    let points: Vec<(f64, f64)> =
        (0..=minutes).map(|minute| (f64::from(minute), until(starts, f64::from(minute) * 60.0))).collect();
    let count = points.len() as f64;
    let (mean_x, mean_y) =
        (points.iter().map(|(x, _)| x).sum::<f64>() / count, points.iter().map(|(_, y)| y).sum::<f64>() / count);
    let above: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let below: f64 = points.iter().map(|(x, _)| (x - mean_x) * (x - mean_x)).sum();
    let slope = above / below;
    (slope, most(points.iter().map(|(x, y)| (y - mean_y - slope * (x - mean_x)).abs())))
}

/// The most starts in any five minutes, each.
fn steepest_minute(starts: &[f64], minutes: u32) -> f64 {
    let windows = (0..(minutes - 5) * 12).map(|step| f64::from(step) * 5.0);
    most(windows.map(|from| until(starts, from + 300.0) - until(starts, from))) / 5.0
}

#[test]
fn meas_101_four_services_share_the_bucket_of_2020() {
    let text = services("e2020", "57m", &[1_000, 1_000, 1_000, 500]);
    let seen = over_seeds(&text, |run| {
        let starts = run.starts();
        let (slope, residual) = line(&starts, 56);
        (slope, residual, until(&starts, 56.0 * 60.0), steepest_minute(&starts, 56))
    });
    holds("MEAS-101 slope a minute", median(seen.iter().map(|it| it.0)), 50.0, 60.5);
    holds("MEAS-101 residual of the line", median(seen.iter().map(|it| it.1)), 0.0, 75.0);
    holds("MEAS-101 R(56)", median(seen.iter().map(|it| it.2)), 2_750.0, 3_390.0);
    holds("MEAS-101 steepest five minutes, a minute", median(seen.iter().map(|it| it.3)), 0.0, 63.0);
    // What was seen, minute by minute.
    let text = services("e2020", "57m", &[1_000, 1_000, 1_000, 500]);
    let seen = over_seeds(&text, |run| [10.0, 20.0, 30.0, 40.0, 50.0].map(|at| until(&run.starts(), at * 60.0)));
    for (at, observed) in [558.0, 1_130.0, 1_691.0, 2_231.0, 2_795.0].into_iter().enumerate() {
        let value = median(seen.iter().map(|it| it[at]));
        holds(&format!("MEAS-101 R({})", (at + 1) * 10), value, observed * 0.93, observed * 1.07);
    }
}

#[test]
fn meas_101_meas_005_the_bucket_binds_however_the_demand_is_split() {
    for (name, desired) in [("three", &[1_000, 1_000, 1_000][..]), ("seven", &[500; 7]), ("ten", &[300; 10])] {
        let text = services("e2020", "41m", desired);
        let slopes = over_seeds(&text, |run| line(&run.starts(), 40).0);
        holds(&format!("{name} services in e2020, slope a minute"), median(slopes), 50.0, 60.5);
    }
}

/// The tokens that a bucket still has after each of these ascending launches.
fn left_in_bucket(launches: &[f64], burst: f64, refill_per_s: f64) -> Vec<f64> {
    let (mut tokens, mut last) = (burst, 0.0);
    let mut left = Vec::new();
    for at in launches {
        tokens = (tokens + (at - last) * refill_per_s).min(burst) - 1.0;
        last = *at;
        left.push(tokens);
    }
    left
}

fn created(tasks: &[Life]) -> Vec<f64> {
    tasks.iter().map(|task| task.created).collect()
}

#[test]
fn meas_102_meas_004_one_service_of_2020_is_held_by_its_scheduler() {
    let text = services("e2020", "40m", &[1_000]);
    let seen = over_seeds(&text, |run| {
        let tasks = run.tasks();
        let starts = run.starts();
        let minutes: Vec<f64> = (2..38)
            .map(|minute| until(&starts, f64::from(minute + 1) * 60.0) - until(&starts, f64::from(minute) * 60.0))
            .collect();
        let launches = created(&tasks);
        let left = left_in_bucket(&launches, 10.0, 0.93);
        let late = launches.iter().zip(&left).filter(|(at, _)| **at > 120.0).map(|(_, left)| *left);
        (line(&starts, 39).0, least(minutes.iter().copied()), most(minutes.iter().copied()), least(late))
    });
    holds("MEAS-102 slope a minute", median(seen.iter().map(|it| it.0)), 18.0, 28.0);
    holds("MEAS-102 least starts in a minute", median(seen.iter().map(|it| it.1)), 18.0, 28.0);
    holds("MEAS-102 most starts in a minute", median(seen.iter().map(|it| it.2)), 18.0, 28.0);
    // "Never empty": every launch after minute 2 found a token and left one.
    holds("MEAS-102 fewest tokens left", least(seen.iter().map(|it| it.3)), 1.0, 10.0);
}

/// The pace of 2020 is that of Fargate: on instances a service started far more.
#[test]
fn meas_004_qta_014_the_pace_of_2020_is_that_of_fargate() {
    let text = "
simulation: {duration: 3m}
settings: {profile: e2020}
containerInstances: [{name: i, instanceType: m5.24xlarge, count: 10}]
taskDefinitions: [{family: web, containerDefinitions: [{name: web, image: web, cpu: 100, memory: 100}]}]
services: [{serviceName: web, taskDefinition: web, desiredCount: 400}]
";
    let launches = created(&run(text, &[]).tasks());
    assert_eq!((until(&launches, 64.0), until(&launches, 66.0)), (250.0, 400.0));
}

/// A service of 10 small tasks that is to have many more, in an account with a quota of vCPUs.
fn growing_service(profile: &str, desired: u32, quota: u32) -> String {
    format!(
        "
simulation: {{duration: 20m}}
settings: {{profile: {profile}, fargate_vcpu_quota: {quota}}}
taskDefinitions:
  - family: web
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: 256
    memory: 512
    containerDefinitions: [{{name: web, image: web}}]
services: [{{serviceName: web, taskDefinition: web, launchType: FARGATE, desiredCount: 10}}]
timeline: [{{at: 2m, updateService: {{service: web, desiredCount: {desired}}}}}]
behavior: {{taskDefinitions: {{web: {{imageSize: 30MB}}}}}}
"
    )
}

#[test]
fn meas_103_meas_003_one_service_of_2023_starts_five_hundred_a_minute_in_groups() {
    let text = growing_service("e2022b", 4_000, 800);
    let seen = over_seeds(&text, |run| {
        let launches: Vec<f64> = created(&run.tasks()).into_iter().filter(|at| *at > 120.0).collect();
        let minutes: Vec<f64> = (0..6)
            .map(|minute| 120.0 + f64::from(minute) * 60.0)
            .map(|from| until(&launches, from + 60.0) - until(&launches, from))
            .collect();
        let mut groups: BTreeMap<u64, f64> = BTreeMap::new();
        for at in &launches {
            *groups.entry((at * 1_000.0) as u64).or_default() += 1.0;
        }
        let held = run.times(|fact| matches!(fact, Fact::ServiceHeldBack { by: HeldBack::FargateQuota, .. }));
        assert!(!held.is_empty(), "nothing was held back by the quota");
        let running = until(&run.starts(), run.duration());
        (least(minutes.iter().copied()), most(minutes.iter().copied()), median(groups.into_values()), running)
    });
    holds("MEAS-103 least starts in minutes 1 to 6", median(seen.iter().map(|it| it.0)), 420.0, 510.0);
    holds("MEAS-103 most starts in minutes 1 to 6", median(seen.iter().map(|it| it.1)), 420.0, 510.0);
    holds("MEAS-103 median group", median(seen.iter().map(|it| it.2)), 40.0, 100.0);
    // 800 vCPUs are 3,200 tasks of a quarter each.
    assert!(seen.iter().all(|it| it.3 == 3_200.0), "stops exactly at the quota: {seen:?}");
}

#[test]
fn meas_103_other_quotas_and_profiles_stop_exactly_too() {
    for (profile, desired, quota, tasks) in
        [("e2022a", 2_000, 6, 24.0), ("e2022b", 2_000, 123, 492.0), ("e2026", 2_000, 250, 1_000.0)]
    {
        let seen = over_seeds(&growing_service(profile, desired, quota), |run| until(&run.starts(), run.duration()));
        assert!(seen.iter().all(|running| *running == tasks), "{profile}: {seen:?}");
    }
}

fn fargate_tasks(cpu: u32, memory: u32, behavior: &str, count: u32) -> String {
    format!(
        "
simulation: {{duration: 15m}}
taskDefinitions:
  - family: web
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: {cpu}
    memory: {memory}
    containerDefinitions: [{{name: web, image: web}}, {{name: side, image: side, essential: false}}]
services: [{{serviceName: web, taskDefinition: web, launchType: FARGATE, desiredCount: {count}}}]
behavior: {{taskDefinitions: {{web: {behavior}}}}}
"
    )
}

/// From creation to RUNNING, of every task.
fn start_times(run: &Run) -> Vec<f64> {
    run.tasks().iter().map(|task| task.running.expect("it starts") - task.created).collect()
}

#[test]
fn meas_111_meas_020_thirty_starts_of_a_large_task() {
    let images = "{containers: {web: {imageSize: 165.3MB}, side: {imageSize: 25.5MB}}}";
    let seen = over_seeds(&fargate_tasks(4_096, 8_192, images, 30), start_times);
    assert!(seen.iter().all(|times| times.len() == 30));
    holds("MEAS-111 median", median(seen.iter().map(|it| median(it.iter().copied()))), 19.0, 30.0);
    holds("MEAS-111 least", median(seen.iter().map(|it| least(it.iter().copied()))), 12.0, 55.0);
    holds("MEAS-111 most", median(seen.iter().map(|it| most(it.iter().copied()))), 12.0, 55.0);
}

#[test]
fn meas_021_a_small_task_pulls_a_large_image_slowly() {
    let seen = over_seeds(&fargate_tasks(512, 1_024, "{imageSize: 413MB}", 10), start_times);
    holds("MEAS-021 median of 413 MB", median(seen.iter().map(|it| median(it.iter().copied()))), 50.0, 68.0);
}

#[test]
fn meas_023_a_small_image_takes_about_half_a_minute() {
    let seen = over_seeds(&fargate_tasks(256, 512, "{imageSize: 50MB}", 20), start_times);
    holds("MEAS-023 median of a small image", median(seen.iter().map(|it| median(it.iter().copied()))), 18.0, 30.0);
}

#[test]
fn fgt_020_the_parts_of_a_start_are_those_of_the_settings() {
    let parts = over_seeds(&fargate_tasks(256, 512, "{}", 200), |run| {
        let tasks = run.tasks();
        // The first hundred are launched at once; the others wait for a token.
        let first = tasks.iter().take(100);
        first
            .map(|task| {
                let (pull, pulled) = (task.pull_started.expect("it pulls"), task.pulled.expect("it has pulled"));
                (pull - task.created, pulled - pull, task.running.expect("it starts") - pulled)
            })
            .collect::<Vec<_>>()
    });
    let parts: Vec<(f64, f64, f64)> = parts.into_iter().flatten().collect();
    let provision: Vec<f64> = parts.iter().map(|part| part.0).collect();
    holds("fargate_provision_s, median", median(provision.iter().copied()), 15.4, 16.6);
    holds("fargate_provision_s, p95", quantile(&provision, 0.95), 26.5, 29.5);
    assert!(parts.iter().all(|part| (part.1 - 7.0).abs() < 0.002), "pull_s is 7");
    let start: Vec<f64> = parts.iter().map(|part| part.2).collect();
    holds("start_s, median", median(start.iter().copied()), 0.93, 1.07);
    holds("start_s, p95", quantile(&start, 0.95), 4.5, 5.5);
}

/// LAT-007: the first container about 30 s after the demand, 3,500 tasks of four services in about 270 s.
#[test]
fn lat_007_meas_002_from_demand_to_containers_on_fargate() {
    let first = over_seeds(&services("e2022a", "5m", &[1]), |run| run.starts()[0]);
    holds("LAT-007 first container", median(first), 22.5, 37.5);
    let text = services("e2022a", "15m", &[1_000, 1_000, 1_000, 500]);
    let last = over_seeds(&text, |run| {
        let starts = run.starts();
        assert_eq!(starts.len(), 3_500);
        starts[3_499]
    });
    holds("LAT-007 3,500 tasks", median(last), 200.0, 340.0);
}

/// LAT-012, MEAS-027: ten repeats are no faster than the first.
#[test]
fn lat_012_meas_027_fargate_keeps_no_image() {
    let text = "
simulation: {duration: 1h}
taskDefinitions:
  - family: job
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: 1024
    memory: 2048
    containerDefinitions: [{name: job, image: job}]
workload:
  - name: job
    runTask: {taskDefinition: job, launchType: FARGATE}
    every: {interval: 5m}
    duration: 30s
behavior: {taskDefinitions: {job: {imageSize: 300MB}}}
";
    let run = run(text, &[]);
    let pulls: Vec<f64> = run.tasks().iter().filter_map(|task| Some(task.pulled? - task.pull_started?)).collect();
    assert!(pulls.len() >= 10, "{pulls:?}");
    // 300 MB at 10 MB/s, time and again.
    assert!(pulls.iter().all(|pull| (pull - 30.0).abs() < 0.002), "{pulls:?}");
}

/// MEAS-020, MEAS-021: the throughput by size of the task, as the settings have it.
#[test]
fn meas_020_throughput_grows_with_the_size_of_the_task() {
    let cases =
        [(256, 512, 30.0), (1_024, 2_048, 30.0), (2_048, 4_096, 15.0), (4_096, 8_192, 10.0), (8_192, 16_384, 10.0)];
    let pulls = in_parallel(cases.len() as u64, |at| {
        let (cpu, memory, _) = cases[at as usize];
        let run = run(&fargate_tasks(cpu, memory, "{imageSize: 300MB}", 1), &[]);
        let task = run.tasks().remove(0);
        task.pulled.expect("it pulls") - task.pull_started.expect("it pulls")
    });
    for ((cpu, _, expected), pull) in cases.iter().zip(pulls) {
        assert!((pull - expected).abs() < 0.002, "{cpu} CPU units: {pull} s instead of {expected}");
    }
}
