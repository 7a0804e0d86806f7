//! Rendered fleets that serve: haproxy and nginx of every release run the rendered files, real apps
//! stand behind them, and curl and Python are the clients.

mod access;
mod answers;
mod before;
mod cdn;
mod challenges;
mod client_certificates;
mod connections;
mod default;
mod fallback;
mod headers;
mod keepalive;
mod limits;
mod locations;
mod maintenance;
mod metrics;
mod other_pools;
mod ports;
mod revision;
mod shield;
mod sources;
mod timeouts;
mod upgrade;
mod upstreams;

use std::fs;
use std::path::Path;

use serde_json::Value;
use sslscale::inventory::{Inventory, check};
use sslscale::render::{HAPROXY_CFG, Templates, render};
use sslscale::source::Source;

use crate::support::need;
use crate::support::release::{Outcome, RELEASES, Release, Stock};
use crate::support::repository;

/// The balancer and the only app server, which share one network namespace.
const HOSTS: &str = "load_balancers: [ { name: lb1, address: 10.0.0.10 } ]\n\
    app_servers: [ { name: srv1, address: 10.0.0.11 } ]\ntrusted_proxies: [10.0.0.10, 10.0.0.11]\n";

/// A site for this name with these locations.
fn site(name: &str, rest: &str) -> String {
    format!(
        "  - server_name: {name}\n    ssl_certificate: /etc/ssl/{name}.crt\n    \
         ssl_certificate_key: /etc/ssl/{name}.key\n{rest}"
    )
}

/// One release with its programs serving a fleet.
struct Served {
    release: Release,
    // Behind the release: it is mounted until that is gone.
    tree: tempfile::TempDir,
}

/// Runs `test` on every release, with the fleet of `inventory` served there. nginx does not listen
/// on 443, which the balancer takes; `files` are added to the app server's, `apps` started.
fn on_every_release(inventory: &str, files: &[(&str, &str)], apps: &[(&str, &str)], test: impl Fn(&mut Served) + Sync) {
    let test = &test;
    if !need::programs(&["curl", "python3"]) {
        return;
    }
    // All at once: most of the time is waited.
    std::thread::scope(|scope| {
        for name in RELEASES {
            scope.spawn(move || {
                if let Some(release) = Release::open(name) {
                    serve(release, inventory, files, apps, test);
                }
            });
        }
    });
}

fn serve(
    release: Release,
    inventory: &str,
    files: &[(&str, &str)],
    apps: &[(&str, &str)],
    test: &(impl Fn(&mut Served) + Sync),
) {
    let (major, minor, patch) = release.nginx();
    let versioned = inventory.replace("nginx: {", &format!("nginx: {{ version: {major}.{minor}.{patch}, port: 8443,"));
    assert_ne!(versioned, inventory, "the inventory has to have `nginx: {{`");
    let tree = tree(&versioned, files);
    let mut served = Served { release, tree };
    // Before the first check, which would take the app server out.
    for address in ["10.0.0.10", "10.0.0.11"] {
        assert_eq!(served.run(&format!("ip address add {address}/32 dev lo")).status, 0);
    }
    served.release.serve(Stock::NoDefaultSite, served.tree.path());
    for (kind, address) in apps {
        served.run(&format!("python3 {} {kind} {address} apps.pid", script("app.py")));
    }
    test(&mut served);
    served.release.stop();
}

fn script(name: &str) -> String {
    repository().join("tests/integration/served").join(name).display().to_string()
}

/// Every rendered file of the fleet in one tree, with the certificates that it needs.
fn tree(inventory: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let file = tree.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    };
    let inventory = accepted(inventory);
    let rendered = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    for (host, entries) in rendered.hosts() {
        // haproxy of other balancers is not started, but its file is there.
        let other = inventory.load_balancers[1..].iter().any(|balancer| balancer.name.as_str() == host);
        for entry in entries.iter() {
            let path = if other { format!("/etc/haproxy/{host}.cfg") } else { entry.path.to_string() };
            if !other || &*entry.path == HAPROXY_CFG {
                write(&path, &entry.content.bytes);
            }
        }
    }
    for site in &inventory.sites {
        let names: Vec<String> = site.server_names.iter().map(ToString::to_string).collect();
        let signed = rcgen::generate_simple_self_signed(names).unwrap();
        write(&site.certificates[0].ssl_certificate.to_string(), signed.cert.pem().as_bytes());
        write(&site.certificates[0].ssl_certificate_key.to_string(), signed.signing_key.serialize_pem().as_bytes());
    }
    files.iter().for_each(|(path, text)| write(path, text.as_bytes()));
    tree
}

fn accepted(inventory: &str) -> Inventory {
    // In a file, so that those that it includes are read.
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), inventory).unwrap();
    let checked = check(&Source::read(file.path()).unwrap());
    let words: Vec<String> = checked.diagnostics.iter().map(|it| format!("{} {}", it.code.id, it.message)).collect();
    checked.inventory.unwrap_or_else(|| panic!("{words:?}\n{inventory}"))
}

impl Served {
    /// Runs these shell commands next to the served programs.
    fn run(&mut self, commands: &str) -> Outcome {
        let file = self.tree.path().join("commands.sh");
        fs::write(&file, commands).unwrap();
        self.release.run(&file)
    }

    /// What curl gets for this URL from the balancer, whatever the URL's host is.
    fn curl(&mut self, url: &str, more: &str) -> Answer {
        let outcome = self.run(&format!(
            "curl -q -sk --max-time 60 {more} --connect-to ::10.0.0.10: -D head -o body '{url}'; code=$?\n\
             cat head; echo; echo ---; cat body 2>/dev/null; rm -f head body; exit $code"
        ));
        Answer::of(&outcome)
    }

    /// The version of nginx, for messages.
    fn name(&self) -> String {
        format!("{} (nginx {:?})", self.release.name(), self.release.nginx())
    }
}

/// What a client got.
#[derive(Debug)]
struct Answer {
    /// The exit status of curl.
    exit: i32,
    /// 0 without an answer.
    status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn of(outcome: &Outcome) -> Self {
        let (head, body) = outcome.output.split_once("---\n").unwrap_or((&outcome.output, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Self { exit: outcome.status, status, headers: lines.filter_map(header).collect(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// A variable that the app was given.
    fn variable(&self, name: &str) -> Option<String> {
        let variables: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"));
        variables.get(name).map(|value| value.as_str().unwrap().to_owned())
    }
}

/// Shows that the harness is alive: a wrong app is a 502.
#[test]
fn an_app_that_is_not_there_is_a_502() {
    let inventory = format!(
        "{HOSTS}nginx: {{ http2: true }}\nsites:\n{}",
        site("a.test", "    locations: [ { path: /, proxy_pass: \"http://127.0.0.1:8000\" } ]\n")
    );
    on_every_release(&inventory, &[], &[], |served| {
        let answer = served.curl("https://a.test/", "");
        assert_eq!((answer.exit, answer.status), (0, 502), "{}: {answer:?}", served.name());
    });
    assert!(Path::new(&script("app.py")).is_file());
}
