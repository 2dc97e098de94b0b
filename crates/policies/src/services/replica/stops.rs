//! What a pass stops: old tasks, unhealthy ones, those on DRAINING instances, surplus (DEP-012, part 2).

use ecsim_cluster::{Command, RolloutState, Service, StopReason, Task, TaskId};

use super::Replica;
use super::starts::is_external;
use super::turn::{Lot, Turn, class, drained, old_class, stays};
use crate::services::health;
use crate::services::scale_in::{Class, Victims};
use crate::services::surplus::Surplus;
use crate::view::View;

impl Replica {
    /// The next stop, in the order of DEP-012.
    pub(super) fn next_stop(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        if let Some(command) = self.stop_pending_old(view, row, turn) {
            return Some(command);
        }
        for at in 0..turn.lots.len() {
            if self.may_stop_bad(view, row, turn, at)
                && let Some(task) = turn.lots[at].bad.last().copied()
            {
                let bad = view.cluster.task(task);
                self.rollout.replaced_unhealthy(row, bad);
                return Some(turn.stop(view, task, health::reason(bad)));
            }
        }
        if let Some(command) = self.stop_reconciled(view, row, turn) {
            return Some(command);
        }
        if let Some(command) = self.stop_old(view, row, turn) {
            return Some(command);
        }
        // RUNNING tasks of DRAINING instances, as the floor allows: not yet healthy ones first (DRN-004, DEP-012 d').
        let not_ok = turn.movable_not_ok > 0;
        if !turn.movable.is_empty() && turn.ok >= row.healthy_floor() + u32::from(!not_ok) {
            // What this pass has stopped as an old task is none any more.
            let is_live = |task: TaskId| view.cluster.tasks().get(task).is_some_and(Task::is_live);
            let candidates = turn.movable.iter().copied().filter(|(task, _)| is_live(*task));
            let victims = turn.drain.get_or_insert_with(|| Box::new(Victims::new(view, self.service, candidates)));
            while let Some(task) = victims.next(view) {
                if is_live(task) {
                    return Some(turn.stop(view, task, drained(view, task)));
                }
            }
            turn.movable.clear();
        }
        if let Some(command) = self.stop_surplus(view, row, turn) {
            return Some(command);
        }
        self.rebalancing_stop(view, row, turn)
    }

    /// a) Old tasks that are not RUNNING and are wanted no more cost nothing.
    fn stop_pending_old(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let (_, old) = row.deployments.split_last()?;
        if is_external(view, row) {
            return None;
        }
        for deployment in old.iter().rev() {
            // Stand-ins for unhealthy tasks and for those that are moved are wanted (SVC-023): counted as the starts count.
            let lot = turn.lots.iter().find(|lot| lot.number == deployment.number);
            let kept = lot.map_or(deployment.live, |lot| Self::kept(row, lot, turn.start_first));
            if kept <= self.wants.of(deployment.number) || deployment.live == deployment.running {
                continue;
            }
            let pending = |task: &&TaskId| {
                let task = view.cluster.task(**task);
                task.deployment() == Some(deployment.number)
                    && stays(view, task)
                    && !task.is_running()
                    && !task.is_protected(view.now)
            };
            if let Some(task) = row.tasks.iter().rev().find(pending) {
                return Some(turn.stop(view, *task, StopReason::Deployment));
            }
        }
        None
    }

    /// RECONCILE_SERVICE: what is neither the new revision nor the one with the traffic goes, whatever the percentages say
    /// (DEP-060, DEP-069).
    fn stop_reconciled(&self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let blue = self.rollout.reconciles_to(view, row)?;
        let primary = row.primary()?.number;
        let may_go = |task: &&TaskId| {
            let task = view.cluster.task(**task);
            let of = task.deployment();
            task.is_live() && of != Some(blue) && of != Some(primary)
        };
        let (protected, free): (Vec<TaskId>, Vec<TaskId>) =
            row.tasks.iter().filter(may_go).partition(|task| view.cluster.task(**task).is_protected(view.now));
        turn.held_by_protection |= !protected.is_empty();
        Some(turn.stop(view, *free.first()?, StopReason::Deployment))
    }

    /// d) Old tasks, as the healthy floor allows: not healthy ones first, then as in a scale-in.
    fn stop_old(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let (primary, old) = row.deployments.split_last()?;
        let live: u32 = old.iter().map(|deployment| deployment.live).sum();
        turn.floor_holds = false;
        if live == 0
            || is_external(view, row)
            || primary.rollout == RolloutState::Failed
            || self.rollout.holds_old(view, row)
        {
            return None;
        }
        if !view.settings.deployments.eager_stop && !self.needs_old_room(view, row, turn, live) {
            return None;
        }
        if turn.old.is_none() {
            let is_old = |task: &Task| task.deployment() != Some(primary.number);
            let all = row.tasks.iter().map(|task| view.cluster.task(*task));
            let stoppable: Vec<(TaskId, Class)> = all
                .filter(|task| task.is_live() && is_old(task) && !task.is_protected(view.now))
                .map(|task| (task.id, old_class(view, task)))
                .collect();
            turn.old_not_ok = stoppable.iter().filter(|(_, class)| *class != Class::Rest).count() as u32;
            turn.old = Some(Box::new(Surplus::new(view, self.service, stoppable)));
        }
        loop {
            let not_ok = turn.old_not_ok > 0;
            if turn.ok < row.healthy_floor() + u32::from(!not_ok) {
                turn.floor_holds = true;
                return None;
            }
            let Some(task) = turn.old.as_mut()?.next(view) else {
                // Protection keeps the rest (SVC-028); what was started in this very pass is looked at in the next.
                let protected = |task: &&TaskId| {
                    let task = view.cluster.task(**task);
                    task.is_live() && task.deployment() != Some(primary.number) && task.is_protected(view.now)
                };
                let kept = primary.live >= row.desired_count && row.tasks.iter().any(|task| protected(&task));
                turn.held_by_protection |= kept;
                return None;
            };
            turn.old_not_ok -= u32::from(not_ok);
            let row = view.cluster.task(task);
            if row.is_live() {
                let deployment = row.deployment().unwrap_or(0);
                let left = old.iter().find(|it| it.number == deployment).map_or(0, |it| it.live.saturating_sub(1));
                self.wants.stopped(deployment, left);
                return Some(turn.stop(view, task, StopReason::Deployment));
            }
        }
    }

    /// Without `eager_stop` (DEP-013) an old task goes only when a new healthy one stands in for it, or when a start needs
    /// its room: that below `maximumPercent`, or that on an instance.
    fn needs_old_room(&self, view: &View<'_>, row: &Service, turn: &Turn, live: u32) -> bool {
        let primary = turn.primary();
        let full = row.live + self.stopping_in_the_way(view, row) >= row.live_ceiling();
        live > row.desired_count.saturating_sub(primary.ok)
            || turn.unplaced()
            || full && self.need(row, primary, turn.start_first) > 0
    }

    /// Whether an unhealthy task may be stopped now: its stand-in is healthy (SVC-020), or there is no room for a stand-in
    /// (SVC-021). In the latter case one goes in a pass while the healthy floor holds, and below it only while none is on
    /// its way (SVC-022). Ill health goes before protection (SVC-028).
    fn may_stop_bad(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn, at: usize) -> bool {
        let lot = &turn.lots[at];
        if lot.bad.is_empty() {
            return false;
        }
        if lot.ok - lot.draining_ok + lot.bad.len() as u32 > self.cap(row, lot.number) {
            return true;
        }
        let full = row.live + self.stopping_in_the_way(view, row) >= row.live_ceiling();
        let stop_first = !turn.start_first || full && self.need(row, lot, turn.start_first) > 0;
        let on_its_way = row.live > turn.ok + turn.all_bad;
        if !stop_first || turn.made_room || turn.ok < row.healthy_floor() && on_its_way {
            return false;
        }
        turn.made_room = true;
        true
    }

    /// e) More of the PRIMARY deployment than is wanted, or of a task set (PLC-070 to PLC-077).
    fn stop_surplus(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let first = if row.has_task_sets() { 0 } else { turn.lots.len() - 1 };
        let over = |lot: &&Lot| Self::kept(row, lot, turn.start_first) > self.cap(row, lot.number);
        let number = turn.lots[first..].iter().find(over)?.number;
        if row.has_task_sets() {
            // The victims of another set are of no use.
            turn.surplus = None;
        }
        let victims = turn.surplus.get_or_insert_with(|| {
            let all = row.tasks.iter().map(|task| view.cluster.task(*task));
            let stoppable = all.filter(|task| {
                task.deployment() == Some(number)
                    && stays(view, task)
                    && !health::is_bad(view, task)
                    && !task.is_protected(view.now)
            });
            Box::new(Surplus::new(view, self.service, stoppable.map(|task| (task.id, class(task)))))
        });
        while let Some(task) = victims.next(view) {
            if view.cluster.task(task).is_live() {
                return Some(turn.stop(view, task, StopReason::ScaleIn));
            }
        }
        turn.held_by_protection = true;
        None
    }
}
