//! Room on a host that is running out.

use crate::deploy::Space;

/// A release has a few megabytes at most, and a reload writes logs and states.
const BYTES: u64 = 16 << 20;
const FILES: u64 = 1000;

/// A sentence for each file system that has too little room. Paths of one file system have the same numbers.
pub fn problems(space: &[Space]) -> Vec<String> {
    let mut full: Vec<(&Space, Vec<&str>)> = Vec::new();
    for it in space.iter().filter(|it| it.bytes < BYTES || it.files.is_some_and(|files| files < FILES)) {
        match full.iter_mut().find(|(first, _)| (first.bytes, first.files) == (it.bytes, it.files)) {
            Some((_, paths)) => paths.push(&it.path),
            None => full.push((it, vec![&it.path])),
        }
    }
    let problem = |(space, paths): &(&Space, Vec<&str>)| {
        let paths = paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let (left, shows) = if space.bytes < BYTES {
            (format!("{} kB are left", space.bytes >> 10), "df -h")
        } else {
            (format!("{} more files can be created", space.files.unwrap_or_default()), "df -i")
        };
        format!(
            "{left} at {paths}: a deploy needs more\n\thelp: make room on the host: `{shows}` there shows what is full"
        )
    };
    full.iter().map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_full_is_named_once() {
        let space = |path: &str, bytes, files| Space { path: path.to_owned(), bytes, files };
        assert_eq!(problems(&[space("/etc", BYTES, Some(FILES)), space("/run", BYTES, None)]), [""; 0]);
        let full = [space("/etc", 4096, Some(5)), space("/var/lib", 4096, Some(5)), space("/run", BYTES, Some(7))];
        let starts = problems(&full).iter().map(|it| it.split(':').next().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(starts, ["4 kB are left at `/etc`, `/var/lib`", "7 more files can be created at `/run`"]);
    }
}
