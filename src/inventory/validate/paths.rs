//! What the paths of each host are used for. Any two paths of a host are compared here, whatever keys
//! they come from, and each with the paths that the host's programs own.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::hosts::Hosts;
use super::http::PlacedHttp;
use super::owned::{Use, canonical, refused};
use super::pools::PlacedPool;
use super::sites::PlacedSite;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::AcmeChallenge;
use crate::inventory::node::printable;
use crate::inventory::schema::Reader;
use crate::source::Span;

/// A use of a path, on the app servers of a scope.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    usage: Use,
    scope: usize,
    /// `None` if it is a default.
    span: Option<Span>,
}

/// All uses of paths on app servers.
#[derive(Default)]
struct Paths {
    /// By canonical path.
    uses: BTreeMap<String, Vec<Entry>>,
    /// Sets of app servers. The first ones are those of the pools.
    scopes: Vec<HashSet<usize>>,
    shared: HashMap<(usize, usize), bool>,
}

/// Checks the paths on all app servers.
pub fn check(
    reader: &mut Reader<'_>,
    http: Option<&PlacedHttp>,
    hosts: &Hosts,
    (pools, sites): (&[PlacedPool], &[PlacedSite]),
) {
    let mut paths = Paths::default();
    paths.scopes.extend(pools.iter().map(|pool| pool.pool.members.iter().copied().collect()));
    for placed in sites {
        let scope = placed.site.pool;
        for (usage, path, span) in &placed.paths {
            paths.add(path.as_str(), Entry { usage: *usage, scope, span: Some(*span) });
        }
        for (pair, [certificate, key]) in placed.site.certificates.iter().zip(&placed.files) {
            let entry = |usage, span: &Span| Entry { usage, scope, span: Some(*span) };
            paths.add(pair.ssl_certificate.as_str(), entry(Use::Certificate, certificate));
            paths.add(pair.ssl_certificate_key.as_str(), entry(Use::Key, key));
        }
    }
    if let Some(PlacedHttp { http, root: Some(span), .. }) = http
        && let Some(AcmeChallenge::AppServers { members, root: Some(root), .. }) = &http.acme_challenge
    {
        let scope = paths.scope(members.iter().copied());
        paths.add(root.as_str(), Entry { usage: Use::Root, scope, span: Some(*span) });
    }
    let mut logs: BTreeMap<(Use, &str, Option<Span>), Vec<usize>> = BTreeMap::new();
    for (index, (app, places)) in hosts.app_servers.iter().enumerate() {
        let file = app.nginx.log_file().map(|path| (Use::AccessLog, path.as_str()));
        let socket = app.nginx.access_log.socket().map(|path| (Use::SyslogSocket, path));
        for (usage, path) in file.into_iter().chain(socket) {
            logs.entry((usage, path, places.access_log)).or_default().push(index);
        }
    }
    for ((usage, path, span), members) in logs {
        let scope = paths.scope(members.into_iter());
        paths.add(path, Entry { usage, scope, span });
    }
    paths.compare(reader);
}

impl Paths {
    fn scope(&mut self, hosts: impl Iterator<Item = usize>) -> usize {
        self.scopes.push(hosts.collect());
        self.scopes.len() - 1
    }

    fn add(&mut self, path: &str, entry: Entry) {
        let entries = self.uses.entry(canonical(path).into_owned()).or_default();
        if !entries.iter().any(|it| (it.usage, it.scope) == (entry.usage, entry.scope)) {
            entries.push(entry);
        }
    }

    /// Whether an app server is in both scopes.
    fn meet(&mut self, one: usize, other: usize) -> bool {
        let (Some(first), Some(second)) = (self.scopes.get(one), self.scopes.get(other)) else { return false };
        let meet = || first.iter().any(|host| second.contains(host));
        *self.shared.entry((one.min(other), one.max(other))).or_insert_with(meet)
    }

    fn compare(mut self, reader: &mut Reader<'_>) {
        let mut uses = std::mem::take(&mut self.uses);
        // What is refused for itself is not compared.
        for (path, entries) in &mut uses {
            let mut seen = BTreeSet::new();
            entries.retain(|entry| {
                let (Some(why), Some(span)) = (refused(path, entry.usage), entry.span) else { return true };
                if seen.insert(entry.usage) {
                    owned(reader, (path, entry.usage), why, span);
                }
                false
            });
        }
        for (path, entries) in &uses {
            for (index, first) in entries.iter().enumerate() {
                for second in &entries[index + 1..] {
                    if first.usage != second.usage && self.meet(first.scope, second.scope) {
                        same(reader, path, first, second);
                    }
                }
            }
            let above = path.match_indices('/').skip(1).map(|(end, _)| &path[..end]);
            for (parent, others) in above.filter_map(|above| uses.get_key_value(above)) {
                for (child, other) in entries.iter().flat_map(|child| others.iter().map(move |other| (child, other))) {
                    if !fits(child.usage, other.usage) && self.meet(child.scope, other.scope) {
                        below(reader, (path, child), (parent, other));
                    }
                }
            }
        }
    }
}

/// Whether a path used for `child` may be below one used for `parent`. Keys below a document root are SE07.
fn fits(child: Use, parent: Use) -> bool {
    parent == Use::Root && child != Use::AccessLog
}

fn owned(reader: &mut Reader<'_>, (path, usage): (&str, Use), why: &str, span: Span) {
    let message = format!("`{}` cannot be {usage}: {why}", printable(path));
    let code = if matches!(usage, Use::Certificate | Use::Key) { Code::IN09 } else { Code::IN06 };
    reader.report(code, span, message, usage.help(path));
}

/// Reports one path with two uses.
fn same(reader: &mut Reader<'_>, path: &str, first: &Entry, second: &Entry) {
    let pem = |entry: &Entry| matches!(entry.usage, Use::Certificate | Use::Key);
    // One file may hold a certificate and its key: TL21.
    if pem(first) && pem(second) {
        return;
    }
    let message = format!("`{}` cannot be both {} and {}", printable(path), first.usage, second.usage);
    let help = "write another path in one of the two places";
    report(reader, (Code::IN09, message, help), second, first);
}

/// Reports a path below one that is not a directory, or that is served.
fn below(reader: &mut Reader<'_>, (path, child): (&str, &Entry), (parent, other): (&str, &Entry)) {
    let (path, parent) = (printable(path), printable(parent));
    let (message, help) = if other.usage == Use::Root {
        let message = format!("nginx would serve the access log `{path}`: it is below the document root `{parent}`");
        (message, "write a path outside all document roots, such as `/var/log/nginx/access.log`")
    } else {
        let message = format!("`{path}` cannot be below `{parent}`, which is {} and not a directory", other.usage);
        (message, "give every file a path of its own")
    };
    report(reader, (Code::IN09, message, help), child, other);
}

fn report(reader: &mut Reader<'_>, (code, message, help): (&'static Code, String, &str), at: &Entry, other: &Entry) {
    let (Some(span), related) = (at.span.or(other.span), at.span.and(other.span)) else { return };
    let found = Diagnostic::refusal(code, span, message, help);
    reader.diagnostics.push(match related {
        Some(place) => found.related(place, format!("used here as {}", other.usage)),
        None => found,
    });
}
