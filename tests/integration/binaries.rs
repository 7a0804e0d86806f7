//! `check --with-binaries`: the real haproxy and nginx on the rendered files, and their complaints
//! at the line of the inventory that caused them.

mod places;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Run, Sslscale, need, repository, shipped};

const BLOG: &str = include_str!("../../inventories/blog.yaml");
/// What the smallest inventory earns by its size.
const NOTES: &str = "CP07,RS01";
const CHECK: [&str; 3] = ["check", "--with-binaries", "inventory.yaml"];

fn able() -> bool {
    need::programs(&["haproxy", "nginx", "unshare"])
}

/// A run on an inventory and on templates of the user's own.
fn check(inventory: &str, templates: &[(&str, String)]) -> Run {
    let mut run = Sslscale::new(&CHECK).inventory(inventory);
    for (name, text) in templates {
        run = run.file(&format!("templates/{name}"), text);
    }
    if templates.is_empty() { run.run() } else { run.run_with(&[&CHECK[..], &["--templates", "templates"]].concat()) }
}

/// Templates that tests change.
const TEMPLATES: [&str; 3] = ["nginx.conf.tera", "haproxy.cfg.tera", "haproxy-servers.cfg.tera"];

/// One of our templates with a change.
fn template(name: &str, from: &str, to: &str) -> (&'static str, String) {
    let text = fs::read_to_string(repository().join("templates").join(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    let name = TEMPLATES.into_iter().find(|known| *known == name).expect("one of those that tests change");
    (name, text.replacen(from, to, 1))
}

/// The line of a text that has this word first.
fn line(text: &str, word: &str) -> usize {
    text.lines().position(|line| line.contains(word)).unwrap() + 1
}

fn assert_finds(run: &Run, place: &str, message: &str, help: &str) {
    assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{}", run.all());
    assert_shows(run, place, message, help);
}

fn assert_shows(run: &Run, place: &str, message: &str, help: &str) {
    let wanted = [message.to_owned(), format!("--> inventory.yaml:{place}"), format!("= help: {help}")];
    for wanted in wanted {
        assert!(run.stderr.contains(&wanted), "{wanted}\n{}", run.stderr);
    }
}

#[test]
fn no_program_has_messages_about_what_is_shipped() {
    if !able() {
        return;
    }
    for (name, path) in shipped() {
        let text = at_its_version(&fs::read_to_string(path).unwrap());
        let run = Sslscale::new(&["check", "--with-binaries", "--fail-on", "warning", "-"]).input(text).run();
        assert_eq!(run.status, 0, "{name}: {}", run.all());
        assert!(run.stdout.contains(": ok: ") && !run.stderr.contains("RP0"), "{name}: {}", run.all());
    }
}

#[test]
fn a_version_that_is_not_the_installed_one() {
    if !able() {
        return;
    }
    // From 1.25.1 on, nginx knows `http2 on`, and calls the older form deprecated.
    let [a, b, c] = installed_nginx();
    let (other, status, finds, line) = if [a, b, c] < [1, 25, 1] {
        (
            "1.25.1",
            1,
            format!("error[RP02]: nginx {a}.{b}.{c} rejects the files of"),
            "http2 on` at /etc/nginx/conf.d/sslscale.conf:",
        )
    } else {
        (
            "1.22.1",
            0,
            format!("warning[RP02]: nginx {a}.{b}.{c} warns about"),
            "listen 443 ssl http2 proxy_protocol default_server`",
        )
    };
    let inventory = BLOG.replace("sites:", &format!("nginx:\n  version: {other}\nsites:"));
    let run = check(&inventory, &[]);
    let help = format!("set `version: {a}.{b}.{c}` under `nginx`");
    assert_eq!(run.status, status, "{}", run.all());
    assert_shows(&run, "7:12", &format!("{finds} `srv1` and 1 other: `"), &help);
    assert!(run.stderr.contains(&format!("rendered as `{line}")), "{}", run.stderr);
    let fixed = check(&inventory.replace(other, &format!("{a}.{b}.{c}")), &[]);
    assert!(fixed.status == 0 && !fixed.stderr.contains("RP02"), "{}", fixed.all());
}

/// The installed nginx as an inventory is told of it.
fn installed_version() -> String {
    installed_nginx().map(|number| number.to_string()).join(".")
}

/// The inventory for the installed nginx, which may call deprecated what an older one needs.
fn at_its_version(text: &str) -> String {
    let line = format!("  version: {}\n", installed_version());
    if text.contains("\nnginx:\n") {
        text.replacen("\nnginx:\n", &format!("\nnginx:\n{line}"), 1)
    } else {
        format!("{text}nginx:\n{line}")
    }
}

fn installed_nginx() -> [u32; 3] {
    let done = Command::new(need::find("nginx").unwrap()).arg("-v").output().unwrap();
    let text = String::from_utf8(done.stderr).unwrap();
    let numbers = text.trim().rsplit_once('/').unwrap().1.split(['.', ' ']).take(3).map(|n| n.parse().unwrap());
    numbers.collect::<Vec<u32>>().try_into().unwrap()
}

#[test]
fn an_unknown_directive_of_a_template_is_at_its_site() {
    if !able() {
        return;
    }
    let inventory = fs::read_to_string(repository().join("inventories/pools.yaml")).unwrap();
    let first = inventory.find("server_name: [").unwrap() + "server_name: [".len();
    let column = first - inventory[..first].rfind('\n').unwrap();
    // In every site: nginx stops at the first one that it reads.
    let changed = template("nginx.conf.tera", "    absolute_redirect off;", "    no_such_thing on;");
    let run = check(&inventory, &[changed]);
    let place = format!("{}:{column}", line(&inventory, "server_name: "));
    assert!(run.stderr.contains(&place), "{place}: {}", run.stderr);
    assert!(
        run.stderr.contains("rendered as `no_such_thing on` at /etc/nginx/conf.d/sslscale.conf:"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_message_of_haproxy_is_at_the_key_that_it_is_about() {
    if !able() {
        return;
    }
    let inventory = BLOG.replace("sites:", "haproxy:\n  maxconn: 900\nsites:");
    let run = check(&inventory, &[template("haproxy.cfg.tera", "maxconn {{ maxconn }}", "maxconn {{ maxconn }} many")]);
    assert_finds(
        &run,
        "7:12",
        "rejects the files of `lb1`: `'maxconn' ",
        "change this value, or the template that it is rendered with; rendered as `maxconn 900 many` at \
         /etc/haproxy/haproxy.cfg:",
    );
    let run = check(BLOG, &[template("haproxy-servers.cfg.tera", " {{ send_proxy }}", " {{ send_proxy }}-v9")]);
    // The key is left to its default: what can be edited is the balancer.
    assert_finds(&run, "2:", "'send-proxy-v9'", "correct the word");
    // Two lines of one file that come of one value are one host's.
    let twice = "maxconn {{ maxconn }} many\n    maxconn {{ maxconn }} many";
    let run = check(&inventory, &[template("haproxy.cfg.tera", "maxconn {{ maxconn }}", twice)]);
    assert_eq!(run.stderr.matches("rejects the files of `lb1`: ").count(), 1, "{}", run.stderr);
    // Without a line: by the names in the words.
    let run = check(BLOG, &[template("haproxy.cfg.tera", "timeout client {{ timeouts.client }}", "")]);
    assert_eq!(run.status, 0, "a warning fails nothing: {}", run.all());
    assert!(run.stderr.contains("warning[RP01]: haproxy "), "{}", run.stderr);
    assert!(run.stderr.contains(" warns about `lb1`: ") && run.stderr.contains("'https-in'"), "{}", run.stderr);
}

#[test]
fn certificates_that_only_nginx_has_looked_at() {
    if !able() {
        return;
    }
    // No source is named, and the path is one of this machine: nginx reads what is there.
    let run = Sslscale::new(&CHECK).file("tls/a.crt", "no certificate").file("tls/a.key", "no key");
    let path = run.dir().join("tls/a").to_str().unwrap().to_owned();
    let inventory = BLOG.replace("/etc/ssl/example/ssl", &path);
    let done = run.inventory(&inventory).run();
    assert_finds(&done, "9:22", "\"[dir]/tls/a.crt\": ", "name a readable PEM file");
    // What follows are OpenSSL's words, which differ from version to version.
    assert!(done.stderr.contains("[RP02]: "), "{}", done.stderr);
}

#[test]
fn for_programs_the_place_is_the_same() {
    if !able() {
        return;
    }
    let inventory = BLOG
        .replace("sites:", &format!("nginx: {{ keepalive_timeout: 5s, version: {} }}\nsites:", installed_version()));
    let changed = template("nginx.conf.tera", "keepalive_timeout {{ keepalive_timeout }};", "keepalive_timeout x;");
    let run = Sslscale::new(&[]).inventory(&inventory).file("t/nginx.conf.tera", changed.1);
    let json = |more: &[&str]| {
        let done =
            run.run_with(&[&CHECK[..], &["--allow", NOTES, "--templates", "t", "--format", "json"], more].concat());
        assert_eq!(done.stderr, "");
        (done.status, serde_json::from_str::<serde_json::Value>(&done.stdout).unwrap()["inventories"][0].clone())
    };
    let (status, report) = json(&[]);
    let found = &report["findings"][0];
    assert_eq!(status, 1, "{report}");
    assert_eq!((found["code"].as_str(), found["location"]["line"].as_u64()), (Some("RP02"), Some(6)));
    assert_eq!(found["location"]["column"], 29);
    assert_eq!(report["findings"].as_array().unwrap().len(), 1, "the same message about two hosts is one finding");
    // Judged like any other finding.
    let (status, report) = json(&["--allow", "RP02"]);
    assert_eq!((status, report["findings"].as_array().unwrap().len()), (0, 0), "{report}");
}

#[test]
fn without_the_flag_or_with_errors_they_are_skipped_and_never_passed() {
    let skipped = |arguments: &[&str], inventory: &str| {
        let run = Sslscale::new(&[]).inventory(inventory).run_with(&[arguments, &["--format", "json"]].concat());
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let skipped = report["inventories"][0]["skipped"].as_array().unwrap().clone();
        let ours = skipped.into_iter().filter(|it| it["code"].as_str().unwrap().starts_with("RP"));
        ours.map(|it| it["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(skipped(&["check", "inventory.yaml"], BLOG), ["it needs `--with-binaries`"; 2]);
    let broken = BLOG.replace("10.0.0.11", "10.0.0.300");
    assert_eq!(skipped(&CHECK, &broken), ["the inventory has errors that must be fixed first"; 2]);
    let lone = Sslscale::new(&["check", "--templates", "t", "inventory.yaml"]).inventory(BLOG).run();
    assert_eq!(lone.status, 2, "{}", lone.all());
}

/// This program inside a shell that first does `before`, in a user and mount namespace of its own.
fn after(before: &str, inventory: &str) -> Command {
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", &format!("{before}; exec \"$@\""), "sh"]);
    shell.arg(assert_cmd::cargo::cargo_bin("sslscale")).args(["check", "--with-binaries", "--allow", NOTES, inventory]);
    shell
}

fn with_input(mut command: Command) -> Run {
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = streams.spawn().unwrap();
    child.stdin.take().unwrap().write_all(at_its_version(BLOG).as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { stdout: text(done.stdout), stderr: text(done.stderr), status: done.status.code().unwrap_or(-1) }
}

#[test]
fn a_program_that_is_missing_is_named_with_its_package() {
    if !able() {
        return;
    }
    let nginx = need::find("nginx").unwrap();
    let run = with_input(after(&format!("mount --bind /dev/null {}", nginx.display()), "-"));
    assert_eq!(run.status, 0, "{}", run.all());
    assert_eq!(run.stderr, "<stdin>: RP02 was not run: the program `nginx` is not installed: apt install nginx\n");
    assert!(run.stdout.contains(": ok: "), "{}", run.all());
}

#[test]
fn a_kernel_that_allows_no_namespaces_is_no_pass() {
    if !able() {
        return;
    }
    let run = with_input(after("echo 0 > /proc/sys/user/max_user_namespaces", "-"));
    assert_eq!(run.status, 0, "{}", run.all());
    for code in ["RP01", "RP02"] {
        let wanted = format!("{code} was not run: namespaces could not be created: ");
        assert!(run.stderr.contains(&wanted), "{}", run.all());
    }
}

#[test]
fn files_that_nginx_does_not_read_are_not_passed() {
    if !able() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let stand_in = folder.path().join("nginx.conf");
    fs::write(&stand_in, "events {}\nhttp { include /etc/nginx/sites-enabled/*; }\n").unwrap();
    let run = with_input(after(&format!("mount --bind {} /etc/nginx/nginx.conf", stand_in.display()), "-"));
    let wanted = "<stdin>: RP02 was not run: the nginx.conf of this machine does not include \
                  `/etc/nginx/conf.d/sslscale.conf`\n";
    assert_eq!((run.status, run.stderr.as_str()), (0, wanted), "{}", run.all());
}

#[test]
fn any_user_may_ask_and_the_machine_stays_as_it_is() {
    if !able() {
        return;
    }
    let before = machine();
    for unprivileged in [false, true] {
        let program = assert_cmd::cargo::cargo_bin("sslscale");
        let mut command = Command::new(if unprivileged { Path::new("setpriv") } else { &program });
        if unprivileged && nix::unistd::geteuid().is_root() {
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(&program);
        } else if unprivileged {
            continue;
        }
        command.args(["check", "--with-binaries", "--allow", NOTES, "-"]);
        let run = with_input(command);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "unprivileged: {unprivileged}: {}", run.all());
    }
    assert_eq!(machine(), before);
}

/// What a run could have left: changed files, and mounts on them or where the views are built.
fn machine() -> BTreeMap<PathBuf, String> {
    fn walk(path: PathBuf, found: &mut BTreeMap<PathBuf, String>) {
        let Ok(metadata) = fs::symlink_metadata(&path) else { return };
        found.insert(path.clone(), format!("{:?} {:?}", metadata.modified(), metadata.len()));
        if metadata.is_dir() {
            fs::read_dir(path).into_iter().flatten().flatten().for_each(|entry| walk(entry.path(), found));
        }
    }
    let mut found = BTreeMap::new();
    walk("/etc/nginx".into(), &mut found);
    walk("/etc/haproxy".into(), &mut found);
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let place =
        |line: &&str| ["/etc", "/mnt", "/media", "/srv", "/opt"].iter().any(|p| line.contains(&format!(" {p}")));
    found.insert("mounts".into(), mounts.lines().filter(place).collect());
    found
}

#[test]
fn nothing_outlives_a_command_that_is_killed() {
    if !able() {
        return;
    }
    // A program that never ends, in the place of the real one.
    let folder = tempfile::tempdir().unwrap();
    let seconds = format!("31536{}", std::process::id());
    let stand_in = folder.path().join("nginx");
    fs::write(&stand_in, format!("#!/bin/sh\nexec sleep {seconds}\n")).unwrap();
    fs::set_permissions(&stand_in, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let nginx = need::find("nginx").unwrap();
    let blog = repository().join("inventories/blog.yaml");
    let mut command =
        after(&format!("mount --bind {} {}", stand_in.display(), nginx.display()), blog.to_str().unwrap());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait("the program runs", || sleeps(&seconds));
    child.kill().unwrap();
    child.wait().unwrap();
    wait("the program is gone", || !sleeps(&seconds));
}

/// Whether any process of the machine was started with this argument.
fn sleeps(argument: &str) -> bool {
    let lines =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.into_iter().any(|line| line.split(|b| *b == 0).any(|word| word == argument.as_bytes()))
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
