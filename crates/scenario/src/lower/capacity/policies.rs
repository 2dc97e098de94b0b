//! Scaling policies of a group's own, and their alarms (ASG-020 to ASG-024).

use ecsim_kernel::Span;
use ecsim_policies::capacity::spec::{AlarmSpec, PolicyKind, ScalingMetric, ScalingPolicy};
use ecsim_policies::scaling::metric::Millionths;
use ecsim_policies::scaling::simple::SimplePolicy;
use ecsim_policies::scaling::step::StepPolicy;

use super::super::Context;
use super::super::scaling::missing_data;
use super::groups::seconds;
use super::metrics::millionths;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws;

/// `Period` of an alarm where none is given, and what it must be a multiple of.
const MINUTE: u32 = 60;
/// Longest time an alarm looks back: a day.
const LONGEST_LOOK: u64 = 86_400;

impl<'a> Context<'a> {
    /// The policies of a group, in the order of the file.
    pub(super) fn scaling_policies(&mut self, given: &aws::AutoScalingGroup, at: &Locator<'a>) -> Vec<ScalingPolicy> {
        let list_at = at.clone().key("scalingPolicies");
        let mut policies = Vec::new();
        for (index, policy) in given.scaling_policies.iter().enumerate() {
            let place = list_at.clone().index(index);
            let name = &policy.policy_name;
            if given.scaling_policies[..index].iter().any(|earlier| earlier.policy_name == *name) {
                let message = format!("two scaling policies are called `{}`", shown(name));
                self.error(&place.clone().key("policyName"), "E302", message, None);
                continue;
            }
            if policy.enabled == Some(false) {
                continue;
            }
            let group = &given.auto_scaling_group_name;
            let kind = match policy.policy_type.unwrap_or_default() {
                aws::PolicyType::TargetTrackingScaling => self.target_tracking(policy, group, &place),
                aws::PolicyType::StepScaling => self.step_scaling(policy, group, &place),
                aws::PolicyType::SimpleScaling => self.simple_scaling(policy, group, &place),
                aws::PolicyType::PredictiveScaling => {
                    self.not_simulated(&place.clone().key("policyType"), "PredictiveScaling");
                    None
                }
            };
            let Some(kind) = kind else { continue };
            let name = self.definitions.policies.intern(name);
            policies.push(ScalingPolicy { name, kind, warmup: policy.estimated_instance_warmup.map(seconds) });
        }
        policies
    }

    fn target_tracking(&mut self, given: &aws::ScalingPolicy, group: &str, at: &Locator<'a>) -> Option<PolicyKind> {
        let place = at.clone().key("targetTrackingConfiguration");
        let Some(configuration) = &given.target_tracking_configuration else {
            let help = Some("write `targetTrackingConfiguration` with a metric and a `targetValue`".into());
            self.error(at, "E397", "target tracking without a target", help);
            return None;
        };
        let target = match millionths(configuration.target_value) {
            Some(target) if target > 0 => target,
            _ => {
                let help = Some("capacity is the metric over the target (ASG-020)".into());
                self.error(&place.key("targetValue"), "E397", "a target must be from 0.000001 to 9e12", help);
                return None;
            }
        };
        let (predefined, customized) =
            (&configuration.predefined_metric_specification, &configuration.customized_metric_specification);
        let metric = match (predefined, customized) {
            (Some(predefined), None) => match predefined.predefined_metric_type {
                aws::PredefinedMetricType::AsgAverageCpuUtilization => self.group_cpu(group),
                aws::PredefinedMetricType::AsgAverageNetworkIn
                | aws::PredefinedMetricType::AsgAverageNetworkOut
                | aws::PredefinedMetricType::AlbRequestCountPerTarget => {
                    let place = place.key("predefinedMetricSpecification").key("predefinedMetricType");
                    let message = "this version has no such metric, so the policy is left out";
                    let help = "give the values under behavior.metrics and use customizedMetricSpecification";
                    self.warning(&place, "W360", message, Some(help.into()));
                    return None;
                }
            },
            (None, Some(custom)) => {
                let place = place.clone().key("customizedMetricSpecification");
                if custom.statistic.is_some_and(|statistic| !is_of_level(statistic)) {
                    self.not_simulated(&place.clone().key("statistic"), "statistic");
                }
                let (Some(namespace), Some(name)) = (&custom.namespace, &custom.metric_name) else {
                    let help = Some("write its `namespace` and `metricName`".into());
                    self.error(&place, "E397", "which metric?", help);
                    return None;
                };
                self.scaling_metric(namespace, name, &custom.dimensions, group, &place)
            }
            _ => {
                let help = Some("write predefinedMetricSpecification or customizedMetricSpecification".into());
                self.error(&place, "E397", "target tracking follows one metric", help);
                return None;
            }
        };
        let disable_scale_in = configuration.disable_scale_in.unwrap_or(false);
        Some(PolicyKind::TargetTracking { metric, target, disable_scale_in })
    }

    fn step_scaling(&mut self, given: &aws::ScalingPolicy, group: &str, at: &Locator<'a>) -> Option<PolicyKind> {
        let adjustment_type = self.adjustment_type(given.adjustment_type, at, "ASG-022");
        let alarm = self.alarm(given, group, at);
        let place = at.clone().key("stepAdjustments");
        let steps = self.step_adjustments(&given.step_adjustments, &place, "ASG-022");
        if given.metric_aggregation_type.is_some_and(|kind| kind != aws::MetricAggregationType::Average) {
            self.not_simulated(&at.clone().key("metricAggregationType"), "metricAggregationType");
        }
        let (adjustment_type, alarm) = (adjustment_type?, alarm?);
        let threshold = Millionths(alarm.threshold);
        let policy = StepPolicy {
            threshold,
            adjustment_type,
            min_adjustment_magnitude: u64::from(given.min_adjustment_magnitude.unwrap_or(0)),
            steps,
        };
        Some(PolicyKind::Step { alarm, policy })
    }

    fn simple_scaling(&mut self, given: &aws::ScalingPolicy, group: &str, at: &Locator<'a>) -> Option<PolicyKind> {
        let adjustment_type = self.adjustment_type(given.adjustment_type, at, "ASG-022");
        let alarm = self.alarm(given, group, at);
        let Some(adjustment) = given.scaling_adjustment else {
            let help = Some("write `scalingAdjustment`, or another `policyType` (ASG-024)".into());
            self.error(at, "E397", "simple scaling without an adjustment", help);
            return None;
        };
        let (adjustment_type, alarm) = (adjustment_type?, alarm?);
        let policy = SimplePolicy {
            adjustment_type,
            adjustment: i64::from(adjustment),
            min_adjustment_magnitude: u64::from(given.min_adjustment_magnitude.unwrap_or(0)),
            cooldown: given.cooldown.map(seconds),
        };
        Some(PolicyKind::Simple { alarm, policy })
    }

    fn alarm(&mut self, given: &aws::ScalingPolicy, group: &str, at: &Locator<'a>) -> Option<AlarmSpec> {
        let Some(alarm) = &given.alarm else {
            let help = Some("write `alarm` as in PutMetricAlarm".into());
            self.error(at, "E397", "no alarm invokes this policy", help);
            return None;
        };
        let at = at.clone().key("alarm");
        if alarm.actions_enabled == Some(false) {
            self.warning(&at.clone().key("actionsEnabled"), "W395", "this alarm never invokes its policy", None);
            return None;
        }
        let before = self.diagnostics.errors();
        let metric = match (&alarm.namespace, &alarm.metric_name) {
            (Some(namespace), Some(name)) => Some(self.scaling_metric(namespace, name, &alarm.dimensions, group, &at)),
            _ => {
                self.error(&at, "E397", "which metric?", Some("write its `namespace` and `metricName`".into()));
                None
            }
        };
        let comparison = self.alarm_comparison(alarm, &at);
        let threshold = match alarm.threshold.map(millionths) {
            Some(Some(threshold)) => Some(threshold),
            Some(None) => {
                self.error(&at.clone().key("threshold"), "E397", "the threshold is too large", None);
                None
            }
            None => {
                self.error(&at, "E397", "what is the metric compared with? `threshold` is missing", None);
                None
            }
        };
        let period = alarm.period.unwrap_or(MINUTE);
        if period == 0 || period % MINUTE != 0 {
            let message = format!("a period of {period} s: this version has datapoints every minute");
            self.error(&at.clone().key("period"), "E397", message, Some("write a multiple of 60".into()));
        }
        let evaluation_periods = alarm.evaluation_periods.unwrap_or(1);
        let datapoints_to_alarm = alarm.datapoints_to_alarm.unwrap_or(evaluation_periods);
        if evaluation_periods == 0 || u64::from(evaluation_periods) * u64::from(period) > LONGEST_LOOK {
            let message = "an alarm looks at one period at least, and at a day at most";
            self.error(&at.clone().key("evaluationPeriods"), "E397", message, None);
        }
        if datapoints_to_alarm == 0 || datapoints_to_alarm > evaluation_periods {
            let message = format!("{datapoints_to_alarm} of {evaluation_periods} datapoints");
            let help = Some("1 to `evaluationPeriods` are possible".into());
            self.error(&at.clone().key("datapointsToAlarm"), "E397", message, help);
        }
        if alarm.statistic.is_some_and(|statistic| !is_of_level(statistic)) {
            self.not_simulated(&at.clone().key("statistic"), "statistic");
        }
        if self.diagnostics.errors() > before {
            return None;
        }
        let metric: ScalingMetric = metric?;
        Some(AlarmSpec {
            metric,
            period: Span::from_secs(u64::from(period)),
            evaluation_periods,
            datapoints_to_alarm,
            threshold: threshold?,
            comparison: comparison?,
            missing: missing_data(alarm.treat_missing_data),
        })
    }
}

/// Whether a statistic of values that hold for a while is such a value again.
fn is_of_level(statistic: aws::Statistic) -> bool {
    matches!(statistic, aws::Statistic::Average | aws::Statistic::Minimum | aws::Statistic::Maximum)
}
