//! What standard output and standard error can be connected to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{PipeReader, Read, Write, pipe};
use std::process::{Command, Stdio};
use std::thread;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::cases::Case;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Both are read to their end: what the others are compared with.
    Taken,
    FullOutput,
    FullError,
    FullBoth,
    ClosedOutput,
    ClosedError,
    ClosedAll,
    /// The reader has left before the first byte.
    LeftOutput,
    LeftBoth,
    /// A pipe of one page, read byte by byte.
    SlowBoth,
    /// The same, and the write ends never wait: another program that shares them made them so.
    SlowNonBlocking,
}

impl Kind {
    pub const ALL: &[Self] = &[
        Self::FullOutput,
        Self::FullError,
        Self::FullBoth,
        Self::ClosedOutput,
        Self::ClosedError,
        Self::ClosedAll,
        Self::LeftOutput,
        Self::LeftBoth,
        Self::SlowBoth,
        Self::SlowNonBlocking,
    ];

    pub fn loses_output(self) -> bool {
        matches!(self, Self::FullOutput | Self::FullBoth)
    }

    pub fn delivers(self) -> bool {
        matches!(self, Self::SlowBoth | Self::SlowNonBlocking)
    }

    /// A closed standard input is no inventory.
    pub fn fits(self, case: &Case) -> bool {
        self != Self::ClosedAll || case.input.is_none()
    }
}

/// What a run left.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    pub state: BTreeMap<String, String>,
}

/// Runs the case in a directory of its own.
pub fn run(case: &Case, kind: Kind) -> Ended {
    let dir = case.directory();
    let mut command = command(case, kind);
    command.current_dir(dir.path()).stdin(Stdio::piped());
    let (output, error) = match kind {
        Kind::Taken | Kind::ClosedOutput | Kind::ClosedError | Kind::ClosedAll => (read(false), read(false)),
        Kind::FullOutput => (full(), read(false)),
        Kind::FullError => (read(false), full()),
        Kind::FullBoth => (full(), full()),
        Kind::LeftOutput => (left(), read(false)),
        Kind::LeftBoth => (left(), left()),
        Kind::SlowBoth => (slow(false), slow(false)),
        Kind::SlowNonBlocking => (slow(true), slow(true)),
    };
    let mut child = command.stdout(output.end).stderr(error.end).spawn().unwrap();
    // The ends that this process holds go with the builder.
    drop(command);
    let mut input = child.stdin.take().unwrap();
    // A program that prints help does not read.
    let _ = input.write_all(case.input.as_deref().unwrap_or_default().as_bytes());
    drop(input);
    let [stdout, stderr] = [output.text, error.text].map(|text| text.map_or_else(String::new, |it| it.join().unwrap()));
    let status = child.wait().unwrap().code().expect("no signal ended it");
    Ended { status, stdout, stderr, state: case.state(dir.path()) }
}

fn command(case: &Case, kind: Kind) -> Command {
    let program = env!("CARGO_BIN_EXE_sslscale");
    let closed = match kind {
        Kind::ClosedOutput => ">&-",
        Kind::ClosedError => "2>&-",
        Kind::ClosedAll => "<&- >&- 2>&-",
        _ => "",
    };
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec \"$0\" \"$@\" {closed}"), program]).args(case.arguments);
    command
}

/// The end that the program gets, and what arrives at the other.
struct Stream {
    end: Stdio,
    text: Option<thread::JoinHandle<String>>,
}

fn full() -> Stream {
    Stream { end: File::options().write(true).open("/dev/full").unwrap().into(), text: None }
}

fn left() -> Stream {
    Stream { end: pipe().unwrap().1.into(), text: None }
}

fn slow(non_blocking: bool) -> Stream {
    let (from, to) = pipe().unwrap();
    fcntl(&to, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    if non_blocking {
        fcntl(&to, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    }
    Stream { end: to.into(), text: Some(reader(from, true)) }
}

fn read(byte_by_byte: bool) -> Stream {
    let (from, to) = pipe().unwrap();
    Stream { end: to.into(), text: Some(reader(from, byte_by_byte)) }
}

fn reader(mut from: PipeReader, byte_by_byte: bool) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut all = Vec::new();
        if byte_by_byte {
            let mut byte = [0];
            while from.read(&mut byte).unwrap() == 1 {
                all.push(byte[0]);
            }
        } else {
            from.read_to_end(&mut all).unwrap();
        }
        String::from_utf8(all).unwrap()
    })
}
