//! Finds keys where none may be: raw, in hexadecimal, in base64, whole or in pieces.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Pieces of a key of this many bytes are found.
const PIECE: usize = 16;

/// Keys, and all byte strings that would reveal them.
#[derive(Default)]
pub struct Keys {
    known: BTreeSet<Vec<u8>>,
    needles: Vec<Vec<u8>>,
}

impl Keys {
    /// Adds keys of 80 bytes, one after the other.
    pub fn add(&mut self, bytes: &[u8]) {
        assert!(!bytes.is_empty() && bytes.len().is_multiple_of(80), "{} bytes are no keys", bytes.len());
        for key in bytes.chunks(80).filter(|key| self.known.insert(key.to_vec())) {
            // Wherever a leak is cut, it holds one of the pieces whole.
            for piece in key.chunks(PIECE) {
                self.needles.push(piece.to_vec());
                let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
                self.needles.push(hex.to_uppercase().into_bytes());
                self.needles.push(hex.into_bytes());
            }
            for alignment in 0..3 {
                for piece in key[alignment..].chunks_exact(15) {
                    self.needles.push(base64(piece));
                }
            }
        }
    }

    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// Whether any piece of any key is in them.
    pub fn in_bytes(&self, bytes: &[u8]) -> bool {
        let mut heads = vec![Vec::new(); 1 << 16];
        for needle in &self.needles {
            heads[usize::from(needle[0]) << 8 | usize::from(needle[1])].push(needle);
        }
        bytes.windows(2).enumerate().any(|(at, head)| {
            heads[usize::from(head[0]) << 8 | usize::from(head[1])].iter().any(|needle| bytes[at..].starts_with(needle))
        })
    }

    /// The files below a directory that hold a piece of any key, except in directories named `skip`.
    pub fn below(&self, directory: &Path, skip: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() && !skip.iter().any(|name| entry.file_name() == *name) {
                found.extend(self.below(&path, skip));
            } else if kind.is_file() && self.in_bytes(&fs::read(&path).unwrap()) {
                found.push(path.display().to_string());
            }
        }
        found
    }
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |group: &[u8]| group.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
    let digits = |group: &[u8]| {
        let bits = bits(group);
        [18, 12, 6, 0].map(|shift| DIGITS[bits >> shift & 63])
    };
    bytes.chunks_exact(3).flat_map(digits).collect()
}

/// What was on the command lines and in the environments of all processes while `work` was done.
pub fn processes<T>(work: impl FnOnce() -> T) -> (T, BTreeSet<Vec<u8>>) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !over.load(Ordering::Relaxed) {
                for process in fs::read_dir("/proc").unwrap().flatten() {
                    for file in ["cmdline", "environ"] {
                        seen.extend(fs::read(process.path().join(file)));
                    }
                }
                thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        // Also when the work panics: otherwise the test would never end.
        let stop = Stop(&over);
        let done = work();
        drop(stop);
        (done, sampler.join().unwrap())
    })
}

struct Stop<'o>(&'o AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_leak_of_any_kind_is_found() {
    let key: Vec<u8> = (0..80_u8).map(|n| n.wrapping_mul(97).wrapping_add(13)).collect();
    let mut keys = Keys::default();
    keys.add(&key);
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let padded = |before: &[u8]| base64(&[before, &key, &[0]].concat()[..81]);
    let leaks: [Vec<u8>; 6] = [
        key[7..50].to_vec(),
        hex.clone().into_bytes(),
        hex.to_uppercase()[10..90].into(),
        padded(b""),
        padded(b"a"),
        padded(b"ab"),
    ];
    for (number, leak) in leaks.iter().enumerate() {
        assert!(keys.in_bytes(&[b"a log line: ", leak.as_slice(), b" and more"].concat()), "{number}");
    }
    assert!(!keys.in_bytes("a log line with a fingerprint 0123456789abcdef".repeat(100).as_bytes()));
    // And in the arguments of a process.
    let planted = format!("sleep 0.3; : {hex}");
    let (_, seen) = processes(|| std::process::Command::new("sh").args(["-c", &planted]).status().unwrap());
    assert!(seen.iter().any(|bytes| keys.in_bytes(bytes)));
}
