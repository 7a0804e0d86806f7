//! The keys of `upstreams`.

use crate::inventory::schema::section;

section! {
    /// An app that runs as several servers, which share its requests. Every nginx connects to all of them.
    RawUpstream at "upstreams[]" {
        /// The name by which locations refer to it, as in `uwsgi_pass: app`.
        name: "lower-case letters, digits, `-` and `_`, required" is One(UpstreamName),
        /// The servers.
        servers: "list, required" is Sections(1),
        /// Which server gets a request. `ip_hash` and `hash_remote_addr` keep a client at one server; the first takes a whole network for one client.
        balance: "`round_robin`, `least_conn`, `ip_hash`, `hash_remote_addr`, `hash_request_uri` or `random_two`; default `round_robin`" is One(Choice(UpstreamBalance::NAMES)),
        /// How many idle connections each worker of nginx keeps for the next requests. The app has to keep them for longer than nginx does, which is 60 seconds. Not for uWSGI apps.
        keepalive: "0 to 10000; default 0" is One(Whole(0, 10_000)),
    }
}

section! {
    /// A server of an upstream.
    RawUpstreamServer at "upstreams[].servers[]" {
        /// Where it listens. A name is resolved with `nginx.resolver`.
        address: "`address:port`, `unix:/path` or `name:port`, required" is One(ServerAddress),
        /// Its share of requests, relative to the other servers.
        weight: "1 to 1000; default 1" is One(Whole(1, 1_000)),
        /// After how many failed attempts within `fail_timeout` it gets no requests for that time; `0` for never.
        max_fails: "0 to 1000; default 1" is One(Whole(0, 1_000)),
        /// In what time attempts have to fail, and for how long the server then gets no requests.
        fail_timeout: "duration in whole seconds; default 10s" is One(WholeSeconds(SHORT)),
        /// Whether it gets requests only while all servers without `backup` fail.
        backup: "true or false; default false" is One(Switch),
    }
}
