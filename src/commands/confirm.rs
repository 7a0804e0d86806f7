//! The user of a run: asked on the terminal before a change, and named to hosts that a run has.

use std::io::{self, BufRead, IsTerminal};
use std::os::fd::AsFd;

use anyhow::anyhow;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{User, geteuid, gethostname};

use super::CommandError;
use crate::interrupt::Interrupt;
use crate::report::Output;

/// What a no comes to.
const UNCHANGED: &str = "nothing was changed";
/// How often a wait for an answer looks for a signal, in milliseconds.
const INTERVAL: u16 = 100;

/// Asks on the terminal. A signal is a no, and so is every answer that is no clear yes. A no is confirmed.
pub fn agreed(output: &Output, question: &str, interrupt: &Interrupt) -> Result<bool, CommandError> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        let error = anyhow!("there is no terminal to ask for a confirmation");
        return Err(CommandError::from(error).hint(
            "give `--yes` once you know what it changes, or run it on a terminal: it shows that before it asks",
        ));
    }
    output.say(&format!("{question} [y/N]"));
    // While signals are held, none ends a read.
    while poll(&mut [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)], PollTimeout::from(INTERVAL)).unwrap_or(0) == 0 {
        if interrupt.requested() {
            // The terminal shows `^C` on the line.
            output.say("");
            output.say(UNCHANGED);
            return Ok(false);
        }
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    let answer = line.trim().to_ascii_lowercase();
    let agreed = !interrupt.requested() && matches!(answer.as_str(), "y" | "yes");
    if !agreed {
        let clear = matches!(answer.as_str(), "" | "n" | "no");
        let unclear = if clear { "" } else { ": the answer was not `y` or `yes`" };
        output.say(&format!("{UNCHANGED}{unclear}"));
    }
    Ok(agreed)
}

/// Who runs this, and where.
pub fn holder() -> String {
    let named = ["USER", "LOGNAME"].iter().filter_map(|name| std::env::var(name).ok()).find(|name| !name.is_empty());
    let known = || User::from_uid(geteuid()).ok().flatten().map(|user| user.name);
    let user = named.or_else(known).unwrap_or_else(|| format!("uid-{}", geteuid()));
    let host = gethostname().ok().and_then(|name| name.into_string().ok());
    host.map_or(user.clone(), |host| format!("{user}@{host}"))
}
