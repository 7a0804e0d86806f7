//! Process ids of a run as this machine sees them, for those who want to enter a host. They are read
//! from /proc: a process in another process namespace has its inner id at the end of `NSpid`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::file;

/// Outer ids by inner ids, of all processes in the namespace of `unshare`'s child.
pub(super) fn outside(unshare: u32) -> BTreeMap<u32, i32> {
    let Ok(namespace) = fs::read_link(format!("/proc/{unshare}/ns/pid_for_children")) else {
        return BTreeMap::new();
    };
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|outer| {
            let folder = Path::new("/proc").join(outer.to_string());
            let same = fs::read_link(folder.join("ns/pid")).is_ok_and(|it| it == namespace);
            let status = same.then(|| file::read(&folder.join("status"), file::TEXT).ok())??;
            Some((inner(std::str::from_utf8(&status).ok()?)?, outer))
        })
        .collect()
}

fn inner(status: &str) -> Option<u32> {
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    ids.split_whitespace().next_back()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_id_is_the_inner_one() {
        assert_eq!(inner("Name:\tnginx\nNSpid:\t4711\t12\nVmPeak: 1\n"), Some(12));
        assert_eq!(inner("Name:\tnginx\n"), None);
    }
}
