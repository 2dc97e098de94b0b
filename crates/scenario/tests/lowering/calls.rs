//! What happens during a run: entries of the timeline become calls; sources of tasks and how they call.

use ecsim_engine::model::{Arrivals, Call, InstanceSelector, WhenUnplaced};
use ecsim_kernel::{SimTime, Span};

use crate::kit::*;

const FLEET: &str = "containerInstances: [{name: a, instanceType: m5.large, count: 2}, {name: a-x, instanceType: m5.large}, {name: b, instanceType: m5.large}]\n";

/// The instances that a `stopInstances` call names.
#[track_caller]
fn named(selector: &str) -> Vec<String> {
    let model = model(&format!("{FLEET}timeline: [{{at: 1s, stopInstances: {{containerInstances: {selector}}}}}]\n"));
    let (_, call) = model.timeline[0];
    match &model.calls[call] {
        Call::StopInstances { instances: InstanceSelector::Named(ids) } => {
            ids.iter().map(|id| model.definitions.instances[*id].name.clone()).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_entry_stands_for_all_of_its_instances() {
    assert_eq!(named("b"), ["b"]);
    assert_eq!(named("a"), ["a-1", "a-2"]);
    assert_eq!(named("[a-2, b, a]"), ["a-2", "b", "a-1", "a-2"]);
    check(
        &format!(
            "{FLEET}timeline: [{{at: 1s, stopInstances: {{containerInstances: [a-3, c]}}}}, {{at: 1s, stopInstances: {{containerInstances: {{name: d}}}}}}]\n"
        ),
        &[
            "E301 2:58 unknown container instance `a-3`",
            "E301 2:63 unknown container instance `c`",
            "E301 2:121 unknown container instance `d`",
        ],
    );
    check(
        &format!(
            "{FLEET}timeline: [{{at: 1s, stopInstances: {{containerInstances: {{availabilityZone: us-east-1f}}}}}}]\n"
        ),
        &["E301 2:76 unknown zone of this scenario `us-east-1f` (did you mean `us-east-1a`?)"],
    );
}

#[test]
fn plc_059_start_task_knows_missing_instances_and_no_filters() {
    let text = |instances: &str| {
        format!("{FLEET}{T}timeline: [{{at: 1s, startTask: {{taskDefinition: t, containerInstances: {instances}}}}}]\n")
    };
    check(
        &text("[b, zz]"),
        &["W373 3:76 no container instance is called `zz`: StartTask will answer MISSING (PLC-059)"],
    );
    check(&text("{filter: 'attribute:ecs.os-type exists'}"), &["E373 3:72 StartTask names its container instances"]);
    assert_eq!(run(&text("a")).placed(), ["a-1", "a-2"]);
    assert_eq!(run(&text("[b, b]")).placed(), ["b", "b"]);
}

#[test]
fn calls_are_made_in_order_of_time_and_then_of_the_file() {
    let text = "timeline: [{at: 9s, deleteService: {service: s}}, {at: 1s, updateService: {service: s, desiredCount: 1}}, {at: 1s, updateService: {service: s, desiredCount: 2}}]\n";
    let model = accepted(&format!("{A1}{T}services: [{{serviceName: s, taskDefinition: t}}]\n{text}"));
    let calls: Vec<String> = model
        .timeline
        .iter()
        .map(|(at, call)| match &model.calls[*call] {
            Call::UpdateService { desired_count, .. } => format!("{} {desired_count:?}", at.ms()),
            Call::DeleteService { .. } => format!("{} delete", at.ms()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(calls, ["1000 Some(1)", "1000 Some(2)", "9000 delete"]);
}

#[test]
fn an_entry_of_the_timeline_has_one_action_and_lies_in_the_run() {
    check(
        "simulation: {duration: 1m}\ntimeline: [{at: 1s}, {at: 2m, connectAgent: {containerInstances: a}}]\ncontainerInstances: [{name: a, instanceType: m5.large}]\n",
        &[
            "E371 2:12 an entry of the timeline needs an action (one of: runTask, startTask",
            "W370 2:27 this lies after the end of the run, so it never happens",
        ],
    );
    check(
        "containerInstances: [{name: a, instanceType: m5.large}]\ntimeline: [{at: 1s, connectAgent: {containerInstances: a}, stopInstances: {containerInstances: a}}]\n",
        &["E371 2:12 an entry of the timeline has exactly one action, not stopInstances and connectAgent"],
    );
    rejected("timeline: [{at: 1s, stopTask: {task: {}}}]\n", "E374", "which tasks?");
    let protection = |minutes: u32| {
        format!(
            "{A1}{T}services: [{{serviceName: s, taskDefinition: t}}]\ntimeline: [{{at: 1s, updateTaskProtection: {{tasks: {{service: s}}, protectionEnabled: true, expiresInMinutes: {minutes}}}}}]\n"
        )
    };
    accepted(&protection(2880));
    for minutes in [0, 2881] {
        rejected(
            &protection(minutes),
            "E372",
            &format!("{minutes} minutes of protection; 1 to 2880 are possible (SVC-028)"),
        );
    }
}

#[test]
fn instances_join_with_the_timeline() {
    let text = "simulation: {duration: 1m, latencies: none}\ntimeline: [{at: 10s, registerContainerInstances: {name: late, instanceType: m5.large, count: 2, joinAt: 5s}}, {at: 30s, terminateInstances: {containerInstances: late-1}}]\n";
    let run = run(text);
    let joins: Vec<u64> = run.model.definitions.instances.values().map(|it| it.join_at.ms()).collect();
    assert_eq!(joins, [15_000, 15_000]);
    assert_eq!(run.sim.cluster().totals().registered_instances, 1);
}

/// A workload entry `w` with these fields.
fn workload(fields: &str) -> String {
    format!("{A1}{T}workload: [{{name: w, runTask: {{taskDefinition: t}}, {fields}}}]\n")
}

#[test]
fn sources_call_at_times_or_again_and_again() {
    let arrivals = |fields: &str| {
        let model = accepted(&workload(fields));
        source(&model, "w").arrivals.clone()
    };
    match arrivals("at: [9s, 0s]") {
        Arrivals::At(times) => assert_eq!(times, [SimTime::ZERO, SimTime::from_ms(9_000)]),
        other => panic!("{other:?}"),
    }
    match arrivals("every: 10m, from: 1m, until: 1h, limit: 3") {
        Arrivals::Renewal { interval, first_at_start: true, from, until, limit: 3 } => {
            assert_eq!((interval.mean(), from.ms(), until.ms()), (600.0, 60_000, 3_600_000));
        }
        other => panic!("{other:?}"),
    }
    match arrivals("every: {poisson: {ratePerHour: 40}}") {
        Arrivals::Renewal { interval, first_at_start: false, .. } => assert!((interval.mean() - 90.0).abs() < 1e-9),
        other => panic!("{other:?}"),
    }
    match arrivals("every: {interval: {lognormal: {median: 1m, p95: 5m}}}") {
        Arrivals::Renewal { interval, first_at_start: false, .. } => {
            assert!((interval.quantile(0.5) - 60.0).abs() < 1e-6)
        }
        other => panic!("{other:?}"),
    }
}

/// A schedule of EventBridge is due in the whole run, on the days it is due, by the clock of its zone.
#[test]
fn schedules_of_eventbridge_repeat_for_the_whole_run() {
    let fields = "scheduleExpression: cron(0 9 ? * MON-FRI *), scheduleExpressionTimezone: Europe/Berlin";
    // The first of January 2026 is a Thursday.
    let text = format!("simulation: {{start: 2026-01-01T00:00:00Z, duration: 6d}}\n{}", workload(fields));
    let model = accepted(&text);
    let Arrivals::At(times) = &source(&model, "w").arrivals else { panic!("fixed times") };
    let hours: Vec<u64> = times.iter().map(|time| time.ms() / 3_600_000).collect();
    assert_eq!(hours, [8, 32, 104, 128]);
    let text = format!("simulation: {{duration: 3h}}\n{}", workload("scheduleExpression: rate(1 hour)"));
    let model = accepted(&text);
    let Arrivals::At(times) = &source(&model, "w").arrivals else { panic!("fixed times") };
    assert_eq!(times.iter().map(|time| time.ms() / 60_000).collect::<Vec<_>>(), [60, 120]);
}

#[test]
fn sources_that_cannot_be() {
    for (fields, message) in [
        ("limit: 3", "workload `w` needs exactly one of `at`, `every`, `scheduleExpression` and `trace`"),
        ("at: 1s, every: 1s", "workload `w` needs exactly one of `at`, `every`, `scheduleExpression` and `trace`"),
    ] {
        let found = problems(&workload(fields));
        assert!(found.iter().any(|line| line.contains(message)), "{found:?}");
    }
    for (fields, code, message) in [
        ("at: 1s, until: 1h", "E362", "`until` goes with `every` only"),
        ("at: 1s, from: 1s", "E362", "`from` goes with `every` only"),
        ("at: 1s, limit: 1", "E362", "`limit` goes with `every` only"),
        ("every: 1s, from: 5s, until: 5s", "E362", "`until` is not after `from`: nothing would ever arrive"),
        ("every: 0s", "E362", "an interval below one millisecond: the run would never get past its first instant"),
        (
            "every: {poisson: {ratePerHour: 1e12}}",
            "E362",
            "a Poisson process needs a rate above 0 and at most 3600000 an hour",
        ),
        (
            "at: 1s, scheduleExpressionTimezone: UTC",
            "E362",
            "`scheduleExpressionTimezone` goes with `scheduleExpression` only",
        ),
        (
            "scheduleExpression: cron(0 9 * * *)",
            "E397",
            "cron has 6 fields (minute hour day-of-month month day-of-week year), not 5",
        ),
        ("at: 1s, whenUnplaced: {retry: {every: 0s}}", "E363", "a retry without a wait would never end"),
    ] {
        rejected(&workload(fields), code, message);
    }
    check(
        &format!(
            "{A1}{T}workload:\n- {{runTask: {{taskDefinition: t}}, at: 1s}}\n- {{runTask: {{taskDefinition: t}}, at: 2s}}\n"
        ),
        &["E302 5:3 two workload entries are called `t` (give each a `name` of its own)"],
    );
}

// proves: PLC-057
#[test]
fn plc_057_what_the_caller_does_about_a_failure() {
    let of = |fields: &str| {
        let model = accepted(&workload(&format!("at: 1s{fields}")));
        source(&model, "w").when_unplaced.clone()
    };
    assert!(matches!(of(""), WhenUnplaced::Drop));
    assert!(matches!(of(", whenUnplaced: drop"), WhenUnplaced::Drop));
    assert!(matches!(of(", whenUnplaced: queue"), WhenUnplaced::Queue));
    match of(", whenUnplaced: {retry: {every: 30s, backoff: 2.0, maxInterval: 5m, maxAttempts: 10}}") {
        WhenUnplaced::Retry { every, backoff, max_interval, max_attempts: 10 } => {
            assert_eq!((every, backoff, max_interval), (Span::from_secs(30), 2.0, Span::from_mins(5)));
        }
        other => panic!("{other:?}"),
    }
}
