//! What rules check: the inventory's text, or the fleet that it describes, with the place of every
//! value. Local certificates are read when the first rule needs them.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use super::{Certificates, Settings};
use crate::inventory::Inventory;
use crate::inventory::document::{Cursor, Document};
use crate::inventory::model::{Addresses, Haproxy, Lint, Location, Nginx, Site, SiteCertificate};
use crate::source::Source;

/// An inventory's text and YAML tree, for rules that also run on invalid inventories.
#[derive(Clone, Copy)]
pub struct InventoryText<'a> {
    pub source: &'a Source,
    pub document: &'a Document,
}

/// One certificate of a site: the indexes of both in the inventory's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateRef {
    pub site: usize,
    pub certificate: usize,
}

/// A valid inventory with the text that it was read from. Most rules check this.
pub struct Fleet<'a> {
    pub inventory: &'a Inventory,
    pub source: &'a Source,
    /// The places of values in that text. Its lists match those of the inventory, item by item.
    pub written: Cursor<'a>,
    /// The options of this run, and the time.
    pub settings: &'a Settings,
    /// The inventory's own `lint` section.
    pub section: &'a Lint,
    files: OnceCell<Certificates>,
    /// The first app server with each set of nginx's settings.
    nginx: OnceCell<Vec<usize>>,
}

impl<'a> Fleet<'a> {
    /// Does not read certificates yet.
    pub fn new(
        inventory: &'a Inventory,
        source: &'a Source,
        written: Cursor<'a>,
        (settings, section): (&'a Settings, &'a Lint),
    ) -> Self {
        Self { inventory, source, written, settings, section, files: OnceCell::new(), nginx: OnceCell::new() }
    }

    /// The certificates and keys that sites name on this machine, read at the first call.
    pub fn certificates(&self) -> &Certificates {
        self.files.get_or_init(|| Certificates::read(self.inventory))
    }

    /// The settings of nginx, each with the index of the first app server that has them. App servers without
    /// settings of their own share the fleet's.
    pub fn nginx_settings(&self) -> impl Iterator<Item = (usize, &'a Nginx)> {
        let apps = &self.inventory.app_servers;
        let first = self.nginx.get_or_init(|| {
            let mut seen = HashSet::new();
            (0..apps.len()).filter(|index| seen.insert(Arc::as_ptr(&apps[*index].nginx))).collect()
        });
        first.iter().map(|index| (*index, &*apps[*index].nginx))
    }

    /// Where a setting of the balancer at `index` is written: in the balancer, else in the fleet's
    /// `haproxy` section. A default has no place; then it is the balancer's address.
    pub fn haproxy(&self, index: usize, keys: &[&str]) -> Cursor<'a> {
        self.overridden("load_balancers", index, "haproxy", keys)
    }

    /// The same for the app server at `index` and `nginx`.
    pub fn nginx(&self, index: usize, keys: &[&str]) -> Cursor<'a> {
        self.overridden("app_servers", index, "nginx", keys)
    }

    /// The place of a balancer's setting; `None` if it is a default.
    pub fn haproxy_if_written(&self, index: usize, keys: &[&str]) -> Option<Cursor<'a>> {
        let host = self.written.key("load_balancers").item(index).key("haproxy").keys(keys);
        let fleet = self.written.key("haproxy").keys(keys);
        Some(host.or(fleet)).filter(|place| place.is_written())
    }

    /// The same for an app server.
    pub fn nginx_if_written(&self, index: usize, keys: &[&str]) -> Option<Cursor<'a>> {
        let host = self.written.key("app_servers").item(index).key("nginx").keys(keys);
        let fleet = self.written.key("nginx").keys(keys);
        Some(host.or(fleet)).filter(|place| place.is_written())
    }

    /// Balancers whose settings are `wrong`, by index, each with the place of `keys`. Of balancers
    /// that share the fleet's setting, or its default, only the first is returned.
    pub fn balancers(&self, keys: &[&str], wrong: impl Fn(&Haproxy) -> bool) -> Vec<(usize, Cursor<'a>)> {
        let balancers = self.inventory.load_balancers.iter().enumerate();
        let mut seen = HashSet::new();
        balancers
            .filter(|(_, balancer)| wrong(&balancer.haproxy))
            .filter(|(index, _)| seen.insert(self.haproxy_if_written(*index, keys).map(Cursor::span)))
            .map(|(index, _)| (index, self.haproxy(index, keys)))
            .collect()
    }

    /// The places of the addresses of all hosts that match `wanted`, balancers first.
    pub fn addresses(&self, wanted: impl Fn(Addresses) -> bool) -> impl Iterator<Item = Cursor<'a>> {
        let written = self.written;
        let balancers = self.inventory.load_balancers.iter().map(|host| host.addresses).enumerate();
        let apps = self.inventory.app_servers.iter().map(|host| host.addresses).enumerate();
        let hosts = balancers.map(|host| ("load_balancers", host)).chain(apps.map(|host| ("app_servers", host)));
        hosts
            .filter(move |(_, (_, addresses))| wanted(*addresses))
            .flat_map(move |(list, (index, _))| written.key(list).item(index).key("address").items())
    }

    /// The places of the addresses that balancers are told to listen on: the fleet's, then those of single balancers.
    pub fn bound(&self) -> impl Iterator<Item = Cursor<'a>> {
        let written = self.written;
        let hosts = written.key("load_balancers").items().map(|host| host.key("haproxy"));
        std::iter::once(written.key("haproxy")).chain(hosts).flat_map(|haproxy| haproxy.key("bind").items())
    }

    fn overridden(&self, hosts: &str, index: usize, section: &str, keys: &[&str]) -> Cursor<'a> {
        let host = self.written.key(hosts).item(index);
        let (setting, fleet) = (host.key(section).keys(keys), self.written.key(section).keys(keys));
        // A default has no place, so point at the host's address.
        if setting.is_written() || fleet.is_written() { setting.or(fleet) } else { host.key("address") }
    }

    /// The servers of a pool of other servers or of an upstream, in the order of the inventory.
    pub fn servers(section: Cursor<'a>) -> impl Iterator<Item = Cursor<'a>> {
        section.key("servers").items().chain(section.key("backup").items())
    }

    /// A key of the site at `index`, or the site if the key is not written.
    pub fn site(&self, index: usize, key: &str) -> Cursor<'a> {
        self.written.key("sites").item(index).key(key)
    }

    /// Every location with its site, and the place of its entry.
    pub fn locations(&self) -> impl Iterator<Item = (&'a Site, &'a Location, Cursor<'a>)> {
        let written = self.written.key("sites");
        self.inventory.sites.iter().enumerate().flat_map(move |(at, site)| {
            let places = written.item(at).key("locations");
            site.locations.iter().enumerate().map(move |(index, location)| (site, location, places.item(index)))
        })
    }

    /// Every certificate of every site.
    pub fn pairs(&self) -> impl Iterator<Item = (CertificateRef, &'a SiteCertificate)> {
        self.inventory.sites.iter().enumerate().flat_map(|(site, it)| {
            let certificates = it.certificates.iter().enumerate();
            certificates.map(move |(certificate, pair)| (CertificateRef { site, certificate }, pair))
        })
    }

    /// Where what HTTP checks of a balancer ask of a pool is written: for this pool, else for all; `None` for a
    /// default.
    pub fn http_check(&self, (balancer, pool): (usize, usize), key: &str) -> Option<Cursor<'a>> {
        let of_pool = self.written.key("pools").item(pool).key("check").key(key);
        Some(of_pool).filter(|place| place.is_written()).or_else(|| self.haproxy_if_written(balancer, &["check", key]))
    }

    /// A key of a site's certificate, or the site if the key is not written.
    pub fn certificate(&self, at: CertificateRef, key: &str) -> Cursor<'a> {
        self.site(at.site, key).item(at.certificate)
    }

    /// Whether an app server serves both sites.
    pub fn share_a_host(&self, one: usize, other: usize) -> bool {
        let (sites, pools) = (&self.inventory.sites, &self.inventory.pools);
        let (first, second) = (sites[one].pool, sites[other].pool);
        first == second || pools[first].members.iter().any(|app| pools[second].members.contains(app))
    }

    /// The name of the balancer at `index`.
    pub fn load_balancer(&self, index: usize) -> Cursor<'a> {
        self.written.key("load_balancers").item(index).key("name")
    }

    /// The name of the app server at `index`.
    pub fn app_server(&self, index: usize) -> Cursor<'a> {
        self.written.key("app_servers").item(index).key("name")
    }
}
