//! Values of the settings about service auto scaling (SAS-022, SAS-025, SAS-052).

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::units::unexpected;

/// Which value of the metric target tracking computes with (SAS-022).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TtMetricPoint {
    /// The newest datapoint.
    #[default]
    Latest,
    /// The mean of the datapoints that the alarm looked at.
    WindowMean,
}

/// What a scale-out within a cooldown may add (SAS-052).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CooldownCreditMode {
    /// What it wants more than the activities of the cooldown have added.
    #[default]
    Literal,
    /// Whatever is above the desired count.
    DesiredFloor,
}

/// How far target tracking scales in at a time (SAS-025).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum TtScaleInMode {
    /// Straight to what the formula gives.
    #[default]
    Proportional,
    /// One task.
    OneStep,
    /// This part of the way, at least one task.
    Fraction(f64),
}

const EXPECTED: &str = "`Proportional`, `OneStep`, or a number between 0 and 1";

impl<'de> Deserialize<'de> for TtScaleInMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match (value.as_str(), value.as_f64()) {
            (Some("Proportional"), _) => Ok(Self::Proportional),
            (Some("OneStep"), _) => Ok(Self::OneStep),
            (_, Some(part)) if (0.0..=1.0).contains(&part) => Ok(Self::Fraction(part)),
            _ => Err(D::Error::custom(unexpected(&value, EXPECTED))),
        }
    }
}

impl Serialize for TtScaleInMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Proportional => serializer.serialize_str("Proportional"),
            Self::OneStep => serializer.serialize_str("OneStep"),
            Self::Fraction(part) => serializer.serialize_f64(*part),
        }
    }
}

impl JsonSchema for TtScaleInMode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TtScaleInMode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                {"type": "string", "enum": ["Proportional", "OneStep"]},
                {"type": "number", "minimum": 0, "maximum": 1},
            ],
            "x-ecsim-expected": EXPECTED,
        })
    }
}
