//! Every number and switch about alarms and service auto scaling that AWS does not publish, with its default and rule.
//!
//! The scenario's `settings:` block has the same names.

use ecsim_kernel::Span;

use super::alarm::RANGE_EXTRA;

/// `tt_metric_point` (SAS-022): which value of the metric target tracking computes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricPoint {
    /// The newest datapoint.
    #[default]
    Latest,
    /// The mean of the datapoints that the alarm looked at.
    WindowMean,
}

/// `tt_scale_in_mode` (SAS-025): how far target tracking scales in at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleInMode {
    /// Straight to the proposal.
    #[default]
    Proportional,
    /// One task at a time.
    OneStep,
    /// This part of the way, in millionths, at least one task.
    Fraction(u32),
}

/// `cooldown_credit_mode` (SAS-052): what a scale-out within a cooldown may add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CreditMode {
    /// What it wants more than the activities of the cooldown have added.
    #[default]
    Literal,
    /// Whatever is above the desired count.
    DesiredFloor,
}

/// The settings of a run about alarms and service auto scaling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalingSettings {
    /// `evaluation_range_extra` (CW-013).
    pub evaluation_range_extra: u32,
    /// `alarm_action_repeat_s` (SAS-015).
    pub alarm_action_repeat: Span,
    /// `alarm_action_repeat_hr_s` (SAS-015): of alarms with a period below a minute.
    pub alarm_action_repeat_hr: Span,
    /// `tt_metric_point` (SAS-022).
    pub metric_point: MetricPoint,
    /// `tt_scale_in_mode` (SAS-025).
    pub scale_in_mode: ScaleInMode,
    /// `cooldown_credit_mode` (SAS-052).
    pub credit_mode: CreditMode,
    /// `metric_delay_std_s` (CW-050): from the end of a period of a minute or more to the datapoint.
    pub metric_delay_std: Span,
    /// `metric_delay_hr_s` (CW-050): the same for shorter periods.
    pub metric_delay_hr: Span,
}

impl ScalingSettings {
    /// How long after the end of a period its datapoint is visible (CW-050).
    #[must_use]
    pub fn metric_delay(&self, period: Span) -> Span {
        if period < Span::from_mins(1) { self.metric_delay_hr } else { self.metric_delay_std }
    }
}

impl Default for ScalingSettings {
    fn default() -> Self {
        Self {
            evaluation_range_extra: RANGE_EXTRA as u32,
            alarm_action_repeat: Span::from_secs(60),
            alarm_action_repeat_hr: Span::from_secs(10),
            metric_point: MetricPoint::Latest,
            scale_in_mode: ScaleInMode::Proportional,
            credit_mode: CreditMode::Literal,
            metric_delay_std: Span::from_secs(120),
            metric_delay_hr: Span::from_secs(16),
        }
    }
}
