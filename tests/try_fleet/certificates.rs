//! Several certificates of a site: each client is shown the one that it can verify.

use std::path::Path;
use std::process::Command;

use crate::run::Try;
use crate::{assert_all_ok, beside};

const HEAD: &str = "load_balancers:
  - { name: lb1, address: 10.0.0.10 }
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: example.com
    root: /srv/example
    ssl_certificate: [/etc/ssl/ec.crt, /etc/ssl/rsa.crt]
    ssl_certificate_key: [/etc/ssl/ec.key, /etc/ssl/rsa.key]
    locations:
      - { path: /, uwsgi_pass: \"unix:/run/app/app.sock\" }
";

fn make(folder: &Path, name: &str, kind: &[&str]) {
    let (key, certificate) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.crt")));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-batch", "-days", "90", "-subj", &format!("/CN={name}")]);
    openssl.args(["-addext", "subjectAltName=DNS:example.com", "-newkey"]).args(kind);
    let done = openssl.arg("-keyout").arg(key).arg("-out").arg(certificate).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn each_client_is_shown_the_certificate_of_its_kind() {
    let _beside = beside();
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), "ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    make(folder.path(), "rsa", &["rsa:2048"]);
    let at = folder.path().display();
    let sources = format!(
        "    ssl_certificate_source: [{at}/ec.crt, {at}/rsa.crt]\n    \
         ssl_certificate_key_source: [{at}/ec.key, {at}/rsa.key]\n"
    );
    let kept = Try::inventory(&format!("{HEAD}{sources}")).keep();
    let clients: [(&[&str], &str); 6] = [
        (&["-tls1_3"], "ec"),
        (&["-tls1_3", "-sigalgs", "ECDSA+SHA256"], "ec"),
        (&["-tls1_3", "-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"], "rsa"),
        (&["-tls1_2"], "ec"),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "ec"),
        (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "rsa"),
    ];
    for (options, wanted) in clients {
        // Twice, so that each app server is asked.
        for _ in 0..2 {
            let s_client = ["openssl", "s_client", "-connect", "10.0.0.10:443", "-servername", "example.com"];
            let done = kept.inside("clients", &[&s_client[..], options].concat());
            let text = String::from_utf8_lossy(&done.stdout);
            // The certificate itself: how a name is written differs from one version of OpenSSL to the next.
            let pem = std::fs::read_to_string(folder.path().join(format!("{wanted}.crt"))).unwrap();
            assert!(text.contains(pem.trim()), "{options:?}: not {wanted}.crt: {text}");
        }
    }
}

#[test]
fn stand_ins_serve_for_a_list_and_for_files_that_sites_share() {
    let _beside = beside();
    // One certificate with its key in two places, one key with two certificates.
    let shared = "  - server_name: b.example
    root: /srv/b
    ssl_certificate: [/etc/ssl/ec.crt, /etc/ssl/other.crt]
    ssl_certificate_key: [/etc/ssl/copy.key, /etc/ssl/rsa.key]
";
    let (code, requests) = Try::inventory(&format!("{HEAD}{shared}")).requests();
    let count = requests.len();
    assert!(count >= 4, "{requests:?}");
    assert_all_ok((code, requests), count);
}

/// TL21 warns about it, and nginx takes it.
#[test]
fn one_file_may_hold_a_certificate_and_its_key() {
    let _beside = beside();
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), "ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let both = folder.path().join("both.pem");
    std::fs::write(&both, format!("{}{}", read("ec.key"), read("ec.crt"))).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&both, private).unwrap();
    let one = HEAD.replace("[/etc/ssl/ec.crt, /etc/ssl/rsa.crt]", "/etc/ssl/both.pem");
    let one = one.replace("[/etc/ssl/ec.key, /etc/ssl/rsa.key]", "/etc/ssl/both.pem");
    let at = both.display();
    let sources = format!("    ssl_certificate_source: {at}\n    ssl_certificate_key_source: {at}\n");
    // With the file itself, and with a stand-in for it.
    for text in [format!("{one}{sources}"), one.clone()] {
        let (code, requests) = Try::inventory(&text).requests();
        let count = requests.len();
        assert!(count >= 4, "{requests:?}");
        assert_all_ok((code, requests), count);
    }
    let (ours, other) = ("/etc/ssl/both.pem", "/etc/ssl/b");
    let crossed = format!(
        "{one}  - {{ server_name: b.example, root: /srv/b, ssl_certificate: {other}.crt, ssl_certificate_key: {ours} }}\n  \
         - {{ server_name: c.example, root: /srv/c, ssl_certificate: {other}.key, ssl_certificate_key: {other}.crt }}\n"
    );
    let (code, requests) = Try::inventory(&crossed).requests();
    let count = requests.len();
    assert_all_ok((code, requests), count);
}
