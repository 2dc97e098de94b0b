//! What an operator or fate does: each entry of the timeline becomes a call.

use std::collections::BTreeMap;

use ecsim_cluster::definitions::{SchedulingStrategy, ServiceRevision};
use ecsim_cluster::deployments::DeploymentController;
use ecsim_cluster::{InstanceId, InstanceStatus, Market, StopType, ZoneId};
use ecsim_engine::model::{Arrivals, Call, InstanceSelector, SourceModel, TaskSelector, WhenUnplaced};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::placement::constraints::query::attributes;

use super::capacity::Demand;
use super::deployments::merged;
use super::placement::Caller;
use super::services::{Placed, RevisionExtras};
use super::task_definitions::raise;
use super::{Context, did_you_mean};
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::timeline::{ContinueDeployment, StopDeployment, TargetStatus};
use crate::schema::{self, Action, Count, TimelineEntry, aws};

/// Default of `expiresInMinutes` (SVC-028).
const PROTECTION_MINUTES: u32 = 120;
/// At most that (SVC-028).
const MOST_PROTECTION_MINUTES: u32 = 2_880;

/// What a service was given last before an update.
#[derive(Clone, Default)]
struct LastWritten<'a> {
    strategies: &'a [aws::PlacementStrategy],
    constraints: &'a [aws::PlacementConstraint],
    task_definition: Option<&'a str>,
    network: Option<&'a aws::NetworkConfiguration>,
    execute_command: bool,
    connect: Option<&'a aws::ServiceConnectConfiguration>,
    balancers: &'a [aws::LoadBalancer],
    registries: &'a [aws::ServiceRegistry],
    platform: Option<&'a str>,
    extras: RevisionExtras<'a>,
    configuration: aws::DeploymentConfiguration,
}

impl<'a> Context<'a> {
    /// Every entry, in the order of the file.
    pub(super) fn lower_timeline(&mut self) {
        let scenario = self.scenario;
        let updates = self.updates_in_order();
        for (index, entry) in scenario.timeline.iter().enumerate() {
            let at = self.at("timeline").index(index);
            // A run of no length is an error of its own.
            let duration = scenario.simulation.duration.0;
            if entry.at.0 > duration && !duration.is_zero() {
                self.warning(
                    &at.clone().key("at"),
                    "W370",
                    "this lies after the end of the run, so it never happens",
                    None,
                );
            }
            let Some(action) = entry.action() else {
                let written: Vec<&str> = entry.actions().map(|action| action.name()).collect();
                let message = if written.is_empty() {
                    "an entry of the timeline needs an action".to_owned()
                } else {
                    format!("an entry of the timeline has exactly one action, not {}", written.join(" and "))
                };
                let help = format!("one of: {}", TimelineEntry::ACTIONS.join(", "));
                self.error(&at, "E371", message, Some(help));
                continue;
            };
            let time = SimTime::ZERO + entry.at.0;
            let name = format!("timeline[{index}].{}", action.name());
            let place = at.key(action.name());
            let before = updates.get(&index).cloned().unwrap_or_default();
            let calls = match self.scaling_calls(action, &place).or_else(|| self.capacity_calls(action, index, &place))
            {
                Some(calls) => calls,
                None => self.timeline_call(action, name, before, time, &place).into_iter().collect(),
            };
            self.calls.extend(calls.into_iter().map(|call| (time, call)));
        }
    }

    /// For each `updateService`, by its index: the strategies and constraints that the service was given last before it,
    /// in the order in which things happen.
    fn updates_in_order(&self) -> BTreeMap<usize, LastWritten<'a>> {
        let scenario = self.scenario;
        let mut order: Vec<usize> = (0..scenario.timeline.len()).collect();
        order.sort_by_key(|index| scenario.timeline[*index].at.0);
        let of = |service: &'a aws::Service| LastWritten {
            strategies: &service.placement_strategy,
            constraints: &service.placement_constraints,
            task_definition: service.task_definition.as_deref(),
            network: service.network_configuration.as_ref(),
            execute_command: service.enable_execute_command == Some(true),
            connect: service.service_connect_configuration.as_ref(),
            balancers: &service.load_balancers,
            registries: &service.service_registries,
            platform: service.platform_version.as_deref(),
            extras: RevisionExtras::of(service),
            configuration: service.deployment_configuration.clone().unwrap_or_default(),
        };
        let mut last: BTreeMap<&str, LastWritten<'a>> =
            scenario.services.iter().map(|service| (service.service_name.as_str(), of(service))).collect();
        for created in scenario.timeline.iter().filter_map(|entry| entry.create_service.as_ref()) {
            last.insert(created.service_name.as_str(), of(created));
        }
        let mut before = BTreeMap::new();
        for index in order {
            let Some(update) = &scenario.timeline[index].update_service else { continue };
            let name = update.service.rsplit('/').next().unwrap_or(&update.service);
            let Some(written) = last.get_mut(name) else { continue };
            before.insert(index, written.clone());
            written.strategies = update.placement_strategy.as_deref().unwrap_or(written.strategies);
            written.constraints = update.placement_constraints.as_deref().unwrap_or(written.constraints);
            written.task_definition = update.task_definition.as_deref().or(written.task_definition);
            written.network = update.network_configuration.as_ref().or(written.network);
            written.execute_command = update.enable_execute_command.unwrap_or(written.execute_command);
            written.connect = update.service_connect_configuration.as_ref().or(written.connect);
            written.balancers = update.load_balancers.as_deref().unwrap_or(written.balancers);
            written.platform = update.platform_version.as_deref().or(written.platform);
            written.registries = update.service_registries.as_deref().unwrap_or(written.registries);
            written.extras = written.extras.updated(update);
            if let Some(configuration) = &update.deployment_configuration {
                written.configuration = merged(&written.configuration, configuration);
            }
        }
        before
    }

    fn timeline_call(
        &mut self,
        action: Action<'a>,
        name: String,
        before: LastWritten<'a>,
        since: SimTime,
        at: &Locator<'a>,
    ) -> Option<Call> {
        let instances_at = at.clone().key("containerInstances");
        Some(match action {
            Action::RunTask(given) => {
                let template = self.run_task_template(given, since, at)?;
                let count = self.run_task_count(given.count, at);
                let model = SourceModel {
                    template,
                    arrivals: Arrivals::Never,
                    shuffled: false,
                    reruns: false,
                    count,
                    duration: None,
                    when_unplaced: WhenUnplaced::Drop,
                };
                Call::RunTask { source: self.source(name, given.started_by.clone(), model) }
            }
            Action::StartTask(given) => self.start_task(given, name, since, at)?,
            Action::StopTask(given) => Call::StopTask {
                tasks: self.task_selector(&given.task, &at.clone().key("task"))?,
                reason: given.reason.as_ref().map(|text| self.definitions.texts.intern(text)),
            },
            Action::CreateService(given) => {
                Call::CreateService { service: self.find_service(&given.service_name, &at.clone().key("serviceName"))? }
            }
            Action::UpdateService(given) => self.update_service(given, before, since, at)?,
            Action::StopServiceDeployment(given) => Call::StopServiceDeployment {
                service: self.find_service(&given.service, &at.clone().key("service"))?,
                how: match given.stop_type.unwrap_or_default() {
                    StopDeployment::Rollback => StopType::Rollback,
                    StopDeployment::Abort => StopType::Abort,
                },
            },
            Action::CreateDeployment(given) => self.create_deployment(given, at)?,
            Action::ContinueServiceDeployment(given) => Call::ContinueServiceDeployment {
                service: self.find_service(&given.service, &at.clone().key("service"))?,
                proceed: given.action.unwrap_or_default() == ContinueDeployment::Continue,
            },
            Action::DeleteService(given) => Call::DeleteService {
                service: self.find_service(&given.service, &at.clone().key("service"))?,
                force: given.force.unwrap_or(false),
            },
            Action::UpdateContainerInstancesState(given) => {
                let instances = self.instance_selector(&given.container_instances, &instances_at)?;
                let most = self.scenario.settings.update_state_instances as usize;
                let named = Self::names_at_most(&instances);
                if named > most {
                    let message = format!(
                        "InvalidParameterException: {named} container instances, at most {most} in one call (INS-003)"
                    );
                    self.error(&instances_at, "E330", message, raise("update_state_instances"));
                }
                Call::UpdateContainerInstancesState {
                    instances,
                    status: match given.status {
                        TargetStatus::Active => InstanceStatus::Active,
                        TargetStatus::Draining => InstanceStatus::Draining,
                    },
                }
            }
            Action::PutAttributes(given) => {
                let instances = self.instance_selector(&given.container_instances, &instances_at)?;
                let mut put = Vec::new();
                for (index, attribute) in given.attributes.iter().enumerate() {
                    let place = at.clone().key("attributes").index(index);
                    let value = attribute.value.as_ref().map(|value| value.as_str());
                    put.extend(self.checked_attribute(&attribute.name, value, &place));
                }
                if given.attributes.len() > attributes::ATTRIBUTES_PER_CALL_LIMIT {
                    let most = attributes::ATTRIBUTES_PER_CALL_LIMIT;
                    let message =
                        format!("{} attributes, at most {most} in one call (CQL-017)", given.attributes.len());
                    self.error(&at.clone().key("attributes"), "E330", message, Some("make two calls".into()));
                }
                Call::PutAttributes { instances, attributes: put }
            }
            Action::DeleteAttributes(given) => Call::DeleteAttributes {
                instances: self.instance_selector(&given.container_instances, &instances_at)?,
                attributes: given
                    .attributes
                    .iter()
                    .map(|attribute| self.definitions.attributes.intern(&attribute.name))
                    .collect(),
            },
            Action::DeregisterContainerInstance(given) => Call::DeregisterContainerInstance {
                instances: self.named_instances(
                    std::slice::from_ref(&given.container_instance),
                    &at.clone().key("containerInstance"),
                ),
                force: given.force.unwrap_or(false),
            },
            Action::UpdateTaskProtection(given) => {
                let minutes = given.expires_in_minutes.unwrap_or(PROTECTION_MINUTES);
                if !(1..=MOST_PROTECTION_MINUTES).contains(&minutes) {
                    let message = format!(
                        "{minutes} minutes of protection; 1 to {MOST_PROTECTION_MINUTES} are possible (SVC-028)"
                    );
                    self.error(&at.clone().key("expiresInMinutes"), "E372", message, Some("the default is 120".into()));
                }
                Call::UpdateTaskProtection {
                    tasks: self.task_selector(&given.tasks, &at.clone().key("tasks"))?,
                    protect_for: given.protection_enabled.then(|| Span::from_mins(u64::from(minutes))),
                }
            }
            // The fleet has them already, with the time at which they join.
            Action::RegisterContainerInstances(_) => return None,
            Action::TerminateInstances(given) => Call::TerminateInstances {
                instances: self.instance_selector(&given.container_instances, &instances_at)?,
            },
            Action::StopInstances(given) => {
                Call::StopInstances { instances: self.instance_selector(&given.container_instances, &instances_at)? }
            }
            Action::StartInstances(given) => {
                Call::StartInstances { instances: self.instance_selector(&given.container_instances, &instances_at)? }
            }
            Action::DisconnectAgent(given) => Call::DisconnectAgent {
                instances: self.instance_selector(&given.container_instances, &instances_at)?,
                duration: given.duration.map(|duration| duration.0),
            },
            Action::ConnectAgent(given) => {
                Call::ConnectAgent { instances: self.instance_selector(&given.container_instances, &instances_at)? }
            }
            // Everything else is about task sets, or about capacity.
            _ => return self.task_set_call(action, at),
        })
    }

    /// `StartTask`: at most ten instances; an unknown one is `MISSING` at AWS, a slip here (PLC-059, QTA-009).
    fn start_task(&mut self, given: &aws::StartTask, name: String, since: SimTime, at: &Locator<'a>) -> Option<Call> {
        let as_run_task = aws::RunTask {
            task_definition: given.task_definition.clone(),
            group: given.group.clone(),
            started_by: given.started_by.clone(),
            overrides: given.overrides.clone(),
            network_configuration: given.network_configuration.clone(),
            volume_configurations: given.volume_configurations.clone(),
            enable_execute_command: given.enable_execute_command,
            tags: given.tags.clone(),
            // StartTask knows no capacity providers (PLC-059).
            launch_type: Some(aws::LaunchType::Ec2),
            ..aws::RunTask::default()
        };
        let template = self.run_task_template(&as_run_task, since, at)?;
        let instances_at = at.clone().key("containerInstances");
        let schema::InstanceSelector::Names(names) = &given.container_instances else {
            self.error(
                &instances_at,
                "E373",
                "StartTask names its container instances",
                Some("write a list of names".into()),
            );
            return None;
        };
        let mut instances: Vec<Option<InstanceId>> = Vec::new();
        for (index, instance) in names.iter().enumerate() {
            if let Some(members) = self.members_of(instance) {
                instances.extend(members.into_iter().map(Some));
                continue;
            }
            let found = self.instance_ids.get(instance).copied();
            if found.is_none() && !self.fleet_incomplete {
                let known: Vec<&str> = self.instance_ids.keys().map(String::as_str).collect();
                let help = did_you_mean(instance, &known);
                let message = format!(
                    "no container instance is called `{}`: StartTask will answer MISSING (PLC-059)",
                    shown(instance)
                );
                let place = if names.len() > 1 { instances_at.clone().index(index) } else { instances_at.clone() };
                self.warning(&place, "W373", message, help);
            }
            instances.push(found);
        }
        let most = self.scenario.settings.start_task_instances as usize;
        if instances.len() > most {
            let message = format!(
                "InvalidParameterException: {} container instances, at most {most} in one call (QTA-009)",
                instances.len()
            );
            self.error(&instances_at, "E330", message, raise("start_task_instances"));
        }
        let model = SourceModel {
            template,
            arrivals: Arrivals::Never,
            shuffled: false,
            reruns: false,
            count: 1,
            duration: None,
            when_unplaced: WhenUnplaced::Drop,
        };
        let source = self.source(name, given.started_by.clone(), model);
        Some(Call::StartTask { source, instances })
    }

    /// `null` keeps, `[]` clears (PLC-060): what is not named keeps what was written last, by the service or an update.
    fn update_service(
        &mut self,
        given: &'a aws::UpdateService,
        before: LastWritten<'a>,
        since: SimTime,
        at: &Locator<'a>,
    ) -> Option<Call> {
        let service = self.find_service(&given.service, &at.clone().key("service"))?;
        let known = self.definitions.services[service].clone();
        let source = self.source_of(known.task_definition());
        let deploys = self.deployed_revision(given, &before, service, at);
        self.check_controller(given, service, at);
        let configuration = given.deployment_configuration.as_ref();
        let maximum = configuration.and_then(|configuration| configuration.maximum_percent);
        let daemon = known.scheduling == SchedulingStrategy::Daemon;
        if daemon {
            let strategies = given.placement_strategy.as_ref().is_some_and(|strategies| !strategies.is_empty());
            let percent = at.clone().key("deploymentConfiguration").key("maximumPercent");
            for (wrong, place, what) in [
                (strategies, at.clone().key("placementStrategy"), "placement strategies"),
                (given.desired_count.is_some(), at.clone().key("desiredCount"), "a desired count for services"),
                (maximum.is_some_and(|maximum| maximum > 100), percent, "values above 100 for maximumPercent"),
            ] {
                if wrong {
                    self.daemon_rejects(&place, what);
                }
            }
        }
        let most = self.scenario.settings.tasks_per_service;
        if let Some(desired) = given.desired_count.filter(|desired| *desired > most) {
            let message = format!("{desired} tasks, the quota of a service is {most} (QTA-004)");
            self.error(&at.clone().key("desiredCount"), "E330", message, raise("tasks_per_service"));
        }
        let placement = if given.placement_strategy.is_some() || given.placement_constraints.is_some() {
            let strategies = match &given.placement_strategy {
                _ if daemon => &[],
                Some(strategies) => strategies.as_slice(),
                None => before.strategies,
            };
            let constraints = given.placement_constraints.as_deref().unwrap_or(before.constraints);
            let caller = if daemon { Caller::Daemon } else { Caller::Service };
            let mut found = std::mem::take(self.diagnostics);
            let placement = self.placement(caller, strategies, constraints, source, at);
            std::mem::swap(self.diagnostics, &mut found);
            // What has no place in this call is about what an earlier one wrote, and was said there.
            self.diagnostics.extend(found.into_iter().filter(|diagnostic| diagnostic.span() != Some(at.span())));
            Some(placement)
        } else {
            None
        };
        let policy = self.definitions.deployment_policies.get(&service).and_then(|all| all.first());
        let by_ecs = policy.is_none_or(|policy| policy.controller == DeploymentController::Ecs);
        if let Some(volumes) = &given.volume_configurations {
            let runs = given.task_definition.as_deref().or(before.task_definition);
            let place = at.clone().key("taskDefinition");
            let runs = runs.and_then(|name| self.find_task_definition(name, &place));
            let runs = runs.map_or(source, |id| self.source_of(id));
            self.check_volumes(volumes, runs, daemon, by_ecs, at);
        }
        if let Some(configuration) = configuration.filter(|_| !by_ecs) {
            self.fixed_percents(configuration, &at.clone().key("deploymentConfiguration"));
        }
        let healthy_percent = configuration.filter(|_| by_ecs).map(|configuration| {
            let written = merged(&before.configuration, configuration);
            (
                written.minimum_healthy_percent.unwrap_or(known.minimum_healthy_percent),
                written.maximum_percent.unwrap_or(known.maximum_percent),
            )
        });
        if let Some((minimum, maximum)) = healthy_percent.filter(|(minimum, maximum)| minimum > maximum) {
            let message = format!("minimumHealthyPercent {minimum} exceeds maximumPercent {maximum}");
            let place = at.clone().key("deploymentConfiguration");
            let help = "at least as many tasks may live as must be healthy (SVC-003)";
            self.error(&place, "E347", message, Some(help.into()));
        }
        let capacity = given.capacity_provider_strategy.as_ref().map(|strategy| {
            let demand = Demand {
                launch_type: None,
                strategy,
                platform_version: given.platform_version.as_deref(),
                placed: Placed {
                    strategies: given.placement_strategy.as_deref().unwrap_or(before.strategies),
                    constraints: given.placement_constraints.as_deref().unwrap_or(before.constraints),
                },
                daemon,
                since,
            };
            self.updated_capacity(&demand, (known.launch_type, known.strategy), source, at)
        });
        let policy = configuration.and_then(|configuration| {
            let place = at.clone().key("deploymentConfiguration");
            self.updated_policy(service, &merged(&before.configuration, configuration), &place)
        });
        let update = Call::UpdateService {
            capacity,
            service,
            desired_count: given.desired_count,
            placement,
            healthy_percent,
            rebalancing: given.availability_zone_rebalancing.map(|value| value == aws::Enabled::Enabled),
            grace: given.health_check_grace_period_seconds.map(|seconds| {
                let balanced = !known.revisions[0].target_groups.is_empty();
                self.grace_period(Some(seconds), balanced, at)
            }),
        };
        let force = given.force_new_deployment == Some(true);
        if deploys.is_none() && !force && policy.is_none() {
            return Some(update);
        }
        Some(Call::Deploy { update: Box::new(update), service, revision: deploys, force, policy })
    }

    /// What an update may not bring where somebody else deploys (DEP-070, DEP-082).
    fn check_controller(&mut self, given: &aws::UpdateService, service: ecsim_cluster::ServiceId, at: &Locator<'a>) {
        let policies = self.definitions.deployment_policies.get(&service).and_then(|all| all.first());
        let help = match policies.map(|policy| policy.controller) {
            Some(DeploymentController::CodeDeploy { .. }) => "deploy with `createDeployment` (DEP-070)",
            Some(DeploymentController::External) => "create a task set with `createTaskSet` (DEP-082)",
            _ => return,
        };
        for (key, present) in [
            ("taskDefinition", given.task_definition.is_some()),
            ("networkConfiguration", given.network_configuration.is_some()),
            ("forceNewDeployment", given.force_new_deployment == Some(true)),
            ("vpcLatticeConfigurations", given.vpc_lattice_configurations.is_some()),
            ("monitoring", given.monitoring.is_some()),
        ] {
            if present {
                let message = format!("UpdateService cannot have `{key}` with this deployment controller");
                self.error(&at.clone().key(key), "E353", message, Some(help.into()));
            }
        }
    }

    /// The revision that an update deploys, where it says something that a revision consists of (SVC-060).
    fn deployed_revision(
        &mut self,
        given: &'a aws::UpdateService,
        before: &LastWritten<'a>,
        service: ecsim_cluster::ServiceId,
        at: &Locator<'a>,
    ) -> Option<u32> {
        let nothing = given.task_definition.is_none()
            && given.network_configuration.is_none()
            && given.service_connect_configuration.is_none()
            && given.load_balancers.is_none()
            && given.service_registries.is_none()
            && given.platform_version.is_none()
            && !RevisionExtras::are_in(given);
        let connect = given.service_connect_configuration.as_ref().or(before.connect);
        if nothing {
            return None;
        }
        let place = at.clone().key("taskDefinition");
        let definition = given.task_definition.as_deref().or(before.task_definition)?;
        let id = self.find_task_definition(definition, &place)?;
        let mut extra = Vec::new();
        if given.enable_execute_command.unwrap_or(before.execute_command) {
            extra.push("ecs.capability.execute-command");
        }
        if connect.is_some_and(|connect| connect.enabled) {
            extra.push("ecs.capability.service-connect-v1");
        }
        let task_definition = self.requiring(id, &extra);
        let network = given.network_configuration.as_ref().or(before.network);
        let subnets = self.subnets(network, task_definition, at);
        let balancers = given.load_balancers.as_deref().unwrap_or(before.balancers);
        let registries = given.service_registries.as_deref().unwrap_or(before.registries);
        let (target_groups, routing) = self.routing(balancers, registries, connect, id, at);
        let revisions = &mut self.definitions.services[service].revisions;
        let platform_version = given.platform_version.as_deref().or(before.platform).map(str::to_owned);
        let extras = before.extras.updated(given).fingerprint();
        let revision = ServiceRevision { task_definition, subnets, target_groups, routing, platform_version, extras };
        // The same one again is the same: only a change of it starts a deployment.
        let found = revisions.iter().position(|known| *known == revision);
        let at = found.unwrap_or_else(|| {
            revisions.push(revision);
            revisions.len() - 1
        });
        u32::try_from(at).ok()
    }

    fn instance(&mut self, name: &str, at: &Locator<'a>) -> Option<InstanceId> {
        let found = self.instance_ids.get(name).copied();
        if found.is_none() && !self.fleet_incomplete {
            let known: Vec<&str> = self.instance_ids.keys().map(String::as_str).collect();
            let launchers = self.launchers();
            let first = launchers.first().map(|owner| {
                format!("instances that are launched are called {owner}-1, {owner}-2 and so on; by a group or provider")
            });
            let help = did_you_mean(name, &known).or(first);
            let message = format!("unknown container instance `{}`", shown(name));
            self.error(at, "E301", message, help);
        }
        found
    }

    /// The instances of an entry of `containerInstances`: `web` for web-1, web-2, ... where no instance is called so.
    fn members_of(&self, name: &str) -> Option<Vec<InstanceId>> {
        if self.instance_ids.contains_key(name) { None } else { self.entry_members.get(name).cloned() }
    }

    /// Whether a name is one that a group or Managed Instances provider gives to an instance it launches: `NAME-3`.
    fn is_launched_name(&self, name: &str) -> bool {
        let Some((owner, ordinal)) = name.rsplit_once('-') else { return false };
        let is_ordinal = ordinal.parse::<u32>().is_ok_and(|number| number > 0 && !ordinal.starts_with(['0', '+']));
        is_ordinal && self.launches_as(owner)
    }

    /// Instances by name: of the fixed fleet, or launched during the run.
    fn named_instances(&mut self, names: &[String], at: &Locator<'a>) -> InstanceSelector {
        let many = names.len() > 1;
        let mut found = Vec::new();
        let mut launched = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let place = if many { at.clone().index(index) } else { at.clone() };
            match self.members_of(name) {
                Some(members) => found.extend(members),
                None if !self.instance_ids.contains_key(name) && self.is_launched_name(name) => {
                    launched.push(name.clone());
                }
                None => found.extend(self.instance(name, &place)),
            }
        }
        if launched.is_empty() {
            return InstanceSelector::Named(found);
        }
        launched.extend(found.into_iter().map(|id| self.definitions.instances[id].name.clone()));
        InstanceSelector::Launched(launched)
    }

    /// Instances that a call of the timeline names one by one, as far as they are known before the run.
    fn names_at_most(selector: &InstanceSelector) -> usize {
        match selector {
            InstanceSelector::Named(names) => names.len(),
            InstanceSelector::Launched(names) => names.len(),
            InstanceSelector::Any(several) => several.iter().map(Self::names_at_most).sum(),
            InstanceSelector::Filter { .. } => 0,
        }
    }

    /// A zone of this scenario.
    pub(super) fn known_zone(&mut self, name: &str, at: &Locator<'a>) -> Option<ZoneId> {
        let found = self.definitions.zones.get(name);
        if found.is_none() {
            let known: Vec<String> = self.definitions.zones.iter().map(|(_, name)| name.to_owned()).collect();
            self.unknown(at, "zone of this scenario", name, known.iter().map(String::as_str));
        }
        found
    }

    pub(super) fn instance_selector(
        &mut self,
        given: &schema::InstanceSelector,
        at: &Locator<'a>,
    ) -> Option<InstanceSelector> {
        match given {
            schema::InstanceSelector::Names(names) => Some(self.named_instances(names, at)),
            schema::InstanceSelector::Any(several) => {
                let mut found = Vec::new();
                for (index, one) in several.iter().enumerate() {
                    found.push(self.instance_selector(one, &at.clone().index(index)));
                }
                Some(InstanceSelector::Any(found.into_iter().collect::<Option<Vec<_>>>()?))
            }
            schema::InstanceSelector::Filter(filter) => {
                let zone = match &filter.availability_zone {
                    None => None,
                    Some(name) => Some(self.known_zone(name, &at.clone().key("availabilityZone"))?),
                };
                let (group, provider) = self.capacity_filter(filter, at)?;
                let expression = match &filter.filter {
                    None => None,
                    Some(text) => {
                        let place = at.clone().key("filter");
                        let expression = self.expression(text, &place)?;
                        self.check_expression(&expression, &place);
                        Some(expression)
                    }
                };
                let name_prefix = match &filter.name {
                    None => None,
                    Some(name) if self.instance_ids.contains_key(name) => Some(name.clone()),
                    // All of an entry: what its instances' names have in common is the entry's and a hyphen.
                    Some(name) if self.entry_members.contains_key(name) => Some(format!("{name}-")),
                    Some(name) if self.is_launched_name(name) => Some(name.clone()),
                    Some(name) => {
                        self.instance(name, &at.clone().key("name"));
                        return None;
                    }
                };
                Some(InstanceSelector::Filter {
                    zone,
                    instance_type: filter.instance_type.clone(),
                    name_prefix,
                    group,
                    provider,
                    market: filter.market.map(|market| match market {
                        schema::Market::OnDemand => Market::OnDemand,
                        schema::Market::Spot => Market::Spot,
                    }),
                    empty: filter.empty,
                    attribute: filter.attribute.as_ref().map(|attribute| {
                        let name = self.definitions.attributes.intern(&attribute.name);
                        (name, attribute.value.as_ref().map(|value| self.definitions.values.intern(value.as_str())))
                    }),
                    expression,
                    count: filter.count,
                    random: filter.pick == schema::Pick::Random,
                })
            }
        }
    }

    pub(super) fn task_selector(&mut self, given: &schema::TaskSelector, at: &Locator<'a>) -> Option<TaskSelector> {
        let nothing = given.service.is_none()
            && given.group.is_none()
            && given.started_by.is_none()
            && given.container_instance.is_none()
            && given.capacity_provider.is_none();
        if nothing {
            self.error(
                at,
                "E374",
                "which tasks?",
                Some("name a service, group, startedBy, containerInstance or capacityProvider".into()),
            );
            return None;
        }
        let launched = given
            .container_instance
            .clone()
            .filter(|name| !self.instance_ids.contains_key(name) && self.is_launched_name(name));
        Some(TaskSelector {
            service: match &given.service {
                Some(name) => Some(self.find_service(name, &at.clone().key("service"))?),
                None => None,
            },
            group: given.group.as_ref().map(|name| self.definitions.groups.intern(name)),
            started_by: given.started_by.as_ref().map(|text| self.definitions.texts.intern(text)),
            instance: match given.container_instance.as_ref().filter(|_| launched.is_none()) {
                Some(name) => Some(self.instance(name, &at.clone().key("containerInstance"))?),
                None => None,
            },
            launched,
            provider: match &given.capacity_provider {
                Some(name) => Some(self.find_provider(name, &at.clone().key("capacityProvider"))?),
                None => None,
            },
            source: None,
            count: match given.count {
                Count::Number(number) => Some(number),
                Count::All => None,
            },
            newest: given.which == schema::Which::Newest,
        })
    }
}
