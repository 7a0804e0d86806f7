//! Where nginx logs requests.

use std::fmt;

use super::path::normalised;
use super::upstream::Endpoint;
use super::{AbsolutePath, Flaw, Scalar, ValueError};
use crate::diagnostic::Applicability;

/// What `access_log` takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLog {
    /// A file on the host.
    File(AbsolutePath),
    /// A syslog server, as the directive names it: `syslog:server=10.0.0.5:514,tag=app`.
    Syslog(Box<str>),
    /// Requests are not logged.
    Off,
}

impl fmt::Display for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            Self::Syslog(text) => f.write_str(text),
            Self::Off => f.write_str("off"),
        }
    }
}

impl AccessLog {
    /// The path, if requests are logged to a file.
    pub fn file(&self) -> Option<&AbsolutePath> {
        match self {
            Self::File(path) => Some(path),
            Self::Syslog(_) | Self::Off => None,
        }
    }

    /// The path of the syslog server's socket, if it listens on one.
    pub fn socket(&self) -> Option<&str> {
        let Self::Syslog(text) = self else { return None };
        text.split([':', ',']).skip_while(|part| *part != "server=unix").nth(1)
    }
}

const HELP: &str = "write a path such as `/var/log/nginx/access.log`, `syslog:server=10.0.0.5:514`, or `\"off\"`";

impl Scalar for AccessLog {
    fn parse(text: &str) -> Result<Self, ValueError> {
        if text == "off" {
            return Ok(Self::Off);
        }
        if ["false", "no", "none", "Off", "OFF", "False"].contains(&text) {
            let help = "write `\"off\"` if requests should not be logged";
            return Err(ValueError::malformed("is not a log", help).replaced_by(Applicability::Unsafe, "off"));
        }
        if let Some(parameters) = text.strip_prefix("syslog:") {
            return syslog(parameters).map(|text| Self::Syslog(text.into()));
        }
        AbsolutePath::parse(text).map(Self::File).map_err(|error| match error.flaw {
            Flaw::PathForm if !text.starts_with('/') => ValueError { help: HELP.to_owned(), ..error },
            // The path without the slash is that of a directory, which is no log either.
            Flaw::PathForm if text.ends_with('/') => match normalised(&format!("{text}/access.log")) {
                Some(path) => ValueError { help: format!("write the path of a file, such as `{path}`"), ..error },
                None => error,
            },
            _ => error,
        })
    }

    /// nginx takes a format and options after the path.
    fn instead(text: &str) -> Option<String> {
        let (path, _) = text.split_once(' ')?;
        let file = Self::parse(path).ok()?;
        Some(format!("write `{file}`: the key `log_format` sets the format, and buffers are not supported"))
    }
}

/// The names that nginx knows.
const FACILITIES: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "intern", "lpr", "news", "uucp", "clock", "authpriv", "ftp", "ntp",
    "audit", "alert", "cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const SEVERITIES: &[&str] = &["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"];
/// The longest tag.
const TAG: usize = 32;
/// Where syslog servers listen.
const PORT: u16 = 514;

/// The parameters of a syslog server, in the order written.
fn syslog(parameters: &str) -> Result<String, ValueError> {
    const SYSLOG: &str = "write `syslog:server=10.0.0.5:514` or `syslog:server=unix:/dev/log`, and `,facility=…`, `,severity=…`, `,tag=…` after it";
    let wrong = |what: String| Err(ValueError::malformed(what, SYSLOG));
    if parameters.is_empty() {
        return wrong("names no syslog server".to_owned());
    }
    let mut written: Vec<String> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for parameter in parameters.split(',') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if seen.contains(&name) {
            return wrong(format!("has `{name}` twice"));
        }
        seen.push(name);
        let known = match name {
            "server" => {
                let server = Endpoint::parse(value, Some(PORT)).map_err(|error| ValueError {
                    help: SYSLOG.to_owned(),
                    replacement: None,
                    ..error
                })?;
                written.push(format!("server={server}"));
                continue;
            }
            "facility" => FACILITIES.contains(&value),
            "severity" => SEVERITIES.contains(&value),
            "tag" => {
                let letters = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                letters && (1..=TAG).contains(&value.len())
            }
            "nohostname" => parameter == name,
            "" => return wrong("has an empty parameter of syslog".to_owned()),
            _ => return wrong(format!("has an unknown parameter of syslog, `{name}`")),
        };
        if !known {
            let what = format!("has a value that nginx does not accept for `{name}`");
            return Err(ValueError::malformed(what, accepted(parameters, (name, value))));
        }
        written.push(parameter.to_owned());
    }
    if !seen.contains(&"server") {
        return wrong("names no syslog server".to_owned());
    }
    Ok(format!("syslog:{}", written.join(",")))
}

/// What to write in place of a parameter's value that nginx does not accept.
fn accepted(parameters: &str, (name, value): (&str, &str)) -> String {
    let (instead, all) = match name {
        "facility" => ("local7".to_owned(), FACILITIES.join(", ")),
        "severity" => {
            let near = match value {
                "warning" => "warn",
                "err" => "error",
                "critical" => "crit",
                "emergency" | "panic" => "emerg",
                _ => "info",
            };
            (near.to_owned(), SEVERITIES.join(", "))
        }
        "tag" => {
            let known = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            let tag: String = value.chars().take(TAG).map(known).collect();
            let tag = if tag.is_empty() { "nginx".to_owned() } else { tag };
            (tag, format!("letters, digits and `_`, at most {TAG} of them"))
        }
        _ => return format!("write `{name}` alone"),
    };
    let replaced = |it: &str| {
        if it.split('=').next() == Some(name) { format!("{name}={instead}") } else { it.to_owned() }
    };
    let written: Vec<String> = parameters.split(',').map(replaced).collect();
    format!("write `syslog:{}`; nginx accepts {all}", written.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_a_file_a_syslog_server_or_nothing() {
        for (text, rendered) in [
            ("off", "off"),
            ("/var/log/a.log", "/var/log/a.log"),
            ("syslog:server=10.0.0.5", "syslog:server=10.0.0.5:514"),
            ("syslog:tag=app_1,server=[fd00::5]:1514,nohostname", "syslog:tag=app_1,server=[fd00::5]:1514,nohostname"),
            (
                "syslog:server=unix:/dev/log,facility=local7,severity=info",
                "syslog:server=unix:/dev/log,facility=local7,severity=info",
            ),
        ] {
            assert_eq!(AccessLog::parse(text).unwrap().to_string(), rendered);
        }
        for text in [
            "false",
            "none",
            "logs/a.log",
            "syslog:",
            "syslog:server=",
            "syslog:server=logs.internal",
            "syslog:tag=a",
            "syslog:server=10.0.0.5,server=10.0.0.6",
            "syslog:server=10.0.0.5,tag=",
            "syslog:server=10.0.0.5,tag=a-b",
            "syslog:server=10.0.0.5,facility=local8",
            "syslog:server=10.0.0.5,severity=high",
            "syslog",
            "syslog:server=10.0.0.5,nohostname=1",
            "syslog:server=10.0.0.5,",
            "syslog:server=[fd00::5%3]:514",
            "syslog:server=unix:dev/log",
            "syslog:server=10.0.0.5:0",
            "syslog:server=10.0.0.5,main",
            "stderr",
        ] {
            assert!(AccessLog::parse(text).is_err(), "{text}");
        }
    }
}
