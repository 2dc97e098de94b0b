//! Who asks for standalone tasks, when, and what they do when there is no room; and who sends requests to services.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::aws::RunTask;
use super::distribution::DurationDistribution;
use super::requests::{RateShape, ServiceCall, ServiceLevelObjective};
use super::trace::Trace;
use super::union::OneOrMany;
use super::units::{CpuTime, Duration, MemorySize, Percent, unexpected};

/// A source of standalone tasks: the `RunTask` call, and exactly one of `at`, `every`, `scheduleExpression` and
/// `trace`. Or requests to a service: `service`, and what a request costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Workload {
    /// Its name, unique in the scenario. Default: the family of the task definition, or the name of the service.
    pub name: Option<String>,
    /// The call, as in AWS's API.
    pub run_task: Option<RunTask>,
    /// The service that requests are sent to; each has at most one such entry.
    pub service: Option<String>,
    /// Requests a second from outside: a number, or a shape over time. Default: only other services call it.
    pub requests_per_second: Option<RateShape>,
    /// The same as requests a minute.
    pub requests_per_minute: Option<RateShape>,
    /// CPU time of a request, on average. Default: none.
    pub cpu_per_request: Option<CpuTime>,
    /// How much the CPU time of requests varies: standard deviation by mean. 0: all are alike; 1: exponentially
    /// distributed. Default 1.
    pub service_time_variation: Option<f64>,
    /// Memory that a request takes while it is in flight. Default: none.
    pub memory_per_request: Option<MemorySize>,
    /// Memory that a task uses without requests. Default: the `memory` of its containers under `behavior`, else none.
    pub base_memory: Option<MemorySize>,
    /// Time of a request that takes no CPU of the task: network, disks, others that are not simulated. Default: none.
    pub latency: Option<DurationDistribution>,
    /// How many requests a task takes at a time; others wait. Default: any number.
    pub concurrency: Option<u32>,
    /// How many requests wait at a task at most; more are turned away. Default: any number.
    pub max_queue: Option<u32>,
    /// A request that has waited so long fails. Default 60s, the idle timeout of a load balancer.
    pub timeout: Option<Duration>,
    /// The share of the answers that are errors whatever the load. Default 0%.
    pub error_rate: Option<Percent>,
    /// How often a client sends a request again that failed or was turned away. Default 0.
    pub retries: Option<u32>,
    /// Requests that each request causes at other services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ServiceCall>,
    /// What the service promises; time in which it does not keep it is out of SLO.
    pub slo: Option<ServiceLevelObjective>,
    /// Calls at these times, counted from the start.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub at: OneOrMany<Duration>,
    /// Calls again and again.
    pub every: Option<Every>,
    /// Calls as a rule or a schedule of EventBridge makes them, in the whole run: `cron(0 9 ? * MON-FRI *)`, `rate(1 hour)`,
    /// `at(2026-03-02T09:00:00)`.
    pub schedule_expression: Option<String>,
    /// The time zone of `scheduleExpression`, such as `Europe/Berlin`. Default: UTC.
    pub schedule_expression_timezone: Option<String>,
    /// One task for each row of a file.
    pub trace: Option<Trace>,
    /// No call of `every` before it. Default 0s.
    pub from: Option<Duration>,
    /// No call of `every` from it on. Default: the end of the run.
    pub until: Option<Duration>,
    /// At most so many calls of `every`. Default: no limit.
    pub limit: Option<u64>,
    /// How long such a task runs by itself; instead of what `behavior` says.
    pub duration: Option<DurationDistribution>,
    /// What the caller does when the call fails for want of room; `RunTask` itself never tries again (PLC-057). Default
    /// `drop`.
    #[serde(default)]
    pub when_unplaced: WhenUnplaced,
    /// What the caller does about a task that is lost with its host. Default `forget`.
    #[serde(default)]
    pub when_lost: WhenLost,
}

/// What the caller does about a task that is lost with its host, or taken back by Fargate Spot. ECS itself restarts tasks of
/// services only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenLost {
    /// Nothing.
    #[default]
    Forget,
    /// Asks for the same copy again, at once: it runs from its beginning.
    Rerun,
}

/// Calls again and again: either with an interval between them, or as a Poisson process.
#[derive(Clone, Debug, PartialEq)]
pub enum Every {
    /// From one call to the next; drawn anew each time where it is a distribution.
    Interval(DurationDistribution),
    /// Calls that know nothing of each other.
    Poisson(Poisson),
}

/// The parameter of a Poisson process.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Poisson {
    /// Calls an hour, on average.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub rate_per_hour: f64,
}

/// The map form of [`Every`].
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend(
    "x-ecsim-noun" = "`every`",
    "x-ecsim-expected" = EXPECTED_EVERY,
    "oneOf" = [{"required": ["interval"]}, {"required": ["poisson"]}]
))]
struct EveryMap {
    /// From one call to the next: a length of time, or a distribution drawn anew each time.
    interval: Option<DurationDistribution>,
    /// Calls that know nothing of each other.
    poisson: Option<Poisson>,
}

const EXPECTED_EVERY: &str = "an interval such as 10m, or a map with exactly one of `interval` and `poisson`, \
     such as {poisson: {ratePerHour: 40}}";

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Value::String(_) = value {
            return DurationDistribution::deserialize(value).map(Self::Interval).map_err(D::Error::custom);
        }
        let map = EveryMap::deserialize(value).map_err(D::Error::custom)?;
        match (map.interval, map.poisson) {
            (Some(interval), None) => Ok(Self::Interval(interval)),
            (None, Some(poisson)) => Ok(Self::Poisson(poisson)),
            _ => Err(D::Error::custom(format!("expected {EXPECTED_EVERY}"))),
        }
    }
}

impl Serialize for Every {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Interval(interval) => serializer.collect_map([("interval", interval)]),
            Self::Poisson(poisson) => serializer.collect_map([("poisson", poisson)]),
        }
    }
}

impl JsonSchema for Every {
    fn schema_name() -> Cow<'static, str> {
        "Every".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (interval, map) = (generator.subschema_for::<Duration>(), generator.subschema_for::<EveryMap>());
        json_schema!({
            "anyOf": [interval, map],
            "description": "Calls again and again: with an interval between them, or as a Poisson process.",
            "x-ecsim-expected": EXPECTED_EVERY,
        })
    }
}

/// What the caller does when a call fails for want of room.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum WhenUnplaced {
    /// It gives up.
    #[default]
    Drop,
    /// It waits in a queue at the client, first in first out; the head is tried again whenever room appears.
    Queue,
    /// It tries again after a while.
    Retry(Retry),
}

/// How a caller tries again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Retry {
    /// From a failure to the next attempt.
    pub every: Duration,
    /// What the wait is multiplied by after each further failure.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub backoff: f64,
    /// The longest wait. Default: no limit.
    pub max_interval: Option<Duration>,
    /// Attempts in all, the first included; then the caller gives up. Default: no limit.
    pub max_attempts: Option<u32>,
}

fn one() -> f64 {
    1.0
}

/// The map form of [`WhenUnplaced`].
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("x-ecsim-noun" = "`whenUnplaced`"))]
struct RetryMap {
    /// Tries again after a while.
    retry: Retry,
}

const EXPECTED_WHEN_UNPLACED: &str = "`drop`, `queue`, or a map such as {retry: {every: 30s, maxAttempts: 10}}";

impl<'de> Deserialize<'de> for WhenUnplaced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value.as_str() {
            Some("drop") => Ok(Self::Drop),
            Some("queue") => Ok(Self::Queue),
            None if value.is_object() => {
                RetryMap::deserialize(value).map(|map| Self::Retry(map.retry)).map_err(D::Error::custom)
            }
            _ => Err(D::Error::custom(unexpected(&value, EXPECTED_WHEN_UNPLACED))),
        }
    }
}

impl Serialize for WhenUnplaced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Drop => serializer.serialize_str("drop"),
            Self::Queue => serializer.serialize_str("queue"),
            Self::Retry(retry) => serializer.collect_map([("retry", retry)]),
        }
    }
}

impl JsonSchema for WhenUnplaced {
    fn schema_name() -> Cow<'static, str> {
        "WhenUnplaced".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<RetryMap>();
        json_schema!({
            "anyOf": [{"type": "string", "enum": ["drop", "queue"]}, map],
            "description": "What the caller does when a call fails for want of room.",
            "x-ecsim-expected": EXPECTED_WHEN_UNPLACED,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn every_is_an_interval_or_a_poisson_process() {
        for value in [json!("10m"), json!({"interval": "10m"})] {
            let interval = DurationDistribution::constant(Duration::from_secs(600));
            assert_eq!(from_value::<Every>(value).unwrap(), Every::Interval(interval));
        }
        let lognormal = json!({"interval": {"lognormal": {"median": "1m", "p95": "5m"}}});
        assert_eq!(json!(from_value::<Every>(lognormal.clone()).unwrap()), lognormal);
        let poisson = from_value::<Every>(json!({"poisson": {"ratePerHour": 40}})).unwrap();
        assert_eq!(poisson, Every::Poisson(Poisson { rate_per_hour: 40.0 }));
        for bad in [json!({}), json!(10), json!({"interval": "1s", "poisson": {"ratePerHour": 1}})] {
            assert!(from_value::<Every>(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn callers_drop_queue_or_retry() {
        assert_eq!(from_value::<WhenUnplaced>(json!("drop")).unwrap(), WhenUnplaced::Drop);
        assert_eq!(from_value::<WhenUnplaced>(json!("queue")).unwrap(), WhenUnplaced::Queue);
        let retry = json!({"retry": {"every": "30s", "backoff": 2.0, "maxInterval": "5m", "maxAttempts": 10}});
        assert_eq!(json!(from_value::<WhenUnplaced>(retry.clone()).unwrap()), retry);
        for bad in [json!("wait"), json!({"retry": {}}), json!(true)] {
            assert!(from_value::<WhenUnplaced>(bad.clone()).is_err(), "{bad}");
        }
    }
}
