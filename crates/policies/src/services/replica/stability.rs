//! `stabilityStatus` of the task sets of a service (DEP-081).
//!
//! *What it does.* Says when a task set becomes steady and when it no longer is.
//!
//! *What AWS documents.* Steady is a set whose running tasks are as many as it wants, with none pending, none on a DRAINING
//! instance, and none that its load balancers, its names in Cloud Map or its health checks do not find healthy. A task
//! without any of these need only run: the 40 s of SVC-010 are of other rules. Ours: a set that is being deleted keeps the
//! status it had, and so does the original set of CodeDeploy once its tasks are stopped.
//!
//! *How we know it is right.* `dep_081_` tests in the procedures; `scenarios/task-sets.yaml`.

use ecsim_cluster::deployments::DeploymentController;
use ecsim_cluster::{Command, Deployment, Service};

use super::Replica;
use super::turn::is_draining;
use crate::services::health;
use crate::view::View;

impl Replica {
    /// The next task set whose `stabilityStatus` is no longer what was noted last.
    pub(super) fn stability(&self, view: &View<'_>, row: &Service) -> Option<Command> {
        let service = self.service;
        row.deployments.iter().find_map(|set| {
            let wanted = self.computed_desired_count(view, row, set)?;
            let steady = is_steady(view, row, set, wanted);
            let deployment = set.number;
            (steady != set.steady_since.is_some()).then_some(Command::NoteStability { service, deployment, steady })
        })
    }

    /// `computedDesiredCount` of a task set that is not about to go; CodeDeploy's sets want all of the desired count.
    fn computed_desired_count(&self, view: &View<'_>, row: &Service, set: &Deployment) -> Option<u32> {
        match view.cluster.deployment_policy(row.id).controller {
            DeploymentController::Ecs => None,
            DeploymentController::External => set.computed_desired_count(row.desired_count).filter(|_| !set.deleted),
            DeploymentController::CodeDeploy { .. } => {
                let stays = row.primary().is_some_and(|primary| primary.number == set.number)
                    || self.rollout.holds(view, row, set.number);
                stays.then_some(row.desired_count)
            }
        }
    }
}

fn is_steady(view: &View<'_>, row: &Service, set: &Deployment, wanted: u32) -> bool {
    set.running == wanted
        && set.live == wanted
        && row
            .tasks
            .iter()
            .map(|task| view.cluster.task(*task))
            .filter(|task| task.is_live() && task.deployment() == Some(set.number))
            .all(|task| !is_draining(view, task) && health::ok_at(view, task).is_some())
}
