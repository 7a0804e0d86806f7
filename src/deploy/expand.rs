//! What an app server serves while balancers change: everything that it served before, and everything that it will
//! serve. Balancers with either configuration find there what they send connections to, and are believed.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::trust;
use crate::config::Word;
use crate::config::nginx::{File, Statement};
use crate::probes::{REVISION_NAME, RevisionServer};

/// What an app server keeps until balancers have changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Whether it serves names or ports that it will not serve any more.
    pub served: bool,
    /// Networks whose PROXY headers it will not believe any more.
    pub trusted: Vec<IpNet>,
}

impl Kept {
    /// What `old` has and `new` has not, of rendered files of nginx.
    pub fn between(old: &str, new: &str) -> Self {
        Self { served: serving_both(old, new).is_some(), trusted: trust::ended(old, new) }
    }

    /// Whether it keeps nothing.
    pub fn is_empty(&self) -> bool {
        !self.served && self.trusted.is_empty()
    }
}

/// nginx's configuration with what `old` has and `new` has not: server blocks for other names or ports, what they refer
/// to, and networks whose PROXY headers are believed. `None` if there is nothing of that kind. Both are rendered files.
pub fn expanded(old: &str, new: &str) -> Option<String> {
    let (served, ended) = (serving_both(old, new), trust::ended(old, new));
    let text = served.or_else(|| (!ended.is_empty()).then(|| new.to_owned()))?;
    Some(with_its_own_revision(&trust::kept(&text, old, &ended)))
}

/// The same without the networks.
fn serving_both(old: &str, new: &str) -> Option<String> {
    let (old, new_file) = (File::read_until_error(old).0, File::read_until_error(new).0);
    let (old, new_parts) = (parts(&old), parts(&new_file));
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
    let known: BTreeMap<&str, &Part<'_>> = new_parts.iter().map(|part| (part.key(), part)).collect();
    let others = || old.iter().filter(|part| !part.is_server());
    // Names are given by number, or to what depends on all sites: the same name may be something else.
    let renamed: Vec<&Part<'_>> = others()
        .filter(|part| part.is_named() && known.get(part.key()).is_some_and(|it| it.text != part.text))
        .collect();
    let mut before = String::new();
    for part in others().filter(|part| !known.contains_key(part.key())).chain(renamed.iter().copied()) {
        before += part.text;
    }
    let left: String =
        left.into_iter().flat_map(|block| block.lines().map(|line| format!("{line}\n")).collect::<Vec<_>>()).collect();
    let (mut before, mut left) = (before, left);
    for part in &renamed {
        before = part.renamed_in(&before);
        left = part.renamed_in(&left);
    }
    let mut text = before;
    for part in &new_parts {
        // Sizes of hashes, which both need.
        let other = old.iter().find(|it| it.key() == part.key() && it.size() > part.size());
        text += other.unwrap_or(part).text;
    }
    text += "\n# Until every balancer has changed, what they sent connections to before.\n";
    text.extend(left.lines().map(|line| match cache {
        Some(cache) if line.trim_start().starts_with(CACHE) => format!("{cache}\n"),
        _ => format!("{line}\n"),
    }));
    Some(text)
}

/// With a revision that is not that of the configuration that follows it: nginx tells them apart.
fn with_its_own_revision(text: &str) -> String {
    let Some(server) = RevisionServer::find(text) else { return text.to_owned() };
    let hash = hex::encode(Sha256::digest(text));
    text.replace(&server.revision, &hash[..server.revision.len()])
}

/// A cache has one size.
const CACHE: &str = "ssl_session_cache shared:";

/// A statement or a block at the top level, with the comments before it and the end of its line; or what comes after the
/// last one.
struct Part<'f> {
    text: &'f str,
    /// Where it begins in the file.
    start: usize,
    statement: Option<&'f Statement<'f>>,
}

impl<'f> Part<'f> {
    /// What it is: `server`, or what there is only one of.
    fn key(&self) -> &'f str {
        let Some(statement) = self.statement else { return "" };
        let mut arguments = statement.arguments().iter().map(|word| &*word.value);
        match statement.name() {
            // What these are named by is their last word.
            name @ ("map" | "geo") => arguments.rfind(|word| word.starts_with('$')).unwrap_or(name),
            name @ ("limit_req_zone" | "limit_conn_zone") => {
                let zone = arguments.find_map(|word| word.strip_prefix("zone="));
                zone.and_then(|zone| Some(zone.split_once(':')?.0)).unwrap_or(name)
            }
            name @ ("log_format" | "upstream" | "include") => arguments.next().unwrap_or(name),
            name => name,
        }
    }

    /// Whether it has a name of ours, which nothing but the file itself uses.
    fn is_named(&self) -> bool {
        let key = self.key();
        let of_kind = |prefix| matches!(self.statement, Some(it) if it.name().starts_with(prefix));
        key.starts_with("$sslscale_") || key.starts_with("sslscale_") && of_kind("limit_")
    }

    /// A text with another name in the place of this one's.
    fn renamed_in(&self, text: &str) -> String {
        let (name, is_variable) = (self.key().trim_start_matches('$'), self.key().starts_with('$'));
        let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || !is_variable && (c == '-' || c == '.');
        let (mut renamed, mut rest) = (String::new(), text);
        while let Some(at) = rest.find(name) {
            let (before, after) = (&rest[..at], &rest[at + name.len()..]);
            renamed += before;
            renamed += name;
            if !before.ends_with(belongs) && !after.starts_with(belongs) {
                renamed += "_before";
            }
            rest = after;
        }
        renamed + rest
    }

    fn is_server(&self) -> bool {
        self.key() == "server"
    }

    fn tells_revision(&self) -> bool {
        self.names().any(|name| name == REVISION_NAME)
    }

    /// The sockets of a server, with their options.
    fn sockets(&self) -> impl Iterator<Item = (&'f str, &'f [Word<'f>])> {
        let listens = self.statement.into_iter().flat_map(|it| it.named("listen"));
        listens.filter_map(|listen| listen.arguments().split_first()).map(|(socket, options)| (&*socket.value, options))
    }

    fn names(&self) -> impl Iterator<Item = &'f str> {
        self.statement.into_iter().flat_map(|it| it.values("server_name"))
    }

    /// Each name on each socket.
    fn served(&self) -> Vec<(&'f str, &'f str)> {
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
        let (mut text, mut at) = (String::new(), 0);
        for statement in self.statement?.statements() {
            let new = match (statement.name(), statement.arguments().first()) {
                ("listen", Some(socket)) if !sockets.contains(&*socket.value) => None,
                ("listen", Some(socket)) => match listens.get(&*socket.value) {
                    Some(options) => Some(format!("listen {}{options};", socket.value)),
                    None => continue,
                },
                ("server_name", _) => {
                    // As they are written: the name of who sends none is a pair of quotes.
                    let kept = statement.arguments().iter().filter(|name| names.contains(&*name.value));
                    let kept = kept.map(|name| &self.text[name.span.start - self.start..name.span.end - self.start]);
                    let kept = kept.collect::<Vec<_>>().join(" ");
                    (!kept.is_empty()).then(|| format!("server_name {kept};"))
                }
                _ => continue,
            };
            let before = &self.text[at..statement.span.start - self.start];
            match new {
                Some(new) => text += &format!("{before}{new}"),
                // With its line.
                None => text += before.trim_end_matches(' ').strip_suffix('\n').unwrap_or(before),
            }
            at = statement.span.end - self.start;
        }
        Some(text + &self.text[at..])
    }

    /// The number of a directive that has one.
    fn size(&self) -> Option<u64> {
        self.statement?.arguments().last()?.value.parse().ok()
    }
}

/// The options of each socket, without being its default.
fn listens<'f>(parts: &[Part<'f>]) -> BTreeMap<&'f str, String> {
    let all = parts.iter().filter(|part| part.is_server()).flat_map(|part| part.sockets());
    all.map(|(socket, options)| {
        let options = options.iter().filter(|it| !it.is("default_server")).map(|it| format!(" {}", it.value));
        (socket, options.collect())
    })
    .collect()
}

/// The parts of a file, which together are all of it.
fn parts<'f>(file: &'f File<'f>) -> Vec<Part<'f>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let text = file.text();
    for statement in &file.statements {
        let end = statement.span.end + usize::from(text[statement.span.end..].starts_with('\n'));
        parts.push(Part { text: &text[start..end], start, statement: Some(statement) });
        start = end;
    }
    if start < text.len() {
        parts.push(Part { text: &text[start..], start, statement: None });
    }
    parts
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
        let file = File::read(&text).unwrap();
        let parts = parts(&file);
        let keys: Vec<&str> = parts.iter().map(Part::key).collect();
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
    fn what_a_site_that_goes_refers_to_stays_what_it_was() {
        let denied = |number: usize, network: &str| {
            format!("geo $remote_addr $sslscale_denied_{number} {{\n    default 1;\n    {network} 0;\n}}\n")
        };
        let limit = |name: &str, rate: &str| {
            format!("limit_req_zone $binary_remote_addr zone=sslscale_req_{name}:10m rate={rate};\n")
        };
        let site = |name: &str, number: usize| {
            server("443 ssl", name).replace(
                "return 200;",
                &format!("limit_req zone=sslscale_req_{name} burst=5;\n        if ($sslscale_denied_{number}) {{\n            return 403;\n        }}"),
            )
        };
        let upstream = |name: &str| format!("upstream {name} {{\n    server 10.0.0.1:80;\n}}\n");
        let old = format!(
            "{HEAD}{}{}{}{}{}{}{}{}{}{}",
            denied(1, "10.1.0.0/16"),
            denied(2, "10.2.0.0/16"),
            denied(12, "10.3.0.0/16"),
            limit("a", "1r/s"),
            limit("a.b", "1r/s"),
            upstream("one"),
            upstream("two"),
            site("a", 1),
            site("a.b", 2),
            site("c", 12),
        );
        // The first site goes, so that the second one's number becomes the first's; the third one stays as it was.
        let new = format!(
            "{HEAD}{}{}{}{}{}{}",
            denied(1, "10.2.0.0/16"),
            denied(12, "10.3.0.0/16"),
            limit("a.b", "2r/s"),
            upstream("two"),
            site("a.b", 1),
            site("c", 12),
        );
        let text = expanded(&old, &new).unwrap();
        let count = |what: &str| text.matches(what).count();
        assert!(text.contains(&denied(1, "10.1.0.0/16").replace("denied_1", "denied_1_before")), "{text}");
        assert!(text.contains(&denied(1, "10.2.0.0/16")) && text.contains(&upstream("one")), "{text}");
        assert!(text.ends_with(&site("a", 1).replace("denied_1", "denied_1_before")), "{text}");
        assert_eq!(
            (count("$sslscale_denied_1_before"), count("$sslscale_denied_12 "), count("zone=sslscale_req_a:")),
            (2, 1, 1)
        );
        assert_eq!(
            (count("zone=sslscale_req_a.b:"), count("zone=sslscale_req_a.b_before:"), count("upstream two")),
            (1, 1, 1)
        );
    }

    #[test]
    fn a_port_that_goes_is_listened_on_until_balancers_know() {
        let old = format!("{HEAD}{}{}", server("443 ssl default_server", "\"\""), server("443 ssl", "a"));
        let new = format!("{HEAD}{}{}", server("8443 ssl default_server", "\"\""), server("8443 ssl", "a"));
        let text = expanded(&old, &new).unwrap();
        assert_eq!(text.matches("listen 443 ssl").count(), 2, "{text}");
        assert_eq!(text.matches("listen 8443 ssl").count(), 2, "{text}");
        assert_eq!(text.matches("default_server").count(), 2, "{text}");
        // It was `server_name ;` once, which nginx refuses.
        assert_eq!(text.matches("server_name \"\";").count(), 2, "{text}");
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
