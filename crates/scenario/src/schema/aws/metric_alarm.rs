//! `PutMetricAlarm`: a CloudWatch alarm, on its own or under the step or simple scaling policy that it invokes (CW-001).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::Text;
use super::common::KeptObject;

/// A CloudWatch alarm, as in AWS's `PutMetricAlarm`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MetricAlarm {
    /// Its name. Default under a policy: made from it.
    pub alarm_name: Option<String>,
    /// The metric's name.
    pub metric_name: Option<String>,
    /// The metric's namespace; a custom one gets its values under `behavior.metrics`.
    pub namespace: Option<String>,
    /// The metric's dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// What is taken of a period. Default `Average`.
    pub statistic: Option<Statistic>,
    /// Seconds of a period: 10, 20, 30 or a multiple of 60 (CW-001). Default 60.
    pub period: Option<u32>,
    /// How many periods are looked at. Default 1.
    pub evaluation_periods: Option<u32>,
    /// How many of them must breach. Default: all.
    pub datapoints_to_alarm: Option<u32>,
    /// What the metric is compared with.
    pub threshold: Option<f64>,
    /// How it is compared.
    pub comparison_operator: Option<ComparisonOperator>,
    /// What a period without data counts as. Default `missing`.
    pub treat_missing_data: Option<TreatMissingData>,
    /// A percentile in place of `statistic`, such as `p90`.
    #[schemars(extend("x-ecsim" = "later"))]
    pub extended_statistic: Option<String>,
    /// Metric math.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "later"))]
    pub metrics: Vec<KeptObject>,
    /// The band of an anomaly detector.
    #[schemars(extend("x-ecsim" = "later"))]
    pub threshold_metric_id: Option<String>,
    /// A PromQL query in place of a metric.
    #[schemars(extend("x-ecsim" = "later"))]
    pub evaluation_criteria: Option<KeptObject>,
    /// Seconds between evaluations of a query.
    #[schemars(extend("x-ecsim" = "later"))]
    pub evaluation_interval: Option<u32>,
    /// What few samples do to a percentile.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub evaluate_low_sample_count_percentile: Option<String>,
    /// What it is about.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub alarm_description: Option<String>,
    /// Whether it acts. Default true.
    pub actions_enabled: Option<bool>,
    /// What it invokes: step scaling policies of services, by ARN or name. Under a policy it is that one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarm_actions: Vec<String>,
    /// What it invokes when all is well again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub ok_actions: Vec<String>,
    /// What it invokes when there is no data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub insufficient_data_actions: Vec<String>,
    /// The unit of the metric's values.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub unit: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub tags: Vec<KeptObject>,
}

/// A dimension of a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Text,
}

/// What is taken of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Statistic {
    /// How many values there are.
    SampleCount,
    /// Their mean.
    #[default]
    Average,
    /// Their sum.
    Sum,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
}

/// How a metric is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ComparisonOperator {
    /// `>=`.
    GreaterThanOrEqualToThreshold,
    /// `>`.
    GreaterThanThreshold,
    /// `<`.
    LessThanThreshold,
    /// `<=`.
    LessThanOrEqualToThreshold,
    /// Outside the band of an anomaly detector; this version does not simulate it.
    LessThanLowerOrGreaterThanUpperThreshold,
    /// Below the band of an anomaly detector; this version does not simulate it.
    LessThanLowerThreshold,
    /// Above the band of an anomaly detector; this version does not simulate it.
    GreaterThanUpperThreshold,
}

/// What a period without data counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TreatMissingData {
    /// As breaching.
    Breaching,
    /// As not breaching.
    NotBreaching,
    /// As the state that the alarm is in.
    Ignore,
    /// As missing: without enough data the alarm is in INSUFFICIENT_DATA.
    #[default]
    Missing,
}
