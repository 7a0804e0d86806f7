//! Packages that hosts lack: which, the command that installs them, and running it.

use std::time::Duration;

use super::plan::Role;
use super::problem::Problem;
use crate::rollout::{Outcome, change, shell};
use crate::transport::{Host, Limits, Script};

const INSTALL: &[&str] = &[shell::RESULT, include_str!("scripts/install.sh")];
/// Slow mirrors, and a minute for another run of apt to end.
const LIMITS: Limits = Limits::new(Duration::from_secs(900), 64 * 1024);

impl Problem {
    /// The package without which there is this problem, if installing one solves it. systemd is not installed: a host
    /// with another init would become a different one.
    pub fn package(&self, role: Role) -> Option<&'static str> {
        match self {
            Self::NotInstalled => Some(role.program()),
            Self::NoTool(name) => match name.as_str() {
                "perl" => Some("perl-base"),
                "flock" | "setsid" | "unshare" => Some("util-linux"),
                "sha256sum" => Some("coreutils"),
                _ => None,
            },
            Self::Foreign(_)
            | Self::NotAFile(_)
            | Self::NoCertificate(_)
            | Self::Unread(_)
            | Self::Behind(_)
            | Self::HeaderFlip { .. }
            | Self::OtherRole(_)
            | Self::Older { .. }
            | Self::PortTaken { .. }
            | Self::NoAddress(_)
            | Self::Unbelieved { .. } => None,
        }
    }
}

/// The command that installs these packages. It never asks: configuration files that are there stay.
pub fn install_command(packages: &[&str]) -> String {
    format!(
        "apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=60 \
         -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install -y --no-install-recommends {}",
        packages.join(" ")
    )
}

/// Runs it on a host.
pub fn install(host: &dyn Host, packages: &[&str]) -> Outcome {
    let command = install_command(packages);
    let arguments: Vec<&str> = [&*command].into_iter().chain(packages.iter().copied()).collect();
    change(host, &Script::new(INSTALL).arguments(&arguments).detached(), LIMITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_of_the_script_is_in_a_package_or_systemd() {
        let script = include_str!("scripts/observe.sh");
        let tools = script.lines().find_map(|line| line.trim().strip_prefix("for tool in ")?.strip_suffix("; do"));
        for tool in tools.unwrap().split(' ') {
            let package = Problem::NoTool(tool.to_owned()).package(Role::Balancer);
            assert_eq!(package.is_none(), tool.starts_with("systemctl") || tool.starts_with("systemd-"), "{tool}");
        }
        assert_eq!(Problem::NotInstalled.package(Role::AppServer), Some("nginx"));
        assert_eq!(Problem::Foreign("/etc/a".to_owned()).package(Role::AppServer), None);
    }
}
