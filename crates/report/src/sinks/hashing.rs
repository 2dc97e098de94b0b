//! A writer that hashes and counts what passes through, so that a trace is hashed while it is written, not read again.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

/// Hands everything on to another writer, and hashes and counts it.
pub struct HashingWriter<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

/// What a [`HashingWriter`] has seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seal {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256 as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl<W> HashingWriter<W> {
    /// A writer around `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// The inner writer, and what went to it.
    pub fn into_parts(self) -> (W, Seal) {
        (self.inner, Seal { bytes: self.bytes, sha256: hex(&self.hash.finalize()) })
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        let passed = bytes.get(..taken).unwrap_or(bytes);
        self.hash.update(passed);
        self.bytes += passed.len() as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The SHA-256 of some bytes as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn it_is_sha_256_and_nothing_is_lost() {
        let mut writer = HashingWriter::new(Vec::new());
        writer.write_all(b"a").unwrap();
        writer.write_all(b"bc").unwrap();
        let (bytes, seal) = writer.into_parts();
        assert_eq!(bytes, b"abc");
        assert_eq!(seal, Seal { bytes: 3, sha256: ABC.to_owned() });
        assert_eq!(sha256(b"abc"), ABC);
    }

    #[test]
    fn only_what_the_inner_writer_takes_is_hashed() {
        let mut room = [0_u8; 3];
        let mut writer = HashingWriter::new(&mut room[..]);
        assert_eq!(writer.write(b"abcdef").unwrap(), 3);
        assert_eq!(writer.into_parts().1.sha256, ABC);
    }
}
