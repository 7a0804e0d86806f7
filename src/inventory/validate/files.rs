//! Checks the sources of the files that sites name.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, PathBuf};

use super::pools::PlacedPool;
use super::sites::PlacedSite;
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::SourceFile;
use crate::inventory::schema::Reader;
use crate::inventory::types::SourcePath;
use crate::source::Span;

/// A source that a site names for a path.
struct Named<'s> {
    pool: usize,
    source: Place<'s>,
    written: &'s SourceFile,
    span: Span,
}

/// The host, if it is not this machine, and the path.
type Place<'s> = (Option<&'s str>, PathBuf);

/// A path that goes up may lead anywhere, so that it cannot be compared as text.
fn place(file: &SourceFile) -> Option<Place<'_>> {
    match (&file.written, &file.local) {
        (SourcePath::OnHost(host, path), _) => Some((Some(host.as_str()), path.as_str().into())),
        (SourcePath::Local(_), local) => {
            let local = local.as_deref().filter(|it| !it.components().any(|part| part == Component::ParentDir))?;
            Some((None, local.components().filter(|part| *part != Component::CurDir).collect()))
        }
    }
}

/// How messages show it: as the path that is read.
fn shown(file: &SourceFile) -> String {
    file.local.as_ref().map_or_else(|| file.written.to_string(), |local| local.display().to_string())
}

/// On one host a path has one source. Pools that share no host may have different ones.
pub fn check(reader: &mut Reader<'_>, sites: &[PlacedSite], pools: &[PlacedPool]) {
    let mut known: BTreeMap<&str, Vec<Named<'_>>> = BTreeMap::new();
    let pairs = sites.iter().flat_map(|it| it.site.certificates.iter().zip(&it.files).map(|pair| (it.site.pool, pair)));
    for (pool, (pair, [certificate, key])) in pairs {
        let Some(source) = &pair.source else { continue };
        let key_source = source.key.as_ref().map(|from| (pair.ssl_certificate_key.as_str(), from, *key));
        let both = [Some((pair.ssl_certificate.as_str(), &source.certificate, *certificate)), key_source];
        for (path, written, span) in both.into_iter().flatten() {
            if let Some(source) = place(written) {
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
    let mut known: HashMap<(usize, &Place<'_>), Option<&Named<'_>>> = HashMap::new();
    for it in named {
        let other = *known.entry((it.pool, &it.source)).or_insert_with(|| {
            let members = pools.get(it.pool).map_or(&[][..], |pool| &pool.pool.members);
            let first = members.iter().map(|host| *first_on.entry(*host).or_insert(it));
            first.into_iter().find(|first| first.source != it.source)
        });
        if let Some(first) = other {
            let (one, two) = (shown(first.written), shown(it.written));
            let message = format!("`{path}` would have two sources: `{one}` and `{two}`");
            let help = "give each of them a different path, or write one source in both places";
            let both = Diagnostic::refusal(Code::IN09, it.span, message, help);
            reader.diagnostics.push(both.related(first.span, "the first one"));
        }
    }
}
