//! One file per command.

pub mod catalog;
pub mod check;
pub mod compare;
pub mod completions;
pub mod explain;
mod explain_deployment;
mod explain_scaling;
pub mod import;
pub mod lab;
pub mod report;
pub mod run;
pub mod schema;
pub mod sweep;
pub mod test;
