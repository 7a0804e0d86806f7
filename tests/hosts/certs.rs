//! `sslscale certs roll` over SSH: renewed certificates on app servers behind balancers, under new connections.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConnection;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

use crate::client::{self, Load};
use crate::deploy::{nothing_pending, run, to_stock};
use crate::served::{APPS, Pair, SITE, Served, Shared, UP_TO_DATE, entry, figure};
use crate::ssh::pinned;

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

/// The certificate that an app server shows to a balancer.
fn leaf(served: &Served, app: &str) -> Vec<u8> {
    let to: SocketAddr = entry(served.host(app)).parse().unwrap();
    let (config, network) = (client::config(&served.authority, "http/1.1"), served.fleet.network());
    let look = move || {
        network.join();
        let mut tcp = TcpStream::connect_timeout(&to, Duration::from_secs(10)).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        tcp.write_all(format!("PROXY TCP4 10.0.0.1 {} 50000 443\r\n", to.ip()).as_bytes()).unwrap();
        let mut tls = ClientConnection::new(Arc::clone(&config), ServerName::try_from(SITE).unwrap()).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp).unwrap();
        }
        tls.peer_certificates().unwrap()[0].to_vec()
    };
    std::thread::spawn(look).join().unwrap()
}

fn shows(served: &Served, pair: &Pair) {
    let wanted = CertificateDer::from_pem_slice(pair.chain.as_bytes()).unwrap();
    for app in APPS {
        assert!(leaf(served, app) == *wanted, "{app} shows another certificate");
    }
}

/// The files of all app servers' programs and certificates, and the nginx that runs there.
fn state(served: &Served) -> Vec<String> {
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
        shows(&served, &pair);
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
