//! The questions of `init`. An answer that `check` would have an error or a warning about is asked for again.

use std::path::{Path, PathBuf};

use super::super::CommandError;
use super::app::{self, App};
use super::lines;
use crate::diagnostic::Diagnostic;
use crate::report::Output;
use crate::starter::{APP_SERVERS, Draft, Found, Host, Kind, Part, Upstream, key_beside};

/// Asks for what the draft lacks.
///
/// # Errors
/// The terminal has no more answers.
pub fn ask(draft: Draft, path: &Path, output: &Output) -> Result<Draft, CommandError> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let found = Found::on_this_machine(home.as_deref());
    let mut dialogue = Dialogue { draft, found, home, path, output };
    output.say("Enter takes the answer in brackets. Nothing is written before the last answer.");
    let missing = dialogue.draft.missing();
    if missing.contains(&Part::Balancer) || missing.contains(&Part::AppServer) {
        dialogue.show_hosts();
    }
    if missing.contains(&Part::Balancer) {
        dialogue.balancers()?;
    }
    if missing.contains(&Part::AppServer) {
        dialogue.app_servers()?;
    }
    if missing.contains(&Part::ServerName) {
        dialogue.server_names()?;
    }
    if missing.contains(&Part::Certificate) {
        dialogue.certificate_source()?;
    }
    // Where there is a source, the usual paths will do.
    let missing = dialogue.draft.missing();
    if missing.contains(&Part::Certificate) {
        dialogue.certificate()?;
    }
    if missing.contains(&Part::CertificateKey) {
        dialogue.certificate_key()?;
    }
    if missing.contains(&Part::Upstream) {
        dialogue.upstream()?;
    }
    if dialogue.draft.missing().contains(&Part::Root) {
        dialogue.root(None)?;
    }
    Ok(dialogue.draft)
}

pub(super) struct Dialogue<'a> {
    pub(super) draft: Draft,
    pub(super) found: Found,
    pub(super) home: Option<PathBuf>,
    /// Where the inventory will be.
    pub(super) path: &'a Path,
    pub(super) output: &'a Output,
}

/// The answer that ends a list.
const NO_MORE: &str = "no more";

impl Dialogue<'_> {
    /// What `check` would say about the draft after this change.
    pub(super) fn problem(&self, change: impl FnOnce(&mut Draft)) -> Option<Diagnostic> {
        let mut next = self.draft.clone();
        change(&mut next);
        next.problem(self.path)
    }

    /// Asks until `change` makes a draft of the answer that `check` accepts. Proposed is the first answer of these that
    /// it does accept.
    pub(super) fn until_sound(
        &mut self,
        question: &str,
        proposals: impl IntoIterator<Item = String>,
        change: impl Fn(&Self, &mut Draft, &str),
    ) -> Result<(), CommandError> {
        let accepts = |answer: &String| self.problem(|draft| change(self, draft, answer)).is_none();
        let proposed = proposals.into_iter().find(accepts);
        loop {
            let answer = lines::ask(self.output, question, proposed.as_deref())?;
            let Some(finding) = self.problem(|draft| change(self, draft, &answer)) else {
                let mut next = self.draft.clone();
                change(self, &mut next, &answer);
                self.draft = next;
                return Ok(());
            };
            self.output.say(&format!("  {} ({})", finding.message, finding.code.id));
            self.output.say(&format!("  help: {}", finding.help));
        }
    }

    /// Shows what can be an answer. What `check` would refuse is left out.
    fn show_hosts(&self) {
        let fits = |host: Host| self.problem(|draft| draft.balancers.push(host)).is_none();
        let hosts = self.found.hosts.iter().filter(|host| fits(Host::of(host)));
        let hosts: Vec<String> = hosts.map(|host| format!("{} ({})", host.alias.name, host.address)).collect();
        if !hosts.is_empty() {
            self.output.say(&format!("hosts of your ssh_config, whose names can be answers: {}", hosts.join(", ")));
        }
        let addresses = self.found.addresses.iter().map(ToString::to_string);
        let addresses: Vec<String> = addresses.filter(|address| fits(Host::parse(address))).collect();
        if !addresses.is_empty() {
            self.output.say(&format!("addresses of this machine: {}", addresses.join(", ")));
        }
    }

    /// The host that an answer names: a host of `ssh_config`, or `[NAME=]ADDRESS`.
    fn host(&self, answer: &str) -> Host {
        let known = self.found.hosts.iter().find(|host| host.alias.name == answer);
        known.map_or_else(|| Host::parse(answer), Host::of)
    }

    /// The hosts of `ssh_config` that may be balancers, or not, and that the fleet has not yet.
    fn next_hosts(&self, is_balancer: bool) -> Vec<String> {
        let taken = |address: &str| {
            self.draft.balancers.iter().chain(&self.draft.app_servers).any(|host| host.address == address)
        };
        let fits = self.found.hosts.iter().filter(|host| host.is_balancer() == is_balancer);
        fits.filter(|host| !taken(&host.address.to_string())).map(|host| host.alias.name.clone()).collect()
    }

    fn balancers(&mut self) -> Result<(), CommandError> {
        let mut proposals = self.next_hosts(true);
        proposals.extend(self.found.addresses.iter().map(|address| format!("lb1={address}")));
        let add = |dialogue: &Self, draft: &mut Draft, answer: &str| draft.balancers.push(dialogue.host(answer));
        self.until_sound("balancer, as [NAME=]IP", proposals, add)?;
        self.more("another balancer", true, |draft| &mut draft.balancers)
    }

    fn app_servers(&mut self) -> Result<(), CommandError> {
        while self.draft.app_servers.len() < APP_SERVERS {
            let proposals = self.next_hosts(false);
            let question =
                if self.draft.app_servers.is_empty() { "app server, as [NAME=]IP" } else { "another app server" };
            let add = |dialogue: &Self, draft: &mut Draft, answer: &str| draft.app_servers.push(dialogue.host(answer));
            self.until_sound(question, proposals, add)?;
        }
        self.more("another app server", false, |draft| &mut draft.app_servers)
    }

    /// Asks for more hosts until there are no more. What `ssh_config` has is proposed first.
    fn more(
        &mut self,
        question: &str,
        is_balancer: bool,
        list: fn(&mut Draft) -> &mut Vec<Host>,
    ) -> Result<(), CommandError> {
        loop {
            let before = list(&mut self.draft).len();
            let mut proposals = self.next_hosts(is_balancer);
            proposals.retain(|alias| self.problem(|draft| list(draft).push(self.host(alias))).is_none());
            let question = match proposals.first() {
                Some(_) => format!("{question}, or `-` for {NO_MORE}"),
                None => question.to_owned(),
            };
            proposals.push(NO_MORE.to_owned());
            self.until_sound(&question, proposals, |dialogue, draft, answer| {
                if answer != NO_MORE && answer != "-" {
                    let host = dialogue.host(answer);
                    list(draft).push(host);
                }
            })?;
            if list(&mut self.draft).len() == before {
                return Ok(());
            }
        }
    }

    fn server_names(&mut self) -> Result<(), CommandError> {
        let proposals: Vec<String> = self.names_of_certificates().collect();
        let question = "names of the site, such as `example.com www.example.com`";
        self.until_sound(question, proposals.into_iter().take(1), |_, draft, answer| {
            let words = answer.split([' ', ',']).filter(|word| !word.is_empty());
            draft.server_names = words.map(str::to_owned).collect();
        })
    }

    fn certificate(&mut self) -> Result<(), CommandError> {
        let usual = self.draft.certificate_path();
        self.until_sound("path of the certificate with its chain, on the app servers", [usual], |_, draft, answer| {
            draft.certificate = Some(answer.to_owned());
        })
    }

    fn certificate_key(&mut self) -> Result<(), CommandError> {
        let beside = key_beside(&self.draft.certificate_path());
        self.until_sound("path of its private key, on the app servers", [beside], |_, draft, answer| {
            draft.certificate_key = Some(answer.to_owned());
        })
    }

    fn upstream(&mut self) -> Result<(), CommandError> {
        self.output.say("what answers the requests:");
        for kind in Kind::ALL {
            self.output.say(&format!("  {:12}  {}", kind.key(), kind.what()));
        }
        self.output.say("  root          files of a directory");
        let (app, typed) = loop {
            let answer = lines::ask(self.output, "which of these", Some(Kind::Proxy.key()))?;
            // Where it listens is the next question, of which this may be the answer already.
            match (app::parse(&answer), app::of_target(&answer)) {
                (Some(app), _) => break (app, None),
                (None, Some(app)) => break (app, Some(answer)),
                (None, None) => {
                    self.output.say(&format!("  `{answer}` is none of them"));
                    self.output.say("  help: answer with one of the words at the left, such as `fastcgi_pass`");
                }
            }
        };
        let App::Kind(kind) = app else { return self.root(typed) };
        let question = format!("{} on each app server", kind.key());
        let proposals = typed.into_iter().chain([kind.usual().to_owned()]);
        self.until_sound(&question, proposals, |_, draft, answer| {
            draft.upstream = Some(Upstream { kind, target: answer.to_owned() });
        })
    }

    fn root(&mut self, typed: Option<String>) -> Result<(), CommandError> {
        let usual = format!("/srv/{}", self.draft.site());
        let proposals = typed.into_iter().chain([usual]);
        self.until_sound("directory of the files, on each app server", proposals, |_, draft, answer| {
            draft.root = Some(answer.to_owned());
        })
    }
}
