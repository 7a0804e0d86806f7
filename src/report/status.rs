//! What every host runs, and how balancers see the app servers.

mod differing;
mod document;
mod space;

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use document::{Document, ProblemDocument, document};

use super::escaped::pretty;
use super::plan::{help, told};
use super::reasons::errors;
use super::table::table;
use super::{Again, Output, PlainFormat};
use crate::count::{ago, several, utc};
use crate::deploy::{HeldLease, HostPlan, Observation, OldWorker, Problem, Role, Server, WINDOW};
use crate::rollout::{Reason, Unreachable};
use crate::tickets;

/// The version of the JSON document.
const VERSION: u32 = 1;

/// What there is on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostStatus {
    /// What the host told.
    pub observation: Observation,
    /// What a deploy would change.
    pub plan: HostPlan,
    /// The certificates that its sites name.
    pub certificates: Vec<CertificateStatus>,
}

/// A certificate on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateStatus {
    /// Absolute.
    pub path: String,
    /// In UTC, such as `2026-12-31 23:59`; `None` if it cannot be read.
    pub expires: Option<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// Reports what there is.
pub struct StatusReport<'o> {
    output: &'o Output,
    format: PlainFormat,
    again: Again,
}

/// What is wrong, by host.
type Problems<'p> = Vec<(Option<&'p str>, String)>;
/// A host's name and what it is.
type Named<'n> = (&'n str, Role);
/// What became of the look at a host.
type Seen = Result<HostStatus, Unreachable>;

impl<'o> StatusReport<'o> {
    /// A report in this format.
    pub fn new(output: &'o Output, format: PlainFormat, again: Again) -> Self {
        Self { output, format, again }
    }

    /// The fleet, and whether nothing is wrong with it. `rings` has what is wrong with ticket rings, and `others` what
    /// is wrong with certificate sources.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn write(
        &self,
        hosts: &[Named<'_>],
        seen: &[Seen],
        rings: &[(String, tickets::Problem)],
        others: &[Reason],
    ) -> io::Result<bool> {
        let mut problems = problems(hosts, seen, rings, &self.again.file);
        let lost = || seen.iter().filter_map(|host| host.as_ref().err());
        problems.extend(others.iter().map(|reason| (None, reason.to_string())));
        if self.format == PlainFormat::Json {
            let document = Document {
                version: VERSION,
                sound: problems.is_empty() && lost().next().is_none(),
                hosts: hosts.iter().zip(seen).map(|(host, seen)| document(*host, seen)).collect(),
                problems: lost()
                    .map(|lost| (Some(&*lost.host), Reason::from(&lost.error).to_string()))
                    .chain(problems.iter().cloned())
                    .map(|(host, problem)| ProblemDocument { host, problem: problem.replace("\n\t", "\n") })
                    .collect(),
            };
            self.output.print(&pretty(&document)?)?;
            return Ok(document.sound);
        }
        self.output.print(table(&programs(hosts, seen)).as_bytes())?;
        for rows in [servers(hosts, seen), certificates(seen), old_workers(hosts, seen)] {
            if rows.len() > 1 {
                self.output.print(format!("\n{}", table(&rows)).as_bytes())?;
            }
        }
        let leases: String = leases(hosts, seen).collect();
        if !leases.is_empty() {
            self.output.print(format!("\n{leases}").as_bytes())?;
            let file = &self.again.file;
            self.output.say(&format!(
                "note: what a deploy changes and does not confirm, its host undoes within {WINDOW} s; if that deploy does \
                 not run any more, `sslscale deploy --resume {file}` goes on, and `sslscale unlock {file}` gives the hosts \
                 back"
            ));
        }
        self.output.unreachable(lost());
        errors(problems.iter().cloned()).iter().for_each(|error| self.output.say(error));
        let wrong = match problems.len() + lost().count() {
            0 if !leases.is_empty() => "a deploy has some of them, and nothing else is wrong".to_owned(),
            0 => "nothing is wrong".to_owned(),
            count => several(count, "problem"),
        };
        self.output.print(format!("\n{}: {wrong}\n", several(hosts.len(), "host")).as_bytes())?;
        Ok(problems.is_empty() && lost().next().is_none())
    }
}

/// Everything that is wrong with hosts that answer. `file` is the inventory, as commands name it.
fn problems<'p>(hosts: &[Named<'p>], seen: &[Seen], rings: &[(String, tickets::Problem)], file: &str) -> Problems<'p> {
    let mut found = Vec::new();
    for ((name, role), seen) in hosts.iter().zip(seen) {
        let mut add = |problem: String| found.push((Some(*name), problem));
        let Ok(status) = seen else { continue };
        let seen = &status.observation;
        // A change that nobody confirms is undone after so long.
        if let Some(lease) = seen.lease.as_ref().filter(|lease| lease.age > WINDOW) {
            add(format!(
                "a deploy of {} has this host, and was last active there {} s ago\n\thelp: if it does not run any more, `sslscale unlock {file}` \
                 gives the hosts back, and `sslscale deploy --resume {file}` takes them over",
                lease.holder, lease.age
            ));
        }
        // The address is wrong, or the host: what follows from that would lead astray.
        let problem =
            |problem: &Problem| format!("{}\n\thelp: {}", told(problem, *role), help(problem, *role, (&[name], file)));
        if let Some(other) = status.plan.problems.iter().find(|it| matches!(it, Problem::OtherRole(_))) {
            add(problem(other));
            continue;
        }
        let program = role.program();
        if seen.package.is_none() && seen.unit.is_some() {
            add(problem(&Problem::NotInstalled));
        } else if let Some(unit) = &seen.unit {
            service_problem(program, &unit.active, seen.running.is_some()).into_iter().for_each(&mut add);
            boot_problem(program, &unit.enabled).into_iter().for_each(&mut add);
        }
        space::problems(&seen.space).into_iter().for_each(&mut add);
        // What a plan for the host looked at and leaves as it is.
        let is_right =
            |file: &str| seen.files.contains_key(file) && !status.plan.changes.iter().any(|change| change.path == file);
        let unloaded = unloaded(program, seen, is_right);
        unloaded.iter().cloned().for_each(&mut add);
        let differing = differing::problems(status, file);
        let same = differing.is_empty();
        differing.into_iter().for_each(&mut add);
        if same
            && unloaded.is_empty()
            && !status.plan.actions.is_empty()
            && seen.unit.as_ref().is_some_and(|unit| unit.active == "active")
        {
            add(format!("{program} does not run what its files say"));
        }
        for server in seen.servers.iter().filter(|server| !server.is_up()) {
            add(format!("`{}` is {} in the pool `{}`", server.name, server.status, server.pool));
        }
        // A file that a deploy brings is named above.
        let brought = |path: &str| status.plan.changes.iter().any(|change| change.path == path);
        let certificates = status.certificates.iter().filter(|it| it.expires.is_some() || !brought(&it.path));
        certificates.filter_map(|it| it.problem.clone()).for_each(&mut add);
        let of_host = |(host, problem): &&(String, tickets::Problem)| host == name && !is_known(problem, seen);
        // The first deploy brings them.
        let rings = rings.iter().filter(of_host).filter(|_| differing::is_deployed(status));
        rings.for_each(|(_, problem)| {
            let help = problem.help(file).map(|help| format!("\n\thelp: {help}"));
            add(problem.to_string() + &help.unwrap_or_default());
        });
    }
    found
}

/// Whether what is wrong with a ring is among what nginx has not loaded, or does not load.
fn is_known(problem: &tickets::Problem, seen: &Observation) -> bool {
    let unread = |file| seen.facts.as_ref().is_some_and(|facts| facts.unread.contains(file));
    match problem {
        tickets::Problem::Changed(files) => files.iter().all(unread),
        tickets::Problem::Rejected => seen.refused.is_some(),
        tickets::Problem::NginxMissing => seen.package.is_none(),
        _ => false,
    }
}

/// What the program has not loaded of its configuration.
fn unloaded(program: &str, seen: &Observation, is_right: impl Fn(&str) -> bool) -> Vec<String> {
    if let Some(why) = &seen.refused {
        let check = if program == "nginx" { "nginx -t" } else { "haproxy -c -f /etc/haproxy/haproxy.cfg" };
        // A reload would fail.
        return vec![format!(
            "{program} does not read its configuration any more, and a restart would fail: {why}\n\thelp: correct it on the \
             host, until `{check}` succeeds"
        )];
    }
    let unread = seen.facts.iter().flat_map(|facts| &facts.unread);
    let unread = unread.map(|file| {
        let ours = seen.managed.contains_key(file) && !seen.is_edited(file);
        let then = if ours || is_right(file) { "it needs a reload" } else { "look at the file before a reload" };
        format!("{program} has not read `{file}` since it changed: {then}")
    });
    let other = match (&seen.running, &seen.on_disk) {
        (Some(running), Some(on_disk)) if running != on_disk => {
            Some(format!("{program} runs the revision {running}, and the one on the host is {on_disk}"))
        }
        _ => None,
    };
    let silent = seen.silent.iter().map(|why| format!("{program} does not tell which revision it runs: {why}"));
    other.into_iter().chain(unread).chain(silent).collect()
}

/// What is wrong with a service in this state. Without systemd, as in a try-out, the state is `unknown`.
fn service_problem(program: &str, state: &str, runs: bool) -> Option<String> {
    match state {
        "active" => None,
        "unknown" if runs => {
            Some(format!("{program} runs, but not as a service: systemd does not answer on this host"))
        }
        "unknown" => Some(format!("systemd does not answer on this host: whether {program} runs is not known")),
        state => Some(format!("{program} is {state}")),
    }
}

/// What is wrong with a service that systemd does not start at a boot. Without systemd nothing is known.
fn boot_problem(program: &str, enabled: &str) -> Option<String> {
    matches!(enabled, "disabled" | "masked" | "masked-runtime" | "enabled-runtime").then(|| {
        format!("{program} is {enabled}: it does not start when the host boots\n\thelp: on the host: `systemctl enable {program}`")
    })
}

fn programs(hosts: &[Named<'_>], seen: &[Seen]) -> Vec<Vec<String>> {
    let mut rows = vec![
        ["host", "program", "service", "files", "on disk", "runs", "release", "since (UTC)"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for ((name, role), seen) in hosts.iter().zip(seen) {
        let row = match seen {
            Err(_) => [name, role.program(), "", "not reachable", "", "", "", ""].map(str::to_owned).to_vec(),
            Ok(status) => {
                let seen = &status.observation;
                let version = seen.package.as_deref().unwrap_or("-");
                let files = differing::cell(status);
                let on_disk = seen.on_disk.as_deref().unwrap_or("-");
                let runs = seen.running.as_deref().unwrap_or("-");
                let service = seen.unit.as_ref().map_or("-", |unit| unit.active.as_str());
                vec![
                    (*name).to_owned(),
                    format!("{} {version}", role.program()),
                    service.to_owned(),
                    files,
                    on_disk.to_owned(),
                    runs.to_owned(),
                    seen.release.as_ref().map_or("-", |release| &release.id).to_owned(),
                    match &seen.release {
                        // A deploy that was killed: history knows neither the release nor a time.
                        Some(_) if seen.unended => "not ended".to_owned(),
                        Some(release) => utc(release.time.try_into().unwrap_or(i64::MAX)),
                        None => "-".to_owned(),
                    },
                ]
            }
        };
        rows.push(row);
    }
    rows
}

/// A row for each app server of each pool, a column for each balancer.
fn servers(hosts: &[Named<'_>], seen: &[Seen]) -> Vec<Vec<String>> {
    let balancers = || {
        let all = hosts.iter().zip(seen).filter(|((_, role), _)| *role == Role::Balancer);
        all.filter_map(|((name, _), seen)| Some((*name, &seen.as_ref().ok()?.observation.servers)))
    };
    let mut rows: BTreeMap<(&str, &str), BTreeMap<&str, &Server>> = BTreeMap::new();
    for (balancer, servers) in balancers() {
        for server in servers {
            rows.entry((&server.pool, &server.name)).or_default().insert(balancer, server);
        }
    }
    let head = ["pool", "app server"].into_iter().chain(balancers().map(|(name, _)| name)).map(str::to_owned).collect();
    let row = |((pool, name), by_balancer): ((&str, &str), BTreeMap<&str, &Server>)| {
        let cell = |balancer: &str| match by_balancer.get(balancer) {
            Some(server) => format!("{}, {}", server.status, several(server.sessions as usize, "connection")),
            None => "-".to_owned(),
        };
        let cells = balancers().map(|(balancer, _)| cell(balancer));
        [pool.to_owned(), name.to_owned()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    [head].into_iter().chain(rows.into_iter().map(row)).collect()
}

/// A row for each worker that a reload has replaced.
fn old_workers(hosts: &[Named<'_>], seen: &[Seen]) -> Vec<Vec<String>> {
    let mut rows = vec![["host", "old worker", "started", "connections"].map(str::to_owned).to_vec()];
    for ((name, role), status) in hosts.iter().zip(seen) {
        for OldWorker { pid, age, connections } in status.iter().flat_map(|status| &status.observation.old_workers) {
            let worker = format!("{} {pid}", role.program());
            let connections = connections.map_or("not known".to_owned(), |count| count.to_string());
            rows.push(vec![(*name).to_owned(), worker, ago(*age), connections]);
        }
    }
    rows
}

/// A line for each host that a deploy has.
fn leases<'l>(hosts: &'l [Named<'_>], seen: &'l [Seen]) -> impl Iterator<Item = String> + 'l {
    let held = hosts
        .iter()
        .zip(seen)
        .filter_map(|((name, _), seen)| Some((name, seen.as_ref().ok()?.observation.lease.as_ref()?)));
    held.map(|(name, lease)| format!("{name}: {}\n", lease_words(lease)))
}

/// Which deploy has a host.
pub(super) fn lease_words(HeldLease { id, age, since, holder }: &HeldLease) -> String {
    format!("a deploy of {holder}, last active {age} s ago, began {} ({id})", ago(*since))
}

/// A row for each certificate and date.
fn certificates(seen: &[Seen]) -> Vec<Vec<String>> {
    let mut rows: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for certificate in seen.iter().flatten().flat_map(|status| &status.certificates) {
        if let Some(expires) = &certificate.expires {
            *rows.entry((&certificate.path, expires)).or_default() += 1;
        }
    }
    let head = ["certificate", "expires (UTC)", "on"].map(str::to_owned).to_vec();
    let row = |((path, expires), count): ((&str, &str), usize)| {
        vec![path.to_owned(), expires.to_owned(), several(count, "app server")]
    };
    [head].into_iter().chain(rows.into_iter().map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::{boot_problem, is_known, service_problem};
    use crate::deploy::{Facts, Observation};
    use crate::tickets::Problem;

    #[test]
    fn a_file_that_nginx_has_not_read_is_one_problem() {
        let mut seen = Observation { facts: Some(Facts::default()), ..Observation::default() };
        let changed = |files: &[&str]| Problem::Changed(files.iter().map(|file| (*file).to_owned()).collect());
        assert!(!is_known(&changed(&["/etc/nginx/a.conf"]), &seen));
        seen.facts.as_mut().unwrap().unread.push("/etc/nginx/a.conf".to_owned());
        assert!(is_known(&changed(&["/etc/nginx/a.conf"]), &seen));
        // One that is gone is known from the ring alone.
        assert!(!is_known(&changed(&["/etc/nginx/a.conf", "/etc/nginx/b.conf"]), &seen));
        assert!(!is_known(&Problem::Stale, &seen) && !is_known(&Problem::Rejected, &seen));
        seen.refused = Some("unexpected end of file".to_owned());
        assert!(is_known(&Problem::Rejected, &seen));
        let told = super::unloaded("nginx", &seen, |_| false);
        assert!(matches!(&told[..], [one] if one.contains("would fail: unexpected end of file")), "{told:?}");
    }

    #[test]
    fn a_service_that_a_boot_does_not_start_is_named() {
        for enabled in ["enabled", "static", "alias", "not-found", "unknown"] {
            assert_eq!(boot_problem("nginx", enabled), None, "{enabled}");
        }
        let problem = boot_problem("nginx", "masked").unwrap();
        assert!(problem.starts_with("nginx is masked: it does not start when the host boots"), "{problem}");
    }

    #[test]
    fn a_host_without_systemd_is_told_apart_from_a_service_that_is_down() {
        assert_eq!(service_problem("haproxy", "active", false), None);
        assert_eq!(service_problem("haproxy", "failed", true).as_deref(), Some("haproxy is failed"));
        for runs in [true, false] {
            let problem = service_problem("haproxy", "unknown", runs).unwrap();
            assert!(
                problem.contains("systemd does not answer") && !problem.contains("haproxy is unknown"),
                "{problem}"
            );
        }
    }
}
