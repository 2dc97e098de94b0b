//! What facts about deployments change (DEP-001, DEP-002, DEP-034, DEP-035).

use ecsim_kernel::SimTime;

use super::Cluster;
use crate::deployments::{
    ALL_TRAFFIC, Deployment, DeploymentCause, DeploymentPolicy, DeploymentStatus, DeploymentStrategy, RolloutState,
};
use crate::fact::{Fact, TaskOrigin};
use crate::ids::ServiceId;

/// Where a service deploys as AWS does by default.
static DEFAULT_POLICY: DeploymentPolicy = DeploymentPolicy {
    controller: crate::deployments::DeploymentController::Ecs,
    strategy: crate::deployments::DeploymentStrategy::Rolling,
    breaker: None,
    alarms: None,
    bake: None,
    hooks: Vec::new(),
    early_success: None,
};

impl Cluster {
    /// How a service deploys now.
    #[must_use]
    pub fn deployment_policy(&self, service: ServiceId) -> &DeploymentPolicy {
        let policies = self.definitions.deployment_policies.get(&service).map_or(&[][..], Vec::as_slice);
        policies.get(self.services[service].policy as usize).unwrap_or(&DEFAULT_POLICY)
    }

    /// Whether the deployments of a service have shares of the traffic of their own, 0 and all of it among them (DEP-062 to
    /// DEP-064, DEP-070): not in a rolling update, whose tasks are all behind the same load balancer.
    #[must_use]
    pub fn shifts_traffic(&self, service: ServiceId) -> bool {
        self.deployment_policy(service).strategy != DeploymentStrategy::Rolling
            || self.services[service].deployments.iter().any(|deployment| deployment.scale.is_some())
    }

    pub(super) fn start_deployment(&mut self, now: SimTime, service: ServiceId, revision: u32, cause: DeploymentCause) {
        let task_definition = self.definitions.services[service].revisions[revision as usize].task_definition;
        // A rolling update leaves the routing to the load balancer; what is rolled back gets all traffic at once.
        let rolling = self.deployment_policy(service).strategy == DeploymentStrategy::Rolling;
        let row = &mut self.services[service];
        let number = row.deployments_started;
        let task_set = cause == DeploymentCause::TaskSet;
        let takes_traffic =
            number <= 1 && task_set || number == 0 || rolling && !task_set || cause == DeploymentCause::RolledBack;
        // DEP-034: the tasks that the deployment before still has are kept and count for the one that brings it back.
        let target = row.completed.filter(|_| cause == DeploymentCause::RolledBack);
        let again = target.and_then(|(old, _)| row.deployment_at(old)).map(|at| row.deployments.remove(at));
        if cause == DeploymentCause::RolledBack {
            row.completed = None;
        }
        if let Some(before) = row.deployments.last_mut() {
            (before.status, before.changed_at) = (DeploymentStatus::Active, now);
        }
        if takes_traffic {
            row.deployments.iter_mut().for_each(|it| it.traffic = 0);
        }
        let mut deployment = Deployment {
            number,
            revision,
            status: DeploymentStatus::Primary,
            // A task set has no rollout: it is there, and somebody else decides.
            rollout: if task_set { RolloutState::Completed } else { RolloutState::InProgress },
            cause,
            created_at: now,
            changed_at: now,
            live: 0,
            running: 0,
            traffic: if takes_traffic { ALL_TRAFFIC } else { 0 },
            started: 0,
            ran: 0,
            failed_to_start: 0,
            gave_up: 0,
            crashed: 0,
            lost: 0,
            digests_known: false,
            scale: None,
            deleted: false,
            steady_since: None,
            stage: None,
            end: None,
            stop_asked: None,
            answers: (0, false),
        };
        if let Some(old) = &again {
            (deployment.live, deployment.running) = (old.live, old.running);
            (deployment.ran, deployment.digests_known) = (old.ran, old.digests_known);
            for task in &row.tasks {
                if let Some(task) = self.tasks.get_mut(*task)
                    && let TaskOrigin::Service { deployment, .. } = &mut task.origin
                    && *deployment == old.number
                {
                    *deployment = number;
                }
            }
        }
        row.deployments.push(deployment);
        row.deployments_started += 1;
        row.task_definition = task_definition;
    }

    pub(super) fn apply_deployment(&mut self, now: SimTime, fact: &Fact) {
        let (service, deployment) = match *fact {
            Fact::DeploymentChanged { service, deployment, .. }
            | Fact::DeploymentStageEntered { service, deployment, .. }
            | Fact::DeploymentStopAsked { service, deployment, .. }
            | Fact::DeploymentAnswered { service, deployment, .. }
            | Fact::TaskSetScaled { service, deployment, .. }
            | Fact::TaskSetStabilityChanged { service, deployment, .. }
            | Fact::TrafficShifted { service, deployment, .. } => (service, deployment),
            Fact::DeploymentPolicyChanged { service, policy } => {
                self.services[service].policy = policy;
                return;
            }
            _ => unreachable!("called for facts about deployments only"),
        };
        let row = &mut self.services[service];
        let at = row.deployment_at(deployment).expect("a deployment that is not INACTIVE");
        let changed = &mut row.deployments[at];
        match *fact {
            Fact::DeploymentChanged { status, rollout, end, .. } => {
                let completes = rollout == RolloutState::Completed && changed.rollout != rollout;
                row.deployments_failed +=
                    u32::from(rollout == RolloutState::Failed && changed.rollout != RolloutState::Failed);
                (changed.status, changed.rollout, changed.changed_at) = (status, rollout, now);
                changed.end = end.or(changed.end);
                if completes {
                    row.completed = Some((deployment, changed.revision));
                }
                if status == DeploymentStatus::Inactive {
                    row.deployments.remove(at);
                }
            }
            Fact::DeploymentStageEntered { stage, .. } => {
                changed.stage = Some(stage);
                changed.changed_at = now;
            }
            Fact::DeploymentStopAsked { how, .. } => changed.stop_asked = Some(how),
            Fact::DeploymentAnswered { proceed, .. } => changed.answers = (changed.answers.0 + 1, proceed),
            Fact::TrafficShifted { share, .. } => changed.traffic = share,
            Fact::TaskSetScaled { scale, deleted, .. } => {
                changed.scale = Some(scale);
                changed.deleted |= deleted;
                changed.changed_at = now;
            }
            Fact::TaskSetStabilityChanged { steady, .. } => changed.steady_since = steady.then_some(now),
            _ => {}
        }
    }
}
