//! A trace is CSV that every tool opens without options: one header row, rows of equal length, ISO time stamps, and the
//! columns that the reference promises.

mod kit;

use ecsim::report::metrics::{self, Scope};
use ecsim::report::sinks::TRACES;

/// A fleet that grows, for the tables that a fixed one leaves empty.
const FLEET: &str = "
name: fleet
simulation: {duration: 2h, seed: 3}
autoScalingGroups:
  - {autoScalingGroupName: asg, minSize: 0, maxSize: 9, availabilityZones: [us-east-1a, us-east-1b],
     launchTemplate: {instanceType: m5.large}}
capacityProviders:
  - {name: cp, autoScalingGroupProvider: {autoScalingGroup: asg, managedScaling: {status: ENABLED, targetCapacity: 100}}}
cluster: {defaultCapacityProviderStrategy: [{capacityProvider: cp, weight: 1}]}
taskDefinitions:
  - {family: web, containerDefinitions: [{name: web, image: web, cpu: 1024, memoryReservation: 512}]}
services:
  - {serviceName: web, taskDefinition: web, desiredCount: 5}
";

#[test]
fn every_table_is_plain_csv_with_the_documented_columns() {
    let place = kit::workplace();
    std::fs::write(place.path().join("fleet.yaml"), FLEET).expect("a place to write");
    let mut filled = std::collections::BTreeSet::new();
    let mut all = std::collections::BTreeSet::new();
    let shipped = |name: &str| kit::root().join("scenarios").join(name).to_str().expect("UTF-8").to_owned();
    let [tracking, health] = ["service-target-tracking.yaml", "target-health.yaml"].map(shipped);
    for scenario in ["scenarios/quickstart.yaml", "fleet.yaml", &tracking, &health] {
        let output = kit::run(place.path(), &["run", scenario, "--quiet", "--out", "run"]);
        assert!(output.status.success() && output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        for (name, bytes) in kit::files(&place.path().join("run")) {
            if !name.ends_with(".csv") {
                continue;
            }
            if rows(&name, &bytes) > 0 {
                filled.insert(name.clone());
            }
            all.insert(name);
        }
    }
    assert_eq!(all.len(), 12, "{all:?}");
    assert_eq!(filled, all);
}

/// The rows of a table, which is as it is promised.
fn rows(name: &str, bytes: &[u8]) -> usize {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    assert!(!text.starts_with('\u{feff}') && text.ends_with('\n') && !text.contains('\r'), "{name}");
    // The reader is strict: it fails on rows of another length.
    let mut reader = csv::ReaderBuilder::new().has_headers(true).flexible(false).from_reader(bytes);
    let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    for (at, column) in header.iter().enumerate() {
        assert!(!column.is_empty() && !header[..at].contains(column), "{name}: column {at} `{column}`");
    }
    assert_eq!(header, documented(name, &header), "{name}");
    let mut rows = 0;
    for row in reader.records() {
        let row = row.unwrap_or_else(|error| panic!("{name}: {error}"));
        rows += 1;
        for (column, cell) in header.iter().zip(&row) {
            let is_stamp = column == "timestamp" || column.ends_with("At");
            if is_stamp && !cell.is_empty() {
                let form: String = cell.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
                assert_eq!(form, "0000-00-00T00:00:00.000Z", "{name}: {column}");
            }
            let is_number = column.ends_with("Seconds") || column.ends_with("Usd") || column == "secondsSinceStart";
            if is_number && !cell.is_empty() {
                assert!(cell.parse::<f64>().is_ok_and(f64::is_finite), "{name}: {column} is {cell}");
            }
            assert!(!["NaN", "inf", "-inf", "null", "None"].contains(&cell), "{name}: {column} is {cell}");
        }
    }
    rows
}

/// The header as `docs/traces.md` has it; the columns per zone and per provider follow the scenario.
fn documented(file: &str, header: &[String]) -> Vec<String> {
    if let Some(trace) = TRACES.iter().find(|trace| trace.file == file) {
        return trace.columns.iter().map(|column| column.name.to_owned()).collect();
    }
    let scope = Scope::TABLES
        .into_iter()
        .find(|scope| scope.table() == Some(file))
        .unwrap_or_else(|| panic!("{file} is in no reference"));
    let mut columns = vec!["timestamp".to_owned(), "secondsSinceStart".to_owned(), scope.entity().to_owned()];
    columns.extend(metrics::of_scope(scope).filter(|metric| metric.column).map(|metric| metric.name.to_owned()));
    // A scenario whose instances have no price has no columns of costs: all of them or none.
    let is_cost = |column: &str| column.starts_with("cost");
    if !header.iter().any(|column| is_cost(column)) {
        columns.retain(|column| !is_cost(column));
    }
    for more in scope.more_columns() {
        let before = more.split_inclusive('.').next().unwrap_or_default();
        columns.extend(header.iter().filter(|column| column.starts_with(before)).cloned());
    }
    columns
}

#[test]
fn the_report_can_be_built_again_and_is_the_same() {
    let place = kit::workplace();
    let run = |arguments: &[&str]| kit::run(place.path(), arguments);
    let scenario = "scenarios/quickstart.yaml";
    assert!(run(&["run", scenario, "--quiet", "--out", "with"]).status.success());
    assert!(run(&["run", scenario, "--quiet", "--out", "without", "--no-report"]).status.success());
    let page = |directory: &str| std::fs::read(place.path().join(directory).join("report.html"));
    let first = page("with").expect("a page");
    assert!(page("without").is_err());
    // From nothing, and over what is there.
    for directory in ["without", "with"] {
        let output = run(&["report", directory]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(page(directory).expect("a page") == first, "the page of {directory} differs");
    }
    let manifest = |directory: &str| {
        let text = std::fs::read_to_string(place.path().join(directory).join("manifest.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        manifest["tracesDigest"].clone()
    };
    assert_eq!(manifest("with"), manifest("without"));
    // A directory that `ecsim report` has touched is still one that `ecsim run` may replace.
    assert!(run(&["run", scenario, "--quiet", "--out", "without"]).status.success());
}

#[test]
fn what_a_run_has_not_written_is_said_and_no_kind_replaces_another() {
    let place = kit::workplace();
    let run = |arguments: &[&str]| kit::run(place.path(), arguments);
    let scenario = "scenarios/quickstart.yaml";
    assert!(run(&["run", scenario, "--until", "10m", "--quiet", "--out", "run"]).status.success());
    let path = place.path().join("run/tasks.csv");
    let changed = std::fs::read_to_string(&path).expect("a table").replace("EssentialContainerExited", "UserInitiated");
    std::fs::write(&path, changed + "").expect("a place to write");
    std::fs::write(place.path().join("run/service_events.csv"), "").expect("a place to write");
    let said = String::from_utf8_lossy(&run(&["report", "run"]).stderr).into_owned();
    assert!(said.contains("service_events.csv is not what the run has written"), "{said}");
    let vary = ["--vary", "services.web.desiredCount=4,5", "--seeds", "2", "--until", "10m", "--quiet"];
    let compare = |out: &str| run(&[&["compare", scenario, "--out", out][..], &vary].concat());
    let refused = compare("run");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("run holds a run, which a comparison would replace"));
    assert!(compare("both").status.success());
    let said = String::from_utf8_lossy(&run(&["report", "both"]).stderr).into_owned();
    assert!(said.contains("both holds a comparison and no single run"), "{said}");
    for (option, number) in [("--jobs", "100000"), ("--seeds", "1000000000")] {
        let refused = run(&["compare", scenario, "--vary", "services.web.desiredCount=4,5", option, number]);
        assert_eq!(refused.status.code(), Some(2), "{option}");
    }
}

#[test]
fn a_report_of_what_is_no_run_is_refused() {
    let place = kit::workplace();
    let run = |directory: &str| {
        let output = kit::run(place.path(), &["report", directory]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(run("nowhere").contains("nowhere holds no run"));
    assert!(run("scenarios").contains("scenarios holds no run"));
    assert!(kit::run(place.path(), &["run", "scenarios/quickstart.yaml", "--quiet", "--out", "run"]).status.success());
    let path = |name: &str| place.path().join("run").join(name);
    let before = std::fs::read(path("report.html")).expect("a page");
    std::fs::remove_file(path("tasks.csv")).expect("it was there");
    assert!(run("run").contains("tasks.csv is missing"));
    std::fs::write(path("tasks.csv"), "task,source\n1\n").expect("a place to write");
    assert!(run("run").contains("tasks.csv: CSV error"));
    assert!(std::fs::read(path("report.html")).expect("a page") == before, "the old page is left alone");
    std::fs::write(path("manifest.json"), "{}").expect("a place to write");
    assert!(run("run").contains("is not a manifest of ecsim"));
}
