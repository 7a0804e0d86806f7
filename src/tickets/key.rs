//! A ticket key, and the ring of three that a fleet has at any time.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::tree::hex;

/// Bytes of a key: nginx takes 16 of name, 32 for HMAC and 32 for AES-256.
const LENGTH: usize = 80;

/// A session ticket key. Its bytes are overwritten when it is dropped, and it cannot be printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct TicketKey(Box<[u8; LENGTH]>);

impl TicketKey {
    /// A new key from the operating system's generator.
    ///
    /// # Errors
    /// The system has no generator, or refuses.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Box::new([0; LENGTH]);
        getrandom::fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// The file as nginx reads it.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// What a person may see of the key.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(hex(&Sha256::digest(self.bytes()))[..16].to_owned())
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketKey({})", self.fingerprint())
    }
}

/// The first 8 bytes of a key's SHA-256, in hexadecimal. It tells keys apart and nothing more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The keys that an app server has: the current one encrypts, all three decrypt. The next one is
/// there before any app server encrypts with it, the previous one while its tickets are valid.
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
    /// The system has no generator, or refuses.
    pub fn generate() -> Result<Self, getrandom::Error> {
        Ok(Self { current: TicketKey::generate()?, previous: TicketKey::generate()?, next: TicketKey::generate()? })
    }

    /// The keys in the order of [`super::KEYS`].
    pub fn keys(&self) -> [&TicketKey; 3] {
        [&self.current, &self.previous, &self.next]
    }
}
