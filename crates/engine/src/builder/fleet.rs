//! Groups and capacity providers of models made by hand.

use ecsim_cluster::capacity::Processes;
use ecsim_cluster::definitions::{
    CapacityPool, CapacityProviderDefinition, FargatePlatform, FargateSize, GroupDefinition, LaunchOption, LaunchOwner,
    ManagedScaling, ProviderKind, StrategyItem,
};
use ecsim_cluster::{AsgId, LaunchOptionId, PoolId, ProviderId, Resources, ServiceId, StrategyId, TaskDefinitionId};
use ecsim_kernel::Span;
use ecsim_policies::capacity::auto_scaling_group::allocation::{OnDemandStrategy, SpotStrategy};
use ecsim_policies::capacity::auto_scaling_group::zones::ZoneStrategy;
use ecsim_policies::capacity::spec::{GroupSpec, ManagedInstancesSpec, PoolSpec, ProviderSpec};

use super::{Builder, constant};
use crate::fleet::{FargateBehavior, MachineBehavior, SpotProcess};

impl Builder {
    /// An Auto Scaling group of one or more instance types over zones; `sizes` are `MinSize`, `DesiredCapacity` and
    /// `MaxSize`. Its instances register `lead` seconds after their launch; every other delay is zero.
    ///
    /// # Panics
    /// Where `lead` is negative or no number.
    pub fn auto_scaling_group(
        &mut self,
        name: &str,
        sizes: (u32, u32, u32),
        zones: &[&str],
        types: &[(&str, Resources)],
        lead: f64,
    ) -> AsgId {
        let zones: Vec<_> = zones.iter().map(|zone| self.definitions.zones.intern(zone)).collect();
        let id = self.definitions.auto_scaling_groups.push(GroupDefinition {
            name: name.to_owned(),
            min_size: sizes.0,
            max_size: sizes.2,
            desired_capacity: sizes.1,
            zones: zones.clone(),
            protects_new_instances: false,
            suspended: Processes::NONE,
        });
        let options = self.launch_options(LaunchOwner::Group(id), types, &zones, 1);
        self.capacity.groups.push(GroupSpec {
            options,
            zones: None,
            launch_failure: 0.0,
            templates: Vec::new(),
            reaction: constant(0.0),
            mixed: None,
            spot_only: false,
            on_demand: OnDemandStrategy::Prioritized,
            spot: SpotStrategy::PriceCapacityOptimized,
            spot_max_price: None,
            zone_strategy: ZoneStrategy::BalancedBestEffort,
            capacity_rebalance: false,
            termination: Vec::new(),
            default_cooldown: Span::from_secs(300),
            default_warmup: None,
            health_check_grace: Span::ZERO,
            hooks: Vec::new(),
            max_lifetime: None,
            maintenance: None,
            warm_pool: None,
            policies: Vec::new(),
            schedule: Vec::new(),
            spot_draining: false,
            refreshes: Vec::new(),
        });
        self.fleet.groups.push(MachineBehavior::after(lead));
        id
    }

    /// Adds the ways to launch `types` in `zones`, of a version of the template.
    pub fn launch_options(
        &mut self,
        owner: LaunchOwner,
        types: &[(&str, Resources)],
        zones: &[ecsim_cluster::ZoneId],
        template: u32,
    ) -> Vec<LaunchOptionId> {
        let mut options = Vec::new();
        for (rank, (name, registered)) in (0..).zip(types) {
            let shape = self.shape(name, *registered);
            for zone in zones {
                let pool = self.pool(name, *zone);
                let zone_name = self.definitions.zones.name(*zone).to_owned();
                let shape = self.shape_with(shape, &zone_name, &[]);
                options.push(self.definitions.launch_options.push(LaunchOption {
                    owner,
                    pool,
                    shape,
                    zone: *zone,
                    subnet: None,
                    rank,
                    template,
                    volume_gib: 0,
                }));
            }
        }
        options
    }

    /// The pool of a type in a zone.
    fn pool(&mut self, instance_type: &str, zone: ecsim_cluster::ZoneId) -> PoolId {
        let pool = CapacityPool { instance_type: instance_type.to_owned(), zone };
        if let Some((known, _)) = self.definitions.pools.iter().find(|(_, other)| **other == pool) {
            return known;
        }
        self.capacity.pools.push(PoolSpec {
            on_demand_nano_dollars: 100_000_000,
            spot_nano_dollars: 30_000_000,
            monthly_interruption: 0.0,
            on_demand_limit: None,
            spot_limit: None,
        });
        self.fleet.spot.push(SpotProcess::None);
        self.definitions.pools.push(pool)
    }

    /// Changes how a group is configured.
    pub fn group_mut(&mut self, id: AsgId) -> (&mut GroupDefinition, &mut GroupSpec, &mut MachineBehavior) {
        (&mut self.definitions.auto_scaling_groups[id], &mut self.capacity.groups[id], &mut self.fleet.groups[id])
    }

    /// Changes every pool.
    pub fn pools_mut(&mut self, change: impl Fn(&CapacityPool, &mut PoolSpec, &mut SpotProcess)) {
        for (id, pool) in self.definitions.pools.iter() {
            change(pool, &mut self.capacity.pools[id], &mut self.fleet.spot[id]);
        }
    }

    /// The capacity provider of a group, with managed scaling to `target` percent, steps of 1 to 10,000 and a warm-up.
    /// Managed termination protection is on, and so is the group's own; managed draining is off.
    pub fn group_provider(&mut self, name: &str, group: AsgId, target: u32, warmup: Span) -> ProviderId {
        self.definitions.auto_scaling_groups[group].protects_new_instances = true;
        let managed_scaling = Some(ManagedScaling { target, minimum_step: 1, maximum_step: 10_000, warmup });
        self.provider(name, ProviderKind::AutoScalingGroup(group), managed_scaling)
    }

    /// `FARGATE`, or `FARGATE_SPOT`.
    pub fn fargate_provider(&mut self, spot: bool) -> ProviderId {
        let (name, kind) =
            if spot { ("FARGATE_SPOT", ProviderKind::FargateSpot) } else { ("FARGATE", ProviderKind::Fargate) };
        self.provider(name, kind, None)
    }

    /// A Managed Instances provider over types and zones, the cheapest type first.
    pub fn managed_instances_provider(
        &mut self,
        name: &str,
        zones: &[&str],
        types: &[(&str, Resources)],
        lead: f64,
    ) -> ProviderId {
        let id = self.provider(name, ProviderKind::ManagedInstances, None);
        let zones: Vec<_> = zones.iter().map(|zone| self.definitions.zones.intern(zone)).collect();
        let options = self.launch_options(LaunchOwner::Provider(id), types, &zones, 1);
        self.capacity.providers[id] = ProviderSpec::ManagedInstances(ManagedInstancesSpec {
            options,
            spot: false,
            scale_in_after: Some(Span::from_secs(300)),
            reaction: constant(0.0),
            launch_failure: 0.0,
            auto_repair: true,
        });
        self.fleet.providers[id] = MachineBehavior::after(lead);
        id
    }

    fn provider(&mut self, name: &str, kind: ProviderKind, managed_scaling: Option<ManagedScaling>) -> ProviderId {
        self.capacity.providers.push(match kind {
            ProviderKind::Fargate | ProviderKind::FargateSpot => ProviderSpec::Fargate,
            _ => ProviderSpec::AutoScalingGroup,
        });
        self.fleet.providers.push(MachineBehavior::after(0.0));
        self.definitions.capacity_providers.push(CapacityProviderDefinition {
            name: name.to_owned(),
            kind,
            managed_scaling,
            termination_protection: matches!(kind, ProviderKind::AutoScalingGroup(_)),
            managed_draining: false,
            exists_at_start: true,
        })
    }

    /// Changes a provider.
    pub fn provider_mut(&mut self, id: ProviderId) -> &mut CapacityProviderDefinition {
        &mut self.definitions.capacity_providers[id]
    }

    /// A strategy of providers with their base and weight.
    pub fn capacity_strategy(&mut self, items: &[(ProviderId, u32, u32)]) -> StrategyId {
        let items = items.iter().map(|(provider, base, weight)| StrategyItem {
            provider: *provider,
            base: *base,
            weight: *weight,
        });
        self.definitions.capacity_strategies.push(items.collect())
    }

    /// Gives a service a strategy.
    pub fn use_strategy(&mut self, service: ServiceId, items: &[(ProviderId, u32, u32)]) {
        let strategy = self.capacity_strategy(items);
        self.definitions.services[service].strategy = Some(strategy);
    }

    /// Makes a task definition fit for Fargate: `start` seconds from its creation to RUNNING, `teardown` after its end.
    ///
    /// # Panics
    /// Where a number of seconds is negative or no number.
    pub fn fargate(&mut self, id: TaskDefinitionId, start: f64, teardown: f64) {
        let definition = &mut self.definitions.task_definitions[id];
        let size = definition.requirements;
        definition.fargate = Some(FargateSize {
            cpu: size.cpu,
            memory: size.memory,
            ephemeral_gib: 20,
            platform: FargatePlatform::LinuxX86,
        });
        self.behaviors[id].fargate = Some(FargateBehavior {
            provision: constant(start),
            pull: constant(0.0),
            start: constant(0.0),
            deprovision: constant(teardown),
        });
    }
}
