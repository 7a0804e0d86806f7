//! The client: the command line of a real curl, and what its output says about the connection.
//! Pure functions; the command runs in the clients' host.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::access_log;
use super::app::{Echo, GRPC, websocket};
use super::browser::Client;
use super::limits::UPLOAD;
use super::spec::{HostSpec, Offered, ProbeKind};
use crate::inventory::headers;
use crate::inventory::model::bracketed;

/// An address that every request claims to be forwarded for, in every header that some app
/// believes. It must reach no app.
pub(super) const LIE: &str = "198.51.100.66";

/// Every header that a run forges.
pub fn forged() -> Vec<&'static str> {
    headers::SET.iter().copied().chain(headers::removed()).collect()
}

/// The path of the run's authority in the clients' host.
pub(super) const AUTHORITY: &str = "/run/sslscale-ca.pem";
/// The path of the clients' certificate and its key there.
pub(super) const CLIENT: &str = "/run/sslscale-client.pem";

/// An empty gRPC message, as a file in the clients' host: not compressed, no bytes.
pub(super) const MESSAGE: &str = "/run/sslscale-grpc.bin";
pub(super) const EMPTY_MESSAGE: [u8; 5] = [0; 5];

/// A request to make.
#[derive(Clone, Copy)]
pub(super) struct Fetch<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) kind: ProbeKind,
    /// What an upgrade asks for.
    pub(super) protocol: &'a str,
    /// How long a line of the head may be; 0 for no long line.
    pub(super) line: u64,
    pub(super) client: IpAddr,
    pub(super) entry: IpAddr,
    /// The port that the client names.
    pub(super) port: u16,
    /// The port that this is mapped to in front of the balancer.
    pub(super) mapped: u16,
    /// Whether the certificate can be verified against the run's authority.
    pub(super) verified: bool,
    /// Whether the connection begins with a PROXY header.
    pub(super) header: bool,
    /// A header of a CDN, and the address in it.
    pub(super) claims: Option<(&'a str, IpAddr)>,
    /// Whether the client has a certificate.
    pub(super) certified: bool,
}

impl<'a> Fetch<'a> {
    /// What a client with no certificate asks of a balancer with a plain GET; that of the answer is not verified.
    pub(super) fn of(balancer: &HostSpec, (client, entry): (IpAddr, IpAddr), (name, path): (&'a str, &'a str)) -> Self {
        Self {
            name,
            path,
            kind: ProbeKind::Get,
            protocol: "",
            line: 0,
            client,
            entry,
            port: balancer.public_port.unwrap_or(balancer.port),
            mapped: balancer.port,
            verified: false,
            header: balancer.header_from.contains(&client),
            claims: None,
            certified: false,
        }
    }

    /// The same on a port that is not mapped.
    pub(super) fn on(self, port: u16) -> Self {
        Self { port, mapped: port, ..self }
    }

    /// The host that the request names, with the port where it is not that of HTTPS.
    pub(super) fn host(&self) -> String {
        match self.port {
            443 => self.name.to_owned(),
            port => format!("{}:{port}", self.name),
        }
    }
}

/// What curl received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: Option<u16>,
    pub(super) http: Option<String>,
    pub(super) tls: Option<String>,
    /// The cipher, by the name of curl's TLS library.
    pub(super) cipher: Option<String>,
    /// Where the answer redirects to.
    pub(super) redirect: Option<String>,
    /// The headers and trailers of the answer, with small letters.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
    /// curl's message on a failure.
    pub(super) error: Option<String>,
    /// Why browsers fail, where they do and another client does not.
    pub(super) browser: Option<String>,
}

impl Reply {
    /// What the stand-in app sent, after an upgrade behind the byte of the client.
    pub(super) fn echo(&self) -> Option<Echo> {
        serde_json::from_str(self.body.strip_prefix(websocket::BYTE).unwrap_or(&self.body)).ok()
    }
}

/// Makes curl begin with a PROXY header that has its own address.
pub(super) const HEADER: &str = "--haproxy-protocol";

/// A command that a person can repeat.
pub(super) fn plain(fetch: &Fetch) -> Vec<String> {
    let mut words = vec!["curl".to_owned(), "--interface".to_owned(), fetch.client.to_string()];
    let target = format!("{}:{}:{}", fetch.name, fetch.port, bracketed(fetch.entry));
    if fetch.mapped == fetch.port {
        words.extend(["--resolve".to_owned(), target]);
    } else {
        words.extend(["--connect-to".to_owned(), format!("{target}:{}", fetch.mapped)]);
    }
    words.extend(fetch.header.then(|| HEADER.to_owned()));
    if fetch.verified {
        words.extend(["--cacert".to_owned(), AUTHORITY.to_owned()]);
    } else {
        words.push("--insecure".to_owned());
    }
    if fetch.certified {
        words.extend(["--cert".to_owned(), CLIENT.to_owned()]);
    }
    if let Some((header, client)) = fetch.claims {
        words.extend(["-H".to_owned(), format!("{header}: {client}")]);
    }
    words.push(format!("https://{}{}", fetch.host(), fetch.path));
    words
}

/// The same request with its number in it, by a client of this kind that offers these versions, and
/// with options that show all details.
pub(super) fn command(fetch: &Fetch, number: usize, client: Client, offered: &Offered) -> Vec<String> {
    let mut words = plain(fetch);
    let agent = access_log::agent(number);
    // -q: a .curlrc of the caller must not change what is measured.
    let extra = ["-q", "-v", "-sS", "--path-as-is", "--noproxy", "*", "--max-time", "10", "-A", &agent]
        .into_iter()
        .chain(versions(offered))
        .chain(["-w", "\n%{http_code} %{http_version}"])
        .map(str::to_owned);
    let claimed = |name: &&str| fetch.claims.is_some_and(|(header, _)| header.eq_ignore_ascii_case(name));
    let forged = forged().into_iter().filter(|name| !claimed(name)).map(|name| format!("{name}: {LIE}"));
    words.splice(1..1, forged.chain(headers(fetch)).chain(cookie(fetch)).flat_map(|header| ["-H".to_owned(), header]));
    words.splice(1..1, body(fetch.kind));
    words.splice(1..1, extra);
    words.splice(0..0, ["env".to_owned(), format!("OPENSSL_CONF={}", client.path())]);
    words
}

/// As many of this request at once, each over a connection of its own; prints a line with the status of each. `held` ones
/// upload something slowly.
pub(super) fn flood(fetch: &Fetch, requests: u64, held: bool) -> Vec<String> {
    let mut words = plain(fetch);
    // The part after `#` is not sent.
    if let Some(url) = words.last_mut() {
        *url = format!("{url}#[1-{requests}]");
    }
    let parallel = requests.to_string();
    let fixed = ["-q", "-sS", "--path-as-is", "--noproxy", "*", "--http1.1", "--max-time", "8", "-o", "/dev/null"];
    let fixed = fixed.into_iter().chain(["-Z", "--parallel-immediate", "--parallel-max", &parallel]);
    let extra = fixed.chain(["-w", "%{http_code}\n"]).map(str::to_owned);
    let upload = ["--limit-rate".to_owned(), "2k".to_owned(), "--data-binary".to_owned(), "x".repeat(UPLOAD)];
    words.splice(1..1, extra.chain(upload.into_iter().filter(|_| held)));
    words.splice(0..0, ["env".to_owned(), format!("OPENSSL_CONF={}", Client::Lenient.path())]);
    words
}

/// The longest cookie that a test needs: a command line has to hold it.
const LONGEST_COOKIE: u64 = 60_000;

/// A cookie that makes a line of nearly the greatest length.
fn cookie(fetch: &Fetch) -> Option<String> {
    let length = usize::try_from(fetch.line.checked_sub(100)?.min(LONGEST_COOKIE)).ok()?;
    Some(format!("Cookie: filler={}", "x".repeat(length)))
}

/// The headers of the kind of request.
fn headers(fetch: &Fetch) -> Vec<String> {
    match fetch.kind {
        ProbeKind::Get => Vec::new(),
        ProbeKind::Grpc => vec![format!("Content-Type: {GRPC}"), "TE: trailers".to_owned()],
        ProbeKind::WebSocket => [
            // What follows the head is no body.
            "Content-Length:",
            "Content-Type:",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            &format!("Sec-WebSocket-Key: {}", websocket::KEY),
            &format!("Origin: https://{}", fetch.host()),
        ]
        .map(str::to_owned)
        .to_vec(),
        ProbeKind::Upgrade => {
            let upgrade = format!("Upgrade: {}", fetch.protocol);
            ["Content-Length:", "Content-Type:", "Connection: Upgrade", &upgrade].map(str::to_owned).to_vec()
        }
    }
}

/// What is sent after the head.
fn body(kind: ProbeKind) -> Vec<String> {
    match kind {
        ProbeKind::Get => Vec::new(),
        ProbeKind::Grpc => vec!["--data-binary".to_owned(), format!("@{MESSAGE}")],
        ProbeKind::WebSocket | ProbeKind::Upgrade => {
            ["-X", "GET", "--data", &websocket::BYTE.to_string()].map(str::to_owned).to_vec()
        }
    }
}

fn versions(offered: &Offered) -> Vec<&'static str> {
    let http = if offered.http2 == Some(false) { "--http1.1" } else { "--http2" };
    let tls: &[&str] = match offered.tls.as_deref() {
        Some("1.2") => &["--tlsv1.2", "--tls-max", "1.2"],
        Some("1.3") => &["--tlsv1.3"],
        _ => &[],
    };
    [http].into_iter().chain(tls.iter().copied()).collect()
}

/// Parses the output of [`command`].
pub(super) fn parse(code: Option<i32>, stdout: &str, stderr: &str) -> Reply {
    let (body, status_line) = stdout.rsplit_once('\n').unwrap_or((stdout, ""));
    let mut status_line = status_line.split(' ');
    let (tls, cipher) = tls(stderr);
    let headers = received(stderr);
    let mut reply = Reply {
        // curl writes 000 and 0 for "none".
        status: status_line.next().and_then(|status| status.parse().ok()).filter(|status| *status > 0),
        http: status_line.next().filter(|version| *version != "0").map(str::to_owned),
        tls,
        cipher,
        redirect: headers.get("location").cloned(),
        headers,
        body: body.to_owned(),
        error: None,
        browser: None,
    };
    if code != Some(0) {
        let words = stderr.lines().rev().find_map(|line| line.strip_prefix("curl: "));
        reply.error = Some(words.unwrap_or("curl was stopped").to_owned());
    }
    reply
}

/// The version and the cipher. OpenSSL writes `TLSv1.3 / CIPHER`, GnuTLS `TLS1.3 / CIPHER`.
fn tls(stderr: &str) -> (Option<String>, Option<String>) {
    let line = stderr.split_once("SSL connection using ").and_then(|(_, after)| after.lines().next());
    let mut words = line.unwrap_or_default().split(" / ");
    let version =
        words.next().and_then(|word| word.strip_prefix("TLS")).map(|it| it.trim_start_matches('v').to_owned());
    (version, words.next().map(|cipher| cipher.trim().to_owned()))
}

/// The headers in the received head, whose lines begin with `<`, and the trailers.
fn received(stderr: &str) -> BTreeMap<String, String> {
    let header = |line: &str| {
        let (name, value) = line.strip_prefix("< ")?.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    stderr.lines().filter_map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_whole() {
        let fetch = Fetch {
            name: "example.com",
            path: "/a?b",
            kind: ProbeKind::Get,
            protocol: "",
            line: 0,
            client: "2001:db8::100".parse().unwrap(),
            entry: "2001:db8::10".parse().unwrap(),
            port: 443,
            mapped: 443,
            verified: true,
            header: false,
            claims: None,
            certified: false,
        };
        assert_eq!(
            plain(&fetch).join(" "),
            "curl --interface 2001:db8::100 --resolve example.com:443:[2001:db8::10] \
             --cacert /run/sslscale-ca.pem https://example.com/a?b"
        );
        let mapped = plain(&Fetch { mapped: 8443, ..fetch });
        assert!(mapped.join(" ").contains(" --connect-to example.com:443:[2001:db8::10]:8443 "), "{mapped:?}");
        let offered = Offered { http2: Some(false), tls: Some("1.2".to_owned()) };
        let words = command(&fetch, 7, Client::Browser, &offered);
        assert_eq!(words[..4], ["env", "OPENSSL_CONF=/run/sslscale-browser.cnf", "curl", "-q"]);
        for word in ["sslscale-try/7", "--http1.1", "--tls-max"] {
            assert!(words.contains(&word.to_owned()), "{words:?}");
        }
    }

    #[test]
    fn reads_success_and_failure() {
        let stderr = "* SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384 / X25519 / RSASSA-PSS\n\
                      > location: /x\n< HTTP/2 200\n< location: /y?z:1\n* ok\n";
        let reply = parse(Some(0), "{}\n\n200 2", stderr);
        assert_eq!(
            reply,
            Reply {
                status: Some(200),
                http: Some("2".to_owned()),
                tls: Some("1.3".to_owned()),
                cipher: Some("TLS_AES_256_GCM_SHA384".to_owned()),
                redirect: Some("/y?z:1".to_owned()),
                headers: BTreeMap::from([("location".to_owned(), "/y?z:1".to_owned())]),
                body: "{}\n".to_owned(),
                ..Reply::default()
            }
        );
        let reply = parse(Some(7), "\n000 0", "* x\ncurl: (7) Failed to connect\n");
        assert_eq!(reply.error.as_deref(), Some("(7) Failed to connect"));
        assert_eq!((reply.status, reply.http, reply.tls), (None, None, None));
    }
}
