//! The form of a key's value, in the table of keys, and the bounds that `validate` and the JSON Schema
//! share.

use super::types::{Duration, Version};

/// From one second to the longest that haproxy takes.
pub const TIMEOUT: [Duration; 2] = [Duration::seconds(1), Duration::LONGEST];
/// What nobody waits for longer than an hour.
pub const SHORT: [Duration; 2] = [Duration::seconds(1), Duration::minutes(60)];
/// The time between two health checks.
pub const BETWEEN_CHECKS: [Duration; 2] = [Duration::milliseconds_of(100), SHORT[1]];
/// nginx: usually not more than 75 seconds, after which the kernel gives up.
pub const UPSTREAM_CONNECT: [Duration; 2] = [Duration::seconds(1), Duration::seconds(75)];
/// Ten years: browsers do not know more, and a larger value is a mistake.
pub const MAX_AGE: [Duration; 2] = [Duration::seconds(0), Duration::minutes(60 * 24 * 3650)];
/// The shortest `max_age` that the list that is built into browsers takes.
pub const PRELOAD: Duration = Duration::minutes(60 * 24 * 365);
/// What a login shell allows at least, and the kernel at most.
pub const NOFILE: [u64; 2] = [1024, 1_048_576];
/// The oldest versions that rendered files are tested with: those of Debian bullseye.
pub const OLDEST_HAPROXY: Version = Version(2, 2, 0);
/// The same for nginx.
pub const OLDEST_NGINX: Version = Version(1, 18, 0);
/// Every port.
pub const PORT: Scalar = Scalar::Whole(1, 65_535);
/// A list as long as an inventory can be.
pub const MANY: usize = usize::MAX;

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A section.
    OneSection,
    /// A list with at least so many sections.
    Sections(usize),
    /// A single value.
    One(Scalar),
    /// A single value, or a list with at least one and at most so many.
    OneOrMany(Scalar, usize),
    /// A list with at least and at most so many values.
    Many(Scalar, usize, usize),
}

/// What a single value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// A whole number between two others.
    Whole(u64, u64),
    /// `true` or `false`.
    Switch,
    /// One of these words or numbers.
    Choice(&'static [&'static str]),
    /// A duration between two others.
    Duration([Duration; 2]),
    /// The same, in whole seconds.
    WholeSeconds([Duration; 2]),
    /// A version from this one on.
    ProgramVersion(Version),
    /// A port on which nginx takes TLS connections.
    NginxPort,
    /// The code or the name of a rule.
    Rule,
    /// A name that a health check asks for.
    CheckHost,
    /// A URL that ends after its host.
    RedirectHost,
    /// A name of OpenSSL.
    OpensslName,
    /// A name of a site.
    DnsName,
    /// A network or an address.
    Network,
    // The others are the types of these names in `types`.
    AbsolutePath,
    AccessLog,
    AccountThumbprint,
    Address,
    AppSocket,
    Authorities,
    Body,
    BufferSize,
    CheckPath,
    Directory,
    GrpcUpstream,
    HeaderName,
    HostKey,
    HostName,
    HttpUpstream,
    JumpHosts,
    LocalPath,
    LocationPath,
    LogTarget,
    MediaType,
    OpensslVersion,
    PoolName,
    Rate,
    RedirectUrl,
    Resolver,
    ServerAddress,
    ServerSocket,
    Size,
    SourcePath,
    SshHost,
    SshUser,
    Statuses,
    UpgradeProtocol,
    UpstreamName,
}

/// The words in which the table of keys says what a key takes.
pub mod words {
    pub use super::Form::{Many, One, OneOrMany, OneSection, Sections};
    pub use super::Scalar::{
        AbsolutePath, AccessLog, AccountThumbprint, Address, AppSocket, Authorities, Body, BufferSize, CheckHost,
        CheckPath, Choice, Directory, DnsName, Duration, GrpcUpstream, HeaderName, HostKey, HostName, HttpUpstream,
        JumpHosts, LocalPath, LocationPath, LogTarget, MediaType, Network, NginxPort, OpensslName, OpensslVersion,
        PoolName, ProgramVersion, Rate, RedirectHost, RedirectUrl, Resolver, Rule, ServerAddress, ServerSocket, Size,
        SourcePath, SshHost, SshUser, Statuses, Switch, UpgradeProtocol, UpstreamName, Whole, WholeSeconds,
    };
    pub use super::{
        BETWEEN_CHECKS, MANY, MAX_AGE, OLDEST_HAPROXY, OLDEST_NGINX, PORT, SHORT, TIMEOUT, UPSTREAM_CONNECT,
    };
    pub use crate::inventory::types::{
        Balance, Become, CheckType, FailOn, LocationMatch, LogFormat, OnMarkedDown, OtherCheck, ProxyProtocol,
        RedirectCode, Takes, Tickets, TlsProfile, TlsVersion, UnknownNames, UpstreamBalance, VerifyClient,
    };
}
