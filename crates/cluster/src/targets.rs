//! Target groups of load balancers, and the tasks that are registered with them (LB-001 to LB-023).

use std::collections::BTreeSet;

use ecsim_kernel::{SimTime, Span};

use crate::ids::{TargetGroupId, TaskId};

/// A target group as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroupDefinition {
    /// `TargetGroupName`, or the name in its ARN; of a Classic Load Balancer its own name.
    pub name: String,
    /// Its ARN: as the scenario gives it, or made from its name.
    pub arn: String,
    /// Which kind of load balancer routes to it.
    pub balancer: BalancerKind,
    /// How its targets are checked.
    pub check: TargetCheck,
    /// `deregistration_delay.timeout_seconds` (LB-020).
    pub deregistration_delay: Span,
    /// `slow_start.duration_seconds`; zero: off (LB-031).
    pub slow_start: Span,
    /// `load_balancing.algorithm.type` (LB-030).
    pub algorithm: RoutingAlgorithm,
    /// `load_balancing.cross_zone.enabled` (LB-030).
    pub cross_zone: bool,
    /// `stickiness.enabled` (LB-030).
    pub stickiness: bool,
    /// `load_balancing.algorithm.anomaly_mitigation` is on (LB-030).
    pub anomaly_mitigation: bool,
    /// From RUNNING to `initial`: `alb_registration_s` (LB-010).
    pub registration: Span,
    /// From `initial` to the first probe: what `nlb_registration_s` is longer (LB-015).
    pub before_probes: Span,
    /// Successes in a row that make a newcomer healthy: `alb_initial_passes`, `nlb_initial_passes` (LB-011, LB-015).
    pub initial_passes: u32,
}

impl TargetGroupDefinition {
    /// A target group of an Application Load Balancer with AWS's defaults (LB-012, LB-020, LB-030), registered at once.
    #[must_use]
    pub fn application(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            arn: name.to_owned(),
            balancer: BalancerKind::Application,
            check: TargetCheck { interval: Span::from_secs(30), timeout: Span::from_secs(5), healthy: 5, unhealthy: 2 },
            deregistration_delay: Span::from_secs(300),
            slow_start: Span::ZERO,
            algorithm: RoutingAlgorithm::RoundRobin,
            cross_zone: true,
            stickiness: false,
            anomaly_mitigation: false,
            registration: Span::ZERO,
            before_probes: Span::ZERO,
            initial_passes: 1,
        }
    }

    /// Whether newcomers come into their share slowly: not with every algorithm (LB-031).
    #[must_use]
    pub fn starts_slowly(&self) -> bool {
        !self.slow_start.is_zero() && self.algorithm == RoutingAlgorithm::RoundRobin
    }
}

/// What routes to a target group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BalancerKind {
    /// An Application Load Balancer.
    #[default]
    Application,
    /// A Network Load Balancer.
    Network,
    /// A Classic Load Balancer.
    Classic,
}

/// How a target group checks its targets (LB-012, LB-013).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetCheck {
    /// From the start of a probe to the start of the next.
    pub interval: Span,
    /// A probe without an answer fails after so long.
    pub timeout: Span,
    /// Successes in a row that make an unhealthy target healthy.
    pub healthy: u32,
    /// Failures in a row that make a target unhealthy.
    pub unhealthy: u32,
}

/// How a load balancer chooses among healthy targets (LB-030).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoutingAlgorithm {
    /// One after the other.
    #[default]
    RoundRobin,
    /// The one with the fewest requests in flight.
    LeastOutstandingRequests,
    /// At random, by weight.
    WeightedRandom,
    /// A hash of the flow: Network Load Balancers.
    FlowHash,
}

/// The state of a target (LB-016).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetState {
    /// Registered, and not found healthy yet.
    Initial,
    /// Receives requests.
    Healthy,
    /// Fails its checks.
    Unhealthy,
    /// Being deregistered: no new requests (LB-020).
    Draining,
}

impl TargetState {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Draining => "draining",
        }
    }
}

/// A task's registration with one target group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// With which group.
    pub group: TargetGroupId,
    /// Its state.
    pub state: TargetState,
    /// Since when.
    pub since: SimTime,
}

/// What is registered with a target group now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetGroup {
    /// The tasks that are registered, draining ones included.
    pub targets: BTreeSet<TaskId>,
    /// Of those, how many are healthy.
    pub healthy: u32,
    /// Of those, how many are unhealthy.
    pub unhealthy: u32,
}
