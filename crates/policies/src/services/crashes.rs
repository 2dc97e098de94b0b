//! A task that ran and then stopped by itself is replaced later than one that was lost, and that must not hold up scale-out.
//!
//! *What it does.* Withholds one start for each crash until its delay is over.
//!
//! *What AWS documents.* Nothing; observed are 10 to 30 s between a crash and its replacement, for ever (SVC-033).
//! Other losses (StopTask, a terminated instance) are simply replaced (SVC-024), and tasks that never ran are SVC-041's.
//!
//! *What we left out.* The throttle of SVC-040 and SVC-041, which is [`super::throttle`].
//!
//! *How we know it is right.* `svc_033_` and `svc_024_` tests here and in the procedures.

use std::collections::VecDeque;

use ecsim_kernel::{SimTime, Span};

/// Starts that are withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crashes(VecDeque<(SimTime, u32)>);

impl Crashes {
    /// `count` tasks are known to have crashed: their replacements wait for `delay`.
    pub fn note(&mut self, now: SimTime, count: u32, delay: Span) {
        if count > 0 && !delay.is_zero() {
            self.0.push_back((now + delay, count));
        }
    }

    /// How many starts are withheld now.
    pub fn withheld(&mut self, now: SimTime) -> u32 {
        while self.0.front().is_some_and(|(until, _)| *until <= now) {
            self.0.pop_front();
        }
        self.0.iter().map(|(_, count)| *count).sum()
    }

    /// When the next of them is released.
    #[must_use]
    pub fn next(&self) -> Option<SimTime> {
        self.0.front().map(|(until, _)| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn svc_033_each_crash_withholds_one_start_for_a_while() {
        let mut crashes = Crashes::default();
        let at = |secs: u64| SimTime::from_ms(secs * 1_000);
        crashes.note(at(0), 2, Span::from_secs(10));
        crashes.note(at(4), 1, Span::from_secs(10));
        crashes.note(at(4), 1, Span::ZERO);
        assert_eq!(crashes.withheld(at(4)), 3);
        assert_eq!(crashes.next(), Some(at(10)));
        assert_eq!(crashes.withheld(at(10)), 1);
        assert_eq!(crashes.withheld(at(14)), 0);
        assert_eq!(crashes.next(), None);
    }
}
