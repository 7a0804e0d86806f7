//! The report of `try`: notes and problems as they happen, then a table of the requests. As JSON it
//! is one line for each event, each with the version of the format.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::PlainFormat;
use super::escaped::Escaped;
use crate::count::several;
use crate::event::{Event, Kept, Request, Verdict};
use crate::visible::visible;

/// The version of the JSON lines.
const FORMAT: u32 = 2;

#[derive(Debug)]
pub struct FleetReport<W> {
    out: W,
    format: PlainFormat,
    started: Vec<String>,
    rows: Vec<Row>,
}

/// One line of the table. Requests to one location with equal results share it, whatever versions they
/// used.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    client: String,
    balancer: String,
    /// The name, and the location, or the whole path where something is wrong.
    site: String,
    app_server: String,
    seen: String,
    http: BTreeSet<String>,
    tls: BTreeSet<String>,
    verdict: String,
    times: usize,
}

const HEAD: [&str; 8] = ["client", "balancer", "site", "app server", "nginx saw", "http", "tls", "verdict"];

#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    #[serde(flatten)]
    event: &'a Event,
}

impl<W: Write> FleetReport<W> {
    pub fn new(out: W, format: PlainFormat) -> Self {
        Self { out, format, started: Vec::new(), rows: Vec::new() }
    }

    /// Shows one event.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn show(&mut self, event: &Event) -> io::Result<()> {
        match self.format {
            PlainFormat::Json => {
                serde_json::to_writer(Escaped(&mut self.out), &Line { version: FORMAT, event })?;
                writeln!(self.out)?;
            }
            PlainFormat::Human => self.text(event)?,
        }
        self.out.flush()
    }

    fn text(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Note(text) => writeln!(self.out, "note: {}", shown(text)),
            Event::Missing(missing) => {
                writeln!(self.out, "error: {}\n  help: {}", shown(&missing.what), shown(&missing.help))
            }
            Event::HostStarted { name, program } => {
                self.started.push(format!("{name} ({program})"));
                Ok(())
            }
            Event::Problem(problem) => {
                writeln!(self.out, "error: {}: {}", problem.host, shown(&problem.what))?;
                problem.output.iter().try_for_each(|line| writeln!(self.out, "  | {}", visible(line)))
            }
            Event::NotDriven { site, why } => {
                writeln!(self.out, "note: no requests to one location of {site}: {}", shown(why))
            }
            Event::Request(request) => {
                let row = Row::new(request);
                match self.rows.iter_mut().find(|known| known.is_like(&row)) {
                    Some(known) => known.add(row),
                    None => self.rows.push(row),
                }
                Ok(())
            }
            Event::Finished { requests, failures } => self.finish(*requests, *failures),
            Event::Kept(kept) => self.kept(kept),
        }
    }

    fn finish(&mut self, requests: usize, failures: usize) -> io::Result<()> {
        if !self.started.is_empty() {
            writeln!(self.out, "running: {}", summary(&self.started))?;
        }
        if !self.rows.is_empty() {
            writeln!(self.out)?;
            let rows: Vec<[String; 9]> = self.rows.iter().map(Row::cells).collect();
            table(&mut self.out, &rows)?;
            writeln!(self.out)?;
        }
        match failures {
            0 => writeln!(self.out, "{}: all ok", several(requests, "request")),
            _ => writeln!(self.out, "{}: {}", several(requests, "request"), several(failures, "failure")),
        }
    }

    fn kept(&mut self, kept: &Kept) -> io::Result<()> {
        let enter = kept.enter.join(" ");
        writeln!(self.out, "\nthe fleet runs until Ctrl-C; open a shell on a host with")?;
        let width = kept.hosts.iter().map(|host| host.name.len()).max().unwrap_or_default();
        for host in &kept.hosts {
            let stop: Vec<String> = host
                .programs
                .iter()
                .map(|it| format!("  # {0} has pid {1}; `kill {1}` stops it", it.program, it.pid))
                .collect();
            let stop = stop.concat();
            writeln!(self.out, "  {:width$}  {enter} {} sh{stop}", host.name, host.pid)?;
        }
        if let (Some(client), Some(clients)) = (&kept.client, kept.hosts.last()) {
            writeln!(self.out, "send a request with")?;
            writeln!(self.out, "  {enter} {} {}", clients.pid, client.join(" "))?;
        }
        Ok(())
    }
}

/// Text that another program may have written, so that a terminal does not obey it.
fn shown(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

impl Row {
    fn new(request: &Request) -> Self {
        let or_dash = |value: Option<String>| value.map_or_else(|| "-".to_owned(), |value| shown(&value));
        let (verdict, path) = match &request.verdict {
            Verdict::Ok => ("ok".to_owned(), &request.location),
            wrong @ Verdict::Wrong(_) => (format!("WRONG: {}", shown(&wrong.to_string())), &request.path),
        };
        Self {
            client: request.client.to_string(),
            balancer: request.balancer.clone(),
            site: format!("{}{}", request.site, if path == "/" { "" } else { path }),
            app_server: or_dash(request.app_server.clone()),
            seen: or_dash(request.seen.map(|seen| seen.to_string())),
            http: BTreeSet::from([or_dash(request.http.clone())]),
            tls: BTreeSet::from([or_dash(request.tls.clone())]),
            verdict,
            times: 1,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let key = |row: &Self| {
            [&row.client, &row.balancer, &row.site, &row.app_server, &row.seen, &row.verdict].map(String::clone)
        };
        key(self) == key(other)
    }

    fn add(&mut self, other: Self) {
        self.http.extend(other.http);
        self.tls.extend(other.tls);
        self.times += other.times;
    }

    fn cells(&self) -> [String; 9] {
        let list = |versions: &BTreeSet<String>| versions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        [
            self.client.clone(),
            self.balancer.clone(),
            self.site.clone(),
            self.app_server.clone(),
            self.seen.clone(),
            list(&self.http),
            list(&self.tls),
            self.verdict.clone(),
            format!("{}×", self.times),
        ]
    }
}

/// The first few names, and how many more there are.
fn summary(names: &[String]) -> String {
    const SHOWN: usize = 6;
    if names.len() <= SHOWN {
        return names.join(", ");
    }
    format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN)
}

fn table(out: &mut impl Write, rows: &[[String; 9]]) -> io::Result<()> {
    let repeated = rows.iter().any(|row| row[8] != "1×");
    let widths = HEAD.map(str::len).into_iter().enumerate();
    let widths: Vec<usize> = widths
        .map(|(column, head)| rows.iter().map(|row| row[column].chars().count()).fold(head, usize::max))
        .collect();
    let head = HEAD.map(str::to_owned);
    let lines = std::iter::once((&head[..], "")).chain(rows.iter().map(|row| (&row[..8], row[8].as_str())));
    for (cells, times) in lines {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        if repeated {
            line.push_str(times);
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
