//! Finds the requests of a run in nginx's access logs, by the user agent that each one carries.
//! It works for files and redirects too, where no app can say what nginx saw of the client.

use std::net::IpAddr;

/// What every user agent of a run begins with.
const AGENT: &str = "sslscale-try/";

/// The user agent of the request with this number.
pub(super) fn agent(number: usize) -> String {
    format!("{AGENT}{number}")
}

/// Whether a log line belongs to a request of a run.
pub(super) fn is_ours(line: &str) -> bool {
    line.contains(AGENT)
}

/// The number of the request that a line belongs to, and the client address in it.
///
/// The combined format begins with the address; in any other, the first thing that is one counts.
pub(super) fn parse(line: &str) -> Option<(usize, Option<IpAddr>)> {
    let (_, after) = line.split_once(AGENT)?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    let address =
        line.split(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.').find_map(|word| word.parse().ok());
    Some((digits.parse().ok()?, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_combined_format_and_others() {
        let combined = "2001:db8::100 - - [23/Nov/2026:13:32:12 +0000] \"GET / HTTP/2.0\" 200 5 \
                        \"-\" \"sslscale-try/12\"";
        assert_eq!(parse(combined), Some((12, Some("2001:db8::100".parse().unwrap()))));
        let json = "{\"time\":\"13:32:12\",\"agent\":\"sslscale-try/3\",\"client\":\"192.0.2.1\"}";
        assert_eq!(parse(json), Some((3, Some("192.0.2.1".parse().unwrap()))));
        assert_eq!(parse("- sslscale-try/7"), Some((7, None)));
        assert_eq!(parse("192.0.2.1 \"curl/8\""), None);
        assert!(is_ours(&agent(4)));
    }
}
