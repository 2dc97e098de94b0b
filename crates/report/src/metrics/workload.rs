//! Entries of `workload:` and calls of the timeline: what each asked for and what became of it.

use ecsim_cluster::SourceId;

use super::{Inputs, Metric, Read, Reading, Unit, Value};

const fn workload(
    name: &'static str,
    inputs: Inputs,
    help: &'static str,
    read: fn(&Reading<'_>, SourceId) -> Value,
) -> Metric {
    Metric::new(name, Unit::Count, inputs, help, Read::Workload(read))
}

/// The metrics of this family.
pub const METRICS: &[Metric] = &[
    workload("requested", Inputs::REQUESTS, "Copies it asked for since the start.", |at, id| {
        at.tally.requests.source(id).requested.into()
    }),
    workload(
        "placed",
        Inputs::TASKS,
        "Copies that got a place, on an instance or on Fargate, since the start.",
        |at, id| at.tally.tasks.source(id).placed.into(),
    ),
    workload("waiting", Inputs::REQUESTS, "Unplaced copies that the caller keeps.", |at, id| {
        at.tally.requests.source(id).waiting.into()
    }),
    workload("dropped", Inputs::REQUESTS, "Unplaced copies that the caller gave up since the start.", |at, id| {
        at.tally.requests.source(id).dropped.into()
    }),
    workload("RunningTaskCount", Inputs::TASKS, "Its tasks that are RUNNING and wanted.", |at, id| {
        at.tally.tasks.source(id).running.into()
    })
    .aliases(&["runningCount", "running"]),
    workload(
        "PendingTaskCount",
        Inputs::TASKS,
        "Its tasks that are wanted but not RUNNING yet, those in PROVISIONING included.",
        |at, id| {
            let flow = at.tally.tasks.source(id);
            flow.live().saturating_sub(flow.running).into()
        },
    )
    .aliases(&["pendingCount", "pending"]),
    workload("stoppingTaskCount", Inputs::TASKS, "Its tasks asked to stop that have not reached STOPPED.", |at, id| {
        let flow = at.tally.tasks.source(id);
        flow.stop_requested.saturating_sub(flow.stopped).into()
    })
    .aliases(&["stoppingCount", "stopping"]),
    workload("liveTasks", Inputs::TASKS, "Its tasks with desired status RUNNING.", |at, id| {
        at.tally.tasks.source(id).live().into()
    })
    .aliases(&["liveCount", "live"]),
    workload("started", Inputs::TASKS, "Its tasks that entered RUNNING since the start.", |at, id| {
        at.tally.tasks.source(id).started.into()
    })
    .aliases(&["tasksStarted"]),
    workload("stopped", Inputs::TASKS, "Its tasks that reached STOPPED since the start.", |at, id| {
        at.tally.tasks.source(id).stopped.into()
    })
    .aliases(&["tasksStopped"]),
    workload("failedToStart", Inputs::TASKS, "Its tasks that never reached RUNNING since the start.", |at, id| {
        at.tally.tasks.source(id).failed_to_start.into()
    })
    .aliases(&["tasksFailedToStart"]),
    workload("lost", Inputs::TASKS, "Its tasks lost with their host since the start.", |at, id| {
        at.tally.tasks.source(id).lost.into()
    })
    .aliases(&["tasksLost"]),
    Metric::new(
        "workLost",
        Unit::Seconds,
        Inputs::TASKS,
        "How long its lost tasks had been RUNNING, in all.",
        Read::Workload(|at, id| at.tally.tasks.source(id).work_lost()),
    ),
    workload("placementFailures", Inputs::REQUESTS, "Its calls that could not place every copy.", |at, id| {
        at.tally.placement.of_source(id).into()
    })
    .aliases(&["unplacedAttempts"]),
];
