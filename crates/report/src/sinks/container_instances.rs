//! `container_instances.csv`: one row per container instance that ever registered or was launched, with how it was used.
//!
//! Means are over the time in which the instance was ACTIVE or DRAINING, of what ECS's books have reserved on it
//! (RES-012 to RES-016): sums of amount times milliseconds in whole numbers, so that no rounding error grows with a run.

use std::io::{self, Write};
use std::sync::Arc;

use ecsim_cluster::arn;
use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::{
    AsgId, Cluster, Definitions, Fact, Instance, InstanceId, InstanceLifecycle, InstanceStatus, Market, Observer,
    ProviderId, Resources, ShapeId, StopReason, TaskId, TaskStatus, ZoneId,
};
use ecsim_kernel::SimTime;

use super::sheet::{NEVER, Sheet};
use super::{COST_DECIMALS, Column, Sink, column};
use crate::cost::{Ledger, Money, SharedLedger};

/// The columns of `container_instances.csv`.
pub const COLUMNS: [Column; 39] = [
    column("containerInstance", "", "The scenario's name for it; for a launched one, its owner and its number."),
    column("containerInstanceId", "", "The last part of its container instance ARN."),
    column("ec2InstanceId", "", "The EC2 instance under it."),
    column("instanceType", "", "The EC2 instance type."),
    column("availabilityZone", "", "The Availability Zone it runs in."),
    column("autoScalingGroup", "", "The Auto Scaling group that launched it; blank without one."),
    column("capacityProvider", "", "The capacity provider it belonged to when it was launched; blank without one."),
    column("purchaseOption", "", "How its EC2 instance is paid for: ON_DEMAND or SPOT."),
    column("registeredCpu", "CPU units", "What it registered; 1,024 units are one vCPU."),
    column("registeredMemory", "MiB", "What it registered."),
    column("registeredGpus", "count", "Whole GPUs it registered."),
    column("registeredEnis", "count", "How many tasks with a network interface of their own it takes."),
    column("launchedAt", "ISO 8601", "When EC2 launched it; blank for one that the scenario plans."),
    column("registeredAt", "ISO 8601", "When it registered, or registeredAt as the scenario gives it."),
    column("inServiceAt", "ISO 8601", "When it first entered InService in its group."),
    column("firstDrainingAt", "ISO 8601", "When it was first set to DRAINING."),
    column("interruptionNoticeAt", "ISO 8601", "When its Spot interruption warning came (SPT-002)."),
    column("deregisteredAt", "ISO 8601", "When it became INACTIVE."),
    column("terminatedAt", "ISO 8601", "When EC2 began to shut it down for good."),
    column("launchedSeconds", "seconds since start", "launchedAt as a number."),
    column("registeredSeconds", "seconds since start", "When it registered within the run."),
    column("inServiceSeconds", "seconds since start", "inServiceAt as a number."),
    column("firstDrainingSeconds", "seconds since start", "firstDrainingAt as a number."),
    column("interruptionNoticeSeconds", "seconds since start", "interruptionNoticeAt as a number."),
    column("deregisteredSeconds", "seconds since start", "deregisteredAt as a number."),
    column("terminatedSeconds", "seconds since start", "terminatedAt as a number."),
    column("status", "", "Its status at the end of the run."),
    column("lifecycle", "", "Its state in its Auto Scaling group at the end of the run (ASG-002)."),
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
        "Why it left: a reason of its group or of Spot, terminated, deregistered, or registration failed; blank while it is there.",
    ),
    column(
        "costUsd",
        "US dollars",
        "What it cost at list price, its volumes included; blank where its type has no price. In China: costCny, in yuan.",
    ),
];

/// Writes `container_instances.csv`.
pub struct ContainerInstanceSink<W: Write> {
    sheet: Sheet<W>,
    definitions: Arc<Definitions>,
    costs: Option<SharedLedger>,
    /// By instance id; nothing for one of which no fact has told.
    stays: Vec<Option<Box<Stay>>>,
    /// Where each task is, also when the cluster has forgotten it.
    homes: Vec<Option<InstanceId>>,
    now: SimTime,
    written: bool,
}

/// What is remembered of an instance.
struct Stay {
    name: Arc<str>,
    id: Box<str>,
    ec2_instance_id: Box<str>,
    shape: ShapeId,
    zone: ZoneId,
    group: Option<AsgId>,
    provider: Option<ProviderId>,
    market: Market,
    lifecycle: InstanceLifecycle,
    launched_at: SimTime,
    in_service_at: SimTime,
    noticed_at: SimTime,
    terminated_at: SimTime,
    termination: Option<TerminationReason>,
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
    fn new(definitions: &Definitions, row: &Instance) -> Self {
        Self {
            name: Arc::clone(&row.name),
            id: arn::container_instance_id(definitions, row).into(),
            ec2_instance_id: arn::ec2_instance_id(definitions, row).into(),
            shape: row.shape,
            zone: row.zone,
            group: row.group,
            provider: row.provider,
            market: row.market,
            lifecycle: row.lifecycle,
            launched_at: if row.option.is_some() { row.launched_at } else { NEVER },
            in_service_at: NEVER,
            noticed_at: NEVER,
            terminated_at: NEVER,
            termination: None,
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
        }
    }

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
        } else if let Some(reason) = self.termination {
            reason.name()
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
    pub fn new(definitions: Arc<Definitions>, costs: Option<&SharedLedger>, writer: W) -> Self {
        Self {
            sheet: Sheet::with_costs(writer, &COLUMNS, definitions.start_unix_ms, costs),
            costs: costs.cloned(),
            stays: definitions.instances.ids().map(|_| None).collect(),
            definitions,
            homes: Vec::new(),
            now: SimTime::ZERO,
            written: false,
        }
    }

    fn stay(&mut self, instance: InstanceId, cluster: &Cluster) -> Option<&mut Stay> {
        let row = cluster.instances().get(instance)?;
        if self.stays.len() <= instance.index() {
            self.stays.resize_with(instance.index() + 1, || None);
        }
        let stay = self.stays.get_mut(instance.index())?;
        Some(stay.get_or_insert_with(|| Box::new(Stay::new(&self.definitions, row))))
    }

    /// Closes the books of an instance up to now and opens them anew with what is true now.
    fn turn_page(&mut self, instance: InstanceId, now: SimTime, cluster: &Cluster) -> Option<&mut Stay> {
        let row = cluster.instances().get(instance)?;
        let stay = self.stay(instance, cluster)?;
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

    /// A task got its place on an instance.
    fn placed(&mut self, task: TaskId, instance: InstanceId, now: SimTime, cluster: &Cluster) {
        if self.homes.len() <= task.index() {
            self.homes.resize(task.index() + 1, None);
        }
        self.homes[task.index()] = Some(instance);
        if let Some(stay) = self.turn_page(instance, now, cluster) {
            stay.placed += 1;
        }
    }

    fn write(&mut self) {
        if core::mem::replace(&mut self.written, true) {
            return;
        }
        if let Some(costs) = &self.costs {
            costs.end(self.now);
        }
        for (instance, stay) in self.stays.iter_mut().enumerate() {
            let Some(stay) = stay else { continue };
            if stay.registered_at != NEVER || stay.launched_at != NEVER {
                stay.pass(self.now);
                let cost = |ledger: &mut Ledger| ledger.instance_cost(InstanceId::from(instance), self.now);
                let cost = self.costs.as_ref().and_then(|costs| costs.with(cost));
                write_row(&self.definitions, stay, cost, &mut self.sheet);
            }
        }
    }
}

impl<W: Write> Observer for ContainerInstanceSink<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.now = now;
        if let Some(costs) = &mut self.costs {
            costs.observe(now, fact, cluster);
        }
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
                if let Some(stay) = self.stay(instance, cluster) {
                    stay.host_off_at = if running { NEVER } else { now };
                }
            }
            Fact::InstanceLaunched { instance, .. } => {
                self.stay(instance, cluster);
            }
            Fact::InstanceLifecycleChanged { instance, to } => {
                if let Some(stay) = self.stay(instance, cluster) {
                    stay.lifecycle = to;
                    if to == InstanceLifecycle::InService && stay.in_service_at == NEVER {
                        stay.in_service_at = now;
                    }
                }
            }
            Fact::SpotInterruptionNoticed { instance, .. } => {
                if let Some(stay) = self.stay(instance, cluster) {
                    stay.noticed_at = now;
                }
            }
            Fact::InstanceTerminated { instance, reason } => {
                if let Some(stay) = self.stay(instance, cluster) {
                    stay.terminated_at = now;
                    stay.termination = Some(reason);
                }
            }
            Fact::TaskCreated { task, instance: Some(instance), .. } | Fact::TaskPlaced { task, instance, .. } => {
                self.placed(task, instance, now, cluster);
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
                    && let Some(stay) = self.stay(instance, cluster)
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

fn write_row<W: Write>(definitions: &Definitions, stay: &Stay, cost: Option<Money>, sheet: &mut Sheet<W>) {
    let shape = &definitions.shapes[stay.shape];
    let registered = shape.registered;
    sheet.text(&stay.name);
    sheet.text(&stay.id);
    sheet.text(&stay.ec2_instance_id);
    sheet.text(&shape.instance_type);
    sheet.text(definitions.zones.name(stay.zone));
    sheet.text(stay.group.map_or("", |group| &definitions.auto_scaling_groups[group].name));
    sheet.text(stay.provider.map_or("", |provider| &definitions.capacity_providers[provider].name));
    sheet.text(match stay.market {
        Market::OnDemand => "ON_DEMAND",
        Market::Spot => "SPOT",
    });
    sheet.number(registered.cpu);
    sheet.number(registered.memory);
    sheet.gpus(definitions.gpu_sharing, registered.gpus);
    sheet.number(registered.enis);
    sheet.stamp(stay.launched_at);
    if stay.registered_at == NEVER {
        sheet.blank();
    } else {
        sheet.unix_stamp(stay.registered_at_unix_ms);
    }
    for at in [stay.in_service_at, stay.draining_at, stay.noticed_at, stay.left_at, stay.terminated_at] {
        sheet.stamp(at);
    }
    for at in [
        stay.launched_at,
        stay.registered_at,
        stay.in_service_at,
        stay.draining_at,
        stay.noticed_at,
        stay.left_at,
        stay.terminated_at,
    ] {
        sheet.seconds(at);
    }
    sheet.text(stay.status.name());
    sheet.text(stay.lifecycle.name());
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
    sheet.money(cost, COST_DECIMALS);
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

    #[test]
    fn asg_002_a_launched_instance_has_its_life_in_its_row() {
        let mut kit = Kit::new();
        kit.register("a", ms(0));
        let spot = kit.launch(ms(1000), Market::Spot);
        kit.serve(ms(61_000), spot);
        let other = kit.launch(ms(62_000), Market::OnDemand);
        kit.interrupt(ms(100_000), spot);
        kit.reclaim(ms(220_000), spot);
        kit.fact(ms(230_000), Fact::InstanceTerminated { instance: other, reason: TerminationReason::User });
        kit.end_at(ms(300_000));
        let rows = cells(&kit, TraceKind::ContainerInstances);
        let pick = |row: usize, columns: &[&str]| -> Vec<String> {
            columns.iter().map(|column| rows[row][*column].clone()).collect()
        };
        let whose = ["containerInstance", "autoScalingGroup", "capacityProvider", "purchaseOption", "lifecycle"];
        assert_eq!(pick(0, &whose), ["a", "", "", "ON_DEMAND", ""]);
        assert_eq!(pick(1, &whose), ["spot-1", "spot", "cp-spot", "SPOT", "Terminated"]);
        assert_eq!(pick(2, &whose), ["spot-2", "spot", "cp-spot", "ON_DEMAND", "Pending"]);
        let times = [
            "launchedSeconds",
            "registeredSeconds",
            "inServiceSeconds",
            "firstDrainingSeconds",
            "interruptionNoticeSeconds",
            "deregisteredSeconds",
            "terminatedSeconds",
        ];
        assert_eq!(pick(0, &times), ["", "0.000", "", "", "", "", ""]);
        assert_eq!(pick(1, &times), ["1.000", "61.000", "61.000", "100.000", "100.000", "220.000", "220.000"]);
        assert_eq!(pick(2, &times), ["62.000", "", "", "", "", "", "230.000"], "it never registered");
        assert_eq!(rows[1]["terminatedAt"], "2026-03-02T00:03:40.000Z");
        assert_eq!(rows[2]["registeredAt"], "");
        assert_eq!([0, 1, 2].map(|row| rows[row]["reason"].as_str()), ["", "spot-interruption", "user"]);
        assert_eq!(rows[1]["containerInstanceId"].len(), 32);
    }
}
