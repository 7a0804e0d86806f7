//! Which paths are requested of a location: its own and paths below it, with names that no other location
//! takes. Pure.

use crate::inventory::model::{Location, Site, Target};
use crate::inventory::routing::location_of;
use crate::inventory::types::LocationMatch;

/// What is requested below a location: a plain segment, one that has to be encoded, and a query.
const BELOW: &str = "-path/x";
const ENCODED: &str = "%20path/%C3%A9";
pub(super) const QUERY: &str = "a=%2F%20b&c";

/// [`ENCODED`] as an app or a file system has it.
const DECODED: &str = " path/é";

/// The name of a directory that does not exist.
const MISSING: &str = "no-file";

/// What names start with, in this order.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A path to request, encoded and decoded, and its query.
pub(super) struct Asked {
    pub(super) raw: String,
    pub(super) decoded: String,
    pub(super) query: &'static str,
}

impl Asked {
    fn new(path: &str) -> Self {
        Self { raw: path.to_owned(), decoded: path.to_owned(), query: "" }
    }

    /// As in the first line of an HTTP/1.1 request.
    pub(super) fn uri(&self) -> String {
        with_query(&self.raw, self.query)
    }
}

pub(super) fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A location's path as the path of a directory.
pub(super) fn directory(path: &str) -> String {
    if path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}

/// A location of a site by its index, or what its locations leave over.
#[derive(Clone, Copy)]
pub(super) struct Place<'f> {
    site: &'f Site,
    index: Option<usize>,
}

impl<'f> Place<'f> {
    pub(super) fn new(site: &'f Site, index: Option<usize>) -> Self {
        Self { site, index }
    }

    fn location(&self) -> Option<&'f Location> {
        self.index.map(|index| &self.site.locations[index])
    }

    fn path(&self) -> &'f str {
        self.location().map_or("/", |location| location.path.as_str())
    }

    fn is_exact(&self) -> bool {
        self.location().is_some_and(|location| location.matching == LocationMatch::Exact)
    }

    /// Whether this is the location that nginx chooses for a path.
    fn takes(&self, path: &str) -> bool {
        location_of(self.site, path) == self.index
    }

    /// Whether it takes everything that starts with this.
    fn owns(&self, start: &str) -> bool {
        let other = |it: &Location| it.path.as_str().starts_with(start);
        self.takes(start) && !self.site.locations.iter().any(other)
    }

    /// The first of these names that no other location takes, below the path, or at its end.
    fn free(&self, names: impl Iterator<Item = String> + Clone) -> Option<String> {
        let path = self.path();
        let below = [directory(path), path.to_owned()];
        let mut starts = below.iter().flat_map(|start| names.clone().map(move |name| format!("{start}{name}")));
        starts.find(|start| !self.is_exact() && self.owns(start))
    }

    /// The start of the names of what exists.
    fn named(&self) -> Option<String> {
        self.free(LETTERS.chars().map(String::from))
    }

    /// A directory that does not exist.
    pub(super) fn missing(&self) -> Option<String> {
        let others = LETTERS.chars().map(|letter| format!("{letter}-{MISSING}"));
        self.free(std::iter::once(MISSING.to_owned()).chain(others))
    }

    /// The directory that the path names, if nginx looks for its index here.
    fn own_directory(&self) -> Option<String> {
        let path = directory(self.path());
        let fits = !self.is_exact() || self.path().ends_with('/');
        (fits && self.takes(&path)).then_some(path)
    }

    /// Directories to request: that of the path, and two below it, one of which has to be encoded.
    pub(super) fn directories(&self) -> Vec<Asked> {
        let asked = |raw: String, decoded: String, query| Asked { raw, decoded, query };
        let own = self.own_directory().map(|path| Asked::new(&path));
        let below = self.named().map(|start| {
            let plain = format!("{start}{BELOW}/");
            [asked(plain.clone(), plain, QUERY), asked(format!("{start}{ENCODED}/"), format!("{start}{DECODED}/"), "")]
        });
        own.into_iter().chain(below.into_iter().flatten()).collect()
    }

    /// The path and paths below it, as far as this location takes them.
    pub(super) fn paths(&self) -> Vec<Asked> {
        let Some(location) = self.location() else {
            return self.named().map(|start| Asked::new(&format!("{start}{BELOW}"))).into_iter().collect();
        };
        let is_script = matches!(location.target, Target::Fastcgi(_));
        if let (true, Some(script)) = (is_script, &location.fallback) {
            return self.to_script(script.as_str());
        }
        let end = if is_script { ".php" } else { "" };
        let bare = Some(Asked::new(self.path())).filter(|asked| self.takes(&asked.raw));
        let below = self.named().map(|start| {
            let asked = |raw: &str, decoded: &str, query| Asked {
                raw: format!("{start}{raw}{end}"),
                decoded: format!("{start}{decoded}{end}"),
                query,
            };
            [asked(BELOW, BELOW, ""), asked(ENCODED, DECODED, ""), asked(BELOW, BELOW, QUERY)]
        });
        bare.into_iter().chain(below.into_iter().flatten()).collect()
    }

    /// Paths for which there are no files, so that the fallback script gets them.
    fn to_script(self, script: &str) -> Vec<Asked> {
        // nginx runs the index of a directory, which may be another script or a page.
        let own = self.own_directory().filter(|directory| format!("{directory}index.php") == script);
        let below = self.missing().map(|missing| {
            let asked = |raw: &str, decoded: &str, query| Asked {
                raw: format!("{missing}/{raw}"),
                decoded: format!("{missing}/{decoded}"),
                query,
            };
            let (encoded, decoded) = (format!("a{ENCODED}"), format!("a{DECODED}"));
            let style = "style.css";
            [asked("x", "x", ""), asked(&encoded, &decoded, ""), asked("x", "x", QUERY), asked(style, style, "")]
        });
        own.map(|path| Asked::new(&path)).into_iter().chain(below.into_iter().flatten()).collect()
    }
}
