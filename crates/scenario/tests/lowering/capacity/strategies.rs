//! Who may use which providers: capacity provider strategies, launch types, the cluster's default.

use ecsim_cluster::Fact;
use ecsim_cluster::definitions::{LaunchType, StrategyItem};
use ecsim_cluster::fact::CallError;

use super::*;

/// Two groups with a provider each: `cp` and `cp2`.
const TWO: &str = "autoScalingGroups: [{autoScalingGroupName: asg, minSize: 0, maxSize: 20, desiredCapacity: 2, availabilityZones: [us-east-1a], launchTemplate: {instanceType: m5.large}}, {autoScalingGroupName: asg2, minSize: 0, maxSize: 20, desiredCapacity: 2, availabilityZones: [us-east-1a], launchTemplate: {instanceType: m5.large}}]\n\
capacityProviders: [{name: cp, autoScalingGroupProvider: {autoScalingGroup: asg}}, {name: cp2, autoScalingGroupProvider: {autoScalingGroup: asg2}}]\n";

/// A RunTask with these fields, on EC2 or Fargate as its definition suits.
fn run_task(definition: &str, fields: &str) -> String {
    format!("{TWO}{definition}timeline: [{{at: 1s, runTask: {{taskDefinition: t, {fields}}}}}]\n")
}

/// EX-A04: reject, reject, reject, accept, reject, reject.
#[test]
fn ex_a04_and_cp_002_cp_007_cp_008_cp_010_cp_011_accept_or_reject() {
    // (1) Two items with a base.
    check(
        &run_task(
            T,
            "capacityProviderStrategy: [{capacityProvider: cp, base: 1, weight: 1}, {capacityProvider: cp2, base: 1}]",
        ),
        &["E394 4:151 only one item may define a base, but items 1 and 2 do"],
    );
    // (2) All weights 0.
    check(
        &run_task(
            T,
            "capacityProviderStrategy: [{capacityProvider: cp, weight: 0}, {capacityProvider: cp2, weight: 0}]",
        ),
        &[
            "E394 4:76 at least one of several items must have a weight above 0 (the default weight is 0: write `weight: 1` (CP-008))",
        ],
    );
    // (3) Two families.
    check(
        &run_task(
            F,
            "capacityProviderStrategy: [{capacityProvider: FARGATE, weight: 1}, {capacityProvider: cp, weight: 1}]",
        ),
        &["E394 4:136 item 2 belongs to Auto Scaling groups, but the first item to Fargate"],
    );
    // (4) FARGATE and FARGATE_SPOT mix freely.
    let model = accepted(&run_task(
        F,
        "capacityProviderStrategy: [{capacityProvider: FARGATE, weight: 1}, {capacityProvider: FARGATE_SPOT, weight: 1000}]",
    ));
    let items: Vec<&StrategyItem> = model.definitions.capacity_strategies.values().flatten().collect();
    assert_eq!(items.iter().map(|item| (item.base, item.weight)).collect::<Vec<_>>(), [(0, 1), (0, 1000)]);
    // (5) 21 items; 20 are fine.
    let many = |count: usize| {
        let groups: Vec<String> = (0..count)
            .map(|at| format!("{{autoScalingGroupName: g{at}, minSize: 0, maxSize: 1, launchTemplate: {{instanceType: m5.large}}}}"))
            .collect();
        let providers: Vec<String> = (0..count)
            .map(|at| format!("{{name: p{at}, autoScalingGroupProvider: {{autoScalingGroup: g{at}}}}}"))
            .collect();
        let items: Vec<String> = (0..count).map(|at| format!("{{capacityProvider: p{at}, weight: 1}}")).collect();
        format!(
            "autoScalingGroups: [{}]\ncapacityProviders: [{}]\n{T}timeline: [{{at: 1s, runTask: {{taskDefinition: t, capacityProviderStrategy: [{}]}}}}]\n",
            groups.join(", "),
            providers.join(", "),
            items.join(", ")
        )
    };
    accepted(&many(20));
    check(
        &many(21),
        &[
            "E330 2:20 21 capacity providers, at most 20 are allowed (CP-002)",
            "E394 4:76 a capacity provider strategy has at most 20 items, not 21",
        ],
    );
    // (6) A launch type and a strategy.
    check(
        &run_task(T, "launchType: EC2, capacityProviderStrategy: [{capacityProvider: cp, weight: 1}]"),
        &["E394 4:93 a launch type and a capacity provider strategy exclude each other"],
    );
}

/// What a service of `t` is started with.
#[track_caller]
fn launch_of(text: &str) -> (LaunchType, Option<Vec<String>>) {
    let model = model(text);
    let service = service(&model, "s");
    let names = service.strategy.map(|strategy| {
        let items = model.definitions.capacity_strategies[strategy].iter();
        items.map(|item| model.definitions.capacity_providers[item.provider].name.clone()).collect()
    });
    (service.launch_type, names)
}

#[test]
fn cp_011_the_launch_type_the_strategy_the_default_or_ec2() {
    let default = "cluster: {defaultCapacityProviderStrategy: [{capacityProvider: cp2, weight: 1}]}\n";
    let of = |head: &str, fields: &str| launch_of(&format!("{TWO}{T}{head}{}", service_of(fields)));
    assert_eq!(of(default, &on("cp")), (LaunchType::Ec2, Some(vec!["cp".to_owned()])));
    assert_eq!(
        of(default, "desiredCount: 0"),
        (LaunchType::Ec2, Some(vec!["cp2".to_owned()])),
        "the cluster's default"
    );
    assert_eq!(of(default, "launchType: EC2"), (LaunchType::Ec2, None), "a launch type keeps the default away");
    assert_eq!(of("", "desiredCount: 0"), (LaunchType::Ec2, None), "as a last resort");
    // Fargate Spot and Managed Instances are reached through a strategy only.
    check(
        &format!("{TWO}{F}{}", service_of("launchType: FARGATE_SPOT")),
        &[
            "E023 4:60 `launchType`: expected `EC2`, `FARGATE`, `EXTERNAL` or `MANAGED_INSTANCES`, found the text `FARGATE_SPOT`",
        ],
    );
    check(
        &format!("{TWO}{F}{}", service_of("launchType: MANAGED_INSTANCES")),
        &["E348 4:60 MANAGED_INSTANCES is no launch type that can be asked for (name a Managed Instances provider"],
    );
}

#[test]
fn cp_018_a_new_strategy_moves_no_task() {
    // Two tasks by launch type; the strategy comes, two more tasks go to the provider; and back with an empty list.
    let text = format!(
        "{AN_HOUR}{TWO}{T}{}timeline:\n\
         - {{at: 1m, updateService: {{service: s, {}}}}}\n\
         - {{at: 2m, updateService: {{service: s, desiredCount: 4}}}}\n\
         - {{at: 3m, updateService: {{service: s, {}, desiredCount: 6}}}}\n\
         - {{at: 4m, updateService: {{service: s, capacityProviderStrategy: [], desiredCount: 7}}}}\n",
        service_of("desiredCount: 2"),
        on("cp"),
        on("cp2")
    );
    let run = run(&text);
    assert!(run.refused().is_empty());
    let expected = [("-", 3), ("cp", 2), ("cp2", 2)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(run.tasks_by_provider(), BTreeMap::from(expected));
    assert_eq!(run.seconds_of(|fact| matches!(fact, Fact::TaskStopRequested { .. })), [0_u64; 0], "nobody was moved");
    // The field alone starts no deployment; a forced one is accepted.
    check(
        &format!(
            "{TWO}{T}{}timeline: [{{at: 1m, updateService: {{service: s, forceNewDeployment: true, {}}}}}]\n",
            service_of("desiredCount: 2"),
            on("cp")
        ),
        &[],
    );
}

#[test]
fn cp_018_the_family_of_providers_may_change_unless_a_setting_forbids_it() {
    let text = |setting: &str| {
        format!(
            "{setting}{TWO}{F}{}timeline: [{{at: 1m, updateService: {{service: s, {}}}}}]\n",
            service_of(&format!("desiredCount: 1, {}", on("FARGATE"))),
            on("cp")
        )
    };
    accepted(&text(""));
    check(
        &text("settings: {allow_cp_family_change: false}\n"),
        &["E394 6:75 a service cannot change from Fargate to Auto Scaling groups"],
    );
}

#[test]
fn cp_019_the_default_is_copied_when_a_service_is_created() {
    let put = |at: &str, default: &str| {
        format!(
            "- {{at: {at}, putClusterCapacityProviders: {{capacityProviders: [cp, cp2], defaultCapacityProviderStrategy: [{default}]}}}}\n"
        )
    };
    let text = format!(
        "{AN_HOUR}{TWO}{T}cluster: {{defaultCapacityProviderStrategy: [{{capacityProvider: cp, weight: 1}}]}}\n{}timeline:\n{}\
         - {{at: 2m, updateService: {{service: s, desiredCount: 3}}}}\n\
         - {{at: 3m, createService: {{serviceName: later, taskDefinition: t, desiredCount: 4}}}}\n\
         - {{at: 4m, runTask: {{taskDefinition: t, count: 5}}}}\n{}\
         - {{at: 6m, runTask: {{taskDefinition: t, count: 1}}}}\n",
        service_of("desiredCount: 2"),
        put("1m", "{capacityProvider: cp2, weight: 1}"),
        put("5m", "")
    );
    let run = run(&text);
    assert!(run.refused().is_empty());
    // Three of `s` stay with the old default, also the one that came after the change; nine came with the new one; with no
    // default at all the last one is of launch type EC2.
    let expected = [("-", 1), ("cp", 3), ("cp2", 9)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(run.tasks_by_provider(), BTreeMap::from(expected));
}

#[test]
fn cp_001_only_providers_of_the_cluster_stand_in_a_strategy() {
    let text = format!(
        "{TWO}{T}cluster: {{capacityProviders: [cp2]}}\n{}",
        service_of(&format!("desiredCount: 1, {}", on("cp")))
    );
    check(
        &text,
        &[
            "W396 2:28 `cp` is not associated with the cluster, so nothing uses it (CP-001)",
            "E395 5:111 `cp` is not associated with the cluster (CP-001) (add cp to cluster.capacityProviders)",
        ],
    );
    // One that is associated later may be used later.
    let later = format!(
        "{TWO}{T}cluster: {{capacityProviders: [cp2]}}\ntimeline: [{{at: 1m, putClusterCapacityProviders: {{capacityProviders: [cp, cp2], defaultCapacityProviderStrategy: []}}}}, {{at: 2m, runTask: {{taskDefinition: t, {}}}}}]\n",
        on("cp")
    );
    let run = run(&format!("{AN_HOUR}{later}"));
    assert!(run.refused().is_empty());
    assert_eq!(run.tasks_by_provider(), BTreeMap::from([("cp".to_owned(), 1)]));
}

#[test]
fn cp_004_the_whole_list_is_replaced_and_a_provider_with_tasks_stays() {
    let put = |list: &str| {
        format!("putClusterCapacityProviders: {{capacityProviders: [{list}], defaultCapacityProviderStrategy: []}}")
    };
    let text = format!(
        "{AN_HOUR}{TWO}{T}{}timeline:\n\
         - {{at: 1m, {}}}\n\
         - {{at: 2m, updateService: {{service: s, desiredCount: 0}}}}\n\
         - {{at: 3m, {}}}\n",
        service_of(&format!("desiredCount: 1, {}", on("cp"))),
        put("cp2"),
        put("cp2")
    );
    let run = run(&text);
    let cp = run.provider("cp");
    assert_eq!(run.refused(), [CallError::ProviderInUse { provider: cp }]);
    let changes = |wanted: ProviderId| {
        run.seconds_of(|fact| matches!(fact, Fact::ProviderStatusChanged { provider, .. } if *provider == wanted))
    };
    assert_eq!(changes(cp), [0, 180], "there from the start, and gone when nothing used it any more");
    assert_eq!(changes(run.provider("cp2")), [0]);
}
