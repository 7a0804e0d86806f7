//! The inventories of this repository on booted hosts: after a deploy there is nothing to change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Map, Value};

use super::{nothing_pending, shown, to_stock};
use crate::fleet::{Fleet, Host, Release, Spec};
use crate::served::{Served, figure};

/// At addresses that no inventory has.
const HOSTS: [Spec; 6] = [
    Spec { name: "lb1", address: "10.0.0.241", release: Release::Trixie },
    Spec { name: "lb2", address: "10.0.0.242", release: Release::Bookworm },
    Spec { name: "app1", address: "10.0.0.243", release: Release::Trixie },
    Spec { name: "app2", address: "10.0.0.244", release: Release::Bookworm },
    Spec { name: "app3", address: "10.0.0.245", release: Release::Trixie },
    Spec { name: "app4", address: "10.0.0.246", release: Release::Bookworm },
];

/// Those of a short run: settings of every kind, pools, a virtual address, IPv6, and an authority's directory.
const SHORT: [&str; 5] = ["overrides.yaml", "pools.yaml", "keepalived.yaml", "ipv6-only.yaml", "wordpress.yaml"];

fn inventories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventories");
    let in_folder =
        |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut all = [in_folder(&folder), in_folder(&folder.join("fleets"))].concat();
    all.retain(|path| path.extension().is_some_and(|it| it == "yaml"));
    let is_short = |path: &PathBuf| SHORT.contains(&path.file_name().unwrap().to_str().unwrap());
    if std::env::var_os("SSLSCALE_SOAK").is_none() {
        all.retain(is_short);
    }
    assert!(all.iter().filter(|path| is_short(path)).count() == SHORT.len(), "{all:?}");
    all.sort();
    all
}

/// An inventory, and the booted host that each of its hosts is.
struct Shipped<'s> {
    path: PathBuf,
    hosts: BTreeMap<String, &'s Host>,
    folder: tempfile::TempDir,
}

/// The socket of what is passed to, without a scheme and a path.
fn upstream(url: &str) -> Option<&str> {
    let socket = ["http://", "https://", "grpc://"].iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or(url);
    let path = if socket.starts_with("unix:/") {
        socket.split(':').nth(1)?.len() + 5
    } else {
        socket.find('/').unwrap_or(socket.len())
    };
    (!socket.starts_with('$')).then(|| &socket[..path])
}

impl<'s> Shipped<'s> {
    fn new(served: &'s Served, path: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        let render =
            Command::new(env!("CARGO_BIN_EXE_sslscale")).arg("render").arg(&path).arg("-o").arg(&tree).output();
        assert!(render.unwrap().status.success(), "{}", path.display());
        let names = fs::read_dir(&tree).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        let (balancers, apps): (Vec<_>, Vec<_>) = names.partition(|host| host.join("etc/haproxy").exists());
        let mut free: Vec<&Host> = served.balancers().collect();
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut hosts: BTreeMap<_, _> = balancers.iter().map(|path| (name(path), free.remove(0))).collect();
        // A balancer that is left has nginx, too.
        let mut free: Vec<&Host> = served.apps().chain(free).collect();
        hosts.extend(apps.iter().map(|path| (name(path), free.remove(0))));
        Self { path, hosts, folder }
    }

    /// The addresses of a host in the inventory.
    fn addresses(&self, host: &str) -> Vec<String> {
        let text = fs::read_to_string(&self.path).unwrap();
        let is_name = |rest: &&str| rest.strip_prefix(host).is_some_and(|rest| rest.starts_with([',', '\n', ' ']));
        let entry = text.split("name: ").find(is_name).unwrap();
        let rest = entry.split("address: ").nth(1).unwrap();
        let several = rest.strip_prefix('[').map(|list| list.split(']').next().unwrap().split(',').collect::<Vec<_>>());
        let one = || vec![rest.split([',', ' ', '\n', '}']).next().unwrap()];
        let addresses = several.unwrap_or_else(one);
        addresses.into_iter().map(|it| it.trim().trim_matches(['"', '\'']).to_owned()).collect()
    }

    /// Gives each host the address and the files that it needs besides those of a deploy.
    fn prepare(&self, served: &Served) {
        let manifest = fs::read(self.folder.path().join("tree/manifest.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let pair = served.pair(-1);
        for (name, host) in &self.hosts {
            // All addresses are on the bridge. Virtual ones come from other programs.
            host.run(
                "sysctl -qw net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1; \
                 ip route replace default dev host0; ip -6 route replace default dev host0",
            );
            for address in self.addresses(name) {
                let family = if address.contains(':') { " nodad" } else { "" };
                host.run(&format!("ip address add {address} dev host0{family}"));
            }
            self.connects_from(name, host);
            let needs = manifest["needs"].as_array().unwrap().iter();
            let needs = needs.filter(|needs| needs["hosts"].as_array().unwrap().iter().any(|it| it == name));
            for needs in needs {
                let directories: Vec<&str> =
                    needs["directories"].as_object().unwrap().keys().map(String::as_str).collect();
                host.run(&format!("mkdir -p /tmp {}", directories.join(" ")));
                let files = needs["files"].as_object().unwrap().iter();
                let files: Vec<(&str, &str, Vec<u8>)> = files
                    .filter_map(|(path, need)| match need["kind"].as_str().unwrap() {
                        "certificate" => Some((path.as_str(), "0644", pair.chain.clone().into_bytes())),
                        "key" => Some((path.as_str(), "0600", pair.key.clone().into_bytes())),
                        // A deploy makes ticket rings.
                        _ => None,
                    })
                    .collect();
                if !files.is_empty() {
                    served.put(host, &files);
                }
            }
            self.start_upstreams(served, name, host);
        }
    }

    /// Makes the kernel of a balancer connect to the other hosts from its address in the inventory, which is not the first
    /// one of the interface here.
    fn connects_from(&self, name: &str, host: &Host) {
        let is_old = |address: &&String| !address.contains(':');
        for from in self.addresses(name).iter().filter(|_| host.name.starts_with("lb")) {
            let others = self.hosts.keys().filter(|other| *other != name).flat_map(|other| self.addresses(other));
            for to in others.filter(|to| is_old(&to) == is_old(&from)) {
                host.run(&format!("ip route replace {to} dev host0 src {from}"));
            }
        }
    }

    /// Starts what nginx passes requests to.
    fn start_upstreams(&self, served: &Served, name: &str, host: &Host) {
        let config = self.folder.path().join("tree").join(name).join("etc/nginx/conf.d/sslscale.conf");
        let Ok(text) = fs::read_to_string(config) else { return };
        let passes = text.lines().filter_map(|line| line.trim().strip_suffix(';')?.split_once("_pass "));
        let passes: Vec<&str> = passes.map(|(_, url)| url).collect();
        let (tls, plain): (Vec<&str>, Vec<&str>) = passes.into_iter().partition(|url| url.starts_with("https:"));
        for socket in tls.into_iter().filter_map(upstream).collect::<BTreeSet<_>>() {
            // An nginx of its own.
            let pair = served.pair(-1);
            let conf = format!(
                "daemon off; pid /run/tls-upstream.pid; events {{}} http {{ access_log off; server {{ listen {socket} ssl; \
                 ssl_certificate /srv/tls.pem; ssl_certificate_key /srv/tls.pem; location / {{ return 204; }} }} }}\n"
            );
            let files = [("/srv/tls.pem", pair.chain + &pair.key), ("/srv/tls.conf", conf)];
            served.put(host, &files.map(|(path, text)| (path, "0600", text.into_bytes())));
            host.run("systemd-run --quiet --collect --unit=tls-upstream nginx -c /srv/tls.conf");
        }
        let upstreams: BTreeSet<&str> = plain.into_iter().filter_map(upstream).collect();
        if !upstreams.is_empty() {
            let list = upstreams.into_iter().collect::<Vec<_>>().join(" ");
            served.put(host, &[("/srv/upstreams.pl", "0644", include_bytes!("upstreams.pl").to_vec())]);
            host.run(&format!("systemd-run --quiet --collect --unit=upstreams perl /srv/upstreams.pl {list}"));
        }
    }

    /// Makes the hosts ready for another inventory.
    fn restore(&self, served: &Served) {
        for (name, host) in &self.hosts {
            for address in self.addresses(name) {
                let prefix = if address.contains(':') { 128 } else { 32 };
                host.run(&format!("ip address delete {address}/{prefix} dev host0"));
            }
            host.run("systemctl stop upstreams tls-upstream 2>/dev/null; true");
        }
        served.on_all("ip neighbour flush all");
    }

    fn run(&self, served: &Served, words: &[&str]) -> Output {
        let leads = served.fleet.leads();
        let leads = self.hosts.iter().map(|(name, host)| (name.clone(), leads[host.name].clone()));
        let file = self.folder.path().join("hosts.json");
        fs::write(&file, Value::Object(leads.collect::<Map<_, _>>()).to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sslscale"));
        command.args(words).arg(&self.path).arg("--hosts-file").arg(file).output().unwrap()
    }
}

#[test]
fn a_plan_after_a_deploy_of_a_shipped_inventory_is_empty() {
    let Some(fleet) = Fleet::boot(&HOSTS) else { return };
    let served = Served::new(fleet);
    let mut failed = Vec::new();
    for path in inventories() {
        to_stock(&served);
        let shipped = Shipped::new(&served, path);
        shipped.prepare(&served);
        for words in [&["deploy", "--yes"][..], &["plan", "--detailed-exitcode"]] {
            let output = shipped.run(&served, words);
            let text = shown(&output);
            let last = text.lines().last().unwrap_or_default();
            figure(&format!("{}: {}: {last}", shipped.path.display(), words[0]));
            if output.status.code() != Some(0) {
                failed.push(format!("{}: {words:?}: {text}", shipped.path.display()));
                break;
            }
        }
        nothing_pending(&served);
        shipped.restore(&served);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
