//! Attributes of instances, and expressions on them (CQL-003, CQL-015 to CQL-017, INS-010).

use crate::kit::*;

#[test]
fn cql_015_built_in_attributes() {
    let model = accepted(
        "vpc: {subnets: {subnet-a: us-east-1a}}\n\
         containerInstances:\n\
         - {name: linux, instanceType: m5.large, subnet: subnet-a}\n\
         - {name: arm, instanceType: m6g.large, availabilityZone: us-east-1b}\n\
         - {name: win, instanceType: m5.large, operatingSystem: WINDOWS_SERVER_2022_FULL}\n",
    );
    let of = |instance: &str, name: &str| attribute(&model, shape(&model, instance), name).flatten().map(str::to_owned);
    for (instance, name, value) in [
        ("linux", "ecs.availability-zone", "us-east-1a"),
        ("linux", "ecs.instance-type", "m5.large"),
        ("linux", "ecs.os-type", "linux"),
        ("linux", "ecs.os-family", "LINUX"),
        ("linux", "ecs.cpu-architecture", "x86_64"),
        ("linux", "ecs.subnet-id", "subnet-a"),
        ("arm", "ecs.cpu-architecture", "arm64"),
        ("arm", "ecs.availability-zone", "us-east-1b"),
        ("win", "ecs.os-type", "windows"),
        ("win", "ecs.os-family", "WINDOWS_SERVER_2022_FULL"),
    ] {
        assert_eq!(of(instance, name).as_deref(), Some(value), "{instance} {name}");
    }
    assert!(of("linux", "ecs.ami-id").is_some() && of("linux", "ecs.vpc-id").is_some());
    assert_eq!(of("arm", "ecs.subnet-id"), None);
    for name in ["ecs.instance-type", "ecs.ami-id"] {
        rejected(
            &format!("containerInstances: [{{instanceType: m5.large, attributes: [{{name: {name}, value: x}}]}}]\n"),
            "E332",
            &format!("`{name}` is a built-in attribute: ECS sets it at registration (CQL-015)"),
        );
    }
}

#[test]
fn cql_016_capabilities_have_a_name_and_no_value() {
    let model = model(
        "containerInstances:\n\
         - {name: plain, instanceType: m5.large}\n\
         - {name: trunk, instanceType: m5.large, awsvpcTrunking: true}\n\
         - {name: anywhere, registeredResources: {cpu: 1024, memory: 1024}, external: true}\n",
    );
    let of = |instance: &str, name: &str| attribute(&model, shape(&model, instance), name);
    for name in ["ecs.capability.task-eni", "com.amazonaws.ecs.capability.logging-driver.awslogs", "ecs.capability.efs"]
    {
        assert_eq!(of("plain", name), Some(None), "{name}");
    }
    assert_eq!((of("plain", "ecs.awsvpc-trunk-id"), of("trunk", "ecs.awsvpc-trunk-id").is_some()), (None, true));
    assert_eq!((of("plain", "ecs.capability.external"), of("anywhere", "ecs.capability.external")), (None, Some(None)));
}

#[test]
fn cql_017_names_and_values_of_custom_attributes() {
    let entry =
        |attribute: &str| format!("containerInstances: [{{instanceType: m5.large, attributes: [{attribute}]}}]\n");
    let longest = "x".repeat(128);
    for fine in [
        "{name: stack, value: prod}".to_owned(),
        "{name: flag}".to_owned(),
        r"{name: 'a-b_c/d\e.f', value: 'a@b:c d'}".to_owned(),
        format!("{{name: {longest}, value: {longest}}}"),
    ] {
        accepted(&entry(&fine));
    }
    for (wrong, place, what) in [
        ("{name: 'a b'}", "1:67", "`a b` is no name of an attribute"),
        ("{name: ''}", "1:67", "`` is no name of an attribute"),
        ("{name: 'a@b'}", "1:67", "`a@b` is no name of an attribute"),
        ("{name: a, value: ' x'}", "1:77", "` x` is no value of an attribute"),
        ("{name: a, value: 'x!'}", "1:77", "`x!` is no value of an attribute"),
        ("{name: a, value: ''}", "1:77", "`` is no value of an attribute"),
    ] {
        check(&entry(wrong), &[&format!("E332 {place} {what}")]);
    }
    for part in ["name", "value"] {
        let long = "x".repeat(129);
        let attribute =
            if part == "name" { format!("{{name: {long}}}") } else { format!("{{name: a, value: {long}}}") };
        let found = problems(&entry(&attribute));
        assert!(found.len() == 1 && found[0].contains("CQL-017"), "{found:?}");
    }
    // Each wrong one is said, and the agent's own ones are the same.
    assert_eq!(problems(&entry("{name: '?'}, {name: '!'}")).len(), 2);
    let agent =
        "containerInstances: [{name: A1, instanceType: m5.large, agent: {ECS_INSTANCE_ATTRIBUTES: {stack: prod}}}]\n";
    let model = accepted(agent);
    assert_eq!(attribute(&model, shape(&model, "A1"), "stack"), Some(Some("prod")));
    check(&agent.replace("stack", "'st ck'"), &["E332 1:100 `st ck` is no name of an attribute"]);
}

#[test]
fn cql_017_qta_021_ten_custom_attributes() {
    let entry = |count: usize, settings: &str| {
        let list: Vec<String> = (0..count).map(|at| format!("{{name: a{at}}}")).collect();
        format!("{settings}containerInstances: [{{instanceType: m5.large, attributes: [{}]}}]\n", list.join(", "))
    };
    accepted(&entry(10, ""));
    let text = "AttributeLimitExceededException: 11 custom attributes, at most 10 are allowed (QTA-021)";
    rejected(&entry(11, ""), "E331", text);
    accepted(&entry(11, "settings: {custom_attributes_per_resource: 11}\n"));
    // And while it runs.
    let put = |count: usize| {
        let list: Vec<String> = (0..count).map(|at| format!("{{name: b{at}}}")).collect();
        format!(
            "{}timeline: [{{at: 1s, putAttributes: {{containerInstances: A1, attributes: [{}]}}}}]\n",
            A1.replace("name: A1,", "name: A1, attributes: [{name: a}],"),
            list.join(", ")
        )
    };
    assert_eq!(run(&put(9)).refused().len(), 0);
    assert_eq!(run(&put(10)).refused().len(), 1);
    rejected(&put(11), "E330", "11 attributes, at most 10 in one call (CQL-017)");
}

#[test]
fn cql_003_the_filter_of_a_selector_is_an_expression() {
    let text = |filter: &str| {
        format!(
            "containerInstances: [{{name: a, instanceType: m5.large, attributes: [{{name: stack, value: prod}}]}}, {{name: b, instanceType: m5.large}}, {{name: c, instanceType: c5.large}}]\n{T}\
             timeline:\n- {{at: 1s, updateContainerInstancesState: {{containerInstances: {{filter: \"{filter}\"}}, status: DRAINING}}}}\n- {{at: 2s, runTask: {{taskDefinition: t, count: 10}}}}\n"
        )
    };
    for (filter, left) in [
        ("attribute:stack == prod", &["b", "c"][..]),
        ("attribute:ecs.instance-type =~ m5.* and attribute:stack !exists", &["a", "c"]),
        ("runningTasksCount == 0", &[]),
    ] {
        let run = run(&text(filter));
        let active = |instance: &&ecsim_cluster::Instance| instance.status == ecsim_cluster::InstanceStatus::Active;
        let names: Vec<&str> =
            run.sim.cluster().instances().values().filter(active).map(|instance| run.name(instance.id)).collect();
        assert_eq!(names, left, "{filter}");
    }
    check(&text("attribute:stack = prod"), &["E352 4:"]);
    let longest = |length: usize| format!("attribute:stack == {}", "x".repeat(length - 19));
    assert_eq!(problems(&text(&longest(2000))).len(), 0);
    let found = problems(&text(&longest(2001)));
    assert!(found.len() == 1 && found[0].starts_with("E352"), "{found:?}");
}

#[test]
fn cql_005_a_mistake_is_pointed_at() {
    let text = |expression: &str| {
        format!(
            "{A1}{T}services: [{{serviceName: s, taskDefinition: t, placementConstraints: [{{type: memberOf, expression: {expression}}}]}}]\n"
        )
    };
    let (found, other) = (problems(&text("\"attribute:stack ~= prod\"")), problems(&text("\"stack == prod\"")));
    assert!(found.len() == 1 && found[0].starts_with("E352 3:"), "{found:?}");
    assert!(other.len() == 1 && other[0].starts_with("E352 3:"), "{other:?}");
}

#[test]
fn cql_007_an_attribute_that_nobody_has_is_worth_a_word() {
    check(
        &format!(
            "{A1}{T}workload: [{{at: 1s, runTask: {{taskDefinition: t, placementConstraints: [{{type: memberOf, expression: 'attribute:stack == prod'}}]}}}}]\n"
        ),
        &[
            "W351 3:102 no container instance has the attribute `stack` (where it is missing every operator but not_exists is false (CQL-007))",
        ],
    );
    // Somebody puts it there later.
    check(
        &format!(
            "{A1}{T}timeline: [{{at: 1s, putAttributes: {{containerInstances: A1, attributes: [{{name: stack, value: prod}}]}}}}]\nworkload: [{{at: 1s, runTask: {{taskDefinition: t, placementConstraints: [{{type: memberOf, expression: 'attribute:stack == prod'}}]}}}}]\n"
        ),
        &[],
    );
}

#[test]
fn ins_010_ecs_anywhere() {
    let fleet = "containerInstances: [{name: cloud, instanceType: m5.large}, {name: rack, registeredResources: {cpu: 4096, memory: 8192, enis: 5}, external: true}]\n";
    let run = run(&format!(
        "{fleet}{T}timeline: [{{at: 1s, runTask: {{taskDefinition: t, launchType: EXTERNAL, count: 2, placementStrategy: [{{type: spread, field: instanceId}}], placementConstraints: [{{type: memberOf, expression: 'attribute:ecs.capability.external exists'}}]}}}}, {{at: 2s, runTask: {{taskDefinition: t, count: 2}}}}]\n"
    ));
    assert_eq!(run.placed(), ["rack", "rack", "cloud", "cloud"]);
    assert!(shape(&run.model, "rack").external);
    for (key, value) in
        [("loadBalancers", "[{targetGroupArn: x}]"), ("capacityProviderStrategy", "[{capacityProvider: x}]")]
    {
        let text = format!(
            "{fleet}{T}services: [{{serviceName: s, taskDefinition: t, launchType: EXTERNAL, {key}: {value}}}]\n"
        );
        let found = problems(&text);
        let expected = format!("launch type EXTERNAL does not support `{key}` (INS-010)");
        assert!(found.iter().any(|line| line.starts_with("E356") && line.contains(&expected)), "{found:?}");
    }
    let awsvpc = "taskDefinitions: [{family: t, networkMode: awsvpc, containerDefinitions: [{name: c, memory: 9}]}]\n";
    let found =
        problems(&format!("{fleet}{awsvpc}services: [{{serviceName: s, taskDefinition: t, launchType: EXTERNAL}}]\n"));
    assert!(found.len() == 1 && found[0].starts_with("W356"), "{found:?}");
}
