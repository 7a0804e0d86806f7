//! Certificates with random lifetimes at random times, and the names that ACME clients give to their files.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use sslscale::diagnostic::Severity;
use sslscale::lint::Settings;

use super::Numbers;
use super::certificates::findings;
use crate::cases::{all_of, cases, first};

const COUNT: u32 = 300;
const DAY: u64 = 86_400;
/// 2026-01-01.
const FROM: u64 = 1_767_225_600;
const SOURCE: &str = "ssl_certificate: /etc/a.pem, ssl_certificate_key: /etc/a.key, ssl_certificate_source: a.pem";

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

#[test]
fn a_third_of_the_lifetime_is_left_and_no_more_than_30_days() {
    let (dir, key) = (tempfile::tempdir().unwrap(), KeyPair::generate().unwrap());
    let (count, mut seen) = (cases(COUNT), [0; 3]);
    for number in first()..first() + count {
        let mut numbers = Numbers::of(number);
        let lifetime = [6, 45, 89, 91, 398][numbers.below(5)] * DAY + numbers.below(86_400) as u64;
        let mut params = params("a");
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = params.not_before + Duration::from_secs(lifetime);
        fs::write(dir.path().join("a.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        let days = (numbers.below(3) == 0).then(|| 1 + numbers.below(40) as u64);
        let early = days.map_or((lifetime / 3).min(30 * DAY), |days| days * DAY);
        // Near the time when it changes, and anywhere.
        let left = match numbers.below(3) {
            0 => early + numbers.below(3) as u64 - 1,
            1 => numbers.below(2) as u64,
            _ => numbers.below(usize::try_from(lifetime).unwrap()) as u64,
        };
        let now = UNIX_EPOCH + Duration::from_secs((FROM + lifetime).saturating_sub(left).max(FROM));
        let left = (UNIX_EPOCH + Duration::from_secs(FROM + lifetime)).duration_since(now).unwrap().as_secs();
        let more = days.map_or(String::new(), |days| format!("lint: {{ certificate_days: {days} }}\n"));
        let settings = Settings { now, ..Settings::default() };
        let found = findings(dir.path(), SOURCE, &more, &settings);
        let found: Vec<Severity> = found.iter().filter(|it| it.code.id == "TL01").map(|it| it.severity).collect();
        let expected = if left < early { vec![Severity::Warning] } else { Vec::new() };
        assert_eq!(found, expected, "{number}: {left} of {lifetime} seconds are left, {days:?}");
        seen[if days.is_some() { 2 } else { usize::from(left < early) }] += 1;
    }
    assert!(!all_of(COUNT, count) || seen.iter().all(|seen| *seen > 30), "{seen:?}");
}

/// What certbot and dehydrated write under each name; a name alone says the same as what is in the file.
#[test]
fn names_of_acme_files_say_what_their_contents_say() {
    let root = (params("root"), KeyPair::generate().unwrap());
    let root = {
        let (mut params, key) = root;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Issuer::new(params, key)
    };
    let (mut above, key) = (params("above"), KeyPair::generate().unwrap());
    above.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let chain = above.signed_by(&key, &root).unwrap().pem();
    let issuer = Issuer::new(above, key);
    let leaf = params("leaf").signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().pem();
    let full = format!("{leaf}{chain}");
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { now: SystemTime::now(), ..Settings::default() };
    for (stem, content) in [("cert", &leaf), ("chain", &chain), ("fullchain", &full)] {
        fs::write(dir.path().join("a.pem"), content).unwrap();
        let wrong = |found: &str, codes: &[&str]| {
            findings(dir.path(), found, "", &settings).iter().any(|it| codes.contains(&it.code.id))
        };
        let by_content = wrong(SOURCE, &["TL04", "TL06"]);
        for (folder, number) in [("live", ""), ("archive", "1"), ("archive", "12")] {
            let path = format!("/etc/letsencrypt/{folder}/a.example/{stem}{number}.pem");
            let site = format!("ssl_certificate: {path}, ssl_certificate_key: /etc/a.key");
            assert_eq!(wrong(&site, &["TL04"]), by_content, "{path}");
        }
        let path = format!("/var/lib/dehydrated/certs/a.example/{stem}.pem");
        assert_eq!(wrong(&format!("ssl_certificate: {path}, ssl_certificate_key: /etc/a.key"), &["TL04"]), by_content);
        assert_eq!(by_content, stem != "fullchain");
        // Elsewhere a name means nothing.
        assert!(!wrong(&format!("ssl_certificate: /etc/ssl/{stem}.pem, ssl_certificate_key: /etc/a.key"), &["TL04"]));
    }
}
