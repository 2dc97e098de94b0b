//! A hash of our own exists because the standard library's may change with its version, and two runs are equal when their digests are.
//!
//! Not for keeping secrets, and not against an adversary. A value hashed through `#[derive(Hash)]` has the same digest on every platform,
//! with one exception in the standard library: a *slice* or `Vec` of integers is fed as raw memory, so one of `usize` differs between 32 and
//! 64 bits. Hash such elements one by one, or as `u32`/`u64`.

use core::hash::{Hash, Hasher};

// Odd, half of the bits set, no structure: the fractional digits of pi.
const K0: u64 = 0x243f_6a88_85a3_08d3;
const K1: u64 = 0x1319_8a2e_0370_7345;
const K2: u64 = 0xa409_3822_299f_31d0;
const K3: u64 = 0x082e_fa98_ec4e_6c89;

/// A streaming 64-bit hash that is the same on every platform and in every version of this crate.
///
/// Each write counts as a unit: `write(b"ab")` differs from `write(b"a")` followed by `write(b"b")`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Digest {
    // Two lanes: `fold` mixes best, but two different states may meet and stay together for good; `chain` mixes less, but
    // for equal input it is a bijection, so different states stay different through a run of millions of words.
    fold: u64,
    chain: u64,
}

impl Digest {
    /// The digest of nothing.
    pub const fn new() -> Self {
        Digest { fold: K2, chain: K3 }
    }

    /// The hash so far; writing may go on.
    #[inline]
    pub const fn value(&self) -> u64 {
        // A full avalanche (the finaliser of MurmurHash3), for users who keep only some of the bits.
        let mut x = folded(self.fold ^ K1, self.chain ^ K0) ^ self.chain;
        x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        x ^ (x >> 33)
    }

    /// The hash so far as 16 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        format!("{:016x}", self.value())
    }

    #[inline]
    const fn word(&mut self, word: u64) {
        self.fold = folded(self.fold ^ word, K0);
        self.chain = (self.chain ^ word).wrapping_mul(K1).rotate_left(29);
    }
}

/// The 128-bit product, its halves folded together.
#[inline]
const fn folded(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

impl Default for Digest {
    fn default() -> Self {
        Digest::new()
    }
}

impl Hasher for Digest {
    #[inline]
    fn finish(&self) -> u64 {
        self.value()
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, tail) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        // The last word is always written and holds the length, so that neither zeros nor nothing at the end go unnoticed.
        let mut last = [0; 8];
        last[..tail.len()].copy_from_slice(tail);
        last[7] = bytes.len() as u8;
        self.word(u64::from_le_bytes(last));
    }

    // The provided methods would write the memory of the number, whose order and width depend on the platform.
    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.word(u64::from(number));
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.word(u64::from(number));
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.word(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.word(number);
    }

    #[inline]
    fn write_u128(&mut self, number: u128) {
        self.word(number as u64);
        self.word((number >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.word(number as u64);
    }

    #[inline]
    fn write_isize(&mut self, number: isize) {
        self.word(number as i64 as u64);
    }
}

/// The stable hash of a string of bytes.
pub fn hash64(bytes: &[u8]) -> u64 {
    let mut digest = Digest::new();
    digest.write(bytes);
    digest.value()
}

/// The stable hash of a value, through its `Hash`.
pub fn stable_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut digest = Digest::new();
    value.hash(&mut digest);
    digest.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[derive(Hash)]
    enum Sample {
        Empty,
        Named { name: &'static str, count: u32 },
        Pair(i8, Option<usize>),
    }

    #[test]
    fn every_write_counts() {
        let mut seen = BTreeSet::new();
        for length in 0..600 {
            assert!(seen.insert(hash64(&vec![0; length])), "{length} zeros");
        }
        let mut joined = Digest::new();
        joined.write(b"ab");
        let mut split = Digest::new();
        split.write(b"a");
        split.write(b"b");
        assert_ne!(joined, split);
        assert_ne!(stable_hash(&(1_u32, 2_u32)), stable_hash(&(2_u32, 1_u32)));
    }

    #[test]
    fn widths_of_the_platform_do_not_matter() {
        assert_eq!(stable_hash(&5_usize), stable_hash(&5_u64));
        assert_eq!(stable_hash(&-5_isize), stable_hash(&-5_i64));
    }

    #[test]
    fn each_input_bit_moves_half_of_the_output() {
        for bit in 0..64 {
            let flipped: u32 =
                (0..256).map(|x: u64| (stable_hash(&x) ^ stable_hash(&(x ^ 1 << bit))).count_ones()).sum();
            assert!((31 * 256..=33 * 256).contains(&flipped), "bit {bit}: {}", f64::from(flipped) / 256.0);
        }
    }

    #[test]
    fn small_keys_do_not_collide() {
        let keys = (0..200_000_u64).map(|n| stable_hash(&(n % 20, n / 20)) >> 16).collect::<BTreeSet<_>>();
        assert_eq!(keys.len(), 200_000);
    }

    #[test]
    fn pinned() {
        let values = [
            Digest::new().value(),
            hash64(b""),
            hash64(b"ecsim"),
            hash64(b"a longer text of more than one word"),
            stable_hash("web"),
            stable_hash(&0_u8),
            stable_hash(&u128::MAX),
            stable_hash(&Sample::Empty),
            stable_hash(&Sample::Named { name: "web", count: 3 }),
            stable_hash(&[Sample::Pair(-1, None), Sample::Pair(1, Some(2))]),
        ];
        assert_eq!(
            values,
            [
                0x2aea404097be4d39,
                0x927a39f4125c4ed2,
                0x8a547bd39caaf66c,
                0x19a15b3bfb96c923,
                0x956ddf4878ea9936,
                0x927a39f4125c4ed2,
                0xd888f802543ef1f9,
                0x927a39f4125c4ed2,
                0x5f7d1240a3ad793b,
                0x4a7a13a875bc4ee2
            ],
            "{values:#018x?}"
        );
        assert_eq!(Digest::new().hex(), format!("{:016x}", values[0]));
    }
}
