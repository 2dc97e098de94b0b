//! One placement by the index: which lanes can hold the best instance, the best in each, and the choice among equals.

use core::cell::Cell;
use core::ops::ControlFlow;

use ecsim_cluster::{GpuNeed, Instance, InstanceId, Port};
use ecsim_kernel::Stream;

use super::PlacementIndex;
use super::forest::{Entry, Need, Slots, group_bit};
use super::notes::Group;
use super::pools::{NO_POOL, Pools, is_static};
use super::shelf::{Lane, Order, Shelf};
use crate::View;
use crate::placement::constraints::{self, Constraint};
use crate::placement::daemons::Daemons;
use crate::placement::request::Request;
use crate::placement::select::{self, Ties};
use crate::placement::strategies::{BinpackResource, Key, MAX_STRATEGIES, SpreadField, Strategy};

/// Draws of a slot before it is tried to list the tied instances: enough where most of those with room are tied.
const FIRST_DRAWS: u32 = if cfg!(test) { 2 } else { 8 };
/// Listing stops at so many instances: where there are more, a few hundred draws are cheaper.
const LIST: usize = if cfg!(test) { 3 } else { 64 };
/// Draws of a slot before the tied instances are listed, however many they are. A draw costs a few nanoseconds, and so
/// does listing one instance: that many draws are worth it where up to so many must be passed over for one that is tied.
const SLOT_DRAWS: u32 = if cfg!(test) { 4 } else { 256 };
/// What a look at an instance's row costs, in looks at entries: the row is somewhere in memory.
const ROW_COST: u64 = 16;
/// Draws in a run of equals before it is listed.
const RUN_DRAWS: u32 = if cfg!(test) { 2 } else { 32 };
/// A run of up to so many is listed at once where not all of it is tied.
const FEW: u64 = if cfg!(test) { 2 } else { 24 };

/// Memory that queries use again and again.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    /// By pool: whether it is admitted, and the keys that are the same for all its instances.
    pools: Vec<Option<Key>>,
    /// Lanes that may hold the best instance, with the least key that it can have there.
    candidates: Vec<(Key, u32)>,
    /// Tied lanes, each with the key of an entry that is tied.
    lanes: Vec<(u32, u64)>,
    /// The places to draw from in each of them.
    slots: Vec<Slots>,
    /// Tied instances that are not drawn from lanes.
    instances: Vec<InstanceId>,
}

/// What a request asks beyond what lanes tell.
struct Filter<'a> {
    view: &'a View<'a>,
    request: &'a Request<'a>,
    ports: &'a [Port],
    /// Whether some constraint looks at what changes during a run.
    is_dynamic: bool,
    /// Where the shelf's instances may hold tasks of the group, which those looked for must not: the group's bit.
    without_group: Option<u64>,
    /// Whether no two groups share a bit.
    bits_are_exact: bool,
    /// What visits in vain for that have cost.
    waste: Cell<u64>,
}

impl Filter<'_> {
    /// Whether every fit of a lane is a candidate.
    fn is_open(&self) -> bool {
        self.ports.is_empty() && !self.is_dynamic && self.without_group.is_none()
    }

    fn row(&self, instance: u32) -> &Instance {
        &self.view.cluster.instances()[InstanceId::new(instance)]
    }

    #[inline]
    fn admits(&self, entry: &Entry) -> bool {
        if self.without_group.is_some_and(|bit| entry.groups & bit != 0) && self.holds_group(entry) {
            return false;
        }
        self.ports.is_empty() && !self.is_dynamic || self.admits_row(self.row(entry.instance))
    }

    /// Whether an instance that has the bit of the group has a task of it.
    fn holds_group(&self, entry: &Entry) -> bool {
        let holds = self.bits_are_exact || self.row(entry.instance).live_tasks_of(self.request.group) > 0;
        let cost = if self.bits_are_exact { 1 } else { ROW_COST };
        self.waste.set(self.waste.get() + cost);
        holds
    }

    fn admits_row(&self, row: &Instance) -> bool {
        let definitions = self.view.cluster.definitions();
        row.ports.can_add(self.ports, definitions.max_reserved_ports)
            && (!self.is_dynamic
                || self.view.placements[self.request.placement].constraints.iter().all(|constraint| match constraint {
                    Constraint::MemberOf(expression) if !is_static(expression) => {
                        constraints::member_of_holds(constraint, definitions, row)
                    }
                    _ => true,
                }))
    }
}

/// The distinct resources that the chain packs by, in order.
fn packed(chain: &[Strategy]) -> (Option<BinpackResource>, bool) {
    let mut packs = chain.iter().filter_map(|strategy| match strategy {
        Strategy::Binpack(resource) => Some(*resource),
        _ => None,
    });
    let first = packs.next();
    (first, packs.any(|other| Some(other) != first))
}

/// The order that serves a chain.
fn order(chain: &[Strategy], random: bool) -> Order {
    match (packed(chain), random) {
        ((None, _), false) => Order::Rank,
        ((None, _), true) => Order::Roominess,
        ((Some(BinpackResource::Memory), false), false) => Order::Memory,
        ((Some(BinpackResource::Cpu), false), false) => Order::Cpu,
        // With random ties the second resource may stand in for the rank: fits with equal keys are then neighbours.
        ((Some(BinpackResource::Memory), _), _) => Order::MemoryCpu,
        ((Some(BinpackResource::Cpu), _), _) => Order::CpuMemory,
    }
}

/// The best found so far.
struct Best {
    key: Option<Key>,
    /// In `fixed` mode: who, by rank.
    first: (u32, u32),
}

/// Where a query looks.
struct Search<'a> {
    scratch: &'a mut Scratch,
    shelf: &'a Shelf,
    pools: &'a Pools,
    daemons: &'a Daemons,
    ranks: &'a [u32],
}

/// A request and what is known for it.
struct Query<'a> {
    chain: &'a [Strategy],
    request: &'a Request<'a>,
    filter: Filter<'a>,
    order: Order,
    random: bool,
    /// Whether only instances without tasks of the group are looked for.
    distinct: bool,
}

/// Answers a request whose chain has no strategy of the user's own.
pub(super) fn run(
    index: &mut PlacementIndex,
    view: &View<'_>,
    request: &Request<'_>,
    chain: &[Strategy],
    ties: Ties<'_>,
) -> Option<InstanceId> {
    let random = matches!(ties, Ties::Random(_));
    let constraints = &view.placements[request.placement].constraints;
    let distinct = constraints.iter().any(|constraint| matches!(constraint, Constraint::DistinctInstance));
    let spreads = chain.iter().any(|strategy| matches!(strategy, Strategy::Spread(SpreadField::Instance)));
    let order = order(chain, random);
    let counted = (distinct || spreads).then_some(request.group);
    // A group without tasks is like no group.
    let counted = counted.filter(|group| !index.group(*group).hosts.is_empty());
    let (shelf, is_own) = index.shelf(view, order, counted);
    let mut scratch = core::mem::take(&mut index.scratch);

    index.group(request.group);
    let group = &mut index.groups[request.group.index()];
    admit_pools(&mut scratch.pools, &mut index.pools, group, view, request, chain);

    let ports = &view.cluster.definitions().task_definitions[request.definition].ports;
    let is_dynamic = constraints.iter().any(|constraint| match constraint {
        Constraint::MemberOf(expression) => !is_static(expression),
        Constraint::DistinctInstance => false,
    });
    let without_group = counted.filter(|_| !is_own).map(group_bit);
    let bits_are_exact = view.cluster.definitions().groups.len() <= 64;
    let filter = Filter { view, request, ports, is_dynamic, without_group, bits_are_exact, waste: Cell::new(0) };
    let query = Query { chain, request, filter, order, random, distinct };

    let shelf = &index.shelves[shelf];
    query.list_candidates(&mut scratch, shelf, &index.pools);
    let hosts = (without_group.is_some() && !distinct).then_some(&*group);
    let mut search =
        Search { scratch: &mut scratch, shelf, pools: &index.pools, daemons: &index.daemons, ranks: &index.ranks };
    let chosen = match ties {
        Ties::Fixed => query.find_best(&mut search, hosts, None),
        Ties::Random(stream) => query.find_best(&mut search, hosts, Some(stream)),
    };
    group.waste += query.filter.waste.get();
    index.scratch = scratch;
    chosen
}

/// Writes down for each pool whether the request admits it, and its keys for `spread` over attributes.
fn admit_pools(
    by_pool: &mut Vec<Option<Key>>,
    pools: &mut Pools,
    group: &mut Group,
    view: &View<'_>,
    request: &Request<'_>,
    chain: &[Strategy],
) {
    let mut counters = [None; MAX_STRATEGIES];
    for (counter, strategy) in counters.iter_mut().zip(chain) {
        if let Strategy::Spread(SpreadField::Attribute(attribute)) = strategy {
            *counter = Some((*attribute, group.counter(view.cluster, *attribute)));
        }
    }
    by_pool.clear();
    pools.admitted(view, request, |number, pool| {
        let mut key = Key::default();
        for (key, counter) in key.iter_mut().zip(counters) {
            if let Some((attribute, counter)) = counter {
                *key = group.key(counter, pool.exemplar.attribute(attribute));
            }
        }
        by_pool.resize(number as usize + 1, None);
        by_pool[number as usize] = Some(key);
    });
}

impl Query<'_> {
    /// The keys of an instance in a pool.
    fn key(&self, of_pool: &Key, count: u32, cpu: u32, memory: u32) -> Key {
        let mut key = *of_pool;
        for (key, strategy) in key.iter_mut().zip(self.chain) {
            match strategy {
                Strategy::Spread(SpreadField::Instance) => *key = u64::from(count),
                Strategy::Binpack(BinpackResource::Cpu) => *key = u64::from(cpu),
                Strategy::Binpack(BinpackResource::Memory) => *key = u64::from(memory),
                _ => {}
            }
        }
        key
    }

    /// The lanes with GPUs and a network interface left, in pools that are admitted.
    fn list_candidates(&self, scratch: &mut Scratch, shelf: &Shelf, pools: &Pools) {
        let need = self.request.requirements;
        scratch.candidates.clear();
        for (number, lane) in shelf.lanes.iter().enumerate() {
            let Some(Some(of_pool)) = scratch.pools.get(lane.key.pool as usize) else { continue };
            let gpus = match need.gpus {
                GpuNeed::Count(count) => count,
                GpuNeed::All => need.on(pools.row(lane.key.pool).registered).gpus,
            };
            let skip = lane.tree.size() == 0
                || gpus > lane.key.gpus
                || need.eni && !lane.key.eni
                || self.distinct && lane.key.count > 0;
            if !skip {
                scratch.candidates.push((self.key(of_pool, lane.key.count, need.cpu, need.memory), number as u32));
            }
        }
    }

    fn need(&self, lane: &Lane) -> Need {
        Need::new(lane.tree.scale(), self.request.requirements.cpu, self.request.requirements.memory)
    }

    fn least_key(&self, lane: &Lane) -> u64 {
        self.order.key(lane.tree.scale(), self.request.requirements.cpu, self.request.requirements.memory)
    }

    /// The best instance, or one of the best.
    ///
    /// Lanes are taken up level by level, those that can have the least keys first, until no other can be as good.
    fn find_best(
        &self,
        search: &mut Search<'_>,
        hosts: Option<&Group>,
        mut stream: Option<&mut Stream>,
    ) -> Option<InstanceId> {
        let mut best = Best { key: None, first: (u32::MAX, 0) };
        search.scratch.lanes.clear();
        search.scratch.instances.clear();
        // Instances that hold tasks of the group are a level of their own: what they can have at best.
        let need = self.request.requirements;
        let hosts = hosts.and_then(|group| {
            let of_pools = search.scratch.pools.iter().flatten();
            let keys = of_pools.map(|of_pool| self.key(of_pool, 1, need.cpu, need.memory));
            keys.min().map(|bound| (bound, group))
        });
        let mut done: Option<Key> = None;
        loop {
            let bounds = search.scratch.candidates.iter().map(|(bound, _)| *bound);
            let bounds = bounds.chain(hosts.map(|(bound, _)| bound));
            let level = bounds.filter(|bound| done.is_none_or(|done| *bound > done)).min();
            let Some(level) = level.filter(|level| best.key.is_none_or(|best| *level <= best)) else { break };
            if let Some(stream) = &mut stream
                && self.order == Order::Roominess
            {
                // Without binpack a level is exact: whoever is found in it is among the best, and nobody else is, for
                // instances that hold tasks of the group never share a level with those that do not.
                let found = self.draw_from_level(search, level, stream);
                if found.is_some() {
                    return found;
                }
            } else {
                for at in 0..search.scratch.candidates.len() {
                    let (bound, number) = search.scratch.candidates[at];
                    if bound == level {
                        self.try_lane(&mut best, search, number);
                    }
                }
            }
            if let Some((bound, group)) = hosts
                && bound == level
            {
                self.try_hosts(&mut best, search, group);
            }
            done = Some(level);
        }
        best.key?;
        match stream {
            None => Some(InstanceId::new(best.first.1)),
            Some(stream) => self.draw_from_run(search, stream).or_else(|| self.draw_listed(search, stream, usize::MAX)),
        }
    }

    /// The first fit of a lane is its best.
    fn try_lane(&self, best: &mut Best, search: &mut Search<'_>, number: u32) {
        let shelf = search.shelf;
        let lane = &shelf.lanes[number as usize];
        let (need, from) = (self.need(lane), self.least_key(lane));
        let visit = |entry: &Entry| {
            if self.filter.admits(entry) { ControlFlow::Break(*entry) } else { ControlFlow::Continue(()) }
        };
        let Some(entry) = shelf.forest.walk(&lane.tree, &need, from, u64::MAX, visit) else { return };
        let of_pool = search.scratch.pools[lane.key.pool as usize].unwrap_or_default();
        let key = self.key(&of_pool, lane.key.count, entry.cpu, entry.memory);
        if self.offer(best, search.scratch, key, entry.tie, entry.instance) {
            search.scratch.lanes.push((number, entry.key));
        }
    }

    fn try_hosts(&self, best: &mut Best, search: &mut Search<'_>, group: &Group) {
        self.filter.waste.set(self.filter.waste.get() + ROW_COST * group.hosts.len() as u64);
        let view = self.filter.view;
        for (instance, live) in &group.hosts {
            let row = &view.cluster.instances()[*instance];
            let pool = search.pools.of(instance.index());
            if !row.can_receive() || pool == NO_POOL {
                continue;
            }
            let Some(Some(of_pool)) = search.scratch.pools.get(pool as usize) else { continue };
            let room = search.daemons.room(view, row);
            if room.holds(self.request.requirements.on(row.registered)) && self.filter.admits_row(row) {
                let key = self.key(of_pool, *live, room.cpu, room.memory);
                if self.offer(best, search.scratch, key, search.ranks[instance.index()], instance.get()) {
                    search.scratch.instances.push(*instance);
                }
            }
        }
    }

    /// Takes note of a candidate; whether it is among the best so far.
    fn offer(&self, best: &mut Best, scratch: &mut Scratch, key: Key, tie: u32, instance: u32) -> bool {
        if best.key.is_some_and(|best| key > best) {
            return false;
        }
        if best.key != Some(key) {
            *best = Best { key: Some(key), first: (u32::MAX, 0) };
            scratch.lanes.clear();
            scratch.instances.clear();
        }
        best.first = best.first.min((tie, instance));
        self.random
    }

    /// An even draw from all candidates in the lanes of a level, if there are any.
    ///
    /// First by luck: slots are drawn in the hope that a candidate stands there. Most often it is quickly found; where
    /// candidates are few they are listed; where they are neither, luck gets a longer try.
    fn draw_from_level(&self, search: &mut Search<'_>, level: Key, stream: &mut Stream) -> Option<InstanceId> {
        let shelf = search.shelf;
        let scratch = &mut *search.scratch;
        scratch.lanes.clear();
        scratch.slots.clear();
        let loose = core::mem::take(&mut scratch.instances);
        let need = self.request.requirements;
        for (bound, number) in &scratch.candidates {
            let lane = &shelf.lanes[*number as usize];
            if *bound == level && shelf.forest.may_hold(&lane.tree, &self.need(lane)) {
                scratch.lanes.push((*number, 0));
                scratch.slots.push(shelf.forest.slots(&lane.tree, self.least_key(lane)));
            }
        }
        let found = if scratch.lanes.is_empty() {
            None
        } else {
            self.draw_slot(search, need.cpu, need.memory, stream, FIRST_DRAWS).or_else(|| {
                match self.draw_listed(search, stream, LIST) {
                    Some(found) => Some(found),
                    None if search.scratch.instances.is_empty() => None,
                    None => self.draw_slot(search, need.cpu, need.memory, stream, SLOT_DRAWS).or_else(|| {
                        search.scratch.instances.clear();
                        self.draw_listed(search, stream, usize::MAX)
                    }),
                }
            })
        };
        search.scratch.instances = loose;
        search.scratch.lanes.clear();
        found
    }

    /// Adds the tied instances of the lanes to the list of those that are tied and draws one. Where there are more than
    /// `limit` it gives up, with the list begun.
    fn draw_listed(&self, search: &mut Search<'_>, stream: &mut Stream, limit: usize) -> Option<InstanceId> {
        let Scratch { lanes, instances: tied, .. } = &mut *search.scratch;
        for (number, key) in &*lanes {
            let lane = &search.shelf.lanes[*number as usize];
            let (from, below) = self.run(lane, *key);
            let is_full = search.shelf.forest.walk(&lane.tree, &self.need(lane), from, below, |entry| {
                if !self.filter.admits(entry) {
                    return ControlFlow::Continue(());
                }
                tied.push(InstanceId::new(entry.instance));
                if tied.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if is_full.is_some() {
                return None;
            }
        }
        select::one(self.filter.view.cluster, tied, Ties::Random(stream))
    }

    /// The keys of the tied entries of a lane, given that of one of them.
    fn run(&self, lane: &Lane, tied: u64) -> (u64, u64) {
        match (self.order, packed(self.chain)) {
            (Order::Roominess | Order::Rank, _) => (self.least_key(lane), u64::MAX),
            (_, (_, true)) => (tied, tied + 1),
            _ => {
                // Equal in the first resource; ordered by the second, of which they need so much.
                let (high, low) = (tied >> 32, self.least_key(lane) & u64::from(u32::MAX));
                (high << 32 | low, (high + 1) << 32)
            }
        }
    }

    /// Draws from all places in which a tied entry may stand, so many times at most.
    fn draw_slot(
        &self,
        search: &Search<'_>,
        cpu: u32,
        memory: u32,
        stream: &mut Stream,
        draws: u32,
    ) -> Option<InstanceId> {
        let (scratch, shelf) = (&*search.scratch, search.shelf);
        let total: u64 = scratch.slots.iter().map(|slots| slots.count).sum();
        for _ in 0..if total > 0 { draws } else { 0 } {
            let mut at = stream.below(total);
            for ((number, _), slots) in scratch.lanes.iter().zip(&scratch.slots) {
                if at >= slots.count {
                    at -= slots.count;
                    continue;
                }
                let entry = shelf.forest.slot(&shelf.lanes[*number as usize].tree, *slots, at);
                let fits = |entry: &&Entry| entry.cpu >= cpu && entry.memory >= memory;
                if let Some(entry) = entry.filter(fits)
                    && self.filter.admits(entry)
                {
                    return Some(InstanceId::new(entry.instance));
                }
                break;
            }
        }
        None
    }

    /// Draws from entries with equal keys, which stand together.
    fn draw_from_run(&self, search: &Search<'_>, stream: &mut Stream) -> Option<InstanceId> {
        let (scratch, shelf) = (&*search.scratch, search.shelf);
        let loose = scratch.instances.len() as u64;
        let ranks = |number: u32, tied: u64| {
            let lane = &shelf.lanes[number as usize];
            let (from, below) = self.run(lane, tied);
            (shelf.forest.rank(&lane.tree, (from, 0)), shelf.forest.rank(&lane.tree, (below, 0)))
        };
        let runs = scratch.lanes.iter().map(|(number, tied)| ranks(*number, *tied));
        let total = runs.map(|(first, end)| u64::from(end - first)).sum::<u64>() + loose;
        let draws = match total {
            _ if self.filter.is_open() => 1,
            0..=FEW => 0,
            _ => RUN_DRAWS,
        };
        for _ in 0..draws {
            let mut at = stream.below(total);
            if at < loose {
                return Some(scratch.instances[at as usize]);
            }
            at -= loose;
            for (number, tied) in &scratch.lanes {
                let (first, end) = ranks(*number, *tied);
                let count = u64::from(end - first);
                if at >= count {
                    at -= count;
                    continue;
                }
                let lane = &shelf.lanes[*number as usize];
                let entry = shelf.forest.nth(&lane.tree, first + at as u32)?;
                if self.filter.admits(entry) {
                    return Some(InstanceId::new(entry.instance));
                }
                break;
            }
        }
        None
    }
}
