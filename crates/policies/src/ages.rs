//! Ages that are tested at a tick are compared in whole seconds, so that a millisecond of bookkeeping costs no minute.
//!
//! File 00 of the specification, item 8b: what was launched at 60.012 is 300 s old at 360.010. Warm-ups (CAS-021, ASG-023),
//! the fifteen minutes of CAS-025, cooldowns (ASG-024, SAS-050) and grace periods (ASG-006) are such ages.

use ecsim_kernel::{SimTime, Span};

/// Whether at least `span` has passed since an instant, both time stamps cut to whole seconds.
#[must_use]
pub fn has_passed(since: SimTime, now: SimTime, span: Span) -> bool {
    now >= passes_at(since, span)
}

/// The age that [`has_passed`] compares: whole seconds between two time stamps cut to whole seconds.
#[must_use]
pub fn age(since: SimTime, now: SimTime) -> Span {
    Span::from_secs(now.whole_secs().saturating_sub(since.whole_secs()))
}

/// The first instant at which [`has_passed`].
#[must_use]
pub fn passes_at(since: SimTime, span: Span) -> SimTime {
    let whole = Span::from_secs(since.whole_secs());
    let secs = whole.saturating_add(span).ms().div_ceil(1_000);
    SimTime::ZERO + Span::from_secs(secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamps_are_cut_to_whole_seconds() {
        let at = SimTime::from_ms;
        assert!(has_passed(at(60_012), at(360_010), Span::from_secs(300)));
        assert!(!has_passed(at(60_012), at(359_990), Span::from_secs(300)));
        assert!(has_passed(at(60_012), at(60_000), Span::ZERO));
        assert!(!has_passed(at(60_000), at(60_999), Span::from_ms(500)), "the age is 0 until 61");
        assert!(has_passed(at(60_999), at(61_000), Span::from_ms(500)));
        assert_eq!(age(at(60_012), at(120_011)), Span::from_secs(60), "as it is compared, so it is told");
        assert_eq!(passes_at(SimTime::MAX, Span::MAX), SimTime::MAX);
    }
}
