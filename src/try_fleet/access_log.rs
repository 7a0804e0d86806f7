//! Finds the requests of a run in nginx's access logs, by the user agent that each one carries.
//! It works for files and redirects, too, where no app can report the client's address.

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
/// In JSON the address has a name. The combined format begins with it, both in rendered files and in
/// stock `nginx.conf`s. In any other format the first address in the line counts.
pub(super) fn parse(line: &str) -> Option<(usize, Option<IpAddr>)> {
    let (_, after) = line.split_once(AGENT)?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    let first = || line.split(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.').find_map(|it| it.parse().ok());
    Some((digits.parse().ok()?, named(line).or_else(first)))
}

/// The address in a JSON object that has it under nginx's name.
fn named(line: &str) -> Option<IpAddr> {
    let object = line.starts_with('{').then(|| serde_json::from_str::<serde_json::Value>(line))?.ok()?;
    object.get("remote_addr")?.as_str()?.parse().ok()
}

/// The complete lines at the beginning of what was read from a log, and their length in bytes. A
/// half-written last line is left for the next time. A line may contain any bytes: in JSON, and in
/// users' formats, nginx does not escape what is beyond ASCII.
pub(super) fn whole_lines(bytes: &[u8]) -> (usize, Vec<String>) {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let text = String::from_utf8_lossy(&bytes[..whole]);
    (whole, text.lines().filter(|line| is_ours(line)).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_combined_format_and_others() {
        let combined = "2001:db8::100 - - [23/Nov/2026:13:32:12 +0000] \"GET / HTTP/2.0\" 200 5 \
                        \"-\" \"sslscale-try/12\"";
        let seen = Some((12, Some("2001:db8::100".parse().unwrap())));
        assert_eq!(parse(combined), seen);
        let with_more = format!("{combined} TLSv1.3 TLS_AES_256_GCM_SHA384 r \"example.com\" \"0.001, 0.002\" 0.003 7");
        assert_eq!(parse(&with_more), seen);
        let main = format!("{combined} \"198.51.100.66\"");
        assert_eq!(parse(&main), seen);
        let json = "{\"time\":\"13:32:12\",\"agent\":\"sslscale-try/3\",\"client\":\"192.0.2.1\"}";
        assert_eq!(parse(json), Some((3, Some("192.0.2.1".parse().unwrap()))));
        let json = "{\"time\":\"2026-11-23T13:32:12+00:00\",\"upstream_addr\":\"127.0.0.1:80\",\
                   \"remote_addr\":\"2001:db8::100\",\"user_agent\":\"sslscale-try/12\"}";
        assert_eq!(parse(json), seen);
        assert_eq!(parse("- sslscale-try/7"), Some((7, None)));
        assert_eq!(parse("192.0.2.1 \"curl/8\""), None);
        assert!(is_ours(&agent(4)));
    }

    #[test]
    fn bytes_that_are_no_text_lose_no_line() {
        let log = b"\xff sslscale-try/1\nother\nsslscale-try/2\nsslscale-try/3 half";
        let (whole, lines) = whole_lines(log);
        assert_eq!(whole, log.len() - "sslscale-try/3 half".len());
        assert_eq!(lines, ["\u{fffd} sslscale-try/1", "sslscale-try/2"]);
    }
}
