//! What runs on hosts: a POSIX shell script for each operation, and how its answer is read.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use zeroize::Zeroizing;

use super::facts::Facts;
use super::observation::{Observation, Space};
use super::plan::Role;
use crate::rollout::{QueryError, query, shell};
use crate::transport::{Host, HostText, Limits, Script};

/// A line for each file, of which a host has a few more than a hundred at most.
const LOOK: Limits = Limits::new(Duration::from_secs(40), 1 << 20);
/// The rendered files of a host are a few megabytes at most.
const READ: Limits = Limits::new(Duration::from_secs(60), 32 << 20);
/// A chain of a hundred certificates is under 200 kB.
const PEM: usize = 1 << 20;

const OBSERVE: &[&str] = &[shell::TIME, shell::KEPT, STATE, include_str!("scripts/observe.sh")];
/// With what rules look at.
const INSPECT: &[&str] =
    &[shell::TIME, shell::KEPT, STATE, include_str!("scripts/facts.sh"), include_str!("scripts/observe.sh")];
/// With that, workers that a reload has replaced, the room that is left, and what the program says to its configuration.
const ALL: &[&str] = &[
    shell::TIME,
    shell::KEPT,
    STATE,
    include_str!("scripts/facts.sh"),
    include_str!("scripts/workers.sh"),
    include_str!("scripts/space.sh"),
    include_str!("scripts/refused.sh"),
    include_str!("scripts/observe.sh"),
];
/// Whose turn it is to change a host.
pub(super) const STATE: &str = include_str!("scripts/state.sh");
const SPACE: &[&str] = &[shell::KEPT, include_str!("scripts/space.sh"), "show_space\necho end\n"];
const CONTENTS: &[&str] = &[shell::KEPT, include_str!("scripts/contents.sh")];

/// What a host reports besides its files and its program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Details {
    #[default]
    None,
    /// What rules look at.
    Rules,
    /// That, workers that a reload has replaced, the room that is left, and what the program says to its configuration.
    All,
}

/// What rules want to know of a host, by its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Ports of which it tells what listens there.
    pub ports: BTreeSet<u16>,
    /// Addresses of which it tells from where it would connect to them.
    pub servers: BTreeSet<IpAddr>,
}

impl Asked {
    /// The same as words for the script. Addresses are hexadecimal digits: its language has no small way to read others.
    fn words(&self) -> (String, String) {
        // As many as fit into an argument, and they hardly differ.
        const SERVERS: usize = 2000;
        let digits = |address: &IpAddr| match address {
            IpAddr::V4(address) => hex::encode(address.octets()),
            IpAddr::V6(address) => hex::encode(address.octets()),
        };
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        let servers: Vec<String> = self.servers.iter().take(SERVERS).map(digits).collect();
        (ports.join(" "), servers.join(" "))
    }
}

/// What a host has at these paths and of its program.
///
/// # Errors
/// The host did not report it.
pub fn observe(host: &dyn Host, role: Role, paths: &[&str]) -> Result<Observation, QueryError> {
    inspect(host, role, (paths, &Asked::default()), Details::None)
}

/// The same, with details.
///
/// # Errors
/// The host did not report it.
pub fn inspect(
    host: &dyn Host,
    role: Role,
    (paths, asked): (&[&str], &Asked),
    details: Details,
) -> Result<Observation, QueryError> {
    let parts = match details {
        Details::None => OBSERVE,
        Details::Rules => INSPECT,
        Details::All => ALL,
    };
    let (ports, servers) = asked.words();
    let arguments: Vec<&str> = [role.program(), &ports, &servers].into_iter().chain(paths.iter().copied()).collect();
    let answer = query(host, &Script::new(parts).arguments(&arguments), LOOK)?;
    Observation::read(&String::from_utf8_lossy(&answer))
}

/// What rules would look at. `None` of a directory that represents a host.
///
/// # Errors
/// The host did not report it.
pub fn facts(host: &dyn Host, role: Role, asked: &Asked) -> Result<Option<Facts>, QueryError> {
    Ok(inspect(host, role, (&[], asked), Details::Rules)?.facts)
}

/// How much room there is where a deploy writes; nothing of a directory that represents a host.
///
/// # Errors
/// The host did not report it.
pub fn space(host: &dyn Host) -> Result<Vec<Space>, QueryError> {
    let answer = query(host, &Script::new(SPACE), LOOK)?;
    Ok(Observation::read(&String::from_utf8_lossy(&answer))?.space)
}

/// The contents of files of a host, by path. One that is gone is left out.
///
/// # Errors
/// The host did not tell.
pub fn contents(host: &dyn Host, paths: &[&str]) -> Result<BTreeMap<String, Vec<u8>>, QueryError> {
    let files = read(host, paths, READ)?;
    Ok(files.into_iter().map(|(path, mut bytes)| (path, std::mem::take(&mut *bytes))).collect())
}

/// The same for certificates and keys, which are overwritten when they are dropped.
///
/// # Errors
/// The host did not tell, or one of them is larger than any certificate.
pub fn secrets(host: &dyn Host, paths: &[&str]) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>, QueryError> {
    let files = read(host, paths, Limits::new(READ.time, paths.len().saturating_mul(PEM).saturating_add(PEM)))?;
    if files.values().any(|bytes| bytes.len() > PEM) {
        return Err(QueryError::Answer { problem: "a file is too large for a certificate", text: HostText::default() });
    }
    Ok(files)
}

fn read(host: &dyn Host, paths: &[&str], limits: Limits) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>, QueryError> {
    let answer = query(host, &Script::new(CONTENTS).arguments(paths), limits)?;
    parse(&answer).ok_or(QueryError::Answer { problem: "its answer is incomplete", text: HostText::default() })
}

/// Files, each after a line with its length and path, and the end.
fn parse(mut rest: &[u8]) -> Option<BTreeMap<String, Zeroizing<Vec<u8>>>> {
    let mut files = BTreeMap::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 1..];
        if line == "end" {
            return rest.is_empty().then_some(files);
        }
        let (length, path) = line.split_once(' ')?;
        let length: usize = length.parse().ok()?;
        files.insert(path.to_owned(), Zeroizing::new(rest.get(..length)?.to_vec()));
        rest = rest.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::deploy::FileKind;
    use crate::transport::Local;

    #[test]
    fn a_root_is_observed_and_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("lb1");
        fs::create_dir_all(root.join("etc/d")).unwrap();
        fs::create_dir_all(root.join("var/lib/sslscale/releases/0123456789ab")).unwrap();
        std::os::unix::fs::symlink("releases/0123456789ab", root.join("var/lib/sslscale/current")).unwrap();
        let sum = "0".repeat(64);
        let manifest = format!("file {sum} 0644 /etc/old\nfile {sum} 0644 /etc/b\n");
        fs::write(root.join("var/lib/sslscale/current/manifest"), manifest).unwrap();
        let bytes: Vec<u8> = (0..=255).collect();
        fs::write(root.join("etc/a"), &bytes).unwrap();
        fs::write(root.join("etc/b"), "end\n").unwrap();
        std::os::unix::fs::symlink("a", root.join("etc/l")).unwrap();
        let host = Local::below(dir.path(), "lb1").unwrap();
        let seen = observe(&host, Role::Balancer, &["/etc/a", "/etc/b", "/etc/d", "/etc/l", "/etc/none"]).unwrap();
        let kinds: Vec<(&str, bool)> =
            seen.files.iter().map(|(path, kind)| (path.as_str(), matches!(kind, FileKind::Regular(_)))).collect();
        let wanted = [
            ("/etc/a", true),
            ("/etc/b", true),
            ("/etc/d", false),
            ("/etc/l", false),
            ("/etc/none", false),
            ("/etc/old", false),
        ];
        assert_eq!(kinds, wanted);
        assert_eq!(seen.files["/etc/old"], FileKind::Absent);
        assert_eq!((seen.managed.len(), seen.release.unwrap().id.as_str()), (2, "0123456789ab"));
        let read = contents(&host, &["/etc/a", "/etc/b", "/etc/none"]).unwrap();
        assert_eq!((read.len(), &read["/etc/a"], read["/etc/b"].as_slice()), (2, &bytes, &b"end\n"[..]));
    }

    /// A subroutine of the script, as a program in Perl.
    fn subroutine(name: &str) -> &'static str {
        let script = include_str!("scripts/facts.sh");
        let begin = script.find(&format!("sub {name} {{")).unwrap();
        let end = begin + script[begin..].find("\n        }\n").unwrap() + "\n        }\n".len();
        &script[begin..end]
    }

    // Its own way to find files is for speed: Perl's module, which takes long to load, finds the same.
    #[test]
    fn patterns_of_include_match_what_perl_finds() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.conf", "b.conf", ".hidden.conf", "a.conf.bak", "aconf", "*.conf", "a\nb.conf", ".conf"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let compare = format!(
            "use File::Glob qw(:bsd_glob); {} for my $it (@ARGV) {{ my $pattern = \"$ENV{{DIR}}/$it\"; \
             my @mine = sort {{ $a cmp $b }} matching($pattern); \
             my @perl = $it =~ /[*?[]/ ? sort {{ $a cmp $b }} bsd_glob($pattern, GLOB_NOSORT) : ($pattern); \
             print \"$it: @mine, and not @perl\\n\" if \"@mine\" ne \"@perl\"; print scalar @mine, \"\\n\" }}",
            subroutine("matching")
        );
        let patterns =
            ["*.conf", "*", ".*.conf", "a*", "a*.conf", "*f", "none*", "a.conf", "[ab].conf", "?.conf", "*a*"];
        let mut perl = std::process::Command::new("perl");
        let found = perl.args(["-e", &compare]).args(patterns).env("DIR", dir.path()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&found.stderr), "");
        assert_eq!(String::from_utf8_lossy(&found.stdout), "4\n6\n1\n4\n2\n5\n0\n1\n2\n3\n4\n");
    }

    // More than the kernel tells in one page, before and behind connections.
    #[test]
    fn every_listener_is_found_beside_connections() {
        let perl = format!(
            "{} print hex($$_[0] =~ s/.*://r), \"\\n\" for listeners(\"/proc/net/tcp\")",
            subroutine("listeners")
        );
        let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
        let first = bind();
        let mut connections = Vec::new();
        let mut listeners = Vec::new();
        for count in [0, 1, 30, 100] {
            listeners.resize_with(count, bind);
            let found = std::process::Command::new("perl").args(["-e", &perl]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&found.stderr), "");
            let found: BTreeSet<u16> =
                String::from_utf8(found.stdout).unwrap().lines().map(|port| port.parse().unwrap()).collect();
            let wanted: BTreeSet<u16> =
                listeners.iter().chain([&first]).map(|it| it.local_addr().unwrap().port()).collect();
            assert_eq!(wanted.difference(&found).count(), 0, "{wanted:?}, and not {found:?}");
            for _ in 0..20 {
                connections.push(TcpStream::connect(first.local_addr().unwrap()).unwrap());
            }
        }
    }

    #[test]
    fn an_answer_that_is_cut_off_is_none() {
        let whole = b"3 /etc/a\nabc0 /etc/b\nend\n";
        assert_eq!(parse(whole).unwrap().len(), 2);
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_none(), "{end}");
        }
    }
}
