//! From a line of a rendered file to the value of the inventory that it was rendered from. Keys that
//! map to one directive have its name, so a directive and the blocks around it lead to the key. Every
//! message gets a place: the key, else the site or host around it, else the first key. Pure.

mod access;
mod others;
mod upgrade;
mod upstreams;

use std::collections::HashMap;
use std::net::SocketAddr;

use super::outline::{Outline, Statement};
use super::parse::{Message, unnamed};
use crate::config::haproxy::app_server;
use crate::inventory::document::Cursor;
use crate::inventory::model::{ACME_CHALLENGE, AcmeChallenge, Location};
use crate::inventory::types::LocationMatch;
use crate::lint::{Fleet, upstream_key};

/// The keys of a location that say where requests go.
const TARGETS: [&str; 6] = ["uwsgi_pass", "fastcgi_pass", "proxy_pass", "grpc_pass", "root", "return"];

/// The statement that a message is about, in the outline of its file.
pub fn statement<'o>(message: &Message, outline: Option<&'o Outline<'_>>) -> Option<Statement<'o>> {
    outline?.at(message.place.as_ref()?.line, message.quoted())
}

/// A fleet, with everything that a message about its files can name.
pub struct Map<'f> {
    fleet: &'f Fleet<'f>,
    /// By server name.
    sites: HashMap<String, usize>,
    /// By name.
    apps: HashMap<&'f str, usize>,
    /// What a message without a line can name.
    values: HashMap<String, Cursor<'f>>,
}

impl<'f> Map<'f> {
    /// The map of a fleet.
    pub fn new(fleet: &'f Fleet<'f>) -> Self {
        let mut map = Self { fleet, sites: HashMap::new(), apps: HashMap::new(), values: HashMap::new() };
        let inventory = fleet.inventory;
        for (index, site) in inventory.sites.iter().enumerate() {
            for (item, name) in site.server_names.iter().enumerate() {
                map.sites.insert(name.to_string(), index);
                map.value(name.to_string(), fleet.site(index, "server_name").item(item));
            }
        }
        for (at, pair) in fleet.pairs() {
            // What nginx cannot load is the source's content, if there is a source.
            let file = |key: &str, source: &str| fleet.certificate(at, source).or(fleet.certificate(at, key));
            let key = file("ssl_certificate_key", "ssl_certificate_key_source");
            map.value(pair.ssl_certificate.to_string(), file("ssl_certificate", "ssl_certificate_source"));
            map.value(pair.ssl_certificate_key.to_string(), key);
        }
        for (index, pool) in inventory.pools.iter().enumerate() {
            map.value(pool.name.to_string(), map.pool(index));
        }
        for (index, pool) in inventory.other_pools.iter().enumerate() {
            let place = fleet.written.key("other_pools").item(index);
            map.value(pool.name.to_string(), place.key("name"));
            for (item, name) in pool.server_names.iter().enumerate() {
                map.value(name.to_string(), place.key("server_name").item(item));
            }
        }
        for (index, app) in inventory.app_servers.iter().enumerate() {
            map.apps.insert(app.name.as_str(), index);
        }
        map
    }

    /// The fleet.
    pub fn fleet(&self) -> &'f Fleet<'f> {
        self.fleet
    }

    /// The first value with a name keeps it.
    fn value(&mut self, name: String, place: Cursor<'f>) {
        self.values.entry(name).or_insert(place);
    }

    fn pool(&self, index: usize) -> Cursor<'f> {
        let pools = self.fleet.written.key("pools");
        // The default pool consists of the app servers.
        if pools.is_written() { pools.item(index).key("name") } else { self.fleet.written.key("app_servers") }
    }

    /// The place of a message of nginx on the app server at `app`.
    pub fn nginx(&self, app: usize, message: &Message, statement: Option<&Statement<'_>>) -> Cursor<'f> {
        let host = self.fleet.app_server(app);
        // nginx names no line for groups that its OpenSSL does not have.
        if statement.is_none() && message.text.contains("SSL_CTX_set1_curves_list") {
            return self.offered(app, "ssl_ecdh_curve", message);
        }
        let Some(statement) = statement else { return self.named(message).unwrap_or(host) };
        let of_block = || {
            let by_client = || self.access(app, statement).or_else(|| self.cdn(app, statement));
            self.upstream(app, message, statement)
                .or_else(by_client)
                .or_else(|| self.upgraded(app, statement))
                .or_else(|| others::nginx_metrics(self.fleet, app, statement))
        };
        if let Some(place) = self.answers(statement).or_else(of_block) {
            return place;
        }
        let version = || {
            let version = self.fleet.nginx(app, &["version"]);
            if version.text().is_some() { version } else { self.fleet.nginx(app, &["http2"]) }
        };
        match *statement.words {
            ["listen", ..] if message.text.contains("http2") => return version(),
            ["http2" | "ssl_reject_handshake", ..] => return version(),
            ["listen", ..] => return self.fleet.nginx(app, &["port"]),
            [key @ ("ssl_protocols" | "ssl_ciphers" | "ssl_ecdh_curve"), ..] => {
                return self.offered(app, key, message);
            }
            ["ssl_dhparam", ..] => return self.offered(app, "ssl_ciphers", message),
            ["ssl_prefer_server_ciphers", ..] => return self.fleet.nginx(app, &["tls_profile"]),
            ["set_real_ip_from", network, ..] => return self.trusted(network),
            ["real_ip_header", header] if header != "proxy_protocol" => {
                return self.cdn_header(header).unwrap_or(host);
            }
            ["limit_req_zone" | "limit_conn_zone" | "limit_req" | "limit_conn", ..] => {
                return self.limited(statement).unwrap_or(host);
            }
            [key @ ("access_log" | "log_format"), ..] => return self.fleet.nginx(app, &[key]),
            ["map", _, to, ..] if to.starts_with("$sslscale_log_") => return self.fleet.nginx(app, &["log_format"]),
            [key @ ("keepalive_timeout" | "keepalive_time" | "worker_shutdown_timeout"), ..] => {
                return self.fleet.nginx(app, &[key]);
            }
            ["large_client_header_buffers" | "http2_max_field_size" | "http2_max_header_size", ..] => {
                return self.fleet.nginx(app, &["large_client_header_buffers"]);
            }
            ["resolver" | "resolver_timeout", ..] => return self.offered(app, "resolver", message),
            _ => {}
        }
        let known = |name: &&&str| !name.is_empty() && self.sites.contains_key(**name);
        // The default server answers for unknown names and belongs to no site.
        let default = statement.names.first().is_none_or(|name| name.trim_matches('"').is_empty());
        let Some(site) = statement.names.iter().find(known).filter(|_| !default).map(|name| self.sites[*name]) else {
            return self.named(message).unwrap_or(host);
        };
        let here = self.fleet.written.key("sites").item(site);
        let of_site = || access::closed(statement, here.key("maintenance")).or(access::refused(statement.words, here));
        if let Some(place) = self.location(site, message, statement).or_else(of_site) {
            return place;
        }
        match statement.words {
            ["server_name", names @ ..] => {
                let named = message.quoted().find(|word| names.contains(word));
                named.and_then(|name| self.values.get(name).copied()).unwrap_or(self.fleet.site(site, "server_name"))
            }
            [key @ ("ssl_certificate" | "ssl_certificate_key"), path, ..] => {
                let places = self.fleet.site(site, key).items();
                places.filter(|place| place.text() == Some(path)).last().unwrap_or(self.fleet.site(site, key))
            }
            ["add_header", "Strict-Transport-Security", ..] => {
                let of_site = self.fleet.site(site, "hsts").key("max_age");
                if of_site.is_written() { of_site } else { self.fleet.nginx(app, &["hsts", "max_age"]) }
            }
            [directive, ..] if upstream_key(directive).is_some() => {
                let key = upstream_key(directive).map_or("", |(_, key)| key);
                let written = Some(self.fleet.site(site, key)).filter(|place| place.is_written());
                written.or(self.fleet.nginx_if_written(app, &[key])).unwrap_or(self.fleet.site(site, "server_name"))
            }
            [key @ ("ssl_client_certificate" | "ssl_verify_client" | "ssl_verify_depth" | "ssl_crl"), ..] => {
                let section = here.key("client_certificates");
                section.key(key).or(section.key("ssl_client_certificate"))
            }
            [directive @ ("limit_req_status" | "limit_conn_status"), ..] => {
                let key = if *directive == "limit_req_status" { "rate" } else { "connections" };
                here.key("limit").key(key).or(here.key("limit")).or(here.key("server_name"))
            }
            [key @ "root", ..] => self.fleet.site(site, key),
            [key @ "client_max_body_size", ..] => {
                let of_site = self.fleet.site(site, key);
                if of_site.is_written() { of_site } else { self.fleet.nginx(app, &[key]) }
            }
            _ => self.fleet.site(site, "server_name"),
        }
    }

    /// The item of a list that a message quotes, else the first; without a list, the TLS profile.
    fn offered(&self, app: usize, key: &str, message: &Message) -> Cursor<'f> {
        let Some(list) = self.fleet.nginx_if_written(app, &[key]) else {
            // Which groups are offered by default depends on the version of OpenSSL.
            let openssl = self.fleet.nginx_if_written(app, &["openssl"]).filter(|_| key == "ssl_ecdh_curve");
            return openssl.unwrap_or_else(|| self.fleet.nginx(app, &["tls_profile"]));
        };
        let quoted = |item: &Cursor<'f>| message.quoted().any(|word| item.text() == Some(word));
        list.items().find(quoted).or_else(|| list.items().next()).unwrap_or(list)
    }

    /// The place of a statement in a location that the inventory has.
    fn location(&self, site: usize, message: &Message, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        let path = |words: &[&str]| match *words {
            ["location", "=", path] => Some((path.to_owned(), true)),
            ["location", path] => Some((path.to_owned(), false)),
            _ => None,
        };
        let locations = &self.fleet.inventory.sites[site].locations;
        let index = statement.around.iter().filter_map(|words| path(words)).find_map(|(path, exact)| {
            let same = |it: &Location| it.path.as_str() == path && (it.matching == LocationMatch::Exact) == exact;
            locations.iter().position(same)
        })?;
        let location = self.fleet.site(site, "locations").item(index);
        if let Some(place) = access::refused(statement.words, location) {
            return Some(place);
        }
        Some(match *statement.words {
            ["return", code, ..] => {
                let (target, key) = (location.key("return"), if message.text.contains(code) { "code" } else { "url" });
                target.key(key).or(target.key("url")).or(target.key("body")).or(target.key("code")).or(target)
            }
            [key, ..] if TARGETS.contains(&key) => location.key(key),
            ["default_type", ..] => location.key("return").key("type").or(location.key("return").key("body")),
            ["set", "$sslscale_server", ..] => {
                TARGETS.map(|key| location.key(key)).into_iter().find(|it| it.is_written())?
            }
            ["try_files", ..] => location.key("fallback").or(location.key("path")),
            [directive, ..] if upstream_key(directive).is_some_and(|(_, key)| location.key(key).is_written()) => {
                location.key(upstream_key(directive).map_or("", |(_, key)| key))
            }
            _ => location.key("path"),
        })
    }

    /// The place of a message of haproxy on the balancer at `index`.
    pub fn haproxy(&self, index: usize, message: &Message, statement: Option<&Statement<'_>>) -> Cursor<'f> {
        let host = self.fleet.load_balancer(index);
        let bound = statement.and_then(|statement| self.bound(index, message, statement));
        let bound = bound.or_else(|| others::before(self.fleet, index, message, statement?));
        let bound = bound.or_else(|| others::of_everyone(self.fleet, index, message, statement?));
        let other = || others::line(self.fleet, message, statement?);
        if let Some(place) = bound.or_else(|| self.plain_http(message, statement?)).or_else(other) {
            return place;
        }
        let setting = |keys: &[&str]| self.fleet.haproxy(index, keys);
        let Some(statement) = statement else {
            let timeouts = message.text.contains("timeout").then(|| setting(&["timeouts"]));
            return self.named(message).or(timeouts).unwrap_or(host);
        };
        match *statement.words {
            [key @ ("log" | "maxconn" | "retries" | "balance"), ..] => setting(&[key]),
            ["timeout", which, ..] => {
                let key = which.replace('-', "_");
                setting(&["timeouts", &key])
            }
            ["option", "redispatch", ..] => setting(&["redispatch"]),
            ["tcp-request", "inspect-delay", ..] => setting(&["timeouts", "client_hello"]),
            ["tcp-request", "content", "reject", ..] => setting(&["unknown_names"]),
            ["bind", ..] => setting(&["port"]),
            ["hard-stop-after", ..] => setting(&["hard_stop_after"]),
            ["mworker-max-reloads", ..] => setting(&["mworker_max_reloads"]),
            ["http-check", "expect", ..] => self.asked(index, statement, "expect"),
            ["http-check", "send", ref options @ ..] => {
                let host = options.windows(2).find(|pair| pair[0] == "Host").map(|pair| pair[1]);
                let key = if host.is_some_and(|host| message.text.contains(host)) { "host" } else { "path" };
                self.asked(index, statement, key)
            }
            ["server", name, ..] => self.server(index, message, name).unwrap_or(host),
            ["default-server", ref options @ ..] => {
                let words = &message.text;
                let keys = ["fastinter", "downinter", "inter", "fall", "rise", "slowstart", "on-marked-down"];
                let check = keys.into_iter().find(|key| words.contains(key));
                let name = options.windows(2).find(|pair| pair[0] == "check-sni").map(|pair| pair[1]);
                let named = name.filter(|name| words.contains("sni") || words.contains(name));
                let tls = words.contains("check-ssl").then_some("type");
                match (check.or(tls), named.and_then(|name| self.values.get(name))) {
                    (Some(key), _) => setting(&["check", &key.replace('-', "_")]),
                    (None, Some(site)) => *site,
                    (None, None) => self.around(statement).unwrap_or(setting(&["check"])),
                }
            }
            _ => {
                // A routing rule names its site, else its pool.
                let words = statement.words.iter().skip(1).map(|word| word.trim_start_matches('.'));
                let route = |word: &str| self.sites.get(word).or_else(|| self.sites.get(&format!("*.{word}")));
                let site = words.clone().find_map(route).map(|site| self.fleet.site(*site, "server_name"));
                let pool = || statement.words.iter().skip(1).find_map(|word| self.values.get(*word).copied());
                site.or_else(pool).or_else(|| self.around(statement)).or_else(|| self.named(message)).unwrap_or(host)
            }
        }
    }

    /// The address in a `bind` line, if it is written and not the port is meant.
    fn bound(&self, balancer: usize, message: &Message, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        let ["bind", socket, ..] = *statement.words else { return None };
        let socket: SocketAddr = socket.parse().ok().filter(|_| !message.text.contains("port"))?;
        let written = self.fleet.haproxy_if_written(balancer, &["bind"])?;
        written.items().find(|item| item.text().and_then(|text| text.parse().ok()) == Some(socket.ip()))
    }

    /// What a check over HTTP asks for, in the pool whose backend the statement is in, else for all pools.
    fn asked(&self, balancer: usize, statement: &Statement<'_>, key: &str) -> Cursor<'f> {
        let pools = &self.fleet.inventory.pools;
        let around = |name: &str| statement.around.iter().any(|words| words.get(1) == Some(&name));
        let pool = pools.iter().position(|pool| around(pool.name.as_str()));
        let written = match pool {
            Some(pool) => self.fleet.http_check((balancer, pool), key),
            None => self.fleet.haproxy_if_written(balancer, &["check", key]),
        };
        // `expect` may be a list.
        let first = |place: Cursor<'f>| place.items().next().unwrap_or(place);
        written.map_or_else(|| self.fleet.haproxy(balancer, &["check", "type"]), first)
    }

    /// The key of the `http` section behind a line of its frontend or backend.
    fn plain_http(&self, message: &Message, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        let ours = |words: &&[&str]| matches!(**words, ["frontend", "http-in"] | ["backend", "acme-challenge"]);
        statement.around.iter().find(|words| ours(words))?;
        let http = self.fleet.written.key("http");
        let place = match *statement.words {
            ["bind", ..] => http.key("port"),
            ["http-request", "redirect", "code", "302", ..] if !message.text.contains("code") => {
                http.key("acme_challenge").key("redirect")
            }
            ["http-request", "redirect", ..] => http.key("code"),
            ["http-request", "return", "status", "200", ..] => http.key("acme_challenge").key("account_thumbprint"),
            ["server", ..] => self.challenges(message),
            ["acl", "is_served", _, _, _, name, ..] => {
                let name = name.strip_prefix('.').map_or_else(|| (*name).to_owned(), |parent| format!("*.{parent}"));
                *self.values.get(&name)?
            }
            _ => http,
        };
        // A section that is not written has no place.
        place.is_written().then_some(place)
    }

    /// The key behind a line about where challenges go.
    fn challenges(&self, message: &Message) -> Cursor<'f> {
        let section = self.fleet.written.key("http").key("acme_challenge");
        let target = section.key("app_server").or(section.key("pool"));
        if message.text.contains("port") { section.key("port").or(target) } else { target }
    }

    /// The key behind a line of nginx's server for challenges.
    fn answers(&self, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        let AcmeChallenge::AppServers { port, root: Some(root), .. } =
            self.fleet.inventory.http.as_ref()?.acme_challenge.as_ref()?
        else {
            return None;
        };
        let (port, root) = (port.to_string(), root.to_string());
        let section = self.fleet.written.key("http").key("acme_challenge");
        match *statement.words {
            ["listen", socket] if socket == port || socket == format!("[::]:{port}") => {
                let written = section.key("port");
                Some(if written.is_written() { written } else { section })
            }
            ["root", path] if path == root && statement.around.iter().any(|words| words.contains(&ACME_CHALLENGE)) => {
                Some(section.key("root"))
            }
            _ => None,
        }
    }

    /// The key behind the haproxy line of an app server: in its entry, or one for all servers.
    fn server(&self, balancer: usize, message: &Message, name: &str) -> Option<Cursor<'f>> {
        let index = *self.apps.get(app_server(name).0)?;
        let entry = self.fleet.written.key("app_servers").item(index);
        let rest = unnamed(&message.text, name);
        if let Some(place) = others::source(self.fleet, (balancer, &rest), name) {
            return Some(place);
        }
        let about = |words: &[&str]| words.iter().any(|word| rest.contains(word));
        let addresses: Vec<String> =
            self.fleet.inventory.app_servers[index].addresses.iter().map(|address| address.to_string()).collect();
        Some(if about(&["send-prox"]) {
            self.fleet.haproxy(balancer, &["proxy_protocol"])
        } else if about(&["weight"]) {
            entry.key("weight")
        } else if about(&["backup"]) {
            entry.key("backup")
        } else if about(&["maxconn"]) {
            entry.key("maxconn")
        } else if about(&["address"]) || addresses.iter().any(|address| about(&[address])) {
            entry.key("address")
        } else {
            entry.key("name")
        })
    }

    /// The pool whose section the statement is in.
    fn around(&self, statement: &Statement<'_>) -> Option<Cursor<'f>> {
        statement.around.iter().find_map(|words| self.values.get(*words.get(1)?).copied())
    }

    /// The place of the first thing that the message quotes, app servers before all else.
    fn named(&self, message: &Message) -> Option<Cursor<'f>> {
        // haproxy writes `pool/server`, and usually names the pool as well.
        let app = |word: &str| self.apps.get(app_server(word.rsplit('/').next()?).0);
        let server = message.quoted().find_map(app).map(|index| self.fleet.app_server(*index));
        server.or_else(|| message.quoted().find_map(|word| self.values.get(word).copied()))
    }
}
