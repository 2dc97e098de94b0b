//! What a pass counts once and then keeps up to date.

use ecsim_cluster::definitions::ProviderKind;
use ecsim_cluster::{Command, InstanceId, InstanceStatus, ProviderId, Service, StopReason, Task, TaskId, ZoneId};
use ecsim_kernel::SimTime;

use crate::services::health;
use crate::services::providers::{Providers, Refusal};
use crate::services::scale_in::{Class, Victims};
use crate::services::surplus::Surplus;
use crate::view::View;

/// The tasks of one deployment.
#[derive(Clone, Debug)]
pub(super) struct Lot {
    /// The number of the deployment.
    pub(super) number: u32,
    /// Live tasks on DRAINING instances.
    pub(super) draining: u32,
    /// Healthy live tasks, those on DRAINING instances included.
    pub(super) ok: u32,
    /// Those of them that are on DRAINING instances.
    pub(super) draining_ok: u32,
    /// Unhealthy tasks that are to be replaced where they are, the oldest last (SVC-020).
    pub(super) bad: Vec<TaskId>,
    /// Tasks that were asked to stop and have not reached STOPPED.
    pub(super) stopping: u32,
    /// Live tasks that wait for an instance of their provider (CAS-008).
    pub(super) waiting: u32,
    /// Providers that had no place for a task of this pass, and nothing has changed since that could help.
    pub(super) providers: Providers,
}

impl Lot {
    const fn new(number: u32) -> Self {
        Self {
            number,
            draining: 0,
            ok: 0,
            draining_ok: 0,
            bad: Vec::new(),
            stopping: 0,
            waiting: 0,
            providers: Providers::new(),
        }
    }
}

/// What is counted once a pass and then kept up to date.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) now: SimTime,
    /// One for each deployment, the oldest first; the last is the PRIMARY one's.
    pub(super) lots: Vec<Lot>,
    /// Healthy live tasks.
    pub(super) ok: u32,
    /// PENDING tasks on DRAINING instances, to be stopped at once, the oldest last.
    pub(super) pending_on_draining: Vec<TaskId>,
    /// RUNNING tasks on DRAINING instances that may be stopped as the floor allows.
    pub(super) movable: Vec<(TaskId, Class)>,
    /// Of those, how many are not yet healthy.
    pub(super) movable_not_ok: u32,
    /// All unhealthy tasks, those on DRAINING instances included.
    pub(super) all_bad: u32,
    /// Whether the stand-in of an unhealthy task is started before that is stopped.
    pub(super) start_first: bool,
    /// This pass has stopped an unhealthy task to make room, which is enough for one pass (SVC-022).
    pub(super) made_room: bool,
    pub(super) drain: Option<Box<Victims>>,
    pub(super) surplus: Option<Box<Surplus>>,
    /// Old tasks that may be stopped (DEP-012 d), and how many of them are not healthy.
    pub(super) old: Option<Box<Surplus>>,
    pub(super) old_not_ok: u32,
    /// The pass is at its stops; else at its starts (DEP-012).
    pub(super) stopping: bool,
    /// It has stopped something since it was at its starts, and will look at them again.
    pub(super) stopped: bool,
    /// It has started or stopped something.
    pub(super) acted: bool,
    /// A floor or a protection keeps an old task that would otherwise be stopped (DEP-014).
    pub(super) floor_holds: bool,
    /// RUNNING tasks that are not yet healthy: when the first and the last will be.
    pub(super) first_ok_at: Option<SimTime>,
    pub(super) last_ok_at: Option<SimTime>,
    /// When protection ends that keeps a task on a DRAINING instance, or any task.
    pub(super) drain_protected_until: Option<SimTime>,
    pub(super) protected_until: Option<SimTime>,
    /// Whether protected tasks keep the service above its desired count.
    pub(super) held_by_protection: bool,
    /// Tasks this pass has started and not announced: the first, and how many.
    pub(super) started: Option<(TaskId, u32)>,
    /// RUNNING tasks this pass has stopped and not announced: the first, and how many.
    pub(super) stops: Option<(TaskId, u32)>,
    /// What was asked for last.
    pub(super) asked: Option<Asked>,
    pub(super) announced_protection: bool,
    pub(super) announced_stuck: bool,
    pub(super) checked_balance: bool,
    /// The attempt of this pass that left PRIMARY tasks without a place was counted (DEP-032).
    pub(super) counted_unplaced: bool,
    /// The deployments are others than when this was counted.
    pub(super) is_stale: bool,
}

/// A command whose outcome is still to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Start { task: TaskId, zone: Option<ZoneId>, provider: Option<ProviderId>, deployment: u32 },
    Stop { instance: Option<InstanceId> },
}

impl Turn {
    /// Counts the service's tasks: the only look at all of them in a pass without surplus.
    pub(super) fn begin(view: &View<'_>, row: &Service) -> Self {
        let mut turn = Self {
            now: view.now,
            lots: row.deployments.iter().map(|deployment| Lot::new(deployment.number)).collect(),
            ok: 0,
            pending_on_draining: Vec::new(),
            movable: Vec::new(),
            movable_not_ok: 0,
            all_bad: 0,
            start_first: view.settings.start_first_unhealthy,
            made_room: false,
            drain: None,
            surplus: None,
            old: None,
            old_not_ok: 0,
            stopping: false,
            stopped: false,
            acted: false,
            floor_holds: false,
            first_ok_at: None,
            last_ok_at: None,
            drain_protected_until: None,
            protected_until: None,
            held_by_protection: false,
            started: None,
            stops: None,
            asked: None,
            announced_protection: false,
            announced_stuck: false,
            checked_balance: false,
            counted_unplaced: false,
            is_stale: false,
        };
        for id in &row.tasks {
            turn.count(view, view.cluster.task(*id));
        }
        turn.pending_on_draining.reverse();
        for lot in &mut turn.lots {
            lot.bad.reverse();
        }
        turn
    }

    fn count(&mut self, view: &View<'_>, task: &Task) {
        let number = task.deployment().unwrap_or(0);
        let at = self.lots.binary_search_by_key(&number, |lot| lot.number);
        let lot = &mut self.lots[at.expect("a deployment with tasks is not INACTIVE")];
        if !task.is_live() {
            lot.stopping += 1;
            return;
        }
        let protected = task.protected_until.filter(|until| view.now < *until);
        if let Some(until) = protected {
            earlier(&mut self.protected_until, until);
        }
        let ok_at = health::ok_at(view, task);
        let is_ok = ok_at.is_some_and(|at| at <= view.now);
        self.ok += u32::from(is_ok);
        lot.ok += u32::from(is_ok);
        lot.waiting += u32::from(waits(view, task));
        if let Some(at) = ok_at.filter(|_| !is_ok) {
            earlier(&mut self.first_ok_at, at);
            self.last_ok_at = self.last_ok_at.max(Some(at));
        }
        let is_bad = health::is_bad(view, task);
        self.all_bad += u32::from(is_bad);
        if !is_draining(view, task) {
            if is_bad {
                lot.bad.push(task.id);
            }
            return;
        }
        lot.draining += 1;
        lot.draining_ok += u32::from(is_ok);
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

    /// A task is stopped: nothing counts it any more.
    pub(super) fn stop(&mut self, view: &View<'_>, id: TaskId, reason: StopReason) -> Command {
        let task = view.cluster.task(id);
        let (is_ok, is_bad) = (health::is_ok(view, task), health::is_bad(view, task));
        self.ok -= u32::from(is_ok);
        self.all_bad -= u32::from(is_bad);
        let draining = is_draining(view, task);
        if let Some(lot) = self.lot_of(task) {
            lot.ok -= u32::from(is_ok);
            lot.stopping += 1;
            lot.waiting -= u32::from(waits(view, task));
            if draining {
                lot.draining -= 1;
                lot.draining_ok -= u32::from(is_ok);
            } else if is_bad {
                lot.bad.retain(|bad| *bad != id);
            }
        }
        if draining && task.is_running() && !task.is_protected(view.now) {
            self.movable_not_ok -= u32::from(!is_ok);
        }
        if reason.is_announced() && task.is_running() {
            note_stop(&mut self.stops, id);
        }
        self.stopped = true;
        self.acted = true;
        self.asked = Some(Asked::Stop { instance: task.instance });
        Command::StopTask { task: id, reason }
    }

    fn lot_of(&mut self, task: &Task) -> Option<&mut Lot> {
        let number = task.deployment()?;
        self.lots.iter_mut().find(|lot| lot.number == number)
    }

    /// The PRIMARY deployment's tasks.
    pub(super) fn primary(&self) -> &Lot {
        self.lots.last().expect("an ACTIVE service has a deployment")
    }

    /// A try of this pass found no instance.
    pub(super) fn unplaced(&self) -> bool {
        self.lots.iter().any(|lot| lot.providers.any(Refusal::NoRoom))
    }

    /// A start of this pass was held back by a quota or for want of Fargate capacity (CAS-009, FGT-004).
    pub(super) fn held_back(&self) -> bool {
        self.lots.iter().any(|lot| lot.providers.any(Refusal::HeldBack))
    }

    /// A task was started or stopped there.
    pub(super) fn changed(&mut self, view: &View<'_>, instance: InstanceId) {
        if let Some(victims) = &mut self.drain {
            victims.changed(view, instance);
        }
        for victims in [&mut self.surplus, &mut self.old].into_iter().flatten() {
            victims.changed(view, instance);
        }
    }
}

/// One more task of those that a pass stops: the first of them, and how many (SVC-051).
pub(in crate::services) fn note_stop(stops: &mut Option<(TaskId, u32)>, task: TaskId) {
    let (first, count) = stops.unwrap_or((task, 0));
    *stops = Some((first.min(task), count + 1));
}

/// The earliest of several instants that lie ahead.
pub(super) struct Wake {
    pub(super) now: SimTime,
    pub(super) at: Option<SimTime>,
}

impl Wake {
    pub(super) fn at(&mut self, at: Option<SimTime>) {
        if let Some(at) = at.filter(|at| *at > self.now && *at < SimTime::MAX) {
            earlier(&mut self.at, at);
        }
    }
}

pub(super) fn earlier(slot: &mut Option<SimTime>, at: SimTime) {
    *slot = Some(slot.map_or(at, |before| before.min(at)));
}

/// Live, and not about to be moved off a DRAINING instance.
pub(super) fn stays(view: &View<'_>, task: &Task) -> bool {
    task.is_live() && !is_draining(view, task)
}

/// On a DRAINING instance (INS-004), or on a Fargate platform that is being retired (FGT-006).
pub(super) fn is_draining(view: &View<'_>, task: &Task) -> bool {
    task.retiring
        || task.instance.is_some_and(|instance| view.cluster.instances()[instance].status == InstanceStatus::Draining)
}

/// Waits for an instance of a group: then the digests are no reason to hold the others up, or the provider would not learn how
/// many there are. Managed Instances begin with one task (CP-043).
pub(super) fn waits(view: &View<'_>, task: &Task) -> bool {
    let kind = task.provider.map(|provider| view.cluster.definitions().capacity_providers[provider].kind);
    task.awaits_instance() && kind != Some(ProviderKind::ManagedInstances)
}

/// Why a task that is moved is stopped.
pub(super) fn drained(view: &View<'_>, task: TaskId) -> StopReason {
    if view.cluster.task(task).retiring { StopReason::FargateRetirement } else { StopReason::Draining }
}

/// The class of a surplus task (PLC-076); unhealthy ones have gone before.
pub(super) fn class(task: &Task) -> Class {
    if health::is_unwell(task) {
        // In its grace period, or it would have gone before (SVC-015).
        return Class::Unhealthy;
    }
    if task.is_running() { Class::Rest } else { Class::NotRunning }
}

/// The class of an old task that a deployment replaces: not healthy ones go first (DEP-012 d).
pub(super) fn old_class(view: &View<'_>, task: &Task) -> Class {
    if health::is_bad(view, task) {
        Class::Unhealthy
    } else if health::is_ok(view, task) {
        Class::Rest
    } else {
        Class::NotYetHealthy
    }
}
