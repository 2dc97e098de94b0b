//! Capacity providers: the metric that managed scaling looks at, the tasks of each provider, and how full its instances are.

use ecsim_cluster::ProviderId;
use ecsim_cluster::lifecycle::ProviderStatus;
use ecsim_cluster::scaling::Reservation;

use super::instances::Sums;
use super::tasks::Flow;
use super::{Inputs, Metric, Read, Reading, Unit, Value};

const TASKS: Inputs = Inputs::TASKS;
const INSTANCES: Inputs = Inputs::INSTANCES.and(Inputs::CAPACITY);
const BOTH: Inputs = INSTANCES.and(TASKS);

const fn provider(
    name: &'static str,
    unit: Unit,
    inputs: Inputs,
    help: &'static str,
    read: fn(&Reading<'_>, ProviderId) -> Value,
) -> Metric {
    Metric::new(name, unit, inputs, help, Read::CapacityProvider(read))
}

const fn count(
    name: &'static str,
    inputs: Inputs,
    help: &'static str,
    read: fn(&Reading<'_>, ProviderId) -> Value,
) -> Metric {
    provider(name, Unit::Count, inputs, help, read)
}

/// Of the latest sample; nothing before the first.
fn sampled(at: &Reading<'_>, id: ProviderId, of: fn(&Reservation) -> Value) -> Value {
    at.tally.capacity.sample(id).map_or(Value::Missing, of)
}

fn flow<'a>(at: &Reading<'a>, id: ProviderId) -> &'a Flow {
    at.tally.tasks.provider(id)
}

fn sums<'a>(at: &Reading<'a>, id: ProviderId) -> &'a Sums {
    at.tally.instances.provider(id)
}

/// Whether the provider has a row in the table: it was created and is not deleted.
#[must_use]
pub const fn exists(status: ProviderStatus) -> bool {
    matches!(status, ProviderStatus::Active | ProviderStatus::Disassociated)
}

/// The metrics of this family.
pub const METRICS: &[Metric] = &[
    provider(
        "CapacityProviderReservation",
        Unit::Percent,
        Inputs::CAPACITY,
        "Instances needed over instances running, in percent, as last sampled by managed scaling (CAS-003).",
        |at, id| sampled(at, id, |sample| Value::Number(sample.micros() as f64 / 1e6)),
    ),
    provider(
        "targetCapacity",
        Unit::Percent,
        Inputs::CAPACITY,
        "The reservation that managed scaling aims at (CAS-002); none where it is DISABLED.",
        |at, id| {
            at.cluster.providers()[id].managed_scaling.map_or(Value::Missing, |it| Value::Number(it.target.into()))
        },
    ),
    count("N", Inputs::CAPACITY, "Instances running in the last sample (CAS-004).", |at, id| {
        sampled(at, id, |sample| sample.n.into())
    }),
    count("M", Inputs::CAPACITY, "Instances needed in the last sample (CAS-005, CAS-011).", |at, id| {
        sampled(at, id, |sample| sample.m.into())
    }),
    count("waitingTasks", TASKS, "Its tasks in PROVISIONING that wait for an instance (CAS-008).", |at, id| {
        at.cluster.providers()[id].waiting.len().into()
    })
    .aliases(&["provisioningTasks", "tasksProvisioning"]),
    count(
        "incompatibleTasks",
        Inputs::CAPACITY,
        "Waiting tasks in the last sample that are larger, in some dimension, than the smallest instance type of the group: nothing is launched for them (CAS-013).",
        |at, id| sampled(at, id, |sample| sample.incompatible.into()),
    ),
    count("RunningTaskCount", TASKS, "Its tasks that are RUNNING and wanted.", |at, id| flow(at, id).running.into())
        .aliases(&["runningTasksCount", "runningCount"]),
    count(
        "PendingTaskCount",
        TASKS,
        "Its tasks that are wanted but not RUNNING yet, those that wait included.",
        |at, id| {
            let flow = flow(at, id);
            flow.live().saturating_sub(flow.running).into()
        },
    )
    .aliases(&["pendingTasksCount", "pendingCount"]),
    count("liveTasks", TASKS, "Its tasks with desired status RUNNING.", |at, id| flow(at, id).live().into()),
    count("tasksPlaced", TASKS, "Its tasks that got a place since the start.", |at, id| flow(at, id).placed.into()),
    count("tasksStarted", TASKS, "Its tasks that entered RUNNING since the start.", |at, id| {
        flow(at, id).started.into()
    }),
    count("tasksFailedToStart", TASKS, "Its tasks that never reached RUNNING since the start.", |at, id| {
        flow(at, id).failed_to_start.into()
    }),
    count("tasksLost", TASKS, "Its tasks lost with their host since the start.", |at, id| flow(at, id).lost.into()),
    count("ContainerInstanceCount", INSTANCES, "Its container instances that are ACTIVE or DRAINING.", |at, id| {
        sums(at, id).in_cluster().into()
    })
    .aliases(&["registeredContainerInstancesCount", "registeredInstances"]),
    count(
        "usedInstances",
        BOTH,
        "Of those, instances that hold a task of a capacity provider, daemons not counted (CAS-005).",
        |at, id| sums(at, id).used_by_provider.into(),
    ),
    count("emptyInstances", BOTH, "Of those, instances that hold none.", |at, id| {
        let sums = sums(at, id);
        sums.in_cluster().saturating_sub(sums.used_by_provider).into()
    }),
    count("drainingInstances", INSTANCES, "Its container instances that are DRAINING.", |at, id| {
        sums(at, id).draining.into()
    }),
    count("onDemandInstances", INSTANCES, "Its ACTIVE or DRAINING instances bought on demand.", |at, id| {
        let sums = sums(at, id);
        (sums.in_cluster() - sums.spot).into()
    }),
    count("spotInstances", INSTANCES, "Its ACTIVE or DRAINING instances that are Spot.", |at, id| {
        sums(at, id).spot.into()
    }),
    provider(
        "CPUReservation",
        Unit::Percent,
        BOTH,
        "CPU that RUNNING tasks, of whatever provider, reserve on its instances over their registered CPU.",
        |at, id| {
            let sums = sums(at, id);
            Value::percent(sums.reserved_by_running.cpu, sums.registered.cpu)
        },
    ),
    provider(
        "MemoryReservation",
        Unit::Percent,
        BOTH,
        "Memory that RUNNING tasks, of whatever provider, reserve on its instances over their registered memory.",
        |at, id| {
            let sums = sums(at, id);
            Value::percent(sums.reserved_by_running.memory, sums.registered.memory)
        },
    ),
    provider("GPUReservation", Unit::Percent, BOTH, "The same of GPUs.", |at, id| {
        let sums = sums(at, id);
        Value::percent(sums.reserved_by_running.gpus, sums.registered.gpus)
    }),
    count("launches", Inputs::CAPACITY, "Instances that EC2 launched for it since the start.", |at, id| {
        at.tally.capacity.provider(id).launches.into()
    }),
    count(
        "launchFailures",
        Inputs::CAPACITY,
        "Launches for it that EC2 could not carry out (ASG-005) since the start.",
        |at, id| at.tally.capacity.provider(id).launch_failures.into(),
    ),
    count("interruptions.noticed", Inputs::CAPACITY, "Spot interruption warnings for its instances.", |at, id| {
        at.tally.capacity.provider(id).noticed.into()
    })
    .aliases(&["interruptions"]),
    count("interruptions.reclaimed", Inputs::CAPACITY, "Its Spot instances that EC2 took back.", |at, id| {
        at.tally.capacity.provider(id).reclaimed.into()
    }),
    count("scaleOuts", Inputs::CAPACITY, "Decisions of its managed scaling that raised the capacity.", |at, id| {
        at.tally.capacity.provider(id).scale_outs.into()
    }),
    count("scaleIns", Inputs::CAPACITY, "Decisions of its managed scaling that lowered the capacity.", |at, id| {
        at.tally.capacity.provider(id).scale_ins.into()
    }),
    provider(
        "status",
        Unit::Text(&["ABSENT", "ACTIVE", "INACTIVE"]),
        Inputs::CAPACITY,
        "Its status (CP-001); ABSENT before it is created.",
        |at, id| Value::word(at.cluster.providers()[id].status.name()),
    )
    .no_column(),
];
