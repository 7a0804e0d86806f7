//! Files that cannot be read, and files that are not the PEM that was wanted.

use super::*;
use Subject::{Certificate, Key};

#[test]
fn a_file_must_be_there_regular_and_small() {
    let corpus = rsa();
    fs::create_dir(corpus.path("dir")).unwrap();
    corpus.write("large", "x".repeat(2 << 20));
    std::os::unix::fs::symlink("a.crt", corpus.path("link")).unwrap();
    std::os::unix::fs::symlink("nothing", corpus.path("dangling")).unwrap();
    std::os::unix::fs::symlink("loop", corpus.path("loop")).unwrap();
    assert!(Command::new("mkfifo").arg(corpus.path("fifo")).status().unwrap().success());
    assert_eq!(corpus.inspect("link", "a.key"), []);
    for (name, message) in [
        ("missing", "`missing` does not exist"),
        ("dangling", "`dangling` is a symbolic link to a file that does not exist"),
        ("loop", "`loop` cannot be read: filesystem loop or indirection limit (e.g. symlink loop)"),
        ("a.crt/below", "`a.crt/below` does not exist"),
        ("dir", "`dir` is a directory"),
        ("fifo", "`fifo` is not a regular file"),
        ("large", "`large` is larger than `1048576` bytes"),
    ] {
        assert_eq!(corpus.inspect(name, "a.key"), [unreadable(Certificate, message)]);
        assert_eq!(corpus.inspect("a.crt", name), [unreadable(Key, message)]);
    }
}

#[test]
fn the_size_limit_is_inclusive() {
    let corpus = rsa();
    let certificate = corpus.read("a.crt");
    let padding = "x".repeat((1 << 20) - certificate.len() - 1);
    corpus.write("most", format!("{padding}\n{certificate}"));
    assert_eq!(corpus.inspect("most", "a.key"), []);
}

#[test]
fn a_closed_file_is_unreadable() {
    let corpus = rsa();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    fs::set_permissions(corpus.path("a.key"), mode).unwrap();
    let found = corpus.inspect("a.crt", "a.key");
    // Root reads it all the same.
    if fs::read(corpus.path("a.key")).is_err() {
        assert_eq!(found, [unreadable(Key, "this user has no permission to read `a.key`")]);
    }
}

#[test]
fn a_file_that_is_something_else_is_named() {
    let corpus = rsa();
    let certificate = corpus.read("a.crt");
    corpus.openssl("x509 -in a.crt -outform der -out der.crt");
    corpus.openssl("pkey -in a.key -outform der -out der.key");
    corpus.openssl("pkcs8 -topk8 -in a.key -passout pass:x -outform der -out der.enc");
    corpus.openssl("pkcs12 -export -in a.crt -inkey a.key -passout pass:x -out a.p12");
    corpus.openssl("crl2pkcs7 -nocrl -certfile a.crt -out a.p7b");
    corpus.openssl("req -new -key a.key -subj /CN=a -out a.csr");
    corpus.openssl("pkey -in a.key -pubout -out a.pub");
    corpus.write("empty", "");
    corpus.write("garbage", (0..=255u8).cycle().take(4000).collect::<Vec<_>>());
    corpus.write("indented", certificate.replace('\n', "\n  ").replacen("--", "  --", 1));
    corpus.write("cr", certificate.replace('\n', "\r"));
    let armour = "OPENSSH PRIVATE KEY-----\n";
    corpus.write("ssh", format!("-----BEGIN {armour}AAAA\n-----END {armour}"));
    for (name, message) in [
        ("empty", "`empty` is empty"),
        ("garbage", "`garbage` is not PEM: it has no `-----BEGIN CERTIFICATE-----`"),
        ("indented", "`indented` is not PEM: no `-----BEGIN` is on a line of its own"),
        ("cr", "`cr` is not PEM: no `-----BEGIN` is on a line of its own"),
        ("der.crt", "`der.crt` is a DER certificate, not PEM"),
        ("der.key", "`der.key` holds a DER private key, not a certificate"),
        ("a.p12", "`a.p12` is a PKCS#12 store, not PEM"),
        ("a.p7b", "`a.p7b` holds a PKCS#7 bundle, not a certificate"),
        ("a.csr", "`a.csr` holds a certificate signing request, not a certificate"),
        ("a.key", "`a.key` holds a private key, not a certificate"),
        ("a.pub", "`a.pub` holds `PUBLIC KEY`, not `CERTIFICATE`"),
    ] {
        assert_eq!(corpus.inspect(name, "a.key"), [not_pem(Certificate, message)]);
    }
    for (name, message) in [
        ("empty", "`empty` is empty"),
        ("garbage", "`garbage` is not PEM: it has no `-----BEGIN PRIVATE KEY-----`"),
        ("der.crt", "`der.crt` holds a DER certificate, not a private key"),
        ("der.key", "`der.key` is a DER private key, not PEM"),
        ("der.enc", "`der.enc` is a DER private key, not PEM"),
        ("a.p12", "`a.p12` is a PKCS#12 store, not PEM"),
        ("a.crt", "`a.crt` holds a certificate, not a private key"),
        ("a.pub", "`a.pub` holds `PUBLIC KEY`, not `PRIVATE KEY`"),
        ("ssh", "`ssh` holds an OpenSSH key, not a private key"),
    ] {
        assert_eq!(corpus.inspect("a.crt", name), [not_pem(Key, message)]);
    }
}

#[test]
fn a_swapped_pair_is_told_where_each_belongs() {
    let corpus = rsa();
    assert_eq!(
        corpus.inspect("a.key", "a.crt"),
        [
            not_pem(Certificate, "`a.key` holds a private key, not a certificate"),
            not_pem(Key, "`a.crt` holds a certificate, not a private key"),
        ]
    );
    let (certificate, key) = (corpus.path("a.crt"), corpus.path("a.key"));
    let help = |path: &Path, belongs: &str, other: &str, what: &str| {
        let path = path.display();
        format!("set `{belongs}: {path}`, and set `{other}` to the file with a {what}")
    };
    let (first, second) = ("ssl_certificate_source", "ssl_certificate_key_source");
    let expected = [help(&key, second, first, "certificate"), help(&certificate, first, second, "private key")];
    assert_eq!(helps(&key, &certificate), expected);
}
