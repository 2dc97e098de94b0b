//! The filter behind `ecsim catalog`: what a planner asks for when the name of the instance type is still open.

use crate::catalog::Catalog;
use crate::glob;
use crate::instance_type::{Architecture, InstanceType};

/// Which instance types to list. Every field narrows the answer; the default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Name with the wildcards `*` and `?`, such as `m5*.large`; upper and lower case are the same.
    pub name: Option<String>,
    /// Exactly this family, such as `m5`; upper and lower case are the same.
    pub family: Option<String>,
    /// At least so many vCPUs.
    pub min_vcpu: Option<u32>,
    /// At most so many vCPUs.
    pub max_vcpu: Option<u32>,
    /// At least so many MiB, nominal.
    pub min_memory_mib: Option<u32>,
    /// At most so many MiB, nominal.
    pub max_memory_mib: Option<u32>,
    /// At least so many whole GPUs.
    pub min_gpus: Option<u32>,
    /// This instruction set.
    pub architecture: Option<Architecture>,
    /// Offered in this region, as far as is known: see [`Catalog::is_offered`].
    pub region: Option<String>,
    /// With (`true`) or without ENI trunking in ECS.
    pub trunking: Option<bool>,
    /// With or without CPU credits.
    pub burstable: Option<bool>,
    /// Of the current generation or not.
    pub current_generation: Option<bool>,
    /// With or without a hypervisor: `true` asks for bare metal.
    pub bare_metal: Option<bool>,
    /// On the Nitro System or not.
    pub nitro: Option<bool>,
    /// Usable with ECS or not (the Macs are not).
    pub usable_with_ecs: Option<bool>,
}

impl Query {
    /// The instance types that match, in the order of the catalogue (family, then size).
    pub fn search(&self) -> impl Iterator<Item = &'static InstanceType> + '_ {
        Catalog::instance_types().iter().filter(|candidate| self.matches(candidate))
    }

    /// Whether one instance type matches.
    pub fn matches(&self, candidate: &InstanceType) -> bool {
        let is = |wanted: Option<bool>, fact: bool| wanted.is_none_or(|wanted| wanted == fact);
        self.min_vcpu.is_none_or(|least| candidate.vcpu >= least)
            && self.max_vcpu.is_none_or(|most| candidate.vcpu <= most)
            && self.min_memory_mib.is_none_or(|least| candidate.memory_mib >= least)
            && self.max_memory_mib.is_none_or(|most| candidate.memory_mib <= most)
            && self.min_gpus.is_none_or(|least| candidate.gpus >= least)
            && self.architecture.is_none_or(|wanted| candidate.architecture == wanted)
            && is(self.trunking, candidate.task_eni_limit_trunked().is_some())
            && is(self.burstable, candidate.burstable)
            && is(self.current_generation, candidate.current_generation)
            && is(self.bare_metal, candidate.bare_metal)
            && is(self.nitro, candidate.is_nitro())
            && is(self.usable_with_ecs, candidate.usable_with_ecs())
            && self.family.as_ref().is_none_or(|wanted| candidate.family.eq_ignore_ascii_case(wanted.trim()))
            && self.name.as_ref().is_none_or(|wanted| glob::matches(&wanted.trim().to_lowercase(), &candidate.name))
            && self.region.as_ref().is_none_or(|region| Catalog::is_offered(region, &candidate.name))
    }
}
