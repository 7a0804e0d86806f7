//! The ticket ring that a deploy gives app servers, before anything of the release is used.

use super::Task;
use crate::deploy::{DeployError, Role};
use crate::inventory::types::Tickets;
use crate::rollout::{Fleet, Halt, Reason};
use crate::tickets::{self, Goal, StepError};
use crate::transport::Host;

impl Task<'_> {
    /// Gives the app servers one ticket ring, if the release needs it. What hosts have is not changed otherwise.
    pub(super) fn ring(&self, fleet: &Fleet<'_>) -> Result<(), DeployError> {
        let apps: Vec<&dyn Host> = self
            .wanted
            .iter()
            .zip(self.hosts)
            .filter(|((_, role, _), _)| *role == Role::AppServer)
            .map(|(_, host)| *host)
            .collect();
        if self.scope.only.is_some() || self.inventory.tickets != Tickets::Shared || apps.is_empty() {
            return Ok(());
        }
        let whole = apps.len() == self.inventory.app_servers.len();
        let run = tickets::run(&Fleet { hosts: &apps, ..*fleet }, Goal::Sync, whole);
        let failed = run.steps.iter().flat_map(|step| &step.hosts);
        let mut reasons: Vec<(Option<String>, Reason)> = failed
            .filter_map(|(host, outcome)| Some((Some(host.clone()), self.helped(host, outcome.reason()?))))
            .collect();
        match &run.halt {
            None => {}
            Some(Halt::Unreachable(lost)) => {
                reasons.extend(lost.iter().map(|lost| (Some(lost.host.clone()), Reason::from(&lost.error))));
            }
            Some(Halt::Unprepared(error @ StepError::NoRing)) => {
                let help = format!(
                    "one that is left out may have the ring that all should have: deploy to all app servers once, or \
                     run `sslscale tickets sync {}` while all of them answer",
                    self.again.file
                );
                reasons.push((None, Reason::new(error.to_string()).with_help(help)));
            }
            Some(Halt::Unprepared(error @ StepError::Unread { .. })) => {
                let help = format!(
                    "`sslscale tickets status {}` shows the rings of the app servers, and what is wrong with them",
                    self.again.file
                );
                reasons.push((None, Reason::new(error.to_string()).with_help(help)));
            }
            Some(Halt::Unprepared(error)) => reasons.push((None, Reason::new(error.to_string()))),
            Some(Halt::Interrupted) => reasons.push((None, Reason::new("interrupted"))),
        }
        if reasons.is_empty() { Ok(()) } else { Err(DeployError(reasons)) }
    }

    /// Why a host takes no ring, and how its rendered files come back without one.
    fn helped(&self, host: &str, reason: &Reason) -> Reason {
        reason.clone().with_help(format!(
            "what is edited in rendered files goes with `sslscale deploy --only {host} {}`, which needs no new ring",
            self.again.file
        ))
    }
}
