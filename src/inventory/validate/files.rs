//! Checks whether all files that sites name can be on one host.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use super::pools::PlacedPool;
use super::sites::PlacedSite;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::node::printable;
use crate::inventory::schema::Reader;
use crate::source::Span;

/// nginx reads every file in these directories as configuration.
const INCLUDED: [&str; 3] = ["/etc/nginx/conf.d", "/etc/nginx/sites-enabled", "/etc/nginx/modules-enabled"];

/// Files below it change with every ticket rotation.
const TICKETS: &str = "/etc/sslscale";

/// A path that a site names.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct File<'s> {
    path: &'s Path,
    is_key: bool,
    site: usize,
    span: Span,
}

/// Checks certificates and keys against each other, and against what nginx includes.
pub fn check(reader: &mut Reader<'_>, sites: &[PlacedSite], pools: &[PlacedPool]) {
    let mut files: Vec<File<'_>> = sites.iter().enumerate().flat_map(|(site, placed)| of(site, placed)).collect();
    // Paths compare part by part, so a directory comes right before what is in it.
    files.sort();
    files.dedup_by(|a, b| (a.path, a.is_key) == (b.path, b.is_key));
    for pair in files.windows(2) {
        let [first, second] = pair else { continue };
        // Certificate and key of one site were compared before.
        if first.path == second.path && first.site != second.site {
            let path = first.path.to_string_lossy();
            let message = format!("`{}` is one site's certificate and another's key", printable(&path));
            let both = Diagnostic::refusal(Code::TL21, second.span, message, "keep the key in a separate file");
            reader.diagnostics.push(both.related(first.span, "the certificate"));
        } else if first.path != second.path && second.path.starts_with(first.path) {
            let message = format!("`{}` is a file of one site and a directory of another", first.path.display());
            let help = "give every certificate and key a separate file";
            let both = Diagnostic::refusal(Code::IN09, second.span, message, help);
            reader.diagnostics.push(both.related(first.span, "the file"));
        }
    }
    sources(reader, sites, pools);
    for file in files {
        if file.path.parent().is_some_and(|parent| INCLUDED.iter().any(|included| parent == Path::new(included))) {
            let message = format!("nginx would read `{}` as configuration", file.path.display());
            let help = "keep certificates and keys elsewhere, such as below `/etc/ssl`";
            reader.report(Code::IN09, file.span, message, help);
        }
        if file.path.starts_with(TICKETS) {
            let message = format!("`{}` is below the directory of session ticket keys", file.path.display());
            reader.report(Code::IN09, file.span, message, "keep certificates and keys below `/etc/ssl`");
        }
    }
}

/// A source that a site names for a path.
struct Named<'s> {
    pool: usize,
    source: PathBuf,
    written: &'s Path,
    span: Span,
}

/// On one host a path has one source. Pools that share no host may have different ones.
fn sources(reader: &mut Reader<'_>, sites: &[PlacedSite], pools: &[PlacedPool]) {
    let mut known: BTreeMap<&str, Vec<Named<'_>>> = BTreeMap::new();
    let pairs = sites.iter().flat_map(|it| it.site.certificates.iter().zip(&it.files).map(|pair| (it.site.pool, pair)));
    for (pool, (pair, [certificate, key])) in pairs {
        let Some(source) = &pair.source else { continue };
        let key_source = source.key.as_deref().map(|from| (pair.ssl_certificate_key.as_str(), from, *key));
        let both = [Some((pair.ssl_certificate.as_str(), source.certificate.as_path(), *certificate)), key_source];
        for (path, written, span) in both.into_iter().flatten() {
            // A path that goes up may lead anywhere, so that it cannot be compared as text.
            if !written.components().any(|part| part == Component::ParentDir) {
                let source = written.components().filter(|part| *part != Component::CurDir).collect();
                known.entry(path).or_default().push(Named { pool, source, written, span });
            }
        }
    }
    for (path, named) in known {
        if named.iter().any(|it| it.source != named[0].source) {
            different(reader, path, &named, pools);
        }
    }
}

/// Reports each source of `path` that is not the first one on a host.
fn different(reader: &mut Reader<'_>, path: &str, named: &[Named<'_>], pools: &[PlacedPool]) {
    let mut first_on: HashMap<usize, &Named<'_>> = HashMap::new();
    let mut known: HashMap<(usize, &Path), Option<&Named<'_>>> = HashMap::new();
    for it in named {
        let other = *known.entry((it.pool, it.source.as_path())).or_insert_with(|| {
            let members = pools.get(it.pool).map_or(&[][..], |pool| &pool.pool.members);
            let first = members.iter().map(|host| *first_on.entry(*host).or_insert(it));
            first.into_iter().find(|first| first.source != it.source)
        });
        if let Some(first) = other {
            let (one, two) = (first.written.display(), it.written.display());
            let message = format!("`{path}` would have two sources: `{one}` and `{two}`");
            let help = "give each of them a different path, or write one source in both places";
            let both = Diagnostic::refusal(Code::IN09, it.span, message, help);
            reader.diagnostics.push(both.related(first.span, "the first one"));
        }
    }
}

fn of(site: usize, placed: &PlacedSite) -> impl Iterator<Item = File<'_>> {
    let pairs = placed.site.certificates.iter().zip(&placed.files);
    pairs.flat_map(move |(pair, [certificate, key])| {
        let (chain, private) = (&pair.ssl_certificate, &pair.ssl_certificate_key);
        [
            File { path: Path::new(chain.as_str()), is_key: false, site, span: *certificate },
            File { path: Path::new(private.as_str()), is_key: true, site, span: *key },
        ]
    })
}
