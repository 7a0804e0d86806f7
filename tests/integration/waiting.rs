//! Programs that never end, or never stop writing, in the place of real ones: every command ends all
//! the same, says which program was stopped, and leaves none of it behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use sslscale::process::{Invocation, Limits, SECONDS};

use crate::support::{Run, need, repository};

/// What a program gets here instead of a minute.
const TIME: &str = "4";
/// A command that takes this long hangs.
const HANGS: Limits = Limits::new(Duration::from_secs(120), 16 << 20);

/// A folder with programs of these names. It is not in /tmp, which is empty in a private view.
fn stand_ins(programs: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (name, script) in programs {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Sleeps for a number of seconds that nothing else on this machine sleeps for.
struct Sleep(String);

impl Sleep {
    fn new(number: u32) -> Self {
        Self(format!("4{number}{}", std::process::id()))
    }

    fn script(&self) -> String {
        format!("exec sleep {}", self.0)
    }

    /// Waits until no process does it any more.
    fn is_over(&self) {
        let is = |path: &Path| {
            fs::read(path.join("cmdline")).is_ok_and(|it| it == format!("sleep\0{}\0", self.0).as_bytes())
        };
        while fs::read_dir("/proc").unwrap().flatten().any(|entry| is(&entry.path())) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn run(folder: &Path, directory: &Path, arguments: &[&str]) -> Run {
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let program = Invocation::new(assert_cmd::cargo::cargo_bin("sslscale")).args(arguments.iter().copied());
    let done = program.env("PATH", path).env(SECONDS, TIME).directory(directory).run(b"", HANGS).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Run { stdout: text(&done.stdout), stderr: text(&done.stderr), status: done.status.code().unwrap() }
}

/// The reason why a rule was not run, or nothing.
fn reason(run: &Run, code: &str) -> Option<String> {
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.all()));
    let mut skipped = report["inventories"][0]["skipped"].as_array().unwrap().iter();
    skipped.find(|it| it["code"] == code).map(|it| it["reason"].as_str().unwrap().to_owned())
}

fn inventories() -> std::path::PathBuf {
    repository().join("inventories")
}

const CHECK: [&str; 5] = ["check", "--with-binaries", "--format", "json", "blog.yaml"];

#[test]
fn a_program_that_never_answers_is_stopped() {
    if !need::programs(&["haproxy", "nginx", "unshare"]) {
        return;
    }
    let sleep = Sleep::new(1);
    let folder = stand_ins(&[("nginx", &sleep.script())]);
    let run = run(folder.path(), &inventories(), &CHECK);
    assert_eq!(reason(&run, "RP02").as_deref(), Some("`nginx -v` did not answer within 4 s and was stopped"));
    assert_eq!((reason(&run, "RP01"), run.status), (None, 0), "haproxy is judged: {}", run.all());
    sleep.is_over();
}

#[test]
fn a_program_that_writes_without_end_is_stopped() {
    if !need::programs(&["haproxy", "nginx", "unshare"]) {
        return;
    }
    let nginx = need::find("nginx").unwrap();
    let script = |stream: &str| format!("[ \"$1\" = -v ] && exec {} -v\nexec yes words {stream}", nginx.display());
    for (stream, name) in [("", "standard output"), (">&2", "standard error")] {
        let folder = stand_ins(&[("nginx", &script(stream))]);
        let run = run(folder.path(), &inventories(), &CHECK);
        let expected = format!("`nginx -T` wrote more than 67108864 bytes to {name} and was stopped");
        assert_eq!((reason(&run, "RP02"), run.status), (Some(expected), 0));
        assert_eq!(reason(&run, "RP01"), None, "haproxy is judged: {}", run.all());
    }
}

#[test]
fn a_view_that_never_starts_is_given_up() {
    if !need::programs(&["haproxy", "nginx"]) {
        return;
    }
    let sleep = Sleep::new(2);
    let folder = stand_ins(&[("unshare", &sleep.script())]);
    let checked = run(folder.path(), &inventories(), &CHECK);
    for code in ["RP01", "RP02"] {
        let reason = reason(&checked, code).unwrap();
        assert!(reason.starts_with("`unshare` did not answer within 4 s and was stopped: "), "{reason}");
    }
    let tried = run(folder.path(), &inventories(), &["try", "blog.yaml"]);
    assert_eq!(tried.status, 3, "{}", tried.all());
    assert!(tried.stdout.contains("`unshare` did not answer within 4 s"), "{}", tried.all());
    sleep.is_over();
}

#[test]
fn a_fleet_whose_programs_never_answer_is_taken_down() {
    if !need::programs(&["haproxy", "nginx", "unshare", "ip", "curl"]) {
        return;
    }
    let sleep = Sleep::new(3);
    let folder = stand_ins(&[("ip", &sleep.script())]);
    let tried = run(folder.path(), &inventories(), &["try", "blog.yaml"]);
    assert_eq!(tried.status, 3, "{}", tried.all());
    assert!(tried.stdout.contains("`ip -batch -` did not answer within 4 s and was stopped"), "{}", tried.all());
    let folder = stand_ins(&[("nginx", &sleep.script())]);
    let tried = run(folder.path(), &inventories(), &["try", "blog.yaml"]);
    assert_eq!(tried.status, 1, "{}", tried.all());
    assert!(tried.stdout.contains("`nginx -T` did not answer within 4 s and was stopped"), "{}", tried.all());
    let folder = stand_ins(&[("curl", &sleep.script())]);
    let tried = run(folder.path(), &inventories(), &["try", "blog.yaml"]);
    assert_eq!(tried.status, 1, "{}", tried.all());
    assert!(tried.stdout.contains("curl: it did not answer within 4 s and was stopped"), "{}", tried.all());
    sleep.is_over();
}

#[test]
fn git_that_never_answers_is_stopped() {
    if !need::programs(&["git"]) {
        return;
    }
    let sleep = Sleep::new(4);
    let folder = stand_ins(&[("git", &sleep.script())]);
    let work = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["example.com".to_owned()]).unwrap();
    fs::create_dir(work.path().join(".git")).unwrap();
    fs::write(work.path().join("a.crt"), made.cert.pem()).unwrap();
    fs::write(work.path().join("a.key"), made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(work.path().join("a.key"), fs::Permissions::from_mode(0o600)).unwrap();
    let blog = fs::read_to_string(inventories().join("blog.yaml")).unwrap();
    let key = "    ssl_certificate_key:";
    let sources = format!("    ssl_certificate_source: a.crt\n    ssl_certificate_key_source: a.key\n{key}");
    fs::write(work.path().join("blog.yaml"), blog.replace(key, &sources)).unwrap();
    let run = run(folder.path(), work.path(), &["check", "--format", "json", "blog.yaml"]);
    assert_eq!(reason(&run, "SE05").as_deref(), Some("`git ls-files` did not answer within 4 s and was stopped"));
    sleep.is_over();
}

#[test]
fn a_certificate_path_that_leads_to_a_device_is_not_read() {
    if !need::programs(&["haproxy", "nginx", "unshare", "ip", "curl"]) {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    let blog = fs::read_to_string(inventories().join("blog.yaml")).unwrap();
    fs::write(work.path().join("chain"), "text").unwrap();
    let chain = work.path().join("chain").display().to_string();
    let key = work.path().join("key").display().to_string();
    std::os::unix::fs::symlink("/dev/zero", &key).unwrap();
    let blog = blog.replace("/etc/ssl/example/ssl.crt", &chain).replace("/etc/ssl/example/ssl.key", &key);
    fs::write(work.path().join("blog.yaml"), blog).unwrap();
    let folder = stand_ins(&[]);
    let tried = run(folder.path(), work.path(), &["try", "blog.yaml"]);
    assert!(tried.stdout.contains(&format!("as `{key}` cannot be used: it is not a regular file")), "{}", tried.all());
    assert_eq!(tried.status, 0, "{}", tried.all());
}
