//! Requests to a service: how many come and when, what each costs, what becomes of those that nobody can take.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::columns::TimeColumn;
use super::custom_metric::RatePoints;
use super::distribution::NumberDistribution;
use super::union::OneOrMany;
use super::units::{DateTime, Duration, Percent, Text, unexpected};

/// Requests over time: a number, or a shape.
#[derive(Clone, Debug, PartialEq)]
pub enum RateShape {
    /// Always as many.
    Constant(f64),
    /// A shape.
    Shape(Box<RateMap>),
}

/// Exactly one shape of requests over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("x-ecsim-noun" = "a rate", "x-ecsim-expected" = EXPECTED, "oneOf" = [
    {"required": ["daily"]},
    {"required": ["weekly"]},
    {"required": ["sine"]},
    {"required": ["points"]},
    {"required": ["ramp"]},
    {"required": ["spike"]},
    {"required": ["noise"]},
    {"required": ["trace"]},
    {"required": ["sum"]},
    {"required": ["product"]},
]))]
pub struct RateMap {
    /// A curve that repeats every day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily: Option<DailyRate>,
    /// A curve that repeats every week.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekly: Option<WeeklyRate>,
    /// A wave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sine: Option<SineRate>,
    /// Values at times of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<PointRate>,
    /// From one value to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp: Option<RampRate>,
    /// Another value for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spike: Option<SpikeRate>,
    /// A value drawn anew for each step: in a `product`, with a mean of 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseRate>,
    /// A column of a CSV file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<RateTrace>,
    /// All of these together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<Vec<RateShape>>,
    /// One times the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Vec<RateShape>>,
}

const EXPECTED: &str = "a number, or a map with exactly one of `daily`, `weekly`, `sine`, `points`, `ramp`, `spike`, \
     `noise`, `trace`, `sum` and `product`, such as {sine: {peak: 200, trough: 40}}";

/// A curve over the hours of a day: points of time, or a peak and a trough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DailyRate {
    /// Values at times of day, such as `"08:00": 120`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub points: BTreeMap<String, f64>,
    /// The highest value, instead of points: the curve is a wave.
    pub peak: Option<f64>,
    /// The lowest value of the wave.
    pub trough: Option<f64>,
    /// When the wave is highest. Default `"14:00"`.
    pub peak_at: Option<String>,
    /// Whose day it is, such as `America/New_York`. Default UTC.
    pub time_zone: Option<String>,
    /// Whether values go straight from point to point; else each holds until the next. Default true.
    pub interpolate: Option<bool>,
    /// The rate changes in steps of this length. Default 1m.
    pub step: Option<Duration>,
}

/// A curve over the hours of a week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WeeklyRate {
    /// Values at times of the week, such as `"Mon 08:00": 120`, or `Sat: 30` for its midnight.
    pub points: BTreeMap<String, f64>,
    /// Whose week it is, such as `America/New_York`. Default UTC.
    pub time_zone: Option<String>,
    /// Whether values go straight from point to point; else each holds until the next. Default true.
    pub interpolate: Option<bool>,
    /// The rate changes in steps of this length. Default 1m.
    pub step: Option<Duration>,
}

/// A wave in the time of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SineRate {
    /// Its highest value.
    pub peak: f64,
    /// Its lowest value.
    pub trough: f64,
    /// When it is highest first, from the start. Default: half a period.
    pub peak_at: Option<Duration>,
    /// From peak to peak. Default 24h.
    pub period: Option<Duration>,
    /// The rate changes in steps of this length. Default 1m, or a sixtieth of the period where that is less.
    pub step: Option<Duration>,
}

/// Values at times of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PointRate {
    /// `[time, value]` pairs, such as `[[0s, 10], [1h, 80]]`.
    pub at: RatePoints,
    /// Whether values go straight from point to point; else each holds until the next. Default false.
    pub interpolate: Option<bool>,
    /// They begin again after this time. Default: the last value stays.
    pub repeat_every: Option<Duration>,
    /// The rate changes in steps of this length. Default 1m.
    pub step: Option<Duration>,
}

/// From one value to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RampRate {
    /// Before it.
    pub from: f64,
    /// After it.
    pub to: f64,
    /// When it begins. Default 0s.
    pub start: Option<Duration>,
    /// How long it takes.
    pub duration: Duration,
    /// The rate changes in steps of this length. Default 1m, or a tenth of the ramp where that is less.
    pub step: Option<Duration>,
}

/// Another value for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SpikeRate {
    /// The value during the spike.
    pub value: f64,
    /// The value otherwise. Default 0, for a `sum`; a `product` needs 1.
    pub base: Option<f64>,
    /// When it begins.
    pub at: Duration,
    /// How long it lasts.
    pub duration: Duration,
    /// It comes again after this time. Default: it comes once.
    pub every: Option<Duration>,
}

/// A value drawn anew for each step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NoiseRate {
    /// What is drawn; below 0 counts as 0.
    pub distribution: NumberDistribution,
    /// How long each draw holds. Default 1m.
    pub step: Option<Duration>,
}

/// A column of a CSV file with requests over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("x-ecsim-expected" = "a map such as {file: traffic.csv, column: requests, every: 1m}"))]
pub struct RateTrace {
    /// The file, relative to this one; `data:` is the data root.
    pub file: String,
    /// The column with the numbers; an empty cell is a gap.
    pub column: String,
    /// The column with the times: dates and times, or numbers with a `unit`. Default: one row follows the other `every`.
    pub time_column: Option<TimeColumn>,
    /// From one row to the next, where there is no column of times.
    pub every: Option<Duration>,
    /// The time in which so many requests come: a second, a minute, an hour, or until the next `row`. Default: as the key
    /// says under which the trace stands, `requestsPerSecond` or `requestsPerMinute`.
    pub per: Option<TracePer>,
    /// The numbers are multiplied by it. Default 1.
    pub scale: Option<f64>,
    /// Times are multiplied by it: 0.1 runs the trace ten times faster. Default 1.
    pub time_scale: Option<f64>,
    /// Which moment of the trace is the start of the run, where its times are dates. Default: the first row.
    pub origin: Option<DateTime>,
    /// The run begins so far into the trace. Default 0s.
    pub offset: Option<Duration>,
    /// Means over steps of this length replace the rows. Default: each row is a step of its own.
    pub resample: Option<Duration>,
    /// What holds where rows are missing: the value before (`hold`), nothing (`zero`), or a straight line
    /// (`interpolate`). Default `hold`.
    pub gaps: Option<TraceGaps>,
    /// So long without a row is a gap. Default: two and a half times the usual time between rows.
    pub gap_after: Option<Duration>,
    /// Rows of 0 are holes of the recording, not times without requests. Default false.
    pub zero_is_gap: Option<bool>,
    /// It begins again after its end. Default: no requests come after it.
    pub repeat: Option<bool>,
    /// Keep only rows whose column has one of these values.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, OneOrMany<Text>>,
}

/// The time in which so many requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TracePer {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// Until the next row.
    Row,
}

/// What holds where rows of a trace are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TraceGaps {
    /// The value before.
    #[default]
    Hold,
    /// Nothing.
    Zero,
    /// A straight line to the next value.
    Interpolate,
}

/// Requests that a request causes at another service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceCall {
    /// The other service; it needs a workload of its own that says what a request costs.
    pub service: String,
    /// How many requests one request causes, one after the other. Default 1.
    pub per_request: Option<f64>,
}

/// What a service promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceLevelObjective {
    /// The time within which answers come.
    pub latency: Option<Duration>,
    /// For which share of them: `p50`, `p95`, `p99`, `p99.9`. Default `p95`.
    pub percentile: Option<String>,
    /// The share of requests that may fail or be turned away.
    pub error_rate: Option<Percent>,
}

impl<'de> Deserialize<'de> for RateShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::Number(number) => Ok(Self::Constant(number.as_f64().unwrap_or(f64::NAN))),
            Value::Object(_) => {
                RateMap::deserialize(value).map(|map| Self::Shape(Box::new(map))).map_err(D::Error::custom)
            }
            other => Err(D::Error::custom(unexpected(other, EXPECTED))),
        }
    }
}

impl Serialize for RateShape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(value) => serializer.serialize_f64(*value),
            Self::Shape(map) => map.serialize(serializer),
        }
    }
}

impl JsonSchema for RateShape {
    fn schema_name() -> Cow<'static, str> {
        "RateShape".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<RateMap>();
        json_schema!({
            "anyOf": [{"type": "number", "minimum": 0}, map],
            "description": "Requests over time: a number, or a shape.",
            "x-ecsim-expected": EXPECTED,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn rates_are_numbers_or_shapes() {
        assert_eq!(from_value::<RateShape>(json!(50)).unwrap(), RateShape::Constant(50.0));
        let shape = json!({"product": [
            {"daily": {"points": {"08:00": 120.0}, "timeZone": "Europe/Berlin"}},
            {"noise": {"distribution": {"uniform": {"min": 0.9, "max": 1.1}}}}
        ]});
        let read: RateShape = from_value(shape).unwrap();
        assert_eq!(from_value::<RateShape>(json!(read)).unwrap(), read);
        for bad in [json!("50"), json!([]), json!({"sinus": {}}), json!({"ramp": {"from": 1}})] {
            assert!(from_value::<RateShape>(bad.clone()).is_err(), "{bad}");
        }
    }
}
