//! The Spot market: when AWS takes instances back, what it says before, and what a pool costs (SPT-002 to SPT-018).
//!
//! Whether an event of a pool hits an instance is a draw of that instance and that event, so it can be known before the
//! event comes: that is how a rebalance recommendation can come first (SPT-003), and why an instance that one policy
//! launches and another does not changes nobody else's luck.

use std::sync::Arc;

use ecsim_cluster::{Definitions, Fact, InstanceId, Market, PoolId};
use ecsim_kernel::{Key, SimTime, Span, Table};
use ecsim_policies::capacity::spot;

use crate::event::Event;
use crate::fleet::SpotProcess;
use crate::purposes;
use crate::simulation::{Simulation, Step};

/// What the world knows of each pool and ECS does not.
#[derive(Clone, Debug)]
pub(crate) struct SpotMarket {
    pools: Table<PoolId, Fate>,
}

/// What a pool has before it.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    /// Which event of the pool comes next, from 0, or which row of its trace.
    next: u64,
    /// When it comes, and which share of the instances it takes.
    at: Option<SimTime>,
    share: f64,
    /// Whether the pool is down (SPT-018), or whether the victims of the next row have their notice already.
    down: bool,
}

impl SpotMarket {
    pub(crate) fn new(definitions: &Definitions) -> Self {
        Self { pools: definitions.pools.values().map(|_| Fate::default()).collect() }
    }
}

/// Milliseconds for an event, which has no room for more.
fn short(span: Span) -> u32 {
    u32::try_from(span.ms()).unwrap_or(u32::MAX)
}

impl Simulation {
    /// The key of a pool: its type and its zone.
    fn pool_key(&self, pool: PoolId) -> Key {
        let definition = &self.model.definitions.pools[pool];
        let zone = self.model.definitions.zones.name(definition.zone);
        Key::of_bytes(definition.instance_type.as_bytes()).with(Key::of_bytes(zone.as_bytes()).value())
    }

    fn pool_of(&self, instance: InstanceId) -> Option<PoolId> {
        self.cluster.instances()[instance].option.map(|option| self.model.definitions.launch_options[option].pool)
    }

    /// Spot instances of a pool that nobody has taken back yet, in the order of their launch.
    pub(crate) fn spot_instances(&self, pool: PoolId) -> Vec<InstanceId> {
        let untold = self.machines().filter(|row| row.market == Market::Spot && row.reclaimed_at.is_none());
        untold.map(|row| row.id).filter(|id| self.pool_of(*id) == Some(pool)).collect()
    }
}

impl Step<'_> {
    /// The first events of every pool.
    pub(crate) fn open_spot(&mut self) {
        let model = Arc::clone(&self.sim.model);
        for (pool, process) in model.fleet.spot.iter() {
            match process {
                SpotProcess::None | SpotProcess::Advisor => {}
                SpotProcess::Pool { .. } | SpotProcess::Scarce(_) => self.plan_pool(pool),
                SpotProcess::Trace(rows) => {
                    if let Some((first, available)) = rows.first() {
                        self.set_spot_limit(pool, *available);
                        let _ = first;
                        self.sim.spot.pools[pool].next = 1;
                        self.plan_trace(pool);
                    }
                }
            }
            if model.fleet.spot_price_walk.is_some() && model.capacity.pools[pool].spot_nano_dollars > 0 {
                self.sim.schedule(self.sim.now + Span::from_days(1), Event::SpotPrice(pool));
            }
        }
    }

    /// A pool's next event is drawn, and with it the fate of every instance in the pool (SPT-017, SPT-018).
    fn plan_pool(&mut self, pool: PoolId) {
        let model = Arc::clone(&self.sim.model);
        let fate = self.sim.spot.pools[pool];
        let key = self.sim.pool_key(pool).with(fate.next);
        let (wait, share) = match &model.fleet.spot[pool] {
            SpotProcess::Pool { events, .. } => {
                let mut stream = self.sim.streams.stream(purposes::SPOT_POOL_EVENT, key);
                let rate = events.rate(spot::hazard(model.capacity.pools[pool].monthly_interruption));
                let wait = spot::gap(rate, stream.uniform());
                (wait, events.share(stream.uniform()))
            }
            SpotProcess::Scarce(row) => {
                let mut stream = self.sim.streams.stream(purposes::SPOT_POOL_UP_DOWN, key);
                (if fate.down { row.down(stream.uniform()) } else { row.up(stream.uniform()) }, 1.0)
            }
            _ => return,
        };
        let at = self.sim.now + wait;
        let fate = &mut self.sim.spot.pools[pool];
        fate.at = Some(at);
        fate.share = share;
        if at <= self.sim.end() {
            self.sim.schedule(at, Event::SpotPool(pool));
        }
        for instance in self.sim.spot_instances(pool) {
            self.plan_hit(instance, pool);
        }
    }

    /// The event has come: whoever was hit has a notice of its own. The next one is drawn.
    pub(crate) fn spot_pool(&mut self, pool: PoolId) {
        let model = Arc::clone(&self.sim.model);
        self.sim.spot.pools[pool].next += 1;
        if let SpotProcess::Scarce(_) = &model.fleet.spot[pool] {
            let down = !self.sim.spot.pools[pool].down;
            self.sim.spot.pools[pool].down = down;
            self.emit(Fact::PoolCapacityChanged { pool, market: Some(Market::Spot), available: !down, limit: None });
        }
        self.plan_pool(pool);
    }

    /// Whether the next event of its pool hits an instance, and when it will be told (SPT-003, SPT-017).
    fn plan_hit(&mut self, instance: InstanceId, pool: PoolId) {
        let model = Arc::clone(&self.sim.model);
        let fate = self.sim.spot.pools[pool];
        let Some(at) = fate.at.filter(|at| *at <= self.sim.end()) else { return };
        let key = self.sim.instance_key(instance).with(fate.next);
        let notice = match &model.fleet.spot[pool] {
            SpotProcess::Pool { events, window } => {
                let luck = self.sim.streams.stream(purposes::SPOT_POOL_HIT, key).uniform();
                events.notice(fate.share, luck, *window)
            }
            SpotProcess::Scarce(_) if !fate.down => Some(Span::ZERO),
            _ => None,
        };
        if let Some(offset) = notice {
            self.plan_notice(instance, at + offset, key);
        }
    }

    /// A notice at an instant, and perhaps a recommendation before it (SPT-003).
    fn plan_notice(&mut self, instance: InstanceId, at: SimTime, key: Key) {
        let model = Arc::clone(&self.sim.model);
        if at > self.sim.end() {
            return;
        }
        let after = short(model.fleet.spot_notice);
        if let Some(recommendations) = &model.fleet.recommendations {
            let luck = self.sim.streams.stream(purposes::REBALANCE, key).uniform();
            let lead = recommendations.before_notice(luck);
            let early = SimTime::from_ms(at.ms().saturating_sub(lead.ms())).max(self.sim.now);
            self.sim.schedule(early, Event::Recommend(instance));
        }
        self.sim.schedule(at, Event::SpotNotice { instance, after });
    }

    /// A Spot instance was launched: its own fate is drawn, or that of its pool's next event.
    pub(crate) fn spot_launched(&mut self, instance: InstanceId) {
        let model = Arc::clone(&self.sim.model);
        if self.sim.cluster.instances()[instance].market != Market::Spot {
            return;
        }
        let Some(pool) = self.sim.pool_of(instance) else { return };
        let hazard = spot::hazard(model.capacity.pools[pool].monthly_interruption);
        let key = self.sim.instance_key(instance);
        match model.fleet.spot.get(pool) {
            Some(SpotProcess::Advisor) => {
                let luck = self.sim.streams.stream(purposes::SPOT_INTERRUPTION, key).uniform();
                let at = self.sim.now + spot::gap(hazard, luck);
                self.plan_notice(instance, at, key);
            }
            Some(SpotProcess::Pool { .. } | SpotProcess::Scarce(_)) => self.plan_hit(instance, pool),
            Some(SpotProcess::None | SpotProcess::Trace(_)) | None => return,
        }
        if let Some(recommendations) = &model.fleet.recommendations {
            // A false alarm (SPT-003): the first is all that matters, as an instance is recommended away once.
            let luck = self.sim.streams.stream(purposes::REBALANCE, key.with(u64::MAX)).uniform();
            let at = self.sim.now + spot::gap(recommendations.false_rate(hazard), luck);
            if at <= self.sim.end() {
                self.sim.schedule(at, Event::Recommend(instance));
            }
        }
    }

    /// The notice (SPT-002): it is drained if somebody listens (SPT-004, SPT-005), and gone when the notice has run out.
    pub(crate) fn spot_notice(&mut self, instance: InstanceId, after: u32) {
        let row = &self.sim.cluster.instances()[instance];
        if row.market != Market::Spot || row.terminated_at.is_some() || row.reclaimed_at.is_some() {
            return;
        }
        let group = row.group;
        let reclaimed_at = self.sim.now + Span::from_ms(u64::from(after));
        self.emit(Fact::SpotInterruptionNoticed { instance, reclaimed_at });
        self.sim.schedule(reclaimed_at, Event::SpotReclaim(instance));
        let model = Arc::clone(&self.sim.model);
        let agent = group.is_some_and(|id| model.capacity.group(&self.sim.cluster.groups()[id]).spot_draining);
        if agent || self.sim.is_drained_by_ecs(instance) {
            let key = self.sim.instance_key(instance);
            let mut stream = self.sim.streams.stream(purposes::SPOT_DRAIN, key);
            let wait = model.fleet.spot_drain_delay.sample_span(&mut stream);
            self.sim.schedule(self.sim.now + wait, Event::SpotDrain(instance));
        }
    }

    /// The agent, or ECS, has seen the notice.
    pub(crate) fn spot_drain(&mut self, instance: InstanceId) {
        if self.sim.cluster.instances()[instance].terminated_at.is_none() {
            self.drain_instance(instance);
        }
    }

    /// The notice has run out.
    pub(crate) fn spot_reclaim(&mut self, instance: InstanceId) {
        self.shut_down(instance, ecsim_cluster::fact::TerminationReason::SpotInterruption);
    }

    /// `EC2 Instance Rebalance Recommendation`.
    pub(crate) fn recommend(&mut self, instance: InstanceId) {
        let row = &self.sim.cluster.instances()[instance];
        if row.market == Market::Spot && row.terminated_at.is_none() && !row.rebalance_recommended {
            self.emit(Fact::RebalanceRecommended { instance });
        }
    }

    fn set_spot_limit(&mut self, pool: PoolId, available: u32) {
        self.emit(Fact::PoolCapacityChanged {
            pool,
            market: Some(Market::Spot),
            available: available > 0,
            limit: Some(available),
        });
    }

    /// Puts the next row of a recorded availability on the calendar: first, where it takes something away, the notice.
    fn plan_trace(&mut self, pool: PoolId) {
        let model = Arc::clone(&self.sim.model);
        let SpotProcess::Trace(rows) = &model.fleet.spot[pool] else { return };
        let fate = self.sim.spot.pools[pool];
        let Some((at, _)) = usize::try_from(fate.next).ok().and_then(|row| rows.get(row)) else { return };
        let notice = model.fleet.spot_notice;
        let early = SimTime::from_ms(at.ms().saturating_sub(notice.ms())).max(self.sim.now);
        let due = if fate.down { *at } else { early };
        self.sim.schedule(due, Event::SpotTrace(pool));
    }

    /// A row of a recorded availability: two minutes before it those who must go are told, and then it holds. The record
    /// says when instances were gone, so that is when they go; who lived for less than the notice had less of it.
    pub(crate) fn spot_trace(&mut self, pool: PoolId) {
        let model = Arc::clone(&self.sim.model);
        let SpotProcess::Trace(rows) = &model.fleet.spot[pool] else { return };
        let fate = self.sim.spot.pools[pool];
        let Some((at, available)) = usize::try_from(fate.next).ok().and_then(|row| rows.get(row)) else { return };
        let running = self.sim.spot_instances(pool);
        let left = at.ms().saturating_sub(self.sim.now.ms());
        // The newest go first: the record does not say who it was.
        for instance in running.into_iter().skip(*available as usize).collect::<Vec<_>>().into_iter().rev() {
            self.spot_notice(instance, u32::try_from(left).unwrap_or(u32::MAX));
        }
        if !fate.down && self.sim.now < *at {
            self.sim.spot.pools[pool].down = true;
        } else {
            self.set_spot_limit(pool, *available);
            self.sim.spot.pools[pool].next += 1;
            self.sim.spot.pools[pool].down = false;
        }
        self.plan_trace(pool);
    }

    /// The daily step of a Spot price (SPT-013).
    pub(crate) fn spot_price(&mut self, pool: PoolId) {
        let model = Arc::clone(&self.sim.model);
        let Some(walk) = model.fleet.spot_price_walk else { return };
        let spec = &model.capacity.pools[pool];
        let now = self.sim.cluster.pool(pool).spot_nano_dollars;
        let key = self.sim.pool_key(pool).with(self.sim.now.ms() / Span::from_days(1).ms());
        let mut stream = self.sim.streams.stream(purposes::SPOT_PRICE, key);
        let ceiling = if spec.on_demand_nano_dollars == 0 { u64::MAX } else { spec.on_demand_nano_dollars };
        let nano_dollars = walk.next(now, spec.spot_nano_dollars, ceiling, &mut stream);
        if nano_dollars != now {
            self.emit(Fact::SpotPriceChanged { pool, nano_dollars });
        }
        self.sim.schedule(self.sim.now + Span::from_days(1), Event::SpotPrice(pool));
    }
}
