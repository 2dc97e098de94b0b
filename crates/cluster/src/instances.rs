//! The table of container instances: ECS's books, and what the agent knows about the host.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ecsim_kernel::SimTime;

use crate::definitions::{Definitions, LaunchOwner};
use crate::ids::{
    AsgId, AttributeId, GroupId, ImageId, InstanceId, LaunchOptionId, ProviderId, ShapeId, SubnetId, TaskId, ValueId,
    ZoneId,
};
use crate::lifecycle::{InstanceLifecycle, InstanceStatus, Market};
use crate::resources::{PortSet, Resources};
use crate::services::count_sorted;

/// A container instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// The name people use for it: the scenario's, or group and number.
    pub name: Arc<str>,
    /// What it was launched as; `None`: the scenario planned it.
    pub option: Option<LaunchOptionId>,
    /// Its Auto Scaling group.
    pub group: Option<AsgId>,
    /// Its capacity provider (CP-015, CP-021).
    pub provider: Option<ProviderId>,
    /// On demand or Spot.
    pub market: Market,
    /// Its state in the group (ASG-002).
    pub lifecycle: InstanceLifecycle,
    /// When EC2 launched it, or when the scenario lets it join.
    pub launched_at: SimTime,
    /// When it entered `InService`.
    pub in_service_at: Option<SimTime>,
    /// When EC2 began to shut it down for good.
    pub terminated_at: Option<SimTime>,
    /// The version of the group's template it was launched from.
    pub template: u32,
    /// Scale-in protection (ASG-013).
    pub protected_from_scale_in: bool,
    /// What the group knows of its health (ASG-006).
    pub healthy: bool,
    /// When EC2 takes it back, once the notice is out (SPT-002).
    pub reclaimed_at: Option<SimTime>,
    /// Whether a rebalance recommendation was sent (SPT-003).
    pub rebalance_recommended: bool,
    /// Tasks of a capacity provider that have not reached STOPPED, daemons not counted (CAS-005).
    pub provider_tasks: u32,
    /// Since when that number is zero (CAS-029: the one that is empty for longest goes first).
    pub empty_since: SimTime,
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
    /// Thousandths left of each GPU device where tasks share them; empty where they do not.
    pub gpu_left: Vec<u16>,
    /// The device that chance has chosen for the share that is placed next.
    pub gpu_chosen: Option<u8>,
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
    /// CPU units that running tasks reserve.
    pub running_cpu: u32,
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
        Self {
            launched_at: planned.join_at,
            ..Self::blank(id, definitions, planned.name.as_str().into(), planned.shape, planned.zone, planned.subnet)
        }
    }

    /// An instance that EC2 just launched (ASG-002): the `ordinal`-th of its owner, from 0. Also what one would be, for
    /// those who ask before they buy (CP-041).
    #[must_use]
    pub fn launched(
        id: InstanceId,
        definitions: &Definitions,
        option: LaunchOptionId,
        market: Market,
        ordinal: u32,
        now: SimTime,
    ) -> Self {
        let launch = &definitions.launch_options[option];
        let (owner, group) = match launch.owner {
            LaunchOwner::Group(group) => (&definitions.auto_scaling_groups[group].name, Some(group)),
            LaunchOwner::Provider(provider) => (&definitions.capacity_providers[provider].name, None),
        };
        let name = format!("{owner}-{}", u64::from(ordinal) + 1);
        Self {
            option: Some(option),
            group,
            market,
            launched_at: now,
            empty_since: now,
            template: launch.template,
            ..Self::blank(id, definitions, name.into(), launch.shape, launch.zone, launch.subnet)
        }
    }

    fn blank(
        id: InstanceId,
        definitions: &Definitions,
        name: Arc<str>,
        shape_id: ShapeId,
        zone: ZoneId,
        subnet: Option<SubnetId>,
    ) -> Self {
        let shape = &definitions.shapes[shape_id];
        let sharing = definitions.gpu_sharing;
        let gpus = u32::from(sharing.devices(shape.registered.gpus));
        Self {
            id,
            name,
            option: None,
            group: None,
            provider: None,
            market: Market::OnDemand,
            lifecycle: InstanceLifecycle::Unmanaged,
            launched_at: SimTime::ZERO,
            in_service_at: None,
            terminated_at: None,
            template: 0,
            protected_from_scale_in: false,
            healthy: true,
            reclaimed_at: None,
            rebalance_recommended: false,
            provider_tasks: 0,
            empty_since: SimTime::ZERO,
            status: InstanceStatus::Absent,
            connected: false,
            host_running: true,
            shape: shape_id,
            zone,
            subnet,
            registered_at_unix_ms: 0,
            registered_at: SimTime::ZERO,
            registered: shape.registered,
            remaining: shape.registered,
            ports: shape.reserved_ports.clone(),
            free_gpu_devices: if gpus >= 64 { u64::MAX } else { (1 << gpus) - 1 },
            gpu_left: if sharing.is_on() { vec![sharing.parts(); gpus as usize] } else { Vec::new() },
            gpu_chosen: None,
            host_free: shape.registered,
            host_ports: shape.reserved_ports.clone(),
            dynamic_ports_used: 0,
            ebs_used: 0,
            attributes: shape.attributes.clone(),
            groups: Vec::new(),
            live_tasks: 0,
            running_cpu: 0,
            tasks: Vec::new(),
            queue: VecDeque::new(),
            images: BTreeMap::new(),
        }
    }

    /// Counts towards the desired capacity of its group, or is an instance of a Managed Instances provider that has not
    /// been terminated (CAS-004).
    #[must_use]
    pub const fn is_capacity(&self) -> bool {
        match self.lifecycle {
            InstanceLifecycle::Unmanaged => self.option.is_some() && self.terminated_at.is_none(),
            lifecycle => lifecycle.is_capacity(),
        }
    }

    /// Whether it ran already when the simulation began: whatever warms up is long past that.
    #[must_use]
    pub fn was_there_at_start(&self) -> bool {
        self.launched_at == SimTime::ZERO
    }

    /// AWS has said that it may take it back, or will (SPT-002, SPT-003).
    #[must_use]
    pub const fn is_at_risk(&self) -> bool {
        self.rebalance_recommended || self.reclaimed_at.is_some()
    }

    /// Whether ECS itself bought it, for a Managed Instances provider (CP-040).
    #[must_use]
    pub const fn is_managed(&self) -> bool {
        self.option.is_some() && self.group.is_none()
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
        count_sorted(&mut self.groups, group, up);
    }
}
