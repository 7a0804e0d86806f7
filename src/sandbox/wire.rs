//! The messages between the command and the processes inside: JSON lines in pipes. The end of a pipe
//! means that the other side is gone.

use std::io::{self, BufRead, Write};

use serde::{Serialize, de::DeserializeOwned};

/// A message as a line.
///
/// # Errors
/// It cannot be written as JSON.
pub fn line(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// The message in a line.
///
/// # Errors
/// It is not a message of this kind.
pub fn parse<M: DeserializeOwned>(line: &[u8]) -> io::Result<M> {
    Ok(serde_json::from_slice(line)?)
}

/// Writes one line, from inside.
///
/// # Errors
/// The other side is gone.
pub fn send(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    to.write_all(&line(message)?)?;
    to.flush()
}

/// Reads one line, from inside, or nothing at the end of the pipe. It waits as long as the other
/// side lives.
///
/// # Errors
/// The pipe broke, or the line is not a message of this kind.
pub fn receive<M: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<Option<M>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    parse(&line).map(Some)
}
