//! One file per command.

pub mod catalog;
pub mod check;
pub mod completions;
pub mod explain;
pub mod run;
pub mod schema;
pub mod test;
