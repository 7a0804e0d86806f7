//! Whether a certificate is one that a server may show, by what it says of its own use.

use super::{Certificate, Problem, ProblemKind, Subject};

impl Certificate {
    /// The problems with what the server's own certificate is for.
    ///
    /// Seen: nginx 1.22.1 loads both kinds and serves them. For a certificate without `serverAuth`
    /// OpenSSL's clients say `unsupported certificate purpose`, rustls says `InvalidPurpose`. An
    /// authority's own certificate is refused by rustls as `CaUsedAsEndEntity`; a self-signed one
    /// is none that clients get to judge.
    pub fn usage_problems(&self) -> Vec<Problem> {
        let leaf = self.leaf();
        let named = self.nth(self.chain.path[0]);
        let problem = |message, help: &str| {
            Problem::new(ProblemKind::UnusableCertificate, Subject::Certificate, message, help.to_owned())
        };
        let stranger = (!leaf.for_servers).then(|| {
            let help = "reissue it with `serverAuth` among its extended key usages: clients refuse it as it is";
            problem(format!("{named} is not for servers"), help)
        });
        let authority = (leaf.authority && !leaf.is_self_issued()).then(|| {
            let help = "name a server's own certificate, above those that vouch for it";
            problem(format!("{named} is an authority's"), help)
        });
        stranger.into_iter().chain(authority).collect()
    }

    /// The kind of the server's own key, of which OpenSSL keeps one certificate each: `RSA`, `EC`.
    pub fn key_kind(&self) -> Option<&'static str> {
        self.leaf().key.as_ref().map(super::key::PublicKey::kind)
    }
}
