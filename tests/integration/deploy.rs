//! `sslscale deploy` and its companions over directories that stand for hosts: files, releases, locks. What programs
//! do is shown on hosts.

mod back;
mod edits;
mod found;
mod kept;
mod login;
mod named;
mod one_host;
mod packages;
mod recorded;
mod sources;
mod walk;
mod without;

mod proxy_header;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sslscale::tree::Tree;

use crate::cases::{all_of, cases, first};
use crate::oracles::{rendered, small};
use crate::support::roots::{self, INVENTORY, fleet, run};
use crate::support::{Sslscale, need, pin, shipped};

const OTHER: &str = "haproxy: { maxconn: 7000 }\n";
const CFG: &str = "lb1/etc/haproxy/haproxy.cfg";

/// The mode and the bytes of each file, by its path.
type Files = BTreeMap<String, (u32, Vec<u8>)>;

/// The files of all hosts with their modes, but those that sslscale keeps for itself.
fn files(roots: &Path) -> Files {
    fn collect(dir: &Path, name: &str, files: &mut Files) {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
            if name.ends_with("/var/lib/sslscale") || name.contains("/etc/sslscale/tickets") {
                continue;
            }
            if entry.path().is_dir() {
                collect(&entry.path(), &name, files);
            } else {
                let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
                files.insert(name, (mode, fs::read(entry.path()).unwrap()));
            }
        }
    }
    let mut all = BTreeMap::new();
    collect(roots, "", &mut all);
    all
}

#[test]
fn a_fleet_goes_from_nothing_to_releases_and_back() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    let first = run(&fleet, &["deploy", "--yes"], 0);
    assert!(first.stdout.contains(" is in use: 3 hosts changed\n"), "{}", first.all());
    let before = files(&roots);
    assert_eq!(before.len(), 3 + 2 * 2, "{:?}", before.keys());
    assert_eq!(run(&fleet, &["deploy", "--yes"], 0).stdout, "nothing to do: 3 hosts up to date\n");
    assert_eq!(run(&fleet, &["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
    fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}{OTHER}")).unwrap();
    run(&fleet, &["deploy", "--yes"], 0);
    assert_ne!(files(&roots), before);
    run(&fleet, &["rollback", "--yes"], 0);
    assert_eq!(files(&roots), before);
    // The one before that is the one that was rolled back.
    run(&fleet, &["rollback", "--yes"], 0);
    assert_eq!(run(&fleet, &["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
    run(&fleet, &["rollback", "--yes", "--to", "000000000000"], 0);
    assert_eq!(files(&roots), BTreeMap::new());
    let history = run(&fleet, &["history", "--format", "json"], 0);
    let history: serde_json::Value = serde_json::from_str(&history.stdout).unwrap();
    let current = |deploy: &serde_json::Value| deploy["current"].as_array().unwrap().len();
    let counts: Vec<usize> = history["deploys"].as_array().unwrap().iter().map(current).collect();
    assert_eq!(counts.iter().sum::<usize>(), 3, "{history:#}");
    assert_eq!(counts.len(), 5, "{history:#}");
    let unknown = run(&fleet, &["rollback", "--yes", "--to", "0123456789ab"], 3);
    assert!(unknown.stderr.contains("error: no host has the release 0123456789ab\n"), "{}", unknown.all());
}

#[test]
fn what_is_shown_of_a_deploy() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let hide = |text: String| {
        // Times, and the order in which lanes end.
        let mut lines: Vec<String> = text
            .lines()
            .map(|line| line.split(" (").next().unwrap().to_owned())
            .filter(|line| !line.starts_with('+') && !line.starts_with('@'))
            .collect();
        lines.sort();
        lines.join("\n") + "\n"
    };
    let first = run(&fleet, &["deploy", "--yes"], 0);
    pin("deploy", &hide(first.all()));
    fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}{OTHER}")).unwrap();
    let json = run(&fleet, &["deploy", "--yes", "--format", "json"], 0);
    let lines: Vec<serde_json::Value> = json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let end = lines.last().unwrap();
    assert_eq!((&end["event"], &end["result"]), (&"end".into(), &"done".into()), "{}", json.stdout);
    assert_eq!(end["hosts"], serde_json::json!({ "lb1": "after" }));
    // Hosts that are to change are named even if their turn does not come.
    fs::write(fleet.dir().join("inventory.yaml"), INVENTORY).unwrap();
    let dry = run(&fleet, &["deploy", "--dry-run", "--format", "json"], 0);
    let end: serde_json::Value = serde_json::from_str(dry.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(end["hosts"], serde_json::json!({ "lb1": "before" }));
    assert!(lines[..lines.len() - 1].iter().all(|line| line["event"] == "host" && line["result"] != "untouched"));
}

#[test]
fn nothing_is_begun_without_a_yes_or_with_names_that_are_not_there() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    let asked = run(&fleet, &["deploy"], 2);
    assert!(
        asked.stderr.contains("there is no terminal to ask for a confirmation\n  help: give `--yes`"),
        "{}",
        asked.all()
    );
    for (words, says) in [
        (
            &["deploy", "--yes", "--only", "lb2"][..],
            "the inventory has no host `lb2`\n  help: hosts of the inventory: lb1, srv1, srv2",
        ),
        (&["deploy", "--yes", "--canary", "lb1"], "`lb1` is not an app server of this deploy"),
        (&["rollback", "--yes", "--to", "1"], "not the id of a release"),
    ] {
        let refused = run(&fleet, words, 2);
        assert!(refused.stderr.contains(says), "{}", refused.all());
    }
    let none = run(&fleet, &["rollback", "--yes"], 3);
    assert!(
        none.stderr.contains(
            "error: no host has a release\n  help: `sslscale deploy inventory.yaml --roots roots` makes the first one"
        ),
        "{}",
        none.all()
    );
    let dry = run(&fleet, &["deploy", "--dry-run"], 0);
    assert!(dry.stdout.ends_with("every program accepts its files; nothing was changed\n"), "{}", dry.all());
    assert_eq!(files(&roots), BTreeMap::new());
    run(&fleet, &["deploy", "--yes", "--only", "srv2"], 0);
    assert!(files(&roots).keys().all(|path| path.starts_with("/srv2/")));
    assert_eq!(run(&fleet, &["unlock"], 0).stdout, "no host is locked\n");
}

#[test]
fn files_of_others_and_links_stay_as_they_are() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    fs::create_dir_all(roots.join("lb1/etc/haproxy")).unwrap();
    fs::write(roots.join(CFG), "# Managed by another tool\n").unwrap();
    let before = files(&roots);
    let refused = run(&fleet, &["deploy", "--yes"], 3);
    assert!(refused.stderr.contains("neither sslscale's nor as the package has it"), "{}", refused.all());
    assert!(refused.stderr.ends_with("nothing was changed\n"), "{}", refused.all());
    assert_eq!(files(&roots), before);
    run(&fleet, &["deploy", "--yes", "--adopt"], 0);
    run(&fleet, &["rollback", "--yes"], 0);
    assert_eq!(files(&roots), before);
    fs::remove_file(roots.join(CFG)).unwrap();
    fs::write(roots.join("lb1/etc/elsewhere"), "x").unwrap();
    std::os::unix::fs::symlink("../elsewhere", roots.join(CFG)).unwrap();
    let refused = run(&fleet, &["deploy", "--yes", "--adopt"], 3);
    assert!(refused.stderr.contains("error: lb1: `/etc/haproxy/haproxy.cfg` is not a file\n"), "{}", refused.all());
    assert_eq!(fs::read_to_string(roots.join("lb1/etc/elsewhere")).unwrap(), "x");
}

#[test]
fn a_host_belongs_to_one_deploy_at_a_time() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    run(&fleet, &["deploy", "--yes"], 0);
    let before = files(&roots);
    fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}{OTHER}")).unwrap();
    let (boot, uptime) =
        (fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap(), fs::read_to_string("/proc/uptime").unwrap());
    let now: u64 = uptime.split('.').next().unwrap().parse().unwrap();
    let lease = roots.join("srv2/var/lib/sslscale/lease");
    fs::write(&lease, format!("0011 {} {now} alice@ops\n", boot.trim())).unwrap();
    let refused = run(&fleet, &["deploy", "--yes"], 3);
    let says = "error: srv2: a deploy of alice@ops has this host, and was last active ";
    assert!(
        refused.stderr.contains(says) && refused.stderr.contains("`--resume` takes them over"),
        "{}",
        refused.all()
    );
    assert_eq!(files(&roots), before);
    // The others were given back.
    assert!(!roots.join("srv1/var/lib/sslscale/lease").exists() && lease.exists());
    run(&fleet, &["deploy", "--yes", "--resume"], 0);
    assert!(!lease.exists());
    // A deploy from before a boot, and one that is long silent, are gone.
    for lost in [
        format!("0011 other-boot {now} alice@ops\n"),
        format!("0011 {} {} alice@ops\n", boot.trim(), now.saturating_sub(601)),
    ] {
        fs::write(&lease, lost).unwrap();
        run(&fleet, &["rollback", "--yes"], 0);
    }
    fs::write(&lease, format!("0011 {} {now} alice@ops\n", boot.trim())).unwrap();
    let given = run(&fleet, &["unlock", "--yes"], 0);
    assert!(given.stdout.starts_with("srv2: a deploy of alice@ops, last active "), "{}", given.all());
    assert!(given.stdout.ends_with("1 host given back\n"), "{}", given.all());
    assert_eq!(run(&fleet, &["unlock"], 0).stdout, "no host is locked\n");
}

#[test]
fn a_saved_plan_is_carried_out_or_refused() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let roots = fleet.dir().join("roots");
    let save = || run(&fleet, &["plan", "--out", "plan.json"], 0);
    let deploy = |code: i32| {
        let run = fleet.run_with(&["deploy", "plan.json", "--roots", "roots", "--yes"]);
        assert_eq!(run.status, code, "{}", run.all());
        run
    };
    save();
    deploy(0);
    assert_eq!(run(&fleet, &["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
    let before = files(&roots);
    let stale = |says: &str| {
        let run = deploy(3);
        assert!(run.stderr.contains(&format!("error: the plan is stale: {says}\n")), "{}", run.all());
        assert_eq!(run.stdout, "", "what would change now is shown: {}", run.all());
        assert!(run.stderr.ends_with("nothing was changed\n"), "{}", run.all());
    };
    // The same plan again: the host has the files now.
    stale("lb1, srv1, srv2 are not as they were");
    fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}{OTHER}")).unwrap();
    stale("the inventory, a template or a certificate has changed");
    save();
    let text = String::from_utf8(before[&format!("/{CFG}")].1.clone()).unwrap();
    fs::write(roots.join(CFG), format!("{text}# by hand\n")).unwrap();
    stale("lb1 is not as it was");
    let edited = run(&fleet, &["plan"], 0);
    let says = "  risk: the edits that somebody made to `/etc/haproxy/haproxy.cfg` are lost\n";
    assert!(edited.stdout.contains(says), "{}", edited.all());
    fs::write(roots.join(CFG), &before[&format!("/{CFG}")].1).unwrap();
    deploy(0);
    fs::write(fleet.dir().join("plan.json"), "{\"sslscale_plan\":2}\n").unwrap();
    let damaged = deploy(2);
    assert!(damaged.stderr.contains("error: the plan `plan.json` cannot be used: "), "{}", damaged.all());
}

#[test]
fn certificates_with_a_source_are_brought_and_keys_are_never_shown() {
    let sources = "    ssl_certificate_source: ssl.crt\n    ssl_certificate_key_source: ssl.key\n";
    let Some(fleet) = fleet(&roots::inventory(sources)) else { return };
    let roots = fleet.dir().join("roots");
    for round in 0..2 {
        let key = roots::write_pair(&fleet, "ssl", roots::params("example.com"));
        let inside = key.lines().nth(1).unwrap();
        let said = [
            run(&fleet, &["plan"], 0),
            run(&fleet, &["plan", "--format", "json"], 0),
            run(&fleet, &["deploy", "--yes"], 0),
        ];
        for said in said {
            assert!(!said.all().contains(inside), "round {round}: {}", said.all());
        }
        for host in ["srv1", "srv2"] {
            let file = roots.join(host).join("etc/ssl/example/ssl.key");
            assert_eq!(fs::read_to_string(&file).unwrap(), key);
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(run(&fleet, &["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
    }
    let said = run(&fleet, &["rollback", "--yes"], 0);
    assert!(
        !said.all().contains("MIG") && said.stdout.contains("(a private key, which is not shown)"),
        "{}",
        said.all()
    );
}

const COUNT: u32 = 50;

/// Deploys an inventory to the roots in a directory, which are made where they are missing, and plans it again.
fn deployed(dir: &Path, yaml: &str) -> Tree {
    let (_, tree) = rendered(yaml).unwrap();
    for (host, _) in tree.hosts() {
        fs::create_dir_all(dir.join("roots").join(host)).unwrap();
    }
    fs::write(dir.join("inventory.yaml"), yaml).unwrap();
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sslscale"));
        let output = command.args(words).current_dir(dir).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {text}\n{yaml}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["deploy", "inventory.yaml", "--roots", "roots", "--yes"]);
    let plan = run(&["plan", "inventory.yaml", "--roots", "roots", "--detailed-exitcode"]);
    assert!(plan.ends_with(" up to date\n") && plan.lines().count() == 1, "{plan}\n{yaml}");
    tree
}

#[test]
fn any_inventory_follows_any_other_and_leaves_nothing_of_it() {
    if !need::root() {
        return;
    }
    let count = cases(COUNT);
    // The files of certificate sources would have to be made.
    let here = |number: u32| {
        let lines = small(number);
        lines.lines().filter(|line| !line.contains("_source:")).map(|line| format!("{line}\n")).collect::<String>()
    };
    let all = (first()..).map(|number| (number, here(number))).filter(|(_, yaml)| rendered(yaml).is_ok());
    let sound = |yaml: &str| Sslscale::new(&["check", "-"]).input(yaml).run().status == 0;
    let all = all.filter(|(_, yaml)| sound(yaml));
    // A host does not become something else: that is refused.
    let mut roles: BTreeMap<String, bool> = BTreeMap::new();
    let all = all.filter(move |(_, yaml)| {
        let (_, tree) = rendered(yaml).unwrap();
        let is_balancer = |entry: &sslscale::tree::Entry| entry.path.starts_with("/etc/haproxy/");
        let hosts: Vec<(String, bool)> =
            tree.hosts().map(|(host, entries)| (host.to_string(), entries.iter().any(is_balancer))).collect();
        let stay = hosts.iter().all(|(host, is)| roles.get(host).is_none_or(|was| was == is));
        roles.extend(hosts.into_iter().filter(|_| stay));
        stay
    });
    let (dir, mut changed) = (tempfile::tempdir().unwrap(), 0);
    for (number, yaml) in all.take(count as usize + 1) {
        let tree = deployed(dir.path(), &yaml);
        let found = files(&dir.path().join("roots"));
        for (host, entries) in tree.hosts() {
            let prefix = format!("/{host}/");
            let of_host = found.iter().filter(|(path, _)| path.starts_with(&prefix));
            let found: BTreeMap<&str, &(u32, Vec<u8>)> =
                of_host.map(|(path, file)| (&path[prefix.len() - 1..], file)).collect();
            let wanted: Vec<(u32, Vec<u8>)> =
                entries.iter().map(|entry| (entry.content.mode, entry.content.bytes.clone())).collect();
            let wanted: BTreeMap<&str, &(u32, Vec<u8>)> =
                entries.iter().map(|entry| &*entry.path).zip(&wanted).collect();
            assert_eq!(found, wanted, "{host} of {number}\n{yaml}");
            changed += wanted.len();
        }
    }
    assert!(!all_of(COUNT, count) || changed > 200, "{changed}");
}

#[test]
fn shipped_inventories_are_up_to_date_after_a_deploy() {
    if !need::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (_, path) in shipped() {
        let text = fs::read_to_string(&path).unwrap();
        if !text.contains("_source:") {
            deployed(dir.path(), &text);
        }
    }
}
