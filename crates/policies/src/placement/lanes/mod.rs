//! The fast path of placement: the same answer as [`reference`](mod@super::reference) without looking at every instance.
//!
//! A *pool* is all instances that are alike in every static way that matters. A *lane* holds those of a pool that have
//! equally many GPUs left, and a network interface or none, and, where a chain counts by instance, equally many live
//! tasks of the group; in it instances stand in order of what `binpack` ranks by. Along a lane every AWS strategy is
//! constant but that one, so the first fit of a lane is its best, and the winner is the best of a handful of lanes.
//!
//! Facts are only noted down. A *shelf*, all lanes in one order, catches up at its next query, so what is never asked
//! for costs nothing. A group that has tasks on few instances needs no shelf of its own: instances without its tasks are
//! found on the shelf for everybody, and those with are tried one by one. When that has cost as much as a shelf would
//! have, the group gets one; after a while it is taken away again, to see whether it is still needed.
//!
//! What an instance's lane does not tell (host ports, constraints on what changes during a run) is checked while
//! walking. A strategy of the user's own, a daemon's own task where room is withheld for daemons, and whatever there is to
//! place where tasks share GPUs, go to the definition.

mod forest;
mod notes;
mod pools;
mod query;
mod shelf;

#[cfg(test)]
mod agreement;

use std::collections::BTreeMap;

use ecsim_cluster::definitions::SchedulingStrategy;
use ecsim_cluster::{
    Cluster, Fact, GroupId, Instance, InstanceId, InstanceLifecycle, InstanceStatus, PlacementId, ServiceId,
    ServiceStatus, TaskId, TaskStatus,
};

use super::daemons::Daemons;
use super::reference;
use super::request::Request;
use super::select::Ties;
use super::strategies::{self, Strategy};
use crate::View;
use notes::{Group, Log};
use pools::Pools;
use shelf::{Order, Shelf, Sources};

/// At most so many groups have a shelf of their own; then the one unused for longest goes.
const OWN_SHELVES: usize = if cfg!(test) { 3 } else { 32 };
/// What loading a shelf costs for each instance, in looks at entries: a group gets one of its own when its useless looks
/// have cost as much.
const LOAD_COST: u64 = if cfg!(test) { 1 } else { 50 };
/// What a shelf costs for each log entry, in looks at entries.
const UPKEEP_COST: u64 = if cfg!(test) { 1 } else { 50 };
/// After so many log entries for each instance a group has to do without its shelf again, in case it can.
const RETRY: u64 = 16;
/// So many useless looks never matter.
const IGNORED: u64 = if cfg!(test) { 8 } else { 1_000 };

/// An index over the instances of a cluster, kept by facts; forks with the simulation.
#[derive(Clone, Debug)]
pub struct PlacementIndex {
    log: Log,
    groups: Vec<Group>,
    /// Where tasks that are stopping run, whose stop will free something.
    stopping: BTreeMap<TaskId, InstanceId>,
    /// Instances whose pool must be looked up again.
    moved: Vec<InstanceId>,
    /// Instances that registered since the last query.
    joined: Vec<InstanceId>,
    /// The order of registration (PLC-022), as far as it is known.
    ranks: Vec<u32>,
    ranked: u32,
    last_ranked: (i64, InstanceId),
    /// How many instances there were at the last query that are not gone for good.
    present: u64,
    /// Whether a daemon service came, went or changed its constraints.
    daemons_changed: bool,
    daemons: Daemons,
    daemon_rules: Vec<(ServiceId, PlacementId)>,
    pools: Pools,
    /// How many placements the pools were made for; `None` before the first query.
    placements: Option<usize>,
    shelves: Vec<Shelf>,
    epoch: u32,
    scratch: query::Scratch,
}

/// Not registered yet.
const NO_RANK: u32 = u32::MAX;
/// Registered since the last query.
const JOINED: u32 = u32::MAX - 1;

impl PlacementIndex {
    /// The index of a cluster as it is.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        let mut index = Self {
            log: Log::default(),
            groups: vec![Group::default(); cluster.definitions().groups.len()],
            stopping: BTreeMap::new(),
            moved: Vec::new(),
            joined: Vec::new(),
            ranks: vec![NO_RANK; cluster.instances().len()],
            ranked: 0,
            last_ranked: (i64::MIN, InstanceId::new(0)),
            present: 0,
            daemons_changed: true,
            daemons: Daemons::default(),
            daemon_rules: Vec::new(),
            pools: Pools::default(),
            placements: None,
            shelves: Vec::new(),
            epoch: 0,
            scratch: query::Scratch::default(),
        };
        for instance in cluster.instances().values() {
            if instance.status != InstanceStatus::Absent {
                index.ranks[instance.id.index()] = JOINED;
                index.joined.push(instance.id);
            }
            for (group, live) in &instance.groups {
                index.group(*group).hosts.insert(instance.id, *live);
            }
        }
        for task in cluster.tasks().iter().filter(|task| !task.is_live()) {
            if let Some(instance) = task.instance {
                index.stopping.insert(task.id, instance);
            }
        }
        index
    }

    fn group(&mut self, group: GroupId) -> &mut Group {
        if self.groups.len() <= group.index() {
            self.groups.resize_with(group.index() + 1, Group::default);
        }
        &mut self.groups[group.index()]
    }

    /// Takes notice of a fact that the cluster has already taken into its books.
    pub fn observe(&mut self, cluster: &Cluster, fact: &Fact) {
        match *fact {
            Fact::TaskCreated { group, instance: Some(instance), .. } => {
                self.group(group).count(&cluster.instances()[instance], true);
                self.touch(instance);
            }
            Fact::TaskPlaced { task, instance, .. } => {
                let group = cluster.task(task).group;
                self.group(group).count(&cluster.instances()[instance], true);
                self.touch(instance);
            }
            Fact::TaskStopRequested { task, .. } => {
                let row = cluster.task(task);
                let Some(instance) = row.instance else { return };
                self.group(row.group).count(&cluster.instances()[instance], false);
                self.touch(instance);
                if row.reserved.enis > 0 || !cluster.definitions().release_at_desired_stopped {
                    self.stopping.insert(task, instance);
                }
            }
            Fact::InstanceLaunched { .. } => self.ranks.push(NO_RANK),
            Fact::InstanceLifecycleChanged { instance, to: InstanceLifecycle::Detached } => {
                // It belongs to no provider any more.
                self.moved.push(instance);
                self.touch(instance);
            }
            Fact::TaskStatusChanged { task, to: TaskStatus::Stopped } => {
                if let Some(instance) = self.stopping.remove(&task) {
                    self.touch(instance);
                }
            }
            Fact::InstanceStatusChanged { instance, to } => self.instance_status(&cluster.instances()[instance], to),
            Fact::AgentConnectionChanged { instance, .. } => self.touch(instance),
            Fact::AttributePut { instance, attribute, .. } | Fact::AttributeDeleted { instance, attribute } => {
                self.moved.push(instance);
                self.touch(instance);
                for group in &mut self.groups {
                    group.attribute_changed(attribute);
                }
            }
            // PLC-055: a daemon of another size withholds another room.
            Fact::ServiceStatusChanged { service, .. }
            | Fact::ServicePlacementChanged { service, .. }
            | Fact::DeploymentStarted { service, .. } => {
                self.daemons_changed |=
                    cluster.definitions().services[service].scheduling == SchedulingStrategy::Daemon;
            }
            _ => {}
        }
    }

    fn touch(&mut self, instance: InstanceId) {
        self.log.push(instance, self.ranks.len());
    }

    fn instance_status(&mut self, instance: &Instance, to: InstanceStatus) {
        if self.ranks[instance.id.index()] == NO_RANK {
            self.ranks[instance.id.index()] = JOINED;
            self.joined.push(instance.id);
        }
        if to == InstanceStatus::Inactive {
            for (group, live) in &instance.groups {
                self.group(*group).forget(instance, *live);
            }
        }
        self.moved.push(instance.id);
        self.touch(instance.id);
    }

    /// Where the task goes, or `None` where no instance will do: what [`reference::choose`] says, and with random ties
    /// an even draw from the same instances.
    pub fn choose(&mut self, view: &View<'_>, request: &Request<'_>, ties: Ties<'_>) -> Option<InstanceId> {
        self.sync(view);
        let chain = strategies::effective(&view.placements[request.placement].strategies);
        let is_own = chain.iter().any(|strategy| matches!(strategy, Strategy::Custom(_)));
        // What is left of each device of an instance is nothing that a lane tells.
        let shares = view.cluster.definitions().gpu_sharing.is_on();
        if is_own || shares || (request.is_daemon && !self.daemons.is_empty()) {
            return reference::choose(view, request, ties);
        }
        query::run(self, view, request, chain, ties)
    }

    /// Brings up to date what all shelves rest on.
    fn sync(&mut self, view: &View<'_>) {
        let instances = view.cluster.instances();
        self.present = view.cluster.present_count() as u64;
        if self.placements != Some(view.placements.len()) {
            self.placements = Some(view.placements.len());
            self.pools = Pools::new(view);
            self.moved.extend(view.cluster.present().map(|instance| instance.id));
            self.epoch += 1;
        }
        for instance in self.moved.drain(..) {
            self.pools.assign(view, &instances[instance]);
        }
        if !self.joined.is_empty() {
            self.rank(view);
        }
        if self.daemons_changed {
            self.daemons_changed = false;
            let services = view.cluster.services().values();
            let rules: Vec<(ServiceId, PlacementId)> = services
                .filter(|service| service.status == ServiceStatus::Active)
                .map(|service| (service.id, service.placement))
                .filter(|(id, _)| view.cluster.definitions().services[*id].scheduling == SchedulingStrategy::Daemon)
                .collect();
            if rules != self.daemon_rules {
                self.daemon_rules = rules;
                self.daemons = Daemons::of(view);
                self.epoch += 1;
            }
        }
    }

    /// Gives the instances that joined their rank in the order of registration; where one of them belongs in front of
    /// others, everybody gets a new one.
    fn rank(&mut self, view: &View<'_>) {
        let instances = view.cluster.instances();
        let mut joined: Vec<(i64, InstanceId)> =
            self.joined.drain(..).map(|instance| instances[instance].ordinal()).collect();
        joined.sort_unstable();
        if joined[0] < self.last_ranked {
            let all = view.cluster.present().filter(|instance| instance.status != InstanceStatus::Absent);
            joined = all.map(Instance::ordinal).collect();
            joined.sort_unstable();
            self.ranked = 0;
            self.epoch += 1;
        }
        for (_, instance) in &joined {
            self.ranks[instance.index()] = self.ranked;
            self.ranked += 1;
        }
        self.last_ranked = joined.last().copied().unwrap_or(self.last_ranked);
    }

    /// The number of the group's own shelf, if it has one or is worth one now.
    fn own_shelf(&mut self, order: Order, group: GroupId) -> Option<usize> {
        let instances = self.present;
        let end = self.log.end();
        let own = self.shelves.iter().position(|shelf| shelf.order == order && shelf.group == Some(group));
        let row = self.group(group);
        let upkeep = UPKEEP_COST * (end - row.last_query);
        row.last_query = end;
        if let Some(at) = own {
            let shelf = &self.shelves[at];
            if shelf.is_close(&self.log, self.epoch) && shelf.upkeep < RETRY * (instances + IGNORED) {
                return own;
            }
            // It was hardly used, or it is time to see whether it is still worth its upkeep.
            self.shelves.swap_remove(at);
            self.group(group).waste = 0;
            return None;
        }
        row.waste = row.waste.saturating_sub(upkeep);
        if row.waste < LOAD_COST * instances + IGNORED {
            return None;
        }
        row.waste = 0;
        let owned = self.shelves.iter().enumerate().filter(|(_, shelf)| shelf.group.is_some());
        if owned.clone().count() >= OWN_SHELVES
            && let Some((oldest, _)) = owned.min_by_key(|(_, shelf)| shelf.cursor)
        {
            self.shelves.swap_remove(oldest);
        }
        self.shelves.push(Shelf::new(order, Some(group)));
        Some(self.shelves.len() - 1)
    }

    /// The number of the shelf in that order that serves requests of the group, up to date, and whether its lanes tell
    /// how many tasks of the group an instance holds.
    fn shelf(&mut self, view: &View<'_>, order: Order, group: Option<GroupId>) -> (usize, bool) {
        let own = group.and_then(|group| self.own_shelf(order, group));
        let at = own.or_else(|| self.shelves.iter().position(|shelf| shelf.order == order && shelf.group.is_none()));
        let at = at.unwrap_or_else(|| {
            self.shelves.push(Shelf::new(order, None));
            self.shelves.len() - 1
        });
        let sources =
            Sources { view, pools: &self.pools, daemons: &self.daemons, ranks: &self.ranks, epoch: self.epoch };
        self.shelves[at].catch_up(&self.log, &sources);
        (at, own.is_some())
    }
}
