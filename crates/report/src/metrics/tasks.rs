//! How many tasks there are in which state, how many came and went, and how they ended.

use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{Cluster, ProviderId, ServiceId, SourceId, StopCode, StopReason};
use ecsim_kernel::{Span, Table};

use super::{Inputs, Metric, Read, Unit, Value};

/// Tasks counted since the start.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Of the whole cluster.
    pub all: Flow,
    services: Table<ServiceId, Flow>,
    sources: Table<SourceId, Flow>,
    providers: Table<ProviderId, Flow>,
    /// Tasks that stopped before they got the instance they waited for (CAS-008).
    pub unprovisioned: u64,
    /// Service tasks stopped because their instance drained (INS-004).
    pub drained: u64,
    /// Of the lost tasks, those whose host was a Spot instance that EC2 took back (SPT-002).
    pub lost_to_spot: u64,
    /// Fargate Spot tasks stopped because Fargate took the capacity back (SPT-011).
    pub fargate_spot_interrupted: u64,
    /// Fargate tasks created since the start.
    pub fargate_created: u64,
    /// Fargate tasks that count as RUNNING now.
    pub fargate_running: u64,
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
    /// Tasks created: with a place, or to wait for one in PROVISIONING.
    pub created: u64,
    /// Tasks that got a place, on an instance or on Fargate.
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
    /// How long those had been RUNNING, in all, in milliseconds.
    pub lost_ms: u64,
}

impl Flow {
    /// Live tasks: created and not asked to stop.
    #[must_use]
    pub const fn live(&self) -> u64 {
        self.created.saturating_sub(self.stop_requested)
    }
}

impl Counts {
    pub(crate) fn new(services: usize, sources: usize, providers: usize) -> Self {
        let mut counts = Self::default();
        for _ in 0..services {
            counts.services.push(Flow::default());
        }
        for _ in 0..sources {
            counts.sources.push(Flow::default());
        }
        for _ in 0..providers {
            counts.providers.push(Flow::default());
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

    /// What came and went of a capacity provider.
    #[must_use]
    pub fn provider(&self, provider: ProviderId) -> &Flow {
        &self.providers[provider]
    }

    fn each(&mut self, origin: TaskOrigin, provider: Option<ProviderId>, change: impl Fn(&mut Flow)) {
        change(&mut self.all);
        match origin {
            TaskOrigin::Service { service, .. } => change(&mut self.services[service]),
            TaskOrigin::Source { source, .. } => change(&mut self.sources[source]),
        }
        if let Some(provider) = provider {
            change(&mut self.providers[provider]);
        }
    }

    pub(crate) fn created(&mut self, origin: TaskOrigin, provider: Option<ProviderId>) {
        self.each(origin, provider, |flow| flow.created += 1);
    }

    pub(crate) fn placed(&mut self, origin: TaskOrigin, provider: Option<ProviderId>) {
        self.each(origin, provider, |flow| flow.placed += 1);
    }

    pub(crate) fn started(&mut self, origin: TaskOrigin, provider: Option<ProviderId>) {
        self.each(origin, provider, |flow| flow.started += 1);
    }

    pub(crate) fn running(&mut self, origin: TaskOrigin, provider: Option<ProviderId>, up: bool) {
        self.each(origin, provider, |flow| {
            flow.running = if up { flow.running + 1 } else { flow.running.saturating_sub(1) };
        });
    }

    pub(crate) fn fargate_running(&mut self, up: bool) {
        self.fargate_running = if up { self.fargate_running + 1 } else { self.fargate_running.saturating_sub(1) };
    }

    pub(crate) fn stop_requested(
        &mut self,
        origin: TaskOrigin,
        provider: Option<ProviderId>,
        reason: StopReason,
        ran: Span,
        cluster: &Cluster,
    ) {
        let failed = u64::from(reason.code() == StopCode::TaskFailedToStart);
        let lost = u64::from(reason.lost_with_host());
        self.each(origin, provider, |flow| {
            flow.stop_requested += 1;
            flow.failed_to_start += failed;
            flow.lost += lost;
            flow.lost_ms += lost * ran.ms();
        });
        match reason {
            StopReason::Draining => self.drained += 1,
            StopReason::SpotInterruption => self.fargate_spot_interrupted += 1,
            StopReason::HostTerminated(host) => {
                let noticed = cluster.instances().get(host).is_some_and(|row| row.reclaimed_at.is_some());
                self.lost_to_spot += u64::from(noticed);
            }
            _ => {}
        }
    }

    pub(crate) fn stopped(&mut self, origin: TaskOrigin, provider: Option<ProviderId>) {
        self.each(origin, provider, |flow| flow.stopped += 1);
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

impl Flow {
    /// `workLost` of a cluster, a service or a source.
    pub(super) fn work_lost(&self) -> Value {
        Value::Number(self.lost_ms as f64 / 1_000.0)
    }
}

/// The metrics of this family.
pub const METRICS: &[Metric] = &[
    cluster("RunningTaskCount", Inputs::TASKS, "Tasks that are RUNNING and wanted (TSK-007).", |at| {
        at.cluster.totals().running_tasks.into()
    })
    .aliases(&["runningTasksCount", "runningCount", "TaskCount", "taskCount"]),
    cluster(
        "PendingTaskCount",
        Inputs::TASKS,
        "Tasks that are wanted but not RUNNING yet, those in PROVISIONING included.",
        |at| at.cluster.totals().pending_tasks.into(),
    )
    .aliases(&["pendingTasksCount", "pendingCount"]),
    cluster("stoppingTaskCount", Inputs::TASKS, "Tasks asked to stop that have not reached STOPPED.", |at| {
        at.cluster.totals().stopping_tasks.into()
    })
    .aliases(&["stoppingCount"]),
    cluster(
        "tasksPlaced",
        Inputs::TASKS,
        "Tasks that got a place, on an instance or on Fargate, since the start.",
        |at| at.tally.tasks.all.placed.into(),
    ),
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
    Metric::new(
        "workLost",
        Unit::Seconds,
        Inputs::TASKS,
        "How long the tasks of tasksLost had been RUNNING, in all.",
        Read::Cluster(|at| at.tally.tasks.all.work_lost()),
    )
    .no_column(),
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
