//! What AWS cannot tell us: how long things take, how much a container really uses, and when it fails.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::capacity_behavior::{AutoScalingGroupBehavior, ManagedInstancesBehavior};
use super::custom_metric::CustomMetric;
use super::distribution::{DurationDistribution, MemoryDistribution};
use super::fargate_behavior::FargateBehavior;
use super::spot_behavior::SpotBehavior;
use super::units::{CpuTime, MemorySize, Percent};

/// How long things take, how much a container really uses, and when it fails.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Behavior {
    /// Delays of every task and instance of the scenario.
    pub latencies: Latencies,
    /// How often making the trunk network interface fails, so that the instance ends in REGISTRATION_FAILED (INS-001).
    /// Default 0%.
    pub trunk_failure: Option<Percent>,
    /// By task definition: the `family`, or `family:revision` where revisions differ.
    pub task_definitions: BTreeMap<String, TaskBehavior>,
    /// By target group or Classic Load Balancer: how its targets answer probes, in place of what `taskDefinitions` says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub target_groups: BTreeMap<String, HealthCheckBehavior>,
    /// By Auto Scaling group: how its instances come, go and fail.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub auto_scaling_groups: BTreeMap<String, AutoScalingGroupBehavior>,
    /// By capacity provider: how Managed Instances come, go and fail.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub managed_instances: BTreeMap<String, ManagedInstancesBehavior>,
    /// Interruptions and sizes of the pools that all groups share.
    pub spot: SpotBehavior,
    /// How Fargate behaves.
    pub fargate: FargateBehavior,
    /// By the ARN or the name of a function: how it answers as a lifecycle hook of a deployment (DEP-066). Default: with
    /// SUCCEEDED, at once.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lifecycle_hooks: BTreeMap<String, HookBehavior>,
    /// CloudWatch metrics for scaling policies that the simulator does not make itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<CustomMetric>,
}

/// How a function answers as a lifecycle hook of a deployment (DEP-066).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct HookBehavior {
    /// From the beginning of its stage to its answer; until then it says IN_PROGRESS. Default 0s.
    pub takes: super::units::Duration,
    /// What it says then. Default SUCCEEDED.
    pub result: HookResult,
}

/// What a lifecycle hook says at last (DEP-066).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HookResult {
    /// The deployment goes on.
    #[default]
    Succeeded,
    /// It is rolled back.
    Failed,
    /// It never says anything else: its timeout ends it.
    InProgress,
}

/// Delays of every task and instance; what `taskDefinitions` says wins. Defaults are the `settings` of the same
/// meaning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Latencies {
    /// Creating and attaching the network interface of an `awsvpc` task. Default: the setting `eni_attach` (LAT-009).
    pub eni_attach: Option<DurationDistribution>,
    /// Detaching and deleting it after the task has stopped. Default: the setting `eni_detach_s` (RES-016).
    pub eni_detach: Option<DurationDistribution>,
    /// A cold image pull, whatever the size. Default: `pull_base_s` and the size over `pull_mb_per_s` (LAT-010).
    pub image_pull: Option<DurationDistribution>,
    /// A pull of an image that the instance has already. Default: the setting `cached_pull` (LAT-011).
    pub cached_image_pull: Option<DurationDistribution>,
    /// Creating and starting the containers after the pull. Default: the setting `container_start` (MEAS-025).
    pub start: Option<DurationDistribution>,
    /// From `joinAt` to the registration of the container instance. Default 0s (INS-002).
    pub instance_registration: Option<DurationDistribution>,
    /// In REGISTERING, while the trunk network interface is attached. Default 0s (INS-001, RES-041).
    pub trunk_attach: Option<DurationDistribution>,
    /// In DEREGISTERING, while it is removed. Default 0s (INS-001).
    pub trunk_detach: Option<DurationDistribution>,
}

/// How the tasks of a task definition behave. Keys of the task describe its first essential container, unless they say
/// otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TaskBehavior {
    /// Compressed size of all its images together, unless `containers` gives them one by one (LAT-010). Default: the
    /// setting `default_image_mb`.
    pub image_size: Option<MemorySize>,
    /// How long a cold pull takes, in place of the model by size (LAT-010).
    pub image_pull: Option<DurationDistribution>,
    /// How long a pull takes where the instance has the image already (LAT-011).
    pub cached_image_pull: Option<DurationDistribution>,
    /// Creating and starting the containers after the pull (MEAS-025).
    pub start: Option<DurationDistribution>,
    /// From the stop signal to the exit; longer than `stopTimeout` means SIGKILL and exit code 137 (TSK-025, TSK-027).
    /// Default 0s.
    pub stop: Option<DurationDistribution>,
    /// Exit code after the stop signal: 0 handles it, 143 dies of it (TSK-027). Default 0.
    pub stop_exit_code: Option<u8>,
    /// From RUNNING until it ends by itself. Default: it runs until it is stopped.
    pub duration: Option<DurationDistribution>,
    /// Exit code when it ends by itself. Default 0.
    pub exit_code: Option<u8>,
    /// It crashes after a while.
    pub crash: Option<Crash>,
    /// How its container health check goes. Default: every probe passes at once.
    pub health_check: Option<HealthCheckBehavior>,
    /// How it answers the probes of load balancers (LB-014). Default: at once, every time.
    pub target_health_check: Option<HealthCheckBehavior>,
    /// It never reaches RUNNING.
    pub fail_to_start: Option<FailToStart>,
    /// Its agent cannot stop it, and after a while counts it as stopped (TSK-053).
    pub fail_to_stop: Option<FailToStop>,
    /// How much memory it really uses. Default: less than any limit.
    pub memory: Option<MemoryUse>,
    /// CPU time of a request to its service, the mean: a revision that is slower or faster than the workload says.
    pub cpu_per_request: Option<CpuTime>,
    /// The share of its answers that are errors, beside the `errorRate` of the workload: a revision with a mistake in it.
    pub error_rate: Option<Percent>,
    /// What differs for single containers, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub containers: BTreeMap<String, ContainerBehavior>,
}

/// How one container of a task behaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContainerBehavior {
    /// Compressed size of its image (LAT-010).
    pub image_size: Option<MemorySize>,
    /// From the stop signal to the exit (TSK-025). Default 0s.
    pub stop: Option<DurationDistribution>,
    /// Exit code after the stop signal (TSK-027). Default 0.
    pub stop_exit_code: Option<u8>,
    /// From its start until it ends by itself. Default: it runs until it is stopped.
    pub duration: Option<DurationDistribution>,
    /// Exit code when it ends by itself. Default 0.
    pub exit_code: Option<u8>,
    /// It crashes after a while; after a restart again, drawn anew.
    pub crash: Option<Crash>,
    /// How its health check goes (TSK-041).
    pub health_check: Option<HealthCheckBehavior>,
    /// How it answers the probes of load balancers (LB-014).
    pub target_health_check: Option<HealthCheckBehavior>,
    /// How much memory it really uses.
    pub memory: Option<MemoryUse>,
}

/// How the health check of a container goes (TSK-041), or how it answers the probes of load balancers (LB-014). Times count
/// from the container's start, and again from each restart. By default every probe passes at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HealthCheckBehavior {
    /// Probes that begin earlier fail: the container is not ready yet. Default 0s.
    pub ready: Option<DurationDistribution>,
    /// How long a probe takes; one that takes longer than the check's `timeout` fails then. Default 0s.
    pub duration: Option<DurationDistribution>,
    /// It begins to fail after a while.
    pub fails: Option<HealthCheckFailure>,
    /// Whether a probe that fails hangs until the check's `timeout`; else it fails at once. Default false.
    #[serde(default)]
    pub hangs: bool,
}

/// A health check begins to fail after a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HealthCheckFailure {
    /// From the container's start to the first probes that fail.
    pub after: DurationDistribution,
    /// For how long they fail. Default: for good.
    pub lasts: Option<DurationDistribution>,
    /// How many of the containers fail so; the others do not. Default 100%.
    #[serde(default = "all")]
    pub probability: Percent,
}

/// A crash after a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Crash {
    /// From the container's start to the crash.
    pub after: DurationDistribution,
    /// The exit code. Default 1.
    #[serde(default = "one")]
    pub exit_code: u8,
    /// How many of the tasks crash so; the others do not. Default 100%.
    #[serde(default = "all")]
    pub probability: Percent,
}

fn one() -> u8 {
    1
}

fn all() -> Percent {
    Percent::ALL
}

/// A failure before RUNNING.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FailToStart {
    /// How many of the tasks fail so. Default 100%.
    #[serde(default = "all")]
    pub probability: Percent,
    /// The error in `stoppedReason` (TSK-053).
    #[serde(default)]
    pub error: StartError,
    /// What `stoppedReason` says after the error's name; this version has words of its own.
    #[schemars(extend("x-ecsim" = "later"))]
    pub message: Option<String>,
}

/// A container that cannot be stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FailToStop {
    /// How many of the tasks that are told to stop cannot be stopped. Default 100%.
    #[serde(default = "all")]
    pub probability: Percent,
    /// The error in the container's `reason` (TSK-053).
    #[serde(default)]
    pub error: StopError,
}

/// Errors with which a container is not stopped; it has no exit code then (TSK-053).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StopError {
    /// Docker refuses, five times: the agent gives up after 6 to 8 seconds (TSK-051).
    #[default]
    CannotStopContainerError,
    /// Docker does not answer, five times in `stopTimeout` and 2 minutes each (TSK-051).
    DockerTimeoutError,
}

/// Errors that keep a task from RUNNING (TSK-053).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StartError {
    /// The image could not be pulled.
    #[default]
    CannotPullContainerError,
    /// The same, from ECR.
    CannotPullECRContainerError,
    /// The image's manifest could not be read.
    CannotPullImageManifestError,
    /// Docker could not create the container.
    CannotCreateContainerError,
    /// Docker could not start the container: it fails when the time of `start` is over.
    CannotStartContainerError,
    /// Docker could not describe the container.
    CannotInspectContainerError,
    /// Docker did not answer in time: it fails after the 3 minutes that the agent waits for a start, 8 on Windows (TSK-051).
    DockerTimeoutError,
    /// Something the task needs (a secret, a volume, a network interface) could not be set up.
    ResourceInitializationError,
    /// It ran out of memory at the start.
    OutOfMemoryError,
}

impl StartError {
    /// The name as AWS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CannotPullContainerError => "CannotPullContainerError",
            Self::CannotPullECRContainerError => "CannotPullECRContainerError",
            Self::CannotPullImageManifestError => "CannotPullImageManifestError",
            Self::CannotCreateContainerError => "CannotCreateContainerError",
            Self::CannotStartContainerError => "CannotStartContainerError",
            Self::CannotInspectContainerError => "CannotInspectContainerError",
            Self::DockerTimeoutError => "DockerTimeoutError",
            Self::ResourceInitializationError => "ResourceInitializationError",
            Self::OutOfMemoryError => "OutOfMemoryError",
        }
    }
}

/// How much memory a container really uses. Crossing the hard limit kills it with exit code 137 (TSK-026, TSK-027).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MemoryUse {
    /// Use at the start, drawn once for each task.
    pub per_task: MemoryDistribution,
    /// What it grows by in an hour: a leak. Default 0B.
    #[serde(default)]
    pub growth_per_hour: MemorySize,
}
