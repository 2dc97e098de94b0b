//! The pass of a REPLICA service: keeps its desired count, empties draining instances, balances zones.
//!
//! *What it does.* One pass of DEP-012 with a single revision, in this order, until nothing changes: PENDING tasks on
//! DRAINING instances are stopped; missing tasks are started, and stand-ins for unhealthy ones; RUNNING tasks on DRAINING
//! instances are stopped as far as the healthy floor allows; unhealthy tasks are stopped whose stand-ins are healthy, or
//! that leave no room for one (SVC-020 to SVC-022); surplus tasks are stopped; a rebalancing goes on. Then it says what
//! happened.
//!
//! *What AWS documents.* The two percentages (SVC-003), draining (INS-004, DRN-001 to DRN-006), protection (PLC-075,
//! DRN-011), launch rate (SVC-070), rebalancing (AZR-004 to AZR-009). Ours: the order, FLR-032, SVC-033.
//!
//! *What we left out.* Deployments: `cap` below is cap(PRIMARY), and other revisions will stand beside it. The throttle
//! for tasks that never ran (SVC-041).
//!
//! *How we know it is right.* `services/tests/`: PX-20 to PX-27 and one test or more for each rule.

use std::collections::VecDeque;

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{
    Cluster, Command, InstanceId, InstanceStatus, ProviderId, Service, ServiceId, StopReason, Task, TaskId, ZoneId,
};
use ecsim_kernel::{SimTime, Span};

use super::crashes::Crashes;
use super::health;
use super::launch_rate::LaunchRate;
use super::providers::{self, Providers, Refusal};
use super::retry::Retry;
use super::scale_in::{Class, Victims};
use super::seen::Seen;
use super::steady::Steady;
use super::surplus::Surplus;
use super::zone_rebalancing::{self, Counted, ZoneCount, zone_counts};
use crate::capacity::settings::DrainCount;
use crate::view::{Decision, View};

/// What the controller of a REPLICA service remembers.
#[derive(Clone, Debug)]
pub struct Replica {
    service: ServiceId,
    seen: Seen,
    launches: LaunchRate,
    /// The groups in which a service starts its tasks on Fargate (MEAS-003).
    groups: Option<LaunchRate>,
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
    /// Which tasks it moves (AZR-010).
    counted: Counted,
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
    /// Unhealthy tasks that are to be replaced where they are, the oldest last (SVC-020).
    bad: Vec<TaskId>,
    /// All unhealthy tasks, those on DRAINING instances included.
    all_bad: u32,
    /// Whether the stand-in of an unhealthy task is started before that is stopped.
    start_first: bool,
    /// This pass has stopped an unhealthy task to make room, which is enough for one pass (SVC-022).
    made_room: bool,
    drain: Option<Box<Victims>>,
    surplus: Option<Box<Surplus>>,
    /// RUNNING tasks that are not yet healthy: when the first and the last will be.
    first_ok_at: Option<SimTime>,
    last_ok_at: Option<SimTime>,
    /// When protection ends that keeps a task on a DRAINING instance, or any task.
    drain_protected_until: Option<SimTime>,
    protected_until: Option<SimTime>,
    /// Whether protected tasks keep the service above its desired count.
    held_by_protection: bool,
    /// Providers that had no place for a task of this pass, and nothing has changed since that could help.
    providers: Providers,
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
    Start { task: TaskId, zone: Option<ZoneId>, provider: Option<ProviderId> },
    Stop { instance: Option<InstanceId> },
}

impl Replica {
    /// Before the first pass.
    #[must_use]
    pub fn new(service: ServiceId, cluster: &Cluster) -> Self {
        Self {
            service,
            seen: Seen::now(&cluster.services()[service]),
            launches: LaunchRate::default(),
            groups: None,
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
            bad: Vec::new(),
            all_bad: 0,
            start_first: view.settings.start_first_unhealthy,
            made_room: false,
            drain: None,
            surplus: None,
            first_ok_at: None,
            last_ok_at: None,
            drain_protected_until: None,
            protected_until: None,
            held_by_protection: false,
            providers: Providers::default(),
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
        turn.bad.reverse();
        self.forget_lost_newcomers(view);
        if row.live != row.desired_count || turn.ok != row.desired_count {
            // Left, even if this pass puts it right within the instant.
            self.steady.leave();
            self.check_at = None;
        } else if self.check_at.is_none() {
            self.check_at = self.next_check(view);
        }
        turn
    }

    /// Tasks that a rebalancing started and that are gone since, also by the hand of this pass, move nothing any more.
    fn forget_lost_newcomers(&mut self, view: &View<'_>) {
        if let Some(rebalancing) = &mut self.rebalancing {
            rebalancing.moved.retain(|task| view.cluster.tasks().get(*task).is_some_and(|task| stays(view, task)));
        }
    }

    /// What became of the last command, and what happened before this pass. A rebalancing may have to say something.
    fn look(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let news = self.seen.look(row);
        self.launches.note(view.now, news.started);
        if let Some(groups) = &mut self.groups {
            groups.note(view.now, news.started);
        }
        self.crashes.note(view.now, news.crashes, view.settings.replace_crashed_delay);
        if news.started > 0 || news.stopped || news.updated {
            self.retry.reset();
        }
        let service = self.service;
        let announce = |event| Some(Command::Announce { service, event });
        if matches!(turn.asked, Some(Asked::Stop { .. })) {
            self.forget_lost_newcomers(view);
        }
        match turn.asked.take() {
            Some(Asked::Start { task, zone, .. }) if news.started > 0 => {
                if let Some(instance) = view.cluster.task(task).instance {
                    turn.changed(view, instance);
                }
                if let Some(rebalancing) = self.rebalancing.as_mut().filter(|_| zone.is_some()) {
                    rebalancing.started(task);
                } else {
                    turn.started.get_or_insert((task, 0)).1 += 1;
                }
            }
            // CAS-009, FGT-004: held back by a quota or for want of Fargate capacity.
            // Whatever refused it, the same would refuse the next one of that provider.
            Some(Asked::Start { zone: None, provider, .. }) => {
                let refusal = if news.held_back { Refusal::HeldBack } else { Refusal::NoRoom };
                turn.providers.refuse(provider, refusal);
            }
            Some(Asked::Start { zone: Some(zone), .. }) => {
                if let Some(rebalancing) = &mut self.rebalancing {
                    rebalancing.no_room();
                }
                return announce(ServiceEvent::RebalancingPlacementFailed { zone });
            }
            Some(Asked::Stop { instance: None }) => turn.providers.forget(Refusal::HeldBack),
            Some(Asked::Stop { instance: Some(instance) }) => {
                turn.changed(view, instance);
                if let Some(Rebalancing { step: Step::Stop { victims: Some(victims), .. }, .. }) = &mut self.rebalancing
                {
                    victims.changed(view, instance);
                }
                // Room may have come free, or a slot of `distinctInstance` (FLR-032); not on a DRAINING instance. With one
                // revision nothing is stopped on an ACTIVE instance while a task is missing; a rolling update does it.
                if view.cluster.instances()[instance].status == InstanceStatus::Active {
                    turn.providers.forget(Refusal::NoRoom);
                }
            }
            None => {}
        }
        if news.updated && self.rebalancing.take().is_some() {
            return announce(ServiceEvent::RebalancingStopped);
        }
        None
    }

    /// Live tasks that count towards the cap: those on DRAINING instances do not (DEP-012), nor do unhealthy ones, whose
    /// stand-ins start first (SVC-020).
    fn kept(row: &Service, turn: &Turn) -> u32 {
        row.live - turn.draining - if turn.start_first { turn.bad.len() as u32 } else { 0 }
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
        let below_ceiling = row.live_ceiling().saturating_sub(row.live + self.stopping_in_the_way(view, row));
        let on_fargate = providers::is_on_fargate(view, row);
        let room = below_ceiling.min(self.launches.room(view.now, view.settings.launches_per_minute(on_fargate)));
        match view.settings.capacity.launch_groups.filter(|_| on_fargate) {
            Some(groups) => {
                let window = self.groups.get_or_insert_with(|| LaunchRate::over(groups.period));
                room.min(window.room(view.now, groups.size))
            }
            None => room,
        }
    }

    /// Whether the limit on tasks in PROVISIONING holds it back (CAS-009): then there is nothing to retry on a clock.
    fn waits_for_quota(&self, view: &View<'_>, row: &Service) -> bool {
        row.strategy.is_some() && view.cluster.totals().awaiting_instance >= view.settings.capacity.provisioning_tasks
    }

    /// `drain_count = last_status` (DRN-004): tasks on DRAINING instances fill `maximumPercent` until they are STOPPED.
    fn stopping_in_the_way(&self, view: &View<'_>, row: &Service) -> u32 {
        if view.settings.capacity.drain_count == DrainCount::DesiredStatus {
            return 0;
        }
        let tasks = row.tasks.iter().map(|task| view.cluster.task(*task));
        tasks.filter(|task| !task.is_live() && is_draining(view, task)).count() as u32
    }

    fn next_command(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        // PENDING tasks of DRAINING instances, at once (INS-004).
        if let Some(task) = turn.pending_on_draining.pop() {
            turn.draining -= 1;
            return Some(turn.stop(view, task, drained(view, task)));
        }
        // Starts.
        if self.retry.may_try(view.now) {
            let due = self.need(row, turn).saturating_sub(self.crashes.withheld(view.now));
            if due.min(self.room(view, row)) > 0
                && let Some(provider) = turn.providers.next(view, row, due)
            {
                return Some(self.start(view, turn, None, provider));
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
                turn.all_bad -= u32::from(view.cluster.task(task).is_bad());
                if not_ok {
                    turn.movable_not_ok -= 1;
                } else {
                    turn.ok -= 1;
                }
                return Some(turn.stop(view, task, drained(view, task)));
            }
            turn.movable.clear();
        }
        if self.may_stop_bad(view, row, turn)
            && let Some(task) = turn.bad.pop()
        {
            turn.all_bad -= 1;
            return Some(turn.stop(view, task, StopReason::Unhealthy));
        }
        // Surplus (PLC-070 to PLC-077).
        if Self::kept(row, turn) > self.cap(row) {
            let victims = turn.surplus.get_or_insert_with(|| {
                let all = row.tasks.iter().map(|task| view.cluster.task(*task));
                let stoppable = all.filter(|task| stays(view, task) && !task.is_bad() && !task.is_protected(view.now));
                Box::new(Surplus::new(view, self.service, stoppable.map(|task| (task.id, class(task)))))
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

    /// Whether an unhealthy task may be stopped now: its stand-in is healthy (SVC-020), or there is no room for a stand-in
    /// (SVC-021). In the latter case one goes in a pass while the healthy floor holds, and below it only while none is on
    /// its way (SVC-022). Ill health goes before protection (SVC-028).
    fn may_stop_bad(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> bool {
        if turn.bad.is_empty() {
            return false;
        }
        if turn.ok + turn.bad.len() as u32 > self.cap(row) {
            return true;
        }
        let full = row.live + self.stopping_in_the_way(view, row) >= row.live_ceiling();
        let stop_first = !turn.start_first || full && self.need(row, turn) > 0;
        let on_its_way = row.live > turn.ok + turn.all_bad;
        if !stop_first || turn.made_room || turn.ok < row.healthy_floor() && on_its_way {
            return false;
        }
        turn.made_room = true;
        true
    }

    fn start(&self, view: &View<'_>, turn: &mut Turn, zone: Option<ZoneId>, provider: Option<ProviderId>) -> Command {
        turn.asked = Some(Asked::Start { task: view.cluster.tasks().next_id(), zone, provider });
        Command::StartServiceTask { service: self.service, zone, provider }
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
        if !complete || turn.unplaced() || turn.held_back() || self.rebalancing.is_some() {
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
            let out_of_balance = zone_rebalancing::out_of_balance(view, service);
            self.check_at = if out_of_balance.is_empty() { None } else { self.next_check(view) };
            if row.availability_zone_rebalancing && self.plan_round(view, row, &out_of_balance) {
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

    /// Plans as many moves as may be in flight at once, of the first tasks that need any; returns whether there are some
    /// (AZR-007, AZR-010).
    fn plan_round(&mut self, view: &View<'_>, row: &Service, out_of_balance: &[(Counted, Vec<ZoneCount>)]) -> bool {
        let room = self.room(view, row);
        for (counted, counts) in out_of_balance {
            let zones: VecDeque<_> = zone_rebalancing::starts(counts, room).into();
            if !zones.is_empty() {
                let step = Step::Start { zones, first: None, count: 0 };
                self.rebalancing = Some(Rebalancing { counted: *counted, moved: Vec::new(), unplaced: false, step });
                return true;
            }
        }
        false
    }

    /// The next start of a rebalancing, or the event that closes a zone.
    fn rebalancing_start(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let service = self.service;
        let room = self.room(view, row);
        let rebalancing = self.rebalancing.as_mut()?;
        let counted = rebalancing.counted;
        let Step::Start { zones, first, count } = &mut rebalancing.step else { return None };
        if let Some((zone, left)) = zones.front().copied() {
            if left > 0 && room > 0 {
                let provider = match counted {
                    Counted::OnInstances => turn.providers.first(view, row),
                    Counted::OnFargate(provider) => provider,
                };
                return Some(self.start(view, turn, Some(zone), provider));
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
            let moved = rebalancing.moved.len() as u32;
            let zones = zone_rebalancing::stops(&zone_counts(view, service, rebalancing.counted, moved), moved);
            // A task that was lost in an over-filled zone needs no stop: its counterpart stands in for it.
            rebalancing.moved.truncate(zones.iter().map(|(_, count)| *count as usize).sum());
            rebalancing.step = Step::Stop { zones: zones.into(), victims: None, stopped: None };
        }
        let counted = rebalancing.counted;
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
                    counted.holds(task)
                        && view.cluster.zone_of(task) == Some(*zone)
                        && stays(view, task)
                        && !task.is_bad()
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
        let out_of_balance = zone_rebalancing::out_of_balance(view, service);
        if out_of_balance.is_empty() {
            return announce(ServiceEvent::RebalancingCompleted);
        }
        if !unplaced && self.plan_round(view, row, &out_of_balance) {
            return self.rebalancing_start(view, row, turn);
        }
        None
    }

    /// Nothing is left to do: what the pass leaves behind, and when the next one is due at the latest.
    fn end(&mut self, view: &View<'_>, row: &Service, turn: &Turn) -> Decision {
        let need = self.need(row, turn);
        // FGT-004: a service retries; who waits for a place among the PROVISIONING is woken by the one that leaves.
        if (turn.unplaced() || turn.held_back() && !self.waits_for_quota(view, row)) && need > 0 {
            self.retry.failed(view.now, view.settings);
        } else if need == 0 && self.retry.may_try(view.now) {
            // The row of failures ended without anything being missing at its next attempt.
            self.retry.reset();
        }
        let mut wake = Wake { now: view.now, at: None };
        wake.at(self.retry.next());
        if need > 0 {
            wake.at(self.crashes.next());
            let quota = view.settings.launches_per_minute(providers::is_on_fargate(view, row));
            if self.launches.room(view.now, quota) == 0 {
                wake.at(self.launches.next_room_at());
            }
            if let (Some(window), Some(groups)) = (&mut self.groups, view.settings.capacity.launch_groups)
                && window.room(view.now, groups.size) == 0
            {
                wake.at(window.next_room_at());
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
        if turn.made_room && !turn.bad.is_empty() {
            // The next one may go in the next pass.
            wake.at(noticed(Some(view.now)));
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
    /// A try of this pass found no instance.
    fn unplaced(&self) -> bool {
        self.providers.any(Refusal::NoRoom)
    }

    /// A start of this pass was held back by a quota or for want of Fargate capacity (CAS-009, FGT-004).
    fn held_back(&self) -> bool {
        self.providers.any(Refusal::HeldBack)
    }

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
        let is_bad = task.is_bad();
        self.all_bad += u32::from(is_bad);
        if !is_draining(view, task) {
            if is_bad {
                self.bad.push(task.id);
            }
            return;
        }
        self.draining += 1;
        if let Some(until) = protected {
            earlier(&mut self.drain_protected_until, until);
        } else if task.is_running() {
            let class = match (is_bad, is_ok) {
                (true, _) => Class::Unhealthy,
                (_, true) => Class::Rest,
                _ => Class::NotYetHealthy,
            };
            self.movable.push((task.id, class));
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
        if let Some(victims) = &mut self.drain {
            victims.changed(view, instance);
        }
        if let Some(victims) = &mut self.surplus {
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
    task.is_live() && !is_draining(view, task)
}

/// On a DRAINING instance (INS-004), or on a Fargate platform that is being retired (FGT-006).
fn is_draining(view: &View<'_>, task: &Task) -> bool {
    task.retiring
        || task.instance.is_some_and(|instance| view.cluster.instances()[instance].status == InstanceStatus::Draining)
}

/// Why a task that is moved is stopped.
fn drained(view: &View<'_>, task: TaskId) -> StopReason {
    if view.cluster.task(task).retiring { StopReason::FargateRetirement } else { StopReason::Draining }
}

/// The class of a surplus task (PLC-076); unhealthy ones have gone before.
fn class(task: &Task) -> Class {
    if task.is_running() { Class::Rest } else { Class::NotRunning }
}
