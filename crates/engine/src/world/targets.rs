//! Tasks and their load balancers: registration, probes, draining, what is left of a crash; and the name service.
//!
//! *What it does.* A task of one target group is registered from RUNNING on (LB-010); with several, or with Cloud Map, it is
//! ACTIVATING until that is done (TSK-004). Its probes then tell what state it is in (`probes.rs`). A task that shall stop is
//! DEACTIVATING while its targets drain, and gets the stop signal when ECS has seen the end of that (LB-021). A crashed one is
//! gone at once; requests that are sent to it for a while after are lost (LB-023).
//!
//! *What AWS documents.* States, defaults, draining (LB-011 to LB-022). Ours: how long registration takes, LB-023, and that a
//! task of Fargate Spot, which gets its signal with the notice (SPT-011), drains while it stops.
//!
//! *What we left out.* `unused`, `unavailable` and `unhealthy.draining` targets; requests in flight at the end of a drain.
//!
//! *How we know it is right.* `engine/tests/targets.rs`: SX-015, SX-017, SX-018, SX-019, and scenarios.

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::definitions::ServiceRevision;
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{Fact, ServiceId, StopReason, TargetGroupId, TargetState, Task, TaskId, TaskStatus};
use ecsim_kernel::{SimTime, Span};

use super::containers::run_key;
use super::probes::{Answers, Change, Prober};
use crate::event::Event;
use crate::load::mesh;
use crate::purposes;
use crate::simulation::{Simulation, Step};

/// What load balancers and name services know of tasks, beyond the facts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets {
    /// Targets that are probed.
    probed: BTreeMap<(TaskId, TargetGroupId), Probed>,
    /// Since when the containers of tasks in ACTIVATING run.
    activating: BTreeMap<TaskId, SimTime>,
    /// Crashed tasks that load balancers still send requests to, by service.
    lost: BTreeMap<ServiceId, Vec<Lost>>,
    /// Tasks that the name service knows, or that callers still believe it does (LB-040).
    pub(super) names: BTreeMap<ServiceId, BTreeMap<TaskId, Name>>,
    /// Tasks that the proxies of Service Connect avoid, or did a while ago (LB-041).
    ejections: BTreeMap<TaskId, Ejection>,
    /// Until when tasks fail requests because a call says so.
    erring: BTreeMap<TaskId, SimTime>,
    /// Tasks that a call makes fail their probes: from when on, and until when.
    failing: BTreeMap<TaskId, (SimTime, SimTime)>,
    /// What services have to say of this instant.
    told: BTreeMap<ServiceId, Told>,
    telling: bool,
}

/// A target that is probed.
#[derive(Clone, Debug)]
struct Probed {
    prober: Prober,
    plan: u16,
    planned: Option<Change>,
    /// Which container is asked.
    container: u8,
    /// Since when it comes into its share slowly (LB-031).
    slow_since: Option<SimTime>,
}

/// A crashed task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) deployment: u32,
    pub(super) group: TargetGroupId,
    pub(super) until: SimTime,
}

/// A task that proxies avoid.
#[derive(Clone, Copy, Debug)]
struct Ejection {
    until: SimTime,
    /// How often in a row.
    times: u32,
}

/// What callers know of a task from the name service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) deployment: u32,
    pub(super) registered: SimTime,
    /// When it was taken out.
    pub(super) left: Option<SimTime>,
}

/// What happened to the targets of a service in one instant (SVC-051).
#[derive(Clone, Debug, Default)]
struct Told {
    registered: BTreeMap<TargetGroupId, u32>,
    draining: u32,
    deregistered: BTreeMap<TargetGroupId, u32>,
    unhealthy: Vec<(TaskId, TargetGroupId, bool)>,
}

impl Targets {
    /// Since when a target comes into its share slowly, if it does (LB-031).
    pub(super) fn slow_since(&self, task: TaskId, group: TargetGroupId) -> Option<SimTime> {
        self.probed.get(&(task, group))?.slow_since
    }

    /// Until when proxies avoid a task, if they do (LB-041).
    pub(super) fn ejected_until(&self, task: TaskId, now: SimTime) -> Option<SimTime> {
        self.ejections.get(&task).map(|it| it.until).filter(|until| *until > now)
    }

    /// Proxies avoid a task from now on: until when, and the how manieth time in a row it is (LB-041).
    pub(super) fn eject(&mut self, task: TaskId, now: SimTime) -> (SimTime, u32) {
        let times =
            self.ejections.get(&task).map_or(1, |it| mesh::ejection_number(it.times, now.since(it.until.min(now))));
        let until = now + mesh::ejection(times);
        // Whoever has behaved for long is like one that was never ejected.
        self.ejections.retain(|_, it| mesh::ejection_number(it.times, now.since(it.until.min(now))) > 1);
        self.ejections.insert(task, Ejection { until, times });
        (until, times)
    }

    /// Crashed tasks of a service that load balancers may still send requests to.
    pub(super) fn lost(&self, service: ServiceId) -> &[Lost] {
        self.lost.get(&service).map_or(&[], Vec::as_slice)
    }
}

impl Simulation {
    /// The service revision that a task runs.
    fn revision_of(&self, task: &Task) -> Option<&ServiceRevision> {
        Some(self.cluster.revision(task.service()?, task.deployment()?))
    }

    /// The target groups that a task registers with, each with the container that is reached. In a blue/green deployment the
    /// newcomers take the groups that the others do not have (DEP-061).
    fn groups_of(&self, task: &Task) -> Vec<(TargetGroupId, u8)> {
        let Some(revision) = self.revision_of(task) else { return Vec::new() };
        let alternate = self.takes_alternates(task, revision);
        let groups = revision.target_groups.iter().enumerate().map(|(at, group)| {
            let other = revision.routing.alternates.get(at).copied().flatten().filter(|_| alternate);
            let container = revision.routing.ends.get(at).map_or(0, |end| end.container);
            (other.unwrap_or(*group), container)
        });
        groups.collect()
    }

    /// Whether a task goes to the alternate target groups: as its siblings do; else, where traffic is being shifted to its
    /// deployment, where the others are not; else as they do.
    fn takes_alternates(&self, task: &Task, revision: &ServiceRevision) -> bool {
        let (Some(service), Some(deployment)) = (task.service(), task.deployment()) else { return false };
        if revision.routing.alternates.iter().all(Option::is_none) {
            return false;
        }
        let row = &self.cluster.services()[service];
        let in_alternate = |other: &Task| {
            let known = |target: &ecsim_cluster::Target| revision.routing.alternates.contains(&Some(target.group));
            other.targets.first().map(known)
        };
        let tasks = || row.tasks.iter().map(|id| self.cluster.task(*id)).filter(|other| other.id != task.id);
        let siblings = |own: bool| tasks().filter(move |other| (other.deployment() == Some(deployment)) == own);
        if let Some(place) = siblings(true).find_map(in_alternate) {
            return place;
        }
        let others = siblings(false).find_map(in_alternate);
        let shifted = row.deployment(deployment).is_some_and(|it| it.traffic == 0) && row.deployments.len() > 1;
        others.is_some_and(|place| place != shifted)
    }

    /// Since when a container of a task runs, if it does.
    fn container_runs_since(&self, task: &Task, container: u8) -> Option<SimTime> {
        if task.running_containers() >> container & 1 == 0 {
            return None;
        }
        let known = self.containers.get(&task.id).map(|known| known.started_at(usize::from(container)));
        let known = known.or_else(|| self.targets.activating.get(&task.id).copied());
        known.or(task.started_at)
    }

    /// How a container answers the probes of a group, drawn once for each of its runs.
    fn answers(&self, key: ecsim_kernel::Key, task: &Task, group: TargetGroupId, container: u8) -> Answers {
        let at = usize::from(container);
        let key = run_key(key, at, self.restarts_of(task.id, at));
        let mut stream = self.streams.stream(purposes::TARGET_PROBES, key);
        let own = self.model.target_behaviors.get(&group);
        let behavior =
            own.or_else(|| self.model.behaviors[task.definition].containers.get(at).map(|container| &container.probes));
        let mut answers = behavior.map_or_else(
            || Answers { ready: Span::ZERO, failing: None, forced: None, probe: Span::ZERO, hangs: false },
            |behavior| Answers::draw(behavior, &mut stream),
        );
        if let (Some((from, until)), Some(since)) =
            (self.targets.failing.get(&task.id), self.container_runs_since(task, container))
        {
            answers.forced = Some((from.since(since.min(*from)), until.since(since.min(*until))));
        }
        answers
    }

    /// Until when failed checks of a task do not count (SVC-014).
    fn grace_ends_at(&self, task: &Task) -> Option<SimTime> {
        let grace = self.cluster.services()[task.service()?].health_check_grace;
        (!grace.is_zero()).then_some(task.started_at? + grace)
    }
}

impl Step<'_> {
    /// Every container of a task runs: the task is RUNNING (TSK-006), or first ACTIVATING until several load balancers or
    /// the name service know it (TSK-002, TSK-004).
    pub(super) fn all_containers_run(&mut self, id: TaskId) {
        let task = self.sim.cluster.task(id);
        let groups = self.sim.groups_of(task);
        let discovery = self.sim.revision_of(task).is_some_and(|revision| revision.routing.discovery);
        if groups.len() < 2 && !discovery {
            self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Running });
            self.task_runs(id);
            return;
        }
        let definitions = &self.sim.model.definitions;
        let several = if groups.len() > 1 { groups.as_slice() } else { &[] };
        let registrations = several.iter().map(|(group, _)| definitions.target_groups[*group].registration);
        let name = if discovery { self.sim.model.settings.load_balancing.cloud_map_registration } else { Span::ZERO };
        let wait = registrations.max().unwrap_or(Span::ZERO).max(name);
        let missing = definitions.task_definitions[task.definition].all_containers() & !task.started;
        for container in (0..u32::BITS as u8).filter(|at| missing >> at & 1 == 1) {
            self.emit(Fact::ContainerStarted { task: id, container, restarts: 0 });
        }
        self.sim.targets.activating.insert(id, self.sim.now);
        self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Activating });
        self.sim.schedule(self.sim.now + wait, Event::Activated(id));
    }

    /// Everybody who has to knows the task: RUNNING.
    pub(crate) fn activated(&mut self, id: TaskId) {
        let Some(task) = self.task(id).filter(|task| task.is_live() && task.last == TaskStatus::Activating) else {
            return;
        };
        let groups = self.sim.groups_of(task);
        if groups.len() > 1 {
            for (group, _) in groups {
                self.target_registers(id, group);
            }
        }
        self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Running });
        self.task_runs(id);
    }

    /// A task is RUNNING: its registration with one target group begins (LB-010), and its grace period (SVC-014).
    fn task_runs(&mut self, id: TaskId) {
        let task = self.sim.cluster.task(id);
        let Some((service, deployment)) = task.service().zip(task.deployment()) else { return };
        if self.sim.revision_of(task).is_some_and(|revision| revision.routing.discovery) {
            let name = Name { deployment, registered: self.sim.now, left: None };
            self.sim.targets.names.entry(service).or_default().insert(id, name);
        }
        let task = self.sim.cluster.task(id);
        if let [(group, _)] = *self.sim.groups_of(task).as_slice() {
            let wait = self.sim.model.definitions.target_groups[group].registration;
            if wait.is_zero() {
                self.target_registers(id, group);
            } else {
                self.sim.schedule(self.sim.now + wait, Event::TargetRegisters { task: id, group });
            }
        }
        let task = self.sim.cluster.task(id);
        if let Some(at) = self.sim.grace_ends_at(task) {
            self.sim.schedule(at, Event::GraceEnds(id));
        }
    }

    /// A task is registered with a target group, and probed from now on (LB-010, LB-014).
    pub(crate) fn target_registers(&mut self, id: TaskId, group: TargetGroupId) {
        let Some(task) = self.task(id).filter(|task| task.is_live()) else { return };
        if task.targets.iter().any(|target| target.group == group) {
            return;
        }
        let groups = self.sim.groups_of(task);
        let container = groups.iter().find(|(other, _)| *other == group).map_or(0, |(_, container)| *container);
        let service = task.service();
        let answers = self.answers_now(task, group, container);
        let model = Arc::clone(&self.sim.model);
        let prober = Prober::new(&model.definitions.target_groups[group], self.sim.now, answers);
        self.emit(Fact::TargetRegistered { task: id, group });
        let probed = Probed { prober, plan: 0, planned: None, container, slow_since: None };
        self.sim.targets.probed.insert((id, group), probed);
        self.plan_target(id, group);
        if let Some(service) = service {
            self.tell(service, |told| *told.registered.entry(group).or_default() += 1);
        }
    }

    fn answers_now(&self, task: &Task, group: TargetGroupId, container: u8) -> Option<(SimTime, Answers)> {
        let since = self.sim.container_runs_since(task, container)?;
        Some((since, self.sim.answers(self.key_of(task.origin), task, group, container)))
    }

    fn plan_target(&mut self, id: TaskId, group: TargetGroupId) {
        let Some(probed) = self.sim.targets.probed.get_mut(&(id, group)) else { return };
        probed.plan = probed.plan.wrapping_add(1);
        probed.planned = probed.prober.plan();
        let plan = probed.plan;
        if let Some(change) = probed.planned {
            self.sim.schedule(change.at, Event::TargetChanges { task: id, group, plan });
        }
    }

    /// The probes of a target say something new.
    pub(crate) fn target_changes(&mut self, id: TaskId, group: TargetGroupId, plan: u16) {
        let Some(probed) = self.sim.targets.probed.get_mut(&(id, group)).filter(|probed| probed.plan == plan) else {
            return;
        };
        let Some(change) = probed.planned.take() else { return };
        probed.prober.pass(change);
        self.emit(Fact::TargetStateChanged { task: id, group, to: change.to });
        let slow = change.to == TargetState::Healthy && self.has_others_at_full_share(id, group);
        if let Some(probed) = self.sim.targets.probed.get_mut(&(id, group)) {
            probed.slow_since = slow.then_some(self.sim.now);
        }
        self.plan_target(id, group);
        if change.to == TargetState::Unhealthy {
            self.tell_unhealthy(id, group);
        }
    }

    /// LB-031: a target starts slowly only where another healthy one does not.
    fn has_others_at_full_share(&self, id: TaskId, group: TargetGroupId) -> bool {
        let sim = &*self.sim;
        let definition = &sim.model.definitions.target_groups[group];
        if !definition.starts_slowly() {
            return false;
        }
        sim.cluster.target_group(group).targets.iter().filter(|other| **other != id).any(|other| {
            let task = sim.cluster.task(*other);
            // Those that became healthy in this very instant are as new.
            let healthy = |target: &ecsim_cluster::Target| {
                target.group == group && target.state == TargetState::Healthy && target.since < sim.now
            };
            let slow = sim.targets.slow_since(*other, group);
            task.targets.iter().any(healthy) && slow.is_none_or(|since| since + definition.slow_start <= sim.now)
        })
    }

    /// A container of a task ended, or started again: load balancers find out by their probes (TSK-032).
    pub(super) fn container_is_up(&mut self, id: TaskId, container: u8, up: bool) {
        let groups: Vec<TargetGroupId> = self
            .sim
            .targets
            .probed
            .range((id, TargetGroupId::new(0))..)
            .take_while(|((task, _), _)| *task == id)
            .filter(|(_, probed)| probed.container == container)
            .map(|((_, group), _)| *group)
            .collect();
        for group in groups {
            let Some(task) = self.task(id) else { return };
            let answers = if up { self.answers_now(task, group, container) } else { None };
            let now = self.sim.now;
            if let Some(probed) = self.sim.targets.probed.get_mut(&(id, group)) {
                probed.prober.container(now, answers);
            }
            self.plan_target(id, group);
        }
    }

    /// `setErrorRate`: a task fails a share of its requests, and its probes where that is said, for a while or for good.
    pub(crate) fn error_rate_changes(&mut self, id: TaskId, share: u32, lasts: Option<Span>, fails_probes: bool) {
        let now = self.sim.now;
        self.emit(Fact::TaskErrorRateChanged { task: id, share });
        let until = lasts.map_or(SimTime::MAX, |lasts| now + lasts);
        self.sim.targets.erring.insert(id, until);
        if until < SimTime::MAX {
            self.sim.schedule(until, Event::ErrorRateEnds(id));
        }
        let failing = &mut self.sim.targets.failing;
        let failed_before = if fails_probes { failing.insert(id, (now, until)) } else { failing.remove(&id) };
        if fails_probes || failed_before.is_some() {
            self.probes_change(id);
        }
    }

    /// The time of a `setErrorRate` is over, unless another one has come since.
    pub(crate) fn error_rate_ends(&mut self, id: TaskId) {
        if self.sim.targets.erring.get(&id).is_none_or(|until| *until > self.sim.now) {
            return;
        }
        self.sim.targets.erring.remove(&id);
        self.sim.targets.failing.remove(&id);
        if self.task(id).is_some() {
            self.emit(Fact::TaskErrorRateChanged { task: id, share: 0 });
        }
    }

    /// The containers of a task answer otherwise from now on.
    fn probes_change(&mut self, id: TaskId) {
        let Some(task) = self.task(id) else { return };
        let running = task.running_containers();
        for container in (0..u32::BITS as u8).filter(|at| running >> at & 1 == 1) {
            self.container_is_up(id, container, true);
        }
    }

    /// A task shall stop. Where a load balancer knows it, it is DEACTIVATING until its targets have drained (LB-021): true
    /// then. One that crashed has nothing to drain (LB-023), and one on Fargate Spot has its signal already (SPT-011).
    pub(super) fn deactivates(&mut self, id: TaskId) -> bool {
        let Some(task) = self.task(id) else { return false };
        let crashed = task.stop_reason == Some(StopReason::EssentialContainerExited);
        let (service, was_running) = (task.service(), task.last == TaskStatus::Running);
        let signalled = task.stop_reason == Some(StopReason::SpotInterruption);
        if crashed || task.targets.is_empty() {
            self.leave_targets(id);
            return false;
        }
        let groups: Vec<TargetGroupId> = task.targets.iter().map(|target| target.group).collect();
        self.leave_names(id);
        for group in &groups {
            self.sim.targets.probed.remove(&(id, *group));
            self.emit(Fact::TargetStateChanged { task: id, group: *group, to: TargetState::Draining });
            let delay = self.sim.model.definitions.target_groups[*group].deregistration_delay;
            self.sim.schedule(self.sim.now + delay, Event::TargetDrained { task: id, group: *group });
        }
        if let Some(service) = service {
            self.tell(service, |told| {
                told.draining += 1;
                for group in groups {
                    *told.deregistered.entry(group).or_default() += 1;
                }
            });
        }
        if was_running {
            self.emit(Fact::TaskStatusChanged { task: id, to: TaskStatus::Deactivating });
        }
        was_running && !signalled
    }

    /// The deregistration delay of a target is over. ECS sees it after a while, and after the last of the task's targets the
    /// containers get the signal (LB-021).
    pub(crate) fn target_drained(&mut self, id: TaskId, group: TargetGroupId) {
        let Some(task) = self.task(id) else { return };
        if !task.targets.iter().any(|target| target.group == group && target.state == TargetState::Draining) {
            return;
        }
        self.emit(Fact::TargetDeregistered { task: id, group });
        let task = self.sim.cluster.task(id);
        if task.targets.is_empty() && task.last == TaskStatus::Deactivating {
            let at = self.sim.now + self.sim.model.settings.scheduler_latency;
            self.sim.schedule(at, Event::Deactivated(id));
        }
    }

    /// Nothing of a task runs any more, or it crashed: its targets go at once. Whatever received requests is sent some for a
    /// while after (LB-023).
    pub(super) fn leave_targets(&mut self, id: TaskId) {
        self.leave_names(id);
        self.sim.targets.activating.remove(&id);
        let Some(task) = self.task(id) else { return };
        let Some((service, deployment)) = task.service().zip(task.deployment()) else { return };
        let until = self.sim.now + self.sim.model.settings.load_balancing.crash_deregister;
        for target in task.targets.clone() {
            let group = target.group;
            self.sim.targets.probed.remove(&(id, group));
            self.emit(Fact::TargetDeregistered { task: id, group });
            if target.state != TargetState::Draining {
                self.tell(service, |told| *told.deregistered.entry(group).or_default() += 1);
            }
            if target.state == TargetState::Healthy && until > self.sim.now {
                let now = self.sim.now;
                let lost = self.sim.targets.lost.entry(service).or_default();
                lost.retain(|lost| lost.until > now);
                lost.push(Lost { deployment, group, until });
            }
        }
    }

    /// The name service forgets a task; callers do when what they were told expires (LB-040).
    fn leave_names(&mut self, id: TaskId) {
        let Some(service) = self.task(id).and_then(Task::service) else { return };
        let now = self.sim.now;
        let ttl = self.sim.model.settings.load_balancing.cloud_map_ttl;
        let Some(names) = self.sim.targets.names.get_mut(&service) else { return };
        names.retain(|_, name| name.left.is_none_or(|left| left + ttl > now));
        if let Some(name) = names.get_mut(&id) {
            name.left.get_or_insert(now);
        }
    }

    /// The grace period of a task is over: what its load balancers found counts from now on (SVC-014).
    pub(crate) fn grace_ends(&mut self, id: TaskId) {
        let Some(task) = self.task(id).filter(|task| task.is_running()) else { return };
        if self.sim.grace_ends_at(task).is_some_and(|at| at > self.sim.now) {
            return;
        }
        let service = task.service();
        let unhealthy: Vec<TargetGroupId> = task
            .targets
            .iter()
            .filter(|target| target.state == TargetState::Unhealthy)
            .map(|target| target.group)
            .collect();
        for group in unhealthy {
            self.tell_unhealthy(id, group);
        }
        if let Some(service) = service {
            let controller = self.sim.numbers.service(service);
            self.sim.wake(controller);
        }
    }

    /// `UpdateService` changed the grace period: it holds for the tasks that run, too.
    pub(crate) fn grace_period_changes(&mut self, service: ServiceId, to: Span) {
        self.emit(Fact::GracePeriodChanged { service, to });
        for id in self.sim.cluster.services()[service].tasks.clone() {
            let at = self.sim.grace_ends_at(self.sim.cluster.task(id));
            if let Some(at) = at.filter(|at| *at > self.sim.now) {
                self.sim.schedule(at, Event::GraceEnds(id));
            }
        }
    }

    /// ECS says which target is unhealthy, once that counts (SVC-051).
    fn tell_unhealthy(&mut self, id: TaskId, group: TargetGroupId) {
        let Some(task) = self.task(id).filter(|task| task.is_running()) else { return };
        if self.sim.grace_ends_at(task).is_some_and(|at| at > self.sim.now) {
            return;
        }
        let Some(service) = task.service() else { return };
        let timed_out = self.sim.targets.probed.get(&(id, group)).is_some_and(|probed| probed.prober.timed_out());
        self.tell(service, |told| told.unhealthy.push((id, group, timed_out)));
    }

    /// Notes something that a service will say at the end of this instant.
    fn tell(&mut self, service: ServiceId, what: impl FnOnce(&mut Told)) {
        what(self.sim.targets.told.entry(service).or_default());
        if !self.sim.targets.telling {
            self.sim.targets.telling = true;
            self.sim.schedule(self.sim.now, Event::TargetsTold);
        }
    }

    /// The entries of event lists that belong to this instant (SVC-051).
    pub(crate) fn targets_told(&mut self) {
        self.sim.targets.telling = false;
        for (service, told) in core::mem::take(&mut self.sim.targets.told) {
            for (group, count) in told.registered {
                self.announce(service, ServiceEvent::TargetsRegistered { group, count });
            }
            for (task, group, timed_out) in told.unhealthy {
                if self.task(task).is_some() {
                    self.announce(service, ServiceEvent::TargetUnhealthy { task, group, timed_out });
                }
            }
            if told.draining > 0 {
                self.announce(service, ServiceEvent::DrainingStarted { count: told.draining });
            }
            for (group, count) in told.deregistered {
                self.announce(service, ServiceEvent::TargetsDeregistered { group, count });
            }
        }
    }
}
