//! Health checks, as haproxy.cfg has them: each pool of HTTP checks has the same servers under the TLS check
//! alone for when no app answers, and no server has TLS versions that checks over TLS do not have.

use std::collections::BTreeMap;

use sslscale::render::{HAPROXY_CFG, NGINX_CONF};
use sslscale::tree::Tree;

use super::{Numbers, rendered, text};
use crate::cases::{all_of, cases, first};

const COUNT: u32 = 200;
const PROTOCOLS: [&str; 6] =
    ["[TLSv1, TLSv1.1]", "[TLSv1.1]", "[TLSv1.1, TLSv1.2]", "[TLSv1.2]", "[TLSv1.3]", "[TLSv1, TLSv1.3]"];
const HOSTS: [&str; 2] = ["lb1", "lb2"];

/// Two balancers and two app servers with these settings, and some pools and sites.
fn inventory(numbers: &mut Numbers, checks: [&str; 2], nginx: [&str; 2]) -> String {
    let check = |kind: &str| format!("haproxy: {{ check: {{ type: {kind} }} }}");
    let (pools, sites) = (1 + numbers.below(3), [3, 9, 30][numbers.below(3)]);
    let unknown = ["forward", "reject"][numbers.below(2)];
    let mut text = format!(
        "load_balancers:\n  - {{ name: lb1, address: 10.0.0.1, {} }}\n  - {{ name: lb2, address: 10.0.0.2, {} }}\n\
         app_servers:\n  - {{ name: srv1, address: 10.0.0.11{} }}\n  - {{ name: srv2, address: 10.0.0.12{} }}\n\
         haproxy: {{ unknown_names: {unknown} }}\npools:\n",
        check(checks[0]),
        check(checks[1]),
        nginx[0],
        nginx[1]
    );
    for pool in 0..pools {
        text += &format!("  - {{ name: pool{pool}, app_servers: [srv1, srv2] }}\n");
    }
    text += "sites:\n";
    for site in 0..sites {
        let front = if numbers.below(3) == 0 && site >= pools { "*." } else { "" };
        let pool = site % pools;
        text += &format!(
            "  - {{ server_name: \"{front}s{site}.example\", pool: pool{pool}, root: /srv, ssl_certificate: \
             /etc/a.crt, ssl_certificate_key: /etc/a.key }}\n"
        );
    }
    text
}

/// The lines of each section, by the line that begins it.
fn sections(config: &str) -> BTreeMap<&str, Vec<&str>> {
    let (mut all, mut name) = (BTreeMap::<&str, Vec<&str>>::new(), "");
    for line in config.lines().filter(|line| !line.trim_start().starts_with('#') && !line.is_empty()) {
        match line.strip_prefix(' ') {
            Some(rest) => all.get_mut(name).unwrap().push(rest.trim()),
            None => {
                name = line;
                all.insert(name, Vec::new());
            }
        }
    }
    all
}

/// The conditions `{ … }` of a rule.
fn conditions(rule: &str) -> Vec<&str> {
    let (_, all) = rule.split_once(" if ").unwrap_or_default();
    all.split("} ").map(|it| it.trim_matches([' ', '{', '}'])).filter(|it| !it.is_empty()).collect()
}

/// What a rule that leads to `backend` lacks in the rule before it, which takes over when no server is up.
fn lacks(rule: &str, backend: &str, before: &str) -> Option<String> {
    let mut all = conditions(before);
    let up = if backend.starts_with('%') {
        "var(sess.pool),nbsrv eq 0".to_owned()
    } else {
        format!("nbsrv({backend}) eq 0")
    };
    let down = all.iter().position(|it| *it == up).map(|at| all.remove(at));
    let same = before.starts_with(&format!("use_backend {backend}:tls if ")) && all == conditions(rule);
    (down.is_none() || !same).then(|| format!("`{rule}` comes after `{before}`"))
}

/// What is missing for the case that no app answers its checks.
fn unprepared(config: &str) -> Option<String> {
    let all = sections(config);
    let servers = |lines: &[&str]| -> Vec<String> {
        lines.iter().filter(|it| it.contains("server ")).map(|it| (*it).to_owned()).collect()
    };
    let pools = all.iter().filter_map(|(head, lines)| Some((head.strip_prefix("backend pool")?, head, lines)));
    for (_, head, lines) in pools.filter(|(name, ..)| !name.ends_with(":tls")) {
        let Some(spare) = all.get(&*format!("{head}:tls")) else { return Some(format!("nothing for {head}")) };
        let tls = spare.iter().any(|it| it.contains(" check-ssl ")) && !spare.iter().any(|it| it.contains("http"));
        if !tls || servers(spare) != servers(lines) || !lines.contains(&"option httpchk") {
            return Some(format!("{head}: {lines:?} and {spare:?}"));
        }
    }
    let frontend = &all["frontend https-in"];
    let leads = frontend.iter().enumerate().filter_map(|(at, rule)| {
        let backend = rule.strip_prefix("use_backend ").or_else(|| rule.strip_prefix("default_backend "))?;
        Some((at, *rule, backend.split(' ').next().unwrap()))
    });
    leads.filter(|it| !it.2.ends_with(":tls")).find_map(|(at, rule, backend)| lacks(rule, backend, frontend[at - 1]))
}

#[test]
fn pools_of_http_checks_have_the_tls_check_to_fall_back_on() {
    const KINDS: [&str; 3] = ["http", "http", "tls"];
    let (count, mut seen) = (cases(COUNT), [0; 3]);
    for number in first()..first() + count {
        let mut numbers = Numbers::of(number);
        let kinds = [(); 2].map(|()| KINDS[numbers.below(3)]);
        let yaml = inventory(&mut numbers, kinds, [""; 2]);
        let (_, tree) = rendered(&yaml).unwrap_or_else(|why| panic!("{why}\n{yaml}"));
        for (host, kind) in HOSTS.into_iter().zip(kinds) {
            let config = text(&tree, host, HAPROXY_CFG);
            if kind == "http" {
                assert_eq!(unprepared(config), None, "{host} of inventory {number}\n{yaml}");
                seen[usize::from(config.contains("sslscale-names-"))] += 1;
            } else {
                assert!(!config.contains("httpchk") && !config.contains(":tls"), "{host} of {number}\n{yaml}");
                seen[2] += 1;
            }
        }
    }
    assert!(!all_of(COUNT, count) || seen.iter().all(|seen| *seen > 20), "{seen:?}");
}

/// Whether an app server has no version that haproxy's checks have.
fn old(tree: &Tree) -> bool {
    let versions = |host| -> Vec<&str> {
        let lines = text(tree, host, NGINX_CONF).lines();
        lines.filter_map(|line| line.trim().strip_prefix("ssl_protocols ")).collect()
    };
    ["srv1", "srv2"].into_iter().flat_map(versions).any(|it| !it.contains("TLSv1.2") && !it.contains("TLSv1.3"))
}

#[test]
fn versions_that_no_check_has_are_refused_where_checks_are_over_tls() {
    const KINDS: [&str; 4] = ["tcp", "tcp", "tls", "http"];
    let (count, mut seen) = (cases(COUNT), [0; 2]);
    for number in first()..first() + count {
        let (checks, apps) = {
            let mut numbers = Numbers::of(number);
            let checks = [(); 2].map(|()| KINDS[numbers.below(4)]);
            (
                checks,
                [(); 2].map(|()| {
                    format!(", nginx: {{ tls_profile: old, ssl_protocols: {} }}", PROTOCOLS[numbers.below(6)])
                }),
            )
        };
        let apps = apps.each_ref().map(String::as_str);
        let of = |checks, apps| inventory(&mut Numbers::of(number), checks, apps);
        // Each half is accepted with the other one as it is by default, or without TLS.
        let (_, balancers) = rendered(&of(checks, [""; 2])).unwrap();
        let (_, servers) = rendered(&of(["tcp"; 2], apps)).unwrap();
        let checked = HOSTS.iter().any(|host| text(&balancers, host, HAPROXY_CFG).contains(" check-ssl "));
        let expected = checked && old(&servers);
        let yaml = of(checks, apps);
        let refused = rendered(&yaml).err();
        assert_eq!(refused.is_some(), expected, "{refused:?} of {number}\n{yaml}");
        assert!(refused.is_none_or(|why| why.starts_with("IN09 ")), "{yaml}");
        seen[usize::from(expected)] += 1;
    }
    assert!(!all_of(COUNT, count) || seen.iter().all(|seen| *seen > 20), "{seen:?}");
}
