//! Whether a server may use a certificate, according to the certificate's key usages.

use super::{Certificate, Problem, ProblemKind, Subject};

impl Certificate {
    /// The problems with the permitted uses of the server's certificate.
    ///
    /// Seen: nginx 1.22.1 loads and serves all of these. Without `serverAuth`, even if any use is
    /// allowed, OpenSSL 3.0 says `unsuitable certificate purpose`, and webpki 0.103 rejects it too.
    /// OpenSSL accepts an authority's own certificate; webpki says `CaUsedAsEndEntity`. A self-signed
    /// one is trusted as it is, or not at all. An EC key that may not sign fails every TLS 1.2
    /// handshake; a key that may neither sign nor encipher fails the check of every client.
    pub fn usage_problems(&self) -> Vec<Problem> {
        let leaf = self.leaf();
        let named = self.nth(self.chain.path[0]);
        let problem = |what: &str, help: &str| {
            let message = format!("{named} {what}");
            Problem::new(ProblemKind::UnusableCertificate, Subject::Certificate, message, help.to_owned())
        };
        let stranger = (!leaf.for_servers).then(|| {
            let help = "reissue it with `serverAuth` in its extended key usages: otherwise clients reject it";
            problem("is not valid for servers", help)
        });
        let authority = (leaf.authority && !leaf.is_self_issued()).then(|| {
            let help = "use the server's certificate, followed by this one if this one issued it";
            problem("belongs to a certificate authority, not to a server", help)
        });
        let idle = (!leaf.signs).then(|| {
            let help = "reissue it with `digitalSignature` in its key usages: handshakes need it";
            problem("has a key that must not be used for signatures", help)
        });
        let stapled = leaf.must_staple.then(|| {
            let help =
                "reissue it without must-staple: nothing here staples OCSP responses, and Firefox rejects it then";
            problem("requires a stapled OCSP response (must-staple)", help)
        });
        [stranger, authority, idle, stapled].into_iter().flatten().collect()
    }

    /// The kind of the server's key, such as `RSA` or `EC`; OpenSSL keeps one certificate for each.
    pub fn key_kind(&self) -> Option<&'static str> {
        self.leaf().kind
    }
}
