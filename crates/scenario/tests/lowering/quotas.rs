//! Quotas: each is a setting, and raising or lowering it changes the verdict (QTA-001 to QTA-026, QTA-030).

use crate::kit::*;

/// The scenario is refused with this message under one setting, and fine under the other.
#[track_caller]
fn quota(setting: &str, allowed: u32, refused: u32, code: &str, message: &str, text: &str) {
    let with = |value: u32| format!("settings: {{{setting}: {value}}}\n{text}");
    let found = problems(&with(allowed));
    assert!(!found.iter().any(|line| line.starts_with('E')), "{setting}: {allowed} in {found:?}");
    let found: Vec<String> = problems(&with(refused)).into_iter().filter(|line| line.starts_with('E')).collect();
    assert!(
        found.len() == 1 && found[0].starts_with(code) && found[0].contains(message),
        "{setting}: {refused}: {found:?}"
    );
}

fn call(fields: &str) -> String {
    format!("{A1}{T}workload: [{{at: 1s, runTask: {{taskDefinition: t, {fields}}}}}]\n")
}

fn service_text(fields: &str) -> String {
    format!("{A1}{T}services: [{{serviceName: s, taskDefinition: t, {fields}}}]\n")
}

#[test]
fn qta_002_container_instances_of_a_cluster() {
    let text = "containerInstances: [{instanceType: m5.large, count: 7}]\n";
    let message = "7 container instances, the quota of a cluster is 6 (QTA-002)";
    quota("container_instances_per_cluster", 7, 6, "E330", message, text);
    // Those that come later are turned away by the cluster, unless others have gone.
    let later = "simulation: {latencies: none, duration: 1m}\nsettings: {container_instances_per_cluster: 2}\ncontainerInstances: [{name: a, instanceType: m5.large, count: 2}, {name: b, instanceType: m5.large, joinAt: 10s}, {name: c, instanceType: m5.large, joinAt: 30s}]\ntimeline: [{at: 20s, terminateInstances: {containerInstances: a-1}}]\n";
    assert_eq!(run(later).sim.cluster().totals().registered_instances, 2);
}

// proves: SVC-073
#[test]
fn qta_003_services_of_a_cluster() {
    let text =
        format!("{A1}{T}services: [{{serviceName: a, taskDefinition: t}}, {{serviceName: b, taskDefinition: t}}]\n");
    quota("services_per_cluster", 2, 1, "E330", "2 services, the quota of a cluster is 1 (QTA-003)", &text);
}

#[test]
fn qta_004_tasks_of_a_service() {
    let message = "9 tasks, the quota of a service is 8 (QTA-004)";
    quota("tasks_per_service", 9, 8, "E330", message, &service_text("desiredCount: 9"));
    let update =
        service_text("desiredCount: 1") + "timeline: [{at: 1s, updateService: {service: s, desiredCount: 9}}]\n";
    quota("tasks_per_service", 9, 8, "E330", message, &update);
}

#[test]
fn qta_005_containers_of_a_definition() {
    let containers: Vec<String> = (0..11).map(|at| format!("{{name: c{at}, memory: 9}}")).collect();
    let text = format!("taskDefinitions: [{{family: t, containerDefinitions: [{}]}}]\n", containers.join(", "));
    let message = "11 containers, at most 10 are allowed in a task definition (QTA-005)";
    quota("containers_per_task_definition", 11, 10, "E330", message, &text);
}

#[test]
fn qta_006_size_of_a_definition() {
    let environment = format!("[{{name: x, value: {}}}]", "y".repeat(1500));
    let text = format!(
        "taskDefinitions: [{{family: t, containerDefinitions: [{{name: c, memory: 9, environment: {environment}}}]}}]\n"
    );
    let message = "the task definition has 2 KiB of JSON, at most 1 KiB are allowed (QTA-006)";
    quota("task_definition_kib", 2, 1, "E330", message, &text);
    // Fields that are not given take no room: thirty-two small containers have 2 KiB, not 16.
    let containers: Vec<String> = (0..32).map(|at| format!("{{name: c{at}, memory: 9}}")).collect();
    let many = format!(
        "settings: {{containers_per_task_definition: 32, task_definition_kib: 2}}\ntaskDefinitions: [{{family: t, containerDefinitions: [{}]}}]\n",
        containers.join(", ")
    );
    accepted(&many);
}

#[test]
fn qta_007_revisions_of_a_family() {
    let text = "taskDefinitions: [{family: t, revision: 7, containerDefinitions: [{name: c, memory: 9}]}]\n";
    quota("revisions_per_family", 7, 6, "E330", "revision 7, at most 6 are allowed of a family (QTA-007)", text);
}

// proves: QTA-008, QTA-030
#[test]
fn qta_008_count_of_run_task() {
    let message = "InvalidParameterException: `count` is 11; 1 to 10 are allowed in one call (QTA-008)";
    quota("run_task_count", 11, 10, "E330", message, &call("count: 11"));
    rejected(
        &call("count: 0"),
        "E330",
        "InvalidParameterException: `count` is 0; 1 to 10 are allowed in one call (QTA-008)",
    );
}

// proves: QTA-009, QTA-030
#[test]
fn qta_009_instances_of_start_task() {
    let text = format!(
        "containerInstances: [{{name: a, instanceType: m5.large, count: 3}}]\n{T}timeline: [{{at: 1s, startTask: {{taskDefinition: t, containerInstances: [a-1, a-2, a-3]}}}}]\n"
    );
    let message = "InvalidParameterException: 3 container instances, at most 2 in one call (QTA-009)";
    quota("start_task_instances", 3, 2, "E330", message, &text);
}

#[test]
fn qta_010_subnets_and_security_groups() {
    let text = |fields: &str| {
        format!(
            "vpc: {{subnets: {{a: us-east-1a, b: us-east-1b}}}}\n{A1}taskDefinitions: [{{family: t, networkMode: awsvpc, containerDefinitions: [{{name: c, memory: 9}}]}}]\nworkload: [{{at: 1s, runTask: {{taskDefinition: t, networkConfiguration: {{awsvpcConfiguration: {{{fields}}}}}}}}}]\n"
        )
    };
    quota("subnets_per_awsvpc", 2, 1, "E330", "2 subnets, at most 1 are allowed (QTA-010)", &text("subnets: [a, b]"));
    let groups = text("subnets: [a], securityGroups: [x, y, z]");
    quota("security_groups_per_awsvpc", 3, 2, "E330", "3 security groups, at most 2 are allowed (QTA-010)", &groups);
}

#[test]
fn qta_011_load_balancers_of_a_service() {
    let targets = service_text("loadBalancers: [{targetGroupArn: a}, {targetGroupArn: b}]");
    let targets = targets + "targetGroups: [{targetGroupName: a}, {targetGroupName: b}]\n";
    let message = "2 target groups, at most 1 are allowed for a service (QTA-011)";
    quota("target_groups_per_service", 2, 1, "E330", message, &targets);
    let classic = service_text("loadBalancers: [{loadBalancerName: a}, {loadBalancerName: b}]");
    let message = "2 Classic Load Balancers, at most 1 are allowed for a service (QTA-011)";
    quota("classic_lbs_per_service", 2, 1, "E330", message, &classic);
}

// proves: QTA-014, QTA-018, QTA-019
#[test]
fn qta_014_rates_are_settings_of_the_run() {
    let model = model(
        "settings: {service_launches_per_min: 7, ec2_launch_bucket: {capacity: 3, refill_per_s: 2}, registration_rate: {per_second: 1, per_minute: 9}}\n",
    );
    let settings = &model.settings;
    let bucket = settings.ec2_launch_bucket.map(|bucket| (bucket.capacity, bucket.refill_per_second));
    let rate = settings.registration_rate.map(|rate| (rate.per_second, rate.per_minute));
    assert_eq!((settings.service_launches_per_minute, bucket, rate), (7, Some((3, 2)), Some((1, 9))));
    let default = accepted("name: x\n");
    let default = &default.settings;
    assert_eq!(
        (default.service_launches_per_minute, default.ec2_launch_bucket, default.registration_rate),
        (500, None, None)
    );
    for wrong in [
        "service_launches_per_min: 0",
        "ec2_launch_bucket: {capacity: 0, refill_per_s: 1}",
        "registration_rate: {per_second: 0, per_minute: 1}",
    ] {
        let key = wrong.split(':').next().unwrap();
        rejected(&format!("settings: {{{wrong}}}\n"), "E311", &format!("a `{key}` of 0 lets nothing through"));
    }
    let off = accepted("settings: {service_launches_per_min: off}\n");
    assert_eq!(off.settings.service_launches_per_minute, 0, "no limit");
    let two = accepted("settings: {service_launches_per_min: 23, service_launches_per_min_on_ec2: 250}\n").settings;
    assert_eq!((two.launches_per_minute(true), two.launches_per_minute(false)), (23, 250));
    assert_eq!(model.settings.launches_per_minute(false), 7, "the same where nothing else is written");
}

// proves: QTA-020, QTA-030
#[test]
fn qta_020_constraints_and_strategies() {
    let constraints = call(
        "placementConstraints: [{type: distinctInstance}, {type: memberOf, expression: 'attribute:ecs.os-type == linux'}]",
    );
    quota(
        "max_constraints",
        2,
        1,
        "E350",
        "2 placement constraints, 0 of them of the task definition; at most 1",
        &constraints,
    );
    let strategies = call("placementStrategy: [{type: binpack, field: cpu}, {type: random}]");
    quota("max_strategies", 2, 1, "E350", "Maximum number of strategies is 1", &strategies);
    let six = call(&format!("placementStrategy: [{}]", ["{type: binpack, field: cpu}"; 6].join(", ")));
    quota("max_strategies", 6, 5, "E350", "Maximum number of strategies is 5", &six);
}

#[test]
fn qta_022_reserved_ports_of_an_instance() {
    let model = model("settings: {max_reserved_ports: 42}\n");
    assert_eq!((model.settings.max_reserved_ports, model.definitions.max_reserved_ports), (42, 42));
    assert_eq!(accepted("name: x\n").definitions.max_reserved_ports, 100);
}

#[test]
fn qta_023_lengths_of_groups_and_expressions() {
    quota(
        "group_name_length",
        4,
        3,
        "E330",
        "a group name of 4 characters, at most 3 are allowed (QTA-023)",
        &call("group: abcd"),
    );
    let expression = "attribute:ecs.os-type == linux";
    let text = call(&format!("placementConstraints: [{{type: memberOf, expression: '{expression}'}}]"));
    let length = expression.len() as u32;
    quota("expression_length", length, length - 1, "E352", "this expression cannot be read", &text);
    let long = |length: usize| {
        call(&format!(
            "placementConstraints: [{{type: memberOf, expression: 'attribute:ecs.os-type == {}'}}]",
            "x".repeat(length - 25)
        ))
    };
    quota("expression_length", 2001, 2000, "E352", "2001", &long(2001));
    assert!(problems(&long(2000)).is_empty());
}

#[test]
fn qta_024_tags() {
    let tags = "tags: [{key: a, value: b}, {key: c, value: d}]";
    let message = "2 tags, at most 1 are allowed (QTA-024)";
    for text in [
        call(tags),
        service_text(tags),
        format!("cluster: {{{tags}}}\n"),
        format!("taskDefinitions: [{{family: t, {tags}, containerDefinitions: [{{name: c, memory: 9}}]}}]\n"),
        format!("{A1}{T}timeline: [{{at: 1s, startTask: {{taskDefinition: t, containerInstances: A1, {tags}}}}}]\n"),
    ] {
        quota("tags_per_resource", 2, 1, "E330", message, &text);
    }
}

#[test]
fn qta_025_length_of_overrides() {
    let text = call("overrides: {containerOverrides: [{name: c, cpu: 10}]}");
    // {"containerOverrides":[{"name":"c","cpu":10}]}
    let message = "overrides of 46 characters, at most 45 are allowed (QTA-025)";
    quota("overrides_length", 46, 45, "E330", message, &text);
}

#[test]
fn ins_003_instances_of_an_update_of_their_state() {
    let text = "containerInstances: [{name: a, instanceType: m5.large, count: 3}]\ntimeline: [{at: 1s, updateContainerInstancesState: {containerInstances: a, status: DRAINING}}]\n";
    let message = "InvalidParameterException: 3 container instances, at most 2 in one call (INS-003)";
    quota("update_state_instances", 3, 2, "E330", message, text);
}
