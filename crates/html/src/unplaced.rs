//! Unplaced work with its reasons: what never got a place, and what had to wait for one.

use std::collections::BTreeMap;

/// Copies of one source that failed for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// How many.
    pub count: u64,
    /// When the first and the last of them were wanted, in milliseconds.
    pub wanted: Option<(i64, i64)>,
    /// Attempts in all.
    pub attempts: i64,
    /// Of the instances that daemons' tasks were meant for, the first few.
    pub meant_for: Vec<String>,
    /// The longest wait in milliseconds.
    pub longest: i64,
}

/// Everything that failed, by source and reason.
#[derive(Clone, Debug, Default)]
pub struct Unplaced {
    /// Never placed.
    pub never: BTreeMap<(String, String), Failed>,
    /// Placed after failed attempts.
    pub waited: BTreeMap<(String, String), Failed>,
}

/// So many instances are named.
const NAMED: usize = 5;

impl Unplaced {
    /// A copy that was never placed.
    pub fn never(&mut self, source: &str, failure: &str, meant_for: &str, wanted: Option<i64>, attempts: Option<i64>) {
        let failed = self.never.entry((source.to_owned(), failure.to_owned())).or_default();
        failed.count += 1;
        failed.attempts += attempts.unwrap_or_default();
        if let Some(at) = wanted {
            let (first, last) = failed.wanted.unwrap_or((at, at));
            failed.wanted = Some((first.min(at), last.max(at)));
        }
        if !meant_for.is_empty() && failed.meant_for.len() <= NAMED {
            let text = if failed.meant_for.len() == NAMED { "…" } else { meant_for };
            failed.meant_for.push(text.to_owned());
        }
    }

    /// A copy that was placed after failed attempts.
    pub fn waited(&mut self, source: &str, failure: &str, ms: i64) {
        let failed = self.waited.entry((source.to_owned(), failure.to_owned())).or_default();
        failed.count += 1;
        failed.longest = failed.longest.max(ms);
    }
}

/// What a reason means, in a sentence.
#[must_use]
pub fn meaning(code: &str) -> &'static str {
    match code {
        "RESOURCE:CPU" => "No instance that passed the constraints had enough CPU units left.",
        "RESOURCE:MEMORY" => "No instance that passed the constraints had enough memory left.",
        "RESOURCE:PORTS" => "The host port was taken on every instance that had room.",
        "RESOURCE:ENI" => "No instance that had room had a network interface left for the task.",
        "RESOURCE:GPU" => "No instance had enough GPUs left.",
        "MemberOf" => "No instance matches the placement constraint.",
        "DistinctInstance" => "Every instance that fits runs a task of the group already.",
        "ATTRIBUTE" => "No instance has an attribute that the task definition needs.",
        "LOCATION" => "No instance is where the task has to be.",
        "AGENT" => "The agent of every instance that fits was not connected.",
        "MISSING" => "The instance that was named is not in the cluster.",
        "INACTIVE" => "The instance that was named is not ACTIVE.",
        _ => "",
    }
}
