//! The keys of `other_pools`.

use crate::inventory::schema::section;

section! {
    /// Servers that are not app servers, such as a mail server or a VPN, to which the balancers pass connections as they are. What goes to them is never looked at by nginx.
    RawOtherPool at "other_pools[]" {
        /// The pool's name, which is also its backend's name in haproxy.
        name: "name, required" is One(PoolName),
        /// TLS names whose connections go to these servers; `*.example.com` means every name below `example.com`. No site may have the same name.
        server_name: "DNS name or list; default: none" is OneOrMany(DnsName, MANY),
        /// What else goes to them. `not_tls` is connections that do not begin with a TLS handshake: a client that waits for the server to speak first, as mail clients do, waits for `client_hello` of `haproxy.timeouts`. `unknown_names` is TLS connections without a TLS name, or with one that nothing else has.
        takes: "list of `not_tls` and `unknown_names`; default: neither" is Many(Choice(Takes::NAMES), 1, 2),
        /// Where its servers listen, as seen from the balancers: an address of `127.0.0.0/8` is each balancer's own. They share connections as `balance` in `haproxy` says.
        servers: "list of `address:port`, required" is Many(ServerSocket, 1, MANY),
        /// Servers that get connections only while all of `servers` are down; several then share them.
        backup: "list of `address:port`; default: none" is Many(ServerSocket, 1, MANY),
        /// The PROXY header with which the servers are told the client's address; `off` sends none.
        send_proxy: "`v1`, `v2` or `off`; default `off`" is One(Choice(ProxyProtocol::NAMES)),
        /// What health checks do: connect, or complete a TLS handshake. How often they do it is as in `haproxy.check`.
        check: "`tcp` or `tls`; default `tcp`" is One(Choice(OtherCheck::NAMES)),
        /// How long a connection may be silent, instead of `client` and `server` of `haproxy.timeouts`.
        timeout_tunnel: "duration; default: the shorter of `client` and `server`" is One(Duration(TIMEOUT)),
    }
}
