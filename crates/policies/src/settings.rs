//! Every number and switch that AWS does not publish or lets users set, with its default and the rule it belongs to.
//!
//! The scenario's `settings:` block has the same names. Times are milliseconds here, seconds or written units there.

use ecsim_kernel::Span;

use crate::capacity::settings::CapacitySettings;
use crate::load_balancing::LoadBalancingSettings;
use crate::scaling::settings::ScalingSettings;
use crate::services::settings::DeploymentSettings;

/// How ties are broken that are left after the last strategy (PLC-022, PLC-074).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TieBreak {
    /// Uniformly at random among equals, from the stream of that task.
    #[default]
    Random,
    /// `fixed`, also called `ordinal`: the instance registered first, then the smallest id; on scale-in the newest task.
    Fixed,
}

/// A token bucket (QTA-018).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// How many tokens it holds.
    pub capacity: u32,
    /// Tokens that come back each second.
    pub refill_per_second: u32,
}

/// How many instances may register in a time (QTA-019).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationRate {
    /// Per second.
    pub per_second: u32,
    /// Per minute.
    pub per_minute: u32,
}

/// How often, and after which waits, an agent tries a pull that fails (TSK-051).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullRetry {
    /// So many attempts in all; 0 counts as 1.
    pub attempts: u32,
    /// The first wait; each is twice the one before.
    pub first: Span,
    /// The longest wait.
    pub longest: Span,
    /// By how much a wait may be longer, in millionths of it.
    pub jitter: u32,
}

impl Default for PullRetry {
    fn default() -> Self {
        Self { attempts: 5, first: Span::from_ms(1_100), longest: Span::from_secs(5), jitter: 200_000 }
    }
}

/// The settings of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `placement_tie_break` (PLC-022, PLC-074).
    pub placement_tie_break: TieBreak,
    /// `scheduler_latency_s` (SVC-004): from the first unseen event to the pass of the service scheduler.
    pub scheduler_latency: Span,
    /// `replace_crashed_delay_s` (SVC-033): on top of it, for a task that ran and then stopped by itself.
    pub replace_crashed_delay: Span,
    /// `healthy_wait_s` (SVC-010): RUNNING for so long counts as healthy where nothing checks health.
    pub healthy_wait: Span,
    /// `start_first_unhealthy` (SVC-020): the replacement of an unhealthy task is started before that is stopped.
    pub start_first_unhealthy: bool,
    /// `placement_retry_at_s` (FLR-032): attempts after the first failure, counted from it; the first entry is 0.
    pub placement_retry_at: Vec<Span>,
    /// `placement_retry_gap_s` (FLR-032): gaps between the attempts after those; the last one repeats.
    pub placement_retry_gap: Vec<Span>,
    /// `service_event_repeat_s` (FLR-012): an identical message is held back for so long.
    pub service_event_repeat: Span,
    /// `steady_event_repeat_s` (SVC-053): while a steady state lasts it is announced again after so long.
    pub steady_event_repeat: Span,
    /// How much later than that it may be, evenly between the two (SVC-053, MEAS-053).
    pub steady_event_jitter: (Span, Span),
    /// `service_launches_per_min` (QTA-014, SVC-070); 0 = no limit.
    pub service_launches_per_minute: u32,
    /// `service_launches_per_min_on_ec2` (QTA-014): the same on container instances, where it differs; 0 = no limit.
    pub service_launches_per_minute_on_ec2: Option<u32>,
    /// `az_rebalance_interval_s` (AZR-006).
    pub az_rebalance_interval: Span,
    /// `ec2_launch_bucket` (QTA-018): off by default.
    pub ec2_launch_bucket: Option<Bucket>,
    /// `registration_rate` (QTA-019): off by default.
    pub registration_rate: Option<RegistrationRate>,
    /// `agent_disconnect_s` (INS-005): a stopped instance's agent counts as connected for so long.
    pub agent_disconnect: Span,
    /// `run_task_count` (QTA-008).
    pub run_task_count: u32,
    /// `start_task_instances` (QTA-009).
    pub start_task_instances: u32,
    /// `update_state_instances` (INS-003).
    pub update_state_instances: u32,
    /// `tasks_per_service` (QTA-004).
    pub tasks_per_service: u32,
    /// `container_instances_per_cluster` (QTA-002).
    pub container_instances_per_cluster: u32,
    /// `custom_attributes_per_resource` (QTA-021).
    pub custom_attributes_per_resource: u32,
    /// `max_reserved_ports` (RES-024, QTA-022).
    pub max_reserved_ports: u32,
    /// Capacity providers, cluster auto scaling, Auto Scaling groups, Fargate.
    pub capacity: CapacitySettings,
    /// `pull_retry` (TSK-051).
    pub pull_retry: PullRetry,
    /// Load balancing and discovery.
    pub load_balancing: LoadBalancingSettings,
    /// Deployments.
    pub deployments: DeploymentSettings,
    /// Alarms and service auto scaling.
    pub scaling: ScalingSettings,
    /// `ebs_slots` (RES-053) is a property of the instance shapes; see the scenario.
    /// The smallest time between a fact and the turn of the controller it concerns: bookkeeping for order, 1 ms.
    pub reaction: Span,
}

impl Settings {
    /// How many tasks one service may start in any minute, on Fargate or on container instances (QTA-014, SVC-070); 0 = no
    /// limit.
    #[must_use]
    pub fn launches_per_minute(&self, on_fargate: bool) -> u32 {
        let on_ec2 = self.service_launches_per_minute_on_ec2.filter(|_| !on_fargate);
        on_ec2.unwrap_or(self.service_launches_per_minute)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            placement_tie_break: TieBreak::Random,
            scheduler_latency: Span::from_secs(5),
            replace_crashed_delay: Span::from_secs(10),
            healthy_wait: Span::from_secs(40),
            start_first_unhealthy: true,
            placement_retry_at: [0, 15, 45].map(Span::from_secs).to_vec(),
            placement_retry_gap: [300, 600, 1200, 1620].map(Span::from_secs).to_vec(),
            service_event_repeat: Span::from_secs(21_600),
            steady_event_repeat: Span::from_secs(21_600),
            steady_event_jitter: (Span::from_secs(9), Span::from_secs(45)),
            service_launches_per_minute: 500,
            service_launches_per_minute_on_ec2: None,
            az_rebalance_interval: Span::from_secs(600),
            ec2_launch_bucket: None,
            registration_rate: None,
            agent_disconnect: Span::from_secs(180),
            run_task_count: 10,
            start_task_instances: 10,
            update_state_instances: 10,
            tasks_per_service: 5_000,
            container_instances_per_cluster: 5_000,
            custom_attributes_per_resource: 10,
            max_reserved_ports: 100,
            capacity: CapacitySettings::default(),
            pull_retry: PullRetry::default(),
            load_balancing: LoadBalancingSettings::default(),
            deployments: DeploymentSettings::default(),
            scaling: ScalingSettings::default(),
            reaction: Span::from_ms(1),
        }
    }
}
