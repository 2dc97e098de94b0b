//! The metric `CapacityProviderReservation`: M over N in percent, kept as an exact ratio (CAS-003, CAS-006, CAS-013).
//!
//! *What it does.* Makes the ratio from M and N with its three special cases, compares it with a target without rounding,
//! and divides only for output.
//!
//! *What AWS documents.* The metric (CAS-003) and its value if nothing that waits fits (CAS-013). From its blog: 100 and
//! 200 without instances (CAS-006). An incompatible group without instances: CAS-013 is taken before CAS-006.
//!
//! *How we know it is right.* EX-A05 to EX-A09, and a comparison with fractions.

use core::cmp::Ordering;

use super::need::{Basis, Need};

/// A value of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Percent times `over`.
    percent: u64,
    /// N, or 1 in the special cases; never 0.
    over: u64,
}

impl Reservation {
    /// The value for `n` instances and what they and the waiting tasks call for, under this target (percent, 1 to 100).
    #[must_use]
    pub fn of(need: &Need, n: u64, target: u32) -> Self {
        match need.basis {
            Basis::AllIncompatible => Self { percent: u64::from(target), over: 1 },
            Basis::Used | Basis::MinimumStep | Basis::Waiting => Self::of_m_and_n(need.m, n),
        }
    }

    /// 100 M / N; without instances 100 if none is needed and 200 otherwise (CAS-006).
    #[must_use]
    pub const fn of_m_and_n(m: u64, n: u64) -> Self {
        match (m, n) {
            (0, 0) => Self { percent: 100, over: 1 },
            (_, 0) => Self { percent: 200, over: 1 },
            _ => Self { percent: m.saturating_mul(100), over: n },
        }
    }

    /// Less than, equal to or greater than a target in percent.
    #[must_use]
    pub fn cmp_target(self, target: u32) -> Ordering {
        u128::from(self.percent).cmp(&(u128::from(self.over) * u128::from(target)))
    }

    /// `factor` times this value over `target`, rounded up: what target tracking makes of a capacity of `factor`.
    #[must_use]
    pub fn scale(self, factor: u64, target: u32) -> u64 {
        let target = u128::from(target.max(1));
        let scaled = (u128::from(factor) * u128::from(self.percent)).div_ceil(u128::from(self.over) * target);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }

    /// The value in percent, for output: the nearest number to the exact ratio.
    #[must_use]
    pub fn percent(self) -> f64 {
        self.percent as f64 / self.over as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::managed_scaling::need::{Algorithm, Capacity, Fleet, StepSizes, WaitingGroup, need};
    use proptest::prelude::*;

    #[test]
    fn cas_003_not_capped() {
        for (m, n, percent) in
            [(2, 5, 40.0), (17, 12, 141.67), (9, 4, 225.0), (13, 8, 162.5), (10, 1, 1_000.0), (26, 14, 185.71)]
        {
            let value = Reservation::of_m_and_n(m, n).percent();
            assert!((value - percent).abs() < 0.005, "{m} over {n} is {value}");
        }
    }

    #[test]
    fn cas_006_special_cases_without_instances() {
        assert_eq!(Reservation::of_m_and_n(0, 0).percent(), 100.0);
        assert_eq!(Reservation::of_m_and_n(1, 0).percent(), 200.0);
        assert_eq!(Reservation::of_m_and_n(37, 0).percent(), 200.0);
        assert_eq!(Reservation::of_m_and_n(0, 7).percent(), 0.0);
    }

    #[test]
    fn cas_013_incompatible_tasks_are_published_as_the_target() {
        let types = [Capacity { cpu: 1_024, memory: 1_024, ..Capacity::default() }];
        let waiting = [WaitingGroup { count: 3, cpu: 4_096, ..WaitingGroup::default() }];
        for n in [0, 4] {
            let fleet = Fleet { types: &types, zones: 1, n, used: 1 };
            let found = need(Algorithm::Current, fleet, &waiting, StepSizes::default());
            let reservation = Reservation::of(&found, n, 80);
            assert_eq!((reservation.percent(), reservation.cmp_target(80)), (80.0, Ordering::Equal));
        }
    }

    #[test]
    fn cas_020_floats_would_be_off_by_one() {
        // 3 used at target 75: exactly 4, though 3 / 0.75 is a hair more in some roundings.
        assert_eq!(Reservation::of_m_and_n(3, 4).scale(4, 75), 4);
        assert_eq!(Reservation::of_m_and_n(7, 10).scale(10, 70), 10);
        assert_eq!(Reservation::of_m_and_n(u64::MAX, 1).scale(u64::MAX, 1), u64::MAX);
        assert_eq!(Reservation::of_m_and_n(1, 1).scale(1, 0), 100, "a target of 0 cannot be, and does not divide");
    }

    proptest! {
        #[test]
        fn cas_003_equals_the_fraction(m in 0..20_000_u64, n in 1..5_000_u64, target in 1..101_u32) {
            let reservation = Reservation::of_m_and_n(m, n);
            prop_assert_eq!(reservation.cmp_target(target), (100 * m).cmp(&(u64::from(target) * n)));
            let scaled = reservation.scale(n, target);
            prop_assert!(scaled * u64::from(target) >= 100 * m);
            prop_assert!(scaled == 0 || (scaled - 1) * u64::from(target) < 100 * m);
        }
    }
}
