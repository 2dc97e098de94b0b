//! Which task goes first when a service has too many: the strategy chain backwards, one victim at a time.
//!
//! *What it does.* [`Victims`] holds the tasks that may be stopped and gives them out one by one, best victim first:
//! first by [`Class`], then by the chain in reverse, then by the tie-break. Counts and remaining resources are those
//! after every stop and start so far.
//!
//! *What AWS documents.* Without a strategy the zone with most tasks, there the instance with most (PLC-071); with
//! one, what keeps the rest best (PLC-072); inside a zone at random where only the zone is named (PLC-073); never a
//! protected task (PLC-075); not-yet-running and unhealthy ones first (PLC-076). The exact chain and ties are ours.
//!
//! *What we left out.* A strategy of the library's user has no say in scale-in: its tasks tie. Instances without the
//! attribute of a `spread` share one bucket like any other.
//!
//! *How we know it is right.* PX-20, PX-21, a test per rule, and a comparison with the definition on random layouts.
//!
//! Tasks of one instance, class and size are equal to every strategy: a *cell*. Cells whose attributes are alike stand in
//! one *group*, so all keys that a stop elsewhere can change are the group's, and inside a group cells stay sorted.
//! A stop then costs a look at each group, not at each task.

use std::collections::{BTreeMap, BTreeSet};

use ecsim_cluster::{AttributeId, GroupId, Instance, InstanceId, Resources, ServiceId, TaskId, ValueId};
use ecsim_kernel::Key;

use super::homeless::Homeless;
use crate::placement::strategies::{BinpackResource, MAX_STRATEGIES, SpreadField, Strategy, effective};
use crate::purposes;
use crate::settings::TieBreak;
use crate::view::View;

/// What is looked at before any strategy: smaller ones go first (PLC-076; for drains and deployments DEP-012 d).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Has not reached RUNNING.
    NotRunning,
    /// RUNNING and unhealthy.
    Unhealthy,
    /// RUNNING and not yet healthy; only where stopping healthy tasks is limited by a floor.
    NotYetHealthy,
    /// All others.
    Rest,
}

/// One strategy of the chain, as far as it ranks victims. All keys are "greatest goes first".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Component {
    /// The fullest bucket: the number of the attribute among the shared ones. The same for a whole group.
    Bucket(usize),
    /// The instance with most tasks of the service.
    Instance,
    /// The instance with most CPU left after the stop.
    Cpu,
    /// The instance with most memory left after the stop.
    Memory,
}

/// The values of the strategies that look at the instance alone, in the order of the chain.
type LocalKey = [u64; MAX_STRATEGIES];

/// Live tasks of the service by the value of one attribute.
#[derive(Clone, Debug)]
struct Buckets {
    attribute: AttributeId,
    numbers: BTreeMap<Option<Option<ValueId>>, usize>,
    counts: Vec<u64>,
}

impl Buckets {
    fn number(&mut self, instance: &Instance) -> usize {
        let next = self.counts.len();
        let number = *self.numbers.entry(instance.attribute(self.attribute)).or_insert(next);
        if number == next {
            self.counts.push(0);
        }
        number
    }
}

/// What is known of an instance that holds tasks of the service.
#[derive(Clone, Debug)]
struct Place {
    /// Its bucket for each shared attribute.
    buckets: Vec<usize>,
    /// Live tasks of the service that were counted into them.
    live: u32,
    /// Its cells.
    cells: Vec<usize>,
}

/// Tasks of one instance, class and size.
#[derive(Clone, Debug)]
struct Cell {
    group: usize,
    instance: InstanceId,
    class: Class,
    reserved: Resources,
    key: LocalKey,
    /// Ascending, so the newest is the last: ids are given in the order of creation (PLC-074).
    tasks: Vec<TaskId>,
}

/// Cells that agree in class and all shared attributes, sorted by local key, then newest task.
#[derive(Clone, Debug)]
struct Group {
    class: Class,
    buckets: Vec<usize>,
    cells: BTreeSet<(LocalKey, TaskId, usize)>,
}

/// The tasks that may be stopped, best victim first.
#[derive(Clone, Debug)]
pub struct Victims {
    service: ServiceId,
    task_group: GroupId,
    chain: Vec<Component>,
    shared: Vec<Buckets>,
    places: BTreeMap<InstanceId, Place>,
    cells: Vec<Cell>,
    groups: Vec<Group>,
    homeless: Homeless,
    left: usize,
}

impl Victims {
    /// `candidates` are the tasks that may be stopped, ascending; all live tasks of the service count in buckets.
    #[must_use]
    pub fn new(view: &View<'_>, service: ServiceId, candidates: impl IntoIterator<Item = (TaskId, Class)>) -> Self {
        let row = &view.cluster.services()[service];
        let mut victims = Self {
            service,
            task_group: row.group,
            chain: Vec::new(),
            shared: Vec::new(),
            places: BTreeMap::new(),
            cells: Vec::new(),
            groups: Vec::new(),
            homeless: Homeless::default(),
            left: 0,
        };
        for strategy in effective(&view.placements[row.placement].strategies) {
            match strategy {
                Strategy::Spread(SpreadField::Instance) => victims.chain.push(Component::Instance),
                Strategy::Spread(SpreadField::Attribute(attribute)) => {
                    victims.chain.push(Component::Bucket(victims.shared.len()));
                    let (numbers, counts) = (BTreeMap::new(), Vec::new());
                    victims.shared.push(Buckets { attribute: *attribute, numbers, counts });
                }
                Strategy::Binpack(BinpackResource::Cpu) => victims.chain.push(Component::Cpu),
                Strategy::Binpack(BinpackResource::Memory) => victims.chain.push(Component::Memory),
                // It ends the chain: what is left is tied (PLC-072), as it is when a task is placed.
                Strategy::Random => break,
                Strategy::Custom(_) => {}
            }
        }
        for task in &row.tasks {
            let task = view.cluster.task(*task);
            let Some(instance) = task.instance.filter(|_| task.is_live()) else { continue };
            if !victims.places.contains_key(&instance) {
                victims.place(view, instance);
            }
        }
        let mut groups: BTreeMap<(Class, Vec<usize>), usize> = BTreeMap::new();
        for (task, class) in candidates {
            victims.add(view, &mut groups, task, class);
        }
        for at in 0..victims.cells.len() {
            victims.sort_in(view, at);
        }
        victims
    }

    /// How many tasks may still be stopped.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.left
    }

    /// Whether no task may be stopped any more.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Counts the tasks of an instance into its buckets.
    fn place(&mut self, view: &View<'_>, id: InstanceId) {
        let instance = &view.cluster.instances()[id];
        let live = instance.live_tasks_of(self.task_group);
        let mut buckets = Vec::with_capacity(self.shared.len());
        for shared in &mut self.shared {
            let number = shared.number(instance);
            shared.counts[number] += u64::from(live);
            buckets.push(number);
        }
        self.places.insert(id, Place { buckets, live, cells: Vec::new() });
    }

    fn add(&mut self, view: &View<'_>, groups: &mut BTreeMap<(Class, Vec<usize>), usize>, task: TaskId, class: Class) {
        let row = view.cluster.task(task);
        let Some(instance) = row.instance else {
            self.left += 1;
            self.homeless.add(view, row, class);
            return;
        };
        let place = self.places.get_mut(&instance).expect("a victim is live, so its instance was counted");
        self.left += 1;
        let known = place.cells.iter().find(|at| {
            let cell = &self.cells[**at];
            (cell.class, cell.reserved) == (class, row.reserved)
        });
        if let Some(at) = known {
            self.cells[*at].tasks.push(task);
            return;
        }
        let group = *groups.entry((class, place.buckets.clone())).or_insert_with(|| {
            self.groups.push(Group { class, buckets: place.buckets.clone(), cells: BTreeSet::new() });
            self.groups.len() - 1
        });
        place.cells.push(self.cells.len());
        self.cells.push(Cell {
            group,
            instance,
            class,
            reserved: row.reserved,
            key: LocalKey::default(),
            tasks: vec![task],
        });
    }

    /// Puts a cell where it belongs now.
    fn sort_in(&mut self, view: &View<'_>, at: usize) {
        let cell = &mut self.cells[at];
        let instance = &view.cluster.instances()[cell.instance];
        let mut key = LocalKey::default();
        for (value, component) in key.iter_mut().zip(&self.chain) {
            *value = match component {
                // The group's: see `Victims::key`.
                Component::Bucket(_) => 0,
                Component::Instance => u64::from(instance.live_tasks_of(self.task_group)),
                Component::Cpu => u64::from(instance.remaining.cpu) + u64::from(cell.reserved.cpu),
                Component::Memory => u64::from(instance.remaining.memory) + u64::from(cell.reserved.memory),
            };
        }
        cell.key = key;
        if let Some(newest) = cell.tasks.last() {
            self.groups[cell.group].cells.insert((key, *newest, at));
        }
    }

    fn take_out(&mut self, at: usize) {
        let cell = &self.cells[at];
        if let Some(newest) = cell.tasks.last() {
            self.groups[cell.group].cells.remove(&(cell.key, *newest, at));
        }
    }

    /// A task of the service was started or stopped on that instance: counts and remaining resources are new (PLC-070).
    pub fn changed(&mut self, view: &View<'_>, id: InstanceId) {
        let Some(place) = self.places.get_mut(&id) else {
            self.place(view, id);
            return;
        };
        let live = view.cluster.instances()[id].live_tasks_of(self.task_group);
        for (shared, number) in self.shared.iter_mut().zip(&place.buckets) {
            let count = &mut shared.counts[*number];
            *count = *count + u64::from(live) - u64::from(place.live);
        }
        place.live = live;
        for at in place.cells.clone() {
            self.take_out(at);
            self.sort_in(view, at);
        }
    }

    /// The whole key of a group's best cell: buckets from the group, the rest from the cell.
    fn key(&self, group: &Group, local: &LocalKey) -> LocalKey {
        let mut key = *local;
        for (value, component) in key.iter_mut().zip(&self.chain) {
            if let Component::Bucket(number) = component {
                *value = self.shared[*number].counts[group.buckets[*number]];
            }
        }
        key
    }

    /// The class of the next victim.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        let on_instances = self.groups.iter().filter(|group| !group.cells.is_empty()).map(|group| group.class).min();
        on_instances.into_iter().chain(self.homeless.class()).min()
    }

    /// Takes out the next victim. The caller stops it and then says [`Victims::changed`].
    pub fn next(&mut self, view: &View<'_>) -> Option<TaskId> {
        if let Some(class) = self.homeless.class()
            && Some(class) == self.class()
        {
            // No instance is emptied by it, and a task that waits for one costs nobody anything.
            self.left -= 1;
            return self.homeless.next(view, self.service);
        }
        let mut best: Option<(Class, LocalKey)> = None;
        let mut tied: Vec<(usize, LocalKey)> = Vec::new();
        for (at, group) in self.groups.iter().enumerate() {
            let Some((local, _, _)) = group.cells.last() else { continue };
            let key = self.key(group, local);
            let better = best.is_none_or(|(class, most)| group.class < class || group.class == class && key > most);
            if better {
                best = Some((group.class, key));
                tied.clear();
            }
            if best == Some((group.class, key)) {
                tied.push((at, *local));
            }
        }
        let cells = |(group, local): &(usize, LocalKey)| {
            self.groups[*group].cells.range((*local, TaskId::new(0), 0)..).map(|(_, newest, at)| (*newest, *at))
        };
        let (at, position) = if view.settings.placement_tie_break == TieBreak::Random {
            let total: usize = tied.iter().flat_map(&cells).map(|(_, at)| self.cells[at].tasks.len()).sum();
            if total == 0 {
                return None;
            }
            let row = &view.cluster.services()[self.service];
            let name = &view.cluster.definitions().services[self.service].name;
            let mut stream = view.streams.stream(purposes::SCALE_IN, Key::new(name, row.scheduler_stops));
            let mut drawn = usize::try_from(stream.below(total as u64)).expect("less than a usize");
            let mut walk = tied.iter().flat_map(&cells);
            loop {
                let (_, at) = walk.next().expect("fewer were drawn than there are");
                let here = self.cells[at].tasks.len();
                if drawn < here {
                    break (at, drawn);
                }
                drawn -= here;
            }
        } else {
            let (_, at) = tied.iter().flat_map(&cells).max()?;
            (at, self.cells[at].tasks.len() - 1)
        };
        self.take_out(at);
        let cell = &mut self.cells[at];
        let task = cell.tasks.remove(position);
        if let Some(newest) = cell.tasks.last() {
            self.groups[cell.group].cells.insert((cell.key, *newest, at));
        }
        self.left -= 1;
        Some(task)
    }
}
