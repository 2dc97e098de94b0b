//! The format of capacity: real objects in both spellings, AWS's own lists of fields, and what stands for what.

use std::path::Path;

use serde_json::{Value, json};

use super::aws::{AutoScalingGroup, CapacityProvider, ScalingProcess, TerminationPolicy};
use super::*;
use crate::diagnostic::Diagnostic;
use crate::document::Limits;
use crate::load::load_with;
use crate::source::MemoryFiles;
use crate::validate::Checker;

/// Reads a text as the product does: spelling, schema, types.
fn read(text: &str) -> Result<Scenario, Vec<String>> {
    let files = MemoryFiles::new().with("main.yaml", text);
    let checker = Checker::with_formats(&json_schema(), FORMATS).expect("a valid schema");
    let loaded = load_with(&files, "main.yaml", &[], &Limits::default(), &checker);
    let say = |found: &Diagnostic| format!("{} {}", found.message, found.help.as_deref().unwrap_or_default());
    let problems: Vec<String> = loaded.diagnostics.iter().map(say).collect();
    match loaded.document {
        Some(document) if problems.is_empty() => {
            Scenario::from_value(document.to_value()).map_err(|error| vec![error.to_string()])
        }
        _ => Err(problems),
    }
}

/// As `aws autoscaling describe-auto-scaling-groups` prints it.
const DESCRIBED: &str = r#"
autoScalingGroups:
  - AutoScalingGroupName: prod
    AutoScalingGroupARN: arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/prod
    MixedInstancesPolicy:
      LaunchTemplate:
        LaunchTemplateSpecification: {LaunchTemplateId: lt-1, LaunchTemplateName: workers, Version: $Default}
        Overrides: [{InstanceType: m6i.large, WeightedCapacity: "2"}, {InstanceRequirements: {VCpuCount: {Min: 2}, MemoryMiB: {Min: 4096, Max: 8192}, MemoryGiBPerVCpu: {Max: 4}, TotalLocalStorageGB: {Min: 1}}}]
      InstancesDistribution: {OnDemandAllocationStrategy: lowest-price, OnDemandBaseCapacity: 0, OnDemandPercentageAboveBaseCapacity: 50, SpotAllocationStrategy: capacity-optimized-prioritized, SpotMaxPrice: ""}
    MinSize: 1
    MaxSize: 9
    DesiredCapacity: 3
    DefaultCooldown: 300
    AvailabilityZones: [us-east-1a]
    TargetGroupARNs: []
    HealthCheckType: EC2
    HealthCheckGracePeriod: 0
    Instances: [{InstanceId: i-1, LifecycleState: InService}]
    CreatedTime: "2026-01-01T00:00:00.000Z"
    SuspendedProcesses: [{ProcessName: AZRebalance, SuspensionReason: by hand}, Launch]
    VPCZoneIdentifier: subnet-a,subnet-b
    EnabledMetrics: []
    Tags: [{ResourceId: prod, ResourceType: auto-scaling-group, Key: AmazonECSManaged, Value: "", PropagateAtLaunch: true}]
    TerminationPolicies: [AllocationStrategy, "arn:aws:lambda:us-east-1:123456789012:function:f:1"]
    NewInstancesProtectedFromScaleIn: true
    ServiceLinkedRoleARN: arn:aws:iam::123456789012:role/r
    WarmPoolConfiguration: {MaxGroupPreparedCapacity: -1, MinSize: 1, PoolState: Hibernated}
    WarmPoolSize: 1
    LifecycleHookSpecificationList: [{LifecycleHookName: h, LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING", NotificationTargetARN: a, RoleARN: r}]
    ScalingPolicies:
      - PolicyName: p
        PolicyARN: arn:p
        PolicyType: TargetTrackingScaling
        TargetTrackingConfiguration: {CustomizedMetricSpecification: {MetricName: m, Namespace: n, Statistic: Sum, Dimensions: [{Name: d, Value: v}]}, TargetValue: 12.5, DisableScaleIn: true}
        Alarm: {AlarmName: a, OKActions: [x], MetricName: m, Threshold: 1, ComparisonOperator: LessThanOrEqualToThreshold}
"#;

#[test]
fn groups_read_as_aws_prints_them() {
    let scenario = read(DESCRIBED).unwrap();
    let group = &scenario.auto_scaling_groups[0];
    assert_eq!((group.auto_scaling_group_name.as_str(), group.desired()), ("prod", 3));
    assert_eq!(group.vpc_zone_identifier.as_ref().unwrap().0, ["subnet-a", "subnet-b"]);
    let processes: Vec<ScalingProcess> = group.suspended_processes.iter().map(|process| process.0).collect();
    assert_eq!(processes, [ScalingProcess::AzRebalance, ScalingProcess::Launch]);
    assert!(matches!(&group.termination_policies[1], TerminationPolicy::Lambda(_)));
    assert_eq!(group.warm_pool().unwrap().max_group_prepared_capacity, Some(-1));
    let mixed = group.mixed_instances_policy.as_ref().unwrap();
    assert_eq!(mixed.instances_distribution.spot_max_price, None);
    let requirements = mixed.launch_template.overrides[1].instance_requirements.as_ref().unwrap();
    assert_eq!((requirements.v_cpu_count.min, requirements.memory_mib.max), (Some(2), Some(8_192)));
    assert_eq!(group.scaling_policies[0].alarm.as_ref().unwrap().ok_actions, ["x"]);
    let written = scenario.to_value().unwrap();
    assert_eq!(Scenario::from_value(written).unwrap(), scenario);
}

/// The sketch of the product's description, word for word where it has names.
#[test]
fn the_sketch_reads() {
    let scenario = read(
        "region: us-east-1
autoScalingGroups:
  - {autoScalingGroupName: spot, minSize: 0, maxSize: 40, desiredCapacity: 3,
     availabilityZones: [us-east-1a, us-east-1b, us-east-1c], launchTemplate: {instanceType: m6i.large}}
capacityProviders:
  - name: cp-spot
    autoScalingGroupProvider:
      autoScalingGroup: spot
      managedScaling: {status: ENABLED, targetCapacity: 90}
      managedTerminationProtection: ENABLED
cluster: {clusterName: prod, defaultCapacityProviderStrategy: [{capacityProvider: cp-spot, weight: 1}]}
behavior:
  autoScalingGroups: {spot: {launch: {lognormal: {median: 75s, p95: 140s}}, spotInterruptions: {band: advisor}}}
timeline:
  - {at: 5h, availabilityZoneOutage: {zone: us-east-1b, duration: 40m}}
",
    )
    .unwrap();
    let template = scenario.auto_scaling_groups[0].launch_template.as_ref().unwrap();
    assert_eq!((template.entry(), template.instance_type.as_deref()), (None, Some("m6i.large")));
    let provider = scenario.capacity_providers[0].auto_scaling_group_provider.as_ref().unwrap();
    assert_eq!(provider.group(), Some("spot"));
    let behavior = &scenario.behavior.auto_scaling_groups["spot"];
    assert_eq!(behavior.spot_interruptions.as_ref().unwrap().band, Some(SpotBand::Advisor));
}

#[test]
fn a_field_that_aws_does_not_have_is_an_error_with_a_suggestion() {
    let table = [
        ("autoScalingGroups: [{autoScalingGroupName: g, minSize: 0, maxSiz: 1, maxSize: 1}]", "maxSize"),
        ("autoScalingGroups: [{AutoScalingGroupName: g, MinSize: 0, MaxSize: 1, WarmPol: {}}]", "warmPool"),
        ("capacityProviders: [{name: p, autoScalingGroupProvider: {managedScalin: {}}}]", "managedScaling"),
        ("launchTemplates: [{launchTemplateName: t, launchTemplateData: {instancetype: m5.large}}]", "instanceType"),
        ("behavior: {autoScalingGroups: {g: {launc: 1s}}}", "launch"),
        ("pricing: {ondemand: {}}", "onDemand"),
        ("settings: {cas_nn: registered}", "cas_n"),
    ];
    for (text, meant) in table {
        let problems = read(text).unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(&format!("did you mean `{meant}`"))), "{problems:?}");
    }
}

#[test]
fn a_provider_finds_its_group_by_name_or_arn() {
    let group = |value: Value| {
        let provider: CapacityProvider = serde_json::from_value(value).unwrap();
        provider.auto_scaling_group_provider.unwrap().group().map(str::to_owned)
    };
    let provider = |inner: Value| json!({"name": "p", "autoScalingGroupProvider": inner});
    let arn = "arn:aws:autoscaling:us-east-1:1:autoScalingGroup:x:autoScalingGroupName/web";
    assert_eq!(group(provider(json!({"autoScalingGroupArn": arn}))).as_deref(), Some("web"));
    assert_eq!(group(provider(json!({"autoScalingGroupArn": "web"}))).as_deref(), Some("web"));
    assert_eq!(group(provider(json!({"autoScalingGroup": "web", "autoScalingGroupArn": "x"}))).as_deref(), Some("web"));
    assert_eq!(group(provider(json!({}))), None);
}

#[test]
fn the_desired_capacity_is_the_minimum_unless_written() {
    let read = |value: Value| serde_json::from_value::<AutoScalingGroup>(value).unwrap().desired();
    assert_eq!(read(json!({"autoScalingGroupName": "g", "minSize": 2, "maxSize": 4})), 2);
    assert_eq!(read(json!({"autoScalingGroupName": "g", "minSize": 2, "maxSize": 4, "desiredCapacity": 3})), 3);
}

#[test]
fn a_profile_sets_what_is_not_written_and_goes_with_latencies_none() {
    let scenario = read(
        "simulation: {latencies: none}
settings: {profile: e2022a, scale_in_cap: 10%}",
    )
    .unwrap();
    let settings = scenario.settings;
    assert_eq!((settings.scale_in_cap, settings.provisioning_tasks_per_cluster), (Share::percent(10), 300));
    assert_eq!(settings.metric_publish_delay, Seconds::new(0));
    assert_eq!(
        Scenario::from_value(json!({"settings": {"profile": "e2020"}})).unwrap().settings,
        Profile::E2020.settings()
    );
}

/// AWS's own lists of fields are the service models that botocore carries, unpacked: `autoscaling/2011-01-01`,
/// `cloudwatch/2010-08-01` and `ec2/2016-11-15`.
#[test]
fn no_field_of_the_other_services_is_unknown() {
    let Some(folder) = std::env::var_os("ECSIM_AWS_MODELS") else {
        eprintln!("SKIPPED: set ECSIM_AWS_MODELS to run this test");
        return;
    };
    let model = |service: &str| -> Value {
        let path = Path::new(&folder).join(format!("{service}.json"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let shapes: [(&str, &[(&str, &str)]); 3] = [
        (
            "autoscaling",
            &[
                ("CreateAutoScalingGroupType", "AutoScalingGroup"),
                ("AutoScalingGroup", "AutoScalingGroup"),
                ("UpdateAutoScalingGroupType", "UpdateAutoScalingGroup"),
                ("LaunchTemplateSpecification", "LaunchTemplateSpecification"),
                ("MixedInstancesPolicy", "MixedInstancesPolicy"),
                ("LaunchTemplate", "MixedLaunchTemplate"),
                ("LaunchTemplateOverrides", "LaunchTemplateOverrides"),
                ("InstancesDistribution", "InstancesDistribution"),
                ("InstanceRequirements", "InstanceRequirements"),
                ("LifecycleHookSpecification", "LifecycleHookSpecification"),
                ("InstanceMaintenancePolicy", "InstanceMaintenancePolicy"),
                ("AvailabilityZoneDistribution", "AvailabilityZoneDistribution"),
                ("PutWarmPoolType", "WarmPool"),
                ("WarmPoolConfiguration", "WarmPool"),
                ("Tag", "AutoScalingTag"),
                ("PutScalingPolicyType", "ScalingPolicy"),
                ("StepAdjustment", "StepAdjustment"),
                ("TargetTrackingConfiguration", "TargetTrackingConfiguration"),
                ("PredefinedMetricSpecification", "PredefinedMetricSpecification"),
                ("CustomizedMetricSpecification", "CustomizedMetricSpecification"),
                ("PutScheduledUpdateGroupActionType", "ScheduledAction"),
                ("SetDesiredCapacityType", "SetDesiredCapacity"),
                ("SetInstanceProtectionQuery", "SetInstanceProtection"),
                ("SetInstanceHealthQuery", "SetInstanceHealth"),
                ("TerminateInstanceInAutoScalingGroupType", "TerminateInstanceInAutoScalingGroup"),
                ("EnterStandbyQuery", "TakeInstances"),
                ("DetachInstancesQuery", "TakeInstances"),
                ("ExitStandbyQuery", "ExitStandby"),
                ("ScalingProcessQuery", "ScalingProcesses"),
                ("StartInstanceRefreshType", "StartInstanceRefresh"),
                ("DesiredConfiguration", "DesiredConfiguration"),
                ("RefreshPreferences", "RefreshPreferences"),
                ("CancelInstanceRefreshType", "CancelInstanceRefresh"),
                ("CompleteLifecycleActionType", "CompleteLifecycleAction"),
            ],
        ),
        ("cloudwatch", &[("PutMetricAlarmInput", "MetricAlarm"), ("Dimension", "Dimension")]),
        (
            "ec2",
            &[
                ("RequestLaunchTemplateData", "LaunchTemplateData"),
                ("LaunchTemplateInstanceMarketOptionsRequest", "InstanceMarketOptions"),
                ("LaunchTemplateSpotMarketOptionsRequest", "SpotOptions"),
                ("LaunchTemplateBlockDeviceMappingRequest", "BlockDeviceMapping"),
                ("LaunchTemplateEbsBlockDeviceRequest", "EbsBlockDevice"),
                ("InstanceRequirementsRequest", "InstanceRequirements"),
            ],
        ),
    ];
    // `containerInstances` says which instances; a warm pool stands under its group.
    let instead = |ours: &str, name: &str| match name {
        "InstanceIds" | "InstanceId" => ours != "AutoScalingGroup",
        "AutoScalingGroupName" => ours == "WarmPool",
        _ => false,
    };
    let schema = json_schema();
    let mut unknown = Vec::new();
    for (service, pairs) in shapes {
        let model = model(service);
        for (theirs, ours) in pairs {
            let properties = &schema["$defs"][ours]["properties"];
            for name in model["shapes"][theirs]["members"].as_object().expect(theirs).keys() {
                let forms = [
                    Some(name.clone()),
                    crate::validate::flip_first_letter(name),
                    crate::validate::small_abbreviation(name),
                ];
                let known = forms.iter().flatten().any(|form| properties.get(form).is_some());
                if !known && !instead(ours, name) {
                    unknown.push(format!("{theirs}.{name}"));
                }
            }
        }
    }
    assert_eq!(unknown, [""; 0]);
}
