//! What random models are made with.
#![allow(dead_code, reason = "each part of the swarm uses some of it")]

use ecsim_engine::builder::constant;
use ecsim_kernel::{Distribution, Key, Purpose, Stream, Streams};

pub struct Dice(Stream);

impl Dice {
    /// The dice of one model.
    pub fn new(seed: u64, of: &str) -> Self {
        Self(Streams::new(seed, 0).stream(Purpose(9_000), Key::new(of, 0)))
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.uniform() < probability
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    pub fn some<T: Copy>(&mut self, from: &[T], probability: f64) -> Vec<T> {
        from.iter().copied().filter(|_| self.chance(probability)).collect()
    }

    pub fn count(&mut self, from: u64, to: u64) -> u32 {
        u32::try_from(from + self.below(to - from + 1)).unwrap()
    }

    /// Some seconds, or none at all where delays are off.
    pub fn wait(&mut self, delays: bool, most: u64) -> Distribution {
        if !delays {
            return constant(0.0);
        }
        match self.below(3) {
            0 => constant(self.below(most) as f64),
            1 => Distribution::uniform(0.0, most as f64).unwrap(),
            _ => Distribution::exponential(most as f64 / 3.0).unwrap(),
        }
    }
}
