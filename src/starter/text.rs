//! The text of a first inventory. Whatever comes from outside is a quoted scalar, so that YAML sees neither a number
//! nor a boolean nor a comment in it.

use std::fmt::Write as _;
use std::path::Path;

use super::{Draft, Host, Kind};
use crate::{shell, visible};

/// The schema for editors, beside the inventory.
pub const SCHEMA_FILE: &str = "sslscale.schema.json";

/// Settings that many fleets change. Removing the `#` of any of them leaves a valid inventory.
const SETTINGS: &str = "\
# Settings that many fleets change, with their defaults: remove the # in front of the lines, and change the value.
# `sslscale schema` describes every key; editors show that, too.
#
#haproxy:
#  maxconn: 8192
#  check:
#    type: tls
#nginx:
#  tls_profile: intermediate
#  client_max_body_size: 1m
#http:
#  enabled: true
#
# How hosts are reached over SSH, where your ssh_config does not say it. Another login than root uses sudo.
#
#ssh:
#  user: root
";

/// What is said of a file that nobody has written yet. Its name is the one that `init` gives files.
const USUAL_NAME: &str = "inventory.yaml";

/// The inventory of a whole draft, which is to be at `path`; `None` for one that is printed.
pub fn text(draft: &Draft, path: Option<&Path>) -> String {
    let mut out = header(path);
    out +=
        "\n# Balancers run haproxy and forward TCP. They have no private key. A host with IPv4 and IPv6 has a list:\n";
    out += "# address: [10.0.0.10, \"fd00::10\"]\nload_balancers:\n";
    hosts(&mut out, &draft.balancers, "lb");
    out += "\n# App servers run nginx and terminate TLS. The balancers connect to these addresses.\napp_servers:\n";
    hosts(&mut out, &draft.app_servers, "srv");
    out += "\n# Another site is another entry of this list, with a certificate of its own.\nsites:\n";
    site(&mut out, draft);
    out.push('\n');
    if draft.balancers.len() > 1 {
        out += "# An address that moves between the balancers, if keepalived or the network does that:\n";
        out += "#high_availability:\n#  virtual_addresses: []\n\n";
    }
    out + SETTINGS
}

/// A whole inventory, which is to be at `path`, behind the same first lines.
pub fn with_header(inventory: &str, path: Option<&Path>) -> String {
    format!("{}\n{inventory}", header(path))
}

fn header(path: Option<&Path>) -> String {
    let file = visible::visible(&shell::path(path.unwrap_or(Path::new(USUAL_NAME)))).into_owned();
    let save = match path {
        Some(_) => String::new(),
        None => format!(
            "\
# Save this as {file}. Editors know every key if this is beside it:
#    sslscale schema -o {SCHEMA_FILE}
#
"
        ),
    };
    format!(
        "\
# yaml-language-server: $schema={SCHEMA_FILE}
#
{save}# The inventory of a fleet. Next:
# 1. sslscale check {file}
#    says what is wrong with it, and what to do; exit code 0: no errors, 1: errors, 2: it cannot be read
# 2. sslscale try {file}
#    runs the fleet on this machine and sends requests through it
# 3. sslscale render {file}
#    prints the files of every host
# 4. sslscale plan {file}
#    looks at the hosts, over SSH, and shows what would change there
# 5. sslscale deploy {file}
#    changes them
#
# `sslscale man check` and so on are the manual, `sslscale explain CODE` is about a finding. The guide, and a reference
# of all keys, are in docs/ of sslscale; packages have them in /usr/share/doc/sslscale/docs.
"
    )
}

/// Hosts without a name get the first ones that no other host has.
fn hosts(out: &mut String, hosts: &[Host], prefix: &str) {
    let mut free = (1..)
        .map(|number| format!("{prefix}{number}"))
        .filter(|name| !hosts.iter().any(|host| host.name.as_ref() == Some(name)));
    for host in hosts {
        let name = host.name.clone().or_else(|| free.next()).unwrap_or_default();
        let _ = writeln!(out, "  - name: {}\n    address: {}", quoted(&name), quoted(&host.address));
        if let Some(alias) = &host.ssh {
            out.push_str("    ssh:\n      # As your ssh_config says.\n");
            let _ = writeln!(out, "      host: {}", quoted(&alias.name));
            if alias.needs_sudo {
                out.push_str("      # Its login is not root.\n      become: sudo\n");
            }
        }
    }
}

fn site(out: &mut String, draft: &Draft) {
    let names: Vec<String> = draft.server_names.iter().map(|name| quoted(name)).collect();
    let names = if let [name] = names.as_slice() { name.clone() } else { format!("[{}]", names.join(", ")) };
    let _ = writeln!(out, "  - server_name: {names}");
    if let Some(root) = &draft.root {
        let _ = writeln!(out, "    root: {}", quoted(root));
    }
    out.push_str("    # Where nginx finds the certificate with its chain, and the private key, on the app servers.\n");
    let _ = writeln!(out, "    ssl_certificate: {}", quoted(&draft.certificate_path()));
    let _ = writeln!(out, "    ssl_certificate_key: {}", quoted(&draft.certificate_key_path()));
    sources(out, draft);
    let Some(upstream) = &draft.upstream else { return };
    let _ =
        writeln!(out, "    locations:\n      - path: /\n        {}: {}", upstream.kind.key(), quoted(&upstream.target));
    if upstream.kind == Kind::Fastcgi {
        out.push_str("        # This script gets the requests for which there is no file.\n");
        out.push_str("        fallback: /index.php\n");
    }
}

/// Where the certificate and its key are on this machine, or how to say that.
fn sources(out: &mut String, draft: &Draft) {
    let Some(certificate) = &draft.certificate_source else {
        out.push_str(
            "    # `check` reads them, and `deploy` brings them, if you say where they are on this machine with\n",
        );
        out.push_str("    # `ssl_certificate_source` and `ssl_certificate_key_source`.\n");
        return;
    };
    out.push_str("    # The files on this machine: `check` reads them, and `deploy` brings them to the app servers.\n");
    let _ = writeln!(out, "    ssl_certificate_source: {}", quoted(certificate));
    match &draft.certificate_key_source {
        Some(key) => drop(writeln!(out, "    ssl_certificate_key_source: {}", quoted(key))),
        None => out.push_str("    # The app servers have the private key; `deploy` does not bring it.\n"),
    }
}

/// A scalar that is this text, whatever YAML would make of it without quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' ' => out.push(c),
            c if c.is_ascii_graphic() => out.push(c),
            c => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Upstream, text as starter};
    use super::*;
    use crate::lint::{Settings, lint};
    use crate::source::Source;

    fn draft() -> Draft {
        Draft {
            balancers: vec![Host::parse("10.0.0.10"), Host::parse("lb1=10.0.0.20")],
            app_servers: vec![Host::parse("10.0.0.11"), Host::parse("no=10.0.0.12")],
            server_names: vec!["example.com".to_owned(), "*.example.com".to_owned()],
            certificate: Some("/etc/ssl/a.crt".to_owned()),
            certificate_key: Some("/etc/ssl/a.key".to_owned()),
            certificate_source: None,
            certificate_key_source: None,
            root: Some("/srv/app".to_owned()),
            upstream: Some(Upstream { kind: Kind::Fastcgi, target: Kind::Fastcgi.usual().to_owned() }),
        }
    }

    #[test]
    fn names_that_nobody_gave_are_free() {
        let text = starter(&draft(), Some(Path::new("a.yaml")));
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  - name: ")).collect();
        assert_eq!(names, ["\"lb2\"", "\"lb1\"", "\"srv1\"", "\"no\""]);
    }

    #[test]
    fn every_setting_that_is_commented_out_is_valid_and_the_default() {
        let text = starter(&draft(), Some(Path::new("a.yaml")));
        let (first, rest) = text.split_once("\n\n").unwrap();
        let is_setting = |line: &&str| {
            line.strip_prefix('#').is_some_and(|rest| rest.starts_with("  ") || rest.starts_with(char::is_alphabetic))
        };
        let lines = rest.lines().map(|line| Some(line).filter(is_setting).map_or(line, |line| &line[1..]));
        let on = format!("{first}\n\n{}\n", lines.collect::<Vec<_>>().join("\n"));
        assert_ne!(on, text);
        let inventory = |text: &str| lint(&Source::new("a", text), &Settings::default()).sound().cloned();
        let (one, other) = (inventory(&text), inventory(&on));
        assert!(one.is_some() && other.is_some(), "{on}");
    }

    #[test]
    fn a_quoted_text_is_that_text() {
        for text in ["no", "1.10", "a # b", "a: b", "'", "\"", "\\n", "*a", "&a", "~", "", "\u{7f}ä\u{2028}\n\t"] {
            let node: String = serde_yaml::from_str(&quoted(text)).unwrap();
            assert_eq!(node, text);
        }
    }

    #[test]
    fn a_name_of_a_file_ends_no_comment() {
        let text = starter(&draft(), Some(Path::new("a\nload_balancers: []\u{2028}.yaml")));
        assert!(lint(&Source::new("a", text), &Settings::default()).sound().is_some());
    }
}
