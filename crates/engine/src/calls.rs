//! API calls of the timeline become facts, or a refusal of the whole call as a fact (QTA-030).

use std::collections::BTreeSet;
use std::sync::Arc;

use ecsim_cluster::definitions::{LaunchType, SchedulingStrategy};
use ecsim_cluster::fact::{CallError, StartTaskFailure, TaskOrigin};
use ecsim_cluster::{
    AttributeId, CallId, Fact, InstanceId, InstanceStatus, ServiceStatus, SourceId, StopReason, TaskId, ValueId,
};
use ecsim_kernel::Key;
use ecsim_policies::placement::constraints::member_of;
use ecsim_policies::placement::{Request, fit};

mod capacity;
mod deployments;
mod scaling;

use crate::execute::NewTask;
use crate::model::{Call, InstanceSelector, TaskSelector};
use crate::purposes;
use crate::simulation::{Simulation, Step};

impl Step<'_> {
    /// A call of the timeline is made.
    pub(crate) fn call(&mut self, id: CallId) {
        if let Err(error) = self.try_call(id) {
            self.emit(Fact::CallRefused { call: id, error });
        }
    }

    fn try_call(&mut self, id: CallId) -> Result<(), CallError> {
        let model = Arc::clone(&self.sim.model);
        match &model.calls[id] {
            Call::RunTask { source } => {
                let template = &model.sources[*source].template;
                let on_instances = template.strategy.is_none() && template.launch_type != LaunchType::Fargate;
                let nobody = on_instances && self.sim.cluster.totals().registered_instances == 0;
                self.run_task(*source, model.sources[*source].count);
                // PLC-058: the copies count as unplaced, and the caller sees one exception.
                if nobody { Err(CallError::NoContainerInstances) } else { Ok(()) }
            }
            Call::StartTask { source, instances } => self.start_task(*source, instances),
            Call::StopTask { tasks, reason } => {
                let chosen = self.sim.select_tasks(tasks);
                if chosen.is_empty() {
                    return Err(CallError::NoSuchTask);
                }
                for task in chosen {
                    self.stop_task(task, StopReason::UserInitiated(*reason));
                }
                Ok(())
            }
            Call::UpdateService { .. } => self.update_service(&model.calls[id]),
            Call::Deploy { update, service, revision, force, policy } => {
                self.update_service(update)?;
                self.deploy(*service, *revision, *force, *policy);
                Ok(())
            }
            Call::CreateTaskSet { service, revision, scale } => self.create_task_set(*service, *revision, *scale),
            Call::ScaleTaskSet { service, deployment, scale, deleted } => {
                self.scale_task_set(*service, *deployment, *scale, *deleted)
            }
            Call::SetPrimaryTaskSet { service, deployment } => self.set_primary_task_set(*service, *deployment),
            Call::StopServiceDeployment { service, how } => {
                let deployment = self.sim.deployment_in_progress(*service)?;
                self.emit(Fact::DeploymentStopAsked { service: *service, deployment, how: *how });
                self.emit(Fact::ServiceUpdated { service: *service });
                Ok(())
            }
            Call::ContinueServiceDeployment { service, proceed } => {
                let deployment = self.sim.deployment_in_progress(*service)?;
                self.emit(Fact::DeploymentAnswered { service: *service, deployment, proceed: *proceed });
                self.emit(Fact::ServiceUpdated { service: *service });
                Ok(())
            }
            Call::CreateService { service } => {
                if self.sim.cluster.services()[*service].status != ServiceStatus::Absent {
                    return Err(CallError::ServiceNotActive { service: *service });
                }
                self.emit(Fact::ServiceStatusChanged { service: *service, to: ServiceStatus::Active });
                Ok(())
            }
            Call::DeleteService { service, force } => {
                let row = &self.sim.cluster.services()[*service];
                if row.status != ServiceStatus::Active {
                    return Err(CallError::ServiceNotActive { service: *service });
                }
                // The API asks for `force` only where the service is REPLICA: a daemon's count is not its owner's.
                let counted = model.definitions.services[*service].scheduling == SchedulingStrategy::Daemon;
                if row.desired_count > 0 && !force && !counted {
                    return Err(CallError::ServiceNotScaledDown { service: *service });
                }
                self.emit(Fact::ServiceStatusChanged { service: *service, to: ServiceStatus::Draining });
                Ok(())
            }
            Call::UpdateContainerInstancesState { instances, status } => {
                self.update_instances_state(id, instances, *status)
            }
            Call::PutAttributes { instances, attributes } => {
                let chosen = self.sim.select_registered(id, instances)?;
                for instance in &chosen {
                    self.sim.check_attribute_limit(*instance, attributes)?;
                }
                for instance in chosen {
                    for (attribute, value) in attributes {
                        self.emit(Fact::AttributePut { instance, attribute: *attribute, value: *value });
                    }
                }
                Ok(())
            }
            Call::DeleteAttributes { instances, attributes } => {
                for instance in self.sim.select_registered(id, instances)? {
                    for attribute in attributes {
                        self.emit(Fact::AttributeDeleted { instance, attribute: *attribute });
                    }
                }
                Ok(())
            }
            Call::DeregisterContainerInstance { instances, force } => {
                self.deregister_container_instances(id, instances, *force)
            }
            Call::TerminateInstances { instances } => {
                for instance in self.sim.select_some(id, instances)? {
                    self.shut_down(instance, ecsim_cluster::fact::TerminationReason::User);
                }
                Ok(())
            }
            Call::StopInstances { instances } => {
                for instance in self.sim.select_some(id, instances)? {
                    self.stop_host(instance);
                    self.notice_health(instance);
                }
                Ok(())
            }
            Call::StartInstances { instances } => {
                for instance in self.sim.select_some(id, instances)? {
                    self.start_host(instance);
                }
                Ok(())
            }
            Call::DisconnectAgent { instances, duration } => {
                for instance in self.sim.select_some(id, instances)? {
                    self.disconnect_agent(instance, *duration);
                }
                Ok(())
            }
            Call::ConnectAgent { instances } => {
                for instance in self.sim.select_some(id, instances)? {
                    self.connect_agent(instance);
                }
                Ok(())
            }
            Call::UpdateTaskProtection { tasks, protect_for } => {
                let chosen = self.sim.select_tasks(tasks);
                if chosen.is_empty() {
                    return Err(CallError::NoSuchTask);
                }
                let until = protect_for.map(|span| self.sim.now + span);
                for task in chosen {
                    self.emit(Fact::TaskProtectionChanged { task, until });
                }
                Ok(())
            }
            Call::SetAlarmState { .. }
            | Call::SetAlarmActions { .. }
            | Call::RegisterScalableTarget { .. }
            | Call::DeregisterScalableTarget { .. } => self.scaling_call(id),
            _ => self.capacity_call(id),
        }
    }

    /// `StartTask` bypasses strategies and constraints; the other checks apply (PLC-059).
    fn start_task(&mut self, source: SourceId, instances: &[Option<InstanceId>]) -> Result<(), CallError> {
        let model = Arc::clone(&self.sim.model);
        let limit = model.settings.start_task_instances;
        let named = u32::try_from(instances.len()).unwrap_or(u32::MAX);
        if named > limit {
            return Err(CallError::TooManyInstances { named, limit });
        }
        let first = self.sim.clients.sources[source].asked;
        self.sim.clients.sources[source].asked += named;
        self.emit(Fact::TaskRequested { source, ordinal: first, count: named });
        let template = &model.sources[source].template;
        for (offset, instance) in instances.iter().enumerate() {
            let ordinal = first + u32::try_from(offset).unwrap_or(u32::MAX);
            let request = Request {
                definition: template.definition,
                requirements: template.requirements,
                group: template.group,
                placement: template.placement,
                launch_type: template.launch_type,
                subnets: &template.subnets,
                zone: None,
                is_daemon: false,
                provider: None,
            };
            let failure = match instance {
                None => Err(StartTaskFailure::Missing),
                Some(instance) => fit::check_start_task(&self.sim.view(), &request, *instance).map(|()| *instance),
            };
            match failure {
                Ok(instance) => {
                    let key = self.sim.keys.sources[source].with(u64::from(ordinal));
                    let subnet = self.choose_subnet(&template.subnets, instance, template.requirements.eni, key);
                    let new = NewTask {
                        definition: template.definition,
                        group: template.group,
                        origin: TaskOrigin::Source { source, ordinal },
                        placement: template.placement,
                        launch_type: template.launch_type,
                        provider: None,
                        requirements: template.requirements,
                    };
                    self.create_task(new, Some(instance), subnet);
                }
                Err(failure) => {
                    let instance = instance.unwrap_or(InstanceId::new(u32::MAX));
                    self.emit(Fact::StartTaskFailed { source, ordinal, instance, failure });
                    self.emit(Fact::RequestDropped { source, ordinal });
                }
            }
        }
        Ok(())
    }

    fn update_service(&mut self, call: &Call) -> Result<(), CallError> {
        let Call::UpdateService { service, desired_count, placement, healthy_percent, rebalancing, capacity, grace } =
            call
        else {
            return Ok(());
        };
        let service = *service;
        let row = &self.sim.cluster.services()[service];
        if row.status != ServiceStatus::Active {
            return Err(CallError::ServiceNotActive { service });
        }
        let limit = self.sim.model.settings.tasks_per_service;
        if desired_count.is_some_and(|count| count > limit) {
            return Err(CallError::TooManyTasks { limit });
        }
        // AZR-003: a stored ENABLED stands in the way of maximumPercent <= 100 unless DISABLED comes with it.
        let enabled = rebalancing.unwrap_or(row.availability_zone_rebalancing);
        let maximum = healthy_percent.map_or(row.maximum_percent, |(_, maximum)| maximum);
        if enabled && maximum <= 100 {
            return Err(CallError::RebalancingNotPossible { service });
        }
        if let Some((strategy, launch_type)) = *capacity {
            self.set_service_capacity(service, strategy, launch_type)?;
        }
        if let Some((minimum, maximum)) = *healthy_percent {
            self.emit(Fact::HealthyPercentChanged { service, minimum, maximum });
        }
        if let Some(placement) = *placement {
            self.emit(Fact::ServicePlacementChanged { service, placement });
        }
        if let Some(enabled) = *rebalancing {
            self.emit(Fact::RebalancingChanged { service, enabled });
        }
        if let Some(to) = *grace {
            self.grace_period_changes(service, to);
        }
        if let Some(to) = *desired_count {
            self.set_desired_count(service, to);
        }
        self.emit(Fact::ServiceUpdated { service });
        Ok(())
    }

    /// Only ACTIVE and DRAINING, at most ten instances a call, DRAINING only from ACTIVE (INS-003, DRN-001). Either all
    /// change or none.
    fn update_instances_state(
        &mut self,
        id: CallId,
        instances: &InstanceSelector,
        to: InstanceStatus,
    ) -> Result<(), CallError> {
        let chosen = self.sim.select_some(id, instances)?;
        let limit = self.sim.model.settings.update_state_instances;
        let named = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
        if named > limit {
            return Err(CallError::TooManyInstances { named, limit });
        }
        for instance in &chosen {
            let status = self.sim.cluster.instances()[*instance].status;
            let allowed = match to {
                InstanceStatus::Draining => status == InstanceStatus::Active,
                _ => status.is_registered(),
            };
            if !allowed {
                return Err(CallError::InstanceState { instance: *instance, status });
            }
        }
        for instance in chosen {
            if self.sim.cluster.instances()[instance].status != to {
                self.emit(Fact::InstanceStatusChanged { instance, to });
            }
        }
        Ok(())
    }

    /// INS-008: with tasks it needs `force`; they go on running, but ECS no longer counts them. Either all instances are
    /// deregistered or none.
    fn deregister_container_instances(
        &mut self,
        id: CallId,
        instances: &InstanceSelector,
        force: bool,
    ) -> Result<(), CallError> {
        let chosen = self.sim.select_some(id, instances)?;
        for instance in chosen.iter().copied() {
            let row = &self.sim.cluster.instances()[instance];
            let status = row.status;
            if !status.may_become(InstanceStatus::Inactive) || status == InstanceStatus::Deregistering {
                return Err(CallError::InstanceState { instance, status });
            }
            if !row.tasks.is_empty() && !force {
                return Err(CallError::TasksStillRunning { instance });
            }
        }
        for instance in chosen {
            self.lose_tasks(instance, StopReason::HostDeregistered(instance));
            self.deregister(instance);
        }
        Ok(())
    }
}

impl Simulation {
    pub(crate) fn schedule_services(&mut self) {
        for (service, definition) in self.model.clone().definitions.services.iter() {
            if definition.exists_at_start {
                self.schedule(ecsim_kernel::SimTime::ZERO, crate::event::Event::ServiceExists(service));
            }
        }
    }

    /// At most so many custom attributes a resource (CQL-017, QTA-021); the built-in ones have a prefix of their own.
    fn check_attribute_limit(
        &self,
        instance: InstanceId,
        put: &[(AttributeId, Option<ValueId>)],
    ) -> Result<(), CallError> {
        let names = &self.model.definitions.attributes;
        let is_custom = |attribute: &AttributeId| {
            let name = names.name(*attribute);
            !name.starts_with("ecs.") && !name.starts_with("com.amazonaws.")
        };
        let held = self.cluster.instances()[instance].attributes.iter().map(|(attribute, _)| *attribute);
        let all: BTreeSet<AttributeId> =
            held.chain(put.iter().map(|(attribute, _)| *attribute)).filter(is_custom).collect();
        if all.len() > self.model.settings.custom_attributes_per_resource as usize {
            return Err(CallError::AttributeLimitExceeded { instance });
        }
        Ok(())
    }

    /// The same where ECS must know all of them.
    fn select_registered(&self, call: CallId, selector: &InstanceSelector) -> Result<Vec<InstanceId>, CallError> {
        let chosen = self.select_some(call, selector)?;
        for instance in &chosen {
            let status = self.cluster.instances()[*instance].status;
            if !status.is_registered() {
                return Err(CallError::InstanceState { instance: *instance, status });
            }
        }
        Ok(chosen)
    }

    pub(crate) fn select_some(&self, call: CallId, selector: &InstanceSelector) -> Result<Vec<InstanceId>, CallError> {
        let chosen = self.select_instances(call, selector);
        if chosen.is_empty() { Err(CallError::NoSuchInstance) } else { Ok(chosen) }
    }

    /// The instances that ECS or a group knows, in the order of their ids.
    fn known(&self) -> impl Iterator<Item = &ecsim_cluster::Instance> {
        let members = self.cluster.groups().values().flat_map(|group| &group.instances).copied();
        let all: BTreeSet<InstanceId> = self.cluster.present().map(|row| row.id).chain(members).collect();
        all.into_iter().map(|id| &self.cluster.instances()[id])
    }

    /// The instances a call means, in ordinal order.
    fn select_instances(&self, call: CallId, selector: &InstanceSelector) -> Vec<InstanceId> {
        let InstanceSelector::Filter {
            zone,
            instance_type,
            name_prefix,
            group,
            provider,
            market,
            empty,
            attribute,
            expression,
            count,
            random,
        } = selector
        else {
            return match selector {
                InstanceSelector::Named(ids) => ids.clone(),
                InstanceSelector::Launched(names) => {
                    let named = |row: &&ecsim_cluster::Instance| names.iter().any(|name| **name == *row.name);
                    self.known().filter(named).map(|row| row.id).collect()
                }
                InstanceSelector::Any(several) => {
                    let chosen = several.iter().flat_map(|one| self.select_instances(call, one));
                    let mut chosen: Vec<InstanceId> = chosen.collect::<BTreeSet<_>>().into_iter().collect();
                    chosen.sort_by_key(|id| self.cluster.instances()[*id].ordinal());
                    chosen
                }
                InstanceSelector::Filter { .. } => Vec::new(),
            };
        };
        // A group's instances are the group's before ECS knows them.
        let of_group = group.is_some();
        let definitions = &self.model.definitions;
        let mut chosen: Vec<InstanceId> = self
            .known()
            .filter(|row| {
                (row.status.is_registered() || of_group && row.lifecycle.is_member())
                    && group.is_none_or(|group| row.group == Some(group) && row.lifecycle.is_member())
                    && provider.is_none_or(|provider| row.provider == Some(provider))
                    && market.is_none_or(|market| row.market == market)
                    && empty.is_none_or(|empty| self.is_empty(row) == empty)
                    && zone.is_none_or(|zone| row.zone == zone)
                    && instance_type.as_ref().is_none_or(|name| definitions.shapes[row.shape].instance_type == *name)
                    && name_prefix.as_ref().is_none_or(|prefix| row.name.starts_with(prefix.as_str()))
                    && attribute.is_none_or(|(name, value)| {
                        row.attribute(name).is_some_and(|held| value.is_none() || held == value)
                    })
                    && expression.as_ref().is_none_or(|expression| member_of::holds(definitions, expression, row))
            })
            .map(|row| row.id)
            .collect();
        chosen.sort_by_key(|id| self.cluster.instances()[*id].ordinal());
        if let Some(count) = count {
            let count = (*count as usize).min(chosen.len());
            if *random {
                let mut stream = self.streams.stream(purposes::SELECTOR, Key::new("call", u64::from(call.get())));
                for at in 0..count {
                    let other = at + usize::try_from(stream.below((chosen.len() - at) as u64)).unwrap_or(0);
                    chosen.swap(at, other);
                }
            }
            chosen.truncate(count);
        }
        chosen
    }

    /// Whether an instance has no task, those of DAEMON services apart.
    fn is_empty(&self, row: &ecsim_cluster::Instance) -> bool {
        row.tasks.iter().all(|task| {
            let service = self.cluster.task(*task).service();
            let daemon = SchedulingStrategy::Daemon;
            service.is_some_and(|service| self.model.definitions.services[service].scheduling == daemon)
        })
    }

    /// The live tasks a call means, oldest first unless it says otherwise.
    pub(crate) fn select_tasks(&self, selector: &TaskSelector) -> Vec<TaskId> {
        let definitions = &self.model.definitions;
        let matches = |task: &ecsim_cluster::Task| {
            task.is_live()
                && selector.service.is_none_or(|service| task.service() == Some(service))
                && selector.group.is_none_or(|group| task.group == group)
                && selector.instance.is_none_or(|instance| task.instance == Some(instance))
                && selector.launched.as_ref().is_none_or(|name| {
                    task.instance.is_some_and(|instance| *self.cluster.instances()[instance].name == **name)
                })
                && selector.provider.is_none_or(|provider| task.provider == Some(provider))
                && selector
                    .source
                    .is_none_or(|source| matches!(task.origin, TaskOrigin::Source { source: of, .. } if of == source))
                && selector.started_by.is_none_or(|text| match task.origin {
                    TaskOrigin::Source { source, .. } => definitions.sources[source].started_by == Some(text),
                    TaskOrigin::Service { .. } => false,
                })
        };
        let mut chosen: Vec<TaskId> =
            self.cluster.tasks().iter().filter(|task| matches(task)).map(|task| task.id).collect();
        chosen.sort_unstable();
        if selector.newest {
            chosen.reverse();
        }
        if let Some(count) = selector.count {
            chosen.truncate(count as usize);
        }
        chosen
    }
}
