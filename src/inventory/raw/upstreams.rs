//! The keys of `upstreams`.

use crate::inventory::schema::section;

section! {
    /// An app that runs as several servers, which share its requests. Every nginx connects to all of them.
    RawUpstream at "upstreams[]" {
        /// The name by which locations refer to it, as in `uwsgi_pass: app`.
        name: "lower-case letters, digits, `-` and `_`, required" is One(UpstreamName),
        /// Where its servers listen. A name is resolved with `nginx.resolver`.
        servers: "list of `address:port`, `unix:/path` or `name:port`, required" is Many(ServerAddress, 1, MANY),
        /// Servers that get requests only while all of `servers` fail.
        backup: "list of `address:port`, `unix:/path` or `name:port`; default: none" is Many(ServerAddress, 1, MANY),
        /// After how many failed attempts within 10 seconds a server gets no requests for 10 seconds; `0` for never.
        max_fails: "0 to 1000; default 1" is One(Whole(0, 1_000)),
        /// Which server gets a request. `ip_hash` and `hash_remote_addr` keep a client at one server; the first takes a whole network for one client.
        balance: "`round_robin`, `least_conn`, `ip_hash`, `hash_remote_addr`, `hash_request_uri` or `random_two`; default `round_robin`" is One(Choice(UpstreamBalance::NAMES)),
        /// How many idle connections each worker of nginx keeps for the next requests. The app has to keep them for longer than nginx does, which is 60 seconds. Not for uWSGI apps.
        keepalive: "0 to 10000; default 0" is One(Whole(0, 10_000)),
    }
}
