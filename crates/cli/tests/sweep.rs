//! `ecsim sweep` as a whole: run at once, broken off, or in shards, it leaves the same bytes; and it finds the cheapest.

mod kit;

use std::fs;
use std::path::Path;

const EXPERIMENT: &str = "
question: Which is the cheapest?
base: scenarios/quickstart.yaml
set: {simulation.duration: 40m}
factors:
  - {path: containerInstances.web.count, between: [5, 8], levels: 4}
  - {path: workload.encode.runTask.placementStrategy, values: [random, 'binpack:cpu']}
seeds: 4
constraints: [mean time to RUNNING < 20s]
objective: {minimize: cost}
";

fn place(experiment: &str) -> tempfile::TempDir {
    let place = kit::workplace();
    fs::write(place.path().join("experiment.yaml"), experiment).expect("a file");
    place
}

fn sweep(place: &Path, more: &[&str]) -> String {
    let mut arguments = vec!["sweep", "experiment.yaml"];
    arguments.extend(more);
    let output = kit::run(place, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn at_once_broken_off_and_in_shards_leave_the_same_bytes() {
    let place = place(EXPERIMENT);
    let path = place.path();
    let said = sweep(path, &["--out", "plain", "--jobs", "1"]);
    let plain = kit::files(&path.join("plain"));
    assert!(said.contains("has the least cost"), "{said}");
    assert!(!path.join("plain.unfinished").exists());

    // Broken off in the middle of a line.
    let journal = fs::read_to_string(path.join("plain/journal.csv")).expect("the journal");
    assert_eq!(journal.lines().count(), 32);
    let half: String = journal.split_inclusive('\n').take(15).chain(["0123456789abcdef,0.1,2"]).collect();
    fs::create_dir(path.join("resumed.unfinished")).expect("a directory");
    fs::write(path.join("resumed.unfinished/journal.csv"), half).expect("a file");
    assert_eq!(sweep(path, &["--out", "resumed", "--jobs", "2"]), said);
    assert_eq!(kit::files(&path.join("resumed")), plain);
    assert!(!path.join("resumed.unfinished").exists());

    // In three parts.
    for part in ["1/3", "2/3", "3/3"] {
        sweep(path, &["--out", &format!("part{}", &part[..1]), "--shard", part, "--quiet"]);
    }
    assert_eq!(sweep(path, &["--out", "merged", "--from", "part1", "--from", "part2", "--from", "part3"]), said);
    assert_eq!(kit::files(&path.join("merged")), plain);
}

/// Killed in the middle of it, without a chance to tidy up.
#[test]
fn a_sweep_that_is_killed_goes_on() {
    let place = place(EXPERIMENT);
    let path = place.path();
    let said = sweep(path, &["--out", "plain"]);
    let journal = path.join("killed.unfinished/journal.csv");
    let lines = || fs::read_to_string(&journal).map_or(0, |text| text.lines().count());
    let mut child = kit::ecsim(path, &["sweep", "experiment.yaml", "--out", "killed", "--jobs", "1", "--quiet"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    while lines() < 5 && child.try_wait().expect("a child").is_none() {
        std::thread::yield_now();
    }
    child.kill().expect("a child");
    child.wait().expect("a child");
    assert!((5..32).contains(&lines()), "{} runs were done", lines());
    assert!(!path.join("killed").exists());
    assert_eq!(sweep(path, &["--out", "killed"]), said);
    assert_eq!(kit::files(&path.join("killed")), kit::files(&path.join("plain")));
}

/// A sweep remarks what a comparison would.
#[test]
fn a_sweep_is_advised_as_a_comparison_is() {
    let place = kit::workplace();
    let experiment = "
base: scenarios/scale-from-zero.yaml
set: {simulation.duration: 14m}
factors: [{path: autoScalingGroups.0.maxSize, values: [10, 20]}]
seeds: 2
responses: ['mean: cluster.ContainerInstanceCount']
objective: {minimize: 'mean: cluster.ContainerInstanceCount'}
";
    fs::write(place.path().join("experiment.yaml"), experiment).expect("a file");
    let output = kit::run(place.path(), &["sweep", "experiment.yaml", "--out", "out"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    for part in ["the low alarm of managed scaling takes", "with 2 seeds the intervals are"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(stderr.contains("warmUp: ") || stderr.contains("has not settled"), "{stderr}");
    let page = fs::read_to_string(place.path().join("out/comparison.html")).expect("the page");
    assert!(page.contains("<h1>Sweep</h1>") && page.contains("<h2>Ranking</h2>"));
}

#[test]
fn what_has_been_run_is_not_run_again() {
    let place = place(EXPERIMENT);
    let path = place.path();
    sweep(path, &["--out", "out", "--quiet"]);
    // A value that no run gives shows where it came from.
    let journal = fs::read_to_string(path.join("out/journal.csv")).expect("the journal");
    let first = journal.lines().next().expect("a line");
    let mut fields: Vec<&str> = first.split(',').collect();
    fields[1] = "777.5";
    fs::create_dir(path.join("again.unfinished")).expect("a directory");
    fs::write(path.join("again.unfinished/journal.csv"), journal.replace(first, &fields.join(","))).expect("a file");
    sweep(path, &["--out", "again", "--quiet"]);
    assert!(fs::read_to_string(path.join("again/runs.csv")).expect("runs").contains("777.5"));
}

#[test]
fn a_search_finds_what_looking_everywhere_finds() {
    let place = place(EXPERIMENT);
    let path = place.path();
    sweep(path, &["--out", "all", "--quiet"]);
    let halving = EXPERIMENT.replace("minimize: cost", "minimize: cost, search: successiveHalving, firstSeeds: 2");
    fs::write(path.join("experiment.yaml"), halving).expect("a file");
    sweep(path, &["--out", "few", "--quiet"]);
    let best = |directory: &str| {
        let text = fs::read_to_string(path.join(directory).join("ranking.csv")).expect("the ranking");
        let fields: Vec<String> = text.lines().nth(1).expect("a row").split(',').map(str::to_owned).collect();
        (fields[2].clone(), fields[5].clone())
    };
    assert_eq!(best("all"), best("few"));
    assert_eq!(best("all").1, "true");
    let runs = |directory: &str| {
        fs::read_to_string(path.join(directory).join("journal.csv")).expect("the journal").lines().count()
    };
    assert!(runs("few") < runs("all"), "{} of {}", runs("few"), runs("all"));
}

#[test]
fn mistakes_are_said_and_nothing_is_left() {
    for (experiment, more, part) in [
        (EXPERIMENT.replace("seeds: 4", "sedes: 4"), vec![], "unknown field `sedes`"),
        (EXPERIMENT.replace("count, ", "coutn, "), vec![], "coutn"),
        (EXPERIMENT.replace("cost}", "csot}"), vec![], "csot"),
        (EXPERIMENT.replace("< 20s", "20s"), vec![], "it has no < or >"),
        (EXPERIMENT.replace("quickstart", "nowhere"), vec![], "nowhere.yaml"),
        (EXPERIMENT.to_owned(), vec!["--shard", "4/3"], "3/16"),
        (EXPERIMENT.to_owned(), vec!["--from", "nowhere"], "there is no sweep"),
    ] {
        let place = place(&experiment);
        let mut arguments = vec!["sweep", "experiment.yaml", "--out", "out"];
        arguments.extend(more);
        let output = kit::run(place.path(), &arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(part), "{part}: {stderr}");
        assert!(!place.path().join("out").exists() && !place.path().join("out.unfinished").exists(), "{part}");
    }
}

/// The example of the documentation is an experiment.
#[test]
fn the_example_can_be_swept() {
    let place = place(EXPERIMENT);
    let example = kit::root().join("docs/experiments/cheapest-fleet.yaml");
    let text = fs::read_to_string(example).expect("the example");
    let short = text
        .replace("../../scenarios", "scenarios")
        .replace("seeds: 16", "seeds: 2")
        .replace("firstSeeds: 4", "firstSeeds: 1");
    fs::write(place.path().join("experiment.yaml"), format!("{short}\nset: {{simulation.duration: 30m}}\n"))
        .expect("a file");
    assert!(sweep(place.path(), &["--out", "out"]).contains("points"));
}
