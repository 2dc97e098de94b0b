//! What a pass has to say, and when the next one is due (DEP-012, part 3).

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{Command, DeploymentStatus, RolloutState, Service};
use ecsim_kernel::SimTime;

use super::Replica;
use super::rebalancing::{Rebalancing, Step};
use super::turn::{Lot, Turn, Wake};
use crate::services::providers::Refusal;
use crate::services::zone_rebalancing;
use crate::services::{health, providers};
use crate::view::{Decision, View};

impl Replica {
    /// What the pass has to say, how far the deployments have come, and whether the zones are to be balanced.
    pub(super) fn outcome(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let service = self.service;
        let announce = |event| Some(Command::Announce { service, event });
        if let Some((first, count)) = turn.started.take() {
            return announce(ServiceEvent::TasksStarted { first, count });
        }
        if let Some((first, count)) = turn.stops.take() {
            return announce(ServiceEvent::TasksStopped { first, count });
        }
        if let Some(command) = self.stability(view, row) {
            return Some(command);
        }
        if self.throttle.take_message() {
            return announce(ServiceEvent::StartsImpaired);
        }
        if turn.held_by_protection && !turn.announced_protection {
            turn.announced_protection = true;
            return announce(ServiceEvent::ProtectedTasks);
        }
        if !turn.announced_stuck && self.is_stuck(view, row, turn) {
            turn.announced_stuck = true;
            return announce(ServiceEvent::DeploymentConfiguration);
        }
        if turn.primary().providers.any(Refusal::NoRoom) && !turn.counted_unplaced {
            turn.counted_unplaced = true;
            let missing = self.need(row, turn.primary(), turn.start_first);
            if self.rollout.unplaced(view, row, missing) {
                // The circuit breaker may have had enough.
                if let Some(command) = self.rollout.step(view, row, turn.primary().ok) {
                    turn.is_stale = true;
                    return Some(command);
                }
            }
        }
        // An old deployment is done when its last task has stopped (DEP-003).
        let gone = |number: u32| turn.lots.iter().any(|lot| lot.number == number && lot.stopping == 0);
        let held = |number: u32| self.rollout.holds(view, row, number);
        if let Some((_, old)) = row.deployments.split_last()
            && let Some(done) = old
                .iter()
                .find(|it| it.live == 0 && !held(it.number) && gone(it.number) && (it.scale.is_none() || it.deleted))
        {
            let (deployment, rollout) = (done.number, done.rollout);
            let status = DeploymentStatus::Inactive;
            turn.lots.retain(|lot| lot.number != deployment);
            return Some(Command::ChangeDeployment { service, deployment, status, rollout, end: None });
        }
        if let Some(command) = self.rollout.complete(view, row, turn.primary().ok) {
            return Some(command);
        }
        // Whoever just failed to place a replacement is not steady, whatever the counts say (SVC-053).
        let even = |lot: &Lot| self.need(row, lot, turn.start_first) == 0;
        let complete = row.live == row.wanted()
            && turn.ok == row.wanted()
            && (if row.has_task_sets() { turn.lots.iter().all(even) } else { row.deployments.len() == 1 })
            && !health::is_draining_targets(view, row)
            // To become steady takes a pass that has seen the end of the last task: an event of its own (SVC-004, MEAS-113).
            && (self.steady.since().is_some()
                || row.last_stopped.is_none_or(|at| view.now >= health::noticed_at(at, view.settings)));
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
            let deploying = row.primary().is_some_and(|primary| primary.rollout == RolloutState::InProgress);
            if row.availability_zone_rebalancing && !deploying && self.plan_round(view, row, &out_of_balance) {
                return announce(ServiceEvent::RebalancingStarted);
            }
        }
        None
    }

    /// DEP-014: old tasks are there, none of the new ones is on its way, and the two percentages allow neither a start nor
    /// a stop.
    fn is_stuck(&self, view: &View<'_>, row: &Service, turn: &Turn) -> bool {
        let Some((primary, old)) = row.deployments.split_last() else { return false };
        let lot = turn.primary();
        let on_its_way = primary.live > lot.ok + lot.bad.len() as u32;
        !turn.acted
            && turn.floor_holds
            && old.iter().any(|deployment| deployment.live > 0)
            && primary.rollout != RolloutState::Failed
            && !on_its_way
            && self.need(row, lot, turn.start_first) > 0
            && row.live + self.stopping_in_the_way(view, row) >= row.live_ceiling()
    }

    /// Whether the limit on tasks in PROVISIONING holds it back (CAS-009): then there is nothing to retry on a clock.
    fn waits_for_quota(&self, view: &View<'_>, row: &Service) -> bool {
        row.strategy.is_some() && view.cluster.totals().awaiting_instance >= view.settings.capacity.provisioning_tasks
    }

    /// Nothing is left to do: what the pass leaves behind, and when the next one is due at the latest.
    pub(super) fn end(&mut self, view: &View<'_>, row: &Service, turn: &Turn) -> Decision {
        let mut wake = Wake { now: view.now, at: None };
        let mut missing = false;
        let quota_waits = self.waits_for_quota(view, row);
        for lot in &turn.lots {
            let need = self.need(row, lot, turn.start_first);
            missing |= need > 0;
            let Some(memory) = self.memory.get_mut(&lot.number) else { continue };
            let refused = lot.providers.any(Refusal::NoRoom)
                // FGT-004: a service retries; who waits for a place among the PROVISIONING is woken by the one that leaves.
                || lot.providers.any(Refusal::HeldBack) && !quota_waits;
            if refused && need > 0 {
                memory.retry.failed(view.now, view.settings);
            } else if need == 0 && memory.retry.may_try(view.now) {
                // The row of failures ended without anything being missing at its next attempt.
                memory.retry.reset();
            }
            wake.at(memory.retry.next());
            if need > 0 {
                wake.at(memory.crashes.next());
            }
        }
        if missing {
            wake.at(self.throttle.next());
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
        // A steady state needs every task healthy, a drain or a deployment each single one, a rebalancing its own.
        if row.live == row.wanted() && row.running == row.live {
            wake.at(noticed(turn.last_ok_at));
            if self.steady.since().is_none() {
                wake.at(noticed(row.last_stopped));
            }
        }
        if let Some(Rebalancing { moved, step: Step::Wait, .. }) = &self.rebalancing {
            let ok_at: Option<Vec<SimTime>> =
                moved.iter().map(|task| health::ok_at(view, view.cluster.task(*task))).collect();
            wake.at(noticed(ok_at.and_then(|all| all.into_iter().max())));
        }
        if !turn.movable.is_empty() || row.deployments.len() > 1 || self.rollout.watches_each_task(view, row) {
            wake.at(noticed(turn.first_ok_at));
        }
        if turn.made_room && turn.lots.iter().any(|lot| !lot.bad.is_empty()) {
            // The next one may go in the next pass.
            wake.at(noticed(Some(view.now)));
        }
        wake.at(noticed(turn.drain_protected_until));
        if turn.held_by_protection {
            wake.at(noticed(turn.protected_until));
        }
        wake.at(self.rollout.next(view, row));
        if self.steady.since().is_some() {
            wake.at(self.steady.again_at());
            wake.at(self.check_at);
        }
        wake.at.map_or(Decision::Sleep, Decision::WakeAt)
    }
}
