//! The request headers that only a proxy may set. Apps believe them, so what a client sends must not
//! arrive. nginx cannot clear headers by their prefix: rendering and try-outs use these lists.

/// Set by nginx to what it knows itself.
pub const SET: &[&str] = &["X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port"];

/// Removed: where a request comes from, and how it arrived.
pub const ORIGIN: &[&str] = &[
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "Client-IP",
    "Fastly-Client-IP",
    "Fly-Client-IP",
    "Forwarded",
    "Forwarded-For",
    "Front-End-Https",
    "Proxy",
    "Proxy-Client-IP",
    "True-Client-IP",
    "WL-Proxy-Client-IP",
    "X-Appengine-User-IP",
    "X-Azure-ClientIP",
    "X-Azure-SocketIP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Envoy-External-Address",
    "X-Forwarded",
    "X-Forwarded-By",
    "X-Forwarded-Method",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "X-Forwarded-Protocol",
    "X-Forwarded-Scheme",
    "X-Forwarded-Server",
    "X-Forwarded-Ssl",
    "X-Forwarded-Uri",
    "X-Original-Forwarded-For",
    "X-Original-Host",
    "X-Original-Method",
    "X-Original-URI",
    "X-Original-URL",
    "X-Originating-IP",
    "X-Remote-Addr",
    "X-Remote-IP",
    "X-Rewrite-URL",
    "X-Scheme",
    "X-Script-Name",
    "X-Url-Scheme",
];

/// Removed: who the client is, as a proxy that signs users in or checks their certificates says it.
pub const IDENTITY: &[&str] = &[
    "Client-Cert",
    "Client-Cert-Chain",
    "Remote-Email",
    "Remote-Groups",
    "Remote-Name",
    "Remote-User",
    "Ssl-Client-Cert",
    "Ssl-Client-Issuer-Dn",
    "Ssl-Client-Subject-Dn",
    "Ssl-Client-Verify",
    "X-Auth-Request-Access-Token",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Auth-Request-Preferred-Username",
    "X-Auth-Request-User",
    "X-Client-Cert",
    "X-Client-Dn",
    "X-Client-Verify",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Forwarded-User",
    "X-Remote-Group",
    "X-Remote-Groups",
    "X-Remote-User",
    "X-SSL-Cert",
    "X-SSL-Client-CN",
    "X-SSL-Client-Cert",
    "X-SSL-Client-DN",
    "X-SSL-Client-I-DN",
    "X-SSL-Client-Issuer",
    "X-SSL-Client-S-DN",
    "X-SSL-Client-SHA1",
    "X-SSL-Client-Serial",
    "X-SSL-Client-Subject",
    "X-SSL-Client-Verify",
    "X-WebAuth-User",
];

/// Every header that nginx removes from requests before an app gets them.
pub fn removed() -> impl Iterator<Item = &'static str> {
    ORIGIN.iter().chain(IDENTITY).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_header_is_listed_once_and_fits_into_a_bucket_of_nginx() {
        let all: Vec<String> = removed().chain(SET.iter().copied()).map(str::to_lowercase).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        // nginx has 64 bytes for a header that is set or removed, less 16 for pointers and 2 for the length.
        assert!(
            all.iter().all(|name| name.len() <= 46 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        );
    }
}
