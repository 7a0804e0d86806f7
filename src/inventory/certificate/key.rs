//! Private and public keys parsed from DER, as far as comparing them needs.
//! It does no arithmetic, and of a key prints only the algorithm and size.

use x509_parser::{
    asn1_rs::{Any, BitString, Class, FromDer, Oid, Tag},
    oid_registry as oid,
    public_key::RSAPublicKey,
    x509::SubjectPublicKeyInfo,
};

use super::{
    der::{elements, sequence},
    file::Secret,
};

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
        curve: Option<Oid<'static>>,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
    Other(Oid<'static>),
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
        curve: Option<Oid<'static>>,
        scalar: Secret,
        point: Option<Vec<u8>>,
    },
    Ed25519(Secret),
    Other(Oid<'static>),
}

impl PublicKey {
    /// `None` when an RSA key is not what its algorithm says.
    pub(super) fn of(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let algorithm = &info.algorithm.algorithm;
        let bits: &[u8] = &info.subject_public_key.data;
        Some(if is_rsa(algorithm) {
            let (_, key) = RSAPublicKey::from_der(bits).ok()?;
            Self::Rsa { modulus: number(key.modulus), exponent: number(key.exponent) }
        } else if *algorithm == oid::OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = info.algorithm.parameters.as_ref().and_then(named_curve);
            Self::Ec { curve, point: bits.to_vec() }
        } else if *algorithm == oid::OID_SIG_ED25519 {
            Self::Ed25519(bits.to_vec())
        } else {
            Self::Other(algorithm.to_owned())
        })
    }

    /// Bits of an RSA modulus; nothing for other kinds.
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
            Self::Ec { curve, .. } => ec_name(curve.as_ref()),
            Self::Ed25519(_) => "Ed25519".to_owned(),
            Self::Other(algorithm) => other_name(algorithm),
        }
    }
}

impl PrivateKey {
    /// Reads the DER of a PEM block called `label`; `None` when it is something else.
    ///
    /// PKCS#8 is read under any label, the older forms under their own alone, as OpenSSL does.
    pub(super) fn parse(label: &str, der: &[u8]) -> Option<Self> {
        match label {
            "RSA PRIVATE KEY" => Self::pkcs1(der).or_else(|| Self::pkcs8(der)),
            "EC PRIVATE KEY" => Self::sec1(der, None).or_else(|| Self::pkcs8(der)),
            _ => Self::pkcs8(der),
        }
    }

    fn pkcs1(der: &[u8]) -> Option<Self> {
        let fields = sequence(der)?;
        if fields.len() < 9 || fields.iter().take(9).any(|field| field.tag() != Tag::Integer) {
            return None;
        }
        Some(Self::Rsa { modulus: number(fields[1].data), exponent: number(fields[2].data) })
    }

    fn sec1(der: &[u8], curve: Option<Oid<'static>>) -> Option<Self> {
        let fields = sequence(der)?;
        let [version, scalar, optional @ ..] = fields.as_slice() else {
            return None;
        };
        if version.tag() != Tag::Integer || version.data != [1] || scalar.tag() != Tag::OctetString {
            return None;
        }
        let tagged = |number: u32| {
            let wanted = |field: &&Any<'_>| field.class() == Class::ContextSpecific && field.tag() == Tag(number);
            elements(optional.iter().find(wanted)?.data)?.into_iter().next()
        };
        let point =
            tagged(1).filter(|field| field.tag() == Tag::BitString).and_then(|field| BitString::try_from(field).ok());
        Some(Self::Ec {
            curve: curve.or_else(|| named_curve(&tagged(0)?)),
            scalar: Secret::new(scalar.data.to_vec()),
            point: point.map(|bits| bits.data.to_vec()),
        })
    }

    fn pkcs8(der: &[u8]) -> Option<Self> {
        let fields = sequence(der)?;
        let [version, algorithm, key, ..] = fields.as_slice() else {
            return None;
        };
        let shape = [version.tag(), algorithm.tag(), key.tag()];
        if shape != [Tag::Integer, Tag::Sequence, Tag::OctetString] {
            return None;
        }
        let algorithm = elements(algorithm.data)?;
        let name = object_id(algorithm.first()?)?;
        if is_rsa(&name) {
            Self::pkcs1(key.data)
        } else if name == oid::OID_KEY_TYPE_EC_PUBLIC_KEY {
            Self::sec1(key.data, algorithm.get(1).and_then(named_curve))
        } else if name == oid::OID_SIG_ED25519 {
            let (_, seed) = Any::from_der(key.data).ok()?;
            (seed.data.len() == 32).then(|| Self::Ed25519(Secret::new(seed.data.to_vec())))
        } else {
            Some(Self::Other(name.to_owned()))
        }
    }

    /// `RSA 2048`, `EC P-256`, and so on.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Rsa { modulus, .. } => rsa_name(modulus),
            Self::Ec { curve, .. } => ec_name(curve.as_ref()),
            Self::Ed25519(_) => "Ed25519".to_owned(),
            Self::Other(algorithm) => other_name(algorithm),
        }
    }
}

fn is_rsa(algorithm: &Oid<'_>) -> bool {
    *algorithm == oid::OID_PKCS1_RSAENCRYPTION || *algorithm == oid::OID_PKCS1_RSASSAPSS
}

/// `None` for parameters that are spelled out.
fn named_curve(parameters: &Any<'_>) -> Option<Oid<'static>> {
    object_id(parameters).map(|curve| curve.to_owned())
}

/// `None` unless it is tagged as one, which `Oid::try_from` does not ask.
fn object_id<'a>(element: &Any<'a>) -> Option<Oid<'a>> {
    let tagged = element.class() == Class::Universal && element.tag() == Tag::Oid;
    tagged.then(|| Oid::new(element.data.into()))
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

fn ec_name(curve: Option<&Oid<'_>>) -> String {
    match curve {
        Some(curve) if *curve == oid::OID_EC_P256 => "EC P-256".to_owned(),
        Some(curve) if *curve == oid::OID_NIST_EC_P384 => "EC P-384".to_owned(),
        Some(curve) if *curve == oid::OID_NIST_EC_P521 => "EC P-521".to_owned(),
        _ => "EC with another curve".to_owned(),
    }
}

/// Only known algorithms have a name: a number would not help, and bytes of a damaged file are not shown.
fn other_name(algorithm: &Oid<'_>) -> String {
    let known = [("1.3.101.113", "Ed448"), ("1.3.101.110", "X25519"), ("1.2.840.10040.4.1", "DSA")];
    let id = algorithm.to_id_string();
    let name = known.iter().find(|(number, _)| *number == id);
    name.map_or("unknown algorithm", |(_, name)| name).to_owned()
}
