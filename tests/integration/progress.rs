//! The options of every command: what a terminal shows while work takes long, what `--quiet` leaves out, what
//! `--verbose` adds, and when there are colours. Programs that read standard output see none of it.

use std::process::Command;

use crate::support::{Sslscale, need, roots};

const BLOG: &str = include_str!("../../inventories/blog.yaml");
const PROGRAM: &str = env!("CARGO_BIN_EXE_sslscale");

/// What a command of a shell writes to a terminal of this kind.
fn on_terminal(run: &Sslscale, term: &str, command: &str) -> String {
    let mut script = Command::new("script");
    script.args(["-qec", command, "/dev/null"]).current_dir(run.dir()).env_clear();
    script.env("PATH", std::env::var("PATH").unwrap()).env("TERM", term).env("LC_ALL", "C").env("SHELL", "/bin/sh");
    let output = script.stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// What stays on the terminal, and everything that was ever on one of its lines.
fn screen(written: &str) -> (String, Vec<String>) {
    let (mut lines, mut column, mut seen) = (vec![Vec::<char>::new()], 0, Vec::new());
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        let line = lines.last_mut().unwrap();
        if let Some(after) = rest.strip_prefix("\u{1b}[K") {
            seen.push(line.iter().collect::<String>());
            line.truncate(column);
            rest = after;
            continue;
        }
        match c {
            '\n' => {
                seen.push(line.iter().collect());
                lines.push(Vec::new());
                column = 0;
            }
            '\r' => column = 0,
            c => {
                line.truncate(column);
                line.push(c);
                column += 1;
            }
        }
        rest = &rest[c.len_utf8()..];
    }
    let text = lines.iter().map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n");
    (text, seen)
}

fn has_script() -> bool {
    need::programs(&["script"])
}

fn blog() -> Sslscale {
    Sslscale::new(&[]).inventory(BLOG)
}

/// The inventory takes two seconds to come.
fn slowly(arguments: &str) -> String {
    format!("{{ sleep 2.2; cat inventory.yaml; }} | {PROGRAM} {arguments}")
}

#[test]
fn a_terminal_shows_what_takes_long_and_keeps_nothing_of_it() {
    if !has_script() {
        return;
    }
    let run = blog();
    let (left, seen) = screen(&on_terminal(&run, "xterm", &slowly("render - -o out")));
    assert_eq!(left, "out: 7 written, 0 unchanged, 0 removed\n");
    assert!(seen.iter().any(|line| line == "rendering (1 s)"), "{seen:?}");
    // What is found is not mixed with it.
    let wrong = Sslscale::new(&["check", "-"]).inventory(BLOG.replace("10.0.0.12", "10.0.0.300"));
    let (left, seen) =
        screen(&on_terminal(&wrong, "xterm", &format!("NO_COLOR=1; export NO_COLOR; {}", slowly("check -"))));
    let plain = wrong.run_with(&["check", "inventory.yaml"]).stderr.replace("inventory.yaml", "<stdin>");
    assert_eq!(left, plain);
    assert!(seen.iter().any(|line| line.starts_with("checking inventories")), "{seen:?}");
}

#[test]
fn a_narrow_terminal_gets_a_part_of_it() {
    if !has_script() {
        return;
    }
    let run = blog();
    let hosts = ["lb1", "srv1", "srv2"].map(|name| format!("\"{name}\": [\"sh\", \"-c\", \"sleep 2.2; exit {name}\"]"));
    std::fs::write(run.dir().join("hosts.json"), format!("{{ {} }}", hosts.join(", "))).unwrap();
    let history = format!("{PROGRAM} history inventory.yaml --hosts-file hosts.json");
    for (columns, line) in [(20, "asking hosts: 0 of "), (80, "asking hosts: 0 of 3 (1 s)")] {
        let (left, seen) = screen(&on_terminal(&run, "xterm", &format!("stty rows 24 cols {columns}; {history}")));
        assert!(seen.iter().any(|it| it == line), "{columns}: {seen:?}");
        assert!(!left.contains("asking"), "{left}");
    }
}

#[test]
fn pipes_dumb_terminals_and_quiet_runs_get_nothing_of_it() {
    if !has_script() {
        return;
    }
    let run = blog();
    let written = "out: 7 written, 0 unchanged, 0 removed\n";
    for (term, command, left) in [
        ("dumb", slowly("render - -o out1"), written.replace("out", "out1")),
        ("", slowly("render - -o out2"), written.replace("out", "out2")),
        ("xterm", slowly("render - -o out3 -q"), String::new()),
        ("xterm", format!("{{ {}; }} 2>&1 | cat", slowly("render - -o out4")), written.replace("out", "out4")),
    ] {
        let raw = on_terminal(&run, term, &command);
        assert_eq!(raw.replace("\r\n", "\n"), left, "{term}: {command}");
    }
}

#[test]
fn an_interrupted_run_leaves_no_line() {
    if !has_script() {
        return;
    }
    let command = format!("sleep 4 | timeout --foreground -s INT 2 {PROGRAM} render -");
    let (left, seen) = screen(&on_terminal(&blog(), "xterm", &command));
    assert!(seen.iter().any(|line| line == "rendering (1 s)"), "{seen:?}");
    assert_eq!(left.trim(), "");
}

/// Commands whose standard output programs read.
const FOR_PROGRAMS: &[&[&str]] = &[
    &["check", "inventory.yaml", "--format", "json"],
    &["check", "inventory.yaml", "--format", "sarif"],
    &["check", "inventory.yaml", "--format", "github"],
    &["check", "inventory.yaml", "--format", "gitlab"],
    &["check", "inventory.yaml", "--format", "junit"],
    &["check", "--diff", "wrong.yaml"],
    &["explain", "PX05", "--format", "json"],
    &["rules", "--format", "json"],
    &["schema"],
    &["show", "inventory.yaml"],
    &["show", "inventory.yaml", "--format", "json"],
    &["render", "inventory.yaml"],
    &["render", "inventory.yaml", "--format", "json"],
    &["render", "inventory.yaml", "-o", "old", "--diff"],
    &["plan", "inventory.yaml", "--roots", "roots", "--format", "json"],
    &["status", "inventory.yaml", "--roots", "roots", "--format", "json"],
    &["history", "inventory.yaml", "--roots", "roots", "--format", "json"],
    &["tickets", "status", "inventory.yaml", "--roots", "roots", "--format", "json"],
];

#[test]
fn standard_output_is_the_same_with_every_option() {
    let text = BLOG.replace("address: 10.0.0.12", "address: 10.0.0.12, weight: 0");
    let wrong = format!("{BLOG}trusted_proxies: [10.0.0.1]\n");
    let run = Sslscale::new(&[]).inventory(text).file("wrong.yaml", wrong);
    for host in ["lb1", "srv1", "srv2"] {
        std::fs::create_dir_all(run.dir().join("roots").join(host)).unwrap();
    }
    // Ages of locks and times are in no document of these.
    for command in FOR_PROGRAMS {
        let plain = run.run_with(command);
        assert!(!plain.stdout.is_empty(), "{command:?}: {}", plain.stderr);
        for options in [&["-v"][..], &["-vv"], &["-q"], &["--color", "always"], &["--color=never"], &["-q", "-vv"]] {
            let with = run.run_with(&[command, options].concat());
            assert_eq!((with.status, &with.stdout), (plain.status, &plain.stdout), "{command:?} {options:?}");
            // The options may come first.
            let first = run.run_with(&[options, command].concat());
            assert_eq!(first, with, "{command:?} {options:?}");
            if options[0].starts_with("-v") {
                let lines = with.stderr.lines().filter(|line| !line.starts_with("sslscale: "));
                assert_eq!(lines.map(|line| format!("{line}\n")).collect::<String>(), plain.stderr, "{command:?}");
            }
        }
    }
}

#[test]
fn quiet_leaves_out_summaries_and_keeps_findings_and_errors() {
    let run = Sslscale::new(&[]).inventory(BLOG.replace("10.0.0.12", "10.0.0.300"));
    let (loud, quiet) = (run.run_with(&["check", "inventory.yaml"]), run.run_with(&["-q", "check", "inventory.yaml"]));
    let (findings, summary) = loud.stderr.trim_end().rsplit_once('\n').unwrap();
    assert!(summary.starts_with("inventory.yaml: 1 error"), "{summary}");
    assert_eq!((quiet.status, quiet.stderr.trim_end()), (1, findings.trim_end()));
    let sound = blog();
    assert!(sound.run_with(&["check", "inventory.yaml"]).stdout.starts_with("inventory.yaml: ok"));
    let quiet = sound.run_with(&["check", "inventory.yaml", "-q"]);
    assert_eq!((quiet.status, quiet.stdout.as_str()), (0, ""), "{}", quiet.all());
    assert!(quiet.stderr.starts_with("info[CP07]: ") && !quiet.stderr.contains("inventory.yaml: "), "{}", quiet.all());
    let quiet = sound.run_with(&["render", "inventory.yaml", "-o", "out", "-q"]);
    assert_eq!((quiet.status, quiet.stdout.as_str(), quiet.stderr.as_str()), (0, "", ""));
    // A file that was left although it is not rendered any more is no summary.
    let one = BLOG.replace("- { name: srv2, address: 10.0.0.12 }", "");
    std::fs::write(sound.dir().join("inventory.yaml"), one).unwrap();
    let edited = sound.dir().join("out/srv2/etc/nginx/conf.d/sslscale.conf");
    std::fs::write(edited, "by hand").unwrap();
    let quiet = sound.run_with(&["render", "inventory.yaml", "-o", "out", "-q"]);
    assert!(
        quiet.stderr.starts_with("  kept srv2/etc/nginx/") && quiet.stderr.lines().count() == 1,
        "{}",
        quiet.stderr
    );
    let missing = sound.run_with(&["render", "missing.yaml", "-q"]);
    assert!(missing.status == 2 && missing.stderr.contains("missing.yaml"), "{}", missing.stderr);
}

#[test]
fn verbose_explains_what_was_read_and_what_is_used() {
    let text = format!("{}haproxy: {{ version: 2.6 }}\nssh: {{ user: deploy, port: 2222 }}\n", roots::inventory(""));
    let run = Sslscale::new(&[]).inventory(text);
    let said = |words: &[&str]| run.run_with(words).stderr;
    let render = said(&["render", "inventory.yaml", "-v"]);
    for part in [
        "sslscale: `inventory.yaml` was read: ",
        "; `sslscale show inventory.yaml` lists them\n",
        "sslscale: lb1: rendered for haproxy 2.6.0, which `haproxy.version` says\n",
        ": rendered for any version of nginx, because `nginx.version` is not set\n",
        "sslscale: all templates are the built-in ones\n",
    ] {
        assert!(render.contains(part), "{part}: {render}");
    }
    assert!(!render.contains("by default"), "{render}");
    let more = said(&["render", "inventory.yaml", "-vv"]);
    assert!(more.contains("sslscale: haproxy.port is `443` by default\n"), "{more}");
    let programs = said(&["check", "--with-binaries", "inventory.yaml", "-v"]);
    assert!(programs.contains("sslscale: haproxy is ") && programs.contains("sslscale: nginx is "), "{programs}");
    std::fs::create_dir(run.dir().join("roots")).unwrap();
    let plan = said(&["plan", "inventory.yaml", "--roots", "roots", "-v"]);
    assert!(plan.contains("sslscale: hosts are directories in `roots`\n"), "{plan}");
}

#[test]
fn colours_are_used_where_they_are_wanted() {
    let run = Sslscale::new(&[]).inventory(BLOG.replace("10.0.0.12", "10.0.0.300"));
    let coloured = |words: &[&str]| run.run_with(words).stderr.contains('\u{1b}');
    assert!(!coloured(&["check", "inventory.yaml"]));
    assert!(coloured(&["check", "inventory.yaml", "--color", "always"]));
    assert!(!run.run_with(&["check", "--help"]).stdout.contains('\u{1b}'));
    assert!(run.run_with(&["--color=always", "check", "--help"]).stdout.contains('\u{1b}'));
    if has_script() {
        let check = |before: &str, after: &str| {
            let command = format!("{before} {PROGRAM} check inventory.yaml {after}");
            on_terminal(&run, "xterm", &command).contains("\u{1b}[1m")
        };
        assert!(check("", "") && check("NO_COLOR=1", "--color always"));
        assert!(!check("NO_COLOR=1", "") && !check("", "--color never") && !check("CLICOLOR=0", ""));
    }
}
