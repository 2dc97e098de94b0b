//! A service that found no instance for a task must not ask again at once, nor give up.
//!
//! *What it does.* Remembers the failed attempts of a row and says when the next one is due.
//!
//! *What AWS documents.* It keeps trying for ever, with waits that grow to 27 minutes (FLR-030); observed: three tries
//! within a minute, then minutes of silence even if capacity arrives (FLR-031). FLR-032 is our schedule.
//!
//! *What we left out.* Tasks in PROVISIONING (managed scaling), which are outside this rule.
//!
//! *How we know it is right.* PX-26 (a).

use ecsim_kernel::{SimTime, Span};

use crate::settings::Settings;

/// The row of failed attempts a service is in, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retry(Option<Row>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    /// When the first attempt failed: t0.
    first: SimTime,
    /// How many failed so far.
    failures: usize,
    /// When the next one is due.
    next: SimTime,
}

impl Retry {
    /// Whether an attempt is allowed now.
    #[must_use]
    pub fn may_try(&self, now: SimTime) -> bool {
        self.0.as_ref().is_none_or(|row| row.next <= now)
    }

    /// When the next attempt of a row of failures is due.
    #[must_use]
    pub fn next(&self) -> Option<SimTime> {
        self.0.as_ref().map(|row| row.next)
    }

    /// Ends the row: a task was placed, the service stopped one itself, or it was updated (FLR-032).
    pub fn reset(&mut self) {
        self.0 = None;
    }

    /// A pass ended with a task unplaced: one attempt, however many tries it made (FLR-032).
    pub fn failed(&mut self, now: SimTime, settings: &Settings) {
        let (first, failures) = self.0.as_ref().map_or((now, 1), |row| (row.first, row.failures + 1));
        let early = &settings.placement_retry_at;
        let gaps = &settings.placement_retry_gap;
        let next = early.get(failures).map_or_else(
            || {
                let gap = failures.saturating_sub(early.len().max(1));
                now + gaps.get(gap).or(gaps.last()).copied().unwrap_or(Span::MAX)
            },
            |offset| first + *offset,
        );
        // An attempt may come later than it was due; the next one must still lie ahead.
        let next = next.max(now + settings.reaction.max(Span::from_ms(1)));
        self.0 = Some(Row { first, failures, next });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(time: SimTime) -> u64 {
        time.ms() / 1_000
    }

    #[test]
    fn flr_032_attempts_soon_then_gaps_that_grow_and_the_last_one_repeats() {
        let settings = Settings::default();
        let mut retry = Retry::default();
        let mut now = SimTime::from_ms(7_000);
        let mut attempts = Vec::new();
        for _ in 0..9 {
            assert!(retry.may_try(now));
            retry.failed(now, &settings);
            attempts.push(secs(now) - 7);
            assert!(!retry.may_try(now), "no second attempt in the same pass");
            now = retry.next().unwrap();
        }
        assert_eq!(attempts, [0, 15, 45, 345, 945, 2_145, 3_765, 5_385, 7_005]);
    }

    #[test]
    fn flr_032_a_reset_leads_back_to_the_first_attempt() {
        let settings = Settings::default();
        let mut retry = Retry::default();
        for at in [0, 15, 45, 345] {
            retry.failed(SimTime::from_ms(at * 1_000), &settings);
        }
        retry.reset();
        assert!(retry.may_try(SimTime::from_ms(346_000)));
        retry.failed(SimTime::from_ms(346_000), &settings);
        assert_eq!(retry.next().map(secs), Some(361));
    }

    #[test]
    fn flr_032_a_late_attempt_never_plans_one_in_the_past() {
        let settings = Settings::default();
        let mut retry = Retry::default();
        retry.failed(SimTime::ZERO, &settings);
        retry.failed(SimTime::from_ms(50_000), &settings);
        assert_eq!(retry.next(), Some(SimTime::from_ms(50_001)), "the attempt planned for 45 s comes at once");
        let none = Settings { placement_retry_at: Vec::new(), placement_retry_gap: Vec::new(), ..Settings::default() };
        let mut retry = Retry::default();
        retry.failed(SimTime::ZERO, &none);
        assert_eq!(retry.next(), Some(SimTime::MAX), "nothing configured: it never tries again by itself");
    }
}
