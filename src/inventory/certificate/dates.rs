//! Validity dates of the server's certificate and of the certificates above it.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use x509_parser::time::ASN1Time;

use super::{Certificate, Problem, ProblemKind, Subject, chain::Link};
use crate::diagnostic::Severity;

const DAY: i64 = 24 * 60 * 60;

impl Certificate {
    /// The problems at `now` with the validity dates of the chain; a certificate that expires in fewer
    /// than `days` days is a warning. Without `days`, that is a third of its lifetime, but at most 30 days.
    /// Both ends of a validity period belong to it.
    pub fn date_problems(&self, now: SystemTime, days: Option<u32>) -> Vec<Problem> {
        let now = seconds(now);
        let problem = |kind, message, help: &str| Problem::new(kind, Subject::Certificate, message, help.to_owned());
        let found = self.chain.path.iter().enumerate().filter_map(|(place, n)| {
            let link = &self.links[*n];
            // Clients use their own copies of roots and ignore the dates of those that are sent.
            if place > 0 && link.is_self_issued() {
                return None;
            }
            let named = self.nth(*n);
            let left = link.not_after.timestamp().saturating_sub(now);
            if left < 0 {
                let message = format!("{named} expired on `{}` UTC", utc(link.not_after));
                // Further up, a client may know another path to a root that it trusts.
                let severity = if place > 1 { Severity::Warning } else { Severity::Error };
                Some(problem(ProblemKind::Expired, message, &renew(place, &self.path)).with_severity(severity))
            } else if now < link.not_before.timestamp() {
                let message = format!("{named} is not valid before `{}` UTC", utc(link.not_before));
                let help = "deploy it after that date, or correct this machine's clock if it is wrong: see `date -u`";
                Some(problem(ProblemKind::NotYetValid, message, help))
            } else if left < early(link, days) && place < 2 {
                Some(problem(ProblemKind::ExpiresSoon, soon(&named, link, left), &renew(place, &self.path)).mild())
            } else {
                None
            }
        });
        found.collect()
    }
}

impl Certificate {
    /// When the server's certificate expires, in UTC.
    pub fn expires(&self) -> String {
        utc(self.leaf().not_after)
    }

    /// When the server's certificate begins to be valid, in UTC. Authorities give the time of issue, or an hour before.
    pub fn begins(&self) -> String {
        utc(self.leaf().not_before)
    }
}

/// How many seconds before its end a certificate is to be renewed. ACME clients renew when a third of the
/// lifetime is left.
fn early(link: &Link, days: Option<u32>) -> i64 {
    let lifetime = link.not_after.timestamp().saturating_sub(link.not_before.timestamp());
    days.map_or((lifetime / 3).min(30 * DAY), |days| i64::from(days) * DAY)
}

fn soon(named: &str, link: &Link, left: i64) -> String {
    let days = match left / DAY {
        0 => "within a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    };
    format!("{named} expires {days}, on `{}` UTC", utc(link.not_after))
}

/// What to do about a certificate that expires, by its place in the chain.
fn renew(place: usize, path: &Path) -> String {
    match place {
        0 => format!("renew it; show its dates with `openssl x509 -in {} -noout -dates`", path.display()),
        _ => "download the chain from the authority again: clients need this certificate to reach a root".to_owned(),
    }
}

/// Seconds since 1970; negative before.
fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |secs| -secs),
    }
}

pub(super) fn utc(time: ASN1Time) -> String {
    crate::count::utc(time.timestamp())
}
