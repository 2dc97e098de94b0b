//! The same scenario and seed give the same bytes, run after run, in whatever order the scenario lists its things.

mod kit;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// Every file of a run, the manifest without what is allowed to differ.
fn files_of_run(place: &Path, scenario: &str, out: &str, also: &[&str], without: &[&str]) -> Vec<(String, String)> {
    let mut arguments = vec!["run", scenario, "--quiet", "--events", "--out", out];
    arguments.extend(also);
    let output = kit::run(place, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files = Vec::new();
    for (name, bytes) in kit::files(&place.join(out)) {
        let mut text = String::from_utf8(bytes).expect("traces are UTF-8");
        if name == "manifest.json" {
            let mut manifest: Value = serde_json::from_str(&text).expect("the manifest is JSON");
            let map = manifest.as_object_mut().expect("the manifest is a map");
            for key in without {
                assert!(map.shift_remove(*key).is_some(), "{key}");
            }
            text = manifest.to_string();
        }
        files.push((name, text));
    }
    files
}

fn assert_equal(one: &[(String, String)], other: &[(String, String)]) {
    let names = |files: &[(String, String)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(one), names(other));
    for ((name, one), (_, other)) in one.iter().zip(other) {
        let line = one.lines().zip(other.lines()).position(|(a, b)| a != b);
        let (a, b) = line.map_or(("", ""), |at| {
            (one.lines().nth(at).unwrap_or_default(), other.lines().nth(at).unwrap_or_default())
        });
        assert!(one == other, "{name} differs at {line:?}:\n{a}\n{b}");
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    let place = kit::workplace();
    let run = |out, also: &[&str]| files_of_run(place.path(), "scenarios/quickstart.yaml", out, also, &["wallSeconds"]);
    let first = run("one", &[]);
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "alarms.csv",
            "bill.csv",
            "container_instances.csv",
            "deployments.csv",
            "events.jsonl",
            "manifest.json",
            "metrics/auto_scaling_groups.csv",
            "metrics/capacity_providers.csv",
            "metrics/cluster.csv",
            "metrics/services.csv",
            "metrics/target_groups.csv",
            "report.html",
            "scaling_activities.csv",
            "service_events.csv",
            "summary.json",
            "tasks.csv"
        ]
    );
    assert_equal(&first, &run("two", &[]));
    // Into the same directory again: it is replaced.
    assert_equal(&first, &run("one", &[]));
    let other_luck = run("three", &["--seed", "8"]);
    assert!(first.iter().zip(&other_luck).any(|(one, other)| one != other), "another seed is another run");
}

/// A scenario with several of everything.
fn scenario() -> Value {
    let definition = |family: &str, cpu: u32, memory: u32| {
        json!({"family": family, "containerDefinitions": [
            {"name": "main", "image": format!("{family}:1"), "cpu": cpu, "memory": memory}]})
    };
    let instances = |name: &str, kind: &str, zone: &str, count: u32| json!({"name": name, "instanceType": kind, "availabilityZone": zone, "count": count});
    json!({
        "name": "order",
        "simulation": {"duration": "3h", "seed": 11},
        "containerInstances": [
            instances("alpha", "m5.large", "us-east-1a", 3),
            instances("beta", "c5.xlarge", "us-east-1b", 2),
            instances("gamma", "r5.large", "us-east-1c", 2),
        ],
        "taskDefinitions": [
            definition("api", 256, 512), definition("batch", 1024, 1800), definition("cache", 128, 3000),
            definition("logs", 64, 128),
        ],
        "services": [
            {"serviceName": "api", "taskDefinition": "api", "desiredCount": 7},
            {"serviceName": "cache", "taskDefinition": "cache", "desiredCount": 3,
             "placementStrategy": [{"type": "binpack", "field": "memory"}]},
            {"serviceName": "logs", "taskDefinition": "logs", "schedulingStrategy": "DAEMON"},
        ],
        "workload": [
            {"name": "nightly", "runTask": {"taskDefinition": "batch"}, "every": {"poisson": {"ratePerHour": 50}},
             "duration": {"lognormal": {"median": "5m", "p95": "20m"}}, "whenUnplaced": "queue"},
            {"name": "adhoc", "runTask": {"taskDefinition": "batch", "count": 2}, "at": ["5m", "5m", "1h"],
             "duration": "10m"},
            {"name": "probe", "runTask": {"taskDefinition": "api"}, "every": {"interval": "7m"}, "duration": "1m",
             "whenUnplaced": {"retry": {"every": "30s"}}},
        ],
        "timeline": [{"at": "90m", "terminateInstances": {"containerInstances": "alpha-2"}}],
    })
}

#[test]
fn the_order_of_lists_in_the_scenario_changes_nothing() {
    let place = kit::directory();
    let write = |name: &str, scenario: &Value| {
        fs::write(place.path().join(name), scenario.to_string()).expect("the scenario is written");
    };
    let original = scenario();
    write("original.yaml", &original);
    let without = ["wallSeconds", "scenarioDigest"];
    let expected = files_of_run(place.path(), "original.yaml", "original", &[], &without);
    for list in ["containerInstances", "taskDefinitions", "services", "workload"] {
        let mut reversed = original.clone();
        reversed[list].as_array_mut().expect("a list").reverse();
        let file = format!("{list}.yaml");
        write(&file, &reversed);
        assert_equal(&expected, &files_of_run(place.path(), &file, list, &[], &without));
    }
}
