//! Accepted means serving: random inventories without errors run as fleets, and every location answers
//! strict clients as the inventory foretells.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use serde_json::Value;
use sslscale::event::{Request, Verdict};
use sslscale::inventory::model::{Haproxy, Limits, Site, SourceFile, Target};
use sslscale::inventory::{Inventory, check};
use sslscale::source::Source;

use crate::beside;
use crate::browser::Browser;
use crate::cases::{cases, first};
use crate::generate::{Generated, Versions, snippets};
use crate::keys::{kind_of, pair};
use crate::run::Try;

/// How many fleets are run.
const COUNT: u32 = 24;
/// Fleets that run at the same time.
const WORKERS: usize = 2;

/// One of so many fleets is shown to a browser too.
const BROWSED: u32 = 10;

/// What fails because of the inventory, and the rules that foretell it.
const FORETOLD: [(&str, &str, &[&str]); 8] = [
    ("a browser would fail: redirects lead in a circle", "", &["LO03"]),
    ("status 404, not 200", "", &["LO02"]),
    // The handshake of a client with a key on P-256, over TLS 1.2.
    ("curl: (35) ", "illegal parameter", &["TL27"]),
    // Without a group that browsers have, a cipher that needs none is left.
    ("a browser would fail: HTTP/2 forbids the cipher", "", &["TL23", "TL24"]),
    ("a browser would fail: browsers have none of the ciphers", "", &["TL24"]),
    ("a browser would fail: browsers have none of the groups", "", &["TL24", "TL25"]),
    ("a browser would fail: browsers accept no signature", "", &["TL25"]),
    ("a browser would fail: browsers have neither the ciphers nor the groups", "", &["TL24", "TL25"]),
];

/// How many failures of one fleet are shown.
const SHOWN: usize = 4;

/// What became of one fleet.
struct Outcome {
    number: u32,
    requests: usize,
    /// Names and paths that an app or a file answered, as asked of one balancer.
    answered: BTreeSet<(String, String)>,
    /// Requests that failed as a finding foretells.
    foretold: usize,
    /// What went wrong and was not foretold.
    failures: Vec<String>,
}

#[test]
fn what_is_accepted_serves() {
    let _beside = beside();
    let (count, start) = (cases(COUNT), Instant::now());
    let (next, tried, outcomes) = (AtomicU32::new(first()), AtomicU32::new(0), Mutex::new(Vec::new()));
    let browsed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    assert!(number - first() < 20 * count, "hardly any inventory is without errors");
                    let Some(fleet) = Fleet::new(number) else { continue };
                    let turn = tried.fetch_add(1, Ordering::Relaxed);
                    if turn >= count {
                        return;
                    }
                    let mut outcome = fleet.run();
                    let due = browsed.load(Ordering::Relaxed) * BROWSED <= turn;
                    if due && fleet.has_room() && outcome.failures.is_empty() {
                        browsed.fetch_add(1, Ordering::Relaxed);
                        outcome.failures = fleet.browse(&outcome.answered);
                    }
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).collect();
    let sum = |count: fn(&Outcome) -> usize| outcomes.iter().map(count).sum::<usize>();
    let (requests, foretold, generated) = (sum(|it| it.requests), sum(|it| it.foretold), next.into_inner() - first());
    // Not `println!`: the test runner swallows what a passing test prints that way.
    let _ = writeln!(
        std::io::stderr(),
        "{} fleets of {generated} inventories, {requests} requests ({foretold} failed as foretold), {} with a \
         browser, {} fleets failed, {:.0?}",
        outcomes.len(),
        browsed.load(Ordering::Relaxed),
        failed.len(),
        start.elapsed(),
    );
    let shown: Vec<String> =
        failed.iter().map(|it| format!("{}:\n  {}", it.number, it.failures.join("\n  "))).collect();
    assert!(failed.is_empty(), "{}", shown.join("\n"));
    assert_eq!(outcomes.len(), usize::try_from(count).unwrap());
}

/// A random inventory without errors, with the sources of its certificates beside it.
struct Fleet {
    number: u32,
    yaml: String,
    inventory: Inventory,
    try_out: Try,
    /// The findings of `check`, as `CODE PATH`.
    findings: Vec<String>,
}

impl Fleet {
    fn new(number: u32) -> Option<Self> {
        let yaml = Generated::small(number, versions()).yaml();
        let inventory = check(&Source::new("generated.yaml", &yaml)).inventory?;
        let try_out = Try::inventory(&yaml);
        snippets::write(try_out.folder());
        for site in &inventory.sites {
            let names: Vec<String> = site.server_names.iter().map(ToString::to_string).collect();
            for source in site.certificates.iter().filter_map(|it| it.source.as_ref()) {
                let name = |file: &SourceFile| file.written.to_string();
                let file = name(&source.certificate);
                let (chain, key) = pair(kind_of(Path::new(&file)).unwrap(), &names);
                try_out.beside(&file, &chain);
                try_out.beside(&name(source.key.as_ref().unwrap()), &key);
            }
        }
        let report: Value = serde_json::from_str(&try_out.check()).unwrap();
        let findings = report["inventories"][0]["findings"].as_array().unwrap();
        if findings.iter().any(|finding| finding["severity"] == "error") {
            return None;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let findings = findings.iter().map(|it| format!("{} {}", text(&it["code"]), text(&it["path"]))).collect();
        Some(Self { number, yaml, inventory, try_out, findings })
    }

    fn run(&self) -> Outcome {
        let done = self.try_out.output(&["--format", "json"]);
        let text = String::from_utf8(done.stdout).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut failures: Vec<String> = Vec::new();
        let (mut requests, mut foretold, mut answered) = (0, 0, BTreeSet::new());
        let first = self.inventory.load_balancers[0].name.as_str();
        for mut line in lines {
            if let Some(request) = line.get_mut("request") {
                requests += 1;
                let request: Request = serde_json::from_value(request.take()).unwrap();
                let failure = self.unforetold(&request);
                foretold += usize::from(request.verdict != Verdict::Ok && failure.is_none());
                failures.extend(failure);
                if request.status == Some(200)
                    && request.balancer == first
                    && !self.is_call(&request)
                    && !self.is_download(&request)
                    && !self.is_limited(&request)
                    // An answer to a challenge is no page, and comes over plain HTTP.
                    && !request.site.starts_with("http://")
                    // Nor is what a server says that is not an app server.
                    && request.http.is_some()
                {
                    answered.insert((request.site, request.path));
                }
            } else if line.get("problem").is_some() || line.get("missing").is_some() {
                failures.push(line.to_string());
            }
        }
        if requests == 0 {
            failures.push(format!("no request was sent: {}", String::from_utf8_lossy(&done.stderr)));
        }
        failures.sort();
        failures.dedup();
        let (more, shown) = (failures.len().saturating_sub(SHOWN), failures.iter().take(SHOWN));
        let mut failures: Vec<String> = shown.map(|line| line.chars().take(400).collect()).collect();
        failures.extend((more > 0).then(|| format!("and {more} more")));
        if !failures.is_empty() {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("failed-{}.yaml", self.number));
            fs::write(&path, &self.yaml).unwrap();
            snippets::write(path.parent().unwrap());
            failures.insert(0, format!("in {}; findings: {}", path.display(), self.findings.join(", ")));
        }
        Outcome { number: self.number, requests, foretold, answered, failures }
    }

    /// Whether it called a gRPC app, which browsers do not.
    fn is_call(&self, request: &Request) -> bool {
        let locations = self.inventory.sites.iter().flat_map(|site| &site.locations);
        let mut grpc = locations.filter(|location| matches!(location.target, Target::Grpc(_)));
        grpc.any(|location| location.path.as_str() == request.location)
    }

    /// Whether its site refuses clients that ask much, have no certificate, or are no CDN: a browser asks for icons, too, and again for another
    /// page.
    fn is_limited(&self, request: &Request) -> bool {
        let sites = self.inventory.sites.iter().filter(|site| self.inventory.sample_name(site) == request.site);
        let limited = |site: &Site| site.limits().any(|(_, limits)| *limits != Limits::default());
        sites.into_iter().any(|site| site.cdn.is_some() || site.client_certificates.is_some() || limited(site))
    }

    /// Whether it was answered with a file of no known type, which browsers do not show.
    fn is_download(&self, request: &Request) -> bool {
        let name = request.path.rsplit('/').next().unwrap_or_default();
        let locations = self.inventory.sites.iter().flat_map(|site| &site.locations);
        let is_saved = |it: &Target| match it {
            Target::Answer(answer) => answer.media_type.as_str().contains("vnd"),
            _ => false,
        };
        let mut here = locations.clone().filter(|location| location.path.as_str() == request.location);
        if here.any(|location| is_saved(&location.target)) {
            return true;
        }
        let mut files = locations.filter(|it| matches!(it.target, Target::Root(_)) && it.fallback.is_none());
        !name.is_empty() && !name.contains('.') && files.any(|location| location.path.as_str() == request.location)
    }

    /// Whether a browser, which opens several connections at a time, is within the limits of the inventory.
    fn has_room(&self) -> bool {
        // The balancers may refuse its address, or count more connections than their limit has.
        let shielded = |haproxy: &Haproxy| !haproxy.access.is_empty() || haproxy.limits != Limits::default();
        if self.inventory.load_balancers.iter().any(|host| shielded(&host.haproxy)) {
            return false;
        }
        let balancers = self.inventory.load_balancers.iter().map(|host| host.haproxy.maxconn);
        balancers.chain(self.inventory.app_servers.iter().filter_map(|app| app.maxconn)).all(|most| most >= 32)
    }

    /// Opens every page that answered curl in a browser, through the first balancer.
    fn browse(&self, answered: &BTreeSet<(String, String)>) -> Vec<String> {
        let kept = self.try_out.keep();
        let balancer = &self.inventory.load_balancers[0];
        let (port, mapped) = (balancer.haproxy.public_port(), balancer.haproxy.port);
        let address = match balancer.addresses.iter().next().unwrap().0 {
            IpAddr::V4(v4) => format!("{v4}:{mapped}"),
            IpAddr::V6(v6) => format!("[{v6}]:{mapped}"),
        };
        let names: BTreeSet<&str> = answered.iter().map(|(name, _)| name.as_str()).collect();
        let hosts: Vec<(&str, &str)> = names.into_iter().map(|name| (name, address.as_str())).collect();
        let mut browser = Browser::start(&kept, &hosts, &[&format!("--explicitly-allowed-ports={port},{mapped}")]);
        let open = |(name, path): &(String, String)| {
            let url = format!("https://{name}:{port}{path}");
            let error = browser.visit(&url).err()?;
            Some(format!("Chromium: {error} at {url}"))
        };
        answered.iter().filter_map(open).collect()
    }

    /// What is wrong with a request, unless a finding says so.
    fn unforetold(&self, request: &Request) -> Option<String> {
        if request.verdict == Verdict::Ok {
            return None;
        }
        let versions = [&request.http, &request.tls].map(|it| it.as_deref().unwrap_or("-"));
        let Verdict::Wrong(reasons) = &request.verdict else { unreachable!("it is not ok") };
        let found = |codes: &[&str]| codes.iter().any(|code| self.findings.iter().any(|it| it.starts_with(code)));
        let foretold = |reason: &str| {
            FORETOLD
                .iter()
                .any(|(begins, has, codes)| reason.starts_with(begins) && reason.contains(has) && found(codes))
        };
        if reasons.iter().all(|reason| foretold(reason)) {
            return None;
        }
        Some(format!("{}: {} ({} at {})", request.verdict, request.path, versions.join(" over "), request.site))
    }
}

/// The versions of this machine's programs.
fn versions() -> Versions {
    Versions { haproxy: version("haproxy", &["-v"]), nginx: version("nginx", &["-v"]) }
}

/// The first `1.2.3` of what a program prints.
fn version(program: &str, words: &[&str]) -> (u32, u32, u32) {
    let done = std::process::Command::new(program).args(words).output().unwrap();
    let text = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
    let numbers = text.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|word| {
        let mut numbers = word.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
    });
    numbers.into_iter().next().unwrap()
}
