//! What a host tells about its files, packages and services. It is read as strictly as anything that comes from
//! outside.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::facts::Facts;
use crate::config::haproxy;
use crate::rollout::{QueryError, permissions};
use crate::transport::HostText;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// Nothing.
    Absent,
    /// A file.
    Regular(Found),
    /// A symbolic link.
    Link,
    /// A directory.
    Directory,
    /// A device, a socket or a pipe.
    Other,
}

/// A file on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Permission bits.
    pub mode: u32,
    /// User and group by name, such as `root:root`.
    pub owner: String,
    /// Of the content, hexadecimal.
    pub sha256: String,
}

/// A service of systemd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Such as `active`, `inactive` or `failed`.
    pub active: String,
    /// Such as `enabled`, `disabled` or `not-found`.
    pub enabled: String,
}

/// The release that was deployed to a host last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its id.
    pub id: String,
    /// When, in seconds since 1970 by the host's clock.
    pub time: u64,
}

/// A deploy that has a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    /// What tells the deploy from others.
    pub id: String,
    /// Seconds since it last did something there.
    pub age: u64,
    /// Seconds since it took the host.
    pub since: u64,
    /// Who runs it.
    pub holder: String,
}

/// A worker that a reload has replaced, and that has connections to finish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OldWorker {
    pub pid: u32,
    /// Seconds since it started.
    #[serde(rename = "age_seconds")]
    pub age: u64,
    /// `None` if it does not answer.
    pub connections: Option<u64>,
}

/// How much room there is at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Space {
    /// Absolute.
    pub path: String,
    /// Available to everybody.
    pub bytes: u64,
    /// How many files can still be created; `None` where their number has no limit.
    pub files: Option<u64>,
}

impl Space {
    /// A release has a few megabytes at most, and a reload writes logs and states.
    pub const BYTES: u64 = 16 << 20;
    /// How many files these are at most.
    pub const FILES: u64 = 1000;

    /// Those with too little room for a deploy, with all paths of the same file system: these have the same numbers.
    pub fn little(space: &[Self]) -> Vec<(&Self, Vec<&str>)> {
        let mut little: Vec<(&Self, Vec<&str>)> = Vec::new();
        for it in space.iter().filter(|it| it.bytes < Self::BYTES || it.files.is_some_and(|files| files < Self::FILES))
        {
            match little.iter_mut().find(|(first, _)| (first.bytes, first.files) == (it.bytes, it.files)) {
                Some((_, paths)) => paths.push(&it.path),
                None => little.push((it, vec![&it.path])),
            }
        }
        little
    }
}

/// An app server as a balancer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The backend.
    pub pool: String,
    /// The app server.
    pub name: String,
    /// Connections that are open through this balancer's worker.
    pub sessions: u64,
    /// As haproxy shows it, such as `UP`, `UP 1/3`, `DOWN` or `DRAIN`.
    pub status: String,
}

impl Server {
    /// Whether it takes new connections.
    pub fn is_up(&self) -> bool {
        self.status.starts_with("UP") || self.status == "no check"
    }
}

/// What is known about one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// What is at the paths that matter.
    pub files: BTreeMap<String, FileKind>,
    /// Files that are as their package has them.
    pub stock: BTreeSet<String>,
    /// The files of the last release, with the SHA-256 of their contents.
    pub managed: BTreeMap<String, String>,
    /// The last release.
    pub release: Option<Release>,
    /// Whether the deploy that brought it never ended.
    pub unended: bool,
    /// The version of the program's package; `None` if it is not installed.
    pub package: Option<String>,
    /// The program's service; `None` without systemd.
    pub unit: Option<Unit>,
    /// The revision that the program runs.
    pub running: Option<String>,
    /// Why nginx does not tell it, though its configuration has what tells it.
    pub silent: Option<String>,
    /// The revision that the configuration on the host has.
    pub on_disk: Option<String>,
    /// The app servers, of a balancer.
    pub servers: Vec<Server>,
    /// Workers of the program that a reload has replaced; none if nobody looked for them.
    pub old_workers: Vec<OldWorker>,
    /// How much room there is where a deploy writes; nothing if nobody looked.
    pub space: Vec<Space>,
    /// Why the program would not read its configuration; `None` also if nobody asked.
    pub refused: Option<String>,
    /// The deploy that has the host.
    pub lease: Option<HeldLease>,
    /// Programs that a deploy needs and that are missing.
    pub missing_tools: Vec<String>,
    /// For rules; `None` if nobody asked, or nothing was told.
    pub facts: Option<Facts>,
}

impl Observation {
    /// Whether a file of the last release is there and not as that left it.
    pub fn is_edited(&self, path: &str) -> bool {
        let Some(deployed) = self.managed.get(path) else { return false };
        !matches!(self.files.get(path), Some(FileKind::Regular(found)) if found.sha256 == *deployed)
    }

    /// Reads what the script on the host wrote.
    pub(super) fn read(text: &str) -> Result<Self, QueryError> {
        let wrong = |problem, text: &str| QueryError::Answer { problem, text: HostText::new(text.as_bytes()) };
        let lines = text.strip_suffix("end\n").filter(|lines| lines.is_empty() || lines.ends_with('\n'));
        let mut seen = Self::default();
        for line in lines.ok_or_else(|| wrong("its answer is incomplete", text))?.lines() {
            seen.line(line).ok_or_else(|| wrong("its answer has an unexpected line", line))?;
        }
        Ok(seen)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["file", path, ref rest @ ..] => {
                let kind = match *rest {
                    ["absent"] => FileKind::Absent,
                    ["link"] => FileKind::Link,
                    ["directory"] => FileKind::Directory,
                    ["other"] => FileKind::Other,
                    ["regular", mode, owner, sha256] => FileKind::Regular(Found {
                        mode: permissions(mode)?,
                        owner: owner.to_owned(),
                        sha256: digest(sha256)?,
                    }),
                    _ => return None,
                };
                self.files.insert(absolute(path)?, kind);
            }
            ["stock", path] => {
                self.stock.insert(absolute(path)?);
            }
            ["managed", path, sha256] => {
                self.managed.insert(absolute(path)?, digest(sha256)?);
            }
            ["release", id, time] => {
                self.release = Some(Release { id: hexadecimal(id, 12)?, time: time.parse().ok()? })
            }
            ["unended"] => self.unended = true,
            ["package", version] => self.package = Some(version.to_owned()),
            ["unit", active, enabled] => {
                self.unit = Some(Unit { active: active.to_owned(), enabled: enabled.to_owned() });
            }
            ["running", revision] => self.running = Some(hexadecimal(revision, 12)?),
            ["server", pool, name, sessions, ref status @ ..] if !status.is_empty() => {
                let sessions = sessions.parse().ok()?;
                let (app, source) = haproxy::app_server(name);
                let known = self.servers.iter_mut().find(|it| it.pool == pool && it.name == app);
                match known.filter(|_| source.is_some()) {
                    Some(server) => server.sessions += sessions,
                    None => self.servers.push(Server {
                        pool: pool.to_owned(),
                        name: name.to_owned(),
                        sessions,
                        status: status.join(" "),
                    }),
                }
            }
            ["lease", id, age, since, holder] => {
                let (id, holder) = (id.to_owned(), holder.to_owned());
                self.lease = Some(HeldLease { id, age: age.parse().ok()?, since: since.parse().ok()?, holder });
            }
            ["old", pid, age, connections] => self.old_workers.push(OldWorker {
                pid: pid.parse().ok()?,
                age: age.parse().ok()?,
                connections: if connections == "-" { None } else { Some(connections.parse().ok()?) },
            }),
            ["space", path, bytes, files] => self.space.push(Space {
                path: absolute(path)?,
                bytes: bytes.parse().ok()?,
                files: if files == "-" { None } else { Some(files.parse().ok()?) },
            }),
            ["refused", ref words @ ..] => {
                self.refused = Some(HostText::new(words.join(" ").as_bytes()).to_string());
            }
            ["tool", name] => self.missing_tools.push(name.to_owned()),
            ["facts"] => self.facts = Some(Facts::default()),
            ref words => self.facts.as_mut()?.line(words)?,
        }
        Some(())
    }
}

fn absolute(path: &str) -> Option<String> {
    path.starts_with('/').then(|| path.to_owned())
}

fn digest(text: &str) -> Option<String> {
    hexadecimal(text, 64)
}

fn hexadecimal(text: &str, length: usize) -> Option<String> {
    let fits = text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let sum = "0123456789abcdef".repeat(4);
        let text = format!(
            "release 0123456789ab 1700000000\nmanaged /etc/a {sum}\nfile /etc/a regular 644 root:root {sum}\n\
             file /etc/b absent\nfile /etc/c link\nfile /etc/d directory\nfile /etc/e other\nstock /etc/a\ntool flock\n\
             package 3.0.11-1+deb13u4\nunit active enabled\nrunning 0123456789ab\nserver web srv1 12 UP 1/3\nserver web srv2 0 DOWN\n\
             old 77 3600 4\nold 78 5 -\nspace /etc 4096 12\nspace /run 0 -\nlease 0011 5 60 root@ops\nend\n"
        );
        let seen = Observation::read(&text).unwrap();
        assert_eq!(seen.files.len(), 5);
        let found = Found { mode: 0o644, owner: "root:root".to_owned(), sha256: sum.clone() };
        assert_eq!(seen.files["/etc/a"], FileKind::Regular(found));
        assert_eq!(seen.release, Some(Release { id: "0123456789ab".to_owned(), time: 1_700_000_000 }));
        assert_eq!(
            (seen.managed["/etc/a"].as_str(), seen.missing_tools.as_slice()),
            (sum.as_str(), &["flock".to_owned()][..])
        );
        assert_eq!(seen.running.as_deref(), Some("0123456789ab"));
        let servers: Vec<(&str, u64, bool)> =
            seen.servers.iter().map(|it| (it.status.as_str(), it.sessions, it.is_up())).collect();
        assert_eq!(servers, [("UP 1/3", 12, true), ("DOWN", 0, false)]);
        let old: Vec<_> = seen.old_workers.iter().map(|it| (it.pid, it.age, it.connections)).collect();
        assert_eq!(old, [(77, 3600, Some(4)), (78, 5, None)]);
        let space: Vec<_> = seen.space.iter().map(|it| (it.path.as_str(), it.bytes, it.files)).collect();
        assert_eq!(space, [("/etc", 4096, Some(12)), ("/run", 0, None)]);
        let lease = HeldLease { id: "0011".to_owned(), age: 5, since: 60, holder: "root@ops".to_owned() };
        assert_eq!(seen.lease, Some(lease));
        assert!(Observation::read("end\n").unwrap() == Observation::default());
        for wrong in [
            "",
            "file /etc/a absent\n",
            "file etc absent\nend\n",
            "file /etc/a regular 644 root:root abc\nend\n",
            "file /etc/a regular 9 root:root x\nend\n",
            "running x\nend\n",
            "release a b\nend\n",
            "server web srv1 x UP\nend\n",
            "server web srv1 1\nend\n",
            "space etc 1 2\nend\n",
            "nonsense\nend\n",
        ] {
            assert!(Observation::read(wrong).is_err(), "{wrong}");
        }
    }
}
