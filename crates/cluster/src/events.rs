//! Service events: what they are and, word for word, what they say (FLR-010, FLR-020, FLR-021, SVC-051, AZR-011).

use ecsim_kernel::SimTime;

use crate::arn;
use crate::cluster::Cluster;
use crate::definitions::Definitions;
use crate::ids::{AlarmId, InstanceId, PolicyId, ServiceId, TargetGroupId, TaskId, ZoneId};
use crate::reasons::{Rejection, StopReason};
use crate::service_scaling::ServiceDecision;
use crate::targets::BalancerKind;

/// An entry of a service's event list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceEvent {
    /// `has reached a steady state.` (FLR-020, SVC-053)
    SteadyState,
    /// `has started N tasks: (task ID) ...` (SVC-051): `count` tasks from `first` on, all started in one pass.
    TasksStarted {
        /// The first of them; the others have the following ids.
        first: TaskId,
        /// How many.
        count: u32,
    },
    /// `has stopped N running tasks: (task ID) ...` (SVC-051): the `count` RUNNING tasks that one pass stopped.
    TasksStopped {
        /// The first of them; the others are those of the service that were asked to stop at the same instant.
        first: TaskId,
        /// How many.
        count: u32,
    },
    /// `was unable to place a task because no container instance met all of its requirements.` (FLR-010)
    PlacementFailed {
        /// The instance that got furthest and why it fell out; `None` where the cluster is empty.
        closest: Option<(InstanceId, Rejection)>,
    },
    /// A daemon's instance no longer qualifies (PLC-053).
    DaemonConstraintViolated {
        /// The task that is stopped.
        task: TaskId,
        /// Its instance.
        instance: InstanceId,
    },
    /// Protected tasks keep the service above its desired count (FLR-021, PLC-075).
    ProtectedTasks,
    /// `was unable to stop or start tasks during a deployment because of the service deployment configuration.` (FLR-020)
    DeploymentConfiguration,
    /// Rebalancing over zones began (AZR-011).
    RebalancingStarted,
    /// Rebalancing started tasks in a zone: `count` tasks from `first` on (AZR-011).
    RebalancingTasksStarted {
        /// Where.
        zone: ZoneId,
        /// The first of them.
        first: TaskId,
        /// How many.
        count: u32,
    },
    /// Rebalancing stopped a task in a zone (AZR-011).
    RebalancingTaskStopped {
        /// Where.
        zone: ZoneId,
        /// Which.
        task: TaskId,
    },
    /// Rebalancing is done (AZR-011).
    RebalancingCompleted,
    /// Rebalancing was given up: protection, or a change of the service (AZR-009).
    RebalancingStopped,
    /// No instance of the zone had room (AZR-008, AZR-011).
    RebalancingPlacementFailed {
        /// Where.
        zone: ZoneId,
    },
    /// `was unable to place a task …` as the task's capacity provider has no instance (FLR-010).
    ProviderEmpty,
    /// Fargate has no capacity in the service's zones (FGP-002).
    FargateUnavailable,
    /// `registered N targets in (target-group ARN)` (SVC-051).
    TargetsRegistered {
        /// Where.
        group: TargetGroupId,
        /// How many.
        count: u32,
    },
    /// `deregistered N targets in (target-group ARN)` (SVC-051).
    TargetsDeregistered {
        /// Where.
        group: TargetGroupId,
        /// How many.
        count: u32,
    },
    /// `has begun draining connections on N tasks.` (SVC-051)
    DrainingStarted {
        /// How many.
        count: u32,
    },
    /// `(task ID) (instance ID) (port N) is unhealthy in (target-group ARN) due to (reason …)` (SVC-051).
    TargetUnhealthy {
        /// Which.
        task: TaskId,
        /// Where.
        group: TargetGroupId,
        /// Whether its probes got no answer in time; else they got a wrong one, or none could connect.
        timed_out: bool,
    },
    /// `is unable to consistently start tasks successfully.` (SVC-032)
    StartsImpaired,
    /// `Message: Successfully set desired count to N. …` of Application Auto Scaling (SVC-050).
    Scaled {
        /// The new desired count.
        to: u32,
        /// Who set it.
        by: ScaledBy,
        /// Whether the running count has got there; else it is on the way.
        fulfilled: bool,
    },
    /// A task set has reached its steady state (SVC-052, DEP-081).
    TaskSetSteadyState {
        /// The number of its deployment.
        deployment: u32,
    },
    /// The scheduler has counted anew how many tasks a DAEMON service or a task set wants (SVC-052).
    DesiredCountUpdated {
        /// The deployment of the task set; `None`: the service.
        deployment: Option<u32>,
        /// How many.
        to: u32,
    },
}

/// Who set a desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScaledBy {
    /// An alarm that invoked a policy.
    Alarm(AlarmId, PolicyId),
    /// A scheduled action.
    Action(PolicyId),
    /// A forecast.
    Forecast(PolicyId),
    /// `RegisterScalableTarget`.
    Limits,
}

impl ScaledBy {
    /// Of a decision.
    #[must_use]
    pub const fn of(decision: &ServiceDecision) -> Self {
        match *decision {
            ServiceDecision::TargetTracking { alarm, policy, .. } | ServiceDecision::Step { alarm, policy, .. } => {
                Self::Alarm(alarm, policy)
            }
            ServiceDecision::Scheduled { action, .. } => Self::Action(action),
            ServiceDecision::Predictive { policy, .. } => Self::Forecast(policy),
            ServiceDecision::Registered { .. } => Self::Limits,
        }
    }

    fn text(self, definitions: &Definitions) -> String {
        match self {
            Self::Alarm(alarm, policy) => format!(
                "monitor alarm {} in state ALARM triggered policy {}",
                definitions.alarms[alarm].name,
                definitions.policies.name(policy)
            ),
            Self::Action(action) => {
                format!("scheduled action name {} was triggered", definitions.policies.name(action))
            }
            Self::Forecast(policy) => {
                format!("predictive scaling forecast triggered policy {}", definitions.policies.name(policy))
            }
            Self::Limits => "the minimum or maximum capacity was changed".to_owned(),
        }
    }
}

/// `eventType` of an ECS service action event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// INFO
    Info,
    /// WARN
    Warn,
    /// ERROR
    Error,
}

impl EventType {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Every message of FLR-010 ends with it.
pub const TROUBLESHOOTING: &str =
    "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

/// What Fargate says where it has no capacity in the zones of a task (FGP-002).
pub const FARGATE_UNAVAILABLE: &str =
    "Capacity is unavailable at this time. Please try again later or in a different availability zone";

impl ServiceEvent {
    /// `eventName` of the EventBridge event (SVC-052, AZR-011), and its type; `None` where AWS sends none.
    #[must_use]
    pub const fn event_name(self) -> Option<(EventType, &'static str)> {
        Some(match self {
            Self::SteadyState => (EventType::Info, "SERVICE_STEADY_STATE"),
            Self::TaskSetSteadyState { .. } => (EventType::Info, "TASKSET_STEADY_STATE"),
            Self::DesiredCountUpdated { .. } => (EventType::Info, "SERVICE_DESIRED_COUNT_UPDATED"),
            Self::PlacementFailed { .. }
            | Self::ProviderEmpty
            | Self::FargateUnavailable
            | Self::RebalancingPlacementFailed { .. } => (EventType::Error, "SERVICE_TASK_PLACEMENT_FAILURE"),
            Self::DaemonConstraintViolated { .. } => (EventType::Warn, "SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED"),
            Self::StartsImpaired => (EventType::Warn, "SERVICE_TASK_START_IMPAIRED"),
            Self::RebalancingStarted => (EventType::Info, "SERVICE_REBALANCING_STARTED"),
            Self::RebalancingTasksStarted { .. } => (EventType::Info, "TASKS_STARTED"),
            Self::RebalancingTaskStopped { .. } | Self::TasksStopped { .. } => (EventType::Info, "TASKS_STOPPED"),
            Self::RebalancingCompleted => (EventType::Info, "SERVICE_REBALANCING_COMPLETED"),
            Self::RebalancingStopped => (EventType::Info, "SERVICE_REBALANCING_STOPPED"),
            Self::Scaled { .. }
            | Self::TasksStarted { .. }
            | Self::ProtectedTasks
            | Self::DeploymentConfiguration
            | Self::TargetsRegistered { .. }
            | Self::TargetsDeregistered { .. }
            | Self::DrainingStarted { .. }
            | Self::TargetUnhealthy { .. } => return None,
        })
    }

    /// Whether the same message may not be repeated until its cause clears or six hours pass (FLR-012). A steady state
    /// is announced on entering it, and again by the scheduler's own clock (SVC-053).
    #[must_use]
    pub const fn is_repeated_sparingly(self) -> bool {
        matches!(
            self,
            Self::PlacementFailed { .. }
                | Self::ProviderEmpty
                | Self::FargateUnavailable
                | Self::ProtectedTasks
                | Self::DeploymentConfiguration
                | Self::StartsImpaired
                | Self::RebalancingPlacementFailed { .. }
        )
    }

    /// Whether it stands in the service's event list; else only EventBridge has it. AWS documents no text for a new count
    /// (SVC-052).
    #[must_use]
    pub const fn is_listed(self) -> bool {
        !matches!(self, Self::DesiredCountUpdated { .. })
    }

    /// The deployment of the task set that it is about (SVC-052).
    #[must_use]
    pub const fn task_set(self) -> Option<u32> {
        match self {
            Self::TaskSetSteadyState { deployment } => Some(deployment),
            Self::DesiredCountUpdated { deployment, .. } => deployment,
            _ => None,
        }
    }

    /// Whether it says that a task found no place (FLR-010, FGP-002).
    #[must_use]
    pub const fn is_placement_failure(self) -> bool {
        matches!(self, Self::PlacementFailed { .. } | Self::ProviderEmpty | Self::FargateUnavailable)
    }

    /// The message as `DescribeServices` returns it: it begins with `(service NAME)`, or with the task set as well. That of an
    /// event which is not [listed](Self::is_listed) is ours.
    ///
    /// `balance` is the service's live tasks by zone name, for the messages of AZR-011 that list them.
    #[must_use]
    pub fn message(self, cluster: &Cluster, service: ServiceId, balance: &[(String, u32)]) -> String {
        let definitions: &Definitions = cluster.definitions();
        let name = &definitions.services[service].name;
        let rest = match self {
            Self::Scaled { to, by, fulfilled } => {
                let how = if fulfilled { "Change successfully fulfilled by ecs." } else { "Waiting for change to be fulfilled by ecs." };
                let cause = by.text(definitions);
                return format!("Message: Successfully set desired count to {to}. {how} Cause: {cause}");
            }
            Self::SteadyState | Self::TaskSetSteadyState { .. } => "has reached a steady state.".to_owned(),
            Self::DesiredCountUpdated { to, .. } => format!("now wants {to} tasks."),
            Self::TasksStarted { first, count } => {
                format!("has started {count} tasks: {}.", task_list(definitions, first, count))
            }
            Self::TasksStopped { first, count } => {
                format!("has stopped {count} running tasks: {}.", stopped_list(cluster, service, first))
            }
            Self::PlacementFailed { closest } => format!(
                "was unable to place a task because no container instance met all of its requirements. {} {TROUBLESHOOTING}",
                placement_tail(cluster, closest)
            ),
            Self::ProviderEmpty => format!(
                "was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your capacity provider. {TROUBLESHOOTING}"
            ),
            Self::FargateUnavailable => {
                format!("was unable to place a task. Reason: {FARGATE_UNAVAILABLE}. {TROUBLESHOOTING}")
            }
            Self::DaemonConstraintViolated { task, instance } => format!(
                "(task {}) was stopped because (container-instance {}) no longer satisfies the placement constraints of the service.",
                arn::task_id(definitions, task),
                arn::container_instance_id(definitions, &cluster.instances()[instance])
            ),
            Self::ProtectedTasks => format!(
                "was unable to reach steady state because task set ({}) was unable to scale in. Reason: The number of protected tasks are more than the desired count of tasks.",
                arn::deployment_id(definitions, service)
            ),
            Self::DeploymentConfiguration => "was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.".to_owned(),
            Self::StartsImpaired => "is unable to consistently start tasks successfully.".to_owned(),
            Self::RebalancingStarted => {
                format!("is not AZ balanced with {}. AZ Rebalancing in progress.", balance_text(balance))
            }
            Self::RebalancingTasksStarted { zone, first, count } => format!(
                "has started {count} tasks in {} to AZ Rebalance: {}.",
                definitions.zones.name(zone),
                task_ids(definitions, first, count)
            ),
            Self::RebalancingTaskStopped { zone, task } => format!(
                "has stopped 1 running tasks in {} due to AZ rebalancing: {}.",
                definitions.zones.name(zone),
                arn::task_id(definitions, task)
            ),
            Self::RebalancingCompleted => format!("is AZ balanced with {}.", balance_text(balance)),
            Self::RebalancingStopped => "has stopped AZ Rebalancing.".to_owned(),
            Self::RebalancingPlacementFailed { zone } => format!(
                "is unable to place a task in {} because no container instance met all of its requirements.",
                definitions.zones.name(zone)
            ),
            Self::TargetsRegistered { group, count } => {
                format!("registered {count} targets in {}", balancer_text(definitions, group))
            }
            Self::TargetsDeregistered { group, count } => {
                format!("deregistered {count} targets in {}", balancer_text(definitions, group))
            }
            Self::DrainingStarted { count } => format!("has begun draining connections on {count} tasks."),
            Self::TargetUnhealthy { task, group, timed_out } => unhealthy_text(cluster, task, group, timed_out),
        };
        match self.task_set() {
            Some(set) => {
                format!("(service {name}, taskSet {}) {rest}", arn::deployment_id_of(definitions, service, set))
            }
            None => format!("(service {name}) {rest}"),
        }
    }
}

/// The second sentence of FLR-010.
fn placement_tail(cluster: &Cluster, closest: Option<(InstanceId, Rejection)>) -> String {
    let Some((instance, reason)) = closest else {
        return "Reason: No Container Instances were found in your cluster.".to_owned();
    };
    let id = arn::container_instance_id(cluster.definitions(), &cluster.instances()[instance]);
    let what = match reason {
        Rejection::Cpu => "has insufficient CPU units available.".to_owned(),
        Rejection::Memory => "has insufficient memory available.".to_owned(),
        Rejection::Ports => "is already using a port required by your task.".to_owned(),
        Rejection::Attribute => "is missing an attribute required by your task.".to_owned(),
        Rejection::Agent
        | Rejection::Location
        | Rejection::Eni
        | Rejection::Gpu
        | Rejection::MemberOf
        | Rejection::DistinctInstance => format!("encountered error \"{}\".", reason.code()),
    };
    format!("The closest matching (container-instance {id}) {what}")
}

/// `(target-group ARN)`, or `(elb NAME)` of a Classic Load Balancer.
pub(crate) fn balancer_text(definitions: &Definitions, group: TargetGroupId) -> String {
    let group = &definitions.target_groups[group];
    match group.balancer {
        BalancerKind::Classic => format!("(elb {})", group.name),
        BalancerKind::Application | BalancerKind::Network => format!("(target-group {})", group.arn),
    }
}

/// Which target is unhealthy, where, and why (SVC-051). A Classic Load Balancer knows instances, not tasks.
fn unhealthy_text(cluster: &Cluster, task: TaskId, group: TargetGroupId, timed_out: bool) -> String {
    let definitions = cluster.definitions();
    let row = cluster.tasks().get(task);
    let instance = row.and_then(|row| row.instance).map_or_else(String::new, |instance| {
        format!("(instance {}) ", arn::ec2_instance_id(definitions, &cluster.instances()[instance]))
    });
    let place = balancer_text(definitions, group);
    if definitions.target_groups[group].balancer == BalancerKind::Classic {
        return format!(
            "{instance}is unhealthy in {place} due to (reason Instance has failed at least the UnhealthyThreshold number of health checks consecutively.)"
        );
    }
    let end = row.and_then(|row| {
        let revision = cluster.revision(row.service()?, row.deployment()?);
        let is_it = |other: &TargetGroupId| *other == group;
        let alternate = || revision.routing.alternates.iter().position(|other| *other == Some(group));
        let at = revision.target_groups.iter().position(is_it).or_else(alternate)?;
        revision.routing.ends.get(at)
    });
    let port = match end.map_or(0, |end| end.port) {
        0 => arn::dynamic_port(definitions, task),
        port => port,
    };
    let reason = if timed_out { "Request timed out" } else { "Health checks failed" };
    format!(
        "(task {}) {instance}(port {port}) is unhealthy in {place} due to (reason {reason})",
        arn::task_id(definitions, task)
    )
}

fn task_list(definitions: &Definitions, first: TaskId, count: u32) -> String {
    (0..count)
        .map(|offset| format!("(task {})", arn::task_id(definitions, TaskId::new(first.get() + offset))))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The tasks that the scheduler stopped in the pass in which it stopped the first.
fn stopped_list(cluster: &Cluster, service: ServiceId, first: TaskId) -> String {
    let at = cluster.tasks().get(first).and_then(|task| task.stopping_at);
    let row = &cluster.services()[service];
    let with_it = |task: &&TaskId| {
        let task = cluster.task(**task);
        task.stopping_at == at && task.started_at.is_some() && task.stop_reason.is_some_and(StopReason::is_announced)
    };
    let tasks = row.tasks[row.tasks.partition_point(|task| *task < first)..].iter().filter(with_it);
    tasks.map(|task| format!("(task {})", arn::task_id(cluster.definitions(), *task))).collect::<Vec<_>>().join(" ")
}

fn task_ids(definitions: &Definitions, first: TaskId, count: u32) -> String {
    (0..count).map(|offset| arn::task_id(definitions, TaskId::new(first.get() + offset))).collect::<Vec<_>>().join(", ")
}

/// `N tasks in AZ1, N in AZ2, and N in AZ3` (AZR-011).
fn balance_text(balance: &[(String, u32)]) -> String {
    let parts: Vec<String> = balance
        .iter()
        .enumerate()
        .map(
            |(at, (zone, count))| {
                if at == 0 { format!("{count} tasks in {zone}") } else { format!("{count} in {zone}") }
            },
        )
        .collect();
    match parts.as_slice() {
        [] => "0 tasks".to_owned(),
        [only] => only.clone(),
        [first, second] => format!("{first} and {second}"),
        [head @ .., last] => format!("{}, and {last}", head.join(", ")),
    }
}

/// What a service has said lately, to hold back repetitions (FLR-012).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastEvents(Vec<(ServiceEvent, SimTime)>);

impl LastEvents {
    /// Whether `event` was said less than `repeat_after_ms` ago and its cause has not cleared since.
    #[must_use]
    pub fn holds_back(&self, event: ServiceEvent, now: SimTime, repeat_after_ms: u64) -> bool {
        event.is_repeated_sparingly()
            && self.0.iter().any(|(said, at)| *said == event && now.since(*at).ms() < repeat_after_ms)
    }

    /// Remembers that `event` was said.
    pub fn say(&mut self, event: ServiceEvent, now: SimTime) {
        if event.is_repeated_sparingly() {
            self.0.retain(|(said, _)| *said != event);
            self.0.push((event, now));
        }
    }

    /// The cause of messages for which `cleared` holds is gone: the next one is news again.
    pub fn clear(&mut self, cleared: impl Fn(ServiceEvent) -> bool) {
        self.0.retain(|(said, _)| !cleared(*said));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::{LaunchType, SchedulingStrategy, ServiceDefinition};
    use crate::ids::{GroupId, PlacementId, TaskDefinitionId};

    #[test]
    fn flr_020_the_other_texts_word_for_word() {
        let mut definitions = Definitions::default();
        let service = definitions.services.push(ServiceDefinition {
            name: "web".into(),
            group: GroupId::new(0),
            scheduling: SchedulingStrategy::Replica,
            launch_type: LaunchType::Ec2,
            strategy: None,
            revisions: vec![crate::definitions::ServiceRevision::plain(TaskDefinitionId::new(0))],
            desired_count: 1,
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            placement: PlacementId::new(0),
            availability_zone_rebalancing: false,
            health_check_grace: ecsim_kernel::Span::ZERO,
            exists_at_start: true,
        });
        let cluster = Cluster::new(std::sync::Arc::new(definitions));
        let said = |event: ServiceEvent| event.message(&cluster, service, &[]);
        assert_eq!(said(ServiceEvent::SteadyState), "(service web) has reached a steady state.");
        // SVC-052.
        let id = arn::deployment_id_of(cluster.definitions(), service, 1);
        assert_eq!(
            said(ServiceEvent::TaskSetSteadyState { deployment: 1 }),
            format!("(service web, taskSet {id}) has reached a steady state.")
        );
        // FLR-010 and FGP-002.
        assert_eq!(
            said(ServiceEvent::ProviderEmpty),
            "(service web) was unable to place a task because no container instance met all of its requirements. Reason: No \
             Container Instances were found in your capacity provider. For more information, see the Troubleshooting section \
             of the Amazon ECS Developer Guide."
        );
        assert_eq!(
            said(ServiceEvent::FargateUnavailable),
            "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later \
             or in a different availability zone. For more information, see the Troubleshooting section of the Amazon ECS \
             Developer Guide."
        );
        assert_eq!(
            said(ServiceEvent::DeploymentConfiguration),
            "(service web) was unable to stop or start tasks during a deployment because of the service deployment \
             configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
        );
    }
}
