//! Slips in every section about capacity: one problem each, at its place, with what would be right.

use super::*;

/// A group with this much of it written differently.
fn slip(right: &str, wrong: &str) -> String {
    let text = group("web", (0, 0, 4), "");
    assert!(text.contains(right), "{right}");
    text.replace(right, wrong)
}

#[test]
fn sizes_types_and_zones_of_a_group() {
    check_all(&[
        (slip("m5.large", "m5.lrage"), "E301 1:157 unknown instance type `m5.lrage` (near names: m5.large"),
        (
            slip("us-east-1a", "us-west-1a"),
            "E303 1:113 `us-west-1a` is no Availability Zone of us-east-1 (zones of us-east-1: us-east-1a",
        ),
        (
            slip("us-east-1a", "us-east-1z"),
            "W303 1:113 ecsim knows no zone `us-east-1z` (zones of us-east-1: us-east-1a",
        ),
        (slip("[us-east-1a]", "[us-east-1a, us-east-1a]"), "E302 1:125 zone `us-east-1a` is named twice"),
        (slip("minSize: 0", "minSize: -1"), "E024 1:58 `minSize`: expected at least 0, found the number `-1`"),
        (slip("maxSize: 4", "maxSize: 99999999999"), "E024 1:70 `maxSize`: expected at most 4294967295"),
        (slip("maxSize: 4", "maxSize: 2.5"), "E021 1:70 `maxSize`: expected a whole number"),
        (
            slip("minSize: 0", "minSize: 5"),
            "E390 1:58 `minSize` 5 exceeds `maxSize` 4 (minSize ≤ desiredCapacity ≤ maxSize (ASG-001))",
        ),
        (
            slip("desiredCapacity: 0", "desiredCapacity: 9"),
            "E390 1:90 `desiredCapacity` 9 is not between `minSize` 0 and `maxSize` 4",
        ),
        (
            slip(", launchTemplate: {instanceType: m5.large}", ""),
            "E391 1:21 nothing says what its instances are (for example launchTemplate: {instanceType: m6i.large})",
        ),
        (
            slip("instanceType: m5.large", "launchTemplateName: workers"),
            "E301 1:163 unknown launch template `workers` (describe it under `launchTemplates:`",
        ),
        (
            group("web", (0, 0, 4), ", vpcZoneIdentifier: subnet-1"),
            "E301 1:187 nothing says where subnet `subnet-1` lies (write under vpc: subnets: {subnet-1: us-east-1a})",
        ),
        (
            group(
                "web",
                (0, 0, 4),
                ", mixedInstancesPolicy: {launchTemplate: {overrides: [{instanceType: m5.large}]}, instancesDistribution: {onDemandPercentageAboveBaseCapacity: 120}}",
            ),
            "E024 1:267 `onDemandPercentageAboveBaseCapacity`: expected at most 100",
        ),
        (
            group(
                "web",
                (0, 0, 4),
                ", mixedInstancesPolicy: {launchTemplate: {overrides: [{instanceRequirements: {vCpuCount: {min: 900}, memoryMiB: {min: 1}}}]}}",
            ),
            "E392 1:201 no instance type of us-east-1 meets these requirements",
        ),
    ]);
}

#[test]
fn schedules_hooks_policies_and_processes_of_a_group() {
    let action =
        |fields: &str| group("web", (0, 0, 4), &format!(", scheduledActions: [{{scheduledActionName: a, {fields}}}]"));
    check_all(&[
        (
            action("recurrence: '0 25 * * *', minSize: 1"),
            "E397 1:224 `0 25 * * *` is not a cron expression: a number is out of range (for example \"0 8 * * MON-FRI\" (ASG-025))",
        ),
        (
            action("recurrence: 'rate(5 minutes)', minSize: 1"),
            "E397 1:224 a recurrence has 5 fields (minute hour day month weekday), not 2",
        ),
        (
            action("recurrence: '0 8 * * *', timeZone: Europe/Berlni, minSize: 1"),
            "E397 1:247 `Europe/Berlni` is not a time zone: write a name such as Europe/Berlin or Etc/UTC",
        ),
        (action("minSize: 1"), "E397 1:187 nothing says when the action is due (write startTime, recurrence, or both)"),
        (
            action("recurrence: '0 8 * * *'"),
            "E397 1:187 a scheduled action that sets nothing (write minSize, maxSize or desiredCapacity)",
        ),
        (
            group(
                "web",
                (0, 0, 4),
                ", lifecycleHookSpecificationList: [{lifecycleHookName: h, lifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING', heartbeatTimeout: 10}]",
            ),
            "E024 1:301 `heartbeatTimeout`: expected at least 30",
        ),
        (
            group("web", (0, 0, 4), ", suspendedProcesses: [AZRebalanc]"),
            "E021 1:189 `suspendedProcesses[0]`: expected the name of a process, such as AZRebalance",
        ),
        (
            group("web", (0, 0, 4), ", terminationPolicies: [Oldest]"),
            "E025 1:190 `terminationPolicies[0]`: expected Default, AllocationStrategy",
        ),
        (
            group("web", (0, 0, 4), ", maxInstanceLifetime: 3600"),
            "E398 1:189 a lifetime of 3600 s; at least 86400 s are possible, or 0 for none",
        ),
        (
            group("web", (0, 0, 4), ", instanceMaintenancePolicy: {minHealthyPercentage: 90}"),
            "E398 1:195 one of the two percentages is missing",
        ),
        (
            group(
                "web",
                (0, 0, 4),
                ", scalingPolicies: [{policyName: p, policyType: TargetTrackingScaling, targetTrackingConfiguration: {targetValue: 0, predefinedMetricSpecification: {predefinedMetricType: ASGAverageCPUUtilization}}}]",
            ),
            "E397 1:280 a target must be from 0.000001 to 9e12",
        ),
    ]);
}

#[test]
fn providers_and_strategies() {
    let provider = |fields: &str| {
        format!(
            "{GROUP}capacityProviders: [{{name: cp, autoScalingGroupProvider: {{autoScalingGroup: asg{fields}}}}}]\n"
        )
    };
    let service = |strategy: &str| {
        format!("{GROUP}{PROVIDER}{T}{}", service_of(&format!("capacityProviderStrategy: [{strategy}]")))
    };
    check_all(&[
        (
            format!("{GROUP}{}", PROVIDER.replace("asg}", "ags}")),
            "E301 2:77 unknown Auto Scaling group `ags` (did you mean `asg`?)",
        ),
        (provider(", managedScaling: {targetCapacity: 101}"), "E024 2:115 `targetCapacity`: expected at most 100"),
        (provider(", managedScaling: {targetCapacity: 0}"), "E024 2:115 `targetCapacity`: expected at least 1"),
        (
            provider(", managedScaling: {minimumScalingStepSize: 5, maximumScalingStepSize: 2}"),
            "E393 2:123 `minimumScalingStepSize` 5 exceeds `maximumScalingStepSize` 2",
        ),
        (
            provider(", managedScaling: {instanceWarmupPeriod: 10001}"),
            "E024 2:121 `instanceWarmupPeriod`: expected at most 10000",
        ),
        (
            service("{capacityProvider: cpx, weight: 1}"),
            "E301 4:94 unknown capacity provider `cpx` (did you mean `cp`?)",
        ),
        (service("{capacityProvider: cp, weight: 1001}"), "E024 4:106 `weight`: expected at most 1000"),
        (service("{capacityProvider: cp, weight: 1, base: 100001}"), "E024 4:115 `base`: expected at most 100000"),
        (service("{capacityProvider: cp, weight: 1, base: -1}"), "E024 4:115 `base`: expected at least 0"),
        (
            format!("{GROUP}{PROVIDER}cluster: {{capacityProviders: [cp, nope]}}\n"),
            "E301 3:35 unknown capacity provider `nope` (known: cp, FARGATE, FARGATE_SPOT)",
        ),
        (
            format!("{GROUP}{PROVIDER}timeline: [{{at: 1m, updateCapacityProvider: {{name: cp}}}}]\n"),
            "E393 3:45 nothing says what changes of the capacity provider",
        ),
    ]);
}

#[test]
fn behaviours_and_prices() {
    let with = |tail: &str| format!("{GROUP}{tail}\n");
    check_all(&[
        (
            with("behavior: {autoScalingGroups: {gsa: {launch: 5s}}}"),
            "E301 2:32 unknown Auto Scaling group `gsa` (known: asg)",
        ),
        (
            with("behavior: {autoScalingGroups: {asg: {launch: -5s}}}"),
            "E026 2:46 `launch`: expected a length of time with its unit",
        ),
        (
            with("behavior: {autoScalingGroups: {asg: {launch: 5}}}"),
            "E021 2:46 `launch`: expected a length of time with its unit",
        ),
        (
            with("behavior: {autoScalingGroups: {asg: {launch: {lognormal: {median: 75s, p95: 40s}}}}}"),
            "E312 2:46 this distribution cannot be: the p95 must be above the median",
        ),
        (
            with("behavior: {autoScalingGroups: {asg: {lifecycleHooks: {h: {duration: 4s}}}}}"),
            "E301 2:58 unknown lifecycle hook `h`",
        ),
        (
            with("behavior: {fargate: {capacityUnavailable: [{from: 2h, until: 1h}]}}"),
            "E397 2:62 `until` is not after `from`",
        ),
        (
            with("behavior: {fargate: {spotInterruptions: {ratePerHour: -1}}}"),
            "E024 2:55 `ratePerHour`: expected at least 0",
        ),
        (
            with("behavior: {metrics: [{namespace: A, metricName: B, values: [[5m, 1],[1m, 2]]}]}"),
            "E397 2:60 the times of a metric ascend",
        ),
        (
            with("pricing: {onDemand: {m5.large: -1}}"),
            "E026 2:32 `\"m5.large\"`: expected an amount in US dollars, such as 0.096 or \"0.096\", found the number `-1`",
        ),
        (
            with("pricing: {onDemand: {m5.large: ''}}"),
            "E026 2:32 `\"m5.large\"`: expected an amount in US dollars, such as 0.096 or \"0.096\"",
        ),
        (
            with("pricing: {onDemand: {m5.lrage: 1}}"),
            "E301 2:22 unknown instance type `m5.lrage` (near names: m5.large",
        ),
        (with("pricing: {spot: {zz.huge: 1}}"), "E301 2:18 unknown instance type `zz.huge`"),
        (with("pricing: {spotDiscount: 120%}"), "E026 2:25 `spotDiscount`: expected a share from 0 to 1"),
        (
            with("pricing: {savingsPlan: {commitmentPerHour: -2}}"),
            "E026 2:44 `commitmentPerHour`: expected an amount in US dollars",
        ),
        (
            with("pricing: {reservedInstances: [{family: m5, coverage: 150%, discount: 30%}]}"),
            "E026 2:54 `coverage`: expected a share from 0 to 1",
        ),
        (
            with("pricing: {reservedInstances: [{family: m55, discount: 30%}]}"),
            "E301 2:40 unknown family of instance types `m55` (near names: m5",
        ),
        (
            with("pricing: {reservedInstances: [{family: m5, instanceType: m5.large, discount: 30%}]}"),
            "E304 2:40 both `instanceType` and `family` (keep one of the two)",
        ),
    ]);
    // Where AWS writes an empty text for a price that is not given, that is none.
    accepted(&group(
        "asg",
        (0, 0, 9),
        ", launchTemplate: {instanceType: m5.large, instanceMarketOptions: {marketType: spot, spotOptions: {maxPrice: ''}}}",
    ));
}

#[test]
fn entries_of_the_timeline() {
    let entry = |action: &str| format!("{GROUP}timeline: [{{at: 1m, {action}}}]\n");
    check_all(&[
        (
            entry("setDesiredCapacity: {autoScalingGroupName: wbe, desiredCapacity: 2}"),
            "E301 2:64 unknown Auto Scaling group `wbe`",
        ),
        (
            entry("setDesiredCapacity: {autoScalingGroupName: asg, desiredCapacity: 200}"),
            "W371 2:86 200 is not between `minSize` 0 and `maxSize` 20: the call will be refused (ASG-001)",
        ),
        (entry("availabilityZoneOutage: {zone: us-east-1f}"), "E301 2:52 unknown zone of this scenario `us-east-1f`"),
        (
            entry("poolCapacity: {instanceType: m9.large, instances: 3}"),
            "E301 2:50 unknown instance type that anybody launches `m9.large`",
        ),
        (entry("insufficientCapacity: {market: reserved}"), "E023 2:52 `market`: expected `on-demand` or `spot`"),
        (
            entry("startInstanceRefresh: {autoScalingGroupName: asg, preferences: {minHealthyPercentage: 120}}"),
            "E024 2:107 `minHealthyPercentage`: expected at most 100",
        ),
        (
            entry(
                "completeLifecycleAction: {autoScalingGroupName: asg, lifecycleHookName: h, lifecycleActionResult: CONTINUE}",
            ),
            "E301 2:93 unknown lifecycle hook `h`",
        ),
        (
            entry("terminateInstances: {instances: [{zone: us-east-1a}]}"),
            "E020 2:55 unknown field `zone` in an instance filter",
        ),
    ]);
}
