//! From runs to estimates and paired differences.

use ecsim_experiment::sentence::{self, Manner, Topic};
use ecsim_experiment::{Confidence, Estimate, Paired, Verdict};
use ecsim_report::responses::Recorded;

use super::responses::Asked;
use super::variants::Variant;

/// What was run, and what came of it.
#[derive(Debug)]
pub struct Study<'a> {
    /// What is compared.
    pub variants: &'a [Variant],
    /// By what.
    pub responses: &'a [Asked],
    /// Which variant the others are held against.
    pub baseline: usize,
    /// How sure intervals are.
    pub confidence: Confidence,
    /// Whether two replications make one observation.
    pub antithetic: bool,
    /// How many batches a run has.
    pub batches: usize,
    /// By variant, and in it by replication.
    pub runs: Vec<Vec<Recorded>>,
}

/// A response of a variant.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// What is known of its mean.
    pub estimate: Option<Estimate>,
    /// How it differs from the baseline; nothing for the baseline itself.
    pub paired: Option<Paired>,
    /// So many observations had no value.
    pub missing: usize,
}

impl Study<'_> {
    /// How many runs each variant had.
    pub fn replications(&self) -> usize {
        self.runs.first().map_or(0, Vec::len)
    }

    /// The independent observations of a response of a variant: one a replication, a pair of mirrored ones, or a batch.
    pub fn observations(&self, response: usize, variant: usize) -> Vec<Option<f64>> {
        let runs = &self.runs[variant];
        let value = |run: &Recorded, batch: usize| run.values[response].get(batch).copied().flatten();
        let group = if self.antithetic { 2 } else { 1 };
        runs.chunks_exact(group)
            .flat_map(|runs| {
                (0..self.batches).map(move |batch| {
                    let values: Option<Vec<f64>> = runs.iter().map(|run| value(run, batch)).collect();
                    ecsim_experiment::estimate::mean(&values?)
                })
            })
            .collect()
    }

    /// The same, where there is a value.
    pub fn known(&self, response: usize, variant: usize) -> Vec<f64> {
        self.observations(response, variant).into_iter().flatten().collect()
    }

    /// Pairs of (baseline, variant), where both have a value.
    pub fn pairs(&self, response: usize, variant: usize) -> Vec<(f64, f64)> {
        let (base, other) = (self.observations(response, self.baseline), self.observations(response, variant));
        base.into_iter().zip(other).filter_map(|(base, other)| Some((base?, other?))).collect()
    }

    /// What is known of a response of a variant.
    pub fn cell(&self, response: usize, variant: usize) -> Cell {
        let observations = self.observations(response, variant);
        let known: Vec<f64> = observations.iter().copied().flatten().collect();
        Cell {
            estimate: Estimate::of(&known, self.confidence),
            paired: (variant != self.baseline)
                .then(|| Paired::of(&self.pairs(response, variant), self.confidence))
                .flatten(),
            missing: observations.len() - known.len(),
        }
    }

    /// All cells: by response, and in it by variant.
    pub fn table(&self) -> Vec<Vec<Cell>> {
        (0..self.responses.len())
            .map(|response| (0..self.variants.len()).map(|variant| self.cell(response, variant)).collect())
            .collect()
    }

    /// The responses that are shown: those asked for, and of the others those that have a value anywhere; not those that
    /// most scenarios have nothing of, where they are 0 throughout.
    pub fn shown(&self) -> Vec<usize> {
        let has_something = |response: &usize| {
            let asked = &self.responses[*response];
            let says = |value: &f64| !asked.if_any || *value != 0.0;
            asked.wanted || (0..self.variants.len()).any(|variant| self.known(*response, variant).iter().any(says))
        };
        (0..self.responses.len()).filter(has_something).collect()
    }

    /// [`Study::counted`] of all variants together: a search gives the points that fall out fewer runs, `4 to 16 seeds`.
    pub fn counted_of_all(&self) -> String {
        let counts = || self.runs.iter().map(Vec::len);
        match (counts().min(), counts().max()) {
            (Some(fewest), Some(most)) if fewest < most => format!("{fewest} to {most} seeds"),
            _ => self.counted(),
        }
    }

    /// What there are so many of: `30 seeds`, `15 antithetic pairs`, `20 batches`.
    pub fn counted(&self) -> String {
        let replications = self.replications();
        let many = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
        match (self.batches, self.antithetic) {
            (1, false) => many(replications, "seed"),
            (1, true) => many(replications / 2, "antithetic pair"),
            (batches, _) => {
                let runs = if self.antithetic { replications / 2 } else { replications };
                format!("{} batches", batches * runs)
            }
        }
    }

    /// One sentence for every variant but the baseline.
    pub fn sentences(&self, table: &[Vec<Cell>], shown: &[usize]) -> Vec<String> {
        let others = (0..self.variants.len()).filter(|variant| *variant != self.baseline);
        others
            .map(|variant| {
                let topics: Vec<Topic<'_>> = shown
                    .iter()
                    .map(|response| {
                        let asked = &self.responses[*response];
                        let is_percent = asked.manner == Manner::Percent;
                        Topic {
                            name: &asked.name,
                            manner: asked.manner,
                            aside: asked.aside,
                            unit: if is_percent { "points" } else { &asked.unit },
                            paired: table[*response][variant].paired.as_ref(),
                        }
                    })
                    .collect();
                sentence::compare(
                    &self.variants[variant].name,
                    &self.variants[self.baseline].name,
                    &topics,
                    &self.counted(),
                )
            })
            .collect()
    }

    /// How many replications `--until-precise` needs, and for which response; nothing where all intervals are narrow
    /// enough. Differences count where there is something to differ from, means where there is one variant only. A
    /// response whose baseline is 0 has no relative precision, and is left out.
    pub fn needed_for(&self, share: f64) -> Option<(usize, u64)> {
        let mut most: Option<(usize, u64)> = None;
        for response in (0..self.responses.len()).filter(|at| self.responses[*at].main) {
            for variant in 0..self.variants.len() {
                let Some(needed) = self.needed_of(response, variant, share) else { continue };
                if most.is_none_or(|(_, most)| needed > most) {
                    most = Some((response, needed));
                }
            }
        }
        most
    }

    fn needed_of(&self, response: usize, variant: usize, share: f64) -> Option<u64> {
        use ecsim_experiment::replications::needed;
        let (sd, half, scale, n) = if self.variants.len() > 1 {
            let pairs = self.pairs(response, variant);
            if variant == self.baseline {
                return None;
            }
            let paired = Paired::of(&pairs, self.confidence)?;
            let base = Estimate::of(&self.known(response, self.baseline), self.confidence)?.mean;
            (paired.difference.sd?, paired.difference.half_width?, base, paired.difference.n)
        } else {
            let it = Estimate::of(&self.known(response, variant), self.confidence)?;
            (it.sd?, it.half_width?, it.mean, it.n)
        };
        let wanted = share * scale.abs();
        if wanted == 0.0 || half <= wanted {
            return None;
        }
        // In runs: an observation may be two of them, or a part of one.
        let runs_each = self.replications() as f64 / n as f64;
        Some((needed(sd, wanted, self.confidence) as f64 * runs_each).ceil() as u64)
    }
}

/// Whether a difference is shown.
pub const fn is_shown(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Higher | Verdict::Lower)
}
