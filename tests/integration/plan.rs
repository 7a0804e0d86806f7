//! `sslscale plan` and `status` over directories that stand for hosts.

use std::fs;
use std::path::PathBuf;

use crate::support::roots::INVENTORY;
use crate::support::{Run, Sslscale, pin};

/// A fleet of roots that have what is rendered.
fn fleet() -> Sslscale {
    let run = Sslscale::new(&[]).inventory(INVENTORY);
    let rendered = run.run_with(&["render", "inventory.yaml", "-o", "roots"]);
    assert_eq!(rendered.status, 0, "{}", rendered.all());
    run
}

fn plan(run: &Sslscale, more: &[&str]) -> Run {
    run.run_with(&[&["plan", "inventory.yaml", "--roots", "roots"], more].concat())
}

fn file(run: &Sslscale, path: &str) -> PathBuf {
    run.dir().join("roots").join(path)
}

const CFG: &str = "lb1/etc/haproxy/haproxy.cfg";

#[test]
fn hosts_that_are_as_rendered_have_nothing_to_change() {
    let run = fleet();
    let same = plan(&run, &["--detailed-exitcode"]);
    // Another user's files have another owner.
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    assert_eq!((same.status, same.stdout.as_str()), (0, "3 hosts: 3 up to date\n"), "{}", same.all());
}

#[test]
fn every_kind_of_change_is_shown() {
    let run = fleet();
    fs::write(file(&run, CFG), "# Managed by another tool\n").unwrap();
    for host in ["srv1", "srv2"] {
        let path = file(&run, &format!("{host}/etc/nginx/conf.d/sslscale.conf"));
        let text = fs::read_to_string(&path).unwrap().replace("keepalive_timeout 65s", "keepalive_timeout 60s");
        fs::write(path, text).unwrap();
        fs::remove_file(file(&run, &format!("{host}/etc/nginx/modules-enabled/90-sslscale.conf"))).unwrap();
    }
    let refused = plan(&run, &[]);
    assert_eq!(refused.status, 3, "{}", refused.all());
    pin("plan", &refused.all());
    let adopted = plan(&run, &["--adopt", "--detailed-exitcode", "--host", "lb1"]);
    assert_eq!(adopted.status, 1, "{}", adopted.all());
    assert!(adopted.stdout.contains("  replaces somebody else's /etc/haproxy/haproxy.cfg\n"), "{}", adopted.all());
    let json = plan(&run, &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["up_to_date"], false);
    let kinds: Vec<&str> =
        json["hosts"][1]["changes"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["update", "create"]);
    let problems = json["hosts"][0]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{json}");
}

/// Of a file that is as it was rendered.
const RENDERED: &str = "6d1b3e916893f4f73d142a516cc2d4e228ac6305cc9c3de09bdc12b8f284ab53";

#[test]
fn what_the_last_release_had_is_removed_and_an_edit_is_named() {
    let run = fleet();
    let state = file(&run, "lb1/var/lib/sslscale/releases/0123456789ab");
    fs::create_dir_all(&state).unwrap();
    std::os::unix::fs::symlink("releases/0123456789ab", file(&run, "lb1/var/lib/sslscale/current")).unwrap();
    let sum = "0".repeat(64);
    let manifest = format!(
        "file {sum} 0644 /etc/haproxy/haproxy.cfg\nfile {sum} 0644 /etc/haproxy/old.map\n\
         file {RENDERED} 0644 /etc/haproxy/older.map\nend\n"
    );
    fs::write(state.join("manifest"), manifest).unwrap();
    for name in ["old", "older"] {
        fs::write(file(&run, &format!("lb1/etc/haproxy/{name}.map")), "# Rendered by sslscale\n").unwrap();
    }
    fs::write(file(&run, CFG), "# Rendered by sslscale\n# by hand\n").unwrap();
    let shown = plan(&run, &["--host", "lb1"]);
    for words in [
        "  changes, with the edits that somebody made, /etc/haproxy/haproxy.cfg\n",
        "  removes, with the edits that somebody made, /etc/haproxy/old.map\n  removes /etc/haproxy/older.map\n",
        "  risk: the edits that somebody made to `/etc/haproxy/old.map` are lost\n",
        "--- a/etc/haproxy/old.map\n+++ b/etc/haproxy/old.map\n@@ -1 +0,0 @@\n-# Rendered by sslscale\n",
    ] {
        assert!(shown.stdout.contains(words), "{words}: {}", shown.all());
    }
    assert_eq!(shown.status, 0, "{}", shown.all());
    // Short, it has all of that but the differences.
    let short = plan(&run, &["--host", "lb1", "--no-diff"]);
    let lines = shown.stdout.lines().filter(|line| line.starts_with([' ', 'l', '1']) && !line.starts_with("    "));
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    assert_eq!((short.status, short.stdout.contains("@@")), (0, false), "{}", short.all());
    assert!(short.stdout.lines().all(|line| lines.contains(&line)), "{}", short.all());
    assert!(short.stdout.contains("  removes /etc/haproxy/older.map\n"), "{}", short.all());
    // What another tool has put there since is its own.
    fs::write(file(&run, "lb1/etc/haproxy/old.map"), "old\n").unwrap();
    fs::write(file(&run, CFG), "# Managed by another tool\n").unwrap();
    let refused = plan(&run, &["--host", "lb1"]);
    assert_eq!(refused.status, 3, "{}", refused.all());
    assert!(refused.stdout.contains("  replaces somebody else's /etc/haproxy/haproxy.cfg\n"), "{}", refused.all());
    assert!(!refused.stdout.contains("old.map"), "{}", refused.all());
    assert_eq!(plan(&run, &["--host", "lb1", "--adopt"]).status, 0);
}

#[test]
fn an_unknown_host_is_refused_and_one_without_a_root_named() {
    let run = fleet();
    let unknown = plan(&run, &["--host", "lb2"]);
    assert_eq!(unknown.status, 2, "{}", unknown.all());
    assert!(unknown.stderr.contains("the inventory has no host `lb2`"), "{}", unknown.all());
    fs::remove_dir_all(file(&run, "srv2")).unwrap();
    let gone = plan(&run, &[]);
    assert_eq!(gone.status, 2, "{}", gone.all());
    assert!(gone.stderr.contains("`srv2` has no directory in `roots`"), "{}", gone.all());
}

#[test]
fn a_status_names_certificates_that_are_not_there() {
    let run = fleet();
    let status = run.run_with(&["status", "inventory.yaml", "--roots", "roots"]);
    assert_eq!(status.status, 1, "{}", status.all());
    let says = "error: srv1, srv2: there is no certificate `/etc/ssl/example/ssl.crt`\n";
    assert!(status.stderr.contains(says), "{}", status.all());
    assert!(status.stdout.contains("3 hosts: 2 problems\n"), "{}", status.all());
}

/// Each host had three lines of its own, and the key that is not there was in the second one.
#[test]
fn hosts_that_ssh_cannot_reach_are_told_once_and_a_missing_key_first() {
    let mut yaml = format!("{INVENTORY}ssh: {{ identity_file: nowhere/id, port: 1 }}\n");
    for (address, host) in [("10.0.0.10", "127.0.0.10"), ("10.0.0.11", "127.0.0.11"), ("10.0.0.12", "127.0.0.12")] {
        yaml = yaml.replace(&format!("address: {address}"), &format!("address: {address}, ssh: {{ host: {host} }}"));
    }
    let run = Sslscale::new(&["history", "inventory.yaml"]).inventory(&yaml).run();
    assert_eq!(run.status, 3, "{}", run.all());
    let wanted = "\
warning: there is no `nowhere/id` on this machine, which `ssh.identity_file` names: ssh offers its default keys
error: lb1: nothing answers
";
    assert!(run.stderr.starts_with(wanted), "{}", run.all());
    assert!(run.stderr.contains("Warning: Identity file nowhere/id not accessible"), "{}", run.all());
    let help = "  help: check that the host is up and sshd listens: `ssh -p 1 -i nowhere/id 127.0.0.10 true`\n\
                error: srv1, srv2: nothing answers\n  help: as for lb1, with the address of each\n";
    assert!(run.stderr.ends_with(help), "{}", run.all());
}
