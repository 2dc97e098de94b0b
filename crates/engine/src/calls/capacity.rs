//! Calls about groups, instances in them, capacity providers, and what fate does to capacity.

use std::sync::Arc;

use ecsim_cluster::capacity::{Process, Processes};
use ecsim_cluster::definitions::{LaunchOwner, LaunchType, ManagedScaling, ProviderKind};
use ecsim_cluster::fact::{CallError, RefreshStatus, TerminationReason};
use ecsim_cluster::scaling::Decision;
use ecsim_cluster::{
    AsgId, CallId, Fact, InstanceId, InstanceLifecycle, PolicyId, ProviderId, ProviderStatus, ServiceId, ServiceStatus,
    StrategyId,
};
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::capacity::spec::Hook;

use crate::event::Event;
use crate::model::Call;
use crate::simulation::Step;

impl Step<'_> {
    /// A call about capacity; every other kind was dealt with before.
    pub(super) fn capacity_call(&mut self, id: CallId) -> Result<(), CallError> {
        let model = Arc::clone(&self.sim.model);
        match &model.calls[id] {
            Call::UpdateAutoScalingGroup { .. } => self.update_group(&model.calls[id]),
            Call::SetDesiredCapacity { group, to } => {
                let row = &self.sim.cluster.groups()[*group];
                if row.clamp(*to) != *to {
                    return Err(CallError::GroupSize { min_size: row.min_size, max_size: row.max_size });
                }
                self.set_desired_capacity(*group, *to, Decision::User);
                Ok(())
            }
            Call::SetDesiredCapacityAfterCooldown { group, to } => {
                let row = &self.sim.cluster.groups()[*group];
                if row.clamp(*to) != *to {
                    return Err(CallError::GroupSize { min_size: row.min_size, max_size: row.max_size });
                }
                let cooldown = model.capacity.group(row).default_cooldown;
                let busy = row.counts.capacity != row.desired || row.counts.in_service != row.counts.capacity;
                if busy || row.activity_ended_at.is_some_and(|ended| ended + cooldown > self.sim.now) {
                    return Err(CallError::CooldownInEffect);
                }
                self.set_desired_capacity(*group, *to, Decision::User);
                Ok(())
            }
            Call::SetInstanceProtection { instances, protected } => {
                for instance in self.members(id, instances)? {
                    if self.sim.cluster.instances()[instance].protected_from_scale_in != *protected {
                        self.emit(Fact::InstanceProtectionChanged { instance, protected: *protected });
                    }
                }
                Ok(())
            }
            Call::SetInstanceHealth { instances, healthy, respects_grace } => {
                for instance in self.members(id, instances)? {
                    if *healthy || !respects_grace || !self.is_in_grace(instance) {
                        self.set_health(instance, *healthy);
                    }
                }
                Ok(())
            }
            Call::TerminateInGroup { instances, decrement } => {
                for instance in self.members(id, instances)? {
                    self.decrement(instance, *decrement);
                    self.terminate_instance(instance, TerminationReason::UserInGroup);
                }
                Ok(())
            }
            Call::EnterStandby { instances, decrement } => {
                for instance in self.members(id, instances)? {
                    if self.sim.cluster.instances()[instance].lifecycle == InstanceLifecycle::InService {
                        self.decrement(instance, *decrement);
                        self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Standby });
                    }
                }
                Ok(())
            }
            Call::ExitStandby { instances } => {
                for instance in self.members(id, instances)? {
                    let row = &self.sim.cluster.instances()[instance];
                    let (Some(group), InstanceLifecycle::Standby) = (row.group, row.lifecycle) else { continue };
                    self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Pending });
                    self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::InService });
                    if !self.sim.cluster.instances()[instance].host_running {
                        // Nobody looked at it while it stood by.
                        self.notice_health(instance);
                    }
                    let row = &self.sim.cluster.groups()[group];
                    let to = row.clamp(row.desired + 1);
                    self.set_desired_capacity(group, to, Decision::User);
                }
                Ok(())
            }
            Call::DetachInstances { instances, decrement } => {
                for instance in self.members(id, instances)? {
                    let lifecycle = self.sim.cluster.instances()[instance].lifecycle;
                    if matches!(lifecycle, InstanceLifecycle::InService | InstanceLifecycle::Standby) {
                        self.decrement(instance, *decrement);
                        self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Detached });
                    }
                }
                Ok(())
            }
            Call::SuspendProcesses { group, processes } => {
                let suspended = self.sim.cluster.groups()[*group].suspended.union(*processes);
                self.set_processes(*group, suspended)
            }
            Call::ResumeProcesses { group, processes } => {
                let suspended = self.sim.cluster.groups()[*group].suspended.without(*processes);
                self.set_processes(*group, suspended)
            }
            Call::StartInstanceRefresh { group, refresh, template, configuration } => {
                let (group, refresh) = (*group, *refresh);
                if self.sim.cluster.groups()[group].refresh.is_some() {
                    return Err(CallError::RefreshState);
                }
                if let Some(version) = *template {
                    self.emit(Fact::TemplateChanged { group, version });
                }
                self.configure(LaunchOwner::Group(group), *configuration);
                self.emit(Fact::InstanceRefreshChanged { group, refresh, to: RefreshStatus::InProgress });
                Ok(())
            }
            Call::CancelInstanceRefresh { group } => {
                let group = *group;
                let refresh = self.sim.cluster.groups()[group].refresh.ok_or(CallError::RefreshState)?;
                self.emit(Fact::InstanceRefreshChanged { group, refresh, to: RefreshStatus::Cancelled });
                Ok(())
            }
            Call::CompleteLifecycleAction { instances, hook, proceed, count } => {
                let mut waiting: Vec<(SimTime, InstanceId, Vec<u8>)> = self
                    .members(id, instances)?
                    .into_iter()
                    .map(|instance| (self.sim.hosts[instance].waits_since, instance, self.open_hooks(instance, *hook)))
                    .filter(|(_, _, hooks)| !hooks.is_empty())
                    .collect();
                if waiting.is_empty() {
                    return Err(CallError::NoLifecycleAction);
                }
                waiting.sort_unstable();
                waiting.truncate(count.map_or(usize::MAX, |count| count as usize));
                for (_, instance, hooks) in waiting {
                    for at in hooks {
                        self.hook_ends(instance, at, *proceed);
                    }
                }
                Ok(())
            }
            Call::UpdateCapacityProvider {
                provider,
                managed_scaling,
                termination_protection,
                managed_draining,
                configuration,
            } => {
                self.update_provider(*provider, *managed_scaling, *termination_protection, *managed_draining)?;
                self.configure(LaunchOwner::Provider(*provider), *configuration);
                Ok(())
            }
            Call::PutClusterCapacityProviders { providers } => self.put_providers(providers),
            Call::CreateCapacityProvider { provider } => {
                if self.sim.cluster.providers()[*provider].status != ProviderStatus::Absent {
                    return Err(CallError::NoSuchProvider);
                }
                self.emit(Fact::ProviderStatusChanged { provider: *provider, to: ProviderStatus::Active });
                Ok(())
            }
            Call::DeleteCapacityProvider { provider } => self.delete_provider(*provider),
            Call::SpotInterruption { instances, notice } => {
                let after = u32::try_from(notice.ms()).unwrap_or(u32::MAX);
                for instance in self.sim.select_some(id, instances)? {
                    self.spot_notice(instance, after);
                }
                Ok(())
            }
            Call::RebalanceRecommendation { instances } => {
                for instance in self.sim.select_some(id, instances)? {
                    self.recommend(instance);
                }
                Ok(())
            }
            Call::ZoneOutage { zone, duration } => {
                self.zone_outage(*zone, *duration);
                Ok(())
            }
            Call::InsufficientCapacity { pools, market, duration } => {
                self.insufficient_capacity(id, pools, *market, *duration);
                Ok(())
            }
            Call::PoolCapacity { pools, market, instances } => {
                for pool in pools {
                    self.pool_capacity(*pool, *market, *instances);
                }
                Ok(())
            }
            Call::StatusCheckFails { instances, duration } => {
                let chosen = self.sim.select_some(id, instances)?;
                let row = |instance: &InstanceId| &self.sim.cluster.instances()[*instance];
                if chosen.iter().map(row).any(|row| !row.lifecycle.is_member() && !row.is_capacity()) {
                    return Err(CallError::NoSuchGroup);
                }
                for instance in chosen {
                    self.status_check_fails(instance);
                    if let Some(duration) = *duration {
                        self.sim.schedule(self.sim.now + duration, Event::StatusCheckPasses(instance));
                    }
                }
                Ok(())
            }
            Call::FargateSpotInterruption { tasks } => {
                for task in self.sim.select_tasks(tasks) {
                    self.fargate_spot_reclaim(task);
                }
                Ok(())
            }
            Call::SetErrorRate { tasks, share, duration, fails_health_checks } => {
                let chosen = self.sim.select_tasks(tasks);
                if chosen.is_empty() {
                    return Err(CallError::NoSuchTask);
                }
                for task in chosen {
                    self.error_rate_changes(task, *share, *duration, *fails_health_checks);
                }
                Ok(())
            }
            Call::FargateRetirement { tasks, wait } => {
                let is_fargate = |task| self.sim.cluster.task(task).is_fargate();
                let chosen: Vec<_> =
                    self.sim.select_tasks(tasks).into_iter().filter(|task| is_fargate(*task)).collect();
                if chosen.is_empty() {
                    return Err(CallError::NoSuchTask);
                }
                for task in chosen {
                    self.retire(task, *wait);
                }
                Ok(())
            }
            Call::SetMetric { metric, value } => {
                self.metric_changes(*metric, *value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// FGT-006: a task of a service is replaced when the wait is over, start-first; any other is stopped then.
    fn retire(&mut self, task: ecsim_cluster::TaskId, wait: Span) {
        self.sim.schedule(self.sim.now + wait, Event::FargateRetires(task));
    }

    /// Marked by hand: an unhealthy instance is replaced at once, without the pace of failed checks (ASG-007), unless one
    /// of the processes that do it is suspended (ASG-042).
    fn set_health(&mut self, instance: InstanceId, healthy: bool) {
        let row = &self.sim.cluster.instances()[instance];
        let Some(group) = row.group.filter(|_| row.healthy != healthy) else { return };
        self.emit(Fact::InstanceHealthChanged { instance, healthy });
        let suspended = self.sim.cluster.groups()[group].suspended;
        let waits = [Process::HealthCheck, Process::ReplaceUnhealthy, Process::Terminate];
        let lifecycle = self.sim.cluster.instances()[instance].lifecycle;
        if !healthy && lifecycle != InstanceLifecycle::Standby && !waits.iter().any(|process| suspended.has(*process)) {
            self.terminate_instance(instance, TerminationReason::Unhealthy);
        }
    }

    /// Whether the group does not look at the health of the instance yet (ASG-006).
    fn is_in_grace(&self, instance: InstanceId) -> bool {
        let row = &self.sim.cluster.instances()[instance];
        let Some(group) = row.group else { return false };
        let grace = self.sim.model.capacity.group(&self.sim.cluster.groups()[group]).health_check_grace;
        row.in_service_at.is_none_or(|at| at + grace > self.sim.now)
    }

    /// The hooks in which an instance waits: of one name, or all.
    fn open_hooks(&self, instance: InstanceId, name: Option<PolicyId>) -> Vec<u8> {
        let open = self.sim.hosts[instance].open_hooks;
        let hooks = self.sim.hooks_of(instance).iter().zip(0_u8..);
        let waits = |(hook, at): &(&Hook, u8)| open >> at & 1 == 1 && name.is_none_or(|name| hook.name == name);
        hooks.filter(waits).map(|(_, at)| at).collect()
    }

    /// Another configuration holds from now on.
    fn configure(&mut self, owner: LaunchOwner, configuration: Option<u32>) {
        let Some(configuration) = configuration else { return };
        let capacity = &self.sim.model.capacity;
        let rezoned = match owner {
            LaunchOwner::Group(group) => {
                let before = &capacity.group(&self.sim.cluster.groups()[group]).zones;
                capacity.later_groups.get(&(group, configuration)).is_some_and(|after| after.zones != *before)
            }
            LaunchOwner::Provider(_) => false,
        };
        self.emit(Fact::ConfigurationChanged { owner, configuration, rezoned });
    }

    /// The chosen instances that belong to a group.
    fn members(&self, id: CallId, instances: &crate::model::InstanceSelector) -> Result<Vec<InstanceId>, CallError> {
        let chosen = self.sim.select_some(id, instances)?;
        if chosen.iter().any(|instance| !self.sim.cluster.instances()[*instance].lifecycle.is_member()) {
            return Err(CallError::NoSuchGroup);
        }
        Ok(chosen)
    }

    /// `ShouldDecrementDesiredCapacity`: the group wants one fewer, as far as its `MinSize` allows.
    fn decrement(&mut self, instance: InstanceId, decrement: bool) {
        let row = &self.sim.cluster.instances()[instance];
        if let (true, Some(group)) = (decrement && row.is_capacity(), row.group) {
            let row = &self.sim.cluster.groups()[group];
            let to = row.clamp(row.desired.saturating_sub(1));
            self.set_desired_capacity(group, to, Decision::User);
        }
    }

    fn set_processes(&mut self, group: AsgId, suspended: Processes) -> Result<(), CallError> {
        if self.sim.cluster.groups()[group].suspended != suspended {
            self.emit(Fact::ProcessesChanged { group, suspended });
        }
        Ok(())
    }

    fn update_group(&mut self, call: &Call) -> Result<(), CallError> {
        let Call::UpdateAutoScalingGroup {
            group,
            min_size,
            max_size,
            desired_capacity,
            protects_new_instances,
            template,
            configuration,
        } = call
        else {
            return Ok(());
        };
        let group = *group;
        let row = &self.sim.cluster.groups()[group];
        let (min_size, max_size) = (min_size.unwrap_or(row.min_size), max_size.unwrap_or(row.max_size));
        let desired = *desired_capacity;
        if min_size > max_size || desired.is_some_and(|desired| desired < min_size || desired > max_size) {
            return Err(CallError::GroupSize { min_size, max_size });
        }
        if (min_size, max_size) != (row.min_size, row.max_size) {
            self.set_group_size(group, min_size, max_size);
        }
        if let Some(to) = desired {
            self.set_desired_capacity(group, to, Decision::User);
        }
        if let Some(protected) = *protects_new_instances {
            self.emit(Fact::NewInstanceProtectionChanged { group, protected });
        }
        if let Some(version) = *template {
            self.emit(Fact::TemplateChanged { group, version });
        }
        self.configure(LaunchOwner::Group(group), *configuration);
        Ok(())
    }

    fn update_provider(
        &mut self,
        provider: ProviderId,
        managed_scaling: Option<Option<ManagedScaling>>,
        termination_protection: Option<bool>,
        managed_draining: Option<bool>,
    ) -> Result<(), CallError> {
        let row = &self.sim.cluster.providers()[provider];
        if matches!(row.status, ProviderStatus::Absent | ProviderStatus::Inactive) {
            return Err(CallError::NoSuchProvider);
        }
        let managed_scaling = managed_scaling.unwrap_or(row.managed_scaling);
        let termination_protection = termination_protection.unwrap_or(row.termination_protection);
        let managed_draining = managed_draining.unwrap_or(row.managed_draining);
        // CP-022.
        let kind = self.sim.model.definitions.capacity_providers[provider].kind;
        let group_protects = match kind {
            ProviderKind::AutoScalingGroup(group) => self.sim.cluster.groups()[group].protects_new_instances,
            _ => false,
        };
        if termination_protection && (managed_scaling.is_none() || !group_protects) {
            return Err(CallError::TerminationProtectionNotPossible);
        }
        self.emit(Fact::ProviderChanged { provider, managed_scaling, termination_protection, managed_draining });
        Ok(())
    }

    /// CP-004: the whole list at once; a provider that tasks still use cannot go.
    fn put_providers(&mut self, providers: &[ProviderId]) -> Result<(), CallError> {
        let rows = self.sim.cluster.providers();
        for (id, row) in rows.iter() {
            let stays = providers.contains(&id);
            if stays && matches!(row.status, ProviderStatus::Absent | ProviderStatus::Inactive) {
                return Err(CallError::NoSuchProvider);
            }
            if !stays && row.status == ProviderStatus::Active && row.tasks > 0 {
                return Err(CallError::ProviderInUse { provider: id });
            }
        }
        let changes: Vec<(ProviderId, ProviderStatus)> = rows
            .iter()
            .filter_map(|(id, row)| match (providers.contains(&id), row.status) {
                (true, ProviderStatus::Disassociated) => Some((id, ProviderStatus::Active)),
                (false, ProviderStatus::Active) => Some((id, ProviderStatus::Disassociated)),
                _ => None,
            })
            .collect();
        for (provider, to) in changes {
            self.emit(Fact::ProviderStatusChanged { provider, to });
        }
        Ok(())
    }

    /// CP-006: no strategy of a service may name it, and no cluster may have it.
    fn delete_provider(&mut self, provider: ProviderId) -> Result<(), CallError> {
        if self.sim.cluster.providers()[provider].status != ProviderStatus::Disassociated {
            return Err(CallError::ProviderInUse { provider });
        }
        let names_it = |strategy: StrategyId| {
            self.sim.model.definitions.capacity_strategies[strategy].iter().any(|item| item.provider == provider)
        };
        let used = self.sim.cluster.services().values().any(|service| {
            matches!(service.status, ServiceStatus::Active | ServiceStatus::Draining)
                && service.strategy.is_some_and(names_it)
        });
        if used {
            return Err(CallError::ProviderInUse { provider });
        }
        self.emit(Fact::ProviderStatusChanged { provider, to: ProviderStatus::Inactive });
        Ok(())
    }

    /// CP-018: a new strategy or launch type starts no deployment; tasks keep their provider until they are replaced.
    pub(super) fn set_service_capacity(
        &mut self,
        service: ServiceId,
        strategy: Option<StrategyId>,
        launch_type: LaunchType,
    ) -> Result<(), CallError> {
        let providers = strategy.map(|strategy| &self.sim.model.definitions.capacity_strategies[strategy]);
        let active = |provider: ProviderId| self.sim.cluster.providers()[provider].status == ProviderStatus::Active;
        if providers.is_some_and(|items| items.iter().any(|item| !active(item.provider))) {
            return Err(CallError::NoSuchProvider);
        }
        self.emit(Fact::ServiceCapacityChanged { service, strategy, launch_type });
        Ok(())
    }
}
