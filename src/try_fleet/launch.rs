//! The command's side of a run: starts the supervisor in new namespaces, passes its reports on,
//! and takes everything down on the way out, be that the end, a signal, an error or a panic.

use std::io::{self, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::pids;
use super::supervisor::{Inner, Report};
use super::wire::{Plan, receive, send};
use crate::event::KeptHost;
use crate::interrupt::Interrupt;
use crate::private_root::inside;

/// What the command waits for.
pub(super) enum Signal {
    /// The supervisor said something.
    Report(Report),
    /// The supervisor is gone.
    Gone,
    /// Someone wants the run to end.
    Stop,
}

/// A run in its namespaces. Dropping it ends all of its processes, and waits until they are gone.
pub(super) struct Running {
    unshare: Child,
    /// Held open, never written to after the plan: its end is what ends the run.
    lifeline: Option<ChildStdin>,
    signals: Receiver<Signal>,
    said: Option<thread::JoinHandle<String>>,
}

impl Running {
    /// Starts the supervisor and hands it the plan.
    ///
    /// # Errors
    /// `unshare` cannot be started.
    pub(super) fn start(plan: &Plan, interrupt: &Interrupt) -> io::Result<Self> {
        let (sender, signals) = mpsc::channel();
        let stop = sender.clone();
        interrupt.on_request(move || drop(stop.send(Signal::Stop)));
        // Ctrl-C goes to the command alone, which then takes the run down in order.
        let mut unshare = inside("supervisor", plan.unprivileged)?.process_group(0).spawn()?;
        let mut lifeline = unshare.stdin.take().expect("stdin is piped");
        let reports = BufReader::new(unshare.stdout.take().expect("stdout is piped"));
        let errors = unshare.stderr.take().expect("stderr is piped");
        thread::spawn(move || listen_for_reports(reports, &sender));
        let said = thread::spawn(move || {
            let mut said = Vec::new();
            let _ = { errors }.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        // A supervisor that did not even start reads nothing; its end tells why.
        let _ = send(&mut lifeline, plan);
        Ok(Self { unshare, lifeline: Some(lifeline), signals, said: Some(said) })
    }

    /// Waits for whatever comes next.
    pub(super) fn next(&self) -> Signal {
        self.signals.recv().unwrap_or(Signal::Gone)
    }

    /// The hosts with their process ids as the machine sees them.
    pub(super) fn outside(&self, hosts: Vec<Inner>) -> Vec<KeptHost> {
        let outer = pids::outside(self.unshare.id());
        hosts
            .into_iter()
            .filter_map(|Inner { name, pid, program }| {
                let program = program.and_then(|(it, pid)| Some((it, *outer.get(&pid)?)));
                Some(KeptHost { name, pid: *outer.get(&pid)?, program })
            })
            .collect()
    }

    /// Takes everything down; what the processes wrote to stderr.
    pub(super) fn stop(mut self) -> String {
        self.take_down();
        self.said.take().and_then(|said| said.join().ok()).unwrap_or_default()
    }

    fn take_down(&mut self) {
        self.lifeline = None;
        // The supervisor ends at once, and `unshare` with it, when the kernel has ended the rest.
        let _ = self.unshare.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.take_down();
    }
}

fn listen_for_reports(mut from: impl io::BufRead, sender: &Sender<Signal>) {
    loop {
        let signal = match receive(&mut from) {
            Ok(Some(report)) => Signal::Report(report),
            Ok(None) => Signal::Gone,
            Err(error) => Signal::Report(Report::Broken(error.to_string())),
        };
        let last = matches!(signal, Signal::Gone | Signal::Report(Report::Broken(_)));
        if sender.send(signal).is_err() || last {
            return;
        }
    }
}
