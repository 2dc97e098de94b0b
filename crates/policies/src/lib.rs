//! AWS's control planes as functions of a read-only view: they look, and answer with what they want done.
//!
//! * [`placement`]: where a task goes (PLC, CQL, RES, FLR rules): the four steps, and why an instance fell out.
//! * [`capacity`]: capacity providers, cluster auto scaling, Auto Scaling groups (CP, CAS, ASG rules).
//! * [`scaling`]: what scaling policies and scheduled actions make of a capacity (ASG-020 to ASG-025), and
//!   service auto scaling as a whole (SAS rules).
//! * [`cloudwatch`]: when alarms change their state (CW-001 to CW-014).
//! * [`services`]: how a service holds its desired count (REPLICA, DAEMON, draining, scale-in, zone rebalancing).
//! * [`ages`]: ages are compared in whole seconds.
//! * [`purposes`]: what the policies draw random numbers for.
//! * [`settings`]: every number that AWS does not publish, with its default and its rule.
//! * `testkit` (feature of that name): a small cluster from a short description.
//!
//! Nothing here can change the cluster, see the calendar, or know that a report exists.

pub mod ages;
pub mod capacity;
pub mod cloudwatch;
pub mod load_balancing;
pub mod placement;
pub mod purposes;
pub mod scaling;
pub mod services;
pub mod settings;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
mod view;

pub use settings::Settings;
pub use view::{Controller, Decision, View};
