//! What the scenario says of groups and providers, as the control loops read it: everything that is no state.
//!
//! Tables are parallel to those of the cluster's definitions, and empty where a scenario has no such thing.

use std::collections::BTreeMap;

pub use ecsim_cluster::cloudwatch::{Comparison, MissingData};
use ecsim_cluster::{
    AsgId, AutoScalingGroup, CapacityProvider, LaunchOptionId, Market, MetricId, PolicyId, PoolId, ProviderId,
    ServiceId, ZoneId,
};
use ecsim_kernel::{Distribution, SimTime, Span, Table};

use super::auto_scaling_group::allocation::{OnDemandStrategy, SpotStrategy};
use super::auto_scaling_group::mixed::InstancesDistribution;
use super::auto_scaling_group::termination::Policy;
use super::auto_scaling_group::warm_pool::WarmPool;
use super::auto_scaling_group::zones::ZoneStrategy;
use crate::scaling::simple::SimplePolicy;
use crate::scaling::step::StepPolicy;

/// The capacity side of a scenario.
#[derive(Clone, Debug, Default)]
pub struct CapacityModel {
    /// By group, as at the start; parallel to `definitions.auto_scaling_groups`. What holds now says [`Self::group`].
    pub groups: Table<AsgId, GroupSpec>,
    /// By provider, as at the start; parallel to `definitions.capacity_providers`. What holds now says
    /// [`Self::provider`].
    pub providers: Table<ProviderId, ProviderSpec>,
    /// What calls of the timeline make of a group, by the number of the configuration, from 1.
    pub later_groups: BTreeMap<(AsgId, u32), GroupSpec>,
    /// What calls of the timeline make of a provider, by the number of the configuration, from 1.
    pub later_providers: BTreeMap<(ProviderId, u32), ProviderSpec>,
    /// By pool; parallel to `definitions.pools`.
    pub pools: Table<PoolId, PoolSpec>,
    /// Services that are DAEMON: their needs are withheld from estimates (CAS-015).
    pub daemons: Vec<ServiceId>,
}

impl CapacityModel {
    /// How a group is configured now.
    #[must_use]
    pub fn group(&self, row: &AutoScalingGroup) -> &GroupSpec {
        match row.configuration {
            0 => &self.groups[row.id],
            number => self.later_groups.get(&(row.id, number)).unwrap_or(&self.groups[row.id]),
        }
    }

    /// How a provider is configured now.
    #[must_use]
    pub fn provider(&self, row: &CapacityProvider) -> &ProviderSpec {
        match row.configuration {
            0 => &self.providers[row.id],
            number => self.later_providers.get(&(row.id, number)).unwrap_or(&self.providers[row.id]),
        }
    }
}

/// What is known of a capacity pool before anything happens in it.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolSpec {
    /// On-demand price in billionths of a dollar an hour; 0: not known.
    pub on_demand_nano_dollars: u64,
    /// Spot price in billionths of a dollar an hour at the start; 0: not known.
    pub spot_nano_dollars: u64,
    /// How likely AWS takes a Spot instance back in a month, 0 to 1 (SPT-015, SPT-016).
    pub monthly_interruption: f64,
    /// How many on-demand instances the pool can hold, whoever's they are; `None`: no limit.
    pub on_demand_limit: Option<u32>,
    /// How many Spot instances the pool can hold, whoever's they are; `None`: no limit.
    pub spot_limit: Option<u32>,
}

impl PoolSpec {
    /// How many instances so bought it can hold at the start.
    #[must_use]
    pub const fn limit(&self, market: Market) -> Option<u32> {
        match market {
            Market::OnDemand => self.on_demand_limit,
            Market::Spot => self.spot_limit,
        }
    }
}

/// An Auto Scaling group as configured.
#[derive(Clone, Debug)]
pub struct GroupSpec {
    /// Every way to launch an instance, of all template versions, in the order of version, override, zone.
    pub options: Vec<LaunchOptionId>,
    /// The zones it launches in, if they are not all of those that it has at one time or another.
    pub zones: Option<Vec<ZoneId>>,
    /// How likely a launch fails for no reason that the scenario knows, 0 to 1 (ASG-005).
    pub launch_failure: f64,
    /// What each template of the group is, in the order in which it uses them: the first is number 1.
    pub templates: Vec<TemplateVersion>,
    /// From a changed desired capacity to the launch or termination, in seconds (LAT-004).
    pub reaction: Distribution,
    /// The mixed instances policy; without one everything is on demand, or everything Spot (`spot_only`).
    pub mixed: Option<InstancesDistribution>,
    /// A launch template with `instanceMarketOptions: spot`.
    pub spot_only: bool,
    /// `OnDemandAllocationStrategy` (ASG-010).
    pub on_demand: OnDemandStrategy,
    /// `SpotAllocationStrategy` with `SpotInstancePools` (ASG-011).
    pub spot: SpotStrategy,
    /// `SpotMaxPrice` in billionths of a dollar an hour; `None`: the on-demand price.
    pub spot_max_price: Option<u64>,
    /// `CapacityDistributionStrategy` (ASG-004).
    pub zone_strategy: ZoneStrategy,
    /// `CapacityRebalance` (SPT-010).
    pub capacity_rebalance: bool,
    /// `TerminationPolicies`, in order (ASG-031 to ASG-033).
    pub termination: Vec<Policy>,
    /// `DefaultCooldown` (ASG-024).
    pub default_cooldown: Span,
    /// `DefaultInstanceWarmup` (ASG-023).
    pub default_warmup: Option<Span>,
    /// `HealthCheckGracePeriod` (ASG-006).
    pub health_check_grace: Span,
    /// Lifecycle hooks (ASG-040).
    pub hooks: Vec<Hook>,
    /// `MaxInstanceLifetime` (ASG-045).
    pub max_lifetime: Option<Span>,
    /// `InstanceMaintenancePolicy`: the least and the most healthy percentage (ASG-044).
    pub maintenance: Option<(u32, u32)>,
    /// The warm pool (ASG-041).
    pub warm_pool: Option<WarmPoolSpec>,
    /// Scaling policies of the group's own (ASG-020 to ASG-024).
    pub policies: Vec<ScalingPolicy>,
    /// Scheduled actions (ASG-025).
    pub schedule: Vec<ScheduledAction>,
    /// `ECS_ENABLE_SPOT_INSTANCE_DRAINING` (SPT-004).
    pub spot_draining: bool,
    /// The instance refreshes that the timeline starts (ASG-043).
    pub refreshes: Vec<Refresh>,
}

impl GroupSpec {
    /// Whether it launches in the zone.
    #[must_use]
    pub fn launches_in(&self, zone: ZoneId) -> bool {
        self.zones.as_ref().is_none_or(|zones| zones.contains(&zone))
    }
}

/// A launch template of a group, and which version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateVersion {
    /// Tells launch templates apart.
    pub template: u32,
    /// The version.
    pub version: u32,
}

/// What an instance refresh does about instances that are protected or stand by (ASG-043).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// `Wait`: an hour, then the refresh fails.
    #[default]
    Wait,
    /// `Ignore`: they are left as they are.
    Ignore,
    /// `Refresh`, for those that stand by `Terminate`: they are replaced like any other.
    Refresh,
}

/// `StartInstanceRefresh` with its preferences (ASG-043).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// `MinHealthyPercentage`, default 90.
    pub min_healthy: u32,
    /// `MaxHealthyPercentage`, default 100.
    pub max_healthy: u32,
    /// `InstanceWarmup`; `None`: `DefaultInstanceWarmup`, else the grace period.
    pub warmup: Option<Span>,
    /// `SkipMatching`: instances of the current template stay.
    pub skip_matching: bool,
    /// `ScaleInProtectedInstances`.
    pub protected: Kept,
    /// `StandbyInstances`.
    pub standby: Kept,
    /// `CheckpointPercentages`, ascending.
    pub checkpoints: Vec<u32>,
    /// `CheckpointDelay`, default one hour.
    pub checkpoint_delay: Span,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// `autoscaling:EC2_INSTANCE_LAUNCHING`.
    Launching,
    /// `autoscaling:EC2_INSTANCE_TERMINATING`.
    Terminating,
}

/// A lifecycle hook (ASG-040).
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its name.
    pub name: PolicyId,
    /// When it runs.
    pub transition: Transition,
    /// `HeartbeatTimeout`: after so long without an answer the default result holds.
    pub heartbeat: Span,
    /// Whether the default result is CONTINUE; else ABANDON.
    pub default_continue: bool,
    /// How long whoever listens takes to answer, in seconds; `None`: nobody answers.
    pub duration: Option<Distribution>,
    /// The same for an instance that comes from the warm pool.
    pub from_warm_pool: Option<Distribution>,
    /// Whether the answer is CONTINUE; else ABANDON.
    pub answers_continue: bool,
}

/// In which state a warm pool keeps its instances (ASG-041).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WarmState {
    /// `Stopped`.
    #[default]
    Stopped,
    /// `Running`.
    Running,
    /// `Hibernated`.
    Hibernated,
}

/// A warm pool (ASG-041).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmPoolSpec {
    /// `MinSize` and `MaxGroupPreparedCapacity`.
    pub size: WarmPool,
    /// `PoolState`.
    pub state: WarmState,
}

/// A metric that a scaling policy of a group looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScalingMetric {
    /// A metric whose values the scenario gives.
    Custom(MetricId),
    /// `AWS/ECS CPUReservation` of the cluster (CW-020).
    ClusterCpuReservation(MetricId),
    /// `AWS/ECS MemoryReservation` of the cluster.
    ClusterMemoryReservation(MetricId),
    /// `ASGAverageCPUUtilization`, estimated as the CPU that running tasks on the group's instances reserve.
    GroupCpuUtilization(MetricId),
}

impl ScalingMetric {
    /// Its name.
    #[must_use]
    pub const fn id(self) -> MetricId {
        match self {
            Self::Custom(id)
            | Self::ClusterCpuReservation(id)
            | Self::ClusterMemoryReservation(id)
            | Self::GroupCpuUtilization(id) => id,
        }
    }
}

/// The alarm of a step or simple scaling policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmSpec {
    /// Which metric.
    pub metric: ScalingMetric,
    /// `Period`, a multiple of a minute.
    pub period: Span,
    /// `EvaluationPeriods`.
    pub evaluation_periods: u32,
    /// `DatapointsToAlarm`.
    pub datapoints_to_alarm: u32,
    /// `Threshold` in millionths.
    pub threshold: i64,
    /// `ComparisonOperator`.
    pub comparison: Comparison,
    /// `TreatMissingData`.
    pub missing: MissingData,
}

/// What a policy does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// `TargetTrackingScaling` (ASG-020).
    TargetTracking {
        /// Which metric.
        metric: ScalingMetric,
        /// `TargetValue` in millionths.
        target: i64,
        /// `DisableScaleIn`.
        disable_scale_in: bool,
    },
    /// `StepScaling` (ASG-022).
    Step {
        /// Its alarm.
        alarm: AlarmSpec,
        /// Its steps.
        policy: StepPolicy,
    },
    /// `SimpleScaling` (ASG-024).
    Simple {
        /// Its alarm.
        alarm: AlarmSpec,
        /// Its adjustment and cooldown.
        policy: SimplePolicy,
    },
}

/// A scaling policy of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// Its name.
    pub name: PolicyId,
    /// What it does.
    pub kind: PolicyKind,
    /// `EstimatedInstanceWarmup` (ASG-023).
    pub warmup: Option<Span>,
}

/// When a scheduled action is due, worked out beforehand for the whole run.
#[derive(Clone, Debug)]
pub struct ScheduledAction {
    /// Its name.
    pub name: PolicyId,
    /// Its instants, ascending.
    pub at: Vec<SimTime>,
    /// `MinSize`.
    pub min_size: Option<u32>,
    /// `MaxSize`.
    pub max_size: Option<u32>,
    /// `DesiredCapacity`.
    pub desired_capacity: Option<u32>,
}

/// A capacity provider as configured.
#[derive(Clone, Debug)]
pub enum ProviderSpec {
    /// Of an Auto Scaling group: everything is in the cluster's definitions.
    AutoScalingGroup,
    /// `FARGATE` and `FARGATE_SPOT`.
    Fargate,
    /// Managed Instances (CP-040).
    ManagedInstances(ManagedInstancesSpec),
}

/// A Managed Instances provider (CP-040 to CP-048).
#[derive(Clone, Debug)]
pub struct ManagedInstancesSpec {
    /// Every type and zone it may launch, cheapest type first, then by zone.
    pub options: Vec<LaunchOptionId>,
    /// Whether it buys Spot.
    pub spot: bool,
    /// `infrastructureOptimization.scaleInAfter` (CP-045); `None`: off.
    pub scale_in_after: Option<Span>,
    /// From the decision to the launch, in seconds.
    pub reaction: Distribution,
    /// How likely a launch fails for no reason that the scenario knows, 0 to 1 (ASG-005).
    pub launch_failure: f64,
    /// Whether IMPAIRED instances are drained and replaced (CP-048).
    pub auto_repair: bool,
}
