//! The type of an entry: what the catalogue knows of it, what the scenario corrects, and types of the scenario's own
//! (RES-001, RES-030, RES-040, RES-044, RES-045).

use ecsim_catalog::Catalog;

use super::super::Context;
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::{Architecture, ContainerInstances, InstanceTypeSpec};

/// Interfaces of a type of the scenario's own that says nothing about them: as the smallest types have.
const DEFAULT_ENIS: u32 = 2;

/// What an instance type offers.
pub(super) struct TypeFacts {
    pub(super) cpu: u32,
    pub(super) memory_mib: u32,
    pub(super) measured_mib: Option<u32>,
    pub(super) gpus: u32,
    pub(super) enis: u32,
    pub(super) enis_trunked: Option<u32>,
    pub(super) architecture: &'static str,
    pub(super) nitro: bool,
}

impl<'a> Context<'a> {
    pub(super) fn type_facts(&mut self, entry: &ContainerInstances, at: &Locator<'a>) -> TypeFacts {
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
                    "container instances of no type and no size",
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
                format!("unknown instance type `{}`", shown(name)),
                Some(format!("near names: {}; a type of your own goes under `instanceTypes:`", near.join(", "))),
            );
            return bare;
        };
        if !known.usable_with_ecs() {
            self.error(
                &at.clone().key("instanceType"),
                "E306",
                format!("`{name}` cannot be a container instance: its architecture is {}", known.architecture.as_str()),
                Some("ECS runs tasks on x86_64 and arm64".into()),
            );
        }
        let knows_better = given.enis.is_some() || custom.is_some_and(|custom| custom.max_enis.is_some());
        if known.task_eni_limit().is_none() && !knows_better {
            self.warning(
                &at.clone().key("instanceType"),
                "W306",
                format!("the catalogue does not know how many network interfaces `{name}` has; it gets none for tasks"),
                Some("set registeredResources.enis, or maxEnis under `instanceTypes:`".into()),
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
            enis: custom.max_enis.unwrap_or(DEFAULT_ENIS).saturating_sub(1),
            enis_trunked: custom.task_eni_limit_trunked,
            architecture: match custom.architecture.unwrap_or_default() {
                Architecture::X8664 => "x86_64",
                Architecture::Arm64 => "arm64",
            },
            nitro: custom.nitro.unwrap_or(true),
        }
    }
}
