//! Calls about task sets: each is a deployment of its service, numbered in the order of time (DEP-080).

use ecsim_cluster::ServiceId;
use ecsim_cluster::definitions::ServiceRevision;
use ecsim_cluster::deployments::{ALL_TRAFFIC, DeploymentController};
use ecsim_engine::model::Call;

use super::Context;
use super::deployments::share;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::Action;
use crate::schema::task_sets::Scale;

impl<'a> Context<'a> {
    /// A call about task sets.
    pub(super) fn task_set_call(&mut self, action: Action<'a>, at: &Locator<'a>) -> Option<Call> {
        Some(match action {
            Action::CreateTaskSet(given) => {
                let service = self.external(&given.service, at)?;
                let id = self.find_task_definition(&given.task_definition, &at.clone().key("taskDefinition"))?;
                let scale = self.scale(given.scale.unwrap_or_default(), &at.clone().key("scale"));
                let revisions = &mut self.definitions.services[service].revisions;
                let revision = ServiceRevision { task_definition: id, ..revisions.first()?.clone() };
                let revision = revisions.iter().position(|known| *known == revision).unwrap_or_else(|| {
                    revisions.push(revision);
                    revisions.len() - 1
                });
                Call::CreateTaskSet { service, revision: u32::try_from(revision).ok()?, scale }
            }
            Action::UpdateTaskSet(given) => {
                let service = self.external(&given.service, at)?;
                let deployment = self.task_set(&given.service, &given.task_set, &at.clone().key("taskSet"))?;
                let scale = self.scale(given.scale, &at.clone().key("scale"));
                Call::ScaleTaskSet { service, deployment, scale, deleted: None }
            }
            Action::DeleteTaskSet(given) => {
                let service = self.external(&given.service, at)?;
                let deployment = self.task_set(&given.service, &given.task_set, &at.clone().key("taskSet"))?;
                Call::ScaleTaskSet { service, deployment, scale: 0, deleted: Some(given.force.unwrap_or(false)) }
            }
            Action::UpdateServicePrimaryTaskSet(given) => {
                let service = self.external(&given.service, at)?;
                let place = at.clone().key("primaryTaskSet");
                let deployment = self.task_set(&given.service, &given.primary_task_set, &place)?;
                Call::SetPrimaryTaskSet { service, deployment }
            }
            _ => return None,
        })
    }

    /// A service with the controller EXTERNAL.
    fn external(&mut self, name: &str, at: &Locator<'a>) -> Option<ServiceId> {
        let service = self.find_service(name, &at.clone().key("service"))?;
        let policies = self.definitions.deployment_policies.get(&service).and_then(|all| all.first());
        if policies.is_none_or(|policy| policy.controller != DeploymentController::External) {
            let message = format!("the service `{}` has another deployment controller", shown(name));
            let help = "task sets are of services with `deploymentController: {type: EXTERNAL}` (DEP-080)";
            self.error(&at.clone().key("service"), "E353", message, Some(help.into()));
            return None;
        }
        Some(service)
    }

    /// The number of a task set: deployment 0 came with the service.
    fn task_set(&mut self, service: &str, name: &str, at: &Locator<'a>) -> Option<u32> {
        let mut created: Vec<_> = self
            .scenario
            .timeline
            .iter()
            .filter_map(|entry| entry.create_task_set.as_ref().map(|set| (entry.at.0, set)))
            .filter(|(_, set)| set.service == service)
            .collect();
        created.sort_by_key(|(at, _)| *at);
        let found = created.iter().position(|(_, set)| set.external_id.as_deref() == Some(name));
        if found.is_none() {
            let known: Vec<&str> = created.iter().filter_map(|(_, set)| set.external_id.as_deref()).collect();
            self.unknown(at, "task set", name, known);
        }
        u32::try_from(found? + 1).ok()
    }

    fn scale(&mut self, given: Scale, at: &Locator<'a>) -> u32 {
        if !(0.0..=100.0).contains(&given.value) {
            let message = format!("a scale of {}; 0 to 100 percent are possible (DEP-080)", given.value);
            self.error(&at.clone().key("value"), "E372", message, None);
        }
        share(given.value).min(ALL_TRAFFIC)
    }
}
