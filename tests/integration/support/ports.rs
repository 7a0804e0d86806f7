//! Free ports on the loopback interface, for programs that have to be given one.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the range from which the kernel chooses ports for listeners on port 0 and for connections.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

static DRAWN: AtomicU32 = AtomicU32::new(0);

/// A port that nothing listens on and that no other test in this process is given. Other test
/// processes start elsewhere in the range.
pub fn free() -> u16 {
    // Processes that start together have ids next to each other.
    let start = std::process::id().wrapping_mul(331);
    let drawn = std::iter::repeat_with(|| DRAWN.fetch_add(1, Ordering::Relaxed)).take(COUNT as usize);
    let mut ports = drawn.map(|drawn| u16::try_from(FIRST + start.wrapping_add(drawn) % COUNT).unwrap());
    ports.find(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok()).expect("every port is taken")
}

/// Whether the process with this id is the one that listens on `port`.
pub fn listens(id: u32, port: u16) -> bool {
    let process = Path::new("/proc").join(id.to_string());
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(process.join("net").join(table)).unwrap_or_default());
    let sockets: Vec<String> =
        tables.iter().flat_map(|table| table.lines()).filter_map(|line| on(line, port)).collect();
    let held = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    held.filter_map(|held| fs::read_link(held.path()).ok()).any(|held| sockets.iter().any(|it| held == Path::new(it)))
}

/// The socket of a line of the kernel's table, if it listens on `port`.
fn on(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    (local.ends_with(&format!(":{port:04X}")) && *state == "0A").then(|| format!("socket:[{inode}]"))
}

#[test]
fn a_listener_is_known_by_its_process() {
    let (own, port) = (std::process::id(), free());
    assert!(!listens(own, port));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    assert!(listens(own, port) && !listens(own, free()));
    // Its parent sees the same table, and holds no such socket.
    assert!(!listens(std::os::unix::process::parent_id(), port));
    drop(listener);
    assert!(!listens(own, port));
}
