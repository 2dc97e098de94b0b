//! How long tasks took from their request to RUNNING, by the moment of the request.

use ecsim_cluster::{Cluster, Definitions, Fact, TaskStatus};
use ecsim_kernel::SimTime;

use super::Frame;
use crate::metrics::timing::percentile;
use crate::metrics::{Detail, Tally};

/// Which part of the way to RUNNING.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From the request to RUNNING.
    Total,
    /// From the request to a place.
    Waiting,
}

/// Which number stands for all tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The mean.
    Mean,
    /// A percentile by nearest rank; 100 is the longest.
    Percentile(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) part: Part,
    pub(super) share: Share,
}

/// Reads `timeToRunning.total.p95`, as the summary calls it; also `.mean`.
pub(super) fn parse(text: &str) -> Option<(Part, Share)> {
    let (part, share) = text.strip_prefix("timeToRunning.")?.split_once('.')?;
    let part = match part {
        "total" => Part::Total,
        "waiting" => Part::Waiting,
        _ => return None,
    };
    let share = match share {
        "mean" => Share::Mean,
        "max" => Share::Percentile(100),
        _ => Share::Percentile(share.strip_prefix('p')?.parse().ok().filter(|it| (1..=100).contains(it))?),
    };
    Some((part, share))
}

/// Times in milliseconds, by batch.
#[derive(Clone, Debug, Default)]
struct Times {
    total: Vec<u32>,
    waiting: Vec<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct TaskTimes {
    frame: Frame,
    tally: Tally,
    batches: Vec<Times>,
}

impl TaskTimes {
    pub(super) fn new(definitions: &Definitions, frame: Frame) -> Self {
        let batches = vec![Times::default(); frame.batches];
        Self { frame, tally: Tally::new(definitions, Detail::default()), batches }
    }

    pub(super) fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        let note = self.tally.observe(now, fact, cluster);
        if let (Fact::TaskStatusChanged { to: TaskStatus::Running, .. }, Some(note)) = (fact, note)
            && let Some(batch) = self.frame.batch(note.requested_at)
        {
            let ms = |to: SimTime| u32::try_from(to.since(note.requested_at).ms()).unwrap_or(u32::MAX);
            self.batches[batch].total.push(ms(now));
            self.batches[batch].waiting.push(ms(note.placed_at.unwrap_or(note.created_at)));
        }
    }

    /// In seconds, by batch; nothing for a batch without a task.
    pub(super) fn values(&self, wanted: Wanted) -> Vec<Option<f64>> {
        let value = |times: &Times| {
            let mut list = match wanted.part {
                Part::Total => times.total.clone(),
                Part::Waiting => times.waiting.clone(),
            };
            match wanted.share {
                Share::Mean => {
                    let sum: u64 = list.iter().map(|ms| u64::from(*ms)).sum();
                    (!list.is_empty()).then(|| sum as f64 / list.len() as f64 / 1_000.0)
                }
                Share::Percentile(percent) => {
                    list.sort_unstable();
                    percentile(&list, percent).map(|ms| f64::from(ms) / 1_000.0)
                }
            }
        };
        self.batches.iter().map(value).collect()
    }
}
