//! Reads a site's certificates: their paths on the app servers, and where they are read from.

use super::fields::{Placed, at_most, items, scalar};
use super::hosts::Hosts;
use super::pools::unknown;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{CertificateSource, SiteCertificate, SourceFile};
use crate::inventory::node::Node;
use crate::inventory::raw::RawSite;
use crate::inventory::schema::Reader;
use crate::inventory::types::{AbsolutePath, Scalar, SourcePath};
use crate::source::Span;

/// OpenSSL uses one certificate for each kind of key, of which there are fewer.
const MOST: usize = 16;

/// A certificate with the places of its path and its key's path.
pub type PlacedCertificate = (SiteCertificate, [Span; 2]);

/// The certificates of a site, each with the key at the same position of the other list.
pub fn read(reader: &mut Reader<'_>, raw: &RawSite<'_>, hosts: &Hosts) -> Option<Vec<PlacedCertificate>> {
    let certificates = required(reader, raw, raw.ssl_certificate, "ssl_certificate");
    let keys = required(reader, raw, raw.ssl_certificate_key, "ssl_certificate_key");
    let sources = optional::<SourcePath>(reader, raw.ssl_certificate_source, "ssl_certificate_source");
    let key_sources = optional::<SourcePath>(reader, raw.ssl_certificate_key_source, "ssl_certificate_key_source");
    sources.iter().chain(&key_sources).flatten().for_each(|placed| check_host(reader, placed, hosts));
    if let (Some(node), None) = (raw.ssl_certificate_key_source, raw.ssl_certificate_source) {
        let message = "`ssl_certificate_key_source` needs `ssl_certificate_source`";
        reader.report(Code::IN04, node.underline(), message, "add `ssl_certificate_source: …` next to it");
    }
    let certificate = raw.ssl_certificate?;
    let count = reader.one_or_many(certificate).len();
    for (key, node) in [
        ("ssl_certificate_key", raw.ssl_certificate_key),
        ("ssl_certificate_source", raw.ssl_certificate_source),
        ("ssl_certificate_key_source", raw.ssl_certificate_key_source),
    ] {
        paired(reader, (certificate, count), key, node);
    }
    let (certificates, keys) = (certificates?, keys?);
    let directory = reader.source.directory();
    let file = |list: &[Option<Placed<SourcePath>>], index: usize| {
        let written = list.get(index).and_then(Option::as_ref)?.value.clone();
        let local = if let SourcePath::Local(path) = &written { Some(directory.join(path.as_str())) } else { None };
        Some(SourceFile { written, local })
    };
    let mut found: Vec<PlacedCertificate> = Vec::with_capacity(count);
    for (index, (certificate, key)) in certificates.into_iter().zip(keys).enumerate() {
        let (Some(certificate), Some(key)) = (certificate, key) else { return None };
        if let Some((first, _)) =
            found.iter().map(|(it, spans)| (it, spans[0])).find(|(it, _)| it.ssl_certificate == certificate.value)
        {
            let message = format!("the site has the certificate `{}` twice", first.ssl_certificate);
            reader.report(Code::IN12, certificate.span, message, "remove one of them, with its key");
        }
        let source =
            file(&sources, index).map(|certificate| CertificateSource { certificate, key: file(&key_sources, index) });
        let spans = [certificate.span, key.span];
        let pair = SiteCertificate { ssl_certificate: certificate.value, ssl_certificate_key: key.value, source };
        found.push((pair, spans));
    }
    Some(found).filter(|found| !found.is_empty())
}

/// A source on a host is on one of the fleet.
fn check_host(reader: &mut Reader<'_>, placed: &Placed<SourcePath>, hosts: &Hosts) {
    let SourcePath::OnHost(host, _) = &placed.value else { return };
    let names = hosts.names();
    // A host that has an error was reported already, and its name is not a typo.
    let broken = !hosts.all_named || hosts.has_error(host.as_str());
    if !names.iter().any(|name| **name == *host.as_str()) && !broken {
        unknown(reader, placed.span, "host", host.as_str(), &names);
    }
}

/// Required paths.
fn required(
    reader: &mut Reader<'_>,
    raw: &RawSite<'_>,
    node: Option<&Node>,
    key: &str,
) -> Option<Vec<Option<Placed<AbsolutePath>>>> {
    if node.is_none() {
        let message = format!("this entry of `sites[]` needs `{key}`");
        let help = format!("add `{key}: /etc/ssl/…`: without it nginx serves another site's certificate");
        reader.report(Code::TL05, raw.span, message, help);
    }
    node.map(|node| optional::<AbsolutePath>(reader, Some(node), key))
}

/// One value or several; `None` in place of an invalid one.
fn optional<T: Scalar>(reader: &mut Reader<'_>, node: Option<&Node>, key: &str) -> Vec<Option<Placed<T>>> {
    let Some(node) = node else { return Vec::new() };
    let nodes = items(reader, node, key);
    at_most(reader, node, nodes, (key, MOST)).iter().map(|node| scalar(reader, node, key)).collect()
}

/// A list next to `ssl_certificate` has the same number of items.
fn paired(reader: &mut Reader<'_>, (certificate, count): (&Node, usize), key: &str, node: Option<&Node>) {
    let Some(node) = node else { return };
    let found = reader.one_or_many(node).len();
    if found == count || found == 0 || count == 0 {
        return;
    }
    let message = format!("`{key}` has {found} and `ssl_certificate` has {count}");
    let help = "write one per certificate, in the same order";
    let uneven = Diagnostic::refusal(Code::IN09, node.underline(), message, help);
    reader.diagnostics.push(uneven.related(certificate.underline(), "the certificates"));
}
