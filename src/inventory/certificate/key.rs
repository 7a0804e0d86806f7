//! Private and public keys parsed from DER, as far as comparing them needs.
//! Of a key it shows only the algorithm and size.

use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::oid::ObjectIdentifier as Oid;
use der::{Decode, Sequence};
use pkcs1::RsaPrivateKeyRef;
use pkcs8::PrivateKeyInfoRef;
use x509_parser::{asn1_rs::FromDer, public_key::RSAPublicKey, x509::SubjectPublicKeyInfo};

use super::file::Secret;

pub(super) const EC: Oid = Oid::new_unwrap("1.2.840.10045.2.1");
pub(super) const ED25519: Oid = Oid::new_unwrap("1.3.101.112");
pub(super) const P256: Oid = Oid::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const P384: Oid = Oid::new_unwrap("1.3.132.0.34");
const P521: Oid = Oid::new_unwrap("1.3.132.0.35");
const RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: Oid = Oid::new_unwrap("1.2.840.113549.1.1.10");
const BRAINPOOL: [(Oid, &str); 3] = [
    (Oid::new_unwrap("1.3.36.3.3.2.8.1.1.7"), "EC brainpoolP256r1"),
    (Oid::new_unwrap("1.3.36.3.3.2.8.1.1.11"), "EC brainpoolP384r1"),
    (Oid::new_unwrap("1.3.36.3.3.2.8.1.1.13"), "EC brainpoolP512r1"),
];
/// Names of other algorithms.
const OTHERS: [(Oid, &str); 3] = [
    (Oid::new_unwrap("1.3.101.113"), "Ed448"),
    (Oid::new_unwrap("1.3.101.110"), "X25519"),
    (Oid::new_unwrap("1.2.840.10040.4.1"), "DSA"),
];

/// The public half, as a certificate gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// Big-endian numbers without leading zeros; also for RSASSA-PSS.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// `curve` is `None` when the parameters are spelled out instead of named.
    Ec {
        curve: Option<Oid>,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
    Other(Oid),
}

/// The private half, without what no comparison needs.
#[derive(Clone, Debug)]
pub(super) enum PrivateKey {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// `point` is the public key, which RFC 5915 leaves optional.
    Ec {
        curve: Option<Oid>,
        scalar: Secret,
        point: Option<Vec<u8>>,
    },
    Ed25519(Secret),
    Other(Oid),
}

/// `ECPrivateKey` of RFC 5915. The type of the `sec1` crate takes no parameters that are spelled out.
#[derive(Sequence)]
pub(super) struct EcPrivateKey<'a> {
    pub version: u8,
    pub scalar: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub parameters: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub point: Option<BitStringRef<'a>>,
}

impl PublicKey {
    /// `None` when an RSA key is not what its algorithm says.
    pub(super) fn of(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let algorithm = Oid::from_bytes(info.algorithm.algorithm.as_bytes()).ok()?;
        let bits: &[u8] = &info.subject_public_key.data;
        Some(match algorithm {
            RSA | RSA_PSS => {
                let (_, key) = RSAPublicKey::from_der(bits).ok()?;
                Self::Rsa { modulus: number(key.modulus), exponent: number(key.exponent) }
            }
            EC => {
                let named = info.algorithm.parameters.as_ref().and_then(|it| it.as_oid().ok());
                let curve = named.and_then(|curve| Oid::from_bytes(curve.as_bytes()).ok());
                Self::Ec { curve, point: bits.to_vec() }
            }
            ED25519 => Self::Ed25519(bits.to_vec()),
            other => Self::Other(other),
        })
    }

    /// Bits of an RSA modulus; `None` for other kinds.
    pub(super) fn rsa_bits(&self) -> Option<usize> {
        match self {
            Self::Rsa { modulus, .. } => Some(bits(modulus)),
            Self::Ec { .. } | Self::Ed25519(_) | Self::Other(_) => None,
        }
    }

    /// `RSA 2048`, `EC P-256`, and so on.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Rsa { modulus, .. } => rsa_name(modulus),
            Self::Ec { curve, .. } => ec_name(*curve),
            Self::Ed25519(_) => "Ed25519".to_owned(),
            Self::Other(algorithm) => other_name(*algorithm),
        }
    }
}

impl PrivateKey {
    /// Reads the DER of a PEM block called `label`; `None` when it is something else.
    ///
    /// PKCS#8 is read under any label, the older forms under their own only, as OpenSSL does.
    pub(super) fn parse(label: &str, der: &[u8]) -> Option<Self> {
        match label {
            "RSA PRIVATE KEY" => Self::pkcs1(der).or_else(|| Self::pkcs8(der)),
            "EC PRIVATE KEY" => Self::sec1(der, None).or_else(|| Self::pkcs8(der)),
            _ => Self::pkcs8(der),
        }
    }

    fn pkcs1(der: &[u8]) -> Option<Self> {
        let key = RsaPrivateKeyRef::from_der(der).ok()?;
        let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
        Some(Self::Rsa { modulus: number(modulus), exponent: number(exponent) })
    }

    fn sec1(der: &[u8], curve: Option<Oid>) -> Option<Self> {
        let key = EcPrivateKey::from_der(der).ok().filter(|key| key.version == 1)?;
        Some(Self::Ec {
            curve: curve.or_else(|| key.parameters?.decode_as().ok()),
            scalar: Secret::new(key.scalar.as_bytes().to_vec()),
            point: key.point.map(|point| point.raw_bytes().to_vec()),
        })
    }

    fn pkcs8(der: &[u8]) -> Option<Self> {
        let info = PrivateKeyInfoRef::try_from(der).ok()?;
        let key = info.private_key.as_bytes();
        match info.algorithm.oid {
            RSA | RSA_PSS => Self::pkcs1(key),
            EC => Self::sec1(key, info.algorithm.parameters_oid().ok()),
            ED25519 => {
                let seed = <&OctetStringRef>::from_der(key).ok()?.as_bytes();
                (seed.len() == 32).then(|| Self::Ed25519(Secret::new(seed.to_vec())))
            }
            other => Some(Self::Other(other)),
        }
    }

    /// `RSA 2048`, `EC P-256`, and so on.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Rsa { modulus, .. } => rsa_name(modulus),
            Self::Ec { curve, .. } => ec_name(*curve),
            Self::Ed25519(_) => "Ed25519".to_owned(),
            Self::Other(algorithm) => other_name(*algorithm),
        }
    }
}

/// A big-endian number without its leading zeros.
pub(super) fn number(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| *byte == 0).collect()
}

fn rsa_name(modulus: &[u8]) -> String {
    format!("RSA {}", bits(modulus))
}

fn bits(modulus: &[u8]) -> usize {
    let unused = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    modulus.len() * 8 - unused
}

fn ec_name(curve: Option<Oid>) -> String {
    match curve {
        Some(P256) => "EC P-256".to_owned(),
        Some(P384) => "EC P-384".to_owned(),
        Some(P521) => "EC P-521".to_owned(),
        Some(other) => {
            let brainpool = BRAINPOOL.iter().find(|(known, _)| *known == other);
            brainpool.map_or("EC with another curve", |(_, name)| name).to_owned()
        }
        None => "EC with another curve".to_owned(),
    }
}

/// Only known algorithms have a name: a number would not help, and bytes of a damaged file are not shown.
fn other_name(algorithm: Oid) -> String {
    let name = OTHERS.iter().find(|(known, _)| *known == algorithm);
    name.map_or("unknown algorithm", |(_, name)| name).to_owned()
}
