//! What answers the requests of a first inventory's only site.

/// Where the site's requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    pub kind: Kind,
    /// As in the inventory.
    pub target: String,
}

/// The key that passes requests to an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Proxy,
    Uwsgi,
    Fastcgi,
    Grpc,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Proxy, Self::Uwsgi, Self::Fastcgi, Self::Grpc];

    /// The key of the inventory.
    pub fn key(self) -> &'static str {
        match self {
            Self::Proxy => "proxy_pass",
            Self::Uwsgi => "uwsgi_pass",
            Self::Fastcgi => "fastcgi_pass",
            Self::Grpc => "grpc_pass",
        }
    }

    /// What it is for.
    pub fn what(self) -> &'static str {
        match self {
            Self::Proxy => "an app that speaks HTTP, such as Node, gunicorn, Puma or Spring Boot",
            Self::Uwsgi => "an app under uWSGI",
            Self::Fastcgi => "an app under PHP-FPM",
            Self::Grpc => "a gRPC service",
        }
    }

    /// A usual target.
    pub fn usual(self) -> &'static str {
        match self {
            Self::Proxy => "http://127.0.0.1:8000",
            Self::Uwsgi => "unix:/run/app/app.sock",
            Self::Fastcgi => "unix:/run/php/php-fpm.sock",
            Self::Grpc => "grpc://127.0.0.1:50051",
        }
    }
}
