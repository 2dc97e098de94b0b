//! When a group takes an instance for unhealthy (ASG-006).
//!
//! *What AWS documents.* Any state but `running` counts at once, even in the grace period; failed status checks are waited
//! on for some minutes; other checks count only where they are switched on, and not in the grace period, which begins
//! when the instance is in service. Ours: how many minutes (`asg_status_check_wait_s`), and that status checks, too, are
//! not acted on before the grace period ends. Ages are compared in whole seconds.

use ecsim_kernel::{SimTime, Span};

use crate::ages::passes_at;

/// What is wrong with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthProblem {
    /// It is not `running`, or was marked unhealthy by hand.
    NotRunning,
    /// An EC2 status check fails.
    StatusCheck,
    /// A load balancer, EBS or VPC Lattice check fails.
    Other {
        /// Whether the group looks at that check.
        is_enabled: bool,
    },
}

/// The settings of the health checks of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// `HealthCheckGracePeriod`: 0 by default through the API, 300 s in the console.
    pub grace_period: Span,
    /// `asg_status_check_wait_s`.
    pub status_check_wait: Span,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self { grace_period: Span::ZERO, status_check_wait: Span::from_secs(300) }
    }
}

impl HealthSettings {
    /// When an instance that is in service since `in_service_at` and has had this problem since `since` counts as
    /// unhealthy; `None` if never.
    #[must_use]
    pub fn unhealthy_at(self, problem: HealthProblem, since: SimTime, in_service_at: SimTime) -> Option<SimTime> {
        let grace_ends = passes_at(in_service_at, self.grace_period);
        match problem {
            HealthProblem::NotRunning => Some(since),
            HealthProblem::StatusCheck => Some(passes_at(since, self.status_check_wait).max(grace_ends)),
            HealthProblem::Other { is_enabled } => is_enabled.then(|| since.max(grace_ends)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asg_006_what_counts_when() {
        let at = |secs: u64| SimTime::from_ms(secs * 1_000);
        let settings = HealthSettings { grace_period: Span::from_secs(600), ..HealthSettings::default() };
        let when = |problem, since| settings.unhealthy_at(problem, at(since), at(100));
        assert_eq!(when(HealthProblem::NotRunning, 150), Some(at(150)), "even in the grace period");
        assert_eq!(when(HealthProblem::StatusCheck, 150), Some(at(700)));
        assert_eq!(when(HealthProblem::StatusCheck, 900), Some(at(1_200)));
        assert_eq!(when(HealthProblem::Other { is_enabled: true }, 150), Some(at(700)));
        assert_eq!(when(HealthProblem::Other { is_enabled: true }, 900), Some(at(900)));
        assert_eq!(when(HealthProblem::Other { is_enabled: false }, 900), None);
        assert_eq!(HealthSettings::default().unhealthy_at(HealthProblem::StatusCheck, at(150), at(100)), Some(at(450)));
    }
}
