//! Which metrics make which chart. A chart names columns, or how the names of columns look; what a run does not have, or has
//! at zero throughout, is left out, and a chart of nothing is no chart. Any other metric can be chosen in the page.

use serde_json::{Value, json};

use crate::metrics::{Metrics, Series};

/// A line of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The table.
    pub table: String,
    /// The entity's number in the table.
    pub entity: usize,
    /// The column's number in the table.
    pub column: usize,
    /// What the legend says.
    pub label: String,
    /// Whether it is a wish or a limit rather than what is.
    pub dashed: bool,
}

/// A chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Its heading.
    pub title: &'static str,
    /// The unit of its axis.
    pub unit: &'static str,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// How a column is chosen.
enum Pick {
    /// By name, with the words of the legend.
    Named(&'static str, &'static str, &'static str),
    /// The same for a wish or a limit.
    Wished(&'static str, &'static str, &'static str),
    /// Every column of every table whose name, in small letters, holds one of these pieces; not those that count from the
    /// start, whose names end in `Total`.
    Holding(&'static [&'static str]),
    /// The same, where it is not the same throughout.
    Changing(&'static [&'static str]),
}
use Pick::{Changing, Holding, Named, Wished};

const CLUSTER: &str = "cluster";
const SERVICES: &str = "services";
const PROVIDERS: &str = "capacity_providers";
const GROUPS: &str = "auto_scaling_groups";

const PLAN: &[(&str, &str, &[Pick])] = &[
    (
        "Tasks",
        "tasks",
        &[
            Named(CLUSTER, "RunningTaskCount", "running"),
            Named(CLUSTER, "PendingTaskCount", "pending"),
            Named(CLUSTER, "stoppingTaskCount", "stopping"),
            Named(CLUSTER, "missingTasks", "missing of services"),
            Named(CLUSTER, "waitingRequests", "waiting requests"),
            Named(CLUSTER, "tasksProvisioning", "provisioning"),
        ],
    ),
    (
        "Services: running against desired",
        "tasks",
        &[Named(SERVICES, "RunningTaskCount", "running"), Wished(SERVICES, "DesiredTaskCount", "desired")],
    ),
    (
        "Instances by purchase option",
        "instances",
        &[
            Named(CLUSTER, "onDemandInstances", "On-Demand"),
            Named(CLUSTER, "spotInstances", "Spot"),
            Wished(CLUSTER, "desiredCapacity", "desired capacity"),
        ],
    ),
    (
        "Instances by state",
        "instances",
        &[
            Named(CLUSTER, "usedInstances", "with tasks"),
            Named(CLUSTER, "emptyInstances", "empty"),
            Named(CLUSTER, "drainingInstances", "draining"),
            Named(CLUSTER, "registeringInstances", "registering"),
            Named(CLUSTER, "disconnectedInstances", "disconnected"),
        ],
    ),
    (
        "Reservation against utilisation",
        "%",
        &[
            Named(CLUSTER, "CPUReservation", "CPU reserved"),
            Named(CLUSTER, "MemoryReservation", "memory reserved"),
            Named(CLUSTER, "GPUReservation", "GPU reserved"),
            Named(CLUSTER, "eniReservation", "network interfaces"),
            Named(CLUSTER, "CPUUtilization", "CPU used"),
            Named(CLUSTER, "MemoryUtilization", "memory used"),
            Wished(CLUSTER, "strandedCPU", "CPU stranded"),
            Wished(CLUSTER, "strandedMemory", "memory stranded"),
            Wished(CLUSTER, "strandedGPU", "GPU stranded"),
        ],
    ),
    (
        "Services: utilisation",
        "%",
        &[Named(SERVICES, "CPUUtilization", "CPU"), Named(SERVICES, "MemoryUtilization", "memory")],
    ),
    (
        "CapacityProviderReservation against target",
        "%",
        &[
            Named(PROVIDERS, "CapacityProviderReservation", "reservation"),
            Wished(PROVIDERS, "targetCapacity", "target"),
        ],
    ),
    (
        "Auto Scaling groups",
        "instances",
        &[
            Named(GROUPS, "GroupInServiceInstances", "in service"),
            Wished(GROUPS, "GroupDesiredCapacity", "desired"),
            Named(GROUPS, "GroupPendingInstances", "pending"),
            Named(GROUPS, "GroupTerminatingInstances", "terminating"),
            Named(GROUPS, "WarmPoolTotalCapacity", "warm pool"),
        ],
    ),
    (
        "Traffic",
        "requests in a period",
        &[Holding(&["requestcount", "requestspersecond", "requestrate", "requestsfailed", "requestsrejected"])],
    ),
    ("Latency", "seconds", &[Holding(&["latency", "responsetime"])]),
    ("Errors", "% of requests", &[Holding(&["errorrate"])]),
    ("Answers", "responses", &[Holding(&["httpcode", "connectionerror", "rejectedconnection"])]),
    ("Targets", "targets", &[Holding(&["hostcount", "targets"])]),
    (
        "Deployments",
        "tasks or deployments",
        &[Changing(&["deploymentcount", "deploymentsfailed", "primarytasks", "activetasks"])],
    ),
    ("Traffic of the PRIMARY deployment", "%", &[Changing(&["primarytrafficpercent"])]),
    (
        "Waiting for capacity and start",
        "seconds",
        &[
            Named(CLUSTER, "periodTimeToRunning.p50", "to RUNNING, p50"),
            Named(CLUSTER, "periodTimeToRunning.p95", "to RUNNING, p95"),
            Named(CLUSTER, "periodTimeToRunning.max", "to RUNNING, longest"),
            Named(CLUSTER, "periodWaitedForCapacity.p95", "waited for capacity, p95"),
        ],
    ),
    (
        "Fargate",
        "tasks",
        &[
            Named(CLUSTER, "fargateRunningTasks", "running on Fargate"),
            Named(CLUSTER, "fargateSpotInterruptions", "Spot interruptions so far"),
        ],
    ),
    (
        "Lost, drained, taken back (since the start)",
        "count",
        &[
            Named(CLUSTER, "tasksLost", "tasks lost"),
            Named(CLUSTER, "tasksDrained", "tasks drained"),
            Named(CLUSTER, "interruptions.noticed", "Spot notices"),
            Named(CLUSTER, "interruptions.reclaimed", "Spot reclaims"),
            Named(CLUSTER, "rebalanceRecommendations", "rebalance recommendations"),
            Named(CLUSTER, "launchFailures", "launch failures"),
        ],
    ),
    (
        "Cost rate",
        "per hour",
        &[Named(CLUSTER, "costRatePerHour", "all"), Named(PROVIDERS, "costRatePerHour", "instances")],
    ),
    (
        "Cost so far",
        "",
        &[
            Named(CLUSTER, "cost", "all"),
            Named(CLUSTER, "costOnDemand", "On-Demand"),
            Named(CLUSTER, "costSpot", "Spot"),
            Named(CLUSTER, "costFargate", "Fargate"),
            Named(CLUSTER, "costVolumes", "volumes"),
            Named(CLUSTER, "costIdle", "of it idle"),
        ],
    ),
];

/// The charts that the metrics of a run make.
#[must_use]
pub fn find(metrics: &Metrics) -> Vec<Chart> {
    let chart = |(title, unit, picks): &(&'static str, &'static str, &[Pick])| {
        let lines: Vec<Line> = picks.iter().flat_map(|pick| lines(metrics, pick)).collect();
        (!lines.is_empty()).then_some(Chart { title, unit, lines })
    };
    PLAN.iter().filter_map(chart).collect()
}

fn lines(metrics: &Metrics, pick: &Pick) -> Vec<Line> {
    let mut lines = Vec::new();
    for table in &metrics.tables {
        for (column, name) in table.columns.iter().enumerate() {
            let (label, dashed) = match pick {
                Named(of, wanted, label) if *of == table.name && wanted == name => (*label, false),
                Wished(of, wanted, label) if *of == table.name && wanted == name => (*label, true),
                Holding(pieces) | Changing(pieces) if holds(name, pieces) => (name.as_str(), false),
                _ => continue,
            };
            let shown = if matches!(pick, Changing(_)) { Series::changes } else { Series::says_something };
            for (entity, title) in table.entities.list().iter().enumerate() {
                if table.series(entity, column).is_some_and(shown) {
                    let label = if table.name == CLUSTER { label.to_owned() } else { format!("{title} {label}") };
                    lines.push(Line { table: table.name.clone(), entity, column, label, dashed });
                }
            }
        }
    }
    // An entity's lines beside each other.
    lines.sort_by_key(|line| (line.table.clone(), line.entity));
    lines
}

fn holds(name: &str, pieces: &[&str]) -> bool {
    let small = name.to_lowercase();
    !name.ends_with("Total") && pieces.iter().any(|piece| small.contains(piece))
}

/// The charts for the page.
#[must_use]
pub fn index(charts: &[Chart]) -> Value {
    let line = |line: &Line| json!([line.table, line.entity, line.column, line.label, line.dashed]);
    let chart = |chart: &Chart| json!({"title": chart.title, "unit": chart.unit, "lines": chart.lines.iter().map(line).collect::<Vec<_>>()});
    Value::Array(charts.iter().map(chart).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::About;
    use crate::kit::Files;
    use crate::pack::Pack;

    #[test]
    fn charts_are_made_of_what_is_there() {
        let files = Files::default()
            .with(
                "metrics/cluster.csv",
                "timestamp,secondsSinceStart,ClusterName,RunningTaskCount,PendingTaskCount,tasksRequested\nt,60,c,3,0,9\n",
            )
            .with(
                "metrics/target_groups.csv",
                "timestamp,secondsSinceStart,TargetGroup,RequestCount,TargetResponseTime.p95\nt,60,tg,100,0.25\nt,60,other,0,\n",
            );
        let metrics = crate::metrics::read(&files, &mut About::default(), &mut Pack::default()).expect("tables");
        let charts = find(&metrics);
        let told: Vec<(&str, Vec<&str>)> = charts
            .iter()
            .map(|chart| (chart.title, chart.lines.iter().map(|line| line.label.as_str()).collect()))
            .collect();
        assert_eq!(
            told,
            [
                ("Tasks", vec!["running"]),
                ("Traffic", vec!["tg RequestCount"]),
                ("Latency", vec!["tg TargetResponseTime.p95"]),
            ]
        );
    }
}
