//! The question for a certificate on this machine.

use std::path::{Path, PathBuf};

use super::super::CommandError;
use super::questions::Dialogue;
use crate::inventory::types::{Scalar, SourcePath};
use crate::starter::{Draft, FoundCertificate, key_beside};

/// The answer for files that the app servers have already.
const THERE: &str = "-";
/// Of so many files that do not fit it is said why.
const MOST: usize = 3;

impl Dialogue<'_> {
    /// The names of certificates on this machine, by where they are, if the certificates are for these names.
    pub(super) fn names_of_certificates(&self) -> impl Iterator<Item = String> {
        let named = self.found.certificates.iter().filter_map(|found| Some((found.name()?, found)));
        let fits = named.filter(|(name, found)| {
            let problem = self.problem(|draft| {
                draft.server_names = vec![(*name).to_owned()];
                take(draft, found);
            });
            problem.is_none()
        });
        fits.map(|(name, _)| name.to_owned())
    }

    /// Asks for a certificate that `deploy` is to bring, and for its key.
    pub(super) fn certificate_source(&mut self) -> Result<(), CommandError> {
        let fitting = self.show_certificates();
        let site = self.draft.site().to_owned();
        let own = fitting.iter().position(|found| found.name() == Some(&site));
        let best = own.or((fitting.len() == 1).then_some(0)).map(|index| (index + 1).to_string());
        let question = "certificate on this machine, for `deploy` to bring, or `-` if the app servers have theirs";
        self.until_sound(question, best.into_iter().chain([THERE.to_owned()]), |dialogue, draft, answer| {
            let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            match number.and_then(|index| fitting.get(index)) {
                Some(found) => take(draft, found),
                None if answer == THERE => {}
                None => draft.certificate_source = Some(dialogue.source(answer)),
            }
        })?;
        let Some(certificate) = self.draft.certificate_source.clone() else { return Ok(()) };
        if self.draft.certificate_key_source.is_some() {
            return Ok(());
        }
        let question = "its private key on this machine, or `-` if the app servers have it";
        self.until_sound(question, [key_beside(&certificate), THERE.to_owned()], |dialogue, draft, answer| {
            draft.certificate_key_source = (answer != THERE).then(|| dialogue.source(answer));
        })
    }

    /// Lists the certificates that the site can have; of others it says why not.
    fn show_certificates(&self) -> Vec<FoundCertificate> {
        let (mut fitting, mut others) = (Vec::new(), Vec::new());
        for found in &self.found.certificates {
            match self.problem(|draft| take(draft, found)) {
                None => fitting.push(found.clone()),
                Some(problem) => others.push(format!("  {} ({})", problem.message, problem.code.id)),
            }
        }
        if !fitting.is_empty() {
            self.output.say("certificates on this machine, whose numbers can be answers:");
            for (number, found) in (1..).zip(&fitting) {
                self.output.say(&format!("  {number}  {}", found.certificate.display()));
            }
        }
        if !others.is_empty() {
            self.output.say(&format!("certificates on this machine that {} cannot have:", self.draft.site()));
            others.iter().take(MOST).for_each(|why| self.output.say(why));
            if others.len() > MOST {
                self.output.say(&format!("  … and {} more", others.len() - MOST));
            }
        }
        fitting
    }

    /// A source as the inventory has it, of one that somebody typed.
    fn source(&self, answer: &str) -> String {
        let at_home = answer.strip_prefix("~/").and_then(|rest| Some(self.home.as_ref()?.join(rest)));
        at_home.map_or_else(|| source(answer, self.path), |path| path.display().to_string())
    }
}

fn take(draft: &mut Draft, found: &FoundCertificate) {
    draft.certificate_source = Some(found.certificate.display().to_string());
    draft.certificate_key_source = Some(found.key.display().to_string());
}

/// A source as the inventory at `path` has it, of one relative to the current directory: the same path, unless they are
/// in different directories.
pub fn source(typed: &str, inventory: &Path) -> String {
    let elsewhere = inventory.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && folder != Path::new("."));
    if !elsewhere || matches!(SourcePath::parse(typed), Ok(SourcePath::OnHost(..))) {
        return typed.to_owned();
    }
    std::path::absolute(typed).unwrap_or_else(|_| PathBuf::from(typed)).display().to_string()
}
