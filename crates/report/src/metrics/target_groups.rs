//! Target groups of load balancers: how many of their targets are in which state (LB-016, LB-033), and what they see of
//! requests: counts of the last metrics period, under CloudWatch's names (LB-033).

use ecsim_cluster::load::TargetGroupSample;
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

/// What it saw in the last period; nothing where no requests are sent.
fn of(at: &Reading<'_>, id: TargetGroupId, read: impl Fn(&TargetGroupSample) -> Value) -> Value {
    at.tally.load.group(id).as_ref().map_or(Value::Missing, read)
}

const fn requests(
    name: &'static str,
    unit: Unit,
    help: &'static str,
    read: fn(&Reading<'_>, TargetGroupId) -> Value,
) -> Metric {
    Metric::new(name, unit, TARGETS.and(Inputs::PERIODS), help, Read::TargetGroup(read))
}

fn thousandths(value: u64) -> Value {
    Value::Number(value as f64 / 1e3)
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
    requests("RequestCount", Unit::Count, "Requests that went to its targets in the last period.", |at, id| {
        of(at, id, |it| thousandths(it.requests))
    }),
    requests(
        "RequestCountPerTarget",
        Unit::Count,
        "All that came, over the targets that are healthy at the end of the period (LB-033).",
        |at, id| {
            let healthy = f64::from(at.cluster.target_group(id).healthy.max(1));
            of(at, id, |it| Value::Number((it.requests + it.rejected) as f64 / 1e3 / healthy))
        },
    ),
    requests(
        "TargetResponseTime",
        Unit::Seconds,
        "Mean time to the answer of its targets in the last period.",
        |at, id| of(at, id, |it| if it.answers > 0 { Value::Number(it.mean_us as f64 / 1e6) } else { Value::Missing }),
    ),
    requests("HTTPCode_Target_2XX_Count", Unit::Count, "Requests that its targets answered with success.", |at, id| {
        of(at, id, |it| thousandths(it.succeeded))
    }),
    requests(
        "HTTPCode_Target_5XX_Count",
        Unit::Count,
        "Requests that its targets answered with an error, such as that they have no room for more.",
        |at, id| of(at, id, |it| thousandths(it.failed)),
    ),
    requests(
        "HTTPCode_ELB_5XX_Count",
        Unit::Count,
        "Requests that the load balancer answered itself: there was no target (503), it took too long (504), or was gone (502).",
        |at, id| of(at, id, |it| thousandths(it.rejected + it.unanswered)),
    ),
    requests("ActiveConnectionCount", Unit::Count, "Requests in flight, the mean over the last period.", |at, id| {
        of(at, id, |it| thousandths(it.in_flight))
    }),
];
