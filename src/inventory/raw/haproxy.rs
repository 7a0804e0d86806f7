//! The keys of haproxy.

use crate::inventory::schema::section;

section! {
    /// Settings of haproxy, for all balancers or, in a balancer's entry, for that one only.
    RawHaproxy at "haproxy" {
        /// The version of haproxy to render for.
        version: "such as 2.6; default: any version from 2.2" is One(ProgramVersion(OLDEST_HAPROXY)),
        /// The port on which haproxy takes TLS connections.
        port: "1 to 65535; default 443" is One(PORT),
        /// The port that clients connect to, if something in front of the balancer maps it to `port`. Redirects lead there, and apps are told it.
        public_port: "1 to 65535; default: `port`" is One(PORT),
        /// The addresses on which haproxy takes connections, with TLS and plain HTTP. Addresses that the balancer does not have at that moment, such as virtual ones, are bound all the same.
        bind: "list of IP addresses; default: all addresses" is Many(Address, 1, 64),
        /// Further addresses of the balancer, from which it connects to app servers as well: each has 28232 source ports for an app server. Health checks come from `address`.
        source: "list of IP addresses; default: `address` alone" is Many(Address, 1, 16),
        /// Networks of what is before the balancers and begins every connection with a PROXY header, such as a cloud's load balancer: the client's address is read from it, over TLS and plain HTTP. Connections from there without a header are closed; nobody else is believed. A balancer's own addresses are never among them.
        accept_proxy_from: "list of networks; default: none" is Many(Network, 1, 64),
        /// Networks whose clients may connect, over TLS and plain HTTP; connections of all others are closed at once.
        allow: "list of networks; default: everyone" is Many(Network, 1, MANY),
        /// Networks whose clients may not connect, also if they are in `allow`.
        deny: "list of networks; default: nobody" is Many(Network, 1, MANY),
        /// How many new connections a balancer takes from one client, and how many at a time; further ones are closed at once. A client is an IPv4 address, or an IPv6 network of 64 bits. Connections over TLS and plain HTTP count together.
        limit: "section; default: no limit" is OneSection,
        /// The port on which balancers tell each other how often clients connect, with `rate` in `limit`.
        peers_port: "1 to 65535; default 10000" is One(PORT),
        /// The maximum number of connections at a time, from all clients together.
        maxconn: "1 to 500000; default 8192" is One(Whole(1, 500_000)),
        /// How many file descriptors the host allows haproxy. This is the soft limit; the hard limit is at least 524288, so that a larger `maxconn` needs a reload and no restart.
        nofile: "1024 to 1048576; default: as many as `maxconn` needs" is One(Whole(1024, 1_048_576)),
        /// How connections are distributed over a pool.
        balance: "`roundrobin`, `static-rr`, `leastconn`, `first`, `source` or `random`; default `roundrobin`" is One(Choice(Balance::NAMES)),
        /// The version of the PROXY header, which tells nginx the client's address. `off` sends none, and app servers see a balancer's address instead; it has to be `off` for all balancers or for none.
        proxy_protocol: "`v1`, `v2` or `off`; default `v1`" is One(Choice(ProxyProtocol::NAMES)),
        /// How many times a failed connection attempt is retried.
        retries: "1 to 100; default 3" is One(Whole(1, 100)),
        /// Whether a failed connection attempt is retried on another app server instead of the same one.
        redispatch: "true or false; default true" is One(Switch),
        /// Where haproxy sends its logs.
        log: "path of a socket or `address:port`; default `/dev/log`" is One(LogTarget),
        /// What happens to connections without a TLS name, or with one that no site has: an app server rejects them, or the balancer closes them.
        unknown_names: "`forward` or `reject`; default `forward`" is One(Choice(UnknownNames::NAMES)),
        /// Time limits.
        timeouts: "section" is OneSection,
        /// Health checks of app servers.
        check: "section" is OneSection,
        /// haproxy's numbers for Prometheus: its own exporter, at `/metrics`, with the names of pools and app servers.
        metrics: "section; default: none" is OneSection,
        /// How long a worker of haproxy that a reload has replaced keeps its open connections.
        hard_stop_after: "duration; default 1h" is One(Duration(TIMEOUT)),
        /// How many reloads such a worker survives; one more ends it with its connections.
        mworker_max_reloads: "1 to 1000; default 50" is One(Whole(1, 1000)),
        /// Your own haproxy text.
        include: "section" is OneSection,
    }
}

section! {
    /// Files on this machine with your own haproxy text, which becomes a part of haproxy.cfg.
    RawHaproxyInclude at "haproxy.include" {
        /// Lines for the end of the section `global`.
        global: "list of paths" is Many(LocalPath, 0, 64),
        /// Lines for the end of the section `defaults`.
        defaults: "list of paths" is Many(LocalPath, 0, 64),
        /// Whole sections, such as another frontend, after all others.
        sections: "list of paths" is Many(LocalPath, 0, 64),
    }
}

section! {
    /// Time limits. Every value has a unit, such as `5s`.
    RawTimeouts at "haproxy.timeouts" {
        /// How long an app server may take to accept a connection.
        connect: "duration; default 1s" is One(Duration(SHORT)),
        /// How long a client may be silent.
        client: "duration; default 5m" is One(Duration(TIMEOUT)),
        /// How long an app server may be silent.
        server: "duration; default 5m" is One(Duration(TIMEOUT)),
        /// How long a connection that one side has closed may stay open.
        client_fin: "duration; default 30s" is One(Duration(TIMEOUT)),
        /// How long a connection may wait for a free slot.
        queue: "duration; default 10s" is One(Duration(SHORT)),
        /// How long a health check may wait for an answer.
        check: "duration; default 3s" is One(Duration(SHORT)),
        /// How long a client may take to send its TLS name, if the balancer needs it.
        client_hello: "duration; default 5s" is One(Duration(SHORT)),
    }
}

section! {
    /// Health checks of app servers.
    RawCheck at "haproxy.check" {
        /// What a check does: a TLS handshake, like a client; the same and an HTTP request, which also finds an app that is down; or only a TCP connection.
        r#type as "type": "`tls`, `http` or `tcp`; default `tls`" is One(Choice(CheckType::NAMES)),
        /// With `type: http`, the path that a check asks for, with or without a query.
        path: "starts with `/`; default `/`" is One(CheckPath),
        /// With `type: http`, the name that a check asks for. A site of every pool without a `host` of its own must have it.
        host: "DNS name; default: the first name of each pool; for a wildcard, a name below it" is One(CheckHost),
        /// With `type: http`, the statuses that count as success.
        expect: "statuses such as `200` or `301-308`, several as a list; default `200-399`" is OneOrMany(Statuses, MANY),
        /// The time between two checks.
        inter: "duration; default 2s" is One(Duration(BETWEEN_CHECKS)),
        /// The time between two checks while the app server is not yet down, or not yet up again.
        fastinter: "duration; default 500ms, or `inter` if that is shorter" is One(Duration(BETWEEN_CHECKS)),
        /// The time between two checks while the app server is down.
        downinter: "duration; default: as `inter`" is One(Duration(BETWEEN_CHECKS)),
        /// How many checks have to fail in a row before an app server counts as down.
        fall: "1 to 100; default 3" is One(Whole(1, 100)),
        /// How many checks have to succeed in a row before it counts as up again.
        rise: "1 to 100; default 2" is One(Whole(1, 100)),
        /// How long an app server that is up again takes to get its whole share of new connections.
        slowstart: "duration; default: none" is One(Duration(SHORT)),
        /// What happens to the open connections of an app server that goes down: they are closed, so that clients connect again, or stay open until a timeout.
        on_marked_down: "`shutdown-sessions` or `none`; default `shutdown-sessions`" is One(Choice(OnMarkedDown::NAMES)),
    }
}
