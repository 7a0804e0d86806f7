//! The steps of a deploy in their order, and what a reader should know before it begins.

use ipnet::IpNet;

use super::departures::Restriction;
use super::observation::Space;
use super::plan::{Action, Change, ChangeKind, HostPlan, Role};
use super::procedure::DeployStep;
use super::revision::NGINX_CONF;

/// A host that is planned.
#[derive(Debug, Clone, Copy)]
pub struct PlannedHost<'p> {
    /// Its name.
    pub name: &'p str,
    /// What it is.
    pub role: Role,
    /// What would be done there.
    pub plan: &'p HostPlan,
    /// Whether it has to serve more until balancers have changed.
    pub expands: bool,
}

/// Each step with its hosts; none if nothing changes. `canary` is the app server that is changed first.
pub fn order<'p>(hosts: &[PlannedHost<'p>], canary: Option<&str>) -> Vec<(DeployStep, Vec<&'p str>)> {
    let named = |is: &dyn Fn(&PlannedHost<'p>) -> bool| {
        hosts.iter().filter(|host| is(host)).map(|host| host.name).collect::<Vec<_>>()
    };
    let changes = |host: &PlannedHost<'_>| !host.plan.is_empty();
    if !hosts.iter().any(changes) {
        return Vec::new();
    }
    let mut apps = named(&|host| host.role == Role::AppServer && changes(host));
    apps.sort_by_key(|name| Some(*name) != canary);
    let mut steps = vec![
        (DeployStep::Stage, named(&|_| true)),
        (DeployStep::Validate, named(&changes)),
        (DeployStep::AppServers, apps),
    ];
    let balancers = named(&|host| host.role == Role::Balancer && changes(host));
    steps.extend(balancers.iter().map(|name| (DeployStep::Balancer, vec![*name])));
    if hosts.iter().any(|host| host.role == Role::Balancer && !host.plan.changes.is_empty()) {
        steps.push((DeployStep::Contract, named(&|host| host.expands)));
    }
    steps.retain(|(_, hosts)| !hosts.is_empty());
    steps
}

/// What a deploy may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Risk {
    /// The program is restarted: its connections are closed, and for a moment it takes none.
    Restart,
    /// Edits that somebody made to a file are lost.
    EditsLost(String),
    /// Another tool may write the file again.
    Adopted(String),
    /// A balancer takes no new connections on a port any more.
    PortCloses(u16),
    /// A balancer takes new connections on a port at these addresses alone.
    AddressesClose {
        /// The port.
        port: u16,
        /// Where it still listens.
        left: Vec<String>,
    },
    /// An app server serves no site any more.
    Emptied,
    /// An app server does not serve these names any more.
    NamesGo(Vec<String>),
    /// The program is not started when the host boots.
    Disabled,
    /// nginx loads these files, too, which somebody has changed since it loaded its configuration.
    Loads(Vec<String>),
    /// A balancer closes connections of all clients but those in these networks.
    OnlyClientsOf(Vec<IpNet>),
    /// A balancer closes connections of clients in these networks.
    NoClientsOf(Vec<IpNet>),
    /// Clients of these names are kept out.
    Restricted(Restriction, Vec<String>),
    /// A balancer connects to these app servers at another port than before, and they do not change with it.
    Stranded(Vec<String>),
    /// There is little room at these paths.
    LittleRoom(Space, Vec<String>),
    /// An app server takes no PROXY header from this address any more.
    TrustEnds(IpNet),
}

/// The risks of what is planned for a host.
pub fn risks(plan: &HostPlan) -> Vec<Risk> {
    let restart = plan.actions.contains(&Action::Restart).then_some(Risk::Restart);
    let files = plan.changes.iter().filter_map(|change| match change.kind {
        ChangeKind::Overwrite | ChangeKind::Discard => Some(Risk::EditsLost(change.path.clone())),
        ChangeKind::Adopt => Some(Risk::Adopted(change.path.clone())),
        _ => None,
    });
    let gone = |change: &Change| {
        change.path.ends_with(NGINX_CONF) && matches!(change.kind, ChangeKind::Remove | ChangeKind::Discard)
    };
    let emptied = plan.changes.iter().any(gone).then_some(Risk::Emptied);
    restart.into_iter().chain(files).chain(emptied).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(kind: ChangeKind, action: Action) -> HostPlan {
        HostPlan {
            changes: vec![Change { path: "/etc/a".to_owned(), kind }],
            actions: vec![action],
            problems: Vec::new(),
        }
    }

    #[test]
    fn an_app_server_without_its_file_serves_nothing() {
        let mut plan = plan(ChangeKind::Remove, Action::Reload);
        assert_eq!(risks(&plan), []);
        plan.changes[0].path = "/etc/nginx/conf.d/sslscale.conf".to_owned();
        assert_eq!(risks(&plan), [Risk::Emptied]);
        plan.changes[0].kind = ChangeKind::Update;
        assert_eq!(risks(&plan), []);
    }

    #[test]
    fn app_servers_come_before_balancers_and_again_after_them() {
        let (changing, none) = (plan(ChangeKind::Update, Action::Reload), HostPlan::default());
        let host = |name, role, plan, expands| PlannedHost { name, role, plan, expands };
        let hosts = [
            host("lb1", Role::Balancer, &changing, false),
            host("lb2", Role::Balancer, &changing, false),
            host("srv1", Role::AppServer, &changing, true),
            host("srv2", Role::AppServer, &none, false),
        ];
        let steps = order(&hosts, None);
        let words: Vec<String> = steps.iter().map(|(step, hosts)| format!("{step:?} {}", hosts.join(" "))).collect();
        let wanted = [
            "Stage lb1 lb2 srv1 srv2",
            "Validate lb1 lb2 srv1",
            "AppServers srv1",
            "Balancer lb1",
            "Balancer lb2",
            "Contract srv1",
        ];
        assert_eq!(words, wanted);
        assert_eq!(order(&hosts[2..], None).len(), 3);
        assert_eq!(order(&hosts[3..], None), []);
    }

    #[test]
    fn what_a_reader_should_know() {
        assert_eq!(risks(&plan(ChangeKind::Update, Action::Reload)), []);
        assert_eq!(risks(&plan(ChangeKind::Update, Action::Restart)), [Risk::Restart]);
        for kind in [ChangeKind::Overwrite, ChangeKind::Discard] {
            assert_eq!(risks(&plan(kind, Action::Reload)), [Risk::EditsLost("/etc/a".to_owned())]);
        }
        assert_eq!(risks(&plan(ChangeKind::Adopt, Action::Reload)), [Risk::Adopted("/etc/a".to_owned())]);
    }
}
