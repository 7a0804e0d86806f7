//! What a rule is made of, and what it is given to look at. A rule reports; it never decides
//! what becomes of a finding.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::Inventory;
use crate::inventory::document::{Cursor, Document};
use crate::inventory::model::{Addresses, Haproxy, Lint};
use crate::source::{Source, Span};

use super::{Certificates, Settings};

/// One rule. Its file holds all there is to it.
#[derive(Debug)]
pub struct Rule {
    /// Its permanent code, with slug, severity and summary.
    pub code: &'static Code,
    /// The version of sslscale that has it first.
    pub since: &'static str,
    /// What it looks at.
    pub needs: Needs,
    /// What `--fix` does about it.
    pub fix: Fixable,
    /// How it is found.
    pub found: Found,
    /// What `explain` and its page say.
    pub doc: Doc,
    /// What shows it; `None` for what no inventory alone can show.
    pub examples: Option<Examples>,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// The inventory's text alone.
    Inventory,
    /// Files on this machine as well, such as certificates.
    Files,
    /// The programs haproxy and nginx on this machine.
    Programs,
    /// The running hosts.
    Hosts,
    /// What was deployed last.
    LastPlan,
}

impl Needs {
    /// The words that are printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Files => "files",
            Self::Programs => "programs",
            Self::Hosts => "hosts",
            Self::LastPlan => "last plan",
        }
    }
}

/// What `--fix` can do about a rule's findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixable {
    /// Nothing.
    No,
    /// Some or all have a safe fix.
    Safe,
    /// Some or all have a fix that a person has to look at.
    Unsafe,
}

impl Fixable {
    /// The word that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "none",
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// How a rule's findings come to be.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// While the inventory is read and validated: there is no fleet while one stands.
    Reading,
    /// In the text of any inventory that is YAML, sound or not.
    Text(fn(&Text<'_>, &mut Findings)),
    /// In a sound inventory.
    Fleet(fn(&Fleet<'_>, &mut Findings)),
    /// By a later stage of `check`, not by looking at one inventory: how.
    Elsewhere(&'static str),
    /// Not yet, for this reason, which is reported: it is never passed.
    Skipped(&'static str),
    /// Never in what sslscale renders, for this reason, which a test proves.
    Impossible(&'static str),
}

/// A rule's page. All of it Markdown, whole sentences.
#[derive(Debug, Clone, Copy)]
pub struct Doc {
    /// What is found.
    pub what: &'static str,
    /// Why that hurts.
    pub why: &'static str,
    /// What the real programs say and do, and how that is known.
    pub evidence: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// On which versions the evidence was seen; empty where it does not depend on any.
    pub verified_on: &'static str,
}

/// Whole inventories; tests run all of them, and the rule's page shows them.
#[derive(Debug, Clone, Copy)]
pub struct Examples {
    /// Earns a finding of the rule, and none of another rule above info.
    pub fires: &'static str,
    /// Looks much like it and earns none.
    pub silent: &'static str,
    /// What `--fix`, or `--unsafe-fixes` where the rule's fix is unsafe, makes of `fires`.
    pub fixed: Option<&'static str>,
}

/// What a rule on the text sees.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    /// The text.
    pub source: &'a Source,
    /// Its YAML tree.
    pub document: &'a Document,
}

/// A certificate among those of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nth {
    /// The site, by index.
    pub site: usize,
    /// The certificate, by its place in the site's list.
    pub nth: usize,
}

/// What a rule on the fleet sees.
pub struct Fleet<'a> {
    /// The fleet.
    pub inventory: &'a Inventory,
    /// The text that it was read from.
    pub source: &'a Source,
    /// Where things stand in that text. Lists of it are those of the inventory, item by item.
    pub written: Cursor<'a>,
    /// What was asked for, and the time.
    pub settings: &'a Settings,
    /// What the inventory itself asks for.
    pub section: &'a Lint,
    files: OnceCell<Certificates>,
}

impl<'a> Fleet<'a> {
    /// A fleet whose certificates no rule has asked for yet.
    pub fn new(
        inventory: &'a Inventory,
        source: &'a Source,
        written: Cursor<'a>,
        (settings, section): (&'a Settings, &'a Lint),
    ) -> Self {
        Self { inventory, source, written, settings, section, files: OnceCell::new() }
    }

    /// The certificates and keys that sites name on this machine: read when a rule first asks.
    pub fn certificates(&self) -> &Certificates {
        self.files.get_or_init(|| Certificates::read(self.inventory))
    }

    /// Where a setting of the balancer at `index` is written: its own, else the fleet's, else
    /// its `haproxy` section or what is around it.
    pub fn haproxy(&self, index: usize, keys: &[&str]) -> Cursor<'a> {
        self.overridden("load_balancers", index, "haproxy", keys)
    }

    /// The same for a setting of the app server at `index`.
    pub fn nginx(&self, index: usize, keys: &[&str]) -> Cursor<'a> {
        self.overridden("app_servers", index, "nginx", keys)
    }

    /// The same, where the setting is written at all.
    pub fn haproxy_if_written(&self, index: usize, keys: &[&str]) -> Option<Cursor<'a>> {
        let own = self.written.key("load_balancers").item(index).key("haproxy").keys(keys);
        let fleet = self.written.key("haproxy").keys(keys);
        Some(own.or(fleet)).filter(|place| place.is_written())
    }

    /// The same for a setting of an app server.
    pub fn nginx_if_written(&self, index: usize, keys: &[&str]) -> Option<Cursor<'a>> {
        let own = self.written.key("app_servers").item(index).key("nginx").keys(keys);
        let fleet = self.written.key("nginx").keys(keys);
        Some(own.or(fleet)).filter(|place| place.is_written())
    }

    /// Balancers whose settings are `wrong`, by index, each with the place of `keys`. Of balancers
    /// that share what the fleet says, or say nothing, the first stands for all.
    pub fn balancers(&self, keys: &[&str], wrong: impl Fn(&Haproxy) -> bool) -> Vec<(usize, Cursor<'a>)> {
        let balancers = self.inventory.load_balancers.iter().enumerate();
        let mut seen = HashSet::new();
        balancers
            .filter(|(_, balancer)| wrong(&balancer.haproxy))
            .filter(|(index, _)| seen.insert(self.haproxy_if_written(*index, keys).map(Cursor::span)))
            .map(|(index, _)| (index, self.haproxy(index, keys)))
            .collect()
    }

    /// What is written as the addresses of the hosts whose addresses are `wanted`, balancers first.
    pub fn addresses(&self, wanted: impl Fn(Addresses) -> bool) -> impl Iterator<Item = Cursor<'a>> {
        let written = self.written;
        let balancers = self.inventory.load_balancers.iter().map(|host| host.addresses).enumerate();
        let apps = self.inventory.app_servers.iter().map(|host| host.addresses).enumerate();
        let hosts = balancers.map(|host| ("load_balancers", host)).chain(apps.map(|host| ("app_servers", host)));
        hosts
            .filter(move |(_, (_, addresses))| wanted(*addresses))
            .flat_map(move |(list, (index, _))| written.key(list).item(index).key("address").items())
    }

    fn overridden(&self, hosts: &str, index: usize, section: &str, keys: &[&str]) -> Cursor<'a> {
        let host = self.written.key(hosts).item(index);
        let (own, fleet) = (host.key(section).keys(keys), self.written.key(section).keys(keys));
        // A default has no place: the host's address is what the reader can start from.
        if own.is_written() || fleet.is_written() { own.or(fleet) } else { host.key("address") }
    }

    /// A key of the site at `index`, or the site.
    pub fn site(&self, index: usize, key: &str) -> Cursor<'a> {
        self.written.key("sites").item(index).key(key)
    }

    /// A key of a site's certificate, or the site.
    pub fn certificate(&self, at: Nth, key: &str) -> Cursor<'a> {
        self.site(at.site, key).item(at.nth)
    }

    /// Where the balancer at `index` is written: its name.
    pub fn load_balancer(&self, index: usize) -> Cursor<'a> {
        self.written.key("load_balancers").item(index).key("name")
    }

    /// Where the app server at `index` is written: its name.
    pub fn app_server(&self, index: usize) -> Cursor<'a> {
        self.written.key("app_servers").item(index).key("name")
    }
}

/// Where rules put what they find.
#[derive(Debug)]
pub struct Findings {
    code: &'static Code,
    pub(super) found: Vec<Diagnostic>,
    pub(super) skipped: BTreeSet<(&'static str, String)>,
}

impl Findings {
    pub(super) fn new() -> Self {
        Self { code: Code::IN01, found: Vec::new(), skipped: BTreeSet::new() }
    }

    /// From here on findings are this rule's.
    pub fn of(&mut self, code: &'static Code) -> &mut Self {
        self.code = code;
        self
    }

    /// A finding of the rule, to be completed and handed to [`Findings::push`].
    pub fn finding(&self, span: Span, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, span, message, help)
    }

    /// Reports a finding.
    pub fn push(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    /// Reports a finding that needs no more than this.
    pub fn report(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.push(self.finding(span, message, help));
    }

    /// Says that the rule could not look at something it needs, and why.
    pub fn skip(&mut self, reason: impl Into<String>) {
        self.skipped.insert((self.code.id, reason.into()));
    }
}
