//! Certificates that an inventory names on this machine: made by the real openssl, looked into
//! by `check`, each defect reported at the value that has to change.

mod corpus;
mod kinds;
mod lists;
mod roots;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Sslscale, pin};

const INVENTORY: &str = "\
load_balancers: [{ name: lb1, address: 10.0.0.10 }]
app_servers:
  - { name: srv1, address: 10.0.0.11 }
  - { name: srv2, address: 10.0.0.12 }
sites:
  - server_name: [example.com, www.example.com]
    root: /srv
    ssl_certificate: /etc/ssl/example/ssl.crt
    ssl_certificate_key: /etc/ssl/example/ssl.key
    ssl_certificate_source: tls/ssl.crt
    ssl_certificate_key_source: tls/ssl.key
";

/// A self-signed certificate and its key below `tls/`.
fn certificate(dir: &Path, name: &str, names: &str, days: &str) {
    std::fs::create_dir_all(dir.join("tls")).unwrap();
    let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-batch"];
    let output = Command::new("openssl")
        .args(arguments)
        .args(["-subj", "/CN=test", "-days", days, "-addext", &format!("subjectAltName={names}")])
        .args(["-keyout", &format!("tls/{name}.key"), "-out", &format!("tls/{name}.crt")])
        .current_dir(dir)
        .output()
        .expect("these tests need openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A file that only its owner may read.
fn write_key(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn run(make: impl FnOnce(&Path)) -> crate::support::Run {
    // One balancer will do here, and no resumption.
    let run = Sslscale::new(&["check", "--allow", "CP07,RS01", "inventory.yaml"]).inventory(INVENTORY);
    make(run.dir());
    run.run()
}

#[test]
fn a_sound_pair_is_accepted() {
    let run = run(|dir| certificate(dir, "ssl", "DNS:example.com,DNS:*.example.com", "90"));
    // The only note is that no authority issued it.
    let notes: Vec<&str> = run.stderr.lines().filter(|line| line.contains("[")).collect();
    assert_eq!((run.status, notes.len(), run.stderr.starts_with("info[TL04]: ")), (0, 1, true), "{}", run.stderr);
}

#[test]
fn defects_are_reported_at_the_value_to_change() {
    let missing = run(|_| {});
    let name = run(|dir| certificate(dir, "ssl", "DNS:example.com", "90"));
    let key = run(|dir| {
        certificate(dir, "other", "DNS:other.example", "90");
        std::fs::rename(dir.join("tls/other.key"), dir.join("tls/kept.key")).unwrap();
        certificate(dir, "ssl", "DNS:example.com,DNS:www.example.com", "90");
        std::fs::rename(dir.join("tls/kept.key"), dir.join("tls/ssl.key")).unwrap();
    });
    let swapped = run(|dir| {
        certificate(dir, "ssl", "DNS:example.com,DNS:www.example.com", "90");
        std::fs::copy(dir.join("tls/ssl.key"), dir.join("tls/ssl.crt")).unwrap();
    });
    for (run, code, place) in [
        (&missing, "TL06", "inventory.yaml:10:29"),
        (&name, "TL03", "inventory.yaml:6:32"),
        (&key, "TL02", "inventory.yaml:11:33"),
        (&swapped, "TL06", "inventory.yaml:10:29"),
    ] {
        assert_eq!(run.status, 1);
        assert!(run.stderr.contains(&format!("error[{code}]")), "{}", run.stderr);
        assert!(run.stderr.contains(place), "{}", run.stderr);
    }
    pin("check-certificates", &[missing.all(), name.all(), key.all(), swapped.all()].join("\n"));
}

#[test]
fn an_expired_certificate_is_an_error() {
    // openssl of today makes no certificate that has expired.
    let run = run(|dir| {
        let names = vec!["example.com".to_owned(), "www.example.com".to_owned()];
        let mut parameters = rcgen::CertificateParams::new(names).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        std::fs::create_dir_all(dir.join("tls")).unwrap();
        std::fs::write(dir.join("tls/ssl.crt"), parameters.self_signed(&key).unwrap().pem()).unwrap();
        write_key(&dir.join("tls/ssl.key"), &key.serialize_pem());
    });
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("error[TL01]") && run.stderr.contains("inventory.yaml:10:29"), "{}", run.stderr);
}

#[test]
fn a_key_without_its_certificate_is_an_error() {
    let text = INVENTORY.replace("    ssl_certificate_source: tls/ssl.crt\n", "");
    assert_eq!(lists::refusals(&text), [("IN04", "10:33".to_owned())]);
}

#[test]
fn a_key_that_nginx_would_not_load_is_an_error() {
    let run = run(|dir| {
        std::fs::create_dir_all(dir.join("tls")).unwrap();
        let arguments = "req -x509 -newkey rsa:1024 -nodes -batch -subj /CN=test -days 90 \
                         -addext subjectAltName=DNS:example.com,DNS:www.example.com -keyout tls/ssl.key -out tls/ssl.crt";
        let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("error[TL06]") && run.stderr.contains("RSA key of `1024` bits"), "{}", run.stderr);
}

/// Code, severity and message of every finding, and code and reason of every rule that was skipped.
fn known(run: &Sslscale) -> (Vec<[String; 3]>, Vec<[String; 2]>) {
    let json = run.run_with(&["check", "--format", "json", "--exit-zero", "inventory.yaml"]);
    let document: serde_json::Value =
        serde_json::from_str(&json.stdout).unwrap_or_else(|e| panic!("{e}\n{}", json.all()));
    let inventory = &document["inventories"][0];
    let words = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap().to_owned();
    let findings = inventory["findings"].as_array().unwrap().iter();
    let skipped = inventory["skipped"].as_array().unwrap().iter();
    (
        findings.map(|one| ["code", "severity", "message"].map(|key| words(one, key))).collect(),
        skipped.map(|one| ["code", "reason"].map(|key| words(one, key))).collect(),
    )
}

/// What is found of one rule: severity and message.
fn of(run: &Sslscale, code: &str) -> Vec<(String, String)> {
    known(run)
        .0
        .into_iter()
        .filter(|[found, ..]| found == code)
        .map(|[_, severity, message]| (severity, message))
        .collect()
}

#[test]
fn what_ends_soon_is_a_warning() {
    // New ones: by themselves they are not near their end.
    let new = Sslscale::new(&["check", "inventory.yaml"]).inventory(INVENTORY);
    for days in ["6", "20", "45"] {
        certificate(new.dir(), "ssl", "DNS:example.com,DNS:www.example.com", days);
        assert_eq!(of(&new, "TL01"), [], "{days}");
    }
    let days = format!("{INVENTORY}lint: {{ certificate_days: 30 }}\n");
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(days);
    certificate(run.dir(), "ssl", "DNS:example.com,DNS:www.example.com", "20");
    let found = of(&run, "TL01");
    let days = ["in 19 days", "in 20 days"].iter().any(|days| found[0].1.contains(days));
    assert!(found.len() == 1 && found[0].0 == "warning" && days, "{found:?}");
    assert_eq!(run.run().status, 0);
    certificate(run.dir(), "ssl", "DNS:example.com,DNS:www.example.com", "40");
    assert_eq!(of(&run, "TL01"), []);
}

#[test]
fn what_could_not_be_looked_at_has_not_passed() {
    let sites = |named: usize, of: usize| {
        let (head, site) = INVENTORY.split_once("sites:\n").unwrap();
        let site = |n: usize| {
            let site = site.replace("[example.com, www.example.com]", &format!("n{n}.example.com"));
            if n < named {
                site
            } else {
                site.lines().filter(|l| !l.contains("_source")).map(|l| format!("{l}\n")).collect()
            }
        };
        format!("{head}sites:\n{}", (0..of).map(site).collect::<String>())
    };
    for (named, of, reason) in [
        (0, 1, "the site does not set `ssl_certificate_source`"),
        (0, 2, "no site sets `ssl_certificate_source`"),
        (2, 3, "1 of 3 sites does not set `ssl_certificate_source`"),
        (1, 3, "2 of 3 sites do not set `ssl_certificate_source`"),
    ] {
        let run = Sslscale::new(&[]).inventory(sites(named, of));
        certificate(run.dir(), "ssl", "DNS:*.example.com", "90");
        let skipped = known(&run).1;
        for code in ["TL01", "TL02", "TL03", "TL04", "TL06", "TL18"] {
            assert!(skipped.contains(&[code.to_owned(), reason.to_owned()]), "{code}: {skipped:?}");
        }
    }
    let run = Sslscale::new(&[]).inventory(sites(1, 1));
    let (findings, skipped) = known(&run);
    assert_eq!(findings.iter().filter(|[code, ..]| code == "TL06").count(), 2, "{findings:?}");
    let reason = "one `ssl_certificate_source` cannot be used: see TL06";
    assert!(skipped.contains(&["TL01".to_owned(), reason.to_owned()]), "{skipped:?}");
    // The summary asked for keys that are set.
    let summary = run.run_with(&["check", "inventory.yaml"]).stderr.lines().last().unwrap().to_owned();
    assert!(summary.contains(" need a usable `ssl_certificate_source`"), "{summary}");
    assert!(!summary.contains(" need `ssl_"), "{summary}");
}

#[test]
fn a_file_that_many_sites_name_is_reported_once() {
    let (head, site) = INVENTORY.split_once("sites:\n").unwrap();
    let sites: String =
        (0..500).map(|n| site.replace("[example.com, www.example.com]", &format!("n{n}.example.com"))).collect();
    let run = Sslscale::new(&["check", "inventory.yaml"])
        .inventory(format!("{head}sites:\n{sites}lint: {{ certificate_days: 30 }}\n"));
    certificate(run.dir(), "ssl", "DNS:*.example.com", "5");
    certificate(run.dir(), "other", "DNS:other.example", "90");
    std::fs::rename(run.dir().join("tls/other.key"), run.dir().join("tls/ssl.key")).unwrap();
    assert_eq!((of(&run, "TL01").len(), of(&run, "TL02").len()), (1, 1));
    let shown = run.run().stderr;
    // It is self-signed, too.
    assert_eq!(shown.matches("this site uses it too").count(), 3 * 3, "{shown}");
}

#[test]
fn an_intermediate_that_has_expired_is_an_error() {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(INVENTORY);
    let params = |names: &[&str], until| {
        let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("{names:?}"));
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params
    };
    let mut root = params(&["root"], 2090);
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = Issuer::new(root, KeyPair::generate().unwrap());
    let (between, between_key, key) =
        (params(&["between"], 2021), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut chain = between.signed_by(&between_key, &root).unwrap().pem();
    let leaf = params(&["example.com", "www.example.com"], 2090);
    chain.insert_str(0, &leaf.signed_by(&key, &Issuer::new(between, between_key)).unwrap().pem());
    std::fs::create_dir_all(run.dir().join("tls")).unwrap();
    std::fs::write(run.dir().join("tls/ssl.crt"), chain).unwrap();
    write_key(&run.dir().join("tls/ssl.key"), &key.serialize_pem());
    let message = "certificate `2` in `tls/ssl.crt` expired on `2021-01-01 00:00` UTC";
    assert_eq!(of(&run, "TL01"), [("error".to_owned(), message.to_owned())]);
}

#[test]
fn a_certificate_that_pools_share_or_that_covers_both_is_a_note() {
    let inventory = |api: &str, own: &str, http2: bool| {
        format!(
            "load_balancers:\n  - {{ name: lb1, address: 10.0.0.10 }}\napp_servers:\n\
             \x20 - {{ name: a, address: 10.0.0.11 }}\n  - {{ name: b, address: 10.0.0.12 }}\n\
             nginx: {{ http2: {http2} }}\npools:\n\
             \x20 - {{ name: web, app_servers: [a] }}\n  - {{ name: api, app_servers: [b] }}\nsites:\n\
             \x20 - server_name: example.com\n    pool: web\n    root: /srv\n    ssl_certificate: /etc/ssl/web.crt\n\
             \x20   ssl_certificate_key: /etc/ssl/web.key\n{own}\
             \x20 - server_name: www.example.com\n    pool: api\n    root: /srv\n    ssl_certificate: /etc/ssl/{api}.crt\n\
             \x20   ssl_certificate_key: /etc/ssl/{api}.key\n"
        )
    };
    let source = "    ssl_certificate_source: tls/ssl.crt\n";
    for (api, own, http2, findings) in [
        ("api", "", true, 0),
        ("web", "", true, 2),
        ("web", "", false, 0),
        ("api", source, true, 1),
        ("api", source, false, 0),
    ] {
        let run = Sslscale::new(&[]).inventory(inventory(api, own, http2));
        certificate(run.dir(), "ssl", "DNS:example.com,DNS:*.example.com", "90");
        let found = of(&run, "TL22");
        assert_eq!(found.len(), findings, "{api} {own} {http2}: {found:?}");
    }
}

/// No browser that insists on it would accept what is rendered.
#[test]
fn a_certificate_that_must_be_stapled_is_found() {
    for (feature, wanted) in [("status_request", true), ("status_request_v2", false)] {
        let run = run(|dir| {
            certificate(dir, "ssl", "DNS:example.com,DNS:*.example.com", "90");
            let request = ["req", "-x509", "-key", "tls/ssl.key", "-subj", "/CN=test", "-days", "90", "-addext"];
            let names = "subjectAltName=DNS:example.com,DNS:*.example.com";
            let done = Command::new("openssl")
                .args(request)
                .args([names, "-addext", &format!("tlsfeature={feature}"), "-out", "tls/ssl.crt"])
                .current_dir(dir)
                .output()
                .unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        });
        assert_eq!((run.status, run.stderr.contains("error[TL06]")), (i32::from(wanted), wanted), "{}", run.stderr);
    }
}

/// certbot's names, where there is nothing to look into.
#[test]
fn a_part_of_a_chain_is_known_by_its_name() {
    let live = |name: &str| format!("/etc/letsencrypt/live/example.com/{name}");
    let cases = [
        (live("cert.pem"), Some("fullchain.pem")),
        (live("chain.pem"), Some("fullchain.pem")),
        ("/etc/letsencrypt/archive/example.com/cert12.pem".to_owned(), Some("fullchain12.pem")),
        (live("fullchain.pem"), None),
        ("/etc/ssl/cert.pem".to_owned(), None),
        (live("certificate.pem"), None),
    ];
    for (path, wanted) in cases {
        let without = INVENTORY.lines().filter(|line| !line.contains("_source")).collect::<Vec<_>>().join("\n");
        let text = without.replace("/etc/ssl/example/ssl.crt", &path);
        let source = sslscale::source::Source::new("t", text.clone());
        let found = sslscale::lint::lint(&source, &sslscale::lint::Settings::default()).findings;
        let found: Vec<_> = found.iter().filter(|it| it.code.id == "TL04").collect();
        let places: Vec<&str> = found.iter().map(|it| source.slice(it.span)).collect();
        assert_eq!(places, wanted.map(|_| path.as_str()).into_iter().collect::<Vec<_>>(), "{path}");
        if let Some(name) = wanted {
            let better = path.rsplit_once('/').unwrap().0.to_owned() + "/" + name;
            assert!(found[0].help.contains(&better), "{}", found[0].help);
        }
    }
}

/// A file that is taken for a certificate alone is installed with mode 644.
#[test]
fn a_key_in_a_certificate_source_is_found_unless_its_path_is_a_keys() {
    for (both, wanted) in [(false, "error"), (true, "warning")] {
        let text = if both {
            INVENTORY.replace("/etc/ssl/example/ssl.key", "/etc/ssl/example/ssl.crt")
        } else {
            INVENTORY.to_owned()
        };
        let text = if both { text.replace("tls/ssl.key", "tls/ssl.crt") } else { text };
        let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(text);
        certificate(run.dir(), "ssl", "DNS:example.com,DNS:*.example.com", "90");
        let read = |name: &str| std::fs::read_to_string(run.dir().join("tls").join(name)).unwrap();
        write_key(&run.dir().join("tls/ssl.crt"), &format!("{}{}", read("ssl.crt"), read("ssl.key")));
        let severities: Vec<String> = of(&run, "TL21").into_iter().map(|(severity, _)| severity).collect();
        assert_eq!(severities, [wanted], "{both}");
    }
}
