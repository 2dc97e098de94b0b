//! The numbers by which runs are compared.
//!
//! **What it does.** A [`Response`] is one number of a run: a measure in the words of `expect:`
//! (`mean: cluster.CPUReservation`), a time of the tasks (`timeToRunning.total.p95`), or a number of `summary.json` by its
//! path (`tasks.outOfMemoryKills`). A [`Plan`] knows where they are found in one scenario, a [`Recorder`] watches a run
//! for them. With a warm-up, measures without a window of their own and times of tasks begin behind it (a task belongs to
//! the moment of its request). With batches each of them is taken once a batch.
//!
//! **What we left out.** Numbers of the summary are of the whole run: they know neither warm-up nor batches.

mod summary_path;
mod task_times;

use std::sync::Arc;

use ecsim_cluster::{Cluster, Definitions, Fact, Observer};
use ecsim_kernel::SimTime;
use serde_json::Value;

use crate::cost::SharedLedger;
use crate::expect::{Measure, Measured, Measures, MeasuresWatch, Statistic, Window};
use crate::metrics::Unit;
use crate::summary::SummaryBuilder;

pub use summary_path::{look_up, nearest_path};
pub use task_times::{Part, Share};
use task_times::{TaskTimes, Wanted};

/// So many equal parts does a series have that is looked at for a warm-up.
pub const PARTS: usize = 60;

/// Where a number comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// A measure.
    Measure(Measure),
    /// A time of the tasks, in seconds.
    TaskTime(Part, Share),
    /// A number of the summary.
    Summary(String),
}

impl Response {
    /// Reads what was asked for. Names are looked up by [`Plan::new`].
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty; write for example cost.total or `mean: cluster.CPUReservation`".into());
        }
        if let Some((part, share)) = task_times::parse(text) {
            return Ok(Self::TaskTime(part, share));
        }
        if summary_path::is_one(text) {
            return Ok(Self::Summary(text.to_owned()));
        }
        Measure::parse(text).map(Self::Measure)
    }

    /// Whether it can be taken of a part of a run: behind a warm-up, in a batch.
    #[must_use]
    pub const fn has_parts(&self) -> bool {
        match self {
            Self::Measure(measure) => !measure.has_window(),
            Self::TaskTime(..) => true,
            Self::Summary(_) => false,
        }
    }
}

/// Which part of a run counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What comes before is the warm-up.
    pub from: SimTime,
    /// The end of the run.
    pub end: SimTime,
    /// Into so many equal parts the rest is cut; 1 for none.
    pub batches: usize,
}

impl Frame {
    /// The window of a batch; the last ends with the run.
    fn window(&self, batch: usize) -> Window {
        let length = self.end.ms().saturating_sub(self.from.ms()) / self.batches as u64;
        let edge = |batch: usize| SimTime::from_ms(self.from.ms() + length * batch as u64);
        Window { from: edge(batch), to: (batch + 1 < self.batches).then(|| edge(batch + 1)) }
    }

    /// The batch of an instant; nothing for one in the warm-up.
    fn batch(&self, at: SimTime) -> Option<usize> {
        let length = self.end.ms().saturating_sub(self.from.ms()) / self.batches as u64;
        let since = at.ms().checked_sub(self.from.ms())?;
        let batch = since.checked_div(length).unwrap_or(0);
        Some(usize::try_from(batch).unwrap_or(usize::MAX).min(self.batches - 1))
    }
}

#[derive(Clone, Debug)]
enum Place {
    /// The first of its measures: one a batch.
    Measures(usize),
    /// A time of tasks, by its number.
    TaskTime(usize),
    Summary(String),
    /// This scenario has no such thing.
    Nowhere,
}

/// Where the responses are found in one scenario.
#[derive(Clone, Debug)]
pub struct Plan {
    frame: Frame,
    places: Vec<Place>,
    measures: Measures,
    times: Vec<Wanted>,
    units: Vec<Unit>,
    definitions: Arc<Definitions>,
}

impl Plan {
    /// Looks the responses up. Those that this scenario does not have are in the second list, with what was wrong; they
    /// have no value in its runs.
    #[must_use]
    pub fn new(responses: &[Response], frame: Frame, definitions: &Arc<Definitions>) -> (Self, Vec<(usize, String)>) {
        let mut plan = Self {
            frame,
            places: Vec::new(),
            measures: Measures::default(),
            times: Vec::new(),
            units: Vec::new(),
            definitions: Arc::clone(definitions),
        };
        let mut unknown = Vec::new();
        for (at, response) in responses.iter().enumerate() {
            let (place, unit) = match response {
                Response::Summary(path) => (Place::Summary(path.clone()), summary_path::unit(path)),
                Response::TaskTime(part, share) => {
                    plan.times.push(Wanted { part: *part, share: *share });
                    (Place::TaskTime(plan.times.len() - 1), Unit::Seconds)
                }
                Response::Measure(measure) => match plan.measure(measure) {
                    Ok((first, unit)) => (Place::Measures(first), unit),
                    Err(message) => {
                        unknown.push((at, message));
                        (Place::Nowhere, Unit::Count)
                    }
                },
            };
            plan.places.push(place);
            plan.units.push(unit);
        }
        (plan, unknown)
    }

    fn measure(&mut self, measure: &Measure) -> Result<(usize, Unit), String> {
        let mut first = None;
        for batch in 0..self.frame.batches {
            first = Some(self.measures.add(measure, self.frame.window(batch), &self.definitions)?)
                .filter(|_| batch == 0)
                .or(first);
        }
        let (first, unit) = first.ok_or("there is no batch")?;
        if measure.statistic() == Statistic::Mean && !measure.has_window() && self.frame.batches == 1 {
            self.measures.with_series(first);
        }
        Ok((first, unit))
    }

    /// In what a response is measured.
    #[must_use]
    pub fn unit(&self, response: usize) -> Unit {
        self.units[response]
    }

    /// An observer of a run that has not begun.
    #[must_use]
    pub fn record(&self, cluster: &Cluster, costs: Option<&SharedLedger>) -> Recorder<'_> {
        let wants_summary = self.places.iter().any(|place| matches!(place, Place::Summary(_)));
        let wants_times = !self.times.is_empty();
        Recorder {
            plan: self,
            measures: (!self.measures.is_empty()).then(|| self.measures.watch(cluster, costs, PARTS, self.frame.end)),
            times: wants_times.then(|| TaskTimes::new(&self.definitions, self.frame)),
            summary: wants_summary.then(|| SummaryBuilder::new(&self.definitions).with_costs(costs)),
        }
    }
}

/// Watches a run for its responses.
#[derive(Debug)]
pub struct Recorder<'a> {
    plan: &'a Plan,
    measures: Option<MeasuresWatch>,
    times: Option<TaskTimes>,
    summary: Option<SummaryBuilder>,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// By response, and in it by batch.
    pub values: Vec<Vec<Option<f64>>>,
    /// By response: means over equal parts of the run, where there are any.
    pub series: Vec<Vec<f64>>,
    /// The paths of the summary that are not there.
    pub absent: Vec<String>,
    /// The whole summary, where anything of it was asked for.
    pub summary: Option<Value>,
}

impl Recorder<'_> {
    /// What the run came to. Call it after it has ended.
    #[must_use]
    pub fn finish(self, now: SimTime, cluster: &Cluster) -> Recorded {
        let measured = self.measures.map_or_else(Vec::new, MeasuresWatch::finish);
        let summary =
            self.summary.map(|builder| serde_json::to_value(builder.finish(now, cluster)).unwrap_or_default());
        let mut recorded = Recorded::default();
        for place in &self.plan.places {
            let batches = self.plan.frame.batches;
            let (values, series) = match place {
                Place::Measures(first) => {
                    let of_batches = measured.get(*first..*first + batches).unwrap_or_default();
                    let series = match of_batches {
                        [Measured { series, .. }] => series.clone(),
                        _ => Vec::new(),
                    };
                    (of_batches.iter().map(|it| it.number).collect(), series)
                }
                Place::TaskTime(at) => {
                    (self.times.as_ref().map_or_else(Vec::new, |times| times.values(self.plan.times[*at])), Vec::new())
                }
                Place::Summary(path) => {
                    let found = summary.as_ref().and_then(|summary| look_up(summary, path));
                    if found.is_none() {
                        recorded.absent.push(path.clone());
                    }
                    (vec![found.flatten(); batches], Vec::new())
                }
                Place::Nowhere => (vec![None; batches], Vec::new()),
            };
            recorded.values.push(values);
            recorded.series.push(series);
        }
        recorded.summary = summary;
        recorded
    }
}

impl Observer for Recorder<'_> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        if let Some(it) = &mut self.measures {
            it.observe(now, fact, cluster);
        }
        if let Some(it) = &mut self.times {
            it.observe(now, fact, cluster);
        }
        if let Some(it) = &mut self.summary {
            it.observe(now, fact, cluster);
        }
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        if let Some(it) = &mut self.measures {
            it.period_ended(now, cluster);
        }
        if let Some(it) = &mut self.summary {
            it.period_ended(now, cluster);
        }
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        if let Some(it) = &mut self.measures {
            it.run_ended(now, cluster);
        }
        if let Some(it) = &mut self.summary {
            it.run_ended(now, cluster);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_told_apart() {
        let parse = |text| Response::parse(text).unwrap();
        assert_eq!(parse("timeToRunning.total.p95"), Response::TaskTime(Part::Total, Share::Percentile(95)));
        assert_eq!(parse("timeToRunning.waiting.mean"), Response::TaskTime(Part::Waiting, Share::Mean));
        assert_eq!(parse("cost.total"), Response::Summary("cost.total".into()));
        assert_eq!(parse("services.web.unplaced"), Response::Measure(Measure::parse("services.web.unplaced").unwrap()));
        assert!(matches!(parse("mean: cluster.CPUReservation"), Response::Measure(_)));
        assert!(Response::parse(" ").is_err());
        assert!(!parse("cost.total").has_parts() && parse("mean: cluster.cost").has_parts());
        assert!(!parse("mean from 1h: cluster.cost").has_parts());
    }

    #[test]
    fn batches_are_equal_and_the_last_ends_with_the_run() {
        let at = SimTime::from_ms;
        let frame = Frame { from: at(100), end: at(402), batches: 3 };
        assert_eq!(frame.window(0), Window { from: at(100), to: Some(at(200)) });
        assert_eq!(frame.window(2), Window { from: at(300), to: None });
        let batches = [99, 100, 199, 200, 300, 402].map(|ms| frame.batch(at(ms)));
        assert_eq!(batches, [None, Some(0), Some(0), Some(1), Some(2), Some(2)]);
    }
}
