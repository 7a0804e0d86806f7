//! What plans say of ticket rings.

use crate::report::Output;

/// What a deploy does about ticket rings before any change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rings {
    /// Whether app servers get their first one.
    pub missing: bool,
    /// App servers by the key that they encrypt with, if they have different ones: all get the ring of some.
    pub apart: Vec<Vec<String>>,
}

impl Rings {
    /// What a deploy does before any change, in lines.
    pub(super) fn lines(&self) -> String {
        let mut lines = String::new();
        if self.missing {
            lines += "before any change: app servers without a ticket ring get the one that all of them share\n";
        }
        if !self.apart.is_empty() {
            lines += &format!(
                "before any change: all app servers get one ticket ring again; now they have {}: {}\n",
                self.apart.len(),
                self.groups()
            );
        }
        lines
    }

    fn groups(&self) -> String {
        self.apart.iter().map(|names| names.join(", ")).collect::<Vec<_>>().join(" | ")
    }

    /// What is said where nothing else would change: a deploy then leaves them.
    pub(in crate::report) fn warn(&self, output: &Output, file: &str) {
        if !self.missing && self.apart.is_empty() {
            return;
        }
        let what = if self.apart.is_empty() {
            "app servers without a ticket ring resume no sessions".to_owned()
        } else {
            format!("app servers have different ticket rings: {}", self.groups())
        };
        output.say(&format!("warning: {what}\n  help: `sslscale tickets sync {file}` gives all of them the same one"));
    }
}
