//! The workloads of the benches, as plain functions that return a digest of what they computed.
//!
//! * [`hold`]: the calendar under the classic HOLD model.
//! * [`placement`]: one placement and the upkeep it causes, in a cluster in its steady state.
//! * [`day`]: a day of a million tasks from end to end, every trace on.
//! * [`week`]: a week of an auto-scaled, Spot-heavy cluster of two thousand instances from end to end.
//! * [`quiet`]: a day of nothing but ticks, with much or little in the past.
//! * [`services`]: five hundred services with scaling policies, a week long, and a day of them when nothing changes.
//! * [`pins`]: what each of them computes, in every size. A bench panics where the digest is another one, and small
//!   sizes run among the tests: nobody makes this faster by making it wrong, and nothing here rots.

pub mod day;
pub mod end_to_end;
pub mod hold;
pub mod pins;
pub mod placement;
pub mod quiet;
pub mod services;
pub mod week;
