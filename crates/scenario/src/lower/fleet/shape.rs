//! What an instance registers (RES-001 to RES-004, RES-012), its ports (RES-020, RES-021, RES-025), network interfaces
//! (RES-040 to RES-042) and attributes (CQL-015, CQL-016, RES-060).

use std::collections::BTreeMap;

use ecsim_catalog::MemorySource;
use ecsim_cluster::definitions::{ImageCleanup, InstanceShape, PullBehavior};
use ecsim_cluster::{AttributeId, Port, PortSet, Protocol, Resources, ShapeId, ValueId};
use ecsim_kernel::Span;
use ecsim_policies::placement::constraints::query::attributes;

use super::super::Context;
use super::super::capabilities::{self, Host};
use super::Shapes;
use super::types::TypeFacts;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{AgentConfig, ContainerInstances, ImagePullBehavior, RegisteredMemory};

/// The agent of an instance that says nothing about it.
const AGENT_VERSION: &str = "1.103.0";
/// ENI trunking needs this agent (RES-041).
const TRUNKING_AGENT: [u64; 3] = [1, 28, 1];
/// Port ranges need this agent (RES-027).
const PORT_RANGE_AGENT: [u64; 3] = [1, 67, 0];
/// TCP ports in use before any task on Linux (RES-020); the last one is the Prometheus port.
const LINUX_PORTS: [u16; 6] = [22, 2375, 2376, 51678, 51679, 51680];
/// The same on Windows (RES-020).
const WINDOWS_PORTS: [u16; 11] = [53, 135, 139, 445, 2375, 2376, 3389, 5985, 5986, 51678, 51679];
/// `ip_local_port_range` (RES-025).
const DYNAMIC_PORTS: (u16, u16) = (32_768, 60_999);
/// No instance has more GPUs.
const MOST_GPUS: u32 = 64;
/// The least stop timeout that the agent takes (TSK-025).
const LEAST_STOP_TIMEOUT: Span = Span::from_secs(1);

/// How the agent removes unused images (TSK-052, LAT-019).
fn image_cleanup(agent: &AgentConfig) -> Option<ImageCleanup> {
    let default = ImageCleanup::default();
    let off = agent.ecs_disable_image_cleanup == Some(true)
        || agent.ecs_image_pull_behavior == Some(ImagePullBehavior::PreferCached);
    let span = |given: Option<crate::schema::Duration>, default: Span| given.map_or(default, |it| it.0);
    (!off).then(|| ImageCleanup {
        interval: span(agent.ecs_image_cleanup_interval, default.interval),
        minimum_age: span(agent.ecs_image_minimum_cleanup_age, default.minimum_age),
        per_sweep: agent.ecs_num_images_delete_per_cycle.unwrap_or(default.per_sweep),
        containers_kept: span(agent.ecs_engine_task_cleanup_wait_duration, default.containers_kept),
    })
}

impl<'a> Context<'a> {
    /// The shape of an entry's instances in a zone; the same one twice is one.
    pub(super) fn shape(
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
        let agent_from = |least: [u64; 3]| parse_version(&version).is_some_and(|version| version >= least.to_vec());
        let recent = agent_from(TRUNKING_AGENT);
        let trunk = opted_in && !windows && !external && recent && facts.enis_trunked.is_some();
        let enis = if external {
            0
        } else if trunk {
            facts.enis_trunked.unwrap_or(0)
        } else {
            facts.enis
        };

        let registered = self.registered(entry, facts, windows, enis, at);
        let host = Host {
            windows,
            external,
            nitro: facts.nitro,
            port_ranges: agent_from(PORT_RANGE_AGENT),
            logging_drivers: agent.ecs_available_logging_drivers.as_deref(),
        };
        let mut names = capabilities::advertised(host);
        for (index, name) in entry.capabilities.remove.iter().enumerate() {
            if !names.contains(name) {
                let message = format!("these instances do not have the capability `{}` anyway", shown(name));
                let help = crate::validate::nearest(name, names.iter().map(String::as_str));
                let help = help.map(|near| format!("did you mean `{near}`?"));
                self.warning(&at.clone().key("capabilities").key("remove").index(index), "W308", message, help);
            }
        }
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
        let (low, high) = agent.ecs_dynamic_host_port_range.as_ref().map_or(DYNAMIC_PORTS, |text| {
            parse_range(text).unwrap_or_else(|| {
                let place = at.clone().key("agent").key("ECS_DYNAMIC_HOST_PORT_RANGE");
                let help = "write the first and the last port, such as \"32768-60999\" (RES-025)";
                self.error(&place, "E333", format!("`{}` is no port range", shown(text)), Some(help.into()));
                DYNAMIC_PORTS
            })
        });
        if let Some(timeout) = agent.ecs_container_stop_timeout.filter(|timeout| timeout.0 < LEAST_STOP_TIMEOUT) {
            let place = at.clone().key("agent").key("ECS_CONTAINER_STOP_TIMEOUT");
            let message = format!("a stop timeout of {timeout}; the agent takes 1s or more (TSK-025)");
            self.error(&place, "E337", message, Some("the default is 30s".into()));
        }
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
            image_cleanup: image_cleanup(agent),
            stop_timeout: agent.ecs_container_stop_timeout.map_or(Span::from_secs(30), |timeout| timeout.0),
            hidden_enis: entry.enis_attached_by_hand.unwrap_or(0),
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
        let source =
            if windows { MemorySource::Windows } else { MemorySource::LinuxPercent(settings.linux_memory_percent) };
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
                    Some(format!("keep back at most {seen} MiB")),
                );
                0
            }
            None => seen - reserve,
        };
        let supports_gpus = entry.agent.ecs_enable_gpu_support.unwrap_or(true) && !windows;
        let gpus = given.gpus.unwrap_or(if supports_gpus { facts.gpus } else { 0 });
        if gpus > MOST_GPUS {
            let place = at.clone().key("registeredResources").key("gpus");
            let place = if place.node().is_some() { place } else { at.clone().key("instanceType") };
            let message = format!("{gpus} GPUs on an instance, at most {MOST_GPUS} are possible");
            self.error(&place, "E335", message, None);
        }
        Resources {
            cpu: given.cpu.unwrap_or(facts.cpu),
            memory,
            gpus: u16::try_from(gpus.min(MOST_GPUS)).unwrap_or(0) * settings.gpu_sharing.lowered().parts(),
            enis: u16::try_from(given.enis.unwrap_or(enis)).unwrap_or(u16::MAX),
        }
    }
}

/// The numbers of a version, or nothing where it is none (CQL-014).
pub(super) fn parse_version(text: &str) -> Option<Vec<u64>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

/// `FIRST-LAST`.
fn parse_range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-')?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (0 < low && low <= high).then_some((low, high))
}
