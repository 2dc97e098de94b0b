//! The small unions of the format: one or several, a value or `off`, a count or `all`.
//!
//! Never serde's `untagged`: it loses the place and the reason. Each branch of a union has a JSON type of its own, in
//! the Rust type and in the schema's `anyOf`, so that a diagnostic can tell which branch the user meant.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::units::unexpected;

/// One value, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Array(items) => items
                .into_iter()
                .map(|item| T::deserialize(item).map_err(D::Error::custom))
                .collect::<Result<_, _>>()
                .map(Self),
            single => T::deserialize(single).map(|item| Self(vec![item])).map_err(D::Error::custom),
        }
    }
}

impl<T: Serialize> Serialize for OneOrMany<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [single] => single.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        json_schema!({"anyOf": [item, {"type": "array", "items": item}]})
    }
}

/// A limit, or the word `off` for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OrOff<T> {
    /// No limit.
    #[default]
    Off,
    /// The limit.
    On(T),
}

impl<T: Copy> OrOff<T> {
    /// The limit, if there is one.
    #[must_use]
    pub const fn value(self) -> Option<T> {
        match self {
            Self::Off => None,
            Self::On(value) => Some(value),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OrOff<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(word) if word == "off" => Ok(Self::Off),
            value => T::deserialize(value).map(Self::On).map_err(D::Error::custom),
        }
    }
}

impl<T: Serialize> Serialize for OrOff<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_str("off"),
            Self::On(value) => value.serialize(serializer),
        }
    }
}

impl<T: JsonSchema> JsonSchema for OrOff<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}OrOff", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({
            "anyOf": [value, {"type": "string", "const": "off"}],
            "x-ecsim-expected": "a value, or `off` for no limit",
        })
    }
}

/// How many: a number, or the word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Number(u32),
    /// All there are.
    All,
}

impl Count {
    /// What is expected, as part of a sentence.
    pub const EXPECTED: &'static str = "a number or `all`";
}

impl Default for Count {
    fn default() -> Self {
        Self::Number(1)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(word) if word == "all" => Ok(Self::All),
            value => match value.as_u64().and_then(|count| u32::try_from(count).ok()) {
                Some(count) => Ok(Self::Number(count)),
                None => Err(D::Error::custom(unexpected(&value, Self::EXPECTED))),
            },
        }
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Number(count) => serializer.serialize_u32(*count),
        }
    }
}

impl JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{"type": "integer", "minimum": 0, "maximum": u32::MAX}, {"type": "string", "const": "all"}],
            "x-ecsim-expected": Self::EXPECTED,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn unions_read_and_write_both_forms() {
        assert_eq!(from_value::<OneOrMany<u32>>(json!(7)).unwrap().0, [7]);
        assert_eq!(from_value::<OneOrMany<u32>>(json!([7, 8])).unwrap().0, [7, 8]);
        assert!(from_value::<OneOrMany<u32>>(json!(["x"])).is_err());
        assert_eq!(json!(OneOrMany(vec![7])), json!(7));

        assert_eq!(from_value::<OrOff<u32>>(json!("off")).unwrap(), OrOff::Off);
        assert_eq!(from_value::<OrOff<u32>>(json!(500)).unwrap().value(), Some(500));
        assert!(from_value::<OrOff<u32>>(json!("on")).is_err());

        assert_eq!(from_value::<Count>(json!("all")).unwrap(), Count::All);
        assert_eq!(from_value::<Count>(json!(3)).unwrap(), Count::Number(3));
        for bad in [json!("some"), json!(-1), json!(1.5), json!(5_000_000_000_u64)] {
            assert!(from_value::<Count>(bad.clone()).is_err(), "{bad}");
        }
    }
}
