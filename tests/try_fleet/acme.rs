//! HTTP-01 through a balancer that spreads: a real ACME client (certbot) on an app server, and a real
//! ACME server (pebble) among the clients, which asks the fleet on port 80 for the answer.

mod answered;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use x509_parser::pem::Pem;
use x509_parser::prelude::GeneralName;

use crate::beside;
use crate::run::{Kept, Try};

const FLEET: &str = r#"load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: [example.com, www.example.com]
    root: /srv/www
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
"#;
const CLIENT: &str = "192.0.2.1";

/// Whether the real parts are here. Debian trixie has both; a machine without them says so.
fn parts() -> bool {
    let missing: Vec<&str> =
        ["/usr/bin/certbot", "/usr/bin/pebble", "/usr/bin/pebble-challtestsrv", "/usr/bin/openssl"]
            .into_iter()
            .filter(|path| !Path::new(path).exists())
            .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var_os("SSLSCALE_REQUIRE").is_none(), "not on this machine: {missing:?}");
    eprintln!("SKIPPED: not on this machine: {missing:?}");
    false
}

/// A program that ends with this value.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program on a host and waits until something there listens on `port`.
pub fn started(kept: &Kept, host: &str, command: &[&str], port: u16) -> Running {
    let mut command = kept.command(host, command);
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running(silent.spawn().unwrap());
    let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !kept.inside(host, &["bash", "-c", &connect]).status.success() {
        let ended = running.0.try_wait().unwrap();
        assert!(ended.is_none() && Instant::now() < deadline, "nothing listens on port {port} of {host}: {ended:?}");
        sleep(Duration::from_millis(20));
    }
    running
}

/// The authority: it resolves every name to this address, and asks there.
fn authority(try_out: &Try, kept: &Kept, names_lead_to: &str) -> [Running; 2] {
    let folder = try_out.folder();
    let (cert, key) = (folder.join("pebble.crt"), folder.join("pebble.key"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=pebble", "-addext", &format!("subjectAltName=IP:{CLIENT}"), "-keyout"])
        .args([&key, Path::new("-out"), &cert])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let config = serde_json::json!({ "pebble": {
        "listenAddress": "0.0.0.0:14000", "managementListenAddress": "127.0.0.1:15000",
        "certificate": format!("/.machine{}", cert.display()), "privateKey": format!("/.machine{}", key.display()),
        "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "", "externalAccountBindingRequired": false,
    } });
    let config = try_out.beside("pebble.json", &config.to_string());
    let dns = ["/usr/bin/pebble-challtestsrv", "-defaultIPv4", names_lead_to, "-defaultIPv6", "", "-dns01"];
    let others = ["127.0.0.1:8053", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", "127.0.0.1:8055"];
    let dns = started(kept, "clients", &[&dns[..], &others].concat(), 8055);
    let plainly = ["/usr/bin/env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0"];
    let pebble = ["/usr/bin/pebble", "-config", &config, "-dnsserver", "127.0.0.1:8053"];
    [dns, started(kept, "clients", &[&plainly[..], &pebble].concat(), 14000)]
}

/// One order of certbot's on a host: whether a certificate came of it, and all that was said.
fn ordered(kept: &Kept, host: &str, answer: &[&str]) -> (bool, String) {
    let place = ["--config-dir", "/tmp/certbot/c", "--work-dir", "/tmp/certbot/w", "--logs-dir", "/tmp/certbot/l"];
    let server = format!("https://{CLIENT}:14000/dir");
    let order = ["/usr/bin/certbot", "certonly", "--non-interactive", "--agree-tos", "--no-verify-ssl", "--server"];
    let names = ["--register-unsafely-without-email", "--force-renewal", "-d", "example.com", "-d", "www.example.com"];
    let words = [&["/usr/bin/env", "HOME=/tmp"], &order[..], &[&server], &names, &place, answer].concat();
    let done = kept.inside(host, &words);
    let output = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    let chain = kept.inside(host, &["cat", LIVE]).stdout;
    let issued = done.status.success() && covered(&chain) == ["example.com", "www.example.com"];
    (issued, format!("{output}{}", String::from_utf8_lossy(&chain)))
}

/// The DNS names of the first certificate of a chain, sorted; none where there is no chain.
fn covered(chain: &[u8]) -> Vec<String> {
    let Some(Ok(pem)) = Pem::iter_from_buffer(chain).next() else { return Vec::new() };
    let certificate = pem.parse_x509().unwrap();
    assert_ne!(certificate.issuer(), certificate.subject(), "the authority issues it, not the server itself");
    let names = certificate.subject_alternative_name().unwrap().map(|it| &it.value.general_names);
    let mut names: Vec<String> = names
        .into_iter()
        .flatten()
        .map(|name| match name {
            GeneralName::DNSName(name) => (*name).to_owned(),
            other => panic!("{other}"),
        })
        .collect();
    names.sort();
    names
}

const LIVE: &str = "/tmp/certbot/c/live/example.com/fullchain.pem";

fn fleet(http: &str) -> (Try, Kept) {
    let try_out = Try::inventory(&format!("{FLEET}{http}\n"));
    let kept = try_out.keep();
    (try_out, kept)
}

fn webroot(root: &str) -> [&str; 3] {
    ["--webroot", "-w", root]
}

#[test]
fn certificates_are_issued_through_roundrobin() {
    let _beside = beside();
    if !parts() {
        return;
    }
    // One app server, which itself listens while it orders.
    let (try_out, kept) = fleet("http: { acme_challenge: { app_server: srv2, port: 8888 } }");
    let authority_of = authority(&try_out, &kept, "10.0.0.10");
    let (issued, output) = ordered(&kept, "srv2", &["--standalone", "--http-01-port", "8888"]);
    assert!(issued, "{output}");
    let (issued, output) = ordered(&kept, "srv1", &["--standalone", "--http-01-port", "8888"]);
    assert!(!issued, "another server than the one that is named: {output}");
    drop((authority_of, kept));
    // One app server, whose nginx serves what the client writes, beside Debian's own site.
    let (try_out, kept) = fleet("http: { acme_challenge: { app_server: srv1, root: /var/www/acme } }");
    let authority_of = authority(&try_out, &kept, "10.0.0.10");
    let (issued, output) = ordered(&kept, "srv1", &webroot("/var/www/acme"));
    assert!(issued, "{output}");
    drop((authority_of, kept));
    // A central host, to which the fleet sends the authority.
    let (try_out, kept) = fleet(&format!("http: {{ acme_challenge: {{ redirect: \"http://{CLIENT}\" }} }}"));
    let _authority = authority(&try_out, &kept, "10.0.0.10");
    let (issued, output) = ordered(&kept, "clients", &["--standalone"]);
    assert!(issued, "{output}");
}

#[test]
fn without_a_place_for_challenges_orders_fail() {
    let _beside = beside();
    if !parts() {
        return;
    }
    // The control: every app server answers from its own disk, and the order's answer is on one of them.
    let local = "    locations: [{ path: /.well-known/acme-challenge/, root: /var/www/acme }]";
    let (try_out, kept) = fleet(local);
    let authority_of = authority(&try_out, &kept, "10.0.0.10");
    let issued = (0..2).filter(|_| ordered(&kept, "srv1", &webroot("/var/www/acme")).0).count();
    eprintln!("without `acme_challenge`: {issued} of 2 orders of two names each were issued");
    assert!(issued < 2, "all were issued");
    drop((authority_of, kept));
    // The control's control: it is the other server that makes them fail.
    let try_out = Try::inventory(&format!("{}{local}\n", FLEET.replace("10.0.0.12", "10.0.0.12, backup: true")));
    let kept = try_out.keep();
    let _authority = authority(&try_out, &kept, "10.0.0.10");
    let (issued, output) = ordered(&kept, "srv1", &webroot("/var/www/acme"));
    assert!(issued, "{output}");
}
