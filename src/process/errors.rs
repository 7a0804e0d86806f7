//! The standard error of a program that keeps running. A thread reads it, so that the program never
//! waits for a reader.

use std::io::Read;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How many bytes are kept for a message. The rest is read and dropped.
pub(super) const KEPT: usize = 64 * 1024;
/// How long what was written to standard error just before the end may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a program has written to standard error.
pub(super) struct Errors {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Closed at the end of the stream.
    end: Receiver<()>,
}

impl Errors {
    pub(super) fn collect(from: Option<impl Read + Send + 'static>) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (sender, end) = sync_channel(0);
        if let Some(mut from) = from {
            let kept = Arc::clone(&kept);
            thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(count @ 1..) = from.read(&mut piece) {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = KEPT.saturating_sub(kept.len());
                    kept.extend_from_slice(&piece[..count.min(room)]);
                }
                drop(sender);
            });
        }
        Self { kept, end }
    }

    /// What it has written so far; complete once the program has ended.
    pub(super) fn text(&self) -> String {
        let _ = self.end.recv_timeout(LAST_WORDS);
        String::from_utf8_lossy(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}
