//! What nobody orders: outages, shortages, interruptions and failures, as actions of the timeline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aws::Dimension;
use super::selectors::{InstanceSelector, TaskSelector};
use super::spot_behavior::{Market, SpotPool};
use super::union::Count;
use super::units::{Duration, Percent};

/// Spot instances get their notice (SPT-002).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SpotInterruption {
    /// Which Spot instances. Default: those of `pool`.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: Option<InstanceSelector>,
    /// The pool they are in. Default: any.
    pub pool: Option<SpotPool>,
    /// How many of them, drawn at random, or `all`. Default `all`.
    pub count: Option<Count>,
    /// From the notice to the end. Default 2m.
    pub notice: Option<Duration>,
    /// For how long the pool has no capacity afterwards. Default 0s.
    pub shortage: Option<Duration>,
}

/// EC2 recommends to rebalance instances (SPT-003, SPT-010).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RebalanceRecommendation {
    /// Which Spot instances. Default: those of `pool`.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: Option<InstanceSelector>,
    /// The pool they are in. Default: any.
    pub pool: Option<SpotPool>,
    /// How many of them, drawn at random, or `all`. Default `all`.
    pub count: Option<Count>,
}

/// An Availability Zone fails: its instances die, and none can be launched there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AvailabilityZoneOutage {
    /// The zone, such as `us-east-1b`.
    pub zone: String,
    /// For how long. Default: to the end of the run.
    pub duration: Option<Duration>,
}

/// Launches fail with `InsufficientInstanceCapacity` (ASG-005).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InsufficientCapacity {
    /// Of this instance type. Default: every type.
    pub instance_type: Option<String>,
    /// In this zone. Default: every zone.
    pub zone: Option<String>,
    /// Of Spot or of on-demand. Default: both.
    pub market: Option<Market>,
    /// For how long. Default: to the end of the run.
    pub duration: Option<Duration>,
}

/// Instances fail their status checks (ASG-006).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceStatusCheckFails {
    /// Which instances.
    #[schemars(extend("x-ecsim-also" = ["instances", "instanceIds", "instanceId"]))]
    pub container_instances: InstanceSelector,
    /// For how long. Default: until they are replaced.
    pub duration: Option<Duration>,
}

/// Tasks fail a share of their requests from now on, whatever their load: a bad release, a broken host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SetErrorRate {
    /// Which tasks.
    pub task: TaskSelector,
    /// The share of their requests that they answer with an error, beside the `errorRate` of the workload.
    pub error_rate: Percent,
    /// For how long. Default: until they end, or are set anew.
    pub duration: Option<Duration>,
    /// Whether their load balancers' health checks fail as long, too. Default false: what answers those works.
    pub fails_health_checks: Option<bool>,
}

/// Fargate retires the hosts of tasks: the notice, and the end as the account setting
/// `fargateTaskRetirementWaitPeriod` says (FGT-006).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FargateRetirement {
    /// Which tasks.
    pub task: TaskSelector,
    /// From the notice to the retirement. Default: the account setting.
    pub wait: Option<Duration>,
}

/// Fargate takes the capacity of Spot tasks back (FGT-004, SPT-011).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FargateSpotInterruption {
    /// Which tasks on `FARGATE_SPOT`.
    pub task: TaskSelector,
    /// For how long Fargate Spot has no capacity afterwards. Default 0s.
    pub shortage: Option<Duration>,
}

/// A CloudWatch metric has another value from now on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SetMetric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub metric_name: String,
    /// Its dimensions, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// The value. Default: none, there is no more data.
    pub value: Option<f64>,
}
