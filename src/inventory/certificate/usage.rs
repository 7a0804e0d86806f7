//! Whether a certificate is one that a server may show, by what it says of its own use.

use super::{Certificate, Problem, ProblemKind, Subject};

impl Certificate {
    /// The problems with what the server's own certificate is for.
    ///
    /// Seen: nginx 1.22.1 loads and serves all of these. Without `serverAuth`, also where any use
    /// is allowed, OpenSSL 3.0 says `unsuitable certificate purpose`, and webpki 0.103 refuses it
    /// too. An authority's own certificate passes with OpenSSL; webpki says `CaUsedAsEndEntity`. One
    /// that is self-signed is trusted as it is, or not at all. An EC key that may not sign fails
    /// every handshake of TLS 1.2, a key that may neither sign nor encipher every client's check.
    pub fn usage_problems(&self) -> Vec<Problem> {
        let leaf = self.leaf();
        let named = self.nth(self.chain.path[0]);
        let problem = |what: &str, help: &str| {
            let message = format!("{named} {what}");
            Problem::new(ProblemKind::UnusableCertificate, Subject::Certificate, message, help.to_owned())
        };
        let stranger = (!leaf.for_servers).then(|| {
            let help = "reissue it with `serverAuth` among its extended key usages: clients refuse it as it is";
            problem("is not for servers", help)
        });
        let authority = (leaf.authority && !leaf.is_self_issued()).then(|| {
            let help = "name a server's own certificate, and put this one behind it if it issued that";
            problem("is an authority's", help)
        });
        let idle = (!leaf.signs).then(|| {
            let help = "reissue it with `digitalSignature` among its key usages: handshakes need it";
            problem("has a key that may not sign", help)
        });
        [stranger, authority, idle].into_iter().flatten().collect()
    }

    /// The kind of the server's own key, of which OpenSSL keeps one certificate each: `RSA`, `EC`.
    pub fn key_kind(&self) -> Option<&'static str> {
        self.leaf().kind
    }
}
