//! The inventory with every default filled in, and where each value comes from: the walk through the table of keys.
//! `defaults` has what is taken where nothing is written.

mod defaults;

use super::document::{Cursor, Document};
use super::form::{Form, Scalar};
use super::json_schema::below;
use super::model::{Haproxy, Inventory, Nginx, Site, Ssh};
use super::raw::{RawInventory, SECTIONS};
use super::schema::{Key, Section};
use super::validate::fleet_settings;
use crate::source::{Position, Source};

/// A key of a section, and what it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: &'static str,
    /// What it has.
    pub content: Content,
}

/// What a key has.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A single value.
    One(String, Scalar, Origin),
    /// A list of single values.
    Many(Vec<String>, Scalar, Origin),
    /// A section.
    Section(Vec<Entry>),
    /// A list of sections.
    Sections(Vec<Vec<Entry>>),
    /// What the section of the fleet with the same name has.
    Inherited,
    /// Nothing, which means what the words say.
    Unset(String),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is written there.
    Written(Position),
    /// It is written at this path, for all hosts of this kind.
    Fleet(String, Position),
    /// Nothing is written; the words say what the default depends on.
    Default(Option<String>),
    /// A profile of Mozilla's guideline has it.
    Profile(&'static str),
}

/// The inventory in `source`, which is valid, as a section. A host without a section of its own has
/// [`Content::Inherited`] in its place, or with `expanded` what the fleet has.
pub fn shown(source: &Source, document: &Document, inventory: &Inventory, expanded: bool) -> Vec<Entry> {
    let fleet = fleet_settings(source, document.root());
    let root = document.cursor(source);
    let shown = Shown { source, root, inventory, expanded };
    let (haproxy, nginx, ssh) = (&fleet.haproxy, &fleet.nginx, &*fleet.ssh);
    let whole = Part {
        here: root,
        fleet: None,
        program: "",
        haproxy,
        nginx,
        ssh,
        site: None,
        passes: false,
        tls: false,
        verified: false,
    };
    shown.section(&RawInventory::SECTION, &whole)
}

/// The inventory that is walked through.
struct Shown<'i> {
    source: &'i Source,
    root: Cursor<'i>,
    inventory: &'i Inventory,
    expanded: bool,
}

/// A section, and what it belongs to.
#[derive(Clone, Copy)]
struct Part<'i> {
    here: Cursor<'i>,
    /// In a section of a host, the fleet's section of the same name, and the inventory's key for that or what it is in.
    fleet: Option<Cursor<'i>>,
    program: &'static str,
    /// The settings of the host, or else of the fleet.
    haproxy: &'i Haproxy,
    nginx: &'i Nginx,
    ssh: &'i Ssh,
    site: Option<&'i Site>,
    /// Whether a location passes requests to an upstream, and whether over TLS.
    passes: bool,
    tls: bool,
    /// Whether that upstream's certificate is verified.
    verified: bool,
}

impl Part<'_> {
    /// The path of a section of the fleet. One that several sections have is named by itself in the table of keys.
    fn path_of(&self, section: &Section) -> String {
        match section.path.strip_prefix(self.program) {
            Some(_) => section.path.to_owned(),
            None => format!("{}.{}", self.program, section.path),
        }
    }
}

impl<'i> Shown<'i> {
    fn section(&self, section: &'static Section, part: &Part<'i>) -> Vec<Entry> {
        let entry = |key: &'static Key| Some(Entry { key: key.name, content: self.content(section, key, part)? });
        section.keys.iter().filter_map(entry).collect()
    }

    fn content(&self, section: &'static Section, key: &'static Key, part: &Part<'i>) -> Option<Content> {
        let here = part.here.key(key.name);
        match key.form {
            Form::OneSection => self.one_section(section, key, part),
            Form::Sections(_) if here.is_written() => {
                let child = child(section, key, "[]");
                let items = here.items().enumerate();
                let parts = items.map(|(index, here)| self.item(child, index, Part { here, ..*part }));
                Some(Content::Sections(parts.map(|part| self.section(child, &part)).collect()))
            }
            Form::One(scalar) | Form::OneOrMany(scalar, _) | Form::Many(scalar, ..) if here.is_written() => {
                Some(written(here, scalar, Origin::Written(self.position(here))))
            }
            Form::One(scalar) | Form::OneOrMany(scalar, _) | Form::Many(scalar, ..) => {
                let fleet = part.fleet.map(|fleet| fleet.key(key.name)).filter(|fleet| fleet.is_written());
                match fleet.filter(|_| self.has_effect(section, key, part)) {
                    Some(fleet) => {
                        let path = format!("{}.{}", part.path_of(section), key.name);
                        Some(written(fleet, scalar, Origin::Fleet(path, self.position(fleet))))
                    }
                    None => self.default(section, key, part),
                }
            }
            Form::Sections(_) => self.default(section, key, part),
        }
    }

    /// An item of a list, with what belongs to it.
    fn item(&self, child: &'static Section, index: usize, part: Part<'i>) -> Part<'i> {
        let Inventory { load_balancers, app_servers, sites, .. } = self.inventory;
        match child.path {
            "load_balancers[]" => {
                load_balancers.get(index).map_or(part, |host| Part { haproxy: &host.haproxy, ssh: &host.ssh, ..part })
            }
            "app_servers[]" => {
                app_servers.get(index).map_or(part, |host| Part { nginx: &host.nginx, ssh: &host.ssh, ..part })
            }
            "sites[]" => Part { site: sites.get(index), ..part },
            "sites[].locations[]" => {
                let location = part.site.and_then(|site| site.locations.get(index));
                let passes = location.is_some_and(|it| it.target.passes());
                let of_tls = location.and_then(|it| it.upstream_tls.as_ref());
                Part { passes, tls: of_tls.is_some(), verified: of_tls.is_some_and(|it| it.file().is_some()), ..part }
            }
            _ => part,
        }
    }

    fn one_section(&self, section: &'static Section, key: &'static Key, part: &Part<'i>) -> Option<Content> {
        let child = child(section, key, "");
        let here = part.here.key(key.name);
        let of_host = section.path.starts_with("load_balancers") || section.path.starts_with("app_servers");
        let fleet = if of_host { Some(self.root.key(key.name)) } else { part.fleet.map(|fleet| fleet.key(key.name)) };
        if of_host && !here.is_written() && !self.expanded {
            return Some(Content::Inherited);
        }
        // A host has its own, or that of the fleet.
        let fleet = if ONE_SETTING.contains(&child.path) && here.is_written() { None } else { fleet };
        let written = here.is_written() || fleet.is_some_and(Cursor::is_written);
        if !written && IF_WRITTEN.contains(&child.path) {
            return self.default(section, key, part);
        }
        let program = if of_host { key.name } else { part.program };
        let entries = self.section(child, &Part { here, fleet, program, ..*part });
        // A section whose keys have no defaults, such as `haproxy.include`.
        (written || !entries.is_empty()).then_some(Content::Section(entries))
    }

    fn position(&self, cursor: Cursor<'i>) -> Position {
        self.source.position(cursor.span().start)
    }
}

/// Sections that are not the same as their defaults: without them something else happens.
const IF_WRITTEN: [&str; 9] = [
    "pools[].check",
    "nginx.hsts",
    "http.acme_challenge",
    "limit",
    "metrics",
    "sites[].cdn",
    "sites[].client_certificates",
    "sites[].maintenance",
    "sites[].locations[].return",
];

/// Sections that are one setting: what a host has of its own replaces all of the fleet's.
const ONE_SETTING: [&str; 3] = ["limit", "metrics", "nginx.hsts"];

/// The section that a key leads to.
fn child(section: &'static Section, key: &'static Key, list: &str) -> &'static Section {
    let path = below(section, key, list);
    SECTIONS.iter().find(|it| it.path == path).unwrap_or(section)
}

/// A value that is written: as a list if it is written as one.
fn written(cursor: Cursor<'_>, scalar: Scalar, origin: Origin) -> Content {
    match cursor.text() {
        Some(text) => Content::One(text.to_owned(), scalar, origin),
        None => {
            let texts = cursor.items().filter_map(|item| item.text().map(str::to_owned));
            Content::Many(texts.collect(), scalar, origin)
        }
    }
}
