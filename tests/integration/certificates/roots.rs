//! The authorities that this machine trusts: a certificate that one of their roots issued needs no
//! intermediate.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyPair, date_time_ymd,
};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{run, write_key};
use crate::support::{need, pin};

const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// An authority whose name is the same byte by byte as that of a root in the bundle.
fn namesake(root: &X509Certificate<'_>) -> Option<(CertificateParams, KeyPair)> {
    let name = |kind: DnType, found: Option<&str>| Some((kind, DnValue::PrintableString(found?.try_into().ok()?)));
    let subject = root.subject();
    let country = name(DnType::CountryName, subject.iter_country().next()?.as_str().ok())?;
    let organization = name(DnType::OrganizationName, subject.iter_organization().next()?.as_str().ok())?;
    let common = name(DnType::CommonName, subject.iter_common_name().next()?.as_str().ok())?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    [country, organization, common].into_iter().for_each(|(kind, value)| params.distinguished_name.push(kind, value));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    let (_, made) = X509Certificate::from_der(made.der()).unwrap();
    (made.subject().as_raw() == subject.as_raw()).then_some((params, key))
}

/// A certificate and its key below `tls/`, issued by `authority`.
fn issue(dir: &Path, authority: CertificateParams, key: KeyPair) {
    let issuer = Issuer::new(authority, key);
    let mut params = CertificateParams::new(["example.com".to_owned(), "www.example.com".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2024, 1, 1), date_time_ymd(2090, 1, 1));
    let key = KeyPair::generate().unwrap();
    std::fs::create_dir_all(dir.join("tls")).unwrap();
    std::fs::write(dir.join("tls/ssl.crt"), params.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    write_key(&dir.join("tls/ssl.key"), &key.serialize_pem());
}

#[test]
fn a_certificate_alone_is_enough_if_this_machine_trusts_its_issuer() {
    let Ok(bundle) = std::fs::read(BUNDLE) else { return need::missing(BUNDLE, "apt install ca-certificates") };
    let roots = Pem::iter_from_buffer(&bundle).map(|pem| pem.unwrap());
    let found = roots.filter_map(|pem| namesake(&pem.parse_x509().unwrap())).next();
    let (mut authority, key) = found.expect("some root has a country, an organization and a name");
    let trusted = run(|dir| issue(dir, authority.clone(), KeyPair::try_from(&key.serialize_der()[..]).unwrap()));
    assert_eq!((trusted.status, trusted.stderr.as_str()), (0, ""));
    let common = authority.distinguished_name.get(&DnType::CommonName).unwrap().clone();
    authority.distinguished_name.remove(DnType::CommonName);
    assert!(authority.distinguished_name.get(&DnType::CommonName) != Some(&common));
    authority.distinguished_name.push(DnType::CommonName, "An authority that nobody knows");
    let unknown = run(|dir| issue(dir, authority, key));
    assert!(unknown.stderr.contains("[TL04]"), "{}", unknown.all());
    pin("check-unknown-issuer", &unknown.stderr);
}
