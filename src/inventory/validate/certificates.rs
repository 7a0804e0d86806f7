//! A site's certificate: its paths on the app servers and, where the inventory names them,
//! the same files on this machine.

use std::time::SystemTime;

use super::fields::{Placed, scalar};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::certificate::{self, ProblemKind, Subject};
use crate::inventory::model::CertificateSource;
use crate::inventory::raw::RawSite;
use crate::inventory::schema::Reader;
use crate::inventory::types::{AbsolutePath, LocalPath, ServerName};

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

/// The files on this machine, where the inventory names them; what is wrong with them is reported
/// at the value that has to change.
pub fn source(
    reader: &mut Reader<'_>,
    raw: &RawSite<'_>,
    names: &[Placed<ServerName>],
    now: SystemTime,
) -> Option<CertificateSource> {
    let key_node = raw.ssl_certificate_key_source;
    let Some(node) = raw.ssl_certificate_source else {
        if let Some(node) = key_node {
            let message = "`ssl_certificate_key_source` stands without its certificate";
            reader.report(Code::IN04, node.underline(), message, "add `ssl_certificate_source: …` beside it");
        }
        return None;
    };
    let certificate = scalar::<LocalPath>(reader, node, "ssl_certificate_source")?;
    let key = key_node.and_then(|node| scalar::<LocalPath>(reader, node, "ssl_certificate_key_source"));
    let directory = reader.source.directory();
    let files = CertificateSource {
        certificate: directory.join(certificate.value.as_str()),
        key: key.as_ref().map(|key| directory.join(key.value.as_str())),
    };
    let texts: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
    for problem in certificate::inspect(&files.certificate, files.key.as_deref(), &texts, now) {
        let span = match problem.subject {
            Subject::Certificate => certificate.span,
            Subject::Key => key.as_ref().map_or(certificate.span, |key| key.span),
            Subject::ServerName(index) => names.get(index).map_or(certificate.span, |name| name.span),
        };
        let found = Diagnostic::new(code(problem.kind), span, problem.message, problem.help);
        let elsewhere = problem.kind == ProblemKind::NameMismatch || problem.kind == ProblemKind::KeyMismatch;
        let related = elsewhere.then_some((certificate.span, "the certificate"));
        reader.diagnostics.push(related.into_iter().fold(found, |found, (span, label)| found.related(span, label)));
    }
    Some(files)
}

fn code(kind: ProblemKind) -> &'static Code {
    match kind {
        ProblemKind::Expired | ProblemKind::NotYetValid => Code::TL01,
        ProblemKind::KeyMismatch => Code::TL02,
        ProblemKind::NameMismatch => Code::TL03,
        ProblemKind::Unreadable | ProblemKind::NotPem | ProblemKind::UnusableKey => Code::TL06,
    }
}
