//! Requests beside those for sites: over plain HTTP, and for servers that are not app servers.

use std::io;
use std::net::IpAddr;

use super::curl::Fetch;
use super::drive::{Drive, MOST_TURNS};
use super::others;
use super::plain::{self, Answer, Asked};
use super::spec::HostSpec;
use crate::event::{Event, Request, Verdict};

impl Drive<'_> {
    /// Requests for the first site over plain HTTP, which the balancer answers.
    pub(super) fn plain(&mut self, balancer: &HostSpec, entry: IpAddr) -> io::Result<()> {
        let spec = &self.plan.spec;
        let client = balancer.takes(&spec.clients, entry).next();
        let (Some(plain), Some(site), Some(client)) = (&balancer.plain, spec.sites.first(), client) else {
            return Ok(());
        };
        let name = &site.name;
        for asked in Asked::all(plain) {
            let fetch = Fetch::of(balancer, (*client, entry), (name, asked.path())).on(plain.port);
            let wanted = asked.wanted(plain, &fetch);
            let shown = (format!("http://{name}"), asked.location());
            self.over_plain(balancer, &fetch, shown, |answer| plain::judge(&wanted, answer))?;
        }
        Ok(())
    }

    /// One request over plain HTTP to a host, which is shown with this site and path, and its verdict.
    pub(super) fn over_plain(
        &mut self,
        host: &HostSpec,
        fetch: &Fetch<'_>,
        (site, path): (String, &str),
        judge: impl FnOnce(&Answer) -> Verdict,
    ) -> io::Result<()> {
        let (code, stdout, stderr) = self.ran(plain::command(fetch))?;
        let answer = plain::parse(code, &stdout, &stderr);
        let verdict = judge(&answer);
        let path = path.to_owned();
        let (location, http, status) = (path.clone(), answer.http, answer.status);
        self.told(Request { site, path, location, http, status, ..request(host, fetch, verdict) })
    }

    /// Counts a request that no log is read for, and tells what became of it.
    pub(super) fn told(&mut self, request: Request) -> io::Result<()> {
        self.requests += 1;
        self.failures += usize::from(request.verdict != Verdict::Ok);
        (self.tell)(&Event::Request(Box::new(request)))
    }

    /// Requests for every pool of servers that are not app servers, two to each of its servers.
    pub(super) fn others(&mut self, balancer: &HostSpec, entry: IpAddr) -> io::Result<()> {
        let plan = self.plan;
        let asked = plan.spec.others.iter().flat_map(|pool| pool.asked.iter().map(move |asked| (pool, asked)));
        let clients = || balancer.takes(&plan.spec.clients, entry);
        for (pool, asked) in asked {
            let turns = (2 * pool.servers.len()).min(MOST_TURNS);
            for client in clients().flat_map(|client| std::iter::repeat_n(*client, turns)) {
                let fetch = Fetch::of(balancer, (client, entry), (asked.name(), "/"));
                let (code, stdout, stderr) = self.ran(others::command(asked, &fetch))?;
                let got = others::parse(code, &stdout, &stderr);
                let verdict = others::judge(pool, asked, client, &balancer.addresses, &got);
                let echo = got.echo;
                self.told(Request {
                    site: asked.shown(),
                    app_server: echo.as_ref().and_then(|echo| others::answered(pool, echo.listen)),
                    seen: echo.as_ref().map(|echo| echo.client),
                    status: echo.map(|_| 200),
                    ..request(balancer, &fetch, verdict)
                })?;
            }
        }
        Ok(())
    }
}

/// What is told of a request whose answer does not matter.
pub(super) fn request(host: &HostSpec, fetch: &Fetch<'_>, verdict: Verdict) -> Request {
    Request {
        site: fetch.name.to_owned(),
        path: fetch.path.to_owned(),
        location: fetch.path.to_owned(),
        client: fetch.client,
        balancer: host.name.clone(),
        entry: fetch.entry,
        app_server: None,
        seen: None,
        http: None,
        tls: None,
        status: None,
        verdict,
    }
}
