//! The calibration constants (MEAS-001 to MEAS-074): what a scenario that says nothing, or only its `profile:`, runs with.

use ecsim::catalog::{Catalog, InterruptionBand, SpotOs};
use ecsim::cluster::{Fact, TaskStatus};
use ecsim::kernel::Span;
use ecsim::policies::capacity::managed_scaling::step::ScaleInCap;
use ecsim::policies::capacity::settings::{CapacitySettings, LaunchGroups};
use ecsim::policies::settings::Bucket;

use super::kit::{holds, in_parallel, least, median, model, most, run};

const PROFILES: [&str; 4] = ["e2020", "e2022a", "e2022b", "e2026"];

/// The settings of a run in which only the profile is written, or nothing at all.
fn settings(profile: Option<&str>) -> (CapacitySettings, u32) {
    let line = profile.map_or_else(String::new, |profile| format!("settings: {{profile: {profile}}}\n"));
    let text = format!(
        "{line}taskDefinitions: [{{family: web, containerDefinitions: [{{name: web, image: web, memory: 100}}]}}]\n"
    );
    let settings = model(&text).settings;
    (settings.capacity, settings.service_launches_per_minute)
}

#[test]
fn meas_001_meas_002_the_buckets_of_the_profiles() {
    let buckets = PROFILES.map(|profile| settings(Some(profile)).0.fargate_bucket);
    let large = Bucket { capacity: 100, refill_per_second: 20 };
    assert_eq!(buckets, [Bucket { capacity: 10, refill_per_second: 1 }, large, large, large]);
}

#[test]
fn meas_003_meas_004_what_one_service_starts_a_minute() {
    let pace = PROFILES.map(|profile| {
        let (capacity, per_minute) = settings(Some(profile));
        (per_minute, capacity.launch_groups)
    });
    let groups = |size| Some(LaunchGroups { size, period: Span::from_secs(10) });
    assert_eq!(pace, [(23, groups(4)), (500, groups(80)), (500, groups(80)), (500, None)]);
}

#[test]
fn meas_005_the_achieved_share_of_the_bucket() {
    let share = PROFILES.map(|profile| settings(Some(profile)).0.fargate_bucket_share);
    assert_eq!(share, [930, 1_000, 1_000, 1_000]);
}

#[test]
fn meas_033_how_many_tasks_may_wait() {
    assert_eq!(PROFILES.map(|profile| settings(Some(profile)).0.provisioning_tasks), [100, 300, 500, 500]);
    // And so many really wait where nothing can be launched.
    let waiting = in_parallel(4, |at| {
        let text = format!(
            "
simulation: {{duration: 5m}}
settings: {{profile: {}}}
autoScalingGroups:
  - {{autoScalingGroupName: g, minSize: 0, maxSize: 0, availabilityZones: [us-east-1a], launchTemplate: {{instanceType: c5.large}}}}
capacityProviders:
  - {{name: cp, autoScalingGroupProvider: {{autoScalingGroup: g, managedScaling: {{status: ENABLED}}}}}}
taskDefinitions: [{{family: web, containerDefinitions: [{{name: web, image: web, memory: 100}}]}}]
services:
  - {{serviceName: web, taskDefinition: web, desiredCount: 1000, capacityProviderStrategy: [{{capacityProvider: cp, weight: 1}}]}}
",
            PROFILES[at as usize]
        );
        run(&text, &[]).cluster().totals().awaiting_instance
    });
    assert_eq!(waiting, [100, 300, 500, 500]);
}

/// MEAS-033: a waiting task gives up after 10 to 30 minutes.
#[test]
fn meas_033_cas_010_how_long_a_task_waits() {
    let text = "
simulation: {duration: 31m}
autoScalingGroups:
  - {autoScalingGroupName: g, minSize: 0, maxSize: 0, availabilityZones: [us-east-1a], launchTemplate: {instanceType: c5.large}}
capacityProviders:
  - {name: cp, autoScalingGroupProvider: {autoScalingGroup: g, managedScaling: {status: ENABLED}}}
taskDefinitions: [{family: web, containerDefinitions: [{name: web, image: web, memory: 100}]}]
services:
  - {serviceName: web, taskDefinition: web, desiredCount: 400, capacityProviderStrategy: [{capacityProvider: cp, weight: 1}]}
";
    let run = run(text, &[]);
    let waits: Vec<f64> =
        run.tasks().iter().take(400).map(|it| it.stopped.expect("it gives up") - it.created).collect();
    holds("provisioning_timeout, least", least(waits.iter().copied()), 600.0, 630.0);
    holds("provisioning_timeout, most", most(waits.iter().copied()), 1_770.0, 1_800.1);
    holds("provisioning_timeout, median", median(waits), 1_110.0, 1_290.0);
}

#[test]
fn meas_037_how_much_one_scale_in_step_takes() {
    let five = ScaleInCap::new(50_000, 1_000_000).expect("a share");
    let half = ScaleInCap::new(500_000, 1_000_000).expect("a share");
    assert_eq!(PROFILES.map(|profile| settings(Some(profile)).0.scale_in_cap), [five, five, half, half]);
}

#[test]
fn meas_034_meas_035_publishing_takes_fifty_seconds_in_every_profile() {
    for profile in PROFILES {
        assert_eq!(settings(Some(profile)).0.metric_publish_delay, Span::from_secs(50));
    }
}

#[test]
fn the_default_profile_is_e2026_and_what_is_written_wins() {
    let (default, per_minute) = settings(None);
    assert_eq!((default, per_minute), settings(Some("e2026")));
    let text = "
settings: {profile: e2020, fargate_bucket_burst: 50, launch_groups: off}
taskDefinitions: [{family: web, containerDefinitions: [{name: web, image: web, memory: 100}]}]
";
    let mixed = model(text).settings;
    assert_eq!(mixed.capacity.fargate_bucket, Bucket { capacity: 50, refill_per_second: 1 });
    assert_eq!((mixed.capacity.launch_groups, mixed.service_launches_per_minute), (None, 23));
}

/// MEAS-001: one bucket for on-demand, another for Spot, each with its burst and its refill.
#[test]
fn meas_001_on_demand_and_spot_have_a_bucket_each() {
    let text = "
simulation: {duration: 2m, latencies: none}
taskDefinitions:
  - family: web
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: 256
    memory: 512
    containerDefinitions: [{name: web, image: web}]
cluster: {capacityProviders: [FARGATE, FARGATE_SPOT]}
services:
  - {serviceName: od, taskDefinition: web, desiredCount: 300, capacityProviderStrategy: [{capacityProvider: FARGATE, weight: 1}]}
  - {serviceName: spot, taskDefinition: web, desiredCount: 300, capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT, weight: 1}]}
";
    let run = run(text, &[]);
    let tasks = run.tasks();
    for owner in ["od", "spot"] {
        let mut starts: Vec<f64> = tasks.iter().filter(|it| it.owner == owner).filter_map(|it| it.running).collect();
        starts.sort_by(f64::total_cmp);
        assert_eq!(starts.len(), 300);
        assert!(starts[99] < 0.05, "a burst of 100, not {starts:?}");
        assert!((starts[100] - 0.05).abs() < 0.03 && (starts[299] - 10.0).abs() < 0.05, "then 20 a second");
    }
    assert_eq!(run.times(|fact| matches!(fact, Fact::TaskStatusChanged { to: TaskStatus::Running, .. })).len(), 600);
}

#[test]
fn meas_045_what_a_t3_small_registers() {
    let text = "
settings: {registered_memory: measured}
containerInstances: [{name: i, instanceType: t3.small}]
";
    let run = run(text, &[]);
    let instance = run.cluster().instances().values().next().expect("one instance");
    let registered = run.cluster().definitions().shapes[instance.shape].registered;
    assert_eq!((registered.cpu, registered.memory), (2_048, 1_955));
}

/// MEAS-071: the catalogue's snapshot of the advisor: the share of each band, and the mean saving, which is no different
/// from band to band.
#[test]
fn meas_071_spt_015_the_bands_of_the_spot_instance_advisor() {
    let mut bands = [(0.0, 0.0); 5];
    for region in Catalog::regions() {
        for row in Catalog::instance_types() {
            if let Some(advice) = Catalog::spot_advisor(&region.name, SpotOs::Linux, &row.name) {
                let band: InterruptionBand = advice.interruption_band;
                let (count, savings) = &mut bands[band.number() as usize];
                *count += 1.0;
                *savings += f64::from(advice.savings_pct);
            }
        }
    }
    let all: f64 = bands.iter().map(|(count, _)| count).sum();
    holds("MEAS-071 pools", all, 14_000.0, 15_500.0);
    for (at, share) in [21.6, 19.3, 13.5, 12.5, 33.0].into_iter().enumerate() {
        holds(&format!("MEAS-071 band {at}, percent"), bands[at].0 / all * 100.0, share - 1.0, share + 1.0);
        holds(&format!("MEAS-071 band {at}, mean saving"), bands[at].1 / bands[at].0, 61.0, 69.0);
    }
}
