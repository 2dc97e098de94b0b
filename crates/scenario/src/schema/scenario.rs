//! The whole scenario: the root of the format.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::account_settings::AccountSettings;
use super::aws::{
    AutoScalingGroup, Balancer, CapacityProvider, Cluster, LaunchTemplate, MetricAlarm, RegisterScalableTarget,
    Service, ServiceScalingPolicy, ServiceScheduledAction, TargetGroup, TaskDefinition, task_definition,
};
use super::behavior::Behavior;
use super::container_instance::ContainerInstances;
use super::expect::Expectation;
use super::instance_type::InstanceTypeSpec;
use super::lab::Lab;
use super::pricing::Pricing;
use super::settings::Settings;
use super::simulation::Simulation;
use super::timeline::TimelineEntry;
use super::units::unexpected;
use super::vpc::Vpc;
use super::workload::Workload;

/// A scenario of `ecsim`: a cluster, what is asked of it, what happens to it, and what must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Scenario {
    /// The name of the scenario. Default: the name of the file without its ending.
    pub name: Option<String>,
    /// What it shows, for people.
    pub description: Option<String>,
    /// Other files, relative to this one, that belong to the scenario: maps are merged, lists appended; a value given
    /// twice is an error.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// When the run starts, how long it lasts, and with which luck.
    pub simulation: Simulation,
    /// Every number and switch that AWS does not publish or lets users change. Write only those that differ from the
    /// default.
    pub settings: Settings,
    /// Rules of `spec/` that the scenario proves by its expectations, such as PLC-032.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proves: Vec<String>,
    /// The AWS Region. Default `us-east-1`.
    pub region: Option<String>,
    /// The cluster, as in AWS's `CreateCluster`.
    pub cluster: Cluster,
    /// The ECS settings of the account, by the names of AWS's `PutAccountSetting`.
    pub account_settings: AccountSettings,
    /// Where the subnets lie that network configurations name.
    pub vpc: Vpc,
    /// Instance types that the catalogue does not have, and corrections of those it has, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub instance_types: BTreeMap<String, InstanceTypeSpec>,
    /// The fixed fleet of container instances.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container_instances: Vec<ContainerInstances>,
    /// Auto Scaling groups, as in AWS's `CreateAutoScalingGroup`, with their scaling policies and scheduled actions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub auto_scaling_groups: Vec<AutoScalingGroup>,
    /// Launch templates, as in AWS's `CreateLaunchTemplate`, for groups that name one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim-also" = ["launchTemplateVersions"]))]
    pub launch_templates: Vec<LaunchTemplate>,
    /// Capacity providers, as in AWS's `CreateCapacityProvider`. `FARGATE` and `FARGATE_SPOT` need no entry (CP-005).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capacity_providers: Vec<CapacityProvider>,
    /// Task definitions, as in AWS's `RegisterTaskDefinition`, or as its `DescribeTaskDefinition` prints them.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "task_definition::list")]
    #[schemars(with = "Vec<task_definition::TaskDefinitionItem>")]
    pub task_definitions: Vec<TaskDefinition>,
    /// Target groups of load balancers, as in `CreateTargetGroup` of Elastic Load Balancing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_groups: Vec<TargetGroup>,
    /// Load balancers, as in `CreateLoadBalancer`: only Classic ones, and what target groups do not say, matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub load_balancers: Vec<Balancer>,
    /// Services, as in AWS's `CreateService`, created at the start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// CloudWatch alarms, as in AWS's `PutMetricAlarm` (CW-001).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-ecsim-also" = ["metricAlarms"]))]
    pub alarms: Vec<MetricAlarm>,
    /// Scalable targets of services, as `aws application-autoscaling describe-scalable-targets` prints them (SAS-001).
    /// `services[].autoScaling` is the same in one place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scalable_targets: Vec<RegisterScalableTarget>,
    /// Scaling policies of services, as `describe-scaling-policies` prints them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scaling_policies: Vec<ServiceScalingPolicy>,
    /// Scheduled actions of services, as `describe-scheduled-actions` prints them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scheduled_actions: Vec<ServiceScheduledAction>,
    /// Who asks for standalone tasks, and when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<Workload>,
    /// How long things take, how much a container really uses, and when it fails.
    pub behavior: Behavior,
    /// What things cost, where it is not what the catalogue says.
    pub pricing: Pricing,
    /// What an operator or fate does during the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<TimelineEntry>,
    /// What must hold; `ecsim test` checks it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expectation>,
    /// A question about all this, for `ecsim lab`.
    pub lab: Option<Lab>,
}

impl Scenario {
    /// Reads a scenario from a value whose includes are resolved and whose AWS keys begin with a small letter.
    ///
    /// Nothing (`null`) counts as absent. `simulation.latencies` and `settings.profile` are applied: the settings that are
    /// not written get their value of [`Settings::without_latencies`] and of the [`Profile`](super::Profile).
    ///
    /// # Errors
    ///
    /// Says the first thing that is wrong, without its place: check against [`json_schema`](super::json_schema) before.
    pub fn from_value(value: Value) -> Result<Self, serde_json::Error> {
        if !value.is_object() {
            return Err(serde_json::Error::custom(unexpected(&value, "a map")));
        }
        let mut value = super::without_nulls(value);
        apply_preset(&mut value);
        serde_json::from_value(value)
    }

    /// The scenario as a value, without what is absent.
    ///
    /// # Errors
    ///
    /// Not with any scenario that was read: serialising fails only for numbers that JSON cannot hold.
    pub fn to_value(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self).map(super::without_nulls)
    }

    /// The AWS Region.
    #[must_use]
    pub fn region(&self) -> &str {
        self.region.as_deref().unwrap_or("us-east-1")
    }
}

fn apply_preset(value: &mut Value) {
    let none = value.pointer("/simulation/latencies").and_then(Value::as_str) == Some("none");
    let Value::Object(root) = value else { return };
    if none {
        root.entry("settings").or_insert_with(|| Value::Object(Map::new()));
    }
    if let Some(Value::Object(settings)) = root.get_mut("settings") {
        Settings::fill_profile(settings);
        if none {
            Settings::fill_without_latencies(settings);
        }
    }
}
