//! Task definitions: [what a task reserves](sizes), [which host ports it binds](ports), [which attributes an instance
//! must have for it](attributes), and [how its containers start, are checked and start again](containers).

mod attributes;
mod containers;
mod ports;
pub(in crate::lower) mod sizes;

use std::collections::BTreeMap;

use ecsim_cluster::definitions::{ContainerDefinition, NetworkMode, TaskDefinition};
use ecsim_cluster::{Requirements, TaskDefinitionId};
use ecsim_kernel::Span;

use super::capacity::fargate_size;
use super::{Context, characters_of};
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::aws;
use sizes::Problem;

/// The engine keeps the containers of a task as the bits of a number.
const MOST_CONTAINERS: usize = 32;

impl<'a> Context<'a> {
    /// Every task definition, in order of family and revision.
    pub(super) fn lower_task_definitions(&mut self) {
        let scenario = self.scenario;
        let mut order: Vec<usize> = (0..scenario.task_definitions.len()).collect();
        // Revisions that are not numbered continue in the order of the file.
        let mut revisions: BTreeMap<&str, u32> = BTreeMap::new();
        let mut numbers = vec![0_u32; order.len()];
        for (index, definition) in scenario.task_definitions.iter().enumerate() {
            let latest = revisions.entry(definition.family.as_str()).or_insert(0);
            let number = definition.revision.unwrap_or(latest.saturating_add(1));
            *latest = (*latest).max(number);
            numbers[index] = number;
            let most = scenario.settings.revisions_per_family;
            if number > most {
                let at = self.at("taskDefinitions").index(index);
                let message = format!("revision {number}, at most {most} are allowed of a family (QTA-007)");
                self.error(&at, "E330", message, raise("revisions_per_family"));
            }
        }
        order.sort_by(|a, b| {
            let key = |index: usize| (scenario.task_definitions[index].family.as_str(), numbers[index]);
            key(*a).cmp(&key(*b))
        });
        for pair in order.windows(2) {
            let (first, second) = (&scenario.task_definitions[pair[0]], &scenario.task_definitions[pair[1]]);
            if first.family == second.family && numbers[pair[0]] == numbers[pair[1]] {
                let other = self.at("taskDefinitions").index(pair[0]);
                let at = self.at("taskDefinitions").index(pair[1]);
                let message = format!("`{}:{}` is registered twice", shown(&second.family), numbers[pair[1]]);
                let diagnostic = at
                    .error("E302", message, "this one")
                    .label(other.span(), "and this one")
                    .help("leave out `revision`, or number them 1, 2, 3");
                self.push(diagnostic);
            }
        }
        for index in order {
            let at = self.at("taskDefinitions").index(index);
            // `DescribeTaskDefinition` wraps it.
            let wrapped = at.node().is_some_and(|node| node.get("taskDefinition").is_some());
            let at = if wrapped { at.key("taskDefinition") } else { at };
            let definition = &scenario.task_definitions[index];
            let revision = numbers[index];
            let lowered = self.task_definition(definition, revision, &at);
            let id = self.definitions.task_definitions.push(lowered);
            self.task_definition_sources.push(index);
            let behavior = self.task_behavior(definition, revision);
            self.behaviors.push(behavior);
            self.task_definition_ids.entry(definition.family.clone()).or_default().push((revision, id));
            self.check_definition_constraints(definition, &at);
            self.check_fargate_definition(definition, &at);
        }
        self.check_behaviors();
    }

    fn task_definition(&mut self, given: &aws::TaskDefinition, revision: u32, at: &Locator<'a>) -> TaskDefinition {
        if !is_name(&given.family) {
            let message = format!("`{}` is no name of a family", shown(&given.family));
            self.error(&at.clone().key("family"), "E340", message, Some(NAME_HELP.into()));
        }
        self.check_definition_quotas(given, at);
        self.check_containers(given, at);
        let mode = network_mode(given);
        let (requirements, problems) = sizes::requirements(given, mode, self.definitions.gpu_sharing);
        let containers_at = at.clone().key("containerDefinitions");
        for Problem { container, key, message, help } in problems {
            let place = match container {
                Some(index) if key.is_empty() => containers_at.clone().index(index),
                Some(index) => containers_at.clone().index(index).key(key),
                None => at.clone().key(key),
            };
            self.error(&place, "E342", message, help.map(str::to_owned));
        }
        if sizes::is_windows(given) && (given.cpu.is_some() || given.memory.is_some()) {
            self.warning(
                &at.clone().key(if given.cpu.is_some() { "cpu" } else { "memory" }),
                "W340",
                "Windows ignores the size of a task (RES-009)",
                Some("set `cpu` and `memory` of its containers".into()),
            );
        }
        let mut ports = Vec::new();
        let mut dynamic_ports = Vec::new();
        for (index, container) in given.container_definitions.iter().enumerate() {
            dynamic_ports.push(self.ports(container, mode, &containers_at.clone().index(index), &mut ports));
        }
        ports.sort_unstable();
        for pair in ports.windows(2) {
            if pair[0] == pair[1] {
                let message = format!("host port {} is mapped twice in this task definition", pair[0]);
                self.error(
                    &containers_at,
                    "E343",
                    message,
                    Some("give one of them another host port, or a dynamic one: `hostPort: 0`".into()),
                );
            }
        }
        ports.dedup();
        let most = self.scenario.settings.max_reserved_ports as usize;
        if ports.len() > most {
            self.warning(
                &containers_at,
                "W343",
                format!(
                    "{} static host ports: no instance has room for them, at most {most} are reserved on one, its \
                     own included (RES-024)",
                    ports.len()
                ),
                Some("use dynamic ports (`hostPort: 0`), or raise settings.max_reserved_ports".into()),
            );
        }
        let mut containers = self.containers(given);
        for (container, dynamic) in containers.iter_mut().zip(dynamic_ports) {
            container.dynamic_ports = dynamic;
        }
        TaskDefinition {
            family: given.family.clone(),
            revision,
            network_mode: mode,
            requirements,
            ports,
            required_attributes: self.required_attributes(given, mode),
            task_cpu: task_cpu(given),
            task_memory: task_memory(given),
            containers,
            ebs_volume: given.volumes.iter().any(|volume| volume.configured_at_launch == Some(true)),
            fargate: fargate_size(given).ok(),
        }
    }

    fn containers(&mut self, given: &aws::TaskDefinition) -> Vec<ContainerDefinition> {
        let windows = sizes::is_windows(given);
        let mut containers = Vec::new();
        for container in &given.container_definitions {
            let named = container.image.clone().filter(|image| !image.is_empty());
            let image = named.unwrap_or_else(|| format!("{}/{}", given.family, container.name));
            containers.push(ContainerDefinition {
                name: container.name.clone(),
                essential: container.essential.unwrap_or(true),
                cpu: container.cpu.unwrap_or(0),
                memory: container.memory.filter(|memory| *memory > 0),
                memory_reservation: container.memory_reservation.filter(|memory| *memory > 0 && !windows),
                gpus: sizes::gpu_need(&container.resource_requirements, self.definitions.gpu_sharing)
                    .unwrap_or_default(),
                stop_timeout: container.stop_timeout.map(|seconds| Span::from_secs(u64::from(seconds))),
                depends_on: containers::depends_on(given, container),
                start_timeout: container.start_timeout.map(|seconds| Span::from_secs(u64::from(seconds))),
                restart_policy: containers::restart_policy(container),
                health_check: container.health_check.as_ref().map(containers::health_check),
                image: self.definitions.images.intern(&image),
                dynamic_ports: 0,
            });
        }
        containers
    }

    fn check_definition_quotas(&mut self, given: &aws::TaskDefinition, at: &Locator<'a>) {
        let settings = &self.scenario.settings;
        let (most_containers, most_kib) = (settings.containers_per_task_definition, settings.task_definition_kib);
        let containers = given.container_definitions.len();
        let containers_at = at.clone().key("containerDefinitions");
        if containers == 0 {
            let help = Some("for example [{name: app, memory: 512}]".into());
            self.error(&containers_at, "E341", "a task definition needs at least one container", help);
        }
        if containers > most_containers as usize {
            let message = format!(
                "{containers} containers, at most {most_containers} are allowed in a task definition (QTA-005)"
            );
            self.error(&containers_at, "E330", message, raise("containers_per_task_definition"));
        }
        if containers > MOST_CONTAINERS {
            let message = format!("{containers} containers, at most {MOST_CONTAINERS} of a task are simulated");
            self.error(&containers_at, "E330", message, Some("take out some of them".into()));
        }
        let characters = characters_of(given);
        if characters > most_kib as usize * 1024 {
            let kib = characters.div_ceil(1024);
            let message =
                format!("the task definition has {kib} KiB of JSON, at most {most_kib} KiB are allowed (QTA-006)");
            self.error(at, "E330", message, raise("task_definition_kib"));
        }
        self.check_tags(given.tags.len(), at);
        let ebs = given.volumes.iter().filter(|volume| volume.configured_at_launch == Some(true)).count();
        if ebs > 1 {
            let message =
                format!("{ebs} volumes with `configuredAtLaunch`, a task has at most one EBS volume (RES-052)");
            self.error(&at.clone().key("volumes"), "E357", message, None);
        }
    }

    fn check_containers(&mut self, given: &aws::TaskDefinition, at: &Locator<'a>) {
        let containers_at = at.clone().key("containerDefinitions");
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, container) in given.container_definitions.iter().enumerate() {
            let place = containers_at.clone().index(index);
            if let Some(first) = names.insert(container.name.as_str(), index) {
                let other = containers_at.clone().index(first).key("name");
                let message = format!("two containers are called `{}`", shown(&container.name));
                let diagnostic = place
                    .clone()
                    .key("name")
                    .error("E302", message, "this one")
                    .label(other.span(), "and this one")
                    .help("names are unique in a task definition");
                self.push(diagnostic);
            }
        }
        self.check_dependencies(given, &names, &containers_at);
        self.check_container_policies(given, &containers_at);
        let has_essential = given.container_definitions.iter().any(|container| container.essential.unwrap_or(true));
        if !given.container_definitions.is_empty() && !has_essential {
            self.error(
                &containers_at,
                "E341",
                "a task needs at least one essential container (TSK-020)",
                Some("remove `essential: false` from one of them".into()),
            );
        }
    }

    /// What a call with overrides runs: a definition with its limits and attributes, and what it reserves (RES-010).
    /// Complains at the call.
    pub(super) fn overridden(
        &mut self,
        id: TaskDefinitionId,
        overrides: Option<&aws::TaskOverride>,
        at: &Locator<'a>,
    ) -> (TaskDefinitionId, Requirements) {
        let plain = self.definitions.task_definitions[id].requirements;
        let Some(overrides) = overrides else { return (id, plain) };
        let characters = characters_of(overrides);
        let limit = self.scenario.settings.overrides_length as usize;
        if characters > limit {
            let message = format!("overrides of {characters} characters, at most {limit} are allowed (QTA-025)");
            self.error(at, "E330", message, raise("overrides_length"));
        }
        let source = self.source_of(id);
        let mut changed: BTreeMap<usize, Locator<'a>> = BTreeMap::new();
        for (index, change) in overrides.container_overrides.iter().enumerate() {
            let place = at.clone().key("containerOverrides").index(index);
            match (sizes::container_of(source, change), &change.name) {
                (Some(container), _) => {
                    changed.insert(container, place);
                }
                (None, None) => {
                    let help = Some("write its `name`".into());
                    self.error(&place, "E344", "which container? the task definition has several", help);
                }
                (None, Some(name)) => {
                    let known = source.container_definitions.iter().map(|container| container.name.as_str());
                    self.unknown(&place.key("name"), "container", name, known);
                }
            }
        }
        let given = sizes::with_overrides(source, overrides);
        let mode = network_mode(&given);
        let (requirements, problems) = sizes::requirements(&given, mode, self.definitions.gpu_sharing);
        let (_, known) = sizes::requirements(source, mode, self.definitions.gpu_sharing);
        for Problem { container, key, message, help } in problems {
            // What is wrong with the definition itself was said there.
            if known.iter().any(|known| known.container == container && known.message == message) {
                continue;
            }
            let place = match container.and_then(|container| changed.get(&container)) {
                Some(place) if key.is_empty() => place.clone(),
                Some(place) => place.clone().key(key),
                None => at.clone().key(key),
            };
            self.error(&place, "E342", format!("with these overrides: {message}"), help.map(str::to_owned));
        }
        let mut definition = self.definitions.task_definitions[id].clone();
        let dynamic: Vec<u32> = definition.containers.iter().map(|container| container.dynamic_ports).collect();
        definition.containers = self.containers(&given);
        for (container, dynamic) in definition.containers.iter_mut().zip(dynamic) {
            container.dynamic_ports = dynamic;
        }
        definition.task_cpu = task_cpu(&given);
        definition.task_memory = task_memory(&given);
        definition.required_attributes = self.required_attributes(&given, mode);
        definition.requirements = requirements;
        definition.fargate = fargate_size(&given).ok();
        (self.variant(id, definition), requirements)
    }

    /// The id of a task definition by `family`, `family:revision` or ARN; the latest revision where none is named.
    pub(super) fn find_task_definition(&mut self, name: &str, at: &Locator<'a>) -> Option<TaskDefinitionId> {
        let short = name.rsplit_once("task-definition/").map_or(name, |(_, short)| short);
        let (family, revision) = match short.rsplit_once(':') {
            Some((family, revision)) => match revision.parse::<u32>() {
                Ok(revision) => (family, Some(revision)),
                Err(_) => {
                    let message = format!("`{}` names no revision", shown(name));
                    self.error(
                        at,
                        "E301",
                        message,
                        Some("write `family`, or a number after the colon: `family:3`".into()),
                    );
                    return None;
                }
            },
            None => (short, None),
        };
        let Some(known) = self.task_definition_ids.get(family) else {
            let families: Vec<String> = self.task_definition_ids.keys().cloned().collect();
            self.unknown(at, "task definition", family, families.iter().map(String::as_str));
            return None;
        };
        let found = match revision {
            None => known.last(),
            Some(revision) => known.iter().find(|(number, _)| *number == revision),
        }
        .map(|(_, id)| *id);
        if found.is_none() {
            let revisions: Vec<String> = known.iter().map(|(number, _)| format!("{family}:{number}")).collect();
            let help = format!("known: {}", revisions.join(", "));
            self.error(at, "E301", format!("unknown revision `{}`", shown(short)), Some(help));
        }
        found
    }

    /// The same definition with more required attributes: what a service or call adds to it (RES-060).
    pub(super) fn requiring(&mut self, id: TaskDefinitionId, extra: &[&str]) -> TaskDefinitionId {
        let mut definition = self.definitions.task_definitions[id].clone();
        for name in extra {
            let name = self.definitions.attributes.intern(name);
            if !definition.required_attributes.iter().any(|(known, _)| *known == name) {
                definition.required_attributes.push((name, None));
            }
        }
        definition.required_attributes.sort_unstable();
        self.variant(id, definition)
    }

    /// A definition that differs a little from one of the scenario; the same one twice is one.
    fn variant(&mut self, id: TaskDefinitionId, definition: TaskDefinition) -> TaskDefinitionId {
        if self.definitions.task_definitions[id] == definition {
            return id;
        }
        let found = self.definitions.task_definitions.iter().find(|(_, known)| **known == definition);
        if let Some((known, _)) = found {
            return known;
        }
        self.task_definition_sources.push(self.task_definition_sources[id.index()]);
        let behavior = self.behaviors[id].clone();
        self.behaviors.push(behavior);
        self.definitions.task_definitions.push(definition)
    }

    /// The scenario's text of a definition.
    pub(super) fn source_of(&self, id: TaskDefinitionId) -> &'a aws::TaskDefinition {
        &self.scenario.task_definitions[self.task_definition_sources[id.index()]]
    }
}

/// What a name of a family or service may be.
pub(super) const NAME_HELP: &str = "1 to 255 letters, digits, - and _";

/// Whether AWS takes it as the name of a family or service.
pub(super) fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// How to get past a quota.
pub(super) fn raise(setting: &str) -> Option<String> {
    Some(format!("to simulate another limit, set settings.{setting}"))
}

fn network_mode(given: &aws::TaskDefinition) -> NetworkMode {
    match given.network_mode.unwrap_or_default() {
        aws::NetworkMode::Awsvpc => NetworkMode::Awsvpc,
        aws::NetworkMode::Bridge => NetworkMode::Bridge,
        aws::NetworkMode::Host => NetworkMode::Host,
        aws::NetworkMode::None => NetworkMode::None,
    }
}

/// AWS's word for a network mode.
pub(super) const fn mode_name(mode: NetworkMode) -> &'static str {
    match mode {
        NetworkMode::Awsvpc => "awsvpc",
        NetworkMode::Bridge => "bridge",
        NetworkMode::Host => "host",
        NetworkMode::None => "none",
    }
}

/// The CPU limit of the whole task, which Windows does not have (RES-009, CW-031).
fn task_cpu(given: &aws::TaskDefinition) -> Option<u32> {
    given.cpu.map(|cpu| cpu.0).filter(|cpu| *cpu > 0 && !sizes::is_windows(given))
}

/// The limit of the whole task, which Windows does not have (RES-009).
fn task_memory(given: &aws::TaskDefinition) -> Option<u32> {
    given.memory.map(|memory| memory.0).filter(|memory| *memory > 0 && !sizes::is_windows(given))
}
