//! The tree as one JSON document, for other tools: for each host its files with their contents, and what the manifest
//! says besides.

use serde::Serialize;
use serde::ser::{Error, SerializeMap, SerializeStruct, Serializer};

use super::manifest::{Line, Needed, ROOT, needs, octal};
use super::{Entry, Tree};

/// The version of the document.
const VERSION: u32 = 1;

/// A tree that is written as a document. It is never in memory as a whole: hosts share their files, and the document
/// repeats them.
pub struct Document<'t>(pub &'t Tree);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let needs: Vec<Needed> = needs(self.0, None);
        let mut document = to.serialize_struct("Document", 3)?;
        document.serialize_field("version", &VERSION)?;
        document.serialize_field("hosts", &Hosts(self.0))?;
        document.serialize_field("needs", &needs)?;
        document.end()
    }
}

struct Hosts<'t>(&'t Tree);

impl Serialize for Hosts<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut hosts = to.serialize_map(None)?;
        for (name, entries) in self.0.hosts() {
            hosts.serialize_entry(name, &Host { files: Files(entries) })?;
        }
        hosts.end()
    }
}

#[derive(Serialize)]
struct Host<'t> {
    files: Files<'t>,
}

struct Files<'t>(&'t [Entry]);

#[derive(Serialize)]
struct File<'t> {
    #[serde(flatten)]
    listed: Line<'t>,
    content: &'t str,
}

impl Serialize for Files<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut files = to.serialize_map(None)?;
        for Entry { path, content } in self.0 {
            // Templates render text.
            let text = std::str::from_utf8(&content.bytes).map_err(S::Error::custom)?;
            let listed = Line { sha256: &content.sha256, mode: &octal(content.mode), owner: ROOT, group: ROOT };
            files.serialize_entry(&**path, &File { listed, content: text })?;
        }
        files.end()
    }
}
