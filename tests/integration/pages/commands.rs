//! Commands that pages show: those of sslscale are parsed as the program parses them, and those of other programs are run
//! here where that is harmless, or by another test.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use sslscale::cli::Cli;

use crate::docs::{page, pages};
use crate::support::{need, repository};

/// Commands that are run elsewhere: how they begin, and what the file of tests has that runs them.
const ELSEWHERE: [(&str, &str, &str); 18] = [
    ("certbot certonly", "tests/hosts/renewals.rs", "command(\"certbot certonly\")"),
    ("systemctl enable --now sslscale-certs.timer", "tests/hosts/renewals.rs", "command(\"systemctl enable"),
    ("sh install.sh", "tests/hosts/install.rs", "blocks(&reader.page, \"Install\", \"sh\")"),
    ("test $? -eq 1", "tests/hosts/install.rs", "blocks(&reader.page, \"Change\", \"sh\")"),
    ("systemctl disable --now haproxy nginx", "tests/integration/pages/commands.rs", "fn what_a_removed_host_keeps_"),
    ("jq -r .hosts.lb1.files", "tests/integration/render/document.rs", "fn a_directory_written_from_the_document"),
    ("sha256sum -c SHA256SUMS", "tests/packages.sh", "sha256sum --quiet -c SHA256SUMS"),
    ("apt-get update", "tests/packages.sh", "$(page deb)"),
    ("apt-get install ./sslscale_", "tests/packages.sh", "$(page deb)"),
    ("apt-get purge sslscale", "tests/packages.sh", "$(page remove)"),
    ("dnf install ./sslscale-", "tests/packages.sh", "\"$packages\"/*.x86_64.rpm"),
    (
        "install -D -m 0644 inventory.yaml /etc/sslscale/inventory.yaml",
        "tests/packages.sh",
        "/etc/sslscale/inventory.yaml",
    ),
    ("systemctl enable --now sslscale-tickets.timer", "tests/packages.sh", "timers.target.wants"),
    ("tar -xzf sslscale-0.1.0-linux-x86_64.tar.gz", "tests/integration/pages/archive.rs", "\"packages tar\""),
    ("cp -R sslscale-0.1.0-linux-x86_64/bin ", "tests/integration/pages/archive.rs", "\"packages tar\""),
    ("cp sslscale-0.1.0-linux-x86_64/bin/sslscale ", "tests/integration/pages/archive.rs", "\"packages home\""),
    ("mkdir -p ~/.", "tests/integration/pages/archive.rs", "format!(\"completions {shell}\")"),
    ("rm -rf /var/lib/sslscale", "tests/integration/pages/commands.rs", "fn what_a_removed_host_keeps_"),
];

/// Options of other programs that pages name.
const FOREIGN: [&str; 8] =
    ["-vv", "--no-install-recommends", "--haproxy-protocol", "--lib", "--locked", "--git", "-dW", "-no_ticket"];

/// The words of each command of a line, without comments, redirections and quotes.
pub fn words(line: &str) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let (mut word, mut quote): (Option<String>, Option<char>) = (None, None);
    let mut end = |word: &mut Option<String>, next: bool| {
        found.last_mut().expect("it is never empty").extend(word.take());
        if next {
            found.push(Vec::new());
        }
    };
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') if word.is_none() => break,
            (None, '|' | ';' | '&') => end(&mut word, true),
            (None, ' ') => end(&mut word, false),
            (None, _) => word.get_or_insert_default().push(c),
        }
    }
    end(&mut word, false);
    let redirects = |word: &String| word.starts_with(['>', '<']);
    for words in &mut found {
        words.truncate(words.iter().position(redirects).unwrap_or(words.len()));
    }
    found.retain(|words| !words.is_empty());
    found
}

/// The error for a command of sslscale, whose first word is the program. Names in capitals stand for values.
fn refused(words: &[String]) -> Option<String> {
    let value = |word: &String| match word.trim_end_matches(",…") {
        "…" => None,
        "CODE" => Some("PX07".to_owned()),
        "SEVERITY" => Some("error".to_owned()),
        "SHELL" => Some("bash".to_owned()),
        "WHEN" => Some("auto".to_owned()),
        "RELEASE" => Some("123456789012".to_owned()),
        other => Some(other.to_owned()),
    };
    let error = Cli::try_parse_from(words.iter().filter_map(value)).err()?;
    // A command that is only named.
    let is_named = [
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ];
    let is_help = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
    (!is_named.contains(&error.kind()) && !is_help.contains(&error.kind())).then(|| error.to_string())
}

/// What is wrong with one command.
fn command(words: &[String]) -> Option<String> {
    let text = words.join(" ");
    let gone = |word: &&String| word.starts_with("inventories/") && !repository().join(word).exists();
    if let Some(file) = words.iter().find(gone) {
        return Some(format!("`{file}` does not exist"));
    }
    match words[0].rsplit('/').next().unwrap_or_default() {
        "exec" => command(&words[1..]),
        "sslscale" => refused(words).map(|error| format!("{text}\n{error}")),
        "openssl" => run(words, |code| code == 0),
        // What it cannot connect to does not matter; 2 is an option that it does not know.
        "curl" => run(&[words, &["--max-time".to_owned(), "1".to_owned()]].concat(), |code| code != 2),
        "true" | "false" | "cat" | "echo" | "head" => None,
        _ => {
            let it = ELSEWHERE.iter().find(|(begin, ..)| text.starts_with(begin));
            let Some((_, file, run)) = it else { return Some(format!("nothing runs `{text}`")) };
            (!page(file).contains(run)).then(|| format!("{file} does not run `{text}`"))
        }
    }
}

/// Runs a command in a directory of its own.
fn run(words: &[String], is_fine: impl Fn(i32) -> bool) -> Option<String> {
    if !need::programs(&[&words[0]]) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(&words[0]).args(&words[1..]).current_dir(folder.path()).output().unwrap();
    let code = output.status.code().unwrap_or(-1);
    (!is_fine(code))
        .then(|| format!("{}: exit code {code}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr)))
}

fn first_wrong(text: &str) -> Option<String> {
    let lines = text.replace("\\\n", " ");
    lines.lines().flat_map(words).find_map(|words| command(&words))
}

/// What is wrong with a script.
pub fn script(_page: &str, text: &str) -> Option<String> {
    first_wrong(text)
}

/// What is wrong with commands after a prompt. What they print belongs in a session, which is compared.
pub fn console(_page: &str, text: &str) -> Option<String> {
    let mut commands = String::new();
    for line in text.replace("\\\n", " ").lines() {
        let Some(command) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("# ")) else {
            return Some(format!("nothing compares what it prints: {line}"));
        };
        commands.push_str(&format!("{command}\n"));
    }
    first_wrong(&commands)
}

/// What is wrong with a unit of systemd, apart from what a test on hosts finds, which installs it.
pub fn unit(text: &str) -> Option<String> {
    if !page("tests/hosts/renewals.rs").contains("listed(") {
        return Some("no test installs it".to_owned());
    }
    let started: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("ExecStart=")).collect();
    first_wrong(&started.join("\n"))
}

/// The pieces of code in a page's sentences.
fn spans(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        prose.push_str(if fence || fenced { "\n" } else { line });
        prose.push(' ');
    }
    prose.split('`').skip(1).step_by(2).map(|span| span.replace("\\|", "|")).collect()
}

/// Every option of every command.
fn options() -> Vec<String> {
    fn below(command: &clap::Command, found: &mut Vec<String>) {
        for argument in command.get_arguments() {
            found.extend(argument.get_long().map(|name| format!("--{name}")));
            found.extend(argument.get_short().map(|name| format!("-{name}")));
        }
        command.get_subcommands().for_each(|inner| below(inner, found));
    }
    let mut found = Vec::new();
    let mut all = Cli::command();
    all.build();
    below(&all, &mut found);
    found
}

#[test]
fn commands_and_options_in_sentences_exist() {
    let options = options();
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in pages() {
        for span in spans(&page(&path)) {
            let error = if span.starts_with("sslscale ") {
                first_wrong(&span)
            } else if span.starts_with('-') && span.len() > 1 && span != "--" {
                let option = span.split([' ', '=']).next().unwrap();
                let is_known = options.iter().any(|known| known == option) || FOREIGN.contains(&option);
                (!is_known && option.chars().any(char::is_alphabetic)).then(|| format!("no such option: {span}"))
            } else {
                continue;
            };
            count += 1;
            wrong.extend(error.map(|error| format!("{}: {error}", path.display())));
        }
    }
    assert!(count > 100, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// `--no-diff` was in none.
#[test]
fn every_option_is_in_a_page() {
    fn below(path: &str, command: &clap::Command, named: &BTreeSet<String>, missing: &mut Vec<String>) {
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            let forms =
                [argument.get_long().map(|it| format!("--{it}")), argument.get_short().map(|it| format!("-{it}"))];
            let forms: Vec<String> = forms.into_iter().flatten().collect();
            if !forms.is_empty() && !forms.iter().any(|form| named.contains(form)) {
                missing.push(format!("{path} {}", forms.join(", ")));
            }
        }
        for inner in command.get_subcommands().filter(|command| !command.is_hide_set()) {
            below(&format!("{path} {}", inner.get_name()), inner, named, missing);
        }
    }
    let texts = pages().into_iter().filter(|path| path.starts_with("docs")).map(page);
    let words = texts
        .flat_map(|text| spans(&text))
        .flat_map(|span| span.split([' ', '=']).map(str::to_owned).collect::<Vec<_>>());
    let named: BTreeSet<String> = words.filter(|word| word.starts_with('-')).collect();
    let mut missing = Vec::new();
    below("sslscale", &Cli::command(), &named, &mut missing);
    assert_eq!(missing, Vec::<String>::new());
}

// The guide forgot the file with the Diffie-Hellman group.
#[test]
fn what_a_removed_host_keeps_is_removed_by_the_commands_of_the_guide() {
    let guide = page("docs/guide.md").replace("\\\n", " ");
    let line = guide.lines().find(|line| line.starts_with("rm -rf /var/lib/sslscale")).unwrap();
    let patterns: Vec<String> = words(line).remove(0).split_off(2);
    let is_removed = |path: &str| {
        patterns.iter().any(|pattern| match pattern.split_once('*') {
            Some((before, after)) => path.starts_with(before) && path.ends_with(after),
            None => path == pattern || path.starts_with(&format!("{pattern}/")),
        })
    };
    let fleet = page("inventories/blog.yaml") + "nginx: { tls_profile: old }\n";
    let run = crate::support::Sslscale::new(&["render", "inventory.yaml", "-o", "tree"]).inventory(fleet);
    let rendered = run.run();
    assert_eq!(rendered.status, 0, "{}", rendered.all());
    let manifest = fs::read_to_string(run.dir().join("tree/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let files = manifest["files"].as_object().unwrap().keys().map(|file| &file[file.find('/').unwrap()..]);
    // The package brings this one, and starts with it again.
    let kept: Vec<&str> = files.filter(|file| !is_removed(file) && *file != "/etc/haproxy/haproxy.cfg").collect();
    assert_eq!(kept, Vec::<&str>::new());
}

#[test]
fn words_of_a_line_are_those_of_a_shell() {
    let line = "a 'b  c' --d=\"e;f\" | g >h; i # j | k";
    let wanted: [&[&str]; 3] = [&["a", "b  c", "--d=e;f"], &["g"], &["i"]];
    assert_eq!(words(line), wanted);
    assert_eq!(spans("`a` b\n```\n`c`\n```\n`d\ne`"), ["a", "d e"]);
}
