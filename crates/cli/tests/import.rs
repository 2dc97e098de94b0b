//! `ecsim import` on published task definitions, templates and answers: each becomes a scenario that passes the check and
//! runs, or is refused for a reason that is said. They are not part of the project; without them the test says so.

mod kit;

use std::path::{Path, PathBuf};

/// What makes no scenario, with a part of the reason.
const REFUSED: [(&str, &str); 11] = [
    ("events/guide_event_00_ecs_container_instance_state_change.json", "an event of EventBridge"),
    ("events/guide_event_03_ecs_service_action_service_steady_state.json", "an event of EventBridge"),
    ("events/guide_event_05_ecs_service_action_service_task_start_impaired.json", "an event of EventBridge"),
    ("events/guide_event_07_ecs_service_action_service_task_placement_failure.json", "an event of EventBridge"),
    (
        "events/guide_event_10_ecs_deployment_state_change_service_deployment_in_progress.json",
        "an event of EventBridge",
    ),
    ("events/guide_event_12_ecs_deployment_state_change_service_deployment_failed.json", "an event of EventBridge"),
    ("events/pattern_sample_ecs_event.json", "an event of EventBridge"),
    ("service-definitions/guide_deployment_type_external_0.json", "`serviceName` is empty"),
    ("service-definitions/guide_service_definition_parameters_0.json", "`serviceName` is empty"),
    ("task-definitions/guide_example_task_definitions_7.json", "needs `memory` or `memoryReservation`"),
    ("task-definitions/guide_task_definition_template_0.json", "`family` is empty"),
];

fn artefacts() -> Option<PathBuf> {
    let root = std::env::var_os("ECSIM_DATA")?;
    Some(Path::new(&root).join("ecs-artifacts")).filter(|folder| folder.is_dir())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_artefact_becomes_a_scenario_that_runs_or_is_refused_with_a_reason() {
    let Some(folder) = artefacts() else {
        println!("skipped: ECSIM_DATA does not name a folder with ecs-artifacts");
        return;
    };
    let place = kit::directory();
    let (mut made, mut refused) = (0, 0);
    for (name, _) in kit::files(&folder) {
        let is_document = name.ends_with(".json") || name.ends_with(".yaml");
        if !is_document || !name.contains('/') {
            continue;
        }
        let path = folder.join(&name);
        let out = place.path().join("made.yaml");
        let _ = std::fs::remove_file(&out);
        let imported = kit::run(place.path(), &["import", path.to_str().unwrap(), "--out", "made.yaml"]);
        let said = text(&imported.stderr);
        if let Some((_, reason)) = REFUSED.iter().find(|(known, _)| *known == name) {
            assert_eq!(imported.status.code(), Some(2), "{name}: {said}");
            assert!(said.contains(reason), "{name}: {said}");
            assert!(!out.exists(), "{name}: nothing is written");
            refused += 1;
            continue;
        }
        assert_eq!(imported.status.code(), Some(0), "{name}: {said}");
        let checked = kit::run(place.path(), &["check", "made.yaml"]);
        assert_eq!(checked.status.code(), Some(0), "{name}: {}", text(&checked.stderr));
        let run = kit::run(place.path(), &["run", "made.yaml", "--until", "10m", "--format", "json"]);
        assert_eq!(run.status.code(), Some(0), "{name}: {}", text(&run.stderr));
        let summary: serde_json::Value = serde_json::from_slice(&run.stdout).expect("a summary");
        // Two templates begin with no task and no instance by their own defaults.
        let begins_empty = ["cluster_capacity_provider.yaml", "scaling_service_capacity_provider.yaml"];
        if !begins_empty.iter().any(|end| name.ends_with(end)) {
            let running = summary.pointer("/tasks/running").and_then(serde_json::Value::as_u64);
            assert!(running.is_some_and(|count| count > 0), "{name}: nothing runs: {}", text(&run.stdout));
        }
        made += 1;
    }
    assert_eq!((made, refused), (45, REFUSED.len()));
}

#[test]
fn the_same_import_gives_the_same_bytes_and_never_half_a_file() {
    let place = kit::directory();
    let write = |name: &str, content: &str| std::fs::write(place.path().join(name), content).expect("a file");
    write("web.json", r#"{"family": "web", "containerDefinitions": [{"name": "a", "image": "x", "memory": 100}]}"#);
    let printed = kit::run(place.path(), &["import", "web.json"]);
    let quiet = kit::run(place.path(), &["import", "web.json", "--quiet"]);
    assert_eq!(text(&printed.stdout), text(&quiet.stdout));
    assert!(!printed.stderr.is_empty() && quiet.stderr.is_empty());
    let json = kit::run(place.path(), &["import", "web.json", "--quiet", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["scenario"]["services"][0]["serviceName"], "web");
    assert!(
        json["findings"].as_array().is_some_and(|all| all.iter().any(|it| it["kind"] == "assumed" && it["line"] == 1))
    );
    // A file that is imported is not overwritten, and one that was there stays where the import fails.
    let same = kit::run(place.path(), &["import", "web.json", "--out", "web.json"]);
    assert_eq!(same.status.code(), Some(2), "{}", text(&same.stderr));
    write("out.yaml", "mine");
    write("bad.json", "{\"detail-type\": \"x\", \"source\": \"aws.ecs\"}");
    let bad = kit::run(place.path(), &["import", "bad.json", "--out", "out.yaml"]);
    assert_eq!(bad.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(place.path().join("out.yaml")).expect("still there"), "mine");
}

/// A trace in another folder is found from where the scenario lies.
#[test]
fn a_table_is_named_relative_to_the_scenario() {
    let place = kit::directory();
    std::fs::create_dir_all(place.path().join("data")).expect("a folder");
    std::fs::write(place.path().join("data/jobs.csv"), "arrival_s,duration_s,cpu\n0,60,1\n30,60,2\n").expect("a file");
    for (out, expected) in [("here.yaml", "file: data/jobs.csv"), ("runs/there.yaml", "file: ../data/jobs.csv")] {
        let imported = kit::run(place.path(), &["import", "data/jobs.csv", "--out", out]);
        assert_eq!(imported.status.code(), Some(0), "{}", text(&imported.stderr));
        let made = std::fs::read_to_string(place.path().join(out)).expect("the scenario");
        assert!(made.contains(expected), "{made}");
        let checked = kit::run(place.path(), &["check", out]);
        assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    }
}
