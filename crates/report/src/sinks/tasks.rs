//! `tasks.csv`: one row per task in the order of creation, then one per copy that was asked for and never placed.
//!
//! A row is complete when its task has stopped, and tasks do not stop in the order in which they were created. So rows
//! wait in a window, 136 bytes each, until all earlier ones are written; nothing else is kept of a task.
//!
//! Time stamps are those of TSK-005. `requestedAt` is ours: when somebody first wanted this copy. For a workload or a call
//! that is the call; for a service it is its first failed attempt since it last had all it wanted, else the creation itself.
//! `placedAt` is ours too: a task of a capacity provider can be created long before there is an instance for it (CAS-008).

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;

use ecsim_cluster::arn;
use ecsim_cluster::definitions::{LaunchType, SchedulingStrategy, TaskDefinition};
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{
    Cluster, Definitions, DesiredStatus, Fact, GroupId, HealthStatus, InstanceId, Observer, ProviderId, Resources,
    ServiceId, ShapeId, SourceId, StopCode, Task, TaskDefinitionId, TaskId, TaskStatus, TextId, ZoneId,
};
use ecsim_kernel::{Names, SimTime, Span, Table};

use super::sheet::{NEVER, Sheet};
use super::waiting::{Failure, MissingCopy, Wait, Waiting};
use super::{COST_DECIMALS, Column, Sink, column};
use crate::cost::{Money, SharedLedger};

/// The columns of `tasks.csv`.
pub const COLUMNS: [Column; 46] = [
    column(
        "task",
        "whole number",
        "The task's number in the order of creation, from 1; blank for a copy that was never placed.",
    ),
    column("taskId", "", "The last part of the task's ARN; blank for a copy that was never placed."),
    column("source", "", "Who wanted it: the service, the workload entry, or the call of the timeline."),
    column("ordinal", "whole number", "Which copy or start of its source it is, from 0."),
    column("group", "", "The task group, such as service:web or family:job."),
    column("startedBy", "", "startedBy of the call, or the deployment of the service."),
    column("taskDefinition", "", "family:revision."),
    column("service", "", "The service it belongs to, if any."),
    column(
        "containerInstance",
        "",
        "The container instance it runs on, by the scenario's name; for a daemon's missing task, the one it is meant for.",
    ),
    column("ec2InstanceId", "", "The EC2 instance under it."),
    column("instanceType", "", "The EC2 instance type under it."),
    column("availabilityZone", "", "The Availability Zone it runs in."),
    column("capacityProvider", "", "Its capacity provider (CP-015); blank without one."),
    column("launchType", "", "EC2, EXTERNAL or FARGATE."),
    column("cpu", "CPU units", "What it reserves; 1,024 units are one vCPU."),
    column("memory", "MiB", "What it reserves."),
    column("gpus", "count", "GPUs that it reserves: whole ones, unless tasks may share."),
    column("enis", "count", "Task network interfaces that it takes: 1 in network mode awsvpc, else 0."),
    column("lastStatus", "", "The last status it is known to have, at the end of the run if it lives that long."),
    column("desiredStatus", "", "What ECS wants of it: RUNNING or STOPPED."),
    column("requestedAt", "ISO 8601", "When this copy was first wanted."),
    column("createdAt", "ISO 8601", "When it was created: with a place, or to wait for one in PROVISIONING."),
    column("placedAt", "ISO 8601", "When it got its place and its resources were reserved."),
    column("pendingAt", "ISO 8601", "When it left PROVISIONING for PENDING."),
    column("pullStartedAt", "ISO 8601", "When the pull of its images began."),
    column("pullStoppedAt", "ISO 8601", "When the pull of its images was complete."),
    column("startedAt", "ISO 8601", "When it reached RUNNING."),
    column("stoppingAt", "ISO 8601", "When its desired status became STOPPED."),
    column("executionStoppedAt", "ISO 8601", "When its last container exited."),
    column("stoppedAt", "ISO 8601", "When it reached STOPPED."),
    column("requestedSeconds", "seconds since start", "requestedAt as a number."),
    column("createdSeconds", "seconds since start", "createdAt as a number."),
    column("placedSeconds", "seconds since start", "placedAt as a number."),
    column("startedSeconds", "seconds since start", "startedAt as a number."),
    column("stoppedSeconds", "seconds since start", "stoppedAt as a number."),
    column(
        "waitedForCapacitySeconds",
        "seconds",
        "How long it waited in PROVISIONING for an instance of its provider (CAS-008), until it got one, stopped, or the run ended; blank if it did not have to.",
    ),
    column("provisioningSeconds", "seconds", "From createdAt to pendingAt."),
    column("stopCode", "", "What kind of stop it was (TSK-010)."),
    column("stoppedReason", "", "Why it stopped, in the words of AWS (TSK-010)."),
    column("exitCode", "exit code", "The exit code of the first essential container that exited."),
    column("exitCodes", "", "The exit codes of all containers that exited, as app=0;sidecar=137."),
    column("placementAttempts", "count", "How many attempts to place it were made, the successful one included."),
    column("placementFailure", "", "What the last failed attempt failed on, if any did (FLR-001)."),
    column(
        "costUsd",
        "US dollars",
        "What it cost at list price: on Fargate its own price, on an instance its share of it by what it reserved, and for how long; blank where that has no price. In China: costCny, in yuan.",
    ),
    column(
        "healthStatus",
        "",
        "The last health that its container health checks gave it (TSK-043); blank where no essential container has one.",
    ),
    column(
        "containerRestarts",
        "count",
        "How often its containers were started again by their restart policies (TSK-032); blank: never.",
    ),
];

/// Writes `tasks.csv`.
pub struct TaskSink<W: Write> {
    sheet: Sheet<W>,
    costs: Option<SharedLedger>,
    texts: Texts,
    waiting: Waiting,
    /// The tasks whose rows are not written, in order.
    window: VecDeque<Row>,
    /// The number of the first task in the window.
    first: u32,
    now: SimTime,
    ended: bool,
}

/// Texts that many rows share.
struct Texts {
    definitions: Arc<Definitions>,
    task_definitions: Table<TaskDefinitionId, String>,
    deployments: Table<ServiceId, String>,
    /// By instance id; nothing for one that never had a task.
    places: Vec<Option<Place>>,
    /// What `stoppedReason` said so far: few texts for many tasks.
    reasons: Names<TextId>,
}

/// What the cells say of an instance.
struct Place {
    name: Arc<str>,
    ec2_instance_id: Box<str>,
    shape: ShapeId,
    zone: ZoneId,
}

/// A task whose row is not written. There can be a million of them.
struct Row {
    created: SimTime,
    pending: SimTime,
    pull_started: SimTime,
    pull_stopped: SimTime,
    started: SimTime,
    stopping: SimTime,
    execution_stopped: SimTime,
    stopped: SimTime,
    /// What few tasks have.
    more: Option<Box<More>>,
    cost: Cost,
    origin: TaskOrigin,
    reserved: Resources,
    definition: TaskDefinitionId,
    group: GroupId,
    /// Where it is; [`NOWHERE`] on Fargate, and while it waits for an instance.
    instance: u32,
    /// Its capacity provider; [`NOWHERE`] without one.
    provider: u32,
    /// `stoppedReason`, where there is a `stop_code`.
    stopped_reason: u32,
    /// Of the first container that exited.
    exit_code: i32,
    /// The first container that exited; [`NO_CONTAINER`] before.
    exited: u8,
    last: TaskStatus,
    launch_type: LaunchType,
    stop_code: Option<StopCode>,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Row>() <= 136);

/// An amount in half the bytes: in the last decimal that is written.
#[derive(Clone, Copy)]
struct Cost(i64);

impl Cost {
    const NONE: Self = Self(i64::MIN);
    /// Picos in one of it.
    const UNIT: i128 = 10_000;

    fn of(amount: Option<Money>) -> Self {
        let units = amount.map(|amount| amount.round(COST_DECIMALS).picos() / Self::UNIT);
        units.and_then(|units| i64::try_from(units).ok()).map_or(Self::NONE, Self)
    }

    fn amount(self) -> Option<Money> {
        (self.0 != i64::MIN).then(|| Money::from_picos(i128::from(self.0) * Self::UNIT))
    }
}

const NO_CONTAINER: u8 = u8::MAX;

/// No instance, no capacity provider.
const NOWHERE: u32 = u32::MAX;

/// What few tasks have.
#[derive(Default)]
struct More {
    /// That it had to wait.
    wait: Option<Wait>,
    /// Exits after the first, with their codes, in order.
    exits: Vec<(u8, i32)>,
    /// That it had to wait for an instance in PROVISIONING, and when that ended; [`NEVER`]: it has not.
    capacity: Option<SimTime>,
    /// The zone of a Fargate task.
    zone: Option<ZoneId>,
    /// Its health, where it has any (TSK-043).
    health: Option<HealthStatus>,
    /// Restarts of its containers.
    restarts: u32,
}

impl<W: Write> TaskSink<W> {
    /// A sink that writes into `writer`; the header is written at once.
    pub fn new(definitions: Arc<Definitions>, costs: Option<&SharedLedger>, writer: W) -> Self {
        let sheet = Sheet::with_costs(writer, &COLUMNS, definitions.start_unix_ms, costs);
        let texts = Texts {
            task_definitions: definitions.task_definitions.values().map(TaskDefinition::display_name).collect(),
            deployments: definitions.services.ids().map(|id| arn::deployment_id(&definitions, id)).collect(),
            definitions,
            places: Vec::new(),
            reasons: Names::new(),
        };
        Self {
            sheet,
            costs: costs.cloned(),
            texts,
            waiting: Waiting::default(),
            window: VecDeque::new(),
            first: 0,
            now: SimTime::ZERO,
            ended: false,
        }
    }

    /// The row of a task that was just created.
    fn new_row(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) -> Option<Row> {
        let Fact::TaskCreated {
            task,
            definition,
            group,
            origin,
            launch_type,
            provider,
            instance,
            zone,
            requirements,
            ..
        } = *fact
        else {
            return None;
        };
        if let Some(instance) = instance {
            self.texts.know(instance, cluster);
        }
        let wait = self.waiting.placed(origin, instance, cluster).filter(|wait| wait.since != now || wait.failed > 0);
        let waits = instance.is_none() && launch_type != LaunchType::Fargate;
        let known = cluster.tasks().get(task);
        let health = known.filter(|task| task.checked != 0).map(Task::health);
        let more = (wait.is_some() || waits || zone.is_some() || health.is_some()).then(|| {
            let capacity = waits.then_some(NEVER);
            Box::new(More { wait, exits: Vec::new(), capacity, zone, health, restarts: 0 })
        });
        let last = known.map_or(TaskStatus::Pending, |task| task.last);
        Some(Row {
            created: now,
            pending: if last == TaskStatus::Provisioning { NEVER } else { now },
            pull_started: NEVER,
            pull_stopped: NEVER,
            started: NEVER,
            stopping: NEVER,
            execution_stopped: NEVER,
            stopped: NEVER,
            more,
            cost: Cost::NONE,
            origin,
            reserved: known.filter(|task| task.instance.is_some()).map_or(requirements.least(), |task| task.reserved),
            definition,
            group,
            instance: instance.map_or(NOWHERE, InstanceId::get),
            provider: provider.map_or(NOWHERE, ProviderId::get),
            stopped_reason: 0,
            exit_code: 0,
            exited: NO_CONTAINER,
            last,
            launch_type,
            stop_code: None,
        })
    }

    fn row(&mut self, task: TaskId) -> Option<&mut Row> {
        self.window.get_mut(task.get().checked_sub(self.first)? as usize)
    }

    fn create(&mut self, task: TaskId, row: Row) {
        // Tasks are numbered without gaps; whoever joins in the middle of a run starts there.
        if task.get() != self.first + u32::try_from(self.window.len()).unwrap_or(0) {
            self.write_window(true);
            self.first = task.get();
        }
        self.window.push_back(row);
    }

    /// Writes rows from the front: those that are complete, or all.
    fn write_window(&mut self, all: bool) {
        while let Some(row) = self.window.front()
            && (all || row.last == TaskStatus::Stopped)
        {
            row.write(TaskId::new(self.first), self.now, &self.texts, &mut self.sheet);
            self.window.pop_front();
            self.first += 1;
        }
    }

    fn write_rest(&mut self, missing: &[MissingCopy]) {
        if core::mem::replace(&mut self.ended, true) {
            return;
        }
        if let Some(costs) = &self.costs {
            costs.end(self.now);
            costs.with(|ledger| {
                for (at, row) in self.window.iter_mut().enumerate().filter(|(_, row)| row.last != TaskStatus::Stopped) {
                    let number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(self.first);
                    row.cost = Cost::of(ledger.task_cost(TaskId::new(number)));
                }
            });
        }
        self.write_window(true);
        for (source, ordinal, wait) in self.waiting.copies() {
            self.texts.write_unplaced_copy(source, ordinal, wait, &mut self.sheet);
        }
        for copy in missing {
            self.texts.write_missing_copy(copy, &mut self.sheet);
        }
    }
}

impl<W: Write> Observer for TaskSink<W> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.now = now;
        if let Some(costs) = &mut self.costs {
            costs.observe(now, fact, cluster);
        }
        match *fact {
            Fact::TaskCreated { task, .. } => {
                if let Some(row) = self.new_row(now, fact, cluster) {
                    self.create(task, row);
                }
            }
            Fact::TaskPlaced { task, instance, .. } => {
                self.texts.know(instance, cluster);
                if let Some(row) = self.row(task) {
                    row.instance = instance.get();
                    row.more.get_or_insert_default().capacity = Some(now);
                    if let Some(known) = cluster.tasks().get(task) {
                        row.reserved = known.reserved;
                    }
                }
            }
            Fact::TaskStatusChanged { task, to } => {
                let stopped = to == TaskStatus::Stopped;
                let costs = self.costs.as_ref().filter(|_| stopped);
                let cost = Cost::of(costs.and_then(|costs| costs.with(|ledger| ledger.task_cost(task))));
                let Some(row) = self.row(task) else { return };
                row.last = to;
                match to {
                    TaskStatus::Pending => row.pending = now,
                    TaskStatus::Running => row.started = now,
                    TaskStatus::Stopped => {
                        row.stopped = now;
                        row.cost = cost;
                        self.write_window(false);
                    }
                    _ => {}
                }
            }
            Fact::ImagePullStarted { task } => {
                if let Some(row) = self.row(task) {
                    row.pull_started = now;
                }
            }
            Fact::ImagePullStopped { task } => {
                if let Some(row) = self.row(task) {
                    row.pull_stopped = now;
                }
            }
            Fact::ContainerExited { task, container, exit_code, .. } => {
                if let Some(row) = self.row(task) {
                    row.exit(container, exit_code);
                }
            }
            Fact::ContainerStarted { task, restarts, .. } => {
                let health = cluster.tasks().get(task).map(Task::health);
                if let Some(row) = self.row(task).filter(|_| restarts > 0) {
                    let more = row.more.get_or_insert_default();
                    more.restarts = more.restarts.saturating_add(1);
                    more.health = more.health.and(health);
                }
            }
            Fact::ContainerHealthChanged { task, .. } => {
                let health = cluster.tasks().get(task).map(Task::health);
                if let Some(more) = self.row(task).and_then(|row| row.more.as_mut()) {
                    more.health = more.health.and(health);
                }
            }
            Fact::TaskStopRequested { task, reason } => {
                let whose = cluster.tasks().get(task).map(|row| row.origin);
                let text = self.texts.reasons.intern(&reason.text(cluster, whose));
                if let Some(row) = self.row(task) {
                    row.stopping = now;
                    row.stop_code = Some(reason.code());
                    row.stopped_reason = text.get();
                }
            }
            Fact::TaskExecutionStopped { task } => {
                if let Some(row) = self.row(task) {
                    row.execution_stopped = now;
                }
            }
            _ => self.waiting.observe(now, fact, cluster),
        }
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        let missing = self.waiting.missing(cluster);
        for instance in missing.iter().filter_map(|copy| copy.instance) {
            self.texts.know(instance, cluster);
        }
        self.now = now;
        self.write_rest(&missing);
    }
}

impl<W: Write> Sink<W> for TaskSink<W> {
    fn finish(mut self: Box<Self>) -> io::Result<W> {
        self.write_rest(&[]);
        self.sheet.finish()
    }
}

impl Row {
    fn exit(&mut self, container: u8, exit_code: i32) {
        if self.exited == NO_CONTAINER {
            self.exited = container;
            self.exit_code = exit_code;
        } else {
            self.more.get_or_insert_default().exits.push((container, exit_code));
        }
    }

    fn instance(&self) -> Option<InstanceId> {
        (self.instance != NOWHERE).then(|| InstanceId::new(self.instance))
    }

    /// All exits in order.
    fn exits(&self) -> impl Iterator<Item = (u8, i32)> {
        let first = (self.exited != NO_CONTAINER).then_some((self.exited, self.exit_code));
        first.into_iter().chain(self.more.iter().flat_map(|more| more.exits.iter().copied()))
    }

    fn write<W: Write>(&self, task: TaskId, now: SimTime, texts: &Texts, sheet: &mut Sheet<W>) {
        let definitions = &*texts.definitions;
        let definition = &definitions.task_definitions[self.definition];
        let service = self.origin.service();
        let wait = self.more.as_ref().and_then(|more| more.wait);
        sheet.number(u64::from(task.get()) + 1);
        sheet.text(&arn::task_id(definitions, task));
        match self.origin {
            TaskOrigin::Service { service, ordinal, deployment } => {
                sheet.text(&definitions.services[service].name);
                sheet.number(ordinal);
                sheet.text(definitions.groups.name(self.group));
                if deployment == 0 {
                    sheet.text(&texts.deployments[service]);
                } else {
                    sheet.text(&arn::deployment_id_of(definitions, service, deployment));
                }
            }
            TaskOrigin::Source { source, ordinal } => {
                sheet.text(&definitions.sources[source].name);
                sheet.number(ordinal);
                sheet.text(definitions.groups.name(self.group));
                sheet.text(texts.started_by(source));
            }
        }
        sheet.text(&texts.task_definitions[self.definition]);
        sheet.text(service.map_or("", |service| &definitions.services[service].name));
        let more = self.more.as_deref();
        texts.write_place(self.instance(), more.and_then(|more| more.zone), sheet);
        let provider =
            (self.provider != NOWHERE).then(|| &definitions.capacity_providers[ProviderId::new(self.provider)]);
        sheet.text(provider.map_or("", |provider| &provider.name));
        sheet.text(self.launch_type.name());
        sheet.number(self.reserved.cpu);
        sheet.number(self.reserved.memory);
        sheet.gpus(definitions.gpu_sharing, self.reserved.gpus);
        sheet.number(self.reserved.enis);
        sheet.text(self.last.name());
        sheet.text(if self.stop_code.is_some() { DesiredStatus::Stopped } else { DesiredStatus::Running }.name());
        let requested = wait.map_or(self.created, |wait| wait.since);
        let capacity = more.and_then(|more| more.capacity);
        let placed = capacity.unwrap_or(self.created);
        for at in [
            requested,
            self.created,
            placed,
            self.pending,
            self.pull_started,
            self.pull_stopped,
            self.started,
            self.stopping,
            self.execution_stopped,
            self.stopped,
        ] {
            sheet.stamp(at);
        }
        for at in [requested, self.created, placed, self.started, self.stopped] {
            sheet.seconds(at);
        }
        match capacity {
            // `NEVER` is later than anything.
            Some(placed) => write_span(now.min(placed).min(self.stopping).since(self.created), sheet),
            None => sheet.blank(),
        }
        if self.pending == NEVER {
            sheet.blank();
        } else {
            write_span(self.pending.since(self.created), sheet);
        }
        match self.stop_code {
            Some(code) => {
                sheet.text(code.name());
                sheet.text(texts.reasons.name(TextId::new(self.stopped_reason)));
            }
            None => sheet.blanks(2),
        }
        let essential =
            |container: u8| definition.containers.get(usize::from(container)).is_some_and(|it| it.essential);
        match self.exits().find(|(container, _)| essential(*container)) {
            Some((_, code)) => sheet.number(code),
            None => sheet.blank(),
        }
        self.write_exit_codes(definition, sheet);
        sheet.number(wait.map_or(0, |wait| wait.failed).saturating_add(1));
        sheet.text(failure_text(wait));
        sheet.money(self.cost.amount(), COST_DECIMALS);
        sheet.text(more.and_then(|more| more.health).map_or("", HealthStatus::name));
        match more.map_or(0, |more| more.restarts) {
            0 => sheet.blank(),
            restarts => sheet.number(restarts),
        }
        sheet.end_row();
    }

    fn write_exit_codes<W: Write>(&self, definition: &TaskDefinition, sheet: &mut Sheet<W>) {
        let mut exits: Vec<(u8, i32)> = Vec::new();
        if self.more.as_ref().is_some_and(|more| !more.exits.is_empty()) {
            exits.extend(self.exits());
            exits.sort_unstable();
        }
        sheet.build(|out| {
            let mut name = |container: u8, code: i32| {
                if !out.is_empty() {
                    out.push(b';');
                }
                match definition.containers.get(usize::from(container)) {
                    Some(known) => out.extend_from_slice(known.name.as_bytes()),
                    None => out.extend_from_slice(itoa::Buffer::new().format(container).as_bytes()),
                }
                out.push(b'=');
                out.extend_from_slice(itoa::Buffer::new().format(code).as_bytes());
            };
            if exits.is_empty() {
                self.exits().for_each(|(container, code)| name(container, code));
            } else {
                exits.into_iter().for_each(|(container, code)| name(container, code));
            }
        });
    }
}

impl Texts {
    fn started_by(&self, source: SourceId) -> &str {
        let definitions = &*self.definitions;
        definitions.sources.get(source).and_then(|it| it.started_by).map_or("", |text| definitions.texts.name(text))
    }

    /// Remembers what the cells say of an instance.
    fn know(&mut self, instance: InstanceId, cluster: &Cluster) {
        if self.places.len() <= instance.index() {
            self.places.resize_with(instance.index() + 1, || None);
        }
        let (Some(place), Some(row)) = (self.places.get_mut(instance.index()), cluster.instances().get(instance))
        else {
            return;
        };
        place.get_or_insert_with(|| Place {
            name: Arc::clone(&row.name),
            ec2_instance_id: arn::ec2_instance_id(&self.definitions, row).into(),
            shape: row.shape,
            zone: row.zone,
        });
    }

    /// The cells from `containerInstance` to `availabilityZone`.
    fn write_place<W: Write>(&self, instance: Option<InstanceId>, zone: Option<ZoneId>, sheet: &mut Sheet<W>) {
        let definitions = &*self.definitions;
        match instance.and_then(|instance| self.places.get(instance.index())?.as_ref()) {
            Some(place) => {
                sheet.text(&place.name);
                sheet.text(&place.ec2_instance_id);
                sheet.text(&definitions.shapes[place.shape].instance_type);
                sheet.text(definitions.zones.name(place.zone));
            }
            None => {
                sheet.blanks(3);
                sheet.text(zone.map_or("", |zone| definitions.zones.name(zone)));
            }
        }
    }

    /// A copy of a workload or a call.
    fn write_unplaced_copy<W: Write>(&self, source: SourceId, ordinal: u32, wait: Wait, sheet: &mut Sheet<W>) {
        sheet.blanks(2);
        sheet.text(self.definitions.sources.get(source).map_or("", |it| &it.name));
        sheet.number(ordinal);
        sheet.blank();
        sheet.text(self.started_by(source));
        // The task definition is not known here: the request that would tell it never became a task.
        sheet.blanks(2);
        self.write_place(None, None, sheet);
        sheet.blanks(6);
        write_wait(wait, sheet);
    }

    /// A copy that a service still wants.
    fn write_missing_copy<W: Write>(&self, copy: &MissingCopy, sheet: &mut Sheet<W>) {
        let service = &self.definitions.services[copy.service];
        let definition = &self.definitions.task_definitions[service.task_definition()];
        let reserved = definition.requirements.least();
        sheet.blanks(2);
        sheet.text(&service.name);
        sheet.number(copy.ordinal);
        sheet.text(self.definitions.groups.name(service.group));
        sheet.text(&self.deployments[copy.service]);
        sheet.text(&self.task_definitions[service.task_definition()]);
        sheet.text(&service.name);
        let meant_for = copy.instance.filter(|_| service.scheduling == SchedulingStrategy::Daemon);
        self.write_place(meant_for, None, sheet);
        sheet.blanks(2);
        sheet.number(reserved.cpu);
        sheet.number(reserved.memory);
        sheet.gpus(self.definitions.gpu_sharing, reserved.gpus);
        sheet.number(reserved.enis);
        write_wait(copy.wait, sheet);
    }
}

/// The cells from `lastStatus` on, for a copy that was never placed.
fn write_wait<W: Write>(wait: Wait, sheet: &mut Sheet<W>) {
    sheet.blanks(2);
    sheet.stamp(wait.since);
    sheet.blanks(9);
    sheet.seconds(wait.since);
    sheet.blanks(10);
    sheet.number(wait.failed);
    sheet.text(failure_text(Some(wait)));
    sheet.blanks(3);
    sheet.end_row();
}

/// A span of time in seconds, three decimals.
fn write_span<W: Write>(span: Span, sheet: &mut Sheet<W>) {
    sheet.decimal(span.ms() / 1000, span.ms() % 1000, 3);
}

fn failure_text(wait: Option<Wait>) -> &'static str {
    wait.and_then(|wait| wait.failure).map_or("", Failure::text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::kit::{Kit, cells, ms, write};
    use crate::sinks::{TraceKind, open};
    use ecsim_cluster::fact::{HeldBack, StartTaskFailure};
    use ecsim_cluster::reasons::StartError;
    use ecsim_cluster::{InstanceStatus, Rejection, StopReason};

    /// The cells of one row, in the order asked for.
    fn pick<'a>(row: &'a std::collections::BTreeMap<String, String>, columns: &[&str]) -> Vec<&'a str> {
        columns.iter().map(|column| row[*column].as_str()).collect()
    }

    #[test]
    fn tsk_005_every_time_stamp() {
        let mut kit = Kit::new();
        kit.register("b", ms(0));
        let task = kit.place(ms(1000), "vpc", "b");
        kit.fact(ms(2000), Fact::TaskStatusChanged { task, to: TaskStatus::Pending });
        kit.fact(ms(2500), Fact::TaskAdmitted { task });
        kit.fact(ms(3000), Fact::ImagePullStarted { task });
        kit.fact(ms(4000), Fact::ImagePullStopped { task });
        kit.fact(ms(5000), Fact::TaskStatusChanged { task, to: TaskStatus::Running });
        kit.fact(ms(6000), Fact::TaskStopRequested { task, reason: StopReason::ScaleIn });
        kit.fact(ms(6000), Fact::TaskStatusChanged { task, to: TaskStatus::Stopping });
        kit.fact(ms(7000), Fact::ContainerExited { task, container: 0, exit_code: 143, out_of_memory: false });
        kit.fact(ms(7000), Fact::TaskExecutionStopped { task });
        kit.fact(ms(7000), Fact::TaskStatusChanged { task, to: TaskStatus::Deprovisioning });
        kit.fact(ms(86_400_250), Fact::TaskStatusChanged { task, to: TaskStatus::Stopped });
        let row = &cells(&kit, TraceKind::Tasks)[0];
        for (column, at) in [
            ("requestedAt", "02T00:00:01.000Z"),
            ("createdAt", "02T00:00:01.000Z"),
            ("pullStartedAt", "02T00:00:03.000Z"),
            ("pullStoppedAt", "02T00:00:04.000Z"),
            ("startedAt", "02T00:00:05.000Z"),
            ("stoppingAt", "02T00:00:06.000Z"),
            ("executionStoppedAt", "02T00:00:07.000Z"),
            ("stoppedAt", "03T00:00:00.250Z"),
        ] {
            assert_eq!(row[column], format!("2026-03-{at}"), "{column}");
        }
        let seconds = pick(row, &["requestedSeconds", "createdSeconds", "startedSeconds", "stoppedSeconds"]);
        assert_eq!(seconds, ["1.000", "1.000", "5.000", "86400.250"]);
        assert_eq!(pick(row, &["task", "enis", "cpu", "memory", "gpus"]), ["1", "1", "256", "512", "0"]);
        assert_eq!(pick(row, &["lastStatus", "desiredStatus", "placementAttempts"]), ["STOPPED", "STOPPED", "1"]);
        assert_eq!(row["taskId"].len(), 32);
    }

    #[test]
    fn cas_008_a_task_that_waited_for_an_instance_says_how_long() {
        let mut kit = Kit::new();
        let tasks = [kit.place(ms(1000), "web", "cp-spot"), kit.place(ms(1000), "vpc", "cp-spot")];
        let left = kit.place(ms(2000), "web", "cp-spot");
        let instance = kit.launch(ms(2000), ecsim_cluster::Market::Spot);
        kit.serve(ms(60_000), instance);
        for task in tasks {
            kit.give(ms(61_500), task, instance);
        }
        kit.run(tasks[0], ms(62_000));
        let reason = StopReason::NoCapacity(ecsim_cluster::Unprovisioned::Rejected(Rejection::Cpu));
        kit.fact(ms(902_000), Fact::TaskStopRequested { task: left, reason });
        kit.end(ms(902_000), left, &[]);
        let fourth = kit.place(ms(903_000), "web", "cp-spot");
        kit.end_at(ms(905_000));
        let rows = cells(&kit, TraceKind::Tasks);
        let columns = [
            "containerInstance",
            "availabilityZone",
            "capacityProvider",
            "launchType",
            "cpu",
            "createdSeconds",
            "placedSeconds",
            "waitedForCapacitySeconds",
            "provisioningSeconds",
            "lastStatus",
        ];
        let picked: Vec<_> = rows.iter().map(|row| pick(row, &columns)).collect();
        assert_eq!(
            picked,
            [
                ["spot-1", "us-east-1a", "cp-spot", "EC2", "256", "1.000", "61.500", "60.500", "61.000", "RUNNING"],
                ["spot-1", "us-east-1a", "cp-spot", "EC2", "256", "1.000", "61.500", "60.500", "", "PROVISIONING"],
                ["", "", "cp-spot", "EC2", "256", "2.000", "", "900.000", "", "STOPPED"],
                ["", "", "cp-spot", "EC2", "256", "903.000", "", "2.000", "", "PROVISIONING"],
            ]
        );
        assert_eq!(rows[0]["placedAt"], "2026-03-02T00:01:01.500Z");
        assert_eq!(rows[0]["pendingAt"], "2026-03-02T00:01:02.000Z");
        assert_eq!(
            pick(&rows[2], &["stopCode", "stoppedReason"]),
            ["TaskFailedToStart", "TaskFailedToStart: RESOURCE:CPU"]
        );
        assert_eq!(rows[3]["taskId"], arn::task_id(kit.definitions(), fourth));
    }

    #[test]
    fn fgt_002_a_fargate_task_has_a_zone_and_no_instance() {
        let mut kit = Kit::new();
        let task = kit.place(ms(1000), "vpc", "FARGATE");
        kit.run(task, ms(31_000));
        let row = &cells(&kit, TraceKind::Tasks)[0];
        let columns = ["containerInstance", "instanceType", "availabilityZone", "capacityProvider", "launchType"];
        assert_eq!(pick(row, &columns), ["", "", "us-east-1b", "FARGATE", "FARGATE"]);
        let columns = ["cpu", "enis", "placedSeconds", "waitedForCapacitySeconds", "provisioningSeconds"];
        assert_eq!(pick(row, &columns), ["256", "1", "1.000", "", "30.000"]);
    }

    #[test]
    fn the_host_of_a_lost_task_is_named_after_it_is_gone() {
        let mut kit = Kit::new();
        let instance = kit.launch(ms(0), ecsim_cluster::Market::Spot);
        kit.serve(ms(1000), instance);
        let task = kit.place(ms(2000), "web", "cp-spot");
        kit.give(ms(2000), task, instance);
        kit.run(task, ms(3000));
        kit.interrupt(ms(10_000), instance);
        kit.fact(ms(130_000), Fact::TaskStopRequested { task, reason: StopReason::HostTerminated(instance) });
        kit.reclaim(ms(130_000), instance);
        kit.end(ms(130_000), task, &[137]);
        let row = &cells(&kit, TraceKind::Tasks)[0];
        let expected = format!("Host EC2 (instance {}) terminated.", row["ec2InstanceId"]);
        assert_eq!(pick(row, &["stopCode", "stoppedReason"]), ["TerminationNotice", expected.as_str()]);
    }

    #[test]
    fn tsk_010_stop_codes_and_reasons() {
        let expected = [
            (StopReason::ScaleIn, "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/"),
            (StopReason::EssentialContainerExited, "EssentialContainerExited", "Essential container in task exited"),
            (StopReason::UserInitiated(None), "UserInitiated", "Task stopped by user"),
            (StopReason::HostTerminated(InstanceId::new(0)), "TerminationNotice", "Host EC2 (instance i-"),
            (StopReason::FailedToStart(StartError::NoDynamicPort), "TaskFailedToStart", "CannotStartContainerError: "),
        ];
        for (reason, code, text) in expected {
            let mut kit = Kit::new();
            kit.register("a", ms(0));
            let task = kit.place(ms(1000), "web", "a");
            kit.fact(ms(2000), Fact::TaskStopRequested { task, reason });
            kit.end(ms(3000), task, &[1]);
            let row = &cells(&kit, TraceKind::Tasks)[0];
            assert_eq!(row["stopCode"], code);
            assert!(row["stoppedReason"].starts_with(text), "{}", row["stoppedReason"]);
        }
    }

    #[test]
    fn exit_codes_by_container_and_of_the_first_essential_one() {
        let mut kit = Kit::new();
        kit.register("gpu", ms(0));
        kit.request(ms(0), 1);
        let task = kit.place_copy(ms(0), 0, "gpu");
        kit.run(task, ms(1000));
        kit.fact(ms(2000), Fact::ContainerExited { task, container: 1, exit_code: 137, out_of_memory: true });
        kit.fact(ms(3000), Fact::ContainerExited { task, container: 0, exit_code: -1, out_of_memory: false });
        let row = &cells(&kit, TraceKind::Tasks)[0];
        assert_eq!(pick(row, &["exitCode", "exitCodes"]), ["-1", "app=-1;sidecar=137"]);
        assert_eq!(pick(row, &["source", "ordinal", "group", "service"]), ["job", "0", "family:job", ""]);
        assert_eq!(pick(row, &["startedBy", "taskDefinition", "gpus"]), ["me, \"myself\"", "job:2", "3"]);
        assert!(write(&kit, TraceKind::Tasks).contains("\"me, \"\"myself\"\"\""), "quoted as CSV wants it");
    }

    #[test]
    fn a_copy_that_waited_says_how_long_and_for_what() {
        let mut kit = Kit::new();
        kit.register("gpu", ms(0));
        kit.request(ms(1000), 1);
        kit.unplaced(ms(1000), 0, 1, &[Rejection::Attribute, Rejection::Gpu]);
        kit.unplaced(ms(2000), 0, 1, &[Rejection::Attribute, Rejection::Memory]);
        kit.place_copy(ms(3000), 0, "gpu");
        let row = &cells(&kit, TraceKind::Tasks)[0];
        let columns = ["requestedSeconds", "createdSeconds", "placementAttempts", "placementFailure"];
        assert_eq!(pick(row, &columns), ["1.000", "3.000", "3", "RESOURCE:MEMORY"]);
    }

    #[test]
    fn flr_001_copies_that_were_never_placed_have_rows_with_their_reason() {
        let mut kit = Kit::new();
        kit.register("gpu", ms(0));
        kit.request(ms(1000), 4);
        kit.unplaced(ms(1000), 1, 2, &[Rejection::Cpu, Rejection::Eni]);
        kit.unplaced(ms(1000), 3, 1, &[]);
        let (source, instance) = (kit.job(), kit.instance("a"));
        kit.fact(ms(1000), Fact::RequestDropped { source, ordinal: 1 });
        kit.fact(ms(2000), Fact::StartTaskFailed { source, ordinal: 2, instance, failure: StartTaskFailure::Missing });
        kit.place_copy(ms(3000), 0, "gpu");
        let rows = cells(&kit, TraceKind::Tasks);
        let columns =
            ["task", "taskId", "ordinal", "requestedSeconds", "placementAttempts", "placementFailure", "lastStatus"];
        let picked: Vec<_> = rows[1..].iter().map(|row| pick(row, &columns)).collect();
        assert_eq!(
            picked,
            [
                ["", "", "1", "1.000", "1", "RESOURCE:ENI", ""],
                ["", "", "2", "1.000", "2", "MISSING", ""],
                ["", "", "3", "1.000", "1", "No Container Instances were found in your cluster.", ""],
            ]
        );
        assert_eq!(rows.len(), 4, "as many rows as copies were asked for");
    }

    #[test]
    fn cas_009_what_was_turned_away_says_so() {
        let mut kit = Kit::new();
        let web = kit.service("web");
        kit.request(ms(1000), 2);
        let (source, by) = (kit.job(), HeldBack::ProvisioningQuota);
        kit.fact(ms(1000), Fact::RequestRefused { source, ordinal: 0, count: 2, by });
        kit.fact(ms(1000), Fact::RequestDropped { source, ordinal: 0 });
        kit.fact(ms(1000), Fact::RequestDropped { source, ordinal: 1 });
        kit.fact(ms(2000), Fact::ServiceHeldBack { service: web, by });
        kit.end_at(ms(5000));
        let rows = cells(&kit, TraceKind::Tasks);
        let told: Vec<_> = rows.iter().map(|row| pick(row, &["source", "placementFailure"])).collect();
        assert!(told.iter().all(|row| row[1] == by.text()), "{told:?}");
        assert!(told.len() > 2 && told.iter().any(|row| row[0] == "web"), "{told:?}");
    }

    #[test]
    fn what_a_service_misses_at_the_end_has_rows_too() {
        let mut kit = Kit::new();
        let (web, log) = (kit.service("web"), kit.service("log"));
        let a = kit.register("a", ms(0));
        kit.place(ms(1000), "web", "a");
        kit.service_unplaced(ms(1000), web, &[Rejection::Ports]);
        kit.service_unplaced(ms(9000), web, &[Rejection::Ports]);
        let mut rejections = ecsim_cluster::RejectionCounts::default();
        rejections.add(Rejection::Memory);
        kit.fact(
            ms(9000),
            Fact::ServiceUnplaced { service: log, instance: Some(a), zone: None, rejections, closest: None },
        );
        let columns = [
            "task",
            "source",
            "ordinal",
            "containerInstance",
            "requestedSeconds",
            "placementAttempts",
            "placementFailure",
        ];
        let rows = cells(&kit, TraceKind::Tasks);
        let picked: Vec<_> = rows[1..].iter().map(|row| pick(row, &columns)).collect();
        assert_eq!(
            picked,
            [
                ["", "log", "0", "a", "9.000", "1", "RESOURCE:MEMORY"],
                ["", "web", "1", "", "1.000", "2", "RESOURCE:PORTS"],
            ]
        );
        assert_eq!(rows[1]["cpu"], "512");
    }

    #[test]
    fn a_service_that_has_what_it_wants_misses_nothing() {
        let mut kit = Kit::new();
        let web = kit.service("web");
        let a = kit.register("a", ms(0));
        kit.service_unplaced(ms(1000), web, &[Rejection::Agent]);
        kit.fact(ms(2000), Fact::DesiredCountChanged { service: web, to: 1 });
        kit.place(ms(3000), "web", "a");
        kit.fact(ms(9000), Fact::InstanceStatusChanged { instance: a, to: InstanceStatus::Draining });
        let rows = cells(&kit, TraceKind::Tasks);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            pick(&rows[0], &["requestedSeconds", "placementAttempts", "placementFailure"]),
            ["1.000", "2", "AGENT"]
        );
    }

    #[test]
    fn rows_are_in_the_order_of_creation_whenever_tasks_stop() {
        let mut kit = Kit::new();
        kit.register("b", ms(0));
        let tasks = [kit.place(ms(1), "vpc", "b"), kit.place(ms(2), "vpc", "b")];
        for task in [tasks[1], tasks[0]] {
            kit.fact(ms(5), Fact::TaskStopRequested { task, reason: StopReason::ScaleIn });
            kit.end(ms(5), task, &[0]);
        }
        let last = kit.place(ms(6), "vpc", "b");
        let rows = cells(&kit, TraceKind::Tasks);
        let numbers: Vec<&str> = rows.iter().map(|row| row["task"].as_str()).collect();
        assert_eq!(numbers, ["1", "2", "3"]);
        assert_eq!(pick(&rows[2], &["desiredStatus", "lastStatus", "stoppedAt"]), ["RUNNING", "PROVISIONING", ""]);
        assert_eq!(rows[2]["taskId"], arn::task_id(kit.definitions(), last));
    }

    #[test]
    fn a_run_that_was_cut_short_leaves_what_is_known() {
        let kit = Kit::busy();
        let mut sink = open(TraceKind::Tasks, kit.definitions(), Vec::new());
        let mut cluster = Cluster::new(Arc::clone(kit.definitions()));
        for (at, fact) in kit.facts() {
            cluster.apply(*at, fact);
            sink.observe(*at, fact, &cluster);
        }
        let text = String::from_utf8(sink.finish().expect("writing to memory")).expect("UTF-8");
        // Without costs: those of the tasks that are left grow until the run ends.
        let mut whole = open(TraceKind::Tasks, kit.definitions(), Vec::new());
        kit.replay(&mut *whole);
        let whole = String::from_utf8(whole.finish().expect("writing to memory")).expect("UTF-8");
        assert!(whole.starts_with(&text));
    }
}
