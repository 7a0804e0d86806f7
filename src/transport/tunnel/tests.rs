use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::super::{Command, Host, Local, TransportError, Tunnel, TunnelProblem};
use super::script;
use crate::process::{Invocation, Limits};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_secs(1);

/// A host that these words lead to.
fn host(words: &[&str]) -> Command {
    Command::new("host", words.iter().map(|word| (*word).to_owned()).collect())
}

/// A listener whose connections each go to `serve`.
fn server(address: &str, serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(address).unwrap();
    let bound = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    bound
}

fn echo(mut stream: TcpStream) {
    let mut piece = [0; 4096];
    // What speaks first is not lost.
    let _ = stream.write_all(b"hello\n");
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        if stream.write_all(&piece[..count]).is_err() {
            return;
        }
    }
}

fn exchange(mut tunnel: Tunnel) {
    let mut hello = [0; 6];
    tunnel.read_exact(&mut hello).unwrap();
    assert_eq!(&hello, b"hello\n");
    let sent: Vec<u8> = (0..=255).cycle().take(20_000).collect();
    for _ in 0..5 {
        tunnel.write_all(&sent).unwrap();
        let mut received = vec![0; sent.len()];
        tunnel.read_exact(&mut received).unwrap();
        assert!(received == sent);
    }
}

#[test]
fn bytes_go_both_ways_whatever_leads_to_the_host() {
    let to = server("127.0.0.1:0", echo);
    let noisy = "echo welcome; echo news >&2; \"$@\"";
    for words in [
        &["env"][..],
        &["sh", "-c", noisy, "sh"],
        &["sh", "-c", "shift; exec dash -s", "sh"],
        &["sh", "-c", "shift; exec bash -s", "sh"],
    ] {
        exchange(host(words).tunnel(to, LONG).unwrap());
    }
    if let Ok(listener) = TcpListener::bind("[::1]:0") {
        drop(listener);
        exchange(host(&["env"]).tunnel(server("[::1]:0", echo), LONG).unwrap());
    }
}

#[test]
fn what_was_written_before_the_end_arrives() {
    let to = server("127.0.0.1:0", |mut stream| stream.write_all(&[b'x'; 1_000_000]).unwrap());
    let mut tunnel = host(&["env"]).tunnel(to, LONG).unwrap();
    let mut received = Vec::new();
    assert_eq!(tunnel.read_to_end(&mut received).unwrap(), 1_000_000);
    assert_eq!(tunnel.read(&mut [0]).unwrap(), 0);
    assert_eq!(tunnel.write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn a_reset_and_a_lost_host_are_no_ends() {
    // Closing a socket with bytes that were not read resets it.
    let to = server("127.0.0.1:0", |stream| drop(stream.peek(&mut [0])));
    let mut tunnel = host(&["env"]).tunnel(to, LONG).unwrap();
    tunnel.write_all(b"not read").unwrap();
    for _ in 0..2 {
        assert_eq!(tunnel.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
    // `ssh` ends with 255 when its master is gone.
    let lost = host(&["sh", "-c", "\"$@\"; exit 255", "sh"]);
    let mut tunnel = lost.tunnel(server("127.0.0.1:0", drop), LONG).unwrap();
    let error = tunnel.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    assert_eq!(error.to_string(), "the connection to the host was lost");
}

/// What `find` finds with a limit that is long enough for this machine.
fn longer<T>(find: impl Fn(Duration) -> Option<T>) -> T {
    (1..12).find_map(|doubled| find(SHORT * (1 << doubled))).unwrap()
}

fn is_late(error: &TransportError) -> bool {
    matches!(error, TransportError::TimedOut { .. })
}

/// Why the host cannot connect.
fn problem(words: &[&str], to: SocketAddr) -> TunnelProblem {
    match host(words).tunnel(to, LONG).unwrap_err() {
        TransportError::NotTunneled { to: other, problem } if other == to => problem,
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_host_reports_why_it_cannot_connect() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(problem(&["env"], closed), TunnelProblem::Refused);
    // TCP connects to no group of hosts; nothing is sent.
    let group = "224.0.0.1:80".parse().unwrap();
    assert_eq!(problem(&["env"], group), TunnelProblem::Unreachable);
    // A listener whose queue is full answers nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    let queue: Vec<TcpStream> =
        std::iter::repeat_with(|| TcpStream::connect_timeout(&to, SHORT)).map_while(Result::ok).collect();
    assert!(!queue.is_empty());
    let full = longer(|limit| host(&["env"]).tunnel(to, limit).err().filter(|error| !is_late(error)));
    assert!(matches!(full, TransportError::NotTunneled { problem: TunnelProblem::NoAnswer, .. }), "{full:?}");
    let without = "{ echo 'command() { return 1; }'; cat; } | sh -s";
    assert_eq!(problem(&["sh", "-c", without], closed), TunnelProblem::NoPerl);
    let error = host(&["sh", "-c", without]).tunnel(closed, LONG).unwrap_err();
    assert_eq!(error.help(), Some("install `perl-base` on the host"));
    assert_eq!(error.to_string(), format!("the host cannot connect to {closed}: there is no perl on the host"));
    assert!(error.nothing_ran());
}

#[test]
fn the_way_to_the_host_fails_as_for_scripts() {
    let to = "127.0.0.1:1".parse().unwrap();
    let fail = |words: &[&str]| host(words).tunnel(to, LONG).unwrap_err();
    assert!(matches!(fail(&["no-such-program"]), TransportError::NotStarted { .. }));
    match fail(&["sh", "-c", "echo why >&2; exit 255"]) {
        TransportError::Lost { status, stderr, begun: false } => {
            assert_eq!((status.code(), stderr.to_string().as_str()), (Some(255), "why"));
        }
        error => panic!("{error:?}"),
    }
    let late = host(&["sh", "-c", "exec sleep 1000"]).tunnel(to, SHORT).unwrap_err();
    assert!(is_late(&late) && late.to_string() == "no answer within 1 s", "{late:?}");
    assert!(matches!(fail(&["sh", "-c", "exec yes"]), TransportError::Broken { .. }));
    let folder = tempfile::tempdir().unwrap();
    let local = Local::below(folder.path(), ".").unwrap();
    assert!(matches!(local.tunnel(to, LONG), Err(TransportError::NoTunnel)));
}

#[test]
fn a_silent_peer_has_the_time_that_is_left_and_then_sees_the_end() {
    let (sender, ended) = std::sync::mpsc::channel();
    let to = server("127.0.0.1:0", move |mut stream| {
        let mut received = Vec::new();
        let end = stream.read_to_end(&mut received).map_err(|error| error.kind());
        sender.send((received, end)).unwrap();
    });
    let tunnel = longer(|limit| {
        let mut tunnel = host(&["env"]).tunnel(to, limit).ok()?;
        tunnel.write_all(b"bytes").ok()?;
        assert_eq!(tunnel.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::TimedOut);
        Some(tunnel)
    });
    drop(tunnel);
    let seen = std::iter::repeat_with(|| ended.recv_timeout(LONG).unwrap()).find(|(received, _)| received == b"bytes");
    assert_eq!(seen.unwrap().1, Ok(5));
}

#[test]
fn a_script_that_is_cut_off_connects_to_nothing() {
    let to = server("127.0.0.1:0", echo);
    let text = script(to, LONG);
    let limits = Limits::new(LONG, 64 * 1024);
    for shell in ["dash", "bash"] {
        for end in (0..text.len() - 1).filter(|end| end % 200 == 0 || end + 20 > text.len()) {
            let done = Invocation::new(shell).args(["-s"]).run(&text[..end], limits).unwrap();
            assert_eq!(done.stdout.as_slice(), b"", "{shell}: {}", String::from_utf8_lossy(&text[..end]));
        }
        let done = Invocation::new(shell).args(["-s"]).run(&text, limits).unwrap();
        assert!(done.stdout.starts_with(b"\nsslscale-tunnel connected\n"));
    }
}
