//! CP04: more connections of an nginx worker than file descriptors.

use super::Live;
use crate::deploy::Role;
use crate::lint::Reporter;

/// nginx's own default of `worker_connections`.
const DEFAULT: u64 = 512;

pub fn find(live: &Live<'_>, reporter: &mut Reporter<'_>) {
    for (seen, facts) in live.running(Some(Role::AppServer), reporter) {
        let connections = facts.nginx.connections.unwrap_or(DEFAULT);
        let Some(limit) = facts.nginx.rlimit.or(facts.nofile) else { continue };
        if connections <= limit {
            continue;
        }
        let message = format!(
            "`worker_connections` of nginx on `{}` is {connections}, but a worker may have only {limit} file descriptors",
            seen.host.name
        );
        let help = format!(
            "write `worker_rlimit_nofile {};` in the main context of the host's nginx.conf, then run `systemctl reload \
             nginx`",
            connections.saturating_mul(2)
        );
        reporter.report(live.place(seen.host, "name").span(), message, help);
    }
}
