//! Instances that groups and providers launch and let go: boot, lifecycle hooks, warm pools, draining, the end (ASG-002,
//! ASG-040, ASG-041, DRN-020, DRN-021, LAT-004, LAT-005, LAT-020, LAT-021).

use std::collections::BTreeSet;
use std::sync::Arc;

use ecsim_cluster::definitions::LaunchOwner;
use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::scaling::Decision;
use ecsim_cluster::{
    AsgId, Fact, Instance, InstanceId, InstanceLifecycle, InstanceStatus, LaunchOptionId, Market, ProviderStatus,
};
use ecsim_kernel::{Distribution, Key, Purpose, SimTime, Span};
use ecsim_policies::capacity::auto_scaling_group::launch::{self, Launch};
use ecsim_policies::capacity::spec::{Hook, Transition, WarmState};

use crate::event::Event;
use crate::fleet::MachineBehavior;
use crate::purposes;
use crate::simulation::{Simulation, Step};

impl Simulation {
    /// The key of an instance: its name, made of its owner's and an ordinal.
    pub(crate) fn instance_key(&self, instance: InstanceId) -> Key {
        Key::of_bytes(self.cluster.instances()[instance].name.as_bytes())
    }

    fn draw_for(&self, purpose: Purpose, instance: InstanceId, of: &Distribution) -> Span {
        of.sample_span(&mut self.streams.stream(purpose, self.instance_key(instance)))
    }

    /// How the machine behaves; `None` for planned instances.
    fn machine(&self, instance: InstanceId) -> Option<&MachineBehavior> {
        let option = self.cluster.instances()[instance].option?;
        Some(match self.model.definitions.launch_options[option].owner {
            LaunchOwner::Group(group) => &self.model.fleet.groups[group],
            LaunchOwner::Provider(provider) => &self.model.fleet.providers[provider],
        })
    }

    pub(crate) fn hooks_of(&self, instance: InstanceId) -> &[Hook] {
        self.cluster.instances()[instance]
            .group
            .map_or(&[], |group| &self.model.capacity.group(&self.cluster.groups()[group]).hooks)
    }

    /// Whether the instance is on its way out of the warm pool (ASG-041).
    pub(crate) fn leaves_pool(&self, instance: InstanceId) -> bool {
        let lifecycle = self.cluster.instances()[instance].lifecycle;
        self.hosts[instance].was_warm
            && matches!(lifecycle, InstanceLifecycle::Pending | InstanceLifecycle::PendingWait)
    }

    /// The machines there are, whether ECS knows them (any more) or not, in the order of their ids.
    pub(crate) fn machines(&self) -> impl Iterator<Item = &Instance> {
        let of_groups = self.cluster.groups().values().flat_map(|group| &group.instances);
        let of_providers = self.cluster.providers().values().flat_map(|provider| &provider.instances);
        let mut all: BTreeSet<InstanceId> = of_groups.chain(of_providers).copied().collect();
        all.extend(self.cluster.present().filter(|row| self.exists(row)).map(|row| row.id));
        all.into_iter().map(|id| &self.cluster.instances()[id]).filter(|row| row.terminated_at.is_none())
    }

    /// Whether there is a machine yet: a planned one comes with its time.
    pub(crate) fn exists(&self, row: &Instance) -> bool {
        self.model.definitions.instances.get(row.id).is_none_or(|planned| planned.join_at <= self.now)
    }

    /// Whether ECS drains the instance before it goes (DRN-020).
    pub(crate) fn is_drained_by_ecs(&self, instance: InstanceId) -> bool {
        let row = &self.cluster.instances()[instance];
        row.provider.is_some_and(|provider| {
            let provider = &self.cluster.providers()[provider];
            provider.managed_draining && provider.status == ProviderStatus::Active
        })
    }
}

/// The turns of a tick of the control loops are over by then: an instant of an example is met within so much.
const TURNS: Span = Span::from_ms(50);

/// When a machine begins to boot that a tick of the control loops has ordered: with the tick. The milliseconds of the turns
/// in between are bookkeeping for their order; with them a boot of whole minutes would always end just after a later tick
/// (CAS-031).
fn of_the_tick(now: SimTime) -> SimTime {
    let second = SimTime::ZERO + Span::from_secs(now.whole_secs());
    if now.since(second) <= TURNS { second } else { now }
}

impl Step<'_> {
    /// The run begins: providers are associated, and groups have the instances they want. Those were there before, so they
    /// are in service and registered at once.
    pub(crate) fn opens(&mut self) {
        let model = Arc::clone(&self.sim.model);
        for (provider, definition) in model.definitions.capacity_providers.iter() {
            if definition.exists_at_start {
                self.emit(Fact::ProviderStatusChanged { provider, to: ProviderStatus::Active });
            }
        }
        for (pool, spec) in model.capacity.pools.iter() {
            if spec.spot_nano_dollars > 0 {
                self.emit(Fact::SpotPriceChanged { pool, nano_dollars: spec.spot_nano_dollars });
            }
        }
        self.open_spot();
        for group in model.definitions.auto_scaling_groups.ids() {
            self.sim.wake(self.sim.numbers.group(group));
            self.sim.wake(self.sim.numbers.scaling(group));
            while self.sim.cluster.groups()[group].counts.capacity < self.sim.cluster.groups()[group].desired {
                let row = &self.sim.cluster.groups()[group];
                let market = launch::next_market(model.capacity.group(row), row);
                let Launch::As(option, market) = launch::next(&self.sim.view(), group, market) else { break };
                let instance = self.new_instance(option, market, false);
                self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::InService });
                self.instance_joins(instance);
            }
        }
        for alarm in model.definitions.alarms.ids() {
            self.sim.wake_alarm(alarm);
        }
        for service in model.scaling.targets.keys() {
            self.sim.wake_service_scaling(*service);
        }
        for (at, series) in model.fleet.metrics.iter().enumerate() {
            if let Some((first, _)) = series.values.first() {
                let at = u32::try_from(at).expect("few metrics");
                self.sim.metric_rows.push(0);
                self.sim.schedule(*first, Event::MetricValue(at));
            } else {
                self.sim.metric_rows.push(0);
            }
        }
    }

    /// The next value of a custom metric.
    pub(crate) fn metric_value(&mut self, series: u32) {
        let model = Arc::clone(&self.sim.model);
        let Some(known) = model.fleet.metrics.get(series as usize) else { return };
        let row = self.sim.metric_rows[series as usize];
        self.sim.metric_rows[series as usize] += 1;
        if let Some((_, value)) = known.values.get(row) {
            self.metric_changes(known.metric, *value);
        }
        if let Some((next, _)) = known.values.get(row + 1) {
            self.sim.schedule(*next, Event::MetricValue(series));
        }
    }

    fn new_instance(&mut self, option: LaunchOptionId, market: Market, warm: bool) -> InstanceId {
        let instance = self.sim.cluster.instances().next_id();
        self.emit(Fact::InstanceLaunched { instance, option, market, warm });
        self.sim.hosts.push(crate::world::Host::default());
        self.spot_launched(instance);
        instance
    }

    /// EC2 launches an instance: it runs after a while, and registers with ECS after a while more (LAT-002, LAT-004).
    pub(crate) fn launch_instance(&mut self, option: LaunchOptionId, market: Market, warm: bool) {
        let instance = self.new_instance(option, market, warm);
        let model = Arc::clone(&self.sim.model);
        let machine = match model.definitions.launch_options[option].owner {
            LaunchOwner::Group(group) => &model.fleet.groups[group],
            LaunchOwner::Provider(provider) => &model.fleet.providers[provider],
        };
        let boot = self.sim.draw_for(purposes::COLD_LAUNCH, instance, &machine.launch);
        let pending = self.sim.draw_for(purposes::INSTANCE_PENDING, instance, &machine.pending).min(boot);
        let from = of_the_tick(self.sim.now);
        self.sim.schedule((from + pending).max(self.sim.now), Event::InstanceRuns(instance));
        let booted = (from + boot).max(self.sim.now);
        if !warm {
            self.sim.hosts[instance].joins_at = Some(booted);
            self.sim.schedule(booted, Event::InstanceJoins(instance));
        } else {
            // ASG-041: an agent that knows of warm pools does not register before the instance is in service.
            self.sim.hosts[instance].booted_at = Some(booted);
        }
        if let Some((probability, after)) = &machine.status_check_failure {
            let mut stream = self.sim.streams.stream(purposes::STATUS_CHECK, self.sim.instance_key(instance));
            if stream.uniform() < *probability {
                let after = after.sample_span(&mut stream);
                self.sim.schedule(self.sim.now + after, Event::StatusCheckFails(instance));
            }
        }
    }

    /// The instance runs: its launch hooks begin, or it is in service at once (ASG-002, ASG-040).
    pub(crate) fn instance_runs(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        if row.terminated_at.is_some() {
            return;
        }
        let waits = match row.lifecycle {
            InstanceLifecycle::Pending => InstanceLifecycle::PendingWait,
            InstanceLifecycle::WarmedPending => InstanceLifecycle::WarmedPendingWait,
            _ => return,
        };
        if !self.start_hooks(instance, Transition::Launching, waits) {
            self.launch_hooks_done(instance);
        }
    }

    /// Starts the hooks of a transition; tells whether there are any.
    fn start_hooks(&mut self, instance: InstanceId, transition: Transition, waits: InstanceLifecycle) -> bool {
        let model = Arc::clone(&self.sim.model);
        let row = &self.sim.cluster.instances()[instance];
        let Some(group) = row.group else { return false };
        let was_warm = self.sim.leaves_pool(instance);
        let key = self.sim.instance_key(instance);
        let mut open = 0_u64;
        let hooks = &model.capacity.group(&self.sim.cluster.groups()[group]).hooks;
        for (at, hook) in hooks.iter().enumerate() {
            if hook.transition != transition {
                continue;
            }
            let duration = if was_warm { hook.from_warm_pool.as_ref() } else { hook.duration.as_ref() };
            if was_warm && duration.is_none() {
                continue; // Whoever listens sees at once that there is nothing left to do.
            }
            let key = key.with(u64::from(was_warm)).with(at as u64);
            let answer = duration.map(|of| of.sample_span(&mut self.sim.streams.stream(purposes::LIFECYCLE_HOOK, key)));
            let (after, proceed) = match answer {
                Some(after) if after <= hook.heartbeat => (after, hook.answers_continue),
                _ => (hook.heartbeat, hook.default_continue),
            };
            open |= 1 << at;
            let hook = u8::try_from(at).expect("a group has at most 50 hooks");
            let ends = Event::HookEnds { instance, hook, proceed, from_pool: was_warm };
            self.sim.schedule(self.sim.now + after, ends);
        }
        self.sim.hosts[instance].open_hooks = open;
        self.sim.hosts[instance].waits_since = self.sim.now;
        if open > 0 {
            self.emit(Fact::InstanceLifecycleChanged { instance, to: waits });
        }
        open > 0
    }

    /// A hook ends (ASG-040): all of them must, but ABANDON ends the launch, or the other termination hooks.
    pub(crate) fn hook_ends(&mut self, instance: InstanceId, hook: u8, proceed: bool) {
        let lifecycle = self.sim.cluster.instances()[instance].lifecycle;
        let transition = match lifecycle {
            InstanceLifecycle::PendingWait | InstanceLifecycle::WarmedPendingWait => Transition::Launching,
            InstanceLifecycle::TerminatingWait => Transition::Terminating,
            _ => return,
        };
        let is_of = |hook: &Hook| hook.transition == transition;
        let is_known = self.sim.hooks_of(instance).get(usize::from(hook)).is_some_and(is_of);
        let host = &mut self.sim.hosts[instance];
        if !is_known || host.open_hooks >> hook & 1 == 0 {
            return;
        }
        host.open_hooks &= !(1 << hook);
        let last = host.open_hooks == 0 && !host.draining;
        match (transition, proceed) {
            (Transition::Launching, false) => {
                self.terminate_instance(instance, TerminationReason::LaunchAbandoned);
            }
            (Transition::Launching, true) if last => self.launch_hooks_done(instance),
            (Transition::Terminating, false) => {
                self.sim.hosts[instance].open_hooks = 0;
                self.finish_termination(instance);
            }
            (Transition::Terminating, true) if last => self.finish_termination(instance),
            _ => {}
        }
    }

    fn launch_hooks_done(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        if row.lifecycle.is_warm() {
            let stopped = self.sim.machine(instance).map(|machine| machine.warm_stop.clone());
            let booted = self.sim.hosts[instance].booted_at.unwrap_or(self.sim.now).max(self.sim.now);
            let stop = stopped.map_or(Span::ZERO, |of| self.sim.draw_for(purposes::WARM_INSTANCE, instance, &of));
            self.sim.schedule(booted + stop, Event::WarmReady(instance));
            return;
        }
        if row.lifecycle == InstanceLifecycle::PendingWait {
            self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::PendingProceed });
        }
        self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::InService });
        if !self.sim.cluster.instances()[instance].healthy {
            return;
        }
        if !self.sim.cluster.instances()[instance].host_running {
            self.notice_health(instance);
        }
    }

    /// A warmed instance is stopped, hibernated or left running (ASG-041).
    pub(crate) fn warm_ready(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        let waiting = matches!(row.lifecycle, InstanceLifecycle::WarmedPending | InstanceLifecycle::WarmedPendingWait);
        let Some(group) = row.group.filter(|_| waiting && row.terminated_at.is_none()) else { return };
        let spec = self.sim.model.capacity.group(&self.sim.cluster.groups()[group]);
        let state = spec.warm_pool.map(|pool| pool.state).unwrap_or_default();
        let to = match state {
            WarmState::Stopped => InstanceLifecycle::WarmedStopped,
            WarmState::Running => InstanceLifecycle::WarmedRunning,
            WarmState::Hibernated => InstanceLifecycle::WarmedHibernated,
        };
        self.sim.hosts[instance].was_warm = true;
        if to != InstanceLifecycle::WarmedRunning {
            self.emit(Fact::HostPowerChanged { instance, running: false });
        }
        self.emit(Fact::InstanceLifecycleChanged { instance, to });
        self.sim.wake(self.sim.numbers.group(group));
    }

    /// An instance leaves the warm pool for the group (ASG-041, LAT-005).
    pub(crate) fn start_warm_instance(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        if row.terminated_at.is_some() {
            // Somebody terminated it in the pool: now the group knows.
            self.emit(Fact::InstanceHealthChanged { instance, healthy: false });
            return;
        }
        if !row.host_running {
            self.emit(Fact::HostPowerChanged { instance, running: true });
        }
        self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Pending });
        let Some(machine) = self.sim.machine(instance).cloned() else { return };
        let key = self.sim.instance_key(instance).with(1);
        let mut stream = self.sim.streams.stream(purposes::WARM_INSTANCE, key);
        let start = machine.warm_start.sample_span(&mut stream);
        let poll = machine.warm_poll.sample_span(&mut stream);
        let from = of_the_tick(self.sim.now);
        self.sim.schedule((from + start).max(self.sim.now), Event::InstanceRuns(instance));
        let joins_at = (from + start + poll).max(self.sim.now);
        self.sim.hosts[instance].joins_at = Some(joins_at);
        self.sim.schedule(joins_at, Event::InstanceJoins(instance));
    }

    /// An instance of a group or provider is to go: through its hooks, drained by ECS where that is on (DRN-020, DRN-022).
    pub(crate) fn terminate_instance(&mut self, instance: InstanceId, reason: TerminationReason) {
        let row = &self.sim.cluster.instances()[instance];
        if row.group.is_none() {
            self.shut_down(instance, reason);
            return;
        }
        if !row.lifecycle.is_member() || row.lifecycle.is_terminating() {
            return;
        }
        let (gone, running) = (row.terminated_at.is_some(), row.host_running);
        let was_warm = row.lifecycle.is_warm();
        self.sim.hosts[instance].reason = Some(reason);
        self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminating });
        if gone {
            self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminated });
            return;
        }
        if !running || was_warm {
            self.finish_termination(instance);
            return;
        }
        let drains =
            self.sim.is_drained_by_ecs(instance) && self.sim.cluster.instances()[instance].status.is_registered();
        let has_hooks = self.start_hooks(instance, Transition::Terminating, InstanceLifecycle::TerminatingWait);
        if drains {
            // ECS's own hook: it ends when the instance has no task left (DRN-020), or after 48 hours (DRN-021).
            self.sim.hosts[instance].draining = true;
            if !has_hooks {
                self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::TerminatingWait });
            }
            self.drain_instance(instance);
            let limit = self.sim.model.fleet.managed_draining_limit;
            self.sim.schedule(self.sim.now + limit, Event::DrainLimit(instance));
            self.task_left(instance);
        } else if !has_hooks {
            self.finish_termination(instance);
        }
    }

    /// Sets an instance to DRAINING, if it is ACTIVE.
    pub(crate) fn drain_instance(&mut self, instance: InstanceId) {
        if self.sim.cluster.instances()[instance].status == InstanceStatus::Active {
            self.emit(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Draining });
        }
    }

    /// A task of the instance reached STOPPED: where ECS drains it for its group and it is empty, its hook ends (DRN-020).
    pub(crate) fn task_left(&mut self, instance: InstanceId) {
        if self.sim.hosts[instance].draining && self.sim.cluster.instances()[instance].tasks.is_empty() {
            self.drained(instance);
        }
    }

    /// DRN-021: the hook of managed draining ends whatever still runs.
    pub(crate) fn drain_limit(&mut self, instance: InstanceId) {
        if self.sim.hosts[instance].draining {
            self.drained(instance);
        }
    }

    fn drained(&mut self, instance: InstanceId) {
        let host = &mut self.sim.hosts[instance];
        host.draining = false;
        if host.open_hooks == 0 {
            self.finish_termination(instance);
        }
    }

    /// Every hook has ended.
    fn finish_termination(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        if !row.lifecycle.is_terminating() || row.terminated_at.is_some() {
            return;
        }
        self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::TerminatingProceed });
        let reason = self.sim.hosts[instance].reason.unwrap_or(TerminationReason::ScaleIn);
        self.shut_down(instance, reason);
    }

    /// EC2 shuts the instance down for good; its tasks die with it. A group that did not ask for it learns of it a while
    /// later (LAT-021).
    pub(crate) fn shut_down(&mut self, instance: InstanceId, reason: TerminationReason) {
        if self.sim.cluster.instances()[instance].terminated_at.is_some() {
            return;
        }
        self.sim.hosts[instance].draining = false;
        self.terminate_host(instance);
        self.emit(Fact::InstanceTerminated { instance, reason });
        let row = &self.sim.cluster.instances()[instance];
        if row.lifecycle.is_terminating() {
            let gone = self.sim.machine(instance).map(|machine| machine.shutdown.clone());
            let wait = gone.map_or(Span::ZERO, |of| self.sim.draw_for(purposes::SHUTDOWN, instance, &of));
            self.sim.schedule(self.sim.now + wait, Event::InstanceGone(instance));
        } else if row.lifecycle.is_member() {
            self.notice_health(instance);
        }
    }

    /// The group will learn that the instance does not run any more (LAT-021, ASG-006).
    pub(crate) fn notice_health(&mut self, instance: InstanceId) {
        if self.sim.cluster.instances()[instance].group.is_none() {
            return;
        }
        let of = self.sim.model.fleet.health_notice.clone();
        let wait = self.sim.draw_for(purposes::HEALTH_NOTICE, instance, &of);
        self.sim.schedule(self.sim.now + wait, Event::HealthNoticed(instance));
    }

    /// It has learnt of it.
    pub(crate) fn health_noticed(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        if !row.lifecycle.is_member() || row.lifecycle.is_terminating() || !row.healthy || row.host_running {
            return;
        }
        let stopped_on_purpose =
            matches!(row.lifecycle, InstanceLifecycle::WarmedStopped | InstanceLifecycle::WarmedHibernated);
        if stopped_on_purpose && row.terminated_at.is_none() || row.lifecycle == InstanceLifecycle::Standby {
            return;
        }
        self.emit(Fact::InstanceHealthChanged { instance, healthy: false });
    }

    /// Status checks fail: the group or provider believes it after a while (ASG-006, CP-048).
    pub(crate) fn status_check_fails(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        if row.terminated_at.is_some() || !row.healthy || !row.is_capacity() {
            return;
        }
        if self.sim.hosts[instance].checks_believed_at.is_some() {
            return;
        }
        // A Managed Instances provider has no grace period (CP-048).
        let group = row.group.map(|group| &self.sim.cluster.groups()[group]);
        let grace = group.map_or(Span::ZERO, |group| self.sim.model.capacity.group(group).health_check_grace);
        let row = &self.sim.cluster.instances()[instance];
        let graced = row.in_service_at.map_or(self.sim.now, |at| at + grace);
        let at = (self.sim.now + self.sim.model.fleet.status_check_wait).max(graced);
        self.sim.hosts[instance].checks_believed_at = Some(at);
        self.sim.schedule(at, Event::StatusCheckBelieved(instance));
    }

    /// The wait is over, and so is the grace period of the group: if the checks still fail, the instance is unhealthy.
    pub(crate) fn status_check_believed(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        let fails = self.sim.hosts[instance].checks_believed_at == Some(self.sim.now);
        if fails && row.terminated_at.is_none() && row.healthy && row.is_capacity() {
            self.emit(Fact::InstanceHealthChanged { instance, healthy: false });
        }
    }

    /// Its status checks pass again; whom the group has given up already stays given up (ASG-006).
    pub(crate) fn status_check_passes(&mut self, instance: InstanceId) {
        self.sim.hosts[instance].checks_believed_at = None;
    }

    /// The instance is gone from its group.
    pub(crate) fn instance_gone(&mut self, instance: InstanceId) {
        if self.sim.cluster.instances()[instance].lifecycle.is_terminating() {
            self.emit(Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Terminated });
        }
    }

    /// A new desired capacity, with the arithmetic that led to it (CAS-020, CAS-023, ASG-020 to ASG-025).
    pub(crate) fn set_desired_capacity(&mut self, group: AsgId, to: u32, decision: Decision) {
        let from = self.sim.cluster.groups()[group].desired;
        if to != from {
            self.emit(Fact::ScalingDecided { group, from, to, decision });
            self.emit(Fact::DesiredCapacityChanged { group, to });
        }
    }

    /// New limits; the desired capacity follows where it must (ASG-001).
    pub(crate) fn set_group_size(&mut self, group: AsgId, min_size: u32, max_size: u32) {
        let from = self.sim.cluster.groups()[group].desired;
        self.emit(Fact::GroupSizeChanged { group, min_size, max_size });
        let to = self.sim.cluster.groups()[group].desired;
        if to != from {
            self.emit(Fact::ScalingDecided { group, from, to, decision: Decision::Clamped });
        }
    }
}
