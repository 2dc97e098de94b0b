//! The design of simulation experiments, and their statistics.
//!
//! **What it does.** A comparison is a set of [`design::Variant`]s, each run over the same replications: replication *k* of
//! every variant has the same luck (*common random numbers*), so that what differs between them is the variant. From the
//! observations come the mean and its confidence interval ([`estimate`]), the paired difference with an interval of its
//! own ([`paired`]), how many replications would be needed ([`replications`]), whether one of them decides everything
//! ([`influence`]), where a warm-up ends ([`warm_up`]), whether batches are long enough ([`batches`]), and a sentence
//! that says it in words ([`sentence`]). Pictures draw variants in the colours of [`palette`].
//!
//! **What we left out.** Rank-and-select procedures, and corrections for many comparisons at once: whoever reads twenty
//! intervals of 95 % should expect one that misses, or ask for wider ones.
//!
//! **How we know it is right.** The intervals are held against a known mean and counted (`tests/coverage.rs`); quantiles
//! against a printed table; all the rest against small cases worked by hand.
//!
//! This crate does no I/O and knows nothing of AWS or of the engine.

pub mod batches;
pub mod design;
pub mod estimate;
pub mod influence;
pub mod numbers;
pub mod paired;
pub mod palette;
pub mod replications;
pub mod sampling;
pub mod sentence;
pub mod warm_up;

pub use estimate::{Confidence, Estimate};
pub use paired::{Paired, Verdict};
