//! All instances that can receive tasks, in lanes: one tree per kind of instance, so that along a lane every AWS
//! strategy is constant but the one the lane is ordered by.

use ecsim_cluster::{GroupId, InstanceId};

use super::forest::{Entry, Forest, Place, Scale, Tree, group_bit};
use super::notes::Log;
use super::pools::{NO_POOL, Pools};
use crate::View;
use crate::placement::daemons::Daemons;

/// What the lanes of a shelf are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The order of registration: for chains without `binpack`, in `fixed` mode.
    Rank,
    /// The lesser share of CPU and memory left: for chains without `binpack`, with random ties. Instances with room for
    /// a task stand together at the end.
    Roominess,
    /// Memory, then rank.
    Memory,
    /// Memory, then CPU.
    MemoryCpu,
    /// CPU, then rank.
    Cpu,
    /// CPU, then memory.
    CpuMemory,
}

impl Order {
    /// The key of an instance with so much left, or, for a need, the least key that can meet it.
    #[inline]
    pub(super) fn key(self, scale: Scale, cpu: u32, memory: u32) -> u64 {
        let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        match self {
            Self::Rank => 0,
            Self::Roominess => scale.roominess(cpu, memory),
            Self::Memory => pair(memory, 0),
            Self::MemoryCpu => pair(memory, cpu),
            Self::Cpu => pair(cpu, 0),
            Self::CpuMemory => pair(cpu, memory),
        }
    }
}

/// What the instances of a lane have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LaneKey {
    pub pool: u32,
    /// Live tasks of the shelf's group; 0 on a shelf for no group.
    pub count: u32,
    /// GPUs left.
    pub gpus: u16,
    /// Whether a task network interface is left.
    pub eni: bool,
}

/// Instances that differ only in CPU and memory left.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub key: LaneKey,
    pub tree: Tree,
}

/// Where an instance stands on the shelf.
#[derive(Clone, Copy, Debug)]
struct Stand {
    place: Place,
    lane: u32,
}

const NO_LANE: u32 = u32::MAX;
const NOWHERE: Stand = Stand { place: (0, 0), lane: NO_LANE };

/// What an entry is made from.
pub(super) struct Sources<'a> {
    pub view: &'a View<'a>,
    pub pools: &'a Pools,
    pub daemons: &'a Daemons,
    pub ranks: &'a [u32],
    /// Changes when everything must be made anew.
    pub epoch: u32,
}

/// An index of all instances in one order.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    pub order: Order,
    /// Whose live tasks tell lanes apart.
    pub group: Option<GroupId>,
    pub lanes: Vec<Lane>,
    pub forest: Forest,
    /// When it was last used, in log entries.
    pub cursor: u64,
    /// How many log entries it has taken in since it was made.
    pub upkeep: u64,
    epoch: u32,
    by_pool: Vec<Vec<u32>>,
    /// How many instances there were when it was loaded.
    loaded: u64,
    stands: Vec<Stand>,
}

impl Shelf {
    pub(super) fn new(order: Order, group: Option<GroupId>) -> Self {
        Self {
            order,
            group,
            lanes: Vec::new(),
            forest: Forest::default(),
            cursor: 0,
            upkeep: 0,
            epoch: u32::MAX,
            by_pool: Vec::new(),
            stands: Vec::new(),
            loaded: 0,
        }
    }

    /// Whether catching up costs less than loading anew.
    pub(super) fn is_close(&self, log: &Log, epoch: u32) -> bool {
        let limit = self.loaded / 2 + 64;
        self.epoch == epoch && log.lag(self.cursor).is_some_and(|lag| lag <= limit)
    }

    /// Takes in what happened since the last time.
    pub(super) fn catch_up(&mut self, log: &Log, sources: &Sources<'_>) {
        if !self.is_close(log, sources.epoch) {
            self.load(sources);
        } else {
            for at in self.cursor..log.end() {
                self.update(sources, log.entry(at));
            }
            self.upkeep += log.end() - self.cursor;
            if self.forest.is_sparse(self.lanes.len()) {
                self.load(sources);
            }
        }
        self.cursor = log.end();
    }

    fn load(&mut self, sources: &Sources<'_>) {
        self.epoch = sources.epoch;
        self.lanes.clear();
        self.by_pool.clear();
        self.forest.clear();
        let cluster = sources.view.cluster;
        self.loaded = cluster.present_count() as u64;
        self.stands.clear();
        self.stands.resize(cluster.instances().len(), NOWHERE);
        let mut entries: Vec<(u32, Entry)> = Vec::with_capacity(cluster.present_count());
        for instance in cluster.present().map(|instance| instance.id.get()) {
            if let Some((lane, entry)) = self.target(sources, instance) {
                self.stands[instance as usize] = Stand { place: entry.place(), lane };
                entries.push((lane, entry));
            }
        }
        entries.sort_unstable_by_key(|(lane, entry)| (*lane, entry.key, entry.tie));
        let mut load = Vec::new();
        for part in entries.chunk_by(|(one, _), (other, _)| one == other) {
            load.clear();
            load.extend(part.iter().map(|(_, entry)| *entry));
            self.forest.load(&mut self.lanes[part[0].0 as usize].tree, &load);
        }
    }

    fn update(&mut self, sources: &Sources<'_>, instance: u32) {
        let target = self.target(sources, instance);
        if self.stands.len() <= instance as usize {
            self.stands.resize(sources.view.cluster.instances().len(), NOWHERE);
        }
        let stand = self.stands[instance as usize];
        match target {
            Some((lane, entry)) if lane == stand.lane && entry.place() == stand.place => {
                self.forest.change(&mut self.lanes[lane as usize].tree, entry);
            }
            target => {
                if stand.lane != NO_LANE {
                    self.forest.remove(&mut self.lanes[stand.lane as usize].tree, stand.place);
                    self.stands[instance as usize].lane = NO_LANE;
                }
                if let Some((lane, entry)) = target {
                    self.forest.insert(&mut self.lanes[lane as usize].tree, entry);
                    self.stands[instance as usize] = Stand { place: entry.place(), lane };
                }
            }
        }
    }

    /// Where the instance should stand: nowhere if it cannot receive tasks (PLC-004).
    fn target(&mut self, sources: &Sources<'_>, instance: u32) -> Option<(u32, Entry)> {
        let row = &sources.view.cluster.instances()[InstanceId::new(instance)];
        let pool = sources.pools.of(instance as usize);
        if !row.can_receive() || pool == NO_POOL {
            return None;
        }
        let room = sources.daemons.room(sources.view, row);
        let (count, groups) = match self.group {
            Some(group) => (row.live_tasks_of(group), 0),
            None => (0, row.groups.iter().fold(0, |bits, (group, _)| bits | group_bit(*group))),
        };
        let lane = self.lane(sources.pools, LaneKey { pool, count, gpus: room.gpus, eni: room.enis > 0 });
        let scale = self.lanes[lane as usize].tree.scale();
        let (cpu, memory) = (room.cpu, room.memory);
        let tie = sources.ranks[instance as usize];
        Some((lane, Entry { key: self.order.key(scale, cpu, memory), tie, instance, cpu, memory, groups }))
    }

    fn lane(&mut self, pools: &Pools, key: LaneKey) -> u32 {
        let pool = key.pool as usize;
        if self.by_pool.len() <= pool {
            self.by_pool.resize_with(pool + 1, Vec::new);
        }
        if let Some(lane) = self.by_pool[pool].iter().find(|lane| self.lanes[**lane as usize].key == key) {
            return *lane;
        }
        let scale = Scale::new(pools.row(key.pool).registered);
        self.lanes.push(Lane { key, tree: Tree::new(scale) });
        let lane = (self.lanes.len() - 1) as u32;
        self.by_pool[pool].push(lane);
        lane
    }
}
