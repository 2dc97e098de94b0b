//! How the timeline points at container instances and tasks that exist only while the run goes on.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::aws::Attribute;
use super::spot_behavior::Market;
use super::union::Count;
use super::units::unexpected;

/// Container instances: a name, a map that says which ones, or a list of such.
#[derive(Clone, Debug, PartialEq)]
pub enum InstanceSelector {
    /// By name: of one instance, or of an entry of `containerInstances`, which means all of its instances.
    Names(Vec<String>),
    /// Those that have all of these properties.
    Filter(Box<InstanceFilter>),
    /// Those that one of these means: a list that has maps in it.
    Any(Vec<Self>),
}

/// Container instances that have all of these properties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceFilter {
    /// The name of an instance, or of an entry of `containerInstances`, which means all of its instances.
    pub name: Option<String>,
    /// Their Availability Zone.
    pub availability_zone: Option<String>,
    /// Their instance type.
    pub instance_type: Option<String>,
    /// An attribute they have; with a `value`, it must be that one.
    pub attribute: Option<Attribute>,
    /// The Auto Scaling group they belong to.
    pub auto_scaling_group: Option<String>,
    /// The capacity provider they belong to.
    pub capacity_provider: Option<String>,
    /// Whether they are Spot or on-demand.
    pub market: Option<Market>,
    /// Whether they have no task that is not of a DAEMON service.
    pub empty: Option<bool>,
    /// A cluster-query expression, as the `filter` of `ListContainerInstances` (CQL-003).
    pub filter: Option<String>,
    /// Only so many of them. Default: all.
    pub count: Option<u32>,
    /// Which ones, where `count` leaves a choice. Default `first`.
    #[serde(default)]
    pub pick: Pick,
}

/// Which instances, where there is a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pick {
    /// In the order in which they registered.
    #[default]
    First,
    /// Drawn at random.
    Random,
}

const EXPECTED: &str =
    "the name of a container instance, a map such as {availabilityZone: us-east-1a, count: 2}, or a list of them";

impl<'de> Deserialize<'de> for InstanceSelector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value {
            Value::String(name) => Ok(Self::Names(vec![name])),
            Value::Array(ref list) if list.iter().any(Value::is_object) => {
                if list.iter().any(Value::is_array) {
                    return Err(D::Error::custom(format!("expected {EXPECTED}, not a list in a list")));
                }
                Vec::deserialize(value).map(Self::Any).map_err(D::Error::custom)
            }
            Value::Array(_) => Vec::deserialize(value).map(Self::Names).map_err(D::Error::custom),
            Value::Object(_) => Box::deserialize(value).map(Self::Filter).map_err(D::Error::custom),
            other => Err(D::Error::custom(unexpected(&other, EXPECTED))),
        }
    }
}

impl Serialize for InstanceSelector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Names(names) => match names.as_slice() {
                [name] => serializer.serialize_str(name),
                names => names.serialize(serializer),
            },
            Self::Filter(filter) => filter.serialize(serializer),
            Self::Any(several) => several.serialize(serializer),
        }
    }
}

impl JsonSchema for InstanceSelector {
    fn schema_name() -> Cow<'static, str> {
        "InstanceSelector".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let filter = generator.subschema_for::<InstanceFilter>();
        json_schema!({
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"anyOf": [{"type": "string"}, filter]}, "minItems": 1},
                filter
            ],
            "description": "Container instances: a name, a map that says which ones, or a list of such.",
            "x-ecsim-expected": EXPECTED,
        })
    }
}

/// Tasks that have all of these properties; at least one is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TaskSelector {
    /// Tasks of this service.
    pub service: Option<String>,
    /// Tasks of this task group (PLC-030).
    pub group: Option<String>,
    /// Tasks started with this `startedBy`.
    pub started_by: Option<String>,
    /// Tasks on this container instance, by name.
    pub container_instance: Option<String>,
    /// Tasks of this capacity provider, such as `FARGATE_SPOT`.
    pub capacity_provider: Option<String>,
    /// How many of them, or `all`. Default 1.
    #[serde(default)]
    pub count: Count,
    /// Which ones first. Default `oldest`.
    #[serde(default)]
    pub which: Which,
}

/// Which tasks come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// The ones created first.
    #[default]
    Oldest,
    /// The ones created last.
    Newest,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn instances_by_name_names_or_properties() {
        assert_eq!(from_value::<InstanceSelector>(json!("A1")).unwrap(), InstanceSelector::Names(vec!["A1".into()]));
        let names = InstanceSelector::Names(vec!["A1".into(), "A2".into()]);
        assert_eq!(from_value::<InstanceSelector>(json!(["A1", "A2"])).unwrap(), names);
        assert_eq!(json!(names), json!(["A1", "A2"]));
        let filter = json!({"availabilityZone": "us-east-1a", "count": 2, "pick": "random"});
        let InstanceSelector::Filter(filter) = from_value(filter).unwrap() else { panic!("a filter") };
        assert_eq!((filter.count, filter.pick), (Some(2), Pick::Random));
        let filter = json!({"autoScalingGroup": "web", "capacityProvider": "cp", "market": "spot", "empty": true});
        let InstanceSelector::Filter(filter) = from_value(filter).unwrap() else { panic!("a filter") };
        assert_eq!((filter.market, filter.empty), (Some(Market::Spot), Some(true)));
        let several = from_value(json!(["A1", {"autoScalingGroup": "web", "empty": true}])).unwrap();
        let InstanceSelector::Any(several) = several else { panic!("several") };
        assert_eq!(several[0], InstanceSelector::Names(vec!["A1".into()]));
        assert!(matches!(&several[1], InstanceSelector::Filter(filter) if filter.empty == Some(true)));
        for bad in [
            json!(7),
            json!([1]),
            json!([{"empty": true}, ["A1"]]),
            json!([{"zone": "a"}]),
            json!({"zone": "a"}),
            json!({"market": "reserved"}),
        ] {
            assert!(from_value::<InstanceSelector>(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn tasks_are_the_oldest_one_unless_said_otherwise() {
        let selector: TaskSelector = from_value(json!({"service": "web"})).unwrap();
        assert_eq!((selector.count, selector.which), (Count::Number(1), Which::Oldest));
        let all: TaskSelector = from_value(json!({"group": "g", "count": "all", "which": "newest"})).unwrap();
        assert_eq!((all.count, all.which), (Count::All, Which::Newest));
    }
}
