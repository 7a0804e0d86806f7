//! A site's certificate: its paths on the app servers and, where the inventory names them,
//! the same files on this machine.

use std::time::SystemTime;

use super::fields::{Placed, scalar};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::CertificateSource;
use crate::inventory::raw::RawSite;
use crate::inventory::schema::Reader;
use crate::inventory::types::{AbsolutePath, ServerName};

/// The certificate and key on the app servers, both of which must be there.
pub fn paths(reader: &mut Reader<'_>, raw: &RawSite<'_>) -> Option<(AbsolutePath, AbsolutePath)> {
    let mut read = |node, key: &str| match node {
        Some(node) => scalar::<AbsolutePath>(reader, node, key),
        None => {
            let message = format!("this entry of `sites[]` lacks `{key}`");
            reader.report(
                Code::TL05,
                raw.span,
                message,
                format!("add `{key}: /etc/ssl/…` to it: nginx serves another site's certificate instead"),
            );
            None
        }
    };
    let certificate = read(raw.ssl_certificate, "ssl_certificate");
    let key = read(raw.ssl_certificate_key, "ssl_certificate_key");
    let (certificate, key) = (certificate?, key?);
    if certificate.value == key.value {
        let message = format!("certificate and key are one file: `{}`", key.value);
        let same =
            Diagnostic::new(Code::TL21, key.span, message, "keep the key in a file of its own that only root can read");
        reader.diagnostics.push(same.related(certificate.span, "the certificate"));
    }
    Some((certificate.value, key.value))
}

/// The files on this machine.
pub fn source(
    _reader: &mut Reader<'_>,
    _raw: &RawSite<'_>,
    _names: &[Placed<ServerName>],
    _now: SystemTime,
) -> Option<CertificateSource> {
    None
}
