//! docs/install.md on stock hosts: its commands, as they are on the page, bring them to serving; a change is a
//! reload, and what cannot run is not installed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rcgen::{CertificateParams, KeyPair};

use crate::fleet::{Fleet, Release, Spec};
use crate::need;

const HOSTS: [Spec; 3] = [
    Spec { name: "lb1", address: "10.0.0.10", release: Release::Trixie },
    Spec { name: "srv1", address: "10.0.0.11", release: Release::Trixie },
    Spec { name: "srv2", address: "10.0.0.12", release: Release::Bookworm },
];

/// The code blocks of a part of the page, one after the other.
fn blocks(page: &str, part: &str, language: &str) -> String {
    let part = page.split("\n## ").find(|text| text.starts_with(part)).unwrap();
    let fence = format!("```{language}\n");
    let blocks = part.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    let text: String = blocks.collect();
    assert!(!text.is_empty(), "{part}");
    text
}

/// Hosts as Debian installs them, and the directory in which somebody follows the page.
struct Reader {
    fleet: Fleet,
    folder: tempfile::TempDir,
    page: String,
}

impl Reader {
    fn new() -> Option<Self> {
        let fleet = Fleet::boot(&HOSTS)?;
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let page = fs::read_to_string(docs.join("install.md")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let reader = Self { fleet, folder, page };
        let write = |name: &str, text: &str| fs::write(reader.path(name), text).unwrap();
        write("inventory.yaml", &blocks(&reader.page, "The example", "yaml"));
        write("hosts.json", &blocks(&reader.page, "The example", "json"));
        fs::copy(docs.join("install.sh"), reader.path("install.sh")).unwrap();
        fs::create_dir(reader.path("certs")).unwrap();
        reader.certificate();
        // The words `ssh` and `sslscale` of the page.
        fs::create_dir(reader.path("bin")).unwrap();
        let ssh = reader.fleet.hosts()[0].ssh();
        let words: Vec<_> = [ssh.get_program()].into_iter().chain(ssh.get_args()).collect();
        let word = |word: &&std::ffi::OsStr| match word.to_str().unwrap() {
            // Inside, the name would lead back here.
            "ssh" => format!("'{}' ", need::find("ssh").unwrap().display()),
            word => format!("'{word}' "),
        };
        let words = words[..words.len() - 1].iter().map(word);
        let program = |name: &str, command: &str| {
            write(&format!("bin/{name}"), &format!("#!/bin/sh\nexec {command} \"$@\"\n"));
            fs::set_permissions(reader.path("bin").join(name), fs::Permissions::from_mode(0o755)).unwrap();
        };
        program("ssh", &words.collect::<String>());
        program("sslscale", env!("CARGO_BIN_EXE_sslscale"));
        for host in ["srv1", "srv2"] {
            reader.fleet.host(host).run(&format!("mkdir -p /srv/example; echo {host} >/srv/example/index.html"));
        }
        Some(reader)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new certificate that clients trust, and its key.
    fn certificate(&self) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
        fs::write(self.path("certs/example.crt"), certificate.pem()).unwrap();
        fs::write(self.path("certs/example.key"), key.serialize_pem()).unwrap();
        fs::set_permissions(self.path("certs/example.key"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Runs commands of the page.
    fn output(&self, commands: &str) -> Output {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let mut sh = Command::new("sh");
        sh.args(["-euc", commands]).current_dir(self.folder.path()).env("PATH", path);
        sh.output().unwrap()
    }

    fn done(&self, commands: &str) -> String {
        let output = self.output(commands);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{text}");
        text
    }

    /// The answers to so many clients.
    fn answers(&self, clients: usize) -> Vec<String> {
        let certificate = self.path("certs/example.crt");
        let ask = |_| {
            let mut curl = self.fleet.command("curl");
            curl.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]).arg(&certificate);
            curl.args(["--resolve", "example.com:443:10.0.0.10", "https://example.com/"]);
            let output = curl.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let mut answers: Vec<String> = (0..clients).map(ask).collect();
        answers.sort();
        answers
    }
}

// There was no page.
#[test]
fn the_page_brings_stock_hosts_to_serving_and_changes_them() {
    let Some(reader) = Reader::new() else { return };
    // As Debian leaves it: what runs does not have the drop-in yet.
    reader.fleet.host("lb1").run("systemctl start haproxy; test ! -e /run/sslscale");
    reader.done(&blocks(&reader.page, "Install", "sh"));
    // The drop-in has it made, which takes a daemon-reload and a restart.
    assert!(reader.fleet.host("lb1").succeeds("test -d /run/sslscale"));
    let balancer = reader.fleet.host("lb1");
    for server in ["srv1", "srv2"] {
        balancer.wait_for_server(server, "UP");
    }
    assert_eq!(reader.answers(6), ["srv1", "srv1", "srv1", "srv2", "srv2", "srv2"]);
    for host in reader.fleet.hosts() {
        let unit = if host.name == "lb1" { "haproxy" } else { "nginx" };
        assert_eq!(host.run(&format!("systemctl is-enabled {unit}")), "enabled", "{}", host.name);
    }
    assert_eq!(balancer.run("stat -c '%U %a' /run/haproxy/admin.sock"), "root 600");
    assert_eq!(reader.fleet.host("srv1").run("stat -c '%U %a' /etc/ssl/example/ssl.key"), "root 600");

    // A change of the inventory and a new certificate: nothing is restarted.
    let main = "systemctl show -P MainPID haproxy";
    let before = balancer.run(main);
    let text = fs::read_to_string(reader.path("inventory.yaml")).unwrap();
    let changed = format!("{text}haproxy: {{ maxconn: 3000 }}\n");
    fs::write(reader.path("inventory.yaml"), &changed).unwrap();
    reader.certificate();
    reader.done(&blocks(&reader.page, "Change", "sh"));
    assert_eq!(balancer.run(main), before);
    assert!(balancer.ask("/run/haproxy/admin.sock", "show info").contains("Maxconn: 3000"));
    assert_eq!(reader.answers(4), ["srv1", "srv1", "srv2", "srv2"]);
    // Ticket keys can be rotated at once: nginx has loaded all that was installed.
    reader.done("sslscale tickets rotate inventory.yaml --hosts-file hosts.json");

    // A file that the inventory no longer has is removed.
    let stale = "/etc/nginx/conf.d/stale.conf";
    reader.fleet.host("srv1").run(&format!("echo '#' >{stale}; echo {stale} >>/var/lib/sslscale/installed"));
    reader.done("sh install.sh rendered . srv1 ssh root@10.0.0.11");
    assert!(!reader.fleet.host("srv1").succeeds(&format!("test -e {stale}")));

    // What was installed on the same machine for a balancer stays.
    reader.fleet.host("srv1").run("echo /etc/haproxy/haproxy.cfg >/var/lib/sslscale/installed");
    reader.done("sh install.sh rendered . srv1 ssh root@10.0.0.11");
    let kept = "test -e /etc/haproxy/haproxy.cfg && grep -q /etc/nginx/ /var/lib/sslscale/installed-nginx";
    assert!(reader.fleet.host("srv1").succeeds(kept));

    refused(&reader);
}

/// What cannot run is put back, and what is missing is found before any change.
fn refused(reader: &Reader) {
    let app = reader.fleet.host("srv1");
    let files = "sha256sum /etc/nginx/conf.d/* /etc/ssl/example/*; ls /etc/nginx/conf.d";
    let before = app.run(files);
    let key = fs::read(reader.path("certs/example.key")).unwrap();
    fs::write(reader.path("certs/example.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let wrong = reader.output("sh install.sh rendered . srv1 ssh root@10.0.0.11");
    assert!(!wrong.status.success());
    assert_eq!(app.run(files), before);
    app.run("nginx -t");
    fs::write(reader.path("certs/example.key"), key).unwrap();

    // haproxy -c accepts an address that the host does not have.
    let balancer = reader.fleet.host("lb1");
    let files = "sha256sum /etc/haproxy/haproxy.cfg";
    let before = balancer.run(files);
    let text = fs::read_to_string(reader.path("rendered/lb1/etc/haproxy/haproxy.cfg")).unwrap();
    let revision = text.lines().find_map(|line| line.trim().strip_prefix("description sslscale ")).unwrap().to_owned();
    let foreign = text.replace(&revision, "0123456789ab") + "\nfrontend other\n    bind 10.9.9.9:443\n";
    fs::write(reader.path("rendered/lb1/etc/haproxy/haproxy.cfg"), foreign).unwrap();
    let wrong = reader.output("sh install.sh rendered . lb1 ssh root@10.0.0.10");
    assert!(!wrong.status.success());
    assert_eq!(balancer.run(files), before);
    fs::write(reader.path("rendered/lb1/etc/haproxy/haproxy.cfg"), text).unwrap();

    app.run("rm -r /etc/sslscale");
    let before = app.run("sha256sum /etc/nginx/conf.d/*");
    let missing = reader.output("sh install.sh rendered . srv1 ssh root@10.0.0.11");
    let errors = String::from_utf8(missing.stderr).unwrap();
    assert!(!missing.status.success() && errors.contains("/etc/sslscale/tickets/current.key"), "{errors}");
    assert_eq!(app.run("sha256sum /etc/nginx/conf.d/*"), before);
    assert!(!reader.output("sh install.sh rendered . srv9 ssh root@10.0.0.11").status.success());
    for server in ["srv1", "srv2"] {
        balancer.wait_for_server(server, "UP");
    }
    assert_eq!(reader.answers(4), ["srv1", "srv1", "srv2", "srv2"]);
}
