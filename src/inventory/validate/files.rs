//! Checks the sources on this machine of the files that sites name.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use super::pools::PlacedPool;
use super::sites::PlacedSite;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::schema::Reader;
use crate::source::Span;

/// A source that a site names for a path.
struct Named<'s> {
    pool: usize,
    source: PathBuf,
    written: &'s Path,
    span: Span,
}

/// On one host a path has one source. Pools that share no host may have different ones.
pub fn check(reader: &mut Reader<'_>, sites: &[PlacedSite], pools: &[PlacedPool]) {
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
