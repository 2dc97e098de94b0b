//! What EC2 Auto Scaling and Application Auto Scaling say alike: steps, what an adjustment means, how an alarm compares and
//! what it makes of missing data, and when an action is due.

use ecsim_cluster::cloudwatch::{Comparison, MissingData};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::scaling::metric::Millionths;
use ecsim_policies::scaling::step::{self, AdjustmentType, StepAdjustment, StepError};

use super::super::Context;
use super::super::capacity::millionths;
use crate::document::Locator;
use crate::schema::aws;

/// More instants than this make a run too slow to wait for.
const MOST_INSTANTS: usize = 2_000_000;

impl<'a> Context<'a> {
    /// The steps of step scaling; `rule` is named where they are wrong (ASG-022, SAS-030).
    pub(in super::super) fn step_adjustments(
        &mut self,
        given: &[aws::StepAdjustment],
        place: &Locator<'a>,
        rule: &str,
    ) -> Vec<StepAdjustment> {
        let mut steps = Vec::new();
        for (index, step) in given.iter().enumerate() {
            let mut bound = |key: &str, value: Option<f64>| {
                let value = value?;
                let bound = millionths(value).map(Millionths);
                if bound.is_none() {
                    let message = format!("`{value}` is too large for a bound");
                    self.error(&place.clone().index(index).key(key), "E397", message, None);
                }
                bound
            };
            steps.push(StepAdjustment {
                lower: bound("metricIntervalLowerBound", step.metric_interval_lower_bound),
                upper: bound("metricIntervalUpperBound", step.metric_interval_upper_bound),
                adjustment: i64::from(step.scaling_adjustment),
            });
        }
        for problem in step::problems(&steps) {
            let place = match problem {
                StepError::EmptyInterval { step } => place.clone().index(step),
                StepError::Overlap { above, .. } | StepError::Gap { above, .. } => place.clone().index(above),
                StepError::NoSteps
                | StepError::TooManySteps
                | StepError::NoStepOpenBelow
                | StepError::NoStepOpenAbove => place.clone(),
            };
            let help = Some(format!("steps begin at the alarm's threshold ({rule})"));
            self.error(&place, "E397", problem.to_string(), help);
        }
        steps
    }

    /// What the adjustments of a policy mean; `rule` is named where nobody says so (ASG-022, SAS-031).
    pub(in super::super) fn adjustment_type(
        &mut self,
        given: Option<aws::AdjustmentType>,
        at: &Locator<'a>,
        rule: &str,
    ) -> Option<AdjustmentType> {
        if given.is_none() {
            let help = Some(format!("ChangeInCapacity, ExactCapacity or PercentChangeInCapacity ({rule})"));
            self.error(at, "E397", "what does the adjustment mean? `adjustmentType` is missing", help);
        }
        Some(match given? {
            aws::AdjustmentType::ChangeInCapacity => AdjustmentType::ChangeInCapacity,
            aws::AdjustmentType::ExactCapacity => AdjustmentType::ExactCapacity,
            aws::AdjustmentType::PercentChangeInCapacity => AdjustmentType::PercentChangeInCapacity,
        })
    }

    /// How an alarm compares its metric with the threshold (CW-001).
    pub(in super::super) fn alarm_comparison(
        &mut self,
        alarm: &aws::MetricAlarm,
        at: &Locator<'a>,
    ) -> Option<Comparison> {
        match alarm.comparison_operator {
            Some(aws::ComparisonOperator::GreaterThanThreshold) => Some(Comparison::Greater),
            Some(aws::ComparisonOperator::GreaterThanOrEqualToThreshold) => Some(Comparison::GreaterOrEqual),
            Some(aws::ComparisonOperator::LessThanThreshold) => Some(Comparison::Less),
            Some(aws::ComparisonOperator::LessThanOrEqualToThreshold) => Some(Comparison::LessOrEqual),
            Some(
                aws::ComparisonOperator::LessThanLowerOrGreaterThanUpperThreshold
                | aws::ComparisonOperator::LessThanLowerThreshold
                | aws::ComparisonOperator::GreaterThanUpperThreshold,
            ) => {
                let place = at.clone().key("comparisonOperator");
                let help = Some("compare with a threshold".into());
                self.error(&place, "E397", "this version has no anomaly detectors", help);
                None
            }
            None => {
                let help = Some("for example GreaterThanThreshold".into());
                self.error(at, "E397", "how is the metric compared? `comparisonOperator` is missing", help);
                None
            }
        }
    }

    /// The instants of the run at which an action is due, the next one after each being `next`'s; `None`: too many.
    ///
    /// `from` and `end` are in milliseconds since the Unix epoch. What is due before the run begins is none of it, and what
    /// is due at `from` itself is due.
    pub(in super::super) fn due_instants(
        &mut self,
        (from, end): (i64, i64),
        next: impl Fn(i64) -> Option<i64>,
        at: &Locator<'a>,
    ) -> Option<Vec<SimTime>> {
        let origin = self.definitions.start_unix_ms;
        let mut after = from.saturating_sub(1);
        let mut due = Vec::new();
        while let Some(found) = next(after).filter(|found| *found <= end) {
            if found >= origin {
                due.push(SimTime::ZERO + Span::from_ms(u64::try_from(found - origin).unwrap_or(0)));
            }
            after = found;
            if due.len() > MOST_INSTANTS {
                self.error(at, "E397", format!("due more than {MOST_INSTANTS} times in this run"), None);
                return None;
            }
        }
        if due.is_empty() && self.diagnostics.errors() == 0 {
            self.warning(at, "W370", "this is never due within the run, so it never happens", None);
        }
        Some(due)
    }
}

/// `treatMissingData` (CW-010).
pub(in super::super) fn missing_data(given: Option<aws::TreatMissingData>) -> MissingData {
    match given.unwrap_or_default() {
        aws::TreatMissingData::Missing => MissingData::Missing,
        aws::TreatMissingData::NotBreaching => MissingData::NotBreaching,
        aws::TreatMissingData::Breaching => MissingData::Breaching,
        aws::TreatMissingData::Ignore => MissingData::Ignore,
    }
}
