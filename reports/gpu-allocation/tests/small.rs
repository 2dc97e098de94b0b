//! One seed of the study again: what is committed has not moved, and the published numbers are met.

use std::path::PathBuf;

use gpu_allocation::files::Data;
use gpu_allocation::policies::Policy;
use gpu_allocation::study::{self, FIRST_SEED, PUBLISHED, Setup, spread};
use gpu_allocation::{MOST_LOAD, published, tables};

const RESULTS: &str = include_str!("../results.csv");

fn data() -> Option<Data> {
    let root = std::env::var_os("ECSIM_DATA").map(PathBuf::from);
    let root = root.filter(|root| root.join("openb").is_dir());
    if root.is_none() {
        eprintln!("skipped: ECSIM_DATA names no folder with openb/");
    }
    root.as_deref().map(Data::new)
}

#[test]
fn a_seed_gives_what_is_committed() {
    let Some(data) = data() else { return };
    let setup = |policy, whole| Setup { variant: "default", policy, whole, memory: true };
    let plan = [setup(Policy::Random, false), setup(Policy::BestFit, false), setup(Policy::BinpackCpu, true)];
    let all = study::run_all(&data, &plan, 1).unwrap_or_else(|failure| panic!("{failure}"));
    for row in tables::results(&all).lines() {
        assert!(RESULTS.lines().any(|known| known == row), "results.csv has no row {row}");
    }
}

/// What is committed says what README.md says of it, without a run.
#[test]
fn every_mean_lies_within_the_published_standard_deviation() {
    let Some(data) = data() else { return };
    for variant in PUBLISHED {
        for policy in Policy::PUBLISHED {
            let curves = published::curves(&data, variant, policy).unwrap_or_else(|failure| panic!("{failure}"));
            for (load, column) in [(100, 5), (MOST_LOAD, 6)] {
                let here: Vec<f64> = (FIRST_SEED..FIRST_SEED + study::SEEDS)
                    .map(|seed| {
                        let start = tables::row_start(Setup { variant, policy, whole: false, memory: true }, seed);
                        let row = RESULTS.lines().find(|row| row.starts_with(&start)).expect("a row for every seed");
                        row.split(',').nth(column).and_then(|cell| cell.parse().ok()).expect("a number")
                    })
                    .collect();
                let (mean, (there, sd)) = (spread(&here).0, spread(&curves[load]));
                assert!(
                    (mean - there).abs() <= sd,
                    "{variant} {policy:?} at {load} %: {mean}, published {there} ± {sd}"
                );
            }
        }
    }
}
