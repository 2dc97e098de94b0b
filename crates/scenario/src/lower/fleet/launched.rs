//! The shapes of instances that Auto Scaling groups and Managed Instances providers launch during the run: an instance
//! type in a zone, with what the scenario says of the group's agents and attributes.

use ecsim_cluster::ShapeId;

use super::super::Context;
use super::Attributes;
use super::types::TypeFacts;
use crate::document::Locator;
use crate::schema::{ContainerInstances, LaunchedContainerInstance};

/// What the instances of a group or provider have in common.
pub(in crate::lower) struct LaunchedKind<'a> {
    entry: ContainerInstances,
    custom: Attributes,
    at: Locator<'a>,
}

/// An instance type of a group, read once for all its zones.
pub(in crate::lower) struct LaunchedType<'k, 'a> {
    kind: &'k LaunchedKind<'a>,
    entry: ContainerInstances,
    facts: TypeFacts,
}

impl<'a> Context<'a> {
    /// Reads what only ECS knows of the instances of a group; complains at `at`, once.
    pub(in crate::lower) fn launched_kind(
        &mut self,
        given: &LaunchedContainerInstance,
        at: Locator<'a>,
    ) -> LaunchedKind<'a> {
        let entry = ContainerInstances {
            attributes: given.attributes.clone(),
            agent_version: given.agent_version.clone(),
            operating_system: given.operating_system,
            memory: given.memory,
            registered_resources: given.registered_resources,
            agent: given.agent.clone(),
            awsvpc_trunking: given.awsvpc_trunking,
            capabilities: given.capabilities.clone(),
            enis_attached_by_hand: given.enis_attached_by_hand,
            ..ContainerInstances::default()
        };
        self.check_agent_version(&entry, &at);
        let custom = self.custom_attributes(&entry, &at);
        LaunchedKind { entry, custom, at }
    }

    /// An instance type of a group; complains at the place where it is named, unless it was `derived` from requirements.
    pub(in crate::lower) fn launched_type<'k>(
        &mut self,
        kind: &'k LaunchedKind<'a>,
        name: &str,
        at: &Locator<'a>,
        derived: bool,
    ) -> LaunchedType<'k, 'a> {
        let entry = ContainerInstances { instance_type: Some(name.to_owned()), ..kind.entry.clone() };
        let found = std::mem::take(self.diagnostics);
        let facts = self.type_facts(&entry, at);
        let own = std::mem::replace(self.diagnostics, found);
        if !derived {
            self.diagnostics.extend(own);
        }
        LaunchedType { kind, entry, facts }
    }

    /// What such an instance registers in a zone.
    pub(in crate::lower) fn launched_shape(
        &mut self,
        of: &LaunchedType<'_, 'a>,
        zone: &str,
        subnet: Option<&str>,
    ) -> ShapeId {
        let entry = ContainerInstances { subnet: subnet.map(str::to_owned), ..of.entry.clone() };
        let mut shapes = std::mem::take(&mut self.shapes);
        let shape = self.shape(&entry, &of.facts, zone, &of.kind.custom, &of.kind.at, &mut shapes);
        self.shapes = shapes;
        shape
    }
}
