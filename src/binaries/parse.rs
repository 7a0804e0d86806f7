//! The messages in what haproxy and nginx print. A message is one line, for haproxy with further lines
//! after a bar. A program that rejects its files always has a message. Pure.

use crate::diagnostic::Severity;
use crate::sandbox::{Program, ProgramOutput};

/// One message of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// After the program's level.
    pub severity: Severity,
    /// The line that it names, if it names one.
    pub place: Option<Place>,
    /// Without level and place.
    pub text: String,
}

/// A line of a file on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its absolute path.
    pub file: String,
    /// From 1.
    pub line: usize,
}

impl Message {
    /// What is in quotes: directives, names, paths.
    pub fn quoted(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.text.as_str();
        std::iter::from_fn(move || {
            let open = rest.find(['"', '\''])?;
            let quote = &rest[open..=open];
            let inner = &rest[open + 1..];
            let close = inner.find(quote)?;
            rest = &inner[close + 1..];
            Some(&inner[..close])
        })
    }
}

/// The warnings, errors and notes among the lines of an output.
pub fn messages(program: Program, output: &ProgramOutput) -> Vec<Message> {
    let mut found: Vec<Message> = Vec::new();
    for line in &output.lines {
        if let (Some(more), Some(last)) = (line.trim_start().strip_prefix("| "), found.last_mut()) {
            last.text = format!("{} {}", last.text, more.trim());
            continue;
        }
        found.extend(match program {
            Program::Haproxy => haproxy(line),
            Program::Nginx => nginx(line),
        });
    }
    if !output.accepted && !found.iter().any(|message| message.severity == Severity::Error) {
        // Not understood, but a rejection must not be lost.
        let text = output.lines.last().cloned().unwrap_or_else(|| "it failed without a message".to_owned());
        found.push(Message { severity: Severity::Error, place: None, text });
    }
    found
}

/// The message that this machine has no IPv6, which says nothing about the files.
pub fn no_ipv6(messages: &[Message]) -> Option<&Message> {
    messages.iter().find(|message| message.text.contains("(97: Address family not supported"))
}

/// `[ALERT]    (4711) : config : parsing [/etc/haproxy/haproxy.cfg:12] : unknown keyword …`; older
/// versions have the time before the process id and no `config`.
fn haproxy(line: &str) -> Option<Message> {
    let (level, rest) = line.strip_prefix('[')?.split_once(']')?;
    let severity = match level {
        "EMERG" | "ALERT" | "CRIT" | "ERR" => Severity::Error,
        "WARNING" => Severity::Warning,
        _ => Severity::Info,
    };
    let words = rest.split_once(") : ").map_or(rest, |(_, words)| words).trim();
    let words = words.strip_prefix("config : ").unwrap_or(words);
    let chatter = [
        "haproxy version is",
        "path to executable is",
        "Configuration file is valid",
        "Error(s) found in configuration file",
        "Fatal errors found in configuration",
    ];
    if chatter.iter().any(|start| words.starts_with(start)) {
        return None;
    }
    let marked = words.strip_prefix("parsing ").unwrap_or(words);
    let bracket = marked.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    if let Some((place, words)) = bracket.and_then(|(inner, rest)| Some((place(inner)?, rest))) {
        let words = words.trim_start_matches([' ', ':']).to_owned();
        return Some(Message { severity, place: Some(place), text: words });
    }
    let place = words.split([' ', '[', ']', '(', ')', ',']).find_map(place);
    Some(Message { severity, place, text: words.to_owned() })
}

/// `nginx: [emerg] unknown directive "x" in /etc/nginx/conf.d/sslscale.conf:12`, or in the form of a
/// log: `2026/11/23 17:04:04 [emerg] 4711#4711: unknown …`.
fn nginx(line: &str) -> Option<Message> {
    let (before, rest) = line.split_once('[')?;
    let logged = before.starts_with(|c: char| c.is_ascii_digit());
    let (level, words) = rest.split_once("] ").filter(|_| logged || before == "nginx: ")?;
    let words = if logged { words.split_once(": ")?.1 } else { words };
    let severity = match level {
        "emerg" | "alert" | "crit" | "error" => Severity::Error,
        "warn" => Severity::Warning,
        _ => Severity::Info,
    };
    let (words, place) = match words.rsplit_once(" in /").map(|(words, path)| (words, place(&format!("/{path}")))) {
        Some((words, Some(place))) => (words, Some(place)),
        _ => (words, None),
    };
    Some(Message { severity, place, text: words.to_owned() })
}

/// `/path:12`, with or without a full stop.
fn place(text: &str) -> Option<Place> {
    let (file, line) = text.trim_end_matches('.').rsplit_once(':')?;
    let line = line.parse().ok().filter(|line| *line > 0)?;
    file.starts_with('/').then(|| Place { file: file.to_owned(), line })
}

/// The options of a haproxy server that have a key in the app server's entry.
const OPTIONS: [&str; 4] = ["weight", "backup", "maxconn", "address"];

/// haproxy's message about a server without the names of the server and its pool, which may contain
/// the name of any option. haproxy writes `'server pool/name'`, and a pool's name after `backend`.
pub(super) fn unnamed(words: &str, server: &str) -> String {
    let parts = words.split(|c: char| c.is_whitespace() || "'\"`(),".contains(c)).filter(|part| !part.is_empty());
    let mut before = "";
    let mut rest = String::new();
    for part in parts {
        let bare = part.trim_end_matches(':');
        let named = match bare.rsplit_once('/') {
            Some((_, last)) => last == server,
            // An app server may have the name of an option that the message is about.
            None => bare == server && (before == "server" || !OPTIONS.contains(&bare)),
        };
        if !named && before != "backend" {
            rest.push_str(part);
            rest.push(' ');
        }
        before = bare;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(program: Program, text: &str, accepted: bool) -> Vec<(Severity, Option<usize>, String)> {
        let output = ProgramOutput { accepted, lines: text.lines().map(str::to_owned).collect(), read: Vec::new() };
        let line = |message: &Message| message.place.as_ref().map(|place| place.line);
        messages(program, &output).into_iter().map(|it| (it.severity, line(&it), it.text)).collect()
    }

    #[test]
    fn haproxys_lines() {
        let text = "\
[NOTICE]   (1) : haproxy version is 2.6.12-1+deb12u4
[NOTICE]   (1) : path to executable is /usr/sbin/haproxy
[ALERT]    (1) : config : parsing [/etc/haproxy/haproxy.cfg:2] : unknown keyword 'foo' in 'global' section
[ALERT]    (1) : config : [/etc/haproxy/haproxy.cfg:16] : 'server b/s1' : unknown keyword 'send-prox'
[WARNING]  (1) : config : missing timeouts for backend 'b'.
   | While not properly invalid, you will
   | meet problems.
[WARNING] 326/164500 (1) : parsing [/etc/haproxy/haproxy.cfg:9] : older
[ALERT]    (1) : config : frontend 'x' has the same name as backend 'x' declared at /etc/haproxy/haproxy.cfg:40.
[ALERT]    (1) : config : Error(s) found in configuration file : /etc/haproxy/haproxy.cfg
[ALERT]    (1) : config : Fatal errors found in configuration.
Configuration file is valid
";
        let message = |severity, line, words: &str| (severity, line, words.to_owned());
        let wanted = [
            message(Severity::Error, Some(2), "unknown keyword 'foo' in 'global' section"),
            message(Severity::Error, Some(16), "'server b/s1' : unknown keyword 'send-prox'"),
            message(
                Severity::Warning,
                None,
                "missing timeouts for backend 'b'. While not properly invalid, you will meet problems.",
            ),
            message(Severity::Warning, Some(9), "older"),
            message(
                Severity::Error,
                Some(40),
                "frontend 'x' has the same name as backend 'x' declared at /etc/haproxy/haproxy.cfg:40.",
            ),
        ];
        assert_eq!(parsed(Program::Haproxy, text, false), wanted);
    }

    #[test]
    fn nginxs_lines() {
        let text = "\
nginx: [warn] the \"listen ... http2\" directive is deprecated in /etc/nginx/conf.d/sslscale.conf:9
2026/11/23 17:04:04 [emerg] 47#47: cannot load certificate \"/etc/ssl/a b.crt\": BIO_new_file() failed (SSL: error in /x)
nginx: configuration file /etc/nginx/nginx.conf test failed
";
        let found = parsed(Program::Nginx, text, false);
        assert_eq!(
            found[0],
            (Severity::Warning, Some(9), "the \"listen ... http2\" directive is deprecated".to_owned())
        );
        assert_eq!((found.len(), found[1].1), (2, None));
        let message = Message { severity: Severity::Error, place: None, text: found[1].2.clone() };
        assert_eq!(message.quoted().collect::<Vec<_>>(), ["/etc/ssl/a b.crt"]);
    }

    #[test]
    fn a_machine_without_ipv6_proves_nothing() {
        let text = "socket() [::]:443 failed (97: Address family not supported by protocol)".to_owned();
        let message = Message { severity: Severity::Error, place: None, text };
        assert!(no_ipv6(std::slice::from_ref(&message)).is_some());
        assert!(no_ipv6(&[Message { text: "bind() to 0.0.0.0:443 failed".to_owned(), ..message }]).is_none());
    }

    #[test]
    fn a_refusal_never_goes_unseen() {
        let found = parsed(Program::Nginx, "Segmentation fault\n", false);
        assert_eq!(found, [(Severity::Error, None, "Segmentation fault".to_owned())]);
        assert_eq!(parsed(Program::Haproxy, "", false).len(), 1);
        assert_eq!(parsed(Program::Haproxy, "Configuration file is valid\n", true), []);
    }

    #[test]
    fn names_are_no_options() {
        let cases = [
            ("'server https-servers/backup1' : unknown keyword 'foo'", "backup1", "server : unknown keyword foo "),
            ("'server weights/backup1' : unknown keyword 'backup'", "backup1", "server : unknown keyword backup "),
            ("'server a/backup' : unknown keyword 'backup'", "backup", "server : unknown keyword backup "),
            ("backend 'backup', server 'weight': bad", "weight", "backend server : bad "),
            (
                "invalid address: '10.0.1.11:443' in '/etc/weight'",
                "srv1",
                "invalid address: 10.0.1.11:443 in /etc/weight ",
            ),
        ];
        for (words, server, rest) in cases {
            assert_eq!(unnamed(words, server), rest);
        }
    }
}
