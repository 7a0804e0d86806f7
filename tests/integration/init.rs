//! `sslscale init`: what it writes is accepted by `check` without a warning and says what was asked, from options, on a
//! terminal, or from a shipped inventory. It never replaces a file.

mod terminal;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::cases::cases;
use crate::keys;
use crate::schema::mutations::Random;
use crate::support::{Run, Sslscale, fleets, shipped};

/// Enough options for an inventory.
const ENOUGH: [&str; 15] = [
    "init",
    "--balancer",
    "10.0.0.10",
    "--app-server",
    "10.0.0.11",
    "--app-server",
    "10.0.0.12",
    "--server-name",
    "example.com",
    "--certificate",
    "/etc/ssl/example/ssl.crt",
    "--certificate-key",
    "/etc/ssl/example/ssl.key",
    "--proxy-pass",
    "http://127.0.0.1:8000",
];

/// `check` accepts the inventory in this directory, without a warning.
fn accepts(run: &Sslscale, path: &str) {
    let checked = run.run_with(&["check", "--fail-on", "warning", path]);
    assert_eq!(checked.status, 0, "{checked:?}");
}

/// Gives a private key the mode that `check` wants.
fn hide(run: &Sslscale, path: &str) {
    fs::set_permissions(run.dir().join(path), fs::Permissions::from_mode(0o600)).unwrap();
}

fn entries(run: &Sslscale) -> Vec<String> {
    let names = fs::read_dir(run.dir()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn options_make_an_inventory_with_the_next_commands_and_a_schema_beside_it() {
    let run = Sslscale::new(&ENOUGH);
    let done = run.run();
    let said =
        "inventory.yaml: written\nsslscale.schema.json: written, for editors\nnext: sslscale check inventory.yaml\n";
    assert_eq!((done.status, done.stdout.as_str(), done.stderr.as_str()), (0, "", said));
    crate::support::pin("init", &fs::read_to_string(run.dir().join("inventory.yaml")).unwrap());
    assert_eq!(fs::read_to_string(run.dir().join("sslscale.schema.json")).unwrap(), run.run_with(&["schema"]).stdout);
    accepts(&run, "inventory.yaml");
    assert_eq!(entries(&run), ["inventory.yaml", "sslscale.schema.json"]);
}

#[test]
fn comments_name_the_file_as_a_shell_takes_it() {
    let run = Sslscale::new(&[]).file("of ours/here", "");
    let done = run.run_with(&[&ENOUGH[..], &["of ours/fleet.yaml"]].concat());
    assert_eq!(done.status, 0, "{done:?}");
    let text = fs::read_to_string(run.dir().join("of ours/fleet.yaml")).unwrap();
    assert!(text.contains("# 1. sslscale check 'of ours/fleet.yaml'\n"), "{text}");
    assert!(run.dir().join("of ours/sslscale.schema.json").exists());
    accepts(&run, "of ours/fleet.yaml");
}

#[test]
fn standard_output_gets_the_same_text_and_no_file_is_made() {
    let run = Sslscale::new(&ENOUGH);
    let printed = run.run_with(&[&ENOUGH[..], &["-"]].concat());
    assert_eq!((printed.status, printed.stderr.as_str(), entries(&run)), (0, "", vec![]));
    run.run();
    // There is no file yet whose name the next commands could have.
    let save = "# Save this as inventory.yaml. Editors know every key if this is beside it:\n\
                #    sslscale schema -o sslscale.schema.json\n#\n";
    assert!(printed.stdout.contains(save), "{}", printed.stdout);
    assert_eq!(fs::read_to_string(run.dir().join("inventory.yaml")).unwrap(), printed.stdout.replace(save, ""));
}

/// Enough options but for the certificate.
fn but_certificate() -> Vec<&'static str> {
    let to_name = ENOUGH.iter().position(|word| *word == "--certificate").unwrap();
    [&ENOUGH[..to_name], &["--root", "/srv/a"]].concat()
}

#[test]
fn a_certificate_of_this_machine_is_checked_and_has_usual_paths() {
    let (chain, key) = keys::pair("p256", &["example.com".to_owned()]);
    let run = Sslscale::new(&[]).file("certs/a.crt", &chain).file("certs/a.key", &key).file("sub/x", "");
    hide(&run, "certs/a.key");
    let source = ["--certificate-source", "certs/a.crt", "--certificate-key-source", "certs/a.key"];
    let make = |more: &[&str]| run.run_with(&[&but_certificate()[..], &source, more].concat());
    let site = |path: &str| {
        let text = fs::read_to_string(run.dir().join(path)).unwrap();
        serde_yaml::from_str::<Value>(&text).unwrap()["sites"][0].clone()
    };
    assert_eq!(make(&[]).status, 0);
    let wanted = json!({
        "server_name": "example.com",
        "root": "/srv/a",
        "ssl_certificate": "/etc/ssl/example.com/fullchain.pem",
        "ssl_certificate_key": "/etc/ssl/example.com/privkey.pem",
        "ssl_certificate_source": "certs/a.crt",
        "ssl_certificate_key_source": "certs/a.key",
    });
    assert_eq!(site("inventory.yaml"), wanted);
    accepts(&run, "inventory.yaml");
    // In an inventory elsewhere, the path would mean another file.
    assert_eq!(make(&["--certificate", "/etc/ssl/own.crt", "sub/fleet.yaml"]).status, 0);
    let other = site("sub/fleet.yaml");
    assert_eq!(other["ssl_certificate_source"], run.dir().join("certs/a.crt").to_str().unwrap());
    assert_eq!(other["ssl_certificate_key"], "/etc/ssl/own.key");
    accepts(&run, "sub/fleet.yaml");
    // One for other names, and one that is not there.
    let refused = make(&["--server-name", "www.example.com", "b.yaml"]);
    assert!(refused.status == 2 && refused.stderr.contains("--certificate-source certs/a.crt"), "{refused:?}");
    let gone = run.run_with(&[&but_certificate()[..], &["--certificate-source", "gone.crt", "c.yaml"]].concat());
    assert!(gone.status == 2 && gone.stderr.contains("does not exist"), "{gone:?}");
}

#[test]
fn an_option_of_another_name_is_answered_with_the_one_that_is_meant() {
    let known: Vec<String> =
        Sslscale::new(&["init", "--help"]).run().stdout.split_whitespace().map(str::to_owned).collect();
    for (unknown, option) in sslscale::cli::MEANT {
        let done = Sslscale::new(&["init", unknown, "x"]).run();
        assert!(done.status == 2 && done.stderr.contains(&format!("'{option}'")), "{unknown}: {done:?}");
        assert!(known.iter().any(|word| word == option), "{option}");
    }
    let other = Sslscale::new(&["check", "--site", "x"]).run();
    assert!(other.status == 2 && !other.stderr.contains("--server-name"), "{other:?}");
}

#[test]
fn a_list_takes_no_file() {
    let run = Sslscale::new(&["init", "--list", "foo"]);
    let done = run.run();
    assert!(done.status == 2 && done.stderr.contains("'--list' cannot be used with '[FILE]'"), "{done:?}");
    assert_eq!(run.run_with(&["init", "--list"]).status, 0);
}

#[test]
fn no_two_examples_say_the_same_of_themselves() {
    let list = Sslscale::new(&["init", "--list"]).run().stdout;
    let sentences: Vec<&str> = list.lines().map(|line| line.split_once("  ").unwrap().1.trim()).collect();
    for (index, one) in sentences.iter().enumerate() {
        assert!(!sentences[index + 1..].contains(one), "{one}");
    }
}

/// A name or a path that means something to YAML, or nearly.
fn odd(random: &mut Random, inside: &str, most: usize) -> String {
    const WORDS: [&str; 12] =
        ["no", "1.10", "0x1f", "true", "null", "1e3", "0443", "12:30:45", "y", "off", "2026-11-27", "nan"];
    let words: Vec<&str> = WORDS
        .into_iter()
        .filter(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || inside.contains(c)))
        .collect();
    if random.below(3) == 0 {
        return (*random.of(&words)).to_owned();
    }
    let letters: Vec<char> = "abnoxyz0123456789".chars().chain(inside.chars()).collect();
    let mut text = String::from("a");
    (0..random.below(most)).for_each(|_| text.push(*random.of(&letters)));
    text.push('z');
    text.replace("..", ".")
}

struct Asked {
    arguments: Vec<String>,
    wanted: Value,
}

fn addresses(random: &mut Random, v6: bool, number: usize) -> String {
    match (v6, random.below(2)) {
        (true, 0) => format!("fd00:{:x}::{:x}", random.below(0xffff), number + 1),
        (true, _) => format!("2a01:4f8:0:{:x}:0:0:0:{:x}", random.below(0xffff), number + 1),
        (false, 0) => format!("10.{}.{}.{}", random.below(256), random.below(256), number + 1),
        (false, _) => format!("192.168.{}.{}", random.below(256), number + 1),
    }
}

/// Hosts as options, and as they should be in the inventory.
fn hosts(
    random: &mut Random,
    (option, prefix): (&str, &str),
    least: usize,
    v6: bool,
    from: usize,
) -> (Vec<String>, Vec<Value>) {
    let count = least + random.below(3);
    let (mut arguments, mut wanted) = (Vec::new(), Vec::new());
    for index in 0..count {
        let address = addresses(random, v6, from + index);
        let named = random.below(2) == 0;
        // Different from every other.
        let name = format!("{}{}", odd(random, ".-_", 12).replace("..", ".-").trim_end_matches('.'), from + index);
        arguments.extend([option.to_owned(), if named { format!("{name}={address}") } else { address.clone() }]);
        wanted.push((named.then_some(name), address));
    }
    let mut number = 0;
    let numbered = wanted.into_iter().map(|(name, address)| {
        let name = name.unwrap_or_else(|| {
            number += 1;
            format!("{prefix}{number}")
        });
        json!({ "name": name, "address": address })
    });
    (arguments, numbered.collect())
}

fn asked(random: &mut Random) -> Asked {
    let v6 = random.below(2) == 0;
    let (mut arguments, balancers) = hosts(random, ("--balancer", "lb"), 1, v6, 0);
    let (servers, app_servers) = hosts(random, ("--app-server", "srv"), 2, v6, 100);
    arguments.extend(servers);
    let names: Vec<String> =
        (0..=random.below(2)).map(|index| format!("n{index}.{}.example", odd(random, "-", 12))).collect();
    names.iter().for_each(|name| arguments.extend(["--server-name".to_owned(), name.clone()]));
    let path =
        |random: &mut Random, folder: &str, end: &str| format!("{folder}/{}{end}", odd(random, ".-_+@:,=~%", 30));
    let (certificate, key) = (path(random, "/etc/ssl", ".crt"), path(random, "/etc/ssl/private", ".key"));
    arguments.extend(["--certificate".to_owned(), certificate.clone(), "--certificate-key".to_owned(), key.clone()]);
    let mut site = json!({ "ssl_certificate": certificate, "ssl_certificate_key": key });
    site["server_name"] = if let [name] = names.as_slice() { json!(name) } else { json!(names) };
    let socket = format!("unix:/run/{}/app.sock", odd(random, ".-_", 20));
    let port = 1024 + random.below(60_000);
    let (app, target) = match random.below(5) {
        0 => ("proxy_pass", format!("http://127.0.0.1:{port}")),
        1 => ("uwsgi_pass", socket),
        2 => ("fastcgi_pass", socket),
        3 => ("grpc_pass", format!("grpc://[::1]:{port}")),
        _ => ("", String::new()),
    };
    if app.is_empty() || app == "fastcgi_pass" || random.below(3) == 0 {
        let root = path(random, "/srv", "");
        arguments.extend(["--root".to_owned(), root.clone()]);
        site["root"] = json!(root);
    }
    if !app.is_empty() {
        arguments.extend([format!("--{}", app.replace('_', "-")), target.clone()]);
        site["locations"] = json!([{ "path": "/", app: target }]);
        if app == "fastcgi_pass" {
            site["locations"][0]["fallback"] = json!("/index.php");
        }
    }
    let wanted = json!({ "load_balancers": balancers, "app_servers": app_servers, "sites": [site] });
    Asked { arguments, wanted }
}

#[test]
fn whatever_is_asked_is_written_and_accepted() {
    let run = Sslscale::new(&[]);
    for seed in 0..cases(250) {
        let Asked { arguments, wanted } = asked(&mut Random::new(seed));
        let words: Vec<&str> = ["init", "-"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        let Run { stdout, stderr, status } = run.run_with(&words);
        assert_eq!(status, 0, "{seed}: {arguments:?}: {stderr}");
        let written: Value = serde_yaml::from_str(&stdout).unwrap();
        assert_eq!(written, wanted, "{seed}: {arguments:?}");
        fs::write(run.dir().join("a.yaml"), stdout).unwrap();
        accepts(&run, "a.yaml");
    }
}

#[test]
fn every_example_is_written_with_the_modeline_and_accepted() {
    let list = Sslscale::new(&["init", "--list"]).run();
    assert_eq!((list.status, list.stderr.as_str()), (0, ""));
    let listed: Vec<&str> = list.stdout.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(listed.len(), shipped().len() + fleets().len());
    for name in listed {
        let run = Sslscale::new(&["init", "--example", name, "fleet.yaml"]);
        assert_eq!(run.run().status, 0, "{name}");
        let text = fs::read_to_string(run.dir().join("fleet.yaml")).unwrap();
        assert!(text.starts_with("# yaml-language-server: $schema=sslscale.schema.json\n"), "{text}");
        assert!(text.contains("sslscale check fleet.yaml\n"), "{text}");
        accepts(&run, "fleet.yaml");
    }
    let unknown = Sslscale::new(&["init", "--example", "wordpres"]).run();
    let said = format!(
        "error: there is no example `wordpres`\n  help: did you mean `wordpress`?\nthe examples are:\n{}",
        list.stdout
    );
    assert_eq!((unknown.status, unknown.stderr), (2, said));
}

#[test]
fn what_is_there_stays_as_it_is() {
    let run = Sslscale::new(&ENOUGH).inventory("mine\n");
    let told = "error: the output cannot be written to `inventory.yaml`: it exists already\n  help: give another path, or remove it first\n";
    let done = run.run();
    assert_eq!((done.status, done.stderr.as_str(), entries(&run)), (2, told, vec!["inventory.yaml".to_owned()]));
    assert_eq!(fs::read_to_string(run.dir().join("inventory.yaml")).unwrap(), "mine\n");
    // A link that leads nowhere is there, too.
    std::os::unix::fs::symlink("nowhere", run.dir().join("link.yaml")).unwrap();
    assert_eq!(run.run_with(&[&ENOUGH[..], &["link.yaml"]].concat()).status, 2);
    assert!(!run.dir().join("nowhere").exists());
    // A schema of an earlier version is not replaced either.
    let run = Sslscale::new(&ENOUGH).file("sslscale.schema.json", "{}\n");
    assert_eq!(run.run().stderr, "inventory.yaml: written\nnext: sslscale check inventory.yaml\n");
    assert_eq!(fs::read_to_string(run.dir().join("sslscale.schema.json")).unwrap(), "{}\n");
}

#[test]
fn where_no_file_can_be_written_none_is_left() {
    let run = Sslscale::new(&ENOUGH).file("file", "");
    for (path, code) in
        [("gone/a.yaml", "does not exist"), ("file/a.yaml", "is not a directory"), (".", "is a directory")]
    {
        let done = run.run_with(&[&ENOUGH[..], &[path]].concat());
        assert!(done.status == 2 && done.stderr.contains(code) && done.stderr.contains("  help: "), "{path}: {done:?}");
    }
    // Not even root can make a file there.
    let done = run.run_with(&[&ENOUGH[..], &["/sys/a.yaml"]].concat());
    assert!(done.status == 2 && done.stderr.contains("permissions"), "{done:?}");
    assert_eq!(entries(&run), ["file"]);
}

#[test]
fn missing_options_are_named_with_what_to_add() {
    let run = Sslscale::new(&["init"]);
    let done = run.run();
    crate::support::pin("init-missing", &done.all());
    assert_eq!(entries(&run), Vec::<String>::new());
    // What is proposed is enough.
    let line = done.stderr.split('`').find(|part| part.starts_with("--balancer ")).unwrap();
    let words: Vec<&str> = std::iter::once("init").chain(line.split(' ')).collect();
    assert_eq!(run.run_with(&words).status, 0);
    let one = Sslscale::new(&[&["init", "--fastcgi-pass", "unix:/run/a.sock"][..], &ENOUGH[1..13]].concat()).run();
    assert!(one.stderr.contains("missing: `--root`\n"), "{one:?}");
    let one = Sslscale::new(&[&ENOUGH[..5], &ENOUGH[7..]].concat()).run();
    assert!(one.stderr.contains("missing: `--app-server` (at least two)\n"), "{one:?}");
}

#[test]
fn every_bad_value_is_named_with_the_reason_that_check_gives() {
    let bad = [
        "init",
        "--balancer",
        "lb1=10.0.0.300",
        "--app-server",
        "10.0.0.11",
        "--app-server",
        "10.0.0.11",
        "--server-name",
        "example..com",
        "--certificate",
        "ssl.crt",
        "--certificate-key",
        "/srv/ssl key",
        "--proxy-pass",
        "localhost:8000",
    ];
    let run = Sslscale::new(&bad);
    crate::support::pin("init-bad", &run.run().all());
    assert_eq!(entries(&run), Vec::<String>::new());
    let both = run.run_with(&["init", "--example", "rails", "--balancer", "10.0.0.1"]);
    assert!(both.status == 2 && both.stderr.contains("cannot be used with"), "{both:?}");
}
