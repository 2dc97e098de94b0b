//! All runs of the study, and what they are together.

use ecsim_experiment::{Confidence, Estimate, Paired};
use rayon::prelude::*;

use crate::files::Data;
use crate::policies::Policy;
use crate::protocol;
use crate::run::{Outcome, run};
use crate::{Failure, MOST_LOAD, published};

/// The first seed, as in the published tables, which have ten.
pub const FIRST_SEED: u64 = 42;
/// How many seeds the study has.
pub const SEEDS: u64 = 10;
/// Lists of pods that are on hand and of which results were published.
pub const PUBLISHED: [&str; 3] = ["default", "multigpu20", "gpushare40"];
/// A list that is on hand, and whose results were published for a tenth and a quarter of the pods only.
pub const BETWEEN: &str = "gpuspec33";
/// The lists whose published results are set beside those of [`BETWEEN`].
pub const AROUND: [&str; 2] = ["gpuspec10", "gpuspec25"];

/// One list of pods under one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The list of pods.
    pub variant: &'static str,
    /// How an instance is chosen.
    pub policy: Policy,
    /// Whether a pod that wants a part of a GPU gets a whole one.
    pub whole: bool,
    /// Whether pods need memory, as they do in the published experiment; without it only CPU and GPU run out.
    pub memory: bool,
}

impl Setup {
    /// Whether pods share GPUs, as a word.
    #[must_use]
    pub const fn gpus(self) -> &'static str {
        if self.whole { "whole" } else { "shared" }
    }

    /// Whether memory counts, as a word.
    #[must_use]
    pub const fn memory(self) -> &'static str {
        if self.memory { "counted" } else { "ignored" }
    }

    /// The default list, memory counted.
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.variant == "default" && self.memory
    }
}

/// What is run, in the order of the tables.
#[must_use]
pub fn plan() -> Vec<Setup> {
    let shared = |variant, policy| Setup { variant, policy, whole: false, memory: true };
    let mut plan = Vec::new();
    for variant in PUBLISHED.into_iter().chain([BETWEEN]) {
        plan.extend(Policy::PUBLISHED.map(|policy| shared(variant, policy)));
    }
    plan.extend(Policy::PUBLISHED.map(|policy| Setup { memory: false, ..shared("default", policy) }));
    plan.extend(Policy::ECS.map(|policy| shared("default", policy)));
    for policy in [Policy::BestFit].into_iter().chain(Policy::ECS) {
        plan.push(Setup { whole: true, ..shared("default", policy) });
    }
    plan
}

/// The runs of one setup, one for each seed.
#[derive(Clone, Debug)]
pub struct Runs {
    /// What was run.
    pub setup: Setup,
    /// By seed.
    pub outcomes: Vec<Outcome>,
}

impl Runs {
    /// GPUs that were given at a load, in percent, by seed.
    #[must_use]
    pub fn allocated(&self, load: usize) -> Vec<f64> {
        self.outcomes.iter().map(|outcome| outcome.allocated[load]).collect()
    }

    /// The same of what was asked for.
    #[must_use]
    pub fn served(&self, load: usize) -> Vec<f64> {
        self.outcomes.iter().map(|outcome| outcome.served[load]).collect()
    }
}

/// Mean and standard deviation.
#[must_use]
pub fn spread(numbers: &[f64]) -> (f64, f64) {
    let estimate = Estimate::of(numbers, Confidence::default());
    estimate.map_or((f64::NAN, f64::NAN), |it| (it.mean, it.sd.unwrap_or(f64::NAN)))
}

/// How much more `runs` gave at a load than `base`, seed by seed, with half the width of the 95 % interval.
#[must_use]
pub fn more_than(runs: &Runs, base: &Runs, load: usize) -> Option<(f64, f64)> {
    let pairs: Vec<(f64, f64)> = base.allocated(load).into_iter().zip(runs.allocated(load)).collect();
    let difference = Paired::of(&pairs, Confidence::default())?.difference;
    Some((difference.mean, difference.half_width?))
}

/// What was published beside what came out here, at one load.
#[derive(Clone, Copy, Debug)]
pub struct Beside {
    /// Mean and standard deviation here.
    pub here: (f64, f64),
    /// Those published.
    pub published: (f64, f64),
}

impl Beside {
    /// The difference of the means in published standard deviations.
    #[must_use]
    pub fn deviations(&self) -> f64 {
        (self.here.0 - self.published.0) / self.published.1
    }

    /// Whether the mean lies within the published standard deviation.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        (self.here.0 - self.published.0).abs() <= self.published.1
    }
}

/// A curve beside the published one, by load.
///
/// # Errors
/// Where the published numbers cannot be read.
pub fn beside(data: &Data, runs: &Runs) -> Result<Vec<Beside>, Failure> {
    let published = published::curves(data, runs.setup.variant, runs.setup.policy)?;
    Ok((0..=MOST_LOAD)
        .map(|load| Beside { here: spread(&runs.allocated(load)), published: spread(&published[load]) })
        .collect())
}

/// Runs these setups with so many seeds, on all cores.
///
/// # Errors
/// The first thing that goes wrong.
pub fn run_all(data: &Data, plan: &[Setup], seeds: u64) -> Result<Vec<Runs>, Failure> {
    let gpus = data.gpus()?;
    let single: Vec<(Setup, u64)> =
        plan.iter().flat_map(|setup| (0..seeds).map(|at| (*setup, FIRST_SEED + at))).collect();
    let outcomes: Vec<Outcome> = single
        .par_iter()
        .map(|(setup, seed)| {
            let mut list = protocol::list(&data.pods(setup.variant)?, gpus, *seed);
            if !setup.memory {
                list.iter_mut().for_each(|pod| pod.memory_mib = 0);
            }
            run(&data.with_list(&list), &list, setup.policy, setup.whole, *seed)
        })
        .collect::<Result<_, Failure>>()?;
    let mut outcomes = outcomes.into_iter();
    let take = |setup: &Setup| Runs { setup: *setup, outcomes: outcomes.by_ref().take(seeds as usize).collect() };
    Ok(plan.iter().map(take).collect())
}
