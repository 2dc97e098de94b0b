//! The loop of one alarm: when it changes its state (CW-001 to CW-014).
//!
//! *What it does.* Evaluates the alarm at the full minutes, or every ten seconds where its period is shorter, and only at
//! those instants at which the outcome can be another one.
//!
//! *What AWS documents.* The instants (CW-002); that a new alarm is in INSUFFICIENT_DATA and knows what was before it
//! (CW-003); M of N and missing data (CW-010 to CW-012).
//!
//! *Where AWS leaves a choice.* A datapoint that is late is not yet missing: the newest one that is visible is the newest
//! of all. A state set by hand lasts until the next evaluation.
//!
//! *What we left out.* Metric math, anomaly detectors, percentiles, composite alarms.
//!
//! *How we know it is right.* SX-021 and SX-026; a property: an alarm that is only looked at when it says so changes at the
//! same instants as one that is looked at always.
//!
//! A metric that stays as it is costs nothing: the loop looks ahead over the datapoints that are certain, and sleeps where
//! none of them changes the state. It looks at bits, which one more datapoint shifts, and at lists only where an alarm has
//! more datapoints than there are bits.

use ecsim_cluster::cloudwatch::{AlarmDefinition, AlarmState, Series};
use ecsim_cluster::{AlarmId, Command};
use ecsim_kernel::{SimTime, Span};

use super::AlarmSpec;
use super::datapoints;
use crate::scaling::alarm::{AlarmRule, Window};
use crate::view::{Controller, Decision, View};

/// How many datapoints the loop looks ahead at most in one turn.
const LOOK_AHEAD: usize = 64;

/// The control loop of one alarm.
#[derive(Clone, Debug)]
pub struct AlarmController {
    alarm: AlarmId,
    spec: AlarmSpec,
}

/// Everything an evaluation needs but the time.
struct Looking<'a> {
    series: &'a Series,
    /// Of the base series.
    period: Span,
    window: u32,
    statistic: ecsim_cluster::cloudwatch::Statistic,
    rule: AlarmRule,
    definition: &'a AlarmDefinition,
}

impl AlarmController {
    /// The loop of an alarm.
    #[must_use]
    pub const fn new(alarm: AlarmId, spec: AlarmSpec) -> Self {
        Self { alarm, spec }
    }

    fn looking<'a>(&self, view: &View<'a>) -> Looking<'a> {
        let definitions = view.cluster.definitions();
        let definition = &definitions.alarms[self.alarm];
        let base = &definitions.series[self.spec.base];
        Looking {
            series: view.cluster.series(self.spec.base),
            period: base.period,
            window: self.spec.window,
            statistic: base.statistic,
            rule: AlarmRule {
                evaluation_periods: definition.evaluation_periods as usize,
                datapoints_to_alarm: definition.datapoints_to_alarm as usize,
                missing: definition.missing,
                range_extra: view.settings.scaling.evaluation_range_extra as usize,
            },
            definition,
        }
    }
}

impl Looking<'_> {
    /// What the alarm sees, as bits; `None` where it looks at more than fit.
    fn window(&self, now: SimTime) -> Option<Window> {
        let range = self.rule.range();
        if range > Window::LONGEST {
            return None;
        }
        let per = self.window.max(1) as usize;
        let mut base = datapoints::newest_first(self.series, self.period, now, range.saturating_mul(per));
        if per == 1 {
            return Some(Window::newest_first(base.map(|value| self.breaches(value))));
        }
        // A series that is younger than the window lacks what is older, which is missing.
        let mut next = || datapoints::aggregate(base.by_ref().take(per).flatten(), self.statistic);
        Some(Window::newest_first((0..range).map(|_| self.breaches(next()))))
    }

    fn breaches(&self, value: Option<i64>) -> Option<bool> {
        value.map(|value| self.definition.comparison.is_breached(value.cmp(&self.definition.threshold)))
    }

    /// The state after an evaluation; `window` is what is seen then, where it fits.
    fn evaluate(&self, now: SimTime, window: Option<Window>, state: AlarmState) -> AlarmState {
        match window {
            Some(window) => self.rule.evaluate_window(window, state),
            None => self.evaluate_list(now, state),
        }
    }

    /// The state after an evaluation of any number of datapoints.
    fn evaluate_list(&self, now: SimTime, state: AlarmState) -> AlarmState {
        let points = self.points(now, self.rule.range());
        let points: Vec<Option<bool>> = points.into_iter().rev().map(|value| self.breaches(value)).collect();
        self.rule.evaluate(&points, state)
    }

    /// The newest datapoints of the alarm, the newest first.
    fn points(&self, now: SimTime, count: usize) -> Vec<Option<i64>> {
        datapoints::windows(self.series, (self.period, self.window), self.statistic, now, count)
    }

    /// The window `from` of an instant at a later one, by which only datapoints of the newest run have come.
    fn later(&self, from: Option<Window>, now: SimTime, at: SimTime) -> Option<Window> {
        if self.window > 1 {
            return self.window(at);
        }
        let start = |at| datapoints::newest(self.series, self.period, at);
        let times = start(at)?.since(start(now)?).ms() / self.period.ms().max(1);
        let value = self.series.runs.back()?.value;
        Some(from?.followed_by(self.breaches(value), times, self.rule.range()))
    }

    /// The next instant at which an evaluation may find another state; `window` is what is seen now.
    fn next(&self, now: SimTime, mut window: Option<Window>, state: AlarmState) -> Option<SimTime> {
        let range = self.rule.range().saturating_mul(self.window.max(1) as usize);
        let mut at = now;
        for _ in 0..LOOK_AHEAD {
            if datapoints::is_settled(self.series, self.period, at, range) {
                return None;
            }
            let visible = datapoints::next_visible(self.series, self.period, at)?;
            let before = at;
            at = datapoints::evaluation_at(visible, self.period);
            window = self.later(window, before, at);
            if self.evaluate(at, window, state) != state {
                return Some(at);
            }
        }
        Some(at)
    }
}

impl Controller for AlarmController {
    fn decide(&mut self, view: &View<'_>) -> Decision {
        let state = view.cluster.alarm(self.alarm).state;
        let exists = self.spec.exists;
        let change = exists.next_change(view.now);
        let sleep = || change.map_or(Decision::Sleep, Decision::WakeAt);
        if !exists.holds(view.now) {
            if exists.from <= view.now && state != AlarmState::InsufficientData {
                return Decision::Act(Command::SetAlarmState { alarm: self.alarm, to: AlarmState::InsufficientData });
            }
            return sleep();
        }
        let looking = self.looking(view);
        let due = datapoints::evaluation_at(view.now, looking.period);
        let earliest = |at: SimTime| change.map_or(at, |change| change.min(at));
        if due > view.now {
            return Decision::WakeAt(earliest(due));
        }
        let window = looking.window(view.now);
        let to = looking.evaluate(view.now, window, state);
        if to != state {
            return Decision::Act(Command::SetAlarmState { alarm: self.alarm, to });
        }
        match looking.next(view.now, window, state) {
            Some(at) => Decision::WakeAt(earliest(at)),
            None => sleep(),
        }
    }
}

/// What an alarm sees at an instant, the newest first: for policies that compute with it, and for those who explain.
#[must_use]
pub fn seen(view: &View<'_>, alarm: AlarmId, spec: &AlarmSpec, count: usize) -> Vec<Option<i64>> {
    AlarmController::new(alarm, spec.clone()).looking(view).points(view.now, count)
}

#[cfg(test)]
mod tests {
    use ecsim_cluster::SeriesId;
    use ecsim_cluster::cloudwatch::{Comparison, MissingData, Run, Statistic};
    use proptest::prelude::*;

    use super::*;

    const STATES: [AlarmState; 3] = [AlarmState::InsufficientData, AlarmState::Ok, AlarmState::Alarm];

    /// The state at each instant of evaluation, looked at always or only when the loop says so and when there is news.
    fn states(
        (runs, period, window): (&[Run], Span, u32),
        (rule, definition): (AlarmRule, &AlarmDefinition),
        end: SimTime,
        always: bool,
    ) -> Vec<(SimTime, AlarmState)> {
        let mut series = Series::default();
        let mut left = runs.iter().copied().peekable();
        let (mut state, mut wake, mut found) = (AlarmState::InsufficientData, Some(SimTime::ZERO), Vec::new());
        let mut now = SimTime::ZERO;
        while now <= end {
            let mut look = always || wake.is_some_and(|wake| wake <= now);
            while let Some(run) = left.next_if(|run| run.visible_at <= now) {
                series.runs.push_back(run);
                look = true;
            }
            let statistic = Statistic::Average;
            let looking = Looking { series: &series, period, window, statistic, rule, definition };
            if look {
                let seen = looking.window(now);
                for known in STATES {
                    let listed = looking.evaluate_list(now, known);
                    assert_eq!(looking.evaluate(now, seen, known), listed);
                    assert_eq!(looking.next(now, seen, known), looking.next_by_lists(now, known));
                }
                // It is looked at again after a change, as by the loop.
                for _ in 0..3 {
                    state = looking.evaluate(now, seen, state);
                }
                wake = looking.next(now, seen, state);
            }
            found.push((now, state));
            now += datapoints::evaluation_step(period);
        }
        found
    }

    impl Looking<'_> {
        /// [`Self::next`] by its definition.
        fn next_by_lists(&self, now: SimTime, state: AlarmState) -> Option<SimTime> {
            let range = self.rule.range() * self.window as usize;
            let mut at = now;
            for _ in 0..LOOK_AHEAD {
                if datapoints::is_settled(self.series, self.period, at, range) {
                    return None;
                }
                let visible = datapoints::next_visible(self.series, self.period, at)?;
                at = datapoints::evaluation_at(visible, self.period);
                if self.evaluate_list(at, state) != state {
                    return Some(at);
                }
            }
            Some(at)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        // proves: CW-002, CW-011, CW-012
        #[test]
        fn an_alarm_looked_at_when_it_says_so_is_one_looked_at_always(
            lengths in prop::collection::vec((1_u64..8, prop::option::of(0_i64..4)), 1..12),
            seconds in prop::sample::select(vec![10_u64, 20, 30, 60, 120]),
            delay in 0_u64..200,
            window in 1_u32..4,
            evaluation_periods in prop::sample::select(vec![1_usize, 2, 3, 5, 15, 62, 70]),
            datapoints in 0_usize..70,
            missing in prop::sample::select(vec![
                MissingData::Missing, MissingData::Ignore, MissingData::Breaching, MissingData::NotBreaching,
            ]),
            comparison in prop::sample::select(vec![Comparison::Greater, Comparison::LessOrEqual]),
        ) {
            let period = Span::from_secs(seconds);
            let mut runs: Vec<Run> = Vec::new();
            let mut from = SimTime::ZERO;
            for (length, value) in lengths {
                if runs.last().is_none_or(|last| last.value != value) {
                    runs.push(Run { from, visible_at: from + period + Span::from_secs(delay), value });
                }
                from += Span::from_ms(period.ms() * length);
            }
            let datapoints_to_alarm = datapoints % evaluation_periods + 1;
            let rule = AlarmRule { evaluation_periods, datapoints_to_alarm, missing, range_extra: 2 };
            let definition = AlarmDefinition {
                name: "alarm".to_owned(),
                series: SeriesId::new(0),
                comparison,
                threshold: 1,
                evaluation_periods: 1,
                datapoints_to_alarm: 1,
                missing,
                exists_at_start: true,
            };
            let end = from + Span::from_ms(period.ms() * 80 * u64::from(window));
            let watch = |always| states((&runs, period, window), (rule, &definition), end, always);
            prop_assert_eq!(watch(true), watch(false));
        }
    }
}
