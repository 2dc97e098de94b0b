//! What becomes of a task on its host: network interface, the agent's queue, image pull, start, end (TSK rules). What its
//! containers do between start and end is in [`super::containers`].
//!
//! A state that has nothing to do is passed over (TSK-001, TSK-004).

use std::sync::Arc;

use ecsim_cluster::definitions::{ImageCleanup, LaunchOwner, PullBehavior};
use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::reasons::StartError;
use ecsim_cluster::{Fact, ImageId, Instance, InstanceId, StopReason, Task, TaskDefinitionId, TaskId, TaskStatus};
use ecsim_kernel::{Distribution, Key, Purpose, SimTime, Span};

use super::containers::container_key;
use crate::event::Event;
use crate::purposes;
use crate::simulation::{Simulation, Step};

/// How long an agent waits for a pull, all attempts together (TSK-051).
const PULL_TIMEOUT: Span = Span::from_hours(2);
/// How long it waits for the start of a container, on Linux and on Windows (TSK-051). The time that a scenario gives for
/// creating and starting is the start's: creation, for which the agent waits four minutes, takes none of it.
const START_TIMEOUT: Span = Span::from_mins(3);
const START_TIMEOUT_ON_WINDOWS: Span = Span::from_mins(8);

/// The pull of an image, as far as an agent waits for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pull {
    /// How long it takes.
    pub(super) takes: Span,
    /// Whether it has not ended by then, and the task fails.
    pub(super) fails: bool,
}

/// How long Managed Instances keep an image that no task uses (CP-044).
const UNUSED_IMAGE: Span = Span::from_mins(15);

impl Simulation {
    /// Whether a task finds an image on its host. Managed Instances remove those that no task has used for a while (CP-044),
    /// the agents of other instances now and then (TSK-052).
    fn has_image(&self, host: &Instance, id: TaskId, image: ImageId) -> bool {
        let Some(used) = host.images.get(&image) else { return false };
        let definitions = &self.model.definitions;
        let owner = host.option.map(|option| definitions.launch_options[option].owner);
        let is_managed = matches!(owner, Some(LaunchOwner::Provider(_)));
        let cleanup = definitions.shapes[host.shape].image_cleanup;
        let kept = match cleanup {
            _ if is_managed => UNUSED_IMAGE,
            Some(cleanup) => cleanup.containers_kept.max(cleanup.minimum_age),
            None => return true,
        };
        if *used + kept > self.now {
            return true;
        }
        let in_use = |image: ImageId| {
            host.tasks.iter().filter(|other| **other != id).any(|other| {
                let definition = self.cluster.task(*other).definition;
                definitions.task_definitions[definition].containers.iter().any(|container| container.image == image)
            })
        };
        if in_use(image) {
            return true;
        }
        let Some(cleanup) = cleanup.filter(|_| !is_managed) else { return false };
        let unused =
            host.images.iter().filter(|(other, _)| !in_use(**other)).map(|(other, used)| (*used + kept, *other));
        !is_swept(unused.collect(), image, cleanup, host.registered_at, self.now)
    }
}

/// Whether an image is gone by now: sweeps come at regular times from the agent's start, and each takes some of the images that
/// may go, those first that have been idle longest (TSK-052). `unused` holds from when each may go.
///
/// What was used again in the meantime counts as if it had never been in the way.
fn is_swept(
    mut unused: Vec<(SimTime, ImageId)>,
    image: ImageId,
    cleanup: ImageCleanup,
    from: SimTime,
    now: SimTime,
) -> bool {
    unused.sort_unstable();
    let interval = cleanup.interval.ms().max(1);
    let sweep_after = |at: SimTime| from + Span::from_ms(at.since(from).ms().div_ceil(interval).max(1) * interval);
    let (mut sweep, mut taken) = (SimTime::ZERO, 0);
    for (may_go, other) in unused {
        let first = sweep_after(may_go);
        if first > sweep {
            (sweep, taken) = (first, 0);
        } else if taken == cleanup.per_sweep.max(1) {
            (sweep, taken) = (sweep + cleanup.interval, 0);
        }
        taken += 1;
        if sweep > now {
            return false;
        }
        if other == image {
            return true;
        }
    }
    false
}

impl Step<'_> {
    pub(super) fn task(&self, task: TaskId) -> Option<&Task> {
        self.sim.cluster.tasks().get(task)
    }

    /// The random key of a task: a name and an ordinal, never its id, which a policy could shift.
    pub(crate) fn key_of(&self, origin: TaskOrigin) -> Key {
        match origin {
            TaskOrigin::Service { service, ordinal, .. } => self.sim.keys.services[service].with(u64::from(ordinal)),
            TaskOrigin::Source { source, ordinal } => self.sim.keys.sources[source].with(u64::from(ordinal)),
        }
    }

    pub(crate) fn draw(&self, purpose: Purpose, key: Key, distribution: &Distribution) -> Span {
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
        if self.task(id).is_some_and(Task::is_fargate) {
            self.fargate_launched(id);
            return;
        }
        self.sim.launches.release(id);
        if self.task(id).is_some_and(Task::is_live) {
            self.launch(id);
        }
    }

    /// Its network interface is attached, or it goes to the agent at once.
    fn launch(&mut self, id: TaskId) {
        let task = self.sim.cluster.task(id);
        let (key, definition) = (self.key_of(task.origin), task.definition);
        let Some(instance) = task.instance else { return };
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
        let Some(instance) = task.instance else {
            self.pull_on_fargate(id);
            return;
        };
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
        let definition = &model.definitions.task_definitions[task.definition];
        if definition.is_ordered() {
            self.start_in_order(id, 0);
            return;
        }
        let mut longest = Span::ZERO;
        let mut fails = false;
        for at in 0..definition.containers.len() {
            let pull = self.pull_of(task, at);
            longest = longest.max(pull.takes);
            fails |= pull.fails;
        }
        let end = if fails {
            Event::StartFails { task: id, error: StartError::DockerPullTimeout }
        } else {
            Event::ImagesPulled(id)
        };
        self.sim.schedule(self.sim.now + longest, end);
    }

    /// The pull of one container's image on an instance, as far as its agent waits for it (TSK-050, TSK-051).
    pub(super) fn pull_of(&self, task: &Task, container: usize) -> Pull {
        let none = Pull { takes: Span::ZERO, fails: false };
        let model = &self.sim.model;
        let Some(instance) = task.instance else { return none };
        let host = &self.sim.cluster.instances()[instance];
        let image = model.definitions.task_definitions[task.definition].containers[container].image;
        let behavior = &model.behaviors[task.definition].containers[container];
        // With `default` the agent starts from the image that is there where the pull fails.
        let (distribution, has_a_stand_in) =
            match (self.sim.has_image(host, task.id, image), model.definitions.shapes[host.shape].pull_behavior) {
                (false, _) => (&behavior.cold_pull, false),
                (true, PullBehavior::Default) => (&behavior.cached_pull, true),
                (true, PullBehavior::Always) => (&behavior.cached_pull, false),
                (true, PullBehavior::Once | PullBehavior::PreferCached) => return none,
            };
        let takes = self.draw(purposes::IMAGE_PULL, container_key(self.key_of(task.origin), container), distribution);
        Pull { takes: takes.min(PULL_TIMEOUT), fails: takes > PULL_TIMEOUT && !has_a_stand_in }
    }

    /// What the start of a container comes to that would take so long: after how long, and with which error where it
    /// fails. Docker refuses to create or to describe a container at once; who cannot be started, or runs out of memory,
    /// fails when the time of the start is over (TSK-053). An agent on an instance waits so long and no longer (TSK-051).
    pub(super) fn outcome_of_start(
        &self,
        task: &Task,
        start: Span,
        failure: Option<StartError>,
    ) -> (Span, Option<StartError>) {
        let (limit, timed_out) = if self.sim.model.behaviors[task.definition].on_windows {
            (START_TIMEOUT_ON_WINDOWS, StartError::DockerTimeoutOnWindows)
        } else {
            (START_TIMEOUT, StartError::DockerTimeout)
        };
        match failure {
            Some(StartError::DockerTimeout) => (limit, Some(timed_out)),
            None | Some(StartError::CannotStartContainer | StartError::OutOfMemory) => {
                if start > limit && !task.is_fargate() { (limit, Some(timed_out)) } else { (start, failure) }
            }
            Some(_) => (Span::ZERO, failure),
        }
    }

    /// Pulled: the containers are created and started, or fail to (TSK-053, TSK-054).
    pub(crate) fn images_pulled(&mut self, id: TaskId) {
        let Some(task) = self.task(id) else { return };
        if !task.is_live() || task.last > TaskStatus::Pending {
            return;
        }
        let (key, definition, fargate) = (self.key_of(task.origin), task.definition, task.is_fargate());
        let model = Arc::clone(&self.sim.model);
        let behavior = &model.behaviors[definition];
        let failure = self.failure_to_start(definition, key);
        if let Some(error) = failure.filter(|error| !error.is_after_pull()) {
            self.fail_to_pull(id, error);
            return;
        }
        self.emit(Fact::ImagePullStopped { task: id });
        let definition = &model.definitions.task_definitions[definition];
        if failure.is_none() && definition.is_ordered() {
            // On Fargate: every image is there before the first container starts.
            self.start_in_order(id, definition.all_containers());
            return;
        }
        let start = behavior.fargate.as_ref().filter(|_| fargate).map_or(&behavior.start, |fargate| &fargate.start);
        let start = self.draw(purposes::START, key, start);
        match self.outcome_of_start(self.sim.cluster.task(id), start, failure) {
            (after, None) => self.sim.schedule(self.sim.now + after, Event::ContainersStarted(id)),
            (after, Some(error)) => self.fail_after(id, after, error),
        }
    }

    /// A task fails before RUNNING, at once or later.
    pub(super) fn fail_after(&mut self, id: TaskId, after: Span, error: StartError) {
        if after.is_zero() {
            self.stop_task(id, StopReason::FailedToStart(error));
        } else {
            self.sim.schedule(self.sim.now + after, Event::StartFails { task: id, error });
        }
    }

    /// A task fails for want of an image or of something else that its start needs: at once, or where it is the pull that
    /// fails, when its agent has tried often enough (TSK-051).
    pub(super) fn fail_to_pull(&mut self, id: TaskId, error: StartError) {
        let retry = self.sim.model.settings.pull_retry;
        let Some(task) = self.task(id) else { return };
        if !error.is_pull() || retry.attempts < 2 || task.is_fargate() {
            self.stop_task(id, StopReason::FailedToStart(error));
            return;
        }
        let mut stream = self.sim.streams.stream(purposes::PULL_RETRY, self.key_of(task.origin));
        let (mut wait, mut longer) = (Span::ZERO, retry.first);
        for _ in 1..retry.attempts {
            let base = longer.min(retry.longest);
            let jitter = stream.uniform() * f64::from(retry.jitter) / 1e6 * base.ms() as f64;
            wait = wait.saturating_add(base).saturating_add(Span::from_ms(jitter as u64));
            longer = base.saturating_mul(2);
        }
        self.sim.schedule(self.sim.now + wait, Event::StartFails { task: id, error });
    }

    /// The agent gives up pulling or starting.
    pub(crate) fn start_fails(&mut self, id: TaskId, error: StartError) {
        if self.task(id).is_some_and(Task::is_live) {
            self.stop_task(id, StopReason::FailedToStart(error));
        }
    }

    /// Whether, and how, a task fails before RUNNING (TSK-053, TSK-054).
    pub(super) fn failure_to_start(&self, definition: TaskDefinitionId, key: Key) -> Option<StartError> {
        let (probability, error) = self.sim.model.behaviors[definition].fail_to_start?;
        let fails = self.sim.streams.stream(purposes::FAIL_TO_START, key).uniform() < probability;
        fails.then_some(error)
    }

    /// The last container is gone: the host's resources are free (RES-015), then the network interface is detached
    /// (RES-016), then the task is STOPPED.
    pub(super) fn execution_stopped(&mut self, id: TaskId) {
        self.leave_targets(id);
        self.emit(Fact::TaskExecutionStopped { task: id });
        let task = self.sim.cluster.task(id);
        let (instance, key, definition) = (task.instance, self.key_of(task.origin), task.definition);
        let model = Arc::clone(&self.sim.model);
        let behavior = &model.behaviors[definition];
        let teardown = match (instance, &behavior.fargate) {
            (Some(_), _) if task.requirements.eni => Some(self.draw(purposes::ENI_DETACH, key, &behavior.eni_detach)),
            (None, Some(fargate)) if task.is_fargate() => {
                Some(self.draw(purposes::FARGATE, key.with(2), &fargate.deprovision))
            }
            // A task that never got an instance has nothing to give back.
            _ => None,
        };
        if let Some(wait) = teardown {
            self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Deprovisioning });
            self.sim.schedule(self.sim.now + wait, Event::EniDetached(id));
        } else {
            self.stopped(id, instance);
        }
        if let Some(instance) = instance {
            self.admit_waiting(instance);
        }
    }

    /// STOPPED; where its instance is being drained it may have been the last.
    fn stopped(&mut self, id: TaskId, instance: Option<InstanceId>) {
        self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Stopped });
        self.sim.containers.remove(&id);
        if let Some(instance) = instance {
            self.task_left(instance);
        }
    }

    /// The interface is gone: STOPPED.
    pub(crate) fn eni_detached(&mut self, id: TaskId) {
        let Some(task) = self.task(id).filter(|task| task.last == TaskStatus::Deprovisioning) else { return };
        let instance = task.instance;
        self.stopped(id, instance);
    }

    /// The host is gone, or ECS no longer counts what runs there: the task ends at once, without a stop signal.
    pub(crate) fn lose_task(&mut self, id: TaskId, reason: StopReason) {
        let Some(task) = self.task(id) else { return };
        let (was_live, origin) = (task.is_live(), task.origin);
        if was_live {
            self.emit(Fact::TaskStopRequested { task: id, reason });
            self.rerun(origin);
        }
        self.leave_targets(id);
        let task = self.sim.cluster.task(id);
        if !task.execution_stopped {
            self.emit(Fact::TaskExecutionStopped { task: id });
        }
        let instance = self.sim.cluster.task(id).instance;
        self.stopped(id, instance);
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
