//! Auto Scaling groups: CloudWatch's group metrics by their own names, and what the instances of a group went through.

use ecsim_cluster::capacity::AutoScalingGroup;
use ecsim_cluster::{AsgId, Cluster, Instance, ZoneId};

use super::capacity::Activity;
use super::{Inputs, Metric, Read, Reading, Unit, Value};

const CHANGES: Inputs = Inputs::CAPACITY.and(Inputs::INSTANCES);

const fn group(name: &'static str, help: &'static str, read: fn(&Reading<'_>, AsgId) -> Value) -> Metric {
    Metric::new(name, Unit::Count, CHANGES, help, Read::AutoScalingGroup(read))
}

/// In service, pending and on the way out: what `GroupTotalInstances` counts.
const fn total(row: &AutoScalingGroup) -> u32 {
    row.counts.capacity + row.counts.terminating
}

fn row<'a>(at: &Reading<'a>, id: AsgId) -> &'a AutoScalingGroup {
    &at.cluster.groups()[id]
}

fn activity<'a>(at: &Reading<'a>, id: AsgId) -> &'a Activity {
    at.tally.capacity.group(id)
}

/// Instances of a group in a zone that count towards its desired capacity; none where the group does not use the zone.
#[must_use]
pub fn in_zone(at: &Reading<'_>, id: AsgId, zone: ZoneId) -> Value {
    let counts = &row(at, id).by_zone;
    counts.iter().find(|(of, _)| *of == zone).map_or(Value::Missing, |(_, count)| (*count).into())
}

/// How many instances of an instance type the capacity of a group has.
pub fn of_type(cluster: &Cluster, id: AsgId, instance_type: &str) -> Value {
    let definitions = cluster.definitions();
    let is = |row: &&Instance| {
        let option = row.option.map(|option| &definitions.launch_options[option]);
        row.is_capacity() && option.is_some_and(|option| definitions.pools[option.pool].instance_type == instance_type)
    };
    let rows = cluster.groups()[id].instances.iter().map(|instance| &cluster.instances()[*instance]);
    u32::try_from(rows.filter(is).count()).unwrap_or(u32::MAX).into()
}

/// The metrics of this family. A column for each zone, `instances.ZONE`, follows them in `auto_scaling_groups.csv`.
pub const METRICS: &[Metric] = &[
    group("GroupMinSize", "The least capacity it may have (ASG-001).", |at, id| row(at, id).min_size.into())
        .aliases(&["minSize"]),
    group("GroupMaxSize", "The most capacity it may have (ASG-001).", |at, id| row(at, id).max_size.into())
        .aliases(&["maxSize"]),
    group("GroupDesiredCapacity", "The capacity it tries to have.", |at, id| row(at, id).desired.into())
        .aliases(&["desiredCapacity", "desired"]),
    group("GroupInServiceInstances", "Its instances that are InService (ASG-002).", |at, id| {
        row(at, id).counts.in_service.into()
    })
    .aliases(&["inServiceInstances", "inService"]),
    group("GroupPendingInstances", "Its instances that are launching into service.", |at, id| {
        let counts = &row(at, id).counts;
        (counts.capacity - counts.in_service).into()
    })
    .aliases(&["pendingInstances", "pending"]),
    group("GroupStandbyInstances", "Its instances in Standby.", |at, id| row(at, id).counts.standby.into())
        .aliases(&["standbyInstances", "standby"]),
    group("GroupTerminatingInstances", "Its instances on the way out.", |at, id| row(at, id).counts.terminating.into())
        .aliases(&["terminatingInstances", "terminating"]),
    group("GroupTotalInstances", "Its instances that are InService, Pending or Terminating.", |at, id| {
        total(row(at, id)).into()
    })
    .aliases(&["totalInstances", "instances"]),
    group("WarmPoolTotalCapacity", "Its instances in the warm pool, or on the way there (ASG-041).", |at, id| {
        row(at, id).counts.warm.into()
    })
    .aliases(&["warmInstances"]),
    group("GroupAndWarmPoolTotalCapacity", "GroupTotalInstances and WarmPoolTotalCapacity together.", |at, id| {
        let row = row(at, id);
        (total(row) + row.counts.warm).into()
    }),
    group("registeredInstances", "Of its capacity, instances that ECS has as ACTIVE or DRAINING.", |at, id| {
        row(at, id).counts.registered.into()
    }),
    Metric::new(
        "usedInstances",
        Unit::Count,
        CHANGES.and(Inputs::TASKS),
        "Of its capacity, instances with a task of a capacity provider, daemons not counted (CAS-005).",
        Read::AutoScalingGroup(|at, id| row(at, id).counts.used.into()),
    ),
    group("onDemandInstances", "Of its capacity, instances bought on demand.", |at, id| {
        row(at, id).counts.on_demand.into()
    }),
    group("spotInstances", "Of its capacity, Spot instances.", |at, id| row(at, id).counts.spot.into()),
    group("unprotectedInstances", "Its InService instances without scale-in protection (ASG-013).", |at, id| {
        row(at, id).counts.unprotected.into()
    }),
    group("launches", "Instances that EC2 launched for it since the start.", |at, id| activity(at, id).launches.into()),
    group("launchFailures", "Launches that EC2 could not carry out (ASG-005) since the start.", |at, id| {
        activity(at, id).launch_failures.into()
    }),
    group("terminations", "Its instances that were terminated since the start.", |at, id| {
        activity(at, id).terminations.into()
    }),
    group(
        "interruptions.noticed",
        "Spot interruption warnings for its instances (SPT-002) since the start.",
        |at, id| activity(at, id).noticed.into(),
    )
    .aliases(&["interruptions"]),
    group("interruptions.reclaimed", "Its Spot instances that EC2 took back since the start.", |at, id| {
        activity(at, id).reclaimed.into()
    }),
    group(
        "rebalanceRecommendations",
        "Rebalance recommendations for its instances (SPT-003) since the start.",
        |at, id| activity(at, id).rebalance_recommended.into(),
    ),
    group("scaleOuts", "Scaling decisions that raised its desired capacity since the start.", |at, id| {
        activity(at, id).scale_outs.into()
    }),
    group("scaleIns", "Scaling decisions that lowered its desired capacity since the start.", |at, id| {
        activity(at, id).scale_ins.into()
    }),
];
