//! Plain HTTP at a balancer: the requests, and the expected answers. No app server is involved. Pure
//! functions; the command runs in the clients' host.

use super::curl::Fetch;
use super::spec::PlainSpec;
use crate::event::Verdict;
use crate::inventory::model::ACME_CHALLENGE;
use crate::inventory::model::bracketed;

/// A path and a query that the redirect must not change.
const PATH: &str = "/sslscale-try%20?a=%2F&b";
/// A challenge as certificate authorities ask for it, and one that no account can have.
const CHALLENGE: &str = "/.well-known/acme-challenge/sslscale-try_0";
const NO_CHALLENGE: &str = "/.well-known/acme-challenge/sslscale%3Ctry";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Any page.
    Page,
    /// The answer to an ACME challenge.
    Challenge,
    /// The same with what is no token, and must not come back.
    NoChallenge,
}

/// What a balancer has to answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    status: u16,
    location: Option<String>,
    /// `None` if it does not matter.
    body: Option<String>,
}

impl Asked {
    /// What is asked of a balancer.
    pub(super) fn all(plain: &PlainSpec) -> &'static [Self] {
        if plain.thumbprint.is_some() { &[Self::Page, Self::Challenge, Self::NoChallenge] } else { &[Self::Page] }
    }

    /// The path and query of the request.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Page => PATH,
            Self::Challenge => CHALLENGE,
            Self::NoChallenge => NO_CHALLENGE,
        }
    }

    /// The part of the balancer's answers that it is about.
    pub(super) fn location(self) -> &'static str {
        match self {
            Self::Page => "/",
            Self::Challenge | Self::NoChallenge => ACME_CHALLENGE,
        }
    }

    /// The answer to such a request.
    pub(super) fn wanted(self, plain: &PlainSpec, fetch: &Fetch<'_>) -> Wanted {
        match self {
            Self::Page => {
                let port = if plain.tls_port == 443 { String::new() } else { format!(":{}", plain.tls_port) };
                let location = Some(format!("https://{}{port}{}", fetch.name, fetch.path));
                Wanted { status: plain.code, location, body: None }
            }
            Self::Challenge => {
                let token = CHALLENGE.strip_prefix(ACME_CHALLENGE).unwrap_or_default();
                let body = plain.thumbprint.as_ref().map(|thumbprint| format!("{token}.{thumbprint}"));
                Wanted { status: 200, location: None, body }
            }
            Self::NoChallenge => Wanted { status: 404, location: None, body: Some(String::new()) },
        }
    }
}

/// What curl received.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: Option<u16>,
    pub(super) http: Option<String>,
    location: Option<String>,
    pub(super) body: String,
    pub(super) error: Option<String>,
}

/// The command, which prints the answer.
pub(super) fn command(fetch: &Fetch<'_>) -> Vec<String> {
    let Fetch { name, path, client, entry, port, header, .. } = fetch;
    let fixed = ["curl", "-q", "-sS", "--noproxy", "*", "--max-time", "10", "--max-filesize", "65536", "-i"];
    let resolve = format!("{name}:{port}:{}", bracketed(*entry));
    let proxied = header.then(|| super::curl::HEADER.to_owned());
    let addresses = ["--interface".to_owned(), client.to_string(), "--resolve".to_owned(), resolve];
    fixed
        .into_iter()
        .map(str::to_owned)
        .chain(proxied)
        .chain(addresses)
        .chain([format!("http://{name}:{port}{path}")])
        .collect()
}

/// Parses the output of [`command`].
pub(super) fn parse(code: Option<i32>, stdout: &str, stderr: &str) -> Answer {
    let (head, body) = stdout.split_once("\r\n\r\n").unwrap_or((stdout, ""));
    let mut lines = head.lines();
    let mut status = lines.next().unwrap_or_default().split(' ');
    let http = status.next().and_then(|word| word.strip_prefix("HTTP/")).map(str::to_owned);
    let location = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    let error = (code != Some(0)).then(|| {
        let words = stderr.lines().rev().find_map(|line| line.strip_prefix("curl: "));
        words.unwrap_or("curl was stopped").to_owned()
    });
    let body = body.to_owned();
    Answer { status: status.next().and_then(|word| word.parse().ok()), http, location, body, error }
}

/// Every deviation from what is wanted.
pub(super) fn judge(wanted: &Wanted, answer: &Answer) -> Verdict {
    if let Some(error) = &answer.error {
        return Verdict::Wrong(vec![format!("curl: {error}")]);
    }
    let mut wrong = Vec::new();
    if answer.status != Some(wanted.status) {
        let status = answer.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        wrong.push(format!("status {status}, not {}", wanted.status));
    }
    if answer.location != wanted.location {
        wrong.push(match (&answer.location, &wanted.location) {
            (Some(location), Some(wanted)) => format!("redirected to {location}, not to {wanted}"),
            (None, Some(wanted)) => format!("not redirected to {wanted}"),
            (location, None) => format!("redirected to {}", location.as_deref().unwrap_or_default()),
        });
    }
    if let Some(body) = wanted.body.as_ref().filter(|body| **body != answer.body) {
        wrong.push(format!("the answer is `{}`, not `{body}`", answer.body.escape_debug()));
    }
    if wrong.is_empty() { Verdict::Ok } else { Verdict::Wrong(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::try_fleet::spec::ProbeKind;

    fn judged(port: u16, asked: Asked, stdout: &str) -> String {
        let (client, entry) = ("192.0.2.1".parse().unwrap(), "2001:db8::10".parse().unwrap());
        let (name, path, kind) = ("example.com", asked.path(), ProbeKind::Get);
        let fetch = Fetch {
            name,
            path,
            kind,
            protocol: "",
            line: 0,
            client,
            entry,
            port: 80,
            mapped: 80,
            verified: false,
            header: false,
            claims: None,
            certified: false,
        };
        assert!(command(&fetch).contains(&"example.com:80:[2001:db8::10]".to_owned()));
        let plain = PlainSpec { port: 80, code: 308, tls_port: port, thumbprint: Some("x-y_z".to_owned()) };
        assert!(Asked::all(&plain).contains(&asked));
        judge(&asked.wanted(&plain, &fetch), &parse(Some(0), stdout, "")).to_string()
    }

    #[test]
    fn only_the_same_name_over_tls_is_right() {
        let judged = |port, stdout: &str| judged(port, Asked::Page, stdout);
        let head = |host: &str| format!("HTTP/1.1 308 x\r\nLocation: https://{host}{PATH}\r\n\r\n");
        assert_eq!(judged(443, &head("example.com")), "ok");
        assert_eq!(judged(8443, &head("example.com:8443")), "ok");
        let wrong = judged(8443, &head("example.com"));
        assert!(wrong.starts_with("redirected to https://example.com/"), "{wrong}");
        let wrong = judged(443, "HTTP/1.1 200 OK\r\n\r\n");
        assert!(wrong.starts_with("status 200, not 308; not redirected to https://example.com/"), "{wrong}");
    }

    #[test]
    fn a_challenge_gets_its_answer_and_nothing_else_comes_back() {
        let answer = |status: u16, body: &str| format!("HTTP/1.1 {status} x\r\ncontent-length: 1\r\n\r\n{body}");
        assert_eq!(judged(443, Asked::Challenge, &answer(200, "sslscale-try_0.x-y_z")), "ok");
        assert_eq!(judged(443, Asked::NoChallenge, &answer(404, "")), "ok");
        let wrong = judged(443, Asked::Challenge, &answer(200, "sslscale-try_0.other"));
        assert_eq!(wrong, "the answer is `sslscale-try_0.other`, not `sslscale-try_0.x-y_z`");
        let wrong = judged(443, Asked::NoChallenge, &answer(200, "<"));
        assert_eq!(wrong, "status 200, not 404; the answer is `<`, not ``");
        let wrong = judged(443, Asked::Challenge, "HTTP/1.1 308 x\r\nlocation: https://a\r\n\r\n");
        assert!(wrong.starts_with("status 308, not 200; redirected to https://a; the answer is"), "{wrong}");
        let silent = PlainSpec { port: 80, code: 308, tls_port: 443, thumbprint: None };
        assert_eq!(Asked::all(&silent), [Asked::Page]);
    }

    #[test]
    fn no_connection_at_all() {
        let answer = parse(Some(7), "", "curl: (7) refused\n");
        assert_eq!((answer.status, answer.error.as_deref()), (None, Some("(7) refused")));
    }
}
