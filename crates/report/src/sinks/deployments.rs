//! `deployments.csv`: one row for each deployment of a service, with how and why it ended (DEP-001, DEP-002).

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use ecsim_cluster::deployments::{DeploymentCause, DeploymentController, DeploymentEnd};
use ecsim_cluster::{
    Cluster, Definitions, Deployment, DeploymentStatus, Fact, Observer, RolloutState, ServiceId, StopType,
    TaskDefinitionId, arn,
};
use ecsim_kernel::SimTime;

use super::sheet::Sheet;
use super::{Column, Sink, column};

/// The columns of `deployments.csv`.
pub const COLUMNS: [Column; 17] = [
    column("service", "", "The service."),
    column("deployment", "whole number", "Which of its deployments, from 0; that is its creation."),
    column("deploymentId", "", "As AWS would print it."),
    column("taskDefinition", "", "What its tasks run."),
    column("cause", "", "created, updated, forced or rolled-back."),
    column("status", "", "PRIMARY, ACTIVE or INACTIVE at the end of the run."),
    column("rolloutState", "", "IN_PROGRESS, COMPLETED or FAILED."),
    column(
        "serviceDeploymentStatus",
        "",
        "As ListServiceDeployments has it, such as SUCCESSFUL or ROLLBACK_SUCCESSFUL.",
    ),
    column("createdAt", "ISO 8601", "When it began."),
    column("createdSeconds", "seconds since start", "createdAt as a number."),
    column("finishedSeconds", "seconds since start", "When it was COMPLETED or FAILED."),
    column("inactiveSeconds", "seconds since start", "When the last of its tasks had stopped."),
    column("stage", "", "The last stage it entered, where it had any."),
    column("tasksStarted", "count", "How many tasks were started for it."),
    column("tasksFailed", "count", "How many of them failed before RUNNING."),
    column("reason", "", "Why it failed or was stopped."),
    column(
        "stabilityStatus",
        "",
        "STEADY_STATE or STABILIZING: of a task set, at the end of the run or before it was INACTIVE.",
    ),
];

/// What is known of a deployment.
#[derive(Clone, Debug)]
struct Row {
    definition: TaskDefinitionId,
    cause: DeploymentCause,
    status: DeploymentStatus,
    rollout: RolloutState,
    created_at: SimTime,
    finished_at: Option<SimTime>,
    inactive_at: Option<SimTime>,
    stage: &'static str,
    started: u32,
    failed: u32,
    end: Option<DeploymentEnd>,
    /// `stabilityStatus` of a task set (DEP-081).
    stability: Option<&'static str>,
}

/// Whether a deployment is a task set: somebody else's (DEP-080), or CodeDeploy's.
fn is_set(cluster: &Cluster, service: ServiceId, deployment: &Deployment) -> bool {
    let controller = cluster.deployment_policy(service).controller;
    deployment.scale.is_some() || matches!(controller, DeploymentController::CodeDeploy { .. })
}

/// Writes `deployments.csv`.
pub struct DeploymentSink<W: Write> {
    definitions: Arc<Definitions>,
    sheet: Sheet<W>,
    rows: BTreeMap<(ServiceId, u32), Row>,
}

impl<W: Write> DeploymentSink<W> {
    /// A sink that writes into `writer`; the header is written at once, the rows at the end.
    pub fn new(definitions: Arc<Definitions>, writer: W) -> Self {
        let sheet = Sheet::new(writer, &COLUMNS, definitions.start_unix_ms);
        Self { definitions, sheet, rows: BTreeMap::new() }
    }

    /// Copies what the cluster knows of a deployment.
    fn refresh(&mut self, service: ServiceId, deployment: &Deployment, is_set: bool) {
        let revisions = &self.definitions.services[service].revisions;
        let Some(revision) = revisions.get(deployment.revision as usize) else { return };
        let row = self.rows.entry((service, deployment.number)).or_insert_with(|| Row {
            definition: revision.task_definition,
            cause: deployment.cause,
            status: deployment.status,
            rollout: deployment.rollout,
            created_at: deployment.created_at,
            finished_at: None,
            inactive_at: None,
            stage: "",
            started: 0,
            failed: 0,
            end: None,
            stability: None,
        });
        row.status = deployment.status;
        row.rollout = deployment.rollout;
        row.stage = deployment.stage.map_or("", ecsim_cluster::Stage::name);
        row.started = deployment.started;
        row.failed = deployment.failed_to_start;
        row.end = deployment.end;
        row.stability = is_set.then(|| deployment.stability_status());
    }

    /// `status` of the service deployment (DEP-002).
    fn service_status(&self, (service, number): (ServiceId, u32), row: &Row) -> &'static str {
        let next = self.rows.get(&(service, number + 1)).filter(|next| next.cause == DeploymentCause::RolledBack);
        // A rollback that another deployment overtook has not brought anything back.
        let overtaken = next.is_some_and(|next| next.status != DeploymentStatus::Primary);
        match (row.rollout, row.status, next.map(|next| next.rollout)) {
            (RolloutState::Completed, ..) => "SUCCESSFUL",
            (RolloutState::InProgress, DeploymentStatus::Primary, _) => "IN_PROGRESS",
            // Another one came before it was complete.
            (RolloutState::InProgress, ..) => "STOPPED",
            (RolloutState::Failed, _, Some(RolloutState::Completed)) => "ROLLBACK_SUCCESSFUL",
            (RolloutState::Failed, _, Some(RolloutState::InProgress)) if !overtaken => "ROLLBACK_IN_PROGRESS",
            (RolloutState::Failed, _, Some(_)) => "ROLLBACK_FAILED",
            (RolloutState::Failed, _, None) if row.end == Some(DeploymentEnd::Stopped(StopType::Rollback)) => {
                "ROLLBACK_FAILED"
            }
            (RolloutState::Failed, _, None) => "STOPPED",
        }
    }
}

impl<W: Write> Observer for DeploymentSink<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        let service = match *fact {
            Fact::ServiceStatusChanged { service, .. }
            | Fact::DeploymentStarted { service, .. }
            | Fact::TaskSetStabilityChanged { service, .. }
            | Fact::DeploymentStageEntered { service, .. } => service,
            Fact::DeploymentChanged { service, deployment, status, rollout, .. } => {
                if let Some(row) = self.rows.get_mut(&(service, deployment)) {
                    if rollout != RolloutState::InProgress && row.finished_at.is_none() {
                        row.finished_at = Some(now);
                    }
                    (row.status, row.rollout) = (status, rollout);
                    if status == DeploymentStatus::Inactive {
                        row.inactive_at = Some(now);
                    }
                }
                service
            }
            Fact::TaskStopRequested { task, .. } => {
                let row = cluster.tasks().get(task);
                let (Some(service), Some(number)) =
                    (row.and_then(ecsim_cluster::Task::service), row.and_then(ecsim_cluster::Task::deployment))
                else {
                    return;
                };
                if let Some(deployment) = cluster.services()[service].deployment(number) {
                    self.refresh(service, deployment, is_set(cluster, service, deployment));
                }
                return;
            }
            _ => return,
        };
        let known = &cluster.services()[service].deployments;
        for deployment in known {
            self.refresh(service, deployment, is_set(cluster, service, deployment));
        }
        // A deployment whose tasks another one took over (DEP-034) is gone with them.
        for ((_, number), row) in self.rows.range_mut((service, 0)..=(service, u32::MAX)) {
            if row.inactive_at.is_none() && known.iter().all(|it| it.number != *number) {
                row.status = DeploymentStatus::Inactive;
                row.inactive_at = Some(now);
            }
        }
    }

    fn run_ended(&mut self, _: SimTime, cluster: &Cluster) {
        for (service, row) in cluster.services().iter() {
            for deployment in &row.deployments {
                self.refresh(service, deployment, is_set(cluster, service, deployment));
            }
        }
    }
}

impl<W: Write> Sink<W> for DeploymentSink<W> {
    fn finish(mut self: Box<Self>) -> io::Result<W> {
        let definitions = Arc::clone(&self.definitions);
        for (key, row) in self.rows.clone() {
            let (service, number) = key;
            let status = self.service_status(key, &row);
            let definition = &definitions.task_definitions[row.definition];
            let sheet = &mut self.sheet;
            sheet.text(&definitions.services[service].name);
            sheet.number(number);
            sheet.text(&arn::deployment_id_of(&definitions, service, number));
            sheet.text(&format!("{}:{}", definition.family, definition.revision));
            sheet.text(row.cause.name());
            sheet.text(row.status.name());
            sheet.text(row.rollout.name());
            sheet.text(status);
            sheet.stamp(row.created_at);
            sheet.seconds(row.created_at);
            for at in [row.finished_at, row.inactive_at] {
                match at {
                    Some(at) => sheet.seconds(at),
                    None => sheet.blank(),
                }
            }
            sheet.text(row.stage);
            sheet.number(row.started);
            sheet.number(row.failed);
            let alarm = |id| definitions.alarms.get(id).map_or_else(String::new, |alarm| alarm.name.clone());
            sheet.text(&row.end.map_or_else(String::new, |end| end.text(alarm)));
            sheet.text(row.stability.unwrap_or(""));
            sheet.end_row();
        }
        self.sheet.finish()
    }
}
