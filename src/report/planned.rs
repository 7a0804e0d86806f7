//! What would be done on one host, as reports show it.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::deploy::{self, HostPlan, Kept, Observation, Risk, Space};
use crate::tree::Entry;

/// The plan for one host, and the contents of the files that it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// What would be done.
    pub plan: HostPlan,
    /// What there is, by path.
    pub contents: BTreeMap<String, Vec<u8>>,
    /// What the host told, which the plan was made from.
    pub seen: Observation,
    /// Directories that would be created for programs.
    pub directories: Vec<String>,
    /// What the host keeps until balancers have changed.
    pub kept: Kept,
    /// Of the networks whose PROXY headers it believes no more, those that no balancer of this run has.
    pub left: Vec<IpNet>,
    /// App servers that a balancer finds down until they change, too.
    pub stranded: Vec<String>,
}

impl Planned {
    /// Whether a report shows both as one. What else hosts told, such as versions, differs from one to the next.
    pub(super) fn shows_the_same(&self, other: &Self) -> bool {
        self.shown() == other.shown()
    }

    fn shown(&self) -> impl PartialEq + '_ {
        let Self { plan, contents, seen: _, directories, kept, left, stranded } = self;
        (plan, contents, directories, kept, left, stranded, self.risks_there(), self.little_room())
    }

    /// Whether its program is not started at boot, and what it would load besides the changes.
    fn risks_there(&self) -> (bool, Vec<&str>) {
        let is_disabled = self.seen.unit.as_ref().is_some_and(|unit| unit.enabled == "disabled");
        (is_disabled && !self.plan.is_empty(), self.plan.loads(&self.seen))
    }

    fn little_room(&self) -> Vec<(&Space, Vec<&str>)> {
        if self.plan.is_empty() { Vec::new() } else { Space::little(&self.seen.space) }
    }

    /// What a reader should know before the deploy begins. `entries` are the host's rendered files.
    pub(super) fn risks(&self, entries: &[Entry]) -> Vec<Risk> {
        let Self { plan, contents, .. } = self;
        let closed = deploy::closed_ports(plan, entries, contents);
        let shut_out = deploy::shut_out(plan, entries, contents);
        let unserved = deploy::unserved(plan, entries, contents);
        let restricted = deploy::restricted(plan, entries, contents);
        let (is_disabled, loads) = self.risks_there();
        let loads = (!loads.is_empty()).then(|| Risk::Loads(loads.into_iter().map(str::to_owned).collect()));
        let room = self
            .little_room()
            .into_iter()
            .map(|(space, paths)| Risk::LittleRoom(space.clone(), paths.into_iter().map(str::to_owned).collect()));
        let stranded = (!self.stranded.is_empty()).then(|| Risk::Stranded(self.stranded.clone()));
        let of_host = restricted
            .into_iter()
            .chain(unserved)
            .chain(is_disabled.then_some(Risk::Disabled))
            .chain(loads)
            .chain(stranded)
            .chain(room);
        deploy::risks(plan).into_iter().chain(closed).chain(shut_out).chain(self.trust_ends()).chain(of_host).collect()
    }

    /// Balancers, wherever they are, that nobody believes any more.
    pub(super) fn trust_ends(&self) -> impl Iterator<Item = Risk> {
        self.left.iter().map(|network| Risk::TrustEnds(*network))
    }
}
