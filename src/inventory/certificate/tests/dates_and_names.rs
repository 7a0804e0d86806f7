//! Validity at a given time, and subject alternative names, with certificates from rcgen.

use std::time::{Duration, UNIX_EPOCH};

use rcgen::{CertificateParams, DnType, KeyPair, SanType, date_time_ymd, string::Ia5String};

use super::*;

/// 2024-01-02 03:04:05 and 2024-02-29 23:59:59, UTC.
const NOT_BEFORE: u64 = 1_704_164_645;
const NOT_AFTER: u64 = 1_709_251_199;

fn write(corpus: &Corpus, name: &str, common_name: &str, sans: Vec<SanType>) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.subject_alt_names = sans;
    params.not_before = date_time_ymd(2024, 1, 2) + Duration::from_secs(3 * 3600 + 4 * 60 + 5);
    params.not_after = date_time_ymd(2024, 2, 29) + Duration::from_secs(24 * 3600 - 1);
    let key = KeyPair::generate().unwrap();
    corpus.write(name, params.self_signed(&key).unwrap().pem());
    corpus.write(&format!("{name}.key"), key.serialize_pem());
}

fn dns(names: &[&str]) -> Vec<SanType> {
    let name = |name: &&str| SanType::DnsName(Ia5String::try_from(*name).unwrap());
    names.iter().map(name).collect()
}

fn at(corpus: &Corpus, name: &str, server_names: &[&str], seconds: u64) -> Vec<Found> {
    let (path, key) = (corpus.path(name), corpus.path(&format!("{name}.key")));
    let now = UNIX_EPOCH + Duration::from_secs(seconds);
    corpus.check(inspect(&path, Some(&key), server_names, now))
}

fn uncovered(index: usize, message: &str) -> Found {
    (ProblemKind::NameMismatch, Subject::ServerName(index), message.to_owned())
}

#[test]
fn both_ends_of_the_validity_are_inside_it() {
    let corpus = Corpus::new();
    write(&corpus, "a.crt", "a", dns(&["example.com"]));
    let expired = "the certificate in `a.crt` expired on `2024-02-29 23:59` UTC";
    let early = "the certificate in `a.crt` is not valid before `2024-01-02 03:04` UTC";
    let found = |seconds| at(&corpus, "a.crt", &["example.com"], seconds);
    let subject = Subject::Certificate;
    assert_eq!(found(NOT_BEFORE), []);
    assert_eq!(found(NOT_AFTER), []);
    assert_eq!(found(NOT_BEFORE - 1), [(ProblemKind::NotYetValid, subject, early.to_owned())]);
    assert_eq!(found(NOT_AFTER + 1), [(ProblemKind::Expired, subject, expired.to_owned())]);
    let before_1970 = UNIX_EPOCH - Duration::from_secs(1);
    let problems = Certificate::read(&corpus.path("a.crt")).unwrap().date_problems(before_1970, Some(30));
    assert_eq!(problems[0].kind, ProblemKind::NotYetValid);
}

#[test]
fn what_ends_soon_is_a_warning() {
    let corpus = Corpus::new();
    write(&corpus, "a.crt", "a", dns(&["example.com"]));
    let certificate = Certificate::read(&corpus.path("a.crt")).unwrap();
    let at =
        |before: u64, days| certificate.date_problems(UNIX_EPOCH + Duration::from_secs(NOT_AFTER - before), Some(days));
    const DAY: u64 = 24 * 3600;
    assert_eq!(at(30 * DAY, 30), []);
    assert_eq!(at(29 * DAY, 29), []);
    assert_eq!(at(0, 0), []);
    for (before, when) in
        [(30 * DAY - 1, "in 29 days"), (DAY, "in 1 day"), (DAY - 1, "within a day"), (0, "within a day")]
    {
        let found = at(before, 30);
        let severities: Vec<_> = found.iter().map(|problem| problem.severity).collect();
        assert_eq!(severities, [crate::diagnostic::Severity::Warning]);
        let message = format!("the certificate in `a.crt` expires {when}, on `2024-02-29 23:59` UTC");
        assert_eq!(corpus.check(found), [(ProblemKind::ExpiresSoon, Subject::Certificate, message)]);
    }
}

/// Those of six and 45 days, which are renewed with a third left, and one of a year.
#[test]
fn short_lives_are_not_near_their_end_when_they_begin() {
    const DAY: u64 = 24 * 3600;
    let corpus = Corpus::new();
    for (days, warned) in [(6_u64, 2 * DAY), (45, 15 * DAY), (90, 30 * DAY), (365, 30 * DAY)] {
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(2024, 1, 1);
        params.not_after = params.not_before + Duration::from_secs(days * DAY);
        let key = KeyPair::generate().unwrap();
        corpus.write("a.crt", params.self_signed(&key).unwrap().pem());
        let certificate = Certificate::read(&corpus.path("a.crt")).unwrap();
        // 2024-01-01.
        let end = 1_704_067_200 + days * DAY;
        let found = |before: u64, days| certificate.date_problems(UNIX_EPOCH + Duration::from_secs(end - before), days);
        assert_eq!(found(warned, None), [], "{days}");
        assert_eq!(found(warned - 1, None).len(), 1, "{days}");
        // What the inventory says counts, whatever the lifetime.
        assert_eq!(found(5 * DAY - 1, Some(5)).len(), 1, "{days}");
        assert_eq!(found(5 * DAY, Some(5)), [], "{days}");
    }
}

#[test]
fn names_come_from_the_alternative_names_alone() {
    let corpus = Corpus::new();
    write(&corpus, "none", "example.com", Vec::new());
    write(&corpus, "ip", "example.com", vec![SanType::IpAddress([10, 0, 0, 1].into())]);
    write(&corpus, "upper", "a", dns(&["WWW.Example.COM", "*.Example.NET"]));
    write(&corpus, "many", "a", dns(&["a.net", "b.net", "c.net", "d.net", "e.net"]));
    for name in ["none", "ip"] {
        let message = format!(
            "the certificate in `{name}` does not cover `example.com`: \
             its subject alternative names list no host name"
        );
        assert_eq!(at(&corpus, name, &["example.com"], NOT_AFTER), [uncovered(0, &message)]);
    }
    let names = ["www.example.com", "WWW.EXAMPLE.COM", "a.example.net", "*.example.net"];
    assert_eq!(at(&corpus, "upper", &names, NOT_AFTER), []);
    assert_eq!(
        at(&corpus, "many", &["a.net", "z.net"], NOT_AFTER),
        [uncovered(
            1,
            "the certificate in `many` does not cover `z.net`, \
         only `a.net`, `b.net`, `c.net` and `2` more",
        )]
    );
}

#[test]
fn a_wildcard_covers_one_label() {
    let corpus = Corpus::new();
    write(&corpus, "wild", "a", dns(&["*.example.com"]));
    write(&corpus, "plain", "a", dns(&["www.example.com"]));
    let names = ["a.example.com", "a.b.example.com", "example.com", "*.example.com", "*.b.example.com"];
    let refused = |index: usize| {
        let name = names[index];
        let message = format!("the certificate in `wild` does not cover `{name}`, only `*.example.com`");
        uncovered(index, &message)
    };
    assert_eq!(at(&corpus, "wild", &names, NOT_AFTER), [refused(1), refused(2), refused(4)]);
    let message = "the certificate in `plain` does not cover `*.example.com`, only `www.example.com`";
    assert_eq!(at(&corpus, "plain", &["*.example.com"], NOT_AFTER), [uncovered(0, message)]);
    let problem = Certificate::read(&corpus.path("wild")).unwrap().name_problem(0, "example.com");
    assert_eq!(
        problem.unwrap().help,
        "a wildcard covers one label below a domain of at least two: add `DNS:example.com`"
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    let corpus = Corpus::new();
    write(&corpus, "a.crt", "a", dns(&["a.example.com"]));
    write(&corpus, "b.crt", "b", dns(&["b.example.com"]));
    let (path, key) = (corpus.path("a.crt"), corpus.path("b.crt.key"));
    let names = ["b.example.com", "a.example.com", "c.example.com"];
    let found = corpus.check(inspect(&path, Some(&key), &names, SystemTime::now()));
    let kinds: Vec<_> = found.iter().map(|(kind, subject, _)| (*kind, *subject)).collect();
    assert_eq!(
        kinds,
        [
            (ProblemKind::Expired, Subject::Certificate),
            (ProblemKind::NameMismatch, Subject::ServerName(0)),
            (ProblemKind::NameMismatch, Subject::ServerName(2)),
            (ProblemKind::KeyMismatch, Subject::Key),
        ]
    );
    // A certificate that cannot be read does not hide what is wrong with the key.
    let missing = corpus.path("missing");
    let found = corpus.check(inspect(&missing, Some(&missing), &names, SystemTime::now()));
    let subjects: Vec<_> = found.iter().map(|(_, subject, _)| *subject).collect();
    assert_eq!(subjects, [Subject::Certificate, Subject::Key]);
    assert_eq!(inspect(&path, None, &["a.example.com"], UNIX_EPOCH + Duration::from_secs(NOT_AFTER)), []);
}

#[test]
fn a_name_with_control_characters_does_not_reach_the_terminal() {
    let corpus = Corpus::new();
    write(&corpus, "a.crt", "a", dns(&["\u{1b}[31mred"]));
    let message = "the certificate in `a.crt` does not cover `b`, only `\\u{1b}[31mred`";
    assert_eq!(at(&corpus, "a.crt", &["b"], NOT_AFTER), [uncovered(0, message)]);
}
