//! The keys of `nginx`.

use crate::inventory::schema::section;

section! {
    /// Settings of nginx, for all app servers or, in an app server's entry, for that one only.
    RawNginx at "nginx" {
        /// The version of nginx to render for.
        version: "such as 1.22.1; default: any version from 1.19.4" is One(ProgramVersion(OLDEST_NGINX)),
        /// The port on which nginx takes TLS connections from balancers.
        port: "1 to 65535; default 443" is One(NginxPort),
        /// Whether clients may use HTTP/2.
        http2: "true or false; default true" is One(Switch),
        /// How long an idle client connection stays open.
        keepalive_timeout: "duration; default 65s" is One(Duration(TIMEOUT)),
        /// How long a client may use one connection: nginx closes it after the first request that comes later, so that clients connect again and new app servers get their share. Needs nginx 1.19.10 or newer and its `version`.
        keepalive_time: "duration; default: as in nginx" is One(Duration(TIMEOUT)),
        /// How long a worker of nginx that a reload has replaced keeps its open connections and the ticket keys that it read. Rendered to `/etc/nginx/modules-enabled`, which Debian's nginx.conf includes.
        worker_shutdown_timeout: "duration; default 1h" is One(Duration(TIMEOUT)),
        /// The largest request body; `0` for any size.
        client_max_body_size: "size such as 10m; default 1m" is One(Size),
        /// How long nginx waits until an upstream has accepted a connection.
        upstream_connect_timeout: "duration; default 5s" is One(Duration(UPSTREAM_CONNECT)),
        /// How long nginx waits for an upstream between two reads: how long an answer may take, or a WebSocket be silent.
        upstream_read_timeout: "duration; default: 5s less than the shortest `haproxy.timeouts.client` or `server` of any balancer" is One(Duration(TIMEOUT)),
        /// How long nginx waits for an upstream between two writes.
        upstream_send_timeout: "duration; default: as for `upstream_read_timeout`" is One(Duration(TIMEOUT)),
        /// The largest head of an upstream's answer: its status, headers and cookies. A larger one is answered with 502.
        upstream_buffer_size: "size from 4k to 1m; default `16k`" is One(BufferSize),
        /// The longest line of a request's head, such as `Cookie`. All lines together may be four times as long. A longer one is answered with 400 or 414.
        large_client_header_buffers: "size from 4k to 1m; default `16k`" is One(BufferSize),
        /// The DNS servers of which nginx asks the names of `upstreams[].servers`, again when an answer expires. Without them nginx resolves a name once, when it starts.
        resolver: "IP address, perhaps with a port, several as a list; default: none" is OneOrMany(Resolver, 8),
        /// The version of OpenSSL that nginx uses.
        openssl: "such as 3.0.17; default: any version from 1.1.1" is One(OpensslVersion),
        /// The profile of Mozilla's guideline for TLS versions, ciphers and groups.
        tls_profile: "`modern`, `intermediate` or `old`; default `intermediate`" is One(Choice(TlsProfile::NAMES)),
        /// TLS versions, instead of the profile's.
        ssl_protocols: "list of `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`" is Many(Choice(TlsVersion::NAMES), 1, 16),
        /// Ciphers for TLS 1.2 and earlier, instead of the profile's. With the profile `old` their order is the server's preference; otherwise the client's preference counts.
        ssl_ciphers: "list of OpenSSL names" is Many(OpensslName, 1, 256),
        /// Groups for the key exchange, instead of the profile's. With the profile `old` their order is the server's preference; otherwise the client's preference counts.
        ssl_ecdh_curve: "list of OpenSSL names" is Many(OpensslName, 1, 128),
        /// HTTP Strict Transport Security: tells browsers to use only HTTPS.
        hsts: "section; default: off" is OneSection,
        /// Where requests are logged. With the log format `stock`, nginx.conf decides, unless this is `"off"`. systemd's journal takes `syslog:server=unix:/dev/log`.
        access_log: "absolute path, `syslog:server=…` as in nginx, or `\"off\"`; default `/var/log/nginx/access.log`" is One(AccessLog),
        /// The format of the log: nginx's combined format followed by details of the TLS session, the same as JSON, or what nginx.conf sets.
        log_format: "`combined`, `json` or `stock`; default `combined`" is One(Choice(LogFormat::NAMES)),
        /// nginx's numbers (`stub_status`) at `/stub_status`, which Prometheus's exporter for nginx reads.
        metrics: "section; default: none" is OneSection,
        /// Files on this machine with your own nginx text, for the http block that the sites are in.
        include: "list of paths" is Many(LocalPath, 0, 64),
    }
}

section! {
    /// HTTP Strict Transport Security, for all sites or, in a site's entry, for that one only.
    RawHsts at "nginx.hsts" {
        /// How long browsers remember to use only HTTPS; `0s` makes them forget it.
        max_age: "duration in whole seconds, required; Mozilla's guideline recommends 730d" is One(WholeSeconds(MAX_AGE)),
        /// Whether HSTS also applies to all names below the site's names.
        include_subdomains: "true or false; default false" is One(Switch),
        /// Whether the site may be added to the HSTS preload list that is built into browsers.
        preload: "true or false; default false" is One(Switch),
    }
}
