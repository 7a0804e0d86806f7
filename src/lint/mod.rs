//! The lint works in two steps: findings of the inventory, the rules and, if requested, installed
//! programs are gathered in one list; then that list is judged once. One table of rules drives
//! `check`, `explain`, the pages in `docs/` and every report.

mod ad;
mod certificates;
mod cp;
mod dp;
mod edit;
mod findings;
mod fix;
mod fleet;
mod hp;
mod ignore;
mod lo;
mod programs;
mod px;
mod reading;
mod router;
mod rs;
mod rule;
mod se;
mod shared;
mod sn;
mod snippets;
mod tl;

use std::time::SystemTime;

pub use certificates::{Certificates, File, Files};
pub use findings::{EVERY_HOST, Finding, Findings, NotRun, Reporter};
pub use fix::{Fixed, fix};
pub use fleet::{CertificateRef, Fleet, InventoryText};
pub(crate) use rule::examples;
pub use rule::{Detection, Doc, Examples, FixKind, Requirement, Rule};
pub use snippets::{Block, Directive, Included, quoted, upstream_key};

use crate::diagnostic::{CODES, Code, Diagnostic, Severity, WITHDRAWN};
use crate::inventory::{self, Document, Inventory, model};
use crate::source::Source;

/// The rules that can find something, now or in a later version, by family.
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
        lo::RULES,
        se::RULES,
        sn::RULES,
        dp::RULES,
    ];
    families.into_iter().flatten().copied()
}

/// The rules that no rendered file can break.
pub fn impossible() -> impl Iterator<Item = &'static Rule> {
    let families = [
        ad::IMPOSSIBLE,
        px::IMPOSSIBLE,
        tl::IMPOSSIBLE,
        rs::IMPOSSIBLE,
        hp::IMPOSSIBLE,
        cp::IMPOSSIBLE,
        se::IMPOSSIBLE,
    ];
    families.into_iter().flatten()
}

/// Every rule, in the order of the codes. A test compares this list with the table of codes.
pub fn all_rules() -> impl Iterator<Item = &'static Rule> {
    CODES.iter().filter_map(|code| rule(code))
}

pub fn rule(code: &Code) -> Option<&'static Rule> {
    rules().chain(impossible()).find(|rule| rule.code == code)
}

/// The code with this id or slug, in any case.
///
/// # Errors
/// A message that names the most similar rule.
pub fn code(text: &str) -> Result<&'static Code, String> {
    // People put a space after a comma.
    let text = text.trim();
    Code::named(text).ok_or_else(|| {
        if let Some(withdrawn) = WITHDRAWN.iter().find(|code| code.eq_ignore_ascii_case(text)) {
            return format!("the rule `{withdrawn}` was withdrawn: remove the code");
        }
        let near = Code::near(text).map(|near| format!("did you mean `{near}`?"));
        let near = near.unwrap_or_else(|| "`sslscale rules` lists them".to_owned());
        format!("there is no rule `{}`; {near}", inventory::node::printable(text))
    })
}

/// The code with this id or slug, if its findings can be allowed.
///
/// # Errors
/// A message: there is no such code, or its findings cannot be allowed.
pub fn allowable(text: &str) -> Result<&'static Code, String> {
    let code = code(text)?;
    if ignore::only_refuses(code) {
        return Err(format!("`{}` cannot be allowed: nothing can be rendered until its findings are fixed", code.id));
    }
    Ok(code)
}

/// The options of one run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The time that decides which certificates have expired.
    pub now: SystemTime,
    /// Rules whose findings are dropped, whatever the inventory says.
    pub allow: Vec<&'static Code>,
    /// Rules whose findings are errors, whatever the inventory says.
    pub deny: Vec<&'static Code>,
}

impl Default for Settings {
    /// No rule allowed or denied; the time is now.
    fn default() -> Self {
        Self { now: SystemTime::now(), allow: Vec::new(), deny: Vec::new() }
    }
}

/// A finding that a comment in the inventory ignores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    pub diagnostic: Diagnostic,
    /// The reason that the comment gives; may be empty.
    pub reason: String,
}

/// Everything that is known about one inventory.
#[derive(Debug, Default)]
pub struct Linted {
    /// `None` if the inventory is invalid.
    pub inventory: Option<Inventory>,
    /// `None` if the text is not YAML.
    pub document: Option<Document>,
    /// The reported findings, in the order of the file.
    pub findings: Vec<Diagnostic>,
    /// The findings that comments in the inventory ignore, in the order of the file.
    pub suppressed: Vec<Suppressed>,
    /// The rules that could not run, in the order of the codes.
    pub not_run: Vec<NotRun>,
    /// The lowest severity that fails a run, if the inventory sets one.
    pub fail_on: Option<Severity>,
}

impl Linted {
    /// The result for a file that could not be read.
    pub fn unreadable(diagnostic: Diagnostic) -> Self {
        Self { findings: vec![diagnostic], ..Self::default() }
    }

    /// The inventory, if no finding is an error.
    pub fn sound(&self) -> Option<&Inventory> {
        let error = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        self.inventory.as_ref().filter(|_| !error)
    }
}

/// Reads, validates and lints the inventory in `source`, without running haproxy and nginx and without hosts.
pub fn lint(source: &Source, settings: &Settings) -> Linted {
    let mut gathered = find(source, settings);
    gathered.findings.extend(not_requested(Requirement::Programs));
    gathered.findings.extend(not_requested(Requirement::Hosts));
    judge(gathered)
}

/// The rules that did not run because the option that gives them what they need is not there.
pub fn not_requested(needs: Requirement) -> Findings {
    let mut findings = Findings::default();
    let option = needs.option().into_iter();
    for (rule, option) in option.flat_map(|option| rules().map(move |rule| (rule, option))) {
        if rule.needs == needs {
            findings.reporter(rule.code).not_run(option, format!("it needs {option}"));
        }
    }
    findings
}

/// The findings for one inventory, before they are judged. Code that checks more than the inventory
/// and local files adds its findings to the list.
#[derive(Debug)]
pub struct Gathered<'s> {
    source: &'s Source,
    settings: &'s Settings,
    section: model::Lint,
    /// `None` if the text is not YAML.
    document: Option<Document>,
    /// `None` if the inventory is invalid.
    pub inventory: Option<Inventory>,
    pub findings: Findings,
}

impl Gathered<'_> {
    /// The inventory with the places of its values; `None` if it is invalid.
    pub fn fleet(&self) -> Option<Fleet<'_>> {
        let (inventory, document) = (self.inventory.as_ref()?, self.document.as_ref()?);
        let written = document.cursor(self.source);
        Some(Fleet::new(inventory, self.source, written, (self.settings, &self.section)))
    }
}

/// Reads and validates the inventory in `source` and runs no rule: no file that it names is read.
pub fn validate(source: &Source, settings: &Settings) -> Linted {
    let inventory::Checked { document, inventory, lint: section, diagnostics, .. } = inventory::check(source);
    let findings = Findings { found: diagnostics, ..Findings::default() };
    judge(Gathered { source, settings, section, document, inventory, findings })
}

/// Reads and validates the inventory in `source` and runs no rule: for findings of others alone.
pub fn read<'s>(source: &'s Source, settings: &'s Settings) -> Gathered<'s> {
    let inventory::Checked { document, inventory, lint: section, .. } = inventory::check(source);
    Gathered { source, settings, section, document, inventory, findings: Findings::default() }
}

/// Reads and validates the inventory in `source`, and runs the rules that need only it and local
/// files.
pub fn find<'s>(source: &'s Source, settings: &'s Settings) -> Gathered<'s> {
    let inventory::Checked { document, inventory, lint: section, diagnostics, .. } = inventory::check(source);
    let mut findings = Findings { found: diagnostics, ..Findings::default() };
    let mut gathered = Gathered { source, settings, section, document, inventory, findings: Findings::default() };
    if let Some(document) = &gathered.document {
        let (text, fleet) = (InventoryText { source, document }, gathered.fleet());
        rules().for_each(|rule| run(rule, &text, fleet.as_ref(), &mut findings.reporter(rule.code)));
    }
    gathered.findings = findings;
    gathered
}

/// Why rules that need a valid inventory do not run without one.
pub const INVALID: &str = "the inventory has errors that must be fixed first";

fn run(rule: &Rule, text: &InventoryText<'_>, fleet: Option<&Fleet<'_>>, reporter: &mut Reporter<'_>) {
    match (rule.detection, fleet) {
        (Detection::Text(find), _) => find(text, reporter),
        (Detection::Fleet(find), Some(fleet)) => find(fleet, reporter),
        (Detection::Fleet(_), None) => reporter.not_run("a valid inventory", INVALID),
        // Found elsewhere, or never.
        (Detection::Reading | Detection::Comments | Detection::Programs, _) => {}
        (Detection::Hosts | Detection::Impossible(_), _) => {}
    }
}

/// Decides which findings are reported, with which severity, and which are ignored.
pub fn judge(gathered: Gathered<'_>) -> Linted {
    let Gathered { source, settings, section, document, inventory, findings: Findings { mut found, not_run } } =
        gathered;
    let Some(document) = document else {
        return Linted { findings: found, ..Linted::default() };
    };
    ad::give_way(&mut found);
    shared::make_unsafe(&document, &mut found);
    let not_run: Vec<NotRun> = not_run.into_iter().collect();
    let text = InventoryText { source, document: &document };
    let verdict = ignore::apply(&text, settings, &section, &not_run, found);
    Linted {
        inventory,
        document: Some(document),
        findings: verdict.findings,
        suppressed: verdict.suppressed,
        not_run,
        fail_on: section.fail_on,
    }
}
