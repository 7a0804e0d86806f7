//! All files of a fleet, parsed, beside the inventory that they were rendered from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::rc::Rc;

use sslscale::config::haproxy::OTHER_SERVERS;
use sslscale::inventory::Inventory;
use sslscale::inventory::model::{AcmeChallenge, AppServer, LoadBalancer};
use sslscale::render::{HAPROXY_CFG, HAPROXY_MAPS, NGINX_CONF};
use sslscale::tree::Tree;

use super::haproxy::{self, Section, Server};
use super::nginx::{self, Directive, Listen};

/// The backend that challenges go to.
pub const CHALLENGES: &str = "acme-challenge";

/// Host and path → text.
pub type Files = BTreeMap<(String, String), String>;

/// The texts of a rendered tree.
pub fn files(tree: &Tree) -> Files {
    let mut files = Files::new();
    for (host, entries) in tree.hosts() {
        for entry in entries.iter() {
            let text = String::from_utf8(entry.content.bytes.clone()).unwrap();
            files.insert((host.to_owned(), entry.path.to_string()), text);
        }
    }
    files
}

/// A fleet as its hosts would read it.
pub struct Rendered<'i> {
    pub inventory: &'i Inventory,
    pub balancers: Vec<Balancer<'i>>,
    pub apps: Vec<App<'i>>,
}

/// A balancer's file.
pub struct Balancer<'i> {
    pub host: &'i LoadBalancer,
    pub cfg: Rc<Vec<Section>>,
    /// The backends that its maps of names lead to.
    pub mapped: BTreeSet<String>,
}

/// The end of the name of a pool's second backend, which takes over when none of its apps answers.
pub const FALLBACK: &str = ":tls";

/// An app server's file.
pub struct App<'i> {
    pub host: &'i AppServer,
    pub conf: Rc<Directive>,
    /// The pools that it is a member of.
    pub pools: Vec<usize>,
    /// The port that its nginx takes challenges on, where it does.
    pub challenges: Option<u16>,
}

/// A `server` line of a balancer.
pub struct Leg<'r> {
    pub balancer: &'r Balancer<'r>,
    pub server: Server<'r>,
    pub to: SocketAddr,
}

/// Whether the servers of a backend are not app servers.
fn is_other(section: &Section) -> bool {
    section.all(&["description"]).next().is_some_and(|words| words.join(" ") == OTHER_SERVERS)
}

impl Balancer<'_> {
    /// Those of pools. Challenges have one more, which is none of TLS, and with HTTP checks every pool
    /// has a second one.
    pub fn backends(&self) -> impl Iterator<Item = &Section> {
        let of_pool = |name: &str| name != CHALLENGES && !name.ends_with(FALLBACK);
        let of_pool = move |section: &&Section| of_pool(&section.head[1]) && !is_other(section);
        self.cfg.iter().filter(move |section| section.kind() == "backend" && of_pool(section))
    }

    /// Those of servers that are not app servers.
    pub fn others(&self) -> impl Iterator<Item = &Section> {
        self.cfg.iter().filter(|section| is_other(section))
    }

    /// The second backend of each pool, in the order of the pools; none without HTTP checks.
    pub fn fallbacks(&self) -> impl Iterator<Item = &Section> {
        self.cfg.iter().filter(|section| section.kind() == "backend" && section.head[1].ends_with(FALLBACK))
    }

    /// The one section of this kind and name.
    pub fn named(&self, kind: &str, name: &str) -> Result<&Section, String> {
        let mut found = self.cfg.iter().filter(|section| section.head == [kind, name]);
        let one = found.next().filter(|_| found.next().is_none());
        one.ok_or_else(|| format!("{}: not one `{kind} {name}`", self.host.name))
    }

    /// The one section of a kind.
    pub fn section(&self, kind: &str) -> Result<&Section, String> {
        let mut found = self.cfg.iter().filter(|section| section.kind() == kind);
        let one = found.next().filter(|_| found.next().is_none());
        one.ok_or_else(|| format!("{}: not one `{kind}`", self.host.name))
    }
}

impl App<'_> {
    /// Those of TLS: all but those for challenges and metrics, where there are to be any.
    pub fn servers(&self) -> impl Iterator<Item = &Directive> {
        self.conf.all("server").filter(|server| !self.is_plain(server))
    }

    fn is_plain(&self, server: &Directive) -> bool {
        let metrics = self.host.nginx.metrics.as_ref().map(|metrics| metrics.port.0);
        let plain = |listen: &Listen<'_>| {
            [self.challenges, metrics].contains(&Some(listen.socket.port())) && listen.options.is_empty()
        };
        server.listens().iter().all(plain)
    }
}

fn challenges(inventory: &Inventory, app: usize) -> Option<u16> {
    match inventory.http.as_ref()?.acme_challenge.as_ref()? {
        AcmeChallenge::AppServers { members, port, root: Some(_) } if members.contains(&app) => Some(port.0),
        AcmeChallenge::AppServers { .. } | AcmeChallenge::Redirect(_) | AcmeChallenge::Answered(_) => None,
    }
}

impl<'i> Rendered<'i> {
    /// Parses the files of every host; those of one shape once.
    pub fn read(inventory: &'i Inventory, files: &Files) -> Self {
        let text = |host: &str, path: &str| &files[&(host.to_owned(), path.to_owned())];
        let mut cfgs: HashMap<&str, Rc<Vec<Section>>> = HashMap::new();
        let balancers = inventory.load_balancers.iter().map(|host| {
            let cfg = text(host.name.as_str(), HAPROXY_CFG);
            let cfg = cfgs.entry(cfg).or_insert_with(|| Rc::new(haproxy::parse(cfg))).clone();
            let is_map = |path: &str| HAPROXY_MAPS.iter().any(|map| path.starts_with(map));
            let maps = files.iter().filter(|((name, path), _)| host.name.as_str() == name && is_map(path));
            let maps = maps.map(|(_, text)| text);
            let lines = maps.flat_map(|map| map.lines()).filter(|line| !line.starts_with('#'));
            let mapped = lines.filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned).collect();
            Balancer { host, cfg, mapped }
        });
        let balancers = balancers.collect();
        let mut confs: HashMap<&str, Rc<Directive>> = HashMap::new();
        let apps = inventory.app_servers.iter().enumerate().map(|(index, host)| {
            let conf = text(host.name.as_str(), NGINX_CONF);
            let conf = confs.entry(conf).or_insert_with(|| Rc::new(nginx::parse(conf))).clone();
            let pools = (0..inventory.pools.len()).filter(|p| inventory.pools[*p].members.contains(&index)).collect();
            App { host, conf, pools, challenges: challenges(inventory, index) }
        });
        let apps = apps.collect();
        Self { inventory, balancers, apps }
    }

    /// Every server block of every app server.
    pub fn servers(&self) -> impl Iterator<Item = (&App<'i>, &Directive)> {
        self.apps.iter().flat_map(|app| app.servers().map(move |server| (app, server)))
    }

    /// Every line that leads from a balancer to an app server.
    pub fn legs(&self) -> impl Iterator<Item = Leg<'_>> {
        let servers = |b: usize| self.balancers[b].backends().flat_map(Section::servers).map(move |server| (b, server));
        (0..self.balancers.len()).flat_map(servers).map(|(b, server)| {
            let to = server.address.expect("a server has an address");
            Leg { balancer: &self.balancers[b], server, to }
        })
    }

    /// The app server whose nginx is at `socket`.
    pub fn app_at(&self, socket: SocketAddr) -> Option<&App<'i>> {
        let here = |app: &&App<'_>| app.host.addresses.iter().any(|address| address.0 == socket.ip());
        self.apps.iter().find(here).filter(|app| app.host.nginx.port.0 == socket.port())
    }
}
