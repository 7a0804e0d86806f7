//! What the options say about the fleet, and what they leave open.

use std::path::Path;

use anyhow::anyhow;

use super::super::{CommandError, ExitStatus};
use super::certificate::source;
use crate::cli::InitArgs;
use crate::diagnostic::Diagnostic;
use crate::report::Output;
use crate::shell;
use crate::starter::{APP_SERVERS, Draft, Host, Kind, Part, Upstream};

/// An option with its value, and what it adds to the draft.
struct Flag<'a> {
    name: &'static str,
    value: &'a str,
    set: fn(&mut Draft, &str),
}

/// The sources of the certificate, as the inventory has them.
struct Sources {
    certificate: Option<String>,
    key: Option<String>,
}

impl Sources {
    fn new(args: &InitArgs, path: &Path) -> Self {
        let source = |typed: &Option<String>| typed.as_ref().map(|typed| source(typed, path));
        Self { certificate: source(&args.certificate_source), key: source(&args.certificate_key_source) }
    }
}

/// The draft of all options.
///
/// # Errors
/// `check` would have errors or warnings about some. All of them are reported.
pub fn draft(args: &InitArgs, path: &Path, output: &Output) -> Result<Draft, CommandError> {
    let sources = Sources::new(args, path);
    let flags = flags(args, &sources);
    let mut whole = Draft::default();
    flags.iter().for_each(|flag| (flag.set)(&mut whole, flag.value));
    if whole.problem(path).is_none() {
        return Ok(whole);
    }
    // One after the other, so that each is judged with those before it that are sound.
    let (mut sound, mut found) = (Draft::default(), false);
    for flag in &flags {
        let mut next = sound.clone();
        (flag.set)(&mut next, flag.value);
        match next.problem(path) {
            None => sound = next,
            Some(finding) => {
                found = true;
                refuse(flag, &finding, output);
            }
        }
    }
    if found { Err(CommandError::reported(ExitStatus::Unreadable)) } else { Ok(sound) }
}

fn refuse(flag: &Flag<'_>, finding: &Diagnostic, output: &Output) {
    let option = format!("{} {}", flag.name, shell::word(flag.value));
    output.error(&anyhow!("`{option}`: {} ({})", finding.message, finding.code.id), Some(&finding.help));
}

fn flags<'a>(args: &'a InitArgs, sources: &'a Sources) -> Vec<Flag<'a>> {
    let balancers = each("--balancer", &args.balancer, |draft, value| draft.balancers.push(Host::parse(value)));
    let servers = each("--app-server", &args.app_server, |draft, value| draft.app_servers.push(Host::parse(value)));
    let names = each("--server-name", &args.server_name, |draft, value| draft.server_names.push(value.to_owned()));
    let certificate =
        each("--certificate", &args.certificate, |draft, value| draft.certificate = Some(value.to_owned()));
    let key =
        each("--certificate-key", &args.certificate_key, |draft, value| draft.certificate_key = Some(value.to_owned()));
    let source = each("--certificate-source", &sources.certificate, |draft, value| {
        draft.certificate_source = Some(value.to_owned());
    });
    let key_source = each("--certificate-key-source", &sources.key, |draft, value| {
        draft.certificate_key_source = Some(value.to_owned());
    });
    let root = each("--root", &args.root, |draft, value| draft.root = Some(value.to_owned()));
    let apps = each("--proxy-pass", &args.proxy_pass, |draft, value| pass(draft, Kind::Proxy, value))
        .chain(each("--uwsgi-pass", &args.uwsgi_pass, |draft, value| pass(draft, Kind::Uwsgi, value)))
        .chain(each("--fastcgi-pass", &args.fastcgi_pass, |draft, value| pass(draft, Kind::Fastcgi, value)))
        .chain(each("--grpc-pass", &args.grpc_pass, |draft, value| pass(draft, Kind::Grpc, value)));
    let certificates = certificate.chain(key).chain(source).chain(key_source);
    balancers.chain(servers).chain(names).chain(certificates).chain(root).chain(apps).collect()
}

/// An option with each of its values.
fn each<'a>(
    name: &'static str,
    values: impl IntoIterator<Item = &'a String>,
    set: fn(&mut Draft, &str),
) -> impl Iterator<Item = Flag<'a>> {
    values.into_iter().map(move |value| Flag { name, value, set })
}

fn pass(draft: &mut Draft, kind: Kind, target: &str) {
    draft.upstream = Some(Upstream { kind, target: target.to_owned() });
}

/// The error for options that are missing where nobody can be asked.
pub fn missing(draft: &Draft, parts: &[Part]) -> CommandError {
    let names: Vec<&str> = parts.iter().map(|part| option(*part)).collect();
    let (last, others) = names.split_last().expect("it is called if parts are missing");
    let list = if others.is_empty() { (*last).to_owned() } else { format!("{} and {last}", others.join(", ")) };
    let examples: Vec<String> = parts.iter().map(|part| example(*part, draft)).collect();
    let error = anyhow!("there is no terminal for questions, and these options are missing: {list}");
    let add =
        format!("add options such as `{}`, or take one of the examples of `sslscale init --list`", examples.join(" "));
    CommandError::from(error).hint(add)
}

fn option(part: Part) -> &'static str {
    match part {
        Part::Balancer => "`--balancer`",
        Part::AppServer => "`--app-server` (at least two)",
        Part::ServerName => "`--server-name`",
        Part::Certificate => "`--certificate` (or `--certificate-source`)",
        Part::CertificateKey => "`--certificate-key`",
        Part::Upstream => "one of `--proxy-pass`, `--uwsgi-pass`, `--fastcgi-pass`, `--grpc-pass` and `--root`",
        Part::Root => "`--root`",
    }
}

/// The option with a usual value.
fn example(part: Part, draft: &Draft) -> String {
    match part {
        Part::Balancer => "--balancer lb1=10.0.0.10".to_owned(),
        Part::AppServer => {
            let numbers = draft.app_servers.len() + 1..=APP_SERVERS;
            let servers = numbers.map(|number| format!("--app-server srv{number}=10.0.0.{}", 10 + number));
            servers.collect::<Vec<_>>().join(" ")
        }
        Part::ServerName => "--server-name example.com".to_owned(),
        Part::Certificate => "--certificate /etc/ssl/example.com/fullchain.pem".to_owned(),
        Part::CertificateKey => "--certificate-key /etc/ssl/example.com/privkey.pem".to_owned(),
        Part::Upstream => format!("--proxy-pass {}", Kind::Proxy.usual()),
        Part::Root => "--root /srv/example".to_owned(),
    }
}
