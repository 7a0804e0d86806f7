//! Upstreams with several servers, long heads, and TLS whose certificate is verified, on every release.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

use super::{HOSTS, on_every_release, site};

const APPS: [(&str, &str); 3] =
    [("http", "127.0.0.1:8001"), ("uwsgi", "127.0.0.1:8002"), ("fastcgi", "127.0.0.1:8003")];

/// The app over TLS, for the name `app.test`, with this authority of its own in front of nginx.
fn tls_app() -> (String, [String; 2]) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "authority of the test");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["app.test".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    (authority.pem(), [leaf.pem(), key.serialize_pem()])
}

#[test]
fn long_heads_pass_and_longer_ones_do_not() {
    let at = |kind: &str, scheme: &str, port: u16, more: &str| {
        format!("{{ path: /{kind}{more}/, {kind}_pass: \"{scheme}127.0.0.1:{port}\"")
    };
    let all = [("proxy", "http://", 8001), ("uwsgi", "", 8002), ("fastcgi", "", 8003), ("grpc", "grpc://", 8004)];
    let usual = all.map(|(kind, scheme, port)| format!("      - {} }}\n", at(kind, scheme, port, "")));
    let own = tempfile::tempdir().unwrap();
    let large = all.map(|(kind, scheme, port)| {
        // Text of the user's for one location, as the guide has it.
        let buffers = if kind == "grpc" { String::new() } else { format!("{kind}_buffers 8 20000;\n") };
        let file = own.path().join(kind);
        std::fs::write(&file, format!("{kind}_buffer_size 40000;\n{buffers}")).unwrap();
        format!("      - {}, include: [\"{}\"] }}\n", at(kind, scheme, port, "-l"), file.display())
    });
    let locations = [usual, large].concat().concat();
    let inventory = format!(
        "{HOSTS}nginx: {{ large_client_header_buffers: 20k }}\nsites:\n{}",
        site("a.test", &format!("    root: /srv\n    locations:\n{locations}"))
    );
    let grpc = (
        "/etc/nginx/conf.d/grpc.conf",
        "server { listen 127.0.0.1:8004 http2; location / { proxy_buffer_size 64k; proxy_buffers 8 64k; \
         proxy_pass http://127.0.0.1:8001; } }\n",
    );
    on_every_release(&inventory, &[grpc], &APPS, |served| {
        let mut wrong = Vec::new();
        for (kind, ..) in all {
            let heads = [(kind.to_owned(), 8_000, 200), (kind.to_owned(), 15_500, 200), (kind.to_owned(), 17_000, 502)];
            let larger = [(format!("{kind}-l"), 39_000, 200), (format!("{kind}-l"), 41_000, 502)];
            for (path, length, status) in heads.into_iter().chain(larger) {
                let answer = served.curl(&format!("https://a.test/{path}/?fill={length}"), "");
                // gRPC's is read as it comes; only each header has to fit.
                if answer.status != status && !(kind == "grpc" && status == 502) {
                    wrong.push(format!("{path}: a head of {length}: {}", answer.status));
                }
            }
        }
        for version in ["--http1.1", "--http2"] {
            // HTTP/2 sends seven bits for each of these letters.
            for (length, fits) in [(8_300, true), (20_000, true), (24_000, false)] {
                let cookie = "x".repeat(length);
                let answer = served.curl("https://a.test/proxy/", &format!("{version} -H 'Cookie: {cookie}'"));
                if (answer.status == 200) != fits {
                    wrong.push(format!("{version}: a cookie of {length}: {} {}", answer.exit, answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{}: {wrong:#?}", served.name());
    });
}

#[test]
fn a_certificate_that_is_not_the_apps_is_a_502() {
    let (authority, [chain, key]) = tls_app();
    let own = "upstream_ssl_trusted_certificate: /etc/ssl/own.pem";
    let to = "proxy_pass: \"https://10.0.0.11:8005\"";
    let locations = [
        ("right", format!("{own}, upstream_ssl_name: app.test")),
        ("name", own.to_owned()),
        ("authority", "upstream_ssl_name: app.test".to_owned()),
        ("unverified", "upstream_ssl_trusted_certificate: \"off\"".to_owned()),
    ];
    let locations = locations.map(|(path, keys)| format!("      - {{ path: /{path}/, {to}, {keys} }}\n")).concat();
    let local = "      - { path: /local/, proxy_pass: \"https://127.0.0.1:8005\" }\n";
    let inventory = format!(
        "{HOSTS}nginx: {{ http2: true }}\nsites:\n{}",
        site("a.test", &format!("    root: /srv\n    locations:\n{locations}{local}"))
    );
    let front = "server { listen 10.0.0.11:8005 ssl; listen 127.0.0.1:8005 ssl; ssl_certificate /etc/ssl/app.crt; \
                 ssl_certificate_key /etc/ssl/app.key; location / { proxy_pass http://127.0.0.1:8001; } }\n";
    let other = rcgen::generate_simple_self_signed(["other.test".to_owned()]).unwrap().cert.pem();
    let files = [
        ("/etc/nginx/conf.d/front.conf", front),
        ("/etc/ssl/app.crt", &chain),
        ("/etc/ssl/app.key", &key),
        ("/etc/ssl/own.pem", &authority),
        ("/etc/ssl/certs/ca-certificates.crt", &other),
    ];
    on_every_release(&inventory, &files, &APPS, |served| {
        let status =
            |path: &str, served: &mut super::Served| served.curl(&format!("https://a.test/{path}/"), "").status;
        let paths = ["right", "name", "authority", "unverified", "local"];
        let found = paths.map(|path| status(path, served));
        assert_eq!(found, [200, 502, 502, 200, 200], "{}", served.name());
    });
}

#[test]
fn requests_go_to_the_servers_that_answer() {
    let upstreams = "upstreams:\n  - name: app\n    servers: [\"127.0.0.1:8001\", \"127.0.0.1:8009\"]\n    \
                     backup: [\"127.0.0.1:8010\"]\n    keepalive: 4\n  - name: spare\n    servers: [\"127.0.0.1:8009\"]\n    \
                     backup: [\"127.0.0.1:8001\"]\n    balance: least_conn\n  - name: u\n    servers: [\"127.0.0.1:8002\"]\n    \
                     balance: random_two\n  - name: f\n    servers: [\"127.0.0.1:8003\"]\n    balance: hash_remote_addr\n    \
                     keepalive: 2\n";
    let locations = "      - { path: /, proxy_pass: \"http://app\" }\n      - { path: /base/, proxy_pass: \"http://spare/x/\" }\n      \
                     - { path: /u/, uwsgi_pass: u }\n      - { path: /f/, fastcgi_pass: f }\n";
    let inventory = format!(
        "{HOSTS}nginx: {{ http2: true }}\n{upstreams}sites:\n{}",
        site("a.test", &format!("    root: /srv\n    locations:\n{locations}"))
    );
    on_every_release(&inventory, &[], &APPS, |served| {
        for path in ["a", "a", "a", "base/y", "base/y", "u/z", "f/z"] {
            let answer = served.curl(&format!("https://a.test/{path}"), "");
            assert_eq!((answer.exit, answer.status), (0, 200), "{path} on {}", served.name());
            let wanted = if path == "base/y" { "/x/y".to_owned() } else { format!("/{path}") };
            assert_eq!(answer.variable("REQUEST_URI"), Some(wanted), "{}", served.name());
        }
    });
}
