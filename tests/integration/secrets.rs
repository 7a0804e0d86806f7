//! Private keys beside an inventory and in it: who can read them, whether git tracks them, and that
//! no report shows one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Run, Sslscale, need, repository, roots};

const SOURCES: &str = "    ssl_certificate_source: tls/ssl.crt\n    ssl_certificate_key_source: tls/ssl.key\n";

/// An inventory with its certificate and key, of mode 600.
fn fleet() -> Sslscale {
    let made = rcgen::generate_simple_self_signed(vec!["example.com".to_owned()]).unwrap();
    let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(roots::inventory(SOURCES));
    let run = run.file("tls/ssl.crt", made.cert.pem()).file("tls/ssl.key", made.signing_key.serialize_pem());
    mode(run.dir(), "tls/ssl.key", 0o600);
    run
}

fn mode(dir: &Path, name: &str, mode: u32) {
    fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
}

fn git(dir: &Path, arguments: &str) {
    let output = Command::new("git").args(arguments.split(' ')).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "git {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Whether the rule has a finding, at its severity.
fn has(run: &Run, severity: &str, code: &str) -> bool {
    run.stderr.contains(&format!("{severity}[{code}]"))
}

#[test]
fn only_its_owner_may_read_a_key() {
    let run = fleet();
    for (bits, severity) in [
        (0o600, None),
        (0o400, None),
        (0o640, Some("warning")),
        (0o440, Some("warning")),
        (0o644, Some("error")),
        (0o602, Some("error")),
        (0o620, Some("error")),
        (0o777, Some("error")),
    ] {
        mode(run.dir(), "tls/ssl.key", bits);
        let found = run.run();
        let seen = ["warning", "error"].into_iter().find(|severity| has(&found, severity, "SE03"));
        assert_eq!(seen, severity, "{bits:o}: {}", found.all());
        assert_eq!(found.stderr.contains(&format!("its mode is `{bits:03o}`")), severity.is_some(), "{}", found.all());
        assert_eq!(found.stderr.contains("run `chmod 600 tls/ssl.key`"), severity.is_some());
        assert_eq!(found.status, i32::from(severity == Some("error")));
    }
}

#[test]
fn a_certificate_with_a_key_in_it_is_a_key() {
    let run = fleet();
    let read = |name: &str| fs::read_to_string(run.dir().join(name)).unwrap();
    let both = read("tls/ssl.crt") + &read("tls/ssl.key");
    fs::write(run.dir().join("tls/ssl.crt"), both).unwrap();
    mode(run.dir(), "tls/ssl.crt", 0o644);
    let found = run.run();
    assert!(has(&found, "error", "SE03") && found.stderr.contains("inventory.yaml:10:29"), "{}", found.all());
    mode(run.dir(), "tls/ssl.crt", 0o600);
    assert!(!has(&run.run(), "error", "SE03"));
}

#[test]
fn a_certificate_that_is_named_as_a_key_is_not_one() {
    let run = fleet();
    let (key, crt) = (run.dir().join("tls/ssl.key"), run.dir().join("tls/ssl.crt"));
    let pair = [&key, &crt].map(|path| fs::read_to_string(path).unwrap());
    for (path, text) in [&crt, &key].into_iter().zip(pair) {
        fs::write(path, text).unwrap();
    }
    mode(run.dir(), "tls/ssl.key", 0o644);
    mode(run.dir(), "tls/ssl.crt", 0o600);
    let found = run.run();
    assert!(has(&found, "error", "TL06") && !has(&found, "error", "SE03"), "{}", found.all());
    // The key is where the certificate should be.
    mode(run.dir(), "tls/ssl.crt", 0o644);
    let found = run.run();
    assert!(has(&found, "error", "SE03") && found.stderr.contains("inventory.yaml:10:29"), "{}", found.all());
}

#[test]
fn a_key_that_git_tracks_or_would_add_is_an_error() {
    if !need::programs(&["git"]) {
        return;
    }
    let run = fleet();
    assert_eq!(run.run().status, 0, "no repository, no finding");
    git(run.dir(), "init -q .");
    let found = run.run();
    assert!(has(&found, "error", "SE05") && found.stderr.contains("inventory.yaml:11:33"), "{}", found.all());
    fs::write(run.dir().join(".gitignore"), "*.key\n").unwrap();
    assert_eq!(run.run().status, 0, "{}", run.run().all());
    // A file that is tracked already stays tracked, even if it is ignored.
    git(run.dir(), "add -f tls/ssl.key");
    assert!(has(&run.run(), "error", "SE05"));
    git(run.dir(), "rm -q --cached tls/ssl.key");
    assert_eq!(run.run().status, 0);
}

#[test]
fn a_key_outside_of_the_repository_is_no_finding() {
    if !need::programs(&["git"]) {
        return;
    }
    let run = fleet();
    let below = run.dir().join("repository");
    fs::create_dir(&below).unwrap();
    fs::write(below.join("inventory.yaml"), roots::inventory(SOURCES).replace(": tls/", ": ../tls/")).unwrap();
    git(&below, "init -q .");
    let found = run.run_with(&["check", "repository/inventory.yaml"]);
    assert_eq!(found.status, 0, "{}", found.all());
    // The inventory may also be deep inside the repository.
    let deep = fleet();
    fs::create_dir_all(deep.dir().join("a/b")).unwrap();
    fs::write(deep.dir().join("a/b/inventory.yaml"), roots::inventory(SOURCES).replace(": tls/", ": ../../tls/"))
        .unwrap();
    git(deep.dir(), "init -q .");
    let found = deep.run_with(&["check", "a/b/inventory.yaml"]);
    assert!(has(&found, "error", "SE05"), "{}", found.all());
}

#[test]
fn a_repository_can_neither_run_programs_nor_redirect_git() {
    if !need::programs(&["git"]) {
        return;
    }
    let run = fleet();
    git(run.dir(), "init -q .");
    let trap = run.dir().join("trap");
    fs::write(&trap, format!("#!/bin/sh\ntouch {}\n", run.dir().join("ran").display())).unwrap();
    mode(run.dir(), "trap", 0o755);
    git(run.dir(), &format!("config core.fsmonitor {}", trap.display()));
    assert!(has(&run.run(), "error", "SE05"));
    assert!(!run.dir().join("ran").exists(), "the repository's own program ran");
    // As in a hook of another repository.
    let mut command = assert_cmd::Command::cargo_bin("sslscale").unwrap();
    let command = command.args(["check", "inventory.yaml"]).current_dir(run.dir()).env("GIT_DIR", "/nowhere");
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("error[SE05]"), "{output:?}");
}

#[test]
fn without_git_the_rule_is_not_run() {
    let run = fleet();
    fs::create_dir(run.dir().join(".git")).unwrap();
    let check = |path: &str| {
        let mut command = assert_cmd::Command::cargo_bin("sslscale").unwrap();
        let command = command.args(["check", "--format", "json", "inventory.yaml"]).current_dir(run.dir());
        String::from_utf8(command.env_clear().env("PATH", path).output().unwrap().stdout).unwrap()
    };
    let found = check("/nowhere");
    assert!(found.contains("`git` is not installed"), "{found}");
    if need::programs(&["git"]) {
        let found = check(&std::env::var("PATH").unwrap());
        assert!(found.contains("`git ls-files` failed: "), "{found}");
    }
}

/// Base64 as the program `base64` writes it, in lines of 76 characters.
fn wrapped(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for (number, group) in text.as_bytes().chunks(3).enumerate() {
        let bits = (0..3).fold(0, |bits, i| bits << 8 | usize::from(*group.get(i).unwrap_or(&0)));
        let digits = (0..4).map(|i| DIGITS[bits >> (18 - 6 * i) & 63] as char);
        out.extend(digits.take(group.len() + 1).chain(std::iter::repeat_n('=', 3 - group.len())));
        out.extend((number % 19 == 18).then_some('\n'));
    }
    out.trim_end().to_owned() + "\n"
}

/// The secret lines of a key, in overlapping pieces of 8 characters.
fn pieces(key: &str) -> Vec<&str> {
    let body = key.lines().filter(|line| !line.starts_with('-'));
    body.flat_map(|line| (0..line.len().saturating_sub(8)).step_by(4).map(move |at| &line[at..at + 8])).collect()
}

fn leaks(run: &Run, key: &str) -> bool {
    pieces(key).iter().any(|piece| run.stdout.contains(piece) || run.stderr.contains(piece))
}

#[test]
fn no_report_repeats_a_key() {
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    in_no_report(&key, &key, 1);
    // In base64 the first characters, which only tell that it is a key, may be shown.
    let encoded = wrapped(&key);
    in_no_report(&encoded, &encoded[14..], 3);
}

/// Puts a key into every place of an inventory, or into one of so many; no report shows any piece of `secret`.
fn in_no_report(key: &str, secret: &str, one_of: usize) {
    let text = fs::read_to_string(repository().join("tests/fixtures/every-key.yaml")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let indented = |by: usize| key.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect::<String>();
    let mut texts = Vec::new();
    for (n, line) in lines.iter().enumerate().step_by(one_of) {
        let Some((head, _)) = line.split_once(": ").or_else(|| line.split_once("- ").filter(|_| !line.contains(':')))
        else {
            continue;
        };
        let depth = head.len() - head.trim_start().len() + 6;
        let colon = if line.contains(": ") { ": " } else { "- " };
        let folded = key.trim_end().replace('\n', "\\n");
        let base = format!("{head}{colon}");
        for value in [
            format!("{base}|\n{}", indented(depth)),
            format!("{base}\"{folded}\"\n"),
            format!("{base}{key}"),
            format!("{line} # {}\n", key.trim_end().replace('\n', " ")),
            format!("{line}\n{}: 1\n", key.trim_end().replace('\n', " ")),
        ] {
            let around = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            texts.push(format!("{}{value}{}", around(&lines[..n]), around(&lines[n + 1..])));
        }
    }
    assert!(texts.len() > 600 / one_of, "{}", texts.len());
    let run = Sslscale::new(&[]);
    // Every format has the same findings: each place is shown by one besides the usual one, and each way at 50 places.
    let others = ["json", "sarif", "github", "gitlab", "junit"];
    for (index, text) in texts.iter().enumerate() {
        fs::write(run.dir().join("inventory.yaml"), text).unwrap();
        for format in ["human", others[(index + index / others.len()) % others.len()]] {
            let found = run.run_with(&["check", "--format", format, "inventory.yaml"]);
            assert!(!leaks(&found, secret), "{text}\n{}", found.all());
        }
    }
}

#[test]
fn a_key_in_a_comment_is_shown_by_its_first_line_alone() {
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let commented: String = key.lines().map(|line| format!("# {line}\n")).collect();
    let one_line = format!("# {}\n", key.replace('\n', " "));
    for comment in [commented, one_line] {
        let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(comment + roots::INVENTORY);
        let found = run.run();
        assert!(has(&found, "error", "SE05") && found.stderr.contains("inventory.yaml:1:3"), "{}", found.all());
        assert!(found.stderr.contains("# -----BEGIN PRIVATE KEY-----") && !leaks(&found, &key), "{}", found.all());
        // Nor does the diff of a fix next to it show the key.
        let text = fs::read_to_string(run.dir().join("inventory.yaml")).unwrap();
        let (head, rest) = text.split_once("load_balancers: ").unwrap();
        let rest = format!("trusted_proxies: [10.0.0.20/32]\n{head}load_balancers: {rest}");
        fs::write(run.dir().join("inventory.yaml"), rest).unwrap();
        let found = run.run_with(&["check", "--diff", "inventory.yaml"]);
        assert!(found.stdout.contains("+trusted_proxies:") && !leaks(&found, &key), "{}", found.all());
    }
}

#[test]
fn a_key_in_base64_is_a_key() {
    // `-----BEGIN RSA PRIVATE KEY-----` and `-----BEGIN CERTIFICATE-----`, as secrets of Kubernetes hold them.
    let encoded = "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpub3QgYSBrZXk";
    let certificate = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg";
    for (text, is_key) in [(encoded, true), (certificate, false)] {
        let run = Sslscale::new(&["check", "-"])
            .input(format!("# tls.key: {text}\n{}", roots::inventory(SOURCES).replace("tls/", "/no/")));
        let found = run.run();
        assert_eq!(has(&found, "error", "SE05"), is_key, "{}", found.all());
        assert!(!found.stderr.contains("Cm5vdCBhIGtl") && !found.stderr.contains("ub3QgYSBrZXk"), "{}", found.all());
    }
    // Over several lines, with blanks, and escaped; the inventory after it is still read.
    let key = wrapped(&rcgen::KeyPair::generate().unwrap().serialize_pem());
    for lines in [key.replace('\n', "\n#   "), key.replace('\n', " "), key.replace('\n', "\\n")] {
        let rest = roots::inventory(SOURCES).replace("tls/", "/no/");
        let text = format!("# {lines}\ntrusted_proxies: [10.0.0.20/32]\n{rest}");
        let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(text);
        let (found, diff) = (run.run(), run.run_with(&["check", "--diff", "inventory.yaml"]));
        assert!(has(&found, "error", "SE05") && !leaks(&found, &key[14..]), "{}", found.all());
        assert!(diff.stdout.contains("+trusted_proxies: [") && !leaks(&diff, &key[14..]), "{}", diff.all());
    }
}
