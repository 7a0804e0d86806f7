//! The scripts that a try-out has below the document roots, and what PHP-FPM would answer for a path:
//! the stand-in app looks on the disk, and the expected status is worked out here from the inventory.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use super::probes::{self, script_paths};
use crate::inventory::Inventory;
use crate::inventory::model::Target;
use crate::inventory::routing::{as_nginx_reads, location_of};
use crate::inventory::types::CheckType;

/// The longest name and the longest path that Linux takes, with room for a terminating zero.
const NAME: usize = 255;
const PATH: usize = 4_000;

/// The scripts of all sites. Every app server has all of them.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    files: BTreeSet<String>,
    directories: BTreeSet<String>,
    /// Files that are not scripts.
    pages: BTreeSet<String>,
}

impl Scripts {
    /// The scripts that requests for the sites' FastCGI locations lead to. `made` are other files that are made.
    pub(super) fn of(inventory: &Inventory, made: &BTreeSet<String>) -> Self {
        Self::new(&wanted(inventory), inventory.sites.iter().flat_map(probes::roots), made)
    }

    fn new(wanted: &BTreeSet<String>, directories: impl Iterator<Item = String>, made: &BTreeSet<String>) -> Self {
        let directories: BTreeSet<String> = directories.map(|path| path.trim_end_matches('/').to_owned()).collect();
        let pages = directories.iter().map(|path| format!("{path}/index.html"));
        // Where a file is made below, there is a directory instead.
        let is_directory = |path: &String| {
            let below = format!("{path}/");
            made.range(below.clone()..).next().is_some_and(|path| path.starts_with(&below))
        };
        let pages: BTreeSet<String> = pages.filter(|path| !is_directory(path)).collect();
        let is_below = |path: &String| parents(path).any(|parent| wanted.contains(parent) || pages.contains(parent));
        let is_directory = |path: &String| contains(&directories, path);
        // PHP-FPM runs `/x.php` for `/x.php/y.php` too.
        let files = wanted.iter().filter(|path| can_be_made(path) && !is_below(path) && !is_directory(path));
        let files = files.cloned().collect();
        Self { files, directories, pages }
    }

    /// The files to make.
    pub(super) fn files(&self) -> impl Iterator<Item = &String> {
        self.files.iter()
    }

    /// What PHP-FPM answers if this is the path of the script.
    pub(super) fn status(&self, path: &str) -> u16 {
        if self.files.contains(path) || parents(path).any(|parent| self.files.contains(parent)) {
            return 200;
        }
        // PHP-FPM runs a file by its name.
        if self.pages.contains(path) || parents(path).any(|parent| self.pages.contains(parent)) {
            return 403;
        }
        if contains(&self.files, path) || contains(&self.directories, path) { 403 } else { 404 }
    }
}

/// What PHP-FPM answers for this path, going by what is on the disk. It runs the file that the path is or
/// goes through, unless its `security.limit_extensions` excludes it.
pub(super) fn status(path: &Path) -> u16 {
    match path.ancestors().find(|it| it.exists()) {
        Some(found) if found.is_file() => {
            if found.extension().is_some_and(|it| it == "php") {
                200
            } else {
                403
            }
        }
        Some(found) if found == path => 403,
        _ => 404,
    }
}

/// The paths of all scripts that are asked for, whether they can be made or not.
pub(super) fn wanted(inventory: &Inventory) -> BTreeSet<String> {
    let paths = inventory.sites.iter().flat_map(script_paths).chain(checked(inventory));
    paths.filter(|path| path.ends_with(".php")).collect()
}

/// The scripts that health checks over HTTP ask for, on every site of a pool.
fn checked(inventory: &Inventory) -> impl Iterator<Item = String> + '_ {
    let checks = inventory.load_balancers.iter().map(|balancer| &balancer.haproxy.check);
    let checks: Vec<_> = checks.filter(|check| check.kind == CheckType::Http).collect();
    inventory.sites.iter().flat_map(move |site| {
        let paths = checks.iter().filter_map(|check| {
            let asked = inventory.pools[site.pool].check.or(&check.http);
            let path = as_nginx_reads(asked.path().path())?;
            let location = location_of(site, &path)?;
            let root = site.root.as_ref().filter(|_| matches!(site.locations[location].target, Target::Fastcgi(_)))?;
            // What follows the script is told to it as `PATH_INFO`.
            let end = path.find(".php/").map_or(path.len(), |at| at + ".php".len());
            Some(format!("{root}{}", &path[..end]))
        });
        paths.collect::<Vec<_>>()
    })
}

fn can_be_made(path: &str) -> bool {
    let fits = |it: Component<'_>| it.as_os_str().len() <= NAME && !matches!(it, Component::ParentDir);
    path.len() <= PATH && Path::new(path).components().all(fits)
}

/// The paths that lead to a path, without itself.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// Whether one of the paths is this directory or below it.
fn contains(paths: &BTreeSet<String>, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    let below = format!("{directory}/");
    paths.contains(directory) || paths.range(below.clone()..).next().is_some_and(|path| path.starts_with(&below))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is foretold is what the stand-in finds.
    #[test]
    fn paths_are_answered_as_by_php_fpm() {
        let wanted = [
            "index.php",
            "api/a-path/x.php",
            "one.php",
            "one.php/a-path/x.php",
            "pages/dir.php",
            "pages/dir.php/index.html/x.php",
            "front/index.html/x/index.php",
        ];
        let wanted = wanted.map(|path| format!("/srv/a/{path}")).into_iter().collect();
        let directories = ["/srv/a/pages/dir.php/".to_owned(), "/srv/a/front/".to_owned()];
        let fallback = "/srv/a/front/index.html/x/index.php";
        let made = BTreeSet::from([fallback.to_owned()]);
        let scripts = Scripts::new(&wanted, directories.into_iter(), &made);
        let root = tempfile::tempdir().unwrap();
        let below = |path: &str| root.path().join(path.trim_start_matches('/'));
        for path in scripts.files() {
            std::fs::create_dir_all(below(path).parent().unwrap()).unwrap();
            std::fs::write(below(path), "").unwrap();
        }
        std::fs::create_dir_all(below("/srv/a/pages/dir.php")).unwrap();
        std::fs::write(below("/srv/a/pages/dir.php/index.html"), "").unwrap();
        let cases = [
            ("/srv/a/index.php", 200),
            (fallback, 200),
            ("/srv/a/public/index.php", 404),
            ("/srv/a/api/a-path/x.php", 200),
            ("/srv/a/api", 403),
            ("/srv/a/ap", 404),
            ("/srv/a/one.php", 200),
            ("/srv/a/one.php/a-path/x.php", 200),
            ("/srv/a/pages/dir.php", 403),
            ("/srv/a/pages/dir.php/index.html", 403),
            ("/srv/a/pages/dir.php/index.html/x.php", 403),
            ("/srv/b/index.php", 404),
        ];
        for (path, wanted) in cases {
            assert_eq!((scripts.status(path), status(&below(path))), (wanted, wanted), "{path}");
        }
    }
}
