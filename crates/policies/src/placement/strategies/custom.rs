//! A strategy of one's own: for users of the library who want to try what AWS does not offer.
//!
//! *What it does.* Ranks each candidate by a key that the user computes, smallest first.
//!
//! *What AWS documents.* Nothing: there are no custom strategies at AWS.
//!
//! *What we left out.* A custom strategy does not tell the index how it behaves along a lane, so all candidates are
//! looked at: correct, but as slow as the definition.
//!
//! *How we know it is right.* The property that the index agrees with the definition runs over a custom strategy too.

use core::fmt;

use super::Candidate;
use crate::placement::Request;

/// A strategy that is not AWS's.
pub trait CustomStrategy: fmt::Debug + Send + Sync {
    /// What explanations call it.
    fn name(&self) -> &str;

    /// How good the candidate is for the request: the smallest key wins.
    ///
    /// Must depend on its arguments alone, or runs cannot be repeated.
    fn key(&self, candidate: &Candidate<'_>, request: &Request<'_>) -> u64;
}
