//! One ledger for all observers of a run that want to know what it costs.

use std::sync::{Arc, Mutex, PoisonError};

use ecsim_cluster::{Cluster, Definitions, Fact};
use ecsim_kernel::SimTime;

use super::Ledger;
use crate::cost::rates::PriceBook;

/// A handle on a ledger. Each observer of a run has its own, a clone of the first made before the run begins, and shows it
/// every fact; the ledger takes each fact in once, when the first of them shows it.
///
/// For the same facts it says the same, whoever shares it and in whatever order they are called.
#[derive(Clone, Debug)]
pub struct SharedLedger {
    shared: Arc<Mutex<Shared>>,
    /// How many facts were shown to this handle.
    seen: u64,
}

#[derive(Debug)]
struct Shared {
    ledger: Ledger,
    /// How many facts the ledger has taken in.
    seen: u64,
}

impl SharedLedger {
    /// A ledger of a run that has not begun; none where nothing in it has a price.
    #[must_use]
    pub fn new(definitions: &Definitions, prices: &Arc<PriceBook>) -> Option<Self> {
        Ledger::has_prices(definitions, prices).then(|| {
            let ledger = Ledger::new(definitions, Arc::clone(prices));
            Self { shared: Arc::new(Mutex::new(Shared { ledger, seen: 0 })), seen: 0 }
        })
    }

    /// Shows a fact that `cluster` has taken in already.
    pub fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        if !Ledger::follows(fact) {
            return;
        }
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if self.seen == shared.seen {
            shared.ledger.observe(now, fact, cluster);
            shared.seen += 1;
        }
        self.seen += 1;
    }

    /// Reads the ledger, or has it read the bill.
    pub fn with<T>(&self, read: impl FnOnce(&mut Ledger) -> T) -> T {
        read(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner).ledger)
    }

    /// The run ends: see [`Ledger::end`].
    pub fn end(&self, now: SimTime) {
        self.with(|ledger| ledger.end(now));
    }
}
