//! Columns of CSV files: which one, in which unit, and by what to multiply it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::units::unexpected;

/// A column without a unit: its name, or a map that says more.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name in the header row.
    pub column: String,
    /// What its numbers are multiplied by. Default 1.
    pub scale: Option<f64>,
}

/// A column of times: its name, or a map with its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeColumn {
    /// The name in the header row.
    pub column: String,
    /// The unit of its numbers; without one the column holds dates and times in ISO 8601.
    pub unit: Option<TimeUnit>,
    /// What its numbers are multiplied by. Default 1.
    pub scale: Option<f64>,
}

/// A column of CPU sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CpuColumn {
    /// The name in the header row.
    pub column: String,
    /// The unit of its numbers.
    pub unit: CpuUnit,
    /// What its numbers are multiplied by. Default 1.
    pub scale: Option<f64>,
}

/// A column of amounts of memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MemoryColumn {
    /// The name in the header row.
    pub column: String,
    /// The unit of its numbers.
    pub unit: MemoryUnit,
    /// What its numbers are multiplied by. Default 1.
    pub scale: Option<f64>,
}

/// A column that becomes a `memberOf` constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MemberOfColumn {
    /// The name in the header row. Where its cell is empty the task has no such constraint.
    pub column: String,
    /// The cluster-query expression, with `{}` where the cell's text goes (CQL-003).
    pub expression: String,
}

/// Units of time in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TimeUnit {
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Minutes.
    #[serde(rename = "m")]
    Minutes,
    /// Hours.
    #[serde(rename = "h")]
    Hours,
}

impl TimeUnit {
    /// How many milliseconds one is.
    #[must_use]
    pub const fn ms(self) -> u64 {
        match self {
            Self::Milliseconds => 1,
            Self::Seconds => 1_000,
            Self::Minutes => 60_000,
            Self::Hours => 3_600_000,
        }
    }
}

/// Units of CPU in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CpuUnit {
    /// Virtual CPUs: 1024 CPU units each.
    #[serde(rename = "vCPU")]
    Vcpu,
    /// Thousandths of a vCPU.
    #[serde(rename = "millicores")]
    Millicores,
    /// ECS's own CPU units.
    #[serde(rename = "cpuUnits")]
    CpuUnits,
}

/// Units of memory in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MemoryUnit {
    /// Bytes.
    B,
    /// 1024 bytes.
    KiB,
    /// 1024 KiB.
    MiB,
    /// 1024 MiB.
    GiB,
    /// A thousand bytes.
    KB,
    /// A million bytes.
    MB,
    /// A thousand million bytes.
    GB,
}

impl MemoryUnit {
    /// How many bytes one is.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::B => 1,
            Self::KiB => 1 << 10,
            Self::MiB => 1 << 20,
            Self::GiB => 1 << 30,
            Self::KB => 1_000,
            Self::MB => 1_000_000,
            Self::GB => 1_000_000_000,
        }
    }
}

/// The map form of [`Column`].
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("x-ecsim-noun" = "a column"))]
struct ColumnMap {
    /// The name in the header row.
    column: String,
    /// What its numbers are multiplied by. Default 1.
    scale: Option<f64>,
}

/// The map form of [`TimeColumn`].
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("x-ecsim-noun" = "a column"))]
struct TimeColumnMap {
    /// The name in the header row.
    column: String,
    /// The unit of its numbers; without one the column holds dates and times in ISO 8601.
    unit: Option<TimeUnit>,
    /// What its numbers are multiplied by. Default 1.
    scale: Option<f64>,
}

const EXPECTED: &str = "the name of a column, or a map with `column` and `scale`";
const EXPECTED_TIME: &str =
    "the name of a column of dates and times, or a map with `column` and `unit` (ms, s, m or h)";

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(column) => Ok(Self { column, scale: None }),
            map @ Value::Object(_) => {
                let ColumnMap { column, scale } = ColumnMap::deserialize(map).map_err(D::Error::custom)?;
                Ok(Self { column, scale })
            }
            other => Err(D::Error::custom(unexpected(&other, EXPECTED))),
        }
    }
}

impl Serialize for Column {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.scale {
            None => serializer.serialize_str(&self.column),
            scale => ColumnMap { column: self.column.clone(), scale }.serialize(serializer),
        }
    }
}

impl JsonSchema for Column {
    fn schema_name() -> Cow<'static, str> {
        "Column".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<ColumnMap>();
        json_schema!({
            "anyOf": [{"type": "string"}, map],
            "description": "A column of a CSV file.",
            "x-ecsim-expected": EXPECTED,
        })
    }
}

impl<'de> Deserialize<'de> for TimeColumn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(column) => Ok(Self { column, unit: None, scale: None }),
            map @ Value::Object(_) => {
                let TimeColumnMap { column, unit, scale } =
                    TimeColumnMap::deserialize(map).map_err(D::Error::custom)?;
                Ok(Self { column, unit, scale })
            }
            other => Err(D::Error::custom(unexpected(&other, EXPECTED_TIME))),
        }
    }
}

impl Serialize for TimeColumn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.unit, self.scale) {
            (None, None) => serializer.serialize_str(&self.column),
            (unit, scale) => TimeColumnMap { column: self.column.clone(), unit, scale }.serialize(serializer),
        }
    }
}

impl JsonSchema for TimeColumn {
    fn schema_name() -> Cow<'static, str> {
        "TimeColumn".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<TimeColumnMap>();
        json_schema!({
            "anyOf": [{"type": "string"}, map],
            "description": "A column of times in a CSV file.",
            "x-ecsim-expected": EXPECTED_TIME,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn columns_are_names_or_maps() {
        assert_eq!(from_value::<Column>(json!("sn")).unwrap(), Column { column: "sn".into(), scale: None });
        assert_eq!(from_value::<Column>(json!({"column": "c", "scale": 1.5})).unwrap().scale, Some(1.5));
        let time: TimeColumn = from_value(json!({"column": "creation_time", "unit": "s"})).unwrap();
        assert_eq!(time.unit.map(TimeUnit::ms), Some(1_000));
        assert_eq!(from_value::<TimeColumn>(json!(time)).unwrap(), time);
        assert!(from_value::<TimeColumn>(json!({"column": "c", "unit": "fortnight"})).is_err());
        assert!(from_value::<CpuColumn>(json!("cpu")).is_err(), "CPU needs its unit");
        assert_eq!(from_value::<CpuUnit>(json!("vCPU")).unwrap(), CpuUnit::Vcpu);
        assert_eq!(from_value::<MemoryUnit>(json!("MiB")).unwrap().bytes(), 1_048_576);
    }
}
