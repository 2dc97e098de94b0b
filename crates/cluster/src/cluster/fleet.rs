//! Facts about capacity enter the books: instances of groups and providers, groups, providers, pools, zones.

use super::*;
use crate::fact::TerminationReason;

impl Cluster {
    pub(super) fn apply_capacity(&mut self, now: SimTime, fact: &Fact) {
        match *fact {
            Fact::InstanceLaunched { instance, option, market, warm } => {
                self.instance_launched(now, instance, option, market, warm);
            }
            Fact::LaunchFailed { owner: LaunchOwner::Group(group), .. } => {
                self.groups[group].failed_launches = self.groups[group].failed_launches.saturating_add(1);
            }
            Fact::InstanceLifecycleChanged { instance, to } => self.instance_lifecycle(now, instance, to),
            Fact::InstanceTerminated { instance, reason } => self.instance_terminated(now, instance, reason),
            Fact::InstanceProtectionChanged { instance, protected } => {
                self.recounted(instance, |row| row.protected_from_scale_in = protected);
            }
            Fact::InstanceHealthChanged { instance, healthy } => self.recounted(instance, |row| row.healthy = healthy),
            Fact::SpotInterruptionNoticed { instance, reclaimed_at } => {
                assert_eq!(self.instances[instance].market, Market::Spot, "{instance:?} is not Spot");
                self.recounted(instance, |row| row.reclaimed_at = Some(reclaimed_at));
            }
            Fact::RebalanceRecommended { instance } => {
                self.recounted(instance, |row| row.rebalance_recommended = true);
            }
            Fact::SpotPriceChanged { pool, nano_dollars } => self.pools[pool].spot_nano_dollars = nano_dollars,
            Fact::PoolCapacityChanged { pool, market, available, limit } => {
                let row = &mut self.pools[pool];
                if market != Some(Market::Spot) {
                    row.on_demand_available = available;
                    row.on_demand_limit = limit.or(row.on_demand_limit);
                }
                if market != Some(Market::OnDemand) {
                    row.spot_available = available;
                    row.spot_limit = limit.or(row.spot_limit);
                }
                if available {
                    let zone = self.definitions.pools[pool].zone;
                    self.trigger_rebalancing(zone);
                }
            }
            Fact::ZoneAvailabilityChanged { zone, available } => {
                if available {
                    self.failed_zones.remove(&zone);
                    self.trigger_rebalancing(zone);
                } else {
                    self.failed_zones.insert(zone);
                }
            }
            Fact::DesiredCapacityChanged { group, to } => {
                let row = &mut self.groups[group];
                assert!(
                    row.min_size <= to && to <= row.max_size,
                    "{group:?}: {to} is not within {} and {}",
                    row.min_size,
                    row.max_size
                );
                if to > row.desired {
                    row.raised_at = Some(now);
                }
                row.desired = to;
            }
            Fact::GroupSizeChanged { group, min_size, max_size } => {
                assert!(min_size <= max_size, "{group:?}: MinSize {min_size} above MaxSize {max_size}");
                let row = &mut self.groups[group];
                row.min_size = min_size;
                row.max_size = max_size;
                row.desired = row.clamp(row.desired);
            }
            Fact::ProcessesChanged { group, suspended } => self.groups[group].suspended = suspended,
            Fact::NewInstanceProtectionChanged { group, protected } => {
                self.groups[group].protects_new_instances = protected;
            }
            Fact::TemplateChanged { group, version } => self.groups[group].template = version,
            Fact::ConfigurationChanged { owner: LaunchOwner::Group(group), configuration, rezoned } => {
                let row = &mut self.groups[group];
                row.configuration = configuration;
                row.rebalance_triggers += u64::from(rezoned);
            }
            Fact::ConfigurationChanged { owner: LaunchOwner::Provider(provider), configuration, .. } => {
                self.providers[provider].configuration = configuration;
            }
            Fact::InstanceRefreshChanged { group, refresh, to } => {
                self.groups[group].refresh = (to == RefreshStatus::InProgress).then_some(refresh);
            }
            Fact::MetricChanged { metric, value } => self.metrics[metric] = value,
            Fact::ProviderStatusChanged { provider, to } => {
                let row = &mut self.providers[provider];
                assert!(row.status.may_become(to), "{provider:?}: {:?} -> {to:?}", row.status);
                row.status = to;
            }
            Fact::ProviderChanged { provider, managed_scaling, termination_protection, managed_draining } => {
                let row = &mut self.providers[provider];
                row.managed_scaling = managed_scaling;
                row.termination_protection = termination_protection;
                row.managed_draining = managed_draining;
            }
            _ => {}
        }
    }

    /// Capacity came back to a zone (ASG-008).
    fn trigger_rebalancing(&mut self, zone: ZoneId) {
        for group in self.groups.values_mut().filter(|group| group.by_zone.iter().any(|(of, _)| *of == zone)) {
            group.rebalance_triggers += 1;
        }
    }

    /// Changes a row of an instance and keeps the sums of its owner right.
    pub(super) fn recounted(&mut self, instance: InstanceId, change: impl FnOnce(&mut Instance)) {
        self.count_in_fleet(instance, false);
        change(&mut self.instances[instance]);
        self.count_in_fleet(instance, true);
    }

    fn count_in_fleet(&mut self, instance: InstanceId, up: bool) {
        let row = &self.instances[instance];
        let Some(option) = row.option else { return };
        match self.definitions.launch_options[option].owner {
            LaunchOwner::Group(group) => {
                let group = &mut self.groups[group];
                group.counts.count(row, up);
                if row.is_capacity()
                    && let Some((_, count)) = group.by_zone.iter_mut().find(|(zone, _)| *zone == row.zone)
                {
                    *count = if up { *count + 1 } else { *count - 1 };
                }
            }
            LaunchOwner::Provider(provider) => self.providers[provider].counts.count(row, up),
        }
    }

    fn instance_launched(
        &mut self,
        now: SimTime,
        instance: InstanceId,
        option: LaunchOptionId,
        market: Market,
        warm: bool,
    ) {
        let definitions = Arc::clone(&self.definitions);
        let launch = &definitions.launch_options[option];
        assert_eq!(instance, self.instances.next_id(), "instances are numbered in the order of their launch");
        let ordinal = match launch.owner {
            LaunchOwner::Group(group) => self.groups[group].launched,
            LaunchOwner::Provider(provider) => self.providers[provider].launched,
        };
        let mut row = Instance::launched(instance, &definitions, option, market, ordinal, now);
        match launch.owner {
            LaunchOwner::Group(group) => {
                // CP-021: an instance belongs to the provider that the group has when it is launched.
                row.provider = self.provider_of(group).map(|provider| provider.id);
                row.protected_from_scale_in = self.groups[group].protects_new_instances;
                row.lifecycle = if warm { InstanceLifecycle::WarmedPending } else { InstanceLifecycle::Pending };
                let group = &mut self.groups[group];
                group.launched += 1;
                group.failed_launches = 0;
                group.instances.push(instance);
            }
            LaunchOwner::Provider(provider) => {
                row.provider = Some(provider);
                let provider = &mut self.providers[provider];
                provider.launched += 1;
                provider.instances.push(instance);
            }
        }
        let pool = &mut self.pools[launch.pool];
        pool.instances += 1;
        pool.spot_instances += u32::from(market == Market::Spot);
        self.instances.push(row);
        self.present.insert(instance);
        self.count_in_fleet(instance, true);
    }

    fn instance_lifecycle(&mut self, now: SimTime, instance: InstanceId, to: InstanceLifecycle) {
        let row = &self.instances[instance];
        assert!(row.lifecycle.may_become(to), "{}: {} -> {to}", row.name, row.lifecycle);
        self.recounted(instance, |row| {
            row.lifecycle = to;
            if to == InstanceLifecycle::InService {
                row.in_service_at = Some(now);
            }
            if to == InstanceLifecycle::Detached {
                row.provider = None;
            }
        });
        let Some(group) = self.instances[instance].group else { return };
        let group = &mut self.groups[group];
        if matches!(to, InstanceLifecycle::Standby | InstanceLifecycle::Detached) {
            group.rebalance_triggers += 1;
        }
        if !to.is_member() {
            remove_sorted(&mut group.instances, &instance);
        }
        if matches!(to, InstanceLifecycle::InService | InstanceLifecycle::Terminated) {
            group.activity_ended_at = Some(now);
        }
    }

    fn instance_terminated(&mut self, now: SimTime, instance: InstanceId, reason: TerminationReason) {
        let row = &self.instances[instance];
        assert!(row.terminated_at.is_none(), "{} was terminated already", row.name);
        self.recounted(instance, |row| row.terminated_at = Some(now));
        if matches!(reason, TerminationReason::User | TerminationReason::UserInGroup)
            && let Some(group) = self.instances[instance].group
        {
            // Somebody terminated it by hand (ASG-008).
            self.groups[group].rebalance_triggers += 1;
        }
        let row = &self.instances[instance];
        if row.status == InstanceStatus::Absent || row.status == InstanceStatus::Inactive {
            self.present.remove(&instance);
        }
        if let Some(option) = row.option {
            let launch = &self.definitions.launch_options[option];
            let pool = &mut self.pools[launch.pool];
            pool.instances -= 1;
            pool.spot_instances -= u32::from(row.market == Market::Spot);
            if let LaunchOwner::Provider(provider) = launch.owner {
                remove_sorted(&mut self.providers[provider].instances, &instance);
            }
        }
    }

    /// A task of a provider, not of a daemon service, came to an instance or left it (CAS-005).
    pub(super) fn count_provider_task(&mut self, now: SimTime, instance: InstanceId, up: bool) {
        let before = self.instances[instance].provider_tasks;
        let after = if up { before + 1 } else { before - 1 };
        if before == 0 || after == 0 {
            self.recounted(instance, |row| {
                row.provider_tasks = after;
                if after == 0 {
                    row.empty_since = now;
                }
            });
        } else {
            self.instances[instance].provider_tasks = after;
        }
    }

    /// Whether the task makes its instance a used one: of a provider, and not of a daemon service (CAS-005, CP-016).
    pub(crate) fn is_provider_task(&self, origin: TaskOrigin, provider: Option<ProviderId>) -> bool {
        provider.is_some()
            && origin
                .service()
                .is_none_or(|service| self.definitions.services[service].scheduling != SchedulingStrategy::Daemon)
    }

    /// Counts a live Fargate task in its zone (FGP-001).
    pub(super) fn count_fargate_zone(
        &mut self,
        group: GroupId,
        provider: Option<ProviderId>,
        zone: Option<ZoneId>,
        up: bool,
    ) {
        let Some(zone) = zone else { return };
        let zones = self.fargate_zones.entry((group, provider)).or_default();
        count_sorted(zones, zone, up);
        if zones.is_empty() {
            self.fargate_zones.remove(&(group, provider));
        }
    }

    /// Counts the CPU units of a Fargate task (FGT-010).
    pub(super) fn count_fargate(&mut self, definition: TaskDefinitionId, provider: Option<ProviderId>, up: bool) {
        let definitions = Arc::clone(&self.definitions);
        let cpu = definitions.task_definitions[definition].fargate.map_or(0, |size| u64::from(size.cpu));
        let spot = provider.is_some_and(|id| definitions.capacity_providers[id].kind == ProviderKind::FargateSpot);
        let total = if spot { &mut self.totals.fargate_spot_cpu } else { &mut self.totals.fargate_cpu };
        *total = if up { *total + cpu } else { *total - cpu };
    }
}
