//! The table of codes. A code is permanent: it is never renamed, reused or renumbered, because
//! people write it into pipelines and ignore lists.

use super::Severity::{self, Error, Info, Warning};
use super::nearest;

/// A permanent code and its slug.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Two letters for the family, two digits.
    pub id: &'static str,
    /// A name for the rule, in kebab-case.
    pub slug: &'static str,
    /// The severity of findings with this code, unless a finding sets its own.
    pub severity: Severity,
    /// One sentence about what is found.
    pub summary: &'static str,
}

impl Code {
    /// The code with this id or slug, in any case.
    pub fn named(text: &str) -> Option<&'static Self> {
        let same = |code: &&&Self| code.id.eq_ignore_ascii_case(text) || code.slug.eq_ignore_ascii_case(text);
        CODES.iter().find(same).copied()
    }

    /// The id or slug that is most similar to `text`, if one is close.
    pub fn near(text: &str) -> Option<&'static str> {
        nearest(text, CODES.iter().flat_map(|code| [code.id, code.slug]))
    }
}

/// Codes of rules that were removed. No other rule gets them.
pub const WITHDRAWN: &[&str] = &["HP04", "PX11", "PX13"];

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $id:ident $slug:literal $severity:ident;)+) => {
        impl Code {
            $($(#[doc = $doc])+ pub const $id: &'static Code =
                &Code { id: stringify!($id), slug: $slug, severity: $severity, summary: concat!($($doc),+) };)+
        }
        /// Every code, in the order of the table.
        pub const CODES: &[&Code] = &[$(Code::$id),+];
    };
}

codes! {
    /// The inventory is missing, not text, or too large.
    IN01 "unreadable-inventory" Error;
    /// The text is not one YAML document, or has too much nesting or too many aliases.
    IN02 "yaml-syntax" Error;
    /// A value of the wrong type, such as a list where a mapping is expected.
    IN03 "wrong-type" Error;
    /// A required key is missing.
    IN04 "missing-key" Error;
    /// A character that would change the syntax of the rendered files.
    IN05 "unsafe-value" Error;
    /// A value that its key does not accept.
    IN06 "invalid-value" Error;
    /// A name that is not in the inventory.
    IN07 "unknown-reference" Error;
    /// A pool that serves no site, or an app server that is in no pool.
    IN08 "unused-entry" Error;
    /// Keys that contradict each other.
    IN09 "conflicting-keys" Error;
    /// A version older than the oldest supported one.
    IN10 "unsupported-version" Error;
    /// A balancer and an app server without a common address family.
    IN11 "no-common-family" Error;
    /// The same server_name, location or pool name twice.
    IN12 "duplicate-name" Error;
    /// A file in `include` that cannot be read, or whose text is not what belongs there.
    IN13 "unusable-include" Error;
    /// A `sslscale:` comment, or an entry of `allow`, that has no effect.
    IG01 "unknown-ignore" Warning;
    /// A `sslscale:` comment that ignores nothing on its line.
    IG02 "unused-ignore" Warning;
    /// A comment that ignores an error without a reason.
    IG03 "ignore-without-reason" Error;
    /// A message of the installed haproxy about a rendered file.
    RP01 "haproxy-complains" Error;
    /// A message of the installed nginx about a rendered file.
    RP02 "nginx-complains" Error;
    /// An unquoted scalar that YAML 1.1 and 1.2 read differently.
    AD01 "ambiguous-scalar" Warning;
    /// The same key twice in one mapping.
    AD02 "duplicate-key" Error;
    /// A key that does not exist.
    AD03 "unknown-key" Error;
    /// An IPv6 address with a port but without brackets.
    AD04 "unbracketed-ipv6-port" Error;
    /// Two hosts with the same name or address.
    AD05 "duplicate-backend" Error;
    /// Two sockets of one balancer with the same address and port.
    AD06 "duplicate-bind" Error;
    /// An IPv6 socket that also accepts IPv4, next to an IPv4 socket.
    AD07 "v4v6-overlap" Error;
    /// An app server with a balancer's address, and a port that both listen on.
    AD08 "backend-is-self" Error;
    /// An address that the host does not have.
    AD09 "bind-not-local" Warning;
    /// A host name that haproxy or nginx would resolve only once, at start.
    AD10 "hostname-backend" Error;
    /// A CIDR whose host bits are not zero.
    AD11 "host-bits-set" Error;
    /// An address that no host of a fleet should have.
    AD12 "special-purpose-address" Warning;
    /// A server's name that nginx resolves only when it starts.
    AD13 "name-resolved-once" Warning;
    /// `bind` has an address that is neither the balancer's own nor a virtual one, or lacks a virtual one.
    AD14 "bind-of-other-addresses" Warning;
    /// A PROXY header sent to a listener that does not expect one.
    PX01 "lb-sends-app-does-not-expect" Error;
    /// A listener that waits for a PROXY header that no balancer sends.
    PX02 "app-expects-lb-does-not-send" Error;
    /// Sites with different options for the socket that they share.
    PX03 "listen-option-conflict" Error;
    /// A listener on one address that takes the traffic of the wildcard listener.
    PX04 "specific-listen-shadows-wildcard" Error;
    /// A balancer whose own address is not in `trusted_proxies`.
    PX05 "trusted-missing-lb" Error;
    /// A `trusted_proxies` list without an address family that balancers connect over.
    PX06 "trusted-wrong-family" Error;
    /// A `trusted_proxies` list that lets strangers set the client address.
    PX07 "trust-too-wide" Error;
    /// A list of trusted addresses without `real_ip_header`, or the other way round.
    PX08 "real-ip-half-configured" Error;
    /// The client address taken from a PROXY header on a listener that accepts none.
    PX09 "real-ip-proxy-without-proxy-listener" Warning;
    /// A server block's list of trusted addresses that silently replaces the list outside it.
    PX10 "server-trust-replaces-http-trust" Error;
    /// Servers of one balancer that are sent different PROXY headers.
    PX12 "proxy-options-inconsistent" Warning;
    /// A monitor that sends plain HTTP to a port that requires a PROXY header.
    PX14 "probe-needs-plain-listener" Info;
    /// Apps or logs that get a balancer's address instead of the client's.
    PX15 "client-address-hidden" Warning;
    /// Networks of clients where nginx knows only the balancers' addresses.
    PX16 "client-networks-without-clients" Error;
    /// Hosts of the fleet from which balancers wait for PROXY headers.
    PX17 "header-from-hosts" Warning;
    /// What is before the balancers, or a CDN, among those who may not connect.
    PX18 "proxies-refused" Warning;
    /// A balancer whose kernel connects from an address that app servers do not believe.
    PX19 "other-source-address" Error;
    /// A certificate that has expired, is not valid yet, or expires soon.
    TL01 "cert-expired" Error;
    /// A private key that does not match its certificate.
    TL02 "cert-key-mismatch" Error;
    /// A `server_name` that the certificate does not cover.
    TL03 "cert-name-mismatch" Error;
    /// A certificate file whose chain is incomplete or out of order.
    TL04 "chain-broken" Error;
    /// A site without a certificate or private key.
    TL05 "site-without-cert" Error;
    /// A certificate or private key that nginx cannot load or that clients reject.
    TL06 "unusable-cert-or-key" Error;
    /// A cipher list with no cipher for the certificate's kind of key.
    TL07 "cipher-cert-mismatch" Error;
    /// A cipher that OpenSSL does not support.
    TL08 "bad-cipher-name" Error;
    /// TLS 1.3 support that depends on the default of the nginx version.
    TL09 "tls13-implicit" Warning;
    /// TLS 1.1 or older is allowed.
    TL10 "legacy-protocol" Error;
    /// HTTP/2 set for one site on a socket that several sites share.
    TL11 "per-site-http2" Warning;
    /// TLS versions set for one site on a socket that several sites share.
    TL12 "per-site-protocols" Error;
    /// A group in `ssl_ecdh_curve` that the app server's OpenSSL does not support.
    TL13 "unsupported-curve" Error;
    /// OCSP stapling for a certificate that names no responder.
    TL14 "dead-stapling" Warning;
    /// A socket that answers unknown TLS names with a site's certificate.
    TL15 "no-reject-default" Warning;
    /// Client certificates asked for on a socket that other sites share.
    TL16 "mtls-shares-socket" Warning;
    /// A directive that the app server's version of nginx does not support.
    TL17 "directive-newer-than-target" Error;
    /// An RSA key where an ECDSA key does the same for a tenth of the work.
    TL18 "rsa-where-ecdsa-serves" Info;
    /// A certificate path that is not absolute, or not normalised.
    TL19 "relative-cert-path" Error;
    /// A certificate or private key outside `/etc`.
    TL20 "cert-path-outside-etc" Info;
    /// The same file for a certificate and a private key.
    TL21 "same-path-for-cert-and-key" Warning;
    /// A certificate or wildcard of one pool that covers names of another pool.
    TL22 "wildcard-across-pools" Info;
    /// HTTP/2 with only ciphers that HTTP/2 forbids.
    TL23 "http2-forbids-ciphers" Error;
    /// A list of ciphers or groups of which browsers have none.
    TL24 "no-browser-cipher-or-group" Warning;
    /// A site whose certificates have no key that browsers accept.
    TL25 "no-browser-key" Warning;
    /// TLS to an upstream whose certificate is not verified.
    TL26 "upstream-not-verified" Warning;
    /// A list of groups without the curve that keys of client certificates are on.
    TL27 "client-key-curve" Warning;
    /// Several app servers that share no session ticket key.
    RS01 "no-shared-ticket-key" Warning;
    /// Session ticket keys that the default server of the socket lacks.
    RS02 "ticket-key-not-on-default" Error;
    /// A ticket key file that is not 48 or 80 bytes, or a session cache that is too small.
    RS03 "ticket-or-cache-size" Error;
    /// Ticket keys that have not been rotated for two days.
    RS04 "ticket-keys-stale" Warning;
    /// Health checks that only test whether the port is open.
    HP01 "l4-check-only" Warning;
    /// Health checks on a separate port, which send no PROXY header by default.
    HP02 "check-port-drops-proxy" Error;
    /// TLS health checks without a TLS name (SNI): the default server may reject them.
    HP03 "check-ssl-without-sni" Error;
    /// Health checks in a protocol that the app server does not speak on that port.
    HP05 "wrong-check-type" Warning;
    /// App servers without health checks.
    HP06 "no-check" Error;
    /// Failed connections that are retried only on the same app server.
    HP07 "no-redispatch" Warning;
    /// A duration that cannot be read or is out of range.
    HP08 "timeout-invalid" Error;
    /// A duration without a unit.
    HP09 "timeout-unit" Error;
    /// A balancer that closes idle connections before nginx does.
    HP10 "idle-below-keepalive" Warning;
    /// A frontend and a backend with different modes.
    HP11 "mode-mismatch" Error;
    /// A pool whose app servers are all backups or have weight 0.
    HP12 "no-active-server" Error;
    /// Health checks that take too long to detect a dead app server, or one that is back.
    HP13 "slow-detection" Info;
    /// A timeout that a shorter timeout of another program keeps from taking effect.
    HP14 "timeout-without-effect" Warning;
    /// An HTTP check that no app server of a pool can pass.
    HP15 "check-cannot-pass" Error;
    /// `balance: first` without a limit that would send connections further.
    HP16 "first-without-maxconn" Warning;
    /// One failed check that closes all open connections of an app server.
    HP17 "one-check-closes-connections" Info;
    /// Replaced workers that end before silent connections do, or that live on for days.
    HP18 "replaced-workers" Info;
    /// `slowstart` or `keepalive_time` where it has no effect.
    HP19 "spreading-without-effect" Warning;
    /// A server that speaks first, where the balancer waits for the client.
    HP20 "server-speaks-first" Warning;
    /// A `maxconn` that needs more file descriptors than the host allows.
    CP01 "maxconn-exceeds-nofile" Error;
    /// A frontend `maxconn` above that of the haproxy process.
    CP02 "frontend-maxconn-over-global" Warning;
    /// More connections to one app server than a balancer has source ports.
    CP03 "source-port-exhaustion" Error;
    /// More nginx worker connections than file descriptors.
    CP04 "worker-connections-over-nofile" Warning;
    /// Balancers that accept more connections than the app servers take.
    CP05 "fleet-capacity" Warning;
    /// A pool with one app server.
    CP06 "single-app-server" Warning;
    /// A fleet with one balancer.
    CP07 "single-balancer" Info;
    /// A `client_max_body_size` of less than a kilobyte.
    CP08 "tiny-body-limit" Warning;
    /// A limit on connections that ordinary clients exceed.
    CP09 "limit-below-clients" Warning;
    /// A `path` and a path in `proxy_pass` that do not fit together.
    LO01 "glued-request-path" Warning;
    /// A location with files that answers 404 to every request.
    LO02 "always-not-found" Warning;
    /// A redirect that leads back to itself.
    LO03 "redirect-loop" Error;
    /// A `root` that ends with the path of its location.
    LO04 "root-repeats-path" Warning;
    /// A fallback script in a location that does not run it.
    LO05 "fallback-not-run" Error;
    /// An admin socket that users other than root can use.
    SE01 "admin-socket-open" Error;
    /// A balancer whose haproxy runs as root.
    SE02 "lb-runs-as-root" Warning;
    /// A private key that other users can read.
    SE03 "secret-file-mode" Error;
    /// A header in a location that drops the outer ones.
    SE04 "header-inheritance" Warning;
    /// Key material in the inventory or in its git repository.
    SE05 "secret-in-inventory" Error;
    /// Raw configuration that no rule can check.
    SE06 "raw-snippet" Info;
    /// A private key below a document root.
    SE07 "key-below-root" Error;
    /// PHP that gets every request below a path.
    SE08 "php-without-fallback" Warning;
    /// A `listen` or `bind` in your own text, on a port of the fleet.
    SN01 "include-listens" Error;
    /// A line of your own text that changes whose address nginx takes for the client's.
    SN02 "include-trusts" Error;
    /// A line of your own text for which the inventory has a key.
    SN03 "include-replaces-key" Warning;
    /// A line of your own text that changes what apps are told about clients.
    SN04 "include-request-headers" Warning;
    /// A line of your own text that lets others use haproxy's process.
    SN05 "include-privileges" Error;
    /// The PROXY protocol turned on or off at a port in use, or a port moved without all balancers.
    DP01 "proxy-flip-not-atomic" Error;
    /// Files on hosts that differ from what was deployed.
    DP02 "fleet-drift" Error;
    /// HTTP-01 challenges that reach the wrong app server.
    DP03 "acme-http01-under-roundrobin" Warning;
    /// A deploy that restarts the only host that serves.
    DP04 "unsafe-rollout" Error;
    /// A program or file that sslscale does not manage, on the port of a rendered file.
    DP05 "unmanaged-conflict" Error;
    /// HTTP-01 challenges at balancers that do not listen on port 80.
    DP06 "challenge-port" Info;
    /// A socket or document root where nginx's workers may not get at it.
    DP07 "private-directory" Info;
    /// A program of a host that is older than the version that is rendered for.
    DP08 "older-program" Warning;
    /// HTTP-01 challenges at balancers that take connections from some networks only.
    DP09 "challenges-refused" Warning;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_slugs_are_unique() {
        let mut ids: Vec<_> = CODES.iter().flat_map(|c| [c.id, c.slug]).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
