//! The files that examples name, such as certificates: made once, put beside every example. Their
//! dates are fixed, so that messages are the same on every day.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;

/// Text of the user's own that examples include.
const OWN: &[(&str, &str)] = &[
    ("brace.conf", "gzip on;\n}\n"),
    ("client-certificates.conf", "ssl_client_certificate /etc/ssl/staff/ca.crt;\nssl_verify_client on;\n"),
    ("compression.conf", "gzip on;\ngzip_types text/css application/javascript;\n"),
    ("cors.conf", "add_header Access-Control-Allow-Origin https://www.example.com always;\n"),
    ("header.conf", "proxy_set_header X-Country $http_x_country;\n"),
    ("limits.conf", "limit_req_status 503;\n"),
    ("listens.conf", "listen 8443 ssl;\n"),
    ("logged-limits.conf", "limit_req_log_level warn;\n"),
    ("more.conf", "include /etc/nginx/mine.conf;\n"),
    ("private-socket.cfg", "stats socket /run/haproxy/exporter.sock mode 600 level user\n"),
    ("socket.cfg", "stats socket ipv4@127.0.0.1:9999 level admin\n"),
    ("status.conf", "server {\n    listen 127.0.0.1:8081;\n    location / { stub_status; }\n}\n"),
    ("timeouts.cfg", "timeout client 1h\n"),
    ("trusts.conf", "set_real_ip_from 10.0.0.0/8;\n"),
    ("tunnel.cfg", "timeout tunnel 1h\n"),
    ("types.conf", "types {\n    include mime.types;\n    application/wasm wasm;\n}\n"),
];

/// Puts those files into `dir` that its inventory names.
pub fn put(dir: &Path) {
    let text = fs::read_to_string(dir.join("inventory.yaml")).unwrap_or_default();
    for (name, own) in OWN.iter().filter(|(name, _)| text.contains(&format!("own/{name}"))) {
        fs::create_dir_all(dir.join("own")).unwrap();
        fs::write(dir.join("own").join(name), own).unwrap();
    }
    if !text.contains("tls/") {
        return;
    }
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(make).path();
    fs::create_dir_all(dir.join("tls")).unwrap();
    for entry in fs::read_dir(made).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name();
        let name = name.to_str().unwrap();
        if text.contains(&format!("tls/{name}")) {
            // A copy, mode and all: a fix may write to it.
            fs::copy(entry.path(), dir.join("tls").join(name)).unwrap();
        }
    }
}

fn make() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path();
    let write = |name: &str, text: &str| write(&made.join(name), text);
    for (name, from, until, names) in [
        ("good", 2024, 2090, &["example.com", "www.example.com"][..]),
        ("other", 2024, 2090, &["example.com"]),
        ("open", 2024, 2090, &["example.com"]),
        ("wildcard", 2024, 2090, &["*.example.com"]),
        ("expired", 2023, 2024, &["example.com"]),
    ] {
        let key = KeyPair::generate().unwrap();
        write(&format!("{name}.crt"), &params(name, (from, until), names).self_signed(&key).unwrap().pem());
        write(&format!("{name}.key"), &key.serialize_pem());
    }
    // The key of `good.crt`, for everybody to read.
    fs::copy(made.join("good.key"), made.join("open.key")).unwrap();
    fs::set_permissions(made.join("open.key"), fs::Permissions::from_mode(0o644)).unwrap();
    chain(&write);
    openssl(made);
    dir
}

fn params(name: &str, (from, until): (i32, i32), names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(from, 1, 2);
    params.not_after = date_time_ymd(until, 2, 28);
    params
}

/// A root, an intermediate and a server's certificate, in order and in disorder.
fn chain(write: &dyn Fn(&str, &str)) {
    let authority = |name: &str| {
        let mut params = params(name, (2024, 2090), &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().unwrap())
    };
    let (root, root_key) = authority("example root");
    let root_text = root.self_signed(&root_key).unwrap().pem();
    let root = Issuer::new(root, root_key);
    let (between, between_key) = authority("example intermediate");
    let between_text = between.signed_by(&between_key, &root).unwrap().pem();
    let between = Issuer::new(between, between_key);
    let key = KeyPair::generate().unwrap();
    let leaf = params("example.com", (2024, 2090), &["example.com"]).signed_by(&key, &between).unwrap().pem();
    write("chain.key", &key.serialize_pem());
    write("chain.crt", &[leaf.as_str(), &between_text].concat());
    write("disorder.crt", &[leaf.as_str(), &root_text, &between_text].concat());
}

/// What only the real openssl makes: RSA keys, and a signature of yesterday.
fn openssl(dir: &Path) {
    let run = |arguments: &str| {
        let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(dir).output();
        let output = output.expect("these tests need openssl");
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let names = "-addext subjectAltName=DNS:example.com";
    // 60 years, which is near enough to for ever.
    run(&format!(
        "req -x509 -newkey rsa:2048 -nodes -batch -subj /CN=rsa -days 21900 {names} -keyout rsa.key -out rsa.crt"
    ));
    let p521 = "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes -batch";
    run(&format!("req -x509 {p521} -subj /CN=p521 -days 21900 {names} -keyout p521.key -out p521.crt"));
    // Nobody relies on what a self-signed certificate says of itself.
    run(&format!("req -x509 -sha1 -key rsa.key -batch -subj /CN=self -days 21900 {names} -out self.crt"));
    run("req -new -key rsa.key -batch -subj /CN=sha1 -out sha1.csr");
    run("req -x509 -key rsa.key -batch -subj /CN=root -days 21900 -out root.crt");
    write(&dir.join("san"), "subjectAltName=DNS:example.com");
    run("x509 -req -sha1 -in sha1.csr -CA root.crt -CAkey rsa.key -days 21900 -extfile san -out leaf.crt");
    let chain = ["leaf.crt", "root.crt"].map(|name| fs::read_to_string(dir.join(name)).unwrap()).concat();
    write(&dir.join("sha1.crt"), &chain);
    for name in ["sha1.key", "self.key"] {
        fs::copy(dir.join("rsa.key"), dir.join(name)).unwrap();
    }
}

/// A file that only its owner may read, as keys must be.
fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
