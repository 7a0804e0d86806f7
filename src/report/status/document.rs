//! The JSON document of `status`.

use serde::Serialize;

use super::{CertificateStatus, HostStatus, Named, Seen};
use crate::deploy::{HeldLease, OldWorker, Role, Server, Space};

#[derive(Serialize)]
pub(super) struct Document<'d> {
    pub(super) version: u32,
    /// Whether there is no problem.
    pub(super) sound: bool,
    pub(super) hosts: Vec<HostDocument<'d>>,
    pub(super) problems: Vec<ProblemDocument<'d>>,
}

#[derive(Serialize)]
pub(super) struct HostDocument<'d> {
    name: &'d str,
    role: &'static str,
    reachable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'d str>,
    /// Whether the service starts at a boot, as systemd says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<&'d str>,
    /// The revision that the configuration on the host has.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_disk: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<ReleaseDocument<'d>>,
    /// The deploy that has the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<LeaseDocument<'d>>,
    old_workers: &'d [OldWorker],
    /// Files that differ from what is rendered.
    differing: Vec<&'d str>,
    servers: Vec<ServerDocument<'d>>,
    certificates: &'d [CertificateStatus],
    space: &'d [Space],
}

#[derive(Serialize)]
struct ReleaseDocument<'d> {
    id: &'d str,
    /// When it was deployed, in seconds since 1970.
    time: u64,
}

#[derive(Serialize)]
struct LeaseDocument<'d> {
    id: &'d str,
    holder: &'d str,
    since_seconds: u64,
    active_seconds: u64,
}

#[derive(Serialize)]
struct ServerDocument<'d> {
    pool: &'d str,
    name: &'d str,
    status: &'d str,
    sessions: u64,
}

#[derive(Serialize)]
pub(super) struct ProblemDocument<'d> {
    /// `None` for a certificate source.
    pub(super) host: Option<&'d str>,
    pub(super) problem: String,
}

/// What the document has of one host.
pub(super) fn document<'d>((name, role): Named<'d>, seen: &'d Seen) -> HostDocument<'d> {
    let role = if role == Role::Balancer { "balancer" } else { "app_server" };
    let Ok(HostStatus { observation, plan, certificates }) = seen else {
        return HostDocument {
            name,
            role,
            reachable: false,
            package: None,
            service: None,
            enabled: None,
            running: None,
            on_disk: None,
            release: None,
            lease: None,
            old_workers: &[],
            differing: Vec::new(),
            servers: Vec::new(),
            certificates: &[],
            space: &[],
        };
    };
    let server =
        |it: &'d Server| ServerDocument { pool: &it.pool, name: &it.name, status: &it.status, sessions: it.sessions };
    HostDocument {
        name,
        role,
        reachable: true,
        package: observation.package.as_deref(),
        service: observation.unit.as_ref().map(|unit| unit.active.as_str()),
        enabled: observation.unit.as_ref().map(|unit| unit.enabled.as_str()),
        running: observation.running.as_deref(),
        on_disk: observation.on_disk.as_deref(),
        release: observation.release.as_ref().map(|it| ReleaseDocument { id: &it.id, time: it.time }),
        lease: observation.lease.as_ref().map(|HeldLease { id, age, since, holder }| LeaseDocument {
            id,
            holder,
            since_seconds: *since,
            active_seconds: *age,
        }),
        old_workers: &observation.old_workers,
        differing: plan.changes.iter().map(|change| change.path.as_str()).collect(),
        servers: observation.servers.iter().map(server).collect(),
        certificates,
        space: &observation.space,
    }
}
