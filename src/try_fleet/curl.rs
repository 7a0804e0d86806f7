//! The client: the command line of a real curl, and what its output says about the connection.
//! Pure functions; the command runs in the clients' host.

use std::net::IpAddr;

use super::access_log;

/// An address that every request claims to be forwarded for, in every header that some app
/// believes. It must reach no app.
pub(super) const LIE: &str = "198.51.100.66";

/// Headers that only a proxy may set.
const FORGED: [&str; 16] = [
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Scheme",
    "X-Forwarded-Server",
    "X-Forwarded-User",
    "X-Original-Forwarded-For",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Real-IP",
    "Client-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "True-Client-IP",
];

/// Every header that a run forges.
pub fn forged() -> Vec<&'static str> {
    FORGED.into_iter().chain(["Forwarded", "Proxy"]).collect()
}

/// The path of the run's authority in the clients' host.
pub(super) const AUTHORITY: &str = "/run/sslscale-ca.pem";

/// A request to make.
pub(super) struct Fetch<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) client: IpAddr,
    pub(super) entry: IpAddr,
    pub(super) port: u16,
    /// Whether the certificate can be verified against the run's authority.
    pub(super) verified: bool,
}

/// What curl received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: Option<u16>,
    pub(super) http: Option<String>,
    pub(super) tls: Option<String>,
    pub(super) body: String,
    /// curl's message on a failure.
    pub(super) error: Option<String>,
}

/// An address in the form that a URL needs.
pub(super) fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// A command that a person can repeat.
pub(super) fn plain(fetch: &Fetch) -> Vec<String> {
    let port = match fetch.port {
        443 => String::new(),
        other => format!(":{other}"),
    };
    let mut words = vec![
        "curl".to_owned(),
        "--interface".to_owned(),
        fetch.client.to_string(),
        "--resolve".to_owned(),
        format!("{}:{}:{}", fetch.name, fetch.port, bracketed(fetch.entry)),
    ];
    if fetch.verified {
        words.extend(["--cacert".to_owned(), AUTHORITY.to_owned()]);
    } else {
        words.push("--insecure".to_owned());
    }
    words.push(format!("https://{}{port}{}", fetch.name, fetch.path));
    words
}

/// The same request with its number in it, and with options that show all details.
pub(super) fn command(fetch: &Fetch, number: usize) -> Vec<String> {
    let mut words = plain(fetch);
    let agent = access_log::agent(number);
    // -q: a .curlrc of the caller must not change what is measured.
    let extra = ["-q", "-v", "-sS", "--http2", "--noproxy", "*", "--max-time", "10", "-A", &agent]
        .into_iter()
        .chain(["-w", "\n%{http_code} %{http_version}"])
        .map(str::to_owned);
    let forged = forged().into_iter().map(|name| format!("{name}: {LIE}"));
    words.splice(1..1, forged.flat_map(|header| ["-H".to_owned(), header]));
    words.splice(1..1, extra);
    words
}

/// Parses the output of [`command`].
pub(super) fn parse(code: Option<i32>, stdout: &str, stderr: &str) -> Reply {
    let (body, status_line) = stdout.rsplit_once('\n').unwrap_or((stdout, ""));
    let mut status_line = status_line.split(' ');
    let mut reply = Reply {
        // curl writes 000 and 0 for "none".
        status: status_line.next().and_then(|status| status.parse().ok()).filter(|status| *status > 0),
        http: status_line.next().filter(|version| *version != "0").map(str::to_owned),
        tls: tls(stderr),
        body: body.to_owned(),
        error: None,
    };
    if code != Some(0) {
        let words = stderr.lines().rev().find_map(|line| line.strip_prefix("curl: "));
        reply.error = Some(words.unwrap_or("curl was stopped").to_owned());
    }
    reply
}

/// OpenSSL writes `TLSv1.3`, GnuTLS `TLS1.3`.
fn tls(stderr: &str) -> Option<String> {
    let (_, after) = stderr.split_once("SSL connection using ")?;
    let version = after.split_whitespace().next()?.strip_prefix("TLS")?;
    Some(version.trim_start_matches('v').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_whole() {
        let fetch = Fetch {
            name: "example.com",
            path: "/a?b",
            client: "2001:db8::100".parse().unwrap(),
            entry: "2001:db8::10".parse().unwrap(),
            port: 443,
            verified: true,
        };
        assert_eq!(
            plain(&fetch).join(" "),
            "curl --interface 2001:db8::100 --resolve example.com:443:[2001:db8::10] \
             --cacert /run/sslscale-ca.pem https://example.com/a?b"
        );
        assert!(command(&fetch, 7).contains(&"sslscale-try/7".to_owned()));
        assert_eq!(command(&fetch, 7)[1], "-q");
    }

    #[test]
    fn reads_success_and_failure() {
        let stderr = "* SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384\n* ok\n";
        let reply = parse(Some(0), "{}\n\n200 2", stderr);
        assert_eq!(
            reply,
            Reply {
                status: Some(200),
                http: Some("2".to_owned()),
                tls: Some("1.3".to_owned()),
                body: "{}\n".to_owned(),
                error: None
            }
        );
        let reply = parse(Some(7), "\n000 0", "* x\ncurl: (7) Failed to connect\n");
        assert_eq!(reply.error.as_deref(), Some("(7) Failed to connect"));
        assert_eq!((reply.status, reply.http, reply.tls), (None, None, None));
    }
}
