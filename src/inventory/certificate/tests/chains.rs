//! Chains of certificates: their order, what is missing in them and what is too much.

use rcgen::{BasicConstraints, Certificate as Made, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair};

use super::*;
use crate::diagnostic::Severity::{self, Error, Info, Warning};

/// An authority, as its certificate and what signs with it.
struct Authority {
    made: Made,
    issuer: Issuer<'static, KeyPair>,
}

fn params(name: &str, ca: bool) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    if ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

fn authority(name: &str, above: Option<&Authority>) -> Authority {
    let key = KeyPair::generate().unwrap();
    let params = params(name, true);
    let made = match above {
        Some(above) => params.signed_by(&key, &above.issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    Authority { made, issuer: Issuer::new(params, key) }
}

fn leaf(above: &Authority, extension: Option<CustomExtension>) -> String {
    let mut params = params("leaf", false);
    params.custom_extensions.extend(extension);
    params.signed_by(&KeyPair::generate().unwrap(), &above.issuer).unwrap().pem()
}

/// What is said of a file that holds `parts`, on a machine with `roots`.
fn said(parts: &[&str], roots: &Roots) -> (Vec<(ProblemKind, Severity, String)>, Option<String>) {
    let corpus = Corpus::new();
    corpus.write("a.crt", parts.concat());
    let certificate = Certificate::read(&corpus.path("a.crt")).unwrap();
    let problems = certificate.chain_problems(|| roots);
    let severities: Vec<Severity> = problems.iter().map(|problem| problem.severity).collect();
    let found = corpus.check(problems).into_iter().zip(severities);
    let found = found.map(|((kind, _, message), severity)| (kind, severity, message)).collect();
    (found, certificate.reordered().map(|text| text.after.clone()))
}

#[test]
fn a_chain_in_order_is_silent_with_and_without_its_root() {
    let root = authority("root", None);
    let (a, b) = (authority("a", Some(&root)), root.made.pem());
    let below = authority("b", Some(&a));
    let own = leaf(&below, None);
    let (a, below) = (a.made.pem(), below.made.pem());
    for parts in [&[&own, &below, &a, &b][..], &[&own, &below, &a], &[&own, &below]] {
        let parts: Vec<&str> = parts.iter().map(|part| part.as_str()).collect();
        assert_eq!(said(&parts, &Roots::default()), (Vec::new(), None), "{}", parts.len());
    }
    // A root alone is a certificate that nobody else vouches for.
    let alone = "the certificate in `a.crt` is self-signed: browsers show an error page".to_owned();
    let note = (ProblemKind::MissingIssuer, Severity::Info, alone);
    assert_eq!(said(&[&b], &Roots::default()), (vec![note], None));
}

#[test]
fn disorder_is_sorted_with_the_comments() {
    let root = authority("root", None);
    let between = authority("between", Some(&root));
    let own = leaf(&between, None);
    let (root, between) = (format!("# root\n{}", root.made.pem()), format!("# between\n{}", between.made.pem()));
    let own = format!("# own\n{own}");
    let sorted = [own.as_str(), &between, &root].concat();
    for (parts, why) in [
        ([&own, &root, &between], "certificate `1` was issued by `3`, not `2`"),
        ([&between, &own, &root], "the server's certificate is `2`, not `1`"),
        ([&root, &between, &own], "the server's certificate is `3`, not `1`"),
    ] {
        let (found, fixed) = said(&parts.map(String::as_str), &Roots::default());
        let message = format!("the chain in `a.crt` is out of order: {why}");
        assert_eq!(found, [(ProblemKind::OutOfOrder, Error, message)]);
        assert_eq!(fixed.as_deref(), Some(sorted.as_str()));
        assert_eq!(said(&[&sorted], &Roots::default()), (Vec::new(), None));
    }
    // What has no line break at its end gets one where something comes after it.
    let (_, fixed) = said(&[&root, &between, own.trim_end()], &Roots::default());
    assert_eq!(fixed.as_deref(), Some(sorted.as_str()));
    // A file with a key in it is left to its owner.
    let key = KeyPair::generate().unwrap().serialize_pem();
    let (found, fixed) = said(&[&own, &root, &between, &key], &Roots::default());
    assert_eq!((found.len(), fixed), (1, None));
}

#[test]
fn a_stranger_is_named() {
    let root = authority("root", None);
    let own = leaf(&root, None);
    let stranger = authority("stranger", None).made.pem();
    // The name of the issuer, and another key: an authority that has been renewed.
    let renewed = authority("root", None).made.pem();
    for other in [stranger, renewed] {
        let root = root.made.pem();
        let (found, fixed) = said(&[&own, &root, &other], &Roots::default());
        let message = "certificate `3` in `a.crt` did not issue any other certificate in the file".to_owned();
        assert_eq!((found, fixed), (vec![(ProblemKind::NotInChain, Warning, message)], None));
    }
}

#[test]
fn a_crossed_root_is_no_stranger() {
    let (old, key) = (authority("old", None), KeyPair::generate().unwrap());
    let crossed = params("new", true).signed_by(&key, &old.issuer).unwrap().pem();
    let new = params("new", true).self_signed(&key).unwrap().pem();
    let new_issuer = Authority {
        made: params("new", true).self_signed(&key).unwrap(),
        issuer: Issuer::new(params("new", true), key),
    };
    let own = leaf(&new_issuer, None);
    assert_eq!(said(&[&own, &crossed, &new], &Roots::default()), (Vec::new(), None));
    assert_eq!(said(&[&own, &new, &crossed], &Roots::default()), (Vec::new(), None));
}

#[test]
fn a_certificate_alone_is_judged_by_what_it_says() {
    let root = authority("root", None);
    // One access description: caIssuers, at the URI `http://a`.
    let access = b"\x30\x16\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x08http://a".to_vec();
    let fetchable = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access);
    let logged = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], b"\x04\x02\0\0".to_vec());
    let corpus = Corpus::new();
    corpus.write("roots.crt", authority("other", None).made.pem() + &root.made.pem());
    let (none, trusted) = (Roots::read(&corpus.path("none")), Roots::read(&corpus.path("roots.crt")));
    for (extension, severity, message) in [
        (None, Info, "`a.crt` holds only the server's certificate"),
        (Some(fetchable), Warning, "the intermediate certificate is probably missing from `a.crt`"),
        (Some(logged), Error, "the intermediate certificate is missing from `a.crt`"),
    ] {
        let own = leaf(&root, extension);
        assert_eq!(said(&[&own], &none).0, [(ProblemKind::MissingIssuer, severity, message.to_owned())]);
        assert_eq!(said(&[&own], &trusted).0, []);
        assert_eq!(said(&[&own, &root.made.pem()], &none).0, []);
    }
}

#[test]
fn the_key_of_a_chain_in_disorder_is_put_to_the_right_certificate() {
    let root = authority("root", None);
    let key = KeyPair::generate().unwrap();
    let own = params("leaf", false).signed_by(&key, &root.issuer).unwrap().pem();
    let corpus = Corpus::new();
    corpus.write("a.crt", root.made.pem() + &own);
    corpus.write("a.key", key.serialize_pem());
    assert_eq!(corpus.inspect("a.crt", "a.key"), []);
}

#[test]
fn weak_signatures_are_found_where_nginx_finds_them() {
    let corpus = Corpus::new();
    corpus.openssl("req -x509 -sha1 -newkey rsa:2048 -nodes -subj /CN=root -days 30 -keyout root.key -out root.crt");
    corpus.openssl("req -newkey rsa:2048 -nodes -subj /CN=leaf -keyout leaf.key -out leaf.csr");
    corpus.write("san", "subjectAltName=DNS:example.com");
    let sign = "x509 -req -in leaf.csr -CA root.crt -CAkey root.key -CAcreateserial -days 30 -extfile san";
    corpus.openssl(&format!("{sign} -sha1 -out sha1.crt"));
    corpus.openssl(&format!("{sign} -sha256 -out sha256.crt"));
    let weak = (
        ProblemKind::UnusableCertificate,
        Subject::Certificate,
        "the certificate in `sha1.crt` is signed with `SHA-1`".to_owned(),
    );
    assert_eq!(corpus.inspect("sha1.crt", "leaf.key"), [weak]);
    assert_eq!(corpus.inspect("sha256.crt", "leaf.key"), []);
    // Nobody relies on what a root says of itself.
    corpus.write("chain.crt", corpus.read("sha256.crt") + &corpus.read("root.crt"));
    assert_eq!(corpus.inspect("chain.crt", "leaf.key"), []);
}

#[test]
fn many_certificates_of_one_name_cost_no_minutes() {
    let root = authority("root", None);
    let own = leaf(&root, None);
    let corpus = Corpus::new();
    corpus.write("a.crt", own + &root.made.pem().repeat(900));
    assert_eq!(Certificate::read(&corpus.path("a.crt")).unwrap().chain.path.len(), 2);
}
