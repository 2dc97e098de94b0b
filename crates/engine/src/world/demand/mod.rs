//! Requests to services: who answers them, how long that takes, what piles up, what is lost (LB-030, LB-033, CW-030 to
//! CW-036).
//!
//! **What it does.** Each service that has a workload is a *load*. Between two changes (of its rate, of those that receive
//! its requests, of the CPU they can get) nothing is done: what became of the requests is added up when something changes or
//! somebody asks. A change is noted when a fact says so (`note_demand`) and carried out once an instant, for all loads
//! together (`demand_moves`): rates from callers to those they call, then the processors of the instances, until nothing
//! changes any more; then times to the answer from those that are called to their callers.
//!
//! * `members`: which tasks a load has.
//! * `flow`: what becomes of its requests while nothing changes.
//! * `watch`: what CloudWatch makes of it (CW-020 to CW-036, LB-033, CW-050).
//!
//! **What AWS documents.** The metrics. How long a request takes is queueing theory (`crate::load`).
//!
//! **What we left out.** `docs/load.md` says it.
//!
//! **How we know it is right.** `tests/load.rs`: closed forms, and a simulation request by request.

mod flow;
mod members;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use ecsim_cluster::load::{LoadSample, TargetGroupSample};
use ecsim_cluster::{DesiredStatus, Fact, InstanceId, ServiceId, StopReason, TargetGroupId, TaskId};
use ecsim_kernel::{Key, SimTime, Span};

use crate::demand::LoadModel;
use crate::event::{Event, ExitCause};
use crate::load::rate::Luck;
use crate::load::{Limit, Mixture, Rate, Response};
use crate::model::Model;
use crate::simulation::{Simulation, Step};
use flow::{Flow, GroupFlow};
use watch::Watches;

/// While work piles up or drains, it is looked at so often.
const STEP: Span = Span::from_secs(20);
/// A task is ejected from here on: its time is met to the millisecond.
const FULL_STRIKES: f64 = 1.0 - 1e-6;
/// Rounds in which changes of processors and of calls settle; more are not waited for.
const ROUNDS: usize = 8;

/// All loads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demand {
    /// Callers before those they call.
    loads: Vec<Load>,
    of_service: BTreeMap<ServiceId, u32>,
    /// When loads change by themselves.
    dues: BTreeSet<(SimTime, u32)>,
    /// Services that facts of this instant were about.
    touched: BTreeSet<ServiceId>,
    /// Tasks that ended without being asked to.
    crashed: BTreeSet<TaskId>,
    /// Tasks of loads by instance.
    hosts: Vec<HostTasks>,
    /// The earliest event that is scheduled.
    next: Option<SimTime>,
    /// Milliseconds of a metrics period, where there is one.
    period: Option<u64>,
    watches: Watches,
}

/// The tasks of loads on an instance.
#[derive(Clone, Debug, Default)]
struct HostTasks {
    tasks: Vec<(u32, TaskId)>,
    /// Whether all of them can have their limits at once: then nobody's wishes concern anybody else.
    is_roomy: bool,
}

/// The requests of one service.
#[derive(Clone, Debug)]
struct Load {
    service: ServiceId,
    model: LoadModel,
    key: Key,
    /// Whether the scenario gives it a workload; else it is here because somebody watches its metrics.
    is_given: bool,
    callers: Vec<(u32, f64)>,
    tasks: Vec<Member>,
    /// How many of them receive requests.
    receivers: usize,
    /// The target group that turns requests away where nobody can take them.
    front: Option<TargetGroupId>,
    /// The share of the requests that a load balancer turns away for want of a target (LB-033).
    refused: f64,
    /// Whether requests go where the fewest are (LB-030), and the variation of the times between arrivals at a task.
    least_outstanding: bool,
    turns: bool,
    /// Whether proxies send its requests, and whether they may eject one more task (LB-041).
    mesh: bool,
    may_eject: bool,
    /// Requests a second, those of retries included, yet not those that proxies send again.
    offered: f64,
    /// Of those, how many tasks answer.
    served: f64,
    /// How far everything is added up.
    last: SimTime,
    /// When the rate changes, and when those who receive requests do.
    rate_until: SimTime,
    members_until: SimTime,
    due: Option<SimTime>,
    flow: Flow,
    period: Sums,
    /// Requests that were counted as answered in periods that are told, and failed: later periods have as many less.
    owed: f64,
    last_sample: Option<LoadSample>,
    /// What was told last of each target group that ever saw its requests.
    last_groups: BTreeMap<TargetGroupId, TargetGroupSample>,
    /// Whether the current metrics period differs from the one before.
    changed: bool,
    dirty: bool,
    watches: Vec<u32>,
}

/// A task of a load.
#[derive(Clone, Copy, Debug)]
struct Member {
    task: TaskId,
    /// Its share of the requests; with proxies, of the first attempts.
    share: f64,
    /// CPU time of a request, in seconds.
    cpu: f64,
    /// The share of its requests that it fails whatever its load.
    errors: f64,
    /// Whether it runs: requests to one that does not are lost (LB-023).
    runs: bool,
    /// When its first full sample of 20 s begins (CW-035).
    reports_from: SimTime,
    /// The target group that counts its requests.
    group: Option<TargetGroupId>,
    instance: Option<InstanceId>,
    /// CPU units that it reserves, and MiB.
    reserved: (u32, u32),
    /// vCPUs that it may use at most (CW-031).
    limit: f64,
    /// vCPUs that it can get now.
    vcpus: f64,
    /// vCPUs that it wants.
    wants: f64,
    /// Requests that piled up, and how many more there are each second.
    backlog: f64,
    growth: f64,
    /// How much may pile up, and whether it is the queue that is full then.
    most: f64,
    is_queue: bool,
    /// What bounds its queue below saturation, too.
    bound: Option<Limit>,
    /// Requests a second that it can answer, and its part of those that come: with retries of proxies these add up to more
    /// than one.
    capacity: f64,
    part: f64,
    /// Requests a second that find its queue full or wait too long.
    lost: f64,
    /// How far it is from being ejected, from 0 to 1, and how much nearer it comes each second (LB-041).
    strikes: f64,
    striking: f64,
    /// MiB without requests, and the limit beyond which it is killed.
    base_memory: f64,
    memory_limit: f64,
    /// Requests in flight in the steady state, and those of them that have not piled up.
    in_flight: f64,
    inside: f64,
    /// Requests that come each second, and that came since it began; those counted as answered with success likewise.
    arriving: f64,
    came: f64,
    answering: f64,
    answered: f64,
    busy: f64,
}

/// What became of requests, added up.
#[derive(Clone, Debug, Default)]
struct Sums {
    since: SimTime,
    arrived: f64,
    succeeded: f64,
    failed: f64,
    rejected: f64,
    cpu: f64,
    memory: f64,
    receivers: f64,
    on_instances: (f64, f64),
    /// Percent times seconds of the tasks that report, and their seconds.
    cpu_reports: (f64, f64),
    memory_reports: (f64, f64),
    out_of_slo_ms: u64,
    mixture: Mixture,
    /// By target group: what each of them saw, added up.
    groups: BTreeMap<TargetGroupId, GroupFlow>,
}

impl Sums {
    /// What a target group saw; where there is none, nobody looks at it.
    fn seen(&mut self, group: Option<TargetGroupId>, add: impl FnOnce(&mut GroupFlow)) {
        if let Some(group) = group {
            add(self.groups.entry(group).or_insert_with(|| GroupFlow::new(group)));
        }
    }
}

impl Demand {
    /// Nobody has asked for anything yet.
    pub(crate) fn new(model: &Model) -> Self {
        let period = Some(model.metrics_period.ms()).filter(|period| *period > 0);
        let mut demand = Self { watches: Watches::new(model), period, ..Self::default() };
        for given in &model.demand.loads {
            demand.add(model, given.clone(), true);
        }
        for (at, given) in model.demand.loads.iter().enumerate() {
            for (called, times) in &given.calls {
                demand.loads[*called as usize].callers.push((at as u32, *times));
            }
        }
        // Who is only watched has no requests, yet its tasks report.
        for service in demand.watches.services(model) {
            if !demand.of_service.contains_key(&service) {
                let name = &model.definitions.services[service].name;
                demand.add(model, LoadModel::new(service, name, Rate::Constant(0.0), 0.0), false);
            }
        }
        demand.watches.attach(model, &mut demand.loads);
        demand
    }

    fn add(&mut self, model: &Model, given: LoadModel, is_given: bool) {
        let at = self.loads.len() as u32;
        self.of_service.insert(given.service, at);
        self.loads.push(Load {
            service: given.service,
            key: Key::of_bytes(given.name.as_bytes()),
            model: given,
            is_given,
            callers: Vec::new(),
            tasks: Vec::new(),
            receivers: 0,
            front: None,
            refused: 0.0,
            least_outstanding: false,
            turns: false,
            mesh: false,
            may_eject: false,
            offered: 0.0,
            served: 0.0,
            last: SimTime::ZERO,
            rate_until: SimTime::ZERO,
            members_until: SimTime::MAX,
            due: None,
            flow: Flow::default(),
            period: Sums::default(),
            owed: 0.0,
            last_sample: None,
            last_groups: BTreeMap::new(),
            changed: true,
            dirty: is_given && !model.metrics_period.is_zero(),
            watches: Vec::new(),
        });
        self.dues.insert((SimTime::ZERO, at));
        self.loads[at as usize].due = Some(SimTime::ZERO);
    }

    /// Carries out what is due and what facts said; tells which tasks run out of memory (TSK-026, TSK-027), and which have
    /// failed too often in a row, at most one of each service (LB-041).
    fn moves(&mut self, sim: &Simulation) -> (Vec<TaskId>, Vec<(ServiceId, TaskId)>) {
        let now = sim.now;
        let mut work = BTreeSet::new();
        let mut members: BTreeSet<u32> = core::mem::take(&mut self.touched)
            .iter()
            .filter_map(|service| self.of_service.get(service).copied())
            .collect();
        while let Some((at, load)) = self.dues.first().copied().filter(|(at, _)| *at <= now) {
            self.dues.remove(&(at, load));
            let one = &mut self.loads[load as usize];
            one.due = None;
            if one.members_until <= now {
                members.insert(load);
            }
            work.insert(load);
        }
        let mut hosts = Vec::new();
        for load in members {
            self.advance(load, now);
            self.find_members(sim, load, &mut hosts);
            work.insert(load);
        }
        self.crashed.retain(|task| sim.cluster.tasks().get(*task).is_some());
        let changed = self.settle(sim, work, hosts);
        let outliers = changed.iter().filter_map(|load| self.loads[*load as usize].outlier()).collect();
        (self.flows(sim, changed), outliers)
    }

    /// Rates and processors, until nothing changes any more; tells whose flow is another.
    fn settle(&mut self, sim: &Simulation, mut work: BTreeSet<u32>, mut hosts: Vec<InstanceId>) -> BTreeSet<u32> {
        let mut changed = BTreeSet::new();
        for _ in 0..ROUNDS {
            if work.is_empty() && hosts.is_empty() {
                break;
            }
            while let Some(load) = work.pop_first() {
                self.advance(load, sim.now);
                changed.insert(load);
                let before = self.loads[load as usize].served;
                self.offer(sim, load, &mut hosts);
                let one = &self.loads[load as usize];
                if one.served != before {
                    work.extend(one.model.calls.iter().map(|(called, _)| *called));
                }
            }
            let mut touched = core::mem::take(&mut hosts);
            touched.sort_unstable();
            touched.dedup();
            for host in touched {
                self.divide(sim, host, &mut work);
            }
        }
        changed.extend(work);
        changed
    }

    /// The flows of loads that changed, from those that are called to their callers.
    fn flows(&mut self, sim: &Simulation, mut changed: BTreeSet<u32>) -> Vec<TaskId> {
        let mut kills = Vec::new();
        while let Some(load) = changed.pop_last() {
            self.advance(load, sim.now);
            let before = self.loads[load as usize].answer();
            let step = self.plan(load, sim.now);
            self.flow(sim, load, step);
            if self.loads[load as usize].model.memory > 0.0 {
                // How much memory requests take at last is known only now.
                self.plan(load, sim.now);
            }
            let one = &self.loads[load as usize];
            if one.answer() != before {
                changed.extend(one.callers.iter().map(|(caller, _)| *caller));
            }
            kills.extend(one.tasks.iter().filter(|it| it.is_over_memory(&one.model)).map(|it| it.task));
            for watch in one.watches.clone() {
                self.watches.read(sim, &self.loads, load, watch);
            }
        }
        kills
    }

    /// When a load changes next by itself; tells for how long its flow will hold at most.
    fn plan(&mut self, load: u32, now: SimTime) -> Span {
        let one = &mut self.loads[load as usize];
        let mut until = one.rate_until.min(one.members_until);
        for member in &one.tasks {
            if member.growth != 0.0 {
                let left = if member.growth > 0.0 { member.most - member.backlog } else { -member.backlog };
                let after = (left / member.growth).clamp(0.001, STEP.secs_f64());
                until = until.min(now + Span::from_ms((after * 1_000.0).ceil() as u64));
            }
            if one.may_eject && member.striking > 0.0 && member.strikes < FULL_STRIKES {
                let after = ((1.0 - member.strikes) / member.striking).min(1e6);
                until = until.min(now + Span::from_ms((after * 1_000.0).ceil().max(1.0) as u64));
            }
            if let Some(after) = member.fills_after(&one.model) {
                let after = after.clamp(0.001, STEP.secs_f64());
                until = until.min(now + Span::from_ms((after * 1_000.0).ceil() as u64));
            }
            if member.reports_from > now {
                until = until.min(member.reports_from);
            }
        }
        if let Some(due) = one.due.take() {
            self.dues.remove(&(due, load));
        }
        if until < SimTime::MAX {
            one.due = Some(until);
            self.dues.insert((until, load));
        }
        if until == SimTime::MAX { Span::from_days(1) } else { until.since(now) }
    }

    /// Adds up what has happened to a load since the last change.
    fn advance(&mut self, load: u32, now: SimTime) {
        let one = &mut self.loads[load as usize];
        for watch in &one.watches {
            self.watches.advance(*watch, now);
        }
        if one.last >= now {
            return;
        }
        // Whole metrics periods in which nothing changed are like the one before and need no sums.
        let start = self.period.map_or(SimTime::ZERO, |period| SimTime::from_ms((now.ms() - 1) / period * period));
        if one.period.since < start {
            one.period = Sums { since: start, ..Sums::default() };
        }
        let length = now.since(one.last.max(start));
        let whole = now.since(one.last).secs_f64();
        for member in &mut one.tasks {
            member.came += member.arriving * whole;
            member.answered += member.answering * whole;
            if member.striking > 0.0 {
                member.strikes = (member.strikes + member.striking * whole).min(1.0);
            }
        }
        one.last = now;
        one.add_up(length);
    }

    /// The earliest instant at which something is due.
    fn next_due(&self) -> Option<SimTime> {
        let load = self.dues.first().map(|(at, _)| *at);
        load.into_iter().chain(self.watches.next_end()).min()
    }
}

impl Load {
    fn add_up(&mut self, length: Span) {
        let seconds = length.secs_f64();
        // What a step that ends on a millisecond answered or lost too much.
        let (mut answered, mut lost, mut turned_away) = (0.0, 0.0, 0.0);
        let (flow, sums) = (&self.flow, &mut self.period);
        for member in &mut self.tasks {
            if member.growth != 0.0 {
                let after = member.backlog + member.growth * seconds;
                // A millisecond is the clock's; what it is too late or too early is not a change of its own.
                let slack = member.growth.abs() * 0.0015;
                member.backlog = if after <= slack && member.growth < 0.0 {
                    answered += after;
                    sums.seen(member.group, |it| it.succeeded += after);
                    0.0
                } else if after >= member.most - slack && member.growth > 0.0 {
                    let over = after - member.most;
                    *(if member.is_queue { &mut turned_away } else { &mut lost }) += over;
                    let is_queue = member.is_queue;
                    sums.seen(member.group, |it| it.overflow(is_queue, over));
                    member.most
                } else {
                    after.max(0.0)
                };
            }
        }
        sums.arrived += flow.arrivals * seconds;
        sums.succeeded += flow.succeeded * seconds + answered;
        sums.failed += flow.failed * seconds + lost;
        sums.rejected += flow.rejected * seconds + turned_away;
        sums.cpu += flow.cpu * seconds;
        sums.memory += flow.memory * seconds;
        sums.receivers += flow.receivers * seconds;
        sums.on_instances.0 += flow.on_instances.0 * seconds;
        sums.on_instances.1 += flow.on_instances.1 * seconds;
        sums.cpu_reports.0 += flow.reports.cpu.0 * seconds;
        sums.cpu_reports.1 += flow.reports.cpu_tasks * seconds;
        sums.memory_reports.0 += flow.reports.memory.0 * seconds;
        sums.memory_reports.1 += flow.reports.tasks * seconds;
        sums.mixture.add_all(&flow.mixture, seconds);
        for group in &flow.groups {
            sums.seen(Some(group.group), |it| it.add(group, seconds));
        }
        if flow.out_of_slo {
            sums.out_of_slo_ms += length.ms();
        }
        self.settle_owed();
    }

    /// Requests that are lost were counted as answered: they are failures of this period, as far as it has answers.
    fn settle_owed(&mut self) {
        if self.owed > 0.0 {
            let moved = self.owed.min(self.period.succeeded.max(0.0));
            self.owed -= moved;
            self.period.succeeded -= moved;
            self.period.failed += moved;
            let mut left = moved;
            for group in self.period.groups.values_mut() {
                let part = left.min(group.succeeded.max(0.0));
                left -= part;
                group.succeeded -= part;
                group.unanswered += part;
            }
            self.changed = true;
        }
    }

    /// What has been added up since the last sample, up to now; what each target group saw of it, where that is another
    /// than before.
    fn sample(&mut self, now: SimTime) -> (LoadSample, Vec<(TargetGroupId, TargetGroupSample)>) {
        let sums = core::mem::take(&mut self.period);
        self.period.since = now;
        let length = now.since(sums.since);
        let seconds = length.secs_f64().max(1e-9);
        let [p50, p95, p99] = sums.mixture.quantiles([0.5, 0.95, 0.99]);
        let us = |seconds: f64| (seconds * 1e6).round() as u64;
        let thousandths = |value: f64| (value * 1e3).round().max(0.0) as u64;
        // A task that was there for less than a sample has not reported (CW-035).
        let mean = |(sum, weight): (f64, f64)| {
            (weight >= watch::SAMPLE_SECS - 1e-6).then(|| (sum / weight * 1e6).round().max(0.0) as u64)
        };
        // A group that nobody is registered with any more sees nothing.
        let known: BTreeSet<TargetGroupId> = self.last_groups.keys().chain(sums.groups.keys()).copied().collect();
        let mut groups = Vec::new();
        for group in known {
            let seen = sums.groups.get(&group).copied().unwrap_or_else(|| GroupFlow::new(group)).sample(seconds);
            if self.last_groups.insert(group, seen) != Some(seen) {
                groups.push((group, seen));
            }
        }
        let sample = LoadSample {
            cpu_utilization: mean(sums.cpu_reports),
            memory_utilization: mean(sums.memory_reports),
            cpu_on_instances: thousandths(sums.on_instances.0 / seconds),
            memory_on_instances_kib: (sums.on_instances.1 / seconds * 1_024.0).round() as u64,
            length_ms: u32::try_from(length.ms()).unwrap_or(u32::MAX),
            requests: thousandths(sums.arrived),
            succeeded: thousandths(sums.succeeded),
            failed: thousandths(sums.failed),
            rejected: thousandths(sums.rejected),
            mean_us: us(sums.mixture.mean()),
            p50_us: us(p50),
            p95_us: us(p95),
            p99_us: us(p99),
            cpu: thousandths(sums.cpu / seconds),
            memory_kib: (sums.memory / seconds * 1_024.0).round() as u64,
            receivers: thousandths(sums.receivers / seconds) as u32,
            out_of_slo_ms: self.model.slo.map(|_| sums.out_of_slo_ms.min(u64::from(u32::MAX)) as u32),
        };
        (sample, groups)
    }

    /// A task that has failed so many requests in a row that proxies avoid it from now on (LB-041).
    fn outlier(&self) -> Option<(ServiceId, TaskId)> {
        let fails = |it: &&Member| it.share > 0.0 && it.striking > 0.0 && it.strikes >= FULL_STRIKES;
        let first = self.tasks.iter().find(fails).filter(|it| self.may_eject && it.task != TaskId::new(u32::MAX))?;
        Some((self.service, first.task))
    }

    /// How its requests are answered, as whoever calls it sees it, and which share of them with success.
    fn answer(&self) -> (Response, f64) {
        self.flow.answer()
    }
}

impl Member {
    /// Requests that it takes each second, of those that come: no more than it can answer where they pile up, and fewer where
    /// some find no room.
    fn taken(&self, arrivals: f64, piles: bool) -> f64 {
        match self.bound {
            _ if !piles => arrivals - self.lost,
            Some(_) if self.growth == 0.0 => self.capacity.min(arrivals - self.lost),
            _ => self.capacity,
        }
    }

    /// No more can be in flight than came.
    fn memory(&self, model: &LoadModel) -> f64 {
        self.base_memory + model.memory * self.in_flight.min(self.came)
    }

    /// Seconds until as much came to it as will be in flight, or as it has memory for.
    fn fills_after(&self, model: &LoadModel) -> Option<f64> {
        if !self.runs || model.memory <= 0.0 || self.arriving <= 0.0 || self.came >= self.in_flight {
            return None;
        }
        let room = (self.memory_limit - self.base_memory) / model.memory;
        let enough = if room >= self.came { self.in_flight.min(room) } else { self.in_flight };
        Some((enough - self.came) / self.arriving)
    }

    fn is_over_memory(&self, model: &LoadModel) -> bool {
        self.runs && self.memory(model) > self.memory_limit
    }
}

impl Simulation {
    /// The first instant of all loads.
    pub(crate) fn demand_opens(&mut self) {
        self.schedule_demand();
    }

    /// The next event of demand, unless an earlier one is there.
    fn schedule_demand(&mut self) {
        if let Some(at) = self.demand.next_due()
            && self.demand.next.is_none_or(|next| at < next)
        {
            let at = at.max(self.now);
            self.demand.next = Some(at);
            self.schedule(at, Event::DemandMoves);
        }
    }

    /// What happens to the tasks of a service may concern its requests; the books still say whose task it is.
    pub(crate) fn note_demand(&mut self, fact: &Fact) {
        if self.demand.of_service.is_empty() && self.demand.watches.is_empty() {
            return;
        }
        let service = match *fact {
            Fact::TaskCreated { origin, .. } => origin.service(),
            Fact::TaskStatusChanged { task, .. }
            | Fact::TaskExecutionStopped { task }
            | Fact::TargetRegistered { task, .. }
            | Fact::TargetStateChanged { task, .. }
            | Fact::TargetDeregistered { task, .. }
            | Fact::TaskErrorRateChanged { task, .. }
            | Fact::ContainerHealthChanged { task, .. } => {
                self.cluster.tasks().get(task).and_then(|task| task.service())
            }
            // One that is started again in place takes no requests until then.
            Fact::ContainerExited { task, .. } => {
                let row = self.cluster.tasks().get(task).filter(|row| row.desired != DesiredStatus::Stopped);
                row.and_then(|task| task.service())
            }
            Fact::ContainerStarted { task, restarts, .. } if restarts > 0 => {
                self.cluster.tasks().get(task).and_then(|task| task.service())
            }
            Fact::TaskStopRequested { task, reason } => {
                let row = self.cluster.tasks().get(task);
                let lost = matches!(
                    reason,
                    StopReason::EssentialContainerExited
                        | StopReason::HostTerminated(_)
                        | StopReason::HostStopped(_)
                        | StopReason::HostDeregistered(_)
                        | StopReason::ZoneOutage
                );
                let service = row.and_then(|task| task.service());
                if lost && service.is_some_and(|service| self.demand.of_service.contains_key(&service)) {
                    self.demand.crashed.insert(task);
                }
                service
            }
            Fact::ServiceStatusChanged { service, .. }
            | Fact::ServiceUpdated { service }
            | Fact::DesiredCountChanged { service, .. }
            | Fact::DeploymentStarted { service, .. }
            | Fact::DeploymentChanged { service, .. }
            | Fact::TaskEjected { service, .. }
            | Fact::TrafficShifted { service, .. } => Some(service),
            _ => None,
        };
        if let Some(service) = service.filter(|service| self.demand.of_service.contains_key(service)) {
            self.demand.touched.insert(service);
            self.demand_soon();
        }
    }

    fn demand_soon(&mut self) {
        if self.demand.next != Some(self.now) {
            self.demand.next = Some(self.now);
            self.schedule(self.now, Event::DemandMoves);
        }
    }

    fn luck(&self, key: Key) -> Luck<'_> {
        Luck { streams: &self.streams, key }
    }
}

impl Step<'_> {
    /// Something changes for requests, or a period of a watched metric ends.
    pub(crate) fn demand_moves(&mut self) {
        let sim = &mut *self.sim;
        let mut demand = core::mem::take(&mut sim.demand);
        demand.next = demand.next.filter(|next| *next > sim.now);
        let (kills, outliers) = demand.moves(sim);
        let Demand { watches, loads, .. } = &mut demand;
        let appear = watches.periods_end(sim, loads);
        sim.demand = demand;
        for at in appear {
            sim.schedule(at, Event::DatapointsAppear);
        }
        for task in kills {
            sim.kill_for_memory(task);
        }
        sim.schedule_demand();
        for (service, task) in outliers {
            let (until, times) = self.sim.targets.eject(task, self.sim.now);
            self.emit(Fact::TaskEjected { task, service, until, times });
        }
    }

    /// Datapoints whose delay is over become visible (CW-050).
    pub(crate) fn datapoints_appear(&mut self) {
        for (series, from, value) in self.sim.demand.watches.visible(self.sim.now) {
            self.emit(Fact::DatapointPublished { series, from, value });
        }
    }

    /// A metrics period ends: what became of the requests of each service, where that is not what it was.
    pub(crate) fn measure_loads(&mut self) {
        self.measure_loads_where(|load| load.dirty);
    }

    /// The run ends within a metrics period: what became of requests in what there was of it.
    pub(crate) fn measure_the_rest(&mut self) {
        let period = self.sim.model.metrics_period.ms();
        if period > 0 && !self.sim.now.ms().is_multiple_of(period) {
            self.measure_loads_where(|load| load.is_given);
        }
    }

    fn measure_loads_where(&mut self, is_meant: fn(&Load) -> bool) {
        let now = self.sim.now;
        for at in 0..self.sim.demand.loads.len() {
            if !is_meant(&self.sim.demand.loads[at]) {
                continue;
            }
            self.sim.demand.advance(at as u32, now);
            let load = &mut self.sim.demand.loads[at];
            let (sample, groups) = load.sample(now);
            // What piles up or drains makes each period another one.
            let moves = load.tasks.iter().any(|member| member.growth != 0.0);
            load.dirty = core::mem::take(&mut load.changed) || moves;
            let service = load.service;
            if load.last_sample != Some(sample) {
                load.last_sample = Some(sample);
                self.emit(Fact::LoadMeasured { service, sample });
            }
            for (group, sample) in groups {
                self.emit(Fact::TargetGroupMeasured { group, service, sample });
            }
        }
    }
}

impl Simulation {
    /// Requests in flight take more memory than a task may have: its main container is killed (TSK-026, TSK-027).
    fn kill_for_memory(&mut self, task: TaskId) {
        let Some(row) = self.cluster.tasks().get(task).filter(|row| row.is_running()) else { return };
        let container =
            crate::world::containers::main_container(&self.model.definitions.task_definitions[row.definition]);
        if row.running_containers() >> container & 1 == 0 {
            return;
        }
        let run = crate::world::containers::run_number(self.restarts_of(task, container));
        let event = Event::ContainerExits {
            task,
            container: container as u8,
            run,
            cause: ExitCause::OutOfMemory,
            exit_code: crate::world::containers::KILLED,
        };
        self.schedule(self.now, event);
    }
}
