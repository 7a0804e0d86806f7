//! Certificates with keys of every kind, which `openssl` makes when a test runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The keys that were made, by their kinds: an RSA key takes a tenth of a second or more.
static KEYS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// A certificate for these names, and its key, as PEM. The kind is `rsa`, `ed25519` or a curve such as
/// `p256`.
pub fn pair(kind: &str, names: &[String]) -> (String, String) {
    let key = {
        let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
        keys.entry(kind.to_owned()).or_insert_with(|| key(kind)).clone()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, &key).unwrap();
    let names: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
    let names = format!("subjectAltName={}", names.join(","));
    let extensions = ["-addext", &names, "-addext", "basicConstraints=critical,CA:FALSE"];
    let usage = ["-addext", "extendedKeyUsage=serverAuth", "-addext", "keyUsage=critical,digitalSignature"];
    let request = ["req", "-x509", "-sha256", "-days", "90", "-subj", "/CN=test", "-key", file.to_str().unwrap()];
    (openssl(&[&request[..], &extensions, &usage].concat()), key)
}

fn key(kind: &str) -> String {
    let curve = format!("ec_paramgen_curve:P-{}", kind.trim_start_matches('p'));
    match kind {
        "rsa" => openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
        "ed25519" => openssl(&["genpkey", "-algorithm", "ED25519"]),
        _ => openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", &curve]),
    }
}

fn openssl(words: &[&str]) -> String {
    let done = Command::new("openssl").args(words).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The kind of key that a generated inventory wants in the file of this name, such as `s1-rsa.crt`.
pub fn kind_of(file: &Path) -> Option<&str> {
    file.file_stem()?.to_str()?.rsplit_once('-').map(|(_, kind)| kind)
}
