//! `ecsim compare` as a whole: the same bytes on any number of threads, the first run the same as a plain run, pairs that
//! see what means cannot, and files that are there whole or not at all.

mod kit;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

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
            "estimates.csv",
            "manifest.json",
            "runs.csv"
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
