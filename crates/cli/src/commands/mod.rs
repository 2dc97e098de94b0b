//! One file per command.

pub mod run;
pub mod check;
pub mod test;
pub mod explain;
pub mod catalog;
pub mod schema;
pub mod completions;
