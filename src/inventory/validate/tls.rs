//! What is offered over TLS and told to browsers, as far as one part of it rules out another.

use super::fields::{duration, switch};
use crate::diagnostic::Code;
use crate::inventory::model::{Hsts, Nginx};
use crate::inventory::node::Node;
use crate::inventory::openssl::{NoCipher, Offer};
use crate::inventory::raw::{RawHsts, RawNginx};
use crate::inventory::schema::Reader;
use crate::inventory::types::Duration;

/// Browsers take more for as much as they know; a century is a slip.
const MAX_AGE: [Duration; 2] = [Duration::seconds(0), Duration::minutes(60 * 24 * 3650)];
/// What the list that browsers are built with asks for.
const PRELOAD: Duration = Duration::minutes(60 * 24 * 365);

/// What browsers are told, where anything is said of it.
pub fn hsts(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Hsts> {
    let raw = RawHsts::read(reader, node?)?;
    if raw.max_age.is_none() {
        reader.missing(raw.span, "hsts", "max_age", "add `max_age: 730d` to it, or `0s` to make browsers forget");
    }
    let before = reader.diagnostics.len();
    let hsts = Hsts {
        max_age: duration(reader, raw.max_age, "max_age", MAX_AGE, MAX_AGE[0]),
        include_subdomains: switch(reader, raw.include_subdomains, "include_subdomains", false),
        preload: switch(reader, raw.preload, "preload", false),
    };
    let Some(max_age) = raw.max_age.filter(|_| reader.diagnostics.len() == before) else { return Some(hsts) };
    if !hsts.max_age.milliseconds().is_multiple_of(1_000) {
        let message = format!("`max_age` is no number of whole seconds: `{}`", hsts.max_age);
        reader.report(
            Code::IN06,
            max_age.span,
            message,
            "browsers know seconds: write `730d`, or `0s` to be forgotten",
        );
        return Some(hsts);
    }
    if let Some(preload) = raw.preload.filter(|_| hsts.preload) {
        if !hsts.include_subdomains {
            let message = "`preload` needs `include_subdomains: true`";
            let help = "the list that browsers are built with takes no name without all names below it";
            reader.report(Code::IN09, preload.underline(), message, help);
        }
        if hsts.max_age < PRELOAD {
            let message = format!("`preload` needs a `max_age` of a year, this is `{}`", hsts.max_age);
            let help = "write `730d`: the list that browsers are built with takes nothing below `365d`";
            reader.report(Code::IN09, max_age.underline(), message, help);
        }
    }
    Some(hsts)
}

/// Each version of TLS has a cipher, and ciphers a version: what is written here is at fault.
pub fn check(reader: &mut Reader<'_>, raw: &RawNginx<'_>, nginx: &Nginx) {
    let keys = [raw.ssl_ciphers, raw.ssl_protocols, raw.tls_profile];
    let Some(at) = keys.into_iter().flatten().next() else { return };
    match Offer::dead(nginx) {
        // What the fleet says may be of no use to one host.
        Some(NoCipher::Unused) if raw.ssl_ciphers.is_some() => {
            let message = "`ssl_ciphers` decides nothing: TLS 1.3 alone is offered, which has suites of its own";
            reader.report(Code::IN09, at.underline(), message, "remove it, or offer `TLSv1.2` as well");
        }
        Some(NoCipher::Of(version)) => {
            let message = format!("no client could speak `{}`: it has none of the ciphers", version.name());
            let help = match nginx.tls.ciphers {
                Some(_) => "add a cipher of that version to `ssl_ciphers`, or drop the version from `ssl_protocols`",
                None => "take the profile that has it, drop it from `ssl_protocols`, or list `ssl_ciphers` for it",
            };
            reader.report(Code::IN09, at.underline(), message, help);
        }
        Some(NoCipher::Unused) | None => {}
    }
}
