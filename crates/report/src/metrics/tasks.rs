//! How many tasks there are in which state, how many came and went, and how they ended.

use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{ServiceId, SourceId, StopCode, StopReason};
use ecsim_kernel::Table;

use super::{Inputs, Metric, Read, Unit, Value};

/// Tasks counted since the start.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Of the whole cluster.
    pub all: Flow,
    services: Table<ServiceId, Flow>,
    sources: Table<SourceId, Flow>,
    /// Essential containers that exited of their own accord with code 0.
    pub essential_exits_zero: u64,
    /// Essential containers that exited of their own accord with another code.
    pub essential_exits_non_zero: u64,
    /// Containers killed for crossing their hard memory limit (TSK-026).
    pub out_of_memory_kills: u64,
}

/// What came and went, of a cluster, a service or a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Tasks placed on an instance.
    pub placed: u64,
    /// Tasks that entered RUNNING.
    pub started: u64,
    /// Tasks that count as RUNNING now: live, and last status RUNNING (TSK-007).
    pub running: u64,
    /// Tasks asked to stop, whatever became of them.
    pub stop_requested: u64,
    /// Tasks that reached STOPPED.
    pub stopped: u64,
    /// Tasks that never reached RUNNING (`TaskFailedToStart`).
    pub failed_to_start: u64,
    /// Tasks whose work was lost with their host.
    pub lost: u64,
}

impl Flow {
    /// Live tasks: placed and not asked to stop.
    #[must_use]
    pub const fn live(&self) -> u64 {
        self.placed - self.stop_requested
    }
}

impl Counts {
    pub(crate) fn new(services: usize, sources: usize) -> Self {
        let mut counts = Self::default();
        for _ in 0..services {
            counts.services.push(Flow::default());
        }
        for _ in 0..sources {
            counts.sources.push(Flow::default());
        }
        counts
    }

    /// What came and went of a service.
    #[must_use]
    pub fn service(&self, service: ServiceId) -> &Flow {
        &self.services[service]
    }

    /// What came and went of a source.
    #[must_use]
    pub fn source(&self, source: SourceId) -> &Flow {
        &self.sources[source]
    }

    fn both(&mut self, origin: TaskOrigin, change: impl Fn(&mut Flow)) {
        change(&mut self.all);
        match origin {
            TaskOrigin::Service { service, .. } => change(&mut self.services[service]),
            TaskOrigin::Source { source, .. } => change(&mut self.sources[source]),
        }
    }

    pub(crate) fn placed(&mut self, origin: TaskOrigin) {
        self.both(origin, |flow| flow.placed += 1);
    }

    pub(crate) fn started(&mut self, origin: TaskOrigin) {
        self.both(origin, |flow| flow.started += 1);
    }

    pub(crate) fn running(&mut self, origin: TaskOrigin, up: bool) {
        self.both(origin, |flow| flow.running = if up { flow.running + 1 } else { flow.running.saturating_sub(1) });
    }

    pub(crate) fn stop_requested(&mut self, origin: TaskOrigin, reason: StopReason) {
        let failed = u64::from(reason.code() == StopCode::TaskFailedToStart);
        let lost = u64::from(reason.lost_with_host());
        self.both(origin, |flow| {
            flow.stop_requested += 1;
            flow.failed_to_start += failed;
            flow.lost += lost;
        });
    }

    pub(crate) fn stopped(&mut self, origin: TaskOrigin) {
        self.both(origin, |flow| flow.stopped += 1);
    }

    pub(crate) fn container_exited(&mut self, essential: bool, exit_code: i32, out_of_memory: bool) {
        self.out_of_memory_kills += u64::from(out_of_memory);
        if essential && exit_code == 0 {
            self.essential_exits_zero += 1;
        } else if essential {
            self.essential_exits_non_zero += 1;
        }
    }
}

const fn cluster(
    name: &'static str,
    inputs: Inputs,
    help: &'static str,
    read: fn(&super::Reading<'_>) -> Value,
) -> Metric {
    Metric::new(name, Unit::Count, inputs, help, Read::Cluster(read))
}

/// The metrics of this family.
pub const METRICS: &[Metric] = &[
    cluster("RunningTaskCount", Inputs::TASKS, "Tasks that are RUNNING and wanted (TSK-007).", |at| {
        at.cluster.totals().running_tasks.into()
    })
    .aliases(&["runningTasksCount", "runningCount", "TaskCount", "taskCount"]),
    cluster("PendingTaskCount", Inputs::TASKS, "Tasks that are placed and wanted but not RUNNING yet.", |at| {
        at.cluster.totals().pending_tasks.into()
    })
    .aliases(&["pendingTasksCount", "pendingCount"]),
    cluster("stoppingTaskCount", Inputs::TASKS, "Tasks asked to stop that have not reached STOPPED.", |at| {
        at.cluster.totals().stopping_tasks.into()
    })
    .aliases(&["stoppingCount"]),
    cluster("tasksPlaced", Inputs::TASKS, "Tasks placed on an instance since the start.", |at| {
        at.tally.tasks.all.placed.into()
    }),
    cluster("tasksStarted", Inputs::TASKS, "Tasks that entered RUNNING since the start.", |at| {
        at.tally.tasks.all.started.into()
    }),
    cluster("tasksStopped", Inputs::TASKS, "Tasks that reached STOPPED since the start.", |at| {
        at.tally.tasks.all.stopped.into()
    }),
    cluster(
        "tasksFailedToStart",
        Inputs::TASKS,
        "Tasks stopped before they reached RUNNING (stopCode TaskFailedToStart) since the start.",
        |at| at.tally.tasks.all.failed_to_start.into(),
    ),
    cluster(
        "tasksLost",
        Inputs::TASKS,
        "Tasks stopped because their host was terminated, stopped or deregistered, since the start.",
        |at| at.tally.tasks.all.lost.into(),
    ),
    cluster(
        "essentialContainerExitsZero",
        Inputs::CONTAINERS,
        "Essential containers that exited of their own accord with exit code 0 since the start.",
        |at| at.tally.tasks.essential_exits_zero.into(),
    ),
    cluster(
        "essentialContainerExitsNonZero",
        Inputs::CONTAINERS,
        "Essential containers that exited of their own accord with another exit code since the start.",
        |at| at.tally.tasks.essential_exits_non_zero.into(),
    ),
    cluster(
        "outOfMemoryKills",
        Inputs::CONTAINERS,
        "Containers killed for crossing their hard memory limit (TSK-026) since the start.",
        |at| at.tally.tasks.out_of_memory_kills.into(),
    ),
];
