//! One line on a terminal that says what takes long, and how far it has come. It appears on standard error after a
//! second, is erased before anything else is written there, and is gone at the end. It has ASCII alone.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::progress::Count;

/// What is done sooner needs no line.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(200);
/// To the start of the line, and nothing after that.
const ERASE: &str = "\r\u{1b}[K";
/// The width where the terminal does not tell.
const WIDTH: u16 = 80;

/// The terminal of standard error, if a line may be drawn there.
#[derive(Clone, Default)]
pub struct Terminal(Option<Arc<Mutex<Shown>>>);

#[derive(Default)]
struct Shown {
    drawn: bool,
    /// Something else is on the last line, which has not ended.
    taken: bool,
    /// Nothing is drawn any more.
    over: bool,
}

impl Terminal {
    /// Nothing is ever drawn unless `wanted`, nor where standard error is no terminal, or a dumb one.
    pub fn new(wanted: bool) -> Self {
        let dumb = std::env::var("TERM").map_or(true, |term| term.is_empty() || term == "dumb");
        let drawn = wanted && !dumb && io::stderr().is_terminal();
        Self(drawn.then(Arc::default))
    }

    /// Whether anything is drawn.
    pub fn is_drawn_on(&self) -> bool {
        self.0.is_some()
    }

    /// Writes something else while no line is there. `write` returns how much of `bytes` it wrote.
    pub fn beside(&self, bytes: &[u8], write: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        let Some(shown) = &self.0 else { return write() };
        let mut shown = lock(shown);
        shown.erase();
        let written = write();
        if let Some(last) = written.as_ref().ok().and_then(|count| bytes.get(..*count)?.last()) {
            shown.taken = *last != b'\n';
        }
        written
    }

    /// Erases the line, and draws none any more.
    pub fn end(&self) {
        if let Some(shown) = &self.0 {
            let mut shown = lock(shown);
            shown.erase();
            shown.over = true;
        }
    }

    /// Erases the line.
    fn erase(&self) {
        self.0.iter().for_each(|shown| lock(shown).erase());
    }

    fn draw(&self, text: &str) {
        let Some(shown) = &self.0 else { return };
        let mut shown = lock(shown);
        if !shown.taken && !shown.over {
            shown.drawn = send(&format!("{ERASE}{}", cut(text, width()))) || shown.drawn;
        }
    }
}

impl Shown {
    fn erase(&mut self) {
        if std::mem::take(&mut self.drawn) {
            send(ERASE);
        }
    }
}

fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to the terminal, unless it takes nothing now.
fn send(text: &str) -> bool {
    let stderr = io::stderr();
    let mut polled = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    let ready = poll(&mut polled, PollTimeout::ZERO).is_ok_and(|ready| ready > 0);
    ready && nix::unistd::write(stderr.as_fd(), text.as_bytes()).is_ok()
}

/// The part of the text that fits. In the last column some terminals begin a new line.
fn cut(text: &str, width: u16) -> String {
    text.chars()
        .take(usize::from(width).saturating_sub(1))
        .map(|c| if c.is_ascii_graphic() { c } else { ' ' })
        .collect()
}

fn width() -> u16 {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(WIDTH, |(width, _)| width.0).max(2)
}

/// Work that may take long. Its line is gone when this is dropped.
#[must_use = "the line is gone when this is dropped"]
pub struct Working {
    count: Count,
    /// The end of the work, and the thread that draws until then.
    drawing: Option<(Arc<End>, JoinHandle<()>)>,
}

#[derive(Default)]
struct End {
    ended: Mutex<bool>,
    signal: Condvar,
}

impl End {
    /// Whether the work ended within this time.
    fn within(&self, time: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.signal.wait_timeout_while(ended, time, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Working {
    /// Work with this name, in a few words.
    pub fn new(terminal: &Terminal, name: &str, count: Count) -> Self {
        let drawing = terminal.is_drawn_on().then(|| {
            let end = Arc::new(End::default());
            let (terminal, name, count, ending) = (terminal.clone(), name.to_owned(), count.clone(), Arc::clone(&end));
            let draw = move || {
                let begun = Instant::now();
                let mut wait = PATIENCE;
                while !ending.within(wait) {
                    terminal.draw(&words(&name, count.read(), begun.elapsed()));
                    wait = INTERVAL;
                }
                terminal.erase();
            };
            let thread = thread::Builder::new().name("progress".to_owned()).spawn(draw);
            thread.ok().map(|thread| (end, thread))
        });
        Self { count, drawing: drawing.flatten() }
    }

    /// Does a part of the work, and counts it.
    pub fn counted<T>(&self, part: impl FnOnce() -> T) -> T {
        let done = part();
        self.count.add();
        done
    }

    /// Where the parts are counted that are done.
    pub fn count(&self) -> &Count {
        &self.count
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let Some((end, thread)) = self.drawing.take() else { return };
        *end.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        end.signal.notify_all();
        // Its panic would be one of this file, and the work is done.
        let _ = thread.join();
    }
}

/// `asking hosts: 3 of 12 (4 s)`.
fn words(name: &str, (done, all): (usize, usize), elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match (done, all) {
        (0, 0) => format!("{name} ({seconds} s)"),
        (done, 0) => format!("{name}: {done} ({seconds} s)"),
        (done, all) => format!("{name}: {done} of {all} ({seconds} s)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_what_is_known_and_fits() {
        let line = |count| words("asking hosts", count, Duration::from_millis(4_200));
        assert_eq!(line((0, 0)), "asking hosts (4 s)");
        assert_eq!(line((3, 0)), "asking hosts: 3 (4 s)");
        assert_eq!(line((3, 12)), "asking hosts: 3 of 12 (4 s)");
        assert_eq!(cut(&line((3, 12)), 20), "asking hosts: 3 of ");
        assert_eq!(cut("a\u{1b}b\u{e9}c", 80), "a b c");
        assert_eq!(cut("abc", 1), "");
    }

    #[test]
    fn without_a_terminal_nothing_is_drawn_and_everything_is_written() {
        let terminal = Terminal::new(false);
        let working = Working::new(&terminal, "waiting", Count::of(2));
        working.count().add();
        assert_eq!(working.count().read(), (1, 2));
        assert!(working.drawing.is_none());
        assert_eq!(terminal.beside(b"abc", || Ok(3)).unwrap(), 3);
    }
}
