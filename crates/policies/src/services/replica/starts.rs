//! What a pass starts: tasks of the old revisions that were lost, then those of the PRIMARY one (DEP-012, part 1).

use ecsim_cluster::deployments::DeploymentController;
use ecsim_cluster::{Command, Deployment, ProviderId, RolloutState, Service, ZoneId};

use super::Replica;
use super::turn::{Asked, Lot, Turn, drained, is_draining};
use crate::capacity::settings::DrainCount;
use crate::services::launch_rate::LaunchRate;
use crate::services::providers;
use crate::view::View;

/// After so many failed attempts tasks start without digests (DEP-004).
const DIGEST_ATTEMPTS: u32 = 3;

impl Replica {
    /// The next start, or the stop of a PENDING task on a DRAINING instance, which comes first (INS-004).
    pub(super) fn next_start(&mut self, view: &View<'_>, row: &Service, turn: &mut Turn) -> Option<Command> {
        if let Some(task) = turn.pending_on_draining.pop() {
            return Some(turn.stop(view, task, drained(view, task)));
        }
        for at in 0..turn.lots.len() {
            let due = self.due(view, row, &turn.lots[at], turn.start_first);
            if due > 0
                && due.min(self.room_for(view, row)) > 0
                && let Some(provider) = turn.lots[at].providers.next(view, row, due)
            {
                let deployment = turn.lots[at].number;
                return Some(self.start(view, turn, None, provider, deployment));
            }
        }
        self.rebalancing_start(view, row, turn)
    }

    /// How many tasks of a deployment may be started now, as far as the service as a whole has room for them.
    fn due(&mut self, view: &View<'_>, row: &Service, lot: &Lot, start_first: bool) -> u32 {
        let Some(deployment) = row.deployment(lot.number) else { return 0 };
        if !self.may_start(view, row, deployment) {
            return 0;
        }
        let need = self.need(row, lot, start_first);
        let Some(memory) = self.memory.get_mut(&lot.number) else { return 0 };
        if !memory.retry.may_try(view.now) {
            return 0;
        }
        let due = need.saturating_sub(memory.crashes.withheld(view.now));
        // DEP-004: the first task resolves the digests; one that waits for an instance holds nobody up.
        let gate = view.settings.deployments.first_task_digest_gate
            && !deployment.digests_known
            && lot.waiting == 0
            && deployment.failed_to_start < DIGEST_ATTEMPTS;
        if gate { due.min(1_u32.saturating_sub(deployment.live)) } else { due }
    }

    /// Whether tasks of a deployment are started at all: a failed one has none (DEP-034), the PRIMARY one waits after
    /// failures (SVC-041), an old one has only what is lost replaced (SVC-023).
    fn may_start(&self, view: &View<'_>, row: &Service, deployment: &Deployment) -> bool {
        if deployment.rollout == RolloutState::Failed {
            return false;
        }
        let is_primary = row.primary().is_some_and(|primary| primary.number == deployment.number);
        if is_external(view, row) {
            return deployment.scale.is_some() && (!is_primary || self.throttle.may_start(view.now));
        }
        if is_primary {
            self.throttle.may_start(view.now) && self.rollout.may_scale_up(view, row)
        } else {
            view.settings.deployments.own_revision_replacement
        }
    }

    /// Live tasks that count towards the cap: those on DRAINING instances do not (DEP-012), nor do unhealthy ones, whose
    /// stand-ins start first (SVC-020).
    pub(super) fn kept(row: &Service, lot: &Lot, start_first: bool) -> u32 {
        let live = row.deployment(lot.number).map_or(0, |deployment| deployment.live);
        live - lot.draining - if start_first { lot.bad.len() as u32 } else { 0 }
    }

    /// cap of DEP-012: for the PRIMARY deployment the desired count, and what a rebalancing has on its way (AZR-007); for
    /// an old one what is to be kept of it.
    pub(super) fn cap(&self, row: &Service, number: u32) -> u32 {
        if row.has_task_sets() {
            let set = row.deployment(number);
            return set.and_then(|set| set.computed_desired_count(row.desired_count)).unwrap_or(0);
        }
        if row.primary().is_none_or(|primary| primary.number == number) {
            row.desired_count + self.rebalancing.as_ref().map_or(0, |rebalancing| rebalancing.moved.len() as u32)
        } else {
            self.wants.of(number)
        }
    }

    pub(super) fn need(&self, row: &Service, lot: &Lot, start_first: bool) -> u32 {
        self.cap(row, lot.number).saturating_sub(Self::kept(row, lot, start_first))
    }

    /// How many more tasks of a deployment may be live (SVC-003; beside the old ones where traffic is shifted, DEP-061), and
    /// be started in this minute (SVC-070).
    fn room_for(&mut self, view: &View<'_>, row: &Service) -> u32 {
        // DEP-080: the sum over task sets may exceed the desired count. DEP-069: while green scales up the percentages play no
        // role, for blue neither.
        if is_external(view, row) || self.rollout.holds_old(view, row) {
            return self.launch_room(view, row);
        }
        self.room(view, row)
    }

    /// How many more tasks may be live at all (SVC-003), and be started in this minute (SVC-070).
    pub(super) fn room(&mut self, view: &View<'_>, row: &Service) -> u32 {
        let below_ceiling = row.live_ceiling().saturating_sub(row.live + self.stopping_in_the_way(view, row));
        below_ceiling.min(self.launch_room(view, row))
    }

    fn launch_room(&mut self, view: &View<'_>, row: &Service) -> u32 {
        let on_fargate = providers::is_on_fargate(view, row);
        let room = self.launches.room(view.now, view.settings.launches_per_minute(on_fargate));
        match view.settings.capacity.launch_groups.filter(|_| on_fargate) {
            Some(groups) => {
                let window = self.groups.get_or_insert_with(|| LaunchRate::over(groups.period));
                room.min(window.room(view.now, groups.size))
            }
            None => room,
        }
    }

    /// Tasks that are stopping and still fill `maximumPercent`: all of them with `count_stopping_in_max` (TSK-007), those on
    /// DRAINING instances with `drain_count = last_status` (DRN-004).
    pub(super) fn stopping_in_the_way(&self, view: &View<'_>, row: &Service) -> u32 {
        let all = view.settings.deployments.count_stopping_in_max;
        if !all && view.settings.capacity.drain_count == DrainCount::DesiredStatus {
            return 0;
        }
        let tasks = row.tasks.iter().map(|task| view.cluster.task(*task));
        tasks.filter(|task| !task.is_live() && (all || is_draining(view, task))).count() as u32
    }

    pub(super) fn start(
        &self,
        view: &View<'_>,
        turn: &mut Turn,
        zone: Option<ZoneId>,
        provider: Option<ProviderId>,
        deployment: u32,
    ) -> Command {
        turn.asked = Some(Asked::Start { task: view.cluster.tasks().next_id(), zone, provider, deployment });
        Command::StartServiceTask { service: self.service, zone, provider, deployment: Some(deployment) }
    }
}

/// Whether somebody else replaces the tasks of the service, by task sets (DEP-080).
pub(super) fn is_external(view: &View<'_>, row: &Service) -> bool {
    view.cluster.deployment_policy(row.id).controller == DeploymentController::External
}
