//! Folds that exist only because an expectation asks for them: too special, or too large, to keep in every run.

use std::borrow::Cow;

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::{StartTaskFailure, TaskOrigin};
use ecsim_cluster::{
    Cluster, Fact, GroupId, InstanceId, Rejection, RejectionCounts, ServiceId, SourceId, StopCode, TaskId, ZoneId,
};

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
}

/// Which tasks of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    Zone(ZoneId),
    Instance(InstanceId),
}

impl Place {
    fn holds(self, instance: InstanceId, cluster: &Cluster) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Zone(zone) => cluster.instances()[instance].zone == zone,
            Self::Instance(id) => instance == id,
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
    Failures { who: Who, code: FailureCode },
    StopCodes { who: Who, code: StopCode },
    ExitCodes { who: Who, code: i32 },
    Events { service: ServiceId, text: String },
    LastEvent { service: ServiceId },
    CallErrors { exception: &'static str },
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

    pub(crate) const fn value(&self) -> &Value {
        &self.value
    }

    fn step(&mut self, by: i64) {
        if let Value::Count(count) = &mut self.value {
            *count = count.saturating_add_signed(by);
        }
    }

    fn append(&mut self, instance: InstanceId, cluster: &Cluster) {
        if let Value::Text(text) = &mut self.value
            && text.len() < LIST_LIMIT
        {
            let text = text.to_mut();
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&cluster.definitions().instances[instance].name);
        }
    }

    /// Takes in a fact that `cluster` has taken in already.
    pub(crate) fn observe(&mut self, fact: &Fact, cluster: &Cluster) {
        let change = self.kind.change(fact, cluster);
        match change {
            Change::None => {}
            Change::Step(by) => self.step(by),
            Change::Append(instance) => self.append(instance, cluster),
            Change::Text(text) => self.value = Value::Text(Cow::Owned(text)),
        }
    }
}

/// What a fact does to a fold.
enum Change {
    None,
    Step(i64),
    Append(InstanceId),
    Text(String),
}

impl Change {
    fn step_if(condition: bool) -> Self {
        if condition { Self::Step(1) } else { Self::None }
    }

    fn append_if(condition: bool, instance: InstanceId) -> Self {
        if condition { Self::Append(instance) } else { Self::None }
    }
}

impl Kind {
    fn change(&self, fact: &Fact, cluster: &Cluster) -> Change {
        let failed = |who: Who, by: Who| who == Who::Anybody || who == by;
        let message =
            |service, event: ServiceEvent| event.message(cluster.definitions(), service, &cluster.balance(service));
        match (self, *fact) {
            (Self::Live { who, place }, Fact::TaskCreated { origin, group, instance, .. }) => {
                Change::step_if(who.owns(origin, group) && place.holds(instance, cluster))
            }
            (Self::Live { who, place }, Fact::TaskStopRequested { task, .. }) => {
                let ours = who.owns_task(task, cluster) && place.holds(cluster.task(task).instance, cluster);
                if ours { Change::Step(-1) } else { Change::None }
            }
            (Self::Placements { who }, Fact::TaskCreated { origin, group, instance, .. }) => {
                Change::append_if(who.owns(origin, group), instance)
            }
            (Self::Stops { who }, Fact::TaskStopRequested { task, .. }) => match cluster.tasks().get(task) {
                Some(row) => Change::append_if(who.owns(row.origin, row.group), row.instance),
                None => Change::None,
            },
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
            (Self::Events { service, text }, Fact::ServiceEvent { service: of, event }) => {
                Change::step_if(*service == of && message(of, event).contains(text.as_str()))
            }
            (Self::LastEvent { service }, Fact::ServiceEvent { service: of, event }) if *service == of => {
                Change::Text(message(of, event))
            }
            (Self::CallErrors { exception }, Fact::CallRefused { error, .. }) => {
                Change::step_if(error.exception() == *exception)
            }
            _ => Change::None,
        }
    }
}

fn rejected(code: FailureCode, rejections: &RejectionCounts) -> i64 {
    match code {
        FailureCode::Rejected(reason) => i64::from(rejections.of(reason)),
        FailureCode::Missing | FailureCode::Inactive => 0,
    }
}
