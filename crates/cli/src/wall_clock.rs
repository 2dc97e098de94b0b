//! The only place where ecsim looks at a clock: how long a run took is told to people and written into the manifest.

#![expect(clippy::disallowed_types, reason = "the wall clock is kept to this module, outside the simulation")]

use std::time::Instant;

/// Time that passes outside the simulation.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to count.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Seconds since the start.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
