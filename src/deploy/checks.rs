//! What haproxy's configuration says of health checks.

use std::collections::BTreeSet;

use crate::config::haproxy::{File, Line, Section};

/// What a configuration says of checks of app servers, by backend.
pub fn checks(config: &[u8]) -> BTreeSet<(String, String)> {
    let text = String::from_utf8_lossy(config);
    let file = File::read(&text);
    let about = |(section, line): (Option<&Section<'_>>, &Line<'_>)| {
        let words: Vec<&str> = line.arguments().iter().map(|word| &*word.value).collect();
        let is = match (line.keyword(), words.first()) {
            ("http-check" | "default-server", _) => true,
            ("option", Some(first)) => first.contains("chk") || first.contains("check"),
            ("timeout", Some(first)) => *first == "check",
            _ => false,
        };
        let section = section.and_then(|it| it.name()).unwrap_or_default().to_owned();
        is.then(|| (section, format!("{} {}", line.keyword(), words.join(" "))))
    };
    file.lines_for_app_servers().filter_map(about).collect()
}

#[cfg(test)]
mod tests {
    use super::checks;

    #[test]
    fn what_is_about_checks_is_told_from_the_rest() {
        let config = "defaults\n    timeout check 3s\n    timeout client 1m\nbackend a\n    option httpchk\n    \
                      http-check expect status 200\n    option redispatch\n    default-server check inter 2s\n    \
                      server s 10.0.0.11:443 send-proxy\n";
        let told = checks(config.as_bytes());
        let lines: Vec<&str> = told.iter().map(|(_, line)| line.as_str()).collect();
        let wanted =
            ["timeout check 3s", "default-server check inter 2s", "http-check expect status 200", "option httpchk"];
        assert_eq!(lines, wanted);
        assert_ne!(told, checks(config.replace("200", "204").as_bytes()));
        let others = "backend ssh\n    description servers that are not app servers\n    default-server check\n";
        assert_eq!(told, checks(format!("{config}{others}").as_bytes()));
        assert_eq!(told, checks(config.replace("1m", "2m").replace(".11:", ".12:").as_bytes()));
    }
}
