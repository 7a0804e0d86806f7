//! What the templates of an app server see of TLS.

use serde::Serialize;

use crate::inventory::model::{Hsts, Nginx};
use crate::inventory::openssl::Offer;

/// Where the group for DHE ciphers goes: nginx has none of its own.
pub const DH_GROUP: &str = "/etc/nginx/sslscale-dhparam.pem";
/// ffdhe2048 of RFC 7919: a public group, the same for everybody.
pub const FFDHE2048: &str = include_str!("../../templates/ffdhe2048.pem");

#[derive(Serialize)]
pub struct TlsView {
    protocols: Vec<&'static str>,
    /// Empty where there is only TLS 1.3.
    ciphers: String,
    level_zero: bool,
    server_order: bool,
    groups: String,
    /// Empty where no cipher needs it.
    dh_group: &'static str,
}

impl TlsView {
    /// What app servers with these settings offer.
    pub fn of(nginx: &Nginx) -> Self {
        let offer = Offer::of(nginx);
        Self {
            protocols: offer.protocols.iter().map(|version| version.name()).collect(),
            ciphers: offer.ciphers.join(":"),
            level_zero: offer.level_zero,
            server_order: offer.server_order,
            groups: offer.groups.join(":"),
            dh_group: if offer.needs_dh_group() { DH_GROUP } else { "" },
        }
    }

    /// Whether the file at [`DH_GROUP`] is part of it.
    pub fn has_dh_group(&self) -> bool {
        !self.dh_group.is_empty()
    }
}

/// The value of the header that tells browsers of HSTS.
pub fn hsts(hsts: &Hsts) -> String {
    let mut value = format!("max-age={}", hsts.max_age.milliseconds() / 1_000);
    for (said, word) in [(hsts.include_subdomains, "; includeSubDomains"), (hsts.preload, "; preload")] {
        value.push_str(if said { word } else { "" });
    }
    value
}
