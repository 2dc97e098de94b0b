//! What calls of the timeline make of a group: each change of how it is configured is a configuration of its own, in the
//! order in which the calls are due. Sizes, protection and the version of the template are no part of it.

use std::collections::BTreeMap;

use ecsim_cluster::{AsgId, ZoneId};
use ecsim_policies::capacity::auto_scaling_group::mixed::InstancesDistribution;
use ecsim_policies::capacity::spec::GroupSpec;

use super::super::Context;
use super::groups::{on_demand_strategy, seconds, spot_strategy};
use super::launch_options::Place;
use super::templates::Launches;
use crate::document::Locator;
use crate::schema::{UpdateAutoScalingGroup, aws};

/// What later calls bring, each by the index of its entry in the timeline.
pub(super) struct Later<'a> {
    /// Launch templates and mixed instances policies, in the order in which they are due.
    pub(super) launches: Vec<LaterLaunches<'a>>,
    /// Zones.
    pub(super) places: BTreeMap<usize, Vec<Place>>,
}

/// What a call makes a group launch.
pub(super) struct LaterLaunches<'a> {
    /// The entry of the timeline.
    pub(super) index: usize,
    /// Which template of the group it is, from 1.
    pub(super) number: u32,
    /// Whether the group did not have it before.
    pub(super) is_new: bool,
    /// The ways to launch.
    pub(super) launches: Launches<'a>,
}

impl Later<'_> {
    /// All places that the group has at one time or another; the first subnet of a zone holds.
    pub(super) fn all_places(&self, at_start: &[Place]) -> Vec<Place> {
        let mut all = at_start.to_vec();
        for place in self.places.values().flatten() {
            if !all.iter().any(|known| known.zone == place.zone) {
                all.push(place.clone());
            }
        }
        all
    }
}

impl<'a> Context<'a> {
    /// Entries of the timeline in the order in which they are due.
    pub(super) fn due_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.scenario.timeline.len()).collect();
        order.sort_by_key(|index| self.scenario.timeline[*index].at.0);
        order
    }

    /// Zones that updates give a group.
    pub(super) fn later_places(&mut self, given: &aws::AutoScalingGroup) -> BTreeMap<usize, Vec<Place>> {
        let mut found = BTreeMap::new();
        for index in self.due_order() {
            let Some((update, at)) = self.update_of(index, &given.auto_scaling_group_name) else { continue };
            if let Some(zones) = zones_of_update(update) {
                found.insert(index, self.places(&zones, &at));
            }
        }
        found
    }

    fn update_of(&self, index: usize, name: &str) -> Option<(&'a UpdateAutoScalingGroup, Locator<'a>)> {
        let update = self.scenario.timeline[index].update_auto_scaling_group.as_ref()?;
        let is_it = update.auto_scaling_group_name.rsplit('/').next() == Some(name);
        is_it.then(|| (update, self.at("timeline").index(index).key("updateAutoScalingGroup")))
    }

    /// The configurations of a group after the first one.
    pub(super) fn later_configurations(&mut self, id: AsgId, given: &'a aws::AutoScalingGroup, later: &Later<'a>) {
        let scenario = self.scenario;
        let name = given.auto_scaling_group_name.as_str();
        let mut spec = self.capacity.model.groups[id].clone();
        let mut mixed = given.mixed_instances_policy.as_ref();
        let mut number = 0;
        for index in self.due_order() {
            let mut changed = false;
            if let Some((update, at)) = self.update_of(index, name) {
                changed |= self.reconfigured(&mut spec, update, &at);
            }
            if let Some(places) = later.places.get(&index) {
                let zones: Vec<ZoneId> = places.iter().map(|place| self.zone(&place.zone)).collect();
                spec.zones = Some(zones);
                changed = true;
            }
            if let Some(change) = later.launches.iter().find(|change| change.index == index) {
                let entry = &scenario.timeline[index];
                let update = entry.update_auto_scaling_group.as_ref().and_then(|it| it.mixed_instances_policy.as_ref());
                let refresh = entry.start_instance_refresh.as_ref().and_then(|it| it.desired_configuration.as_ref());
                let new = update.or(refresh.and_then(|it| it.mixed_instances_policy.as_ref()));
                changed |= redistributed(&mut spec, mixed, new, &change.launches);
                mixed = new;
            }
            if changed {
                number += 1;
                self.capacity.model.later_groups.insert((id, number), spec.clone());
                self.capacity.configurations.insert(index, number);
            }
        }
    }

    /// Takes over what an update says; tells whether it says anything.
    fn reconfigured(&mut self, spec: &mut GroupSpec, update: &UpdateAutoScalingGroup, at: &Locator<'a>) -> bool {
        let as_group = aws::AutoScalingGroup {
            max_instance_lifetime: update.max_instance_lifetime,
            availability_zone_distribution: update.availability_zone_distribution,
            ..aws::AutoScalingGroup::default()
        };
        let mut changed = false;
        if let Some(policies) = &update.termination_policies {
            spec.termination = self.termination(policies, &at.clone().key("terminationPolicies"));
            changed = true;
        }
        if let Some(rebalance) = update.capacity_rebalance {
            spec.capacity_rebalance = rebalance;
            changed = true;
        }
        if let Some(cooldown) = update.default_cooldown {
            spec.default_cooldown = seconds(cooldown);
            changed = true;
        }
        if let Some(warmup) = update.default_instance_warmup {
            spec.default_warmup = Some(seconds(warmup));
            changed = true;
        }
        if let Some(grace) = update.health_check_grace_period {
            spec.health_check_grace = seconds(grace);
            changed = true;
        }
        if update.max_instance_lifetime.is_some() {
            spec.max_lifetime = self.max_lifetime(&as_group, at);
            changed = true;
        }
        if update.instance_maintenance_policy.is_some() {
            spec.maintenance = self.maintenance(update.instance_maintenance_policy.as_ref(), at);
            changed = true;
        }
        if update.availability_zone_distribution.is_some() {
            spec.zone_strategy = self.zone_strategy(&as_group, at);
            changed = true;
        }
        self.check_health_type(update.health_check_type.as_deref(), at);
        self.check_capacity_type(update.desired_capacity_type, at);
        changed
    }
}

/// The zones and subnets that an update gives, as those of a group.
fn zones_of_update(update: &UpdateAutoScalingGroup) -> Option<aws::AutoScalingGroup> {
    if update.availability_zones.is_none() && update.vpc_zone_identifier.is_none() {
        return None;
    }
    Some(aws::AutoScalingGroup {
        availability_zones: update.availability_zones.clone().unwrap_or_default(),
        vpc_zone_identifier: update.vpc_zone_identifier.clone(),
        ..aws::AutoScalingGroup::default()
    })
}

/// How many instances are Spot, and how types are chosen: what a new policy leaves out stays (ASG-009).
fn redistributed(
    spec: &mut GroupSpec,
    before: Option<&aws::MixedInstancesPolicy>,
    new: Option<&aws::MixedInstancesPolicy>,
    launches: &Launches<'_>,
) -> bool {
    let merged = new.map(|new| {
        let new = &new.instances_distribution;
        let old = before.map(|before| before.instances_distribution.clone()).unwrap_or_default();
        aws::InstancesDistribution {
            on_demand_allocation_strategy: new.on_demand_allocation_strategy.or(old.on_demand_allocation_strategy),
            on_demand_base_capacity: new.on_demand_base_capacity.or(old.on_demand_base_capacity),
            on_demand_percentage_above_base_capacity: new
                .on_demand_percentage_above_base_capacity
                .or(old.on_demand_percentage_above_base_capacity),
            spot_allocation_strategy: new.spot_allocation_strategy.or(old.spot_allocation_strategy),
            spot_instance_pools: new.spot_instance_pools.or(old.spot_instance_pools),
            spot_max_price: new.spot_max_price.or(old.spot_max_price),
        }
    });
    let mixed = merged.as_ref().map(distribution);
    let prices = merged.as_ref().and_then(|merged| merged.spot_max_price).map(crate::schema::Usd::nanos);
    let (on_demand, spot) =
        (on_demand_strategy(merged.as_ref(), launches.by_requirements), spot_strategy(merged.as_ref()));
    let max_price = prices.or(launches.spot_max_price);
    let changed = spec.mixed != mixed
        || spec.spot_only != launches.spot
        || spec.on_demand != on_demand
        || spec.spot != spot
        || spec.spot_max_price != max_price;
    spec.mixed = mixed;
    spec.spot_only = launches.spot;
    spec.on_demand = on_demand;
    spec.spot = spot;
    spec.spot_max_price = max_price;
    changed
}

/// ASG-009.
pub(super) fn distribution(given: &aws::InstancesDistribution) -> InstancesDistribution {
    InstancesDistribution {
        on_demand_base: given.on_demand_base_capacity.unwrap_or(0),
        on_demand_percentage: given.on_demand_percentage_above_base_capacity.unwrap_or(100),
    }
}
