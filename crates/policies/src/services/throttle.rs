//! A service whose tasks never reach RUNNING must not start them for ever at full speed.
//!
//! *What it does.* Counts batches of starts of which no task reached RUNNING, and says how long the next batch waits.
//!
//! *What AWS documents.* Only tasks that never ran count (SVC-030); the wait grows to 27 minutes, a message says so, a new
//! task definition ends it (SVC-031, SVC-032). The schedule and the batches are ours (SVC-041, SVC-042).
//!
//! *What we left out.* Tasks that found no place: they wait as FLR-032 says, and count for nothing here (SVC-040).
//!
//! *How we know it is right.* SX-031 and a test for each rule.

use ecsim_cluster::{Cluster, TaskDefinitionId, TaskId};
use ecsim_kernel::{SimTime, Span};

use super::settings::DeploymentSettings;

/// The row of failed batches a service is in.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    definition: Option<TaskDefinitionId>,
    /// Batches that failed since a task reached RUNNING.
    failures: u32,
    /// No start before that.
    until: Option<SimTime>,
    open: Vec<Batch>,
    /// The message is due (SVC-032).
    engaged: bool,
}

/// The starts of one pass.
#[derive(Clone, Debug)]
struct Batch {
    /// When.
    at: SimTime,
    /// Those of which it is not known what becomes of them.
    tasks: Vec<TaskId>,
    /// One of them reached RUNNING.
    ran: bool,
}

impl Throttle {
    /// What became of the tasks that were started, of which `ran` reached RUNNING and `failed` did not since the last look.
    /// `definition` is what the tasks run.
    pub fn look(
        &mut self,
        now: SimTime,
        cluster: &Cluster,
        definition: TaskDefinitionId,
        (ran, failed): (u32, u32),
        settings: &DeploymentSettings,
    ) {
        if self.definition != Some(definition) {
            *self = Self { definition: Some(definition), ..Self::default() };
        }
        if ran > 0 {
            (self.failures, self.until, self.engaged) = (0, None, false);
        }
        for batch in &mut self.open {
            let ran = &mut batch.ran;
            batch.tasks.retain(|task| match cluster.tasks().get(*task) {
                Some(task) if task.is_running() => {
                    *ran = true;
                    false
                }
                Some(task) => task.is_live(),
                None => false,
            });
        }
        let ended = |batch: &Batch| batch.tasks.is_empty();
        let in_vain = self.open.iter().filter(|batch| ended(batch) && !batch.ran).count();
        self.open.retain(|batch| !ended(batch));
        if ran > 0 || failed == 0 {
            return;
        }
        for _ in 0..in_vain.min(failed as usize) {
            self.failures += 1;
            if self.failures >= settings.throttle_free_failures.max(1) {
                let doublings = (self.failures - settings.throttle_free_failures.max(1)).min(32);
                let wait = settings.throttle_first.saturating_mul(1 << doublings).min(settings.throttle_cap);
                self.until = Some(now + wait);
                self.engaged |= self.failures == settings.throttle_free_failures.max(1);
            }
        }
    }

    /// A task was started in the pass of that instant.
    pub fn started(&mut self, now: SimTime, task: TaskId) {
        match self.open.last_mut() {
            Some(batch) if batch.at == now => batch.tasks.push(task),
            _ => self.open.push(Batch { at: now, tasks: vec![task], ran: false }),
        }
    }

    /// Whether a batch may start now.
    #[must_use]
    pub fn may_start(&self, now: SimTime) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    /// When the next batch may start, while it waits.
    #[must_use]
    pub const fn next(&self) -> Option<SimTime> {
        self.until
    }

    /// Whether the message of SVC-032 is due; it is, once.
    pub fn take_message(&mut self) -> bool {
        core::mem::take(&mut self.engaged)
    }

    /// How many batches failed in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// The longest wait there is.
    #[must_use]
    pub const fn longest(settings: &DeploymentSettings) -> Span {
        settings.throttle_cap
    }
}
