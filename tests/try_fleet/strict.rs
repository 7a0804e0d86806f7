//! What curl accepts and browsers do not: `try` asks as a browser does, and says what to change.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sslscale::event::Verdict;
use sslscale::try_fleet::spec::{FileSpec, FleetSpec, Offered};

use crate::beside;
use crate::build::Fleet;
use crate::run::Try;

/// A certificate for example.com with a key that `openssl genpkey` makes with these options.
fn certificate(folder: &std::path::Path, options: &[&str]) -> (PathBuf, PathBuf) {
    let (chain, key) = (folder.join("a.crt"), folder.join("a.key"));
    let openssl = |words: &[&str], last: &PathBuf| {
        let done = Command::new("openssl").args(words).arg(last).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    openssl(&[&["genpkey"][..], options, &["-out"]].concat(), &key);
    let request = ["req", "-x509", "-subj", "/CN=example.com", "-addext", "subjectAltName=DNS:example.com", "-key"];
    openssl(&[&request[..], &[key.to_str().unwrap(), "-out"]].concat(), &chain);
    (chain, key)
}

/// The blog's fleet with these TLS settings on all of its sockets, asked with these versions.
fn fleet(settings: &str, http2: bool, tls: &str, source: Option<(PathBuf, PathBuf)>) -> FleetSpec {
    let mut spec = Fleet { source, ..Fleet::blog(1) }.spec();
    for file in spec.hosts.iter_mut().flat_map(|host| host.files.values_mut()) {
        let text = String::from_utf8(file.bytes.to_vec()).unwrap();
        let text = text.replace("ssl_protocols TLSv1.2 TLSv1.3;", settings);
        let text = if http2 { text } else { text.replace(" http2 proxy_protocol", " proxy_protocol") };
        *file = FileSpec::new(text.into_bytes(), file.mode);
    }
    spec.sites[0].offers = vec![Offered { http2: Some(http2), tls: Some(tls.to_owned()) }];
    spec
}

fn verdicts(spec: &FleetSpec) -> Vec<String> {
    let (code, requests) = Try::of(spec).requests();
    let verdicts: Vec<String> = requests.iter().map(|request| request.verdict.to_string()).collect();
    let all_ok = requests.iter().all(|request| request.verdict == Verdict::Ok);
    assert_eq!(code, Some(i32::from(!all_ok)), "{verdicts:?}");
    assert!(!verdicts.is_empty());
    verdicts
}

#[test]
fn what_browsers_refuse_is_named_with_what_to_change() {
    let _beside = beside();
    let folder = tempfile::tempdir().unwrap();
    let rsa = Some(certificate(folder.path(), &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]));
    let cbc = "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES256-SHA;";
    let cases = [
        (fleet(cbc, true, "1.2", rsa.clone()), "HTTP/2 forbids the cipher `ECDHE-RSA-AES256-SHA`"),
        (fleet(cbc, false, "1.2", rsa.clone()), "ok"),
        (fleet("ssl_protocols TLSv1.2; ssl_ciphers AES256-GCM-SHA384;", true, "1.2", rsa.clone()), "HTTP/2 forbids"),
        (
            fleet("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES256-SHA384;", false, "1.2", rsa),
            "browsers have none of the ciphers",
        ),
        (fleet("ssl_protocols TLSv1.3; ssl_ecdh_curve secp521r1;", true, "1.3", None), "none of the groups"),
        (fleet("ssl_protocols TLSv1.3; ssl_ecdh_curve X25519:P-521;", true, "1.3", None), "ok"),
    ];
    for (spec, wanted) in cases {
        for verdict in verdicts(&spec) {
            assert!(verdict.contains(wanted), "{verdict}, not {wanted}");
            assert_eq!(verdict.starts_with("a browser would fail: "), wanted != "ok", "{verdict}");
        }
    }
}

#[test]
fn a_key_whose_signatures_no_browser_accepts() {
    let _beside = beside();
    for options in [&["-algorithm", "ED25519"][..], &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]] {
        let folder = tempfile::tempdir().unwrap();
        let source = Some(certificate(folder.path(), options));
        for tls in ["1.2", "1.3"] {
            let spec = fleet("ssl_protocols TLSv1.2 TLSv1.3;", true, tls, source.clone());
            for verdict in verdicts(&spec) {
                let reasons =
                    ["browsers accept no signature of the certificate's key", "not the curve of the certificate's"];
                let named = reasons.iter().any(|reason| verdict.contains(reason));
                assert!(named && verdict.starts_with("a browser would fail: "), "{options:?} {tls}: {verdict}");
            }
        }
        let _ = fs::remove_dir_all(folder.path());
    }
}
