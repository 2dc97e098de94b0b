//! What instances register: CPU, memory, ports, GPUs, network interfaces (RES-001 to RES-004, RES-020, RES-021, RES-024,
//! RES-030, RES-040 to RES-045), their names and zones.

use crate::kit::*;

/// The only instance of an entry with these fields.
#[track_caller]
fn entry(fields: &str) -> ecsim_cluster::definitions::InstanceShape {
    shape(&model(&format!("containerInstances: [{{name: A1, {fields}}}]\n")), "A1").clone()
}

#[test]
fn res_001_a_vcpu_registers_1024_units() {
    for (name, cpu) in
        [("t3.nano", 2048), ("m5.large", 2048), ("m5.xlarge", 4096), ("c5.18xlarge", 73_728), ("m6g.medium", 1024)]
    {
        assert_eq!(entry(&format!("instanceType: {name}")).registered.cpu, cpu, "{name}");
    }
    let own =
        "instanceTypes: {my.box: {vcpu: 3, memory: 1000MiB}}\ncontainerInstances: [{name: A1, instanceType: my.box}]\n";
    let model = accepted(own);
    assert_eq!((shape(&model, "A1").registered.cpu, shape(&model, "A1").registered.memory), (3072, 970));
}

#[test]
fn res_002_what_the_system_sees_less_the_reserve_of_the_agent() {
    let memory = |fields: &str| entry(&format!("instanceType: m4.large, {fields}")).registered.memory;
    // 8373026816 bytes are 7985.14 MiB.
    assert_eq!(memory("memory: 8373026816B"), 7985);
    assert_eq!(memory("memory: 7985MiB, agent: {ECS_RESERVED_MEMORY: 256}"), 7729);
    assert_eq!(memory("memory: 7985MiB, agent: {ECS_RESERVED_MEMORY: 7985}"), 0);
    check(
        "containerInstances: [{instanceType: m4.large, memory: 100MiB, agent: {ECS_RESERVED_MEMORY: 101}}]\n",
        &["E334 1:92 the reserve of 101 MiB exceeds the 100 MiB of the host: registration would fail (RES-002)"],
    );
    // Unsigned, 16 bits.
    for wrong in ["65536", "-1"] {
        let text =
            format!("containerInstances: [{{instanceType: m5.large, agent: {{ECS_RESERVED_MEMORY: {wrong}}}}}]\n");
        assert_eq!(problems(&text).len(), 1, "{wrong}");
    }
}

#[test]
fn res_003_res_004_measured_values_a_percentage_on_linux_nominal_less_one_on_windows() {
    let memory = |fields: &str| entry(fields).registered.memory;
    // 97 % of 8192 is 7946, within 2 % of the measured 7985.
    assert_eq!(memory("instanceType: m4.large"), 7946);
    assert_eq!(memory("instanceType: m4.large, operatingSystem: WINDOWS_SERVER_2022_FULL"), 8191);
    for (name, measured) in [("m4.large", 7985), ("t2.micro", 995), ("t2.micro", 983), ("t3.small", 1955)] {
        let model = f64::from(memory(&format!("instanceType: {name}")));
        assert!((model / f64::from(measured) - 1.0).abs() < 0.02, "{name}: {model} for {measured}");
    }
    let set = |settings: &str, fields: &str| {
        let text = format!("settings: {{{settings}}}\ncontainerInstances: [{{name: A1, {fields}}}]\n");
        shape(&model(&text), "A1").registered.memory
    };
    assert_eq!(set("linux_memory_percent: 90", "instanceType: m4.large"), 7372);
    // Where the catalogue has a measurement it is a wish, not the default.
    let known = ecsim_catalog::Catalog::instance_types()
        .iter()
        .find_map(|it| it.os_visible_memory_mib.filter(|_| it.usable_with_ecs()).map(|mib| (it.name.clone(), mib)));
    if let Some((name, mib)) = known {
        assert_eq!(set("registered_memory: measured", &format!("instanceType: {name}")), mib);
    }
    // A scenario overrides everything.
    assert_eq!(set("registered_memory: measured", "instanceType: m4.large, memory: 7000MiB"), 7000);
    assert_eq!(set("linux_memory_percent: 50", "instanceType: m4.large, registeredResources: {memory: 7777}"), 7777);
}

/// TCP and UDP ports in use before any task.
fn reserved(fields: &str) -> Vec<String> {
    entry(fields).reserved_ports.iter().map(|port| port.to_string()).collect()
}

#[test]
fn res_020_ports_of_the_host_and_the_agent() {
    let linux = ["22/tcp", "2375/tcp", "2376/tcp", "51678/tcp", "51679/tcp", "51680/tcp"];
    assert_eq!(reserved("instanceType: m5.large"), linux);
    let windows = reserved("instanceType: m5.large, operatingSystem: WINDOWS_SERVER_2019_CORE");
    let expected = [53, 135, 139, 445, 2375, 2376, 3389, 5985, 5986, 51678, 51679].map(|port| format!("{port}/tcp"));
    assert_eq!(windows, expected);
    let five =
        model("settings: {reserve_prometheus_port: false}\ncontainerInstances: [{name: A1, instanceType: m5.large}]\n");
    let ports: Vec<String> = shape(&five, "A1").reserved_ports.iter().map(|port| port.to_string()).collect();
    assert_eq!(ports, linux[..5]);
}

#[test]
fn res_021_ports_of_the_agents_configuration_replace_the_list() {
    assert_eq!(reserved("instanceType: m5.large, agent: {ECS_RESERVED_PORTS: [22, 9000]}"), ["22/tcp", "9000/tcp"]);
    assert_eq!(reserved("instanceType: m5.large, agent: {ECS_RESERVED_PORTS: []}"), [""; 0]);
    let udp = reserved("instanceType: m5.large, agent: {ECS_RESERVED_PORTS_UDP: [53]}");
    assert_eq!((udp.len(), udp.contains(&"53/udp".to_owned())), (7, true));
}

#[test]
fn res_024_a_hundred_ports_on_an_instance_is_a_setting() {
    let text = |most: u32| {
        format!(
            "settings: {{max_reserved_ports: {most}}}\n{A1}\
             taskDefinitions: [{{family: t, containerDefinitions: [{{name: c, memory: 9, portMappings: [{{containerPort: 1, hostPort: 1}}, {{containerPort: 2, hostPort: 2}}]}}]}}]\n\
             timeline: [{{at: 1s, runTask: {{taskDefinition: t}}}}]\n"
        )
    };
    // The agent has six.
    assert_eq!(run(&text(8)).placed(), ["A1"]);
    assert_eq!(run(&text(7)).unplaced(), ["1: Ports 1"]);
    // A definition that fits nowhere is worth a word.
    let found = problems(&text(1));
    assert!(found.len() == 1 && found[0].starts_with("W343"), "{found:?}");
}

#[test]
fn res_030_gpus_are_registered_on_linux_with_support() {
    let gpus = |fields: &str| entry(fields).registered.gpus;
    assert_eq!(gpus("instanceType: p3.8xlarge"), 4);
    assert_eq!(gpus("instanceType: p3.8xlarge, agent: {ECS_ENABLE_GPU_SUPPORT: true}"), 4);
    assert_eq!(gpus("instanceType: p3.8xlarge, agent: {ECS_ENABLE_GPU_SUPPORT: false}"), 0);
    assert_eq!(gpus("instanceType: g4dn.xlarge, operatingSystem: WINDOWS_SERVER_2022_FULL"), 0);
    assert_eq!(gpus("instanceType: m5.large"), 0);
    let found = problems("containerInstances: [{registeredResources: {cpu: 1, memory: 1, gpus: 65}}]\n");
    assert_eq!(found, ["E335 1:70 65 GPUs on an instance, at most 64 are possible"]);
}

#[test]
fn res_040_slots_without_trunking_are_the_limit_less_one() {
    for (name, slots) in [("c5.large", 2), ("m5.large", 2), ("m5.4xlarge", 7), ("t3.nano", 1), ("t3.small", 2)] {
        assert_eq!(entry(&format!("instanceType: {name}")).registered.enis, slots, "{name}");
    }
    let text = "instanceTypes: {my.box: {vcpu: 1, memory: 1GiB, maxEnis: 5}, c5.large: {maxEnis: 9}}\n\
                containerInstances: [{name: own, instanceType: my.box}, {name: better, instanceType: c5.large}]\n";
    let model = accepted(text);
    assert_eq!((shape(&model, "own").registered.enis, shape(&model, "better").registered.enis), (4, 8));
    let run = run("containerInstances: [{name: A1, instanceType: c5.large}]\n\
         taskDefinitions: [{family: v, networkMode: awsvpc, containerDefinitions: [{name: c, memory: 256}]}, {family: b, containerDefinitions: [{name: c, memory: 256}]}]\n\
         timeline: [{at: 1s, runTask: {taskDefinition: v, count: 3}}, {at: 2s, runTask: {taskDefinition: b}}]\n");
    assert_eq!((run.placed().len(), run.unplaced()), (3, vec!["1: Eni 1".to_owned()]));
}

#[test]
fn res_041_trunking_is_for_linux_of_a_supported_type_with_a_recent_agent_after_opting_in() {
    for (account, fields, slots, trunk) in [
        ("enabled", "instanceType: c5.large", 10, true),
        ("disabled", "instanceType: c5.large", 2, false),
        // Registered before, or after, the setting was changed.
        ("enabled", "instanceType: c5.large, awsvpcTrunking: false", 2, false),
        ("disabled", "instanceType: c5.large, awsvpcTrunking: true", 10, true),
        ("enabled", "instanceType: c5.large, operatingSystem: WINDOWS_SERVER_2022_FULL", 2, false),
        ("enabled", "instanceType: c5.large, agentVersion: 1.28.0", 2, false),
        ("enabled", "instanceType: c5.large, agentVersion: 1.28.1", 10, true),
        ("enabled", "instanceType: t3.small", 2, false),
        ("enabled", "instanceType: c5.large, external: true", 0, false),
    ] {
        let text =
            format!("accountSettings: {{awsvpcTrunking: {account}}}\ncontainerInstances: [{{name: A1, {fields}}}]\n");
        let model = model(&text);
        let shape = shape(&model, "A1");
        assert_eq!((shape.registered.enis, shape.trunk), (slots, trunk), "{account}: {fields}");
        assert_eq!(attribute(&model, shape, "ecs.awsvpc-trunk-id").is_some(), trunk, "{account}: {fields}");
    }
}

#[test]
fn res_042_interfaces_attached_by_hand_are_invisible_to_placement() {
    let text = |hidden: u32| {
        format!(
            "containerInstances: [{{name: A1, instanceType: c5.large, enisAttachedByHand: {hidden}}}]\n\
             taskDefinitions: [{{family: v, networkMode: awsvpc, containerDefinitions: [{{name: c, memory: 256}}]}}]\n\
             timeline: [{{at: 1s, runTask: {{taskDefinition: v, count: 2}}}}]\n"
        )
    };
    assert_eq!(shape(&model(&text(1)), "A1").hidden_enis, 1);
    for (hidden, running) in [(0, 2), (1, 1), (2, 0)] {
        let run = run(&text(hidden));
        assert_eq!((run.placed().len(), run.unplaced().len()), (2, 0), "{hidden}");
        assert_eq!(run.sim.cluster().tasks().iter().filter(|task| task.is_running()).count(), running, "{hidden}");
    }
}

#[test]
fn res_043_external_instances_take_no_awsvpc_tasks() {
    let run = run(
        "containerInstances: [{name: A1, instanceType: m5.large, external: true}, {name: A2, instanceType: m5.large, external: true, capabilities: {add: [ecs.capability.x]}}]\n\
         taskDefinitions: [{family: v, networkMode: awsvpc, containerDefinitions: [{name: c, memory: 256}]}]\n\
         timeline: [{at: 1s, runTask: {taskDefinition: v, launchType: EXTERNAL}}]\n",
    );
    assert_eq!(run.unplaced(), ["1: Attribute 2"]);
}

#[test]
fn res_044_slots_with_trunking_by_type() {
    let slots =
        |name: &str, trunk: bool| entry(&format!("instanceType: {name}, awsvpcTrunking: {trunk}")).registered.enis;
    for (name, without, with) in [
        ("m5.large", 2, 10),
        ("m5.16xlarge", 14, 120),
        ("c5.9xlarge", 7, 60),
        ("m6g.medium", 1, 4),
        ("m6i.8xlarge", 7, 90),
        ("a1.medium", 1, 10),
        ("i4i.large", 2, 0),
        ("g5.16xlarge", 7, 120),
        ("p3.2xlarge", 3, 40),
        ("trn1.32xlarge", 39, 120),
        ("x2iezn.2xlarge", 3, 64),
        // Not supported: the limit stays small.
        ("m5.metal", 14, 14),
        ("c5n.large", 2, 2),
        ("r5.8xlarge", 7, 7),
        ("t3.large", 2, 2),
    ] {
        assert_eq!((slots(name, false), slots(name, true)), (without, with), "{name}");
    }
}

#[test]
fn res_045_slots_of_common_types_without_trunking() {
    for (name, limit) in [
        ("t2.micro", 2),
        ("t2.small", 3),
        ("t3.micro", 2),
        ("t3.large", 3),
        ("t3.2xlarge", 4),
        ("t3a.small", 2),
        ("t3a.large", 3),
        ("t4g.large", 3),
        ("m4.large", 2),
        ("m4.xlarge", 4),
        ("m4.4xlarge", 8),
        ("c4.large", 3),
        ("c4.8xlarge", 8),
        ("r4.16xlarge", 15),
        ("i3.large", 3),
        ("c5n.18xlarge", 15),
        ("g4dn.xlarge", 3),
        ("g4dn.12xlarge", 8),
        ("m7i.large", 3),
        ("m7i.16xlarge", 15),
        ("m7a.medium", 2),
    ] {
        assert_eq!(entry(&format!("instanceType: {name}")).registered.enis, limit - 1, "{name}");
    }
}

/// Names of all instances with their zones, in order of id.
fn names(text: &str) -> Vec<String> {
    let model = model(text);
    let zones = &model.definitions.zones;
    model.definitions.instances.values().map(|it| format!("{} {}", it.name, zones.name(it.zone))).collect()
}

#[test]
fn instances_are_named_and_spread_over_zones_in_turn() {
    assert_eq!(names("containerInstances: [{instanceType: m5.large}]\n"), ["m5.large-us-east-1a us-east-1a"]);
    assert_eq!(
        names("region: eu-west-1\ncontainerInstances: [{name: web, instanceType: m5.large}]\n"),
        ["web eu-west-1a"]
    );
    let five = "containerInstances: [{name: web, instanceType: m5.large, count: 5, availabilityZones: [us-east-1b, us-east-1a]}]\n";
    assert_eq!(
        names(five),
        ["web-1 us-east-1b", "web-2 us-east-1a", "web-3 us-east-1b", "web-4 us-east-1a", "web-5 us-east-1b"]
    );
    // Ten comes after nine, and the order of the file is irrelevant.
    let many = names(
        "containerInstances: [{name: b, instanceType: m5.large, count: 11}, {name: a, instanceType: m5.large}]\n",
    );
    assert_eq!(
        (many[0].as_str(), many[2].as_str(), many[11].as_str()),
        ("a us-east-1a", "b-2 us-east-1a", "b-11 us-east-1a")
    );
    assert_eq!(
        names(
            "vpc: {subnets: {s: us-east-1c}}\ncontainerInstances: [{name: web, subnet: s, instanceType: m5.large}]\n"
        ),
        ["web us-east-1c"]
    );
    assert!(names("containerInstances: [{instanceType: m5.large, count: 0}]\n").is_empty());
}

#[test]
fn names_that_clash_are_said_once() {
    check(
        "containerInstances:\n- {instanceType: m5.large, count: 3}\n- {instanceType: m5.large, count: 3}\n",
        &["E302 3:3 two container instances are called `m5.large-us-east-1a-1` (give each entry a `name` of its own)"],
    );
    check(
        "containerInstances:\n- {name: web, instanceType: m5.large, count: 3}\n- {name: web-2, instanceType: m5.large}\n",
        &["E302 3:3 two container instances are called `web-2`"],
    );
    check(
        "containerInstances:\n- {name: a, instanceType: m5.large, ec2InstanceId: i-1}\n- {name: b, instanceType: m5.large, ec2InstanceId: i-1}\n",
        &["E302 3:52 two container instances have the EC2 instance id `i-1`"],
    );
}

#[test]
fn what_an_entry_cannot_say() {
    for (fields, expected) in [
        ("instanceType: m5.larg", "E301 1:37 unknown instance type `m5.larg` (near names: m5.large"),
        ("instanceType: mac1.metal", "E306 1:37 `mac1.metal` cannot be a container instance"),
        ("name: x", "E305 1:22 container instances of no type and no size"),
        (
            "instanceType: m5.large, availabilityZone: us-east-1",
            "E303 1:65 `us-east-1` is no Availability Zone of us-east-1",
        ),
        ("instanceType: m5.large, availabilityZone: eu-west-1a", "E303 1:65 `eu-west-1a` is no Availability Zone"),
        (
            "instanceType: m5.large, availabilityZone: us-east-1a, availabilityZones: [us-east-1b]",
            "E304 1:96 both `availabilityZone` and `availabilityZones`",
        ),
        (
            "instanceType: m5.large, count: 2, ec2InstanceId: i-1",
            "E304 1:72 one `ec2InstanceId` for 2 container instances",
        ),
        (
            "instanceType: m5.large, count: 4000000",
            "E330 1:54 4000000 container instances, at most 1000000 are possible",
        ),
        ("instanceType: m5.large, agentVersion: latest", "E336 1:61 `latest` is no version of the agent"),
        ("instanceType: m5.large, subnet: s", "E301 1:55 nothing says where subnet `s` lies (write under vpc"),
    ] {
        check(&format!("containerInstances: [{{{fields}}}]\n"), &[expected]);
    }
    check("instanceTypes: {my.box: {vcpu: 1}}\n", &[]);
    check(
        "instanceTypes: {my.box: {vcpu: 1}}\ncontainerInstances: [{instanceType: my.box}]\n",
        &["E307 1:25 the catalogue has no `my.box`, so it needs `vcpu` and `memory`"],
    );
    check(
        "vpc: {subnets: {s: us-east-1c}}\ncontainerInstances: [{name: web, subnet: s, availabilityZone: us-east-1a, instanceType: m5.large}]\n",
        &["E308 2:42 subnet `s` lies in us-east-1c, and the instances in us-east-1a"],
    );
}

#[test]
fn instances_of_a_file_register_what_it_says() {
    let text = "containerInstances:\n\
                - name: node\n  fromCsv:\n    file: nodes.csv\n    columns:\n      name: sn\n      cpu: {column: milli, unit: millicores}\n      memory: {column: mib, unit: MiB}\n      gpus: gpu\n      attributes: {gpu-model: model}\n    availabilityZones: [us-east-1b, us-east-1a]\n";
    let nodes = "sn,milli,mib,gpu,model\nn2,64000,262144,2,P100\nn1,1500,1000,0,\nn3,64000,262144,2,P100\n";
    let model = model_with(text, &[("nodes.csv", nodes)]);
    let first = shape(&model, "n1").registered;
    assert_eq!((first.cpu, first.memory, first.gpus), (1536, 1000, 0));
    assert_eq!(shape(&model, "n2").registered.gpus, 2);
    assert_eq!(attribute(&model, shape(&model, "n2"), "gpu-model"), Some(Some("P100")));
    assert_eq!(attribute(&model, shape(&model, "n1"), "gpu-model"), None);
    let zones: Vec<&str> =
        model.definitions.instances.values().map(|it| model.definitions.zones.name(it.zone)).collect();
    assert_eq!(zones, ["us-east-1a", "us-east-1b", "us-east-1b"], "of n1, n2, n3: in turn by row");

    let bad = "sn,milli,mib,gpu,model\nn1,x,1000,0,\n,1000,1000,0,\nn2,1000,1000,99,\nn2,1000,1000,1,bad!\nn3,1,1,0,\nn3,1,1,0,\nn4,1\n";
    check_with(
        text,
        &[("nodes.csv", bad)],
        &[
            "E323 4:5 bad row in `nodes.csv`, line 2: column `milli` holds `x`; a number is expected",
            "E323 4:5 bad row in `nodes.csv`, line 3: column `sn` is empty; a name is expected",
            "E323 4:5 bad row in `nodes.csv`, line 4: column `gpu` holds `99`; 0 to 64 GPUs are possible",
            "E323 4:5 bad row in `nodes.csv`, line 5: column `model` holds `bad!`: `bad!` is no value of an attribute",
            "E323 4:5 bad row in `nodes.csv`, line 8: it has 2 fields, the header has 5",
            "E302 4:5 two container instances are called `n3`: lines 6 and 7 (take the name from another column)",
        ],
    );
    check_with(
        text,
        &[("nodes.csv", "sn,milli,gpus\n")],
        &[
            "E322 8:15 `nodes.csv` has no column `mib`",
            "E322 9:13 `nodes.csv` has no column `gpu` (did you mean `gpus`?)",
            "E322 10:31 `nodes.csv` has no column `model`",
        ],
    );
    check(text, &["E320 4:11 cannot read `nodes.csv`: there is no such file"]);
    check_with(text, &[("nodes.csv", "sn,milli,mib,gpu,model\n")], &["E324 4:5 `nodes.csv` has no rows"]);
}
