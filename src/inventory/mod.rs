//! The fleet as its owner wrote it: `node` reads YAML, `raw` names every key, `types` holds
//! what a value may be, `document` says where things stand, `paths` in which words, `certificate`
//! looks into the files it names, `openssl` knows its names, `validate` turns one into the other, `model` is the result.

pub mod certificate;
pub mod document;
pub mod model;
pub mod networks;
pub mod node;
pub mod openssl;
pub mod paths;
pub mod raw;
pub mod reference;
pub mod schema;
mod syntax;
pub mod types;
mod validate;

pub use document::Document;
pub use model::Inventory;
pub use validate::{Checked, check};
