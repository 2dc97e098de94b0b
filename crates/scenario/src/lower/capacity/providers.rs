//! Capacity providers (CP-001 to CP-006, CP-021 to CP-023): those of Auto Scaling groups, Managed Instances, and
//! `FARGATE` and `FARGATE_SPOT` where anything names them.

use std::collections::BTreeSet;

use ecsim_cluster::ProviderId;
use ecsim_cluster::definitions::{CapacityProviderDefinition, ManagedScaling, ProviderKind};
use ecsim_engine::fleet::MachineBehavior;
use ecsim_kernel::SimTime;
use ecsim_policies::capacity::spec::ProviderSpec;

use super::super::Context;
use super::groups::seconds;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws;

/// Providers that always exist (CP-005).
pub(super) const RESERVED: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];
/// At most so many in a cluster (CP-002).
const MOST_PROVIDERS: usize = 20;
/// AWS's words where the group does not protect its instances (CP-022).
const NOT_PROTECTED: &str = "The managed termination protection setting for the capacity provider is invalid. To enable managed \
     termination protection for a capacity provider, the Auto Scaling group must have instance protection from scale in \
     enabled.";

/// A provider before it has an id.
struct Draft<'a> {
    name: String,
    /// Nothing for those of Fargate.
    written: Option<(&'a aws::CapacityProvider, Locator<'a>)>,
    /// Whether a call of the timeline creates it.
    later: bool,
}

impl<'a> Context<'a> {
    /// Every provider, in name order, and which of them the cluster has from the start.
    pub(super) fn lower_providers(&mut self) {
        let scenario = self.scenario;
        let mut drafts: Vec<Draft<'a>> = Vec::new();
        for (index, provider) in scenario.capacity_providers.iter().enumerate() {
            let at = self.at("capacityProviders").index(index);
            // `describe-capacity-providers` lists Fargate's two among them: they exist as they are.
            let is_bare =
                provider.auto_scaling_group_provider.is_none() && provider.managed_instances_provider.is_none();
            if is_bare && RESERVED.contains(&provider.name.as_str()) {
                continue;
            }
            drafts.push(Draft { name: provider.name.clone(), written: Some((provider, at)), later: false });
        }
        for (index, entry) in scenario.timeline.iter().enumerate() {
            if let Some(provider) = &entry.create_capacity_provider {
                let at = self.at("timeline").index(index).key("createCapacityProvider");
                drafts.push(Draft { name: provider.name.clone(), written: Some((provider, at)), later: true });
            }
        }
        for draft in &drafts {
            if let (true, Some((_, at))) = (RESERVED.contains(&draft.name.as_str()), &draft.written) {
                let message = format!("`{}` always exists and cannot be created (CP-005)", draft.name);
                self.error(&at.clone().key("name"), "E393", message, Some("leave the entry out".into()));
            }
        }
        drafts.retain(|draft| !RESERVED.contains(&draft.name.as_str()));
        let named = self.named_providers();
        let fargate = RESERVED.iter().filter(|name| named.contains(**name));
        drafts.extend(fargate.map(|name| Draft { name: (*name).to_owned(), written: None, later: false }));
        drafts.sort_by(|a, b| a.name.cmp(&b.name));
        for pair in drafts.windows(2) {
            if let (true, Some((_, first)), Some((_, second))) =
                (pair[0].name == pair[1].name, &pair[0].written, &pair[1].written)
            {
                let diagnostic = second
                    .clone()
                    .key("name")
                    .error("E302", format!("two capacity providers are called `{}`", shown(&pair[1].name)), "this one")
                    .label(first.clone().key("name").span(), "and this one");
                self.push(diagnostic);
            }
        }
        let at_start = &scenario.cluster.capacity_providers;
        let mut groups = BTreeSet::new();
        for Draft { name, written, later } in drafts {
            if self.capacity.providers.contains_key(&name) {
                continue;
            }
            // A Managed Instances provider is its cluster's from the beginning (CP-003).
            let managed = written.as_ref().is_some_and(|(provider, _)| provider.managed_instances_provider.is_some());
            let associated = at_start.is_empty() || managed || at_start.iter().any(|known| short(known) == name);
            if let Some((_, at)) = written.as_ref().filter(|_| !associated && !later) {
                self.advise_on_association(&name, at);
            }
            let id = match &written {
                None => Some(self.push_provider(
                    &name,
                    if name == RESERVED[0] { ProviderKind::Fargate } else { ProviderKind::FargateSpot },
                    None,
                    associated,
                    (ProviderSpec::Fargate, MachineBehavior::after(0.0)),
                )),
                Some((provider, at)) => self.provider(provider, associated && !later, &mut groups, at),
            };
            let Some(id) = id else {
                self.capacity.broken_providers.insert(name);
                continue;
            };
            if later || !associated {
                self.capacity.later_providers.insert(id);
            }
            if let Some((_, at)) = written {
                self.capacity.provider_places.insert(id, at);
            }
            self.capacity.providers.insert(name, id);
        }
        self.check_cluster_providers();
    }

    /// Whoever writes a provider means to use it; a list of the cluster that leaves it out is the whole list (CP-004).
    fn advise_on_association(&mut self, name: &str, at: &Locator<'a>) {
        let mut calls = self.scenario.timeline.iter().filter_map(|entry| entry.put_cluster_capacity_providers.as_ref());
        if !calls.any(|call| call.capacity_providers.iter().any(|known| short(known) == name)) {
            let message = format!("`{}` is not associated with the cluster, so nothing uses it (CP-001)", shown(name));
            let help = "write it into `capacityProviders` under `cluster`, too";
            self.push(at.clone().key("name").warning("W396", message, "").help(help));
        }
    }

    /// Names that a strategy, the cluster or a call mentions.
    fn named_providers(&self) -> BTreeSet<String> {
        let scenario = self.scenario;
        let mut named: BTreeSet<String> =
            scenario.cluster.capacity_providers.iter().map(|name| short(name).to_owned()).collect();
        let mut of = |items: &[aws::CapacityProviderStrategyItem]| {
            named.extend(items.iter().map(|item| short(&item.capacity_provider).to_owned()));
        };
        of(&scenario.cluster.default_capacity_provider_strategy);
        scenario.services.iter().for_each(|service| of(&service.capacity_provider_strategy));
        for call in scenario.workload.iter().filter_map(|entry| entry.run_task.as_ref()) {
            of(&call.capacity_provider_strategy);
        }
        for entry in &scenario.timeline {
            if let Some(service) = &entry.create_service {
                of(&service.capacity_provider_strategy);
            }
            if let Some(update) = &entry.update_service {
                of(update.capacity_provider_strategy.as_deref().unwrap_or_default());
            }
            if let Some(call) = &entry.run_task {
                of(&call.capacity_provider_strategy);
            }
            if let Some(put) = &entry.put_cluster_capacity_providers {
                of(&put.default_capacity_provider_strategy);
            }
        }
        let put = scenario.timeline.iter().filter_map(|entry| entry.put_cluster_capacity_providers.as_ref());
        named.extend(put.flat_map(|put| &put.capacity_providers).map(|name| short(name).to_owned()));
        named
    }

    /// What `cluster.capacityProviders` names must be there (CP-001, CP-002).
    fn check_cluster_providers(&mut self) {
        let scenario = self.scenario;
        let at = self.at("cluster").key("capacityProviders");
        let list = &scenario.cluster.capacity_providers;
        for (index, name) in list.iter().enumerate() {
            let place = at.clone().index(index);
            if self.find_provider(name, &place).is_some()
                && list[..index].iter().any(|other| short(other) == short(name))
            {
                self.error(&place, "E302", format!("`{}` is named twice", shown(name)), None);
            }
        }
        let associated = self.definitions.capacity_providers.values().filter(|it| it.exists_at_start).count();
        if associated > MOST_PROVIDERS {
            let message = format!("{associated} capacity providers, at most {MOST_PROVIDERS} are allowed (CP-002)");
            let at = if list.is_empty() { self.at("capacityProviders") } else { at };
            self.error(&at, "E330", message, None);
        }
    }

    fn provider(
        &mut self,
        given: &'a aws::CapacityProvider,
        at_start: bool,
        groups: &mut BTreeSet<String>,
        at: &Locator<'a>,
    ) -> Option<ProviderId> {
        let name = &given.name;
        let is_name = (1..=255).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !is_name {
            let message = format!("`{}` is no name of a capacity provider", shown(name));
            let help = Some(super::super::task_definitions::NAME_HELP.into());
            self.error(&at.clone().key("name"), "E340", message, help);
        }
        match (&given.auto_scaling_group_provider, &given.managed_instances_provider) {
            (Some(of_group), None) => self.group_provider(name, of_group, at_start, groups, at),
            (None, Some(managed)) => self.managed_provider(name, managed, at_start, at),
            (None, None) | (Some(_), Some(_)) => {
                let help = Some("write `autoScalingGroupProvider` or `managedInstancesProvider`".into());
                let what = "a capacity provider stands for one Auto Scaling group or for Managed Instances (CP-001)";
                self.error(at, "E393", what, help);
                None
            }
        }
    }

    fn group_provider(
        &mut self,
        name: &str,
        given: &aws::AutoScalingGroupProvider,
        at_start: bool,
        groups: &mut BTreeSet<String>,
        at: &Locator<'a>,
    ) -> Option<ProviderId> {
        let place = at.clone().key("autoScalingGroupProvider");
        let key = if given.auto_scaling_group.is_some() { "autoScalingGroup" } else { "autoScalingGroupArn" };
        let Some(group_name) = given.group() else {
            let help = Some("write `autoScalingGroup: NAME`".into());
            self.error(&place, "E393", "which Auto Scaling group?", help);
            return None;
        };
        let group = self.find_group(group_name, &place.clone().key(key))?;
        if !groups.insert(group_name.to_owned()) {
            let message =
                format!("the group `{}` has a capacity provider already: it can have one (CP-003)", shown(group_name));
            self.error(&place.clone().key(key), "E393", message, Some("give each provider a group of its own".into()));
        }
        self.check_weights(group, name);
        let managed_scaling = self.managed_scaling(given.managed_scaling.as_ref(), &place);
        let protection = given.managed_termination_protection == Some(aws::Enabled::Enabled);
        let protects = self.definitions.auto_scaling_groups[group].protects_new_instances;
        let protection_at = place.clone().key("managedTerminationProtection");
        if protection && managed_scaling.is_none() {
            let help = Some("enable managedScaling, or leave it out (CP-022)".into());
            self.error(&protection_at, "E393", "managed termination protection needs managed scaling", help);
        } else if protection && !protects {
            let help = format!(
                "set newInstancesProtectedFromScaleIn: true in the group `{}`, or leave the protection out (CP-022)",
                shown(group_name)
            );
            self.error(&protection_at, "E393", NOT_PROTECTED, Some(help));
        }
        let kind = ProviderKind::AutoScalingGroup(group);
        let id = self.push_provider(
            name,
            kind,
            managed_scaling,
            at_start,
            (ProviderSpec::AutoScalingGroup, MachineBehavior::after(0.0)),
        );
        let definition = &mut self.definitions.capacity_providers[id];
        definition.termination_protection = protection;
        definition.managed_draining = given.managed_draining.unwrap_or(aws::Enabled::Enabled) == aws::Enabled::Enabled;
        Some(id)
    }

    /// CP-021: a group with a provider has no weights.
    fn check_weights(&mut self, group: ecsim_cluster::AsgId, provider: &str) {
        let written = &self.capacity.written[group.index()];
        let Some(mixed) = &written.group.mixed_instances_policy else { return };
        let at = written.at.clone().key("mixedInstancesPolicy").key("launchTemplate").key("overrides");
        let overrides = &mixed.launch_template.overrides;
        for (index, change) in overrides.iter().enumerate() {
            if change.weighted_capacity.is_some() {
                let message = format!(
                    "instance weights are not possible with a capacity provider (CP-021), and `{}` is one",
                    shown(provider)
                );
                self.error(
                    &at.clone().index(index).key("weightedCapacity"),
                    "E393",
                    message,
                    Some("leave it out".into()),
                );
            }
        }
    }

    /// CAS-002; `None`: DISABLED.
    pub(super) fn managed_scaling(
        &mut self,
        given: Option<&aws::ManagedScaling>,
        at: &Locator<'a>,
    ) -> Option<ManagedScaling> {
        let given = given.copied().unwrap_or_default();
        if given.status == Some(aws::Enabled::Disabled) {
            return None;
        }
        let scaling = ManagedScaling {
            target: given.target_capacity.unwrap_or(100),
            minimum_step: given.minimum_scaling_step_size.unwrap_or(1),
            maximum_step: given.maximum_scaling_step_size.unwrap_or(10_000),
            warmup: seconds(given.instance_warmup_period.unwrap_or(300)),
        };
        if scaling.minimum_step > scaling.maximum_step {
            let place = at.clone().key("managedScaling").key("minimumScalingStepSize");
            let message = format!(
                "`minimumScalingStepSize` {} exceeds `maximumScalingStepSize` {}",
                scaling.minimum_step, scaling.maximum_step
            );
            self.error(&place, "E393", message, Some("the defaults are 1 and 10000 (CAS-002)".into()));
        }
        Some(scaling)
    }

    pub(super) fn push_provider(
        &mut self,
        name: &str,
        kind: ProviderKind,
        managed_scaling: Option<ManagedScaling>,
        exists_at_start: bool,
        (spec, machines): (ProviderSpec, MachineBehavior),
    ) -> ProviderId {
        self.capacity.model.providers.push(spec);
        self.capacity.fleet.providers.push(machines);
        self.definitions.capacity_providers.push(CapacityProviderDefinition {
            name: name.to_owned(),
            kind,
            managed_scaling,
            termination_protection: false,
            managed_draining: false,
            exists_at_start,
        })
    }

    /// Whether the cluster has a provider at an instant, as far as the scenario says (CP-001, CP-004).
    pub(super) fn has_provider(&self, provider: ProviderId, at: SimTime) -> bool {
        let scenario = self.scenario;
        let definition = &self.definitions.capacity_providers[provider];
        let mut order: Vec<usize> = (0..scenario.timeline.len()).collect();
        order.sort_by_key(|index| scenario.timeline[*index].at.0);
        let mut has = definition.exists_at_start;
        for index in order {
            let entry = &scenario.timeline[index];
            if SimTime::ZERO + entry.at.0 > at {
                break;
            }
            if let Some(created) = &entry.create_capacity_provider {
                has |= created.name == definition.name;
            }
            if let Some(put) = &entry.put_cluster_capacity_providers {
                let managed = definition.kind == ProviderKind::ManagedInstances;
                has = managed && has || put.capacity_providers.iter().any(|name| short(name) == definition.name);
            }
        }
        has
    }
}

/// The name at the end of an ARN.
pub(super) fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
