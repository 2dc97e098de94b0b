//! How Spot instances are interrupted, and how many instances a pool can give.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::columns::{Column, TimeColumn, TimeUnit};
use super::union::OneOrMany;
use super::units::{Duration, Percent, UnitError, unexpected};

/// Spot and on-demand pools that all groups share: a pool is an instance type in a zone (SPT-001). What a group says
/// for itself wins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct SpotBehavior {
    /// How Spot instances are interrupted.
    pub interruptions: Option<SpotInterruptions>,
    /// How many instances pools can give. Default: any number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pool_capacity: Vec<PoolCapacity>,
}

/// How Spot instances are interrupted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct SpotInterruptions {
    /// How interruptions come about. Default: `trace` where there is one, otherwise the setting `spot_profile`.
    pub profile: Option<InterruptionProfile>,
    /// How likely an interruption is: `advisor`, what AWS's Spot Instance Advisor says of the type and Region; a band
    /// of it: `<5%`, `5-10%`, `10-15%`, `15-20%` or `>20%`; or the probability of one instance in 30 days, such as `12%`
    /// (SPT-015, SPT-016). YAML wants quotes around `>20%`. Default `advisor`.
    pub band: Option<SpotBand>,
    /// A measured history of a pool to be replayed (SPT-018).
    pub trace: Option<SpotTrace>,
    /// Whether EC2 recommends to rebalance, before an interruption and sometimes without one (SPT-003). Default true.
    pub rebalance_recommendations: Option<bool>,
}

/// How interruptions come about (SPT-016 to SPT-018).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InterruptionProfile {
    /// A pool at a time, many instances together (SPT-017).
    Pool,
    /// Each instance by itself, at the rate of its band (SPT-016).
    Advisor,
    /// As measured on scarce pools: up for a while, then gone for a while (SPT-018).
    Scarce,
    /// As in the history that `trace` names.
    Trace,
    /// Never by themselves; only as the timeline says.
    None,
}

/// How likely an interruption is (SPT-015, SPT-016).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum SpotBand {
    /// What AWS's Spot Instance Advisor says of the instance type and Region.
    #[default]
    Advisor,
    /// One of its five bands, from 0 for `<5%` to 4 for `>20%`.
    Band(u8),
    /// The probability of an interruption of one instance in 30 days.
    Monthly(Percent),
}

impl SpotBand {
    /// What is expected, as part of a sentence.
    pub const EXPECTED: &'static str =
        "`advisor`, a band (`<5%`, `5-10%`, `10-15%`, `15-20%`, `>20%`), or a monthly probability such as 12%";

    /// The bands as they are written.
    pub const BANDS: [&'static str; 5] = ["<5%", "5-10%", "10-15%", "15-20%", ">20%"];
}

impl FromStr for SpotBand {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let text = text.trim();
        if text == "advisor" {
            return Ok(Self::Advisor);
        }
        let plain: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        if let Some(band) = Self::BANDS.iter().position(|band| *band == plain) {
            return Ok(Self::Band(u8::try_from(band).unwrap_or(u8::MAX)));
        }
        text.parse()
            .map(Self::Monthly)
            .map_err(|_| UnitError::new(format!("expected {}, not `{text}`", Self::EXPECTED)))
    }
}

impl fmt::Display for SpotBand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Advisor => f.write_str("advisor"),
            Self::Band(band) => f.write_str(Self::BANDS.get(usize::from(*band)).unwrap_or(&">20%")),
            Self::Monthly(probability) => probability.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for SpotBand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => text.parse().map_err(D::Error::custom),
            other => Err(D::Error::custom(unexpected(&other, Self::EXPECTED))),
        }
    }
}

impl Serialize for SpotBand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for SpotBand {
    fn schema_name() -> Cow<'static, str> {
        "SpotBand".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "ecsim-spot-band",
            "description": "How likely a Spot interruption is: `advisor`, a band of the Spot Instance Advisor, or a \
                 monthly probability.",
            "examples": ["advisor", "5-10%", "12%"],
            "x-ecsim-expected": Self::EXPECTED,
        })
    }
}

/// A measured history of a Spot pool: a CSV file in which each row is a time during which the number of available
/// instances stays the same (SPT-018). Whoever wants instances has them as soon as a row has them: such a record tells when
/// instances were there, so the waits between attempts to launch (`ice_backoff`) do not come on top of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SpotTrace {
    /// The file, relative to this one; `data:` is the data root.
    pub file: String,
    /// Keep only rows of this history, or of these.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub trace_id: OneOrMany<String>,
    /// Keep only rows of this zone, or of these.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub zone: OneOrMany<String>,
    /// Keep only rows of this instance type, or of these.
    #[serde(default, skip_serializing_if = "OneOrMany::is_empty")]
    pub instance_type: OneOrMany<String>,
    /// The pool that the rows drive, but for the prices of another instance type. Default: each row drives the pool of its
    /// own instance type and zone.
    pub pool: Option<SpotPool>,
    /// Which column holds what. Default: columns of these names.
    #[serde(default)]
    pub columns: SpotTraceColumns,
    /// Start reading at this time of the history, which becomes the start of the run. Default 0s.
    pub skip_before: Option<Duration>,
    /// Whether the history begins again after its last row; otherwise the last row holds. Default false.
    #[serde(default)]
    pub repeat: bool,
}

/// A pool: an instance type in a zone (SPT-001).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SpotPool {
    /// The instance type. Default: every type.
    pub instance_type: Option<String>,
    /// The Availability Zone. Default: every zone.
    pub zone: Option<String>,
}

/// Which column of a history holds what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct SpotTraceColumns {
    /// Which history a row belongs to.
    pub trace_id: Column,
    /// The zone.
    pub zone: Column,
    /// The instance type.
    pub instance_type: Column,
    /// When the row begins.
    pub offset: TimeColumn,
    /// How long it lasts.
    pub duration: TimeColumn,
    /// How many instances there were; empty: nobody knows, and the row before holds.
    pub available_instances: Column,
    /// The Spot price in USD an hour; empty: as `pricing` says.
    pub price: Column,
}

impl Default for SpotTraceColumns {
    fn default() -> Self {
        let named = |column: &str| Column { column: column.to_owned(), scale: None };
        let seconds =
            |column: &str| TimeColumn { column: column.to_owned(), unit: Some(TimeUnit::Seconds), scale: None };
        Self {
            trace_id: named("trace_id"),
            zone: named("zone"),
            instance_type: named("instance_type"),
            offset: seconds("offset_seconds"),
            duration: seconds("duration_seconds"),
            available_instances: named("available_instances"),
            price: named("spot_usd_per_hour"),
        }
    }
}

/// How many instances a pool can give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PoolCapacity {
    /// The instance type. Default: every type.
    pub instance_type: Option<String>,
    /// The Availability Zone. Default: every zone.
    pub zone: Option<String>,
    /// Spot or on-demand. Default: both, each with so many.
    pub market: Option<Market>,
    /// How many instances can run at once; launches beyond it fail (ASG-005).
    pub instances: u32,
}

/// How an instance is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Market {
    /// On-demand.
    OnDemand,
    /// Spot.
    Spot,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn bands_are_those_of_the_advisor_or_a_probability() {
        let table = [
            (json!("advisor"), SpotBand::Advisor),
            (json!("<5%"), SpotBand::Band(0)),
            (json!("5-10%"), SpotBand::Band(1)),
            (json!("10-15%"), SpotBand::Band(2)),
            (json!("15-20%"), SpotBand::Band(3)),
            (json!(">20%"), SpotBand::Band(4)),
            (json!("12%"), SpotBand::Monthly("12%".parse().unwrap())),
        ];
        for (value, band) in table {
            assert_eq!(from_value::<SpotBand>(value.clone()).unwrap(), band);
            assert_eq!(json!(band), value);
        }
        for bad in [json!("20-30%"), json!(5), json!("often"), json!("120%"), json!("<10%")] {
            assert!(from_value::<SpotBand>(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_columns_of_a_history_have_names_by_default() {
        let trace: SpotTrace =
            from_value(json!({"file": "data:spot.csv", "traceId": "a", "zone": ["us-east-1a", "us-east-1b"]})).unwrap();
        assert_eq!((trace.trace_id.len(), trace.zone.len(), trace.instance_type.len()), (1, 2, 0));
        assert_eq!(trace.columns.offset.unit, Some(TimeUnit::Seconds));
        let other = json!({"file": "x.csv", "columns": {"price": "usd", "offset": {"column": "t", "unit": "h"}}});
        let trace: SpotTrace = from_value(other).unwrap();
        assert_eq!((trace.columns.price.column.as_str(), trace.columns.zone.column.as_str()), ("usd", "zone"));
        assert_eq!(from_value::<SpotTrace>(json!(trace)).unwrap(), trace);
    }
}
