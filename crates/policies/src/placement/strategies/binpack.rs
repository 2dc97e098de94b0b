//! `binpack`: the candidate with the least left.
//!
//! *What it does.* Ranks by the remaining amount of CPU or memory, least first, in absolute units (PLC-028).
//!
//! *What AWS documents.* The fields `cpu` and `memory`; there is no binpack on GPUs, ports or network interfaces
//! (PLC-028, PLC-037). Not a percentage of the host.
//!
//! *What we left out.* Nothing. Room withheld for daemons does not count as remaining (PLC-052).
//!
//! *How we know it is right.* PX-03, PX-04 and PX-19, and the property that the index agrees with the definition.

use ecsim_cluster::Resources;

use crate::placement::CatalogueEntry;

/// Its line in the catalogue.
pub const ENTRY: CatalogueEntry = CatalogueEntry {
    name: "binpack",
    summary: "The instance with the least remaining `cpu` or `memory` that still fits.",
    rules: &["PLC-028", "PLC-037"],
};

/// What `binpack` packs by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BinpackResource {
    /// CPU units.
    Cpu,
    /// MiB.
    Memory,
}

impl BinpackResource {
    /// That component of an amount: CPU units or MiB.
    #[must_use]
    pub const fn of(self, amount: Resources) -> u32 {
        match self {
            Self::Cpu => amount.cpu,
            Self::Memory => amount.memory,
        }
    }
}
