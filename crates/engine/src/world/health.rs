//! When a container's health check says something new: the monitor of the Docker engine (TSK-041, TSK-042), without an
//! event for each probe. What a probe finds is known beforehand, so only changes need to be due.

use ecsim_cluster::HealthStatus;
use ecsim_cluster::definitions::HealthCheck;
use ecsim_kernel::{Span, Stream};

use super::probes::Answers;
use crate::model::HealthBehavior;

/// The health check of one run of a container. Times count from its start.
#[derive(Clone, Debug)]
pub(super) struct Monitor {
    check: HealthCheck,
    answers: Answers,
    health: HealthStatus,
    /// The end of the probe that was looked at last.
    ended: Span,
    /// Failures in a row.
    streak: u32,
    /// What comes next.
    next: Option<HealthStatus>,
}

impl Monitor {
    /// What a container's check will find is drawn at its start, in one stream.
    pub(super) fn new(check: HealthCheck, behavior: &HealthBehavior, stream: &mut Stream) -> Self {
        Self {
            check,
            answers: Answers::draw(behavior, stream),
            health: HealthStatus::Unknown,
            ended: Span::ZERO,
            streak: 0,
            next: None,
        }
    }

    /// What it says now.
    pub(super) const fn health(&self) -> HealthStatus {
        self.health
    }

    /// It says what [`Self::next`] told.
    pub(super) const fn pass(&mut self) {
        if let Some(next) = self.next.take() {
            self.health = next;
        }
    }

    /// When the health changes next, and how; `None`: never again.
    ///
    /// One interval after the start, and after the end of each probe, comes the next one (TSK-041). Failures that begin
    /// within the start period do not count before the first success (TSK-042).
    pub(super) fn next(&mut self) -> Option<Span> {
        let HealthCheck { interval, timeout, retries, start_period } = self.check;
        loop {
            let begin = self.ended.saturating_add(interval);
            let failing = self.answers.is_failing(begin);
            let took = if failing && self.answers.hangs { timeout } else { self.answers.probe.min(timeout) };
            let passes = !failing && self.answers.probe <= timeout;
            self.ended = begin.saturating_add(took);
            if passes {
                self.streak = 0;
                if self.health != HealthStatus::Healthy {
                    self.next = Some(HealthStatus::Healthy);
                    return Some(self.ended);
                }
            } else if self.health != HealthStatus::Unknown || begin >= start_period {
                self.streak += 1;
                if self.streak >= retries && self.health != HealthStatus::Unhealthy {
                    self.next = Some(HealthStatus::Unhealthy);
                    return Some(self.ended);
                }
            }
            let unchanged_until = match (self.health, passes) {
                // Until it begins to fail.
                (HealthStatus::Healthy, true) => {
                    self.answers.failing.map(|(from, _)| from).filter(|from| *from > begin)?
                }
                // Until it does not fail any more; a probe that takes too long always will.
                (HealthStatus::Unhealthy, false) => {
                    let until = match self.answers.failing {
                        Some((from, until)) if from <= begin && begin < until => until,
                        _ => self.answers.ready,
                    };
                    if until <= begin || until == Span::MAX || self.answers.probe > timeout {
                        return None;
                    }
                    until
                }
                _ => continue,
            };
            // Whole rounds that change nothing are passed over at once.
            let round = interval.saturating_add(took).ms().max(1);
            let idle = unchanged_until.saturating_sub(self.ended.saturating_add(interval)).ms() / round;
            self.ended = self.ended.saturating_add(Span::from_ms(idle * round));
        }
    }
}

#[cfg(test)]
mod tests {
    use ecsim_kernel::{Distribution, Key, Purpose, Streams};

    use super::*;
    use crate::model::HealthFailure;

    const fn check(interval: u64, timeout: u64, retries: u32, start_period: u64) -> HealthCheck {
        HealthCheck {
            interval: Span::from_secs(interval),
            timeout: Span::from_secs(timeout),
            retries,
            start_period: Span::from_secs(start_period),
        }
    }

    fn constant(seconds: u64) -> Distribution {
        Distribution::constant(seconds as f64).unwrap()
    }

    fn failing(after: u64, lasts: Option<u64>) -> HealthBehavior {
        let failure = HealthFailure { after: constant(after), lasts: lasts.map(constant), probability: 1.0 };
        HealthBehavior { failure: Some(failure), ..HealthBehavior::default() }
    }

    /// Its changes in seconds, at most ten.
    fn changes(check: HealthCheck, behavior: &HealthBehavior) -> Vec<(u64, HealthStatus)> {
        let streams = Streams { seed: 1, run_index: 0, antithetic: false };
        let mut monitor = Monitor::new(check, behavior, &mut streams.stream(Purpose(131), Key::of_bytes(b"x")));
        let mut changes = Vec::new();
        while let Some(at) = monitor.next().filter(|_| changes.len() < 10) {
            monitor.pass();
            changes.push((at.ms() / 1_000, monitor.health()));
        }
        changes
    }

    #[test]
    fn tsk_041_and_sx_013_when_a_check_that_fails_says_so() {
        for ((interval, timeout, retries, start_period), hangs, at) in [
            ((30, 5, 3, 0), false, 90),
            ((30, 5, 3, 0), true, 105),
            ((30, 5, 3, 120), false, 180),
            ((30, 5, 3, 120), true, 210),
            ((10, 2, 5, 0), true, 60),
        ] {
            let behavior = HealthBehavior { hangs, ..failing(0, None) };
            let found = changes(check(interval, timeout, retries, start_period), &behavior);
            assert_eq!(found, [(at, HealthStatus::Unhealthy)], "{interval} {timeout} {retries} {start_period} {hangs}");
        }
    }

    #[test]
    fn tsk_042_and_sx_013_a_success_makes_it_healthy_and_failures_count_from_then_on() {
        // The first probe fails, the second succeeds, all later fail, within the start period or not.
        for start_period in [0, 300] {
            let behavior = HealthBehavior { ready: Some(constant(31)), ..failing(61, None) };
            let expected = [(60, HealthStatus::Healthy), (150, HealthStatus::Unhealthy)];
            assert_eq!(changes(check(30, 5, 3, start_period), &behavior), expected);
        }
    }

    #[test]
    fn tsk_041_one_success_resets_the_count_and_heals() {
        // Probes at 120 and 150 fail: two of three. Nothing happens.
        assert_eq!(changes(check(30, 5, 3, 0), &failing(100, Some(60))), [(30, HealthStatus::Healthy)]);
        // Probes at 120, 150, 180 fail; the one at 210 succeeds.
        let expected = [(30, HealthStatus::Healthy), (180, HealthStatus::Unhealthy), (210, HealthStatus::Healthy)];
        assert_eq!(changes(check(30, 5, 3, 0), &failing(100, Some(100))), expected);
    }

    #[test]
    fn tsk_041_a_probe_that_takes_too_long_fails_and_shifts_the_next() {
        let slow = |seconds| HealthBehavior { probe: Some(constant(seconds)), ..HealthBehavior::default() };
        assert_eq!(changes(check(30, 5, 3, 0), &slow(6)), [(105, HealthStatus::Unhealthy)]);
        assert_eq!(changes(check(30, 5, 3, 0), &slow(4)), [(34, HealthStatus::Healthy)]);
    }

    /// The monitor of TSK-041, probe by probe.
    fn probe_by_probe(check: HealthCheck, ready: u64, fails: (u64, u64), hangs: bool) -> Vec<(u64, HealthStatus)> {
        let (interval, timeout) = (check.interval.ms() / 1_000, check.timeout.ms() / 1_000);
        let (mut at, mut streak, mut health, mut changes) = (0, 0, HealthStatus::Unknown, Vec::new());
        while at < 20_000 {
            let begin = at + interval;
            let fail = begin < ready || fails.0 <= begin && begin < fails.1;
            let end = begin + if fail && hangs { timeout } else { 0 };
            let before = health;
            if !fail {
                (streak, health) = (0, HealthStatus::Healthy);
            } else if health != HealthStatus::Unknown || begin >= check.start_period.ms() / 1_000 {
                streak += 1;
                if streak >= check.retries {
                    health = HealthStatus::Unhealthy;
                }
            }
            if health != before {
                changes.push((end, health));
            }
            at = end;
        }
        changes
    }

    #[test]
    fn tsk_041_passing_over_probes_changes_nothing() {
        for (number, ready) in [0, 7, 95, 1_000].into_iter().enumerate() {
            for fails in [(500, 503), (2_000, 2_400), (17, 9_000), (900, 1_100)] {
                for hangs in [false, true] {
                    let check = check(10 + number as u64 * 7, 3, 1 + number as u32, 60 * number as u64);
                    let behavior = HealthBehavior {
                        ready: Some(constant(ready)),
                        hangs,
                        ..failing(fails.0, Some(fails.1 - fails.0))
                    };
                    assert_eq!(changes(check, &behavior), probe_by_probe(check, ready, fails, hangs));
                }
            }
        }
    }
}
