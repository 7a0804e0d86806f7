//! Runs a script through a local program that is, or leads to, `sh -s`.

use zeroize::Zeroizing;

use super::error::TransportError;
use super::host::Output;
use super::script::{self, Script};
use super::text::HostText;
use crate::process::{Error, Invocation, Limits, Stream};

/// What frames the script's output, beside what a login shell writes.
const FRAME: usize = 4096;

pub(super) fn run(
    invocation: Invocation,
    program: &str,
    root: Option<&str>,
    script: &Script<'_>,
    limits: Limits,
) -> Result<Output, TransportError> {
    let invocation = if script.detached { invocation.detached() } else { invocation };
    let framed = Limits { stdout: limits.stdout.saturating_add(FRAME), ..limits };
    let too_much = TransportError::TooMuchOutput { stream: Stream::Stdout, limit: limits.stdout };
    let done = match invocation.run(&script.text(root), framed) {
        Ok(done) => done,
        Err(Error::TooMuchOutput { stream: Stream::Stdout, .. }) => return Err(too_much),
        Err(error) => return Err(TransportError::new(program, error)),
    };
    if let (Some(help), Some(login)) = (script.as_root, script::login(&done.stdout)) {
        return Err(TransportError::NotRoot { login, help });
    }
    let stderr = HostText::new(&done.stderr);
    let Some((stdout, status)) = script::result(&done.stdout) else {
        let begun = script::has_begun(&done.stdout);
        return Err(TransportError::Lost { status: done.status, stderr, begun });
    };
    if stdout.len() > limits.stdout {
        return Err(too_much);
    }
    Ok(Output { status, stdout: Zeroizing::new(stdout.to_vec()), stderr })
}
