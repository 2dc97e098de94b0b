//! The smaller parts of an Auto Scaling group: hooks, warm pool, termination policies, processes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::super::units::{UnitError, unexpected};

/// A lifecycle hook (ASG-040).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LifecycleHookSpecification {
    /// Its name, unique in the group.
    pub lifecycle_hook_name: String,
    /// Whether it holds back new instances or those on their way out.
    pub lifecycle_transition: LifecycleTransition,
    /// Seconds after which it ends by itself with `defaultResult`, 30 to 7200. Default 3600.
    #[schemars(range(min = 30, max = 7_200))]
    pub heartbeat_timeout: Option<u32>,
    /// How it ends then. Default `ABANDON`.
    pub default_result: Option<LifecycleResult>,
    /// Text for whoever is notified.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub notification_metadata: Option<String>,
    /// Who is notified.
    #[serde(rename = "notificationTargetARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub notification_target_arn: Option<String>,
    /// The role that notifies.
    #[serde(rename = "roleARN")]
    #[schemars(extend("x-ecsim" = "kept"))]
    pub role_arn: Option<String>,
    /// The group, as AWS prints it; it is the one under which the hook stands.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub auto_scaling_group_name: Option<String>,
    /// Seconds after which an instance waits no longer however often it is asked for more time, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub global_timeout: Option<u32>,
}

/// When a lifecycle hook holds an instance back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LifecycleTransition {
    /// Between Pending and InService.
    #[serde(rename = "autoscaling:EC2_INSTANCE_LAUNCHING")]
    Launching,
    /// Between Terminating and Terminated.
    #[serde(rename = "autoscaling:EC2_INSTANCE_TERMINATING")]
    Terminating,
}

/// How a lifecycle action ends (ASG-040).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LifecycleResult {
    /// The instance goes on.
    Continue,
    /// A new instance is terminated and replaced; one on its way out skips the other hooks.
    #[default]
    Abandon,
}

/// How many healthy instances there must and may be while some are replaced (ASG-044). Both or neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceMaintenancePolicy {
    /// Percent of the desired capacity that must stay healthy, 0 to 100; -1 takes it away.
    #[schemars(range(min = -1, max = 100))]
    pub min_healthy_percentage: Option<i32>,
    /// Percent of the desired capacity that there may be, 100 to 200, at most 100 more than the minimum; -1 takes it
    /// away.
    #[schemars(range(min = -1, max = 200))]
    pub max_healthy_percentage: Option<i32>,
}

/// What to do where a zone has no capacity (ASG-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AvailabilityZoneDistribution {
    /// How launches are spread over zones. Default `balanced-best-effort`.
    pub capacity_distribution_strategy: Option<CapacityDistributionStrategy>,
}

/// How launches are spread over zones (ASG-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CapacityDistributionStrategy {
    /// Where one zone has no capacity, another is tried.
    #[default]
    BalancedBestEffort,
    /// The same zone is tried again.
    BalancedOnly,
    /// Capacity Reservations are filled first.
    ReservationsThenBalanced,
}

/// A warm pool: instances that are made ready and then wait (ASG-041).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WarmPool {
    /// The smallest number of instances in it. Default 0.
    pub min_size: Option<u32>,
    /// How many instances group and pool have together; -1 takes it away. Default: `maxSize` of the group.
    #[schemars(range(min = -1))]
    pub max_group_prepared_capacity: Option<i64>,
    /// How its instances wait. Default `Stopped`.
    pub pool_state: Option<PoolState>,
    /// Whether instances go back into it at scale-in; not allowed with ECS.
    pub instance_reuse_policy: Option<InstanceReusePolicy>,
    /// Whether it is being deleted, as AWS prints it.
    #[schemars(extend("x-ecsim" = "kept"))]
    pub status: Option<String>,
}

/// How instances of a warm pool wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PoolState {
    /// Stopped: only their volumes cost.
    #[default]
    Stopped,
    /// Running, and billed.
    Running,
    /// Hibernated: stopped, with their memory on the volume.
    Hibernated,
}

/// Whether instances go back into the warm pool at scale-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InstanceReusePolicy {
    /// Whether they do. Default false.
    pub reuse_on_scale_in: Option<bool>,
}

/// What the sizes of a group count (ASG-012).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DesiredCapacityType {
    /// Instances, or their weights.
    #[default]
    Units,
    /// vCPUs.
    Vcpu,
    /// MiB of memory.
    MemoryMib,
}

/// A process of a group that can be suspended (ASG-042).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ScalingProcess {
    /// Launching instances.
    Launch,
    /// Terminating instances.
    Terminate,
    /// Registering instances with load balancers.
    AddToLoadBalancer,
    /// Acting on alarms: with it suspended, no policy and no cluster auto scaling acts.
    AlarmNotification,
    /// Evening out the zones.
    #[serde(rename = "AZRebalance")]
    AzRebalance,
    /// Checking health.
    HealthCheck,
    /// Instance refresh.
    InstanceRefresh,
    /// Replacing unhealthy instances.
    ReplaceUnhealthy,
    /// Scheduled actions; those missed are lost.
    ScheduledActions,
}

/// A suspended process: its name, or a map as AWS prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuspendedProcess(pub ScalingProcess);

/// The map form of [`SuspendedProcess`].
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("x-ecsim-noun" = "a suspended process"))]
struct SuspendedProcessMap {
    /// Its name.
    process_name: ScalingProcess,
    /// Why it was suspended, as AWS prints it.
    #[serde(rename = "suspensionReason")]
    #[schemars(extend("x-ecsim" = "kept"))]
    _suspension_reason: Option<String>,
}

impl<'de> Deserialize<'de> for SuspendedProcess {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let name = if value.is_object() {
            SuspendedProcessMap::deserialize(value).map(|map| map.process_name)
        } else {
            ScalingProcess::deserialize(value)
        };
        name.map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for SuspendedProcess {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl JsonSchema for SuspendedProcess {
    fn schema_name() -> Cow<'static, str> {
        "SuspendedProcess".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<ScalingProcess>();
        let map = generator.subschema_for::<SuspendedProcessMap>();
        json_schema!({
            "anyOf": [name, map],
            "description": "A suspended process: its name, or a map as AWS prints it.",
            "x-ecsim-expected": "the name of a process, such as AZRebalance, or a map with `processName`",
        })
    }
}

/// How instances are chosen for scale-in (ASG-031 to ASG-033).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminationPolicy {
    /// AWS's own order of criteria.
    Default,
    /// What the allocation strategies would no longer choose.
    AllocationStrategy,
    /// Those of the oldest launch template version.
    OldestLaunchTemplate,
    /// Those of the oldest launch configuration.
    OldestLaunchConfiguration,
    /// The one closest to its next billing hour.
    ClosestToNextInstanceHour,
    /// The newest instance.
    NewestInstance,
    /// The oldest instance.
    OldestInstance,
    /// A Lambda function, by its ARN; it is asked first.
    Lambda(String),
}

impl TerminationPolicy {
    /// What is expected, as part of a sentence.
    pub const EXPECTED: &'static str = "Default, AllocationStrategy, OldestLaunchTemplate, OldestLaunchConfiguration, \
         ClosestToNextInstanceHour, NewestInstance, OldestInstance, or the ARN of a Lambda function";

    /// The name as AWS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Default => "Default",
            Self::AllocationStrategy => "AllocationStrategy",
            Self::OldestLaunchTemplate => "OldestLaunchTemplate",
            Self::OldestLaunchConfiguration => "OldestLaunchConfiguration",
            Self::ClosestToNextInstanceHour => "ClosestToNextInstanceHour",
            Self::NewestInstance => "NewestInstance",
            Self::OldestInstance => "OldestInstance",
            Self::Lambda(arn) => arn,
        }
    }
}

impl fmt::Display for TerminationPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TerminationPolicy {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        Ok(match text {
            "Default" => Self::Default,
            "AllocationStrategy" => Self::AllocationStrategy,
            "OldestLaunchTemplate" => Self::OldestLaunchTemplate,
            "OldestLaunchConfiguration" => Self::OldestLaunchConfiguration,
            "ClosestToNextInstanceHour" => Self::ClosestToNextInstanceHour,
            "NewestInstance" => Self::NewestInstance,
            "OldestInstance" => Self::OldestInstance,
            arn if arn.starts_with("arn:") => Self::Lambda(arn.to_owned()),
            other => return Err(UnitError::new(format!("expected {}, not `{other}`", Self::EXPECTED))),
        })
    }
}

impl<'de> Deserialize<'de> for TerminationPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for TerminationPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl JsonSchema for TerminationPolicy {
    fn schema_name() -> Cow<'static, str> {
        "TerminationPolicy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(Default|AllocationStrategy|OldestLaunchTemplate|OldestLaunchConfiguration|\
                 ClosestToNextInstanceHour|NewestInstance|OldestInstance|arn:.+)$",
            "description": "How instances are chosen for scale-in (ASG-031 to ASG-033): Default, AllocationStrategy, \
                 OldestLaunchTemplate, OldestLaunchConfiguration, ClosestToNextInstanceHour, NewestInstance, \
                 OldestInstance, or the ARN of a Lambda function.",
            "x-ecsim-expected": Self::EXPECTED,
        })
    }
}

/// Subnets: a list of names, or one text with commas as EC2 Auto Scaling writes `VPCZoneIdentifier`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubnetNames(pub Vec<String>);

const EXPECTED_SUBNETS: &str = "a list of subnets, or one text with commas between them";

impl<'de> Deserialize<'de> for SubnetNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                Ok(Self(names.map(str::to_owned).collect()))
            }
            list @ Value::Array(_) => Vec::<String>::deserialize(list).map(Self).map_err(D::Error::custom),
            other => Err(D::Error::custom(unexpected(&other, EXPECTED_SUBNETS))),
        }
    }
}

impl Serialize for SubnetNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.join(","))
    }
}

impl JsonSchema for SubnetNames {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SubnetNames".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "x-ecsim-expected": EXPECTED_SUBNETS,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn subnets_are_a_list_or_a_text_with_commas() {
        let both = [json!("subnet-a, subnet-b"), json!(["subnet-a", "subnet-b"])];
        for value in both {
            let read: SubnetNames = from_value(value).unwrap();
            assert_eq!(read.0, ["subnet-a", "subnet-b"]);
            assert_eq!(json!(read), json!("subnet-a,subnet-b"));
        }
        assert_eq!(from_value::<SubnetNames>(json!("")).unwrap(), SubnetNames::default());
        assert!(from_value::<SubnetNames>(json!(7)).is_err());
    }

    #[test]
    fn termination_policies_have_names_or_are_functions() {
        let names = [
            "Default",
            "AllocationStrategy",
            "OldestLaunchTemplate",
            "OldestLaunchConfiguration",
            "ClosestToNextInstanceHour",
            "NewestInstance",
            "OldestInstance",
            "arn:aws:lambda:us-east-1:123456789012:function:choose",
        ];
        for name in names {
            assert_eq!(json!(from_value::<TerminationPolicy>(json!(name)).unwrap()), json!(name));
        }
        for bad in [json!("Oldest"), json!(1), json!("default")] {
            assert!(from_value::<TerminationPolicy>(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn suspended_processes_are_names_or_as_aws_prints_them() {
        let printed =
            json!({"processName": "AZRebalance", "suspensionReason": "User suspended at 2026-01-01T00:00:00Z"});
        for value in [json!("AZRebalance"), printed] {
            let read: SuspendedProcess = from_value(value).unwrap();
            assert_eq!((read.0, json!(read)), (ScalingProcess::AzRebalance, json!("AZRebalance")));
        }
        assert!(from_value::<SuspendedProcess>(json!("Rebalance")).is_err());
    }
}
