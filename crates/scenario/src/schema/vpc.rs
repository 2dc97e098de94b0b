//! Where the subnets lie that network configurations name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::units::unexpected;

/// Where subnets lie. A subnet that is named nowhere here is an error where an `awsvpcConfiguration` uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Vpc {
    /// Subnets by their name or id, each with its Availability Zone (PLC-007).
    pub subnets: BTreeMap<String, Subnet>,
}

/// A subnet: its Availability Zone, or a map that says more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subnet {
    /// The zone, such as `us-east-1a`.
    pub availability_zone: String,
    /// Addresses free at the start; each task network interface takes one. Default 251, a /24.
    pub free_addresses: u32,
}

/// The map form of [`Subnet`].
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("x-ecsim-noun" = "a subnet"))]
struct SubnetMap {
    /// The zone, such as `us-east-1a`.
    availability_zone: String,
    /// Addresses free at the start; each task network interface takes one.
    #[serde(default = "free_addresses")]
    #[schemars(extend("default" = 251))]
    free_addresses: u32,
}

/// A /24 has 256 addresses, of which AWS keeps five.
fn free_addresses() -> u32 {
    251
}

const EXPECTED: &str = "an Availability Zone such as us-east-1a, or a map with `availabilityZone` and `freeAddresses`";

impl<'de> Deserialize<'de> for Subnet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(availability_zone) => Ok(Self { availability_zone, free_addresses: free_addresses() }),
            map @ Value::Object(_) => {
                let map = SubnetMap::deserialize(map).map_err(D::Error::custom)?;
                Ok(Self { availability_zone: map.availability_zone, free_addresses: map.free_addresses })
            }
            other => Err(D::Error::custom(unexpected(&other, EXPECTED))),
        }
    }
}

impl JsonSchema for Subnet {
    fn schema_name() -> Cow<'static, str> {
        "Subnet".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<SubnetMap>();
        json_schema!({
            "anyOf": [{"type": "string"}, map],
            "description": "The Availability Zone of the subnet, or a map that says more.",
            "x-ecsim-expected": EXPECTED,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_subnet_is_a_zone_or_a_map() {
        let short: Subnet = from_value(json!("us-east-1a")).unwrap();
        assert_eq!((short.availability_zone.as_str(), short.free_addresses), ("us-east-1a", 251));
        let long: Subnet = from_value(json!({"availabilityZone": "us-east-1b", "freeAddresses": 3})).unwrap();
        assert_eq!((long.availability_zone.as_str(), long.free_addresses), ("us-east-1b", 3));
        assert_eq!(from_value::<Subnet>(json!(long)).unwrap(), long);
        assert!(from_value::<Subnet>(json!(7)).is_err());
    }
}
