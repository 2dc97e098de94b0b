//! The size of a whole task in AWS's forms: `"256"`, `256`, `"1 vCPU"`, `".5 vcpu"`; `"512"`, `512`, `"1 GB"`, `"1GB"`
//! (RES-008).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::super::units::{UnitError, scaled, unexpected};

/// Task-level `cpu`, in CPU units: 1024 are one vCPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskCpu(pub u32);

/// Task-level `memory`, in MiB; where AWS says `GB` it means 1024 MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskMemory(pub u32);

/// Reads `number` or `number unit`, the unit in any case, and gives a whole number.
fn parse(text: &str, unit: &str, size: u64, expected: &str) -> Result<u32, UnitError> {
    let whole = text.trim();
    let wrong = || UnitError::new(format!("expected {expected}, not `{whole}`"));
    let end = whole.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(whole.len());
    let (number, written) = (&whole[..end], whole[end..].trim_start());
    let value = if written.is_empty() {
        number.parse().ok()
    } else if written.eq_ignore_ascii_case(unit) {
        scaled(number, size).and_then(|(value, exact)| exact.then_some(value))
    } else {
        None
    };
    value.and_then(|value| u32::try_from(value).ok()).ok_or_else(wrong)
}

macro_rules! task_size {
    ($type:ident, $unit:literal, $format:literal, $pattern:literal, $expected:literal, $description:literal) => {
        impl $type {
            /// What is expected, as part of a sentence.
            pub const EXPECTED: &'static str = $expected;

            /// Reads a field that may be missing; an empty text, as in AWS's templates, counts as missing.
            pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                match Value::deserialize(deserializer)? {
                    Value::Null => Ok(None),
                    Value::String(text) if text.is_empty() => Ok(None),
                    value => Self::deserialize(value).map(Some).map_err(D::Error::custom),
                }
            }
        }

        impl FromStr for $type {
            type Err = UnitError;

            fn from_str(text: &str) -> Result<Self, UnitError> {
                parse(text, $unit, 1024, Self::EXPECTED).map(Self)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                match &value {
                    Value::String(text) => text.parse().map_err(D::Error::custom),
                    other => match other.as_u64().and_then(|number| u32::try_from(number).ok()) {
                        Some(number) => Ok(Self(number)),
                        None => Err(D::Error::custom(unexpected(other, Self::EXPECTED))),
                    },
                }
            }
        }

        /// As AWS prints it: a number in quotes.
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "anyOf": [
                        {"type": "integer", "minimum": 0, "maximum": u32::MAX},
                        {"type": "string", "format": $format, "pattern": $pattern},
                    ],
                    "description": $description,
                    "x-ecsim-expected": $expected,
                })
            }
        }
    };
}

task_size!(
    TaskCpu,
    "vCPU",
    "ecsim-task-cpu",
    r"^\s*([0-9]+|([0-9]+(\.[0-9]*)?|\.[0-9]+)\s*[vV][cC][pP][uU])?\s*$",
    "CPU units such as 256, or vCPUs such as \"1 vCPU\" or \".5 vCPU\"",
    "CPU units (1024 are one vCPU), or a number of vCPUs such as `.5 vCPU`."
);

task_size!(
    TaskMemory,
    "GB",
    "ecsim-task-memory",
    r"^\s*([0-9]+|([0-9]+(\.[0-9]*)?|\.[0-9]+)\s*[gG][bB])?\s*$",
    "MiB such as 512, or GB such as \"1 GB\" (1024 MiB)",
    "MiB, or a number of GB of 1024 MiB each, such as `1 GB`."
);

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn cpu_in_all_of_aws_forms() {
        let table = [
            (json!("256"), 256),
            (json!(256), 256),
            (json!("1 vCPU"), 1_024),
            (json!("1vcpu"), 1_024),
            (json!(".5 vcpu"), 512),
            (json!(".25 vCPU"), 256),
            (json!("2. vCPU"), 2_048),
            (json!("192 vCPU"), 196_608),
            (json!(" 1024 "), 1_024),
        ];
        for (value, units) in table {
            assert_eq!(from_value::<TaskCpu>(value.clone()).unwrap(), TaskCpu(units), "{value}");
        }
        for bad in [json!("0.3 vCPU"), json!(0.5), json!("1 GB"), json!(-1), json!("."), json!(". vCPU"), json!("1.5")]
        {
            assert!(from_value::<TaskCpu>(bad.clone()).is_err(), "{bad}");
        }
        let error = from_value::<TaskCpu>(json!("one")).unwrap_err().to_string();
        assert_eq!(error, "expected CPU units such as 256, or vCPUs such as \"1 vCPU\" or \".5 vCPU\", not `one`");
        assert_eq!(json!(TaskCpu(256)), json!("256"));
    }

    #[test]
    fn memory_in_all_of_aws_forms() {
        let table = [
            (json!("512"), 512),
            (json!(512), 512),
            (json!("1 GB"), 1_024),
            (json!("1GB"), 1_024),
            (json!("0.5GB"), 512),
            (json!("30 gb"), 30_720),
        ];
        for (value, mib) in table {
            assert_eq!(from_value::<TaskMemory>(value.clone()).unwrap(), TaskMemory(mib), "{value}");
        }
        for bad in [json!("512MiB"), json!("1 vCPU"), json!(true), json!("99999999999"), json!("9999999 GB")] {
            assert!(from_value::<TaskMemory>(bad.clone()).is_err(), "{bad}");
        }
    }
}
