//! The pass of a REPLICA service: keeps its desired count, replaces one revision by the next, empties draining instances,
//! balances zones.
//!
//! *What it does.* One pass of DEP-012, until nothing changes: starts (`starts`), then stops (`stops`), then what is to
//! be said (`outcome`). How far a deployment has come, `rollout` decides; how many old tasks are kept, `wants`; what a
//! pass counts, `turn`; `rebalancing` goes on beside it.
//!
//! *What AWS documents.* The two percentages (SVC-003, DEP-010), draining (INS-004, DRN-001 to DRN-006), protection
//! (PLC-075, DRN-011), launch rate (SVC-070), rebalancing (AZR-004 to AZR-009). Ours: the order, FLR-032, SVC-033, SVC-041.
//!
//! *How we know it is right.* `services/tests/`: PX-20 to PX-27, SX-001 to SX-012, SX-031 to SX-033 and one test or more for
//! each rule.

mod outcome;
mod rebalancing;
mod stability;
mod starts;
mod stops;
mod turn;
mod wants;

use std::collections::BTreeMap;

use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::{Cluster, Command, Deployment, InstanceStatus, Service, ServiceId};
use ecsim_kernel::SimTime;

use self::rebalancing::{Rebalancing, Step};
pub(super) use self::turn::note_stop;
use self::turn::{Asked, Turn, stays};
use self::wants::Wants;
use super::counters::Counters;
use super::crashes::Crashes;
use super::launch_rate::LaunchRate;
use super::providers::Refusal;
use super::retry::Retry;
use super::rollout::Rollout;
use super::seen::{News, Seen};
use super::steady::Steady;
use super::throttle::Throttle;
use crate::view::{Decision, View};

/// What the controller of a REPLICA service remembers.
#[derive(Clone, Debug)]
pub struct Replica {
    service: ServiceId,
    seen: Seen,
    launches: LaunchRate,
    /// The groups in which a service starts its tasks on Fargate (MEAS-003).
    groups: Option<LaunchRate>,
    /// What is remembered of each deployment.
    memory: BTreeMap<u32, Memory>,
    wants: Wants,
    throttle: Throttle,
    rollout: Rollout,
    steady: Steady,
    rebalancing: Option<Rebalancing>,
    /// When balance is looked at next; `None` while nothing has happened since it was found (AZR-006).
    check_at: Option<SimTime>,
    turn: Option<Box<Turn>>,
}

/// What is remembered of a deployment.
#[derive(Clone, Debug, Default)]
struct Memory {
    retry: Retry,
    crashes: Crashes,
    seen: Counters,
}

impl Replica {
    /// Before the first pass.
    #[must_use]
    pub fn new(service: ServiceId, cluster: &Cluster) -> Self {
        let row = &cluster.services()[service];
        let known = |deployment: &Deployment| {
            (deployment.number, Memory { seen: Counters::of(deployment), ..Memory::default() })
        };
        Self {
            service,
            seen: Seen::now(row),
            launches: LaunchRate::default(),
            groups: None,
            memory: row.deployments.iter().map(known).collect(),
            wants: Wants::default(),
            throttle: Throttle::default(),
            rollout: Rollout::default(),
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
            Some(turn) if turn.now == view.now && !turn.is_stale => turn,
            Some(before) if before.now == view.now => {
                // What was done before the deployments changed is still to be announced.
                let (started, stops) = (before.started, before.stops);
                Box::new(Turn { started, stops, ..self.begin(view, row) })
            }
            _ => Box::new(self.begin(view, row)),
        };
        let command = match self.look(view, row, &mut turn) {
            Some(command) => Some(command),
            None => self.next_command(view, row, &mut turn),
        };
        match command {
            Some(command) => {
                if let Command::StopTask { task, .. } = command {
                    self.rollout.stopped(task);
                }
                self.turn = Some(turn);
                Decision::Act(command)
            }
            None => self.end(view, row, &turn),
        }
    }

    fn begin(&mut self, view: &View<'_>, row: &Service) -> Turn {
        let turn = Turn::begin(view, row);
        self.memory.retain(|number, _| row.deployment(*number).is_some());
        self.forget_lost_newcomers(view);
        if row.live != row.wanted() || turn.ok != row.wanted() {
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
        let held = self.rollout.holds_old(view, row);
        self.wants.look(row, turn.primary().ok, held, self.rollout.reconciles_to(view, row));
        for deployment in &row.deployments {
            let memory = self.memory.entry(deployment.number).or_default();
            let new = memory.seen.look(deployment);
            memory.crashes.note(view.now, new.crashes(), view.settings.replace_crashed_delay);
            if news.stopped || news.updated {
                memory.retry.reset();
            }
            if deployment.number == turn.primary().number {
                let settings = &view.settings.deployments;
                self.throttle.look(view.now, view.cluster, row.task_definition, new.starts(), settings);
                self.rollout.look(view, row, new.failures());
            }
        }
        let answer = self.outcome_of_command(view, turn, &news);
        if news.updated && self.rebalancing.take().is_some() {
            return Some(Command::Announce { service: self.service, event: ServiceEvent::RebalancingStopped });
        }
        answer
    }

    fn outcome_of_command(&mut self, view: &View<'_>, turn: &mut Turn, news: &News) -> Option<Command> {
        if matches!(turn.asked, Some(Asked::Stop { .. })) {
            self.forget_lost_newcomers(view);
        }
        match turn.asked.take() {
            Some(Asked::Start { task, zone, deployment, .. }) if news.started > 0 => {
                turn.acted = true;
                let row = view.cluster.task(task);
                if let Some(instance) = row.instance {
                    turn.changed(view, instance);
                }
                if let Some(memory) = self.memory.get_mut(&deployment) {
                    memory.retry.reset();
                }
                if deployment == turn.primary().number {
                    self.throttle.started(view.now, task);
                }
                if let Some(lot) = turn.lots.iter_mut().find(|lot| lot.number == deployment) {
                    lot.waiting += u32::from(turn::waits(view, row));
                }
                if let Some(rebalancing) = self.rebalancing.as_mut().filter(|_| zone.is_some()) {
                    rebalancing.started(task);
                } else {
                    turn.started.get_or_insert((task, 0)).1 += 1;
                }
            }
            // CAS-009, FGT-004: held back by a quota or for want of Fargate capacity.
            // Whatever refused it, the same would refuse the next one of that provider.
            Some(Asked::Start { zone: None, provider, deployment, .. }) => {
                let refusal = if news.held_back { Refusal::HeldBack } else { Refusal::NoRoom };
                if let Some(lot) = turn.lots.iter_mut().find(|lot| lot.number == deployment) {
                    lot.providers.refuse(provider, refusal);
                }
            }
            Some(Asked::Start { zone: Some(zone), .. }) => {
                if let Some(rebalancing) = &mut self.rebalancing {
                    rebalancing.no_room();
                }
                let event = ServiceEvent::RebalancingPlacementFailed { zone };
                return Some(Command::Announce { service: self.service, event });
            }
            Some(Asked::Stop { instance: None }) => {
                turn.lots.iter_mut().for_each(|lot| lot.providers.forget(Refusal::HeldBack));
            }
            Some(Asked::Stop { instance: Some(instance) }) => {
                turn.changed(view, instance);
                if let Some(Rebalancing { step: Step::Stop { victims: Some(victims), .. }, .. }) = &mut self.rebalancing
                {
                    victims.changed(view, instance);
                }
                // Room may have come free, or a slot of `distinctInstance` (FLR-032); not on a DRAINING instance.
                if view.cluster.instances()[instance].status == InstanceStatus::Active {
                    turn.lots.iter_mut().for_each(|lot| lot.providers.forget(Refusal::NoRoom));
                }
            }
            None => {}
        }
        None
    }

    fn next_command(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        if let Some(command) = self.rollout.step(view, row, turn.primary().ok) {
            turn.is_stale = true;
            return Some(command);
        }
        loop {
            if !turn.stopping {
                if let Some(command) = self.next_start(view, row, turn) {
                    return Some(command);
                }
                turn.stopping = true;
                turn.stopped = false;
            }
            if let Some(command) = self.next_stop(view, row, turn) {
                // With one revision each stop makes room for a start at once (DRN-004).
                turn.stopping = row.deployments.len() > 1;
                return Some(command);
            }
            if !turn.stopped {
                break;
            }
            // What was stopped makes room: the starts are looked at again (DEP-012).
            turn.stopping = false;
        }
        turn.stopping = false;
        self.outcome(view, row, turn)
    }
}
