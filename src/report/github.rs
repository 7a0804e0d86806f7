//! Findings as workflow commands of GitHub Actions, which the runner turns into annotations on
//! the lines. The runner obeys any line that starts with `::`: one finding is one line, whatever
//! stands in the inventory.

use std::io::{self, Write};

use super::reported::{Finding, Reported};
use crate::diagnostic::Severity;

/// Writes one line for each finding.
pub fn write(all: &[Reported<'_>], mut out: impl Write) -> io::Result<()> {
    all.iter()
        .flat_map(|one| one.findings.iter().map(move |finding| (one, finding)))
        .try_for_each(|(one, finding)| writeln!(out, "{}", line(one, finding)))
}

fn line(one: &Reported<'_>, finding: &Finding<'_>) -> String {
    let diagnostic = finding.diagnostic;
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let (source, span) = diagnostic.place(one.source);
    let (start, end) = (source.position(span.start), source.position(span.end));
    let mut properties = vec![
        ("file", finding.file(one).into_owned()),
        ("line", start.line.to_string()),
        ("endLine", end.line.max(start.line).to_string()),
    ];
    // Columns count only within one line.
    if start.line == end.line && !one.unread() {
        properties.push(("col", start.column.to_string()));
        properties.push(("endColumn", end.column.to_string()));
    }
    properties.push(("title", format!("{} {}", diagnostic.code.id, diagnostic.code.slug)));
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{command} {}::{}", properties.join(","), data(&finding.text()))
}

/// What the runner would take for the end of the line, and the sign that says so.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same, and what the runner would take for the end of a value. Logs are read on terminals, too: control
/// characters are shown.
fn property(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in data(text).chars() {
        match c {
            ':' => out.push_str("%3A"),
            ',' => out.push_str("%2C"),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_value_or_the_line() {
        assert_eq!(property("a:b,c%\r\n::x"), "a%3Ab%2Cc%25%0D%0A%3A%3Ax");
        assert_eq!(data("50%: a,\nb"), "50%25: a,%0Ab");
    }
}
