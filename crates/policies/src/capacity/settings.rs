//! Every number and switch about capacity that AWS does not publish or lets users set, with its default and its rule.
//!
//! The scenario's `settings:` block has the same names. How long things take on machines is the engine's business.

use ecsim_kernel::Span;

use super::auto_scaling_group::backoff::Backoff;
use super::managed_scaling::need::Algorithm;
use super::managed_scaling::step::{ScaleInCap, ZeroStart};
use super::provider_strategy::ZeroWeightBase;

/// `cas_n` (CAS-004): which instances are N.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CountedInstances {
    /// Launched and not terminating, registered or not.
    #[default]
    LaunchingAndRunning,
    /// Only those that are `InService` and registered.
    Registered,
}

/// `provisioning_reasons` (CAS-008): what may keep a task in PROVISIONING.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProvisioningReasons {
    /// Resources and constraints.
    #[default]
    All,
    /// Resources only; a task that a constraint keeps out fails at once.
    Resources,
}

/// `provisioning_overflow` (CAS-009): what happens to a RunTask call that would cross the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProvisioningOverflow {
    /// The whole call is rejected.
    #[default]
    RejectCall,
    /// The copies up to the limit are accepted.
    AcceptUpToLimit,
}

/// `drain_count` (DRN-004): how tasks on DRAINING instances count towards `maximumPercent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DrainCount {
    /// Not any more once they are told to stop.
    #[default]
    DesiredStatus,
    /// Until they have reached STOPPED.
    LastStatus,
}

/// `az_tie`, `billing_hour_tie` (ASG-003, ASG-031): how equals are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The first in the order of the configuration, or the oldest instance.
    Order,
    /// A draw from the run's own luck.
    SeededRandom,
}

/// `launch_groups` (SVC-070, MEAS-003): a service starts its Fargate tasks in groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaunchGroups {
    /// How many tasks at a time.
    pub size: u32,
    /// How often.
    pub period: Span,
}

/// The settings of a run about capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacitySettings {
    /// `zero_weight_base` (CP-009).
    pub zero_weight_base: ZeroWeightBase,
    /// `allow_cp_family_change` (CP-018).
    pub allow_family_change: bool,
    /// `provisioning_reasons` (CAS-008).
    pub provisioning_reasons: ProvisioningReasons,
    /// `provisioning_tasks_per_cluster` (CAS-009, QTA-013).
    pub provisioning_tasks: u32,
    /// `provisioning_overflow` (CAS-009).
    pub provisioning_overflow: ProvisioningOverflow,
    /// `cas_n` (CAS-004).
    pub counted_instances: CountedInstances,
    /// `cas_sample_offset_ms` (CAS-031).
    pub sample_offset: Span,
    /// `metric_publish_delay` (LAT-014).
    pub metric_publish_delay: Span,
    /// `zero_start` (CAS-007).
    pub zero_start: ZeroStart,
    /// `cas_algorithm` (CAS-016).
    pub algorithm: Algorithm,
    /// `scale_in_step_period` (CAS-024).
    pub scale_in_step_period: Span,
    /// `scale_in_cap` (CAS-023, MEAS-037).
    pub scale_in_cap: ScaleInCap,
    /// `daemon_reserve_in_estimate` (CAS-015).
    pub daemon_reserve_in_estimate: bool,
    /// `drain_count` (DRN-004).
    pub drain_count: DrainCount,
    /// `az_tie` (ASG-003).
    pub zone_tie: Tie,
    /// `billing_hour_tie` (ASG-031).
    pub billing_hour_tie: Tie,
    /// `ice_backoff` (ASG-005): how long a group waits after a failed launch.
    pub launch_backoff: Backoff,
    /// `mi_scale_in_after_default` (CP-045).
    pub managed_scale_in_after: Span,
    /// `fargate_vcpu_quota` (FGT-010), for on demand and Spot each; `None`: unlimited.
    pub fargate_vcpu_quota: Option<u32>,
    /// `fargate_bucket_burst` and `fargate_bucket_refill_per_s` (MEAS-001, MEAS-002, SVC-071).
    pub fargate_bucket: crate::settings::Bucket,
    /// `fargate_bucket_share` (MEAS-005): the achieved share of the refill, in thousandths.
    pub fargate_bucket_share: u32,
    /// `launch_groups` (MEAS-003, SVC-070).
    pub launch_groups: Option<LaunchGroups>,
}

impl Default for CapacitySettings {
    fn default() -> Self {
        Self {
            zero_weight_base: ZeroWeightBase::Honour,
            allow_family_change: true,
            provisioning_reasons: ProvisioningReasons::All,
            provisioning_tasks: 500,
            provisioning_overflow: ProvisioningOverflow::RejectCall,
            counted_instances: CountedInstances::LaunchingAndRunning,
            sample_offset: Span::from_ms(10),
            metric_publish_delay: Span::from_secs(50),
            zero_start: ZeroStart::Formula,
            algorithm: Algorithm::Current,
            scale_in_step_period: Span::from_secs(60),
            scale_in_cap: ScaleInCap::HALF,
            daemon_reserve_in_estimate: true,
            drain_count: DrainCount::DesiredStatus,
            zone_tie: Tie::Order,
            billing_hour_tie: Tie::SeededRandom,
            launch_backoff: Backoff::default(),
            managed_scale_in_after: Span::from_secs(300),
            fargate_vcpu_quota: None,
            fargate_bucket: crate::settings::Bucket { capacity: 100, refill_per_second: 20 },
            fargate_bucket_share: 1_000,
            launch_groups: None,
        }
    }
}
