//! A ticket key, and the ring of three that a fleet has at any time.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a key: nginx uses 16 as its name, 32 for HMAC and 32 for AES-256.
pub(super) const LENGTH: usize = 80;

/// A session ticket key. Its bytes are overwritten when it is dropped, and it cannot be printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct TicketKey(Box<[u8; LENGTH]>);

impl TicketKey {
    /// A new key from the operating system's generator.
    ///
    /// # Errors
    /// The system has no generator, or it fails.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Box::new([0; LENGTH]);
        getrandom::fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// The key in these bytes, if their number is right.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Box::new([0; LENGTH]);
        key.copy_from_slice(bytes.get(..LENGTH).filter(|_| bytes.len() == LENGTH)?);
        Some(Self(key))
    }

    /// The content of the file that nginx reads.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// What may be shown of the key.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(hex::encode(Sha256::digest(self.bytes()))[..16].to_owned())
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketKey({})", self.fingerprint())
    }
}

/// The first 8 bytes of a key's SHA-256, in hexadecimal: enough to tell keys apart, and useless to
/// decrypt anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fingerprint(pub String);

impl Fingerprint {
    /// The fingerprint that a host wrote.
    pub(super) fn read(text: &str) -> Option<Self> {
        let known = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        known.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fingerprints of a ring, which identify it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprints {
    /// Of the key that encrypts.
    pub current: Fingerprint,
    /// Of the key before it.
    pub previous: Fingerprint,
    /// Of the key after it.
    pub next: Fingerprint,
}

impl Fingerprints {
    /// The ring after this one, with a next key of that fingerprint.
    #[must_use]
    pub fn rotated(&self, next: Fingerprint) -> Self {
        Self { current: self.next.clone(), previous: self.current.clone(), next }
    }
}

/// As the scripts on the hosts write it.
impl fmt::Display for Fingerprints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.current, self.previous, self.next)
    }
}

/// The ticket ring of an app server: the current key encrypts, all three decrypt. A host has the next
/// key before any host encrypts with it, and the previous one while its tickets are valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    /// Encrypts and decrypts.
    pub current: TicketKey,
    /// Decrypts.
    pub previous: TicketKey,
    /// Decrypts, and becomes the current one.
    pub next: TicketKey,
}

impl Ring {
    /// A ring of three new keys.
    ///
    /// # Errors
    /// The system has no generator, or it fails.
    pub fn generate() -> Result<Self, getrandom::Error> {
        Ok(Self { current: TicketKey::generate()?, previous: TicketKey::generate()?, next: TicketKey::generate()? })
    }

    /// The ring in these bytes, which hold the keys one after the other.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut keys = bytes.chunks(LENGTH).map(TicketKey::from_bytes);
        let mut key = || keys.next().flatten();
        let ring = Self { current: key()?, previous: key()?, next: key()? };
        (bytes.len() == 3 * LENGTH).then_some(ring)
    }

    /// What may be shown of it.
    pub fn fingerprints(&self) -> Fingerprints {
        let [current, previous, next] = self.keys().map(TicketKey::fingerprint);
        Fingerprints { current, previous, next }
    }

    /// The keys one after the other, overwritten when they are dropped.
    pub fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(3 * LENGTH));
        self.keys().iter().for_each(|key| bytes.extend_from_slice(key.bytes()));
        bytes
    }

    /// The keys in the order of [`super::layout::KEYS`].
    pub fn keys(&self) -> [&TicketKey; 3] {
        [&self.current, &self.previous, &self.next]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str) -> Fingerprint {
        Fingerprint(text.to_owned())
    }

    #[test]
    fn keys_are_read_back_and_are_all_different() {
        let ring = Ring::generate().unwrap();
        let bytes = ring.bytes();
        assert_eq!((bytes.len(), Ring::from_bytes(&bytes).as_ref()), (240, Some(&ring)));
        assert!(ring.current != ring.previous && ring.previous != ring.next && ring.next != ring.current);
        for length in [0, 79, 80, 160, 239] {
            assert_eq!(Ring::from_bytes(&bytes[..length]), None, "{length}");
        }
        assert_eq!(Ring::from_bytes(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(Ring::from_bytes(&[&bytes[..], &bytes[..80]].concat()), None);
        assert_eq!(TicketKey::from_bytes(&bytes[..79]), None);
        let prints = ring.fingerprints();
        assert_eq!(prints.to_string(), format!("{}-{}-{}", prints.current, prints.previous, prints.next));
    }

    #[test]
    fn a_key_is_shown_as_its_fingerprint() {
        let key = TicketKey::from_bytes(&[7; LENGTH]).unwrap();
        assert_eq!(key.fingerprint(), print("b76daaa81fe65af3"));
        assert_eq!(format!("{key:?}"), "TicketKey(b76daaa81fe65af3)");
    }
}
