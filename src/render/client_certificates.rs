//! The data of certificates of clients.

use serde::Serialize;

use crate::inventory::model::{ClientCertificates, Site};

/// What nginx verifies them with.
#[derive(Serialize)]
pub struct ClientsView {
    authorities: String,
    verify: &'static str,
    /// Empty without a list.
    revoked: String,
}

impl ClientsView {
    /// The data of a site, if it asks for certificates.
    pub fn of(site: &Site) -> Option<Self> {
        let ClientCertificates { authorities, verify, revoked } = site.client_certificates.as_ref()?;
        Some(Self {
            authorities: authorities.to_string(),
            verify: verify.name(),
            revoked: revoked.as_ref().map(ToString::to_string).unwrap_or_default(),
        })
    }
}

/// The variable with what nginx knows of a client's certificate, for a header that says it; empty for others.
pub fn variable(header: &str) -> &'static str {
    match header {
        "X-SSL-Client-Verify" => "$ssl_client_verify",
        "X-SSL-Client-S-DN" => "$ssl_client_s_dn",
        "X-SSL-Client-I-DN" => "$ssl_client_i_dn",
        "X-SSL-Client-Serial" => "$ssl_client_serial",
        _ => "",
    }
}
