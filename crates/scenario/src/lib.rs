//! From the text of a scenario to a checked model: every problem at once, each with file, line and column.

pub mod diagnostic;
#[cfg(not(target_arch = "wasm32"))]
pub mod disk;
pub mod document;
pub mod import;
pub mod lab;
pub mod load;
pub mod lower;
pub mod prepare;
pub mod schema;
pub mod source;
pub mod validate;

pub use prepare::{Prepared, Ready, prepare};
