//! The loop of a run, and the world around the cluster.
//!
//! * [`load`]: what requests do to tasks: queueing theory.
//! * [`model`]: the checked scenario: what [`Simulation`] runs.
//! * [`builder`]: models made by hand.
//! * [`demand`]: requests to services, part of the model.
//! * [`fleet`]: how capacity behaves, part of the model.
//! * [`event`]: everything that can be due.
//! * [`simulation`]: the loop, on one screen.
//! * `execute`: commands of controllers become facts, or a refusal as a fact.
//! * `calls`: API calls of the timeline and of workloads, likewise.
//! * `world`: arrivals, tasks on their hosts, instances, clients that wait.
//! * [`probe`]: asks for the placement funnel of one decision while a run goes by.
//! * [`purposes`]: which random stream is for what.
//!
//! The engine reads no file, prints nothing, and knows no scenario syntax.

pub mod builder;
mod calls;
mod controllers;
pub mod demand;
pub mod event;
mod execute;
pub mod fleet;
pub mod load;
pub mod model;
pub mod probe;
pub mod purposes;
pub mod simulation;
mod watchers;
mod world;

pub use model::Model;
pub use simulation::{Limit, Overrun, RunCounts, Simulation};
