//! The numbers a planner wants to see first: who got a place, who did not and why, how long it took, how full it was.
//!
//! [`SummaryBuilder`] folds the facts of a run; [`Summary`] is what it comes to. It serialises to `summary.json`
//! (camelCase, times in seconds, percentages 0 to 100) and [`Summary::render`] prints it. It knows no wall clock.
//!
//! **Means are weighted by time and capacity**: the mean CPU reservation is the integral of what RUNNING tasks reserved
//! over the integral of what was registered. **Peaks** are taken over complete instants: a state that lasted no time at
//! all counts for nothing. **Percentiles** are exact, by nearest rank ([`crate::metrics::timing`]).

mod build;
mod cost;
mod fleet;
mod render;

use serde::Serialize;

pub use build::SummaryBuilder;
pub use render::Style;

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// `name:` of the scenario; the facts of a run do not know it, so whoever read the scenario fills it in.
    pub scenario_name: String,
    /// The cluster's name.
    pub cluster_name: String,
    /// The region.
    pub region: String,
    /// Start of the run, ISO 8601 UTC.
    pub start: String,
    /// End of the run, ISO 8601 UTC.
    pub end: String,
    /// How long the run was, in seconds of simulated time.
    pub duration_seconds: f64,
    /// Tasks by what became of them.
    pub tasks: Tasks,
    /// Placement attempts that failed, and why.
    pub placement: Placement,
    /// From request to RUNNING, over all tasks that got there.
    pub time_to_running: TimeToRunning,
    /// How full the cluster was, by resource; resources that nobody registered are left out.
    pub capacity: Vec<Capacity>,
    /// Container instances.
    pub instances: Instances,
    /// Auto Scaling groups, capacity providers and Fargate; left out where the scenario has none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet: Option<Fleet>,
    /// What it costs; left out where nothing has a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Services, in name order.
    pub services: Vec<ServiceSummary>,
    /// Entries of `workload:` and calls that asked for tasks, in name order.
    pub workload: Vec<WorkloadSummary>,
}

/// A name and how often it occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// What.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// Tasks by what became of them. `requested` = `placed` + `waiting` + `missing` + `dropped` + what services stopped
/// wanting before it was placed, less what was placed unasked (replacements started on top of the desired count). With
/// capacity providers, what waits in PROVISIONING and what gave up there comes on top ([`WaitedForCapacity`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tasks {
    /// Copies asked for by calls, and tasks that services came to want.
    pub requested: u64,
    /// Got a place, on an instance or on Fargate.
    pub placed: u64,
    /// Entered RUNNING.
    pub started: u64,
    /// RUNNING at the end.
    pub running: u64,
    /// Wanted, but not RUNNING at the end, those in PROVISIONING included.
    pub pending: u64,
    /// Asked to stop, but not STOPPED at the end.
    pub stopping: u64,
    /// Unplaced copies that callers still keep at the end.
    pub waiting: u64,
    /// Tasks that services miss at the end.
    pub missing: u64,
    /// Unplaced copies that callers gave up.
    pub dropped: u64,
    /// Reached STOPPED.
    pub stopped: u64,
    /// Stopped with their host: work lost.
    pub lost: u64,
    /// Containers killed for crossing their hard memory limit.
    pub out_of_memory_kills: u64,
    /// Tasks asked to stop, by stopCode (TSK-010).
    pub stop_codes: Vec<Count>,
    /// The same in more detail.
    pub stop_reasons: Vec<Count>,
    /// Essential containers that exited of their own accord, by exit code.
    pub exit_codes: Vec<Count>,
}

/// Placement attempts that failed, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// Attempts that left a task without a place.
    pub failed_attempts: u64,
    /// API calls rejected as a whole.
    pub refused_calls: u64,
    /// Entries of failure lists by reason (FLR-001): one for every instance in every failed attempt.
    pub reasons: Vec<Count>,
    /// Failed attempts by the reason of the instance that got furthest (FLR-005), most frequent first.
    pub closest_reasons: Vec<Count>,
    /// Failed attempts by the type of the instance that got furthest, most frequent first.
    pub closest_instance_types: Vec<Count>,
    /// How much was free in the cluster when attempts failed, least first: where it was tight.
    pub free_when_failed: Vec<Free>,
    /// The same by zone, in name order.
    pub zones: Vec<ZoneFree>,
}

/// How much of a resource was free, on average over the failed attempts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Free {
    /// CPU, memory, GPU or ENI.
    pub resource: &'static str,
    /// Percent of what was registered.
    pub percent: f64,
}

/// A zone when attempts failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneFree {
    /// Its name.
    pub zone: String,
    /// In how many failed attempts the instance that got furthest was here.
    pub closest: u64,
    /// How much was free, least first.
    pub free: Vec<Free>,
}

/// Times from request to RUNNING and their parts, as [`crate::metrics::timing`] defines them, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeToRunning {
    /// How many tasks entered RUNNING.
    pub tasks: u64,
    /// From the request to RUNNING.
    pub total: Quantiles,
    /// Waiting for a place.
    pub waiting: Quantiles,
    /// PENDING before the pull: network interface, room on the host.
    pub queued: Quantiles,
    /// Pulling images.
    pub pulling: Quantiles,
    /// From the pulled images to RUNNING.
    pub starting: Quantiles,
}

/// Exact percentiles by nearest rank, in seconds; none where there was no task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quantiles {
    /// The median.
    pub p50: Option<f64>,
    /// The 95th percentile.
    pub p95: Option<f64>,
    /// The 99th percentile.
    pub p99: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

/// How full the cluster was of one resource, in percent of what ACTIVE and DRAINING instances registered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// CPU, memory, GPU or ENI.
    pub resource: &'static str,
    /// CloudWatch's reservation: by RUNNING tasks (CW-020).
    pub reservation: Level,
    /// By tasks in any state, PENDING ones included.
    pub placed: Level,
    /// Free but of no use, as something else ran out beside it; none where it was never sampled.
    pub stranded: Option<Level>,
}

/// A percentage over the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    /// Its mean.
    pub mean: f64,
    /// Its largest value.
    pub peak: f64,
    /// Its value at the end; none where nothing is registered then.
    pub last: Option<f64>,
    /// Means over equal parts of the run, at most 120 of them; none where nothing was registered.
    pub series: Vec<Option<f64>>,
}

/// Container instances.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Instances {
    /// ACTIVE or DRAINING at the end.
    pub registered: u64,
    /// The most that were at one time.
    pub registered_peak: u64,
    /// The mean over time.
    pub registered_mean: f64,
    /// Of those, at the end, that hold a task.
    pub used: u64,
    /// The most that were at one time.
    pub used_peak: u64,
    /// The mean over time.
    pub used_mean: f64,
    /// DRAINING at the end.
    pub draining: u64,
    /// Agent not connected at the end.
    pub disconnected: u64,
}

/// Capacity that comes and goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fleet {
    /// Auto Scaling groups, in name order.
    pub auto_scaling_groups: Vec<GroupSummary>,
    /// Capacity providers, in name order.
    pub capacity_providers: Vec<ProviderSummary>,
    /// Scaling decisions that raised a desired capacity.
    pub scale_outs: u64,
    /// Scaling decisions that lowered one.
    pub scale_ins: u64,
    /// Instances that EC2 launched.
    pub launches: u64,
    /// Launches that EC2 could not carry out (ASG-005).
    pub launch_failures: u64,
    /// Spot interruption warnings (SPT-002).
    pub interruptions_noticed: u64,
    /// Spot instances that EC2 took back.
    pub interruptions_reclaimed: u64,
    /// Rebalance recommendations (SPT-003).
    pub rebalance_recommendations: u64,
    /// Service tasks stopped because their instance drained (INS-004).
    pub tasks_drained: u64,
    /// Tasks lost with a Spot instance that EC2 took back.
    pub tasks_lost_to_spot: u64,
    /// Tasks lost with any other host.
    pub tasks_lost_otherwise: u64,
    /// How long the lost tasks had been RUNNING, in all.
    pub work_lost_seconds: f64,
    /// Attempts of services to create a task for which PROVISIONING (CAS-009) or Fargate (FGT-010) had no room.
    pub tasks_held_back: u64,
    /// Waits in PROVISIONING for an instance (CAS-008).
    pub waited_for_capacity: WaitedForCapacity,
    /// AWS Fargate; left out where nothing ran there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fargate: Option<FargateSummary>,
}

/// A number over the run: its extremes, its mean over time, and its value at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Range {
    /// The least.
    pub min: f64,
    /// The mean over time.
    pub mean: f64,
    /// The most.
    pub max: f64,
    /// At the end.
    pub last: f64,
}

/// One Auto Scaling group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupSummary {
    /// `AutoScalingGroupName`.
    pub auto_scaling_group_name: String,
    /// Its desired capacity.
    pub desired_capacity: Range,
    /// Its instances in service.
    pub in_service: Range,
    /// Instances that EC2 launched for it.
    pub launches: u64,
    /// Launches that failed.
    pub launch_failures: u64,
    /// Instances terminated.
    pub terminations: u64,
    /// Spot interruption warnings.
    pub interruptions_noticed: u64,
    /// Spot instances that EC2 took back.
    pub interruptions_reclaimed: u64,
    /// Decisions that raised its desired capacity.
    pub scale_outs: u64,
    /// Decisions that lowered it.
    pub scale_ins: u64,
}

/// One capacity provider.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderSummary {
    /// Its name.
    pub capacity_provider_name: String,
    /// Its tasks that got a place.
    pub placed: u64,
    /// RUNNING at the end.
    pub running: u64,
    /// In PROVISIONING, waiting for an instance, at the end.
    pub waiting: u64,
    /// Never reached RUNNING.
    pub failed_to_start: u64,
    /// Lost with their host.
    pub lost: u64,
}

/// Waits in PROVISIONING for an instance of a capacity provider (CAS-008).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitedForCapacity {
    /// Tasks that got the instance they had waited for.
    pub got_capacity: u64,
    /// Tasks that gave up (CAS-010).
    pub gave_up: u64,
    /// Tasks that still wait at the end.
    pub waiting: u64,
    /// The most that waited at one time.
    pub waiting_peak: u64,
    /// How long they waited: those that got an instance, and those that gave up.
    pub time: Quantiles,
}

/// AWS Fargate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FargateSummary {
    /// Tasks created there.
    pub tasks: u64,
    /// Tasks that Fargate Spot took the capacity from (SPT-011).
    pub spot_interruptions: u64,
    /// Tasks RUNNING.
    pub running: Range,
    /// vCPU of the tasks there, whatever their state.
    pub vcpu: Range,
}

/// What a run costs: what is to be paid, after all discounts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// `USD` or `CNY`.
    pub currency: &'static str,
    /// `$` or `¥`.
    #[serde(skip)]
    pub currency_symbol: &'static str,
    /// All of it.
    pub total: f64,
    /// The same for an hour of the run.
    pub mean_per_hour: f64,
    /// What it would be without discounts.
    pub list_price: f64,
    /// Of the total, EC2 instances on demand.
    pub on_demand: f64,
    /// Of the total, Spot instances.
    pub spot: f64,
    /// Of the total, Fargate and Fargate Spot, storage included.
    pub fargate: f64,
    /// Of the total, EBS volumes of instances.
    pub volumes: f64,
    /// Of the total, what no task reserved.
    pub idle: f64,
    /// What contracts took off the list price.
    pub savings: Savings,
    /// Of the total, commitment of the Savings Plan that was lost: it is in none of the lists.
    pub unused_commitment: f64,
    /// By kind of charge.
    pub by_charge: Vec<Amount>,
    /// By instance type, Fargate platform, and EBS.
    pub by_resource_type: Vec<Amount>,
    /// By capacity provider.
    pub by_capacity_provider: Vec<Amount>,
    /// By service or group of standalone tasks; what is idle is missing here.
    pub by_service: Vec<Amount>,
    /// Where the prices are from.
    pub price_notes: Vec<PriceNotes>,
    /// Instances and Fargate tasks that have no price and are therefore not on the bill, by what they are.
    pub without_price: Vec<Count>,
}

/// What contracts take off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Savings {
    /// Reserved capacity.
    pub reservations: f64,
    /// A Savings Plan, its lost commitment not counted.
    pub savings_plan: f64,
    /// A discount on everything.
    pub discount: f64,
}

/// A name and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Amount {
    /// What.
    pub name: String,
    /// How much.
    pub amount: f64,
}

/// Prices that are from one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceNotes {
    /// Where they are from.
    pub provenance: String,
    /// Whether they are estimates.
    pub estimate: bool,
    /// Of what they are.
    pub prices: Vec<String>,
}

/// One service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSummary {
    /// `serviceName`.
    pub service_name: String,
    /// Its state at the end.
    pub status: &'static str,
    /// Desired count at the end.
    pub desired_count: u32,
    /// RUNNING and wanted at the end.
    pub running_count: u32,
    /// Wanted, but not RUNNING at the end.
    pub pending_count: u32,
    /// The fewest RUNNING tasks after it had first reached its desired count; none where it never did.
    pub min_running_count: Option<u32>,
    /// Seconds in which fewer tasks than desired were RUNNING.
    pub below_desired_seconds: f64,
    /// Tasks placed.
    pub placed: u64,
    /// Tasks asked to stop.
    pub stops: u64,
    /// Tasks that never reached RUNNING.
    pub failed_to_start: u64,
    /// Tasks lost with their host.
    pub lost: u64,
    /// Placement attempts that found no instance.
    pub placement_failures: u64,
    /// Times from request to RUNNING.
    pub time_to_running: TimeToRunning,
    /// Activities of service auto scaling.
    pub scaling_activities: u32,
    /// How often a scaling policy was invoked and changed nothing, for a new reason.
    pub not_scaled: u32,
    /// Its deployments; the first is its creation.
    pub deployments: u32,
    /// Those that failed or were stopped.
    pub deployments_failed: u32,
    /// `rolloutState` of its PRIMARY deployment at the end.
    pub rollout_state: &'static str,
    /// What became of the requests to it; left out where the scenario sends none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
    /// When the last entry of its event list was written, in seconds since the start.
    pub last_event_seconds: Option<f64>,
    /// What it says.
    pub last_event: Option<String>,
}

/// What became of the requests to a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// Requests, repeated ones included.
    pub requests: f64,
    /// Answered with an error, lost, or timed out.
    pub failed: f64,
    /// Turned away because nobody could take them.
    pub rejected: f64,
    /// Mean time to the answer, in seconds; none where there was no answer.
    pub mean_latency_seconds: Option<f64>,
    /// The largest 95th percentile of a metrics period, in seconds.
    pub worst_p95_seconds: f64,
    /// The largest 99th percentile of a metrics period, in seconds.
    pub worst_p99_seconds: f64,
    /// How long it was out of its SLO, in minutes; none without an SLO.
    pub out_of_slo_minutes: Option<f64>,
}

/// One entry of `workload:`, or one call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadSummary {
    /// Its name.
    pub name: String,
    /// Copies it asked for.
    pub requested: u64,
    /// Placed.
    pub placed: u64,
    /// RUNNING at the end.
    pub running: u64,
    /// Unplaced and kept at the end.
    pub waiting: u64,
    /// Unplaced and given up.
    pub dropped: u64,
    /// STOPPED.
    pub stopped: u64,
    /// Never reached RUNNING.
    pub failed_to_start: u64,
    /// Lost with their host.
    pub lost: u64,
    /// Calls that could not place every copy.
    pub placement_failures: u64,
    /// Times from request to RUNNING.
    pub time_to_running: TimeToRunning,
}

#[cfg(test)]
mod tests;
