//! TL08: a cipher that OpenSSL does not support, or that is unsafe or of no use with nginx.

use super::offers;
use crate::diagnostic::{Code, nearest_spelling};
use crate::inventory::document::Cursor;
use crate::inventory::openssl::{BROWSER_CIPHERS, CIPHERS, Cipher};
use crate::lint::{Detection, Doc, Finding, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::TL08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::Unsafe,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`ssl_ciphers` names a cipher that OpenSSL does not support, a TLS 1.3 suite, or a cipher that encrypts \
            nothing, authenticates nobody or needs keys that nginx does not have; or an item is not a name at all, \
            such as the expression `HIGH:!aNULL`.",
        why: "A misspelt name among good ones is dropped without a warning, so the list is not the one that was \
            intended. If every name in the list is like that, nginx does not start.",
        evidence: "With `ssl_ciphers ECDHE-NOPE:ECDHE-ECDSA-AES128-GCM-SHA256`, `nginx -t` returns 0 and prints \
            nothing. With `ssl_ciphers ECDHE-NOPE` alone, it fails: `SSL_CTX_set_cipher_list(\"ECDHE-NOPE\") failed`, \
            `no cipher match`. The same happens with `DES-CBC3-SHA`, which Debian's OpenSSL is built without, and \
            with `TLS_AES_128_GCM_SHA256`: TLS 1.3 suites are on whenever TLS 1.3 is. IANA names such as \
            `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` are accepted by OpenSSL 3.5 and refused by 1.1.1 and 3.0. \
            sslscale compares with the ciphers of 1.1.1, 3.0, 3.5 and 3.6, which are the same.",
        fix: "Write OpenSSL's name: `openssl ciphers -stdname` lists it next to the IANA name. TLS 1.3 suites need no \
            list.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6; OpenSSL 1.1.1w, 3.0.22, 3.5.9, 3.6.5",
    },
    examples: examples!("TL08", fixed),
};

/// The names to propose, first those that browsers have.
fn names() -> impl Iterator<Item = &'static str> {
    let useful = CIPHERS.iter().filter(|cipher| cipher.useless().is_none()).map(|cipher| cipher.name);
    BROWSER_CIPHERS.into_iter().chain(useful)
}

/// The items of the lists that have this item.
fn others<'a>(fleet: &Fleet<'a>, item: Cursor<'a>) -> Vec<&'a str> {
    let lists = offers::written(fleet, "ssl_ciphers").into_iter().map(|(_, _, list)| list);
    let lists = lists.filter(|list| list.items().any(|other| other.span() == item.span()));
    lists.flat_map(Cursor::items).filter_map(Cursor::text).collect()
}

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    let wrong = |text: &str| match Cipher::named(text) {
        Some(cipher) => cipher.useless().map(Some),
        None => Some(None),
    };
    for (_, item, useless) in offers::items(fleet, "ssl_ciphers", |_, text| wrong(text)) {
        let text = item.text().unwrap_or_default();
        if let Some(why) = useless {
            reporter.report(item.span(), format!("the cipher `{text}` {why}"), "remove it from `ssl_ciphers`");
            continue;
        }
        let message = format!("unknown cipher `{text}`: OpenSSL has no cipher with this name for TLS 1.2 or earlier");
        if text.starts_with("TLS_") && !text.contains("_WITH_") {
            let help = "remove it: TLS 1.3 suites are not set here; they are on if `ssl_protocols` has `TLSv1.3`";
            reporter.report(item.span(), message, help);
            continue;
        }
        let registered = CIPHERS.iter().find(|cipher| cipher.iana == text).map(|cipher| cipher.name);
        match registered.or_else(|| nearest_spelling(text, names())) {
            Some(name) if others(fleet, item).contains(&name) => {
                reporter.report(item.span(), message, format!("remove it: `{name}` is in the list"));
            }
            Some(name) => {
                let found = Finding::new(item.span(), message, format!("did you mean `{name}`?"));
                reporter.push(found.fixed_by(offers::instead(fleet.source, item, name)));
            }
            None => reporter.report(item.span(), message, "list the known names with `openssl ciphers -stdname`"),
        }
    }
}
