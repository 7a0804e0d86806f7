//! The questions of `init`. An answer that `check` would have an error or a warning about is asked for again.

use std::path::{Path, PathBuf};

use super::super::CommandError;
use super::lines;
use crate::report::Output;
use crate::starter::{APP_SERVERS, Draft, Found, FoundCertificate, Host, Kind, Part, Upstream, key_beside};

/// Asks for what the draft lacks.
///
/// # Errors
/// The terminal has no more answers.
pub fn ask(draft: Draft, path: &Path, output: &Output) -> Result<Draft, CommandError> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let mut dialogue = Dialogue { draft, found: Found::on_this_machine(home.as_deref()), path, output };
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
        dialogue.certificate()?;
    }
    if dialogue.draft.certificate_key.is_none() {
        dialogue.certificate_key()?;
    }
    if missing.contains(&Part::Upstream) {
        dialogue.upstream()?;
    }
    if dialogue.draft.missing().contains(&Part::Root) {
        dialogue.root()?;
    }
    Ok(dialogue.draft)
}

struct Dialogue<'a> {
    draft: Draft,
    found: Found,
    path: &'a Path,
    output: &'a Output,
}

/// The answer that ends a list.
const NO_MORE: &str = "no more";

impl Dialogue<'_> {
    /// Asks until `change` makes a draft of the answer that `check` accepts.
    fn until_sound(
        &mut self,
        question: &str,
        proposed: Option<&str>,
        change: impl Fn(&Self, &mut Draft, &str),
    ) -> Result<(), CommandError> {
        loop {
            let answer = lines::ask(self.output, question, proposed)?;
            let mut next = self.draft.clone();
            change(self, &mut next, &answer);
            let Some(finding) = next.problem(self.path) else {
                self.draft = next;
                return Ok(());
            };
            self.output.say(&format!("  {} ({})", finding.message, finding.code.id));
            self.output.say(&format!("  help: {}", finding.help));
        }
    }

    fn show_hosts(&self) {
        let hosts = self.found.hosts.iter().map(|host| format!("{} ({})", host.alias, host.address));
        let hosts: Vec<String> = hosts.collect();
        if !hosts.is_empty() {
            self.output.say(&format!("hosts of your ssh_config, whose names can be answers: {}", hosts.join(", ")));
        }
        let addresses: Vec<String> = self.found.addresses.iter().map(ToString::to_string).collect();
        if !addresses.is_empty() {
            self.output.say(&format!("addresses of this machine: {}", addresses.join(", ")));
        }
    }

    /// The host that an answer names: a host of `ssh_config`, or `[NAME=]ADDRESS`.
    fn host(&self, answer: &str) -> Host {
        let known = self.found.hosts.iter().find(|host| host.alias == answer);
        known.map_or_else(
            || Host::parse(answer),
            |host| Host {
                name: Some(host.alias.clone()),
                address: host.address.to_string(),
                ssh: Some(host.alias.clone()),
            },
        )
    }

    /// The next host of `ssh_config` that may be a balancer, or not.
    fn next_host(&self, is_balancer: bool) -> Option<String> {
        let taken = |address: &str| {
            self.draft.balancers.iter().chain(&self.draft.app_servers).any(|host| host.address == address)
        };
        let fits = self.found.hosts.iter().filter(|host| host.is_balancer() == is_balancer);
        fits.filter(|host| !taken(&host.address.to_string())).map(|host| host.alias.clone()).next()
    }

    fn balancers(&mut self) -> Result<(), CommandError> {
        let machine = self.found.addresses.first().map(|address| format!("lb1={address}"));
        let proposed = self.next_host(true).or(machine);
        let add = |dialogue: &Self, draft: &mut Draft, answer: &str| draft.balancers.push(dialogue.host(answer));
        self.until_sound("balancer, as [NAME=]IP", proposed.as_deref(), add)?;
        self.more("another balancer", true, |draft| &mut draft.balancers)
    }

    fn app_servers(&mut self) -> Result<(), CommandError> {
        while self.draft.app_servers.len() < APP_SERVERS {
            let proposed = self.next_host(false);
            let question =
                if self.draft.app_servers.is_empty() { "app server, as [NAME=]IP" } else { "another app server" };
            let add = |dialogue: &Self, draft: &mut Draft, answer: &str| draft.app_servers.push(dialogue.host(answer));
            self.until_sound(question, proposed.as_deref(), add)?;
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
            let proposed = self.next_host(is_balancer);
            let question = match &proposed {
                Some(_) => format!("{question}, or `-` for {NO_MORE}"),
                None => question.to_owned(),
            };
            self.until_sound(&question, Some(proposed.as_deref().unwrap_or(NO_MORE)), |dialogue, draft, answer| {
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
        let proposed = self.found.certificates.iter().find_map(FoundCertificate::name).map(str::to_owned);
        let question = "names of the site, such as `example.com www.example.com`";
        self.until_sound(question, proposed.as_deref(), |_, draft, answer| {
            let words = answer.split([' ', ',']).filter(|word| !word.is_empty());
            draft.server_names = words.map(str::to_owned).collect();
        })
    }

    /// The name of the site in paths.
    fn site(&self) -> String {
        self.draft.server_names.first().map_or("example.com", |name| name.trim_start_matches("*.")).to_owned()
    }

    fn certificate(&mut self) -> Result<(), CommandError> {
        let usual = format!("/etc/ssl/{}/fullchain.pem", self.site());
        let mut proposed = usual.clone();
        if self.draft.certificate_key.is_none() && !self.found.certificates.is_empty() {
            self.output.say("certificates on this machine, whose numbers can be answers; `deploy` brings them then:");
            for (number, found) in (1..).zip(&self.found.certificates) {
                self.output.say(&format!("  {number}  {}", found.certificate.display()));
            }
            let site = self.site();
            let fits = self.found.certificates.iter().position(|found| found.name() == Some(&site));
            proposed = fits.map_or(proposed, |index| (index + 1).to_string());
        }
        let question = "path of the certificate with its chain, on the app servers";
        self.until_sound(question, Some(&proposed), |dialogue, draft, answer| {
            let number = answer.parse::<usize>().ok().filter(|_| draft.certificate_key.is_none());
            let chosen = number.and_then(|number| dialogue.found.certificates.get(number.checked_sub(1)?));
            let Some(FoundCertificate { certificate, key }) = chosen else {
                draft.certificate = Some(answer.to_owned());
                return;
            };
            draft.certificate_key = Some(key_beside(&usual));
            draft.certificate = Some(usual.clone());
            draft.sources = Some((certificate.display().to_string(), key.display().to_string()));
        })
    }

    fn certificate_key(&mut self) -> Result<(), CommandError> {
        let proposed = key_beside(self.draft.certificate.as_deref().unwrap_or_default());
        self.until_sound("path of its private key, on the app servers", Some(&proposed), |_, draft, answer| {
            draft.certificate_key = Some(answer.to_owned());
        })
    }

    fn upstream(&mut self) -> Result<(), CommandError> {
        self.output.say("what answers the requests:");
        for kind in Kind::ALL {
            self.output.say(&format!("  {:12}  {}", kind.key(), kind.what()));
        }
        self.output.say("  root          files of a directory");
        let kind = loop {
            let answer = lines::ask(self.output, "which of these", Some(Kind::Proxy.key()))?;
            if answer == "root" {
                return self.root();
            }
            if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.key() == answer) {
                break kind;
            }
            self.output.say("  it has to be one of these words");
        };
        let question = format!("{} on each app server", kind.key());
        self.until_sound(&question, Some(kind.usual()), |_, draft, answer| {
            draft.upstream = Some(Upstream { kind, target: answer.to_owned() });
        })
    }

    fn root(&mut self) -> Result<(), CommandError> {
        let proposed = format!("/srv/{}", self.site());
        self.until_sound("directory of the files, on each app server", Some(&proposed), |_, draft, answer| {
            draft.root = Some(answer.to_owned());
        })
    }
}
