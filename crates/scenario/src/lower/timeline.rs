//! What an operator or fate does: each entry of the timeline becomes a call.

use ecsim_cluster::{InstanceId, InstanceStatus};
use ecsim_engine::model::{Arrivals, Call, InstanceSelector, SourceModel, TaskSelector, WhenUnplaced};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::placement::constraints::query::attributes;

use super::placement::Caller;
use super::{Context, did_you_mean};
use crate::document::Locator;
use crate::schema::timeline::TargetStatus;
use crate::schema::{self, Action, Count, TimelineEntry, aws};

/// Default of `expiresInMinutes` (SVC-028).
const PROTECTION_MINUTES: u32 = 120;
/// At most that (SVC-028).
const MOST_PROTECTION_MINUTES: u32 = 2_880;

impl<'a> Context<'a> {
    /// Every entry, in the order of the file.
    pub(super) fn lower_timeline(&mut self) {
        let scenario = self.scenario;
        for (index, entry) in scenario.timeline.iter().enumerate() {
            let at = self.at("timeline").index(index);
            if entry.at.0 > scenario.simulation.duration.0 {
                self.warning(&at.clone().key("at"), "W370", "this lies after the end of the run", None);
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
            if let Some(call) = self.timeline_call(action, name, &place) {
                self.calls.push((time, call));
            }
        }
    }

    fn timeline_call(&mut self, action: Action<'_>, name: String, at: &Locator<'a>) -> Option<Call> {
        let instances_at = at.clone().key("containerInstances");
        Some(match action {
            Action::RunTask(given) => {
                let template = self.run_task_template(given, at)?;
                let count = self.run_task_count(given.count, at);
                let model = SourceModel {
                    template,
                    arrivals: Arrivals::Never,
                    count,
                    duration: None,
                    when_unplaced: WhenUnplaced::Drop,
                };
                Call::RunTask { source: self.source(name, given.started_by.clone(), model) }
            }
            Action::StartTask(given) => self.start_task(given, name, at)?,
            Action::StopTask(given) => Call::StopTask {
                tasks: self.task_selector(&given.task, &at.clone().key("task"))?,
                reason: given.reason.as_ref().map(|text| self.definitions.texts.intern(text)),
            },
            Action::CreateService(given) => {
                Call::CreateService { service: self.find_service(&given.service_name, &at.clone().key("serviceName"))? }
            }
            Action::UpdateService(given) => self.update_service(given, at)?,
            Action::DeleteService(given) => Call::DeleteService {
                service: self.find_service(&given.service, &at.clone().key("service"))?,
                force: given.force.unwrap_or(false),
            },
            Action::UpdateContainerInstancesState(given) => {
                let instances = self.instance_selector(&given.container_instances, &instances_at)?;
                let most = self.scenario.settings.update_state_instances as usize;
                if let InstanceSelector::Named(names) = &instances {
                    if names.len() > most {
                        let message = format!("InvalidParameterException: {} container instances, at most {most} in one call (INS-003)", names.len());
                        self.error(&instances_at, "E330", message, None);
                    }
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
                    let message = format!("{} attributes, at most {} in one call (CQL-017)", given.attributes.len(), attributes::ATTRIBUTES_PER_CALL_LIMIT);
                    self.error(&at.clone().key("attributes"), "E330", message, None);
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
                instances: InstanceSelector::Named(vec![
                    self.instance(&given.container_instance, &at.clone().key("containerInstance"))?,
                ]),
                force: given.force.unwrap_or(false),
            },
            Action::UpdateTaskProtection(given) => {
                let minutes = given.expires_in_minutes.unwrap_or(PROTECTION_MINUTES);
                if !(1..=MOST_PROTECTION_MINUTES).contains(&minutes) {
                    let message = format!("{minutes} minutes; 1 to {MOST_PROTECTION_MINUTES} are possible");
                    self.error(&at.clone().key("expiresInMinutes"), "E372", message, None);
                }
                Call::UpdateTaskProtection {
                    tasks: self.task_selector(&given.task, &at.clone().key("task"))?,
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
        })
    }

    /// `StartTask`: at most ten instances; an unknown one is `MISSING` at AWS, a slip here (PLC-059, QTA-009).
    fn start_task(&mut self, given: &aws::StartTask, name: String, at: &Locator<'a>) -> Option<Call> {
        let as_run_task = aws::RunTask {
            task_definition: given.task_definition.clone(),
            group: given.group.clone(),
            started_by: given.started_by.clone(),
            overrides: given.overrides.clone(),
            network_configuration: given.network_configuration.clone(),
            enable_execute_command: given.enable_execute_command,
            ..aws::RunTask::default()
        };
        let template = self.run_task_template(&as_run_task, at)?;
        let instances_at = at.clone().key("containerInstances");
        let schema::InstanceSelector::Names(names) = &given.container_instances else {
            self.error(&instances_at, "E373", "StartTask names its container instances", Some("write a list of names".into()));
            return None;
        };
        let most = self.scenario.settings.start_task_instances as usize;
        if names.len() > most {
            let message = format!("InvalidParameterException: {} container instances, at most {most} in one call (QTA-009)", names.len());
            self.error(&instances_at, "E330", message, None);
        }
        let mut instances = Vec::new();
        for (index, instance) in names.iter().enumerate() {
            let found = self.instance_ids.get(instance).copied();
            if found.is_none() {
                let known: Vec<&str> = self.instance_ids.keys().map(String::as_str).collect();
                let help = did_you_mean(instance, &known);
                let message = format!("no container instance is called `{instance}`: StartTask will answer MISSING (PLC-059)");
                self.warning(&instances_at.clone().index(index), "W373", message, help);
            }
            instances.push(found);
        }
        let model = SourceModel {
            template,
            arrivals: Arrivals::Never,
            count: 1,
            duration: None,
            when_unplaced: WhenUnplaced::Drop,
        };
        let source = self.source(name, given.started_by.clone(), model);
        Some(Call::StartTask { source, instances })
    }

    /// `null` keeps, `[]` clears (PLC-060).
    fn update_service(&mut self, given: &aws::UpdateService, at: &Locator<'a>) -> Option<Call> {
        let service = self.find_service(&given.service, &at.clone().key("service"))?;
        let known = self.definitions.services[service].clone();
        let source = self.source_of(known.task_definition);
        for (key, present) in [
            ("taskDefinition", given.task_definition.is_some()),
            ("forceNewDeployment", given.force_new_deployment == Some(true)),
        ] {
            if present {
                self.warning(&at.clone().key(key), "W360", format!("`{key}` is accepted, but this version does not simulate deployments"), None);
            }
        }
        let daemon = known.scheduling == ecsim_cluster::definitions::SchedulingStrategy::Daemon;
        if daemon && given.desired_count.is_some() {
            let message = "The daemon scheduling strategy does not support a desired count for services";
            self.error(&at.clone().key("desiredCount"), "E353", message, None);
        }
        let placement = if given.placement_strategy.is_some() || given.placement_constraints.is_some() {
            // What is not named keeps its value: the service's own text, as created.
            let written = self.written_service(&known.name);
            let strategies = given.placement_strategy.clone().unwrap_or_else(|| {
                written.map(|service| service.placement_strategy.clone()).unwrap_or_default()
            });
            let constraints = given.placement_constraints.clone().unwrap_or_else(|| {
                written.map(|service| service.placement_constraints.clone()).unwrap_or_default()
            });
            let caller = if daemon { Caller::Daemon } else { Caller::Service };
            Some(self.placement(caller, &strategies, &constraints, source, at))
        } else {
            None
        };
        let healthy_percent = given.deployment_configuration.as_ref().map(|configuration| {
            (
                configuration.minimum_healthy_percent.unwrap_or(known.minimum_healthy_percent),
                configuration.maximum_percent.unwrap_or(known.maximum_percent),
            )
        });
        Some(Call::UpdateService {
            service,
            desired_count: given.desired_count,
            placement,
            healthy_percent,
            rebalancing: given.availability_zone_rebalancing.map(|value| value == aws::Enabled::Enabled),
        })
    }

    fn written_service(&self, name: &str) -> Option<&'a aws::Service> {
        let scenario = self.scenario;
        let created = scenario.timeline.iter().filter_map(|entry| entry.create_service.as_ref());
        scenario.services.iter().chain(created).find(|service| service.service_name == name)
    }

    fn instance(&mut self, name: &str, at: &Locator<'a>) -> Option<InstanceId> {
        let found = self.instance_ids.get(name).copied();
        if found.is_none() {
            let known: Vec<String> = self.instance_ids.keys().cloned().collect();
            self.unknown(at, "container instance", name, known.iter().map(String::as_str));
        }
        found
    }

    fn instance_selector(&mut self, given: &schema::InstanceSelector, at: &Locator<'a>) -> Option<InstanceSelector> {
        match given {
            schema::InstanceSelector::Names(names) => {
                let many = names.len() > 1;
                let mut found = Vec::new();
                for (index, name) in names.iter().enumerate() {
                    let place = if many { at.clone().index(index) } else { at.clone() };
                    // `web` means web-1, web-2, ... where no instance is called so.
                    if !self.instance_ids.contains_key(name) {
                        let members = self.members_of(name);
                        if !members.is_empty() {
                            found.extend(members);
                            continue;
                        }
                    }
                    found.push(self.instance(name, &place)?);
                }
                Some(InstanceSelector::Named(found))
            }
            schema::InstanceSelector::Filter(filter) => {
                let zone = match &filter.availability_zone {
                    None => None,
                    Some(name) => match self.definitions.zones.get(name) {
                        Some(zone) => Some(zone),
                        None => {
                            let known: Vec<String> = self.definitions.zones.iter().map(|(_, name)| name.to_owned()).collect();
                            self.unknown(&at.clone().key("availabilityZone"), "zone of this scenario", name, known.iter().map(String::as_str));
                            return None;
                        }
                    },
                };
                let expression = match &filter.filter {
                    None => None,
                    Some(text) => Some(self.expression(text, &at.clone().key("filter"))?),
                };
                Some(InstanceSelector::Filter {
                    zone,
                    instance_type: filter.instance_type.clone(),
                    name_prefix: filter.name.clone(),
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

    /// The instances of an entry that has several: `web` for web-1, web-2, ...
    fn members_of(&self, stem: &str) -> Vec<InstanceId> {
        let prefix = format!("{stem}-");
        let mut members: Vec<InstanceId> = self
            .instance_ids
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix))
            .filter(|(name, _)| name[prefix.len()..].chars().all(|c| c.is_ascii_digit()))
            .map(|(_, id)| *id)
            .collect();
        members.sort_unstable();
        members
    }

    fn task_selector(&mut self, given: &schema::TaskSelector, at: &Locator<'a>) -> Option<TaskSelector> {
        let nothing = given.service.is_none()
            && given.group.is_none()
            && given.started_by.is_none()
            && given.container_instance.is_none();
        if nothing {
            self.error(at, "E374", "which tasks?", Some("name a service, group, startedBy or containerInstance".into()));
            return None;
        }
        Some(TaskSelector {
            service: match &given.service {
                Some(name) => Some(self.find_service(name, &at.clone().key("service"))?),
                None => None,
            },
            group: given.group.as_ref().map(|name| self.definitions.groups.intern(name)),
            started_by: given.started_by.as_ref().map(|text| self.definitions.texts.intern(text)),
            instance: match &given.container_instance {
                Some(name) => Some(self.instance(name, &at.clone().key("containerInstance"))?),
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
