//! What `aws ... describe-*` prints is accepted as it is, field by field, in either spelling.

use ecsim_policies::capacity::spec::ScheduledAction;

use super::*;

/// As `aws autoscaling describe-auto-scaling-groups` prints one.
const DESCRIBED_GROUP: &str = r#"{
  "AutoScalingGroupName": "prod-ecs", "AutoScalingGroupARN": "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:930d940e:autoScalingGroupName/prod-ecs",
  "MixedInstancesPolicy": {
    "LaunchTemplate": {
      "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-0a1b2c", "LaunchTemplateName": "workers", "Version": "$Latest"},
      "Overrides": [{"InstanceType": "m5.large"}, {"InstanceType": "m6i.large"}]
    },
    "InstancesDistribution": {"OnDemandAllocationStrategy": "prioritized", "OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 25, "SpotAllocationStrategy": "price-capacity-optimized", "SpotMaxPrice": ""}
  },
  "MinSize": 1, "MaxSize": 10, "DesiredCapacity": 4, "DefaultCooldown": 300,
  "AvailabilityZones": ["us-east-1a", "us-east-1b"], "LoadBalancerNames": [], "TargetGroupARNs": [],
  "HealthCheckType": "EC2", "HealthCheckGracePeriod": 300,
  "Instances": [{"InstanceId": "i-05b4f7d5be44822a6", "InstanceType": "m5.large", "AvailabilityZone": "us-east-1a", "LifecycleState": "InService", "HealthStatus": "Healthy", "ProtectedFromScaleIn": true}],
  "CreatedTime": "2023-10-28T02:39:22.152Z",
  "SuspendedProcesses": [{"ProcessName": "AZRebalance", "SuspensionReason": "User suspended at 2023-10-28"}],
  "VPCZoneIdentifier": "subnet-5ea0c127,subnet-6194ea3b", "EnabledMetrics": [{"Metric": "GroupTotalInstances", "Granularity": "1Minute"}],
  "Tags": [{"ResourceId": "prod-ecs", "ResourceType": "auto-scaling-group", "Key": "AmazonECSManaged", "Value": "", "PropagateAtLaunch": true}],
  "TerminationPolicies": ["OldestLaunchTemplate", "Default"], "NewInstancesProtectedFromScaleIn": true,
  "ServiceLinkedRoleARN": "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
  "MaxInstanceLifetime": 604800, "CapacityRebalance": true, "TrafficSources": [], "DefaultInstanceWarmup": 120,
  "InstanceMaintenancePolicy": {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120},
  "AvailabilityZoneDistribution": {"CapacityDistributionStrategy": "balanced-best-effort"},
  "LifecycleHookSpecificationList": [{"LifecycleHookName": "install", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "HeartbeatTimeout": 600, "DefaultResult": "CONTINUE"}],
  "ScheduledActions": [{"ScheduledActionName": "night", "AutoScalingGroupName": "prod-ecs", "ScheduledActionARN": "arn", "Recurrence": "0 20 * * *", "TimeZone": "Europe/Berlin", "MinSize": 1, "MaxSize": 4, "DesiredCapacity": 2, "StartTime": "2026-01-01T19:00:00Z", "Time": "2026-01-01T19:00:00Z"}],
  "ScalingPolicies": [{"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 50.0, "DisableScaleIn": false}}]
}"#;

/// As `aws ecs describe-capacity-providers` prints one.
const DESCRIBED_PROVIDER: &str = r#"{
  "capacityProviderArn": "arn:aws:ecs:us-east-1:111122223333:capacity-provider/cp", "name": "cp", "status": "ACTIVE", "type": "EC2_AUTOSCALING",
  "autoScalingGroupProvider": {
    "autoScalingGroupArn": "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:930d940e:autoScalingGroupName/prod-ecs",
    "managedScaling": {"status": "DISABLED", "targetCapacity": 90, "minimumScalingStepSize": 1, "maximumScalingStepSize": 1000, "instanceWarmupPeriod": 300},
    "managedTerminationProtection": "DISABLED", "managedDraining": "ENABLED"
  },
  "updateStatus": "UPDATE_COMPLETE", "updateStatusReason": "", "tags": [{"key": "team", "value": "core"}]
}"#;

const TEMPLATE: &str = r#"{"LaunchTemplateName": "workers", "LaunchTemplateId": "lt-0a1b2c", "LaunchTemplateData": {"InstanceType": "m5.large", "ImageId": "ami-1", "UserData": "IyEv", "IamInstanceProfile": {"Arn": "x"}, "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50, "VolumeType": "gp3", "Encrypted": true}}]}}"#;

fn pasted(group: &str, provider: &str) -> String {
    format!(
        "{{\"simulation\": {{\"duration\": \"24h\"}}, \"vpc\": {{\"subnets\": {{\"subnet-5ea0c127\": \"us-east-1a\", \"subnet-6194ea3b\": \"us-east-1b\"}}}},\n\"launchTemplates\": [{TEMPLATE}],\n\"autoScalingGroups\": [{group}],\n\"capacityProviders\": [{provider}]}}\n"
    )
}

#[test]
fn groups_and_providers_as_aws_prints_them() {
    let model = accepted(&pasted(DESCRIBED_GROUP, DESCRIBED_PROVIDER));
    let definition = model.definitions.auto_scaling_groups.values().next().unwrap();
    assert_eq!((definition.min_size, definition.desired_capacity, definition.max_size), (1, 4, 10));
    assert!(definition.protects_new_instances);
    let spec = model.capacity.groups.values().next().unwrap();
    let mixed = spec.mixed.as_ref().unwrap();
    assert_eq!((mixed.on_demand_base, mixed.on_demand_percentage, spec.spot_max_price), (1, 25, None));
    assert_eq!(spec.options.len(), 4, "two types in two zones");
    assert_eq!((spec.hooks.len(), spec.policies.len(), spec.termination.len()), (1, 1, 2));
    assert!(spec.capacity_rebalance && spec.maintenance == Some((90, 120)));
    let [ScheduledAction { .. }] = spec.schedule.as_slice() else { panic!("{:?}", spec.schedule) };
    let provider = model.definitions.capacity_providers.values().next().unwrap();
    assert!(provider.managed_scaling.is_none() && provider.managed_draining);
    let volume = model.definitions.launch_options.values().next().unwrap().volume_gib;
    assert_eq!(volume, 50);
}

#[test]
fn small_first_letters_say_the_same() {
    // Every field of the group begins with a small letter now, as the rest of ECS writes it.
    let mut small = String::new();
    let mut rest = DESCRIBED_GROUP;
    while let Some(at) = rest.find('"') {
        let end = at + 1 + rest[at + 1..].find('"').unwrap();
        let (word, after) = (&rest[at + 1..end], &rest[end + 1..]);
        let is_key = after.starts_with(':');
        let word = match word {
            "VPCZoneIdentifier" => "vpcZoneIdentifier".to_owned(),
            word if is_key => word[..1].to_lowercase() + &word[1..],
            word => word.to_owned(),
        };
        small += &rest[..=at];
        small += &word;
        small.push('"');
        rest = after;
    }
    small += rest;
    assert!(small.contains("\"minSize\"") && small.contains("\"targetValue\""));
    let (one, other) =
        (model(&pasted(DESCRIBED_GROUP, DESCRIBED_PROVIDER)), model(&pasted(&small, DESCRIBED_PROVIDER)));
    assert_eq!(format!("{:?}", one.capacity), format!("{:?}", other.capacity));
    assert_eq!(format!("{:?}", one.definitions), format!("{:?}", other.definitions));
}

#[test]
fn a_field_that_aws_does_not_have_is_named_with_the_one_that_was_meant() {
    for (right, wrong) in [
        ("\"MaxInstanceLifetime\"", "\"MaxInstanceLifetme\""),
        ("\"OnDemandBaseCapacity\"", "\"OnDemandBaseCapcity\""),
        ("\"HeartbeatTimeout\"", "\"HeartbeatTimeOutt\""),
        ("\"TargetValue\"", "\"TargetValu\""),
        ("\"Recurrence\"", "\"Recurence\""),
    ] {
        let found = problems(&pasted(&DESCRIBED_GROUP.replace(right, wrong), DESCRIBED_PROVIDER));
        let meant = right.trim_matches('"');
        let meant = format!("did you mean `{}{}`?", meant[..1].to_lowercase(), &meant[1..]);
        assert!(found.iter().any(|it| it.starts_with("E020") && it.contains(&meant)), "{found:#?} for {wrong}");
    }
    let found = problems(&pasted(DESCRIBED_GROUP, &DESCRIBED_PROVIDER.replace("managedScaling", "managedScalling")));
    assert!(
        found.iter().any(|it| it.starts_with("E020") && it.contains("did you mean `managedScaling`?")),
        "{found:?}"
    );
}

#[test]
fn overrides_reach_groups_providers_and_what_they_hold_by_name() {
    use ecsim_scenario::document::Limits;
    use ecsim_scenario::source::MemoryFiles;
    let text = pasted(DESCRIBED_GROUP, DESCRIBED_PROVIDER);
    let set = [
        "autoScalingGroups.prod-ecs.maxSize=20",
        "autoScalingGroups.prod-ecs.desiredCapacity=2",
        "autoScalingGroups.prod-ecs.scheduledActions.night.minSize=0",
        "autoScalingGroups.prod-ecs.lifecycleHookSpecificationList.install.heartbeatTimeout=60",
        "autoScalingGroups.prod-ecs.scalingPolicies.cpu.enabled=false",
        "autoScalingGroups.prod-ecs.mixedInstancesPolicy.launchTemplate.overrides.m6i.large.instanceType=c5.large",
        "capacityProviders.cp.autoScalingGroupProvider.managedScaling.status=ENABLED",
        "launchTemplates.workers.launchTemplateData.blockDeviceMappings=[{ebs: {volumeSize: 99}}]",
    ];
    let files = MemoryFiles::new().with("main.yaml", text);
    let set: Vec<String> = set.iter().map(|it| (*it).to_owned()).collect();
    let prepared = ecsim_scenario::prepare(&files, "main.yaml", &set, &Limits::default());
    let problems = problems_of(&prepared);
    let model = prepared.ready.unwrap_or_else(|| panic!("{problems:#?}")).model;
    let definition = model.definitions.auto_scaling_groups.values().next().unwrap();
    assert_eq!((definition.max_size, definition.desired_capacity), (20, 2));
    let spec = model.capacity.groups.values().next().unwrap();
    assert_eq!((spec.schedule[0].min_size, spec.hooks[0].heartbeat.ms(), spec.policies.len()), (Some(0), 60_000, 0));
    assert!(model.definitions.capacity_providers.values().next().unwrap().managed_scaling.is_some());
    let types: Vec<&str> = model.definitions.pools.values().map(|pool| pool.instance_type.as_str()).collect();
    assert!(types.contains(&"c5.large") && !types.contains(&"m6i.large"), "{types:?}");
    assert!(model.definitions.launch_options.values().all(|option| option.volume_gib == 99));
}
