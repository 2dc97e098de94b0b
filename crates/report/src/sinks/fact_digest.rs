//! Whether two runs are the same run, and where they part: two runs are equal when their facts are, and the first
//! differing fact is the bug report.

use std::fmt;
use std::hash::Hash as _;

use ecsim_cluster::{Cluster, Fact, Observer};
use ecsim_kernel::{Digest, SimTime};

/// A digest of all facts so far with their times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FactDigest {
    digest: Digest,
    count: u64,
}

impl FactDigest {
    /// The digest of no facts.
    #[must_use]
    pub const fn new() -> Self {
        Self { digest: Digest::new(), count: 0 }
    }

    /// Takes in one fact.
    pub fn add(&mut self, now: SimTime, fact: &Fact) {
        (now, fact).hash(&mut self.digest);
        self.count += 1;
    }

    /// The digest so far.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.digest.value()
    }

    /// The digest so far as 16 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.digest.hex()
    }

    /// How many facts there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}

impl Observer for FactDigest {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        self.add(now, fact);
    }
}

/// Keeps every fact: for tests and for looking closely, not for a million tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactRecorder {
    facts: Vec<(SimTime, Fact)>,
}

impl FactRecorder {
    /// What happened, in order.
    #[must_use]
    pub fn facts(&self) -> &[(SimTime, Fact)] {
        &self.facts
    }

    /// What happened, in order.
    #[must_use]
    pub fn into_facts(self) -> Vec<(SimTime, Fact)> {
        self.facts
    }
}

impl Observer for FactRecorder {
    fn observe(&mut self, now: SimTime, fact: &Fact, _: &Cluster) {
        self.facts.push((now, *fact));
    }
}

/// The first place where two runs differ. Its `Display` is meant for the message of a failed test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstDifference {
    /// How many facts are equal before it.
    pub index: usize,
    /// What happened in the first run; `None` where it has ended.
    pub first: Option<(SimTime, Fact)>,
    /// What happened in the second run.
    pub second: Option<(SimTime, Fact)>,
}

impl FirstDifference {
    /// Compares two runs; `None` where they are equal.
    #[must_use]
    pub fn between(first: &[(SimTime, Fact)], second: &[(SimTime, Fact)]) -> Option<Self> {
        let index = first.iter().zip(second).take_while(|(a, b)| a == b).count();
        let (first, second) = (first.get(index).copied(), second.get(index).copied());
        (first != second).then_some(Self { index, first, second })
    }
}

impl fmt::Display for FirstDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the runs part at fact {}:", self.index)?;
        for (run, fact) in [("first", self.first), ("second", self.second)] {
            match fact {
                Some((at, fact)) => write!(f, "\n  {run:>6}: {at}  {fact:?}")?,
                None => write!(f, "\n  {run:>6}: has ended")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::kit::Kit;

    fn digest(facts: &[(SimTime, Fact)]) -> FactDigest {
        let mut digest = FactDigest::new();
        for (at, fact) in facts {
            digest.add(*at, fact);
        }
        digest
    }

    #[test]
    fn equal_runs_have_equal_digests() {
        let (a, b) = (Kit::busy(), Kit::busy());
        assert_eq!(FirstDifference::between(a.facts(), b.facts()), None);
        assert_eq!(digest(a.facts()), digest(b.facts()));
        assert_eq!(digest(a.facts()).count(), a.facts().len() as u64);
        assert_eq!(digest(a.facts()).hex().len(), 16);
    }

    #[test]
    fn the_first_difference_is_named() {
        let facts = Kit::busy().facts().to_vec();
        let mut other = facts.clone();
        other[3].0 = SimTime::from_ms(other[3].0.ms() + 1);
        let difference = FirstDifference::between(&facts, &other).unwrap();
        assert_eq!((difference.index, difference.first), (3, Some(facts[3])));
        assert!(difference.to_string().contains("fact 3"));
        assert_ne!(digest(&facts).value(), digest(&other).value());

        let shorter = &facts[..facts.len() - 1];
        let difference = FirstDifference::between(&facts, shorter).unwrap();
        assert_eq!((difference.index, difference.second), (facts.len() - 1, None));
        assert!(difference.to_string().ends_with("second: has ended"));
    }

    #[test]
    fn a_recorder_keeps_everything() {
        let kit = Kit::busy();
        let mut recorder = FactRecorder::default();
        kit.replay(&mut recorder);
        assert_eq!(recorder.facts(), kit.facts());
        assert_eq!(recorder.into_facts().len(), kit.facts().len());
    }
}
