//! Reads how balancers answer plain HTTP, and where the challenges of a certificate authority go.

use super::fields::{optional, or_default, place_of, scalar, scalar_with, switch};
use super::hosts::Hosts;
use super::pools::{self, Pools, unknown};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{AcmeChallenge, Http};
use crate::inventory::node::Node;
use crate::inventory::raw::{RawAcmeChallenge, RawHttp};
use crate::inventory::schema::Reader;
use crate::inventory::types::{
    AccountThumbprint, Directory, HostName, PoolName, Port, RedirectCode, RedirectUrl, Scalar, ValueError,
};
use crate::source::Span;

/// How balancers answer plain HTTP, and the places of the ports.
pub struct PlacedHttp {
    pub http: Http,
    /// `None` if it is the default.
    pub port: Option<Span>,
    /// Of the port that challenges go to, or of the key that says where they go.
    pub challenges: Option<Span>,
    /// Of the directory of challenges.
    pub root: Option<Span>,
}

/// Reads `http`; `None` if it is switched off.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>, hosts: &Hosts, pools: &Pools) -> Option<PlacedHttp> {
    let default = Http { port: Port(80), public_port: None, code: RedirectCode::Permanent, acme_challenge: None };
    let Some(raw) = node.and_then(|node| RawHttp::read(reader, node)) else {
        return Some(PlacedHttp { http: default, port: None, challenges: None, root: None });
    };
    let port = raw.port.and_then(|node| scalar::<Port>(reader, node, "port"));
    let public_port = optional(reader, raw.public_port, "public_port");
    let code = or_default(reader, raw.code, "code", default.code);
    let challenges = raw.acme_challenge.and_then(|node| acme_challenge(reader, node, hosts, pools));
    let (acme_challenge, challenges) = challenges.unzip();
    let port_span = port.as_ref().map(|placed| placed.span);
    let http = Http { port: port.map_or(default.port, |placed| placed.value), public_port, code, acme_challenge };
    let root = place_of(reader, raw.acme_challenge, "root");
    let placed = PlacedHttp { http, port: port_span, challenges, root };
    if switch(reader, raw.enabled, "enabled", true) {
        return Some(placed);
    }
    if let Some(node) = raw.acme_challenge {
        let message = "`acme_challenge` has no effect with `enabled: false`: balancers do not answer plain HTTP";
        reader.report(Code::IN09, node.underline(), message, "remove the key, or remove `enabled: false`");
    }
    None
}

fn acme_challenge(reader: &mut Reader<'_>, node: &Node, hosts: &Hosts, pools: &Pools) -> Option<(AcmeChallenge, Span)> {
    let raw = RawAcmeChallenge::read(reader, node)?;
    let targets = [
        ("app_server", raw.app_server),
        ("pool", raw.pool),
        ("redirect", raw.redirect),
        ("account_thumbprint", raw.account_thumbprint),
    ];
    let mut written = targets.iter().filter_map(|(key, node)| Some((*key, (*node)?)));
    let Some((key, target)) = written.next() else {
        let help = "add `app_server: srv1`, `pool: web`, `redirect: http://acme.example.com`, or `account_thumbprint` for \
                    balancers that answer";
        reader.report(Code::IN04, raw.span, "`http.acme_challenge` does not say where challenges go", help);
        return None;
    };
    for (other, node) in written {
        let message = format!("`http.acme_challenge` has both `{key}` and `{other}`");
        let two =
            Diagnostic::refusal(Code::IN09, node.underline(), message, "keep one of them: challenges go to one place");
        reader.diagnostics.push(two.related(target.underline(), "the other one"));
    }
    let port = or_default(reader, raw.port, "port", Port(80));
    let root = raw.root.and_then(|node| scalar::<Directory>(reader, node, "root")).map(|placed| placed.value.0);
    let members = match key {
        "app_server" => vec![app_server(reader, target, hosts)?],
        "pool" if pools.names().is_empty() => {
            let help = match hosts.app_server_names() {
                [first, ..] => format!("write `app_server: {first}` instead of `pool`: the inventory has no `pools`"),
                [] => "write `app_server` instead of `pool`: the inventory has no `pools`".to_owned(),
            };
            // Without pools only a typo in another place can be the reason.
            let name = scalar::<PoolName>(reader, target, "pool")?;
            let message = format!("there is no pool `{}`", name.value.as_str());
            reader.report(Code::IN07, name.span, message, help);
            return None;
        }
        "pool" => pool(reader, target, pools)?,
        key => {
            let help = if key == "redirect" { "remove it, or make it a part of the URL" } else { "remove it" };
            for (other, node) in [("port", raw.port), ("root", raw.root)] {
                if let Some(node) = node {
                    let message = format!("`{other}` has no effect with `{key}`");
                    reader.report(Code::IN09, node.underline(), message, help);
                }
            }
            let elsewhere = if key == "redirect" {
                AcmeChallenge::Redirect(redirect(reader, target)?)
            } else {
                AcmeChallenge::Answered(scalar::<AccountThumbprint>(reader, target, key)?.value)
            };
            return Some((elsewhere, target.underline()));
        }
    };
    let place = raw.port.unwrap_or(target).underline();
    Some((AcmeChallenge::AppServers { members, port, root }, place))
}

fn app_server(reader: &mut Reader<'_>, node: &Node, hosts: &Hosts) -> Option<usize> {
    let name = scalar::<HostName>(reader, node, "app_server")?;
    pools::app_server(reader, hosts, &name)
}

fn pool(reader: &mut Reader<'_>, node: &Node, pools: &Pools) -> Option<Vec<usize>> {
    let name = scalar::<PoolName>(reader, node, "pool")?;
    let Some(found) = pools.named(&name.value) else {
        unknown(reader, name.span, "pool", name.value.as_str(), pools.names());
        return None;
    };
    Some(pools.all[found].pool.members.clone()).filter(|members| !members.is_empty())
}

/// A URL without a path: the path of the challenge is appended.
fn redirect(reader: &mut Reader<'_>, node: &Node) -> Option<RedirectUrl> {
    let written = node.text(reader.source).unwrap_or_default();
    let improved = |error: ValueError| match written.contains('$') {
        true => ValueError { help: host_alone(written), ..error },
        false => error,
    };
    let url = scalar_with::<RedirectUrl>(reader, node, "redirect", improved)?;
    let text = url.value.to_string();
    let host = text.split_once("://").map_or("", |(_, host)| host);
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    if host.chars().all(plain) {
        return Some(url.value);
    }
    refuse(reader, url.span, &text);
    None
}

fn refuse(reader: &mut Reader<'_>, span: Span, text: &str) {
    let message = format!("`redirect` has more than a host: `{text}`");
    reader.report(Code::IN06, span, message, host_alone(text));
}

/// Help for a redirect with more than a host: the URL up to there.
fn host_alone(text: &str) -> String {
    let end = text.find("://").map_or(0, |at| at + 3);
    let host = text[end..].find(['/', '?', '$']).map_or(text, |at| &text[..end + at]);
    let url = if RedirectUrl::parse(host).is_ok() { host } else { "http://acme.example.com" };
    format!("write `{url}`: the path of the challenge is appended")
}
