//! Mistakes are found before a run, and verdicts are exact to the instant.

use std::sync::Arc;

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::{
    AttributeId, Definitions, Fact, InstanceId, Market, Rejection, ServiceId, StopReason, TaskStatus, ValueId,
};

use super::*;
use crate::metrics::fixture::{Names, Place, Story};

fn names() -> Names {
    Names {
        instances: vec![("A1", "us-east-1a", 4_096, 8_192, 0), ("m5.large-us-east-1b", "us-east-1b", 4_096, 8_192, 0)],
        families: vec![("job", 1_024, 2_048, 0)],
        services: vec![("my service", 0, 2), ("web", 0, 2)],
        sources: vec!["jobs"],
        groups: vec![("spot", 0, 10, 1, vec!["us-east-1a", "us-east-1b"])],
        providers: vec![("cp-spot", Some(0)), ("FARGATE", None)],
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
        "autoScalingGroups.spot.GroupDesiredCapacity == 1 and autoScalingGroups.spot.instances <= 20",
        "autoScalingGroups.spot.zones.us-east-1b == 0 and autoScalingGroups.spot.instanceTypes.m5.large == 0",
        "services.web.lastStoppedReason contains 'RESOURCE:CPU' and groups.service:web.lastStoppedReason == ''",
        "capacityProviders.cp-spot.CapacityProviderReservation <= 100% and capacityProviders.cp-spot.N == 1",
        "services.web.providers.cp-spot == 2 and groups.service:web.capacityProviders.FARGATE == 0",
        "containerInstances.spot-12.lifecycle == 'Terminating:Wait' or containerInstances.spot-1.market == spot",
        "containerInstances.spot-1.lifecycle != Warmed:Stopped",
        "services.web.instances.spot-3 == 0 and containerInstances.spot-3.groups.service:web == 0",
        "cluster.waitedForCapacity.p95 <= 5m and cluster.fargateCPU <= 4vCPU",
        "cluster.tasksLost.spotInterruption == 0 and cluster.tasksLost == 0",
        "stopCodes.SpotInterruption == 0 and callErrors.ResourceInUseException == 0",
        "cluster.timeToRunning.max < 2m and cluster.timeToRunning.max > 0",
        "cluster.cost <= 12.5 and cluster.costIdle / cluster.cost < 20% and cluster.costRatePerHour < 0.5",
        "services.web.cost + workload.jobs.cost + cluster.costIdle <= cluster.cost",
        "capacityProviders.cp-spot.cost < 1 and autoScalingGroups.spot.cost == capacityProviders.cp-spot.cost",
        "containerInstances.spot-1.cost + containerInstances.A1.cost > 0",
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
        ("autoScalingGroups.sopt.desiredCapacity == 4", 18..22, "unknown Auto Scaling group `sopt`", "`spot`"),
        (
            "workload.jobs.runningTasksCount == 4",
            14..31,
            "unknown metric `runningTasksCount`",
            "did you mean `RunningTaskCount`?",
        ),
        ("autoScalingGroups.spot.GroupDesired == 4", 23..35, "unknown metric", "an Auto Scaling group has"),
        (
            "autoScalingGroups.spot.instanceTypes.m5.larg == 4",
            37..39,
            "unknown instance type of the group",
            "`m5.large`",
        ),
        ("capacityProviders.cp.N == 4", 18..20, "unknown capacity provider `cp`", "`cp-spot`"),
        ("services.web.providers.cp-sopt == 4", 23..30, "unknown capacity provider", "did you mean `cp-spot`?"),
        // Names that can never exist: instances are numbered from 1 on, without zeros in front.
        ("containerInstances.spot-0.market == spot", 19..25, "unknown container instance `spot-0`", "`spot-1`"),
        ("containerInstances.spot-01.market == spot", 19..26, "unknown container instance `spot-01`", "`spot-1`"),
        ("containerInstances.sopt-3.market == spot", 19..25, "unknown container instance `sopt-3`", ""),
        ("containerInstances.cp-spot-1.market == spot", 19..28, "unknown container instance `cp-spot-1`", ""),
        ("containerInstances.spot-1.lifecycle == InServce", 39..47, "it is never `InServce`", "InService"),
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
fn flr_002_and_cas_009_the_last_reason_and_calls_turned_away() {
    let verdicts = judge(
        &[
            ("at end", "services.web.lastStoppedReason == 'TaskFailedToStart: RESOURCE:CPU'"),
            ("at 5s", "services.web.lastStoppedReason == ''"),
            ("at end", "workload.jobs.lastStoppedReason == ''"),
            ("at end", "callErrors.ClientException == 1 and cluster.refusedCalls == 1"),
            ("at end", "workload.jobs.placementFailures == 1 and cluster.placementFailures == 0"),
        ],
        |story| {
            story.associate_all().create_service(WEB);
            story.at(1_000);
            let waiting = story.create_for(WEB, 0, Place::Nowhere);
            story.ask(0, 0, 3);
            let by = ecsim_cluster::fact::HeldBack::ProvisioningQuota;
            story.fact(Fact::RequestRefused { source: ecsim_cluster::SourceId::new(0), ordinal: 0, count: 3, by });
            story.at(10_000);
            let reason = StopReason::NoCapacity(ecsim_cluster::Unprovisioned::Rejected(Rejection::Cpu));
            story.fact(Fact::TaskStopRequested { task: waiting, reason });
            story.end(40_000);
        },
    );
    for verdict in &verdicts {
        assert!(verdict.passed, "{verdict:?}");
    }
}

#[test]
fn asg_002_instances_are_found_when_they_are_launched() {
    let verdicts = judge(
        &[
            ("eventually", "containerInstances.spot-2.lifecycle == InService"),
            ("at 10s", "containerInstances.spot-2.lifecycle == Pending and containerInstances.spot-2.status == ABSENT"),
            ("at 5s", "containerInstances.spot-2.status == ABSENT"),
            ("at end", "containerInstances.spot-1.lifecycle == Terminated and containerInstances.spot-1.terminated"),
            ("at end", "containerInstances.spot-2.market == on-demand"),
            ("at end", "containerInstances.spot-2.capacityProvider == cp-spot"),
            ("at end", "containerInstances.spot-2.groups.service:web == 1 and services.web.instances.spot-2 == 1"),
            ("at 10s", "containerInstances.spot-2.groups.service:web == 0"),
            ("at end", "services.web.providers.cp-spot == 1 and services.web.providers.FARGATE == 1"),
            ("at end", "cluster.providers.FARGATE == 1 and services.web.zones.us-east-1b == 1"),
            ("at end", "services.web.placements == [FARGATE, spot-2]"),
            ("at end", "autoScalingGroups.spot.zones.us-east-1b == 1 and autoScalingGroups.spot.zones.us-east-1a == 0"),
            ("at end", "autoScalingGroups.spot.instanceTypes.m5.large == 1"),
            ("max", "autoScalingGroups.spot.GroupTotalInstances <= 2"),
            ("at end", "capacityProviders.cp-spot.waitingTasks == 0 and capacityProviders.cp-spot.runningCount == 1"),
            ("max", "cluster.tasksProvisioning == 1"),
            ("at end", "cluster.waitedForCapacity.max == 19s"),
            ("at end", "containerInstances.spot-3.status == ACTIVE"),
        ],
        |story| {
            story.associate_all().create_service(WEB);
            story.at(1_000);
            let waiting = story.create_for(WEB, 0, Place::Nowhere);
            let fargate = story.create_for(WEB, 1, Place::Fargate(0));
            let first = story.launch(0, Market::Spot);
            story.at(10_000);
            let second = story.launch(1, Market::OnDemand);
            story.at(20_000).serves(first).serves(second);
            story.give(waiting, second).run(waiting);
            story.fact(Fact::TaskStatusChanged { task: fargate, to: TaskStatus::Running });
            story.at(30_000).terminates(first, TerminationReason::ScaleIn);
            story.end(40_000);
        },
    );
    for (at, verdict) in verdicts.iter().enumerate() {
        assert_eq!(verdict.passed, at != 2 && at != 17, "{verdict:?}");
    }
    assert_eq!(
        verdicts[2].message, "at 00:00:05: containerInstances.spot-2.status is missing, expected == ABSENT",
        "it has no value before it is launched"
    );
}

#[test]
fn a_share_beside_a_percentage_is_meant_in_percent() {
    let share = "services.web.runningCount / (2 * cluster.RunningTaskCount)";
    let right = ["== 50%", "== 0.5", "< 51%", "== 49% +- 1%", "> 0.49", "+ 1 / 4 == 0.75"];
    let wrong = ["== 0.5%", "> 51%", "< 0.4", "== 45% +- 1%", "< 20%"];
    for (demands, holds) in [(right.as_slice(), true), (wrong.as_slice(), false)] {
        for demand in demands {
            let expression = format!("{share} {demand}");
            let verdict = &judge(&[("at 30s", &expression)], crash)[0];
            assert_eq!(verdict.passed, holds, "{verdict:?}");
        }
    }
    let entries =
        [("mean from 10s to 60s", format!("{share} == 50% +- 1%")), ("max from 10s to 60s", format!("{share} < 20%"))];
    let entries: Vec<(&str, &str)> = entries.iter().map(|(when, what)| (*when, what.as_str())).collect();
    let verdicts = judge(&entries, crash);
    assert!(verdicts[0].passed && !verdicts[1].passed, "{verdicts:?}");
    let message = &verdicts[1].message;
    assert!(message.contains("is 50% (first at 00:00:10), expected") && message.ends_with("< 20%"), "{verdicts:?}");
    // A number that is a percentage already stays what it is.
    assert!(judge(&[("at 30s", "cluster.CPUReservation / 2 < 100%")], crash)[0].passed);
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

#[test]
fn bil_010_costs_are_judged_at_the_end_of_periods_and_exactly_at_the_end() {
    let definitions = definitions();
    let entries = [
        ("at end", "cluster.cost == 0.400656 +- 0.000001"),
        ("at end", "services.web.cost == 0.05 and workload.jobs.cost == 0"),
        ("at end", "capacityProviders.cp-spot.cost == autoScalingGroups.spot.cost"),
        ("at 1h", "cluster.costRatePerHour == 0.2"),
        ("max", "cluster.costRatePerHour <= 0.24"),
        ("always", "cluster.cost <= 0.3"),
        ("at end", "containerInstances.spot-1.cost < 0.04"),
    ];
    let judged = |costs: Option<SharedLedger>| {
        let expectations = Expectations::parse(&entries, &definitions).unwrap();
        let cluster = ecsim_cluster::Cluster::new(Arc::clone(&definitions));
        let watch = expectations.watch_with_costs(&cluster, costs.as_ref());
        let mut story = Story::new(&definitions, watch);
        story.associate_all().register_all().create_service(1).place_service(1, 0);
        story.at(1_800_000).period().at(3_600_000).period();
        // After an hour, a minute of Spot and its volume.
        let instance = story.launch(0, Market::Spot);
        let reason = TerminationReason::User;
        story.at(3_660_000).fact(Fact::InstanceTerminated { instance, reason });
        story.at(7_200_000).period().end(7_200_000);
        story.observer.finish()
    };
    let book = Arc::new(crate::cost::ledger::tests::book());
    let verdicts = judged(SharedLedger::new(&definitions, &book));
    let failed: Vec<_> = verdicts.iter().filter(|it| !it.passed).map(|it| (it.entry, it.message.as_str())).collect();
    // Two c4.large for two hours, 0.0006 and 0.0000555...; a quarter of one of them is the service's.
    assert_eq!(failed, [(5, "at 02:00:00: cluster.cost is 0.400656, expected <= 0.3")]);
    let without = judged(None);
    assert!(without.iter().all(|it| !it.passed) && without[0].message.contains("is missing"), "{without:#?}");
}
