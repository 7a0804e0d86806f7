//! TL08: a cipher that does not exist, or that serves nobody.

use super::offers;
use crate::diagnostic::{Code, nearest};
use crate::inventory::openssl::{CIPHERS, Cipher};
use crate::lint::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    code: Code::TL08,
    since: "0.1.0",
    needs: Needs::Inventory,
    fix: Fixable::Unsafe,
    found: Found::Fleet(find),
    doc: Doc {
        what: "`ssl_ciphers` names a cipher that OpenSSL does not know, a suite of TLS 1.3, or a cipher that encrypts \
               nothing, authenticates nobody or needs keys that nginx does not have.",
        why: "A misspelt name beside good ones is dropped without a word, so the list is not the one that was meant. \
              A list of nothing but such names stops nginx.",
        evidence: "`ssl_ciphers ECDHE-NOPE:ECDHE-ECDSA-AES128-GCM-SHA256`: `nginx -t` returns 0 and says nothing. \
                   `ssl_ciphers ECDHE-NOPE` alone: `SSL_CTX_set_cipher_list(\"ECDHE-NOPE\") failed`, `no cipher \
                   match`; so does `DES-CBC3-SHA`, which Debian's OpenSSL is built without, and \
                   `TLS_AES_128_GCM_SHA256`, whose like is on wherever TLS 1.3 is. Names of the registry, such as \
                   `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`, are taken by OpenSSL 3.5 and refused by 1.1.1 and 3.0. \
                   sslscale compares with the ciphers of 1.1.1, 3.0, 3.5 and 3.6, which are the same ones.",
        fix: "Write OpenSSL's name: `openssl ciphers -stdname` lists them beside those of the registry. Suites of TLS \
              1.3 need no list.",
        verified_on: "nginx 1.18.0, 1.22.1, 1.26.3, 1.30.6; OpenSSL 1.1.1w, 3.0.22, 3.5.9, 3.6.5",
    },
    examples: Some(Examples {
        fires: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
nginx:
  ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES128-GCM-SHA25]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        silent: r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
nginx:
  ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, AES128-SHA]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        fixed: Some(
            r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
nginx:
  ssl_ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES128-GCM-SHA256]
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#,
        ),
    }),
};

fn find(fleet: &Fleet<'_>, findings: &mut Findings) {
    let wrong = |text: &str| match Cipher::named(text) {
        Some(cipher) => cipher.useless().map(Some),
        None => Some(None),
    };
    for (_, item, useless) in offers::items(fleet, "ssl_ciphers", |_, text| wrong(text)) {
        let text = item.text().unwrap_or_default();
        if let Some(why) = useless {
            findings.report(item.span(), format!("the cipher `{text}` {why}"), "remove it from `ssl_ciphers`");
            continue;
        }
        let message = format!("no cipher of TLS 1.2 or earlier is called `{text}` by OpenSSL");
        if text.starts_with("TLS_") && !text.contains("_WITH_") {
            let help = "remove it: suites of TLS 1.3 need no list, `ssl_protocols` with `TLSv1.3` brings them";
            findings.report(item.span(), message, help);
            continue;
        }
        let registered = CIPHERS.iter().find(|cipher| cipher.iana == text).map(|cipher| cipher.name);
        let names = || CIPHERS.iter().filter(|cipher| cipher.useless().is_none()).map(|cipher| cipher.name);
        match registered.or_else(|| nearest(text, names())) {
            Some(name) => {
                let found = findings.finding(item.span(), message, format!("did you mean `{name}`?"));
                findings.push(found.fixed_by(offers::instead(fleet.source, item, name)));
            }
            None => findings.report(item.span(), message, "`openssl ciphers -stdname` lists the names that it has"),
        }
    }
}
