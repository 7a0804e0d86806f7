//! The stand-in app: answers uwsgi, FastCGI and HTTP, and echoes what it was told of the client.
//! It runs inside a host's namespaces, only for nginx of the same host, one thread per connection.
//! Its parsers are strict and bounded, so that a wrong upstream setting fails instead of half working.

mod fastcgi;
mod http;
mod uwsgi;
pub(super) mod websocket;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::curl::LIE;
use super::spec::{UpstreamListen, UpstreamProtocol, UpstreamSpec};
use super::{front, scripts};

/// The largest head, record or variable block that is read.
const LIMIT: usize = 64 * 1024;
/// Request bodies beyond this are refused: the clients of a run send none.
const BODY_LIMIT: u64 = 1024 * 1024;
/// The user agent of health checks over HTTP, as haproxy.cfg has it.
const CHECK: &str = "sslscale-check";
/// The content type of calls and answers.
pub(super) const GRPC: &str = "application/grpc";
/// A peer that says nothing for this long is left.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the app was told, as the JSON body of every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// The host that the app runs on.
    pub host: String,
    /// How the app was reached: `uwsgi`, `fastcgi`, `http` or `grpc`.
    pub via: String,
    /// The client's address, as nginx passed it on.
    pub remote_addr: Option<String>,
    /// The client's protocol, such as `HTTP/2.0`.
    pub protocol: Option<String>,
    /// Whether nginx said that the client used TLS.
    pub https: bool,
    /// The name that was asked for.
    pub server_name: Option<String>,
    /// Names under which the app was told what the client forged.
    #[serde(default)]
    pub forged: Vec<String>,
    /// Everything that the app was told, by the names of FastCGI.
    #[serde(default)]
    pub received: BTreeMap<String, String>,
}

/// Why a request could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The peer closed or broke the connection.
    #[error("the connection broke")]
    Io(#[from] io::Error),
    /// The peer speaks another protocol, or breaks this one.
    #[error("{0}")]
    Malformed(&'static str),
    /// Something is larger than any request of a run.
    #[error("{0} is too large")]
    TooLarge(&'static str),
}

/// The variables of one request, by the name that the protocol gives them.
type Variables = BTreeMap<String, String>;

/// An app server's name, and the statuses of its answers to health checks by the name in the check, or by that and the path.
#[derive(Debug, Clone)]
struct App {
    host: Arc<str>,
    checks: Arc<BTreeMap<String, u16>>,
    /// How long the heads of answers may be.
    head: u64,
}

impl App {
    fn status(&self, protocol: UpstreamProtocol, variables: &Variables) -> u16 {
        let of = |name: &str| variables.get(name).map(String::as_str).unwrap_or_default();
        if protocol.is_grpc() {
            let is_call = of("REQUEST_METHOD") == "POST" && of("HTTP_CONTENT_TYPE").starts_with(GRPC);
            return if is_call { 200 } else { 415 };
        }
        if of("HTTP_USER_AGENT") != CHECK {
            let script = Path::new(of("SCRIPT_FILENAME"));
            return if protocol == UpstreamProtocol::FastCgi { scripts::status(script) } else { 200 };
        }
        let name = of("HTTP_HOST").split(':').next().unwrap_or_default().to_ascii_lowercase();
        let by_path = self.checks.get(&format!("{name} {}", of("REQUEST_URI")));
        by_path.or_else(|| self.checks.get(&name)).copied().unwrap_or(200)
    }
}

/// Listens on every upstream that a stand-in can answer, and serves until the process ends.
///
/// # Errors
/// An address that cannot be bound.
pub fn serve(host: &str, upstreams: &[UpstreamSpec], checks: &BTreeMap<String, u16>) -> io::Result<()> {
    let app = App { host: host.into(), checks: Arc::new(checks.clone()), head: 0 };
    for (index, upstream) in upstreams.iter().enumerate() {
        let protocol = upstream.protocol;
        if let Some(other) = upstreams[..index].iter().find(|other| other.listen == upstream.listen) {
            let (listen, one, two) = (&upstream.listen, other.protocol.name(), protocol.name());
            let what = format!("requests are passed to {listen} by {one} and by {two}, and an app there speaks one");
            return Err(io::Error::other(what));
        }
        let app = App { head: upstream.head, ..app.clone() };
        let behind = protocol.is_fronted().then(|| UpstreamListen::Unix(front::socket(index)));
        match behind.as_ref().unwrap_or(&upstream.listen) {
            UpstreamListen::Unix(path) => {
                let listener = UnixListener::bind(path)?;
                // nginx's workers are another user than this process.
                fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
                thread::spawn(move || {
                    for stream in listener.incoming().flatten() {
                        let set = stream.set_read_timeout(Some(PATIENCE));
                        spawn_answer(set.map(|()| stream), protocol, &app);
                    }
                });
            }
            UpstreamListen::Tcp(address) => {
                let listener = TcpListener::bind(address)?;
                thread::spawn(move || {
                    for stream in listener.incoming().flatten() {
                        let set = stream.set_read_timeout(Some(PATIENCE));
                        spawn_answer(set.map(|()| stream), protocol, &app);
                    }
                });
            }
        }
    }
    Ok(())
}

fn spawn_answer<S>(stream: io::Result<S>, protocol: UpstreamProtocol, app: &App)
where
    S: Read + Write + Send + 'static,
{
    let app = app.clone();
    thread::spawn(move || {
        // A broken request shows on the other side, as nginx's 502; there is nobody to tell here.
        if let Ok(mut stream) = stream {
            let _ = answer(&mut stream, protocol, &app);
        }
    });
}

fn answer<S: Read + Write>(stream: &mut S, protocol: UpstreamProtocol, app: &App) -> Result<(), ProtocolError> {
    let (via, variables, id) = match protocol {
        UpstreamProtocol::Uwsgi => ("uwsgi", uwsgi::read(stream)?, None),
        UpstreamProtocol::Http | UpstreamProtocol::Https => ("http", http::read(stream)?, None),
        UpstreamProtocol::Grpc | UpstreamProtocol::Grpcs => ("grpc", http::read(stream)?, None),
        UpstreamProtocol::FastCgi => {
            let request = fastcgi::read(stream)?;
            ("fastcgi", request.variables, Some(request.id))
        }
    };
    let status = app.status(protocol, &variables);
    // A balancer reads no longer one than its buffer is.
    let check = variables.get("HTTP_USER_AGENT").is_some_and(|it| it == CHECK);
    let head = if check { 0 } else { app.head };
    // These two have no body.
    let body = if [204, 304].contains(&status) { Vec::new() } else { body(&app.host, via, &variables) };
    if let Some(protocol) = websocket::requested(&variables).filter(|_| via == "http") {
        return websocket::answer(stream, protocol, &body);
    }
    stream.write_all(&match id {
        Some(id) => fastcgi::response(id, status, (head, &body)),
        None => http::response(status, protocol.is_grpc(), (head, &body)),
    })?;
    stream.flush()?;
    Ok(())
}

fn body(host: &str, via: &str, variables: &Variables) -> Vec<u8> {
    let get = |name: &str| variables.get(name).cloned();
    let echo = Echo {
        host: host.to_owned(),
        via: via.to_owned(),
        remote_addr: get("REMOTE_ADDR"),
        protocol: get("SERVER_PROTOCOL"),
        https: get("HTTPS").is_some_and(|value| value == "on")
            || get("REQUEST_SCHEME").is_some_and(|value| value == "https"),
        server_name: get("HTTP_HOST").or_else(|| get("SERVER_NAME")),
        forged: variables.iter().filter(|(_, value)| value.contains(LIE)).map(|(name, _)| name.clone()).collect(),
        received: variables.clone(),
    };
    let mut body = serde_json::to_vec(&echo).expect("an echo is plain strings");
    body.push(b'\n');
    body
}

/// Reads and forgets a request body, so that closing the connection does not reset it.
fn drain(stream: &mut impl Read, variables: &Variables) -> Result<(), ProtocolError> {
    let length = match variables.get("CONTENT_LENGTH").map(String::as_str) {
        None | Some("") => 0,
        Some(text) => text.parse().map_err(|_| ProtocolError::Malformed("the content length is not a number"))?,
    };
    if length > BODY_LIMIT {
        return Err(ProtocolError::TooLarge("the request body"));
    }
    let drained = io::copy(&mut stream.take(length), &mut io::sink())?;
    if drained < length {
        return Err(ProtocolError::Malformed("the request body is cut short"));
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
