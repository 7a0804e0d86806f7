//! Certificates of clients.

use super::Site;
use crate::inventory::types::{AbsolutePath, VerifyClient};

/// The status of an answer to a client without a certificate that needs one.
pub const NO_CERTIFICATE: u16 = 400;

/// What nginx verifies certificates of clients with.
#[derive(Debug, Clone)]
pub struct ClientCertificates {
    /// The authorities that sign them, as a path on the app servers.
    pub authorities: AbsolutePath,
    /// Which clients need one.
    pub verify: VerifyClient,
    /// What is revoked, as a path on the app servers.
    pub revoked: Option<AbsolutePath>,
}

impl Site {
    /// Whether clients without a certificate get no answer.
    pub fn needs_certificate(&self) -> bool {
        self.client_certificates.as_ref().is_some_and(|it| it.verify == VerifyClient::On)
    }
}
