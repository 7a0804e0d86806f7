//! Validation as a table: a text, and what refuses it by code and place; and what a sound text means.

mod fleet;
mod limits;
mod listeners;
mod one_host;
mod other_pools;
mod paths;
mod protocols;
mod settings;
mod sites;
mod upstreams;

use super::check;
use crate::inventory::Inventory;
use crate::source::Source;

const HOSTS: &str = "load_balancers: [{ name: lb1, address: 10.0.0.10 }]\n\
                     app_servers: [{ name: srv1, address: 10.0.0.11 }, { name: srv2, address: 10.0.0.12 }]\n";
const SITE: &str =
    "sites: [{ server_name: a.example, root: /srv, ssl_certificate: /etc/a.crt, ssl_certificate_key: /etc/a.key }]\n";
/// Of an ACME account.
const THUMBPRINT: &str = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const POOLS: &str = "pools: [{ name: web, app_servers: [srv1] }, { name: api, app_servers: [srv2] }]\n";

/// What refuses a text: codes, and the text at their places.
fn refusals(text: &str) -> Vec<(&'static str, String)> {
    let source = Source::new("t", text);
    let checked = check(&source);
    assert_eq!(checked.inventory.is_none(), !checked.diagnostics.is_empty());
    checked.diagnostics.iter().map(|it| (it.code.id, source.slice(it.span).to_owned())).collect()
}

fn accepted(text: &str) -> Inventory {
    let checked = check(&Source::new("t", text));
    checked.inventory.unwrap_or_else(|| panic!("{:?}\n{text}", checked.diagnostics))
}

/// The smallest inventory with more sections.
fn with(more: &str) -> String {
    format!("{HOSTS}{more}{SITE}")
}

/// The smallest inventory with one part replaced.
fn replaced(from: &str, to: &str) -> String {
    let text = with("");
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

/// Sites with these certificates and keys, and more keys of their own.
fn sites(sites: &[(&str, &str, &str, &str)]) -> String {
    let site = |(name, certificate, key, more): &(&str, &str, &str, &str)| {
        let files = format!("ssl_certificate: {certificate}, ssl_certificate_key: {key}");
        format!("  - {{ server_name: {name}, root: /srv, {files}{more} }}\n")
    };
    format!("sites:\n{}", sites.iter().map(site).collect::<String>())
}

/// A title, a text, and what refuses it.
type Case<'c> = (&'c str, String, &'c [(&'c str, &'c str)]);

fn assert_refused(cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for (title, text, wanted) in cases {
        let found = refusals(text);
        let found: Vec<(&str, &str)> = found.iter().map(|(code, at)| (*code, at.as_str())).collect();
        if found != *wanted {
            wrong.push(format!("{title}: {found:?}, not {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every key of the fixture reaches the model, host by host.
#[test]
fn every_key_is_read() {
    let text = include_str!("../../../../tests/fixtures/every-key.yaml");
    let inventory = accepted(text);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("inventory-every-key", format!("{inventory:#?}")));
}
