//! The files that `include` names, with the places that name them.

use std::collections::HashSet;

use super::{Finding, Fleet};
use crate::config::haproxy::{self, Line, Section};
use crate::config::nginx::{self, Statement};
use crate::inventory::document::Cursor;
use crate::inventory::model::Snippet;
use crate::source::Span;

/// How directives about upstreams begin.
const UPSTREAM_KINDS: [&str; 4] = ["proxy", "uwsgi", "fastcgi", "grpc"];

/// What the text of a file is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// nginx's http block.
    Http,
    /// The server of the site at this index.
    Server(usize),
    /// A location of it.
    Location(usize, usize),
    /// haproxy's section of this name.
    Global,
    Defaults,
    /// Whole sections of haproxy.
    Sections,
}

impl Block {
    /// Whether nginx reads it.
    pub fn is_nginx(self) -> bool {
        matches!(self, Self::Http | Self::Server(_) | Self::Location(..))
    }
}

/// A file at one of the places that name it.
#[derive(Clone, Copy)]
pub struct Included<'a> {
    pub snippet: &'a Snippet,
    pub block: Block,
    /// The item of the list that names it.
    pub written: Cursor<'a>,
}

impl Included<'_> {
    /// A finding about a part of its text.
    pub fn finding(&self, part: std::ops::Range<usize>, message: String, help: impl Into<String>) -> Finding {
        let span = Span::new(part.start, part.end);
        Finding::new(self.written.span(), message, help).within(self.snippet.source(), span)
    }
}

/// A directive of nginx in a file, with the blocks of the file around it.
pub struct Directive<'d, 'a> {
    pub included: Included<'a>,
    pub statement: &'d Statement<'d>,
    /// Empty if it is directly in the block that the file is a part of.
    pub around: &'d [&'d Statement<'d>],
}

impl Directive<'_, '_> {
    /// Whether it belongs to a server of the user's own.
    pub fn is_elsewhere(&self) -> bool {
        self.around.iter().any(|it| matches!(it.name(), "server" | "upstream" | "types" | "map" | "geo"))
    }

    /// Its words as they are written, without its block.
    pub fn text(&self) -> String {
        let words = &self.statement.words;
        let (first, last) = (words[0].span.start, words[words.len() - 1].span.end);
        quoted(&self.included.snippet.text[first..last])
    }

    pub fn finding(&self, message: String, help: impl Into<String>) -> Finding {
        let words = &self.statement.words;
        self.included.finding(words[0].span.start..words[words.len() - 1].span.end, message, help)
    }
}

/// Text of a file for use between backticks, on one line.
pub fn quoted(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('`', "'")
}

/// The kind of upstream that a directive such as `proxy_read_timeout` is about, and the key that it is rendered from.
pub fn upstream_key(directive: &str) -> Option<(&str, &'static str)> {
    let (kind, rest) = directive.split_once('_').filter(|(kind, _)| UPSTREAM_KINDS.contains(kind))?;
    let key = match rest {
        "connect_timeout" => "upstream_connect_timeout",
        "read_timeout" => "upstream_read_timeout",
        "send_timeout" => "upstream_send_timeout",
        "buffer_size" | "buffers" => "upstream_buffer_size",
        "ssl_name" => "upstream_ssl_name",
        "ssl_verify" | "ssl_trusted_certificate" => "upstream_ssl_trusted_certificate",
        _ => return None,
    };
    Some((kind, key))
}

impl<'a> Fleet<'a> {
    /// Calls `visit` with every directive of nginx in all files.
    pub fn directives(&self, mut visit: impl FnMut(&Directive<'_, 'a>)) {
        for included in self.included().into_iter().filter(|it| it.block.is_nginx()) {
            let (file, _) = nginx::File::read_until_error(&included.snippet.text);
            file.visit(|around, statement| visit(&Directive { included, statement, around }));
        }
    }

    /// Calls `visit` with every line of haproxy in all files, and the section in the file that it is in.
    pub fn lines(&self, mut visit: impl FnMut(&Included<'a>, Option<&Section<'_>>, &Line<'_>)) {
        for included in self.included().into_iter().filter(|it| !it.block.is_nginx()) {
            let file = haproxy::File::read(&included.snippet.text);
            file.lines().for_each(|(section, line)| visit(&included, section, line));
        }
    }

    /// All files that are included, at each place that names one.
    pub fn included(&self) -> Vec<Included<'a>> {
        let mut found: Vec<Included<'a>> = Vec::new();
        let mut seen = HashSet::new();
        let mut add = |snippets: &'a [Snippet], block: Block, list: Cursor<'a>| {
            // Hosts without settings of their own have the fleet's.
            if snippets.is_empty() || !seen.insert(list.span()) {
                return;
            }
            let all = snippets.iter().enumerate();
            found.extend(all.map(|(index, snippet)| Included { snippet, block, written: list.item(index) }));
        };
        for (index, balancer) in self.inventory.load_balancers.iter().enumerate() {
            let include = &balancer.haproxy.include;
            for (key, snippets, block) in [
                ("global", &include.global, Block::Global),
                ("defaults", &include.defaults, Block::Defaults),
                ("sections", &include.sections, Block::Sections),
            ] {
                add(snippets, block, self.haproxy(index, &["include", key]));
            }
        }
        for (index, nginx) in self.nginx_settings() {
            add(&nginx.include, Block::Http, self.nginx(index, &["include"]));
        }
        for (index, site) in self.inventory.sites.iter().enumerate() {
            add(&site.include, Block::Server(index), self.site(index, "include"));
            for (at, location) in site.locations.iter().enumerate() {
                let place = self.site(index, "locations").item(at).key("include");
                add(&location.include, Block::Location(index, at), place);
            }
        }
        found
    }
}
