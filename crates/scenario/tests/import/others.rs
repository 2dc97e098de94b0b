//! Task definitions alone, compose files, tables.

use ecsim_scenario::import::FindingKind;
use ecsim_scenario::import::FindingKind::{Assumed, NotCarriedOver, NotNeeded, Note};
use serde_json::json;

use crate::kit::*;

#[test]
fn a_task_definition_alone_gets_a_service_and_a_place() {
    let bare = r#"{"family": "gpu", "placementConstraints": [{"type": "memberOf", "expression": "attribute:stack == prod"}],
      "containerDefinitions": [{"name": "a", "image": "x", "cpu": 1024, "memory": 4000, "resourceRequirements": [{"type": "GPU", "value": "1"}]}]}"#;
    let imported = imported(&[("gpu.json", bare)]);
    let made = scenario(&imported);
    assert_eq!((&made["services"][0]["serviceName"], &made["services"][0]["desiredCount"]), (&json!("gpu"), &json!(1)));
    let instances = &made["containerInstances"][0];
    assert_eq!(instances["instanceType"], "g4dn.xlarge", "a type with a GPU");
    assert_eq!(instances["attributes"], json!([{"name": "stack", "value": "prod"}]));
    says(&imported, Assumed, &["the files have no service"]);
    says(&imported, Assumed, &["where tasks run is not known: 1 g4dn.xlarge stands in"]);
    says(&imported, Note, &["no workload is known"]);
}

#[test]
fn on_fargate_nothing_needs_to_stand_in() {
    let bare = r#"{"family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512", "containerDefinitions": [{"name": "a", "image": "x"}]}"#;
    let imported = imported(&[("web.json", bare)]);
    let made = scenario(&imported);
    assert!(made.get("containerInstances").is_none());
    assert_eq!(made["services"][0]["launchType"], "FARGATE");
}

#[test]
fn a_pinned_type_and_twins() {
    let bare = |family: &str| {
        format!(
            r#"{{"family": "{family}", "placementConstraints": [{{"type": "memberOf", "expression": "attribute:ecs.instance-type == inf1.xlarge"}}], "containerDefinitions": [{{"name": "a", "image": "x", "memory": 100}}]}}"#
        )
    };
    let (one, same) = (bare("one"), bare("one"));
    let imported = imported(&[("a.json", &one), ("b.json", &same)]);
    let made = scenario(&imported);
    assert_eq!(made["containerInstances"][0]["instanceType"], "inf1.xlarge");
    assert_eq!(made["taskDefinitions"].as_array().unwrap().len(), 1);
    says(&imported, Note, &["is there twice; one is taken"]);
}

pub const COMPOSE: &str = r#"services:
  web:
    image: shop
    ports: ["80:8080", {target: 53, protocol: udp}]
    deploy: {replicas: 3, resources: {limits: {cpus: "0.5", memory: 2g}}}
    healthcheck: {test: curl localhost, interval: 1m30s, retries: 3}
    x-aws-autoscaling: {min: 2, max: 8, cpu: 75}
    environment: [A=1]
  db:
    build: .
    depends_on: [web]
    volumes: ["data:/x"]
volumes: {data: {}}
"#;

#[test]
fn a_compose_file_becomes_services_on_fargate() {
    let imported = imported(&[("compose.yaml", COMPOSE)]);
    let made = scenario(&imported);
    let web = made["services"].as_array().unwrap().iter().find(|it| it["serviceName"] == "web").unwrap();
    assert_eq!((&web["desiredCount"], &web["launchType"]), (&json!(3), &json!("FARGATE")));
    assert_eq!(web["autoScaling"]["policies"][0]["targetTrackingScalingPolicyConfiguration"]["targetValue"], 75);
    let definition = made["taskDefinitions"].as_array().unwrap().iter().find(|it| it["family"] == "web").unwrap();
    assert_eq!((&definition["cpu"], &definition["memory"]), (&json!("512"), &json!("2048")));
    let container = &definition["containerDefinitions"][0];
    assert_eq!(
        container["portMappings"],
        json!([{"containerPort": 8080, "protocol": "tcp"}, {"containerPort": 53, "protocol": "udp"}])
    );
    assert_eq!(container["healthCheck"]["interval"], 90);
    says(&imported, NotCarriedOver, &["compose.yaml:11:5", "`depends_on`"]);
    says(&imported, NotCarriedOver, &["`db`: `volumes`"]);
    says(&imported, Assumed, &["`db` says no size"]);
    says(&imported, Note, &["`db` has no image"]);
}

const COMPOSE_IN_FULL: &str = r#"services:
  api:
    image: shop
    platform: linux/arm64
    stop_grace_period: 3m
    scale: 2
    restart: "no"
    labels: {a: b}
    environment: [A=1]
    mem_reservation: 300m
    healthcheck:
      test: [CMD, curl, localhost]
      interval: 7500ms
      start_interval: 1s
      start_period: 20s
    deploy:
      replicas: 4
      mode: global
      resources:
        limits: {cpus: "1", memory: 2g, pids: 10}
        reservations: {cpus: "0.25", memory: 512m, devices: [{capabilities: [gpu]}]}
      update_config: {parallelism: 1, delay: 10s}
      restart_policy: {condition: any}
      x-aws-autoscaling: {min: 2, cpu: 75}
  quiet:
    image: shop
    cpus: lots
    healthcheck: {disable: true}
  own:
    image: shop
    healthcheck: {interval: 5s}
"#;

/// What ECS has is carried over as Docker's integration does; of everything else stands there where it is.
#[test]
fn every_setting_of_a_compose_file_is_carried_over_or_told() {
    let imported = imported(&[("c.yaml", COMPOSE_IN_FULL)]);
    let made = scenario(&imported);
    let by = |list: &str, key: &str, name: &str| {
        made[list].as_array().unwrap().iter().find(|it| it[key] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    let service = by("services", "serviceName", "api");
    assert_eq!(service["desiredCount"], 4);
    assert_eq!(service["deploymentConfiguration"], json!({"minimumHealthyPercent": 75, "maximumPercent": 125}));
    assert_eq!(
        (&service["autoScaling"]["minCapacity"], &service["autoScaling"]["maxCapacity"]),
        (&json!(2), &json!(10))
    );
    let definition = by("taskDefinitions", "family", "api");
    assert_eq!((&definition["cpu"], &definition["memory"]), (&json!("1024"), &json!("2048")));
    assert_eq!(definition["runtimePlatform"], json!({"cpuArchitecture": "ARM64"}));
    let container = &definition["containerDefinitions"][0];
    assert_eq!((&container["cpu"], &container["memoryReservation"]), (&json!(256), &json!(512)));
    assert_eq!(container["stopTimeout"], 120);
    let check = json!({"command": ["CMD", "curl", "localhost"], "interval": 8, "startPeriod": 20});
    assert_eq!(container["healthCheck"], check);
    assert!(by("taskDefinitions", "family", "quiet")["containerDefinitions"][0]["healthCheck"].is_null());
    for words in [
        ["c.yaml:6:12", "`scale` says something else"],
        ["c.yaml:7:5", "`restart: no`"],
        ["c.yaml:14:7", "ECS has no `start_interval`"],
        ["c.yaml:18:7", "Fargate has no DAEMON"],
        ["c.yaml:20:41", "`deploy.resources.limits.pids`"],
        ["c.yaml:21:52", "Fargate has no GPUs"],
        ["c.yaml:22:39", "`deploy.update_config.delay`"],
        ["c.yaml:23:7", "`deploy.restart_policy`"],
        ["c.yaml:27:11", "`lots` is no size"],
        ["c.yaml:31:18", "of the image itself"],
    ] {
        says(&imported, NotCarriedOver, &words);
    }
    for words in [
        ["c.yaml:5:24", "stops within 120 s"],
        ["c.yaml:13:17", "rounded up to 8 s"],
        ["c.yaml:24:26", "scaling says no `max`"],
    ] {
        says(&imported, Assumed, &words);
    }
    says(&imported, NotNeeded, &["c.yaml:8:5", "`api`: `labels`"]);
    says(&imported, NotNeeded, &["c.yaml:9:5", "`api`: `environment`"]);
    says(&imported, Assumed, &["no file names a Region: us-east-1"]);
}

pub const TASKS: &str = "job,submit_offset_seconds,run_seconds,cores,mem_gb,state,owner\n\
     1,0,60,2,4,done,a\n2,30,600,8,16,done,b\n3,50,,2,4,waiting,a\n4,7200,30,1,1,done,c\n";

#[test]
fn a_table_of_tasks_becomes_a_trace_and_its_columns_are_said() {
    let imported = imported(&[("jobs.csv", TASKS)]);
    let made = scenario(&imported);
    let trace = &made["workload"][0]["trace"];
    assert_eq!(trace["file"], "jobs.csv");
    assert_eq!(
        trace["columns"],
        json!({
            "arrival": {"column": "submit_offset_seconds", "unit": "s"}, "duration": {"column": "run_seconds", "unit": "s"},
            "cpu": {"column": "cores", "unit": "vCPU"}, "memory": {"column": "mem_gb", "unit": "GB"},
        })
    );
    assert_eq!(trace["where"], json!({"state": ["done"]}), "rows without a duration are left out");
    assert_eq!(made["workload"][0]["whenUnplaced"], "queue");
    assert_eq!(made["containerInstances"][0]["instanceType"], "m5.2xlarge", "the largest task fits");
    assert_eq!(made["simulation"]["duration"], "2h");
    says(&imported, Assumed, &["cpu is `cores` in vCPU", "arrival is `submit_offset_seconds` in s"]);
    says(&imported, NotCarriedOver, &["columns that are not used: `job`, `owner`"]);
}

#[test]
fn a_table_of_requests_goes_to_a_service() {
    let table = "minute_start,requests\n2026-01-01T00:00:00Z,10\n2026-01-01T00:01:00Z,20\n2026-01-01T00:02:00Z,15\n";
    let bare = r#"{"serviceName": "shop", "taskDefinition": "shop", "launchType": "FARGATE", "desiredCount": 2}"#;
    let imported = imported(&[("hits.csv", table), ("service.json", bare)]);
    let made = scenario(&imported);
    let entry = &made["workload"][0];
    assert_eq!((&entry["service"], &entry["cpuPerRequest"]), (&json!("shop"), &json!("10ms")));
    let trace = &entry["requestsPerSecond"]["trace"];
    assert_eq!(
        (&trace["column"], &trace["timeColumn"]["column"], &trace["per"]),
        (&json!("requests"), &json!("minute_start"), &json!("row"))
    );
    says(&imported, Assumed, &["what a request costs is not known"]);
}

#[test]
fn dates_and_times_since_1970() {
    let table = "arrival,end,cpu_milli\n1767225600,1767225700,500\n1767225660,1767225900,1500\n";
    let imported = imported(&[("t.csv", table)]);
    let trace = &scenario(&imported)["workload"][0]["trace"];
    assert_eq!((&trace["skipBefore"], &trace["columns"]["cpu"]["unit"]), (&json!("1767225600s"), &json!("millicores")));
    says(&imported, Assumed, &["the first row of the table is the start"]);
}

#[test]
fn a_table_of_requests_says_what_it_leaves_out() {
    let mut table = "segment,minute,requests,queue_size\n".to_owned();
    for minute in 0..3_000 {
        table += &format!("a,{minute},{},0\n", 10 + minute % 7);
    }
    let found = imported(&[("web.csv", &table)]);
    says(&found, FindingKind::NotCarriedOver, &["columns that are not used", "`segment`", "`queue_size`"]);
    says(&found, FindingKind::Note, &["covers 3 days", "24 hours"]);
}

#[test]
fn custom_resources_are_named_and_trunking_is_turned_on() {
    let template = "Resources:\n  Trunks:\n    Type: Custom::CustomEniTrunking\n  Other:\n    Type: Custom::MakeCapacity\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: t\n      RequiresCompatibilities: [FARGATE]\n      NetworkMode: awsvpc\n      Cpu: '256'\n      Memory: '512'\n      ContainerDefinitions: [{Name: c, Image: i}]\n";
    let found = imported(&[("stack.yaml", template)]);
    assert_eq!(scenario(&found)["accountSettings"]["awsvpcTrunking"], json!("enabled"));
    says(&found, FindingKind::NotCarriedOver, &["`Other`", "Custom::MakeCapacity"]);
    says(&found, FindingKind::NotCarriedOver, &["`Trunks`", "awsvpcTrunking"]);
}
