//! Service auto scaling: Application Auto Scaling for the desired count of a service (SAS rules).
//!
//! * [`spec`]: policies and actions as configured.
//! * [`controller`]: the loop of one service.
//! * [`proposals`]: what each kind of policy wants when its alarm invokes it.
//! * [`cooldown`]: what a policy did lately, and what of it is credited.
//! * [`forecast`]: predictive scaling.
//!
//! *What AWS documents.* The running count is where every calculation starts (SAS-002); which alarms there are (SAS-011);
//! that a lasting alarm invokes its policy again and again (SAS-015); who wins (SAS-054); cooldowns (SAS-050 to SAS-053); no
//! scale-in during deployments (SAS-040). The formula itself is ours (SAS-021).
//!
//! *How we know it is right.* The worked examples beside each part, and a scenario for each mechanism:
//! `scenarios/service-*.yaml`.

pub mod controller;
pub mod cooldown;
pub mod forecast;
pub mod proposals;
pub mod spec;

pub use controller::ServiceScalingController;
