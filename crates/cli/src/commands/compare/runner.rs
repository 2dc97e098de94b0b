//! Runs jobs on all cores. What comes out does not depend on how many there are: every run is a function of its variant
//! and its number, and the answers are put in order.

use std::sync::Arc;

use ecsim_engine::{Model, Simulation};
use ecsim_report::cost::SharedLedger;
use ecsim_report::responses::{Plan, Recorded};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::variants::Variant;
use crate::exit::Failure;
use crate::interrupt;

/// So many events between two looks at Ctrl-C.
const EVENTS_BETWEEN_LOOKS: u32 = 8_192;

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Which variant.
    pub variant: usize,
    /// Which replication, from 0.
    pub replication: usize,
}

/// Runs jobs.
#[derive(Debug)]
pub struct Runner<'a> {
    pool: ThreadPool,
    variants: &'a [Variant],
    plans: &'a [Plan],
    seed: u64,
    antithetic: bool,
    bar: Option<ProgressBar>,
}

impl<'a> Runner<'a> {
    /// With so many threads; nothing is one a core.
    ///
    /// # Errors
    /// Where the machine gives no threads.
    pub fn new(
        variants: &'a [Variant],
        plans: &'a [Plan],
        antithetic: bool,
        jobs: Option<usize>,
        with_bar: bool,
    ) -> Result<Self, Failure> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(jobs.unwrap_or(0))
            .build()
            .map_err(|error| Failure::Machine(format!("failed to start threads: {error}")))?;
        let bar = with_bar.then(progress_bar);
        Ok(Self { pool, variants, plans, seed: variants[0].model.seed, antithetic, bar })
    }

    /// Runs replications `from..to` of every variant; the answers are by replication, and in it by variant.
    ///
    /// # Errors
    /// Ctrl-C, or a run that passes a limit of the engine.
    pub fn run(&self, from: usize, to: usize) -> Result<Vec<(Job, Recorded)>, Failure> {
        let jobs: Vec<Job> = (from..to)
            .flat_map(|replication| (0..self.variants.len()).map(move |variant| Job { variant, replication }))
            .collect();
        self.run_jobs(&jobs)
    }

    /// Runs these, and answers in their order.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_jobs(&self, jobs: &[Job]) -> Result<Vec<(Job, Recorded)>, Failure> {
        self.run_jobs_and(jobs, |_, _| Ok(()))
    }

    /// The same, and tells each answer as it comes, in the order in which runs end.
    ///
    /// # Errors
    /// As [`Self::run`], and what `then` says.
    pub fn run_jobs_and(
        &self,
        jobs: &[Job],
        then: impl Fn(Job, &Recorded) -> Result<(), Failure> + Sync,
    ) -> Result<Vec<(Job, Recorded)>, Failure> {
        if let Some(bar) = &self.bar {
            bar.inc_length(jobs.len() as u64);
        }
        let answers: Vec<Result<(Job, Recorded), Failure>> = self.pool.install(|| {
            // One at a time: runs are long, and of very different length.
            let run = |job: &Job| {
                let recorded = self.one(*job)?;
                then(*job, &recorded)?;
                Ok((*job, recorded))
            };
            jobs.par_iter().with_max_len(1).map(run).collect()
        });
        answers.into_iter().collect()
    }

    /// No more runs follow.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn one(&self, job: Job) -> Result<Recorded, Failure> {
        if interrupt::happened() {
            return Err(interrupted());
        }
        let variant = &self.variants[job.variant];
        let (run_index, antithetic) = luck(job.replication, self.antithetic);
        let model = Arc::new(Model { seed: self.seed, run_index, antithetic, ..(*variant.model).clone() });
        let costs = SharedLedger::new(&model.definitions, &variant.prices);
        let mut simulation = Simulation::new(model);
        let mut recorder = self.plans[job.variant].record(simulation.cluster(), costs.as_ref());
        loop {
            let mut more = true;
            for _ in 0..EVENTS_BETWEEN_LOOKS {
                more = simulation.step(&mut recorder);
                if !more {
                    break;
                }
            }
            if interrupt::happened() {
                return Err(interrupted());
            }
            if let Some(overrun) = simulation.overrun() {
                return Err(Failure::Input(format!(
                    "{}, replication {}: {overrun}; nothing was written",
                    variant.name, job.replication
                )));
            }
            if !more {
                break;
            }
        }
        simulation.run(&mut recorder);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        Ok(recorder.finish(simulation.now(), simulation.cluster()))
    }
}

/// The run index and whether it is mirrored: with antithetic variates two replications share an index.
#[must_use]
pub const fn luck(replication: usize, antithetic: bool) -> (u64, bool) {
    if antithetic { (replication as u64 / 2, replication % 2 == 1) } else { (replication as u64, false) }
}

fn interrupted() -> Failure {
    Failure::Interrupted("interrupted; nothing was written".into())
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} runs, {eta} left") {
        bar.set_style(style);
    }
    bar
}
