//! How the command and the processes inside speak: JSON lines over stdin and stdout pipes.
//! The end of a pipe means that the other side is gone, and is never an ordinary answer.

use std::io::{self, BufRead, Write};

use serde::{Serialize, de::DeserializeOwned};

/// Writes one line.
///
/// # Errors
/// The other side is gone.
pub fn send(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

/// Reads one line, or nothing at the end of the pipe.
///
/// # Errors
/// The pipe broke, or the line is not a message of this kind.
pub fn receive<M: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<Option<M>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}
