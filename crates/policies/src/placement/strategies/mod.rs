//! Step 3 of placement: the strategies, best-effort wishes that rank what the constraints left (PLC-008, PLC-020).
//!
//! A strategy is one function from a candidate to a `u64`, and the smallest wins. A chain of strategies is the tuple of
//! their keys in lexicographic order (PLC-021), so a later strategy only breaks the ties of the earlier ones. One file
//! per strategy; [`custom`] is for users of the library.

pub mod binpack;
pub mod custom;
pub mod random;
pub mod spread;

use std::sync::Arc;

use ecsim_cluster::{AttributeId, Definitions, Instance, Resources};

pub use binpack::BinpackResource;
pub use custom::CustomStrategy;
pub use spread::{Buckets, SpreadField};

use crate::View;
use crate::placement::{CatalogueEntry, Request};

/// At most so many strategies in a chain (PLC-020).
pub const MAX_STRATEGIES: usize = 5;

/// A placement strategy.
#[derive(Clone, Debug)]
pub enum Strategy {
    /// The bucket with the fewest counted tasks (PLC-023).
    Spread(SpreadField),
    /// The least remaining amount that still fits (PLC-028).
    Binpack(BinpackResource),
    /// Uniform over the candidates; ends the chain (PLC-029).
    Random,
    /// A strategy of a user of the library.
    Custom(Arc<dyn CustomStrategy>),
}

/// Every strategy AWS has: what documentation and messages list.
pub const CATALOGUE: [CatalogueEntry; 3] = [spread::ENTRY, binpack::ENTRY, random::ENTRY];

impl Strategy {
    /// As the user wrote it: `spread(attribute:ecs.availability-zone)`.
    #[must_use]
    pub fn describe(&self, definitions: &Definitions) -> String {
        match self {
            Self::Spread(SpreadField::Instance) => "spread(instanceId)".to_owned(),
            Self::Spread(SpreadField::Attribute(attribute)) => {
                format!("spread(attribute:{})", definitions.attributes.name(*attribute))
            }
            Self::Binpack(BinpackResource::Cpu) => "binpack(cpu)".to_owned(),
            Self::Binpack(BinpackResource::Memory) => "binpack(memory)".to_owned(),
            Self::Random => "random".to_owned(),
            Self::Custom(custom) => custom.name().to_owned(),
        }
    }
}

/// The chain of a REPLICA service that names no strategy: zones, then instances (PLC-032).
///
/// `zone` is the id of `ecs.availability-zone`.
#[must_use]
pub fn service_default(zone: AttributeId) -> Vec<Strategy> {
    vec![Strategy::Spread(SpreadField::Attribute(zone)), Strategy::Spread(SpreadField::Instance)]
}

/// The chain of a `RunTask` call that names no strategy: random over the eligible instances (PLC-034).
#[must_use]
pub fn run_task_default() -> Vec<Strategy> {
    vec![Strategy::Random]
}

/// What a strategy sees of an instance.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its row in the books: registered resources, attributes, live tasks.
    pub instance: &'a Instance,
    /// What it has left for this request: CPU units, MiB, GPUs (thousandths where tasks share them), network interfaces, less what is reserved for daemons
    /// (PLC-052).
    pub remaining: Resources,
    /// Live tasks of the request's group on it (PLC-024).
    pub group_tasks: u32,
}

/// The keys of a chain, in order; what the chain does not reach is 0. The least is the best.
pub type Key = [u64; MAX_STRATEGIES];

/// A chain made ready for one request: it knows the counts of every bucket.
#[derive(Debug)]
pub struct Ranking<'a> {
    request: &'a Request<'a>,
    strategies: &'a [Strategy],
    buckets: Vec<Option<Buckets>>,
}

impl<'a> Ranking<'a> {
    /// Counts what the chain of the request counts, over all instances (PLC-024, PLC-026).
    #[must_use]
    pub fn new(view: &View<'a>, request: &'a Request<'a>) -> Self {
        let strategies = effective(&view.placements[request.placement].strategies);
        let buckets = strategies
            .iter()
            .map(|strategy| match strategy {
                Strategy::Spread(SpreadField::Attribute(attribute)) => {
                    Some(Buckets::count(view.cluster, *attribute, request.group))
                }
                _ => None,
            })
            .collect();
        Self { request, strategies, buckets }
    }

    /// The strategies that have an effect.
    #[must_use]
    pub const fn strategies(&self) -> &'a [Strategy] {
        self.strategies
    }

    /// How good the candidate is: the least key is the best (PLC-021).
    #[must_use]
    pub fn key(&self, candidate: &Candidate<'_>) -> Key {
        let mut key = Key::default();
        for (at, strategy) in self.strategies.iter().enumerate() {
            key[at] = match strategy {
                Strategy::Spread(SpreadField::Instance) => u64::from(candidate.group_tasks),
                Strategy::Spread(SpreadField::Attribute(attribute)) => {
                    let value = candidate.instance.attribute(*attribute);
                    self.buckets[at].as_ref().map_or(0, |buckets| buckets.key(value))
                }
                Strategy::Binpack(resource) => u64::from(resource.of(candidate.remaining)),
                Strategy::Random => random::key(),
                Strategy::Custom(custom) => custom.key(candidate, self.request),
            };
        }
        key
    }
}

/// The part of a chain that has an effect: nothing after `random` (PLC-029), at most five (PLC-020).
#[must_use]
pub fn effective(strategies: &[Strategy]) -> &[Strategy] {
    let end = strategies
        .iter()
        .position(|strategy| matches!(strategy, Strategy::Random))
        .map_or(strategies.len(), |at| at + 1);
    &strategies[..end.min(MAX_STRATEGIES)]
}
