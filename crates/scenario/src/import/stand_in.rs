//! Stand-ins for what no file has and a run needs: somebody who runs tasks, what they run, and where. Each is said to be one.

use std::collections::{BTreeMap, BTreeSet};

use ecsim_catalog::{Catalog, InstanceType, MemorySource};

use super::assemble::{Parts, words};
use super::node::{as_number, as_text, elements, find, find_at, find_text, list, map, number, set, text};
use crate::diagnostic::{Span, shown};
use crate::document::{Node, NodeKind};

/// Types that stand in, the smallest first; the first that fits is taken.
const GENERAL: [&str; 11] = [
    "m5.large",
    "m5.xlarge",
    "m5.2xlarge",
    "m5.4xlarge",
    "m5.8xlarge",
    "m5.12xlarge",
    "m5.16xlarge",
    "m5.24xlarge",
    "r5.24xlarge",
    "x1.32xlarge",
    "x1e.32xlarge",
];
const ARM: [&str; 8] = [
    "m6g.large",
    "m6g.xlarge",
    "m6g.2xlarge",
    "m6g.4xlarge",
    "m6g.8xlarge",
    "m6g.12xlarge",
    "m6g.16xlarge",
    "r6g.16xlarge",
];
const GPU: [&str; 10] = [
    "g4dn.xlarge",
    "g4dn.2xlarge",
    "g4dn.4xlarge",
    "g4dn.8xlarge",
    "g4dn.16xlarge",
    "g4dn.12xlarge",
    "p3.8xlarge",
    "p3.16xlarge",
    "p3dn.24xlarge",
    "p4d.24xlarge",
];
/// More instances than this are not made up.
const MOST_INSTANCES: u64 = 2_000;

/// What tells kinds of instances apart: the type that is asked for, Arm, the operating system, GPUs.
type Class = (Option<String>, bool, Option<String>, bool);

/// What one task needs of an instance.
#[derive(Debug, Clone, Default)]
struct Need {
    cpu: u64,
    memory: u64,
    gpus: u64,
    awsvpc: bool,
    /// Whether two cannot be on one instance, for their host ports.
    alone: bool,
    arm: bool,
    os: Option<String>,
    /// The type that a constraint asks for.
    pinned: Option<String>,
    attributes: BTreeMap<String, String>,
    zones: BTreeSet<String>,
    /// How many there are.
    count: u64,
    /// vCPUs that all of them need together, where that is known better than by their number.
    load: Option<u64>,
}

impl Parts<'_, '_> {
    /// Fills in what is missing.
    pub(super) fn stand_ins(&mut self) {
        self.somebody_who_runs_tasks();
        self.definitions_that_are_named();
        self.providers_that_are_named();
        self.groups_that_are_named();
        self.networks();
        self.instances();
    }

    /// Without services, calls and tables nothing would happen.
    fn somebody_who_runs_tasks(&mut self) {
        if !(self.services.is_empty() && self.workload.is_empty() && self.timeline.is_empty()) {
            return;
        }
        let has_capacity =
            !(self.groups.is_empty() && self.container_instances.is_empty() && self.providers.is_empty());
        if self.task_definitions.is_empty() {
            let span = super::nowhere();
            self.findings().assumed(
                "the files run no task: a service `stand-in` with 2 tasks of 256 CPU units and 512 MiB shows what the capacity does",
                None,
            );
            self.remark("taskDefinitions", "A stand-in: the files have no task definition.");
            let fargate = !has_capacity;
            self.task_definitions.push(super::assemble::stand_in_definition("stand-in", fargate, span));
        }
        let mut families: BTreeMap<String, Node> = BTreeMap::new();
        for definition in &self.task_definitions {
            let family = find_text(definition, "family").unwrap_or_default().to_owned();
            families.insert(family, definition.clone());
        }
        let mut names = Vec::new();
        for (family, definition) in families {
            let span = find(&definition, "family").map_or(definition.span, |node| node.span);
            let only_fargate = words(find(&definition, "requiresCompatibilities")) == ["FARGATE"];
            let count = if family == "stand-in" { 2 } else { 1 };
            let mut service = map(
                [
                    ("serviceName", text(family.clone(), span)),
                    ("taskDefinition", text(family.clone(), span)),
                    ("desiredCount", number(count, span)),
                ],
                span,
            );
            let default = elements(find(&self.cluster, "defaultCapacityProviderStrategy"));
            if only_fargate {
                set(&mut service, "launchType", text("FARGATE", span));
            } else if default.is_empty()
                && let Some(provider) = self.providers.first().and_then(|provider| find_text(provider, "name"))
            {
                let item = map([("capacityProvider", text(provider, span)), ("weight", number(1, span))], span);
                set(&mut service, "capacityProviderStrategy", list(vec![item], span));
            } else if default.is_empty() {
                set(&mut service, "launchType", text("EC2", span));
            }
            names.push((family, span));
            self.services.push(service);
        }
        self.remark("services", "A stand-in: the files have no service; one task shows what a task definition does.");
        let said: Vec<String> = names.iter().map(|(name, _)| format!("`{}`", shown(name))).collect();
        if said != ["`stand-in`"] {
            let what = if said.len() == 1 { "a service" } else { "services" };
            let message = format!("the files have no service: {what} {} with a desired count of 1", said.join(", "));
            self.findings().assumed(message, names.first().map(|(_, span)| *span));
        }
    }

    /// Task definitions that services, calls and task sets name.
    fn definitions_that_are_named(&mut self) {
        for at in 0..self.services.len() {
            let fargate = self.is_fargate(&self.services[at]);
            let name = find(&self.services[at], "taskDefinition")
                .and_then(|node| Some((as_text(node)?.to_owned(), node.span)));
            // Task sets say what a service with an external controller runs.
            let Some((name, span)) = name else { continue };
            let resolved = self.resolve_definition(&name, fargate, span);
            set(&mut self.services[at], "taskDefinition", text(resolved, span));
        }
        for (block, key) in [(0, "runTask"), (1, "createTaskSet")] {
            let entries = if block == 0 { self.workload.len() } else { self.timeline.len() };
            for at in 0..entries {
                let entry = if block == 0 { &self.workload[at] } else { &self.timeline[at] };
                let Some(call) = find(entry, key).cloned() else { continue };
                let Some(node) = find(&call, "taskDefinition") else { continue };
                let (name, span) = (as_text(node).unwrap_or_default().to_owned(), node.span);
                let fargate = self.is_fargate(&call);
                let resolved = self.resolve_definition(&name, fargate, span);
                let mut call = call;
                set(&mut call, "taskDefinition", text(resolved, span));
                let entry = if block == 0 { &mut self.workload[at] } else { &mut self.timeline[at] };
                set(entry, key, call);
            }
        }
    }

    /// Capacity providers that strategies name.
    fn providers_that_are_named(&mut self) {
        let mut named: BTreeMap<String, Span> = BTreeMap::new();
        let mut collect = |strategy: Option<&Node>| {
            for item in elements(strategy) {
                let node = find(item, "capacityProvider");
                if let Some((name, span)) = node.and_then(|node| Some((as_text(node)?.to_owned(), node.span))) {
                    named.entry(name).or_insert(span);
                }
            }
        };
        collect(find(&self.cluster, "defaultCapacityProviderStrategy"));
        for service in &self.services {
            collect(find(service, "capacityProviderStrategy"));
        }
        for entry in &self.workload {
            collect(find_at(entry, &["runTask", "capacityProviderStrategy"]));
        }
        for node in elements(find(&self.cluster, "capacityProviders")) {
            if let Some(name) = as_text(node) {
                named.entry(name.to_owned()).or_insert(node.span);
            }
        }
        let known: BTreeSet<String> =
            self.providers.iter().filter_map(|provider| find_text(provider, "name")).map(str::to_owned).collect();
        let unknown: Vec<(String, Span)> = named
            .into_iter()
            .filter(|(name, _)| !known.contains(name) && name != "FARGATE" && name != "FARGATE_SPOT")
            .collect();
        // A template that takes the provider as a parameter, imported with the one that makes it.
        if let ([(name, span)], [only]) = (unknown.as_slice(), known.iter().collect::<Vec<_>>().as_slice()) {
            let message = format!(
                "the capacity provider `{}` is not among the files, but there is one: `{}` stands in",
                shown(name),
                shown(only)
            );
            self.findings().assumed(message, Some(*span));
            self.rename_provider(name, only);
            return;
        }
        for (name, span) in unknown {
            let message = format!(
                "the capacity provider `{}` is not among the files: one with a group of its own stands in; `aws ecs \
                 describe-capacity-providers` and `aws autoscaling describe-auto-scaling-groups` print them",
                shown(&name)
            );
            self.findings().assumed(message, Some(span));
            self.remark("capacityProviders", format!("A stand-in: `{name}`, which was not among the files."));
            let group = map([("autoScalingGroup", text(name.clone(), span))], span);
            self.providers.push(map([("name", text(name.clone(), span)), ("autoScalingGroupProvider", group)], span));
        }
    }

    fn rename_provider(&mut self, from: &str, to: &str) {
        rename_in(&mut self.cluster, from, to);
        self.services.iter_mut().chain(self.workload.iter_mut()).for_each(|node| rename_in(node, from, to));
    }

    /// Auto Scaling groups that providers name.
    fn groups_that_are_named(&mut self) {
        let known: BTreeSet<String> = self
            .groups
            .iter()
            .filter_map(|group| find_text(group, "autoScalingGroupName"))
            .map(str::to_owned)
            .collect();
        for at in 0..self.providers.len() {
            let provider = self.providers[at].clone();
            let Some(own) = find(&provider, "autoScalingGroupProvider") else { continue };
            let span = own.span;
            let name = find_text(&provider, "name").unwrap_or("stand-in").to_owned();
            let group = find_text(own, "autoScalingGroup").unwrap_or(&name).to_owned();
            if known.contains(&group) {
                continue;
            }
            let users: Vec<Need> = self
                .services
                .iter()
                .filter(|service| self.uses(service, &name))
                .map(|service| self.need(service, find_text(service, "taskDefinition").unwrap_or_default()))
                .collect();
            let (chosen, _) = self.choose(&users);
            let is_stand_in =
                self.remarks.get("capacityProviders").into_iter().flatten().any(|it| it.contains(&format!("`{name}`")));
            if !is_stand_in {
                let message = format!(
                    "the Auto Scaling group `{}` of the capacity provider `{}` is not among the files: one of {chosen} stands in; \
                     `aws autoscaling describe-auto-scaling-groups` prints it",
                    shown(&group),
                    shown(&name)
                );
                self.findings().assumed(message, Some(span));
            }
            self.remark("autoScalingGroups", format!("A stand-in: `{group}`, of which the files say nothing."));
            let mut made = super::assemble::stand_in_group(&group, &chosen, 0, span);
            let zones: BTreeSet<String> = users.iter().flat_map(|need| need.zones.iter().cloned()).collect();
            let zones = self.zones_offering(&chosen, zones);
            set(&mut made, "availabilityZones", list(zones.into_iter().map(|zone| text(zone, span)).collect(), span));
            if find_text(own, "managedTerminationProtection") == Some("ENABLED") {
                set(&mut made, "newInstancesProtectedFromScaleIn", Node::new(NodeKind::Bool(true), span));
            }
            self.groups.push(made);
        }
    }

    fn uses(&self, node: &Node, provider: &str) -> bool {
        let own = elements(find(node, "capacityProviderStrategy"));
        let is_default = own.is_empty() && find(node, "launchType").is_none();
        let strategy = if is_default { elements(find(&self.cluster, "defaultCapacityProviderStrategy")) } else { own };
        strategy.iter().any(|item| find_text(item, "capacityProvider") == Some(provider))
    }

    /// Tasks with interfaces of their own need subnets where there are any.
    fn networks(&mut self) {
        let mut subnets: Vec<String> = Vec::new();
        for node in self.services.iter().chain(&self.workload) {
            let way = ["networkConfiguration", "awsvpcConfiguration", "subnets"];
            let inner = find(node, "runTask").unwrap_or(node);
            subnets.extend(words(find_at(inner, &way)).into_iter().map(str::to_owned));
        }
        for group in &self.groups {
            for word in words(find(group, "vpcZoneIdentifier")) {
                subnets.extend(word.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
            }
        }
        subnets.sort();
        subnets.dedup();
        if subnets.is_empty() {
            return;
        }
        let is_awsvpc = |parts: &Self, node: &Node| {
            let definition = find_text(node, "taskDefinition").and_then(|name| parts.definition_named(name));
            definition.and_then(|definition| find_text(definition, "networkMode")) == Some("awsvpc")
        };
        let network = |span: Span| {
            let names = subnets.iter().take(16).map(|name| text(name.clone(), span)).collect();
            map([("awsvpcConfiguration", map([("subnets", list(names, span))], span))], span)
        };
        for at in 0..self.services.len() {
            let service = &self.services[at];
            if find(service, "networkConfiguration").is_none() && is_awsvpc(self, service) {
                let span = service.span;
                let name = find_text(service, "serviceName").unwrap_or_default().to_owned();
                let message = format!("the service `{}` names no subnets: all that are known stand in", shown(&name));
                self.findings().assumed(message, Some(span));
                set(&mut self.services[at], "networkConfiguration", network(span));
            }
        }
        for at in 0..self.workload.len() {
            let Some(call) = find(&self.workload[at], "runTask").cloned() else { continue };
            if find(&call, "networkConfiguration").is_none() && is_awsvpc(self, &call) {
                let span = call.span;
                self.findings().assumed("a call of RunTask names no subnets: all that are known stand in", Some(span));
                let mut call = call;
                set(&mut call, "networkConfiguration", network(span));
                set(&mut self.workload[at], "runTask", call);
            }
        }
    }

    /// Container instances for tasks that no provider and no group has room for.
    fn instances(&mut self) {
        if !self.container_instances.is_empty() || !self.groups.is_empty() {
            return;
        }
        let mut needs: BTreeMap<Class, Vec<Need>> = BTreeMap::new();
        let mut first = None;
        let mut add = |need: Need, span: Span| {
            first.get_or_insert(span);
            let key = (need.pinned.clone(), need.arm, need.os.clone(), need.gpus > 0);
            needs.entry(key).or_default().push(need);
        };
        let placed = |parts: &Self, node: &Node| {
            let own = elements(find(node, "capacityProviderStrategy"));
            let by_default = find(node, "launchType").is_none()
                && !elements(find(&parts.cluster, "defaultCapacityProviderStrategy")).is_empty();
            !own.is_empty()
                || by_default
                || find_text(node, "launchType").is_some_and(|kind| kind != "EC2" && kind != "EXTERNAL")
        };
        for service in &self.services {
            if placed(self, service) {
                continue;
            }
            let named = find_text(service, "taskDefinition").map(str::to_owned).or_else(|| {
                let name = find_text(service, "serviceName");
                let set = self.timeline.iter().find_map(|entry| find(entry, "createTaskSet"));
                set.filter(|set| find_text(set, "service") == name)
                    .and_then(|set| find_text(set, "taskDefinition"))
                    .map(str::to_owned)
            });
            add(self.need(service, named.as_deref().unwrap_or_default()), service.span);
        }
        for entry in &self.workload {
            let Some(call) = find(entry, "runTask").filter(|call| !placed(self, call)) else { continue };
            let mut need = self.need(call, find_text(call, "taskDefinition").unwrap_or_default());
            if find(entry, "trace").is_some()
                && let Some(table) = self.import.needs.first()
            {
                let of = |key: &str| find(table, key).and_then(as_number).map_or(0, |value| value as u64);
                need.cpu = need.cpu.max(of("cpu"));
                need.memory = need.memory.max(of("memory"));
                need.gpus = need.gpus.max(of("gpus"));
                need.load = Some(of("load"));
            }
            add(need, entry.span);
        }
        let many = needs.len();
        for (at, needs) in needs.into_values().enumerate() {
            let (chosen, fits) = self.choose(&needs);
            let span = first.unwrap_or_else(super::nowhere);
            let count =
                Catalog::instance_type(&chosen).map_or(1, |kind| instances_for(kind, &needs)).clamp(1, MOST_INSTANCES);
            let name = if many == 1 { "stand-in".to_owned() } else { format!("stand-in-{}", at + 1) };
            let zones: BTreeSet<String> = needs.iter().flat_map(|need| need.zones.iter().cloned()).collect();
            let zones = self.zones_offering(&chosen, zones);
            let mut entry = map(
                [
                    ("name", text(name, span)),
                    ("instanceType", text(chosen.clone(), span)),
                    ("count", number(count, span)),
                    ("availabilityZones", list(zones.into_iter().map(|zone| text(zone, span)).collect(), span)),
                ],
                span,
            );
            let attributes: BTreeMap<&String, &String> = needs.iter().flat_map(|need| need.attributes.iter()).collect();
            if !attributes.is_empty() {
                let made = attributes.iter().map(|(name, value)| {
                    map([("name", text((*name).clone(), span)), ("value", text((*value).clone(), span))], span)
                });
                set(&mut entry, "attributes", list(made.collect(), span));
            }
            if let Some(os) = needs.first().and_then(|need| need.os.clone()) {
                set(&mut entry, "operatingSystem", text(os, span));
            }
            let what = if count == 1 { format!("1 {chosen} stands in") } else { format!("{count} {chosen} stand in") };
            let mut message = format!("where tasks run is not known: {what}");
            if !fits {
                message += ", though the largest task does not fit on it";
            }
            message += "; `aws ecs describe-container-instances` or the Auto Scaling groups say it";
            self.findings().assumed(message, Some(span));
            self.remark("containerInstances", "A stand-in: the files do not say where tasks run.");
            self.container_instances.push(entry);
        }
    }

    /// Zones of these, or of the Region, in which the type is offered.
    fn zones_offering(&self, chosen: &str, wanted: BTreeSet<String>) -> Vec<String> {
        let region = self.import.places.region();
        let offered = Catalog::availability_zones(region, chosen);
        let wanted: Vec<String> =
            if wanted.is_empty() { self.import.places.zones() } else { wanted.into_iter().collect() };
        let both: Vec<String> = wanted.iter().filter(|zone| offered.contains(zone)).cloned().collect();
        match (both.is_empty(), offered.is_empty()) {
            (false, _) => both,
            (true, false) => offered.into_iter().take(3).collect(),
            (true, true) => wanted,
        }
    }

    /// The smallest type on which each of these tasks fits, and whether they do.
    fn choose(&self, needs: &[Need]) -> (String, bool) {
        if let Some(pinned) = needs.iter().find_map(|need| need.pinned.clone()) {
            return (pinned, true);
        }
        let most = |of: fn(&Need) -> u64| needs.iter().map(of).max().unwrap_or(0);
        let (cpu, memory, gpus) = (most(|need| need.cpu), most(|need| need.memory), most(|need| need.gpus));
        let names: &'static [&'static str] = if gpus > 0 {
            &GPU
        } else if needs.iter().any(|need| need.arm) {
            &ARM
        } else {
            &GENERAL
        };
        let region = self.import.places.region();
        let offered = names.iter().filter(|name| Catalog::is_offered(region, name));
        let known: Vec<&'static InstanceType> = offered.filter_map(|name| Catalog::instance_type(name)).collect();
        let fits = |kind: &&InstanceType| {
            u64::from(kind.cpu_units()) >= cpu && memory_of(kind) >= memory && u64::from(kind.gpus) >= gpus
        };
        match known.iter().copied().find(fits) {
            Some(kind) => (kind.name.clone(), true),
            None => (known.last().map_or_else(|| names[0].to_owned(), |kind| kind.name.clone()), false),
        }
    }

    /// What a task of a service or call needs.
    fn need(&self, node: &Node, definition: &str) -> Need {
        let mut need = Need::default();
        let scheduling = find_text(node, "schedulingStrategy");
        let count = find(node, "desiredCount").or_else(|| find(node, "count")).and_then(as_number).unwrap_or(1.0);
        need.count = if scheduling == Some("DAEMON") { 0 } else { count.clamp(0.0, 1e6) as u64 };
        let ways = words(find_at(node, &["networkConfiguration", "awsvpcConfiguration", "subnets"]));
        let mut places = self.import.places.clone();
        need.zones = ways.into_iter().map(|subnet| places.zone_of(subnet)).collect();
        let mut constraints: Vec<&Node> = elements(find(node, "placementConstraints"));
        let definition = self.definition_named(definition);
        if let Some(definition) = definition {
            let containers = elements(find(definition, "containerDefinitions"));
            let sum = |key: &[&str]| -> u64 {
                let of = |container: &&Node| {
                    key.iter().find_map(|key| find(container, key).and_then(as_number)).unwrap_or(0.0)
                };
                containers.iter().map(of).sum::<f64>().clamp(0.0, 1e9) as u64
            };
            need.cpu = find_text(definition, "cpu").and_then(cpu_units).unwrap_or_else(|| sum(&["cpu"]));
            need.memory = find_text(definition, "memory")
                .and_then(mebibytes)
                .unwrap_or_else(|| sum(&["memoryReservation", "memory"]));
            need.gpus = containers
                .iter()
                .flat_map(|container| elements(find(container, "resourceRequirements")))
                .filter(|it| find_text(it, "type") == Some("GPU"))
                .filter_map(|it| find(it, "value").and_then(as_number))
                .sum::<f64>()
                .clamp(0.0, 64.0) as u64;
            let mode = find_text(definition, "networkMode");
            need.awsvpc = mode == Some("awsvpc");
            need.alone = !need.awsvpc
                && containers.iter().flat_map(|container| elements(find(container, "portMappings"))).any(|port| {
                    mode == Some("host") || find(port, "hostPort").and_then(as_number).is_some_and(|port| port > 0.0)
                });
            let platform = find(definition, "runtimePlatform");
            need.arm = platform.and_then(|it| find_text(it, "cpuArchitecture")) == Some("ARM64");
            let os = platform.and_then(|it| find_text(it, "operatingSystemFamily"));
            need.os = os.filter(|os| os.starts_with("WINDOWS")).map(str::to_owned);
            constraints.extend(elements(find(definition, "placementConstraints")));
        }
        for expression in constraints.into_iter().filter_map(|constraint| find_text(constraint, "expression")) {
            need.look_at(expression);
        }
        need
    }
}

impl Need {
    /// What an expression asks of instances, where it is as simple as `attribute:stack == prod`.
    fn look_at(&mut self, expression: &str) {
        for part in expression.split(" and ") {
            let part = part.trim().trim_start_matches('(').trim_end_matches(')');
            let Some(rest) = part.strip_prefix("attribute:") else { continue };
            let Some((name, value)) = rest.split_once("==").or_else(|| rest.split_once("=~")) else { continue };
            let (name, value) = (name.trim(), value.trim().trim_matches(['"', '\'']));
            if name == "ecs.instance-type" {
                let glob = value.replace(".*", "*");
                let mut known = Catalog::instance_types().iter().map(|kind| kind.name.as_str());
                self.pinned = known.find(|known| ecsim_catalog::glob_matches(&glob, known)).map(str::to_owned);
            } else if !name.starts_with("ecs.") && !value.contains('*') {
                self.attributes.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Memory that a type registers.
fn memory_of(kind: &InstanceType) -> u64 {
    u64::from(kind.registered_memory_mib(MemorySource::default()))
}

/// So many instances of a type have room for these tasks.
fn instances_for(kind: &InstanceType, needs: &[Need]) -> u64 {
    needs
        .iter()
        .map(|need| {
            if let Some(load) = need.load {
                // Half as much again as the mean, for peaks.
                return (load * 3 / 2).div_ceil(u64::from(kind.vcpu).max(1)).max(1);
            }
            let rooms = [
                u64::from(kind.cpu_units()).checked_div(need.cpu),
                memory_of(kind).checked_div(need.memory),
                u64::from(kind.gpus).checked_div(need.gpus),
                need.awsvpc.then(|| u64::from(kind.task_eni_limit().unwrap_or(2))),
                need.alone.then_some(1),
            ];
            let room = rooms.into_iter().flatten().min().unwrap_or(u64::MAX).max(1);
            need.count.div_ceil(room)
        })
        .sum()
}

/// CPU of a task as AWS writes it: `256`, `.5 vCPU`.
fn cpu_units(written: &str) -> Option<u64> {
    let written = written.trim().to_ascii_lowercase();
    match written.strip_suffix("vcpu") {
        Some(vcpus) => vcpus.trim().parse::<f64>().ok().map(|vcpus| (vcpus * 1024.0).clamp(0.0, 1e9) as u64),
        None => written.parse().ok(),
    }
}

/// Memory of a task as AWS writes it: `512`, `1 GB`.
fn mebibytes(written: &str) -> Option<u64> {
    let written = written.trim().to_ascii_lowercase();
    match written.strip_suffix("gb") {
        Some(gigabytes) => gigabytes.trim().parse::<f64>().ok().map(|it| (it * 1024.0).clamp(0.0, 1e9) as u64),
        None => written.parse().ok(),
    }
}

/// Gives a provider another name wherever it is named.
fn rename_in(node: &mut Node, from: &str, to: &str) {
    match &mut node.kind {
        NodeKind::Map(map) => {
            for (key, value) in map.values_mut() {
                let names = key == "capacityProvider" || key == "capacityProviders";
                match &mut value.kind {
                    NodeKind::String(name) if names && name == from => *name = to.to_owned(),
                    NodeKind::List(values) if names => {
                        for value in values {
                            if let NodeKind::String(name) = &mut value.kind
                                && name == from
                            {
                                *name = to.to_owned();
                            }
                        }
                    }
                    _ => rename_in(value, from, to),
                }
            }
        }
        NodeKind::List(values) => values.iter_mut().for_each(|value| rename_in(value, from, to)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::assemble::family_and_revision;
    use super::*;

    #[test]
    fn sizes_are_read_as_aws_writes_them() {
        assert_eq!([cpu_units("256"), cpu_units(".5 vCPU"), cpu_units("x")], [Some(256), Some(512), None]);
        assert_eq!([mebibytes("512"), mebibytes("1 GB"), mebibytes("2.5GB")], [Some(512), Some(1_024), Some(2_560)]);
        assert_eq!(family_and_revision("arn:aws:ecs:us-east-1:1:task-definition/web:7"), ("web", Some(7)));
    }

    #[test]
    fn simple_expressions_say_what_an_instance_must_have() {
        let mut need = Need::default();
        need.look_at("attribute:stack == prod and attribute:ecs.instance-type =~ g4dn.*");
        assert_eq!(need.attributes["stack"], "prod");
        assert!(need.pinned.is_some_and(|name| name.starts_with("g4dn.")));
    }
}
