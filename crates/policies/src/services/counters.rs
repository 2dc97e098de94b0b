//! A deployment's row has counters that only grow; what they grew by since the last look is what happened to its tasks.

use ecsim_cluster::Deployment;

/// The counters at the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    crashed: u32,
    ran: u32,
    failed_to_start: u32,
    gave_up: u32,
    lost: u32,
}

impl Counters {
    /// As they are now.
    #[must_use]
    pub const fn of(deployment: &Deployment) -> Self {
        let Deployment { crashed, ran, failed_to_start, gave_up, lost, .. } = *deployment;
        Self { crashed, ran, failed_to_start, gave_up, lost }
    }

    /// What they grew by since the last look.
    pub fn look(&mut self, deployment: &Deployment) -> Self {
        let before = core::mem::replace(self, Self::of(deployment));
        Self {
            crashed: self.crashed.saturating_sub(before.crashed),
            ran: self.ran.saturating_sub(before.ran),
            failed_to_start: self.failed_to_start.saturating_sub(before.failed_to_start),
            gave_up: self.gave_up.saturating_sub(before.gave_up),
            lost: self.lost.saturating_sub(before.lost),
        }
    }

    /// Tasks that ran and stopped by themselves (SVC-033).
    #[must_use]
    pub const fn crashes(&self) -> u32 {
        self.crashed
    }

    /// What the throttle looks at: tasks that reached RUNNING, and tasks that failed before (SVC-040).
    #[must_use]
    pub const fn starts(&self) -> (u32, u32) {
        (self.ran, self.failed_to_start)
    }

    /// What the circuit breaker looks at: tasks that failed to start or found no capacity (DEP-032), and tasks that ran and
    /// were lost (DEP-036).
    #[must_use]
    pub const fn failures(&self) -> (u32, u32) {
        (self.failed_to_start + self.gave_up, self.lost)
    }
}
