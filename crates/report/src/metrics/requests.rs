//! The ledger of requests: who asked for a task, when, and whether there is a place for it yet.
//!
//! Copies of `RunTask` and `StartTask` calls are facts of their own. A service asks without a call: it does so at the
//! instant at which its live tasks fall below its desired count, because a task went or because the count rose.

use std::collections::{BTreeMap, VecDeque};

use ecsim_cluster::{Cluster, Service, ServiceId, ServiceStatus, SourceId};
use ecsim_kernel::{SimTime, Table};

/// All requests.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    sources: Table<SourceId, Copies>,
    services: Table<ServiceId, Missing>,
    /// Copies that callers keep and will try again.
    pub waiting: u64,
    /// Tasks that services want and have not got.
    pub missing: u64,
    /// Copies asked for, and tasks that services came to miss, since the start.
    pub requested: u64,
    /// Copies that callers gave up.
    pub dropped: u64,
}

const SETTLED: u64 = u64::MAX;
const QUEUED: u64 = 1 << 63;

/// The copies of one source.
#[derive(Clone, Debug, Default)]
pub struct Copies {
    /// The ordinal of the first entry of `open`.
    first: u32,
    /// When each copy from `first` on was asked for, [`QUEUED`] added where the caller keeps it, or [`SETTLED`].
    open: VecDeque<u64>,
    /// One more than the highest number that was asked for.
    next: u32,
    /// Copies that were asked for again, because their first tasks were lost, with the same.
    again: BTreeMap<u32, u64>,
    /// Copies asked for since the start.
    pub requested: u64,
    /// Copies the caller keeps and will try again.
    pub waiting: u64,
    /// Copies the caller gave up.
    pub dropped: u64,
}

/// The tasks one service has not got.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    /// Since when, and how many.
    since: VecDeque<(SimTime, u32)>,
    /// How many together.
    pub count: u32,
    /// How many it came to miss since the start.
    pub requested: u64,
}

impl Ledger {
    pub(crate) fn new(services: usize, sources: usize) -> Self {
        let mut ledger = Self::default();
        for _ in 0..services {
            ledger.services.push(Missing::default());
        }
        for _ in 0..sources {
            ledger.sources.push(Copies::default());
        }
        ledger
    }

    /// The copies of a source.
    #[must_use]
    pub fn source(&self, source: SourceId) -> &Copies {
        &self.sources[source]
    }

    /// What a service has not got.
    #[must_use]
    pub fn service(&self, service: ServiceId) -> &Missing {
        &self.services[service]
    }

    pub(crate) fn asked(&mut self, now: SimTime, source: SourceId, ordinal: u32, count: u32) {
        let copies = &mut self.sources[source];
        let asked = now.ms() & !QUEUED;
        if ordinal < copies.next {
            copies.again.extend((ordinal..ordinal + count).map(|copy| (copy, asked)));
        } else {
            if copies.open.is_empty() {
                copies.first = ordinal;
            }
            let next = copies.first as usize + copies.open.len();
            for _ in next..ordinal as usize {
                copies.open.push_back(SETTLED);
            }
            for _ in 0..count {
                copies.open.push_back(asked);
            }
            copies.next = ordinal + count;
        }
        copies.requested += u64::from(count);
        self.requested += u64::from(count);
    }

    pub(crate) fn queued(&mut self, source: SourceId, ordinal: u32) {
        let copies = &mut self.sources[source];
        if let Some(entry) = copies.entry(ordinal)
            && *entry & QUEUED == 0
        {
            *entry |= QUEUED;
            copies.waiting += 1;
            self.waiting += 1;
        }
    }

    /// The copy was placed: since when it had been asked for.
    pub(crate) fn placed_copy(&mut self, source: SourceId, ordinal: u32) -> Option<SimTime> {
        let copies = &mut self.sources[source];
        let entry = copies.entry(ordinal)?;
        let asked = core::mem::replace(entry, SETTLED);
        if asked == SETTLED {
            return None;
        }
        if asked & QUEUED != 0 {
            copies.waiting -= 1;
            self.waiting -= 1;
        }
        copies.again.remove(&ordinal);
        while copies.open.front() == Some(&SETTLED) {
            copies.open.pop_front();
            copies.first += 1;
        }
        Some(SimTime::from_ms(asked & !QUEUED))
    }

    /// The caller gave up, or the call failed for this copy.
    pub(crate) fn gave_up(&mut self, source: SourceId, ordinal: u32) {
        if self.placed_copy(source, ordinal).is_some() {
            self.sources[source].dropped += 1;
            self.dropped += 1;
        }
    }

    /// A service got a task: since when it had missed it.
    pub(crate) fn placed_for(&mut self, service: ServiceId) -> Option<SimTime> {
        let missing = &mut self.services[service];
        let (since, left) = missing.since.front_mut()?;
        let since = *since;
        *left -= 1;
        if *left == 0 {
            missing.since.pop_front();
        }
        missing.count -= 1;
        self.missing -= 1;
        Some(since)
    }

    /// Compares what a service misses with what the ledger says.
    pub(crate) fn recount(&mut self, now: SimTime, id: ServiceId, cluster: &Cluster) {
        let wanted = shortfall(&cluster.services()[id]);
        let missing = &mut self.services[id];
        let had = missing.count;
        if wanted > had {
            let more = wanted - had;
            match missing.since.back_mut() {
                Some((since, count)) if *since == now => *count += more,
                _ => missing.since.push_back((now, more)),
            }
            missing.requested += u64::from(more);
            self.requested += u64::from(more);
            self.missing += u64::from(more);
        } else {
            // Fewer are wanted: those that were wanted last are taken back.
            let mut less = had - wanted;
            self.missing -= u64::from(less);
            while less > 0
                && let Some((_, count)) = missing.since.back_mut()
            {
                let taken = less.min(*count);
                *count -= taken;
                less -= taken;
                if *count == 0 {
                    missing.since.pop_back();
                }
            }
        }
        missing.count = wanted;
    }
}

impl Copies {
    fn entry(&mut self, ordinal: u32) -> Option<&mut u64> {
        if self.again.contains_key(&ordinal) {
            return self.again.get_mut(&ordinal);
        }
        let at = ordinal.checked_sub(self.first)?;
        self.open.get_mut(at as usize).filter(|entry| **entry != SETTLED)
    }
}

/// How many live tasks a service is short of its desired count.
fn shortfall(service: &Service) -> u32 {
    if service.status == ServiceStatus::Active { service.desired_count.saturating_sub(service.live) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_is_asked_for_again_waits_anew() {
        let mut ledger = Ledger::new(0, 1);
        let source = SourceId::new(0);
        ledger.asked(SimTime::from_ms(5), source, 0, 3);
        for copy in 0..3 {
            assert_eq!(ledger.placed_copy(source, copy), Some(SimTime::from_ms(5)));
        }
        ledger.asked(SimTime::from_ms(70), source, 1, 1);
        ledger.queued(source, 1);
        assert_eq!((ledger.waiting, ledger.requested), (1, 4));
        ledger.asked(SimTime::from_ms(80), source, 3, 1);
        assert_eq!(ledger.placed_copy(source, 1), Some(SimTime::from_ms(70)));
        assert_eq!(ledger.placed_copy(source, 1), None);
        assert_eq!(ledger.placed_copy(source, 3), Some(SimTime::from_ms(80)));
        assert_eq!((ledger.waiting, ledger.source(source).requested), (0, 5));
    }

    #[test]
    fn copies_are_settled_in_any_order() {
        let mut ledger = Ledger::new(0, 1);
        let source = SourceId::new(0);
        ledger.asked(SimTime::from_ms(5), source, 0, 3);
        ledger.asked(SimTime::from_ms(9), source, 3, 1);
        ledger.queued(source, 1);
        ledger.queued(source, 1);
        ledger.queued(source, 3);
        assert_eq!((ledger.waiting, ledger.requested), (2, 4));
        assert_eq!(ledger.placed_copy(source, 3), Some(SimTime::from_ms(9)));
        assert_eq!(ledger.placed_copy(source, 3), None);
        assert_eq!(ledger.placed_copy(source, 0), Some(SimTime::from_ms(5)));
        ledger.gave_up(source, 1);
        ledger.gave_up(source, 1);
        assert_eq!((ledger.waiting, ledger.dropped), (0, 1));
        assert_eq!(ledger.placed_copy(source, 2), Some(SimTime::from_ms(5)));
        assert!(ledger.source(source).open.is_empty());
        ledger.asked(SimTime::from_ms(20), source, 4, 1);
        assert_eq!(ledger.placed_copy(source, 4), Some(SimTime::from_ms(20)));
    }
}
