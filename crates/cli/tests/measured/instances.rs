//! How long EC2 instances take to come and go (MEAS-108, MEAS-110, LAT-001 to LAT-005, LAT-008, LAT-020 to LAT-022).

use ecsim::cluster::fact::TerminationReason;
use ecsim::cluster::{Fact, Market};

use super::kit::{Machine, Run, holds, in_parallel, least, median, most, over_seeds, quantile, run};

/// A group of that many instances, launched a minute after the start.
fn group(count: u32, settings: &str, behavior: &str) -> String {
    format!(
        "
simulation: {{duration: 30m}}
settings: {{{settings}}}
autoScalingGroups:
  - autoScalingGroupName: g
    minSize: 0
    maxSize: 2000
    availabilityZones: [us-east-1a, us-east-1b]
    launchTemplate: {{instanceType: c5.large}}
taskDefinitions:
  - family: web
    containerDefinitions: [{{name: web, image: web, cpu: 100, memory: 100}}]
behavior: {{autoScalingGroups: {{g: {{{behavior}}}}}}}
timeline: [{{at: 1m, setDesiredCapacity: {{autoScalingGroupName: g, desiredCapacity: {count}}}}}]
"
    )
}

/// From launch to registration.
fn boots(run: &Run) -> Vec<f64> {
    run.machines().iter().filter_map(|it| Some(it.registered? - it.launched)).collect()
}

#[test]
fn meas_108_meas_040_a_stock_image_registers_in_forty_seconds() {
    let medians = over_seeds(&group(15, "", "userData: 1s"), |run| median(boots(run)));
    holds("MEAS-108 median", median(medians), 25.0, 60.0);
}

#[test]
fn lat_004_meas_035_meas_041_meas_042_reaction_and_cold_launch_are_those_of_the_settings() {
    let stock = run(&group(2_000, "", ""), &[]);
    let seen = boots(&stock);
    assert_eq!(seen.len(), 2_000);
    holds("cold_launch: stock, median", median(seen.iter().copied()), 37.0, 39.0);
    holds("cold_launch: stock, p95", quantile(&seen, 0.95), 57.0, 63.0);
    let tuned = boots(&run(&group(2_000, "cold_launch: tuned", ""), &[]));
    holds("cold_launch: tuned, median", median(tuned.iter().copied()), 20.5, 21.5);
    holds("cold_launch: tuned, p95", quantile(&tuned, 0.95), 27.0, 29.0);
    // The group's reaction is one draw for each change of its desired capacity.
    let reactions = in_parallel(300, |seed| {
        let run = run(&group(1, "", ""), &[format!("simulation.seed={}", seed + 1)]);
        run.machines()[0].launched - 60.0
    });
    holds("asg_reaction, least", least(reactions.iter().copied()), 10.0, 10.3);
    holds("asg_reaction, most", most(reactions.iter().copied()), 19.7, 20.01);
    holds("asg_reaction, median", median(reactions), 14.2, 15.8);
}

#[test]
fn lat_004_user_data_adds_to_it_and_a_fixed_minute_can_be_had() {
    let plain = boots(&run(&group(50, "", ""), &[]));
    let scripted = boots(&run(&group(50, "", "userData: 100s"), &[]));
    // A sum of two distributions is a table of equally likely values: exact in the middle, close at the ends.
    for (plain, scripted) in plain.iter().zip(&scripted) {
        assert!((scripted - plain - 100.0).abs() < plain * 0.05, "{plain} and {scripted}");
    }
    holds("userData, median", median(scripted) - median(plain), 99.5, 100.5);
    let fixed = run(&group(5, "asg_reaction: 0s, cold_launch: 60s", ""), &[]);
    for machine in fixed.machines() {
        let total = machine.registered.expect("it registers") - 60.0;
        assert!((60.0..60.05).contains(&total), "deterministic 60 s in total, not {total}");
    }
}

/// LAT-001 to LAT-003, MEAS-044: the call, the virtual machine and the operating system are parts of `cold_launch` and add
/// nothing to it; when the machine runs, the bill begins.
#[test]
fn lat_001_lat_002_lat_003_meas_044_are_inside_the_cold_launch() {
    let plain = run(&group(100, "", ""), &[]);
    let pending = run(&group(100, "instance_pending_s: {uniform: {min: 5, max: 18}}", ""), &[]);
    assert_eq!(boots(&plain), boots(&pending), "the parts change nothing about the whole");
    let in_service = |run: &Run| -> Vec<f64> {
        run.machines().iter().map(|it| it.in_service.expect("it runs") - it.launched).collect()
    };
    assert!(in_service(&plain).iter().all(|wait| *wait == 0.0), "not split by default");
    let waits = in_service(&pending);
    holds("pending to running, least", least(waits.iter().copied()), 5.0, 7.0);
    holds("pending to running, most", most(waits.iter().copied()), 16.0, 18.0);
    // All of it is over before the slowest tenth of the boots: there is room for the call, the machine and the system.
    holds("shortest launch to registration", least(boots(&plain)), 10.0, 30.0);
}

/// A group whose instances install their software under a launch hook: two into the warm pool, then four in service.
const WARM: &str = "
simulation: {duration: 50m}
autoScalingGroups:
  - autoScalingGroupName: g
    minSize: 0
    maxSize: 10
    availabilityZones: [us-east-1a, us-east-1b]
    launchTemplate: {instanceType: c5.large}
    lifecycleHookSpecificationList:
      - {lifecycleHookName: install, lifecycleTransition: \"autoscaling:EC2_INSTANCE_LAUNCHING\", heartbeatTimeout: 3600, defaultResult: ABANDON}
    warmPool: {poolState: Stopped, minSize: 2, maxGroupPreparedCapacity: 2}
taskDefinitions:
  - family: web
    containerDefinitions: [{name: web, image: web, cpu: 100, memory: 100}]
behavior:
  autoScalingGroups:
    g:
      lifecycleHooks: {install: {duration: 205s, result: CONTINUE}}
      containerInstance: {agent: {ECS_WARM_POOLS_CHECK: true}}
timeline: [{at: 30m, setDesiredCapacity: {autoScalingGroupName: g, desiredCapacity: 4}}]
";

#[test]
fn meas_110_meas_046_lat_005_a_warm_pool_spares_the_installation() {
    let seen = over_seeds(WARM, |run| {
        let machines = run.machines();
        let (warm, cold): (Vec<&Machine>, Vec<&Machine>) =
            machines.iter().filter(|it| it.in_service.is_some()).partition(|it| it.warm.is_some());
        assert_eq!((warm.len(), cold.len()), (2, 2));
        let into_pool = median(warm.iter().map(|it| it.warm.expect("warm") - it.launched));
        // Ready: in service, and registered with ECS.
        let ready = |it: &Machine| it.in_service.expect("in service").max(it.registered.expect("registered"));
        let cold = median(cold.iter().map(|it| ready(it) - it.launched));
        let from_pool: Vec<f64> = warm.iter().map(|it| ready(it) - it.left_pool.expect("it left the pool")).collect();
        for it in &warm {
            assert!(it.registered.expect("registered") > 1_800.0, "it registers only when it is in service (ASG-041)");
        }
        (into_pool, cold, median(from_pool.iter().copied()))
    });
    let cold = median(seen.iter().map(|it| it.1));
    let from_pool = median(seen.iter().map(|it| it.2));
    holds("MEAS-110 into the pool", median(seen.iter().map(|it| it.0)), 200.0, 290.0);
    holds("MEAS-110 cold", cold, 200.0, 290.0);
    holds("MEAS-110 from the pool", from_pool, 20.0, 60.0);
    holds("MEAS-110 ratio", cold / from_pool, 4.0, 12.0);
}

#[test]
fn lat_005_a_stopped_instance_starts_and_then_its_agent_looks() {
    let text =
        WARM.replace("minSize: 2, maxGroupPreparedCapacity: 2", "minSize: 500").replace("maxSize: 10", "maxSize: 500");
    let run = run(&text.replace("desiredCapacity: 4", "desiredCapacity: 500"), &[]);
    let machines = run.machines();
    let started: Vec<(f64, f64)> = machines
        .iter()
        .filter_map(|it| {
            let left = it.left_pool.filter(|_| it.warm.is_some())?;
            Some((it.in_service? - left, it.registered? - it.in_service?))
        })
        .collect();
    assert_eq!(started.len(), 500);
    let (starts, polls): (Vec<f64>, Vec<f64>) = started.into_iter().unzip();
    holds("warm_start, least", least(starts.iter().copied()), 10.0, 10.3);
    holds("warm_start, most", most(starts.iter().copied()), 19.7, 20.001);
    holds("warm_start, median", median(starts), 14.4, 15.6);
    holds("warm_poll, least", least(polls.iter().copied()), 0.0, 1.0);
    holds("warm_poll, most", most(polls.iter().copied()), 59.0, 60.001);
    holds("warm_poll, median", median(polls), 26.0, 34.0);
}

/// LAT-020: shutting down takes 30 to 60 s, and nobody pays for it.
#[test]
fn lat_020_an_instance_is_gone_some_time_after_its_bill_ends() {
    let text = group(1_000, "", "").replace(
        "desiredCapacity: 1000}}]",
        "desiredCapacity: 1000}}, {at: 10m, setDesiredCapacity: {autoScalingGroupName: g, desiredCapacity: 0}}]",
    );
    let run = run(&text, &[]);
    let machines = run.machines();
    let ends: Vec<f64> = machines.iter().filter_map(|it| Some(it.gone? - it.terminated?)).collect();
    assert_eq!(ends.len(), 1_000);
    holds("instance_shutdown, least", least(ends.iter().copied()), 30.0, 30.3);
    holds("instance_shutdown, most", most(ends.iter().copied()), 59.7, 60.001);
    holds("instance_shutdown, median", median(ends), 43.5, 46.5);
    for it in &machines {
        assert_eq!(it.reason, Some(TerminationReason::ScaleIn));
        // The bill ends with the order to terminate, which is when the instance leaves (BIL-010).
        assert!((it.terminated.expect("it goes") - it.terminating.expect("it goes")).abs() < 0.001);
    }
}

/// LAT-021: an instance that somebody terminates is noticed within a minute, and replaced at once.
#[test]
fn lat_021_a_group_notices_a_dead_instance_within_a_minute() {
    let waits = in_parallel(200, |seed| {
        let text = group(2, "", "").replace(
            "desiredCapacity: 2}}]",
            "desiredCapacity: 2}}, {at: 10m, terminateInstances: {containerInstances: {autoScalingGroup: g, count: 1}}}]",
        );
        let run = run(&text, &[format!("simulation.seed={}", seed + 1)]);
        let died = run.times(|fact| matches!(fact, Fact::InstanceTerminated { .. }))[0];
        let noticed = run.times(|fact| matches!(fact, Fact::InstanceHealthChanged { healthy: false, .. }))[0];
        let replaced = run.machines().into_iter().find(|it| it.launched > died).expect("a replacement").launched;
        assert!((0.0..0.05).contains(&(replaced - noticed)), "replaced at once, not {} s later", replaced - noticed);
        noticed - died
    });
    holds("asg_health_notice_s, least", least(waits.iter().copied()), 0.0, 1.0);
    holds("asg_health_notice_s, most", most(waits.iter().copied()), 59.0, 60.001);
    holds("asg_health_notice_s, median", median(waits), 24.0, 36.0);
}

/// LAT-022: a scheduled action runs within two minutes of its time, and never before it.
#[test]
fn lat_022_a_scheduled_action_runs_within_two_minutes() {
    let text = group(0, "", "").replace(
        "    launchTemplate: {instanceType: c5.large}",
        "    launchTemplate: {instanceType: c5.large}
    scheduledActions:
      - {scheduledActionName: up, startTime: 2026-01-01T00:10:00Z, minSize: 0, maxSize: 20, desiredCapacity: 7}
      - {scheduledActionName: down, startTime: 2026-01-01T00:20:00Z, desiredCapacity: 1}",
    );
    let late = over_seeds(&text, |run| {
        let steps = run.desired("g");
        assert_eq!(steps.iter().map(|(_, to)| *to).collect::<Vec<u32>>(), [7, 1]);
        [steps[0].0 - 600.0, steps[1].0 - 1_200.0]
    });
    holds("LAT-022 earliest", least(late.iter().flatten().copied()), 0.0, 120.0);
    holds("LAT-022 latest", most(late.into_iter().flatten()), 0.0, 120.0);
}

/// LAT-008, MEAS-047: Managed Instances, from no instance at all to the first line of a log in about 40 s.
#[test]
fn lat_008_meas_047_managed_instances_from_nothing_to_the_first_task() {
    let text = "
simulation: {duration: 10m}
vpc: {subnets: {s1: us-east-1a, s2: us-east-1b, s3: us-east-1c}}
capacityProviders:
  - name: mi
    managedInstancesProvider:
      infrastructureRoleArn: arn:aws:iam::123456789012:role/ecsInfrastructureRole
      instanceLaunchTemplate:
        ec2InstanceProfileArn: arn:aws:iam::123456789012:instance-profile/ecsInstanceProfile
        networkConfiguration: {subnets: [s1, s2, s3]}
cluster: {capacityProviders: [mi], defaultCapacityProviderStrategy: [{capacityProvider: mi, weight: 1}]}
taskDefinitions:
  - family: web
    networkMode: host
    requiresCompatibilities: [MANAGED_INSTANCES]
    cpu: 1024
    memory: 2048
    containerDefinitions: [{name: web, image: web}]
behavior: {taskDefinitions: {web: {imageSize: 30MB}}}
workload: [{name: once, runTask: {taskDefinition: web}, at: [10s]}]
";
    let seen = over_seeds(text, |run| run.starts()[0] - 10.0);
    holds("LAT-008 demand to first task", median(seen), 30.0, 50.0);
    let launches = in_parallel(400, |seed| {
        let run = run(text, &[format!("simulation.seed={}", seed + 1)]);
        let it = run.machines().remove(0);
        assert_eq!(it.market, Market::OnDemand);
        it.registered.expect("it registers") - it.launched
    });
    holds("mi_launch, median", median(launches.iter().copied()), 29.0, 31.0);
    holds("mi_launch, p95", quantile(&launches, 0.95), 42.0, 48.0);
}
