//! CloudWatch's reservation percentages (CW-020), and the same with PENDING tasks included.
//!
//! CloudWatch counts what RUNNING tasks reserve over what ACTIVE and DRAINING instances registered. The `…Placed`
//! metrics count every reservation in ECS's books: it is what decides whether the next task fits.

use super::{Inputs, Metric, Read, Reading, Unit, Value};

const CHANGES: Inputs = Inputs::INSTANCES.and(Inputs::TASKS);

const fn percent(name: &'static str, help: &'static str, read: fn(&Reading<'_>) -> Value) -> Metric {
    Metric::new(name, Unit::Percent, CHANGES, help, Read::Cluster(read))
}

const fn registered(name: &'static str, unit: Unit, help: &'static str, read: fn(&Reading<'_>) -> Value) -> Metric {
    Metric::new(name, unit, CHANGES, help, Read::Cluster(read))
}

/// The metrics of this family.
pub const METRICS: &[Metric] = &[
    percent(
        "CPUReservation",
        "CPU units reserved by RUNNING tasks over those registered on ACTIVE and DRAINING instances (CW-020).",
        |at| Value::percent(at.cluster.totals().reserved_by_running.cpu, at.cluster.totals().registered.cpu),
    ),
    percent(
        "MemoryReservation",
        "Memory reserved by RUNNING tasks over that registered on ACTIVE and DRAINING instances (CW-020).",
        |at| Value::percent(at.cluster.totals().reserved_by_running.memory, at.cluster.totals().registered.memory),
    ),
    percent(
        "GPUReservation",
        "GPUs reserved by RUNNING tasks over those registered on ACTIVE and DRAINING instances (CW-020).",
        |at| Value::percent(at.cluster.totals().reserved_by_running.gpus, at.cluster.totals().registered.gpus),
    ),
    percent(
        "eniReservation",
        "Task network interfaces of RUNNING tasks over those that ACTIVE and DRAINING instances can take.",
        |at| Value::percent(at.cluster.totals().reserved_by_running.enis, at.cluster.totals().registered.enis),
    ),
    percent("cpuPlaced", "CPU units reserved by tasks in any state over those registered.", |at| {
        Value::percent(at.cluster.totals().reserved.cpu, at.cluster.totals().registered.cpu)
    }),
    percent("memoryPlaced", "Memory reserved by tasks in any state over that registered.", |at| {
        Value::percent(at.cluster.totals().reserved.memory, at.cluster.totals().registered.memory)
    }),
    percent("gpuPlaced", "GPUs reserved by tasks in any state over those registered.", |at| {
        Value::percent(at.cluster.totals().reserved.gpus, at.cluster.totals().registered.gpus)
    }),
    percent("eniPlaced", "Task network interfaces held by tasks in any state over those registered.", |at| {
        Value::percent(at.cluster.totals().reserved.enis, at.cluster.totals().registered.enis)
    }),
    registered("registered.cpu", Unit::CpuUnits, "CPU units registered on ACTIVE and DRAINING instances.", |at| {
        at.cluster.totals().registered.cpu.into()
    }),
    registered("registered.memory", Unit::MiB, "Memory registered on ACTIVE and DRAINING instances.", |at| {
        at.cluster.totals().registered.memory.into()
    }),
    registered("registered.gpus", Unit::Count, "GPUs registered on ACTIVE and DRAINING instances.", |at| {
        Value::gpus(at.cluster, at.cluster.totals().registered.gpus)
    }),
];
