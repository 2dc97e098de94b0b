//! The loop of a run: all control flow on one screen, and [`Simulation`], which can be forked half-way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ecsim_cluster::definitions::{LaunchOwner, ProviderKind, SchedulingStrategy};
use ecsim_cluster::{
    AlarmId, AsgId, Cluster, Fact, InstanceId, InstanceStatus, Observer, ServiceId, SourceId, TaskId, TaskStatus,
};
use ecsim_kernel::{Calendar, Due, Key, SimTime, Streams, Table};
use ecsim_policies::placement::PlacementIndex;
use ecsim_policies::placement::constraints::Constraint;
use ecsim_policies::{Decision, View};

use crate::controllers::{self, AnyController, ControllerId, Numbers};
use crate::event::{Event, Order};
use crate::model::Model;
use crate::probe::{Explained, Probe};

/// More commands in one turn of a controller are a bug of that controller.
const MAX_COMMANDS_PER_TURN: u32 = 1_000_000;
/// More events than this at one instant are a run that does not get past it.
pub const MAX_EVENTS_PER_INSTANT: u64 = 50_000_000;
/// More tasks than this are more than a run can hold: they are numbered with 32 bits, and observers remember each.
pub const MAX_TASKS: usize = 100_000_000;

/// A run. Plain data: a clone goes its own way from here, and both end as an unforked run would.
#[derive(Clone, Debug)]
pub struct Simulation {
    pub(crate) model: Arc<Model>,
    pub(crate) now: SimTime,
    pub(crate) cluster: Cluster,
    pub(crate) calendar: Calendar<Event, ControllerId>,
    pub(crate) streams: Streams,
    pub(crate) index: PlacementIndex,
    pub(crate) controllers: Table<ControllerId, AnyController>,
    pub(crate) numbers: Numbers,
    pub(crate) clients: Clients,
    pub(crate) keys: Keys,
    pub(crate) counts: RunCounts,
    /// Who has the turn: facts do not wake it, it sees them anyway.
    pub(crate) turn_of: Option<ControllerId>,
    /// The DAEMON services: what happens on an instance may concern each of them.
    pub(crate) daemons: Arc<[ServiceId]>,
    /// Whether some constraint looks at the tasks of an instance: then a task that comes can be what others wait for.
    pub(crate) has_affinity: bool,
    /// What ECS does not know of the machines.
    pub(crate) hosts: Table<InstanceId, crate::world::Host>,
    pub(crate) probe: Option<Probe>,
    pub(crate) explained: Vec<Explained>,
    pub(crate) registrations: crate::world::RegistrationLog,
    pub(crate) launches: crate::world::Launches,
    pub(crate) fargate: crate::world::Fargate,
    /// Tasks whose containers have a life of their own.
    pub(crate) containers: BTreeMap<TaskId, crate::world::Containers>,
    pub(crate) spot: crate::world::SpotMarket,
    /// What load balancers and name services know of tasks.
    pub(crate) targets: crate::world::Targets,
    /// Which value each series of a custom metric has next.
    pub(crate) metric_rows: Vec<usize>,
    /// Who looks at which series and alarm.
    pub(crate) watchers: Arc<crate::watchers::Watchers>,
    /// The periods of custom metrics in progress.
    pub(crate) custom_metrics: crate::world::CustomMetrics,
    /// Services that wait until fewer tasks are in PROVISIONING (CAS-009).
    pub(crate) held_back: BTreeSet<ServiceId>,
    /// Requests to services, and the CloudWatch metrics that somebody watches.
    pub(crate) demand: crate::world::Demand,
    pub(crate) ended: bool,
    /// When the latest event was, and how many there have been since the clock got there.
    instant: (SimTime, u64),
    overrun: Option<Overrun>,
}

/// A run that passed a limit was ended there: it would never have ended by itself, or not in this memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun {
    /// How far it got.
    pub at: SimTime,
    /// Which limit.
    pub limit: Limit,
}

/// The limits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`MAX_EVENTS_PER_INSTANT`].
    EventsPerInstant,
    /// [`MAX_TASKS`].
    Tasks,
}

impl core::fmt::Display for Overrun {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let at = self.at;
        match self.limit {
            Limit::EventsPerInstant => {
                write!(
                    out,
                    "the run was stopped at {at}: more than {MAX_EVENTS_PER_INSTANT} events at this one instant"
                )
            }
            Limit::Tasks => write!(out, "the run was stopped at {at}: more than {MAX_TASKS} tasks were started"),
        }
    }
}

/// Random keys of names, hashed once.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) sources: Table<SourceId, Key>,
    pub(crate) services: Table<ServiceId, Key>,
}

/// What callers of `RunTask` remember.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    pub(crate) sources: Table<SourceId, Client>,
    /// The heads of the lines, in the order in which they got there: ticket, then whose line it is.
    pub(crate) in_line: BTreeSet<(u64, SourceId)>,
    /// The ticket of whoever gets in line next.
    pub(crate) next_ticket: u64,
    pub(crate) serving_scheduled: bool,
}

/// What one caller remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    /// Copies asked for so far: the ordinal of the next one.
    pub(crate) asked: u32,
    /// Calls made so far: the row of the trace that comes next.
    pub(crate) calls: u64,
    /// The stream of arrivals, kept so that draws go on.
    pub(crate) arrivals: Option<ecsim_kernel::Stream>,
    /// When the last call was due, in milliseconds with a fraction, so that rounding does not add up.
    pub(crate) due_ms: f64,
    /// The rows of a shuffled trace in the order in which they come.
    pub(crate) order: Option<Arc<[u32]>>,
    /// Copies that wait in line, with their tickets.
    pub(crate) waiting: VecDeque<(u64, u32)>,
}

/// How much a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Events and wake-ups taken from the calendar.
    pub events: u64,
    /// Facts.
    pub facts: u64,
    /// Turns of controllers.
    pub turns: u64,
    /// Placements tried.
    pub placements: u64,
}

/// A step of a run: the simulation, and who watches.
pub(crate) struct Step<'a> {
    pub(crate) sim: &'a mut Simulation,
    pub(crate) observer: &'a mut dyn Observer,
}

impl Simulation {
    /// A run of `model`, before anything has happened.
    #[must_use]
    pub fn new(model: impl Into<Arc<Model>>) -> Self {
        let model: Arc<Model> = model.into();
        let definitions = Arc::clone(&model.definitions);
        let cluster = Cluster::new(Arc::clone(&definitions));
        let index = PlacementIndex::new(&cluster);
        let controllers = controllers::all(&cluster, &model.capacity, &model.scaling);
        let is_daemon = |id: &ServiceId| definitions.services[*id].scheduling == SchedulingStrategy::Daemon;
        let daemons = definitions.services.ids().filter(is_daemon).collect();
        let has_affinity = model
            .placements
            .values()
            .flat_map(|placement| &placement.constraints)
            .any(|constraint| matches!(constraint, Constraint::MemberOf(_)) && !constraint.is_static());
        let mut sim = Self {
            streams: Streams { seed: model.seed, run_index: model.run_index, antithetic: model.antithetic },
            now: SimTime::ZERO,
            calendar: Calendar::new(),
            index,
            controllers,
            numbers: Numbers::of(&definitions),
            clients: Clients {
                sources: definitions.sources.values().map(|_| Client::default()).collect(),
                in_line: BTreeSet::new(),
                next_ticket: 0,
                serving_scheduled: false,
            },
            keys: Keys {
                sources: definitions.sources.values().map(|source| Key::of_bytes(source.name.as_bytes())).collect(),
                services: definitions.services.values().map(|service| Key::of_bytes(service.name.as_bytes())).collect(),
            },
            counts: RunCounts::default(),
            turn_of: None,
            daemons,
            has_affinity,
            hosts: definitions.instances.values().map(|_| crate::world::Host::default()).collect(),
            probe: None,
            explained: Vec::new(),
            registrations: crate::world::RegistrationLog::default(),
            launches: crate::world::Launches::default(),
            fargate: crate::world::Fargate::default(),
            containers: BTreeMap::new(),
            spot: crate::world::SpotMarket::new(&definitions),
            targets: crate::world::Targets::default(),
            metric_rows: Vec::new(),
            watchers: Arc::new(crate::watchers::Watchers::new(&definitions, &model.scaling)),
            custom_metrics: crate::world::CustomMetrics::new(&definitions),
            held_back: BTreeSet::new(),
            demand: crate::world::Demand::new(&model),
            ended: false,
            instant: (SimTime::ZERO, 0),
            overrun: None,
            cluster,
            model,
        };
        sim.open();
        sim
    }

    /// What this run runs.
    #[must_use]
    pub const fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// What is true now.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// How far the run has come.
    #[must_use]
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// When the next thing is due, before or after the end of the run.
    #[must_use]
    pub fn next_due(&self) -> Option<SimTime> {
        self.calendar.peek()
    }

    /// How much it did.
    #[must_use]
    pub const fn counts(&self) -> RunCounts {
        self.counts
    }

    /// The end of the run.
    #[must_use]
    pub fn end(&self) -> SimTime {
        SimTime::ZERO + self.model.duration
    }

    /// What a controller would see now.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            now: self.now,
            cluster: &self.cluster,
            capacity: &self.model.capacity,
            placements: &self.model.placements,
            settings: &self.model.settings,
            streams: &self.streams,
        }
    }

    /// Why the run was ended before its end, where it was.
    #[must_use]
    pub const fn overrun(&self) -> Option<Overrun> {
        self.overrun
    }

    /// Asks for the funnel of one decision from here on.
    pub fn set_probe(&mut self, probe: Option<Probe>) {
        self.probe = probe;
    }

    /// The decisions asked for, so far.
    pub fn take_explained(&mut self) -> Vec<Explained> {
        core::mem::take(&mut self.explained)
    }

    /// Runs to the end and tells the observer so.
    pub fn run(&mut self, observer: &mut dyn Observer) {
        self.run_until(self.end(), observer);
        if !self.ended {
            self.ended = true;
            Step { sim: self, observer }.measure_the_rest();
            observer.run_ended(self.now, &self.cluster);
        }
    }

    /// Runs everything that is due up to and including `until`, or the end of the run where that is earlier.
    ///
    /// Total order: time, then [`Order`], then the order of scheduling.
    pub fn run_until(&mut self, until: SimTime, observer: &mut dyn Observer) {
        let until = until.min(self.end());
        while self.calendar.peek().is_some_and(|due| due <= until) {
            if !self.step(observer) {
                return;
            }
        }
        self.now = self.now.max(until);
    }

    /// Runs the one thing that is due next, if it is due before the end of the run; tells whether there was one. There is
    /// none after a limit was passed ([`Self::overrun`]).
    pub fn step(&mut self, observer: &mut dyn Observer) -> bool {
        if self.overrun.is_some() || self.calendar.peek().is_none_or(|due| due > self.end()) {
            return false;
        }
        let Some((now, due)) = self.calendar.pop() else { return false };
        self.now = now;
        self.counts.events += 1;
        self.instant = if self.instant.0 == now { (now, self.instant.1 + 1) } else { (now, 1) };
        if self.instant.1 > MAX_EVENTS_PER_INSTANT || self.cluster.tasks().created() > MAX_TASKS {
            let limit = if self.instant.1 > MAX_EVENTS_PER_INSTANT { Limit::EventsPerInstant } else { Limit::Tasks };
            self.overrun = Some(Overrun { at: now, limit });
            return false;
        }
        let mut step = Step { sim: self, observer };
        match due {
            Due::Event(event) => step.on_event(event),
            Due::Wake(controller) => step.take_turn(controller),
        }
        true
    }
}

impl Step<'_> {
    /// A controller asks for one command at a time and sees the truth again after each.
    fn take_turn(&mut self, id: ControllerId) {
        self.sim.counts.turns += 1;
        self.sim.turn_of = Some(id);
        let mut commands = 0;
        loop {
            let sim = &mut *self.sim;
            let view = View {
                now: sim.now,
                cluster: &sim.cluster,
                capacity: &sim.model.capacity,
                placements: &sim.model.placements,
                settings: &sim.model.settings,
                streams: &sim.streams,
            };
            match sim.controllers[id].decide(&view) {
                Decision::Act(command) => {
                    commands += 1;
                    assert!(
                        commands <= MAX_COMMANDS_PER_TURN,
                        "controller {id} gave more than {MAX_COMMANDS_PER_TURN} commands in one turn at {}; seed {}",
                        sim.now,
                        sim.model.seed
                    );
                    self.execute(command);
                }
                Decision::WakeAt(at) => {
                    let at = at.max(sim.now + sim.model.settings.reaction);
                    sim.calendar.wake(id, at, sim.numbers.order(id));
                    break;
                }
                Decision::Sleep => break,
            }
        }
        self.sim.turn_of = None;
    }

    /// A fact enters the books, the index, everybody's notes, and wakes whom it concerns.
    pub(crate) fn emit(&mut self, fact: Fact) {
        let sim = &mut *self.sim;
        sim.counts.facts += 1;
        sim.wake_before(&fact);
        sim.note_demand(&fact);
        sim.cluster.apply(sim.now, &fact);
        sim.index.observe(&sim.cluster, &fact);
        self.observer.observe(sim.now, &fact, &sim.cluster);
        sim.wake_after(&fact);
        sim.wake_for_scaling(&fact);
    }
}

impl Simulation {
    pub(crate) fn schedule(&mut self, at: SimTime, event: Event) {
        let order = match event {
            Event::PeriodEnded => Order::Measure,
            Event::DatapointsAppear => Order::Publish,
            _ => Order::World,
        };
        self.calendar.schedule(at.max(self.now), order, event);
    }

    /// What the first instant and the timeline hold.
    fn open(&mut self) {
        let model = Arc::clone(&self.model);
        self.schedule(SimTime::ZERO, Event::Opens);
        for (id, planned) in model.definitions.instances.iter() {
            self.schedule(planned.join_at, Event::InstanceJoins(id));
        }
        self.schedule_services();
        for source in model.definitions.sources.ids() {
            self.schedule_first_arrival(source);
        }
        for (at, call) in model.timeline.iter() {
            self.schedule(*at, Event::Call(*call));
        }
        self.demand_opens();
        if !model.metrics_period.is_zero() {
            self.schedule(SimTime::ZERO + model.metrics_period, Event::PeriodEnded);
        }
    }

    fn wake_service(&mut self, service: ServiceId) {
        self.wake(self.numbers.service(service));
    }

    /// A controller shall look, after its reaction time.
    pub(crate) fn wake(&mut self, id: ControllerId) {
        if self.turn_of == Some(id) {
            return;
        }
        let settings = &self.model.settings;
        let latency = if self.numbers.is_service(id) { settings.scheduler_latency } else { settings.reaction };
        self.calendar.wake(id, self.now + latency.max(settings.reaction), self.numbers.order(id));
    }

    fn wake_daemons(&mut self) {
        for service in Arc::clone(&self.daemons).iter() {
            self.wake_service(*service);
        }
    }

    /// A task on an instance gives something back: daemons that have no task there may want it (FLR-033), and where the
    /// instance drains they may be the last (PLC-054).
    fn wake_daemons_of(&mut self, instance: InstanceId) {
        for service in Arc::clone(&self.daemons).iter() {
            let row = &self.cluster.instances()[instance];
            let group = self.cluster.services()[*service].group;
            if row.status == InstanceStatus::Draining || row.live_tasks_of(group) == 0 {
                self.wake_service(*service);
            }
        }
    }

    /// Facts that take something away wake those who had it, while the books still say who that is.
    fn wake_before(&mut self, fact: &Fact) {
        match *fact {
            // DEP-004: the digests of a revision are known with its first pull.
            Fact::ImagePullStarted { task } if self.model.settings.deployments.first_task_digest_gate => {
                let Some(task) = self.cluster.tasks().get(task) else { return };
                let (Some(service), Some(number)) = (task.service(), task.deployment()) else { return };
                let row = &self.cluster.services()[service];
                if row.deployment(number).is_some_and(|deployment| !deployment.digests_known) {
                    self.wake_service(service);
                }
            }
            Fact::TaskStatusChanged { task, .. }
            | Fact::TaskStopRequested { task, .. }
            | Fact::TaskProtectionChanged { task, .. }
            | Fact::TaskRetirementNoticed { task } => {
                let Some(task) = self.cluster.tasks().get(task) else { return };
                let (service, instance, provider) = (task.service(), task.instance, task.provider);
                if let Some(service) = service {
                    self.wake_service(service);
                    self.wake_service_scaling(service);
                }
                let stopped = matches!(fact, Fact::TaskStatusChanged { to: TaskStatus::Stopped, .. });
                if let Some(instance) = instance
                    && (stopped || matches!(fact, Fact::TaskStopRequested { .. }))
                {
                    self.wake_daemons_of(instance);
                    if stopped {
                        self.wake_fleet_of(instance);
                    }
                } else if matches!(fact, Fact::TaskStopRequested { .. }) {
                    self.quota_is_free();
                    if let Some(provider) = provider {
                        self.wake(self.numbers.provider(provider));
                    }
                }
            }
            _ => {}
        }
    }

    /// Facts that give something wake those who may want it: only what can help wakes anybody.
    fn wake_after(&mut self, fact: &Fact) {
        match *fact {
            Fact::ServiceStatusChanged { service, .. } | Fact::ServiceUpdated { service } => {
                self.wake_service(service);
                if !self.daemons.is_empty() {
                    // A daemon service that goes, or changes its mind, gives back the room it withheld (PLC-052).
                    self.serve_queues_soon();
                }
            }
            Fact::InstanceStatusChanged { instance, .. } => {
                let services: Vec<ServiceId> = self.cluster.instances()[instance]
                    .tasks
                    .iter()
                    .filter_map(|task| self.cluster.task(*task).service())
                    .collect();
                for service in services {
                    self.wake_service(service);
                }
                self.wake_daemons();
                self.wake_fleet_of(instance);
                // Who has booted passes its health check: the group may go on with what waited for it.
                if let Some(group) = self.cluster.instances()[instance].group {
                    self.wake(self.numbers.group(group));
                }
                self.serve_queues_soon();
            }
            Fact::HostPowerChanged { instance, .. } => self.wake_fleet_of(instance),
            Fact::AgentConnectionChanged { instance, .. } => {
                self.wake_daemons();
                self.wake_fleet_of(instance);
                self.serve_queues_soon();
            }
            Fact::AttributePut { .. } | Fact::AttributeDeleted { .. } => {
                self.wake_daemons();
                self.serve_queues_soon();
            }
            Fact::TaskStopRequested { .. } | Fact::TaskStatusChanged { to: TaskStatus::Stopped, .. } => {
                self.serve_queues_soon();
            }
            Fact::TaskCreated { instance, provider, .. } => {
                if self.has_affinity {
                    self.serve_queues_soon();
                }
                match (instance, provider) {
                    (Some(instance), Some(_)) => self.wake_fleet_of(instance),
                    (None, Some(provider)) => self.wake(self.numbers.provider(provider)),
                    _ => {}
                }
            }
            Fact::ContainerHealthChanged { task, container, .. } | Fact::ContainerStarted { task, container, .. } => {
                let row = self.cluster.task(task);
                if let (Some(service), true) = (row.service(), row.checked >> container & 1 == 1) {
                    self.wake_service(service);
                }
            }
            Fact::TargetStateChanged { task, .. } | Fact::TargetDeregistered { task, .. } => {
                if let Some(service) = self.cluster.tasks().get(task).and_then(ecsim_cluster::Task::service) {
                    self.wake_service(service);
                }
            }
            Fact::TaskPlaced { instance, .. } => {
                self.quota_is_free();
                self.wake_fleet_of(instance);
            }
            Fact::DeploymentStarted { service, .. } => self.wake_service(service),
            Fact::ServiceHeldBack { service, .. } => {
                self.held_back.insert(service);
            }
            _ => self.wake_for_capacity(fact),
        }
    }

    /// The scaling loop of a service looks at this very instant, if it has one: what it sees is a matter of record, and its
    /// own time is that of its alarms.
    pub(crate) fn wake_service_scaling(&mut self, service: ServiceId) {
        let id = self.numbers.service_scaling(service);
        if self.turn_of != Some(id) && self.model.scaling.targets.contains_key(&service) {
            self.calendar.wake(id, self.now, Order::Control);
        }
    }

    /// An alarm is evaluated at the next instant at which alarms are, this one included.
    pub(crate) fn wake_alarm(&mut self, alarm: AlarmId) {
        let id = self.numbers.alarm(alarm);
        if self.turn_of != Some(id) {
            self.calendar.wake(id, self.now, Order::Publish);
        }
    }

    /// An alarm whose state was set by hand is evaluated at the next instant after this one.
    pub(crate) fn reconsider_alarm(&mut self, alarm: AlarmId) {
        self.calendar.wake(self.numbers.alarm(alarm), self.now + self.model.settings.reaction, Order::Publish);
    }

    /// Facts about metrics and alarms wake those who look at them.
    fn wake_for_scaling(&mut self, fact: &Fact) {
        if self.model.scaling.alarms.is_empty() && self.model.scaling.targets.is_empty() {
            return;
        }
        match *fact {
            Fact::DatapointPublished { series, .. } => {
                let watchers = Arc::clone(&self.watchers);
                for alarm in &watchers.alarms[series] {
                    self.wake_alarm(*alarm);
                }
                for service in &watchers.readers[series] {
                    self.wake_service_scaling(*service);
                }
            }
            Fact::AlarmStateChanged { alarm, .. } | Fact::AlarmActionsChanged { alarm, .. } => {
                let watchers = Arc::clone(&self.watchers);
                for service in &watchers.invoked[alarm] {
                    self.wake_service_scaling(*service);
                }
            }
            Fact::ScalableTargetChanged { service, .. }
            | Fact::DesiredCountChanged { service, .. }
            | Fact::DeploymentStarted { service, .. }
            | Fact::DeploymentChanged { service, .. }
            | Fact::ServiceStatusChanged { service, .. } => self.wake_service_scaling(service),
            _ => {}
        }
    }

    /// Facts about groups and providers wake their loops.
    fn wake_for_capacity(&mut self, fact: &Fact) {
        match *fact {
            Fact::InstanceLaunched { instance, .. }
            | Fact::InstanceLifecycleChanged { instance, .. }
            | Fact::InstanceProtectionChanged { instance, .. }
            | Fact::InstanceHealthChanged { instance, .. }
            | Fact::SpotInterruptionNoticed { instance, .. }
            | Fact::RebalanceRecommended { instance }
            | Fact::InstanceTerminated { instance, .. } => {
                if let Some(group) = self.cluster.instances()[instance].group {
                    self.wake(self.numbers.group(group));
                }
                self.wake_fleet_of(instance);
            }
            Fact::DesiredCapacityChanged { group, .. }
            | Fact::GroupSizeChanged { group, .. }
            | Fact::ProcessesChanged { group, .. }
            | Fact::TemplateChanged { group, .. }
            | Fact::ConfigurationChanged { owner: LaunchOwner::Group(group), .. }
            | Fact::InstanceRefreshChanged { group, .. } => {
                self.wake(self.numbers.group(group));
                if let Some(provider) = self.cluster.provider_of(group) {
                    let provider = provider.id;
                    self.wake(self.numbers.provider(provider));
                }
                self.wake_scaling(group);
            }
            Fact::ZoneAvailabilityChanged { available: true, .. }
            | Fact::PoolCapacityChanged { available: true, .. } => {
                for group in self.model.definitions.auto_scaling_groups.ids() {
                    self.wake(self.numbers.group(group));
                }
                for provider in self.model.definitions.capacity_providers.ids() {
                    if self.model.definitions.capacity_providers[provider].kind == ProviderKind::ManagedInstances {
                        self.wake(self.numbers.provider(provider));
                    }
                }
            }
            Fact::ProviderStatusChanged { provider, .. }
            | Fact::ProviderChanged { provider, .. }
            | Fact::ConfigurationChanged { owner: LaunchOwner::Provider(provider), .. } => {
                self.wake(self.numbers.provider(provider));
                self.serve_queues_soon();
            }
            _ => {}
        }
    }

    fn wake_scaling(&mut self, group: AsgId) {
        let id = self.numbers.scaling(group);
        if self.controllers.get(id).is_some() {
            self.wake(id);
        }
    }

    /// Something came to an instance or left it: its provider may have to protect it, let it go, or need it no more.
    fn wake_fleet_of(&mut self, instance: InstanceId) {
        let row = &self.cluster.instances()[instance];
        let Some(provider) = row.provider else { return };
        let concerns = match row.group {
            None => true,
            Some(group) => {
                let group = &self.cluster.groups()[group];
                self.cluster.providers()[provider].termination_protection
                    && (group.counts.capacity > group.desired || group.counts.unprotected > 0)
            }
        };
        if concerns {
            self.wake(self.numbers.provider(provider));
        }
    }

    /// A task left PROVISIONING: services and callers that were held back by its quota may try again (CAS-009).
    fn quota_is_free(&mut self) {
        for service in core::mem::take(&mut self.held_back) {
            self.wake_service(service);
        }
        self.serve_queues_soon();
    }

    /// Room may have appeared: those in line are served when the rest of the instant is done.
    fn serve_queues_soon(&mut self) {
        let somebody_waits = !self.clients.in_line.is_empty() || self.cluster.totals().awaiting_instance > 0;
        if somebody_waits && !self.clients.serving_scheduled {
            self.clients.serving_scheduled = true;
            self.schedule(self.now, Event::ServeQueues);
        }
    }
}
