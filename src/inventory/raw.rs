//! The inventory as it is written: every section and every key that exists, each once, with
//! the words of the reference. Nothing is interpreted here; `validate` does that.

use super::schema::{Section, section};

section! {
    /// The whole inventory: one fleet.
    RawInventory at "" {
        /// The hosts that run haproxy and forward TCP.
        load_balancers: "list, required",
        /// The hosts that run nginx and end TLS.
        app_servers: "list, required",
        /// The names that are served, each with its certificate.
        sites: "list, required",
        /// Groups of app servers; TLS names (SNI) decide which group a connection goes to.
        pools: "list; default: one pool of all app servers",
        /// Who may tell nginx a client's address in a PROXY header.
        trusted_proxies: "list of CIDRs; default: every balancer's own addresses",
        /// Who can resume a TLS session: every app server, the one that began it, or none.
        tickets: "`shared`, `per_host` or `off`; default: shared with more than one app server, else per_host",
        /// What the balancers answer to plain HTTP.
        http: "section",
        /// Addresses that move between balancers.
        high_availability: "section",
        /// Settings of every balancer.
        haproxy: "section",
        /// Settings of every app server.
        nginx: "section",
        /// What `sslscale check` makes of its findings.
        lint: "section",
    }
}

section! {
    /// A host that runs haproxy.
    RawLoadBalancer at "load_balancers[]" {
        /// Names the host's directory in the rendered tree.
        name: "host name, required",
        /// The balancer's own address, from which it connects to the app servers; with two families, a list.
        address: "IP address or list, required",
        /// Settings of this balancer alone.
        haproxy: "section",
    }
}

section! {
    /// A host that runs nginx.
    RawAppServer at "app_servers[]" {
        /// Names the host's directory in the rendered tree and the `server` line.
        name: "host name, required",
        /// Where the balancers reach it; with two families, a list, the preferred one first.
        address: "IP address or list, required",
        /// Its share of new connections.
        weight: "0 to 256; default 100; 0 takes none",
        /// Takes connections only when every other server of its pool is down.
        backup: "true or false; default false",
        /// Connections at once that each balancer gives it; more wait for a free slot.
        maxconn: "1 to 500000; default: no limit",
        /// Settings of this app server alone.
        nginx: "section",
    }
}

section! {
    /// A group of app servers that serve the same sites.
    RawPool at "pools[]" {
        /// Names the haproxy backend.
        name: "name, required",
        /// The members, by name.
        app_servers: "list of names, required",
    }
}

section! {
    /// A set of TLS names that are served alike.
    RawSite at "sites[]" {
        /// The names; `*.example.com` covers every name below it.
        server_name: "DNS name or list, required",
        /// The pool that serves it.
        pool: "pool name; required with more than one pool",
        /// Document root.
        root: "absolute path",
        /// The certificate chain on the app servers; several of different kinds of key, such as ECDSA and RSA, are a list.
        ssl_certificate: "absolute path or list, required",
        /// Its private key on the app servers; a list has the order of `ssl_certificate`.
        ssl_certificate_key: "absolute path or list, required",
        /// The same certificate on this machine, checked when it is given; relative to the inventory.
        ssl_certificate_source: "path or list",
        /// The same key on this machine.
        ssl_certificate_key_source: "path or list",
        /// Whether browsers are told to come back over HTTPS alone.
        hsts: "section; default: that of `nginx`",
        /// Largest request body.
        client_max_body_size: "size such as 10m; default: that of `nginx`",
        /// Where requests go, by path.
        locations: "list; default: `root` is served",
    }
}

section! {
    /// Requests below a path. Exactly one key says where they go.
    RawLocation at "sites[].locations[]" {
        /// The path.
        path: "starts with `/`, required",
        /// Whether `path` is the start of the request's path or all of it.
        r#match as "match": "`prefix` or `exact`; default prefix",
        /// A uWSGI app.
        uwsgi_pass: "`unix:/path` or `address:port`",
        /// A FastCGI app.
        fastcgi_pass: "`unix:/path` or `address:port`",
        /// An HTTP app.
        proxy_pass: "`http://address:port/path`, `https://…` or `http://unix:/path`",
        /// A gRPC app.
        grpc_pass: "`grpc://address:port`, `grpcs://…` or `unix:/path`",
        /// Files.
        root: "absolute path",
        /// A redirect.
        r#return as "return": "section",
    }
}

section! {
    /// A redirect.
    RawReturn at "sites[].locations[].return" {
        /// The status.
        code: "301, 302, 303, 307 or 308; default 308",
        /// Where to.
        url: "`https://…` or `http://…`, required",
        /// Whether the request's own path and query follow `url`.
        append_request_uri: "true or false; default false",
    }
}

section! {
    /// What the balancers answer to plain HTTP: a redirect to the same name over HTTPS.
    RawHttp at "http" {
        /// Whether they listen for it at all.
        enabled: "true or false; default true",
        /// The port.
        port: "1 to 65535; default 80",
        /// The status of the redirect.
        code: "301, 302, 303, 307 or 308; default 308",
        /// Where challenges of a certificate authority go.
        acme_challenge: "section",
    }
}

section! {
    /// Where plain HTTP requests below `/.well-known/acme-challenge/` go. Exactly one of `app_server`, `pool` and `redirect` says where.
    RawAcmeChallenge at "http.acme_challenge" {
        /// The app server that asks for certificates.
        app_server: "name",
        /// A pool whose members share what they answer with.
        pool: "name",
        /// A central host, by redirect: the request's path follows.
        redirect: "`https://…` or `http://…`",
        /// The port of the app server or pool that takes them as plain HTTP.
        port: "1 to 65535; default 80",
        /// The directory that nginx there serves them from; without it something else has the port, such as certbot.
        root: "absolute path",
    }
}

section! {
    /// Addresses that move between balancers.
    RawHighAvailability at "high_availability" {
        /// Clients connect here; balancers still connect to app servers from their own address.
        virtual_addresses: "list of IP addresses",
    }
}

section! {
    /// Settings of haproxy: for all balancers, or inside one balancer's entry for it alone.
    RawHaproxy at "haproxy" {
        /// The version that the file is for.
        version: "such as 2.6; default: whatever runs, 2.2 or later",
        /// The port clients connect to.
        port: "1 to 65535; default 443",
        /// Connections at once, of all clients.
        maxconn: "1 to 500000; default 8192",
        /// Descriptors that the host allows haproxy.
        nofile: "1024 to 1048576; default: what `maxconn` needs",
        /// How connections spread over a pool.
        balance: "`roundrobin`, `static-rr`, `leastconn`, `first`, `source` or `random`; default roundrobin",
        /// Version of the PROXY header.
        proxy_protocol: "`v1` or `v2`; default v1",
        /// How often a failed connect is tried again.
        retries: "1 to 100; default 3",
        /// Whether a failed connect is tried on another server, not on the same one again.
        redispatch: "true or false; default true",
        /// Where logs go.
        log: "path of a socket or `address:port`; default /dev/log",
        /// What happens to connections for names that no site has, and to those without a name.
        unknown_names: "`forward` or `reject`; default forward",
        /// How long things may take.
        timeouts: "section",
        /// How dead servers are found.
        check: "section",
    }
}

section! {
    /// How long things may take; every value carries its unit, such as `5s`.
    RawTimeouts at "haproxy.timeouts" {
        /// For an app server to take a connection.
        connect: "duration; default 5s",
        /// A client's silence.
        client: "duration; default 5m",
        /// An app server's silence.
        server: "duration; default 5m",
        /// Of a connection one side has closed.
        client_fin: "duration; default 30s",
        /// For a free slot.
        queue: "duration; default 10s",
        /// For a health check's handshake.
        check: "duration; default 5s",
        /// For a client to send the TLS name, where several pools make it matter.
        client_hello: "duration; default 5s",
    }
}

section! {
    /// Health checks.
    RawCheck at "haproxy.check" {
        /// A TLS handshake behind a PROXY header, as a client's, or no more than a connection.
        r#type as "type": "`tls` or `tcp`; default tls",
        /// Time between two.
        inter: "duration; default 2s",
        /// Failures in a row that take a server out.
        fall: "1 to 100; default 3",
        /// Successes in a row that bring it back.
        rise: "1 to 100; default 2",
    }
}

section! {
    /// Settings of nginx: for all app servers, or inside one app server's entry for it alone.
    RawNginx at "nginx" {
        /// The version that the file is for.
        version: "such as 1.22.1; default: whatever runs, 1.19.4 or later",
        /// The port that nginx takes TLS with PROXY headers on.
        port: "1 to 65535; default 443",
        /// HTTP/2.
        http2: "true or false; default true",
        /// How long an idle client connection is kept.
        keepalive_timeout: "duration; default 65s",
        /// Largest request body.
        client_max_body_size: "size such as 10m; default 1m",
        /// The version of OpenSSL that nginx runs with.
        openssl: "such as 3.0.17; default: whatever runs, 1.1.1 or later",
        /// The profile of Mozilla's guideline that decides on versions, ciphers and groups.
        tls_profile: "`modern`, `intermediate` or `old`; default intermediate",
        /// Versions of TLS in place of the profile's.
        ssl_protocols: "list of `TLSv1`, `TLSv1.1`, `TLSv1.2` and `TLSv1.3`",
        /// Ciphers up to TLS 1.2 in place of the profile's; their order counts in `old`, else the client's.
        ssl_ciphers: "list of OpenSSL's names",
        /// Groups for the key exchange in place of the profile's; their order counts in `old`, else the client's.
        ssl_ecdh_curve: "list of OpenSSL's names",
        /// Whether browsers are told to come back over HTTPS alone.
        hsts: "section; default: they are not",
        /// Where requests are logged; with the format `stock` nginx.conf says it.
        access_log: "absolute path; default /var/log/nginx/access.log",
        /// What is logged of them: the combined format and the TLS session, all of it as JSON, or what nginx.conf says.
        log_format: "`combined`, `json` or `stock`; default combined",
    }
}

section! {
    /// HTTP Strict Transport Security, for all sites or inside one site's entry for it alone.
    RawHsts at "nginx.hsts" {
        /// How long browsers remember it; `0s` makes them forget.
        max_age: "whole seconds, required; Mozilla's guideline asks for 730d",
        /// Whether it holds for every name below the site's as well.
        include_subdomains: "true or false; default false",
        /// Whether the name may be built into browsers.
        preload: "true or false; default false",
    }
}

section! {
    /// What `sslscale check` makes of its findings. Rules go by code or name, such as `PX07` or `trust-too-wide`.
    RawLint at "lint" {
        /// Their findings are dropped.
        allow: "list of rules",
        /// Their findings are errors.
        deny: "list of rules",
        /// The least severity that fails a run; `--fail-on` comes first.
        fail_on: "`error`, `warning` or `info`; default error",
        /// How long before its end a certificate is worth a warning, in days.
        certificate_days: "1 to 3650; default 30",
    }
}

/// Every section, in the order of the reference.
pub const SECTIONS: &[Section] = &[
    RawInventory::SECTION,
    RawLoadBalancer::SECTION,
    RawAppServer::SECTION,
    RawPool::SECTION,
    RawSite::SECTION,
    RawLocation::SECTION,
    RawReturn::SECTION,
    RawHttp::SECTION,
    RawAcmeChallenge::SECTION,
    RawHighAvailability::SECTION,
    RawHaproxy::SECTION,
    RawTimeouts::SECTION,
    RawCheck::SECTION,
    RawNginx::SECTION,
    RawHsts::SECTION,
    RawLint::SECTION,
];
