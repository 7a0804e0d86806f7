//! Reads health checks: the balancers' and what differs for a pool.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::fields::{count, duration, duration_if_written, many, one_name, optional, or_default};
use super::hosts::Hosts;
use super::pools::PlacedPool;
use crate::diagnostic::Code;
use crate::inventory::form::{BETWEEN_CHECKS, SHORT};
use crate::inventory::model::{Check, HttpCheck, Nginx};
use crate::inventory::node::Node;
use crate::inventory::openssl::Offer;
use crate::inventory::raw::{RawCheck, RawPoolCheck};
use crate::inventory::schema::Reader;
use crate::inventory::types::{CheckPath, CheckType, Statuses, TlsVersion};

/// `base` with the settings of the section `check`.
pub fn check(reader: &mut Reader<'_>, node: Option<&Node>, base: Check) -> Check {
    let Some(raw) = node.and_then(|node| RawCheck::read(reader, node)) else { return base };
    // A type that is misspelled is reported once, and not also at the keys that need it.
    let kind = match raw.r#type {
        Some(node) => or_default(reader, Some(node), "type", CheckType::Http),
        None => base.kind,
    };
    let http = [("path", raw.path), ("host", raw.host), ("expect", raw.expect)];
    if kind != CheckType::Http {
        for (key, node) in http.into_iter().filter_map(|(key, node)| Some((key, node?))) {
            let message = format!("`{key}` has no effect: a check of type `{}` makes no HTTP request", kind.name());
            reader.report(Code::IN09, node.underline(), message, "write `type: http`, or remove the key");
        }
    }
    let interval =
        |reader: &mut Reader<'_>, node, key, base| duration_if_written(reader, node, key, BETWEEN_CHECKS).or(base);
    Check {
        kind,
        http: http_check(reader, http.map(|(_, node)| node)).or(&base.http),
        inter: duration(reader, raw.inter, "inter", BETWEEN_CHECKS, base.inter),
        fastinter: interval(reader, raw.fastinter, "fastinter", base.fastinter),
        downinter: interval(reader, raw.downinter, "downinter", base.downinter),
        fall: count(reader, raw.fall, "fall", 1..=100, base.fall),
        rise: count(reader, raw.rise, "rise", 1..=100, base.rise),
        slowstart: duration_if_written(reader, raw.slowstart, "slowstart", SHORT).or(base.slowstart),
        on_marked_down: or_default(reader, raw.on_marked_down, "on_marked_down", base.on_marked_down),
    }
}

/// What checks over HTTP ask for: `path`, `host` and `expect`.
fn http_check(reader: &mut Reader<'_>, [path, host, expect]: [Option<&Node>; 3]) -> HttpCheck {
    let wildcard = (", but a check asks for one name", "write a name that the wildcard matches");
    let host = host.and_then(|node| one_name(reader, node, "host", wildcard));
    let path = optional::<CheckPath>(reader, path, "path");
    let expect = expect.map(|node| many(reader, node, "expect")).unwrap_or_default();
    let expect: Vec<Statuses> = expect.into_iter().map(|list| list.value).collect();
    HttpCheck { path, host, expect: Statuses::all(&expect) }
}

/// The section `check` of a pool.
pub fn of_pool(reader: &mut Reader<'_>, node: &Node) -> HttpCheck {
    let Some(raw) = RawPoolCheck::read(reader, node) else { return HttpCheck::default() };
    http_check(reader, [raw.path, raw.host, raw.expect])
}

/// Checks that health checks have a TLS version that the app servers have. haproxy's checks begin with TLS
/// 1.2 and OpenSSL's security level: to an app server with TLS 1.1 alone every check fails.
pub fn check_versions(reader: &mut Reader<'_>, hosts: &Hosts) {
    let kinds = hosts.load_balancers.iter().map(|(host, _)| host.haproxy.check.kind);
    if kinds.into_iter().all(|kind| kind == CheckType::Tcp) {
        return;
    }
    let old = |nginx: &Nginx| Offer::of(nginx).protocols.iter().all(|version| *version < TlsVersion::Tls12);
    // Most app servers share their settings.
    let mut known = HashMap::new();
    let mut is_old = |nginx: &Arc<Nginx>| *known.entry(Arc::as_ptr(nginx)).or_insert_with(|| old(nginx));
    let mut seen = HashSet::new();
    for (app, places) in hosts.app_servers.iter().filter(|(app, _)| is_old(&app.nginx)) {
        let span = places.ssl_protocols.unwrap_or(places.name);
        // A version without a cipher was reported there.
        if seen.insert(span) && Offer::dead(&app.nginx).is_none() {
            let message = format!("health checks need TLS 1.2 or 1.3, and `{}` has neither", app.name);
            let help = "add `TLSv1.2` to `ssl_protocols`, or set `check: { type: tcp }` in `haproxy`";
            reader.report(Code::IN09, span, message, help);
        }
    }
}

/// Reports sections `check` of pools where no balancer makes HTTP checks.
pub fn check_use(reader: &mut Reader<'_>, pools: &[PlacedPool], hosts: &Hosts) {
    if hosts.load_balancers.iter().any(|(host, _)| host.haproxy.check.kind == CheckType::Http) {
        return;
    }
    for span in pools.iter().filter_map(|pool| pool.check) {
        let help = "write `check: { type: http }` in `haproxy`, or remove the section";
        reader.report(Code::IN09, span, "`check` of a pool has no effect: no balancer makes HTTP checks", help);
    }
}
