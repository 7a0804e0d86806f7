//! Scripts that look at a host and change nothing.

use zeroize::Zeroizing;

use crate::transport::{Host, HostText, Limits, Script, TransportError};

/// Why a host did not tell what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The script has no result.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The script failed.
    #[error("the script ended with exit code {status}")]
    Failed {
        /// Its exit status.
        status: i32,
        /// What it wrote to standard error.
        stderr: HostText,
    },
    /// What it wrote to standard output makes no sense.
    #[error("{problem}")]
    Answer {
        /// What is wrong with it.
        problem: &'static str,
        /// What there is of it.
        text: HostText,
    },
}

impl QueryError {
    /// What to do about it, if there is something.
    pub fn help(&self) -> Option<&str> {
        if let Self::Transport(error) = self { error.help() } else { None }
    }

    /// The address that the words about it name, of a host that could not be connected to.
    pub fn address(&self) -> Option<&str> {
        if let Self::Transport(error) = self { error.address() } else { None }
    }

    /// What a program on the host, or on the way to it, wrote about it.
    pub fn output(&self) -> HostText {
        match self {
            Self::Transport(error) => error.stderr(),
            Self::Failed { stderr: text, .. } | Self::Answer { text, .. } => text.clone(),
        }
    }
}

/// Permission bits, as `stat` writes them.
pub fn permissions(text: &str) -> Option<u32> {
    let known = (1..=4).contains(&text.len()) && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    u32::from_str_radix(known.then_some(text)?, 8).ok()
}

/// What a script writes that changes nothing.
///
/// # Errors
/// It did not come to its end, or not to a good one.
pub fn query(host: &dyn Host, script: &Script<'_>, limits: Limits) -> Result<Zeroizing<Vec<u8>>, QueryError> {
    let done = host.run(script, limits)?;
    match done.status {
        0 => Ok(done.stdout),
        status => Err(QueryError::Failed { status, stderr: done.stderr }),
    }
}
