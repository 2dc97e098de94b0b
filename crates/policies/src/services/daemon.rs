//! The pass of a DAEMON service: one task on every ACTIVE instance that qualifies, and nowhere else.
//!
//! *What it does.* Counts the instances that qualify, stops tasks where they no longer belong or are unhealthy, starts what
//! is missing.
//! An instance that had no room is asked again when what it has left changes.
//!
//! *What AWS documents.* The desired count and the constraints that are tested again (PLC-051, PLC-053), that daemons
//! leave a draining instance last (PLC-054, DRN-009), that a failed placement waits for room on that instance (FLR-033).
//!
//! A deployment stops old tasks as far as `minimumHealthyPercent` allows and starts the new ones in their place (PLC-055,
//! DEP-016). Its circuit breaker, alarms and bake time are those of a REPLICA service (`rollout`), its throttle too
//! (SVC-041).
//!
//! *What we left out.* After a deployment that failed and is not rolled back nothing is started, also where a task of the old
//! revision is lost. That room is kept free for daemons (PLC-052) is the placement's business.
//!
//! *How we know it is right.* PX-22 and one test or more for each rule, in `services/tests/`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ecsim_cluster::definitions::SchedulingStrategy;
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{
    Cluster, Command, Deployment, DeploymentStatus, Instance, InstanceId, InstanceStatus, PortSet, Resources,
    RolloutState, Service, ServiceId, StopReason, Task, TaskId,
};
use ecsim_kernel::SimTime;

use super::counters::Counters;
use super::crashes::Crashes;
use super::health;
use super::launch_rate::LaunchRate;
use super::replica::note_stop;
use super::rollout::Rollout;
use super::seen::Seen;
use super::steady::Steady;
use super::throttle::Throttle;
use crate::placement::daemons::qualifies;
use crate::view::{Decision, View};

/// What the controller of a DAEMON service remembers.
#[derive(Clone, Debug)]
pub struct Daemon {
    service: ServiceId,
    seen: Seen,
    launches: LaunchRate,
    crashes: Crashes,
    throttle: Throttle,
    rollout: Rollout,
    /// Of which deployment, and its counters at the last look.
    primary: (u32, Counters),
    steady: Steady,
    /// What an instance had left when a placement failed there (FLR-033).
    refused: BTreeMap<InstanceId, Left>,
    /// Instances that were given a task which was not stopped from here: what is missing there was lost.
    held: BTreeSet<InstanceId>,
    turn: Option<Turn>,
}

/// What decides whether a task fits on an instance and can change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Left {
    connected: bool,
    remaining: Resources,
    ports: PortSet,
}

impl Left {
    fn on(instance: &Instance) -> Self {
        Self { connected: instance.connected, remaining: instance.remaining, ports: instance.ports.clone() }
    }
}

/// The pass, planned at its beginning: what it does on one instance changes nothing on another.
#[derive(Clone, Debug)]
struct Turn {
    now: SimTime,
    /// How many instances qualify: the desired count.
    count: u32,
    /// The PRIMARY deployment has failed: it starts nothing and replaces nothing (DEP-034).
    failed: bool,
    stops: VecDeque<(TaskId, InstanceId, StopReason)>,
    /// Instances that qualify and have no task, new ones before those that lost theirs.
    missing: VecDeque<InstanceId>,
    /// Of the missing, how many were lost.
    lost: u32,
    ok: u32,
    /// Of them, those of the PRIMARY deployment.
    new_ok: u32,
    /// Tasks of old deployments, those that are not healthy first, and whether they are.
    old: VecDeque<(TaskId, InstanceId, bool)>,
    first_ok_at: Option<SimTime>,
    last_ok_at: Option<SimTime>,
    protected_until: Option<SimTime>,
    /// Whether the launch rate, a crash or the throttle held starts back.
    held_back: bool,
    /// Instances where a placement failed in this pass.
    unplaced: u32,
    /// Whether something was started or stopped in it.
    acted: bool,
    announced_stuck: bool,
    /// The deployments are others than when this was counted.
    is_stale: bool,
    started: Option<(TaskId, u32)>,
    /// RUNNING tasks it has stopped and not announced.
    stopped: Option<(TaskId, u32)>,
    asked: Option<(InstanceId, TaskId)>,
    /// Another unhealthy task may be stopped in the next pass (SVC-022).
    more_bad: bool,
    /// A stop whose event is due.
    violated: Option<(TaskId, InstanceId)>,
}

impl Daemon {
    /// Before the first pass.
    #[must_use]
    pub fn new(service: ServiceId, cluster: &Cluster) -> Self {
        Self {
            service,
            seen: Seen::now(&cluster.services()[service]),
            launches: LaunchRate::default(),
            crashes: Crashes::default(),
            throttle: Throttle::default(),
            rollout: Rollout::default(),
            primary: known(&cluster.services()[service]),
            steady: Steady::default(),
            refused: BTreeMap::new(),
            held: BTreeSet::new(),
            turn: None,
        }
    }

    /// The next command of the pass, or when to be asked again.
    pub fn decide(&mut self, view: &View<'_>) -> Decision {
        let row = &view.cluster.services()[self.service];
        let news = self.seen.look(row);
        self.launches.note(view.now, news.started);
        self.crashes.note(view.now, news.crashes, view.settings.replace_crashed_delay);
        if news.updated {
            self.refused.clear();
        }
        if let Some(primary) = row.primary() {
            self.look_at(view, row, primary);
        }
        let mut turn = match self.turn.take() {
            Some(turn) if turn.now == view.now && !turn.is_stale => turn,
            Some(before) if before.now == view.now => {
                // What was done before the deployments changed is still to be announced.
                Turn { started: before.started, stopped: before.stopped, ..self.begin(view, row) }
            }
            _ => self.begin(view, row),
        };
        if let Some((instance, task)) = turn.asked.take() {
            if news.started > 0 {
                turn.started.get_or_insert((task, 0)).1 += 1;
                turn.acted = true;
                self.throttle.started(view.now, task);
                self.held.insert(instance);
            } else {
                turn.unplaced += 1;
                self.refused.insert(instance, Left::on(&view.cluster.instances()[instance]));
            }
        }
        match self.next_command(view, row, &mut turn) {
            Some(command) => {
                if let Command::StopTask { task, reason } = command {
                    self.rollout.stopped(task);
                    if reason.is_announced() && view.cluster.task(task).is_running() {
                        note_stop(&mut turn.stopped, task);
                    }
                    turn.acted = true;
                }
                self.turn = Some(turn);
                Decision::Act(command)
            }
            None => self.end(view, row, &turn),
        }
    }

    /// What happened to the tasks of the PRIMARY deployment since the last look.
    fn look_at(&mut self, view: &View<'_>, row: &Service, primary: &Deployment) {
        if self.primary.0 != primary.number {
            self.primary = (primary.number, Counters::default());
        }
        let new = self.primary.1.look(primary);
        self.throttle.look(view.now, view.cluster, row.task_definition, new.starts(), &view.settings.deployments);
        self.rollout.look(view, row, new.failures());
    }

    /// Looks at every instance once.
    fn begin(&mut self, view: &View<'_>, row: &Service) -> Turn {
        let mut turn = Turn {
            now: view.now,
            count: 0,
            failed: row.primary().is_some_and(|primary| primary.rollout == RolloutState::Failed),
            stops: VecDeque::new(),
            missing: VecDeque::new(),
            lost: 0,
            ok: 0,
            new_ok: 0,
            old: VecDeque::new(),
            first_ok_at: None,
            last_ok_at: None,
            protected_until: None,
            held_back: false,
            unplaced: 0,
            acted: false,
            announced_stuck: false,
            is_stale: false,
            started: None,
            stopped: None,
            asked: None,
            more_bad: false,
            violated: None,
        };
        let mut bad: Vec<(TaskId, InstanceId)> = Vec::new();
        let mut mine: Vec<(InstanceId, TaskId)> = Vec::with_capacity(row.live as usize);
        let primary = row.primary().map_or(0, |primary| primary.number);
        let is_old = |task: &Task| task.deployment() != Some(primary);
        for id in &row.tasks {
            let task = view.cluster.task(*id);
            if task.is_live() {
                // A task of a provider may still wait for its instance; it is nobody's here.
                mine.extend(task.instance.map(|instance| (instance, *id)));
                match health::ok_at(view, task) {
                    Some(at) if at <= view.now => {
                        turn.ok += 1;
                        turn.new_ok += u32::from(!is_old(task));
                    }
                    at => {
                        turn.last_ok_at = turn.last_ok_at.max(at);
                        turn.first_ok_at = match (turn.first_ok_at, at) {
                            (Some(first), Some(at)) => Some(first.min(at)),
                            (first, at) => first.or(at),
                        };
                    }
                }
            }
        }
        mine.sort_unstable();
        let mut lost = VecDeque::new();
        let mut mine_from = mine.as_slice();
        for instance in view.cluster.present() {
            let id = instance.id;
            let task = match mine_from {
                [(at, task), rest @ ..] if *at == id => {
                    mine_from = rest;
                    Some(*task)
                }
                _ => None,
            };
            let reason = match instance.status {
                InstanceStatus::Active if qualifies(view, row, instance) => {
                    turn.count += 1;
                    match task {
                        None if self.held.contains(&id) => lost.push_back(id),
                        None => turn.missing.push_back(id),
                        // DEP-034: beside a failed deployment the old tasks stay.
                        Some(task) if !turn.failed && is_old(view.cluster.task(task)) => {
                            let row = view.cluster.task(task);
                            let is_ok = health::is_ok(view, row);
                            match row.protected_until.filter(|until| view.now < *until) {
                                Some(until) => {
                                    let before = turn.protected_until.unwrap_or(until);
                                    turn.protected_until = Some(before.min(until));
                                }
                                None if is_ok => turn.old.push_back((task, id, is_ok)),
                                None => turn.old.push_front((task, id, is_ok)),
                            }
                        }
                        Some(task) if health::is_bad(view, view.cluster.task(task)) => bad.push((task, id)),
                        Some(_) => {}
                    }
                    None
                }
                InstanceStatus::Active => task.map(|_| StopReason::DaemonConstraint),
                InstanceStatus::Draining if task.is_some() => {
                    if !qualifies(view, row, instance) {
                        Some(StopReason::DaemonConstraint)
                    } else if only_daemons_left(view, instance) {
                        Some(StopReason::Draining)
                    } else {
                        None
                    }
                }
                _ => None,
            };
            if let (Some(task), Some(reason)) = (task, reason) {
                match view.cluster.task(task).protected_until.filter(|until| view.now < *until) {
                    // Protection delays a drain like any service limit (DRN-011).
                    Some(until) => {
                        turn.protected_until = Some(turn.protected_until.map_or(until, |before| before.min(until)));
                    }
                    None => turn.stops.push_back((task, id, reason)),
                }
            }
        }
        // SVC-021, SVC-022: there is no room beside an unhealthy task, so it is stopped first: one in a pass while the
        // healthy floor holds, and below it only while no other is on its way.
        let floor = row.healthy_floor_of(turn.count);
        let on_its_way = row.live > turn.ok + bad.len() as u32;
        if let Some((task, instance)) = bad.first().copied()
            && (turn.ok >= floor || !on_its_way)
        {
            turn.stops.push_back((task, instance, health::reason(view.cluster.task(task))));
            turn.more_bad = bad.len() > 1;
        }
        turn.lost = lost.len() as u32;
        turn.missing.append(&mut lost);
        if !self.refused.is_empty() {
            let missing: BTreeSet<InstanceId> = turn.missing.iter().copied().collect();
            self.refused.retain(|id, left| missing.contains(id) && *left == Left::on(&view.cluster.instances()[*id]));
        }
        if row.live != turn.count || turn.ok != turn.count {
            // Left, even if this pass puts it right within the instant.
            self.steady.leave();
        }
        self.held.extend(mine.iter().map(|(instance, _)| *instance));
        turn
    }

    fn next_command(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let service = self.service;
        let announce = |event| Some(Command::Announce { service, event });
        if row.desired_count != turn.count {
            return Some(Command::SetDaemonCount { service, count: turn.count });
        }
        if let Some(command) = self.rollout.step(view, row, turn.new_ok) {
            turn.is_stale = true;
            return Some(command);
        }
        if let Some((task, instance)) = turn.violated.take() {
            return announce(ServiceEvent::DaemonConstraintViolated { task, instance });
        }
        if let Some((task, instance, reason)) = turn.stops.pop_front() {
            self.held.remove(&instance);
            let stopped = view.cluster.task(task);
            turn.lose(row, stopped, health::is_ok(view, stopped));
            match reason {
                StopReason::DaemonConstraint => turn.violated = Some((task, instance)),
                StopReason::Unhealthy | StopReason::UnhealthyTarget(_) => {
                    self.rollout.replaced_unhealthy(row, stopped);
                    // Replaced at once: its room is free in the books.
                    turn.missing.push_front(instance);
                }
                _ => {}
            }
            return Some(Command::StopTask { task, reason });
        }
        // DEP-016: an old task goes while enough stay healthy without it, and the new one comes in its place at once.
        if let Some((task, instance, is_ok)) = turn.old.front().copied()
            && turn.ok >= row.healthy_floor() + u32::from(is_ok)
        {
            turn.old.pop_front();
            turn.lose(row, view.cluster.task(task), is_ok);
            self.held.remove(&instance);
            turn.missing.push_front(instance);
            return Some(Command::StopTask { task, reason: StopReason::Deployment });
        }
        while let Some(instance) = turn.missing.front().copied().filter(|_| !turn.failed) {
            if self.refused.contains_key(&instance) {
                turn.missing.pop_front();
                continue;
            }
            let is_lost = turn.missing.len() as u32 <= turn.lost;
            let withheld = is_lost && self.crashes.withheld(view.now) >= turn.missing.len() as u32;
            if withheld
                || !self.throttle.may_start(view.now)
                || self.launches.room(view.now, view.settings.launches_per_minute(false)) == 0
            {
                turn.held_back = true;
                break;
            }
            turn.missing.pop_front();
            turn.asked = Some((instance, view.cluster.tasks().next_id()));
            return Some(Command::StartDaemonTask { service, instance });
        }
        if let Some((first, count)) = turn.started.take() {
            return announce(ServiceEvent::TasksStarted { first, count });
        }
        if let Some((first, count)) = turn.stopped.take() {
            return announce(ServiceEvent::TasksStopped { first, count });
        }
        if self.throttle.take_message() {
            return announce(ServiceEvent::StartsImpaired);
        }
        if !turn.announced_stuck && self.is_stuck(row, turn) {
            turn.announced_stuck = true;
            return announce(ServiceEvent::DeploymentConfiguration);
        }
        if core::mem::take(&mut turn.unplaced) > 0
            && self.rollout.unplaced(view, row, self.refused.len() as u32)
            && let Some(command) = self.rollout.step(view, row, turn.new_ok)
        {
            turn.is_stale = true;
            return Some(command);
        }
        if let Some(command) = old_is_done(view, row) {
            return Some(command);
        }
        if let Some(command) = self.rollout.complete(view, row, turn.new_ok) {
            return Some(command);
        }
        if row.live != row.desired_count
            || turn.ok != row.desired_count
            || row.deployments.len() > 1
            || health::is_draining_targets(view, row)
        {
            self.steady.leave();
        } else if self.steady.hold(view, &view.cluster.definitions().services[service].name) {
            return announce(ServiceEvent::SteadyState);
        }
        None
    }

    /// Whether `minimumHealthyPercent` keeps every old task, with nothing on its way that could change it (DEP-014).
    fn is_stuck(&self, row: &Service, turn: &Turn) -> bool {
        let healthy_and_alone = row.live == turn.ok && turn.missing.is_empty();
        !turn.acted && healthy_and_alone && turn.old.front().is_some_and(|(.., is_ok)| *is_ok)
    }

    fn end(&mut self, view: &View<'_>, row: &Service, turn: &Turn) -> Decision {
        let noticed = |at: Option<SimTime>| at.map(|at| health::noticed_at(at, view.settings));
        let all_run = row.live == row.desired_count && row.running == row.live;
        [
            turn.held_back.then(|| self.crashes.next()).flatten(),
            turn.held_back.then(|| self.launches.next_room_at()).flatten(),
            turn.held_back.then(|| self.throttle.next()).flatten(),
            self.rollout.next(view, row),
            all_run.then(|| noticed(turn.last_ok_at)).flatten(),
            (row.deployments.len() > 1 || self.rollout.watches_each_task(view, row))
                .then(|| noticed(turn.first_ok_at))
                .flatten(),
            noticed(turn.protected_until),
            turn.more_bad.then(|| noticed(Some(view.now))).flatten(),
            self.steady.since().and(self.steady.again_at()),
        ]
        .into_iter()
        .flatten()
        .filter(|at| *at > view.now)
        .min()
        .map_or(Decision::Sleep, Decision::WakeAt)
    }
}

impl Turn {
    /// A task is stopped: nothing counts it any more.
    fn lose(&mut self, row: &Service, task: &Task, is_ok: bool) {
        let is_new = row.primary().is_some_and(|primary| task.deployment() == Some(primary.number));
        self.ok -= u32::from(is_ok);
        self.new_ok -= u32::from(is_ok && is_new);
    }
}

/// Nothing that happened before is news.
fn known(row: &Service) -> (u32, Counters) {
    row.primary().map_or_else(Default::default, |primary| (primary.number, Counters::of(primary)))
}

/// An old deployment is done when its last task has stopped (DEP-003).
fn old_is_done(view: &View<'_>, row: &Service) -> Option<Command> {
    let (_, old) = row.deployments.split_last()?;
    let gone = |number: u32| row.tasks.iter().all(|task| view.cluster.task(*task).deployment() != Some(number));
    let done = old.iter().find(|it| it.live == 0 && gone(it.number))?;
    Some(Command::ChangeDeployment {
        service: row.id,
        deployment: done.number,
        status: DeploymentStatus::Inactive,
        rollout: done.rollout,
        end: None,
    })
}

/// Whether every task of the instance that has not reached STOPPED is a daemon's (PLC-054).
fn only_daemons_left(view: &View<'_>, instance: &Instance) -> bool {
    let services = &view.cluster.definitions().services;
    instance.tasks.iter().all(|task| {
        let service = view.cluster.task(*task).service();
        service.is_some_and(|service| services[service].scheduling == SchedulingStrategy::Daemon)
    })
}
