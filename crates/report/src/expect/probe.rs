//! Folds that exist only because an expectation asks for them: too special, or too large, to keep in every run.

use std::borrow::Cow;

use ecsim_cluster::cloudwatch::AlarmState;
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::{StartTaskFailure, TaskOrigin};
use ecsim_cluster::{
    AlarmId, Cluster, Fact, GroupId, HealthStatus, ProviderId, Rejection, RejectionCounts, ServiceId, SourceId,
    StopCode, Task, TaskId, ZoneId,
};

use super::path::Host;
use crate::metrics::Value;

/// Whose tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Anybody,
    Service(ServiceId),
    Source(SourceId),
    Group(GroupId),
}

impl Who {
    fn owns(self, origin: TaskOrigin, group: GroupId) -> bool {
        match self {
            Self::Anybody => true,
            Self::Service(id) => matches!(origin, TaskOrigin::Service { service, .. } if service == id),
            Self::Source(id) => matches!(origin, TaskOrigin::Source { source, .. } if source == id),
            Self::Group(id) => group == id,
        }
    }

    fn owns_task(self, task: TaskId, cluster: &Cluster) -> bool {
        cluster.tasks().get(task).is_some_and(|row| self.owns(row.origin, row.group))
    }

    /// The task, where it is theirs.
    fn task(self, task: TaskId, cluster: &Cluster) -> Option<&Task> {
        cluster.tasks().get(task).filter(|row| self.owns(row.origin, row.group))
    }
}

/// Which tasks of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    Zone(ZoneId),
    Instance(Host),
    Provider(ProviderId),
}

impl Place {
    /// Whether a task is there now.
    fn holds(&self, task: &Task, cluster: &Cluster) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Zone(zone) => cluster.zone_of(task) == Some(*zone),
            Self::Instance(Host::Planned(id)) => task.instance == Some(*id),
            Self::Instance(Host::Launched(name)) => {
                task.instance.is_some_and(|id| cluster.instances()[id].name == *name)
            }
            Self::Provider(provider) => task.provider == Some(*provider),
        }
    }
}

/// A reason of FLR-001.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureCode {
    Rejected(Rejection),
    Missing,
    Inactive,
}

impl FailureCode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rejected(reason) => reason.code(),
            Self::Missing => "MISSING",
            Self::Inactive => "INACTIVE",
        }
    }

    /// Without the sentence around it, as the metric `failures.CODE` is called.
    pub(crate) fn short(self) -> &'static str {
        match self {
            Self::Rejected(Rejection::MemberOf) => "MemberOf",
            Self::Rejected(Rejection::DistinctInstance) => "DistinctInstance",
            other => other.name(),
        }
    }
}

/// What is folded.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Live { who: Who, place: Place },
    Placements { who: Who },
    Stops { who: Who },
    LastStoppedReason { who: Who },
    Failures { who: Who, code: FailureCode },
    StopCodes { who: Who, code: StopCode },
    ExitCodes { who: Who, code: i32 },
    Events { service: ServiceId, text: String },
    LastEvent { service: ServiceId },
    CallErrors { exception: &'static str },
    NotScaled { service: ServiceId, code: String },
    TimesInAlarm { alarm: AlarmId },
    Restarts { who: Who },
    Health { who: Who, status: HealthStatus },
}

/// A fold and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Probe {
    kind: Kind,
    value: Value,
}

/// Lists in an expectation are written by hand; a longer one is cut here.
const LIST_LIMIT: usize = 64 * 1024;

impl Probe {
    const fn count(kind: Kind) -> Self {
        Self { kind, value: Value::Count(0) }
    }

    const fn list(kind: Kind) -> Self {
        Self { kind, value: Value::Text(Cow::Borrowed("")) }
    }

    pub(crate) const fn live(who: Who, place: Place) -> Self {
        Self::count(Kind::Live { who, place })
    }

    pub(crate) const fn placements(who: Who) -> Self {
        Self::list(Kind::Placements { who })
    }

    pub(crate) const fn stops(who: Who) -> Self {
        Self::list(Kind::Stops { who })
    }

    pub(crate) const fn last_stopped_reason(who: Who) -> Self {
        Self::list(Kind::LastStoppedReason { who })
    }

    pub(crate) const fn failures(who: Who, code: FailureCode) -> Self {
        Self::count(Kind::Failures { who, code })
    }

    pub(crate) const fn stop_codes(who: Who, code: StopCode) -> Self {
        Self::count(Kind::StopCodes { who, code })
    }

    pub(crate) const fn exit_codes(who: Who, code: i32) -> Self {
        Self::count(Kind::ExitCodes { who, code })
    }

    pub(crate) const fn events(service: ServiceId, text: String) -> Self {
        Self::count(Kind::Events { service, text })
    }

    pub(crate) const fn last_event(service: ServiceId) -> Self {
        Self::list(Kind::LastEvent { service })
    }

    pub(crate) const fn call_errors(exception: &'static str) -> Self {
        Self::count(Kind::CallErrors { exception })
    }

    pub(crate) const fn not_scaled(service: ServiceId, code: String) -> Self {
        Self::count(Kind::NotScaled { service, code })
    }

    pub(crate) const fn times_in_alarm(alarm: AlarmId) -> Self {
        Self::count(Kind::TimesInAlarm { alarm })
    }

    pub(crate) const fn restarts(who: Who) -> Self {
        Self::count(Kind::Restarts { who })
    }

    pub(crate) const fn health(who: Who, status: HealthStatus) -> Self {
        Self::count(Kind::Health { who, status })
    }

    pub(crate) const fn value(&self) -> &Value {
        &self.value
    }

    fn step(&mut self, by: i64) {
        if let Value::Count(count) = &mut self.value {
            *count = count.saturating_add_signed(by);
        }
    }

    fn append(&mut self, name: &str) {
        if let Value::Text(text) = &mut self.value
            && text.len() < LIST_LIMIT
        {
            let text = text.to_mut();
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(name);
        }
    }

    /// Takes in a fact that `cluster` has taken in already.
    pub(crate) fn observe(&mut self, fact: &Fact, cluster: &Cluster) {
        let change = self.kind.change(fact, cluster);
        match change {
            Change::None => {}
            Change::Step(by) => self.step(by),
            Change::Count(count) => self.value = Value::Count(count),
            Change::Append(name) => self.append(&name),
            Change::Text(text) => self.value = Value::Text(Cow::Owned(text)),
        }
    }
}

/// What a fact does to a fold.
enum Change {
    None,
    Step(i64),
    Count(u64),
    Append(String),
    Text(String),
}

impl Change {
    fn step_if(condition: bool) -> Self {
        if condition { Self::Step(1) } else { Self::None }
    }
}

impl Kind {
    fn change(&self, fact: &Fact, cluster: &Cluster) -> Change {
        let failed = |who: Who, by: Who| who == Who::Anybody || who == by;
        let message = |service, event: ServiceEvent| event.message(cluster, service, &cluster.balance(service));
        match (self, *fact) {
            (Self::Live { who, place }, Fact::TaskCreated { task, .. }) => {
                Change::step_if(who.task(task, cluster).is_some_and(|row| place.holds(row, cluster)))
            }
            // A task that waited for an instance was nowhere before.
            (
                Self::Live { who, place: place @ (Place::Zone(_) | Place::Instance(_)) },
                Fact::TaskPlaced { task, .. },
            ) => Change::step_if(who.task(task, cluster).is_some_and(|row| place.holds(row, cluster))),
            (Self::Live { who, place }, Fact::TaskStopRequested { task, .. }) => {
                let ours = who.task(task, cluster).is_some_and(|row| place.holds(row, cluster));
                if ours { Change::Step(-1) } else { Change::None }
            }
            (Self::Placements { who }, Fact::TaskCreated { task, .. } | Fact::TaskPlaced { task, .. })
            | (Self::Stops { who }, Fact::TaskStopRequested { task, .. }) => {
                match who.task(task, cluster).and_then(|row| place_name(row, cluster)) {
                    Some(name) => Change::Append(name),
                    None => Change::None,
                }
            }
            (Self::LastStoppedReason { who }, Fact::TaskStopRequested { task, reason }) => {
                who.task(task, cluster).map_or(Change::None, |row| Change::Text(reason.text(cluster, Some(row.origin))))
            }
            (Self::StopCodes { who, code }, Fact::TaskStopRequested { task, reason }) => {
                Change::step_if(reason.code() == *code && who.owns_task(task, cluster))
            }
            (Self::ExitCodes { who, code }, Fact::ContainerExited { task, exit_code, .. }) => {
                Change::step_if(exit_code == *code && who.owns_task(task, cluster))
            }
            (Self::Failures { who, code }, Fact::RequestUnplaced { source, rejections, .. })
                if failed(*who, Who::Source(source)) =>
            {
                Change::Step(rejected(*code, &rejections))
            }
            (Self::Failures { who, code }, Fact::ServiceUnplaced { service, rejections, .. })
                if failed(*who, Who::Service(service)) =>
            {
                Change::Step(rejected(*code, &rejections))
            }
            (Self::Failures { who, code }, Fact::StartTaskFailed { source, failure, .. }) => {
                let same = match failure {
                    StartTaskFailure::Rejected(reason) => *code == FailureCode::Rejected(reason),
                    StartTaskFailure::Missing => *code == FailureCode::Missing,
                    StartTaskFailure::Inactive => *code == FailureCode::Inactive,
                };
                Change::step_if(same && failed(*who, Who::Source(source)))
            }
            (Self::Events { service, text }, Fact::ServiceEvent { service: of, event }) if event.is_listed() => {
                Change::step_if(*service == of && message(of, event).contains(text.as_str()))
            }
            (Self::LastEvent { service }, Fact::ServiceEvent { service: of, event })
                if *service == of && event.is_listed() =>
            {
                Change::Text(message(of, event))
            }
            (Self::Restarts { who }, Fact::ContainerStarted { task, restarts, .. }) => {
                Change::step_if(restarts > 0 && who.owns_task(task, cluster))
            }
            (
                Self::Health { who, status },
                Fact::TaskCreated { .. }
                | Fact::TaskStatusChanged { .. }
                | Fact::TaskStopRequested { .. }
                | Fact::ContainerStarted { .. }
                | Fact::ContainerHealthChanged { .. },
            ) => {
                let counts =
                    |task: &&Task| task.is_running() && task.health() == *status && who.owns(task.origin, task.group);
                Change::Count(cluster.tasks().iter().filter(counts).count() as u64)
            }
            (Self::NotScaled { service, code }, Fact::ServiceScalingWithheld { service: of, withheld }) => {
                Change::step_if(*service == of && withheld.why.code() == code.as_str())
            }
            (Self::TimesInAlarm { alarm }, Fact::AlarmStateChanged { alarm: of, to: AlarmState::Alarm }) => {
                Change::step_if(*alarm == of)
            }
            (Self::CallErrors { exception }, Fact::RequestRefused { by, .. }) => {
                Change::step_if(by.exception() == *exception)
            }
            (Self::CallErrors { exception }, Fact::CallRefused { error, .. }) => {
                Change::step_if(error.exception() == *exception)
            }
            _ => Change::None,
        }
    }
}

/// The instance of a task; on Fargate its provider or launch type. Nothing while it waits for an instance.
fn place_name(task: &Task, cluster: &Cluster) -> Option<String> {
    match task.instance {
        Some(instance) => Some(cluster.instances()[instance].name.to_string()),
        None if task.is_fargate() => Some(match task.provider {
            Some(provider) => cluster.definitions().capacity_providers[provider].name.clone(),
            None => task.launch_type.name().to_owned(),
        }),
        None => None,
    }
}

fn rejected(code: FailureCode, rejections: &RejectionCounts) -> i64 {
    match code {
        FailureCode::Rejected(reason) => i64::from(rejections.of(reason)),
        FailureCode::Missing | FailureCode::Inactive => 0,
    }
}
