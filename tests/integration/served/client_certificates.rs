//! Sites that ask clients for certificates, on every release: who gets an answer, and what apps are told.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

use super::{HOSTS, Served, on_every_release, site};
use crate::real::found;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority_params(name: &str, constraints: BasicConstraints) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn authority(name: &str) -> Issuer {
    let params = authority_params(name, BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// An authority below another, of which it has the certificate.
fn below(issuer: &Issuer, name: &str, constraints: BasicConstraints) -> Issuer {
    CertifiedIssuer::signed_by(authority_params(name, constraints), KeyPair::generate().unwrap(), issuer).unwrap()
}

/// Adds the certificates of these authorities to a client's, which sends them.
fn sends(file: &Path, authorities: &[&Issuer]) {
    let pems: String = authorities.iter().map(|it| it.pem()).collect();
    fs::write(file, fs::read_to_string(file).unwrap() + &pems).unwrap();
}

/// Writes a certificate of a client with its key.
fn client(issuer: &Issuer, file: &Path, name: &str, serial: u64) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(serial));
    let key = KeyPair::generate().unwrap();
    fs::write(file, params.signed_by(&key, issuer).unwrap().pem() + &key.serialize_pem()).unwrap();
}

/// A list in which the certificate with this serial is revoked.
fn revoked(issuer: &Issuer, serial: u64) -> String {
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(serial),
        revocation_time: date_time_ymd(2024, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2024, 1, 1),
        next_update: date_time_ymd(2090, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(issuer).unwrap().pem().unwrap()
}

/// The status for a client of one site that resumes its session with another, over this version of TLS.
fn resumed(served: &mut Served, dir: &Path, (from, to): (&str, &str), version: &str) -> String {
    let ask = |name: &str, session: &str| {
        format!(
            "(printf 'GET / HTTP/1.1\\r\\nHost: {name}\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | openssl s_client {version} \
             -connect 10.0.0.10:443 -servername {name} -ign_eof {session} {}/session 2>&1",
            dir.display()
        )
    };
    let asking = format!("{} >/dev/null; {}; true", ask(from, "-sess_out"), ask(to, "-sess_in"));
    let output = served.run(&asking).output;
    output.lines().find_map(|line| line.strip_prefix("HTTP/1.1 ")).unwrap_or("none").to_owned()
}

#[test]
fn clients_get_an_answer_with_a_certificate_of_the_sites_authority() {
    let dir = tempfile::tempdir().unwrap();
    let (staff, partners) = (authority("staff"), authority("partners"));
    for (issuer, name, serial) in [(&staff, "alice", 1), (&staff, "mallory", 2), (&partners, "bob", 1)] {
        client(issuer, &dir.path().join(name), name, serial);
    }
    // One authority between, two, and two where the first allows none below itself.
    let one = below(&staff, "one", BasicConstraints::Unconstrained);
    let two = below(&one, "two", BasicConstraints::Unconstrained);
    let last = below(&staff, "last", BasicConstraints::Constrained(0));
    let beyond = below(&last, "beyond", BasicConstraints::Unconstrained);
    for (name, chain) in [("carol", &[&one][..]), ("dave", &[&two, &one]), ("eve", &[&beyond, &last])] {
        let file = dir.path().join(name);
        client(chain[0], &file, name, 3);
        sends(&file, chain);
    }
    let app = "    locations: [ { path: /, proxy_pass: \"http://127.0.0.1:8001\" } ]\n";
    let of =
        |more: &str| format!("    client_certificates: {{ ssl_client_certificate: /etc/ssl/staff.pem{more} }}\n{app}");
    let inventory = format!(
        "{HOSTS}nginx: {{ hsts: {{ max_age: 1d }} }}\nsites:\n{}{}{}{}",
        site("on.test", &of("")),
        site("optional.test", &of(", ssl_verify_client: optional")),
        site("list.test", &of(", ssl_crl: /etc/ssl/revoked.pem")),
        site("none.test", app),
    );
    let files = [("/etc/ssl/staff.pem", staff.pem()), ("/etc/ssl/revoked.pem", revoked(&staff, 2))];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    on_every_release(&inventory, &files, &[("http", "127.0.0.1:8001")], |served| {
        for (host, who, status, verify, subject) in [
            ("on.test", "", 400, "", ""),
            ("on.test", "alice", 200, "SUCCESS", "CN=alice"),
            ("on.test", "mallory", 200, "SUCCESS", "CN=mallory"),
            ("on.test", "bob", 400, "", ""),
            ("on.test", "carol", 200, "SUCCESS", "CN=carol"),
            ("on.test", "dave", 200, "SUCCESS", "CN=dave"),
            ("on.test", "eve", 400, "", ""),
            ("optional.test", "", 200, "NONE", ""),
            ("optional.test", "alice", 200, "SUCCESS", "CN=alice"),
            ("optional.test", "bob", 400, "", ""),
            ("list.test", "alice", 200, "SUCCESS", "CN=alice"),
            ("list.test", "mallory", 400, "", ""),
            ("none.test", "alice", 200, "", ""),
            ("none.test", "", 200, "", ""),
        ] {
            let mut more =
                "-H 'X-SSL-Client-Verify: SUCCESS' -H 'X-SSL-Client-S-DN: CN=root' -H 'Ssl-Client-Verify: SUCCESS'"
                    .to_owned();
            if !who.is_empty() {
                more += &format!(" --cert {}", dir.path().join(who).display());
            }
            let answer = served.curl(&format!("https://{host}/"), &more);
            let seen = format!("{host} {who:?} on {}: {answer:?}", served.name());
            assert_eq!(answer.status, status, "{seen}");
            if status == 200 {
                let told = |name: &str| answer.variable(name).unwrap_or_default();
                let all =
                    (told("HTTP_X_SSL_CLIENT_VERIFY"), told("HTTP_X_SSL_CLIENT_S_DN"), told("HTTP_SSL_CLIENT_VERIFY"));
                assert_eq!(all, (verify.to_owned(), subject.to_owned(), String::new()), "{seen}");
            }
        }
        for version in ["-tls1_2", "-tls1_3"] {
            let got = resumed(served, dir.path(), ("none.test", "on.test"), version);
            assert!(!got.starts_with("200"), "{got} {version} on {}", served.name());
            let got = resumed(served, dir.path(), ("none.test", "none.test"), version);
            assert!(got.starts_with("200"), "{got} {version} on {}", served.name());
        }
    });
}

// Over TLS 1.2, OpenSSL accepts an elliptic key only on a curve of the list; TL27 reads no program.
#[test]
fn a_list_of_groups_without_the_clients_curve_refuses_it_over_tls_1_2() {
    let dir = tempfile::tempdir().unwrap();
    let staff = authority("staff");
    client(&staff, &dir.path().join("alice"), "alice", 1);
    let more = "    client_certificates: { ssl_client_certificate: /etc/ssl/staff.pem }\n    \
                locations: [ { path: /, return: { code: 200, body: hello } } ]\n";
    for (groups, status) in [("X25519, secp384r1", 0), ("X25519, P-256", 200), ("prime256v1", 200)] {
        let inventory = format!("{HOSTS}nginx: {{ ssl_ecdh_curve: [{groups}] }}\nsites:\n{}", site("on.test", more));
        assert_eq!(found(&inventory).contains(&"TL27"), status == 0, "{groups}");
        on_every_release(&inventory, &[("/etc/ssl/staff.pem", &staff.pem())], &[], |served| {
            for (version, status) in [("1.2", status), ("1.3", 200)] {
                let with = format!("--cert {} --tls-max {version}", dir.path().join("alice").display());
                let answer = served.curl("https://on.test/", &with);
                assert_eq!(answer.status, status, "{groups} {version} on {}: {answer:?}", served.name());
            }
        });
    }
}
