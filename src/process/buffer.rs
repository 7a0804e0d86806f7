//! What a program writes to one stream, up to a limit. It may be secret, so that a buffer that
//! becomes too small is overwritten, not only freed.

use std::io::{self, Read};

use zeroize::{Zeroize, Zeroizing};

/// The capacity that a buffer begins with, and what is read at once.
const PIECE: usize = 16 * 1024;

/// Bytes that were read so far.
pub(super) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    limit: usize,
}

/// What a read found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Bytes, or none for now.
    More,
    /// The end of the stream.
    End,
    /// More bytes than the limit; all are dropped.
    TooMuch,
}

impl Buffer {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Zeroizing::default(), limit }
    }

    /// Reads once from a stream that does not block.
    pub(super) fn read(&mut self, from: &mut impl Read) -> io::Result<Found> {
        let mut piece = [0; PIECE];
        match from.read(&mut piece) {
            Ok(0) => Ok(Found::End),
            Ok(count) => {
                let fits = count <= self.limit - self.bytes.len();
                if fits {
                    self.push(&piece[..count]);
                } else {
                    self.bytes.zeroize();
                }
                piece[..count].zeroize();
                Ok(if fits { Found::More } else { Found::TooMuch })
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Ok(Found::More)
            }
            Err(error) => Err(error),
        }
    }

    fn push(&mut self, piece: &[u8]) {
        let needed = self.bytes.len() + piece.len();
        if needed > self.bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two().max(PIECE)));
            larger.extend_from_slice(&self.bytes);
            // Dropping the smaller one overwrites it.
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(piece);
    }

    pub(super) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_up_to_the_limit_are_kept() {
        let text: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        for (limit, last) in [(100_000, Found::End), (99_999, Found::TooMuch), (0, Found::TooMuch)] {
            let (mut from, mut buffer) = (text.as_slice(), Buffer::new(limit));
            let found = loop {
                match buffer.read(&mut from).unwrap() {
                    Found::More => {}
                    found => break found,
                }
            };
            assert_eq!(found, last);
            let kept = if found == Found::End { text.as_slice() } else { &[] };
            assert_eq!(buffer.into_bytes().as_slice(), kept);
        }
    }
}
