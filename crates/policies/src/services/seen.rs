//! A service's row has counters that only grow; what they grew by since the last look is all that its controller missed.
//!
//! So nothing needs to be told to a controller: it learns what became of its own command, and what happened between two
//! passes, by comparing numbers.

use ecsim_cluster::Service;

/// The counters at the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    started: u32,
    placement_failures: u64,
    scheduler_stops: u64,
    updates: u64,
    crashes: u64,
    held_back: u64,
}

/// What they grew by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Tasks placed.
    pub started: u32,
    /// Whether a placement failed.
    pub unplaced: bool,
    /// Whether a start was held back by a quota or for want of Fargate capacity.
    pub held_back: bool,
    /// Whether the service itself had a task stopped.
    pub stopped: bool,
    /// Whether `UpdateService` was called.
    pub updated: bool,
    /// Tasks that ran and stopped by themselves (SVC-033).
    pub crashes: u32,
}

impl Seen {
    /// Nothing so far is news.
    #[must_use]
    pub const fn now(service: &Service) -> Self {
        Self {
            started: service.started,
            placement_failures: service.placement_failures,
            scheduler_stops: service.scheduler_stops,
            updates: service.updates,
            crashes: service.crashes,
            held_back: service.held_back,
        }
    }

    /// What is new since the last call.
    pub fn look(&mut self, service: &Service) -> News {
        let before = core::mem::replace(self, Self::now(service));
        News {
            started: self.started - before.started,
            held_back: self.held_back > before.held_back,
            unplaced: self.placement_failures > before.placement_failures,
            stopped: self.scheduler_stops > before.scheduler_stops,
            updated: self.updates > before.updates,
            crashes: u32::try_from(self.crashes - before.crashes).unwrap_or(u32::MAX),
        }
    }
}
