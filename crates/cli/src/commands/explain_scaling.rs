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
use ecsim_report::clock::Clock;
use serde_json::{Value, json};

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

/// What there is to say about the scaling of a service at a moment.
pub struct Answer {
    subject: String,
    at: SimTime,
    /// The same by the calendar.
    stamp: String,
    running: u32,
    desired: u32,
    /// The least and the most; nothing where nothing scales it now.
    limits: Option<(u32, u32)>,
    /// What holds it up as a whole.
    notes: Vec<&'static str>,
    policies: Vec<PolicyAnswer>,
    last: Option<LastActivity>,
}

struct PolicyAnswer {
    name: String,
    title: String,
    alarms: Vec<AlarmAnswer>,
    cooldowns: Vec<String>,
    withheld: Option<WithheldAnswer>,
}

struct AlarmAnswer {
    name: String,
    state: AlarmState,
    since: SimTime,
    actions_enabled: bool,
    comparison: &'static str,
    threshold: String,
    needed: u32,
    of: u32,
    /// The oldest first; nothing for one that is missing.
    points: Vec<Option<String>>,
}

struct WithheldAnswer {
    at: SimTime,
    out: bool,
    value: Option<String>,
    running: u32,
    code: &'static str,
    why: String,
}

struct LastActivity {
    at: SimTime,
    what: String,
    cause: String,
    ended: Option<(SimTime, ActivityStatus)>,
}

/// What there is to say about the scaling of a service now; nothing where it has no scalable target.
pub fn answer(simulation: &Simulation, story: &Story) -> Option<Answer> {
    let service = story.service;
    let view = simulation.view();
    let definitions = view.cluster.definitions();
    let spec = simulation.model().scaling.targets.get(&service)?;
    let row = &view.cluster.services()[service];
    let target = view.cluster.scalable_target(service);
    let mut notes = Vec::new();
    if let Some(target) = target {
        for (off, what) in [
            (target.suspended.scale_in, "scale-in is suspended"),
            (target.suspended.scale_out, "scale-out is suspended"),
            (target.suspended.scheduled, "scheduled scaling is suspended"),
        ] {
            notes.extend(off.then_some(what));
        }
    }
    if row.is_deploying() && !spec.external_deployments {
        notes.push("a deployment is in progress: no scale-in until it is done (SAS-040)");
    }
    let policies = spec.policies.iter().filter(|policy| policy.exists.holds(view.now)).map(|policy| PolicyAnswer {
        name: definitions.policies.name(policy.name).to_owned(),
        title: title(policy, definitions),
        alarms: policy.kind.alarms().map(|alarm| alarm_answer(simulation, alarm)).collect(),
        cooldowns: cooldowns(story, policy, view.now),
        withheld: story.withheld.get(&policy.name).map(|(at, withheld)| WithheldAnswer {
            at: *at,
            out: withheld.out,
            value: withheld.value.map(decimal),
            running: withheld.running,
            code: withheld.why.code(),
            why: withheld.why.text(definitions),
        }),
    });
    Some(Answer {
        subject: format!("scaling of service {}", definitions.services[service].name),
        at: view.now,
        stamp: Clock::new(definitions.start_unix_ms).stamp(view.now),
        running: row.running,
        desired: row.desired_count,
        limits: target.map(|target| (target.min, target.max)),
        notes,
        policies: policies.collect(),
        last: story.activities.last().map(|last| LastActivity {
            at: last.at,
            what: last.decision.text(definitions, last.from, last.to),
            cause: last.decision.cause(definitions),
            ended: last.ended,
        }),
    })
}

/// The columns of the answer as a table.
pub const COLUMNS: [&str; 6] = ["policy", "kind", "name", "state", "sinceSeconds", "detail"];

impl Answer {
    /// For reading.
    pub fn text(&self) -> String {
        let mut text = format!("{} at {}, which is {}\n", self.subject, self.at, self.stamp);
        let mut line = |depth: usize, what: &str| text.push_str(&format!("{}{what}\n", "  ".repeat(depth)));
        match self.limits {
            None => line(1, "it has no scalable target now: nothing scales it"),
            Some(_) => line(1, &self.state()),
        }
        self.notes.iter().for_each(|note| line(1, note));
        for policy in &self.policies {
            line(1, &format!("policy {}", policy.title));
            policy.alarms.iter().for_each(|alarm| line(2, &alarm.text()));
            policy.cooldowns.iter().for_each(|cooldown| line(2, cooldown));
            if let Some(it) = &policy.withheld {
                line(2, &format!("at {} no {}, {}", it.at, it.way(), it.reason()));
            }
        }
        match &self.last {
            None => line(1, "nothing has scaled it yet"),
            Some(last) => {
                line(1, &format!("last activity at {}: {}", last.at, last.what));
                line(2, &last.cause);
                match last.ended {
                    None => line(2, "it is in progress: the running count has not got there"),
                    Some((at, status)) => line(2, &format!("{status} at {at}")),
                }
            }
        }
        text
    }

    fn state(&self) -> String {
        let (min, max) = self.limits.unwrap_or_default();
        format!("{} running, desired {}, between {min} and {max}", self.running, self.desired)
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let policies = self.policies.iter().map(|policy| {
            json!({
                "policy": policy.name,
                "title": policy.title,
                "alarms": policy.alarms.iter().map(AlarmAnswer::json).collect::<Vec<_>>(),
                "cooldowns": policy.cooldowns,
                "withheld": policy.withheld.as_ref().map(|it| json!({
                    "seconds": it.at.secs_f64(),
                    "direction": it.way(),
                    "value": number(it.value.as_deref()),
                    "running": it.running,
                    "code": it.code,
                    "reason": it.why,
                })),
            })
        });
        json!({
            "subject": self.subject,
            "seconds": self.at.secs_f64(),
            "running": self.running,
            "desired": self.desired,
            "min": self.limits.map(|it| it.0),
            "max": self.limits.map(|it| it.1),
            "notes": self.notes,
            "policies": policies.collect::<Vec<_>>(),
            "lastActivity": self.last.as_ref().map(|last| json!({
                "seconds": last.at.secs_f64(),
                "what": last.what,
                "cause": last.cause,
                "status": last.ended.map(|it| it.1.to_string()),
                "endedSeconds": last.ended.map(|it| it.0.secs_f64()),
            })),
        })
    }

    /// For spreadsheets: a row each for the target, what holds it up, alarms, cooldowns, what was withheld, and the last activity.
    pub fn rows(&self) -> Vec<Value> {
        let row = |policy: &str, kind: &str, name: &str, state: &str, since: Option<SimTime>, detail: &str| {
            json!({
                "policy": policy,
                "kind": kind,
                "name": name,
                "state": state,
                "sinceSeconds": since.map(SimTime::secs_f64),
                "detail": detail,
            })
        };
        let mut rows = Vec::new();
        if self.limits.is_some() {
            rows.push(row("", "target", "", "", None, &self.state()));
        }
        rows.extend(self.notes.iter().map(|note| row("", "note", "", "", None, note)));
        for policy in &self.policies {
            let name = policy.name.as_str();
            rows.push(row(name, "policy", name, "", None, &policy.title));
            for alarm in &policy.alarms {
                rows.push(row(name, "alarm", &alarm.name, alarm.state.name(), Some(alarm.since), &alarm.condition()));
            }
            rows.extend(policy.cooldowns.iter().map(|cooldown| row(name, "cooldown", "", "", None, cooldown)));
            if let Some(it) = &policy.withheld {
                rows.push(row(name, "withheld", it.way(), it.code, Some(it.at), &it.reason()));
            }
        }
        if let Some(last) = &self.last {
            let state = last.ended.map_or_else(|| "InProgress".to_owned(), |it| it.1.to_string());
            rows.push(row("", "activity", "", &state, Some(last.at), &format!("{}; {}", last.what, last.cause)));
        }
        rows
    }
}

impl WithheldAnswer {
    const fn way(&self) -> &'static str {
        if self.out { "scale-out" } else { "scale-in" }
    }

    fn reason(&self) -> String {
        let value = self.value.as_ref().map_or_else(|| "no data".to_owned(), |value| format!("the metric at {value}"));
        format!("with {value} and {} running: {} ({})", self.running, self.code, self.why)
    }
}

/// A decimal as a number.
fn number(text: Option<&str>) -> Option<f64> {
    text.and_then(|text| text.parse().ok())
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

fn alarm_answer(simulation: &Simulation, alarm: AlarmId) -> AlarmAnswer {
    let view = simulation.view();
    let definitions = view.cluster.definitions();
    let definition = &definitions.alarms[alarm];
    let row = view.cluster.alarm(alarm);
    let mut points: Vec<Option<String>> = match simulation.model().scaling.alarms.get(alarm) {
        None => Vec::new(),
        Some(spec) => seen(&view, alarm, spec, definition.evaluation_periods as usize)
            .into_iter()
            .map(|value| value.map(decimal))
            .collect(),
    };
    points.reverse();
    AlarmAnswer {
        name: definition.name.clone(),
        state: row.state,
        since: row.since,
        actions_enabled: !row.actions_disabled,
        comparison: match definition.comparison {
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
        },
        threshold: decimal(definition.threshold),
        needed: definition.datapoints_to_alarm,
        of: definition.evaluation_periods,
        points,
    }
}

impl AlarmAnswer {
    fn text(&self) -> String {
        let off = if self.actions_enabled { "" } else { ", its actions are disabled" };
        let state = match self.state {
            AlarmState::InsufficientData if self.points.is_empty() => {
                "INSUFFICIENT_DATA, nothing published yet".to_owned()
            }
            state => format!("{} since {}", state.name(), self.since),
        };
        format!("{}: {state}{off}; {}", self.name, self.condition())
    }

    /// `> 60 in 3 of 3: [55, -, 61]`.
    fn condition(&self) -> String {
        let points: Vec<&str> = self.points.iter().map(|it| it.as_deref().unwrap_or("-")).collect();
        format!("{} {} in {} of {}: [{}]", self.comparison, self.threshold, self.needed, self.of, points.join(", "))
    }

    fn json(&self) -> Value {
        json!({
            "alarm": self.name,
            "state": self.state.name(),
            "sinceSeconds": self.since.secs_f64(),
            "actionsEnabled": self.actions_enabled,
            "comparison": self.comparison,
            "threshold": number(Some(&self.threshold)),
            "datapointsToAlarm": self.needed,
            "evaluationPeriods": self.of,
            "datapoints": self.points.iter().map(|it| number(it.as_deref())).collect::<Vec<_>>(),
        })
    }
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
