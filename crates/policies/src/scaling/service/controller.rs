//! The control loop of one service's scalable target (SAS-001 to SAS-071).
//!
//! *What it does.* Runs scheduled actions at their instants; computes what policies want when their alarms change to ALARM
//! and each time the alarm repeats its action; sets the desired count; and notices when an activity has succeeded.
//!
//! *Where AWS leaves a choice.* Only policies whose alarm acts at this very instant compete (SAS-054). Target tracking
//! policies scale in together, and the cooldown that counts is that of the one whose proposal wins. A scale-in by a
//! scheduled action is off during a deployment, as every other (DEP-017).
//!
//! *How we know it is right.* SX-022, SX-023, SX-034, SX-035 and SX-025, here and as scenarios.
//!
//! An alarm that lasts costs nothing while nothing changes: a repetition that could only say the same again is left out.

use std::collections::VecDeque;
use std::sync::Arc;

use ecsim_cluster::cloudwatch::{AlarmState, Statistic};
use ecsim_cluster::{
    ActivityStatus, AlarmId, Command, NotScaled, ScalableTarget, ServiceDecision, ServiceId, ServiceStatus, Withholding,
};
use ecsim_kernel::{SimTime, Span};

use super::cooldown::Cooldown;
use super::forecast::{self, Forecaster};
use super::proposals::{self, Invoked, Standing, Wish, narrow};
use super::spec::{PolicyKind, Predictive, ScalingModel, StepScaling, TargetSpec, TargetTracking};
use crate::cloudwatch::AlarmSpec;
use crate::cloudwatch::datapoints;
use crate::scaling::clamp::Bounds;
use crate::scaling::conflict;
use crate::scaling::metric::Millionths;
use crate::scaling::settings::MetricPoint;
use crate::view::{Controller, Decision, View};

/// The control loop of one service.
#[derive(Clone, Debug)]
pub struct ServiceScalingController {
    service: ServiceId,
    spec: Arc<TargetSpec>,
    /// Of the alarms of each policy, in the order of [`PolicyKind::alarms`].
    alarms: Vec<Vec<(AlarmId, AlarmSpec)>>,
    cooldowns: Vec<Cooldown>,
    forecasters: Vec<Forecaster>,
    /// How many instants of each scheduled action are over.
    over: Vec<usize>,
    /// Activities in progress, the oldest first.
    open: Vec<Open>,
    /// What is left to do in this turn.
    todo: VecDeque<Command>,
    /// When each alarm invoked its policy last, so that an instant is dealt with once.
    acted: Vec<Vec<Option<SimTime>>>,
    /// What was seen when nothing came of it: there is no use in looking again while it is so.
    quiet: Option<Quiet>,
    /// What each policy said last, so that the same is not said every minute.
    noted: Vec<Option<core::mem::Discriminant<NotScaled>>>,
}

/// An activity in progress.
#[derive(Clone, Copy, Debug)]
struct Open {
    number: u32,
    /// The policy whose cooldown it starts.
    policy: Option<usize>,
    out: bool,
    to: u32,
    decision: ServiceDecision,
}

/// Everything that a policy's answer depends on but the time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    target: (u32, u32, ecsim_cluster::Suspended),
    running: u32,
    desired: u32,
    deploying: bool,
    open: usize,
    floor: u64,
    alarms: Vec<(AlarmState, SimTime, Option<i64>)>,
}

#[derive(Clone, Debug)]
struct Quiet {
    seen: Seen,
    /// A cooldown ends then.
    until: Option<SimTime>,
}

impl ServiceScalingController {
    /// The loop of a service; `None` where it has no target, no policies and no actions.
    #[must_use]
    pub fn new(service: ServiceId, model: &ScalingModel) -> Option<Self> {
        let spec = Arc::clone(model.targets.get(&service)?);
        let alarms: Vec<Vec<(AlarmId, AlarmSpec)>> = spec
            .policies
            .iter()
            .map(|policy| policy.kind.alarms().map(|alarm| (alarm, model.alarms[alarm].clone())).collect())
            .collect();
        let count = spec.policies.len();
        Some(Self {
            service,
            acted: alarms.iter().map(|alarms| vec![None; alarms.len()]).collect(),
            alarms,
            cooldowns: vec![Cooldown::default(); count],
            forecasters: vec![Forecaster::default(); count],
            over: vec![0; spec.actions.len()],
            open: Vec::new(),
            todo: VecDeque::new(),
            quiet: None,
            noted: vec![None; count],
            spec,
        })
    }

    /// The next instant of a scheduled action, and which; those of one instant in the order of the list (SAS-062).
    fn next_action(&self) -> Option<(SimTime, usize)> {
        let next = |which: usize| self.spec.actions[which].at.get(self.over[which]).map(|at| (*at, which));
        (0..self.over.len()).filter_map(next).min()
    }

    /// A scheduled action is due (SAS-061).
    fn run_action(&mut self, view: &View<'_>, which: usize) {
        let Some(target) = view.cluster.scalable_target(self.service) else { return };
        if target.suspended.scheduled {
            return; // SAS-004: it is not caught up.
        }
        let spec = Arc::clone(&self.spec);
        let action = &spec.actions[which];
        let row = &view.cluster.services()[self.service];
        let (min, max) = (action.min.unwrap_or(target.min), action.max.unwrap_or(target.max));
        let note = |why: NotScaled| {
            let (policy, running) = (action.name, row.running);
            let withheld = Withholding { policy, alarm: None, out: false, value: None, running, why };
            Command::NoteNotScaled { service: self.service, withheld }
        };
        if min > max {
            let command = note(NotScaled::MinAboveMax { min, max });
            return self.todo.push_back(command);
        }
        let withheld = note(NotScaled::DeploymentInProgress);
        if (min, max) != (target.min, target.max) {
            self.todo.push_back(Command::SetCapacityLimits { service: self.service, min, max });
        }
        let limit = view.settings.tasks_per_service;
        let decision = ServiceDecision::Scheduled { action: action.name, min, max };
        let (min, max) = (min.min(limit), max.min(limit));
        if row.running < min && row.desired_count < min {
            self.scale(view, min, None, decision);
        } else if row.running > max && row.desired_count > max {
            if self.is_deploying(view) {
                return self.todo.push_back(withheld);
            }
            self.scale(view, max, None, decision);
        }
    }

    /// Sets the desired count: an activity begins. No policy: no cooldown (SAS-053).
    fn scale(&mut self, view: &View<'_>, to: u32, policy: Option<usize>, decision: ServiceDecision) {
        let row = &view.cluster.services()[self.service];
        let out = to > row.desired_count;
        if let Some(at) = policy {
            self.cooldowns[at].begin(view.now, out, u64::from(row.running));
            if out {
                // SAS-055.
                self.cooldowns.iter_mut().for_each(Cooldown::cancel_in);
            }
        }
        let number = view.cluster.scaling_of(self.service).activities;
        self.open.push(Open { number, policy, out, to, decision });
        self.todo.push_back(Command::ScaleService { service: self.service, to, decision });
    }

    /// SAS-007: activities that have got where they wanted, or were overridden.
    fn settle(&mut self, view: &View<'_>) -> bool {
        let row = &view.cluster.services()[self.service];
        let ended = self.open.iter().position(|it| {
            let there = if it.out { row.running >= it.to } else { row.running <= it.to };
            let overridden = if it.out { row.desired_count < it.to } else { row.desired_count > it.to };
            there || overridden || row.status != ServiceStatus::Active
        });
        let Some(at) = ended else { return false };
        let Open { number, policy, out, to, decision } = self.open.remove(at);
        let there = if out { row.running >= to } else { row.running <= to };
        let overridden = if out { row.desired_count < to } else { row.desired_count > to };
        let success = there && !overridden;
        if let Some(policy) = policy {
            let length = self.cooldown_of(policy, out);
            self.cooldowns[policy].end(view.now, out, success.then_some(length));
        }
        let status = if success { ActivityStatus::Successful } else { ActivityStatus::Overridden };
        self.todo.push_back(Command::EndServiceScaling {
            service: self.service,
            activity: number,
            status,
            to,
            decision,
        });
        true
    }

    fn cooldown_of(&self, policy: usize, out: bool) -> Span {
        match &self.spec.policies[policy].kind {
            PolicyKind::TargetTracking(it) if out => it.out_cooldown,
            PolicyKind::TargetTracking(it) => it.in_cooldown,
            PolicyKind::Step(it) => it.cooldown,
            PolicyKind::Predictive(_) => Span::ZERO,
        }
    }

    /// SAS-040: with an external controller deployments do not matter.
    fn is_deploying(&self, view: &View<'_>) -> bool {
        !self.spec.external_deployments && view.cluster.services()[self.service].is_deploying()
    }

    /// Everything that a policy's answer depends on.
    fn see(&self, view: &View<'_>, target: &ScalableTarget) -> Seen {
        let row = &view.cluster.services()[self.service];
        let alarms = self.alarms.iter().flatten().map(|(alarm, spec)| {
            let known = view.cluster.alarm(*alarm);
            let newest = view.cluster.series(spec.base).runs.back().and_then(|run| run.value);
            (known.state, known.since, newest)
        });
        Seen {
            target: (target.min, target.max, target.suspended),
            running: row.running,
            desired: row.desired_count,
            deploying: self.is_deploying(view),
            open: self.open.len(),
            floor: self.floor(view).0,
            alarms: alarms.collect(),
        }
    }

    /// The next instant at which an alarm of a policy acts, from `from` on (SAS-015).
    fn next_repetition(&self, view: &View<'_>, from: SimTime) -> Option<SimTime> {
        let mut next = None;
        for (policy, alarms) in self.spec.policies.iter().zip(&self.alarms) {
            for (alarm, spec) in alarms {
                let row = view.cluster.alarm(*alarm);
                if row.state != AlarmState::Alarm || row.actions_disabled || !policy.exists.holds(view.now) {
                    continue;
                }
                let repeat = repeat_of(view, spec);
                let over = from.since(row.since).ms().div_ceil(repeat.ms());
                let at = row.since + Span::from_ms(over * repeat.ms());
                next = Some(next.map_or(at, |next: SimTime| next.min(at)));
            }
        }
        next
    }

    /// What forecasts want at least now (SAS-071), and how far beyond the maximum they allow to go.
    fn floor(&self, view: &View<'_>) -> (u64, Option<u64>) {
        let start = view.cluster.definitions().start_unix_ms;
        let (mut floor, mut most) = (0, None);
        for (policy, forecaster) in self.spec.policies.iter().zip(&self.forecasters) {
            let PolicyKind::Predictive(predictive) = &policy.kind else { continue };
            if !predictive.scales || !policy.exists.holds(view.now) {
                continue;
            }
            for hour in hours_in_sight(start, view.now, predictive) {
                let Some(wanted) = forecaster.load_of(hour).map(|load| capacity_for(load, predictive.target)) else {
                    continue;
                };
                floor = floor.max(wanted);
                if let Some(percent) = predictive.beyond_max {
                    let beyond = wanted.saturating_add(wanted.saturating_mul(u64::from(percent)) / 100);
                    most = most.max(Some(beyond));
                }
            }
        }
        (floor, most)
    }

    fn standing(&self, view: &View<'_>, target: &ScalableTarget) -> Standing {
        let row = &view.cluster.services()[self.service];
        let (floor, beyond) = self.floor(view);
        // SAS-071: only a forecast above the maximum raises it.
        let limit = u64::from(view.settings.tasks_per_service);
        let max = u64::from(target.max).min(limit);
        let max = beyond.map(|beyond| beyond.min(limit)).filter(|_| floor > max).map_or(max, |beyond| beyond.max(max));
        Standing {
            now: view.now,
            running: u64::from(row.running),
            desired: u64::from(row.desired_count),
            bounds: Bounds { min: u64::from(target.min).min(limit), max },
            floor,
            deploying: self.is_deploying(view),
            in_suspended: target.suspended.scale_in,
            out_suspended: target.suspended.scale_out,
            credit: view.settings.scaling.credit_mode,
            scale_in: view.settings.scaling.scale_in_mode,
        }
    }

    /// The alarms that act at this instant: the place of the policy, and which of its alarms.
    fn acting(&self, view: &View<'_>) -> Vec<(usize, usize)> {
        let mut acting = Vec::new();
        for (place, (policy, alarms)) in self.spec.policies.iter().zip(&self.alarms).enumerate() {
            for (which, (alarm, spec)) in alarms.iter().enumerate() {
                let row = view.cluster.alarm(*alarm);
                let acts = row.state == AlarmState::Alarm
                    && !row.actions_disabled
                    && self.acted[place][which] != Some(view.now)
                    && policy.exists.holds(view.now)
                    && view.now.since(row.since).ms().is_multiple_of(repeat_of(view, spec).ms());
                if acts {
                    acting.push((place, which));
                }
            }
        }
        acting
    }

    /// What the policies want whose alarms act now (SAS-054); tells whether any does.
    fn invoke(&mut self, view: &View<'_>, target: &ScalableTarget) -> bool {
        for (noted, alarms) in self.noted.iter_mut().zip(&self.alarms) {
            if alarms.iter().all(|(alarm, _)| view.cluster.alarm(*alarm).state != AlarmState::Alarm) {
                *noted = None;
            }
        }
        let acting = self.acting(view);
        if acting.is_empty() {
            return false;
        }
        for (place, which) in &acting {
            self.acted[*place][*which] = Some(view.now);
        }
        let at = self.standing(view, target);
        let spec = Arc::clone(&self.spec);
        let mut wishes: Vec<Invoked> = Vec::new();
        let mut scale_in_is_done = false;
        for (place, which) in acting {
            let (alarm, alarm_spec) = &self.alarms[place][which];
            match &spec.policies[place].kind {
                PolicyKind::TargetTracking(tracking) if *alarm == tracking.high => {
                    let value = self.tracked(view, *alarm, alarm_spec);
                    let (raw, wish) = proposals::tracking_out(&at, &self.cooldowns[place], value, tracking.target);
                    wishes.push(self.tracking(view, (place, which), true, value, tracking, &at, raw, wish));
                }
                // All that may scale in are asked together (SAS-024).
                PolicyKind::TargetTracking(_) => {
                    if !scale_in_is_done {
                        scale_in_is_done = true;
                        wishes.push(self.tracking_in(view, &at, place, which));
                    }
                }
                PolicyKind::Step(steps) => wishes.push(self.step(view, (place, which), steps, &at)),
                PolicyKind::Predictive(_) => {}
            }
        }
        self.resolve(view, &at, &wishes);
        true
    }

    /// The metric as target tracking sees it (SAS-022).
    fn tracked(&self, view: &View<'_>, alarm: AlarmId, spec: &AlarmSpec) -> Option<i64> {
        match view.settings.scaling.metric_point {
            MetricPoint::Latest => self.points(view, spec, 1).first().copied().flatten(),
            MetricPoint::WindowMean => {
                let count = view.cluster.definitions().alarms[alarm].evaluation_periods as usize;
                let points = self.points(view, spec, count);
                datapoints::aggregate(points.into_iter().flatten(), Statistic::Average)
            }
        }
    }

    fn points(&self, view: &View<'_>, spec: &AlarmSpec, count: usize) -> Vec<Option<i64>> {
        let base = &view.cluster.definitions().series[spec.base];
        let series = view.cluster.series(spec.base);
        datapoints::windows(series, (base.period, spec.window), base.statistic, view.now, count)
    }

    #[expect(clippy::too_many_arguments, reason = "the numbers of one decision")]
    fn tracking(
        &self,
        view: &View<'_>,
        (place, which): (usize, usize),
        out: bool,
        value: Option<i64>,
        tracking: &TargetTracking,
        at: &Standing,
        raw: u64,
        wish: Wish,
    ) -> Invoked {
        let alarm = self.alarms[place][which].0;
        let decision = ServiceDecision::TargetTracking {
            policy: self.spec.policies[place].name,
            alarm,
            series: view.cluster.definitions().alarms[alarm].series,
            value: value.unwrap_or(0),
            target: tracking.target.0,
            running: narrow(at.running),
            raw: narrow(raw),
            credited: credited(wish),
        };
        Invoked { place, alarm, out, value, wish, decision }
    }

    /// Target tracking scales in if all policies that may do so want to; the largest proposal wins (SAS-024).
    fn tracking_in(&self, view: &View<'_>, at: &Standing, acting: usize, acting_alarm: usize) -> Invoked {
        let spec = &self.spec;
        let mut largest: Option<Invoked> = None;
        for (place, policy) in spec.policies.iter().enumerate() {
            let PolicyKind::TargetTracking(tracking) = &policy.kind else { continue };
            let (Some(low), true) = (tracking.low, policy.exists.holds(view.now)) else { continue };
            let Some(which) = self.alarms[place].iter().position(|(alarm, _)| *alarm == low) else { continue };
            let value = self.tracked(view, low, &self.alarms[place][which].1);
            let agrees = view.cluster.alarm(low).state == AlarmState::Alarm && value.is_some();
            if !agrees {
                let PolicyKind::TargetTracking(own) = &spec.policies[acting].kind else { continue };
                let value =
                    self.tracked(view, self.alarms[acting][acting_alarm].0, &self.alarms[acting][acting_alarm].1);
                let why =
                    if place == acting { NotScaled::NoData } else { NotScaled::OtherPolicyDisagrees(policy.name) };
                let wish = Wish::Wait(why);
                return self.tracking(view, (acting, acting_alarm), false, value, own, at, at.running, wish);
            }
            let (raw, wish) = proposals::tracking_in(at, &self.cooldowns[place], value, tracking.target);
            let invoked = self.tracking(view, (place, which), false, value, tracking, at, raw, wish);
            let larger = largest.as_ref().is_none_or(|known| raw > raw_of(known));
            if larger {
                largest = Some(invoked);
            }
        }
        largest.unwrap_or_else(|| {
            let alarm = self.alarms[acting][acting_alarm].0;
            let decision = ServiceDecision::Registered { min: 0, max: 0 };
            let wish = Wish::Wait(NotScaled::NoData);
            Invoked { place: acting, alarm, out: false, value: None, wish, decision }
        })
    }

    fn step(&self, view: &View<'_>, (place, which): (usize, usize), steps: &StepScaling, at: &Standing) -> Invoked {
        let (alarm, alarm_spec) = &self.alarms[place][which];
        let definition = &view.cluster.definitions().alarms[*alarm];
        let points = self.points(view, alarm_spec, definition.evaluation_periods as usize);
        let value = datapoints::aggregate(points.into_iter().flatten(), steps.aggregation);
        let threshold = Millionths(definition.threshold);
        let (raw, out, wish) = proposals::step(at, &self.cooldowns[place], value, &steps.steps, threshold);
        let decision = ServiceDecision::Step {
            policy: self.spec.policies[place].name,
            alarm: *alarm,
            series: definition.series,
            value: value.unwrap_or(0),
            threshold: threshold.0,
            running: narrow(at.running),
            raw: narrow(raw),
            credited: credited(wish),
        };
        Invoked { place, alarm: *alarm, out, value, wish, decision }
    }

    /// The wish that leaves the largest capacity wins, for out and for in (SAS-054).
    fn resolve(&mut self, view: &View<'_>, at: &Standing, wishes: &[Invoked]) {
        let proposals: Vec<(u64, &Invoked)> = wishes
            .iter()
            .filter_map(|invoked| match invoked.wish {
                Wish::Capacity { to, .. } => Some((to, invoked)),
                Wish::Stay(_) => Some((at.desired, invoked)),
                Wish::Wait(_) => None,
            })
            .collect();
        let capacities: Vec<u64> = proposals.iter().map(|(to, _)| *to).collect();
        if let Some((to, winner)) = conflict::winner(&capacities).map(|at| proposals[at])
            && matches!(winner.wish, Wish::Capacity { .. })
        {
            self.noted.fill(None);
            self.quiet = None;
            self.scale(view, narrow(to), Some(winner.place), winner.decision);
            return;
        }
        // Nothing comes of it: say why, and what would have to end first.
        let mut until: Option<SimTime> = None;
        for invoked in wishes {
            let (Wish::Stay(why) | Wish::Wait(why)) = invoked.wish else { continue };
            match why {
                NotScaled::ScaleInCooldown { until: Some(end) }
                | NotScaled::AlreadyAtDesiredCapacity { cooldown_until: Some(end), .. } => {
                    until = Some(until.map_or(end, |until| until.min(end)));
                }
                _ => {}
            }
            let kind = Some(core::mem::discriminant(&why));
            if self.noted[invoked.place] != kind {
                self.noted[invoked.place] = kind;
                let withheld = Withholding {
                    policy: self.spec.policies[invoked.place].name,
                    alarm: Some(invoked.alarm),
                    out: invoked.out,
                    value: invoked.value,
                    running: narrow(at.running),
                    why,
                };
                self.todo.push_back(Command::NoteNotScaled { service: self.service, withheld });
            }
        }
        let Some(target) = view.cluster.scalable_target(self.service) else { return };
        // What slides through a window changes without anybody saying so.
        let is_settled = wishes.iter().all(|invoked| self.is_settled(view, invoked));
        self.quiet = is_settled.then(|| Quiet { seen: self.see(view, target), until });
    }

    /// Whether the value that a policy computes with stays until something is published.
    fn is_settled(&self, view: &View<'_>, invoked: &Invoked) -> bool {
        let definitions = view.cluster.definitions();
        self.alarms[invoked.place].iter().filter(|(alarm, _)| *alarm == invoked.alarm).all(|(alarm, spec)| {
            let is_latest = matches!(self.spec.policies[invoked.place].kind, PolicyKind::TargetTracking(_))
                && view.settings.scaling.metric_point == MetricPoint::Latest;
            let points = if is_latest { 1 } else { definitions.alarms[*alarm].evaluation_periods as usize };
            let count = points.saturating_mul(spec.window.max(1) as usize);
            let period = definitions.series[spec.base].period;
            datapoints::is_settled(view.cluster.series(spec.base), period, view.now, count)
        })
    }

    /// Forecasts take in the load, say what they expect, and raise the capacity ahead of the hour (SAS-070).
    fn predict(&mut self, view: &View<'_>, target: &ScalableTarget) {
        if !self.spec.policies.iter().any(|policy| matches!(policy.kind, PolicyKind::Predictive(_))) {
            return;
        }
        let start = view.cluster.definitions().start_unix_ms;
        let spec = Arc::clone(&self.spec);
        let row = &view.cluster.services()[self.service];
        for (place, policy) in spec.policies.iter().enumerate() {
            let PolicyKind::Predictive(predictive) = &policy.kind else { continue };
            let forecaster = &mut self.forecasters[place];
            let series = view.cluster.series(predictive.series);
            let period = view.cluster.definitions().series[predictive.series].period;
            // A datapoint is seen late, and belongs to the hour that it is about.
            if let (Some(run), Some(newest)) = (series.runs.back(), datapoints::newest(series, period, view.now)) {
                let factor = if predictive.per_task { i64::from(row.running) } else { 1 };
                let load = run.value.map(|value| value.saturating_mul(factor));
                forecaster.see(start, run.from, load);
                forecaster.see(start, newest + period, load);
            }
            forecaster.refresh(start, view.now);
            if !policy.exists.holds(view.now) {
                continue;
            }
            for hour in hours_in_sight(start, view.now, predictive) {
                let Some(load) = forecaster.load_of(hour) else { continue };
                let raw = capacity_for(load, predictive.target);
                if forecaster.tell(hour) {
                    self.todo.push_back(Command::NoteForecast {
                        service: self.service,
                        policy: policy.name,
                        hour: forecast::begin_of(start, hour),
                        load,
                        capacity: narrow(raw),
                    });
                }
            }
        }
        let at = self.standing(view, target);
        let wanted = at.floor.min(at.bounds.max);
        let best = spec.policies.iter().enumerate().find_map(|(place, policy)| {
            let PolicyKind::Predictive(predictive) = &policy.kind else { return None };
            let forecaster = &self.forecasters[place];
            hours_in_sight(start, view.now, predictive).find_map(|hour| {
                let load = forecaster.load_of(hour)?;
                let raw = capacity_for(load, predictive.target);
                (predictive.scales && raw == at.floor).then_some(ServiceDecision::Predictive {
                    policy: policy.name,
                    load,
                    target: predictive.target.0,
                    raw: narrow(raw),
                })
            })
        });
        if let Some(decision) = best.filter(|_| wanted > at.desired && !at.out_suspended) {
            self.scale(view, narrow(wanted), None, decision);
        }
    }

    /// When a forecast looks next.
    fn next_forecast(&self, view: &View<'_>) -> Option<SimTime> {
        let start = view.cluster.definitions().start_unix_ms;
        let looks = self.spec.policies.iter().filter_map(|policy| match &policy.kind {
            PolicyKind::Predictive(predictive) => Some(Forecaster::next_look(start, view.now, predictive.buffer)),
            _ => None,
        });
        looks.min()
    }
}

impl Controller for ServiceScalingController {
    fn decide(&mut self, view: &View<'_>) -> Decision {
        loop {
            if let Some(command) = self.todo.pop_front() {
                return Decision::Act(command);
            }
            if self.settle(view) {
                continue;
            }
            let action = self.next_action();
            if let Some((_, which)) = action.filter(|(at, _)| *at <= view.now) {
                self.over[which] += 1;
                self.run_action(view, which);
                continue;
            }
            let next_action = action.map(|(at, _)| at);
            let target = view.cluster.scalable_target(self.service).copied();
            let row = &view.cluster.services()[self.service];
            let Some(target) = target.filter(|_| row.status == ServiceStatus::Active) else {
                return next_action.map_or(Decision::Sleep, Decision::WakeAt);
            };
            self.predict(view, &target);
            if !self.todo.is_empty() {
                continue;
            }
            if self.invoke(view, &target) {
                continue;
            }
            let after = view.now + Span::from_ms(1);
            let repetition = match &self.quiet {
                Some(quiet) if quiet.seen == self.see(view, &target) => {
                    quiet.until.and_then(|until| self.next_repetition(view, until.max(after)))
                }
                _ => self.next_repetition(view, after),
            };
            let next = [next_action, repetition, self.next_forecast(view)].into_iter().flatten().min();
            return next.map_or(Decision::Sleep, Decision::WakeAt);
        }
    }
}

/// How often an alarm repeats its action (SAS-015).
fn repeat_of(view: &View<'_>, spec: &AlarmSpec) -> Span {
    let settings = &view.settings.scaling;
    let period = view.cluster.definitions().series[spec.base].period;
    let repeat =
        if period < Span::from_mins(1) { settings.alarm_action_repeat_hr } else { settings.alarm_action_repeat };
    repeat.max(Span::from_ms(1))
}

/// The hour in progress, and the next one where it is near enough.
fn hours_in_sight(start: i64, now: SimTime, predictive: &Predictive) -> impl Iterator<Item = i64> {
    let (first, last) = (forecast::hour_of(start, now), forecast::hour_of(start, now + predictive.buffer));
    first..=last
}

/// The capacity at which a load is at its target.
fn capacity_for(load: i64, target: Millionths) -> u64 {
    proposals::proportional(1, load, target)
}

/// What the formula gave.
const fn raw_of(invoked: &Invoked) -> u64 {
    match invoked.decision {
        ServiceDecision::TargetTracking { raw, .. } | ServiceDecision::Step { raw, .. } => raw as u64,
        _ => 0,
    }
}

fn credited(wish: Wish) -> Option<u32> {
    match wish {
        Wish::Capacity { credited, .. } => credited.map(narrow),
        Wish::Stay(_) | Wish::Wait(_) => None,
    }
}
