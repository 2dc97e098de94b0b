//! What each kind of policy wants when its alarm invokes it (SAS-021, SAS-024, SAS-033).
//!
//! *What it does.* From the running count, the metric and the limits to a desired count, or to the reason why not.
//!
//! *Where AWS leaves a choice.* A scale-out from below the minimum goes to the minimum and no further; the next repetition
//! of the alarm goes on from there (SAS-003). The datapoints that step scaling puts together are those its alarm looks at,
//! as many as `EvaluationPeriods` (SAS-033). Values are known to a millionth; half of one is taken off before rounding up,
//! so that a third does not become one task more.

use ecsim_cluster::{AlarmId, NotScaled, ServiceDecision};
use ecsim_kernel::SimTime;

use super::cooldown::{Cooldown, Credit};
use crate::scaling::clamp::Bounds;
use crate::scaling::metric::{Metric, Millionths};
use crate::scaling::settings::{CreditMode, ScaleInMode};
use crate::scaling::step::StepPolicy;

/// Where a service stands when a policy is invoked.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Now.
    pub now: SimTime,
    /// Running tasks: where every calculation starts (SAS-002).
    pub running: u64,
    /// The desired count.
    pub desired: u64,
    /// `MinCapacity` and `MaxCapacity`.
    pub bounds: Bounds,
    /// What the forecast wants at least in this hour (SAS-071).
    pub floor: u64,
    /// Whether scale-in is off because of a deployment (SAS-040).
    pub deploying: bool,
    /// Whether scale-in is suspended (SAS-004).
    pub in_suspended: bool,
    /// Whether scale-out is suspended.
    pub out_suspended: bool,
    /// `cooldown_credit_mode`.
    pub credit: CreditMode,
    /// `tt_scale_in_mode`.
    pub scale_in: ScaleInMode,
}

/// What a policy wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// This desired count.
    Capacity {
        /// The new count.
        to: u64,
        /// What was credited (SAS-052).
        credited: Option<u64>,
    },
    /// The desired count as it is: others may not take it lower.
    Stay(NotScaled),
    /// Nothing.
    Wait(NotScaled),
}

/// What the alarm `HIGH` of a target tracking policy asks for (SAS-021): the raw proposal, and the wish.
#[must_use]
pub fn tracking_out(at: &Standing, cooldown: &Cooldown, value: Option<i64>, target: Millionths) -> (u64, Wish) {
    let Some(value) = value else { return (at.running, Wish::Wait(NotScaled::NoData)) };
    let raw = proportional(at.running, value, target);
    if at.out_suspended {
        return (raw, Wish::Wait(NotScaled::Suspended));
    }
    if raw <= at.running {
        return (raw, Wish::Wait(NotScaled::NoChange { wanted: narrow(raw) }));
    }
    (raw, grow(at, cooldown, raw))
}

/// What the alarm `LOW` asks for, where all policies agree (SAS-021, SAS-024, SAS-025).
#[must_use]
pub fn tracking_in(at: &Standing, cooldown: &Cooldown, value: Option<i64>, target: Millionths) -> (u64, Wish) {
    let Some(value) = value else { return (at.running, Wish::Wait(NotScaled::NoData)) };
    let raw = proportional(at.running, value, target);
    if at.in_suspended {
        return (raw, Wish::Wait(NotScaled::Suspended));
    }
    if at.deploying {
        return (raw, Wish::Wait(NotScaled::DeploymentInProgress));
    }
    if raw >= at.running {
        return (raw, Wish::Wait(NotScaled::NoChange { wanted: narrow(raw) }));
    }
    let gentle = match at.scale_in {
        ScaleInMode::Proportional => raw,
        ScaleInMode::OneStep => at.running - 1,
        ScaleInMode::Fraction(millionths) => {
            let part = u128::from(at.running - raw) * u128::from(millionths) / 1_000_000;
            at.running - u64::try_from(part).unwrap_or(u64::MAX).clamp(1, at.running - raw)
        }
    };
    (raw, shrink(at, cooldown, gentle))
}

/// What a step scaling policy asks for (SAS-030 to SAS-033): the raw proposal, whether it grows, and the wish.
#[must_use]
pub fn step(
    at: &Standing,
    cooldown: &Cooldown,
    value: Option<i64>,
    steps: &StepPolicy,
    threshold: Millionths,
) -> (u64, bool, Wish) {
    let up = steps.steps.iter().any(|step| step.adjustment > 0);
    let Some(value) = value else { return (at.running, up, Wish::Wait(NotScaled::NoData)) };
    let with_threshold = StepPolicy { threshold, ..steps.clone() };
    let any = Bounds { min: 0, max: u64::MAX };
    let Some(raw) = with_threshold.proposal(Metric::from(Millionths(value)), at.running, any) else {
        return (at.running, up, Wish::Wait(NotScaled::NoStep));
    };
    if raw > at.running {
        if at.out_suspended {
            return (raw, true, Wish::Wait(NotScaled::Suspended));
        }
        return (raw, true, grow(at, cooldown, raw));
    }
    if raw == at.running {
        return (raw, up, Wish::Wait(NotScaled::NoChange { wanted: narrow(raw) }));
    }
    if at.in_suspended {
        return (raw, false, Wish::Wait(NotScaled::Suspended));
    }
    if at.deploying {
        return (raw, false, Wish::Wait(NotScaled::DeploymentInProgress));
    }
    (raw, false, shrink(at, cooldown, raw))
}

/// `ceil(c * m / T)`, and from nothing 1 where there is demand (SAS-021, SAS-026).
#[must_use]
pub fn proportional(running: u64, value: i64, target: Millionths) -> u64 {
    if running == 0 {
        return u64::from(value > 0);
    }
    let Some(target) = u128::try_from(target.0).ok().filter(|target| *target > 0) else { return running };
    let doubled = u128::try_from(value).map_or(0, |value| (2 * value).saturating_sub(1));
    let scaled = (doubled * u128::from(running)).div_ceil(2 * target);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// A scale-out to a proposal: limits, then cooldown (SAS-003, SAS-052).
fn grow(at: &Standing, cooldown: &Cooldown, raw: u64) -> Wish {
    let Bounds { min, max } = at.bounds;
    if at.desired < min {
        return Wish::Capacity { to: min, credited: None };
    }
    if at.desired >= max {
        return Wish::Stay(NotScaled::AlreadyAtMaxCapacity(narrow(max)));
    }
    let proposal = at.bounds.clamp(raw);
    let there =
        |cooldown_until| Wish::Stay(NotScaled::AlreadyAtDesiredCapacity { wanted: narrow(proposal), cooldown_until });
    match cooldown.credit(at.now, at.credit, proposal, at.running, at.desired) {
        Credit::Free if proposal > at.desired => Wish::Capacity { to: proposal, credited: None },
        Credit::Free => there(None),
        Credit::To(to, credited) => Wish::Capacity { to: to.min(max), credited: Some(credited) },
        Credit::Nothing => there(cooldown.out_until()),
    }
}

/// A scale-in to a proposal: limits, cooldown, forecast (SAS-003, SAS-051, SAS-071).
fn shrink(at: &Standing, cooldown: &Cooldown, raw: u64) -> Wish {
    let Bounds { min, max } = at.bounds;
    if at.desired <= min {
        return Wish::Stay(NotScaled::AlreadyAtMinCapacity(narrow(min)));
    }
    if cooldown.is_in(at.now) {
        return Wish::Wait(NotScaled::ScaleInCooldown { until: cooldown.in_until() });
    }
    if at.desired > max {
        return Wish::Capacity { to: max, credited: None };
    }
    let proposal = at.bounds.clamp(raw);
    let kept = proposal.max(at.floor.min(max));
    if kept < at.desired {
        return Wish::Capacity { to: kept, credited: None };
    }
    if proposal < at.desired {
        return Wish::Stay(NotScaled::ForecastFloor(narrow(at.floor)));
    }
    Wish::Stay(NotScaled::AlreadyAtDesiredCapacity { wanted: narrow(proposal), cooldown_until: None })
}

/// Counts of tasks are 32 bits.
#[must_use]
pub fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A wish with the numbers that led to it.
#[derive(Clone, Copy, Debug)]
pub struct Invoked {
    /// The place of the policy in the list.
    pub place: usize,
    /// The alarm that invoked it.
    pub alarm: AlarmId,
    /// Whether it scales out.
    pub out: bool,
    /// The metric's value.
    pub value: Option<i64>,
    /// What it wants.
    pub wish: Wish,
    /// The numbers, as a decision.
    pub decision: ServiceDecision,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::step::{AdjustmentType, StepAdjustment};

    fn standing(running: u64, desired: u64, min: u64, max: u64) -> Standing {
        Standing {
            now: SimTime::ZERO,
            running,
            desired,
            bounds: Bounds { min, max },
            floor: 0,
            deploying: false,
            in_suspended: false,
            out_suspended: false,
            credit: CreditMode::Literal,
            scale_in: ScaleInMode::Proportional,
        }
    }

    fn micros(value: i64) -> Option<i64> {
        Some(value * 1_000_000)
    }

    fn to(wish: Wish) -> Option<u64> {
        match wish {
            Wish::Capacity { to, .. } => Some(to),
            Wish::Stay(_) | Wish::Wait(_) => None,
        }
    }

    // proves: SAS-021, SAS-023
    #[test]
    fn sx_020_target_tracking_proposals() {
        let idle = Cooldown::default();
        for (running, value, target, max, high, expected) in [
            (10, 75, 50, 100, true, Some(15)),
            (4, 91, 70, 100, true, Some(6)),
            (12, 64, 60, 100, true, Some(13)),
            (3, 200, 60, 8, true, Some(8)),
            (7, 30, 60, 100, false, Some(4)),
            (2, 44, 50, 100, false, None),
            (6, 500, 1_000, 100, false, Some(3)),
        ] {
            let at = standing(running, running, 1, max);
            let target = Millionths::whole(target);
            let (_, wish) = if high {
                tracking_out(&at, &idle, micros(value), target)
            } else {
                tracking_in(&at, &idle, micros(value), target)
            };
            assert_eq!(to(wish), expected, "{running} at {value}");
        }
    }

    #[test]
    fn sas_021_thirds_do_not_become_one_more() {
        assert_eq!(proportional(3, 66_666_667, Millionths::whole(50)), 4, "three at two thirds of a hundred");
        assert_eq!(proportional(4, 75_000_000, Millionths::whole(100)), 3, "exactly 3 stays 3");
        assert_eq!(proportional(10, 50_000_001, Millionths::whole(50)), 11);
        assert_eq!(proportional(5, -7, Millionths::whole(50)), 0);
    }

    #[test]
    fn sas_026_and_sx_035_from_zero() {
        let idle = Cooldown::default();
        let (_, first) = tracking_out(&standing(0, 0, 0, 10), &idle, micros(900), Millionths::whole(100));
        assert_eq!(to(first), Some(1));
        let (_, second) = tracking_out(&standing(1, 1, 0, 10), &idle, micros(900), Millionths::whole(100));
        assert_eq!(to(second), Some(9));
        let (_, larger) = tracking_out(&standing(0, 0, 3, 10), &idle, micros(900), Millionths::whole(100));
        assert_eq!(to(larger), Some(3), "the minimum where that is larger");
    }

    #[test]
    fn sas_003_outside_the_limits() {
        let (idle, target) = (Cooldown::default(), Millionths::whole(50));
        // From below the minimum out: to the minimum first.
        assert_eq!(to(tracking_out(&standing(2, 2, 5, 20), &idle, micros(400), target).1), Some(5));
        // In while below it: nothing.
        let (_, below) = tracking_in(&standing(2, 2, 5, 20), &idle, micros(10), target);
        assert_eq!(below, Wish::Stay(NotScaled::AlreadyAtMinCapacity(5)));
        // In from above the maximum: to the maximum.
        assert_eq!(to(tracking_in(&standing(30, 30, 5, 20), &idle, micros(10), target).1), Some(20));
        // Out while above it: nothing.
        let (_, above) = tracking_out(&standing(30, 30, 5, 20), &idle, micros(90), target);
        assert_eq!(above, Wish::Stay(NotScaled::AlreadyAtMaxCapacity(20)));
    }

    #[test]
    fn sas_004_and_040_what_is_off() {
        let (idle, target) = (Cooldown::default(), Millionths::whole(50));
        let deploying = Standing { deploying: true, ..standing(10, 10, 1, 20) };
        assert_eq!(tracking_in(&deploying, &idle, micros(20), target).1, Wish::Wait(NotScaled::DeploymentInProgress));
        assert_eq!(to(tracking_out(&deploying, &idle, micros(60), target).1), Some(12), "scale-out goes on");
        let suspended = Standing { out_suspended: true, ..standing(10, 10, 1, 20) };
        assert_eq!(tracking_out(&suspended, &idle, micros(60), target).1, Wish::Wait(NotScaled::Suspended));
        assert_eq!(to(tracking_in(&suspended, &idle, micros(20), target).1), Some(4));
        assert_eq!(tracking_in(&suspended, &idle, None, target).1, Wish::Wait(NotScaled::NoData), "SAS-014");
    }

    #[test]
    fn sas_025_scaling_in_more_gently() {
        let (idle, target) = (Cooldown::default(), Millionths::whole(50));
        let with = |scale_in| Standing { scale_in, ..standing(10, 10, 1, 20) };
        assert_eq!(to(tracking_in(&with(ScaleInMode::OneStep), &idle, micros(20), target).1), Some(9));
        assert_eq!(to(tracking_in(&with(ScaleInMode::Fraction(500_000)), &idle, micros(20), target).1), Some(7));
        assert_eq!(to(tracking_in(&with(ScaleInMode::Fraction(1)), &idle, micros(20), target).1), Some(9));
    }

    #[test]
    fn sas_002_the_running_count_is_where_it_starts() {
        // 20 are wanted, 5 could be placed: 60 % of 50 asks for 6, and nothing happens.
        let (raw, wish) =
            tracking_out(&standing(5, 20, 1, 50), &Cooldown::default(), micros(60), Millionths::whole(50));
        assert_eq!(raw, 6);
        assert_eq!(wish, Wish::Stay(NotScaled::AlreadyAtDesiredCapacity { wanted: 6, cooldown_until: None }));
    }

    #[test]
    fn sas_071_a_forecast_keeps_the_capacity() {
        let at = Standing { floor: 8, ..standing(10, 10, 1, 20) };
        assert_eq!(to(tracking_in(&at, &Cooldown::default(), micros(20), Millionths::whole(50)).1), Some(8));
        let at = Standing { floor: 12, ..standing(10, 10, 1, 20) };
        let (_, wish) = tracking_in(&at, &Cooldown::default(), micros(20), Millionths::whole(50));
        assert_eq!(wish, Wish::Stay(NotScaled::ForecastFloor(12)));
    }

    #[test]
    fn sas_033_and_035_steps_in_and_out() {
        let steps = |rows: &[(Option<i64>, Option<i64>, i64)], kind| StepPolicy {
            threshold: Millionths::whole(0),
            adjustment_type: kind,
            min_adjustment_magnitude: 0,
            steps: rows
                .iter()
                .map(|(lower, upper, adjustment)| StepAdjustment {
                    lower: lower.map(Millionths::whole),
                    upper: upper.map(Millionths::whole),
                    adjustment: *adjustment,
                })
                .collect(),
        };
        let (idle, threshold) = (Cooldown::default(), Millionths::whole(60));
        let out = steps(&[(Some(0), Some(15), 2), (Some(15), None, 3)], AdjustmentType::ChangeInCapacity);
        let at = standing(10, 10, 1, 40);
        assert_eq!(to(step(&at, &idle, micros(60), &out, threshold).2), Some(12));
        assert_eq!(to(step(&at, &idle, micros(75), &out, threshold).2), Some(13));
        assert_eq!(step(&at, &idle, micros(59), &out, threshold).2, Wish::Wait(NotScaled::NoStep));
        let into = steps(&[(None, Some(0), -4)], AdjustmentType::ChangeInCapacity);
        assert_eq!(to(step(&at, &idle, micros(10), &into, threshold).2), Some(6));
    }
}
