//! Files that are not as the inventory has them, in words: what became of them, and what that means.

use super::HostStatus;
use crate::count::{agreeing, several};
use crate::deploy::{BEFORE, ChangeKind};

/// Why a file is not as it is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// Somebody has edited it since it was deployed.
    Edited,
    /// Its mode or owner is another one.
    Attributes,
    /// It was deployed, and is gone.
    Missing,
    /// It is another program's or somebody's own.
    Foreign,
    /// The inventory asks for another one than was deployed.
    Outdated,
    /// It was deployed, and the inventory asks for none.
    Leftover,
}

/// The paths of the files that differ, by why they do. Of a host without a release all are outdated.
fn by_reason(status: &HostStatus) -> Vec<(Why, Vec<&str>)> {
    let mut reasons: Vec<(Why, Vec<&str>)> = Vec::new();
    for change in &status.plan.changes {
        let why = match change.kind {
            _ if !is_deployed(status) => Why::Outdated,
            ChangeKind::Overwrite | ChangeKind::Discard => Why::Edited,
            ChangeKind::Attributes => Why::Attributes,
            ChangeKind::Create if status.observation.managed.contains_key(&change.path) => Why::Missing,
            ChangeKind::Adopt | ChangeKind::TakeOver => Why::Foreign,
            ChangeKind::Create | ChangeKind::Update => Why::Outdated,
            ChangeKind::Remove => Why::Leftover,
        };
        match reasons.iter_mut().find(|(it, _)| *it == why) {
            Some((_, paths)) => paths.push(&change.path),
            None => reasons.push((why, vec![&change.path])),
        }
    }
    reasons.sort();
    reasons
}

/// Whether the host has files of ours, of a release or installed in another way.
pub fn is_deployed(status: &HostStatus) -> bool {
    let before = is_before(status);
    let others = |kind| match kind {
        ChangeKind::Create | ChangeKind::TakeOver | ChangeKind::Adopt => true,
        // Of the files that the host had before sslscale.
        ChangeKind::Update => before,
        _ => false,
    };
    let release = status.observation.release.is_some() && !before;
    let changes = &status.plan.changes;
    release || changes.is_empty() || !changes.iter().all(|change| others(change.kind))
}

/// Whether the host has gone back to what it had before its first release.
fn is_before(status: &HostStatus) -> bool {
    status.observation.release.as_ref().is_some_and(|release| release.id == BEFORE)
}

/// One for each reason. `file` is the inventory, as commands name it.
pub fn problems(status: &HostStatus, file: &str) -> Vec<String> {
    let [plan, deploy] = ["plan", "deploy"].map(|command| format!("`sslscale {command} {file}`"));
    let deployed = is_deployed(status);
    let reasons = by_reason(status);
    let problem = |(why, paths): &(Why, Vec<&str>)| {
        let listed = paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let files = several(paths.len(), "file");
        let (is, was) = (agreeing(paths.len(), "is", "are"), agreeing(paths.len(), "was", "were"));
        let what = match why {
            _ if !deployed && is_before(status) => {
                format!("it has what was there before sslscale; {files} would change: {listed}")
            }
            _ if !deployed => format!("nothing was deployed yet; {files} would change: {listed}"),
            Why::Edited => format!("{files} {was} edited since the last deploy: {listed}"),
            Why::Attributes => {
                let have = agreeing(paths.len(), "has", "have");
                format!("{files} {have} another mode or owner than was deployed: {listed}")
            }
            Why::Missing => format!("{files} of the last deploy {is} missing: {listed}"),
            Why::Foreign => format!("{files} {is} not sslscale's: {listed}"),
            Why::Outdated => {
                let them = agreeing(paths.len(), "it", "them");
                format!("{files} {is} not as the inventory has {them} now: {listed}")
            }
            Why::Leftover => format!("{files} of the last deploy {is} in the inventory no more: {listed}"),
        };
        match deployed {
            true => format!("{what}\n\thelp: {plan} shows the differences"),
            false => format!("{what}\n\thelp: {plan} shows what a deploy does, and {deploy} does it"),
        }
    };
    reasons.iter().map(problem).collect()
}

/// The same in a few words.
pub fn cell(status: &HostStatus) -> String {
    if status.plan.changes.is_empty() {
        return "as rendered".to_owned();
    }
    if !is_deployed(status) {
        return "not deployed".to_owned();
    }
    let words = |(why, paths): &(Why, Vec<&str>)| {
        let what = match why {
            Why::Edited => "edited",
            Why::Attributes => "with another mode or owner",
            Why::Missing => "missing",
            Why::Foreign => "foreign",
            Why::Outdated => "outdated",
            Why::Leftover => "left over",
        };
        format!("{} {what}", paths.len())
    };
    by_reason(status).iter().map(words).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::{Change, HostPlan, Observation, Release};

    fn status(release: Option<&str>) -> HostStatus {
        use ChangeKind::{Adopt, Attributes, Create, Discard, Overwrite, Remove, TakeOver, Update};
        let kinds = [Create, Create, Update, Overwrite, TakeOver, Adopt, Attributes, Remove, Discard];
        let changes = kinds.iter().enumerate().map(|(i, kind)| Change { path: format!("/etc/{i}"), kind: *kind });
        let release = release.map(|id| Release { id: id.to_owned(), time: 1 });
        let mut observation = Observation { release, ..Observation::default() };
        observation.managed.insert("/etc/1".to_owned(), String::new());
        HostStatus {
            plan: HostPlan { changes: changes.collect(), ..HostPlan::default() },
            observation,
            certificates: vec![],
        }
    }

    #[test]
    fn each_cause_has_its_own_words() {
        let status = status(Some("0123456789ab"));
        assert_eq!(
            cell(&status),
            "2 edited, 1 with another mode or owner, 1 missing, 2 foreign, 2 outdated, 1 left over"
        );
        let problems = problems(&status, "a.yaml");
        let wanted = [
            "2 files were edited since the last deploy: `/etc/3`, `/etc/8`",
            "1 file has another mode or owner than was deployed: `/etc/6`",
            "1 file of the last deploy is missing: `/etc/1`",
            "2 files are not sslscale's: `/etc/4`, `/etc/5`",
            "2 files are not as the inventory has them now: `/etc/0`, `/etc/2`",
            "1 file of the last deploy is in the inventory no more: `/etc/7`",
        ];
        let help = "\n\thelp: `sslscale plan a.yaml` shows the differences";
        assert_eq!(problems, wanted.map(|problem| format!("{problem}{help}")));
    }

    #[test]
    fn a_host_that_nothing_was_deployed_to_is_not_called_edited() {
        for release in [None, Some(BEFORE)] {
            let mut status = status(release);
            // Installed by hand.
            assert_eq!(
                cell(&status),
                "2 edited, 1 with another mode or owner, 1 missing, 2 foreign, 2 outdated, 1 left over"
            );
            let updates = |kind| kind == ChangeKind::Update && release == Some(BEFORE);
            let is_first = |kind| matches!(kind, ChangeKind::Create | ChangeKind::TakeOver) || updates(kind);
            status.plan.changes.retain(|it| is_first(it.kind));
            assert_eq!(cell(&status), "not deployed");
            let problems = problems(&status, "`plan`");
            assert_eq!(problems.len(), 1);
            let words = match release {
                None => "nothing was deployed yet; 3 files would change: `/etc/0`, ",
                Some(_) => "it has what was there before sslscale; 4 files would change: `/etc/0`, ",
            };
            assert!(problems[0].starts_with(words), "{problems:?}");
        }
    }
}
