//! Keys and signatures that Debian's OpenSSL (security level 2) refuses to load as too weak.

use super::{Certificate, Problem, ProblemKind, Subject};

impl Certificate {
    /// The problems with keys and signatures that are too weak.
    ///
    /// Seen with nginx 1.22.1: `ee key too small` for a server RSA key below 2048 bits, `ca md too
    /// weak` for a signature with SHA-1, also on an intermediate. SHA-1 is accepted on self-signed
    /// certificates, because nothing relies on that signature.
    pub fn strength_problems(&self) -> Vec<Problem> {
        let problem = |message, help: &str| {
            Problem::new(ProblemKind::UnusableCertificate, Subject::Certificate, message, help.to_owned())
        };
        let found = self.links.iter().enumerate().flat_map(|(n, link)| {
            let named = self.nth(n);
            let key = link.key.as_ref();
            let small = key.and_then(|key| key.rsa_bits()).filter(|bits| *bits < 2048).map(|bits| {
                let message = format!("{named} has an RSA key of `{bits}` bits");
                let help = "reissue it with an ECDSA P-256 or RSA 2048 key: nginx does not start with this one";
                problem(message, help)
            });
            let weak = link.weak_digest.filter(|_| !link.is_self_issued()).map(|digest| {
                let message = format!("{named} is signed with `{digest}`");
                problem(
                    message,
                    "have it reissued with SHA-256: nginx does not start with this one, and no client accepts it",
                )
            });
            let unknown = key.filter(|key| key.name() == "DSA").map(|_| {
                let message = format!("{named} has a `DSA` key");
                problem(message, "reissue it with an ECDSA P-256 key: no current client supports DSA")
            });
            small.into_iter().chain(weak).chain(unknown)
        });
        found.collect()
    }
}
