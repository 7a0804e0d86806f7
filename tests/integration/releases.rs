//! Shows that the release harness tells good trees from bad ones before anything relies on it: on
//! every release and here, a good tree passes, and each planted fault is named by the program.

use std::fs;
use std::process::Command;

use crate::support::need;
use crate::support::release::{HERE, Outcome, RELEASES, Release, Stock};

const HAPROXY: &str = "\
global
    user haproxy
    group haproxy
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
frontend tls
    bind 10.0.0.10:443
    default_backend apps
backend apps
    server srv1 10.0.0.11:443 check send-proxy
";

// The addresses are no machine's: a check must not depend on where it runs.
const NGINX: &str = "\
server {
    listen 10.0.0.11:443 ssl proxy_protocol;
    listen [fd00::11]:443 ssl proxy_protocol;
    server_name example.com;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate /etc/ssl/example/ssl.crt;
    ssl_certificate_key /etc/ssl/example/ssl.key;
    set_real_ip_from 10.0.0.10;
    real_ip_header proxy_protocol;
    location / { include uwsgi_params; uwsgi_pass unix:/run/app/app.sock; }
}
";

/// A tree with both programs' files and a certificate, as a host would have it.
fn tree(haproxy: &str, nginx: &str) -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("a temporary folder can be made");
    let signed = rcgen::generate_simple_self_signed(["example.com".to_owned()]).expect("the name is a valid one");
    for (path, text) in [
        ("etc/haproxy/haproxy.cfg", haproxy),
        ("etc/nginx/conf.d/sslscale.conf", nginx),
        ("etc/ssl/example/ssl.crt", &signed.cert.pem()),
        ("etc/ssl/example/ssl.key", &signed.signing_key.serialize_pem()),
    ] {
        let file = tree.path().join(path);
        fs::create_dir_all(file.parent().expect("every path has a folder"))
            .and_then(|()| fs::write(&file, text))
            .expect("the temporary folder is writable");
    }
    tree
}

fn rejected<'a>(outcomes: &'a [Outcome], program: &str, because: &str) -> &'a Outcome {
    let outcome = outcomes.iter().find(|o| o.program == program).expect("the program was run");
    assert!(!outcome.accepted(), "{program} accepted it\n{outcome}");
    assert!(outcome.output.contains(because), "{outcome}");
    outcome
}

fn opened() -> impl Iterator<Item = Release> {
    RELEASES.into_iter().chain([HERE]).filter_map(Release::open)
}

#[test]
fn a_good_tree_is_accepted_everywhere() {
    let tree = tree(HAPROXY, NGINX);
    for mut release in opened() {
        for stock in Stock::ALL {
            release.assert_accepts(stock, tree.path());
        }
    }
}

#[test]
fn an_unknown_directive_is_rejected_everywhere() {
    let tree = tree(
        &HAPROXY.replace("mode tcp", "mode tcp\n    balanced roundrobin"),
        &NGINX.replace("server_name", "server_names"),
    );
    for mut release in opened() {
        let outcomes = release.check(Stock::Debian, tree.path());
        rejected(&outcomes, "haproxy", "'balanced'");
        rejected(&outcomes, "nginx", "\"server_names\"");
    }
}

// Both pass with status 0: a harness that looks at the status alone would accept them.
#[test]
fn a_mere_warning_is_rejected() {
    let tree = tree(&HAPROXY.replace("    timeout client 1m\n", ""), &NGINX.replace("443 ssl", "443 ssl http2"));
    for mut release in opened() {
        let outcomes = release.check(Stock::Debian, tree.path());
        let haproxy = rejected(&outcomes, "haproxy", "[WARNING]");
        assert_eq!(haproxy.status, 0, "{haproxy}");
        if release.nginx() >= (1, 25, 1) {
            let nginx = rejected(&outcomes, "nginx", "[warn]");
            assert_eq!(nginx.status, 0, "{nginx}");
        } else {
            assert!(outcomes.iter().any(|o| o.program == "nginx" && o.accepted()));
        }
    }
}

// A directive newer than a release is what the target version in an inventory is for.
#[test]
fn each_release_knows_its_own_directives() {
    let tree = tree(HAPROXY, &NGINX.replace("server_name", "http2 on;\n    server_name"));
    for mut release in opened() {
        let outcomes = release.check(Stock::Debian, tree.path());
        let nginx = outcomes.iter().find(|o| o.program == "nginx").unwrap();
        assert_eq!(nginx.accepted(), release.nginx() >= (1, 25, 1), "{nginx}");
    }
}

// The tree must be read at its deployed paths inside the root, and nothing of it may stay there.
#[test]
fn a_check_leaves_nothing_behind() {
    let good = tree(HAPROXY, NGINX);
    let bare = tempfile::tempdir().unwrap();
    let conf = "etc/nginx/conf.d/sslscale.conf";
    fs::create_dir_all(bare.path().join("etc/nginx/conf.d")).unwrap();
    fs::copy(good.path().join(conf), bare.path().join(conf)).unwrap();
    for mut release in opened() {
        release.assert_accepts(Stock::Debian, good.path());
        let outcomes = release.check(Stock::Debian, bare.path());
        rejected(&outcomes, "nginx", "/etc/ssl/example/ssl.crt");
    }
}

#[test]
fn the_stock_files_are_the_ones_in_force() {
    let tree = tree(HAPROXY, &format!("log_format main x;\n{NGINX}"));
    for mut release in opened() {
        let outcomes = release.check(Stock::NginxOrg, tree.path());
        rejected(&outcomes, "nginx", "\"main\"");
        release.assert_accepts(Stock::NoDefaultSite, tree.path());
    }
    let tree = self::tree(HAPROXY, &NGINX.replace("10.0.0.11:443 ssl proxy_protocol", "80 default_server"));
    for mut release in opened().filter(|release| release.name() != HERE) {
        let outcomes = release.check(Stock::Debian, tree.path());
        rejected(&outcomes, "nginx", "default server");
        release.assert_accepts(Stock::NoDefaultSite, tree.path());
    }
}

#[test]
fn versions_are_those_of_the_programs() {
    let found: Vec<_> = RELEASES.into_iter().filter_map(Release::open).collect();
    for pair in found.windows(2) {
        assert!(pair[0].haproxy() < pair[1].haproxy());
        assert!(pair[0].nginx() < pair[1].nginx());
    }
    let Some(here) = Release::open(HERE) else {
        return;
    };
    let program = need::find("nginx").expect("open has found it");
    let output = Command::new(program).arg("-v").output().unwrap();
    let (major, minor, patch) = here.nginx();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&format!("/{major}.{minor}.{patch}")), "{text}");
}

#[test]
fn a_missing_root_is_reported() {
    let required = std::env::var("SSLSCALE_REQUIRE").is_ok_and(|value| value == "1");
    let opened = std::panic::catch_unwind(|| Release::open("potato").is_none());
    assert_eq!(opened.is_err(), required, "{opened:?}");
}
