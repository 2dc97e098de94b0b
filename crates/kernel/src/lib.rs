//! The bottom of the house: what any deterministic discrete-event simulation needs, and nothing about what is simulated.
//!
//! Equal inputs give bit-equal runs on every platform, WebAssembly included. Nothing in here reads a clock, a file or
//! the environment, starts a thread, or iterates over a hash container. In reading order:
//!
//! 1. [`time`]: [`SimTime`] and [`Span`], integer milliseconds that cannot be mixed.
//! 2. [`table`]: [`id!`] makes typed `u32` ids, and [`Table`] is the vector that only they index.
//! 3. [`interner`]: [`Names`], from a text name to its id and back.
//! 4. [`calendar`]: [`Calendar`], what is due next, in the total order (time, phase, sequence).
//! 5. [`digest`]: [`Digest`], the stable hash that tells whether two runs are the same run.
//! 6. [`streams`]: [`Streams`], one random stream per purpose and entity, so that policies cannot disturb each other's luck.
//! 7. [`math`]: the few functions beyond `+ - * / sqrt`, the same bits everywhere.
//! 8. [`distribution`]: [`Distribution`], named distributions, exactly one uniform per draw.

pub mod calendar;
pub mod digest;
pub mod distribution;
mod heap;
pub mod interner;
pub mod math;
pub mod streams;
pub mod table;
pub mod time;

pub use calendar::{Calendar, Due, Phase};
pub use digest::{Digest, hash64, stable_hash};
pub use distribution::{Distribution, DistributionError};
pub use interner::Names;
pub use streams::{Key, Purpose, Stream, Streams};
pub use table::{Id, Table};
pub use time::{ParseSpanError, SimTime, Span};
