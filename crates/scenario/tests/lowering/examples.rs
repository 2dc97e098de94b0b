//! Worked examples of the specification that begin with a scenario: PX-13, PX-14, PX-15, PX-25, PX-28.

use ecsim_cluster::Fact;

use crate::kit::*;

#[test]
fn px_13_what_memory_is_reserved() {
    let calls: Vec<String> =
        (1..=5).map(|at| format!("{{at: {at}s, runTask: {{taskDefinition: t, count: 10}}}}")).collect();
    let run = run(&format!(
        "containerInstances: [{{name: A1, instanceType: m4.large, memory: 7985MiB}}]\n\
         taskDefinitions: [{{family: t, networkMode: bridge, containerDefinitions: [{{name: app, memory: 300, memoryReservation: 128, portMappings: [{{containerPort: 80}}]}}, {{name: sidecar, memory: 64}}]}}]\n\
         timeline: [{}]\n",
        calls.join(", ")
    ));
    let requirements = definition(&run.model, "t").requirements;
    assert_eq!((requirements.cpu, requirements.memory), (0, 192));
    assert_eq!(run.placed().len(), 41);
    assert_eq!(run.unplaced(), ["9: Memory 1"]);
    let left = run.sim.cluster().instances().values().next().unwrap().remaining;
    assert_eq!((left.cpu, left.memory), (2048, 113));
}

#[test]
fn px_14_registered_memory() {
    let text = |memory: u32| {
        format!(
            "containerInstances: [{{name: A, instanceType: m4.large, count: 3, memory: 8373026816B, agent: {{ECS_RESERVED_MEMORY: 256}}}}]\n\
             taskDefinitions: [{{family: t, containerDefinitions: [{{name: c, memory: {memory}}}]}}]\n\
             timeline: [{{at: 1s, runTask: {{taskDefinition: t, count: 4}}}}]\n"
        )
    };
    for memory in [8192, 7730] {
        let run = run(&text(memory));
        assert!(run.model.definitions.shapes.values().all(|shape| shape.registered.memory == 7729));
        assert_eq!((run.placed().len(), run.unplaced()), (0, vec!["4: Memory 3".to_owned()]), "{memory}");
    }
    let run = run(&text(7729));
    let mut placed = run.placed();
    placed.sort();
    assert_eq!((placed, run.unplaced()), (vec!["A-1", "A-2", "A-3"], vec!["1: Memory 3".to_owned()]));
}

/// T0 holds tcp/80; then the new task is tried.
fn with_port_80(new_task: &str, more: &str) -> Run {
    run(&format!(
        "simulation: {{latencies: none, duration: 5m}}\n\
         containerInstances: [{{name: A1, instanceType: m5.large}}]\n\
         taskDefinitions:\n\
         - {{family: t0, networkMode: bridge, containerDefinitions: [{{name: c, memory: 9, portMappings: [{{containerPort: 80, hostPort: 80}}]}}]}}\n\
         - {{family: new, {new_task}}}\n\
         behavior: {{taskDefinitions: {{t0: {{stop: 20s}}}}}}\n\
         timeline: [{{at: 1s, runTask: {{taskDefinition: t0}}}}, {more}{{at: 20s, runTask: {{taskDefinition: new}}}}]\n"
    ))
}

#[test]
fn px_15_host_ports() {
    let mapped = |mode: &str, mapping: &str| {
        format!("networkMode: {mode}, containerDefinitions: [{{name: c, memory: 9, portMappings: [{{{mapping}}}]}}]")
    };
    for (mode, mapping, ports) in [
        ("bridge", "containerPort: 80, hostPort: 80", None),
        ("bridge", "containerPort: 80, hostPort: 80, protocol: udp", Some(8)),
        ("bridge", "containerPort: 80, hostPort: 0", Some(7)),
        ("awsvpc", "containerPort: 80", Some(7)),
        ("host", "containerPort: 80", None),
        ("bridge", "containerPort: 22, hostPort: 22", None),
        ("bridge", "containerPort: 51680, hostPort: 51680", None),
    ] {
        let run = with_port_80(&mapped(mode, mapping), "");
        let in_use: Vec<String> =
            run.sim.cluster().instances().values().next().unwrap().ports.iter().map(|port| port.to_string()).collect();
        match ports {
            None => {
                assert_eq!((run.placed().len(), run.unplaced()), (1, vec!["1: Ports 1".to_owned()]), "{mode} {mapping}")
            }
            Some(count) => assert_eq!((run.placed().len(), in_use.len()), (2, count), "{mode} {mapping}: {in_use:?}"),
        }
        for port in ["22/tcp", "80/tcp", "2375/tcp", "2376/tcp", "51678/tcp", "51679/tcp", "51680/tcp"] {
            assert!(in_use.contains(&port.to_owned()), "{mode} {mapping}: {in_use:?}");
        }
    }
    // After StopTask the port is free in ECS's books at once, and the newcomer waits for the containers of T0.
    let run = with_port_80(
        &mapped("bridge", "containerPort: 80, hostPort: 80"),
        "{at: 10s, stopTask: {task: {group: 'family:t0'}}}, ",
    );
    assert_eq!((run.placed().len(), run.unplaced().len()), (2, 0));
    let seconds_of = |wanted: fn(&Fact) -> bool| {
        run.facts.iter().filter(|(_, fact)| wanted(fact)).map(|(at, _)| at.ms() / 1000).collect::<Vec<_>>()
    };
    assert_eq!(seconds_of(|fact| matches!(fact, Fact::TaskCreated { .. })), [1, 20]);
    assert_eq!(seconds_of(|fact| matches!(fact, Fact::TaskAdmitted { .. })), [1, 30]);
}

#[test]
fn px_25_gpus() {
    let task = |family: &str, value: &str| {
        format!(
            "- {{family: {family}, containerDefinitions: [{{name: c, memory: 100, resourceRequirements: [{{type: GPU, value: '{value}'}}]}}]}}\n"
        )
    };
    let text = |calls: &str| {
        format!(
            "containerInstances: [{{name: G, instanceType: p3.8xlarge}}]\ntaskDefinitions:\n{}{}{}- {{family: cpu, containerDefinitions: [{{name: c, memory: 100}}]}}\ntimeline: [{calls}]\n",
            task("two", "2"),
            task("one", "1"),
            task("all", "ALL")
        )
    };
    let call = |at: u32, family: &str, count: u32| {
        format!("{{at: {at}s, runTask: {{taskDefinition: {family}, count: {count}}}}}")
    };
    let run_calls = |calls: &[String]| run(&text(&calls.join(", ")));
    let first = run_calls(&[call(1, "two", 3), call(2, "cpu", 1), call(3, "all", 1)]);
    assert_eq!((first.placed().len(), first.unplaced()), (3, vec!["1: Gpu 1".to_owned(), "1: Gpu 1".to_owned()]));
    let second = run_calls(&[call(1, "one", 1), call(2, "all", 1)]);
    assert_eq!((second.placed().len(), second.unplaced()), (1, vec!["1: Gpu 1".to_owned()]));
    let third = run_calls(&[call(1, "all", 1), call(2, "one", 1), call(3, "cpu", 1)]);
    assert_eq!((third.placed().len(), third.unplaced()), (2, vec!["1: Gpu 1".to_owned()]));
}

#[test]
fn px_28_validation() {
    let service = |definition: &str, fields: &str| {
        format!(
            "{A1}taskDefinitions: [{{family: t, {definition}containerDefinitions: [{{name: c, memory: 9}}]}}]\nservices: [{{serviceName: s, taskDefinition: t, {fields}}}]\n"
        )
    };
    let many = |count: usize, one: &str| format!("[{}]", vec![one; count].join(", "));
    let member = "{type: memberOf, expression: 'attribute:ecs.os-type == linux'}";
    let expression = format!("attribute:ecs.os-type == {}", "x".repeat(2001 - 25));
    // One row each.
    rejected(
        &service(
            "",
            &format!("placementStrategy: {}", many(6, "{type: random}"))
                .replace("{type: random}", "{type: binpack, field: cpu}"),
        ),
        "E350",
        "Maximum number of strategies is 5",
    );
    rejected(
        &service(
            &format!("placementConstraints: {}, ", many(4, member)),
            &format!("placementConstraints: {}", many(7, member)),
        ),
        "E350",
        "11 placement constraints, 4 of them of the task definition; at most 10 are allowed together (PLC-009)",
    );
    rejected(
        &service("placementConstraints: [{type: distinctInstance}], ", "desiredCount: 1"),
        "E351",
        "distinctInstance is not allowed in a task definition",
    );
    rejected(
        &service("", "placementConstraints: [{type: distinctInstance, expression: x}]"),
        "E351",
        "distinctInstance expression should not be specified",
    );
    let long =
        problems(&service("", &format!("placementConstraints: [{{type: memberOf, expression: '{expression}'}}]")));
    assert!(long.len() == 1 && long[0].starts_with("E352") && long[0].contains("2001"), "{long:?}");
    rejected(
        &service("", "placementStrategy: [{type: binpack, field: gpu}]"),
        "E351",
        "binpack needs the field cpu or memory, not gpu",
    );
    rejected(
        &service(
            "networkMode: awsvpc, cpu: 256, memory: 512, ",
            "launchType: FARGATE, placementConstraints: [{type: distinctInstance}]",
        ),
        "E355",
        "Placement constraints are not supported with FARGATE launch type.",
    );
    let attributes: Vec<String> = (0..11).map(|at| format!("{{name: a{at}}}")).collect();
    rejected(
        &format!("containerInstances: [{{instanceType: m5.large, attributes: [{}]}}]\n", attributes.join(", ")),
        "E331",
        "AttributeLimitExceededException: 11 custom attributes, at most 10 are allowed (QTA-021)",
    );
    // Accepted: constraints cleared, no deployment, no task moved.
    let cleared = run("simulation: {latencies: none, duration: 2m}\n\
         containerInstances: [{name: A1, instanceType: m5.large}]\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n\
         services: [{serviceName: s, taskDefinition: t, desiredCount: 2, placementConstraints: [{type: distinctInstance}]}]\n\
         timeline: [{at: 30s, updateService: {service: s, placementConstraints: []}}]\n");
    let times: Vec<u64> = cleared
        .facts
        .iter()
        .filter(|(_, fact)| matches!(fact, Fact::TaskCreated { .. }))
        .map(|(at, _)| at.ms() / 1000)
        .collect();
    assert_eq!(times, [0, 30], "the second one fits once the constraint is gone");
    assert!(!cleared.facts.iter().any(|(_, fact)| matches!(fact, Fact::TaskStopRequested { .. })));
    assert!(cleared.refused().is_empty());
}
