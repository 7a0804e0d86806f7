//! The keys of `other_pools`.

use crate::inventory::schema::section;

section! {
    /// Servers that are not app servers, such as a mail server or a VPN, to which the balancers pass connections as they are. What goes to them is never looked at by nginx.
    RawOtherPool at "other_pools[]" {
        /// The pool's name, which is also its backend's name in haproxy.
        name: "name, required" is One(PoolName),
        /// TLS names whose connections go to these servers; `*.example.com` means every name below `example.com`. No site may have the same name.
        server_name: "DNS name or list; default: none" is OneOrMany(DnsName, MANY),
        /// Whether connections that do not begin with a TLS handshake go to them. A client that waits for the server to speak first, as mail clients do, waits for `client_hello` of `haproxy.timeouts`.
        not_tls: "true or false; default false" is One(Switch),
        /// Whether TLS connections go to them that have no TLS name, or one that nothing else has.
        unknown_names: "true or false; default false" is One(Switch),
        /// The servers. They share connections as `balance` in `haproxy` says.
        servers: "list, required" is Sections(1),
        /// The PROXY header with which the servers are told the client's address; `off` sends none.
        send_proxy: "`v1`, `v2` or `off`; default `off`" is One(Choice(ProxyProtocol::NAMES)),
        /// What health checks do: connect, or complete a TLS handshake. How often they do it is as in `haproxy.check`.
        check: "`tcp` or `tls`; default `tcp`" is One(Choice(OtherCheck::NAMES)),
        /// Time limits of these servers.
        timeouts: "section; default: as in `haproxy.timeouts`" is OneSection,
    }
}

section! {
    /// A server that is not an app server.
    RawOtherServer at "other_pools[].servers[]" {
        /// Its name in haproxy, which no host of the inventory has.
        name: "name, required" is One(HostName),
        /// Where it listens, as seen from the balancers: an address of `127.0.0.0/8` is each balancer's own.
        address: "`address:port`, required" is One(ServerSocket),
        /// Whether it gets connections only while all servers without `backup` are down; several backups then share them.
        backup: "true or false; default false" is One(Switch),
    }
}

section! {
    /// Time limits of one pool of other servers.
    RawOtherTimeouts at "other_pools[].timeouts" {
        /// How long a server may take to accept a connection.
        connect: "duration; default: as in `haproxy.timeouts`" is One(Duration(SHORT)),
        /// How long a connection may be silent, instead of `client` and `server` of `haproxy.timeouts`.
        tunnel: "duration; default: the shorter of `client` and `server`" is One(Duration(TIMEOUT)),
    }
}
