//! The verdict on one request: what the fleet promises, compared with what the client, nginx and the
//! app saw. Pure, so that every kind of failure has a test.

mod echo;
mod reply;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use super::curl::{Fetch, Reply};
use super::spec::{CdnSpec, Offered, Probe, SiteSpec};
use crate::event::Verdict;

/// Where nginx logged a request, and the client address in the line.
pub(super) type Logged<'a> = Option<(&'a str, Option<IpAddr>)>;

/// One request with all that is known about its answer.
pub(super) struct Case<'a> {
    pub(super) site: &'a SiteSpec,
    pub(super) probe: &'a Probe,
    pub(super) offered: &'a Offered,
    pub(super) fetch: &'a Fetch<'a>,
    pub(super) reply: &'a Reply,
    pub(super) logged: Logged<'a>,
    /// The addresses of the balancer, if it sends no PROXY header: app servers see one of them.
    pub(super) hidden_by: Option<&'a [IpAddr]>,
}

impl Case<'_> {
    /// Whether this is the address that nginx and apps should see.
    fn expects(&self, address: IpAddr) -> bool {
        let client = CdnSpec::seen(self.site.cdn.as_ref(), self.fetch.client);
        self.hidden_by.map_or(address == client, |balancer| balancer.contains(&address))
    }

    /// Whose address that is.
    fn expected(&self) -> &'static str {
        if self.hidden_by.is_some() { "the balancer's" } else { "the client's" }
    }
}

/// Every deviation of a request from what the site promises.
pub(super) fn judge(case: &Case) -> Verdict {
    let Case { site, probe, reply, .. } = case;
    let mut wrong = Vec::new();
    let echoes = probe.received.is_some();
    let answered = reply.echo().filter(|_| echoes).map(|echo| echo.host);
    // An app elsewhere does not say which app server passed the request on.
    let answered = answered.filter(|host| !site.app_hosts.contains(host));
    match (&reply.browser, &reply.error) {
        (Some(reason), _) => wrong.push(format!("a browser would fail: {reason}")),
        (None, Some(error)) => wrong.push(format!("curl: {error}")),
        (None, None) => reply::compare(case, &mut wrong),
    }
    match case.logged {
        None if reply.error.is_some() => {}
        // An app may say where the request was; a file or a redirect cannot.
        None if answered.as_ref().map_or(!site.unlogged.is_empty(), |host| site.unlogged.contains(host)) => {}
        None => {
            wrong.push("no app server logged it".to_owned());
            if let Some(host) = answered.filter(|host| !site.pool_hosts.contains(host)) {
                wrong.push(format!("{host} is not in the pool of this site"));
            }
        }
        Some((server, address)) => {
            if !site.pool_hosts.iter().any(|host| host == server) {
                wrong.push(format!("{server} is not in the pool of this site"));
            }
            match address {
                Some(seen) if !case.expects(seen) && !site.early => {
                    wrong.push(format!("nginx saw {seen}, not {} address", case.expected()));
                }
                None if probe.received.is_none() => {
                    wrong.push("the access log has no client address".to_owned());
                }
                _ => {}
            }
        }
    }
    if let Some(expected) = &probe.received
        && reply.error.is_none()
        && reply.status == Some(probe.status)
    {
        echo::compare(case, expected, &mut wrong);
    }
    if wrong.is_empty() { Verdict::Ok } else { Verdict::Wrong(wrong) }
}
