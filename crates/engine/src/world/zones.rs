//! Availability Zones that fail and come back, capacity pools that run dry.

use ecsim_cluster::{CallId, Fact, Instance, InstanceId, Market, PoolId, ZoneId};
use ecsim_kernel::Span;

use crate::event::Event;
use crate::model::Call;
use crate::simulation::Step;

impl Step<'_> {
    /// A zone fails: every machine in it stops, Fargate tasks in it are lost, nothing can be launched there.
    pub(crate) fn zone_outage(&mut self, zone: ZoneId, duration: Option<Span>) {
        if !self.sim.cluster.zone_works(zone) {
            return;
        }
        self.emit(Fact::ZoneAvailabilityChanged { zone, available: false });
        let runs_there = |row: &&Instance| row.zone == zone && row.host_running;
        let there: Vec<InstanceId> = self.sim.machines().filter(runs_there).map(|row| row.id).collect();
        for instance in there {
            self.stops_in_outage(instance);
        }
        self.lose_fargate_tasks(zone);
        if let Some(duration) = duration {
            self.sim.schedule(self.sim.now + duration, Event::ZoneRecovers(zone));
        }
    }

    /// It works again: machines that nobody gave up start where they stopped.
    pub(crate) fn zone_recovers(&mut self, zone: ZoneId) {
        if self.sim.cluster.zone_works(zone) {
            return;
        }
        self.emit(Fact::ZoneAvailabilityChanged { zone, available: true });
        let stopped_there = |row: &&Instance| row.zone == zone && !row.host_running;
        let stopped: Vec<InstanceId> = self.sim.machines().filter(stopped_there).map(|row| row.id).collect();
        for instance in stopped {
            if core::mem::take(&mut self.sim.hosts[instance].stopped_by_outage) {
                self.start_host(instance);
            }
        }
    }

    /// A machine loses its power with its zone.
    pub(crate) fn stops_in_outage(&mut self, instance: InstanceId) {
        self.sim.hosts[instance].stopped_by_outage = true;
        self.stop_host(instance);
        self.notice_health(instance);
    }

    /// Pools have nothing to give (ASG-005).
    pub(crate) fn insufficient_capacity(
        &mut self,
        call: CallId,
        pools: &[PoolId],
        market: Option<Market>,
        duration: Option<Span>,
    ) {
        for pool in pools {
            self.emit(Fact::PoolCapacityChanged { pool: *pool, market, available: false, limit: None });
        }
        if let Some(duration) = duration {
            self.sim.schedule(self.sim.now + duration, Event::ShortageEnds(call));
        }
    }

    /// A pool holds so many instances from now on. Spot instances beyond that get their notice, the newest first; on-demand
    /// instances stay, and none is launched until there is room.
    pub(crate) fn pool_capacity(&mut self, pool: PoolId, market: Option<Market>, instances: u32) {
        self.emit(Fact::PoolCapacityChanged { pool, market, available: instances > 0, limit: Some(instances) });
        if market == Some(Market::OnDemand) {
            return;
        }
        let notice = u32::try_from(self.sim.model.fleet.spot_notice.ms()).unwrap_or(u32::MAX);
        for instance in self.sim.spot_instances(pool).into_iter().skip(instances as usize).rev() {
            self.spot_notice(instance, notice);
        }
    }

    /// They have something again.
    pub(crate) fn shortage_ends(&mut self, call: CallId) {
        let model = std::sync::Arc::clone(&self.sim.model);
        if let Call::InsufficientCapacity { pools, market, .. } = &model.calls[call] {
            for pool in pools {
                self.emit(Fact::PoolCapacityChanged { pool: *pool, market: *market, available: true, limit: None });
            }
        }
    }
}
