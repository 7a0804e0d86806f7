//! Servers that are not app servers, in a try-out: where their stand-ins run, what clients ask of them, and the verdict.
//! Pure; the commands run in the clients' host.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::curl::Fetch;
use super::other_server::OtherEcho;
use super::spec::{HostSpec, OtherAsked, OtherPoolSpec, OtherServerSpec, Role};
use crate::event::Verdict;
use crate::inventory::Inventory;
use crate::inventory::model::{OtherPool, OtherServer, bracketed};
use crate::inventory::types::ProxyProtocol;

/// A name that nothing in a fleet has (RFC 2606).
const NOBODY: &str = "sslscale-try.invalid";

/// The pools, and what clients ask of each.
pub(super) fn pools(inventory: &Inventory) -> Vec<OtherPoolSpec> {
    let taken: BTreeSet<&str> = inventory.names().map(|name| name.as_str()).collect();
    let pool = |pool: &OtherPool| {
        let names = pool.server_names.iter().map(|name| OtherAsked::Name(name.concrete(|name| taken.contains(name))));
        let not_tls = pool.not_tls.then_some(OtherAsked::NotTls);
        let unknown = pool.unknown_names.then_some(OtherAsked::UnknownName);
        OtherPoolSpec {
            name: pool.name.to_string(),
            servers: pool.servers.iter().map(|server| (server.address, server.name())).collect(),
            header: match pool.send_proxy {
                ProxyProtocol::Off => None,
                version => Some(version.name().to_owned()),
            },
            asked: names.chain(not_tls).chain(unknown).collect(),
        }
    };
    inventory.other_pools.iter().map(pool).collect()
}

/// Puts the stand-ins on the hosts that have their addresses, and on hosts of their own.
pub(super) fn place(inventory: &Inventory, hosts: &mut Vec<HostSpec>) {
    let mut placed = BTreeSet::new();
    let mut own: BTreeMap<IpAddr, HostSpec> = BTreeMap::new();
    let all = inventory.other_pools.iter().flat_map(|pool| pool.servers.iter().map(move |server| (pool, server)));
    for (pool, OtherServer { address, .. }) in all {
        if !placed.insert(*address) {
            continue;
        }
        let server = OtherServerSpec { listen: *address, header: pool.send_proxy != ProxyProtocol::Off };
        let ip = address.ip();
        let has = |host: &HostSpec| match ip.is_loopback() {
            true => host.role == Role::Balancer,
            false => host.addresses.contains(&ip) || host.role == Role::Balancer && host.extra_addresses.contains(&ip),
        };
        let mut found = false;
        // What is on one machine runs there once.
        let most = if ip.is_loopback() { usize::MAX } else { 1 };
        for host in hosts.iter_mut().filter(|host| has(host)).take(most) {
            host.others.push(server.clone());
            found = true;
        }
        if !found {
            let host = || HostSpec::new(&ip.to_string(), Role::Other, vec![ip]);
            own.entry(ip).or_insert_with(host).others.push(server);
        }
    }
    hosts.extend(own.into_values());
}

impl OtherAsked {
    /// The name in the request.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::NotTls | Self::UnknownName => NOBODY,
        }
    }

    /// What a row of the report is about.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::NotTls => "not TLS".to_owned(),
            Self::UnknownName => format!("{NOBODY}, an unknown name"),
        }
    }
}

/// The command, which prints the answer.
pub(super) fn command(asked: &OtherAsked, fetch: &Fetch<'_>) -> Vec<String> {
    let Fetch { name, client, entry, port, mapped, header, .. } = fetch;
    let proxied = header.then(|| super::curl::HEADER.to_owned());
    let scheme = if *asked == OtherAsked::NotTls { "http" } else { "https" };
    let fixed = ["curl", "-q", "-sS", "-k", "--noproxy", "*", "--max-time", "10", "--max-filesize", "65536"];
    let to = format!("{name}:{port}:{}:{mapped}", bracketed(*entry));
    let more = ["--interface".to_owned(), client.to_string(), "--connect-to".to_owned(), to];
    fixed
        .into_iter()
        .map(str::to_owned)
        .chain(proxied)
        .chain(more)
        .chain([format!("{scheme}://{name}:{port}/")])
        .collect()
}

/// What a client got.
pub(super) struct Got {
    pub(super) echo: Option<OtherEcho>,
    error: Option<String>,
}

/// Parses the output of [`command`].
pub(super) fn parse(code: Option<i32>, stdout: &str, stderr: &str) -> Got {
    let error = (code != Some(0)).then(|| {
        let words = stderr.lines().rev().find_map(|line| line.strip_prefix("curl: "));
        words.unwrap_or("curl was stopped").to_owned()
    });
    Got { echo: serde_json::from_str(stdout).ok(), error }
}

/// Every deviation from what the inventory promises. `sources` are the addresses that the balancer connects from.
pub(super) fn judge(
    pool: &OtherPoolSpec,
    asked: &OtherAsked,
    client: IpAddr,
    sources: &[IpAddr],
    got: &Got,
) -> Verdict {
    if let Some(error) = &got.error {
        return Verdict::Wrong(vec![format!("curl: {error}")]);
    }
    let Some(echo) = &got.echo else {
        return Verdict::Wrong(vec!["the answer is not one of a stand-in for a server of `other_pools`".to_owned()]);
    };
    let mut wrong = Vec::new();
    if !pool.servers.contains_key(&echo.listen) {
        wrong.push(format!("answered by {}, which is not in the pool `{}`", echo.listen, pool.name));
    }
    if echo.tls == (*asked == OtherAsked::NotTls) {
        wrong.push(if echo.tls { "spoke TLS".to_owned() } else { "did not speak TLS".to_owned() });
    }
    if let (OtherAsked::Name(name), Some(seen)) = (asked, &echo.name)
        && !seen.eq_ignore_ascii_case(name)
    {
        wrong.push(format!("the server saw the name {seen}"));
    }
    if echo.header != pool.header {
        let shown =
            |header: &Option<String>| header.as_ref().map_or("no PROXY header".to_owned(), |it| format!("PROXY {it}"));
        wrong.push(format!("the server got {}, not {}", shown(&echo.header), shown(&pool.header)));
    }
    let hidden = pool.header.is_none() && (echo.client.is_loopback() || sources.contains(&echo.client));
    if echo.client != client && !hidden {
        wrong.push(format!("the server saw the client {}", echo.client));
    }
    if wrong.is_empty() { Verdict::Ok } else { Verdict::Wrong(wrong) }
}

/// The name of the server that answered.
pub(super) fn answered(pool: &OtherPoolSpec, listen: SocketAddr) -> Option<String> {
    pool.servers.get(&listen).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_saw_has_to_be_what_the_pool_promises() {
        let listen: SocketAddr = "10.0.0.50:8443".parse().unwrap();
        let pool = |header: Option<&str>| OtherPoolSpec {
            name: "mail".to_owned(),
            servers: BTreeMap::from([(listen, "mail1".to_owned())]),
            header: header.map(str::to_owned),
            asked: Vec::new(),
        };
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        let balancer: IpAddr = "10.0.0.10".parse().unwrap();
        let name = OtherAsked::Name("mail.example.com".to_owned());
        let right = OtherEcho {
            listen,
            client,
            header: Some("v1".to_owned()),
            tls: true,
            name: Some("mail.example.com".to_owned()),
        };
        let judged = |pool: &OtherPoolSpec, asked: &OtherAsked, echo: &OtherEcho| {
            let got = parse(Some(0), &serde_json::to_string(echo).unwrap(), "");
            judge(pool, asked, client, &[balancer], &got).to_string()
        };
        let (sends, silent) = (pool(Some("v1")), pool(None));
        assert_eq!(judged(&sends, &name, &right), "ok");
        let behind = OtherEcho { client: balancer, header: None, ..right.clone() };
        assert_eq!(judged(&silent, &name, &behind), "ok");
        for (echo, wanted) in [
            (
                OtherEcho { listen: "10.0.0.51:1".parse().unwrap(), ..right.clone() },
                "answered by 10.0.0.51:1, which is not",
            ),
            (OtherEcho { tls: false, ..right.clone() }, "did not speak TLS"),
            (OtherEcho { name: Some("a.test".to_owned()), ..right.clone() }, "the server saw the name a.test"),
            (OtherEcho { header: Some("v2".to_owned()), ..right.clone() }, "the server got PROXY v2, not PROXY v1"),
            (OtherEcho { client: balancer, ..right.clone() }, "the server saw the client 10.0.0.10"),
        ] {
            let wrong = judged(&sends, &name, &echo);
            assert!(wrong.starts_with(wanted), "{wrong}");
        }
        assert_eq!(judged(&sends, &OtherAsked::NotTls, &right), "spoke TLS");
        let refused = parse(Some(7), "", "curl: (7) refused\n");
        assert_eq!(judge(&sends, &name, client, &[], &refused).to_string(), "curl: (7) refused");
        let page = parse(Some(0), "<html>", "");
        assert!(judge(&sends, &name, client, &[], &page).to_string().starts_with("the answer is not one"));
    }
}
