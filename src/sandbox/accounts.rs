//! The private /etc/passwd and /etc/group of a host.
//! Rendered files name users such as `haproxy` that this machine may not have; and in an unprivileged
//! run only one user exists at all. Mapping names here keeps the files themselves unchanged.

/// Users that haproxy's and nginx's stock files name.
const NAMES: [&str; 3] = ["haproxy", "www-data", "nginx"];
/// The id of Debian's `nobody`, to which no file belongs.
const NOBODY: &str = "65534";

/// Whether ids up to that of `nobody` exist, according to the text of /proc/self/uid_map. In a
/// container, root is often the only user, and cannot change to another.
pub(super) fn mapped(uid_map: &str) -> bool {
    let ranges = uid_map.lines().map(|line| line.split_whitespace().map(str::parse::<u64>));
    let last = NOBODY.parse::<u64>().unwrap_or_default();
    ranges.into_iter().any(|mut range| match (range.next(), range.nth(1)) {
        (Some(Ok(first)), Some(Ok(count))) => (first..first + count).contains(&last),
        _ => false,
    })
}

/// /etc/passwd, made from this machine's.
pub(super) fn passwd(stock: &str, unprivileged: bool) -> String {
    rewrite(stock, unprivileged, 2..4, |name, id| format!("{name}:x:{id}:{id}::/:/bin/false"))
}

/// /etc/group, made from this machine's.
pub(super) fn group(stock: &str, unprivileged: bool) -> String {
    rewrite(stock, unprivileged, 2..3, |name, id| format!("{name}:x:{id}:"))
}

fn rewrite(
    stock: &str,
    unprivileged: bool,
    ids: std::ops::Range<usize>,
    entry: impl Fn(&str, &str) -> String,
) -> String {
    let mut lines: Vec<String> = stock
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(':').collect();
            if unprivileged && let Some(ids) = fields.get_mut(ids.clone()) {
                ids.fill("0");
            }
            fields.join(":")
        })
        .collect();
    for name in NAMES {
        let known = lines.iter().any(|line| line.split(':').next() == Some(name));
        if !known {
            lines.push(entry(name, if unprivileged { "0" } else { NOBODY }));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/bin/false\n";

    #[test]
    fn a_root_that_is_alone_is_known() {
        assert!(mapped("         0          0 4294967295\n"));
        assert!(mapped("0 100000 65536\n"));
        assert!(!mapped("         0       1000          1\n"));
        assert!(!mapped(""));
    }

    #[test]
    fn an_unprivileged_run_knows_one_user() {
        assert_eq!(
            passwd(PASSWD, true),
            "root:x:0:0:root:/root:/bin/bash\nwww-data:x:0:0::/var/www:/bin/false\n\
             haproxy:x:0:0::/:/bin/false\nnginx:x:0:0::/:/bin/false\n"
        );
        assert_eq!(group("www-data:x:33:\n", true), "www-data:x:0:\nhaproxy:x:0:\nnginx:x:0:\n");
    }

    #[test]
    fn root_keeps_the_users_of_the_machine() {
        let passwd = passwd(PASSWD, false);
        assert!(passwd.starts_with(PASSWD));
        assert!(passwd.contains("nginx:x:65534:65534:"));
    }
}
