//! Why a service did, or did not, scale at a moment: its limits, its policies with their alarms and datapoints, cooldowns, and
//! what was decided or withheld last (SAS rules).

use std::collections::BTreeMap;

use ecsim_cluster::cloudwatch::{AlarmState, Comparison};
use ecsim_cluster::service_scaling::{decimal, metric_name};
use ecsim_cluster::{
    ActivityStatus, AlarmId, Cluster, Definitions, Fact, Observer, PolicyId, ServiceDecision, ServiceId, Withholding,
};
use ecsim_engine::Simulation;
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::cloudwatch::controller::seen;
use ecsim_policies::scaling::service::spec::{PolicyKind, PolicySpec};

/// What a run tells of the scaling of one service, up to a moment.
pub struct Story {
    service: ServiceId,
    /// The activities, with when they began and how they ended.
    activities: Vec<Activity>,
    /// What each policy withheld last.
    withheld: BTreeMap<PolicyId, (SimTime, Withholding)>,
}

struct Activity {
    at: SimTime,
    from: u32,
    to: u32,
    decision: ServiceDecision,
    ended: Option<(SimTime, ActivityStatus)>,
}

impl Story {
    /// Nothing has happened yet.
    pub const fn new(service: ServiceId) -> Self {
        Self { service, activities: Vec::new(), withheld: BTreeMap::new() }
    }
}

impl Observer for Story {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        match *fact {
            Fact::ServiceScalingDecided { service, from, to, decision, .. } if service == self.service => {
                self.activities.push(Activity { at: now, from, to, decision, ended: None });
            }
            Fact::ServiceScalingEnded { service, activity, status } if service == self.service => {
                if let Some(known) = self.activities.get_mut(activity as usize) {
                    known.ended = Some((now, status));
                }
            }
            Fact::ServiceScalingWithheld { service, withheld } if service == self.service => {
                self.withheld.insert(withheld.policy, (now, withheld));
            }
            _ => {}
        }
    }
}

/// What there is to say about the scaling of a service now; nothing where it has no scalable target.
pub fn describe(simulation: &Simulation, story: &Story) -> Option<String> {
    let service = story.service;
    let view = simulation.view();
    let definitions = view.cluster.definitions();
    let spec = simulation.model().scaling.targets.get(&service)?;
    let row = &view.cluster.services()[service];
    let mut text = format!("scaling of service {} at {}\n", definitions.services[service].name, view.now);
    let mut line = |depth: usize, what: String| text.push_str(&format!("{}{what}\n", "  ".repeat(depth)));
    match view.cluster.scalable_target(service) {
        None => line(1, "it has no scalable target now: nothing scales it".to_owned()),
        Some(target) => {
            let (running, desired) = (row.running, row.desired_count);
            line(1, format!("{running} running, desired {desired}, between {} and {}", target.min, target.max));
            for (off, what) in [
                (target.suspended.scale_in, "scale-in is suspended"),
                (target.suspended.scale_out, "scale-out is suspended"),
                (target.suspended.scheduled, "scheduled scaling is suspended"),
            ] {
                if off {
                    line(1, what.to_owned());
                }
            }
        }
    }
    if row.is_deploying() && !spec.external_deployments {
        line(1, "a deployment is in progress: no scale-in until it is done (SAS-040)".to_owned());
    }
    for policy in &spec.policies {
        if !policy.exists.holds(view.now) {
            continue;
        }
        line(1, format!("policy {}", title(policy, definitions)));
        for alarm in policy.kind.alarms() {
            line(2, alarm_line(simulation, alarm));
        }
        for what in cooldowns(story, policy, view.now) {
            line(2, what);
        }
        if let Some((at, withheld)) = story.withheld.get(&policy.name) {
            let way = if withheld.out { "scale-out" } else { "scale-in" };
            let value = withheld
                .value
                .map_or_else(|| "no data".to_owned(), |value| format!("the metric at {}", decimal(value)));
            let why = withheld.why.text(definitions);
            let running = withheld.running;
            line(2, format!("at {at} no {way}, with {value} and {running} running: {} ({why})", withheld.why.code()));
        }
    }
    match story.activities.last() {
        None => line(1, "nothing has scaled it yet".to_owned()),
        Some(last) => {
            let how = last.decision.text(definitions, last.from, last.to);
            line(1, format!("last activity at {}: {how}", last.at));
            line(2, last.decision.cause(definitions));
            line(
                2,
                match last.ended {
                    None => "it is in progress: the running count has not got there".to_owned(),
                    Some((at, status)) => format!("{status} at {at}"),
                },
            );
        }
    }
    Some(text)
}

fn title(policy: &PolicySpec, definitions: &Definitions) -> String {
    let name = definitions.policies.name(policy.name);
    match &policy.kind {
        PolicyKind::TargetTracking(it) => {
            let metric = metric_name(definitions, definitions.alarms[it.high].series);
            format!("{name}: holds {metric} at {}", decimal(it.target.0))
        }
        PolicyKind::Step(_) => format!("{name}: steps"),
        PolicyKind::Predictive(it) if it.scales => format!("{name}: forecasts and scales"),
        PolicyKind::Predictive(_) => format!("{name}: forecasts only"),
    }
}

fn alarm_line(simulation: &Simulation, alarm: AlarmId) -> String {
    let view = simulation.view();
    let definitions = view.cluster.definitions();
    let definition = &definitions.alarms[alarm];
    let row = view.cluster.alarm(alarm);
    let count = definition.evaluation_periods as usize;
    let mut points: Vec<String> = match simulation.model().scaling.alarms.get(alarm) {
        None => Vec::new(),
        Some(spec) => seen(&view, alarm, spec, count)
            .into_iter()
            .map(|value| value.map_or_else(|| "-".to_owned(), decimal))
            .collect(),
    };
    points.reverse();
    let sign = match definition.comparison {
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
    };
    let needed = definition.datapoints_to_alarm;
    let off = if row.actions_disabled { ", its actions are disabled" } else { "" };
    let state = match row.state {
        AlarmState::InsufficientData if points.is_empty() => "INSUFFICIENT_DATA, nothing published yet".to_owned(),
        state => format!("{} since {}", state.name(), row.since),
    };
    format!(
        "{}: {state}{off}; {sign} {} in {needed} of {count}: [{}]",
        definition.name,
        decimal(definition.threshold),
        points.join(", ")
    )
}

/// Cooldowns of a policy that last now, from when its activities succeeded.
fn cooldowns(story: &Story, policy: &PolicySpec, now: SimTime) -> Vec<String> {
    let (out, into) = match &policy.kind {
        PolicyKind::TargetTracking(it) => (it.out_cooldown, it.in_cooldown),
        PolicyKind::Step(it) => (it.cooldown, it.cooldown),
        PolicyKind::Predictive(_) => return Vec::new(),
    };
    let mine = |out: bool| {
        let mut mine = story.activities.iter().rev();
        mine.find(|it| it.decision.policy() == Some(policy.name) && (it.to > it.from) == out)
    };
    let last_out = story.activities.iter().rev().find(|it| it.to > it.from && it.decision.reading().is_some());
    let until = |activity: &Activity, length: Span| match activity.ended {
        Some((at, ActivityStatus::Successful)) => Some(at + length).filter(|until| now < *until),
        _ => None,
    };
    let mut lines = Vec::new();
    if let Some(end) = mine(true).and_then(|activity| until(activity, out)) {
        lines.push(format!("scale-out cooldown until {end}: only what is wanted beyond what it added (SAS-052)"));
    }
    let scale_in = mine(false).filter(|it| last_out.is_none_or(|out| out.at <= it.at));
    if let Some(end) = scale_in.and_then(|activity| until(activity, into)) {
        lines.push(format!("scale-in cooldown until {end} (SAS-051)"));
    }
    lines
}
