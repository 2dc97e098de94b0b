//! How long a lifecycle hook may hold an instance, and what its result means (ASG-040).
//!
//! *What AWS documents.* The bounds and defaults of the heartbeat; the limit of 48 hours or a hundred heartbeats,
//! whichever is shorter; fifty hooks; that an abandoned launch is terminated and replaced, that an abandoned termination
//! skips the other hooks, and that termination hooks run side by side and all must end.

use core::fmt;

use ecsim_kernel::{SimTime, Span};

/// How many hooks a group may have.
pub const HOOKS_MAX: usize = 50;
/// `HeartbeatTimeout`.
pub const HEARTBEAT_DEFAULT: Span = Span::from_secs(3_600);
/// The least and the greatest heartbeat, in seconds.
pub const HEARTBEAT_SECS: (u64, u64) = (30, 7_200);
/// No instance waits longer, whatever the heartbeats.
pub const GLOBAL_MAX: Span = Span::from_hours(48);

/// `HeartbeatTimeout` is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatError {
    /// What was given.
    pub heartbeat: Span,
}

impl fmt::Display for HeartbeatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = HEARTBEAT_SECS;
        write!(f, "the heartbeat timeout must be {least} to {most} seconds, not {}", self.heartbeat)
    }
}

impl core::error::Error for HeartbeatError {}

/// A heartbeat timeout within its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat(Span);

impl Default for Heartbeat {
    fn default() -> Self {
        Self(HEARTBEAT_DEFAULT)
    }
}

impl Heartbeat {
    /// 30 to 7,200 seconds.
    pub fn new(heartbeat: Span) -> Result<Self, HeartbeatError> {
        let (least, most) = HEARTBEAT_SECS;
        let is_inside = heartbeat >= Span::from_secs(least) && heartbeat <= Span::from_secs(most);
        if is_inside { Ok(Self(heartbeat)) } else { Err(HeartbeatError { heartbeat }) }
    }

    /// The timeout.
    #[must_use]
    pub const fn span(self) -> Span {
        self.0
    }

    /// The longest wait that heartbeats can buy.
    #[must_use]
    pub fn global_limit(self) -> Span {
        self.0.saturating_mul(100).min(GLOBAL_MAX)
    }

    /// When a wait that began at `since` times out after its last heartbeat.
    #[must_use]
    pub fn times_out_at(self, since: SimTime, last_heartbeat: SimTime) -> SimTime {
        (last_heartbeat + self.0).min(since + self.global_limit())
    }
}

/// `LifecycleTransition`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// `autoscaling:EC2_INSTANCE_LAUNCHING`.
    Launching,
    /// `autoscaling:EC2_INSTANCE_TERMINATING`.
    Terminating,
}

/// `LifecycleActionResult`; `ABANDON` is the default when a hook times out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HookResult {
    /// `CONTINUE`.
    Continue,
    /// `ABANDON`.
    #[default]
    Abandon,
}

/// What follows from the results of the hooks of one instance; `None` is a hook that still waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookOutcome {
    /// At least one hook still holds the instance.
    Wait,
    /// The instance goes on: into service, or to its end.
    Proceed,
    /// The launch is given up: the instance is terminated and replaced.
    TerminateAndReplace,
}

/// What follows from the results so far.
#[must_use]
pub fn outcome(transition: Transition, results: &[Option<HookResult>]) -> HookOutcome {
    let is_abandoned = results.contains(&Some(HookResult::Abandon));
    match (transition, is_abandoned) {
        (Transition::Launching, true) => HookOutcome::TerminateAndReplace,
        (Transition::Terminating, true) => HookOutcome::Proceed,
        _ if results.contains(&None) => HookOutcome::Wait,
        _ => HookOutcome::Proceed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use HookResult::{Abandon, Continue};

    #[test]
    fn asg_040_heartbeat_bounds() {
        for (secs, is_valid) in [(29, false), (30, true), (7_200, true), (7_201, false)] {
            assert_eq!(Heartbeat::new(Span::from_secs(secs)).is_ok(), is_valid, "{secs}");
        }
        let error = Heartbeat::new(Span::from_secs(5)).unwrap_err();
        assert_eq!(error.to_string(), "the heartbeat timeout must be 30 to 7200 seconds, not 5s");
    }

    #[test]
    fn asg_040_global_limit() {
        let limit = |secs| Heartbeat::new(Span::from_secs(secs)).unwrap().global_limit();
        assert_eq!(limit(30), Span::from_secs(3_000));
        assert_eq!(limit(1_728), Span::from_hours(48));
        assert_eq!(Heartbeat::default().global_limit(), Span::from_hours(48));
        let heartbeat = Heartbeat::new(Span::from_secs(60)).unwrap();
        let at = |secs: u64| SimTime::from_ms(secs * 1_000);
        assert_eq!(heartbeat.times_out_at(at(0), at(0)), at(60));
        assert_eq!(heartbeat.times_out_at(at(0), at(5_900)), at(5_960));
        assert_eq!(heartbeat.times_out_at(at(0), at(5_990)), at(6_000), "the hundredth is the last");
    }

    #[test]
    fn asg_040_results() {
        use Transition::{Launching, Terminating};
        assert_eq!(outcome(Launching, &[Some(Continue), None]), HookOutcome::Wait);
        assert_eq!(outcome(Launching, &[Some(Continue), Some(Continue)]), HookOutcome::Proceed);
        assert_eq!(outcome(Launching, &[Some(Abandon), None]), HookOutcome::TerminateAndReplace);
        assert_eq!(outcome(Terminating, &[Some(Abandon), None]), HookOutcome::Proceed, "the others are skipped");
        assert_eq!(outcome(Terminating, &[Some(Continue), None]), HookOutcome::Wait);
        assert_eq!(outcome(Terminating, &[]), HookOutcome::Proceed);
    }
}
