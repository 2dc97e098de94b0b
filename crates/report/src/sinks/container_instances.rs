//! `container_instances.csv`: one row per container instance that ever registered, with how it was used.
//!
//! Means are over the time in which the instance was ACTIVE or DRAINING, of what ECS's books have reserved on it
//! (RES-012 to RES-016): sums of amount times milliseconds in whole numbers, so that no rounding error grows with a run.

use std::io::{self, Write};
use std::sync::Arc;

use ecsim_cluster::arn;
use ecsim_cluster::{
    Cluster, Definitions, Fact, InstanceId, InstanceStatus, Observer, Resources, StopReason, TaskId, TaskStatus,
};
use ecsim_kernel::{SimTime, Table};

use super::sheet::{NEVER, Sheet};
use super::{Column, Sink, column};

/// The columns of `container_instances.csv`.
pub const COLUMNS: [Column; 27] = [
    column("containerInstance", "", "The scenario's name for it."),
    column("containerInstanceId", "", "The last part of its container instance ARN."),
    column("ec2InstanceId", "", "The EC2 instance under it."),
    column("instanceType", "", "The EC2 instance type."),
    column("availabilityZone", "", "The Availability Zone it runs in."),
    column("purchaseOption", "", "How its EC2 instance is paid for: ON_DEMAND."),
    column("registeredCpu", "CPU units", "What it registered; 1,024 units are one vCPU."),
    column("registeredMemory", "MiB", "What it registered."),
    column("registeredGpus", "count", "Whole GPUs it registered."),
    column("registeredEnis", "count", "How many tasks with a network interface of their own it takes."),
    column("registeredAt", "ISO 8601", "When it registered, or registeredAt as the scenario gives it."),
    column("firstDrainingAt", "ISO 8601", "When it was first set to DRAINING."),
    column("deregisteredAt", "ISO 8601", "When it became INACTIVE."),
    column("registeredSeconds", "seconds since start", "When it registered within the run."),
    column("firstDrainingSeconds", "seconds since start", "firstDrainingAt as a number."),
    column("deregisteredSeconds", "seconds since start", "deregisteredAt as a number."),
    column("status", "", "Its status at the end of the run."),
    column("agentConnected", "true or false", "Whether its agent was connected at the end of the run."),
    column("tasksPlaced", "count", "Tasks that were placed on it."),
    column("tasksStarted", "count", "Tasks that reached RUNNING on it."),
    column("peakRunningTasks", "count", "The most tasks that were wanted and RUNNING on it at a time."),
    column("busySeconds", "seconds", "For how long, while registered, it had at least one task that was not STOPPED."),
    column("meanCpuReservation", "percent", "Mean over its time registered of the CPU units reserved on it."),
    column("meanMemoryReservation", "percent", "Mean over its time registered of the memory reserved on it."),
    column(
        "meanGpuReservation",
        "percent",
        "Mean over its time registered of the GPUs reserved on it; blank without GPUs.",
    ),
    column(
        "meanEniReservation",
        "percent",
        "Mean over its time registered of the task network interfaces in use; blank without any.",
    ),
    column(
        "reason",
        "",
        "Why it left: terminated, deregistered, or registration failed; blank while it is registered.",
    ),
];

/// Writes `container_instances.csv`.
pub struct ContainerInstanceSink<W: Write> {
    sheet: Sheet<W>,
    definitions: Arc<Definitions>,
    stays: Table<InstanceId, Stay>,
    /// Where each task is, also when the cluster has forgotten it.
    homes: Vec<Option<InstanceId>>,
    now: SimTime,
    written: bool,
}

/// What is remembered of an instance.
#[derive(Clone)]
struct Stay {
    registered_at: SimTime,
    registered_at_unix_ms: i64,
    draining_at: SimTime,
    left_at: SimTime,
    host_off_at: SimTime,
    terminated: bool,
    registration_failed: bool,
    status: InstanceStatus,
    connected: bool,
    /// The state since `since`, and the sums up to then.
    since: SimTime,
    reserved: Resources,
    busy: bool,
    registered_ms: u64,
    busy_ms: u64,
    cpu_ms: u128,
    memory_ms: u128,
    gpu_ms: u128,
    eni_ms: u128,
    placed: u32,
    started: u32,
    running: u32,
    peak: u32,
}

impl Stay {
    const NEW: Self = Self {
        registered_at: NEVER,
        registered_at_unix_ms: 0,
        draining_at: NEVER,
        left_at: NEVER,
        host_off_at: NEVER,
        terminated: false,
        registration_failed: false,
        status: InstanceStatus::Absent,
        connected: false,
        since: SimTime::ZERO,
        reserved: Resources::ZERO,
        busy: false,
        registered_ms: 0,
        busy_ms: 0,
        cpu_ms: 0,
        memory_ms: 0,
        gpu_ms: 0,
        eni_ms: 0,
        placed: 0,
        started: 0,
        running: 0,
        peak: 0,
    };

    /// Adds up the time since the last change.
    fn pass(&mut self, now: SimTime) {
        let ms = now.since(self.since).ms();
        self.since = now;
        if ms == 0 || !self.status.is_registered() {
            return;
        }
        self.registered_ms += ms;
        self.busy_ms += if self.busy { ms } else { 0 };
        let ms = u128::from(ms);
        self.cpu_ms += u128::from(self.reserved.cpu) * ms;
        self.memory_ms += u128::from(self.reserved.memory) * ms;
        self.gpu_ms += u128::from(self.reserved.gpus) * ms;
        self.eni_ms += u128::from(self.reserved.enis) * ms;
    }

    fn reason(&self) -> &'static str {
        if self.registration_failed {
            "registration failed"
        } else if self.left_at == NEVER {
            ""
        } else if self.terminated || self.host_off_at == self.left_at {
            "terminated"
        } else {
            "deregistered"
        }
    }
}

impl<W: Write> ContainerInstanceSink<W> {
    /// A sink that writes into `writer`; the header is written at once.
    pub fn new(definitions: Arc<Definitions>, writer: W) -> Self {
        Self {
            sheet: Sheet::new(writer, &COLUMNS, definitions.start_unix_ms),
            stays: definitions.instances.ids().map(|_| Stay::NEW).collect(),
            definitions,
            homes: Vec::new(),
            now: SimTime::ZERO,
            written: false,
        }
    }

    /// Closes the books of an instance up to now and opens them anew with what is true now.
    fn turn_page(&mut self, instance: InstanceId, now: SimTime, cluster: &Cluster) -> Option<&mut Stay> {
        let (stay, row) = (self.stays.get_mut(instance)?, cluster.instances().get(instance)?);
        let (reserved, busy) = (row.reserved(), !row.tasks.is_empty());
        if (stay.reserved, stay.busy, stay.status, stay.connected) == (reserved, busy, row.status, row.connected) {
            // Most facts about a task change nothing here, and sums of whole numbers need no splitting.
            return Some(stay);
        }
        stay.pass(now);
        stay.reserved = reserved;
        stay.busy = busy;
        stay.status = row.status;
        stay.connected = row.connected;
        if stay.registered_at == NEVER && row.status != InstanceStatus::Absent {
            stay.registered_at = row.registered_at;
            stay.registered_at_unix_ms = row.registered_at_unix_ms;
        }
        Some(stay)
    }

    fn home(&self, task: TaskId) -> Option<InstanceId> {
        self.homes.get(task.index()).copied().flatten()
    }

    fn write(&mut self) {
        if core::mem::replace(&mut self.written, true) {
            return;
        }
        for (id, stay) in self.stays.iter_mut() {
            if stay.registered_at != NEVER {
                stay.pass(self.now);
                write_row(&self.definitions, id, stay, &mut self.sheet);
            }
        }
    }
}

impl<W: Write> Observer for ContainerInstanceSink<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.now = now;
        match *fact {
            Fact::InstanceStatusChanged { instance, to } => {
                let Some(stay) = self.turn_page(instance, now, cluster) else { return };
                match to {
                    InstanceStatus::Draining if stay.draining_at == NEVER => stay.draining_at = now,
                    InstanceStatus::Inactive => stay.left_at = now,
                    InstanceStatus::RegistrationFailed => stay.registration_failed = true,
                    _ => {}
                }
            }
            Fact::AgentConnectionChanged { instance, .. } => {
                self.turn_page(instance, now, cluster);
            }
            Fact::HostPowerChanged { instance, running } => {
                if let Some(stay) = self.stays.get_mut(instance) {
                    stay.host_off_at = if running { NEVER } else { now };
                }
            }
            Fact::TaskCreated { task, instance, .. } => {
                if self.homes.len() <= task.index() {
                    self.homes.resize(task.index() + 1, None);
                }
                self.homes[task.index()] = Some(instance);
                if let Some(stay) = self.turn_page(instance, now, cluster) {
                    stay.placed += 1;
                }
            }
            Fact::TaskStatusChanged { task, to } => {
                let live = cluster.tasks().get(task).is_some_and(|task| task.is_live());
                let Some(instance) = self.home(task) else { return };
                let Some(stay) = self.turn_page(instance, now, cluster) else { return };
                if to == TaskStatus::Running {
                    stay.started += 1;
                    stay.running += u32::from(live);
                    stay.peak = stay.peak.max(stay.running);
                }
            }
            Fact::TaskStopRequested { task, reason } => {
                if let StopReason::HostTerminated(instance) = reason
                    && let Some(stay) = self.stays.get_mut(instance)
                {
                    stay.terminated = true;
                }
                let was_running = cluster.tasks().get(task).is_some_and(|task| task.last == TaskStatus::Running);
                let Some(instance) = self.home(task) else { return };
                if let Some(stay) = self.turn_page(instance, now, cluster) {
                    stay.running = stay.running.saturating_sub(u32::from(was_running));
                }
            }
            _ => {}
        }
    }

    fn run_ended(&mut self, now: SimTime, _: &Cluster) {
        self.now = now;
        self.write();
    }
}

impl<W: Write> Sink<W> for ContainerInstanceSink<W> {
    fn finish(mut self: Box<Self>) -> io::Result<W> {
        self.write();
        self.sheet.finish()
    }
}

fn write_row<W: Write>(definitions: &Definitions, id: InstanceId, stay: &Stay, sheet: &mut Sheet<W>) {
    let planned = &definitions.instances[id];
    let shape = &definitions.shapes[planned.shape];
    let registered = shape.registered;
    sheet.text(&planned.name);
    sheet.text(&arn::container_instance_id(definitions, id));
    sheet.text(&arn::ec2_instance_id(definitions, id));
    sheet.text(&shape.instance_type);
    sheet.text(definitions.zones.name(planned.zone));
    sheet.text("ON_DEMAND");
    sheet.number(registered.cpu);
    sheet.number(registered.memory);
    sheet.number(registered.gpus);
    sheet.number(registered.enis);
    sheet.unix_stamp(stay.registered_at_unix_ms);
    sheet.stamp(stay.draining_at);
    sheet.stamp(stay.left_at);
    for at in [stay.registered_at, stay.draining_at, stay.left_at] {
        sheet.seconds(at);
    }
    sheet.text(stay.status.name());
    sheet.text(if stay.connected { "true" } else { "false" });
    for count in [stay.placed, stay.started, stay.peak] {
        sheet.number(count);
    }
    sheet.seconds(SimTime::from_ms(stay.busy_ms));
    for (sum, amount) in [
        (stay.cpu_ms, registered.cpu),
        (stay.memory_ms, registered.memory),
        (stay.gpu_ms, u32::from(registered.gpus)),
        (stay.eni_ms, u32::from(registered.enis)),
    ] {
        match hundredths_of_percent(sum, u128::from(amount) * u128::from(stay.registered_ms)) {
            Some(share) => sheet.decimal(share / 100, share % 100, 2),
            None => sheet.blank(),
        }
    }
    sheet.text(stay.reason());
    sheet.end_row();
}

/// `part / whole` in hundredths of a percent, halves up; nothing of nothing is unknown.
fn hundredths_of_percent(part: u128, whole: u128) -> Option<u64> {
    let doubled = part.saturating_mul(20_000).checked_add(whole)?.checked_div(whole.saturating_mul(2))?;
    u64::try_from(doubled).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::TraceKind;
    use crate::sinks::kit::{Kit, cells, ms};
    use ecsim_cluster::Fact;

    #[test]
    fn shares_are_rounded_to_the_nearest() {
        assert_eq!(hundredths_of_percent(1, 3), Some(3333));
        assert_eq!(hundredths_of_percent(2, 3), Some(6667));
        assert_eq!(hundredths_of_percent(1, 20_000), Some(1), "halves go up");
        assert_eq!(hundredths_of_percent(0, 0), None);
    }

    #[test]
    fn means_are_over_the_time_registered() {
        let mut kit = Kit::new();
        kit.register("a", ms(10_000));
        let task = kit.place(ms(20_000), "web", "a");
        kit.run(task, ms(20_000));
        kit.fact(ms(50_000), Fact::TaskStopRequested { task, reason: StopReason::UserInitiated(None) });
        kit.end(ms(60_000), task, &[0]);
        kit.end_at(ms(110_000));
        let rows = cells(&kit, TraceKind::ContainerInstances);
        assert_eq!(rows.len(), 1, "only what registered");
        let row = &rows[0];
        assert_eq!((row["containerInstance"].as_str(), row["status"].as_str()), ("a", "ACTIVE"));
        assert_eq!(
            (row["registeredSeconds"].as_str(), row["registeredAt"].as_str()),
            ("10.000", "2026-03-02T00:00:10.000Z")
        );
        // 256 of 2,048 units for 30 of 100 seconds.
        assert_eq!((row["meanCpuReservation"].as_str(), row["meanGpuReservation"].as_str()), ("3.75", ""));
        assert_eq!((row["busySeconds"].as_str(), row["peakRunningTasks"].as_str()), ("40.000", "1"));
        assert_eq!((row["tasksPlaced"].as_str(), row["tasksStarted"].as_str()), ("1", "1"));
        assert_eq!((row["deregisteredAt"].as_str(), row["reason"].as_str()), ("", ""));
    }

    #[test]
    fn why_an_instance_left() {
        for (terminate, reason) in [(true, "terminated"), (false, "deregistered")] {
            let mut kit = Kit::new();
            let instance = kit.register("a", ms(0));
            kit.fact(ms(1000), Fact::InstanceStatusChanged { instance, to: InstanceStatus::Draining });
            if terminate {
                kit.fact(ms(2000), Fact::HostPowerChanged { instance, running: false });
            }
            kit.fact(ms(2000), Fact::InstanceStatusChanged { instance, to: InstanceStatus::Inactive });
            kit.end_at(ms(9000));
            let row = &cells(&kit, TraceKind::ContainerInstances)[0];
            assert_eq!(row["reason"], reason);
            assert_eq!((row["status"].as_str(), row["agentConnected"].as_str()), ("INACTIVE", "false"));
            assert_eq!((row["firstDrainingSeconds"].as_str(), row["deregisteredSeconds"].as_str()), ("1.000", "2.000"));
            assert_eq!((row["meanCpuReservation"].as_str(), row["busySeconds"].as_str()), ("0.00", "0.000"));
        }
    }
}
