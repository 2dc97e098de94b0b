//! The Amazon ECS Cluster Query Language, kept as one self-contained module because `memberOf` constraints and the
//! `filter` of `ListContainerInstances` (CQL-003, PLC-040) need the same language and nothing else of the simulator.
//!
//! An [`Expression`] is parsed once, with every pattern, number, version and instant compiled, and then tested against
//! any number of [`Instance`]s. What is wrong in a text comes back as a [`QueryError`] with its place and a remedy.
//!
//! ```text
//! expr     = and-expr { ("or" | "||") and-expr }
//! and-expr = not-expr { ("and" | "&&") not-expr }
//! not-expr = ("not" | "!") not-expr | "(" expr ")" | simple
//! simple   = subject operator [ argument ]
//! ```

pub mod attributes;

mod ast;
mod error;
mod eval;
mod java;
mod parser;
mod pattern;
mod suggest;
mod value;

#[cfg(test)]
mod tests;

pub use ast::{Expression, Subjects};
pub use error::QueryError;
pub use eval::{AttributeValue, Instance};
pub use parser::{EXPRESSION_LENGTH_LIMIT, NESTING_LIMIT};
pub use pattern::BACKTRACK_LIMIT;
