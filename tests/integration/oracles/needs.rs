//! The directories and files in the rendered files of a host are among what the manifest says that it needs.

use std::collections::BTreeSet;

use sslscale::render::{HAPROXY_CFG, NGINX_CONF};
use sslscale::tree::Tree;

use super::{rendered, small, text};
use crate::cases::{all_of, cases, first};

const COUNT: u32 = 150;

/// The directories and files that a host needs, as the manifest lists them.
fn listed<'t>(tree: &'t Tree, host: &str) -> [BTreeSet<&'t str>; 2] {
    let needs = || tree.needs().iter().filter(|it| it.hosts.iter().any(|it| **it == *host));
    let directories = needs().flat_map(|it| &it.directories).map(|it| it.path.as_str()).collect();
    [directories, needs().flat_map(|it| &it.files).map(|it| it.path.as_str()).collect()]
}

/// The directive and the path of each line that has one.
fn paths(config: &str) -> impl Iterator<Item = (&str, &str)> {
    config.lines().filter_map(|line| {
        let words: Vec<&str> = line.trim().trim_end_matches(';').split(' ').collect();
        let at = words.iter().position(|word| word.starts_with('/'))?;
        Some((words[0], words[at]))
    })
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder })
}

#[test]
fn what_rendered_files_use_is_among_the_needs() {
    let (count, mut seen) = (cases(COUNT), [0; 5]);
    for number in first()..first() + count {
        let yaml = small(number);
        let Ok((inventory, tree)) = rendered(&yaml) else { continue };
        let balancers = inventory.load_balancers.iter().map(|it| (it.name.as_str(), HAPROXY_CFG));
        let apps = inventory.app_servers.iter().map(|it| (it.name.as_str(), NGINX_CONF));
        for (host, file) in balancers.chain(apps) {
            let [directories, files] = listed(&tree, host);
            for (directive, path) in paths(text(&tree, host, file)) {
                let (kind, needed) = match directive {
                    "root" | "chroot" => (0, directories.contains(path)),
                    "access_log" | "stats" => (1, directories.contains(folder(path))),
                    "ssl_certificate" | "ssl_certificate_key" => {
                        (2, files.contains(path) && directories.contains(folder(path)))
                    }
                    "ssl_session_ticket_key" => (3, files.contains(path)),
                    "proxy_ssl_trusted_certificate"
                    | "grpc_ssl_trusted_certificate"
                    | "ssl_client_certificate"
                    | "ssl_crl" => (4, files.contains(path)),
                    _ => continue,
                };
                assert!(needed, "{directive} {path} of {host}: {directories:?} {files:?}\n{yaml}");
                seen[kind] += 1;
            }
        }
    }
    assert!(!all_of(COUNT, count) || seen.iter().all(|seen| *seen > 100), "{seen:?}");
}
