//! The values of the settings on capacity: switches with their words, and the few that are more than a number.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::distribution::{DistributionSpec, DurationDistribution, Shape, Uniform};
use super::money::Share;
use super::units::{Duration, Seconds, unexpected};

/// Whether tasks may share a GPU, which ECS does not offer (RES-030), and which device a share lies on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GpuSharing {
    /// They may not: whole GPUs, as in ECS.
    #[default]
    Off,
    /// The device with the least left that is enough; of equals the first.
    Best,
    /// Any device with enough left, evenly.
    Random,
}

impl GpuSharing {
    pub(crate) const fn lowered(self) -> ecsim_cluster::GpuSharing {
        match self {
            Self::Off => ecsim_cluster::GpuSharing::Off,
            Self::Best => ecsim_cluster::GpuSharing::Best,
            Self::Random => ecsim_cluster::GpuSharing::Random,
        }
    }
}

/// Which instances of a provider count as running in the metric of cluster auto scaling (CAS-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CasN {
    /// All that are launched and not on their way out, registered or not.
    #[default]
    LaunchingAndRunning,
    /// Only those InService and registered.
    Registered,
}

/// Which tasks wait in PROVISIONING (CAS-008).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProvisioningReasons {
    /// Those that fit no instance for whatever reason.
    #[default]
    All,
    /// Only those that lack resources; one that a constraint keeps out fails at once.
    Resources,
}

/// What becomes of a `RunTask` call that would cross the quota of waiting tasks (CAS-009).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProvisioningOverflow {
    /// The whole call is turned away.
    #[default]
    RejectCall,
    /// Only the tasks beyond the quota are turned away.
    RejectExcess,
}

/// What a provider of weight 0 with a base gets (CP-009).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ZeroWeightBase {
    /// Its base, and nothing more.
    #[default]
    Honour,
    /// Nothing.
    Ignore,
}

/// How many instances the first step from none asks for (CAS-007).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZeroStart {
    /// As many as 200 over the target, rounded up.
    #[default]
    Formula,
    /// Two.
    AlwaysTwo,
}

/// How cluster auto scaling counts the instances it needs (CAS-011, CAS-016).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CasAlgorithm {
    /// By groups of equal tasks, packed.
    #[default]
    Current,
    /// As in 2020: one minimum step more, where a group has several instance types or zones.
    Historic,
}

/// Which zone gets a launch where several have equally few instances (ASG-003).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AzTie {
    /// The one the group names first.
    #[default]
    ConfigOrder,
    /// One at random.
    Random,
}

/// Which instance goes where several are equally close to their next billing hour (ASG-031).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillingHourTie {
    /// One at random, by the seed.
    #[default]
    SeededRandom,
    /// The one launched first, then the smallest id.
    Oldest,
}

/// Which tasks count against the limits of a service while it is drained (DRN-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrainCount {
    /// Those that are to run.
    #[default]
    DesiredStatus,
    /// Those that have not stopped, too.
    LastStatus,
}

/// How Spot interruptions come about (SPT-016 to SPT-018).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpotProfile {
    /// A pool at a time, many instances together (SPT-017).
    #[default]
    Pool,
    /// Each instance by itself, at the rate of its band (SPT-016).
    Advisor,
    /// As measured on scarce pools: up for a while, then gone for a while (SPT-018).
    Scarce,
    /// Never by themselves; only as the timeline says.
    None,
}

/// The waits between attempts to launch where there is no capacity: each twice the one before (ASG-005).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IceBackoff {
    /// The first wait.
    pub first_s: Seconds,
    /// The longest wait.
    pub max_s: Seconds,
    /// By how much each wait may be shorter or longer, at random.
    pub jitter: Share,
}

impl Default for IceBackoff {
    fn default() -> Self {
        Self { first_s: Seconds::new(60), max_s: Seconds::new(900), jitter: Share::percent(20) }
    }
}

/// How often, and after which waits, the agent tries a pull that fails: each wait twice the one before (TSK-051).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PullRetry {
    /// So many attempts in all.
    #[schemars(range(min = 1, max = 100))]
    pub attempts: u32,
    /// The first wait.
    pub first_s: Seconds,
    /// The longest wait.
    pub max_s: Seconds,
    /// By how much each wait may be longer, at random.
    pub jitter: Share,
}

impl Default for PullRetry {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_s: Seconds(ecsim_kernel::Span::from_ms(1_100)),
            max_s: Seconds::new(5),
            jitter: Share::percent(20),
        }
    }
}

/// Groups in which a service starts its tasks (MEAS-003).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchGroups {
    /// How many tasks a group has.
    pub tasks: u32,
    /// From one group to the next.
    pub every_s: Seconds,
}

/// From the launch of an instance to its registration: `stock` or `tuned`, as measured, or any distribution (LAT-004).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ColdLaunch {
    /// A stock Linux image: median 38 s, p95 60 s.
    #[default]
    Stock,
    /// A tuned image: median 21 s, p95 28 s.
    Tuned,
    /// What the scenario says.
    Distribution(DurationDistribution),
}

impl ColdLaunch {
    /// What is expected, as part of a sentence.
    pub const EXPECTED: &'static str =
        "`stock`, `tuned`, a length of time with its unit, such as 60s, or a distribution";

    /// The distribution that it means.
    #[must_use]
    pub fn distribution(&self) -> DurationDistribution {
        let lognormal =
            |median, p95| DurationDistribution::lognormal(Duration::from_secs(median), Duration::from_secs(p95));
        match self {
            Self::Stock => lognormal(38, 60),
            Self::Tuned => lognormal(21, 28),
            Self::Distribution(distribution) => distribution.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for ColdLaunch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value.as_str() {
            Some("stock") => Ok(Self::Stock),
            Some("tuned") => Ok(Self::Tuned),
            _ if value.is_string() || value.is_object() => {
                DurationDistribution::deserialize(value).map(Self::Distribution).map_err(D::Error::custom)
            }
            _ => Err(D::Error::custom(unexpected(&value, Self::EXPECTED))),
        }
    }
}

impl Serialize for ColdLaunch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Stock => serializer.serialize_str("stock"),
            Self::Tuned => serializer.serialize_str("tuned"),
            Self::Distribution(distribution) => distribution.serialize(serializer),
        }
    }
}

impl JsonSchema for ColdLaunch {
    fn schema_name() -> Cow<'static, str> {
        "ColdLaunch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = DurationDistribution::map_schema(generator);
        json_schema!({
            "anyOf": [{"type": "string", "format": "ecsim-cold-launch"}, map],
            "description": "From the launch of an instance to its registration: `stock`, `tuned`, or a distribution.",
            "x-ecsim-expected": Self::EXPECTED,
        })
    }
}

/// How often a pool of Spot instances is reclaimed from: `auto`, or so many times an hour (SPT-017).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum EventRate {
    /// So that the hazard of one instance is that of its band.
    #[default]
    Auto,
    /// So many times an hour.
    PerHour(f64),
}

const EXPECTED_RATE: &str = "`auto`, or a number of events an hour";

impl<'de> Deserialize<'de> for EventRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match (value.as_str(), value.as_f64()) {
            (Some("auto"), _) => Ok(Self::Auto),
            (_, Some(rate)) if rate >= 0.0 => Ok(Self::PerHour(rate)),
            _ => Err(D::Error::custom(unexpected(&value, EXPECTED_RATE))),
        }
    }
}

impl Serialize for EventRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::PerHour(rate) => serializer.serialize_f64(*rate),
        }
    }
}

impl JsonSchema for EventRate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "EventRate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "const": "auto"}],
            "x-ecsim-expected": EXPECTED_RATE,
        })
    }
}

/// How fast Fargate pulls images: `off`, one rate for all tasks, or a rate by the size of the task (FGT-020).
#[derive(Clone, Debug, PartialEq)]
pub enum FargatePullRate {
    /// The size costs no time.
    Off,
    /// Millions of bytes a second, whatever the task.
    Same(f64),
    /// By the vCPUs of the task.
    BySize(Vec<PullStep>),
}

/// A rate for tasks from a size on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PullStep {
    /// For tasks of at least so many vCPUs, up to the next step.
    pub from_vcpu: f64,
    /// Millions of bytes of compressed image a second.
    pub mb_per_s: f64,
}

impl Default for FargatePullRate {
    fn default() -> Self {
        let step = |from_vcpu, mb_per_s| PullStep { from_vcpu, mb_per_s };
        Self::BySize(vec![step(0.0, 10.0), step(2.0, 20.0), step(4.0, 30.0)])
    }
}

const EXPECTED_PULL: &str =
    "`off`, a number of megabytes a second, or a list of steps such as {from_vcpu: 2, mb_per_s: 20}";

impl<'de> Deserialize<'de> for FargatePullRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match (value.as_str(), value.as_f64()) {
            (Some("off"), _) => Ok(Self::Off),
            (_, Some(rate)) => Ok(Self::Same(rate)),
            _ if value.is_array() => Vec::deserialize(value).map(Self::BySize).map_err(D::Error::custom),
            _ => Err(D::Error::custom(unexpected(&value, EXPECTED_PULL))),
        }
    }
}

impl Serialize for FargatePullRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_str("off"),
            Self::Same(rate) => serializer.serialize_f64(*rate),
            Self::BySize(steps) => steps.serialize(serializer),
        }
    }
}

impl JsonSchema for FargatePullRate {
    fn schema_name() -> Cow<'static, str> {
        "FargatePullRate".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let step = generator.subschema_for::<PullStep>();
        json_schema!({
            "anyOf": [
                {"type": "number"},
                {"type": "string", "const": "off"},
                {"type": "array", "items": step, "minItems": 1},
            ],
            "description": "Millions of bytes of compressed image a second: one number, a list by the size of the task, \
                 or `off`.",
            "x-ecsim-expected": EXPECTED_PULL,
        })
    }
}

/// A random length of time in a setting whose name ends in `_s`: bare numbers are seconds.
pub type SecondsDistribution = DistributionSpec<Seconds>;

impl SecondsDistribution {
    /// The same with lengths of time that carry their unit.
    #[must_use]
    pub fn durations(&self) -> DurationDistribution {
        use super::distribution::{EmpiricalSource, Exponential, MedianAndP95};
        let of = |seconds: Seconds| Duration(seconds.0);
        let points = |given: &MedianAndP95<Seconds>| MedianAndP95 { median: of(given.median), p95: of(given.p95) };
        let shape = match &self.shape {
            Shape::Constant(value) => Shape::Constant(of(*value)),
            Shape::Uniform(given) => Shape::Uniform(Uniform { min: of(given.min), max: of(given.max) }),
            Shape::Exponential(given) => Shape::Exponential(Exponential { mean: of(given.mean) }),
            Shape::Lognormal(given) => Shape::Lognormal(points(given)),
            Shape::Weibull(given) => Shape::Weibull(points(given)),
            Shape::Empirical(EmpiricalSource::Values(values)) => {
                Shape::Empirical(EmpiricalSource::Values(values.iter().copied().map(of).collect()))
            }
            Shape::Empirical(EmpiricalSource::File(file)) => Shape::Empirical(EmpiricalSource::File(file.clone())),
        };
        DurationDistribution { shape, min: self.min.map(of), max: self.max.map(of) }
    }
}

/// What the circuit breaker counts where tasks find no place (DEP-032).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerPlacement {
    /// Each attempt, however many tasks it leaves without a place.
    #[default]
    Attempt,
    /// Each task.
    Task,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn cold_launch_has_two_names_and_any_distribution() {
        let table = [
            (json!("stock"), json!({"lognormal": {"median": "38s", "p95": "1m"}})),
            (json!("tuned"), json!({"lognormal": {"median": "21s", "p95": "28s"}})),
            (json!("1m"), json!("1m")),
            (json!({"uniform": {"min": "1s", "max": "2s"}}), json!({"uniform": {"min": "1s", "max": "2s"}})),
        ];
        for (value, distribution) in table {
            let read: ColdLaunch = from_value(value.clone()).unwrap();
            assert_eq!((json!(read), json!(read.distribution())), (value, distribution));
        }
        for bad in [json!("fast"), json!(60), json!({"median": "1s"})] {
            assert!(from_value::<ColdLaunch>(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_are_words_numbers_or_steps() {
        assert_eq!(from_value::<EventRate>(json!("auto")).unwrap(), EventRate::Auto);
        assert_eq!(json!(from_value::<EventRate>(json!(0.5)).unwrap()), json!(0.5));
        assert!(from_value::<EventRate>(json!(-1)).is_err());
        let steps = json!([{"from_vcpu": 0.0, "mb_per_s": 10.0}]);
        for value in [json!("off"), json!(12.5), steps] {
            assert_eq!(json!(from_value::<FargatePullRate>(value.clone()).unwrap()), value);
        }
        assert!(from_value::<FargatePullRate>(json!("fast")).is_err());
    }

    #[test]
    fn seconds_distributions_take_bare_numbers() {
        let table = [
            (json!(0), json!("0s")),
            (json!({"uniform": {"min": 0, "max": 60}}), json!({"uniform": {"min": "0s", "max": "1m"}})),
            (json!({"lognormal": {"median": 16, "p95": "28s"}}), json!({"lognormal": {"median": "16s", "p95": "28s"}})),
            (json!({"weibull": {"median": 1, "p95": 2}}), json!({"weibull": {"median": "1s", "p95": "2s"}})),
            (json!({"exponential": {"mean": 5}, "max": 9}), json!({"exponential": {"mean": "5s"}, "max": "9s"})),
            (json!({"empirical": [1, 2]}), json!({"empirical": ["1s", "2s"]})),
        ];
        for (value, durations) in table {
            let read: SecondsDistribution = from_value(value).unwrap();
            assert_eq!(json!(read.durations()), durations);
            assert_eq!(from_value::<SecondsDistribution>(json!(read)).unwrap(), read);
        }
    }
}
