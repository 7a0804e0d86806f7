//! Whether a private key is the other half of a public one.
//! ring does the arithmetic, through rcgen; what ring cannot do is compared as it is stated, or
//! left open.

use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::oid::ObjectIdentifier as Oid;
use der::{Encode, SecretDocument};
use pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

use super::file::Secret;
use super::key::{EC, ED25519, EcPrivateKey, P256, P384, PrivateKey, PublicKey, number};

impl PrivateKey {
    /// Whether both are of the kind that OpenSSL keeps in one slot, where it compares them.
    pub(super) fn same_kind(&self, public: &PublicKey) -> bool {
        match (self, public) {
            (Self::Rsa { .. }, PublicKey::Rsa { .. })
            | (Self::Ec { .. }, PublicKey::Ec { .. })
            | (Self::Ed25519(_), PublicKey::Ed25519(_)) => true,
            (Self::Other(ours), PublicKey::Other(theirs)) => ours == theirs,
            _ => false,
        }
    }

    /// Whether this is the private half of `public`.
    ///
    /// `None` when it cannot be told: an algorithm that is not RSA, ECDSA or Ed25519, or an EC key
    /// that carries no public key on a curve that ring does not have (P-521, or parameters that
    /// are spelled out). What cannot be told is no problem.
    pub(super) fn belongs_to(&self, public: &PublicKey) -> Option<bool> {
        match (self, public) {
            (Self::Rsa { modulus, exponent }, PublicKey::Rsa { modulus: their_modulus, exponent: their_exponent }) => {
                Some(modulus == their_modulus && exponent == their_exponent)
            }
            (Self::Ec { curve, scalar, point }, PublicKey::Ec { curve: their_curve, point: their_point }) => {
                let curves = curve.as_ref().zip(their_curve.as_ref());
                if curves.is_some_and(|(ours, theirs)| ours != theirs) {
                    return Some(false);
                }
                let stated = point.as_ref().and_then(|ours| same_point(ours, their_point));
                if stated == Some(false) {
                    return stated;
                }
                let curve = curve.or(*their_curve);
                curve.and_then(|curve| multiplies_to(curve, scalar, their_point)).or(stated)
            }
            (Self::Ed25519(seed), PublicKey::Ed25519(theirs)) => ed25519_public(seed).map(|ours| ours == *theirs),
            _ => (!self.same_kind(public)).then_some(false),
        }
    }
}

/// Whether two encoded points are one; `None` for an encoding that is not SEC 1.
fn same_point(a: &[u8], b: &[u8]) -> Option<bool> {
    /// x, and whether y is odd.
    fn compressed(point: &[u8]) -> Option<(&[u8], bool)> {
        match point {
            [4, xy @ ..] => Some((&xy[..xy.len() / 2], xy.last()? & 1 == 1)),
            [form @ 2..=3, x @ ..] => Some((x, form & 1 == 1)),
            _ => None,
        }
    }
    if a.first() == b.first() {
        return Some(a == b);
    }
    Some(compressed(a)? == compressed(b)?)
}

/// Whether `scalar` times the generator of `curve` is `point`: ring reads a key that states its
/// public half only when that is so. `None` for a curve or a form of point that ring does not have.
fn multiplies_to(curve: Oid, scalar: &[u8], point: &[u8]) -> Option<bool> {
    let (size, algorithm) = match curve {
        P256 => (32, &PKCS_ECDSA_P256_SHA256),
        P384 => (48, &PKCS_ECDSA_P384_SHA384),
        _ => return None,
    };
    if point.first() != Some(&4) || point.len() != 2 * size + 1 {
        return None;
    }
    // Some encoders drop leading zeros, which RFC 5915 and ring do not.
    let digits = Secret::new(number(scalar));
    let mut padded = Secret::new(vec![0; size]);
    padded.get_mut(size.checked_sub(digits.len())?..)?.copy_from_slice(&digits);
    let key = EcPrivateKey {
        version: 1,
        scalar: OctetStringRef::new(&padded).ok()?,
        parameters: None,
        point: Some(BitStringRef::from_bytes(point).ok()?),
    };
    let key = Secret::new(key.to_der().ok()?);
    let pkcs8 = pkcs8(EC, Some(AnyRef::from(&curve)), &key)?;
    Some(KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.as_bytes().into(), algorithm).is_ok())
}

/// The public key of an Ed25519 `seed`.
fn ed25519_public(seed: &[u8]) -> Option<Vec<u8>> {
    let seed = Secret::new(OctetStringRef::new(seed).ok()?.to_der().ok()?);
    let pkcs8 = pkcs8(ED25519, None, &seed)?;
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.as_bytes().into(), &PKCS_ED25519).ok()?;
    Some(pair.public_key_raw().to_vec())
}

fn pkcs8(oid: Oid, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Option<SecretDocument> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters };
    PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(key).ok()?).try_into().ok()
}
