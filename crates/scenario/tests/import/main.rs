//! `import`: from what people have to a scenario that passes the check, and a word about everything that is not in it.

mod answers;
mod kit;
mod mistakes;
mod mutations;
mod others;
mod templates;
