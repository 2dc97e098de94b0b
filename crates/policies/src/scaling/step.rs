//! Step scaling: the further a metric is from its threshold, the larger the change (ASG-022, SAS-030 to SAS-034).
//!
//! *What it does.* Finds the step that a metric value lies in, and applies its adjustment to a capacity.
//!
//! *What AWS documents.* Bounds relative to the threshold, inclusive towards it and exclusive away from it; the three
//! adjustment types; the rounding of percentages; `MinAdjustmentMagnitude`; twenty steps; that instances still warming
//! up are part of the desired capacity but not of the capacity that a step is applied to. Ours: an adjustment of 0 %
//! stays 0, whatever the minimum; a value in no step changes nothing.
//!
//! *What we left out.* The aggregation of datapoints (SAS-033), which is the caller's.
//!
//! *How we know it is right.* EX-A16, SX-024, AWS's examples of rounding, and properties.

use core::cmp::Ordering;
use core::fmt;

use super::clamp::Bounds;
use super::metric::{Metric, Millionths};

/// How many steps a policy may have (ASG-022).
pub const STEPS_MAX: usize = 20;

/// `AdjustmentType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdjustmentType {
    /// So many more or fewer.
    #[default]
    ChangeInCapacity,
    /// Exactly so many.
    ExactCapacity,
    /// So many percent more or fewer.
    PercentChangeInCapacity,
}

/// The capacity after an adjustment, not yet clamped; never below 0 (ASG-022).
///
/// `min_magnitude` is `MinAdjustmentMagnitude` and counts for percentages only.
#[must_use]
pub fn adjusted(capacity: u64, adjustment_type: AdjustmentType, adjustment: i64, min_magnitude: u64) -> u64 {
    let change = match adjustment_type {
        AdjustmentType::ExactCapacity => return u64::try_from(adjustment).unwrap_or(0),
        AdjustmentType::ChangeInCapacity => i128::from(adjustment),
        AdjustmentType::PercentChangeInCapacity => percent(capacity, adjustment, min_magnitude),
    };
    let after = (i128::from(capacity) + change).max(0);
    u64::try_from(after).unwrap_or(u64::MAX)
}

/// Above 1 down, between 0 and 1 one, and the same below zero; then the least magnitude.
fn percent(capacity: u64, adjustment: i64, min_magnitude: u64) -> i128 {
    let hundredths = i128::from(capacity) * i128::from(adjustment);
    // Division of integers cuts towards zero.
    let magnitude = (hundredths / 100).abs().max(1).max(i128::from(min_magnitude));
    hundredths.signum() * magnitude
}

/// A step adjustment (ASG-022).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepAdjustment {
    /// `MetricIntervalLowerBound`, relative to the threshold; `None` is minus infinity.
    pub lower: Option<Millionths>,
    /// `MetricIntervalUpperBound`, relative to the threshold; `None` is infinity.
    pub upper: Option<Millionths>,
    /// `ScalingAdjustment`.
    pub adjustment: i64,
}

impl StepAdjustment {
    /// Whether a metric value lies in this step of a policy with that threshold.
    #[must_use]
    pub fn holds(&self, metric: Metric, threshold: Millionths) -> bool {
        let against = |bound: Millionths| metric.cmp_threshold(Millionths(threshold.0.saturating_add(bound.0)));
        let to_lower = self.lower.map_or(Ordering::Greater, against);
        let to_upper = self.upper.map_or(Ordering::Less, against);
        if self.lower.is_some_and(|lower| lower.0 >= 0) {
            to_lower.is_ge() && to_upper.is_lt()
        } else {
            to_lower.is_gt() && to_upper.is_le()
        }
    }
}

/// A step scaling policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepPolicy {
    /// The threshold of its alarm.
    pub threshold: Millionths,
    /// `AdjustmentType`.
    pub adjustment_type: AdjustmentType,
    /// `MinAdjustmentMagnitude`; 0 is none.
    pub min_adjustment_magnitude: u64,
    /// `StepAdjustments`.
    pub steps: Vec<StepAdjustment>,
}

impl StepPolicy {
    /// The place of the step that a metric value lies in.
    #[must_use]
    pub fn step(&self, metric: Metric) -> Option<usize> {
        self.steps.iter().position(|step| step.holds(metric, self.threshold))
    }

    /// The capacity that the policy wants instead of `capacity`, inside the bounds; `None` if the value is in no step.
    #[must_use]
    pub fn proposal(&self, metric: Metric, capacity: u64, bounds: Bounds) -> Option<u64> {
        let step = &self.steps[self.step(metric)?];
        let after = adjusted(capacity, self.adjustment_type, step.adjustment, self.min_adjustment_magnitude);
        Some(bounds.clamp(after))
    }

    /// The desired capacity that the policy wants for an Auto Scaling group (ASG-022, ASG-023); `None` if it wants no change.
    ///
    /// `warm` instances are past their warm-up. Growth is computed from them and compared with `desired`, so that
    /// repeated breaches in one step add once; nothing shrinks while some are still warming up.
    #[must_use]
    pub fn decide(&self, metric: Metric, warm: u64, desired: u64, bounds: Bounds) -> Option<u64> {
        let from_warm = self.proposal(metric, warm.min(desired), bounds)?;
        if from_warm > desired {
            return Some(from_warm);
        }
        let from_desired = self.proposal(metric, desired, bounds)?;
        (warm >= desired && from_desired < desired).then_some(from_desired)
    }
}

/// Why step adjustments are rejected. Steps are named by their place in the list, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepError {
    /// There is none.
    NoSteps,
    /// There are more than [`STEPS_MAX`].
    TooManySteps,
    /// The upper bound is not above the lower.
    EmptyInterval {
        /// The step.
        step: usize,
    },
    /// Two steps overlap.
    Overlap {
        /// The one with the lower bounds.
        below: usize,
        /// The other.
        above: usize,
    },
    /// There is a gap between two neighbours.
    Gap {
        /// The one with the lower bounds.
        below: usize,
        /// The other.
        above: usize,
    },
    /// A lower bound is negative, and no step is open below.
    NoStepOpenBelow,
    /// An upper bound is positive, and no step is open above.
    NoStepOpenAbove,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSteps => write!(f, "a step scaling policy needs at least one step adjustment"),
            Self::TooManySteps => write!(f, "a step scaling policy has at most {STEPS_MAX} step adjustments"),
            Self::EmptyInterval { step } => {
                write!(f, "the upper bound of step {} must be above its lower bound", step + 1)
            }
            Self::Overlap { below, above } => write!(f, "steps {} and {} overlap", below + 1, above + 1),
            Self::Gap { below, above } => write!(f, "there is a gap between steps {} and {}", below + 1, above + 1),
            Self::NoStepOpenBelow => write!(f, "with a negative lower bound, one step must have no lower bound"),
            Self::NoStepOpenAbove => write!(f, "with a positive upper bound, one step must have no upper bound"),
        }
    }
}

impl core::error::Error for StepError {}

/// Everything that is wrong with a list of step adjustments (SAS-030); nothing if AWS accepts it.
#[must_use]
pub fn problems(steps: &[StepAdjustment]) -> Vec<StepError> {
    let mut problems = Vec::new();
    if steps.is_empty() {
        problems.push(StepError::NoSteps);
    }
    if steps.len() > STEPS_MAX {
        problems.push(StepError::TooManySteps);
    }
    let low = |at: usize| steps[at].lower.map_or(i64::MIN, |bound| bound.0);
    let high = |at: usize| steps[at].upper.map_or(i64::MAX, |bound| bound.0);
    let (empty, mut order): (Vec<usize>, Vec<usize>) = (0..steps.len()).partition(|at| high(*at) <= low(*at));
    problems.extend(empty.into_iter().map(|step| StepError::EmptyInterval { step }));
    order.sort_by_key(|at| low(*at));
    for pair in order.windows(2) {
        let (below, above) = (pair[0], pair[1]);
        match high(below).cmp(&low(above)) {
            Ordering::Less => problems.push(StepError::Gap { below, above }),
            Ordering::Greater => problems.push(StepError::Overlap { below, above }),
            Ordering::Equal => {}
        }
    }
    let is_open = |bound: fn(&StepAdjustment) -> Option<Millionths>| steps.iter().any(|step| bound(step).is_none());
    if steps.iter().any(|step| step.lower.is_some_and(|lower| lower.0 < 0)) && !is_open(|step| step.lower) {
        problems.push(StepError::NoStepOpenBelow);
    }
    if steps.iter().any(|step| step.upper.is_some_and(|upper| upper.0 > 0)) && !is_open(|step| step.upper) {
        problems.push(StepError::NoStepOpenAbove);
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use AdjustmentType::{ChangeInCapacity, ExactCapacity, PercentChangeInCapacity};
    use proptest::prelude::*;

    type Row = (Option<i64>, Option<i64>, i64);

    fn steps(rows: &[Row]) -> Vec<StepAdjustment> {
        rows.iter()
            .map(|(lower, upper, adjustment)| StepAdjustment {
                lower: lower.map(Millionths::whole),
                upper: upper.map(Millionths::whole),
                adjustment: *adjustment,
            })
            .collect()
    }

    fn policy(threshold: i64, rows: &[Row]) -> StepPolicy {
        StepPolicy {
            threshold: Millionths::whole(threshold),
            adjustment_type: PercentChangeInCapacity,
            min_adjustment_magnitude: 0,
            steps: steps(rows),
        }
    }

    const ANY: Bounds = Bounds { min: 0, max: 10_000 };

    const AWS_OUT: [Row; 3] = [(Some(0), Some(10), 0), (Some(10), Some(20), 10), (Some(20), None, 30)];
    const AWS_IN: [Row; 3] = [(Some(-10), Some(0), 0), (Some(-20), Some(-10), -10), (None, Some(-20), -30)];

    // proves: ASG-022, SAS-034
    #[test]
    fn ex_a16_walk() {
        let (out, into) = (policy(50, &AWS_OUT), policy(50, &AWS_IN));
        let mut capacity = 10;
        let mut walk = Vec::new();
        for (policy, metric) in [(&out, 60), (&out, 70), (&into, 40), (&into, 30)] {
            capacity = policy.proposal(Metric::whole(metric), capacity, ANY).unwrap();
            walk.push(capacity);
        }
        assert_eq!(walk, [11, 14, 13, 10]);
    }

    // proves: SAS-030
    #[test]
    fn sx_024_step_lookup() {
        let out = policy(60, &[(Some(0), Some(15), 20), (Some(15), Some(25), 50), (Some(25), None, 100)]);
        for (capacity, metric, result) in [
            (7, 59_900_000, None),
            (7, 60_000_000, Some(8)),
            (7, 74_900_000, Some(8)),
            (7, 75_000_000, Some(10)),
            (3, 84_990_000, Some(4)),
            (3, 85_000_000, Some(6)),
            (2, 62_000_000, Some(3)),
        ] {
            assert_eq!(out.proposal(Millionths(metric).into(), capacity, ANY), result, "{capacity} at {metric}");
        }
        let into = policy(40, &[(Some(-10), Some(0), -10), (Some(-25), Some(-10), -25), (None, Some(-25), -50)]);
        for (capacity, metric, result) in [
            (9, 40_000_000, 8),
            (9, 30_100_000, 8),
            (9, 30_000_000, 7),
            (9, 15_000_000, 5),
            (9, 15_500_000, 7),
            (3, 29_000_000, 2),
            (14, 25_000_000, 11),
        ] {
            let bounds = Bounds { min: 2, max: 100 };
            assert_eq!(
                into.proposal(Millionths(metric).into(), capacity, bounds),
                Some(result),
                "{capacity} at {metric}"
            );
        }
    }

    #[test]
    fn asg_022_the_three_types() {
        assert_eq!(adjusted(5, ChangeInCapacity, 3, 9), 8);
        assert_eq!(adjusted(5, ChangeInCapacity, -7, 0), 0);
        assert_eq!(adjusted(5, ExactCapacity, 7, 9), 7);
        assert_eq!(adjusted(5, ExactCapacity, -7, 0), 0);
        assert_eq!(adjusted(4, PercentChangeInCapacity, 25, 2), 6, "AWS: 25 % of 4 with a minimum of 2");
        assert_eq!(adjusted(u64::MAX, ChangeInCapacity, i64::MAX, 0), u64::MAX);
        assert_eq!(adjusted(u64::MAX, PercentChangeInCapacity, i64::MAX, 0), u64::MAX);
        assert_eq!(adjusted(u64::MAX, PercentChangeInCapacity, i64::MIN, 0), 0);
    }

    // proves: SAS-031
    #[test]
    fn asg_022_rounding_of_percentages() {
        // AWS's four numbers: 12.7, 0.67, -0.58, -6.67, each as a percentage of a capacity.
        let change = |capacity: u64, percent: i64| {
            adjusted(capacity, PercentChangeInCapacity, percent, 0) as i64 - capacity as i64
        };
        assert_eq!(change(127, 10), 12);
        assert_eq!(change(67, 1), 1);
        assert_eq!(change(58, -1), -1);
        assert_eq!(change(667, -1), -6);
        assert_eq!((change(100, 1), change(100, -1)), (1, -1));
        assert_eq!((change(0, 50), change(7, 0)), (0, 0));
    }

    // proves: SAS-032
    #[test]
    fn asg_022_least_magnitude() {
        assert_eq!(adjusted(10, PercentChangeInCapacity, -10, 3), 7);
        assert_eq!(adjusted(10, PercentChangeInCapacity, 50, 3), 15);
        assert_eq!(adjusted(10, PercentChangeInCapacity, 0, 3), 10, "no change stays none");
    }

    #[test]
    fn asg_022_repeated_breaches_add_once() {
        let out = policy(50, &AWS_OUT);
        assert_eq!(out.decide(Metric::whole(60), 10, 10, ANY), Some(11));
        assert_eq!(out.decide(Metric::whole(60), 10, 11, ANY), None, "the new one is still warming up");
        assert_eq!(out.decide(Metric::whole(75), 10, 11, ANY), Some(13), "a higher step adds the difference");
        assert_eq!(out.decide(Metric::whole(75), 10, 13, ANY), None);
        assert_eq!(out.decide(Metric::whole(40), 10, 10, ANY), None);
    }

    #[test]
    fn asg_023_nothing_shrinks_while_something_warms_up() {
        let into = policy(50, &AWS_IN);
        assert_eq!(into.decide(Metric::whole(30), 13, 14, ANY), None);
        assert_eq!(into.decide(Metric::whole(30), 14, 14, ANY), Some(10));
        assert_eq!(into.decide(Metric::whole(30), 14, 14, Bounds { min: 12, max: 20 }), Some(12));
    }

    #[test]
    fn sas_030_steps_that_are_rejected() {
        assert_eq!(problems(&steps(&AWS_OUT)), []);
        assert_eq!(problems(&steps(&AWS_IN)), []);
        assert_eq!(problems(&steps(&[(None, None, 1)])), []);
        assert_eq!(problems(&[]), [StepError::NoSteps]);
        assert_eq!(
            problems(&steps(&[(Some(10), None, 1), (Some(0), Some(5), 1)])),
            [StepError::Gap { below: 1, above: 0 }]
        );
        assert_eq!(
            problems(&steps(&[(Some(0), Some(7), 1), (Some(5), None, 1)])),
            [StepError::Overlap { below: 0, above: 1 }]
        );
        assert_eq!(
            problems(&steps(&[(Some(0), None, 1), (Some(5), None, 1)])),
            [StepError::Overlap { below: 0, above: 1 }]
        );
        assert_eq!(
            problems(&steps(&[(Some(5), Some(5), 1)])),
            [StepError::EmptyInterval { step: 0 }, StepError::NoStepOpenAbove]
        );
        assert_eq!(problems(&steps(&[(Some(-5), Some(0), 1)])), [StepError::NoStepOpenBelow]);
        let many: Vec<Row> = (0..21).map(|at| (Some(at), if at == 20 { None } else { Some(at + 1) }, 1)).collect();
        assert_eq!(problems(&steps(&many)), [StepError::TooManySteps]);
    }

    proptest! {
        #[test]
        fn asg_022_every_value_is_in_one_step(metric in -40_000_000..140_000_000_i64, capacity in 0..90_u64) {
            let rows: Vec<Row> = AWS_IN.iter().chain(&AWS_OUT).copied().collect();
            let both = policy(50, &rows);
            let metric = Metric::from(Millionths(metric));
            let hits = both.steps.iter().filter(|step| step.holds(metric, both.threshold)).count();
            // Only the threshold itself belongs to the lowest step out and to the highest step in.
            prop_assert_eq!(hits, if metric == Metric::whole(50) { 2 } else { 1 });
            prop_assert!(both.proposal(metric, capacity, ANY).is_some());
        }

        #[test]
        fn asg_022_percentages_never_overshoot(capacity in 0..5_000_u64, percent in -100..300_i64) {
            let change = adjusted(capacity, PercentChangeInCapacity, percent, 0) as i64 - capacity as i64;
            let exact = capacity as i64 * percent;
            prop_assert_eq!(change.signum(), exact.signum());
            prop_assert!((100 * change).abs() <= exact.abs().max(100));
            prop_assert!((100 * change).abs() > exact.abs() - 100);
        }
    }
}
