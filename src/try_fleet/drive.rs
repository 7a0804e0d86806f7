//! Sends requests for every site through every balancer, and joins three views of each of them: what
//! curl received, what nginx logged, and what the app received.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::access_log;
use super::browser::{Client, Part};
use super::cdn::claims;
use super::curl::{self, Fetch, Reply};
use super::limits::Counted;
use super::members::Member;
use super::network;
use super::redirects::{Place, circle, place};
use super::spec::{CdnSpec, HostSpec, Offered, Probe, ProbeKind, Role, SiteSpec};
use super::supervisor;
use super::verdict::{Case, judge};
use super::wire::{Answer, Order, Plan};
use crate::event::{Event, Request, Verdict};
use crate::inventory::model::TOO_MANY;

/// nginx logs a request after it has answered; a buffered log is flushed halfway.
const LOG_PATIENCE: Duration = Duration::from_secs(2);
/// How often to look.
const LOOK: Duration = Duration::from_millis(10);

/// Where nginx logged the requests of a run, by number.
type Logged = BTreeMap<usize, (String, Option<IpAddr>)>;

/// The hosts of a running fleet, as far as the clients need them.
pub(super) struct Drive<'a> {
    pub(super) plan: &'a Plan,
    pub(super) hosts: &'a mut [Member],
    pub(super) clients: &'a mut Member,
    pub(super) tell: &'a mut dyn FnMut(&Event) -> io::Result<()>,
    pub(super) requests: usize,
    pub(super) failures: usize,
    /// Hosts whose program is known to have ended.
    pub(super) ended: BTreeSet<String>,
    /// Sites that are known to be reached by browsers over TLS 1.3 alone.
    pub(super) newer: BTreeSet<String>,
    /// What limits on clients have counted.
    pub(super) counted: Counted,
}

/// More requests than this to one site are not worth their time.
pub(super) const MOST_TURNS: usize = 16;

/// One request that was sent.
struct Sent<'a> {
    number: usize,
    probe: Probe,
    offered: Offered,
    fetch: Fetch<'a>,
    reply: Reply,
    /// What is wrong with where its redirect leads.
    astray: Option<String>,
}

impl Drive<'_> {
    /// Drives every site through every balancer.
    ///
    /// # Errors
    /// A host's process is gone.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let plan = self.plan;
        let unlogged: BTreeSet<&String> = plan.spec.sites.iter().flat_map(|site| &site.unlogged).collect();
        for host in unlogged {
            (self.tell)(&Event::Note(format!(
                "`{host}` writes no access log to a file: which client it saw is known only from requests that a \
                 stand-in app answers"
            )))?;
        }
        for site in &plan.spec.sites {
            if let Err(why) = &site.driven {
                (self.tell)(&Event::NotDriven { site: site.name.clone(), why: why.clone() })?;
            }
        }
        for balancer in plan.spec.hosts.iter().filter(|host| host.role == Role::Balancer) {
            for entry in balancer.entries() {
                self.lead(balancer, *entry)?;
                let mut names = BTreeSet::new();
                for site in plan.spec.sites.iter().filter(|site| site.driven.is_ok()) {
                    let first = names.insert(&site.name);
                    self.group(balancer, *entry, site, turns(site, first))?;
                }
                self.others(balancer, *entry)?;
                self.plain(balancer, *entry)?;
            }
        }
        self.metrics()?;
        self.refused_clients()?;
        self.flood()?;
        self.too_often()
    }

    /// Routes a virtual address, which several balancers hold, to the balancer whose turn it is.
    fn lead(&mut self, balancer: &HostSpec, entry: IpAddr) -> io::Result<()> {
        if balancer.addresses.contains(&entry) {
            return Ok(());
        }
        let via = balancer.addresses.iter().find(|via| via.is_ipv4() == entry.is_ipv4());
        let Some(via) = via else {
            return Err(io::Error::other(format!("`{}` has no address of the family of `{entry}`", balancer.name)));
        };
        let words = network::lead(entry, *via);
        let command = words.join(" ");
        match self.ran(words)? {
            (Some(0), ..) => Ok(()),
            (_, _, stderr) => Err(io::Error::other(format!("`{command}` failed: {}", stderr.trim()))),
        }
    }

    fn group(&mut self, balancer: &HostSpec, entry: IpAddr, site: &SiteSpec, turns: usize) -> io::Result<()> {
        let plan = self.plan;
        let verified = plan.authority.is_some() && !plan.unverified.contains(&site.name) && !site.unknown;
        // Balancers take app servers in turn: as long as the versions stay, all of them are reached.
        let round = (turns / site.offers.len()).max(1);
        let mut sent = Vec::new();
        let mut followed = BTreeSet::new();
        let is_told =
            |client: &&IpAddr| site.cdn.as_ref().is_none_or(|cdn| cdn.logs_others || cdn.clients.contains_key(*client));
        for client in balancer.takes(&plan.spec.clients, entry).filter(is_told) {
            for turn in 0..turns {
                let asked = &site.probes[turn % site.probes.len()];
                let probe = asked.of_client(*client);
                let offered = probe.kind.versions(&site.offers[turn / round % site.offers.len()]);
                let path = &asked.path;
                let fetch = Fetch {
                    kind: probe.kind,
                    protocol: &asked.protocol,
                    line: site.line,
                    verified,
                    claims: claims(site, *client),
                    certified: site.certified,
                    ..Fetch::of(balancer, (*client, entry), (&site.name, path))
                };
                self.requests += 1;
                let number = self.requests;
                let (reply, offered) = self.browse(site, &fetch, number, offered)?;
                let first = reply.redirect.as_ref().filter(|_| followed.insert(path));
                let astray = match first {
                    Some(url) => self.follow(&fetch, url, balancer.plain.as_ref().map(|plain| plain.port))?,
                    None => None,
                };
                sent.push(Sent { number, probe, offered, fetch, reply, astray });
            }
        }
        let logged = self.logged(&sent)?;
        for mut sent in sent {
            let line = logged.get(&sent.number);
            self.refused((site, balancer), &mut sent, line);
            let request = joined(site, balancer, &sent, line);
            if request.verdict != Verdict::Ok {
                self.failures += 1;
            }
            (self.tell)(&Event::Request(Box::new(request)))?;
        }
        Ok(())
    }

    /// Expects a refusal where a limit explains it. Without a PROXY header all clients count as one, and so do checks.
    fn refused(
        &mut self,
        (site, balancer): (&SiteSpec, &HostSpec),
        sent: &mut Sent,
        logged: Option<&(String, Option<IpAddr>)>,
    ) {
        let client = CdnSpec::seen(site.cdn.as_ref(), sent.fetch.client);
        let server = logged.map_or("", |(server, _)| server.as_str());
        let explained = self.counted.explains(&sent.probe, client, server, sent.reply.status);
        let hidden = balancer.hides_clients && !sent.probe.limits.is_empty() && sent.reply.status == Some(TOO_MANY);
        if explained || hidden {
            sent.probe = Probe { status: TOO_MANY, ..Probe::new(sent.probe.path.clone()) };
        }
    }

    /// Follows a redirect as long as it stays in the fleet. Returns what is wrong with that, if it is a circle.
    fn follow(&mut self, fetch: &Fetch, url: &str, plain: Option<u16>) -> io::Result<Option<String>> {
        let offered = Offered { http2: None, tls: None };
        let mut visited = vec![Place { name: fetch.name.to_ascii_lowercase(), path: fetch.path.to_owned() }];
        let mut url = url.to_owned();
        while let Some(next) = place(&url, &visited[visited.len() - 1], fetch.port, plain) {
            if let Some(wrong) = circle(&visited, &next) {
                return Ok(Some(wrong));
            }
            // It may have another certificate; a name that no site has gets no answer.
            let there = Fetch { name: &next.name, path: &next.path, kind: ProbeKind::Get, verified: false, ..*fetch };
            self.counted.other(fetch.claims.map_or(fetch.client, |(_, client)| client));
            let reply = self.curl(curl::command(&there, 0, Client::Lenient, &offered))?;
            let Some(to) = reply.redirect else { return Ok(None) };
            url = to;
            visited.push(next);
        }
        Ok(None)
    }

    /// A request as a browser makes it: over TLS 1.3 where that is on and browsers have no cipher of TLS 1.2.
    /// Returns the versions, too.
    fn browse(
        &mut self,
        site: &SiteSpec,
        fetch: &Fetch,
        number: usize,
        offered: Offered,
    ) -> io::Result<(Reply, Offered)> {
        let reply = self.attempt(fetch, number, &offered)?;
        let (is_older, ciphers) = (offered.tls.as_deref() == Some("1.2"), Part::Ciphers.reason());
        let newer = Offered { tls: Some("1.3".to_owned()), ..offered.clone() };
        let has_newer = site.offers.iter().any(|it| it.tls == newer.tls);
        if !is_older || !has_newer || reply.browser.as_deref() != Some(ciphers) {
            return Ok((reply, offered));
        }
        if self.newer.insert(site.name.clone()) {
            let name = &site.name;
            (self.tell)(&Event::Note(format!("{name} is requested over TLS 1.3 alone: for TLS 1.2, {ciphers}")))?;
        }
        Ok((self.attempt(fetch, number, &newer)?, newer))
    }

    /// A request with a browser's settings and these versions. Where it fails before there is an answer, other clients find
    /// out whether only browsers do, and why.
    fn attempt(&mut self, fetch: &Fetch, number: usize, offered: &Offered) -> io::Result<Reply> {
        let mut reply = self.curl(curl::command(fetch, number, Client::Browser, offered))?;
        // What takes too long for one client takes too long for all of them.
        let late = |error: &String| error.starts_with("(28)") || error.contains("did not answer");
        if reply.status.is_some() || reply.error.as_ref().is_none_or(late) {
            return Ok(reply);
        }
        for client in Client::others() {
            // Without the number: what these clients got is not this request.
            (0..2).for_each(|_| self.counted.other(fetch.claims.map_or(fetch.client, |(_, client)| client)));
            if self.curl(curl::command(fetch, 0, client, offered))?.error.is_none() {
                // The reason is this one only if a browser fails every time.
                let again = self.curl(curl::command(fetch, 0, Client::Browser, offered))?;
                reply.browser = again.error.map(|_| client.reason().to_owned());
                break;
            }
        }
        Ok(reply)
    }

    fn curl(&mut self, words: Vec<String>) -> io::Result<Reply> {
        self.ran(words).map(|(code, stdout, stderr)| curl::parse(code, &stdout, &stderr))
    }

    /// Runs a client whom no balancer has counted yet.
    pub(super) fn ran(&mut self, words: Vec<String>) -> io::Result<(Option<i32>, String, String)> {
        self.forget()?;
        self.ran_again(words)
    }

    /// Runs a client whose earlier connections count.
    pub(super) fn ran_again(&mut self, words: Vec<String>) -> io::Result<(Option<i32>, String, String)> {
        let answer = self.clients.order(&Order::Run(words))?;
        supervisor::working()?;
        match answer {
            Answer::Ran { code, stdout, stderr } => Ok((code, stdout, stderr)),
            Answer::Failed { what, .. } => Err(io::Error::other(what)),
            other => Err(io::Error::other(format!("the clients' host gave an unexpected answer: {other:?}"))),
        }
    }

    /// Collects log lines until every answered request has one, or time is up.
    fn logged(&mut self, sent: &[Sent]) -> io::Result<Logged> {
        let started = Instant::now();
        let mut found = Logged::new();
        let mut flushed = false;
        loop {
            let flush = !flushed && started.elapsed() > LOG_PATIENCE / 2;
            flushed |= flush;
            self.collect(flush, &mut found)?;
            let whole =
                sent.iter().filter(|sent| sent.reply.status.is_some()).all(|sent| found.contains_key(&sent.number));
            if whole || started.elapsed() > LOG_PATIENCE {
                return Ok(found);
            }
            sleep(LOOK);
        }
    }

    fn collect(&mut self, flush: bool, found: &mut Logged) -> io::Result<()> {
        for host in self.hosts.iter_mut() {
            host.send(&Order::Log { flush: flush && host.role == Some(Role::AppServer) })?;
        }
        for host in self.hosts.iter_mut() {
            let Answer::Log { lines, ended } = host.receive()? else {
                return Err(io::Error::other(format!("`{}` did not return its logs", host.name)));
            };
            for (number, address) in lines.iter().filter_map(|line| access_log::parse(line)) {
                found.insert(number, (host.name.clone(), address));
            }
            if let Some((program, status)) = ended
                && self.ended.insert(host.name.clone())
            {
                self.failures += 1;
                (self.tell)(&host.problem(format!("`{}` ended during the run ({status})", program.name())))?;
            }
        }
        Ok(())
    }
}

/// How many requests one client sends to a location: all of its paths, and to every app server; for the
/// first location of a site also all versions that each app server offers.
fn turns(site: &SiteSpec, first: bool) -> usize {
    let servers = site.pool_hosts.len();
    let all = Some(servers * site.offers.len()).filter(|all| first && *all <= MOST_TURNS);
    [2, servers, site.probes.len()].into_iter().chain(all).max().unwrap_or_default()
}

fn joined(site: &SiteSpec, balancer: &HostSpec, sent: &Sent, logged: Option<&(String, Option<IpAddr>)>) -> Request {
    let Sent { probe, offered, fetch, reply, astray, .. } = sent;
    let logged = logged.map(|(server, seen)| (server.as_str(), *seen));
    let hidden_by = balancer.hides_clients.then(|| balancer.addresses.clone());
    let verdict = match (
        judge(&Case { site, probe, offered, fetch, reply, logged, hidden_by: hidden_by.as_deref() }),
        astray.clone(),
    ) {
        (verdict, None) => verdict,
        (Verdict::Ok, Some(astray)) => Verdict::Wrong(vec![astray]),
        (Verdict::Wrong(reasons), Some(astray)) => Verdict::Wrong(reasons.into_iter().chain([astray]).collect()),
    };
    let echo = reply.echo().filter(|echo| !site.app_hosts.contains(&echo.host));
    Request {
        site: site.name.clone(),
        path: probe.path.clone(),
        location: site.location.clone(),
        client: fetch.client,
        balancer: balancer.name.clone(),
        entry: fetch.entry,
        app_server: logged.map(|(server, _)| server.to_owned()).or_else(|| echo.as_ref().map(|echo| echo.host.clone())),
        seen: logged.and_then(|(_, seen)| seen).or_else(|| echo.and_then(|echo| echo.remote_addr?.parse().ok())),
        http: reply.http.clone(),
        tls: reply.tls.clone(),
        status: reply.status,
        verdict,
    }
}
