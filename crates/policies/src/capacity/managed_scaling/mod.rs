//! Cluster auto scaling: from waiting tasks to a desired number of instances, once a minute (CAS rules).
//!
//! * [`need`]: M, the number of instances that the waiting tasks call for.
//! * [`reservation`]: the metric `CapacityProviderReservation`, M over N, and how it stands to its target.
//! * [`alarms`]: the high and the low alarm on it.
//! * [`step`]: what one action makes of the desired capacity, and when it may not act.
//!
//! Everything is computed in integers: `ceil(3 / 0.75)` in floats is a classic off-by-one.

pub mod alarms;
pub mod controller;
pub mod need;
pub mod reservation;
pub mod step;
