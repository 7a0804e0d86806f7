//! Reads the `haproxy` and `nginx` sections. A host's settings override the fleet's, which override
//! the defaults.

use super::fields::{
    Words, count, count_if_written, distinct, duration, duration_if_written, optional, or_default, scalar, scalar_with,
    switch,
};
use super::owned::{Use, canonical, refused};
use super::{access, checks, limits, metrics, snippets, tls, upstream_timeouts, upstreams};
use crate::diagnostic::Code;
use crate::inventory::form::{NOFILE, OLDEST_HAPROXY, OLDEST_NGINX, SHORT, TIMEOUT};
use crate::inventory::model::{
    Access, Check, Haproxy, HaproxyInclude, HttpCheck, Limits, Nginx, Timeouts, Tls, UpstreamTimeouts,
};
use crate::inventory::node::Node;
use crate::inventory::openssl::{self, Cipher, Group, canonical_group};
use crate::inventory::raw::{RawHaproxy, RawNginx, RawTimeouts};
use crate::inventory::schema::{Reader, SnippetKind};
use crate::inventory::types::{
    AbsolutePath, AccessLog, Address, Balance, BufferSize, CheckType, CipherName, Curve, Duration, LogFormat,
    LogTarget, OnMarkedDown, OpensslVersion, Port, ProxyProtocol, Scalar, Size, TlsProfile, TlsVersion, UnknownNames,
    ValueError, Version,
};

/// Connections that any host can hold: with two descriptors each they stay below the 20,000 that
/// even a login shell often allows.
const MAXCONN: u64 = 8192;
/// The kernel allows 1,048,576 descriptors per process; a connection takes two.
pub const MAXCONN_LIMIT: u64 = 500_000;

/// What to do about a list of everyone in `accept_proxy_from`.
const BEFORE: &str = "list the networks of what is before the balancers: from there, anyone can claim to be any client";

/// Longest lists; OpenSSL knows fewer versions, ciphers and groups.
const BIND: Words = Words { key: "bind", most: 64, example: "[10.0.0.10, 10.0.0.100]", known: |_| true };
const SOURCE: Words = Words { key: "source", most: 16, example: "[10.0.0.110]", known: |_| true };
const PROTOCOLS: Words = Words { key: "ssl_protocols", most: 16, example: "[TLSv1.2, TLSv1.3]", known: |_| true };
const CIPHERS: Words = Words {
    key: "ssl_ciphers",
    most: 256,
    example: "[ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES128-GCM-SHA256]",
    // A word such as `HIGH` is an expression of OpenSSL, not a name.
    known: |word| Cipher::named(word).is_some(),
};
const CURVES: Words = Words {
    key: "ssl_ecdh_curve",
    most: 128,
    example: "[X25519, prime256v1]",
    known: |word| Group::named(word).is_some(),
};

/// The default settings of haproxy.
pub fn default_haproxy() -> Haproxy {
    let log = AbsolutePath::parse("/dev/log").map(LogTarget::Socket);
    Haproxy {
        version: None,
        port: Port(443),
        public_port: None,
        bind: Vec::new(),
        source: Vec::new(),
        accept_proxy_from: Vec::new(),
        access: Access::default(),
        limits: Limits::default(),
        peers_port: Port(10_000),
        maxconn: MAXCONN,
        nofile: None,
        balance: Balance::Roundrobin,
        proxy_protocol: ProxyProtocol::V1,
        retries: 3,
        redispatch: true,
        log: log.expect("`/dev/log` is an absolute path"),
        unknown_names: UnknownNames::Forward,
        timeouts: Timeouts {
            connect: Duration::seconds(1),
            client: Duration::minutes(5),
            server: Duration::minutes(5),
            client_fin: Duration::seconds(30),
            queue: Duration::seconds(10),
            check: Duration::seconds(3),
            client_hello: Duration::seconds(5),
        },
        check: Check {
            kind: CheckType::Tls,
            http: HttpCheck::default(),
            inter: Duration::seconds(2),
            fastinter: None,
            downinter: None,
            fall: 3,
            rise: 2,
            slowstart: None,
            on_marked_down: OnMarkedDown::ShutdownSessions,
        },
        metrics: None,
        hard_stop_after: Duration::minutes(60),
        mworker_max_reloads: 50,
        include: HaproxyInclude::default(),
    }
}

/// The default settings of nginx.
pub fn default_nginx() -> Nginx {
    Nginx {
        version: None,
        port: Port(443),
        http2: true,
        keepalive_timeout: Duration::seconds(65),
        keepalive_time: None,
        worker_shutdown_timeout: Duration::minutes(60),
        client_max_body_size: Size::one_megabyte(),
        upstream_timeouts: UpstreamTimeouts::default(),
        upstream_buffer_size: BufferSize::usual(),
        large_client_header_buffers: BufferSize::usual(),
        resolver: Vec::new(),
        openssl: None,
        tls: Tls { profile: TlsProfile::Intermediate, protocols: None, ciphers: None, curves: None },
        hsts: None,
        access_log: AccessLog::parse("/var/log/nginx/access.log").expect("it is an absolute path"),
        log_format: LogFormat::Combined,
        metrics: None,
        include: Vec::new(),
    }
}

/// `base` with the settings of the section.
pub fn haproxy(reader: &mut Reader<'_>, node: Option<&Node>, base: Haproxy) -> Haproxy {
    let Some(raw) = node.and_then(|node| RawHaproxy::read(reader, node)) else { return base };
    Haproxy {
        version: version::<Version>(reader, ("version", raw.version), ("haproxy", OLDEST_HAPROXY)).or(base.version),
        port: or_default(reader, raw.port, "port", base.port),
        public_port: optional(reader, raw.public_port, "public_port").or(base.public_port),
        bind: distinct(reader, raw.bind, BIND, |address: &Address| *address).unwrap_or(base.bind),
        source: match raw.source {
            // Those of the fleet are another balancer's.
            Some(node) => distinct(reader, Some(node), SOURCE, |address: &Address| *address).unwrap_or_default(),
            None => base.source,
        },
        accept_proxy_from: match raw.accept_proxy_from {
            Some(node) => access::at_most_64(reader, node, "accept_proxy_from", BEFORE),
            None => base.accept_proxy_from,
        },
        access: access::over(reader, [raw.allow, raw.deny], base.access),
        limits: limits::of_balancer(reader, raw.limit, base.limits),
        peers_port: or_default(reader, raw.peers_port, "peers_port", base.peers_port),
        maxconn: count(reader, raw.maxconn, "maxconn", 1..=MAXCONN_LIMIT, base.maxconn),
        nofile: count_if_written(reader, raw.nofile, "nofile", NOFILE[0]..=NOFILE[1]).or(base.nofile),
        balance: or_default(reader, raw.balance, "balance", base.balance),
        proxy_protocol: or_default(reader, raw.proxy_protocol, "proxy_protocol", base.proxy_protocol),
        retries: count(reader, raw.retries, "retries", 1..=100, base.retries),
        redispatch: switch(reader, raw.redispatch, "redispatch", base.redispatch),
        log: log(reader, raw.log, base.log),
        unknown_names: or_default(reader, raw.unknown_names, "unknown_names", base.unknown_names),
        timeouts: timeouts(reader, raw.timeouts, base.timeouts),
        check: checks::check(reader, raw.check, base.check),
        metrics: metrics::haproxy(reader, raw.metrics).or(base.metrics),
        hard_stop_after: duration(reader, raw.hard_stop_after, "hard_stop_after", TIMEOUT, base.hard_stop_after),
        mworker_max_reloads: count(
            reader,
            raw.mworker_max_reloads,
            "mworker_max_reloads",
            1..=1000,
            base.mworker_max_reloads,
        ),
        include: snippets::haproxy(reader, raw.include, base.include),
    }
}

fn timeouts(reader: &mut Reader<'_>, node: Option<&Node>, base: Timeouts) -> Timeouts {
    let Some(raw) = node.and_then(|node| RawTimeouts::read(reader, node)) else { return base };
    Timeouts {
        connect: duration(reader, raw.connect, "connect", SHORT, base.connect),
        client: duration(reader, raw.client, "client", TIMEOUT, base.client),
        server: duration(reader, raw.server, "server", TIMEOUT, base.server),
        client_fin: duration(reader, raw.client_fin, "client_fin", TIMEOUT, base.client_fin),
        queue: duration(reader, raw.queue, "queue", SHORT, base.queue),
        check: duration(reader, raw.check, "check", SHORT, base.check),
        client_hello: duration(reader, raw.client_hello, "client_hello", SHORT, base.client_hello),
    }
}

/// `base` with the settings of the section.
pub fn nginx(reader: &mut Reader<'_>, node: Option<&Node>, base: Nginx) -> Nginx {
    let Some(raw) = node.and_then(|node| RawNginx::read(reader, node)) else { return base };
    let nginx = Nginx {
        version: version::<Version>(reader, ("version", raw.version), ("nginx", OLDEST_NGINX)).or(base.version),
        port: nginx_port(reader, raw.port, base.port),
        http2: switch(reader, raw.http2, "http2", base.http2),
        keepalive_timeout: duration(
            reader,
            raw.keepalive_timeout,
            "keepalive_timeout",
            TIMEOUT,
            base.keepalive_timeout,
        ),
        keepalive_time: duration_if_written(reader, raw.keepalive_time, "keepalive_time", TIMEOUT)
            .or(base.keepalive_time),
        worker_shutdown_timeout: duration(
            reader,
            raw.worker_shutdown_timeout,
            "worker_shutdown_timeout",
            TIMEOUT,
            base.worker_shutdown_timeout,
        ),
        client_max_body_size: or_default(
            reader,
            raw.client_max_body_size,
            "client_max_body_size",
            base.client_max_body_size,
        ),
        upstream_timeouts: upstream_timeouts::read(
            reader,
            [raw.upstream_connect_timeout, raw.upstream_read_timeout, raw.upstream_send_timeout],
        )
        .or(base.upstream_timeouts),
        upstream_buffer_size: or_default(
            reader,
            raw.upstream_buffer_size,
            "upstream_buffer_size",
            base.upstream_buffer_size,
        ),
        large_client_header_buffers: or_default(
            reader,
            raw.large_client_header_buffers,
            "large_client_header_buffers",
            base.large_client_header_buffers,
        ),
        resolver: upstreams::resolvers(reader, raw.resolver).unwrap_or(base.resolver),
        openssl: version::<OpensslVersion>(reader, ("openssl", raw.openssl), ("OpenSSL", openssl::OLDEST))
            .or(base.openssl),
        tls: Tls {
            profile: or_default(reader, raw.tls_profile, "tls_profile", base.tls.profile),
            protocols: distinct(reader, raw.ssl_protocols, PROTOCOLS, |it: &TlsVersion| *it).or(base.tls.protocols),
            ciphers: distinct(reader, raw.ssl_ciphers, CIPHERS, CipherName::clone).or(base.tls.ciphers),
            curves: distinct(reader, raw.ssl_ecdh_curve, CURVES, |it: &Curve| canonical_group(it).to_owned())
                .or(base.tls.curves),
        },
        hsts: tls::hsts(reader, raw.hsts).or(base.hsts),
        access_log: or_default(reader, raw.access_log, "access_log", base.access_log),
        log_format: or_default(reader, raw.log_format, "log_format", base.log_format),
        metrics: metrics::nginx(reader, raw.metrics).or(base.metrics),
        include: snippets::read(reader, raw.include, SnippetKind::Nginx, base.include),
    };
    tls::check(reader, &raw, &nginx);
    nginx
}

/// Where haproxy's logs go: not to one of its own sockets or files.
fn log(reader: &mut Reader<'_>, node: Option<&Node>, base: LogTarget) -> LogTarget {
    let Some(found) = node.and_then(|node| scalar::<LogTarget>(reader, node, "log")) else { return base };
    if let LogTarget::Socket(path) = &found.value {
        let path = canonical(path.as_str());
        if let Some(why) = refused(&path, Use::LogSocket) {
            let message = format!("`{path}` cannot be {}: {why}", Use::LogSocket);
            reader.report(Code::IN06, found.span, message, Use::LogSocket.help(&path));
            return base;
        }
    }
    found.value
}

/// nginx.conf as Debian and nginx.org install it answers plain HTTP on port 80, and a port takes
/// either plain HTTP or TLS.
pub(super) fn nginx_port(reader: &mut Reader<'_>, node: Option<&Node>, base: Port) -> Port {
    let Some(found) = node.and_then(|node| scalar::<Port>(reader, node, "port")) else { return base };
    if found.value == Port(80) {
        let message = "`port` is already in use: nginx's default configuration answers plain HTTP on `80`";
        reader.report(Code::IN06, found.span, message, "write `443` or another free port");
        return base;
    }
    found.value
}

fn version<V: Scalar + Into<Version>>(
    reader: &mut Reader<'_>,
    (key, node): (&str, Option<&Node>),
    (program, oldest): (&str, Version),
) -> Option<Version> {
    let example = format!("such as `{oldest}`");
    let of_program = |error: ValueError| match program {
        "OpenSSL" => error,
        _ => ValueError { help: error.help.replace("such as `2.6.12` or `1.22`", &example), ..error },
    };
    let found = scalar_with::<V>(reader, node?, key, of_program)?;
    let (version, span): (Version, _) = (found.value.into(), found.span);
    if version >= oldest {
        return Some(version);
    }
    let message = format!("{program} {version} is not supported");
    let help = format!("correct the version, or upgrade the host to {program} {oldest} or later");
    reader.report(Code::IN10, span, message, help);
    None
}
