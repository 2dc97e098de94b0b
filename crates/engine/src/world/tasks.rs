//! What becomes of a task on its host: network interface, the agent's queue, image pull, start, exit, stop (TSK rules).
//!
//! A state that has nothing to do is passed over (TSK-001, TSK-004).

use std::sync::Arc;

use ecsim_cluster::definitions::PullBehavior;
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::reasons::StartError;
use ecsim_cluster::{Fact, InstanceId, StopReason, Task, TaskId, TaskStatus};
use ecsim_kernel::{Distribution, Key, Purpose, Span};

use crate::event::{Event, ExitCause};
use crate::purposes;
use crate::simulation::{Simulation, Step};

/// Exit code of a process killed by SIGKILL (TSK-026, TSK-027).
const KILLED: i32 = 137;

impl Step<'_> {
    fn task(&self, task: TaskId) -> Option<&Task> {
        self.sim.cluster.tasks().get(task)
    }

    /// The random key of a task: a name and an ordinal, never its id, which a policy could shift.
    fn key_of(&self, origin: TaskOrigin) -> Key {
        match origin {
            TaskOrigin::Service { service, ordinal } => self.sim.keys.services[service].with(u64::from(ordinal)),
            TaskOrigin::Source { source, ordinal } => self.sim.keys.sources[source].with(u64::from(ordinal)),
        }
    }

    fn draw(&self, purpose: Purpose, key: Key, distribution: &Distribution) -> Span {
        distribution.sample_span(&mut self.sim.streams.stream(purpose, key))
    }

    /// A task was placed, and is launched as soon as it may be.
    pub(crate) fn task_created(&mut self, id: TaskId) {
        let bucket = self.sim.model.settings.ec2_launch_bucket;
        match self.sim.launches.hold(self.sim.now, bucket, id) {
            None => self.launch(id),
            Some(at) => self.sim.schedule(at, Event::Launched(id)),
        }
    }

    /// Its token is there.
    pub(crate) fn launched(&mut self, id: TaskId) {
        self.sim.launches.release(id);
        if self.task(id).is_some_and(Task::is_live) {
            self.launch(id);
        }
    }

    /// Its network interface is attached, or it goes to the agent at once.
    fn launch(&mut self, id: TaskId) {
        let task = self.sim.cluster.task(id);
        let (instance, key, definition) = (task.instance, self.key_of(task.origin), task.definition);
        if task.last == TaskStatus::Provisioning {
            let model = Arc::clone(&self.sim.model);
            let wait = self.draw(purposes::ENI_ATTACH, key, &model.behaviors[definition].eni_attach);
            self.sim.schedule(self.sim.now + wait, Event::EniAttached(id));
        } else {
            self.admit_waiting(instance);
        }
    }

    /// The interface is there, unless one attached by hand holds its place (RES-042): then the task fails.
    pub(crate) fn eni_attached(&mut self, id: TaskId) {
        let Some(task) = self.task(id) else { return };
        if task.last != TaskStatus::Provisioning || !task.is_live() {
            return;
        }
        let instance = task.instance;
        let host = &self.sim.cluster.instances()[instance];
        let hidden = self.sim.model.definitions.shapes[host.shape].hidden_enis;
        if hidden > 0 && self.sim.attached_enis(instance) + hidden >= host.registered.enis {
            self.stop_task(id, StopReason::FailedToStart(StartError::EniAttach));
            return;
        }
        self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Pending });
        self.admit_waiting(instance);
    }

    /// The agent's queue (RES-015): strictly first in, first out. The head waits until the host's resources are really
    /// free and blocks all later tasks, even ones that would fit.
    pub(crate) fn admit_waiting(&mut self, instance: InstanceId) {
        loop {
            let host = &self.sim.cluster.instances()[instance];
            if !host.connected || !host.host_running {
                return;
            }
            let waiting = |task: &&TaskId| !self.sim.launches.holds(**task);
            let Some(head) = host.queue.iter().find(waiting).copied() else { return };
            let task = self.sim.cluster.task(head);
            let definition = &self.sim.model.definitions.task_definitions[task.definition];
            let free = host.host_free.holds(task.reserved.without_enis())
                && !definition.ports.iter().any(|port| host.host_ports.contains(*port));
            if !free {
                return;
            }
            let shape = &self.sim.model.definitions.shapes[host.shape];
            let dynamic: u32 = definition.containers.iter().map(|container| container.dynamic_ports).sum();
            let ebs_taken =
                |used: u16| used + if shape.ebs_shared_with_enis { self.sim.attached_enis(instance) } else { 0 };
            let error = if host.dynamic_ports_used + dynamic > shape.dynamic_ports {
                Some(StartError::NoDynamicPort)
            } else if definition.ebs_volume && ebs_taken(host.ebs_used) >= shape.ebs_slots {
                Some(StartError::VolumeAttach)
            } else {
                None
            };
            if let Some(error) = error {
                // Running out of these fails the task on the host, not its placement (RES-025, RES-053). It holds up the
                // queue until it has failed, which is an event of its own: nobody's task ends while it is being created.
                self.sim.schedule(self.sim.now, Event::HostLacks { task: head, error });
                return;
            }
            self.emit(Fact::TaskAdmitted { task: head });
            self.pull(head);
        }
    }

    /// The head of the host's queue fails, unless what it lacked has come free since.
    pub(crate) fn host_lacks(&mut self, id: TaskId, error: StartError) {
        if self.task(id).is_some_and(|task| task.is_live() && !task.admitted && task.last == TaskStatus::Pending) {
            self.stop_task(id, StopReason::FailedToStart(error));
        }
    }

    /// The images of a task are fetched, each container's on its own, all at once (TSK-050, LAT-010, LAT-011).
    fn pull(&mut self, id: TaskId) {
        self.emit(Fact::ImagePullStarted { task: id });
        let model = Arc::clone(&self.sim.model);
        let task = self.sim.cluster.task(id);
        let key = self.key_of(task.origin);
        let host = &self.sim.cluster.instances()[task.instance];
        let pulls = model.definitions.shapes[host.shape].pull_behavior;
        let definition = &model.definitions.task_definitions[task.definition];
        let behavior = &model.behaviors[task.definition];
        let mut longest = Span::ZERO;
        for (at, (container, behavior)) in definition.containers.iter().zip(&behavior.containers).enumerate() {
            let cached = host.images.contains_key(&container.image);
            let distribution = match (cached, pulls) {
                (false, _) => &behavior.cold_pull,
                (true, PullBehavior::Default | PullBehavior::Always) => &behavior.cached_pull,
                (true, PullBehavior::Once | PullBehavior::PreferCached) => continue,
            };
            longest = longest.max(self.draw(purposes::IMAGE_PULL, container_key(key, at), distribution));
        }
        self.sim.schedule(self.sim.now + longest, Event::ImagesPulled(id));
    }

    /// Pulled: the containers are created and started, or fail to (TSK-053, TSK-054).
    pub(crate) fn images_pulled(&mut self, id: TaskId) {
        let Some(task) = self.task(id) else { return };
        if !task.is_live() || task.last > TaskStatus::Pending {
            return;
        }
        let (key, definition) = (self.key_of(task.origin), task.definition);
        let model = Arc::clone(&self.sim.model);
        let behavior = &model.behaviors[definition];
        if let Some((probability, error)) = behavior.fail_to_start {
            let fails = self.sim.streams.stream(purposes::FAIL_TO_START, key).uniform() < probability;
            if fails {
                if matches!(error, StartError::CannotCreateContainer | StartError::CannotStartContainer) {
                    self.emit(Fact::ImagePullStopped { task: id });
                }
                self.stop_task(id, StopReason::FailedToStart(error));
                return;
            }
        }
        self.emit(Fact::ImagePullStopped { task: id });
        let wait = self.draw(purposes::START, key, &behavior.start);
        self.sim.schedule(self.sim.now + wait, Event::ContainersStarted(id));
    }

    /// RUNNING: every container has started (TSK-006), and each one's end is known if it ends by itself.
    pub(crate) fn containers_started(&mut self, id: TaskId) {
        let Some(task) = self.task(id) else { return };
        if !task.is_live() || task.last > TaskStatus::Pending {
            return;
        }
        let (origin, definition) = (task.origin, task.definition);
        self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Running });
        let key = self.key_of(origin);
        let model = Arc::clone(&self.sim.model);
        let containers = &model.behaviors[definition].containers;
        let main = main_container(&model.definitions.task_definitions[definition]);
        let kills = self.out_of_memory_kills(definition, key);
        for (at, behavior) in containers.iter().enumerate() {
            let mut end: Option<(Span, ExitCause, i32)> = None;
            let mut earlier = |candidate: (Span, ExitCause, i32)| {
                if end.is_none_or(|known| candidate.0 < known.0) {
                    end = Some(candidate);
                }
            };
            // A workload may say how long its tasks run; that is about the container that does the work.
            let (given, given_code) =
                if at == main { self.given_duration(origin, container_key(key, at)) } else { (None, None) };
            if let Some(span) = given {
                earlier((span, ExitCause::Itself, given_code.unwrap_or(behavior.exit_code)));
            } else if let Some(duration) = &behavior.duration {
                let span = self.draw(purposes::DURATION, container_key(key, at), duration);
                earlier((span, ExitCause::Itself, behavior.exit_code));
            }
            if let Some(crash) = &behavior.crash {
                let mut stream = self.sim.streams.stream(purposes::CRASH, container_key(key, at));
                let crashes = stream.uniform() < crash.probability;
                let after = crash.after.sample_span(&mut stream);
                if crashes {
                    earlier((after, ExitCause::Itself, crash.exit_code));
                }
            }
            if let Some(after) = kills[at] {
                earlier((after, ExitCause::OutOfMemory, KILLED));
            }
            if let Some((after, cause, exit_code)) = end {
                let container = u8::try_from(at).expect("a task definition has few containers");
                self.sim
                    .schedule(self.sim.now + after, Event::ContainerExits { task: id, container, cause, exit_code });
            }
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
    /// A call that overrides limits has a definition of its own, with these limits (RES-010).
    fn out_of_memory_kills(&self, definition: ecsim_cluster::TaskDefinitionId, key: Key) -> Vec<Option<Span>> {
        let behaviors = &self.sim.model.behaviors[definition].containers;
        let mut kills = vec![None; behaviors.len()];
        if behaviors.iter().all(|behavior| behavior.memory.is_none()) {
            return kills;
        }
        let definition = &self.sim.model.definitions.task_definitions[definition];
        // MiB at the start and MiB an hour, container by container.
        let uses: Vec<(f64, f64)> = behaviors
            .iter()
            .enumerate()
            .map(|(at, behavior)| {
                behavior.memory.as_ref().map_or((0.0, 0.0), |memory| {
                    let mut stream = self.sim.streams.stream(purposes::MEMORY_USE, container_key(key, at));
                    (memory.at_start.sample(&mut stream), memory.growth_per_hour)
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

    /// A container exits. With an essential one the task stops (TSK-020). One that was told to stop may still end by itself
    /// before it obeys or is killed.
    pub(crate) fn container_exits(&mut self, id: TaskId, container: u8, cause: ExitCause, exit_code: i32) {
        let Some(task) = self.task(id) else { return };
        let stopping = !task.is_live();
        if task.execution_stopped || task.exited >> container & 1 == 1 || task.last < TaskStatus::Running {
            return;
        }
        let definition = task.definition;
        let out_of_memory = cause == ExitCause::OutOfMemory;
        self.emit(Fact::ContainerExited { task: id, container, exit_code, out_of_memory });
        let model = Arc::clone(&self.sim.model);
        let containers = &model.definitions.task_definitions[definition].containers;
        if stopping {
            self.finish_if_exited(id);
        } else if containers[usize::from(container)].essential {
            self.stop_task(id, StopReason::EssentialContainerExited);
        }
    }

    /// The desired status became STOPPED: containers get the signal and, past their stop timeout, are killed
    /// (TSK-003, TSK-025).
    pub(crate) fn task_stopping(&mut self, id: TaskId) {
        let task = self.sim.cluster.task(id);
        if task.last < TaskStatus::Running {
            // Nothing runs yet: whatever the agent was preparing is dropped.
            self.execution_stopped(id);
            return;
        }
        let (key, definition, exited, instance) =
            (self.key_of(task.origin), task.definition, task.exited, task.instance);
        let model = Arc::clone(&self.sim.model);
        let shape = self.sim.cluster.instances()[instance].shape;
        let default_timeout = model.definitions.shapes[shape].stop_timeout;
        let definitions = &model.definitions.task_definitions[definition].containers;
        let behaviors = &model.behaviors[definition].containers;
        let mut running = false;
        for (at, (container, behavior)) in definitions.iter().zip(behaviors).enumerate() {
            if exited >> at & 1 == 1 {
                continue;
            }
            running = true;
            let wanted = self.draw(purposes::STOP, container_key(key, at), &behavior.stop);
            let timeout = container.stop_timeout.unwrap_or(default_timeout);
            let (after, exit_code) =
                if wanted > timeout { (timeout, KILLED) } else { (wanted, behavior.stop_exit_code) };
            let container = u8::try_from(at).expect("a task definition has few containers");
            self.sim.schedule(
                self.sim.now + after,
                Event::ContainerExits { task: id, container, cause: ExitCause::Stopped, exit_code },
            );
        }
        if running {
            self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Stopping });
        } else {
            self.execution_stopped(id);
        }
    }

    fn finish_if_exited(&mut self, id: TaskId) {
        let task = self.sim.cluster.task(id);
        let containers = self.sim.model.definitions.task_definitions[task.definition].containers.len();
        if task.exited.count_ones() as usize == containers {
            self.execution_stopped(id);
        }
    }

    /// The last container is gone: the host's resources are free (RES-015), then the network interface is detached
    /// (RES-016), then the task is STOPPED.
    fn execution_stopped(&mut self, id: TaskId) {
        self.emit(Fact::TaskExecutionStopped { task: id });
        let task = self.sim.cluster.task(id);
        let (instance, key, definition) = (task.instance, self.key_of(task.origin), task.definition);
        if task.requirements.eni {
            self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Deprovisioning });
            let model = Arc::clone(&self.sim.model);
            let wait = self.draw(purposes::ENI_DETACH, key, &model.behaviors[definition].eni_detach);
            self.sim.schedule(self.sim.now + wait, Event::EniDetached(id));
        } else {
            self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Stopped });
        }
        self.admit_waiting(instance);
    }

    /// The interface is gone: STOPPED.
    pub(crate) fn eni_detached(&mut self, id: TaskId) {
        if self.task(id).is_some_and(|task| task.last == TaskStatus::Deprovisioning) {
            self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Stopped });
        }
    }

    /// The host is gone, or ECS no longer counts what runs there: the task ends at once, without a stop signal.
    pub(crate) fn lose_task(&mut self, id: TaskId, reason: StopReason) {
        let Some(task) = self.task(id) else { return };
        let was_live = task.is_live();
        if was_live {
            self.emit(Fact::TaskStopRequested { task: id, reason });
        }
        let task = self.sim.cluster.task(id);
        if !task.execution_stopped {
            self.emit(Fact::TaskExecutionStopped { task: id });
        }
        self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Stopped });
    }
}

impl Simulation {
    /// Task network interfaces that are really attached to the host: not those of tasks that still wait for theirs, nor
    /// of those that never got one.
    fn attached_enis(&self, instance: InstanceId) -> u16 {
        let attached = |task: &&Task| {
            task.requirements.eni
                && task.last > TaskStatus::Provisioning
                && task.stop_reason != Some(StopReason::FailedToStart(StartError::EniAttach))
        };
        let tasks = self.cluster.instances()[instance].tasks.iter().map(|task| self.cluster.task(*task));
        u16::try_from(tasks.filter(attached).count()).unwrap_or(u16::MAX)
    }
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
fn main_container(definition: &ecsim_cluster::definitions::TaskDefinition) -> usize {
    definition.containers.iter().position(|container| container.essential).unwrap_or(0)
}

/// Container 0 shares the task's own key, so that a sidecar added behind it changes no draw of it.
fn container_key(key: Key, container: usize) -> Key {
    if container == 0 { key } else { key.with(container as u64) }
}
