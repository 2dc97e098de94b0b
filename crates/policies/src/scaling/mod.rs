//! What scaling policies make of a capacity: instances of an Auto Scaling group, or tasks of a service.
//!
//! * [`metric`]: values and thresholds without rounding.
//! * [`alarm`]: when enough of the newest datapoints breach.
//! * [`clamp`]: nothing leaves the minimum and the maximum.
//! * [`target_tracking`], [`step`], [`simple`]: the three kinds of policies.
//! * [`conflict`]: which of several policies wins.
//! * [`schedule`]: scheduled actions, at a time or on a recurrence. [`expression`]: `at`, `rate` and `cron` of services.
//! * [`service`]: service auto scaling as a control loop. [`settings`]: its numbers that AWS does not publish.
//!
//! Everything but [`service`] is arithmetic; clocks and the order of actions belong to the controllers that use it.

pub mod alarm;
pub mod clamp;
pub mod conflict;
pub mod expression;
pub mod metric;
pub mod schedule;
pub mod service;
pub mod settings;
pub mod simple;
pub mod step;
pub mod target_tracking;
