//! Random fleets: hosts, their addresses and settings, pools, and who is trusted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sslscale::inventory::types::{Become, Tickets};

use super::balancers::{bound, sources, without_header};
use super::checks::checked;
use super::others::{drawn, others, takes_unknown_names};
use super::sites;
use super::values::{Part, access_log, buffer, duration, http_port, log, name, number, one_of, port, scalar, size};
use super::yaml::Yaml;
use super::{Scale, Versions, access, flag, metrics, one_host, section, snippets, tls, upstreams};

const DAY: u64 = 86_400_000;
const HOUR: u64 = 3_600_000;
/// Words that mean something to haproxy elsewhere, and the names that our own file uses.
const POOLS: [&str; 11] =
    ["https-servers", "if", "unless", "from", "GLOBAL", "defaults", "MASTER", "1", "check", "listen", "a.b_c-d"];

/// A whole inventory for these versions.
pub fn inventory(versions: Versions, scale: Scale) -> Part {
    let families = prop_oneof![
        6 => Just([1, 1]), 3 => Just([2, 2]), 3 => Just([3, 3]), 4 => Just([3, 0]), 4 => Just([0, 3]), 1 => Just([0, 0]),
    ];
    let (most_balancers, most_apps): (usize, usize) = if scale == Scale::Small { (2, 3) } else { (4, 12) };
    let balancers = prop_oneof![3 => 1..=most_balancers, 1 => Just(1_usize)];
    let counts = (balancers, 1..=most_apps, sites::count(scale), any::<bool>());
    (families, counts)
        .prop_flat_map(move |([balancers, apps], (lbs, srvs, count, grpc))| {
            let hosts = (hosts(0, lbs, balancers), hosts(lbs, srvs, apps));
            let settings = (
                vec(proptest::option::weighted(0.3, haproxy(None, scale)), lbs),
                vec(app_settings(!grpc, scale), srvs),
                (haproxy(Some(versions.haproxy), scale), nginx(Some(versions.nginx), !grpc)),
                (proptest::option::weighted(0.2, lint()), proptest::option::weighted(0.6, http())),
            );
            let pools = proptest::option::weighted(0.6, pools(srvs, count.sites));
            let trust =
                (0..4_u8, 1..=32_u8, vec(address(60, 0), 0..4), proptest::option::weighted(0.3, virtual_addresses()));
            let tickets = proptest::option::weighted(0.5, one_of(Tickets::NAMES));
            let ssh = proptest::option::weighted(0.2, ssh());
            let named = upstreams::all(versions.nginx);
            let beside = proptest::option::weighted(0.15, (any::<Index>(), any::<Index>()));
            let more = (trust, tickets, ssh, drawn(), beside);
            (hosts, settings, pools, (sites::sites(count, grpc), named), sites::choices(), more)
        })
        .prop_map(
            |(
                (lbs, mut srvs),
                (own_haproxy, mut own_app, (haproxy, nginx), (lint, http)),
                pools,
                (mut sites, named),
                choices,
                (trust, tickets, ssh, drawn, beside),
            )| {
                if let Some((balancer, app)) = beside {
                    let app = app.index(srvs.len());
                    srvs[app].addresses.clone_from(&balancer.get(&lbs).addresses);
                    one_host::beside(&mut own_app[app], &nginx);
                }
                let app_names: Vec<String> = srvs.iter().map(|host| host.name.clone()).collect();
                let pools = pools.map(|pools| linked(&pools, &app_names, &mut sites, &choices));
                let (haproxy, pools) = checked(haproxy, pools, &sites);
                // One of six fleets sends no PROXY header, from any balancer.
                let off = trust.1 % 6 == 5;
                let trusted = trusted(&lbs, &trust.2, trust.0, trust.1).filter(|_| !off);
                let (haproxy, own_haproxy) =
                    if off { without_header(haproxy, own_haproxy) } else { (haproxy, own_haproxy) };
                let addresses: Vec<&[IpAddr]> = lbs.iter().map(|host| host.addresses.as_slice()).collect();
                let own_haproxy = bound(&addresses, trust.3.as_ref(), trust.1 % 9, own_haproxy);
                // Lists of trusted proxies know nothing of further addresses.
                let apps: Vec<&[IpAddr]> = srvs.iter().map(|host| host.addresses.as_slice()).collect();
                let mood = if trusted.is_none() { trust.1 % 7 } else { 6 };
                let own_haproxy = sources(&addresses, &apps, mood, own_haproxy);
                let rejects = std::iter::once(&haproxy).chain(own_haproxy.iter().flatten()).any(rejects);
                let others = others(drawn, &addresses, rejects);
                sites::take_unknown_names(
                    &mut sites,
                    rejects || others.as_ref().is_some_and(takes_unknown_names),
                    trust.1,
                );
                let own_ssh = ssh.is_some();
                let balancer = |(host, haproxy): (Host, Option<Yaml>)| {
                    let alias = Yaml::Scalar(format!("{}.internal", host.name));
                    let ssh = own_ssh.then(|| ("ssh", Yaml::Map(vec![("host", alias)])));
                    host.yaml(haproxy.map(|h| ("haproxy", h)).into_iter().chain(ssh))
                };
                let app = |(host, own): (Host, Yaml)| {
                    let Yaml::Map(own) = own else { unreachable!("a section is a mapping") };
                    host.yaml(own)
                };
                let all = [
                    Some(("load_balancers", Yaml::List(lbs.into_iter().zip(own_haproxy).map(balancer).collect()))),
                    Some(("app_servers", Yaml::List(srvs.into_iter().zip(own_app).map(app).collect()))),
                    http.map(|http| ("http", aimed(http, &app_names, pools.as_ref(), &choices))),
                    pools.map(|pools| ("pools", pools)),
                    others.map(|others| ("other_pools", others)),
                    trusted.map(|list| ("trusted_proxies", list)),
                    trust.3.map(|list| ("high_availability", Yaml::Map(vec![("virtual_addresses", list)]))),
                    tickets.map(|tickets| ("tickets", tickets)),
                    Some(("haproxy", haproxy)),
                    Some(("nginx", nginx)),
                    ssh.map(|ssh| ("ssh", ssh)),
                    lint.map(|lint| ("lint", lint)),
                    upstreams::used(named, &sites).map(|named| ("upstreams", named)),
                    Some(("sites", Yaml::List(sites))),
                ];
                Yaml::Map(all.into_iter().flatten().collect())
            },
        )
        .boxed()
}

/// Whether these settings of haproxy reject unknown names.
fn rejects(haproxy: &Yaml) -> bool {
    let Yaml::Map(keys) = haproxy else { return false };
    keys.iter().any(|(key, value)| *key == "unknown_names" && *value == Yaml::Scalar("reject".to_owned()))
}

#[derive(Debug, Clone)]
struct Host {
    name: String,
    addresses: Vec<IpAddr>,
    /// Whether addresses are spelled in full.
    spelled: bool,
}

impl Host {
    fn yaml(self, more: impl IntoIterator<Item = (&'static str, Yaml)>) -> Yaml {
        let text = |address: &IpAddr| match address {
            IpAddr::V6(v6) if self.spelled => Yaml::Scalar(v6.segments().map(|part| format!("{part:04X}")).join(":")),
            address => Yaml::Scalar(address.to_string()),
        };
        let address = match self.addresses.as_slice() {
            [one] => text(one),
            all => Yaml::List(all.iter().map(text).collect()),
        };
        let mut entries = vec![("name", Yaml::Scalar(self.name.clone())), ("address", address)];
        entries.extend(more);
        Yaml::Map(entries)
    }
}

/// `count` hosts, numbered from `first`. `families` is 1 for IPv4, 2 for IPv6, 3 for both and
/// 0 for any of these.
fn hosts(first: usize, count: usize, families: u8) -> BoxedStrategy<Vec<Host>> {
    let host = move |number: usize| {
        let families = if families == 0 { (1..=3_u8).boxed() } else { Just(families).boxed() };
        let suffix = format!("-{number}");
        (name(63 - suffix.len()), families, address(number, 1), address(number, 2), any::<(bool, bool)>()).prop_map(
            move |(name, families, v4, v6, (swap, spelled))| {
                let mut addresses: Vec<IpAddr> = Vec::new();
                addresses.extend((families & 1 != 0).then_some(v4));
                addresses.extend((families & 2 != 0).then_some(v6));
                if swap {
                    addresses.reverse();
                }
                Host { name: format!("{name}{suffix}"), addresses, spelled }
            },
        )
    };
    (first..first + count).map(host).collect::<Vec<_>>().boxed()
}

/// An address that ends in `number` + 1, which makes it unique; of IPv4 for 1, IPv6 for 2, any for 0.
fn address(number: usize, family: u8) -> BoxedStrategy<IpAddr> {
    let last = u8::try_from(number + 1).unwrap();
    let front = select(&[[10_u8, 0], [10, 255], [192, 168], [1, 1], [223, 255], [172, 16], [100, 64], [126, 255]][..]);
    let v4 = (front, any::<u8>()).prop_map(move |([a, b], c)| IpAddr::V4(Ipv4Addr::new(a, b, c, last)));
    let front =
        select(&[[0x2001_u16, 0xdb8], [0xfd00, 0], [0xfdff, 0xffff], [0x2a00, 0x1450], [0, 0], [0x64, 0xff9b]][..]);
    let v6 = (front, any::<u16>(), any::<bool>()).prop_map(move |([a, b], c, full)| {
        let c = if a == 0 { 0 } else { c };
        let fill = if full && a != 0 { 0xffff } else { 0 };
        IpAddr::V6(Ipv6Addr::new(a, b, c, fill, fill, fill, if a == 0 { 1 } else { fill }, u16::from(last)))
    });
    match family {
        1 => v4.boxed(),
        2 => v6.boxed(),
        _ => prop_oneof![v4, v6].boxed(),
    }
}

fn virtual_addresses() -> Part {
    let each = |count: usize| (0..count).map(|n| scalar(address(100 + n, 0))).collect::<Vec<_>>();
    (0..=4_usize).prop_flat_map(each).prop_map(Yaml::List).boxed()
}

/// No list, the exact addresses, networks around them, or all of these and more.
fn trusted(balancers: &[Host], more: &[IpAddr], mood: u8, prefix: u8) -> Option<Yaml> {
    let around = |address: &IpAddr| {
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match mood {
            1 => longest,
            _ if address.is_ipv4() => prefix,
            _ => prefix * 4,
        };
        IpNet::new(*address, prefix).unwrap().trunc().to_string()
    };
    let bare = |address: &IpAddr| address.to_string();
    let own = balancers.iter().flat_map(|host| &host.addresses);
    let list: Vec<String> = match mood {
        0 => return None,
        3 => own.chain(more).map(|a| if a.is_ipv4() { bare(a) } else { around(a) }).collect(),
        _ => own.map(around).collect(),
    };
    Some(Yaml::List(list.into_iter().map(Yaml::Scalar).collect()))
}

type Pools = (usize, Vec<(String, u16)>);

/// Names and members of 1 to 4 pools, never more than there are sites.
fn pools(apps: usize, sites: usize) -> BoxedStrategy<Pools> {
    let start = 0..POOLS.len();
    (1..=sites.min(4), start)
        .prop_flat_map(move |(count, start)| {
            let pool = move |number: usize| {
                let own = name(61).prop_map(move |name| format!("{name}-{number}"));
                let special = Just(POOLS[(start + number) % POOLS.len()].to_owned());
                (prop_oneof![own, special], any::<u16>())
            };
            (Just(apps), (0..count).map(pool).collect::<Vec<_>>())
        })
        .boxed()
}

/// Gives every app server a pool and every pool an app server, then the sites theirs.
fn linked((apps, pools): &Pools, names: &[String], sites: &mut [Yaml], choices: &[Index]) -> Yaml {
    let member = |pool: usize, app: usize| {
        let homeless = pools.iter().all(|(_, mask)| mask & (1 << app) == 0);
        let empty = pools[pool].1.trailing_zeros() as usize >= *apps;
        pools[pool].1 & (1 << app) != 0 || (homeless && app % pools.len() == pool) || (empty && app == pool % apps)
    };
    let entry = |(index, (name, _)): (usize, &(String, u16))| {
        let members = (0..*apps).filter(|app| member(index, *app)).map(|app| Yaml::Scalar(names[app].clone()));
        Yaml::Map(vec![("name", Yaml::Scalar(name.clone())), ("app_servers", Yaml::List(members.collect()))])
    };
    let pool_names: Vec<String> = pools.iter().map(|(name, _)| name.clone()).collect();
    sites::assign(sites, &pool_names, choices);
    Yaml::List(pools.iter().enumerate().map(entry).collect())
}

fn version((major, minor, patch): (u32, u32, u32)) -> Part {
    scalar(Just(format!("{major}.{minor}.{patch}")))
}

/// Health checks. What a check over HTTP asks for is written only with that type; the type is then
/// always written, as a balancer's own section may follow a fleet's of another type.
fn check(scale: Scale) -> Part {
    // A try-out waits until every server was checked. On a busy machine a check takes more than the
    // 100 ms that so short an `inter` would give its connection, and `fall` may be 1.
    let (shortest, longest) = if scale == Scale::Any { (100, HOUR) } else { (500, 1_000) };
    let common = || {
        vec![
            ("inter", 0.5, duration(shortest, longest)),
            ("fastinter", 0.3, duration(100, HOUR)),
            ("downinter", 0.3, duration(100, HOUR)),
            ("fall", 0.5, number(1, 100)),
            ("rise", 0.5, number(1, 100)),
            ("slowstart", 0.3, duration(1_000, longest)),
            ("on_marked_down", 0.3, one_of(&["shutdown-sessions", "none"])),
        ]
    };
    let mut plain = common();
    plain.push(("type", 0.4, one_of(&["tls", "tcp"])));
    let mut http = common();
    http.push(("type", 1.0, one_of(&["http"])));
    http.push(("path", 0.5, one_of(&["/", "/healthz", "/a/b?c=%20&d=e"])));
    http.push(("expect", 0.5, one_of(&["200", "200-399", "200,204,301-308", "100-599", "204", "503"])));
    prop_oneof![2 => section(plain), 1 => section(http)].boxed()
}

/// Networks of what is before the balancers.
fn accepted() -> Part {
    let one = one_of(&["10.77.0.0/16", "203.0.113.128/25", "fd77::/32", "2001:db8:77::5", "10.0.0.0/8", "10.77.9.9"]);
    vec(one, 1..4)
        .prop_map(|list| {
            let mut seen = Vec::new();
            list.into_iter().for_each(|it| {
                if !seen.contains(&it) {
                    seen.push(it);
                }
            });
            Yaml::List(seen)
        })
        .boxed()
}

/// How many connections there may be. A small fleet needs as many descriptors as any machine allows.
fn connections(scale: Scale) -> u64 {
    if scale == Scale::Any { 500_000 } else { 8_000 }
}

/// Settings of haproxy: the fleet's, which tell its version, or one balancer's.
fn haproxy(told: Option<(u32, u32, u32)>, scale: Scale) -> Part {
    let most = connections(scale);
    let timeouts = section(vec![
        ("connect", 0.4, duration(1_000, HOUR)),
        ("client", 0.4, duration(1_000, 24 * DAY)),
        ("server", 0.4, duration(1_000, 24 * DAY)),
        ("client_fin", 0.4, duration(1_000, 24 * DAY)),
        ("queue", 0.4, duration(1_000, HOUR)),
        ("check", 0.4, duration(1_000, HOUR)),
        ("client_hello", 0.4, duration(1_000, HOUR)),
    ]);
    let check = check(scale);
    let mut keys = vec![
        ("port", 0.4, scalar(port())),
        ("public_port", 0.2, scalar(port())),
        ("maxconn", 0.4, number(1, most)),
        ("nofile", 0.3, if scale == Scale::Any { number(1024, 1_048_576) } else { number(2 * most + 50, 20_000) }),
        ("balance", 0.6, one_of(&["roundrobin", "static-rr", "leastconn", "first", "source", "random"])),
        ("proxy_protocol", 0.5, one_of(&["v1", "v2"])),
        ("retries", 0.3, number(1, 100)),
        ("redispatch", 0.3, flag()),
        ("accept_proxy_from", 0.15, accepted()),
        ("metrics", 0.2, metrics::section_of(&["8404", "9101", "65531"])),
        ("allow", 0.1, access::allowed()),
        ("deny", 0.1, access::denied()),
        ("limit", 0.15, access::connecting()),
        ("peers_port", 0.1, one_of(&["10000", "10001", "65532"])),
        ("unknown_names", 0.3, one_of(&["forward", "reject"])),
        ("log", 0.4, log()),
        ("timeouts", 0.5, timeouts),
        ("check", 0.5, check),
        ("hard_stop_after", 0.3, duration(1_000, 24 * DAY)),
        ("mworker_max_reloads", 0.3, number(1, 1000)),
        ("include", 0.3, snippets::haproxy()),
    ];
    keys.extend(told.map(|told| ("version", 1.0, version(told))));
    section(keys)
}

/// Settings of nginx: the fleet's, which tell its version, or one app server's.
fn nginx(told: Option<(u32, u32, u32)>, http2_may_be_off: bool) -> Part {
    let mut keys = vec![
        ("port", 0.3, scalar(port())),
        ("http2", 0.3, if http2_may_be_off { flag() } else { one_of(&["true"]) }),
        ("keepalive_timeout", 0.4, duration(1_000, 24 * DAY)),
        ("keepalive_time", 0.3, duration(1_000, 24 * DAY)),
        ("worker_shutdown_timeout", 0.3, duration(1_000, 24 * DAY)),
        ("client_max_body_size", 0.4, size()),
        ("large_client_header_buffers", 0.2, buffer()),
        ("upstream_buffer_size", 0.2, buffer()),
        ("resolver", 0.3, one_of(&["10.0.0.2", "127.0.0.53", "[fd00::53]:5353"])),
        ("metrics", 0.2, metrics::section_of(&["8404", "9113", "65530"])),
        ("access_log", 0.2, access_log()),
        ("log_format", 0.4, one_of(&["combined", "json", "stock"])),
        ("include", 0.3, snippets::http()),
    ];
    keys.extend(told.map(|told| ("version", 1.0, version(told))));
    keys.extend(sites::timeouts(0.2, 24 * DAY));
    keys.extend(told.map(|told| ("openssl", 0.5, version(tls::openssl(told)))));
    keys.push(("hsts", 0.2, tls::hsts()));
    (section(keys), proptest::option::weighted(0.3, tls::offer()))
        .prop_map(|(nginx, offer)| {
            let Yaml::Map(mut entries) = nginx else { unreachable!("a section is a mapping") };
            entries.extend(offer.unwrap_or_default());
            Yaml::Map(entries)
        })
        .boxed()
}

/// Settings of one app server.
fn app_settings(http2_may_be_off: bool, scale: Scale) -> Part {
    section(vec![
        ("weight", 0.3, number(0, 256)),
        ("backup", 0.2, flag()),
        ("maxconn", 0.3, number(1, connections(scale))),
        ("nginx", 0.15, nginx(None, http2_may_be_off)),
    ])
}

/// Plain HTTP. The target of challenges gets its name later.
fn http() -> Part {
    let target = select(&["app_server", "pool", "redirect", "account_thumbprint"][..]);
    let acme = (target, any::<bool>(), any::<bool>(), select(&[80_u16, 8888, 402, 65532][..])).prop_map(
        |(target, root, written, port)| {
            let value = match target {
                "account_thumbprint" if root => "-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_8",
                "account_thumbprint" => "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ",
                _ => "https://acme.example.org:8443",
            };
            let mut keys = vec![(target, Yaml::Scalar(value.to_owned()))];
            let to_hosts = ["app_server", "pool"].contains(&target);
            keys.extend((to_hosts && written).then(|| ("port", Yaml::Scalar(port.to_string()))));
            keys.extend((to_hosts && root).then(|| ("root", Yaml::Scalar("/var/www/acme".to_owned()))));
            Yaml::Map(keys)
        },
    );
    section(vec![
        ("enabled", 0.2, flag()),
        ("port", 0.4, scalar(http_port())),
        ("public_port", 0.2, scalar(http_port())),
        ("code", 0.4, one_of(&["301", "302", "303", "307", "308"])),
        ("acme_challenge", 0.6, acme.boxed()),
    ])
}

/// The same with names that exist.
fn aimed(http: Yaml, apps: &[String], pools: Option<&Yaml>, choices: &[Index]) -> Yaml {
    let Yaml::Map(mut keys) = http else { unreachable!("a section is a mapping") };
    let Some(at) = keys.iter().position(|(key, _)| *key == "acme_challenge") else { return Yaml::Map(keys) };
    let Yaml::Map(mut acme) = keys.remove(at).1 else { unreachable!("a section is a mapping") };
    let name = |yaml: &Yaml| match yaml {
        Yaml::Map(entries) => entries.iter().find(|(key, _)| *key == "name").map(|(_, name)| name.clone()),
        _ => None,
    };
    let pool = pools.and_then(|pools| if let Yaml::List(list) = pools { list.first().and_then(name) } else { None });
    let app = choices.first().map_or(&apps[0], |choice| choice.get(apps));
    match (acme[0].0, pool) {
        ("redirect" | "account_thumbprint", _) => {}
        ("pool", Some(pool)) => acme[0] = ("pool", pool),
        _ => acme[0] = ("app_server", Yaml::Scalar(app.clone())),
    }
    keys.push(("acme_challenge", Yaml::Map(acme)));
    Yaml::Map(keys)
}

/// The `lint` section.
fn lint() -> Part {
    section(vec![
        ("allow", 0.5, one_of(&["CP06", "single-balancer"])),
        ("deny", 0.5, one_of(&["TL22", "cert-expired"])),
        ("fail_on", 0.5, one_of(&["error", "warning", "info"])),
        ("certificate_days", 0.5, number(1, 3_650)),
    ])
}

/// How hosts are reached.
fn ssh() -> Part {
    section(vec![
        ("user", 0.5, one_of(&["root", "deploy", "_ci.1"])),
        ("port", 0.3, scalar(port())),
        ("identity_file", 0.3, one_of(&["~/.ssh/deploy", "keys/deploy", "/etc/ssh/deploy"])),
        ("proxy_jump", 0.3, one_of(&["none", "bastion", "a@b:22,[fd00::1]:2222"])),
        ("become", 0.3, one_of(Become::NAMES)),
        ("host_keys", 0.3, one_of(&["AAAAC3NzaC1lZDI1NTE5AAAAINquwJEHurg8bt/rTs+XqbUnrIiGqkrrMi6j6qTevsDb"])),
    ])
}
