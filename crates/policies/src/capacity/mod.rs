//! Capacity providers, cluster auto scaling, Auto Scaling groups, Spot, Fargate: AWS's arithmetic as plain functions, and
//! the control loops that watch a cluster and act on it.
//!
//! * [`spec`]: what the scenario configures. [`settings`]: what AWS does not publish.
//! * [`provider_strategy`]: which capacity provider gets the next task, and which loses one.
//! * [`managed_scaling`]: how many instances cluster auto scaling wants (CAS rules).
//! * [`auto_scaling_group`]: where, in which market and as what an instance is launched, and which one goes (ASG rules).
//! * [`managed_instances`]: which instance ECS buys by itself, and which it gives up (CP-041 to CP-047).
//! * [`spot`]: when Spot capacity goes, and what it costs (SPT rules).
//! * [`fargate`]: how fast Fargate starts tasks, and when it retires them (CP-024, FGT-006).
//! * [`launch_bucket`]: a token bucket without rounding.
//!
//! Each file says what it takes from AWS and what it chose where AWS is silent. The files named `controller` hold the
//! loops; all others are plain numbers in, plain numbers out, no cluster in sight.

pub mod auto_scaling_group;
pub mod fargate;
pub mod launch_bucket;
pub mod managed_instances;
pub mod managed_scaling;
pub mod provider_strategy;
pub mod settings;
pub mod spec;
pub mod spot;
