//! The format of a scenario: plain serde structs that are at once what is read, what is written, the JSON Schema and
//! the reference.
//!
//! Two kinds of things are in it, kept apart: [AWS objects](aws), in AWS's own words, and what AWS cannot tell us. In
//! reading order:
//!
//! 1. [`scenario`]: the root, [`Scenario`].
//! 2. [`simulation`], [`settings`]: the run, and every number that AWS does not publish.
//! 3. [`aws`]: task definitions, services, `RunTask` and the like, with every field of AWS's API.
//! 4. [`container_instance`], [`instance_type`], [`vpc`], [`account_settings`]: the fixed fleet and where it stands.
//! 5. [`workload`], [`trace`], [`behavior`]: what is asked for, how long it takes, and what goes wrong; for capacity
//!    [`capacity_behavior`], [`spot_behavior`], [`fargate_behavior`] and [`custom_metric`].
//! 6. [`pricing`]: what it costs.
//! 7. [`timeline`] with [`group_actions`] and [`fate`], [`selectors`]: what happens during the run, and to whom.
//! 8. [`expect`]: what must hold; [`lab`]: what a student is asked about it.
//! 9. [`units`], [`money`], [`distribution`], [`columns`], [`union`](mod@union), [`setting_values`], [`profile`]: how
//!    values are written.
//!
//! Each field's doc comment is its description in the schema and on the reference page. The schema's own keywords:
//!
//! * `x-ecsim-expected`: what would be right here, as part of a sentence, for diagnostics; `x-ecsim-noun`: what a map
//!   is called.
//! * `x-ecsim`: `kept`, an AWS field that has no effect in the simulation by its nature; or `later`, one that would
//!   have an effect and that this version does not simulate. Neither stands on a field that is simulated.
//! * `x-ecsim-rule`: the rules of `spec/` that a setting belongs to.
//! * `format: ecsim-…`: see [`units::FORMATS`].
//!
//! The branches of every `anyOf` have JSON types of their own, so that the branch a user meant is the one of that type.

pub mod account_settings;
pub mod aws;
pub mod behavior;
pub mod capacity_behavior;
pub mod code_deploy;
pub mod columns;
pub mod container_instance;
pub mod custom_metric;
pub mod distribution;
pub mod expect;
pub mod fargate_behavior;
pub mod fate;
pub mod group_actions;
pub mod instance_type;
pub mod lab;
pub mod money;
pub mod pricing;
pub mod profile;
mod requests;
mod scaling_values;
pub mod scenario;
pub mod selectors;
pub mod setting_values;
pub mod settings;
pub mod simulation;
pub mod spot_behavior;
pub mod task_sets;
pub mod timeline;
pub mod trace;
pub mod union;
pub mod units;
pub mod vpc;
pub mod workload;

#[cfg(test)]
mod capacity_tests;
#[cfg(test)]
mod tests;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, transform_subschemas};
use serde_json::{Value, json};

pub use account_settings::{AccountSettings, Switch};
pub use behavior::{
    Behavior, ContainerBehavior, Crash, FailToStart, FailToStop, HealthCheckBehavior, HealthCheckFailure, HookBehavior,
    HookResult, Latencies, MemoryUse, StartError, StopError, TaskBehavior,
};
pub use capacity_behavior::{
    AutoScalingGroupBehavior, LaunchedContainerInstance, LifecycleHookBehavior, ManagedInstancesBehavior,
    StatusCheckFailure,
};
pub use columns::{Column, CpuColumn, CpuUnit, MemberOfColumn, MemoryColumn, MemoryUnit, TimeColumn, TimeUnit};
pub use container_instance::{
    AgentConfig, Capabilities, ContainerInstances, ImagePullBehavior, InstanceColumns, InstancesFromCsv,
    RegisteredResources,
};
pub use custom_metric::{CustomMetric, MetricColumns, MetricFile, MetricPoint, MetricValues, RatePoints};
pub use distribution::{
    DistributionSpec, DurationDistribution, EmpiricalFile, EmpiricalSource, Exponential, MedianAndP95,
    MemoryDistribution, NumberDistribution, Shape, Uniform,
};
pub use expect::Expectation;
pub use fargate_behavior::{FargateBehavior, FargateInterruptions, FargateShortage};
pub use fate::{
    AvailabilityZoneOutage, FargateRetirement, FargateSpotInterruption, InstanceStatusCheckFails, InsufficientCapacity,
    RebalanceRecommendation, SetErrorRate, SetMetric, SpotInterruption,
};
pub use group_actions::{
    CancelInstanceRefresh, CompleteLifecycleAction, DeleteCapacityProvider, DesiredConfiguration, ExitStandby,
    HealthStatus, ProtectedInstances, PutClusterCapacityProviders, RefreshPreferences, RefreshStrategy,
    ScalingProcesses, SetDesiredCapacity, SetInstanceHealth, SetInstanceProtection, StandbyInstances,
    StartInstanceRefresh, TakeInstances, TerminateInstanceInAutoScalingGroup, UpdateAutoScalingGroup,
    UpdateCapacityProvider,
};
pub use instance_type::{Architecture, InstanceTypeSpec};
pub use lab::{Lab, LabChoice, LabExplain, LabLevel, LabStep, LabTable, LabTrial, LabVariant};
pub use money::{Share, Usd};
pub use pricing::{Currency, EbsPrices, FargatePrices, Pricing, ReservedInstances, SavingsPlan, SpotPriceModel};
pub use profile::Profile;
pub use requests::{
    DailyRate, NoiseRate, PointRate, RampRate, RateMap, RateShape, RateTrace, ServiceCall, ServiceLevelObjective,
    SineRate, SpikeRate, TraceGaps, TracePer, WeeklyRate,
};
pub use scaling_values::{CooldownCreditMode, TtMetricPoint, TtScaleInMode};
pub use scenario::Scenario;
pub use selectors::{InstanceFilter, InstanceSelector, Pick, TaskSelector, Which};
pub use setting_values::{
    AzTie, BillingHourTie, BreakerPlacement, CasAlgorithm, CasN, ColdLaunch, DrainCount, EventRate, FargatePullRate,
    IceBackoff, LaunchGroups, ProvisioningOverflow, ProvisioningReasons, PullRetry, PullStep, SecondsDistribution,
    SpotProfile, ZeroStart, ZeroWeightBase,
};
pub use settings::{LaunchBucket, RegisteredMemory, RegistrationRate, SettingInfo, Settings, SpreadScope, TieBreak};
pub use simulation::{LatencyPreset, Simulation};
pub use spot_behavior::{
    InterruptionProfile, Market, PoolCapacity, SpotBand, SpotBehavior, SpotInterruptions, SpotPool, SpotTrace,
    SpotTraceColumns,
};
pub use timeline::{Action, TimelineEntry};
pub use trace::{Trace, TraceColumns};
pub use union::{Count, OneOrMany, OrOff};
pub use units::{
    CpuTime, DateTime, Duration, FORMATS, MemorySize, Number, Percent, Quantity, Seconds, Text, UnitError,
};
pub use vpc::{Subnet, Vpc};
pub use workload::{Every, Poisson, Retry, WhenLost, WhenUnplaced, Workload};

/// The JSON Schema (draft 2020-12) of a scenario.
#[must_use]
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(join_lines))
        .with_transform(RecursiveTransform(gather_enum))
        .with_transform(RecursiveTransform(bound_integers))
        .with_transform(allow_nothing);
    let mut schema = settings.into_generator().into_root_schema_for::<Scenario>();
    schema.insert("title".to_owned(), json!("ecsim scenario"));
    // The default of a whole block repeats those of its fields.
    for property in
        schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(|map| map.values_mut())
    {
        if let Some(property) = property.as_object_mut() {
            property.shift_remove("default");
        }
    }
    schema.to_value()
}

/// The same value without map entries that hold nothing (`null`), which counts as absent throughout.
#[must_use]
pub fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let present = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(present.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        scalar => scalar,
    }
}

/// A description is broken into lines for the source code only.
fn join_lines(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = one_line(description);
    }
}

/// The text with its line breaks turned into blanks; those between paragraphs stay.
pub(crate) fn one_line(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// Turns the `oneOf` of constants that a documented Rust enum gives into an `enum`, which makes better messages.
fn gather_enum(schema: &mut Schema) {
    let Some(branches) = schema.get("oneOf").and_then(Value::as_array) else { return };
    let constant = |branch: &Value| branch.get("const").cloned();
    let Some(names) = branches.iter().map(constant).collect::<Option<Vec<_>>>() else { return };
    let descriptions: Vec<Value> =
        branches.iter().map(|branch| branch.get("description").cloned().unwrap_or(json!(""))).collect();
    schema.remove("oneOf");
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), names.into());
    schema.insert("enumDescriptions".to_owned(), descriptions.into());
}

/// Replaces Rust's integer formats, which no editor knows, by the bounds they stand for.
fn bound_integers(schema: &mut Schema) {
    let Some(format) = schema.get("format").and_then(Value::as_str) else { return };
    let (least, most) = match format {
        "uint8" => (Some(0), Some(i64::from(u8::MAX))),
        "uint16" => (Some(0), Some(i64::from(u16::MAX))),
        "uint32" => (Some(0), Some(i64::from(u32::MAX))),
        "uint64" => (Some(0), None),
        "int32" => (Some(i64::from(i32::MIN)), Some(i64::from(i32::MAX))),
        "int64" | "float" | "double" => (None, None),
        _ => return,
    };
    schema.remove("format");
    for (keyword, bound) in [("minimum", least), ("maximum", most)] {
        if let (Some(bound), None) = (bound, schema.get(keyword)) {
            schema.insert(keyword.to_owned(), json!(bound));
        }
    }
}

/// Lets every property that is not required hold nothing (`null`), which counts as absent.
fn allow_nothing(schema: &mut Schema) {
    transform_subschemas(&mut allow_nothing, schema);
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        if !required.iter().any(|required| required.as_str() == Some(name)) {
            allow_null(property);
            drop_empty_default(property);
        }
    }
}

/// Removes a `default` that tells nobody anything.
fn drop_empty_default(property: &mut Value) {
    let empty = match property.get("default") {
        Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        _ => false,
    };
    if let (true, Some(map)) = (empty, property.as_object_mut()) {
        map.shift_remove("default");
    }
}

/// Adds nothing (`null`) to what a schema accepts.
fn allow_null(schema: &mut Value) {
    let null = json!({"type": "null"});
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(branches) = map.get_mut("anyOf").and_then(Value::as_array_mut) {
        if !branches.contains(&null) {
            branches.push(null);
        }
    } else if let Some(reference) = map.shift_remove("$ref") {
        map.insert("anyOf".to_owned(), vec![json!({"$ref": reference}), null].into());
    } else if let Some(kind) = map.get_mut("type") {
        let mut kinds = kind.as_array().cloned().unwrap_or_else(|| vec![kind.clone()]);
        if !kinds.contains(&json!("null")) {
            kinds.push(json!("null"));
        }
        *kind = kinds.into();
        if let Some(names) = map.get_mut("enum").and_then(Value::as_array_mut)
            && !names.contains(&Value::Null)
        {
            names.push(Value::Null);
        }
    }
}
