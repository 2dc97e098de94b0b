//! Alarms and service auto scaling: what AWS rejects, and what the shapes of its output become.

use ecsim_cluster::cloudwatch::{Comparison, SeriesSource, ServiceMetric, Statistic};
use ecsim_kernel::Span;
use ecsim_policies::scaling::service::spec::PolicyKind;

use crate::kit::{accepted, model, prepare_with, problems_of, rejected};

const TASK: &str = "taskDefinitions: [{family: t, containerDefinitions: [{name: c, memory: 9}]}]\n";

fn with(scaling: &str) -> String {
    format!(
        "{TASK}services: [{{serviceName: web, taskDefinition: t, autoScaling: {{minCapacity: 1, maxCapacity: 9, {scaling}}}}}]\n"
    )
}

fn tracking(configuration: &str) -> String {
    with(&format!(
        "policies: [{{policyName: p, policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {{{configuration}}}}}]"
    ))
}

const CPU: &str = "predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilization}";

// proves: MEAS-065
#[test]
fn sas_011_managed_alarms_of_a_standard_policy() {
    let model = accepted(&tracking(&format!("targetValue: 70, {CPU}")));
    let alarms: Vec<_> = model.definitions.alarms.values().collect();
    let told: Vec<_> = alarms
        .iter()
        .map(|alarm| (alarm.comparison, alarm.threshold, alarm.datapoints_to_alarm, alarm.evaluation_periods))
        .collect();
    assert_eq!(told, [(Comparison::Greater, 70_000_000, 3, 3), (Comparison::Less, 63_000_000, 15, 15)]);
    assert!(alarms[0].name.starts_with("TargetTracking-service/default/web-AlarmHigh-"), "{}", alarms[0].name);
    assert!(alarms[1].name.starts_with("TargetTracking-service/default/web-AlarmLow-"), "{}", alarms[1].name);
    let series = &model.definitions.series[alarms[0].series];
    assert!(matches!(series.source, SeriesSource::Service(_, ServiceMetric::CpuUtilization)));
    assert_eq!((series.statistic, series.period), (Statistic::Average, Span::from_mins(1)));
}

#[test]
fn sas_012_high_resolution_needs_monitoring_and_has_thirty_low_datapoints() {
    let high = "predefinedMetricSpecification: {predefinedMetricType: ECSServiceAverageCPUUtilizationHighResolution}";
    let text = tracking(&format!("targetValue: 80, {high}"));
    rejected(&text, "E397", "the service publishes CPUUtilization once a minute");
    let monitored = text.replace(
        "taskDefinition: t,",
        "taskDefinition: t, monitoring: {metricConfigurations: [{metricNames: [CPUUtilization], resolutionSeconds: 20}]},",
    );
    let model = model(&monitored);
    let counts: Vec<u32> = model.definitions.alarms.values().map(|alarm| alarm.evaluation_periods).collect();
    assert_eq!(counts, [3, 30]);
    assert!(model.definitions.series.values().all(|series| series.period == Span::from_secs(20)));
}

#[test]
fn sas_013_without_scale_in_there_is_only_the_high_alarm() {
    let model = accepted(&tracking(&format!("targetValue: 70, disableScaleIn: true, {CPU}")));
    assert_eq!(model.definitions.alarms.len(), 1);
    let target = model.scaling.targets.values().next().expect("a target");
    let PolicyKind::TargetTracking(policy) = &target.policies[0].kind else { panic!("target tracking") };
    assert_eq!(
        (policy.low, policy.out_cooldown, policy.in_cooldown),
        (None, Span::from_secs(300), Span::from_secs(300))
    );
}

#[test]
fn a_policy_without_a_name_is_called_after_its_metric_or_its_type() {
    let policy = format!(
        "{{policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {{targetValue: 70, {CPU}}}}}"
    );
    let step = "{stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, stepAdjustments: \
                [{metricIntervalLowerBound: 0, scalingAdjustment: 1}]}}";
    let model = model(&with(&format!("policies: [{policy}, {step}]")));
    let target = model.scaling.targets.values().next().expect("a target");
    let names: Vec<&str> = target.policies.iter().map(|it| model.definitions.policies.name(it.name)).collect();
    assert_eq!(names, ["ECSServiceAverageCPUUtilization", "StepScaling"]);
    let twice = with(&format!("policies: [{policy}, {policy}]"));
    let problems = problems_of(&prepare_with(twice.as_str(), &[])).join("\n");
    assert!(problems.contains("E302") && problems.contains("called `ECSServiceAverageCPUUtilization`"), "{problems}");
}

// proves: SAS-001
#[test]
fn sas_001_the_output_of_the_describe_calls_is_the_same() {
    let described = format!(
        "{TASK}services: [{{serviceName: web, taskDefinition: t}}]
ScalableTargets:
  - {{ServiceNamespace: ecs, ResourceId: service/default/web, ScalableDimension: 'ecs:service:DesiredCount', MinCapacity: 1, MaxCapacity: 9, RoleARN: r, CreationTime: 1.5,
      SuspendedState: {{DynamicScalingInSuspended: false, DynamicScalingOutSuspended: true, ScheduledScalingSuspended: false}}}}
  - {{ServiceNamespace: dynamodb, ResourceId: table/x, ScalableDimension: y, MinCapacity: 1, MaxCapacity: 9}}
ScalingPolicies:
  - {{PolicyARN: a, PolicyName: p, ServiceNamespace: ecs, ResourceId: service/default/web, ScalableDimension: 'ecs:service:DesiredCount', PolicyType: TargetTrackingScaling,
      TargetTrackingScalingPolicyConfiguration: {{TargetValue: 75.0, PredefinedMetricSpecification: {{PredefinedMetricType: ECSServiceAverageCPUUtilization}}}},
      Alarms: [{{AlarmName: TargetTracking-x, AlarmARN: b}}], CreationTime: '2026-01-01'}}
ScheduledActions:
  - {{ScheduledActionName: s, ServiceNamespace: ecs, Schedule: 'rate(1 hour)', ResourceId: service/default/web, ScalableTargetAction: {{MinCapacity: 2}}}}
"
    );
    let model = accepted(&described);
    let target = model.definitions.scalable_targets.values().next().expect("a target");
    assert_eq!((target.min, target.max, target.suspended.scale_out, target.suspended.scale_in), (1, 9, true, false));
    let spec = model.scaling.targets.values().next().expect("policies");
    assert_eq!((spec.policies.len(), spec.actions.len(), spec.actions[0].min), (1, 1, Some(2)));
}

#[test]
fn sas_010_what_target_tracking_rejects() {
    rejected(&tracking(&format!("targetValue: 0, {CPU}")), "E397", "a target must be from 0.000001 to 9e12");
    rejected(&tracking("targetValue: 5"), "E397", "target tracking follows one metric");
    let requests = "predefinedMetricSpecification: {predefinedMetricType: ALBRequestCountPerTarget}";
    rejected(
        &tracking(&format!("targetValue: 5, {requests}")),
        "E397",
        "ALBRequestCountPerTarget needs a resource label",
    );
    let policy = |name: &str| {
        format!(
            "{{policyName: {name}, policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {{targetValue: 5, {CPU}}}}}"
        )
    };
    let twice = with(&format!("policies: [{}, {}]", policy("a"), policy("b")));
    rejected(&twice, "E397", "two target tracking policies follow the same metric");
}

#[test]
fn sas_005_quotas_and_limits() {
    let action = |name: usize| {
        format!("{{scheduledActionName: a{name}, schedule: rate(1 hour), scalableTargetAction: {{minCapacity: 1}}}}")
    };
    let many: Vec<String> = (0..201).map(action).collect();
    rejected(
        &with(&format!("scheduledActions: [{}]", many.join(", "))),
        "E330",
        "201 scheduled actions, at most 200 are allowed for a scalable target (SAS-005)",
    );
    rejected(&with("").replace("minCapacity: 1,", "minCapacity: 10,"), "E397", "minCapacity 10 exceeds maxCapacity 9");
    let daemon = with("").replace("taskDefinition: t,", "taskDefinition: t, schedulingStrategy: DAEMON,");
    rejected(&daemon, "E397", "`web` is a DAEMON service: it has no desired count to scale");
}

#[test]
fn sas_060_what_schedules_reject() {
    let action = |schedule: &str| {
        with(&format!(
            "scheduledActions: [{{scheduledActionName: a, schedule: '{schedule}', scalableTargetAction: {{minCapacity: 1}}}}]"
        ))
    };
    rejected(&action("0 8 * * *"), "E397", "`0 8 * * *` is not a schedule: at(...), rate(...) or cron(...)");
    rejected(
        &action("cron(0 8 * * *)"),
        "E397",
        "cron has 6 fields (minute hour day-of-month month day-of-week year), not 5",
    );
    accepted(&action("cron(0/5 * * * ? *)"));
}

#[test]
fn cw_001_what_alarms_reject() {
    let alarm = |fields: &str| {
        format!(
            "{TASK}services: [{{serviceName: web, taskDefinition: t}}]\n\
             alarms: [{{alarmName: a, namespace: AWS/ECS, metricName: CPUUtilization, \
             dimensions: [{{name: ClusterName, value: default}}, {{name: ServiceName, value: web}}], threshold: 5, \
             comparisonOperator: GreaterThanThreshold, {fields}}}]\n"
        )
    };
    accepted(&alarm("period: 300, evaluationPeriods: 3, datapointsToAlarm: 2"));
    rejected(&alarm("period: 45, evaluationPeriods: 1"), "E397", "a period of 45 s");
    rejected(&alarm("evaluationPeriods: 2, datapointsToAlarm: 3"), "E397", "3 of 2 datapoints");
    let long = "an alarm looks at one period at least, and at a day at most";
    rejected(&alarm("period: 300, evaluationPeriods: 289"), "E397", long);
    accepted(&alarm("period: 3600, evaluationPeriods: 100"));
    rejected(&alarm("evaluationPeriods: 1").replace("alarmName: a, ", ""), "E397", "an alarm needs a name");
}

#[test]
fn sas_030_what_steps_reject() {
    let steps = with(
        "policies: [{policyName: p, policyType: StepScaling, stepScalingPolicyConfiguration: {adjustmentType: ChangeInCapacity, \
         stepAdjustments: [{metricIntervalLowerBound: 0, metricIntervalUpperBound: 5, scalingAdjustment: 1}]}, \
         alarm: {namespace: A, metricName: B, threshold: 1, comparisonOperator: GreaterThanThreshold}}]\n",
    );
    let text = format!("{steps}behavior: {{metrics: [{{namespace: A, metricName: B}}]}}\n");
    rejected(&text, "E397", "with a positive upper bound, one step must have no upper bound");
}
