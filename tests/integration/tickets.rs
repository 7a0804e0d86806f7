//! `sslscale tickets` over directories that stand for hosts: the files that it makes, and its reports.

mod daily;
mod fleet;
mod hosts;
mod nginx;
mod refused;
mod returning;
mod ssh;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use crate::support::{Run, Sslscale};

const INVENTORY: &str = "\
load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
  - { name: srv3, address: 10.0.0.13 }
sites:
  - server_name: example.com
    root: /srv
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
";

/// A fleet of empty roots.
fn fleet() -> Sslscale {
    let run = Sslscale::new(&[]).inventory(INVENTORY);
    HOSTS.iter().for_each(|host| fs::create_dir_all(run.dir().join("roots").join(host)).unwrap());
    run
}

fn tickets(run: &Sslscale, what: &str) -> Run {
    run.run_with(&["tickets", what, "inventory.yaml", "--roots", "roots"])
}

/// A rotation although the last one was just now.
fn rotate_early(run: &Sslscale) -> Run {
    run.run_with(&["tickets", "rotate", "inventory.yaml", "--roots", "roots", "--early"])
}

const HOSTS: [&str; 3] = ["srv1", "srv2", "srv3"];

/// Makes a key so many seconds old.
fn touch(run: &Sslscale, host: &str, key: &str, seconds: u64) {
    let file = fs::File::options().write(true).open(sslscale(run, host).join("tickets").join(key)).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(seconds)).unwrap();
}

fn sslscale(run: &Sslscale, host: &str) -> PathBuf {
    run.dir().join("roots").join(host).join("etc/sslscale")
}

fn ring(run: &Sslscale, host: &str) -> [Vec<u8>; 3] {
    ["current", "previous", "next"].map(|key| fs::read(sslscale(run, host).join(format!("tickets/{key}.key"))).unwrap())
}

#[test]
fn keys_are_made_and_move_by_one_place() {
    let run = fleet();
    let none = tickets(&run, "status");
    assert_eq!(none.status, 1);
    assert!(none.stderr.contains("error: srv1, srv2, srv3: there are no session ticket keys\n"), "{}", none.all());
    // `rotate` makes the first keys, too.
    let made = tickets(&run, "rotate");
    assert!(
        made.status == 0 && made.stdout.starts_with("installed new keys: srv1, srv2, srv3 (current "),
        "{}",
        made.all()
    );
    let first = ring(&run, "srv1");
    assert!(first.iter().all(|key| key.len() == 80) && first[0] != first[1] && first[1] != first[2]);
    let rotated = tickets(&run, "rotate");
    assert_eq!(rotated.status, 0, "{}", rotated.all());
    let second = ring(&run, "srv1");
    assert_eq!((&second[0], &second[1]), (&first[2], &first[0]));
    assert!(!first.contains(&second[2]));
    for host in ["srv2", "srv3"] {
        assert_eq!(ring(&run, host), second);
    }
    assert_eq!(tickets(&run, "status").status, 0);
}

#[test]
fn only_root_can_read_a_ring_and_nothing_else_is_left() {
    let run = fleet();
    // What a killed run leaves: a ring that is not in use, and a link that was not renamed yet.
    for stale in ["tickets.d/ring.12345678", "tickets.d/ring.plain"] {
        fs::create_dir_all(sslscale(&run, "srv1").join(stale)).unwrap();
        fs::write(sslscale(&run, "srv1").join(stale).join("next.key"), [7; 80]).unwrap();
    }
    symlink("tickets.d/ring.12345678", sslscale(&run, "srv1").join(".tickets.99")).unwrap();
    (0..3).for_each(|_| assert_eq!(rotate_early(&run).status, 0));
    let base = sslscale(&run, "srv1");
    let target = fs::read_link(base.join("tickets")).unwrap();
    let names = |path: PathBuf| {
        let mut names: Vec<String> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(base.clone()), ["tickets", "tickets.d"]);
    assert_eq!(names(base.join("tickets.d")), [".lock", target.file_name().unwrap().to_str().unwrap()]);
    assert_eq!(names(base.join("tickets")), ["current.key", "history", "loaded", "next.key", "previous.key"]);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!((mode(base.join("tickets.d")), mode(base.join("tickets"))), (0o700, 0o700));
    assert!(names(base.join("tickets")).iter().all(|name| mode(base.join("tickets").join(name)) == 0o600));
}

#[test]
fn problems_are_reported_and_sync_fixes_them() {
    let run = fleet();
    tickets(&run, "sync");
    let good = ring(&run, "srv1");
    let file = |name: &str| sslscale(&run, "srv2").join("tickets").join(name);
    let fixed = |message: &str| {
        let status = tickets(&run, "status");
        assert!(status.status == 1 && status.stderr.contains(message), "{message}: {}", status.all());
        let synced = tickets(&run, "sync");
        assert!(synced.status == 0 && synced.stdout.contains(": srv2 (current "), "{message}: {}", synced.all());
        assert_eq!((ring(&run, "srv2"), tickets(&run, "status").status), (good.clone(), 0), "{message}");
    };
    fs::set_permissions(file("next.key"), fs::Permissions::from_mode(0o644)).unwrap();
    fixed("error: srv2: the next key has mode 644 instead of 600\n");
    fs::write(file("current.key"), [7; 48]).unwrap();
    fixed("error: srv2: the current key has 48 bytes instead of 80\n");
    fs::remove_file(file("previous.key")).unwrap();
    fixed("error: srv2: one or more of the three keys is missing\n");
    fs::write(file("current.key"), [7; 80]).unwrap();
    fixed("error: srv2: the keys differ from those of the other app servers\n");
    fs::remove_file(file("loaded")).unwrap();
    fixed("error: srv2: nothing confirms that nginx has loaded the keys\n");
}

#[test]
fn a_copied_key_is_as_old_as_the_original() {
    let run = fleet();
    tickets(&run, "sync");
    let touch = |host: &str, hours: u64| touch(&run, host, "current.key", 3600 * hours);
    ["srv1", "srv3"].iter().for_each(|host| touch(host, 49));
    assert_eq!(tickets(&run, "status").status, 0, "a job that runs daily may have to skip a rotation");
    ["srv1", "srv3"].iter().for_each(|host| touch(host, 51));
    fs::remove_dir_all(sslscale(&run, "srv2")).unwrap();
    tickets(&run, "sync");
    let stale = tickets(&run, "status");
    assert_eq!(stale.status, 1);
    let says = "error: srv1, srv2, srv3: the current key is older than two days\n";
    assert!(stale.stderr.contains(says), "{}", stale.all());
    assert_eq!(stale.stdout.matches("  2 d 3 h  ").count(), 3, "{}", stale.all());
    let rotated = tickets(&run, "rotate");
    assert!(rotated.status == 0 && !rotated.stderr.contains("note:"), "{}", rotated.all());
    assert_eq!(tickets(&run, "status").status, 0);
}

// The second of two rotations within seconds ended all sessions from before the first. The daily one, which
// may come a second early, was told that it did.
#[test]
fn a_rotation_may_follow_another_after_a_day() {
    let run = fleet();
    tickets(&run, "sync");
    // New keys have no tickets yet, whenever the first daily rotation comes.
    let first = tickets(&run, "rotate");
    assert!(first.status == 0 && first.stderr.is_empty(), "{}", first.all());
    let ring_before = ring(&run, "srv1");
    let again = tickets(&run, "rotate");
    assert_eq!((again.status, again.stdout.as_str()), (3, ""), "{}", again.all());
    assert!(again.stderr.contains(" to delete the key now and end these sessions, add `--early`\n"), "{}", again.all());
    for (seconds, status) in [(86_399, 0), (22 * 3600 + 60, 0), (22 * 3600 - 60, 3)] {
        HOSTS.iter().for_each(|host| touch(&run, host, "previous.key", seconds));
        let rotated = tickets(&run, "rotate");
        assert_eq!(rotated.status, status, "{seconds}: {}", rotated.all());
        assert!(status == 3 || rotated.stderr.is_empty(), "{seconds}: {}", rotated.all());
    }
    let early = rotate_early(&run);
    assert!(early.status == 0 && early.stderr.starts_with("note: the previous rotation was only "), "{}", early.all());
    assert!(!ring(&run, "srv1").contains(&ring_before[2]));
    // One host that encrypted with the previous key until now is enough.
    HOSTS.iter().for_each(|host| touch(&run, host, "previous.key", 90_000));
    touch(&run, "srv2", "previous.key", 100);
    let refused = tickets(&run, "rotate");
    assert!(refused.status == 3 && refused.stderr.contains("`srv2`"), "{}", refused.all());
}

#[test]
fn app_servers_can_be_left_out() {
    let run = fleet();
    let without = |what: &str, hosts: &[&str]| {
        let mut words = vec!["tickets", what, "inventory.yaml", "--roots", "roots"];
        words.extend(hosts.iter().flat_map(|host| ["--without", host]));
        words.extend((what == "rotate").then_some("--early"));
        run.run_with(&words)
    };
    // One that is left out may have the ring that clients' tickets were made with.
    let none = without("sync", &["srv2"]);
    assert!(none.status == 3 && none.stderr.contains("no other app server has a ticket ring"), "{}", none.all());
    tickets(&run, "sync");
    let first = ring(&run, "srv2");
    fs::rename(run.dir().join("roots/srv2"), run.dir().join("gone")).unwrap();
    assert_eq!(tickets(&run, "rotate").status, 2);
    for _ in 0..3 {
        let rotated = without("rotate", &["srv2", "srv2"]);
        assert_eq!(rotated.status, 0, "{}", rotated.all());
        assert!(rotated.stderr.contains("note: srv2 is left out: "), "{}", rotated.all());
        fs::rename(run.dir().join("gone"), run.dir().join("roots/srv2")).unwrap();
        assert_eq!(ring(&run, "srv2"), first);
        fs::rename(run.dir().join("roots/srv2"), run.dir().join("gone")).unwrap();
    }
    // Those that are there agree, which a daily check of them says.
    let status = without("status", &["srv2"]);
    assert_eq!(status.status, 0, "{}", status.all());
    let newest = ring(&run, "srv1");
    fs::rename(run.dir().join("gone"), run.dir().join("roots/srv2")).unwrap();
    let status = run.run_with(&["tickets", "status", "inventory.yaml", "--roots", "roots", "--format", "json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let missed = |index: usize| status["app_servers"][index]["rotations_missed"].clone();
    assert_eq!([missed(0), missed(1), missed(2)], [0, 3, 0]);
    // Most app servers have the old ring, and are given the new one all the same.
    let synced = without("sync", &["srv1"]);
    assert!(synced.status == 0 && ring(&run, "srv2") == newest, "{}", synced.all());
    for _ in 0..2 {
        assert_eq!(without("rotate", &["srv1", "srv2"]).status, 0);
    }
    let newest = ring(&run, "srv3");
    let synced = tickets(&run, "sync");
    assert!(synced.status == 0 && HOSTS.iter().all(|host| ring(&run, host) == newest), "{}", synced.all());
    assert_eq!(tickets(&run, "status").status, 0);
}

#[test]
fn json_has_fingerprints() {
    let run = fleet();
    let json = |what: &str| -> serde_json::Value {
        let mut words = vec!["tickets", what, "inventory.yaml", "--roots", "roots", "--format", "json"];
        words.extend((what == "rotate").then_some("--early"));
        serde_json::from_str(&run.run_with(&words).stdout).unwrap()
    };
    let made = json("sync");
    assert_eq!((&made["version"], &made["steps"][0]["made"]), (&1.into(), &"new".into()));
    let status = json("status");
    assert_eq!((&status["version"], &status["agreement"]), (&1.into(), &true.into()));
    let server = &status["app_servers"][0];
    assert_eq!((&server["name"], &server["current"]), (&"srv1".into(), &made["steps"][0]["current"]));
    assert_eq!(server["current"].as_str().unwrap().len(), 16);
    assert_eq!(json("rotate")["steps"][0]["current"], server["next"]);
    fs::remove_dir_all(sslscale(&run, "srv2")).unwrap();
    let status = json("status");
    assert_eq!((&status["agreement"], &status["app_servers"][1]["current"]), (&false.into(), &().into()));
    assert_eq!(status["app_servers"][1]["problems"][0], "there are no session ticket keys");
    // Before it rotates, it gives the new one what the others have.
    let steps = json("rotate")["steps"].clone();
    assert_eq!((&steps[0]["made"], &steps[1]["made"]), (&"agreement".into(), &"rotation".into()));
    // The same where a ring is incomplete.
    fs::remove_file(sslscale(&run, "srv2").join("tickets/previous.key")).unwrap();
    let steps = json("rotate")["steps"].clone();
    assert_eq!((&steps[0]["made"], &steps[1]["made"]), (&"agreement".into(), &"rotation".into()));
    assert_eq!(steps[0]["app_servers"][0]["name"], "srv2");
    assert_eq!(ring(&run, "srv2"), ring(&run, "srv1"));
}

#[test]
fn wrong_usage_and_hosts_that_cannot_be_reached() {
    let run = fleet();
    let both = run.run_with(&["tickets", "status", "inventory.yaml", "--roots", "roots", "--hosts-file", "hosts.json"]);
    assert_eq!(both.status, 2, "{}", both.all());
    // Without either, over SSH: to a port of this machine on which nothing listens.
    let here = INVENTORY.replace(" }", ", ssh: { host: 127.0.0.1, port: 1 } }");
    fs::write(run.dir().join("inventory.yaml"), here).unwrap();
    let nowhere = run.run_with(&["tickets", "rotate", "inventory.yaml"]);
    assert_eq!(nowhere.status, 3);
    let says = "error: srv1, srv2, srv3: the keys could not be read: nothing answers\n";
    let help = "  help: check that the host is up and sshd listens: `ssh -p 1 127.0.0.1 true`\n";
    assert!(nowhere.stderr.contains(says) && nowhere.stderr.contains(help), "{}", nowhere.all());
    for way in ["per_host", "off"] {
        fs::write(run.dir().join("inventory.yaml"), format!("tickets: {way}\n{INVENTORY}")).unwrap();
        let none = tickets(&run, "rotate");
        assert_eq!(none.status, 2);
        let says = format!(
            "error: the app servers do not share ticket keys: `tickets` is `{way}`\n  help: set `tickets: shared` in the inventory\n"
        );
        assert!(none.stderr.contains(&says), "{}", none.all());
    }
    fs::write(run.dir().join("inventory.yaml"), INVENTORY).unwrap();
    fs::write(run.dir().join("hosts.json"), r#"{ "srv1": ["true"], "srv2": ["false"], "srv3": ["no-such-program"] }"#)
        .unwrap();
    let lost = run.run_with(&["tickets", "sync", "inventory.yaml", "--hosts-file", "hosts.json"]);
    assert_eq!(lost.status, 3);
    for says in [
        "error: srv1: the keys could not be read: the command that reaches the host ended early (exit code 0)\n",
        "error: srv2: the keys could not be read: the command that reaches the host ended early (exit code 1)\n",
        "error: srv3: the keys could not be read: `no-such-program` could not be started: No such file or directory \
         (os error 2)\n",
        "help: nothing was changed",
    ] {
        assert!(lost.stderr.contains(says), "{says}: {}", lost.all());
    }
}
