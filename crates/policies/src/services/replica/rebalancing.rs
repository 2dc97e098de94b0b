//! Zone rebalancing of a REPLICA service: starts tasks where too few are, waits for their health, stops as many elsewhere
//! (AZR-004 to AZR-011).

use std::collections::VecDeque;

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{Command, Service, StopReason, TaskId, ZoneId};
use ecsim_kernel::{SimTime, Span};

use super::Replica;
use super::turn::{Turn, class, stays};
use crate::services::health;
use crate::services::scale_in::Victims;
use crate::services::zone_rebalancing::{self, Counted, ZoneCount, zone_counts};
use crate::view::View;

/// A rebalancing in progress (AZR-007). Its tasks raise the cap until their counterparts are stopped.
#[derive(Clone, Debug)]
pub(super) struct Rebalancing {
    /// Which tasks it moves (AZR-010).
    pub(super) counted: Counted,
    /// The tasks it started whose counterparts still run.
    pub(super) moved: Vec<TaskId>,
    /// A zone had no room: no further round.
    unplaced: bool,
    pub(super) step: Step,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Starts tasks, zone by zone; `first` and `count` are those of the zone at the front.
    Start { zones: VecDeque<(ZoneId, u32)>, first: Option<TaskId>, count: u32 },
    /// Waits until they are healthy.
    Wait,
    /// Stops as many elsewhere, zone by zone.
    Stop { zones: VecDeque<(ZoneId, u32)>, victims: Option<Box<Victims>>, stopped: Option<TaskId> },
}

impl Replica {
    /// The first instant after now at which a service that is steady looks at its balance (AZR-006).
    pub(super) fn next_check(&self, view: &View<'_>) -> Option<SimTime> {
        if !view.cluster.services()[self.service].availability_zone_rebalancing {
            return None;
        }
        let interval = view.settings.az_rebalance_interval.max(Span::from_ms(1));
        let since = self.steady.since()?;
        Some(since + interval.saturating_mul(view.now.since(since).ms() / interval.ms() + 1))
    }

    /// Plans as many moves as may be in flight at once, of the first tasks that need any; returns whether there are some
    /// (AZR-007, AZR-010).
    pub(super) fn plan_round(
        &mut self,
        view: &View<'_>,
        row: &Service,
        out_of_balance: &[(Counted, Vec<ZoneCount>)],
    ) -> bool {
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
    pub(super) fn rebalancing_start(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let service = self.service;
        let room = self.room(view, row);
        let rebalancing = self.rebalancing.as_mut()?;
        let counted = rebalancing.counted;
        let Step::Start { zones, first, count } = &mut rebalancing.step else { return None };
        if let Some((zone, left)) = zones.front().copied() {
            if left > 0 && room > 0 {
                let provider = match counted {
                    Counted::OnInstances => turn.primary().providers.first(view, row),
                    Counted::OnFargate(provider) => provider,
                };
                let deployment = turn.primary().number;
                return Some(self.start(view, turn, Some(zone), provider, deployment));
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
    pub(super) fn rebalancing_stop(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        let service = self.service;
        let announce = |event| Some(Command::Announce { service, event });
        let rebalancing = self.rebalancing.as_mut()?;
        if let Step::Wait = rebalancing.step {
            if rebalancing.moved.is_empty() {
                // No zone had room, or all of them were lost: the next look at the balance decides.
                self.rebalancing = None;
                return None;
            }
            let healthy = |task: &TaskId| health::is_ok(view, view.cluster.task(*task));
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
                        && !health::is_bad(view, task)
                        && !task.is_protected(view.now)
                });
                Box::new(Victims::new(view, service, there.map(|task| (task.id, class(task)))))
            });
            if let Some(task) = victims.next(view) {
                *left -= 1;
                *stopped = Some(task);
                // Its counterpart is no surplus any more: the cap falls with the stop.
                rebalancing.moved.pop();
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
}

impl Rebalancing {
    pub(super) fn started(&mut self, task: TaskId) {
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
    pub(super) fn no_room(&mut self) {
        self.unplaced = true;
        if let Step::Start { zones, .. } = &mut self.step
            && let Some((_, left)) = zones.front_mut()
        {
            *left = 0;
        }
    }
}
