//! What the timeline does to capacity: each action becomes a call, and the call does what it says.

use ecsim_cluster::fact::CallError;
use ecsim_cluster::{Fact, InstanceId, Market};
use ecsim_engine::model::{Call, InstanceSelector};

use super::*;

/// Every action of the timeline about capacity is simulated: nothing of these entries is set aside.
#[test]
fn every_action_about_capacity_is_lowered() {
    let spot = group(
        "asg",
        (0, 4, 9),
        ", newInstancesProtectedFromScaleIn: true, availabilityZones: [us-east-1a, us-east-1b], launchTemplate: {instanceType: m5.large, instanceMarketOptions: {marketType: spot}}, lifecycleHookSpecificationList: [{lifecycleHookName: h, lifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING'}]",
    );
    let actions = "
- {at: 1s, updateAutoScalingGroup: {autoScalingGroupName: asg, minSize: 1, maxSize: 8, desiredCapacity: 5, availabilityZones: [us-east-1a, us-east-1c], terminationPolicies: [NewestInstance], capacityRebalance: true, defaultCooldown: 60, defaultInstanceWarmup: 30, healthCheckType: EC2, healthCheckGracePeriod: 90, maxInstanceLifetime: 86400, instanceMaintenancePolicy: {minHealthyPercentage: 90, maxHealthyPercentage: 110}, availabilityZoneDistribution: {capacityDistributionStrategy: balanced-only}, desiredCapacityType: units}}
- {at: 2s, updateAutoScalingGroup: {autoScalingGroupName: asg, mixedInstancesPolicy: {launchTemplate: {overrides: [{instanceType: m6i.large}]}, instancesDistribution: {onDemandPercentageAboveBaseCapacity: 50, spotAllocationStrategy: price-capacity-optimized}}}}
- {at: 3s, setDesiredCapacity: {autoScalingGroupName: asg, desiredCapacity: 6, honorCooldown: true}}
- {at: 4s, setInstanceProtection: {autoScalingGroupName: asg, instanceIds: [asg-1], protectedFromScaleIn: false}}
- {at: 5s, setInstanceHealth: {instanceId: asg-1, healthStatus: Unhealthy, shouldRespectGracePeriod: true}}
- {at: 6s, terminateInstanceInAutoScalingGroup: {instanceId: asg-2, shouldDecrementDesiredCapacity: true}}
- {at: 7s, enterStandby: {instanceIds: [asg-3], shouldDecrementDesiredCapacity: true}}
- {at: 8s, exitStandby: {instanceIds: [asg-3]}}
- {at: 9s, detachInstances: {instances: [{autoScalingGroup: asg, market: spot, empty: true, count: 1}], shouldDecrementDesiredCapacity: false}}
- {at: 10s, suspendProcesses: {autoScalingGroupName: asg, scalingProcesses: [AZRebalance]}}
- {at: 11s, resumeProcesses: {autoScalingGroupName: asg}}
- {at: 12s, startInstanceRefresh: {autoScalingGroupName: asg, preferences: {minHealthyPercentage: 50}, desiredConfiguration: {launchTemplate: {instanceType: m5.xlarge}}}}
- {at: 13s, cancelInstanceRefresh: {autoScalingGroupName: asg, waitForTransitioningInstances: false}}
- {at: 14s, completeLifecycleAction: {autoScalingGroupName: asg, lifecycleHookName: h, lifecycleActionResult: CONTINUE, count: 1}}
- {at: 15s, putScheduledUpdateGroupAction: {autoScalingGroupName: asg, scheduledActionName: a, recurrence: '*/5 * * * *', minSize: 2}}
- {at: 16s, createCapacityProvider: {name: cp, autoScalingGroupProvider: {autoScalingGroup: asg}}}
- {at: 17s, putClusterCapacityProviders: {capacityProviders: [cp], defaultCapacityProviderStrategy: []}}
- {at: 18s, updateCapacityProvider: {name: cp, autoScalingGroupProvider: {managedScaling: {targetCapacity: 90}, managedTerminationProtection: ENABLED, managedDraining: DISABLED}}}
- {at: 19s, putClusterCapacityProviders: {capacityProviders: [], defaultCapacityProviderStrategy: []}}
- {at: 20s, deleteCapacityProvider: {capacityProvider: cp}}
- {at: 21s, spotInterruption: {pool: {zone: us-east-1a}, count: 1, notice: 2m, shortage: 5m}}
- {at: 22s, rebalanceRecommendation: {instances: [asg-4]}}
- {at: 23s, insufficientCapacity: {instanceType: m5.large, market: spot, duration: 1m}}
- {at: 24s, poolCapacity: {instanceType: m5.large, zone: us-east-1a, market: spot, instances: 1}}
- {at: 25s, instanceStatusCheckFails: {containerInstances: {autoScalingGroup: asg}, duration: 1m}}
- {at: 26s, setMetric: {namespace: App, metricName: Depth, value: 3}}
- {at: 27s, fargateRetirement: {task: {capacityProvider: FARGATE_SPOT}}}
- {at: 28s, fargateSpotInterruption: {task: {capacityProvider: FARGATE_SPOT, count: all}}}
- {at: 29s, availabilityZoneOutage: {zone: us-east-1a, duration: 5m}}
";
    let text = format!("{AN_HOUR}cluster: {{capacityProviders: [FARGATE_SPOT]}}\n{spot}timeline:{actions}");
    let prepared = prepare_with(text.clone(), &[]);
    let found = problems_of(&prepared);
    assert!(prepared.ready.is_some() && found.iter().all(|it| !it.starts_with("W360")), "{}", found.join("\n"));
    let model = model(&text);
    // Scheduled actions are the group's own and no call; a shortage is a second one.
    assert_eq!(model.calls.len(), 29);
    run_model(model);
}

#[test]
fn a_group_takes_over_what_an_update_says() {
    let text = format!(
        "{AN_HOUR}{}timeline:\n\
         - {{at: 10s, setDesiredCapacity: {{autoScalingGroupName: asg, desiredCapacity: 2}}}}\n\
         - {{at: 20s, setDesiredCapacity: {{autoScalingGroupName: asg, desiredCapacity: 3}}}}\n\
         - {{at: 1m, updateAutoScalingGroup: {{autoScalingGroupName: asg, terminationPolicies: [NewestInstance]}}}}\n\
         - {{at: 2m, setDesiredCapacity: {{autoScalingGroupName: asg, desiredCapacity: 2}}}}\n\
         - {{at: 3m, updateAutoScalingGroup: {{autoScalingGroupName: asg, terminationPolicies: [OldestInstance]}}}}\n\
         - {{at: 4m, setDesiredCapacity: {{autoScalingGroupName: asg, desiredCapacity: 1}}}}\n",
        group("asg", (0, 1, 9), "")
    );
    assert_eq!(run(&text).terminated(), [(120, "asg-3".to_owned()), (240, "asg-1".to_owned())]);
}

/// In which zones the instances of the only group are at the end.
fn zones(run: &Run) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let cluster = run.sim.cluster();
    for row in cluster.instances().values().filter(|row| row.is_capacity()) {
        *found.entry(run.model.definitions.zones.name(row.zone).to_owned()).or_insert(0) += 1;
    }
    found
}

#[test]
fn asg_008_a_group_moves_to_the_zones_that_an_update_gives_it() {
    let text = format!(
        "{AN_HOUR}{}timeline: [{{at: 10m, updateAutoScalingGroup: {{autoScalingGroupName: asg, availabilityZones: [us-east-1b, us-east-1c]}}}}]\n",
        group("asg", (0, 4, 9), ", availabilityZones: [us-east-1a, us-east-1b]")
    );
    let run = run(&text);
    let expected = [("us-east-1b", 2), ("us-east-1c", 2)].map(|(zone, count)| (zone.to_owned(), count));
    assert_eq!(zones(&run), BTreeMap::from(expected));
    // One after the other, each launched before an old one goes.
    assert_eq!((run.launched().len(), run.terminated().len()), (6, 2));
    let cluster = run.sim.cluster();
    assert_eq!(cluster.groups()[run.group("asg")].desired, 4);
}

#[test]
fn spt_001_and_asg_005_a_pool_holds_what_a_call_says() {
    // Four Spot instances in one zone; the pool shrinks to one, then to none, and is itself again.
    let spot = ", launchTemplate: {instanceType: m5.large, instanceMarketOptions: {marketType: spot}}";
    let text = format!(
        "{AN_HOUR}{}behavior: {{spot: {{interruptions: {{profile: none}}}}}}\ntimeline:\n\
         - {{at: 10m, poolCapacity: {{instanceType: m5.large, zone: us-east-1a, market: spot, instances: 1}}}}\n\
         - {{at: 40m, poolCapacity: {{instanceType: m5.large, instances: 9}}}}\n",
        group("asg", (0, 4, 9), spot)
    );
    let run = run(&text);
    let noticed: Vec<(u64, InstanceId)> = run
        .facts
        .iter()
        .filter_map(|(at, fact)| match *fact {
            Fact::SpotInterruptionNoticed { instance, .. } => Some((seconds(at), instance)),
            _ => None,
        })
        .collect();
    // The newest three have two minutes; launches fail until the pool has room again.
    assert_eq!(noticed.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [600; 3]);
    let gone = run.terminated();
    assert_eq!(gone.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [720; 3]);
    assert!(gone.iter().all(|(_, name)| name != "asg-1"), "{gone:?}");
    let failed = run.seconds_of(|fact| matches!(fact, Fact::LaunchFailed { .. }));
    assert!(failed.len() > 2 && failed.iter().all(|at| (720..2_400).contains(at)), "{failed:?}");
    let late: Vec<u64> = run.launched().into_iter().skip(4).map(|(at, _)| at).collect();
    assert!(late.len() == 3 && late.iter().all(|at| *at >= 2_400), "{late:?}");
    // An on-demand group in the same pool has nothing to do with that.
    let on_demand = format!(
        "{AN_HOUR}{}timeline: [{{at: 10m, poolCapacity: {{market: spot, instances: 0}}}}, {{at: 11m, setDesiredCapacity: {{autoScalingGroupName: asg, desiredCapacity: 3}}}}]\n",
        group("asg", (0, 2, 9), "")
    );
    let run = self::run(&on_demand);
    assert_eq!((run.launched().len(), run.terminated().len()), (3, 0));
}

#[test]
fn asg_006_status_checks_that_pass_in_time_do_no_harm() {
    let text = |duration: &str| {
        format!(
            "simulation: {{latencies: none, duration: 1h}}\nsettings: {{asg_status_check_wait_s: 5m}}\n{GROUP}timeline: [{{at: 10m, instanceStatusCheckFails: {{containerInstances: asg-1, duration: {duration}}}}}]\n"
        )
    };
    assert_eq!(run(&text("4m")).terminated(), []);
    assert_eq!(run(&text("6m")).terminated(), [(900, "asg-1".to_owned())]);
}

#[test]
fn asg_006_a_mark_within_the_grace_period_counts_only_if_it_must() {
    let text = |respect: &str| {
        format!(
            "{AN_HOUR}{}timeline: [{{at: 1m, setDesiredCapacity: {{autoScalingGroupName: asg, desiredCapacity: 1}}}}, {{at: 2m, setInstanceHealth: {{instanceId: asg-1, healthStatus: Unhealthy{respect}}}}}]\n",
            group("asg", (0, 0, 9), ", healthCheckGracePeriod: 300")
        )
    };
    assert_eq!(run(&text("")).terminated(), [], "the default");
    assert_eq!(run(&text(", shouldRespectGracePeriod: false")).terminated(), [(120, "asg-1".to_owned())]);
}

#[test]
fn asg_024_a_call_that_honours_the_cooldown_is_turned_away() {
    let ask = |at: &str, to: u32, honor: bool| {
        format!(
            "{{at: {at}, setDesiredCapacity: {{autoScalingGroupName: asg, desiredCapacity: {to}, honorCooldown: {honor}}}}}"
        )
    };
    let text = format!(
        "{AN_HOUR}{}timeline: [{}, {}, {}, {}]\n",
        group("asg", (0, 0, 9), ", defaultCooldown: 300"),
        ask("10m", 1, true),
        ask("14m", 2, true),
        ask("14m", 3, false),
        ask("20m", 4, true)
    );
    let run = run(&text);
    assert_eq!(run.refused(), [CallError::CooldownInEffect]);
    assert_eq!(run.desired("asg"), [(600, 1), (840, 3), (1200, 4)]);
}

#[test]
fn asg_040_a_number_of_waiting_instances_is_answered_the_longest_first() {
    let hook = ", lifecycleHookSpecificationList: [{lifecycleHookName: h, lifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING', heartbeatTimeout: 7200}]";
    let complete = |at: &str, count: &str| {
        format!(
            "{{at: {at}, completeLifecycleAction: {{autoScalingGroupName: asg, lifecycleHookName: h, lifecycleActionResult: CONTINUE{count}}}}}"
        )
    };
    let text = format!(
        "{AN_HOUR}{}timeline: [{{at: 1m, setDesiredCapacity: {{autoScalingGroupName: asg, desiredCapacity: 3}}}}, {}, {}, {}]\n",
        group("asg", (0, 0, 9), hook),
        complete("10m", ", count: 1"),
        complete("20m", ""),
        complete("30m", "")
    );
    let run = run(&text);
    let in_service: Vec<(u64, String)> = run
        .facts
        .iter()
        .filter_map(|(at, fact)| match *fact {
            Fact::InstanceLifecycleChanged { instance, to: ecsim_cluster::InstanceLifecycle::InService } => {
                Some((seconds(at), run.instance_name(instance)))
            }
            _ => None,
        })
        .collect();
    let expected = [(600, "asg-1"), (1200, "asg-2"), (1200, "asg-3")].map(|(at, name)| (at, name.to_owned()));
    assert_eq!(in_service, expected);
    assert_eq!(run.refused(), [CallError::NoLifecycleAction], "nobody waits any more");
}

/// The selector of a `terminateInstances` call.
#[track_caller]
fn selector(instances: &str) -> InstanceSelector {
    let text =
        format!("{GROUP}{PROVIDER}timeline: [{{at: 1s, terminateInstances: {{containerInstances: {instances}}}}}]\n");
    let model = model(&text);
    match &model.calls[model.timeline[0].1] {
        Call::TerminateInstances { instances } => instances.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn instances_that_do_not_exist_yet_are_chosen_by_what_they_will_be() {
    assert!(matches!(selector("asg-3"), InstanceSelector::Launched(names) if names == ["asg-3"]));
    let chosen = selector("{autoScalingGroup: asg, capacityProvider: cp, market: on-demand, empty: true, count: 2}");
    let InstanceSelector::Filter { group, provider, market, empty, count, .. } = chosen else { panic!("a filter") };
    assert!(group.is_some() && provider.is_some());
    assert_eq!((market, empty, count), (Some(Market::OnDemand), Some(true), Some(2)));
    // A list of names and maps: whoever one of them means.
    let InstanceSelector::Any(several) = selector("[asg-1, {market: spot}]") else { panic!("a list") };
    assert!(matches!(&several[..], [InstanceSelector::Launched(_), InstanceSelector::Filter { .. }]));
    check(
        &format!("{GROUP}timeline: [{{at: 1s, terminateInstances: {{containerInstances: gsa-1}}}}]\n"),
        &[
            "E301 2:62 unknown container instance `gsa-1` (instances that are launched are called asg-1, asg-2 and so on",
        ],
    );
    check(
        &format!("{GROUP}timeline: [{{at: 1s, terminateInstances: {{instances: [{{autoScalingGroup: gsa}}]}}}}]\n"),
        &["E301 2:73 unknown Auto Scaling group `gsa`"],
    );
    // Names of other APIs for the same field; each of them once.
    check(
        &format!(
            "{GROUP}timeline: [{{at: 1s, terminateInstances: {{instances: asg-1, containerInstances: asg-2}}}}]\n"
        ),
        &["E006 2:"],
    );
}

#[test]
fn empty_means_without_tasks_of_others_than_daemons() {
    let text = format!(
        "{AN_HOUR}{GROUP}taskDefinitions: [{{family: t, containerDefinitions: [{{name: c, memory: 128}}]}}]\n\
         services: [{{serviceName: d, taskDefinition: t, schedulingStrategy: DAEMON}}]\n\
         timeline: [{{at: 1m, startTask: {{taskDefinition: t, containerInstances: []}}}}, {{at: 5m, terminateInstances: {{containerInstances: {{empty: true}}}}}}]\n"
    )
    .replace("{at: 1m, startTask: {taskDefinition: t, containerInstances: []}}, ", "{at: 1m, runTask: {taskDefinition: t}}, ");
    let run = run(&text);
    assert!(run.refused().is_empty());
    assert_eq!(run.terminated().len(), 1, "one of the two has a task that is no daemon's");
}
