//! Reads `client_certificates` of a site.

use super::fields::{optional, or_default, required};
use super::owned::Use;
use crate::inventory::model::ClientCertificates;
use crate::inventory::node::Node;
use crate::inventory::raw::RawClientCertificates;
use crate::inventory::schema::Reader;
use crate::inventory::types::{AbsolutePath, VerifyClient};
use crate::source::Span;

/// A file that the section names, and where.
pub type File = (Use, AbsolutePath, Span);

/// Reads the section.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> (Option<ClientCertificates>, Vec<File>) {
    let Some(raw) = node.and_then(|node| RawClientCertificates::read(reader, node)) else { return Default::default() };
    let section = "sites[].client_certificates";
    let key = "ssl_client_certificate";
    let authorities = required::<AbsolutePath>(reader, raw.ssl_client_certificate, key, section, raw.span);
    let verify = or_default(reader, raw.ssl_verify_client, "ssl_verify_client", VerifyClient::On);
    let revoked: Option<AbsolutePath> = optional(reader, raw.ssl_crl, "ssl_crl");
    let Some(authorities) = authorities else { return Default::default() };
    let list = revoked.iter().zip(raw.ssl_crl).map(|(path, node)| (Use::Certificate, path.clone(), node.underline()));
    let files = std::iter::once((Use::Certificate, authorities.value.clone(), authorities.span)).chain(list).collect();
    (Some(ClientCertificates { authorities: authorities.value, verify, revoked }), files)
}
