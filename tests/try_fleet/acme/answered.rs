//! Balancers that answer challenges themselves: an ACME client on an app server, and an authority that asks a virtual
//! address of two balancers, while no app server's nginx runs.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};

use super::{CLIENT, authority, parts};
use crate::beside;
use crate::cases::cases;
use crate::run::{Kept, Try};

const PYTHON: &str = "/usr/bin/python3";
const VIRTUAL: &str = "10.0.0.100";

fn client() -> String {
    format!("{}/tests/try_fleet/acme/client.py", env!("CARGO_MANIFEST_DIR"))
}

/// A key for an account beside the fleet's inventory, and its thumbprint.
fn thumbprint(folder: &std::path::Path) -> String {
    let key = folder.join("account.key");
    let made = Command::new(PYTHON).args(["-W", "ignore", &client(), "key"]).arg(key).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

fn fleet(thumbprint: &str) -> Try {
    Try::inventory(&format!(
        "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}, {{ name: lb2, address: 10.0.0.20 }}]\n\
         app_servers: [{{ name: srv1, address: 10.0.0.11 }}, {{ name: srv2, address: 10.0.0.12 }}]\n\
         high_availability: {{ virtual_addresses: [{VIRTUAL}] }}\n\
         http: {{ acme_challenge: {{ account_thumbprint: {thumbprint} }} }}\n\
         sites: [{{ server_name: [example.com, www.example.com], root: /srv/www, ssl_certificate: /etc/ssl/a.crt, \
         ssl_certificate_key: /etc/ssl/a.key }}]\n"
    ))
}

/// The virtual address is at this balancer from now on.
fn lead(kept: &Kept, balancer: &str) {
    let moved = kept.inside("clients", &["ip", "route", "replace", VIRTUAL, "via", balancer, "dev", "eth0", "onlink"]);
    assert!(moved.status.success(), "{moved:?}");
}

/// Stops a program of a host, and waits until it has ended.
fn stop(kept: &Kept, host: &str) {
    kill(kept.program(host), Signal::SIGTERM).unwrap();
    while kill(kept.program(host), None).is_ok() {
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn orders_go_on_while_a_balancer_stops() {
    let _beside = beside();
    if !parts() {
        return;
    }
    let orders = cases(100);
    let folder = tempfile::tempdir().unwrap();
    let try_out = fleet(&thumbprint(folder.path()));
    let kept = try_out.keep();
    let _authority = authority(&try_out, &kept, VIRTUAL);
    lead(&kept, "10.0.0.10");
    // What is not running is not asked.
    stop(&kept, "srv1");
    stop(&kept, "srv2");
    let (key, url) = (folder.path().join("account.key"), format!("https://{CLIENT}:14000/dir"));
    let (script, key) = (format!("/.machine{}", client()), format!("/.machine{}", key.display()));
    let count = orders.to_string();
    let words = [PYTHON, "-W", "ignore", &script, "order", &key, &url, &count, "example.com", "www.example.com"];
    let mut client = kept.command("srv1", &words).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(client.stdout.take().unwrap()).lines() {
        lines.push(line.unwrap());
        if lines.len() as u32 == orders / 2 {
            // The other balancer has the address a second later, as with keepalived at its fastest.
            stop(&kept, "lb1");
            sleep(Duration::from_secs(1));
            lead(&kept, "10.0.0.20");
        }
    }
    assert!(client.wait().unwrap().success());
    let issued = lines.iter().filter(|line| line.ends_with(" example.com www.example.com")).count();
    let again = lines.iter().filter(|line| line.starts_with("issued") && !line.starts_with("issued 0 ")).count();
    eprintln!(
        "{issued} of {orders} orders were issued, {again} of them after one that failed while a balancer stopped"
    );
    assert_eq!(issued, orders as usize, "{lines:#?}");
    assert!(again <= 1, "only the order of that second failed: {lines:#?}");
}

#[test]
fn an_account_with_another_key_gets_nothing() {
    let _beside = beside();
    if !parts() {
        return;
    }
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    thumbprint(folder.path());
    let try_out = fleet(&thumbprint(other.path()));
    let kept = try_out.keep();
    let _authority = authority(&try_out, &kept, VIRTUAL);
    lead(&kept, "10.0.0.20");
    let ordered = |key: &std::path::Path| {
        let key = format!("/.machine{}/account.key", key.display());
        let (script, url) = (format!("/.machine{}", client()), format!("https://{CLIENT}:14000/dir"));
        let words = [PYTHON, "-W", "ignore", &script, "order", &key, &url, "1", "example.com"];
        String::from_utf8(kept.inside("srv2", &words).stdout).unwrap()
    };
    assert!(ordered(folder.path()).starts_with("failed"));
    assert_eq!(ordered(other.path()), "issued 0 example.com\n");
}
