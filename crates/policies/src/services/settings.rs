//! Every number and switch of deployments that AWS does not publish, with its default and the rule it belongs to.

use ecsim_kernel::Span;

/// The settings of deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentSettings {
    /// `eager_stop` (DEP-013): old tasks stop as soon as `minimumHealthyPercent` allows.
    pub eager_stop: bool,
    /// `own_revision_replacement` (SVC-023): a lost old task is replaced by its own revision, as since November 2025.
    pub own_revision_replacement: bool,
    /// `first_task_digest_gate` (DEP-004): the second task of a revision waits until the first one's pull has begun.
    pub first_task_digest_gate: bool,
    /// `count_stopping_in_max` (TSK-007): tasks that are stopping fill `maximumPercent` until they are STOPPED.
    pub count_stopping_in_max: bool,
    /// `throttle_free_failures` (SVC-041).
    pub throttle_free_failures: u32,
    /// `throttle_first_s` (SVC-041).
    pub throttle_first: Span,
    /// `throttle_cap_s` (SVC-031, SVC-041).
    pub throttle_cap: Span,
    /// `breaker_counts_crashes` (DEP-036).
    pub breaker_counts_crashes: bool,
    /// `breaker_placement_counts: task` (DEP-032): each task without a place counts, not each attempt.
    pub breaker_placement_counts_tasks: bool,
    /// `breaker_minimum` (DEP-030): the least threshold; it was 10 before January 2024.
    pub breaker_minimum: u32,
    /// `alarm_poll_s` (DEP-042).
    pub alarm_poll: Span,
    /// `bake_alarm_factor` in thousandths (DEP-046).
    pub bake_alarm_factor: u32,
}

impl Default for DeploymentSettings {
    fn default() -> Self {
        Self {
            eager_stop: true,
            own_revision_replacement: true,
            first_task_digest_gate: true,
            count_stopping_in_max: false,
            throttle_free_failures: 3,
            throttle_first: Span::from_secs(30),
            throttle_cap: Span::from_secs(1_620),
            breaker_counts_crashes: true,
            breaker_placement_counts_tasks: false,
            breaker_minimum: 3,
            alarm_poll: Span::from_secs(30),
            bake_alarm_factor: 1_000,
        }
    }
}
