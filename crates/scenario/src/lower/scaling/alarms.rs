//! Alarms: what CloudWatch rejects (CW-001), and those that target tracking makes (SAS-011 to SAS-013).

use std::collections::BTreeMap;

use ecsim_cluster::cloudwatch::{
    AlarmDefinition, Comparison, MissingData, SeriesDefinition, SeriesSource, ServiceMetric,
};
use ecsim_kernel::Span;
use ecsim_policies::cloudwatch::{AlarmSpec, Existence};

use super::super::Context;
use super::super::capacity::millionths;
use super::metrics::statistic;
use super::policies::Tracked;
use super::shared::missing_data;
use super::{AlarmSource, Target};
use crate::document::Locator;
use crate::schema::aws;

/// A minute, in seconds.
const MINUTE: u32 = 60;
/// How far back an alarm may look: a day; a week with periods of an hour or more (CW-001).
const LONGEST_LOOK: u64 = 86_400;
/// Datapoints of the high alarm of target tracking (SAS-011).
const HIGH_DATAPOINTS: u32 = 3;
/// Datapoints of the low alarm with periods of a minute.
const LOW_DATAPOINTS: u32 = 15;
/// How long the low alarm of a high-resolution policy looks back (SAS-012).
const LOW_HR_SECONDS: u64 = 600;

impl<'a> Context<'a> {
    /// All alarms, in the order of their names.
    pub(super) fn lower_alarms(&mut self, targets: &BTreeMap<String, Target<'a>>, tracked: &Tracked) {
        let names: Vec<String> = self.scaling.alarm_ids.keys().cloned().collect();
        let sources = self.scaling.alarms.clone();
        for (name, source) in names.into_iter().zip(sources) {
            let made = match source {
                AlarmSource::Written { alarm, at, exists } => self.written_alarm(&name, alarm, &at, exists),
                AlarmSource::Managed { service, policy, low } => {
                    let exists = targets[&service].policies[policy].exists;
                    self.managed_alarm(&name, tracked.get(&(service, policy)), low, exists)
                }
            };
            // One that is wrong keeps its place; there is no model then.
            let (definition, spec) = made.unwrap_or_else(|| self.no_alarm(&name));
            self.definitions.alarms.push(definition);
            self.scaling.model.alarms.push(spec);
        }
    }

    fn managed_alarm(
        &mut self,
        name: &str,
        tracked: Option<&super::policies::TrackedMetric>,
        low: bool,
        exists: Existence,
    ) -> Option<(AlarmDefinition, AlarmSpec)> {
        let tracked = tracked?;
        let period = tracked.period;
        let periods = match (low, period < Span::from_secs(60)) {
            (false, _) => HIGH_DATAPOINTS,
            (true, false) => LOW_DATAPOINTS,
            (true, true) => u32::try_from(LOW_HR_SECONDS * 1_000 / period.ms().max(1)).unwrap_or(LOW_DATAPOINTS),
        };
        // 90 % of the target, exactly (SAS-011).
        let threshold = if low { (tracked.target * 9).div_euclid(10) } else { tracked.target };
        let series = SeriesDefinition { source: tracked.source, statistic: tracked.statistic, period };
        let comparison = if low { Comparison::Less } else { Comparison::Greater };
        let definition = AlarmDefinition {
            name: name.to_owned(),
            series: self.series(series.clone()),
            comparison,
            threshold,
            evaluation_periods: periods,
            datapoints_to_alarm: periods,
            missing: MissingData::Missing,
            exists_at_start: exists.from == ecsim_kernel::SimTime::ZERO,
        };
        let spec = self.alarm_spec(series, exists);
        Some((definition, spec))
    }

    /// Periods longer than a minute are put together from those of a minute (CW-002).
    fn alarm_spec(&mut self, series: SeriesDefinition, exists: Existence) -> AlarmSpec {
        let minute = Span::from_mins(1);
        let window = if series.period > minute { series.period.ms() / minute.ms() } else { 1 };
        let period = series.period.min(minute);
        let base = self.series(SeriesDefinition { period, ..series });
        AlarmSpec { base, window: u32::try_from(window).unwrap_or(u32::MAX), exists }
    }

    fn no_alarm(&mut self, name: &str) -> (AlarmDefinition, AlarmSpec) {
        let (metric, _) = self.custom_metric("ecsim", "nothing", &[]);
        let series = SeriesDefinition {
            source: SeriesSource::Custom(metric),
            statistic: ecsim_cluster::cloudwatch::Statistic::Average,
            period: Span::from_mins(1),
        };
        let definition = AlarmDefinition {
            name: name.to_owned(),
            series: self.series(series.clone()),
            comparison: Comparison::Greater,
            threshold: 0,
            evaluation_periods: 1,
            datapoints_to_alarm: 1,
            missing: MissingData::Missing,
            exists_at_start: true,
        };
        (definition, self.alarm_spec(series, Existence::ALWAYS))
    }

    /// What CloudWatch has of a metric that the simulator makes: nothing by shorter periods than AWS publishes it in (CW-033,
    /// CW-036, LB-033, SAS-012).
    fn as_published(
        &mut self,
        source: SeriesSource,
        alarm: &aws::MetricAlarm,
        period: u32,
        at: &Locator<'a>,
    ) -> SeriesSource {
        let high = match source {
            SeriesSource::Custom(_) => return source,
            SeriesSource::Service(service, metric) => {
                let name = self.definitions.services[service].name.clone();
                self.is_high_resolution(&name, metric)
            }
            _ => false,
        };
        let only_high = matches!(source, SeriesSource::Service(_, ServiceMetric::LiveTaskCount));
        if high || period >= MINUTE && !only_high {
            return source;
        }
        let (namespace, name) = (alarm.namespace.as_deref().unwrap_or(""), alarm.metric_name.as_deref().unwrap_or(""));
        let (metric, full) = self.custom_metric(namespace, name, &alarm.dimensions);
        let (message, help) = if only_high {
            let help = "write monitoring: {metricConfigurations: [{metricNames: [CPUUtilization], resolutionSeconds: 20}]} in it";
            (format!("`{full}` is published by a service with high-resolution monitoring only (CW-036)"), help)
        } else {
            let help = "a period of 60 is the shortest, but for CPUUtilization and MemoryUtilization of a service with monitoring \
                        every 20 s (SAS-012)";
            (format!("`{full}` is published once a minute: the alarm stays in INSUFFICIENT_DATA"), help)
        };
        self.warning(&at.clone().key("period"), "W395", message, Some(help.into()));
        SeriesSource::Custom(metric)
    }

    fn written_alarm(
        &mut self,
        name: &str,
        alarm: &aws::MetricAlarm,
        at: &Locator<'a>,
        exists: Existence,
    ) -> Option<(AlarmDefinition, AlarmSpec)> {
        for (key, present) in [
            ("extendedStatistic", alarm.extended_statistic.is_some()),
            ("metrics", !alarm.metrics.is_empty()),
            ("thresholdMetricId", alarm.threshold_metric_id.is_some()),
            ("evaluationCriteria", alarm.evaluation_criteria.is_some()),
        ] {
            if present {
                let message = format!("`{key}` is not simulated: the alarm stays in INSUFFICIENT_DATA");
                self.warning(&at.clone().key(key), "W360", message, None);
                return None;
            }
        }
        let before = self.diagnostics.errors();
        let source = match (&alarm.namespace, &alarm.metric_name) {
            (Some(namespace), Some(metric)) => Some(self.metric_source(namespace, metric, &alarm.dimensions, at)),
            _ => {
                self.error(at, "E397", "which metric?", Some("write its `namespace` and `metricName`".into()));
                None
            }
        };
        let comparison = self.alarm_comparison(alarm, at);
        let threshold = match alarm.threshold.map(millionths) {
            Some(Some(threshold)) => Some(threshold),
            Some(None) => {
                self.error(&at.clone().key("threshold"), "E397", "the threshold is too large", None);
                None
            }
            None => {
                self.error(at, "E397", "what is the metric compared with? `threshold` is missing", None);
                None
            }
        };
        let period = alarm.period.unwrap_or(MINUTE);
        if !(matches!(period, 10 | 20 | 30) || (period > 0 && period.is_multiple_of(MINUTE))) {
            let message = format!("a period of {period} s");
            let help = Some("10, 20, 30 and multiples of 60 are possible (CW-001)".into());
            self.error(&at.clone().key("period"), "E397", message, help);
        }
        let evaluation_periods = alarm.evaluation_periods.unwrap_or(1);
        let datapoints_to_alarm = alarm.datapoints_to_alarm.unwrap_or(evaluation_periods);
        let longest = if period >= 3_600 { 7 * LONGEST_LOOK } else { LONGEST_LOOK };
        if evaluation_periods == 0 || u64::from(evaluation_periods) * u64::from(period) > longest {
            let message = "an alarm looks at one period at least, and at a day at most";
            let help = Some("a week is possible with periods of an hour (CW-001)".into());
            self.error(&at.clone().key("evaluationPeriods"), "E397", message, help);
        }
        if datapoints_to_alarm == 0 || datapoints_to_alarm > evaluation_periods {
            let message = format!("{datapoints_to_alarm} of {evaluation_periods} datapoints");
            let help = Some("1 to `evaluationPeriods` are possible (CW-001)".into());
            self.error(&at.clone().key("datapointsToAlarm"), "E397", message, help);
        }
        if self.diagnostics.errors() > before {
            return None;
        }
        let series = SeriesDefinition {
            source: self.as_published(source?, alarm, period, at),
            statistic: statistic(alarm.statistic),
            period: Span::from_secs(u64::from(period)),
        };
        let definition = AlarmDefinition {
            name: name.to_owned(),
            series: self.series(series.clone()),
            comparison: comparison?,
            threshold: threshold?,
            evaluation_periods,
            datapoints_to_alarm,
            missing: missing_data(alarm.treat_missing_data),
            exists_at_start: exists.from == ecsim_kernel::SimTime::ZERO,
        };
        let spec = self.alarm_spec(series, exists);
        if alarm.actions_enabled == Some(false)
            && let Some(id) = self.scaling.alarm_ids.get(name).copied()
        {
            let call = ecsim_engine::model::Call::SetAlarmActions { alarms: vec![id], enabled: false };
            self.calls.push((exists.from, call));
        }
        Some((definition, spec))
    }
}
