//! Help for values that other programs or other keys write differently: durations without a unit, locations and
//! fallbacks in the syntax of nginx. It proposes only what the key accepts.

use crate::diagnostic::Applicability;
use crate::inventory::model::Target;
use crate::inventory::types::{Duration, Flaw, LocationMatch, LocationPath, Scalar, ValueError, guard};

/// The keys that nginx reads, where a bare number counts seconds.
const NGINX: [&str; 6] = [
    "keepalive_time",
    "keepalive_timeout",
    "worker_shutdown_timeout",
    "upstream_connect_timeout",
    "upstream_read_timeout",
    "upstream_send_timeout",
];

/// The error for a duration that cannot be read, with the duration that is most likely meant.
pub fn duration(text: &str, key: &str, [least, most]: [Duration; 2], error: ValueError) -> ValueError {
    let whole = |found: &Duration| key != "max_age" || found.milliseconds().is_multiple_of(1_000);
    let fits = |found: &Duration| (least..=most).contains(found) && whole(found);
    let bounds = || format!("write a duration from {least} to {most}");
    if error.flaw != Flaw::NoUnit {
        let help = Duration::meant(text).filter(fits).map_or_else(bounds, |found| format!("write `{found}`"));
        return ValueError { help, ..error };
    }
    let number = text.trim_start_matches('0');
    let number = if number.is_empty() { "0" } else { number };
    let small = |limit: u64| number.parse().is_ok_and(|number: u64| (1..limit).contains(&number));
    let (units, reader, unit) = match key {
        // Ten years in days.
        "max_age" if small(3_651) => (["d", "s"], "browsers read", "seconds"),
        "max_age" => (["s", "d"], "browsers read", "seconds"),
        _ if NGINX.contains(&key) => (["s", "ms"], "nginx reads", "seconds"),
        _ => (["ms", "s"], "haproxy reads", "milliseconds"),
    };
    let meanings = units.map(|unit| format!("{number}{unit}"));
    let sound = |text: &&String| Duration::parse(text).is_ok_and(|found| fits(&found));
    let Some(meant) = meanings.iter().find(sound) else { return ValueError { help: bounds(), ..error } };
    let [usual, _] = &meanings;
    let why = if meant == usual { String::new() } else { format!(", and `{usual}` is out of range") };
    let error = ValueError { help: format!("write `{meant}`: {reader} a bare number as {unit}{why}"), ..error };
    // A large number could be in either unit.
    if small(1_000) { error.replaced_by(Applicability::Unsafe, meant.as_str()) } else { error }
}

/// Help for the path of a location that is written as nginx has it; `None` if it is not.
pub fn location(text: &str) -> Option<String> {
    const NONE: &str = "there are no regular expressions here";
    let fits = |path: &str| guard(path).is_ok() && LocationPath::parse(path).is_ok();
    if let Some(path) = text.strip_prefix('=').map(str::trim).filter(|path| fits(path)) {
        return Some(format!("write `path: {path}` and `match: exact`"));
    }
    if let Some(path) = text.strip_prefix("^~").map(str::trim).filter(|path| fits(path)) {
        return Some(format!("write `{path}`: {NONE}, and of several prefixes the longest is taken"));
    }
    if text.starts_with('@') {
        return Some(
            "write the path of requests, such as `/`; what serves requests without a file is a `fallback`".to_owned(),
        );
    }
    let expression = |c: char| "\\^$|(".contains(c) || c == '*' && !text.starts_with('/');
    if !text.starts_with('~') && !text.contains(expression) {
        let path = format!("/{text}");
        return Some(format!("write `{path}`")).filter(|_| !text.starts_with('/') && fits(&path));
    }
    if text.contains(".php") {
        return Some(format!(
            "write a prefix, such as `/`: {NONE}, and `fastcgi_pass` runs each `.php` script below it"
        ));
    }
    // What comes before the first character that has a meaning in an expression.
    let pattern = text.trim_start_matches(['~', '*', ' ', '^']);
    let end = pattern.find(|c: char| !(c.is_ascii_alphanumeric() || "/_-~".contains(c))).unwrap_or(pattern.len());
    let path = pattern[..end].rfind('/').map(|slash| &pattern[..=slash]).filter(|path| path.len() > 1 && fits(path));
    Some(format!("write a prefix, such as `{}`: {NONE}", path.unwrap_or("/static/")))
}

/// Help for a fallback that cannot be read, which depends on what the location at `path` does.
pub fn fallback(text: &str, target: &Target, (matching, path): (LocationMatch, &str)) -> String {
    let serves = matches!(target, Target::Root(_) | Target::Fastcgi(_));
    if !serves || matching == LocationMatch::Exact {
        return "remove the key".to_owned();
    }
    if let (Target::Root(_), Some(_)) = (target, text.strip_prefix('=')) {
        return "remove the key: requests without a file are answered with 404".to_owned();
    }
    let file = text.split(['?', '$']).next().unwrap_or_default().trim().trim_end_matches('/');
    let file = format!("/{}", file.trim_start_matches('/'));
    let sound = LocationPath::parse(&file).is_ok() && guard(&file).is_ok() && !file.contains('@');
    let fits = match target {
        Target::Fastcgi(_) => file.ends_with(".php") && file.starts_with(path) && !file.contains(".php/"),
        _ => file.rsplit('/').next().is_some_and(|name| name.contains('.') && !name.ends_with(".php")),
    };
    let usual = if matches!(target, Target::Fastcgi(_)) { "index.php" } else { "index.html" };
    match sound && fits {
        true => format!("write `{file}`"),
        false => format!("write a path such as `{}/{usual}`", path.trim_end_matches('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advised(text: &str, key: &str, range: [Duration; 2]) -> (String, Option<String>) {
        let error = Duration::parse(text).unwrap_err();
        let error = duration(text, key, range, error);
        (error.help, error.replacement.map(|(_, text)| text))
    }

    #[test]
    fn a_duration_without_a_unit_means_what_the_program_of_its_key_reads_or_else_what_fits() {
        let long = [Duration::seconds(1), Duration::LONGEST];
        let ten_years = [Duration::seconds(0), Duration::minutes(60 * 24 * 3650)];
        for (text, key, range, wanted, fixed) in [
            ("60", "client", long, "`60s`", true),
            ("60000", "client", long, "`60000ms`", false),
            ("65", "keepalive_timeout", long, "`65s`", true),
            ("3600", "keepalive_timeout", long, "`3600s`", false),
            ("500", "inter", [Duration::milliseconds_of(100), Duration::minutes(60)], "`500ms`", true),
            ("31536000", "max_age", ten_years, "`31536000s`", false),
            ("730", "max_age", ten_years, "`730d`", true),
            ("0", "max_age", ten_years, "`0s`", false),
            ("0", "client", long, "from 1s to 24d", false),
            ("0060", "client", long, "`60s`", true),
        ] {
            let (help, fix) = advised(text, key, range);
            assert!(help.contains(wanted) && fix.is_some() == fixed, "{key}: {text}: {help}: {fix:?}");
        }
        for (text, wanted) in [("1h30m", "90m"), ("60sec", "1m"), ("1.5h", "90m"), ("1w", "7d"), ("0.25s", "250ms")] {
            assert_eq!(Duration::meant(text).map(|found| found.to_string()).as_deref(), Some(wanted), "{text}");
        }
        for text in ["", "s", "1", "5x", "1.2.3s", "0.0001s", "99999999999999999999d", "-1s", "é"] {
            assert_eq!(Duration::meant(text), None, "{text}");
        }
    }
}
