//! What to do about a complaint: for what is known to come of an inventory, the key to set; for
//! everything else the two things that can be changed, the value and the template. Pure.

use super::parse::Complaint;
use crate::sandbox::Program;

/// Words of a program, and the advice; `{version}` stands for the program's own.
const KNOWN: &[(Program, &str, &str)] = &[
    (
        Program::Nginx,
        "unknown directive \"http2\"",
        "set `version: {version}` under `nginx` to render for the installed nginx, or ask the one that the fleet runs",
    ),
    (
        Program::Nginx,
        "unknown directive \"ssl_reject_handshake\"",
        "set `version: {version}` under `nginx` to render for the installed nginx, or ask the one that the fleet runs",
    ),
    (Program::Nginx, "\"listen ... http2\" directive is deprecated", "set `version: {version}` under `nginx`"),
    (
        Program::Nginx,
        "unknown directive",
        "correct the name in the template; where a module has it, install its package: `apt-cache search libnginx-mod`",
    ),
    (
        Program::Nginx,
        "the \"ssl\" parameter requires ngx_http_ssl_module",
        "install an nginx with TLS: `apt install nginx`",
    ),
    (
        Program::Nginx,
        "cannot load certificate",
        "name a readable PEM file that holds a certificate and, for a key, the key that belongs to it",
    ),
    (Program::Nginx, "key values mismatch", "name the key that belongs to the certificate, the leaf first in its file"),
    (
        Program::Nginx,
        "host not found",
        "write an address: names are looked up once, when nginx starts, and not at all here",
    ),
    (Program::Nginx, "conflicting server name", "let one site have the name"),
    (Program::Nginx, "is duplicate", "keep one of them: the template says it twice"),
    (
        Program::Haproxy,
        "could not resolve address",
        "write an address: names are looked up once, when haproxy starts, and not at all here",
    ),
    (Program::Haproxy, "missing timeouts", "keep the `timeout` lines in the template's `defaults`"),
    (
        Program::Haproxy,
        "unknown keyword",
        "correct the word in the template, or ask the haproxy that the fleet runs: this one is {version}",
    ),
];

/// What to do; `rendered` says whether the line is one of a rendered file.
pub fn of(program: Program, version: &str, complaint: &Complaint, rendered: bool) -> String {
    let known = KNOWN.iter().find(|(of, words, _)| *of == program && complaint.message.contains(words));
    match (known, &complaint.place) {
        (Some((_, _, advice)), _) => advice.replace("{version}", version),
        (None, Some(_)) if !rendered => "correct that file, which is this machine's own and not rendered".to_owned(),
        (None, _) => "change this value, or the template that it is rendered with".to_owned(),
    }
}
