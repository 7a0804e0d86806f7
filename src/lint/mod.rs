//! The lint: everything that can be known of a fleet from its inventory and local files. One
//! table of rules drives `check`, `explain`, the pages in `docs/` and every report.

mod ad;
mod certificates;
mod cp;
mod dp;
mod edit;
mod fix;
mod hp;
mod ignore;
mod programs;
mod px;
mod reading;
mod rs;
mod rule;
mod se;
mod shared;
mod tl;

use std::time::SystemTime;

pub use certificates::{Certificates, File, Files};
pub use fix::{Fixed, fix};
pub use rule::{Doc, Examples, Findings, Fixable, Fleet, Found, Needs, Nth, Rule, Text};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::inventory::{self, Document, Inventory};
use crate::source::Source;

/// Every rule, family by family. A test compares them with the table of codes.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let families = [
        reading::RULES,
        ignore::RULES,
        programs::RULES,
        ad::RULES,
        px::RULES,
        tl::RULES,
        rs::RULES,
        hp::RULES,
        cp::RULES,
        se::RULES,
        dp::RULES,
    ];
    families.into_iter().flatten().copied()
}

/// The rule with this code.
pub fn rule(code: &Code) -> Option<&'static Rule> {
    rules().find(|rule| rule.code == code)
}

/// The code with this id or slug, in any case.
///
/// # Errors
/// A sentence that says so, with the nearest one.
pub fn code(text: &str) -> Result<&'static Code, String> {
    // Behind a comma people put a space.
    let text = text.trim();
    Code::named(text).ok_or_else(|| {
        let near = Code::near(text).map(|near| format!("; did you mean `{near}`?"));
        format!("there is no rule `{}`{}", inventory::node::printable(text), near.unwrap_or_default())
    })
}

/// The code with this id or slug, of which findings can be allowed.
///
/// # Errors
/// A sentence that says why they cannot, or that there is no such code.
pub fn allowable(text: &str) -> Result<&'static Code, String> {
    let code = code(text)?;
    if ignore::only_refuses(code) {
        return Err(format!("`{}` cannot be allowed: nothing is rendered while it stands", code.id));
    }
    Ok(code)
}

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Decides which certificates have expired.
    pub now: SystemTime,
    /// Findings of these are dropped, whatever the inventory says.
    pub allow: Vec<&'static Code>,
    /// Findings of these are errors, whatever the inventory says.
    pub deny: Vec<&'static Code>,
}

impl Default for Settings {
    /// Every rule as it is, now.
    fn default() -> Self {
        Self { now: SystemTime::now(), allow: Vec::new(), deny: Vec::new() }
    }
}

/// A finding that the inventory says not to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub diagnostic: Diagnostic,
    /// What the comment gives as the reason; may be empty.
    pub reason: String,
}

/// A rule that could not look at what it needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The rule's code.
    pub code: &'static str,
    /// Why: lower case, no full stop.
    pub reason: String,
}

/// Everything that is known of one inventory.
#[derive(Debug, Default)]
pub struct Linted {
    /// The fleet. `None` where a finding refuses it.
    pub inventory: Option<Inventory>,
    /// The text as YAML; `None` where it is none.
    pub document: Option<Document>,
    /// What is reported, in the order of the file.
    pub findings: Vec<Diagnostic>,
    /// What comments in the inventory say not to report.
    pub suppressed: Vec<Suppressed>,
    /// What could not be looked at, in the order of the codes.
    pub skipped: Vec<Skipped>,
    /// The least severity that fails a run, where the inventory says so.
    pub fail_on: Option<Severity>,
}

impl Linted {
    /// What is known of a text that could not be read.
    pub fn unreadable(diagnostic: Diagnostic) -> Self {
        Self { findings: vec![diagnostic], ..Self::default() }
    }

    /// The fleet, where nothing of severity error stands against it.
    pub fn sound(&self) -> Option<&Inventory> {
        let error = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        self.inventory.as_ref().filter(|_| !error)
    }
}

/// A later stage of `check`, which looks at more than one inventory and local files. It is given
/// the fleet where there is one; what it reports is judged with all the rest.
pub type Stage<'s> = &'s mut dyn FnMut(Option<&Fleet<'_>>, &mut Findings);

/// Reads, validates and lints the inventory in `source`.
pub fn lint(source: &Source, settings: &Settings) -> Linted {
    lint_with(source, settings, None)
}

/// The same with what `stage` finds. Without it the rules that need programs are skipped.
pub fn lint_with(source: &Source, settings: &Settings, stage: Option<Stage<'_>>) -> Linted {
    let checked = inventory::check(source);
    let Some(document) = checked.document else {
        return Linted { findings: checked.diagnostics, ..Linted::default() };
    };
    let section = checked.lint;
    let mut findings = Findings::new();
    findings.found = checked.diagnostics;
    let text = Text { source, document: &document };
    let written = document.cursor(source);
    let fleet =
        checked.inventory.as_ref().map(|inventory| Fleet::new(inventory, source, written, (settings, &section)));
    for rule in rules() {
        let findings = findings.of(rule.code);
        match (rule.found, &fleet) {
            (Found::Text(find), _) => find(&text, findings),
            (Found::Fleet(find), Some(fleet)) => find(fleet, findings),
            (Found::Fleet(_), None) => findings.skip("the inventory has errors that come first"),
            (Found::Skipped(reason), _) => findings.skip(reason),
            (Found::Elsewhere(how), _) if rule.needs == Needs::Programs && stage.is_none() => {
                findings.skip(format!("it is asked for by {how}"));
            }
            (Found::Reading | Found::Elsewhere(_) | Found::Impossible(_), _) => {}
        }
    }
    if let Some(stage) = stage {
        stage(fleet.as_ref(), &mut findings);
    }
    ad::give_way(&mut findings.found);
    shared::look_first(&document, &mut findings.found);
    let skipped: Vec<Skipped> = findings.skipped.into_iter().map(|(code, reason)| Skipped { code, reason }).collect();
    let judged = ignore::apply(&text, settings, &section, &skipped, findings.found);
    Linted {
        inventory: checked.inventory,
        document: Some(document),
        findings: judged.findings,
        suppressed: judged.suppressed,
        skipped,
        fail_on: section.fail_on,
    }
}
