//! DP08: a program of a host that is older than the version that is rendered for.

use super::{Live, list, quoted};
use crate::deploy::Role;
use crate::inventory::types::{Scalar, Version};
use crate::lint::Reporter;

pub fn find(live: &Live<'_>, reporter: &mut Reporter<'_>) {
    // What is written once for many hosts is one finding.
    let mut found: Vec<(_, Role, Version, Vec<String>)> = Vec::new();
    for seen in live.seen(reporter) {
        let (role, name) = (seen.host.role, seen.host.name);
        let key = &["version"][..];
        let written = match role {
            Role::Balancer => live.balancer(name).map(|(at, it)| (it.haproxy.version, live.fleet.haproxy(at, key))),
            Role::AppServer => live.app(name).map(|(at, it)| (it.nginx.version, live.fleet.nginx(at, key))),
        };
        let Some((Some(wanted), place)) = written else { continue };
        let Some(package) = seen.observation.package.as_deref() else { continue };
        if version(package).is_none_or(|has| has >= wanted) {
            continue;
        }
        let span = place.span();
        let host = format!("`{name}` has {}", quoted(package));
        match found.iter_mut().find(|(place, of, ..)| *place == span && *of == role) {
            Some((.., hosts)) => hosts.push(host),
            None => found.push((span, role, wanted, vec![host])),
        }
    }
    for (span, role, wanted, hosts) in found {
        let program = role.program();
        let message = format!("files are rendered for {program} {wanted}, but {}", list(&hosts));
        let help = format!(
            "write the oldest version that a host has, or `{program}: {{ version: … }}` into the entries of these hosts; \
             {program} refuses what it does not know"
        );
        reporter.report(span, message, help);
    }
}

/// The version of the program in that of its package: `1.22.1` in `1.22.1-9+deb12u2`.
fn version(package: &str) -> Option<Version> {
    let upstream = package.split_once(':').map_or(package, |(_, rest)| rest);
    let end = upstream.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(upstream.len());
    Version::parse(upstream[..end].trim_end_matches('.')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_program_is_in_that_of_its_package() {
        for (package, wanted) in [
            ("1.22.1-9+deb12u2", Some(Version(1, 22, 1))),
            ("2.6.12-1+deb12u3", Some(Version(2, 6, 12))),
            ("1:1.29.4~trixie", Some(Version(1, 29, 4))),
            ("3.3~dev5", Some(Version(3, 3, 0))),
            ("git", None),
        ] {
            assert_eq!(version(package), wanted, "{package}");
        }
    }
}
