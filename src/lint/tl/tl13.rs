//! TL13: a group that the OpenSSL of the app server does not support.

use super::offers;
use crate::diagnostic::{Code, nearest_spelling};
use crate::inventory::document::Cursor;
use crate::inventory::openssl::{GROUPS, Group, OLDEST, Offer, canonical_group};
use crate::inventory::types::{Curve, Scalar, TlsVersion, Version};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL13,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`ssl_ecdh_curve` names a group that the app server's OpenSSL does not support, such as `X25519MLKEM768` \
            before OpenSSL 3.5. The version is `nginx.openssl`; if that is not set, 1.1.1 and all later versions have \
            to support the group. The rule also reports an item that is not a name, such as `X25519:P-256`, and a list \
            without any group that one of the offered TLS versions can use.",
        why: "nginx does not start. A line that works on the newest app server takes the older ones down.",
        evidence: "With `ssl_ecdh_curve X25519MLKEM768:X25519` and OpenSSL 3.0, `nginx -t` fails with \
            `SSL_CTX_set1_curves_list(\"X25519MLKEM768:X25519\") failed`, `passed invalid argument`. OpenSSL 1.1.1 \
            also refuses `secp256r1`, `x25519` and `ffdhe2048`, which 3.0 accepts.",
        fix: "Set `nginx.openssl` if the app server has a later version, use the name that every version knows \
            (`prime256v1`), or remove the list: each profile has the groups that the app server's OpenSSL supports.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6; OpenSSL 1.1.1w, 3.0.22, 3.5.9, 3.6.5",
    },
    examples: examples!("TL13", fixed),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let lacks = |text: &str, openssl| match Group::named(text) {
        Some(group) => (!group.is_in(openssl)).then_some(Some((group.since, openssl))),
        None => Some(None),
    };
    let wrong = offers::items(fleet, "ssl_ecdh_curve", |nginx, text| lacks(text, nginx.openssl));
    let sound = wrong.is_empty();
    for (app, item, newer) in wrong {
        let text = item.text().unwrap_or_default();
        let openssl = fleet.inventory.app_servers[app].nginx.openssl;
        let Some((since, target)) = newer else {
            let message = format!("unknown group `{text}`: OpenSSL has no group with this name");
            reporter.push(unknown(fleet, item, (message, openssl)));
            continue;
        };
        let host = &fleet.inventory.app_servers[app].name;
        let message = match target {
            Some(target) => format!("the group `{text}` is unknown to OpenSSL {target} on `{host}`"),
            None => format!("not every OpenSSL from {OLDEST} on knows the group `{text}`"),
        };
        let other = Curve::parse(text).ok().map(|group| canonical_group(&group).to_owned());
        let older = other.and_then(|name| Group::named(&name)).filter(|group| group.is_in(openssl));
        if let Some(Group { name, since, .. }) = older {
            let help = format!("write `{name}`: OpenSSL knows the same group by this name from {since} on");
            let found = Finding::new(item.span(), message, help);
            reporter.push(found.fixed_by(offers::instead(fleet.source, item, name)));
            continue;
        }
        let help = format!(
            "OpenSSL knows it from {since} on: set `nginx.openssl` if the host has that version, or remove the group"
        );
        reporter.report(item.span(), message, help);
    }
    if sound {
        unusable(fleet, reporter);
    }
}

/// The finding for a name that no version has, with the nearest one that this version has.
fn unknown(fleet: &Fleet<'_>, item: Cursor<'_>, (message, openssl): (String, Option<Version>)) -> Finding {
    let text = item.text().unwrap_or_default();
    let curve = text.eq_ignore_ascii_case("curve25519");
    let near = curve.then_some("X25519").or_else(|| nearest_spelling(text, GROUPS.iter().map(|group| group.name)));
    let group = near.and_then(Group::named);
    let Some(Group { name, since, .. }) = group else {
        return Finding::new(item.span(), message, "every version has `X25519`, `prime256v1` and `secp384r1`");
    };
    let alias = Curve::parse(name).ok().and_then(|group| Group::named(canonical_group(&group)));
    if let Some(Group { name, .. }) = group.into_iter().chain(alias).find(|group| group.is_in(openssl)) {
        let found = Finding::new(item.span(), message, format!("did you mean `{name}`?"));
        return found.fixed_by(offers::instead(fleet.source, item, name));
    }
    let help = format!(
        "OpenSSL knows `{name}` from {since} on: write that, and set `nginx.openssl` if the host has that version"
    );
    Finding::new(item.span(), message, help)
}

/// Reports lists of which an offered TLS version can use no group.
fn unusable(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = std::collections::HashSet::new();
    for (_, nginx, list) in offers::written(fleet, "ssl_ecdh_curve") {
        let offer = Offer::of(nginx);
        let groups = || offer.groups.iter().filter_map(|name| Group::named(name));
        let dead = match (groups().any(|group| group.tls12), groups().any(|group| group.tls13)) {
            (_, false) if offer.protocols.contains(&TlsVersion::Tls13) => "TLS 1.3",
            (false, _) if offer.protocols.iter().any(|it| *it < TlsVersion::Tls13) => "TLS 1.2",
            _ => continue,
        };
        if seen.insert(list.span()) {
            let message = format!("no group in `ssl_ecdh_curve` works with {dead}");
            reporter.report(list.span(), message, "add `X25519` and `prime256v1`, which every client supports");
        }
    }
}
