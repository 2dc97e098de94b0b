//! A provider of ECS Managed Instances as a control loop: it buys for tasks that wait, and gives up what is not needed
//! (CP-041, CP-042, CP-045 to CP-047).
//!
//! *What it does.* In this order, one command at a time: ends instances that are empty for long enough, emptied or too old;
//! buys the cheapest type that fits for the tasks that wait, the oldest first, after putting them on paper onto the
//! instances there are and those on their way; drains an instance whose tasks fit elsewhere.
//!
//! *What AWS documents.* The cheapest type that fits, task by task (CP-041); three zones before bin packing (CP-042);
//! `scaleInAfter` for idle and for underutilised instances, what is never consolidated (CP-045, CP-046); day 14 and day 21
//! (CP-047).
//!
//! *Where AWS leaves a choice.* Only services that want several tasks are spread; a zone without capacity is passed over.
//! After a launch that failed everywhere the loop waits as a group does (ASG-005). Instances are looked at for consolidation
//! when a task or an instance came or went, at most once a minute, and only while no task waits; one is emptied at a time;
//! no service loses a zone of its first three by it. An instance that loses its agent or its host holds nothing on paper.
//!
//! *What we left out.* The pilot task of CP-043: image tags are not resolved here. Reserved capacity and managed daemons
//! (CP-048). An instance whose host died goes once its tasks are gone and it is idle. Subnets of standalone tasks. That an
//! instance which came first gets the tasks of a service that were meant for other zones: placement is not this loop's.
//!
//! *How we know it is right.* `cp_041_` to `cp_047_` tests here and beside the arithmetic in [`super`].
//!
//! A turn looks at instances only if something is empty, waits, or changed since they were looked at.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ecsim_cluster::definitions::SchedulingStrategy;
use ecsim_cluster::fact::{LaunchFailure, TaskOrigin, TerminationReason};
use ecsim_cluster::{
    CapacityProvider, Command, GroupId, Instance, InstanceId, InstanceLifecycle, InstanceStatus, LaunchOptionId,
    Market, PlacementId, PoolId, ProviderId, ProviderStatus, Requirements, Resources, ServiceId, Task,
    TaskDefinitionId, TaskId, ZoneId,
};
use ecsim_kernel::{Key, SimTime, Span};

use super::{
    Consolidation, Offer, SPREAD_ZONES, ZoneForTask, cheapest, may_consolidate, renewal_drains_at, renewal_ends_at,
    zone_of_next_task,
};
use crate::capacity::auto_scaling_group::launch;
use crate::capacity::managed_scaling::controller::waiting_groups;
use crate::capacity::spec::{ManagedInstancesSpec, ProviderSpec};
use crate::placement::daemons::Daemons;
use crate::placement::{Request, reference};
use crate::purposes;
use crate::view::{Decision, View};

/// How often, at most, instances are looked at for consolidation.
const ANALYSIS_PERIOD: Span = Span::from_mins(1);

/// The control loop of one provider. Its memory is plain data.
#[derive(Clone, Debug)]
pub struct ManagedInstancesController {
    provider: ProviderId,
    /// What is left to do in this turn.
    todo: VecDeque<Command>,
    /// When what is missing is bought, and how often that was decided.
    launch_at: Option<SimTime>,
    launches: u64,
    /// No launch before this, after so many failures in a row (ASG-005).
    backoff: Option<SimTime>,
    failures: u32,
    /// Nothing is missing while this is true.
    supplied: Option<Stamp>,
    /// Instances that are being emptied, why, and since when.
    emptying: BTreeMap<InstanceId, (TerminationReason, SimTime)>,
    /// Instances that were asked to terminate and are not gone yet.
    leaving: BTreeSet<InstanceId>,
    /// Instances whose tasks fit elsewhere, those tasks, and since when.
    underused: BTreeMap<InstanceId, (Vec<TaskId>, SimTime)>,
    /// What was true when consolidation was last looked at, and when that was.
    analysed: Option<(Stamp, SimTime)>,
}

/// Changes whenever a task of the provider or an instance of it comes, goes or gets ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    waiting: (Option<TaskId>, Option<TaskId>, usize),
    tasks: u32,
    next_task: TaskId,
    launched: u32,
    capacity: u32,
    registered: u32,
    at_risk: u32,
    /// Of the whole cluster: agents that come and go, and DRAINING, are seen here.
    receiving: u32,
}

impl Stamp {
    fn of(view: &View<'_>, row: &CapacityProvider) -> Self {
        Self {
            waiting: (row.waiting.first().copied(), row.waiting.last().copied(), row.waiting.len()),
            tasks: row.tasks,
            next_task: view.cluster.tasks().next_id(),
            launched: row.launched,
            capacity: row.counts.capacity,
            registered: row.counts.registered,
            at_risk: row.counts.at_risk,
            receiving: view.cluster.totals().receiving_instances,
        }
    }
}

/// The earliest of several instants.
#[derive(Debug, Default)]
struct Wake(Option<SimTime>);

impl Wake {
    fn at(&mut self, at: SimTime) {
        self.0 = Some(self.0.map_or(at, |other| other.min(at)));
    }
}

impl ManagedInstancesController {
    /// The loop of a provider; `None` where it is no provider of Managed Instances.
    #[must_use]
    pub const fn new(provider: ProviderId, spec: &ProviderSpec) -> Option<Self> {
        if !matches!(spec, ProviderSpec::ManagedInstances(_)) {
            return None;
        }
        Some(Self {
            provider,
            todo: VecDeque::new(),
            launch_at: None,
            launches: 0,
            backoff: None,
            failures: 0,
            supplied: None,
            emptying: BTreeMap::new(),
            leaving: BTreeSet::new(),
            underused: BTreeMap::new(),
            analysed: None,
        })
    }

    /// What to do now.
    pub fn decide(&mut self, view: &View<'_>) -> Decision {
        if let Some(command) = self.todo.pop_front() {
            return Decision::Act(command);
        }
        let row = &view.cluster.providers()[self.provider];
        let ProviderSpec::ManagedInstances(spec) = view.capacity.provider(row) else {
            return Decision::Sleep;
        };
        if row.instances.is_empty() && row.waiting.is_empty() {
            self.forget();
            return Decision::Sleep;
        }
        let mut wake = Wake::default();
        self.leaving.retain(|id| row.instances.binary_search(id).is_ok());
        self.emptying.retain(|id, _| row.instances.binary_search(id).is_ok());
        let command = self
            .end(view, row, spec, &mut wake)
            .or_else(|| self.supply(view, row, spec, &mut wake))
            .or_else(|| self.consolidate(view, row, spec, &mut wake));
        match (command, wake.0) {
            (Some(command), _) => Decision::Act(command),
            (None, Some(at)) => Decision::WakeAt(at),
            (None, None) => Decision::Sleep,
        }
    }

    fn forget(&mut self) {
        self.launch_at = None;
        self.supplied = None;
        self.leaving.clear();
        self.emptying.clear();
        self.underused.clear();
        self.analysed = None;
    }

    fn terminate(&mut self, instance: InstanceId, reason: TerminationReason) -> Option<Command> {
        self.leaving.insert(instance);
        self.emptying.remove(&instance);
        Some(Command::TerminateInstance { instance, reason })
    }

    /// Instances that are impaired, too old, emptied or idle (CP-045, CP-047, CP-048).
    fn end(
        &mut self,
        view: &View<'_>,
        row: &CapacityProvider,
        spec: &ManagedInstancesSpec,
        wake: &mut Wake,
    ) -> Option<Command> {
        if spec.auto_repair && row.counts.unhealthy > 0 {
            // CP-048.
            for id in &row.instances {
                let instance = &view.cluster.instances()[*id];
                if instance.healthy || self.leaving.contains(id) || self.emptying.contains_key(id) {
                    continue;
                }
                self.emptying.insert(*id, (TerminationReason::Unhealthy, view.now));
                if instance.status == InstanceStatus::Active {
                    return Some(Command::DrainInstance { instance: *id });
                }
            }
        }
        // CP-047. The oldest come first.
        for id in &row.instances {
            let instance = &view.cluster.instances()[*id];
            let drains_at = renewal_drains_at(instance.launched_at);
            if drains_at > view.now {
                wake.at(drains_at);
                break;
            }
            let is_renewed = matches!(self.emptying.get(id), Some((TerminationReason::Lifetime, _)));
            if !is_renewed && !self.leaving.contains(id) {
                self.emptying.insert(*id, (TerminationReason::Lifetime, view.now));
                if instance.status == InstanceStatus::Active {
                    return Some(Command::DrainInstance { instance: *id });
                }
            }
        }
        let over = self.emptying.iter().find(|(id, (reason, since))| {
            let forced = *reason == TerminationReason::Lifetime && renewal_ends_at(*since) <= view.now;
            forced || holds_nothing(view, &view.cluster.instances()[**id])
        });
        if let Some((id, (reason, _))) = over.map(|(id, why)| (*id, *why)) {
            return self.terminate(id, reason);
        }
        for (reason, since) in self.emptying.values() {
            if *reason == TerminationReason::Lifetime {
                wake.at(renewal_ends_at(*since));
            }
        }
        // CP-045.
        let after = spec.scale_in_after.filter(|_| row.counts.capacity > row.counts.used)?;
        for id in &row.instances {
            let instance = &view.cluster.instances()[*id];
            if !instance.status.is_registered() || self.leaving.contains(id) || !holds_nothing(view, instance) {
                continue;
            }
            let idle_at = instance.empty_since.max(instance.registered_at) + after;
            if idle_at <= view.now {
                return self.terminate(*id, TerminationReason::Idle);
            }
            wake.at(idle_at);
        }
        None
    }

    /// Instances for tasks that wait (CP-041, CP-042).
    fn supply(
        &mut self,
        view: &View<'_>,
        row: &CapacityProvider,
        spec: &ManagedInstancesSpec,
        wake: &mut Wake,
    ) -> Option<Command> {
        if row.waiting.is_empty() || row.status == ProviderStatus::Inactive {
            self.launch_at = None;
            return None;
        }
        let stamp = Stamp::of(view, row);
        if self.supplied == Some(stamp) {
            return None;
        }
        let waits = self.backoff.filter(|at| *at > view.now);
        let held = waits.filter(|_| !(spec.spot && launch::record_offers(view, &spec.options)));
        if let Some(at) = held.max(self.launch_at).filter(|at| *at > view.now) {
            wake.at(at);
            return None;
        }
        let mut plan = Plan::new(view, self, row, spec).buy();
        if let Some(at) = waits
            && (plan.failure.is_some() || !launch::are_recorded(view, &plan.launches, market(spec)))
        {
            wake.at(at);
            return None;
        }
        if plan.launches.is_empty() && plan.failure.is_none() {
            self.launch_at = None;
            self.supplied = Some(stamp);
            return None;
        }
        let name = &view.cluster.definitions().capacity_providers[self.provider].name;
        if spec.launch_failure > 0.0 {
            // ASG-005: what comes behind a launch that fails waits with it.
            let unlucky = plan.launches.iter().zip(u64::from(row.launched)..).position(|(_, launch)| {
                let key = Key::new(name, launch).with(self.failures.into());
                view.streams.stream(purposes::LAUNCH_LUCK, key).uniform() < spec.launch_failure
            });
            if let Some(at) = unlucky {
                plan.failure = Some((plan.launches[at], LaunchFailure::InsufficientInstanceCapacity));
                plan.launches.truncate(at);
            }
        }
        if self.launch_at.is_none() {
            self.launches += 1;
            let mut stream = view.streams.stream(purposes::MANAGED_REACTION, Key::new(name, self.launches));
            let at = view.now + spec.reaction.sample_span(&mut stream);
            self.launch_at = Some(at);
            if at > view.now {
                wake.at(at);
                return None;
            }
        }
        self.launch_at = None;
        let market = market(spec);
        let launches =
            plan.launches.iter().map(|option| Command::LaunchInstance { option: *option, market, warm: false });
        self.todo.extend(launches);
        match plan.failure {
            Some((option, failure)) => {
                self.failures = self.failures.saturating_add(1);
                let key = Key::new(name, row.launched.into()).with(self.failures.into());
                let mut stream = view.streams.stream(purposes::MANAGED_BACKOFF, key);
                let wait = view.settings.capacity.launch_backoff.wait(self.failures, &mut stream);
                self.backoff = Some(view.now + wait.max(view.settings.reaction));
                self.todo.push_back(Command::NoteLaunchFailure { option, market, failure });
            }
            None => {
                self.failures = 0;
                self.backoff = None;
            }
        }
        self.todo.pop_front()
    }

    /// An instance whose tasks fit elsewhere is emptied (CP-046).
    fn consolidate(
        &mut self,
        view: &View<'_>,
        row: &CapacityProvider,
        spec: &ManagedInstancesSpec,
        wake: &mut Wake,
    ) -> Option<Command> {
        let after = spec.scale_in_after.filter(|_| !spec.spot && row.counts.registered > 1)?;
        let is_busy = self.emptying.values().any(|(reason, _)| *reason == TerminationReason::Consolidated);
        if !row.waiting.is_empty() || is_busy {
            return None;
        }
        let stamp = Stamp::of(view, row);
        match self.analysed {
            Some((known, _)) if known == stamp => {}
            Some((_, at)) if at + ANALYSIS_PERIOD > view.now => wake.at(at + ANALYSIS_PERIOD),
            _ => {
                self.analysed = Some((stamp, view.now));
                self.analyse(view, row);
            }
        }
        let mut changed = Vec::new();
        for (id, (tasks, since)) in &self.underused {
            let due = protected_until(view, *id).map_or(*since + after, |until| until.max(*since + after));
            if due > view.now {
                wake.at(due);
                continue;
            }
            let rooms = self.rooms(view, row);
            if live_tasks(view, *id) == *tasks && fits_elsewhere(view, &rooms, *id) {
                self.emptying.insert(*id, (TerminationReason::Consolidated, view.now));
                let instance = *id;
                self.underused.remove(&instance);
                return Some(Command::DrainInstance { instance });
            }
            changed.push(*id);
        }
        if !changed.is_empty() {
            // A task came or went within the last minute: the wait begins anew.
            self.underused.retain(|id, _| !changed.contains(id));
            self.analysed = None;
            return self.consolidate(view, row, spec, wake);
        }
        None
    }

    /// Which instances could be emptied now; whose tasks are the same as before keep their waiting time.
    fn analyse(&mut self, view: &View<'_>, row: &CapacityProvider) {
        let rooms = self.rooms(view, row);
        let mut found = BTreeMap::new();
        for room in rooms.iter().filter(|room| room.remaining != room.registered) {
            if !fits_elsewhere(view, &rooms, room.id) {
                continue;
            }
            let tasks = live_tasks(view, room.id);
            let since = self.underused.get(&room.id).filter(|(known, _)| *known == tasks).map(|(_, since)| *since);
            found.insert(room.id, (tasks, since.unwrap_or(view.now)));
        }
        self.underused = found;
    }

    /// Instances that take tasks and will stay.
    fn rooms<'a>(&self, view: &View<'a>, row: &CapacityProvider) -> Vec<&'a Instance> {
        let cluster = view.cluster;
        let rows = row.instances.iter().map(|id| &cluster.instances()[*id]);
        rows.filter(|instance| instance.can_receive() && self.stays(instance)).collect()
    }

    /// Whether nothing takes the instance away.
    fn stays(&self, instance: &Instance) -> bool {
        instance.host_running
            && instance.reclaimed_at.is_none()
            && !self.leaving.contains(&instance.id)
            && !self.emptying.contains_key(&instance.id)
    }
}

const fn market(spec: &ManagedInstancesSpec) -> Market {
    if spec.spot { Market::Spot } else { Market::OnDemand }
}

/// Whether nothing runs on the instance any more: daemons do not count (CP-045).
fn holds_nothing(view: &View<'_>, instance: &Instance) -> bool {
    instance.provider_tasks == 0 && instance.tasks.iter().all(|task| is_daemon(view, view.cluster.task(*task)))
}

fn is_daemon(view: &View<'_>, task: &Task) -> bool {
    let scheduling = |service: ServiceId| view.cluster.definitions().services[service].scheduling;
    task.service().is_some_and(|service| scheduling(service) == SchedulingStrategy::Daemon)
}

/// The tasks on an instance that are wanted, daemons apart.
fn live_tasks(view: &View<'_>, instance: InstanceId) -> Vec<TaskId> {
    let tasks = view.cluster.instances()[instance].tasks.iter().copied();
    let counts = |task: &Task| task.is_live() && !is_daemon(view, task);
    tasks.filter(|task| counts(view.cluster.task(*task))).collect()
}

/// Until when a task on the instance is protected (PLC-075): nobody empties it before that.
fn protected_until(view: &View<'_>, instance: InstanceId) -> Option<SimTime> {
    let tasks = live_tasks(view, instance).into_iter().map(|task| view.cluster.task(task));
    tasks.filter(|task| task.is_protected(view.now)).filter_map(|task| task.protected_until).max()
}

/// What a task asks of an instance.
fn request<'a>(view: &View<'a>, task: &Task) -> Request<'a> {
    Request {
        definition: task.definition,
        requirements: task.requirements,
        group: task.group,
        placement: task.placement,
        launch_type: task.launch_type,
        provider: task.provider,
        subnets: task
            .service()
            .map_or(&[], |service| &view.cluster.revision(service, task.deployment().unwrap_or(0)).subnets),
        zone: None,
        is_daemon: false,
    }
}

/// Puts a task onto an instance, on paper.
fn put(view: &View<'_>, instance: &mut Instance, request: &Request<'_>) {
    let need = request.requirements.on(instance.registered);
    instance.remaining = instance.remaining.saturating_sub(need);
    for port in &view.cluster.definitions().task_definitions[request.definition].ports {
        instance.ports.insert(*port);
    }
    match instance.groups.binary_search_by_key(&request.group, |(group, _)| *group) {
        Ok(at) => instance.groups[at].1 += 1,
        Err(at) => instance.groups.insert(at, (request.group, 1)),
    }
}

/// Whether all tasks of an instance have room on the others and may go there (CP-046).
fn fits_elsewhere(view: &View<'_>, rooms: &[&Instance], id: InstanceId) -> bool {
    let instance = &view.cluster.instances()[id];
    let mut tasks: Vec<&Task> = live_tasks(view, id).into_iter().map(|task| view.cluster.task(task)).collect();
    let others: Vec<&Instance> = rooms.iter().copied().filter(|room| room.id != id).collect();
    let most = others.iter().fold(Resources::ZERO, |most, room| most.max(room.remaining));
    if !tasks.iter().all(|task| most.holds(task.reserved)) {
        return false;
    }
    let needs: Vec<Resources> = tasks.iter().map(|task| task.reserved).collect();
    let remaining: Vec<Resources> = others.iter().map(|room| room.remaining).collect();
    let standalone = tasks.iter().any(|task| matches!(task.origin, TaskOrigin::Source { .. }));
    let is_spot = instance.market == Market::Spot;
    if !may_consolidate(Consolidation { is_spot, has_standalone_tasks: standalone, tasks: &needs, others: &remaining })
    {
        return false;
    }
    // There is room enough. Do constraints and zones allow it, too?
    let daemons = Daemons::of(view);
    let mut others: Vec<Cow<'_, Instance>> = others.into_iter().map(Cow::Borrowed).collect();
    let mut zones: BTreeMap<ServiceId, BTreeMap<ZoneId, u32>> = BTreeMap::new();
    tasks.sort_unstable_by(|a, b| b.reserved.cmp(&a.reserved).then(a.id.cmp(&b.id)));
    tasks.into_iter().all(|task| {
        let request = request(view, task);
        let Some(service) = task.service() else { return false };
        let spread = zones.entry(service).or_insert_with(|| zones_of(view, service));
        let found = others.iter_mut().find(|room| {
            keeps_its_zones(spread, instance.zone, room.zone)
                && reference::rejection(view, &request, &daemons, room).is_none()
        });
        let Some(room) = found else { return false };
        put(view, room.to_mut(), &request);
        count(spread, instance.zone, room.zone);
        true
    })
}

/// How many live tasks a service has in each zone.
fn zones_of(view: &View<'_>, service: ServiceId) -> BTreeMap<ZoneId, u32> {
    let mut zones = BTreeMap::new();
    for task in &view.cluster.services()[service].tasks {
        let task = view.cluster.task(*task);
        if let Some(zone) = view.cluster.zone_of(task).filter(|_| task.is_live()) {
            *zones.entry(zone).or_insert(0) += 1;
        }
    }
    zones
}

/// Whether a task may move without taking its service out of one of its first three zones (CP-042).
fn keeps_its_zones(zones: &BTreeMap<ZoneId, u32>, from: ZoneId, to: ZoneId) -> bool {
    let mut after = zones.clone();
    count(&mut after, from, to);
    let in_use = |zones: &BTreeMap<ZoneId, u32>| zones.values().filter(|count| **count > 0).count();
    in_use(&after) >= in_use(zones).min(SPREAD_ZONES)
}

fn count(zones: &mut BTreeMap<ZoneId, u32>, from: ZoneId, to: ZoneId) {
    if let Some(count) = zones.get_mut(&from) {
        *count = count.saturating_sub(1);
    }
    *zones.entry(to).or_insert(0) += 1;
}

/// Tasks that ask for the same: what has no room for one has none for the others.
type Like = (TaskDefinitionId, GroupId, PlacementId, Requirements);

/// Tasks that wait, put onto instances on paper; what is left over is bought.
struct Plan<'a> {
    view: &'a View<'a>,
    spec: &'a ManagedInstancesSpec,
    waiting: Vec<&'a Task>,
    daemons: Daemons,
    zones: Vec<ZoneId>,
    /// Those that take tasks now, in front of those that will.
    rooms: Vec<Cow<'a, Instance>>,
    ready: usize,
    /// In which rooms to look first: those before have no room for such a task, in that zone or anywhere.
    next_room: BTreeMap<(Like, Option<ZoneId>), usize>,
    service_zones: BTreeMap<ServiceId, BTreeMap<ZoneId, u32>>,
    /// What one more instance of each option would be, once asked for.
    blanks: BTreeMap<LaunchOptionId, Instance>,
    bought: BTreeMap<PoolId, u32>,
    launches: Vec<LaunchOptionId>,
    /// The first launch that no pool had an instance for.
    failure: Option<(LaunchOptionId, LaunchFailure)>,
}

impl<'a> Plan<'a> {
    fn new(
        view: &'a View<'a>,
        controller: &ManagedInstancesController,
        row: &CapacityProvider,
        spec: &'a ManagedInstancesSpec,
    ) -> Self {
        let definitions = view.cluster.definitions();
        let zones: BTreeSet<ZoneId> = spec.options.iter().map(|id| definitions.launch_options[*id].zone).collect();
        let mut rooms: Vec<Cow<'a, Instance>> = controller.rooms(view, row).into_iter().map(Cow::Borrowed).collect();
        let ready = rooms.len();
        for id in &row.instances {
            let instance = &view.cluster.instances()[*id];
            let comes = matches!(instance.status, InstanceStatus::Absent | InstanceStatus::Registering);
            if comes && controller.stays(instance) {
                rooms.push(Cow::Owned(as_registered(instance.clone())));
            }
        }
        Self {
            view,
            spec,
            waiting: row.waiting.iter().map(|task| view.cluster.task(*task)).collect(),
            daemons: Daemons::of(view),
            zones: zones.into_iter().collect(),
            rooms,
            ready,
            next_room: BTreeMap::new(),
            service_zones: BTreeMap::new(),
            blanks: BTreeMap::new(),
            bought: BTreeMap::new(),
            launches: Vec::new(),
            failure: None,
        }
    }

    /// The oldest tasks come first.
    fn buy(mut self) -> Self {
        for task in core::mem::take(&mut self.waiting) {
            let request = request(self.view, task);
            let wants = |service: ServiceId| self.view.cluster.services()[service].desired_count;
            let service = task.service().filter(|service| wants(*service) > 1 && self.zones.len() > 1);
            let zone = match (self.room(task, &request, None, self.ready), service) {
                // It is about to be placed there.
                (Some(room), _) => Some(self.take(room, &request)),
                (None, None) => self.any(task, &request),
                (None, Some(service)) => self.spread(task, &request, service),
            };
            if let (Some(zone), Some(service)) = (zone, task.service()) {
                *self.zones_of(service).entry(zone).or_insert(0) += 1;
            }
        }
        self
    }

    /// Wherever there is room, else the cheapest.
    fn any(&mut self, task: &Task, request: &Request<'_>) -> Option<ZoneId> {
        let room = self.room(task, request, None, usize::MAX).or_else(|| match self.offer(task, request, None) {
            Ok(option) => Some(self.add(option)),
            Err(failure) => {
                self.failure = self.failure.or(failure);
                None
            }
        })?;
        Some(self.take(room, request))
    }

    /// In the zone whose turn it is (CP-042); one where there is nothing to be had is passed over.
    fn spread(&mut self, task: &Task, request: &Request<'_>, service: ServiceId) -> Option<ZoneId> {
        let mut open = self.zones.clone();
        let mut short = None;
        while !open.is_empty() {
            let zones: Vec<ZoneForTask> = open
                .iter()
                .map(|zone| ZoneForTask {
                    service_tasks: self.zones_of(service).get(zone).copied().unwrap_or(0),
                    has_room: self.room(task, request, Some(*zone), usize::MAX).is_some(),
                })
                .collect();
            let at = zone_of_next_task(&zones)?;
            let zone = open.remove(at);
            let room = match self.room(task, request, Some(zone), usize::MAX) {
                Some(room) => room,
                None => match self.offer(task, request, Some(zone)) {
                    Ok(option) => self.add(option),
                    Err(failure) => {
                        short = short.or(failure);
                        continue;
                    }
                },
            };
            return Some(self.take(room, request));
        }
        self.failure = self.failure.or(short);
        None
    }

    fn zones_of(&mut self, service: ServiceId) -> &mut BTreeMap<ZoneId, u32> {
        let view = self.view;
        self.service_zones.entry(service).or_insert_with(|| zones_of(view, service))
    }

    /// The first room, of the first so many, that takes the task.
    fn room(&mut self, task: &Task, request: &Request<'_>, zone: Option<ZoneId>, among: usize) -> Option<usize> {
        let like = (task.definition, task.group, task.placement, task.requirements);
        let next = self.next_room.entry((like, zone)).or_insert(0);
        while *next < self.rooms.len().min(among) {
            let room = &self.rooms[*next];
            if zone.is_none_or(|zone| room.zone == zone)
                && reference::rejection(self.view, request, &self.daemons, room).is_none()
            {
                return Some(*next);
            }
            *next += 1;
        }
        None
    }

    fn take(&mut self, room: usize, request: &Request<'_>) -> ZoneId {
        let room = self.rooms[room].to_mut();
        put(self.view, room, request);
        room.zone
    }

    fn add(&mut self, option: LaunchOptionId) -> usize {
        self.launches.push(option);
        *self.bought.entry(self.view.cluster.definitions().launch_options[option].pool).or_insert(0) += 1;
        let blank = self.blanks[&option].clone();
        self.rooms.push(Cow::Owned(blank));
        self.rooms.len() - 1
    }

    /// The cheapest way to launch an instance that takes the task (CP-041), else why there is none; nothing at all where no
    /// type would do.
    fn offer(
        &mut self,
        task: &Task,
        request: &Request<'_>,
        zone: Option<ZoneId>,
    ) -> Result<LaunchOptionId, Option<(LaunchOptionId, LaunchFailure)>> {
        let view = self.view;
        let definitions = view.cluster.definitions();
        let market = market(self.spec);
        let (mut short, mut offers, mut options) = (None, Vec::new(), Vec::new());
        for id in &self.spec.options {
            let option = &definitions.launch_options[*id];
            if zone.is_some_and(|zone| option.zone != zone) {
                continue;
            }
            let blank = self.blanks.entry(*id).or_insert_with(|| {
                let next = view.cluster.instances().next_id();
                let provider = task.provider;
                as_registered(Instance { provider, ..Instance::launched(next, definitions, *id, market, 0, view.now) })
            });
            if reference::rejection(view, request, &self.daemons, blank).is_some() {
                continue;
            }
            let capacity = blank.remaining.into();
            if let Some(failure) = self.shortage(option.pool, market) {
                short = short.or(Some((*id, failure)));
                continue;
            }
            let pool = &view.capacity.pools[option.pool];
            offers.push(Offer {
                capacity,
                architecture: (),
                is_general_purpose: true,
                meets_requirements: true,
                price: match market {
                    Market::OnDemand => pool.on_demand_nano_dollars,
                    Market::Spot => view.cluster.pool(option.pool).spot_nano_dollars,
                },
            });
            options.push(*id);
        }
        // Ports and `distinctInstance` were looked at above; the list itself is what the provider may launch.
        let alike = waiting_groups(view, core::iter::once(task));
        alike.first().and_then(|task| cheapest(&offers, task, &(), true)).map(|at| options[at]).ok_or(short)
    }

    fn shortage(&self, pool: PoolId, market: Market) -> Option<LaunchFailure> {
        let bought = self.bought.get(&pool).copied().unwrap_or(0);
        launch::shortage(self.view, pool, market).or_else(|| {
            let is_used_up = launch::free(self.view, pool, market).is_some_and(|free| u64::from(bought) >= free);
            is_used_up.then_some(LaunchFailure::InsufficientInstanceCapacity)
        })
    }
}

/// What an instance that comes will be: it takes tasks, and daemons withhold their room on it (PLC-052).
fn as_registered(instance: Instance) -> Instance {
    debug_assert_eq!(instance.lifecycle, InstanceLifecycle::Unmanaged);
    Instance { status: InstanceStatus::Active, connected: true, ..instance }
}

#[cfg(test)]
mod tests;
