//! Every number and switch that AWS does not publish or lets users change, each with its default and the rule it
//! belongs to.
//!
//! Names are those of the rules. A name that ends in `_s` takes a number of seconds or a written length of time; so do
//! the few delays whose names the rules give without it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::distribution::DurationDistribution;
use super::money::{Share, Usd};
use super::profile::Profile;
use super::scaling_values::{CooldownCreditMode, TtMetricPoint, TtScaleInMode};
use super::setting_values::{
    AzTie, BillingHourTie, BreakerPlacement, CasAlgorithm, CasN, ColdLaunch, DrainCount, EventRate, FargatePullRate,
    GpuSharing, IceBackoff, LaunchGroups, ProvisioningOverflow, ProvisioningReasons, PullRetry, SecondsDistribution,
    SpotProfile, ZeroStart, ZeroWeightBase,
};
use super::simulation::LatencyPreset;
use super::union::OrOff;
use super::units::{Duration, Percent, Seconds};

/// Every number and switch that AWS does not publish or lets users change. Write only those that differ from the
/// default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The time whose limits hold: it sets `fargate_bucket_burst`, `fargate_bucket_refill_per_s`, `fargate_bucket_share`,
    /// `service_launches_per_min`, `service_launches_per_min_on_ec2`, `launch_groups`, `provisioning_tasks_per_cluster` and
    /// `scale_in_cap` unless they are written.
    #[schemars(extend("x-ecsim-rule" = "MEAS-001, MEAS-002, MEAS-003, MEAS-004, MEAS-005, MEAS-033, MEAS-037"))]
    pub profile: Profile,
    /// How ties are broken that are left after the last placement strategy: `random` among equals, or `fixed` (also
    /// called `ordinal`): the instance registered first, then the smallest id; on scale-in the newest task.
    #[schemars(extend("x-ecsim-rule" = "PLC-022, PLC-074"))]
    pub placement_tie_break: TieBreak,
    /// What `spread` counts for a service: all its tasks, or only those of the same deployment, which is
    /// not simulated.
    #[schemars(extend("x-ecsim-rule" = "PLC-025"))]
    pub spread_scope: SpreadScope,
    /// Percent of its nominal memory that a Linux instance registers where nothing better is known.
    #[schemars(extend("x-ecsim-rule" = "RES-004"), range(min = 1, max = 100))]
    pub linux_memory_percent: u32,
    /// Whether instances register a percentage of their nominal memory, or what was measured where the catalogue knows
    /// it.
    #[schemars(extend("x-ecsim-rule" = "RES-004"))]
    pub registered_memory: RegisteredMemory,
    /// Free EBS volume slots of an instance.
    #[schemars(extend("x-ecsim-rule" = "RES-053"))]
    pub ebs_slots: u16,
    /// Whether Linux agents reserve port 51680 too: six ports, otherwise five.
    #[schemars(extend("x-ecsim-rule" = "RES-020"))]
    pub reserve_prometheus_port: bool,
    /// Reserved ports an instance may have, the agent's included.
    #[schemars(extend("x-ecsim-rule" = "RES-024, QTA-022"))]
    pub max_reserved_ports: u32,
    /// For so long the agent of a stopped EC2 instance still counts as connected.
    #[schemars(extend("x-ecsim-rule" = "INS-005"))]
    pub agent_disconnect_s: Seconds,
    /// Attempts to place after the first failure, counted from it; the first entry is 0.
    #[schemars(extend("x-ecsim-rule" = "FLR-032"))]
    pub placement_retry_at_s: Vec<Seconds>,
    /// Gaps between the attempts that follow those; the last gap repeats.
    #[schemars(extend("x-ecsim-rule" = "FLR-032"))]
    pub placement_retry_gap_s: Vec<Seconds>,
    /// An identical service event is held back for so long.
    #[schemars(extend("x-ecsim-rule" = "FLR-012"))]
    pub service_event_repeat_s: Seconds,
    /// While a steady state lasts it is announced again after so long.
    #[schemars(extend("x-ecsim-rule" = "SVC-053"))]
    pub steady_event_repeat_s: Seconds,
    /// How many of the latest events a service keeps. The traces have all of them, so this changes nothing.
    #[schemars(extend("x-ecsim-rule" = "FLR-012"))]
    pub service_events_kept: u32,
    /// How often the balance over Availability Zones is looked at while a service is steady.
    #[schemars(extend("x-ecsim-rule" = "AZR-006"))]
    pub az_rebalance_interval_s: Seconds,
    /// From the first event not yet seen to the pass of the service scheduler.
    #[schemars(extend("x-ecsim-rule" = "SVC-004"))]
    pub scheduler_latency_s: Seconds,
    /// From the end of a period of a minute or more to its datapoint in CloudWatch.
    #[schemars(extend("x-ecsim-rule" = "CW-050"))]
    pub metric_delay_std_s: Seconds,
    /// The same for shorter periods.
    #[schemars(extend("x-ecsim-rule" = "CW-050"))]
    pub metric_delay_hr_s: Seconds,
    /// How many datapoints beyond `evaluationPeriods` an alarm looks at.
    #[schemars(extend("x-ecsim-rule" = "CW-013"), range(max = 1000))]
    pub evaluation_range_extra: u32,
    /// How often a lasting alarm invokes its scaling policy again.
    #[schemars(extend("x-ecsim-rule" = "SAS-015"))]
    pub alarm_action_repeat_s: Seconds,
    /// The same for alarms with a period below a minute.
    #[schemars(extend("x-ecsim-rule" = "SAS-015"))]
    pub alarm_action_repeat_hr_s: Seconds,
    /// Which value of the metric target tracking computes with: `latest`, or the mean of the datapoints that the alarm
    /// looked at (`window_mean`).
    #[schemars(extend("x-ecsim-rule" = "SAS-022"))]
    pub tt_metric_point: TtMetricPoint,
    /// How far target tracking scales in at a time: `Proportional` (straight to what the formula gives), `OneStep`, or a
    /// number between 0 and 1: that part of the way.
    #[schemars(extend("x-ecsim-rule" = "SAS-025"))]
    pub tt_scale_in_mode: TtScaleInMode,
    /// What a scale-out within a cooldown may add: what it wants more than the activities of the cooldown have added
    /// (`Literal`), or whatever is above the desired count (`DesiredFloor`).
    #[schemars(extend("x-ecsim-rule" = "SAS-052"))]
    pub cooldown_credit_mode: CooldownCreditMode,
    /// On top of `scheduler_latency_s`, for a task that ran and then stopped by itself.
    #[schemars(extend("x-ecsim-rule" = "SVC-033"))]
    pub replace_crashed_delay_s: Seconds,
    /// A task that has been RUNNING for so long counts as healthy where nothing checks health.
    #[schemars(extend("x-ecsim-rule" = "SVC-010"))]
    pub healthy_wait_s: Seconds,
    /// Whether the replacement of an unhealthy task is started before that is stopped; `false`: as before October 2023.
    #[schemars(extend("x-ecsim-rule" = "SVC-020"))]
    pub start_first_unhealthy: bool,
    /// Whether a deployment stops old tasks as soon as `minimumHealthyPercent` allows; `false`: only when a new healthy one
    /// stands in for them, or a start needs their room.
    #[schemars(extend("x-ecsim-rule" = "DEP-013"))]
    pub eager_stop: bool,
    /// Whether a task that is lost in the middle of a deployment is replaced by its own revision; `false`: by the newest, as
    /// before November 2025.
    #[schemars(extend("x-ecsim-rule" = "SVC-023, DEP-011"))]
    pub own_revision_replacement: bool,
    /// Whether the second task of a revision waits until the pull of the first has begun: only then are the digests of its
    /// images known. Off under `latencies: none`.
    #[schemars(extend("x-ecsim-rule" = "DEP-004"))]
    pub first_task_digest_gate: bool,
    /// Whether tasks that are stopping fill `maximumPercent` until they are STOPPED.
    #[schemars(extend("x-ecsim-rule" = "TSK-007"))]
    pub count_stopping_in_max: bool,
    /// The failure in a row with which the throttle of a service whose tasks never reach RUNNING begins.
    #[schemars(extend("x-ecsim-rule" = "SVC-041"))]
    pub throttle_free_failures: u32,
    /// How long that failure makes the service wait; each further one doubles it.
    #[schemars(extend("x-ecsim-rule" = "SVC-041"))]
    pub throttle_first_s: Seconds,
    /// It never waits longer: 27 minutes, 15 in the guide of 2023.
    #[schemars(extend("x-ecsim-rule" = "SVC-031, SVC-041"))]
    pub throttle_cap_s: Seconds,
    /// Whether the circuit breaker counts tasks of the new revision that end before they were healthy.
    #[schemars(extend("x-ecsim-rule" = "DEP-036"))]
    pub breaker_counts_crashes: bool,
    /// What the circuit breaker counts where tasks find no place: each attempt, or each task.
    #[schemars(extend("x-ecsim-rule" = "DEP-032"))]
    pub breaker_placement_counts: BreakerPlacement,
    /// The least threshold of the circuit breaker where it is a bounded percentage; 10 before January 2024.
    #[schemars(extend("x-ecsim-rule" = "DEP-030"))]
    pub breaker_minimum: u32,
    /// How often a deployment looks at its alarms.
    #[schemars(extend("x-ecsim-rule" = "DEP-042"))]
    pub alarm_poll_s: Seconds,
    /// How long a deployment with alarms bakes, in multiples of the time its alarms look back.
    #[schemars(extend("x-ecsim-rule" = "DEP-046"))]
    pub bake_alarm_factor: f64,
    /// Tasks that one service may start in any 60 s, or `off`.
    #[schemars(extend("x-ecsim-rule" = "QTA-014, QTA-031, SVC-070"))]
    pub service_launches_per_min: OrOff<u32>,
    /// The same for tasks on container instances, where it differs from that for Fargate. Default:
    /// `service_launches_per_min`.
    #[schemars(extend("x-ecsim-rule" = "QTA-014"))]
    pub service_launches_per_min_on_ec2: Option<OrOff<u32>>,
    /// Token bucket for all EC2 task launches of the account, or `off`: history, AWS no longer publishes it.
    #[schemars(extend("x-ecsim-rule" = "QTA-018"))]
    pub ec2_launch_bucket: OrOff<LaunchBucket>,
    /// How fast container instances may register, or `off`: history, AWS no longer publishes it.
    #[schemars(extend("x-ecsim-rule" = "QTA-019"))]
    pub registration_rate: OrOff<RegistrationRate>,
    /// Whether CPU, memory, ports and GPUs come free in ECS's books when the desired status turns STOPPED, or only when
    /// the task has stopped.
    #[schemars(extend("x-ecsim-rule" = "RES-014, TSK-008"))]
    pub release_at_desired_stopped: bool,
    /// Not ECS, which gives whole GPUs only: whether a task may ask for a share of one GPU, and which device of an
    /// instance the share lies on: `best`, the one with the least left that is enough, or `random`.
    #[schemars(extend("x-ecsim-rule" = "RES-030"))]
    pub gpu_sharing: GpuSharing,
    /// The part of a cold image pull that does not depend on the size.
    #[schemars(extend("x-ecsim-rule" = "LAT-010"))]
    pub pull_base_s: Seconds,
    /// Millions of bytes of compressed image pulled a second, or `off`: size costs no time.
    #[schemars(extend("x-ecsim-rule" = "LAT-010"))]
    pub pull_mb_per_s: OrOff<f64>,
    /// Compressed size, in millions of bytes, of an image whose size the scenario does not give: 7 s with the two
    /// settings above.
    #[schemars(extend("x-ecsim-rule" = "LAT-010, FGT-020"))]
    pub default_image_mb: u32,
    /// Pull of an image that the instance has already: the registry is asked whether it is current.
    #[schemars(extend("x-ecsim-rule" = "LAT-011"))]
    pub cached_pull: DurationDistribution,
    /// On EC2: how often, and after which waits, the agent tries a pull that fails before the task does.
    #[schemars(extend("x-ecsim-rule" = "TSK-051"))]
    pub pull_retry: PullRetry,
    /// Creating and attaching the network interface of an `awsvpc` task on EC2.
    #[schemars(extend("x-ecsim-rule" = "LAT-009"))]
    pub eni_attach: DurationDistribution,
    /// Detaching and deleting the network interface after the task has stopped; not measured on EC2.
    #[schemars(extend("x-ecsim-rule" = "RES-016, TSK-003"))]
    pub eni_detach_s: Seconds,
    /// Creating and starting the containers after the pull.
    #[schemars(extend("x-ecsim-rule" = "MEAS-025"))]
    pub container_start: DurationDistribution,
    /// Which instances of a capacity provider count as running in its metric.
    #[schemars(extend("x-ecsim-rule" = "CAS-004"))]
    pub cas_n: CasN,
    /// How long after a full minute the metric of cluster auto scaling is taken, in milliseconds.
    #[schemars(extend("x-ecsim-rule" = "CAS-031"))]
    pub cas_sample_offset_ms: u32,
    /// How cluster auto scaling counts the instances it needs: as today, or as in 2020.
    #[schemars(extend("x-ecsim-rule" = "CAS-011, CAS-016, CAS-034"))]
    pub cas_algorithm: CasAlgorithm,
    /// How many instances the first step from none asks for, with a target below 100.
    #[schemars(extend("x-ecsim-rule" = "CAS-007"))]
    pub zero_start: ZeroStart,
    /// Whether what DAEMON services reserve is taken off an instance before cluster auto scaling counts how many tasks
    /// fit.
    #[schemars(extend("x-ecsim-rule" = "CAS-015"))]
    pub daemon_reserve_in_estimate: bool,
    /// From one scale-in step of cluster auto scaling to the next.
    #[schemars(extend("x-ecsim-rule" = "CAS-024"))]
    pub scale_in_step_period: Seconds,
    /// How much of the group one scale-in step of cluster auto scaling may take, at least one instance.
    #[schemars(extend("x-ecsim-rule" = "CAS-023, MEAS-037"))]
    pub scale_in_cap: Share,
    /// From the taking of the metric of cluster auto scaling to the alarm and what it sets off.
    #[schemars(extend("x-ecsim-rule" = "LAT-014, CAS-031"))]
    pub metric_publish_delay: Seconds,
    /// Which tasks wait in PROVISIONING: all that fit nowhere, or only those that lack resources.
    #[schemars(extend("x-ecsim-rule" = "CAS-008"))]
    pub provisioning_reasons: ProvisioningReasons,
    /// What becomes of a `RunTask` call that would cross the quota of waiting tasks.
    #[schemars(extend("x-ecsim-rule" = "CAS-009"))]
    pub provisioning_overflow: ProvisioningOverflow,
    /// How long a task waits in PROVISIONING before it gives up.
    #[schemars(extend("x-ecsim-rule" = "CAS-010, FLR-002"))]
    pub provisioning_timeout: DurationDistribution,
    /// Tasks of Auto Scaling group providers that may wait in PROVISIONING in a cluster.
    #[schemars(extend("x-ecsim-rule" = "CAS-009, MEAS-033"))]
    pub provisioning_tasks_per_cluster: u32,
    /// What a provider of weight 0 with a base gets: its base, or nothing.
    #[schemars(extend("x-ecsim-rule" = "CP-009"))]
    pub zero_weight_base: ZeroWeightBase,
    /// Whether `UpdateService` may change between Auto Scaling group and Fargate providers.
    #[schemars(extend("x-ecsim-rule" = "CP-018"))]
    pub allow_cp_family_change: bool,
    /// Which tasks on draining instances count against the limits of their service: those that are to run, or those that
    /// have not stopped, too.
    #[schemars(extend("x-ecsim-rule" = "DRN-004"))]
    pub drain_count: DrainCount,
    /// From a change of the desired capacity of a group to the launches or terminations it asks for.
    #[schemars(extend("x-ecsim-rule" = "LAT-004, MEAS-035"))]
    pub asg_reaction: DurationDistribution,
    /// From the launch of an instance to its registration: `stock` (median 38 s, p95 60 s), `tuned` (median 21 s, p95
    /// 28 s), or a distribution.
    #[schemars(extend("x-ecsim-rule" = "LAT-004, MEAS-040, MEAS-041"))]
    pub cold_launch: ColdLaunch,
    /// Starting a stopped instance of a warm pool.
    #[schemars(extend("x-ecsim-rule" = "LAT-005"))]
    pub warm_start: DurationDistribution,
    /// From then until the agent sees that the instance is in service.
    #[schemars(extend("x-ecsim-rule" = "LAT-005"))]
    pub warm_poll: DurationDistribution,
    /// From the order to terminate an instance to its end; it is not billed.
    #[schemars(extend("x-ecsim-rule" = "LAT-020"))]
    pub instance_shutdown: DurationDistribution,
    /// From the launch of an instance to the start of its bill.
    #[schemars(extend("x-ecsim-rule" = "BIL-010, LAT-002"))]
    pub instance_pending_s: SecondsDistribution,
    /// Until a group notices that an instance no longer runs.
    #[schemars(extend("x-ecsim-rule" = "LAT-021"))]
    pub asg_health_notice_s: SecondsDistribution,
    /// Failed status checks must last so long before a group replaces the instance.
    #[schemars(extend("x-ecsim-rule" = "ASG-006"))]
    pub asg_status_check_wait_s: Seconds,
    /// Waits between attempts to launch where there is no capacity: from `first_s`, doubling, to `max_s`.
    #[schemars(extend("x-ecsim-rule" = "ASG-005"))]
    pub ice_backoff: IceBackoff,
    /// Which zone gets a launch where several have equally few instances.
    #[schemars(extend("x-ecsim-rule" = "ASG-003"))]
    pub az_tie: AzTie,
    /// Which instance goes where several are equally close to their next billing hour.
    #[schemars(extend("x-ecsim-rule" = "ASG-031"))]
    pub billing_hour_tie: BillingHourTie,
    /// From the launch of a Managed Instance to its registration; 40 s were seen to the first line of a log.
    #[schemars(extend("x-ecsim-rule" = "LAT-008, MEAS-047"))]
    pub mi_launch: DurationDistribution,
    /// How long a Managed Instance is idle before it goes, where `scaleInAfter` says nothing.
    #[schemars(extend("x-ecsim-rule" = "CP-045"))]
    pub mi_scale_in_after_default: Seconds,
    /// How Spot interruptions come about where the scenario does not say.
    #[schemars(extend("x-ecsim-rule" = "SPT-016, SPT-017, SPT-018"))]
    pub spot_profile: SpotProfile,
    /// Monthly probability of an interruption in each of the five bands of the Spot Instance Advisor.
    #[schemars(extend("x-ecsim-rule" = "SPT-015, SPT-016"), length(min = 5, max = 5))]
    pub spot_band_midpoints: Vec<Percent>,
    /// How often a Spot pool is reclaimed from: so many times an hour, or `auto`, so that the hazard of one instance is
    /// that of its band.
    #[schemars(extend("x-ecsim-rule" = "SPT-017"))]
    pub spot_pool_event_rate: EventRate,
    /// How often a reclaim takes all instances of the pool; otherwise it takes a share between none and all.
    #[schemars(extend("x-ecsim-rule" = "SPT-017"))]
    pub spot_pool_all_probability: Share,
    /// Notices of one reclaim are spread over so long.
    #[schemars(extend("x-ecsim-rule" = "SPT-017, MEAS-073"))]
    pub spot_notice_window_s: Seconds,
    /// Which row of the measured traces `spot_profile: scarce` follows, from 1.
    #[schemars(extend("x-ecsim-rule" = "SPT-018"), range(min = 1, max = 4))]
    pub spot_scarce_row: u8,
    /// From a Spot notice to DRAINING.
    #[schemars(extend("x-ecsim-rule" = "SPT-004, SPT-005"))]
    pub spot_drain_delay: DurationDistribution,
    /// From a rebalance recommendation to the notice, where it comes earlier than the notice.
    #[schemars(extend("x-ecsim-rule" = "SPT-003, MEAS-074"))]
    pub rebalance_lead: DurationDistribution,
    /// How often the recommendation comes only with the notice.
    #[schemars(extend("x-ecsim-rule" = "SPT-003, MEAS-074"))]
    pub rebalance_with_notice_probability: Share,
    /// Rebalance recommendations that no notice follows, for each interruption.
    #[schemars(extend("x-ecsim-rule" = "SPT-003, MEAS-074"), range(min = 0))]
    pub rebalance_false_ratio: f64,
    /// Spread of the daily step of a Spot price, as the sigma of a log-normal.
    #[schemars(extend("x-ecsim-rule" = "SPT-013"), range(min = 0))]
    pub spot_price_sigma: f64,
    /// How much of its distance from the mean, as a logarithm, a Spot price makes up in a day.
    #[schemars(extend("x-ecsim-rule" = "SPT-013"))]
    pub spot_price_reversion: Share,
    /// Whether a Spot instance that AWS interrupts in its first hour costs nothing.
    #[schemars(extend("x-ecsim-rule" = "BIL-011, SPT-012"))]
    pub spot_first_hour_free: bool,
    /// Fargate: from the creation of a task to the start of its image pull.
    #[schemars(extend("x-ecsim-rule" = "FGT-020, MEAS-020, MEAS-021"))]
    pub fargate_provision_s: SecondsDistribution,
    /// Fargate: creating and starting the containers after the pull.
    #[schemars(extend("x-ecsim-rule" = "FGT-020, MEAS-025"))]
    pub start_s: SecondsDistribution,
    /// Fargate: millions of bytes of compressed image pulled a second, by the vCPUs of the task; one number; or `off`: size
    /// costs no time.
    #[schemars(extend("x-ecsim-rule" = "FGT-020, MEAS-020, MEAS-021"))]
    pub fargate_pull_mb_per_s: FargatePullRate,
    /// Fargate: the pull where the scenario gives no size.
    #[schemars(extend("x-ecsim-rule" = "FGT-020"))]
    pub pull_s: SecondsDistribution,
    /// Fargate: from the exit of the containers to STOPPED.
    #[schemars(extend("x-ecsim-rule" = "FGT-020"))]
    pub deprovision_s: SecondsDistribution,
    /// Fargate: how many tasks start late.
    #[schemars(extend("x-ecsim-rule" = "FGT-020, MEAS-020"))]
    pub fargate_straggler_share: Share,
    /// Fargate: by how much those start late.
    #[schemars(extend("x-ecsim-rule" = "FGT-020, MEAS-020"))]
    pub fargate_straggler_delay: DurationDistribution,
    /// Fargate: vCPUs that may be in use at once, on-demand and Spot each, or `off`.
    #[schemars(extend("x-ecsim-rule" = "FGT-010, CP-024"))]
    pub fargate_vcpu_quota: OrOff<u32>,
    /// Fargate: tasks that may be started at once, on-demand and Spot each.
    #[schemars(extend("x-ecsim-rule" = "SVC-071, MEAS-001, MEAS-002"))]
    pub fargate_bucket_burst: u32,
    /// Fargate: tasks that may be started each second after that.
    #[schemars(extend("x-ecsim-rule" = "SVC-071, MEAS-001, MEAS-002"))]
    pub fargate_bucket_refill_per_s: u32,
    /// Fargate: how much of that rate is reached where it is what limits.
    #[schemars(extend("x-ecsim-rule" = "MEAS-005"))]
    pub fargate_bucket_share: Share,
    /// Fargate Spot: what it takes off vCPU and memory.
    #[schemars(extend("x-ecsim-rule" = "BIL-003"))]
    pub fargate_spot_discount: Share,
    /// Fargate: least time a Windows task is billed for.
    #[schemars(extend("x-ecsim-rule" = "BIL-001"))]
    pub fargate_windows_minimum_s: Seconds,
    /// Compute Savings Plan: US dollars paid each hour, used or not.
    #[schemars(extend("x-ecsim-rule" = "BIL-004"))]
    pub savings_plan_commitment: Usd,
    /// Compute Savings Plan: what it takes off on-demand prices.
    #[schemars(extend("x-ecsim-rule" = "BIL-004"))]
    pub savings_plan_discount: Share,
    /// Groups in which a service starts its tasks, or `off`: each as soon as it may.
    #[schemars(extend("x-ecsim-rule" = "SVC-070, MEAS-003"))]
    pub launch_groups: OrOff<LaunchGroups>,
    /// From RUNNING to the registration of a target, and to the first probe of an Application or Classic Load Balancer.
    #[schemars(extend("x-ecsim-rule" = "LB-010, MEAS-063"))]
    pub alb_registration_s: Seconds,
    /// From RUNNING to the first probe of a Network Load Balancer.
    #[schemars(extend("x-ecsim-rule" = "LB-015, MEAS-062"))]
    pub nlb_registration_s: Seconds,
    /// Passes in a row that make a newcomer of an Application Load Balancer healthy; best-practice texts count 5.
    #[schemars(extend("x-ecsim-rule" = "LB-011, MEAS-061"), range(min = 1, max = 10))]
    pub alb_initial_passes: u32,
    /// The same of a Network Load Balancer. Default: `healthyThresholdCount` of the target group.
    #[schemars(extend("x-ecsim-rule" = "LB-015, MEAS-062"), range(min = 1, max = 10))]
    pub nlb_initial_passes: Option<u32>,
    /// Requests that load balancers send to a crashed task fail for so long.
    #[schemars(extend("x-ecsim-rule" = "LB-023"))]
    pub crash_deregister_s: Seconds,
    /// Cloud Map: how long a task is ACTIVATING until it is registered.
    #[schemars(extend("x-ecsim-rule" = "LB-040, TSK-004"))]
    pub cloud_map_registration_s: Seconds,
    /// Cloud Map: for so long callers believe what they were told.
    #[schemars(extend("x-ecsim-rule" = "LB-040"))]
    pub cloud_map_ttl_s: Seconds,
    /// Service Connect, App Mesh: of a service's tasks, at most so many percent are ejected at a time, yet always one. AWS does
    /// not say how many; the default is Envoy's.
    #[schemars(extend("x-ecsim-rule" = "LB-041"), range(max = 100))]
    pub max_ejection_percent: u32,
    /// Clusters in the account and Region. A scenario has one, so this changes nothing.
    #[schemars(extend("x-ecsim-rule" = "QTA-001"))]
    pub clusters_per_region: u32,
    /// Container instances in a cluster: more at the start are an error, more later are turned away.
    #[schemars(extend("x-ecsim-rule" = "QTA-002"))]
    pub container_instances_per_cluster: u32,
    /// Services in a cluster.
    #[schemars(extend("x-ecsim-rule" = "QTA-003"))]
    pub services_per_cluster: u32,
    /// Largest desired count of a service.
    #[schemars(extend("x-ecsim-rule" = "QTA-004"))]
    pub tasks_per_service: u32,
    /// Containers in a task definition.
    #[schemars(extend("x-ecsim-rule" = "QTA-005"))]
    pub containers_per_task_definition: u32,
    /// Largest task definition, in KiB of JSON.
    #[schemars(extend("x-ecsim-rule" = "QTA-006"))]
    pub task_definition_kib: u32,
    /// Revisions of a family, deregistered ones included.
    #[schemars(extend("x-ecsim-rule" = "QTA-007"))]
    pub revisions_per_family: u32,
    /// Largest `count` of one `RunTask` call.
    #[schemars(extend("x-ecsim-rule" = "QTA-008"))]
    pub run_task_count: u32,
    /// Container instances that one `StartTask` call may name.
    #[schemars(extend("x-ecsim-rule" = "QTA-009"))]
    pub start_task_instances: u32,
    /// Subnets in an `awsvpcConfiguration`.
    #[schemars(extend("x-ecsim-rule" = "QTA-010"))]
    pub subnets_per_awsvpc: u32,
    /// Security groups in an `awsvpcConfiguration`.
    #[schemars(extend("x-ecsim-rule" = "QTA-010"))]
    pub security_groups_per_awsvpc: u32,
    /// Target groups of a service.
    #[schemars(extend("x-ecsim-rule" = "QTA-011"))]
    pub target_groups_per_service: u32,
    /// Classic Load Balancers of a service.
    #[schemars(extend("x-ecsim-rule" = "QTA-011"))]
    pub classic_lbs_per_service: u32,
    /// Placement constraints of a task: those of its definition plus those of the service or call.
    #[schemars(extend("x-ecsim-rule" = "QTA-020, PLC-009"))]
    pub max_constraints: u32,
    /// Placement strategies of a service or call.
    #[schemars(extend("x-ecsim-rule" = "QTA-020, PLC-020"))]
    pub max_strategies: u32,
    /// Custom attributes of a container instance.
    #[schemars(extend("x-ecsim-rule" = "QTA-021, CQL-017"))]
    pub custom_attributes_per_resource: u32,
    /// Longest name of a task group, in characters.
    #[schemars(extend("x-ecsim-rule" = "QTA-023, PLC-030"))]
    pub group_name_length: u32,
    /// Longest cluster-query expression, in characters.
    #[schemars(extend("x-ecsim-rule" = "QTA-023, CQL-003"))]
    pub expression_length: u32,
    /// Tags of a resource.
    #[schemars(extend("x-ecsim-rule" = "QTA-024"))]
    pub tags_per_resource: u32,
    /// Longest task overrides, in characters of JSON.
    #[schemars(extend("x-ecsim-rule" = "QTA-025"))]
    pub overrides_length: u32,
    /// Container instances on one page of `ListContainerInstances`. Outputs have no pages, so this changes nothing.
    #[schemars(extend("x-ecsim-rule" = "QTA-026"))]
    pub list_page: u32,
    /// Container instances that one `UpdateContainerInstancesState` call may name.
    #[schemars(extend("x-ecsim-rule" = "INS-003"))]
    pub update_state_instances: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let seconds = |list: &[u64]| list.iter().copied().map(Seconds::new).collect();
        Self {
            profile: Profile::E2026,
            placement_tie_break: TieBreak::Random,
            spread_scope: SpreadScope::Service,
            linux_memory_percent: 97,
            registered_memory: RegisteredMemory::Nominal,
            ebs_slots: 27,
            reserve_prometheus_port: true,
            max_reserved_ports: 100,
            agent_disconnect_s: Seconds::new(180),
            placement_retry_at_s: seconds(&[0, 15, 45]),
            placement_retry_gap_s: seconds(&[300, 600, 1_200, 1_620]),
            service_event_repeat_s: Seconds::new(21_600),
            steady_event_repeat_s: Seconds::new(21_600),
            service_events_kept: 100,
            az_rebalance_interval_s: Seconds::new(600),
            scheduler_latency_s: Seconds::new(5),
            metric_delay_std_s: Seconds::new(120),
            metric_delay_hr_s: Seconds::new(16),
            evaluation_range_extra: 2,
            alarm_action_repeat_s: Seconds::new(60),
            alarm_action_repeat_hr_s: Seconds::new(10),
            tt_metric_point: TtMetricPoint::Latest,
            tt_scale_in_mode: TtScaleInMode::Proportional,
            cooldown_credit_mode: CooldownCreditMode::Literal,
            replace_crashed_delay_s: Seconds::new(10),
            healthy_wait_s: Seconds::new(40),
            start_first_unhealthy: true,
            eager_stop: true,
            own_revision_replacement: true,
            first_task_digest_gate: true,
            count_stopping_in_max: false,
            throttle_free_failures: 3,
            throttle_first_s: Seconds::new(30),
            throttle_cap_s: Seconds::new(1_620),
            breaker_counts_crashes: true,
            breaker_placement_counts: BreakerPlacement::Attempt,
            breaker_minimum: 3,
            alarm_poll_s: Seconds::new(30),
            bake_alarm_factor: 1.0,
            service_launches_per_min: OrOff::On(500),
            service_launches_per_min_on_ec2: None,
            ec2_launch_bucket: OrOff::Off,
            registration_rate: OrOff::Off,
            release_at_desired_stopped: true,
            gpu_sharing: GpuSharing::Off,
            pull_base_s: Seconds::new(1),
            pull_mb_per_s: OrOff::On(10.0),
            default_image_mb: 60,
            cached_pull: DurationDistribution::uniform(Duration::from_ms(500), Duration::from_secs(2)),
            pull_retry: PullRetry::default(),
            eni_attach: DurationDistribution::lognormal(Duration::from_secs(11), Duration::from_secs(20)),
            eni_detach_s: Seconds::new(0),
            container_start: DurationDistribution::lognormal(Duration::from_secs(1), Duration::from_secs(5)),
            cas_n: CasN::LaunchingAndRunning,
            cas_sample_offset_ms: 10,
            cas_algorithm: CasAlgorithm::Current,
            zero_start: ZeroStart::Formula,
            daemon_reserve_in_estimate: true,
            scale_in_step_period: Seconds::new(60),
            scale_in_cap: Share::percent(50),
            metric_publish_delay: Seconds::new(50),
            provisioning_reasons: ProvisioningReasons::All,
            provisioning_overflow: ProvisioningOverflow::RejectCall,
            provisioning_timeout: DurationDistribution::uniform(Duration::from_secs(600), Duration::from_secs(1_800)),
            provisioning_tasks_per_cluster: 500,
            zero_weight_base: ZeroWeightBase::Honour,
            allow_cp_family_change: true,
            drain_count: DrainCount::DesiredStatus,
            asg_reaction: DurationDistribution::uniform(Duration::from_secs(10), Duration::from_secs(20)),
            cold_launch: ColdLaunch::Stock,
            warm_start: DurationDistribution::uniform(Duration::from_secs(10), Duration::from_secs(20)),
            warm_poll: DurationDistribution::uniform(Duration::ZERO, Duration::from_secs(60)),
            instance_shutdown: DurationDistribution::uniform(Duration::from_secs(30), Duration::from_secs(60)),
            instance_pending_s: SecondsDistribution::constant(Seconds::new(0)),
            asg_health_notice_s: SecondsDistribution::uniform(Seconds::new(0), Seconds::new(60)),
            asg_status_check_wait_s: Seconds::new(300),
            ice_backoff: IceBackoff::default(),
            az_tie: AzTie::ConfigOrder,
            billing_hour_tie: BillingHourTie::SeededRandom,
            mi_launch: DurationDistribution::lognormal(Duration::from_secs(30), Duration::from_secs(45)),
            mi_scale_in_after_default: Seconds::new(300),
            spot_profile: SpotProfile::Pool,
            spot_band_midpoints: [2.5, 7.5, 12.5, 17.5, 30.0].into_iter().filter_map(Percent::new).collect(),
            spot_pool_event_rate: EventRate::Auto,
            spot_pool_all_probability: Share::percent(40),
            spot_notice_window_s: Seconds::new(180),
            spot_scarce_row: 1,
            spot_drain_delay: DurationDistribution::uniform(Duration::from_ms(200), Duration::from_ms(1_200)),
            rebalance_lead: DurationDistribution {
                min: Some(Duration::from_secs(1_020)),
                max: Some(Duration::from_secs(32_400)),
                ..DurationDistribution::lognormal(Duration::from_secs(7_200), Duration::from_secs(31_320))
            },
            rebalance_with_notice_probability: Share::percent(40),
            rebalance_false_ratio: 1.4,
            spot_price_sigma: 0.02,
            spot_price_reversion: Share::percent(10),
            spot_first_hour_free: true,
            fargate_provision_s: SecondsDistribution::lognormal(Seconds::new(16), Seconds::new(28)),
            start_s: SecondsDistribution::lognormal(Seconds::new(1), Seconds::new(5)),
            fargate_pull_mb_per_s: FargatePullRate::default(),
            pull_s: SecondsDistribution::constant(Seconds::new(7)),
            deprovision_s: SecondsDistribution::constant(Seconds::new(27)),
            fargate_straggler_share: Share::percent(0),
            fargate_straggler_delay: DurationDistribution::lognormal(Duration::from_secs(30), Duration::from_secs(180)),
            fargate_vcpu_quota: OrOff::Off,
            fargate_bucket_burst: 100,
            fargate_bucket_refill_per_s: 20,
            fargate_bucket_share: Share::percent(100),
            fargate_spot_discount: Share::percent(70),
            fargate_windows_minimum_s: Seconds::new(300),
            savings_plan_commitment: Usd::from_nanos(0),
            savings_plan_discount: Share::percent(50),
            launch_groups: OrOff::Off,
            alb_registration_s: Seconds::new(5),
            nlb_registration_s: Seconds::new(190),
            alb_initial_passes: 1,
            nlb_initial_passes: None,
            crash_deregister_s: Seconds::new(1),
            cloud_map_registration_s: Seconds::new(0),
            cloud_map_ttl_s: Seconds::new(60),
            max_ejection_percent: 10,
            clusters_per_region: 10_000,
            container_instances_per_cluster: 5_000,
            services_per_cluster: 5_000,
            tasks_per_service: 5_000,
            containers_per_task_definition: 10,
            task_definition_kib: 64,
            revisions_per_family: 1_000_000,
            run_task_count: 10,
            start_task_instances: 10,
            subnets_per_awsvpc: 16,
            security_groups_per_awsvpc: 5,
            target_groups_per_service: 5,
            classic_lbs_per_service: 1,
            max_constraints: 10,
            max_strategies: 5,
            custom_attributes_per_resource: 10,
            group_name_length: 255,
            expression_length: 2_000,
            tags_per_resource: 50,
            overrides_length: 8_192,
            list_page: 100,
            update_state_instances: 10,
        }
    }
}

impl Settings {
    /// The defaults under `latencies: none`: every delay, jitter and reaction is zero, and ties are fixed. What the
    /// rules themselves fix, such as `healthy_wait_s`, the waits between attempts to place or to launch, or when Spot is
    /// interrupted, stays; a waiting task gives up after exactly 30 minutes (CAS-010).
    #[must_use]
    pub fn without_latencies() -> Self {
        let none = DurationDistribution::constant(Duration::ZERO);
        let at_once = SecondsDistribution::constant(Seconds::new(0));
        Self {
            placement_tie_break: TieBreak::Fixed,
            agent_disconnect_s: Seconds::new(0),
            scheduler_latency_s: Seconds::new(0),
            replace_crashed_delay_s: Seconds::new(0),
            first_task_digest_gate: false,
            pull_base_s: Seconds::new(0),
            pull_mb_per_s: OrOff::Off,
            cached_pull: none.clone(),
            pull_retry: PullRetry { attempts: 1, ..PullRetry::default() },
            eni_attach: none.clone(),
            eni_detach_s: Seconds::new(0),
            container_start: none.clone(),
            metric_publish_delay: Seconds::new(0),
            provisioning_timeout: DurationDistribution::constant(Duration::from_secs(1_800)),
            asg_reaction: none.clone(),
            cold_launch: ColdLaunch::Distribution(none.clone()),
            warm_start: none.clone(),
            warm_poll: none.clone(),
            instance_shutdown: none.clone(),
            asg_health_notice_s: at_once.clone(),
            ice_backoff: IceBackoff { jitter: Share::percent(0), ..IceBackoff::default() },
            billing_hour_tie: BillingHourTie::Oldest,
            mi_launch: none.clone(),
            spot_drain_delay: none,
            fargate_provision_s: at_once.clone(),
            start_s: at_once.clone(),
            fargate_pull_mb_per_s: FargatePullRate::Off,
            pull_s: at_once.clone(),
            deprovision_s: at_once,
            alb_registration_s: Seconds::new(0),
            nlb_registration_s: Seconds::new(0),
            ..Self::default()
        }
    }

    /// The defaults under a preset.
    #[must_use]
    pub fn preset(preset: LatencyPreset) -> Self {
        match preset {
            LatencyPreset::Default => Self::default(),
            LatencyPreset::None => Self::without_latencies(),
        }
    }

    /// Adds to a `settings:` block what `latencies: none` sets and the user has not written.
    pub(crate) fn fill_without_latencies(written: &mut Map<String, Value>) {
        fill(written, &Self::without_latencies());
    }

    /// Adds to a `settings:` block what its `profile` sets and the user has not written. One that cannot be read adds
    /// nothing: the reader will say so.
    pub(crate) fn fill_profile(written: &mut Map<String, Value>) {
        let profile = written.get("profile").cloned().unwrap_or_default();
        if let Ok(profile) = serde_json::from_value::<Profile>(profile) {
            fill(written, &profile.settings());
        }
    }
}

/// Adds to a `settings:` block what these settings have otherwise than the defaults, and the user has not written.
fn fill(written: &mut Map<String, Value>, settings: &Settings) {
    let (Value::Object(default), Value::Object(other)) = (as_value(&Settings::default()), as_value(settings)) else {
        return;
    };
    for (name, value) in other {
        if default.get(&name) != Some(&value) {
            written.entry(name).or_insert(value);
        }
    }
}

fn as_value(settings: &Settings) -> Value {
    serde_json::to_value(settings).unwrap_or_default()
}

/// How ties are broken that are left after the last strategy (PLC-022).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TieBreak {
    /// Uniformly at random among equals.
    #[default]
    Random,
    /// The instance registered first, then the smallest id.
    Fixed,
    /// Another name for `fixed`.
    Ordinal,
}

/// What `spread` counts for a service (PLC-025).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpreadScope {
    /// All tasks of the service, as observed on AWS.
    #[default]
    Service,
    /// Only tasks of the same deployment.
    Deployment,
}

/// Where the memory that an instance registers comes from (RES-004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RegisteredMemory {
    /// `linux_memory_percent` of the nominal memory.
    #[default]
    Nominal,
    /// What a Linux image really saw, where the catalogue has a measurement.
    Measured,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchBucket {
    /// How many tokens it holds.
    pub capacity: u32,
    /// Tokens that come back each second.
    pub refill_per_s: u32,
}

/// How many container instances may register in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRate {
    /// Per second.
    pub per_second: u32,
    /// Per minute.
    pub per_minute: u32,
}

/// One row of the table of settings.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingInfo {
    /// Its name in the scenario.
    pub name: String,
    /// Its default.
    pub default: Value,
    /// The rules it belongs to: `RES-004`, or several with commas.
    pub rule: String,
    /// What it means.
    pub meaning: String,
}

impl SettingInfo {
    /// The table of settings, read off the schema, in the order of the struct.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let schema = schemars::schema_for!(Settings);
        let properties = schema.get("properties").and_then(Value::as_object);
        let text =
            |property: &Value, key: &str| property.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let row = |(name, property): (&String, &Value)| Self {
            name: name.clone(),
            default: property.get("default").cloned().unwrap_or_default(),
            rule: text(property, "x-ecsim-rule"),
            meaning: super::one_line(&text(property, "description")),
        };
        properties.into_iter().flatten().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The numbers of the spec, written out once more.
    #[test]
    fn defaults_are_those_of_the_rules() {
        let expected: Value = serde_json::from_str(
            r#"{
            "placement_tie_break": "random", "spread_scope": "service", "linux_memory_percent": 97,
            "registered_memory": "nominal", "ebs_slots": 27, "reserve_prometheus_port": true, "max_reserved_ports": 100,
            "agent_disconnect_s": 180, "placement_retry_at_s": [0, 15, 45],
            "placement_retry_gap_s": [300, 600, 1200, 1620],
            "service_event_repeat_s": 21600, "steady_event_repeat_s": 21600, "service_events_kept": 100,
            "az_rebalance_interval_s": 600, "scheduler_latency_s": 5,
            "metric_delay_std_s": 120, "metric_delay_hr_s": 16, "evaluation_range_extra": 2,
            "alarm_action_repeat_s": 60, "alarm_action_repeat_hr_s": 10, "tt_metric_point": "latest",
            "tt_scale_in_mode": "Proportional", "cooldown_credit_mode": "Literal",
            "replace_crashed_delay_s": 10, "healthy_wait_s": 40, "start_first_unhealthy": true,
            "eager_stop": true, "own_revision_replacement": true, "first_task_digest_gate": true,
            "count_stopping_in_max": false, "throttle_free_failures": 3, "throttle_first_s": 30, "throttle_cap_s": 1620,
            "breaker_counts_crashes": true, "breaker_placement_counts": "attempt", "breaker_minimum": 3,
            "alarm_poll_s": 30, "bake_alarm_factor": 1.0,
            "service_launches_per_min": 500, "service_launches_per_min_on_ec2": null, "ec2_launch_bucket": "off", "registration_rate": "off",
            "release_at_desired_stopped": true, "gpu_sharing": "off", "pull_base_s": 1, "pull_mb_per_s": 10.0, "default_image_mb": 60,
            "cached_pull": {"uniform": {"min": "500ms", "max": "2s"}},
            "pull_retry": {"attempts": 5, "first_s": "1.1s", "max_s": 5, "jitter": 0.2},
            "eni_attach": {"lognormal": {"median": "11s", "p95": "20s"}}, "eni_detach_s": 0,
            "container_start": {"lognormal": {"median": "1s", "p95": "5s"}},
            "profile": "e2026", "cas_n": "launching_and_running", "cas_sample_offset_ms": 10, "cas_algorithm": "current",
            "zero_start": "formula", "daemon_reserve_in_estimate": true, "scale_in_step_period": 60,
            "scale_in_cap": 0.5, "metric_publish_delay": 50, "metric_delay_std_s": 120, "metric_delay_hr_s": 16, "provisioning_reasons": "all",
            "provisioning_overflow": "reject_call", "provisioning_timeout": {"uniform": {"min": "10m", "max": "30m"}},
            "provisioning_tasks_per_cluster": 500, "zero_weight_base": "honour", "allow_cp_family_change": true,
            "drain_count": "desired_status", "asg_reaction": {"uniform": {"min": "10s", "max": "20s"}},
            "cold_launch": "stock", "warm_start": {"uniform": {"min": "10s", "max": "20s"}},
            "warm_poll": {"uniform": {"min": "0s", "max": "1m"}},
            "instance_shutdown": {"uniform": {"min": "30s", "max": "1m"}}, "instance_pending_s": 0,
            "asg_health_notice_s": {"uniform": {"min": 0, "max": 60}}, "asg_status_check_wait_s": 300,
            "ice_backoff": {"first_s": 60, "max_s": 900, "jitter": 0.2}, "az_tie": "config_order",
            "billing_hour_tie": "seeded_random", "mi_launch": {"lognormal": {"median": "30s", "p95": "45s"}},
            "mi_scale_in_after_default": 300, "spot_profile": "pool",
            "spot_band_midpoints": ["2.5%", "7.5%", "12.5%", "17.5%", "30%"], "spot_pool_event_rate": "auto",
            "spot_pool_all_probability": 0.4, "spot_notice_window_s": 180, "spot_scarce_row": 1,
            "spot_drain_delay": {"uniform": {"min": "200ms", "max": "1.2s"}},
            "rebalance_lead": {"lognormal": {"median": "2h", "p95": "8h 42m"}, "min": "17m", "max": "9h"},
            "rebalance_with_notice_probability": 0.4, "rebalance_false_ratio": 1.4, "spot_price_sigma": 0.02,
            "spot_price_reversion": 0.1, "spot_first_hour_free": true,
            "fargate_provision_s": {"lognormal": {"median": 16, "p95": 28}},
            "start_s": {"lognormal": {"median": 1, "p95": 5}},
            "fargate_pull_mb_per_s": [
                {"from_vcpu": 0.0, "mb_per_s": 10.0}, {"from_vcpu": 2.0, "mb_per_s": 20.0},
                {"from_vcpu": 4.0, "mb_per_s": 30.0}
            ],
            "pull_s": 7, "deprovision_s": 27, "fargate_straggler_share": 0.0,
            "fargate_straggler_delay": {"lognormal": {"median": "30s", "p95": "3m"}}, "fargate_vcpu_quota": "off",
            "fargate_bucket_burst": 100, "fargate_bucket_refill_per_s": 20, "fargate_bucket_share": 1.0,
            "fargate_spot_discount": 0.7, "fargate_windows_minimum_s": 300, "savings_plan_commitment": "0",
            "savings_plan_discount": 0.5, "launch_groups": "off",
            "alb_registration_s": 5, "nlb_registration_s": 190, "alb_initial_passes": 1, "nlb_initial_passes": null,
            "crash_deregister_s": 1, "cloud_map_registration_s": 0, "cloud_map_ttl_s": 60,
            "max_ejection_percent": 10,
            "clusters_per_region": 10000, "container_instances_per_cluster": 5000, "services_per_cluster": 5000,
            "tasks_per_service": 5000, "containers_per_task_definition": 10, "task_definition_kib": 64,
            "revisions_per_family": 1000000, "run_task_count": 10, "start_task_instances": 10, "subnets_per_awsvpc": 16,
            "security_groups_per_awsvpc": 5, "target_groups_per_service": 5, "classic_lbs_per_service": 1,
            "max_constraints": 10, "max_strategies": 5, "custom_attributes_per_resource": 10, "group_name_length": 255,
            "expression_length": 2000, "tags_per_resource": 50, "overrides_length": 8192, "list_page": 100,
            "update_state_instances": 10
        }"#,
        )
        .unwrap();
        assert_eq!(json!(Settings::default()), expected);
        assert_eq!(serde_json::from_value::<Settings>(expected).unwrap(), Settings::default());
    }

    #[test]
    fn the_table_has_a_rule_a_default_and_a_meaning_for_each() {
        let rows = SettingInfo::all();
        let named = json!(Settings::default());
        assert_eq!(rows.len(), named.as_object().unwrap().len());
        for row in rows {
            assert!(!row.rule.is_empty() && row.meaning.ends_with('.') && !row.meaning.contains('\n'), "{row:?}");
            assert_eq!(row.default, named[&row.name], "{}", row.name);
        }
    }

    #[test]
    fn a_profile_gives_way_to_what_is_written() {
        let mut written =
            Map::from_iter([("profile".to_owned(), json!("e2020")), ("fargate_bucket_burst".to_owned(), json!(7))]);
        Settings::fill_profile(&mut written);
        let settings: Settings = serde_json::from_value(Value::Object(written)).unwrap();
        assert_eq!(settings, Settings { fargate_bucket_burst: 7, ..Profile::E2020.settings() });
        let mut unknown = Map::from_iter([("profile".to_owned(), json!("e1999"))]);
        Settings::fill_profile(&mut unknown);
        assert_eq!(unknown.len(), 1);
    }

    /// Nothing that `latencies: none` sets is a length of time other than none, but the time that CAS-010 fixes.
    #[test]
    fn latencies_none_leaves_no_delay_of_capacity() {
        let settings = Settings::without_latencies();
        let none = DurationDistribution::constant(Duration::ZERO);
        for delay in [
            &settings.asg_reaction,
            &settings.cold_launch.distribution(),
            &settings.warm_start,
            &settings.warm_poll,
            &settings.instance_shutdown,
            &settings.asg_health_notice_s.durations(),
            &settings.instance_pending_s.durations(),
            &settings.mi_launch,
            &settings.spot_drain_delay,
            &settings.fargate_provision_s.durations(),
            &settings.start_s.durations(),
            &settings.pull_s.durations(),
            &settings.deprovision_s.durations(),
        ] {
            assert_eq!(*delay, none);
        }
        assert_eq!((settings.metric_publish_delay, settings.ice_backoff.jitter), (Seconds::new(0), Share::percent(0)));
        let timeout = DurationDistribution::constant(Duration::from_secs(1_800));
        assert_eq!((settings.provisioning_timeout, settings.fargate_pull_mb_per_s), (timeout, FargatePullRate::Off));
    }

    #[test]
    fn latencies_none_gives_way_to_what_is_written() {
        let mut written = Map::from_iter([("scheduler_latency_s".to_owned(), json!(7))]);
        Settings::fill_without_latencies(&mut written);
        let settings: Settings = serde_json::from_value(Value::Object(written)).unwrap();
        assert_eq!(settings, Settings { scheduler_latency_s: Seconds::new(7), ..Settings::without_latencies() });
    }
}
