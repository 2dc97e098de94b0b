//! What must hold: one-key maps from a quantifier to an expression, both kept as text and read elsewhere.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::union::OneOrMany;
use super::units::unexpected;

/// An expectation: when, and what. `at 10m: services.web.runningCount == 4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// When it must hold: `at 10m`, `always`, `max over 24h`, ...
    pub quantifier: String,
    /// What must hold, one expression or several.
    pub expressions: Vec<String>,
}

const EXPECTED: &str = "a map of one key, such as {at 10m: services.web.runningCount == 4}";

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let Value::Object(map) = value else {
            return Err(D::Error::custom(unexpected(&value, EXPECTED)));
        };
        let keys = map.len();
        let mut entries = map.into_iter();
        let (Some((quantifier, expressions)), 1) = (entries.next(), keys) else {
            return Err(D::Error::custom(format!("expected {EXPECTED}, not a map of {keys} keys")));
        };
        let expressions = OneOrMany::deserialize(expressions).map_err(D::Error::custom)?.0;
        Ok(Self { quantifier, expressions })
    }
}

impl Serialize for Expectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.quantifier, OneOrMany(self.expressions.clone()))])
    }
}

impl JsonSchema for Expectation {
    fn schema_name() -> Cow<'static, str> {
        "Expectation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let expressions = generator.subschema_for::<OneOrMany<String>>();
        json_schema!({
            "type": "object",
            "additionalProperties": expressions,
            "minProperties": 1,
            "maxProperties": 1,
            "description": "When it must hold (`at 10m`, `always`, `max over 24h`), and what, once or in a list.",
            "x-ecsim-expected": EXPECTED,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn one_key_and_one_or_more_expressions() {
        let one = json!({"at 10m": "services.web.runningCount == 4"});
        let read: Expectation = from_value(one.clone()).unwrap();
        assert_eq!((read.quantifier.as_str(), read.expressions.len(), json!(read)), ("at 10m", 1, one));
        assert_eq!(from_value::<Expectation>(json!({"always": ["a == 1", "b == 2"]})).unwrap().expressions.len(), 2);
        for bad in [json!({}), json!("always"), json!({"a": "b", "c": "d"}), json!({"at 10m": 4})] {
            assert!(from_value::<Expectation>(bad.clone()).is_err(), "{bad}");
        }
    }
}
