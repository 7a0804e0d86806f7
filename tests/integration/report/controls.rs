//! Names of files and directories with control characters: whatever command meets them, in whatever
//! format, a terminal that shows its output does not obey them.

use std::fs;

use super::BLOG;
use crate::support::{Run, Sslscale};

/// Writes to the clipboard of many terminals, rings, and clears the screen.
const EVIL: &str = "a\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{9b}1m\u{202e}\r";

fn assert_shown(run: &Run, what: &[&str]) {
    // Data has names as they are, apart from what no terminal could be shown.
    let data = ["json", "sarif", "github", "gitlab", "junit"].iter().any(|format| what.contains(format));
    let is_sent = |c: &char| *c != '\n' && (c.is_ascii_control() || (!data && (c.is_control() || *c == '\u{202e}')));
    for text in [&run.stdout, &run.stderr] {
        let sent: String = text.chars().filter(is_sent).collect();
        assert!(sent.is_empty(), "{what:?} sends {sent:?}: {text:?}");
    }
}

#[test]
fn a_name_is_shown_and_not_sent() {
    let name = |end: &str| format!("{EVIL}{end}");
    let broken = BLOG.replace("10.0.0.12", "10.0.0.11");
    let run = Sslscale::new(&[])
        .file(&name("good.yaml"), BLOG)
        .file(&name("bad.yaml"), &broken)
        .file(&name("not.yaml"), "load_balancers:\n")
        .file(&name("file"), "x")
        .file(&name("templates/haproxy.cfg.tera"), "{{ nonsense }}")
        .file(&name("templates2/other.tera"), "");
    fs::create_dir(run.dir().join(name("roots"))).unwrap();
    let [good, bad, not, gone] = ["good.yaml", "bad.yaml", "not.yaml", "gone.yaml"].map(name);
    let [out, out2, file, roots] = ["out", "out/none/here", "file", "roots"].map(name);
    let [templates, templates2, link] = ["templates", "templates2", "out/srv1/etc"].map(name);
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for inventory in [&good, &bad, &not, &gone] {
        for format in ["human", "json", "sarif", "github", "gitlab", "junit"] {
            commands.push(vec!["check", "--format", format, inventory]);
        }
        commands.push(vec!["check", "--explain", inventory]);
        commands.push(vec!["check", "--fix", "--unsafe-fixes", inventory]);
        commands.push(vec!["render", inventory, "--host", &gone]);
        commands.push(vec!["try", inventory, "--host", &gone]);
    }
    for (first, dir) in [("-o", &out), ("-o", &out), ("-o", &file), ("-o", &out2), ("--templates", &templates)] {
        commands.push(vec!["render", &good, first, dir]);
    }
    commands.push(vec!["render", &good, "--templates", &templates2]);
    commands.push(vec!["render", &good, "-o", &out, "--check"]);
    for to in [&file, &out2, &out] {
        commands.push(vec!["check", "--format", "json", "-o", to, &good]);
    }
    for hosts in [["--roots", &roots], ["--roots", &gone], ["--hosts-file", &file], ["--hosts-file", &gone]] {
        commands.push(vec!["tickets", "status", &good, hosts[0], hosts[1]]);
    }
    for command in &commands {
        let done = run.run_with(command);
        assert!(!done.all().is_empty(), "{command:?}");
        assert_shown(&done, command);
    }
    fs::remove_dir_all(run.dir().join(&link)).unwrap();
    std::os::unix::fs::symlink("/", run.dir().join(&link)).unwrap();
    let command = ["render", &good, "-o", &out];
    let refused = run.run_with(&command);
    assert_eq!(refused.status, 2);
    assert_shown(&refused, &command);
}
