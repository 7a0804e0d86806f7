//! What `--verbose` explains: what was read, which values are defaults, and which programs and hosts are used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::hosts;
use crate::binaries;
use crate::cli::ReachArgs;
use crate::count::{agreeing, several};
use crate::inventory::document::Document;
use crate::inventory::model::Inventory;
use crate::inventory::shown::{Content, Entry, Origin, shown};
use crate::inventory::types::Version;
use crate::report::Output;
use crate::source::{self, Source};

/// What is made of a valid inventory.
pub fn inventory(output: &Output, source: &Source, document: &Document, inventory: &Inventory) {
    if !output.explains(1) {
        return;
    }
    let name = source.name();
    output.explain(1, &format!("`{name}` was read: {}", several(source.text().lines().count(), "line")));
    let entries = shown(source, document, inventory, false);
    let mut values = Vec::new();
    gather("", &entries, &mut values);
    let (defaults, written): (Vec<_>, Vec<_>) = values.iter().partition(|(_, _, is_default)| *is_default);
    let file = if *name == source::name(Path::new("-")) { "-" } else { name };
    output.explain(
        1,
        &format!(
            "{} {} written, {} {} a default; `sslscale show {file}` lists them",
            several(written.len(), "value"),
            agreeing(written.len(), "is", "are"),
            several(defaults.len(), "other"),
            agreeing(defaults.len(), "is", "are"),
        ),
    );
    for (path, value, _) in defaults {
        output.explain(2, &format!("{path} is {value} by default"));
    }
    targets(output, inventory);
    certificates(output, inventory);
}

/// Every value with its path, its text, and whether it is a default.
fn gather(path: &str, entries: &[Entry], values: &mut Vec<(String, String, bool)>) {
    for Entry { key, content } in entries {
        let path = if path.is_empty() { (*key).to_owned() } else { format!("{path}.{key}") };
        let is_default = |origin: &Origin| matches!(origin, Origin::Default(_) | Origin::Profile(_));
        match content {
            Content::One(text, _, origin) => values.push((path, format!("`{text}`"), is_default(origin))),
            Content::Many(texts, _, origin) => {
                values.push((path, format!("`[{}]`", texts.join(", ")), is_default(origin)));
            }
            Content::Section(entries) => gather(&path, entries, values),
            Content::Sections(all) => {
                all.iter()
                    .enumerate()
                    .for_each(|(index, entries)| gather(&format!("{path}[{index}]"), entries, values));
            }
            Content::Inherited | Content::Unset(_) => {}
        }
    }
}

/// The versions that files are rendered for.
fn targets(output: &Output, inventory: &Inventory) {
    let mut targets: BTreeMap<(&str, &str, Option<Version>), Vec<&str>> = BTreeMap::new();
    for host in &inventory.load_balancers {
        let key = ("haproxy", "haproxy.version", host.haproxy.version);
        targets.entry(key).or_default().push(host.name.as_str());
    }
    for host in &inventory.app_servers {
        for key in [("nginx", "nginx.version", host.nginx.version), ("OpenSSL", "nginx.openssl", host.nginx.openssl)] {
            targets.entry(key).or_default().push(host.name.as_str());
        }
    }
    for ((program, key, version), hosts) in targets {
        let what = match version {
            Some(version) => format!("{program} {version}, which `{key}` says"),
            None => format!("any version of {program}, because `{key}` is not set"),
        };
        output.explain(1, &format!("{}: rendered for {what}", names(&hosts)));
    }
}

/// The certificate sources on this machine.
fn certificates(output: &Output, inventory: &Inventory) {
    let sources = inventory.sites.iter().flat_map(|site| &site.certificates).filter_map(|it| it.source.as_ref());
    let files = sources.flat_map(|source| std::iter::once(&source.certificate).chain(&source.key));
    let files: BTreeSet<&Path> = files.filter_map(|file| file.local.as_deref()).collect();
    for file in files {
        output.explain(1, &format!("`{}` is a certificate source", file.display()));
    }
}

/// The programs of this machine that take rendered files.
pub fn programs(output: &Output) {
    if !output.explains(1) {
        return;
    }
    for binaries::Installed { name, path, version } in binaries::installed() {
        output.explain(
            1,
            &match (path, version) {
                (Some(path), Some(version)) => format!("{name} is `{}`, version {version}", path.display()),
                (Some(path), None) => format!("{name} is `{}`, which does not tell its version", path.display()),
                (None, _) => format!("{name} is not installed"),
            },
        );
    }
}

/// How hosts are reached. A key that is not there is named in any case: `ssh` goes on with others.
pub fn hosts(output: &Output, reach: &ReachArgs, inventory: &Inventory, names: &[&str]) {
    if reach.roots.is_none() && reach.hosts_file.is_none() {
        let all = hosts::ssh_options(inventory, names);
        let missing: BTreeSet<&Path> = all.iter().filter_map(|(_, options)| options.missing_identity()).collect();
        for file in missing {
            let file = file.display();
            output.say(&format!(
                "warning: there is no `{file}` on this machine, which `ssh.identity_file` names: ssh offers its default \
                 keys"
            ));
        }
    }
    if !output.explains(1) {
        return;
    }
    match (&reach.roots, &reach.hosts_file) {
        (Some(roots), _) => output.explain(1, &format!("hosts are directories in `{}`", roots.display())),
        (None, Some(file)) => output.explain(1, &format!("hosts are reached as `{}` says", file.display())),
        (None, None) => {
            for (name, options) in hosts::ssh_options(inventory, names) {
                let sudo = if options.sudo { ", and commands run through `sudo`" } else { "" };
                output.explain(1, &format!("{name} is reached by `{}`{sudo}", options.command()));
                for key in &options.host_keys {
                    output.explain(2, &format!("{name} has to have the host key `{key}`"));
                }
            }
        }
    }
}

/// The directory of templates, if there is one.
pub fn templates(output: &Output, dir: Option<&Path>) {
    let text = match dir {
        Some(dir) => format!("templates in `{}` take the place of built-in ones with the same names", dir.display()),
        None => "all templates are the built-in ones".to_owned(),
    };
    output.explain(1, &text);
}

/// The first few names, and how many more there are.
fn names(hosts: &[&str]) -> String {
    const SHOWN: usize = 4;
    match hosts.len() {
        ..=SHOWN => hosts.join(", "),
        all => format!("{} and {} more", hosts[..SHOWN].join(", "), all - SHOWN),
    }
}
