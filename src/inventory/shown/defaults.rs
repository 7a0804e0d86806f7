//! What is taken where nothing is written. Most defaults are one value, which the table of keys has; the others depend
//! on the inventory.

use super::{Content, Entry, Origin, Part, Shown};
use crate::inventory::form::{Form, NOFILE, Scalar, TIMEOUT};
use crate::inventory::model::UpstreamTls;
use crate::inventory::openssl::Offer;
use crate::inventory::schema::{Key, Section};
use crate::inventory::types::{Authorities, CheckType};

impl Shown<'_> {
    /// The default of a key that is not written; `None` for a key that has none.
    pub(super) fn default(&self, section: &Section, key: &Key, part: &Part<'_>) -> Option<Content> {
        let words = key.default_words();
        if !self.has_effect(section, key, part) {
            return why(section).map(|why| Content::Unset(why.to_owned()));
        }
        if let Some(computed) = self.computed(section, key, part) {
            return computed;
        }
        match (key.default(), key.form) {
            (Some(text), Form::One(scalar) | Form::OneOrMany(scalar, _)) => {
                Some(Content::One(text.to_owned(), scalar, Origin::Default(None)))
            }
            _ => words.map(|words| Content::Unset(words.to_owned())),
        }
    }

    /// Whether the key could be written here.
    pub(super) fn has_effect(&self, section: &Section, key: &Key, part: &Part<'_>) -> bool {
        match (section.path, key.name) {
            ("haproxy.check", "path" | "host" | "expect") => part.haproxy.check.kind == CheckType::Http,
            ("pools[]", "check") | ("pools[].check", _) => {
                self.inventory.load_balancers.iter().any(|it| it.haproxy.check.kind == CheckType::Http)
            }
            ("nginx", "ssl_ciphers") => !Offer::of(part.nginx).ciphers.is_empty(),
            ("", "trusted_proxies") => self.inventory.has_proxy_header(),
            ("http.acme_challenge", "port") => {
                !["redirect", "account_thumbprint"].iter().any(|key| part.here.key(key).is_written())
            }
            ("sites[].locations[].return", "append_request_uri") => part.here.key("url").is_written(),
            ("sites[].locations[].return", "body") => !part.here.key("url").is_written(),
            ("sites[].locations[]", "limit") => !part.here.key("return").is_written(),
            ("sites[].locations[]", "upgrade") => part.here.key("proxy_pass").is_written(),
            ("sites[].locations[].return", "type") => part.here.key("body").is_written(),
            ("sites[].locations[]", name) if name.starts_with("upstream_ssl_") => part.tls,
            ("sites[].locations[]", name) if name.starts_with("upstream_") => part.passes,
            // Two hosts are never at one place.
            ("ssh", "host") => part.fleet.is_some(),
            _ => true,
        }
    }

    /// A default that depends on what else the inventory has. `None` if it does not.
    fn computed(&self, section: &Section, key: &Key, part: &Part<'_>) -> Option<Option<Content>> {
        let because = || Origin::Default(key.default_words().map(str::to_owned));
        let one = |text: String| match key.form {
            Form::One(scalar) => Some(Content::One(text, scalar, because())),
            _ => None,
        };
        let many = |texts: Vec<String>, origin: Origin| match key.form {
            Form::Many(scalar, ..) => Some(Content::Many(texts, scalar, origin)),
            _ => None,
        };
        let (inventory, check) = (self.inventory, &part.haproxy.check);
        Some(match (section.path, key.name) {
            ("", "trusted_proxies") => many(texts(&inventory.trusted_proxies), because()),
            ("", "tickets") => one(inventory.tickets.name().to_owned()),
            ("", "pools") => Some(Content::Sections(vec![self.pool_of_all(key)])),
            ("sites[]", "pool") => {
                let pool = inventory.pools.get(part.site?.pool)?;
                let origin = Origin::Default(Some("the only pool".to_owned()));
                Some(Content::One(pool.name.to_string(), Scalar::PoolName, origin))
            }
            ("pools[].check", _) => Some(Content::Unset("as in `haproxy.check`".to_owned())),
            ("high_availability", "virtual_addresses") => many(Vec::new(), because()),
            ("http", "public_port") => one(part.here.key("port").text().unwrap_or("80").to_owned()),
            ("haproxy", "public_port") => one(part.haproxy.public_port().to_string()),
            ("haproxy", "nofile") => {
                let nofile = inventory.nofile(part.haproxy);
                let range = NOFILE[0]..=NOFILE[1];
                if range.contains(&nofile) { one(nofile.to_string()) } else { unset(key) }
            }
            ("haproxy.check", "fastinter") => one(check.fastinter().to_string()),
            ("haproxy.check", "downinter") => one(check.downinter().to_string()),
            ("nginx", "upstream_read_timeout" | "upstream_send_timeout") => {
                let time = inventory.upstream_idle_default();
                if time < TIMEOUT[0] { unset(key) } else { one(time.to_string()) }
            }
            ("nginx", "ssl_protocols" | "ssl_ciphers" | "ssl_ecdh_curve") => {
                let offer = Offer::of(part.nginx);
                let names: Vec<String> = match key.name {
                    "ssl_protocols" => offer.protocols.iter().map(|version| version.name().to_owned()).collect(),
                    "ssl_ciphers" => texts(&offer.ciphers),
                    _ => texts(&offer.groups),
                };
                many(names, Origin::Profile(part.nginx.tls.profile.name()))
            }
            ("sites[].locations[].return", "code") if part.here.key("url").is_written() => one("308".to_owned()),
            ("sites[].locations[]", "upstream_ssl_trusted_certificate") if part.tls => {
                one(if part.verified { UpstreamTls::of_system() } else { Authorities::Off }.to_string())
            }
            ("ssh", "become") => one(if part.ssh.uses_sudo() { "sudo" } else { "none" }.to_owned()),
            _ => return None,
        })
    }

    /// The pool that there is without `pools`.
    fn pool_of_all(&self, key: &Key) -> Vec<Entry> {
        let because = || Origin::Default(key.default_words().map(str::to_owned));
        let pool = self.inventory.pools.first();
        let name = pool.map(|pool| pool.name.to_string()).unwrap_or_default();
        let names: Vec<String> = self.inventory.app_servers.iter().map(|app| app.name.to_string()).collect();
        vec![
            Entry { key: "name", content: Content::One(name, Scalar::PoolName, because()) },
            Entry { key: "app_servers", content: Content::Many(names, Scalar::HostName, because()) },
        ]
    }
}

/// Why a key of this section has no effect, where that is worth a word.
fn why(section: &Section) -> Option<&'static str> {
    match section.path {
        "haproxy.check" => Some("only checks over HTTP have it"),
        "nginx" => Some("TLS 1.3 has its own"),
        "" => Some("no PROXY header is sent"),
        _ => None,
    }
}

fn unset(key: &Key) -> Option<Content> {
    key.default_words().map(|words| Content::Unset(words.to_owned()))
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
