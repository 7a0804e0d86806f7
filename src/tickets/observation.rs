//! What a host tells about its ring. It is read as strictly as anything that comes from outside.

use std::fmt;

use super::key::{Fingerprint, Fingerprints, LENGTH};
use super::layout::STALE;
use super::nginx::Nginx;
use crate::rollout::{QueryError, permissions};
use crate::transport::HostText;

const KEY_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
const PLACES: [&str; 3] = ["current", "previous", "next"];

/// The ring of one host, or what there is of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// The host's name.
    pub host: String,
    /// Of the current, the previous and the next key, where there is one.
    pub prints: [Option<Fingerprint>; 3],
    /// What is wrong with the files.
    pub faults: Vec<Fault>,
    /// For how many seconds the current key has been in use, by the clock of the host.
    pub age: Option<u64>,
    /// How many seconds ago the host stopped encrypting with the previous key, by its clock.
    pub retired: Option<u64>,
    /// The keys that were current before the previous one, the newest first.
    pub history: Vec<Fingerprint>,
    /// Whether nginx is known to have read this ring.
    pub loaded: bool,
    /// What is known about nginx.
    pub nginx: Nginx,
}

/// What is wrong with a file of a ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A key of the wrong length, which nginx would not read.
    Size {
        /// Which key.
        key: &'static str,
        /// Its length.
        bytes: u64,
    },
    /// Users other than root may have access.
    Mode {
        /// Which key; `None` is the directory.
        key: Option<&'static str>,
        /// Its mode.
        mode: u32,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { key, bytes } => write!(f, "the {key} key has {bytes} bytes instead of {LENGTH}"),
            Self::Mode { key: Some(key), mode } => write!(f, "the {key} key has mode {mode:o} instead of {KEY_MODE:o}"),
            Self::Mode { key: None, mode } => {
                write!(f, "the directory has mode {mode:o} instead of {DIRECTORY_MODE:o}")
            }
        }
    }
}

impl Observation {
    /// Reads what the script on the host wrote.
    pub(super) fn read(host: &str, text: &str) -> Result<Self, QueryError> {
        let wrong = |problem, text: &str| QueryError::Answer { problem, text: HostText::new(text.as_bytes()) };
        let lines = text.strip_suffix("end\n").filter(|lines| lines.is_empty() || lines.ends_with('\n'));
        let mut seen = Self { host: host.to_owned(), ..Self::default() };
        for line in lines.ok_or_else(|| wrong("its answer is incomplete", text))?.lines() {
            seen.line(line).ok_or_else(|| wrong("its answer has an unexpected line", line))?;
        }
        Ok(seen)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        // Names of files have spaces.
        if line.starts_with("changed ") {
            return self.nginx.line(line);
        }
        let words: Vec<&str> = line.split(' ').collect();
        // Unknown where the clock was set back.
        let seconds = |text: &str| text.parse::<i64>().ok().map(|seconds| seconds.try_into().ok());
        match words[..] {
            ["layout", "link" | "directory"] => {}
            ["history", ref prints @ ..] => {
                let prints = prints.iter().filter(|print| !print.is_empty());
                self.history = prints.map(|print| Fingerprint::read(print)).collect::<Option<_>>()?;
            }
            ["directory", mode] => self.mode(None, mode, DIRECTORY_MODE)?,
            [name, print, size, mode] => {
                let at = PLACES.iter().position(|place| *place == name)?;
                self.prints[at] = Some(Fingerprint::read(print)?);
                let bytes: u64 = size.parse().ok()?;
                if bytes != LENGTH as u64 {
                    self.faults.push(Fault::Size { key: PLACES[at], bytes });
                }
                self.mode(Some(PLACES[at]), mode, KEY_MODE)?;
            }
            ["age", age] => self.age = seconds(age)?,
            ["retired", retired] => self.retired = seconds(retired)?,
            ["loaded"] => self.loaded = true,
            _ => self.nginx.line(line)?,
        }
        Some(())
    }

    fn mode(&mut self, key: Option<&'static str>, text: &str, wanted: u32) -> Option<()> {
        let mode = permissions(text)?;
        if mode != wanted {
            self.faults.push(Fault::Mode { key, mode });
        }
        Some(())
    }

    /// The ring, if there are three keys that nginx can read.
    pub fn ring(&self) -> Option<Fingerprints> {
        let sized = !self.faults.iter().any(|fault| matches!(fault, Fault::Size { .. }));
        let [current, previous, next] = self.prints.clone();
        sized.then_some(Fingerprints { current: current?, previous: previous?, next: next? })
    }

    /// Whether the ring is in use, and only root can read it.
    pub fn is_sound(&self) -> bool {
        self.ring().is_some() && self.loaded && self.faults.is_empty()
    }

    /// How many rotations led from a ring with `older` as its current key to this ring; `None` if it is not
    /// known that any did.
    pub fn rotations_since(&self, older: &Fingerprint) -> Option<usize> {
        let [current, previous, _] = &self.prints;
        let before = [current, previous].into_iter().map(Option::as_ref).chain(self.history.iter().map(Some));
        before.into_iter().position(|print| print == Some(older))
    }

    /// Whether the current key should have been rotated.
    pub fn is_stale(&self) -> bool {
        self.age.is_some_and(|age| age > STALE)
    }
}

/// The fingerprints that were observed, as the scripts write them. The host compares them with its
/// keys before it changes anything.
pub(super) struct Seen<'o>(pub(super) &'o Observation);

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.prints.each_ref().map(|print| print.as_ref().map_or("", |print| print.0.as_str()));
        f.write_str(&text.join("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "layout link\ndirectory 700\ncurrent 0123456789abcdef 80 600\n\
        previous 1123456789abcdef 80 600\nnext 2123456789abcdef 80 600\nage 60\nretired 59\nhistory 3123456789abcdef 5123456789abcdef \nloaded\nnginx running\nend\n";

    #[test]
    fn a_whole_ring() {
        let seen = Observation::read("srv1", WHOLE).unwrap();
        assert!(seen.is_sound() && seen.nginx.is_running() && !seen.is_stale());
        assert_eq!(seen.ring().unwrap().to_string(), Seen(&seen).to_string());
        assert_eq!((seen.age, seen.host.as_str()), (Some(60), "srv1"));
        assert_eq!((seen.retired, seen.history.len()), (Some(59), 2));
        for (print, rotations) in
            [("0", Some(0)), ("1", Some(1)), ("3", Some(2)), ("5", Some(3)), ("2", None), ("4", None)]
        {
            assert_eq!(seen.rotations_since(&Fingerprint(format!("{print}123456789abcdef"))), rotations, "{print}");
        }
        let stale = WHOLE.replace("age 60", "age 180001");
        assert!(Observation::read("srv1", &stale).unwrap().is_stale());
        // A host whose clock was set back is not one with a young key.
        assert_eq!(Observation::read("srv1", &WHOLE.replace("age 60", "age -5")).unwrap().age, None);
    }

    #[test]
    fn incomplete_rings() {
        let none = Observation::read("srv1", "end\n").unwrap();
        assert_eq!((none.ring(), Seen(&none).to_string().as_str()), (None, "--"));
        let mode = |key, mode| Fault::Mode { key, mode };
        for (from, to, fault) in [
            ("current 0123456789abcdef 80", "current 0123456789abcdef 48", Fault::Size { key: "current", bytes: 48 }),
            ("80 600\nage", "80 644\nage", mode(Some("next"), 0o644)),
            ("directory 700", "directory 755", mode(None, 0o755)),
        ] {
            let seen = Observation::read("srv1", &WHOLE.replace(from, to)).unwrap();
            assert!(!seen.is_sound());
            assert_eq!((seen.ring().is_some(), seen.faults.as_slice()), (!to.contains("48"), &[fault][..]));
        }
        let partial = Observation::read("srv1", "current 0123456789abcdef 80 600\nend\n").unwrap();
        assert_eq!((partial.ring(), Seen(&partial).to_string().as_str()), (None, "0123456789abcdef--"));
    }

    #[test]
    fn faults_in_words() {
        for (fault, text) in [
            (Fault::Size { key: "next", bytes: 48 }, "the next key has 48 bytes instead of 80"),
            (Fault::Mode { key: Some("current"), mode: 0o644 }, "the current key has mode 644 instead of 600"),
            (Fault::Mode { key: None, mode: 0o755 }, "the directory has mode 755 instead of 700"),
        ] {
            assert_eq!(fault.to_string(), text);
        }
    }

    #[test]
    fn a_ring_is_sound_only_when_everything_is() {
        for without in ["loaded\n", "previous 1123456789abcdef 80 600\n"] {
            assert!(!Observation::read("srv1", &WHOLE.replace(without, "")).unwrap().is_sound(), "{without}");
        }
        for (age, stale) in [(STALE - 1, false), (STALE, false), (STALE + 1, true)] {
            assert_eq!(Observation { age: Some(age), ..Observation::default() }.is_stale(), stale);
        }
        assert!(!Observation::default().is_stale());
    }

    #[test]
    fn an_unexpected_answer_is_refused() {
        for text in ["", "end", "loaded\n", "loaded\nend", "loadedend\n"] {
            let error = Observation::read("srv1", text).unwrap_err();
            assert_eq!(error.to_string(), "its answer is incomplete", "{text:?}");
        }
        for line in [
            "what",
            "",
            "loaded now",
            "layout file",
            "current xyz 80 600",
            "current 0123456789ABCDEF 80 600",
            "current 0123456789abcde 80 600",
            "current 0123456789abcdef x 600",
            "current 0123456789abcdef 80 00600",
            "current 0123456789abcdef 80 ",
            "second 0123456789abcdef 80 600",
            "directory 99",
            "directory",
            "age",
            "age x",
            "age 1.5",
            "retired",
            "retired x",
            "history xyz",
            "nginx",
            "nginx sleeps",
            "config",
        ] {
            let error = Observation::read("srv1", &format!("loaded\n{line}\nend\n")).unwrap_err();
            assert_eq!(error.to_string(), "its answer has an unexpected line", "{line:?}");
            assert_eq!(error.output().to_string(), line.trim_end(), "{line:?}");
        }
    }
}
