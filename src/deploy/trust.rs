//! Whose PROXY headers nginx believes. While balancers change, some still connect from addresses that they leave.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::config::nginx::{File, Statement};

/// Says whose header is believed.
const BELIEVE: &str = "set_real_ip_from";
/// Says whether a connection comes from a balancer.
const PEER: &str = "$sslscale_peer";
/// How the variables begin that say who connects to a site behind a CDN.
const CDN: &str = "$sslscale_cdn_";
/// What these say of a balancer.
const BALANCER: &str = "balancer";

/// The networks that `old` believes and `new` does not, of rendered files. Without any there are no headers, which is
/// another change.
pub fn ended(old: &str, new: &str) -> Vec<IpNet> {
    let (old, new) = (trusted(old), trusted(new));
    if new.is_empty() {
        return Vec::new();
    }
    old.into_iter().filter(|it| !new.iter().any(|network| network.contains(it))).collect()
}

/// Whether a configuration believes the PROXY headers of this address.
pub fn believes(text: &str, address: IpAddr) -> bool {
    trusted(text).iter().any(|network| network.contains(&address))
}

/// The networks of a configuration, each once.
fn trusted(text: &str) -> Vec<IpNet> {
    let (file, _) = File::read_until_error(text);
    let mut found = Vec::new();
    file.visit(|_, statement| found.extend(believed(statement)));
    let mut seen = std::collections::HashSet::new();
    found.retain(|network| seen.insert(*network));
    found
}

/// The network of a statement that says whom to believe.
fn believed(statement: &Statement<'_>) -> Option<IpNet> {
    match (statement.name(), statement.arguments()) {
        (BELIEVE, [from]) => network(&from.value),
        _ => None,
    }
}

/// A network, or an address as one.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// A rendered file that believes what `old` does, too: `ended` says which networks these are.
pub fn kept(text: &str, old: &str, ended: &[IpNet]) -> String {
    let (file, _) = File::read_until_error(text);
    let (old, _) = File::read_until_error(old);
    let balancers = lists(&old, |name| name.starts_with(CDN));
    // After which line, and what.
    let mut added: Vec<(usize, String)> = Vec::new();
    let mut add = |lines: &[&Statement<'_>], word: usize, networks: &[IpNet]| {
        let Some(last) = lines.last() else { return };
        let written = |line: &&Statement<'_>| network(&line.words[word].value);
        let has: Vec<IpNet> = lines.iter().filter_map(written).collect();
        for missing in networks.iter().filter(|it| !has.contains(it)) {
            // A line like those that are there.
            let [before, after] =
                [last.span.start..last.words[word].span.start, last.words[word].span.end..last.span.end];
            added.push((last.span.end, format!("\n    {}{missing}{}", &text[before], &text[after])));
        }
    };
    file.visit(|_, statement| match listed(statement) {
        Some(PEER) => add(&of_balancers(statement), 0, ended),
        Some(name) if name.starts_with(CDN) => add(&of_balancers(statement), 0, &balancers),
        _ => add(&statement.named(BELIEVE).collect::<Vec<_>>(), 1, ended),
    });
    let mut kept = text.to_owned();
    added.sort_by_key(|(at, _)| *at);
    added.into_iter().rev().for_each(|(at, lines)| kept.insert_str(at, &lines));
    kept
}

/// The entries of a list that are about balancers.
fn of_balancers<'f, 't>(list: &'f Statement<'t>) -> Vec<&'f Statement<'t>> {
    list.statements().iter().filter(|entry| entry.arguments().first().is_some_and(|it| it.is(BALANCER))).collect()
}

/// The variable of a list of networks.
fn listed<'f>(statement: &'f Statement<'_>) -> Option<&'f str> {
    let arguments = Some(statement.arguments()).filter(|_| statement.name() == "geo")?;
    arguments.last().map(|name| &*name.value)
}

/// The networks of balancers in these lists.
fn lists(file: &File<'_>, is_meant: impl Fn(&str) -> bool) -> Vec<IpNet> {
    let lists = file.statements.iter().filter(|list| listed(list).is_some_and(&is_meant));
    let mut found: Vec<IpNet> = lists.flat_map(of_balancers).filter_map(|entry| network(entry.name())).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(from: &[&str]) -> String {
        let from: String = from.iter().map(|it| format!("    set_real_ip_from {it};\n")).collect();
        format!("server {{\n    listen 443 ssl proxy_protocol;\n{from}    real_ip_header proxy_protocol;\n}}\n")
    }

    #[test]
    fn trust_ends_where_no_network_covers_what_one_did() {
        let both = &["10.0.0.10", "fd00::20/128"][..];
        let ends = |old: &[&str], new: &[&str]| {
            ended(&site(old), &site(new)).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(ends(both, both), [""; 0]);
        assert_eq!(ends(both, &["10.0.0.10/32"]), ["fd00::20/128"]);
        assert_eq!(ends(both, &["fd00::/64"]), ["10.0.0.10/32"]);
        assert_eq!(ends(both, &["10.0.0.0/24", "fd00::20"]), [""; 0]);
        assert_eq!(ends(both, &[]), [""; 0]);
        assert_eq!(ends(&[], both), [""; 0]);
    }

    #[test]
    fn what_is_believed_no_more_is_believed_until_balancers_have_changed() {
        let plain = "server {\n    listen 80;\n    return 404;\n}\n";
        let (old, new) = (site(&["10.0.0.10/32", "10.0.0.110/32"]), site(&["10.0.0.10/32", "10.0.0.20/32"]));
        let ended = ended(&old, &new);
        let text = kept(&format!("{new}{plain}{old}"), &old, &ended);
        let wanted = site(&["10.0.0.10/32", "10.0.0.20/32", "10.0.0.110/32"]);
        assert_eq!(text, format!("{wanted}{plain}{old}"));
    }

    #[test]
    fn a_site_behind_a_cdn_knows_the_balancer_too() {
        let lists = |balancers: &[&str], sites: usize| {
            let lines = |value: &str| balancers.iter().map(|it| format!("    {it} {value};\n")).collect::<String>();
            let peer =
                format!("geo $realip_remote_addr $sslscale_peer {{\n    default other;\n{}}}\n", lines("balancer"));
            let cdn = |number| {
                format!(
                    "geo $proxy_protocol_addr $sslscale_cdn_{number} {{\n    default other;\n    203.0.113.0/24 cdn;\n{}}}\n",
                    lines("balancer")
                )
            };
            format!("{peer}{}{}", (1..=sites).map(cdn).collect::<String>(), site(balancers))
        };
        let denied = "geo $remote_addr $sslscale_denied_1 {\n    default 1;\n}\n";
        let (old, new) = (lists(&["10.0.0.10/32", "10.0.0.110/32"], 1), lists(&["10.0.0.10/32"], 2));
        let text = kept(&format!("{denied}{new}"), &old, &ended(&old, &new));
        assert_eq!(text, format!("{denied}{}", lists(&["10.0.0.10/32", "10.0.0.110/32"], 2)));
    }
}
