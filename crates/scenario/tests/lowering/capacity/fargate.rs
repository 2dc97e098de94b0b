//! What Fargate can run, and what becomes of it (FGT rules, CP-025, RES-054).

use ecsim_cluster::definitions::FargatePlatform;
use ecsim_cluster::{Fact, StopReason, TaskStatus};

use super::*;

/// A definition for Fargate with these fields in place of its size.
fn definition_of(fields: &str) -> String {
    format!(
        "taskDefinitions: [{{family: t, networkMode: awsvpc, requiresCompatibilities: [FARGATE], {fields}, containerDefinitions: [{{name: c}}]}}]\n"
    )
}

#[test]
fn fgt_001_a_size_that_is_not_offered_and_the_nearest_that_are() {
    for (cpu, memory, place, near) in [
        (256, 4096, "1:106", "cpu 512 with memory 4096 has room for it; the nearest memory with cpu 256 is 2048"),
        (300, 512, "1:93", "cpu 512 with memory 1024 has room for it"),
        (1024, 1024, "1:107", "cpu 1024 with memory 2048 has room for it; the nearest memory with cpu 1024 is 2048"),
        (1024, 2500, "1:107", "cpu 1024 with memory 3072 has room for it; the nearest memory with cpu 1024 is 2048"),
        (16384, 200_000, "1:108", "the nearest memory with cpu 16384 is 122880"),
        (32_768, 999_999, "1:93", "the largest is cpu "),
    ] {
        check(
            &definition_of(&format!("cpu: {cpu}, memory: {memory}")),
            &[&format!("E396 {place} No Fargate configuration exists for given values. ({near}")],
        );
    }
    accepted(&definition_of("cpu: 1 vCPU, memory: 2 GB"));
}

#[test]
fn fgt_002_what_only_a_host_of_ones_own_has() {
    let with = |container: &str, fields: &str| {
        format!(
            "taskDefinitions: [{{family: t, networkMode: awsvpc, cpu: 256, memory: 512, requiresCompatibilities: [FARGATE], {fields}containerDefinitions: [{{name: c{container}}}]}}]\n"
        )
    };
    let rows = [
        (
            ", privileged: true",
            "",
            "E396 1:156 Fargate has no privileged containers (leave `privileged` out (FGT-002))",
        ),
        (", links: [x]", "", "E396 1:151 Fargate has no links between containers"),
        (", linuxParameters: {devices: [{hostPath: /dev/x}]}", "", "E396 1:171 Fargate has no devices of a host"),
        (
            ", resourceRequirements: [{type: GPU, value: '1'}]",
            "",
            "E396 1:166 Fargate has neither GPUs nor other accelerators",
        ),
        (", stopTimeout: 121", "", "E396 1:157 a stop timeout above 120 s (120 is the most on Fargate (DRN-007))"),
        ("", "volumes: [{name: v, host: {sourcePath: /x}}], ", "E396 1:137 Fargate has no directories of a host"),
        (
            "",
            "volumes: [{name: v, dockerVolumeConfiguration: {driver: rexray}}], ",
            "E396 1:158 Fargate has no Docker volumes",
        ),
        ("", "pidMode: host, ", "E396 1:120 Fargate shares no processes of a host (write `task` (FGT-002))"),
        ("", "ipcMode: task, ", "E396 1:120 Fargate has no IPC modes"),
    ];
    check_all(&rows.map(|(container, fields, expected)| (with(container, fields), expected)));
    accepted(&with(
        ", linuxParameters: {initProcessEnabled: true}, stopTimeout: 120",
        "pidMode: task, volumes: [{name: v, host: {}}], ",
    ));
    // The same where only the service says that it is for Fargate.
    let service = "taskDefinitions: [{family: t, cpu: 256, memory: 512, containerDefinitions: [{name: c}]}]\nservices: [{serviceName: s, taskDefinition: t, launchType: FARGATE}]\n";
    check(
        service,
        &[
            "E396 2:60 `t` cannot run on Fargate: Fargate only supports network mode ‘awsvpc’. (write `networkMode: awsvpc` (FGT-002))",
        ],
    );
    check(
        &format!("{A1}{T}{}", service_of("desiredCount: 1, platformVersion: 1.4.0")),
        &["E396 3:82 The platform version must be null when specifying an EC2 launch type."],
    );
    check(
        &format!("{F}{}", service_of("launchType: FARGATE, platformVersion: 1.5.0")),
        &["E396 2:86 `1.5.0` is no platform version of Fargate for such a task"],
    );
}

#[test]
fn fgt_003_and_res_054_ephemeral_storage() {
    let gib = |fields: &str| {
        let model = accepted(&definition_of(&format!("cpu: 256, memory: 512{fields}")));
        definition(&model, "t").fargate.expect("a Fargate size").ephemeral_gib
    };
    assert_eq!(gib(""), 20, "included");
    assert_eq!(gib(", ephemeralStorage: {sizeInGiB: 21}"), 21);
    assert_eq!(gib(", ephemeralStorage: {sizeInGiB: 200}"), 200);
    for size in [20, 201] {
        check(
            &definition_of(&format!("cpu: 256, memory: 512, ephemeralStorage: {{sizeInGiB: {size}}}")),
            &[&format!(
                "E396 1:141 {size} GiB of ephemeral storage; 21 to 200 are possible (leave it out for the 20 GiB included (FGT-003))"
            )],
        );
    }
    let service = |version: &str| {
        format!(
            "{}{}",
            definition_of("cpu: 256, memory: 512, ephemeralStorage: {sizeInGiB: 50}"),
            service_of(&format!("launchType: FARGATE, platformVersion: {version}"))
        )
    };
    accepted(&service("1.4.0"));
    check(&service("1.3.0"), &["E396 2:86 more ephemeral storage than 20 GiB is there on 1.4.0 and later (FGT-003)"]);
    // On EC2 nothing of it is placed: both tasks fit onto an instance whatever they write.
    let on_ec2 = T.replace("containerDefinitions", "ephemeralStorage: {sizeInGiB: 200}, containerDefinitions");
    let run = run(&format!("{A1}{on_ec2}timeline: [{{at: 1s, runTask: {{taskDefinition: t, count: 10}}}}]\n"));
    assert_eq!(run.placed().len(), 10);
}

/// A service of two on Fargate Spot, of a definition for this platform, at this version.
fn on_spot(platform: &str, version: &str) -> String {
    let version = if version.is_empty() { String::new() } else { format!(", platformVersion: {version}") };
    format!(
        "taskDefinitions: [{{family: t, networkMode: awsvpc, cpu: 1024, memory: 2048, runtimePlatform: {{{platform}}}, containerDefinitions: [{{name: c}}]}}]\n{}",
        service_of(&format!("desiredCount: 2, {}{version}", on("FARGATE_SPOT")))
    )
}

#[test]
fn cp_025_and_fgt_004_the_platforms_of_fargate_spot() {
    let linux = |cpu: &str| format!("operatingSystemFamily: LINUX, cpuArchitecture: {cpu}");
    for (cpu, platform) in [("X86_64", FargatePlatform::LinuxX86), ("ARM64", FargatePlatform::LinuxArm)] {
        for version in ["", "1.4.0", "LATEST"] {
            let model = accepted(&on_spot(&linux(cpu), version));
            assert_eq!(definition(&model, "t").fargate.map(|size| size.platform), Some(platform));
        }
    }
    accepted(&on_spot(&linux("X86_64"), "1.3.0"));
    check(
        &on_spot(&linux("ARM64"), "1.3.0"),
        &["E396 2:155 Fargate Spot runs tasks for Arm on 1.4.0 and later (CP-025) (write 1.4.0, or LATEST)"],
    );
    check(
        &on_spot("operatingSystemFamily: WINDOWS_SERVER_2022_CORE", ""),
        &[
            "W340 1:57 Windows ignores the size of a task",
            "E396 2:91 Fargate Spot does not run Windows, and `t` is for it (use FARGATE for Windows (FGT-004))",
        ],
    );
}

#[test]
fn cp_025_without_capacity_the_service_keeps_trying_and_stays_on_spot() {
    let text = format!(
        "{AN_HOUR}{}behavior: {{fargate: {{capacityUnavailable: [{{from: 0s, until: 20m, market: spot}}]}}}}\n",
        on_spot("cpuArchitecture: X86_64", "")
    );
    let run = run(&text);
    let created = run.seconds_of(|fact| matches!(fact, Fact::TaskCreated { .. }));
    assert_eq!(created.len(), 2);
    assert!(created[0] >= 1_200, "{created:?}");
    let tried = run.seconds_of(|fact| matches!(fact, Fact::ServiceHeldBack { .. }));
    assert!(tried.len() > 2, "it tried again and again: {tried:?}");
    assert_eq!(run.tasks_by_provider(), BTreeMap::from([("FARGATE_SPOT".to_owned(), 2)]), "never on demand");
}

#[test]
fn fgt_004_a_reclaim_warns_and_the_service_starts_a_replacement() {
    // The container needs five minutes to stop, and its stopTimeout is 60 s: SIGTERM at once, SIGKILL a minute later.
    let text = format!(
        "simulation: {{duration: 1h}}\nsettings: {{scheduler_latency_s: 0s}}\n\
         taskDefinitions: [{{family: t, networkMode: awsvpc, cpu: 256, memory: 512, containerDefinitions: [{{name: c, stopTimeout: 60}}]}}]\n{}\
         behavior: {{taskDefinitions: {{t: {{stop: 5m}}}}, fargate: {{provision: 0s, imagePull: 0s, start: 0s, deprovision: 0s}}}}\n\
         timeline: [{{at: 10m, fargateSpotInterruption: {{task: {{service: s, count: 1}}}}}}]\n",
        service_of(&format!("desiredCount: 1, {}", on("FARGATE_SPOT")))
    );
    let run = run(&text);
    let stops: Vec<(u64, StopReason)> = run
        .facts
        .iter()
        .filter_map(|(at, fact)| match *fact {
            Fact::TaskStopRequested { reason, .. } => Some((seconds(at), reason)),
            _ => None,
        })
        .collect();
    assert!(matches!(stops.as_slice(), [(600, StopReason::SpotInterruption)]), "{stops:?}");
    let exits: Vec<(u64, i32)> = run
        .facts
        .iter()
        .filter_map(|(at, fact)| match *fact {
            Fact::ContainerExited { exit_code, .. } => Some((seconds(at), exit_code)),
            _ => None,
        })
        .collect();
    assert_eq!(exits, [(660, 137)]);
    let created = run.seconds_of(|fact| matches!(fact, Fact::TaskCreated { .. }));
    assert_eq!(created, [0, 600], "the replacement comes with the warning");
    assert_eq!(run.tasks_by_provider(), BTreeMap::from([("FARGATE_SPOT".to_owned(), 2)]));
}

#[test]
fn fgt_021_a_task_is_alone_and_capped_at_its_size() {
    // Two like tasks: one stays within its 512 MiB, the other grows beyond; neither is in the other's way.
    let text = |used: &str| {
        format!(
            "{AN_HOUR}{F}behavior: {{taskDefinitions: {{t: {{memory: {{perTask: {used}}}}}}}}}\ntimeline: [{{at: 1s, runTask: {{taskDefinition: t, launchType: FARGATE, count: 2}}}}]\n"
        )
    };
    let killed = |used: &str| {
        let run = run(&text(used));
        run.facts
            .iter()
            .filter(|(_, fact)| matches!(fact, Fact::ContainerExited { out_of_memory: true, exit_code: 137, .. }))
            .count()
    };
    assert_eq!((killed("500MiB"), killed("513MiB")), (0, 2));
}

#[test]
fn qta_015_a_service_starts_so_many_tasks_a_minute() {
    let started = |settings: &str| {
        let text = format!(
            "simulation: {{latencies: none, duration: 3m}}\nsettings: {{fargate_bucket_burst: 5000{settings}}}\n{F}{}",
            service_of(&format!("desiredCount: 1200, {}", on("FARGATE")))
        );
        let run = run(&text);
        let created = run.seconds_of(|fact| matches!(fact, Fact::TaskCreated { .. }));
        [60, 120].map(|second| created.iter().filter(|at| **at < second).count())
    };
    assert_eq!(started(""), [500, 1000]);
    // What smaller Regions have.
    assert_eq!(started(", service_launches_per_min: 125"), [125, 250]);
}

#[test]
fn qta_016_the_bucket_of_fargate_and_that_of_spot_are_two() {
    // Two services of 200 at once: 100 of each start at once, 20 of each with every second.
    let service = |name: &str, provider: &str| {
        format!("{{serviceName: {name}, taskDefinition: t, desiredCount: 200, {}}}", on(provider))
    };
    let text = |settings: &str| {
        format!(
            "simulation: {{latencies: none, duration: 1m}}\n{settings}{F}services: [{}, {}]\n",
            service("a", "FARGATE"),
            service("b", "FARGATE_SPOT")
        )
    };
    let pulls = |settings: &str| {
        let run = run(&text(settings));
        let pending = |fact: &Fact| matches!(fact, Fact::TaskStatusChanged { to: TaskStatus::Pending, .. });
        run.facts.iter().filter(|(_, fact)| pending(fact)).map(|(at, _)| at.ms()).collect::<Vec<u64>>()
    };
    let at = |pulls: &[u64], second: u64| pulls.iter().filter(|ms| **ms <= second * 1_000 + 25).count();
    let all = pulls("");
    assert_eq!([at(&all, 0), at(&all, 1), at(&all, 2), at(&all, 5)], [200, 240, 280, 400]);
    let small = pulls("settings: {fargate_bucket_burst: 25, fargate_bucket_refill_per_s: 5}\n");
    assert_eq!([at(&small, 0), at(&small, 1), at(&small, 2)], [50, 60, 70]);
}
