//! `sslscale certs roll` over SSH: renewed certificates on app servers behind balancers, under new connections.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConnection;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

use crate::client::{self, Load};
use crate::deploy::{Replaced, nothing_pending, run, to_stock};
use crate::served::{APPS, Pair, SITE, Served, Shared, UP_TO_DATE, entry, figure};
use crate::ssh::{Operator, pinned};

/// The inventory, on the operator's machine.
const FILE: &str = "/run/hosts/operator/inventory.yaml";
const LIVE: &str = "/etc/letsencrypt/live/example.com";

/// An inventory whose certificate is renewed on app1.
fn inventory(served: &Served) -> String {
    let text = pinned(served) + "tickets: per_host\n";
    let own = text.replace("/etc/ssl/example/", "/etc/ssl/rolled/");
    let sources = format!(
        "    ssl_certificate_source: app1:{LIVE}/fullchain.pem\n    \
         ssl_certificate_key_source: app1:{LIVE}/privkey.pem\n    locations:"
    );
    assert_ne!(own, text);
    own.replace("    locations:", &sources)
}

/// Deploys for the first time, with this pair.
fn begin(served: &Served, inventory: &str, pair: &Pair) {
    to_stock(served);
    served.on_apps("rm -rf /etc/ssl/rolled");
    renew(served, pair);
    run(served, inventory, &["deploy", "--yes"], 0);
}

/// Puts a pair where certbot leaves it.
fn renew(served: &Served, pair: &Pair) {
    let (chain, key) = (format!("{LIVE}/fullchain.pem"), format!("{LIVE}/privkey.pem"));
    let files = [(&*chain, "0644", pair.chain.clone().into()), (&*key, "0600", pair.key.clone().into())];
    served.put(served.host("app1"), &files);
}

/// The certificates that an app server shows to a balancer in so many connections.
pub fn leaves(served: &Served, authority: &str, app: &str, count: usize) -> Vec<Vec<u8>> {
    let to: SocketAddr = entry(served.host(app)).parse().unwrap();
    let (config, network) = (client::config(authority, "http/1.1"), served.fleet.network());
    let look = move || {
        let mut tcp = TcpStream::connect_timeout(&to, Duration::from_secs(10)).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        tcp.write_all(format!("PROXY TCP4 10.0.0.1 {} 50000 443\r\n", to.ip()).as_bytes()).unwrap();
        let mut tls = ClientConnection::new(Arc::clone(&config), ServerName::try_from(SITE).unwrap()).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp).unwrap();
        }
        tls.peer_certificates().unwrap()[0].to_vec()
    };
    let look = move || {
        network.join();
        (0..count).map(|_| look()).collect()
    };
    std::thread::spawn(look).join().unwrap()
}

fn leaf(served: &Served, app: &str) -> Vec<u8> {
    leaves(served, &served.authority, app, 1).remove(0)
}

fn shows(served: &Served, apps: &[&str], pair: &Pair) {
    let wanted = CertificateDer::from_pem_slice(pair.chain.as_bytes()).unwrap();
    for app in apps {
        assert!(leaf(served, app) == *wanted, "{app} shows another certificate");
    }
}

/// The files of all app servers' programs and certificates, and the nginx that runs there.
pub fn state(served: &Served) -> Vec<String> {
    let script = "find /etc/nginx /etc/ssl/rolled /var/lib/sslscale -type f -exec md5sum {} + | sort -k 2; \
                  stat -c '%a %U:%G' /etc/ssl/rolled/ssl.key; pgrep -x nginx | sort";
    APPS.iter().map(|app| served.host(app).run(script)).collect()
}

#[test]
fn renewals_reach_every_app_server_and_no_connection_fails() {
    let Some(served) = Shared::get() else { return };
    let inventory = inventory(&served);
    begin(&served, &inventory, &served.pair(-100));
    assert_eq!(run(&served, &inventory, &["certs", "roll"], 0), "");
    let load = Load::start(&served, &["lb1", "lb2"], 50);
    std::thread::sleep(Duration::from_secs(1));
    for hours in [-90, -80, -70] {
        let pair = served.pair(hours);
        renew(&served, &pair);
        let started = Instant::now();
        let text = run(&served, &inventory, &["certs", "roll"], 0);
        figure(&format!("certs roll: {:.1} s", started.elapsed().as_secs_f64()));
        assert!(text.contains("/etc/ssl/rolled/ssl.crt on app1, app2, app3, app4: expires on `"), "{text}");
        shows(&served, &APPS, &pair);
        let before = state(&served);
        assert_eq!(run(&served, &inventory, &["certs", "roll"], 0), "");
        assert_eq!(state(&served), before);
        assert!(before.iter().all(|it| it.contains("\n600 root:root\n")), "{before:#?}");
    }
    let report = load.stop();
    figure(&format!("three renewals: {}", report.line()));
    assert_eq!(report.failed, 0, "{report:#?}");
    nothing_pending(&served);
    assert_eq!(run(&served, &inventory, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);
    // A pair that does not match, and one that is older.
    let before = state(&served);
    let other = Pair { key: served.pair(-60).key, ..served.pair(-60) };
    for (pair, says) in [(other, "does not belong to the certificate"), (served.pair(-95), "on the host begins on `")] {
        renew(&served, &pair);
        let text = run(&served, &inventory, &["certs", "roll"], 3);
        assert!(text.contains(says), "{text}");
        assert_eq!(state(&served), before);
    }
    nothing_pending(&served);
}

#[test]
fn a_certificate_that_does_not_come_up_on_one_app_server_is_undone_on_all() {
    let Some(served) = Shared::get() else { return };
    let inventory = inventory(&served);
    let first = served.pair(-100);
    begin(&served, &inventory, &first);
    // nginx there has been made to use another file.
    let app2 = served.host("app2");
    app2.run("sed -i s,/etc/ssl/rolled/,/etc/ssl/example/, /etc/nginx/conf.d/sslscale.conf && systemctl reload nginx");
    renew(&served, &served.pair(-50));
    let text = run(&served, &inventory, &["certs", "roll"], 4);
    assert!(text.contains("error: app2: it does not serve `example.com`: it shows another certificate\n"), "{text}");
    nothing_pending(&served);
    let wanted = CertificateDer::from_pem_slice(first.chain.as_bytes()).unwrap();
    for app in APPS.into_iter().filter(|app| *app != "app2") {
        assert!(leaf(&served, app) == *wanted, "{app} does not show the certificate from before");
    }
    for app in APPS {
        assert_eq!(served.host(app).run("cat /etc/ssl/rolled/ssl.crt") + "\n", first.chain, "{app}");
    }
}

#[test]
fn a_host_that_is_down_keeps_no_other_from_a_renewal() {
    let Some(served) = Shared::get() else { return };
    let inventory = inventory(&served);
    let first = served.pair(-100);
    begin(&served, &inventory, &first);
    for (down, hours) in [("app2", -90), ("lb1", -80)] {
        let cut = served.fleet.cut(down);
        let pair = served.pair(hours);
        renew(&served, &pair);
        let others: Vec<&str> = APPS.into_iter().filter(|app| *app != down).collect();
        // Nothing is said of what would be mixed then.
        let text = run(&served, &inventory, &["certs", "roll", "--dry-run"], 3);
        let ends = format!(
            "every program that was asked accepts its files; nothing was changed\n  help: `sslscale certs roll {FILE}` changes \
             these hosts; run it again once {down} can be reached\n"
        );
        assert!(text.ends_with(&ends), "{text}");
        let text = run(&served, &inventory, &["certs", "roll"], 5);
        let address = served.host(down).address;
        let why = format!(
            "error: {down}: nothing answers\n  | ssh: connect to host {address} port 22: Connection timed out\n  \
             help: check that the host is up and sshd listens: `ssh -i /run/hosts/login root@{address} true`\n"
        );
        let are = if down == "lb1" { "app1, app2, app3, app4 are" } else { "app1, app3, app4 are" };
        let ends = format!(
            "{why}the fleet is mixed: {are} on the new release; {down} is as before\n  \
             help: once {down} can be reached, run `sslscale certs roll {FILE}` again\n"
        );
        assert!(text.ends_with(&ends), "{text}");
        shows(&served, &others, &pair);
        // It is named for as long as it is down, and the others are left alone.
        let workers = || others.iter().map(|app| served.host(app).run("pgrep -x nginx | sort")).collect::<Vec<_>>();
        let before = workers();
        let text = run(&served, &inventory, &["certs", "roll"], 3);
        let help = format!(
            "  help: {down} may have an older certificate; once reachable, `sslscale certs roll {FILE}` brings the new one\n"
        );
        assert_eq!(text, format!("{why}{help}nothing was changed\n"));
        assert_eq!(workers(), before);
        drop(cut);
        served.host(down).until("it answers", || served.host(down).succeeds("true"));
        let text = run(&served, &inventory, &["certs", "roll"], 0);
        shows(&served, &APPS, &pair);
        if down != "lb1" {
            // It alone goes back.
            let back =
                format!("  help: `sslscale rollback --only {down} {FILE}` brings it back to what was there before\n");
            assert!(text.contains(&back), "{text}");
            run(&served, &inventory, &["rollback", "--only", down, "--yes"], 0);
            shows(&served, &others, &pair);
            run(&served, &inventory, &["certs", "roll"], 0);
            shows(&served, &APPS, &pair);
        }
        assert_eq!(run(&served, &inventory, &["certs", "roll"], 0), "");
        assert_eq!(run(&served, &inventory, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE);
    }
    // Where the pair is renewed.
    let cut = served.fleet.cut("app1");
    let text = run(&served, &inventory, &["certs", "roll"], 3);
    assert!(text.starts_with("error: app1: "), "{text}");
    drop(cut);
    nothing_pending(&served);
}

/// More sites than a deploy asks for, and a first balancer that is down.
#[test]
fn every_renewed_certificate_is_seen_on_the_wire() {
    let Some(served) = Shared::get() else { return };
    let inventory = inventory(&served);
    let (begins, ends) = (inventory.find("  - server_name").unwrap(), inventory.find("\nssh:").unwrap() + 1);
    let site = &inventory[begins..inventory.find("    ssl_certificate_source").unwrap()];
    let other = site.replace("/etc/ssl/rolled/", "/etc/ssl/example/");
    let others = (0..25).map(|n| other.replace("example.com", &format!("{n}.example.com")) + "    root: /srv\n");
    let others: String = others.collect();
    let inventory = format!("{}{others}{}{}", &inventory[..begins], &inventory[begins..ends], &inventory[ends..]);
    begin(&served, &inventory, &served.pair(-100));
    let swap = |from: &str, to: &str| {
        let script = format!("/server_name example.com;/,/ssl_certificate_key/s,/etc/ssl/{from}/,/etc/ssl/{to}/,");
        served
            .host("app2")
            .run(&format!("sed -i '{script}' /etc/nginx/conf.d/sslscale.conf && systemctl reload nginx"));
    };
    swap("rolled", "example");
    renew(&served, &served.pair(-50));
    let wrong = "error: app2: it does not serve `example.com`: it shows another certificate\n";
    let text = run(&served, &inventory, &["certs", "roll"], 4);
    assert!(text.contains(wrong), "{text}");
    let cut = served.fleet.cut("lb1");
    let text = run(&served, &inventory, &["certs", "roll"], 4);
    assert!(text.contains(wrong), "{text}");
    drop(cut);
    nothing_pending(&served);
}

#[test]
fn a_renewal_and_a_deploy_wait_for_nobody() {
    let Some(served) = Shared::get() else { return };
    let inventory = inventory(&served);
    begin(&served, &inventory, &served.pair(-100));
    let pair = served.pair(-90);
    renew(&served, &pair);
    let more = format!("{inventory}nginx: {{ keepalive_timeout: 30s }}\n");
    let app2 = served.host("app2");
    for (first, second) in [(("deploy", &more), ("certs", &inventory)), (("certs", &inventory), ("deploy", &more))] {
        if first.0 == "certs" {
            renew(&served, &served.pair(-80));
        }
        let words = |name: &str| if name == "certs" { vec!["certs", "roll"] } else { vec!["deploy", "--yes"] };
        app2.run("touch /run/hold");
        let held = Replaced::new(
            app2,
            "unshare",
            ": >/run/held; while [ -e /run/hold ]; do sleep 0.1; done; exec \"$real\" \"$@\"",
        );
        let running = Operator::new(&served, first.1)
            .command(&words(first.0))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        app2.until("the first has come to the check", || app2.succeeds("[ -e /run/held ]"));
        let text = run(&served, second.1, &words(second.0), 3);
        app2.run("rm -f /run/hold /run/held");
        let output = running.wait_with_output().unwrap();
        drop(held);
        assert!(output.status.success(), "{output:?}");
        assert!(text.contains("has this host, and was last active"), "{text}");
        assert!(text.contains("\nnothing was changed\n"), "{text}");
    }
    run(&served, &more, &["deploy", "--yes"], 0);
    assert_eq!(run(&served, &inventory, &["certs", "roll"], 0), "");
    nothing_pending(&served);
}

// The files were right, so nothing was to be done; nginx went on with what it had read.
#[test]
fn a_pair_that_was_copied_by_hand_is_loaded() {
    let Some(served) = Shared::get() else { return };
    let inventory = inventory(&served);
    begin(&served, &inventory, &served.pair(-100));
    let new = served.pair(-60);
    renew(&served, &new);
    let files = [
        ("/etc/ssl/rolled/ssl.crt", "0644", new.chain.clone().into()),
        ("/etc/ssl/rolled/ssl.key", "0600", new.key.clone().into()),
    ];
    served.apps().for_each(|app| served.put(app, &files));
    // One of them has loaded it.
    served.host("app2").run("systemctl reload nginx");
    let text = run(&served, &inventory, &["certs", "roll"], 0);
    for (app, reloads) in [("app1", true), ("app2", false), ("app3", true), ("app4", true)] {
        let line = format!("{app} has the certificates, but shows others: its nginx is reloaded\n");
        assert_eq!(text.contains(&line), reloads, "{text}");
    }
    shows(&served, &APPS, &new);
    assert_eq!(run(&served, &inventory, &["certs", "roll"], 0), "");
    nothing_pending(&served);
}

// The reload for a certificate put a file into effect that nobody had looked at: one host served nothing any more, and
// another served something else, with exit code 0.
#[test]
fn a_renewal_loads_nothing_that_somebody_has_changed() {
    let Some(served) = Shared::get() else { return };
    let inventory = inventory(&served);
    let first = served.pair(-100);
    begin(&served, &inventory, &first);
    let (app2, app3) = (served.host("app2"), served.host("app3"));
    // A second between what nginx loaded and the change tells them apart.
    std::thread::sleep(Duration::from_secs(2));
    app2.run("echo '# by hand' >>/etc/nginx/conf.d/sslscale.conf");
    app3.run("echo 'add_header X-Own yes;' >/etc/nginx/conf.d/own.conf");
    let new = served.pair(-60);
    renew(&served, &new);
    let left = |host: &str, file: &str| {
        format!(
            "error: {host}: it is left out: `/etc/nginx/conf.d/{file}` changed after nginx loaded its configuration, and a \
             reload would put that into effect\n"
        )
    };
    let both = [left("app2", "sslscale.conf"), left("app3", "own.conf")];
    let dry = run(&served, &inventory, &["certs", "roll", "--dry-run"], 5);
    let text = run(&served, &inventory, &["certs", "roll"], 5);
    assert!(both.iter().all(|line| dry.contains(line) && text.contains(line)), "{dry}\n{text}");
    shows(&served, &["app1", "app4"], &new);
    shows(&served, &["app2", "app3"], &first);
    // It goes on being said, and nothing is done to the others.
    let again = run(&served, &inventory, &["certs", "roll"], 3);
    assert!(both.iter().all(|line| again.contains(line)) && again.ends_with("nothing was changed\n"), "{again}");
    // The ways out that the help names.
    app3.run("systemctl reload nginx");
    run(&served, &inventory, &["deploy", "--yes", "--only", "app2"], 0);
    run(&served, &inventory, &["certs", "roll"], 0);
    shows(&served, &APPS, &new);
    app3.run("rm /etc/nginx/conf.d/own.conf; systemctl reload nginx");
    assert_eq!(run(&served, &inventory, &["certs", "roll"], 0), "");
    nothing_pending(&served);
}
