//! CodeDeploy's `CreateDeployment` becomes a deployment that shifts traffic (DEP-070 to DEP-073).

use ecsim_cluster::definitions::ServiceRevision;
use ecsim_cluster::deployments::{DeploymentController, DeploymentStrategy};
use ecsim_cluster::targets::BalancerKind;
use ecsim_engine::model::Call;
use ecsim_kernel::Span;

use super::Context;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::code_deploy::{CreateDeployment, TrafficRoutingType};

/// How long the original task set stays (DEP-071): the console's default, and the most.
const TERMINATION_WAIT_MINUTES: u32 = 60;
const MOST_TERMINATION_WAIT_MINUTES: u32 = 2_880;
/// Percent of a step, minutes, whether it goes on in steps; `None`: all at once.
type Shift = Option<(u32, u64, bool)>;
/// AWS's own configurations (DEP-070).
const CONFIGURATIONS: [(&str, Shift); 5] = [
    ("CodeDeployDefault.ECSAllAtOnce", None),
    ("CodeDeployDefault.ECSCanary10Percent15Minutes", Some((10, 15, false))),
    ("CodeDeployDefault.ECSCanary10Percent5Minutes", Some((10, 5, false))),
    ("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", Some((10, 1, true))),
    ("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", Some((10, 3, true))),
];

impl<'a> Context<'a> {
    pub(super) fn create_deployment(&mut self, given: &'a CreateDeployment, at: &Locator<'a>) -> Option<Call> {
        let service = self.find_service(&given.service, &at.clone().key("service"))?;
        let place = at.clone().key("taskDefinition");
        let id = self.find_task_definition(&given.task_definition, &place)?;
        let strategy = self.traffic_routing(given, at)?;
        let minutes = given.termination_wait_time_in_minutes.unwrap_or(TERMINATION_WAIT_MINUTES);
        if minutes > MOST_TERMINATION_WAIT_MINUTES {
            let message = format!("{minutes} minutes; 0 to {MOST_TERMINATION_WAIT_MINUTES} are possible (DEP-071)");
            self.error(&at.clone().key("terminationWaitTimeInMinutes"), "E372", message, None);
        }
        let groups = self.definitions.services[service].revisions.first().map(|it| it.target_groups.clone());
        let on_network = groups
            .unwrap_or_default()
            .iter()
            .any(|group| self.definitions.target_groups[*group].balancer == BalancerKind::Network);
        if on_network && strategy != DeploymentStrategy::BlueGreen {
            let help = "write deploymentConfigName: CodeDeployDefault.ECSAllAtOnce (DEP-070)";
            let message = "a Network Load Balancer shifts all traffic at once only";
            self.error(at, "E372", message, Some(help.into()));
            return None;
        }
        let policies = self.definitions.deployment_policies.entry(service).or_default();
        let mut policy = policies.first().cloned().unwrap_or_default();
        if !matches!(policy.controller, DeploymentController::CodeDeploy { .. }) {
            let message = format!("the service `{}` has another deployment controller", shown(&given.service));
            let help = "CodeDeploy deploys services with `deploymentController: {type: CODE_DEPLOY}` (DEP-070)";
            self.error(&at.clone().key("service"), "E353", message, Some(help.into()));
            return None;
        }
        policy.controller = DeploymentController::CodeDeploy { termination_wait: Span::from_mins(u64::from(minutes)) };
        policy.strategy = strategy;
        let number = policies.iter().position(|known| *known == policy).unwrap_or_else(|| {
            policies.push(policy);
            policies.len() - 1
        });
        let revisions = &mut self.definitions.services[service].revisions;
        let first = revisions.first()?;
        let revision = ServiceRevision { task_definition: id, ..first.clone() };
        let revision = revisions.iter().position(|known| *known == revision).unwrap_or_else(|| {
            revisions.push(revision);
            revisions.len() - 1
        });
        let update = Call::UpdateService {
            grace: None,
            capacity: None,
            service,
            desired_count: None,
            placement: None,
            healthy_percent: None,
            rebalancing: None,
        };
        Some(Call::Deploy {
            update: Box::new(update),
            service,
            revision: u32::try_from(revision).ok(),
            force: true,
            policy: u32::try_from(number).ok(),
        })
    }

    fn traffic_routing(&mut self, given: &CreateDeployment, at: &Locator<'a>) -> Option<DeploymentStrategy> {
        let (percent, minutes, linear) = match (&given.traffic_routing_config, &given.deployment_config_name) {
            (Some(routing), _) => {
                let place = at.clone().key("trafficRoutingConfig");
                match (routing.kind, routing.time_based_canary, routing.time_based_linear) {
                    (TrafficRoutingType::AllAtOnce, ..) => return Some(DeploymentStrategy::BlueGreen),
                    (TrafficRoutingType::TimeBasedCanary, Some(canary), _) => {
                        (canary.canary_percentage, u64::from(canary.canary_interval), false)
                    }
                    (TrafficRoutingType::TimeBasedLinear, _, Some(linear)) => {
                        (linear.linear_percentage, u64::from(linear.linear_interval), true)
                    }
                    _ => {
                        let help = "timeBasedCanary: {canaryPercentage, canaryInterval}, or timeBasedLinear (DEP-070)";
                        self.error(&place, "E372", "the steps are missing", Some(help.into()));
                        return None;
                    }
                }
            }
            (None, None) => return Some(DeploymentStrategy::BlueGreen),
            (None, Some(name)) => match CONFIGURATIONS.iter().find(|(known, _)| known == name) {
                Some((_, None)) => return Some(DeploymentStrategy::BlueGreen),
                Some((_, Some(steps))) => *steps,
                None => {
                    let known = CONFIGURATIONS.iter().map(|(known, _)| *known);
                    self.unknown(&at.clone().key("deploymentConfigName"), "deployment configuration", name, known);
                    return None;
                }
            },
        };
        if !(1..=99).contains(&percent) {
            let message = format!("{percent} percent of the traffic; 1 to 99 are possible (DEP-070)");
            self.error(&at.clone().key("trafficRoutingConfig"), "E372", message, None);
            return None;
        }
        let (share, bake) = (percent * 10_000, Span::from_mins(minutes));
        Some(if linear {
            DeploymentStrategy::Linear { step: share, bake }
        } else {
            DeploymentStrategy::Canary { share, bake }
        })
    }
}
