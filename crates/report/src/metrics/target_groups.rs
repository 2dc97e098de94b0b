//! Target groups of load balancers: how many of their targets are in which state (LB-016, LB-033).
//!
//! Metrics of requests (`RequestCount`, `TargetResponseTime` and the like) belong here, too, behind these.

use ecsim_cluster::{Cluster, TargetGroupId, TargetState};

use super::{Inputs, Metric, Read, Reading, Unit, Value};

const TARGETS: Inputs = Inputs::LOAD;

const fn count(name: &'static str, help: &'static str, read: fn(&Reading<'_>, TargetGroupId) -> Value) -> Metric {
    Metric::new(name, Unit::Count, TARGETS, help, Read::TargetGroup(read))
}

fn in_state(cluster: &Cluster, id: TargetGroupId, state: TargetState) -> Value {
    let targets = cluster.target_group(id).targets.iter();
    let is_so = |task: &&ecsim_cluster::TaskId| {
        let targets = cluster.tasks().get(**task).map_or(&[][..], |task| &task.targets);
        targets.iter().any(|target| target.group == id && target.state == state)
    };
    targets.filter(is_so).count().into()
}

/// The metrics of this family.
pub const METRICS: &[Metric] = &[
    count("HealthyHostCount", "Its targets that are healthy.", |at, id| at.cluster.target_group(id).healthy.into()),
    count("UnHealthyHostCount", "Its targets that are unhealthy.", |at, id| {
        at.cluster.target_group(id).unhealthy.into()
    })
    .aliases(&["unhealthyHostCount"]),
    count("registeredTargets", "Its targets that are registered and not draining.", |at, id| {
        let Value::Count(draining) = in_state(at.cluster, id, TargetState::Draining) else { return Value::Missing };
        (at.cluster.target_group(id).targets.len() as u64 - draining).into()
    }),
    count("initialTargets", "Its targets that have not been found healthy or unhealthy yet.", |at, id| {
        in_state(at.cluster, id, TargetState::Initial)
    }),
    count("drainingTargets", "Its targets that are being deregistered (LB-020).", |at, id| {
        in_state(at.cluster, id, TargetState::Draining)
    }),
];
