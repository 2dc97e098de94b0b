//! Auto Scaling groups from text to model.

use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::{Fact, InstanceLifecycle};
use ecsim_policies::capacity::spec::GroupSpec;

use super::*;

/// The only group's specification.
fn spec(text: &str) -> GroupSpec {
    model(text).capacity.groups.values().next().expect("a group").clone()
}

#[test]
fn asg_012_capacity_is_counted_in_instances() {
    for unit in ["vcpu", "memory-mib"] {
        check(
            &group("asg", (0, 0, 9), &format!(", desiredCapacityType: {unit}")),
            &[
                "E391 1:189 this version counts a group's capacity in instances, not in vCPUs or MiB (leave it out, or write `units` (ASG-012))",
            ],
        );
    }
    accepted(&group("asg", (0, 0, 9), ", desiredCapacityType: units"));
    let weights = |weight: &str| {
        group(
            "asg",
            (0, 0, 9),
            &format!(
                ", mixedInstancesPolicy: {{launchTemplate: {{overrides: [{{instanceType: m5.large, weightedCapacity: '{weight}'}}]}}}}"
            ),
        )
    };
    check(&weights("2"), &["W360 1:221 this version counts every instance as one: the weight is left out (ASG-012)"]);
    accepted(&weights("1"));
}

#[test]
fn asg_046_capacity_rebalancing_is_off_unless_the_group_says_so() {
    let spot = ", launchTemplate: {instanceType: m5.large, instanceMarketOptions: {marketType: spot}}";
    assert!(!spec(&group("asg", (0, 0, 9), spot)).capacity_rebalance);
    assert!(spec(&group("asg", (0, 0, 9), &format!("{spot}, capacityRebalance: true"))).capacity_rebalance);
    // As SPT-010: the replacement is launched at the recommendation and the old one goes once that is in service; off,
    // nothing happens.
    let text = |fields: &str, update: &str| {
        format!(
            "{AN_HOUR}{}behavior: {{spot: {{interruptions: {{profile: none}}}}, autoScalingGroups: {{asg: {{launch: 90s}}}}}}\n\
             timeline: [{update}{{at: 10m, rebalanceRecommendation: {{instances: asg-1}}}}]\n",
            group("asg", (0, 2, 9), &format!("{spot}{fields}"))
        )
    };
    let update = "{at: 5m, updateAutoScalingGroup: {autoScalingGroupName: asg, capacityRebalance: true}}, ";
    for on in [text(", capacityRebalance: true", ""), text("", update)] {
        let run = run(&on);
        assert_eq!(run.launched().last(), Some(&(600, "asg-3".to_owned())));
        let (at, name) = run.terminated().pop().expect("the old one goes");
        assert_eq!(name, "asg-1");
        let in_service = run
            .seconds_of(|fact| matches!(fact, Fact::InstanceLifecycleChanged { to: InstanceLifecycle::InService, .. }));
        assert!(in_service.last().is_some_and(|last| *last <= at), "{in_service:?}, {at}");
        let why = run.facts.iter().find_map(|(_, fact)| match *fact {
            Fact::InstanceTerminated { reason, .. } => Some(reason),
            _ => None,
        });
        assert_eq!(why, Some(TerminationReason::CapacityRebalance));
    }
    let off = run(&text("", ""));
    assert_eq!((off.launched().len(), off.terminated().len()), (2, 0));
}

#[test]
fn lat_030_interfaces_of_a_launched_instance() {
    // A c5.large has three interfaces: two tasks without a trunk, ten with one.
    let definition =
        "taskDefinitions: [{family: t, networkMode: awsvpc, containerDefinitions: [{name: c, memory: 64}]}]\n";
    let placed = |settings: &str, behavior: &str| {
        let text = format!(
            "{AN_HOUR}{settings}{}{definition}{behavior}timeline: [{{at: 5m, runTask: {{taskDefinition: t, count: 10}}}}, {{at: 6m, runTask: {{taskDefinition: t, count: 3}}}}]\n",
            group("asg", (1, 1, 1), ", launchTemplate: {instanceType: c5.large}")
        );
        run(&text).placed_count()
    };
    assert_eq!(placed("", ""), 2);
    assert_eq!(placed("accountSettings: {awsvpcTrunking: enabled}\n", ""), 10);
    // Whoever was launched before the opt-in has no trunk.
    let before = "behavior: {autoScalingGroups: {asg: {containerInstance: {awsvpcTrunking: false}}}}\n";
    assert_eq!(placed("accountSettings: {awsvpcTrunking: enabled}\n", before), 2);
}

#[test]
fn user_data_is_added_to_a_launch_and_a_share_of_launches_fails() {
    let text = |behavior: &str| {
        format!(
            "{AN_HOUR}{}behavior: {{autoScalingGroups: {{asg: {{{behavior}}}}}}}\ntimeline: [{{at: 10m, setDesiredCapacity: {{autoScalingGroupName: asg, desiredCapacity: 1}}}}]\n",
            group("asg", (0, 0, 9), "")
        )
    };
    let active = |behavior: &str| {
        let run = run(&text(behavior));
        run.seconds_of(|fact| {
            matches!(fact, Fact::InstanceStatusChanged { to: ecsim_cluster::InstanceStatus::Active, .. })
        })
    };
    assert_eq!(active("launch: 40s"), [640]);
    assert_eq!(active("launch: 40s, userData: 25s"), [665]);
    // The third attempt is one wait of 60 s and one of 120 s later, each a fifth longer or shorter at most (ASG-005).
    let never = run(&text("launchFailure: 100%"));
    let failures = never.seconds_of(|fact| matches!(fact, Fact::LaunchFailed { .. }));
    assert!(never.launched().is_empty() && failures.len() > 3, "{failures:?}");
    let wait = failures[2] - failures[1];
    assert!(failures[0] == 600 && (96..=144).contains(&wait), "{failures:?}");
    let half = run(&text("launchFailure: 50%"));
    assert_eq!(half.launched().len(), 1, "it comes in the end");
}

impl Run {
    fn placed_count(&self) -> usize {
        self.facts.iter().filter(|(_, fact)| matches!(fact, Fact::TaskCreated { instance: Some(_), .. })).count()
    }
}
