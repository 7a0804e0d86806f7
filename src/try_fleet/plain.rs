//! Plain HTTP at a balancer: one request, and the expected answer. No app server is involved. Pure
//! functions; the command runs in the clients' host.

use super::curl::{Fetch, bracketed};
use super::spec::PlainSpec;
use crate::event::Verdict;

/// A path and a query that the redirect must not change.
pub(super) const PATH: &str = "/sslscale-try%20?a=%2F&b";

/// What curl received.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: Option<u16>,
    pub(super) http: Option<String>,
    location: Option<String>,
    error: Option<String>,
}

/// The command, which prints the head of the answer.
pub(super) fn command(fetch: &Fetch<'_>) -> Vec<String> {
    let Fetch { name, path, client, entry, port, .. } = fetch;
    let fixed = ["curl", "-q", "-sS", "--noproxy", "*", "--max-time", "10", "-D", "-", "-o", "/dev/null"];
    let resolve = format!("{name}:{port}:{}", bracketed(*entry));
    let addresses = ["--interface".to_owned(), client.to_string(), "--resolve".to_owned(), resolve];
    fixed.into_iter().map(str::to_owned).chain(addresses).chain([format!("http://{name}:{port}{path}")]).collect()
}

/// Parses the output of [`command`].
pub(super) fn parse(code: Option<i32>, stdout: &str, stderr: &str) -> Answer {
    let mut lines = stdout.lines();
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
    Answer { status: status.next().and_then(|word| word.parse().ok()), http, location, error }
}

/// Every deviation from a redirect to the same name over TLS.
pub(super) fn judge(plain: &PlainSpec, fetch: &Fetch<'_>, answer: &Answer) -> Verdict {
    if let Some(error) = &answer.error {
        return Verdict::Wrong(vec![format!("curl: {error}")]);
    }
    let mut wrong = Vec::new();
    if answer.status != Some(plain.code) {
        let status = answer.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        wrong.push(format!("status {status}, not {}", plain.code));
    }
    let tls_port = plain.tls_port;
    let port = if tls_port == 443 { String::new() } else { format!(":{tls_port}") };
    let wanted = format!("https://{}{port}{}", fetch.name, fetch.path);
    if answer.location.as_ref() != Some(&wanted) {
        wrong.push(match &answer.location {
            Some(location) => format!("redirected to {location}, not to {wanted}"),
            None => format!("not redirected to {wanted}"),
        });
    }
    if wrong.is_empty() { Verdict::Ok } else { Verdict::Wrong(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::try_fleet::spec::ProbeKind;

    fn judged(port: u16, stdout: &str) -> String {
        let (client, entry) = ("192.0.2.1".parse().unwrap(), "2001:db8::10".parse().unwrap());
        let (name, path, kind) = ("example.com", PATH, ProbeKind::Get);
        let fetch = Fetch { name, path, kind, line: 0, client, entry, port: 80, mapped: 80, verified: false };
        assert!(command(&fetch).contains(&"example.com:80:[2001:db8::10]".to_owned()));
        let plain = PlainSpec { port: 80, code: 308, tls_port: port };
        judge(&plain, &fetch, &parse(Some(0), stdout, "")).to_string()
    }

    #[test]
    fn only_the_same_name_over_tls_is_right() {
        let head = |host: &str| format!("HTTP/1.1 308 x\r\nLocation: https://{host}{PATH}\r\n\r\n");
        assert_eq!(judged(443, &head("example.com")), "ok");
        assert_eq!(judged(8443, &head("example.com:8443")), "ok");
        let wrong = judged(8443, &head("example.com"));
        assert!(wrong.starts_with("redirected to https://example.com/"), "{wrong}");
        let wrong = judged(443, "HTTP/1.1 200 OK\r\n\r\n");
        assert!(wrong.starts_with("status 200, not 308; not redirected to https://example.com/"), "{wrong}");
    }

    #[test]
    fn no_connection_at_all() {
        let answer = parse(Some(7), "", "curl: (7) refused\n");
        assert_eq!((answer.status, answer.error.as_deref()), (None, Some("(7) refused")));
    }
}
