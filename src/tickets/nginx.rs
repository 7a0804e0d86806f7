//! What the nginx of a host would load: whether it runs, which ticket keys its configuration names, and
//! which files have changed since it loaded them. It judges what the script on the host wrote.

use super::layout::{KEYS, RING};
use super::verdict::Problem;
use crate::transport::HostText;

/// The nginx of a host. Everything is empty for a directory that represents a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nginx {
    state: Option<State>,
    /// Whether it rejects its configuration.
    rejected: bool,
    /// The ticket keys of its TLS servers, in their order; only of files that name the ring.
    keys: Vec<Vec<String>>,
    /// Configuration files that have changed since nginx loaded them.
    changed: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    Stopped,
    Running,
}

impl Nginx {
    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.state == Some(State::Running)
    }

    /// Reads a line that the script on the host wrote.
    pub(super) fn line(&mut self, line: &str) -> Option<()> {
        if let Some(file) = line.strip_prefix("changed ") {
            self.changed.push(HostText::new(file.as_bytes()).to_string());
            return Some(());
        }
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["nginx", "missing"] => self.state = Some(State::Missing),
            ["nginx", "stopped"] => self.state = Some(State::Stopped),
            ["nginx", "running"] => self.state = Some(State::Running),
            ["config", "rejected"] => self.rejected = true,
            ["config", "keys", "none"] => self.keys.push(Vec::new()),
            ["config", "keys", files] => {
                let file = |file: &str| HostText::new(file.as_bytes()).to_string();
                self.keys.push(files.split(',').map(file).collect());
            }
            _ => return None,
        }
        Some(())
    }

    /// What keeps it from using a ring that is complete.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let state = match self.state {
            None => return Vec::new(),
            Some(State::Missing) => return vec![Problem::NginxMissing],
            Some(State::Stopped) => Some(Problem::NginxStopped),
            Some(State::Running) => None,
        };
        // Of a configuration that nginx rejects it does not tell which files it would read.
        let known = !self.rejected && !self.changed.is_empty();
        let changed = known.then(|| Problem::Changed(self.changed.clone()));
        state.into_iter().chain(self.configuration()).chain(changed).collect()
    }

    fn configuration(&self) -> Option<Problem> {
        if self.rejected {
            return Some(Problem::Rejected);
        }
        let ring: Vec<String> = KEYS.iter().map(|key| format!("{RING}/{key}")).collect();
        if self.keys.is_empty() {
            return Some(Problem::Unused);
        }
        self.keys.iter().find(|keys| **keys != ring).map(|keys| Problem::Order(keys.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::Observation;

    fn problems(lines: &[&str]) -> Vec<Problem> {
        let mut nginx = Nginx::default();
        lines.iter().for_each(|line| nginx.line(line).unwrap());
        nginx.problems()
    }

    fn keys(names: &[&str]) -> String {
        let files: Vec<String> = names.iter().map(|name| format!("{RING}/{name}.key")).collect();
        format!("config keys {}", files.join(","))
    }

    #[test]
    fn what_keeps_nginx_from_using_the_keys() {
        let good = keys(&["current", "previous", "next"]);
        assert_eq!(problems(&["nginx running", &good]), []);
        assert_eq!(problems(&["nginx stopped", &good]), [Problem::NginxStopped]);
        assert_eq!(problems(&["nginx missing"]), [Problem::NginxMissing]);
        assert_eq!(problems(&["nginx running"]), [Problem::Unused]);
        assert_eq!(problems(&["nginx running", "config rejected"]), [Problem::Rejected]);
        for wrong in [&["previous", "current", "next"][..], &["current", "previous"], &["current"]] {
            let line = keys(wrong);
            let found = problems(&["nginx running", &line]);
            assert!(matches!(&found[..], [Problem::Order(keys)] if keys.len() == wrong.len()), "{found:?}");
            // One server with the wrong keys is enough.
            assert_eq!(problems(&["nginx running", &good, &line]), found);
        }
        assert_eq!(problems(&["nginx running", &good, "config keys none"]), [Problem::Order(Vec::new())]);
        let changed = Problem::Changed(vec!["/etc/nginx/a b\\u{1b}.conf".to_owned()]);
        assert_eq!(problems(&["nginx running", &good, "changed /etc/nginx/a b\u{1b}.conf"]), [changed]);
        let text = "changed /etc/nginx/a b.conf (removed)\nend\n";
        assert_eq!(Observation::read("srv1", text).unwrap().nginx.changed, ["/etc/nginx/a b.conf (removed)"]);
        // A directory is no host that could have an nginx.
        assert_eq!(problems(&[]), []);
    }
}
