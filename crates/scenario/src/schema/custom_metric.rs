//! Values of CloudWatch metrics that the simulator does not make itself, for the scaling policies that look at them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::aws::Dimension;
use super::columns::{Column, TimeColumn};
use super::units::{Duration, unexpected};

/// A CloudWatch metric, with what it is over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CustomMetric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub metric_name: String,
    /// Its dimensions, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// From one datapoint to the next. Default 1m.
    pub period: Option<Duration>,
    /// What it is: `[time, value]` pairs, each from its time on, or columns of a CSV file. A value of `null` means that
    /// there is no data. Default: no data until `setMetric` says otherwise.
    pub values: Option<MetricValues>,
}

/// The values of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValues {
    /// `[time, value]` pairs: from its time on, counted from the start, the metric has the value.
    Points(Vec<MetricPoint>),
    /// Columns of a CSV file.
    File(MetricFile),
}

/// From a time on a metric has a value, or no data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricPoint(
    /// From when on.
    pub Duration,
    /// The value; nothing means no data.
    pub Option<f64>,
);

/// `[time, value]` pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RatePoints(pub Vec<(Duration, f64)>);

impl JsonSchema for RatePoints {
    fn schema_name() -> Cow<'static, str> {
        "RatePoints".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let time = generator.subschema_for::<Duration>();
        json_schema!({
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "array",
                "prefixItems": [time, {"type": "number", "minimum": 0}],
                "minItems": 2,
                "maxItems": 2,
                "x-ecsim-expected": "a time and a value, such as [10m, 90]",
            },
            "description": "Values from their times on: `[time, value]` pairs.",
            "x-ecsim-expected": "a list of pairs such as [[0s, 40], [10m, 90]]",
        })
    }
}

/// Columns of a CSV file with the values of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("x-ecsim-noun" = "a file of values"))]
pub struct MetricFile {
    /// The file, relative to this one; `data:` is the data root.
    pub file: String,
    /// Which column holds what.
    pub columns: MetricColumns,
}

/// Which column of the file holds what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MetricColumns {
    /// When the value begins.
    pub time: TimeColumn,
    /// The value; empty: no data.
    pub value: Column,
}

const EXPECTED: &str = "a list of pairs such as [[0s, 40], [10m, 90]], or a map with `file` and `columns`";

impl<'de> Deserialize<'de> for MetricValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value {
            Value::Array(_) => Vec::deserialize(value).map(Self::Points).map_err(D::Error::custom),
            Value::Object(_) => MetricFile::deserialize(value).map(Self::File).map_err(D::Error::custom),
            other => Err(D::Error::custom(unexpected(&other, EXPECTED))),
        }
    }
}

impl Serialize for MetricValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Points(points) => points.serialize(serializer),
            Self::File(file) => file.serialize(serializer),
        }
    }
}

impl JsonSchema for MetricValues {
    fn schema_name() -> Cow<'static, str> {
        "MetricValues".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (time, file) = (generator.subschema_for::<Duration>(), generator.subschema_for::<MetricFile>());
        json_schema!({
            "anyOf": [
                {
                    "type": "array",
                    "items": {
                        "type": "array",
                        "prefixItems": [time, {"type": ["number", "null"]}],
                        "minItems": 2,
                        "maxItems": 2,
                        "x-ecsim-expected": "a time and a value, such as [10m, 90]",
                    },
                },
                file,
            ],
            "description": "The values of a metric: `[time, value]` pairs, or columns of a CSV file.",
            "x-ecsim-expected": EXPECTED,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn values_are_pairs_or_a_file() {
        let points = json!([["0s", 40.0], ["10m", 90.5], ["1h", null]]);
        let read: MetricValues = from_value(points.clone()).unwrap();
        let MetricValues::Points(list) = &read else { panic!("points") };
        assert_eq!((list.len(), list[2].1, json!(read)), (3, None, points));
        let file = json!({"file": "data:x.csv", "columns": {"time": {"column": "t", "unit": "s"}, "value": "v"}});
        let read: MetricValues = from_value(file).unwrap();
        assert!(matches!(&read, MetricValues::File(file) if file.columns.value.column == "v"));
        assert_eq!(from_value::<MetricValues>(json!(read)).unwrap(), read);
        for bad in [json!("x.csv"), json!([[0, 1]]), json!([["1s"]]), json!([["1s", 2, 3]]), json!({"file": "x"})] {
            assert!(from_value::<MetricValues>(bad.clone()).is_err(), "{bad}");
        }
    }
}
