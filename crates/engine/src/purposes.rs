//! Which random stream is for what. Numbers are permanent and never reused: a changed number changes every run.
//!
//! Keys are names and ordinals from outside the policies ("the 17th start of `web`"), so that changing one policy
//! leaves every other draw as it was.

use ecsim_kernel::Purpose;

/// Times between arrivals of a workload entry. Key: its name.
pub const ARRIVALS: Purpose = Purpose(100);
/// How long a container runs before it ends by itself. Key: origin, container.
pub const DURATION: Purpose = Purpose(101);
/// Whether and when a container crashes. Key: origin, container.
pub const CRASH: Purpose = Purpose(102);
/// How long an image pull takes. Key: origin, container.
pub const IMAGE_PULL: Purpose = Purpose(103);
/// How long create and start take. Key: origin.
pub const START: Purpose = Purpose(104);
/// How long a container takes to exit after the stop signal. Key: origin, container.
pub const STOP: Purpose = Purpose(105);
/// How long attaching a network interface takes. Key: origin.
pub const ENI_ATTACH: Purpose = Purpose(106);
/// How long detaching a network interface takes. Key: origin.
pub const ENI_DETACH: Purpose = Purpose(107);
/// Which of equal instances gets a task (PLC-022). Key: origin.
pub const PLACEMENT_TIE: Purpose = Purpose(108);
/// Which of several subnets in the zone is used (PLC-007). Key: origin.
pub const SUBNET: Purpose = Purpose(109);
/// Whether a task fails to start. Key: origin.
pub const FAIL_TO_START: Purpose = Purpose(110);
/// How much memory a container uses. Key: origin, container.
pub const MEMORY_USE: Purpose = Purpose(111);
/// Which instances a selector of the timeline picks. Key: the call.
pub const SELECTOR: Purpose = Purpose(112);
/// How long a task waits in PROVISIONING before it gives up (CAS-010). Key: origin.
pub const PROVISIONING_TIMEOUT: Purpose = Purpose(114);
/// From an instance's launch to its registration (LAT-004). Key: its name.
pub const COLD_LAUNCH: Purpose = Purpose(115);
/// From an instance's launch to running (BIL-010). Key: its name.
pub const INSTANCE_PENDING: Purpose = Purpose(116);
/// From a warm instance's start to its registration, and its stop (LAT-005). Key: its name.
pub const WARM_INSTANCE: Purpose = Purpose(117);
/// From shutting down to terminated (LAT-020). Key: the instance's name.
pub const SHUTDOWN: Purpose = Purpose(118);
/// How long whoever listens to a lifecycle hook takes. Key: the instance's name, the hook.
pub const LIFECYCLE_HOOK: Purpose = Purpose(119);
/// How long a group takes to learn that an instance is gone (LAT-021). Key: the instance's name.
pub const HEALTH_NOTICE: Purpose = Purpose(120);
/// Whether and when an instance fails its status checks (ASG-006). Key: its name.
pub const STATUS_CHECK: Purpose = Purpose(121);
/// When AWS takes back a Spot instance on its own (SPT-016). Key: its name.
pub const SPOT_INTERRUPTION: Purpose = Purpose(122);
/// When a pool loses instances in a cluster, and what share (SPT-017). Key: the pool.
pub const SPOT_POOL_EVENT: Purpose = Purpose(123);
/// Whether an event of a pool takes an instance, and when its notice comes (SPT-017). Key: the instance's name, the event.
pub const SPOT_POOL_HIT: Purpose = Purpose(124);
/// How long a scarce pool is up and down (SPT-018). Key: the pool.
pub const SPOT_POOL_UP_DOWN: Purpose = Purpose(125);
/// When rebalance recommendations come (SPT-003). Key: the instance's name.
pub const REBALANCE: Purpose = Purpose(126);
/// From a Spot notice to DRAINING (SPT-004). Key: the instance's name.
pub const SPOT_DRAIN: Purpose = Purpose(127);
/// How a Spot price moves (SPT-013). Key: the pool, the day.
pub const SPOT_PRICE: Purpose = Purpose(128);
/// How long a Fargate task is provisioned, pulled, started, torn down (FGT-020). Key: origin.
pub const FARGATE: Purpose = Purpose(129);
/// When a Fargate Spot task is taken back (SPT-011). Key: origin.
pub const FARGATE_SPOT: Purpose = Purpose(130);
/// How the health check of a container goes (TSK-041). Key: origin, container, run.
pub const HEALTH_CHECK: Purpose = Purpose(131);
/// How long an agent waits between attempts to pull (TSK-051). Key: origin.
pub const PULL_RETRY: Purpose = Purpose(133);
/// How a task answers the probes of load balancers (LB-014). Key: origin, container, run.
pub const TARGET_PROBES: Purpose = Purpose(132);
/// How long registration of an instance takes. Key: its name.
pub const REGISTRATION: Purpose = Purpose(113);
/// Which device of an instance a share of a GPU lies on, where chance decides (not ECS). Key: origin.
pub const GPU_DEVICE: Purpose = Purpose(134);
/// Whether a container cannot be stopped. Key: origin, container, run.
pub const FAIL_TO_STOP: Purpose = Purpose(135);
/// How long an agent waits between attempts to stop (TSK-051). Key: origin, container, run.
pub const STOP_RETRY: Purpose = Purpose(136);
/// How traffic varies from step to step. Key: the workload's name, which of its noises, the step.
pub const TRAFFIC_NOISE: Purpose = Purpose(150);
/// Which row of a shuffled trace comes when. Key: the workload's name.
pub const TRACE_ORDER: Purpose = Purpose(151);
