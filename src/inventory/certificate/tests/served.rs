//! Which of two certificates is the newer one.

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use super::*;
use crate::inventory::certificate::summary;

const DAY: i64 = 24;

fn params(name: &str, hours: i64) -> CertificateParams {
    let mut params = CertificateParams::new(["a.test".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2024, 1, 1) + Duration::from_secs(u64::try_from(hours).unwrap() * 3600);
    params
}

fn parsed(pem: &str) -> Certificate {
    Certificate::parse(Path::new("a.crt"), pem.as_bytes()).unwrap()
}

/// An authority's certificate that begins so many hours after a certain time.
fn issued(authority: &str, hours: i64) -> Certificate {
    parsed(&issued_pem(authority, hours))
}

fn issued_pem(authority: &str, hours: i64) -> String {
    let mut of_authority = params(authority, 0);
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(of_authority, KeyPair::generate().unwrap());
    let key = KeyPair::generate().unwrap();
    params("a.test", hours).signed_by(&key, &issuer).unwrap().pem()
}

fn self_signed(hours: i64) -> Certificate {
    parsed(&params("a.test", hours).self_signed(&KeyPair::generate().unwrap()).unwrap().pem())
}

#[test]
fn an_older_certificate_is_one_that_was_issued_before() {
    assert!(issued("a", 2).is_older_than(&issued("a", 3)));
    assert!(!issued("a", 3).is_older_than(&issued("a", 3)));
    assert!(!issued("a", 4).is_older_than(&issued("a", 3)));
    assert!(self_signed(2).is_older_than(&self_signed(3)));
    assert!(!self_signed(4).is_older_than(&self_signed(3)));
}

/// Let's Encrypt dates certificates back by an hour, and ZeroSSL to midnight.
#[test]
fn another_authoritys_certificate_may_begin_earlier_on_the_same_day() {
    assert!(!issued("b", 2 * DAY).is_older_than(&issued("a", 3 * DAY)));
    assert!(issued("b", 2 * DAY - 1).is_older_than(&issued("a", 3 * DAY)));
}

/// It is there until an authority has issued the first one.
#[test]
fn a_self_signed_certificate_is_never_newer_than_an_authoritys() {
    assert!(!issued("a", 2).is_older_than(&self_signed(9 * DAY)));
    assert!(self_signed(2).is_older_than(&issued("a", 9 * DAY)));
}

#[test]
fn a_summary_has_what_people_compare() {
    let first = issued_pem("an authority", 2);
    let text = summary(first.as_bytes()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "certificate for a.test");
    assert!(lines[1].contains("an authority") && lines[2].starts_with("  valid from 2024-01-01 02:00 to "), "{text}");
    let hash = lines[3].strip_prefix("  SHA-256 ").unwrap();
    assert!(lines.len() == 4 && hash.len() == 32 * 3 - 1, "{text}");
    let both = first.clone() + &issued_pem("an authority", 3);
    let both = summary(both.as_bytes()).unwrap();
    assert!(both.contains("certificate 1 of 2 for") && both.contains("certificate 2 of 2 for"), "{both}");
    let key = KeyPair::generate().unwrap().serialize_pem();
    for other in [String::new(), "text".to_owned(), key.clone(), first.clone() + &key, first[..200].to_owned()] {
        assert_eq!(summary(other.as_bytes()), None, "{other}");
    }
}
