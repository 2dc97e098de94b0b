//! Task definitions: what a task reserves (RES-005 to RES-010), which host ports it binds (RES-020 to RES-027), and
//! which attributes an instance must have for it (RES-050 to RES-060).

use std::collections::BTreeMap;

use ecsim_cluster::definitions::{ContainerDefinition, NetworkMode, TaskDefinition};
use ecsim_cluster::{AttributeId, GpuNeed, Port, Protocol, Requirements, TaskDefinitionId, ValueId};
use ecsim_kernel::Span;
use ecsim_policies::placement::constraints::query::attributes;

use super::{Context, capabilities};
use crate::document::Locator;
use crate::schema::aws;

/// `cpu` of a task on container instances (RES-008).
const TASK_CPU: std::ops::RangeInclusive<u32> = 128..=196_608;
/// Above this an instance must say that it can (RES-008).
const ORDINARY_TASK_CPU: u32 = 10_240;
/// Docker refuses less memory for a container (RES-007).
const LEAST_CONTAINER_MEMORY: u32 = 6;

/// What `RunTask` changes of a task definition (RES-010).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    cpu: Option<u32>,
    memory: Option<u32>,
    containers: BTreeMap<String, ContainerOverride>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ContainerOverride {
    cpu: Option<u32>,
    memory: Option<u32>,
    memory_reservation: Option<u32>,
    gpus: Option<GpuNeed>,
}

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
            let number = definition.revision.unwrap_or(*latest + 1);
            *latest = (*latest).max(number);
            numbers[index] = number;
        }
        order.sort_by(|a, b| {
            let key = |index: usize| (scenario.task_definitions[index].family.as_str(), numbers[index]);
            key(*a).cmp(&key(*b))
        });
        for pair in order.windows(2) {
            let (first, second) = (&scenario.task_definitions[pair[0]], &scenario.task_definitions[pair[1]]);
            if first.family == second.family && numbers[pair[0]] == numbers[pair[1]] {
                let at = self.at("taskDefinitions").index(pair[1]);
                let message = format!("`{}:{}` is registered twice", second.family, numbers[pair[1]]);
                self.error(&at, "E302", message, Some("leave out `revision`, or number them 1, 2, 3".into()));
            }
        }
        for index in order {
            let at = self.at("taskDefinitions").index(index);
            let definition = &scenario.task_definitions[index];
            let revision = numbers[index];
            let lowered = self.task_definition(definition, revision, &at);
            let id = self.definitions.task_definitions.push(lowered);
            self.task_definition_sources.push(index);
            let behavior = self.task_behavior(definition, revision);
            self.behaviors.push(behavior);
            self.task_definition_ids.entry(definition.family.clone()).or_default().push((revision, id));
        }
        self.check_behaviors();
    }

    fn task_definition(&mut self, given: &aws::TaskDefinition, revision: u32, at: &Locator<'a>) -> TaskDefinition {
        let quotas = &self.scenario.settings;
        let (most_containers, most_kib) = (quotas.containers_per_task_definition, quotas.task_definition_kib);
        if !is_family_name(&given.family) {
            self.error(
                &at.clone().key("family"),
                "E340",
                format!("`{}` is no family name", given.family),
                Some("up to 255 letters, digits, - and _".into()),
            );
        }
        let containers_at = at.clone().key("containerDefinitions");
        if given.container_definitions.is_empty() {
            self.error(&containers_at, "E341", "a task definition needs at least one container", None);
        }
        if given.container_definitions.len() > most_containers as usize {
            let message = format!(
                "{} containers, at most {most_containers} are allowed in a task definition (QTA-005)",
                given.container_definitions.len()
            );
            self.error(&containers_at, "E330", message, None);
        }
        let bytes = serde_json::to_vec(given).map_or(0, |text| text.len());
        if bytes > most_kib as usize * 1024 {
            let message = format!("the task definition has {} KiB, at most {most_kib} are allowed (QTA-006)", bytes.div_ceil(1024));
            self.error(at, "E330", message, None);
        }
        let mode = match given.network_mode.unwrap_or_default() {
            aws::NetworkMode::Awsvpc => NetworkMode::Awsvpc,
            aws::NetworkMode::Bridge => NetworkMode::Bridge,
            aws::NetworkMode::Host => NetworkMode::Host,
            aws::NetworkMode::None => NetworkMode::None,
        };
        self.check_containers(given, at);
        let requirements = match self.requirements(given, &Overrides::default(), mode) {
            Ok(requirements) => requirements,
            Err((key, message)) => {
                let place = if key.is_empty() { at.clone() } else { at.clone().key(key) };
                self.error(&place, "E342", message, None);
                Requirements::default()
            }
        };
        let mut ports = Vec::new();
        let mut containers = Vec::new();
        for (index, container) in given.container_definitions.iter().enumerate() {
            let place = containers_at.clone().index(index);
            let dynamic_ports = self.ports(container, mode, &place, &mut ports);
            let image = container.image.clone().unwrap_or_else(|| format!("{}/{}", given.family, container.name));
            containers.push(ContainerDefinition {
                name: container.name.clone(),
                essential: container.essential.unwrap_or(true),
                cpu: container.cpu.unwrap_or(0),
                memory: container.memory.filter(|memory| *memory > 0),
                memory_reservation: container.memory_reservation.filter(|memory| *memory > 0),
                gpus: gpu_need(&container.resource_requirements).unwrap_or_default(),
                stop_timeout: container.stop_timeout.map(|seconds| Span::from_secs(u64::from(seconds))),
                image: self.definitions.images.intern(&image),
                dynamic_ports,
            });
        }
        ports.sort_unstable();
        for pair in ports.windows(2) {
            if pair[0] == pair[1] {
                self.error(
                    &containers_at,
                    "E343",
                    format!("host port {} is mapped twice in this task definition", pair[0]),
                    None,
                );
            }
        }
        ports.dedup();
        if ports.len() > quotas_ports(self) {
            self.error(
                &containers_at,
                "E330",
                format!("{} static host ports; an instance has at most {} reserved ports, its own included (RES-024)", ports.len(), quotas_ports(self)),
                None,
            );
        }
        TaskDefinition {
            family: given.family.clone(),
            revision,
            network_mode: mode,
            requirements,
            ports,
            required_attributes: self.required_attributes(given, mode),
            task_memory: given.memory.map(|memory| memory.0),
            containers,
            ebs_volume: given.volumes.iter().any(|volume| volume.configured_at_launch == Some(true)),
        }
    }

    fn check_containers(&mut self, given: &aws::TaskDefinition, at: &Locator<'a>) {
        let containers_at = at.clone().key("containerDefinitions");
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, container) in given.container_definitions.iter().enumerate() {
            if names.insert(container.name.as_str(), index).is_some() {
                let place = containers_at.clone().index(index).key("name");
                self.error(&place, "E302", format!("two containers are called `{}`", container.name), None);
            }
            for key in ["memory", "memoryReservation"] {
                let amount = if key == "memory" { container.memory } else { container.memory_reservation };
                if amount.is_some_and(|amount| amount > 0 && amount < LEAST_CONTAINER_MEMORY) {
                    let place = containers_at.clone().index(index).key(key);
                    self.error(&place, "E342", format!("Docker needs at least {LEAST_CONTAINER_MEMORY} MiB for a container (RES-007)"), None);
                }
            }
        }
        let has_essential = given.container_definitions.iter().any(|container| container.essential.unwrap_or(true));
        if !given.container_definitions.is_empty() && !has_essential {
            self.error(
                &containers_at,
                "E341",
                "a task needs at least one essential container (TSK-020)",
                Some("remove `essential: false` from one of them".into()),
            );
        }
        if let Some(cpu) = given.cpu {
            if !TASK_CPU.contains(&cpu.0) {
                self.error(
                    &at.clone().key("cpu"),
                    "E342",
                    format!("{} CPU units for a task; {} to {} are possible (RES-008)", cpu.0, TASK_CPU.start(), TASK_CPU.end()),
                    Some("the `cpu` of a container has no such lower bound".into()),
                );
            }
        }
    }

    /// What a task of this definition reserves, or where and why that cannot be (RES-005, RES-006, RES-007, RES-010).
    fn requirements(
        &self,
        given: &aws::TaskDefinition,
        overrides: &Overrides,
        mode: NetworkMode,
    ) -> Result<Requirements, (&'static str, String)> {
        // RES-009: Windows has no task size and no soft limits.
        let windows = is_windows(given);
        let task_cpu = overrides.cpu.or(given.cpu.map(|cpu| cpu.0)).filter(|_| !windows);
        let task_memory = overrides.memory.or(given.memory.map(|memory| memory.0)).filter(|_| !windows);
        let (mut cpu, mut memory, mut soft_total) = (0_u64, 0_u64, 0_u64);
        let mut gpus = GpuNeed::Count(0);
        for container in &given.container_definitions {
            let change = overrides.containers.get(&container.name).cloned().unwrap_or_default();
            let hard = change.memory.or(container.memory).filter(|memory| *memory > 0);
            let soft = change.memory_reservation.or(container.memory_reservation).filter(|memory| *memory > 0 && !windows);
            if let (Some(hard), Some(soft)) = (hard, soft) {
                if hard <= soft {
                    return Err((
                        "containerDefinitions",
                        format!(
                            "container `{}`: memory {hard} must be greater than memoryReservation {soft} (RES-007)",
                            container.name
                        ),
                    ));
                }
            }
            if hard.is_none() && soft.is_none() && task_memory.is_none() {
                return Err((
                    "containerDefinitions",
                    format!(
                        "container `{}` needs memory or memoryReservation, or the task a memory size (RES-007)",
                        container.name
                    ),
                ));
            }
            cpu += u64::from(change.cpu.or(container.cpu).unwrap_or(0));
            memory += u64::from(soft.or(hard).unwrap_or(0));
            soft_total += u64::from(soft.unwrap_or(0));
            let need = match change.gpus {
                Some(need) => need,
                None => gpu_need(&container.resource_requirements).map_err(|message| ("containerDefinitions", message))?,
            };
            gpus = match (gpus, need) {
                (GpuNeed::All, _) | (_, GpuNeed::All) => GpuNeed::All,
                (GpuNeed::Count(sum), GpuNeed::Count(more)) => GpuNeed::Count(sum.saturating_add(more)),
            };
        }
        if let Some(size) = task_cpu {
            if cpu > u64::from(size) {
                return Err(("cpu", format!("the containers ask for {cpu} CPU units, the task has {size} (RES-007)")));
            }
        }
        if let Some(size) = task_memory {
            if soft_total > u64::from(size) {
                return Err(("memory", format!("the containers reserve {soft_total} MiB, the task has {size} (RES-007)")));
            }
        }
        let fit = |amount: u64| u32::try_from(amount).map_err(|_| ("containerDefinitions", format!("{amount} is too much")));
        Ok(Requirements {
            cpu: task_cpu.map_or_else(|| fit(cpu), Ok)?,
            memory: task_memory.map_or_else(|| fit(memory), Ok)?,
            gpus,
            eni: mode == NetworkMode::Awsvpc,
        })
    }

    /// The requirements of a call with overrides; complains at the call.
    pub(super) fn overridden(
        &mut self,
        definition: TaskDefinitionId,
        overrides: Option<&aws::TaskOverride>,
        at: &Locator<'a>,
    ) -> Requirements {
        let plain = self.definitions.task_definitions[definition].requirements;
        let Some(given) = overrides else { return plain };
        let bytes = serde_json::to_vec(given).map_or(0, |text| text.len());
        let limit = self.scenario.settings.overrides_length as usize;
        if bytes > limit {
            self.error(at, "E330", format!("overrides of {bytes} characters, at most {limit} are allowed (QTA-025)"), None);
        }
        let source = &self.scenario.task_definitions[self.task_definition_sources[definition.index()]];
        let mut overrides = Overrides {
            cpu: given.cpu.map(|cpu| cpu.0),
            memory: given.memory.map(|memory| memory.0),
            containers: BTreeMap::new(),
        };
        for (index, change) in given.container_overrides.iter().enumerate() {
            let place = at.clone().key("containerOverrides").index(index);
            let name = match &change.name {
                Some(name) => name.clone(),
                None if source.container_definitions.len() == 1 => source.container_definitions[0].name.clone(),
                None => {
                    self.error(&place, "E344", "which container? the task definition has several", Some("write its `name`".into()));
                    continue;
                }
            };
            if !source.container_definitions.iter().any(|container| container.name == name) {
                let known: Vec<&str> = source.container_definitions.iter().map(|container| container.name.as_str()).collect();
                self.unknown(&place.key("name"), "container", &name, known);
                continue;
            }
            let gpus = match change.resource_requirements.is_empty() {
                true => None,
                false => match gpu_need(&change.resource_requirements) {
                    Ok(need) => Some(need),
                    Err(message) => {
                        self.error(&place, "E342", message, None);
                        None
                    }
                },
            };
            overrides.containers.insert(
                name,
                ContainerOverride {
                    cpu: change.cpu,
                    memory: change.memory,
                    memory_reservation: change.memory_reservation,
                    gpus,
                },
            );
        }
        let mode = self.definitions.task_definitions[definition].network_mode;
        match self.requirements(source, &overrides, mode) {
            Ok(requirements) => requirements,
            Err((_, message)) => {
                self.error(at, "E342", message, None);
                plain
            }
        }
    }

    /// Static host ports of a container go into `ports`; tells how many dynamic ones it maps (RES-023, RES-025, RES-027).
    fn ports(
        &mut self,
        container: &aws::ContainerDefinition,
        mode: NetworkMode,
        at: &Locator<'a>,
        ports: &mut Vec<Port>,
    ) -> u32 {
        let mut dynamic = 0;
        for (index, mapping) in container.port_mappings.iter().enumerate() {
            let place = at.clone().key("portMappings").index(index);
            let protocol = match mapping.protocol.unwrap_or_default() {
                aws::Protocol::Tcp => Protocol::Tcp,
                aws::Protocol::Udp => Protocol::Udp,
            };
            if let Some(range) = &mapping.container_port_range {
                let Some((low, high)) = range.split_once('-').and_then(|(low, high)| Some((low.parse::<u16>().ok()?, high.parse::<u16>().ok()?))).filter(|(low, high)| low <= high) else {
                    self.error(&place.key("containerPortRange"), "E345", format!("`{range}` is no port range"), Some("write the first and the last port, such as \"8000-8009\"".into()));
                    continue;
                };
                match mode {
                    NetworkMode::Bridge => dynamic += u32::from(high - low) + 1,
                    NetworkMode::Awsvpc => {}
                    NetworkMode::Host | NetworkMode::None => {
                        self.error(&place, "E345", "containerPortRange needs network mode bridge or awsvpc (RES-027)", None);
                    }
                }
                continue;
            }
            let Some(container_port) = mapping.container_port else {
                self.error(&place, "E345", "a port mapping needs `containerPort` or `containerPortRange`", None);
                continue;
            };
            match mode {
                NetworkMode::None => {
                    self.error(&place, "E345", "network mode none allows no port mappings (RES-023)", None);
                }
                NetworkMode::Awsvpc => {}
                NetworkMode::Host => {
                    if mapping.host_port.is_some_and(|port| port != 0 && port != container_port) {
                        self.error(&place, "E345", "in network mode host the host port is the container port (RES-023)", None);
                    }
                    ports.push(Port { protocol, number: container_port });
                }
                NetworkMode::Bridge => match mapping.host_port.unwrap_or(0) {
                    0 => dynamic += 1,
                    number => ports.push(Port { protocol, number }),
                },
            }
        }
        dynamic
    }

    /// The attributes a definition implies (RES-050, RES-051, RES-052, RES-060, PLC-006).
    fn required_attributes(&mut self, given: &aws::TaskDefinition, mode: NetworkMode) -> Vec<(AttributeId, Option<ValueId>)> {
        let mut names: Vec<String> = Vec::new();
        let mut need = |name: &str| names.push(name.to_owned());
        let windows = is_windows(given);
        if mode == NetworkMode::Awsvpc {
            need(capabilities::TASK_ENI);
        }
        if (given.cpu.is_some() || given.memory.is_some()) && !windows {
            need("ecs.capability.task-cpu-mem-limit");
        }
        if given.cpu.is_some_and(|cpu| cpu.0 > ORDINARY_TASK_CPU) {
            need("ecs.capability.increased-task-cpu-limit");
        }
        if given.task_role_arn.as_ref().is_some_and(|role| !role.is_empty()) {
            need(if mode == NetworkMode::Host {
                "com.amazonaws.ecs.capability.task-iam-role-network-host"
            } else {
                "com.amazonaws.ecs.capability.task-iam-role"
            });
        }
        if given.pid_mode.is_some() || given.ipc_mode.is_some() {
            need("ecs.capability.pid-ipc-namespace-sharing");
        }
        if given.enable_fault_injection == Some(true) {
            need("ecs.capability.fault-injection");
        }
        let has_execution_role = given.execution_role_arn.as_ref().is_some_and(|role| !role.is_empty());
        for container in &given.container_definitions {
            let from_ecr = container.image.as_ref().is_some_and(|image| image.contains(".dkr.ecr."));
            if from_ecr {
                need(if has_execution_role {
                    "ecs.capability.execution-role-ecr-pull"
                } else {
                    "com.amazonaws.ecs.capability.ecr-auth"
                });
            }
            if let Some(log) = &container.log_configuration {
                need(&capabilities::logging_driver(log.log_driver.as_str()));
                if has_execution_role && log.log_driver == aws::LogDriver::Awslogs {
                    need("ecs.capability.execution-role-awslogs");
                }
                for secret in &log.secret_options {
                    need(&format!("ecs.capability.secrets.{}.bootstrap.log-driver", secret_store(&secret.value_from)));
                }
            }
            for secret in &container.secrets {
                need(&format!("ecs.capability.secrets.{}.environment-variables", secret_store(&secret.value_from)));
            }
            if container.health_check.is_some() {
                need("ecs.capability.container-health-check");
            }
            if !container.depends_on.is_empty() {
                need("ecs.capability.container-ordering");
            }
            if container.privileged == Some(true) {
                need("com.amazonaws.ecs.capability.privileged-container");
            }
            if let Some(firelens) = &container.firelens_configuration {
                need(match firelens.kind {
                    aws::FirelensType::Fluentd => "ecs.capability.firelens.fluentd",
                    aws::FirelensType::Fluentbit => "ecs.capability.firelens.fluentbit",
                });
                if let Some(kind) = firelens.options.get("config-file-type") {
                    need(&format!("ecs.capability.firelens.options.config.{}", kind.as_str()));
                }
            }
            if !container.environment_files.is_empty() {
                need("ecs.capability.env-files.s3");
            }
            if container.restart_policy.as_ref().is_some_and(|policy| policy.enabled) {
                need("ecs.capability.container-restart-policy");
            }
            if container.port_mappings.iter().any(|mapping| mapping.container_port_range.is_some()) {
                need("ecs.capability.network.container-port-range");
            }
            if container.repository_credentials.is_some() {
                need("ecs.capability.private-registry-authentication.secretsmanager");
            }
        }
        for volume in &given.volumes {
            if let Some(docker) = &volume.docker_volume_configuration {
                if let Some(driver) = &docker.driver {
                    need(&format!("ecs.capability.docker-plugin.{driver}"));
                }
            }
            if let Some(efs) = &volume.efs_volume_configuration {
                let uses_auth = efs.authorization_config.as_ref().is_some_and(|auth| {
                    auth.access_point_id.is_some() || auth.iam == Some(aws::Enabled::Enabled)
                });
                need(if uses_auth { "ecs.capability.efsAuth" } else { "ecs.capability.efs" });
            }
            if volume.configured_at_launch == Some(true) {
                need(capabilities::EBS_VOLUME);
            }
        }
        let mut required: BTreeMap<AttributeId, Option<ValueId>> = names
            .iter()
            .map(|name| (self.definitions.attributes.intern(name), None))
            .collect();
        if let Some(platform) = &given.runtime_platform {
            if let Some(architecture) = platform.cpu_architecture {
                let value = match architecture {
                    aws::CpuArchitecture::X8664 => "x86_64",
                    aws::CpuArchitecture::Arm64 => "arm64",
                };
                required.insert(
                    self.definitions.attributes.intern(attributes::CPU_ARCHITECTURE),
                    Some(self.definitions.values.intern(value)),
                );
            }
            if let Some(family) = platform.operating_system_family {
                required.insert(
                    self.definitions.attributes.intern(attributes::OS_FAMILY),
                    Some(self.definitions.values.intern(family.as_str())),
                );
            }
        }
        required.into_iter().collect()
    }

    /// The id of a task definition by `family`, `family:revision` or ARN; the latest revision where none is named.
    pub(super) fn find_task_definition(&mut self, name: &str, at: &Locator<'a>) -> Option<TaskDefinitionId> {
        let short = name.rsplit_once("task-definition/").map_or(name, |(_, short)| short);
        let (family, revision) = match short.rsplit_once(':') {
            Some((family, revision)) => match revision.parse::<u32>() {
                Ok(revision) => (family, Some(revision)),
                Err(_) => {
                    self.error(at, "E301", format!("`{name}` names no revision"), Some("write family or family:3".into()));
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
            self.error(at, "E301", format!("unknown revision `{short}`"), Some(help));
        }
        found
    }

    /// The same definition with more required attributes: what a service or call adds to it (RES-060).
    pub(super) fn requiring(&mut self, id: TaskDefinitionId, extra: &[&str]) -> TaskDefinitionId {
        if extra.is_empty() {
            return id;
        }
        let mut definition = self.definitions.task_definitions[id].clone();
        for name in extra {
            let name = self.definitions.attributes.intern(name);
            if !definition.required_attributes.iter().any(|(known, _)| *known == name) {
                definition.required_attributes.push((name, None));
            }
        }
        definition.required_attributes.sort_unstable();
        if let Some((known, _)) = self.definitions.task_definitions.iter().find(|(_, known)| **known == definition) {
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

fn quotas_ports(context: &Context<'_>) -> usize {
    context.scenario.settings.max_reserved_ports as usize
}

fn is_windows(given: &aws::TaskDefinition) -> bool {
    given
        .runtime_platform
        .as_ref()
        .and_then(|platform| platform.operating_system_family)
        .is_some_and(aws::OsFamily::is_windows)
}

fn is_family_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Which store a secret comes from (RES-060).
fn secret_store(value_from: &str) -> &'static str {
    if value_from.contains(":secretsmanager:") { "asm" } else { "ssm" }
}

/// GPUs of one container: whole numbers or `ALL` (RES-030).
fn gpu_need(requirements: &[aws::ResourceRequirement]) -> Result<GpuNeed, String> {
    let mut sum = 0_u16;
    for requirement in requirements.iter().filter(|requirement| requirement.kind == aws::ResourceRequirementType::Gpu) {
        let value = requirement.value.as_str();
        if value.eq_ignore_ascii_case("ALL") {
            return Ok(GpuNeed::All);
        }
        match value.parse::<u16>() {
            Ok(count) => sum = sum.saturating_add(count),
            Err(_) => return Err(format!("`{value}` is no number of GPUs: write a whole number or ALL (RES-030)")),
        }
    }
    Ok(GpuNeed::Count(sum))
}
