//! Capacity from text to model, and on to a run where the consequence is the point: groups, providers, Spot, Fargate.

mod changes;
mod fargate;
mod groups;
mod managed_instances;
mod mistakes;
mod pasted;
mod providers;
mod spot;
mod strategies;

use std::collections::BTreeMap;

use ecsim_cluster::{AsgId, Fact, InstanceId, ProviderId};

use crate::kit::*;

/// A group of m5.large, two of them at the start.
pub const GROUP: &str = "autoScalingGroups: [{autoScalingGroupName: asg, minSize: 0, maxSize: 20, desiredCapacity: 2, availabilityZones: [us-east-1a], launchTemplate: {instanceType: m5.large}}]\n";
/// Its provider, with managed scaling and nothing else said.
pub const PROVIDER: &str = "capacityProviders: [{name: cp, autoScalingGroupProvider: {autoScalingGroup: asg}}]\n";
/// A task for Fargate.
pub const F: &str =
    "taskDefinitions: [{family: t, networkMode: awsvpc, cpu: 256, memory: 512, containerDefinitions: [{name: c}]}]\n";
/// Nothing takes any time.
pub const AN_HOUR: &str = "simulation: {latencies: none, duration: 1h}\n";

/// A group of that name with these sizes (`MinSize`, `DesiredCapacity`, `MaxSize`) and further fields.
pub fn group(name: &str, (min, desired, max): (u32, u32, u32), fields: &str) -> String {
    let template = if fields.contains("mixedInstancesPolicy") || fields.contains("launchTemplate") {
        ""
    } else {
        ", launchTemplate: {instanceType: m5.large}"
    };
    let zones = if fields.contains("availabilityZones") { "" } else { ", availabilityZones: [us-east-1a]" };
    format!(
        "autoScalingGroups: [{{autoScalingGroupName: {name}, minSize: {min}, maxSize: {max}, desiredCapacity: {desired}{zones}{template}{fields}}}]\n"
    )
}

/// A service `s` of `t` with these fields.
pub fn service_of(fields: &str) -> String {
    format!("services: [{{serviceName: s, taskDefinition: t, {fields}}}]\n")
}

/// The strategy of one provider.
pub fn on(provider: &str) -> String {
    format!("capacityProviderStrategy: [{{capacityProvider: {provider}, weight: 1}}]")
}

impl Run {
    /// The group of that name.
    pub fn group(&self, name: &str) -> AsgId {
        let found = self.model.definitions.auto_scaling_groups.iter().find(|(_, group)| group.name == name);
        found.expect("the group is there").0
    }

    /// The provider of that name.
    pub fn provider(&self, name: &str) -> ProviderId {
        let found = self.model.definitions.capacity_providers.iter().find(|(_, provider)| provider.name == name);
        found.expect("the provider is there").0
    }

    /// `(second, new desired capacity)` of a group, in order.
    pub fn desired(&self, name: &str) -> Vec<(u64, u32)> {
        let group = self.group(name);
        let change = |(at, fact): &(_, Fact)| match *fact {
            Fact::DesiredCapacityChanged { group: of, to } if of == group => Some((seconds(at), to)),
            _ => None,
        };
        self.facts.iter().filter_map(change).collect()
    }

    /// How many tasks were created for each provider; those without one count for `-`.
    pub fn tasks_by_provider(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for (_, fact) in &self.facts {
            if let Fact::TaskCreated { provider, .. } = fact {
                let name = provider.map_or("-", |id| self.model.definitions.capacity_providers[id].name.as_str());
                *found.entry(name.to_owned()).or_insert(0) += 1;
            }
        }
        found
    }

    /// The seconds at which a fact of a kind came.
    pub fn seconds_of(&self, is: impl Fn(&Fact) -> bool) -> Vec<u64> {
        self.facts.iter().filter(|(_, fact)| is(fact)).map(|(at, _)| seconds(at)).collect()
    }

    /// The name of an instance, launched ones too.
    pub fn instance_name(&self, instance: InstanceId) -> String {
        self.sim.cluster().instances()[instance].name.to_string()
    }

    /// When, and which, instances were launched.
    pub fn launched(&self) -> Vec<(u64, String)> {
        let launch = |(at, fact): &(_, Fact)| match *fact {
            Fact::InstanceLaunched { instance, .. } => Some((seconds(at), self.instance_name(instance))),
            _ => None,
        };
        self.facts.iter().filter_map(launch).collect()
    }

    /// When, and which, instances were terminated.
    pub fn terminated(&self) -> Vec<(u64, String)> {
        let end = |(at, fact): &(_, Fact)| match *fact {
            Fact::InstanceTerminated { instance, .. } => Some((seconds(at), self.instance_name(instance))),
            _ => None,
        };
        self.facts.iter().filter_map(end).collect()
    }
}

/// Whole seconds.
pub fn seconds(at: &ecsim_kernel::SimTime) -> u64 {
    at.ms() / 1_000
}

/// Each scenario has exactly one problem, which begins so; all that differ are told at once.
#[track_caller]
pub fn check_all(rows: &[(String, &str)]) {
    let differs = |(text, expected): &(String, &str)| {
        let found = problems(text);
        let is_it = found.len() == 1 && found[0].starts_with(expected);
        (!is_it).then(|| format!("found\n  {}\ninstead of\n  {expected}\nin\n{text}", found.join("\n  ")))
    };
    let wrong: Vec<String> = rows.iter().filter_map(differs).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
