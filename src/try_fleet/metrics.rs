//! The numbers of haproxy and nginx: those who may ask get them, and nobody else does.

use std::io;
use std::net::IpAddr;

use super::curl::Fetch;
use super::drive::Drive;
use super::plain::Answer;
use super::spec::{HostSpec, MetricsSpec, Role};
use crate::event::Verdict;
use crate::inventory::Inventory;
use crate::inventory::model::Metrics;

/// Writes which of the clients may ask which host.
pub(super) fn admit(inventory: &Inventory, hosts: &mut [HostSpec], clients: &[IpAddr]) {
    for host in hosts {
        let name = host.name.as_str();
        let metrics = match host.role {
            Role::Balancer => {
                let balancer = inventory.load_balancers.iter().find(|it| it.name.as_str() == name);
                balancer.and_then(|it| it.haproxy.metrics.as_ref())
            }
            _ => {
                let app = inventory.app_servers.iter().find(|it| it.name.as_str() == name);
                app.and_then(|it| it.nginx.metrics.as_ref())
            }
        };
        let spec = |metrics: &Metrics| MetricsSpec {
            port: metrics.port.0,
            admitted: clients.iter().copied().filter(|client| metrics.admits(*client)).collect(),
        };
        host.metrics = metrics.map(spec);
    }
}

/// What is asked for, and a word that the answer has.
fn asked(role: Role) -> (&'static str, &'static str) {
    match role {
        // The process alone: a fleet of many pools has more text than a client takes here.
        Role::Balancer => ("/metrics?scope=global", "haproxy_process_"),
        _ => ("/stub_status", "Active connections:"),
    }
}

/// What is wrong with the answer.
fn judge(role: Role, is_admitted: bool, answer: &Answer) -> Verdict {
    let (_, word) = asked(role);
    let wrong = match (is_admitted, answer.status, &answer.error) {
        (true, Some(200), None) if answer.body.contains(word) => return Verdict::Ok,
        // haproxy closes the connection.
        (false, None, Some(_)) if role == Role::Balancer => return Verdict::Ok,
        (false, Some(403), None) if role != Role::Balancer => return Verdict::Ok,
        (_, _, Some(error)) => format!("curl: {error}"),
        (true, Some(200), None) => format!("the answer has no `{word}`"),
        (_, status, None) => {
            let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            let wanted = match (is_admitted, role) {
                (true, _) => "200",
                (false, Role::Balancer) => "a closed connection",
                (false, _) => "403",
            };
            format!("status {status}, not {wanted}")
        }
    };
    Verdict::Wrong(vec![wrong])
}

impl Drive<'_> {
    /// Asks each host for its numbers, from every client.
    ///
    /// # Errors
    /// A host's process is gone.
    pub(super) fn metrics(&mut self) -> io::Result<()> {
        let plan = self.plan;
        let told = plan.spec.hosts.iter().filter_map(|host| Some((host, host.metrics.as_ref()?)));
        for (host, metrics) in told {
            // A virtual address may be another balancer's now.
            let is_own = |entry: &&IpAddr| host.role != Role::Balancer || host.entries().contains(entry);
            for entry in host.addresses.iter().filter(is_own) {
                for client in plan.spec.clients.iter().filter(|it| it.is_ipv4() == entry.is_ipv4()) {
                    self.ask(host, metrics, *entry, *client)?;
                }
            }
        }
        Ok(())
    }

    fn ask(&mut self, host: &HostSpec, metrics: &MetricsSpec, entry: IpAddr, client: IpAddr) -> io::Result<()> {
        let (path, _) = asked(host.role);
        let (name, port) = (host.name.as_str(), metrics.port);
        let fetch = Fetch { header: false, ..Fetch::of(host, (client, entry), (name, path)).on(port) };
        let shown = (format!("http://{name}:{port}"), path.split('?').next().unwrap_or(path));
        let is_admitted = metrics.admitted.contains(&client);
        self.over_plain(host, &fetch, shown, |answer| judge(host.role, is_admitted, answer))
    }
}

#[cfg(test)]
mod tests {
    use super::super::plain;
    use super::*;

    #[test]
    fn those_who_may_ask_get_numbers_and_others_do_not() {
        let judged = |role, admitted, code, stdout: &str| {
            judge(role, admitted, &plain::parse(Some(code), stdout, "curl: (52) Empty reply from server")).to_string()
        };
        let haproxy = "HTTP/1.1 200 OK\r\n\r\n# HELP haproxy_process_nbthread n\n";
        let nginx = "HTTP/1.1 200 OK\r\n\r\nActive connections: 1\n";
        let forbidden = "HTTP/1.1 403 Forbidden\r\n\r\n";
        assert_eq!(judged(Role::Balancer, true, 0, haproxy), "ok");
        assert_eq!(judged(Role::AppServer, true, 0, nginx), "ok");
        assert_eq!(judged(Role::Balancer, false, 52, ""), "ok");
        assert_eq!(judged(Role::AppServer, false, 0, forbidden), "ok");
        assert_eq!(judged(Role::Balancer, true, 0, nginx), "the answer has no `haproxy_process_`");
        assert_eq!(judged(Role::Balancer, false, 0, haproxy), "status 200, not a closed connection");
        assert_eq!(judged(Role::AppServer, false, 0, nginx), "status 200, not 403");
        assert_eq!(judged(Role::AppServer, true, 0, forbidden), "status 403, not 200");
        assert_eq!(judged(Role::AppServer, false, 52, ""), "curl: (52) Empty reply from server");
    }
}
