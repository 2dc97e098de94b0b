//! Controllers are tested without the engine: a stand-in here carries out their commands and writes down what happened.
//!
//! It places with the definition of placement, lets tasks run and stop after fixed times, and wakes controllers as the
//! engine promises to: `scheduler_latency` after the first fact that concerns them, or when they asked to be woken.

mod daemon;
mod deployments;
mod replica;
mod scale_in;
mod zones;

use std::collections::BTreeMap;

use ecsim_cluster::definitions::{LaunchType, SchedulingStrategy};
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{
    Command, DeploymentStatus, Fact, InstanceId, InstanceStatus, RejectionCounts, ServiceId, ServiceStatus, StopReason,
    TargetState, TaskId, TaskStatus, invariants,
};
use ecsim_kernel::{Key, SimTime, Span};

use super::{ServiceController, health};
use crate::placement::{Request, Ties, fit, reference};
use crate::purposes;
use crate::settings::TieBreak;
use crate::testkit::{Lab, Plan};
use crate::view::{Controller, Decision};

/// More commands in a turn are an endless loop.
const MOST_COMMANDS: usize = 20_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Todo {
    Run(TaskId),
    Finish(TaskId),
}

/// The stand-in for the engine.
struct Bench {
    lab: Lab,
    controllers: Vec<(ServiceController, Option<SimTime>)>,
    todo: BTreeMap<(SimTime, Todo), ()>,
    /// How long a task takes to reach RUNNING; `None`: for ever.
    run_after: Option<Span>,
    /// How long a stopped task takes to reach STOPPED.
    stop_after: Span,
    log: Vec<String>,
    /// The messages of SVC-051 about stops, which the log leaves out beside the stops themselves: when, the first, how many.
    said_stopped: Vec<(u64, u32, u32)>,
    /// Turns taken, and commands carried out.
    turns: usize,
    commands: usize,
    /// Large benches do not recount everything after each turn.
    recount: bool,
}

fn secs(secs: u64) -> SimTime {
    SimTime::from_ms(secs * 1_000)
}

impl Bench {
    /// Latency 0, tasks RUNNING and STOPPED after a second, ordinal ties.
    fn new(lab: Lab) -> Self {
        let mut bench = Self {
            controllers: Vec::new(),
            lab,
            todo: BTreeMap::new(),
            run_after: Some(Span::from_secs(1)),
            stop_after: Span::from_secs(1),
            log: Vec::new(),
            said_stopped: Vec::new(),
            turns: 0,
            commands: 0,
            recount: true,
        };
        bench.lab.settings.scheduler_latency = Span::ZERO;
        bench.lab.settings.placement_tie_break = TieBreak::Fixed;
        bench.lab.settings.steady_event_jitter = (Span::ZERO, Span::ZERO);
        bench.lab.settings.deployments.first_task_digest_gate = false;
        bench
    }

    /// Hands the services to their controllers; what happened before is not their news.
    fn begin(&mut self) {
        let services: Vec<ServiceId> = self.lab.cluster.services().ids().collect();
        for service in services {
            let controller = ServiceController::new(service, &self.lab.cluster);
            assert_eq!(controller.service(), service);
            self.controllers.push((controller, None));
            self.wake(service);
        }
    }

    fn name(&self, service: ServiceId) -> String {
        self.lab.cluster.definitions().services[service].name.clone()
    }

    fn service(&self, name: &str) -> ServiceId {
        let services = &self.lab.cluster.definitions().services;
        services.iter().find(|(_, service)| service.name == name).expect("a service of the plan").0
    }

    fn note(&mut self, text: impl AsRef<str>) {
        let ms = self.lab.now.ms();
        let time =
            if ms % 1_000 < 50 { format!("{}", ms / 1_000) } else { format!("{}.{:03}", ms / 1_000, ms % 1_000) };
        self.log.push(format!("{time} {}", text.as_ref()));
    }

    /// What was written down since the last call.
    fn take_log(&mut self) -> Vec<String> {
        core::mem::take(&mut self.log)
    }

    /// Only the lines with that text in them.
    fn lines(&self, with: &str) -> Vec<&str> {
        self.log.iter().map(String::as_str).filter(|line| line.contains(with)).collect()
    }

    fn wake(&mut self, service: ServiceId) {
        let settings = &self.lab.settings;
        let at = self.lab.now + settings.scheduler_latency.max(settings.reaction);
        if let Some((_, wake)) = self.controllers.iter_mut().find(|(controller, _)| controller.service() == service) {
            *wake = Some(wake.map_or(at, |before| before.min(at)));
        }
    }

    /// A fact happens, and wakes whom it concerns.
    fn fact(&mut self, fact: Fact) {
        let concerned = match fact {
            Fact::TaskStatusChanged { task, .. }
            | Fact::TaskStopRequested { task, .. }
            | Fact::TaskProtectionChanged { task, .. } => self.lab.cluster.task(task).service(),
            Fact::ServiceStatusChanged { service, .. } | Fact::ServiceUpdated { service } => Some(service),
            _ => None,
        };
        let on_instance = matches!(
            fact,
            Fact::InstanceStatusChanged { .. }
                | Fact::AgentConnectionChanged { .. }
                | Fact::AttributePut { .. }
                | Fact::AttributeDeleted { .. }
        );
        let on_resources =
            matches!(fact, Fact::TaskCreated { .. } | Fact::TaskStopRequested { .. } | Fact::TaskStatusChanged { .. });
        self.lab.apply(fact);
        let services: Vec<ServiceId> = self.lab.cluster.services().ids().collect();
        for service in services {
            let daemon = self.lab.cluster.definitions().services[service].scheduling == SchedulingStrategy::Daemon
                && on_resources;
            if concerned == Some(service) || on_instance || daemon {
                self.wake(service);
            }
        }
    }

    /// A task of the service on that instance, RUNNING from now on.
    fn running(&mut self, service: &str, instance: &str) -> TaskId {
        let task = self.pending(service, instance);
        self.run(task);
        task
    }

    /// A task of the service on that instance that never gets further by itself.
    fn pending(&mut self, service: &str, instance: &str) -> TaskId {
        let (service, instance) = (self.service(service), self.lab.instance(instance));
        let row = &self.lab.cluster.services()[service];
        let request = self.lab.request(row.task_definition, row.group, row.placement);
        self.lab.put_for(service, &request, instance)
    }

    fn run(&mut self, task: TaskId) {
        self.fact(Fact::TaskAdmitted { task });
        self.fact(Fact::TaskStatusChanged { task, to: TaskStatus::Running });
        // Behind a load balancer it is found healthy at once.
        let row = self.lab.cluster.task(task);
        let of = row.service().zip(row.deployment());
        let groups =
            of.map(|(service, deployment)| self.lab.cluster.revision(service, deployment).target_groups.clone());
        for group in groups.unwrap_or_default() {
            self.fact(Fact::TargetRegistered { task, group });
            self.fact(Fact::TargetStateChanged { task, group, to: TargetState::Healthy });
        }
    }

    /// The task stops by itself, or somebody stops it.
    fn lose(&mut self, task: TaskId, reason: StopReason) {
        self.fact(Fact::TaskStopRequested { task, reason });
        self.todo.insert((self.lab.now + self.stop_after, Todo::Finish(task)), ());
    }

    fn drain(&mut self, instance: &str) {
        let instance = self.lab.instance(instance);
        self.fact(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Draining });
    }

    fn protect(&mut self, task: TaskId, until: SimTime) {
        self.fact(Fact::TaskProtectionChanged { task, until: Some(until) });
    }

    /// `UpdateService`.
    fn scale(&mut self, service: &str, to: u32) {
        let service = self.service(service);
        self.fact(Fact::ServiceUpdated { service });
        self.fact(Fact::DesiredCountChanged { service, to });
    }

    /// Lets time pass, the end included.
    fn until(&mut self, end: u64) {
        let end = secs(end) + Span::from_ms(40);
        loop {
            let todo = self.todo.first_key_value().map(|((at, _), ())| *at);
            let wake = self.controllers.iter().filter_map(|(_, wake)| *wake).min();
            let Some(next) = [todo, wake].into_iter().flatten().min().filter(|at| *at <= end) else { break };
            self.lab.now = next;
            if todo == Some(next) {
                let ((_, todo), ()) = self.todo.pop_first().expect("it was looked at");
                self.happen(todo);
                continue;
            }
            for at in 0..self.controllers.len() {
                if self.controllers[at].1 == Some(next) {
                    self.turn(at);
                }
            }
        }
        self.lab.now = end;
    }

    fn happen(&mut self, todo: Todo) {
        match todo {
            Todo::Run(task) => {
                let Some(row) = self.lab.cluster.tasks().get(task).filter(|row| row.is_live()) else { return };
                if self.lab.cluster.instances()[row.instance.expect("on an instance")]
                    .host_free
                    .holds(row.reserved.without_enis())
                {
                    self.run(task);
                } else {
                    self.todo.insert((self.lab.now + Span::from_secs(1), todo), ());
                }
            }
            Todo::Finish(task) => {
                for target in self.lab.cluster.task(task).targets.clone() {
                    self.fact(Fact::TargetDeregistered { task, group: target.group });
                }
                self.fact(Fact::TaskExecutionStopped { task });
                self.fact(Fact::TaskStatusChanged { task, to: TaskStatus::Stopped });
            }
        }
    }

    fn turn(&mut self, at: usize) {
        self.turns += 1;
        self.controllers[at].1 = None;
        for _ in 0..MOST_COMMANDS {
            let decision = self.controllers[at].0.decide(&self.lab.view());
            match decision {
                Decision::Act(command) => self.execute(command),
                Decision::WakeAt(time) => {
                    assert!(time > self.lab.now, "a wake in the past");
                    let wake = &mut self.controllers[at].1;
                    *wake = Some(wake.map_or(time, |before| before.min(time)));
                    break;
                }
                Decision::Sleep => break,
            }
            assert!(self.controllers[at].0.service().index() < 100, "too many commands in a turn");
        }
        if self.recount {
            invariants::check(&self.lab.cluster).unwrap();
        }
    }

    fn execute(&mut self, command: Command) {
        self.commands += 1;
        match command {
            Command::StartServiceTask { service, zone, deployment, .. } => {
                let row = &self.lab.cluster.services()[service];
                assert!(row.live < row.live_ceiling(), "a start above maximumPercent (SVC-003)");
                let definition = self.lab.cluster.revision(service, deployment.unwrap_or(0)).task_definition;
                let request = Request { zone, definition, ..self.request(service) };
                let name = &self.lab.cluster.definitions().services[service].name;
                let ordinal = u64::from(self.lab.cluster.services()[service].started);
                let mut stream = self.lab.streams.stream(purposes::SCALE_IN, Key::new(name, 1_000_000 + ordinal));
                let ties = match self.lab.settings.placement_tie_break {
                    TieBreak::Fixed => Ties::Fixed,
                    TieBreak::Random => Ties::Random(&mut stream),
                };
                match reference::choose(&self.lab.view(), &request, ties) {
                    Some(instance) => self.create(service, &request, instance, deployment.unwrap_or(0)),
                    None => {
                        self.note(format!("unplaced {}", self.name(service)));
                        let (rejections, closest) = (RejectionCounts::default(), None);
                        self.fact(Fact::ServiceUnplaced { service, instance: None, zone, rejections, closest });
                        if zone.is_none() {
                            self.announce(service, ServiceEvent::PlacementFailed { closest: None });
                        }
                    }
                }
            }
            Command::StartDeployment { service, revision, cause } => {
                let deployment = self.lab.cluster.services()[service].deployments_started;
                self.note(format!("deployment {deployment} {}", cause.name()));
                self.fact(Fact::DeploymentStarted { service, deployment, revision, cause });
            }
            Command::ChangeDeployment { service, deployment, status, rollout, end } => {
                // Every service begins with one that completes: it is no news in most tests.
                if deployment > 0 || status == DeploymentStatus::Inactive {
                    self.note(format!("deployment {deployment} {} {}", status.name(), rollout.name()));
                }
                self.fact(Fact::DeploymentChanged { service, deployment, status, rollout, end });
            }
            Command::EnterStage { service, deployment, stage } => {
                self.note(format!("deployment {deployment} {}", stage.name()));
                self.fact(Fact::DeploymentStageEntered { service, deployment, stage });
            }
            Command::ShiftTraffic { service, deployment, share } => {
                self.note(format!("deployment {deployment} gets {share}"));
                self.fact(Fact::TrafficShifted { service, deployment, share });
            }
            Command::StartDaemonTask { service, instance } => {
                let deployment = self.lab.cluster.services()[service].primary().expect("a deployment").number;
                let request = Request { is_daemon: true, ..self.request(service) };
                let failure = match fit::check(&self.lab.view(), &request, instance) {
                    Err(reason) => Some(reason.code()),
                    Ok(()) if !self.lab.cluster.instances()[instance].connected => Some("AGENT"),
                    Ok(()) => None,
                };
                match failure {
                    None => self.create(service, &request, instance, deployment),
                    Some(reason) => {
                        self.note(format!("unplaced {}@{} {reason}", self.name(service), self.lab.name(instance)));
                        let rejections = RejectionCounts::default();
                        let (instance, zone, closest) = (Some(instance), None, None);
                        self.fact(Fact::ServiceUnplaced { service, instance, zone, rejections, closest });
                    }
                }
            }
            Command::StopTask { task, reason } => {
                let row = self.lab.cluster.task(task);
                assert!(row.is_live(), "{task:?} was asked to stop already");
                assert!(
                    !row.is_protected(self.lab.now) || reason == StopReason::ServiceDeleted,
                    "{task:?} is protected"
                );
                let instance = self.lab.name(row.instance.expect("on an instance")).to_owned();
                if reason == StopReason::Draining && row.is_running() {
                    self.check_floor(task);
                }
                self.note(format!("stop t{task}@{instance} {reason:?}"));
                self.lose(task, reason);
            }
            Command::NoteStability { service, deployment, steady } => {
                self.note(format!("task set {deployment} {}", if steady { "STEADY_STATE" } else { "STABILIZING" }));
                self.fact(Fact::TaskSetStabilityChanged { service, deployment, steady });
            }
            Command::SetDaemonCount { service, count } => {
                self.note(format!("desired {} {count}", self.name(service)));
                self.fact(Fact::DesiredCountChanged { service, to: count });
            }
            Command::Announce { service, event } => self.announce(service, event),
            Command::SetServiceStatus { service, to } => {
                self.note(format!("{} {}", self.name(service), to.name()));
                self.fact(Fact::ServiceStatusChanged { service, to });
            }
            other => panic!("{other:?} is no wish of a service"),
        }
    }

    /// A task that runs may leave a DRAINING instance only if enough healthy ones stay (SVC-003).
    fn check_floor(&self, leaving: TaskId) {
        let service = self.lab.cluster.task(leaving).service().expect("a task of a service");
        let row = &self.lab.cluster.services()[service];
        let is_ok = |task: TaskId| health::is_ok(&self.lab.view(), self.lab.cluster.task(task));
        let stay = row.tasks.iter().filter(|task| **task != leaving && is_ok(**task)).count();
        assert!(stay as u32 >= row.healthy_floor(), "{leaving:?} leaves {stay} healthy tasks");
    }

    fn request(&self, service: ServiceId) -> Request<'static> {
        let row = &self.lab.cluster.services()[service];
        let request = self.lab.request(row.task_definition, row.group, row.placement);
        Request { launch_type: LaunchType::Ec2, ..request }
    }

    fn create(&mut self, service: ServiceId, request: &Request<'_>, instance: InstanceId, deployment: u32) {
        let task = self.lab.cluster.tasks().next_id();
        self.note(format!("start t{task}@{}", self.lab.name(instance)));
        let ordinal = self.lab.cluster.services()[service].started;
        self.fact(Fact::TaskCreated {
            task,
            definition: request.definition,
            group: request.group,
            origin: TaskOrigin::Service { service, ordinal, deployment },
            placement: request.placement,
            launch_type: request.launch_type,
            provider: request.provider,
            instance: Some(instance),
            zone: None,
            requirements: request.requirements,
            subnet: None,
        });
        if let Some(after) = self.run_after {
            self.todo.insert((self.lab.now + after, Todo::Run(task)), ());
        }
    }

    /// Holds back nothing but what FLR-012 says, and a steady state never: its repetition is the controller's.
    fn announce(&mut self, service: ServiceId, event: ServiceEvent) {
        let repeat = self.lab.settings.service_event_repeat.ms();
        let held = self.lab.cluster.services()[service].last_events.holds_back(event, self.lab.now, repeat);
        if held && event != ServiceEvent::SteadyState {
            return;
        }
        let zone = |zone| self.lab.cluster.definitions().zones.name(zone).trim_start_matches("us-east-1").to_owned();
        let text = match event {
            ServiceEvent::TasksStarted { first, count } => format!("t{first}+{count} started"),
            ServiceEvent::TasksStopped { first, count } => {
                self.said_stopped.push((self.lab.now.ms() / 1_000, first.get(), count));
                self.fact(Fact::ServiceEvent { service, event });
                return;
            }
            ServiceEvent::RebalancingTasksStarted { zone: at, first, count } => {
                format!("t{first}+{count} started in {}", zone(at))
            }
            ServiceEvent::RebalancingTaskStopped { zone: at, task } => format!("t{task} stopped in {}", zone(at)),
            ServiceEvent::RebalancingPlacementFailed { zone: at } => format!("no room in {}", zone(at)),
            ServiceEvent::DaemonConstraintViolated { task, instance } => {
                format!("t{task} violates at {}", self.lab.name(instance))
            }
            ServiceEvent::PlacementFailed { .. } => "PlacementFailed".to_owned(),
            other => format!("{other:?}"),
        };
        self.note(format!("event {text}"));
        self.fact(Fact::ServiceEvent { service, event });
    }

    /// Live tasks of the service by instance, `A1=2 B1=1`.
    fn layout(&self, service: &str) -> String {
        let group = self.lab.cluster.services()[self.service(service)].group;
        let counts: Vec<String> = self
            .lab
            .cluster
            .instances()
            .values()
            .filter(|instance| instance.live_tasks_of(group) > 0)
            .map(|instance| format!("{}={}", self.lab.name(instance.id), instance.live_tasks_of(group)))
            .collect();
        counts.join(" ")
    }
}

/// Instances by name: the first letter, in lower case, is the zone.
fn instances(plan: &mut Plan, names: &[&str], cpu: u32, memory: u32) {
    for name in names {
        let zone = name[..1].to_lowercase();
        plan.instance(name, &zone, crate::testkit::room(cpu, memory), &[]);
    }
}

/// A REPLICA service of 100 / 100 tasks without strategies.
fn replica(plan: &mut Plan, name: &str, desired: u32) -> ServiceId {
    let placement = plan.service_default(&[]);
    replica_with(plan, name, desired, placement, (100, 100))
}

fn replica_with(
    plan: &mut Plan,
    name: &str,
    desired: u32,
    placement: ecsim_cluster::PlacementId,
    (cpu, memory): (u32, u32),
) -> ServiceId {
    let task = plan.task(name, cpu, memory);
    let service = plan.service(name, SchedulingStrategy::Replica, task, placement);
    plan.definitions.services[service].desired_count = desired;
    service
}

#[test]
fn svc_005_a_deleted_service_stops_all_its_tasks_and_is_gone() {
    let mut plan = Plan::new();
    instances(&mut plan, &["A1"], 1_000, 1_000);
    let web = replica(&mut plan, "web", 3);
    let mut bench = Bench::new(plan.start());
    let protected = bench.running("web", "A1");
    bench.pending("web", "A1");
    bench.running("web", "A1");
    bench.protect(protected, secs(10_000));
    bench.begin();
    bench.until(10);
    bench.take_log();
    bench.fact(Fact::ServiceStatusChanged { service: web, to: ServiceStatus::Draining });
    bench.until(20);
    assert_eq!(
        bench.take_log(),
        [
            "10 stop t0@A1 ServiceDeleted",
            "10 stop t1@A1 ServiceDeleted",
            "10 stop t2@A1 ServiceDeleted",
            "10 web INACTIVE"
        ],
    );
}

#[test]
fn svc_004_a_service_without_news_is_never_asked_again() {
    let mut plan = Plan::new();
    instances(&mut plan, &["A1", "B1"], 1_000, 1_000);
    let web = replica(&mut plan, "web", 2);
    plan.definitions.services[web].availability_zone_rebalancing = true;
    let mut bench = Bench::new(plan.start());
    bench.lab.settings.steady_event_repeat = Span::ZERO;
    bench.begin();
    bench.until(1_000);
    let turns = bench.turns;
    assert!(turns <= 8, "{turns} turns to reach a steady state");
    bench.until(1_000_000);
    assert_eq!(bench.turns, turns, "balanced and steady: nothing to look at");
}
