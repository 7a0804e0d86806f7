//! What a fleet needs to run and this machine does not have: certificates for its sites, keys for its
//! session tickets. They are made for one run and never leave it.

mod certificates;
mod hosts;
mod tickets;

pub use certificates::{CLIENT, CertificateSpec, Origin, Pairs, authorities, revoked, self_signed, wanted};
pub use hosts::{address_of, hosts};
pub use tickets::{date_ring, ring};
