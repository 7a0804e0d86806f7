//! Balancers and app servers that are one host.

use super::{AppServer, Inventory, LoadBalancer};

impl LoadBalancer {
    /// Whether this app server is the same host.
    pub fn is_host_of(&self, app: &AppServer) -> bool {
        app.addresses.iter().any(|address| self.has(address.0))
    }
}

impl Inventory {
    /// The TCP ports that haproxy of this balancer listens on.
    pub fn ports_of_haproxy(&self, balancer: &LoadBalancer) -> impl Iterator<Item = u16> + use<> {
        let haproxy = &balancer.haproxy;
        let metrics = haproxy.metrics.as_ref().map(|metrics| metrics.port.0);
        let peers = haproxy.limits.req.map(|_| haproxy.peers_port.0);
        let http = self.http.as_ref().map(|http| http.port.0);
        std::iter::once(haproxy.port.0).chain(metrics).chain(peers).chain(http)
    }

    /// The balancer on the host of this app server; validation leaves at most one.
    pub fn balancer_beside(&self, app: &AppServer) -> Option<&LoadBalancer> {
        self.load_balancers.iter().find(|balancer| balancer.is_host_of(app))
    }
}
