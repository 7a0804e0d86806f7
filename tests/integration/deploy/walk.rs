//! Random ways through releases of a fleet: sites come and go, certificates are renewed, ports change, and from
//! anywhere a rollback leads to any release that hosts keep.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::files;
use crate::cases::{all_of, cases, first};
use crate::oracles::Numbers;
use crate::support::Sslscale;
use crate::support::roots::{fleet, params, run, write_pair};

/// How many ways are walked.
const COUNT: u32 = 1;
/// How many changes there are on each.
const STEPS: usize = 8;
/// How many releases a host keeps.
const KEPT: usize = 5;
const NAMES: [&str; 4] = ["a.example.com", "b.example.com", "c.example.org", "d.example.net"];

/// A new pair for a site, where the inventory has its source.
fn renew(fleet: &Sslscale, name: &str) {
    write_pair(fleet, name, params(name));
}

/// What an inventory can say here.
struct Wanted {
    sites: [bool; NAMES.len()],
    port: u16,
    header: &'static str,
    maxconn: usize,
}

impl Wanted {
    fn text(&self) -> String {
        let mut text = format!(
            "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\napp_servers:\n  - {{ name: srv1, address: 10.0.0.11 \
             }}\n  - {{ name: srv2, address: 10.0.0.12 }}\ntickets: per_host\nnginx: {{ port: {} }}\nhaproxy: {{ \
             proxy_protocol: {}, maxconn: {} }}\nsites:\n",
            self.port, self.header, self.maxconn
        );
        for (name, _) in NAMES.iter().zip(self.sites).filter(|(_, is)| *is) {
            let _ = write!(
                text,
                "  - server_name: {name}\n    root: /srv\n    ssl_certificate: /etc/ssl/fleet/{name}.crt\n    \
                 ssl_certificate_key: /etc/ssl/fleet/{name}.key\n    ssl_certificate_source: {name}.crt\n    \
                 ssl_certificate_key_source: {name}.key\n"
            );
        }
        text
    }

    /// Up to three things change at once.
    fn change(&mut self, fleet: &Sslscale, numbers: &mut Numbers) {
        for _ in 0..=numbers.below(3) {
            match numbers.below(6) {
                0 | 1 => {
                    let site = numbers.below(NAMES.len());
                    self.sites[site] = !self.sites[site];
                }
                2 | 3 => renew(fleet, NAMES[numbers.below(NAMES.len())]),
                4 => self.port = [443, 8443, 9443][numbers.below(3)],
                _ => (self.header, self.maxconn) = (["v1", "v2"][numbers.below(2)], 5000 + numbers.below(3)),
            }
        }
        if self.sites == [false; NAMES.len()] {
            self.sites[0] = true;
        }
    }
}

/// A fleet, and what its inventory says.
struct Walk {
    fleet: Sslscale,
    roots: PathBuf,
    numbers: Numbers,
    wanted: Wanted,
}

impl Walk {
    fn new(case: u32) -> Option<Self> {
        let fleet = fleet("")?;
        NAMES.iter().for_each(|name| renew(&fleet, name));
        let roots = fleet.dir().join("roots");
        let wanted = Wanted { sites: [true, false, false, false], port: 443, header: "v1", maxconn: 5000 };
        Some(Self { fleet, roots, numbers: Numbers::of(case), wanted })
    }

    /// Changes what the inventory says.
    fn change(&mut self) {
        self.wanted.change(&self.fleet, &mut self.numbers);
        fs::write(self.fleet.dir().join("inventory.yaml"), self.wanted.text()).unwrap();
    }
}

// Going back to another key of a site while names go away was refused: the files between the two have the old key, which
// nobody but the host has.
#[test]
fn any_release_that_is_kept_is_reached_from_any_other() {
    let (count, mut backs) = (cases(COUNT), 0);
    for case in first()..first() + count {
        let Some(mut walk) = Walk::new(case) else { return };
        let mut releases: BTreeMap<String, _> = BTreeMap::new();
        let mut used: Vec<String> = Vec::new();
        for _ in 0..STEPS {
            walk.change();
            let Walk { fleet, roots, numbers, .. } = &mut walk;
            run(fleet, &["deploy", "--yes"], 0);
            let id = current(fleet);
            releases.insert(id.clone(), files(roots));
            used.retain(|other| *other != id);
            used.push(id);
            // The last ones that were used are kept.
            let kept = used.len().min(KEPT);
            for _ in 0..numbers.below(3) {
                let to = used[used.len() - 1 - numbers.below(kept)].clone();
                let is_there = current(fleet) == to;
                run(fleet, &["rollback", "--yes", "--to", &to], 0);
                backs += usize::from(!is_there);
                assert!(files(roots) == releases[&to], "case {case}: {to} is not as it was deployed");
                used.retain(|other| *other != to);
                used.push(to);
            }
        }
    }
    assert!(!all_of(COUNT, count) || backs > 1, "{backs}");
}

// After a host had been away, the command that was to undo what brought it up to date was refused.
#[test]
fn whatever_is_done_the_command_in_the_help_undoes_it() {
    let (count, mut undone) = (cases(COUNT), 0);
    for case in first()..first() + count {
        let Some(mut walk) = Walk::new(case) else { return };
        walk.change();
        run(&walk.fleet, &["deploy", "--yes"], 0);
        for step in 0..STEPS {
            walk.change();
            let Walk { fleet, roots, numbers, .. } = &mut walk;
            let host = ["srv1", "srv2"][numbers.below(2)];
            let words: &[&str] = match numbers.below(6) {
                0 => &["deploy", "--yes", "--without", host],
                1 => &["deploy", "--yes", "--only", host],
                2 => &["certs", "roll"],
                3 => &["certs", "roll", "--without", host],
                _ => &["deploy", "--yes"],
            };
            let before = files(roots);
            let words = [words, &["inventory.yaml", "--roots", "roots"]].concat();
            let done = fleet.run_with(&words);
            let what = format!("case {case}, step {step}: {words:?}: {}", done.all());
            assert!([0, 3, 5].contains(&done.status), "{what}");
            assert!(done.status != 3 || files(roots) == before, "{what}");
            let Some(command) = done.stderr.split('`').find(|part| part.starts_with("sslscale rollback")) else {
                continue;
            };
            if done.status != 0 || command.contains(" RELEASE ") {
                continue;
            }
            let command: Vec<&str> = command.split(' ').skip(1).chain(["--yes"]).collect();
            let back = fleet.run_with(&command);
            assert_eq!(back.status, 0, "{what}\n{command:?}: {}", back.all());
            // A release that reaches a host late is one of the whole fleet.
            let late = done.stderr.contains("that had this release already");
            assert!(late || files(roots) == before, "{what}\n{command:?}: {}", back.all());
            undone += usize::from(!late);
        }
    }
    assert!(!all_of(COUNT, count) || undone > 1, "{undone}");
}

/// The release in use.
fn current(fleet: &Sslscale) -> String {
    let shown = run(fleet, &["history", "--format", "json"], 0);
    let history: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let entries = history["deploys"].as_array().unwrap_or_else(|| panic!("{}", shown.all()));
    let current = entries.iter().rfind(|entry| entry["current"].as_array().is_some_and(|hosts| !hosts.is_empty()));
    current.unwrap_or_else(|| panic!("{}", shown.all()))["release"].as_str().unwrap().to_owned()
}
