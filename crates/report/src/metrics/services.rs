//! Services: what each wants, has, and misses.

use ecsim_cluster::{RolloutState, ServiceId, ServiceStatus, ZoneId};

use super::{Inputs, Metric, Read, Reading, Unit, Value};

/// What a service's row in the cluster does not remember.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    zones: usize,
    /// Live tasks by service and zone, zones side by side.
    live: Vec<u32>,
    events: Vec<u64>,
}

impl Counts {
    pub(crate) fn new(services: usize, zones: usize) -> Self {
        Self { zones, live: vec![0; services * zones], events: vec![0; services] }
    }

    /// Live tasks of a service in a zone.
    #[must_use]
    pub fn live_in(&self, service: ServiceId, zone: ZoneId) -> u32 {
        self.live[service.index() * self.zones + zone.index()]
    }

    pub(crate) fn live(&mut self, service: ServiceId, zone: ZoneId, up: bool) {
        let count = &mut self.live[service.index() * self.zones + zone.index()];
        *count = if up { *count + 1 } else { count.saturating_sub(1) };
    }

    pub(crate) fn said(&mut self, service: ServiceId) {
        self.events[service.index()] += 1;
    }

    /// How many entries its event list received.
    #[must_use]
    pub fn events(&self, service: ServiceId) -> u64 {
        self.events[service.index()]
    }
}

const STATES: &[&str] = &["ABSENT", "ACTIVE", "DRAINING", "INACTIVE"];
const ROLLOUTS: &[&str] = &["NONE", "IN_PROGRESS", "COMPLETED", "FAILED"];
const STAGES: &[&str] = &[
    "NONE",
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
];
const CHANGES: Inputs = Inputs::TASKS.and(Inputs::SERVICES);

const fn service(
    name: &'static str,
    inputs: Inputs,
    help: &'static str,
    read: fn(&Reading<'_>, ServiceId) -> Value,
) -> Metric {
    Metric::new(name, Unit::Count, inputs, help, Read::Service(read))
}

/// A number of its scalable target; nothing where there is none.
macro_rules! scaling {
    ($name:literal, $help:literal, $read:expr) => {
        service($name, Inputs::SCALING, $help, |at, id| {
            let read: fn(&ecsim_cluster::ScalableTarget) -> Option<u32> = $read;
            read(&at.cluster.scaling_of(id)).map_or(Value::Missing, Into::into)
        })
    };
}

/// Of the cluster.
pub const CLUSTER: &[Metric] = &[
    Metric::new(
        "ServiceCount",
        Unit::Count,
        Inputs::SERVICES,
        "Services that are ACTIVE.",
        Read::Cluster(|at| {
            at.cluster.services().values().filter(|row| row.status == ServiceStatus::Active).count().into()
        }),
    )
    .aliases(&["activeServicesCount"]),
    Metric::new(
        "missingTasks",
        Unit::Count,
        Inputs::REQUESTS,
        "Tasks that services want and that have no place yet: desired count less live tasks.",
        Read::Cluster(|at| at.tally.requests.missing.into()),
    ),
    Metric::new(
        "deploymentsInProgress",
        Unit::Count,
        Inputs::SERVICES,
        "ACTIVE services whose PRIMARY deployment is IN_PROGRESS (DEP-001).",
        Read::Cluster(|at| {
            let services = at.cluster.services().values().filter(|row| row.status == ServiceStatus::Active);
            let busy = services.filter_map(|row| row.primary()).filter(|it| it.rollout == RolloutState::InProgress);
            busy.count().into()
        }),
    ),
    Metric::new(
        "serviceScalingActivities",
        Unit::Count,
        Inputs::SCALING,
        "Scaling activities of all services' scalable targets since the start (SAS-006).",
        Read::Cluster(|at| {
            let ids = at.cluster.services().ids();
            ids.map(|id| u64::from(at.cluster.scaling_of(id).activities)).sum::<u64>().into()
        }),
    ),
];

/// Of a service. A column for each zone, `liveTasks.ZONE`, follows them in `services.csv`.
pub const METRICS: &[Metric] = &[
    service("DesiredTaskCount", CHANGES, "Its desired count; for DAEMON what the scheduler counted.", |at, id| {
        at.cluster.services()[id].desired_count.into()
    })
    .aliases(&["desiredCount"]),
    service("RunningTaskCount", CHANGES, "Its tasks that are RUNNING and wanted (TSK-007).", |at, id| {
        at.cluster.services()[id].running.into()
    })
    .aliases(&["runningCount"]),
    service("PendingTaskCount", CHANGES, "Its tasks that are placed and wanted but not RUNNING yet.", |at, id| {
        at.cluster.services()[id].pending().into()
    })
    .aliases(&["pendingCount"]),
    service("stoppingTaskCount", CHANGES, "Its tasks asked to stop that have not reached STOPPED.", |at, id| {
        let row = &at.cluster.services()[id];
        (row.tasks.len() as u64).saturating_sub(u64::from(row.live)).into()
    })
    .aliases(&["stoppingCount"]),
    service("liveTasks", CHANGES, "Its tasks with desired status RUNNING.", |at, id| {
        at.cluster.services()[id].live.into()
    })
    .aliases(&["liveCount"]),
    service("missingTasks", Inputs::REQUESTS, "Tasks it wants that have no place yet.", |at, id| {
        at.tally.requests.service(id).count.into()
    }),
    service(
        "tasksPlaced",
        CHANGES,
        "Its tasks that got a place, on an instance or on Fargate, since the start.",
        |at, id| at.tally.tasks.service(id).placed.into(),
    ),
    service("tasksStarted", CHANGES, "Its tasks that entered RUNNING since the start.", |at, id| {
        at.tally.tasks.service(id).started.into()
    }),
    service("tasksStopped", CHANGES, "Its tasks that reached STOPPED since the start.", |at, id| {
        at.tally.tasks.service(id).stopped.into()
    }),
    service("tasksFailedToStart", CHANGES, "Its tasks that never reached RUNNING since the start.", |at, id| {
        at.tally.tasks.service(id).failed_to_start.into()
    }),
    service("tasksLost", CHANGES, "Its tasks lost with their host since the start.", |at, id| {
        at.tally.tasks.service(id).lost.into()
    }),
    Metric::new(
        "workLost",
        Unit::Seconds,
        CHANGES,
        "How long its lost tasks had been RUNNING, in all.",
        Read::Service(|at, id| at.tally.tasks.service(id).work_lost()),
    )
    .no_column(),
    service("placementFailures", Inputs::REQUESTS, "Its placement attempts that found no instance.", |at, id| {
        at.cluster.services()[id].placement_failures.into()
    }),
    service("eventCount", Inputs::EVENTS, "Entries that its event list received since the start.", |at, id| {
        at.tally.services.events(id).into()
    })
    .aliases(&["events.count"]),
    service("DeploymentCount", Inputs::SERVICES, "Its deployments that are PRIMARY or ACTIVE (CW-040).", |at, id| {
        at.cluster.services()[id].deployments.len().into()
    })
    .aliases(&["deploymentCount"]),
    service(
        "deploymentsStarted",
        Inputs::SERVICES,
        "Its deployments since the start; the first is its creation.",
        |at, id| at.cluster.services()[id].deployments_started.into(),
    ),
    service("deploymentsFailed", Inputs::SERVICES, "Its deployments that failed or were stopped.", |at, id| {
        at.cluster.services()[id].deployments_failed.into()
    }),
    service("primaryTasks", CHANGES, "Live tasks of its PRIMARY deployment.", |at, id| {
        at.cluster.services()[id].primary().map_or(0, |primary| primary.live).into()
    })
    .aliases(&["newTasks"])
    .no_column(),
    service("activeTasks", CHANGES, "Live tasks of its older deployments.", |at, id| {
        let row = &at.cluster.services()[id];
        (row.live - row.primary().map_or(0, |primary| primary.live)).into()
    })
    .aliases(&["oldTasks"])
    .no_column(),
    service("taskDefinitionRevision", Inputs::SERVICES, "The revision that its PRIMARY deployment runs.", |at, id| {
        let definition = at.cluster.services()[id].task_definition;
        at.cluster.definitions().task_definitions[definition].revision.into()
    })
    .no_column(),
    Metric::new(
        "primaryTrafficPercent",
        Unit::Percent,
        Inputs::SERVICES,
        "The share of production traffic that its PRIMARY deployment has (DEP-062).",
        Read::Service(|at, id| {
            Value::Number(
                f64::from(at.cluster.services()[id].primary().map_or(0, |primary| primary.traffic)) / 10_000.0,
            )
        }),
    )
    .no_column(),
    Metric::new(
        "rolloutState",
        Unit::Text(ROLLOUTS),
        Inputs::SERVICES,
        "`rolloutState` of its PRIMARY deployment (DEP-001).",
        Read::Service(|at, id| {
            Value::word(at.cluster.services()[id].primary().map_or("NONE", |primary| primary.rollout.name()))
        }),
    )
    .no_column(),
    Metric::new(
        "deploymentStage",
        Unit::Text(STAGES),
        Inputs::SERVICES,
        "The stage of its PRIMARY deployment, where it has any (DEP-060).",
        Read::Service(|at, id| {
            let stage = at.cluster.services()[id].primary().and_then(|primary| primary.stage);
            Value::word(stage.map_or("NONE", ecsim_cluster::Stage::name))
        }),
    )
    .no_column(),
    scaling!("minCapacity", "MinCapacity of its scalable target (SAS-001).", |row| row.registered.then_some(row.min)),
    scaling!("maxCapacity", "MaxCapacity of its scalable target (SAS-001).", |row| row.registered.then_some(row.max)),
    scaling!("scalingActivities", "Scaling activities of its target since the start (SAS-006).", |row| {
        Some(row.activities)
    }),
    scaling!("scalingActivitiesInProgress", "Of those, activities that are in progress (SAS-007).", |row| {
        Some(row.in_progress)
    })
    .no_column(),
    scaling!("scalingWithheld", "How often a policy that was invoked changed nothing, for a new reason.", |row| {
        Some(row.not_scaled)
    })
    .no_column(),
    scaling!("forecastCapacity", "Tasks that the latest forecast asks for (SAS-070).", |row| row.forecast).no_column(),
    Metric::new(
        "status",
        Unit::Text(STATES),
        Inputs::SERVICES,
        "Its state (SVC-005); ABSENT before it is created.",
        Read::Service(|at, id| Value::word(at.cluster.services()[id].status.name())),
    )
    .no_column(),
];
