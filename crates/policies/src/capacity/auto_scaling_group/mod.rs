//! An EC2 Auto Scaling group: its [`controller`], and its decisions, each a function of plain numbers (ASG rules).
//! [`launch`] and [`victim`] tell those functions what is true of the group.
//!
//! For a launch, in this order: [`mixed`] says in which market, [`zones`] in which Availability Zone, [`allocation`] as
//! which instance type; after a failure [`backoff`] says when to try again. For a termination [`termination`] says which
//! instance, [`hooks`] how long it may be held. [`warm_pool`] keeps instances ready.
//!
//! For replacements: [`health`] says what is unhealthy, [`maintenance`] how many instances there must be meanwhile,
//! [`refresh`] how an instance refresh goes about it, [`rebalance`] how instances move to other zones.
//!
//! Three files look at a cluster: [`controller`] keeps the desired capacity, [`replacement`] is its part that exchanges
//! instances, [`scaling`] sets the desired capacity by the group's own policies and schedule.
//!
//! [`Tie`] is how equals are told apart everywhere.

pub mod allocation;
pub mod backoff;
pub mod controller;
pub mod health;
pub mod hooks;
pub mod launch;
pub mod maintenance;
pub mod mixed;
pub mod rebalance;
pub mod refresh;
pub mod replacement;
pub mod scaling;
pub mod termination;
pub mod victim;
pub mod warm_pool;
pub mod zones;

use ecsim_kernel::Stream;

/// How equals are told apart: `az_tie` (ASG-003), `billing_hour_tie` (ASG-031).
#[derive(Debug)]
pub enum Tie<'a> {
    /// The first in the order of the configuration or of the ids.
    Order,
    /// At random, from this stream; one draw for each choice among equals.
    Random(&'a mut Stream),
}
