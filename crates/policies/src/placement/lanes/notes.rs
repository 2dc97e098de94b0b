//! What the index writes down at every fact, because it cannot be found out later without a scan: which instances were
//! touched, who holds tasks of a group, and how many tasks are in each bucket.
//!
//! Everything else is caught up with at the next query of whoever needs it.

use std::collections::BTreeMap;

use ecsim_cluster::{AttributeId, Cluster, Instance, InstanceId};

use crate::placement::strategies::spread::{self, Value};

/// Which instances were touched, oldest first; old entries are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    touched: Vec<u32>,
    /// The number of the oldest entry that is kept.
    base: u64,
}

impl Log {
    pub(super) fn push(&mut self, instance: InstanceId, instances: usize) {
        let limit = 4 * instances.max(1_024);
        if self.touched.len() >= limit {
            self.touched.drain(..limit / 2);
            self.base += (limit / 2) as u64;
        }
        self.touched.push(instance.get());
    }

    /// The number that the next entry gets.
    pub(super) const fn end(&self) -> u64 {
        self.base + self.touched.len() as u64
    }

    /// Entry number `at`, which must not be forgotten.
    pub(super) fn entry(&self, at: u64) -> u32 {
        self.touched[(at - self.base) as usize]
    }

    /// How many entries there are from number `cursor` on; `None` where some of them are forgotten.
    pub(super) const fn lag(&self, cursor: u64) -> Option<u64> {
        if cursor < self.base { None } else { Some(self.end() - cursor) }
    }
}

/// Live tasks of one group by value of one attribute: [`spread::Buckets`], kept up to date.
#[derive(Clone, Debug)]
struct Counter {
    attribute: AttributeId,
    /// Some instance's attribute changed: count anew.
    stale: bool,
    counts: Vec<(Value, u64)>,
}

impl Counter {
    fn add(&mut self, value: Value, live: u64, up: bool) {
        match self.counts.binary_search_by_key(&value, |(value, _)| *value) {
            Ok(at) if up => self.counts[at].1 += live,
            Ok(at) => self.counts[at].1 -= live,
            Err(at) => {
                debug_assert!(up, "a count below zero");
                self.counts.insert(at, (value, live));
            }
        }
    }
}

/// What is known of one task group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Who holds how many live tasks of it.
    pub hosts: BTreeMap<InstanceId, u32>,
    counters: Vec<Counter>,
    /// What looks at instances cost that were of no use because they hold a task of the group, less what the upkeep of
    /// a shelf of its own would have cost: when that is as much as loading one costs, the group gets one.
    pub waste: u64,
    /// Its last query, in log entries.
    pub last_query: u64,
}

impl Group {
    /// One more, or one less, live task on the instance.
    pub(super) fn count(&mut self, instance: &Instance, up: bool) {
        let live = self.hosts.entry(instance.id).or_insert(0);
        *live = if up { *live + 1 } else { *live - 1 };
        if *live == 0 {
            self.hosts.remove(&instance.id);
        }
        if spread::is_counted(instance) {
            for counter in self.counters.iter_mut().filter(|counter| !counter.stale) {
                counter.add(instance.attribute(counter.attribute), 1, up);
            }
        }
    }

    /// The instance counts in no bucket any more.
    pub(super) fn forget(&mut self, instance: &Instance, live: u32) {
        for counter in self.counters.iter_mut().filter(|counter| !counter.stale) {
            counter.add(instance.attribute(counter.attribute), u64::from(live), false);
        }
    }

    /// Some instance's attribute changed.
    pub(super) fn attribute_changed(&mut self, attribute: AttributeId) {
        for counter in self.counters.iter_mut().filter(|counter| counter.attribute == attribute) {
            counter.stale = true;
        }
    }

    /// Makes the counts of an attribute ready; its number is for [`Group::key`].
    pub(super) fn counter(&mut self, cluster: &Cluster, attribute: AttributeId) -> usize {
        let known = self.counters.iter().position(|counter| counter.attribute == attribute);
        let at = known.unwrap_or_else(|| {
            self.counters.push(Counter { attribute, stale: true, counts: Vec::new() });
            self.counters.len() - 1
        });
        let counter = &mut self.counters[at];
        if counter.stale {
            counter.stale = false;
            counter.counts.clear();
            for (instance, live) in &self.hosts {
                let instance = &cluster.instances()[*instance];
                if spread::is_counted(instance) {
                    counter.add(instance.attribute(attribute), u64::from(*live), true);
                }
            }
        }
        at
    }

    /// The key of a bucket (PLC-023, PLC-027).
    pub(super) fn key(&self, counter: usize, value: Value) -> u64 {
        let counts = &self.counters[counter].counts;
        let count = counts.binary_search_by_key(&value, |(value, _)| *value).map_or(0, |at| counts[at].1);
        spread::key(value, count)
    }
}
