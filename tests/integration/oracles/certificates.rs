//! Certificate files that are put together at random are compared with what the real nginx and OpenSSL say of
//! them: which cannot be loaded, and by which line; which hold a key; which require a stapled answer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use sslscale::diagnostic::{Diagnostic, Severity};
use sslscale::lint::{Settings, lint};
use sslscale::source::Source;

use super::Numbers;
use crate::cases::{all_of, cases, first};
use crate::keys::pair;
use crate::support::need;

const COUNT: u32 = 80;

/// What the lint finds where a site has this certificate on this machine.
pub fn findings(dir: &Path, certificate: &str, more: &str, settings: &Settings) -> Vec<Diagnostic> {
    let yaml = format!(
        "load_balancers: [{{ name: lb1, address: 10.0.0.10 }}]\napp_servers: [{{ name: srv1, address: 10.0.0.11 }}]\n\
         sites: [{{ server_name: a.example, root: /srv, {certificate} }}]\n{more}"
    );
    let linted = lint(&Source::new(dir.join("inventory.yaml").display().to_string(), &yaml), settings);
    assert!(linted.inventory.is_some(), "{:?}\n{yaml}", linted.findings);
    linted.findings
}

fn run(program: &str, words: &[&str]) -> Output {
    Command::new(program).args(words).output().unwrap()
}

/// A file that only root and its owner may read.
fn put(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// PEM blocks in a random order, the first certificate first, and what is around them. Half of the files have
/// one fault; the line that is to be named comes with it.
fn file(numbers: &mut Numbers, [own, other, key]: [&str; 3]) -> (String, Option<usize>) {
    let mut blocks = vec![own.trim_end(), other.trim_end()];
    blocks.truncate(1 + numbers.below(2));
    if numbers.below(3) == 0 {
        let at = numbers.below(blocks.len() + 1);
        blocks.insert(at, key.trim_end());
    }
    let (at, fault) = (numbers.below(blocks.len()), numbers.below(6));
    let (mut text, mut line) = (String::new(), None);
    for (index, block) in blocks.iter().enumerate() {
        let begins = text.matches('\n').count() + 1;
        let (front, end) = block.rsplit_once('\n').unwrap();
        let middle = front.len() / 2;
        match fault {
            0 if index == at => {
                line = Some(begins);
                text += front;
            }
            1 if index == at => {
                line = Some(begins);
                text += &format!("{}!{}\n{end}", &front[..middle], &front[middle..]);
            }
            _ => text += block,
        }
        let between = ["\n", "\r\n", "  \n", "\nsome words\n"][numbers.below(4)];
        if fault == 2 && index == at && index + 1 < blocks.len() {
            // The next block begins on the last line of this one.
            line = Some(text.matches('\n').count() + 1);
        } else {
            text += between;
        }
    }
    (text, line)
}

/// Whether nginx loads these files.
fn loads(dir: &Path, certificate: &Path, key: &Path) -> bool {
    let config = dir.join("nginx.conf");
    let at = dir.display();
    let text = format!(
        "pid {at}/pid;\nerror_log {at}/error.log;\nevents {{ }}\nhttp {{\naccess_log off;\nclient_body_temp_path \
         {at}/a;\nproxy_temp_path {at}/b;\nfastcgi_temp_path {at}/c;\nuwsgi_temp_path {at}/d;\nscgi_temp_path {at}/e;\n\
         server {{ listen unix:{at}/socket ssl; ssl_certificate {}; ssl_certificate_key {}; }}\n}}\n",
        certificate.display(),
        key.display()
    );
    fs::write(&config, text).unwrap();
    run("nginx", &["-t", "-c", config.to_str().unwrap()]).status.success()
}

/// The line that a message names.
fn named(message: &str) -> Option<usize> {
    message.split_once("line `")?.1.split('`').next()?.parse().ok()
}

#[test]
fn files_are_read_as_nginx_and_openssl_read_them() {
    if !need::programs(&["nginx", "openssl"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let names = ["a.example".to_owned()];
    let ((own, key), (other, _)) = (pair("p256", &names), pair("p384", &names));
    let (chain, alone) = (dir.path().join("a.pem"), dir.path().join("a.key"));
    put(&alone, &key);
    let (count, mut seen) = (cases(COUNT), [0; 5]);
    for number in first()..first() + count {
        let mut numbers = Numbers::of(number);
        let (text, line) = file(&mut numbers, [&own, &other, &key]);
        put(&chain, &text);
        // One file for both, or a key of its own.
        let both = numbers.below(3) == 0;
        let key = if both { &chain } else { &alone };
        let (path, source) = if both { ("/etc/a.pem", "a.pem") } else { ("/etc/a.key", "a.key") };
        let site = format!(
            "ssl_certificate: /etc/a.pem, ssl_certificate_key: {path}, ssl_certificate_source: a.pem, \
             ssl_certificate_key_source: {source}"
        );
        let found = findings(dir.path(), &site, "", &Settings::default());
        let says = |code: &str, severity| {
            found
                .iter()
                .filter(|it| it.code.id == code && it.severity == severity)
                .map(|it| named(&it.message))
                .collect::<Vec<_>>()
        };
        let (errors, open_key) = (says("TL06", Severity::Error), says("TL21", Severity::Error));
        let loads = loads(dir.path(), &chain, key);
        // Of a block without an end OpenSSL takes the base64 that it finds, if that has an end, and nothing after it.
        let cut = text.matches("-----BEGIN").count() > text.matches("-----END").count();
        assert_eq!(errors.is_empty(), loads && !cut, "{number}: {found:?}\n{text}");
        assert!(line.is_none_or(|line| errors.contains(&Some(line))), "{number}, {line:?}: {found:?}\n{text}");
        let loads = loads && !cut;
        let holds = run("openssl", &["pkey", "-noout", "-in", chain.to_str().unwrap()]).status.success();
        let open = loads && holds && !both;
        assert_eq!(!open_key.is_empty(), open, "{number}: {found:?}\n{text}");
        assert_eq!(!says("TL21", Severity::Warning).is_empty(), both, "{number}: {found:?}\n{text}");
        let glued = text.contains("----------BEGIN");
        let facts = [loads, !loads && line.is_some(), glued, open, loads && both];
        seen.iter_mut().zip(facts).for_each(|(sum, fact)| *sum += u32::from(fact));
    }
    assert!(!all_of(COUNT, count) || seen.iter().all(|seen| *seen > 2), "{seen:?}");
}

#[test]
fn stapled_answers_are_required_where_openssl_says_so() {
    if !need::programs(&["openssl"]) {
        return;
    }
    const FEATURES: [&str; 8] = ["", "status_request", "status_request_v2", "5", "17,5", "10,5", "10,17", "1285"];
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    put(Path::new(&at("a.key")), &pair("p256", &["a.example".to_owned()]).1);
    let mut seen = [0; 2];
    for features in FEATURES {
        let feature = format!("tlsfeature={features}");
        let (key, chain) = (at("a.key"), at("a.pem"));
        let mut words = vec!["req", "-x509", "-sha256", "-days", "90", "-subj", "/CN=a", "-key", &key, "-out", &chain];
        words.extend(["-addext", "subjectAltName=DNS:a.example"]);
        words.extend(["-addext", &feature].into_iter().filter(|_| !features.is_empty()));
        assert!(run("openssl", &words).status.success(), "{words:?}");
        let shown = run("openssl", &["x509", "-noout", "-ext", "tlsfeature", "-in", &chain]).stdout;
        let shown = String::from_utf8(shown).unwrap();
        let required = shown.lines().flat_map(|line| line.split(',')).any(|it| it.trim() == "status_request");
        let site = "ssl_certificate: /etc/a.pem, ssl_certificate_key: /etc/a.key, ssl_certificate_source: a.pem";
        let found = findings(dir.path(), site, "", &Settings::default());
        assert_eq!(found.iter().any(|it| it.code.id == "TL06"), required, "{features}: {shown} {found:?}");
        seen[usize::from(required)] += 1;
    }
    assert!(seen.iter().all(|seen| *seen > 2), "{seen:?}");
}
