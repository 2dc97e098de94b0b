//! Where a task goes: AWS's four steps (PLC-002), as one definition and one fast path that must agree.
//!
//! 1. [`fit`]: instances that meet the CPU, memory, port, network interface and GPU needs and the required attributes;
//! 2. [`constraints`]: of those, the ones that satisfy every constraint;
//! 3. [`strategies`]: of those, the best by the chain of strategies;
//! 4. [`select`]: of equals, one.
//!
//! [`reference`](mod@reference) is the definition, forty lines that look at every instance. [`lanes`] gives the same answer without
//! looking at every instance. [`explain`] is the definition once more, keeping who fell out where. [`daemons`] is the room
//! that is kept free for daemon tasks, [`validate`] what AWS accepts at all.

pub mod constraints;
pub mod daemons;
pub mod explain;
pub mod fit;
pub mod lanes;
pub mod reference;
pub mod request;
pub mod select;
pub mod strategies;
pub mod validate;

#[cfg(test)]
mod gpu_sharing_tests;
#[cfg(test)]
mod tests;

use constraints::Constraint;
use strategies::Strategy;

pub use explain::{Diagnosis, Funnel};
pub use lanes::PlacementIndex;
pub use request::Request;
pub use select::Ties;

/// The strategies and constraints of a service or a `RunTask` call, its task definition's constraints included (PLC-009).
#[derive(Clone, Debug, Default)]
pub struct Placement {
    /// The chain in force, defaults filled in (PLC-032, PLC-034).
    pub strategies: Vec<Strategy>,
    /// Whether the user gave no strategy, so that the chain is a default.
    pub is_default: bool,
    /// All of them must hold (PLC-008).
    pub constraints: Vec<Constraint>,
}

/// A strategy or constraint as documentation, schema and messages list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// `type` in the API.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The rules it follows.
    pub rules: &'static [&'static str],
}
