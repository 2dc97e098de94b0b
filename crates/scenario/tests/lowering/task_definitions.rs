//! What a task reserves, which host ports it binds, which platform it needs (RES-005 to RES-027, RES-030, RES-050 to
//! RES-054).

use ecsim_cluster::definitions::NetworkMode;
use ecsim_cluster::{GpuNeed, Requirements};

use crate::kit::*;

fn needs(cpu: u32, memory: u32) -> Requirements {
    Requirements { cpu, memory, ..Requirements::default() }
}

/// One container with these fields.
fn one(fields: &str) -> String {
    format!("taskDefinitions: [{{family: t, containerDefinitions: [{{name: c, {fields}}}]}}]\n")
}

#[test]
fn res_005_the_size_of_the_task_or_the_sum_of_the_containers_and_nothing_is_nothing() {
    for (fields, cpu) in [
        ("cpu: '512', containerDefinitions: [{name: a, cpu: 100, memory: 8}, {name: b, cpu: 28, memory: 8}]", 512),
        ("containerDefinitions: [{name: a, cpu: 100, memory: 8}, {name: b, cpu: 28, memory: 8}]", 128),
        ("containerDefinitions: [{name: a, cpu: 0, memory: 8}, {name: b, memory: 8}]", 0),
        ("containerDefinitions: [{name: a, cpu: null, memory: 8}]", 0),
    ] {
        assert_eq!(reserves(fields).cpu, cpu, "{fields}");
    }
}

#[test]
fn res_006_soft_before_hard_and_the_size_of_the_task_before_both() {
    for (fields, memory) in [
        ("containerDefinitions: [{name: a, memory: 300, memoryReservation: 128}, {name: b, memory: 64}]", 192),
        ("containerDefinitions: [{name: a, memoryReservation: 128}]", 128),
        ("containerDefinitions: [{name: a, memory: 300}]", 300),
        ("memory: '1024', containerDefinitions: [{name: a, memory: 300, memoryReservation: 128}]", 1024),
        ("memory: 1 GB, containerDefinitions: [{name: a}]", 1024),
        ("containerDefinitions: [{name: a, memory: 300, memoryReservation: 0}]", 300),
    ] {
        assert_eq!(reserves(fields).memory, memory, "{fields}");
    }
}

#[test]
fn res_007_each_container_or_the_task_has_memory_and_hard_exceeds_soft() {
    check(
        &one("cpu: 10"),
        &["E342 1:54 container `c` needs `memory` or `memoryReservation`, or the task a `memory` of its own (RES-007)"],
    );
    check(&one("memory: 0, memoryReservation: 0"), &["E342 1:54 container `c` needs `memory`"]);
    check(
        &one("memory: 128, memoryReservation: 128"),
        &["E342 1:72 `memory` 128 must be greater than `memoryReservation` 128 (RES-007)"],
    );
    check(&one("memory: 5"), &["E342 1:72 Docker needs at least 6 MiB for a container (RES-007)"]);
    check(&one("memoryReservation: 5"), &["E342 1:83 Docker needs at least 6 MiB"]);
    accepted(&one("memory: 6"));
    accepted(&one("memory: 129, memoryReservation: 128"));
}

#[test]
fn res_007_the_containers_together_do_not_exceed_the_task() {
    let text = |size: &str| {
        format!(
            "taskDefinitions: [{{family: t, {size}, containerDefinitions: [{{name: a, cpu: 200, memory: 300}}, {{name: b, cpu: 100, memory: 300, memoryReservation: 200}}]}}]\n"
        )
    };
    accepted(&text("cpu: 300, memory: 500"));
    check(&text("cpu: 299"), &["E342 1:36 the containers ask for 300 CPU units together, the task has 299 (RES-007)"]);
    check(&text("memory: 499"), &["E342 1:39 the containers reserve 500 MiB together, the task has 499 (RES-007)"]);
    // Both at once.
    assert_eq!(problems(&text("cpu: 299, memory: 499")).len(), 2);
}

#[test]
fn res_008_sizes_in_the_forms_of_aws_and_their_bounds() {
    for (size, expected) in [
        ("cpu: 1 vCPU, memory: 1 GB", needs(1024, 1024)),
        ("cpu: .5 vCPU, memory: '777'", needs(512, 777)),
        ("cpu: 128, memory: 1", needs(128, 1)),
        ("cpu: 196608, memory: 1", needs(196_608, 1)),
    ] {
        assert_eq!(reserves(&format!("{size}, containerDefinitions: [{{name: a}}]")), expected, "{size}");
    }
    for cpu in [127, 196_609] {
        let text =
            format!("taskDefinitions: [{{family: t, cpu: {cpu}, memory: 8, containerDefinitions: [{{name: a}}]}}]\n");
        let expected =
            format!("E342 1:36 {cpu} CPU units for a task; 128 to 196608 are possible on container instances");
        check(&text, &[&expected]);
    }
    let large = "taskDefinitions: [{family: t, cpu: 10241, memory: 8, containerDefinitions: [{name: a}]}]\n";
    let model = model(large);
    let required = required(&model, definition(&model, "t"));
    assert_eq!(required, ["ecs.capability.increased-task-cpu-limit", "ecs.capability.task-cpu-mem-limit"]);
}

#[test]
fn res_009_windows_ignores_the_size_of_the_task_and_soft_limits() {
    let text = "taskDefinitions: [{family: t, cpu: 1024, memory: 4096, runtimePlatform: {operatingSystemFamily: WINDOWS_SERVER_2022_FULL}, containerDefinitions: [{name: a, cpu: 256, memory: 512, memoryReservation: 64}]}]\n";
    check(text, &["W340 1:36 Windows ignores the size of a task (RES-009) (set `cpu` and `memory` of its containers)"]);
    let model = model(text);
    let definition = definition(&model, "t");
    assert_eq!(definition.requirements, needs(256, 512));
    assert_eq!((definition.task_memory, definition.containers[0].memory_reservation), (None, None));
    assert_eq!(required(&model, definition), ["ecs.os-family=WINDOWS_SERVER_2022_FULL"]);
}

/// The requirements and the definition of a `RunTask` call of `t` with overrides.
fn overridden(definition_fields: &str, overrides: &str) -> (Requirements, ecsim_cluster::definitions::TaskDefinition) {
    let text = format!(
        "{A1}taskDefinitions: [{{family: t, {definition_fields}}}]\n\
         workload: [{{name: w, at: 1s, runTask: {{taskDefinition: t, overrides: {overrides}}}}}]\n"
    );
    let model = model(&text);
    let template = &source(&model, "w").template;
    (template.requirements, model.definitions.task_definitions[template.definition].clone())
}

#[test]
fn res_010_overrides_replace_values_before_sums_are_taken() {
    let two = "containerDefinitions: [{name: a, cpu: 10, memory: 100}, {name: b, cpu: 20, memory: 200, memoryReservation: 50}]";
    for (overrides, expected) in [
        ("{}", needs(30, 150)),
        ("{containerOverrides: [{name: a, cpu: 40, memory: 60}]}", needs(60, 110)),
        ("{containerOverrides: [{name: b, memoryReservation: 150}]}", needs(30, 250)),
        ("{containerOverrides: [{name: a, memoryReservation: 7}, {name: b, cpu: 0}]}", needs(10, 57)),
        ("{cpu: '512'}", needs(512, 150)),
        ("{memory: '1024'}", needs(30, 1024)),
        ("{cpu: 1 vCPU, memory: 2 GB}", needs(1024, 2048)),
    ] {
        assert_eq!(overridden(two, overrides).0, expected, "{overrides}");
    }
    let gpu = "containerDefinitions: [{name: a, memory: 100, resourceRequirements: [{type: GPU, value: '1'}]}]";
    let changed = "{containerOverrides: [{name: a, resourceRequirements: [{type: GPU, value: '3'}]}]}";
    assert_eq!(overridden(gpu, changed).0.gpus, GpuNeed::Count(3));
    assert_eq!(overridden(gpu, "{}").0.gpus, GpuNeed::Count(1));
    // Without a name the only container is meant.
    assert_eq!(overridden(gpu, "{containerOverrides: [{memory: 64}]}").0.memory, 64);
}

#[test]
fn res_010_limits_and_attributes_follow_the_overrides() {
    let plain = "containerDefinitions: [{name: a, memory: 100}]";
    let (_, definition) = overridden(plain, "{memory: '300', containerOverrides: [{name: a, memory: 200}]}");
    assert_eq!((definition.task_memory, definition.containers[0].memory), (Some(300), Some(200)));
    assert_eq!(definition.required_attributes.len(), 1, "task-cpu-mem-limit");
}

#[test]
fn res_010_the_result_is_checked_and_the_definition_is_not_blamed_twice() {
    let call = |definition: &str, overrides: &str| {
        format!(
            "taskDefinitions: [{{family: t, {definition}}}]\nworkload: [{{at: 1s, runTask: {{taskDefinition: t, overrides: {overrides}}}}}]\n"
        )
    };
    let sized = "cpu: 256, memory: 512, containerDefinitions: [{name: a, memory: 256}, {name: b, memory: 200}]";
    check(
        &call(sized, "{containerOverrides: [{name: b, memory: 300}]}"),
        &["E342 2:61 with these overrides: the containers reserve 556 MiB together, the task has 512 (RES-007)"],
    );
    check(&call(sized, "{cpu: 64}"), &["E342 2:67 with these overrides: 64 CPU units for a task; 128 to 196608"]);
    check(
        &call(sized, "{containerOverrides: [{name: a, memoryReservation: 256}]}"),
        &["E342 2:83 with these overrides: `memory` 256 must be greater than `memoryReservation` 256"],
    );
    // The definition is wrong; the call says nothing about that.
    let wrong = call("containerDefinitions: [{name: a}]", "{containerOverrides: [{name: a, cpu: 3}]}");
    assert_eq!(problems(&wrong).len(), 1);
}

#[test]
fn res_010_a_container_that_is_not_there() {
    let text = "taskDefinitions: [{family: t, containerDefinitions: [{name: app, memory: 9}, {name: log, memory: 9}]}]\n\
                workload: [{at: 1s, runTask: {taskDefinition: t, overrides: {containerOverrides: [{name: ap, cpu: 1}, {cpu: 2}]}}}]\n";
    check(
        text,
        &[
            "E301 2:90 unknown container `ap` (did you mean `app`?)",
            "E344 2:103 which container? the task definition has several (write its `name`)",
        ],
    );
}

#[test]
fn res_011_cpu_is_a_share_and_still_placement_subtracts_all_of_it() {
    // Nothing ever uses CPU here, and yet the third task finds no room.
    let run = run("containerInstances: [{name: A1, registeredResources: {cpu: 2048, memory: 8000}}]\n\
         taskDefinitions: [{family: idle, containerDefinitions: [{name: c, cpu: 1024, memory: 100}]}]\n\
         timeline: [{at: 1s, runTask: {taskDefinition: idle, count: 3}}]\n");
    assert_eq!(run.placed(), ["A1", "A1"]);
    assert_eq!(run.unplaced(), ["1: Cpu 1"]);
}

/// The static ports of the only definition, in words, and how many dynamic ones it maps.
fn ports(mode: &str, mappings: &str) -> (Vec<String>, u32) {
    let text = format!(
        "taskDefinitions: [{{family: t, networkMode: {mode}, containerDefinitions: [{{name: c, memory: 9, portMappings: {mappings}}}]}}]\n"
    );
    let model = model(&text);
    let definition = definition(&model, "t");
    let names = definition.ports.iter().map(ToString::to_string).collect();
    (names, definition.containers.iter().map(|container| container.dynamic_ports).sum())
}

// proves: RES-022, RES-023, RES-026
#[test]
fn res_023_only_static_host_ports_reserve() {
    for (mode, mappings, fixed, dynamic) in [
        ("bridge", "[{containerPort: 80, hostPort: 8080}]", &["8080/tcp"][..], 0),
        ("bridge", "[{containerPort: 80, hostPort: 0}, {containerPort: 81}]", &[], 2),
        (
            "bridge",
            "[{containerPort: 53, hostPort: 53, protocol: udp}, {containerPort: 53, hostPort: 53}]",
            &["53/tcp", "53/udp"],
            0,
        ),
        ("host", "[{containerPort: 80}, {containerPort: 81, hostPort: 81}]", &["80/tcp", "81/tcp"], 0),
        ("host", "[]", &[], 0),
        ("awsvpc", "[{containerPort: 80}, {containerPort: 81, hostPort: 81}]", &[], 0),
        ("none", "[]", &[], 0),
    ] {
        let (mut found, count) = ports(mode, mappings);
        found.sort();
        assert_eq!((found, count), (fixed.iter().map(|it| (*it).to_owned()).collect(), dynamic), "{mode} {mappings}");
    }
}

#[test]
fn res_023_mappings_that_cannot_be() {
    let text = |mode: &str, mapping: &str| {
        format!(
            "taskDefinitions: [{{family: t, networkMode: {mode}, containerDefinitions: [{{name: c, memory: 9, portMappings: [{mapping}]}}]}}]\n"
        )
    };
    for (mode, mapping, message) in [
        ("none", "{containerPort: 80}", "network mode none allows no port mappings (RES-023)"),
        (
            "host",
            "{containerPort: 80, hostPort: 81}",
            "When networkMode=host, the host ports and container ports in port mappings must match (RES-023)",
        ),
        (
            "awsvpc",
            "{containerPort: 80, hostPort: 81}",
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match (RES-023)",
        ),
        ("bridge", "{hostPort: 81}", "a port mapping needs `containerPort` or `containerPortRange`"),
        ("bridge", "{containerPort: 0}", "there is no port 0 in a container"),
    ] {
        rejected(&text(mode, mapping), "E345", message);
    }
    rejected(
        &text("bridge", "{containerPort: 80, hostPort: 99}, {containerPort: 81, hostPort: 99}"),
        "E343",
        "host port 99/tcp is mapped twice in this task definition",
    );
}

#[test]
fn res_025_dynamic_ports_come_from_a_range_of_the_host() {
    let model = model(
        "containerInstances:\n\
         - {name: A1, instanceType: m5.large}\n\
         - {name: A2, instanceType: m5.large, agent: {ECS_DYNAMIC_HOST_PORT_RANGE: '40000-40009'}}\n",
    );
    assert_eq!(shape(&model, "A1").dynamic_ports, 60_999 - 32_768 + 1);
    assert_eq!(shape(&model, "A2").dynamic_ports, 10);
    check(
        "containerInstances: [{instanceType: m5.large, agent: {ECS_DYNAMIC_HOST_PORT_RANGE: '9-1'}}]\n",
        &["E333 1:84 `9-1` is no port range"],
    );
    // Running out fails the task on the host, not its placement.
    let run = run(
        "containerInstances: [{name: A1, instanceType: m5.large, agent: {ECS_DYNAMIC_HOST_PORT_RANGE: '40000-40001'}}]\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9, portMappings: [{containerPort: 1}]}]}]\n\
         timeline: [{at: 1s, runTask: {taskDefinition: t, count: 3}}]\n",
    );
    assert_eq!((run.placed().len(), run.unplaced().len()), (3, 0));
    assert_eq!(run.sim.cluster().tasks().iter().filter(|task| task.is_running()).count(), 2);
}

#[test]
fn res_027_port_ranges_are_dynamic_in_bridge_and_need_a_recent_agent() {
    assert_eq!(ports("bridge", "[{containerPortRange: 8000-8009}]"), (Vec::new(), 10));
    assert_eq!(ports("awsvpc", "[{containerPortRange: 8000-8009}]"), (Vec::new(), 0));
    let text = |mode: &str, mapping: &str| {
        format!(
            "taskDefinitions: [{{family: t, networkMode: {mode}, containerDefinitions: [{{name: c, memory: 9, portMappings: [{mapping}]}}]}}]\n"
        )
    };
    for (mode, mapping, message) in [
        ("host", "{containerPortRange: 80-81}", "`containerPortRange` needs network mode bridge or awsvpc (RES-027)"),
        ("bridge", "{containerPortRange: 81-80}", "`81-80` is no port range"),
        ("bridge", "{containerPortRange: '80'}", "`80` is no port range"),
        (
            "bridge",
            "{containerPortRange: 80-81, hostPort: 80}",
            "`containerPortRange` goes with neither `containerPort` nor `hostPort`",
        ),
    ] {
        rejected(&text(mode, mapping), "E345", message);
    }
    let ranges = |count: usize| vec!["{containerPortRange: 80-81}"; count].join(", ");
    accepted(&text("bridge", &ranges(100)));
    rejected(
        &text("bridge", &ranges(101)),
        "E330",
        "101 port ranges, at most 100 are allowed for a container (RES-027)",
    );
    // The attribute that an agent has from 1.67.0 on.
    let model = model(
        "containerInstances: [{name: old, agentVersion: 1.66.2, instanceType: m5.large}, {name: new, agentVersion: 1.67.0, instanceType: m5.large}]\n\
         taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9, portMappings: [{containerPortRange: 1-2}]}]}]\n",
    );
    let name = "ecs.capability.network.container-port-range";
    assert_eq!(attribute(&model, shape(&model, "old"), name), None);
    assert_eq!(attribute(&model, shape(&model, "new"), name), Some(None));
    assert_eq!(required(&model, definition(&model, "t")), [name]);
}

/// Containers that ask for so many GPUs each, as the inside of a list.
fn with_gpus(values: &[&str]) -> String {
    let container = |(at, value): (usize, &&str)| {
        format!("{{name: c{at}, memory: 9, resourceRequirements: [{{type: GPU, value: '{value}'}}]}}")
    };
    values.iter().enumerate().map(container).collect::<Vec<_>>().join(", ")
}

#[test]
fn res_030_whole_gpus_summed_over_containers_or_all() {
    let gpus =
        |values: &[&str]| format!("taskDefinitions: [{{family: t, containerDefinitions: [{}]}}]\n", with_gpus(values));
    for (values, need) in [
        (&["1"][..], GpuNeed::Count(1)),
        (&["1", "3"], GpuNeed::Count(4)),
        (&["ALL"], GpuNeed::All),
        (&["1", "all"], GpuNeed::All),
    ] {
        assert_eq!(definition(&model(&gpus(values)), "t").requirements.gpus, need, "{values:?}");
    }
    for value in ["half", "0.5", "-1", "65"] {
        let message = format!("`{value}` is no number of GPUs: write a whole number or ALL (RES-030)");
        rejected(&gpus(&[value]), "E342", &message);
    }
    // Other devices are no GPUs.
    let neuron =
        "containerDefinitions: [{name: c, memory: 9, resourceRequirements: [{type: NeuronDevice, value: all}]}]";
    assert_eq!(reserves(neuron).gpus, GpuNeed::Count(0));
}

#[test]
fn res_043_awsvpc_takes_an_interface_and_needs_the_capability() {
    for (mode, expected, eni) in [
        ("awsvpc", NetworkMode::Awsvpc, true),
        ("bridge", NetworkMode::Bridge, false),
        ("host", NetworkMode::Host, false),
        ("none", NetworkMode::None, false),
    ] {
        let text = format!(
            "taskDefinitions: [{{family: t, networkMode: {mode}, containerDefinitions: [{{name: c, memory: 9}}]}}]\n"
        );
        let model = model(&text);
        let definition = definition(&model, "t");
        assert_eq!((definition.network_mode, definition.requirements.eni), (expected, eni));
        assert_eq!(required(&model, definition).contains(&"ecs.capability.task-eni".to_owned()), eni);
    }
}

#[test]
fn plc_006_the_platform_is_required_with_its_value() {
    for (platform, expected) in [
        ("{cpuArchitecture: ARM64}", &["ecs.cpu-architecture=arm64"][..]),
        ("{cpuArchitecture: X86_64}", &["ecs.cpu-architecture=x86_64"]),
        ("{operatingSystemFamily: LINUX}", &["ecs.os-family=LINUX"]),
        (
            "{cpuArchitecture: X86_64, operatingSystemFamily: WINDOWS_SERVER_2019_CORE}",
            &["ecs.cpu-architecture=x86_64", "ecs.os-family=WINDOWS_SERVER_2019_CORE"],
        ),
        ("{}", &[]),
    ] {
        let text = format!(
            "taskDefinitions: [{{family: t, runtimePlatform: {platform}, containerDefinitions: [{{name: c, memory: 9}}]}}]\n"
        );
        let model = model(&text);
        assert_eq!(required(&model, definition(&model, "t")), expected, "{platform}");
    }
    let run = run(
        "containerInstances: [{name: x86, instanceType: m5.large}, {name: win, instanceType: m5.large, operatingSystem: WINDOWS_SERVER_2022_CORE}, {name: arm, instanceType: m6g.large}]\n\
         taskDefinitions: [{family: t, runtimePlatform: {cpuArchitecture: ARM64}, containerDefinitions: [{name: c, memory: 9}]}, {family: w, runtimePlatform: {operatingSystemFamily: WINDOWS_SERVER_2019_FULL}, containerDefinitions: [{name: c, memory: 9}]}]\n\
         timeline: [{at: 1s, runTask: {taskDefinition: t}}, {at: 2s, runTask: {taskDefinition: w}}]\n",
    );
    assert_eq!((run.placed(), run.unplaced()), (vec!["arm"], vec!["1: Attribute 3".to_owned()]));
}

#[test]
fn res_050_efs_and_bind_mounts_need_no_zone() {
    let volumes =
        "volumes: [{name: a, host: {sourcePath: /x}}, {name: b, efsVolumeConfiguration: {fileSystemId: fs-1}}]";
    let text = format!("taskDefinitions: [{{family: t, {volumes}, containerDefinitions: [{{name: c, memory: 9}}]}}]\n");
    let plain = model(&text);
    assert_eq!(required(&plain, definition(&plain, "t")), ["ecs.capability.efs"]);
    for auth in ["{iam: ENABLED}", "{accessPointId: fsap-1}"] {
        let text = format!(
            "taskDefinitions: [{{family: t, volumes: [{{name: b, efsVolumeConfiguration: {{fileSystemId: fs-1, authorizationConfig: {auth}}}}}], containerDefinitions: [{{name: c, memory: 9}}]}}]\n"
        );
        let model = model(&text);
        assert_eq!(required(&model, definition(&model, "t")), ["ecs.capability.efsAuth"], "{auth}");
    }
    assert_eq!(definition(&plain, "t").requirements, needs(0, 9));
}

#[test]
fn res_051_a_docker_volume_driver_must_be_on_the_instance() {
    let run = run(
        "containerInstances: [{name: plain, instanceType: m5.large}, {name: rexray, instanceType: m5.large, capabilities: {add: [ecs.capability.docker-plugin.rexray/ebs]}}]\n\
         taskDefinitions:\n\
         - {family: t, volumes: [{name: v, dockerVolumeConfiguration: {driver: rexray/ebs}}], containerDefinitions: [{name: c, memory: 9}]}\n\
         - {family: l, volumes: [{name: v, dockerVolumeConfiguration: {driver: local}}], containerDefinitions: [{name: c, memory: 9}]}\n\
         timeline: [{at: 1s, runTask: {taskDefinition: t, count: 2}}, {at: 2s, runTask: {taskDefinition: l, placementConstraints: [{type: memberOf, expression: not(attribute:ecs.capability.docker-plugin.rexray/ebs exists)}]}}]\n",
    );
    assert_eq!(run.placed(), ["rexray", "rexray", "plain"]);
    let required = required(&run.model, definition(&run.model, "t"));
    assert_eq!(required, ["ecs.capability.docker-plugin.rexray/ebs"]);
}

const EBS: &str = "taskDefinitions: [{family: t, volumes: [{name: data, configuredAtLaunch: true}], containerDefinitions: [{name: c, memory: 9}]}]\n";

#[test]
fn res_052_one_ebs_volume_a_task_on_nitro_for_replica_services_under_ecs() {
    let service = |fields: &str| format!("{EBS}services: [{{serviceName: s, taskDefinition: t, {fields}}}]\n");
    let model =
        accepted(&service("volumeConfigurations: [{name: data, managedEBSVolume: {roleArn: r, sizeInGiB: 9}}]"));
    assert!(definition(&model, "t").ebs_volume);
    assert_eq!(required(&model, definition(&model, "t")), ["ecs.capability.storage.ebs-task-volume-attach"]);
    for (fields, message) in [
        (
            "schedulingStrategy: DAEMON, volumeConfigurations: [{name: data}]",
            "a DAEMON service cannot have `volumeConfigurations`",
        ),
        (
            "volumeConfigurations: [{name: data}, {name: data}]",
            "2 `volumeConfigurations`, a task has at most one EBS volume (RES-052)",
        ),
        (
            "volumeConfigurations: [{name: other}]",
            "volume `other` is not configured at launch in the task definition `t`",
        ),
    ] {
        rejected(&service(fields), "E357", message);
    }
    let controlled =
        problems(&service("deploymentController: {type: CODE_DEPLOY}, volumeConfigurations: [{name: data}]"));
    assert!(controlled.iter().any(|line| line.contains("needs the deployment controller ECS")), "{controlled:?}");
    rejected(
        "taskDefinitions: [{family: t, volumes: [{name: a, configuredAtLaunch: true}, {name: b, configuredAtLaunch: true}], containerDefinitions: [{name: c, memory: 9}]}]\n",
        "E357",
        "2 volumes with `configuredAtLaunch`, a task has at most one EBS volume (RES-052)",
    );
    // m4 is not Nitro, m5 is.
    let run = run(&format!(
        "containerInstances: [{{name: xen, instanceType: m4.large}}, {{name: nitro, instanceType: m5.large}}]\n{EBS}timeline: [{{at: 1s, runTask: {{taskDefinition: t, count: 3, volumeConfigurations: [{{name: data}}]}}}}]\n"
    ));
    assert_eq!(run.placed(), ["nitro"; 3]);
}

#[test]
fn res_053_slots_for_volumes_run_out_after_placement() {
    let text = |slots: u32| {
        format!(
            "settings: {{ebs_slots: {slots}}}\ncontainerInstances: [{{name: A1, instanceType: m5.large}}]\n{EBS}timeline: [{{at: 1s, runTask: {{taskDefinition: t, count: 5}}}}]\n"
        )
    };
    for (slots, running) in [(27, 5), (3, 3)] {
        let run = run(&text(slots));
        assert_eq!((run.placed().len(), run.unplaced().len()), (5, 0));
        assert_eq!(run.sim.cluster().tasks().iter().filter(|task| task.is_running()).count(), running);
        assert_eq!(u32::from(shape(&run.model, "A1").ebs_slots), slots);
    }
}

#[test]
fn res_054_ephemeral_storage_is_no_resource_of_an_instance() {
    let text = "taskDefinitions: [{family: t, ephemeralStorage: {sizeInGiB: 200}, containerDefinitions: [{name: c, memory: 9}]}]\n";
    let model = accepted(text);
    let definition = definition(&model, "t");
    assert_eq!((definition.requirements, definition.required_attributes.len()), (needs(0, 9), 0));
}

#[test]
fn revisions_continue_and_the_latest_is_meant() {
    let text = "taskDefinitions:\n\
                - {family: t, containerDefinitions: [{name: c, memory: 11}]}\n\
                - {family: t, revision: 5, containerDefinitions: [{name: c, memory: 15}]}\n\
                - {family: t, containerDefinitions: [{name: c, memory: 16}]}\n\
                workload:\n\
                - {name: latest, at: 1s, runTask: {taskDefinition: t}}\n\
                - {name: first, at: 1s, runTask: {taskDefinition: 't:1'}}\n\
                - {name: arn, at: 1s, runTask: {taskDefinition: 'arn:aws:ecs:us-east-1:123456789012:task-definition/t:5'}}\n";
    let model = accepted(text);
    for (name, memory) in [("latest", 16), ("first", 11), ("arn", 15)] {
        assert_eq!(source(&model, name).template.requirements.memory, memory, "{name}");
    }
    check(
        &format!("{text}- {{name: no, at: 1s, runTask: {{taskDefinition: 't:2'}}}}\n"),
        &["E301 9:48 unknown revision `t:2` (known: t:1, t:5, t:6)"],
    );
    check(
        "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}, {family: t, revision: 1, containerDefinitions: [{name: c, memory: 9}]}]\n",
        &["E302 1:78 `t:1` is registered twice"],
    );
}

#[test]
fn tsk_020_a_task_has_an_essential_container() {
    rejected(&one("memory: 9, essential: false"), "E341", "a task needs at least one essential container (TSK-020)");
    rejected(
        "taskDefinitions: [{family: t, containerDefinitions: []}]\n",
        "E341",
        "a task definition needs at least one container",
    );
    let model = accepted(&one("memory: 9"));
    assert!(definition(&model, "t").containers[0].essential);
}

#[test]
fn tsk_025_stop_timeouts_of_container_and_agent() {
    let model = accepted(&format!(
        "containerInstances: [{{name: A1, instanceType: m5.large, agent: {{ECS_CONTAINER_STOP_TIMEOUT: 2m}}}}, {{name: A2, instanceType: m5.large}}]\n{}",
        one("memory: 9, stopTimeout: 300")
    ));
    assert_eq!(definition(&model, "t").containers[0].stop_timeout.map(|it| it.ms()), Some(300_000));
    assert_eq!((shape(&model, "A1").stop_timeout.ms(), shape(&model, "A2").stop_timeout.ms()), (120_000, 30_000));
    rejected(
        "containerInstances: [{instanceType: m5.large, agent: {ECS_CONTAINER_STOP_TIMEOUT: 500ms}}]\n",
        "E337",
        "a stop timeout of 500ms; the agent takes 1s or more (TSK-025)",
    );
}

#[test]
fn containers_have_names_of_their_own_and_depend_on_one_another() {
    check(
        "taskDefinitions: [{family: t, containerDefinitions: [{name: a, memory: 9}, {name: a, memory: 9, dependsOn: [{containerName: aa, condition: START}]}]}]\n",
        &["E302 1:83 two containers are called `a`", "E301 1:125 unknown container `aa`"],
    );
}

/// Not ECS: with `gpu_sharing` a value below one is a share of one GPU, and containers add up.
#[test]
fn shares_of_gpus_where_tasks_may_share() {
    let text = |values: &[&str]| {
        format!(
            "settings: {{gpu_sharing: random}}\n{A1}taskDefinitions: [{{family: t, containerDefinitions: [{}]}}]\n",
            with_gpus(values)
        )
    };
    let gpus = |values: &[&str]| {
        let definitions = model(&text(values)).definitions;
        let definition = definitions.task_definitions.values().next().expect("a task definition");
        (definition.requirements.gpus, definition.containers[0].gpus)
    };
    assert_eq!(gpus(&["0.25"]), (GpuNeed::Count(250), GpuNeed::Count(250)));
    assert_eq!(gpus(&["0.25", "0.75"]), (GpuNeed::Count(1_000), GpuNeed::Count(250)));
    assert_eq!(gpus(&["2"]), (GpuNeed::Count(2_000), GpuNeed::Count(2_000)));
    assert_eq!(gpus(&["ALL"]), (GpuNeed::All, GpuNeed::All));
    let whole = "more than one must be whole";
    rejected(
        &text(&["1", "0.5"]),
        "E342",
        &format!("the task asks for 1.5 GPUs; a share is a part of one GPU, and {whole}"),
    );
    let message = "`1.5` is no number of GPUs: write a whole number, a share such as 0.25, or ALL (RES-030)";
    rejected(&text(&["1.5"]), "E342", message);
}
