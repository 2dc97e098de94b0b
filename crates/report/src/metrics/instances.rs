//! Container instances: how many are in which state and zone, and what each of them has left.

use std::borrow::Cow;

use ecsim_cluster::cluster::Sum;
use ecsim_cluster::{
    Cluster, Definitions, Instance, InstanceId, InstanceStatus, Market, Protocol, ProviderId, Resources, TaskStatus,
    ZoneId,
};
use ecsim_kernel::Table;

use super::slab::Slab;
use super::{Inputs, Metric, Read, Reading, Unit, Value};

/// Every instance's share in its zone and its capacity provider, and the sums by those.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Of instances that ECS knows; those that are gone leave four bytes.
    shares: Slab<InstanceId, Share>,
    zones: Table<ZoneId, Sums>,
    providers: Table<ProviderId, Sums>,
}

/// What one instance contributes.
#[derive(Clone, Copy, Debug)]
struct Share {
    zone: ZoneId,
    provider: Option<ProviderId>,
    spot: bool,
    status: InstanceStatus,
    connected: bool,
    used: bool,
    used_by_provider: bool,
    live_tasks: u32,
    registered: Resources,
    reserved: Resources,
    running_tasks: u32,
    running: Resources,
}

impl Share {
    const fn new(zone: ZoneId) -> Self {
        Self {
            zone,
            provider: None,
            spot: false,
            status: InstanceStatus::Absent,
            connected: false,
            used: false,
            used_by_provider: false,
            live_tasks: 0,
            registered: Resources::ZERO,
            reserved: Resources::ZERO,
            running_tasks: 0,
            running: Resources::ZERO,
        }
    }

    /// Takes over what the books say.
    fn look_at(&mut self, row: &Instance) {
        self.provider = row.provider;
        self.spot = row.market == Market::Spot;
        self.status = row.status;
        self.connected = row.connected;
        self.used = !row.tasks.is_empty();
        self.used_by_provider = row.provider_tasks > 0;
        self.live_tasks = row.live_tasks;
        self.registered = row.registered;
        self.reserved = row.reserved();
    }

    /// Whether nothing but tasks coming and going lies between the two.
    fn differs_in_tasks_only(&self, other: &Self) -> bool {
        (self.status, self.connected, self.provider) == (other.status, other.connected, other.provider)
    }
}

/// Sums over the instances of one zone or one capacity provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Instances that are ACTIVE.
    pub active: u32,
    /// Instances that are DRAINING.
    pub draining: u32,
    /// Instances that are REGISTERING.
    pub registering: u32,
    /// ACTIVE or DRAINING instances whose agent is not connected.
    pub disconnected: u32,
    /// ACTIVE or DRAINING instances that are Spot.
    pub spot: u32,
    /// ACTIVE or DRAINING instances that hold a task.
    pub used: u32,
    /// Of those, instances that hold a task of a capacity provider, daemons not counted (CAS-005).
    pub used_by_provider: u32,
    /// Live tasks.
    pub live_tasks: u32,
    /// Live tasks that are RUNNING.
    pub running_tasks: u32,
    /// What ACTIVE and DRAINING instances registered.
    pub registered: Sum,
    /// What is reserved on them.
    pub reserved: Sum,
    /// What live RUNNING tasks reserve on them.
    pub reserved_by_running: Sum,
}

impl Sums {
    fn count(&mut self, share: &Share, up: bool) {
        step(&mut self.active, u32::from(share.status == InstanceStatus::Active), up);
        step(&mut self.draining, u32::from(share.status == InstanceStatus::Draining), up);
        step(&mut self.registering, u32::from(share.status == InstanceStatus::Registering), up);
        step(&mut self.live_tasks, share.live_tasks, up);
        step(&mut self.running_tasks, share.running_tasks, up);
        if share.status.is_registered() {
            step(&mut self.disconnected, u32::from(!share.connected), up);
            step(&mut self.spot, u32::from(share.spot), up);
            step(&mut self.used, u32::from(share.used), up);
            step(&mut self.used_by_provider, u32::from(share.used_by_provider), up);
            for (sum, amount) in [
                (&mut self.registered, share.registered),
                (&mut self.reserved, share.reserved),
                (&mut self.reserved_by_running, share.running),
            ] {
                if up {
                    sum.add(amount);
                } else {
                    sum.sub(amount);
                }
            }
        }
    }

    /// The same instance, tasks of which came or went.
    fn shift(&mut self, old: &Share, new: &Share) {
        self.live_tasks = self.live_tasks + new.live_tasks - old.live_tasks;
        self.running_tasks = self.running_tasks + new.running_tasks - old.running_tasks;
        if new.status.is_registered() {
            self.used = self.used + u32::from(new.used) - u32::from(old.used);
            self.used_by_provider =
                self.used_by_provider + u32::from(new.used_by_provider) - u32::from(old.used_by_provider);
            self.reserved.add(new.reserved);
            self.reserved.sub(old.reserved);
            if new.running != old.running {
                self.reserved_by_running.add(new.running);
                self.reserved_by_running.sub(old.running);
            }
        }
    }

    /// ACTIVE or DRAINING instances.
    #[must_use]
    pub const fn in_cluster(&self) -> u32 {
        self.active + self.draining
    }
}

fn step(counter: &mut u32, by: u32, up: bool) {
    *counter = if up { *counter + by } else { counter.saturating_sub(by) };
}

impl Counts {
    pub(crate) fn new(definitions: &Definitions) -> Self {
        Self {
            shares: Slab::default(),
            zones: definitions.zones.iter().map(|_| Sums::default()).collect(),
            providers: definitions.capacity_providers.iter().map(|_| Sums::default()).collect(),
        }
    }

    /// Sums over the instances of a zone, and over the Fargate tasks that run there.
    #[must_use]
    pub fn zone(&self, zone: ZoneId) -> &Sums {
        &self.zones[zone]
    }

    /// Sums over the instances of a capacity provider.
    #[must_use]
    pub fn provider(&self, provider: ProviderId) -> &Sums {
        &self.providers[provider]
    }

    /// One number summed over all zones.
    #[must_use]
    pub fn sum(&self, of: impl Fn(&Sums) -> u32) -> u64 {
        self.zones.values().map(|zone| u64::from(of(zone))).sum()
    }

    /// How many instances are remembered.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.shares.values().count()
    }

    /// What remains on each instance that can receive tasks (PLC-004).
    pub fn free_to_receive(&self) -> impl Iterator<Item = Resources> {
        self.shares
            .values()
            .filter(|share| share.status == InstanceStatus::Active && share.connected)
            .map(|share| share.registered.saturating_sub(share.reserved))
    }

    /// What live RUNNING tasks reserve on an instance.
    #[must_use]
    pub fn reserved_by_running(&self, instance: InstanceId) -> Resources {
        self.shares.get(instance).map_or(Resources::ZERO, |share| share.running)
    }

    /// A Fargate task became live in a zone, or ceased to be.
    pub(crate) fn fargate_live(&mut self, zone: ZoneId, up: bool) {
        step(&mut self.zones[zone].live_tasks, 1, up);
    }

    /// A Fargate task began or ceased to count as RUNNING.
    pub(crate) fn fargate_running(&mut self, zone: ZoneId, up: bool) {
        step(&mut self.zones[zone].running_tasks, 1, up);
    }

    /// Looks at an instance anew.
    pub(crate) fn refresh(&mut self, instance: InstanceId, cluster: &Cluster) {
        self.change(instance, cluster, |_| {});
    }

    /// Looks at an instance anew, one of whose tasks began or ceased to count as RUNNING.
    pub(crate) fn running(&mut self, instance: InstanceId, reserved: Resources, up: bool, cluster: &Cluster) {
        self.change(instance, cluster, |share| {
            if up {
                share.running_tasks += 1;
                share.running = share.running.checked_add(reserved).unwrap_or(share.running);
            } else {
                share.running_tasks = share.running_tasks.saturating_sub(1);
                share.running = share.running.saturating_sub(reserved);
            }
        });
    }

    fn change(&mut self, instance: InstanceId, cluster: &Cluster, more: impl FnOnce(&mut Share)) {
        let row = &cluster.instances()[instance];
        let known = self.shares.get_mut(instance);
        let old = known.as_deref().copied().unwrap_or(Share::new(row.zone));
        let mut new = old;
        new.look_at(row);
        more(&mut new);
        let gone = is_gone(row);
        match known {
            Some(share) => *share = new,
            None if gone => return,
            None => self.shares.insert(instance, new),
        }
        if new.differs_in_tasks_only(&old) && !gone {
            // By far the most changes are those of tasks; they need not recount the rest.
            self.zones[new.zone].shift(&old, &new);
            if let Some(provider) = new.provider {
                self.providers[provider].shift(&old, &new);
            }
            return;
        }
        self.count(&old, false);
        if gone {
            self.shares.remove(instance);
        } else {
            self.count(&new, true);
        }
    }

    fn count(&mut self, share: &Share, up: bool) {
        self.zones[share.zone].count(share, up);
        if let Some(provider) = share.provider {
            self.providers[provider].count(share, up);
        }
    }
}

/// Whether ECS will never again say anything of it: it has left, and so have its tasks.
pub(crate) fn is_gone(row: &Instance) -> bool {
    let left = match row.status {
        InstanceStatus::Inactive => true,
        InstanceStatus::Absent => row.terminated_at.is_some(),
        _ => false,
    };
    left && row.tasks.is_empty()
}

const STATES: &[&str] =
    &["ABSENT", "REGISTERING", "REGISTRATION_FAILED", "ACTIVE", "DRAINING", "DEREGISTERING", "INACTIVE"];
const CHANGES: Inputs = Inputs::INSTANCES.and(Inputs::TASKS);

const fn cluster(name: &'static str, help: &'static str, read: fn(&Reading<'_>) -> Value) -> Metric {
    Metric::new(name, Unit::Count, CHANGES, help, Read::Cluster(read))
}

const fn zone(name: &'static str, unit: Unit, help: &'static str, read: fn(&Reading<'_>, ZoneId) -> Value) -> Metric {
    Metric::new(name, unit, CHANGES, help, Read::Zone(read))
}

const fn instance(
    name: &'static str,
    unit: Unit,
    help: &'static str,
    read: fn(&Reading<'_>, InstanceId) -> Value,
) -> Metric {
    Metric::new(name, unit, CHANGES, help, Read::Instance(read)).no_column()
}

/// What `remainingResources` shows: nothing before registration and after deregistration.
fn remaining(at: &Reading<'_>, id: InstanceId, of: fn(Resources) -> u32) -> Value {
    let row = &at.cluster.instances()[id];
    if known(row.status) { of(row.remaining).into() } else { Value::Missing }
}

fn registered(at: &Reading<'_>, id: InstanceId, of: fn(Resources) -> u32) -> Value {
    let row = &at.cluster.instances()[id];
    if known(row.status) { of(row.registered).into() } else { Value::Missing }
}

fn reservation(at: &Reading<'_>, id: InstanceId, of: fn(Resources) -> u32) -> Value {
    let row = &at.cluster.instances()[id];
    if !row.status.is_registered() {
        return Value::Missing;
    }
    Value::percent(u64::from(of(at.tally.instances.reserved_by_running(id))), u64::from(of(row.registered)))
}

const fn known(status: InstanceStatus) -> bool {
    !matches!(status, InstanceStatus::Absent | InstanceStatus::Inactive)
}

fn ports(at: &Reading<'_>, id: InstanceId, protocol: Protocol) -> Value {
    let row = &at.cluster.instances()[id];
    let ports: Vec<String> = row.ports.of(protocol).map(|port| port.to_string()).collect();
    Value::Text(Cow::Owned(ports.join(", ")))
}

/// Of the cluster.
pub const CLUSTER: &[Metric] = &[
    cluster("ContainerInstanceCount", "Container instances that are ACTIVE or DRAINING.", |at| {
        at.cluster.totals().registered_instances.into()
    })
    .aliases(&["registeredContainerInstancesCount"]),
    cluster("activeInstances", "Container instances that are ACTIVE.", |at| {
        at.tally.instances.sum(|zone| zone.active).into()
    }),
    cluster("drainingInstances", "Container instances that are DRAINING.", |at| {
        at.tally.instances.sum(|zone| zone.draining).into()
    }),
    cluster("registeringInstances", "Container instances that are REGISTERING.", |at| {
        at.tally.instances.sum(|zone| zone.registering).into()
    }),
    cluster("disconnectedInstances", "ACTIVE or DRAINING container instances whose agent is not connected.", |at| {
        at.tally.instances.sum(|zone| zone.disconnected).into()
    }),
    cluster("usedInstances", "ACTIVE or DRAINING container instances that hold at least one task.", |at| {
        at.cluster.totals().used_instances.into()
    }),
    cluster("emptyInstances", "ACTIVE or DRAINING container instances that hold no task.", |at| {
        let totals = at.cluster.totals();
        (totals.registered_instances - totals.used_instances).into()
    }),
];

/// Of a zone.
pub const ZONES: &[Metric] = &[
    zone("CPUReservation", Unit::Percent, "CPU reserved by RUNNING tasks over registered CPU (CW-020).", |at, id| {
        let zone = at.tally.instances.zone(id);
        Value::percent(zone.reserved_by_running.cpu, zone.registered.cpu)
    }),
    zone("MemoryReservation", Unit::Percent, "Memory reserved by RUNNING tasks over registered memory.", |at, id| {
        let zone = at.tally.instances.zone(id);
        Value::percent(zone.reserved_by_running.memory, zone.registered.memory)
    }),
    zone("GPUReservation", Unit::Percent, "GPUs reserved by RUNNING tasks over registered GPUs.", |at, id| {
        let zone = at.tally.instances.zone(id);
        Value::percent(zone.reserved_by_running.gpus, zone.registered.gpus)
    }),
    zone("RunningTaskCount", Unit::Count, "Tasks that are RUNNING and wanted.", |at, id| {
        at.tally.instances.zone(id).running_tasks.into()
    })
    .aliases(&["runningTasksCount", "runningCount"]),
    zone("PendingTaskCount", Unit::Count, "Tasks that are placed and wanted but not RUNNING yet.", |at, id| {
        let zone = at.tally.instances.zone(id);
        zone.live_tasks.saturating_sub(zone.running_tasks).into()
    })
    .aliases(&["pendingTasksCount", "pendingCount"]),
    zone("liveTasks", Unit::Count, "Tasks that are placed and wanted.", |at, id| {
        at.tally.instances.zone(id).live_tasks.into()
    }),
    zone("ContainerInstanceCount", Unit::Count, "Container instances that are ACTIVE or DRAINING.", |at, id| {
        let zone = at.tally.instances.zone(id);
        (zone.active + zone.draining).into()
    }),
    zone("activeInstances", Unit::Count, "Container instances that are ACTIVE.", |at, id| {
        at.tally.instances.zone(id).active.into()
    }),
    zone("drainingInstances", Unit::Count, "Container instances that are DRAINING.", |at, id| {
        at.tally.instances.zone(id).draining.into()
    }),
    zone(
        "disconnectedInstances",
        Unit::Count,
        "ACTIVE or DRAINING container instances whose agent is not connected.",
        |at, id| at.tally.instances.zone(id).disconnected.into(),
    ),
    zone(
        "usedInstances",
        Unit::Count,
        "ACTIVE or DRAINING container instances that hold at least one task.",
        |at, id| at.tally.instances.zone(id).used.into(),
    ),
    zone("emptyInstances", Unit::Count, "ACTIVE or DRAINING container instances that hold no task.", |at, id| {
        let zone = at.tally.instances.zone(id);
        (zone.active + zone.draining).saturating_sub(zone.used).into()
    }),
];

/// Of a container instance. They are names for `expect:`; a table of every instance in every period would be too much.
pub const INSTANCES: &[Metric] = &[
    instance("status", Unit::Text(STATES), "Its state (INS-001); ABSENT before it registers.", |at, id| {
        Value::word(at.cluster.instances()[id].status.name())
    }),
    instance("agentConnected", Unit::Flag, "Whether its agent is connected.", |at, id| {
        Value::Flag(at.cluster.instances()[id].connected)
    }),
    instance(
        "runningTasksCount",
        Unit::Count,
        "Tasks on it with desired status RUNNING, as DescribeContainerInstances counts them (CQL-012).",
        |at, id| at.cluster.instances()[id].live_tasks.into(),
    )
    .aliases(&["runningCount", "liveTasks", "RunningTaskCount", "runningTaskCount"]),
    instance("pendingTasksCount", Unit::Count, "Tasks on it with last status PENDING.", |at, id| {
        let tasks = &at.cluster.instances()[id].tasks;
        tasks
            .iter()
            .filter_map(|task| at.cluster.tasks().get(*task))
            .filter(|task| task.is_live() && task.last == TaskStatus::Pending)
            .count()
            .into()
    })
    .aliases(&["pendingCount"]),
    instance("tasks", Unit::Count, "Tasks on it that have not reached STOPPED.", |at, id| {
        at.cluster.instances()[id].tasks.len().into()
    }),
    instance(
        "CPUReservation",
        Unit::Percent,
        "CPU that its RUNNING tasks reserve over its registered CPU.",
        |at, id| reservation(at, id, |of| of.cpu),
    ),
    instance(
        "MemoryReservation",
        Unit::Percent,
        "Memory that its RUNNING tasks reserve over its registered memory.",
        |at, id| reservation(at, id, |of| of.memory),
    ),
    instance(
        "GPUReservation",
        Unit::Percent,
        "GPUs that its RUNNING tasks reserve over its registered GPUs.",
        |at, id| reservation(at, id, |of| u32::from(of.gpus)),
    ),
    instance("remaining.cpu", Unit::CpuUnits, "CPU that remains in ECS's books (RES-012).", |at, id| {
        remaining(at, id, |of| of.cpu)
    })
    .aliases(&["remainingResources.CPU", "remaining.CPU", "remainingResources.cpu"]),
    instance("remaining.memory", Unit::MiB, "Memory that remains in ECS's books (RES-012).", |at, id| {
        remaining(at, id, |of| of.memory)
    })
    .aliases(&["remainingResources.MEMORY", "remaining.MEMORY", "remainingResources.memory"]),
    instance("remaining.gpus", Unit::Count, "GPUs that remain in ECS's books (RES-030).", |at, id| {
        let row = &at.cluster.instances()[id];
        if known(row.status) { Value::gpus(at.cluster, row.remaining.gpus.into()) } else { Value::Missing }
    })
    .aliases(&["remainingResources.GPU", "remaining.GPU", "remaining.gpu"]),
    instance("remaining.enis", Unit::Count, "Task network interfaces that remain (RES-040).", |at, id| {
        remaining(at, id, |of| u32::from(of.enis))
    })
    .aliases(&["remainingResources.ENI", "remaining.ENI", "remaining.eni"]),
    instance(
        "remaining.ports",
        Unit::Text(&[]),
        "TCP host ports in use, ascending, as remainingResources lists them under PORTS (RES-012).",
        |at, id| ports(at, id, Protocol::Tcp),
    )
    .aliases(&["remainingResources.PORTS", "remaining.PORTS", "ports"]),
    instance(
        "remaining.portsUdp",
        Unit::Text(&[]),
        "UDP host ports in use, ascending, as remainingResources lists them under PORTS_UDP (RES-012).",
        |at, id| ports(at, id, Protocol::Udp),
    )
    .aliases(&["remainingResources.PORTS_UDP", "remaining.PORTS_UDP", "portsUdp"]),
    instance("remaining.portCount", Unit::Count, "Host ports in use, TCP and UDP together (RES-024).", |at, id| {
        at.cluster.instances()[id].ports.len().into()
    })
    .aliases(&["portCount"]),
    instance("registered.cpu", Unit::CpuUnits, "CPU units it registered (RES-001).", |at, id| {
        registered(at, id, |of| of.cpu)
    })
    .aliases(&["registeredResources.CPU", "registered.CPU", "registeredResources.cpu"]),
    instance("registered.memory", Unit::MiB, "Memory it registered (RES-002).", |at, id| {
        registered(at, id, |of| of.memory)
    })
    .aliases(&["registeredResources.MEMORY", "registered.MEMORY", "registeredResources.memory"]),
    instance("registered.gpus", Unit::Count, "GPUs it registered (RES-030).", |at, id| {
        let row = &at.cluster.instances()[id];
        if known(row.status) { Value::gpus(at.cluster, row.registered.gpus.into()) } else { Value::Missing }
    })
    .aliases(&["registeredResources.GPU", "registered.GPU", "registered.gpu"]),
    instance("registered.enis", Unit::Count, "Task network interfaces it can take (RES-040).", |at, id| {
        registered(at, id, |of| u32::from(of.enis))
    })
    .aliases(&["registeredResources.ENI", "registered.ENI", "registered.eni"]),
];
