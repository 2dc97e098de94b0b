//! What a task's containers do: they start in an order, exit, are started again, run out of memory, fail their health
//! check, and stop in the order backwards (TSK-020 to TSK-044).
//!
//! The containers of most tasks start together and need no book of their own. Where they wait for one another, have a
//! restart policy or a health check, the task has an entry in `Simulation::containers` while it exists: what the agent
//! knows beyond the facts.

use std::sync::Arc;

use ecsim_cluster::definitions::{ContainerDependency, DependencyCondition, TaskDefinition};
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::reasons::{StartError, StopError};
use ecsim_cluster::{Fact, HealthStatus, InstanceId, StopReason, Task, TaskDefinitionId, TaskId, TaskStatus};
use ecsim_kernel::{Key, SimTime, Span};

use super::health::Monitor;
use crate::event::{Event, ExitCause};
use crate::purposes;
use crate::simulation::{Simulation, Step};

/// Exit code of a process killed by SIGKILL (TSK-026, TSK-027).
pub(super) const KILLED: i32 = 137;
/// How often an agent asks to stop a container (TSK-051).
const STOP_ATTEMPTS: u32 = 5;
/// What it waits for an answer on top of the stop timeout (TSK-051).
const STOP_CALL_TIMEOUT: Span = Span::from_mins(2);
/// The first pause between two attempts, its growth, its limit, and the share that chance adds (TSK-051).
const FIRST_STOP_PAUSE_MS: f64 = 1_000.0;
const STOP_PAUSE_GROWTH: f64 = 1.3;
const LONGEST_STOP_PAUSE_MS: f64 = 5_000.0;
const STOP_PAUSE_JITTER: f64 = 0.2;
/// Marks the random keys of a container's runs after the first, so that they are no other container's.
const AGAIN: u64 = 1 << 32;

/// What the agent knows of the containers of one task.
#[derive(Clone, Debug)]
pub(crate) struct Containers {
    /// Those whose pull or start has begun, as a bit set.
    begun: u32,
    /// Those whose image is there.
    pulled: u32,
    /// Those that got the stop signal.
    signalled: u32,
    /// In the order of the task definition.
    each: Vec<Container>,
}

/// What it knows of one of them.
#[derive(Clone, Debug)]
struct Container {
    /// Its last start.
    started_at: SimTime,
    /// How often it has been started again.
    restarts: u32,
    /// Its health check, while it runs.
    monitor: Option<Monitor>,
}

impl Containers {
    fn new(definition: &TaskDefinition, now: SimTime) -> Self {
        let each = definition.containers.iter().map(|_| Container { started_at: now, restarts: 0, monitor: None });
        Self { begun: 0, pulled: 0, signalled: 0, each: each.collect() }
    }

    /// When a container started last.
    pub(super) fn started_at(&self, container: usize) -> SimTime {
        self.each[container].started_at
    }

    /// What the health check of a container says, whether ECS has heard of it or not.
    fn health(&self, container: usize) -> HealthStatus {
        self.each[container].monitor.as_ref().map_or(HealthStatus::Unknown, Monitor::health)
    }

    /// Whether a dependency is met (TSK-021, TSK-022).
    fn meets(&self, task: &Task, dependency: ContainerDependency) -> bool {
        let is_in = |set: u32| set >> dependency.container & 1 == 1;
        match dependency.condition {
            DependencyCondition::Start => is_in(task.started),
            DependencyCondition::Complete => is_in(task.exited),
            DependencyCondition::Success => is_in(task.exited & !task.failed),
            DependencyCondition::Healthy => {
                is_in(task.running_containers())
                    && self.health(usize::from(dependency.container)) == HealthStatus::Healthy
            }
        }
    }
}

/// Whether a dependency can never be met any more (TSK-023).
const fn is_hopeless(task: &Task, dependency: ContainerDependency) -> bool {
    match dependency.condition {
        DependencyCondition::Start | DependencyCondition::Complete => false,
        DependencyCondition::Success => (task.exited & task.failed) >> dependency.container & 1 == 1,
        DependencyCondition::Healthy => task.exited >> dependency.container & 1 == 1,
    }
}

impl Step<'_> {
    /// The containers of a task start one after the other, as they wait for one another (TSK-021); `pulled` is the bit set
    /// of those whose image is there already.
    pub(super) fn start_in_order(&mut self, id: TaskId, pulled: u32) {
        let model = Arc::clone(&self.sim.model);
        let definition = &model.definitions.task_definitions[self.sim.cluster.task(id).definition];
        let mut containers = Containers::new(definition, self.sim.now);
        containers.pulled = pulled;
        self.sim.containers.insert(id, containers);
        self.start_ready(id);
    }

    /// Begins with every container whose dependencies are met: its pull, which does not come earlier (TSK-022), or its
    /// start where the image is there.
    fn start_ready(&mut self, id: TaskId) {
        let model = Arc::clone(&self.sim.model);
        let Some(task) = self.task(id).filter(|task| task.is_live()) else { return };
        let definition = &model.definitions.task_definitions[task.definition];
        let Some(known) = self.sim.containers.get(&id) else { return };
        let is_ready = |at: &usize| {
            known.begun >> at & 1 == 0
                && definition.containers[*at].depends_on.iter().all(|dependency| known.meets(task, *dependency))
        };
        let ready: Vec<usize> = (0..definition.containers.len()).filter(is_ready).collect();
        for at in ready {
            let Some(known) = self.sim.containers.get_mut(&id) else { return };
            known.begun |= 1 << at;
            if known.pulled >> at & 1 == 1 {
                self.create(id, at, None);
            } else {
                let pull = self.pull_of(self.sim.cluster.task(id), at);
                let end = if pull.fails {
                    Event::StartFails { task: id, error: StartError::DockerPullTimeout }
                } else {
                    Event::ContainerPulled { task: id, container: number(at) }
                };
                self.sim.schedule(self.sim.now + pull.takes, end);
            }
        }
    }

    /// The image of one container is there: it is created, or the task fails to start with the container that does the
    /// work (TSK-053).
    pub(crate) fn container_pulled(&mut self, id: TaskId, container: u8) {
        let at = usize::from(container);
        let Some(task) = self.task(id).filter(|task| task.is_live()) else { return };
        let model = Arc::clone(&self.sim.model);
        let definition = &model.definitions.task_definitions[task.definition];
        let failure = (at == main_container(definition))
            .then(|| self.failure_to_start(task.definition, self.key_of(task.origin)))
            .flatten();
        let Some(known) = self.sim.containers.get_mut(&id) else { return };
        known.pulled |= 1 << at;
        let pulled_all = known.pulled == definition.all_containers();
        if pulled_all && failure.is_none_or(StartError::is_after_pull) {
            self.emit(Fact::ImagePullStopped { task: id });
        }
        match failure.filter(|error| !error.is_after_pull()) {
            Some(error) => self.fail_to_pull(id, error),
            None => self.create(id, at, failure),
        }
    }

    /// Creating and starting one container takes its time, also where it fails (TSK-053).
    fn create(&mut self, id: TaskId, at: usize, failure: Option<StartError>) {
        let model = Arc::clone(&self.sim.model);
        let task = self.sim.cluster.task(id);
        let behavior = &model.behaviors[task.definition];
        let fargate = behavior.fargate.as_ref().filter(|_| task.is_fargate());
        let start = fargate.map_or(&behavior.start, |fargate| &fargate.start);
        let start = self.draw(purposes::START, container_key(self.key_of(task.origin), at), start);
        match self.outcome_of_start(task, start, failure) {
            (after, None) => {
                self.sim.schedule(self.sim.now + after, Event::ContainerStarts { task: id, container: number(at) });
            }
            (after, Some(error)) => self.fail_after(id, after, error),
        }
    }

    /// One container starts. With the last one the task is RUNNING (TSK-006), and others may have waited for this one.
    pub(crate) fn container_starts(&mut self, id: TaskId, container: u8) {
        let at = usize::from(container);
        let Some(task) = self.task(id).filter(|task| task.is_live()) else { return };
        let model = Arc::clone(&self.sim.model);
        let definition = &model.definitions.task_definitions[task.definition];
        self.emit(Fact::ContainerStarted { task: id, container, restarts: 0 });
        if let Some(known) = self.sim.containers.get_mut(&id) {
            known.each[at].started_at = self.sim.now;
        }
        let all_started = self.sim.cluster.task(id).started == definition.all_containers();
        if all_started {
            self.all_containers_run(id);
        }
        let kills = self.out_of_memory_kills(id);
        self.plan_exit(id, at, kills[at]);
        self.plan_health(id, at);
        if all_started {
            // Only now is it known when the sum of all crosses the limit of the task (TSK-027).
            for (other, kill) in kills.iter().enumerate().filter(|(other, _)| *other != at) {
                if let Some(after) = kill {
                    self.schedule_exit(id, other, *after, ExitCause::OutOfMemory, KILLED);
                }
            }
        }
        let waits = |dependency: &ContainerDependency| {
            dependency.container == container && dependency.condition != DependencyCondition::Start
        };
        if let Some(timeout) = definition.containers[at].start_timeout
            && definition.containers.iter().any(|other| other.depends_on.iter().any(waits))
        {
            self.sim.schedule(self.sim.now + timeout, Event::StartTimeout { task: id, container });
        }
        self.start_ready(id);
    }

    /// A dependency has not come as far as its dependents want within its `startTimeout`: they never start (TSK-023).
    pub(crate) fn start_timeout(&mut self, id: TaskId, container: u8) {
        let Some(task) = self.task(id).filter(|task| task.is_live()) else { return };
        let Some(known) = self.sim.containers.get(&id) else { return };
        let definition = &self.sim.model.definitions.task_definitions[task.definition];
        let waits = definition.containers.iter().enumerate().any(|(at, other)| {
            known.begun >> at & 1 == 0
                && other.depends_on.iter().any(|dependency| {
                    dependency.container == container
                        && dependency.condition != DependencyCondition::Start
                        && !known.meets(task, *dependency)
                })
        });
        if waits {
            self.stop_task(id, StopReason::FailedToStart(StartError::DependencyTimedOut));
        }
    }

    /// RUNNING: every container has started (TSK-006), and each one's end is known if it ends by itself.
    pub(crate) fn containers_started(&mut self, id: TaskId) {
        let Some(task) = self.task(id) else { return };
        if !task.is_live() || task.last > TaskStatus::Pending {
            return;
        }
        let model = Arc::clone(&self.sim.model);
        let definition = &model.definitions.task_definitions[task.definition];
        self.all_containers_run(id);
        if definition.is_watched() {
            let mut containers = Containers::new(definition, self.sim.now);
            containers.begun = definition.all_containers();
            self.sim.containers.insert(id, containers);
        }
        let kills = self.out_of_memory_kills(id);
        for (at, kill) in kills.iter().enumerate() {
            self.plan_exit(id, at, *kill);
            self.plan_health(id, at);
        }
    }

    /// When a container that just started ends by itself, if it does: whatever comes first.
    fn plan_exit(&mut self, id: TaskId, at: usize, kill: Option<Span>) {
        let model = Arc::clone(&self.sim.model);
        let task = self.sim.cluster.task(id);
        let (origin, definition) = (task.origin, task.definition);
        let behavior = &model.behaviors[definition].containers[at];
        let key = run_key(self.key_of(origin), at, self.sim.restarts_of(id, at));
        let mut end: Option<(Span, ExitCause, i32)> = None;
        let mut earlier = |candidate: (Span, ExitCause, i32)| {
            if end.is_none_or(|known| candidate.0 < known.0) {
                end = Some(candidate);
            }
        };
        // A workload may say how long its tasks run; that is about the container that does the work.
        let is_main = at == main_container(&model.definitions.task_definitions[definition]);
        let (given, given_code) = if is_main { self.given_duration(origin, key) } else { (None, None) };
        if let Some(span) = given {
            earlier((span, ExitCause::Itself, given_code.unwrap_or(behavior.exit_code)));
        } else if let Some(duration) = &behavior.duration {
            let span = self.draw(purposes::DURATION, key, duration);
            earlier((span, ExitCause::Itself, behavior.exit_code));
        }
        if let Some(crash) = &behavior.crash {
            let mut stream = self.sim.streams.stream(purposes::CRASH, key);
            let crashes = stream.uniform() < crash.probability;
            let after = crash.after.sample_span(&mut stream);
            if crashes {
                earlier((after, ExitCause::Itself, crash.exit_code));
            }
        }
        if let Some(after) = kill {
            earlier((after, ExitCause::OutOfMemory, KILLED));
        }
        if let Some((after, cause, exit_code)) = end {
            self.schedule_exit(id, at, after, cause, exit_code);
        }
    }

    fn schedule_exit(&mut self, id: TaskId, at: usize, after: Span, cause: ExitCause, exit_code: i32) {
        let run = run_number(self.sim.restarts_of(id, at));
        let event = Event::ContainerExits { task: id, container: number(at), run, cause, exit_code };
        self.sim.schedule(self.sim.now + after, event);
    }

    /// A container that just started is probed from now on, where it has a health check (TSK-041).
    fn plan_health(&mut self, id: TaskId, at: usize) {
        let model = Arc::clone(&self.sim.model);
        let task = self.sim.cluster.task(id);
        let definition = task.definition;
        let Some(check) = model.definitions.task_definitions[definition].containers[at].health_check else { return };
        let key = run_key(self.key_of(task.origin), at, self.sim.restarts_of(id, at));
        let behavior = &model.behaviors[definition].containers[at].health;
        let monitor = Monitor::new(check, behavior, &mut self.sim.streams.stream(purposes::HEALTH_CHECK, key));
        if let Some(known) = self.sim.containers.get_mut(&id) {
            known.each[at].monitor = Some(monitor);
        }
        self.plan_health_change(id, at);
    }

    fn plan_health_change(&mut self, id: TaskId, at: usize) {
        let Some(known) = self.sim.containers.get_mut(&id) else { return };
        let one = &mut known.each[at];
        let (started_at, run) = (one.started_at, run_number(one.restarts));
        if let Some(after) = one.monitor.as_mut().and_then(Monitor::next) {
            self.sim.schedule(started_at + after, Event::HealthChanges { task: id, container: number(at), run });
        }
    }

    /// The health check of a container says something new. ECS hears of it while the agent is connected: losing the
    /// connection never makes a task UNHEALTHY (TSK-044). Others may have waited for it (TSK-021).
    pub(crate) fn health_changes(&mut self, id: TaskId, container: u8, run: u16) {
        let at = usize::from(container);
        let Some(task) = self.task(id).filter(|task| task.is_live()) else { return };
        let runs = task.running_containers() >> container & 1 == 1;
        if !runs || run != run_number(self.sim.restarts_of(id, at)) {
            return;
        }
        if let Some(monitor) = self.sim.containers.get_mut(&id).and_then(|known| known.each[at].monitor.as_mut()) {
            monitor.pass();
        }
        self.plan_health_change(id, at);
        self.tell_health(id);
        self.start_ready(id);
    }

    /// ECS learns what the agent knows of the health of a task's containers.
    fn tell_health(&mut self, id: TaskId) {
        let Some(task) = self.task(id) else { return };
        if task.instance.is_some_and(|instance| !self.sim.cluster.instances()[instance].connected) {
            return;
        }
        let Some(known) = self.sim.containers.get(&id) else { return };
        let told = |at: usize| match (task.healthy >> at & 1, task.unhealthy >> at & 1) {
            (1, _) => HealthStatus::Healthy,
            (_, 1) => HealthStatus::Unhealthy,
            _ => HealthStatus::Unknown,
        };
        let news = |at: usize| {
            let to = known.health(at);
            (task.running_containers() >> at & 1 == 1 && to != told(at)).then_some((at, to))
        };
        let news: Vec<(usize, HealthStatus)> = (0..known.each.len()).filter_map(news).collect();
        for (at, to) in news {
            self.emit(Fact::ContainerHealthChanged { task: id, container: number(at), to });
        }
    }

    /// The agent is connected again and reports what has happened to the health of its containers (TSK-044).
    pub(super) fn tell_health_on(&mut self, instance: InstanceId) {
        if self.sim.containers.is_empty() {
            return;
        }
        for task in self.sim.cluster.instances()[instance].tasks.clone() {
            self.tell_health(task);
        }
    }

    /// How long the workload says this copy runs, and with which code it ends.
    fn given_duration(&self, origin: TaskOrigin, key: Key) -> (Option<Span>, Option<i32>) {
        let TaskOrigin::Source { source, ordinal } = origin else { return (None, None) };
        if let Some(row) = self.sim.trace_row(source, ordinal)
            && row.duration.is_some()
        {
            return (row.duration, Some(row.exit_code));
        }
        let duration = self.sim.model.sources[source].duration.as_ref();
        (duration.map(|duration| self.draw(purposes::DURATION, key, duration)), None)
    }

    /// When each container is killed for its use of memory, if it is: at its own hard limit (TSK-026), or, where the task
    /// has a limit, when the sum of all crosses that; then the one with the largest overuse goes (TSK-027).
    ///
    /// A call that overrides limits has a definition of its own, with these limits (RES-010). Containers that started
    /// earlier, or again, have grown by then; those that do not run use nothing.
    fn out_of_memory_kills(&self, id: TaskId) -> Vec<Option<Span>> {
        let task = self.sim.cluster.task(id);
        let (definition, key) = (task.definition, self.key_of(task.origin));
        let behaviors = &self.sim.model.behaviors[definition].containers;
        let mut kills = vec![None; behaviors.len()];
        if behaviors.iter().all(|behavior| behavior.memory.is_none()) {
            return kills;
        }
        let definition = &self.sim.model.definitions.task_definitions[definition];
        let known = self.sim.containers.get(&id);
        // MiB at the start and MiB an hour, container by container.
        let uses: Vec<(f64, f64)> = behaviors
            .iter()
            .enumerate()
            .map(|(at, behavior)| {
                let memory = behavior.memory.as_ref().filter(|_| task.running_containers() >> at & 1 == 1);
                memory.map_or((0.0, 0.0), |memory| {
                    let (key, age) = known.map_or((container_key(key, at), Span::ZERO), |known| {
                        let one = &known.each[at];
                        (run_key(key, at, one.restarts), self.sim.now.since(one.started_at))
                    });
                    let mut stream = self.sim.streams.stream(purposes::MEMORY_USE, key);
                    let grown = memory.growth_per_hour * age.secs_f64() / 3600.0;
                    (memory.at_start.sample(&mut stream) + grown, memory.growth_per_hour)
                })
            })
            .collect();
        for (at, (start, growth)) in uses.iter().enumerate() {
            if let (Some(limit), true) = (definition.containers[at].memory, behaviors[at].memory.is_some()) {
                kills[at] = crosses(*start, *growth, f64::from(limit));
            }
        }
        let total = uses.iter().fold((0.0, 0.0), |sum, use_| (sum.0 + use_.0, sum.1 + use_.1));
        if let Some(after) = definition.task_memory.and_then(|limit| crosses(total.0, total.1, f64::from(limit))) {
            let hours = after.secs_f64() / 3600.0;
            let overuse = |at: usize| {
                let reserved = definition.containers[at].memory_reservation.map_or(0.0, f64::from);
                uses[at].0 + uses[at].1 * hours - reserved
            };
            let worst = (0..uses.len()).reduce(|worst, at| if overuse(at) > overuse(worst) { at } else { worst });
            if let Some(worst) = worst {
                kills[worst] = Some(kills[worst].map_or(after, |own: Span| own.min(after)));
            }
        }
        kills
    }

    /// A container exits. Its restart policy may start it again (TSK-031); else the task stops with an essential one
    /// (TSK-020). One that was told to stop may still end by itself before it obeys or is killed.
    pub(crate) fn container_exits(&mut self, id: TaskId, container: u8, run: u16, cause: ExitCause, exit_code: i32) {
        let at = usize::from(container);
        let Some(task) = self.task(id) else { return };
        let stopping = !task.is_live();
        let runs = task.running_containers() >> container & 1 == 1 && !task.execution_stopped;
        if !runs || run != run_number(self.sim.restarts_of(id, at)) {
            return;
        }
        let model = Arc::clone(&self.sim.model);
        let definition = &model.definitions.task_definitions[task.definition];
        let out_of_memory = cause == ExitCause::OutOfMemory;
        if let ExitCause::StopFails(error) = cause {
            self.emit(Fact::ContainerStopFailed { task: id, container, error });
        } else {
            self.emit(Fact::ContainerExited { task: id, container, exit_code, out_of_memory });
        }
        self.container_is_up(id, container, false);
        if stopping {
            if definition.is_ordered() {
                self.signal(id);
            }
            if self.sim.cluster.task(id).running_containers() == 0 {
                self.execution_stopped(id);
            }
        } else if self.may_restart(id, at, definition, exit_code) {
            self.restart(id, at);
        } else if definition.containers[at].essential {
            self.stop_task(id, StopReason::EssentialContainerExited);
        } else if definition.is_ordered() {
            self.dependency_exited(id);
        }
    }

    /// TSK-031: at exit a container is started again unless its code is ignored or it has run for too short a time since
    /// its last start.
    fn may_restart(&self, id: TaskId, at: usize, definition: &TaskDefinition, exit_code: i32) -> bool {
        let Some(policy) = &definition.containers[at].restart_policy else { return false };
        let Some(known) = self.sim.containers.get(&id) else { return false };
        policy.ignored_exit_codes.binary_search(&exit_code).is_err()
            && self.sim.now.since(known.each[at].started_at) >= policy.attempt_period
    }

    /// The container starts again at once, in the same task (TSK-032); its health is not known until it is probed.
    fn restart(&mut self, id: TaskId, at: usize) {
        let Some(known) = self.sim.containers.get_mut(&id) else { return };
        let one = &mut known.each[at];
        one.restarts += 1;
        one.started_at = self.sim.now;
        one.monitor = None;
        let restarts = one.restarts;
        self.emit(Fact::ContainerStarted { task: id, container: number(at), restarts });
        self.container_is_up(id, number(at), true);
        let kill = self.out_of_memory_kills(id)[at];
        self.plan_exit(id, at, kill);
        self.plan_health(id, at);
    }

    /// A container that others may wait for exited: they start, or never will (TSK-021, TSK-023).
    fn dependency_exited(&mut self, id: TaskId) {
        let task = self.sim.cluster.task(id);
        let Some(known) = self.sim.containers.get(&id) else { return };
        let definition = &self.sim.model.definitions.task_definitions[task.definition];
        let hopeless = definition.containers.iter().enumerate().any(|(at, other)| {
            known.begun >> at & 1 == 0 && other.depends_on.iter().any(|dependency| is_hopeless(task, *dependency))
        });
        if hopeless {
            self.stop_task(id, StopReason::FailedToStart(StartError::DependencyFailed));
        } else {
            self.start_ready(id);
        }
    }

    /// The desired status became STOPPED: containers get the signal and, past their stop timeout, are killed
    /// (TSK-003, TSK-025).
    pub(crate) fn task_stopping(&mut self, id: TaskId) {
        if self.sim.cluster.task(id).running_containers() == 0 {
            // Nothing runs yet, or any more: whatever the agent was preparing is dropped.
            self.execution_stopped(id);
            return;
        }
        if self.deactivates(id) {
            return;
        }
        self.signal(id);
        self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Stopping });
    }

    /// ECS has seen that no load balancer drains the task any more: its containers get the signal (LB-021).
    pub(crate) fn deactivated(&mut self, id: TaskId) {
        let Some(task) = self.task(id).filter(|task| task.last == TaskStatus::Deactivating) else { return };
        if task.running_containers() > 0 {
            self.signal(id);
            self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Stopping });
        }
    }

    /// Signals every container that runs and has not got the signal, unless one that depends on it still runs (TSK-024):
    /// so the longest path through the graph counts, each container with a stop timeout of its own.
    fn signal(&mut self, id: TaskId) {
        let model = Arc::clone(&self.sim.model);
        let task = self.sim.cluster.task(id);
        let (key, definition, instance) = (self.key_of(task.origin), task.definition, task.instance);
        let shape = instance.map(|instance| self.sim.cluster.instances()[instance].shape);
        let definitions = &model.definitions.task_definitions[definition].containers;
        let behaviors = &model.behaviors[definition].containers;
        let running = task.running_containers();
        let mut kept = self.sim.containers.get(&id).map_or(0, |known| known.signalled);
        for (_, container) in definitions.iter().enumerate().filter(|(at, _)| running >> at & 1 == 1) {
            for dependency in &container.depends_on {
                kept |= 1 << dependency.container;
            }
        }
        for (at, (container, behavior)) in definitions.iter().zip(behaviors).enumerate() {
            if (running & !kept) >> at & 1 == 0 {
                continue;
            }
            let run_key = run_key(key, at, self.sim.restarts_of(id, at));
            let wanted = self.draw(purposes::STOP, run_key, &behavior.stop);
            // DRN-007: the task definition's, else the agent's, else 30 s; on Fargate at most 120 s.
            let timeout = match shape {
                Some(shape) => container.stop_timeout.unwrap_or(model.definitions.shapes[shape].stop_timeout),
                None => self.fargate_stop_timeout(container.stop_timeout),
            };
            let is_main = at == main_container(&model.definitions.task_definitions[definition]);
            if let Some((after, error)) = self.failure_to_stop(definition, run_key, timeout).filter(|_| is_main) {
                self.schedule_exit(id, at, after, ExitCause::StopFails(error), KILLED);
            } else {
                let (after, exit_code) =
                    if wanted > timeout { (timeout, KILLED) } else { (wanted, behavior.stop_exit_code) };
                self.schedule_exit(id, at, after, ExitCause::Stopped, exit_code);
            }
            if let Some(known) = self.sim.containers.get_mut(&id) {
                known.signalled |= 1 << at;
            }
        }
    }
}

impl Step<'_> {
    /// Whether a container cannot be stopped: after how long its agent gives up, and why (TSK-051, TSK-053). The agent asks
    /// five times; Docker refuses at once, or does not answer in the stop timeout and two minutes more.
    fn failure_to_stop(&self, definition: TaskDefinitionId, key: Key, timeout: Span) -> Option<(Span, StopError)> {
        let (probability, error) = self.sim.model.behaviors[definition].fail_to_stop?;
        if self.sim.streams.stream(purposes::FAIL_TO_STOP, key).uniform() >= probability {
            return None;
        }
        let each = match error {
            StopError::CannotStopContainer => Span::ZERO,
            StopError::DockerTimeout => timeout.saturating_add(STOP_CALL_TIMEOUT),
        };
        let mut stream = self.sim.streams.stream(purposes::STOP_RETRY, key);
        let (mut after, mut pause) = (each, FIRST_STOP_PAUSE_MS);
        for _ in 1..STOP_ATTEMPTS {
            let jittered = pause * (1.0 + STOP_PAUSE_JITTER * stream.uniform());
            after = after.saturating_add(Span::from_ms(jittered as u64)).saturating_add(each);
            pause = (pause * STOP_PAUSE_GROWTH).min(LONGEST_STOP_PAUSE_MS);
        }
        Some((after, error))
    }
}

impl Simulation {
    /// MiB that the containers of a task use at their start, the draws that decide when they are killed (TSK-026).
    pub(super) fn memory_at_start(&self, id: TaskId) -> f64 {
        let task = self.cluster.task(id);
        let key = match task.origin {
            TaskOrigin::Service { service, ordinal, .. } => self.keys.services[service].with(u64::from(ordinal)),
            TaskOrigin::Source { source, ordinal } => self.keys.sources[source].with(u64::from(ordinal)),
        };
        let each = self.model.behaviors[task.definition].containers.iter().enumerate().map(|(at, behavior)| {
            let memory = behavior.memory.as_ref();
            memory.map_or(0.0, |memory| {
                memory.at_start.sample(&mut self.streams.stream(purposes::MEMORY_USE, container_key(key, at)))
            })
        });
        each.sum()
    }

    /// How often a container has been started again.
    pub(super) fn restarts_of(&self, id: TaskId, at: usize) -> u32 {
        self.containers.get(&id).map_or(0, |known| known.each[at].restarts)
    }
}

/// The index of a container, as facts and events have it.
fn number(container: usize) -> u8 {
    u8::try_from(container).expect("a task definition has few containers")
}

/// The number of a run, as events have it: it tells a run from the one before.
pub(super) const fn run_number(restarts: u32) -> u16 {
    (restarts & 0xffff) as u16
}

/// When a use that starts at `start` MiB and grows by `growth` MiB an hour crosses `limit`, if ever.
fn crosses(start: f64, growth: f64, limit: f64) -> Option<Span> {
    if start > limit {
        Some(Span::ZERO)
    } else if growth > 0.0 {
        Some(Span::from_secs_f64((limit - start) / growth * 3600.0))
    } else {
        None
    }
}

/// The container whose end a workload's `duration` is about: the first essential one.
pub(super) fn main_container(definition: &ecsim_cluster::definitions::TaskDefinition) -> usize {
    definition.containers.iter().position(|container| container.essential).unwrap_or(0)
}

/// Container 0 shares the task's own key, so that a sidecar added behind it changes no draw of it.
pub(super) fn container_key(key: Key, container: usize) -> Key {
    if container == 0 { key } else { key.with(container as u64) }
}

/// The key of one run of a container; its first run shares the container's.
pub(super) fn run_key(key: Key, container: usize, restarts: u32) -> Key {
    let key = container_key(key, container);
    if restarts == 0 { key } else { key.with(AGAIN | u64::from(restarts)) }
}
