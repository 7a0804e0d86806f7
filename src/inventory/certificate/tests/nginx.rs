//! The verdicts beside those of the real `nginx -t`, where nginx is installed.
//!
//! Seen with nginx 1.22.1 and OpenSSL 3.0:
//! - another key of the same kind: `[emerg] SSL_CTX_use_PrivateKey("other.key") failed (SSL:
//!   error:05800074:x509 certificate routines::key values mismatch)`
//! - a key of another kind (RSA certificate, EC key): `test is successful`; then every handshake
//!   ends in alert 40 with `no peer certificate available`
//! - an encrypted key, with nobody at the terminal: `Enter PEM pass phrase:`, then `[emerg] cannot
//!   load certificate key "pkcs8.key": PEM_read_bio_PrivateKey() failed (SSL: error:1400006B:UI
//!   routines::processing error … problems getting password`

use super::*;

/// What `nginx -t` prints about a pair, or `None` when nginx is not installed.
fn verdict(corpus: &Corpus, certificate: &str, key: &str) -> Option<(bool, String)> {
    let directory = corpus.0.path().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {directory}/{name};\n"))
        .concat();
    // A socket in the corpus, because `nginx -t` binds: a port could be taken, or be root's.
    corpus.write(
        "nginx.conf",
        format!(
            "pid {directory}/pid; error_log stderr; events {{}}
             http {{ access_log off; {temporary}
             server {{ listen unix:{directory}/socket ssl;
             ssl_certificate {directory}/{certificate};
             ssl_certificate_key {directory}/{key}; }} }}"
        ),
    );
    // A session of its own has no terminal at which OpenSSL could ask for a passphrase.
    let output = Command::new("setsid")
        .args(["--wait", "nginx", "-t", "-e", "stderr", "-c"])
        .arg(corpus.path("nginx.conf"))
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let installed = stderr.contains("nginx.conf test ") || stderr.contains("[emerg]");
    installed.then(|| (output.status.success(), stderr))
}

/// Says that nothing was compared; where skipping is forbidden, that is a failure.
fn skipped() {
    use std::io::Write;
    let required = std::env::var("SSLSCALE_REQUIRE").is_ok_and(|value| value == "1");
    assert!(!required, "SSLSCALE_REQUIRE=1, and nginx is not installed");
    // The test runner would swallow what `eprintln!` prints.
    let _ = std::io::stderr().write_all(b"SKIPPED comparison with nginx: it is not installed\n");
}

#[test]
fn nginx_agrees_but_for_keys_of_another_kind() {
    let corpus = Corpus::new();
    corpus.pair("rsa", "RSA -pkeyopt rsa_keygen_bits:2048");
    corpus.pair("rsa2", "RSA -pkeyopt rsa_keygen_bits:2048");
    corpus.pair("ec", "EC -pkeyopt ec_paramgen_curve:P-256");
    corpus.pair("ed", "ED25519");
    corpus.pair("ed2", "ED25519");
    corpus.openssl("pkcs8 -topk8 -in rsa.key -passout pass:secret -out pkcs8.key");
    corpus.openssl("rsa -in rsa.key -traditional -aes128 -passout pass:secret -out pkcs1.key");
    corpus.openssl("x509 -in rsa.crt -outform der -out der");
    let certificate = corpus.read("rsa.crt");
    corpus.write("indented", certificate.replacen("--", "  --", 1));
    corpus.write("crlf", certificate.replace('\n', "\r\n"));
    corpus.write("blank", certificate.replacen("\nMII", "\nM\n\nII", 1));
    corpus.write("blank-last", certificate.replace("-----END", "\n-----END"));
    corpus.write("short-chain", format!("{certificate}{}", &certificate[..300]));
    corpus.write("short-first.key", format!("{}{}", &certificate[..64], corpus.read("rsa.key")));
    corpus.write("both", certificate.clone() + &corpus.read("rsa.key"));
    corpus.write("mark", format!("\u{feff}{certificate}"));
    corpus.openssl("rsa -in rsa.key -traditional -out old.key");
    corpus.write("label.key", corpus.read("rsa.key").replace("PRIVATE", "RSA PRIVATE"));
    corpus.write("label2.key", corpus.read("old.key").replace("RSA PRIVATE", "PRIVATE"));
    corpus.write("upside-down", corpus.read("rsa2.crt") + &certificate);
    let cases = [
        ("rsa.crt", "rsa.key", ""),
        ("rsa.crt", "rsa2.key", "key values mismatch"),
        ("ed.crt", "ed2.key", "key values mismatch"),
        ("upside-down", "rsa.key", "key values mismatch"),
        ("rsa.crt", "pkcs8.key", "problems getting password"),
        ("rsa.crt", "pkcs1.key", "problems getting password"),
        ("rsa.crt", "missing", "no such file"),
        ("rsa.crt", "rsa.crt", "No supported data to decode"),
        ("rsa.crt", "short-first.key", "No supported data to decode"),
        ("rsa.key", "rsa.key", "no start line"),
        ("der", "rsa.key", "no start line"),
        ("indented", "rsa.key", "no start line"),
        ("rsa.crt", "old.key", ""),
        ("rsa.crt", "label.key", ""),
        ("rsa.crt", "label2.key", "No supported data to decode"),
        ("crlf", "rsa.key", ""),
        ("mark", "rsa.key", ""),
        ("both", "both", ""),
        ("blank", "rsa.key", "PEM routines::"),
        ("blank-last", "rsa.key", "PEM_read_bio_X509_AUX() failed"),
        ("short-chain", "rsa.key", "PEM_read_bio_X509() failed"),
    ];
    for (certificate, key, reason) in cases {
        let Some((accepted, stderr)) = verdict(&corpus, certificate, key) else {
            return skipped();
        };
        let found = corpus.inspect(certificate, key);
        // The reasons are the words of OpenSSL 3.0; other releases word the same verdict otherwise.
        assert_eq!(accepted, reason.is_empty(), "{certificate} {key}, expected `{reason}`: {stderr}");
        assert_eq!(found.is_empty(), accepted, "{certificate} {key}: {found:?}");
    }
    for (certificate, key) in [("rsa.crt", "ec.key"), ("ec.crt", "rsa.key"), ("ed.crt", "ec.key")] {
        let Some((accepted, stderr)) = verdict(&corpus, certificate, key) else {
            return skipped();
        };
        assert!(accepted, "nginx has learnt to compare kinds, so change the help: {stderr}");
        assert_eq!(corpus.inspect(certificate, key)[0].0, ProblemKind::KeyMismatch);
    }
}
