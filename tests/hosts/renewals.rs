//! Renewals as users have them: certbot on an app server orders certificates from pebble through the fleet, and `sslscale
//! certs roll` brings them to all app servers, by certbot's hook there or by a timer on another host. The commands, the
//! hook and the units are those of the guide.

use std::fs;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::certs::{leaves, state};
use crate::client::{Load, Window};
use crate::deploy::{nothing_pending, run, to_stock};
use crate::fleet::Host;
use crate::need;
use crate::pebble::Pebble;
use crate::served::{APPS, Served, Shared, figure};
use crate::ssh::pinned;

const GUIDE: &str = include_str!("../../docs/guide.md");
const LIVE: &str = "/etc/letsencrypt/live/example.com";
const HOOK: &str = "/etc/letsencrypt/renewal-hooks/deploy/sslscale";
/// What a client of the fleet may see, at this rate for each balancer.
const BALANCERS: [&str; 2] = ["lb1", "lb2"];
const RATE: u32 = 30;

/// A block of the guide that names its file in a comment.
fn listed(file: &str) -> String {
    let is_it = |block: &&str| block.lines().take(3).any(|line| line == format!("# {file}"));
    let block = GUIDE.split("\n```").find(is_it).unwrap_or_else(|| panic!("the guide has no {file}"));
    format!("{}\n", block.split_once('\n').unwrap().1)
}

/// A command of the guide, without what its lines begin with.
fn command(begin: &str) -> String {
    let text = GUIDE.replace("\\\n", "");
    let line = text.lines().find(|line| line.get(2..).is_some_and(|rest| rest.starts_with(begin)));
    line.unwrap_or_else(|| panic!("the guide has no `{begin}`"))[2..].to_owned()
}

/// Waits until no run is left that the timer has started.
fn ended(host: &Host) {
    let state = || host.run("systemctl show -p ActiveState --value sslscale-certs.service");
    host.until("the run has ended", || !["activating", "active"].contains(&state().as_str()));
}

/// A fleet whose certificate certbot has ordered on `app1`.
struct Renewing {
    pebble: Pebble,
    served: Shared,
    inventory: String,
}

fn inventory(served: &Served, certificate: &str, key: &str) -> String {
    let sources =
        format!("    ssl_certificate_source: {certificate}\n    ssl_certificate_key_source: {key}\n    locations:");
    let text = pinned(served).replace("/etc/ssl/example/", "/etc/ssl/rolled/").replace("    locations:", &sources);
    assert!(text.contains("/etc/ssl/rolled/") && text.contains(&sources), "{text}");
    text + "http: { acme_challenge: { app_server: app1, root: /var/www/acme } }\n"
}

impl Renewing {
    /// As the guide tells: a self-signed certificate, an order, and the certificate of that.
    fn begin() -> Option<Self> {
        if !need::programs(&["pebble", "pebble-challtestsrv", "openssl", "curl", "setpriv"]) {
            return None;
        }
        let served = Shared::with_certbot()?;
        to_stock(&served);
        served.on_apps("rm -rf /etc/ssl/rolled /var/www/acme");
        let app1 = served.host("app1");
        app1.run(&format!("cd /etc/letsencrypt && rm -rf accounts archive live renewal {HOOK}"));
        let folder = served.fleet.path("first");
        fs::create_dir_all(&folder).unwrap();
        let mut openssl = served.fleet.command("sh");
        let openssl =
            openssl.args(["-c", &format!("cd /run/hosts/first && {}", command("openssl req"))]).output().unwrap();
        assert!(openssl.status.success(), "{openssl:?}");
        let first = inventory(&served, "/run/hosts/first/first.crt", "/run/hosts/first/first.key");
        run(&served, &first, &["deploy", "--yes"], 0);
        let pebble = Pebble::start(&served, served.host("lb1").address);
        let directory = Pebble::directory();
        // What somebody without a mail address would answer, and an authority that no system knows.
        let answers = format!(
            "server = {directory}\nno-verify-ssl = true\nagree-tos = true\nregister-unsafely-without-email = true\n"
        );
        served.put(app1, &[("/etc/letsencrypt/cli.ini", "0644", answers.into())]);
        app1.run(&format!("{} --non-interactive 2>&1", command("certbot certonly")));
        // The certificate is always due.
        app1.run("sed -i '1i renew_before_expiry = 10000 days' /etc/letsencrypt/renewal/example.com.conf");
        let inventory = inventory(&served, &format!("app1:{LIVE}/fullchain.pem"), &format!("app1:{LIVE}/privkey.pem"));
        run(&served, &inventory, &["certs", "roll"], 0);
        let fleet = Self { pebble, served, inventory };
        assert!(fleet.stale().is_empty());
        Some(fleet)
    }

    fn app1(&self) -> &Host {
        self.served.host("app1")
    }

    /// Makes a host one that sslscale runs on.
    fn install(&self, host: &str) -> &Host {
        let host = self.served.host(host);
        let read = |file: &str| fs::read(self.served.fleet.path(file)).unwrap();
        let inventory = self.inventory.replace("/run/hosts/login", "/root/.ssh/sslscale");
        let files = [
            ("/usr/local/bin/sslscale", "0755", fs::read(env!("CARGO_BIN_EXE_sslscale")).unwrap()),
            ("/etc/sslscale/fleet.yaml", "0644", inventory.into()),
            ("/root/.ssh/sslscale", "0600", read("login")),
        ];
        self.served.put(host, &files);
        host
    }

    /// Makes sslscale run on a host by a timer, here every two seconds.
    fn timer(&self, host: &Host) {
        let unit = |end: &str| format!("/etc/systemd/system/sslscale-certs.{end}");
        let (service, timer) = (unit("service"), unit("timer"));
        let often = "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nRandomizedDelaySec=0\nAccuracySec=100ms\n";
        let files = [
            (&*service, "0644", listed(&service).into()),
            (&*timer, "0644", listed(&timer).into()),
            ("/etc/systemd/system/sslscale-certs.timer.d/often.conf", "0644", often.into()),
            // Which systemd stops where runs are short.
            (
                "/etc/systemd/system/sslscale-certs.service.d/often.conf",
                "0644",
                "[Unit]\nStartLimitIntervalSec=0\n".into(),
            ),
        ];
        self.served.put(host, &files);
        host.run(&format!("systemctl daemon-reload; {}", command("systemctl enable --now sslscale-certs")));
    }

    /// Lets certbot renew as its own timer does.
    fn renew(&self) {
        let before = self.leaf();
        self.app1().run("systemctl start certbot.service");
        assert!(
            self.leaf() != before,
            "{}",
            self.app1().run("journalctl -u certbot -n 50; tail -n 50 /var/log/letsencrypt/letsencrypt.log")
        );
    }

    /// What certbot has.
    fn leaf(&self) -> Vec<u8> {
        let chain = self.app1().run(&format!("cat {LIVE}/fullchain.pem"));
        CertificateDer::from_pem_slice(chain.as_bytes()).unwrap().to_vec()
    }

    /// The app servers that show another certificate than certbot has, to any of several connections.
    fn stale(&self) -> Vec<&'static str> {
        let wanted = self.leaf();
        let shows =
            |app: &&str| leaves(&self.served, &self.pebble.authority, app, 8).iter().all(|leaf| *leaf == wanted);
        APPS.into_iter().filter(|app| !shows(app)).collect()
    }

    /// The next second, in which everybody has to be shown what certbot has.
    fn window(&self, load: &Load) -> Window {
        let from = load.elapsed();
        std::thread::sleep(Duration::from_secs(1));
        Window { from, to: load.elapsed(), leaf: self.leaf() }
    }

    fn load(&self) -> Load {
        let load = Load::trusting(&self.pebble.authority, &self.served, &BALANCERS, RATE);
        std::thread::sleep(Duration::from_secs(1));
        load
    }
}

#[test]
fn certificates_of_certbot_reach_every_app_server() {
    let Some(fleet) = Renewing::begin() else { return };
    let (app1, admin) = (fleet.install("app1"), fleet.install("admin"));
    let count = if std::env::var_os("SSLSCALE_SOAK").is_some() { [15, 15] } else { [2, 1] };
    let load = fleet.load();
    let mut windows = Vec::new();
    fleet.served.put(app1, &[(HOOK, "0755", listed(HOOK).into())]);
    for _ in 0..count[0] {
        // The hook has ended when certbot has.
        fleet.renew();
        assert!(fleet.stale().is_empty(), "{:?}", fleet.stale());
        windows.push(fleet.window(&load));
    }
    app1.run(&format!("rm {HOOK}"));
    fleet.timer(admin);
    for _ in 0..count[1] {
        fleet.renew();
        admin.until("the timer has brought it", || fleet.stale().is_empty());
        ended(admin);
        windows.push(fleet.window(&load));
    }
    admin.run("systemctl stop sslscale-certs.timer");
    ended(admin);
    let report = load.stop();
    let (seen, stale) = report.stale(&windows);
    figure(&format!("renewals with certbot, {} of them: {}", windows.len(), report.line()));
    figure(&format!("after `certs roll`: {stale} of {seen} connections were shown an older certificate"));
    assert_eq!((report.failed, stale), (0, 0), "{report:#?}");
    assert!(seen > 10 * windows.len(), "{seen}");
    // Nothing new: not a word, and nginx is as it was.
    let before = state(&fleet.served);
    admin.run("journalctl --rotate -q; systemctl start sslscale-certs.service");
    assert_eq!(state(&fleet.served), before);
    let said = admin.run("journalctl -q -u sslscale-certs -o cat -n 3 --no-pager");
    assert!(
        said.lines().all(|line| line.contains("sslscale-certs.service") || line.contains("Bring renewed")),
        "{said}"
    );
    nothing_pending(&fleet.served);
    links_that_are_half_way(&fleet);
    a_copy_without_a_reload(&fleet);
}

/// certbot replaces four links one after the other.
fn links_that_are_half_way(fleet: &Renewing) {
    let before = state(&fleet.served);
    let link = fleet.app1().run(&format!("readlink {LIVE}/privkey.pem"));
    let older =
        fleet.app1().run(&format!("cd {LIVE} && ls -v ../../archive/example.com/privkey* | tail -n 2 | head -n 1"));
    assert_ne!(link, older);
    fleet.app1().run(&format!("ln -sf {older} {LIVE}/privkey.pem"));
    let text = run(&fleet.served, &fleet.inventory, &["certs", "roll"], 3);
    fleet.app1().run(&format!("ln -sf {link} {LIVE}/privkey.pem"));
    let wanted = format!(
        "error: the private key in `app1:{LIVE}/privkey.pem` does not belong to the certificate in \
         `app1:{LIVE}/fullchain.pem`\n  help: "
    );
    assert!(text.starts_with(&wanted), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.ends_with("\nnothing was changed\n"), "{text}");
    assert_eq!(state(&fleet.served), before);
}

/// The control: what the test looks at does see an older certificate.
fn a_copy_without_a_reload(fleet: &Renewing) {
    let load = fleet.load();
    fleet.renew();
    for (from, to) in [("fullchain.pem", "ssl.crt"), ("privkey.pem", "ssl.key")] {
        let file = fleet.app1().run(&format!("cat {LIVE}/{from}")) + "\n";
        for app in APPS {
            fleet
                .served
                .put(fleet.served.host(app), &[(&format!("/etc/ssl/rolled/{to}"), "0600", file.clone().into())]);
        }
    }
    let (stale, window) = (fleet.stale(), fleet.window(&load));
    let (seen, older) = load.stop().stale(&[window]);
    figure(&format!("copied and not reloaded: {older} of {seen} connections were shown an older certificate"));
    assert_eq!((stale.as_slice(), older), (&APPS[..], seen));
    fleet.served.on_apps("systemctl reload nginx");
}

#[test]
fn a_renewal_while_an_app_server_is_down_reaches_it_later() {
    let Some(fleet) = Renewing::begin() else { return };
    let app1 = fleet.install("app1");
    fleet.served.put(app1, &[(HOOK, "0755", listed(HOOK).into())]);
    let cut = fleet.served.fleet.cut("app2");
    // certbot goes on although its hook fails, and does not run it again.
    fleet.renew();
    let log =
        app1.run("grep -i hook /var/log/letsencrypt/letsencrypt.log; journalctl -q -u certbot -o cat | tail -n 3");
    figure(&log);
    let up: Vec<Vec<u8>> = ["app1", "app3", "app4"]
        .iter()
        .flat_map(|app| leaves(&fleet.served, &fleet.pebble.authority, app, 8))
        .collect();
    assert!(up.iter().all(|leaf| *leaf == fleet.leaf()));
    drop(cut);
    fleet.served.wait_for_server("app2", "UP");
    assert_eq!(fleet.stale(), ["app2"]);
    fleet.timer(app1);
    app1.until("the timer has brought it", || fleet.stale().is_empty());
    app1.run("systemctl disable --now sslscale-certs.timer");
    ended(app1);
    nothing_pending(&fleet.served);
}
