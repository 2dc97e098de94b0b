//! Every problem at once, each at its place and in words that stand for themselves; and input that is none.

use ecsim_scenario::diagnostic::{CODES, RenderOptions};

use crate::kit::*;

const MANY: &str = r#"simulation: {duration: 0s}
settings: {placement_retry_gap_s: []}
region: us-east-1
vpc: {subnets: {sa: us-west-2a}}
containerInstances:
  - {name: a, instanceType: m5.larg}
  - {name: b, instanceType: m5.large, availabilityZone: us-east-9a}
  - {name: c, instanceType: m5.large, attributes: [{name: "a b"}, {name: ok, value: "!"}]}
  - {name: c, instanceType: m5.large, agentVersion: new}
taskDefinitions:
  - {family: "no name", containerDefinitions: [{name: x, memory: 100}]}
  - family: web
    cpu: 64
    containerDefinitions:
      - {name: app, memory: 100, memoryReservation: 200}
      - {name: app, portMappings: [{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}]}
    placementConstraints: [{type: distinctInstance}]
services:
  - {serviceName: one, taskDefinition: wbe}
  - {serviceName: two, taskDefinition: web, placementStrategy: [{type: binpack, field: gpu}, {type: spread}]}
  - {serviceName: three, taskDefinition: web, schedulingStrategy: DAEMON, desiredCount: 1}
  - {serviceName: four, taskDefinition: web, availabilityZoneRebalancing: ENABLED, placementStrategy: [{type: random}]}
  - {serviceName: five, taskDefinition: web, placementConstraints: [{type: memberOf, expression: "attribute:stack = x"}]}
workload:
  - {name: w, runTask: {taskDefinition: web, count: 11, group: "service:two"}, at: 1s, limit: 2}
  - {name: v, runTask: {taskDefinition: web, overrides: {containerOverrides: [{name: ap}]}}}
behavior: {taskDefinitions: {web: {duration: {uniform: {min: 2s, max: 1s}}}}}
timeline:
  - {at: 1s, updateService: {service: tow, desiredCount: 1}}
  - {at: 1s, stopInstances: {containerInstances: zz}}
  - {at: 1s, updateService: {service: one, desiredCount: 1}}
"#;

#[test]
fn every_problem_at_once_each_at_its_place() {
    check(
        MANY,
        &[
            "E310 1:24 a run of no length",
            "E311 2:35 there must be at least one gap",
            "E303 4:21 `us-west-2a` is no Availability Zone of us-east-1",
            "E301 6:29 unknown instance type `m5.larg`",
            "E303 7:57 `us-east-9a` is no Availability Zone of us-east-1",
            "E332 8:59 `a b` is no name of an attribute",
            "E332 8:85 `!` is no value of an attribute",
            "E302 9:5 two container instances are called `c`",
            "E336 9:53 `new` is no version of the agent",
            "E340 11:14 `no name` is no name of a family",
            "E342 13:10 64 CPU units for a task; 128 to 196608 are possible",
            "E343 15:7 host port 80/tcp is mapped twice",
            "E342 15:29 `memory` 100 must be greater than `memoryReservation` 200",
            "E342 16:9 container `app` needs `memory` or `memoryReservation`",
            "E302 16:16 two containers are called `app`",
            "E351 17:35 distinctInstance is not allowed in a task definition",
            "E301 19:40 unknown task definition `wbe` (did you mean `web`?)",
            "E351 20:88 binpack needs the field cpu or memory, not gpu",
            "E351 20:94 spread needs the field instanceId, host or attribute:NAME, not none",
            "E353 21:89 The daemon scheduling strategy does not support a desired count for services",
            "E354 22:75 Availability Zone Rebalancing only supports availability zone spread",
            "E352 23:",
            "E330 25:53 InvalidParameterException: `count` is 11",
            "E364 25:64 InvalidParameterException: a task cannot join the group of a service",
            "E362 25:95 `limit` goes with `every` only",
            "E361 26:5 workload `v` needs exactly one of `at`, `every`, `scheduleExpression` and `trace`",
            "E301 26:86 unknown container `ap` (did you mean `app`?)",
            "E312 27:46 this distribution cannot be",
            "E301 29:39 unknown service `tow` (did you mean `two`?)",
            "E301 30:50 unknown container instance `zz`",
        ],
    );
}

#[test]
fn a_thousand_problems_are_no_trouble() {
    let mut text = format!("{T}services:\n");
    for at in 0..1_000 {
        text.push_str(&format!("  - {{serviceName: s{at}, taskDefinition: t{at}}}\n"));
    }
    let prepared = prepare_with(text, &[]);
    assert_eq!(prepared.diagnostics.errors(), 1_000);
    assert!(prepared.diagnostics.render(&prepared.sources, RenderOptions::default()).len() > 10_000);
}

#[test]
fn what_is_no_scenario_is_an_error_and_never_a_crash() {
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\ng: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]\n";
    for (text, code) in [
        (b"name: \xff\xfe\n".to_vec(), "E003"),
        (bomb.as_bytes().to_vec(), "E008"),
        (b"".to_vec(), "E013"),
        (b"[1, 2]\n".to_vec(), "E021"),
        (b"name: {\n".to_vec(), "E005"),
        (vec![b'['; 100_000], "E009"),
        (b"nmae: x\n".to_vec(), "E020"),
        (b"a\0b".to_vec(), "E004"),
    ] {
        let prepared = prepare_with(text.clone(), &[]);
        let codes: Vec<&str> = prepared.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert!(prepared.ready.is_none() && codes.contains(&code), "{code} in {codes:?}");
    }
    // A key of the map that is nothing is absent, and an empty map is a scenario.
    for text in ["{}\n", "services:\n", "simulation: {}\ncontainerInstances: null\n", "taskDefinitions: []\n"] {
        accepted(text);
    }
}

#[test]
fn absurd_numbers_do_not_crash_anything() {
    for text in [
        "containerInstances: [{registeredResources: {cpu: 4294967295, memory: 4294967295, gpus: 64, enis: 4294967295}, count: 3}]\n",
        "instanceTypes: {x.y: {vcpu: 4294967295, memory: 999999999GiB}}\ncontainerInstances: [{instanceType: x.y}]\n",
        "taskDefinitions: [{family: t, containerDefinitions: [{name: a, cpu: 4294967295, memory: 4294967295}, {name: b, cpu: 4294967295, memory: 4294967295}]}]\n",
        "taskDefinitions: [{family: t, revision: 4294967295, containerDefinitions: [{name: a, memory: 9}]}, {family: t, containerDefinitions: [{name: a, memory: 9}]}]\n",
        "simulation: {duration: 99999999999d}\n",
        "settings: {linux_memory_percent: 100, ebs_slots: 65535, service_launches_per_min: 4294967295}\n",
    ] {
        let _ = prepare_with(text, &[]);
    }
}

/// Problems of the cross-checks, each in a scenario of its own: what the user reads.
#[test]
fn every_code_is_documented_with_an_example_that_shows_it() {
    for code in CODES {
        assert!(code.meaning.len() > 8 && !code.meaning.ends_with('.'), "{}", code.code);
        if code.example.is_empty() {
            continue;
        }
        let prepared = prepare_with(code.example, &[]);
        let found: Vec<&str> = prepared
            .diagnostics
            .iter()
            .chain(prepared.ready.iter().flat_map(|ready| &ready.kept))
            .map(|diagnostic| diagnostic.code)
            .collect();
        assert!(found.contains(&code.code), "{}: {found:?} in\n{}", code.code, code.example);
    }
}

#[test]
fn messages_stand_for_themselves() {
    let prepared = prepare_with(MANY, &[]);
    for diagnostic in prepared.diagnostics.iter() {
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.contains('\n'));
        assert!(diagnostic.span().is_some(), "{}", diagnostic.message);
        if let Some(help) = &diagnostic.help {
            assert!(!help.is_empty() && !help.ends_with('.'), "{help}");
        }
    }
}
