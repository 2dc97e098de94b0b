//! What the tables of Auto Scaling groups and capacity providers hold: capacity as ECS users live with it.
//!
//! Rows know sums over their instances that a control loop asks for every minute (how many count towards the desired
//! capacity, how many are used), kept up to date fact by fact, so that a loop costs the same whatever the group holds.

use std::collections::BTreeSet;

use ecsim_kernel::SimTime;

use crate::definitions::{CapacityProviderDefinition, GroupDefinition, ManagedScaling};
use crate::ids::{AsgId, InstanceId, ProviderId, TaskId, ZoneId};
use crate::instances::Instance;
use crate::lifecycle::{InstanceLifecycle, Market, ProviderStatus};

/// Processes of an Auto Scaling group that can be suspended (ASG-042), as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Processes(u16);

/// One process of an Auto Scaling group (ASG-042).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Process {
    /// Adds instances.
    Launch,
    /// Removes instances.
    Terminate,
    /// Adds instances to load balancers.
    AddToLoadBalancer,
    /// Acts on alarms; without it cluster auto scaling does nothing.
    AlarmNotification,
    /// Evens out the zones.
    AzRebalance,
    /// Checks health.
    HealthCheck,
    /// Replaces instances of an outdated template.
    InstanceRefresh,
    /// Replaces unhealthy instances.
    ReplaceUnhealthy,
    /// Carries out scheduled actions.
    ScheduledActions,
}

impl Process {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Launch,
        Self::Terminate,
        Self::AddToLoadBalancer,
        Self::AlarmNotification,
        Self::AzRebalance,
        Self::HealthCheck,
        Self::InstanceRefresh,
        Self::ReplaceUnhealthy,
        Self::ScheduledActions,
    ];

    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Launch => "Launch",
            Self::Terminate => "Terminate",
            Self::AddToLoadBalancer => "AddToLoadBalancer",
            Self::AlarmNotification => "AlarmNotification",
            Self::AzRebalance => "AZRebalance",
            Self::HealthCheck => "HealthCheck",
            Self::InstanceRefresh => "InstanceRefresh",
            Self::ReplaceUnhealthy => "ReplaceUnhealthy",
            Self::ScheduledActions => "ScheduledActions",
        }
    }
}

impl Processes {
    /// All processes.
    pub const ALL: Self = Self((1 << Process::ALL.len()) - 1);
    /// None.
    pub const NONE: Self = Self(0);

    /// Whether the set has the process.
    #[must_use]
    pub const fn has(self, process: Process) -> bool {
        self.0 >> process as u16 & 1 == 1
    }

    /// The set with the process.
    #[must_use]
    pub const fn with(self, process: Process) -> Self {
        Self(self.0 | 1 << process as u16)
    }

    /// What is in one of the two.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Its members.
    pub fn iter(self) -> impl Iterator<Item = Process> {
        Process::ALL.into_iter().filter(move |process| self.has(*process))
    }
}

impl FromIterator<Process> for Processes {
    fn from_iter<T: IntoIterator<Item = Process>>(processes: T) -> Self {
        processes.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Sums over the instances of a group or a Managed Instances provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetCounts {
    /// Count towards the desired capacity: `Pending*` and `InService`. It is N of cluster auto scaling (CAS-004).
    pub capacity: u32,
    /// Of those, `InService`.
    pub in_service: u32,
    /// Of the capacity, registered with ECS and ACTIVE or DRAINING.
    pub registered: u32,
    /// Of those, `InService`: N with `cas_n = registered` (CAS-004).
    pub registered_in_service: u32,
    /// Of the capacity, those with at least one non-daemon task of a capacity provider: M without waiting tasks (CAS-005).
    pub used: u32,
    /// Of the capacity, bought on demand.
    pub on_demand: u32,
    /// Of the capacity, Spot.
    pub spot: u32,
    /// Of the capacity, those `InService` that are not protected from scale-in.
    pub unprotected: u32,
    /// Of the capacity, Spot instances `InService` with an interruption notice, or with a rebalance recommendation and not
    /// protected (SPT-010).
    pub at_risk: u32,
    /// Of the capacity and the warm pool, those that the group knows to be unhealthy (ASG-006).
    pub unhealthy: u32,
    /// On the way out.
    pub terminating: u32,
    /// `Standby`.
    pub standby: u32,
    /// In the warm pool or on the way there.
    pub warm: u32,
    /// CPU units that those `InService` registered.
    pub in_service_cpu: u64,
    /// Of them, what running tasks reserve.
    pub running_cpu: u64,
}

impl FleetCounts {
    /// Counts one instance in (`up`) or out.
    pub(crate) fn count(&mut self, instance: &Instance, up: bool) {
        let mut add = |slot: fn(&mut Self) -> &mut u32, is: bool| {
            if is {
                let slot = slot(self);
                *slot = if up { *slot + 1 } else { *slot - 1 };
            }
        };
        // A Managed Instances provider has no life cycle: its instances count until they are terminated.
        let capacity = instance.is_capacity();
        add(|it| &mut it.capacity, capacity);
        add(|it| &mut it.in_service, capacity && !instance.lifecycle.is_pending());
        add(|it| &mut it.registered, capacity && instance.status.is_registered());
        add(
            |it| &mut it.registered_in_service,
            capacity && !instance.lifecycle.is_pending() && instance.status.is_registered(),
        );
        add(|it| &mut it.used, capacity && instance.provider_tasks > 0);
        add(|it| &mut it.on_demand, capacity && instance.market == Market::OnDemand);
        add(|it| &mut it.spot, capacity && instance.market == Market::Spot);
        add(
            |it| &mut it.unprotected,
            capacity && !instance.lifecycle.is_pending() && !instance.protected_from_scale_in,
        );
        add(
            |it| &mut it.at_risk,
            capacity
                && !instance.lifecycle.is_pending()
                && (instance.reclaimed_at.is_some()
                    || instance.rebalance_recommended && !instance.protected_from_scale_in),
        );
        add(|it| &mut it.unhealthy, (capacity || instance.lifecycle.is_warm()) && !instance.healthy);
        add(|it| &mut it.terminating, instance.lifecycle.is_terminating());
        add(|it| &mut it.standby, instance.lifecycle == InstanceLifecycle::Standby);
        add(|it| &mut it.warm, instance.lifecycle.is_warm());
        if capacity && !instance.lifecycle.is_pending() {
            let (registered, running) = (u64::from(instance.registered.cpu), u64::from(instance.running_cpu));
            if up {
                self.in_service_cpu += registered;
                self.running_cpu += running;
            } else {
                self.in_service_cpu -= registered;
                self.running_cpu -= running;
            }
        }
    }
}

/// An EC2 Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoScalingGroup {
    /// Its id.
    pub id: AsgId,
    /// `MinSize`.
    pub min_size: u32,
    /// `MaxSize`.
    pub max_size: u32,
    /// `DesiredCapacity`.
    pub desired: u32,
    /// Its instances, warm ones and those on the way out included, ascending: the newest last.
    pub instances: Vec<InstanceId>,
    /// How many it ever launched: the ordinal of the next one.
    pub launched: u32,
    /// Instances that count towards the desired capacity, by zone; parallel to the group's zones.
    pub by_zone: Vec<(ZoneId, u32)>,
    /// Sums over its instances.
    pub counts: FleetCounts,
    /// Suspended processes (ASG-042).
    pub suspended: Processes,
    /// `NewInstancesProtectedFromScaleIn`: for instances to come only (ASG-013).
    pub protects_new_instances: bool,
    /// The version of its template: instances of an older one are outdated (ASG-031, ASG-043).
    pub template: u32,
    /// How many launches failed in a row (ASG-005).
    pub failed_launches: u32,
    /// When the desired capacity was last raised (CAS-025); `None`: never.
    pub raised_at: Option<SimTime>,
    /// When the latest launch or termination ended (ASG-024); `None`: none yet.
    pub activity_ended_at: Option<SimTime>,
    /// How often something happened after which zones are evened out: a zone or pool came back, an instance was taken
    /// away by hand (ASG-008).
    pub rebalance_triggers: u64,
    /// The instance refresh in progress (ASG-043), by its number in the group.
    pub refresh: Option<u32>,
    /// Which of its configurations holds; 0 is the one at the start.
    pub configuration: u32,
}

impl AutoScalingGroup {
    /// A group of the scenario at the start.
    #[must_use]
    pub fn planned(id: AsgId, definition: &GroupDefinition) -> Self {
        Self {
            id,
            min_size: definition.min_size,
            max_size: definition.max_size,
            desired: definition.desired_capacity,
            instances: Vec::new(),
            launched: 0,
            by_zone: definition.zones.iter().map(|zone| (*zone, 0)).collect(),
            counts: FleetCounts::default(),
            suspended: definition.suspended,
            protects_new_instances: definition.protects_new_instances,
            template: 1,
            failed_launches: 0,
            raised_at: None,
            activity_ended_at: None,
            rebalance_triggers: 0,
            refresh: None,
            configuration: 0,
        }
    }

    /// A size within `MinSize` and `MaxSize` (ASG-001).
    #[must_use]
    pub fn clamp(&self, size: u32) -> u32 {
        size.min(self.max_size).max(self.min_size)
    }
}

/// A capacity provider of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityProvider {
    /// Its id.
    pub id: ProviderId,
    /// Its status (CP-001).
    pub status: ProviderStatus,
    /// Managed scaling; `None`: DISABLED (CP-017).
    pub managed_scaling: Option<ManagedScaling>,
    /// `managedTerminationProtection` (CAS-029).
    pub termination_protection: bool,
    /// `managedDraining` (DRN-020).
    pub managed_draining: bool,
    /// Tasks in PROVISIONING that wait for an instance of this provider, oldest first (CAS-008).
    pub waiting: BTreeSet<TaskId>,
    /// Its tasks that have not reached STOPPED.
    pub tasks: u32,
    /// Instances of a Managed Instances provider, ascending; empty for other kinds.
    pub instances: Vec<InstanceId>,
    /// How many a Managed Instances provider ever launched.
    pub launched: u32,
    /// Sums over the instances of a Managed Instances provider.
    pub counts: FleetCounts,
    /// Which of its configurations holds; 0 is the one at the start.
    pub configuration: u32,
}

impl CapacityProvider {
    /// A provider of the scenario at the start.
    #[must_use]
    pub fn planned(id: ProviderId, definition: &CapacityProviderDefinition) -> Self {
        Self {
            id,
            status: ProviderStatus::Absent,
            managed_scaling: definition.managed_scaling,
            termination_protection: definition.termination_protection,
            managed_draining: definition.managed_draining,
            waiting: BTreeSet::new(),
            tasks: 0,
            instances: Vec::new(),
            launched: 0,
            counts: FleetCounts::default(),
            configuration: 0,
        }
    }
}
