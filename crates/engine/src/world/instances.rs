//! Container instances come, go, lose their agent and get it back (INS rules).

use std::collections::VecDeque;
use std::sync::Arc;

use ecsim_cluster::fact::TerminationReason;
use ecsim_cluster::{Fact, InstanceId, InstanceLifecycle, InstanceStatus, StopReason};
use ecsim_kernel::{SimTime, Span};

use crate::event::Event;
use crate::purposes;
use crate::simulation::Step;

/// When instances registered lately, for the historical registration rate (QTA-019).
#[derive(Clone, Debug, Default)]
pub(crate) struct RegistrationLog(VecDeque<SimTime>);

impl RegistrationLog {
    /// The earliest instant at which one more registration is allowed, which is then taken.
    fn next_slot(&mut self, now: SimTime, per_second: u32, per_minute: u32) -> SimTime {
        let mut at = now.max(self.0.back().copied().unwrap_or(now));
        for (limit, window) in [(per_second, Span::from_secs(1)), (per_minute, Span::from_secs(60))] {
            let limit = limit.max(1) as usize;
            if self.0.len() >= limit {
                at = at.max(self.0[self.0.len() - limit] + window);
            }
        }
        self.0.push_back(at);
        while self.0.len() > per_minute.max(per_second).max(1) as usize {
            self.0.pop_front();
        }
        at
    }
}

/// A machine under a container instance, as far as ECS does not know it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Host {
    /// When a machine launched into the warm pool has booted (ASG-041).
    pub(crate) booted_at: Option<SimTime>,
    /// It has been in the warm pool.
    pub(crate) was_warm: bool,
    /// The group's lifecycle hooks that run for it and have not ended, as a bit set (ASG-040).
    pub(crate) open_hooks: u64,
    /// When it is to join: the end of its boot (LAT-004, LAT-005).
    pub(crate) joins_at: Option<SimTime>,
    /// ECS drains it for its group (DRN-020).
    pub(crate) draining: bool,
    /// Why its group lets it go.
    pub(crate) reason: Option<TerminationReason>,
    /// Its status checks fail, and its group believes it at this instant (ASG-006).
    pub(crate) checks_believed_at: Option<SimTime>,
    /// Since when it waits in the hooks that run for it.
    pub(crate) waits_since: SimTime,
    /// It stopped because its zone failed.
    pub(crate) stopped_by_outage: bool,
    /// Gone for good: no start brings it back.
    terminated: bool,
    /// When ECS will notice that the agent of a stopped machine is gone (INS-005).
    agent_lost_at: Option<SimTime>,
    /// When a disconnected agent comes back by itself.
    reconnects_at: Option<SimTime>,
}

impl Step<'_> {
    /// A planned instance joins: it registers, at once or through REGISTERING where a trunk is made (INS-001, INS-002).
    pub(crate) fn instance_joins(&mut self, instance: InstanceId) {
        if self.sim.cluster.instances()[instance].status != InstanceStatus::Absent
            || self.sim.hosts[instance].terminated
        {
            return;
        }
        let model = Arc::clone(&self.sim.model);
        let key = self.sim.instance_key(instance);
        let behavior = &model.instance_behavior;
        let row = &self.sim.cluster.instances()[instance];
        if row.host_running && !self.sim.cluster.zone_works(row.zone) {
            // It came too late to lose its power with the others.
            self.stops_in_outage(instance);
            return;
        }
        if !row.host_running || row.lifecycle.is_warm() || row.lifecycle.is_terminating() {
            return;
        }
        let trunk = model.definitions.shapes[row.shape].trunk;
        let mut stream = self.sim.streams.stream(purposes::REGISTRATION, key);
        let mut at = self.sim.now;
        if let Some(rate) = model.settings.registration_rate {
            at = self.sim.registrations.next_slot(at, rate.per_second, rate.per_minute);
        }
        let wait = behavior.registration.sample_span(&mut stream);
        at += wait;
        if trunk {
            self.emit(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Registering });
            at += behavior.trunk_attach.sample_span(&mut stream);
        }
        if at == self.sim.now {
            self.instance_registers(instance);
        } else {
            self.sim.schedule(at, Event::InstanceRegisters(instance));
        }
    }

    /// ACTIVE with its agent connected (INS-002), or REGISTRATION_FAILED where the trunk could not be made.
    pub(crate) fn instance_registers(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        if !matches!(row.status, InstanceStatus::Absent | InstanceStatus::Registering)
            || self.sim.hosts[instance].terminated
            || !row.host_running
            || row.lifecycle.is_terminating()
        {
            return;
        }
        let model = Arc::clone(&self.sim.model);
        let failure = model.instance_behavior.trunk_failure;
        if row.status == InstanceStatus::Registering && failure > 0.0 {
            let key = self.sim.instance_key(instance).with(1);
            let mut stream = self.sim.streams.stream(purposes::REGISTRATION, key);
            if stream.uniform() < failure {
                self.emit(Fact::InstanceStatusChanged { instance, to: InstanceStatus::RegistrationFailed });
                return;
            }
        }
        let limit = model.settings.container_instances_per_cluster;
        if self.sim.cluster.totals().registered_instances >= limit {
            // QTA-002: the registration is refused; the instance stays outside.
            if self.sim.cluster.instances()[instance].status == InstanceStatus::Registering {
                self.emit(Fact::InstanceStatusChanged { instance, to: InstanceStatus::RegistrationFailed });
            }
            return;
        }
        self.emit(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Active });
    }

    /// DEREGISTERING is over: the trunk interface is gone.
    pub(crate) fn instance_deregistered(&mut self, instance: InstanceId) {
        if self.sim.cluster.instances()[instance].status == InstanceStatus::Deregistering {
            self.emit(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Inactive });
        }
    }

    /// Takes an instance out of the cluster, through DEREGISTERING where it has a trunk (INS-001).
    pub(crate) fn deregister(&mut self, instance: InstanceId) {
        let model = Arc::clone(&self.sim.model);
        let row = &self.sim.cluster.instances()[instance];
        if row.status == InstanceStatus::Inactive || row.status == InstanceStatus::Deregistering {
            return;
        }
        let trunk = model.definitions.shapes[row.shape].trunk;
        if trunk && row.status.is_registered() {
            self.emit(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Deregistering });
            let key = self.sim.instance_key(instance).with(2);
            let mut stream = self.sim.streams.stream(purposes::REGISTRATION, key);
            let wait = model.instance_behavior.trunk_detach.sample_span(&mut stream);
            self.sim.schedule(self.sim.now + wait, Event::InstanceDeregistered(instance));
        } else if row.status.may_become(InstanceStatus::Inactive) {
            self.emit(Fact::InstanceStatusChanged { instance, to: InstanceStatus::Inactive });
        }
    }

    pub(crate) fn lose_tasks(&mut self, instance: InstanceId, reason: StopReason) {
        let tasks = self.sim.cluster.instances()[instance].tasks.clone();
        for task in tasks {
            self.lose_task(task, reason);
        }
    }

    /// EC2 terminates the host. With a connected agent the instance is deregistered automatically; a stopped or
    /// disconnected one lingers as ACTIVE, not connected (INS-007).
    pub(crate) fn terminate_host(&mut self, instance: InstanceId) {
        self.sim.hosts[instance].terminated = true;
        let row = &self.sim.cluster.instances()[instance];
        if row.status == InstanceStatus::Absent || row.status == InstanceStatus::Inactive {
            // ECS does not know it, yet or any more.
            if row.host_running {
                self.emit(Fact::HostPowerChanged { instance, running: false });
            }
            return;
        }
        if row.status == InstanceStatus::Registering {
            // Its trunk will never be made.
            self.emit(Fact::HostPowerChanged { instance, running: false });
            self.emit(Fact::InstanceStatusChanged { instance, to: InstanceStatus::RegistrationFailed });
            self.deregister(instance);
            return;
        }
        let deregisters = row.connected && row.host_running;
        if row.host_running {
            self.emit(Fact::HostPowerChanged { instance, running: false });
        }
        self.lose_tasks(instance, StopReason::HostTerminated(instance));
        let row = &self.sim.cluster.instances()[instance];
        if deregisters {
            self.deregister(instance);
        } else if row.connected && row.option.is_some() {
            // It was stopped before: it lingers (INS-007), but ECS hears from its group that it is gone, and does not wait
            // until it misses the agent (INS-005).
            self.emit(Fact::AgentConnectionChanged { instance, connected: false });
        }
    }

    /// EC2 stops the host: its tasks stop, the instance stays ACTIVE, and its agent counts as connected for a while
    /// (INS-005). One that ECS does not know yet will register when it is started again.
    pub(crate) fn stop_host(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        if !row.host_running || row.terminated_at.is_some() || !self.sim.exists(row) {
            return;
        }
        let is_registered = row.status.is_registered();
        self.emit(Fact::HostPowerChanged { instance, running: false });
        if !is_registered {
            return;
        }
        self.lose_tasks(instance, StopReason::HostStopped(instance));
        let wait = self.sim.model.settings.agent_disconnect;
        let at = self.sim.now + wait;
        self.sim.hosts[instance].agent_lost_at = Some(at);
        self.sim.schedule(at, Event::AgentLost(instance));
    }

    /// ECS notices that the agent of a stopped host is gone; what it had placed there meanwhile stops too.
    pub(crate) fn agent_lost(&mut self, instance: InstanceId) {
        if self.sim.hosts[instance].agent_lost_at != Some(self.sim.now) {
            return; // It was started since, and perhaps stopped once more.
        }
        self.sim.hosts[instance].agent_lost_at = None;
        let row = &self.sim.cluster.instances()[instance];
        if row.host_running || !row.connected {
            return;
        }
        self.emit(Fact::AgentConnectionChanged { instance, connected: false });
        self.lose_tasks(instance, StopReason::HostStopped(instance));
    }

    /// EC2 starts a stopped host again: the agent connects and the instance is the one it was.
    pub(crate) fn start_host(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        let rests_in_pool =
            matches!(row.lifecycle, InstanceLifecycle::WarmedStopped | InstanceLifecycle::WarmedHibernated);
        if row.host_running || self.sim.hosts[instance].terminated || rests_in_pool {
            return;
        }
        if !self.sim.cluster.zone_works(row.zone) {
            // EC2 has no machine to start it on: it starts with its zone.
            self.sim.hosts[instance].stopped_by_outage = true;
            return;
        }
        let status = row.status;
        self.sim.hosts[instance].agent_lost_at = None;
        self.emit(Fact::HostPowerChanged { instance, running: true });
        match status {
            InstanceStatus::Absent => {
                // Where its boot is not over yet it joins at the end of it.
                if self.sim.hosts[instance].joins_at.is_none_or(|at| at <= self.sim.now) {
                    self.instance_joins(instance);
                }
            }
            InstanceStatus::Registering => {
                let model = Arc::clone(&self.sim.model);
                let key = self.sim.instance_key(instance).with(3);
                let mut stream = self.sim.streams.stream(purposes::REGISTRATION, key);
                let wait = model.instance_behavior.trunk_attach.sample_span(&mut stream);
                self.sim.schedule(self.sim.now + wait, Event::InstanceRegisters(instance));
            }
            _ => self.connect_agent(instance),
        }
    }

    /// The agent loses its connection; running tasks go on and keep their reservations (INS-006, RES-017).
    pub(crate) fn disconnect_agent(&mut self, instance: InstanceId, duration: Option<Span>) {
        let row = &self.sim.cluster.instances()[instance];
        if !row.status.is_registered() {
            return;
        }
        if row.connected {
            self.emit(Fact::AgentConnectionChanged { instance, connected: false });
        }
        let at = duration.map(|duration| self.sim.now + duration);
        self.sim.hosts[instance].reconnects_at = at;
        if let Some(at) = at {
            self.sim.schedule(at, Event::AgentReconnects(instance));
        }
    }

    /// A disconnection is over, unless a later call said otherwise.
    pub(crate) fn agent_reconnects(&mut self, instance: InstanceId) {
        if self.sim.hosts[instance].reconnects_at == Some(self.sim.now) {
            self.connect_agent(instance);
        }
    }

    /// The agent connects again and goes on with its queue.
    pub(crate) fn connect_agent(&mut self, instance: InstanceId) {
        self.sim.hosts[instance].reconnects_at = None;
        let row = &self.sim.cluster.instances()[instance];
        if !row.host_running || !row.status.is_registered() {
            return;
        }
        if !row.connected {
            self.emit(Fact::AgentConnectionChanged { instance, connected: true });
            self.tell_health_on(instance);
        }
        self.admit_waiting(instance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qta_019_registrations_are_spread_over_seconds_and_minutes() {
        let mut log = RegistrationLog::default();
        let times: Vec<u64> = (0..5).map(|_| log.next_slot(SimTime::ZERO, 1, 3).ms()).collect();
        assert_eq!(times, [0, 1_000, 2_000, 60_000, 61_000]);
    }
}
