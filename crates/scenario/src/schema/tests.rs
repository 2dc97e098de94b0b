//! The format as a whole: a full example, the schema against the reader, real AWS objects, and AWS's own list of
//! fields.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::aws::{RunTask, Service, TaskDefinition};
use super::*;

/// Everything the format has, at least once.
const EXAMPLE: &str = include_str!("example.yaml");

fn from_yaml(text: &str) -> Value {
    serde_yaml::from_str(text).expect("YAML that parses")
}

fn validator() -> jsonschema::Validator {
    let mut options = jsonschema::options().should_validate_formats(true);
    for &(name, check) in FORMATS {
        options = options.with_format(name, check);
    }
    options.build(&json_schema()).expect("a valid schema")
}

/// What the schema has against a value, as text.
fn complaints(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// A scenario with nothing in it but `block`.
fn only(key: &str, block: Value) -> Value {
    json!({ key: block })
}

#[test]
fn the_example_reads_validates_and_survives_a_round_trip() {
    let value = from_yaml(EXAMPLE);
    let validator = validator();
    assert_eq!(complaints(&validator, &value), [""; 0]);
    let scenario = Scenario::from_value(value).unwrap();
    let written = scenario.to_value().unwrap();
    assert_eq!(complaints(&validator, &written), [""; 0]);
    assert_eq!(Scenario::from_value(written).unwrap(), scenario);
    assert_eq!(scenario.timeline.len(), TimelineEntry::ACTIONS.len());
    assert!(scenario.timeline.iter().all(|entry| entry.action().is_some()));
}

#[test]
fn the_example_uses_every_key_of_the_root() {
    let (example, schema) = (from_yaml(EXAMPLE), json_schema());
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(example.get(key).is_some(), "{key}");
    }
}

#[test]
fn an_empty_scenario_is_the_default_one() {
    assert_eq!(Scenario::from_value(json!({})).unwrap(), Scenario::default());
    let nothing =
        json!({"settings": null, "services": null, "simulation": {"seed": null}, "behavior": {"latencies": null}});
    assert_eq!(complaints(&validator(), &nothing), [""; 0]);
    assert_eq!(Scenario::from_value(nothing).unwrap(), Scenario::default());
    assert_eq!((Scenario::default().region(), Scenario::default().cluster.name()), ("us-east-1", "default"));
}

#[test]
fn latencies_none_applies_unless_written() {
    let value = json!({"simulation": {"latencies": "none"}, "settings": {"eni_attach": "3s"}});
    let settings = Scenario::from_value(value).unwrap().settings;
    assert_eq!(settings.eni_attach, DurationDistribution::constant(Duration::from_secs(3)));
    assert_eq!((settings.scheduler_latency_s, settings.placement_tie_break), (Seconds::new(0), TieBreak::Fixed));
    assert_eq!(settings.healthy_wait_s, Seconds::new(40));
    let bare = Scenario::from_value(json!({"simulation": {"latencies": "none"}})).unwrap();
    assert_eq!(bare.settings, Settings::without_latencies());
    assert_eq!(bare.settings, Settings::preset(LatencyPreset::None));
}

#[test]
fn task_definitions_may_be_wrapped_as_aws_prints_them() {
    let plain = json!({"family": "web", "containerDefinitions": [{"name": "app", "memory": 128}]});
    let wrapped = json!({"taskDefinition": plain, "tags": [{"key": "team", "value": 7}]});
    let value = only("taskDefinitions", json!([plain, wrapped]));
    assert_eq!(complaints(&validator(), &value), [""; 0]);
    let read = Scenario::from_value(value).unwrap().task_definitions;
    assert_eq!((read[0].family.as_str(), read[0].tags.len()), ("web", 0));
    assert_eq!((read[1].family.as_str(), read[1].tags.len()), ("web", 1));
    let include = only("taskDefinitions", json!([{"include": "task-definition.json"}]));
    assert_eq!(complaints(&validator(), &include), [""; 0]);
    // The message names the field that is wrong, not the union.
    let wrong =
        only("taskDefinitions", json!([{"family": "web", "containerDefinitions": [{"name": "app", "memoy": 1}]}]));
    let complaints = complaints(&validator(), &wrong);
    assert_eq!(complaints.len(), 1);
    assert!(complaints[0].starts_with("/taskDefinitions/0/containerDefinitions/0: "), "{complaints:?}");
}

/// The schema and the reader agree on what is wrong.
#[test]
fn what_cannot_be_read_does_not_validate() {
    let run_task = json!({"taskDefinition": "t"});
    let workload = |more: Value| {
        let mut entry = json!({"runTask": run_task});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        only("workload", json!([entry]))
    };
    let behavior = |key: &str, value: Value| only("behavior", json!({"taskDefinitions": {"web": {key: value}}}));
    let timeline = |action: &str, value: Value| only("timeline", json!([{"at": "1s", action: value}]));
    let instances = |key: &str, value: Value| only("containerInstances", json!([{key: value}]));
    let group = |key: &str, value: Value| {
        let mut group = json!({"autoScalingGroupName": "g", "minSize": 0, "maxSize": 1});
        group[key] = value;
        only("autoScalingGroups", json!([group]))
    };
    let task = |key: &str, value: Value| {
        only("taskDefinitions", json!([{"family": "t", "containerDefinitions": [], key: value}]))
    };
    let bad = [
        json!([]),
        only("service", json!([])),
        only("simulation", json!({"duration": 24})),
        only("simulation", json!({"duration": "1h 2d"})),
        only("simulation", json!({"duration": "99999999999999999999d"})),
        only("simulation", json!({"start": "yesterday"})),
        only("simulation", json!({"start": "2026-13-01"})),
        only("simulation", json!({"seed": -1})),
        only("simulation", json!({"latencies": "some"})),
        only("settings", json!({"placement_tie_break": "first"})),
        only("settings", json!({"schedulerLatency": 1})),
        only("settings", json!({"scheduler_latency_s": "5"})),
        only("settings", json!({"scheduler_latency_s": -5})),
        only("settings", json!({"service_launches_per_min": "on"})),
        only("settings", json!({"ec2_launch_bucket": {"capacity": 100}})),
        only("settings", json!({"ebs_slots": 70_000})),
        only("vpc", json!({"subnets": {"subnet-a": {"freeAddresses": 3}}})),
        only("instanceTypes", json!({"my.gpu": {"memory": 512}})),
        only("instanceTypes", json!({"my.gpu": {"memory": "512gib"}})),
        instances("count", json!("two")),
        instances("operatingSystem", json!("BSD")),
        instances("attributes", json!([{"value": "no name"}])),
        instances("agent", json!({"ECS_RESERVED_MEMORY": 70_000})),
        instances("agent", json!({"ECS_IMAGE_PULL_BEHAVIOR": "sometimes"})),
        instances(
            "fromCsv",
            json!({"file": "x.csv", "columns": {"cpu": "cpu", "memory": {"column": "m", "unit": "MiB"}}}),
        ),
        task("cpu", json!("0.3 vCPU")),
        task("memory", json!("512MiB")),
        task("networkMode", json!("bridged")),
        task("volumes", json!([{"nam": "x"}])),
        only("taskDefinitions", json!([{"family": "t"}])),
        only("taskDefinitions", json!([{"taskDefinition": {"family": "t"}}])),
        only("services", json!([{"serviceName": "web", "desiredcount": 4}])),
        only("services", json!([{"serviceName": "web", "placementStrategy": [{"type": "pack"}]}])),
        only("services", json!([{"taskDefinition": "web"}])),
        workload(json!({"at": 5})),
        workload(json!({"every": {"interval": "1s", "poisson": {"ratePerHour": 1}}})),
        workload(json!({"every": {}})),
        workload(json!({"every": {"poisson": {"rate": 1}}})),
        workload(json!({"duration": {"lognormal": {"median": "1s"}}})),
        workload(json!({"duration": {"min": "1s"}})),
        workload(json!({"duration": {"empirical": "x.csv"}})),
        workload(json!({"whenUnplaced": "wait"})),
        workload(json!({"whenUnplaced": {"retry": {"backoff": 2}}})),
        workload(json!({"trace": {"file": "x.csv", "columns": {"arrival": {"column": "a", "unit": "d"}}}})),
        workload(json!({"trace": {"file": "x.csv", "columns": {}}})),
        behavior("imageSize", json!(200)),
        behavior("exitCode", json!(256)),
        behavior("crash", json!({"exitCode": 1})),
        behavior("crash", json!({"after": "1m", "probability": 0.1})),
        behavior("crash", json!({"after": "1m", "probability": "110%"})),
        behavior("failToStart", json!({"error": "CannotPull"})),
        behavior("failToStop", json!({"error": "CannotStartContainerError"})),
        behavior("memory", json!({"perTask": 310})),
        behavior("cpu", json!({})),
        timeline("stopTask", json!({"task": {"count": "some"}})),
        timeline("updateContainerInstancesState", json!({"containerInstances": "A1", "status": "INACTIVE"})),
        timeline("putAttributes", json!({"containerInstances": 7, "attributes": []})),
        timeline("stopInstances", json!({"containerInstances": []})),
        timeline("rebootInstances", json!({})),
        timeline("setInstanceHealth", json!({"containerInstances": "a", "healthStatus": "Ill"})),
        timeline("suspendProcesses", json!({"autoScalingGroupName": "g", "scalingProcesses": ["Rebalance"]})),
        timeline("availabilityZoneOutage", json!({"zone": "us-east-1a", "duration": 40})),
        timeline("spotInterruption", json!({"pool": "m6i.large"})),
        timeline("poolCapacity", json!({"zone": "us-east-1a"})),
        only("settings", json!({"profile": "e1999"})),
        only("settings", json!({"scale_in_cap": 1.5})),
        only("settings", json!({"cold_launch": "fast"})),
        only("settings", json!({"cold_launch": 60})),
        only("settings", json!({"asg_health_notice_s": "soon"})),
        only("settings", json!({"ice_backoff": {"first": 60}})),
        only("settings", json!({"spot_profile": "trace"})),
        only("settings", json!({"fargate_pull_mb_per_s": "fast"})),
        only("settings", json!({"savings_plan_commitment": "$2"})),
        group("minSize", json!("many")),
        group("minsize", json!(1)),
        group("terminationPolicies", json!(["Oldest"])),
        group("suspendedProcesses", json!([{"processName": "Rebalance"}])),
        group("vpcZoneIdentifier", json!(7)),
        group("launchTemplate", json!({"instanceTyp": "m6i.large"})),
        group("launchTemplate", json!("m6i.large")),
        group("mixedInstancesPolicy", json!({"launchTemplate": {"overrides": [{"instanceTyp": "m6i.large"}]}})),
        group(
            "mixedInstancesPolicy",
            json!({"launchTemplate": {}, "instancesDistribution": {"spotMaxPrice": "cheap"}}),
        ),
        group("lifecycleHookSpecificationList", json!([{"lifecycleHookName": "h", "lifecycleTransition": "launch"}])),
        group("warmPool", json!({"poolState": "stopped"})),
        group("scalingPolicies", json!([{"policyName": "p", "policyType": "TargetTracking"}])),
        group("scalingPolicies", json!([{"policyName": "p", "stepAdjustments": [{}]}])),
        group("scheduledActions", json!([{"scheduledActionName": "a", "startTime": "tomorrow"}])),
        only("launchTemplates", json!([{"launchTemplateName": "t"}])),
        only("capacityProviders", json!([{"autoScalingGroupProvider": {"autoScalingGroup": "g"}}])),
        only(
            "capacityProviders",
            json!([{"name": "p", "autoScalingGroupProvider": {"managedScaling": {"status": "ON"}}}]),
        ),
        only("capacityProviders", json!([{"name": "p", "managedInstancesProvider": {"capacityOptionType": "SPOT"}}])),
        only("behavior", json!({"autoScalingGroups": {"g": {"launch": 75}}})),
        only("behavior", json!({"autoScalingGroups": {"g": {"spotInterruptions": {"band": "20-30%"}}}})),
        only("behavior", json!({"autoScalingGroups": {"g": {"lifecycleHooks": {"h": {"result": "STOP"}}}}})),
        only("behavior", json!({"spot": {"poolCapacity": [{"instanceType": "m6i.large"}]}})),
        only("behavior", json!({"fargate": {"spotInterruptions": {"monthly": 5}}})),
        only("behavior", json!({"metrics": [{"namespace": "n", "metricName": "m", "values": [["1s"]]}]})),
        only("behavior", json!({"metrics": [{"namespace": "n", "metricName": "m", "values": [[1, 2]]}]})),
        only("pricing", json!({"currency": "EUR"})),
        only("pricing", json!({"onDemand": {"m6i.large": "0,096"}})),
        only("pricing", json!({"onDemand": {"m6i.large": -1}})),
        only("pricing", json!({"spotDiscount": "165%"})),
        only("pricing", json!({"reservedInstances": [{"family": "m6i"}]})),
        only("timeline", json!([{"stopInstances": {"containerInstances": "A1"}}])),
        only("expect", json!(["always"])),
        only("expect", json!([{"always": 4}])),
        only("expect", json!([{"always": "a == 1", "at 1m": "b == 2"}])),
    ];
    let validator = validator();
    let empty_list_reads = timeline("stopInstances", json!({"containerInstances": []}));
    for value in bad {
        assert!(!validator.is_valid(&value), "the schema accepts {value}");
        if value != empty_list_reads {
            assert!(Scenario::from_value(value.clone()).is_err(), "the reader accepts {value}");
        }
    }
}

#[test]
fn the_schema_is_one() {
    let schema = json_schema();
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!((&schema["title"], schema.get("$id")), (&json!("ecsim scenario"), None));
}

/// Walks all subschemas, with their place.
fn walk<'a>(schema: &'a Value, place: String, visit: &mut impl FnMut(&str, &'a serde_json::Map<String, Value>)) {
    match schema {
        Value::Object(map) => {
            visit(&place, map);
            for (key, value) in map {
                if !matches!(key.as_str(), "default" | "examples" | "enum") {
                    walk(value, format!("{place}/{key}"), visit);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, format!("{place}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_property_is_described_and_every_mark_known() {
    let schema = json_schema();
    walk(&schema, String::new(), &mut |place, map| {
        if place.ends_with("/properties") {
            for (name, property) in map {
                let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
                assert!(description.ends_with('.') || description.ends_with(')'), "{place}/{name}: {description:?}");
            }
        } else if let Some(mark) = map.get("x-ecsim") {
            assert!(mark == "kept" || mark == "later", "{place}: {mark}");
        }
    });
}

/// The JSON types that a schema accepts.
fn types(schema: &Value, root: &Value) -> BTreeSet<String> {
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'))
    {
        return types(root.pointer(pointer).expect("a definition"), root);
    }
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        return branches.iter().flat_map(|branch| types(branch, root)).collect();
    }
    match &schema["type"] {
        Value::String(kind) => BTreeSet::from([kind.clone()]),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn branches_of_a_union_differ_in_type() {
    let schema = json_schema();
    walk(&schema, String::new(), &mut |place, map| {
        let mut seen = BTreeSet::new();
        for branch in map.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
            let types = types(branch, &schema);
            assert!(!types.is_empty(), "{place}: a branch without a type");
            for kind in types {
                let numeric = if kind == "integer" { "number".to_owned() } else { kind.clone() };
                assert!(seen.insert(numeric), "{place}: two branches of type {kind}");
            }
        }
    });
}

/// A folder of the data, where the environment says there is one.
fn data(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        eprintln!("SKIPPED: set {variable} to run this test");
    }
    path
}

fn json_files(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.display().to_string(), serde_json::from_str(&text).unwrap())
    };
    files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")).map(read).collect()
}

#[test]
fn real_task_definitions_and_services_read() {
    let Some(root) = data("ECSIM_DATA") else { return };
    let validator = validator();
    let task_definitions = json_files(&root.join("ecs-artifacts/task-definitions"));
    assert!(task_definitions.len() >= 29, "{}", task_definitions.len());
    let services = json_files(&root.join("ecs-artifacts/service-definitions"));
    let blocks = task_definitions.iter().map(|file| ("taskDefinitions", file));
    let blocks = blocks.chain(services.iter().map(|file| ("services", file)));
    for (key, (path, value)) in blocks {
        let scenario = only(key, json!([value]));
        assert_eq!(complaints(&validator, &scenario), [""; 0], "{path}");
        let read = Scenario::from_value(scenario).unwrap_or_else(|error| panic!("{path}: {error}"));
        // Nothing is lost but what is empty.
        let mut lost = Vec::new();
        let written = read.to_value().unwrap();
        missing(value, &written[key][0], String::new(), &mut lost);
        assert_eq!(lost, [""; 0], "{path}");
    }
}

/// The leaves of `before` that `after` does not have; task sizes may be written in another form.
fn missing(before: &Value, after: &Value, place: String, lost: &mut Vec<String>) {
    match (before, after) {
        (Value::Null, _) => {}
        (Value::Object(map), _) => {
            for (key, value) in map {
                missing(value, after.get(key).unwrap_or(&Value::Null), format!("{place}/{key}"), lost);
            }
        }
        (Value::Array(items), _) => {
            for (index, item) in items.iter().enumerate() {
                missing(item, after.get(index).unwrap_or(&Value::Null), format!("{place}/{index}"), lost);
            }
        }
        (Value::String(text), Value::Null) if text.is_empty() => {}
        (before, after)
            if before == after || before.to_string().trim_matches('"') == after.to_string().trim_matches('"') => {}
        (_, Value::String(_)) if place == "/cpu" || place == "/memory" => {}
        _ => lost.push(place),
    }
}

/// AWS's own list of fields is the service model that botocore carries, `ecs/2014-11-13/service-2.json`, unpacked.
#[test]
fn no_field_of_aws_is_unknown() {
    let Some(path) = data("ECSIM_AWS_MODEL") else { return };
    let model: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let schema = json_schema();
    // Our definition of each of AWS's shapes, where the names differ.
    let ours = |shape: &str| match shape {
        "RegisterTaskDefinitionRequest" => "TaskDefinition".to_owned(),
        "CreateServiceRequest" => "Service".to_owned(),
        "CreateClusterRequest" => "Cluster".to_owned(),
        "TaskDefinitionPlacementConstraint" => "PlacementConstraint".to_owned(),
        other => other.strip_suffix("Request").unwrap_or(other).to_owned(),
    };
    // The timeline says with `task` what this call says with ids; and what `Describe...` prints is for `ecsim import`.
    let instead = |shape: &str, name: &str| shape == "UpdateTaskProtectionRequest" && name == "tasks";
    let printed = ["Service", "Cluster"];
    let (mut compared, mut unknown) = (0, Vec::new());
    for (shape, description) in model["shapes"].as_object().unwrap() {
        if printed.contains(&shape.as_str()) {
            continue;
        }
        let Some(properties) = schema.pointer(&format!("/$defs/{}/properties", ours(shape))) else { continue };
        let Some(members) = description["members"].as_object() else { continue };
        compared += 1;
        for name in members.keys() {
            if properties.get(name).is_none() && !instead(shape, name) {
                unknown.push(format!("{shape}.{name}"));
            }
        }
    }
    assert!(compared >= 45, "only {compared} shapes have the names of AWS");
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn aws_objects_keep_what_is_not_simulated() {
    let service: Service = serde_json::from_value(json!({
        "serviceName": "web", "loadBalancers": [{"targetGroupArn": "arn:x", "containerPort": 80}],
        "enableECSManagedTags": true, "volumeConfigurations": [{"name": "v", "managedEBSVolume": {"roleArn": "r"}}],
    }))
    .unwrap();
    assert_eq!((service.load_balancers.len(), service.enable_ecs_managed_tags), (1, Some(true)));
    let run: RunTask =
        serde_json::from_value(json!({"taskDefinition": "t", "overrides": {"cpu": "", "memory": "1 GB"}})).unwrap();
    let overrides = run.overrides.unwrap();
    assert_eq!((overrides.cpu, overrides.memory), (None, Some(aws::TaskMemory(1_024))));
    let error =
        serde_json::from_value::<TaskDefinition>(json!({"family": "t", "containerDefinitions": [{}]})).unwrap_err();
    assert!(error.to_string().contains("missing field `name`"), "{error}");
}
