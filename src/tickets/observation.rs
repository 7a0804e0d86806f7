//! What a host says of its ring. It is read as strictly as anything that comes from outside.

use std::fmt;

use super::STALE;
use super::key::{Fingerprint, Fingerprints, LENGTH};

/// What there is of a ring on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// The host's name.
    pub host: String,
    /// Of the current, the previous and the next key, where there is one.
    pub prints: [Option<Fingerprint>; 3],
    /// What is wrong with the files, in the words of a reader.
    pub faults: Vec<String>,
    /// For how many seconds the current key has been that, by the host's own clock.
    pub age: Option<u64>,
    /// Whether nginx is known to have read this ring.
    pub loaded: bool,
    /// Whether nginx runs.
    pub nginx: bool,
}

/// A host that did not say what there is of a ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// The host's name.
    pub host: String,
    /// Why.
    pub why: String,
}

impl Observation {
    /// Reads what the script on the host wrote, or says what is wrong with it.
    pub(super) fn read(host: &str, text: &str) -> Result<Self, String> {
        let Some(lines) = text.strip_suffix("end\n").filter(|lines| lines.is_empty() || lines.ends_with('\n')) else {
            return Err("its answer is not whole".to_owned());
        };
        let mut seen = Self { host: host.to_owned(), ..Self::default() };
        for line in lines.lines() {
            seen.line(line).ok_or_else(|| format!("an answer that makes no sense: `{}`", line.escape_debug()))?;
        }
        Ok(seen)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["layout", "link" | "directory"] => {}
            ["directory", mode] => self.mode("the directory", mode, "700")?,
            [name @ ("current" | "previous" | "next"), print, size, mode] => {
                let known = print.len() == 16 && print.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                let at = ["current", "previous", "next"].iter().position(|own| *own == name)?;
                self.prints[at] = Some(Fingerprint(known.then(|| print.to_owned())?));
                if size.parse::<usize>().ok()? != LENGTH {
                    self.faults.push(format!("the {name} key has {size} bytes"));
                }
                self.mode(&format!("the {name} key"), mode, "600")?;
            }
            // A clock that was set back makes no key younger than new.
            ["age", age] => self.age = Some(age.parse::<i64>().ok()?.try_into().unwrap_or_default()),
            ["loaded"] => self.loaded = true,
            ["nginx"] => self.nginx = true,
            _ => return None,
        }
        Some(())
    }

    fn mode(&mut self, what: &str, mode: &str, wanted: &str) -> Option<()> {
        let known = mode.len() <= 4 && mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        if known && mode != wanted {
            self.faults.push(format!("{what} has mode {mode}"));
        }
        known.then_some(())
    }

    /// The ring, if there are three keys that nginx can read.
    pub fn ring(&self) -> Option<Fingerprints> {
        let sized = !self.faults.iter().any(|fault| fault.ends_with(" bytes"));
        let [current, previous, next] = self.prints.clone();
        sized.then_some(Fingerprints { current: current?, previous: previous?, next: next? })
    }

    /// Whether nothing has to be done for the ring that is there to be in use, and safe.
    pub fn is_sound(&self) -> bool {
        self.ring().is_some() && self.loaded && self.faults.is_empty()
    }

    /// Whether the current key should have been rotated.
    pub fn is_stale(&self) -> bool {
        self.age.is_some_and(|age| age > STALE)
    }
}

/// What was there as the scripts write it, for them to compare.
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
        assert_eq!(seen.age, Some(60));
        let stale = WHOLE.replace("age 60", "age 90001");
        assert!(Observation::read("srv1", &stale).unwrap().is_stale());
        assert_eq!(Observation::read("srv1", &WHOLE.replace("age 60", "age -5")).unwrap().age, Some(0));
    }

    #[test]
    fn nothing_and_pieces() {
        let none = Observation::read("srv1", "end\n").unwrap();
        assert_eq!((none.ring(), Seen(&none).to_string().as_str()), (None, "--"));
        for (from, to, fault) in [
            ("current 0123456789abcdef 80 600", "current 0123456789abcdef 48 600", "the current key has 48 bytes"),
            ("80 600\nage", "80 644\nage", "the next key has mode 644"),
            ("directory 700", "directory 755", "the directory has mode 755"),
        ] {
            let seen = Observation::read("srv1", &WHOLE.replace(from, to)).unwrap();
            assert!(!seen.is_sound());
            assert_eq!(seen.faults, [fault]);
        }
        let partial = Observation::read("srv1", "current 0123456789abcdef 80 600\nend\n").unwrap();
        assert_eq!((partial.ring(), Seen(&partial).to_string().as_str()), (None, "0123456789abcdef--"));
    }

    #[test]
    fn what_is_not_understood_is_no_observation() {
        for text in
            ["", "end", "loaded\n", "what\nend\n", "current xyz 80 600\nend\n", "directory 99\nend\n", "age\nend\n"]
        {
            assert!(Observation::read("srv1", text).is_err(), "{text:?}");
        }
    }
}
