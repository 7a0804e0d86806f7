//! Explains what a file is that is not the expected PEM: DER, a bundle, or the other file of the pair.
//! It looks only at labels and the outer structure, and gives the command that converts the file to PEM.

use std::path::Path;

use der::asn1::AnyRef;
use der::{Decode, Tag, Tagged};
use x509_parser::{asn1_rs::FromDer, certificate::X509Certificate};

use super::key::PrivateKey;
use super::pem::{Block, Body};
use super::{Problem, ProblemKind, Subject};

/// Why the file `path` cannot be used; `bytes` are its contents and `blocks` the PEM blocks in them.
pub(super) fn explain(path: &Path, subject: Subject, bytes: &[u8], blocks: &[Block]) -> Problem {
    let (what, help) = blocks
        .first()
        .map(|block| labelled(&block.label, path, subject))
        .unwrap_or_else(|| unlabelled(bytes, path, subject));
    Problem::new(ProblemKind::NotPem, subject, format!("`{}` {what}", path.display()), help)
}

/// The problem of a `block` that is cut short or not base64, `None` when its bytes are whole.
pub(super) fn broken(path: &Path, subject: Subject, block: &Block) -> Option<Problem> {
    let Block { label, line, body } = block;
    let shown = path.display();
    let (message, help) = match body {
        Body::Der(_) | Body::Encrypted => return None,
        Body::CutShort => (
            format!("`{shown}` is cut short: `-----BEGIN {label}-----` on line `{line}` has no `END` line"),
            format!("copy the whole file again, including `-----END {label}-----`"),
        ),
        Body::Glued(joint) => (
            format!("`{shown}` has two PEM blocks without a line break between them, on line `{joint}`"),
            format!("add the line break with `sed -i 's/----------BEGIN/-----\\n-----BEGIN/' {shown}`"),
        ),
        Body::Damaged => return Some(damaged(path, subject, block)),
    };
    Some(Problem::new(ProblemKind::NotPem, subject, message, help))
}

/// The problem of a `block` whose bytes are not what its label says.
pub(super) fn damaged(path: &Path, subject: Subject, block: &Block) -> Problem {
    let Block { label, line, .. } = block;
    let shown = path.display();
    let message = format!("`{shown}` is damaged: the `{label}` on line `{line}` cannot be decoded");
    let command = if label.ends_with("PRIVATE KEY") { "pkey" } else { "x509" };
    let help = format!("copy the file again, and check it with `openssl {command} -in {shown} -noout`");
    Problem::new(ProblemKind::NotPem, subject, message, help)
}

/// Whether OpenSSL takes a block of this `label` for a certificate.
pub(super) fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

/// Whether OpenSSL takes a block of this `label` for a private key, which excludes OpenSSH's own.
pub(super) fn is_private_key(label: &str) -> bool {
    matches!(label, "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "ENCRYPTED PRIVATE KEY")
}

fn wanted(subject: Subject) -> &'static str {
    if subject == Subject::Key { "a private key" } else { "a certificate" }
}

fn wanted_label(subject: Subject) -> &'static str {
    if subject == Subject::Key { "PRIVATE KEY" } else { "CERTIFICATE" }
}

/// The help for a file that belongs under the other key.
fn swapped(path: &Path, belongs: Subject, subject: Subject) -> String {
    format!(
        "set `{}: {}`, and set `{}` to the file with {}",
        belongs.key(),
        path.display(),
        subject.key(),
        wanted(subject)
    )
}

fn labelled(label: &str, path: &Path, subject: Subject) -> (String, String) {
    let shown = path.display();
    let (what, help) = match label {
        _ if is_certificate(label) => ("a certificate", swapped(path, Subject::Certificate, subject)),
        _ if is_private_key(label) => ("a private key", swapped(path, Subject::Key, subject)),
        "OPENSSH PRIVATE KEY" if subject == Subject::Key => (
            "an OpenSSH key",
            format!(
                "convert a copy with `cp {shown} {shown}.pem && \
                 ssh-keygen -p -m pkcs8 -f {shown}.pem`"
            ),
        ),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" if subject == Subject::Certificate => {
            ("a certificate signing request", "use the certificate that the authority issued for it".to_owned())
        }
        "PKCS7" if subject == Subject::Certificate => {
            ("a PKCS#7 bundle", format!("unpack it with `openssl pkcs7 -print_certs -in {shown} -out {shown}.pem`"))
        }
        _ => {
            let help = format!("set `{}` to the file with {}", subject.key(), wanted(subject));
            return (format!("holds `{label}`, not `{}`", wanted_label(subject)), help);
        }
    };
    (format!("holds {what}, not {}", wanted(subject)), help)
}

fn unlabelled(bytes: &[u8], path: &Path, subject: Subject) -> (String, String) {
    let shown = path.display();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return ("is empty".to_owned(), format!("put {} in PEM form into it", wanted(subject)));
    }
    if X509Certificate::from_der(bytes).is_ok() {
        return match subject {
            Subject::Key => {
                ("holds a DER certificate, not a private key".to_owned(), swapped(path, Subject::Certificate, subject))
            }
            _ => (
                "is a DER certificate, not PEM".to_owned(),
                format!("convert it with `openssl x509 -inform der -in {shown} -out {shown}.pem`"),
            ),
        };
    }
    if is_der_key(bytes) {
        return match subject {
            Subject::Key => (
                "is a DER private key, not PEM".to_owned(),
                format!("convert it with `openssl pkey -inform der -in {shown} -out {shown}.pem`"),
            ),
            _ => ("holds a DER private key, not a certificate".to_owned(), swapped(path, Subject::Key, subject)),
        };
    }
    if is_pkcs12(bytes) {
        let part = if subject == Subject::Key { "-nocerts -nodes" } else { "-nokeys" };
        return (
            "is a PKCS#12 store, not PEM".to_owned(),
            format!("unpack it with `openssl pkcs12 -in {shown} {part} -out {shown}.pem`"),
        );
    }
    let begins = b"-----BEGIN ";
    if bytes.windows(begins.len()).any(|window| window == begins) {
        return (
            "is not PEM: no `-----BEGIN` is on a line of its own".to_owned(),
            format!("remove the indentation with `sed -i 's/^[[:space:]]*//' {shown}`"),
        );
    }
    let label = wanted_label(subject);
    (
        format!("is not PEM: it has no `-----BEGIN {label}-----`"),
        format!("set `{}` to the file with {}", subject.key(), wanted(subject)),
    )
}

/// PKCS#8, PKCS#1, SEC 1, or an encrypted PKCS#8 (an algorithm and an octet string).
fn is_der_key(bytes: &[u8]) -> bool {
    let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
    labels.iter().any(|label| PrivateKey::parse(label, bytes).is_some())
        || tags(bytes) == [Tag::Sequence, Tag::OctetString]
}

fn is_pkcs12(bytes: &[u8]) -> bool {
    tags(bytes) == [Tag::Integer, Tag::Sequence, Tag::Sequence]
}

/// The tags of the elements of `bytes`, which must be one SEQUENCE and nothing after it.
fn tags(bytes: &[u8]) -> Vec<Tag> {
    Vec::<AnyRef<'_>>::from_der(bytes).unwrap_or_default().iter().map(AnyRef::tag).collect()
}
