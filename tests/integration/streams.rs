//! Every command with standard output and standard error that are full, closed, left by their
//! reader, or slow: its status and what it leaves are those of a run whose streams take everything.
//! Only results that were to be printed and could not be are an error of their own.

pub mod cases;
mod kinds;

use cases::Case;
use kinds::{Ended, Kind, run};

/// Status and files of a case with each kind of streams.
fn same_with_every_kind(case: &Case) {
    let reference = run(case, Kind::Taken);
    assert_eq!(reference.status, case.status, "{}: {reference:?}", case.name());
    assert_eq!(reference.stdout.is_empty(), case.prints == cases::Prints::Nothing, "{}: {reference:?}", case.name());
    for kind in Kind::ALL {
        let Some(ended) = kind.fits(case).then(|| run(case, *kind)) else { continue };
        let undelivered = kind.loses_output() && case.prints == cases::Prints::Result;
        let wanted = if undelivered { 2 } else { reference.status };
        let place = format!("{} with {kind:?}", case.name());
        assert_eq!(ended.status, wanted, "{place}: {ended:?}");
        assert_eq!(ended.state, reference.state, "{place}: {ended:?}");
        told(&place, *kind, case, &ended);
        if kind.delivers() {
            assert_eq!(case.scrubbed(&ended.stdout), case.scrubbed(&reference.stdout), "{place}");
            assert_eq!(case.scrubbed(&ended.stderr), case.scrubbed(&reference.stderr), "{place}");
        }
    }
}

/// What could not be printed is an error that can be read.
fn told(place: &str, kind: Kind, case: &Case, ended: &Ended) {
    let lost = kind == Kind::FullOutput && case.prints != cases::Prints::Nothing;
    let says = "error: could not write to standard output\n  caused by: No space left on device (os error 28)\n";
    assert_eq!(ended.stderr.contains(says), lost, "{place}: {ended:?}");
    assert!(!ended.stderr.contains("exit status"), "users know it as the exit code: {place}: {ended:?}");
}

#[test]
fn check() {
    cases::check().iter().for_each(same_with_every_kind);
}

#[test]
fn pages_and_help() {
    cases::pages().iter().for_each(same_with_every_kind);
}

#[test]
fn render() {
    cases::render().iter().for_each(same_with_every_kind);
}

// A rotation whose report could not be written changed every host and exited with 2.
#[test]
fn what_runs_on_hosts() {
    let prepared = cases::rotated();
    cases::hosts(&prepared).iter().for_each(same_with_every_kind);
}

#[test]
fn renewals_of_certificates() {
    let Some(prepared) = cases::renewed() else { return };
    cases::renewals(&prepared).iter().for_each(same_with_every_kind);
}
