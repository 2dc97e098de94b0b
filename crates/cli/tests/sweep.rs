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
    assert_eq!(journal.lines().count(), 33);
    assert!(journal.starts_with("job,gain: cluster.cost,timeToRunning.total.mean,"), "{journal}");
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
    let first = journal.lines().nth(1).expect("a line");
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
    for (experiment, more, parts) in [
        (EXPERIMENT.replace("seeds: 4", "sedes: 4"), vec![], ["experiment.yaml:8:1", "did you mean `seeds`?"]),
        (EXPERIMENT.replace("count, ", "coutn, "), vec![], ["experiment.yaml:6:35", "did you mean `count`?"]),
        (EXPERIMENT.replace("web.count, ", "wbe.count, "), vec![], ["experiment.yaml:6:31", "did you mean `web`?"]),
        (EXPERIMENT.replace("[5, 8]", "[8, 5]"), vec![], ["experiment.yaml:6:51", "write `between: [5, 8]`"]),
        (EXPERIMENT.replace("random,", "rnadom,"), vec![], ["experiment.yaml:7:64", "did you mean `random`?"]),
        (EXPERIMENT.replace("40m", "soon"), vec![], ["experiment.yaml:4:28", "`soon`"]),
        (EXPERIMENT.replace("cost}", "csot}"), vec![], ["experiment.yaml:10:23", "did you mean `cost`?"]),
        (
            EXPERIMENT.replace("cost}", "timeToRunning.totl.mean}"),
            vec![],
            ["experiment.yaml:10:23", "did you mean `timeToRunning.total.max`?"],
        ),
        (EXPERIMENT.replace("mean time", "maen time"), vec![], ["experiment.yaml:9:15", "did you mean `mean time"]),
        (EXPERIMENT.replace("< 20s", "20s"), vec![], ["experiment.yaml:9:15", "it has no < or >"]),
        (
            EXPERIMENT.replace("quickstart", "quikcstart"),
            vec![],
            ["experiment.yaml:3:7", "did you mean `quickstart.yaml`?"],
        ),
        (EXPERIMENT.replace("seeds: 4", "seeds: 4\nwarmUp: 1h"), vec![], ["experiment.yaml:9:9", "leaves nothing"]),
        (EXPERIMENT.to_owned(), vec!["--shard", "4/3"], ["3/16", "part of a whole"]),
        (EXPERIMENT.to_owned(), vec!["--from", "nowhere"], ["there is no sweep", "nowhere"]),
    ] {
        let place = place(&experiment);
        let mut arguments = vec!["sweep", "experiment.yaml", "--out", "out"];
        arguments.extend(more);
        let output = kit::run(place.path(), &arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(parts.iter().all(|part| stderr.contains(part)), "{parts:?}: {stderr}");
        assert!(!place.path().join("out").exists() && !place.path().join("out.unfinished").exists(), "{parts:?}");
    }
}

/// What another experiment has left is hours of work: it is replaced only by who says so, finished or not.
#[test]
fn another_experiment_does_not_replace_what_is_there() {
    let place = place(EXPERIMENT);
    let path = place.path();
    sweep(path, &["--out", "out", "--quiet"]);
    let before = kit::files(&path.join("out"));
    // The same one again, and one that has grown, lose nothing.
    sweep(path, &["--out", "out", "--quiet"]);
    assert_eq!(kit::files(&path.join("out")), before);
    fs::write(path.join("experiment.yaml"), EXPERIMENT.replace("seeds: 4", "seeds: 5")).expect("a file");
    sweep(path, &["--out", "out", "--quiet"]);
    fs::create_dir(path.join("other.unfinished")).expect("a directory");
    fs::copy(path.join("out/journal.csv"), path.join("other.unfinished/journal.csv")).expect("a copy");

    fs::write(path.join("experiment.yaml"), EXPERIMENT.replace("[5, 8]", "[9, 10]")).expect("a file");
    let before = kit::files(&path.join("out"));
    for (out, held) in [("out", "out holds 40 runs of another experiment"), ("other", "other.unfinished holds 40 runs")]
    {
        let output = kit::run(path, &["sweep", "experiment.yaml", "--out", out]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        for part in [held, "--force", &format!("--from {out}")] {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
    }
    assert_eq!(kit::files(&path.join("out")), before);
    sweep(path, &["--out", "out", "--force", "--quiet"]);
    assert_ne!(kit::files(&path.join("out")), before);
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
