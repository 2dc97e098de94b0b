//! What one action of cluster auto scaling makes of the desired capacity, and when none may act (CAS-007, CAS-020 to CAS-027).
//!
//! *What it does.* Scale-out follows the metric proportionally, rounded up; scale-in goes to what is needed, but takes at
//! most half of the instances a step. Warm-up holds both up, a scale-out holds scale-in up for fifteen minutes.
//!
//! *What AWS documents.* Two instances from zero (CAS-007), warm-up (CAS-021), the limit of a step (CAS-023), the fifteen
//! minutes (CAS-025). Ours: the scale-out formula in terms of M and N (CAS-020), three instances from zero at targets of
//! 67 to 99 (`zero_start`), how half is rounded. `always_two` speaks of a group without an instance.
//!
//! *Ages* are compared with both time stamps cut to whole seconds (file 00 of the specification, item 8b).
//!
//! *How we know it is right.* EX-A02, EX-A05 to EX-A14, EX-A26, AWS's test of 334 instances (CAS-024), MEAS-105, MEAS-106.

use ecsim_kernel::{SimTime, Span};

use super::reservation::Reservation;
use crate::ages::passes_at;

/// Scale-in never starts sooner after a scale-out (CAS-025).
pub const AFTER_SCALE_OUT: Span = Span::from_mins(15);

/// The size of an Auto Scaling group (ASG-001).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSize {
    /// Desired capacity.
    pub desired: u64,
    /// Minimum.
    pub min: u64,
    /// Maximum.
    pub max: u64,
}

/// `zero_start` (CAS-007).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZeroStart {
    /// 200 over the target, rounded up: 2 at a target of 100, 3 from 67 to 99.
    #[default]
    Formula,
    /// Two, as the guide says.
    AlwaysTwo,
}

/// `scale_in_cap` (CAS-023): the largest share of the instances that one step takes, an exact ratio.
#[derive(Clone, Copy, Debug)]
pub struct ScaleInCap {
    numerator: u32,
    denominator: u32,
}

/// Equal ratios are equal.
impl PartialEq for ScaleInCap {
    fn eq(&self, other: &Self) -> bool {
        let across = |numerator: u32, denominator: u32| u64::from(numerator) * u64::from(denominator);
        across(self.numerator, other.denominator) == across(other.numerator, self.denominator)
    }
}

impl Eq for ScaleInCap {}

impl ScaleInCap {
    /// 50 %, since 16 September 2022.
    pub const HALF: Self = Self { numerator: 1, denominator: 2 };
    /// 5 %, until then (MEAS-037).
    pub const TWENTIETH: Self = Self { numerator: 1, denominator: 20 };

    /// `numerator` over `denominator`, above 0 and at most 1; `None` otherwise.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Option<Self> {
        if numerator > 0 && numerator <= denominator { Some(Self { numerator, denominator }) } else { None }
    }

    /// How many of `desired` instances one step may take: rounded down, at least one.
    #[must_use]
    pub fn most(self, desired: u64) -> u64 {
        let share = u128::from(desired) * u128::from(self.numerator) / u128::from(self.denominator);
        // At most `desired`, as the ratio is at most 1.
        u64::try_from(share).unwrap_or(u64::MAX).max(1)
    }
}

impl Default for ScaleInCap {
    fn default() -> Self {
        Self::HALF
    }
}

/// The desired capacity after a scale-out (CAS-020): never less than before, within the bounds of the group.
///
/// `instances` is A, the instances of the group, all of them past their warm-up; `target` is in percent, 1 to 100.
#[must_use]
pub fn scale_out(
    group: GroupSize,
    instances: u64,
    reservation: Reservation,
    target: u32,
    zero_start: ZeroStart,
) -> u64 {
    let wanted = if instances == 0 && zero_start == ZeroStart::AlwaysTwo {
        2
    } else {
        // Target tracking treats a capacity of zero as one.
        reservation.scale(instances.max(1), target)
    };
    group.desired.max(wanted).max(group.min).min(group.max)
}

/// What a scale-in step makes of the desired capacity, and which of its bounds held it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleIn {
    /// What M calls for at this target.
    pub wanted: u64,
    /// The least that one step may leave.
    pub step_floor: u64,
    /// The desired capacity after the step; that before it, if nothing is to go.
    pub desired: u64,
}

/// The desired capacity after a scale-in (CAS-023): never more than before.
#[must_use]
pub fn scale_in(group: GroupSize, m: u64, target: u32, cap: ScaleInCap) -> ScaleIn {
    let wanted = u128::from(m) * 100;
    let wanted = u64::try_from(wanted.div_ceil(u128::from(target.max(1)))).unwrap_or(u64::MAX);
    let step_floor = group.desired.saturating_sub(cap.most(group.desired));
    let desired = wanted.max(step_floor).max(group.min).min(group.desired);
    ScaleIn { wanted, step_floor, desired }
}

/// When the last of the instances, given by their launch, is past its warm-up; `None` if all are (CAS-021).
#[must_use]
pub fn warming_until(launched_at: impl IntoIterator<Item = SimTime>, now: SimTime, warm_up: Span) -> Option<SimTime> {
    launched_at.into_iter().map(|at| passes_at(at, warm_up)).max().filter(|until| *until > now)
}

/// When a scale-in may start again after the last scale-out; `None` if it may now (CAS-025).
#[must_use]
pub fn scale_in_held_until(last_scale_out: Option<SimTime>, now: SimTime) -> Option<SimTime> {
    last_scale_out.map(|at| passes_at(at, AFTER_SCALE_OUT)).filter(|until| *until > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::managed_scaling::alarms::{Action, Alarms};
    use crate::capacity::managed_scaling::need::{Algorithm, Capacity, Fleet, StepSizes, WaitingGroup, need};
    use core::cmp::Ordering;
    use proptest::prelude::*;

    fn group(desired: u64) -> GroupSize {
        GroupSize { desired, min: 0, max: 10_000 }
    }

    fn at(secs: u64) -> SimTime {
        SimTime::from_ms(secs * 1_000)
    }

    /// Scale-out with A = N.
    fn out(m: u64, n: u64, target: u32) -> u64 {
        scale_out(group(n), n, Reservation::of_m_and_n(m, n), target, ZeroStart::Formula)
    }

    fn shrink(mut desired: u64, m: u64, target: u32, cap: ScaleInCap) -> Vec<u64> {
        let mut steps = Vec::new();
        loop {
            let next = scale_in(group(desired), m, target, cap).desired;
            if next == desired {
                return steps;
            }
            desired = next;
            steps.push(next);
        }
    }

    #[test]
    fn ex_a02_one_step_each() {
        assert_eq!(out(2, 1, 100), 2);
        assert_eq!(out(4, 2, 100), 4);
    }

    #[test]
    fn ex_a05_fifty_percent_then_the_rest() {
        assert_eq!(Reservation::of_m_and_n(2, 5).percent(), 40.0);
        assert_eq!(shrink(5, 2, 100, ScaleInCap::HALF), [3, 2]);
    }

    #[test]
    fn ex_a06_two_from_zero_whatever_waits() {
        let types = [Capacity { cpu: 1_024, memory: 4_096, ..Capacity::default() }];
        let waiting = [WaitingGroup { count: 37, cpu: 256, memory: 512, ..WaitingGroup::default() }];
        let fleet = Fleet { types: &types, zones: 3, n: 0, used: 0 };
        let found = need(Algorithm::Current, fleet, &waiting, StepSizes { minimum: 5, maximum: 10_000 });
        assert_eq!(found.m, 10);
        let reservation = Reservation::of(&found, 0, 100);
        assert_eq!(reservation.percent(), 200.0);
        let desired = |max| scale_out(GroupSize { desired: 0, min: 0, max }, 0, reservation, 100, ZeroStart::Formula);
        assert_eq!((desired(10), desired(1)), (2, 1));
    }

    #[test]
    fn ex_a07_target_80_asks_for_more() {
        assert_eq!(out(17, 12, 100), 17);
        assert_eq!(out(17, 12, 80), 22);
    }

    #[test]
    fn ex_a08_and_ex_a09_desired() {
        assert_eq!(out(9, 4, 100), 9);
        assert_eq!(out(13, 8, 100), 13);
    }

    // proves: CAS-024
    #[test]
    fn ex_a10_four_steps_and_fifty_one() {
        assert_eq!(shrink(334, 34, 100, ScaleInCap::HALF), [167, 84, 42, 34]);
        assert_eq!(shrink(334, 34, 100, ScaleInCap::TWENTIETH).len(), 51);
        let mut alarms = Alarms::default();
        let mut desired = 334;
        let mut seen = Vec::new();
        for minute in 1..=20_u64 {
            let reservation = Reservation::of_m_and_n(34, desired);
            if alarms.datapoint(reservation.cmp_target(100)).action == Some(Action::ScaleIn) {
                desired = scale_in(group(desired), 34, 100, ScaleInCap::HALF).desired;
                seen.push((minute * 60, desired));
            }
        }
        assert_eq!(seen, [(900, 167), (960, 84), (1_020, 42), (1_080, 34)]);
    }

    // proves: CAS-027
    #[test]
    fn ex_a11_target_80_at_rest() {
        assert_eq!(Reservation::of_m_and_n(3, 4).percent(), 75.0);
        assert_eq!(scale_in(group(4), 3, 80, ScaleInCap::HALF), ScaleIn { wanted: 4, step_floor: 2, desired: 4 });
        assert_eq!(Reservation::of_m_and_n(4, 5).cmp_target(80), Ordering::Equal);
        assert_eq!(scale_in(group(5), 3, 80, ScaleInCap::HALF).desired, 4);
        assert_eq!(out(4, 4, 80), 5);
    }

    #[test]
    fn ex_a12_timeline_from_zero() {
        let types = [Capacity { cpu: 1_000, ..Capacity::default() }];
        let warm_up = Span::from_secs(300);
        let mut launches: Vec<SimTime> = Vec::new();
        let mut seen = Vec::new();
        for t in (60..=480).step_by(60) {
            let registered = launches.iter().filter(|launch| **launch + Span::from_secs(90) <= at(t)).count() as u64;
            let (n, waiting) = (launches.len() as u64, 100_u64.saturating_sub(10 * registered));
            let tasks = [WaitingGroup { count: waiting, cpu: 100, ..WaitingGroup::default() }];
            let fleet = Fleet { types: &types, zones: 1, n, used: registered };
            let found = need(Algorithm::Current, fleet, &tasks, StepSizes::default());
            let reservation = Reservation::of(&found, n, 100);
            let may = warming_until(launches.iter().copied(), at(t), warm_up).is_none();
            if reservation.cmp_target(100).is_gt() && may {
                let size = GroupSize { desired: n, min: 0, max: 50 };
                let desired = scale_out(size, n, reservation, 100, ZeroStart::Formula);
                launches.resize(desired as usize, at(t));
            }
            seen.push((t, reservation.percent(), launches.len()));
        }
        assert_eq!(
            seen,
            [
                (60, 200.0, 2),
                (120, 600.0, 2),
                (180, 500.0, 2),
                (240, 500.0, 2),
                (300, 500.0, 2),
                (360, 500.0, 10),
                (420, 180.0, 10),
                (480, 100.0, 10),
            ]
        );
    }

    // proves: CAS-012
    #[test]
    fn ex_a14_small_instances_come_in_the_end() {
        let types = [800, 200].map(|cpu| Capacity { cpu, ..Capacity::default() });
        let (mut desired, mut waiting) = (1, 16_u64);
        let mut seen = vec![desired];
        while waiting > 0 {
            let tasks = [WaitingGroup { count: waiting, cpu: 100, ..WaitingGroup::default() }];
            let fleet = Fleet { types: &types, zones: 3, n: desired, used: desired };
            let found = need(Algorithm::Current, fleet, &tasks, StepSizes::default());
            let next = out(found.m, desired, 100);
            waiting = waiting.saturating_sub(2 * (next - desired));
            desired = next;
            seen.push(desired);
        }
        assert_eq!(seen, [1, 3, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn ex_a26_two_empty_ones_go() {
        let reservation = Reservation::of_m_and_n(4, 6);
        assert!((reservation.percent() - 66.67).abs() < 0.005);
        assert_eq!(shrink(6, 4, 100, ScaleInCap::HALF), [4]);
    }

    #[test]
    fn meas_105_one_activity() {
        assert_eq!(out(26, 14, 100), 26);
    }

    #[test]
    fn meas_106_one_at_a_time_in_2022() {
        let steps = shrink(26, 2, 100, ScaleInCap::TWENTIETH);
        assert_eq!(steps.len(), 24);
        assert_eq!(steps, (2..26).rev().collect::<Vec<u64>>());
    }

    #[test]
    fn cas_007_zero_start() {
        let start = |target, zero_start| scale_out(group(0), 0, Reservation::of_m_and_n(9, 0), target, zero_start);
        assert_eq!((start(100, ZeroStart::Formula), start(100, ZeroStart::AlwaysTwo)), (2, 2));
        assert_eq!((start(67, ZeroStart::Formula), start(66, ZeroStart::Formula)), (3, 4));
        assert_eq!((start(99, ZeroStart::Formula), start(50, ZeroStart::AlwaysTwo)), (3, 2));
    }

    #[test]
    fn cas_020_never_lowers_and_keeps_the_bounds() {
        let reservation = Reservation::of_m_and_n(12, 10);
        let desired =
            |desired, min, max| scale_out(GroupSize { desired, min, max }, 10, reservation, 100, ZeroStart::Formula);
        assert_eq!(desired(10, 0, 100), 12);
        assert_eq!(desired(15, 0, 100), 15);
        assert_eq!(desired(10, 20, 100), 20);
        assert_eq!(desired(10, 0, 11), 11);
        assert_eq!(desired(10, 9, 3), 3, "bounds that contradict each other do no harm");
    }

    #[test]
    fn cas_020_the_maximum_step_bounds_m_and_not_the_increment() {
        // Target 50: need 1 on top of 1 gives M = 2, and four instances.
        assert_eq!(out(2, 1, 50), 4);
    }

    #[test]
    fn cas_021_warm_up_counts_whole_seconds() {
        let warm_up = Span::from_secs(300);
        let launched = [SimTime::from_ms(10_000), SimTime::from_ms(60_012)];
        assert_eq!(warming_until(launched, SimTime::from_ms(359_999), warm_up), Some(at(360)));
        assert_eq!(warming_until(launched, at(360), warm_up), None);
        assert_eq!(warming_until([], at(0), warm_up), None);
    }

    #[test]
    fn cas_022_launched_instances_only_grow_by_the_need() {
        // Short warm-up, instances counted from launch: the same need is added again, and nothing multiplies.
        let (first, again) = (out(10 + 7, 10, 100), out(17 + 7, 17, 100));
        assert_eq!((first, again), (17, 24));
        // Counted only when registered, the same need runs away: 17 launched, 10 registered.
        let runaway = scale_out(group(17), 17, Reservation::of_m_and_n(10 + 7, 10), 100, ZeroStart::Formula);
        assert_eq!(runaway, 29);
    }

    #[test]
    fn cas_023_at_least_one_and_not_below_the_minimum() {
        assert_eq!(shrink(1, 0, 100, ScaleInCap::HALF), [0]);
        assert_eq!(shrink(3, 0, 100, ScaleInCap::HALF), [2, 1, 0]);
        let floor = scale_in(GroupSize { desired: 5, min: 4, max: 9 }, 0, 100, ScaleInCap::HALF);
        assert_eq!(floor, ScaleIn { wanted: 0, step_floor: 3, desired: 4 });
        assert_eq!(scale_in(GroupSize { desired: 5, min: 8, max: 9 }, 0, 100, ScaleInCap::HALF).desired, 5);
        assert_eq!(scale_in(group(5), 9, 100, ScaleInCap::HALF).desired, 5);
        assert_eq!(scale_in(group(0), 0, 100, ScaleInCap::HALF).desired, 0);
        assert_eq!((ScaleInCap::new(0, 2), ScaleInCap::new(3, 2), ScaleInCap::new(0, 0)), (None, None, None));
        assert_eq!(ScaleInCap::new(1, 1).map(|cap| cap.most(7)), Some(7));
    }

    #[test]
    fn cas_025_fifteen_minutes() {
        let scaled = Some(SimTime::from_ms(60_012));
        assert_eq!(scale_in_held_until(scaled, SimTime::from_ms(959_999)), Some(at(960)));
        assert_eq!(scale_in_held_until(scaled, at(960)), None, "exactly 900 s passes");
        assert_eq!(scale_in_held_until(None, at(1)), None);
    }

    #[test]
    fn cas_027_below_100_never_rests_at_zero() {
        let nothing = Reservation::of_m_and_n(0, 0);
        assert_eq!(nothing.cmp_target(80), Ordering::Greater);
        assert_eq!(scale_out(group(0), 0, nothing, 80, ZeroStart::Formula), 2);
        assert_eq!(Reservation::of_m_and_n(0, 2).percent(), 0.0);
        assert_eq!(shrink(2, 0, 80, ScaleInCap::HALF), [1, 0]);
        assert_eq!(nothing.cmp_target(100), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn cas_023_ends_where_the_need_is(desired in 0..3_000_u64, m in 0..3_000_u64, target in 1..101_u32) {
            let steps = shrink(desired, m, target, ScaleInCap::HALF);
            let wanted = (100 * m).div_ceil(u64::from(target));
            prop_assert_eq!(steps.last().copied().unwrap_or(desired), desired.min(wanted));
            let before = std::iter::once(desired).chain(steps.iter().copied());
            for (before, after) in before.zip(&steps) {
                prop_assert!(before - after == 1 || 2 * (before - after) <= before);
            }
        }

        #[test]
        fn cas_020_is_enough_and_not_one_too_many(m in 1..9_000_u64, n in 1..3_000_u64, target in 1..101_u32) {
            let desired = scale_out(GroupSize { desired: 0, min: 0, max: u64::MAX }, n, Reservation::of_m_and_n(m, n), target, ZeroStart::Formula);
            prop_assert!(desired * u64::from(target) >= 100 * m);
            prop_assert!((desired - 1) * u64::from(target) < 100 * m);
        }
    }
}
