//! Every number and switch that AWS does not publish or lets users change, each with its default and the rule it
//! belongs to.
//!
//! Names are those of the rules. A name that ends in `_s` takes a number of seconds or a written length of time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::distribution::DurationDistribution;
use super::simulation::LatencyPreset;
use super::union::OrOff;
use super::units::{Duration, Seconds};

/// Every number and switch that AWS does not publish or lets users change. Write only those that differ from the
/// default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How ties are broken that are left after the last placement strategy: `random` among equals, or `fixed` (also
    /// called `ordinal`): the instance registered first, then the smallest id; on scale-in the newest task.
    #[schemars(extend("x-ecsim-rule" = "PLC-022, PLC-074"))]
    pub placement_tie_break: TieBreak,
    /// What `spread` counts for a service: all its tasks, or only those of the same deployment. A service has one
    /// deployment in this version, so this changes nothing yet.
    #[schemars(extend("x-ecsim-rule" = "PLC-025"))]
    pub spread_scope: SpreadScope,
    /// Percent of its nominal memory that a Linux instance registers where nothing better is known.
    #[schemars(extend("x-ecsim-rule" = "RES-004"), range(min = 1, max = 100))]
    pub linux_memory_percent: u32,
    /// Whether instances register a percentage of their nominal memory, or what was measured where the catalogue knows
    /// it.
    #[schemars(extend("x-ecsim-rule" = "RES-004"))]
    pub registered_memory: RegisteredMemory,
    /// Free EBS volume slots of an instance.
    #[schemars(extend("x-ecsim-rule" = "RES-053"))]
    pub ebs_slots: u16,
    /// Whether Linux agents reserve port 51680 too: six ports, otherwise five.
    #[schemars(extend("x-ecsim-rule" = "RES-020"))]
    pub reserve_prometheus_port: bool,
    /// Reserved ports an instance may have, the agent's included.
    #[schemars(extend("x-ecsim-rule" = "RES-024, QTA-022"))]
    pub max_reserved_ports: u32,
    /// For so long the agent of a stopped EC2 instance still counts as connected.
    #[schemars(extend("x-ecsim-rule" = "INS-005"))]
    pub agent_disconnect_s: Seconds,
    /// Attempts to place after the first failure, counted from it; the first entry is 0.
    #[schemars(extend("x-ecsim-rule" = "FLR-032"))]
    pub placement_retry_at_s: Vec<Seconds>,
    /// Gaps between the attempts that follow those; the last gap repeats.
    #[schemars(extend("x-ecsim-rule" = "FLR-032"))]
    pub placement_retry_gap_s: Vec<Seconds>,
    /// An identical service event is held back for so long.
    #[schemars(extend("x-ecsim-rule" = "FLR-012"))]
    pub service_event_repeat_s: Seconds,
    /// While a steady state lasts it is announced again after so long.
    #[schemars(extend("x-ecsim-rule" = "SVC-053"))]
    pub steady_event_repeat_s: Seconds,
    /// How many of the latest events a service keeps.
    #[schemars(extend("x-ecsim-rule" = "FLR-012"))]
    pub service_events_kept: u32,
    /// How often the balance over Availability Zones is looked at while a service is steady.
    #[schemars(extend("x-ecsim-rule" = "AZR-006"))]
    pub az_rebalance_interval_s: Seconds,
    /// From the first event not yet seen to the pass of the service scheduler.
    #[schemars(extend("x-ecsim-rule" = "SVC-004"))]
    pub scheduler_latency_s: Seconds,
    /// On top of `scheduler_latency_s`, for a task that ran and then stopped by itself.
    #[schemars(extend("x-ecsim-rule" = "SVC-033"))]
    pub replace_crashed_delay_s: Seconds,
    /// A task that has been RUNNING for so long counts as healthy where nothing checks health.
    #[schemars(extend("x-ecsim-rule" = "SVC-010"))]
    pub healthy_wait_s: Seconds,
    /// Tasks that one service may start in any 60 s, or `off`.
    #[schemars(extend("x-ecsim-rule" = "QTA-014, QTA-031, SVC-070"))]
    pub service_launches_per_min: OrOff<u32>,
    /// Token bucket for all EC2 task launches of the account, or `off`: history, AWS no longer publishes it.
    #[schemars(extend("x-ecsim-rule" = "QTA-018"))]
    pub ec2_launch_bucket: OrOff<LaunchBucket>,
    /// How fast container instances may register, or `off`: history, AWS no longer publishes it.
    #[schemars(extend("x-ecsim-rule" = "QTA-019"))]
    pub registration_rate: OrOff<RegistrationRate>,
    /// Whether CPU, memory, ports and GPUs come free in ECS's books when the desired status turns STOPPED, or only when
    /// the task has stopped.
    #[schemars(extend("x-ecsim-rule" = "RES-014, TSK-008"))]
    pub release_at_desired_stopped: bool,
    /// The part of a cold image pull that does not depend on the size.
    #[schemars(extend("x-ecsim-rule" = "LAT-010"))]
    pub pull_base_s: Seconds,
    /// Millions of bytes of compressed image pulled a second, or `off`: size costs no time.
    #[schemars(extend("x-ecsim-rule" = "LAT-010"))]
    pub pull_mb_per_s: OrOff<f64>,
    /// Compressed size, in millions of bytes, of an image whose size the scenario does not give: 7 s with the two
    /// settings above.
    #[schemars(extend("x-ecsim-rule" = "LAT-010, FGT-020"))]
    pub default_image_mb: u32,
    /// Pull of an image that the instance has already: the registry is asked whether it is current.
    #[schemars(extend("x-ecsim-rule" = "LAT-011"))]
    pub cached_pull: DurationDistribution,
    /// Creating and attaching the network interface of an `awsvpc` task on EC2.
    #[schemars(extend("x-ecsim-rule" = "LAT-009"))]
    pub eni_attach: DurationDistribution,
    /// Detaching and deleting the network interface after the task has stopped; not measured on EC2.
    #[schemars(extend("x-ecsim-rule" = "RES-016, TSK-003"))]
    pub eni_detach_s: Seconds,
    /// Creating and starting the containers after the pull.
    #[schemars(extend("x-ecsim-rule" = "MEAS-025"))]
    pub container_start: DurationDistribution,
    /// Clusters in the account and Region. A scenario has one, so this changes nothing.
    #[schemars(extend("x-ecsim-rule" = "QTA-001"))]
    pub clusters_per_region: u32,
    /// Container instances in a cluster: more at the start are an error, more later are turned away.
    #[schemars(extend("x-ecsim-rule" = "QTA-002"))]
    pub container_instances_per_cluster: u32,
    /// Services in a cluster.
    #[schemars(extend("x-ecsim-rule" = "QTA-003"))]
    pub services_per_cluster: u32,
    /// Largest desired count of a service.
    #[schemars(extend("x-ecsim-rule" = "QTA-004"))]
    pub tasks_per_service: u32,
    /// Containers in a task definition.
    #[schemars(extend("x-ecsim-rule" = "QTA-005"))]
    pub containers_per_task_definition: u32,
    /// Largest task definition, in KiB of JSON.
    #[schemars(extend("x-ecsim-rule" = "QTA-006"))]
    pub task_definition_kib: u32,
    /// Revisions of a family, deregistered ones included.
    #[schemars(extend("x-ecsim-rule" = "QTA-007"))]
    pub revisions_per_family: u32,
    /// Largest `count` of one `RunTask` call.
    #[schemars(extend("x-ecsim-rule" = "QTA-008"))]
    pub run_task_count: u32,
    /// Container instances that one `StartTask` call may name.
    #[schemars(extend("x-ecsim-rule" = "QTA-009"))]
    pub start_task_instances: u32,
    /// Subnets in an `awsvpcConfiguration`.
    #[schemars(extend("x-ecsim-rule" = "QTA-010"))]
    pub subnets_per_awsvpc: u32,
    /// Security groups in an `awsvpcConfiguration`.
    #[schemars(extend("x-ecsim-rule" = "QTA-010"))]
    pub security_groups_per_awsvpc: u32,
    /// Target groups of a service.
    #[schemars(extend("x-ecsim-rule" = "QTA-011"))]
    pub target_groups_per_service: u32,
    /// Classic Load Balancers of a service.
    #[schemars(extend("x-ecsim-rule" = "QTA-011"))]
    pub classic_lbs_per_service: u32,
    /// Placement constraints of a task: those of its definition plus those of the service or call.
    #[schemars(extend("x-ecsim-rule" = "QTA-020, PLC-009"))]
    pub max_constraints: u32,
    /// Placement strategies of a service or call.
    #[schemars(extend("x-ecsim-rule" = "QTA-020, PLC-020"))]
    pub max_strategies: u32,
    /// Custom attributes of a container instance.
    #[schemars(extend("x-ecsim-rule" = "QTA-021, CQL-017"))]
    pub custom_attributes_per_resource: u32,
    /// Longest name of a task group, in characters.
    #[schemars(extend("x-ecsim-rule" = "QTA-023, PLC-030"))]
    pub group_name_length: u32,
    /// Longest cluster-query expression, in characters.
    #[schemars(extend("x-ecsim-rule" = "QTA-023, CQL-003"))]
    pub expression_length: u32,
    /// Tags of a resource.
    #[schemars(extend("x-ecsim-rule" = "QTA-024"))]
    pub tags_per_resource: u32,
    /// Longest task overrides, in characters of JSON.
    #[schemars(extend("x-ecsim-rule" = "QTA-025"))]
    pub overrides_length: u32,
    /// Container instances on one page of `ListContainerInstances`. Outputs have no pages, so this changes nothing.
    #[schemars(extend("x-ecsim-rule" = "QTA-026"))]
    pub list_page: u32,
    /// Container instances that one `UpdateContainerInstancesState` call may name.
    #[schemars(extend("x-ecsim-rule" = "INS-003"))]
    pub update_state_instances: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let seconds = |list: &[u64]| list.iter().copied().map(Seconds::new).collect();
        Self {
            placement_tie_break: TieBreak::Random,
            spread_scope: SpreadScope::Service,
            linux_memory_percent: 97,
            registered_memory: RegisteredMemory::Nominal,
            ebs_slots: 27,
            reserve_prometheus_port: true,
            max_reserved_ports: 100,
            agent_disconnect_s: Seconds::new(180),
            placement_retry_at_s: seconds(&[0, 15, 45]),
            placement_retry_gap_s: seconds(&[300, 600, 1_200, 1_620]),
            service_event_repeat_s: Seconds::new(21_600),
            steady_event_repeat_s: Seconds::new(21_600),
            service_events_kept: 100,
            az_rebalance_interval_s: Seconds::new(600),
            scheduler_latency_s: Seconds::new(5),
            replace_crashed_delay_s: Seconds::new(10),
            healthy_wait_s: Seconds::new(40),
            service_launches_per_min: OrOff::On(500),
            ec2_launch_bucket: OrOff::Off,
            registration_rate: OrOff::Off,
            release_at_desired_stopped: true,
            pull_base_s: Seconds::new(1),
            pull_mb_per_s: OrOff::On(10.0),
            default_image_mb: 60,
            cached_pull: DurationDistribution::uniform(Duration::from_ms(500), Duration::from_secs(2)),
            eni_attach: DurationDistribution::lognormal(Duration::from_secs(11), Duration::from_secs(20)),
            eni_detach_s: Seconds::new(0),
            container_start: DurationDistribution::lognormal(Duration::from_secs(1), Duration::from_secs(5)),
            clusters_per_region: 10_000,
            container_instances_per_cluster: 5_000,
            services_per_cluster: 5_000,
            tasks_per_service: 5_000,
            containers_per_task_definition: 10,
            task_definition_kib: 64,
            revisions_per_family: 1_000_000,
            run_task_count: 10,
            start_task_instances: 10,
            subnets_per_awsvpc: 16,
            security_groups_per_awsvpc: 5,
            target_groups_per_service: 5,
            classic_lbs_per_service: 1,
            max_constraints: 10,
            max_strategies: 5,
            custom_attributes_per_resource: 10,
            group_name_length: 255,
            expression_length: 2_000,
            tags_per_resource: 50,
            overrides_length: 8_192,
            list_page: 100,
            update_state_instances: 10,
        }
    }
}

impl Settings {
    /// The defaults under `latencies: none`: every delay, jitter and reaction is zero, and ties are fixed. What the
    /// rules themselves fix, such as `healthy_wait_s` or the waits between attempts to place, stays.
    #[must_use]
    pub fn without_latencies() -> Self {
        let none = DurationDistribution::constant(Duration::ZERO);
        Self {
            placement_tie_break: TieBreak::Fixed,
            agent_disconnect_s: Seconds::new(0),
            scheduler_latency_s: Seconds::new(0),
            replace_crashed_delay_s: Seconds::new(0),
            pull_base_s: Seconds::new(0),
            pull_mb_per_s: OrOff::Off,
            cached_pull: none.clone(),
            eni_attach: none.clone(),
            eni_detach_s: Seconds::new(0),
            container_start: none,
            ..Self::default()
        }
    }

    /// The defaults under a preset.
    #[must_use]
    pub fn preset(preset: LatencyPreset) -> Self {
        match preset {
            LatencyPreset::Default => Self::default(),
            LatencyPreset::None => Self::without_latencies(),
        }
    }

    /// Adds to a `settings:` block what `latencies: none` sets and the user has not written.
    pub(crate) fn fill_without_latencies(written: &mut Map<String, Value>) {
        let (Value::Object(default), Value::Object(none)) =
            (as_value(&Self::default()), as_value(&Self::without_latencies()))
        else {
            return;
        };
        for (name, value) in none {
            if default.get(&name) != Some(&value) {
                written.entry(name).or_insert(value);
            }
        }
    }
}

fn as_value(settings: &Settings) -> Value {
    serde_json::to_value(settings).unwrap_or_default()
}

/// How ties are broken that are left after the last strategy (PLC-022).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TieBreak {
    /// Uniformly at random among equals.
    #[default]
    Random,
    /// The instance registered first, then the smallest id.
    Fixed,
    /// Another name for `fixed`.
    Ordinal,
}

impl TieBreak {
    /// Whether the same one always wins.
    #[must_use]
    pub const fn is_fixed(self) -> bool {
        !matches!(self, Self::Random)
    }
}

/// What `spread` counts for a service (PLC-025).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpreadScope {
    /// All tasks of the service, as observed on AWS.
    #[default]
    Service,
    /// Only tasks of the same deployment.
    Deployment,
}

/// Where the memory that an instance registers comes from (RES-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RegisteredMemory {
    /// `linux_memory_percent` of the nominal memory.
    #[default]
    Nominal,
    /// What a Linux image really saw, where the catalogue has a measurement.
    Measured,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchBucket {
    /// How many tokens it holds.
    pub capacity: u32,
    /// Tokens that come back each second.
    pub refill_per_s: u32,
}

/// How many container instances may register in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRate {
    /// Per second.
    pub per_second: u32,
    /// Per minute.
    pub per_minute: u32,
}

/// One row of the table of settings.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingInfo {
    /// Its name in the scenario.
    pub name: String,
    /// Its default.
    pub default: Value,
    /// The rules it belongs to: `RES-004`, or several with commas.
    pub rule: String,
    /// What it means.
    pub meaning: String,
}

impl SettingInfo {
    /// The table of settings, read off the schema, in the order of the struct.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let schema = schemars::schema_for!(Settings);
        let properties = schema.get("properties").and_then(Value::as_object);
        let text =
            |property: &Value, key: &str| property.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let row = |(name, property): (&String, &Value)| Self {
            name: name.clone(),
            default: property.get("default").cloned().unwrap_or_default(),
            rule: text(property, "x-ecsim-rule"),
            meaning: super::one_line(&text(property, "description")),
        };
        properties.into_iter().flatten().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The numbers of the spec, written out once more.
    #[test]
    fn defaults_are_those_of_the_rules() {
        let expected: Value = serde_json::from_str(
            r#"{
            "placement_tie_break": "random", "spread_scope": "service", "linux_memory_percent": 97,
            "registered_memory": "nominal", "ebs_slots": 27, "reserve_prometheus_port": true, "max_reserved_ports": 100,
            "agent_disconnect_s": 180, "placement_retry_at_s": [0, 15, 45],
            "placement_retry_gap_s": [300, 600, 1200, 1620],
            "service_event_repeat_s": 21600, "steady_event_repeat_s": 21600, "service_events_kept": 100,
            "az_rebalance_interval_s": 600, "scheduler_latency_s": 5,
            "replace_crashed_delay_s": 10, "healthy_wait_s": 40,
            "service_launches_per_min": 500, "ec2_launch_bucket": "off", "registration_rate": "off",
            "release_at_desired_stopped": true, "pull_base_s": 1, "pull_mb_per_s": 10.0, "default_image_mb": 60,
            "cached_pull": {"uniform": {"min": "500ms", "max": "2s"}},
            "eni_attach": {"lognormal": {"median": "11s", "p95": "20s"}}, "eni_detach_s": 0,
            "container_start": {"lognormal": {"median": "1s", "p95": "5s"}},
            "clusters_per_region": 10000, "container_instances_per_cluster": 5000, "services_per_cluster": 5000,
            "tasks_per_service": 5000, "containers_per_task_definition": 10, "task_definition_kib": 64,
            "revisions_per_family": 1000000, "run_task_count": 10, "start_task_instances": 10, "subnets_per_awsvpc": 16,
            "security_groups_per_awsvpc": 5, "target_groups_per_service": 5, "classic_lbs_per_service": 1,
            "max_constraints": 10, "max_strategies": 5, "custom_attributes_per_resource": 10, "group_name_length": 255,
            "expression_length": 2000, "tags_per_resource": 50, "overrides_length": 8192, "list_page": 100,
            "update_state_instances": 10
        }"#,
        )
        .unwrap();
        assert_eq!(json!(Settings::default()), expected);
        assert_eq!(serde_json::from_value::<Settings>(expected).unwrap(), Settings::default());
    }

    #[test]
    fn the_table_has_a_rule_a_default_and_a_meaning_for_each() {
        let rows = SettingInfo::all();
        let named = json!(Settings::default());
        assert_eq!(rows.len(), named.as_object().unwrap().len());
        for row in rows {
            assert!(!row.rule.is_empty() && row.meaning.ends_with('.') && !row.meaning.contains('\n'), "{row:?}");
            assert_eq!(row.default, named[&row.name], "{}", row.name);
        }
    }

    #[test]
    fn latencies_none_gives_way_to_what_is_written() {
        let mut written = Map::from_iter([("scheduler_latency_s".to_owned(), json!(7))]);
        Settings::fill_without_latencies(&mut written);
        let settings: Settings = serde_json::from_value(Value::Object(written)).unwrap();
        assert_eq!(settings, Settings { scheduler_latency_s: Seconds::new(7), ..Settings::without_latencies() });
    }
}
