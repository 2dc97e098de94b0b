//! Main effects: what a level of a factor does on average over all levels of the others.
//!
//! Only a full grid has them in this simple form: every level of a factor meets the same levels of the others. A
//! replication is averaged over all variants with a level, so that the interval is again one of independent observations.

use ecsim_experiment::{Estimate, estimate};

use super::analysis::Study;

/// A level of a factor, over all others.
#[derive(Clone, Debug)]
pub struct Effect {
    /// The factor.
    pub factor: String,
    /// Its level.
    pub level: String,
    /// The mean of all variants that have it.
    pub estimate: Estimate,
}

/// The levels of every factor; nothing where there are less than two factors, or no full grid.
pub fn main(study: &Study<'_>, response: usize) -> Vec<Effect> {
    let factors: Vec<&String> = study.variants[0].factors.iter().map(|(name, _)| name).collect();
    let levels: Vec<Vec<&String>> = (0..factors.len())
        .map(|factor| {
            let mut levels: Vec<&String> = Vec::new();
            for variant in study.variants {
                if !levels.contains(&&variant.factors[factor].1) {
                    levels.push(&variant.factors[factor].1);
                }
            }
            // Variants can stand in the order of their rank: numbers are put in theirs.
            let numbers: Option<Vec<f64>> = levels.iter().map(|level| level.parse().ok()).collect();
            if numbers.is_some() {
                levels.sort_by(|one, other| {
                    let number = |level: &String| level.parse().unwrap_or(0.0_f64);
                    number(one).total_cmp(&number(other))
                });
            }
            levels
        })
        .collect();
    let full: usize = levels.iter().map(Vec::len).product();
    let alike = study.runs.iter().all(|runs| runs.len() == study.replications());
    if factors.len() < 2 || full != study.variants.len() || !alike {
        return Vec::new();
    }
    let mut effects = Vec::new();
    for (factor, name) in factors.iter().enumerate() {
        for level in levels[factor].iter().filter(|_| levels[factor].len() > 1) {
            let with: Vec<Vec<Option<f64>>> = (0..study.variants.len())
                .filter(|at| study.variants[*at].factors[factor].1 == **level)
                .map(|at| study.observations(response, at))
                .collect();
            let length = with.iter().map(Vec::len).min().unwrap_or(0);
            let averaged: Vec<f64> = (0..length)
                .filter_map(|at| estimate::mean(&with.iter().map(|it| it[at]).collect::<Option<Vec<f64>>>()?))
                .collect();
            if let Some(estimate) = Estimate::of(&averaged, study.confidence) {
                effects.push(Effect { factor: (*name).clone(), level: (*level).clone(), estimate });
            }
        }
    }
    effects
}
