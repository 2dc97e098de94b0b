//! How long it took from the request for a task to RUNNING, and where the time went.
//!
//! A task is *requested* when its copy is asked for by a call, or when its service came to miss it (see
//! [`super::requests`]); where nobody missed it (a replacement started on top), when it is placed. The parts:
//!
//! | part | from | to |
//! | --- | --- | --- |
//! | waiting | requested | placed: `createdAt`, or the end of the wait for an instance of its provider (CAS-008) |
//! | queued | placed | the pull begins: network interface, room on the host, the agent's queue, Fargate's own work |
//! | pulling | `pullStartedAt` | `pullStoppedAt` |
//! | starting | `pullStoppedAt` | RUNNING (`startedAt`) |
//!
//! Percentiles are exact and by nearest rank: the value at position `ceil(p / 100 * n)` of the ascending list, so
//! every percentile is a time that some task really took.

use ecsim_cluster::fact::TaskOrigin;
use ecsim_cluster::{ServiceId, SourceId};
use ecsim_kernel::{SimTime, Span, Table};

use super::tally::{Detail, Note};
use super::{Inputs, Metric, Read, Unit, Value};

/// Times of tasks that entered RUNNING.
#[derive(Clone, Debug, Default)]
pub struct Times {
    period: Vec<u32>,
    services: Table<ServiceId, Parts>,
    sources: Table<SourceId, Parts>,
    unsettled: bool,
    /// Waits in PROVISIONING for an instance that ended in this period, whatever their end.
    period_waits: Vec<u32>,
    /// The same since the start.
    waits: Vec<u32>,
    /// Tasks that got the instance they had waited for.
    pub got_capacity: u64,
    /// Tasks that gave up waiting for an instance (CAS-010).
    pub gave_up: u64,
}

/// Times in milliseconds, one entry a task, capped at 49 days.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// From request to RUNNING; ascending after `Times::settle`.
    pub total: Vec<u32>,
    /// For a place.
    pub waiting: Vec<u32>,
    /// In its place, before the pull.
    pub queued: Vec<u32>,
    /// Pulling images.
    pub pulling: Vec<u32>,
    /// From the pulled images to RUNNING.
    pub starting: Vec<u32>,
}

impl Parts {
    /// Puts those of another list behind these.
    pub fn extend(&mut self, other: &Self) {
        self.total.extend_from_slice(&other.total);
        self.waiting.extend_from_slice(&other.waiting);
        self.queued.extend_from_slice(&other.queued);
        self.pulling.extend_from_slice(&other.pulling);
        self.starting.extend_from_slice(&other.starting);
    }
}

fn ms(span: Span) -> u32 {
    u32::try_from(span.ms()).unwrap_or(u32::MAX)
}

impl Times {
    pub(crate) fn new(services: usize, sources: usize) -> Self {
        let mut times = Self::default();
        for _ in 0..services {
            times.services.push(Parts::default());
        }
        for _ in 0..sources {
            times.sources.push(Parts::default());
        }
        times
    }

    /// Times of a service's tasks.
    #[must_use]
    pub fn service(&self, service: ServiceId) -> &Parts {
        &self.services[service]
    }

    /// Times of a source's tasks.
    #[must_use]
    pub fn source(&self, source: SourceId) -> &Parts {
        &self.sources[source]
    }

    /// Times of all tasks.
    #[must_use]
    pub fn all(&self) -> Parts {
        let mut all = Parts::default();
        for parts in self.services.values().chain(self.sources.values()) {
            all.extend(parts);
        }
        all
    }

    pub(crate) fn started(&mut self, now: SimTime, note: &Note, detail: Detail) {
        let total = ms(now.since(note.requested_at));
        if detail.period_times {
            self.period.push(total);
        }
        if !detail.all_times {
            return;
        }
        let parts = match note.origin {
            TaskOrigin::Service { service, .. } => &mut self.services[service],
            TaskOrigin::Source { source, .. } => &mut self.sources[source],
        };
        let pull_starts = note.pull_started_at.or(note.admitted_at).unwrap_or(now);
        let pull_stops = note.pull_stopped_at.unwrap_or(pull_starts);
        parts.total.push(total);
        let placed = note.placed_at.unwrap_or(note.created_at);
        parts.waiting.push(ms(placed.since(note.requested_at)));
        parts.queued.push(ms(pull_starts.since(placed)));
        parts.pulling.push(ms(pull_stops.since(pull_starts)));
        parts.starting.push(ms(now.since(pull_stops)));
        self.unsettled = true;
    }

    /// Waits for an instance that have ended, in milliseconds, ascending after `Times::settle` (with all times only).
    #[must_use]
    pub fn capacity_waits(&self) -> &[u32] {
        &self.waits
    }

    pub(crate) fn got_capacity(&mut self, waited: Span, detail: Detail) {
        self.got_capacity += 1;
        self.waited(waited, detail);
    }

    pub(crate) fn gave_up_on_capacity(&mut self, waited: Span, detail: Detail) {
        self.gave_up += 1;
        self.waited(waited, detail);
    }

    fn waited(&mut self, waited: Span, detail: Detail) {
        if detail.period_times {
            self.period_waits.push(ms(waited));
        }
        if detail.all_times {
            self.waits.push(ms(waited));
            self.unsettled = true;
        }
    }

    pub(crate) fn open_period(&mut self) {
        self.period.clear();
        self.period_waits.clear();
    }

    /// Makes percentiles readable: what is sorted already is merged with what came since.
    pub(crate) fn settle(&mut self) {
        self.period.sort_unstable();
        self.period_waits.sort_unstable();
        if self.unsettled {
            for parts in self.services.values_mut().chain(self.sources.values_mut()) {
                // The stable sort finds the ascending run of the last time and merges.
                parts.total.sort();
            }
            self.waits.sort();
            self.unsettled = false;
        }
    }
}

/// The nearest-rank percentile of an ascending list: the value at position `ceil(percent / 100 * n)`.
#[must_use]
pub fn percentile<T: Copy>(ascending: &[T], percent: u32) -> Option<T> {
    let rank = (ascending.len() as u64 * u64::from(percent)).div_ceil(100).max(1);
    ascending.get(usize::try_from(rank).ok()? - 1).copied()
}

fn of_all(times: &Times, percent: u32) -> Value {
    let mut all: Vec<u32> = Vec::new();
    for parts in times.services.values().chain(times.sources.values()) {
        all.extend_from_slice(&parts.total);
    }
    all.sort();
    Value::seconds(percentile(&all, percent))
}

const fn period(name: &'static str, help: &'static str, read: fn(&super::Reading<'_>) -> Value) -> Metric {
    Metric::new(name, Unit::Seconds, Inputs::PERIODS, help, Read::Cluster(read))
}

const fn service(name: &'static str, help: &'static str, read: fn(&super::Reading<'_>, ServiceId) -> Value) -> Metric {
    Metric::new(name, Unit::Seconds, Inputs::PERIODS, help, Read::Service(read)).no_column()
}

const fn workload(name: &'static str, help: &'static str, read: fn(&super::Reading<'_>, SourceId) -> Value) -> Metric {
    Metric::new(name, Unit::Seconds, Inputs::PERIODS, help, Read::Workload(read)).no_column()
}

/// Of the cluster.
pub const CLUSTER: &[Metric] = &[
    period(
        "periodTimeToRunning.p50",
        "Median time from request to RUNNING of the tasks that entered RUNNING in this period.",
        |at| Value::seconds(percentile(&at.tally.timing.period, 50)),
    ),
    period(
        "periodTimeToRunning.p95",
        "95th percentile of the time from request to RUNNING of the tasks that entered RUNNING in this period.",
        |at| Value::seconds(percentile(&at.tally.timing.period, 95)),
    ),
    period(
        "periodTimeToRunning.max",
        "Longest time from request to RUNNING of the tasks that entered RUNNING in this period.",
        |at| Value::seconds(at.tally.timing.period.last().copied()),
    ),
    period("timeToRunning.p50", "Median time from request to RUNNING of all tasks so far.", |at| {
        of_all(&at.tally.timing, 50)
    })
    .no_column(),
    period("timeToRunning.p95", "95th percentile of the time from request to RUNNING of all tasks so far.", |at| {
        of_all(&at.tally.timing, 95)
    })
    .no_column(),
    period("timeToRunning.p99", "99th percentile of the time from request to RUNNING of all tasks so far.", |at| {
        of_all(&at.tally.timing, 99)
    })
    .no_column(),
    period("timeToRunning.max", "Longest time from request to RUNNING of all tasks so far.", |at| {
        of_all(&at.tally.timing, 100)
    })
    .no_column(),
    period(
        "periodWaitedForCapacity.p50",
        "Median wait in PROVISIONING for an instance (CAS-008) of the tasks whose wait ended in this period: they got one, or gave up.",
        |at| Value::seconds(percentile(&at.tally.timing.period_waits, 50)),
    ),
    period("periodWaitedForCapacity.p95", "95th percentile of the same waits.", |at| {
        Value::seconds(percentile(&at.tally.timing.period_waits, 95))
    }),
    period("periodWaitedForCapacity.max", "Longest of the same waits.", |at| {
        Value::seconds(at.tally.timing.period_waits.last().copied())
    }),
    period(
        "waitedForCapacity.p50",
        "Median wait in PROVISIONING for an instance (CAS-008) of all tasks so far that got one or gave up.",
        |at| Value::seconds(percentile(&at.tally.timing.waits, 50)),
    )
    .no_column(),
    period("waitedForCapacity.p95", "95th percentile of the same waits so far.", |at| {
        Value::seconds(percentile(&at.tally.timing.waits, 95))
    })
    .no_column(),
    period("waitedForCapacity.max", "Longest of the same waits so far.", |at| {
        Value::seconds(at.tally.timing.waits.last().copied())
    })
    .no_column(),
];

/// Of a service.
pub const SERVICES: &[Metric] = &[
    service("timeToRunning.p50", "Median time from request to RUNNING of its tasks so far.", |at, id| {
        Value::seconds(percentile(&at.tally.timing.service(id).total, 50))
    }),
    service("timeToRunning.p95", "95th percentile of the time from request to RUNNING so far.", |at, id| {
        Value::seconds(percentile(&at.tally.timing.service(id).total, 95))
    }),
    service("timeToRunning.p99", "99th percentile of the time from request to RUNNING so far.", |at, id| {
        Value::seconds(percentile(&at.tally.timing.service(id).total, 99))
    }),
    service("timeToRunning.max", "Longest time from request to RUNNING of its tasks so far.", |at, id| {
        Value::seconds(at.tally.timing.service(id).total.last().copied())
    }),
];

/// Of a workload entry or call.
pub const WORKLOAD: &[Metric] = &[
    workload("timeToRunning.p50", "Median time from request to RUNNING of its tasks so far.", |at, id| {
        Value::seconds(percentile(&at.tally.timing.source(id).total, 50))
    }),
    workload("timeToRunning.p95", "95th percentile of the time from request to RUNNING so far.", |at, id| {
        Value::seconds(percentile(&at.tally.timing.source(id).total, 95))
    }),
    workload("timeToRunning.p99", "99th percentile of the time from request to RUNNING so far.", |at, id| {
        Value::seconds(percentile(&at.tally.timing.source(id).total, 99))
    }),
    workload("timeToRunning.max", "Longest time from request to RUNNING of its tasks so far.", |at, id| {
        Value::seconds(at.tally.timing.source(id).total.last().copied())
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let list: Vec<u32> = (1..=20).collect();
        assert_eq!(percentile(&list, 50), Some(10));
        assert_eq!(percentile(&list, 95), Some(19));
        assert_eq!(percentile(&list, 99), Some(20));
        assert_eq!(percentile(&list, 100), Some(20));
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile::<u32>(&[], 50), None);
    }
}
