//! `sslscale completions`, typed in real shells on the terminal of tmux.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Sslscale, need};

/// How often the screen is looked at until it shows what it should.
const LOOKS: usize = 300;

/// A shell on a terminal of its own, in a directory with inventories.
struct Shell {
    dir: TempDir,
}

impl Shell {
    /// Starts it with the program in its path, and the script where a package would put it.
    fn new(name: &str) -> Option<Self> {
        need::programs(&["tmux", name]).then(|| {
            let shell = Self { dir: tempfile::tempdir().unwrap() };
            shell.prepare(name);
            let start = match name {
                "bash" => "bash --noprofile --rcfile .bashrc -i",
                "zsh" => "zsh -i",
                other => other,
            };
            let path = format!("{}:{}", shell.dir.path().join("bin").display(), std::env::var("PATH").unwrap());
            let environment = [format!("PATH={path}"), format!("HOME={}", shell.path()), "TERM=screen".to_owned()];
            let line = format!("env -i LANG=C.UTF-8 {} {start}", environment.join(" "));
            shell.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "40", &line]);
            shell.wait_for("> ", |screen| screen.trim_end().ends_with('>'));
            shell
        })
    }

    fn path(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    fn prepare(&self, name: &str) {
        let root = self.dir.path();
        fs::create_dir(root.join("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_sslscale"), root.join("bin/sslscale")).unwrap();
        let fleet = "load_balancers: [{ name: lb1, address: 10.0.0.10 }]\n\
                     app_servers: [{ name: web-a, address: 10.0.0.11 }, { name: db, address: 10.0.0.12 }]\n";
        for (file, text) in [
            ("fleet.yaml", fleet),
            ("my fleet.yaml", fleet),
            ("broken.yaml", "load_balancers: [{ name: lb1"),
            ("flat.txt", ""),
        ] {
            fs::write(root.join(file), text).unwrap();
        }
        fs::create_dir(root.join("sub")).unwrap();
        let script = Sslscale::new(&["completions", name]).run().stdout;
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        match name {
            "bash" => write(".bashrc", &format!("PS1='> '\n{script}")),
            "zsh" => {
                write("functions/_sslscale", &script);
                write(".zshrc", "PS1='> '\nfpath=(~/functions $fpath)\nautoload -U compinit\ncompinit -u -D\n");
            }
            _ => {
                write(".config/fish/completions/sslscale.fish", &script);
                let prompt = "function fish_prompt; echo -n '> '; end\nset -g fish_greeting\n";
                write(".config/fish/config.fish", &format!("{prompt}set -g fish_autosuggestion_enabled 0\n"));
            }
        }
    }

    fn tmux(&self, words: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command
            .arg("-S")
            .arg(self.dir.path().join("socket"))
            .args(words)
            .current_dir(self.dir.path())
            .env_remove("TMUX");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    fn wait_for(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        for _ in 0..LOOKS {
            if is_there(&self.screen()) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("no `{what}`:\n{}", self.screen());
    }

    /// Types on an empty line, then Tab, then more.
    fn type_keys(&self, text: &str, keys: &[&str]) {
        // A shell that is still showing something may miss a key.
        for _ in 0..20 {
            self.tmux(&["send-keys", "C-u", "C-l"]);
            if (0..10).any(|_| {
                sleep(Duration::from_millis(50));
                self.screen().trim() == ">"
            }) {
                break;
            }
        }
        self.wait_for("an empty line", |screen| screen.trim() == ">");
        self.tmux(&["send-keys", "-l", text]);
        self.wait_for(text, |screen| screen.contains(text.trim_end()));
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Tab makes `wanted` of `text`.
    fn completes(&self, text: &str, wanted: &str) {
        self.type_keys(text, &["Tab"]);
        let line = format!("> {wanted}");
        self.wait_for(&line, |screen| screen.lines().any(|shown| shown.trim_end() == line));
    }

    /// Tab lists these words, and none of the others.
    fn lists(&self, text: &str, wanted: &[&str], others: &[&str]) {
        self.type_keys(text, &["Tab", "Tab"]);
        let below = |screen: &str| screen.replacen(text, "", 1);
        self.wait_for(&wanted.join(" "), |screen| wanted.iter().all(|word| below(screen).contains(word)));
        let screen = self.screen();
        assert!(others.iter().all(|word| !below(&screen).contains(word)), "{screen}");
    }

    /// Tab adds nothing, and no message is shown.
    fn leaves(&self, text: &str) {
        self.type_keys(text, &["Tab", "Tab", "x", "y"]);
        let line = format!("> {text}xy");
        self.wait_for(&line, |screen| screen.trim() == line);
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn try_out(name: &str) {
    let Some(shell) = Shell::new(name) else { return };
    shell.completes("sslscale dep", "sslscale deploy");
    shell.completes("sslscale tickets ro", "sslscale tickets rotate");
    shell.completes("sslscale check --unsa", "sslscale check --unsafe-fixes");
    shell.completes("sslscale explain trust-t", "sslscale explain trust-too-wide");
    shell.completes("sslscale check --deny PX07,trust-t", "sslscale check --deny PX07,trust-too-wide");
    shell.completes("sslscale check --format=sa", "sslscale check --format=sarif");
    shell.completes("sslscale man tickets-ro", "sslscale man tickets-rotate");
    shell.lists("sslscale explain PX0", &["PX01", "PX05", "PX09"], &["TL01"]);
    shell.completes("sslscale plan fleet.yaml --host l", "sslscale plan fleet.yaml --host lb1");
    shell.completes("sslscale deploy fleet.yaml --canary=w", "sslscale deploy fleet.yaml --canary=web-a");
    shell.lists("sslscale deploy fleet.yaml --only ", &["lb1", "web-a", "db"], &["flat.txt"]);
    shell.lists("sslscale deploy fleet.yaml --canary ", &["web-a", "db"], &["lb1"]);
    shell.leaves("sslscale deploy broken.yaml --only l");
    shell.leaves("sslscale deploy nowhere.yaml --only l");
    shell.completes("sslscale check fl", "sslscale check fleet.yaml");
    shell.completes("sslscale check my", "sslscale check my\\ fleet.yaml");
    shell.completes("sslscale plan my\\ fleet.yaml --host l", "sslscale plan my\\ fleet.yaml --host lb1");
    shell.completes("sslscale render fleet.yaml -o s", "sslscale render fleet.yaml -o sub/");
    shell.completes("sslscale render fleet.yaml --output=s", "sslscale render fleet.yaml --output=sub/");
    shell.completes("sslscale check -o fla", "sslscale check -o flat.txt");
}

#[test]
fn bash_completes() {
    try_out("bash");
}

#[test]
fn zsh_completes() {
    try_out("zsh");
}

#[test]
fn fish_completes() {
    try_out("fish");
}

#[test]
fn scripts_are_valid_for_their_shells() {
    for (name, arguments) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let run = Sslscale::new(&["completions", name]);
        fs::write(run.dir().join("script"), run.run().stdout).unwrap();
        if need::programs(&[name]) {
            let done = Command::new(name).args(arguments).arg(run.dir().join("script")).output().unwrap();
            assert!(done.status.success() && done.stderr.is_empty(), "{name}: {done:?}");
        }
    }
}
