//! Simple scaling: one adjustment, and then a pause (ASG-024).
//!
//! *What it does.* Applies the adjustment of the policy, and says whether the pause is over.
//!
//! *What AWS documents.* Only simple scaling waits for the cooldown, 300 s by default, which begins when the last
//! instance has finished launching or terminating, hooks and deregistration included; the adjustment types are those of
//! step scaling. Ours: the age of the activity is compared in whole seconds, as all ages are.

use ecsim_kernel::{SimTime, Span};

use super::clamp::Bounds;
use super::step::{AdjustmentType, adjusted};
use crate::ages::passes_at;

/// The default cooldown of a group (ASG-024).
pub const DEFAULT_COOLDOWN: Span = Span::from_secs(300);

/// A simple scaling policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimplePolicy {
    /// `AdjustmentType`.
    pub adjustment_type: AdjustmentType,
    /// `ScalingAdjustment`.
    pub adjustment: i64,
    /// `MinAdjustmentMagnitude`; 0 is none.
    pub min_adjustment_magnitude: u64,
    /// `Cooldown`; `None` is that of the group.
    pub cooldown: Option<Span>,
}

/// The last scaling activity of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastActivity {
    /// There has been none.
    None,
    /// An instance is still launching or terminating.
    InProgress,
    /// The last instance was ready, or gone, at that instant.
    EndedAt(SimTime),
}

impl SimplePolicy {
    /// The capacity that the policy wants instead of `capacity`, inside the bounds.
    #[must_use]
    pub fn proposal(&self, capacity: u64, bounds: Bounds) -> u64 {
        bounds.clamp(adjusted(capacity, self.adjustment_type, self.adjustment, self.min_adjustment_magnitude))
    }

    /// When the policy may act: now, at an instant to come, or ([`SimTime::MAX`]) when the activity has ended.
    #[must_use]
    pub fn may_act_at(&self, last: LastActivity, now: SimTime, group_cooldown: Span) -> SimTime {
        match last {
            LastActivity::None => now,
            LastActivity::InProgress => SimTime::MAX,
            LastActivity::EndedAt(at) => passes_at(at, self.cooldown.unwrap_or(group_cooldown)).max(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADD_TWO: SimplePolicy = SimplePolicy {
        adjustment_type: AdjustmentType::ChangeInCapacity,
        adjustment: 2,
        min_adjustment_magnitude: 0,
        cooldown: None,
    };

    #[test]
    fn asg_024_waits_for_the_cooldown() {
        let at = SimTime::from_ms;
        let may = |last| ADD_TWO.may_act_at(last, at(100_000), DEFAULT_COOLDOWN);
        assert_eq!(may(LastActivity::None), at(100_000));
        assert_eq!(may(LastActivity::InProgress), SimTime::MAX);
        assert_eq!(may(LastActivity::EndedAt(at(50_012))), at(350_000));
        assert_eq!(ADD_TWO.may_act_at(LastActivity::EndedAt(at(50_012)), at(400_000), DEFAULT_COOLDOWN), at(400_000));
        let own = SimplePolicy { cooldown: Some(Span::from_secs(60)), ..ADD_TWO };
        assert_eq!(own.may_act_at(LastActivity::EndedAt(at(50_000)), at(100_000), DEFAULT_COOLDOWN), at(110_000));
    }

    #[test]
    fn asg_024_adjusts_inside_the_bounds() {
        assert_eq!(ADD_TWO.proposal(5, Bounds { min: 0, max: 6 }), 6);
        assert_eq!(ADD_TWO.proposal(3, Bounds { min: 0, max: 6 }), 5);
    }
}
