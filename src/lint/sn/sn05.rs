//! SN05: text of the user's that gives haproxy's process away.

use crate::diagnostic::Code;
use crate::lint::{Block, Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::SN05,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A file in `haproxy.include.global` opens another socket for commands that others than root can use, or changes the user, group or root directory of haproxy.",
        why: "Whoever reaches the socket can take app servers out and read every session; there is no password. A process that parses what strangers send should be able to do nothing else.",
        evidence: "With `stats socket ipv4@127.0.0.1:9999 level admin`, `haproxy -c` returns 0, and the user `nobody` can take a server out with one line.",
        fix: "Use a socket file with `mode 600`, or the one that is there: `/run/haproxy/admin.sock`. A metrics exporter needs none: `http-request use-service prometheus-exporter` in a frontend of your own.",
        verified_on: "haproxy 2.6.12",
    },
    examples: examples!("SN05"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    fleet.lines(|included, _, line| {
        if included.block != Block::Global {
            return;
        }
        let words: Vec<&str> = line.words.iter().map(|word| &*word.value).collect();
        let help = match words[..] {
            ["stats", "socket", address, ..] if !address.starts_with('/') => "name a file, with `mode 600`",
            ["stats", "socket", _, ref options @ ..] if !is_private(options) => "add `mode 600`",
            ["user" | "uid" | "group" | "gid" | "chroot", ..] => "remove the line: sslscale sets it",
            _ => return,
        };
        let span = line.words[0].span.start..line.words[line.words.len() - 1].span.end;
        let text = super::super::quoted(&included.snippet.text[span.clone()]);
        reporter.push(included.finding(span, format!("`{text}` lets others use haproxy"), help));
    });
}

/// Whether a socket's options keep others than root and its owner out.
fn is_private(options: &[&str]) -> bool {
    let mode = options.iter().position(|word| *word == "mode").and_then(|at| options.get(at + 1));
    mode.is_some_and(|mode| mode.len() >= 3 && mode.ends_with("00"))
}
