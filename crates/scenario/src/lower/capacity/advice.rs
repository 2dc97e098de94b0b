//! What a colleague would say of the capacity of a scenario that AWS accepts: things that surprise people in production.

use ecsim_cluster::StrategyId;
use ecsim_cluster::definitions::{LaunchType, ProviderKind};
use ecsim_kernel::Span;
use ecsim_policies::placement::strategies::Strategy;

use super::super::Context;
use crate::diagnostic::{Diagnostic, shown};

/// The low alarm needs so long (CAS-018).
const LOW_ALARM: Span = Span::from_mins(15);

impl<'a> Context<'a> {
    /// Names under `behavior:` that mean nothing.
    pub(super) fn check_capacity_behaviors(&mut self) {
        let scenario = self.scenario;
        for name in scenario.behavior.auto_scaling_groups.keys() {
            let at = self.at("behavior").key("autoScalingGroups").key(name);
            let unknown = !self.capacity.groups.contains_key(name) && !self.capacity.broken_groups.contains(name);
            if unknown {
                let known: Vec<&str> = self.capacity.groups.keys().map(String::as_str).collect();
                let help = super::super::did_you_mean(name, &known);
                let message = format!("unknown Auto Scaling group `{}`", shown(name));
                self.push(Diagnostic::error("E301", message).label(at.key_span(), "").help_if(help));
            }
        }
        for name in scenario.behavior.managed_instances.keys() {
            let at = self.at("behavior").key("managedInstances").key(name);
            let Some(id) = self.find_provider(name, &at) else { continue };
            if self.definitions.capacity_providers[id].kind != ProviderKind::ManagedInstances {
                let message = format!("`{}` is no Managed Instances provider", shown(name));
                let help = Some("how the instances of a group behave is under behavior.autoScalingGroups".into());
                self.error(&at, "E301", message, help);
            }
        }
        self.check_pricing();
    }

    /// Warnings about things that are possible and rarely meant.
    pub(super) fn advise(&mut self) {
        self.advise_on_groups();
        self.advise_on_providers();
        self.advise_on_services();
    }

    fn advise_on_groups(&mut self) {
        let mut found = Vec::new();
        for (id, definition) in self.definitions.auto_scaling_groups.iter() {
            let written = &self.capacity.written[id.index()];
            let grows = self.capacity.model.groups[id].schedule.iter().any(|action| action.max_size.is_some())
                || self.scenario.timeline.iter().any(|entry| {
                    let update = entry.update_auto_scaling_group.as_ref();
                    update.is_some_and(|it| {
                        it.auto_scaling_group_name == definition.name && it.max_size.is_some_and(|most| most > 0)
                    })
                });
            let has_provider = self
                .definitions
                .capacity_providers
                .values()
                .any(|provider| provider.kind == ProviderKind::AutoScalingGroup(id));
            let mixed = written.group.mixed_instances_policy.as_ref().filter(|_| !has_provider);
            let overrides = mixed.map_or(&[][..], |mixed| mixed.launch_template.overrides.as_slice());
            for (index, change) in overrides.iter().enumerate() {
                if change.weighted_capacity.as_ref().is_some_and(|weight| weight.as_str() != "1") {
                    let at = written.at.clone().key("mixedInstancesPolicy").key("launchTemplate").key("overrides");
                    let at = at.index(index).key("weightedCapacity");
                    let message = "this version counts every instance as one: the weight is left out (ASG-012)";
                    found.push(at.warning("W360", message, ""));
                }
            }
            if definition.max_size == 0 && !grows {
                let message = format!("the group `{}` can never have an instance (CP-021)", shown(&definition.name));
                found.push(written.at.clone().key("maxSize").warning("W391", message, "").help("raise `maxSize`"));
            }
        }
        for diagnostic in found {
            self.push(diagnostic);
        }
    }

    fn advise_on_providers(&mut self) {
        let duration = self.scenario.simulation.duration.0;
        let mut found = Vec::new();
        let mut too_short = None;
        for (id, definition) in self.definitions.capacity_providers.iter() {
            let (ProviderKind::AutoScalingGroup(group), Some(scaling)) = (definition.kind, definition.managed_scaling)
            else {
                continue;
            };
            let written = &self.capacity.written[group.index()];
            if !self.capacity.model.groups[group].policies.is_empty() {
                let message = format!(
                    "`{}` scales this group as well: the policies work against each other (CAS-001)",
                    shown(&definition.name)
                );
                let help = "disable managedScaling of the provider, or remove the group's own policies";
                found.push(written.at.clone().key("scalingPolicies").warning("W392", message, "").help(help));
            }
            let at = self.capacity.provider_places.get(&id).cloned();
            let at = at.map(|at| at.key("autoScalingGroupProvider").key("managedScaling"));
            if scaling.target < 100
                && self.definitions.auto_scaling_groups[group].min_size == 0
                && let Some(at) = &at
            {
                let message = "with a target below 100 the group never rests at zero: it comes and goes (CAS-027)";
                let help = "use a targetCapacity of 100, or a minSize above 0";
                found.push(at.clone().key("targetCapacity").warning("W392", message, "").help(help));
            }
            too_short = too_short.or(at);
        }
        if duration < LOW_ALARM
            && !duration.is_zero()
            && let Some(at) = too_short
        {
            let message =
                format!("a run of {duration} ends before any scale-in: the low alarm takes 15 minutes (CAS-018)");
            let at = if at.node().is_some() { at } else { self.at("simulation").key("duration") };
            found.push(at.warning("W393", message, "").help("simulate an hour to see instances go"));
        }
        for diagnostic in found {
            self.push(diagnostic);
        }
    }

    /// CAS-014: with spare capacity wanted, tasks that spread over instances keep every instance in use.
    fn advise_on_services(&mut self) {
        let mut found = Vec::new();
        for (_, service) in self.definitions.services.iter() {
            if !service.strategy.is_some_and(|strategy| self.keeps_spare(strategy)) {
                continue;
            }
            let placement = &self.placements[service.placement];
            let first = placement.strategies.first();
            let binpacks = placement.strategies.iter().any(|strategy| matches!(strategy, Strategy::Binpack(_)));
            if matches!(first, Some(Strategy::Spread(_))) && binpacks && service.launch_type != LaunchType::Fargate {
                let at = self.service_place(&service.name);
                let message = format!(
                    "with a target below 100 `{}` spreads over every spare instance, and the group grows to its limit \
                     (CAS-014)",
                    shown(&service.name)
                );
                let help = "put binpack before spread";
                found.push(at.key("placementStrategy").warning("W394", message, "").help(help));
            }
        }
        for diagnostic in found {
            self.push(diagnostic);
        }
    }

    fn keeps_spare(&self, strategy: StrategyId) -> bool {
        self.definitions.capacity_strategies[strategy].iter().any(|item| {
            let provider = &self.definitions.capacity_providers[item.provider];
            provider.managed_scaling.is_some_and(|scaling| scaling.target < 100)
        })
    }

    fn service_place(&self, name: &str) -> crate::document::Locator<'a> {
        let services = &self.scenario.services;
        if let Some(index) = services.iter().position(|service| service.service_name == name) {
            return self.at("services").index(index);
        }
        let timeline = &self.scenario.timeline;
        let created = timeline
            .iter()
            .position(|entry| entry.create_service.as_ref().is_some_and(|service| service.service_name == name));
        created.map_or_else(|| self.at("services"), |index| self.at("timeline").index(index).key("createService"))
    }
}
