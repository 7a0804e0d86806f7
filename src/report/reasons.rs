//! What went wrong on hosts, for people. What is the same on several hosts is said once.

use super::tickets::block;
use crate::rollout::{Reason, Unreachable};

/// What sets a help apart at the end of a reason.
const HELP: &str = "\n\thelp: ";

/// An error for each different reason, with the hosts that have it. Reasons that follow each other and have the same help
/// share it: only the last one has it.
pub fn errors<'h>(reasons: impl IntoIterator<Item = (Option<&'h str>, String)>) -> Vec<String> {
    let mut groups: Vec<(Vec<&str>, String)> = Vec::new();
    for (host, reason) in reasons {
        match groups.iter_mut().find(|(hosts, known)| *known == reason && hosts.is_empty() == host.is_none()) {
            Some((hosts, _)) if host.is_some_and(|host| !hosts.contains(&host)) => hosts.extend(host),
            Some(_) => {}
            None => groups.push((host.into_iter().collect(), reason)),
        }
    }
    let apart: Vec<(&str, Option<&str>)> = groups
        .iter()
        .map(|(_, reason)| reason.rsplit_once(HELP).map_or((&**reason, None), |(text, help)| (text, Some(help))))
        .collect();
    let error = |(index, (hosts, reason)): (usize, &(Vec<&str>, String))| {
        let (text, help) = apart[index];
        let shared = help.is_some() && apart.get(index + 1).is_some_and(|(_, next)| *next == help);
        let text = block(&if shared { text } else { reason });
        if hosts.is_empty() { format!("error: {text}") } else { format!("error: {}: {text}", hosts.join(", ")) }
    };
    groups.iter().enumerate().map(error).collect()
}

/// An error for each host that did not answer. Of those that differ in the address alone, the first is told whole.
pub fn unreachable<'h>(lost: impl IntoIterator<Item = &'h Unreachable>) -> Vec<String> {
    let mut alike: Vec<(String, Vec<(&str, String)>)> = Vec::new();
    for Unreachable { host, error } in lost {
        let reason = Reason::from(error).to_string();
        let likeness = error.address().map_or_else(|| reason.clone(), |address| reason.replace(address, "\0"));
        match alike.iter_mut().find(|(known, _)| *known == likeness) {
            Some((_, hosts)) => hosts.push((host, reason)),
            None => alike.push((likeness, vec![(host, reason)])),
        }
    }
    let told = alike.iter().flat_map(|(_, hosts)| {
        let (first, reason) = &hosts[0];
        let others = hosts.iter().filter(|(_, it)| it != reason).map(|(host, _)| *host).collect::<Vec<_>>().join(", ");
        let same = hosts.iter().filter(|(_, it)| it == reason).map(|(host, _)| (Some(*host), reason.clone()));
        let summary = reason.lines().next().unwrap_or_default();
        let helps = hosts.iter().map(|(_, it)| it.rsplit_once(HELP).map(|(_, help)| help)).collect::<Vec<_>>();
        let help = match helps[0] {
            Some(help) if helps.iter().all(|it| *it == Some(help)) => help.to_owned(),
            _ => format!("as for {first}, with the address of each"),
        };
        let rest = format!("error: {others}: {summary}\n  help: {help}");
        errors(same).into_iter().chain((!others.is_empty()).then_some(rest))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::{errors, unreachable};
    use crate::rollout::{QueryError, Unreachable};
    use crate::transport::{ConnectProblem, TransportError};

    #[test]
    fn hosts_that_differ_in_the_address_are_told_once() {
        let lost = |host: &str, address: &str, problem| Unreachable {
            host: host.to_owned(),
            error: QueryError::Transport(TransportError::NotConnected {
                host: address.to_owned(),
                problem,
                help: format!("run `ssh root@{address}`"),
                stderr: Default::default(),
            }),
        };
        let lost = [
            lost("lb1", "10.0.0.10", ConnectProblem::LoginRefused),
            lost("lb2", "10.0.0.20", ConnectProblem::LoginRefused),
            lost("srv1", "10.0.0.11", ConnectProblem::NoAnswer),
            lost("srv2", "10.0.0.12", ConnectProblem::LoginRefused),
        ];
        let wanted = [
            "error: lb1: the login was refused\n  help: run `ssh root@10.0.0.10`",
            "error: lb2, srv2: the login was refused\n  help: as for lb1, with the address of each",
            "error: srv1: nothing answers\n  help: run `ssh root@10.0.0.11`",
        ];
        assert_eq!(unreachable(&lost), wanted);
    }

    #[test]
    fn what_hosts_share_is_said_once() {
        let told = errors([
            (Some("srv1"), "no answer\n\thelp: look at it".to_owned()),
            (Some("srv2"), "full\n\thelp: `df -h`".to_owned()),
            (Some("srv3"), "no answer\n\thelp: look at it".to_owned()),
            (None, "no answer\n\thelp: look at it".to_owned()),
        ]);
        let wanted = [
            "error: srv1, srv3: no answer\n  help: look at it",
            "error: srv2: full\n  help: `df -h`",
            "error: no answer\n  help: look at it",
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_help_of_several_reasons_comes_after_the_last() {
        let reason = |port| format!("port {port} is closed\nconnection refused\n\thelp: start sshd");
        let told = errors([(Some("srv1"), reason(1)), (Some("srv2"), reason(2)), (Some("srv3"), "other".to_owned())]);
        let wanted = [
            "error: srv1: port 1 is closed\n  | connection refused",
            "error: srv2: port 2 is closed\n  | connection refused\n  help: start sshd",
            "error: srv3: other",
        ];
        assert_eq!(told, wanted);
    }
}
