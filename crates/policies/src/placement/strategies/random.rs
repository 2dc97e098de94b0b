//! `random`: any candidate, all alike.
//!
//! *What it does.* Gives every candidate the same key, so that the tie is broken over all of them (PLC-029, PLC-022).
//!
//! *What AWS documents.* Uniform over the candidates; the `field` is ignored (PLC-029).
//!
//! *What we left out.* A strategy after `random` has no effect: AWS does not say, and a uniform choice leaves no tie to
//! break (PLC-029). In `fixed` mode even `random` takes the instance registered first, so that labs can be followed by
//! hand.
//!
//! *How we know it is right.* `plc_029_*`, PX-19 (b), and the property that the index draws from the tied set evenly.

use crate::placement::CatalogueEntry;

/// Its line in the catalogue.
pub const ENTRY: CatalogueEntry = CatalogueEntry {
    name: "random",
    summary: "Uniformly at random; nothing after it has an effect.",
    rules: &["PLC-029", "PLC-034"],
};

/// The key of every candidate.
#[must_use]
pub const fn key() -> u64 {
    0
}
