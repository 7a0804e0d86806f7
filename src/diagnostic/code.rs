//! The one table of codes. A code is permanent: it is never renamed, reused or renumbered,
//! because people write it into pipelines and ignore lists.

use super::Severity::{self, Error};

/// A permanent code with the word people type for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Two letters for the family, two digits.
    pub id: &'static str,
    /// The rule in words, kebab-case.
    pub slug: &'static str,
    /// How bad a finding of this code is.
    pub severity: Severity,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $id:ident $slug:literal $severity:ident;)+) => {
        impl Code {
            $($(#[doc = $doc])+ pub const $id: &'static Code =
                &Code { id: stringify!($id), slug: $slug, severity: $severity };)+
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
    /// The same key twice in one mapping.
    AD02 "duplicate-key" Error;
    /// A key that does not exist.
    AD03 "unknown-key" Error;
    /// An IPv6 address with a port but without brackets.
    AD04 "unbracketed-ipv6-port" Error;
    /// Two hosts with one name or one address.
    AD05 "duplicate-backend" Error;
    /// An app server at a balancer's own address.
    AD08 "backend-is-self" Error;
    /// A host name where nginx or haproxy would resolve once, at start.
    AD10 "hostname-backend" Error;
    /// A CIDR whose host bits are not zero.
    AD11 "host-bits-set" Error;
    /// An address that no host of a fleet can have.
    AD12 "special-purpose-address" Error;
    /// A balancer whose own address is not in the trusted list.
    PX05 "trusted-missing-lb" Error;
    /// A trusted list without the family that the balancers connect with.
    PX06 "trusted-wrong-family" Error;
    /// A trusted list that lets strangers set the client address.
    PX07 "trust-too-wide" Error;
    /// A certificate outside its validity period.
    TL01 "cert-expired" Error;
    /// A key that does not belong to the certificate.
    TL02 "cert-key-mismatch" Error;
    /// A server_name that the certificate does not cover.
    TL03 "cert-name-mismatch" Error;
    /// A site without a certificate or key.
    TL05 "site-without-cert" Error;
    /// A certificate or key that nginx cannot load.
    TL06 "unusable-cert-or-key" Error;
    /// A certificate path that is not absolute and normalised.
    TL19 "relative-cert-path" Error;
    /// One path for the certificate and its key.
    TL21 "same-path-for-cert-and-key" Error;
    /// A duration that is not one, or outside its range.
    HP08 "timeout-invalid" Error;
    /// A duration without a unit.
    HP09 "timeout-unit" Error;
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
