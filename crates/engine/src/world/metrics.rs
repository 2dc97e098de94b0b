//! Custom metrics as CloudWatch publishes them: datapoints of full periods, some time after their end (CW-050).
//!
//! *What it does.* A custom metric holds each value until the next one. Here its values become datapoints for the alarms and
//! policies that watch it: one for each period, in runs of equal values, so that a metric without news costs nothing.
//!
//! *Where AWS leaves a choice.* AWS gets single samples; the mean over a period is here that over the time for which there
//! was a value, `Sum` and `SampleCount` count one sample each `period` of the metric, the first of which is at the start.
//!
//! *How we know it is right.* SX-021: a jump within a minute.

use std::collections::VecDeque;
use std::sync::Arc;

use ecsim_cluster::cloudwatch::{SeriesSource, Statistic};
use ecsim_cluster::{Definitions, Fact, MetricId, SeriesId};
use ecsim_kernel::{SimTime, Span, Table};

use crate::event::Event;
use crate::simulation::Step;

/// The custom metrics that somebody watches.
#[derive(Clone, Debug)]
pub(crate) struct CustomMetrics {
    /// By series; nothing for those that are no custom metric.
    series: Table<SeriesId, Option<Accumulator>>,
}

/// The period of a series in progress.
#[derive(Clone, Debug)]
struct Accumulator {
    metric: MetricId,
    /// Where it begins.
    from: SimTime,
    /// The value now, and since when in this period.
    value: Option<i64>,
    since: SimTime,
    /// Value times milliseconds, and milliseconds with a value.
    integral: i128,
    covered: u64,
    least: i64,
    most: i64,
    /// When the value changed last: a change at the very end of a period belongs to the next one.
    changed_at: Option<SimTime>,
    /// Whether the end of the period is in the calendar.
    scheduled: bool,
    /// The newest datapoint: what it says, unless there is none yet.
    newest: Option<Option<i64>>,
    /// On their way: when they are visible, of which period, and what they say.
    published: VecDeque<(SimTime, SimTime, Option<i64>)>,
}

impl CustomMetrics {
    pub(crate) fn new(definitions: &Definitions) -> Self {
        let of = |source: SeriesSource| match source {
            SeriesSource::Custom(metric) => Some(Accumulator::new(metric)),
            SeriesSource::Service(..)
            | SeriesSource::TargetGroup(..)
            | SeriesSource::Cluster(_)
            | SeriesSource::Instances(..) => None,
        };
        Self { series: definitions.series.values().map(|series| of(series.source)).collect() }
    }
}

impl Accumulator {
    const fn new(metric: MetricId) -> Self {
        Self {
            metric,
            from: SimTime::ZERO,
            value: None,
            since: SimTime::ZERO,
            integral: 0,
            covered: 0,
            least: i64::MAX,
            most: i64::MIN,
            changed_at: None,
            scheduled: false,
            newest: None,
            published: VecDeque::new(),
        }
    }

    /// Takes in the time until `now`.
    fn accrue(&mut self, now: SimTime) {
        let length = now.since(self.since).ms();
        if let Some(value) = self.value.filter(|_| length > 0) {
            self.integral += i128::from(value) * i128::from(length);
            self.covered += length;
            self.least = self.least.min(value);
            self.most = self.most.max(value);
        }
        self.since = now;
    }

    /// The datapoint of the period so far.
    fn datapoint(&self, statistic: Statistic, every: Span) -> Option<i64> {
        if self.covered == 0 {
            return None;
        }
        let covered = i128::from(self.covered);
        let samples = i128::from(every.ms().max(1));
        let rounded = |sum: i128, by: i128| (2 * sum + by).div_euclid(2 * by);
        let value = match statistic {
            Statistic::Average => rounded(self.integral, covered),
            Statistic::Sum => rounded(self.integral, samples),
            Statistic::SampleCount => rounded(covered * 1_000_000, samples),
            Statistic::Minimum => i128::from(self.least),
            Statistic::Maximum => i128::from(self.most),
        };
        Some(i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX }))
    }

    /// A period begins.
    fn begin(&mut self, from: SimTime) {
        (self.from, self.since) = (from, from);
        (self.integral, self.covered, self.least, self.most) = (0, 0, i64::MAX, i64::MIN);
    }
}

impl Step<'_> {
    /// A custom metric has another value from now on.
    pub(crate) fn metric_changes(&mut self, metric: MetricId, value: Option<i64>) {
        self.emit(Fact::MetricChanged { metric, value });
        let definitions = Arc::clone(&self.sim.model.definitions);
        let now = self.sim.now;
        for (id, series) in definitions.series.iter() {
            let Some(row) = self.sim.custom_metrics.series[id].as_mut().filter(|row| row.metric == metric) else {
                continue;
            };
            if !row.scheduled {
                // Nothing happened for a while: the period in progress was so from its start.
                let from = SimTime::from_ms(now.ms() / series.period.ms() * series.period.ms());
                row.begin(from);
            }
            row.accrue(now);
            row.value = value;
            row.changed_at = Some(now);
            let end = row.from + series.period;
            if !core::mem::replace(&mut row.scheduled, true) {
                self.sim.schedule(end, Event::MetricPeriodEnds(id));
            }
        }
    }

    /// A period of a series is over: its datapoint is on its way, where it says something new.
    pub(crate) fn metric_period_ends(&mut self, id: SeriesId) {
        let model = Arc::clone(&self.sim.model);
        let series = &model.definitions.series[id];
        let now = self.sim.now;
        let Some(row) = self.sim.custom_metrics.series[id].as_mut() else { return };
        row.accrue(now);
        let every = model.fleet.metric_periods.get(&row.metric).copied().unwrap_or(Span::from_mins(1));
        let value = row.datapoint(series.statistic, every.min(series.period));
        let from = row.from;
        let visible = now + model.settings.scaling.metric_delay(series.period);
        let is_news = row.newest != Some(value);
        if is_news {
            row.newest = Some(value);
            row.published.push_back((visible, from, value));
        }
        row.begin(now);
        // A period that begins with the value it ends with says what the next one will say.
        let goes_on = is_news || row.changed_at == Some(now);
        row.scheduled = goes_on;
        if is_news {
            self.sim.schedule(visible, Event::MetricPublished(id));
        }
        if goes_on {
            self.sim.schedule(now + series.period, Event::MetricPeriodEnds(id));
        }
    }

    /// A datapoint becomes visible.
    pub(crate) fn metric_published(&mut self, id: SeriesId) {
        let now = self.sim.now;
        let Some(row) = self.sim.custom_metrics.series[id].as_mut() else { return };
        if let Some((_, from, value)) = row.published.pop_front_if(|(at, ..)| *at <= now) {
            self.emit(Fact::DatapointPublished { series: id, from, value });
        }
    }
}
