//! Calls that start, stop or continue deployments (SVC-060 to SVC-062, DEP-002, DEP-066).

use ecsim_cluster::deployments::ALL_TRAFFIC;
use ecsim_cluster::fact::CallError;
use ecsim_cluster::{DeploymentCause, Fact, RolloutState, ServiceId, ServiceStatus};

use crate::simulation::{Simulation, Step};

impl Step<'_> {
    /// A deployment starts where what the tasks run changes, or where it is forced (SVC-060, SVC-062); all else acts on the
    /// one in progress (SVC-061).
    pub(super) fn deploy(&mut self, service: ServiceId, revision: Option<u32>, force: bool, policy: Option<u32>) {
        if let Some(policy) = policy {
            self.emit(Fact::DeploymentPolicyChanged { service, policy });
        }
        let row = &self.sim.cluster.services()[service];
        let now = row.primary().map_or(0, |primary| primary.revision);
        let revisions = &self.sim.model.definitions.services[service].revisions;
        let changed = revision.filter(|to| revisions[*to as usize] != revisions[now as usize]);
        let cause = match (changed, force) {
            (None, false) => return,
            (Some(_), _) => DeploymentCause::Updated,
            (None, true) => DeploymentCause::Forced,
        };
        let deployment = row.deployments_started;
        self.emit(Fact::DeploymentStarted { service, deployment, revision: changed.unwrap_or(now), cause });
    }

    /// A service with the controller EXTERNAL gets another task set (DEP-080).
    pub(super) fn create_task_set(&mut self, service: ServiceId, revision: u32, scale: u32) -> Result<(), CallError> {
        let row = &self.sim.cluster.services()[service];
        if row.status != ServiceStatus::Active {
            return Err(CallError::ServiceNotActive { service });
        }
        let deployment = row.deployments_started;
        self.emit(Fact::DeploymentStarted { service, deployment, revision, cause: DeploymentCause::TaskSet });
        self.emit(Fact::TaskSetScaled { service, deployment, scale, deleted: false });
        self.note_computed_count(service, deployment, 0);
        self.emit(Fact::ServiceUpdated { service });
        Ok(())
    }

    pub(super) fn scale_task_set(
        &mut self,
        service: ServiceId,
        deployment: u32,
        scale: u32,
        deleted: Option<bool>,
    ) -> Result<(), CallError> {
        let set = self.sim.cluster.services()[service].deployment(deployment);
        let set = set.ok_or(CallError::NoDeployment { service })?;
        // `DeleteTaskSet` asks for `force` where the set is not scaled to 0.
        if deleted == Some(false) && set.scale.unwrap_or(0) > 0 {
            return Err(CallError::ServiceNotScaledDown { service });
        }
        let before = set.computed_desired_count(self.sim.cluster.services()[service].desired_count).unwrap_or(0);
        self.emit(Fact::TaskSetScaled { service, deployment, scale, deleted: deleted.is_some() });
        self.note_computed_count(service, deployment, before);
        self.emit(Fact::ServiceUpdated { service });
        Ok(())
    }

    pub(super) fn set_primary_task_set(&mut self, service: ServiceId, deployment: u32) -> Result<(), CallError> {
        let row = &self.sim.cluster.services()[service];
        row.deployment(deployment).ok_or(CallError::NoDeployment { service })?;
        let all: Vec<(u32, u32)> = row.deployments.iter().map(|it| (it.number, it.traffic)).collect();
        for (number, before) in all {
            let share = if number == deployment { ALL_TRAFFIC } else { 0 };
            if share != before {
                self.emit(Fact::TrafficShifted { service, deployment: number, share });
            }
        }
        Ok(())
    }
}

impl Simulation {
    /// The deployment that `StopServiceDeployment` and `ContinueServiceDeployment` mean.
    pub(super) fn deployment_in_progress(&self, service: ServiceId) -> Result<u32, CallError> {
        let primary = self.cluster.services()[service].primary();
        primary
            .filter(|primary| primary.rollout == RolloutState::InProgress)
            .map(|primary| primary.number)
            .ok_or(CallError::NoDeployment { service })
    }
}
