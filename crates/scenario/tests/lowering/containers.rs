//! How containers wait for one another, are checked, and start again (TSK-021 to TSK-023, TSK-030, TSK-040).

use ecsim_cluster::definitions::{ContainerDependency, DependencyCondition, HealthCheck, RestartPolicy};
use ecsim_kernel::Span;

use crate::kit::*;
use crate::settings::always;

const BEFORE: &str = "taskDefinitions: [{family: t, containerDefinitions: [";

/// A task definition of these containers, and the column behind the mark `^`, which is taken out.
fn containers(text: &str) -> (String, usize) {
    let column = text.find('^').map_or(0, |at| BEFORE.len() + at + 1);
    (format!("{BEFORE}{}]}}]\n", text.replace('^', "")), column)
}

/// Exactly one problem, at the mark.
#[track_caller]
fn wrong(text: &str, code: &str, message: &str) {
    let (text, column) = containers(text);
    check(&text, &[&format!("{code} 1:{column} {message}")]);
}

#[test]
fn tsk_021_what_a_container_waits_for() {
    let (text, _) = containers(
        "{name: a, memory: 9, essential: false, startTimeout: 90, healthCheck: {command: [CMD, x]}}, \
         {name: b, memory: 9, dependsOn: [{containerName: a, condition: HEALTHY}, {containerName: a, condition: SUCCESS}]}",
    );
    let model = accepted(&text);
    let definition = definition(&model, "t");
    let conditions = [DependencyCondition::Healthy, DependencyCondition::Success];
    let expected = conditions.map(|condition| ContainerDependency { container: 0, condition });
    assert_eq!(definition.containers[1].depends_on, expected);
    assert_eq!(definition.containers[0].start_timeout, Some(Span::from_secs(90)));
    assert!(definition.is_ordered());
}

#[test]
fn tsk_021_what_nobody_can_wait_for() {
    wrong(
        "{name: a, memory: 9}, {name: b, memory: 9, dependsOn: [{containerName: a, condition: ^COMPLETE}]}",
        "E358",
        "`a` is essential: the task would stop with it, and nothing could wait for its end (TSK-021) (give that container",
    );
    wrong(
        "{name: a, memory: 9}, {name: b, memory: 9, dependsOn: [{containerName: a, condition: ^SUCCESS}]}",
        "E358",
        "`a` is essential",
    );
    wrong(
        "{name: a, memory: 9}, {name: b, memory: 9, dependsOn: [{containerName: a, condition: ^HEALTHY}]}",
        "E358",
        "`a` has no health check to pass (TSK-021)",
    );
    wrong(
        "{name: a, memory: 9, dependsOn: [{containerName: ^a, condition: START}]}",
        "E358",
        "these containers wait for one another for ever: a -> a (TSK-021)",
    );
    wrong(
        "{name: x, memory: 9, dependsOn: [{containerName: a, condition: START}]}, \
         {name: a, memory: 9, dependsOn: [{containerName: b, condition: START}]}, \
         {name: b, memory: 9, dependsOn: [{containerName: c, condition: START}, {containerName: ^a, condition: START}]}, \
         {name: c, memory: 9}",
        "E358",
        "these containers wait for one another for ever: a -> b -> a (TSK-021) (take one",
    );
    let (text, _) = containers(
        "{name: a, memory: 9}, {name: b, memory: 9, dependsOn: [{containerName: a, condition: START}]}, \
         {name: c, memory: 9, dependsOn: [{containerName: a, condition: START}, {containerName: b, condition: START}]}",
    );
    accepted(&text);
}

#[test]
fn tsk_023_a_start_timeout_on_fargate_lies_between_two_seconds_and_two_minutes() {
    for (seconds, fits) in [(1, false), (2, true), (120, true), (121, false)] {
        let text = format!(
            "taskDefinitions: [{{family: t, networkMode: awsvpc, cpu: 256, memory: 512, requiresCompatibilities: [FARGATE], containerDefinitions: [{{name: c, startTimeout: {seconds}}}]}}]\n"
        );
        let found = problems(&text);
        assert_eq!(found.is_empty(), fits, "{found:?}");
        assert!(fits || found[0].starts_with("E396 ") && found[0].contains("a start timeout of"), "{found:?}");
    }
}

#[test]
fn tsk_030_a_restart_policy_with_its_default_and_its_bounds() {
    let policy = |fields: &str| {
        let (text, _) = containers(&format!("{{name: c, memory: 9, restartPolicy: {{{fields}}}}}"));
        definition(&accepted(&text), "t").containers[0].restart_policy.clone()
    };
    let period = |secs| Some(RestartPolicy { ignored_exit_codes: vec![], attempt_period: Span::from_secs(secs) });
    assert_eq!(policy("enabled: true"), period(300));
    assert_eq!(policy("enabled: true, restartAttemptPeriod: 60"), period(60));
    assert_eq!(policy("enabled: true, restartAttemptPeriod: 1800"), period(1800));
    assert_eq!(policy("enabled: false, restartAttemptPeriod: 60"), None);
    assert_eq!(policy("enabled: true, ignoredExitCodes: [3, 0, 3]").unwrap().ignored_exit_codes, [0, 3]);
    for (period, near) in [(59, 60), (1801, 1800)] {
        wrong(
            &format!("{{name: c, memory: 9, restartPolicy: {{enabled: true, restartAttemptPeriod: ^{period}}}}}"),
            "E359",
            &format!(
                "`restartAttemptPeriod` of {period} s; 60 to 1800 s are possible (TSK-030) ({near} is the nearest)"
            ),
        );
    }
    let codes = |count: usize| (0..count).map(|code| code.to_string()).collect::<Vec<_>>().join(", ");
    assert!(policy(&format!("enabled: true, ignoredExitCodes: [{}]", codes(50))).is_some());
    wrong(
        &format!("{{name: c, memory: 9, restartPolicy: {{enabled: true, ignoredExitCodes: ^[{}]}}}}", codes(51)),
        "E359",
        "51 exit codes to ignore, at most 50 are possible (TSK-030)",
    );
}

#[test]
fn tsk_040_a_health_check_with_its_defaults_and_its_bounds() {
    let health = |fields: &str| {
        let (text, _) = containers(&format!("{{name: c, memory: 9, healthCheck: {{command: [CMD, x]{fields}}}}}"));
        definition(&accepted(&text), "t").containers[0].health_check.unwrap()
    };
    let check = |interval, timeout, retries, start_period| HealthCheck {
        interval: Span::from_secs(interval),
        timeout: Span::from_secs(timeout),
        retries,
        start_period: Span::from_secs(start_period),
    };
    assert_eq!(health(""), check(30, 5, 3, 0));
    assert_eq!(health(", interval: 5, timeout: 2, retries: 1, startPeriod: 0"), check(5, 2, 1, 0));
    assert_eq!(health(", interval: 300, timeout: 60, retries: 10, startPeriod: 300"), check(300, 60, 10, 300));
    for (key, value, bounds) in [
        ("interval", 4, "5 to 300 s"),
        ("interval", 301, "5 to 300 s"),
        ("timeout", 1, "2 to 60 s"),
        ("timeout", 61, "2 to 60 s"),
        ("retries", 0, "1 to 10"),
        ("retries", 11, "1 to 10"),
        ("startPeriod", 301, "0 to 300 s"),
    ] {
        let unit = if key == "retries" { "" } else { " s" };
        wrong(
            &format!("{{name: c, memory: 9, healthCheck: {{command: [CMD, x], {key}: ^{value}}}}}"),
            "E359",
            &format!("`{key}` of {value}{unit}; {bounds} are possible (TSK-040)"),
        );
    }
    wrong("{name: c, memory: 9, healthCheck: {command: ^[]}}", "E359", "a health check needs a command (TSK-040)");
}

#[test]
fn tsk_041_how_a_health_check_goes_is_behaviour() {
    let text = "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9, healthCheck: {command: [CMD, x]}}, {name: d, memory: 9, healthCheck: {command: [CMD, x]}}]}]\n\
        behavior: {taskDefinitions: {t: {healthCheck: {ready: 20s, fails: {after: 5m, lasts: 1m, probability: 25%}}, containers: {d: {healthCheck: {duration: 3s, hangs: true}}}}}}\n";
    let behavior = behavior(text);
    let (first, second) = (&behavior.containers[0].health, &behavior.containers[1].health);
    always(first.ready.as_ref().unwrap(), 20.0);
    let failure = first.failure.as_ref().unwrap();
    always(&failure.after, 300.0);
    always(failure.lasts.as_ref().unwrap(), 60.0);
    assert_eq!((failure.probability, first.hangs), (0.25, false));
    always(second.probe.as_ref().unwrap(), 3.0);
    assert!(second.hangs && second.failure.is_none() && second.ready.is_none(), "keys of the task are about its first");
    check(
        &format!("{T}behavior: {{taskDefinitions: {{t: {{containers: {{c: {{healthCheck: {{ready: 1s}}}}}}}}}}}}\n"),
        &["E359 2:64 container `c` has no health check to behave so"],
    );
}
