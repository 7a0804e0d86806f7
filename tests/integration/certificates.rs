//! Certificates that an inventory names on this machine: made by the real openssl, looked into
//! by `check`, each defect reported at the value that has to change.

use std::path::Path;
use std::process::Command;

use crate::support::{Sslscale, pin};

const INVENTORY: &str = "\
load_balancers:
  - { name: lb1, address: 10.0.0.10 }
  - { name: lb2, address: 10.0.0.20 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: [example.com, www.example.com]
    root: /srv
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    ssl_certificate_source: tls/ssl.crt
    ssl_certificate_key_source: tls/ssl.key
";

/// A self-signed certificate and its key below `tls/`.
fn certificate(dir: &Path, name: &str, names: &str, days: &str) {
    std::fs::create_dir_all(dir.join("tls")).unwrap();
    let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-batch"];
    let output = Command::new("openssl")
        .args(arguments)
        .args(["-subj", "/CN=test", "-days", days, "-addext", &format!("subjectAltName={names}")])
        .args(["-keyout", &format!("tls/{name}.key"), "-out", &format!("tls/{name}.crt")])
        .current_dir(dir)
        .output()
        .expect("these tests need openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn run(make: impl FnOnce(&Path)) -> crate::support::Run {
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(INVENTORY);
    make(run.dir());
    run.run()
}

#[test]
fn a_sound_pair_is_accepted() {
    let run = run(|dir| certificate(dir, "ssl", "DNS:example.com,DNS:*.example.com", "30"));
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
}

#[test]
fn defects_are_reported_at_the_value_to_change() {
    let missing = run(|_| {});
    let name = run(|dir| certificate(dir, "ssl", "DNS:example.com", "30"));
    let key = run(|dir| {
        certificate(dir, "other", "DNS:other.example", "30");
        std::fs::rename(dir.join("tls/other.key"), dir.join("tls/kept.key")).unwrap();
        certificate(dir, "ssl", "DNS:example.com,DNS:www.example.com", "30");
        std::fs::rename(dir.join("tls/kept.key"), dir.join("tls/ssl.key")).unwrap();
    });
    let swapped = run(|dir| {
        certificate(dir, "ssl", "DNS:example.com,DNS:www.example.com", "30");
        std::fs::copy(dir.join("tls/ssl.key"), dir.join("tls/ssl.crt")).unwrap();
    });
    for (run, code, place) in [
        (&missing, "TL06", "inventory.yaml:12:29"),
        (&name, "TL03", "inventory.yaml:8:32"),
        (&key, "TL02", "inventory.yaml:13:33"),
        (&swapped, "TL06", "inventory.yaml:12:29"),
    ] {
        assert_eq!(run.status, 1);
        assert!(run.stderr.contains(&format!("error[{code}]")), "{}", run.stderr);
        assert!(run.stderr.contains(place), "{}", run.stderr);
    }
    pin("check-certificates", &[missing.all(), name.all(), key.all(), swapped.all()].join("\n"));
}

#[test]
fn an_expired_certificate_is_an_error() {
    // openssl of today makes no certificate that has expired.
    let run = run(|dir| {
        let names = vec!["example.com".to_owned(), "www.example.com".to_owned()];
        let mut parameters = rcgen::CertificateParams::new(names).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        std::fs::create_dir_all(dir.join("tls")).unwrap();
        std::fs::write(dir.join("tls/ssl.crt"), parameters.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(dir.join("tls/ssl.key"), key.serialize_pem()).unwrap();
    });
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("error[TL01]") && run.stderr.contains("inventory.yaml:12:29"), "{}", run.stderr);
}

#[test]
fn a_key_without_its_certificate_is_an_error() {
    let text = INVENTORY.replace("    ssl_certificate_source: tls/ssl.crt\n", "");
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(text).run();
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("add `ssl_certificate_source: …` beside it"), "{}", run.stderr);
}

#[test]
fn a_key_that_nginx_would_not_load_is_an_error() {
    let run = run(|dir| {
        std::fs::create_dir_all(dir.join("tls")).unwrap();
        let arguments = "req -x509 -newkey rsa:1024 -nodes -batch -subj /CN=test -days 30 \
                         -addext subjectAltName=DNS:example.com,DNS:www.example.com -keyout tls/ssl.key -out tls/ssl.crt";
        let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("error[TL06]") && run.stderr.contains("RSA key of `1024` bits"), "{}", run.stderr);
}
