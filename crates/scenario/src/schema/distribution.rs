//! How a random quantity is written: a constant, or a named distribution with the parameters people know (median, p95).

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::units::{Duration, MemorySize, Number, Quantity, unexpected};

/// A random length of time: `8s` (always so long) or `{lognormal: {median: 75s, p95: 140s}}`.
pub type DurationDistribution = DistributionSpec<Duration>;

/// A random amount of memory: `310MiB` (always so much) or `{uniform: {min: 200MiB, max: 300MiB}}`.
pub type MemoryDistribution = DistributionSpec<MemorySize>;

/// A random plain number.
pub type NumberDistribution = DistributionSpec<Number>;

/// A distribution as written; whether its parameters make sense (p95 above the median, say) is checked when it is
/// lowered.
#[derive(Clone, Debug, PartialEq)]
pub struct DistributionSpec<Q> {
    /// Which one, with its parameters.
    pub shape: Shape<Q>,
    /// Smaller draws are raised to it.
    pub min: Option<Q>,
    /// Larger draws are lowered to it.
    pub max: Option<Q>,
}

/// The named distributions.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape<Q> {
    /// Always the same.
    Constant(Q),
    /// Every value from `min` to `max` alike.
    Uniform(Uniform<Q>),
    /// Memoryless.
    Exponential(Exponential<Q>),
    /// What most durations look like: never negative, with a long tail.
    Lognormal(MedianAndP95<Q>),
    /// Like `lognormal`, with a tail that may be shorter.
    Weibull(MedianAndP95<Q>),
    /// One of these values, each as likely as the next.
    Empirical(EmpiricalSource<Q>),
}

/// Bounds of a uniform distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "UniformOf{Q}")]
pub struct Uniform<Q> {
    /// The smallest value.
    pub min: Q,
    /// The largest value.
    pub max: Q,
}

/// Parameter of an exponential distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "ExponentialOf{Q}")]
pub struct Exponential<Q> {
    /// The mean.
    pub mean: Q,
}

/// The two numbers people measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "MedianAndP95Of{Q}")]
pub struct MedianAndP95<Q> {
    /// Half of the draws are below it.
    pub median: Q,
    /// 95 of 100 draws are below it; above the median.
    pub p95: Q,
}

/// Where measured values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum EmpiricalSource<Q> {
    /// The scenario lists them.
    Values(Vec<Q>),
    /// A column of a CSV file.
    File(EmpiricalFile),
}

/// A column of a CSV file with measured values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EmpiricalFile {
    /// The file, relative to this one; `data:` is the data root.
    pub file: String,
    /// The column's name.
    pub column: String,
    /// The unit of the column: `ms`, `s`, `m`, `h` for times; `B`, `KiB`, `MiB`, `GiB`, `MB`, `GB` for memory; none for
    /// plain numbers.
    pub unit: Option<String>,
}

/// What a map may hold; read first, then reduced to a [`DistributionSpec`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", bound(deserialize = "Q: DeserializeOwned"))]
#[schemars(
    rename = "{Q}DistributionMap",
    extend("x-ecsim-noun" = "a distribution", "x-ecsim-expected" = EXPECTED_MAP, "oneOf" = [
        {"required": ["constant"]},
        {"required": ["uniform"]},
        {"required": ["exponential"]},
        {"required": ["lognormal"]},
        {"required": ["weibull"]},
        {"required": ["empirical"]},
    ])
)]
struct DistributionMap<Q> {
    /// Always this value.
    constant: Option<Q>,
    /// Every value from `min` to `max` alike.
    uniform: Option<Uniform<Q>>,
    /// Memoryless, with this `mean`.
    exponential: Option<Exponential<Q>>,
    /// What most durations look like: never negative, with a long tail. By `median` and `p95`.
    lognormal: Option<MedianAndP95<Q>>,
    /// Like `lognormal`, with a tail that may be shorter. By `median` and `p95`.
    weibull: Option<MedianAndP95<Q>>,
    /// Measured values, each as likely as the next: a list, or a column of a CSV file.
    empirical: Option<EmpiricalSource<Q>>,
    /// Smaller draws are raised to it.
    min: Option<Q>,
    /// Larger draws are lowered to it.
    max: Option<Q>,
}

const EXPECTED_MAP: &str = "a map with exactly one of `constant`, `uniform`, `exponential`, `lognormal`, \
     `weibull` or `empirical`, and perhaps `min` and `max`";

impl<Q: Quantity> DistributionSpec<Q> {
    /// Always this value.
    #[must_use]
    pub const fn constant(value: Q) -> Self {
        Self { shape: Shape::Constant(value), min: None, max: None }
    }

    /// Every value from `min` to `max` alike.
    #[must_use]
    pub const fn uniform(min: Q, max: Q) -> Self {
        Self { shape: Shape::Uniform(Uniform { min, max }), min: None, max: None }
    }

    /// A log-normal distribution.
    #[must_use]
    pub const fn lognormal(median: Q, p95: Q) -> Self {
        Self { shape: Shape::Lognormal(MedianAndP95 { median, p95 }), min: None, max: None }
    }

    /// The name of the distribution, as it is written.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match &self.shape {
            Shape::Constant(_) => "constant",
            Shape::Uniform(_) => "uniform",
            Shape::Exponential(_) => "exponential",
            Shape::Lognormal(_) => "lognormal",
            Shape::Weibull(_) => "weibull",
            Shape::Empirical(_) => "empirical",
        }
    }

    /// The schema of its map form alone.
    pub(super) fn map_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<DistributionMap<Q>>()
    }

    /// What is expected, as part of a sentence.
    #[must_use]
    pub fn expected() -> String {
        format!("{}; or a distribution, such as {{lognormal: {{median: …, p95: …}}}}", Q::EXPECTED)
    }
}

impl<Q> DistributionMap<Q> {
    fn reduce(self) -> Option<DistributionSpec<Q>> {
        let shapes = [
            self.constant.map(Shape::Constant),
            self.uniform.map(Shape::Uniform),
            self.exponential.map(Shape::Exponential),
            self.lognormal.map(Shape::Lognormal),
            self.weibull.map(Shape::Weibull),
            self.empirical.map(Shape::Empirical),
        ];
        let mut shapes = shapes.into_iter().flatten();
        match (shapes.next(), shapes.next()) {
            (Some(shape), None) => Some(DistributionSpec { shape, min: self.min, max: self.max }),
            _ => None,
        }
    }
}

impl<'de, Q: Quantity> Deserialize<'de> for DistributionSpec<Q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_object() {
            let map = DistributionMap::<Q>::deserialize(value).map_err(D::Error::custom)?;
            return map.reduce().ok_or_else(|| D::Error::custom(format!("expected {EXPECTED_MAP}")));
        }
        Q::deserialize(value).map(Self::constant).map_err(D::Error::custom)
    }
}

impl<Q: Quantity> Serialize for DistributionSpec<Q> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let (Shape::Constant(value), None, None) = (&self.shape, self.min, self.max) {
            return value.serialize(serializer);
        }
        let (name, parameters) = match &self.shape {
            Shape::Constant(value) => ("constant", serde_json::to_value(value)),
            Shape::Uniform(uniform) => ("uniform", serde_json::to_value(uniform)),
            Shape::Exponential(exponential) => ("exponential", serde_json::to_value(exponential)),
            Shape::Lognormal(lognormal) => ("lognormal", serde_json::to_value(lognormal)),
            Shape::Weibull(weibull) => ("weibull", serde_json::to_value(weibull)),
            Shape::Empirical(source) => ("empirical", serde_json::to_value(source)),
        };
        let parameters = parameters.map_err(serde::ser::Error::custom)?;
        let bounds = [("min", self.min), ("max", self.max)];
        let bounds = bounds.into_iter().filter_map(|(name, bound)| bound.map(|bound| (name, bound.to_string().into())));
        serializer.collect_map(std::iter::once((name, parameters)).chain(bounds))
    }
}

impl<Q: Quantity> JsonSchema for DistributionSpec<Q> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Distribution", Q::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (constant, map) = (generator.subschema_for::<Q>(), generator.subschema_for::<DistributionMap<Q>>());
        json_schema!({
            "anyOf": [constant, map],
            "description": "A value that is always the same, or a named distribution to draw it from.",
            "x-ecsim-expected": Self::expected(),
        })
    }
}

impl<'de, Q: DeserializeOwned> Deserialize<'de> for EmpiricalSource<Q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value {
            Value::Array(_) => Vec::deserialize(value).map(Self::Values).map_err(D::Error::custom),
            Value::Object(_) => EmpiricalFile::deserialize(value).map(Self::File).map_err(D::Error::custom),
            other => Err(D::Error::custom(unexpected(&other, EXPECTED_EMPIRICAL))),
        }
    }
}

const EXPECTED_EMPIRICAL: &str = "a list of values, or a map with `file`, `column` and `unit`";

impl<Q: Serialize> Serialize for EmpiricalSource<Q> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Values(values) => values.serialize(serializer),
            Self::File(file) => file.serialize(serializer),
        }
    }
}

impl<Q: JsonSchema> JsonSchema for EmpiricalSource<Q> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}EmpiricalSource", Q::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (value, file) = (generator.subschema_for::<Q>(), generator.subschema_for::<EmpiricalFile>());
        json_schema!({
            "anyOf": [{"type": "array", "items": value, "minItems": 1}, file],
            "x-ecsim-expected": EXPECTED_EMPIRICAL,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn every_form_reads_and_writes_back() {
        let table = [
            (json!("8s"), "constant"),
            (json!({"uniform": {"min": "1s", "max": "2s"}}), "uniform"),
            (json!({"exponential": {"mean": "5m"}}), "exponential"),
            (json!({"lognormal": {"median": "1m 15s", "p95": "2m 20s"}, "min": "1s", "max": "10m"}), "lognormal"),
            (json!({"weibull": {"median": "1s", "p95": "2s"}}), "weibull"),
            (json!({"empirical": ["1s", "5s", "9s"]}), "empirical"),
            (json!({"empirical": {"file": "data:x.csv", "column": "run_seconds", "unit": "s"}}), "empirical"),
            (json!({"constant": "8s", "max": "5s"}), "constant"),
        ];
        for (value, name) in table {
            let spec: DurationDistribution = from_value(value.clone()).unwrap();
            assert_eq!((spec.name(), json!(spec)), (name, value));
        }
        let memory: MemoryDistribution = from_value(json!("310MiB")).unwrap();
        assert_eq!(memory.shape, Shape::Constant(MemorySize::from_mib(310)));
        assert_eq!(from_value::<NumberDistribution>(json!(3)).unwrap().shape, Shape::Constant(Number(3.0)));
    }

    #[test]
    fn what_is_no_distribution_says_what_would_be() {
        let error = |value| from_value::<DurationDistribution>(value).unwrap_err().to_string();
        assert!(error(json!(8)).contains("with its unit"));
        assert!(error(json!({"min": "1s"})).contains("exactly one of"));
        assert!(error(json!({"constant": "1s", "uniform": {"min": "1s", "max": "2s"}})).contains("exactly one of"));
        assert!(error(json!({"lognormal": {"mu": 1.0, "sigma": 2.0}})).contains("unknown field `mu`"));
        assert!(error(json!({"gaussian": {}})).contains("unknown field `gaussian`"));
        assert!(error(json!({"empirical": "x.csv"})).contains("a list of values, or a map"));
    }
}
