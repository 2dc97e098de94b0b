//! `tasks.csv`: one row per task in the order of creation, then one per copy that was asked for and never placed.
//!
//! A row is complete when its task has stopped, and tasks do not stop in the order in which they were created. So rows
//! wait in a window, 120 bytes each, until all earlier ones are written; nothing else is kept of a task.
//!
//! Time stamps are those of TSK-005. `requestedAt` is ours: when somebody first wanted this copy. For a workload or a call
//! that is the call; for a service it is its first failed attempt since it last had all it wanted, else the creation itself.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;

use ecsim_cluster::arn;
use ecsim_cluster::definitions::{SchedulingStrategy, TaskDefinition};
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{
    Cluster, Definitions, DesiredStatus, Fact, GroupId, InstanceId, Observer, Resources, ServiceId, SourceId,
    StopReason, TaskDefinitionId, TaskId, TaskStatus,
};
use ecsim_kernel::{SimTime, Table};

use super::sheet::{NEVER, Sheet};
use super::waiting::{Failure, MissingCopy, Wait, Waiting};
use super::{Column, Sink, column};

/// The columns of `tasks.csv`.
pub const COLUMNS: [Column; 37] = [
    column(
        "task",
        "number",
        "The task's number in the order of creation, from 1; blank for a copy that was never placed.",
    ),
    column("taskId", "", "The last part of the task's ARN; blank for a copy that was never placed."),
    column("source", "", "Who wanted it: the service, the workload entry, or the call of the timeline."),
    column("ordinal", "number", "Which copy or start of its source it is, from 0."),
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
    column("capacityProvider", "", "The capacity provider that placed it; blank without one."),
    column("cpu", "CPU units", "What it reserves; 1,024 units are one vCPU."),
    column("memory", "MiB", "What it reserves."),
    column("gpus", "count", "Whole GPUs that it reserves."),
    column("enis", "count", "Task network interfaces that it takes: 1 in network mode awsvpc, else 0."),
    column("lastStatus", "", "The last status it is known to have, at the end of the run if it lives that long."),
    column("desiredStatus", "", "What ECS wants of it: RUNNING or STOPPED."),
    column("requestedAt", "ISO 8601", "When this copy was first wanted."),
    column("createdAt", "ISO 8601", "When it was placed and its resources were reserved."),
    column("pullStartedAt", "ISO 8601", "When the pull of its images began."),
    column("pullStoppedAt", "ISO 8601", "When the pull of its images was complete."),
    column("startedAt", "ISO 8601", "When it reached RUNNING."),
    column("stoppingAt", "ISO 8601", "When its desired status became STOPPED."),
    column("executionStoppedAt", "ISO 8601", "When its last container exited."),
    column("stoppedAt", "ISO 8601", "When it reached STOPPED."),
    column("requestedSeconds", "seconds since start", "requestedAt as a number."),
    column("createdSeconds", "seconds since start", "createdAt as a number."),
    column("startedSeconds", "seconds since start", "startedAt as a number."),
    column("stoppedSeconds", "seconds since start", "stoppedAt as a number."),
    column("stopCode", "", "What kind of stop it was (TSK-010)."),
    column("stoppedReason", "", "Why it stopped, in the words of AWS (TSK-010)."),
    column("exitCode", "exit code", "The exit code of the first essential container that exited."),
    column("exitCodes", "", "The exit codes of all containers that exited, as app=0;sidecar=137."),
    column("placementAttempts", "count", "How many attempts to place it were made, the successful one included."),
    column("placementFailure", "", "What the last failed attempt failed on, if any did (FLR-001)."),
];

/// Writes `tasks.csv`.
pub struct TaskSink<W: Write> {
    sheet: Sheet<W>,
    texts: Texts,
    waiting: Waiting,
    /// The tasks whose rows are not written, in order.
    window: VecDeque<Row>,
    /// The number of the first task in the window.
    first: u32,
    ended: bool,
}

/// Texts that many rows share.
struct Texts {
    definitions: Arc<Definitions>,
    task_definitions: Table<TaskDefinitionId, String>,
    ec2_instances: Table<InstanceId, String>,
    deployments: Table<ServiceId, String>,
}

/// A task whose row is not written. There can be a million of them.
struct Row {
    created: SimTime,
    pull_started: SimTime,
    pull_stopped: SimTime,
    started: SimTime,
    stopping: SimTime,
    execution_stopped: SimTime,
    stopped: SimTime,
    /// What few tasks have.
    more: Option<Box<More>>,
    reason: Option<StopReason>,
    origin: TaskOrigin,
    reserved: Resources,
    definition: TaskDefinitionId,
    group: GroupId,
    instance: InstanceId,
    /// Of the first container that exited.
    exit_code: i32,
    /// The first container that exited; [`NO_CONTAINER`] before.
    exited: u8,
    last: TaskStatus,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Row>() <= 120);

const NO_CONTAINER: u8 = u8::MAX;

/// What few tasks have.
#[derive(Default)]
struct More {
    /// That it had to wait.
    wait: Option<Wait>,
    /// Exits after the first, with their codes, in order.
    exits: Vec<(u8, i32)>,
}

impl<W: Write> TaskSink<W> {
    /// A sink that writes into `writer`; the header is written at once.
    pub fn new(definitions: Arc<Definitions>, writer: W) -> Self {
        let sheet = Sheet::new(writer, &COLUMNS, definitions.start_unix_ms);
        let texts = Texts {
            task_definitions: definitions.task_definitions.values().map(TaskDefinition::display_name).collect(),
            ec2_instances: definitions.instances.ids().map(|id| arn::ec2_instance_id(&definitions, id)).collect(),
            deployments: definitions.services.ids().map(|id| arn::deployment_id(&definitions, id)).collect(),
            definitions,
        };
        Self { sheet, texts, waiting: Waiting::default(), window: VecDeque::new(), first: 0, ended: false }
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
            row.write(TaskId::new(self.first), &self.texts, &mut self.sheet);
            self.window.pop_front();
            self.first += 1;
        }
    }

    fn write_rest(&mut self, missing: &[MissingCopy]) {
        if core::mem::replace(&mut self.ended, true) {
            return;
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
        match *fact {
            Fact::TaskCreated { task, definition, group, origin, instance, requirements, .. } => {
                let wait = self.waiting.placed(origin, instance, cluster);
                let known = cluster.tasks().get(task);
                self.create(
                    task,
                    Row {
                        created: now,
                        pull_started: NEVER,
                        pull_stopped: NEVER,
                        started: NEVER,
                        stopping: NEVER,
                        execution_stopped: NEVER,
                        stopped: NEVER,
                        more: wait
                            .filter(|wait| wait.since != now || wait.failed > 0)
                            .map(|wait| Box::new(More { wait: Some(wait), exits: Vec::new() })),
                        reason: None,
                        origin,
                        reserved: known.map_or(requirements.least(), |task| task.reserved),
                        definition,
                        group,
                        instance,
                        exit_code: 0,
                        exited: NO_CONTAINER,
                        last: known.map_or(TaskStatus::Pending, |task| task.last),
                    },
                );
            }
            Fact::TaskStatusChanged { task, to } => {
                let Some(row) = self.row(task) else { return };
                row.last = to;
                match to {
                    TaskStatus::Running => row.started = now,
                    TaskStatus::Stopped => {
                        row.stopped = now;
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
            Fact::TaskStopRequested { task, reason } => {
                if let Some(row) = self.row(task) {
                    row.stopping = now;
                    row.reason = Some(reason);
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

    fn run_ended(&mut self, _: SimTime, cluster: &Cluster) {
        let missing = self.waiting.missing(cluster);
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

    /// All exits in order.
    fn exits(&self) -> impl Iterator<Item = (u8, i32)> {
        let first = (self.exited != NO_CONTAINER).then_some((self.exited, self.exit_code));
        first.into_iter().chain(self.more.iter().flat_map(|more| more.exits.iter().copied()))
    }

    fn write<W: Write>(&self, task: TaskId, texts: &Texts, sheet: &mut Sheet<W>) {
        let definitions = &*texts.definitions;
        let definition = &definitions.task_definitions[self.definition];
        let service = self.origin.service();
        let wait = self.more.as_ref().and_then(|more| more.wait);
        sheet.number(u64::from(task.get()) + 1);
        sheet.text(&arn::task_id(definitions, task));
        match self.origin {
            TaskOrigin::Service { service, ordinal } => {
                sheet.text(&definitions.services[service].name);
                sheet.number(ordinal);
                sheet.text(definitions.groups.name(self.group));
                sheet.text(&texts.deployments[service]);
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
        texts.write_place(Some(self.instance), sheet);
        sheet.number(self.reserved.cpu);
        sheet.number(self.reserved.memory);
        sheet.number(self.reserved.gpus);
        sheet.number(self.reserved.enis);
        sheet.text(self.last.name());
        sheet.text(if self.reason.is_some() { DesiredStatus::Stopped } else { DesiredStatus::Running }.name());
        let requested = wait.map_or(self.created, |wait| wait.since);
        for at in [
            requested,
            self.created,
            self.pull_started,
            self.pull_stopped,
            self.started,
            self.stopping,
            self.execution_stopped,
            self.stopped,
        ] {
            sheet.stamp(at);
        }
        for at in [requested, self.created, self.started, self.stopped] {
            sheet.seconds(at);
        }
        match self.reason {
            Some(reason) => {
                sheet.text(reason.code().name());
                sheet.text(&reason.text(definitions, service));
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
        sheet.end_row();
    }

    fn write_exit_codes<W: Write>(&self, definition: &TaskDefinition, sheet: &mut Sheet<W>) {
        let mut exits: Vec<(u8, i32)> = Vec::new();
        if self.more.is_some() {
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

    /// The cells from `containerInstance` to `capacityProvider`.
    fn write_place<W: Write>(&self, instance: Option<InstanceId>, sheet: &mut Sheet<W>) {
        let Some(instance) = instance else {
            return sheet.blanks(5);
        };
        let definitions = &*self.definitions;
        let planned = &definitions.instances[instance];
        sheet.text(&planned.name);
        sheet.text(&self.ec2_instances[instance]);
        sheet.text(&definitions.shapes[planned.shape].instance_type);
        sheet.text(definitions.zones.name(planned.zone));
        sheet.blank();
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
        self.write_place(None, sheet);
        sheet.blanks(4);
        write_wait(wait, sheet);
    }

    /// A copy that a service still wants.
    fn write_missing_copy<W: Write>(&self, copy: &MissingCopy, sheet: &mut Sheet<W>) {
        let service = &self.definitions.services[copy.service];
        let definition = &self.definitions.task_definitions[service.task_definition];
        let reserved = definition.requirements.least();
        sheet.blanks(2);
        sheet.text(&service.name);
        sheet.number(copy.ordinal);
        sheet.text(self.definitions.groups.name(service.group));
        sheet.text(&self.deployments[copy.service]);
        sheet.text(&self.task_definitions[service.task_definition]);
        sheet.text(&service.name);
        self.write_place(copy.instance.filter(|_| service.scheduling == SchedulingStrategy::Daemon), sheet);
        sheet.number(reserved.cpu);
        sheet.number(reserved.memory);
        sheet.number(reserved.gpus);
        sheet.number(reserved.enis);
        write_wait(copy.wait, sheet);
    }
}

/// The cells from `lastStatus` on, for a copy that was never placed.
fn write_wait<W: Write>(wait: Wait, sheet: &mut Sheet<W>) {
    sheet.blanks(2);
    sheet.stamp(wait.since);
    sheet.blanks(7);
    sheet.seconds(wait.since);
    sheet.blanks(7);
    sheet.number(wait.failed);
    sheet.text(failure_text(Some(wait)));
    sheet.end_row();
}

fn failure_text(wait: Option<Wait>) -> &'static str {
    wait.and_then(|wait| wait.failure).map_or("", Failure::text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::kit::{Kit, cells, ms, write};
    use crate::sinks::{TraceKind, open};
    use ecsim_cluster::fact::StartTaskFailure;
    use ecsim_cluster::reasons::StartError;
    use ecsim_cluster::{InstanceStatus, Rejection};

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
        assert!(write(&kit, TraceKind::Tasks).starts_with(&text));
    }
}
