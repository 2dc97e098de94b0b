//! When a load balancer finds out something new about a target (LB-011 to LB-015), without an event for each probe.
//!
//! *What it does.* Probes start at R, R + interval, R + 2 x interval and so on, R being the registration, or for a Network Load
//! Balancer the end of what it needs to begin. One that is answered
//! counts with its answer, a refused one at once, a silent one at its timeout. So many successes in a row make a newcomer
//! healthy, so many others an unhealthy target; so many failures in a row make a target unhealthy. What a probe finds is known
//! beforehand, unless the container it asks ends or starts again, so only changes need to be due.
//!
//! *What AWS documents.* The counts and the interval (LB-011 to LB-013). Ours: the instants (LB-014).
//!
//! *What we left out.* Success codes, and health checks on another port.
//!
//! *How we know it is right.* SX-017, and the same found probe by probe.

use ecsim_cluster::TargetState;
use ecsim_cluster::targets::TargetGroupDefinition;
use ecsim_kernel::{SimTime, Span, Stream};

use crate::model::HealthBehavior;

/// How one run of a container answers probes, drawn at its start. Times count from there.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    /// Probes that begin earlier fail.
    pub(super) ready: Span,
    /// Probes that begin in this time fail, too.
    pub(super) failing: Option<(Span, Span)>,
    /// And those in this time, because a call says so.
    pub(super) forced: Option<(Span, Span)>,
    /// How long a probe takes.
    pub(super) probe: Span,
    /// Whether a probe that fails hangs until its timeout.
    pub(super) hangs: bool,
}

impl Answers {
    /// Drawn in one stream.
    pub(super) fn draw(behavior: &HealthBehavior, stream: &mut Stream) -> Self {
        let mut draw = |distribution: &Option<ecsim_kernel::Distribution>| {
            distribution.as_ref().map(|distribution| distribution.sample_span(stream))
        };
        let (ready, probe) = (draw(&behavior.ready), draw(&behavior.probe));
        let failing = behavior.failure.as_ref().and_then(|failure| {
            let fails = stream.uniform() < failure.probability;
            let after = failure.after.sample_span(stream);
            let lasts = failure.lasts.as_ref().map(|lasts| lasts.sample_span(stream));
            fails.then(|| (after, lasts.map_or(Span::MAX, |lasts| after.saturating_add(lasts))))
        });
        let (ready, probe) = (ready.unwrap_or(Span::ZERO), probe.unwrap_or(Span::ZERO));
        Self { ready, failing, forced: None, probe, hangs: behavior.hangs }
    }

    /// Whether a probe that begins then fails whatever time it has.
    pub(super) fn is_failing(&self, begin: Span) -> bool {
        let within = |window: Option<(Span, Span)>| window.is_some_and(|(from, until)| from <= begin && begin < until);
        begin < self.ready || within(self.failing) || within(self.forced)
    }

    /// When that is different next; `None`: never.
    fn changes_after(&self, begin: Span) -> Option<Span> {
        let ends = |window: Option<(Span, Span)>| window.map_or([Span::MAX; 2], |(from, until)| [from, until]);
        let [[from, until], [begins, stops]] = [self.failing, self.forced].map(ends);
        [self.ready, from, until, begins, stops].into_iter().filter(|at| *at > begin && *at < Span::MAX).min()
    }
}

/// How often and how long a load balancer asks, and what it makes of the answers.
#[derive(Clone, Copy, Debug)]
struct Rules {
    interval: Span,
    timeout: Span,
    initial: u32,
    healthy: u32,
    unhealthy: u32,
}

/// The probes of one target.
#[derive(Clone, Debug)]
pub(super) struct Prober {
    rules: Rules,
    /// The first probe.
    from: SimTime,
    /// How the container answers, and since when it runs; `None`: it does not.
    answers: Option<(SimTime, Answers)>,
    state: TargetState,
    /// The number of the probe that comes next.
    next: u64,
    /// Successes or failures in a row.
    streak: u32,
    /// Whether those are successes.
    passing: bool,
    /// Whether the latest failure was one without an answer.
    timed_out: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: SimTime,
    pub(super) to: TargetState,
}

impl Prober {
    /// A target that is registered now.
    pub(super) fn new(group: &TargetGroupDefinition, now: SimTime, answers: Option<(SimTime, Answers)>) -> Self {
        Self {
            rules: Rules {
                interval: group.check.interval.max(Span::from_ms(1)),
                timeout: group.check.timeout,
                initial: group.initial_passes,
                healthy: group.check.healthy,
                unhealthy: group.check.unhealthy,
            },
            from: now + group.before_probes,
            answers,
            state: TargetState::Initial,
            next: 0,
            streak: 0,
            passing: false,
            timed_out: false,
        }
    }

    /// Whether the latest failure was one without an answer.
    pub(super) const fn timed_out(&self) -> bool {
        self.timed_out
    }

    fn begin(&self, probe: u64) -> SimTime {
        self.from + self.rules.interval.saturating_mul(probe)
    }

    /// Whether the probe that begins then passes, and when that is known.
    fn outcome(&self, begin: SimTime) -> (bool, SimTime) {
        let Some((since, answers)) = &self.answers else { return (false, begin) };
        if begin < *since || answers.is_failing(begin.since(*since)) {
            return (false, if answers.hangs { begin + self.rules.timeout } else { begin });
        }
        if answers.probe > self.rules.timeout {
            return (false, begin + self.rules.timeout);
        }
        (true, begin + answers.probe)
    }

    /// When probes that begin after `begin` may find something else; `None`: never.
    fn changes_after(&self, begin: SimTime) -> Option<SimTime> {
        let (since, answers) = self.answers.as_ref()?;
        if begin < *since {
            return Some(*since);
        }
        answers.changes_after(begin.since(*since)).map(|after| *since + after)
    }

    /// Takes in the next probe; tells what it changes, if anything.
    fn probe(&mut self) -> Option<Change> {
        let begin = self.begin(self.next);
        let (passes, at) = self.outcome(begin);
        self.next += 1;
        self.streak = if passes == self.passing { self.streak.saturating_add(1) } else { 1 };
        self.passing = passes;
        if !passes {
            self.timed_out = at > begin;
        }
        let to = match (self.state, passes) {
            (TargetState::Initial, true) if self.streak >= self.rules.initial => TargetState::Healthy,
            (TargetState::Unhealthy, true) if self.streak >= self.rules.healthy => TargetState::Healthy,
            (TargetState::Initial | TargetState::Healthy, false) if self.streak >= self.rules.unhealthy => {
                TargetState::Unhealthy
            }
            _ => return None,
        };
        Some(Change { at, to })
    }

    /// After more probes of a kind than any count asks for, a state changes no more until something else is found: so many of
    /// them are passed over, up to the first that begins at `until` or later.
    fn pass_over(&mut self, until: SimTime) {
        let first = until.since(self.from).ms().div_ceil(self.rules.interval.ms());
        self.next = self.next.max(first);
    }

    fn is_settled(&self) -> bool {
        self.streak > self.rules.initial.max(self.rules.healthy).max(self.rules.unhealthy)
    }

    /// Takes in probes up to the one that changes the state, if any does.
    fn advance(&mut self) -> Option<Change> {
        loop {
            let begin = self.begin(self.next);
            if let Some(change) = self.probe() {
                return Some(change);
            }
            if self.is_settled() {
                let until = self.changes_after(begin)?;
                self.pass_over(until);
            }
        }
    }

    /// What comes next, if nothing happens to the container; leaves this as it is.
    pub(super) fn plan(&self) -> Option<Change> {
        self.clone().advance()
    }

    /// What was planned is true now.
    pub(super) fn pass(&mut self, change: Change) {
        let found = self.advance();
        debug_assert_eq!(found, Some(change), "what was planned comes true");
        self.state = change.to;
    }

    /// Takes in the probes that began before `now`, none of which changed the state; those of that instant come after it.
    fn catch_up(&mut self, now: SimTime) {
        while self.begin(self.next) < now {
            let begin = self.begin(self.next);
            // An answer that is still on its way is lost with the container.
            let _ = self.probe();
            if self.is_settled() {
                let until = self.changes_after(begin).map_or(now, |at| at.min(now));
                self.pass_over(until);
            }
        }
    }

    /// The container ends (`None`) or starts again.
    pub(super) fn container(&mut self, now: SimTime, answers: Option<(SimTime, Answers)>) {
        self.catch_up(now);
        self.answers = answers;
    }
}

#[cfg(test)]
mod tests {
    use ecsim_kernel::SimTime;

    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_ms(seconds * 1_000)
    }

    fn ready_after(seconds: u64) -> Answers {
        Answers { ready: Span::from_secs(seconds), failing: None, forced: None, probe: Span::ZERO, hangs: false }
    }

    /// The changes of a target that is registered at `registered`, of a container that runs since `up`; at most ten.
    fn changes(group: &TargetGroupDefinition, registered: u64, up: u64, answers: Answers) -> Vec<(u64, TargetState)> {
        let mut prober = Prober::new(group, at(registered), Some((at(up), answers)));
        let mut changes = Vec::new();
        while let Some(change) = prober.plan().filter(|_| changes.len() < 10) {
            prober.pass(change);
            changes.push((change.at.ms() / 1_000, change.to));
        }
        changes
    }

    #[test]
    fn lb_014_and_sx_017_when_a_target_becomes_healthy() {
        let group = TargetGroupDefinition::application("web");
        // RUNNING at 95, registered at 100. a) Ready at 120: one pass suffices (LB-011).
        assert_eq!(changes(&group, 100, 95, ready_after(25)), [(130, TargetState::Healthy)]);
        // b) Ready at 140: two failures, then five passes.
        let expected = [(130, TargetState::Unhealthy), (280, TargetState::Healthy)];
        assert_eq!(changes(&group, 100, 95, ready_after(45)), expected);
    }

    #[test]
    fn lb_011_and_lb_015_more_passes_where_the_first_way_needs_them() {
        let group = TargetGroupDefinition { initial_passes: 3, ..TargetGroupDefinition::application("web") };
        assert_eq!(changes(&group, 0, 0, ready_after(0)), [(60, TargetState::Healthy)]);
    }

    #[test]
    fn lb_014_silence_counts_at_the_timeout_and_slow_answers_when_they_come() {
        let group = TargetGroupDefinition::application("web");
        let silent = Answers { hangs: true, ..ready_after(1_000) };
        assert_eq!(changes(&group, 0, 0, silent)[0], (35, TargetState::Unhealthy));
        let slow = |seconds| Answers { probe: Span::from_secs(seconds), ..ready_after(0) };
        assert_eq!(changes(&group, 0, 0, slow(4)), [(4, TargetState::Healthy)]);
        // Past the timeout it is silence.
        assert_eq!(changes(&group, 0, 0, slow(6)), [(35, TargetState::Unhealthy)]);
    }

    #[test]
    fn lb_014_a_healthy_target_needs_failures_in_a_row() {
        let group = TargetGroupDefinition::application("web");
        let failing = |from: u64, until: u64| Answers {
            failing: Some((Span::from_secs(from), Span::from_secs(until))),
            ..ready_after(0)
        };
        assert_eq!(changes(&group, 0, 0, failing(100, 140)), [(0, TargetState::Healthy)], "one failure is none");
        let expected = [(0, TargetState::Healthy), (150, TargetState::Unhealthy), (300, TargetState::Healthy)];
        assert_eq!(changes(&group, 0, 0, failing(100, 170)), expected);
    }

    #[test]
    fn lb_014_passing_over_probes_changes_nothing() {
        for (ready, from, until, probe, hangs) in
            [(7, 500, 700, 0, false), (45, 2_000, 9_000, 3, true), (0, 17, 61, 0, true), (1_000, 900, 1_100, 1, false)]
        {
            let group = TargetGroupDefinition::application("web");
            let answers = Answers {
                ready: Span::from_secs(ready),
                failing: Some((Span::from_secs(from), Span::from_secs(until))),
                // Overlaps what fails anyway, and goes on.
                forced: Some((Span::from_secs(until.saturating_sub(50)), Span::from_secs(until + 250))),
                probe: Span::from_secs(probe),
                hangs,
            };
            let found = changes(&group, 10, 3, answers.clone());
            let mut prober = Prober::new(&group, at(10), Some((at(3), answers)));
            let mut one_by_one = Vec::new();
            for _ in 0..1_000 {
                if let Some(change) = prober.probe() {
                    prober.state = change.to;
                    one_by_one.push((change.at.ms() / 1_000, change.to));
                }
            }
            assert_eq!(found, one_by_one);
        }
    }

    #[test]
    fn lb_014_and_tsk_032_a_container_that_ends_fails_its_probes_until_it_is_back() {
        let group = TargetGroupDefinition::application("web");
        let mut prober = Prober::new(&group, at(0), Some((at(0), ready_after(0))));
        let first = prober.plan().unwrap();
        prober.pass(first);
        assert_eq!(first, Change { at: at(0), to: TargetState::Healthy });
        prober.container(at(1_000), None);
        assert_eq!(prober.plan(), Some(Change { at: at(1_050), to: TargetState::Unhealthy }));
        prober.container(at(1_030), Some((at(1_030), ready_after(0))));
        assert_eq!(prober.plan(), None, "it was back in time");
    }
}
