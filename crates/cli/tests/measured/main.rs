//! What others measured on real AWS (`spec/40-measured.md`): each case as a scenario that anybody could write, run with
//! the defaults over twenty seeds and judged as its row says; and the latencies of `spec/20-capacity.md` in force.

mod constants;
mod fargate;
mod groups;
mod instances;
mod kit;
mod services;
mod spot;
mod targets;
