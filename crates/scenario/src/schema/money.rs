//! Amounts of money and exact shares: decimals that are kept as integers, so that nothing is rounded on the way.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::units::{UnitError, scaled, unexpected};

/// An amount in US dollars, exact to a thousand-millionth: a number, or a text as AWS writes prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd {
    nanos: u64,
}

/// Thousand-millionths of a dollar in a dollar.
const NANOS: u64 = 1_000_000_000;

impl Usd {
    /// What is expected, as part of a sentence.
    pub const EXPECTED: &'static str = "an amount in US dollars, such as 0.096 or \"0.096\"";

    /// So many thousand-millionths of a dollar.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self { nanos }
    }

    /// The amount in thousand-millionths of a dollar.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.nanos
    }

    /// Reads an amount that may be absent: AWS takes a text without anything in it for none.
    pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            value => Self::deserialize(value).map(Some).map_err(D::Error::custom),
        }
    }
}

/// An amount as AWS writes one that may be absent: an empty text is none.
pub(super) struct OptionalUsd;

impl JsonSchema for OptionalUsd {
    fn schema_name() -> Cow<'static, str> {
        "OptionalUsd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "format": "ecsim-optional-usd"}
            ],
            "description": "An amount in US dollars: a number, or a text as AWS writes prices; an empty text is none.",
            "examples": [0.096, "0.096"],
            "x-ecsim-expected": Usd::EXPECTED,
        })
    }
}

impl FromStr for Usd {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        decimal(text, NANOS, Self::EXPECTED).map(|nanos| Self { nanos })
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&written(self.nanos, NANOS))
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_value(&Value::deserialize(deserializer)?, Self::EXPECTED).map_err(D::Error::custom)
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Usd {
    fn schema_name() -> Cow<'static, str> {
        "Usd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "format": "ecsim-usd"}],
            "description": "An amount in US dollars: a number, or a text as AWS writes prices.",
            "examples": [0.096, "0.096"],
            "x-ecsim-expected": Self::EXPECTED,
        })
    }
}

/// A share from 0 to 1, exact to a millionth: a number such as 0.4, or a percentage such as 40%.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    millionths: u32,
}

/// Millionths in the whole.
const MILLIONTHS: u64 = 1_000_000;

impl Share {
    /// What is expected, as part of a sentence.
    pub const EXPECTED: &'static str = "a share from 0 to 1, such as 0.4, or from 0% to 100%";

    /// So many hundredths.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self { millionths: percent * 10_000 }
    }

    /// The share in millionths, from 0 to 1,000,000.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.millionths
    }

    /// The share as a number from 0 to 1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.millionths) / MILLIONTHS as f64
    }
}

impl FromStr for Share {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let text = text.trim();
        let millionths = match text.strip_suffix('%') {
            Some(percent) => decimal(percent.trim_end(), MILLIONTHS / 100, Self::EXPECTED)?,
            None => decimal(text, MILLIONTHS, Self::EXPECTED)?,
        };
        match u32::try_from(millionths) {
            Ok(millionths) if u64::from(millionths) <= MILLIONTHS => Ok(Self { millionths }),
            _ => Err(UnitError::new(format!("expected {}, not `{text}`", Self::EXPECTED))),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&written(u64::from(self.millionths), MILLIONTHS))
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_value(&Value::deserialize(deserializer)?, Self::EXPECTED).map_err(D::Error::custom)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.fraction())
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "format": "ecsim-share"}],
            "description": "A share: a number from 0 to 1, or a percentage.",
            "examples": [0.4, "40%"],
            "x-ecsim-expected": Self::EXPECTED,
        })
    }
}

/// Reads a number or a text as the decimal it is written as.
fn from_value<T: FromStr<Err = UnitError>>(value: &Value, expected: &str) -> Result<T, UnitError> {
    match value {
        Value::String(text) => text.parse(),
        // A float prints as the shortest decimal that means it, without an exponent: what the user wrote.
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => float.to_string().parse(),
            None => number.to_string().parse(),
        },
        other => Err(UnitError::new(unexpected(other, expected))),
    }
}

/// The decimal in units of `1/one`.
fn decimal(text: &str, one: u64, expected: &str) -> Result<u64, UnitError> {
    let text = text.trim();
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match scaled(text, one) {
        Some((units, _)) if plain => Ok(units),
        _ => Err(UnitError::new(format!("expected {expected}, not `{text}`"))),
    }
}

/// The shortest decimal of so many units of `1/one`.
fn written(units: u64, one: u64) -> String {
    let (whole, part) = (units / one, units % one);
    if part == 0 {
        return whole.to_string();
    }
    let digits = one.ilog10() as usize;
    let part = format!("{part:0digits$}");
    format!("{whole}.{}", part.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn money_is_exact_in_both_forms() {
        let table = [
            (json!(0.096), 96_000_000, "0.096"),
            (json!("0.096"), 96_000_000, "0.096"),
            (json!("0.000111"), 111_000, "0.000111"),
            (json!(1e-9), 1, "0.000000001"),
            (json!(0), 0, "0"),
            (json!(12), 12_000_000_000, "12"),
        ];
        for (value, nanos, text) in table {
            let read: Usd = from_value(value.clone()).unwrap();
            assert_eq!((read.nanos(), read.to_string().as_str()), (nanos, text), "{value}");
            assert_eq!(from_value::<Usd>(json!(read)).unwrap(), read);
        }
        for bad in [json!(-1), json!("-1"), json!("$1"), json!(""), json!("1e3"), json!(true), json!([])] {
            assert!(from_value::<Usd>(bad.clone()).is_err(), "{bad}");
        }
        let error = from_value::<Usd>(json!("1 USD")).unwrap_err().to_string();
        assert_eq!(error, "expected an amount in US dollars, such as 0.096 or \"0.096\", not `1 USD`");
    }

    #[test]
    fn shares_are_exact_in_both_forms() {
        for (value, millionths) in
            [(json!(0.4), 400_000), (json!("40%"), 400_000), (json!(1), 1_000_000), (json!("7.5 %"), 75_000)]
        {
            let read: Share = from_value(value.clone()).unwrap();
            assert_eq!(read.millionths(), millionths, "{value}");
            assert_eq!(from_value::<Share>(json!(read)).unwrap(), read);
        }
        assert_eq!((json!(Share::percent(93)), json!(Share::percent(100))), (json!(0.93), json!(1.0)));
        for bad in [json!(1.1), json!("101%"), json!(-0.1), json!("half"), json!("%"), json!(null)] {
            assert!(from_value::<Share>(bad.clone()).is_err(), "{bad}");
        }
    }
}
