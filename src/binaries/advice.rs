//! What to do about a program's message: the key to set where the cause is known to be in the
//! inventory, else the two things that can be changed, the value and the template. Pure.

use super::parse::Message;
use crate::sandbox::Program;

/// A part of a program's message, and the advice. `{version}` is replaced by the program's version.
const KNOWN: &[(Program, &str, &str)] = &[
    (
        Program::Nginx,
        "unknown directive \"http2\"",
        "set `version: {version}` under `nginx` to render for the installed nginx, or install the version that the fleet runs",
    ),
    (
        Program::Nginx,
        "unknown directive \"ssl_reject_handshake\"",
        "set `version: {version}` under `nginx` to render for the installed nginx, or install the version that the fleet runs",
    ),
    (Program::Nginx, "\"listen ... http2\" directive is deprecated", "set `version: {version}` under `nginx`"),
    (
        Program::Nginx,
        "unknown directive",
        "correct the name in the template; if a module provides the directive, install its package: \
         `apt-cache search libnginx-mod` lists them",
    ),
    (
        Program::Nginx,
        "the \"ssl\" parameter requires ngx_http_ssl_module",
        "install an nginx with TLS: `apt install nginx`",
    ),
    (
        Program::Nginx,
        "cannot load certificate",
        "name a readable PEM file with the certificate, and one with the private key that belongs to it",
    ),
    (Program::Nginx, "key values mismatch", "name the private key of the first certificate in the file"),
    (
        Program::Nginx,
        "host not found",
        "write an address: nginx resolves names once, when it starts; there is no DNS in the private view",
    ),
    (
        Program::Nginx,
        "SSL_CTX_set1_curves_list",
        "set `openssl` under `nginx` to the version that `nginx -V` prints, or write only groups that this version has",
    ),
    (Program::Nginx, "conflicting server name", "remove the name from all sites but one"),
    (Program::Nginx, "is duplicate", "remove one of them: the template has it twice"),
    (
        Program::Haproxy,
        "could not resolve address",
        "write an address: haproxy resolves names once, when it starts; there is no DNS in the private view",
    ),
    (Program::Haproxy, "missing timeouts", "put the `timeout` lines back into the template's `defaults` section"),
    (
        Program::Haproxy,
        "unknown keyword",
        "correct the word in the template, or install the haproxy version that the fleet runs: this one is {version}",
    ),
];

/// What to do. `rendered`: whether the message is about a line of a rendered file.
pub fn of(program: Program, version: &str, message: &Message, rendered: bool) -> String {
    let known = KNOWN.iter().find(|(of, words, _)| *of == program && message.text.contains(words));
    match (known, &message.place) {
        (Some((_, _, advice)), _) => advice.replace("{version}", version),
        (None, Some(_)) if !rendered => "correct that file: it belongs to this machine and is not rendered".to_owned(),
        (None, _) => "change this value, or the template that it is rendered with".to_owned(),
    }
}
