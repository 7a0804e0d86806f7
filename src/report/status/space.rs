//! Room on a host that is running out.

use crate::deploy::Space;
use crate::report::room;

/// A sentence for each file system that has too little room.
pub fn problems(space: &[Space]) -> Vec<String> {
    let problem = |(space, paths): (&Space, Vec<&str>)| {
        let (what, shows) = room::words(space, &paths);
        format!("{what}\n\thelp: make room on the host: `{shows}` there shows what is full")
    };
    Space::little(space).into_iter().map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_full_is_named_once() {
        const BYTES: u64 = Space::BYTES;
        let space = |path: &str, bytes, files| Space { path: path.to_owned(), bytes, files };
        assert_eq!(problems(&[space("/etc", BYTES, Some(Space::FILES)), space("/run", BYTES, None)]), [""; 0]);
        let full = [space("/etc", 4096, Some(5)), space("/var/lib", 4096, Some(5)), space("/run", BYTES, Some(7))];
        let starts = problems(&full).iter().map(|it| it.split(", and").next().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(starts, ["4 kB are left at `/etc`, `/var/lib`", "7 more files can be created at `/run`"]);
    }
}
