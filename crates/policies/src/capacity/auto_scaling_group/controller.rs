//! An EC2 Auto Scaling group as a control loop: it keeps its desired capacity (ASG-001 to ASG-008, ASG-041, SPT-010).
//!
//! *What it does.* In this order, one command at a time: terminates what it knows to be unhealthy; launches what is missing,
//! from the warm pool first; lets go of what is too many; replaces Spot instances at risk and outdated ones; evens out the
//! zones; keeps the warm pool filled.
//!
//! *What AWS documents.* Replacement of unhealthy instances at once and its pace (ASG-006, ASG-007), the warm pool before
//! cold launches (ASG-041), what suspended processes leave undone (ASG-042), how far a group may exceed its desired
//! capacity while it evens out zones or replaces Spot instances (ASG-008, SPT-010), that a maintenance policy rules how
//! unhealthy instances are replaced (ASG-044). Ours: the reaction time (LAT-004).
//!
//! *What we left out.* Instance weights (ASG-012). A launching instance is not taken back: a group that shrinks waits until
//! it is in service.
//!
//! *How we know it is right.* The arithmetic has tests of its own beside this file; the loop in the engine's `capacity`
//! tests and the scenarios.

use ecsim_cluster::fact::{LaunchFailure, TerminationReason};
use ecsim_cluster::scaling::Withheld;
use ecsim_cluster::{
    AsgId, AutoScalingGroup, Cluster, Command, Instance, InstanceLifecycle, LaunchOptionId, Process, ZoneId,
};
use ecsim_kernel::{Key, SimTime, Span};

use super::launch::{self, Launch};
use super::maintenance::{self, MaintenancePolicy, Unhealthy};
use super::rebalance;
use super::replacement::{self, Replacement};
use super::victim;
use crate::ages;
use crate::capacity::spec::{GroupSpec, Transition};
use crate::purposes;
use crate::view::{Decision, View};

/// The control loop of one group. Its memory is plain data.
#[derive(Clone, Debug)]
pub struct GroupController {
    group: AsgId,
    /// The desired capacity that the loop holds; a new one is taken over after the reaction time.
    acting: u32,
    /// The desired capacity it saw last, how many changes it saw, and when the last one is taken over.
    seen: u32,
    changes: u64,
    due: Option<SimTime>,
    /// No launch before this (ASG-005).
    backoff: Option<SimTime>,
    failures: u32,
    terminations: u64,
    /// Whether it was said that every instance is protected (CAS-030).
    said_protected: bool,
    /// When the next replacement of an unhealthy instance is past its warm-up (ASG-007).
    settles: Option<SimTime>,
    /// How many triggers of zone rebalancing are dealt with (ASG-008), and the zone that is to lose an instance.
    triggers: u64,
    from_zone: Option<ZoneId>,
    replacement: Replacement,
}

impl GroupController {
    /// The loop of a group.
    #[must_use]
    pub fn new(group: AsgId, cluster: &Cluster) -> Self {
        let row = &cluster.groups()[group];
        Self {
            group,
            acting: row.desired,
            seen: row.desired,
            changes: 0,
            due: None,
            backoff: None,
            failures: 0,
            terminations: 0,
            said_protected: false,
            settles: None,
            triggers: 0,
            from_zone: None,
            replacement: Replacement::default(),
        }
    }

    /// What to do now.
    pub fn decide(&mut self, view: &View<'_>) -> Decision {
        let row = &view.cluster.groups()[self.group];
        let spec = view.capacity.group(row);
        self.take_over(view, row, spec);
        match self.next_command(view, row, spec) {
            Some(command) => Decision::Act(command),
            None => {
                let at = [self.due, self.backoff, self.settles, self.replacement.wake_at(view, self.group)];
                let next = at.into_iter().flatten().filter(|at| *at > view.now).min();
                next.map_or(Decision::Sleep, Decision::WakeAt)
            }
        }
    }

    fn name<'a>(&self, view: &View<'a>) -> &'a str {
        &view.cluster.definitions().auto_scaling_groups[self.group].name
    }

    /// A new desired capacity is acted on after a while (LAT-004).
    fn take_over(&mut self, view: &View<'_>, row: &AutoScalingGroup, spec: &GroupSpec) {
        if row.desired != self.seen {
            self.seen = row.desired;
            self.changes += 1;
            self.said_protected = false;
            let key = Key::new(self.name(view), self.changes);
            let wait = spec.reaction.sample_span(&mut view.streams.stream(purposes::GROUP_REACTION, key));
            self.due = Some(view.now + wait);
        }
        if self.due.is_some_and(|at| at <= view.now) {
            self.due = None;
            self.acting = row.desired;
        }
    }

    fn next_command(&mut self, view: &View<'_>, row: &AutoScalingGroup, spec: &GroupSpec) -> Option<Command> {
        let may_launch = !row.suspended.has(Process::Launch);
        let may_terminate = !row.suspended.has(Process::Terminate);
        self.settles = None;
        if may_terminate && let Some(command) = self.unhealthy(view, row, spec) {
            return Some(command);
        }
        let at_risk = if spec.capacity_rebalance { row.counts.at_risk } else { 0 };
        if at_risk > 0 && may_terminate && calls_hook(view, self.group, spec) {
            // SPT-010: at the notice the terminate hook is called; a Spot interruption heeds no protection (ASG-013).
            let noticed = |instance: &Instance| {
                instance.reclaimed_at.is_some() && instance.lifecycle == InstanceLifecycle::InService
            };
            if let Some(command) = self.terminate_first(view, row, noticed, TerminationReason::CapacityRebalance) {
                return Some(command);
            }
        }
        let most = rebalance::capacity_rebalance_max(row.max_size, row.desired);
        let for_risk = at_risk.min(most.saturating_sub(self.acting));
        let for_zones = u32::from(self.from_zone.is_some());
        let surge = for_zones + for_health(row, spec) + self.replacement.surge(view, self.group);
        let target = self.acting + surge + for_risk;
        if row.counts.capacity < target {
            let wanted_anyhow = row.counts.capacity < self.acting + surge;
            if may_launch
                && (wanted_anyhow || is_as_safe(view, row, spec))
                && let Some(command) = self.launch(view, row, spec)
            {
                return Some(command);
            }
        } else if row.counts.capacity > target
            && may_terminate
            && let Some(command) = self.scale_in(view, row)
        {
            return Some(command);
        }
        if may_terminate {
            let moves = at_risk > 0 || self.from_zone.is_some();
            let serving = if moves { replacement::serving(view, row) } else { 0 };
            if at_risk > 0 && serving > self.acting {
                // SPT-010: its replacement has passed its health check.
                let of_risk = |instance: &Instance| instance.is_at_risk() && !instance.protected_from_scale_in;
                let found = self.terminate_first(view, row, of_risk, TerminationReason::CapacityRebalance);
                if found.is_some() {
                    return found;
                }
            }
            if let Some(zone) = self.from_zone
                && serving > self.acting
            {
                self.from_zone = None;
                let there = |instance: &Instance| instance.zone == zone && !instance.protected_from_scale_in;
                let found = self.terminate_first(view, row, there, TerminationReason::AzRebalance);
                if found.is_some() {
                    return found;
                }
            }
        }
        if let Some(command) = self.replacement.command(view, self.group) {
            return Some(command);
        }
        if may_launch && may_terminate && self.even_out(view, row) {
            return self.next_command(view, row, spec);
        }
        self.warm_pool(view, row, spec)
    }

    /// What runs no more goes at once; what only failed its checks goes a few at a time (ASG-006, ASG-007).
    fn unhealthy(&mut self, view: &View<'_>, row: &AutoScalingGroup, spec: &GroupSpec) -> Option<Command> {
        if row.counts.unhealthy == 0
            || row.suspended.has(Process::HealthCheck)
            || row.suspended.has(Process::ReplaceUnhealthy)
        {
            return None;
        }
        // The warm pool serves nobody yet, so nobody misses what goes from it.
        let mut all = row.instances.iter().map(|id| &view.cluster.instances()[*id]);
        let gone = all.find(|instance| {
            !instance.healthy && (instance.lifecycle.is_warm() || instance.is_capacity() && !instance.host_running)
        });
        if let Some(found) = gone {
            self.terminations += 1;
            return Some(Command::TerminateInstance { instance: found.id, reason: TerminationReason::Unhealthy });
        }
        let settling = self.settling(view, row, replacement::warmup(spec, None));
        let policy = spec.maintenance.map(replacement::policy_of);
        if policy.is_some_and(MaintenancePolicy::launches_first) {
            // ASG-044: its replacement is in service and past its warm-up.
            let replaced = settling == 0 && row.counts.capacity > self.acting;
            return if replaced {
                self.terminate_first(view, row, |instance| !instance.healthy, TerminationReason::Unhealthy)
            } else {
                None
            };
        }
        let unhealthy = Unhealthy { gone: 0, failing: row.counts.unhealthy, settling };
        let healthy = row.counts.in_service.saturating_sub(row.counts.unhealthy);
        let is_scaling = self.due.is_some() || row.counts.capacity != self.acting;
        let at_once = maintenance::at_once(policy, row.desired);
        if maintenance::health_replacements(row.desired, healthy, is_scaling, unhealthy, at_once) == 0 {
            return None;
        }
        self.terminate_first(view, row, |instance| !instance.healthy, TerminationReason::Unhealthy)
    }

    /// How many instances are not yet in service, or not past their warm-up; and when the next of those will be.
    fn settling(&mut self, view: &View<'_>, row: &AutoScalingGroup, warmup: Span) -> u32 {
        let instances = row.instances.iter().map(|id| &view.cluster.instances()[*id]);
        let mut settling = 0;
        for instance in instances.filter(|instance| instance.is_capacity() && !instance.was_there_at_start()) {
            let up = instance.in_service_at.filter(|_| replacement::is_up(instance));
            let settles = up.map(|since| ages::passes_at(since, warmup));
            if settles.is_none_or(|at| at > view.now) {
                settling += 1;
                self.settles = [self.settles, settles].into_iter().flatten().min();
            }
        }
        settling
    }

    /// The oldest instance of the capacity for which `is` holds goes.
    fn terminate_first(
        &mut self,
        view: &View<'_>,
        row: &AutoScalingGroup,
        is: impl Fn(&Instance) -> bool,
        reason: TerminationReason,
    ) -> Option<Command> {
        let mut instances = row.instances.iter().map(|id| &view.cluster.instances()[*id]);
        let found = instances.find(|instance| instance.is_capacity() && is(instance))?;
        self.terminations += 1;
        Some(Command::TerminateInstance { instance: found.id, reason })
    }

    /// One more instance: warm if there is one, else a cold launch in the way that fits best (ASG-003, ASG-041).
    fn launch(&mut self, view: &View<'_>, row: &AutoScalingGroup, spec: &GroupSpec) -> Option<Command> {
        if row.counts.warm > 0 {
            let mut warm = row.instances.iter().map(|id| &view.cluster.instances()[*id]);
            let ready = |lifecycle| {
                matches!(
                    lifecycle,
                    InstanceLifecycle::WarmedStopped
                        | InstanceLifecycle::WarmedRunning
                        | InstanceLifecycle::WarmedHibernated
                )
            };
            let starts = |instance: &&Instance| {
                ready(instance.lifecycle) && instance.healthy && view.cluster.zone_works(instance.zone)
            };
            if let Some(found) = warm.find(starts) {
                return Some(Command::StartWarmInstance { instance: found.id });
            }
        }
        let waits = self.backoff.is_some_and(|at| at > view.now);
        if waits && !launch::record_offers(view, &spec.options) {
            return None;
        }
        match launch::next(view, self.group, launch::next_market(spec, row)) {
            Launch::As(option, market) if self.is_unlucky(view, row, spec) => {
                self.wait_after_failure(view, row);
                let failure = LaunchFailure::InsufficientInstanceCapacity;
                Some(Command::NoteLaunchFailure { option, market, failure })
            }
            Launch::As(option, market) if !waits || launch::are_recorded(view, &[option], market) => {
                self.backoff = None;
                self.failures = 0;
                Some(Command::LaunchInstance { option, market, warm: false })
            }
            Launch::Fails(option, market, failure) if !waits => {
                self.wait_after_failure(view, row);
                Some(Command::NoteLaunchFailure { option, market, failure })
            }
            _ => None,
        }
    }

    /// Whether the next launch fails for no reason that the scenario knows (ASG-005).
    fn is_unlucky(&self, view: &View<'_>, row: &AutoScalingGroup, spec: &GroupSpec) -> bool {
        if spec.launch_failure <= 0.0 {
            return false;
        }
        let key = Key::new(self.name(view), u64::from(row.launched)).with(self.failures.into());
        view.streams.stream(purposes::LAUNCH_LUCK, key).uniform() < spec.launch_failure
    }

    /// No launch for a while, longer with every failure in a row (ASG-005).
    fn wait_after_failure(&mut self, view: &View<'_>, row: &AutoScalingGroup) {
        self.failures = self.failures.saturating_add(1);
        let key = Key::new(self.name(view), u64::from(row.launched)).with(self.failures.into());
        let mut stream = view.streams.stream(purposes::LAUNCH_BACKOFF, key);
        let wait = view.settings.capacity.launch_backoff.wait(self.failures, &mut stream);
        self.backoff = Some(view.now + wait.max(view.settings.reaction));
    }

    /// Too many: the termination policy says who goes (ASG-030 to ASG-034).
    fn scale_in(&mut self, view: &View<'_>, row: &AutoScalingGroup) -> Option<Command> {
        if row.counts.in_service == 0 {
            return None;
        }
        match victim::next(view, self.group, self.terminations) {
            Some(instance) => {
                self.terminations += 1;
                Some(Command::TerminateInstance { instance, reason: TerminationReason::ScaleIn })
            }
            None if self.said_protected => None,
            None => {
                self.said_protected = true;
                Some(Command::NoteWithheld { group: self.group, withheld: Withheld::AllProtected })
            }
        }
    }

    /// Whether zones are to be evened out: something happened that calls for it, they are uneven, and nothing else is
    /// under way (ASG-008). The zone that has most is then to lose an instance once its replacement is in service.
    fn even_out(&mut self, view: &View<'_>, row: &AutoScalingGroup) -> bool {
        if row.rebalance_triggers == self.triggers || self.from_zone.is_some() {
            return false;
        }
        if row.suspended.has(Process::AzRebalance) {
            self.triggers = row.rebalance_triggers;
            return false;
        }
        let settled = row.counts.capacity == self.acting && row.counts.in_service == row.counts.capacity;
        if !settled || self.due.is_some() || self.backoff.is_some_and(|at| at > view.now) {
            return false;
        }
        let spec = view.capacity.group(row);
        let unprotected = |zone: ZoneId| {
            let mut there = row.instances.iter().map(|id| &view.cluster.instances()[*id]);
            there.any(|instance| instance.zone == zone && instance.is_capacity() && !instance.protected_from_scale_in)
        };
        // A zone that is not the group's any more is left first.
        let mut left = row.by_zone.iter().filter(|(zone, count)| *count > 0 && !spec.launches_in(*zone));
        if let Some((zone, _)) = left.find(|(zone, _)| unprotected(*zone)) {
            self.from_zone = Some(*zone);
            return true;
        }
        let is_open = |zone: ZoneId| view.cluster.zone_works(zone) && spec.launches_in(zone);
        let working: Vec<(ZoneId, u32)> = row.by_zone.iter().filter(|(zone, _)| is_open(*zone)).copied().collect();
        let counts: Vec<u32> = working.iter().map(|(_, count)| *count).collect();
        let room = row.counts.capacity < rebalance::zone_rebalance_max(row.max_size);
        let planned = rebalance::next_move(&counts).filter(|_| room).filter(|planned| {
            let market = launch::next_market(spec, row);
            let lands_there = match launch::next(view, self.group, market) {
                Launch::As(option, _) => {
                    view.cluster.definitions().launch_options[option].zone == working[planned.to].0
                }
                _ => false,
            };
            lands_there && unprotected(working[planned.from].0)
        });
        match planned {
            Some(planned) => self.from_zone = Some(working[planned.from].0),
            None => self.triggers = row.rebalance_triggers,
        }
        planned.is_some()
    }

    /// The warm pool is filled or emptied to its size (ASG-041).
    fn warm_pool(&mut self, view: &View<'_>, row: &AutoScalingGroup, spec: &GroupSpec) -> Option<Command> {
        let wanted = match spec.warm_pool {
            Some(pool) => pool.size.size(row.desired, row.max_size),
            None => 0,
        };
        let have = row.counts.warm;
        if have > wanted && !row.suspended.has(Process::Terminate) {
            let mut warm = row.instances.iter().rev().map(|id| &view.cluster.instances()[*id]);
            let newest = warm.find(|instance| instance.lifecycle.is_warm())?;
            return Some(Command::TerminateInstance { instance: newest.id, reason: TerminationReason::WarmPool });
        }
        let busy = row.counts.capacity < self.acting || row.suspended.has(Process::Launch);
        if have < wanted && !busy && self.backoff.is_none_or(|at| at <= view.now) {
            // Warm instances are on demand (ASG-041).
            return match launch::next(view, self.group, ecsim_cluster::Market::OnDemand) {
                Launch::As(option, market) => Some(Command::LaunchInstance { option, market, warm: true }),
                Launch::Fails(option, market, failure) => {
                    self.wait_after_failure(view, row);
                    Some(Command::NoteLaunchFailure { option, market, failure })
                }
                Launch::Impossible => None,
            };
        }
        None
    }
}

/// Whether somebody listens when an instance of the group is to go: a terminate hook, or ECS that drains it (DRN-020).
fn calls_hook(view: &View<'_>, group: AsgId, spec: &GroupSpec) -> bool {
    spec.hooks.iter().any(|hook| hook.transition == Transition::Terminating)
        || view.cluster.provider_of(group).is_some_and(|provider| provider.managed_draining)
}

/// SPT-010: a replacement is launched only into a pool that is at least as safe as that of an instance at risk; once one
/// has its notice, anyhow.
fn is_as_safe(view: &View<'_>, row: &AutoScalingGroup, spec: &GroupSpec) -> bool {
    let hazard = |option: LaunchOptionId| {
        view.capacity.pools[view.cluster.definitions().launch_options[option].pool].monthly_interruption
    };
    let mut at_risk = row
        .instances
        .iter()
        .map(|id| &view.cluster.instances()[*id])
        .filter(|instance| instance.lifecycle == InstanceLifecycle::InService && instance.is_at_risk());
    match launch::next(view, row.id, launch::next_market(spec, row)) {
        Launch::As(next, _) => at_risk.any(|instance| {
            instance.reclaimed_at.is_some() || instance.option.is_some_and(|option| hazard(next) <= hazard(option))
        }),
        // What has no way to launch is told as any other failure.
        Launch::Fails(..) | Launch::Impossible => true,
    }
}

/// How many replacements of unhealthy instances come before those go (ASG-044).
fn for_health(row: &AutoScalingGroup, spec: &GroupSpec) -> u32 {
    let replaces = !row.suspended.has(Process::HealthCheck) && !row.suspended.has(Process::ReplaceUnhealthy);
    match spec.maintenance.map(replacement::policy_of) {
        Some(policy) if replaces && policy.launches_first() => {
            row.counts.unhealthy.min(maintenance::at_once(Some(policy), row.desired))
        }
        _ => 0,
    }
}
