//! Which of two certificates is the newer one.

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use super::*;

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
    let mut of_authority = params(authority, 0);
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(of_authority, KeyPair::generate().unwrap());
    let key = KeyPair::generate().unwrap();
    parsed(&params("a.test", hours).signed_by(&key, &issuer).unwrap().pem())
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
