//! How many instances an instance refresh may replace now (ASG-043).
//!
//! *What it does.* From the two healthy percentages and what the group has at the moment: how many replacements are
//! launched, and how many outdated instances are terminated.
//!
//! *What AWS documents.* The defaults, that healthy instances stay above the minimum, that with a maximum above 100 %
//! replacements are launched first, that 100/100 replaces one at a time, the time limits.
//!
//! *Where AWS leaves a choice.* A refresh always goes on, however small the group: where the percentages leave room for
//! not even one instance, one is launched first (maximum above 100 %) or one is terminated first.
//!
//! *What we left out.* Checkpoints, skip matching and rollback: the controller's.
//!
//! *How we know it is right.* A simulated refresh keeps its bounds and ends, for all small groups and percentages.

use ecsim_kernel::Span;

use super::maintenance::{InstanceBounds, MaintenancePolicy};

/// How long a refresh may take.
pub const DURATION_MAX: Span = Span::from_days(14);
/// After so long without progress, or waiting for a protected or standby instance, a refresh fails.
pub const STUCK_MAX: Span = Span::from_hours(1);
/// `CheckpointDelay`.
pub const CHECKPOINT_DELAY: Span = Span::from_secs(3_600);
/// `MinHealthyPercentage`.
pub const MIN_HEALTHY_PERCENTAGE: u32 = 90;
/// `MaxHealthyPercentage`.
pub const MAX_HEALTHY_PERCENTAGE: u32 = 100;

/// What the group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshState {
    /// Desired capacity.
    pub desired: u32,
    /// Instances that are not terminating, those still launching or warming up included.
    pub total: u32,
    /// Those among them that are in service, healthy and warm.
    pub healthy: u32,
    /// Those among them that are still to be replaced.
    pub outdated: u32,
}

/// What is done now, launches first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replacements {
    /// Instances to launch.
    pub launch: u32,
    /// Healthy outdated instances to terminate.
    pub terminate: u32,
}

/// The bounds during a refresh: those of the policy, with room for one.
#[must_use]
pub fn refresh_bounds(policy: MaintenancePolicy, desired: u32) -> InstanceBounds {
    let bounds = policy.bounds(desired);
    if policy.launches_first() {
        InstanceBounds { max_total: bounds.max_total.max(desired.saturating_add(1)), ..bounds }
    } else {
        InstanceBounds { min_healthy: bounds.min_healthy.min(desired.saturating_sub(1)), ..bounds }
    }
}

/// How many instances are launched and terminated now.
#[must_use]
pub fn replacements(policy: MaintenancePolicy, state: RefreshState) -> Replacements {
    let bounds = refresh_bounds(policy, state.desired);
    let replaced = state.total.saturating_sub(state.outdated);
    // As many as the group is short of new ones; while launching first, as many as there is room for.
    let launch = state.desired.saturating_sub(replaced).min(bounds.max_total.saturating_sub(state.total));
    let terminate = state.healthy.saturating_sub(bounds.min_healthy).min(state.outdated);
    Replacements { launch, terminate }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(min: u32, max: u32) -> MaintenancePolicy {
        MaintenancePolicy::new(min, max).unwrap()
    }

    fn first(min: u32, max: u32, desired: u32) -> (u32, u32) {
        let state = RefreshState { desired, total: desired, healthy: desired, outdated: desired };
        let due = replacements(policy(min, max), state);
        (due.launch, due.terminate)
    }

    #[test]
    fn asg_043_first_batch() {
        assert_eq!(first(MIN_HEALTHY_PERCENTAGE, MAX_HEALTHY_PERCENTAGE, 100), (0, 10), "terminate, then launch");
        assert_eq!(first(100, 110, 100), (10, 0), "launch, then terminate");
        assert_eq!(first(90, 120, 100), (20, 10));
        assert_eq!(first(100, 100, 100), (0, 1), "one at a time");
        assert_eq!(first(90, 100, 5), (0, 1), "small groups go on as well");
        assert_eq!(first(100, 110, 5), (1, 0));
        assert_eq!(first(0, 100, 5), (0, 5));
        assert_eq!(first(90, 100, 0), (0, 0));
    }

    #[test]
    fn asg_043_one_at_a_time_waits_for_the_new_one() {
        let state = RefreshState { desired: 4, total: 3, healthy: 3, outdated: 3 };
        assert_eq!(replacements(policy(100, 100), state), Replacements { launch: 1, terminate: 0 });
        let launching = RefreshState { total: 4, ..state };
        assert_eq!(replacements(policy(100, 100), launching), Replacements::default());
        let warm = RefreshState { healthy: 4, ..launching };
        assert_eq!(replacements(policy(100, 100), warm), Replacements { launch: 0, terminate: 1 });
    }

    #[test]
    fn asg_043_keeps_its_bounds_and_ends() {
        for desired in 0..25 {
            for (min, max) in [(90, 100), (100, 100), (0, 100), (50, 150), (100, 110), (100, 200), (90, 120), (33, 133)]
            {
                let policy = policy(min, max);
                let bounds = refresh_bounds(policy, desired);
                let (mut old, mut warm, mut launching) = (desired, 0, 0);
                let mut rounds = 0;
                while old > 0 || launching > 0 || warm != desired {
                    let state =
                        RefreshState { desired, total: old + warm + launching, healthy: old + warm, outdated: old };
                    let due = replacements(policy, state);
                    assert!(state.total + due.launch <= bounds.max_total.max(desired));
                    assert!(state.healthy - due.terminate >= bounds.min_healthy.min(state.healthy));
                    // One at a time the launched become warm, the slowest way it can go.
                    let settled = u32::from(launching > 0);
                    old -= due.terminate;
                    launching = launching + due.launch - settled;
                    warm += settled;
                    rounds += 1;
                    assert!(rounds < 200, "{desired} at {min}/{max} is stuck with {state:?}");
                }
            }
        }
    }
}
