//! Capacity that comes and goes: Auto Scaling groups, capacity providers, Spot, Fargate, and what they cost.
//!
//! * `templates`, `requirements`: which instance types a launch template or a mixed instances policy means.
//! * `later`: what calls make of a group during the run.
//! * `launch_options`: types in zones become pools and ways to launch.
//! * `groups` with `group_parts`, `policies`, `metrics`, `schedule`: Auto Scaling groups.
//! * `providers`, `managed_instances`, `strategies`: capacity providers and who uses them.
//! * `spot`, `fargate`, `machines`: how capacity behaves.
//! * `calls`: what the timeline does to all of it.
//! * `pricing`: the prices of everything that can be bought in the run.
//! * `advice`: what a colleague would say.

mod advice;
mod calls;
mod fargate;
mod group_parts;
mod groups;
mod later;
mod launch_options;
mod machines;
mod managed_instances;
mod metrics;
mod policies;
mod pricing;
mod providers;
mod requirements;
mod schedule;
mod settings;
mod spot;
mod strategies;
mod templates;

use std::collections::{BTreeMap, BTreeSet};

use ecsim_cluster::definitions::{ProviderKind, SchedulingStrategy, StrategyItem};
use ecsim_cluster::{AsgId, MetricId, PoolId, ProviderId, ServiceId, StrategyId, TaskDefinitionId};
use ecsim_engine::fleet::FleetModel;
use ecsim_kernel::SimTime;
use ecsim_policies::capacity::spec::CapacityModel;
use ecsim_policies::placement::constraints::query::attributes;

use super::Context;
use crate::document::Locator;
use crate::schema::{InstanceFilter, aws};

use fargate::FargateUse;
pub(super) use fargate::size as fargate_size;
pub(super) use metrics::millionths;
pub(super) use settings::lower as lower_settings;
pub(super) use strategies::Demand;

/// What is being built of capacity.
pub(crate) struct Building<'a> {
    /// For the policies.
    pub(crate) model: CapacityModel,
    /// For the world.
    pub(crate) fleet: FleetModel,
    /// Groups by name.
    groups: BTreeMap<String, AsgId>,
    /// The groups as they are written, by id.
    written: Vec<Written<'a>>,
    /// Groups that have no id, as something is wrong with them: nobody complains about their names again.
    broken_groups: BTreeSet<String>,
    /// Providers by name, those of Fargate too where they are used.
    providers: BTreeMap<String, ProviderId>,
    /// Providers that have no id, as something is wrong with them.
    broken_providers: BTreeSet<String>,
    /// Where each provider is written; nothing for those of Fargate.
    provider_places: BTreeMap<ProviderId, Locator<'a>>,
    /// Providers that are created, or associated, only by the timeline.
    later_providers: BTreeSet<ProviderId>,
    /// Pools by type and zone.
    pools: BTreeMap<(String, String), PoolId>,
    /// The version of the group's template that a call of the timeline brings, by the place of the call.
    templates: BTreeMap<usize, u32>,
    /// The configuration of a group or provider that a call of the timeline brings, by the place of the call.
    configurations: BTreeMap<usize, u32>,
    /// How many launch templates were described in place so far.
    unnamed_templates: u32,
    /// The same strategy twice is one.
    strategies: BTreeMap<Vec<StrategyItem>, StrategyId>,
    /// The cluster's default strategy from an instant on, ascending (CP-019).
    defaults: Vec<(SimTime, Option<StrategyId>)>,
    /// Metrics by namespace, name and dimensions.
    metrics: BTreeMap<metrics::MetricKey, MetricId>,
    /// Metrics whose values the scenario gives.
    given_metrics: BTreeSet<metrics::MetricKey>,
    /// Recorded Spot prices, by pool.
    spot_prices: BTreeMap<PoolId, Vec<(SimTime, u64)>>,
    /// Family and revision, as written, of what may run on Managed Instances.
    on_managed: BTreeSet<(String, Option<u32>)>,
    /// The distinct platforms of Fargate that may run.
    platforms: BTreeSet<ecsim_cluster::definitions::FargatePlatform>,
}

/// A group and where it is written.
struct Written<'a> {
    group: &'a aws::AutoScalingGroup,
    at: Locator<'a>,
}

impl Building<'_> {
    pub(super) fn new() -> Self {
        Self {
            model: CapacityModel::default(),
            fleet: FleetModel::quiet(),
            groups: BTreeMap::new(),
            written: Vec::new(),
            broken_groups: BTreeSet::new(),
            providers: BTreeMap::new(),
            broken_providers: BTreeSet::new(),
            provider_places: BTreeMap::new(),
            later_providers: BTreeSet::new(),
            pools: BTreeMap::new(),
            templates: BTreeMap::new(),
            configurations: BTreeMap::new(),
            unnamed_templates: 0,
            strategies: BTreeMap::new(),
            defaults: Vec::new(),
            metrics: BTreeMap::new(),
            given_metrics: BTreeSet::new(),
            spot_prices: BTreeMap::new(),
            on_managed: BTreeSet::new(),
            platforms: BTreeSet::new(),
        }
    }
}

impl<'a> Context<'a> {
    /// Groups, providers and everything of theirs that needs no task definition. Zones and subnets are there.
    pub(super) fn lower_capacity(&mut self) {
        self.lower_fleet_behavior();
        self.lower_metrics();
        self.lower_groups();
        self.lower_providers();
        self.lower_pools();
        self.lower_spot();
    }

    /// What needs to know everything else.
    pub(super) fn finish_capacity(&mut self) {
        let daemons: Vec<ServiceId> = self
            .definitions
            .services
            .iter()
            .filter(|(_, service)| service.scheduling == SchedulingStrategy::Daemon)
            .map(|(id, _)| id)
            .collect();
        self.capacity.model.daemons = daemons;
        self.fix_architectures();
        // Refreshes are the group's, whatever its configuration is when they begin.
        let model = &mut self.capacity.model;
        for ((group, _), spec) in &mut model.later_groups {
            spec.refreshes.clone_from(&model.groups[*group].refreshes);
        }
        self.check_capacity_behaviors();
        self.advise();
    }

    /// Managed Instances are bought for a task's architecture, which is x86_64 where the definition names none (CP-041).
    fn fix_architectures(&mut self) {
        let ids: Vec<TaskDefinitionId> = self.definitions.task_definitions.ids().collect();
        for id in ids {
            let given = self.source_of(id);
            let names_one = given.runtime_platform.as_ref().is_some_and(|platform| platform.cpu_architecture.is_some());
            if names_one || !self.capacity.on_managed.contains(&(given.family.clone(), given.revision)) {
                continue;
            }
            let name = self.definitions.attributes.intern(attributes::CPU_ARCHITECTURE);
            let value = self.definitions.values.intern("x86_64");
            let required = &mut self.definitions.task_definitions[id].required_attributes;
            required.push((name, Some(value)));
            required.sort_unstable();
        }
    }

    /// Whether instances are launched under this name: a group's, or a Managed Instances provider's.
    pub(super) fn launches_as(&self, owner: &str) -> bool {
        let managed = self
            .capacity
            .providers
            .get(owner)
            .is_some_and(|id| self.definitions.capacity_providers[*id].kind == ProviderKind::ManagedInstances);
        managed || self.capacity.groups.contains_key(owner) || self.capacity.broken_groups.contains(owner)
    }

    /// Names of those who launch instances: groups, then Managed Instances providers.
    pub(super) fn launchers(&self) -> Vec<String> {
        let mut names: Vec<String> = self.capacity.groups.keys().cloned().collect();
        let managed = self.definitions.capacity_providers.values();
        names.extend(managed.filter(|it| it.kind == ProviderKind::ManagedInstances).map(|it| it.name.clone()));
        names
    }

    /// The group and the provider of a filter of instances.
    pub(super) fn capacity_filter(
        &mut self,
        filter: &InstanceFilter,
        at: &Locator<'a>,
    ) -> Option<(Option<AsgId>, Option<ProviderId>)> {
        let group = match &filter.auto_scaling_group {
            None => None,
            Some(name) => Some(self.find_group(name, &at.clone().key("autoScalingGroup"))?),
        };
        let provider = match &filter.capacity_provider {
            None => None,
            Some(name) => Some(self.find_provider(name, &at.clone().key("capacityProvider"))?),
        };
        Some((group, provider))
    }

    /// A group by name.
    fn find_group(&mut self, name: &str, at: &Locator<'a>) -> Option<AsgId> {
        let short = name.rsplit('/').next().unwrap_or(name);
        let found = self.capacity.groups.get(short).copied();
        if found.is_none() && !self.capacity.broken_groups.contains(short) {
            let known: Vec<String> = self.capacity.groups.keys().cloned().collect();
            self.unknown(at, "Auto Scaling group", name, known.iter().map(String::as_str));
        }
        found
    }

    /// A capacity provider by name or ARN.
    pub(super) fn find_provider(&mut self, name: &str, at: &Locator<'a>) -> Option<ProviderId> {
        let short = name.rsplit('/').next().unwrap_or(name);
        let found = self.capacity.providers.get(short).copied();
        if found.is_none() && !self.capacity.broken_providers.contains(short) {
            let mut known: Vec<String> = self.capacity.providers.keys().cloned().collect();
            for reserved in providers::RESERVED {
                if !known.iter().any(|name| name == reserved) {
                    known.push(reserved.to_owned());
                }
            }
            self.unknown(at, "capacity provider", name, known.iter().map(String::as_str));
        }
        found
    }
}
