//! Who uses which capacity: launch type, strategy, or the cluster's default (CP-001, CP-007 to CP-011, CP-018, CP-019).

use ecsim_cluster::definitions::{LaunchType, ProviderKind, StrategyItem};
use ecsim_cluster::{ProviderId, StrategyId};
use ecsim_kernel::SimTime;
use ecsim_policies::capacity::provider_strategy::{ProviderFamily, StrategyError, problems};

use super::super::Context;
use super::super::services::Placed;
use super::FargateUse;
use super::providers::short;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws;

/// What a service or call says of its capacity.
pub(in crate::lower) struct Demand<'s> {
    /// `launchType`.
    pub(in crate::lower) launch_type: Option<aws::LaunchType>,
    /// `capacityProviderStrategy`.
    pub(in crate::lower) strategy: &'s [aws::CapacityProviderStrategyItem],
    /// `platformVersion`.
    pub(in crate::lower) platform_version: Option<&'s str>,
    /// Strategies and constraints, which Fargate does not take.
    pub(in crate::lower) placed: Placed<'s>,
    /// Whether it is a DAEMON service.
    pub(in crate::lower) daemon: bool,
    /// When the call is made.
    pub(in crate::lower) since: SimTime,
}

/// The family of a provider (CP-010).
pub(super) fn family_of(kind: ProviderKind) -> ProviderFamily {
    match kind {
        ProviderKind::AutoScalingGroup(_) => ProviderFamily::AutoScalingGroup,
        ProviderKind::ManagedInstances => ProviderFamily::ManagedInstances,
        ProviderKind::Fargate | ProviderKind::FargateSpot => ProviderFamily::Fargate,
    }
}

impl<'a> Context<'a> {
    /// The cluster's default strategy, and what calls of the timeline make of it.
    pub(in crate::lower) fn lower_strategies(&mut self) {
        let scenario = self.scenario;
        let at = self.at("cluster").key("defaultCapacityProviderStrategy");
        let default =
            self.provider_strategy(&scenario.cluster.default_capacity_provider_strategy, false, SimTime::ZERO, &at);
        self.capacity.defaults = vec![(SimTime::ZERO, default)];
        let mut order: Vec<usize> = (0..scenario.timeline.len()).collect();
        order.sort_by_key(|index| scenario.timeline[*index].at.0);
        for index in order {
            let entry = &scenario.timeline[index];
            let Some(put) = &entry.put_cluster_capacity_providers else { continue };
            let at = self.at("timeline").index(index).key("putClusterCapacityProviders");
            let since = SimTime::ZERO + entry.at.0;
            let list = &put.default_capacity_provider_strategy;
            let default = self.provider_strategy(list, false, since, &at.key("defaultCapacityProviderStrategy"));
            self.capacity.defaults.push((since, default));
        }
    }

    /// The default strategy in force (CP-019).
    fn default_strategy(&self, since: SimTime) -> Option<StrategyId> {
        let last = self.capacity.defaults.iter().rfind(|(from, _)| *from <= since);
        last.and_then(|(_, strategy)| *strategy)
    }

    /// Whether a call of the timeline changes the cluster's default strategy.
    pub(in crate::lower) fn default_changes(&self) -> bool {
        self.capacity.defaults.windows(2).any(|pair| pair[0].1 != pair[1].1)
    }

    /// A strategy that AWS accepts; every problem is said where it is.
    pub(in crate::lower) fn provider_strategy(
        &mut self,
        given: &[aws::CapacityProviderStrategyItem],
        has_launch_type: bool,
        since: SimTime,
        at: &Locator<'a>,
    ) -> Option<StrategyId> {
        if given.is_empty() {
            return None;
        }
        let before = self.diagnostics.errors();
        let mut items: Vec<StrategyItem<Option<ProviderId>>> = Vec::new();
        for (index, item) in given.iter().enumerate() {
            let place = at.clone().index(index).key("capacityProvider");
            let provider = self.find_provider(&item.capacity_provider, &place);
            if let Some(id) = provider.filter(|id| !self.has_provider(*id, since)) {
                let name = self.definitions.capacity_providers[id].name.clone();
                let message = format!("`{}` is not associated with the cluster (CP-001)", shown(&name));
                let help = format!("add {name} to cluster.capacityProviders");
                self.error(&place, "E395", message, Some(help));
            }
            items.push(StrategyItem { provider, base: item.base.unwrap_or(0), weight: item.weight.unwrap_or(0) });
        }
        let unknown = items.iter().any(|item| item.provider.is_none());
        let kinds = |id: &Option<ProviderId>| {
            id.map_or(ProviderFamily::AutoScalingGroup, |id| family_of(self.definitions.capacity_providers[id].kind))
        };
        // What is unknown has no family, and is no double of anything.
        let found = problems(&items, has_launch_type, kinds).into_iter().filter(|problem| {
            !unknown || !matches!(problem, StrategyError::MixedFamilies { .. } | StrategyError::ProviderTwice { .. })
        });
        for problem in found.collect::<Vec<_>>() {
            let item = |index: usize, key: &str| at.clone().index(index).key(key);
            let (place, help) = match problem {
                StrategyError::LaunchTypeToo => (at.clone(), "keep one of the two (CP-011)"),
                StrategyError::TooManyItems { .. } => (at.clone(), "use fewer providers (CP-002)"),
                StrategyError::ProviderTwice { again, .. } => (item(again, "capacityProvider"), "leave it out"),
                StrategyError::BaseOutOfRange { item: index, .. } => (item(index, "base"), "lower it (CP-007)"),
                StrategyError::WeightOutOfRange { item: index, .. } => (item(index, "weight"), "lower it (CP-007)"),
                StrategyError::SecondBase { second, .. } => (item(second, "base"), "leave one of them out (CP-007)"),
                StrategyError::AllWeightsZero => (at.clone(), "the default weight is 0: write `weight: 1` (CP-008)"),
                StrategyError::MixedFamilies { item: index, .. } => {
                    (item(index, "capacityProvider"), "a strategy holds providers of one family (CP-010)")
                }
            };
            self.error(&place, "E394", problem.to_string(), Some(help.into()));
        }
        if self.diagnostics.errors() > before {
            return None;
        }
        let items: Vec<StrategyItem> = items
            .into_iter()
            .filter_map(|item| {
                let StrategyItem { provider, base, weight } = item;
                provider.map(|provider| StrategyItem { provider, base, weight })
            })
            .collect();
        if let Some(known) = self.capacity.strategies.get(&items) {
            return Some(*known);
        }
        let id = self.definitions.capacity_strategies.push(items.clone());
        self.capacity.strategies.insert(items, id);
        Some(id)
    }

    /// The family of a strategy's providers.
    pub(in crate::lower) fn family_of_strategy(&self, strategy: StrategyId) -> ProviderFamily {
        let first = self.definitions.capacity_strategies[strategy].first();
        first.map_or(ProviderFamily::AutoScalingGroup, |item| {
            family_of(self.definitions.capacity_providers[item.provider].kind)
        })
    }

    /// The launch type and the strategy of a service or call, with what the task definition must suit (CP-011, PLC-001).
    pub(in crate::lower) fn capacity_of(
        &mut self,
        demand: &Demand<'_>,
        definition: &aws::TaskDefinition,
        at: &Locator<'a>,
    ) -> (LaunchType, Option<StrategyId>) {
        let strategy_at = at.clone().key("capacityProviderStrategy");
        // That ECS Anywhere knows no strategies is said where its other limits are (INS-010).
        let external = demand.launch_type == Some(aws::LaunchType::External);
        let strategy = if demand.strategy.is_empty() || external {
            let applies = demand.launch_type.is_none();
            self.default_strategy(demand.since).filter(|_| applies)
        } else {
            self.provider_strategy(demand.strategy, demand.launch_type.is_some(), demand.since, &strategy_at)
        };
        let given = !demand.strategy.is_empty() && !external;
        let Some(strategy) = strategy else {
            if given {
                // What is wrong with the strategy was said.
                return (LaunchType::Ec2, None);
            }
            return (self.launch_type(demand, definition, at), None);
        };
        let family = self.family_of_strategy(strategy);
        let (name, compatibility) = match family {
            ProviderFamily::AutoScalingGroup => ("EC2", aws::Compatibility::Ec2),
            ProviderFamily::Fargate => ("FARGATE", aws::Compatibility::Fargate),
            ProviderFamily::ManagedInstances => ("MANAGED_INSTANCES", aws::Compatibility::ManagedInstances),
        };
        let place = if given { strategy_at } else { at.clone().key("taskDefinition") };
        self.check_compatibility(definition, name, compatibility, &place);
        match family {
            ProviderFamily::Fargate => {
                let spot = self.definitions.capacity_strategies[strategy]
                    .iter()
                    .any(|item| self.definitions.capacity_providers[item.provider].kind == ProviderKind::FargateSpot);
                self.check_fargate(FargateUse { demand, definition, spot }, &place, at);
            }
            ProviderFamily::ManagedInstances => self.check_managed(definition, &place),
            ProviderFamily::AutoScalingGroup => self.check_no_platform(demand, at),
        }
        (LaunchType::Ec2, Some(strategy))
    }

    /// Platform versions are Fargate's.
    fn check_no_platform(&mut self, demand: &Demand<'_>, at: &Locator<'a>) {
        if demand.platform_version.is_some() {
            let message = "The platform version must be null when specifying an EC2 launch type.";
            let help = Some("leave `platformVersion` out: it is Fargate's (FGT-002)".into());
            self.error(&at.clone().key("platformVersion"), "E396", message, help);
        }
    }

    /// CP-040: Managed Instances have the network modes awsvpc and host.
    fn check_managed(&mut self, definition: &aws::TaskDefinition, at: &Locator<'a>) {
        self.capacity.on_managed.insert((definition.family.clone(), definition.revision));
        let mode = definition.network_mode.unwrap_or_default();
        if !matches!(mode, aws::NetworkMode::Awsvpc | aws::NetworkMode::Host) {
            let message =
                format!("Managed Instances have no such network mode as that of `{}`", shown(&definition.family));
            self.error(at, "E396", message, Some("use network mode awsvpc or host (CP-040)".into()));
        }
    }

    /// The launch type where there is no strategy, with the texts of PLC-001 for Fargate.
    fn launch_type(&mut self, demand: &Demand<'_>, definition: &aws::TaskDefinition, at: &Locator<'a>) -> LaunchType {
        let place = at.clone().key("launchType");
        if demand.launch_type != Some(aws::LaunchType::Fargate) {
            self.check_no_platform(demand, at);
        }
        let (name, compatibility, launch_type) = match demand.launch_type.unwrap_or_default() {
            aws::LaunchType::Ec2 => ("EC2", aws::Compatibility::Ec2, LaunchType::Ec2),
            aws::LaunchType::External => ("EXTERNAL", aws::Compatibility::External, LaunchType::External),
            aws::LaunchType::Fargate => ("FARGATE", aws::Compatibility::Fargate, LaunchType::Fargate),
            aws::LaunchType::ManagedInstances => {
                let help = Some("name a Managed Instances provider in `capacityProviderStrategy` (CP-011)".into());
                self.error(&place, "E348", "MANAGED_INSTANCES is no launch type that can be asked for", help);
                return LaunchType::Ec2;
            }
        };
        let suit_at = if demand.launch_type.is_some() { place.clone() } else { at.clone().key("taskDefinition") };
        self.check_compatibility(definition, name, compatibility, &suit_at);
        if launch_type == LaunchType::Fargate {
            self.check_fargate(FargateUse { demand, definition, spot: false }, &place, at);
        }
        if launch_type == LaunchType::External && definition.network_mode == Some(aws::NetworkMode::Awsvpc) {
            let message = format!(
                "external instances have no network mode awsvpc, so no task of `{}` can be placed (RES-043, INS-010)",
                shown(&definition.family)
            );
            self.warning(&place, "W356", message, Some("use network mode bridge, host or none".into()));
        }
        launch_type
    }

    fn check_compatibility(
        &mut self,
        definition: &aws::TaskDefinition,
        name: &str,
        compatibility: aws::Compatibility,
        at: &Locator<'a>,
    ) {
        let required = &definition.requires_compatibilities;
        // What runs on EC2 runs on Managed Instances too.
        let suits = required.is_empty()
            || required.contains(&compatibility)
            || compatibility == aws::Compatibility::ManagedInstances && required.contains(&aws::Compatibility::Ec2);
        if !suits {
            let message = format!(
                "the task definition `{}` does not support launch type {name}: it requires {}",
                shown(&definition.family),
                required.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ")
            );
            self.error(at, "E348", message, Some(format!("add {name} to its requiresCompatibilities")));
        }
    }

    /// The strategy or launch type that `UpdateService` gives a service (CP-018).
    pub(in crate::lower) fn updated_capacity(
        &mut self,
        demand: &Demand<'_>,
        known: (LaunchType, Option<StrategyId>),
        definition: &aws::TaskDefinition,
        at: &Locator<'a>,
    ) -> (Option<StrategyId>, LaunchType) {
        if demand.strategy.is_empty() {
            let launch_type = match known.1.map(|strategy| self.family_of_strategy(strategy)) {
                Some(ProviderFamily::Fargate) => LaunchType::Fargate,
                Some(_) => LaunchType::Ec2,
                None => known.0,
            };
            return (None, launch_type);
        }
        let (_, strategy) = self.capacity_of(demand, definition, at);
        let family = strategy.map(|strategy| self.family_of_strategy(strategy));
        let before = known.1.map(|strategy| self.family_of_strategy(strategy));
        if let (Some(before), Some(after), false) = (before, family, self.scenario.settings.allow_cp_family_change)
            && before != after
        {
            let message = format!("a service cannot change from {before} to {after}");
            let help = Some("set settings.allow_cp_family_change: true to allow it (CP-018)".into());
            self.error(&at.clone().key("capacityProviderStrategy"), "E394", message, help);
        }
        (strategy, known.0)
    }

    /// The providers of `PutClusterCapacityProviders`.
    pub(super) fn put_list(&mut self, names: &[String], at: &Locator<'a>) -> Vec<ProviderId> {
        let mut providers = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let place = at.clone().index(index);
            if names[..index].iter().any(|other| short(other) == short(name)) {
                self.error(&place, "E302", format!("`{}` is named twice", shown(name)), None);
            }
            providers.extend(self.find_provider(name, &place));
        }
        providers
    }
}
