//! A day of a million tasks on ten thousand instances from end to end: the very scenario of `scenarios/million.yaml`,
//! read, run and written, every trace on, into writers that hash and count what passes and keep nothing.

use ecsim_kernel::Digest;
use ecsim_scenario::Ready;

use crate::end_to_end::{self, Traces};

/// What users can run themselves.
pub const SCENARIO: &str = include_str!("../scenarios/million.yaml");

/// The day on `percent` percent of the instances, with as much less to do: 100 is the whole.
#[must_use]
pub fn model(percent: u32) -> Ready {
    let mut overrides = Vec::new();
    let scaled = |path: String, whole: u32| format!("{path}={}", whole / 100 * percent);
    for (name, count) in [("general", 4_000), ("compute", 3_000), ("memory", 2_000), ("big", 1_000)] {
        overrides.push(scaled(format!("containerInstances.{name}.count"), count));
    }
    for (name, count) in [("web", 600), ("edge", 300), ("api", 400), ("cache", 100)] {
        overrides.push(scaled(format!("services.{name}.desiredCount"), count));
    }
    for (name, limit, rate) in [("small", 500_000, 21_050), ("medium", 300_000, 12_650), ("large", 200_000, 8_450)] {
        overrides.push(scaled(format!("workload.{name}.limit"), limit));
        overrides.push(format!("workload.{name}.every.poisson.ratePerHour={}", f64::from(rate * percent) / 100.0));
    }
    if percent != 100 {
        // Its expectations are about the whole day.
        overrides.push("expect=[]".to_owned());
    }
    end_to_end::read("million.yaml", SCENARIO, &overrides)
}

/// The day; its digest is that of the facts, then of every byte that was written.
#[must_use]
pub fn day(percent: u32, traces: Traces) -> Digest {
    end_to_end::run(model(percent), traces)
}
