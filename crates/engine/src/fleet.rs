//! How capacity behaves, as opposed to how it is configured: machines, the Spot market, Fargate. Part of the model.
//!
//! Tables are parallel to those of the cluster's definitions. Distributions are in seconds.

use std::collections::BTreeMap;
use std::sync::Arc;

use ecsim_cluster::{AsgId, MetricId, PoolId, ProviderId};
use ecsim_kernel::{Distribution, SimTime, Span, Table};
use ecsim_policies::capacity::spot::{PoolEvents, PriceWalk, RebalanceLead, ScarceRow};

/// The world's side of capacity.
#[derive(Clone, Debug)]
pub struct FleetModel {
    /// Machines of Auto Scaling groups.
    pub groups: Table<AsgId, MachineBehavior>,
    /// Machines of Managed Instances providers; other providers have none of their own.
    pub providers: Table<ProviderId, MachineBehavior>,
    /// How AWS takes Spot instances back, by pool.
    pub spot: Table<PoolId, SpotProcess>,
    /// Rebalance recommendations (SPT-003); `None`: never sent.
    pub recommendations: Option<RebalanceLead>,
    /// From the notice to the end (SPT-002).
    pub spot_notice: Span,
    /// `spot_drain_delay` (SPT-004, SPT-005).
    pub spot_drain_delay: Distribution,
    /// How Spot prices move (SPT-013); `None`: not at all.
    pub spot_price_walk: Option<PriceWalk>,
    /// `asg_health_notice_s` (LAT-021): a group learns that an instance is gone.
    pub health_notice: Distribution,
    /// `asg_status_check_wait_s` (ASG-006): a failed status check is believed after so long.
    pub status_check_wait: Span,
    /// `provisioning_timeout` (CAS-010).
    pub provisioning_timeout: Distribution,
    /// Managed draining ends after so long (DRN-021).
    pub managed_draining_limit: Span,
    /// Scheduled values of custom metrics.
    pub metrics: Vec<MetricSeries>,
    /// From one sample of a custom metric to the next, where it is not a minute.
    pub metric_periods: BTreeMap<MetricId, Span>,
    /// AWS Fargate.
    pub fargate: FargateModel,
}

/// How the machines of a group or provider behave.
#[derive(Clone, Debug)]
pub struct MachineBehavior {
    /// From the launch to the registration with ECS, user data included (LAT-004).
    pub launch: Distribution,
    /// From the launch to the EC2 state `running` (BIL-010, LAT-002); part of the launch.
    pub pending: Distribution,
    /// From the start of a stopped warm instance to its registration, before the agent's next look (LAT-005).
    pub warm_start: Distribution,
    /// How long the agent's next look at the life cycle takes (LAT-005).
    pub warm_poll: Distribution,
    /// Stopping an instance into the warm pool.
    pub warm_stop: Distribution,
    /// From shutting down to terminated (LAT-020).
    pub shutdown: Distribution,
    /// How likely, and how long after its launch, a machine fails its status checks (ASG-006).
    pub status_check_failure: Option<(f64, Distribution)>,
}

/// How AWS takes the Spot instances of a pool back.
#[derive(Clone, Debug)]
pub enum SpotProcess {
    /// Never by itself.
    None,
    /// Each instance on its own, with the hazard of its pool's band (SPT-016).
    Advisor,
    /// In clusters (SPT-017).
    Pool {
        /// What each event takes.
        events: PoolEvents,
        /// Over how long the notices of one event are spread.
        window: Span,
    },
    /// The pool is up for a while and down for a while (SPT-018).
    Scarce(&'static ScarceRow),
    /// A recorded availability is replayed: from each instant on so many instances are to be had, ascending.
    Trace(Arc<[(SimTime, u32)]>),
}

/// A custom metric whose values are known beforehand.
#[derive(Clone, Debug)]
pub struct MetricSeries {
    /// Which.
    pub metric: MetricId,
    /// From each instant on this value, in millionths; `None`: no data. Ascending.
    pub values: Arc<[(SimTime, Option<i64>)]>,
}

/// AWS Fargate, as the world sees it.
#[derive(Clone, Debug)]
pub struct FargateModel {
    /// When it has no capacity: from, until, and whether that is about Spot.
    pub unavailable: Vec<(SimTime, SimTime, bool)>,
    /// How often a Fargate Spot task is taken back, an hour.
    pub spot_interruptions_per_hour: f64,
    /// From the warning to the end of a Fargate Spot task at the latest (SPT-011).
    pub spot_notice: Span,
    /// Longest `stopTimeout` (DRN-007).
    pub longest_stop_timeout: Span,
    /// `stopTimeout` where none is given.
    pub default_stop_timeout: Span,
}

/// How tasks of a definition behave on Fargate (FGT-020).
#[derive(Clone, Debug)]
pub struct FargateBehavior {
    /// Creation to the start of the pull.
    pub provision: Distribution,
    /// Pulling every image; nothing is cached (LAT-012).
    pub pull: Distribution,
    /// Creating and starting the containers.
    pub start: Distribution,
    /// From the exit of the last container to STOPPED.
    pub deprovision: Distribution,
}

impl FleetModel {
    /// A world without groups whose every delay is zero: for models made by hand.
    #[must_use]
    pub fn quiet() -> Self {
        let zero = || Distribution::constant(0.0).expect("a constant");
        Self {
            groups: Table::new(),
            providers: Table::new(),
            spot: Table::new(),
            recommendations: None,
            spot_notice: Span::from_secs(120),
            spot_drain_delay: zero(),
            spot_price_walk: None,
            health_notice: zero(),
            status_check_wait: Span::ZERO,
            provisioning_timeout: Distribution::constant(1_800.0).expect("a constant"),
            managed_draining_limit: Span::from_hours(48),
            metrics: Vec::new(),
            metric_periods: BTreeMap::new(),
            fargate: FargateModel {
                unavailable: Vec::new(),
                spot_interruptions_per_hour: 0.0,
                spot_notice: Span::from_secs(120),
                longest_stop_timeout: Span::from_secs(120),
                default_stop_timeout: Span::from_secs(30),
            },
        }
    }
}

impl MachineBehavior {
    /// A machine that registers `seconds` after its launch; every other delay is zero.
    ///
    /// # Panics
    /// Where `seconds` is negative or no number.
    #[must_use]
    pub fn after(seconds: f64) -> Self {
        let constant = |seconds| Distribution::constant(seconds).expect("a constant number of seconds");
        Self {
            launch: constant(seconds),
            pending: constant(0.0),
            warm_start: constant(0.0),
            warm_poll: constant(0.0),
            warm_stop: constant(0.0),
            shutdown: constant(0.0),
            status_check_failure: None,
        }
    }
}
