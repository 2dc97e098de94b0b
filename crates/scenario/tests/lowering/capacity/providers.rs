//! Capacity providers as they are created, changed and deleted.

use ecsim_cluster::definitions::{ManagedScaling, ProviderKind};
use ecsim_cluster::fact::CallError;
use ecsim_cluster::{Fact, ProviderStatus};
use ecsim_kernel::Span;

use super::*;

#[test]
fn cp_001_a_provider_is_of_one_of_four_types() {
    let text = format!(
        "{GROUP}vpc: {{subnets: {{sn: us-east-1a}}}}\ncluster: {{capacityProviders: [cp, FARGATE, FARGATE_SPOT]}}\n\
         capacityProviders: [{{name: cp, autoScalingGroupProvider: {{autoScalingGroup: asg}}}}, {{name: mi, managedInstancesProvider: {{instanceLaunchTemplate: {{networkConfiguration: {{subnets: [sn]}}}}}}}}]\n"
    );
    let model = accepted(&text);
    let kinds: Vec<(&str, bool)> = model
        .definitions
        .capacity_providers
        .values()
        .map(|provider| {
            let kind = match provider.kind {
                ProviderKind::AutoScalingGroup(_) => "EC2_AUTOSCALING",
                ProviderKind::ManagedInstances => "MANAGED_INSTANCES",
                ProviderKind::Fargate => "FARGATE",
                ProviderKind::FargateSpot => "FARGATE_SPOT",
            };
            (kind, provider.exists_at_start)
        })
        .collect();
    // A Managed Instances provider is its cluster's without being associated (CP-003).
    let expected = [("FARGATE", true), ("FARGATE_SPOT", true), ("EC2_AUTOSCALING", true), ("MANAGED_INSTANCES", true)];
    assert_eq!(kinds, expected);
    let none = "capacityProviders: [{name: cp}]\n";
    check(none, &["E393 1:21 a capacity provider stands for one Auto Scaling group or for Managed Instances (CP-001)"]);
}

#[test]
fn cp_002_and_qta_012_at_most_twenty_in_a_cluster() {
    let many = |count: usize| {
        let groups: Vec<String> = (0..count)
            .map(|at| format!("{{autoScalingGroupName: g{at}, minSize: 0, maxSize: 1, launchTemplate: {{instanceType: m5.large}}}}"))
            .collect();
        let providers: Vec<String> = (0..count)
            .map(|at| format!("{{name: p{at}, autoScalingGroupProvider: {{autoScalingGroup: g{at}}}}}"))
            .collect();
        format!("autoScalingGroups: [{}]\ncapacityProviders: [{}]\n", groups.join(", "), providers.join(", "))
    };
    assert_eq!(accepted(&many(20)).definitions.capacity_providers.len(), 20);
    check(&many(21), &["E330 2:20 21 capacity providers, at most 20 are allowed (CP-002)"]);
    // Twenty are associated, the others only exist.
    let named: Vec<String> = (0..20).map(|at| format!("p{at}")).collect();
    let text = format!("{}cluster: {{capacityProviders: [{}]}}\n", many(25), named.join(", "));
    let others: Vec<String> = problems(&text);
    assert_eq!(others.len(), 5, "{others:?}");
    for (at, told) in (20..).zip(&others) {
        assert!(told.contains(&format!("`p{at}` is not associated with the cluster, so nothing uses it")), "{told}");
    }
}

#[test]
fn cp_003_a_provider_wraps_one_group_and_a_group_has_one_provider() {
    let two = "capacityProviders: [{name: cp, autoScalingGroupProvider: {autoScalingGroup: asg}}, {name: cp2, autoScalingGroupProvider: {autoScalingGroupArn: 'arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:a-b-c:autoScalingGroupName/asg'}}]\n";
    check(
        &format!("{GROUP}{two}"),
        &[
            "E393 2:144 the group `asg` has a capacity provider already: it can have one (CP-003) (give each provider a group of its own)",
        ],
    );
    check(
        &format!(
            "{GROUP}{PROVIDER}timeline: [{{at: 1m, updateCapacityProvider: {{name: cp, autoScalingGroupProvider: {{autoScalingGroup: other}}}}}}]\n"
        ),
        &[
            "E393 3:82 the Auto Scaling group of a provider cannot be changed (create another capacity provider (CP-003))",
        ],
    );
}

#[test]
fn cp_005_fargate_is_there_and_neither_created_nor_deleted() {
    let entry = "capacityProviders: [{name: FARGATE, autoScalingGroupProvider: {autoScalingGroup: asg}}]\n";
    check(
        &format!("{GROUP}{entry}"),
        &["E393 2:28 `FARGATE` always exists and cannot be created (CP-005) (leave the entry out)"],
    );
    let calls = "cluster: {capacityProviders: [FARGATE]}\ntimeline: [{at: 1s, createCapacityProvider: {name: FARGATE_SPOT, autoScalingGroupProvider: {autoScalingGroup: asg}}}, {at: 2s, deleteCapacityProvider: {capacityProvider: FARGATE}}]\n";
    check(
        &format!("{GROUP}{calls}"),
        &[
            "E393 3:52 `FARGATE_SPOT` always exists and cannot be created (CP-005) (leave the entry out)",
            "E393 3:171 `FARGATE` always exists and cannot be deleted (CP-005)",
        ],
    );
    // Association is all they need.
    accepted(&format!("cluster: {{capacityProviders: [FARGATE]}}\n{F}{}", service_of(&on("FARGATE"))));
    check(
        &format!("{GROUP}{PROVIDER}cluster: {{capacityProviders: [cp]}}\n{F}{}", service_of(&on("FARGATE"))),
        &["E395 5:94 `FARGATE` is not associated with the cluster (CP-001)"],
    );
}

#[test]
fn cp_006_a_provider_in_use_cannot_be_deleted() {
    let text = format!(
        "{AN_HOUR}{GROUP}{PROVIDER}{T}{}timeline:\n\
         - {{at: 1m, deleteCapacityProvider: {{capacityProvider: cp}}}}\n\
         - {{at: 2m, updateService: {{service: s, desiredCount: 0}}}}\n\
         - {{at: 3m, putClusterCapacityProviders: {{capacityProviders: [], defaultCapacityProviderStrategy: []}}}}\n\
         - {{at: 4m, deleteCapacityProvider: {{capacityProvider: cp}}}}\n\
         - {{at: 5m, deleteService: {{service: s}}}}\n\
         - {{at: 6m, deleteCapacityProvider: {{capacityProvider: cp}}}}\n\
         - {{at: 7m, deleteCapacityProvider: {{capacityProvider: cp}}}}\n",
        service_of(&format!("desiredCount: 1, {}", on("cp")))
    );
    let run = run(&text);
    let provider = run.provider("cp");
    let refused: Vec<u64> = run.seconds_of(|fact| matches!(fact, Fact::CallRefused { .. }));
    // Associated with the cluster; then named by a service; then gone already.
    assert_eq!(refused, [60, 240, 420]);
    assert!(run.refused().iter().all(|error| *error == CallError::ProviderInUse { provider }), "{:?}", run.refused());
    let statuses: Vec<(u64, ProviderStatus)> = run
        .facts
        .iter()
        .filter_map(|(at, fact)| match *fact {
            Fact::ProviderStatusChanged { to, .. } => Some((seconds(at), to)),
            _ => None,
        })
        .collect();
    let expected = [(0, ProviderStatus::Active), (180, ProviderStatus::Disassociated), (360, ProviderStatus::Inactive)];
    assert_eq!(statuses, expected);
}

#[test]
fn cp_021_what_a_group_needs() {
    // MaxSize 0 can never scale out.
    let zero = |fields: &str| format!("{}{PROVIDER}", group("asg", (0, 0, 0), fields));
    check(&zero(""), &["W391 1:70 the group `asg` can never have an instance (CP-021) (raise `maxSize`)"]);
    accepted(&format!("{}{PROVIDER}", group("asg", (0, 0, 1), "")));
    // Weights are for groups without a provider.
    let mixed =
        ", mixedInstancesPolicy: {launchTemplate: {overrides: [{instanceType: m5.large, weightedCapacity: '2'}]}}";
    check(
        &format!("{}{PROVIDER}", group("asg", (0, 0, 9), mixed)),
        &[
            "E393 1:221 instance weights are not possible with a capacity provider (CP-021), and `cp` is one (leave it out)",
        ],
    );
    // Instances of before the provider are not its own, and CAS edits neither bound.
    let created = format!(
        "{AN_HOUR}{GROUP}{T}timeline: [{{at: 1m, createCapacityProvider: {{name: cp, autoScalingGroupProvider: {{autoScalingGroup: asg}}}}}}, {{at: 2m, runTask: {{taskDefinition: t, {}}}}}, {{at: 3m, runTask: {{taskDefinition: t}}}}]\n",
        on("cp")
    );
    let run = run(&created);
    let cluster = run.sim.cluster();
    let linked = |name: &str| {
        let found = cluster.instances().values().find(|row| *row.name == *name);
        found.map(|row| row.provider.is_some())
    };
    assert_eq!([linked("asg-1"), linked("asg-2")], [Some(false), Some(false)]);
    assert_eq!(linked("asg-3"), Some(true), "launched for the waiting task");
    assert!(!run.facts.iter().any(|(_, fact)| matches!(fact, Fact::GroupSizeChanged { .. })));
}

#[test]
fn cp_022_termination_protection_needs_scaling_and_a_protecting_group() {
    let with = |fields: &str, group_fields: &str| {
        format!(
            "{}capacityProviders: [{{name: cp, autoScalingGroupProvider: {{autoScalingGroup: asg{fields}}}}}]\n",
            group("asg", (0, 0, 9), group_fields)
        )
    };
    let protects = ", newInstancesProtectedFromScaleIn: true";
    let enabled = ", managedTerminationProtection: ENABLED";
    check(
        &with(enabled, ""),
        &[
            "E393 2:112 The managed termination protection setting for the capacity provider is invalid. To enable managed termination protection for a capacity provider, the Auto Scaling group must have instance protection from scale in enabled. (set newInstancesProtectedFromScaleIn: true in the group `asg`",
        ],
    );
    check(
        &with(&format!(", managedScaling: {{status: DISABLED}}{enabled}"), protects),
        &["E393 2:148 managed termination protection needs managed scaling"],
    );
    let protection =
        |text: &str| accepted(text).definitions.capacity_providers.values().next().unwrap().termination_protection;
    assert!(protection(&with(enabled, protects)));
    assert!(!protection(&with("", protects)), "off by default");
    // The same during the run: the group protects from the second minute on.
    let update = |at: &str| {
        format!(
            "{{at: {at}, updateCapacityProvider: {{name: cp, autoScalingGroupProvider: {{managedTerminationProtection: ENABLED}}}}}}"
        )
    };
    let text = format!(
        "{AN_HOUR}{}timeline: [{}, {{at: 2m, updateAutoScalingGroup: {{autoScalingGroupName: asg, newInstancesProtectedFromScaleIn: true}}}}, {}]\n",
        with("", ""),
        update("1m"),
        update("3m")
    );
    let run = run(&text);
    assert_eq!(run.refused(), [CallError::TerminationProtectionNotPossible]);
    let provider = run.provider("cp");
    assert!(run.sim.cluster().providers()[provider].termination_protection);
}

#[test]
fn cp_023_managed_draining_is_on_by_default() {
    let drains = |fields: &str| {
        let text = format!(
            "{GROUP}capacityProviders: [{{name: cp, autoScalingGroupProvider: {{autoScalingGroup: asg{fields}}}}}]\n"
        );
        accepted(&text).definitions.capacity_providers.values().next().unwrap().managed_draining
    };
    assert!(drains("") && drains(", managedDraining: ENABLED") && !drains(", managedDraining: DISABLED"));
    let wrong = format!(
        "{GROUP}capacityProviders: [{{name: cp, autoScalingGroupProvider: {{autoScalingGroup: asg, managedDraining: 'ON'}}}}]\n"
    );
    check(&wrong, &["E023 2:99 `managedDraining`: expected `ENABLED` or `DISABLED`, found the text `ON`"]);
}

#[test]
fn cas_001_and_cas_002_a_provider_has_target_tracking_and_its_defaults() {
    let scaling = |fields: &str| {
        let text = format!(
            "{GROUP}capacityProviders: [{{name: cp, autoScalingGroupProvider: {{autoScalingGroup: asg{fields}}}}}]\n"
        );
        model(&text).definitions.capacity_providers.values().next().unwrap().managed_scaling
    };
    let defaults = ManagedScaling { target: 100, minimum_step: 1, maximum_step: 10_000, warmup: Span::from_secs(300) };
    assert_eq!(scaling(""), Some(defaults));
    assert_eq!(scaling(", managedScaling: {status: ENABLED}"), Some(defaults));
    assert_eq!(scaling(", managedScaling: {status: DISABLED}"), None);
    let own = ", managedScaling: {targetCapacity: 80, minimumScalingStepSize: 2, maximumScalingStepSize: 5, instanceWarmupPeriod: 60}";
    let given = ManagedScaling { target: 80, minimum_step: 2, maximum_step: 5, warmup: Span::from_secs(60) };
    assert_eq!(scaling(own), Some(given));
    // The high and the low alarm of its own policy: a task waits, so the high one goes off; then nothing is used.
    let text = format!(
        "simulation: {{latencies: none, duration: 40m}}\n{}{PROVIDER}{T}workload: [{{name: w, runTask: {{taskDefinition: t, {}}}, at: [90s], duration: 5m}}]\n",
        group("asg", (0, 0, 9), ""),
        on("cp")
    );
    let run = run(&text);
    let alarms: Vec<(u64, bool)> = run
        .facts
        .iter()
        .filter_map(|(at, fact)| match fact {
            Fact::AlarmChanged { in_alarm, .. } => Some((seconds(at), *in_alarm)),
            _ => None,
        })
        .collect();
    assert_eq!(alarms.first(), Some(&(120, true)), "{alarms:?}");
    assert_eq!(run.desired("asg").first(), Some(&(120, 2)));
    // Policies of the group's own do not go with it.
    let policy = ", scalingPolicies: [{policyName: p, policyType: TargetTrackingScaling, targetTrackingConfiguration: {targetValue: 50, predefinedMetricSpecification: {predefinedMetricType: ASGAverageCPUUtilization}}}]";
    check(
        &format!("{}{PROVIDER}", group("asg", (0, 0, 9), policy)),
        &["W392 1:185 `cp` scales this group as well: the policies work against each other (CAS-001)"],
    );
}

#[test]
fn cas_014_spread_before_binpack_keeps_spare_instances_in_use() {
    // Target 80 keeps a spare instance; tasks that spread use it, so another one is wanted, and so on to the limit.
    let text = |strategies: &str| {
        format!(
            "simulation: {{latencies: none, duration: 6h}}\n{}capacityProviders: [{{name: cp, autoScalingGroupProvider: {{autoScalingGroup: asg, managedScaling: {{targetCapacity: 50}}}}}}]\n{T}\
             workload: [{{name: w, runTask: {{taskDefinition: t, {}, placementStrategy: [{strategies}]}}, every: 2m, duration: 20m}}]\n",
            group("asg", (1, 1, 12), ""),
            on("cp")
        )
    };
    let (binpack, spread) = ("{type: binpack, field: memory}", "{type: spread, field: instanceId}");
    let last = |strategies: String| {
        let run = run(&text(&strategies));
        let cluster = run.sim.cluster();
        cluster.groups()[run.group("asg")].desired
    };
    let (first, second) = (last(format!("{spread}, {binpack}")), last(format!("{binpack}, {spread}")));
    assert_eq!((first, second), (12, 2), "to its limit, and as many as are needed");
    let service = |strategies: String| {
        format!(
            "{}capacityProviders: [{{name: cp, autoScalingGroupProvider: {{autoScalingGroup: asg, managedScaling: {{targetCapacity: 50}}}}}}]\n{T}{}",
            group("asg", (1, 1, 12), ""),
            service_of(&format!("desiredCount: 1, {}, placementStrategy: [{strategies}]", on("cp")))
        )
    };
    check(
        &service(format!("{spread}, {binpack}")),
        &[
            "W394 4:147 with a target below 100 `s` spreads over every spare instance, and the group grows to its limit (CAS-014) (put binpack before spread)",
        ],
    );
    accepted(&service(format!("{binpack}, {spread}")));
}

#[test]
fn cas_033_without_managed_scaling_the_desired_capacity_stays() {
    // Five tasks of one instance each; managed scaling goes off before the low alarm, and nobody scales in any more.
    let task = "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 5000}]}]\n";
    let text = |call: &str| {
        format!(
            "simulation: {{latencies: none, duration: 2h}}\n{}{PROVIDER}{task}{}timeline:\n\
             - {{at: 10m, updateService: {{service: s, desiredCount: 1}}}}\n{call}",
            group("asg", (0, 0, 9), ""),
            service_of(&format!("desiredCount: 5, {}", on("cp")))
        )
    };
    let off = "- {at: 20m, updateCapacityProvider: {name: cp, autoScalingGroupProvider: {managedScaling: {status: DISABLED}}}}\n";
    let left = "- {at: 20m, deleteService: {service: s, force: true}}\n- {at: 21m, putClusterCapacityProviders: {capacityProviders: [], defaultCapacityProviderStrategy: []}}\n";
    let last = |run: &Run| run.desired("asg").last().copied();
    let on = run(&text(""));
    assert_eq!(last(&on).map(|(_, to)| to), Some(1), "{:?}", on.desired("asg"));
    for call in [off, left] {
        let run = run(&text(call));
        assert!(run.refused().is_empty());
        let (at, to) = last(&run).unwrap();
        assert!(at < 600 && to == 5, "{:?}", run.desired("asg"));
        let samples = run.seconds_of(|fact| matches!(fact, Fact::ReservationSampled { .. }));
        assert!(samples.last().is_some_and(|last| (1_140..1_270).contains(last)), "the metric ends: {samples:?}");
    }
}

#[test]
fn cas_034_profiles_are_the_history() {
    use ecsim_policies::capacity::managed_scaling::need::Algorithm;
    use ecsim_policies::capacity::managed_scaling::step::ScaleInCap;
    let of = |settings: &str| accepted(&format!("settings: {{{settings}}}\n")).settings.capacity;
    for (profile, waiting, cap) in [("e2020", 100, 5), ("e2022a", 300, 5), ("e2022b", 500, 50), ("e2026", 500, 50)] {
        let settings = of(&format!("profile: {profile}"));
        assert_eq!(settings.provisioning_tasks, waiting, "{profile}");
        assert_eq!(settings.scale_in_cap, ScaleInCap::new(cap * 10_000, 1_000_000).unwrap(), "{profile}");
        // When the algorithm changed is not established: it is a setting of its own (CAS-016).
        assert_eq!(settings.algorithm, Algorithm::Current, "{profile}");
    }
    assert_eq!(of("profile: e2020, cas_algorithm: historic").algorithm, Algorithm::Historic2020);
    check(
        "settings: {profile: e2021}\n",
        &["E023 1:21 `profile`: expected `e2020`, `e2022a`, `e2022b` or `e2026`, found the text `e2021`"],
    );
}

#[test]
fn cas_009_and_qta_013_as_many_may_wait_as_the_profile_says() {
    // No instance ever comes, and each call asks for ten tasks.
    let refused = |settings: &str| {
        let text = format!(
            "{AN_HOUR}{settings}{}{PROVIDER}{T}workload: [{{name: w, runTask: {{taskDefinition: t, count: 10, {}}}, every: 1s, until: 1m, duration: 1h}}]\ntimeline: [{{at: 0s, suspendProcesses: {{autoScalingGroupName: asg, scalingProcesses: [Launch]}}}}]\n",
            group("asg", (0, 0, 9), ""),
            on("cp")
        );
        let run = run(&text);
        let waiting =
            run.facts.iter().filter(|(_, fact)| matches!(fact, Fact::TaskCreated { instance: None, .. })).count();
        let dropped = run.facts.iter().filter(|(_, fact)| matches!(fact, Fact::RequestDropped { .. })).count();
        (waiting, dropped)
    };
    assert_eq!(refused(""), (500, 100));
    assert_eq!(refused("settings: {profile: e2022a}\n"), (300, 300));
    assert_eq!(refused("settings: {profile: e2020}\n"), (100, 500));
}
