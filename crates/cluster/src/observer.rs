//! Whoever watches a run: metrics, traces, expectations, digests. Observers read and never change anything.

use ecsim_kernel::SimTime;

use crate::cluster::Cluster;
use crate::fact::Fact;

/// A fold over the facts of a run.
pub trait Observer {
    /// A fact happened; `cluster` has taken it in already.
    ///
    /// The row of a task that reached STOPPED is gone from `cluster` by then: an observer that wants to know more
    /// about a task remembers it from `TaskCreated` on.
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster);

    /// A metrics period ended (at every multiple of `metricsPeriod` after the start), after everything else that
    /// happened at that instant.
    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        let _ = (now, cluster);
    }

    /// The run ended at `now`: nothing follows.
    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        let _ = (now, cluster);
    }
}

/// Watches nothing.
impl Observer for () {
    fn observe(&mut self, _: SimTime, _: &Fact, _: &Cluster) {}
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        self.0.observe(now, fact, cluster);
        self.1.observe(now, fact, cluster);
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.0.period_ended(now, cluster);
        self.1.period_ended(now, cluster);
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        self.0.run_ended(now, cluster);
        self.1.run_ended(now, cluster);
    }
}

impl<T: Observer + ?Sized> Observer for &mut T {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        (**self).observe(now, fact, cluster);
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        (**self).period_ended(now, cluster);
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        (**self).run_ended(now, cluster);
    }
}

impl<T: Observer + ?Sized> Observer for Vec<Box<T>> {
    fn observe(&mut self, now: SimTime, fact: &Fact, cluster: &Cluster) {
        for observer in self {
            observer.observe(now, fact, cluster);
        }
    }

    fn period_ended(&mut self, now: SimTime, cluster: &Cluster) {
        for observer in self {
            observer.period_ended(now, cluster);
        }
    }

    fn run_ended(&mut self, now: SimTime, cluster: &Cluster) {
        for observer in self {
            observer.run_ended(now, cluster);
        }
    }
}
