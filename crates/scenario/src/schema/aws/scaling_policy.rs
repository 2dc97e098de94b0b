//! `PutScalingPolicy`: target tracking, step and simple scaling of an Auto Scaling group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::KeptObject;
use super::metric_alarm::{Dimension, MetricAlarm, Statistic};

/// A scaling policy of an Auto Scaling group (ASG-020 to ASG-024).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ScalingPolicy {
    /// Its name, unique in the group.
    pub policy_name: String,
    /// `TargetTrackingScaling`, `StepScaling`, `SimpleScaling` or `PredictiveScaling`. Default `SimpleScaling`.
    pub policy_type: Option<PolicyType>,
    /// Target tracking: the metric and what it is held at (ASG-020).
    pub target_tracking_configuration: Option<TargetTrackingConfiguration>,
    /// Step and simple scaling: what the adjustments mean.
    pub adjustment_type: Option<AdjustmentType>,
    /// Step scaling: by how much to change, depending on how far the metric is from the threshold, at most 20 steps
    /// (ASG-022).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub step_adjustments: Vec<StepAdjustment>,
    /// Simple scaling: by how much to change.
    pub scaling_adjustment: Option<i32>,
    /// With `PercentChangeInCapacity`: change at least by so many instances (ASG-022).
    pub min_adjustment_magnitude: Option<u32>,
    /// The former name of `minAdjustmentMagnitude`.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub min_adjustment_step: Option<u32>,
    /// Step scaling: how datapoints are put together. Default `Average`.
    pub metric_aggregation_type: Option<MetricAggregationType>,
    /// Target tracking and step scaling: seconds until an instance counts in full (ASG-023). Default: the group's
    /// `defaultInstanceWarmup`.
    pub estimated_instance_warmup: Option<u32>,
    /// Simple scaling: seconds to wait after the last change (ASG-024). Default: the group's `defaultCooldown`.
    pub cooldown: Option<u32>,
    /// Whether it acts. Default true.
    pub enabled: Option<bool>,
    /// Step and simple scaling: the alarm that invokes it, as in AWS's `PutMetricAlarm`.
    pub alarm: Option<MetricAlarm>,
    /// Predictive scaling.
    #[schemars(extend("x-ecsim" = "later"))]
    pub predictive_scaling_configuration: Option<KeptObject>,
    /// The group; it is the one under which the policy stands.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub auto_scaling_group_name: Option<String>,
    /// Its ARN, as AWS prints it.
    #[serde(rename = "policyARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub policy_arn: Option<String>,
    /// Its alarms, as AWS prints them; `alarm` says what they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub alarms: Vec<KeptObject>,
}

/// `policyType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PolicyType {
    /// Holds a metric at a target (ASG-020).
    TargetTrackingScaling,
    /// Steps by the distance from a threshold (ASG-022).
    StepScaling,
    /// One change, then a cooldown (ASG-024).
    #[default]
    SimpleScaling,
    /// Forecasts; this version does not simulate it.
    PredictiveScaling,
}

/// What the adjustments of a policy mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AdjustmentType {
    /// So many instances more or fewer.
    ChangeInCapacity,
    /// Exactly so many instances.
    ExactCapacity,
    /// So many percent more or fewer (ASG-022).
    PercentChangeInCapacity,
}

/// How datapoints are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MetricAggregationType {
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// The mean.
    #[default]
    Average,
}

/// A step: bounds as offsets from the alarm's threshold, and the change (ASG-022).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StepAdjustment {
    /// From this offset on. Default: no bound.
    pub metric_interval_lower_bound: Option<f64>,
    /// Up to this offset. Default: no bound.
    pub metric_interval_upper_bound: Option<f64>,
    /// By how much to change.
    pub scaling_adjustment: i32,
}

/// The metric of target tracking, and what it is held at (ASG-020).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TargetTrackingConfiguration {
    /// A metric that AWS knows.
    pub predefined_metric_specification: Option<PredefinedMetricSpecification>,
    /// Any metric of CloudWatch; a custom one gets its values under `behavior.metrics`.
    pub customized_metric_specification: Option<CustomizedMetricSpecification>,
    /// What the metric is held at.
    pub target_value: f64,
    /// Whether it never scales in. Default false.
    pub disable_scale_in: Option<bool>,
}

/// A metric that AWS knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PredefinedMetricSpecification {
    /// Which one.
    pub predefined_metric_type: PredefinedMetricType,
    /// The load balancer and target group of `ALBRequestCountPerTarget`.
    pub resource_label: Option<String>,
}

/// Metrics of a group that AWS knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PredefinedMetricType {
    /// Mean CPU utilization of the group, in percent.
    #[serde(rename = "ASGAverageCPUUtilization")]
    AsgAverageCpuUtilization,
    /// Mean bytes received by an instance.
    #[serde(rename = "ASGAverageNetworkIn")]
    AsgAverageNetworkIn,
    /// Mean bytes sent by an instance.
    #[serde(rename = "ASGAverageNetworkOut")]
    AsgAverageNetworkOut,
    /// Requests for each target of a load balancer.
    #[serde(rename = "ALBRequestCountPerTarget")]
    AlbRequestCountPerTarget,
}

/// Any metric of CloudWatch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CustomizedMetricSpecification {
    /// Its name.
    pub metric_name: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// What is taken of a period.
    pub statistic: Option<Statistic>,
    /// Seconds of a period: 10, 30 or 60. Default 60.
    pub period: Option<u32>,
    /// The unit of its values.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub unit: Option<String>,
    /// Metric math.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "later"))]
    pub metrics: Vec<KeptObject>,
}
