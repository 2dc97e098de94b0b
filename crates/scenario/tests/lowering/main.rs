//! From the text of a scenario to a checked model: text in, model or problems out, a test for each rule of the
//! specification that is decided before a run.

mod artefacts;
mod attributes;
mod calls;
mod capabilities;
mod capacity;
mod containers;
mod deployments;
mod diagnostics;
mod examples;
mod fleet;
mod kit;
mod labs;
mod load_balancing;
mod placement;
mod quotas;
mod requests;
mod scaling;
mod services;
mod settings;
mod task_definitions;
mod traces;
