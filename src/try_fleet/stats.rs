//! The state of haproxy's servers, read from the stats socket that the rendered file opens.
//! Used to wait until the first health check of every server is over, and to name those that fail.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long haproxy may be silent.
const ANSWER: Duration = Duration::from_secs(2);
/// Longest answer in bytes: a line of some 500 for each server.
const LONGEST: u64 = 64 << 20;

/// One server line of `show stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// `backend/server`.
    pub(super) name: String,
    /// As haproxy writes it: `UP`, `DOWN`, `no check`, …
    pub(super) status: String,
    /// The result of the last check: `L6OK`, `L4CON`, `INI`, or nothing without checks.
    pub(super) check: String,
}

impl Server {
    /// Whether haproxy sends it connections.
    pub(super) fn is_up(&self) -> bool {
        self.status == "no check" || self.status.starts_with("UP")
    }

    /// Whether a health check has succeeded, or there are no checks.
    pub(super) fn is_ready(&self) -> bool {
        self.status == "no check" || (self.is_up() && self.is_checked())
    }

    /// Whether the last check succeeded. A server that was down needs several of those.
    pub(super) fn has_passed(&self) -> bool {
        self.check.ends_with("OK")
    }

    /// haproxy writes UP before the first check, and marks a running check with a star.
    fn is_checked(&self) -> bool {
        self.check != "INI" && !self.check.is_empty()
    }
}

/// All servers of the haproxy that listens at the socket.
///
/// # Errors
/// Nothing listens there, or the answer breaks off.
pub(super) fn servers(socket: &Path) -> io::Result<Vec<Server>> {
    ask(socket, "show stat").map(|answer| parse(&answer))
}

/// haproxy's answer to a command.
///
/// # Errors
/// Nothing listens there, or the answer breaks off.
pub(super) fn ask(socket: &Path, command: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    stream.write_all(format!("{command}\n").as_bytes())?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer)?;
    Ok(answer)
}

fn parse(answer: &str) -> Vec<Server> {
    let mut lines = answer.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().trim_start_matches("# ").split(',').collect();
    let column = |name: &str| head.iter().position(|column| *column == name);
    let (Some(status), Some(check)) = (column("status"), column("check_status")) else {
        return Vec::new();
    };
    let tracked = column("tracked");
    lines
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let (backend, server) = (fields.first()?, fields.get(1)?);
            if matches!(*server, "FRONTEND" | "BACKEND") || server.is_empty() {
                return None;
            }
            // The one that it is as stands for it.
            if tracked.is_some_and(|tracked| fields.get(tracked).is_some_and(|it| !it.is_empty())) {
                return None;
            }
            // Listeners have a line, too, with the status OPEN.
            let status = fields.get(status).filter(|status| **status != "OPEN")?;
            Some(Server {
                name: format!("{backend}/{server}"),
                status: (*status).to_owned(),
                check: fields.get(check)?.trim_start_matches("* ").to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_servers_only() {
        let answer = "# pxname,svname,status,check_status,\nhttps,FRONTEND,OPEN,,\n\
                      app,srv1,UP,L6OK,\napp,srv2,UP,* INI,\napp,srv3,DOWN,L4CON,\n\
                      app,srv4,no check,,\napp,BACKEND,UP,,\n\n";
        let servers = parse(answer);
        let ready: Vec<(&str, bool)> = servers.iter().map(|server| (server.name.as_str(), server.is_ready())).collect();
        assert_eq!(ready, [("app/srv1", true), ("app/srv2", false), ("app/srv3", false), ("app/srv4", true)]);
        let tracked = "# pxname,svname,status,check_status,tracked,\na,s,UP,L6OK,,\na,s:10.0.0.9,UP,,a/s,";
        assert_eq!(parse(tracked).len(), 1);
        let passed = |status, check| {
            parse(&format!("# pxname,svname,status,check_status,\na,s,{status},{check},"))[0].has_passed()
        };
        assert!(passed("DOWN 1/2", "L6OK") && !passed("DOWN", "L4CON"));
        assert!(parse("Unknown command").is_empty());
    }
}
