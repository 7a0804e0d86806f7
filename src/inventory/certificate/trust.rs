//! Whether a client can follow a file's certificates from the server's to a root that it trusts.

use std::collections::HashSet;
use std::path::Path;

use x509_parser::{asn1_rs::FromDer, certificate::X509Certificate};

use super::{
    Certificate, Problem, ProblemKind, Subject, file,
    pem::{Body, blocks},
};
use crate::diagnostic::Severity;

/// Where Debian and Fedora keep the root certificates that programs on this machine trust.
const BUNDLES: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// The names of the roots that programs on this machine trust.
#[derive(Debug, Default)]
pub struct Roots(HashSet<Vec<u8>>);

impl Roots {
    /// Those of this machine; none if it has no bundle of them.
    pub fn of_this_machine() -> Self {
        BUNDLES.iter().map(Path::new).find(|path| path.exists()).map(Self::read).unwrap_or_default()
    }

    /// The roots in the bundle at `path`. A bundle that cannot be read gives no roots and is not an
    /// error: not every machine has one.
    pub fn read(path: &Path) -> Self {
        let Ok(bytes) = file::read(path, Subject::Certificate) else { return Self::default() };
        let names = blocks(&bytes).into_iter().filter_map(|block| {
            let Body::Der(der) = block.body else { return None };
            let (_, certificate) = X509Certificate::from_der(&der).ok()?;
            Some(certificate.subject().as_raw().to_vec())
        });
        Self(names.collect())
    }
}

impl Certificate {
    /// The problems with the order and the completeness of the file. `roots` is called only if the
    /// answer depends on it.
    pub fn chain_problems<'r>(&self, roots: impl FnOnce() -> &'r Roots) -> Vec<Problem> {
        let problems = self.order_problem().into_iter().chain(self.stranger_problem());
        problems.chain(self.missing_problem(roots)).chain(self.self_signed_problem()).collect()
    }

    /// A certificate that no authority issued: clients trust it only if somebody has installed it on them.
    fn self_signed_problem(&self) -> Option<Problem> {
        if !self.leaf().is_self_issued() {
            return None;
        }
        let message =
            format!("the certificate in `{}` is self-signed: browsers show an error page", self.path.display());
        let help = "use one from an authority that clients trust; if every client has this one installed, ignore this";
        Some(
            Problem::new(ProblemKind::MissingIssuer, Subject::Certificate, message, help.to_owned())
                .with_severity(Severity::Info),
        )
    }

    fn order_problem(&self) -> Option<Problem> {
        let wrong = self.chain.path.iter().enumerate().find(|(place, n)| place != *n)?;
        let shown = self.path.display();
        let (place, right) = (wrong.0, wrong.1 + 1);
        let message = if place == 0 {
            format!("the chain in `{shown}` is out of order: the server's certificate is `{right}`, not `1`")
        } else {
            let (child, next) = (place, place + 1);
            format!(
                "the chain in `{shown}` is out of order: certificate `{child}` was issued by `{right}`, not `{next}`"
            )
        };
        let order: Vec<String> = self.chain.order().map(|n| (n + 1).to_string()).collect();
        let help = format!("put its certificates in this order: {}", order.join(", "));
        Some(Problem::new(ProblemKind::OutOfOrder, Subject::Certificate, message, help))
    }

    fn stranger_problem(&self) -> Option<Problem> {
        let first = self.chain.strangers.first().filter(|_| self.chain.is_ordered())?;
        let message = format!("{} did not issue any other certificate in the file", self.nth(*first));
        let help = "remove it, or use the chain that belongs to the server's certificate: clients cannot use this one";
        Some(Problem::new(ProblemKind::NotInChain, Subject::Certificate, message, help.to_owned()).mild())
    }

    /// A file with only the server's certificate is complete only if clients trust its issuer directly.
    /// A chain that ends at an intermediate may be complete, since roots are usually left out.
    fn missing_problem<'r>(&self, roots: impl FnOnce() -> &'r Roots) -> Option<Problem> {
        let leaf = self.leaf();
        if self.chain.path.len() > 1 || leaf.is_self_issued() || roots().0.contains(&leaf.issuer) {
            return None;
        }
        let shown = self.path.display();
        let fetch = "append the intermediate that the authority sent with it, or use the file with the full chain";
        let problem = |message, help: &str| {
            Problem::new(ProblemKind::MissingIssuer, Subject::Certificate, message, help.to_owned())
        };
        Some(if leaf.logged {
            problem(format!("the intermediate certificate is missing from `{shown}`"), fetch)
        } else if leaf.fetchable {
            let message = format!("the intermediate certificate is probably missing from `{shown}`");
            problem(message, fetch).with_severity(Severity::Warning)
        } else {
            let message = format!("`{shown}` holds only the server's certificate");
            let help = "nothing is missing if every client trusts the authority that issued it; \
                        otherwise append the intermediate";
            problem(message, help).with_severity(Severity::Info)
        })
    }
}
