//! Spot as it was recorded (MEAS-118, MEAS-070) and as it is modelled by default (MEAS-072 to MEAS-074, MEAS-066).

use std::path::PathBuf;

use ecsim::cluster::Fact;
use ecsim::cluster::fact::TerminationReason;
use ecsim::scenario::source::MemoryFiles;

use super::kit::{Run, SEEDS, holds, in_parallel, least, median, model_with, most, problems, run};

/// One Spot pool, one group of one instance in it, one task on that.
const REPLAY: &str = "
simulation: {duration: 152h}
autoScalingGroups:
  - autoScalingGroupName: g
    minSize: 0
    maxSize: 1
    desiredCapacity: 1
    availabilityZones: [us-east-1b]
    launchTemplate: {instanceType: r5.16xlarge, instanceMarketOptions: {marketType: spot}}
capacityProviders:
  - name: cp
    autoScalingGroupProvider: {autoScalingGroup: g, managedScaling: {status: ENABLED, targetCapacity: 100}}
taskDefinitions:
  - family: web
    containerDefinitions: [{name: web, image: web, cpu: 2048, memory: 1680}]
services:
  - serviceName: web
    taskDefinition: web
    desiredCount: 1
    capacityProviderStrategy: [{capacityProvider: cp, weight: 1}]
behavior:
  spot:
    interruptions:
      trace: {file: \"data:spot_availability_traces.csv\", instanceType: r5.16xlarge, zone: us-east-1b}
";

/// The shares of the run in which an instance was there, was registered, and ran the task; losses; boots and starts in
/// seconds, one of each a loss.
struct Replayed {
    available: f64,
    registered: f64,
    task: f64,
    losses: f64,
    boot: f64,
    start: f64,
}

fn replayed(run: &Run) -> Replayed {
    let end = run.duration();
    let machines = run.machines();
    let share =
        |spans: &mut dyn Iterator<Item = (f64, f64)>| spans.map(|(from, to)| to - from).sum::<f64>() / end * 100.0;
    let tasks = run.tasks();
    Replayed {
        available: share(&mut machines.iter().map(|it| (it.launched, it.terminated.unwrap_or(end)))),
        registered: share(&mut machines.iter().filter_map(|it| Some((it.registered?, it.terminated.unwrap_or(end))))),
        task: share(&mut tasks.iter().filter_map(|it| Some((it.running?, it.stopped.unwrap_or(end))))),
        losses: machines.iter().filter(|it| it.reason == Some(TerminationReason::SpotInterruption)).count() as f64,
        boot: median(machines.iter().filter_map(|it| Some(it.registered? - it.launched))),
        start: median(tasks.iter().filter_map(|it| Some(it.running? - it.pull_started?))),
    }
}

/// The real record, if this machine has it.
fn record() -> Option<MemoryFiles> {
    let root = PathBuf::from(std::env::var_os("ECSIM_DATA").filter(|root| !root.is_empty())?);
    let path = root.join("spot_availability_traces.csv");
    let content = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(MemoryFiles::new().with("data:spot_availability_traces.csv", content))
}

#[test]
fn meas_118_meas_070_a_recorded_pool_is_replayed() {
    let Some(files) = record() else {
        eprintln!("skipped: ECSIM_DATA does not say where the recorded Spot pools are");
        return;
    };
    let seen = in_parallel(SEEDS, |seed| {
        replayed(&Run::of(model_with(REPLAY, &files, &[format!("simulation.seed={}", seed + 1)])))
    });
    let of = |what: fn(&Replayed) -> f64| median(seen.iter().map(what));
    holds("MEAS-118 instance availability", of(|it| it.available), 84.1, 86.1);
    holds("MEAS-118 losses", of(|it| it.losses), 65.0, 67.0);
    let lower = 66.0 * (of(|it| it.boot) + of(|it| it.start)) / (152.0 * 3_600.0) * 100.0;
    holds(
        "MEAS-118 task availability",
        of(|it| it.task),
        of(|it| it.available) - lower - 1.0,
        of(|it| it.available) - lower + 1.0,
    );
    assert!(seen.iter().all(|it| it.registered <= it.available));
}

/// A record of one's own: instances come when it says so, however long the group has been waiting for its next attempt.
#[test]
fn meas_118_spt_018_the_wait_between_attempts_does_not_come_on_top_of_a_record() {
    let csv = "trace_id,zone,instance_type,offset_seconds,duration_seconds,available_instances,spot_usd_per_hour
t,us-east-1b,r5.16xlarge,0,1000,1,1.0
t,us-east-1b,r5.16xlarge,1000,5000,0,
t,us-east-1b,r5.16xlarge,6000,90,1,1.2
t,us-east-1b,r5.16xlarge,6090,3910,0,
t,us-east-1b,r5.16xlarge,10000,5000,2,
";
    let files = MemoryFiles::new().with("data:spot_availability_traces.csv", csv);
    let sizes = "    minSize: 0\n    maxSize: 1\n    desiredCapacity: 1\n";
    assert!(REPLAY.contains(sizes));
    let text = REPLAY.replace("152h", "4h").replace(sizes, "    minSize: 3\n    maxSize: 3\n");
    let run = Run::of(model_with(&text, &files, &[]));
    let lives: Vec<(i64, Option<i64>)> = run
        .machines()
        .iter()
        .map(|it| (it.launched.round() as i64, it.terminated.map(|at| at.round() as i64)))
        .collect();
    assert_eq!(lives, [(0, Some(1_000)), (6_000, Some(6_090)), (10_000, None), (10_000, None)]);
}

/// A record can drive a pool of another type: it is then no record of that pool's price.
#[test]
fn meas_118_spt_018_a_record_of_one_type_drives_the_pool_of_another() {
    let csv = "trace_id,zone,instance_type,offset_seconds,duration_seconds,available_instances,spot_usd_per_hour
t,us-east-1b,r5.16xlarge,0,1000,1,1.2754
t,us-east-1b,r5.16xlarge,1000,500,0,
t,us-east-1b,r5.16xlarge,1500,5000,1,1.3
";
    let files = MemoryFiles::new().with("data:spot_availability_traces.csv", csv);
    let text = REPLAY
        .replace("152h", "1h")
        .replace("{instanceType: r5.16xlarge, inst", "{instanceType: m5.large, inst")
        .replace("zone: us-east-1b}", "pool: {instanceType: m5.large, zone: us-east-1b}}");
    let run = Run::of(model_with(&text, &files, &[]));
    let lives: Vec<i64> = run.machines().iter().map(|it| it.launched.round() as i64).collect();
    assert_eq!(lives, [0, 1_500]);
    let priced =
        run.times(|fact| matches!(fact, Fact::SpotPriceChanged { nano_dollars, .. } if *nano_dollars > 1_000_000_000));
    assert!(priced.is_empty(), "an m5.large costs no dollar an hour");
}

/// Two measurements of a pool, each from its own start, are no history of it.
#[test]
fn spt_018_one_pool_has_one_history() {
    let csv = "trace_id,zone,instance_type,offset_seconds,duration_seconds,available_instances,spot_usd_per_hour
march,us-east-1b,r5.16xlarge,0,1000,1,
april,us-east-1b,r5.16xlarge,0,5000,0,
april,us-east-1b,r5.16xlarge,5000,900,1,
";
    let files = MemoryFiles::new().with("data:spot_availability_traces.csv", csv);
    let found = problems(REPLAY, &files);
    assert_eq!(found, ["2 histories would drive the pool of r5.16xlarge in us-east-1b: `april`, `march`"]);
    let chosen = REPLAY.replace("152h", "1h").replace("instanceType: r5.16xlarge, zone", "traceId: march, zone");
    assert_eq!(Run::of(model_with(&chosen, &files, &[])).machines().len(), 1);
}

/// A record of Spot says nothing about on-demand instances of the same type.
#[test]
fn spt_018_a_record_does_not_limit_on_demand_instances() {
    let csv = "trace_id,zone,instance_type,offset_seconds,duration_seconds,available_instances,spot_usd_per_hour
t,us-east-1b,r5.16xlarge,0,20000,0,1.0
";
    let files = MemoryFiles::new().with("data:spot_availability_traces.csv", csv);
    let text = REPLAY.replace("152h", "1h").replace(
        "    launchTemplate: {instanceType: r5.16xlarge, instanceMarketOptions: {marketType: spot}}\n",
        "    mixedInstancesPolicy:
      launchTemplate: {overrides: [{instanceType: r5.16xlarge}]}
      instancesDistribution: {onDemandBaseCapacity: 1, onDemandPercentageAboveBaseCapacity: 0}\n",
    );
    let run = Run::of(model_with(&text, &files, &[]));
    let lives: Vec<f64> = run.machines().iter().map(|it| it.launched).collect();
    assert_eq!(lives, [0.0], "it runs on demand");
    assert_eq!(run.starts().len(), 1);
}

/// Fifty Spot instances of one type in one zone for half a year, each interrupted with 60 % within a month.
fn fleet(extra: &str) -> String {
    format!(
        "
simulation: {{duration: 180d, metricsPeriod: 1d}}
autoScalingGroups:
  - autoScalingGroupName: g
    minSize: 50
    maxSize: 50
    availabilityZones: [us-east-1b]
    launchTemplate: {{instanceType: m5.large, instanceMarketOptions: {{marketType: spot}}}}
behavior: {{spot: {{interruptions: {{band: \"60%\"{extra}}}}}}}
"
    )
}

#[test]
fn meas_072_meas_073_notices_of_a_pool_come_together_and_two_minutes_ahead() {
    let run = run(&fleet(""), &[]);
    let noticed: Vec<f64> = run.times(|fact| matches!(fact, Fact::SpotInterruptionNoticed { .. }));
    assert!(noticed.len() > 200, "{}", noticed.len());
    // An interruption with another one within three minutes before or after it, of those that are not alone in a day.
    let near = |at: f64, within: f64| noticed.iter().filter(|other| (**other - at).abs() <= within).count() > 1;
    let in_company: Vec<f64> = noticed.iter().copied().filter(|at| near(*at, 3_600.0)).collect();
    let together = in_company.iter().filter(|at| near(**at, 180.0)).count() as f64;
    holds("MEAS-073 percent of co-interruptions within 3 min", together / in_company.len() as f64 * 100.0, 92.0, 100.0);
    for it in run.machines().iter().filter(|it| it.reason == Some(TerminationReason::SpotInterruption)) {
        let ahead = it.terminated.expect("gone") - it.noticed.expect("told");
        assert!((ahead - 120.0).abs() < 0.001, "{ahead} s");
    }
}

#[test]
fn meas_074_spt_003_rebalance_recommendations_by_default() {
    let run = run(&fleet(""), &[]);
    let (mut before, mut with, mut leads, mut notices) = (0.0_f64, 0.0, Vec::new(), 0.0);
    let recommended = run.found(|fact| match *fact {
        Fact::RebalanceRecommended { instance } => Some(instance),
        _ => None,
    });
    for it in run.machines() {
        let Some(noticed) = it.noticed else { continue };
        // An instance that was there for less than the longest lead cannot show it.
        if noticed - it.launched < 9.0 * 3_600.0 {
            continue;
        }
        notices += 1.0;
        let first = recommended.iter().find(|(_, instance)| *instance == it.instance);
        match first {
            Some((at, _)) if noticed - at > 1_000.0 && noticed - at <= 32_400.0 => {
                before += 1.0;
                leads.push(noticed - at);
            }
            Some((at, _)) if noticed - at <= 1_000.0 => with += 1.0,
            _ => {}
        }
    }
    assert!(notices > 200.0, "{notices}");
    holds("MEAS-074 percent with a lead", before / (before + with) * 100.0, 50.0, 70.0);
    holds("MEAS-074 shortest lead, minutes", least(leads.iter().copied()) / 60.0, 17.0, 40.0);
    holds("MEAS-074 longest lead, hours", most(leads.iter().copied()) / 3_600.0, 4.0, 9.0);
    holds("MEAS-074 median lead, hours", median(leads) / 3_600.0, 1.3, 2.8);
}

/// MEAS-066, SPT-004: the notice is polled every second, so DRAINING follows it by 0.2 to 1.2 s.
#[test]
fn meas_066_spt_004_draining_follows_the_notice() {
    let text = format!(
        "{}capacityProviders: [{{name: cp, autoScalingGroupProvider: {{autoScalingGroup: g}}}}]\ncluster: {{capacityProviders: [cp]}}\n",
        fleet("")
    );
    let run = run(&text, &[]);
    let waits: Vec<f64> = run.machines().iter().filter_map(|it| Some(it.draining? - it.noticed?)).collect();
    assert!(waits.len() > 200);
    holds("spot_drain_delay, least", least(waits.iter().copied()), 0.2, 0.22);
    holds("spot_drain_delay, most", most(waits.iter().copied()), 1.18, 1.201);
    holds("spot_drain_delay, median", median(waits), 0.6, 0.8);
}
