//! ECS Managed Instances from text to model, and what is left to the run (CP-040 to CP-048).

use ecsim_cluster::definitions::ProviderKind;
use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::{Fact, InstanceStatus, TaskId};
use ecsim_kernel::Span;
use ecsim_policies::capacity::spec::{ManagedInstancesSpec, ProviderSpec};

use super::*;

/// A provider `mi` in one subnet, with these fields of the launch template and of the provider.
fn managed(template: &str, fields: &str) -> String {
    format!(
        "vpc: {{subnets: {{sn: us-east-1a}}}}\ncapacityProviders: [{{name: mi, managedInstancesProvider: {{infrastructureRoleArn: role, instanceLaunchTemplate: {{ec2InstanceProfileArn: profile, networkConfiguration: {{subnets: [sn], securityGroups: [sg]}}{template}}}{fields}}}}}]\n"
    )
}

const M5: &str = ", instanceRequirements: {vCpuCount: {min: 2, max: 2}, memoryMiB: {min: 8192, max: 8192}, allowedInstanceTypes: [m5.large]}";
const HOST: &str = "taskDefinitions: [{family: t, networkMode: host, cpu: 256, memory: 512, containerDefinitions: [{name: c, image: web}]}]\n";

fn spec(text: &str) -> (ManagedInstancesSpec, u32) {
    let model = model(text);
    let (id, definition) = model.definitions.capacity_providers.iter().next().expect("a provider");
    assert_eq!(definition.kind, ProviderKind::ManagedInstances);
    let ProviderSpec::ManagedInstances(spec) = &model.capacity.providers[id] else { panic!("Managed Instances") };
    let volume = model.definitions.launch_options[spec.options[0]].volume_gib;
    (spec.clone(), volume)
}

#[test]
fn cp_040_the_shape_of_a_provider() {
    let (plain, volume) = spec(&managed(M5, ", propagateTags: CAPACITY_PROVIDER"));
    assert_eq!((plain.spot, volume, plain.scale_in_after), (false, 80, Some(Span::from_secs(300))));
    let (spot, volume) =
        spec(&managed(&format!("{M5}, capacityOptionType: SPOT, storageConfiguration: {{storageSizeGiB: 30}}"), ""));
    assert_eq!((spot.spot, volume), (true, 30));
    // The range of the data volume.
    for (size, bound) in [(29, "at least 30"), (16_385, "at most 16384")] {
        let text = managed(&format!(", storageConfiguration: {{storageSizeGiB: {size}}}"), "");
        let found = problems(&text);
        let expected = format!("`storageSizeGiB`: expected {bound}, found the number `{size}`");
        assert!(found.len() == 1 && found[0].starts_with("E024 2:") && found[0].contains(&expected), "{found:?}");
    }
    // Network modes awsvpc and host.
    let uses = |definition: &str| {
        format!("{}{definition}{}", managed(M5, ""), service_of(&format!("desiredCount: 1, {}", on("mi"))))
    };
    accepted(&uses(HOST));
    accepted(
        &uses(&HOST.replace("host", "awsvpc"))
            .replace("desiredCount", "networkConfiguration: {awsvpcConfiguration: {subnets: [sn]}}, desiredCount"),
    );
    check(
        &uses(&HOST.replace("host", "bridge")),
        &[
            "E396 4:91 Managed Instances have no such network mode as that of `t` (use network mode awsvpc or host (CP-040))",
        ],
    );
    // What it needs.
    check(
        "capacityProviders: [{name: mi, managedInstancesProvider: {}}]\n",
        &[
            "E393 1:58 nothing says which instances it launches, and where (write `instanceLaunchTemplate` with its networkConfiguration (CP-040))",
        ],
    );
    check(
        "capacityProviders: [{name: mi, managedInstancesProvider: {instanceLaunchTemplate: {}}}]\n",
        &["E393 1:83 nothing says where its instances go (write networkConfiguration: {subnets: [...]}"],
    );
}

#[test]
fn cp_041_an_instance_is_bought_for_the_architecture_of_the_task() {
    // The cheapest types of these sizes are for Arm; a definition that names no architecture is for x86_64.
    let wide = ", instanceRequirements: {vCpuCount: {min: 2, max: 4}, memoryMiB: {min: 4096, max: 16384}}";
    let bought = |platform: &str| {
        let definition = HOST.replace("cpu: 256", &format!("{platform}cpu: 256"));
        let text = format!(
            "{AN_HOUR}{}{definition}{}",
            managed(wide, ""),
            service_of(&format!("desiredCount: 1, {}", on("mi")))
        );
        let run = run(&text);
        let cluster = run.sim.cluster();
        let instance = cluster.instances().values().next().expect("one was bought");
        let shape = &run.model.definitions.shapes[instance.shape];
        attribute(&run.model, shape, "ecs.cpu-architecture").flatten().map(str::to_owned)
    };
    assert_eq!(bought("").as_deref(), Some("x86_64"));
    assert_eq!(bought("runtimePlatform: {cpuArchitecture: ARM64}, ").as_deref(), Some("arm64"));
}

#[test]
fn cp_045_scale_in_after_has_a_default_a_range_and_an_off() {
    let after = |fields: &str| spec(&format!("{}{}", managed(M5, fields), "")).0.scale_in_after;
    assert_eq!(after(", infrastructureOptimization: {scaleInAfter: 60}"), Some(Span::from_secs(60)));
    assert_eq!(after(", infrastructureOptimization: {scaleInAfter: 0}"), Some(Span::ZERO));
    assert_eq!(after(", infrastructureOptimization: {scaleInAfter: -1}"), None);
    assert_eq!(after(", infrastructureOptimization: {scaleInAfter: null}"), Some(Span::from_secs(300)));
    let own = spec(&format!("settings: {{mi_scale_in_after_default: 10m}}\n{}", managed(M5, "")));
    assert_eq!(own.0.scale_in_after, Some(Span::from_mins(10)));
    let found = problems(&managed(M5, ", infrastructureOptimization: {scaleInAfter: 3601}"));
    assert!(found.len() == 1 && found[0].contains("`scaleInAfter`: expected at most 3600"), "{found:?}");
    // A call changes it: of two tasks that end after a minute, one ends before the change, one after it.
    let text = format!(
        "{AN_HOUR}{}{HOST}workload: [{{name: w, runTask: {{taskDefinition: t, {}}}, at: [1m, 20m], duration: 1m}}]\n\
         timeline: [{{at: 10m, updateCapacityProvider: {{name: mi, managedInstancesProvider: {{infrastructureOptimization: {{scaleInAfter: 30}}}}}}}}]\n",
        managed(M5, ", infrastructureOptimization: {scaleInAfter: 120}"),
        on("mi")
    );
    let run = run(&text);
    assert!(run.refused().is_empty());
    let ended: Vec<u64> = run.terminated().into_iter().map(|(at, _)| at).collect();
    assert_eq!(ended, [120 + 120, 21 * 60 + 30]);
}

/// How long each task's pull took, in seconds, in the order of the tasks.
fn pulls(run: &Run) -> Vec<u64> {
    let mut began: BTreeMap<TaskId, u64> = BTreeMap::new();
    let mut took = Vec::new();
    for (at, fact) in &run.facts {
        match *fact {
            Fact::ImagePullStarted { task } => drop(began.insert(task, at.ms() / 1_000)),
            Fact::ImagePullStopped { task } => took.push(at.ms() / 1_000 - began[&task]),
            _ => {}
        }
    }
    took
}

#[test]
fn cp_044_an_image_goes_fifteen_minutes_after_its_last_use() {
    // A task of a minute at these minutes, on one instance that stays; a cold pull takes 30 s.
    let text = |at: &str, duration: &str| {
        format!(
            "simulation: {{latencies: none, duration: 2h}}\n{}{HOST}behavior: {{taskDefinitions: {{t: {{imagePull: 30s}}}}}}\n\
             workload: [{{name: w, runTask: {{taskDefinition: t, {}}}, at: [{at}], duration: {duration}}}]\n",
            managed(M5, ", infrastructureOptimization: {scaleInAfter: -1}"),
            on("mi")
        )
    };
    // Empty at first; found there within 15 minutes of the last use; gone after more.
    let once = run(&text("0s, 10m, 24m, 41m", "1m"));
    assert_eq!(once.launched().len(), 1);
    assert_eq!(pulls(&once), [30, 0, 0, 30]);
    // As long as a task uses it, it stays.
    assert_eq!(pulls(&run(&text("0s, 40m", "1h"))), [30, 0]);
}

#[test]
fn cp_048_impaired_instances_are_drained_and_replaced() {
    let text = |fields: &str| {
        format!(
            "simulation: {{latencies: none, duration: 1h}}\nsettings: {{asg_status_check_wait_s: 2m}}\n{}{HOST}{}\
             timeline: [{{at: 10m, instanceStatusCheckFails: {{containerInstances: mi-1}}}}]\n",
            managed(M5, fields),
            service_of(&format!("desiredCount: 1, {}", on("mi")))
        )
    };
    let repaired = run(&text(""));
    let drained =
        repaired.seconds_of(|fact| matches!(fact, Fact::InstanceStatusChanged { to: InstanceStatus::Draining, .. }));
    assert_eq!(drained, [720]);
    let ends: Vec<(u64, TerminationReason)> = repaired
        .facts
        .iter()
        .filter_map(|(at, fact)| match *fact {
            Fact::InstanceTerminated { reason, .. } => Some((seconds(at), reason)),
            _ => None,
        })
        .collect();
    assert!(matches!(ends.as_slice(), [(at, TerminationReason::Unhealthy)] if *at >= 720), "{ends:?}");
    assert_eq!(repaired.launched().len(), 2, "another one for the task");
    let left_alone = run(&text(", autoRepairConfiguration: {actionsStatus: DISABLED}"));
    assert_eq!((left_alone.launched().len(), left_alone.terminated().len()), (1, 0));
    // Reservations are said to be missing; daemons that ECS manages are no part of the API's objects here.
    check(
        &managed(&format!("{M5}, capacityReservations: {{reservationPreference: RESERVATIONS_FIRST}}"), ""),
        &["W360 2:350 `capacityReservations` is accepted, but this version does not simulate it"],
    );
}
