//! Certificates and keys whose source is a host of the fleet, over directories that stand for hosts.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{Run, Sslscale, roots, scripted};

const SOURCES: &str = "    ssl_certificate_source: srv1:/etc/letsencrypt/live/example.com/fullchain.pem
    ssl_certificate_key_source: srv1:/etc/letsencrypt/live/example.com/privkey.pem
";
const LINEAGE: &str = "srv1/etc/letsencrypt";

/// A chain and a key, in PEM.
type Pair = (String, String);

/// A fleet of directories, in which `srv1` renews certificates as certbot does.
struct Fleet {
    run: Sslscale,
    renewals: std::cell::Cell<u32>,
}

impl Fleet {
    /// `None` for a user who cannot give files to root, which has been reported.
    fn new() -> Option<Self> {
        Some(Self { run: roots::fleet(&roots::inventory(SOURCES))?, renewals: Default::default() })
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.run.dir().join("roots").join(path)
    }

    fn run(&self, words: &[&str], code: i32) -> Run {
        roots::run(&self.run, words, code)
    }

    /// Puts a pair where certbot does: into an archive, with links to it.
    fn renew(&self, (chain, key): &Pair) {
        let number = self.renewals.get() + 1;
        self.renewals.set(number);
        let (archive, live) =
            (self.path(LINEAGE).join("archive/example.com"), self.path(LINEAGE).join("live/example.com"));
        fs::create_dir_all(&archive).unwrap();
        fs::create_dir_all(&live).unwrap();
        for (name, text, mode) in [("fullchain", chain, 0o644), ("privkey", key, 0o600)] {
            let file = archive.join(format!("{name}{number}.pem"));
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let link = live.join(format!("{name}.pem"));
            let _ = fs::remove_file(&link);
            symlink(Path::new("../../archive/example.com").join(file.file_name().unwrap()), link).unwrap();
        }
    }

    /// The files of all hosts with their contents.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let all = self.state().into_iter().filter(|(path, _)| !path.contains("/var/lib/sslscale/"));
        all.collect()
    }

    /// The same with what sslscale keeps for itself.
    fn state(&self) -> Vec<(String, Vec<u8>)> {
        fn collect(dir: &Path, name: &str, files: &mut Vec<(String, Vec<u8>)>) {
            for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
                let name = format!("{name}{}", entry.file_name().to_str().unwrap());
                if entry.file_type().unwrap().is_dir() {
                    collect(&entry.path(), &format!("{name}/"), files);
                } else {
                    files.push((name, fs::read(entry.path()).unwrap_or_default()));
                }
            }
        }
        let mut files = Vec::new();
        collect(&self.run.dir().join("roots"), "", &mut files);
        files.sort();
        files
    }

    /// What app servers have: the chain and the key, which only root may read.
    fn installed(&self, host: &str) -> Pair {
        let read = |name: &str, mode: u32| {
            let file = self.path(host).join("etc/ssl/example").join(name);
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, mode, "{name}");
            fs::read_to_string(file).unwrap()
        };
        (read("ssl.crt", 0o644), read("ssl.key", 0o600))
    }
}

/// A certificate that begins some days from now and is valid for 90.
fn pair(name: &str, days: i64) -> Pair {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    const DAY: u64 = 24 * 60 * 60;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let begins = now.checked_add_signed(days * DAY as i64).unwrap();
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(begins);
    params.not_after = params.not_before + Duration::from_secs(90 * DAY);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// Nothing that was written shows any part of a key: the number is in the first two lines, and the rest is public.
fn hides(run: &Run, key: &str) {
    for line in key.lines().skip(1).take(2) {
        assert!(!run.all().contains(line), "{}", run.all());
    }
}

#[test]
fn a_deploy_brings_what_is_on_a_host() {
    let Some(fleet) = Fleet::new() else { return };
    let missing = fleet.run(&["deploy", "--yes"], 3);
    assert!(
        missing.stderr.contains("error: srv1 has no file `/etc/letsencrypt/live/example.com/fullchain.pem`"),
        "{}",
        missing.all()
    );
    let first = pair("example.com", -1);
    fleet.renew(&first);
    for words in [&["plan"][..], &["plan", "--format", "json"], &["deploy", "--yes"]] {
        hides(&fleet.run(words, 0), &first.1);
    }
    assert_eq!([fleet.installed("srv1"), fleet.installed("srv2")], [first.clone(), first.clone()]);
    assert_eq!(fleet.run(&["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
    fleet.run(&["status"], 0);
    // Files of this machine are not looked for, and the other host is enough for its own plan.
    assert_eq!(fleet.run(&["plan", "--host", "srv2", "--detailed-exitcode"], 0).stdout, "1 host: 1 up to date\n");
    for (wrong, says) in [
        (
            (pair("example.com", 0).0, first.1.clone()),
            "the private key in `srv1:/etc/letsencrypt/live/example.com/privkey.pem` does not belong to the certificate in",
        ),
        (pair("example.org", 0), "does not cover `example.com`"),
        (pair("example.com", 1), "is not valid before"),
        (pair("example.com", -91), "expired on"),
        (("x".to_owned(), first.1.clone()), "is not PEM"),
        ((first.0.clone(), "x".to_owned()), "is not PEM"),
    ] {
        fleet.renew(&wrong);
        for words in [&["plan"][..], &["deploy", "--yes"]] {
            let refused = fleet.run(words, 3);
            assert!(refused.stderr.contains(says), "{says}: {}", refused.all());
            hides(&refused, &wrong.1);
        }
        assert_eq!([fleet.installed("srv1"), fleet.installed("srv2")], [first.clone(), first.clone()]);
    }
}

#[test]
fn a_renewal_changes_certificates_and_nothing_else() {
    let Some(fleet) = Fleet::new() else { return };
    let first = pair("example.com", -10);
    fleet.renew(&first);
    let none = fleet.run(&["certs", "roll"], 3);
    assert!(
        none.stderr.contains(
            "error: no host has a release\n  help: `sslscale deploy inventory.yaml --roots roots` makes the first one"
        ),
        "{}",
        none.all()
    );
    fleet.run(&["deploy", "--yes"], 0);
    let quiet = |words: &[&str]| {
        let before = fleet.state();
        let run = fleet.run(words, 0);
        assert_eq!(fleet.state(), before);
        run
    };
    let nothing = quiet(&["certs", "roll"]);
    assert_eq!((nothing.stdout.as_str(), nothing.stderr.as_str()), ("", ""));
    assert_eq!(quiet(&["certs", "roll", "-v"]).stdout, "nothing to do: 3 hosts up to date\n");
    // An inventory that is not deployed yet, and a file that somebody has edited, do not take part.
    fs::write(
        fleet.run.dir().join("inventory.yaml"),
        format!("{}nginx: {{ keepalive_timeout: 30s }}\n", roots::inventory(SOURCES)),
    )
    .unwrap();
    let conf = fleet.path("srv2/etc/nginx/conf.d/sslscale.conf");
    let edited = fs::read_to_string(&conf).unwrap() + "# by hand\n";
    fs::write(&conf, &edited).unwrap();
    assert_eq!(quiet(&["certs", "roll"]).stdout, "");
    for days in [-9, -8] {
        let new = pair("example.com", days);
        fleet.renew(&new);
        let before = fleet.files();
        let dry = fleet.run(&["certs", "roll", "--dry-run"], 0);
        assert!(dry.stdout.ends_with("every program accepts its files; nothing was changed\n"), "{}", dry.all());
        assert_eq!(fleet.files(), before);
        let renewed = fleet.run(&["certs", "roll"], 0);
        assert!(renewed.stdout.contains("/etc/ssl/example/ssl.crt on srv1, srv2: expires on `"), "{}", renewed.all());
        hides(&renewed, &new.1);
        assert_eq!([fleet.installed("srv1"), fleet.installed("srv2")], [new.clone(), new]);
        let changed: Vec<String> = fleet.files().into_iter().filter(|it| !before.contains(it)).map(|it| it.0).collect();
        let pairs = ["srv1", "srv2"].map(|host| ["crt", "key"].map(|end| format!("{host}/etc/ssl/example/ssl.{end}")));
        assert_eq!(changed, pairs.concat());
        assert_eq!(quiet(&["certs", "roll"]).stdout, "");
    }
    assert_eq!(fs::read_to_string(&conf).unwrap(), edited);
    // It is a release of the whole fleet, which a rollback leaves.
    fleet.run(&["rollback", "--yes"], 0);
    assert_ne!(fs::read_to_string(&conf).unwrap(), edited);
    let again = fleet.run(&["certs", "roll", "--format", "json"], 0);
    let events: Vec<serde_json::Value> = again.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&events[0]["event"], &events[0]["hosts"]),
        (&"certificate".into(), &serde_json::json!(["srv1", "srv2"]))
    );
    assert_eq!(events.last().unwrap()["hosts"], serde_json::json!({ "srv1": "after", "srv2": "after" }));
    // A file that was damaged is named, with or without a new certificate.
    let key = fleet.path("srv2/etc/ssl/example/ssl.key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, "damaged").unwrap();
    let restored = fleet.run(&["certs", "roll"], 0);
    let line = "/etc/ssl/example/ssl.key on srv2: as in its source again";
    assert!(restored.stdout.lines().any(|it| it == line), "{}", restored.all());
    fs::write(&key, "damaged").unwrap();
    let json = fleet.run(&["certs", "roll", "--format", "json"], 0);
    let events: Vec<serde_json::Value> = json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&events[0]["event"], &events[0]["hosts"]), (&"restored".into(), &serde_json::json!(["srv2"])));
    assert_eq!(fs::read(&key).unwrap(), right);
}

#[test]
fn a_pair_that_cannot_serve_or_is_older_stops_before_any_host() {
    let Some(fleet) = Fleet::new() else { return };
    let first = pair("example.com", -10);
    fleet.renew(&first);
    fleet.run(&["deploy", "--yes"], 0);
    for (wrong, says) in [
        ((pair("example.com", -1).0, first.1.clone()), "does not belong to the certificate"),
        (pair("example.org", -1), "does not cover `example.com`"),
        (pair("example.com", 2), "is not valid before"),
        (pair("example.com", -91), "expired on"),
        (pair("example.com", -20), "error: srv1, srv2: `/etc/ssl/example/ssl.crt` on the host begins on `"),
    ] {
        fleet.renew(&wrong);
        let before = fleet.state();
        let refused = fleet.run(&["certs", "roll"], 3);
        assert!(refused.stderr.contains(says), "{says}: {}", refused.all());
        hides(&refused, &wrong.1);
        assert_eq!(fleet.state(), before);
    }
    // A deploy does not go back either.
    assert!(fleet.run(&["plan"], 3).all().contains("on the host begins on `"));
    assert!(fleet.run(&["deploy", "--yes"], 3).stderr.contains("nothing was changed"));
}

#[test]
fn a_certificate_that_was_never_deployed_is_named() {
    let Some(fleet) = Fleet::new() else { return };
    fleet.renew(&pair("example.com", -10));
    fleet.run(&["deploy", "--yes"], 0);
    let inventory = roots::inventory(SOURCES);
    let site = inventory[inventory.find("  - server_name").unwrap()..inventory.find("tickets").unwrap()].to_owned();
    let site = site
        .replace("server_name: example.com", "server_name: www.example.com")
        .replace("/etc/ssl/example/", "/etc/ssl/www/");
    let inventory = inventory.replace("tickets", &(site.replace("live/example.com", "live/www") + "tickets"));
    fs::write(fleet.run.dir().join("inventory.yaml"), &inventory).unwrap();
    let www = fleet.path(LINEAGE).join("live/www");
    fs::create_dir_all(&www).unwrap();
    let new = pair("www.example.com", -1);
    fs::write(www.join("fullchain.pem"), &new.0).unwrap();
    fs::write(www.join("privkey.pem"), &new.1).unwrap();
    let renewal = pair("example.com", -1);
    fleet.renew(&renewal);
    let renewed = fleet.run(&["certs", "roll"], 0);
    let says = "`/etc/ssl/www/ssl.crt` is left out: it is not in the release of srv1, srv2\n";
    assert!(renewed.stderr.contains(says), "{}", renewed.all());
    assert_eq!(fleet.installed("srv2"), renewal);
    assert!(!fleet.path("srv2/etc/ssl/www").exists());
}

/// It is in the inventory, and nobody has deployed it yet.
#[test]
fn a_host_without_a_release_keeps_no_other_from_a_renewal() {
    let Some(fleet) = Fleet::new() else { return };
    fleet.renew(&pair("example.com", -10));
    fleet.run(&["deploy", "--yes"], 0);
    let more = roots::inventory(SOURCES).replace("sites:", "  - { name: srv3, address: 10.0.0.13 }\nsites:");
    fs::write(fleet.run.dir().join("inventory.yaml"), more).unwrap();
    fs::create_dir_all(fleet.path("srv3")).unwrap();
    let renewal = pair("example.com", -1);
    fleet.renew(&renewal);
    let renewed = fleet.run(&["certs", "roll"], 5);
    let says = "srv3 is left out: it has no release\n  help: `sslscale deploy inventory.yaml --roots roots` brings it into the fleet\n";
    assert!(renewed.stderr.starts_with(says), "{}", renewed.all());
    assert_eq!([fleet.installed("srv1"), fleet.installed("srv2")], [renewal.clone(), renewal]);
    assert!(!fleet.path("srv3/etc").exists());
    // It still is when nothing else is new.
    let again = fleet.run(&["certs", "roll"], 3);
    assert!(again.stderr.starts_with(says), "{}", again.all());
}

/// It failed on the host that has a source, though balancers have no certificates.
#[test]
fn a_plan_for_one_host_needs_no_other_than_those_of_its_sources() {
    let Some(fleet) = Fleet::new() else { return };
    fleet.renew(&pair("example.com", -10));
    fleet.run(&["deploy", "--yes"], 0);
    fs::rename(fleet.path("srv1"), fleet.path("away")).unwrap();
    let words = ["plan", "--host", "lb1", "--detailed-exitcode"];
    assert_eq!(fleet.run(&words, 0).stdout, "1 host: 1 up to date\n");
    // An app server has it, and a saved plan is one of the whole release.
    fleet.run(&["plan", "--host", "srv2"], 2);
    fleet.run(&["plan", "--host", "lb1", "--out", "plan.json"], 2);
}

#[test]
fn a_status_goes_on_without_a_source() {
    let Some(fleet) = Fleet::new() else { return };
    fleet.renew(&pair("example.com", -10));
    fleet.run(&["deploy", "--yes"], 0);
    fleet.run(&["status"], 0);
    fs::remove_dir_all(fleet.path(LINEAGE)).unwrap();
    let status = fleet.run(&["status"], 1);
    let says = "error: whether hosts have the latest `/etc/ssl/example/ssl.crt` is not known: srv1 has no file \
                `/etc/letsencrypt/live/example.com/fullchain.pem`, a certificate source of `example.com`\n  help: look there with ";
    assert!(status.stderr.contains(says), "{}", status.all());
    assert!(!status.all().contains("not as rendered"), "{}", status.all());
    assert!(status.stdout.contains("3 hosts: 2 problems\n"), "{}", status.all());
    let json: serde_json::Value = serde_json::from_str(&fleet.run(&["status", "--format", "json"], 1).stdout).unwrap();
    assert_eq!(json["problems"][0]["host"], serde_json::Value::Null);
    assert_eq!((&json["hosts"][1]["differing"], &json["sound"]), (&serde_json::json!([]), &false.into()));
    let release = &json["hosts"][1]["release"];
    assert!(release["id"].as_str().unwrap().len() == 12 && release["time"].as_u64().unwrap() > 1_700_000_000, "{json}");
    // A pair that would be refused is a problem as well.
    let wrong = (pair("example.com", -1).0, pair("example.com", -1).1);
    fleet.renew(&wrong);
    let status = fleet.run(&["status"], 1);
    assert!(status.stderr.contains("does not belong to the certificate in"), "{}", status.all());
}

// The host that renews certificates was away, and nothing was shown of any host.
#[test]
fn a_status_goes_on_without_the_host_of_a_source() {
    const HOST: &str = "\
case $text in
*'Shows files of a host'*) answer end ;;
*) answer 'unit active enabled
package 1.0
end' ;;
esac
";
    let there = |name| (name, scripted::host(name, HOST, &[]));
    let hosts = scripted::hosts_file([there("lb1"), ("srv1", serde_json::json!(["false", "srv1"])), there("srv2")]);
    let run = Sslscale::new(&[]).inventory(roots::inventory(SOURCES)).file("hosts.json", hosts);
    let status = run.run_with(&["status", "inventory.yaml", "--hosts-file", "hosts.json"]);
    assert_eq!(status.status, 1, "{}", status.all());
    assert!(status.stdout.contains("srv2  nginx 1.0"), "{}", status.all());
    let says = "error: whether hosts have the latest `/etc/ssl/example/ssl.crt`, `/etc/ssl/example/ssl.key` is not known: srv1: ";
    assert!(status.stderr.contains(says) && status.stderr.contains("error: srv1: "), "{}", status.all());
}

#[test]
fn a_rollback_to_a_certificate_that_has_expired_says_so() {
    let Some(fleet) = Fleet::new() else { return };
    for days in [-10, -9] {
        fleet.renew(&pair("example.com", days));
        fleet.run(&["deploy", "--yes"], 0);
    }
    // Time has passed: the certificate of the release before is not valid any more.
    let expired = pair("example.com", -91).0;
    let digest = |text: &str| {
        let file = fleet.run.dir().join("expired.pem");
        fs::write(&file, text).unwrap();
        let sum = std::process::Command::new("sha256sum").arg(&file).output().unwrap();
        String::from_utf8(sum.stdout).unwrap()[..64].to_owned()
    };
    for host in ["srv1", "srv2"] {
        let state = fleet.path(host).join("var/lib/sslscale");
        let history = fs::read_to_string(state.join("history")).unwrap();
        let id = history.lines().next().unwrap().split(' ').nth(1).unwrap();
        let file = state.join("releases").join(id).join("files/etc/ssl/example/ssl.crt");
        let before = digest(&fs::read_to_string(&file).unwrap());
        fs::write(&file, &expired).unwrap();
        let manifest = state.join("releases").join(id).join("manifest");
        fs::write(&manifest, fs::read_to_string(&manifest).unwrap().replace(&before, &digest(&expired))).unwrap();
    }
    let says = "`/etc/ssl/example/ssl.crt` of this release has expired on `";
    let asked = fleet.run(&["rollback"], 2);
    assert!(asked.stderr.contains(&format!("warning: srv1, srv2: {says}")), "{}", asked.all());
    let json = fleet.run(&["rollback", "--yes", "--format", "json"], 0);
    let warnings: Vec<serde_json::Value> =
        json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |host: &str| warnings.iter().any(|line| line["event"] == "warning" && line["host"] == host);
    assert!(of("srv1") && of("srv2"), "{}", json.stdout);
    assert_eq!(fleet.installed("srv2").0, expired);
}

// While the host that renews was down, nothing could be changed, and no message said how.
#[test]
fn a_source_on_a_host_that_is_down_stops_no_deploy_without_it() {
    let Some(fleet) = Fleet::new() else { return };
    let first = pair("example.com", -10);
    fleet.renew(&first);
    fleet.run(&["deploy", "--yes"], 0);
    let change = |seconds: u32| {
        let more = format!("nginx: {{ keepalive_timeout: {seconds}s }}\n");
        fs::write(fleet.run.dir().join("inventory.yaml"), roots::inventory(SOURCES) + &more).unwrap();
    };
    change(31);
    let hosts =
        ["lb1", "srv2"].map(|host| (host, scripted::root(host, &fleet.path(host).canonicalize().unwrap(), &[])));
    let hosts = hosts.into_iter().chain([("srv1", serde_json::json!(["false"]))]);
    fs::write(fleet.run.dir().join("hosts.json"), scripted::hosts_file(hosts)).unwrap();
    let run = |words: &[&str], code: i32| {
        let done = fleet.run.run_with(&[words, &["inventory.yaml", "--hosts-file", "hosts.json"]].concat());
        assert_eq!(done.status, code, "{}", done.all());
        done
    };
    let refused = run(&["deploy", "--yes"], 3);
    let help = "  help: to go on without srv1: `sslscale deploy inventory.yaml --hosts-file hosts.json --without srv1`; \
                certificates whose source is there stay as hosts have them\n";
    assert!(refused.stderr.contains(help), "{}", refused.all());
    run(&["deploy", "--dry-run", "--without", "srv1"], 0);
    let partly = fleet.run(&["deploy", "--yes", "--without", "srv1"], 0);
    assert!(
        partly.stderr.contains("note: certificates whose source is on srv1 stay as hosts have them\n"),
        "{}",
        partly.all()
    );
    assert!(partly.stdout.contains(" is in use: 1 host changed\n"), "{}", partly.all());
    assert_eq!(fleet.installed("srv2"), first);
    // It goes on from there, and the source is one again.
    let second = pair("example.com", -5);
    fleet.renew(&second);
    fleet.run(&["deploy", "--yes"], 0);
    assert_eq!([fleet.installed("srv1"), fleet.installed("srv2")], [second.clone(), second]);
    assert_eq!(fleet.run(&["plan", "--detailed-exitcode"], 0).stdout, "3 hosts: 3 up to date\n");
}

// The plan removed the certificate that its own configuration names.
#[test]
fn a_certificate_that_has_no_source_any_more_stays() {
    let Some(fleet) = Fleet::new() else { return };
    let first = pair("example.com", -10);
    fleet.renew(&first);
    fleet.run(&["deploy", "--yes"], 0);
    let write = |sources: &str, more: &str| {
        fs::write(fleet.run.dir().join("inventory.yaml"), roots::inventory(sources) + more).unwrap();
    };
    let other = "nginx: { keepalive_timeout: 31s }\n";
    write("", other);
    let plan = fleet.run(&["plan"], 0);
    assert!(!plan.stdout.contains("removes"), "{}", plan.all());
    fleet.run(&["deploy", "--yes"], 0);
    assert_eq!([fleet.installed("srv1"), fleet.installed("srv2")], [first.clone(), first.clone()]);
    assert_eq!(fleet.run(&["status"], 0).stderr, "");
    // Back and forth, and from another path.
    for words in [&["rollback", "--yes"][..], &["rollback", "--yes"], &["rollback", "--yes"]] {
        fleet.run(words, 0);
        assert_eq!(fleet.installed("srv2"), first);
    }
    let moved = roots::inventory(SOURCES).replace("/etc/ssl/example/", "/etc/ssl/moved/");
    fs::write(fleet.run.dir().join("inventory.yaml"), moved).unwrap();
    let gone = fleet.run(&["deploy", "--yes"], 0);
    assert!(gone.stdout.contains("removes /etc/ssl/example/ssl.crt"), "{}", gone.all());
}
