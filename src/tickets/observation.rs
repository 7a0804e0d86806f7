//! What a host tells about its ring. It is read as strictly as anything that comes from outside.

use std::fmt;

use super::key::{Fingerprint, Fingerprints, LENGTH};
use super::layout::STALE;
use crate::rollout::QueryError;
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
    /// Whether nginx is known to have read this ring.
    pub loaded: bool,
    /// Whether nginx runs.
    pub nginx: bool,
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
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["layout", "link" | "directory"] => {}
            ["directory", mode] => self.mode(None, mode, DIRECTORY_MODE)?,
            [name, print, size, mode] => {
                let at = PLACES.iter().position(|place| *place == name)?;
                let known = print.len() == 16 && print.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                self.prints[at] = Some(Fingerprint(known.then(|| print.to_owned())?));
                let bytes: u64 = size.parse().ok()?;
                if bytes != LENGTH as u64 {
                    self.faults.push(Fault::Size { key: PLACES[at], bytes });
                }
                self.mode(Some(PLACES[at]), mode, KEY_MODE)?;
            }
            // Negative where the clock was set back.
            ["age", age] => self.age = Some(age.parse::<i64>().ok()?.try_into().unwrap_or_default()),
            ["loaded"] => self.loaded = true,
            ["nginx"] => self.nginx = true,
            _ => return None,
        }
        Some(())
    }

    fn mode(&mut self, key: Option<&'static str>, text: &str, wanted: u32) -> Option<()> {
        let known = (1..=4).contains(&text.len()) && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let mode = u32::from_str_radix(known.then_some(text)?, 8).ok()?;
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
        previous 1123456789abcdef 80 600\nnext 2123456789abcdef 80 600\nage 60\nloaded\nnginx\nend\n";

    #[test]
    fn a_whole_ring() {
        let seen = Observation::read("srv1", WHOLE).unwrap();
        assert!(seen.is_sound() && seen.nginx && !seen.is_stale());
        assert_eq!(seen.ring().unwrap().to_string(), Seen(&seen).to_string());
        assert_eq!((seen.age, seen.host.as_str()), (Some(60), "srv1"));
        let stale = WHOLE.replace("age 60", "age 90001");
        assert!(Observation::read("srv1", &stale).unwrap().is_stale());
        assert_eq!(Observation::read("srv1", &WHOLE.replace("age 60", "age -5")).unwrap().age, Some(0));
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
        ] {
            let error = Observation::read("srv1", &format!("loaded\n{line}\nend\n")).unwrap_err();
            assert_eq!(error.to_string(), "its answer has an unexpected line", "{line:?}");
            assert_eq!(error.output().to_string(), line.trim_end(), "{line:?}");
        }
    }
}
