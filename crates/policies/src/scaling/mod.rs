//! What scaling policies make of a capacity: instances of an Auto Scaling group, or tasks of a service.
//!
//! * [`metric`]: values and thresholds without rounding.
//! * [`alarm`]: when enough of the newest datapoints breach.
//! * [`clamp`]: nothing leaves the minimum and the maximum.
//! * [`target_tracking`], [`step`], [`simple`]: the three kinds of policies.
//! * [`conflict`]: which of several policies wins.
//! * [`schedule`]: scheduled actions, at a time or on a recurrence.
//!
//! Everything here is arithmetic; clocks and the order of actions belong to the controllers that use it.

pub mod alarm;
pub mod clamp;
pub mod conflict;
pub mod metric;
pub mod schedule;
pub mod simple;
pub mod step;
pub mod target_tracking;
