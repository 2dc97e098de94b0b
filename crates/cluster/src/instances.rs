//! The table of container instances: ECS's books, and what the agent knows about the host.

use std::collections::{BTreeMap, VecDeque};

use ecsim_kernel::SimTime;

use crate::definitions::Definitions;
use crate::ids::{AttributeId, GroupId, ImageId, InstanceId, ShapeId, SubnetId, TaskId, ValueId, ZoneId};
use crate::lifecycle::InstanceStatus;
use crate::resources::{PortSet, Resources};

/// A container instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Its state (INS-001).
    pub status: InstanceStatus,
    /// `agentConnected`.
    pub connected: bool,
    /// Whether the EC2 instance under it runs.
    pub host_running: bool,
    /// What it has in common with others.
    pub shape: ShapeId,
    /// Its Availability Zone.
    pub zone: ZoneId,
    /// The subnet of its primary network interface.
    pub subnet: Option<SubnetId>,
    /// `registeredAt`, milliseconds since the Unix epoch.
    pub registered_at_unix_ms: i64,
    /// When it registered, in simulated time.
    pub registered_at: SimTime,
    /// `registeredResources`, fixed at registration (RES-012).
    pub registered: Resources,
    /// `remainingResources` without ports (RES-012).
    pub remaining: Resources,
    /// Host ports in use in ECS's books, the agent's included (RES-012).
    pub ports: PortSet,
    /// GPU devices not pinned to a live task, as a bit set (RES-030).
    pub free_gpu_devices: u64,
    /// What is really free on the host: the agent's own account (RES-015).
    pub host_free: Resources,
    /// Host ports really in use.
    pub host_ports: PortSet,
    /// Dynamic host ports in use (RES-025).
    pub dynamic_ports_used: u32,
    /// EBS attachment slots in use (RES-053).
    pub ebs_used: u16,
    /// Attributes, ascending by id; `None` = no value (CQL-008).
    pub attributes: Vec<(AttributeId, Option<ValueId>)>,
    /// Live tasks by group, ascending by group; never zero (CQL-011).
    pub groups: Vec<(GroupId, u32)>,
    /// Live tasks (CQL-012).
    pub live_tasks: u32,
    /// Tasks that have not reached STOPPED, ascending.
    pub tasks: Vec<TaskId>,
    /// Tasks that wait for the host's resources, first come first served (RES-015).
    pub queue: VecDeque<TaskId>,
    /// Images on the instance, with when they were last used (TSK-050).
    pub images: BTreeMap<ImageId, SimTime>,
}

impl Instance {
    /// A planned instance before it registers.
    #[must_use]
    pub fn planned(id: InstanceId, definitions: &Definitions) -> Self {
        let planned = &definitions.instances[id];
        let shape = &definitions.shapes[planned.shape];
        let gpus = u32::from(shape.registered.gpus);
        Self {
            id,
            status: InstanceStatus::Absent,
            connected: false,
            host_running: true,
            shape: planned.shape,
            zone: planned.zone,
            subnet: planned.subnet,
            registered_at_unix_ms: 0,
            registered_at: SimTime::ZERO,
            registered: shape.registered,
            remaining: shape.registered,
            ports: shape.reserved_ports.clone(),
            free_gpu_devices: if gpus >= 64 { u64::MAX } else { (1 << gpus) - 1 },
            host_free: shape.registered,
            host_ports: shape.reserved_ports.clone(),
            dynamic_ports_used: 0,
            ebs_used: 0,
            attributes: shape.attributes.clone(),
            groups: Vec::new(),
            live_tasks: 0,
            tasks: Vec::new(),
            queue: VecDeque::new(),
            images: BTreeMap::new(),
        }
    }

    /// Whether it can receive a task: ACTIVE and its agent connected (PLC-004).
    #[must_use]
    pub fn can_receive(&self) -> bool {
        self.status == InstanceStatus::Active && self.connected
    }

    /// The order of ties in `fixed` mode: earliest `registeredAt`, then smallest id (PLC-022).
    #[must_use]
    pub fn ordinal(&self) -> (i64, InstanceId) {
        (self.registered_at_unix_ms, self.id)
    }

    /// The attribute: absent, present without a value, or with one (CQL-007, CQL-008).
    #[must_use]
    pub fn attribute(&self, attribute: AttributeId) -> Option<Option<ValueId>> {
        self.attributes.binary_search_by_key(&attribute, |(name, _)| *name).ok().map(|at| self.attributes[at].1)
    }

    /// Live tasks of a group on this instance.
    #[must_use]
    pub fn live_tasks_of(&self, group: GroupId) -> u32 {
        self.groups.binary_search_by_key(&group, |(name, _)| *name).map_or(0, |at| self.groups[at].1)
    }

    /// What its tasks reserve: registered less remaining.
    #[must_use]
    pub fn reserved(&self) -> Resources {
        self.registered.saturating_sub(self.remaining)
    }

    pub(crate) fn put_attribute(&mut self, attribute: AttributeId, value: Option<ValueId>) {
        match self.attributes.binary_search_by_key(&attribute, |(name, _)| *name) {
            Ok(at) => self.attributes[at].1 = value,
            Err(at) => self.attributes.insert(at, (attribute, value)),
        }
    }

    pub(crate) fn delete_attribute(&mut self, attribute: AttributeId) {
        if let Ok(at) = self.attributes.binary_search_by_key(&attribute, |(name, _)| *name) {
            self.attributes.remove(at);
        }
    }

    pub(crate) fn count_group(&mut self, group: GroupId, up: bool) {
        match (self.groups.binary_search_by_key(&group, |(name, _)| *name), up) {
            (Ok(at), true) => self.groups[at].1 += 1,
            (Err(at), true) => self.groups.insert(at, (group, 1)),
            (Ok(at), false) if self.groups[at].1 > 1 => self.groups[at].1 -= 1,
            (Ok(at), false) => {
                self.groups.remove(at);
            }
            (Err(_), false) => panic!("{} has no live task of group {group:?} to take away", self.id),
        }
    }
}
