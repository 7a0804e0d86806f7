//! The few paths in rendered files that a run must know: logs, sockets, directories to make.
//! This is a tokenizer and not a parser; the real program reports a path that it misses.

use std::path::{Path, PathBuf};

/// The first argument of every `directive` in an nginx file, where it is an absolute path.
pub fn nginx(text: &str, directive: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        // Several directives may share a line: `server { access_log /a; }`.
        for statement in line.split([';', '{', '}']) {
            let mut words = statement.split_whitespace();
            if words.next() == Some(directive)
                && let Some(path) = words.next().map(|word| word.trim_matches(['"', '\'']))
                && path.starts_with('/')
            {
                found.push(PathBuf::from(path));
            }
        }
    }
    found
}

/// The argument after `words` in a haproxy file, wherever it is an absolute path.
pub fn haproxy(text: &str, words: &[&str]) -> Vec<PathBuf> {
    text.lines()
        .filter_map(|line| {
            let mut rest = line.split_whitespace();
            words.iter().all(|word| rest.next() == Some(word)).then(|| rest.next())?
        })
        .map(|path| path.strip_prefix("unix@").unwrap_or(path))
        .filter(|path| path.starts_with('/'))
        .map(PathBuf::from)
        .collect()
}

/// Directories that nginx or haproxy expect to find, given a file of one of them.
pub fn directories(path: &Path, text: &str) -> Vec<PathBuf> {
    let parent = |path: PathBuf| path.parent().map(Path::to_path_buf);
    if path.starts_with("/etc/haproxy") {
        let files = [&["stats", "socket"][..], &["pidfile"], &["server-state-file"]];
        let mut found: Vec<PathBuf> = files.iter().flat_map(|words| haproxy(text, words)).filter_map(parent).collect();
        found.extend(haproxy(text, &["chroot"]));
        found.extend(haproxy(text, &["server-state-base"]));
        return found;
    }
    ["access_log", "error_log", "pid"].iter().flat_map(|directive| nginx(text, directive)).filter_map(parent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_logs_and_sockets() {
        let conf = "http {\n  access_log /var/log/nginx/access.log; # access_log /no;\n\
                    server { access_log \"/srv/log/a.log\" combined; }\n access_log off;\n";
        assert_eq!(
            nginx(conf, "access_log"),
            [PathBuf::from("/var/log/nginx/access.log"), PathBuf::from("/srv/log/a.log")]
        );
        let cfg = "global\n  stats socket /run/haproxy/admin.sock mode 600 level admin\n\
                   stats socket ipv4@127.0.0.1:9999\n chroot /var/lib/haproxy\n";
        assert_eq!(haproxy(cfg, &["stats", "socket"]), [PathBuf::from("/run/haproxy/admin.sock")]);
        assert_eq!(
            directories(Path::new("/etc/haproxy/haproxy.cfg"), cfg),
            [PathBuf::from("/run/haproxy"), PathBuf::from("/var/lib/haproxy")]
        );
    }
}
