//! What is true now: a fold of facts. [`Cluster::apply`] is the only code that changes it.

use std::sync::Arc;

use ecsim_kernel::{SimTime, Table};

use crate::definitions::Definitions;
use crate::fact::{Fact, TaskOrigin};
use crate::ids::{GroupId, InstanceId, ServiceId, SubnetId, TaskDefinitionId, TaskId};
use crate::instances::Instance;
use crate::lifecycle::{DesiredStatus, InstanceStatus, ServiceStatus, TaskStatus};
use crate::reasons::StopReason;
use crate::resources::{Requirements, Resources};
use crate::services::{Service, remove_sorted};
use crate::tasks::{Task, TaskTable};

/// The state of an ECS cluster at an instant.
#[derive(Clone, Debug)]
pub struct Cluster {
    definitions: Arc<Definitions>,
    instances: Table<InstanceId, Instance>,
    tasks: TaskTable,
    services: Table<ServiceId, Service>,
    free_addresses: Table<SubnetId, u32>,
    totals: Totals,
}

/// Sums that every metric wants, kept up to date fact by fact and recounted by [`crate::invariants`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Instances that are ACTIVE or DRAINING.
    pub registered_instances: u32,
    /// Instances that can receive tasks (PLC-004).
    pub receiving_instances: u32,
    /// What ACTIVE and DRAINING instances registered.
    pub registered: Sum,
    /// What is reserved on them.
    pub reserved: Sum,
    /// What tasks that are live and RUNNING reserve on them (CW-020).
    pub reserved_by_running: Sum,
    /// Instances that are ACTIVE or DRAINING and hold at least one task.
    pub used_instances: u32,
    /// Live tasks that are RUNNING.
    pub running_tasks: u32,
    /// Live tasks that are not RUNNING yet.
    pub pending_tasks: u32,
    /// Tasks asked to stop that have not reached STOPPED.
    pub stopping_tasks: u32,
}

/// A sum of resources over many instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// CPU units.
    pub cpu: u64,
    /// MiB.
    pub memory: u64,
    /// GPUs.
    pub gpus: u64,
    /// Task network interfaces.
    pub enis: u64,
}

impl Sum {
    /// Adds one amount.
    pub fn add(&mut self, amount: Resources) {
        self.cpu += u64::from(amount.cpu);
        self.memory += u64::from(amount.memory);
        self.gpus += u64::from(amount.gpus);
        self.enis += u64::from(amount.enis);
    }

    /// Takes one amount away.
    pub fn sub(&mut self, amount: Resources) {
        self.cpu -= u64::from(amount.cpu);
        self.memory -= u64::from(amount.memory);
        self.gpus -= u64::from(amount.gpus);
        self.enis -= u64::from(amount.enis);
    }
}

impl Cluster {
    /// The cluster before anything has happened.
    #[must_use]
    pub fn new(definitions: Arc<Definitions>) -> Self {
        let mut instances = Table::default();
        for id in definitions.instances.ids() {
            instances.push(Instance::planned(id, &definitions));
        }
        let mut services = Table::default();
        for (id, definition) in definitions.services.iter() {
            services.push(Service::planned(id, definition));
        }
        let mut free_addresses = Table::default();
        for subnet in definitions.subnets.values() {
            free_addresses.push(subnet.free_addresses);
        }
        Self {
            definitions,
            instances,
            tasks: TaskTable::default(),
            services,
            free_addresses,
            totals: Totals::default(),
        }
    }

    /// What the scenario wrote.
    #[must_use]
    pub const fn definitions(&self) -> &Arc<Definitions> {
        &self.definitions
    }

    /// Container instances, planned ones included.
    #[must_use]
    pub const fn instances(&self) -> &Table<InstanceId, Instance> {
        &self.instances
    }

    /// Tasks.
    #[must_use]
    pub const fn tasks(&self) -> &TaskTable {
        &self.tasks
    }

    /// A task that exists.
    ///
    /// # Panics
    /// Where it is gone: a bug of the caller.
    #[must_use]
    pub fn task(&self, task: TaskId) -> &Task {
        self.tasks.get(task).unwrap_or_else(|| panic!("{task:?} does not exist"))
    }

    /// Services.
    #[must_use]
    pub const fn services(&self) -> &Table<ServiceId, Service> {
        &self.services
    }

    /// Sums over the cluster.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Addresses a subnet has left (PLC-007).
    #[must_use]
    pub fn free_addresses(&self, subnet: SubnetId) -> u32 {
        self.free_addresses[subnet]
    }

    /// Live tasks of a service by zone name, zones in name order, zones of registered instances only (AZR-011).
    #[must_use]
    pub fn balance(&self, service: ServiceId) -> Vec<(String, u32)> {
        let zones = &self.definitions.zones;
        let mut counts: Vec<Option<u32>> = vec![None; zones.len()];
        for instance in self.instances.values() {
            if instance.status.is_registered() {
                counts[instance.zone.index()].get_or_insert(0);
            }
        }
        for task in &self.services[service].tasks {
            let task = self.task(*task);
            if task.is_live() {
                *counts[self.instances[task.instance].zone.index()].get_or_insert(0) += 1;
            }
        }
        zones.iter().filter_map(|(zone, name)| counts[zone.index()].map(|count| (name.to_owned(), count))).collect()
    }

    /// Takes a fact into the books. The only mutator.
    ///
    /// # Panics
    /// Where the fact contradicts what is true, or is a move AWS does not allow: a bug of the engine.
    pub fn apply(&mut self, now: SimTime, fact: &Fact) {
        match *fact {
            Fact::InstanceStatusChanged { instance, to } => self.instance_status(now, instance, to),
            Fact::AgentConnectionChanged { instance, connected } => self.agent_connection(instance, connected),
            Fact::AttributePut { instance, attribute, value } => {
                self.instances[instance].put_attribute(attribute, value);
            }
            Fact::AttributeDeleted { instance, attribute } => self.instances[instance].delete_attribute(attribute),
            Fact::HostPowerChanged { instance, running } => {
                let row = &mut self.instances[instance];
                row.host_running = running;
                if !running {
                    // The agent is gone with its host, and its queue with it; images stay on the disk.
                    row.queue.clear();
                }
            }
            Fact::TaskCreated { task, definition, group, origin, instance, requirements, subnet } => {
                self.create_task(now, task, definition, group, origin, instance, requirements, subnet);
            }
            Fact::TaskStatusChanged { task, to } => self.task_status(now, task, to),
            Fact::TaskAdmitted { task } => self.admit(task),
            Fact::ImagePullStarted { .. } => {}
            Fact::ImagePullStopped { task } => self.images_pulled(now, task),
            Fact::ContainerExited { task, container, .. } => {
                let row = self.tasks.get_mut(task).expect("a container of an existing task");
                assert_eq!(row.exited >> container & 1, 0, "{task:?}: container {container} exited already");
                row.exited |= 1 << container;
            }
            Fact::TaskStopRequested { task, reason } => self.stop_requested(now, task, reason),
            Fact::TaskExecutionStopped { task } => self.execution_stopped(task),
            Fact::TaskProtectionChanged { task, until } => {
                self.tasks.get_mut(task).expect("an existing task").protected_until = until;
            }
            Fact::ServiceStatusChanged { service, to } => {
                let row = &mut self.services[service];
                assert!(row.status.may_become(to), "{service:?}: {:?} -> {to:?}", row.status);
                if to == ServiceStatus::Active {
                    row.created_at = now;
                }
                if to == ServiceStatus::Draining {
                    row.desired_count = 0;
                }
                row.status = to;
            }
            Fact::ServiceUpdated { service } => self.services[service].updates += 1,
            Fact::DesiredCountChanged { service, to } => self.services[service].desired_count = to,
            Fact::ServicePlacementChanged { service, placement } => self.services[service].placement = placement,
            Fact::HealthyPercentChanged { service, minimum, maximum } => {
                let row = &mut self.services[service];
                row.minimum_healthy_percent = minimum;
                row.maximum_percent = maximum;
            }
            Fact::RebalancingChanged { service, enabled } => {
                self.services[service].availability_zone_rebalancing = enabled;
            }
            Fact::ServiceUnplaced { service, .. } => self.services[service].placement_failures += 1,
            Fact::ServiceEvent { service, event } => {
                let row = &mut self.services[service];
                // Reaching a steady state resolves whatever held the service up (FLR-012).
                if event == crate::events::ServiceEvent::SteadyState {
                    row.last_events.clear(|said| said != event);
                }
                row.last_events.say(event, now);
            }
            Fact::TaskRequested { .. }
            | Fact::RequestUnplaced { .. }
            | Fact::RequestQueued { .. }
            | Fact::RequestDropped { .. }
            | Fact::StartTaskFailed { .. }
            | Fact::CallRefused { .. } => {}
        }
    }

    fn instance_status(&mut self, now: SimTime, instance: InstanceId, to: InstanceStatus) {
        let planned = &self.definitions.instances[instance];
        let row = &mut self.instances[instance];
        assert!(row.status.may_become(to), "{instance:?}: {} -> {to}", row.status);
        let (was_registered, was_receiving) = (row.status.is_registered(), row.can_receive());
        if row.status == InstanceStatus::Absent {
            row.registered_at = now;
            row.registered_at_unix_ms = planned
                .registered_at_unix_ms
                .unwrap_or(self.definitions.start_unix_ms + i64::try_from(now.ms()).unwrap_or(i64::MAX));
            row.connected = planned.agent_connected;
        }
        row.status = to;
        let row = &self.instances[instance];
        match (was_registered, to.is_registered()) {
            (false, true) => {
                self.totals.registered_instances += 1;
                self.totals.registered.add(row.registered);
                self.totals.reserved.add(row.reserved());
                self.totals.used_instances += u32::from(!row.tasks.is_empty());
                self.totals.reserved_by_running.add(running_on(&self.tasks, row));
            }
            (true, false) => {
                self.totals.registered_instances -= 1;
                self.totals.registered.sub(row.registered);
                self.totals.reserved.sub(row.reserved());
                self.totals.used_instances -= u32::from(!row.tasks.is_empty());
                self.totals.reserved_by_running.sub(running_on(&self.tasks, row));
            }
            _ => {}
        }
        let is_receiving = row.can_receive();
        count(&mut self.totals.receiving_instances, was_receiving, is_receiving);
        if to == InstanceStatus::Inactive {
            self.instances[instance].connected = false;
        }
    }

    fn agent_connection(&mut self, instance: InstanceId, connected: bool) {
        let row = &mut self.instances[instance];
        let was_receiving = row.can_receive();
        row.connected = connected;
        let is_receiving = row.can_receive();
        count(&mut self.totals.receiving_instances, was_receiving, is_receiving);
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one fact")]
    fn create_task(
        &mut self,
        now: SimTime,
        task: TaskId,
        definition: TaskDefinitionId,
        group: GroupId,
        origin: TaskOrigin,
        instance: InstanceId,
        requirements: Requirements,
        subnet: Option<SubnetId>,
    ) {
        let definitions = Arc::clone(&self.definitions);
        let row = &mut self.instances[instance];
        assert_eq!(row.status, InstanceStatus::Active, "{task:?} was placed on {instance:?}, which is {}", row.status);
        let reserved = requirements.on(row.registered);
        row.remaining = row
            .remaining
            .checked_sub(reserved)
            .unwrap_or_else(|| panic!("{task:?} needs {reserved:?}, {instance:?} has {:?} left", row.remaining));
        for port in &definitions.task_definitions[definition].ports {
            assert!(row.ports.insert(*port), "{task:?}: port {port} of {instance:?} is taken");
        }
        let mut gpu_devices = 0;
        for _ in 0..reserved.gpus {
            let device = row.free_gpu_devices & row.free_gpu_devices.wrapping_neg();
            row.free_gpu_devices &= !device;
            gpu_devices |= device;
        }
        let registered = row.status.is_registered();
        if registered {
            self.totals.reserved.add(reserved);
            self.totals.used_instances += u32::from(row.tasks.is_empty());
        }
        row.count_group(group, true);
        row.live_tasks += 1;
        row.tasks.push(task);
        let last = if requirements.eni { TaskStatus::Provisioning } else { TaskStatus::Pending };
        if last == TaskStatus::Pending {
            row.queue.push_back(task);
        }
        if let Some(subnet) = subnet {
            let free = &mut self.free_addresses[subnet];
            *free = free.saturating_sub(1);
        }
        self.totals.pending_tasks += 1;
        if let TaskOrigin::Service { service, ordinal } = origin {
            let row = &mut self.services[service];
            assert_eq!(row.started, ordinal, "{service:?}: starts are numbered");
            row.started += 1;
            row.live += 1;
            row.tasks.push(task);
            // A task was placed: the next failure to place is news again (FLR-012).
            row.last_events.clear(|said| matches!(said, crate::events::ServiceEvent::PlacementFailed { .. }));
        }
        self.tasks.insert(Task {
            id: task,
            definition,
            group,
            origin,
            instance,
            subnet,
            requirements,
            reserved,
            last,
            desired: DesiredStatus::Running,
            stop_reason: None,
            admitted: false,
            execution_stopped: false,
            exited: 0,
            gpu_devices,
            created_at: now,
            started_at: None,
            stopping_at: None,
            protected_until: None,
        });
    }

    fn task_status(&mut self, now: SimTime, task: TaskId, to: TaskStatus) {
        let row = self.tasks.get_mut(task).unwrap_or_else(|| panic!("{task:?} does not exist"));
        assert!(row.last.may_become(to), "{task:?}: {} -> {to}", row.last);
        let was_running = row.is_running();
        row.last = to;
        if to == TaskStatus::Running {
            row.started_at = Some(now);
        }
        let (is_running, live, instance, reserved) = (row.is_running(), row.is_live(), row.instance, row.reserved);
        let (origin, admitted) = (row.origin, row.admitted);
        if was_running != is_running && live {
            self.count_running(origin, instance, reserved, is_running);
            let pending = &mut self.totals.pending_tasks;
            *pending = if is_running { *pending - 1 } else { *pending + 1 };
        }
        if to == TaskStatus::Pending {
            self.instances[instance].queue.push_back(task);
        } else if to > TaskStatus::Running && !admitted {
            self.instances[instance].queue.retain(|waiting| *waiting != task);
        }
        if to == TaskStatus::Stopped {
            self.task_stopped(task);
        }
    }

    fn count_running(&mut self, origin: TaskOrigin, instance: InstanceId, reserved: Resources, up: bool) {
        let registered = self.instances[instance].status.is_registered();
        if up {
            self.totals.running_tasks += 1;
            if registered {
                self.totals.reserved_by_running.add(reserved);
            }
        } else {
            self.totals.running_tasks -= 1;
            if registered {
                self.totals.reserved_by_running.sub(reserved);
            }
        }
        if let Some(service) = origin.service() {
            let running = &mut self.services[service].running;
            *running = if up { *running + 1 } else { *running - 1 };
        }
    }

    fn admit(&mut self, task: TaskId) {
        let row = self.tasks.get_mut(task).expect("an existing task");
        assert!(!row.admitted, "{task:?} was admitted already");
        row.admitted = true;
        let (instance, reserved, definition) = (row.instance, row.reserved, row.definition);
        let host = &mut self.instances[instance];
        if host.queue.front() == Some(&task) {
            host.queue.pop_front();
        } else {
            host.queue.retain(|waiting| *waiting != task);
        }
        host.host_free = host
            .host_free
            .checked_sub(reserved.without_enis())
            .unwrap_or_else(|| panic!("{task:?} was admitted to {instance:?} without room on the host"));
        let definition = &self.definitions.task_definitions[definition];
        for port in &definition.ports {
            assert!(host.host_ports.insert(*port), "{task:?}: host port {port} of {instance:?} is in use");
        }
        host.dynamic_ports_used += definition.containers.iter().map(|container| container.dynamic_ports).sum::<u32>();
        host.ebs_used += u16::from(definition.ebs_volume);
    }

    fn images_pulled(&mut self, now: SimTime, task: TaskId) {
        let row = self.task(task);
        let (instance, definition) = (row.instance, row.definition);
        for container in &self.definitions.task_definitions[definition].containers {
            self.instances[instance].images.insert(container.image, now);
        }
    }

    /// The desired status became STOPPED: CPU, memory, ports and GPUs come free in ECS's books (RES-014), the network
    /// interface does not (RES-016).
    fn stop_requested(&mut self, now: SimTime, task: TaskId, reason: StopReason) {
        let row = self.tasks.get_mut(task).unwrap_or_else(|| panic!("{task:?} does not exist"));
        assert_eq!(row.desired, DesiredStatus::Running, "{task:?} was asked to stop already");
        let was_running = row.is_running();
        row.desired = DesiredStatus::Stopped;
        row.stop_reason = Some(reason);
        row.stopping_at = Some(now);
        let (origin, instance, group, reserved) = (row.origin, row.instance, row.group, row.reserved);
        if was_running {
            self.count_running(origin, instance, reserved, false);
        } else {
            self.totals.pending_tasks -= 1;
        }
        self.totals.stopping_tasks += 1;
        let host = &mut self.instances[instance];
        host.count_group(group, false);
        host.live_tasks -= 1;
        if let TaskOrigin::Service { service, .. } = origin {
            let row = &mut self.services[service];
            row.live -= 1;
            row.scheduler_stops += u64::from(reason.by_service());
            row.crashes += u64::from(was_running && reason == StopReason::EssentialContainerExited);
        }
        if self.definitions.release_at_desired_stopped {
            self.release_books(task);
        }
    }

    fn release_books(&mut self, task: TaskId) {
        let row = self.task(task);
        let (instance, reserved, definition, devices) = (row.instance, row.reserved, row.definition, row.gpu_devices);
        let host = &mut self.instances[instance];
        let released = reserved.without_enis();
        host.remaining = host.remaining.checked_add(released).expect("no more than was registered");
        host.free_gpu_devices |= devices;
        for port in &self.definitions.task_definitions[definition].ports {
            assert!(host.ports.remove(*port), "{task:?}: port {port} was not in use");
        }
        if host.status.is_registered() {
            self.totals.reserved.sub(released);
        }
    }

    fn execution_stopped(&mut self, task: TaskId) {
        let row = self.tasks.get_mut(task).expect("an existing task");
        assert!(!row.execution_stopped, "{task:?}: execution stopped already");
        row.execution_stopped = true;
        if !row.admitted {
            return;
        }
        let (instance, reserved, definition) = (row.instance, row.reserved, row.definition);
        let host = &mut self.instances[instance];
        host.host_free = host.host_free.checked_add(reserved.without_enis()).expect("no more than was registered");
        let definition = &self.definitions.task_definitions[definition];
        for port in &definition.ports {
            assert!(host.host_ports.remove(*port), "{task:?}: host port {port} was not in use");
        }
        host.dynamic_ports_used -= definition.containers.iter().map(|container| container.dynamic_ports).sum::<u32>();
        host.ebs_used -= u16::from(definition.ebs_volume);
    }

    fn task_stopped(&mut self, task: TaskId) {
        let row = self.task(task);
        assert_eq!(row.desired, DesiredStatus::Stopped, "{task:?} reached STOPPED while it was wanted");
        assert!(row.execution_stopped, "{task:?} reached STOPPED before its containers exited");
        if !self.definitions.release_at_desired_stopped {
            self.release_books(task);
        }
        let row = self.tasks.remove(task).expect("an existing task");
        let host = &mut self.instances[row.instance];
        let enis = row.reserved.only_enis();
        host.remaining = host.remaining.checked_add(enis).expect("no more than was registered");
        let at = host.tasks.iter().position(|other| *other == task).expect("the task is listed");
        host.tasks.remove(at);
        if host.status.is_registered() {
            self.totals.reserved.sub(enis);
            self.totals.used_instances -= u32::from(host.tasks.is_empty());
        }
        if let Some(subnet) = row.subnet {
            self.free_addresses[subnet] += 1;
        }
        if let Some(service) = row.service() {
            remove_sorted(&mut self.services[service].tasks, &task);
        }
        self.totals.stopping_tasks -= 1;
    }
}

/// What the running tasks of one instance reserve.
fn running_on(tasks: &TaskTable, instance: &Instance) -> Resources {
    instance
        .tasks
        .iter()
        .filter_map(|task| tasks.get(*task))
        .filter(|task| task.is_running())
        .fold(Resources::ZERO, |sum, task| sum.checked_add(task.reserved).expect("no more than was registered"))
}

fn count(counter: &mut u32, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *counter += 1,
        (true, false) => *counter -= 1,
        _ => {}
    }
}
