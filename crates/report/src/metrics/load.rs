//! Requests to services: how many, what became of them, how long they took, and what they cost the tasks (CW-022, CW-030 to
//! CW-040).
//!
//! A sample is told only where it differs from the one before, so what has been counted since the start is worked out when
//! somebody asks: what was told, and its repetitions.

use ecsim_cluster::load::{LoadSample, TargetGroupSample};
use ecsim_cluster::{Cluster, ServiceId, TargetGroupId};
use ecsim_kernel::{SimTime, Span};

use super::{Inputs, Metric, Read, Reading, Unit, Value};

/// What became of requests since the start.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    services: Vec<Option<Known>>,
    /// By target group: what it saw of each service's requests in the latest period.
    groups: Vec<Vec<(ServiceId, TargetGroupSample)>>,
    /// By service: how often proxies took a task out (LB-041).
    ejections: Vec<u32>,
}

/// What is known of a service.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The latest sample, and when it was told.
    sample: LoadSample,
    at: SimTime,
    /// What came before it.
    before: Totals,
}

/// Sums since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests, in thousandths.
    pub requests: u64,
    /// Answered with success.
    pub succeeded: u64,
    /// Answered with an error, lost, or timed out.
    pub failed: u64,
    /// Turned away.
    pub rejected: u64,
    /// Answers, in thousandths, times their mean time in microseconds.
    pub waited: u128,
    /// The largest 95th percentile of a period, in microseconds.
    pub worst_p95_us: u64,
    /// The same of the 99th.
    pub worst_p99_us: u64,
    /// How long it was out of its SLO; `None`: it has none.
    pub out_of_slo_ms: Option<u64>,
}

impl Totals {
    fn add(&mut self, sample: &LoadSample, times: u64) {
        if times == 0 {
            return;
        }
        self.requests += sample.requests * times;
        self.succeeded += sample.succeeded * times;
        self.failed += sample.failed * times;
        self.rejected += sample.rejected * times;
        let answers = u128::from(sample.requests.saturating_sub(sample.rejected));
        self.waited += answers * u128::from(sample.mean_us) * u128::from(times);
        self.worst_p95_us = self.worst_p95_us.max(sample.p95_us);
        self.worst_p99_us = self.worst_p99_us.max(sample.p99_us);
        if let Some(ms) = sample.out_of_slo_ms {
            *self.out_of_slo_ms.get_or_insert(0) += u64::from(ms) * times;
        }
    }

    /// Mean time to an answer, in seconds.
    #[must_use]
    pub fn mean_latency(&self) -> Option<f64> {
        let answers = self.requests.saturating_sub(self.rejected);
        (answers > 0).then(|| self.waited as f64 / answers as f64 / 1e6)
    }
}

impl Known {
    /// How many periods like the latest sample there have been until `now`, its own included.
    fn periods(&self, now: SimTime) -> u64 {
        now.since(self.at).ms() / u64::from(self.sample.length_ms.max(1)) + 1
    }

    /// The same until another sample is told at `now`, of what is not in them.
    fn periods_before(&self, now: SimTime) -> u64 {
        now.since(self.at).ms().div_ceil(u64::from(self.sample.length_ms.max(1))).max(1)
    }
}

impl Counts {
    pub(crate) fn new(services: usize, groups: usize) -> Self {
        Self { services: vec![None; services], groups: vec![Vec::new(); groups], ejections: vec![0; services] }
    }

    pub(crate) fn ejected(&mut self, service: ServiceId) {
        self.ejections[service.index()] += 1;
    }

    pub(crate) fn seen(&mut self, group: TargetGroupId, service: ServiceId, sample: TargetGroupSample) {
        let known = &mut self.groups[group.index()];
        match known.iter_mut().find(|it| it.0 == service) {
            Some(it) => it.1 = sample,
            None => known.push((service, sample)),
        }
    }

    /// What a target group saw in the latest metrics period, of all services; `None`: no requests are sent to any of them.
    #[must_use]
    pub fn group(&self, group: TargetGroupId) -> Option<TargetGroupSample> {
        let waited = |it: &TargetGroupSample| u128::from(it.mean_us) * u128::from(it.answers);
        self.groups[group.index()].iter().map(|it| it.1).reduce(|one, other| {
            let answers = one.answers + other.answers;
            TargetGroupSample {
                requests: one.requests + other.requests,
                succeeded: one.succeeded + other.succeeded,
                failed: one.failed + other.failed,
                rejected: one.rejected + other.rejected,
                unanswered: one.unanswered + other.unanswered,
                answers,
                mean_us: ((waited(&one) + waited(&other)) / u128::from(answers.max(1))) as u64,
                in_flight: one.in_flight + other.in_flight,
            }
        })
    }

    pub(crate) fn measured(&mut self, now: SimTime, service: ServiceId, sample: LoadSample) {
        let before = self.services[service.index()].map_or_else(Totals::default, |known| {
            let mut totals = known.before;
            // The period that ends now is not like the latest one, and may be shorter.
            totals.add(&known.sample, known.periods_before(now));
            totals
        });
        self.services[service.index()] = Some(Known { sample, at: now, before });
    }

    /// What the latest metrics period was like; `None`: no requests are sent to the service.
    #[must_use]
    pub fn sample(&self, service: ServiceId) -> Option<&LoadSample> {
        self.services[service.index()].as_ref().map(|known| &known.sample)
    }

    /// What has come together since the start.
    #[must_use]
    pub fn totals(&self, service: ServiceId, now: SimTime) -> Option<Totals> {
        let known = self.services[service.index()].as_ref()?;
        let mut totals = known.before;
        totals.add(&known.sample, known.periods(now));
        Some(totals)
    }

    /// The latest samples of all services that requests are sent to.
    fn samples(&self) -> Vec<LoadSample> {
        self.services.iter().flatten().map(|known| known.sample).collect()
    }

    /// CPU in thousandths of a CPU unit and memory in KiB that tasks use on container instances; `None`: nobody measures.
    fn on_instances(&self) -> Option<(u64, u64)> {
        let known = self.services.iter().flatten();
        known
            .map(|it| (it.sample.cpu_on_instances, it.sample.memory_on_instances_kib))
            .reduce(|a, b| (a.0 + b.0, a.1 + b.1))
    }
}

const CHANGES: Inputs = Inputs::LOAD.and(Inputs::PERIODS);

const fn metric(
    name: &'static str,
    unit: Unit,
    help: &'static str,
    read: fn(&Reading<'_>, ServiceId) -> Value,
) -> Metric {
    Metric::new(name, unit, CHANGES, help, Read::Service(read))
}

fn of(at: &Reading<'_>, id: ServiceId, read: impl Fn(&LoadSample) -> Value) -> Value {
    at.tally.load.sample(id).map_or(Value::Missing, read)
}

fn total(at: &Reading<'_>, id: ServiceId, read: impl Fn(&Totals) -> u64) -> Value {
    at.tally.load.totals(id, at.now).map_or(Value::Missing, |totals| Value::Number(read(&totals) as f64 / 1e3))
}

fn thousandths(value: u64) -> Value {
    Value::Number(value as f64 / 1e3)
}

fn micros(value: u64, sample: &LoadSample) -> Value {
    if sample.requests > sample.rejected { Value::Number(value as f64 / 1e6) } else { Value::Missing }
}

fn percent(millionths: Option<u64>) -> Value {
    millionths.map_or(Value::Missing, |value| Value::Number(value as f64 / 1e6))
}

/// What RUNNING tasks of a service reserve: CPU units and MiB.
fn reserved(cluster: &Cluster, id: ServiceId) -> (u64, u64) {
    let tasks = cluster.services()[id].tasks.iter().map(|task| cluster.task(*task)).filter(|task| task.is_running());
    tasks.fold((0, 0), |sum, task| {
        (sum.0 + u64::from(task.requirements.cpu), sum.1 + u64::from(task.requirements.memory))
    })
}

/// A number of the latest samples of all services.
macro_rules! of_all {
    ($name:literal, $unit:expr, $help:literal, $read:expr $(,)?) => {
        Metric::new(
            $name,
            $unit,
            CHANGES,
            $help,
            Read::Cluster(|at| {
                let read: fn(&[LoadSample]) -> Value = $read;
                read(&at.tally.load.samples())
            }),
        )
    };
}

/// Of the cluster.
pub const CLUSTER: &[Metric] = &[
    Metric::new(
        "CPUUtilization",
        Unit::Percent,
        CHANGES.and(Inputs::INSTANCES),
        "CPU units that tasks with a workload use over those registered on instances, in the last period (CW-022).",
        Read::Cluster(|at| {
            let used = at.tally.load.on_instances();
            used.map_or(Value::Missing, |(cpu, _)| Value::percent(cpu, at.cluster.totals().registered.cpu * 1_000))
        }),
    ),
    Metric::new(
        "MemoryUtilization",
        Unit::Percent,
        CHANGES.and(Inputs::INSTANCES),
        "Memory that tasks with a workload use over that registered on instances, in the last period (CW-022).",
        Read::Cluster(|at| {
            let used = at.tally.load.on_instances();
            used.map_or(Value::Missing, |(_, kib)| Value::percent(kib, at.cluster.totals().registered.memory * 1_024))
        }),
    ),
    of_all!("RequestCount", Unit::Count, "Requests to all services in the last period.", |samples| {
        samples.iter().map(|it| it.requests).reduce(|a, b| a + b).map_or(Value::Missing, thousandths)
    }),
    of_all!("errorRate", Unit::Percent, "Of those, what failed or was turned away.", |samples| {
        let sum = |of: fn(&LoadSample) -> u64| samples.iter().map(of).sum::<u64>();
        Value::percent(sum(|it| it.failed + it.rejected), sum(|it| it.requests))
    }),
    of_all!(
        "latencyP95",
        Unit::Seconds,
        "The highest 95th percentile that a service had in the last period.",
        |samples| {
            let answering = samples.iter().filter(|it| it.requests > it.rejected);
            answering.map(|it| it.p95_us).max().map_or(Value::Missing, |us| Value::Number(us as f64 / 1e6))
        },
    ),
    Metric::new(
        "outOfSlo",
        Unit::Seconds,
        CHANGES,
        "How long services were out of their SLO since the start, added up; none where no service has an SLO.",
        Read::Cluster(|at| {
            let totals = at.cluster.services().ids().filter_map(|id| at.tally.load.totals(id, at.now)?.out_of_slo_ms);
            let all = totals.reduce(|a, b| a + b);
            all.map_or(Value::Missing, |ms| Value::Number(Span::from_ms(ms).secs_f64()))
        }),
    ),
];

/// Of a service. All but the totals are of the last metrics period.
pub const METRICS: &[Metric] = &[
    metric("RequestCount", Unit::Count, "Requests that came in the last period, repeated ones included.", |at, id| {
        of(at, id, |it| thousandths(it.requests))
    }),
    metric("requestsFailed", Unit::Count, "Of those, answered with an error, lost or timed out.", |at, id| {
        of(at, id, |it| thousandths(it.failed))
    }),
    metric("requestsRejected", Unit::Count, "Of those, turned away because nobody could take them.", |at, id| {
        of(at, id, |it| thousandths(it.rejected))
    }),
    metric(
        "errorRate",
        Unit::Percent,
        "Of the requests of the last period, those that failed or were turned away.",
        |at, id| of(at, id, |it| Value::percent(it.failed + it.rejected, it.requests)),
    ),
    metric("latencyMean", Unit::Seconds, "Mean time to the answer in the last period.", |at, id| {
        of(at, id, |it| micros(it.mean_us, it))
    }),
    metric("latencyP50", Unit::Seconds, "The median of the same (an estimate: docs/load.md).", |at, id| {
        of(at, id, |it| micros(it.p50_us, it))
    }),
    metric("latencyP95", Unit::Seconds, "Its 95th percentile.", |at, id| of(at, id, |it| micros(it.p95_us, it))),
    metric("latencyP99", Unit::Seconds, "Its 99th percentile.", |at, id| of(at, id, |it| micros(it.p99_us, it))),
    metric("CPUUtilization", Unit::Percent, "CPU used over CPU units reserved (CW-030, CW-031).", |at, id| {
        of(at, id, |it| percent(it.cpu_utilization))
    }),
    metric("MemoryUtilization", Unit::Percent, "Memory used over memory reserved (CW-030, CW-032).", |at, id| {
        of(at, id, |it| percent(it.memory_utilization))
    }),
    metric("CpuUtilized", Unit::CpuUnits, "CPU units in use (CW-040).", |at, id| of(at, id, |it| thousandths(it.cpu))),
    metric("CpuReserved", Unit::CpuUnits, "CPU units that its RUNNING tasks reserve (CW-040).", |at, id| {
        of(at, id, |_| reserved(at.cluster, id).0.into())
    }),
    metric("MemoryUtilized", Unit::MiB, "Memory in use (CW-040).", |at, id| {
        of(at, id, |it| Value::Number(it.memory_kib as f64 / 1_024.0))
    }),
    metric("MemoryReserved", Unit::MiB, "Memory that its RUNNING tasks reserve (CW-040).", |at, id| {
        of(at, id, |_| reserved(at.cluster, id).1.into())
    }),
    metric("receivers", Unit::Count, "Tasks that took requests, the mean over the last period.", |at, id| {
        of(at, id, |it| thousandths(u64::from(it.receivers)))
    }),
    metric("requestsTotal", Unit::Count, "Requests since the start.", |at, id| total(at, id, |it| it.requests)),
    metric("requestsFailedTotal", Unit::Count, "Requests that failed since the start.", |at, id| {
        total(at, id, |it| it.failed)
    }),
    metric("requestsRejectedTotal", Unit::Count, "Requests turned away since the start.", |at, id| {
        total(at, id, |it| it.rejected)
    }),
    Metric::new(
        "outOfSlo",
        Unit::Seconds,
        CHANGES,
        "How long it was out of its SLO since the start; none without an SLO.",
        Read::Service(|at, id| {
            let ms = at.tally.load.totals(id, at.now).and_then(|it| it.out_of_slo_ms);
            ms.map_or(Value::Missing, |ms| Value::Number(Span::from_ms(ms).secs_f64()))
        }),
    ),
    Metric::new(
        "ejections",
        Unit::Count,
        Inputs::LOAD,
        "How often Service Connect's proxies took one of its tasks out since the start (LB-041).",
        Read::Service(|at, id| at.tally.load.ejections[id.index()].into()),
    )
    .no_column(),
    Metric::new(
        "RestartCount",
        Unit::Count,
        Inputs::CONTAINERS.and(Inputs::TASKS),
        "How often containers of its present tasks were started again in place (CW-040, TSK-032).",
        Read::Service(|at, id| {
            let tasks = at.cluster.services()[id].tasks.iter();
            tasks.map(|task| u64::from(at.cluster.task(*task).restarts)).sum::<u64>().into()
        }),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_counts_for_every_period_until_the_next() {
        let mut counts = Counts::new(1, 0);
        let service = ServiceId::new(0);
        let sample = |requests| LoadSample { length_ms: 60_000, requests, mean_us: 10, ..LoadSample::default() };
        let at = |minute: u64| SimTime::ZERO + Span::from_mins(minute);
        let total = |counts: &Counts, minute| counts.totals(service, at(minute)).unwrap().requests;
        assert_eq!(counts.totals(service, at(5)), None);
        counts.measured(at(1), service, sample(1_000));
        assert_eq!((total(&counts, 1), total(&counts, 4)), (1_000, 4_000));
        counts.measured(at(5), service, sample(500));
        assert_eq!((total(&counts, 5), total(&counts, 7)), (4_500, 5_500));
        counts.measured(at(8), service, sample(0));
        assert_eq!(total(&counts, 9), 5_500);
        assert!((counts.totals(service, at(9)).unwrap().mean_latency().unwrap() - 10e-6).abs() < 1e-12);
    }
}
