//! Auto Scaling groups: sizes, zones, what they launch, and everything about them that is no part of its own (ASG rules).
//!
//! Groups get their ids in name order. A call of the timeline that brings another launch template makes a further version
//! of the group's own: its types are ways to launch from then on.

use ecsim_catalog::Catalog;
use ecsim_cluster::AsgId;
use ecsim_cluster::capacity::{Process, Processes};
use ecsim_cluster::definitions::{GroupDefinition, LaunchOwner};
use ecsim_kernel::Span;
use ecsim_policies::capacity::auto_scaling_group::allocation::{OnDemandStrategy, SpotStrategy};
use ecsim_policies::capacity::auto_scaling_group::zones::ZoneStrategy;
use ecsim_policies::capacity::spec::{GroupSpec, TemplateVersion};
use ecsim_policies::scaling::simple::DEFAULT_COOLDOWN;

use super::super::Context;
use super::super::task_definitions::raise;
use super::Written;
use super::later::{self, Later, LaterLaunches};
use super::launch_options::Place;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{AutoScalingGroupBehavior, TimelineEntry, aws};

/// Most instances of a group: a guard against a slip of the finger.
const MOST_INSTANCES: u32 = 1_000_000;

impl<'a> Context<'a> {
    /// The zones of a group: as written, those of its subnets, or all of the Region (ASG-003).
    pub(in crate::lower) fn zones_of_group(&self, group: &aws::AutoScalingGroup) -> Vec<String> {
        if !group.availability_zones.is_empty() {
            return group.availability_zones.clone();
        }
        let mut zones: Vec<String> = Vec::new();
        for subnet in group.vpc_zone_identifier.iter().flat_map(|names| &names.0) {
            let zone = self.scenario.vpc.subnets.get(subnet).map(|subnet| &subnet.availability_zone);
            zones.extend(zone.filter(|zone| !zones.contains(zone)).cloned());
        }
        if zones.is_empty() { self.zones_of_region() } else { zones }
    }

    /// All zones of the Region that the catalogue knows, or its zone `a`.
    pub(in crate::lower) fn zones_of_region(&self) -> Vec<String> {
        let region = self.scenario.region();
        let known = Catalog::region(region).map_or(&[][..], |known| known.zones.as_slice());
        let letters = if known.is_empty() { &['a'][..] } else { known };
        letters.iter().map(|letter| format!("{region}{letter}")).collect()
    }

    /// Every group, in name order.
    pub(super) fn lower_groups(&mut self) {
        let scenario = self.scenario;
        let mut order: Vec<usize> = (0..scenario.auto_scaling_groups.len()).collect();
        order.sort_by_key(|index| &scenario.auto_scaling_groups[*index].auto_scaling_group_name);
        for pair in order.windows(2) {
            let name = |index: usize| &scenario.auto_scaling_groups[index].auto_scaling_group_name;
            if name(pair[0]) == name(pair[1]) {
                let place = |index: usize| self.at("autoScalingGroups").index(index).key("autoScalingGroupName");
                let diagnostic = place(pair[1])
                    .error("E302", format!("two Auto Scaling groups are called `{}`", shown(name(pair[1]))), "this one")
                    .label(place(pair[0]).span(), "and this one")
                    .help("names are unique in an account and Region");
                self.push(diagnostic);
            }
        }
        for index in order {
            let group = &scenario.auto_scaling_groups[index];
            let at = self.at("autoScalingGroups").index(index);
            let name = group.auto_scaling_group_name.clone();
            if self.capacity.groups.contains_key(&name) {
                continue;
            }
            match self.auto_scaling_group(group, &at) {
                Some(id) => {
                    self.capacity.groups.insert(name, id);
                    self.capacity.written.push(Written { group, at });
                }
                None => {
                    self.capacity.broken_groups.insert(name);
                }
            }
        }
    }

    fn auto_scaling_group(&mut self, given: &'a aws::AutoScalingGroup, at: &Locator<'a>) -> Option<AsgId> {
        let scenario = self.scenario;
        let name = &given.auto_scaling_group_name;
        if name.is_empty() || name.chars().count() > 255 || name.contains(':') {
            let message = format!("`{}` is no name of an Auto Scaling group", shown(name));
            let help = Some("1 to 255 characters, without a colon".into());
            self.error(&at.clone().key("autoScalingGroupName"), "E340", message, help);
        }
        self.check_sizes(given.min_size, given.max_size, given.desired_capacity, at);
        let places = self.places(given, at);
        let launches = self.launches(given.launch_template.as_ref(), given.mixed_instances_policy.as_ref(), at)?;
        if places.is_empty() {
            return None;
        }
        let none = AutoScalingGroupBehavior::default();
        let behavior = scenario.behavior.auto_scaling_groups.get(name).unwrap_or(&none);
        let behavior_at = self.at("behavior").key("autoScalingGroups").key(name);
        let kind = self.launched_kind(&behavior.container_instance, behavior_at.clone().key("containerInstance"));
        let mixed = given.mixed_instances_policy.as_ref();
        let mut templates = vec![(self.template_version(given.launch_template.as_ref(), mixed), mixed.is_none())];
        let launched_later = self.later_launches(name, &mut templates);
        let later = Later { places: self.later_places(given), launches: launched_later };
        let all_places = later.all_places(&places);
        let zones = all_places.iter().map(|place| self.zone(&place.zone)).collect();
        let at_start = places.iter().map(|place| self.zone(&place.zone)).collect();
        let id = self.definitions.auto_scaling_groups.push(GroupDefinition {
            name: name.clone(),
            min_size: given.min_size,
            max_size: given.max_size,
            desired_capacity: given.desired().clamp(given.min_size, given.max_size.max(given.min_size)),
            zones,
            protects_new_instances: given.new_instances_protected_from_scale_in.unwrap_or(false),
            suspended: given.suspended_processes.iter().map(|process| process_of(process.0)).collect(),
        });
        let owner = LaunchOwner::Group(id);
        let mut options = self.launch_options(owner, &kind, &launches.types, &all_places, 1);
        for change in later.launches.iter().filter(|change| change.is_new) {
            options.extend(self.launch_options(owner, &kind, &change.launches.types, &all_places, change.number));
        }
        let reaction = match &behavior.reaction {
            Some(spec) => self.seconds(spec, &behavior_at.clone().key("reaction")),
            None => self.seconds(&scenario.settings.asg_reaction, &self.at("settings").key("asg_reaction")),
        };
        let distribution = given.mixed_instances_policy.as_ref().map(|mixed| &mixed.instances_distribution);
        let default_cooldown = given.default_cooldown.map_or(DEFAULT_COOLDOWN, seconds);
        let default_warmup = given.default_instance_warmup.map(seconds);
        let spec = GroupSpec {
            options,
            zones: (!later.places.is_empty()).then_some(at_start),
            launch_failure: behavior.launch_failure.map_or(0.0, |share| share.fraction()),
            templates: templates.into_iter().map(|(version, _)| version).collect(),
            reaction,
            mixed: distribution.map(later::distribution),
            spot_only: launches.spot,
            on_demand: on_demand_strategy(distribution, launches.by_requirements),
            spot: spot_strategy(distribution),
            spot_max_price: launches.spot_max_price,
            zone_strategy: self.zone_strategy(given, at),
            capacity_rebalance: given.capacity_rebalance.unwrap_or(false),
            termination: self.termination(&given.termination_policies, &at.clone().key("terminationPolicies")),
            default_cooldown,
            default_warmup,
            health_check_grace: given.health_check_grace_period.map_or(Span::ZERO, seconds),
            hooks: self.hooks(given, behavior, at, &behavior_at),
            max_lifetime: self.max_lifetime(given, at),
            maintenance: self.maintenance(given.instance_maintenance_policy.as_ref(), at),
            warm_pool: self.warm_pool(given, behavior, at),
            policies: self.scaling_policies(given, at),
            schedule: self.schedule(given, at),
            spot_draining: behavior.container_instance.agent.ecs_enable_spot_instance_draining.unwrap_or(false),
            refreshes: Vec::new(),
        };
        self.check_capacity_type(given.desired_capacity_type, at);
        self.check_health_type(given.health_check_type.as_deref(), at);
        if given.mixed_instances_policy.is_some() {
            self.check_distribution(given, at);
        }
        let machines = self.group_machines(behavior, &behavior_at);
        self.capacity.model.groups.push(spec);
        self.capacity.fleet.groups.push(machines);
        self.later_configurations(id, given, &later);
        Some(id)
    }

    /// ASG-006: checks of load balancers and volumes are not simulated.
    pub(super) fn check_health_type(&mut self, given: Option<&str>, at: &Locator<'a>) {
        if given.is_some_and(|kinds| kinds.trim() != "EC2") {
            let message = "this version checks the health of instances by EC2 alone";
            self.warning(&at.clone().key("healthCheckType"), "W360", message, None);
        }
    }

    /// ASG-012: sizes count instances; groups of ECS count nothing else (CP-021).
    pub(super) fn check_capacity_type(&mut self, given: Option<aws::DesiredCapacityType>, at: &Locator<'a>) {
        if given.is_some_and(|unit| unit != aws::DesiredCapacityType::Units) {
            let help = Some("leave it out, or write `units` (ASG-012)".into());
            let message = "this version counts a group's capacity in instances, not in vCPUs or MiB";
            self.error(&at.clone().key("desiredCapacityType"), "E391", message, help);
        }
    }

    /// ASG-001.
    pub(super) fn check_sizes(&mut self, min: u32, max: u32, desired: Option<u32>, at: &Locator<'a>) {
        if min > max {
            let help = Some("minSize ≤ desiredCapacity ≤ maxSize (ASG-001)".into());
            self.error(&at.clone().key("minSize"), "E390", format!("`minSize` {min} exceeds `maxSize` {max}"), help);
        } else if let Some(desired) = desired.filter(|desired| !(min..=max).contains(desired)) {
            let message = format!("`desiredCapacity` {desired} is not between `minSize` {min} and `maxSize` {max}");
            let help = Some("minSize ≤ desiredCapacity ≤ maxSize (ASG-001)".into());
            self.error(&at.clone().key("desiredCapacity"), "E390", message, help);
        }
        let quota = self.scenario.settings.container_instances_per_cluster;
        if desired.unwrap_or(min) > quota {
            let message = format!(
                "{} instances at the start, the quota of a cluster is {quota} (QTA-002)",
                desired.unwrap_or(min)
            );
            self.error(&at.clone().key("desiredCapacity"), "E330", message, raise("container_instances_per_cluster"));
        }
        if max > MOST_INSTANCES {
            let message = format!("{max} instances, at most {MOST_INSTANCES} are possible in a group");
            self.error(&at.clone().key("maxSize"), "E330", message, None);
        }
    }

    /// Zones of a group in the order of its configuration, each with its subnet.
    pub(super) fn places(&mut self, given: &aws::AutoScalingGroup, at: &Locator<'a>) -> Vec<Place> {
        for (index, zone) in given.availability_zones.iter().enumerate() {
            let place = at.clone().key("availabilityZones").index(index);
            self.check_zone(zone, &place);
            if given.availability_zones[..index].contains(zone) {
                self.error(&place, "E302", format!("zone `{}` is named twice", shown(zone)), None);
            }
        }
        let mut subnets = Vec::new();
        let subnets_at = at.clone().key("vpcZoneIdentifier");
        let is_list = subnets_at.node().is_some_and(|node| node.as_list().is_some());
        for (index, name) in given.vpc_zone_identifier.iter().flat_map(|names| &names.0).enumerate() {
            let place = if is_list { subnets_at.clone().index(index) } else { subnets_at.clone() };
            let Some(id) = self.subnet(name, &place) else { continue };
            let zone = self.definitions.zones.name(self.definitions.subnets[id].zone).to_owned();
            if !given.availability_zones.is_empty() && !given.availability_zones.contains(&zone) {
                let message = format!("subnet `{}` lies in {zone}, which is none of the group's zones", shown(name));
                let help = Some("leave `availabilityZones` out: they are those of the subnets".into());
                self.error(&place, "E308", message, help);
            }
            subnets.push((zone, id));
        }
        if given.vpc_zone_identifier.is_some() && subnets.is_empty() {
            // What is wrong with each was said.
            return Vec::new();
        }
        let mut places = Vec::new();
        for zone in self.zones_of_group(given) {
            let here = subnets.iter().filter(|(of, _)| *of == zone).map(|(_, subnet)| *subnet);
            let free = |subnet: &ecsim_cluster::SubnetId| self.definitions.subnets[*subnet].free_addresses;
            // The first of equals, where `max_by_key` takes the last.
            let subnet = here.collect::<Vec<_>>().into_iter().rev().max_by_key(free);
            if !subnets.is_empty() && subnet.is_none() {
                let message = format!("the group has no subnet in {zone}");
                let help = Some("name a subnet for each zone, or leave the zone out".into());
                self.error(&at.clone().key("availabilityZones"), "E308", message, help);
            }
            if !places.iter().any(|place: &Place| place.zone == zone) {
                places.push(Place { zone, subnet });
            }
        }
        places
    }

    /// Which launch template it is, and which version; what is described in place is a launch template of its own.
    fn template_version(
        &mut self,
        template: Option<&aws::LaunchTemplateSpecification>,
        mixed: Option<&aws::MixedInstancesPolicy>,
    ) -> TemplateVersion {
        let of_policy = mixed.and_then(|mixed| mixed.launch_template.launch_template_specification.as_ref());
        match template.or(of_policy).and_then(|spec| self.named_version(spec)) {
            Some((index, version)) => TemplateVersion { template: u32::try_from(index).unwrap_or(u32::MAX), version },
            None => {
                self.capacity.unnamed_templates += 1;
                TemplateVersion { template: u32::MAX - self.capacity.unnamed_templates, version: 1 }
            }
        }
    }

    /// What calls of the timeline make a group launch, in the order in which they are due, with its number in the group:
    /// `templates` has those before it, and whether each stands alone. Going back to such a one is nothing new; a mixed
    /// instances policy may name other types of the same version.
    fn later_launches(&mut self, name: &str, templates: &mut Vec<(TemplateVersion, bool)>) -> Vec<LaterLaunches<'a>> {
        let scenario = self.scenario;
        let mut found = Vec::new();
        for index in self.due_order() {
            let Some((key, template, mixed)) = retemplates(&scenario.timeline[index], name) else { continue };
            let at = key.iter().fold(self.at("timeline").index(index), |at, key| at.key(*key));
            if let Some(launches) = self.launches(template, mixed, &at) {
                let wanted = (self.template_version(template, mixed), mixed.is_none());
                let known = templates.iter().position(|known| *known == wanted && mixed.is_none());
                let place = known.unwrap_or(templates.len());
                let number = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1);
                self.capacity.templates.insert(index, number);
                if known.is_none() {
                    templates.push(wanted);
                }
                found.push(LaterLaunches { index, number, is_new: known.is_none(), launches });
            }
        }
        found
    }

    fn check_distribution(&mut self, given: &aws::AutoScalingGroup, at: &Locator<'a>) {
        let Some(mixed) = &given.mixed_instances_policy else { return };
        let place = at.clone().key("mixedInstancesPolicy").key("instancesDistribution");
        let distribution = &mixed.instances_distribution;
        let lowest =
            distribution.spot_allocation_strategy.unwrap_or_default() == aws::SpotAllocationStrategy::LowestPrice;
        if let Some(pools) = distribution.spot_instance_pools {
            if !lowest {
                let message = "`spotInstancePools` goes with the allocation strategy lowest-price only (ASG-011)";
                self.error(&place.key("spotInstancePools"), "E391", message, Some("leave it out".into()));
            } else if pools == 0 {
                let message = "a group uses at least one pool (ASG-011)";
                self.error(&place.key("spotInstancePools"), "E391", message, Some("the default is 2".into()));
            }
        }
    }

    /// ASG-004.
    pub(super) fn zone_strategy(&mut self, given: &aws::AutoScalingGroup, at: &Locator<'a>) -> ZoneStrategy {
        let distribution = given.availability_zone_distribution.unwrap_or_default();
        match distribution.capacity_distribution_strategy.unwrap_or_default() {
            aws::CapacityDistributionStrategy::BalancedBestEffort => ZoneStrategy::BalancedBestEffort,
            aws::CapacityDistributionStrategy::BalancedOnly => ZoneStrategy::BalancedOnly,
            aws::CapacityDistributionStrategy::ReservationsThenBalanced => {
                let place = at.clone().key("availabilityZoneDistribution").key("capacityDistributionStrategy");
                let message = "this version knows no Capacity Reservations: the zones are kept balanced";
                self.warning(&place, "W360", message, None);
                ZoneStrategy::ReservationsThenBalanced
            }
        }
    }
}

/// The new launch template of a group in an entry of the timeline, and where it stands.
fn retemplates<'s>(
    entry: &'s TimelineEntry,
    name: &str,
) -> Option<(Vec<&'static str>, Option<&'s aws::LaunchTemplateSpecification>, Option<&'s aws::MixedInstancesPolicy>)> {
    let is_it = |of: &str| of.rsplit('/').next() == Some(name);
    if let Some(update) = entry.update_auto_scaling_group.as_ref().filter(|it| is_it(&it.auto_scaling_group_name))
        && (update.launch_template.is_some() || update.mixed_instances_policy.is_some())
    {
        let key = vec!["updateAutoScalingGroup"];
        return Some((key, update.launch_template.as_ref(), update.mixed_instances_policy.as_ref()));
    }
    if let Some(refresh) = entry.start_instance_refresh.as_ref().filter(|it| is_it(&it.auto_scaling_group_name))
        && let Some(desired) = &refresh.desired_configuration
    {
        let key = vec!["startInstanceRefresh", "desiredConfiguration"];
        return Some((key, desired.launch_template.as_ref(), desired.mixed_instances_policy.as_ref()));
    }
    None
}

/// A number of seconds.
pub(super) fn seconds(number: u32) -> Span {
    Span::from_secs(u64::from(number))
}

pub(super) fn on_demand_strategy(
    given: Option<&aws::InstancesDistribution>,
    by_requirements: bool,
) -> OnDemandStrategy {
    match given.and_then(|given| given.on_demand_allocation_strategy) {
        Some(aws::OnDemandAllocationStrategy::LowestPrice) => OnDemandStrategy::LowestPrice,
        Some(aws::OnDemandAllocationStrategy::Prioritized) => OnDemandStrategy::Prioritized,
        None if by_requirements => OnDemandStrategy::LowestPrice,
        None => OnDemandStrategy::Prioritized,
    }
}

pub(super) fn spot_strategy(given: Option<&aws::InstancesDistribution>) -> SpotStrategy {
    let pools = given.and_then(|given| given.spot_instance_pools).unwrap_or(2).max(1);
    match given.and_then(|given| given.spot_allocation_strategy).unwrap_or_default() {
        aws::SpotAllocationStrategy::LowestPrice => SpotStrategy::LowestPrice { pools },
        aws::SpotAllocationStrategy::CapacityOptimized => SpotStrategy::CapacityOptimized,
        aws::SpotAllocationStrategy::CapacityOptimizedPrioritized => SpotStrategy::CapacityOptimizedPrioritized,
        aws::SpotAllocationStrategy::PriceCapacityOptimized => SpotStrategy::PriceCapacityOptimized,
    }
}

/// A process that can be suspended (ASG-042).
pub(super) fn process_of(given: aws::ScalingProcess) -> Process {
    match given {
        aws::ScalingProcess::Launch => Process::Launch,
        aws::ScalingProcess::Terminate => Process::Terminate,
        aws::ScalingProcess::AddToLoadBalancer => Process::AddToLoadBalancer,
        aws::ScalingProcess::AlarmNotification => Process::AlarmNotification,
        aws::ScalingProcess::AzRebalance => Process::AzRebalance,
        aws::ScalingProcess::HealthCheck => Process::HealthCheck,
        aws::ScalingProcess::InstanceRefresh => Process::InstanceRefresh,
        aws::ScalingProcess::ReplaceUnhealthy => Process::ReplaceUnhealthy,
        aws::ScalingProcess::ScheduledActions => Process::ScheduledActions,
    }
}

/// Processes of a call; none means all (ASG-042).
pub(super) fn processes_of(given: &[aws::ScalingProcess]) -> Processes {
    if given.is_empty() { Processes::ALL } else { given.iter().map(|process| process_of(*process)).collect() }
}
