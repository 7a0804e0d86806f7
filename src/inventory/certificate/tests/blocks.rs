//! PEM that OpenSSL reads although it is untidy, and PEM that it refuses.

use super::*;
use Subject::{Certificate, Key};

#[test]
fn what_nginx_reads_is_no_problem() {
    let corpus = rsa();
    let (certificate, key) = (corpus.read("a.crt"), corpus.read("a.key"));
    let body: String = certificate.lines().filter(|line| !line.starts_with("---")).collect();
    let armour = |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    corpus.openssl("x509 -in a.crt -trustout -addtrust serverAuth -out trusted.crt");
    for (name, text) in [
        ("text", format!("subject=CN = a\n---\n{certificate}trailing words\n")),
        ("crlf", certificate.replace('\n', "\r\n")),
        ("blanks", certificate.replace('\n', "  \n")),
        ("mark", format!("\u{feff}{certificate}")),
        ("unfinished", certificate.trim_end().to_owned()),
        ("one-line", armour(&body)),
        ("blank-first", armour(&format!("\n{body}"))),
        ("old-label", certificate.replace("CERTIFICATE", "X509 CERTIFICATE")),
        ("trusted", corpus.read("trusted.crt")),
        ("with-key", format!("{key}{certificate}")),
    ] {
        corpus.write(name, text);
        assert_eq!(corpus.inspect(name, "a.key"), [], "{name}");
    }
    assert_eq!(corpus.inspect("with-key", "with-key"), []);
    corpus.write("latin-1", [b"caf\xe9\n", certificate.as_bytes()].concat());
    assert_eq!(corpus.inspect("latin-1", "a.key"), []);
}

/// What `cat` makes of files whose last line has no end. The help repairs it.
#[test]
fn blocks_without_a_line_break_between_them_are_named_by_line() {
    let corpus = rsa();
    let (certificate, key) = (corpus.read("a.crt"), corpus.read("a.key"));
    for (name, text) in [
        ("chain", format!("{}{certificate}", certificate.trim_end())),
        ("both", format!("{}{certificate}", key.trim_end())),
        ("many", format!("subject\n{0}{0}{certificate}", certificate.trim_end())),
    ] {
        let joint = text.lines().position(|line| line.contains("----------BEGIN")).unwrap() + 1;
        corpus.write(name, &text);
        let problem = super::Certificate::read(&corpus.path(name)).unwrap_err();
        let wanted = format!("`{name}` has two PEM blocks without a line break between them, on line `{joint}`");
        let command = problem.help.split('`').nth(1).unwrap().to_owned();
        assert_eq!(corpus.check(vec![problem]), [(ProblemKind::NotPem, Certificate, wanted)]);
        let done = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(done.success(), "{command}");
        assert_eq!(corpus.inspect(name, "a.key"), [], "{name}");
    }
}

#[test]
fn a_broken_block_is_found_anywhere_in_the_file() {
    let corpus = rsa();
    let (certificate, key) = (corpus.read("a.crt"), corpus.read("a.key"));
    let end = "-----END CERTIFICATE-----\n";
    let lines = certificate.lines().count();
    let last = lines + 1;
    corpus.write("short", certificate.replace(end, ""));
    corpus.write("short-chain", format!("{certificate}{}", certificate.replace(end, "")));
    corpus.write("other-end", certificate.replace(end, "-----END PRIVATE KEY-----\n"));
    corpus.write("base64", certificate.replacen("\nMII", "\n!!!", 1));
    corpus.write("der", certificate.replacen("\nMII", "\nAAA", 1));
    corpus.write("bad-chain", format!("{certificate}-----BEGIN CERTIFICATE-----\nAAAA\n{end}"));
    corpus.write("blank", certificate.replacen("\nMII", "\nM\n\nII", 1));
    corpus.write("blank-last", certificate.replace("-----END", "\n-----END"));
    corpus.write("no-body", format!("-----BEGIN CERTIFICATE-----\n{end}"));
    let cut = |name: &str, line| {
        let begin = "-----BEGIN CERTIFICATE-----";
        format!("`{name}` is cut short: `{begin}` on line `{line}` has no `END` line")
    };
    let damaged =
        |name: &str, line| format!("`{name}` is damaged: the `CERTIFICATE` on line `{line}` cannot be decoded");
    for message in [
        cut("short", 1),
        cut("short-chain", last),
        cut("other-end", 1),
        damaged("base64", 1),
        damaged("der", 1),
        damaged("bad-chain", last),
        damaged("blank", 1),
        damaged("blank-last", 1),
        damaged("no-body", 1),
    ] {
        let name = message.split('`').nth(1).unwrap();
        assert_eq!(corpus.inspect(name, "a.key"), [not_pem(Certificate, &message)]);
    }
    corpus.write("short.key", &key[..key.len() / 2]);
    corpus.write("bad.key", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
    let short = "`short.key` is cut short: `-----BEGIN PRIVATE KEY-----` on line `1` has no `END` line";
    let bad = "`bad.key` is damaged: the `EC PRIVATE KEY` on line `1` cannot be decoded";
    assert_eq!(corpus.inspect("a.crt", "short.key"), [not_pem(Key, short)]);
    assert_eq!(corpus.inspect("a.crt", "bad.key"), [not_pem(Key, bad)]);
}
