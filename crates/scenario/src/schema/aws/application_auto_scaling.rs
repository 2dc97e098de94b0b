//! Application Auto Scaling of services: `RegisterScalableTarget`, `PutScalingPolicy`, `PutScheduledAction` (SAS rules).
//!
//! The same objects stand under `services[].autoScaling`, at the top level as `describe-scalable-targets`,
//! `describe-scaling-policies` and `describe-scheduled-actions` print them, and in the timeline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::DateTime;
use super::common::KeptObject;
use super::metric_alarm::MetricAlarm;
use super::scaling_policy::{AdjustmentType, CustomizedMetricSpecification, MetricAggregationType, StepAdjustment};

/// Service auto scaling of a service: its scalable target, its policies and its scheduled actions (SAS-001).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceAutoScaling {
    /// The smallest desired count that policies set (SAS-001).
    pub min_capacity: u32,
    /// The largest desired count that policies set (SAS-001).
    pub max_capacity: u32,
    /// Scaling policies, at most 50 (SAS-005).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim-also" = ["scalingPolicies"]))]
    pub policies: Vec<ServiceScalingPolicy>,
    /// Scheduled actions, at most 200 (SAS-005).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scheduled_actions: Vec<ServiceScheduledAction>,
    /// What is suspended (SAS-004). Default: nothing.
    pub suspended_state: Option<SuspendedState>,
}

/// `suspendedState` of a scalable target (SAS-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SuspendedState {
    /// Whether policies do not scale in. Default false.
    pub dynamic_scaling_in_suspended: Option<bool>,
    /// Whether policies do not scale out. Default false.
    pub dynamic_scaling_out_suspended: Option<bool>,
    /// Whether scheduled actions do not run; those missed are not caught up. Default false.
    pub scheduled_scaling_suspended: Option<bool>,
}

/// A scalable target, as in AWS's `RegisterScalableTarget` (SAS-001, SAS-003).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RegisterScalableTarget {
    /// `ecs`; the targets of other services are left out.
    pub service_namespace: Option<String>,
    /// `service/CLUSTER/SERVICE`, or the name of the service.
    pub resource_id: String,
    /// `ecs:service:DesiredCount`.
    pub scalable_dimension: Option<String>,
    /// The smallest desired count that policies set. In the timeline, default: it stays.
    pub min_capacity: Option<u32>,
    /// The largest desired count that policies set. In the timeline, default: it stays.
    pub max_capacity: Option<u32>,
    /// What is suspended (SAS-004).
    pub suspended_state: Option<SuspendedState>,
    /// The role that Application Auto Scaling takes.
    #[serde(rename = "roleARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub role_arn: Option<String>,
    /// Its ARN, as AWS prints it.
    #[serde(rename = "scalableTargetARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub scalable_target_arn: Option<String>,
    /// When it was registered, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub creation_time: Option<serde_json::Value>,
    /// The capacity that predictive scaling expects, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub predicted_capacity: Option<u32>,
    /// Tags.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Option<KeptObject>,
}

/// Ends service auto scaling of a service, as in AWS's `DeregisterScalableTarget`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeregisterScalableTarget {
    /// `service/CLUSTER/SERVICE`, or the name of the service.
    pub resource_id: String,
    /// `ecs`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub service_namespace: Option<String>,
    /// `ecs:service:DesiredCount`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub scalable_dimension: Option<String>,
}

/// A scaling policy of a service, as in AWS's `PutScalingPolicy` of Application Auto Scaling (SAS-010 to SAS-034, SAS-070).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceScalingPolicy {
    /// Its name, unique in the scalable target. Default: the name of its metric, or its type where it has none.
    pub policy_name: Option<String>,
    /// `TargetTrackingScaling`, `StepScaling` or `PredictiveScaling`. Default `StepScaling`.
    pub policy_type: Option<ServicePolicyType>,
    /// `ecs`; policies of other services are left out.
    pub service_namespace: Option<String>,
    /// `service/CLUSTER/SERVICE`, or the name of the service; not needed under `services[].autoScaling`.
    pub resource_id: Option<String>,
    /// `ecs:service:DesiredCount`.
    pub scalable_dimension: Option<String>,
    /// Target tracking (SAS-010 to SAS-013).
    pub target_tracking_scaling_policy_configuration: Option<TargetTrackingScalingPolicyConfiguration>,
    /// Step scaling (SAS-030 to SAS-033).
    pub step_scaling_policy_configuration: Option<StepScalingPolicyConfiguration>,
    /// Predictive scaling (SAS-070, SAS-071).
    pub predictive_scaling_policy_configuration: Option<PredictiveScalingPolicyConfiguration>,
    /// Step scaling: the alarm that invokes it, as in AWS's `PutMetricAlarm`. An entry of the top-level `alarms` that names
    /// the policy under `alarmActions` does the same.
    pub alarm: Option<MetricAlarm>,
    /// Its alarms, as AWS prints them. For step scaling, entries of the top-level `alarms` by name; those of target
    /// tracking are made by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<PolicyAlarm>,
    /// Its ARN, as AWS prints it; alarms may name it under `alarmActions`.
    #[serde(rename = "policyARN")]
    pub policy_arn: Option<String>,
    /// When it was made, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub creation_time: Option<serde_json::Value>,
}

/// An alarm of a policy, as AWS prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PolicyAlarm {
    /// Its name.
    pub alarm_name: String,
    /// Its ARN.
    #[serde(rename = "alarmARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub alarm_arn: Option<String>,
}

/// `policyType` of a policy of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ServicePolicyType {
    /// Holds a metric at a target (SAS-010).
    TargetTrackingScaling,
    /// Steps by the distance from a threshold (SAS-030).
    #[default]
    StepScaling,
    /// Raises the capacity ahead of the load (SAS-070).
    PredictiveScaling,
}

/// Target tracking of a service (SAS-010 to SAS-013).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TargetTrackingScalingPolicyConfiguration {
    /// What the metric is held at.
    pub target_value: f64,
    /// A metric that AWS knows.
    pub predefined_metric_specification: Option<ServiceMetricSpecification>,
    /// Any metric of CloudWatch; a custom one gets its values under `behavior.metrics`.
    pub customized_metric_specification: Option<CustomizedMetricSpecification>,
    /// Seconds after a scale-out in which another one only adds what it wants more (SAS-052). Default 300.
    pub scale_out_cooldown: Option<u32>,
    /// Seconds after a scale-in in which there is no other (SAS-051). Default 300.
    pub scale_in_cooldown: Option<u32>,
    /// Whether it never scales in (SAS-013). Default false.
    pub disable_scale_in: Option<bool>,
}

/// A metric that AWS knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceMetricSpecification {
    /// Which one.
    pub predefined_metric_type: ServiceMetricType,
    /// The load balancer and target group of `ALBRequestCountPerTarget`:
    /// `app/BALANCER/ID/targetgroup/GROUP/ID`, or the name of the target group.
    pub resource_label: Option<String>,
}

/// Metrics of a service that AWS knows (SAS-010).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ServiceMetricType {
    /// Mean CPU utilization of the service, in percent.
    #[serde(rename = "ECSServiceAverageCPUUtilization")]
    EcsServiceAverageCpuUtilization,
    /// Mean memory utilization of the service, in percent.
    #[serde(rename = "ECSServiceAverageMemoryUtilization")]
    EcsServiceAverageMemoryUtilization,
    /// Requests for each target of a load balancer, a minute.
    #[serde(rename = "ALBRequestCountPerTarget")]
    AlbRequestCountPerTarget,
    /// The CPU utilization every 20 s (SAS-012).
    #[serde(rename = "ECSServiceAverageCPUUtilizationHighResolution")]
    EcsServiceAverageCpuUtilizationHighResolution,
    /// The memory utilization every 20 s (SAS-012).
    #[serde(rename = "ECSServiceAverageMemoryUtilizationHighResolution")]
    EcsServiceAverageMemoryUtilizationHighResolution,
}

/// Step scaling of a service (SAS-030 to SAS-033).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StepScalingPolicyConfiguration {
    /// What the adjustments mean (SAS-031).
    pub adjustment_type: Option<AdjustmentType>,
    /// By how much to change, depending on how far the metric is from the threshold, at most 20 steps (SAS-030).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub step_adjustments: Vec<StepAdjustment>,
    /// With `PercentChangeInCapacity`: change at least by so many tasks (SAS-032).
    pub min_adjustment_magnitude: Option<u32>,
    /// Seconds after an activity (SAS-050). Default 300.
    pub cooldown: Option<u32>,
    /// How datapoints are put together (SAS-033). Default `Average`.
    pub metric_aggregation_type: Option<MetricAggregationType>,
}

/// Predictive scaling of a service (SAS-070, SAS-071).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PredictiveScalingPolicyConfiguration {
    /// The metrics, one entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metric_specifications: Vec<PredictiveScalingMetricSpecification>,
    /// Default `ForecastOnly`.
    pub mode: Option<PredictiveScalingMode>,
    /// Seconds before the hour at which its capacity is there, below 3600. Default 300.
    pub scheduling_buffer_time: Option<u32>,
    /// What happens where the forecast is above the maximum. Default `HonorMaxCapacity`.
    pub max_capacity_breach_behavior: Option<MaxCapacityBreachBehavior>,
    /// With `IncreaseMaxCapacity`: percent above the forecast that the maximum becomes.
    pub max_capacity_buffer: Option<u32>,
}

/// `mode` of predictive scaling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PredictiveScalingMode {
    /// Only says what it expects.
    #[default]
    ForecastOnly,
    /// Acts on it.
    ForecastAndScale,
}

/// What happens where the forecast is above the maximum (SAS-071).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MaxCapacityBreachBehavior {
    /// The maximum holds.
    #[default]
    HonorMaxCapacity,
    /// The maximum goes up with the forecast.
    IncreaseMaxCapacity,
}

/// The metrics of predictive scaling: a pair that AWS knows, or one of load and one of scaling.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PredictiveScalingMetricSpecification {
    /// What the scaling metric is held at: the load of one task.
    pub target_value: f64,
    /// A pair that AWS knows.
    pub predefined_metric_pair_specification: Option<PredictivePredefinedMetric>,
    /// A scaling metric that AWS knows.
    pub predefined_scaling_metric_specification: Option<PredictivePredefinedMetric>,
    /// A load metric that AWS knows.
    pub predefined_load_metric_specification: Option<PredictivePredefinedMetric>,
    /// The scaling metric: a value for each task.
    pub customized_scaling_metric_specification: Option<PredictiveCustomizedMetric>,
    /// The load metric: a value for the whole service.
    pub customized_load_metric_specification: Option<PredictiveCustomizedMetric>,
    /// The capacity metric; the simulator knows the running count.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub customized_capacity_metric_specification: Option<KeptObject>,
}

/// A metric of predictive scaling that AWS knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PredictivePredefinedMetric {
    /// `ECSServiceCPUUtilization`, `ECSServiceMemoryUtilization`, `ALBRequestCount`, and the names of their halves, such as
    /// `ECSServiceTotalCPUUtilization`.
    pub predefined_metric_type: String,
    /// The load balancer and target group of `ALBRequestCount`.
    pub resource_label: Option<String>,
}

/// A metric of predictive scaling that AWS does not know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PredictiveCustomizedMetric {
    /// One metric: the first query that has a `metricStat`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metric_data_queries: Vec<MetricDataQuery>,
}

/// A metric data query: a metric. Expressions are not simulated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MetricDataQuery {
    /// Its id.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub id: Option<String>,
    /// The metric.
    pub metric_stat: Option<QueryMetricStat>,
    /// An expression.
    #[schemars(extend("x-ecsim" = "later"))]
    pub expression: Option<String>,
    /// A label.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub label: Option<String>,
    /// Whether it is the answer.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub return_data: Option<bool>,
}

/// A metric with its statistic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct QueryMetricStat {
    /// The metric.
    pub metric: QueryMetric,
    /// `Average`, `Sum`, `Minimum`, `Maximum` or `SampleCount`. Default `Average`.
    pub stat: Option<super::Statistic>,
    /// The unit of its values.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub unit: Option<String>,
}

/// A metric by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct QueryMetric {
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub metric_name: Option<String>,
    /// Its dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<super::Dimension>,
}

/// Takes a scaling policy of a service away, as in AWS's `DeleteScalingPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteScalingPolicy {
    /// Its name.
    pub policy_name: String,
    /// `service/CLUSTER/SERVICE`, or the name of the service.
    pub resource_id: String,
    /// `ecs`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub service_namespace: Option<String>,
    /// `ecs:service:DesiredCount`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub scalable_dimension: Option<String>,
}

/// A scheduled action of a service, as in AWS's `PutScheduledAction` (SAS-060 to SAS-063).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceScheduledAction {
    /// Its name, unique in the scalable target; the same name again replaces it.
    pub scheduled_action_name: String,
    /// When: `at(yyyy-mm-ddThh:mm:ss)`, `rate(5 minutes)` or `cron(0 8 ? * MON-FRI *)`.
    pub schedule: Option<String>,
    /// The time zone of `at` and `cron`, by its IANA name. Default: UTC.
    pub timezone: Option<String>,
    /// With it the action runs then, and afterwards on its schedule. Always UTC.
    pub start_time: Option<DateTime>,
    /// After it, it runs no more. Always UTC.
    pub end_time: Option<DateTime>,
    /// What it sets.
    pub scalable_target_action: Option<ScalableTargetAction>,
    /// `ecs`; actions of other services are left out.
    pub service_namespace: Option<String>,
    /// `service/CLUSTER/SERVICE`, or the name of the service; not needed under `services[].autoScaling`.
    pub resource_id: Option<String>,
    /// `ecs:service:DesiredCount`.
    pub scalable_dimension: Option<String>,
    /// Its ARN, as AWS prints it.
    #[serde(rename = "scheduledActionARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub scheduled_action_arn: Option<String>,
    /// When it was made, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub creation_time: Option<serde_json::Value>,
}

/// What a scheduled action sets (SAS-061).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ScalableTargetAction {
    /// The smallest desired count from then on. Default: it stays.
    pub min_capacity: Option<u32>,
    /// The largest desired count from then on. Default: it stays.
    pub max_capacity: Option<u32>,
}

/// Takes a scheduled action of a service away, as in AWS's `DeleteScheduledAction`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeleteServiceScheduledAction {
    /// Its name.
    pub scheduled_action_name: String,
    /// `service/CLUSTER/SERVICE`, or the name of the service.
    pub resource_id: String,
    /// `ecs`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub service_namespace: Option<String>,
    /// `ecs:service:DesiredCount`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub scalable_dimension: Option<String>,
}

/// Sets the state of an alarm until its next evaluation, as in AWS's `SetAlarmState`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SetAlarmState {
    /// Its name.
    pub alarm_name: String,
    /// The state.
    pub state_value: AlarmStateValue,
    /// Why, for people.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub state_reason: Option<String>,
    /// Why, for programs.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub state_reason_data: Option<String>,
}

/// The state of an alarm (CW-003).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AlarmStateValue {
    /// The threshold is not breached.
    #[serde(rename = "OK")]
    Ok,
    /// It is.
    #[serde(rename = "ALARM")]
    Alarm,
    /// Too few datapoints.
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

/// Alarms by name, as in AWS's `EnableAlarmActions`, `DisableAlarmActions` and `DeleteAlarms`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AlarmNames {
    /// Their names.
    pub alarm_names: Vec<String>,
}
