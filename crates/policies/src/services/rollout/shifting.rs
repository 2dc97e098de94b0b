//! Deployments that shift traffic to a second set of tasks: BLUE_GREEN, LINEAR, CANARY, and those of CodeDeploy.
//!
//! *What it does.* Leads the PRIMARY deployment through its stages (DEP-060): the new tasks come beside the old ones
//! (DEP-061), traffic moves at once or in steps (DEP-062 to DEP-064, DEP-070), both are watched for a while, the old ones
//! go. Hooks hold a stage up (DEP-066), and what fails takes the traffic back (DEP-069).
//!
//! *What AWS documents.* The stages, their order and limits (DEP-060 to DEP-068), CodeDeploy's configurations (DEP-070,
//! DEP-071). Ours: the first step of the traffic is at the beginning of its stage (DEP-065), and what RECONCILE_SERVICE
//! does where several old revisions are ACTIVE: all traffic goes to the one that has most of it, the others are stopped.
//!
//! *How we know it is right.* SX-010 and a test for each strategy.

use ecsim_cluster::definitions::SchedulingStrategy;
use ecsim_cluster::deployments::{ALL_TRAFFIC, DeploymentController, DeploymentPolicy};
use ecsim_cluster::targets::BalancerKind;
use ecsim_cluster::{Command, Deployment, DeploymentEnd, RolloutState, Service, Stage};
use ecsim_kernel::{SimTime, Span};

use super::{Rollout, bake_time, shifts};
use crate::view::View;

/// A stage, or a step of the traffic, takes no longer (DEP-068).
const MOST_OF_A_STAGE: Span = Span::from_hours(24);
/// CodeDeploy waits so long for the replacement task set (DEP-071).
const MOST_OF_SCALE_UP: Span = Span::from_hours(1);
/// After a scaling CodeDeploy goes on so long with task sets that are not steady (DEP-072).
const MOST_OF_A_SCALING: Span = Span::from_mins(5);
/// The stages that shift traffic take so much longer behind a Network Load Balancer (DEP-065).
const NETWORK_LOAD_BALANCER: Span = Span::from_mins(10);

/// Where a deployment with stages is.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    stage: Stage,
    /// Since when.
    since: SimTime,
    /// How often traffic was shifted in it, and when for the last time.
    step: u32,
    step_since: SimTime,
    /// How often `ContinueServiceDeployment` had been called when it began.
    answers: u32,
}

/// What the hooks of a stage say.
enum Hooks {
    /// All of them: go on.
    Done,
    /// Not yet; one of them will, or its time will be over, then.
    Until(SimTime),
    Failed(DeploymentEnd),
}

impl Rollout {
    /// Why a deployment with stages has failed by now.
    pub(super) fn stage_failure(&self, view: &View<'_>, row: &Service, primary: &Deployment) -> Option<DeploymentEnd> {
        let at = self.at.filter(|at| primary.stage == Some(at.stage))?;
        let policy = view.cluster.deployment_policy(row.id);
        if let Hooks::Failed(end) = hooks(view, policy, primary, &at) {
            return Some(end);
        }
        if self.scaled_at.is_some_and(|since| view.now >= since + MOST_OF_A_SCALING) {
            return Some(DeploymentEnd::NotSteady);
        }
        (view.now >= limit(policy, &at)?).then_some(match policy.controller {
            DeploymentController::CodeDeploy { .. } => DeploymentEnd::NotSteady,
            _ => DeploymentEnd::StageTimedOut(at.stage),
        })
    }

    /// DEP-072: the desired count has changed while CodeDeploy shifts traffic. It is steady again when the `ok` healthy tasks
    /// of the replacement task set are as many as desired.
    pub(super) fn look_at_scaling(&mut self, view: &View<'_>, row: &Service, ok: u32) {
        let scaled = core::mem::replace(&mut self.desired, row.desired_count) != row.desired_count;
        let controller = view.cluster.deployment_policy(row.id).controller;
        let shifts = self.at.is_some_and(|at| at.stage > Stage::ScaleUp && at.stage < Stage::CleanUp);
        if ok >= row.desired_count || !shifts || !matches!(controller, DeploymentController::CodeDeploy { .. }) {
            self.scaled_at = None;
        } else if scaled {
            self.scaled_at = self.scaled_at.or(Some(view.now));
        }
    }

    /// The next move of a deployment with stages.
    pub(super) fn next_stage(&mut self, view: &View<'_>, row: &Service, ok: u32) -> Option<Command> {
        let primary = row.primary()?;
        let policy = view.cluster.deployment_policy(row.id);
        if primary.rollout != RolloutState::InProgress || !shifts(policy, primary) {
            return None;
        }
        let enter = |stage| Some(Command::EnterStage { service: row.id, deployment: primary.number, stage });
        let Some(stage) = primary.stage else {
            return enter(if row.deployments.len() > 2 { Stage::ReconcileService } else { Stage::PreScaleUp });
        };
        if self.at.is_none_or(|at| at.stage != stage) {
            let (now, answers) = (view.now, primary.answers.0);
            self.at = Some(At { stage, since: now, step: 0, step_since: now, answers });
        }
        let at = self.at.as_mut()?;
        if stage == Stage::ProductionTrafficShift {
            let share = policy.strategy.share_after(at.step);
            let due = at.step == 0 || share < ALL_TRAFFIC && view.now >= at.step_since + policy.strategy.step_bake();
            if due {
                at.step += 1;
                at.step_since = view.now;
            }
            if let Some(command) = shift(row, primary, policy.strategy.share_after(at.step)) {
                return Some(command);
            }
        }
        if stage == Stage::ReconcileService
            && let Some(command) = shift(row, primary, 0)
        {
            return Some(command);
        }
        if !matches!(hooks(view, policy, primary, at), Hooks::Done) {
            return None;
        }
        let done = match stage {
            Stage::ReconcileService => row.deployments.len() <= 2,
            Stage::ScaleUp => ok >= row.desired_count,
            Stage::TestTrafficShift => view.now >= at.since + test_shift(view, row),
            Stage::ProductionTrafficShift => {
                policy.strategy.share_after(at.step) == ALL_TRAFFIC && view.now >= at.step_since + extra(view, row)
            }
            Stage::BakeTime => view.now >= at.since + bake(view, policy),
            Stage::CleanUp => false,
            _ => true,
        };
        if done { enter(stage.next()?) } else { None }
    }

    /// When a deployment with stages is to be looked at next.
    pub(super) fn stage_wake(&self, view: &View<'_>, row: &Service, primary: &Deployment) -> Option<SimTime> {
        let at = self.at.filter(|at| primary.stage == Some(at.stage))?;
        let policy = view.cluster.deployment_policy(row.id);
        let hook = match hooks(view, policy, primary, &at) {
            Hooks::Until(when) => Some(when),
            _ => None,
        };
        let stage = match at.stage {
            Stage::TestTrafficShift => Some(at.since + test_shift(view, row)),
            Stage::ProductionTrafficShift if policy.strategy.share_after(at.step) < ALL_TRAFFIC => {
                Some(at.step_since + policy.strategy.step_bake())
            }
            Stage::ProductionTrafficShift => Some(at.step_since + extra(view, row)),
            Stage::BakeTime => Some(at.since + bake(view, policy)),
            _ => None,
        };
        let steady = self.scaled_at.map(|since| since + MOST_OF_A_SCALING);
        [hook, stage, steady, limit(policy, &at)].into_iter().flatten().filter(|when| *when > view.now).min()
    }
}

/// How long both task sets stay after the shift (DEP-062): for CodeDeploy the wait before the original is terminated (DEP-071).
#[must_use]
pub fn bake(view: &View<'_>, policy: &DeploymentPolicy) -> Span {
    match policy.controller {
        DeploymentController::CodeDeploy { termination_wait } => termination_wait,
        _ => bake_time(view, policy),
    }
}

/// When a stage has taken too long (DEP-068, DEP-071).
fn limit(policy: &DeploymentPolicy, at: &At) -> Option<SimTime> {
    let scale_up = matches!(policy.controller, DeploymentController::CodeDeploy { .. }) && at.stage == Stage::ScaleUp;
    match at.stage {
        Stage::BakeTime | Stage::CleanUp => None,
        _ if scale_up => Some(at.since + MOST_OF_SCALE_UP),
        _ => Some(at.step_since + MOST_OF_A_STAGE),
    }
}

/// How much longer a stage that shifts traffic takes, after its last step (DEP-065).
fn extra(view: &View<'_>, row: &Service) -> Span {
    let definitions = view.cluster.definitions();
    debug_assert!(definitions.services[row.id].scheduling == SchedulingStrategy::Replica);
    let groups = &view.cluster.primary_revision(row.id).target_groups;
    let network = groups.iter().any(|group| definitions.target_groups[*group].balancer == BalancerKind::Network);
    if network { NETWORK_LOAD_BALANCER } else { Span::ZERO }
}

/// How long test traffic takes to shift: no time without a test listener (DEP-061).
fn test_shift(view: &View<'_>, row: &Service) -> Span {
    let has_listener = view.cluster.primary_revision(row.id).routing.test_listener;
    if has_listener { extra(view, row) } else { Span::ZERO }
}

/// The first share that is not yet what it shall be: the new deployment's, then those of the others. What is left of the
/// traffic stays with the old one that has most of it.
fn shift(row: &Service, primary: &Deployment, share: u32) -> Option<Command> {
    let change = |deployment: &Deployment, share: u32| {
        (deployment.traffic != share).then_some(Command::ShiftTraffic {
            service: row.id,
            deployment: deployment.number,
            share,
        })
    };
    if let Some(command) = change(primary, share) {
        return Some(command);
    }
    let (_, old) = row.deployments.split_last()?;
    let blue = blue(row)?;
    old.iter().find_map(|it| change(it, if it.number == blue { ALL_TRAFFIC - share } else { 0 }))
}

/// The old deployment that receives what is left of the traffic: the one that has most of it.
pub(super) fn blue(row: &Service) -> Option<u32> {
    let (_, old) = row.deployments.split_last()?;
    old.iter().max_by_key(|deployment| (deployment.traffic, deployment.number)).map(|blue| blue.number)
}

/// What the hooks of the stage say now (DEP-066, DEP-067).
fn hooks(view: &View<'_>, policy: &DeploymentPolicy, primary: &Deployment, at: &At) -> Hooks {
    let mut next: Option<SimTime> = None;
    for hook in policy.hooks.iter().filter(|hook| hook.stages & at.stage.bit() != 0) {
        let answered = hook.pause && primary.answers.0 > at.answers;
        let over_at = at.since + hook.timeout;
        let said_at = if hook.takes < hook.timeout { at.since + hook.takes } else { SimTime::MAX };
        if answered {
            if !primary.answers.1 {
                return Hooks::Failed(DeploymentEnd::HookFailed(at.stage));
            }
        } else if said_at <= view.now {
            if !hook.succeeds {
                return Hooks::Failed(DeploymentEnd::HookFailed(at.stage));
            }
        } else if over_at <= view.now {
            if !hook.continues_on_timeout {
                return Hooks::Failed(DeploymentEnd::HookTimedOut(at.stage));
            }
        } else {
            let when = said_at.min(over_at);
            next = Some(next.map_or(when, |before| before.min(when)));
        }
    }
    next.map_or(Hooks::Done, Hooks::Until)
}
