//! Ids that AWS would make up and nothing in the simulator needs: made from names and numbers, the same in every run.

use core::hash::Hash;

use ecsim_kernel::stable_hash;

const DIGITS: [u8; 16] = *b"0123456789abcdef";

fn pair<T: Hash>(of: &T) -> [u64; 2] {
    let first = stable_hash(of);
    [first, stable_hash(&(first, 0_u8))]
}

fn push_hex(out: &mut String, word: u64, digits: u32) {
    for digit in (0..digits).rev() {
        out.push(char::from(DIGITS[(word >> (4 * digit) & 15) as usize]));
    }
}

/// Overwrites `out` with a UUID.
pub(super) fn write_uuid<T: Hash>(of: &T, out: &mut String) {
    let [first, second] = pair(of);
    out.clear();
    for (word, digits) in [(first >> 32, 8), (first >> 16, 4), (first, 4), (second >> 48, 4), (second, 12)] {
        if !out.is_empty() {
            out.push('-');
        }
        push_hex(out, word, digits);
    }
}

pub(super) fn uuid<T: Hash>(of: &T) -> String {
    let mut out = String::with_capacity(36);
    write_uuid(of, &mut out);
    out
}

/// Hexadecimal digits.
pub(super) fn hex<T: Hash>(of: &T, digits: usize) -> String {
    let mut out = String::with_capacity(digits + 15);
    let mut word = stable_hash(of);
    while out.len() < digits {
        push_hex(&mut out, word, 16);
        word = stable_hash(&(word, 1_u8));
    }
    out.truncate(digits);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let id = uuid(&("a", 1));
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
        assert!(id.bytes().all(|byte| byte == b'-' || DIGITS.contains(&byte)));
        assert_ne!(id, uuid(&("a", 2)));
        assert_eq!((hex(&1, 64).len(), hex(&1, 7).len()), (64, 7));
    }
}
