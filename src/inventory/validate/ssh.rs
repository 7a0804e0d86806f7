//! Reads `ssh` sections.

use std::path::PathBuf;
use std::sync::Arc;

use super::fields::{many, optional, place_of};
use crate::diagnostic::Code;
use crate::inventory::model::Ssh;
use crate::inventory::node::Node;
use crate::inventory::raw::RawSsh;
use crate::inventory::schema::Reader;
use crate::inventory::types::LocalPath;

/// `base` with the settings of the section; `base` itself without one.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>, base: &Arc<Ssh>) -> Arc<Ssh> {
    let Some(raw) = node.and_then(|node| RawSsh::read(reader, node)) else { return Arc::clone(base) };
    let identity_file = optional::<LocalPath>(reader, raw.identity_file, "identity_file");
    let keys = raw.host_keys.map(|node| many(reader, node, "host_keys"));
    Arc::new(Ssh {
        user: optional(reader, raw.user, "user").or_else(|| base.user.clone()),
        port: optional(reader, raw.port, "port").or(base.port),
        identity_file: identity_file.map(|path| local(reader, &path)).or_else(|| base.identity_file.clone()),
        proxy_jump: optional(reader, raw.proxy_jump, "proxy_jump").or_else(|| base.proxy_jump.clone()),
        host: optional(reader, raw.host, "host").or_else(|| base.host.clone()),
        become_root: optional(reader, raw.r#become, "become").or(base.become_root),
        host_keys: keys
            .map(|keys| keys.into_iter().map(|key| key.value).collect())
            .unwrap_or_else(|| base.host_keys.clone()),
    })
}

/// A path on this machine. `ssh` knows the home directory.
fn local(reader: &Reader<'_>, path: &LocalPath) -> PathBuf {
    if path.as_str().starts_with("~/") { path.as_str().into() } else { reader.source.directory().join(path.as_str()) }
}

/// The section of all hosts.
pub fn fleet(reader: &mut Reader<'_>, node: Option<&Node>) -> Arc<Ssh> {
    // Two hosts are never at one place.
    if let Some(span) = place_of(reader, node, "host") {
        let help = "write `ssh: { host: … }` in the entry of each host";
        reader.report(Code::IN09, span, "`host` of all hosts would lead to one host", help);
    }
    read(reader, node, &Arc::default())
}
