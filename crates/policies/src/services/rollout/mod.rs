//! How far the PRIMARY deployment has come: whether it has failed, is to be rolled back, or is complete.
//!
//! *What it does.* Counts failures for the circuit breaker, looks at alarms, and waits for the bake time.
//!
//! *What AWS documents.* The breaker and its thresholds (DEP-030 to DEP-037), alarms and bake time (DEP-040 to DEP-046),
//! early success (DEP-050, DEP-051), `StopServiceDeployment` (DEP-002). Ours: crashes count too (DEP-036), when alarms are
//! looked at (DEP-042), how long it bakes without a word about it (DEP-046).
//!
//! *How we know it is right.* SX-006 to SX-009, SX-012, and a test for each rule.

mod shifting;

use std::collections::BTreeSet;

use ecsim_cluster::cloudwatch::AlarmState;
use ecsim_cluster::deployments::{DeploymentPolicy, DeploymentStrategy};
use ecsim_cluster::{
    AlarmId, Command, Deployment, DeploymentCause, DeploymentEnd, DeploymentStatus, RolloutState, Service, Stage,
    StopType, Task, TaskId,
};
use ecsim_kernel::{SimTime, Span};

use self::shifting::At;
pub use self::shifting::bake;
use super::health;
use crate::view::View;

/// What is remembered of the PRIMARY deployment.
#[derive(Clone, Debug, Default)]
pub(super) struct Rollout {
    deployment: Option<u32>,
    /// The count of the circuit breaker (DEP-032, DEP-033).
    failures: u32,
    /// Live tasks that have been healthy.
    been_ok: BTreeSet<TaskId>,
    looked_at: Option<SimTime>,
    /// An alarm was in ALARM when it began: alarms have no say (DEP-041).
    ignores_alarms: bool,
    /// When alarms are looked at next (DEP-042).
    poll_at: Option<SimTime>,
    /// Since when the new tasks are up and the old ones gone (DEP-045).
    bakes_since: Option<SimTime>,
    /// The desired count at the last look.
    desired: u32,
    /// Since when a scaling has left the task sets of a CodeDeploy deployment unsteady (DEP-072).
    scaled_at: Option<SimTime>,
    /// It failed and is to be rolled back.
    rolls_back: bool,
    /// Where it is, where it has stages.
    at: Option<At>,
}

impl Rollout {
    /// What happened since the last look: so many tasks failed to start, and so many ran and were lost.
    pub(super) fn look(&mut self, view: &View<'_>, row: &Service, (failed, lost): (u32, u32)) {
        let Some(primary) = row.primary() else { return };
        let policy = view.cluster.deployment_policy(row.id);
        if self.deployment != Some(primary.number) {
            *self = Self { deployment: Some(primary.number), desired: row.desired_count, ..Self::default() };
            if let Some(alarms) = &policy.alarms {
                let already = |alarm: &AlarmId| {
                    let row = view.cluster.alarm(*alarm);
                    row.state == AlarmState::Alarm && row.since <= primary.created_at
                };
                self.ignores_alarms = alarms.alarms.iter().any(already);
            }
        }
        if primary.rollout != RolloutState::InProgress {
            return;
        }
        if policy.alarms.is_some() && !self.ignores_alarms && self.poll_at.is_none() {
            self.poll_at = Some(next_multiple(primary.created_at, view.settings.deployments.alarm_poll, view.now));
        }
        if policy.breaker.is_some() {
            self.count(view, row, primary, (failed, lost));
        }
    }

    fn count(&mut self, view: &View<'_>, row: &Service, primary: &Deployment, (failed, lost): (u32, u32)) {
        self.failures += failed;
        if lost == 0 && self.looked_at == Some(view.now) {
            return;
        }
        self.looked_at = Some(view.now);
        let before = self.been_ok.len();
        self.been_ok.retain(|task| view.cluster.tasks().get(*task).is_some_and(Task::is_live));
        if view.settings.deployments.breaker_counts_crashes {
            let healthy_ones = (before - self.been_ok.len()) as u32;
            self.failures += lost.saturating_sub(healthy_ones);
        }
        let known = self.been_ok.len();
        let mine = row.tasks.iter().map(|task| view.cluster.task(*task));
        let ok = mine.filter(|task| task.deployment() == Some(primary.number) && health::is_ok(view, task));
        self.been_ok.extend(ok.map(|task| task.id));
        let resets = view.cluster.deployment_policy(row.id).breaker.is_some_and(|breaker| breaker.reset_on_healthy);
        if self.been_ok.len() > known && resets {
            self.failures = 0;
        }
    }

    /// The service stops a task.
    pub(super) fn stopped(&mut self, task: TaskId) {
        self.been_ok.remove(&task);
    }

    /// A task is replaced because its health checks fail (DEP-032).
    pub(super) fn replaced_unhealthy(&mut self, row: &Service, task: &Task) {
        let is_new = row.primary().is_some_and(|primary| task.deployment() == Some(primary.number));
        if is_new {
            self.failures += 1;
        }
    }

    /// An attempt left so many new tasks without a place (DEP-032); whether that is too much.
    pub(super) fn unplaced(&mut self, view: &View<'_>, row: &Service, missing: u32) -> bool {
        if view.cluster.deployment_policy(row.id).breaker.is_none() {
            return false;
        }
        self.failures += if view.settings.deployments.breaker_placement_counts_tasks { missing } else { 1 };
        true
    }

    /// Whether old tasks are kept as they are, whatever the percentages say: traffic is still to be shifted (DEP-061).
    pub(super) fn holds_old(&self, view: &View<'_>, row: &Service) -> bool {
        row.primary().is_some_and(|primary| {
            row.deployments.len() > 1
                && shifts(view.cluster.deployment_policy(row.id), primary)
                && primary.rollout != RolloutState::Completed
                && primary.stage != Some(Stage::CleanUp)
        })
    }

    /// The old deployment that keeps its tasks while RECONCILE_SERVICE makes the others go: the one with most of the traffic
    /// (DEP-060). `None` in every other stage, where all are kept or none.
    pub(super) fn reconciles_to(&self, view: &View<'_>, row: &Service) -> Option<u32> {
        let reconciles = row.primary().is_some_and(|primary| primary.stage == Some(Stage::ReconcileService));
        (reconciles && self.holds_old(view, row)).then(|| shifting::blue(row)).flatten()
    }

    /// Whether the tasks of this old deployment are kept as they are.
    pub(super) fn holds(&self, view: &View<'_>, row: &Service, number: u32) -> bool {
        self.holds_old(view, row) && self.reconciles_to(view, row).is_none_or(|blue| blue == number)
    }

    /// Whether new tasks may start: with stages, from SCALE_UP on (DEP-060).
    pub(super) fn may_scale_up(&self, view: &View<'_>, row: &Service) -> bool {
        !self.holds_old(view, row) || row.primary().is_some_and(|primary| primary.stage >= Some(Stage::ScaleUp))
    }

    /// Whether it matters when each single task becomes healthy.
    pub(super) fn watches_each_task(&self, view: &View<'_>, row: &Service) -> bool {
        let policy = view.cluster.deployment_policy(row.id);
        let in_progress = row.primary().is_some_and(|primary| primary.rollout == RolloutState::InProgress);
        in_progress
            && (policy.breaker.is_some()
                || policy.early_success.is_some()
                || row.primary().is_some_and(|primary| shifts(policy, primary)))
    }

    /// What is to happen to the PRIMARY deployment, of which `ok` tasks are healthy, before anything is started or stopped.
    pub(super) fn step(&mut self, view: &View<'_>, row: &Service, ok: u32) -> Option<Command> {
        let primary = row.primary()?;
        match primary.rollout {
            RolloutState::Completed => None,
            RolloutState::Failed => {
                // DEP-034, DEP-035: the latest COMPLETED one comes back, if there is one that was not used already.
                let (target, revision) = row.completed.filter(|_| self.rolls_back)?;
                self.rolls_back = false;
                (target != primary.number).then_some(Command::StartDeployment {
                    service: row.id,
                    revision,
                    cause: DeploymentCause::RolledBack,
                })
            }
            RolloutState::InProgress => {
                self.look_at_scaling(view, row, ok);
                let Some((end, rolls_back)) = self.failure(view, row, primary) else {
                    return self.next_stage(view, row, ok);
                };
                // DEP-069: a failure returns the traffic, whatever else is written.
                let shifts = shifts(view.cluster.deployment_policy(row.id), primary);
                self.rolls_back = rolls_back || shifts && end != DeploymentEnd::Stopped(StopType::Abort);
                Some(Command::ChangeDeployment {
                    service: row.id,
                    deployment: primary.number,
                    status: DeploymentStatus::Primary,
                    rollout: RolloutState::Failed,
                    end: Some(end),
                })
            }
        }
    }

    /// Why the deployment has failed by now, and whether it is to be rolled back.
    fn failure(&mut self, view: &View<'_>, row: &Service, primary: &Deployment) -> Option<(DeploymentEnd, bool)> {
        if let Some(how) = primary.stop_asked {
            return Some((DeploymentEnd::Stopped(how), how == StopType::Rollback));
        }
        let policy = view.cluster.deployment_policy(row.id);
        if let Some(end) = self.stage_failure(view, row, primary) {
            return Some((end, true));
        }
        if let Some(breaker) = &policy.breaker {
            let threshold = breaker.threshold.of(row.desired_count, view.settings.deployments.breaker_minimum);
            if self.failures >= threshold {
                return Some((DeploymentEnd::CircuitBreaker { failures: self.failures, threshold }, breaker.rollback));
            }
        }
        let alarms = policy.alarms.as_ref()?;
        let poll_at = self.poll_at.filter(|at| *at <= view.now)?;
        self.poll_at = Some(next_multiple(poll_at, view.settings.deployments.alarm_poll, view.now));
        let fired = alarms.alarms.iter().find(|alarm| view.cluster.alarm(**alarm).state == AlarmState::Alarm)?;
        Some((DeploymentEnd::Alarm(*fired), alarms.rollback))
    }

    /// Whether the deployment, with `ok` healthy tasks, is complete, or begins to bake (DEP-003, DEP-045, DEP-051).
    pub(super) fn complete(&mut self, view: &View<'_>, row: &Service, ok: u32) -> Option<Command> {
        let primary = row.primary()?;
        let policy = view.cluster.deployment_policy(row.id);
        if primary.rollout != RolloutState::InProgress {
            return None;
        }
        let alone = row.deployments.len() == 1;
        let staged = shifts(policy, primary);
        let desired = row.desired_count;
        let needed = policy.early_success.map_or(desired, |early| early.needs(desired).min(desired));
        let done = match policy.early_success {
            _ if staged => alone && primary.stage == Some(Stage::CleanUp) && ok >= row.desired_count,
            Some(early) if early.deferred => ok >= needed,
            // DEP-051: with BLOCKING the old tasks have to go first, and then it bakes like any other (DEP-045).
            Some(_) if !alone || ok < needed => return None,
            None if !alone || ok < needed || primary.live < needed => return None,
            _ => {
                // A service that is created has nothing to go back to, and bakes nothing.
                let created = primary.cause == DeploymentCause::Created;
                let bake = if created { Span::ZERO } else { bake_time(view, policy) };
                if self.bakes_since.is_none() {
                    self.bakes_since = Some(view.now);
                    if !bake.is_zero() {
                        let (service, deployment) = (row.id, primary.number);
                        return Some(Command::EnterStage { service, deployment, stage: Stage::BakeTime });
                    }
                }
                self.bakes_since.is_some_and(|since| view.now >= since + bake)
            }
        };
        done.then_some(Command::ChangeDeployment {
            service: row.id,
            deployment: primary.number,
            status: DeploymentStatus::Primary,
            rollout: RolloutState::Completed,
            end: None,
        })
    }

    /// When it is to be looked at next.
    pub(super) fn next(&self, view: &View<'_>, row: &Service) -> Option<SimTime> {
        let primary = row.primary().filter(|primary| primary.rollout == RolloutState::InProgress)?;
        let policy = view.cluster.deployment_policy(row.id);
        let baked = self.bakes_since.map(|since| since + bake_time(view, policy)).filter(|at| *at > view.now);
        let poll = self.poll_at.filter(|_| self.deployment == Some(primary.number));
        [baked, poll, self.stage_wake(view, row, primary)].into_iter().flatten().min()
    }
}

/// Whether a deployment shifts traffic: not a first one, nor one that brings an old revision back.
pub(super) fn shifts(policy: &DeploymentPolicy, primary: &Deployment) -> bool {
    policy.strategy != DeploymentStrategy::Rolling
        && !matches!(primary.cause, DeploymentCause::Created | DeploymentCause::RolledBack)
}

/// How long a rolling deployment bakes: as written, or as long as its alarms look back (DEP-046).
pub(super) fn bake_time(view: &View<'_>, policy: &DeploymentPolicy) -> Span {
    if let Some(bake) = policy.bake {
        return bake;
    }
    let definitions = view.cluster.definitions();
    let longest = policy.alarms.iter().flat_map(|alarms| &alarms.alarms).map(|alarm| {
        let alarm = &definitions.alarms[*alarm];
        definitions.series[alarm.series].period.ms() * u64::from(alarm.evaluation_periods)
    });
    let factor = u64::from(view.settings.deployments.bake_alarm_factor);
    Span::from_ms(longest.max().unwrap_or(0).saturating_mul(factor) / 1_000)
}

/// The first of `from + k * every`, k > 0, that is later than `now`.
pub(super) fn next_multiple(from: SimTime, every: Span, now: SimTime) -> SimTime {
    let every = every.max(Span::from_ms(1));
    from + every.saturating_mul(now.since(from).ms() / every.ms() + 1)
}
