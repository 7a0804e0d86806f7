//! A fleet that `sslscale try --keep` holds, and the CPU time that its programs have used.

#![allow(dead_code, reason = "every benchmark uses a part")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use sslscale::event::Kept;

const SSLSCALE: &str = env!("CARGO_BIN_EXE_sslscale");

/// A running fleet; it ends with this value.
pub struct Fleet {
    child: Child,
    /// Held open: a fleet that cannot report does not stay.
    _reports: BufReader<ChildStdout>,
    kept: Kept,
}

impl Fleet {
    /// The fleet of this inventory, which is written to `work` under this name.
    pub fn start(work: &Path, name: &str, inventory: &str) -> Result<Self> {
        let path = work.join(format!("{name}.yaml"));
        fs::write(&path, inventory)?;
        let mut command = Command::new(SSLSCALE);
        command.arg("try").arg(&path).args(["--keep", "--format", "json"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("sslscale")?;
        let mut reports = BufReader::new(child.stdout.take().context("no pipe")?);
        let mut output = String::new();
        loop {
            let mut line = String::new();
            if reports.read_line(&mut line)? == 0 {
                child.wait()?;
                bail!("the fleet did not start:\n{output}");
            }
            let mut event: Value = serde_json::from_str(&line)?;
            if let Some(kept) = event.get_mut("kept") {
                let kept = serde_json::from_value(kept.take())?;
                return Ok(Self { child, _reports: reports, kept });
            }
            output.push_str(&line);
        }
    }

    /// Runs this program's client in the clients' host; what it answers.
    pub fn client(&self, words: &[String]) -> Result<String> {
        let clients = self.kept.hosts.last().context("no clients")?;
        let (enter, options) = self.kept.enter.split_first().context("no way in")?;
        let this = format!("/.machine{}", std::env::current_exe()?.display());
        let mut command = Command::new(enter);
        command.args(options).arg(clients.pid.to_string()).arg(this).arg("client").args(words);
        let done = command.output()?;
        ensure!(done.status.success(), "the client failed: {}", String::from_utf8_lossy(&done.stderr));
        Ok(String::from_utf8(done.stdout)?.trim().to_owned())
    }

    /// The CPU time that the workers of all nginx have used.
    pub fn of_nginx(&self) -> Result<u64> {
        let mut sum = 0;
        for master in self.programs("nginx") {
            for worker in workers(master)?.split_whitespace() {
                sum += used(worker, worker)?;
            }
        }
        Ok(sum)
    }

    /// The CPU time that all threads of haproxy have used: of its master, and of the worker that does the work.
    pub fn of_haproxy(&self) -> Result<u64> {
        let mut sum = 0;
        for master in self.programs("haproxy") {
            for process in workers(master)?.split_whitespace().chain([master.to_string().as_str()]) {
                for thread in fs::read_dir(format!("/proc/{process}/task"))? {
                    sum += used(process, &thread?.file_name().to_string_lossy())?;
                }
            }
        }
        Ok(sum)
    }

    fn programs(&self, name: &str) -> impl Iterator<Item = i32> {
        let programs = self.kept.hosts.iter().flat_map(|host| &host.programs);
        programs.filter(move |it| it.program == name).map(|it| it.pid)
    }
}

/// The processes that a master has started, with blanks between them.
fn workers(master: i32) -> Result<String> {
    let workers = fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
    ensure!(!workers.trim().is_empty(), "process {master} has no worker");
    Ok(workers)
}

/// What a thread has used, as the scheduler has it.
fn used(process: &str, thread: &str) -> Result<u64> {
    let times = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat"))?;
    Ok(times.split(' ').next().context("an empty schedstat")?.parse()?)
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}
