//! The part of a group's loop that exchanges instances: instance refresh and maximum lifetime (ASG-043, ASG-045).
//!
//! *What it does.* Says how many instances the group shall have beyond its desired capacity, and which goes next. Launches
//! are the group's own: it fills up to its desired capacity and the surge.
//!
//! *What AWS documents.* Batches by the two healthy percentages, launches first with a maximum above 100 %, warm-up before
//! the next batch, checkpoints, what happens to protected instances and those that stand by, the time limits (ASG-043);
//! lifetimes one by one, at most a tenth at once, protected ones never (ASG-045); the maintenance policy (ASG-044).
//!
//! *Where AWS leaves a choice.* The zone that has most loses the next instance, the oldest first. An instance on its way out
//! counts as replaced: a refresh does not wait for termination hooks. Waiting for a warm-up or at a checkpoint is no
//! standstill. After the last checkpoint there is no delay, and if it is below 100 % the refresh is over with it. Without
//! a maintenance policy lifetimes are bounded by 90 and 100 %; they rest while a refresh is in progress. Outdated instances
//! of the warm pool go at once. Protected instances that are too old are looked at again after an hour.
//!
//! *What we left out.* Rollback, bake time, alarms of a refresh.
//!
//! *How we know it is right.* `asg_043_` to `asg_045_` tests: whole refreshes of small groups with their bounds watched.
//!
//! Instances are looked at only while some of them are to be replaced, and once at the end of the earliest lifetime.

use std::cmp::Reverse;

use ecsim_cluster::fact::{RefreshStatus, TerminationReason};
use ecsim_cluster::{
    AsgId, AutoScalingGroup, Command, Instance, InstanceId, InstanceLifecycle, InstanceStatus, Process,
};
use ecsim_kernel::{SimTime, Span};

use super::maintenance::{MaintenancePolicy, tenth};
use super::refresh::{
    self, DURATION_MAX, MAX_HEALTHY_PERCENTAGE, MIN_HEALTHY_PERCENTAGE, RefreshState, STUCK_MAX, refresh_bounds,
};
use crate::ages;
use crate::capacity::spec::{GroupSpec, Kept, Refresh};
use crate::view::View;

/// What is remembered of the replacements of a group. Plain data.
#[derive(Clone, Debug, Default)]
pub struct Replacement {
    refresh: Option<Progress>,
    /// No instance reaches its maximum lifetime before this.
    expires_at: SimTime,
    /// What is to be done in this turn, and when to look again.
    plan: Plan,
}

/// An instance refresh in progress.
#[derive(Clone, Debug)]
struct Progress {
    /// Which of the group's.
    number: u32,
    began: SimTime,
    /// Instances from this one on are new.
    first_new: InstanceId,
    /// How many instances there were to be replaced.
    total: u32,
    /// How many checkpoints are behind it, and until when it rests at the last one.
    checkpoints: usize,
    rests_until: Option<SimTime>,
    /// When it last got further or will at least, and where it was then.
    moved_at: SimTime,
    position: (u32, u32),
}

#[derive(Clone, Debug, Default)]
struct Plan {
    surge: u32,
    command: Option<Command>,
    wake: Option<SimTime>,
}

/// What a look at every instance of the group finds.
#[derive(Debug, Default)]
struct Found {
    /// To be replaced, of the capacity.
    outdated: u32,
    /// To be replaced, but protected or standing by, and waited for.
    waiting: u32,
    /// To be replaced, standing by.
    standby: Option<InstanceId>,
    standbys: u32,
    /// To be replaced, in the warm pool.
    warm: Option<InstanceId>,
    /// In service, healthy and past the warm-up.
    settled: u32,
    /// When the next instance is past its warm-up.
    settles_at: Option<SimTime>,
    /// Who goes next, if one may go.
    victim: Option<InstanceId>,
}

impl Replacement {
    /// How many instances the group shall have beyond its desired capacity for now.
    ///
    /// Takes a look at the group: [`Self::command`] and [`Self::wake_at`] speak of the same turn.
    pub fn surge(&mut self, view: &View<'_>, group: AsgId) -> u32 {
        self.plan = self.look(view, group);
        self.plan.surge
    }

    /// The next command, once nothing is missing and nothing is too many.
    pub fn command(&mut self, _: &View<'_>, _: AsgId) -> Option<Command> {
        self.plan.command.take()
    }

    /// When something may be due without anything happening.
    #[must_use]
    pub fn wake_at(&self, _: &View<'_>, _: AsgId) -> Option<SimTime> {
        self.plan.wake
    }

    fn look(&mut self, view: &View<'_>, group: AsgId) -> Plan {
        let row = &view.cluster.groups()[group];
        let spec = view.capacity.group(row);
        let Some(number) = row.refresh else {
            self.refresh = None;
            return self.lifetime(view, row, spec);
        };
        let Some(preferences) = spec.refreshes.get(number as usize) else {
            return end(group, RefreshStatus::Failed);
        };
        let known = self.refresh.take().filter(|progress| progress.number == number);
        let (plan, progress) = refreshing(view, row, spec, preferences, known, number);
        self.refresh = Some(progress);
        plan
    }

    /// ASG-045.
    fn lifetime(&mut self, view: &View<'_>, row: &AutoScalingGroup, spec: &GroupSpec) -> Plan {
        let Some(lifetime) = spec.max_lifetime.filter(|lifetime| !lifetime.is_zero()) else { return Plan::default() };
        if self.expires_at > view.now {
            return Plan { wake: Some(self.expires_at), ..Plan::default() };
        }
        if row.counts.unprotected == 0 || !may_replace(row) {
            return Plan::default();
        }
        let is_due = |instance: &Instance| {
            instance.lifecycle == InstanceLifecycle::InService
                && !instance.protected_from_scale_in
                && instance.launched_at + lifetime <= view.now
        };
        let found =
            find(view, row, warmup(spec, None), |instance| if is_due(instance) { Is::Outdated } else { Is::Kept });
        if found.outdated == 0 {
            // Whatever is launched from now on lives longer than this.
            let instances = row.instances.iter().map(|id| &view.cluster.instances()[*id]);
            let ends = instances.filter(|it| it.is_capacity()).map(|it| it.launched_at + lifetime);
            let look_again = view.now + Span::from_hours(1);
            let next = ends.map(|at| if at > view.now { at } else { look_again }).min();
            self.expires_at = next.unwrap_or(SimTime::MAX).min(view.now + lifetime);
            return Plan { wake: Some(self.expires_at), ..Plan::default() };
        }
        let policy = spec.maintenance.map_or_else(default_policy, policy_of);
        let under_way = if policy.launches_first() { 0 } else { row.desired.saturating_sub(found.settled) };
        let at_once = tenth(row.desired).saturating_sub(under_way).min(found.outdated);
        batch(policy, row, &found, at_once, TerminationReason::Lifetime)
    }
}

/// ASG-043: what is due in a refresh, and how far it is.
fn refreshing(
    view: &View<'_>,
    row: &AutoScalingGroup,
    spec: &GroupSpec,
    preferences: &Refresh,
    known: Option<Progress>,
    number: u32,
) -> (Plan, Progress) {
    let begins = known.is_none();
    let mut progress = known.unwrap_or_else(|| Progress {
        number,
        began: view.now,
        first_new: view.cluster.instances().next_id(),
        total: 0,
        checkpoints: 0,
        rests_until: None,
        moved_at: view.now,
        position: (0, 0),
    });
    let first_new = progress.first_new;
    let found = find(view, row, warmup(spec, preferences.warmup), |instance| {
        let is_old =
            if preferences.skip_matching { instance.template != row.template } else { instance.id < first_new };
        let fate = match instance.lifecycle {
            InstanceLifecycle::Standby => preferences.standby,
            _ if instance.protected_from_scale_in => preferences.protected,
            _ => Kept::Refresh,
        };
        match fate {
            _ if !is_old => Is::Kept,
            Kept::Ignore => Is::Kept,
            Kept::Wait => Is::Waiting,
            Kept::Refresh => Is::Outdated,
        }
    });
    let left = found.outdated + found.waiting + found.standbys;
    if begins {
        progress.total = left;
    }
    let done = progress.total.saturating_sub(left);
    let rest = progress.rests_until.filter(|until| *until > view.now);
    let position = (left, found.settled);
    if position != progress.position {
        progress.position = position;
        progress.moved_at = progress.moved_at.max(view.now);
    }
    // Whoever waits for a warm-up or rests at a checkpoint does not stand still.
    progress.moved_at = [found.settles_at, rest].into_iter().flatten().fold(progress.moved_at, SimTime::max);
    let (latest, stuck_at) = (progress.began + DURATION_MAX, progress.moved_at + STUCK_MAX);
    if latest <= view.now || stuck_at <= view.now {
        return (end(row.id, RefreshStatus::Failed), progress);
    }
    let wake = [Some(latest), Some(stuck_at), found.settles_at, rest].into_iter().flatten().min();
    if rest.is_some() || !may_replace(row) || row.suspended.has(Process::InstanceRefresh) {
        return (Plan { wake, ..Plan::default() }, progress);
    }
    let all_settled = found.settled >= row.desired && row.counts.capacity <= row.desired;
    let checkpoint = preferences.checkpoints.get(progress.checkpoints);
    let goal = checkpoint.map_or(progress.total, |percentage| {
        let share = u64::from(progress.total) * u64::from(*percentage);
        u32::try_from(share.div_ceil(100)).unwrap_or(u32::MAX).min(progress.total)
    });
    let reached = checkpoint.is_some() && done >= goal && all_settled;
    let is_last = progress.checkpoints + 1 >= preferences.checkpoints.len();
    if progress.total == 0 || (left == 0 && all_settled) || (reached && is_last) {
        return (end(row.id, RefreshStatus::Successful), progress);
    }
    if reached {
        let until = view.now + preferences.checkpoint_delay;
        progress.checkpoints += 1;
        progress.rests_until = Some(until);
        progress.moved_at = until;
        return (Plan { wake: Some(until.min(latest)), ..Plan::default() }, progress);
    }
    if let Some(instance) = found.warm.or(found.standby) {
        // Neither is part of the capacity.
        let command = Command::TerminateInstance { instance, reason: TerminationReason::Refresh };
        return (Plan { surge: 0, command: Some(command), wake }, progress);
    }
    let policy = policy_of((preferences.min_healthy, preferences.max_healthy));
    let mut plan =
        batch(policy, row, &found, found.outdated.min(goal.saturating_sub(done)), TerminationReason::Refresh);
    plan.wake = wake;
    (plan, progress)
}

/// The next batch of at most so many outdated instances (ASG-043, ASG-044).
fn batch(
    policy: MaintenancePolicy,
    row: &AutoScalingGroup,
    found: &Found,
    outdated: u32,
    reason: TerminationReason,
) -> Plan {
    let (desired, total) = (row.desired, row.counts.capacity);
    let due = refresh::replacements(policy, RefreshState { desired, total, healthy: found.settled, outdated });
    // What the group has beyond its desired capacity for another reason is no business of a replacement.
    let allowed = refresh_bounds(policy, desired).max_total.saturating_sub(desired).min(outdated);
    let surge = total.saturating_add(due.launch).saturating_sub(desired).min(allowed);
    let victim = found.victim.filter(|_| due.terminate > 0);
    let command = victim.map(|instance| Command::TerminateInstance { instance, reason });
    Plan { surge, command, wake: found.settles_at }
}

/// What a replacement makes of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// It stays.
    Kept,
    /// It is to go, and is waited for.
    Waiting,
    /// It is to go.
    Outdated,
}

/// Whether an instance has booted: before that it passes no health check, and nobody goes on its account.
///
/// Without lifecycle hooks an instance is `InService` as soon as EC2 has it (ASG-002), long before it can take a task.
pub(super) fn is_up(instance: &Instance) -> bool {
    !matches!(instance.status, InstanceStatus::Absent | InstanceStatus::Registering)
}

/// How many instances are in service and have booted.
pub(super) fn serving(view: &View<'_>, row: &AutoScalingGroup) -> u32 {
    let instances = row.instances.iter().map(|id| &view.cluster.instances()[*id]);
    instances.filter(|it| it.lifecycle == InstanceLifecycle::InService && is_up(it)).count() as u32
}

fn find(view: &View<'_>, row: &AutoScalingGroup, warmup: Span, is: impl Fn(&Instance) -> Is) -> Found {
    let mut found = Found::default();
    let mut best = None;
    for id in &row.instances {
        let instance = &view.cluster.instances()[*id];
        let is = is(instance);
        match instance.lifecycle {
            lifecycle if lifecycle.is_warm() && is != Is::Kept => {
                found.warm.get_or_insert(*id);
            }
            InstanceLifecycle::Standby => match is {
                Is::Kept => {}
                Is::Waiting => found.waiting += 1,
                Is::Outdated => {
                    found.standbys += 1;
                    found.standby.get_or_insert(*id);
                }
            },
            lifecycle if lifecycle.is_capacity() => {
                found.outdated += u32::from(is == Is::Outdated);
                found.waiting += u32::from(is == Is::Waiting);
                let serves = lifecycle == InstanceLifecycle::InService && is_up(instance);
                let Some(since) = instance.in_service_at.filter(|_| serves) else {
                    continue;
                };
                let settles_at = ages::passes_at(since, warmup);
                if settles_at > view.now && !instance.was_there_at_start() {
                    found.settles_at = Some(found.settles_at.map_or(settles_at, |at| at.min(settles_at)));
                } else if instance.healthy {
                    found.settled += 1;
                    let there =
                        row.by_zone.iter().find(|(zone, _)| *zone == instance.zone).map_or(0, |(_, count)| *count);
                    let rank = (Reverse(there), *id);
                    if is == Is::Outdated && best.is_none_or(|best| rank < best) {
                        best = Some(rank);
                    }
                }
            }
            _ => {}
        }
    }
    found.victim = best.map(|(_, id)| id);
    found
}

/// Nothing is replaced that could not be launched anew, or may not go (ASG-042).
fn may_replace(row: &AutoScalingGroup) -> bool {
    !row.suspended.has(Process::Launch) && !row.suspended.has(Process::Terminate)
}

/// `InstanceWarmup`, else `DefaultInstanceWarmup`, else the grace period (ASG-043, ASG-007).
pub(super) fn warmup(spec: &GroupSpec, own: Option<Span>) -> Span {
    own.or(spec.default_warmup).unwrap_or(spec.health_check_grace)
}

fn end(group: AsgId, to: RefreshStatus) -> Plan {
    Plan { command: Some(Command::EndRefresh { group, to }), ..Plan::default() }
}

/// Percentages that AWS would reject count as the defaults: the scenario's reader has said so already.
pub(super) fn policy_of((min_healthy, max_healthy): (u32, u32)) -> MaintenancePolicy {
    MaintenancePolicy::new(min_healthy, max_healthy).unwrap_or_else(|_| default_policy())
}

fn default_policy() -> MaintenancePolicy {
    MaintenancePolicy::new(MIN_HEALTHY_PERCENTAGE, MAX_HEALTHY_PERCENTAGE).expect("the defaults are a policy")
}

#[cfg(test)]
mod tests;
