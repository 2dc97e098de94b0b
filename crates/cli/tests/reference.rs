//! The pages of `docs/` that are printed by the program say what it says today, and the schema accepts what it reads.

mod kit;

use ecsim::scenario::disk::DiskFiles;
use ecsim::scenario::document::Limits;
use ecsim::scenario::load::load;
use serde_json::{Value, json};

fn printed(arguments: &[&str]) -> String {
    let output = kit::run(kit::directory().path(), arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_page_of_settings_is_fresh() {
    kit::expect_file(&kit::root().join("docs/settings.md"), &printed(&["schema", "--settings"]));
}

#[test]
fn the_page_of_traces_is_fresh() {
    kit::expect_file(&kit::root().join("docs/traces.md"), &printed(&["schema", "--traces"]));
}

/// What an editor does: JSON Schema 2020-12, every scenario of the repository passes, a misspelt field does not.
#[test]
fn the_schema_is_one_and_accepts_the_scenarios() {
    let schema: Value = serde_json::from_str(&printed(&["schema"])).expect("the schema is JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::meta::validate(&schema).expect("the schema follows the rules of schemas");
    let validator = jsonschema::validator_for(&schema).expect("the schema can be used");
    let mut seen = 0;
    let folders = ["scenarios", "labs"].map(|name| std::fs::read_dir(kit::root().join(name)).expect("a folder"));
    for entry in folders.into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.to_string_lossy().replace('\\', "/");
        let document = load(&DiskFiles::default(), &name, &[], &Limits::default(), &schema).document;
        let mut value = document.expect("the scenario can be read").to_value();
        let problems: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(problems.is_empty(), "{name}: {problems:#?}");
        value["taskDefinitons"] = json!([]);
        assert!(!validator.is_valid(&value), "a misspelt field passes in {name}");
        seen += 1;
    }
    assert!(seen >= 3);
}

/// The blocks of a page, one after the other, are one scenario that runs and holds. What the command said.
fn page_holds(name: &str) -> String {
    let page = std::fs::read_to_string(kit::root().join("docs").join(name)).expect("the page is there");
    let place = kit::directory();
    std::fs::write(place.path().join("reference.yaml"), kit::yaml_blocks(&page)).expect("the scenario is written");
    let output = kit::run(place.path(), &["test", "reference.yaml"]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn the_page_of_the_format_is_a_scenario() {
    let said = page_holds("scenario.md");
    assert!(said.contains("3 passed, 0 failed, 0 skipped"), "{said}");
}

#[test]
fn the_page_of_capacity_is_a_scenario_of_which_all_is_simulated() {
    let said = page_holds("capacity.md");
    assert!(said.contains("4 passed, 0 failed, 0 skipped") && !said.contains("W360"), "{said}");
}

/// The page on labs is a lab: its question can be answered, and what it says holds.
#[test]
fn the_page_of_labs_is_a_lab() {
    let said = page_holds("labs.md");
    assert!(said.contains("4 passed, 0 failed, 0 skipped"), "{said}");
    let place = kit::directory();
    let page = std::fs::read_to_string(kit::root().join("docs/labs.md")).expect("the page is there");
    std::fs::write(place.path().join("lab.yaml"), kit::yaml_blocks(&page)).expect("the lab is written");
    let output = kit::run(place.path(), &["lab", "lab.yaml", "--answer", "b"]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.starts_with("Right: b) 2"), "{said}");
    assert!(said.contains("2 jobs run since 00:00:00.") && said.contains("1000 MiB are left"), "{said}");
}

/// The examples of the page on expectations hold for the scenario they are about.
#[test]
fn the_page_of_expectations_is_true_of_the_first_scenario() {
    let page = std::fs::read_to_string(kit::root().join("docs/expect.md")).expect("the page is there");
    let place = kit::workplace();
    let scenario = std::fs::read_to_string(place.path().join("scenarios/quickstart.yaml")).expect("the scenario");
    let (before, _) = scenario.split_once("\nexpect:").expect("it expects something");
    std::fs::write(place.path().join("expect.yaml"), format!("{before}\n{}", kit::yaml_blocks(&page)))
        .expect("it is written");
    let output = kit::run(place.path(), &["test", "expect.yaml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
