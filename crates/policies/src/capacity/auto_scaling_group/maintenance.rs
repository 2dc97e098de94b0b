//! Between how many instances a group is kept while its instances are replaced (ASG-044, ASG-007, ASG-045).
//!
//! *What it does.* Turns the two percentages of a maintenance policy into numbers of instances, and says how many
//! unhealthy or overaged instances may be replaced at once.
//!
//! *What AWS documents.* The percentages and their bounds (ASG-044), a tenth of the desired capacity at a time and at least
//! one (ASG-007, ASG-045), that instances which do not run, or were marked by hand, are replaced all at once. Ours: the
//! minimum is rounded up and the maximum down, so that neither is passed.
//!
//! *How we know it is right.* AWS's example, and a test for each clause.

use core::fmt;

/// `InstanceMaintenancePolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaintenancePolicy {
    min_healthy: u32,
    max_healthy: u32,
}

/// Why two percentages are no maintenance policy (ASG-044).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaintenanceError {
    /// `MinHealthyPercentage` is not 0 to 100.
    Min(u32),
    /// `MaxHealthyPercentage` is not 100 to 200.
    Max(u32),
    /// They differ by more than 100.
    TooFarApart,
}

impl fmt::Display for MaintenanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Min(value) => write!(f, "the minimum healthy percentage must be 0 to 100, not {value}"),
            Self::Max(value) => write!(f, "the maximum healthy percentage must be 100 to 200, not {value}"),
            Self::TooFarApart => write!(f, "the healthy percentages must not differ by more than 100"),
        }
    }
}

impl core::error::Error for MaintenanceError {}

/// The least and the most instances during a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceBounds {
    /// Healthy instances, at least.
    pub min_healthy: u32,
    /// Instances in all, at most.
    pub max_total: u32,
}

impl MaintenancePolicy {
    /// From `MinHealthyPercentage` and `MaxHealthyPercentage`.
    pub const fn new(min_healthy: u32, max_healthy: u32) -> Result<Self, MaintenanceError> {
        if min_healthy > 100 {
            Err(MaintenanceError::Min(min_healthy))
        } else if max_healthy < 100 || max_healthy > 200 {
            Err(MaintenanceError::Max(max_healthy))
        } else if max_healthy - min_healthy > 100 {
            Err(MaintenanceError::TooFarApart)
        } else {
            Ok(Self { min_healthy, max_healthy })
        }
    }

    /// Whether replacements are launched before anything is terminated.
    #[must_use]
    pub const fn launches_first(self) -> bool {
        self.max_healthy > 100
    }

    /// The bounds for a desired capacity.
    #[must_use]
    pub fn bounds(self, desired: u32) -> InstanceBounds {
        let percent = |percentage: u32| u64::from(desired) * u64::from(percentage);
        InstanceBounds {
            // At most `desired`, and at most twice `desired`.
            min_healthy: percent(self.min_healthy).div_ceil(100) as u32,
            max_total: u32::try_from(percent(self.max_healthy) / 100).unwrap_or(u32::MAX),
        }
    }
}

/// A tenth of the desired capacity, and at least one: how many instances are replaced at a time for their health
/// (ASG-007) or their age (ASG-045).
#[must_use]
pub const fn tenth(desired: u32) -> u32 {
    if desired < 20 { 1 } else { desired / 10 }
}

/// How many instances are replaced for their health at a time: what the maintenance policy leaves room for, and without
/// one a tenth (ASG-007, ASG-044).
#[must_use]
pub fn at_once(policy: Option<MaintenancePolicy>, desired: u32) -> u32 {
    let Some(policy) = policy else { return tenth(desired) };
    let bounds = policy.bounds(desired);
    let room = if policy.launches_first() { bounds.max_total - desired } else { desired - bounds.min_healthy };
    room.max(1)
}

/// How many unhealthy instances are replaced now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unhealthy {
    /// Those that do not run, or were marked by hand.
    pub gone: u32,
    /// Those that failed another check.
    pub failing: u32,
    /// Those among the replacements under way that wait for health or warm-up.
    pub settling: u32,
}

/// How many unhealthy instances a group replaces now (ASG-007), at most `at_once` at a time.
///
/// `healthy` instances are in service; `is_scaling` says whether a scaling activity goes on.
#[must_use]
pub fn health_replacements(desired: u32, healthy: u32, is_scaling: bool, unhealthy: Unhealthy, at_once: u32) -> u32 {
    let missing = u64::from(desired.saturating_sub(healthy));
    let waits = is_scaling && missing > 0 && missing * 10 >= u64::from(desired);
    let failing = if waits { 0 } else { unhealthy.failing.min(at_once.saturating_sub(unhealthy.settling)) };
    unhealthy.gone.saturating_add(failing)
}

/// The least `MaxInstanceLifetime`, in seconds; 0 is none (ASG-045).
pub const LIFETIME_MIN_SECS: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(min: u32, max: u32, desired: u32) -> (u32, u32) {
        let bounds = MaintenancePolicy::new(min, max).unwrap().bounds(desired);
        (bounds.min_healthy, bounds.max_total)
    }

    #[test]
    fn asg_044_aws_example() {
        assert_eq!(bounds(90, 120, 100), (90, 120));
        assert_eq!(bounds(100, 110, 100), (100, 110));
        assert_eq!(bounds(0, 100, 7), (0, 7));
        assert_eq!(bounds(90, 110, 5), (5, 5), "rounded inwards");
        assert_eq!(bounds(100, 200, u32::MAX), (u32::MAX, u32::MAX));
    }

    #[test]
    fn asg_044_what_is_rejected() {
        assert_eq!(MaintenancePolicy::new(101, 120), Err(MaintenanceError::Min(101)));
        assert_eq!(MaintenancePolicy::new(90, 99), Err(MaintenanceError::Max(99)));
        assert_eq!(MaintenancePolicy::new(100, 201), Err(MaintenanceError::Max(201)));
        assert_eq!(MaintenancePolicy::new(50, 151), Err(MaintenanceError::TooFarApart));
        assert!(MaintenancePolicy::new(50, 150).is_ok_and(MaintenancePolicy::launches_first));
        assert!(MaintenancePolicy::new(50, 100).is_ok_and(|policy| !policy.launches_first()));
    }

    #[test]
    fn asg_044_a_policy_sets_the_pace_of_health_replacement() {
        let of = |min, max, desired| at_once(Some(MaintenancePolicy::new(min, max).unwrap()), desired);
        assert_eq!((of(90, 100, 10), of(50, 100, 10), of(100, 120, 10), of(90, 120, 100)), (1, 5, 2, 20));
        assert_eq!((of(100, 100, 10), of(100, 105, 10)), (1, 1), "one always");
        assert_eq!((at_once(None, 10), at_once(None, 50)), (1, 5));
    }

    #[test]
    fn asg_007_pace_of_health_replacement() {
        let now = |desired, healthy, is_scaling, gone, failing, settling| {
            health_replacements(desired, healthy, is_scaling, Unhealthy { gone, failing, settling }, tenth(desired))
        };
        assert_eq!(now(50, 42, false, 0, 8, 0), 5, "a tenth at a time");
        assert_eq!(now(50, 42, false, 0, 8, 3), 2, "those under way count");
        assert_eq!(now(50, 42, false, 0, 8, 5), 0);
        assert_eq!(now(5, 2, false, 0, 3, 0), 1, "at least one");
        assert_eq!(now(50, 30, false, 12, 8, 0), 17, "what does not run goes all at once");
        assert_eq!(now(50, 45, true, 0, 5, 0), 0, "a tenth below while scaling: wait");
        assert_eq!(now(50, 45, true, 3, 2, 0), 3);
        assert_eq!(now(50, 46, true, 0, 4, 0), 4, "less than a tenth below");
        assert_eq!(now(0, 0, true, 0, 1, 0), 1);
    }

    #[test]
    fn asg_045_a_tenth_at_once() {
        assert_eq!([0, 1, 9, 19, 20, 25, 100].map(tenth), [1, 1, 1, 1, 2, 2, 10]);
    }
}
