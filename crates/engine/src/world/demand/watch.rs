//! What CloudWatch makes of services, target groups and the cluster: a datapoint for each period of each metric that
//! somebody watches, visible after its delay (CW-020 to CW-036, CW-040, CW-050, LB-033).
//!
//! Values are means over time: a task reports from its first full sample of 20 s until its containers are gone (CW-035),
//! and what it used counts for as long as it did. A metric is looked at when its period ends, as long as something changed
//! in that period or the one before; otherwise every period has the value of the last, and nothing is done.

use std::collections::{BTreeMap, BTreeSet};

use ecsim_cluster::cloudwatch::{
    ClusterMetric, InstanceMetric, SeriesSource, ServiceMetric, Statistic, TargetGroupMetric,
};
use ecsim_cluster::{InstanceId, SeriesId, ServiceId, ServiceStatus, TargetGroupId};
use ecsim_kernel::{SimTime, Span};

use super::Load;
use crate::model::Model;
use crate::simulation::Simulation;

/// Bytes of a MiB.
const MIB: f64 = 1_048_576.0;
/// Seconds of a sample (CW-033).
pub(super) const SAMPLE_SECS: f64 = 20.0;

/// What comes so soon after a multiple of the sample's length counts from there: reactions of a millisecond are
/// bookkeeping, and a time of the rules is met until 50 ms later (file 00 of the specification, item 8).
const SAME_INSTANT_MS: u64 = 50;

/// The instant from which a change counts.
pub(super) const fn counted(now: SimTime) -> SimTime {
    let since = now.ms() % (SAMPLE_SECS as u64 * 1_000);
    if since <= SAME_INSTANT_MS { SimTime::from_ms(now.ms() - since) } else { now }
}

/// All metrics that somebody watches.
#[derive(Clone, Debug, Default)]
pub(super) struct Watches {
    rows: Vec<Watch>,
    /// Ends of periods that must be looked at.
    ends: BTreeSet<(SimTime, u32)>,
    /// What becomes visible when: the start of the period, and the value.
    coming: BTreeMap<(SimTime, u32), (SimTime, Option<i64>)>,
}

/// One metric.
#[derive(Clone, Debug)]
struct Watch {
    series: SeriesId,
    source: SeriesSource,
    statistic: Statistic,
    period: Span,
    delay: Span,
    /// What it reads now.
    reading: Reading,
    /// What it has read in this period.
    sums: Reading,
    start: SimTime,
    last: SimTime,
    /// The latest value; `None`: none yet.
    known: Option<Option<i64>>,
    /// Whether something changed in this period.
    changed: bool,
    /// Whether the end of the period is in the calendar.
    waits: bool,
}

/// A metric at an instant: what a second adds to its sum and to its number of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reading {
    sum: f64,
    weight: f64,
    least: f64,
    most: f64,
}

impl Reading {
    const NONE: Self = Self { sum: 0.0, weight: 0.0, least: f64::INFINITY, most: f64::NEG_INFINITY };

    const fn gauge(value: f64) -> Self {
        Self { sum: value, weight: 1.0, least: value, most: value }
    }
}

/// How sums become a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Samples of tasks.
    Samples,
    /// A value that is there all the time.
    Gauge,
    /// Things that are counted.
    Counter,
    /// A value of each of several things, once a period.
    Each,
}

impl Watch {
    const fn kind(&self) -> Kind {
        match self.source {
            SeriesSource::Service(_, ServiceMetric::CpuUtilization | ServiceMetric::MemoryUtilization) => Kind::Samples,
            SeriesSource::Instances(..) => Kind::Each,
            SeriesSource::Service(
                _,
                ServiceMetric::RequestCount
                | ServiceMetric::RequestCountPerTarget
                | ServiceMetric::HttpCodeTarget2xx
                | ServiceMetric::HttpCodeTarget5xx,
            ) => Kind::Counter,
            SeriesSource::TargetGroup(
                _,
                TargetGroupMetric::RequestCount
                | TargetGroupMetric::RequestCountPerTarget
                | TargetGroupMetric::HttpCodeTarget2xx
                | TargetGroupMetric::HttpCodeTarget5xx
                | TargetGroupMetric::HttpCodeElb5xx
                | TargetGroupMetric::RejectedConnectionCount,
            ) => Kind::Counter,
            _ => Kind::Gauge,
        }
    }

    /// The start of the period that `now` ends or lies in.
    fn period_before(&self, now: SimTime) -> SimTime {
        let period = self.period.ms().max(1);
        SimTime::from_ms(now.ms().saturating_sub(1) / period * period)
    }

    fn period_after(&self, now: SimTime) -> SimTime {
        let period = self.period.ms().max(1);
        SimTime::from_ms((now.ms() / period + 1) * period)
    }

    fn advance(&mut self, now: SimTime) {
        if now <= self.last {
            return;
        }
        let start = self.period_before(now);
        if start != self.start {
            (self.start, self.sums) = (start, Reading::NONE);
        }
        let seconds = now.since(self.last.max(start)).secs_f64();
        self.last = now;
        self.sums.sum += self.reading.sum * seconds;
        self.sums.weight += self.reading.weight * seconds;
        self.sums.least = self.sums.least.min(self.reading.least);
        self.sums.most = self.sums.most.max(self.reading.most);
    }

    /// The datapoint of what has been read, in millionths.
    fn value(&self) -> Option<i64> {
        let sums = &self.sums;
        let value = match (self.kind(), self.statistic) {
            // Real zeros where nobody asks for anything (SAS-026).
            (Kind::Counter, Statistic::SampleCount) => 1.0,
            (Kind::Counter, _) => sums.sum,
            // A task that was there for less than a sample has not reported (CW-035).
            (Kind::Samples, _) if sums.weight < SAMPLE_SECS.min(self.period.secs_f64()) - 1e-6 => return None,
            _ if sums.weight <= 0.0 => return None,
            (_, Statistic::Average) => sums.sum / sums.weight,
            (_, Statistic::Minimum) => sums.least,
            (_, Statistic::Maximum) => sums.most,
            (Kind::Each, Statistic::Sum) => sums.sum / self.period.secs_f64(),
            (Kind::Each, Statistic::SampleCount) => (sums.weight / self.period.secs_f64()).round(),
            (Kind::Samples, Statistic::Sum) => sums.sum / SAMPLE_SECS,
            (Kind::Samples, Statistic::SampleCount) => (sums.weight / SAMPLE_SECS).round(),
            // Published once a period.
            (Kind::Gauge, Statistic::Sum) => sums.sum / sums.weight,
            (Kind::Gauge, Statistic::SampleCount) => 1.0,
        };
        Some(millionths(value))
    }

    /// Something changed: the end of this period is looked at.
    fn wait(&mut self, at: u32, now: SimTime, ends: &mut BTreeSet<(SimTime, u32)>) {
        self.changed = true;
        if !self.waits {
            self.waits = true;
            ends.insert((self.period_after(now), at));
        }
    }
}

fn millionths(value: f64) -> i64 {
    (value * 1e6).round().clamp(-9e18, 9e18) as i64
}

impl Watches {
    pub(super) fn new(model: &Model) -> Self {
        let mut watches = Self::default();
        // Custom metrics have a file of their own: `world/metrics.rs`.
        let own = |source| !matches!(source, SeriesSource::Custom(_));
        for (series, definition) in model.definitions.series.iter().filter(|(_, it)| own(it.source)) {
            let at = watches.rows.len() as u32;
            watches.rows.push(Watch {
                series,
                source: definition.source,
                statistic: definition.statistic,
                period: definition.period,
                delay: model.settings.scaling.metric_delay(definition.period),
                reading: match definition.source {
                    SeriesSource::TargetGroup(_, TargetGroupMetric::TargetResponseTime) => Reading::NONE,
                    SeriesSource::TargetGroup(..) => Reading { sum: 0.0, weight: 1.0, least: 0.0, most: 0.0 },
                    _ => Reading::NONE,
                },
                sums: Reading::NONE,
                start: SimTime::ZERO,
                last: SimTime::ZERO,
                known: None,
                changed: true,
                waits: true,
            });
            watches.ends.insert((SimTime::ZERO + definition.period, at));
        }
        watches
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Services that metrics are about.
    pub(super) fn services(&self, model: &Model) -> BTreeSet<ServiceId> {
        let mut services = BTreeSet::new();
        for watch in &self.rows {
            match watch.source {
                SeriesSource::Service(service, _) => {
                    services.insert(service);
                }
                SeriesSource::TargetGroup(group, _) => services.extend(services_of(model, group)),
                SeriesSource::Cluster(_) | SeriesSource::Instances(..) | SeriesSource::Custom(_) => {}
            }
        }
        services
    }

    /// Tells loads which metrics are about them.
    pub(super) fn attach(&self, model: &Model, loads: &mut [Load]) {
        for (at, watch) in self.rows.iter().enumerate() {
            let services = match watch.source {
                SeriesSource::Service(service, _) => vec![service],
                SeriesSource::TargetGroup(group, _) => services_of(model, group),
                SeriesSource::Cluster(_) | SeriesSource::Instances(..) | SeriesSource::Custom(_) => Vec::new(),
            };
            for load in loads.iter_mut().filter(|load| services.contains(&load.service)) {
                load.watches.push(at as u32);
            }
        }
    }

    pub(super) fn advance(&mut self, at: u32, now: SimTime) {
        self.rows[at as usize].advance(counted(now));
    }

    /// Reads a metric of a load anew.
    pub(super) fn read(&mut self, sim: &Simulation, loads: &[Load], load: u32, at: u32) {
        let watch = &mut self.rows[at as usize];
        let reading = match watch.source {
            SeriesSource::Service(_, metric) => of_service(sim, &loads[load as usize], metric),
            SeriesSource::TargetGroup(group, metric) => of_group(sim, loads, group, metric),
            SeriesSource::Cluster(_) | SeriesSource::Instances(..) | SeriesSource::Custom(_) => return,
        };
        if reading != watch.reading {
            watch.advance(counted(sim.now));
            watch.reading = reading;
            watch.wait(at, sim.now, &mut self.ends);
        }
    }

    pub(super) fn next_end(&self) -> Option<SimTime> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// Periods that end now become datapoints, where their value is another than before; tells when they become visible.
    pub(super) fn periods_end(&mut self, sim: &Simulation, loads: &[Load]) -> Vec<SimTime> {
        let now = sim.now;
        let mut appear = Vec::new();
        while let Some((end, at)) = self.ends.first().copied().filter(|(end, _)| *end <= now) {
            self.ends.remove(&(end, at));
            let watch = &mut self.rows[at as usize];
            match watch.source {
                SeriesSource::Cluster(metric) => watch.reading = of_cluster(sim, loads, metric),
                SeriesSource::Instances(which, metric) => watch.reading = of_instances(sim, loads, which, metric),
                _ => {}
            }
            watch.changed |= matches!(watch.source, SeriesSource::Cluster(_) | SeriesSource::Instances(..));
            watch.advance(now);
            let value = watch.value();
            if watch.known != Some(value) {
                watch.known = Some(value);
                let visible = now + watch.delay;
                if self.coming.range((visible, 0)..=(visible, u32::MAX)).next().is_none() {
                    appear.push(visible);
                }
                self.coming.insert((visible, at), (watch.start, value));
            }
            (watch.start, watch.sums) = (now, Reading::NONE);
            watch.waits = core::mem::take(&mut watch.changed);
            if watch.waits {
                self.ends.insert((now + watch.period, at));
            }
        }
        appear
    }

    /// What becomes visible now.
    pub(super) fn visible(&mut self, now: SimTime) -> Vec<(SeriesId, SimTime, Option<i64>)> {
        let mut seen = Vec::new();
        while let Some(first) = self.coming.first_entry().filter(|first| first.key().0 <= now) {
            let ((_, at), (from, value)) = first.remove_entry();
            seen.push((self.rows[at as usize].series, from, value));
        }
        seen
    }
}

/// Services whose tasks may be registered with a target group.
fn services_of(model: &Model, group: TargetGroupId) -> Vec<ServiceId> {
    let has = |revision: &ecsim_cluster::definitions::ServiceRevision| {
        revision.target_groups.contains(&group) || revision.routing.alternates.contains(&Some(group))
    };
    let services = model.definitions.services.iter();
    services.filter(|(_, service)| service.revisions.iter().any(has)).map(|(id, _)| id).collect()
}

/// Metrics of a service (CW-030 to CW-036, CW-040).
fn of_service(sim: &Simulation, load: &Load, metric: ServiceMetric) -> Reading {
    let row = &sim.cluster.services()[load.service];
    let reports = &load.flow.reports;
    let samples = |(sum, least, most): (f64, f64, f64), tasks: f64| {
        if tasks > 0.0 { Reading { sum, weight: tasks, least, most } } else { Reading::NONE }
    };
    let gauge = |value: f64| Reading::gauge(value);
    let exists = row.status != ecsim_cluster::ServiceStatus::Absent;
    let count = |value: u32| if exists { gauge(f64::from(value)) } else { Reading::NONE };
    match metric {
        ServiceMetric::CpuUtilization => samples(reports.cpu, reports.cpu_tasks),
        ServiceMetric::MemoryUtilization => samples(reports.memory, reports.tasks),
        ServiceMetric::LiveTaskCount if reports.tasks > 0.0 => gauge(reports.tasks),
        ServiceMetric::CpuUtilized if reports.tasks > 0.0 => gauge(reports.used.0),
        ServiceMetric::MemoryUtilized if reports.tasks > 0.0 => gauge(reports.used.1),
        ServiceMetric::LiveTaskCount | ServiceMetric::CpuUtilized | ServiceMetric::MemoryUtilized => Reading::NONE,
        ServiceMetric::DesiredTaskCount => count(row.desired_count),
        ServiceMetric::RunningTaskCount => count(row.running),
        ServiceMetric::PendingTaskCount => count(row.pending()),
        ServiceMetric::DeploymentCount => count(row.deployments.len() as u32),
        ServiceMetric::RestartCount => count(row.tasks.iter().map(|task| sim.cluster.task(*task).restarts).sum()),
        ServiceMetric::CpuReserved => count(reserved(sim, load.service).0),
        ServiceMetric::MemoryReserved => count(reserved(sim, load.service).1),
        ServiceMetric::TaskSetCount => count(row.deployments.len() as u32),
        _ => of_proxies(load, metric),
    }
}

/// Metrics of Service Connect: what the proxies of the tasks see, those of retries included (LB-041).
fn of_proxies(load: &Load, metric: ServiceMetric) -> Reading {
    let seen = &load.flow.proxied;
    let counter = |rate: f64| Reading { sum: rate, weight: 1.0, least: rate, most: rate };
    match metric {
        ServiceMetric::RequestCount => counter(seen.requests),
        ServiceMetric::RequestCountPerTarget => counter(seen.requests / load.flow.receivers.max(1.0)),
        ServiceMetric::HttpCodeTarget2xx => counter(seen.succeeded),
        ServiceMetric::HttpCodeTarget5xx => counter(seen.failed + seen.rejected),
        ServiceMetric::TargetResponseTime if seen.answers > 0.0 => {
            let mean = seen.waited / seen.answers * 1e3;
            Reading { sum: seen.waited * 1e3, weight: seen.answers, least: mean, most: mean }
        }
        _ => Reading::NONE,
    }
}

/// CPU units and MiB that the RUNNING tasks of a service reserve.
fn reserved(sim: &Simulation, service: ServiceId) -> (u32, u32) {
    let tasks = sim.cluster.services()[service].tasks.iter().map(|task| sim.cluster.task(*task));
    tasks.filter(|task| task.is_running()).fold((0, 0), |sum, task| {
        (sum.0.saturating_add(task.requirements.cpu), sum.1.saturating_add(task.requirements.memory))
    })
}

/// CPU units and MiB that tasks use on an instance.
fn used_on(loads: &[Load], instance: InstanceId) -> (f64, f64) {
    let members = loads.iter().flat_map(|load| load.tasks.iter().map(move |task| (load, task)));
    let here = members.filter(|(_, task)| task.runs && task.instance == Some(instance));
    here.fold((0.0, 0.0), |sum, (load, task)| (sum.0 + task.busy * 1_024.0, sum.1 + task.memory(&load.model)))
}

/// A metric of one container instance that is registered, or of each, as it is at the end of the period (CW-040).
fn of_instances(sim: &Simulation, loads: &[Load], which: Option<InstanceId>, metric: InstanceMetric) -> Reading {
    let rows = sim.cluster.instances().values().filter(|row| which.is_none_or(|id| id == row.id));
    let mut reading = Reading::NONE;
    for row in rows.filter(|row| row.status.is_registered()) {
        let whole = (f64::from(row.registered.cpu), f64::from(row.registered.memory));
        let left = (f64::from(row.remaining.cpu), f64::from(row.remaining.memory));
        let percent = |part: f64, whole: f64| if whole > 0.0 { part / whole * 100.0 } else { 0.0 };
        let value = match metric {
            InstanceMetric::CpuLimit => whole.0,
            InstanceMetric::CpuReservedCapacity => percent(whole.0 - left.0, whole.0),
            InstanceMetric::CpuUsageTotal => used_on(loads, row.id).0,
            InstanceMetric::CpuUtilization => percent(used_on(loads, row.id).0, whole.0),
            InstanceMetric::MemoryLimit => whole.1 * MIB,
            InstanceMetric::MemoryReservedCapacity => percent(whole.1 - left.1, whole.1),
            InstanceMetric::MemoryUtilization => percent(used_on(loads, row.id).1, whole.1),
            InstanceMetric::MemoryWorkingSet => used_on(loads, row.id).1 * MIB,
            InstanceMetric::NumberOfRunningTasks => {
                let tasks = row.tasks.iter().filter_map(|task| sim.cluster.tasks().get(*task));
                tasks.filter(|task| task.is_running()).count() as f64
            }
        };
        reading = Reading {
            sum: reading.sum + value,
            weight: reading.weight + 1.0,
            least: reading.least.min(value),
            most: reading.most.max(value),
        };
    }
    reading
}

/// Metrics of a target group (LB-033).
fn of_group(sim: &Simulation, loads: &[Load], group: TargetGroupId, metric: TargetGroupMetric) -> Reading {
    let row = sim.cluster.target_group(group);
    let flows = || loads.iter().flat_map(|load| &load.flow.groups).filter(|flow| flow.group == group);
    let sum = |of: fn(&super::flow::GroupFlow) -> f64| flows().map(of).sum::<f64>();
    let counter = |rate: f64| Reading { sum: rate, weight: 1.0, least: rate, most: rate };
    match metric {
        TargetGroupMetric::RequestCount => counter(sum(|flow| flow.requests)),
        // By healthy target; where there is none, what comes is still there to wake the service (SAS-026).
        TargetGroupMetric::RequestCountPerTarget => {
            counter((sum(|flow| flow.requests) + sum(|flow| flow.rejected)) / f64::from(row.healthy.max(1)))
        }
        TargetGroupMetric::TargetResponseTime => {
            let (waited, answers) = (sum(|flow| flow.waited), sum(|flow| flow.answers));
            if answers > 0.0 {
                let mean = waited / answers;
                Reading { sum: waited, weight: answers, least: mean, most: mean }
            } else {
                Reading::NONE
            }
        }
        TargetGroupMetric::HealthyHostCount => Reading::gauge(f64::from(row.healthy)),
        TargetGroupMetric::UnHealthyHostCount => Reading::gauge(f64::from(row.unhealthy)),
        TargetGroupMetric::HttpCodeTarget2xx => counter(sum(|flow| flow.succeeded)),
        TargetGroupMetric::HttpCodeTarget5xx => counter(sum(|flow| flow.failed)),
        TargetGroupMetric::HttpCodeElb5xx => counter(sum(|flow| flow.rejected + flow.unanswered)),
        TargetGroupMetric::ActiveConnectionCount => Reading::gauge(sum(|flow| flow.in_flight)),
        TargetGroupMetric::RejectedConnectionCount => counter(0.0),
    }
}

/// Metrics of the cluster, as they are at the end of the period (CW-020, CW-022, CW-040).
fn of_cluster(sim: &Simulation, loads: &[Load], metric: ClusterMetric) -> Reading {
    let totals = sim.cluster.totals();
    let used = |of: fn(&Load) -> f64| loads.iter().map(of).sum::<f64>();
    let running = || sim.cluster.tasks().iter().filter(|task| task.is_running());
    let (part, whole) = match metric {
        ClusterMetric::ContainerInstanceCount => return Reading::gauge(f64::from(totals.registered_instances)),
        ClusterMetric::ServiceCount => {
            let is_there = |status| !matches!(status, ServiceStatus::Absent | ServiceStatus::Inactive);
            let services = sim.cluster.services().values().filter(|row| is_there(row.status));
            return Reading::gauge(services.count() as f64);
        }
        ClusterMetric::TaskCount => return Reading::gauge(f64::from(totals.running_tasks)),
        ClusterMetric::CpuUtilized => return Reading::gauge(used(|load| load.flow.cpu)),
        ClusterMetric::MemoryUtilized => return Reading::gauge(used(|load| load.flow.memory)),
        ClusterMetric::CpuReserved => {
            return Reading::gauge(running().map(|task| f64::from(task.requirements.cpu)).sum());
        }
        ClusterMetric::MemoryReserved => {
            return Reading::gauge(running().map(|task| f64::from(task.requirements.memory)).sum());
        }
        ClusterMetric::CpuReservation => (totals.reserved_by_running.cpu as f64, totals.registered.cpu),
        ClusterMetric::MemoryReservation => (totals.reserved_by_running.memory as f64, totals.registered.memory),
        ClusterMetric::GpuReservation => (totals.reserved_by_running.gpus as f64, totals.registered.gpus),
        ClusterMetric::CpuUtilization => (used(|load| load.flow.on_instances.0), totals.registered.cpu),
        ClusterMetric::MemoryUtilization => (used(|load| load.flow.on_instances.1), totals.registered.memory),
    };
    if whole == 0 { Reading::NONE } else { Reading::gauge(part / whole as f64 * 100.0) }
}
