//! Every concern of every entity draws from a stream of its own, so that changing one policy leaves all other luck as it was.
//!
//! A stream is ChaCha with 8 rounds: its key is the seed and the run index, its stream number a stable hash of (purpose, key). Making a fresh
//! one is cheap, so nothing needs to be kept but the few streams that are drawn from often.

use core::hash::Hasher;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::digest::{Digest, hash64};

/// What a stream is drawn for: one number per concern, permanent and never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Purpose(pub u16);

/// Whom a stream is drawn for: a name and an ordinal that no policy can shift, such as (`web`, the 17th start).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(u64);

impl Key {
    /// The key of the `ordinal`-th thing of that name: the same as `Key::of_bytes(name.as_bytes()).with(ordinal)`.
    pub fn new(name: &str, ordinal: u64) -> Key {
        Key::of_bytes(name.as_bytes()).with(ordinal)
    }

    /// The key of a string of bytes.
    pub fn of_bytes(bytes: &[u8]) -> Key {
        Key(hash64(bytes))
    }

    /// The key as a number, to be made part of another key.
    pub fn value(self) -> u64 {
        self.0
    }

    /// The key of the `ordinal`-th part of what this key stands for; may be repeated.
    pub fn with(self, ordinal: u64) -> Key {
        let mut digest = Digest::new();
        digest.write_u64(self.0);
        digest.write_u64(ordinal);
        Key(digest.value())
    }
}

/// All the luck of one run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Streams {
    /// The seed of the experiment.
    pub seed: u64,
    /// Which replication this is, from 0. Not added to the seed: run 1 of seed 5 has nothing in common with run 0 of seed 6.
    pub run_index: u64,
    /// Whether each uniform number u is replaced by 1 - u: the mirror image of the run, which reduces variance in pairs.
    pub antithetic: bool,
}

impl Streams {
    /// The luck of run `run_index` of an experiment with this `seed`.
    pub const fn new(seed: u64, run_index: u64) -> Self {
        Streams { seed, run_index, antithetic: false }
    }

    /// The stream of `key` for `purpose`, from its beginning.
    pub fn stream(&self, purpose: Purpose, key: Key) -> Stream {
        let mut bytes = *b"................ecsim streams v1";
        bytes[..8].copy_from_slice(&self.seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.run_index.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(bytes);
        let mut digest = Digest::new();
        digest.write_u16(purpose.0);
        digest.write_u64(key.0);
        generator.set_stream(digest.value());
        Stream { generator, antithetic: self.antithetic }
    }
}

/// A sequence of random numbers; a clone continues with the same numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
    antithetic: bool,
}

impl Stream {
    /// The next number strictly between 0 and 1, an odd multiple of 2^-53, from one 64-bit draw.
    pub fn uniform(&mut self) -> f64 {
        // The middle of one of 2^52 equal cells. With 2^53 cells, the upper half of the middles would need 54 bits: the last would round
        // to 1, and 1 - u would not be exact.
        const CELLS: f64 = (1_u64 << 52) as f64;
        let u = ((self.generator.next_u64() >> 12) as f64 + 0.5) / CELLS;
        if self.antithetic { 1.0 - u } else { u }
    }

    /// The next whole number from 0 to `n - 1`, from one 64-bit draw; biased by less than n / 2^64. Panics if `n` is 0.
    #[track_caller]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below 0");
        let draw = self.generator.next_u64();
        let draw = if self.antithetic { !draw } else { draw };
        ((u128::from(draw) * u128::from(n)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARRIVAL: Purpose = Purpose(1);

    fn first(streams: Streams, purpose: u16, key: Key) -> u64 {
        streams.stream(Purpose(purpose), key).below(u64::MAX)
    }

    #[test]
    fn each_part_of_the_address_matters() {
        let streams = Streams::new(1, 0);
        let web = Key::new("web", 17);
        assert_eq!(web, Key::of_bytes(b"web").with(17));
        let all = [
            first(streams, 1, web),
            first(streams, 2, web),
            first(streams, 1, Key::new("web", 18)),
            first(streams, 1, Key::new("api", 17)),
            first(streams, 1, web.with(0)),
            first(Streams::new(2, 0), 1, web),
            first(Streams::new(1, 1), 1, web),
            first(Streams::new(0, 1), 1, web),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(!all[..i].contains(a), "{i}");
        }
        assert_eq!(first(streams, 1, web), all[0]);
    }

    #[test]
    fn antithetic_runs_are_mirrored() {
        let plain = Streams::new(7, 3);
        let mirrored = Streams { antithetic: true, ..plain };
        let (mut a, mut b) = (plain.stream(ARRIVAL, Key::new("web", 0)), mirrored.stream(ARRIVAL, Key::new("web", 0)));
        for _ in 0..1_000 {
            assert_eq!(a.uniform() + b.uniform(), 1.0);
            assert_eq!(a.below(10) + b.below(10), 9);
        }
    }

    #[test]
    fn uniform_is_inside_and_even() {
        const CELLS: f64 = (1_u64 << 52) as f64;
        assert!(((1_u64 << 52) - 1) as f64 + 0.5 < CELLS);
        assert_eq!(1.0 - 0.5 / CELLS + 0.5 / CELLS, 1.0);
        let mut stream = Streams::new(5, 0).stream(ARRIVAL, Key::new("web", 0));
        let (mut sum, mut squares, mut counts) = (0.0, 0.0, [0_u32; 7]);
        let n = 100_000;
        for _ in 0..n {
            let u = stream.uniform();
            assert!(u > 0.0 && u < 1.0);
            sum += u;
            squares += u * u;
            counts[stream.below(7) as usize] += 1;
        }
        assert!((sum / f64::from(n) - 0.5).abs() < 0.003);
        assert!((squares / f64::from(n) - 1.0 / 3.0).abs() < 0.003);
        assert!(counts.iter().all(|count| count.abs_diff(n / 7) < 400), "{counts:?}");
    }

    #[test]
    fn a_clone_continues_with_the_same_numbers() {
        let mut stream = Streams::new(1, 0).stream(ARRIVAL, Key::new("web", 0));
        stream.uniform();
        let mut clone = stream.clone();
        assert_eq!(stream.uniform(), clone.uniform());
        assert_eq!(stream, clone);
        assert_eq!(stream.below(1), 0);
        assert_ne!(stream, clone);
    }

    #[test]
    fn first_numbers_are_pinned() {
        assert_eq!(Key::new("web", 17).0, 0xcb9a835e58e7f5d2);
        let mut stream = Streams::new(42, 0).stream(ARRIVAL, Key::new("web", 17));
        let draws = [(); 3].map(|()| stream.uniform().to_bits());
        assert_eq!(draws, [0x3fb78ae56490cc98, 0x3fe939bb410e3a35, 0x3fe8524340efcd7b], "{draws:#x?}");
        assert_eq!([(); 3].map(|()| stream.below(1_000_000)), [198_339, 964_009, 189_841]);
        let mut other_run = Streams::new(42, 1).stream(ARRIVAL, Key::new("web", 17));
        assert_eq!([(); 3].map(|()| other_run.below(1_000_000)), [11_737, 609_159, 737_243]);
    }
}
