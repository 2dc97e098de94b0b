//! Deployments of a service: which revision its tasks run, and how far each rollout has come (DEP-001, DEP-002).

use ecsim_kernel::{SimTime, Span};

use crate::ids::AlarmId;

/// A deployment of a service. The first one comes with its creation; an update that changes what tasks run starts another
/// (SVC-060).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Which of the service's deployments, from 0 in the order in which they started.
    pub number: u32,
    /// The service revision that it deploys: an index into `ServiceDefinition::revisions`.
    pub revision: u32,
    /// PRIMARY, ACTIVE or INACTIVE (DEP-001).
    pub status: DeploymentStatus,
    /// `rolloutState`.
    pub rollout: RolloutState,
    /// Why it was started.
    pub cause: DeploymentCause,
    /// `createdAt`.
    pub created_at: SimTime,
    /// When [`Self::status`] or [`Self::rollout`] changed last.
    pub changed_at: SimTime,
    /// Its live tasks.
    pub live: u32,
    /// Those of them that are RUNNING.
    pub running: u32,
    /// Its share of the service's production traffic in millionths; the shares of a service add up to a million. A rolling
    /// update leaves routing to the load balancer: all of its deployments then have 0 but the PRIMARY, and who receives
    /// requests is not asked for the deployment ([`crate::Cluster::shifts_traffic`]).
    pub traffic: u32,
    /// How many tasks were created for it.
    pub started: u32,
    /// How many of them reached RUNNING.
    pub ran: u32,
    /// How many of them failed before RUNNING (SVC-040, DEP-032).
    pub failed_to_start: u32,
    /// How many of them gave up waiting for capacity (CAS-010): the circuit breaker counts them (DEP-032), the throttle does not
    /// (SVC-040).
    pub gave_up: u32,
    /// How many of them ran and then stopped by themselves (SVC-033).
    pub crashed: u32,
    /// How many of them ran and then stopped by themselves or with their host (DEP-036).
    pub lost: u32,
    /// Whether the pull of one of its tasks has begun: the digests of its images are known (DEP-004).
    pub digests_known: bool,
    /// `scale` of a task set in millionths of the desired count; `None`: it is none (DEP-080).
    pub scale: Option<u32>,
    /// Whether the task set was deleted: it goes with its last task.
    pub deleted: bool,
    /// Since when the `stabilityStatus` of a task set is STEADY_STATE; `None`: it is STABILIZING, or no task set (DEP-081).
    pub steady_since: Option<SimTime>,
    /// Where it is, where it has stages (DEP-060).
    pub stage: Option<Stage>,
    /// Why it failed, or was stopped or rolled back.
    pub end: Option<DeploymentEnd>,
    /// `StopServiceDeployment` was called (DEP-002).
    pub stop_asked: Option<StopType>,
    /// How often `ContinueServiceDeployment` was called, and the last answer: whether to go on (DEP-066).
    pub answers: (u32, bool),
}

impl Deployment {
    /// `computedDesiredCount` of a task set: its share of the desired count, rounded up (DEP-080).
    #[must_use]
    pub fn computed_desired_count(&self, desired: u32) -> Option<u32> {
        let whole = u64::from(ALL_TRAFFIC);
        self.scale.map(|scale| (u64::from(desired) * u64::from(scale)).div_ceil(whole) as u32)
    }

    /// `stabilityStatus` of a task set in AWS's spelling (DEP-081).
    #[must_use]
    pub const fn stability_status(&self) -> &'static str {
        if self.steady_since.is_some() { "STEADY_STATE" } else { "STABILIZING" }
    }
}

/// `status` of a deployment (DEP-001).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeploymentStatus {
    /// The newest one.
    Primary,
    /// An older one that still has tasks.
    Active,
    /// Done.
    Inactive,
}

impl DeploymentStatus {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// `rolloutState` of a deployment (DEP-001).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RolloutState {
    /// On its way.
    InProgress,
    /// Its tasks are up, those of its predecessors gone (DEP-003).
    Completed,
    /// The circuit breaker or an alarm ended it (DEP-034, DEP-040).
    Failed,
}

impl RolloutState {
    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// Why a deployment was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeploymentCause {
    /// The service was created.
    Created,
    /// `UpdateService` changed what its tasks run (SVC-060).
    Updated,
    /// `forceNewDeployment` (SVC-062).
    Forced,
    /// A failed deployment was rolled back (DEP-034).
    RolledBack,
    /// `CreateTaskSet` (DEP-080).
    TaskSet,
}

impl DeploymentCause {
    /// A short name for tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Forced => "forced",
            Self::RolledBack => "rolled-back",
            Self::TaskSet => "task-set",
        }
    }
}

/// `stopType` of `StopServiceDeployment` (DEP-002).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopType {
    /// Everything stays as it is.
    Abort,
    /// The deployment before comes back.
    Rollback,
}

/// Why a deployment failed, or was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeploymentEnd {
    /// The circuit breaker (DEP-034).
    CircuitBreaker {
        /// How many failures were counted.
        failures: u32,
        /// How many were too many.
        threshold: u32,
    },
    /// An alarm (DEP-040).
    Alarm(AlarmId),
    /// A lifecycle hook said FAILED, or something else that is no success (DEP-066).
    HookFailed(Stage),
    /// A lifecycle hook took too long (DEP-067).
    HookTimedOut(Stage),
    /// A stage took longer than 24 hours (DEP-068).
    StageTimedOut(Stage),
    /// `StopServiceDeployment` (DEP-002).
    Stopped(StopType),
    /// CodeDeploy waited in vain for the replacement task set (DEP-071, DEP-072).
    NotSteady,
}

impl DeploymentEnd {
    /// `rolloutStateReason`, and `statusReason` of the service deployment.
    #[must_use]
    pub fn text(self, alarm: impl Fn(AlarmId) -> String) -> String {
        match self {
            Self::CircuitBreaker { failures, threshold } => {
                format!(
                    "ECS deployment circuit breaker: tasks failed to start. ({failures} failures, threshold {threshold})"
                )
            }
            Self::Alarm(id) => format!("ECS deployment failed: alarm detected. ({})", alarm(id)),
            Self::HookFailed(stage) => format!("A lifecycle hook of {} failed.", stage.name()),
            Self::HookTimedOut(stage) => format!("A lifecycle hook of {} timed out.", stage.name()),
            Self::StageTimedOut(stage) => format!("The stage {} took longer than 24 hours.", stage.name()),
            Self::Stopped(StopType::Abort) => "Stopped by StopServiceDeployment (ABORT).".to_owned(),
            Self::Stopped(StopType::Rollback) => "Stopped by StopServiceDeployment (ROLLBACK).".to_owned(),
            Self::NotSteady => "The replacement task set did not reach a steady state in time.".to_owned(),
        }
    }
}

/// `lifecycleStage` of a service deployment, in their order (DEP-060).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// More than one revision is ACTIVE: they are made one first.
    ReconcileService,
    /// Before the new tasks start.
    PreScaleUp,
    /// The new tasks start.
    ScaleUp,
    /// The new tasks are healthy.
    PostScaleUp,
    /// Test traffic moves.
    TestTrafficShift,
    /// Test traffic has moved.
    PostTestTrafficShift,
    /// Before production traffic moves.
    PreProductionTrafficShift,
    /// Production traffic moves.
    ProductionTrafficShift,
    /// Production traffic has moved.
    PostProductionTrafficShift,
    /// Both revisions run and are watched.
    BakeTime,
    /// The old tasks stop.
    CleanUp,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 11] = [
        Self::ReconcileService,
        Self::PreScaleUp,
        Self::ScaleUp,
        Self::PostScaleUp,
        Self::TestTrafficShift,
        Self::PostTestTrafficShift,
        Self::PreProductionTrafficShift,
        Self::ProductionTrafficShift,
        Self::PostProductionTrafficShift,
        Self::BakeTime,
        Self::CleanUp,
    ];

    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }

    /// The stage after it.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self as usize + 1).copied()
    }

    /// Its bit in a set of stages.
    #[must_use]
    pub const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// How a service goes from one revision to the next: the part of `deploymentConfiguration` that is not the two
/// percentages, and the controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentPolicy {
    /// Who replaces the tasks.
    pub controller: DeploymentController,
    /// `strategy` (DEP-060).
    pub strategy: DeploymentStrategy,
    /// `deploymentCircuitBreaker`, where it is enabled (DEP-030).
    pub breaker: Option<CircuitBreaker>,
    /// `alarms`, where they are enabled (DEP-040).
    pub alarms: Option<DeploymentAlarms>,
    /// `bakeTimeInMinutes` (DEP-045, DEP-062).
    pub bake: Option<Span>,
    /// `lifecycleHooks` (DEP-066).
    pub hooks: Vec<LifecycleHook>,
    /// `earlySuccessCriteria`, where it is enabled (DEP-050).
    pub early_success: Option<EarlySuccess>,
}

/// `deploymentController`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeploymentController {
    /// ECS itself.
    #[default]
    Ecs,
    /// AWS CodeDeploy, with how long the original task set stays after the shift of traffic (DEP-071).
    CodeDeploy {
        /// How long the original task set stays.
        termination_wait: Span,
    },
    /// Somebody else, through task sets (DEP-080).
    External,
}

/// How traffic moves, shares in millionths (DEP-060 to DEP-064, DEP-070).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeploymentStrategy {
    /// Old tasks are replaced by new ones.
    #[default]
    Rolling,
    /// All at once.
    BlueGreen,
    /// In equal steps.
    Linear {
        /// The share of a step.
        step: u32,
        /// How long the traffic stays after a step that is not the last.
        bake: Span,
    },
    /// A little first, then the rest.
    Canary {
        /// The share that goes first.
        share: u32,
        /// How long until the rest follows.
        bake: Span,
    },
}

/// All of the traffic.
pub const ALL_TRAFFIC: u32 = 1_000_000;

impl DeploymentStrategy {
    /// The share of the new revision after the `step`-th shift, from 1 (DEP-062 to DEP-064).
    #[must_use]
    pub const fn share_after(self, step: u32) -> u32 {
        let share = match self {
            Self::Rolling | Self::BlueGreen => ALL_TRAFFIC as u64,
            Self::Linear { step: each, .. } => each as u64 * step as u64,
            Self::Canary { share, .. } if step <= 1 => share as u64,
            Self::Canary { .. } => ALL_TRAFFIC as u64,
        };
        if share > ALL_TRAFFIC as u64 { ALL_TRAFFIC } else { share as u32 }
    }

    /// How long the traffic stays as it is after a shift that is not the last.
    #[must_use]
    pub const fn step_bake(self) -> Span {
        match self {
            Self::Rolling | Self::BlueGreen => Span::ZERO,
            Self::Linear { bake, .. } | Self::Canary { bake, .. } => bake,
        }
    }

    /// AWS's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rolling => "ROLLING",
            Self::BlueGreen => "BLUE_GREEN",
            Self::Linear { .. } => "LINEAR",
            Self::Canary { .. } => "CANARY",
        }
    }
}

/// `deploymentCircuitBreaker` (DEP-030 to DEP-034).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// Whether a failed deployment is rolled back.
    pub rollback: bool,
    /// `resetOnHealthyTask` (DEP-033).
    pub reset_on_healthy: bool,
    /// How many failures are too many.
    pub threshold: Threshold,
}

/// `thresholdConfiguration` (DEP-031).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// Percent of the desired count, from 3 to 200.
    BoundedPercent(u32),
    /// Percent of the desired count.
    UnboundedPercent(u32),
    /// A number of failures.
    Count(u32),
}

impl Threshold {
    /// How many failures are too many for so many tasks (DEP-030, DEP-031): percentages are rounded up.
    #[must_use]
    pub const fn of(self, desired: u32, least: u32) -> u32 {
        match self {
            Self::BoundedPercent(percent) => {
                let share = (desired as u64 * percent as u64).div_ceil(100);
                let most = if least > 200 { least } else { 200 };
                if share < least as u64 {
                    least
                } else if share > most as u64 {
                    most
                } else {
                    share as u32
                }
            }
            Self::UnboundedPercent(percent) => {
                let share = (desired as u64 * percent as u64).div_ceil(100);
                if share < 1 { 1 } else { share as u32 }
            }
            Self::Count(count) => count,
        }
    }
}

/// `alarms` of a deployment configuration (DEP-040).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentAlarms {
    /// Which.
    pub alarms: Vec<AlarmId>,
    /// Whether a failed deployment is rolled back.
    pub rollback: bool,
}

/// `earlySuccessCriteria` (DEP-050, DEP-051).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlySuccess {
    /// `healthyPercent`.
    pub percent: u32,
    /// `DEFERRED`: success does not wait for the old tasks to be gone.
    pub deferred: bool,
}

impl EarlySuccess {
    /// How many tasks must be healthy: `ceil(desired * percent / 100)`, at least one (DEP-050).
    #[must_use]
    pub const fn needs(self, desired: u32) -> u32 {
        let share = (desired as u64 * self.percent as u64).div_ceil(100);
        if share < 1 { 1 } else { share as u32 }
    }
}

/// One of `lifecycleHooks` (DEP-066, DEP-067), and how it behaves in the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleHook {
    /// The set of its stages ([`Stage::bit`]).
    pub stages: u16,
    /// `PAUSE`: it waits for `ContinueServiceDeployment`.
    pub pause: bool,
    /// From the beginning of the stage to its answer.
    pub takes: Span,
    /// Whether its answer is SUCCEEDED.
    pub succeeds: bool,
    /// How long it may take.
    pub timeout: Span,
    /// Whether the deployment goes on when that is over; else it is rolled back.
    pub continues_on_timeout: bool,
}
