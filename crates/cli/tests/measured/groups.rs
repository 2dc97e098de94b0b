//! Cluster auto scaling as it was seen (MEAS-104 to MEAS-107, MEAS-030 to MEAS-037, LAT-006, LAT-014, LAT-015).

use ecsim::cluster::scaling::Alarm;
use ecsim::cluster::{Fact, Market};

use super::kit::{Run, SEEDS, holds, in_parallel, least, median, most, over_seeds, run};

/// A workshop's cluster (MEAS-104): on demand with a base and a weight, Spot with the rest; four tasks fit on an instance.
const WORKSHOP: &str = "
simulation: {duration: 40m}
autoScalingGroups:
  - &group
    autoScalingGroupName: od
    minSize: 0
    maxSize: 10
    desiredCapacity: 1
    availabilityZones: [us-east-1a, us-east-1b]
    newInstancesProtectedFromScaleIn: true
    launchTemplate: {instanceType: m5.large}
  - <<: *group
    autoScalingGroupName: spot
    desiredCapacity: 2
    launchTemplate: {instanceType: m5.large, instanceMarketOptions: {marketType: spot}}
capacityProviders:
  - name: cp-od
    autoScalingGroupProvider:
      autoScalingGroup: od
      managedScaling: &scaling {status: ENABLED, targetCapacity: 100}
      managedTerminationProtection: ENABLED
  - name: cp-spot
    autoScalingGroupProvider:
      autoScalingGroup: spot
      managedScaling: *scaling
      managedTerminationProtection: ENABLED
taskDefinitions:
  - family: web
    containerDefinitions: [{name: web, image: web, cpu: 420, memory: 1680}]
services:
  - serviceName: web
    taskDefinition: web
    desiredCount: 10
    capacityProviderStrategy: [{capacityProvider: cp-od, base: 2, weight: 1}, {capacityProvider: cp-spot, weight: 3}]
    placementStrategy: [{type: binpack, field: memory}]
timeline: [{at: 1000s, updateService: {service: web, desiredCount: 22}}]
";

/// When an alarm of the provider went to ALARM.
fn alarms(run: &Run, provider: &str, high: bool) -> Vec<f64> {
    let providers = &run.cluster().definitions().capacity_providers;
    run.times(|fact| match *fact {
        Fact::AlarmChanged { alarm: Alarm::ManagedHigh(of), in_alarm: true, .. } => {
            high && providers[of].name == provider
        }
        Fact::AlarmChanged { alarm: Alarm::ManagedLow(of), in_alarm: true, .. } => {
            !high && providers[of].name == provider
        }
        _ => false,
    })
}

#[test]
fn meas_104_two_providers_split_exactly_and_each_takes_one_step() {
    let waits = in_parallel(SEEDS, |seed| {
        // At a random phase of the minute.
        let change = 900.0 + (seed * 7 % 60) as f64 + 0.123 * seed as f64;
        let run = run(WORKSHOP, &[format!("simulation.seed={}", seed + 1), format!("timeline.0.at={change}s")]);
        let tasks = run.tasks();
        let of = |name: &str, until: f64| {
            let id =
                run.cluster().definitions().capacity_providers.iter().find(|(_, it)| it.name == name).map(|it| it.0);
            tasks.iter().filter(|task| task.provider == id && task.created < until).count()
        };
        assert_eq!((of("cp-od", change), of("cp-spot", change)), (4, 6), "the split of ten");
        assert_eq!((of("cp-od", 1e9), of("cp-spot", 1e9)), (7, 15), "the split of twenty-two");
        let mut waits = Vec::new();
        for (group, provider, market, steps) in
            [("od", "cp-od", Market::OnDemand, 2), ("spot", "cp-spot", Market::Spot, 4)]
        {
            let samples = run.reservations(provider);
            let before = samples.iter().filter(|(at, _)| *at < change);
            assert!(before.clone().count() > 10 && before.clone().all(|(_, it)| it.micros() == 100_000_000));
            // 200 within two datapoints.
            let after: Vec<i64> =
                samples.iter().filter(|(at, _)| *at > change).take(2).map(|(_, it)| it.micros()).collect();
            assert!(after.contains(&200_000_000), "{after:?}");
            // One step, and no second one.
            let desired: Vec<u32> = run.desired(group).into_iter().map(|(_, to)| to).collect();
            assert_eq!(desired, [steps], "{group}");
            let alarm = alarms(&run, provider, true);
            assert_eq!(alarm.len(), 1, "the high alarm on one datapoint");
            assert_eq!(run.desired(group)[0].0, alarm[0], "in the same second (MEAS-035)");
            for machine in run.machines().iter().filter(|it| it.market == market && it.launched > 0.0) {
                waits.push(machine.launched - alarm[0]);
            }
        }
        assert_eq!(run.starts().len(), 22);
        waits
    });
    let waits: Vec<f64> = waits.into_iter().flatten().collect();
    assert_eq!(waits.len() as u64, 3 * SEEDS);
    holds("MEAS-104 first launch after the alarm", least(waits.iter().copied()), 3.0, 45.0);
    holds("MEAS-104 last launch after the alarm", most(waits.iter().copied()), 3.0, 45.0);
    holds("MEAS-035 launch after the alarm, median", median(waits), 10.0, 20.0);
}

/// One task fills an instance (MEAS-105, MEAS-106).
fn one_to_one(profile: &str, start: u32, duration: &str) -> String {
    format!(
        "
simulation: {{duration: {duration}}}
settings: {{profile: {profile}}}
autoScalingGroups:
  - autoScalingGroupName: g
    minSize: 0
    maxSize: 100
    desiredCapacity: {start}
    availabilityZones: [us-east-1a, us-east-1b]
    newInstancesProtectedFromScaleIn: true
    launchTemplate: {{instanceType: c5.large}}
capacityProviders:
  - name: cp
    autoScalingGroupProvider:
      autoScalingGroup: g
      managedScaling: {{status: ENABLED, targetCapacity: 100}}
      managedTerminationProtection: ENABLED
taskDefinitions:
  - family: web
    containerDefinitions: [{{name: web, image: web, cpu: 2048, memory: 3000}}]
services:
  - serviceName: web
    taskDefinition: web
    desiredCount: {start}
    capacityProviderStrategy: [{{capacityProvider: cp, weight: 1}}]
"
    )
}

fn scale(text: &str, at: f64, desired: u32) -> String {
    format!("{text}timeline: [{{at: {at}s, updateService: {{service: web, desiredCount: {desired}}}}}]\n")
}

#[test]
fn meas_105_meas_031_fourteen_to_twenty_six_in_one_activity() {
    in_parallel(SEEDS, |seed| {
        let change = 1_020.0 + (seed * 3) as f64;
        let text = scale(&one_to_one("e2026", 14, "40m"), change, 26);
        let run = run(&text, &[format!("simulation.seed={}", seed + 1)]);
        let steps: Vec<u32> = run.desired("g").into_iter().map(|(_, to)| to).collect();
        assert_eq!(steps, [26], "one change");
        let first = run.reservations("cp").into_iter().find(|(at, it)| *at > change && it.waiting > 0);
        let (_, sample) = first.expect("tasks wait at the next datapoint");
        assert_eq!((sample.m, sample.n, sample.micros()), (26, 14, 185_714_286));
        assert_eq!(run.machines().iter().filter(|it| it.launched > 0.0).count(), 12);
    });
}

#[test]
fn meas_105_other_sizes_take_one_step_too() {
    for (start, more, micros) in
        [(1, 5, 500_000_000), (9, 1, 111_111_111), (40, 60, 250_000_000), (30, 15, 150_000_000)]
    {
        let text =
            scale(&one_to_one("e2022b", start, "30m"), 777.0, start + more).replace("maxSize: 100", "maxSize: 300");
        let run = run(&text, &[]);
        let steps: Vec<u32> = run.desired("g").into_iter().map(|(_, to)| to).collect();
        assert_eq!(steps, [start + more], "one change");
        let peak = run.reservations("cp").into_iter().map(|(_, it)| it.micros()).max();
        let expected = if (start, more) == (1, 5) { 600_000_000 } else { micros };
        assert_eq!(peak, Some(expected), "{start} and {more}");
    }
}

#[test]
fn meas_106_meas_037_scale_in_of_2022_goes_one_by_one() {
    let seen = in_parallel(SEEDS, |seed| {
        let change = 1_200.0 + (seed * 3) as f64;
        let text = scale(&one_to_one("e2022a", 26, "100m"), change, 2);
        let run = run(&text, &[format!("simulation.seed={}", seed + 1)]);
        let steps = run.desired("g");
        let sizes: Vec<u32> = steps.iter().map(|(_, to)| *to).collect();
        assert_eq!(sizes, (2..26).rev().collect::<Vec<u32>>(), "steps of one");
        let low = alarms(&run, "cp", false);
        assert_eq!(low.len(), 1);
        assert!(steps.iter().all(|(at, _)| *at >= low[0]), "after the low alarm");
        let gaps: Vec<f64> = steps.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        let mut gone: Vec<f64> = run.machines().iter().filter_map(|it| it.terminating).collect();
        gone.sort_by(f64::total_cmp);
        assert_eq!(gone.len(), 24);
        let real: Vec<f64> = gone.windows(2).map(|pair| pair[1] - pair[0]).collect();
        for (what, gaps) in [("steps", gaps), ("terminations", real)] {
            assert!(gaps.iter().all(|gap| (49.9..=130.0).contains(gap)), "{what}: {gaps:?}");
        }
        (gone[23] - change) / 60.0
    });
    holds("MEAS-106 minutes in all", median(seen), 35.0, 70.0);
}

#[test]
fn meas_106_later_profiles_take_half_at_a_time() {
    for profile in ["e2022b", "e2026"] {
        let run = run(&scale(&one_to_one(profile, 26, "60m"), 1_210.0, 2), &[]);
        let steps: Vec<u32> = run.desired("g").into_iter().map(|(_, to)| to).collect();
        assert_eq!(steps, [13, 7, 4, 2], "{profile}");
    }
    for profile in ["e2020", "e2022a"] {
        // 5 % of 60 are 3, of 59 rounded down 2, and never fewer than one.
        let run = run(&scale(&one_to_one(profile, 60, "100m"), 1_210.0, 15), &[]);
        let steps: Vec<u32> = run.desired("g").into_iter().map(|(_, to)| to).collect();
        assert_eq!(steps[..4], [57, 55, 53, 51], "{profile}");
        assert_eq!(*steps.last().expect("steps"), 15);
    }
}

/// From the stop of the last task of an instance to the start of its termination, in minutes.
fn empty_until_terminated(profile: &str) -> Vec<f64> {
    in_parallel(60, |seed| {
        let change = 1_200.0 + seed as f64 + 0.37;
        let text = scale(&one_to_one(profile, 3, "60m"), change, 2);
        let run = run(&text, &[format!("simulation.seed={}", seed + 1)]);
        let stopped: Vec<f64> = run.tasks().iter().filter_map(|task| task.stopped).collect();
        let gone: Vec<f64> = run.machines().iter().filter_map(|it| it.terminating).collect();
        assert_eq!((stopped.len(), gone.len()), (1, 1));
        (gone[0] - stopped[0]) / 60.0
    })
}

#[test]
fn meas_107_lat_015_meas_032_an_empty_instance_goes_after_fifteen_minutes() {
    for profile in ["e2020", "e2022b", "e2026"] {
        let minutes = empty_until_terminated(profile);
        holds(&format!("MEAS-107 {profile}, earliest"), least(minutes.iter().copied()), 15.0, 19.0);
        holds(&format!("MEAS-107 {profile}, latest"), most(minutes.iter().copied()), 15.0, 19.0);
    }
}

#[test]
fn meas_032_fourteen_low_datapoints_do_nothing() {
    // Empty at 20:10, used again at 34:50: the datapoints of 21:00 to 34:00 were low, fourteen of them.
    let text = format!(
        "{}timeline: [{{at: 1210s, updateService: {{service: web, desiredCount: 2}}}}, {{at: 2090s, updateService: {{service: web, desiredCount: 3}}}}]\n",
        one_to_one("e2026", 3, "60m")
    );
    let again = run(&text, &[]);
    let low = again.reservations("cp").into_iter().filter(|(_, it)| it.micros() < 100_000_000).count();
    assert_eq!(low, 14);
    assert!(again.desired("g").is_empty() && alarms(&again, "cp", false).is_empty());
    // A minute later there are fifteen, and one instance goes.
    let later = run(&text, &["timeline.1.at=2110s".to_owned()]);
    let steps: Vec<u32> = later.desired("g").into_iter().map(|(_, to)| to).collect();
    assert_eq!(steps.first(), Some(&2));
}

#[test]
fn meas_030_the_metric_has_one_datapoint_a_minute_for_each_provider() {
    let run = run(WORKSHOP, &[]);
    for provider in ["cp-od", "cp-spot"] {
        let times: Vec<f64> = run.reservations(provider).into_iter().map(|(at, _)| at).collect();
        assert_eq!(times.len(), 39, "one a minute in forty minutes");
        assert!(times.iter().enumerate().all(|(at, time)| (time - 60.0 * (at + 1) as f64 - 0.01).abs() < 1e-9));
    }
}

/// LAT-014, MEAS-034, MEAS-035: up to a minute to the datapoint, the alarm 47 to 56 s after it, the action at once.
#[test]
fn lat_014_meas_034_meas_035_from_demand_to_a_higher_desired_capacity() {
    let waits = in_parallel(60, |seed| {
        let change = 900.0 + seed as f64 + 0.5;
        let text = scale(&one_to_one("e2026", 2, "25m"), change, 3);
        let run = run(&text, &[format!("simulation.seed={}", seed + 1)]);
        let alarm = alarms(&run, "cp", true)[0];
        let (at, _) = run.desired("g")[0];
        assert_eq!(at, alarm);
        assert!((47.0..=56.0).contains(&(alarm % 60.0)), "after the full minute: {}", alarm % 60.0);
        let (sampled, _) = run.reservations("cp").into_iter().find(|(_, it)| it.micros() > 100_000_000).expect("one");
        assert!((alarm - sampled - 50.0).abs() < 0.02, "the default of metric_publish_delay");
        at - change
    });
    // The scheduler looks 5 s after the change.
    holds("LAT-014 earliest", least(waits.iter().copied()), 50.0, 60.0);
    holds("LAT-014 latest", most(waits.iter().copied()), 105.0, 115.5);
    holds("LAT-014 median", median(waits), 75.0, 90.0);
}

/// LAT-006: five services want 700 tasks each of a cluster whose group may grow as fast as it can; fifteen fit on an instance.
fn five_services(profile: &str, min_size: u32, desired: u32) -> String {
    let mut text = format!(
        "
simulation: {{duration: 25m}}
settings: {{profile: {profile}}}
accountSettings: {{awsvpcTrunking: enabled}}
vpc: {{subnets: {{s1: us-east-1a, s2: us-east-1b, s3: us-east-1c}}}}
autoScalingGroups:
  - autoScalingGroupName: g
    minSize: {min_size}
    maxSize: 1000
    vpcZoneIdentifier: \"s1,s2,s3\"
    newInstancesProtectedFromScaleIn: true
    launchTemplate: {{instanceType: c6g.4xlarge}}
capacityProviders:
  - name: cp
    autoScalingGroupProvider:
      autoScalingGroup: g
      managedScaling: {{status: ENABLED, targetCapacity: 95, instanceWarmupPeriod: 1}}
      managedTerminationProtection: ENABLED
cluster: {{capacityProviders: [cp], defaultCapacityProviderStrategy: [{{capacityProvider: cp, weight: 1}}]}}
taskDefinitions:
  - family: web
    networkMode: awsvpc
    runtimePlatform: {{cpuArchitecture: ARM64}}
    cpu: 1024
    memory: 2048
    containerDefinitions: [{{name: web, image: web}}]
services:
"
    );
    for name in ["a", "b", "c", "d", "e"] {
        text.push_str(&format!(
            "  - {{serviceName: {name}, taskDefinition: web, desiredCount: {desired}, networkConfiguration: {{awsvpcConfiguration: {{subnets: [s1, s2, s3]}}}}}}\n"
        ));
    }
    text
}

#[test]
fn lat_006_from_demand_to_containers_on_ec2() {
    let first = over_seeds(&five_services("e2026", 0, 1), |run| run.starts()[0]);
    holds("LAT-006 first container", median(first), 112.5, 187.5);
    // With the limit of 300 waiting tasks of that year, and with that of today.
    for (profile, min_size) in [("e2022a", 1), ("e2026", 1), ("e2026", 0)] {
        let all = over_seeds(&five_services(profile, min_size, 700), |run| {
            let starts = run.starts();
            assert!(starts.len() >= 3_500, "{}", starts.len());
            starts[3_499]
        });
        holds(&format!("LAT-006 3,500 tasks, {profile} from {min_size}"), median(all), 450.0, 750.0);
    }
}

/// CAS-004, CAS-022: with a warm-up of a second the group climbs a staircase, a step a minute of about what the waiting tasks
/// need. It does not multiply what it has launched since the sample was taken.
#[test]
fn cas_022_cas_031_a_short_warm_up_climbs_a_staircase() {
    for publish in [0, 50] {
        let run = run(&five_services("e2022a", 1, 700), &[format!("settings.metric_publish_delay={publish}")]);
        let steps = run.desired("g");
        let sizes: Vec<u32> = [1].into_iter().chain(steps.iter().map(|(_, to)| *to)).collect();
        let climb: Vec<u32> = sizes.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).take(8).collect();
        // 300 waiting tasks need 20 instances, and a twentieth of the fleet is to stand by at a target of 95.
        assert!(climb.iter().all(|step| (19..=34).contains(step)), "{publish}: {sizes:?}");
        let gaps: Vec<f64> = steps.windows(2).take(7).map(|pair| pair[1].0 - pair[0].0).collect();
        assert!(gaps.iter().all(|gap| (gap - 60.0).abs() < 0.01), "{publish}: {gaps:?}");
        // It over-asks by the steps that were under way, and no more.
        assert!(*sizes.iter().max().expect("steps") < 234 + 3 * 34, "{publish}: {sizes:?}");
    }
}
