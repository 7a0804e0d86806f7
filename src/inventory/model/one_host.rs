//! Balancers and app servers that are one host.

use super::{AppServer, Inventory, LoadBalancer};

impl LoadBalancer {
    /// Whether this app server is the same host.
    pub fn is_host_of(&self, app: &AppServer) -> bool {
        app.addresses.iter().any(|address| self.has(address.0))
    }
}

impl Inventory {
    /// The balancer on the host of this app server; validation leaves at most one.
    pub fn balancer_beside(&self, app: &AppServer) -> Option<&LoadBalancer> {
        self.load_balancers.iter().find(|balancer| balancer.is_host_of(app))
    }
}
