//! The published GPU allocation of Random and BestFit on the Alibaba trace of 2023, run again on ecsim's placement.
//!
//! [`protocol`] makes the list of pods as the published experiment did, [`policies`] are the choices of an instance,
//! [`run`] is one run, [`published`] the numbers of others, [`study`] all runs together; [`tables`] and [`figures`] show
//! them. `README.md` beside says what was asked and what came out.

pub mod figures;
pub mod files;
pub mod policies;
pub mod protocol;
pub mod published;
pub mod run;
pub mod study;
pub mod tables;

/// Loads of 0 to so many percent are shown.
pub const MOST_LOAD: usize = 130;

/// What goes wrong, in words.
pub type Failure = String;
