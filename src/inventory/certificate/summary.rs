//! What people compare of certificates: of two versions of a file, Base64 only says that they differ.

use sha2::{Digest, Sha256};
use x509_parser::{asn1_rs::FromDer, certificate::X509Certificate};

use super::{
    chain::Link,
    dates::utc,
    foreign,
    leaf::dns_names,
    pem::{Body, blocks},
};
use crate::visible::visible;

/// A few lines for each certificate of a PEM file, in its order: names, issuer, validity and fingerprint. `None` if the
/// file holds anything else, or what is no certificate.
pub fn summary(bytes: &[u8]) -> Option<String> {
    let blocks = blocks(bytes);
    if blocks.is_empty() || !blocks.iter().all(|block| foreign::is_certificate(&block.label)) {
        return None;
    }
    let count = blocks.len();
    let mut text = String::new();
    for (place, block) in blocks.iter().enumerate() {
        let Body::Der(der) = &block.body else { return None };
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let link = Link::of(&certificate);
        let names = dns_names(&certificate);
        let names = if names.is_empty() { certificate.subject().to_string() } else { names.join(", ") };
        let of = if count > 1 { format!(" {} of {count}", place + 1) } else { String::new() };
        let hash: Vec<String> = Sha256::digest(&**der).iter().map(|byte| format!("{byte:02X}")).collect();
        text += &format!("certificate{of} for {}\n", visible(&names));
        text += &format!("  issued by {}\n", visible(&certificate.issuer().to_string()));
        text += &format!("  valid from {} to {} UTC\n", utc(link.not_before), utc(link.not_after));
        text += &format!("  SHA-256 {}\n", hash.join(":"));
    }
    Some(text)
}
