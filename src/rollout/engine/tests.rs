use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::rollout::{Ending, Reason};
use crate::transport::{HostText, Limits, Output, Script, TransportError};

/// A host that is only a name.
struct Name(String);

impl Host for Name {
    fn name(&self) -> &str {
        &self.0
    }

    fn run(&self, _: &Script<'_>, _: Limits) -> Result<Output, TransportError> {
        unreachable!("the procedure runs no script")
    }
}

/// Counts every host up to a number, one step after the other.
struct Count {
    until: usize,
    values: Vec<AtomicUsize>,
    /// What becomes of some hosts instead.
    fails: Vec<(usize, Outcome)>,
    lost: Option<usize>,
    /// The hosts in the order in which they were changed.
    order: Mutex<Vec<usize>>,
    observed: AtomicUsize,
}

impl Count {
    fn new(until: usize) -> Self {
        let values = (0..40).map(|_| AtomicUsize::new(0)).collect();
        Self { until, values, fails: Vec::new(), lost: None, order: Mutex::default(), observed: AtomicUsize::new(0) }
    }

    fn values(&self) -> Vec<usize> {
        self.values.iter().map(|value| value.load(Ordering::SeqCst)).collect()
    }
}

fn index(host: &dyn Host) -> usize {
    host.name().parse().unwrap()
}

fn failed() -> Outcome {
    Outcome::Undone(Reason::from_host("no", HostText::default()))
}

impl Procedure for Count {
    type Seen = usize;
    type Kind = usize;
    type Work = usize;
    type Error = &'static str;

    fn observe(&self, host: &dyn Host) -> Result<usize, QueryError> {
        self.observed.fetch_add(1, Ordering::SeqCst);
        if self.lost == Some(index(host)) {
            return Err(QueryError::Answer { problem: "lost", text: HostText::default() });
        }
        Ok(self.values[index(host)].load(Ordering::SeqCst))
    }

    fn next(&self, hosts: &[&dyn Host], seen: &[usize], done: &[Step<usize>]) -> Next<Self> {
        assert_eq!(hosts.len(), seen.len());
        let least = *seen.iter().min().unwrap();
        assert!(done.len() <= least);
        match self.until {
            usize::MAX => Err("unprepared"),
            until if least == until => Ok(None),
            until => Ok(Some(Prepared {
                first_alone: true,
                kind: least + 1,
                work: least + 1,
                // From the last to the first.
                hosts: (0..seen.len()).rev().filter(|host| seen[*host] == least).collect(),
                more: least + 1 < until,
            })),
        }
    }

    fn apply(&self, work: &usize, host: &dyn Host, seen: &usize) -> Outcome {
        let host = index(host);
        assert_eq!(*work, seen + 1);
        self.order.lock().unwrap().push(host);
        if let Some((_, outcome)) = self.fails.iter().find(|(failing, _)| *failing == host) {
            return outcome.clone();
        }
        self.values[host].store(*work, Ordering::SeqCst);
        Outcome::Done
    }
}

fn rolled_out(
    count: usize,
    procedure: &Count,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Rollout<usize, &'static str> {
    let names: Vec<Name> = (0..count).map(|index| Name(index.to_string())).collect();
    let hosts: Vec<&dyn Host> = names.iter().map(|host| host as &dyn Host).collect();
    run(&Fleet { hosts: &hosts, interrupted }, procedure)
}

fn never() -> bool {
    false
}

#[test]
fn steps_follow_each_other_until_there_is_none() {
    let procedure = Count::new(3);
    let run = rolled_out(40, &procedure, &never);
    assert!(run.halt.is_none() && run.ending() == Ending::Done);
    assert_eq!(run.steps.iter().map(|step| step.kind).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(procedure.values(), [3; 40]);
    // Hosts are in the order of the plan; after the last step nobody looks again.
    let names: Vec<&str> = run.steps[0].done().collect();
    assert!(names.len() == 40 && names[0] == "39" && names[39] == "0");
    assert_eq!((procedure.order.lock().unwrap()[0], procedure.observed.load(Ordering::SeqCst)), (39, 120));
    let none = rolled_out(40, &Count::new(0), &never);
    assert!(none.steps.is_empty() && none.halt.is_none());
    assert!(rolled_out(1, &Count::new(1), &never).steps[0].is_done());
}

#[test]
fn a_failure_of_the_first_host_leaves_the_others_alone() {
    let procedure = Count { fails: vec![(2, failed())], ..Count::new(2) };
    let run = rolled_out(3, &procedure, &never);
    let ends: Vec<&Outcome> = run.steps[0].hosts.iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(ends, [&failed(), &Outcome::NotStarted, &Outcome::NotStarted]);
    assert_eq!(*procedure.order.lock().unwrap(), [2]);
    assert!(run.steps.len() == 1 && run.halt.is_none() && run.ending() == Ending::RolledBack);
}

#[test]
fn a_failure_of_another_host_leaves_none_out_and_ends_the_run() {
    let procedure = Count { fails: vec![(0, failed())], ..Count::new(2) };
    let run = rolled_out(3, &procedure, &never);
    assert_eq!(run.steps[0].done().collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(run.steps[0].hosts[2], ("0".to_owned(), failed()));
    assert!(run.steps.len() == 1 && run.halt.is_none() && run.ending() == Ending::Mixed);
}

#[test]
fn without_knowing_all_hosts_nothing_is_planned() {
    let procedure = Count { lost: Some(1), ..Count::new(1) };
    let run = rolled_out(3, &procedure, &never);
    assert!(matches!(&run.halt, Some(Halt::Unreachable(hosts)) if hosts.len() == 1 && hosts[0].host == "1"));
    assert!(run.steps.is_empty() && procedure.order.lock().unwrap().is_empty());
    let run = rolled_out(3, &Count::new(usize::MAX), &never);
    assert!(matches!(run.halt, Some(Halt::Unprepared("unprepared"))) && run.steps.is_empty());
}

#[test]
fn an_interruption_starts_no_further_host() {
    // Before the first look, before the first change, and between changes.
    let run = rolled_out(3, &Count::new(1), &|| true);
    assert!(matches!(run.halt, Some(Halt::Interrupted)) && run.steps.is_empty() && run.ending() == Ending::Untouched);
    for (changed, ending) in [(0, Ending::Untouched), (1, Ending::Mixed)] {
        let procedure = Count::new(2);
        let interrupted = || {
            let seen = procedure.observed.load(Ordering::SeqCst) == 3;
            seen && procedure.values().iter().sum::<usize>() >= changed
        };
        let run = rolled_out(3, &procedure, &interrupted);
        assert_eq!(run.steps[0].done().count(), changed, "{run:?}");
        assert_eq!(run.steps[0].not_started().count(), 3 - changed, "{run:?}");
        assert!(matches!(run.halt, Some(Halt::Interrupted)) && run.ending() == ending, "{run:?}");
    }
    // Failures of hosts that were started by then do not hide it.
    let procedure = Count { fails: (0..39).map(|host| (host, failed())).collect(), ..Count::new(1) };
    let run = rolled_out(40, &procedure, &|| procedure.order.lock().unwrap().len() > 1);
    assert!(run.steps[0].done().count() == 1 && run.steps[0].not_started().count() > 20, "{run:?}");
    assert!(matches!(run.halt, Some(Halt::Interrupted)) && run.ending() == Ending::Mixed, "{run:?}");
    // After the last host there is nothing to stop.
    let procedure = Count::new(1);
    let run = rolled_out(1, &procedure, &|| procedure.values()[0] == 1);
    assert!(run.halt.is_none() && run.ending() == Ending::Done, "{run:?}");
}

#[test]
fn a_look_tells_of_each_host() {
    let names: Vec<Name> = (0..3).map(|index| Name(index.to_string())).collect();
    let hosts: Vec<&dyn Host> = names.iter().map(|host| host as &dyn Host).collect();
    let procedure = Count { lost: Some(1), ..Count::new(1) };
    let fleet = Fleet { hosts: &hosts, interrupted: &never };
    let seen = fleet.observe(|host| procedure.observe(host)).unwrap();
    assert_eq!(seen.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let fleet = Fleet { interrupted: &|| true, ..fleet };
    assert_eq!(fleet.observe(|host| procedure.observe(host)).unwrap_err(), Interrupted);
    // A host that the interruption kept from answering is not lost.
    let procedure = Count { lost: Some(0), ..Count::new(1) };
    let fleet = Fleet { interrupted: &|| procedure.observed.load(Ordering::SeqCst) > 0, ..fleet };
    assert_eq!(fleet.observe(|host| procedure.observe(host)).unwrap_err(), Interrupted);
}
