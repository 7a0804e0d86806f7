//! Two certificates of a site and the ciphers: what browsers get of them. The real Chromium is asked in the
//! tests of `try`.

use std::process::Command;

use serde_json::Value;

use super::INVENTORY;
use crate::support::Sslscale;

const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
const P521: &str = "ec -pkeyopt ec_paramgen_curve:P-521";
const RSA: &str = "rsa:2048";

/// The warnings and errors about certificates with these keys, as `CODE PATH`.
fn findings(keys: [&str; 2], ciphers: &str) -> Vec<String> {
    let list = |text: String, (from, to): (&str, &str)| text.replace(from, to);
    let lists = [
        ("/etc/ssl/example/ssl.crt", "[/etc/ssl/a.crt, /etc/ssl/b.crt]"),
        ("/etc/ssl/example/ssl.key", "[/etc/ssl/a.key, /etc/ssl/b.key]"),
        ("tls/ssl.crt", "[a.crt, b.crt]"),
        ("tls/ssl.key", "[a.key, b.key]"),
    ];
    let nginx = format!("nginx: {{ ssl_protocols: [TLSv1.2], ssl_ciphers: [{ciphers}] }}\n");
    let text = lists.into_iter().fold(INVENTORY.to_owned(), list) + &nginx;
    let run = Sslscale::new(&["check", "--format", "json", "--exit-zero", "inventory.yaml"]).inventory(text);
    for (name, key) in ["a", "b"].iter().zip(keys) {
        let names = "subjectAltName=DNS:example.com,DNS:www.example.com";
        let words = format!("req -x509 -newkey {key} -nodes -batch -subj /CN=x -days 90 -addext {names}");
        let files = format!("-keyout {name}.key -out {name}.crt");
        let words = words.split_whitespace().chain(files.split_whitespace());
        let done = Command::new("openssl").args(words).current_dir(run.dir()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let document: Value = serde_json::from_str(&run.run().stdout).unwrap();
    let findings = document["inventories"][0]["findings"].as_array().unwrap();
    let told = |it: &Value| format!("{} {}", it["code"].as_str().unwrap(), it["path"].as_str().unwrap());
    let tls = |it: &&Value| it["severity"] != "info" && it["code"].as_str().unwrap().starts_with("TL");
    findings.iter().filter(tls).map(told).collect()
}

#[test]
fn a_cipher_counts_with_a_key_that_browsers_accept_and_nginx_serves() {
    let nothing = [""; 0];
    let (ecdsa, rsa) = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256");
    let (with_dhe, with_cbc) =
        (format!("{ecdsa}, DHE-RSA-AES128-GCM-SHA256"), format!("{ecdsa}, ECDHE-RSA-AES128-SHA"));
    assert_eq!(findings([P521, RSA], &with_dhe), ["TL24 nginx.ssl_ciphers[0]"]);
    assert_eq!(findings([P256, RSA], &with_dhe), nothing);
    assert_eq!(findings([P521, RSA], &format!("{ecdsa}, {rsa}")), nothing);
    // Browsers are left with the cipher that HTTP/2 forbids.
    assert_eq!(findings([P521, RSA], &with_cbc), ["TL23 nginx.ssl_ciphers[0]"]);
    assert_eq!(findings([P256, RSA], &with_cbc), nothing);
    // The last certificate of a kind is served. No list of ciphers helps then.
    let source = |nth: usize| format!("sites[example.com].ssl_certificate_source[{nth}]");
    let never = format!("TL06 {}", source(0));
    assert_eq!(findings([P256, P521], ecdsa), [never.clone(), format!("TL25 {}", source(1))]);
    assert_eq!(findings([P521, P256], ecdsa), [never]);
}
