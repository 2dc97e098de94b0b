//! The pass of a REPLICA service: keeps its desired count, empties draining instances, balances zones.
//!
//! *What it does.* One pass of DEP-012 with a single revision, in this order, until nothing changes: PENDING tasks on
//! DRAINING instances are stopped; missing tasks are started; RUNNING tasks on DRAINING instances are stopped as far as
//! the healthy floor allows; surplus tasks are stopped; a rebalancing goes on. Then it says what happened.
//!
//! *What AWS documents.* The two percentages (SVC-003), draining (INS-004, DRN-001 to DRN-006), protection (PLC-075,
//! DRN-011), launch rate (SVC-070), rebalancing (AZR-004 to AZR-009). Ours: the order, FLR-032, SVC-033.
//!
//! *What we left out.* Deployments: `cap` below is cap(PRIMARY), and other revisions will stand beside it. Health
//! checks: no task is *bad* yet. The throttle for tasks that never ran (SVC-041). `drain_count=last_status` (DRN-004).
//!
//! *How we know it is right.* `services/tests/`: PX-20 to PX-27 and one test or more for each rule.

use std::collections::VecDeque;

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{
    Cluster, Command, InstanceId, InstanceStatus, Service, ServiceId, StopReason, Task, TaskId, ZoneId,
};
use ecsim_kernel::{SimTime, Span};

use super::crashes::Crashes;
use super::health;
use super::launch_rate::LaunchRate;
use super::retry::Retry;
use super::scale_in::{Class, Victims};
use super::seen::Seen;
use super::steady::Steady;
use super::zone_rebalancing::{self, ZoneCount, is_balanced, zone_counts};
use crate::view::{Decision, View};

/// What the controller of a REPLICA service remembers.
#[derive(Clone, Debug)]
pub struct Replica {
    service: ServiceId,
    seen: Seen,
    launches: LaunchRate,
    retry: Retry,
    crashes: Crashes,
    steady: Steady,
    rebalancing: Option<Rebalancing>,
    /// When balance is looked at next; `None` while nothing has happened since it was found (AZR-006).
    check_at: Option<SimTime>,
    turn: Option<Turn>,
}

/// A rebalancing in progress (AZR-007). Its tasks raise the cap until their counterparts are stopped.
#[derive(Clone, Debug)]
struct Rebalancing {
    /// The tasks it started whose counterparts still run.
    moved: Vec<TaskId>,
    /// A zone had no room: no further round.
    unplaced: bool,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    /// Starts tasks, zone by zone; `first` and `count` are those of the zone at the front.
    Start { zones: VecDeque<(ZoneId, u32)>, first: Option<TaskId>, count: u32 },
    /// Waits until they are healthy.
    Wait,
    /// Stops as many elsewhere, zone by zone.
    Stop { zones: VecDeque<(ZoneId, u32)>, victims: Option<Box<Victims>>, stopped: Option<TaskId> },
}

/// What is counted once a pass and then kept up to date.
#[derive(Clone, Debug)]
struct Turn {
    now: SimTime,
    /// Live tasks on DRAINING instances.
    draining: u32,
    /// Healthy live tasks.
    ok: u32,
    /// PENDING tasks on DRAINING instances, to be stopped at once, the oldest last.
    pending_on_draining: Vec<TaskId>,
    /// RUNNING tasks on DRAINING instances that may be stopped as the floor allows.
    movable: Vec<(TaskId, Class)>,
    /// Of those, how many are not yet healthy.
    movable_not_ok: u32,
    drain: Option<Box<Victims>>,
    surplus: Option<Box<Victims>>,
    /// RUNNING tasks that are not yet healthy: when the first and the last will be.
    first_ok_at: Option<SimTime>,
    last_ok_at: Option<SimTime>,
    /// When protection ends that keeps a task on a DRAINING instance, or any task.
    drain_protected_until: Option<SimTime>,
    protected_until: Option<SimTime>,
    /// Whether protected tasks keep the service above its desired count.
    held_by_protection: bool,
    /// A try of this pass found no instance, and nothing has changed since that could help.
    unplaced: bool,
    /// Tasks this pass has started and not announced: the first, and how many.
    started: Option<(TaskId, u32)>,
    /// What was asked for last.
    asked: Option<Asked>,
    announced_protection: bool,
    checked_balance: bool,
}

/// A command whose outcome is still to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Start { task: TaskId, zone: Option<ZoneId> },
    Stop { instance: InstanceId },
}

impl Replica {
    /// Before the first pass.
    #[must_use]
    pub fn new(service: ServiceId, cluster: &Cluster) -> Self {
        Self {
            service,
            seen: Seen::now(&cluster.services()[service]),
            launches: LaunchRate::default(),
            retry: Retry::default(),
            crashes: Crashes::default(),
            steady: Steady::default(),
            rebalancing: None,
            check_at: None,
            turn: None,
        }
    }

    /// The next command of the pass, or when to be asked again.
    pub fn decide(&mut self, view: &View<'_>) -> Decision {
        let row = &view.cluster.services()[self.service];
        let mut turn = match self.turn.take() {
            Some(turn) if turn.now == view.now => turn,
            _ => self.begin(view, row),
        };
        let command = match self.look(view, row, &mut turn) {
            Some(command) => Some(command),
            None => self.next_command(view, row, &mut turn),
        };
        match command {
            Some(command) => {
                self.turn = Some(turn);
                Decision::Act(command)
            }
            None => self.end(view, row, &turn),
        }
    }

    /// Counts the service's tasks: the only look at all of them in a pass without surplus.
    fn begin(&mut self, view: &View<'_>, row: &Service) -> Turn {
        let mut turn = Turn {
            now: view.now,
            draining: 0,
            ok: 0,
            pending_on_draining: Vec::new(),
            movable: Vec::new(),
            movable_not_ok: 0,
            drain: None,
            surplus: None,
            first_ok_at: None,
            last_ok_at: None,
            drain_protected_until: None,
            protected_until: None,
            held_by_protection: false,
            unplaced: false,
            started: None,
            asked: None,
            announced_protection: false,
            checked_balance: false,
        };
        for id in &row.tasks {
            let task = view.cluster.task(*id);
            if task.is_live() {
                turn.count(view, task);
            }
        }
        turn.pending_on_draining.reverse();
        if let Some(rebalancing) = &mut self.rebalancing {
            rebalancing.moved.retain(|task| view.cluster.tasks().get(*task).is_some_and(|task| stays(view, task)));
        }
        if row.live != row.desired_count || turn.ok != row.desired_count {
            // Left, even if this pass puts it right within the instant.
            self.steady.leave();
            self.check_at = None;
        } else if self.check_at.is_none() {
            self.check_at = self.next_check(view);
        }
        turn
    }

    /// What became of the last command, and what happened before this pass. A rebalancing may have to say something.
    fn look(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let news = self.seen.look(row);
        self.launches.note(view.now, news.started);
        self.crashes.note(view.now, news.crashes, view.settings.replace_crashed_delay);
        if news.started > 0 || news.stopped || news.updated {
            self.retry.reset();
        }
        let service = self.service;
        let announce = |event| Some(Command::Announce { service, event });
        match turn.asked.take() {
            Some(Asked::Start { task, zone }) if news.started > 0 => {
                turn.changed(view, view.cluster.task(task).instance);
                if let Some(rebalancing) = self.rebalancing.as_mut().filter(|_| zone.is_some()) {
                    rebalancing.started(task);
                } else {
                    turn.started.get_or_insert((task, 0)).1 += 1;
                }
            }
            // Whatever refused it, the same would refuse the next one.
            Some(Asked::Start { zone: None, .. }) => turn.unplaced = true,
            Some(Asked::Start { zone: Some(zone), .. }) => {
                if let Some(rebalancing) = &mut self.rebalancing {
                    rebalancing.no_room();
                }
                return announce(ServiceEvent::RebalancingPlacementFailed { zone });
            }
            Some(Asked::Stop { instance }) => {
                turn.changed(view, instance);
                if let Some(Rebalancing { step: Step::Stop { victims: Some(victims), .. }, .. }) = &mut self.rebalancing
                {
                    victims.changed(view, instance);
                }
                // Room may have come free, or a slot of `distinctInstance` (FLR-032); not on a DRAINING instance. With one
                // revision nothing is stopped on an ACTIVE instance while a task is missing; a rolling update does it.
                turn.unplaced &= view.cluster.instances()[instance].status != InstanceStatus::Active;
            }
            None => {}
        }
        if news.updated && self.rebalancing.take().is_some() {
            return announce(ServiceEvent::RebalancingStopped);
        }
        None
    }

    /// Live tasks that count towards the cap: those on DRAINING instances do not (DEP-012).
    fn kept(row: &Service, turn: &Turn) -> u32 {
        row.live - turn.draining
    }

    /// cap(PRIMARY) of DEP-012: the desired count, and what a rebalancing has on its way (AZR-007).
    fn cap(&self, row: &Service) -> u32 {
        row.desired_count + self.rebalancing.as_ref().map_or(0, |rebalancing| rebalancing.moved.len() as u32)
    }

    fn need(&self, row: &Service, turn: &Turn) -> u32 {
        self.cap(row).saturating_sub(Self::kept(row, turn))
    }

    /// How many more tasks may be live at all (SVC-003), and be started in this minute (SVC-070).
    fn room(&mut self, view: &View<'_>, row: &Service) -> u32 {
        let below_ceiling = row.live_ceiling().saturating_sub(row.live);
        below_ceiling.min(self.launches.room(view.now, view.settings.service_launches_per_minute))
    }

    fn next_command(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        // PENDING tasks of DRAINING instances, at once (INS-004).
        if let Some(task) = turn.pending_on_draining.pop() {
            turn.draining -= 1;
            return Some(turn.stop(view, task, StopReason::Draining));
        }
        // Starts.
        if !turn.unplaced && self.retry.may_try(view.now) {
            let due = self.need(row, turn).saturating_sub(self.crashes.withheld(view.now));
            if due.min(self.room(view, row)) > 0 {
                return Some(self.start(view, turn, None));
            }
        }
        if let Some(command) = self.rebalancing_start(view, row, turn) {
            return Some(command);
        }
        // RUNNING tasks of DRAINING instances, as the floor allows: not yet healthy ones first (DRN-004, DEP-012 d').
        let not_ok = turn.movable_not_ok > 0;
        if !turn.movable.is_empty() && turn.ok >= row.healthy_floor() + u32::from(!not_ok) {
            let candidates = &turn.movable;
            let victims = turn
                .drain
                .get_or_insert_with(|| Box::new(Victims::new(view, self.service, candidates.iter().copied())));
            if let Some(task) = victims.next(view) {
                turn.draining -= 1;
                if not_ok {
                    turn.movable_not_ok -= 1;
                } else {
                    turn.ok -= 1;
                }
                return Some(turn.stop(view, task, StopReason::Draining));
            }
            turn.movable.clear();
        }
        // Surplus (PLC-070 to PLC-077).
        if Self::kept(row, turn) > self.cap(row) {
            let victims = turn.surplus.get_or_insert_with(|| {
                let all = row.tasks.iter().map(|task| view.cluster.task(*task));
                let stoppable = all.filter(|task| stays(view, task) && !task.is_protected(view.now));
                Box::new(Victims::new(view, self.service, stoppable.map(|task| (task.id, class(task)))))
            });
            if let Some(task) = victims.next(view) {
                turn.ok -= u32::from(health::is_ok(view.cluster.task(task), view.now, view.settings));
                return Some(turn.stop(view, task, StopReason::ScaleIn));
            }
            turn.held_by_protection = true;
        }
        if let Some(command) = self.rebalancing_stop(view, row, turn) {
            return Some(command);
        }
        self.outcome(view, row, turn)
    }

    fn start(&self, view: &View<'_>, turn: &mut Turn, zone: Option<ZoneId>) -> Command {
        turn.asked = Some(Asked::Start { task: view.cluster.tasks().next_id(), zone });
        Command::StartServiceTask { service: self.service, zone }
    }

    /// What the pass has to say, and whether the zones are to be balanced.
    fn outcome(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let service = self.service;
        let announce = |event| Some(Command::Announce { service, event });
        if let Some((first, count)) = turn.started.take() {
            return announce(ServiceEvent::TasksStarted { first, count });
        }
        if turn.held_by_protection && !turn.announced_protection {
            turn.announced_protection = true;
            return announce(ServiceEvent::ProtectedTasks);
        }
        // Whoever just failed to place a replacement is not steady, whatever the counts say (SVC-053).
        let complete = row.live == row.desired_count && turn.ok == row.desired_count;
        if !complete || turn.unplaced || self.rebalancing.is_some() {
            self.steady.leave();
            self.check_at = None;
            return None;
        }
        let name = &view.cluster.definitions().services[service].name;
        let is_news = self.steady.since().is_none();
        if self.steady.hold(view, name) {
            if is_news {
                self.check_at = self.next_check(view);
            }
            return announce(ServiceEvent::SteadyState);
        }
        if !turn.checked_balance && self.check_at.is_some_and(|at| at <= view.now) {
            turn.checked_balance = true;
            let counts = zone_counts(view, service);
            self.check_at = if is_balanced(&counts) { None } else { self.next_check(view) };
            if row.availability_zone_rebalancing && self.plan_round(view, row, &counts) {
                return announce(ServiceEvent::RebalancingStarted);
            }
        }
        None
    }

    /// The first instant after now at which a service that is steady looks at its balance (AZR-006).
    fn next_check(&self, view: &View<'_>) -> Option<SimTime> {
        if !view.cluster.services()[self.service].availability_zone_rebalancing {
            return None;
        }
        let interval = view.settings.az_rebalance_interval.max(Span::from_ms(1));
        let since = self.steady.since()?;
        Some(since + interval.saturating_mul(view.now.since(since).ms() / interval.ms() + 1))
    }

    /// Plans as many moves as may be in flight at once; returns whether there are any (AZR-007).
    fn plan_round(&mut self, view: &View<'_>, row: &Service, counts: &[ZoneCount]) -> bool {
        let zones: VecDeque<_> = zone_rebalancing::starts(counts, self.room(view, row)).into();
        if zones.is_empty() {
            return false;
        }
        let step = Step::Start { zones, first: None, count: 0 };
        self.rebalancing = Some(Rebalancing { moved: Vec::new(), unplaced: false, step });
        true
    }

    /// The next start of a rebalancing, or the event that closes a zone.
    fn rebalancing_start(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let service = self.service;
        let room = self.room(view, row);
        let rebalancing = self.rebalancing.as_mut()?;
        let Step::Start { zones, first, count } = &mut rebalancing.step else { return None };
        if let Some((zone, left)) = zones.front().copied() {
            if left > 0 && room > 0 {
                return Some(self.start(view, turn, Some(zone)));
            }
            zones.pop_front();
            let (first, count) = (first.take(), core::mem::take(count));
            if let Some(first) = first {
                let event = ServiceEvent::RebalancingTasksStarted { zone, first, count };
                return Some(Command::Announce { service, event });
            }
            return self.rebalancing_start(view, row, turn);
        }
        rebalancing.step = Step::Wait;
        None
    }

    /// Once the started tasks are healthy: the next stop of a rebalancing, or the event that belongs to the last one.
    fn rebalancing_stop(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let service = self.service;
        let announce = |event| Some(Command::Announce { service, event });
        let rebalancing = self.rebalancing.as_mut()?;
        if let Step::Wait = rebalancing.step {
            if rebalancing.moved.is_empty() {
                // No zone had room, or all of them were lost: the next look at the balance decides.
                self.rebalancing = None;
                return None;
            }
            let healthy = |task: &TaskId| health::is_ok(view.cluster.task(*task), view.now, view.settings);
            if !rebalancing.moved.iter().all(healthy) {
                return None;
            }
            let zones = zone_rebalancing::stops(&zone_counts(view, service), rebalancing.moved.len() as u32);
            // A task that was lost in an over-filled zone needs no stop: its counterpart stands in for it.
            rebalancing.moved.truncate(zones.iter().map(|(_, count)| *count as usize).sum());
            rebalancing.step = Step::Stop { zones: zones.into(), victims: None, stopped: None };
        }
        let Step::Stop { zones, victims, stopped } = &mut rebalancing.step else { return None };
        if let (Some(task), Some((zone, _))) = (stopped.take(), zones.front()) {
            return announce(ServiceEvent::RebalancingTaskStopped { zone: *zone, task });
        }
        while zones.front().is_some_and(|(_, left)| *left == 0) {
            zones.pop_front();
            *victims = None;
        }
        if let Some((zone, left)) = zones.front_mut() {
            let victims = victims.get_or_insert_with(|| {
                let all = row.tasks.iter().map(|task| view.cluster.task(*task));
                let there = all.filter(|task| {
                    view.cluster.instances()[task.instance].zone == *zone
                        && stays(view, task)
                        && !task.is_protected(view.now)
                });
                Box::new(Victims::new(view, service, there.map(|task| (task.id, class(task)))))
            });
            if let Some(task) = victims.next(view) {
                *left -= 1;
                *stopped = Some(task);
                // Its counterpart is no surplus any more: the cap falls with the stop.
                rebalancing.moved.pop();
                turn.ok -= u32::from(health::is_ok(view.cluster.task(task), view.now, view.settings));
                turn.surplus = None;
                return Some(turn.stop(view, task, StopReason::Rebalancing));
            }
            self.rebalancing = None;
            return announce(ServiceEvent::RebalancingStopped);
        }
        let unplaced = rebalancing.unplaced;
        self.rebalancing = None;
        let counts = zone_counts(view, service);
        if is_balanced(&counts) {
            return announce(ServiceEvent::RebalancingCompleted);
        }
        if !unplaced && self.plan_round(view, row, &counts) {
            return self.rebalancing_start(view, row, turn);
        }
        None
    }

    /// Nothing is left to do: what the pass leaves behind, and when the next one is due at the latest.
    fn end(&mut self, view: &View<'_>, row: &Service, turn: &Turn) -> Decision {
        let need = self.need(row, turn);
        if turn.unplaced && need > 0 {
            self.retry.failed(view.now, view.settings);
        } else if need == 0 && self.retry.may_try(view.now) {
            // The row of failures ended without anything being missing at its next attempt.
            self.retry.reset();
        }
        let mut wake = Wake { now: view.now, at: None };
        wake.at(self.retry.next());
        if need > 0 {
            wake.at(self.crashes.next());
            if self.launches.room(view.now, view.settings.service_launches_per_minute) == 0 {
                wake.at(self.launches.next_room_at());
            }
        }
        let noticed = |at: Option<SimTime>| at.map(|at| health::noticed_at(at, view.settings));
        // A steady state needs every task healthy, a drain each single one, a rebalancing its own.
        if row.live == row.desired_count && row.running == row.live {
            wake.at(noticed(turn.last_ok_at));
        }
        if let Some(Rebalancing { moved, step: Step::Wait, .. }) = &self.rebalancing {
            let ok_at: Option<Vec<SimTime>> =
                moved.iter().map(|task| health::ok_at(view.cluster.task(*task), view.settings)).collect();
            wake.at(noticed(ok_at.and_then(|all| all.into_iter().max())));
        }
        if !turn.movable.is_empty() {
            wake.at(noticed(turn.first_ok_at));
        }
        wake.at(noticed(turn.drain_protected_until));
        if turn.held_by_protection {
            wake.at(noticed(turn.protected_until));
        }
        if self.steady.since().is_some() {
            wake.at(self.steady.again_at());
            wake.at(self.check_at);
        }
        wake.at.map_or(Decision::Sleep, Decision::WakeAt)
    }
}

impl Rebalancing {
    fn started(&mut self, task: TaskId) {
        self.moved.push(task);
        if let Step::Start { zones, first, count } = &mut self.step {
            first.get_or_insert(task);
            *count += 1;
            if let Some((_, left)) = zones.front_mut() {
                *left -= 1;
            }
        }
    }

    /// The zone at the front takes no more.
    fn no_room(&mut self) {
        self.unplaced = true;
        if let Step::Start { zones, .. } = &mut self.step
            && let Some((_, left)) = zones.front_mut()
        {
            *left = 0;
        }
    }
}

impl Turn {
    fn count(&mut self, view: &View<'_>, task: &Task) {
        let protected = task.protected_until.filter(|until| view.now < *until);
        if let Some(until) = protected {
            earlier(&mut self.protected_until, until);
        }
        let ok_at = health::ok_at(task, view.settings);
        let is_ok = ok_at.is_some_and(|at| at <= view.now);
        self.ok += u32::from(is_ok);
        if let Some(at) = ok_at.filter(|_| !is_ok) {
            earlier(&mut self.first_ok_at, at);
            self.last_ok_at = self.last_ok_at.max(Some(at));
        }
        if view.cluster.instances()[task.instance].status != InstanceStatus::Draining {
            return;
        }
        self.draining += 1;
        if let Some(until) = protected {
            earlier(&mut self.drain_protected_until, until);
        } else if task.is_running() {
            self.movable.push((task.id, if is_ok { Class::Rest } else { Class::NotYetHealthy }));
            self.movable_not_ok += u32::from(!is_ok);
        } else {
            self.pending_on_draining.push(task.id);
        }
    }

    fn stop(&mut self, view: &View<'_>, task: TaskId, reason: StopReason) -> Command {
        self.asked = Some(Asked::Stop { instance: view.cluster.task(task).instance });
        Command::StopTask { task, reason }
    }

    /// A task was started or stopped there.
    fn changed(&mut self, view: &View<'_>, instance: InstanceId) {
        for victims in [&mut self.drain, &mut self.surplus].into_iter().flatten() {
            victims.changed(view, instance);
        }
    }
}

/// The earliest of several instants that lie ahead.
struct Wake {
    now: SimTime,
    at: Option<SimTime>,
}

impl Wake {
    fn at(&mut self, at: Option<SimTime>) {
        if let Some(at) = at.filter(|at| *at > self.now && *at < SimTime::MAX) {
            earlier(&mut self.at, at);
        }
    }
}

fn earlier(slot: &mut Option<SimTime>, at: SimTime) {
    *slot = Some(slot.map_or(at, |before| before.min(at)));
}

/// Live, and not about to be moved off a DRAINING instance.
fn stays(view: &View<'_>, task: &Task) -> bool {
    task.is_live() && view.cluster.instances()[task.instance].status != InstanceStatus::Draining
}

/// The class of a surplus task (PLC-076); nothing can be unhealthy yet.
fn class(task: &Task) -> Class {
    if task.is_running() { Class::Rest } else { Class::NotRunning }
}
