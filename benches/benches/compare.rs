//! A comparison of forty runs on one core and on two: the ratio is the promise, not the time.
//!
//! `cargo bench --bench compare` prints both times and panics where two cores are less than 1.85 times as fast as one. That they
//! say the same is a test (`one_thread_and_two_give_the_same_bytes`). Runs are of some 50 ms, so that what is not parallel
//! (reading, statistics) weighs as it does in practice. Times of one and of two cores are taken in turn, so that whatever else
//! the machine does hits both alike.

use core::time::Duration;
use std::path::Path;

use criterion::{BenchmarkId, Criterion};
use ecsim::app::{Args, Command};
use ecsim::commands::compare;
use ecsim::terminal::Terminal;

/// Below this the promise is broken.
const RATIO: f64 = 1.85;

fn once(jobs: &str) {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/quickstart.yaml");
    let scenario = scenario.to_string_lossy();
    let line = [
        "ecsim",
        "compare",
        &scenario,
        "--vary",
        "containerInstances.web.count=60,80",
        "--set",
        "workload.encode.every.poisson.ratePerHour=600",
        "--until",
        "24h",
        "--seeds",
        "20",
        "--quiet",
        "--jobs",
        jobs,
    ];
    let args = <Args as clap::Parser>::parse_from(line);
    let Command::Compare(command) = args.command else { return };
    let done = compare::run(&command, &Terminal::new(args.color));
    assert!(done.is_ok(), "the comparison runs");
}

#[expect(clippy::disallowed_types, reason = "a bench measures time")]
fn time(jobs: &str) -> f64 {
    let start = std::time::Instant::now();
    once(jobs);
    start.elapsed().as_secs_f64()
}

/// The least of some times with one core and with two: what else the machine did only makes it slower.
fn least() -> (f64, f64) {
    (0..5).fold((f64::INFINITY, f64::INFINITY), |(one, two), _| (one.min(time("1")), two.min(time("2"))))
}

fn main() {
    let mut criterion =
        Criterion::default().sample_size(10).measurement_time(Duration::from_secs(10)).configure_from_args();
    let mut group = criterion.benchmark_group("compare 40 runs");
    for jobs in ["1", "2"] {
        group.bench_function(BenchmarkId::new("cores", jobs), |bencher| bencher.iter(|| once(jobs)));
    }
    group.finish();
    criterion.final_summary();
    // `cargo test --benches` only sees that it runs.
    if std::env::args().any(|argument| argument == "--bench") {
        let (one, two) = least();
        let ratio = one / two;
        println!("two cores are {ratio:.2} times as fast as one");
        assert!(ratio >= RATIO, "two cores are only {ratio:.2} times as fast as one");
    }
}
