//! The scaling policies and scheduled actions of an Auto Scaling group as a control loop (ASG-020 to ASG-025, ASG-042).
//!
//! *What it does.* Every full minute it samples the metrics of the group's policies. When the samples are published it moves
//! the alarms on, and while alarms last it sets the desired capacity to what the policies want. Scheduled actions run at
//! their instants.
//!
//! *What AWS documents.* The alarms of target tracking (SAS-011), alarms with missing data (CW-010 to CW-012), that the
//! action of a lasting alarm is repeated each minute (SAS-015), which of several policies wins (ASG-021), warm-up
//! (ASG-023), that only simple scaling waits for a cooldown (ASG-024), what suspended processes lose (ASG-042).
//!
//! *Where AWS leaves a choice.* Instances that warm up are no part of the capacity from which step scaling *and* target
//! tracking grow, those not launched yet included. Several target tracking policies use the longest of their warm-ups. A
//! policy that would grow beyond `MaxSize` still keeps others from shrinking. Samples are taken `cas_sample_offset` after
//! the minute and published as the metric of CAS-003 is (LAT-014).
//!
//! *What we left out.* Predictive scaling. Statistics other than the average. Delays of scheduled actions (LAT-022).
//! `GroupCpuUtilization` is an estimate: containers use what they reserve.
//!
//! *How we know it is right.* The arithmetic in [`crate::scaling`]; here a small group under each kind of policy.
//!
//! A turn costs the same whatever the group holds, but for that estimate, and for warm-ups in the minutes after a launch.

use std::collections::VecDeque;

use ecsim_cluster::scaling::{Alarm, Decision as Because, Withheld};
use ecsim_cluster::{AsgId, AutoScalingGroup, Command, InstanceLifecycle, Process};
use ecsim_kernel::{SimTime, Span};

use crate::ages;
use crate::capacity::managed_scaling::controller::next_minute;
use crate::capacity::managed_scaling::step::GroupSize;
use crate::capacity::spec::{AlarmSpec, Comparison, GroupSpec, MissingData, PolicyKind, ScalingMetric, ScalingPolicy};
use crate::scaling::alarm::{AlarmRule, AlarmState, RANGE_EXTRA};
use crate::scaling::clamp::Bounds;
use crate::scaling::conflict;
use crate::scaling::metric::{Metric, Millionths};
use crate::scaling::schedule::ScheduledSizes;
use crate::scaling::simple::{LastActivity, SimplePolicy};
use crate::scaling::step::StepPolicy;
use crate::scaling::target_tracking::{self, Reading};
use crate::view::{Decision, View};

/// The period of every metric.
const MINUTE: Span = Span::from_mins(1);
/// Datapoints of the high alarm of target tracking: so many of as many (SAS-011).
pub const HIGH_DATAPOINTS: u32 = 3;
/// Datapoints of its low alarm.
pub const LOW_DATAPOINTS: u32 = 15;
/// Bounds that bind nothing.
const ANY: Bounds = Bounds { min: 0, max: u64::MAX };

/// The control loop of one group. Its memory is plain data.
#[derive(Clone, Debug)]
pub struct GroupScalingController {
    group: AsgId,
    /// Parallel to the group's policies.
    watches: Vec<Watch>,
    /// When the next samples are taken.
    sample_at: Option<SimTime>,
    /// Samples on their way to CloudWatch, with when they arrive; each parallel to the policies.
    published: VecDeque<(SimTime, Vec<Option<Metric>>)>,
    /// How many instants of each scheduled action are over.
    over: Vec<usize>,
    /// What is left to do in this turn.
    todo: VecDeque<Command>,
    /// What was noted last, so that the same is not noted every minute.
    noted: Option<core::mem::Discriminant<Withheld>>,
}

/// The metric of a policy with the alarms on it.
#[derive(Clone, Debug)]
struct Watch {
    /// The newest last.
    minutes: VecDeque<Option<Metric>>,
    high: Trigger,
    /// Of target tracking only, and not with `DisableScaleIn` (SAS-013).
    low: Option<Trigger>,
}

/// An alarm.
#[derive(Clone, Debug)]
struct Trigger {
    alarm: Alarm,
    rule: AlarmRule,
    /// In minutes.
    period: usize,
    threshold: Millionths,
    comparison: Comparison,
    state: AlarmState,
}

/// What a policy wants.
#[derive(Clone, Copy, Debug)]
enum Wish {
    /// That capacity.
    Capacity(u64, Because),
    /// More or less than the group may have: it stays as it is, and others may not shrink it.
    Stay(Withheld),
    /// It would act, but must wait.
    Wait(Withheld),
}

/// How much of a group is past its warm-up (ASG-023).
#[derive(Clone, Copy, Debug)]
struct Warmth {
    warmup: Span,
    /// Instances that are, at most the desired capacity.
    warm: u64,
    /// The age of the youngest that is not; one that is not in service yet has none.
    youngest: Option<Span>,
}

impl GroupScalingController {
    /// The loop of a group; `None` where it has neither policies nor scheduled actions.
    #[must_use]
    pub fn new(group: AsgId, spec: &GroupSpec) -> Option<Self> {
        if spec.policies.is_empty() && spec.schedule.is_empty() {
            return None;
        }
        Some(Self {
            group,
            watches: spec.policies.iter().map(Watch::new).collect(),
            sample_at: None,
            published: VecDeque::new(),
            over: vec![0; spec.schedule.len()],
            todo: VecDeque::new(),
            noted: None,
        })
    }

    /// What to do now.
    pub fn decide(&mut self, view: &View<'_>) -> Decision {
        let spec = view.capacity.group(&view.cluster.groups()[self.group]);
        loop {
            if let Some(command) = self.todo.pop_front() {
                return Decision::Act(command);
            }
            let action = self.next_action(spec);
            if let Some((_, which)) = action.filter(|(at, _)| *at <= view.now) {
                self.over[which] += 1;
                self.run(view, which);
                continue;
            }
            if let Some((_, samples)) = self.published.pop_front_if(|(at, _)| *at <= view.now) {
                self.evaluate(view, spec, samples);
                continue;
            }
            let mut next = action.map(|(at, _)| at);
            if !self.watches.is_empty() {
                let offset = view.settings.capacity.sample_offset;
                let due = *self.sample_at.get_or_insert_with(|| next_minute(view.now) + offset);
                if due <= view.now {
                    self.sample_at = Some(next_minute(view.now) + offset);
                    let samples = spec.policies.iter().map(|policy| self.sample(view, spec, policy)).collect();
                    let minute = SimTime::from_ms(view.now.ms() / MINUTE.ms() * MINUTE.ms());
                    let at = minute + view.settings.capacity.metric_publish_delay;
                    self.published.push_back((at.max(view.now + view.settings.reaction), samples));
                    continue;
                }
                let published = self.published.front().map(|(at, _)| *at);
                next = [next, Some(due), published].into_iter().flatten().min();
            }
            return next.map_or(Decision::Sleep, Decision::WakeAt);
        }
    }

    /// The next instant of a scheduled action, and which; those of one instant in the order of the list (ASG-025).
    fn next_action(&self, spec: &GroupSpec) -> Option<(SimTime, usize)> {
        let next = |which: usize| spec.schedule[which].at.get(self.over[which]).map(|at| (*at, which));
        (0..self.over.len()).filter_map(next).min()
    }

    /// A scheduled action is due (ASG-025).
    fn run(&mut self, view: &View<'_>, which: usize) {
        let row = &view.cluster.groups()[self.group];
        if row.suspended.has(Process::ScheduledActions) {
            return; // ASG-042: it is lost.
        }
        let action = &view.capacity.groups[self.group].schedule[which];
        let sizes = ScheduledSizes {
            min: action.min_size.map(u64::from),
            max: action.max_size.map(u64::from),
            desired: action.desired_capacity.map(u64::from),
        };
        let before = GroupSize { desired: row.desired.into(), min: row.min_size.into(), max: row.max_size.into() };
        // One that contradicts the sizes of the group fails.
        let Ok(after) = sizes.apply(before) else { return };
        let (group, name) = (self.group, action.name);
        if (after.min, after.max) != (before.min, before.max) {
            let (min_size, max_size) = (narrow(after.min), narrow(after.max));
            self.todo.push_back(Command::SetGroupSize { group, min_size, max_size, action: name });
        }
        // The group itself moves its desired capacity into new sizes (ASG-001).
        if after.desired != before.desired.clamp(after.min, after.max) {
            let decision = Because::Scheduled { action: name };
            self.todo.push_back(Command::SetDesiredCapacity { group, to: narrow(after.desired), decision });
        }
    }

    /// The metric of a policy now; `None` where there is no data.
    fn sample(&self, view: &View<'_>, spec: &GroupSpec, policy: &ScalingPolicy) -> Option<Metric> {
        let totals = view.cluster.totals();
        match metric_of(&policy.kind) {
            ScalingMetric::Custom(metric) => Some(Millionths(view.cluster.metric(metric)?).into()),
            ScalingMetric::ClusterCpuReservation(_) => percent(totals.reserved_by_running.cpu, totals.registered.cpu),
            ScalingMetric::ClusterMemoryReservation(_) => {
                percent(totals.reserved_by_running.memory, totals.registered.memory)
            }
            ScalingMetric::GroupCpuUtilization(_) => self.utilization(view, warmup(spec, policy)),
        }
    }

    /// What running tasks reserve of the CPU of those instances of the group that are in service and warm.
    fn utilization(&self, view: &View<'_>, warmup: Span) -> Option<Metric> {
        let row = &view.cluster.groups()[self.group];
        let (mut reserved, mut registered) = (row.counts.running_cpu, row.counts.in_service_cpu);
        if anybody_warms(view, row, warmup) {
            for id in &row.instances {
                if warming_since(view, *id, warmup).is_some() {
                    let instance = &view.cluster.instances()[*id];
                    registered -= u64::from(instance.registered.cpu);
                    reserved -= u64::from(instance.running_cpu);
                }
            }
        }
        percent(reserved, registered)
    }

    /// Datapoints have arrived: alarms, and what they ask for.
    fn evaluate(&mut self, view: &View<'_>, spec: &GroupSpec, samples: Vec<Option<Metric>>) {
        let group = self.group;
        let mut any = false;
        for (watch, sample) in self.watches.iter_mut().zip(samples) {
            watch.push(sample);
            for trigger in core::iter::once(&mut watch.high).chain(&mut watch.low) {
                let before = trigger.state == AlarmState::Alarm;
                trigger.evaluate(&watch.minutes);
                let in_alarm = trigger.state == AlarmState::Alarm;
                any |= in_alarm;
                if in_alarm != before {
                    self.todo.push_back(Command::SetAlarm { group, alarm: trigger.alarm, in_alarm });
                }
            }
        }
        if !any {
            self.noted = None;
            return;
        }
        let row = &view.cluster.groups()[group];
        if row.suspended.has(Process::AlarmNotification) {
            return self.note(Some(Withheld::Suspended));
        }
        let wishes = self.wishes(view, spec, row);
        let desired = u64::from(row.desired);
        let capacities: Vec<u64> = wishes
            .iter()
            .filter_map(|wish| match wish {
                Wish::Capacity(to, _) => Some(*to),
                Wish::Stay(_) => Some(desired),
                Wish::Wait(_) => None,
            })
            .collect();
        // ASG-021. The wishes that wait are no proposals.
        let proposals: Vec<&Wish> = wishes.iter().filter(|wish| !matches!(wish, Wish::Wait(_))).collect();
        let winner = conflict::winner(&capacities).map(|at| proposals[at]);
        if let Some(Wish::Capacity(to, decision)) = winner {
            self.noted = None;
            self.todo.push_back(Command::SetDesiredCapacity { group, to: narrow(*to), decision: *decision });
            return;
        }
        let held = winner.into_iter().chain(&wishes).find_map(|wish| match wish {
            Wish::Stay(withheld) | Wish::Wait(withheld) => Some(*withheld),
            Wish::Capacity(..) => None,
        });
        self.note(held);
    }

    /// Says why nothing is done, unless that was the last thing said.
    fn note(&mut self, withheld: Option<Withheld>) {
        let kind = withheld.as_ref().map(core::mem::discriminant);
        if let Some(withheld) = withheld.filter(|_| self.noted != kind) {
            self.todo.push_back(Command::NoteWithheld { group: self.group, withheld });
        }
        self.noted = kind;
    }

    /// What the policies want whose alarms are on.
    fn wishes(&self, view: &View<'_>, spec: &GroupSpec, row: &AutoScalingGroup) -> Vec<Wish> {
        let mut wishes = Vec::new();
        wishes.extend(self.target_tracking(view, spec, row));
        for (policy, watch) in spec.policies.iter().zip(&self.watches) {
            if watch.high.state != AlarmState::Alarm {
                continue;
            }
            match &policy.kind {
                PolicyKind::TargetTracking { .. } => {}
                PolicyKind::Step { alarm, policy: steps } => {
                    let Some(metric) = watch.high.newest(&watch.minutes) else { continue };
                    let warmth = self.warmth(view, row, warmup(spec, policy));
                    wishes.extend(step(policy, steps, alarm, metric, row, warmth));
                }
                PolicyKind::Simple { alarm, policy: simple } => {
                    // Where missing data breach there may be none at all: then the threshold itself stands for them.
                    let threshold = Millionths(alarm.threshold);
                    let value = watch.high.newest(&watch.minutes).map_or(threshold, Metric::nearest);
                    wishes.extend(self.simple(view, spec, policy, simple, (alarm, value), row));
                }
            }
        }
        wishes
    }

    /// All target tracking policies together (ASG-020).
    fn target_tracking(&self, view: &View<'_>, spec: &GroupSpec, row: &AutoScalingGroup) -> Option<Wish> {
        let mut policies = Vec::new();
        for (policy, watch) in spec.policies.iter().zip(&self.watches) {
            let PolicyKind::TargetTracking { metric, target, disable_scale_in } = policy.kind else { continue };
            let is_on = |trigger: &Trigger| trigger.state == AlarmState::Alarm;
            let alarm = if is_on(&watch.high) {
                target_tracking::Alarm::High
            } else if watch.low.as_ref().is_some_and(is_on) {
                target_tracking::Alarm::Low
            } else {
                target_tracking::Alarm::Neither
            };
            let newest = watch.minutes.back().copied().flatten();
            let reading = Reading { target: Millionths(target), metric: newest, alarm, scales_in: !disable_scale_in };
            policies.push((policy, metric, reading));
        }
        let readings: Vec<Reading> = policies.iter().map(|(_, _, reading)| *reading).collect();
        let side = [target_tracking::Alarm::High, target_tracking::Alarm::Low]
            .into_iter()
            .find(|side| readings.iter().any(|reading| reading.alarm == *side))?;
        let out = side == target_tracking::Alarm::High;
        let longest = policies.iter().map(|(policy, _, _)| warmup(spec, policy)).max()?;
        let warmth = self.warmth(view, row, longest);
        let desired = u64::from(row.desired);
        let from = if out { warmth.warm } else { desired };
        let Some(raw) = target_tracking::decide(from, &readings) else {
            // Would it be more but for the instances that warm up?
            let more = out && target_tracking::decide(desired, &readings).is_some();
            return (more && from < desired).then(|| Wish::Wait(warmth.withheld(true)));
        };
        if out && raw <= desired {
            return Some(Wish::Wait(warmth.withheld(true)));
        }
        if !out && warmth.youngest.is_some() {
            return Some(Wish::Wait(warmth.withheld(false)));
        }
        let to = bounds(row).clamp(raw);
        if to == desired {
            return Some(Wish::Stay(limit(row, out)));
        }
        let wants = |reading: &Reading| {
            let own = reading.metric.and_then(|metric| target_tracking::proposal(from, metric, reading.target));
            reading.alarm == side && (out || reading.scales_in) && own == Some(raw)
        };
        let (policy, metric, reading) = policies.iter().find(|(_, _, reading)| wants(reading))?;
        let decision = Because::TargetTracking {
            policy: policy.name,
            metric: metric.id(),
            value: reading.metric.map_or(0, |value| value.nearest().0),
            target: reading.target.0,
            capacity: narrow(from),
            raw: narrow(raw),
        };
        Some(Wish::Capacity(to, decision))
    }

    /// Simple scaling, in its cooldown or not (ASG-024).
    fn simple(
        &self,
        view: &View<'_>,
        spec: &GroupSpec,
        policy: &ScalingPolicy,
        simple: &SimplePolicy,
        (alarm, value): (&AlarmSpec, Millionths),
        row: &AutoScalingGroup,
    ) -> Option<Wish> {
        let counts = &row.counts;
        let is_launching =
            counts.capacity > counts.in_service || (counts.capacity < row.desired && row.failed_launches == 0);
        let last = if is_launching || counts.terminating > 0 || counts.capacity > row.desired {
            LastActivity::InProgress
        } else {
            // Instances that were there at the start are no activity.
            row.activity_ended_at.filter(|at| *at > SimTime::ZERO).map_or(LastActivity::None, LastActivity::EndedAt)
        };
        let at = simple.may_act_at(last, view.now, spec.default_cooldown);
        if at > view.now {
            let whole = simple.cooldown.unwrap_or(spec.default_cooldown);
            let left = if at == SimTime::MAX { whole } else { ages::age(view.now, at) };
            return Some(Wish::Wait(Withheld::Cooldown { left }));
        }
        let desired = u64::from(row.desired);
        let raw = simple.proposal(desired, ANY);
        let to = bounds(row).clamp(raw);
        if to == desired {
            return (raw != desired).then(|| Wish::Stay(limit(row, raw > desired)));
        }
        let decision = Because::Simple {
            policy: policy.name,
            metric: alarm.metric.id(),
            value: value.0,
            threshold: alarm.threshold,
            change: difference(raw, desired),
        };
        Some(Wish::Capacity(to, decision))
    }

    /// How much of the group is past a warm-up (ASG-023).
    fn warmth(&self, view: &View<'_>, row: &AutoScalingGroup, warmup: Span) -> Warmth {
        let counts = &row.counts;
        let mut warming = 0;
        let mut youngest = (counts.capacity > counts.in_service).then_some(Span::ZERO);
        if anybody_warms(view, row, warmup) {
            for id in &row.instances {
                if let Some(since) = warming_since(view, *id, warmup) {
                    warming += 1;
                    let age = ages::age(since, view.now);
                    youngest = Some(youngest.map_or(age, |other| other.min(age)));
                }
            }
        }
        Warmth { warmup, warm: u64::from((counts.in_service - warming).min(row.desired)), youngest }
    }
}

/// Whether an instance of the group can be within its warm-up at all: only if something came into service so lately.
fn anybody_warms(view: &View<'_>, row: &AutoScalingGroup, warmup: Span) -> bool {
    row.activity_ended_at.is_some_and(|at| !ages::has_passed(at, view.now, warmup))
}

/// Since when an instance of a group is in service, if it is not past its warm-up (ASG-023).
fn warming_since(view: &View<'_>, instance: ecsim_cluster::InstanceId, warmup: Span) -> Option<SimTime> {
    let instance = &view.cluster.instances()[instance];
    if instance.lifecycle != InstanceLifecycle::InService || instance.was_there_at_start() {
        return None;
    }
    instance.in_service_at.filter(|since| !ages::has_passed(*since, view.now, warmup))
}

impl Warmth {
    fn withheld(&self, out: bool) -> Withheld {
        Withheld::WarmingUp { age: self.youngest.unwrap_or(Span::ZERO), warmup: self.warmup, out }
    }
}

/// Step scaling (ASG-022).
fn step(
    policy: &ScalingPolicy,
    steps: &StepPolicy,
    alarm: &AlarmSpec,
    metric: Metric,
    row: &AutoScalingGroup,
    warmth: Warmth,
) -> Option<Wish> {
    let desired = u64::from(row.desired);
    let act = |to: u64, from: u64| {
        let raw = steps.proposal(metric, from, ANY).unwrap_or(to);
        let decision = Because::Step {
            policy: policy.name,
            metric: alarm.metric.id(),
            value: metric.nearest().0,
            threshold: alarm.threshold,
            change: difference(raw, from),
        };
        Some(Wish::Capacity(to, decision))
    };
    if let Some(to) = steps.decide(metric, warmth.warm, desired, bounds(row)).filter(|to| *to > desired) {
        return act(to, warmth.warm);
    }
    // Growth from all there are that is none from the warm ones waits; and nothing shrinks while something warms up.
    let to = steps.proposal(metric, desired, bounds(row))?;
    match to.cmp(&desired) {
        core::cmp::Ordering::Greater => Some(Wish::Wait(warmth.withheld(true))),
        core::cmp::Ordering::Less if warmth.youngest.is_some() => Some(Wish::Wait(warmth.withheld(false))),
        core::cmp::Ordering::Less => act(to, desired),
        core::cmp::Ordering::Equal => {
            let raw = steps.proposal(metric, desired, ANY)?;
            (raw != desired).then(|| Wish::Stay(limit(row, raw > desired)))
        }
    }
}

impl Watch {
    fn new(policy: &ScalingPolicy) -> Self {
        let (high, low) = match &policy.kind {
            PolicyKind::TargetTracking { metric, target, disable_scale_in } => {
                let trigger = |alarm, datapoints: u32, threshold, comparison| {
                    let spec = AlarmSpec {
                        metric: *metric,
                        period: MINUTE,
                        evaluation_periods: datapoints,
                        datapoints_to_alarm: datapoints,
                        threshold,
                        comparison,
                        missing: MissingData::Missing,
                    };
                    Trigger::new(alarm, &spec)
                };
                let high = trigger(Alarm::PolicyHigh(policy.name), HIGH_DATAPOINTS, *target, Comparison::Greater);
                let ninety_percent = (i128::from(*target) * 9 / 10) as i64;
                let low = Alarm::PolicyLow(policy.name);
                (high, (!disable_scale_in).then(|| trigger(low, LOW_DATAPOINTS, ninety_percent, Comparison::Less)))
            }
            PolicyKind::Step { alarm, .. } | PolicyKind::Simple { alarm, .. } => {
                (Trigger::new(Alarm::Policy(policy.name), alarm), None)
            }
        };
        Self { minutes: VecDeque::new(), high, low }
    }

    fn push(&mut self, sample: Option<Metric>) {
        let longest = core::iter::once(&self.high).chain(&self.low).map(Trigger::minutes).max().unwrap_or(0);
        self.minutes.push_back(sample);
        while self.minutes.len() > longest {
            self.minutes.pop_front();
        }
    }
}

impl Trigger {
    fn new(alarm: Alarm, spec: &AlarmSpec) -> Self {
        Self {
            alarm,
            rule: AlarmRule {
                evaluation_periods: spec.evaluation_periods as usize,
                datapoints_to_alarm: spec.datapoints_to_alarm as usize,
                missing: spec.missing,
                range_extra: RANGE_EXTRA,
            },
            period: usize::try_from(spec.period.ms() / MINUTE.ms()).unwrap_or(1).max(1),
            threshold: Millionths(spec.threshold),
            comparison: spec.comparison,
            state: AlarmState::default(),
        }
    }

    /// How many minutes an evaluation looks at.
    fn minutes(&self) -> usize {
        self.rule.range().saturating_mul(self.period)
    }

    /// The datapoints of the alarm's period, the newest first: the window slides by a minute (CW-002).
    fn datapoints(&self, minutes: &VecDeque<Option<Metric>>) -> impl Iterator<Item = Option<Metric>> {
        let windows = minutes.len().div_ceil(self.period).min(self.rule.range());
        let (period, len) = (self.period, minutes.len());
        (0..windows).map(move |window| {
            let end = len - window * period;
            let values: Vec<Metric> = minutes.range(end.saturating_sub(period)..end).flatten().copied().collect();
            average(&values)
        })
    }

    /// The newest datapoint that is there.
    fn newest(&self, minutes: &VecDeque<Option<Metric>>) -> Option<Metric> {
        self.datapoints(minutes).flatten().next()
    }

    fn evaluate(&mut self, minutes: &VecDeque<Option<Metric>>) {
        let breaches = |value: Metric| {
            let to_threshold = value.cmp_threshold(self.threshold);
            self.comparison.is_breached(to_threshold)
        };
        let mut points: Vec<Option<bool>> = self.datapoints(minutes).map(|value| value.map(breaches)).collect();
        points.reverse();
        self.state = self.rule.evaluate(&points, self.state);
    }
}

/// The mean of values: exactly one of one, else of their nearest millionths.
fn average(values: &[Metric]) -> Option<Metric> {
    if let [one] = values {
        return Some(*one);
    }
    let sum: i128 = values.iter().map(|value| i128::from(value.nearest().0)).sum();
    let count = i128::try_from(values.len()).ok().filter(|count| *count > 0)?;
    Some(Millionths(i64::try_from(sum / count).unwrap_or(0)).into())
}

const fn metric_of(kind: &PolicyKind) -> ScalingMetric {
    match kind {
        PolicyKind::TargetTracking { metric, .. } => *metric,
        PolicyKind::Step { alarm, .. } | PolicyKind::Simple { alarm, .. } => alarm.metric,
    }
}

/// ASG-023.
fn warmup(spec: &GroupSpec, policy: &ScalingPolicy) -> Span {
    policy.warmup.or(spec.default_warmup).unwrap_or(spec.default_cooldown)
}

fn percent(part: u64, whole: u64) -> Option<Metric> {
    Metric::ratio(i64::try_from(part.saturating_mul(100)).unwrap_or(i64::MAX), whole)
}

const fn bounds(row: &AutoScalingGroup) -> Bounds {
    Bounds { min: row.min_size as u64, max: row.max_size as u64 }
}

const fn limit(row: &AutoScalingGroup, out: bool) -> Withheld {
    if out { Withheld::MaxSize(row.max_size) } else { Withheld::MinSize(row.min_size) }
}

fn narrow(capacity: u64) -> u32 {
    u32::try_from(capacity).unwrap_or(u32::MAX)
}

fn difference(to: u64, from: u64) -> i64 {
    let difference = i128::from(to) - i128::from(from);
    i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests;
