//! The one table of codes. A code is permanent: it is never renamed, reused or renumbered,
//! because people write it into pipelines and ignore lists.

use super::Severity::{self, Error, Info, Warning};
use super::nearest;

/// A permanent code with the word people type for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Two letters for the family, two digits.
    pub id: &'static str,
    /// The rule in words, kebab-case.
    pub slug: &'static str,
    /// How bad a finding of this code is, unless the finding says otherwise.
    pub severity: Severity,
    /// The rule in a sentence.
    pub summary: &'static str,
}

impl Code {
    /// The code with this id or slug, in any case.
    pub fn named(text: &str) -> Option<&'static Self> {
        let same = |code: &&&Self| code.id.eq_ignore_ascii_case(text) || code.slug.eq_ignore_ascii_case(text);
        CODES.iter().find(same).copied()
    }

    /// The id or slug that `text` most likely was meant to be.
    pub fn near(text: &str) -> Option<&'static str> {
        nearest(text, CODES.iter().flat_map(|code| [code.id, code.slug]))
    }
}

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
    /// The inventory is not there, not text, or too large.
    IN01 "unreadable-inventory" Error;
    /// The text is not one YAML document within bounds.
    IN02 "yaml-syntax" Error;
    /// A list where a mapping belongs, and the like.
    IN03 "wrong-type" Error;
    /// A key without which nothing can be rendered.
    IN04 "missing-key" Error;
    /// A character that could break out of the rendered syntax.
    IN05 "unsafe-value" Error;
    /// A value outside what the key takes.
    IN06 "invalid-value" Error;
    /// A name that nothing in the inventory bears.
    IN07 "unknown-reference" Error;
    /// A pool without a site, or an app server without a pool.
    IN08 "unused-entry" Error;
    /// Keys that exclude one another.
    IN09 "conflicting-keys" Error;
    /// A version older than the oldest that is proved.
    IN10 "unsupported-version" Error;
    /// A balancer and an app server without an address family in common.
    IN11 "no-common-family" Error;
    /// The same server_name, location or pool name twice.
    IN12 "duplicate-name" Error;
    /// A `sslscale:` comment, or a rule in `allow`, that can have no effect.
    IG01 "unknown-ignore" Warning;
    /// A `sslscale:` comment on a line without such a finding.
    IG02 "unused-ignore" Warning;
    /// An error that is ignored without a reason.
    IG03 "ignore-without-reason" Error;
    /// What the installed haproxy says to the rendered file.
    RP01 "haproxy-complains" Error;
    /// What the installed nginx says to the rendered file.
    RP02 "nginx-complains" Error;
    /// A plain scalar that YAML 1.1 and 1.2 read differently.
    AD01 "ambiguous-scalar" Warning;
    /// The same key twice in one mapping.
    AD02 "duplicate-key" Error;
    /// A key that does not exist.
    AD03 "unknown-key" Error;
    /// An IPv6 address with a port but without brackets.
    AD04 "unbracketed-ipv6-port" Error;
    /// Two hosts with one name or one address.
    AD05 "duplicate-backend" Error;
    /// Two sockets of one balancer with one address and port.
    AD06 "duplicate-bind" Error;
    /// An IPv6 socket that takes IPv4 as well, beside an IPv4 one.
    AD07 "v4v6-overlap" Error;
    /// An app server at a balancer's own address.
    AD08 "backend-is-self" Error;
    /// A bind to an address that the host does not have.
    AD09 "bind-not-local" Warning;
    /// A host name where nginx or haproxy would resolve once, at start.
    AD10 "hostname-backend" Error;
    /// A CIDR whose host bits are not zero.
    AD11 "host-bits-set" Error;
    /// An address that no host of a fleet should have.
    AD12 "special-purpose-address" Warning;
    /// A PROXY header to a listener that does not expect one.
    PX01 "lb-sends-app-does-not-expect" Error;
    /// A listener that waits for a PROXY header nobody sends.
    PX02 "app-expects-lb-does-not-send" Error;
    /// Sites that disagree on the options of the socket they share.
    PX03 "listen-option-conflict" Error;
    /// A listener on one address that takes the traffic of the wildcard's.
    PX04 "specific-listen-shadows-wildcard" Error;
    /// A balancer whose own address is not in the trusted list.
    PX05 "trusted-missing-lb" Error;
    /// A trusted list without the family that the balancers connect with.
    PX06 "trusted-wrong-family" Error;
    /// A trusted list that lets strangers set the client address.
    PX07 "trust-too-wide" Error;
    /// A trusted list without `real_ip_header`, or the other way round.
    PX08 "real-ip-half-configured" Error;
    /// The client address from a PROXY header on a listener that takes none.
    PX09 "real-ip-proxy-without-proxy-listener" Warning;
    /// A server's trusted list that silently replaces the outer one.
    PX10 "server-trust-replaces-http-trust" Error;
    /// Servers of one backend that are sent different PROXY headers.
    PX12 "proxy-options-inconsistent" Warning;
    /// A monitor that speaks plain HTTP to a port that takes PROXY headers.
    PX14 "probe-needs-plain-listener" Info;
    /// A certificate that has expired, is not valid yet, or expires soon.
    TL01 "cert-expired" Error;
    /// A private key that does not match its certificate.
    TL02 "cert-key-mismatch" Error;
    /// A `server_name` that the certificate does not cover.
    TL03 "cert-name-mismatch" Error;
    /// A certificate file whose chain is incomplete or out of order.
    TL04 "chain-broken" Error;
    /// A site without a certificate or key.
    TL05 "site-without-cert" Error;
    /// A certificate or key that nginx cannot load or that clients reject.
    TL06 "unusable-cert-or-key" Error;
    /// A cipher list with no cipher for the certificate's kind of key.
    TL07 "cipher-cert-mismatch" Error;
    /// A cipher that OpenSSL does not know.
    TL08 "bad-cipher-name" Error;
    /// TLS 1.3 support that depends on the default of the nginx version.
    TL09 "tls13-implicit" Warning;
    /// TLS 1.1 or older is allowed.
    TL10 "legacy-protocol" Error;
    /// HTTP/2 set for one site on a socket that several sites share.
    TL11 "per-site-http2" Warning;
    /// TLS versions set for one site on a socket that several sites share.
    TL12 "per-site-protocols" Error;
    /// A curve that the app server's OpenSSL does not support.
    TL13 "unsupported-curve" Error;
    /// OCSP stapling for a certificate that names no responder.
    TL14 "dead-stapling" Warning;
    /// A socket that answers unknown server names with a site's certificate.
    TL15 "no-reject-default" Warning;
    /// Client certificates asked for on a socket that other sites share.
    TL16 "mtls-shares-socket" Warning;
    /// A directive that the app server's version of nginx does not know.
    TL17 "directive-newer-than-target" Error;
    /// An RSA key where an ECDSA key does the same for a tenth of the work.
    TL18 "rsa-where-ecdsa-serves" Info;
    /// A certificate path that is not absolute, or not normalised.
    TL19 "relative-cert-path" Error;
    /// A certificate or key outside `/etc`.
    TL20 "cert-path-outside-etc" Info;
    /// The same file for a certificate and a key.
    TL21 "same-path-for-cert-and-key" Error;
    /// A certificate or wildcard of one pool that covers names of another pool.
    TL22 "wildcard-across-pools" Info;
    /// Several app servers that share no session ticket key.
    RS01 "no-shared-ticket-key" Warning;
    /// Session ticket keys that the default server of the socket lacks.
    RS02 "ticket-key-not-on-default" Error;
    /// A ticket key file that is not 48 or 80 bytes, or a session cache that is too small.
    RS03 "ticket-or-cache-size" Error;
    /// Ticket keys that have not been rotated for a day.
    RS04 "ticket-keys-stale" Warning;
    /// Health checks that only test whether the port is open.
    HP01 "l4-check-only" Warning;
    /// Health checks on a separate port, which send no PROXY header by default.
    HP02 "check-port-drops-proxy" Error;
    /// TLS health checks without a server name, which a rejecting default server refuses.
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
    /// Health checks that take too long to detect a dead app server.
    HP13 "slow-detection" Info;
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
    /// An admin socket that others than root can use.
    SE01 "admin-socket-open" Error;
    /// A balancer whose workers run as root.
    SE02 "lb-runs-as-root" Warning;
    /// A private key that others can read.
    SE03 "secret-file-mode" Error;
    /// A nested header that drops the outer ones.
    SE04 "header-inheritance" Warning;
    /// Key material in the inventory or in the repository beside it.
    SE05 "secret-in-inventory" Error;
    /// Raw configuration that no rule can see into.
    SE06 "raw-snippet" Info;
    /// A private key below a document root.
    SE07 "key-below-root" Error;
    /// The PROXY protocol turned on or off on a port in use.
    DP01 "proxy-flip-not-atomic" Error;
    /// Files on hosts that are not what was deployed.
    DP02 "fleet-drift" Error;
    /// HTTP-01 challenges that reach the wrong app server.
    DP03 "acme-http01-under-roundrobin" Warning;
    /// A batch that empties a pool.
    DP04 "unsafe-rollout" Error;
    /// A file that sslscale does not own for the same port or name.
    DP05 "unmanaged-conflict" Error;
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
