//! The signals that ask the program to end: SIGINT, SIGTERM and SIGHUP.
//!
//! While nothing has been changed they end it at once, as the kernel does by default. After
//! [`Interrupt::hold`] the first signal is only remembered: the work checks
//! [`Interrupt::requested`] before each of its parts, stops there and reports what was done. A
//! later signal ends the program at once. A signal that was ignored when the program started, as
//! under `nohup`, stays ignored.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::{file, process};

const SIGNALS: [Signal; 3] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM];

/// `timeout` and some shells send a signal to a process and to its group: two that come together
/// are one request.
const REPEATED: Duration = Duration::from_millis(500);

/// How long the last thing may take that is done before a signal ends the program.
const LAST: Duration = Duration::from_secs(1);

/// Whether the program was asked to end. Clones share one state.
#[derive(Default, Clone)]
pub struct Interrupt(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    watched: bool,
    holds: usize,
    request: Option<(Signal, Instant)>,
    waiting: Vec<Box<dyn FnOnce() + Send>>,
    last: Option<Box<dyn FnOnce() + Send>>,
    before_end: Option<Box<dyn FnOnce() + Send>>,
}

/// Signals are remembered until this is dropped. Check [`Interrupt::requested`] afterwards.
#[must_use = "signals end the program at once when this is dropped"]
pub struct Hold(Interrupt);

impl Interrupt {
    /// Call it first. With `programs`, a signal also ends the programs that the command runs. The first process of a
    /// container would get no signal without this, and a line on a terminal would stay there.
    ///
    /// # Errors
    /// No thread can be started that waits for signals.
    pub fn prepare(&self, programs: bool) -> io::Result<()> {
        let watches = programs || std::process::id() == 1 || self.state().before_end.is_some();
        if watches { self.watch() } else { Ok(()) }
    }

    /// Call it right before the first change, and keep the result until it is safe to stop.
    ///
    /// # Errors
    /// No thread can be started that waits for signals.
    pub fn hold(&self) -> io::Result<Hold> {
        self.state().holds += 1;
        let hold = Hold(self.clone());
        self.watch()?;
        Ok(hold)
    }

    /// Whether a signal has come: start nothing new.
    pub fn requested(&self) -> bool {
        self.signal().is_some()
    }

    /// Whether signals are remembered now.
    pub fn is_held(&self) -> bool {
        self.state().holds > 0
    }

    /// The signal that came while signals were held.
    pub fn signal(&self) -> Option<Signal> {
        self.state().request.map(|(signal, _)| signal)
    }

    /// Calls `wake` once, when a signal comes while signals are held, or at once if one has come.
    /// The next signal is only seen when it returns.
    pub fn on_request(&self, wake: impl FnOnce() + Send + 'static) {
        let mut state = self.state();
        if state.request.is_none() {
            state.waiting.push(Box::new(wake));
        } else {
            drop(state);
            wake();
        }
    }

    /// Lets the first signal end the programs that run, and keep others from being started, unless they are detached
    /// or a change that has begun needs them. What they were asked for then fails.
    pub fn end_programs(&self) {
        self.on_request(process::end);
    }

    /// What is done before a signal ends the program at once, in place of what was to be done before.
    pub fn on_end(&self, last: impl FnOnce() + Send + 'static) {
        self.state().last = Some(Box::new(last));
    }

    /// What is done first when a signal ends the program at once, whatever else is then done.
    pub fn before_end(&self, first: impl FnOnce() + Send + 'static) {
        self.state().before_end = Some(Box::new(first));
    }

    /// Handles `signal` as if it had just arrived.
    pub fn receive(&self, signal: Signal) {
        let mut state = self.state();
        match state.request {
            None if state.holds > 0 => {
                state.request = Some((signal, Instant::now()));
                let waiting = std::mem::take(&mut state.waiting);
                drop(state);
                waiting.into_iter().for_each(|wake| wake());
            }
            Some((_, at)) if at.elapsed() < REPEATED => {}
            _ => {
                let last = [state.before_end.take(), state.last.take()];
                drop(state);
                // It may wait for somebody who reads what it writes.
                let (done, ended) = mpsc::channel();
                thread::spawn(move || {
                    last.into_iter().flatten().for_each(|last| last());
                    let _ = done.send(());
                });
                let _ = ended.recv_timeout(LAST);
                process::end_all();
                end_by(signal)
            }
        }
    }

    fn watch(&self) -> io::Result<()> {
        if std::mem::replace(&mut self.state().watched, true) {
            return Ok(());
        }
        let ignored = ignored();
        let wanted = SIGNALS.iter().map(|signal| *signal as i32).filter(|number| ignored >> (number - 1) & 1 == 0);
        let mut signals = Signals::new(wanted)?;
        let interrupt = self.clone();
        let wait = move || {
            let numbers = signals.forever();
            numbers.filter_map(|number| Signal::try_from(number).ok()).for_each(|signal| interrupt.receive(signal));
        };
        thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.state().holds -= 1;
    }
}

/// Ends the program as the signal does by default, so that a shell that runs it in a loop stops too.
pub fn end_by(signal: Signal) -> ! {
    // The kernel does not end the first process of a container this way.
    if std::process::id() != 1 {
        let _ = low_level::emulate_default_handler(signal as i32);
    }
    low_level::exit(128 + signal as i32)
}

/// The signals that are ignored, as bits from 0 for signal 1.
fn ignored() -> u64 {
    let status = file::read(Path::new("/proc/self/status"), file::TEXT).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_comes_while_signals_are_held_is_remembered_and_its_echo_is_nothing() {
        let interrupt = Interrupt::default();
        let hold = interrupt.hold().unwrap();
        assert!(!interrupt.requested());
        let woken = Arc::new(AtomicUsize::new(0));
        let wake = || {
            let woken = Arc::clone(&woken);
            move || {
                woken.fetch_add(1, Ordering::SeqCst);
            }
        };
        interrupt.on_request(wake());
        assert_eq!(woken.load(Ordering::SeqCst), 0);
        interrupt.clone().receive(Signal::SIGTERM);
        interrupt.receive(Signal::SIGINT);
        interrupt.on_request(wake());
        assert_eq!(woken.load(Ordering::SeqCst), 2);
        drop(hold);
        assert_eq!(interrupt.signal(), Some(Signal::SIGTERM));
    }
}
