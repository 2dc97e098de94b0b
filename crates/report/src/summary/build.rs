//! Folds the facts of a run into its summary.

use std::collections::BTreeMap;

use ecsim_cluster::cluster::Sum;
use ecsim_cluster::events::ServiceEvent;
use ecsim_cluster::fact::HeldBack;
use ecsim_cluster::{
    Cluster, Definitions, Fact, InstanceId, Observer, Rejection, RejectionCounts, ServiceId, ServiceStatus, ShapeId,
    StopCode, StopReason, ZoneId,
};
use ecsim_kernel::{SimTime, Table};

use super::cost::cost;
use super::fleet::FleetFold;
use super::{
    Capacity, Count, Free, Instances, Level, Placement, Quantiles, ServiceSummary, Summary, Tasks, TimeToRunning,
    Traffic, WorkloadSummary, ZoneFree,
};
use crate::clock::Clock;
use crate::cost::SharedLedger;
use crate::metrics::load::Totals;
use crate::metrics::stranded::{Dimension, stranded};
use crate::metrics::timing::{Parts, percentile};
use crate::metrics::{Detail, Inputs, Tally};

/// The resources of the summary, in its order.
const RESOURCES: [&str; 4] = ["CPU", "memory", "GPU", "ENI"];

/// At most so many points of a series are kept in the summary.
const SERIES_LIMIT: usize = 120;

/// An observer that makes a [`Summary`].
#[derive(Clone, Debug)]
pub struct SummaryBuilder {
    tally: Tally,
    now: SimTime,
    present: Present,
    integral: Integral,
    /// The integral at the end of the last period.
    period: Integral,
    peak: [Peak; 4],
    placed_peak: [Peak; 4],
    registered_peak: u32,
    used_peak: u32,
    series: Vec<Sample>,
    stranded: [Stranded; 3],
    services: Table<ServiceId, ServiceFold>,
    touched: Vec<ServiceId>,
    stop_codes: BTreeMap<StopCode, u64>,
    stop_reasons: BTreeMap<&'static str, u64>,
    exit_codes: BTreeMap<i32, u64>,
    failures: Failures,
    fleet: FleetFold,
    costs: Option<SharedLedger>,
}

/// What is true at the current instant, as far as known.
#[derive(Clone, Copy, Debug, Default)]
struct Present {
    registered_instances: u32,
    used_instances: u32,
    registered: [u64; 4],
    running: [u64; 4],
    placed: [u64; 4],
}

/// Amounts times milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Integral {
    ms: u64,
    registered_instances: u64,
    used_instances: u64,
    registered: [u128; 4],
    running: [u128; 4],
    placed: [u128; 4],
}

/// The largest ratio so far, exactly.
#[derive(Clone, Copy, Debug, Default)]
struct Peak {
    part: u64,
    whole: u64,
}

impl Peak {
    fn see(&mut self, part: u64, whole: u64) {
        if u128::from(part) * u128::from(self.whole.max(1)) > u128::from(self.part) * u128::from(whole) && whole > 0 {
            *self = Self { part, whole };
        }
    }

    fn percent(self) -> f64 {
        if self.whole == 0 { 0.0 } else { round(self.part as f64 / self.whole as f64 * 100.0) }
    }
}

/// One period: percentages in the order of [`RESOURCES`]; `NAN` is none.
#[derive(Clone, Copy, Debug)]
struct Sample {
    ms: u64,
    running: [f32; 4],
    placed: [f32; 4],
    stranded: [f32; 3],
}

#[derive(Clone, Copy, Debug, Default)]
struct Stranded {
    sum: f64,
    ms: u64,
    peak: f64,
    last: Option<f64>,
}

/// Live tasks by zone name.
type Balance = Vec<(String, u32)>;

#[derive(Clone, Debug, Default)]
struct ServiceFold {
    touched: bool,
    active: bool,
    running: u32,
    desired: u32,
    reached: bool,
    min_running: u32,
    below_since: Option<SimTime>,
    below_ms: u64,
    last_event: Option<(SimTime, ServiceEvent, Balance)>,
}

#[derive(Clone, Debug, Default)]
struct Failures {
    attempts: u64,
    closest_reasons: BTreeMap<Rejection, u64>,
    no_instances: u64,
    /// No instance was looked at: something else refused.
    held_back: BTreeMap<HeldBack, u64>,
    closest_shapes: BTreeMap<ShapeId, u64>,
    free: [Mean; 4],
    zones: Vec<ZoneFold>,
}

#[derive(Clone, Debug, Default)]
struct ZoneFold {
    closest: u64,
    free: [Mean; 4],
}

#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn see(&mut self, part: u64, whole: u64) {
        if whole > 0 {
            self.sum += part as f64 / whole as f64 * 100.0;
            self.count += 1;
        }
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| round(self.sum / self.count as f64))
    }
}

const fn amounts(sum: &Sum) -> [u64; 4] {
    [sum.cpu, sum.memory, sum.gpus, sum.enis]
}

/// Two decimals are enough for a percentage that people read.
pub(super) fn round(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}

impl Present {
    fn of(cluster: &Cluster) -> Self {
        let totals = cluster.totals();
        Self {
            registered_instances: totals.registered_instances,
            used_instances: totals.used_instances,
            registered: amounts(&totals.registered),
            running: amounts(&totals.reserved_by_running),
            placed: amounts(&totals.reserved),
        }
    }
}

impl SummaryBuilder {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(definitions: &Definitions) -> Self {
        let mut services = Table::default();
        for _ in definitions.services.iter() {
            services.push(ServiceFold::default());
        }
        Self {
            tally: Tally::new(definitions, Detail { period_times: false, all_times: true }),
            now: SimTime::ZERO,
            present: Present::default(),
            integral: Integral::default(),
            period: Integral::default(),
            peak: [Peak::default(); 4],
            placed_peak: [Peak::default(); 4],
            registered_peak: 0,
            used_peak: 0,
            series: Vec::new(),
            stranded: [Stranded::default(); 3],
            services,
            touched: Vec::new(),
            stop_codes: BTreeMap::new(),
            stop_reasons: BTreeMap::new(),
            exit_codes: BTreeMap::new(),
            failures: Failures {
                zones: definitions.zones.iter().map(|_| ZoneFold::default()).collect(),
                ..Failures::default()
            },
            fleet: FleetFold::new(definitions),
            costs: None,
        }
    }

    /// With what it costs.
    #[must_use]
    pub fn with_costs(self, costs: Option<&SharedLedger>) -> Self {
        Self { costs: costs.cloned(), ..self }
    }

    /// The counts behind the summary.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Time moves on: what is true of the last instant is final.
    fn advance(&mut self, now: SimTime) {
        if now <= self.now {
            return;
        }
        self.settle();
        let ms = now.since(self.now).ms();
        let (present, integral) = (&self.present, &mut self.integral);
        integral.ms += ms;
        integral.registered_instances += u64::from(present.registered_instances) * ms;
        integral.used_instances += u64::from(present.used_instances) * ms;
        for at in 0..RESOURCES.len() {
            integral.registered[at] += u128::from(present.registered[at]) * u128::from(ms);
            integral.running[at] += u128::from(present.running[at]) * u128::from(ms);
            integral.placed[at] += u128::from(present.placed[at]) * u128::from(ms);
        }
        self.now = now;
    }

    /// The present instant is complete.
    fn settle(&mut self) {
        let present = &self.present;
        self.registered_peak = self.registered_peak.max(present.registered_instances);
        self.used_peak = self.used_peak.max(present.used_instances);
        for at in 0..RESOURCES.len() {
            self.peak[at].see(present.running[at], present.registered[at]);
            self.placed_peak[at].see(present.placed[at], present.registered[at]);
        }
        for service in self.touched.drain(..) {
            let fold = &mut self.services[service];
            fold.touched = false;
            let below = fold.active && fold.running < fold.desired;
            if fold.active && !below && fold.desired > 0 && !fold.reached {
                fold.reached = true;
                fold.min_running = fold.running;
            }
            if fold.active {
                fold.min_running = fold.min_running.min(fold.running);
            }
            match (fold.below_since, below) {
                (None, true) => fold.below_since = Some(self.now),
                (Some(since), false) => {
                    fold.below_ms += self.now.since(since).ms();
                    fold.below_since = None;
                }
                _ => {}
            }
        }
    }

    fn touch(&mut self, service: ServiceId, cluster: &Cluster) {
        let row = &cluster.services()[service];
        let fold = &mut self.services[service];
        fold.active = row.status == ServiceStatus::Active;
        fold.running = row.running;
        fold.desired = row.desired_count;
        if !fold.touched {
            fold.touched = true;
            self.touched.push(service);
        }
    }

    fn unplaced(&mut self, rejections: &RejectionCounts, closest: Option<InstanceId>, cluster: &Cluster) {
        let failures = &mut self.failures;
        failures.attempts += 1;
        match rejections.furthest() {
            Some(reason) => *failures.closest_reasons.entry(reason).or_insert(0) += 1,
            None => failures.no_instances += 1,
        }
        let totals = cluster.totals();
        let (registered, reserved) = (amounts(&totals.registered), amounts(&totals.reserved));
        for at in 0..RESOURCES.len() {
            failures.free[at].see(registered[at].saturating_sub(reserved[at]), registered[at]);
        }
        for (at, fold) in failures.zones.iter_mut().enumerate() {
            let zone = self.tally.instances.zone(ZoneId::from(at));
            let (registered, reserved) = (amounts(&zone.registered), amounts(&zone.reserved));
            for at in 0..RESOURCES.len() {
                fold.free[at].see(registered[at].saturating_sub(reserved[at]), registered[at]);
            }
        }
        if let Some(instance) = closest {
            let row = &cluster.instances()[instance];
            *failures.closest_shapes.entry(row.shape).or_insert(0) += 1;
            failures.zones[row.zone.index()].closest += 1;
        }
    }

    /// The period since the last sample.
    fn sample(&mut self, cluster: &Cluster) {
        let ms = self.integral.ms - self.period.ms;
        if ms == 0 {
            return;
        }
        let percent =
            |part: u128, whole: u128| if whole == 0 { f32::NAN } else { (part as f64 / whole as f64 * 100.0) as f32 };
        let mut sample = Sample { ms, running: [0.0; 4], placed: [0.0; 4], stranded: [f32::NAN; 3] };
        for at in 0..RESOURCES.len() {
            let registered = self.integral.registered[at] - self.period.registered[at];
            sample.running[at] = percent(self.integral.running[at] - self.period.running[at], registered);
            sample.placed[at] = percent(self.integral.placed[at] - self.period.placed[at], registered);
        }
        for (at, dimension) in [Dimension::Cpu, Dimension::Memory, Dimension::Gpu].into_iter().enumerate() {
            let value = stranded(cluster, &self.tally, dimension).number();
            let fold = &mut self.stranded[at];
            fold.last = value;
            if let Some(value) = value {
                sample.stranded[at] = value as f32;
                fold.sum += value * ms as f64;
                fold.ms += ms;
                fold.peak = fold.peak.max(value);
            }
        }
        self.series.push(sample);
        self.period = self.integral;
    }

    /// The summary of everything up to `now`.
    #[must_use]
    pub fn finish(mut self, now: SimTime, cluster: &Cluster) -> Summary {
        self.advance(now);
        self.settle();
        self.sample(cluster);
        let definitions = cluster.definitions();
        let mut clock = Clock::new(definitions.start_unix_ms);
        Summary {
            scenario_name: String::new(),
            cluster_name: definitions.cluster_name.clone(),
            region: definitions.region.clone(),
            start: clock.stamp(SimTime::ZERO),
            end: clock.stamp(now),
            duration_seconds: now.secs_f64(),
            tasks: self.tasks(cluster),
            placement: self.placement(definitions),
            time_to_running: times(self.tally.timing.all()),
            capacity: self.capacity(cluster),
            instances: self.instances(cluster),
            fleet: self.fleet.finish(now, &self.tally, cluster),
            cost: self.costs.as_ref().and_then(|costs| costs.with(|ledger| cost(ledger, now, definitions))),
            services: self.service_rows(now, cluster),
            workload: self.workload_rows(definitions),
        }
    }

    fn tasks(&self, cluster: &Cluster) -> Tasks {
        let (totals, tally) = (cluster.totals(), &self.tally);
        Tasks {
            requested: tally.requests.requested,
            placed: tally.tasks.all.placed,
            started: tally.tasks.all.started,
            running: u64::from(totals.running_tasks),
            pending: u64::from(totals.pending_tasks),
            stopping: u64::from(totals.stopping_tasks),
            waiting: tally.requests.waiting,
            missing: tally.requests.missing,
            dropped: tally.requests.dropped,
            stopped: tally.tasks.all.stopped,
            lost: tally.tasks.all.lost,
            out_of_memory_kills: tally.tasks.out_of_memory_kills,
            stop_codes: most_first(self.stop_codes.iter().map(|(code, count)| (code.name().to_owned(), *count))),
            stop_reasons: most_first(self.stop_reasons.iter().map(|(name, count)| ((*name).to_owned(), *count))),
            exit_codes: most_first(self.exit_codes.iter().map(|(code, count)| (code.to_string(), *count))),
        }
    }

    fn placement(&self, definitions: &Definitions) -> Placement {
        let (counts, failures) = (&self.tally.placement, &self.failures);
        let reasons = Rejection::ALL
            .into_iter()
            .map(|reason| (reason.code().to_owned(), counts.rejected(reason)))
            .chain([("MISSING".to_owned(), counts.missing), ("INACTIVE".to_owned(), counts.inactive)])
            .filter(|(_, count)| *count > 0);
        let mut types: BTreeMap<&str, u64> = BTreeMap::new();
        for (shape, count) in &failures.closest_shapes {
            *types.entry(&definitions.shapes[*shape].instance_type).or_insert(0) += count;
        }
        let closest = failures.closest_reasons.iter().map(|(reason, count)| (reason.code().to_owned(), *count));
        let nowhere = (failures.no_instances > 0).then(|| ("no container instances".to_owned(), failures.no_instances));
        let held_back = failures.held_back.iter().map(|(by, count)| (obstacle(*by).to_owned(), *count));
        Placement {
            failed_attempts: counts.failed_attempts,
            refused_calls: counts.refused_calls,
            reasons: most_first(reasons),
            closest_reasons: most_first(closest.chain(nowhere).chain(held_back)),
            closest_instance_types: most_first(types.into_iter().map(|(name, count)| (name.to_owned(), count))),
            free_when_failed: least_first(&failures.free),
            zones: if failures.attempts == 0 {
                Vec::new()
            } else {
                definitions
                    .zones
                    .iter()
                    .zip(&failures.zones)
                    .map(|((_, name), fold)| ZoneFree {
                        zone: name.to_owned(),
                        closest: fold.closest,
                        free: least_first(&fold.free),
                    })
                    .collect()
            },
        }
    }

    fn capacity(&self, cluster: &Cluster) -> Vec<Capacity> {
        let present = Present::of(cluster);
        let level = |at: usize, part: &[u128; 4], peak: &[Peak; 4], last: &[u64; 4], of: fn(&Sample) -> &[f32; 4]| {
            let whole = self.integral.registered[at];
            Level {
                mean: if whole == 0 { 0.0 } else { round(part[at] as f64 / whole as f64 * 100.0) },
                peak: peak[at].percent(),
                last: (present.registered[at] > 0)
                    .then(|| round(last[at] as f64 / present.registered[at] as f64 * 100.0)),
                series: self.points(|sample| of(sample)[at]),
            }
        };
        (0..RESOURCES.len())
            .filter(|at| self.integral.registered[*at] > 0 || present.registered[*at] > 0)
            .map(|at| Capacity {
                resource: RESOURCES[at],
                reservation: level(at, &self.integral.running, &self.peak, &present.running, |sample| &sample.running),
                placed: level(at, &self.integral.placed, &self.placed_peak, &present.placed, |sample| &sample.placed),
                stranded: self.stranded.get(at).filter(|fold| fold.ms > 0).map(|fold| Level {
                    mean: round(fold.sum / fold.ms as f64),
                    peak: round(fold.peak),
                    last: fold.last.map(round),
                    series: self.points(|sample| sample.stranded[at]),
                }),
            })
            .collect()
    }

    /// The series in at most [`SERIES_LIMIT`] points, each the mean of equally many periods.
    fn points(&self, of: impl Fn(&Sample) -> f32) -> Vec<Option<f64>> {
        let size = self.series.len().div_ceil(SERIES_LIMIT).max(1);
        self.series
            .chunks(size)
            .map(|chunk| {
                let (mut sum, mut ms) = (0.0, 0_u64);
                for sample in chunk {
                    let value = of(sample);
                    if !value.is_nan() {
                        sum += f64::from(value) * sample.ms as f64;
                        ms += sample.ms;
                    }
                }
                (ms > 0).then(|| round(sum / ms as f64))
            })
            .collect()
    }

    fn instances(&self, cluster: &Cluster) -> Instances {
        let totals = cluster.totals();
        let mean = |sum: u64| if self.integral.ms == 0 { 0.0 } else { round(sum as f64 / self.integral.ms as f64) };
        Instances {
            registered: u64::from(totals.registered_instances),
            registered_peak: u64::from(self.registered_peak),
            registered_mean: mean(self.integral.registered_instances),
            used: u64::from(totals.used_instances),
            used_peak: u64::from(self.used_peak),
            used_mean: mean(self.integral.used_instances),
            draining: self.tally.instances.sum(|zone| zone.draining),
            disconnected: self.tally.instances.sum(|zone| zone.disconnected),
        }
    }

    fn service_rows(&self, now: SimTime, cluster: &Cluster) -> Vec<ServiceSummary> {
        let definitions = cluster.definitions();
        let row = |(id, fold): (ServiceId, &ServiceFold)| {
            let (row, flow) = (&cluster.services()[id], self.tally.tasks.service(id));
            if row.status == ServiceStatus::Absent {
                return None;
            }
            let below = fold.below_ms + fold.below_since.map_or(0, |since| now.since(since).ms());
            Some(ServiceSummary {
                service_name: definitions.services[id].name.clone(),
                status: row.status.name(),
                desired_count: row.desired_count,
                running_count: row.running,
                pending_count: row.pending(),
                min_running_count: fold.reached.then_some(fold.min_running),
                below_desired_seconds: below as f64 / 1000.0,
                placed: flow.placed,
                stops: flow.stop_requested,
                failed_to_start: flow.failed_to_start,
                lost: flow.lost,
                placement_failures: row.placement_failures,
                time_to_running: times(self.tally.timing.service(id).clone()),
                scaling_activities: cluster.scaling_of(id).activities,
                not_scaled: cluster.scaling_of(id).not_scaled,
                deployments: row.deployments_started,
                deployments_failed: row.deployments_failed,
                rollout_state: row.primary().map_or("", |primary| primary.rollout.name()),
                traffic: self.tally.load.totals(id, now).map(traffic),
                last_event_seconds: fold.last_event.as_ref().map(|(at, ..)| at.secs_f64()),
                last_event: fold.last_event.as_ref().map(|(_, event, balance)| event.message(cluster, id, balance)),
            })
        };
        self.services.iter().filter_map(row).collect()
    }

    fn workload_rows(&self, definitions: &Definitions) -> Vec<WorkloadSummary> {
        let row = |(id, source): (_, &ecsim_cluster::definitions::Source)| {
            let (copies, flow) = (self.tally.requests.source(id), self.tally.tasks.source(id));
            if copies.requested == 0 && flow.placed == 0 {
                return None;
            }
            Some(WorkloadSummary {
                name: source.name.clone(),
                requested: copies.requested,
                placed: flow.placed,
                running: flow.running,
                waiting: copies.waiting,
                dropped: copies.dropped,
                stopped: flow.stopped,
                failed_to_start: flow.failed_to_start,
                lost: flow.lost,
                placement_failures: self.tally.placement.of_source(id),
                time_to_running: times(self.tally.timing.source(id).clone()),
            })
        };
        definitions.sources.iter().filter_map(row).collect()
    }
}

/// Sums of requests as a reader wants them.
fn traffic(totals: Totals) -> Traffic {
    let thousandths = |value: u64| value as f64 / 1e3;
    Traffic {
        requests: thousandths(totals.requests),
        failed: thousandths(totals.failed),
        rejected: thousandths(totals.rejected),
        mean_latency_seconds: totals.mean_latency(),
        worst_p95_seconds: totals.worst_p95_us as f64 / 1e6,
        worst_p99_seconds: totals.worst_p99_us as f64 / 1e6,
        out_of_slo_minutes: totals.out_of_slo_ms.map(|ms| ms as f64 / 60_000.0),
    }
}

fn most_first(counts: impl Iterator<Item = (String, u64)>) -> Vec<Count> {
    let mut counts: Vec<Count> = counts.map(|(name, count)| Count { name, count }).collect();
    counts.sort_by_key(|count| core::cmp::Reverse(count.count));
    counts
}

fn least_first(means: &[Mean; 4]) -> Vec<Free> {
    let mut free: Vec<Free> = RESOURCES
        .into_iter()
        .zip(means)
        .filter_map(|(resource, mean)| mean.value().map(|percent| Free { resource, percent }))
        .collect();
    free.sort_by(|one, other| one.percent.total_cmp(&other.percent));
    free
}

fn times(mut parts: Parts) -> TimeToRunning {
    TimeToRunning {
        tasks: parts.total.len() as u64,
        total: quantiles(&mut parts.total),
        waiting: quantiles(&mut parts.waiting),
        queued: quantiles(&mut parts.queued),
        pulling: quantiles(&mut parts.pulling),
        starting: quantiles(&mut parts.starting),
    }
}

pub(super) fn quantiles(ms: &mut [u32]) -> Quantiles {
    ms.sort_unstable();
    let seconds = |percent| percentile(ms, percent).map(|ms| f64::from(ms) / 1000.0);
    Quantiles { p50: seconds(50), p95: seconds(95), p99: seconds(99), max: seconds(100) }
}

/// What a stop reason is called in the summary.
/// What stood in the way where no instance was looked at.
const fn obstacle(by: HeldBack) -> &'static str {
    match by {
        HeldBack::ProvisioningQuota => "quota of PROVISIONING",
        HeldBack::FargateQuota => "vCPU quota of Fargate",
        HeldBack::FargateCapacity => "no capacity on Fargate",
    }
}

const fn reason_name(reason: StopReason) -> &'static str {
    match reason {
        StopReason::FailedToStart(error) => error.text(),
        StopReason::EssentialContainerExited => "essential container exited",
        StopReason::UserInitiated(_) => "StopTask",
        StopReason::ScaleIn => "scale-in",
        StopReason::Draining => "instance draining",
        StopReason::Deployment => "deployment",
        StopReason::Rebalancing => "zone rebalancing",
        StopReason::DaemonConstraint => "daemon constraint no longer met",
        StopReason::ServiceDeleted => "service deleted",
        StopReason::HostTerminated(_) => "host terminated",
        StopReason::HostStopped(_) => "host stopped",
        StopReason::HostDeregistered(_) => "host deregistered",
        StopReason::NoCapacity(_) => "gave up waiting for capacity",
        StopReason::SpotInterruption => "Fargate Spot interruption",
        StopReason::FargateRetirement => "Fargate retirement",
        StopReason::ZoneOutage => "zone outage",
        StopReason::Unhealthy => "failed container health checks",
        StopReason::UnhealthyTarget(_) => "failed health checks of its load balancer",
    }
}

impl Observer for SummaryBuilder {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.advance(now);
        self.tally.observe(now, fact, cluster);
        self.fleet.observe(now, fact, &self.tally, cluster);
        if let Some(costs) = &mut self.costs {
            costs.observe(now, fact, cluster);
        }
        if Inputs::of(fact).touches(Inputs::TASKS.and(Inputs::INSTANCES)) {
            self.present = Present::of(cluster);
        }
        match fact {
            Fact::TaskCreated { origin, .. } => {
                if let Some(service) = origin.service() {
                    self.touch(service, cluster);
                }
            }
            Fact::TaskStatusChanged { task, .. } => {
                if let Some(service) = cluster.tasks().get(*task).and_then(ecsim_cluster::Task::service) {
                    self.touch(service, cluster);
                }
            }
            Fact::TaskStopRequested { task, reason } => {
                *self.stop_codes.entry(reason.code()).or_insert(0) += 1;
                *self.stop_reasons.entry(reason_name(*reason)).or_insert(0) += 1;
                if let Some(service) = cluster.tasks().get(*task).and_then(ecsim_cluster::Task::service) {
                    self.touch(service, cluster);
                }
            }
            Fact::ServiceStatusChanged { service, .. } | Fact::DesiredCountChanged { service, .. } => {
                self.touch(*service, cluster);
            }
            Fact::ContainerExited { task, container, exit_code, .. } => {
                if let Some(row) = cluster.tasks().get(*task)
                    && row.is_live()
                    && cluster.definitions().task_definitions[row.definition]
                        .containers
                        .get(usize::from(*container))
                        .is_some_and(|container| container.essential)
                {
                    *self.exit_codes.entry(*exit_code).or_insert(0) += 1;
                }
            }
            Fact::RequestUnplaced { held_back: Some(by), .. } => {
                *self.failures.held_back.entry(*by).or_insert(0) += 1;
            }
            Fact::RequestUnplaced { rejections, closest, .. } => self.unplaced(rejections, *closest, cluster),
            Fact::ServiceUnplaced { rejections, closest, .. } => self.unplaced(rejections, *closest, cluster),
            Fact::ServiceEvent { service, event } if event.is_listed() => {
                // Only these messages tell how the tasks lie over the zones.
                let balance = match event {
                    ServiceEvent::RebalancingStarted | ServiceEvent::RebalancingCompleted => cluster.balance(*service),
                    _ => Vec::new(),
                };
                self.services[*service].last_event = Some((now, *event, balance));
            }
            _ => {}
        }
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.advance(now);
        self.sample(cluster);
    }

    fn run_ended(&mut self, now: SimTime, _: &Cluster) {
        self.advance(now);
    }
}
