//! A week of two thousand instances, most of them Spot, auto-scaled: the very scenario of `scenarios/spot-week.yaml`.

use ecsim_kernel::Digest;
use ecsim_scenario::Ready;

use crate::end_to_end::{self, Traces};

/// What users can run themselves.
pub const SCENARIO: &str = include_str!("../scenarios/spot-week.yaml");

/// The week at `percent` percent of its size: 100 is the whole.
#[must_use]
pub fn model(percent: u32) -> Ready {
    let mut overrides = Vec::new();
    let scaled = |path: String, whole: u32| format!("{path}={}", whole * percent / 100);
    for (group, max, desired) in [("steady", 800, 300), ("spot", 2_600, 1_200)] {
        overrides.push(scaled(format!("autoScalingGroups.{group}.maxSize"), max));
        overrides.push(scaled(format!("autoScalingGroups.{group}.desiredCapacity"), desired));
    }
    for index in 0..12 {
        overrides.push(scaled(format!("behavior.spot.poolCapacity.{index}.instances"), 180));
    }
    for service in ["web", "api"] {
        overrides.push(scaled(format!("services.{service}.desiredCount"), 3_000));
    }
    for index in 0..11 {
        let count = if index == 10 { 3_000 } else { [5_000, 2_000][index % 2] };
        overrides.push(scaled(format!("timeline.{index}.updateService.desiredCount"), count));
    }
    overrides.push(scaled("workload.jobs.every.poisson.ratePerHour".to_owned(), 1_200));
    if percent != 100 {
        // Its expectations are about the whole week.
        overrides.push("expect=[]".to_owned());
    }
    end_to_end::read("spot-week.yaml", SCENARIO, &overrides)
}

/// The week; its digest is that of the facts, then of every byte that was written.
#[must_use]
pub fn week(percent: u32, traces: Traces) -> Digest {
    end_to_end::run(model(percent), traces)
}
