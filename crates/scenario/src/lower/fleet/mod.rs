//! The fixed fleet: [what each container instance registers](shape) and [of which type](types) it is, its attributes,
//! and its name; written out, or [row by row](csv) in a file. Instances that are [launched](launched) during the run take
//! their shapes from here too.

mod csv;
mod launched;
mod shape;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use ecsim_catalog::Catalog;
use ecsim_cluster::definitions::PlannedInstance;
use ecsim_cluster::{AttributeId, ShapeId, SubnetId, ValueId};
use ecsim_engine::model::InstanceBehavior;
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::placement::constraints::query::attributes;

use super::task_definitions::raise;
use super::{Context, natural_order};
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{ContainerInstances, TimelineEntry};

/// Most instances a scenario may plan: a guard against a slip of the finger.
const MOST_INSTANCES: u32 = 1_000_000;

/// An instance before it has an id.
struct Draft {
    name: String,
    named: bool,
    ec2_instance_id: Option<String>,
    shape: ShapeId,
    zone: String,
    subnet: Option<SubnetId>,
    registered_at_unix_ms: Option<i64>,
    join_at: SimTime,
    agent_connected: bool,
    /// The name of its entry.
    entry: String,
    /// Where it was written, for messages about its name.
    path: crate::document::Path,
    /// The line of its row, where it came from a file.
    line: Option<u64>,
}

pub(super) use launched::LaunchedKind;

/// Shapes by what makes them differ, so that a thousand like instances share one.
type Shapes = BTreeMap<String, ShapeId>;

/// Custom attributes, checked.
type Attributes = Vec<(AttributeId, Option<ValueId>)>;

impl<'a> Context<'a> {
    /// Subnets, then every instance of `containerInstances:` and of the timeline, in name order.
    pub(super) fn lower_fleet(&mut self) {
        // Zones are interned in name order, so that the order of the file is irrelevant.
        for zone in self.zones_in_use() {
            self.zone(&zone);
        }
        self.lower_subnets();
        let scenario = self.scenario;
        let mut drafts = Vec::new();
        let mut shapes = std::mem::take(&mut self.shapes);
        for (index, entry) in scenario.container_instances.iter().enumerate() {
            let at = self.at("containerInstances").index(index);
            self.lower_entry(entry, SimTime::ZERO, &at, &mut shapes, &mut drafts);
        }
        for (index, entry) in scenario.timeline.iter().enumerate() {
            if let Some(instances) = &entry.register_container_instances {
                let at = self.at("timeline").index(index).key("registerContainerInstances");
                self.lower_entry(instances, SimTime::ZERO + entry.at.0, &at, &mut shapes, &mut drafts);
            }
        }
        self.shapes = shapes;
        drafts.sort_by(|a: &Draft, b: &Draft| natural_order(&a.name, &b.name));
        self.check_instance_names(&drafts);
        // Those that join later are refused by the cluster, if it is full then (QTA-002).
        let limit = scenario.settings.container_instances_per_cluster as usize;
        let at_start = drafts.iter().filter(|draft| draft.join_at == SimTime::ZERO).count();
        if at_start > limit {
            let at = self.at("containerInstances");
            let message = format!("{at_start} container instances, the quota of a cluster is {limit} (QTA-002)");
            self.error(&at, "E330", message, raise("container_instances_per_cluster"));
        }
        for draft in drafts {
            let zone = self.zone(&draft.zone);
            let name = draft.name.clone();
            let id = self.definitions.instances.push(PlannedInstance {
                name: draft.name,
                named: draft.named,
                ec2_instance_id: draft.ec2_instance_id,
                shape: draft.shape,
                zone,
                subnet: draft.subnet,
                registered_at_unix_ms: draft.registered_at_unix_ms,
                join_at: draft.join_at,
                agent_connected: draft.agent_connected,
            });
            self.instance_ids.insert(name, id);
            self.entry_members.entry(draft.entry).or_default().push(id);
        }
    }

    /// Names are unique; two entries that clash are said once, whatever the number of their instances.
    fn check_instance_names(&mut self, drafts: &[Draft]) {
        let mut said = BTreeSet::new();
        let mut given_ids: BTreeMap<&str, &Draft> = BTreeMap::new();
        for pair in drafts.windows(2) {
            if pair[0].name != pair[1].name {
                continue;
            }
            let (mut first, mut second) = (&pair[0], &pair[1]);
            if (&second.path, second.line) < (&first.path, first.line) {
                (first, second) = (second, first);
            }
            if !said.insert((&first.path, &second.path)) {
                continue;
            }
            let name = shown(&first.name);
            let at = self.document.at_path(&second.path);
            let diagnostic = match (first.line, second.line) {
                (Some(one), Some(two)) if first.path == second.path => at
                    .error("E302", format!("two container instances are called `{name}`: lines {one} and {two}"), "")
                    .help("take the name from another column"),
                _ => at
                    .error("E302", format!("two container instances are called `{name}`"), "this one")
                    .label(self.document.at_path(&first.path).span(), "and this one")
                    .help("give each entry a `name` of its own"),
            };
            self.push(diagnostic);
        }
        for draft in drafts {
            let Some(id) = &draft.ec2_instance_id else { continue };
            if let Some(other) = given_ids.insert(id.as_str(), draft) {
                let diagnostic = self
                    .document
                    .at_path(&draft.path)
                    .key("ec2InstanceId")
                    .error(
                        "E302",
                        format!("two container instances have the EC2 instance id `{}`", shown(id)),
                        "this one",
                    )
                    .label(self.document.at_path(&other.path).key("ec2InstanceId").span(), "and this one")
                    .help("leave it out where it does not matter");
                self.push(diagnostic);
            }
        }
    }

    fn zones_in_use(&self) -> BTreeSet<String> {
        let mut zones = BTreeSet::new();
        let entries = self.scenario.container_instances.iter();
        let joining = self
            .scenario
            .timeline
            .iter()
            .filter_map(|entry: &TimelineEntry| entry.register_container_instances.as_ref());
        for entry in entries.chain(joining) {
            zones.extend(self.zones_of(entry));
        }
        zones.extend(self.scenario.vpc.subnets.values().map(|subnet| subnet.availability_zone.clone()));
        for group in &self.scenario.auto_scaling_groups {
            zones.extend(self.zones_of_group(group));
        }
        for update in self.scenario.timeline.iter().filter_map(|entry| entry.update_auto_scaling_group.as_ref()) {
            zones.extend(update.availability_zones.iter().flatten().cloned());
        }
        if zones.is_empty() {
            // Fargate alone runs somewhere too.
            zones.extend(self.zones_of_region());
        }
        zones
    }

    fn lower_subnets(&mut self) {
        let scenario = self.scenario;
        for (name, subnet) in &scenario.vpc.subnets {
            let at = self.at("vpc").key("subnets").key(name);
            self.check_zone(&subnet.availability_zone, &at);
            let zone = self.zone(&subnet.availability_zone);
            let id = self.definitions.subnets.push(ecsim_cluster::definitions::Subnet {
                name: name.clone(),
                zone,
                free_addresses: subnet.free_addresses,
            });
            self.subnet_ids.insert(name.clone(), id);
        }
    }

    pub(super) fn check_zone(&mut self, zone: &str, at: &Locator<'a>) {
        let region = self.scenario.region();
        let Some(known) = Catalog::region(region) else { return };
        let suffix = zone.strip_prefix(region).unwrap_or("");
        let mut letters = suffix.chars();
        let is_zone = matches!((letters.next(), letters.next()), (Some(letter), None) if letter.is_ascii_lowercase());
        if !is_zone {
            let zones: Vec<String> = known.zones.iter().map(|letter| format!("{region}{letter}")).collect();
            let message = format!("`{}` is no Availability Zone of {region}", shown(zone));
            self.error(at, "E303", message, Some(format!("zones of {region}: {}", zones.join(", "))));
        } else if !known.zones.iter().any(|letter| suffix.starts_with(*letter)) {
            let zones: Vec<String> = known.zones.iter().map(|letter| format!("{region}{letter}")).collect();
            let message = format!("ecsim knows no zone `{}`", shown(zone));
            self.warning(at, "W303", message, Some(format!("zones of {region}: {}", zones.join(", "))));
        }
    }

    /// The zones of an entry: as written, that of its subnet, or the Region's zone `a`.
    fn zones_of(&self, entry: &ContainerInstances) -> Vec<String> {
        let subnet = entry.subnet.as_ref().and_then(|name| self.scenario.vpc.subnets.get(name));
        match (&entry.from_csv, &entry.availability_zone, entry.availability_zones.as_slice()) {
            (Some(csv), ..) if !csv.availability_zones.0.is_empty() => csv.availability_zones.0.clone(),
            (_, Some(zone), _) => vec![zone.clone()],
            (_, None, []) => {
                let first = || format!("{}a", self.scenario.region());
                vec![subnet.map_or_else(first, |subnet| subnet.availability_zone.clone())]
            }
            (_, None, zones) => zones.to_vec(),
        }
    }

    fn lower_entry(
        &mut self,
        entry: &ContainerInstances,
        joins: SimTime,
        at: &Locator<'a>,
        shapes: &mut Shapes,
        drafts: &mut Vec<Draft>,
    ) {
        if let Some(zone) = &entry.availability_zone {
            self.check_zone(zone, &at.clone().key("availabilityZone"));
            if !entry.availability_zones.is_empty() {
                let help = Some("write one of them".into());
                let place = at.clone().key("availabilityZones");
                self.error(&place, "E304", "both `availabilityZone` and `availabilityZones`", help);
            }
        }
        for (index, zone) in entry.availability_zones.iter().enumerate() {
            self.check_zone(zone, &at.clone().key("availabilityZones").index(index));
        }
        let zones = self.zones_of(entry);
        let subnet = entry.subnet.as_ref().and_then(|name| self.subnet(name, &at.clone().key("subnet")));
        if let (Some(name), Some(found)) = (&entry.subnet, subnet) {
            let there = self.definitions.zones.name(self.definitions.subnets[found].zone).to_owned();
            if let Some(zone) = zones.iter().find(|zone| **zone != there) {
                let message = format!("subnet `{}` lies in {there}, and the instances in {}", shown(name), shown(zone));
                let help = Some("leave the zone out: it is that of the subnet".into());
                self.error(&at.clone().key("subnet"), "E308", message, help);
            }
        }
        self.check_agent_version(entry, at);
        let before = drafts.len();
        let errors = self.diagnostics.errors();
        if entry.from_csv.is_some() {
            self.lower_csv_entry(entry, joins, subnet, &zones, at, shapes, drafts);
            self.fleet_incomplete |= self.diagnostics.errors() > errors;
        } else {
            self.lower_written_entry(entry, joins, subnet, &zones, at, shapes, drafts);
            self.fleet_incomplete |= drafts.len() == before && self.diagnostics.errors() > errors;
        }
    }

    fn check_agent_version(&mut self, entry: &ContainerInstances, at: &Locator<'a>) {
        if let Some(version) = entry.agent_version.as_ref().filter(|it| shape::parse_version(it.as_str()).is_none()) {
            let message = format!("`{}` is no version of the agent", shown(version.as_str()));
            let help = Some("write numbers and dots, such as \"1.103.0\"".into());
            self.error(&at.clone().key("agentVersion"), "E336", message, help);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "an entry, where it is, and where its instances go")]
    fn lower_written_entry(
        &mut self,
        entry: &ContainerInstances,
        joins: SimTime,
        subnet: Option<SubnetId>,
        zones: &[String],
        at: &Locator<'a>,
        shapes: &mut Shapes,
        drafts: &mut Vec<Draft>,
    ) {
        let facts = self.type_facts(entry, at);
        let count = entry.count.unwrap_or(1);
        if count > MOST_INSTANCES {
            let message = format!("{count} container instances, at most {MOST_INSTANCES} are possible in an entry");
            self.error(&at.clone().key("count"), "E330", message, None);
            return;
        }
        if count > 1 && entry.ec2_instance_id.is_some() {
            let message = format!("one `ec2InstanceId` for {count} container instances");
            let help = Some("leave it out, or write `count: 1`".into());
            self.error(&at.clone().key("ec2InstanceId"), "E304", message, help);
        }
        let join_at = joins + entry.join_at.map_or(Span::ZERO, |wait| wait.0);
        let custom = self.custom_attributes(entry, at);
        let default_name = || format!("{}-{}", entry.instance_type.as_deref().unwrap_or("instance"), zones.join("-"));
        let stem = entry.name.clone().unwrap_or_else(default_name);
        if stem.is_empty() {
            let help = Some("leave it out for a name made of the type and the zone".into());
            self.error(&at.clone().key("name"), "E340", "an empty name", help);
        }
        let by_zone: Vec<ShapeId> =
            zones.iter().map(|zone| self.shape(entry, &facts, zone, &custom, at, shapes)).collect();
        for ordinal in 0..count {
            let turn = ordinal as usize % zones.len().max(1);
            drafts.push(Draft {
                name: if count == 1 { stem.clone() } else { format!("{stem}-{}", ordinal + 1) },
                named: entry.name.is_some(),
                // Several with one id are an error of their own.
                ec2_instance_id: entry.ec2_instance_id.clone().filter(|_| count == 1),
                shape: by_zone[turn],
                zone: zones[turn].clone(),
                subnet,
                registered_at_unix_ms: entry.registered_at.map(crate::schema::DateTime::unix_ms),
                join_at,
                agent_connected: entry.agent_connected.unwrap_or(true),
                entry: stem.clone(),
                path: at.path().clone(),
                line: None,
            });
        }
    }

    /// A subnet of `vpc.subnets`.
    pub(super) fn subnet(&mut self, name: &str, at: &Locator<'a>) -> Option<SubnetId> {
        let found = self.subnet_ids.get(name).copied();
        if found.is_none() {
            let known: Vec<String> = self.subnet_ids.keys().cloned().collect();
            if known.is_empty() {
                let message = format!("nothing says where subnet `{}` lies", shown(name));
                let help = format!("write under vpc: subnets: {{{name}: {}a}}", self.scenario.region());
                self.error(at, "E301", message, Some(help));
            } else {
                self.unknown(at, "subnet", name, known.iter().map(String::as_str));
            }
        }
        found
    }

    /// Custom attributes of an entry, checked by CQL-017; at most ten of them (QTA-021).
    fn custom_attributes(&mut self, entry: &ContainerInstances, at: &Locator<'a>) -> Attributes {
        let mut custom = Vec::new();
        for (index, attribute) in entry.attributes.iter().enumerate() {
            let place = at.clone().key("attributes").index(index);
            self.push_attribute(&attribute.name, attribute.value.as_deref(), &place, &mut custom);
        }
        let place = at.clone().key("agent").key("ECS_INSTANCE_ATTRIBUTES");
        for (name, value) in &entry.agent.ecs_instance_attributes {
            self.push_attribute(name, Some(value.as_str()), &place.clone().key(name), &mut custom);
        }
        let limit = self.scenario.settings.custom_attributes_per_resource as usize;
        if custom.len() > limit {
            let message = format!(
                "AttributeLimitExceededException: {} custom attributes, at most {limit} are allowed (QTA-021)",
                custom.len()
            );
            self.error(&at.clone().key("attributes"), "E331", message, raise("custom_attributes_per_resource"));
        }
        custom
    }

    fn push_attribute(&mut self, name: &str, value: Option<&str>, at: &Locator<'a>, into: &mut Attributes) {
        if let Some((name, value)) = self.checked_attribute(name, value, at) {
            into.retain(|(known, _)| *known != name);
            into.push((name, value));
        }
    }

    /// An attribute that passes CQL-017.
    pub(super) fn checked_attribute(
        &mut self,
        name: &str,
        value: Option<&str>,
        at: &Locator<'a>,
    ) -> Option<(AttributeId, Option<ValueId>)> {
        match attribute_error(name, value) {
            Ok(()) => Some((
                self.definitions.attributes.intern(name),
                value.map(|value| self.definitions.values.intern(value)),
            )),
            Err((key, message)) => {
                let place = at.clone().key(key);
                let place = if place.node().is_some() { place } else { at.clone() };
                self.error(&place, "E332", message, None);
                None
            }
        }
    }

    /// How instances behave beyond what they are.
    pub(super) fn instance_behavior(&mut self) -> InstanceBehavior {
        let scenario = self.scenario;
        let latencies = &scenario.behavior.latencies;
        let at = self.at("behavior").key("latencies");
        let mut draw = |spec: &Option<crate::schema::DurationDistribution>, key: &str| match spec {
            Some(spec) => self.seconds(spec, &at.clone().key(key)),
            None => super::distributions::constant(0.0),
        };
        InstanceBehavior {
            registration: draw(&latencies.instance_registration, "instanceRegistration"),
            trunk_attach: draw(&latencies.trunk_attach, "trunkAttach"),
            trunk_detach: draw(&latencies.trunk_detach, "trunkDetach"),
            trunk_failure: scenario.behavior.trunk_failure.map_or(0.0, crate::schema::Percent::fraction),
        }
    }
}

/// What is wrong with a custom attribute, and with which half of it (CQL-017).
fn attribute_error(name: &str, value: Option<&str>) -> Result<(), (&'static str, String)> {
    attributes::validate_name(name)
        .map_err(|error| ("name", format!("`{}` is no name of an attribute: {error} (CQL-017)", shown(name))))?;
    if attributes::is_built_in(name) {
        return Err(("name", format!("`{name}` is a built-in attribute: ECS sets it at registration (CQL-015)")));
    }
    let Some(value) = value else { return Ok(()) };
    attributes::validate_value(value)
        .map_err(|error| ("value", format!("`{}` is no value of an attribute: {error} (CQL-017)", shown(value))))
}
