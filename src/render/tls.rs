//! The data for templates about TLS on an app server.

use serde::Serialize;

use crate::inventory::model::{Hsts, Nginx};
use crate::inventory::openssl::Offer;

/// The path of the group for DHE ciphers: nginx does not have a built-in one. A hash of the file is in its name.
pub const DH_GROUP: &str = "/etc/nginx/sslscale-dhparam-9ba6429597ae.pem";
/// ffdhe2048 of RFC 7919, a public group.
pub const FFDHE2048: &str = include_str!("../../templates/ffdhe2048.pem");

#[derive(Serialize)]
pub struct TlsView {
    protocols: Vec<&'static str>,
    /// Empty if TLS 1.3 is the only version.
    ciphers: String,
    level_zero: bool,
    server_order: bool,
    groups: String,
    /// Empty if no cipher needs it.
    dh_group: &'static str,
}

impl TlsView {
    /// The data for app servers with these settings.
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

    /// Whether the file at [`DH_GROUP`] is needed.
    pub fn has_dh_group(&self) -> bool {
        !self.dh_group.is_empty()
    }
}

/// The value of the HSTS header.
pub fn hsts(hsts: &Hsts) -> String {
    let mut value = format!("max-age={}", hsts.max_age.milliseconds() / 1_000);
    for (set, word) in [(hsts.include_subdomains, "; includeSubDomains"), (hsts.preload, "; preload")] {
        value.push_str(if set { word } else { "" });
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_group_has_its_hash() {
        assert_eq!(DH_GROUP, format!("/etc/nginx/sslscale-dhparam-{}.pem", crate::render::revision(&[FFDHE2048])));
    }
}
