//! Where a location's requests go, and what is spoken there.

use crate::inventory::types::{
    AbsolutePath, AppSocket, Body, Destination, GrpcUpstream, HttpUpstream, MediaType, RedirectCode, RedirectUrl,
};

/// Where requests go.
#[derive(Debug, Clone)]
pub enum Target {
    /// A uWSGI app.
    Uwsgi(AppSocket),
    /// A FastCGI app.
    Fastcgi(AppSocket),
    /// An HTTP app.
    Proxy(HttpUpstream),
    /// A gRPC app.
    Grpc(GrpcUpstream),
    /// Files.
    Root(AbsolutePath),
    /// Elsewhere.
    Redirect(Redirect),
    /// Nowhere: nginx answers them.
    Answer(Answer),
}

/// A redirect.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// The status.
    pub code: RedirectCode,
    /// Where to.
    pub url: RedirectUrl,
    /// Whether the request's path and query are appended.
    pub append_request_uri: bool,
}

/// What nginx answers by itself.
#[derive(Debug, Clone)]
pub struct Answer {
    /// 200 to 599, but no redirect and none of [`Answer::REFUSED`].
    pub status: u16,
    /// The text, if there is one.
    pub body: Option<Body>,
    /// What the text is.
    pub media_type: MediaType,
}

impl Answer {
    /// Statuses that nginx keeps for itself: it answers 400 or closes the connection.
    pub const REFUSED: [u16; 7] = [444, 494, 495, 496, 497, 498, 499];
    /// Statuses whose answers have no text.
    pub const EMPTY: [u16; 2] = [204, 205];
}

impl Target {
    /// The upstream; `None` for what nginx answers by itself.
    pub fn destination(&self) -> Option<&Destination> {
        match self {
            Self::Uwsgi(app) | Self::Fastcgi(app) => Some(&app.to),
            Self::Proxy(upstream) => Some(&upstream.to),
            Self::Grpc(upstream) => Some(&upstream.to),
            Self::Root(_) | Self::Redirect(_) | Self::Answer(_) => None,
        }
    }

    /// How nginx's directives for it begin.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Uwsgi(_) => "uwsgi",
            Self::Fastcgi(_) => "fastcgi",
            Self::Proxy(_) => "proxy",
            Self::Grpc(_) => "grpc",
            Self::Root(_) => "root",
            Self::Redirect(_) | Self::Answer(_) => "return",
        }
    }

    /// Whether requests are passed to an upstream.
    pub fn passes(&self) -> bool {
        self.destination().is_some()
    }

    /// Whether the connection to the upstream is TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self.protocol(), Some(Protocol::Https | Protocol::Grpcs))
    }

    /// The protocol of the upstream's socket; `None` for what nginx answers by itself.
    pub fn protocol(&self) -> Option<Protocol> {
        Some(match self {
            Self::Uwsgi(_) => Protocol::Uwsgi,
            Self::Fastcgi(_) => Protocol::Fastcgi,
            Self::Proxy(upstream) => {
                if upstream.tls {
                    Protocol::Https
                } else {
                    Protocol::Http
                }
            }
            Self::Grpc(upstream) => {
                if upstream.tls {
                    Protocol::Grpcs
                } else {
                    Protocol::Grpc
                }
            }
            Self::Root(_) | Self::Redirect(_) | Self::Answer(_) => return None,
        })
    }
}

/// What nginx and an app speak on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// uWSGI's own.
    Uwsgi,
    /// FastCGI.
    Fastcgi,
    /// HTTP/1.1.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
    /// HTTP/2 without TLS.
    Grpc,
    /// HTTP/2 over TLS.
    Grpcs,
}

impl Protocol {
    /// The name that messages use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uwsgi => "uwsgi",
            Self::Fastcgi => "FastCGI",
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Grpc => "gRPC",
            Self::Grpcs => "gRPC over TLS",
        }
    }

    /// Whether an app can speak both on one socket. HTTP/1.1 and HTTP/2 differ in the first bytes of a connection, and
    /// over TLS in what ALPN negotiates.
    pub fn shares_socket_with(self, other: Self) -> bool {
        let http = |it| match it {
            Self::Http | Self::Grpc => Some(false),
            Self::Https | Self::Grpcs => Some(true),
            Self::Uwsgi | Self::Fastcgi => None,
        };
        self == other || http(self).is_some() && http(self) == http(other)
    }
}
