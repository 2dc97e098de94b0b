//! Target tracking: as much capacity as brings a metric back to its target (ASG-020, SAS-020 to SAS-026).
//!
//! *What it does.* Scales a capacity by metric over target, rounded up, for one policy or for several.
//!
//! *What AWS documents.* Growth is rounded up and shrinking keeps more; no data, no scaling; several policies grow if one
//! wants to and shrink only if all agree. The formula itself AWS does not publish; `ceil(capacity x metric / target)` is
//! the one that rounds so (SAS-021).
//!
//! *Where AWS leaves a choice.* Which policies agree to shrink: all that are allowed to, each with its low alarm on and
//! data; the others have no say (SAS-024). From a capacity of zero a metric above zero asks for one (SAS-026).
//!
//! *What we left out.* Alarms, cooldowns and warm-ups: the caller's. Scaling in more gently (SAS-025).
//!
//! *How we know it is right.* SX-020, SX-023, and properties.

use super::metric::{Metric, Millionths};

/// The capacity at which the metric would be at its target; `None` for a target of 0 or less, which AWS rejects.
#[must_use]
pub fn proposal(capacity: u64, metric: Metric, target: Millionths) -> Option<u64> {
    if capacity == 0 {
        return (target.0 > 0).then_some(u64::from(metric.is_positive()));
    }
    metric.scale(capacity, target)
}

/// What the alarms of a policy say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// The high alarm is on.
    High,
    /// The low alarm is on.
    Low,
    /// Neither is.
    Neither,
}

/// A target tracking policy, as it stands.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Its target.
    pub target: Millionths,
    /// The newest datapoint; `None` is missing data.
    pub metric: Option<Metric>,
    /// Its alarms.
    pub alarm: Alarm,
    /// Whether it may shrink: not `DisableScaleIn`.
    pub scales_in: bool,
}

impl Reading {
    fn proposal(&self, capacity: u64) -> Option<u64> {
        proposal(capacity, self.metric?, self.target)
    }
}

/// The capacity that all policies together want instead of `capacity`; `None` if they want no change. Not clamped.
#[must_use]
pub fn decide(capacity: u64, policies: &[Reading]) -> Option<u64> {
    let out = policies.iter().filter(|it| it.alarm == Alarm::High).filter_map(|it| it.proposal(capacity)).max();
    if let Some(more) = out.filter(|more| *more > capacity) {
        return Some(more);
    }
    if policies.iter().any(|it| it.alarm == Alarm::High) {
        return None;
    }
    let mut least = None;
    for policy in policies.iter().filter(|it| it.scales_in) {
        if policy.alarm != Alarm::Low {
            return None;
        }
        least = least.max(Some(policy.proposal(capacity)?));
    }
    least.filter(|fewer| *fewer < capacity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::clamp::Bounds;
    use Alarm::{High, Low, Neither};
    use proptest::prelude::*;

    fn reading(metric: i64, target: i64, alarm: Alarm) -> Reading {
        Reading { target: Millionths::whole(target), metric: Some(Metric::whole(metric)), alarm, scales_in: true }
    }

    #[test]
    fn sx_020_proposals() {
        for (capacity, metric, target, max, alarm, result) in [
            (10, 75, 50, 100, High, 15),
            (4, 91, 70, 100, High, 6),
            (12, 64, 60, 100, High, 13),
            (3, 200, 60, 8, High, 8),
            (7, 30, 60, 100, Low, 4),
            (2, 44, 50, 100, Low, 2),
            (6, 500, 1_000, 100, Low, 3),
            (5, 46, 50, 100, Neither, 5),
        ] {
            let wanted = decide(capacity, &[reading(metric, target, alarm)]).unwrap_or(capacity);
            assert_eq!(Bounds { min: 1, max }.clamp(wanted), result, "{capacity} at {metric} of {target}");
        }
    }

    #[test]
    fn sx_023_several_policies() {
        let (cpu, memory) = (50, 70);
        assert_eq!(decide(10, &[reading(60, cpu, High), reading(50, memory, Low)]), Some(12));
        assert_eq!(decide(10, &[reading(30, cpu, Low), reading(56, memory, Low)]), Some(8));
        assert_eq!(decide(10, &[reading(30, cpu, Low), reading(65, memory, Neither)]), None);
        let missing = Reading { metric: None, ..reading(0, memory, Neither) };
        assert_eq!(decide(10, &[reading(30, cpu, Low), missing]), None);
    }

    // proves: SAS-020
    #[test]
    fn asg_020_rounded_away_from_danger() {
        // 1.5 more: two; 1.5 fewer: one.
        assert_eq!(decide(10, &[reading(115, 100, High)]), Some(12));
        assert_eq!(decide(10, &[reading(85, 100, Low)]), Some(9));
        assert_eq!(decide(4, &[reading(75, 100, Low)]), Some(3), "exactly 3 stays 3");
    }

    #[test]
    fn asg_020_missing_data_changes_nothing() {
        let missing = |alarm| Reading { metric: None, ..reading(0, 50, alarm) };
        for alarm in [High, Low, Neither] {
            assert_eq!(decide(10, &[missing(alarm)]), None);
        }
        assert_eq!(decide(10, &[missing(Low), reading(10, 50, Low)]), None);
        assert_eq!(decide(10, &[missing(Neither), reading(100, 50, High)]), Some(20), "growing needs only one");
        assert_eq!(decide(10, &[]), None);
    }

    #[test]
    fn asg_020_who_may_not_shrink_has_no_say() {
        let out_only = Reading { scales_in: false, ..reading(49, 50, Neither) };
        assert_eq!(decide(10, &[out_only, reading(25, 50, Low)]), Some(5));
        assert_eq!(decide(10, &[Reading { scales_in: false, ..reading(10, 50, Low) }]), None);
        assert_eq!(decide(10, &[reading(50, 50, High), reading(25, 50, Low)]), None, "one that is high does not agree");
    }

    #[test]
    fn sas_026_from_zero() {
        assert_eq!(decide(0, &[reading(7_000, 50, High)]), Some(1));
        assert_eq!(decide(0, &[reading(0, 50, Low)]), None);
        assert_eq!(proposal(0, Metric::whole(1), Millionths(0)), None);
        assert_eq!(proposal(5, Metric::whole(1), Millionths(-5)), None);
    }

    proptest! {
        #[test]
        fn asg_020_the_target_is_met_and_not_by_one_too_many(
            capacity in 1..2_000_u64, metric in 0..200_000_000_i64, target in 1..100_000_000_i64,
        ) {
            let wanted = proposal(capacity, Millionths(metric).into(), Millionths(target)).unwrap();
            let load = u128::from(capacity) * metric as u128;
            prop_assert!(u128::from(wanted) * target as u128 >= load);
            prop_assert!(wanted == 0 || u128::from(wanted - 1) * (target as u128) < load);
        }
    }
}
