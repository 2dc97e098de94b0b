//! Mistakes are found before a run, and verdicts are exact to the instant.

use std::sync::Arc;

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{AttributeId, Definitions, Fact, InstanceId, Rejection, ServiceId, StopReason, ValueId};

use super::*;
use crate::metrics::fixture::{Names, Story};

fn names() -> Names {
    Names {
        instances: vec![("A1", "us-east-1a", 4_096, 8_192, 0), ("m5.large-us-east-1b", "us-east-1b", 4_096, 8_192, 0)],
        families: vec![("job", 1_024, 2_048, 0)],
        services: vec![("my service", 0, 2), ("web", 0, 2)],
        sources: vec!["jobs"],
    }
}

fn definitions() -> Arc<Definitions> {
    names().definitions()
}

fn error(quantifier: &str, expression: &str) -> ExpectError {
    let mut errors = Expectations::parse(&[(quantifier, expression)], &definitions()).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

#[test]
fn all_kinds_of_paths_are_found() {
    for expression in [
        "services.web.runningCount == 4",
        "services.web.RunningTaskCount == 4",
        "services.'my service'.desiredCount == services.web.desiredCount",
        "services.web.zones.us-east-1a == 1 and services.web.instances.A1 == 1",
        "services.web.instances.m5.large-us-east-1b == 1",
        "containerInstances.'m5.large-us-east-1b'.remaining.memory >= 2GiB",
        "containerInstances.A1.status == ACTIVE",
        "containerInstances.A1.agentConnected == true or not containerInstances.A1.agentConnected",
        "containerInstances.A1.groups.'service:web' == 1",
        "containerInstances.A1.groups.service:web == 1",
        "containerInstances.A1.attributes.role == edge",
        "containerInstances.A1.ports == [22, 80, 2375]",
        "zones.us-east-1a.CPUReservation < 80%",
        "zones.us-east-1a.CPUReservation < 80",
        "workload.jobs.timeToRunning.p95 <= 90s",
        "workload.jobs.instances.A1 + workload.jobs.zones.us-east-1b == 3",
        "failures.'RESOURCE:CPU' == 2 and failures.RESOURCE:MEMORY == 0 and failures.MISSING == 0",
        "cluster.failures.'MemberOf placement constraint unsatisfied.' == 2",
        "services.web.failures.DistinctInstance > 0",
        "stopCodes.TaskFailedToStart == 0 and exitCodes.137 == 0 and callErrors.InvalidParameterException == 0",
        "services.web.events contains \"unable to place\"",
        "not (services.web.events contains 'steady state')",
        "services.web.events.count == 1",
        "count(services.web.events contains \"unable\") == 1",
        "services.web.events.last contains RESOURCE",
        "services.web.placements == [A1, B1, A1]",
        "groups.'family:job'.liveTasks == 0 && groups.family:job.instances.A1 == 0",
        "(cluster.RunningTaskCount + cluster.PendingTaskCount) * 2 / 4 >= -1",
        "cluster.CPUReservation == 55.56% +- 0.01",
        "cluster.RunningTaskCount == 100 +- 10%",
        "cluster.timeToRunning.max < 2m and cluster.timeToRunning.max > 0",
    ] {
        if let Err(errors) = Expectations::parse(&[("always", expression)], &definitions()) {
            panic!("{expression}: {errors:?}");
        }
    }
}

#[test]
fn mistakes_name_the_place_and_what_would_be_right() {
    for (expression, span, message, help) in [
        ("services.web.runingCount == 4", 13..24, "unknown metric `runingCount`", "did you mean `runningCount`?"),
        ("services.wbe.runningCount == 4", 9..12, "unknown service `wbe`", "did you mean `web`?"),
        ("services.elsewhere.x == 4", 9..18, "unknown service `elsewhere`", "there is `my service`, `web`"),
        ("service == 4", 0..12, "a text cannot be compared with a number", "a path begins with"),
        ("clutser.RunningTaskCount == 4", 0..7, "unknown name `clutser`", "did you mean `cluster`?"),
        ("cluster.RunningTaskCount", 0..24, "a number is neither", "compare it"),
        ("cluster.RunningTaskCount = 4", 25..26, "`=` is not a comparison", "write `==`"),
        ("cluster.RunningTaskCount == 4 5", 30..31, "`5` is not expected here", "joined by"),
        ("cluster.RunningTaskCount == 20%", 0..31, "a number and a number of percent", ""),
        ("workload.jobs.timeToRunning.p95 < 90", 34..36, "a span of time needs a unit", "90s"),
        ("containerInstances.A1.status == ACTVE", 32..37, "it is never `ACTVE`", "did you mean ACTIVE?"),
        ("containerInstances.A1.status > ACTIVE", 29..30, "texts have no order", ""),
        ("services.web.events == 4", 0..24, "a list of events cannot be compared", "count"),
        ("services.web.zones.us-east-1z == 4", 19..29, "unknown zone", "did you mean `us-east-1a`?"),
        ("services.web == 4", 0..12, "it is not said what of a service is meant", "RunningTaskCount"),
        ("services == 4", 0..8, "the name of a service is missing", "`web`"),
        ("failures.RESOURCE:CPUS == 4", 9..22, "unknown failure reason", "RESOURCE:CPU"),
        ("exitCodes.oops == 4", 10..14, "`oops` is not an exit code", "137"),
        ("stopCodes.TaskFailedToStarts == 4", 10..28, "unknown stop code", "TaskFailedToStart"),
        ("(cluster.RunningTaskCount == 4", 0..1, "never closed", ""),
        ("1 <= cluster.RunningTaskCount <= 4", 30..32, "two comparisons in a row", "and"),
        ("cluster.RunningTaskCount == ", 28..28, "breaks off", ""),
        ("", 0..0, "the expression is empty", ""),
        ("cluster.RunningTaskCount < 4 +- 1", 25..26, "`+-` goes with", ""),
        ("services.web.events contains 4", 0..30, "`contains` looks for a text", ""),
        ("count(cluster.tasksLost) == 1", 6..23, "`count` counts events", ""),
    ] {
        let found = error("always", expression);
        assert_eq!(found.part, Part::Expression);
        assert!(found.message.contains(message), "{expression}: {found:?}");
        assert!(found.help.as_deref().unwrap_or("").contains(help), "{expression}: {found:?}");
        assert_eq!(found.span, span, "{expression}: {found:?}");
    }
    assert_eq!(error("sometimes", "cluster.tasksLost == 0").part, Part::Quantifier);
    assert!(error("always", "1 + 1 == 2").message.contains("reads nothing"));
    assert!(error("max", "cluster.tasksLost == 0 and true").message.contains("one comparison"));
    assert!(error("max", "cluster.tasksLost == cluster.tasksLost").message.contains("fixed"));
    assert!(error("max", "cluster.tasksLost == 4 +- services.web.desiredCount").message.contains("fixed"));
}

#[test]
fn every_mistake_of_every_entry_is_found() {
    let entries = [
        ("at 10m", "services.web.runingCount == services.wbe.runningCount"),
        ("alwys", "cluster.tasksLost ="),
        ("always", "cluster.tasksLost == 0"),
    ];
    let errors = Expectations::parse(&entries, &definitions()).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.entry).collect::<Vec<_>>(), [0, 0, 1, 1]);
}

#[test]
fn nobody_can_make_the_parser_fall_over() {
    let deep = format!("{}cluster.tasksLost == 0{}", "(".repeat(5_000), ")".repeat(5_000));
    let long = format!("true{}", " and true".repeat(5_000));
    let nots = "not ".repeat(900) + "true";
    for text in
        [deep.as_str(), &long, &nots, "....", "a.", "'", "\\", "é == ü", "1e999 == 2", "- - -", "[[[", "count(", "]"]
    {
        assert!(Expectations::parse(&[("always", text)], &definitions()).is_err(), "{text}");
    }
}

/// The verdicts on a story.
fn judge(entries: &[(&str, &str)], tell: impl FnOnce(&mut Story<Watch>)) -> Vec<Verdict> {
    let definitions = definitions();
    let expectations = match Expectations::parse(entries, &definitions) {
        Ok(expectations) => expectations,
        Err(errors) => panic!("{errors:?}"),
    };
    let before = ecsim_cluster::Cluster::new(Arc::clone(&definitions));
    let mut story = Story::new(&definitions, expectations.watch(&before));
    tell(&mut story);
    story.observer.finish()
}

const WEB: u32 = 1;

/// Two tasks run from 10 s on; one crashes at 60 s, is replaced, and runs again at 90 s.
fn crash(story: &mut Story<Watch>) {
    story.register_all().create_service(WEB);
    story.at(2_000);
    let first = story.place_service(WEB, 0);
    let second = story.place_service(WEB, 1);
    story.at(10_000).run(first).run(second);
    story.at(60_000).exits(first, 1);
    let third = story.place_service(WEB, 1);
    story.period();
    story.at(90_000).run(third);
    story.at(120_000).period().end(120_000);
}

#[track_caller]
fn check(entries: &[(&str, &str, Option<&str>)]) {
    let plain: Vec<(&str, &str)> = entries.iter().map(|(when, what, _)| (*when, *what)).collect();
    for (verdict, (when, what, failure)) in judge(&plain, crash).iter().zip(entries) {
        assert_eq!(verdict.passed, failure.is_none(), "{when}: {what}: {verdict:?}");
        if let Some(failure) = failure {
            assert_eq!(verdict.message, *failure, "{when}: {what}");
        }
    }
}

#[test]
fn at_a_time() {
    check(&[
        ("at 10s", "services.web.runningCount == 2", None),
        // At the very instant both the state before and, within 50 ms, the state after count.
        ("at 60s", "services.web.runningCount == 1", None),
        ("at 9.96s", "services.web.runningCount == 2", None),
        (
            "at 9.9s",
            "services.web.runningCount == 2",
            Some("at 00:00:09.900: services.web.runningCount is 0, expected == 2"),
        ),
        (
            "at 70s",
            "services.web.runningCount == 2",
            Some("at 00:01:10: services.web.runningCount is 1, expected == 2"),
        ),
        (
            "at 70s",
            "services.web.runningCount == services.web.desiredCount",
            Some(
                "at 00:01:10: services.web.runningCount is 1, services.web.desiredCount is 2, expected services.web.runningCount == services.web.desiredCount",
            ),
        ),
        ("at 2m", "services.web.runningCount == 2", None),
        ("at 3m", "services.web.runningCount == 2", Some("the run ended at 00:02:00, before 00:03:00")),
        ("at end", "services.web.tasksStopped == 1", None),
        (
            "finally",
            "services.web.tasksStopped == 0",
            Some("at the end (00:02:00): services.web.tasksStopped is 1, expected == 0"),
        ),
        ("at end", "services.web.timeToRunning.max == 30s", None),
        ("at end", "cluster.CPUReservation == 25%", None),
    ]);
}

#[test]
fn always_never_and_windows() {
    check(&[
        ("always", "services.web.runningCount <= 2", None),
        (
            "always",
            "services.web.runningCount >= 1",
            Some("at 00:00:00: services.web.runningCount is 0, expected >= 1"),
        ),
        ("always from 10s", "services.web.runningCount >= 1", None),
        ("from 10s to 60s", "services.web.runningCount == 2", None),
        ("from 9.97s to 60s", "services.web.runningCount == 2", None),
        (
            "from 10s to 61s",
            "services.web.runningCount == 2",
            Some("at 00:01:00: services.web.runningCount is 1, expected == 2"),
        ),
        ("after 90s", "services.web.runningCount == 2", None),
        ("from 90s to 5m", "services.web.runningCount == 2", Some("the run ended at 00:02:00, before 00:05:00")),
        ("after 5m", "services.web.runningCount == 2", Some("the run ended at 00:02:00, before 00:05:00")),
        ("until 2s", "services.web.runningCount + services.web.pendingCount == 0", None),
        ("never", "services.web.runningCount > 2", None),
        (
            "never",
            "services.web.runningCount == 1",
            Some("at 00:01:00: services.web.runningCount is 1, expected never == 1"),
        ),
        (
            "never after 70s",
            "services.web.runningCount == 2",
            Some("at 00:01:30: services.web.runningCount is 2, expected never == 2"),
        ),
        // Without GPUs the reservation has no value: neither kept nor broken.
        (
            "always",
            "cluster.GPUReservation < 50%",
            Some("it had no value at any moment in question: cluster.GPUReservation is missing"),
        ),
        ("always", "cluster.GPUReservation < 50% or cluster.tasksLost == 0", None),
    ]);
}

#[test]
fn eventually_and_by() {
    check(&[
        ("eventually", "services.web.runningCount == 2", None),
        ("by 10s", "services.web.runningCount == 2", None),
        (
            "by 9s",
            "services.web.runningCount == 2",
            Some("not by 00:00:09: services.web.runningCount is 0, expected == 2"),
        ),
        ("by 5m", "services.web.runningCount == 2", None),
        (
            "by 5m",
            "services.web.runningCount == 3",
            Some(
                "not so far, and the run ended at 00:02:00, before 00:05:00: services.web.runningCount is 2, expected == 3",
            ),
        ),
        ("eventually after 70s", "services.web.runningCount == 1", None),
        ("eventually", "services.web.stopCodes.EssentialContainerExited == 1 and services.web.exitCodes.1 == 1", None),
        (
            "eventually",
            "services.web.runningCount == 3",
            Some("not by 00:02:00: services.web.runningCount is 2, expected == 3"),
        ),
    ]);
}

#[test]
fn statistics_are_weighted_by_time() {
    check(&[
        ("max", "services.web.runningCount == 2", None),
        ("max over 5s", "services.web.runningCount == 0", None),
        (
            "max",
            "services.web.runningCount < 2",
            Some("max: services.web.runningCount is 2 (first at 00:00:10), expected < 2"),
        ),
        ("min from 10s", "services.web.runningCount == 1", None),
        // 10 s of 0, 50 s of 2, 30 s of 1, 30 s of 2: 190 / 120.
        ("mean", "services.web.runningCount == 1.5833 +- 0.0001", None),
        ("mean over 60s from 30s", "services.web.runningCount == 1.5", None),
        (
            "mean over 1m",
            "services.web.runningCount > 1.9",
            Some("mean over 1m: services.web.runningCount is 1.6667, expected > 1.9"),
        ),
        ("p50", "services.web.runningCount == 2", None),
        ("p33", "services.web.runningCount == 1", None),
        ("p8", "services.web.runningCount == 0", None),
        ("max", "services.web.runningCount + services.web.pendingCount <= 2", None),
        ("max", "2 >= services.web.runningCount", None),
        ("max over 1h", "services.web.runningCount <= 2", Some("the run ended at 00:02:00, before 01:00:00")),
    ]);
}

#[test]
fn a_state_that_lasts_no_time_counts_for_nothing() {
    let verdicts = judge(
        &[
            ("never", "cluster.PendingTaskCount == 1"),
            ("max", "cluster.PendingTaskCount == 0"),
            ("always", "cluster.tasksPlaced <= 1"),
        ],
        |story| {
            story.register_all().ask(0, 0, 1);
            let task = story.place_copy(0, 0, 0, 0);
            story.run(task).end(1_000);
        },
    );
    assert!(verdicts.iter().all(|verdict| verdict.passed), "{verdicts:?}");
}

#[test]
fn lists_events_attributes_and_failures() {
    let verdicts = judge(
        &[
            ("at end", "workload.jobs.placements == [A1, m5.large-us-east-1b, A1]"),
            ("at end", "workload.jobs.stops == [A1]"),
            ("at end", "workload.jobs.instances.A1 == 1 and workload.jobs.zones.us-east-1a == 1"),
            ("at end", "groups.family:job.liveTasks == 2 and containerInstances.A1.groups.family:job == 1"),
            ("at end", "services.web.events contains 'insufficient CPU units available'"),
            (
                "at end",
                "count(services.web.events contains \"unable to place\") == 1 and services.web.events.count == 2",
            ),
            ("at end", "services.web.events.last contains \"steady state\""),
            ("at 1s", "containerInstances.A1.attributes.role == edge"),
            ("at end", "failures.RESOURCE:CPU == 3 and workload.jobs.failures.RESOURCE:MEMORY == 1"),
            ("at end", "workload.jobs.placementFailures == 2 and cluster.tasksUnplaced == 2"),
            ("by 1s", "containerInstances.A1.attributes.role == edge"),
            ("at 0s", "containerInstances.A1.attributes.role == edge"),
        ],
        |story| {
            story.register_all().ask(0, 0, 3);
            let first = story.place_copy(0, 0, 0, 0);
            story.place_copy(0, 1, 0, 1);
            story.place_copy(0, 2, 0, 0);
            story.at(1_000).fact(Fact::AttributePut {
                instance: InstanceId::new(0),
                attribute: AttributeId::new(0),
                value: Some(ValueId::new(0)),
            });
            story.ask_to_stop(first, StopReason::UserInitiated(None));
            story.unplaced(0, 3, &[Rejection::Cpu, Rejection::Cpu], 0);
            story.unplaced(0, 3, &[Rejection::Cpu, Rejection::Memory], 1);
            let service = ServiceId::new(WEB);
            let closest = Some((InstanceId::new(0), Rejection::Cpu));
            story.fact(Fact::ServiceEvent { service, event: ServiceEvent::PlacementFailed { closest } });
            story.at(2_000).fact(Fact::ServiceEvent { service, event: ServiceEvent::SteadyState });
            story.end(3_000);
        },
    );
    for verdict in &verdicts[..11] {
        assert!(verdict.passed, "{verdict:?}");
    }
    assert_eq!(verdicts[11].message, "at 00:00:00: containerInstances.A1.attributes.role is missing, expected == edge");
}

#[test]
fn the_horizon_is_the_latest_time_named() {
    let definitions = definitions();
    let expectations = Expectations::parse(
        &[("always", "containerInstances.A1.status == ACTIVE"), ("at 10m", "cluster.tasksLost == 0")],
        &definitions,
    )
    .unwrap();
    assert_eq!(expectations.horizon().ms(), 600_000);
    assert_eq!(expectations.len(), 2);
    assert!(!expectations.is_empty());
}
