//! A site's certificate: its paths on the app servers and, where the inventory names them,
//! those of the same files on this machine.

use super::fields::scalar;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::CertificateSource;
use crate::inventory::raw::RawSite;
use crate::inventory::schema::Reader;
use crate::inventory::types::{AbsolutePath, LocalPath};

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
        let same = Diagnostic::refusal(
            Code::TL21,
            key.span,
            message,
            "keep the key in a file of its own that only root can read",
        );
        reader.diagnostics.push(same.related(certificate.span, "the certificate"));
    }
    Some((certificate.value, key.value))
}

/// The files on this machine, where the inventory names them. Nothing is read here.
pub fn source(reader: &mut Reader<'_>, raw: &RawSite<'_>) -> Option<CertificateSource> {
    let key_node = raw.ssl_certificate_key_source;
    let Some(node) = raw.ssl_certificate_source else {
        if let Some(node) = key_node {
            let message = "`ssl_certificate_key_source` stands without its certificate";
            reader.report(Code::IN04, node.underline(), message, "add `ssl_certificate_source: …` beside it");
        }
        return None;
    };
    let certificate = scalar::<LocalPath>(reader, node, "ssl_certificate_source");
    let key = key_node.and_then(|node| scalar::<LocalPath>(reader, node, "ssl_certificate_key_source"));
    let directory = reader.source.directory();
    Some(CertificateSource {
        certificate: directory.join(certificate?.value.as_str()),
        key: key.map(|key| directory.join(key.value.as_str())),
    })
}
