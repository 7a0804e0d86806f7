//! Reads locations: where requests for a path go.

use std::collections::HashMap;

use super::fields::{optional, or_default, required, scalar_with};
use super::upstreams::{self, Upstreams};
use super::{access, advice, limits, returns, snippets, upgrade, upstream_timeouts};
use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::model::{Location, Target};
use crate::inventory::node::Node;
use crate::inventory::raw::RawLocation;
use crate::inventory::schema::{Reader, SnippetKind};
use crate::inventory::types::{Directory, LocationMatch, LocationPath, ValueError};
use crate::source::Span;

/// A location with its places.
pub struct PlacedLocation {
    /// The location.
    pub location: Location,
    /// The value that is its target.
    pub target: Span,
}

/// Reads the locations of a site.
pub fn read(reader: &mut Reader<'_>, list: &Node, upstreams: &mut Upstreams) -> Vec<PlacedLocation> {
    let mut seen = HashMap::new();
    let nodes = reader.items(list, "locations").unwrap_or_default();
    nodes.iter().filter_map(|node| read_location(reader, node, (&mut seen, upstreams))).collect()
}

fn read_location(
    reader: &mut Reader<'_>,
    node: &Node,
    (seen, upstreams): (&mut HashMap<(LocationMatch, LocationPath), Span>, &mut Upstreams),
) -> Option<PlacedLocation> {
    let raw = RawLocation::read(reader, node)?;
    let path = match raw.path {
        Some(node) => {
            let text = node.text(reader.source).unwrap_or_default();
            let as_nginx = |error| match advice::location(text) {
                Some(help) => ValueError { help, ..error },
                None => error,
            };
            scalar_with::<LocationPath>(reader, node, "path", as_nginx)
        }
        None => required(reader, None, "path", "sites[].locations[]", raw.span),
    };
    let matching = or_default(reader, raw.r#match, "match", LocationMatch::Prefix);
    if let Some(path) = &path {
        let key = (matching, path.value.clone());
        if let Some(first) = seen.get(&key) {
            let twice = Diagnostic::refusal(
                Code::IN12,
                path.span,
                format!("the location `{}` is written twice", path.value.as_str()),
                "keep one of them: nginx does not start with both",
            );
            reader.diagnostics.push(twice.related(*first, "the first one"));
        } else {
            seen.insert(key, path.span);
        }
    }
    let (target, place) = read_target(reader, &raw)?;
    let fallback = raw.fallback.and_then(|node| {
        let path = path.as_ref().map(|path| (matching, path.value.as_str()));
        let text = node.text(reader.source).unwrap_or_default();
        let improved =
            |error| ValueError { help: advice::fallback(text, &target, path.unwrap_or((matching, "/"))), ..error };
        let fallback = scalar_with::<LocationPath>(reader, node, "fallback", improved)?.value;
        refuse_fallback(reader, node.span, (&fallback, &target), path).is_none().then_some(fallback)
    });
    let upstream_timeouts = upstream_timeouts::of_location(
        reader,
        [raw.upstream_connect_timeout, raw.upstream_read_timeout, raw.upstream_send_timeout],
        &target,
    );
    let access = access::read(reader, [raw.allow, raw.deny]);
    let limits = limits::of_location(reader, raw.limit, &target);
    let include = snippets::read(reader, raw.include, SnippetKind::Nginx, Vec::new());
    let upgrade = upgrade::read(reader, raw.upgrade, &target);
    let upstream = upstreams.of(reader, &target, place);
    let named = upstream.and_then(|index| upstreams.all.get(index));
    let upstream_tls = upstreams::tls(reader, &raw, &target, named);
    let location = Location {
        path: path?.value,
        matching,
        target,
        fallback,
        access,
        limits,
        upstream_timeouts,
        upgrade,
        upstream,
        upstream_tls,
        include,
    };
    Some(PlacedLocation { location, target: place })
}

/// Reports a `fallback` that could not serve anything.
fn refuse_fallback(
    reader: &mut Reader<'_>,
    span: Span,
    (fallback, target): (&LocationPath, &Target),
    location: Option<(LocationMatch, &str)>,
) -> Option<()> {
    let text = fallback.as_str();
    let (message, help) = match (target, location?) {
        (Target::Root(_) | Target::Fastcgi(_), (LocationMatch::Exact, path)) => (
            format!("`fallback` has no effect: this location serves `{path}` alone"),
            "remove `match: exact`, or remove the key".to_owned(),
        ),
        (Target::Root(_), _) if text.ends_with('/') => (format!("`fallback` is a directory: `{text}`"), file_of(text)),
        (Target::Root(_), _) => return None,
        (Target::Fastcgi(_), (_, path)) if !text.ends_with(".php") => {
            let script = format!("{}/index.php", path.trim_end_matches('/'));
            (format!("`fallback` is not a PHP script: `{text}`"), format!("write a script, such as `{script}`"))
        }
        (Target::Fastcgi(_), _) if text.contains(".php/") => (
            format!("`fallback` is below a path with the name of a script: `{text}`"),
            "write a script whose directories do not end with `.php`: nginx would run the first part".to_owned(),
        ),
        (Target::Fastcgi(_), (_, path)) if !text.starts_with(path) => {
            let script = format!("{}/index.php", path.trim_end_matches('/'));
            (
                format!("`fallback` is not below `path`: `{text}`"),
                format!("write a script below `{path}`, such as `{script}`"),
            )
        }
        (Target::Fastcgi(_), _) => return None,
        _ => (
            "`fallback` has no effect: this location serves no files".to_owned(),
            "remove the key: it belongs to `root` and `fastcgi_pass`".to_owned(),
        ),
    };
    reader.report(Code::IN09, span, message, help);
    Some(())
}

/// Help for a directory where a file belongs.
fn file_of(directory: &str) -> String {
    let file = directory.trim_end_matches('/');
    match file.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        true => format!("write `{file}`"),
        false => format!("write a file, such as `{directory}index.html`"),
    }
}

/// Reads the one key of a location that is its target, with the place of its value.
fn read_target(reader: &mut Reader<'_>, raw: &RawLocation<'_>) -> Option<(Target, Span)> {
    let keys = [
        ("uwsgi_pass", raw.uwsgi_pass),
        ("fastcgi_pass", raw.fastcgi_pass),
        ("proxy_pass", raw.proxy_pass),
        ("grpc_pass", raw.grpc_pass),
        ("root", raw.root),
        ("return", raw.r#return),
    ];
    let mut given = keys.iter().filter_map(|(key, node)| node.map(|node| (*key, node)));
    let Some((key, node)) = given.next() else {
        let all = keys.map(|(key, _)| key).join("`, `");
        let message = "this entry of `sites[].locations[]` has no target";
        reader.report(Code::IN04, raw.span, message, format!("add one of `{all}`"));
        return None;
    };
    for (other, second) in given {
        let message = format!("the location has both `{key}` and `{other}`");
        let both =
            Diagnostic::refusal(Code::IN09, second.underline(), message, "keep one of them: a location has one target");
        reader.diagnostics.push(both.related(node.underline(), "the first one"));
    }
    let target = match key {
        "uwsgi_pass" => optional(reader, Some(node), key).map(Target::Uwsgi),
        "fastcgi_pass" => optional(reader, Some(node), key).map(Target::Fastcgi),
        "proxy_pass" => optional(reader, Some(node), key).map(Target::Proxy),
        "grpc_pass" => optional(reader, Some(node), key).map(Target::Grpc),
        "root" => optional::<Directory>(reader, Some(node), key).map(|directory| Target::Root(directory.0)),
        _ => returns::read(reader, node),
    };
    Some((target?, node.underline()))
}
