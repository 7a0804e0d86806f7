//! What an app server serves while balancers change: everything that it served before, and everything that it will
//! serve. Balancers with either configuration find there what they send connections to.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::probes::{REVISION_NAME, RevisionServer};

/// nginx's configuration with what `old` has and `new` has not: server blocks for other names or ports, and what they
/// refer to. `None` if there is nothing of that kind. Both are rendered files.
pub fn expanded(old: &str, new: &str) -> Option<String> {
    let (old, new_parts) = (parts(old), parts(new));
    let listens = listens(&new_parts);
    let served: BTreeSet<(&str, &str)> = new_parts.iter().flat_map(|part| part.served()).collect();
    let left: Vec<String> = old
        .iter()
        .filter(|part| part.is_server() && !part.tells_revision())
        .filter_map(|part| part.without(&served, &listens))
        .collect();
    if left.is_empty() {
        return None;
    }
    let cache = new.lines().find(|line| line.trim_start().starts_with(CACHE));
    let known: BTreeSet<&str> = new_parts.iter().map(|part| part.key).collect();
    let mut text = String::new();
    for part in old.iter().filter(|part| !part.is_server() && !known.contains(part.key)) {
        text += part.text;
    }
    for part in &new_parts {
        // Sizes of hashes, which both need.
        let other = old.iter().find(|it| it.key == part.key && it.size() > part.size());
        text += other.unwrap_or(part).text;
    }
    text += "\n# Until every balancer has changed, what they sent connections to before.\n";
    for block in left {
        let lines = block.lines().map(|line| match cache {
            Some(cache) if line.trim_start().starts_with(CACHE) => format!("{cache}\n"),
            _ => format!("{line}\n"),
        });
        text.extend(lines);
    }
    Some(with_its_own_revision(&text))
}

/// With a revision that is not that of the configuration that follows it: nginx tells them apart.
fn with_its_own_revision(text: &str) -> String {
    let Some(server) = RevisionServer::find(text) else { return text.to_owned() };
    let hash = hex::encode(Sha256::digest(text));
    text.replace(&server.revision, &hash[..server.revision.len()])
}

/// A cache has one size.
const CACHE: &str = "ssl_session_cache shared:";

/// A statement or a block at the top level, with the comments before it.
struct Part<'t> {
    /// What it is: `server`, or what there is only one of.
    key: &'t str,
    text: &'t str,
}

impl<'t> Part<'t> {
    fn is_server(&self) -> bool {
        self.key == "server"
    }

    fn tells_revision(&self) -> bool {
        self.names().any(|name| name == REVISION_NAME)
    }

    /// The arguments of each of these directives in a block of ours, which has one in a line.
    fn values(&self, directive: &'static str) -> impl Iterator<Item = &'t str> {
        self.text.lines().filter_map(move |line| line.strip_prefix("    ")?.strip_prefix(directive)?.strip_suffix(';'))
    }

    /// The sockets of a server, with their options.
    fn sockets(&self) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.values("listen ").map(|value| value.split_once(' ').unwrap_or((value, "")))
    }

    fn names(&self) -> impl Iterator<Item = &'t str> {
        self.values("server_name ").flat_map(|value| value.split(' '))
    }

    /// Each name on each socket.
    fn served(&self) -> Vec<(&'t str, &'t str)> {
        let names: Vec<&str> = self.names().collect();
        self.sockets().flat_map(|(socket, _)| names.iter().map(move |name| (socket, *name))).collect()
    }

    /// The block for what is not in `served`. Sockets that `listens` has get its options.
    fn without(&self, served: &BTreeSet<(&str, &str)>, listens: &BTreeMap<&str, String>) -> Option<String> {
        let missing: Vec<(&str, &str)> = self.served().into_iter().filter(|it| !served.contains(it)).collect();
        let names: BTreeSet<&str> = missing.iter().map(|(_, name)| *name).collect();
        let sockets: BTreeSet<&str> = missing.iter().map(|(socket, _)| *socket).collect();
        if missing.is_empty() {
            return None;
        }
        let mut text = String::new();
        for line in self.text.lines() {
            let value = |directive| line.strip_prefix("    ")?.strip_prefix(directive)?.strip_suffix(';');
            if let Some(value) = value("listen ") {
                let socket = value.split(' ').next().unwrap_or_default();
                match listens.get(socket) {
                    _ if !sockets.contains(socket) => {}
                    Some(options) => text += &format!("    listen {socket}{options};\n"),
                    None => text += &format!("{line}\n"),
                }
            } else if value("server_name ").is_some() {
                let kept: Vec<&str> = self.names().filter(|name| names.contains(name)).collect();
                text += &format!("    server_name {};\n", kept.join(" "));
            } else {
                text += &format!("{line}\n");
            }
        }
        Some(text)
    }

    /// The number of a directive that has one.
    fn size(&self) -> Option<u64> {
        self.text.trim_end().strip_suffix(';')?.rsplit(' ').next()?.parse().ok()
    }
}

/// The options of each socket, without being its default.
fn listens<'t>(parts: &[Part<'t>]) -> BTreeMap<&'t str, String> {
    let all = parts.iter().filter(|part| part.is_server()).flat_map(|part| part.sockets());
    all.map(|(socket, options)| {
        let options: String = options
            .split(' ')
            .filter(|it| !it.is_empty() && *it != "default_server")
            .map(|it| format!(" {it}"))
            .collect();
        (socket, options)
    })
    .collect()
}

/// The parts of a rendered file, which together are all of it.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut at, mut key) = (0, 0, None);
    for line in text.split_inclusive('\n') {
        at += line.len();
        let bare = line.trim_end();
        let top = !bare.is_empty() && !bare.starts_with([' ', '#', '}']);
        if top && key.is_none() {
            key = Some(key_of(bare));
        }
        let ends = bare == "}" || (bare.ends_with(';') && (top || !text[start..at].contains("{\n")));
        if let (true, Some(found)) = (ends, key) {
            parts.push(Part { key: found, text: &text[start..at] });
            (start, key) = (at, None);
        }
    }
    if start < text.len() {
        parts.push(Part { key: "", text: &text[start..] });
    }
    parts
}

/// `server`, `map $variable`, `log_format name`, or the name of a directive.
fn key_of(line: &str) -> &str {
    let words: Vec<&str> = line.split(' ').collect();
    match words[0] {
        // What a map is named by is its last word.
        "map" => words.iter().rev().find(|word| word.starts_with('$')).copied().unwrap_or("map"),
        "log_format" => words.get(1).copied().unwrap_or("log_format"),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# Rendered by sslscale; change the inventory, not this file.\n# Revision 0123456789ab\n\n";

    fn server(listen: &str, names: &str) -> String {
        format!(
            "\nserver {{\n    listen {listen};\n    server_name {names};\n    ssl_session_cache shared:sslscale:10m;\n    location / {{\n        return 200;\n    }}\n}}\n"
        )
    }

    #[test]
    fn a_file_is_the_sum_of_its_parts() {
        let text = format!(
            "{HEAD}server_names_hash_max_size 1024;\n\n# Port.\nmap $a $b {{\n    default \"\";\n}}\nlog_format x 'a'\n    'b';\n{}{}\n",
            server("443 ssl default_server", "\"\""),
            server("443 ssl", "a b")
        );
        let parts = parts(&text);
        let keys: Vec<&str> = parts.iter().map(|part| part.key).collect();
        assert_eq!(keys, ["server_names_hash_max_size", "$b", "x", "server", "server", ""]);
        assert_eq!(parts.iter().map(|part| part.text).collect::<String>(), text);
        assert_eq!(parts[4].served(), [("443", "a"), ("443", "b")]);
    }

    #[test]
    fn nothing_is_added_where_nothing_goes() {
        let old = format!("{HEAD}{}", server("443 ssl", "a"));
        let new = format!("{HEAD}{}{}", server("443 ssl", "a c"), server("443 ssl", "b"));
        assert_eq!(expanded(&old, &new), None);
        assert_eq!(expanded(&new, &new), None);
        assert_eq!(expanded("", &new), None);
    }

    #[test]
    fn names_that_go_are_served_until_balancers_know() {
        let map = "map $x $old {\n    default \"\";\n}\n";
        let old =
            format!("{HEAD}server_names_hash_max_size 2048;\n{map}{}", server("443 ssl http2 default_server", "a b"));
        let new = format!("{HEAD}server_names_hash_max_size 1024;\n{}", server("443 ssl", "a").replace("10m", "20m"));
        let text = expanded(&old, &new).unwrap();
        assert!(
            text.contains(map) && text.contains("hash_max_size 2048") && !text.contains("hash_max_size 1024"),
            "{text}"
        );
        let block = server("443 ssl", "b").replace("10m", "20m");
        assert!(text.ends_with(&block), "{text}");
    }

    #[test]
    fn a_port_that_goes_is_listened_on_until_balancers_know() {
        let old = format!("{HEAD}{}{}", server("443 ssl default_server", "\"\""), server("443 ssl", "a"));
        let new = format!("{HEAD}{}{}", server("8443 ssl default_server", "\"\""), server("8443 ssl", "a"));
        let text = expanded(&old, &new).unwrap();
        assert_eq!(text.matches("listen 443 ssl").count(), 2, "{text}");
        assert_eq!(text.matches("listen 8443 ssl").count(), 2, "{text}");
        assert_eq!(text.matches("default_server").count(), 2, "{text}");
    }

    #[test]
    fn what_serves_both_has_a_revision_of_its_own_and_tells_it_once() {
        let tells = |port: &str, revision: &str| {
            format!(
                "\nserver {{\n    listen {port} ssl;\n    server_name {REVISION_NAME};\n    location = / {{\n        return 200 \"{revision} $pid\\n\";\n    }}\n}}\n"
            )
        };
        let file = |port: &str, revision: &str| {
            let site = server(&format!("{port} ssl"), "a");
            format!("{}{site}{}", HEAD.replace("0123456789ab", revision), tells(port, revision))
        };
        let (old, new) = (file("443", "aaaaaaaaaaaa"), file("8443", "bbbbbbbbbbbb"));
        let text = expanded(&old, &new).unwrap();
        let found = RevisionServer::find(&text).unwrap();
        assert_eq!((text.matches(REVISION_NAME).count(), found.addresses[0].port()), (1, 8443), "{text}");
        assert!(!text.contains("bbbbbbbbbbbb") && !text.contains("aaaaaaaaaaaa $pid"), "{text}");
        assert!(text.contains(&format!("# Revision {}\n", found.revision)), "{text}");
        // Where a file tells none any more, nobody waits for it.
        assert_eq!(expanded(&old, &old.replace(&tells("443", "aaaaaaaaaaaa"), "")), None);
    }
}
