//! Sections of the inventory. One declaration per key gives the reader its field, messages their
//! advice on spelling, the reference its row, and the JSON Schema its property.

use std::collections::HashMap;
use std::sync::Arc;

use super::document::spelled;
use super::form::Form;
use super::node::{Node, Value, printable};
use super::shapes;
use super::types::guard;
use crate::diagnostic::{Applicability, Code, Diagnostic, Fix, nearest};
use crate::source::{Source, Span};

/// Where the text of a file that `include` names goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnippetKind {
    /// Into a block of nginx.
    Nginx,
    /// Into a section of haproxy.
    Lines,
    /// After haproxy's sections.
    Sections,
}

/// One key of a section, as the reference shows it.
#[derive(Debug)]
pub struct Key {
    /// The key itself.
    pub name: &'static str,
    /// What it takes, and its default.
    pub takes: &'static str,
    /// The same for programs.
    pub form: Form,
    /// What it does.
    pub doc: &'static str,
}

impl Key {
    /// Whether its section needs it.
    pub fn is_required(&self) -> bool {
        self.takes.contains(", required")
    }

    /// Its default, if that is one value whatever else is written.
    pub fn default(&self) -> Option<&'static str> {
        let (_, default) = self.takes.split_once("; default ")?;
        (!default.contains(' ')).then(|| default.trim_matches('`'))
    }

    /// The words about its default, if it has one.
    pub fn default_words(&self) -> Option<&'static str> {
        let (_, words) = self.takes.split_once("; default")?;
        Some(words.trim_start_matches(':').trim())
    }
}

/// One section of the inventory, as the reference shows it.
#[derive(Debug)]
pub struct Section {
    /// Its path, such as `sites[].locations[]`.
    pub path: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys in the order of the reference.
    pub keys: &'static [Key],
}

/// Declares a section: a struct with an optional node per key, its table, and its reader.
macro_rules! section {
    ($(#[doc = $doc:literal])+ $name:ident at $path:literal { $($(#[doc = $kdoc:literal])+ $key:ident $(as $text:literal)?: $takes:literal is $form:expr,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Default, Clone, Copy)]
        pub struct $name<'a> {
            /// The place of the section itself.
            pub span: crate::source::Span,
            $($(#[doc = $kdoc])+ pub $key: Option<&'a crate::inventory::node::Node>,)+
        }
        impl<'a> $name<'a> {
            /// The section's table.
            pub const SECTION: crate::inventory::schema::Section = crate::inventory::schema::Section {
                path: $path,
                doc: concat!($($doc),+),
                keys: &[$(crate::inventory::schema::Key {
                    name: crate::inventory::schema::key_text!($key $($text)?),
                    takes: $takes,
                    form: {
                        use crate::inventory::form::words::*;
                        $form
                    },
                    doc: concat!($($kdoc),+),
                }),+],
            };
            /// Reads the section. A node that is not a mapping is reported and yields `None`.
            pub fn read(reader: &mut crate::inventory::schema::Reader<'_>, node: &'a crate::inventory::node::Node) -> Option<Self> {
                let mut section = Self { span: node.underline(), ..Self::default() };
                let mut misspelt = Vec::new();
                let entries = reader.entries(node, $path)?;
                for (key, value) in entries {
                    let Some(text) = reader.key_text(key, $path) else { continue };
                    let slot = match text {
                        $(crate::inventory::schema::key_text!($key $($text)?) => &mut section.$key,)+
                        _ => {
                            let near = reader.unknown_key(key, &Self::SECTION, entries);
                            misspelt.extend(near.map(|near| (near, value)));
                            continue;
                        }
                    };
                    reader.fill(slot, key, value);
                }
                // A misspelt key is reported once: it does not count as missing, and its value is read.
                for (near, value) in misspelt {
                    match near {
                        $(crate::inventory::schema::key_text!($key $($text)?) => {
                            section.$key.get_or_insert(value);
                        })+
                        _ => {}
                    }
                }
                Some(section)
            }
        }
    };
}

/// A key that is not a Rust identifier, such as `return`.
macro_rules! key_text {
    ($key:ident) => {
        stringify!($key)
    };
    ($key:ident $text:literal) => {
        $text
    };
}
pub(crate) use {key_text, section};

/// Reads sections and collects findings.
pub struct Reader<'s> {
    /// The text that spans point into.
    pub source: &'s Source,
    /// The findings so far.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more names may be compared.
    comparisons: usize,
    /// The names and texts of files that were read and can be used, by path and place.
    pub snippets: HashMap<(String, SnippetKind), (Arc<str>, Arc<str>)>,
}

/// How many names are compared with misspelt ones, which takes about a microsecond each.
const COMPARISONS: usize = 200_000;

impl<'s> Reader<'s> {
    /// A reader without findings.
    pub fn new(source: &'s Source) -> Self {
        Self { source, diagnostics: Vec::new(), comparisons: COMPARISONS, snippets: HashMap::new() }
    }

    /// Whether a fix may replace the text there: it leaves layout over several lines to people.
    pub fn on_one_line(&self, span: Span) -> bool {
        !self.source.slice(span).contains(['\n', '\r'])
    }

    /// The name that `text` most likely was meant to be. After some thousand typing errors there is no
    /// advice any more, so that a file full of them is read in time.
    pub fn nearest<'n>(&mut self, text: &str, names: &'n [impl AsRef<str>]) -> Option<&'n str> {
        self.comparisons = self.comparisons.checked_sub(names.len())?;
        nearest(text, names.iter().map(AsRef::as_ref))
    }

    /// Reports a finding.
    pub fn report(&mut self, code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::refusal(code, span, message, help));
    }

    /// The entries of a mapping; anything else is reported.
    pub fn entries<'a>(&mut self, node: &'a Node, path: &str) -> Option<&'a [(Node, Node)]> {
        if let Value::Map(entries) = &node.value {
            return Some(entries);
        }
        let (message, help) = match (path, &node.value) {
            ("", Value::Null) => {
                ("the inventory is empty".to_owned(), "start with `load_balancers:`, `app_servers:` and `sites:`")
            }
            ("", _) => (
                format!("the inventory must be a mapping but is {}", node.kind()),
                "write keys such as `load_balancers: …`, with a space or a line break after the colon",
            ),
            _ => {
                let message = format!("`{path}` must be a mapping but is {}", node.kind());
                let help = shapes::section(path, node, self.source);
                self.report(Code::IN03, node.underline(), message, help);
                return None;
            }
        };
        self.report(Code::IN03, node.underline(), message, help);
        None
    }

    /// The items of a list; anything else is reported.
    pub fn items<'a>(&mut self, node: &'a Node, path: &str) -> Option<&'a [Node]> {
        if let Value::List(items) = &node.value {
            return Some(items);
        }
        let message = format!("`{path}` must be a list but is {}", node.kind());
        let help = shapes::list(path, node, self.source);
        self.report(Code::IN03, node.underline(), message, help);
        None
    }

    /// The items of a list of single values. If a single value is one of them, or several with commas, blanks
    /// or colons between them, the fix is to write them as a list.
    pub fn words<'a>(
        &mut self,
        node: &'a Node,
        (path, example): (&str, &str),
        fits: impl Fn(&str) -> bool,
    ) -> Option<&'a [Node]> {
        if let Value::List(items) = &node.value {
            return Some(items);
        }
        let text = node.text(self.source).unwrap_or_default();
        let split = |between: &[char]| -> Option<Vec<String>> {
            let words: Vec<&str> = text.split(between).filter(|word| !word.is_empty()).collect();
            let fit = !words.is_empty() && words.iter().all(|word| guard(word).is_ok() && fits(word));
            fit.then(|| words.into_iter().map(|word| spelled("", word)).collect())
        };
        let commas = split(&[',', ' ']);
        let sure = if commas.is_some() { Applicability::Safe } else { Applicability::Unsafe };
        let list = commas.or_else(|| split(&[',', ' ', ':'])).map(|words| format!("[{}]", words.join(", ")));
        let help = match &list {
            Some(list) => format!("write `{}`", printable(list)),
            None => format!("write a list such as `{example}`"),
        };
        let message = format!("`{path}` must be a list but is {}", node.kind());
        let mut found = Diagnostic::refusal(Code::IN03, node.underline(), message, help);
        found.fix = list.filter(|_| self.on_one_line(node.span)).map(|list| Fix::replace(sure, node.span, list));
        self.diagnostics.push(found);
        None
    }

    /// The items of a list, or a single value in place of a list.
    pub fn one_or_many<'a>(&mut self, node: &'a Node) -> &'a [Node] {
        match &node.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(node),
        }
    }

    /// A key's text; a list or mapping as a key is reported.
    pub fn key_text<'a>(&mut self, key: &'a Node, path: &str) -> Option<&'a str>
    where
        's: 'a,
    {
        let text = key.text(self.source);
        if text.is_none() {
            let message = format!("a key of {} must be a word but is {}", place(path), key.kind());
            self.report(Code::IN03, key.underline(), message, "write a single word followed by `: `");
        }
        text
    }

    /// Puts a value into its slot; a second one is a duplicate.
    pub fn fill<'a>(&mut self, slot: &mut Option<&'a Node>, key: &Node, value: &'a Node) {
        let Some(first) = slot else {
            *slot = Some(value);
            return;
        };
        let message = format!("the key `{}` is written twice", key.text(self.source).unwrap_or_default());
        let help = "keep one of them: YAML parsers disagree on which one counts";
        let twice = Diagnostic::refusal(Code::AD02, key.span, message, help);
        self.diagnostics.push(twice.related(first.underline(), "the first value"));
    }

    /// Reports a key that the section does not have and returns the nearest one that it has, if any
    /// is near. `entries` are the entries of the section.
    pub fn unknown_key(&mut self, key: &Node, section: &Section, entries: &[(Node, Node)]) -> Option<&'static str> {
        let text = key.text(self.source).unwrap_or_default();
        let names = || section.keys.iter().map(|k| k.name);
        let unsupported = unsupported(section.path, text);
        let synonym = names().find(|name| Some(*name) == synonym(text));
        let near = synonym.or_else(|| nearest(text, names())).filter(|_| unsupported.is_none());
        let help = match (unsupported, near) {
            (Some(reason), _) => format!("remove it: {reason}"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("the keys are: {}", names().collect::<Vec<_>>().join(", ")),
        };
        let place = place(section.path);
        let message = match text {
            "" => format!("{place} has an empty key"),
            _ => format!("unknown key `{}` in {place}", printable(text)),
        };
        let mut unknown = Diagnostic::refusal(Code::AD03, key.span, message, help);
        // No fix for a key that is already there, or that another one is near to as well.
        let known = |text: &str| section.keys.iter().any(|key| key.name == text);
        let rivals = |other: &str, near: &str| match known(other) {
            true => other == near,
            false => other != text && nearest(other, names()) == Some(near),
        };
        let alone = |near: &str| {
            let mut others = entries.iter().filter_map(|(other, _)| other.text(self.source));
            entries.len() < 64 && !others.any(|other| rivals(other, near))
        };
        if let Some(near) = near.filter(|near| alone(near) && self.on_one_line(key.span)) {
            unknown = unknown.fixed_by(Fix::replace(
                Applicability::Unsafe,
                key.span,
                spelled(self.source.slice(key.span), near),
            ));
        }
        self.diagnostics.push(unknown);
        near
    }

    /// Reports a required key that is missing.
    pub fn missing(&mut self, span: Span, path: &str, key: &str, help: impl Into<String>) {
        let place = if path.is_empty() { "the inventory".to_owned() } else { format!("this entry of `{path}`") };
        self.report(Code::IN04, span, format!("{place} needs `{key}`"), help);
    }
}

/// The section's name in messages.
fn place(path: &str) -> String {
    if path.is_empty() { "the inventory".to_owned() } else { format!("`{path}`") }
}

/// Why a section at `path` needs no such key, or cannot have it, although people expect one.
fn unsupported(path: &str, key: &str) -> Option<&'static str> {
    match (path, key) {
        ("nginx", "http3" | "quic" | "http3_hq" | "quic_retry") => {
            Some("HTTP/3 runs over UDP, and a balancer that forwards TCP does not forward UDP")
        }
        ("sites[]" | "sites[].locations[]", "websocket" | "websockets") => Some("WebSockets work without a key"),
        ("sites[]", "upgrade") => Some("WebSockets work without a key, and a location has one for other upgrades"),
        ("sites[].locations[]", "alias") => {
            Some("write `root` instead, to which the whole path of a request is appended")
        }
        ("nginx" | "sites[]" | "sites[].locations[]", "proxy_buffering") => {
            Some("an app that streams events answers with the header `X-Accel-Buffering: no`")
        }
        ("haproxy" | "sites[]" | "sites[].locations[]", "limit_req" | "limit_conn") => {
            Some("write `limit` instead, with `rate` and `burst` or with `connections`")
        }
        ("sites[].client_certificates", "ssl_verify_depth") => {
            Some("ten certificates may be between a client's and its authority's")
        }
        (
            "sites[]" | "sites[].locations[]",
            "upstream_buffer_size"
            | "proxy_buffer_size"
            | "proxy_buffers"
            | "uwsgi_buffer_size"
            | "uwsgi_buffers"
            | "fastcgi_buffer_size"
            | "fastcgi_buffers"
            | "grpc_buffer_size",
        ) => Some("`upstream_buffer_size` of `nginx` is for all sites, and a location's `include` for one location"),
        ("sites[].locations[]", "upstream_ssl_verify" | "proxy_ssl_verify" | "grpc_ssl_verify") => {
            Some("upstreams are verified; `upstream_ssl_trusted_certificate: \"off\"` is for one that is not")
        }
        ("sites[]", "listen" | "port") => Some("all sites have the ports of `haproxy.port` and `nginx.port`"),
        _ => None,
    }
}

/// The key for a directive that nginx has once for each kind of upstream.
fn synonym(key: &str) -> Option<&'static str> {
    let kinds = ["proxy", "uwsgi", "fastcgi", "grpc"];
    let rest = kinds.iter().find_map(|kind| key.strip_prefix(kind)?.strip_prefix('_'))?;
    match rest {
        "connect_timeout" => Some("upstream_connect_timeout"),
        "read_timeout" => Some("upstream_read_timeout"),
        "send_timeout" => Some("upstream_send_timeout"),
        "buffer_size" | "buffers" | "busy_buffers_size" => Some("upstream_buffer_size"),
        "ssl_name" => Some("upstream_ssl_name"),
        "ssl_trusted_certificate" => Some("upstream_ssl_trusted_certificate"),
        _ => None,
    }
}
