//! Strategies and constraints as they are written: which are accepted, which are not and in which words (PLC-001,
//! PLC-007, PLC-009, PLC-020, PLC-030 to PLC-037, PLC-060).

use ecsim_engine::model::Call;

use crate::kit::*;

/// A service of `t` with these fields.
fn service_text(fields: &str) -> String {
    format!("{A1}{T}services: [{{serviceName: s, taskDefinition: t, {fields}}}]\n")
}

/// A `RunTask` call of `t` with these fields.
fn call_text(fields: &str) -> String {
    format!("{A1}{T}workload: [{{name: w, at: 1s, runTask: {{taskDefinition: t, {fields}}}}}]\n")
}

const ZONES: &str = "spread(attribute:ecs.availability-zone)";
const INSTANCES: &str = "spread(instanceId)";

/// Strategies of a service with these fields.
#[track_caller]
fn chain(fields: &str) -> Vec<String> {
    let model = accepted(&service_text(fields));
    describe(&model, service(&model, "s").placement).0
}

#[test]
fn plc_001_fargate_takes_neither_strategies_nor_constraints() {
    let constraint = "launchType: FARGATE, placementConstraints: [{type: distinctInstance}]";
    let strategy = "launchType: FARGATE, placementStrategy: [{type: random}]";
    let on_fargate = |text: String| text.replace(T, crate::capacity::F);
    for text in [service_text(constraint), call_text(constraint)].map(on_fargate) {
        rejected(&text, "E355", "Placement constraints are not supported with FARGATE launch type.");
    }
    for text in [service_text(strategy), call_text(strategy)].map(on_fargate) {
        rejected(&text, "E355", "Placement strategies are not supported with FARGATE launch type");
    }
    for text in [service_text("launchType: FARGATE"), call_text("launchType: FARGATE")].map(on_fargate) {
        accepted(&text);
    }
    for launch_type in ["EC2", "EXTERNAL"] {
        accepted(&service_text(&format!(
            "launchType: {launch_type}, placementStrategy: [{{type: random}}], placementConstraints: [{{type: distinctInstance}}]"
        )));
    }
}

#[test]
fn plc_007_subnets_say_in_which_zones() {
    let text = |configuration: &str| {
        format!(
            "vpc: {{subnets: {{sa: us-east-1a, sb: us-east-1b, sc: {{availabilityZone: us-east-1c, freeAddresses: 3}}}}}}\n\
             containerInstances: [{{name: a, instanceType: m5.large}}, {{name: b, instanceType: m5.large, availabilityZone: us-east-1b}}]\n\
             taskDefinitions: [{{family: v, networkMode: awsvpc, containerDefinitions: [{{name: c, memory: 9}}]}}]\n\
             timeline: [{{at: 1s, runTask: {{taskDefinition: v, count: 3, {configuration}}}}}]\n"
        )
    };
    let subnets = |names: &str| text(&format!("networkConfiguration: {{awsvpcConfiguration: {{subnets: [{names}]}}}}"));
    let b = run(&subnets("sb"));
    assert_eq!((b.placed(), b.unplaced()), (vec!["b", "b"], vec!["1: Location 1, Eni 1".to_owned()]));
    let c = run(&subnets("sc"));
    assert_eq!((c.placed().len(), c.unplaced()), (0, vec!["3: Location 2".to_owned()]));
    let model = model(&subnets("sa, sb"));
    let source = model.sources.values().next().unwrap();
    let names: Vec<&str> =
        source.template.subnets.iter().map(|id| model.definitions.subnets[*id].name.as_str()).collect();
    assert_eq!(names, ["sa", "sb"]);
    assert_eq!(model.definitions.subnets.values().map(|it| it.free_addresses).collect::<Vec<_>>(), [251, 251, 3]);
    check(&subnets("sd"), &["E301 4:115 unknown subnet `sd` ("]);
    check(&subnets(""), &["E349 4:114 subnets can not be empty."]);
    check(
        &text("group: g"),
        &["E349 4:30 Network Configuration must be provided when networkMode 'awsvpc' is specified."],
    );
    let bridge = format!(
        "{A1}{T}workload: [{{at: 1s, runTask: {{taskDefinition: t, networkConfiguration: {{awsvpcConfiguration: {{subnets: [sa]}}}}}}}}]\n"
    );
    rejected(&bridge, "E349", "Network Configuration is not valid for the given networkMode of this task definition.");
}

/// So many constraints that hold everywhere.
fn constraints(count: usize) -> String {
    let one = "{type: memberOf, expression: 'attribute:ecs.os-type == linux'}";
    format!("placementConstraints: [{}]", vec![one; count].join(", "))
}

#[test]
fn plc_009_constraints_of_definition_and_service_together() {
    let text = |inherited: usize, own: usize| {
        format!(
            "{A1}taskDefinitions: [{{family: t, {}, containerDefinitions: [{{name: c, memory: 9}}]}}]\nservices: [{{serviceName: s, taskDefinition: t, {}}}]\n",
            constraints(inherited),
            constraints(own)
        )
    };
    let model = accepted(&text(4, 6));
    assert_eq!(describe(&model, service(&model, "s").placement).1.len(), 10);
    rejected(
        &text(4, 7),
        "E350",
        "11 placement constraints, 4 of them of the task definition; at most 10 are allowed together (PLC-009)",
    );
    rejected(&text(11, 0), "E350", "11 placement constraints, at most 10 are allowed (PLC-009)");
    check(
        "taskDefinitions: [{family: t, placementConstraints: [{type: distinctInstance}], containerDefinitions: [{name: c, memory: 9}]}]\n",
        &["E351 1:61 distinctInstance is not allowed in a task definition"],
    );
    check(
        &service_text("placementConstraints: [{type: distinctInstance, expression: 'attribute:a == b'}]"),
        &["E351 3:108 distinctInstance expression should not be specified (leave it out (PLC-009))"],
    );
}

#[test]
fn plc_020_three_types_and_at_most_five() {
    assert_eq!(chain("placementStrategy: [{type: spread, field: host}]"), [INSTANCES]);
    assert_eq!(
        chain("placementStrategy: [{type: binpack, field: memory}, {type: random}]"),
        ["binpack(memory)", "random"]
    );
    let many = |count: usize| format!("placementStrategy: [{}]", vec!["{type: binpack, field: cpu}"; count].join(", "));
    assert_eq!(chain(&many(5)).len(), 5);
    rejected(&service_text(&many(6)), "E350", "Maximum number of strategies is 5");
    rejected(&call_text(&many(6)), "E350", "Maximum number of strategies is 5");
    let found = problems(&service_text("placementStrategy: [{type: pack}]"));
    assert!(found.len() == 1 && found[0].contains("pack"), "{found:?}");
}

#[test]
fn plc_030_groups_of_tasks() {
    let group = |text: &str| {
        let model = accepted(text);
        model.definitions.groups.name(source(&model, "w").template.group).to_owned()
    };
    assert_eq!(group(&call_text("count: 1")), "family:t");
    assert_eq!(group(&call_text("group: databases")), "databases");
    assert_eq!(group(&call_text(&format!("group: {}", "g".repeat(255)))).len(), 255);
    rejected(
        &call_text(&format!("group: {}", "g".repeat(256))),
        "E330",
        "a group name of 256 characters, at most 255 are allowed (QTA-023)",
    );
    let model = accepted(&service_text("desiredCount: 1"));
    assert_eq!(model.definitions.groups.name(service(&model, "s").group), "service:s");
}

#[test]
fn plc_031_nobody_joins_the_group_of_a_service() {
    let message = "InvalidParameterException: a task cannot join the group of a service (PLC-031)";
    rejected(&call_text("group: 'service:s'"), "E364", message);
    let start = format!(
        "{A1}{T}timeline: [{{at: 1s, startTask: {{taskDefinition: t, containerInstances: A1, group: 'service:x'}}}}]\n"
    );
    rejected(&start, "E364", message);
}

#[test]
fn plc_032_a_replica_service_without_strategies_spreads_zones_then_instances() {
    assert_eq!(chain("desiredCount: 2"), [ZONES, INSTANCES]);
    assert_eq!(chain("placementStrategy: []"), [ZONES, INSTANCES]);
    let model = accepted(&service_text("desiredCount: 2"));
    assert!(model.placements[service(&model, "s").placement].is_default);
}

#[test]
fn plc_033_an_explicit_zone_spread_is_not_the_default() {
    let explicit = "placementStrategy: [{type: spread, field: 'attribute:ecs.availability-zone'}]";
    assert_eq!(chain(explicit), [ZONES]);
    let model = accepted(&service_text(explicit));
    assert!(!model.placements[service(&model, "s").placement].is_default);
}

#[test]
fn plc_034_run_task_without_strategies_is_random() {
    let model = accepted(&call_text("count: 1"));
    assert_eq!(describe(&model, source(&model, "w").template.placement).0, ["random"]);
}

// The console's templates are names for chains; each chain is accepted and is what it says.
// proves: PLC-035
#[test]
fn plc_035_the_templates_of_the_console_are_chains() {
    for (template, fields, strategies, constraints) in [
        (
            "AZ balanced spread",
            "placementStrategy: [{type: spread, field: 'attribute:ecs.availability-zone'}, {type: spread, field: instanceId}]",
            &[ZONES, INSTANCES][..],
            &[][..],
        ),
        (
            "AZ balanced binpack",
            "placementStrategy: [{type: spread, field: 'attribute:ecs.availability-zone'}, {type: binpack, field: memory}]",
            &[ZONES, "binpack(memory)"],
            &[],
        ),
        ("BinPack on memory", "placementStrategy: [{type: binpack, field: memory}]", &["binpack(memory)"], &[]),
        ("BinPack on CPU", "placementStrategy: [{type: binpack, field: cpu}]", &["binpack(cpu)"], &[]),
        (
            "One task per host",
            "placementConstraints: [{type: distinctInstance}]",
            &[ZONES, INSTANCES],
            &["distinctInstance"],
        ),
    ] {
        let model = accepted(&service_text(fields));
        let found = describe(&model, service(&model, "s").placement);
        assert_eq!(
            (found.0, found.1),
            (
                strategies.iter().map(|it| (*it).to_owned()).collect(),
                constraints.iter().map(|it| (*it).to_owned()).collect()
            ),
            "{template}"
        );
    }
}

#[test]
fn plc_036_no_constraint_by_default() {
    let text =
        format!("{}workload: [{{name: w, at: 1s, runTask: {{taskDefinition: t}}}}]\n", service_text("desiredCount: 1"));
    let model = accepted(&text);
    assert!(describe(&model, service(&model, "s").placement).1.is_empty());
    assert!(describe(&model, source(&model, "w").template.placement).1.is_empty());
}

// proves: PLC-037, QTA-030
#[test]
fn plc_037_fields_and_expressions_are_checked_and_the_whole_call_is_rejected() {
    for (fields, message) in [
        ("placementStrategy: [{type: binpack, field: gpu}]", "binpack needs the field cpu or memory, not gpu"),
        ("placementStrategy: [{type: binpack}]", "binpack needs the field cpu or memory, not none"),
        ("placementStrategy: [{type: spread}]", "spread needs the field instanceId, host or attribute:NAME, not none"),
        (
            "placementStrategy: [{type: spread, field: zone}]",
            "spread needs the field instanceId, host or attribute:NAME, not zone",
        ),
        ("placementConstraints: [{type: memberOf}]", "memberOf needs an expression"),
        ("placementConstraints: [{type: memberOf, expression: ''}]", "memberOf needs an expression"),
    ] {
        rejected(&service_text(fields), "E351", message);
        rejected(&call_text(fields), "E351", message);
    }
}

#[test]
fn plc_029_a_strategy_after_random_has_no_effect() {
    check(
        &service_text("placementStrategy: [{type: random}, {type: binpack, field: cpu}]"),
        &["W350 3:84 a strategy after `random` has no effect (PLC-029)"],
    );
}

#[test]
fn plc_027_a_spread_over_nothing_is_worth_a_word() {
    check(
        &service_text("placementStrategy: [{type: spread, field: 'attribute:rack'}]"),
        &["W352 3:68 no container instance has the attribute `rack`, so this spreads nothing (PLC-027)"],
    );
}

/// Strategies and constraints after each `updateService`, in the order of time.
fn updates(text: &str) -> Vec<Option<(Vec<String>, Vec<String>)>> {
    let model = accepted(text);
    let calls = model.timeline.iter().map(|(_, call)| &model.calls[*call]);
    let of = |call: &Call| match call {
        Call::UpdateService { placement, .. } => placement.map(|placement| describe(&model, placement)),
        other => panic!("{other:?}"),
    };
    calls.map(of).collect()
}

#[test]
fn plc_060_null_keeps_and_an_empty_list_clears() {
    let base = service_text(
        "placementStrategy: [{type: binpack, field: cpu}], placementConstraints: [{type: distinctInstance}]",
    );
    let with = |updates: &[(&str, &str)]| {
        let lines: Vec<String> = updates
            .iter()
            .map(|(at, fields)| format!("- {{at: {at}, updateService: {{service: s, {fields}}}}}\n"))
            .collect();
        format!("{base}timeline:\n{}", lines.concat())
    };
    let words = |strategies: &[&str], constraints: &[&str]| {
        let own = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        Some((own(strategies), own(constraints)))
    };
    let (binpack, distinct) = (&["binpack(cpu)"][..], &["distinctInstance"][..]);
    assert_eq!(updates(&with(&[("1s", "desiredCount: 3")])), [None]);
    assert_eq!(
        updates(&with(&[("1s", "desiredCount: 3, placementStrategy: null, placementConstraints: null")])),
        [None]
    );
    assert_eq!(updates(&with(&[("1s", "placementConstraints: []")])), [words(binpack, &[])]);
    assert_eq!(updates(&with(&[("1s", "placementStrategy: []")])), [words(&[ZONES, INSTANCES], distinct)]);
    assert_eq!(updates(&with(&[("1s", "placementStrategy: [{type: random}]")])), [words(&["random"], distinct)]);
    // What is kept is what was written last, in the order of time and not of the file.
    assert_eq!(
        updates(&with(&[
            ("3s", "placementConstraints: []"),
            ("1s", "placementStrategy: [{type: random}]"),
            ("2s", "placementStrategy: [{type: binpack, field: memory}]"),
            ("4s", "placementStrategy: []"),
        ])),
        [
            words(&["random"], distinct),
            words(&["binpack(memory)"], distinct),
            words(&["binpack(memory)"], &[]),
            words(&[ZONES, INSTANCES], &[]),
        ]
    );
}

#[test]
fn plc_060_a_mistake_is_said_where_it_is_written() {
    let text = service_text("placementStrategy: [{type: binpack, field: gpu}]")
        + "timeline: [{at: 1s, updateService: {service: s, placementConstraints: []}}]\n";
    check(&text, &["E351 3:91 binpack needs the field cpu or memory, not gpu"]);
    let text = service_text("desiredCount: 1")
        + "timeline: [{at: 1s, updateService: {service: s, placementStrategy: [{type: spread}]}}]\n";
    check(&text, &["E351 4:69 spread needs the field instanceId, host or attribute:NAME, not none"]);
}
