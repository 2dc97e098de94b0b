//! The fixed fleet: what each container instance registers (RES-001 to RES-004, RES-020, RES-021, RES-040, RES-041),
//! its attributes (CQL-015 to CQL-017), and its name.

use std::collections::BTreeMap;

use ecsim_catalog::{Catalog, MemorySource};
use ecsim_cluster::definitions::{InstanceShape, PlannedInstance, PullBehavior};
use ecsim_cluster::{AttributeId, Port, PortSet, Protocol, Resources, ShapeId, SubnetId, ValueId};
use ecsim_engine::model::InstanceBehavior;
use ecsim_kernel::{SimTime, Span};
use ecsim_policies::placement::constraints::query::attributes;

use super::capabilities::{self, Host};
use super::{Context, natural_order};
use crate::document::Locator;
use crate::schema::{
    Architecture, ContainerInstances, ImagePullBehavior, InstanceTypeSpec, InstancesFromCsv, RegisteredMemory,
    TimelineEntry,
};

/// The agent of an instance that says nothing about it.
const AGENT_VERSION: &str = "1.103.0";
/// ENI trunking needs this agent (RES-041).
const TRUNKING_AGENT: [u64; 3] = [1, 28, 1];
/// TCP ports in use before any task on Linux (RES-020); the last one is the Prometheus port.
const LINUX_PORTS: [u16; 6] = [22, 2375, 2376, 51678, 51679, 51680];
/// The same on Windows (RES-020).
const WINDOWS_PORTS: [u16; 11] = [53, 135, 139, 445, 2375, 2376, 3389, 5985, 5986, 51678, 51679];
/// `ip_local_port_range` (RES-025).
const DYNAMIC_PORTS: (u16, u16) = (32_768, 60_999);
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
    /// Where it was written, for messages about its name.
    path: crate::document::Path,
}

/// What an instance type offers.
struct TypeFacts {
    cpu: u32,
    memory_mib: u32,
    measured_mib: Option<u32>,
    gpus: u32,
    enis: u32,
    enis_trunked: Option<u32>,
    architecture: &'static str,
    nitro: bool,
}

/// Shapes by what makes them differ, so that a thousand like instances share one.
type Shapes = BTreeMap<String, ShapeId>;

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
        let mut shapes = Shapes::new();
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
        drafts.sort_by(|a: &Draft, b: &Draft| natural_order(&a.name, &b.name));
        for pair in drafts.windows(2) {
            if pair[0].name == pair[1].name {
                let at = self.document.at_path(&pair[1].path);
                let other = self.document.at_path(&pair[0].path);
                let diagnostic = at
                    .error("E302", format!("two container instances are called `{}`", pair[1].name), "this one")
                    .label(other.span(), "and this one")
                    .help("give each entry a `name` of its own");
                self.push(diagnostic);
            }
        }
        let limit = scenario.settings.container_instances_per_cluster as usize;
        if drafts.len() > limit {
            let at = self.at("containerInstances");
            self.error(
                &at,
                "E330",
                format!("{} container instances, the quota of a cluster is {limit} (QTA-002)", drafts.len()),
                Some("raise it with settings.container_instances_per_cluster".into()),
            );
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
        }
    }

    fn zones_in_use(&self) -> std::collections::BTreeSet<String> {
        let mut zones = std::collections::BTreeSet::new();
        let region = self.scenario.region();
        let entries = self.scenario.container_instances.iter();
        let joining = self.scenario.timeline.iter().filter_map(|entry: &TimelineEntry| entry.register_container_instances.as_ref());
        for entry in entries.chain(joining) {
            zones.extend(zones_of(entry, region));
        }
        zones.extend(self.scenario.vpc.subnets.values().map(|subnet| subnet.availability_zone.clone()));
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

    fn check_zone(&mut self, zone: &str, at: &Locator<'a>) {
        let region = self.scenario.region();
        let Some(known) = Catalog::region(region) else { return };
        let suffix = zone.strip_prefix(region).unwrap_or("");
        let mut letters = suffix.chars();
        let is_zone = matches!((letters.next(), letters.next()), (Some(letter), None) if letter.is_ascii_lowercase());
        if !is_zone {
            let zones: Vec<String> = known.zones.iter().map(|letter| format!("{region}{letter}")).collect();
            self.error(
                at,
                "E303",
                format!("`{zone}` is no Availability Zone of {region}"),
                Some(format!("zones of {region}: {}", zones.join(", "))),
            );
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
        let region = self.scenario.region();
        if let Some(zone) = &entry.availability_zone {
            self.check_zone(zone, &at.clone().key("availabilityZone"));
            if !entry.availability_zones.is_empty() {
                self.error(
                    &at.clone().key("availabilityZones"),
                    "E304",
                    "both `availabilityZone` and `availabilityZones`",
                    Some("write one of them".into()),
                );
            }
        }
        for (index, zone) in entry.availability_zones.iter().enumerate() {
            self.check_zone(zone, &at.clone().key("availabilityZones").index(index));
        }
        if let Some(csv) = &entry.from_csv {
            self.lower_csv_entry(entry, csv, joins, at, shapes, drafts);
            return;
        }
        let facts = self.type_facts(entry, at);
        let zones = zones_of(entry, region);
        let count = entry.count.unwrap_or(1);
        if count > MOST_INSTANCES {
            self.error(&at.clone().key("count"), "E330", format!("at most {MOST_INSTANCES} instances an entry"), None);
            return;
        }
        if count > 1 && entry.ec2_instance_id.is_some() {
            self.error(
                &at.clone().key("ec2InstanceId"),
                "E304",
                format!("one `ec2InstanceId` for {count} instances"),
                Some("leave it out, or write `count: 1`".into()),
            );
        }
        let subnet = entry.subnet.as_ref().and_then(|name| self.subnet(name, &at.clone().key("subnet")));
        let join_at = joins + entry.join_at.map_or(Span::ZERO, |wait| wait.0);
        let custom = self.custom_attributes(entry, at);
        let stem = entry.name.clone().unwrap_or_else(|| {
            format!("{}-{}", entry.instance_type.as_deref().unwrap_or("instance"), zones.join("-"))
        });
        let by_zone: Vec<ShapeId> = zones
            .iter()
            .map(|zone| self.shape(entry, &facts, zone, &custom, at, shapes))
            .collect();
        for ordinal in 0..count {
            let turn = ordinal as usize % zones.len();
            drafts.push(Draft {
                name: if count == 1 { stem.clone() } else { format!("{stem}-{}", ordinal + 1) },
                named: entry.name.is_some(),
                ec2_instance_id: entry.ec2_instance_id.clone(),
                shape: by_zone[turn],
                zone: zones[turn].clone(),
                subnet,
                registered_at_unix_ms: entry.registered_at.map(crate::schema::DateTime::unix_ms),
                join_at,
                agent_connected: entry.agent_connected.unwrap_or(true),
                path: at.path().clone(),
            });
        }
    }

    fn lower_csv_entry(
        &mut self,
        entry: &ContainerInstances,
        csv: &InstancesFromCsv,
        joins: SimTime,
        at: &Locator<'a>,
        shapes: &mut Shapes,
        drafts: &mut Vec<Draft>,
    ) {
        let place = at.clone().key("fromCsv");
        let columns = place.clone().key("columns");
        let Some(mut table) = self.open_table(&csv.file, &place.clone().key("file")) else { return };
        let find = |context: &mut Self, name: &str, key: &str| context.column(&table, name, &columns.clone().key(key));
        let name_column = match &csv.columns.name {
            Some(column) => match find(self, &column.column, "name") {
                Some(found) => Some(found),
                None => return,
            },
            None => None,
        };
        let (Some(cpu_column), Some(memory_column)) =
            (find(self, &csv.columns.cpu.column, "cpu"), find(self, &csv.columns.memory.column, "memory"))
        else {
            return;
        };
        let gpu_column = match &csv.columns.gpus {
            Some(column) => match find(self, &column.column, "gpus") {
                Some(found) => Some(found),
                None => return,
            },
            None => None,
        };
        let mut attribute_columns = Vec::new();
        for (attribute, column) in &csv.columns.attributes {
            let Some(found) = find(self, column, "attributes") else { return };
            attribute_columns.push((attribute.clone(), found));
        }
        let region = self.scenario.region().to_owned();
        let zones = if csv.availability_zones.0.is_empty() { zones_of(entry, &region) } else { csv.availability_zones.0.clone() };
        for zone in &zones {
            self.check_zone(zone, &place);
        }
        let join_at = joins + entry.join_at.map_or(Span::ZERO, |wait| wait.0);
        let fixed = self.custom_attributes(entry, at);
        let prefix = entry.name.clone().unwrap_or_else(|| "instance".to_owned());
        let mut ordinal = 0_usize;
        let mut by_kind: BTreeMap<(u32, u32, u32, usize, Vec<String>), ShapeId> = BTreeMap::new();
        while self.next_row(&mut table, &place) {
            let cpu = self.cpu_cell(&mut table, cpu_column, &csv.columns.cpu, &place);
            let memory = self.memory_cell(&mut table, memory_column, &csv.columns.memory, &place);
            let gpus = match (gpu_column, &csv.columns.gpus) {
                (Some(index), Some(column)) if !table.cell(index).is_empty() => self
                    .number(&mut table, index, &column.column, &place)
                    .map(|gpus| (gpus * column.scale.unwrap_or(1.0)).floor().clamp(0.0, 64.0) as u32),
                _ => Some(0),
            };
            let (Some(cpu), Some(memory), Some(gpus)) = (cpu, memory, gpus) else { continue };
            let values: Vec<String> = attribute_columns.iter().map(|(_, column)| table.cell(*column).to_owned()).collect();
            let turn = ordinal % zones.len();
            let name = match name_column {
                Some(column) => table.cell(column).to_owned(),
                None => format!("{prefix}-{}", ordinal + 1),
            };
            ordinal += 1;
            let key = (cpu, memory, gpus, turn, values.clone());
            let shape = if let Some(shape) = by_kind.get(&key) {
                *shape
            } else {
                let facts = TypeFacts {
                    cpu,
                    memory_mib: memory,
                    measured_mib: Some(memory),
                    gpus,
                    enis: 15,
                    enis_trunked: None,
                    architecture: "x86_64",
                    nitro: true,
                };
                let mut custom = fixed.clone();
                for ((attribute, _), value) in attribute_columns.iter().zip(&values) {
                    if !value.is_empty() {
                        self.push_attribute(attribute, Some(value), &place, &mut custom);
                    }
                }
                let shape = self.shape(entry, &facts, &zones[turn], &custom, at, shapes);
                by_kind.insert(key, shape);
                shape
            };
            drafts.push(Draft {
                name,
                named: true,
                ec2_instance_id: None,
                shape,
                zone: zones[turn].clone(),
                subnet: None,
                registered_at_unix_ms: entry.registered_at.map(crate::schema::DateTime::unix_ms),
                join_at,
                agent_connected: entry.agent_connected.unwrap_or(true),
                path: place.path().clone(),
            });
        }
        if ordinal == 0 {
            self.error(&place, "E324", format!("`{}` has no rows", csv.file), None);
        }
    }

    /// A subnet of `vpc.subnets`.
    pub(super) fn subnet(&mut self, name: &str, at: &Locator<'a>) -> Option<SubnetId> {
        let found = self.subnet_ids.get(name).copied();
        if found.is_none() {
            let known: Vec<String> = self.subnet_ids.keys().cloned().collect();
            if known.is_empty() {
                self.error(
                    at,
                    "E301",
                    format!("nothing says where subnet `{name}` lies"),
                    Some(format!("write under vpc: subnets: {{{name}: {}a}}", self.scenario.region())),
                );
            } else {
                self.unknown(at, "subnet", name, known.iter().map(String::as_str));
            }
        }
        found
    }

    fn type_facts(&mut self, entry: &ContainerInstances, at: &Locator<'a>) -> TypeFacts {
        let scenario = self.scenario;
        let given = entry.registered_resources.unwrap_or_default();
        let bare = TypeFacts {
            cpu: given.cpu.unwrap_or(0),
            memory_mib: given.memory.unwrap_or(0),
            measured_mib: given.memory,
            gpus: given.gpus.unwrap_or(0),
            enis: given.enis.unwrap_or(3),
            enis_trunked: None,
            architecture: "x86_64",
            nitro: true,
        };
        let Some(name) = &entry.instance_type else {
            if given.cpu.is_none() || given.memory.is_none() {
                self.error(
                    at,
                    "E305",
                    "container instances without an instance type",
                    Some("write `instanceType: m5.large`, or `registeredResources: {cpu: 2048, memory: 7680}`".into()),
                );
            }
            return bare;
        };
        let custom = scenario.instance_types.get(name);
        let Some(known) = Catalog::instance_type(name) else {
            if let Some(custom) = custom {
                return self.custom_type(name, custom);
            }
            let mut near: Vec<&str> = Catalog::nearest(name, 3);
            near.extend(scenario.instance_types.keys().map(String::as_str));
            self.error(
                &at.clone().key("instanceType"),
                "E301",
                format!("unknown instance type `{name}`"),
                Some(format!("near names: {}; a type of your own goes under `instanceTypes:`", near.join(", "))),
            );
            return bare;
        };
        if !known.usable_with_ecs() {
            self.error(
                &at.clone().key("instanceType"),
                "E306",
                format!("`{name}` cannot be a container instance: its architecture is {}", known.architecture.as_str()),
                None,
            );
        }
        if known.task_eni_limit().is_none() && entry.registered_resources.is_none_or(|given| given.enis.is_none()) {
            self.warning(
                &at.clone().key("instanceType"),
                "W306",
                format!("the catalogue does not know how many network interfaces `{name}` has; it gets none for tasks"),
                Some("set registeredResources.enis".into()),
            );
        }
        let mut facts = TypeFacts {
            cpu: known.cpu_units(),
            memory_mib: known.memory_mib,
            measured_mib: known.os_visible_memory_mib,
            gpus: known.gpus,
            enis: known.task_eni_limit().unwrap_or(0),
            enis_trunked: known.task_eni_limit_trunked(),
            architecture: known.architecture.ecs_attribute().unwrap_or("x86_64"),
            nitro: known.is_nitro(),
        };
        // What the scenario says of a catalogue type wins.
        if let Some(custom) = custom {
            if let Some(vcpu) = custom.vcpu {
                facts.cpu = vcpu.saturating_mul(1024);
            }
            if let Some(memory) = custom.memory {
                facts.memory_mib = u32::try_from(memory.whole_mib()).unwrap_or(u32::MAX);
                facts.measured_mib = None;
            }
            facts.gpus = custom.gpus.unwrap_or(facts.gpus);
            facts.enis = custom.max_enis.map_or(facts.enis, |limit| limit.saturating_sub(1));
            facts.enis_trunked = custom.task_eni_limit_trunked.or(facts.enis_trunked);
            facts.nitro = custom.nitro.unwrap_or(facts.nitro);
        }
        facts
    }

    fn custom_type(&mut self, name: &str, custom: &InstanceTypeSpec) -> TypeFacts {
        let at = self.at("instanceTypes").key(name);
        if custom.vcpu.is_none() || custom.memory.is_none() {
            self.error(
                &at,
                "E307",
                format!("the catalogue has no `{name}`, so it needs `vcpu` and `memory`"),
                Some("for example {vcpu: 4, memory: 16GiB}".into()),
            );
        }
        TypeFacts {
            cpu: custom.vcpu.unwrap_or(1).saturating_mul(1024),
            memory_mib: custom.memory.map_or(1024, |memory| u32::try_from(memory.whole_mib()).unwrap_or(u32::MAX)),
            measured_mib: None,
            gpus: custom.gpus.unwrap_or(0),
            // RES-040: the primary interface counts as one.
            enis: custom.max_enis.unwrap_or(4).saturating_sub(1),
            enis_trunked: custom.task_eni_limit_trunked,
            architecture: match custom.architecture.unwrap_or_default() {
                Architecture::X8664 => "x86_64",
                Architecture::Arm64 => "arm64",
            },
            nitro: custom.nitro.unwrap_or(true),
        }
    }

    /// Custom attributes of an entry, checked by CQL-017; at most ten of them (QTA-021).
    fn custom_attributes(&mut self, entry: &ContainerInstances, at: &Locator<'a>) -> Vec<(AttributeId, Option<ValueId>)> {
        let mut custom = Vec::new();
        for (index, attribute) in entry.attributes.iter().enumerate() {
            let place = at.clone().key("attributes").index(index);
            self.push_attribute(&attribute.name, attribute.value.as_deref(), &place, &mut custom);
        }
        let place = at.clone().key("agent").key("ECS_INSTANCE_ATTRIBUTES");
        for (name, value) in &entry.agent.ecs_instance_attributes {
            self.push_attribute(name, Some(value.as_str()), &place, &mut custom);
        }
        let limit = self.scenario.settings.custom_attributes_per_resource as usize;
        if custom.len() > limit {
            self.error(
                &at.clone().key("attributes"),
                "E331",
                format!("AttributeLimitExceededException: {} custom attributes, at most {limit} are allowed", custom.len()),
                None,
            );
        }
        custom
    }

    fn push_attribute(
        &mut self,
        name: &str,
        value: Option<&str>,
        at: &Locator<'a>,
        into: &mut Vec<(AttributeId, Option<ValueId>)>,
    ) {
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
        let mut fine = true;
        if let Err(error) = attributes::validate_name(name) {
            self.error(at, "E332", format!("attribute name `{name}`: {error}"), None);
            fine = false;
        }
        if attributes::is_built_in(name) {
            self.error(at, "E332", format!("`{name}` is a built-in attribute: ECS sets it at registration"), None);
            fine = false;
        }
        if let Some(value) = value {
            if let Err(error) = attributes::validate_value(value) {
                self.error(at, "E332", format!("attribute value `{value}`: {error}"), None);
                fine = false;
            }
        }
        fine.then(|| {
            (self.definitions.attributes.intern(name), value.map(|value| self.definitions.values.intern(value)))
        })
    }

    fn shape(
        &mut self,
        entry: &ContainerInstances,
        facts: &TypeFacts,
        zone: &str,
        custom: &[(AttributeId, Option<ValueId>)],
        at: &Locator<'a>,
        shapes: &mut Shapes,
    ) -> ShapeId {
        let scenario = self.scenario;
        let settings = &scenario.settings;
        let agent = &entry.agent;
        let os_family = entry.operating_system.map_or("LINUX", |family| family.as_str());
        let windows = os_family.starts_with("WINDOWS");
        let external = entry.external.unwrap_or(false);
        let version = entry.agent_version.as_ref().map_or(AGENT_VERSION, |version| version.as_str()).to_owned();

        // RES-041: Linux, a supported type, a recent agent, and the account setting on when it registered.
        let opted_in = entry.awsvpc_trunking.unwrap_or(scenario.account_settings.awsvpc_trunking.is_on());
        let recent = parse_version(&version).is_some_and(|version| version >= TRUNKING_AGENT.to_vec());
        let trunk = opted_in && !windows && !external && recent && facts.enis_trunked.is_some();
        let enis = if external { 0 } else if trunk { facts.enis_trunked.unwrap_or(0) } else { facts.enis };

        let registered = self.registered(entry, facts, windows, enis, at);
        let host = Host {
            windows,
            external,
            nitro: facts.nitro,
            logging_drivers: agent.ecs_available_logging_drivers.as_deref(),
        };
        let mut names = capabilities::advertised(host);
        names.retain(|name| !entry.capabilities.remove.contains(name));
        names.extend(entry.capabilities.add.iter().cloned());
        names.sort_unstable();
        names.dedup();
        let mut attributes: BTreeMap<AttributeId, Option<ValueId>> = BTreeMap::new();
        for name in names {
            attributes.insert(self.definitions.attributes.intern(&name), None);
        }
        let type_name = entry.instance_type.clone().unwrap_or_else(|| "custom".to_owned());
        let mut built_in = vec![
            (attributes::AVAILABILITY_ZONE, zone.to_owned()),
            (attributes::INSTANCE_TYPE, type_name.clone()),
            (attributes::OS_TYPE, if windows { "windows" } else { "linux" }.to_owned()),
            (attributes::OS_FAMILY, os_family.to_owned()),
            (attributes::CPU_ARCHITECTURE, facts.architecture.to_owned()),
            (attributes::AMI_ID, format!("ami-ecsim-{}", if windows { "windows" } else { "linux" })),
            (attributes::VPC_ID, "vpc-ecsim".to_owned()),
        ];
        if let Some(subnet) = &entry.subnet {
            built_in.push((attributes::SUBNET_ID, subnet.clone()));
        }
        if trunk {
            built_in.push((attributes::AWSVPC_TRUNK_ID, "eni-trunk".to_owned()));
        }
        for (name, value) in built_in {
            let value = self.definitions.values.intern(&value);
            attributes.insert(self.definitions.attributes.intern(name), Some(value));
        }
        attributes.extend(custom.iter().copied());

        let tcp: Vec<u16> = match &agent.ecs_reserved_ports {
            Some(ports) => ports.clone(),
            None if windows => WINDOWS_PORTS.to_vec(),
            None if settings.reserve_prometheus_port => LINUX_PORTS.to_vec(),
            None => LINUX_PORTS[..5].to_vec(),
        };
        let udp = agent.ecs_reserved_ports_udp.clone().unwrap_or_default();
        let reserved_ports = PortSet::new(
            tcp.into_iter()
                .map(|number| Port { protocol: Protocol::Tcp, number })
                .chain(udp.into_iter().map(|number| Port { protocol: Protocol::Udp, number })),
        );
        let range = match &agent.ecs_dynamic_host_port_range {
            None => Some(DYNAMIC_PORTS),
            Some(text) => parse_range(text),
        };
        let Some((low, high)) = range else {
            self.error(
                &at.clone().key("agent").key("ECS_DYNAMIC_HOST_PORT_RANGE"),
                "E333",
                "this is no port range",
                Some("write the first and the last port, such as \"32768-60999\"".into()),
            );
            return ShapeId::new(0);
        };
        let shape = InstanceShape {
            instance_type: type_name,
            registered,
            reserved_ports,
            attributes: attributes.into_iter().collect(),
            agent_version: version,
            trunk,
            external,
            pull_behavior: match agent.ecs_image_pull_behavior.unwrap_or_default() {
                ImagePullBehavior::Default => PullBehavior::Default,
                ImagePullBehavior::Always => PullBehavior::Always,
                ImagePullBehavior::Once => PullBehavior::Once,
                ImagePullBehavior::PreferCached => PullBehavior::PreferCached,
            },
            stop_timeout: agent.ecs_container_stop_timeout.map_or(Span::from_secs(30), |timeout| timeout.0),
            hidden_enis: 0,
            dynamic_ports: u32::from(high) - u32::from(low) + 1,
            ebs_slots: settings.ebs_slots,
            ebs_shared_with_enis: facts.nitro,
        };
        let key = format!("{shape:?}");
        if let Some(known) = shapes.get(&key) {
            return *known;
        }
        let id = self.definitions.shapes.push(shape);
        shapes.insert(key, id);
        id
    }

    /// RES-001, RES-002, RES-004: CPU by vCPU, memory as the operating system sees it less the agent's reserve.
    fn registered(
        &mut self,
        entry: &ContainerInstances,
        facts: &TypeFacts,
        windows: bool,
        enis: u32,
        at: &Locator<'a>,
    ) -> Resources {
        let settings = &self.scenario.settings;
        let given = entry.registered_resources.unwrap_or_default();
        let source = if windows { MemorySource::Windows } else { MemorySource::LinuxPercent(settings.linux_memory_percent) };
        let seen = match (entry.memory, settings.registered_memory, source) {
            (Some(measured), ..) => u32::try_from(measured.whole_mib()).unwrap_or(u32::MAX),
            (None, RegisteredMemory::Measured, MemorySource::LinuxPercent(_)) if facts.measured_mib.is_some() => {
                facts.measured_mib.unwrap_or(facts.memory_mib)
            }
            // A CSV file says what a node has, and that is what it registers.
            (None, ..) if entry.from_csv.is_some() => facts.memory_mib,
            (None, _, MemorySource::Windows) => facts.memory_mib.saturating_sub(1),
            (None, ..) => {
                let percent = u64::from(settings.linux_memory_percent);
                u32::try_from(u64::from(facts.memory_mib) * percent / 100).unwrap_or(u32::MAX)
            }
        };
        let reserve = u32::from(entry.agent.ecs_reserved_memory.unwrap_or(0));
        let memory = match given.memory {
            Some(memory) => memory,
            None if reserve > seen => {
                self.error(
                    &at.clone().key("agent").key("ECS_RESERVED_MEMORY"),
                    "E334",
                    format!("the reserve of {reserve} MiB exceeds the {seen} MiB of the host: registration would fail (RES-002)"),
                    None,
                );
                0
            }
            None => seen - reserve,
        };
        let supports_gpus = entry.agent.ecs_enable_gpu_support.unwrap_or(true) && !windows;
        let gpus = given.gpus.unwrap_or(if supports_gpus { facts.gpus } else { 0 });
        if gpus > 64 {
            self.error(&at.clone().key("registeredResources"), "E335", "at most 64 GPUs an instance", None);
        }
        Resources {
            cpu: given.cpu.unwrap_or(facts.cpu),
            memory,
            gpus: u16::try_from(gpus.min(64)).unwrap_or(64),
            enis: u16::try_from(given.enis.unwrap_or(enis)).unwrap_or(u16::MAX),
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
            trunk_detach: super::distributions::constant(0.0),
            trunk_failure: 0.0,
        }
    }
}

fn zones_of(entry: &ContainerInstances, region: &str) -> Vec<String> {
    match (&entry.availability_zone, entry.availability_zones.as_slice(), &entry.from_csv) {
        (_, _, Some(csv)) if !csv.availability_zones.0.is_empty() => csv.availability_zones.0.clone(),
        (Some(zone), ..) => vec![zone.clone()],
        (None, [], _) => vec![format!("{region}a")],
        (None, zones, _) => zones.to_vec(),
    }
}

fn parse_version(text: &str) -> Option<Vec<u64>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

fn parse_range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-')?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (0 < low && low <= high).then_some((low, high))
}
