//! Capacity that comes and goes: launches, interruptions, scaling decisions, Fargate, and what they cost running tasks.

use ecsim_cluster::definitions::{Definitions, LaunchOwner};
use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::scaling::{Decision, Reservation};
use ecsim_cluster::{AsgId, Cluster, Fact, InstanceId, InstanceLifecycle, ProviderId};
use ecsim_kernel::Table;

use super::{Inputs, Metric, Read, Reading, Unit, Value};

/// What happened to capacity since the start.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// To all of it.
    pub all: Activity,
    groups: Table<AsgId, Activity>,
    providers: Table<ProviderId, Activity>,
    samples: Table<ProviderId, Option<Reservation>>,
    /// Tasks that services could not create: too many wait in PROVISIONING, or Fargate has no quota or capacity.
    pub held_back: u64,
}

/// What happened to the instances of a group, of a capacity provider, or of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Instances that EC2 launched.
    pub launches: u64,
    /// Launches that failed (ASG-005).
    pub launch_failures: u64,
    /// Instances that were terminated, whatever the reason.
    pub terminations: u64,
    /// Spot interruption warnings (SPT-002).
    pub noticed: u64,
    /// Spot instances that EC2 took back.
    pub reclaimed: u64,
    /// Rebalance recommendations (SPT-003).
    pub rebalance_recommended: u64,
    /// Decisions that raised the desired capacity.
    pub scale_outs: u64,
    /// Decisions that lowered it.
    pub scale_ins: u64,
}

impl Counts {
    pub(crate) fn new(definitions: &Definitions) -> Self {
        Self {
            all: Activity::default(),
            groups: definitions.auto_scaling_groups.iter().map(|_| Activity::default()).collect(),
            providers: definitions.capacity_providers.iter().map(|_| Activity::default()).collect(),
            samples: definitions.capacity_providers.iter().map(|_| None).collect(),
            held_back: 0,
        }
    }

    /// What happened to the instances of a group.
    #[must_use]
    pub fn group(&self, group: AsgId) -> &Activity {
        &self.groups[group]
    }

    /// What happened to the instances of a capacity provider.
    #[must_use]
    pub fn provider(&self, provider: ProviderId) -> &Activity {
        &self.providers[provider]
    }

    /// The latest sample of `CapacityProviderReservation`.
    #[must_use]
    pub fn sample(&self, provider: ProviderId) -> Option<&Reservation> {
        self.samples[provider].as_ref()
    }

    fn each(&mut self, group: Option<AsgId>, provider: Option<ProviderId>, change: impl Fn(&mut Activity)) {
        change(&mut self.all);
        if let Some(group) = group {
            change(&mut self.groups[group]);
        }
        if let Some(provider) = provider {
            change(&mut self.providers[provider]);
        }
    }

    fn of_instance(&mut self, instance: InstanceId, cluster: &Cluster, change: impl Fn(&mut Activity)) {
        let row = &cluster.instances()[instance];
        self.each(row.group, row.provider, change);
    }

    pub(crate) fn observe(&mut self, fact: &Fact, cluster: &Cluster) {
        match *fact {
            Fact::InstanceLaunched { instance, .. } => self.of_instance(instance, cluster, |it| it.launches += 1),
            Fact::LaunchFailed { owner, .. } => {
                let (group, provider) = match owner {
                    LaunchOwner::Group(group) => (Some(group), cluster.provider_of(group).map(|row| row.id)),
                    LaunchOwner::Provider(provider) => (None, Some(provider)),
                };
                self.each(group, provider, |it| it.launch_failures += 1);
            }
            Fact::InstanceTerminated { instance, reason } => {
                let reclaimed = u64::from(reason == TerminationReason::SpotInterruption);
                self.of_instance(instance, cluster, |it| {
                    it.terminations += 1;
                    it.reclaimed += reclaimed;
                });
            }
            Fact::SpotInterruptionNoticed { instance, .. } => {
                self.of_instance(instance, cluster, |it| it.noticed += 1);
            }
            Fact::RebalanceRecommended { instance } => {
                self.of_instance(instance, cluster, |it| it.rebalance_recommended += 1);
            }
            Fact::ScalingDecided { group, from, to, decision } => {
                let provider = match decision {
                    Decision::ManagedScaling { provider, .. } => Some(provider),
                    _ => None,
                };
                self.each(Some(group), provider, |it| {
                    it.scale_outs += u64::from(to > from);
                    it.scale_ins += u64::from(to < from);
                });
            }
            Fact::ReservationSampled { provider, sample } => self.samples[provider] = Some(sample),
            Fact::ServiceHeldBack { .. } => self.held_back += 1,
            _ => {}
        }
    }
}

const fn cluster(
    name: &'static str,
    unit: Unit,
    inputs: Inputs,
    help: &'static str,
    read: fn(&Reading<'_>) -> Value,
) -> Metric {
    Metric::new(name, unit, inputs, help, Read::Cluster(read))
}

const fn count(name: &'static str, help: &'static str, read: fn(&Reading<'_>) -> Value) -> Metric {
    cluster(name, Unit::Count, Inputs::CAPACITY, help, read)
}

const fn tasks(name: &'static str, help: &'static str, read: fn(&Reading<'_>) -> Value) -> Metric {
    cluster(name, Unit::Count, Inputs::TASKS, help, read)
}

const INSTANCES: Inputs = Inputs::INSTANCES.and(Inputs::CAPACITY);

/// Of the cluster.
pub const CLUSTER: &[Metric] = &[
    cluster(
        "onDemandInstances",
        Unit::Count,
        INSTANCES,
        "ACTIVE or DRAINING container instances bought on demand.",
        |at| at.tally.instances.sum(|zone| zone.in_cluster() - zone.spot).into(),
    ),
    cluster("spotInstances", Unit::Count, INSTANCES, "ACTIVE or DRAINING container instances that are Spot.", |at| {
        at.tally.instances.sum(|zone| zone.spot).into()
    }),
    count("desiredCapacity", "Desired capacity of all Auto Scaling groups together.", |at| {
        at.cluster.groups().values().map(|group| u64::from(group.desired)).sum::<u64>().into()
    }),
    count("instanceLaunches", "Instances that EC2 launched for groups and providers since the start.", |at| {
        at.tally.capacity.all.launches.into()
    })
    .aliases(&["launches"]),
    count("launchFailures", "Launches that EC2 could not carry out (ASG-005) since the start.", |at| {
        at.tally.capacity.all.launch_failures.into()
    }),
    count("scaleOuts", "Scaling decisions that raised a desired capacity since the start.", |at| {
        at.tally.capacity.all.scale_outs.into()
    }),
    count("scaleIns", "Scaling decisions that lowered a desired capacity since the start.", |at| {
        at.tally.capacity.all.scale_ins.into()
    }),
    count("interruptions.noticed", "Spot interruption warnings (SPT-002) since the start.", |at| {
        at.tally.capacity.all.noticed.into()
    })
    .aliases(&["interruptions"]),
    count("interruptions.reclaimed", "Spot instances that EC2 took back since the start.", |at| {
        at.tally.capacity.all.reclaimed.into()
    }),
    count("rebalanceRecommendations", "Instance rebalance recommendations (SPT-003) since the start.", |at| {
        at.tally.capacity.all.rebalance_recommended.into()
    }),
    tasks("tasksProvisioning", "Tasks in PROVISIONING that wait for an instance of their provider (CAS-008).", |at| {
        at.cluster.totals().awaiting_instance.into()
    })
    .aliases(&["tasksAwaitingInstance"]),
    tasks("waitedForCapacity.gaveUp", "Tasks that gave up waiting for an instance (CAS-010) since the start.", |at| {
        at.tally.timing.gave_up.into()
    }),
    cluster(
        "tasksHeldBack",
        Unit::Count,
        Inputs::REQUESTS,
        "Attempts of services to create a task for which PROVISIONING (CAS-009) or Fargate (FGT-010) had no room.",
        |at| at.tally.capacity.held_back.into(),
    ),
    tasks("tasksDrained", "Service tasks stopped because their instance drained (INS-004) since the start.", |at| {
        at.tally.tasks.drained.into()
    }),
    tasks(
        "tasksLost.spotInterruption",
        "Of tasksLost, those whose host was a Spot instance that EC2 took back (SPT-006, SPT-009).",
        |at| at.tally.tasks.lost_to_spot.into(),
    ),
    tasks("tasksLost.other", "Of tasksLost, all others.", |at| {
        at.tally.tasks.all.lost.saturating_sub(at.tally.tasks.lost_to_spot).into()
    }),
    tasks(
        "fargateSpotInterruptions",
        "Fargate Spot tasks stopped because Fargate took the capacity back (SPT-011) since the start.",
        |at| at.tally.tasks.fargate_spot_interrupted.into(),
    ),
    tasks("fargateRunningTasks", "Fargate tasks that are RUNNING and wanted.", |at| {
        at.tally.tasks.fargate_running.into()
    }),
    cluster(
        "fargateCPU",
        Unit::CpuUnits,
        Inputs::TASKS,
        "CPU units of Fargate tasks that have not reached STOPPED, Spot not counted (FGT-010).",
        |at| at.cluster.totals().fargate_cpu.into(),
    ),
    cluster(
        "fargateSpotCPU",
        Unit::CpuUnits,
        Inputs::TASKS,
        "CPU units of Fargate Spot tasks that have not reached STOPPED (FGT-010).",
        |at| at.cluster.totals().fargate_spot_cpu.into(),
    ),
];

const LIFECYCLES: &[&str] = &[
    "Pending",
    "Pending:Wait",
    "Pending:Proceed",
    "InService",
    "Standby",
    "Terminating",
    "Terminating:Wait",
    "Terminating:Proceed",
    "Terminated",
    "Detached",
    "Warmed:Pending",
    "Warmed:Pending:Wait",
    "Warmed:Stopped",
    "Warmed:Running",
    "Warmed:Hibernated",
];

const fn instance(
    name: &'static str,
    unit: Unit,
    help: &'static str,
    read: fn(&Reading<'_>, InstanceId) -> Value,
) -> Metric {
    Metric::new(name, unit, INSTANCES, help, Read::Instance(read)).no_column()
}

/// Of a container instance.
pub const OF_INSTANCES: &[Metric] = &[
    instance(
        "lifecycle",
        Unit::Text(LIFECYCLES),
        "Its state in its Auto Scaling group (ASG-002); none without a group.",
        |at, id| match at.cluster.instances()[id].lifecycle {
            InstanceLifecycle::Unmanaged => Value::Missing,
            lifecycle => Value::word(lifecycle.name()),
        },
    )
    .aliases(&["lifecycleState"]),
    instance("market", Unit::Text(&["on-demand", "spot"]), "How its EC2 instance is bought.", |at, id| {
        Value::word(at.cluster.instances()[id].market.name())
    })
    .aliases(&["instanceLifecycle"]),
    instance("autoScalingGroup", Unit::Text(&[]), "Its Auto Scaling group; none without one.", |at, id| {
        let group = at.cluster.instances()[id].group;
        let groups = &at.cluster.definitions().auto_scaling_groups;
        group.map_or(Value::Missing, |group| Value::Text(groups[group].name.clone().into()))
    })
    .aliases(&["autoScalingGroupName"]),
    instance("capacityProvider", Unit::Text(&[]), "Its capacity provider; none without one.", |at, id| {
        let provider = at.cluster.instances()[id].provider;
        let providers = &at.cluster.definitions().capacity_providers;
        provider.map_or(Value::Missing, |provider| Value::Text(providers[provider].name.clone().into()))
    })
    .aliases(&["capacityProviderName"]),
    instance("protectedFromScaleIn", Unit::Flag, "Whether it has scale-in protection (ASG-013).", |at, id| {
        Value::Flag(at.cluster.instances()[id].protected_from_scale_in)
    }),
    instance("healthy", Unit::Flag, "Whether its group takes it for healthy (ASG-006).", |at, id| {
        Value::Flag(at.cluster.instances()[id].healthy)
    }),
    instance("interrupted", Unit::Flag, "Whether its Spot interruption warning is out (SPT-002).", |at, id| {
        Value::Flag(at.cluster.instances()[id].reclaimed_at.is_some())
    }),
    instance("rebalanceRecommended", Unit::Flag, "Whether a rebalance recommendation was sent (SPT-003).", |at, id| {
        Value::Flag(at.cluster.instances()[id].rebalance_recommended)
    }),
    instance("terminated", Unit::Flag, "Whether EC2 has begun to shut it down for good.", |at, id| {
        Value::Flag(at.cluster.instances()[id].terminated_at.is_some())
    }),
];
