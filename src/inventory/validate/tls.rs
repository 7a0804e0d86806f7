//! Reads HSTS, and checks that the TLS settings of an app server fit each other.

use super::fields::{duration, switch};
use crate::diagnostic::Code;
use crate::inventory::form::{MAX_AGE, PRELOAD};
use crate::inventory::model::{Hsts, Nginx};
use crate::inventory::node::Node;
use crate::inventory::openssl::{NoCipher, Offer};
use crate::inventory::raw::{RawHsts, RawNginx};
use crate::inventory::schema::Reader;

/// Reads an `hsts` section.
pub fn hsts(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Hsts> {
    let raw = RawHsts::read(reader, node?)?;
    if raw.max_age.is_none() {
        reader.missing(raw.span, "hsts", "max_age", "add `max_age: 730d`, or `0s` to make browsers forget it");
    }
    let before = reader.diagnostics.len();
    let hsts = Hsts {
        max_age: duration(reader, raw.max_age, "max_age", MAX_AGE, MAX_AGE[0]),
        include_subdomains: switch(reader, raw.include_subdomains, "include_subdomains", false),
        preload: switch(reader, raw.preload, "preload", false),
    };
    let Some(max_age) = raw.max_age.filter(|_| reader.diagnostics.len() == before) else { return Some(hsts) };
    if !hsts.max_age.milliseconds().is_multiple_of(1_000) {
        let message = format!("`max_age` must be a whole number of seconds: `{}`", hsts.max_age);
        reader.report(
            Code::IN06,
            max_age.span,
            message,
            "write a value such as `730d`, or `0s` to make browsers forget it",
        );
        return Some(hsts);
    }
    if let Some(preload) = raw.preload.filter(|_| hsts.preload) {
        if !hsts.include_subdomains {
            let message = "`preload` needs `include_subdomains: true`";
            let help = "add it: the preload list of browsers only accepts sites that include all subdomains";
            reader.report(Code::IN09, preload.underline(), message, help);
        }
        if hsts.max_age < PRELOAD {
            let message = format!("`preload` needs a `max_age` of at least a year, but it is `{}`", hsts.max_age);
            let help = "write `730d`: the preload list of browsers requires at least `365d`";
            reader.report(Code::IN09, max_age.underline(), message, help);
        }
    }
    Some(hsts)
}

/// Checks that each TLS version has a cipher and that ciphers have a version to be used with.
pub fn check(reader: &mut Reader<'_>, raw: &RawNginx<'_>, nginx: &Nginx) {
    let keys = [raw.ssl_ciphers, raw.ssl_protocols, raw.tls_profile];
    let Some(at) = keys.into_iter().flatten().next() else { return };
    match Offer::dead(nginx) {
        // Ciphers from the fleet's settings may be without effect on one host.
        Some(NoCipher::Unused) if raw.ssl_ciphers.is_some() => {
            let message = "`ssl_ciphers` has no effect: it is not used for TLS 1.3, and no other version is enabled";
            reader.report(Code::IN09, at.underline(), message, "remove it, or add `TLSv1.2` to `ssl_protocols`");
        }
        Some(NoCipher::Of(version)) => {
            let message = format!("no client could use `{}`: none of the ciphers is for that version", version.name());
            let help = match nginx.tls.ciphers {
                Some(_) => "add a cipher for that version to `ssl_ciphers`, or remove the version from `ssl_protocols`",
                None => "set a `tls_profile` that has it, remove it from `ssl_protocols`, or add `ssl_ciphers` for it",
            };
            reader.report(Code::IN09, at.underline(), message, help);
        }
        Some(NoCipher::Unused) | None => {}
    }
}
