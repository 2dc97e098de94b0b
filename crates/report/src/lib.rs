//! Folds over the facts of a run: what it leaves behind. Nothing here can disturb a run.
//!
//! * [`metrics`]: the catalogue of metrics, one file a family; gives the CSV columns and the names of `expect:`.
//! * [`sinks`]: the files of a run: `tasks.csv`, `container_instances.csv`, `events.jsonl`, the metric tables.
//! * [`summary`]: the numbers a planner wants to see first.
//! * [`responses`]: the numbers by which runs are compared.
//! * [`expect`]: the little language of `expect:` and its verdicts.
//! * [`cost`]: prices, bills and who caused them.
//! * [`clock`]: simulated time as ISO 8601.

pub mod clock;
pub mod cost;
pub mod expect;
pub mod metrics;
pub mod responses;
pub mod sinks;
pub mod summary;
