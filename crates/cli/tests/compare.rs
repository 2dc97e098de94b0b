//! `ecsim compare` as a whole: the same bytes on any number of threads, the first run the same as a plain run, pairs that
//! see what means cannot, and files that are there whole or not at all.

mod kit;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use ecsim_experiment::{Confidence, Estimate};

const STRATEGIES: &str = "workload.encode.runTask.placementStrategy=binpack:cpu,spread:instance";

fn compare(place: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["compare", "scenarios/quickstart.yaml", "--until", "1h"];
    arguments.extend(more);
    kit::run(place, &arguments)
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// The rows of a CSV file, by the names of its columns.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().expect("a head").clone();
    let row =
        |record: csv::StringRecord| head.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect();
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is no number: {row:?}"))
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    let place = kit::workplace();
    let of = |jobs: &str, directory: &str| {
        let more = ["--vary", STRATEGIES, "--seeds", "6", "--jobs", jobs, "--out", directory];
        let output = compare(place.path(), &more);
        (stdout(&output), kit::files(&place.path().join(directory)))
    };
    let (one, two) = (of("1", "one"), of("2", "two"));
    assert_eq!(one.0, two.0);
    assert_eq!(one.1, two.1);
    let names: Vec<&str> = one.1.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "comparison.html",
            "comparison.json",
            "comparison.md",
            "differences.csv",
            "differences.parquet",
            "estimates.csv",
            "estimates.parquet",
            "manifest.json",
            "runs.csv",
            "runs.parquet"
        ]
    );
}

#[test]
fn the_first_replication_is_a_plain_run_and_the_others_can_be_had() {
    let place = kit::workplace();
    let more = ["--seeds", "3", "--response", "cost.total", "--response", "gain: cluster.cost", "--response"];
    let times = ["timeToRunning.total.p95", "--response", "at end: cluster.timeToRunning.p95", "--out", "out"];
    let output = compare(place.path(), &[&more[..], &times[..]].concat());
    stdout(&output);
    let runs = std::fs::read_to_string(place.path().join("out/runs.csv")).expect("runs.csv");
    for row in rows(&runs) {
        let replication = row["replication"].clone();
        let arguments =
            ["run", "scenarios/quickstart.yaml", "--until", "1h", "--format", "json", "--replication", &replication];
        let summary: serde_json::Value =
            serde_json::from_slice(&kit::run(place.path(), &arguments).stdout).expect("JSON");
        // Everything that is called differently in two places is the same number.
        let expected = match row["path"].as_str() {
            "cost.total" | "gain: cluster.cost" => &summary["cost"]["total"],
            _ => &summary["timeToRunning"]["total"]["p95"],
        };
        let expected = expected.as_f64().expect("a number");
        assert!((number(&row, "value") - expected).abs() < 1e-6, "{row:?} is not {expected}");
    }
}

#[test]
fn common_random_numbers_reduce_the_variance_of_differences() {
    let place = kit::workplace();
    let more = ["--vary", "containerInstances.web.count=5,6", "--seeds", "12", "--response"];
    let output = compare(place.path(), &[&more[..], &["timeToRunning.total.mean", "--out", "out"]].concat());
    stdout(&output);
    let read = |name: &str| rows(&std::fs::read_to_string(place.path().join("out").join(name)).expect("a file"));
    let differences = read("differences.csv");
    let half = |row: &BTreeMap<String, String>| (number(row, "intervalHigh") - number(row, "intervalLow")) / 2.0;
    let paired = half(&differences[0]);
    let apart: f64 = read("estimates.csv").iter().map(|row| half(row) * half(row)).sum::<f64>().sqrt();
    assert!(number(&differences[0], "correlation") > 0.3, "{differences:?}");
    assert!(paired < 0.9 * apart, "paired ± {paired}, apart ± {apart}");
}

/// Calls come at sixty an hour, by themselves: that is the mean that intervals of ten runs each must hold as often as they say.
#[test]
fn intervals_of_runs_cover_a_known_mean() {
    const GROUPS: usize = 60;
    let place = kit::workplace();
    let scenario = "
simulation: {duration: 1h, latencies: none, metricsPeriod: 1h}
containerInstances: [{name: host, registeredResources: {cpu: 100000, memory: 100000}}]
taskDefinitions: [{family: job, containerDefinitions: [{name: job, image: job, cpu: 2, memory: 16}]}]
behavior: {taskDefinitions: {job: {duration: 1s}}}
workload: [{name: job, every: {poisson: {ratePerHour: 60}}, runTask: {taskDefinition: job}}]
";
    std::fs::write(place.path().join("known.yaml"), scenario).expect("a file");
    let seeds = (GROUPS * 10).to_string();
    let arguments =
        ["compare", "known.yaml", "--seeds", &seeds, "--response", "gain: cluster.tasksRequested", "--out", "out"];
    stdout(&kit::run(place.path(), &arguments));
    let runs = rows(&std::fs::read_to_string(place.path().join("out/runs.csv")).expect("runs.csv"));
    let values: Vec<f64> = runs.iter().map(|row| number(row, "value")).collect();
    assert_eq!(values.len(), GROUPS * 10);
    let covers = |group: &&[f64]| {
        let estimate = Estimate::of(group, Confidence::default()).expect("ten runs");
        estimate.interval().is_some_and(|(low, high)| low <= 60.0 && 60.0 <= high)
    };
    let covered = values.chunks(10).filter(covers).count();
    // 57 are expected, give or take 1.7.
    assert!((52..=60).contains(&covered), "{covered} of {GROUPS} intervals hold the mean");
    // The deviation of the mean of all is sqrt(60 / 600).
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    assert!((mean - 60.0).abs() < 4.0 * 0.32, "{mean}");
}

/// What only some scenarios have is compared where it is there, and left out where not.
#[test]
fn default_responses_are_those_that_a_scenario_has() {
    let place = kit::workplace();
    let names = |scenario: &str, more: &[&str]| {
        let scenario = kit::root().join("scenarios").join(scenario);
        let scenario = scenario.to_str().expect("UTF-8");
        let output =
            kit::run(place.path(), &[&["compare", scenario, "--seeds", "2", "--format", "json"][..], more].concat());
        let comparison: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
        let responses = comparison["responses"].as_array().expect("responses").clone();
        let names: Vec<String> = responses.iter().map(|it| it["name"].as_str().expect("a name").to_owned()).collect();
        (names, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (plain, _) = names("quickstart.yaml", &["--until", "30m"]);
    for absent in ["p95 latency", "error rate", "minutes out of SLO", "Fargate tasks", "scaling activities of services"]
    {
        assert!(!plain.iter().any(|name| name == absent), "{absent}: {plain:?}");
    }
    let (load, _) = names("load-overload.yaml", &[]);
    for present in ["p95 latency", "error rate", "minutes out of SLO"] {
        assert!(load.iter().any(|name| name == present), "{present}: {load:?}");
    }
    let (fargate, _) = names("fargate-spot.yaml", &[]);
    assert!(fargate.iter().any(|name| name == "Fargate tasks"), "{fargate:?}");
    // Half of an hour sees the scaling; ten minutes are less than the low alarm looks at.
    let (scaled, said) = names("service-target-tracking.yaml", &["--until", "30m"]);
    assert!(scaled.iter().any(|name| name == "scaling activities of services"), "{scaled:?}");
    assert!(!said.contains("low alarm"), "{said}");
    let (_, said) = names("service-target-tracking.yaml", &["--until", "10m"]);
    assert!(said.contains("no longer than the 15m that the low alarm of service auto scaling takes"), "{said}");
    // An update at ten minutes is not done at once.
    let (updated, said) = names("rolling-update.yaml", &["--until", "610s"]);
    assert!(updated.iter().any(|name| name == "unfinished deployments"), "{updated:?}");
    assert!(said.contains("in progress on average"), "{said}");
}

#[test]
fn main_effects_of_a_grid_are_means_over_the_other_factor() {
    let place = kit::workplace();
    let more =
        ["--vary", "containerInstances.web.count=5,8", "--vary", "services.web.desiredCount=4,6", "--seeds", "4"];
    stdout(&compare(place.path(), &[&more[..], &["--response", "timeToRunning.total.mean", "--out", "out"]].concat()));
    let read = |name: &str| rows(&std::fs::read_to_string(place.path().join("out").join(name)).expect("a file"));
    let means: Vec<f64> = read("estimates.csv").iter().map(|row| number(row, "mean")).collect();
    let effects: Vec<f64> = read("effects.csv").iter().map(|row| number(row, "mean")).collect();
    let expected =
        [means[0] + means[1], means[2] + means[3], means[0] + means[2], means[1] + means[3]].map(|sum| sum / 2.0);
    assert!(effects.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-9), "{effects:?} {expected:?}");
    assert_eq!(effects.len(), 4);
}

#[test]
fn antithetic_pairs_are_one_observation() {
    let place = kit::workplace();
    let more = ["--seeds", "6", "--antithetic", "--response", "timeToRunning.total.mean", "--out", "out"];
    stdout(&compare(place.path(), &more));
    let read = |name: &str| rows(&std::fs::read_to_string(place.path().join("out").join(name)).expect("a file"));
    assert_eq!(read("estimates.csv")[0]["n"], "3");
    let runs = read("runs.csv");
    let mean: f64 = runs.iter().map(|row| number(row, "value")).sum::<f64>() / 6.0;
    assert!((mean - number(&read("estimates.csv")[0], "mean")).abs() < 1e-9);
    let luck: Vec<(&str, &str)> =
        runs.iter().map(|row| (row["runIndex"].as_str(), row["antithetic"].as_str())).collect();
    assert_eq!(luck[..3], [("0", "false"), ("0", "true"), ("1", "false")]);
    assert_ne!(runs[0]["value"], runs[1]["value"], "the mirrored run is another run");
}

#[test]
fn a_warm_up_and_batches_add_up() {
    let place = kit::workplace();
    let estimate = |more: &[&str]| {
        let base = ["--seeds", "1", "--format", "csv", "--response", "gain: cluster.tasksStarted"];
        let text = stdout(&compare(place.path(), &[&base[..], more].concat()));
        number(&rows(&text)[0], "mean")
    };
    let whole = estimate(&[]);
    let without = estimate(&["--warm-up", "12m"]);
    let batches = estimate(&["--batch-means", "4"]);
    let both = estimate(&["--warm-up", "12m", "--batch-means", "4"]);
    assert!(without < whole);
    assert!((batches * 4.0 - whole).abs() < 1e-9, "{batches} of {whole}");
    assert!((both * 4.0 - without).abs() < 1e-9, "{both} of {without}");
}

#[test]
fn until_precise_stops_when_it_is() {
    let place = kit::workplace();
    let output = compare(
        place.path(),
        &["--until-precise", "12%", "--seeds", "4", "--response", "mean: cluster.CPUReservation", "--format", "csv"],
    );
    let rows = rows(&stdout(&output));
    let half = number(&rows[0], "intervalHigh") - number(&rows[0], "mean");
    assert!(half <= 0.12 * number(&rows[0], "mean"), "{rows:?}");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("is known to 12 %"), "{stderr}");
}

#[test]
fn the_page_is_whole_and_needs_nothing() {
    let place = kit::workplace();
    stdout(&compare(place.path(), &["--vary", STRATEGIES, "--seeds", "5", "--out", "out"]));
    let page = std::fs::read_to_string(place.path().join("out/comparison.html")).expect("the page");
    for part in ["<!DOCTYPE html>", "prefers-color-scheme", "<svg role=\"img\"", "binpack:cpu", "</html>"] {
        assert!(page.contains(part), "{part}");
    }
    // `xmlns` names a namespace and loads nothing.
    let loads = page.replace("http://www.w3.org/2000/svg", "");
    for part in ["http:", "https:", "src=", "<script", "<link", "@import", "NaN"] {
        assert!(!loads.contains(part), "{part}");
    }
    assert!(page.len() < 400_000, "{} bytes", page.len());
    // A second comparison replaces the first; a stranger's file is left alone.
    stdout(&compare(place.path(), &["--seeds", "2", "--out", "out"]));
    std::fs::write(place.path().join("out/notes.txt"), "mine").expect("a file");
    assert_eq!(compare(place.path(), &["--seeds", "2", "--out", "out"]).status.code(), Some(2));
}
