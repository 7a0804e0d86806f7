//! Hosts that the commands of a hosts file lead to: what reaches these commands, and what of their answers
//! reaches a terminal.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::INVENTORY;
use crate::signalled::program;
use crate::support::{Run, Sslscale, scripted};

/// A host that has no ring, and takes any; `$kind` is `observe`, `install` or `read`.
const ANSWERS: &str = "\
kind=install
case $text in *sslscale-result*) answer='sslscale-result done' ;; *) kind=observe answer=end ;; esac
";

/// Three hosts, each reached by the shell script of the same index. A script has its own name in `$0`, and
/// begins with [`ANSWERS`].
fn fleet(scripts: [&str; 3]) -> Sslscale {
    let host = |(name, script)| (name, scripted::host(name, &format!("{ANSWERS}{script}"), &[]));
    let hosts = scripted::hosts_file(["srv1", "srv2", "srv3"].into_iter().zip(scripts).map(host));
    Sslscale::new(&[]).inventory(INVENTORY).file("hosts.json", hosts)
}

fn words<'w>(what: &'w str, more: &[&'w str]) -> Vec<&'w str> {
    [&["tickets", what, "inventory.yaml", "--hosts-file", "hosts.json"], more].concat()
}

fn tickets(run: &Sslscale, what: &str) -> Run {
    run.run_with(&words(what, &[]))
}

fn read(run: &Sslscale, name: &str) -> String {
    fs::read_to_string(run.dir().join(name)).unwrap()
}

// The whole script, and every fingerprint, were arguments.
#[test]
fn the_words_of_every_command_are_the_same_two() {
    let run = fleet([
        "printf '%s\\n' \"$@\" >>words; printf '%s' \"$text\" >$kind; answer \"$answer\"",
        "answer \"$answer\"",
        "answer \"$answer\"",
    ]);
    let synced = tickets(&run, "sync");
    assert_eq!(synced.status, 0, "{}", synced.all());
    assert_eq!(read(&run, "words"), "sh\n-s\nsh\n-s\n");
    // The rest went over standard input.
    assert!(read(&run, "observe").contains("\nset -- \n") && read(&run, "install").contains("\nset -- 'whole' '--' '"));
}

// `ssh` found neither its configuration nor its agent.
#[test]
fn commands_have_what_ssh_needs_and_no_other_variables() {
    let run = fleet(["env >variables; answer \"$answer\"", "answer \"$answer\"", "answer \"$answer\""]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sslscale"));
    command.args(words("status", &[])).current_dir(run.dir()).env_clear();
    let passed =
        ["HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "XDG_RUNTIME_DIR", "TERM", "SSH_ASKPASS"];
    command.envs(passed.map(|name| (name, format!("the {name}"))));
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command
        .env("LANG", "de_DE.UTF-8")
        .env("LC_ALL", "de_DE.UTF-8")
        .env("LC_TIME", "de_DE.UTF-8")
        .env("CI_TOKEN", "secret");
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    let text = read(&run, "variables");
    let found = |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    passed.iter().for_each(|name| assert_eq!(found(name), Some(format!("the {name}").as_str()), "{text}"));
    assert_eq!(found("LC_ALL"), Some("C"));
    ["LANG", "LC_TIME", "CI_TOKEN"].iter().for_each(|name| assert_eq!(found(name), None, "{text}"));
}

/// What a terminal obeys, or a reader does not see: it writes the clipboard, colours, overwrites the
/// line, and turns it around.
const HOSTILE: &[u8] =
    b"\x1b]52;c;aGk=\x07\x1b[31mred\rover \xff\xfe \xe2\x80\xae\xe2\x80\x8b\xc2\x9b1m\x00\x08\x7f end";

/// Whether all of it can be seen, and there is not too much of it.
fn assert_harmless(run: &Run, context: &str) {
    for text in [&run.stdout, &run.stderr] {
        let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{200b}'));
        assert_eq!(bad, None, "{context}: {text}");
        assert!(text.len() < 20_000, "{context}: {} bytes", text.len());
    }
    if let Ok(document) = serde_json::from_str::<Value>(&run.stdout) {
        assert_strings(&document, context);
    }
}

fn assert_strings(value: &Value, context: &str) {
    match value {
        Value::String(text) => {
            let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{200b}'));
            assert_eq!(bad, None, "{context}: {text}");
        }
        Value::Array(values) => values.iter().for_each(|value| assert_strings(value, context)),
        Value::Object(values) => values.values().for_each(|value| assert_strings(value, context)),
        _ => {}
    }
}

// The standard error of a host reached the terminal as it was.
#[test]
fn no_host_drives_a_terminal() {
    let long = [HOSTILE, b" ", &[b'x'; 1 << 20]].concat();
    let lines = [HOSTILE, b"\n"].concat().repeat(1000);
    for (kind, bytes) in [("some", HOSTILE), ("long", long.as_slice()), ("many", lines.as_slice())] {
        for (place, script) in [
            ("lost", "cat bytes >&2; exit 255"),
            ("answer", "answer \"$(cat bytes)\""),
            ("both", "cat bytes; cat bytes >&2; exit 1"),
            (
                "result",
                "[ $kind = observe ] || { answer=\"sslscale-result undone: $(cat bytes)\"; cat bytes >&2; }; answer \"$answer\"",
            ),
            ("change", "[ $kind = observe ] || { cat bytes; cat bytes >&2; exit 1; }; answer \"$answer\""),
        ] {
            let run = fleet([script, "answer \"$answer\"", "answer \"$answer\""]);
            fs::write(run.dir().join("bytes"), bytes).unwrap();
            for what in ["status", "sync", "rotate"] {
                for format in ["human", "json"] {
                    let context = format!("{kind} {place} {what} {format}");
                    let done = run.run_with(&words(what, &["--format", format]));
                    assert_harmless(&done, &context);
                    assert_ne!(done.status, 0, "{context}");
                    // It is shown, as far as it fits, and not hidden.
                    if kind == "some" && place == "lost" {
                        assert!(done.all().contains("]52;c;aGk="), "{context}: {}", done.all());
                    }
                }
            }
        }
    }
}

#[test]
fn what_became_of_each_host_decides_the_status() {
    let good = "answer \"$answer\"";
    let ends = |word: &str| {
        format!("[ $kind = observe ] || answer='sslscale-result {word}: no'; echo why >&2; answer \"$answer\"")
    };
    let silent = "[ $kind = observe ] || exit 255; answer \"$answer\"";
    let (untouched, undone, unknown) = (ends("untouched"), ends("undone"), ends("unknown"));
    for (scripts, status, result) in [
        ([untouched.as_str(), good, good], 3, ["untouched", "not_asked", "not_asked"]),
        ([&undone, good, good], 4, ["undone", "not_asked", "not_asked"]),
        ([&unknown, good, good], 5, ["unknown", "not_asked", "not_asked"]),
        ([silent, good, good], 5, ["unknown", "not_asked", "not_asked"]),
        ([good, &untouched, good], 5, ["changed", "untouched", "changed"]),
        ([good, &undone, good], 5, ["changed", "undone", "changed"]),
        ([good, good, good], 0, ["changed", "changed", "changed"]),
    ] {
        let run = fleet(scripts);
        let done = run.run_with(&words("sync", &["--format", "json"]));
        assert_eq!(done.status, status, "{}", done.all());
        let document: Value = serde_json::from_str(&done.stdout).unwrap();
        let hosts = document["steps"][0]["app_servers"].as_array().unwrap().clone();
        assert_eq!(hosts.iter().map(|host| host["result"].as_str().unwrap()).collect::<Vec<_>>(), result);
        let reasons = hosts.iter().filter(|host| !host["reason"].is_null());
        let told = reasons.map(|host| host["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let expected = match scripts {
            _ if status == 0 => vec![],
            [script, ..] if script == silent => vec!["the connection to the host was lost (exit code 255)"],
            _ => vec!["no\nwhy"],
        };
        assert_eq!(told, expected);
    }
}

/// A run that is at work on a host which waits until it may go on.
struct Waiting {
    run: Sslscale,
    child: Child,
}

impl Waiting {
    /// The first host waits when it is asked for this kind of work.
    fn on(kind: &str) -> Self {
        let wait = format!(
            "[ $kind != {kind} ] || {{ : >started; while [ ! -e go ]; do sleep 0.02; done; }}; answer \"$answer\""
        );
        let run = fleet([&wait, "answer \"$answer\"", "answer \"$answer\""]);
        let mut command = program();
        command.args(words("sync", &[])).current_dir(run.dir()).stdin(Stdio::null());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let waiting = Self { run, child };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !waiting.path("started").exists() {
            assert!(Instant::now() < deadline, "nothing was started");
            sleep(Duration::from_millis(5));
        }
        waiting
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.run.dir()).join(name)
    }

    /// Returns when the run says that it has seen the signal.
    fn interrupt(&mut self) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
        let stderr = self.child.stderr.as_mut().unwrap();
        let (mut line, mut byte) = (Vec::new(), [0]);
        while !line.ends_with(b"\n") && stderr.read(&mut byte).unwrap() == 1 {
            line.push(byte[0]);
        }
        assert!(line.starts_with(b"interrupted: "), "{}", String::from_utf8_lossy(&line));
    }

    fn go_on(self) -> (std::process::Output, Sslscale) {
        fs::write(self.path("go"), "").unwrap();
        (self.child.wait_with_output().unwrap(), self.run)
    }
}

#[test]
fn an_interrupted_run_finishes_the_host_that_it_is_at_and_starts_no_other() {
    let mut waiting = Waiting::on("install");
    // While there are keys in its memory, it leaves no core.
    let limits = fs::read_to_string(format!("/proc/{}/limits", waiting.child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    waiting.interrupt();
    let (done, _run) = waiting.go_on();
    let (stdout, stderr) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert_eq!(done.status.code(), Some(5), "{stdout}{stderr}");
    assert!(stdout.starts_with("installed new keys: srv1 (current "), "{stdout}");
    assert!(stderr.starts_with("no change was started on: srv2, srv3\nerror: interrupted\n"), "{stderr}");
}

#[test]
fn a_run_that_is_interrupted_before_any_change_ends_by_the_signal() {
    use std::os::unix::process::ExitStatusExt;

    let mut waiting = Waiting::on("observe");
    waiting.interrupt();
    let (done, _run) = waiting.go_on();
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.signal(), Some(Signal::SIGINT as i32), "{stderr}");
    assert!(
        stderr.ends_with("error: interrupted\n  help: nothing was changed; run the same command again\n"),
        "{stderr}"
    );
}
