//! The parts of a rule. A rule says how its findings are found; what happens to them is decided
//! elsewhere.

use super::{Fleet, InventoryText, Reporter};
use crate::diagnostic::Code;

/// One rule. It consists of its file, its examples and its line in the table of codes.
#[derive(Debug)]
pub struct Rule {
    pub code: &'static Code,
    /// The first version of sslscale that has the rule.
    pub since: &'static str,
    pub needs: Requirement,
    pub fix: FixKind,
    pub detection: Detection,
    pub doc: Doc,
    /// `None` if an inventory alone cannot cause a finding.
    pub examples: Option<Examples>,
}

impl Rule {
    /// A rule that no rendered file can break, with the reason.
    pub const fn impossible(code: &'static Code, reason: &'static str, doc: Doc) -> Self {
        Self {
            code,
            since: "0.1.0",
            needs: Requirement::Inventory,
            fix: FixKind::None,
            detection: Detection::Impossible(reason),
            doc,
            examples: None,
        }
    }
}

/// What a rule needs to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// Only the inventory's text.
    Inventory,
    /// Also files on this machine, such as certificates.
    Files,
    /// haproxy and nginx, installed on this machine.
    Programs,
    /// The running hosts.
    Hosts,
}

impl Requirement {
    /// The words that are printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Files => "files",
            Self::Programs => "programs",
            Self::Hosts => "hosts",
        }
    }

    /// The option of `check` that gives it; `None` if no option is needed.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Self::Inventory | Self::Files => None,
            Self::Programs => Some("`--with-binaries`"),
            Self::Hosts => Some("`--hosts`"),
        }
    }
}

/// What `--fix` can do about a rule's findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixKind {
    None,
    /// Some or all findings have a safe fix.
    Safe,
    /// Some or all findings have a fix that a person has to review.
    Unsafe,
}

impl FixKind {
    /// The word that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// How a rule's findings are found.
#[derive(Debug, Clone, Copy)]
pub enum Detection {
    /// While the inventory is read and validated; a finding makes it invalid.
    Reading,
    /// In the text of any inventory that is YAML, valid or not.
    Text(fn(&InventoryText<'_>, &mut Reporter<'_>)),
    /// In a valid inventory.
    Fleet(fn(&Fleet<'_>, &mut Reporter<'_>)),
    /// In the comments that ignore findings, after all other rules have run.
    Comments,
    /// In what installed programs print about the rendered files.
    Programs,
    /// In what hosts have, and in what a deploy would do there.
    Hosts,
    /// Never in rendered files, for this reason, which a test proves.
    Impossible(&'static str),
}

/// A rule's documentation: Markdown, in whole sentences.
#[derive(Debug, Clone, Copy)]
pub struct Doc {
    /// What is found.
    pub what: &'static str,
    /// The damage it does.
    pub why: &'static str,
    /// What the real programs print and do.
    pub evidence: &'static str,
    /// How to fix it.
    pub fix: &'static str,
    /// The versions with which the evidence was verified; empty if it depends on none.
    pub verified_on: &'static str,
}

/// Whole inventories that tests run and the rule's page shows.
#[derive(Debug, Clone, Copy)]
pub struct Examples {
    /// Has a finding of the rule, and no warning or error of another rule.
    pub fires: &'static str,
    /// Looks similar and has no finding of the rule.
    pub silent: &'static str,
    /// `fires` after `--fix`, or after `--unsafe-fixes` if the rule's fix is unsafe.
    pub fixed: Option<&'static str>,
}

/// The examples of a rule, from `src/lint/examples/CODE/`.
macro_rules! examples {
    ($code:literal) => {
        $crate::lint::rule::examples!(@with $code, None)
    };
    ($code:literal, fixed) => {
        $crate::lint::rule::examples!(@with $code, Some($crate::lint::rule::examples!(@file $code, "fixed")))
    };
    (@with $code:literal, $fixed:expr) => {
        Some($crate::lint::Examples {
            fires: $crate::lint::rule::examples!(@file $code, "fires"),
            silent: $crate::lint::rule::examples!(@file $code, "silent"),
            fixed: $fixed,
        })
    };
    (@file $code:literal, $name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lint/examples/", $code, "/", $name, ".yaml"))
    };
}
pub(crate) use examples;
