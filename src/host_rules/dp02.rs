//! DP02: hosts that differ from what was deployed to them.

use super::{Live, Seen, list, quoted};
use crate::deploy::{Facts, FileKind, Problem, Role};
use crate::lint::Reporter;

/// What is said of a file that is another one now, whoever has written it.
const CHANGED: &str = "was changed";
/// The same of one that the program has not loaded since.
const NOT_LOADED: &str = "was changed and not loaded";

pub fn find(live: &Live<'_>, reporter: &mut Reporter<'_>) {
    let seen = live.seen(reporter);
    for seen in &seen {
        let place = live.place(seen.host, "name").span();
        let name = seen.host.name;
        let program = seen.host.role.program();
        let files = edited(seen);
        if !files.is_empty() {
            let message = format!("`{name}` differs from what was deployed: {}", list(&files));
            let stays = "copy the change into the inventory if it is to stay: a deploy writes the files again";
            let help = if files.iter().any(|file| file.ends_with(NOT_LOADED)) {
                format!("look at it before {program} is reloaded, by whatever; {stays}")
            } else if files.iter().any(|file| file.ends_with(CHANGED)) {
                stays.to_owned()
            } else {
                "a deploy writes the files again".to_owned()
            };
            reporter.report(place, message, help);
        }
        let Some(facts) = &seen.observation.facts else { continue };
        let unread = unread(seen, facts);
        if !unread.is_empty() {
            let message = format!("{program} on `{name}` has not loaded {} since the last change", list(&unread));
            reporter.report(
                place,
                message,
                format!("run `systemctl reload {program}` on the host; a deploy does it, too"),
            );
        }
        if let (Some(running), Some(file)) = (&seen.observation.running, &facts.revision)
            && running != file
            && seen.host.role == Role::Balancer
        {
            let message = format!("haproxy on `{name}` runs the revision `{running}`, and its file is `{file}`");
            reporter.report(place, message, "run `systemctl reload haproxy` on the host; a deploy does it, too");
        }
    }
    let mut new = seen.iter().filter(|seen| seen.observation.managed.is_empty());
    if let Some(first) = new.next() {
        let names = super::with_others(first.host.name, new.count());
        reporter.not_run("a deployed release", format!("nothing was deployed to {names} yet"));
    }
}

/// The files of the last release that are not as it left them.
fn edited(seen: &Seen<'_>) -> Vec<String> {
    let files = &seen.observation.files;
    let foreign = |path: &String| {
        seen.plan.problems.iter().any(|problem| matches!(problem, Problem::Foreign(foreign) if foreign == path))
    };
    let is_unread = |path: &String| seen.observation.facts.as_ref().is_some_and(|facts| facts.unread.contains(path));
    let problem = |(path, sha256): (&String, &String)| {
        let what = match files.get(path).unwrap_or(&FileKind::Absent) {
            FileKind::Regular(found) if found.sha256 == *sha256 => return None,
            // The plan has it as an error: a deploy does not replace it.
            FileKind::Regular(_) if foreign(path) => return None,
            FileKind::Regular(_) if is_unread(path) => NOT_LOADED,
            FileKind::Regular(_) => CHANGED,
            FileKind::Absent => "is missing",
            FileKind::Link | FileKind::Directory | FileKind::Other => "was replaced by something that is not a file",
        };
        Some(format!("{} {what}", quoted(path)))
    };
    seen.observation.managed.iter().filter_map(problem).collect()
}

/// Our files that the program has not loaded, but for those that differ from what was deployed.
fn unread(seen: &Seen<'_>, facts: &Facts) -> Vec<String> {
    let ours = |path: &&String| {
        seen.observation.managed.contains_key(*path) || seen.host.files.iter().any(|entry| *entry.path == **path)
    };
    facts.unread.iter().filter(ours).filter(|path| !seen.observation.is_edited(path)).map(|path| quoted(path)).collect()
}
