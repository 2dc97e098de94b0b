//! Watches a run and judges the expectations.
//!
//! The state of a cluster at an instant is what is true when all facts of that instant are in; it lasts until the next
//! instant with facts. An expectation sees a run as such *segments*: between two of them nothing it reads has changed.
//! Values are read when a fact may have changed them, and judged when time moves on, so that a state that lasted no
//! time at all counts for nothing.

use ecsim_cluster::{Cluster, Fact, InstanceId, Observer};
use ecsim_kernel::{SimTime, Span};

use super::path::{Entity, Host, Origin, Path};
use super::probe::Probe;
use super::quantifier::{Statistic, When, Window};
use super::{Actual, Compiled, Expectations, Test, Verdict};
use crate::cost::{Ledger, SharedLedger};
use crate::metrics::auto_scaling_groups::{in_zone, of_type};
use crate::metrics::{Detail, Inputs, Read, Reading, Tally, Unit, Value};

/// A time `t` is met from `t` to `t` plus this (item 8c of the rules' introduction).
pub const TOLERANCE: Span = Span::from_ms(50);

/// What is read at the end of a period only.
const AT_PERIODS: Inputs = Inputs::PERIODS.and(Inputs::COSTS);

/// An observer that judges; see [`Expectations::watch`].
#[derive(Clone, Debug)]
pub struct Watch {
    expectations: Expectations,
    sources: Vec<Source>,
    values: Vec<Value>,
    /// Which expectations read a path.
    users: Vec<Vec<usize>>,
    states: Vec<State>,
    dirty: Vec<usize>,
    tally: Tally,
    needs_tally: bool,
    /// What it costs, where anybody asks for that.
    costs: Option<SharedLedger>,
    /// Whether a path is about an instance that must be launched first.
    awaits_launches: bool,
    /// Whether something must be read at the end of every period.
    sampled: bool,
    inputs: Inputs,
    now: SimTime,
    end: Option<SimTime>,
}

#[derive(Clone, Debug)]
struct Source {
    inputs: Inputs,
    /// Whether only the last state of the run is asked for: it need not be read before.
    last_only: bool,
    /// The fold of a path that has one of its own.
    probe: Option<Probe>,
    /// The instance it is about, once that is launched.
    launched: Option<InstanceId>,
}

/// How far an expectation has come.
#[derive(Clone, Debug)]
struct State {
    since: SimTime,
    /// The values of its paths in the current segment.
    seen: Vec<Value>,
    truth: Option<bool>,
    number: Option<f64>,
    dirty: bool,
    decided: bool,
    /// Whether it had any value in the window.
    known: bool,
    outcome: Outcome,
    sum: f64,
    weight: u64,
    extreme: Option<(f64, SimTime)>,
    /// Time spent at each value, for percentiles.
    shares: std::collections::BTreeMap<u64, u64>,
    /// Means over equal parts of the run, where they are asked for.
    series: Option<Series>,
}

/// Means over equal parts of a run.
#[derive(Clone, Debug)]
struct Series {
    /// How long a part is, in milliseconds.
    step: u64,
    /// Values times milliseconds, and milliseconds.
    parts: Vec<(f64, u64)>,
}

impl Series {
    fn add(&mut self, from: u64, to: u64, number: f64) {
        let mut at = from;
        while at < to {
            let Ok(part) = usize::try_from(at / self.step) else { return };
            let Some(sum) = self.parts.get_mut(part) else { return };
            let end = to.min((at / self.step + 1) * self.step);
            sum.0 += number * (end - at) as f64;
            sum.1 += end - at;
            at = end;
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Outcome {
    met: Option<SimTime>,
    broken: Option<SimTime>,
    /// The values to report.
    values: Option<Vec<Value>>,
}

impl Watch {
    pub(super) fn new(expectations: Expectations, cluster: &Cluster, costs: Option<&SharedLedger>) -> Self {
        let paths = &expectations.paths;
        let mut users = vec![Vec::new(); paths.len()];
        for (at, compiled) in expectations.compiled.iter().enumerate() {
            for path in &compiled.paths {
                users[*path].push(at);
            }
        }
        let sources: Vec<Source> = paths
            .iter()
            .zip(&users)
            .map(|(path, users)| Source {
                inputs: path.inputs,
                last_only: users.iter().all(|user| expectations.compiled[*user].when == When::End),
                probe: match &path.origin {
                    Origin::Probe(probe) => Some(probe.clone()),
                    _ => None,
                },
                launched: None,
            })
            .collect();
        let inputs = paths.iter().fold(Inputs::default(), |all, path| all.and(path.inputs));
        let awaits_launches = paths.iter().any(|path| path.launched().is_some());
        let needs_tally = paths.iter().any(|path| matches!(path.origin, Origin::Metric(..) | Origin::LiveInZone(..)));
        let sampled = sources.iter().any(|source| !source.last_only && source.inputs.touches(AT_PERIODS));
        let timed = inputs.touches(Inputs::PERIODS);
        let tally = Tally::new(cluster.definitions(), Detail { period_times: sampled, all_times: timed });
        let states = expectations.compiled.iter().map(|_| State::new()).collect();
        let mut watch = Self {
            values: vec![Value::Missing; paths.len()],
            expectations,
            sources,
            users,
            states,
            dirty: Vec::new(),
            tally,
            needs_tally,
            costs: costs.filter(|_| inputs.touches(Inputs::COSTS)).cloned(),
            awaits_launches,
            sampled,
            inputs,
            now: SimTime::ZERO,
            end: None,
        };
        for path in 0..watch.values.len() {
            watch.values[path] = watch.read(path, SimTime::ZERO, cluster);
        }
        for at in 0..watch.states.len() {
            watch.begin(at, SimTime::ZERO);
        }
        watch
    }

    fn read(&self, path: usize, now: SimTime, cluster: &Cluster) -> Value {
        let priced = self.expectations.paths[path].inputs.touches(Inputs::COSTS);
        match self.costs.as_ref().filter(|_| priced) {
            Some(costs) => costs.with(|ledger| {
                ledger.standing(now);
                self.read_with(path, now, cluster, Some(ledger))
            }),
            None => self.read_with(path, now, cluster, None),
        }
    }

    fn read_with(&self, path: usize, now: SimTime, cluster: &Cluster, costs: Option<&Ledger>) -> Value {
        let reading = Reading { now, cluster, tally: &self.tally, costs };
        match &self.expectations.paths[path].origin {
            Origin::Metric(metric, entity) => match (metric.read, entity) {
                (Read::Cluster(read), _) => read(&reading),
                (Read::Service(read), Entity::Service(id)) => read(&reading, *id),
                (Read::Instance(read), Entity::Instance(host)) => {
                    self.instance(path, host).map_or(Value::Missing, |id| read(&reading, id))
                }
                (Read::Zone(read), Entity::Zone(id)) => read(&reading, *id),
                (Read::Workload(read), Entity::Workload(id)) => read(&reading, *id),
                (Read::CapacityProvider(read), Entity::CapacityProvider(id)) => read(&reading, *id),
                (Read::AutoScalingGroup(read), Entity::AutoScalingGroup(id)) => read(&reading, *id),
                (Read::TargetGroup(read), Entity::TargetGroup(id)) => read(&reading, *id),
                _ => Value::Missing,
            },
            Origin::AlarmState(alarm) => Value::word(cluster.alarm(*alarm).state.name()),
            Origin::AlarmDatapoint(alarm) => {
                let series = cluster.definitions().alarms[*alarm].series;
                let newest = cluster.series(series).runs.back().and_then(|run| run.value);
                newest.map_or(Value::Missing, |micros| Value::Number(micros as f64 / 1e6))
            }
            Origin::LiveInZone(service, zone) => self.tally.services.live_in(*service, *zone).into(),
            Origin::LiveOnProvider(service, provider) => cluster.services()[*service].live_on(*provider).into(),
            Origin::CapacityInZone(group, zone) => in_zone(&reading, *group, *zone),
            Origin::CapacityOfType(group, instance_type) => of_type(cluster, *group, instance_type),
            Origin::GroupOn(host, group) => self
                .instance(path, host)
                .map_or(Value::Missing, |id| cluster.instances()[id].live_tasks_of(*group).into()),
            Origin::Attribute(host, attribute) => {
                match self.instance(path, host).and_then(|id| cluster.instances()[id].attribute(*attribute)) {
                    None => Value::Missing,
                    Some(None) => Value::word(""),
                    Some(Some(value)) => Value::Text(cluster.definitions().values.name(value).to_owned().into()),
                }
            }
            Origin::Probe(_) => self.sources[path].probe.as_ref().map_or(Value::Missing, |probe| probe.value().clone()),
        }
    }

    /// The instance that a path is about; nothing before it is launched.
    fn instance(&self, path: usize, host: &Host) -> Option<InstanceId> {
        match host {
            Host::Planned(id) => Some(*id),
            Host::Launched(_) => self.sources[path].launched,
        }
    }

    /// An instance was launched: perhaps one that somebody has named.
    fn launched(&mut self, instance: InstanceId, cluster: &Cluster) {
        let name = &*cluster.instances()[instance].name;
        for (source, path) in self.sources.iter_mut().zip(&self.expectations.paths) {
            if path.launched() == Some(name) {
                source.launched = Some(instance);
            }
        }
    }

    /// Reads everything that facts of these kinds can have changed.
    fn update(&mut self, now: SimTime, inputs: Inputs, last: bool, cluster: &Cluster) {
        for path in 0..self.sources.len() {
            let source = &self.sources[path];
            if source.last_only != last || !last && !source.inputs.touches(inputs) {
                continue;
            }
            if self.users[path].iter().all(|user| self.states[*user].decided) {
                continue;
            }
            let value = self.read(path, now, cluster);
            if value == self.values[path] {
                continue;
            }
            self.values[path] = value;
            for user in &self.users[path] {
                let state = &mut self.states[*user];
                if !state.dirty && !state.decided {
                    state.dirty = true;
                    self.dirty.push(*user);
                }
            }
        }
    }

    /// Time moves on to `now`: what was read at the last instant is judged.
    fn advance(&mut self, now: SimTime) {
        if now <= self.now {
            return;
        }
        self.settle();
        self.now = now;
    }

    /// The instant `self.now` is complete.
    fn settle(&mut self) {
        let mut dirty = core::mem::take(&mut self.dirty);
        for at in dirty.drain(..) {
            self.close(at, self.now, false);
            self.begin(at, self.now);
        }
        self.dirty = dirty;
    }

    /// A new segment begins.
    fn begin(&mut self, at: usize, now: SimTime) {
        let compiled = &self.expectations.compiled[at];
        let state = &mut self.states[at];
        state.dirty = false;
        state.since = now;
        state.seen.clear();
        state.seen.extend(compiled.paths.iter().map(|path| self.values[*path].clone()));
        match &compiled.test {
            Test::Truth(node) => state.truth = node.truth(&self.values),
            Test::Measure { number, .. } => state.number = number.number(&self.values),
        }
    }

    /// The current segment ends at `until`; `last` where the run ends with it.
    fn close(&mut self, at: usize, until: SimTime, last: bool) {
        let state = &mut self.states[at];
        if state.decided || (until <= state.since && !last) {
            return;
        }
        let from = state.since;
        match self.expectations.compiled[at].when {
            When::At(time) => {
                if from <= time + TOLERANCE && (until > time || last && until >= time) {
                    state.known |= state.truth.is_some();
                    state.outcome.values = Some(state.seen.clone());
                    if state.truth == Some(true) {
                        state.outcome.met = Some(from.max(time));
                        state.decided = true;
                    }
                } else if from > time + TOLERANCE {
                    state.decided = true;
                }
            }
            When::End => {
                if last {
                    state.known = state.truth.is_some();
                    state.outcome.values = Some(state.seen.clone());
                    state.outcome.met = (state.truth == Some(true)).then_some(from);
                }
            }
            When::Always { window, holds } => {
                // A window that begins at t begins at some moment of [t, t + 50 ms].
                let start = lenient(window);
                let inside = window.to.is_none_or(|to| from < to) && (until > start || last && until >= start);
                if inside {
                    state.known |= state.truth.is_some();
                    if state.truth == Some(!holds) {
                        state.outcome.broken = Some(from.max(start));
                        state.outcome.values = Some(state.seen.clone());
                        state.decided = true;
                    }
                } else if window.to.is_some_and(|to| from >= to) {
                    state.decided = true;
                }
            }
            When::Eventually(window) => {
                let inside = window.to.is_none_or(|to| from <= to + TOLERANCE)
                    && (until > window.from || last && until >= window.from);
                if inside {
                    state.known |= state.truth.is_some();
                    state.outcome.values = Some(state.seen.clone());
                    if state.truth == Some(true) {
                        state.outcome.met = Some(from.max(window.from));
                        state.decided = true;
                    }
                } else if window.to.is_some_and(|to| from > to + TOLERANCE) {
                    state.decided = true;
                }
            }
            When::Over { statistic, window } => {
                let start = from.max(window.from);
                let end = window.to.map_or(until, |to| until.min(to));
                // The last state of the run counts for extremes although it has no length.
                let instant = last && start == end && window.to.is_none();
                // What stands at the end of the window is what a counter has come to.
                let closing = matches!(statistic, Statistic::Last | Statistic::Gain)
                    && window.to == Some(from)
                    && from > window.from;
                if let Some(number) = state.number
                    && (end > start || instant || closing)
                {
                    state.known = true;
                    let length = end.since(start).ms();
                    state.measure(statistic, number, start, length);
                    if statistic == Statistic::Gain && start == window.from {
                        state.sum = number;
                    }
                    if let Some(series) = &mut state.series {
                        series.add(start.ms(), end.ms(), number);
                    }
                }
                if window.to.is_some_and(|to| from >= to) {
                    state.decided = true;
                }
            }
        }
    }

    /// Also keeps the means of an entry over `parts` equal parts of a run that ends at `end`.
    pub(super) fn keep_series(&mut self, at: usize, parts: usize, end: SimTime) {
        let step = (end.ms() / parts.max(1) as u64).max(1);
        self.states[at].series = Some(Series { step, parts: vec![(0.0, 0); parts] });
    }

    /// The number that each measuring entry came to, and its means over parts of the run. Call it after the run has ended.
    pub(super) fn measured(self) -> Vec<(Option<f64>, Vec<f64>)> {
        let number = |(compiled, state): (&Compiled, &State)| {
            let number = match compiled.when {
                When::Over { statistic, .. } => state.statistic(statistic),
                _ => None,
            };
            let series = state.series.as_ref().map_or_else(Vec::new, |series| {
                let known = series.parts.iter().filter(|(_, weight)| *weight > 0);
                known.map(|(sum, weight)| sum / *weight as f64).collect()
            });
            (number, series)
        };
        self.expectations.compiled.iter().zip(&self.states).map(number).collect()
    }

    /// The verdicts, in the order of the entries. Call it after the run has ended.
    #[must_use]
    pub fn finish(self) -> Vec<Verdict> {
        let end = self.end.unwrap_or(self.now);
        let mut verdicts = Vec::with_capacity(self.states.len());
        for (compiled, state) in self.expectations.compiled.iter().zip(&self.states) {
            verdicts.push(judge(compiled, state, &self.expectations.paths, end));
        }
        verdicts
    }
}

/// The first moment at which a window's demand is binding.
fn lenient(window: Window) -> SimTime {
    if window.from == SimTime::ZERO {
        return window.from;
    }
    let late = window.from + TOLERANCE;
    if window.to.is_some_and(|to| late >= to) { window.from } else { late }
}

impl State {
    const fn new() -> Self {
        Self {
            since: SimTime::ZERO,
            seen: Vec::new(),
            truth: None,
            number: None,
            dirty: false,
            decided: false,
            known: false,
            outcome: Outcome { met: None, broken: None, values: None },
            sum: 0.0,
            weight: 0,
            extreme: None,
            shares: std::collections::BTreeMap::new(),
            series: None,
        }
    }

    fn measure(&mut self, statistic: Statistic, number: f64, at: SimTime, length: u64) {
        match statistic {
            Statistic::Max => {
                if self.extreme.is_none_or(|(most, _)| number > most) {
                    self.extreme = Some((number, at));
                }
            }
            Statistic::Min => {
                if self.extreme.is_none_or(|(least, _)| number < least) {
                    self.extreme = Some((number, at));
                }
            }
            Statistic::Mean => {
                self.sum += number * length as f64;
                self.weight += length;
                self.extreme = Some((number, at));
            }
            Statistic::Last | Statistic::Gain => {
                self.weight = 1;
                self.extreme = Some((number, at));
            }
            Statistic::Percentile(_) => {
                *self.shares.entry(sortable(number)).or_insert(0) += length;
                self.weight += length;
                self.extreme = Some((number, at));
            }
        }
    }

    fn statistic(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Max | Statistic::Min => self.extreme.map(|(number, _)| number),
            Statistic::Last => self.extreme.map(|(number, _)| number),
            // Where it had no value at the beginning of the window, nothing had been counted.
            Statistic::Gain => self.extreme.map(|(number, _)| number - self.sum),
            // A window without length has the one value that was there.
            _ if self.weight == 0 => self.extreme.map(|(number, _)| number),
            Statistic::Mean => Some(self.sum / self.weight as f64),
            Statistic::Percentile(percent) => {
                let wanted = (u128::from(self.weight) * u128::from(percent)).div_ceil(100);
                let mut time = 0_u128;
                for (number, length) in &self.shares {
                    time += u128::from(*length);
                    if time >= wanted {
                        return Some(unsortable(*number));
                    }
                }
                None
            }
        }
    }
}

/// A number as an integer of the same order.
fn sortable(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

fn unsortable(bits: u64) -> f64 {
    f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits })
}

fn judge(compiled: &Compiled, state: &State, paths: &[Path], end: SimTime) -> Verdict {
    let actual: Vec<Actual> = state
        .outcome
        .values
        .as_ref()
        .unwrap_or(&state.seen)
        .iter()
        .zip(&compiled.paths)
        .map(|(value, path)| Actual { path: paths[*path].label.clone(), value: show(value, paths[*path].unit) })
        .collect();
    // An entry that is `… contains "text"` and nothing else reads a number of entries, but says yes or no.
    let found = match actual.as_slice() {
        [only] if only.path == compiled.expression => {
            only.path.split_once(" contains ").map(|(list, text)| match only.value.as_str() {
                "0" => format!("no entry of {list} contains {text}"),
                number => format!("{number} of {list} contain {text}"),
            })
        }
        _ => None,
    };
    let yes_or_no = found.is_some();
    let is: String = found.unwrap_or_else(|| {
        actual.iter().map(|actual| format!("{} is {}", actual.path, actual.value)).collect::<Vec<_>>().join(", ")
    });
    let expected = |never: bool| {
        if yes_or_no {
            return if never { "expected none".to_owned() } else { "expected one".to_owned() };
        }
        let demand = compiled.demand.as_deref().unwrap_or(&compiled.expression);
        if never { format!("expected never {demand}") } else { format!("expected {demand}") }
    };
    let short = |until: SimTime| format!("the run ended at {end}, before {until}");
    let unknown = "it had no value at any moment in question";
    let (passed, at, message) = match compiled.when {
        When::At(time) if end < time => (false, None, short(time)),
        When::At(time) => match state.outcome.met {
            Some(at) => (true, Some(at), format!("at {time}: {is}")),
            None => (false, Some(time), format!("at {time}: {is}, {}", expected(false))),
        },
        When::End => match state.outcome.met {
            Some(_) => (true, Some(end), format!("at the end ({end}): {is}")),
            None => (false, Some(end), format!("at the end ({end}): {is}, {}", expected(false))),
        },
        When::Always { window, holds } => {
            if let Some(at) = state.outcome.broken {
                (false, Some(at), format!("at {at}: {is}, {}", expected(!holds)))
            } else if let Some(until) = window.to.filter(|to| *to > end) {
                (false, None, short(until))
            } else if window.from > end {
                (false, None, short(window.from))
            } else if !state.known {
                (false, None, format!("{unknown}: {is}"))
            } else {
                (true, None, String::new())
            }
        }
        When::Eventually(window) => match state.outcome.met {
            Some(at) => (true, Some(at), format!("at {at}: {is}")),
            None if window.to.is_some_and(|to| to > end) => {
                let until = window.to.unwrap_or(end);
                (false, None, format!("not so far, and {}: {is}, {}", short(until), expected(false)))
            }
            None if window.from > end => (false, None, short(window.from)),
            None => {
                let until = window.to.unwrap_or(end);
                (false, Some(until), format!("not by {until}: {is}, {}", expected(false)))
            }
        },
        When::Over { statistic, window } => over(compiled, state, statistic, window, end),
    };
    let actual = match (&compiled.test, compiled.when) {
        (Test::Measure { label, unit, .. }, When::Over { statistic, .. }) => vec![Actual {
            path: format!("{statistic} of {label}"),
            value: state
                .statistic(statistic)
                .map_or_else(|| "missing".to_owned(), |number| show(&Value::Number(number), *unit)),
        }],
        _ => actual,
    };
    Verdict {
        entry: compiled.entry,
        quantifier: compiled.quantifier.clone(),
        expression: compiled.expression.clone(),
        passed,
        at,
        message,
        actual,
    }
}

fn over(
    compiled: &Compiled,
    state: &State,
    statistic: Statistic,
    window: Window,
    end: SimTime,
) -> (bool, Option<SimTime>, String) {
    let Test::Measure { comparison, bound, tolerance, label, unit, .. } = &compiled.test else {
        return (false, None, String::new());
    };
    if let Some(until) = window.to.filter(|to| *to > end) {
        return (false, None, format!("the run ended at {end}, before {until}"));
    }
    if window.from > end {
        return (false, None, format!("the run ended at {end}, before {}", window.from));
    }
    let Some(number) = state.statistic(statistic) else {
        return (false, None, format!("{}: {label} had no value at any moment in question", compiled.quantifier));
    };
    let passed = comparison.holds(number, *bound, *tolerance);
    let at = state.extreme.map(|(_, at)| at).filter(|_| matches!(statistic, Statistic::Max | Statistic::Min));
    let when = at.map_or_else(String::new, |at| format!(" (first at {at})"));
    let mut message = format!("{}: {label} is {}{when}", compiled.quantifier, show(&Value::Number(number), *unit));
    if !passed {
        message.push_str(&format!(", expected {}", compiled.demand.as_deref().unwrap_or(&compiled.expression)));
    }
    (passed, at, message)
}

/// A value with its unit.
pub(super) fn show(value: &Value, unit: Unit) -> String {
    match (value, unit) {
        (Value::Missing, _) => "missing".to_owned(),
        (Value::Text(text), _) if text.is_empty() => "empty".to_owned(),
        (Value::Text(text), Unit::Text([])) => format!("\"{text}\""),
        (value, Unit::Percent) => format!("{value}%"),
        (value, Unit::Seconds) => format!("{value}s"),
        (value, Unit::MiB) => format!("{value} MiB"),
        (value, _) => value.to_string(),
    }
}

impl Observer for Watch {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.advance(now);
        if self.needs_tally {
            self.tally.observe(now, fact, cluster);
        }
        if let Some(costs) = &mut self.costs {
            costs.observe(now, fact, cluster);
        }
        if let Fact::InstanceLaunched { instance, .. } = *fact
            && self.awaits_launches
        {
            self.launched(instance, cluster);
        }
        let inputs = Inputs::of(fact);
        if !inputs.touches(self.inputs) {
            return;
        }
        for source in &mut self.sources {
            if let Some(probe) = &mut source.probe
                && source.inputs.touches(inputs)
            {
                probe.observe(fact, cluster);
            }
        }
        self.update(now, inputs, false, cluster);
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.advance(now);
        if self.sampled {
            self.tally.close_period();
            self.update(now, AT_PERIODS, false, cluster);
            self.tally.open_period();
        }
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.advance(now);
        self.tally.close_period();
        if let Some(costs) = &self.costs {
            costs.end(now);
        }
        self.update(now, AT_PERIODS, false, cluster);
        self.update(now, Inputs::default(), true, cluster);
        self.settle();
        for at in 0..self.states.len() {
            self.close(at, now, true);
        }
        self.end = Some(now);
    }
}
